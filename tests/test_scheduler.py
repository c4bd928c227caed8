"""A scheduler that is no party: the requests of FATE-Flow 2.2.0, as it has sent them, to two nodes (spec: bfia §7).

data/fate/requests.jsonl is its side of a job, with the seconds after the first request: a job is created and started at
every party, then each task; a task is polled until all parties have ended it, and stopped then, as is the job.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import requests
from bfia_nodes import SCHEDULE, ask, change_job
from test_cluster import descend
from world import World, job

import kuscia_nb as kn
from kuscia_nb.control.objects import condition
from kuscia_nb.control.partner import UNANSWERED
from kuscia_nb.control.resources import KusciaJob
from kuscia_nb.errors import JobStopped, ManifestError

FATE = Path(__file__).parent / "data" / "fate"
GOOD = {"code": 0, "msg": "success", "data": {}}
ORDERS = [("alice", "bob"), ("bob", "alice")]
FINAL = ("SUCCESS", "FAILED")


class Sent(NamedTuple):
    """One of FATE's requests."""

    after: float
    to: str
    method: str
    path: str
    headers: dict[str, str]
    body: str


RECORDED = [Sent(**json.loads(line)) for line in (FATE / "requests.jsonl").read_text().splitlines()]
HEADERS = RECORDED[0].headers


def case(name: str, **changes: Any) -> dict[str, Any]:
    return json.loads((FATE / f"{name}.json").read_text()) | changes


def recorded(step: str, *, of_task: bool | None = None) -> dict[str, Sent]:
    """FATE's requests for a step, by their receiver; job/stop is there with a task's name, and without."""
    found = [sent for sent in RECORDED if sent.path == f"{SCHEDULE}/{step}"]
    return {sent.to: sent for sent in found if of_task is None or ("task_name" in sent.body) == of_task}


# --- with a clock of the test's own, and programs that say hello -----------------------------------------------------


def toys(*names: str, fails: str = "", **changes: Any) -> dict[str, Any]:
    """FATE's request for independent tasks that say hello."""
    body = case("dataset_id_alone", job_id="job", **changes)
    (first,) = body["dag"]["components"]
    body["dag"]["components"] = [first | {"name": name, "componentName": "toy"} for name in names]
    params = body["config"]["task_params"]
    params["common"] = {name: {"fails": fails} for name in names}
    for role in ("host", "guest"):
        own = params[role]["0"]["ss_lr_1"]
        params[role]["0"] = dict.fromkeys(names, own)
    return body


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


class Outside:
    """FATE's scheduler, with `order` the order in which it reaches the nodes."""

    def __init__(self, world: World, order: tuple[str, ...]) -> None:
        self.world, self.order = world, order

    def all(self, path: str, **body: Any) -> list[dict[str, Any]]:
        """What the nodes answer."""
        return [self.one(domain, path, **body) for domain in self.order]

    def one(self, domain: str, path: str, **body: Any) -> dict[str, Any]:
        response = ask(self.world.nodes[domain], "POST", f"{SCHEDULE}/{path}", body, **HEADERS)
        self.world.settle()
        return json.loads(response.body)

    def states(self, task_id: str) -> list[str]:
        return [answer["data"]["status"] for answer in self.all("task/poll", task_id=task_id, role="")]

    def run_task(self, name: str) -> list[str]:
        """Start a task, wait for its end, and stop it; how it ended."""
        assert self.all("task/start", task_id=f"task-{name}", task_name=name, job_id="job") == [GOOD, GOOD]
        for _ in range(20):
            self.world.run_programs()
            self.world.pass_time(2.0)
            states = self.states(f"task-{name}")
            if all(state in FINAL for state in states):
                assert self.all("job/stop", job_id="job", task_name=name) == [GOOD, GOOD]
                return states
        raise AssertionError(f"task {name} has no end")


def statuses(world: World) -> list[tuple[str, str]]:
    found = [world.job(domain) for domain in ("alice", "bob")]
    return [(job.status.phase, job.status.message) for job in found if job]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("wait", [0.0, 1.4, 6.0, 400.0])
