"""A cluster of nodes in containers: jobs of both eras from the manifest to the shares, and what stands in the way.

The nodes are scripted: what they say of a job is recorded, and said when the test wants it.
"""

from __future__ import annotations

import io
import json
import threading
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from kuscia_objects import CONDITIONS_A, JOB, LABEL, TASK, UNTIL, condition, job, task
from scripted import ScriptedNode, Start, until
from test_bfia import TUTORIAL as REQUEST
from test_notebook import TUTORIAL

import kuscia_nb as kn
from kuscia_nb.connection import disconnect
from kuscia_nb.control.kubectl import KubectlError
from kuscia_nb.errors import DataError, EngineError, JobError, JobStopped, KusciaError, ManifestError
from kuscia_nb.magics.kuscia import kuscia
from kuscia_nb.observer.events import ConditionSet, PhaseSet
from kuscia_nb.views.result import result
from kuscia_nb.views.status import status

pytestmark = pytest.mark.docker

Nodes = dict[str, ScriptedNode]
STAGES = {"alice": "JobStartStageSucceeded", "bob": "JobStartStageSucceeded"}
CREATED = {"alice": "JobCreateStageSucceeded", "bob": "JobCreateStageSucceeded"}
LOG = f"/home/kuscia/var/stdout/pods/alice_{TASK}-host-0_0123/ss-lr/0.log"
SHARES = {"alice": ("3.51844e+13", "-2.5", "12"), "bob": ("-3.51844e+13", "3.5", "-11")}


def pair(start: Start, era: str = "C") -> Nodes:
    return {domain: start(domain, era) for domain in ("alice", "bob")}


def leave_results(nodes: Nodes, *domains: str) -> None:
    """The files and the log of a task that has ended well."""
    for domain in domains:
        role = "host" if domain == "alice" else "guest"
        folder = f"/home/kuscia/var/storage/{JOB}-{role}-0"
        text = "".join(f"{line}\n" for line in SHARES[domain])
        nodes[domain].sh(f"mkdir -p {folder}; cat > {folder}/{TASK}-result", text.encode())
    lines = "2025-07-01T02:21:20.123456789Z stdout P Accu\n2025-07-01T02:21:20.123456790Z stdout F racy = 0.9735\n"
    nodes["alice"].sh(f"mkdir -p {LOG.rpartition('/')[0]}; cat > {LOG}", lines.encode())


def train(nodes: Nodes, era: Any, phases: tuple[str, ...]) -> None:
    """Both nodes say what they say of a job that succeeds, from its first word to its last, once somebody listens."""
    for node in nodes.values():
        until(lambda node=node: {"kj", "kt"} <= set(node.read("watched").split()), "jobs and tasks are watched")
    said: dict[str, Any] = {"conditions": [condition("JobValidated")]}
    for phase in phases:
        for domain, node in nodes.items():
            stages = {**said, "stageStatus": CREATED} if era == "C" else said
            node.say(job(era, domain, phase, **stages))
    said |= {"conditions": CONDITIONS_A} if era == "A" else {"stageStatus": STAGES}
    for phase in ("Pending", "Running"):
        for domain, node in nodes.items():
            node.say(job(era, domain, "Running", **said))
            node.say(task(era, domain, phase, conditions=[condition("ResourceCreated")]))
    leave_results(nodes, *nodes)
    ended = [condition("ResourceCreated"), condition("Running"), condition("Success")]
    for domain, node in nodes.items():
        node.say(task(era, domain, "Succeeded", conditions=ended, completionTime=UNTIL))
        node.say(job(era, domain, "Succeeded", **said, completionTime=UNTIL, taskStatus={TASK: "Succeeded"}))


def in_phase(found: kn.Job, phase: str, *nodes: str) -> None:
    def there() -> bool:
        said = [found.events.last(PhaseSet, node=node, subject=found.name) for node in nodes]
        return all(one is not None and one.name == phase for one in said)

    until(there, f"{phase} on {nodes}")


