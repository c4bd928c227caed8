"""docs/compatibility.md says what is so: what is there is, and what is not is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import kuscia_nb as kn
from kuscia_nb.bfia.handlers import ROUTES
from kuscia_nb.control.kubectl.commands import COMMANDS, ELSEWHERE
from kuscia_nb.control.kubectl.printers import FORMATS
from kuscia_nb.control.resources import JobSpec, JobTask
from kuscia_nb.errors import KusciaError

PAGE = (Path(__file__).parent.parent / "docs" / "compatibility.md").read_text("utf-8")
SECONDS = 120


def changed(old: str, new: str) -> str:
    manifest = kn.tutorial_manifest()
    assert old in manifest
    return manifest.replace(old, new)


REFUSED: dict[str, Callable[[kn.Cluster], Any]] = {
    "use_ttp": lambda cluster: cluster.apply(changed('"use_ttp":true', '"use_ttp":false')).wait(SECONDS),
    "l1_norm": lambda cluster: cluster.apply(changed('"l1_norm":0', '"l1_norm":1')),
    "field": lambda cluster: cluster.apply(changed('"field":64', '"field":128')),
    "one party": lambda cluster: cluster.apply(
        changed("    - domainID: bob\n      role: guest\n", "").replace(',"guest":["bob"]', "")
    ),
    "resources": lambda cluster: cluster.apply(
        changed("      role: host\n", "      role: host\n      resources: {}\n")
    ),
    "--field-selector": lambda cluster: cluster.kubectl("get kj -A --field-selector metadata.name=x"),
    "--dry-run": lambda cluster: cluster.kubectl("apply -f - --dry-run=client", stdin=kn.tutorial_manifest()),
    "--server-side": lambda cluster: cluster.kubectl("apply -f - --server-side", stdin=kn.tutorial_manifest()),
    "--prune": lambda cluster: cluster.kubectl("apply -f - --prune", stdin=kn.tutorial_manifest()),
    "--force": lambda cluster: cluster.kubectl("delete kj --all --force -n cross-domain"),
    "go-template": lambda cluster: cluster.kubectl("get kj -A -o go-template={{.kind}}"),
    "jsonpath-file": lambda cluster: cluster.kubectl("get kj -A -o jsonpath-file=x"),
    "custom-columns-file": lambda cluster: cluster.kubectl("get kj -A -o custom-columns-file=x"),
    "patch json": lambda cluster: cluster.kubectl("patch appimage ss-lr --type json -p []"),
    "patch strategic": lambda cluster: cluster.kubectl("patch appimage ss-lr --type strategic -p {}"),
    "l0_norm": lambda cluster: cluster.apply(changed('"l0_norm":0', '"l0_norm":1')),
    "bandwidthLimits": lambda cluster: cluster.apply(
        changed("      role: host\n", "      role: host\n      bandwidthLimits: []\n")
    ),
    "edit": lambda cluster: cluster.kubectl("edit kj x"),
    "pods": lambda cluster: cluster.kubectl("get pods"),
    "TaskResourceGroup": lambda cluster: cluster.kubectl("get trg"),
    "pipe": lambda cluster: cluster.kubectl("get kj -A | wc"),
}
"""What compatibility.md says to be refused."""


def row(beginning: str) -> list[str]:
    """What a row of the page has as code in its first cell; the row begins so."""
    (line,) = (line for line in PAGE.splitlines() if line.startswith(f"| {beginning}"))
    return re.findall("`([^`]+)`", line.split("|")[1])


def test_the_commands_of_kubectl_are_all_named() -> None:
    assert sorted(row("`get`, `describe`")) == sorted(COMMANDS)
    assert set(row("`edit`, `replace`")) <= set(ELSEWHERE)


def test_the_formats_of_kubectl_are_all_named() -> None:
    assert sorted(row("`-o yaml`, `json`")) == sorted(f"-o {name}" if name == "yaml" else name for name in FORMATS)


def test_the_fields_of_a_job_that_are_named_are_there() -> None:
    every = {field.alias or name for model in (JobSpec, JobTask) for name, field in model.model_fields.items()}
    assert {*row("`scheduleMode`, `maxParallelism`"), *row("`scheduleConfig`")} <= every


@pytest.mark.parametrize("beginning", ["control: `job/create`", "control: `task/stop`", "control: `create_all`"])
def test_calls_of_bfia_that_are_there_are(beginning: str) -> None:
    for name in row(beginning):
        assert any(name.removesuffix("/...") in path for _, path in ROUTES), name


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kn.Cluster]:
    with kn.connect(storage=tmp_path_factory.mktemp("storage")) as cluster:
        yield cluster


@pytest.mark.parametrize("what", REFUSED)
def test_compatibility_is_honest_about_what_is_refused(cluster: kn.Cluster, what: str) -> None:
    with pytest.raises(KusciaError, match=r"try: |allowed: "):
        REFUSED[what](cluster)


PATHS = {
    ("POST", "/v1/interconn/schedule/job/audit_confirm"),
    ("POST", "/v1/platform/algorithm/task/query"),
    *(("POST", f"/v1/interconn/chan/{name}") for name in ("push", "pop", "peek", "release", "invoke", "transport")),
    *(
        ("POST", f"/v1/interconn/{name}")
        for name in ("node/contract/apply", "project/audit/apply", "model/audit/apply")
    ),
}
"""Paths of BFIA that compatibility.md says not to be there."""


def test_compatibility_is_honest_about_paths() -> None:
    assert PATHS.isdisjoint(ROUTES)
    management = {
        path for _, path in ROUTES if not path.startswith(("/v1/interconn/schedule", "/v1/platform/schedule"))
    }
    assert management == {"/v1/interconn/node/health", "/v1/interconn/node/query"}