def test_two_tasks_and_no_word_between_the_nodes(world: World, order: tuple[str, ...], wait: float) -> None:
    fate = Outside(world, order)
    assert fate.one(order[0], "job/create", **toys("a", "b")) == GOOD
    world.pass_time(wait)
    assert fate.one(order[1], "job/create", **toys("a", "b")) == GOOD
    world.pass_time(wait)
    assert fate.all("job/start", job_id="job") == [GOOD, GOOD]
    world.pass_time(wait)
    for name in ("a", "b"):
        assert fate.run_task(name) == ["SUCCESS", "SUCCESS"]
    assert fate.all("job/stop", job_id="job") == [GOOD, GOOD]
    world.finish()
    assert statuses(world) == [("Succeeded", ""), ("Succeeded", "")]
    assert world.messages == []
    states = {"task-a": "SUCCESS", "task-b": "SUCCESS"}
    for domain in order:
        found = ask(world.nodes[domain], "GET", f"{SCHEDULE}/job/status_all", {"job_id": "job"})
        assert json.loads(found.body)["data"] == {"job_status": "FINISHED", "status": states}


@pytest.mark.parametrize("order", ORDERS)
def test_a_task_may_be_started_before_its_job(world: World, order: tuple[str, ...]) -> None:  # spec: bfia §9.8
    fate = Outside(world, order)
    fate.all("job/create", **toys("a"))
    assert fate.run_task("a") == ["SUCCESS", "SUCCESS"]
    assert world.messages == []


@pytest.mark.parametrize("order", ORDERS)
def test_the_scheduler_is_the_jobs_arbiter(world: World, order: tuple[str, ...]) -> None:
    body = toys("a")
    body["config"]["role"]["arbiter"] = ["fate"]
    body["config"]["initiator"] = {"role": "arbiter", "node_id": "fate"}
    fate = Outside(world, order)
    assert fate.all("job/create", **body) == [GOOD, GOOD]
    assert fate.run_task("a") == ["SUCCESS", "SUCCESS"]
    assert fate.all("job/stop", job_id="job") == [GOOD, GOOD]
    world.finish()
    assert statuses(world) == [("Succeeded", ""), ("Succeeded", "")]
    assert world.messages == []


@pytest.mark.parametrize("fails", ["alice", "bob"])
def test_a_task_that_fails_at_one_party(world: World, fails: str) -> None:
    fate = Outside(world, ORDERS[0])
    fate.all("job/create", **toys("a", "b", fails=fails))
    fate.all("job/start", job_id="job")
    assert "FAILED" in fate.run_task("a")
    assert fate.all("job/stop", job_id="job") == [GOOD, GOOD]
    world.finish()
    assert [phase for phase, _ in statuses(world)] == ["Failed", "Failed"]
    assert len(world.tasks("alice")) == len(world.tasks("bob")) == 1
    assert fate.one("alice", "task/start", task_id="t", task_name="b", job_id="job")["code"] == 400
    assert world.messages == []


@pytest.mark.parametrize("order", ORDERS)
def test_a_job_that_is_stopped_in_mid_run(world: World, order: tuple[str, ...]) -> None:
    fate = Outside(world, order)
    fate.all("job/create", **toys("a", "b"))
    fate.all("job/start", job_id="job")
    fate.all("task/start", task_id="task-a", task_name="a", job_id="job")
    assert set(fate.states("task-a")) <= {"PENDING", "RUNNING"}
    assert fate.all("job/stop", job_id="job") == [GOOD, GOOD]
    world.finish()
    assert fate.states("task-a") == ["FAILED", "FAILED"]
    assert statuses(world) == [("Failed", "Job was stopped")] * 2
    assert world.messages == []


def test_a_stop_between_a_tasks_end_and_the_jobs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scheduler hears SUCCESS and stops the job, before the node has looked at the job again."""
    fate = Outside(world, ORDERS[0])
    fate.all("job/create", **toys("a"))
    fate.all("job/start", job_id="job")
    fate.all("task/start", task_id="task-a", task_name="a", job_id="job")
    controller = world.plane._controllers["alice", "KusciaJob"]
    with monkeypatch.context() as asleep:
        asleep.setattr(controller, "reconcile", lambda name: 1.0)
        world.run_programs()
        assert fate.states("task-a") == ["SUCCESS", "SUCCESS"]
        fate.all("job/stop", job_id="job")
    world.finish()
    assert statuses(world) == [("Succeeded", ""), ("Succeeded", "")]


# --- a partner is patient --------------------------------------------------------------------------------------------


def test_a_partner_waits_until_its_initiator_knows_the_job(world: World) -> None:
    world.nodes["bob"].create(job())
    for seconds in (0.0, 1.4, 60.0, 200.0):
        world.pass_time(seconds)
        found = world.job("bob")
        assert found is not None
        synced = condition(found.status.conditions, "JobStatusSynced")
        assert synced is not None
        assert (found.status.phase, synced.status) == ("Pending", "False")
    asked = len(world.messages)
    assert 10 < asked < 60, "ever more rarely"
    world.nodes["alice"].create(change_job(world.nodes["bob"], "job"))
    world.pass_time(15.0)
    found = world.job("bob")
    assert found is not None
    synced = condition(found.status.conditions, "JobStatusSynced")
    assert synced is not None
    assert synced.status == "True"


@pytest.mark.parametrize("order", ORDERS)
def test_a_person_may_create_a_job_at_both_nodes(world: World, order: tuple[str, ...]) -> None:
    """Without a sender it is the initiator that schedules; it finds its partner's copy to be the same job."""
    for domain in order:
        answer = ask(world.nodes[domain], "POST", f"{SCHEDULE}/job/create", toys("a", "b"))
        assert json.loads(answer.body) == GOOD
        world.pass_time(2.0)
    world.finish()
    assert statuses(world) == [("Succeeded", ""), ("Succeeded", "")]


