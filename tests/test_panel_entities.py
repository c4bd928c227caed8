"""What the side panel shows: entities of real jobs, and that what it is told piece by piece is what there is."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import kuscia_nb as kn
from kuscia_nb.control.resources import KusciaJob
from kuscia_nb.control.store import Store
from kuscia_nb.operators import OPERATORS
from kuscia_nb.panel.entities import Delta, Tree

Entities = dict[str, Any]
"""As a page gets them: JSON."""

PARTIES = {"host": "alice", "guest": "bob"}
TUTORIAL = kn.tutorial_manifest()
SECONDS = 30
UNCOUNTED = dict.fromkeys(("epoch", "epochs", "batch", "batches"))
"""What is said of a party's batches while it does not run."""


class Gates:
    """Jobs of an operator that says how far it is, and waits until its job may end."""

    def __init__(self, cluster: kn.Cluster) -> None:
        self.cluster = cluster
        self.gates: dict[str, threading.Event] = {}

    async def program(self, party: kn.Party) -> None:
        """Wait."""
        party.progress(1, 4)
        await party.link.send(b"ready", "meet")
        await party.link.receive()
        self.gates[party.task_id.rpartition("-")[0]].wait(SECONDS)
        party.progress(4, 4)

    def start(self, name: str, *aliases: str) -> kn.Job:
        """A job whose tasks follow each other; returns when its first task waits."""
        self.gates[name] = threading.Event()
        job = self.cluster.apply(manifest(name, *(aliases or ("step",))), replace=True)
        waiting(job, lambda: len(job.events.select("progress")) == 2)
        return job

    def open(self, name: str) -> None:
        self.gates[name].set()


def manifest(name: str, *aliases: str) -> dict[str, Any]:
    own = {"0": {"name": "perfect_logit_a.csv", "namespace": "data"}}
    tasks = []
    for before, alias in zip((None, *aliases), aliases, strict=False):
        config = {
            "name": alias,
            "module_name": "waits_for_gate",
            "output": [{"type": "dataset", "key": "result"}],
            "role": {role: [domain] for role, domain in PARTIES.items()},
            "initiator": {"role": "host", "node_id": "alice"},
            "task_params": {"host": own, "guest": own},
        }
        task = {
            "alias": alias,
            "appImage": "waits-for-gate",
            "parties": [{"domainID": domain, "role": role} for role, domain in PARTIES.items()],
            "taskInputConfig": json.dumps(config),
        }
        tasks.append(task | ({"dependencies": [before]} if before else {}))
    kind = {"apiVersion": "kuscia.secretflow/v1alpha1", "kind": "KusciaJob"}
    return {**kind, "metadata": {"name": name}, "spec": {"initiator": "alice", "tasks": tasks}}


def waiting(job: kn.Job, happened: Callable[[], bool]) -> None:
    """Return when something has happened; fail if the job ends before."""
    while not happened():
        assert not job._run.ended.wait(0.005) or happened(), job.phase


@pytest.fixture
def gates(tmp_path: Any) -> Iterator[Gates]:
    with kn.connect(storage=tmp_path) as cluster:
        gates = Gates(cluster)
        before = OPERATORS._operators
        kn.operator(name="waits_for_gate", inputs=("data",))(gates.program)
        yield gates
        for gate in gates.gates.values():
            gate.set()
    OPERATORS._operators = before


@pytest.fixture
def cluster(gates: Gates) -> kn.Cluster:
    return gates.cluster


# --- a panel ---------------------------------------------------------------------------------------------------------


