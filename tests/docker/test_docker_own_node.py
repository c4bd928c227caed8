"""Our own node in containers: the tutorial's job trains between two of them, and the notebook drives them as Kuscia's.

The engine, the kubectl in the containers, the network, TLS and the programs are real.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import docker
import nbformat
import node_image
import numpy as np
import pandas as pd
import pytest
from kuscia_objects import JOB
from nbclient import NotebookClient
from scripted import until
from test_bfia import TUTORIAL as REQUEST
from test_notebook import TUTORIAL
from test_tutorial import descent

import kuscia_nb as kn
from kuscia_nb.__main__ import main
from kuscia_nb.connection import disconnect
from kuscia_nb.control.kubectl import KubectlError
from kuscia_nb.errors import JobError, JobStopped, KusciaError
from kuscia_nb.mpc import decode
from kuscia_nb.observer.events import ConditionSet, PhaseSet
from kuscia_nb.views.result import result

pytestmark = pytest.mark.docker

ULP = 2.0**-18
SAMPLE = "/home/kuscia/var/storage/data/perfect_logit_{}.csv"


@pytest.fixture(scope="module")
def composed(client: docker.DockerClient) -> Iterator[node_image.Composed]:
    """alice, bob and a TTP; nothing of them is there afterwards."""
    node_image.build(client)
    before = left(client)
    composed = node_image.Composed(client)
    try:
        for name in ("alice", "bob"):
            container = composed.containers[name]
            until(lambda container=container: b"listens at" in container.logs(), f"{name} is up", 200)
        yield composed
    finally:
        for name, container in composed.containers.items():
            print(f"--- {name}\n{container.logs().decode()}")
        composed.down()
    assert left(client) == before


def left(client: docker.DockerClient) -> list[str]:
    """Containers, networks and volumes."""
    kept = [*client.containers.list(all=True), *client.networks.list(), *client.volumes.list()]
    return sorted(one.name for one in kept)


@pytest.fixture(scope="module")
def attached(composed: node_image.Composed) -> Iterator[kn.Cluster]:
    """A notebook's view of them; nobody listens in them afterwards."""
    yield kn.connect("docker")
    disconnect()
    for service in ("alice", "bob"):
        until(lambda service=service: not watchers(composed.containers[service]), "nobody watches any more")


@pytest.fixture
def cluster(attached: kn.Cluster) -> Iterator[kn.Cluster]:
    """The same without a job, afterwards, too."""
    yield attached
    attached.refresh()
    for name in list(attached.jobs()["name"]):
        attached.delete(name)


def watchers(container: Any) -> list[str]:
    found = container.top()["Processes"]
    return [line[-1] for line in found if "--watch" in line[-1]]


def in_the_clear(cluster: kn.Cluster) -> np.ndarray:
    """The weights of the tutorial's job in float64, at the rate that the ring has: one ulp (spec: tutorial)."""
    alice, bob = (cluster.data(node, SAMPLE.format(letter)).to_numpy(float) for node, letter in ZIPPED)
    return descent(np.column_stack([bob, alice[:, :-1]]), alice[:, -1], batch=21, epochs=1, rate=ULP, l2=0.5)


ZIPPED = (("alice", "a"), ("bob", "b"))


def lasting(name: str) -> str:
    """A job that somebody has to stop."""
    return TUTORIAL.replace(f"name: {JOB}", f"name: {name}", 1).replace('"num_epoch":1', '"num_epoch":9999', 1)


def phase(job: kn.Job, node: str) -> str:
    found = job.events.last(PhaseSet, node=node, subject=job.name)
    return found.name if found else ""


def test_a_notebook_drives_them(cluster: kn.Cluster) -> None:
    """Every step in a kernel of its own, as a person has it."""
    cells = [
        "%load_ext kuscia_nb\n%kuscia up --backend docker",
        f"%%kusciajob\n{TUTORIAL}",
        f"import kuscia_nb as kn\nprint(kn.connect().job('{JOB}').weights()['weight'].tolist())",
        "%kubectl get kj -n cross-domain",
        "%kuscia status",
        f"%kubectl delete kj {JOB} -n cross-domain --all-nodes",
        "%kuscia down",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=200).execute()
    said = ["".join(text(output) for output in cell.outputs) for cell in notebook.cells]
    assert "alice" in said[0]
    assert "Succeeded" in said[1]
    assert np.abs(np.array(json.loads(said[2])) - in_the_clear(cluster)).max() <= 40 * ULP
    assert re.search(rf"{JOB} .*Succeeded", said[3])
    assert "kusciajob.kuscia.secretflow" in said[5]
    assert "let go of alice and bob" in said[6]
    cluster.refresh()
    assert cluster.jobs().empty


