"""What a node takes of its peers, and of whom: a peer's request may name anybody and anything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from bfia_nodes import tutorial

from kuscia_nb.bfia.client import Exchange
from kuscia_nb.bfia.handlers import Handlers
from kuscia_nb.bfia.wire import Request, Response
from kuscia_nb.control.app_images import furnish
from kuscia_nb.control.consent import APPROVED, MOST_WAITING, Consent, refused, revealing
from kuscia_nb.control.node import Node
from kuscia_nb.control.objects import now
from kuscia_nb.control.resources import KusciaJob
from kuscia_nb.observer.events import Exchanged
from kuscia_nb.observer.observer import Observer

JOB = "/v1/interconn/schedule/job/"


class Asked:
    """A node with terms, to which requests of its peers come."""

    def __init__(self, folder: Path, **terms: Any) -> None:
        self.node = Node("alice", folder, consent=Consent(**terms))
        furnish(self.node, ("alice", "bob", "carol"))
        self._handlers = Handlers(self.node)

    def __call__(self, sender: str, path: str, body: dict[str, Any]) -> str:
        """The text of the answer; empty if it is a good one."""
        headers = {"X-Source-Node-Id": sender, "Content-Type": "application/json"}
        answer = json.loads(self._handlers(Request("POST", path, headers, json.dumps(body).encode())).body)
        return "" if answer["code"] in (0, 200) else answer.get("msg") or answer["message"]

    @property
    def jobs(self) -> list[KusciaJob]:
        return self.node.store.objects(KusciaJob)


def of_bob(**host: str) -> dict[str, Any]:
    """A job that bob starts, with these among alice's own parameters."""
    request = tutorial()
    request["config"]["initiator"] = {"role": "guest", "node_id": "bob"}
    own(request, "host").update(host)
    return request


def own(request: dict[str, Any], role: str) -> dict[str, Any]:
    (parameters,) = request["config"]["task_params"][role]["0"].values()
    return parameters


def common(request: dict[str, Any]) -> dict[str, Any]:
    (parameters,) = request["config"]["task_params"]["common"].values()
    return parameters


@pytest.mark.parametrize("accept", ["always", "ask", "never"])
@pytest.mark.parametrize("path", [f"{JOB}create", f"{JOB}create_all", "/v1/platform/schedule/job/create_all"])
def test_a_peer_orders_nothing_in_this_nodes_name(tmp_path: Path, accept: str, path: str) -> None:
    asked = Asked(tmp_path, accept=accept)
    assert tutorial()["config"]["initiator"]["node_id"] == "alice"
    assert asked("bob", path, tutorial()) != ""
    assert asked.jobs == []


def test_a_job_is_its_schedulers_alone(tmp_path: Path) -> None:
    asked, request = Asked(tmp_path), of_bob()
    assert "carol's" in asked("carol", f"{JOB}create", request)
    assert asked("bob", f"{JOB}create", request) == ""
    named = {"job_id": request["job_id"]}
    first = asked.jobs[0].metadata.uid
    (alias,) = (task.alias for task in asked.jobs[0].spec.tasks)
    assert "carol's" in asked("carol", f"{JOB}create", request)
    for path, more in (("start", {}), ("stop", {}), ("stop_all", {})):
        assert "carol's" in asked("carol", f"{JOB}{path}", {**named, **more})
    started = {**named, "task_id": "made-up", "task_name": alias}
    assert "carol's" in asked("carol", "/v1/interconn/schedule/task/start", started)
    assert "carol has no part" in asked("carol", f"{JOB}status_all", named)
    assert (asked.jobs[0].metadata.uid, asked.jobs[0].spec.stage) == (first, "Create")
    assert asked("bob", f"{JOB}start", named) == ""
    assert asked("bob", "/v1/interconn/schedule/task/start", started) == ""
    assert "carol's" in asked("carol", "/v1/interconn/schedule/task/stop", {"task_id": "made-up"})
    assert "carol has no part" in asked(
        "carol", "/v1/interconn/schedule/task/poll", {"task_id": "made-up", "role": "host.0"}
    )
    assert asked("bob", f"{JOB}stop", named) == ""


def test_a_peer_replaces_its_own_job_and_never_an_id_that_has_left_files(tmp_path: Path) -> None:
    asked, request = Asked(tmp_path), of_bob()
    named = {"job_id": request["job_id"]}
    assert asked("bob", f"{JOB}create", request) == ""
    first = asked.jobs[0]
    (tmp_path / f"{first.name}-host-0").mkdir()
    (tmp_path / f"{first.name}-host-0" / "given-result").write_text("1")
    assert asked("bob", f"{JOB}create", request) == ""
    assert asked.jobs[0].metadata.uid != first.metadata.uid
    assert asked("bob", f"{JOB}start", named) == ""
    started = {**named, "task_id": "given", "task_name": first.spec.tasks[0].alias}
    assert "already exists" in asked("bob", "/v1/interconn/schedule/task/start", started)