class Panel:
    """Keeps the order that the protocol promises, with nothing but what it is told."""

    def __init__(self, snapshot: Entities) -> None:
        self.entities = dict(snapshot)

    def take(self, delta: Delta) -> None:
        for id in delta.removed:
            del self.entities[id]
        new = [id for id in delta.entities if id not in self.entities]
        self.entities |= {id: entity for id, entity in delta.entities.items() if id in self.entities}
        tops = [id for id in new if "/" not in id]
        jobs = [id for id in new if delta.entities[id]["kind"] == "job"]
        below = [id for id in new if id not in (*tops, *jobs)]
        for id in (*tops, *reversed(jobs), *below):
            self._insert(id, delta.entities[id])

    def _insert(self, id: str, entity: Any) -> None:
        """A job goes first on its node, all else last in what it belongs to."""
        ids = list(self.entities)
        above, _, _ = id.rpartition("/")
        below = [
            place for place, other in enumerate(ids) if above and (other == above or other.startswith(f"{above}/"))
        ]
        at = len(ids) if not below else below[0] + 1 if entity["kind"] == "job" else below[-1] + 1
        self.entities = dict([*list(self.entities.items())[:at], (id, entity), *list(self.entities.items())[at:]])


def fresh(cluster: kn.Cluster) -> Entities:
    """All there is, seen for the first time."""
    tree = Tree(lambda: None)
    tree.look(cluster)
    entities = tree.entities
    tree.close()
    return entities


# --- one look --------------------------------------------------------------------------------------------------------


def test_without_a_cluster_there_is_nothing() -> None:
    tree = Tree(lambda: None)
    assert not tree.look(None)
    assert tree.entities == {}


def test_a_fresh_cluster_has_nodes_and_a_ttp(cluster: kn.Cluster) -> None:
    assert fresh(cluster) == {
        "alice": {"kind": "node", "name": "alice", "url": None, "jobs": 0, "running": 0},
        "bob": {"kind": "node", "name": "bob", "url": None, "jobs": 0, "running": 0},
        "ttp": {"kind": "ttp", "name": "TTP", "requests": 0, "bytes": 0},
    }
    urls = cluster.up_http(0)
    assert {id: fresh(cluster)[id]["url"] for id in urls} == urls


def test_the_tutorials_job(cluster: kn.Cluster) -> None:
    job = cluster.apply(TUTORIAL).wait()
    entities = fresh(cluster)
    (task,) = job.tasks["task"].unique()
    assert list(entities) == [
        *(
            f"{node}{below}"
            for node in ("alice", "bob")
            for below in (
                "",
                "/job-ss-lr",
                f"/job-ss-lr/{task}",
                f"/job-ss-lr/{task}/host.0",
                f"/job-ss-lr/{task}/guest.0",
            )
        ),
        "ttp",
    ]
    totals = job.trace.totals
    for node in ("alice", "bob"):
        status = cluster.kubectl("get kj job-ss-lr -n cross-domain", node=node).objects[0].status  # type: ignore[attr-defined]
        shown = entities[f"{node}/job-ss-lr"]
        assert shown == {
            "kind": "job",
            "node": node,
            "name": "job-ss-lr",
            "initiator": "alice",
            "phase": "Succeeded",
            "started": round(1000 * status.start_time.timestamp()),
            "progress": 1.0,
            "message": "",
            "trace": "sizes",
            "messages": totals["messages"].sum(),
            "bytes": totals["bytes"].sum(),
            "steps": [{"alias": "ss_lr_1", "operator": "ss_lr", "after": []}],
        }
        assert entities[f"{node}/job-ss-lr/{task}"]["alias"] == "ss_lr_1"
        party = {"kind": "party", "task": task, "name": "guest.0", "domain": "bob", "phase": "Succeeded"}
        assert entities[f"{node}/job-ss-lr/{task}/guest.0"] == party | UNCOUNTED
        assert entities[node]["jobs"] == 1
        assert entities[node]["running"] == 0
    ttp = cluster.ttp_status()
    assert entities["ttp"] == {"kind": "ttp", "name": "TTP", "requests": ttp["requests"], "bytes": ttp["bytes"]}


def test_a_running_job_says_how_far_it_is(gates: Gates) -> None:
    job = gates.start("two", "first", "second")
    entities = fresh(gates.cluster)
    shown = entities["alice/two"]
    assert (shown["phase"], shown["progress"]) == ("Running", 0.125), "a quarter of one of two"
    assert (entities["alice"]["running"], entities["bob"]["running"]) == (1, 1)
    assert [entity["alias"] for entity in entities.values() if entity["kind"] == "task"] == ["first"] * 2
    gates.open("two")
    job.wait()
    entities = fresh(gates.cluster)
    aliases = [entity["alias"] for entity in entities.values() if entity["kind"] == "task"]
    assert aliases == ["first", "second"] * 2, "in their order on each node"