@pytest.mark.parametrize(("era", "phases"), [("A", ("Pending",)), ("C", ("initialized", "Pending"))])
def test_a_job_runs_on_both_nodes(start: Start, era: str, phases: tuple[str, ...]) -> None:
    nodes = pair(start, era)
    cluster = kn.connect("docker")
    assert repr(cluster) == "<Cluster docker: alice, bob; 0 jobs>"
    assert kn.connect() is cluster, "magics ask the cluster that was last asked for"
    found = cluster.apply(TUTORIAL)
    applied = json.loads(nodes["alice"].read("applied"))
    assert ("namespace" in applied["metadata"]) == (era == "C")
    assert "stage" not in applied["spec"]
    assert not [call for call in nodes["bob"].calls if "apply" in call]

    train(nodes, era, phases)
    found.wait(60)
    for node in nodes:
        told = [event.name for event in found.events.select(PhaseSet, node=node, subject=JOB)]
        assert told == [*phases, "Running", "Succeeded"]
        conditions = [event.name for event in found.events.select(ConditionSet, node=node)]
        assert len(conditions) == len(set(conditions)), "each is told of once"
        assert {"JobValidated", "JobStartSucceeded", "ResourceCreated", "Success"} <= set(conditions)
    tasks = found.tasks
    assert tasks[["alias", "node", "phase"]].to_numpy().tolist() == [
        ["ss_lr_1", "alice", "Succeeded"],
        ["ss_lr_1", "bob", "Succeeded"],
    ]
    assert tasks["progress"].tolist().count(pd.NA) == 2
    assert found.env("bob")["config.self_role"] == "guest.0"
    assert found.operators == ["ss_lr"]
    assert found.logs("alice").endswith("Accuracy = 0.9735")
    assert any("0.9735" in note for note in found.notes)
    for matter in ("trace", "exchanges"):
        with pytest.raises(JobError, match=f"has no {matter}: "):
            getattr(found, matter)

    shares = found.shares("alice")
    assert shares["share"].tolist() == pytest.approx([3.51844e13, -2.5, 12], rel=1e-6)
    assert shares["ring"].tolist().count(pd.NA) == 3
    with pytest.raises(DataError, match=r"six digits, they are as large as 3\.52e\+13, and .* 1e\+08 apart"):
        found.weights()
    shown = found._repr_mimebundle_()
    assert "0.9735" in shown["text/plain"]
    assert "six digits" in shown["text/html"]
    assert "3.51844e+13" in repr(result(found, cluster.nodes))
    assert "does not say what it has done" in repr(status(cluster))
    for node in nodes.values():
        until(lambda node=node: "--watch" not in node.sh("ps"), "nobody watches when no job runs")


def test_a_bfia_request_goes_to_the_nodes_port(start: Start) -> None:
    nodes = pair(start)
    request = REQUEST
    nodes["alice"].write("answers/post", '{"code": 200, "msg": "", "data": {"status": "PENDING"}}')
    cluster = kn.connect("docker")
    found = cluster.submit(request)
    assert json.loads(nodes["alice"].read("posted")) == json.loads(request)
    nodes["alice"].say(job("C", "alice", "Failed", reason="Party: bob create failed.", completionTime=UNTIL))
    with pytest.raises(KusciaError, match="job-ss-lr failed"):
        found.wait(60)
    found.delete()

    nodes["alice"].write("answers/post", '{"code":400,"msg":"Job already exists","data":null}')
    with pytest.raises(JobError, match="alice did not take the job: Job already exists"):
        cluster.submit(request)
    nodes["alice"].write("unheard", "")
    with pytest.raises(JobError, match="alice's BFIA port does not answer: curl") as caught:
        cluster.submit(request)
    assert "-P bfia" in caught.value.hint
    assert cluster.jobs().empty


@pytest.mark.parametrize("era", ["A", "C"])
def test_stop_and_delete_on_both(start: Start, era: Any) -> None:
    nodes = pair(start, era)
    found = kn.connect("docker").apply(TUTORIAL)
    for domain, node in nodes.items():
        node.say(job(era, domain, "Running"))
    in_phase(found, "Running", *nodes)
    stopper = threading.Thread(target=found.stop)
    stopper.start()
    asked = "stage" if era == "A" else f"label kj {JOB} -n cross-domain {LABEL}job-stage=Stop --overwrite"
    for domain, node in nodes.items():
        until(lambda node=node: any(asked in call for call in node.calls), f"{domain} is asked")
        reason = "Party: alice execute the cmd: Stop."
        node.say(job(era, domain, "Failed", reason=reason, message=reason, completionTime=UNTIL))
    stopper.join(60)
    with pytest.raises(JobStopped):
        found.wait(60)
    found.delete()
    assert kn.connect().jobs().empty
    for node in nodes.values():
        assert any(call.startswith(f"kubectl delete kj {JOB}") for call in node.calls)


