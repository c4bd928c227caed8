"""Why a job on Kuscia's nodes does not go on: each known cause as a node shows it, and what whoever waits reads."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, cast

import pytest
from kuscia_objects import JOB, LABEL, TASK, UNTIL, condition, job, task
from scripted import ScriptedNode, Start, until
from test_notebook import TUTORIAL

import kuscia_nb as kn
from kuscia_nb.backends.docker import hanging
from kuscia_nb.backends.docker.backend import DockerBackend
from kuscia_nb.backends.docker.evidence import gather
from kuscia_nb.backends.docker.known_problems import KNOWN_PROBLEMS, Cause, causes
from kuscia_nb.errors import KusciaError

pytestmark = pytest.mark.docker

POD = f"{TASK}-host-0"
LOGS = "/home/kuscia/var/logs"


def waiting(reason: str, message: str = "") -> Callable[[ScriptedNode], None]:
    """A pod whose container does not start."""
    state = {"waiting": {"reason": reason, "message": message}}
    status = {"containerStatuses": [{"name": "ss-lr", "image": "ss-lr:latest", "state": state}]}
    return lambda node: _keep(node, "pods", {"metadata": {"name": POD}, "status": status})


def unscheduled(message: str) -> Callable[[ScriptedNode], None]:
    conditions = [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}]
    pod = {"metadata": {"name": POD}, "status": {"phase": "Pending", "conditions": conditions}}
    return lambda node: _keep(node, "pods", pod)


def logged(file: str, line: str) -> Callable[[ScriptedNode], None]:
    return lambda node: _run(node, f"cat > {LOGS}/{file}", f"an earlier line\n{line}\n")


def machine(*conditions: dict[str, str], taint: str = "") -> Callable[[ScriptedNode], None]:
    taints = [{"key": taint, "effect": "NoSchedule"}] if taint else []
    found = {"metadata": {"name": "k3s"}, "spec": {"taints": taints}, "status": {"conditions": list(conditions)}}
    return lambda node: _keep(node, "nodes", found)


def route(status: dict[str, Any]) -> Callable[[ScriptedNode], None]:
    spec = {"source": "alice", "destination": "bob"}
    return lambda node: _keep(node, "cdr", {"metadata": {"name": "alice-bob"}, "spec": spec, "status": status})


def own(phase: str = "Running", **changes: Any) -> Callable[[ScriptedNode], None]:
    """The job as the node has it."""

    def put(node: ScriptedNode) -> None:
        found = job("C", "alice", phase)
        found["metadata"]["labels"] |= changes
        node.keep("kj", found)

    return put


def ended(termination: str = "", **status: Any) -> Callable[[ScriptedNode], None]:
    """The task as the node has it."""

    def put(node: ScriptedNode) -> None:
        found = task("C", "alice", "Running", **status)
        next(iter(found["status"]["podStatuses"].values()))["terminationLog"] = termination
        node.keep("kt", found)

    return put


def _keep(node: ScriptedNode, kind: str, object: dict[str, Any]) -> None:
    node.keep(kind, {"kind": kind, **object})


def _run(node: ScriptedNode, line: str, text: str = "") -> None:
    node.sh(line, text.encode())


def no_annotation(node: ScriptedNode) -> None:
    image = json.loads(node.read("appimages/ss-lr.json"))
    del image["metadata"]["annotations"]
    node.keep("appimages", image)


UNAUTHORIZED = condition("Ready", "False", reason="DestinationIsNotAuthrized", message="TokenNotGenerate")
CRI = 'failed to load plugin io.containerd.grpc.v1.cri error="no network config found"'
INOTIFY = 'error="failed to create CRI service: failed to create fsnotify watcher: too many open files"'
POLLED = [condition("StatusSynced", "False", message="poll task status request failed, bob: EOF")]
SEEN: dict[str, tuple[Callable[[ScriptedNode], Any], str, str]] = {
    "image": (
        waiting("ErrImageNeverPull"),
        r"ss-lr:latest is not in its containerd",
        "prepare_ss_lr_image.sh -k tester-",
    ),
    "image, pulled for ever": (waiting("ImagePullBackOff"), "waits for it for ever", "prepare_ss_lr"),
    "slow disk": (waiting("CreateContainerError", "context deadline exceeded"), "in two minutes", "faster disk"),
    "inotify": (logged("containerd.log", INOTIFY), "inotify instances are used up", "max_user_instances=8192"),
    "pause": (logged("kuscia.log", "ERROR import image pause.tar failed, exit status 1"), "pause, is not", "restart"),
    "containerd": (logged("containerd.log", CRI), "containerd is not up", "containerd.log"),
    "k3s": (logged("k3s.log", "dial tcp 127.0.0.1:6443: connect: connection refused"), "k3s, which", "k3s.log"),
    "kernel": (lambda node: node.write("kernel", "3.10.0-1160.el7.x86_64\n"), "kernel is 3.10.0", "newer kernel"),
    "agent": (machine(condition("Ready", "False", reason="Stopped", message="bye")), "not ready .Stopped: bye", "tail"),
    "disk": (machine(condition("DiskPressure", message="90 %")), "DiskPressure: 90 %", "free disk space"),
    "disk, tainted": (machine(taint="node.kubernetes.io/disk-pressure"), "nearly full", "free disk space"),
    "memory": (unscheduled("0/1 nodes are available: 1 Insufficient memory."), "not enough", "--memory"),
    "taint": (unscheduled("1 node(s) had untolerated taint {other: }."), "no machine takes", "describe node"),
    "AppImage": (lambda node: node.sh("rm $S/appimages/ss-lr.json"), "no AppImage ss-lr", "prepare_ss_lr"),
    "annotation": (no_annotation, "no annotation kuscia.secretflow/component-spec", "prepare_ss_lr"),
    "injection": (logged("kuscia.log", "unsupported role type leader"), "unsupported role type leader", "explain"),
    "route": (
        route({"conditions": [UNAUTHORIZED]}),
        "alice to bob is not ready .DestinationIsNotAuthrized",
        "diagnose network",
    ),
    "route without a state": (route({}), "not ready .it has no state yet", "diagnose network"),
    "domain": (lambda node: node.sh("rm $S/domains/bob.json"), "does not know the domain bob", "get domains"),
    "partner": (ended(conditions=POLLED), "does not answer .poll task status request failed", "route"),
    "data": (lambda node: node.sh("rm /home/kuscia/var/storage/data/*"), r"data/perfect_logit_a\.csv is not", "put"),
    "TTP": (
        lambda node: node.write("unheard", ""),
        "cannot be reached .*Failed to",
        "docker start ttp-server",
    ),
    "parameters": (ended("run failed: label_owner is empty"), "does not know the job's parameters", "tutorial"),
    "approval": (own("AwaitingApproval"), "waits for an approval", "0.15.0b0"),
    "protocol": (own(**{f"{LABEL}interconn-protocol-type": "kuscia"}), "Kuscia's own protocol", "-P bfia"),
}


def test_each_known_cause_is_seen_and_no_other(start: Start) -> None:
    nodes = {domain: start(domain) for domain in ("alice", "bob")}
    alice = nodes["alice"]
    cluster = kn.connect("docker")
    node = cast(DockerBackend, cluster._backend).nodes["alice"]

    def well() -> None:
        """Nothing is wrong, and the job runs."""
        alice.sh("rm -rf $S /home/kuscia/var; cp -a /well/state $S; cp -a /well/var /home/kuscia/var")
        alice.furnish()
        own()(alice)
        ended()(alice)

    def found() -> list[Cause]:
        node.refresh()
        return causes([gather(node, JOB)])

    alice.sh(f"mkdir -p {LOGS}; touch /home/kuscia/var/storage/data/perfect_logit_a.csv")
    machine(condition("Ready"), condition("DiskPressure", "False"))(alice)
    route({"conditions": [condition("Ready")]})(alice)
    alice.sh("mkdir /well; cp -a $S /well/state; cp -a /home/kuscia/var /well/var")
    remedies: set[str] = set()
    well()
    assert found() == [], "nothing is wrong"
    for name, (happen, what, remedy) in SEEN.items():
        well()
        happen(alice)
        (cause,) = found()
        assert cause.domain == "alice"
        assert re.search(what, cause.what), name
        assert remedy in cause.remedy, name
        remedies.add(cause.remedy)
    told = {row.remedy.format(container=alice.name, domain="alice") for row in KNOWN_PROBLEMS}
    assert remedies == told, "each row was seen"


def test_who_waits_for_a_job_that_hangs_reads_why(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hanging, "PATIENCE", 1.0)
    nodes = {domain: start(domain) for domain in ("alice", "bob")}
    for node in nodes.values():
        node.sh(
            "touch /home/kuscia/var/storage/data/perfect_logit_a.csv /home/kuscia/var/storage/data/perfect_logit_b.csv"
        )
    found = kn.connect("docker").apply(TUTORIAL)
    nodes["alice"].say(job("C", "alice", "Pending"))
    nodes["bob"].keep("kj", job("C", "bob", "Failed", completionTime=UNTIL))
    until(lambda: any("a job job-ss-lr from before is still here" in said for said in found.warnings), "bob's is seen")
    assert any("try: cluster.delete('job-ss-lr')" in said for said in found.warnings)

    nodes["bob"].keep("kj", job("C", "bob", "Running"))
    nodes["alice"].say(job("C", "alice", "Running"))
    until(
        lambda: any("no known cause was found" in said for said in found.warnings), "it is said that nothing was found"
    )

    waiting("ErrImageNeverPull")(nodes["alice"])
    for domain, node in nodes.items():
        node.say(job("C", domain, "Running"))
        node.say(task("C", domain, "Pending"))
    until(lambda: any("is not in its containerd" in said for said in found.warnings), "the image is missed")
    assert "prepare_ss_lr_image.sh" in found._repr_mimebundle_()["text/plain"]
    for domain, node in nodes.items():
        node.say(job("C", domain, "Failed", completionTime=UNTIL))
    with pytest.raises(KusciaError):
        found.wait(60)