def test_batches_are_told_while_a_party_runs(cluster: kn.Cluster) -> None:
    job = cluster.apply(TUTORIAL.replace('"num_epoch":1,', '"num_epoch":100000,'))
    waiting(job, lambda: len({event.node for event in job.events.select("progress")}) == 2)
    (party, *_) = [entity for entity in fresh(cluster).values() if entity["kind"] == "party"]
    assert (party["epochs"], party["batches"]) == (100_000, 476)
    assert 1 <= party["epoch"] <= 100_000
    assert 0 <= party["batch"] <= 476
    job.stop()
    (party, *_) = [entity for entity in fresh(cluster).values() if entity["kind"] == "party"]
    (task,) = job.tasks["task"].unique()
    ended = {"kind": "party", "task": task, "name": "host.0", "domain": "alice", "phase": "Failed"}
    assert party == ended | UNCOUNTED


def test_a_stopped_job_says_why_it_failed(gates: Gates) -> None:
    job = gates.start("stopped")
    gates.open("stopped")
    gates.cluster.kubectl("label kj stopped kuscia.secretflow/job-stage=Stop -n cross-domain")
    job._run.ended.wait(SECONDS)
    if job.phase == "Failed":  # and not faster than the label
        assert "stopped" in fresh(gates.cluster)["alice/stopped"]["message"]


# --- look after look -------------------------------------------------------------------------------------------------


def test_only_what_has_changed_is_told(gates: Gates) -> None:
    first, tree = gates.start("first"), Tree(lambda: None)
    gates.open("first")
    first.wait()
    assert tree.look(gates.cluster).entities == tree.entities
    assert not tree.look(gates.cluster), "nothing has happened"
    second = gates.start("second")
    delta = tree.look(gates.cluster)
    assert not any(id.startswith(("alice/first", "bob/first")) for id in delta.entities)
    assert {"alice", "alice/second", "bob/second"} <= set(delta.entities)
    gates.open("second")
    second.wait()
    delta = tree.look(gates.cluster)
    assert Entities(delta.entities)["bob/second"]["phase"] == "Succeeded"
    assert not tree.busy
    gates.cluster.delete("first")
    delta = tree.look(gates.cluster)
    assert set(delta.removed) == ids_of(first)
    assert set(delta.entities) == {"alice", "bob"}
    tree.close()


def ids_of(job: kn.Job) -> set[str]:
    """The ids of a job that had one task."""
    (task,) = job.tasks["task"].unique()
    below = ("", f"/{task}", f"/{task}/host.0", f"/{task}/guest.0")
    return {f"{node}/{job.name}{end}" for node in ("alice", "bob") for end in below}


def test_finished_jobs_are_not_folded_again(gates: Gates, monkeypatch: pytest.MonkeyPatch) -> None:
    from kuscia_nb.panel import entities

    for name in ("one", "two", "three"):
        job = gates.start(name)
        gates.open(name)
        job.wait()
    tree = Tree(lambda: None)
    tree.look(gates.cluster)
    folded: list[str] = []
    fold = entities.job_entities
    monkeypatch.setattr(
        entities, "job_entities", lambda node, job, *rest: (folded.append(job.name), fold(node, job, *rest))[1]
    )
    tree.look(gates.cluster)
    assert folded == []
    gates.start("four")
    tree.look(gates.cluster)
    assert set(folded) == {"four"}
    tree.close()