def test_one_node_alone(start: Start) -> None:
    node = start("alice", user="acme")
    start("bob", user="elsewhere")
    with pytest.raises(EngineError, match=r"several people have nodes here: acme-.*, elsewhere-"):
        kn.connect("docker")
    cluster = kn.connect("docker", nodes={"alice": node.name})
    found = cluster.apply(TUTORIAL)
    train({"alice": node}, "C", ("Pending",))
    found.wait(60)
    assert found.nodes == ["alice", "bob"]
    assert len(found.shares("alice")) == 3
    with pytest.raises(JobError, match=r"the result of bob .* not ours to read"):
        found.shares("bob")
    with pytest.raises(JobError, match="bob's node is elsewhere"):
        found.logs("bob")
    assert "bob:" not in repr(result(found, cluster.nodes))
    with pytest.warns(UserWarning, match="job-ss-lr may still be on bob"):
        cluster.delete(JOB)
    theirs = TUTORIAL.replace("initiator: alice", "initiator: bob").replace('"node_id":"alice"', '"node_id":"bob"')
    with pytest.raises(JobError, match="bob is the initiator"):
        cluster.apply(theirs)


def test_a_container_that_dies_is_waited_for(start: Start) -> None:
    nodes = pair(start)
    found = kn.connect("docker").apply(TUTORIAL)
    for domain, node in nodes.items():
        node.say(job("C", domain, "Running"))
    in_phase(found, "Running", *nodes)
    nodes["bob"].container.kill()
    until(lambda: any("no news from bob" in warning for warning in found.warnings), "somebody says so")
    assert any("it was killed" in warning for warning in found.warnings)
    nodes["bob"].container.start()
    nodes["alice"].container.restart(timeout=1)
    train(nodes, "C", ())
    found.wait(60)
    assert found.phase == "Succeeded"
    assert found.tasks["phase"].tolist() == ["Succeeded", "Succeeded"]


def test_two_who_watch_come_to_the_same(start: Start) -> None:
    nodes = pair(start)
    clusters = [kn.connect("docker"), kn.connect("docker", nodes={domain: node.name for domain, node in nodes.items()})]
    for phase, said in (("Running", {}), ("Succeeded", {"completionTime": UNTIL})):
        for number in range(5):
            for domain, node in nodes.items():
                node.say(job("C", domain, phase, name=f"job-{number}", **said))
        if phase == "Running":  # jobs that others have started are seen at the next look, and followed from then on
            for cluster in clusters:
                cluster.refresh()
    for cluster in clusters:
        until(lambda cluster=cluster: set(cluster.jobs()["phase"]) == {"Succeeded"}, "all have ended")
        assert len(cluster.jobs()) == 5


def test_kubectl_is_the_nodes_own(start: Start, tmp_path: Path) -> None:
    nodes = pair(start)
    cluster = kn.connect("docker")
    table = (
        "NAME        STARTTIME   COMPLETIONTIME   LASTRECONCILETIME   PHASE\n"
        f"{JOB}   3s                           2s                  Running\n"
    )
    nodes["alice"].write("answers/kj", table)
    output = cluster.kubectl("get kj -n cross-domain")
    assert str(output) == table
    assert output.tables[0].columns == ("NAME", "STARTTIME", "COMPLETIONTIME", "LASTRECONCILETIME", "PHASE")
    assert output.tables[0].rows == ((JOB, "3s", "", "2s", "Running"),)
    with pytest.raises(KubectlError, match='resource type "nonsense"') as caught:
        cluster.kubectl("get nonsense --node bob")
    assert "on bob" in caught.value.where
    nodes["bob"].say(job("C", "bob", "Running"))
    manifest = tmp_path / "job.yaml"
    manifest.write_text(TUTORIAL)
    assert "created" in str(cluster.kubectl(f"apply -f {manifest}", node="bob"))
    assert nodes["bob"].read("applied") == TUTORIAL
    assert cluster.jobs()["name"].tolist() == [JOB], "what a line has changed is looked at"
    with pytest.raises(KubectlError, match="does not exist"):
        cluster.kubectl("apply -f nowhere.yaml")
    with pytest.raises(KubectlError, match="no node carol"):
        cluster.kubectl("get kj --node carol")
    cluster.kubectl(f"delete kj {JOB} -n cross-domain --all-nodes")
    assert all(any("delete kj" in call for call in node.calls) for node in nodes.values())
    assert cluster.jobs().empty


