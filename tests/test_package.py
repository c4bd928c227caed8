"""What the package says of itself: metadata, a README that works on a package index, workflows, and who may do what."""

from __future__ import annotations

import importlib.util
import re
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from quick import LONG
from ruamel.yaml import YAML

import kuscia_nb

PROJECT = Path(__file__).parent.parent
METADATA = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
WORKFLOWS = sorted((PROJECT / ".github" / "workflows").glob("*.yml"))


def read(path: Path) -> Any:
    return YAML(typ="safe", pure=True).load(path)


@pytest.fixture
def build(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """hatch_build.py; hatchling itself is there while a package is built only."""
    for name, hook in (("builders.hooks", "BuildHookInterface"), ("metadata", "MetadataHookInterface")):
        plugin = ModuleType(f"hatchling.{name}.plugin.interface")
        setattr(plugin, hook, type(hook, (), {}))
        monkeypatch.setitem(sys.modules, plugin.__name__, plugin)
    spec = importlib.util.spec_from_file_location("hatch_build", PROJECT / "hatch_build.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_one_version_everywhere() -> None:
    changelog = re.findall(r"^## \[?([^\]\s]+)", (PROJECT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert METADATA["version"] == kuscia_nb.__version__ == str(read(PROJECT / "CITATION.cff")["version"])
    assert changelog[0] in ("Unreleased", METADATA["version"])


def test_all_has_every_other_extra() -> None:
    extras = METADATA["optional-dependencies"]
    assert extras["all"] == [f"kuscia_nb[{','.join(name for name in extras if name != 'all')}]"]


def test_links_of_the_readme_work_on_a_package_index(build: ModuleType) -> None:
    text = build.with_absolute_links(
        (PROJECT / "README.md").read_text("utf-8"), METADATA["urls"]["Source"], f"v{METADATA['version']}"
    )
    links = re.findall(r"(!?)\[[^\]]*\]\(([^)\s]+)\)", re.sub(r"(?ms)^```.*?^```", "", text))
    assert len(links) > 20
    for picture, link in links:
        assert link.startswith("https://")
        own = re.fullmatch(rf"{METADATA['urls']['Source']}/(raw|blob)/v{METADATA['version']}/([^#]+)(#.*)?", link)
        if own:
            assert own[1] == ("raw" if picture else "blob")
            assert (PROJECT / own[2]).exists(), link


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_and_may_do_little(path: Path) -> None:
    used = re.findall(r"uses: (.*)", path.read_text("utf-8"))
    assert used
    assert [use for use in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)] == []
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in workflow["jobs"].items():
        assert job["timeout-minutes"] <= 90
        more = {"deploy": {"pages": "write", "id-token": "write"}, "publish": {"id-token": "write"}}
        assert job.get("permissions") == more.get(name), name
        checkouts = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
        assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_one_action_has_one_version() -> None:
    used = {use for path in WORKFLOWS for use in re.findall(r"uses: (.*)", path.read_text("utf-8"))}
    assert len({use.partition("@")[0] for use in used}) == len(used)


def test_workflows_run_what_there_is() -> None:
    targets = set(re.findall(r"^([\w-]+):", (PROJECT / "Makefile").read_text("utf-8"), re.MULTILINE))
    runs = [
        step["run"]
        for path in WORKFLOWS
        for job in read(path)["jobs"].values()
        for step in job["steps"]
        if "run" in step
    ]
    for run in runs:
        for target in re.findall(r"\bmake ([\w-]+)", run):
            assert target in targets
        if run.startswith(".ci/"):
            assert (PROJECT / run).exists()


def test_python_versions_are_those_that_are_tested() -> None:
    known = [name.rpartition(" ")[2] for name in METADATA["classifiers"] if re.search(r":: 3\.\d+$", name)]
    tested = read(PROJECT / ".github" / "workflows" / "tests.yml")["jobs"]["quick"]["strategy"]["matrix"]["python"]
    assert known == tested
    assert METADATA["requires-python"] == f">={known[0]}"


def test_what_contributing_names_is_there() -> None:
    text = (PROJECT / "CONTRIBUTING.md").read_text("utf-8")
    named = re.findall(r"`((?:kuscia_nb|tests|docs|labextension|notebooks)/[^`]*|[\w.]+\.(?:toml|cff))`", text)
    assert len(named) > 40
    assert [name for name in named if not (PROJECT / name).exists()] == []
    targets = set(re.findall(r"^([\w-]+):", (PROJECT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"\bmake ([\w-]+)", text)) <= targets


def test_what_quick_leaves_out_is_there() -> None:
    names = " ".join(LONG.values()).split()
    assert sorted(set(names)) == sorted(names)
    there = {path.stem for path in (PROJECT / "tests").iterdir()}
    assert set(names) <= there
    assert {"test_semi2k", "test_edge_cases", "test_rooms", "test_package"} <= there - set(names)