def test_a_change_wakes_and_a_closed_tree_hears_nothing(gates: Gates) -> None:
    stores = [gates.cluster.at(node).store for node in gates.cluster.nodes]

    def listeners() -> list[int]:
        return [len(store._listeners) for store in stores if isinstance(store, Store)]

    woken, before = threading.Event(), listeners()
    tree = Tree(woken.set)
    tree.look(gates.cluster)
    assert not woken.is_set()
    assert listeners() == [count + 1 for count in before]
    job = gates.start("job")
    assert woken.wait(SECONDS)
    tree.close()
    woken.clear()
    gates.open("job")
    job.wait()
    assert not woken.is_set()
    assert listeners() == before


def test_another_cluster_takes_the_place_of_the_first(gates: Gates, tmp_path: Any) -> None:
    tree = Tree(lambda: None)
    job = gates.start("job")
    gates.open("job")
    job.wait()
    tree.look(gates.cluster)
    panel = Panel(tree.entities)
    with kn.connect(storage=tmp_path / "other") as other:
        for name in ("old", "new"):
            other.apply(TUTORIAL.replace("name: job-ss-lr", f"name: {name}")).wait()
        panel.take(tree.look(other))
        assert list(panel.entities.items()) == list(fresh(other).items()), "several new jobs at once"
    panel.take(tree.look(None))
    assert panel.entities == {}


def test_a_job_made_anew_is_the_newest(gates: Gates) -> None:
    tree = Tree(lambda: None)
    for name in ("old", "new"):
        gates.start(name)
        gates.open(name)
        gates.cluster.job(name).wait()
    tree.look(gates.cluster)
    panel = Panel(tree.entities)
    assert jobs(panel.entities) == ["new", "old"]
    before = set(panel.entities)
    gates.start("old")
    delta = tree.look(gates.cluster)
    assert {"alice/old", "bob/old"} <= set(delta.removed) & set(delta.entities)
    panel.take(delta)
    assert jobs(panel.entities) == ["old", "new"] == jobs(fresh(gates.cluster))
    gone = [id for id in before if id not in panel.entities]
    assert len(gone) == 6, "the tasks of the first one and their parties, on both nodes"


def jobs(entities: Entities) -> list[str]:
    """The names of alice's jobs."""
    return [entity["name"] for id, entity in entities.items() if entity["kind"] == "job" and id.startswith("alice/")]


@pytest.mark.parametrize("seed", range(6))
def test_what_is_told_piece_by_piece_is_what_there_is(gates: Gates, seed: int) -> None:
    """Whatever happens, and whenever the panel looks: the same entities in the same order as a new snapshot has."""
    draw = random.Random(seed)
    cluster, names = gates.cluster, ("a", "b", "c")
    tree = Tree(lambda: None)
    tree.look(cluster)
    panel = Panel(tree.entities)

    def known() -> list[str]:
        return list(cluster.observer.by_name)

    def start() -> None:
        name = draw.choice(names)
        if all(
            {node: cluster.at(node) for node in cluster.nodes}[node].store.get(KusciaJob, name) is None
            for node in PARTIES.values()
        ):
            gates.start(name, *("first", "second")[: draw.randint(1, 2)])

    def finish() -> None:
        for name in known():
            gates.open(name)
            cluster.observer.by_name[name].ended.wait(SECONDS)

    def delete() -> None:
        if known():
            name = draw.choice(known())
            gates.open(name)
            cluster.delete(name)

    def delete_on_one_node() -> None:
        if known():
            name, node = draw.choice(known()), draw.choice(list(PARTIES.values()))
            gates.open(name)
            cluster.kubectl(f"delete kj {name} -n cross-domain --ignore-not-found", node=node)

    def label() -> None:
        for name in known()[:1]:
            if cluster.at("alice").store.get(KusciaJob, name):
                cluster.kubectl(f"label kj {name} n=x{draw.random()} --overwrite -n cross-domain", node="alice")

    for _ in range(25):
        draw.choice((start, start, finish, delete, delete_on_one_node, label))()
        if draw.random() < 0.6:
            panel.take(tree.look(cluster))
            assert list(panel.entities.items()) == list(tree.entities.items())
    finish()
    panel.take(tree.look(cluster))
    assert list(panel.entities.items()) == list(tree.entities.items())
    assert panel.entities == fresh(cluster)
    tree.close()