def test_data_goes_to_one_node_only(start: Start) -> None:
    pair(start)
    cluster = kn.connect("docker")
    cluster.put("bob", "own.csv", pd.DataFrame({"a": [1, 2]}))
    assert cluster.data("bob", "/home/kuscia/var/storage/data/own.csv")["a"].tolist() == [1, 2]
    assert cluster.data("bob")["name"].tolist() == ["own.csv"]
    assert cluster.data("alice").empty
    big = b"x" * 5_000_000
    cluster.at("alice").put("big.csv", io.BytesIO(big))
    assert cluster.data("alice")["bytes"].tolist() == [len(big)]


def test_what_is_refused(start: Start) -> None:
    nodes = pair(start)
    cluster = kn.connect("docker")
    refused: list[dict[str, Any]] = [{"seed": 1}, {"strategy": "interconnection"}, {"shadow": True}, {"trace": "full"}]
    refused += [
        {"verify": True},
        {"inject": "drop:7"},
        {"memory_limit": 300},
        {"truncation": "ttp"},
        {"time_limit": 9.0},
    ]
    for options in refused:
        with pytest.raises(KusciaError, match=f"{next(iter(options))}: that is about programs of this package"):
            cluster.apply(TUTORIAL, **options)
    with pytest.raises(ManifestError, match="appimage ss-lr-2"):
        cluster.apply(TUTORIAL.replace("appImage: ss-lr", "appImage: ss-lr-2"))
    nodes["alice"].write("refusal", "Error from server (Forbidden): no")
    with pytest.raises(KubectlError, match="Forbidden") as caught:
        cluster.apply(TUTORIAL)
    assert nodes["alice"].name in caught.value.where
    assert cluster.jobs().empty
    assert not [call for node in nodes.values() for call in node.calls if "apply" in call and node.domain == "bob"]
    with pytest.raises(KusciaError, match="ports of these nodes are in their containers"):
        cluster.up_http()
    nodes["alice"].write("down", "")
    with pytest.raises(KusciaError, match="alice does not answer: The connection to the server"):
        cluster.apply(TUTORIAL)


def test_nodes_that_cannot_do_it(start: Start) -> None:
    with pytest.raises(EngineError, match="no container called USER-kuscia-autonomy-DOMAIN"):
        kn.connect("docker")
    node = start("alice", "B")
    with pytest.raises(EngineError, match=r"Kuscia v0\.14\.0b0, in which BFIA jobs wait for ever"):
        kn.connect("docker")
    node.write("version", "kuscia version 6d1c87a")
    with pytest.raises(EngineError, match="Kuscia 6d1c87a, in which BFIA jobs wait"):
        kn.connect("docker")
    node.sh("mkdir -p /home/kuscia/tests/suite/bfia")
    kn.connect("docker")
    partner = {"role": "partner", "interConnProtocols": ["kuscia"]}
    node.keep("domains", {"kind": "Domain", "metadata": {"name": "bob"}, "spec": partner})
    disconnect()
    with pytest.raises(EngineError, match="speaks kuscia with bob, not bfia"):
        kn.connect("docker")
    node.write("down", "")
    with pytest.raises(EngineError, match="is not ready: The connection to the server"):
        kn.connect("docker")
    node.container.stop(timeout=1)
    with pytest.raises(EngineError, match="tester-kuscia-autonomy-alice is exited") as caught:
        kn.connect("docker")
    assert "docker start tester-kuscia-autonomy-alice" in caught.value.hint


def test_a_cluster_is_let_go_of(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    nodes = pair(start)
    cluster = kn.connect("docker")
    cluster.apply(TUTORIAL)
    nodes["alice"].say(job("C", "alice", "Running"))
    kuscia("down")
    assert "let go of alice and bob: their containers and jobs go on" in capsys.readouterr().out
    assert cluster.closed
    for node in nodes.values():
        node.container.reload()
        assert node.container.status == "running"
        assert not any("delete" in call or "Stop" in call for call in node.calls)
        until(lambda node=node: "--watch" not in node.sh("ps"), "nobody watches any more")