def test_a_partner_does_not_wait_for_ever(world: World) -> None:
    world.nodes["bob"].create(job())
    world.pass_time(UNANSWERED + 30.0)
    ((phase, message),) = statuses(world)
    assert phase == "Failed"
    assert message.startswith("alice does not answer for this job: status code: 400, message: failed to find the job")


def test_after_the_start_an_initiator_that_knows_no_job_has_forgotten_it(world: World) -> None:
    node = world.nodes["bob"]
    node.create(job())
    node.store.change(KusciaJob, "job", lambda found: found.in_stage("Start"))
    world.pass_time(2.0)
    assert [phase for phase, _ in statuses(world)] == ["Failed"]


# --- over HTTP, with the operator itself -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kn.Cluster]:
    with kn.connect(storage=tmp_path_factory.mktemp("nodes")) as cluster:
        cluster.up_http(0)
        yield cluster


def send(cluster: kn.Cluster, sent: Sent, **changes: str) -> Any:
    """What a node answers to one of FATE's requests, with other values in its body."""
    body = json.dumps(json.loads(sent.body) | changes)
    url = f"{cluster.http[sent.to]}{sent.path}"
    return requests.request(sent.method, url, data=body, headers=sent.headers, timeout=30).json()


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        threading.Event().wait(0.005)


def ended(post: Callable[..., list[dict[str, Any]]], task_id: str) -> list[str]:
    """How a task has ended at each node."""
    states: list[str] = []

    def over() -> bool:
        states[:] = [answer["data"]["status"] for answer in post("task/poll", task_id=task_id, role="")]
        return all(state in FINAL for state in states)

    until(over)
    return states


@pytest.mark.parametrize("order", ORDERS)
def test_the_recorded_requests(cluster: kn.Cluster, order: tuple[str, ...]) -> None:
    name = f"recorded-{order[0]}"
    before = dict(cluster.ttp_status())

    def step(path: str, of_task: bool | None = None, **changes: str) -> None:
        sent = recorded(path, of_task=of_task)
        assert [send(cluster, sent[domain], job_id=name, **changes) for domain in order] == [GOOD, GOOD]

    step("job/create")
    step("job/start")
    step("task/start", task_id=f"task-{name}")
    assert ended(partial(everybody, cluster, order), f"task-{name}") == ["SUCCESS", "SUCCESS"]
    step("job/stop", of_task=True)
    step("job/stop", of_task=False)
    found = cluster.job(name).wait(30)
    assert found.phase == "Succeeded"
    assert len(found.exchanges) == 0, "no node has asked the other anything"
    assert cluster.ttp_status()["sessions"] > before["sessions"]
    assert_right(cluster, found)


def everybody(cluster: kn.Cluster, order: tuple[str, ...], path: str, **body: str) -> list[dict[str, Any]]:
    """What the nodes answer to a request of FATE's."""
    return [send(cluster, Sent(0, domain, "POST", f"{SCHEDULE}/{path}", HEADERS, "{}"), **body) for domain in order]


def assert_right(cluster: kn.Cluster, found: kn.Job, task: str | None = None) -> None:
    """The weights are those of the same training in plain numbers."""
    alice, bob = (cluster.data(node, f"perfect_logit_{node[0]}.csv").to_numpy(float) for node in ("alice", "bob"))
    rows = np.hstack([bob, alice[:, :-1]])  # guest.0 comes before host.0
    expected = descend(rows, alice[:, -1], batch=21, epochs=1, rate=0.0001, l2=0.5)
    steps = len(rows) // 21
    assert np.abs(found.weights(task)["weight"] - expected).max() < 4 * steps * 2.0**-18