def text(output: Any) -> str:
    return output.get("text") or output.get("data", {}).get("text/plain", "")


def test_a_job_is_seen_from_all_sides(cluster: kn.Cluster, composed: node_image.Composed) -> None:
    job = cluster.apply(TUTORIAL).wait(200)
    frame = job.weights()
    assert np.abs(frame["weight"].to_numpy() - in_the_clear(cluster)).max() <= 40 * ULP
    shares = {node: job.shares(node) for node in ("alice", "bob")}
    rings = [share["ring"].to_numpy(np.uint64) for share in shares.values()]
    assert (decode(rings[0] + rings[1], 18) == frame["weight"].to_numpy()).all(), "exact, as each file has it"
    for node in shares:
        phases = [event.name for event in job.events.select(PhaseSet, node=node, subject=JOB)]
        assert phases == ["Pending", "Running", "Succeeded"]
        assert "INFO" in job.logs(node)
        assert job.env(node)["config.self_role"] == {"alice": "host.0", "bob": "guest.0"}[node]
    assert {event.name for event in job.events.select(ConditionSet, node="alice")} > {
        "JobValidated",
        "JobStartSucceeded",
    }
    assert job.tasks["phase"].tolist() == ["Succeeded", "Succeeded"]
    for matter in ("trace", "exchanges"):
        with pytest.raises(JobError, match=f"has no {matter}: .*container"):
            getattr(job, matter)
    assert frame["feature"].iloc[0] in repr(result(job, cluster.nodes))
    assert job.phase == "Succeeded"
    for node, container in composed.containers.items():  # nobody has what is another's
        if node in shares:
            found = container.exec_run(["find", "/home/kuscia/var/storage", "/home/kuscia/etc"]).output.decode()
            other = {"alice": "bob", "bob": "alice"}[node]
            assert f"perfect_logit_{node[0]}.csv" in found
            assert f"perfect_logit_{other[0]}.csv" not in found
            assert f"{other}.pem" not in found
            assert found.count(f"{job.tasks['task'].iloc[0]}-result\n") == 1


def test_kubectl_is_the_real_one(cluster: kn.Cluster) -> None:
    job = cluster.apply(TUTORIAL).wait(200)
    table = cluster.kubectl("get kj -n cross-domain").tables[0]
    assert table.columns == ("NAME", "STARTTIME", "COMPLETIONTIME", "LASTRECONCILETIME", "PHASE")
    assert table.rows[0][::4] == (JOB, "Succeeded")
    line = f"get kj {JOB} -n cross-domain -o jsonpath='{{.status.phase}}'"
    assert str(cluster.kubectl(line, node="bob")) == "Succeeded"
    assert "Client Version: v1." in str(cluster.kubectl("version"))
    assert job.tasks["task"].iloc[0] in str(cluster.kubectl("get kt -A -o name --all-nodes"))
    with pytest.raises(KubectlError, match=r'kusciajobs.kuscia.secretflow "nobody" not found'):
        cluster.kubectl("get kj nobody -n cross-domain")
    with pytest.raises(KubectlError, match=r'unknown field "spec\.nonsense"'):
        cluster.kubectl(
            "apply -f -", stdin=lasting("by-hand").replace("initiator: alice", "initiator: alice\n  nonsense: 1", 1)
        )
    assert "created" in str(cluster.kubectl("apply -f -", stdin=lasting("by-hand")))
    assert cluster.job("by-hand").phase in ("Pending", "Running")


def test_own_data_goes_in_and_comes_out(cluster: kn.Cluster) -> None:
    mine = pd.DataFrame({"x": [1.5, 2.5], "y": [0, 1]})
    cluster.put("alice", "own.csv", mine)
    assert cluster.data("alice", "/home/kuscia/var/storage/data/own.csv").equals(mine)
    assert "own.csv" in cluster.data("alice")["name"].tolist()
    assert "own.csv" not in cluster.data("bob")["name"].tolist()