def test_with_ask_a_job_is_not_replaced(tmp_path: Path) -> None:
    asked = Asked(tmp_path, accept="ask")
    assert asked("bob", f"{JOB}create", of_bob()) == ""
    assert asked("bob", f"{JOB}create", of_bob()) == "Job already exists"
    asked.node.store.change(KusciaJob, asked.jobs[0].name, lambda job: refused("alice", job))
    assert asked("bob", f"{JOB}create", of_bob()) == "Job already exists", "it has not come to its end yet"
    asked.node.store.change(KusciaJob, asked.jobs[0].name, ended)
    assert asked("bob", f"{JOB}create", of_bob()) == "", "nothing of it was ever here"
    asked.node.store.change(KusciaJob, asked.jobs[0].name, ended)
    assert asked("bob", f"{JOB}create", of_bob()) == "Job already exists"


def ended(job: KusciaJob) -> KusciaJob:
    return job.model_copy(update={"status": job.status.model_copy(update={"completion_time": now()})})


@pytest.mark.parametrize("where", ["common", "host", "guest"])
def test_what_is_revealed_is_seen_wherever_it_is_said(tmp_path: Path, where: str) -> None:
    request = of_bob()
    (common(request) if where == "common" else own(request, where))["reveal"] = "both"
    never = Asked(tmp_path, reveal="never")
    assert "reveals its result to bob" in never("bob", f"{JOB}create", request)
    agreed = Asked(tmp_path, reveal="agreed")
    assert agreed("bob", f"{JOB}create", request) == ""
    assert {learner for _, learner in revealing(agreed.jobs[0])} == {"alice", "bob"}


@pytest.mark.parametrize("where", ["common", "host"])
def test_a_peer_names_files_in_data_only_wherever_it_names_them(tmp_path: Path, where: str) -> None:
    request, asked = of_bob(), Asked(tmp_path)
    if where == "common":
        del own(request, "host")["namespace"]
        common(request)["namespace"] = "job-of-carol-host-0"
    else:
        own(request, "host")["namespace"] = "job-of-carol-host-0"
    assert asked("bob", f"{JOB}create", request) != ""
    assert asked.jobs == []


@pytest.mark.parametrize("where", ["common", "host", "guest"])
def test_a_result_is_revealed_to_parties_only(tmp_path: Path, where: str) -> None:
    request = of_bob()
    (common(request) if where == "common" else own(request, where))["reveal"] = "carol"
    said = Asked(tmp_path)("bob", f"{JOB}create", request)
    assert "reveals its result to carol, which is no party of it" in said


@pytest.mark.parametrize("name", ["../outside.csv", "linked.csv", "folder/inside.csv"])
def test_what_leads_out_of_the_data_folder_is_not_read_for_a_peer(tmp_path: Path, name: str) -> None:
    asked, outside = Asked(tmp_path / "node"), tmp_path / "outside.csv"
    data = tmp_path / "node" / "data"
    (data / "own").mkdir(parents=True)
    outside.write_text("x1\n1\n")
    (data / "linked.csv").symlink_to(outside)
    (data / "folder").symlink_to(tmp_path)
    (data / "fine.csv").symlink_to(data / "own" / "real.csv")
    request = of_bob(name=name)
    assert asked("bob", f"{JOB}create", request) != ""
    assert asked.jobs == []
    assert asked("bob", f"{JOB}create", of_bob(name="fine.csv")) == ""


def test_a_peer_has_so_many_jobs_waiting_and_no_more(tmp_path: Path) -> None:
    asked = Asked(tmp_path, accept="ask")
    names = [f"job-{number}" for number in range(MOST_WAITING + 1)]
    answers = [asked("bob", f"{JOB}create", {**of_bob(), "job_id": name}) for name in names]
    assert answers[:-1] == [""] * MOST_WAITING
    assert f"{MOST_WAITING} jobs of bob wait at alice already" in answers[-1]
    asked.node.store.change(KusciaJob, names[0], ended)
    assert asked("bob", f"{JOB}create", {**of_bob(), "job_id": names[-1]}) == ""


def test_of_jobs_that_a_peer_has_stopped_itself_so_many_are_kept(tmp_path: Path) -> None:
    asked = Asked(tmp_path, accept="ask")
    store = asked.node.store
    for number in range(2 * MOST_WAITING):
        assert asked("bob", f"{JOB}create", {**of_bob(), "job_id": f"job-{number}"}) == ""
        store.change(KusciaJob, f"job-{number}", ended)
        if not number:
            store.change(KusciaJob, "job-0", lambda job: job.annotated(APPROVED, "true"))
    kept = {job.name for job in asked.jobs}
    assert kept == {"job-0", *(f"job-{number}" for number in range(MOST_WAITING, 2 * MOST_WAITING))}


def test_what_peers_ask_is_kept_up_to_a_limit(tmp_path: Path) -> None:
    asked, observer = Asked(tmp_path), Observer()
    observer.watch(asked.node.store)
    assert asked("bob", f"{JOB}create", of_bob()) == ""
    (job,) = asked.jobs
    exchange = Exchange("bob", "alice", Request("POST", "/x", {}, b"x" * 900), Response(200, b"y" * 100), now())
    for _ in range(100):
        observer.exchanged("bob", "x", job.name, exchange, 10 * 3048)
    kept = observer.by_name[job.name].events.select(Exchanged)
    assert len(list(kept)) == 10
    observer.exchanged("alice", "x", job.name, exchange)
    assert len(list(observer.by_name[job.name].events.select(Exchanged))) == 11, "what this node asks is kept"