@pytest.mark.parametrize("name", ["dataset_id_alone", "dataset_id_beside_names", "fate_pipeline_create"])
def test_each_of_fates_bodies(cluster: kn.Cluster, name: str) -> None:
    body = case(name)
    job_id = body["job_id"]
    post = partial(everybody, cluster, ORDERS[1])
    assert post("job/create", **body) == post("job/start", job_id=job_id) == [GOOD, GOOD]
    assert post("task/start", job_id=job_id, task_id=f"t-{job_id}", task_name="ss_lr_1") == [GOOD, GOOD]
    assert ended(post, f"t-{job_id}") == ["SUCCESS", "SUCCESS"]
    assert_right(cluster, cluster.job(job_id).wait(30))


def test_the_scheduler_may_be_the_initiator_itself(cluster: kn.Cluster) -> None:
    """create_all leaves everything to alice; both nodes then speak of the job in its dialect."""
    body = case("dataset_id_alone", job_id="all-in-one")
    sent = Sent(0, "alice", "POST", f"{SCHEDULE}/job/create_all", HEADERS, "{}")
    assert send(cluster, sent, **body) == GOOD
    found = cluster.job("all-in-one").wait(60)
    assert_right(cluster, found)
    assert {"job/create", "task/start"} <= set(found.exchanges["call"])
    for domain, url in cluster.http.items():
        answer = requests.get(f"{url}{SCHEDULE}/job/status_all", params={"job_id": "all-in-one"}, timeout=30).json()
        assert (answer["code"], answer["data"]["job_status"]) == (0, "FINISHED"), domain
    replies = [json.loads(reply) for reply in found.exchanges["reply"]]
    assert all(reply["code"] == 0 for reply in replies)


def test_stopping_in_mid_run(cluster: kn.Cluster) -> None:
    body = case("dataset_id_alone", job_id="stopped")
    body["config"]["task_params"]["common"]["ss_lr_1"]["num_epoch"] = 100_000
    post = partial(everybody, cluster, ORDERS[0])
    post("job/create", **body)
    post("job/start", job_id="stopped")
    post("task/start", job_id="stopped", task_id="t-stopped", task_name="ss_lr_1")
    found = cluster.job("stopped")
    until(lambda: "ALLGATHER" in set(found.trace.messages["kind"]))
    assert post("job/stop", job_id="stopped") == [GOOD, GOOD]
    assert ended(post, "t-stopped") == ["FAILED", "FAILED"]
    with pytest.raises(JobStopped):
        found.wait(30)


def test_a_person_stops_a_job_of_another_scheduler_on_all_nodes(cluster: kn.Cluster) -> None:
    body = case("dataset_id_alone", job_id="by-hand")
    everybody(cluster, ORDERS[0], "job/create", **body)
    found = cluster.job("by-hand")
    until(lambda: len(found._run.nodes) == 2)
    found.stop()
    assert found.phase == "Failed"
    with pytest.raises(JobStopped):
        found.wait(10)


def test_a_request_from_a_cell_is_in_the_standards_dialect_as_well(cluster: kn.Cluster) -> None:
    found = cluster.submit(case("dataset_id_alone", job_id="from-a-cell")).wait(60)
    created = found.exchanges[found.exchanges["call"] == "job/create"]
    assert [json.loads(reply) for reply in created["reply"]] == [GOOD]
    (component,) = json.loads(next(iter(created["request"])))["dag"]["components"]
    assert (component["componentName"], component["provider"]) == ("ss_lr", "secretflow")
    assert_right(cluster, found)
    body = case("dataset_id_alone", job_id="of-another")
    body["dag"]["components"][0]["provider"] = "unionpay"
    with pytest.raises(ManifestError, match='of the provider "secretflow" here'):
        cluster.submit(body)


def test_a_worker_of_fates_has_two_slashes(cluster: kn.Cluster) -> None:
    url = cluster.http["alice"]
    body = case("register_capital_name")
    for slashes, status in (("//", 200), ("///", 200), ("/foo/", 404), ("//foo/", 404)):
        answer = requests.post(f"{url}{slashes}v1/platform/schedule/component/register", json=body, timeout=30)
        assert answer.status_code == status
        assert answer.json() == GOOD if status == 200 else answer.text == "404 page not found"