def test_a_bfia_request_goes_in_by_the_nodes_own_port(cluster: kn.Cluster) -> None:
    job = cluster.submit(REQUEST).wait(200)
    assert len(job.weights()) == 21
    with pytest.raises(JobError, match="exists"):
        cluster.submit(REQUEST)


def test_stop_and_delete_are_done_on_both(cluster: kn.Cluster) -> None:
    job = cluster.apply(lasting("stopped"))
    for node in ("alice", "bob"):
        until(lambda node=node: phase(job, node) == "Running", f"{node} runs")
    job.stop()
    with pytest.raises(JobStopped):
        job.wait(200)
    job.delete()
    for node in ("alice", "bob"):
        assert str(cluster.kubectl("get kj -A -o name", node=node)) == ""
    assert cluster.jobs().empty


def test_a_node_that_is_killed_fails_its_job_and_knows_it(cluster: kn.Cluster, composed: node_image.Composed) -> None:
    job = cluster.apply(lasting("killed"))
    written = ["grep", "-q", "killed", "/home/kuscia/var/storage/node.db-wal"]
    until(lambda: phase(job, "bob") == "Running", "it runs")
    until(lambda: composed.containers["bob"].exec_run(written).exit_code == 0, "bob has it in his file")
    composed.containers["bob"].kill()
    until(lambda: any("no news from bob" in warning for warning in job.warnings), "somebody says so")
    composed.containers["bob"].start()
    with pytest.raises(KusciaError, match=r"killed failed: .*bob"):
        job.wait(200)
    until(lambda: "Failed" in listed(cluster, "bob"), "bob knows it, too", 200)


def listed(cluster: kn.Cluster, node: str) -> str:
    """What a node says of its jobs; nothing, while it is not up."""
    with suppress(KusciaError):
        return str(cluster.kubectl("get kj -n cross-domain", node=node))
    return ""


def test_it_has_no_rights_and_opens_nothing(cluster: kn.Cluster, composed: node_image.Composed) -> None:
    alice = composed.containers["alice"]
    facts = alice.exec_run(["sh", "-c", "id -u; grep CapBnd /proc/self/status; touch /home/kuscia/x /opt/x; id -g"])
    assert "1000" in facts.output.decode().splitlines(), "what is complained of may come before it"
    assert "CapBnd:\t0000000000000000" in facts.output.decode()
    assert facts.output.decode().count("Read-only file system") == 2
    assert not alice.attrs["HostConfig"]["Privileged"]
    assert not alice.attrs["HostConfig"]["PortBindings"]
    for url, refused in (
        ("https://alice:6443/version", "Connection refused"),
        ("http://alice:8084/", "reset"),
        ("https://alice:8084/", "(?i)certificate"),
    ):
        ran = composed.containers["bob"].exec_run(["python3", "-c", _ASK, url])
        assert ran.exit_code == 1
        assert re.search(refused, ran.output.decode()), (url, ran.output.decode())
    logs = b"".join(container.logs() for container in composed.containers.values())
    assert b"PRIVATE KEY" not in logs


def test_the_doctor_runs_the_tutorials_job(
    cluster: kn.Cluster, composed: node_image.Composed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "report.md"
    main(["doctor", "--backend", "docker", "--run", "--report", str(report)])
    said = re.findall(
        r"^(ok|warn|no) +((?:alice|bob)? ?(?:job|phases|stages|result|log)) +(.*)", capsys.readouterr().out, re.M
    )
    assert [verdict for verdict, _, _ in said] == ["ok"] * 8, said
    assert [name for _, name, _ in said][:5] == ["job", "alice phases", "alice stages", "alice result", "alice log"]
    assert said[1][2].endswith("Running, Succeeded")
    assert "21 numbers" in said[3][2]
    assert "| ok | bob result |" in report.read_text()
    cluster.refresh()
    assert cluster.jobs().empty, "its job is gone from both"


_ASK = """
import ssl, sys, urllib.request
urllib.request.urlopen(sys.argv[1], context=ssl._create_unverified_context(), timeout=30).read()
"""
