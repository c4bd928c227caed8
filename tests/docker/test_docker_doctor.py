"""The doctor on Kuscia's nodes: what is well says so, and what is not is named with what to do."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from kuscia_objects import JOB, condition, job
from scripted import ScriptedNode, Start

import kuscia_nb as kn
from kuscia_nb.__main__ import main
from kuscia_nb.backends.docker.checks import examine
from kuscia_nb.backends.doctor import Check

pytestmark = pytest.mark.docker

OURS = ("container", "version", "disk", "routes", "ss-lr", "TTP", "BFIA port", "data", "clock")


def well(start: Start) -> dict[str, ScriptedNode]:
    nodes = {domain: start(domain) for domain in ("alice", "bob")}
    for domain, node in nodes.items():
        other = "bob" if domain == "alice" else "alice"
        for source, destination in ((domain, other), (other, domain)):
            spec, ready = {"source": source, "destination": destination}, {"conditions": [condition("Ready")]}
            metadata = {"name": f"{source}-{destination}"}
            node.keep("cdr", {"kind": "ClusterDomainRoute", "metadata": metadata, "spec": spec, "status": ready})
        node.write("images", "ss-lr:latest\n")
        node.sh("touch /home/kuscia/var/storage/data/own.csv")
    return nodes


def wrong(*names: str) -> dict[str, Check]:
    """The checks that found something, but for what the machine is, which the test does not choose."""
    machine = ("memory", "architecture", "alice inotify", "bob inotify", "alice disk", "bob disk")
    found = {check.name: check for check in examine() if check.verdict != "ok" and check.name not in machine}
    assert set(found) == set(names), found
    assert all(check.remedy for check in found.values())
    return found


def test_what_is_well_and_what_is_not(start: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nodes = well(start)
    assert {f"{domain} {what}" for domain in nodes for what in OURS} <= {check.name for check in examine()}
    wrong()

    table = kn.connect("docker").doctor()
    assert {"engine", "alice version", "bob ss-lr"} <= set(table["name"])
    nodes["alice"].write("images", "")
    assert "image ss-lr:latest is not there" in wrong("alice ss-lr")["alice ss-lr"].value
    nodes["bob"].sh("rm $S/appimages/ss-lr.json; rm $S/cdr/*; rm /home/kuscia/var/storage/data/*")
    assert (
        "prepare_ss_lr_image.sh -k tester-kuscia-autonomy-bob"
        in wrong("alice ss-lr", "bob ss-lr", "bob routes", "bob data")["bob ss-lr"].remedy
    )
    nodes["bob"].write("unheard", "")
    nodes["alice"].keep("kj", job("C", "alice", "Running"))
    found = wrong("alice ss-lr", "bob ss-lr", "bob routes", "bob data", "bob BFIA port", "bob TTP", "alice leftovers")
    assert JOB in found["alice leftovers"].value
    nodes["bob"].write("version", "kuscia version v0.14.0b0")
    nodes["bob"].sh("rm -rf /home/kuscia/tests")
    assert "wait for ever" in wrong("alice ss-lr", "bob version")["bob version"].value
    nodes["alice"].write("down", "")
    wrong("alice version", "bob version")

    report = tmp_path / "report.md"
    assert main(["doctor", "--backend", "docker", "--report", str(report)]) == 1
    assert "bob version" in capsys.readouterr().out
    text = report.read_text()
    assert "| no | bob version |" in text
    assert "tester" not in text


def test_no_node_at_all(start: Start) -> None:
    assert [check.name for check in examine() if check.verdict == "no"] == ["containers"]


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/socket")
    (check,) = examine()
    assert (check.name, check.verdict) == ("engine", "no")
    assert "no Docker engine answers at unix:///nowhere/socket" in check.value
    gc.collect()  # Docker's SDK leaves a socket behind that it could not connect
