"""What a node answers to BFIA messages (spec: kuscia §3.1 to §3.4, §7 rows 30 to 40, bfia §1, §9)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bfia_nodes import (
    PLATFORM,
    SCHEDULE,
    TUTORIAL,
    ask,
    chain,
    change_job,
    furnished,
    get,
    job_of,
    kept_job,
    make_node,
    make_task,
    post,
    standard,
    task_of,
    tutorial,
)

from kuscia_nb.bfia.dialect import is_standard
from kuscia_nb.bfia.handlers import ROUTES
from kuscia_nb.control import accepting
from kuscia_nb.control.kinds import AppImage
from kuscia_nb.control.node import Node
from kuscia_nb.control.objects import Condition, condition
from kuscia_nb.control.records import STOPPED_TASKS
from kuscia_nb.control.resources import KusciaJob
from kuscia_nb.control.store import AlreadyExists
from kuscia_nb.errors import KusciaError
from kuscia_nb.operators import OPERATORS
from kuscia_nb.operators.component import ANNOTATION, Component

JOB = "job-ss-lr"
TASK = "job-ss-lr-ss-lr-1"
OK: dict[str, Any] = {"code": 200, "msg": "", "data": None}
GOOD: dict[str, Any] = {"code": 0, "msg": "success", "data": {}}


def refused(text: str, code: int = 400) -> dict[str, Any]:
    """An error of a handler of Kuscia's."""
    return {"code": code, "msg": text, "data": None}


def not_good(text: str) -> dict[str, Any]:
    """An error in the standard's dialect."""
    return {"code": 400, "msg": text, "data": {}}


def invalid(text: str) -> dict[str, Any]:
    """An error in the request itself."""
    return {"code": 400, "message": text}


@pytest.fixture
def node() -> Node:
    return make_node("bob")


@pytest.fixture
def alice() -> Node:
    return make_node("alice")


def edited(path: str, value: Any = ...) -> dict[str, Any]:
    """The tutorial's request with one value changed, or removed."""
    request = tutorial()
    *holders, last = [int(part) if part.isdigit() and part != "0" else part for part in path.split("/")]
    holder: Any = request
    for part in holders:
        holder = holder[0 if isinstance(holder, list) else part]
    if value is ...:
        del holder[last]
    else:
        holder[last] = value
    return request


# --- what comes in ---------------------------------------------------------------------------------------------------

MISSING = "parameter job_id can't be empty;parameter dag can't be empty;parameter config can't be empty"


@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        (b"", "application/json", "EOF"),
        (b" \n", "", "EOF"),
        (b"{}", "application/json", MISSING),
        (b"null", "application/json", MISSING),
        (b'{"job_id":""}', "application/json", MISSING),
        (b'{"job_id":null,"dag":null}', "application/json", MISSING),
        (TUTORIAL.encode(), "application/x-www-form-urlencoded", MISSING),  # what curl -d says without a header
        (TUTORIAL.encode(), "multipart/form-data", MISSING),
        (b'{"job_id":"a","config":{}}', "text/plain; charset=utf-8", "parameter dag can't be empty"),
        (b'{"jobId":"a","dag":{}}', "", "parameter config can't be empty"),
        (
            b'{"job_id":7}',
            "application/json",
            "json: cannot unmarshal number into Go struct field CreateJobRequest.job_id of type string",
        ),
        (b'{"x":1,"job_id":7}', "application/json", 'json: unknown field "x"'),
        (
            b'{"job_id":true,"x":1}',
            "application/json",
            "json: cannot unmarshal bool into Go struct field CreateJobRequest.job_id of type string",
        ),
        (
            b'{"job_id":"a","config":{"role":{"host":"alice"}}}',
            "application/json",
            "json: cannot unmarshal string into Go struct field CreateJobRequest.config.role.host of type array",
        ),
        (
            b'{"job_id":"a","dag":{"components":[[]]}}',
            "application/json",
            "json: cannot unmarshal array into Go struct field CreateJobRequest.dag.components[0] of type object",
        ),
        (b"[]", "application/json", "json: cannot unmarshal array into Go value of type CreateJobRequest"),
        (b'"{}"', "application/json", "json: cannot unmarshal string into Go value of type CreateJobRequest"),
        (b"{", "application/json", "invalid JSON: EOF while parsing an object at line 1 column 1"),
        (b'{"job_id":NaN}', "application/json", "invalid JSON: expected value at line 1 column 11"),
        (b'\xff{"job_id":1}', "application/json", "invalid JSON: expected value at line 1 column 1"),
        (b'{"job_id":"a","jobId":"b"}', "", 'has both "job_id" and "jobId", which are the same field'),
    ],
)
def test_decoding(node: Node, body: bytes, kind: str, text: str) -> None:  # spec: kuscia §3.2, §7 rows 31, 32
    assert post(node, "job/create", body, Content_Type=kind) == invalid(text)


def test_a_body_that_is_no_json_is_an_error_whatever_it_is(node: Node) -> None:
    for body in (b"[" * 100_000, b'{"a":' + b"1" * 5000 + b"}", b'"\\ud800"', b"\x00", b"{}{}"):
        found = post(node, "job/create", body)
        assert found["code"] == 400
        assert found["message"].startswith("invalid JSON: ")


def test_unknown_fields_and_both_spellings_are_fine(node: Node) -> None:
    body = tutorial(old_job_id=None, x=[1])
    body["jobId"] = body.pop("job_id")
    assert post(node, "job/create", body)["code"] == 200


@pytest.mark.parametrize("headers", [{}, {"Content_Type": ""}, {"content_type": "APPLICATION/JSON; charset=utf-8"}])
def test_no_header_is_needed(node: Node, headers: dict[str, str]) -> None:  # spec: bfia §9.6
    assert post(node, "job/create", TUTORIAL.encode(), **headers)["code"] == 200


@pytest.mark.parametrize(
    ("path", "body", "text"),
    [
        ("job/start", {}, "parameter job_id can't be empty"),
        ("job/stop", {"task_name": "a"}, "parameter job_id can't be empty"),
        ("job/status_all", {}, "parameter job_id can't be empty"),
        (
            "task/start",
            {},
            "parameter job_id can't be empty;parameter task_id can't be empty;parameter task_name can't be empty",
        ),
        ("task/start", {"task_id": "a", "task_name": "b"}, "parameter job_id can't be empty"),
        ("task/stop", {}, "parameter task_id can't be empty"),
        ("task/poll", {"role": "guest"}, "parameter task_id can't be empty"),
    ],
)
def test_what_must_be_there(node: Node, path: str, body: object, text: str) -> None:
    assert post(node, path, body) == invalid(text)


def test_a_get_without_job_id(node: Node) -> None:
    assert get(node, "job/status_all") == invalid("parameter job_id can't be empty")
    assert get(node, "job/status_all?job_id=") == invalid("parameter job_id can't be empty")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("POST", f"{SCHEDULE}/job/delete"),
        ("GET", f"{SCHEDULE}/job/create"),
        ("PUT", f"{SCHEDULE}/job/create"),
        ("POST", f"{SCHEDULE}/job/create/"),
        ("POST", "/v1/interconn/schedule/job/audit_confirm"),
    ],
)
def test_any_other_path_or_verb_is_not_found(node: Node, method: str, path: str) -> None:  # spec: kuscia §3.1
    response = ask(node, method, path, tutorial())
    assert (response.status, response.body, response.content_type) == (404, b"404 page not found", "text/plain")


def test_replies_are_compact_json_in_the_order_of_kuscias_message(node: Node) -> None:
    kept_job(node)
    response = ask(node, "POST", f"{SCHEDULE}/job/start", {"job_id": JOB})
    assert response == (200, b'{"code":200,"msg":"","data":null}', "application/json; charset=utf-8")


# --- job/create ------------------------------------------------------------------------------------------------------


def test_create(node: Node) -> None:  # row 7
    assert post(node, "job/create", tutorial()) == {"code": 200, "msg": "", "data": {"status": "PENDING"}}
    job = job_of(node)
    assert (job.spec.initiator, job.spec.stage, job.spec.max_parallelism) == ("alice", "Create", 2)
    assert job.annotations == {}
    assert len(job.spec.tasks[0].task_input_config) == 798
    assert job.source.text == ""


def test_create_twice(node: Node) -> None:  # spec: kuscia §3.3 row 2, §7 row 30
    post(node, "job/create", tutorial())
    assert post(node, "job/create", tutorial()) == refused("Job already exists")
    assert post(node, "job/create", {"job_id": JOB, "dag": {}, "config": {}}) == refused("Job already exists")


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("config/initiator", ..., "interconn job config initiator can't be empty"),
        ("config/initiator", {"role": "host"}, "interconn job config initiator can't be empty"),
        ("dag/components/0/code", ..., "validate appImage failed, component code can't be empty"),
        (
            "config/task_params/guest",
            {"x": {"ss_lr_1": {}}},
            "generate taskInputConfig failed, role index should be number string format, "
            'strconv.Atoi: parsing "x": invalid syntax',
        ),
        (
            "config/task_params/guest",
            {"1": {"ss_lr_1": {}}},
            "generate taskInputConfig failed, role index 2 should be less than role [bob] length",
        ),
        (
            "config/task_params/guest",
            {"-1": {"ss_lr_1": {}}},
            "generate taskInputConfig failed, role index should be number string format, "
            'strconv.Atoi: parsing "-1": invalid syntax',
        ),
        ("config/task_params", ..., "config.task_params: can't be empty"),  # row 4: Kuscia panics
        ("config/role", ..., "config.role: can't be empty"),
        ("dag/components", [], "dag.components: should have at least 1 items"),
        ("config/initiator/node_id", "carol", "config.initiator.node_id: initiator should be one of task parties"),
        (
            "dag/components/0/input",
            [{"type": "dataset", "key": "nope.x"}],
            "dag.components[0].input[0].key: not found task by name nope",
        ),
        (
            "config/task_params/common/ss_lr_1/l2_norm",
            None,
            "config.task_params.common.ss_lr_1.l2_norm: unsupported type of value null",
        ),
        (
            "config/task_params/guest/0/ss_lr_1/name",
            "../x",
            'config.task_params.guest.0.ss_lr_1.name: "../x" could lead out of the storage',
        ),
        (
            "dag/components/0/code",
            "ss-lrr",
            'dag.components[0].code: failed to get appimage ss-lrr, appimage.kuscia.secretflow "ss-lrr" not found',
        ),
        (
            "dag/components/0/module_name",
            "psi",
            "dag.components[0].module_name: not found expected component psi in component spec of AppImage ss-lr",
        ),
        (
            "config/role/guest",
            ["carol"],
            'config.role.guest[0]: can\'t find party namespace carol under cluster, namespace "carol" not found',
        ),
    ],
)
def test_what_create_refuses(node: Node, path: str, value: Any, text: str) -> None:
    """spec: kuscia §3.3 rows 3 to 5, §7 rows 33 to 35."""
    found = post(node, "job/create", edited(path, value))
    assert found == refused(found["msg"])
    assert found["msg"].startswith(text)
    assert node.store.objects(KusciaJob) == []


@pytest.mark.parametrize("name", ["Job_1", "a" * 51, "-a", "a/b", "job\n1"])
def test_a_job_id_is_a_name(node: Node, name: str) -> None:
    found = post(node, "job/create", tutorial(job_id=name))
    assert (found["code"], found["data"]) == (400, None)
    assert re.match(r"job_id: (Invalid value: |must be no more than 50 characters)", found["msg"])
    assert "\n" not in found["msg"]


def test_everything_is_said_at_once_and_in_one_line(node: Node) -> None:
    request = edited("config/role", {"host": ["alice"], "guest": ["bop"]})
    request["dag"]["components"][0]["code"] = "nope"
    found = post(node, "job/create", request)["msg"]
    assert found == (
        'dag.components[0].code: failed to get appimage nope, appimage.kuscia.secretflow "nope" not found;'
        'config.role.guest[0]: can\'t find party namespace bop under cluster, namespace "bop" not found'
    )


def test_names_in_errors_are_those_of_the_request(node: Node) -> None:
    request = edited("config/task_params/common/ss_lr_1/l2_norm", None)
    request["config"]["taskParams"] = request["config"].pop("task_params")
    found = post(node, "job/create", request)
    assert found == refused("config.taskParams.common.ss_lr_1.l2_norm: unsupported type of value null")


def test_a_create_that_another_one_overtook() -> None:  # row 6
    class Overtaken(Node):
        def create(self, job: KusciaJob) -> KusciaJob:
            raise AlreadyExists("Job already exists")

    node = furnished(Overtaken("bob", Path("nowhere")))
    assert post(node, "job/create", tutorial()) == {"code": 200, "msg": "", "data": {"status": ""}}
    alice = furnished(Overtaken("alice", Path("nowhere")))
    assert post(alice, "job/create_all", tutorial()) == not_good("Job already exists")


# --- job/start, job/stop, job/status_all -----------------------------------------------------------------------------


def test_unknown_jobs_and_tasks(node: Node) -> None:  # spec: kuscia §7 row 38: the wordings differ
    assert post(node, "job/start", {"job_id": "x"}) == refused("job does not exist")
    assert post(node, "job/stop", {"job_id": "x"}) == refused("job does not exist")
    assert get(node, "job/status_all?job_id=x") == refused("failed to find the job")
    body = {"job_id": "x", "task_id": "x-1", "task_name": "a"}
    assert post(node, "task/start", body) == refused("job does not exist")
    assert post(node, "task/stop", {"task_id": "x-1"}) == refused("task does not exist")
    assert post(node, "task/poll", {"task_id": "x-1", "role": "guest"}) == refused("failed to find the task")


def test_start_and_stop_set_the_stage_once(node: Node) -> None:  # spec: kuscia §7 row 39
    kept_job(node)
    for path, stage in (("job/start", "Start"), ("job/stop", "Stop")):
        assert post(node, path, {"job_id": JOB}) == OK
        once = job_of(node)
        assert once.spec.stage == stage
        assert post(node, path, {"job_id": JOB}) == OK
        assert job_of(node) is once


FALSE = (
    Condition(type="JobValidated", status="False", message="one"),
    Condition(type="JobCreateSucceeded", status="True", message="two"),
    Condition(type="JobStartSucceeded", status="False"),
    Condition(type="JobStopSucceeded", status="False", message="three"),
)


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ({"message": "all is lost", "conditions": FALSE}, "all is lost"),
        ({"conditions": FALSE}, "one;three;"),
        ({}, "Job status is failed"),
    ],
)
def test_nothing_starts_after_a_failure(node: Node, status: dict[str, Any], text: str) -> None:
    """spec: kuscia §7 row 40."""
    kept_job(node, phase="Failed", **status)
    assert post(node, "job/start", {"job_id": JOB}) == refused(text)
    body = {"job_id": JOB, "task_id": "t", "task_name": "ss_lr_1"}
    assert post(node, "task/start", body) == refused(text)
    assert job_of(node).spec.stage == "Create"


def test_start_again_after_a_failure_changes_nothing(node: Node) -> None:
    kept_job(node, stage="Start", phase="Failed")
    assert post(node, "job/start", {"job_id": JOB}) == OK


def test_a_stopped_job_does_not_start_again(node: Node) -> None:
    kept_job(node)
    post(node, "job/stop", {"job_id": JOB})
    assert post(node, "job/start", {"job_id": JOB}) == refused("Job status is failed")
    assert job_of(node).spec.stage == "Stop"


def test_stop_leaves_a_finished_job_as_it_is(node: Node) -> None:
    job = kept_job(node)
    job = change_job(node, JOB, stage="Start", phase="Succeeded", completion_time=job.metadata.creation_timestamp)
    assert post(node, "job/stop", {"job_id": JOB}) == OK
    assert job_of(node) is job


STATES = {"a": "Pending", "b": "Running", "c": "Succeeded", "d": "Failed"}
BFIA = {"a": "PENDING", "b": "RUNNING", "c": "SUCCESS", "d": "FAILED"}


@pytest.mark.parametrize(
    ("phase", "state"),
    [
        ("", "PENDING"),
        ("Pending", "READY"),
        ("Running", "RUNNING"),
        ("Succeeded", "FINISHED"),
        ("Failed", "FINISHED"),
    ],
)
def test_status_all(node: Node, phase: str, state: str) -> None:  # spec: kuscia §3.4, bfia §1.3, §9.4
    kept_job(node, phase=phase, task_status=STATES)
    assert get(node, f"job/status_all?job_id={JOB}") == {"code": 200, "msg": "", "data": {"status": BFIA}}
    both = {"code": 200, "msg": "", "data": {"job_status": state, "status": BFIA}}
    assert get(node, "job/status_all", {"job_id": JOB}) == both
    assert get(node, f"job/status_all?job_id={JOB}", {"job_id": JOB}) == both
    assert post(node, "job/status_all", {"job_id": JOB}) == both
    assert post(node, f"job/status_all?job_id={JOB}") == both


def test_status_all_of_a_job_without_tasks(node: Node) -> None:
    kept_job(node)
    assert get(node, f"job/status_all?job_id={JOB}")["data"] == {"status": {}}


# --- task/start, task/stop, task/poll --------------------------------------------------------------------------------


def start_task(node: Node, task_id: str = TASK, alias: str = "ss_lr_1", job: str = JOB) -> dict[str, Any]:
    return post(node, "task/start", {"job_id": job, "task_id": task_id, "task_name": alias})


def test_task_start_gives_the_task_its_id(node: Node) -> None:
    kept_job(node)
    assert start_task(node) == OK
    once = job_of(node)
    assert once.spec.tasks[0].task_id == TASK
    assert once.spec.stage == "Create", "it does not ask whether the job was started"
    assert start_task(node) == OK
    assert start_task(node, "another-id") == OK
    assert job_of(node) is once


def test_task_start_of_an_unknown_alias(node: Node) -> None:
    kept_job(node)
    assert start_task(node, alias="nope") == refused("failed to find the task by task name")


@pytest.mark.parametrize("task_id", ["../x", "a/b", "-a", "a.", "é", "a b", "a" * 64, ".."])
def test_a_task_id_cannot_lead_anywhere(node: Node, task_id: str) -> None:
    kept_job(node)
    found = start_task(node, task_id)
    assert found == refused(found["msg"])
    assert found["msg"].startswith(f'task_id: Invalid value: "{task_id}": must consist of letters, digits')
    assert job_of(node).spec.tasks[0].task_id is None


def test_the_standards_task_ids_are_fine(node: Node) -> None:
    kept_job(node)
    assert start_task(node, f"task_{'0f' * 16}") == OK


def test_a_task_id_is_of_one_task(node: Node) -> None:  # spec: kuscia §7 row 7
    kept_job(node, chain("a", "b"))
    assert start_task(node, "t", "a") == OK
    text = "Failed to create task t because a task with the same name already exists"
    assert start_task(node, "t", "b") == refused(text)
    kept_job(node, tutorial(job_id="other"))
    assert start_task(node, "t", job="other") == refused(text)


def test_task_stop(node: Node) -> None:
    kept_job(node)
    make_task(node, JOB, "ss_lr_1", "Running", bob="Running")
    assert post(node, "task/stop", {"task_id": TASK}) == OK
    once = task_of(node, TASK)
    success = condition(once.status.conditions, "Success")
    assert success is not None
    assert (once.status.phase, success.status, success.reason) == ("Failed", "False", "TaskIsStopped")
    assert once.status.completion_time is None, "its controller sees to that"
    assert post(node, "task/stop", {"task_id": TASK}) == OK
    assert task_of(node, TASK) is once


def test_task_stop_leaves_an_ended_task_as_it_is(node: Node) -> None:
    kept_job(node)
    task = make_task(node, JOB, "ss_lr_1", "Succeeded")
    assert post(node, "task/stop", {"task_id": TASK}) == OK
    assert task_of(node, TASK) is task


def test_task_stop_before_it_was_made(node: Node) -> None:
    kept_job(node)
    start_task(node)
    assert post(node, "task/poll", {"task_id": TASK, "role": "guest"})["data"] == {"status": "PENDING"}
    assert post(node, "task/stop", {"task_id": TASK}) == OK
    assert job_of(node).annotations == {STOPPED_TASKS: "ss_lr_1"}
    assert post(node, "task/poll", {"task_id": TASK, "role": "guest"})["data"] == {"status": "FAILED"}
    assert start_task(node, "again") == refused("task ss_lr_1 was stopped")


@pytest.mark.parametrize(
    ("parties", "role", "state"),
    [
        ({"bob": "Running"}, "guest", "RUNNING"),
        ({"bob": "Succeeded"}, "guest", "SUCCESS"),
        ({"bob": "Failed"}, "guest", "FAILED"),
        ({"bob": "Pending"}, "guest", "PENDING"),
        ({"bob": ""}, "guest", "PENDING"),
        ({}, "guest", "PENDING"),
        ({"bob": "Running"}, "arbiter", "PENDING"),
        ({"alice": "Succeeded", "bob": "Running"}, "host", "SUCCESS"),
        ({"alice": "Succeeded", "bob": "Running"}, "", "RUNNING"),
        ({"bob": "Succeeded"}, "", "SUCCESS"),
    ],
)
def test_poll(node: Node, parties: dict[str, Any], role: str, state: str) -> None:
    kept_job(node)
    make_task(node, JOB, "ss_lr_1", "Pending", **parties)
    found = post(node, "task/poll", {"task_id": TASK, "role": role})
    assert found == {"code": 200, "msg": "", "data": {"status": state}}


def test_poll_without_a_role_gives_the_worst_of_the_nodes_roles(node: Node) -> None:  # spec: bfia §7
    kept_job(node)
    task = make_task(node, JOB, "ss_lr_1", "Running", bob="Succeeded")
    other = task.status.party_task_status[0].model_copy(update={"role": "arbiter"})
    for phase, state in (("Pending", "PENDING"), ("Running", "RUNNING"), ("Failed", "FAILED")):
        told = (*task.status.party_task_status, other.model_copy(update={"phase": phase}))
        changed = task.model_copy(update={"status": task.status.model_copy(update={"party_task_status": told})})
        node.store.change(type(task), TASK, lambda _, changed=changed: changed)
        assert post(node, "task/poll", {"task_id": TASK})["data"] == {"status": state}
        assert post(node, "task/poll", {"task_id": TASK, "role": "guest"})["data"] == {"status": "SUCCESS"}


# --- job/stop with a task_name (spec: bfia §9.3) ----------------------------------------------------------------------


@pytest.fixture
def four(node: Node) -> Node:
    """A job of which a has succeeded, b runs, c waits for b, and d for c; e is on its own."""
    request = chain("a", "b", "c", "d")
    alone = request["dag"]["components"][0] | {"name": "e"}
    request["dag"]["components"].insert(0, alone)
    params = request["config"]["task_params"]
    for holder in (params["host"]["0"], params["guest"]["0"], params["common"]):
        holder["e"] = holder["a"]
    kept_job(node, request, stage="Start")
    make_task(node, JOB, "a", "Succeeded", bob="Succeeded")
    make_task(node, JOB, "b", "Running", bob="Running")
    return node


def stop(node: Node, alias: str) -> dict[str, Any]:
    return post(node, "job/stop", {"job_id": JOB, "task_name": alias})


def test_stopping_a_task_that_has_ended_changes_nothing(four: Node) -> None:
    before = job_of(four), task_of(four, f"{JOB}-a"), task_of(four, f"{JOB}-b")
    assert stop(four, "a") == OK
    assert before == (job_of(four), task_of(four, f"{JOB}-a"), task_of(four, f"{JOB}-b"))
    assert job_of(four) is before[0]


def test_stopping_a_running_task_stops_what_follows_it(four: Node) -> None:
    assert stop(four, "b") == OK
    job = job_of(four)
    assert job.annotations == {STOPPED_TASKS: "c,d"}
    assert job.spec.stage == "Start"
    assert task_of(four, f"{JOB}-a").status.phase == "Succeeded"
    assert task_of(four, f"{JOB}-b").status.phase == "Failed"
    assert stop(four, "b") == OK
    assert job_of(four) is job


def test_stopping_a_waiting_task(four: Node) -> None:
    assert stop(four, "d") == OK
    assert job_of(four).annotations == {STOPPED_TASKS: "d"}
    assert stop(four, "c") == OK
    assert job_of(four).annotations == {STOPPED_TASKS: "c,d"}
    assert task_of(four, f"{JOB}-b").status.phase == "Running"
    once = job_of(four)
    assert stop(four, "d") == OK
    assert job_of(four) is once


def test_stopping_an_unknown_task(four: Node) -> None:
    assert stop(four, "x") == refused("failed to find the task by task name")


def test_a_task_that_is_made_while_it_is_stopped(four: Node) -> None:
    """Whoever makes a task between the two steps finds its alias marked, or it is stopped as well."""
    make = []

    def listen(change: Any) -> None:
        if STOPPED_TASKS in change.object.annotations and not make:
            make.append(make_task(four, JOB, "c", "Pending") if job_of(four).spec.tasks[3].task_id else None)

    start_task(four, f"{JOB}-c", "c")
    four.store.subscribe(listen)
    stop(four, "b")
    assert task_of(four, f"{JOB}-c").status.phase == "Failed"


# --- dialects (spec: bfia §9.1, §9.2) ---------------------------------------------------------------------------------


def test_the_standards_dialect(node: Node) -> None:
    request = standard(tutorial())
    assert post(node, "job/create", request) == GOOD
    job = job_of(node)
    assert is_standard(job)
    assert job.annotations == {"kuscia-nb/bfia-dialect": "standard"}
    assert (job.spec.tasks[0].app_image, job.spec.tasks[0].config.module_name) == ("ss-lr", "ss_lr")
    assert post(node, "job/start", {"job_id": JOB}) == GOOD
    assert start_task(node) == GOOD
    assert post(node, "task/poll", {"task_id": TASK, "role": ""}) == GOOD | {"data": {"status": "PENDING"}}
    make_task(node, JOB, "ss_lr_1", "Running", bob="Running")
    assert post(node, "task/poll", {"task_id": TASK}) == GOOD | {"data": {"status": "RUNNING"}}
    states = {"job_status": "PENDING", "status": {}}
    assert post(node, "job/status_all", {"job_id": JOB}) == GOOD | {"data": states}
    assert get(node, f"job/status_all?job_id={JOB}") == GOOD | {"data": states}, "whoever asks, it is not Kuscia"
    assert post(node, "task/stop", {"task_id": TASK}) == GOOD
    assert post(node, "job/stop", {"job_id": JOB, "task_name": "ss_lr_1"}) == GOOD
    assert post(node, "job/stop", {"job_id": JOB}) == GOOD


def test_both_sets_of_names_are_kuscias_dialect(node: Node) -> None:
    request = tutorial()
    request["dag"]["components"][0] |= {"componentName": "ss_lr", "provider": "secretflow"}
    assert post(node, "job/create", request)["code"] == 200
    assert job_of(node).annotations == {}


def test_create_again_in_the_standards_dialect(node: Node) -> None:  # spec: bfia §7, §9.8
    request = standard(tutorial())
    post(node, "job/create", request)
    post(node, "job/start", {"job_id": JOB})
    start_task(node)
    assert post(node, "job/create", request) == GOOD, "the same job"
    request["config"]["task_params"]["common"]["ss_lr_1"]["num_epoch"] = 2
    assert post(node, "job/create", request) == refused("Job already exists")


# --- east-west paths that only the standard has ----------------------------------------------------------------------


def test_create_all(alice: Node) -> None:
    assert post(alice, "job/create_all", tutorial()) == GOOD
    assert job_of(alice).annotations == {}
    assert post(alice, "job/create_all", tutorial()) == GOOD, "the same again"
    assert post(alice, "job/create_all", tutorial(flow_id="f")) == not_good("Job already exists")
    assert post(alice, "job/create_all", {}) == not_good(MISSING)


def test_create_all_is_for_the_initiator(node: Node) -> None:
    text = "config.initiator.node_id: alice schedules this job, not bob"
    assert post(node, "job/create_all", tutorial()) == not_good(text)
    assert post(node, f"{PLATFORM}/job/create_all", tutorial()) == not_good(text)


def test_stop_all(alice: Node) -> None:
    kept_job(alice)
    assert post(alice, "job/stop_all", {"job_id": JOB}) == GOOD
    assert job_of(alice).spec.stage == "Stop"
    assert post(alice, "job/stop_all", {"job_id": "x"}) == not_good("job does not exist")


def callback(node: Node, status: str, role: str = "guest", **headers: str) -> dict[str, Any]:
    return post(node, "task/callback", {"task_id": TASK, "status": status, "role": role}, **headers)


def parties(node: Node) -> dict[str, str]:
    return {party.domain_id: party.phase for party in task_of(node, TASK).status.party_task_status}


def test_callback(alice: Node) -> None:
    kept_job(alice)
    make_task(alice, JOB, "ss_lr_1", "Running", alice="Running", bob="Pending")
    assert callback(alice, "RUNNING") == GOOD
    assert parties(alice) == {"alice": "Running", "bob": "Running"}
    assert callback(alice, "PENDING") == GOOD
    assert parties(alice)["bob"] == "Running", "nobody goes back"
    assert callback(alice, "SUCCESS", "guest.0", X_Source_Node_Id="bob") == GOOD
    once = task_of(alice, TASK)
    assert parties(alice) == {"alice": "Running", "bob": "Succeeded"}
    for status in ("SUCCESS", "FAILED", "RUNNING"):
        assert callback(alice, status, x_node_id="bob") == GOOD
    assert task_of(alice, TASK) is once, "the last word stays"


def test_callback_before_anything_is_known_of_the_party(alice: Node) -> None:
    kept_job(alice)
    make_task(alice, JOB, "ss_lr_1", "Running")
    assert callback(alice, "FAILED") == GOOD
    assert parties(alice) == {"bob": "Failed"}


def test_callback_after_the_end(alice: Node) -> None:
    kept_job(alice)
    make_task(alice, JOB, "ss_lr_1", "Failed", bob="Running")
    assert callback(alice, "SUCCESS") == GOOD
    assert parties(alice) == {"bob": "Running"}


def test_what_callback_refuses(alice: Node, node: Node) -> None:
    assert callback(alice, "SUCCESS") == not_good("failed to find the task")
    for one in (alice, node):
        kept_job(one)
        make_task(one, JOB, "ss_lr_1", "Running", alice="Running", bob="Running")
    none_is = "role: no party is {}; of other nodes: bob-guest"
    assert callback(alice, "SUCCESS", "host") == not_good(none_is.format("host"))
    assert callback(alice, "SUCCESS", x_node_id="carol") == not_good(none_is.format("guest of carol"))
    text = 'status: "Succeeded" is none of PENDING, READY, RUNNING, SUCCESS, FAILED'
    assert callback(alice, "Succeeded") == not_good(text)
    assert callback(node, "SUCCESS", "host") == not_good(f"alice schedules task {TASK}, not bob")
    assert parties(alice) == {"alice": "Running", "bob": "Running"}
    empty = "parameter task_id can't be empty;parameter status can't be empty;parameter role can't be empty"
    assert post(alice, "task/callback", {}) == not_good(empty)


# --- north-south paths -----------------------------------------------------------------------------------------------


def test_platform_create_all_makes_the_name(alice: Node) -> None:
    names, unnamed = set(), {name: value for name, value in tutorial().items() if name != "job_id"}
    for body in (tutorial(), unnamed, unnamed | {"jobId": "x"}, standard(tutorial())):
        found = post(alice, f"{PLATFORM}/job/create_all", body)
        assert found == GOOD | {"data": {"job_id": found["data"]["job_id"]}}
        names.add(found["data"]["job_id"])
        assert re.fullmatch("job-[0-9a-f]{32}", found["data"]["job_id"])
    assert [job.name for job in alice.store.objects(KusciaJob)] == sorted(names)
    empty = "parameter dag can't be empty;parameter config can't be empty"
    assert post(alice, f"{PLATFORM}/job/create_all", {}) == not_good(empty)
    found = post(alice, f"{PLATFORM}/job/create_all", edited("dag/components/0/code", "x"))
    assert found["msg"].startswith("dag.components[0].code: failed to get appimage x")


def test_platform_status_all_and_job_list(alice: Node) -> None:
    kept_job(alice, tutorial(flow_id="f"), phase="Running", task_status={"t": "Running"})
    kept_job(alice, tutorial(job_id="other"))
    states = {"job_status": "RUNNING", "status": {"t": "RUNNING"}}
    assert get(alice, f"{PLATFORM}/job/status_all?job_id={JOB}") == GOOD | {"data": states}
    assert get(alice, f"{PLATFORM}/job/status_all?job_id=x") == not_good("failed to find the job")
    everything = {JOB: "RUNNING", "other": "PENDING"}
    assert get(alice, f"{PLATFORM}/job/query_job_list")["data"] == {"job_list": everything}
    assert get(alice, f"{PLATFORM}/job/query_job_list?flow_id=")["data"] == {"job_list": everything}
    assert get(alice, f"{PLATFORM}/job/query_job_list?flow_id=f")["data"] == {"job_list": {JOB: "RUNNING"}}


def test_platform_stop(alice: Node) -> None:
    kept_job(alice, chain("a", "b"))
    path = f"{PLATFORM}/job/stop_task"
    assert post(alice, path, {"job_id": JOB}) == not_good("parameter task_name can't be empty")
    assert post(alice, path, {"job_id": JOB, "task_name": "b"}) == GOOD
    assert job_of(alice).annotations == {STOPPED_TASKS: "b"}
    assert post(alice, f"{PLATFORM}/job/stop_all", {"job_id": JOB}) == GOOD
    assert job_of(alice).spec.stage == "Stop"


def test_platform_callback_is_about_the_nodes_own_program(alice: Node) -> None:
    kept_job(alice)
    task = make_task(alice, JOB, "ss_lr_1", "Running", alice="Running")
    body = {"task_id": TASK, "status": "SUCCESS", "role": "host.0"}
    assert post(alice, f"{PLATFORM}/task/callback", body) == GOOD
    assert task_of(alice, TASK) is task, "the node sees the ends of its own programs itself"
    found = post(alice, f"{PLATFORM}/task/callback", body | {"role": "guest"})
    assert found == not_good(f"role: alice is not guest in task {TASK}")
    found = post(alice, f"{PLATFORM}/task/callback", body | {"task_id": "x"})
    assert found == not_good("failed to find the task")


LOG = "INFO one\n2026 WARNING two\nthree\nERROR four\nDEBUG five"


@pytest.mark.parametrize(
    ("level", "numbers"),
    [("debug", "one two three four five"), ("INFO", "one two three four"), ("warning", "two four"), ("error", "four")],
)
def test_logs(level: str, numbers: str) -> None:
    node = make_node("alice", logs=lambda domain, task_id: LOG if (domain, task_id) == ("alice", "t") else "")
    words = numbers.split()
    query = f"task_id=t&log_level={level}"
    assert get(node, f"{PLATFORM}/task/get_log_line?{query}") == GOOD | {"data": {"num": len(words)}}

    def log(more: str) -> list[str]:
        text = get(node, f"{PLATFORM}/task/get_log?{query}{more}")["data"]["data"]
        return [line.split()[-1] for line in text.splitlines()]

    assert log("&start=0") == words
    assert log("&start=1&length=1") == words[1:2]
    assert log("&start=9&length=1") == log("&start=0&length=0") == []


def test_what_logs_refuse(node: Node) -> None:
    query = f"{PLATFORM}/task/get_log?task_id={TASK}"
    assert get(node, f"{query}&log_level=info&start=0") == not_good("failed to find the task")
    assert get(node, query) == not_good("parameter log_level can't be empty;parameter start can't be empty")
    text = 'log_level: "loud" is none of debug, info, warning, error'
    assert get(node, f"{query}&log_level=loud&start=0") == not_good(text)
    for wrong in ("x", "-1", "1.5"):
        found = get(node, f"{query}&log_level=info&start={wrong}")
        assert found["msg"].startswith("start: Input should be ")
    kept_job(node)
    make_task(node, JOB, "ss_lr_1")
    assert get(node, f"{query}&log_level=info&start=0")["data"] == {"data": ""}


INFO = {
    "componentName": "ecdh_psi",
    "title": "PSI",
    "provider": "secretflow",
    "version": "v1.0.0",
    "roleList": ["host", "guest"],
    "inputParam": [{"name": "x", "optional": "true"}],
    "inputData": [{"name": "train_data", "category": "dataset", "dataFormat": ["csv"]}],
    "outputData": [{"name": "train_data", "category": "dataset"}, {"name": "report", "category": "report"}],
}


def test_register(node: Node) -> None:  # spec: bfia §2.1, kuscia §5.4
    path = f"{PLATFORM}/component/register"
    assert post(node, path, {"imageUrl": "registry:5000/x/psi:1.2", "component_info": INFO}) == GOOD
    image = node.store.get(AppImage, "ecdh-psi")
    assert image is not None
    assert (image.spec.image.name, image.spec.image.tag) == ("registry:5000/x/psi", "1.2")
    assert accepting.component(node.store, "ecdh-psi", "ecdh_psi") == Component(
        "ecdh_psi", "PSI", ("train_data",), ("train_data", "report")
    )
    assert json.loads(image.annotations[ANNOTATION])["component.1.output.2.name"] == "report"
    assert post(node, path, {"image_url": "registry:5000/psi", "componentInfo": INFO | {"outputData": []}}) == GOOD
    again = node.store.get(AppImage, "ecdh-psi")
    assert again is not None
    assert (again.spec.image.name, again.spec.image.tag) == ("registry:5000/psi", "latest")
    assert accepting.component(node.store, "ecdh-psi", "ecdh_psi").outputs == ()


def test_register_keeps_the_other_components_of_an_image(node: Node) -> None:
    image = node.store.get(AppImage, "ss-lr")
    assert image is not None
    other = Component("other", "", ("x",), ())
    annotation = image.annotations[ANNOTATION].replace("component.1.", "component.2.")
    both = json.dumps(json.loads(other.annotation()) | json.loads(annotation))
    metadata = image.metadata.model_copy(update={"annotations": {ANNOTATION: both}})
    node.store.change(AppImage, "ss-lr", lambda image: image.model_copy(update={"metadata": metadata}))
    info = INFO | {"componentName": "ss_lr"}
    assert post(node, f"{PLATFORM}/component/register", {"imageUrl": "x", "component_info": info}) == GOOD
    assert accepting.component(node.store, "ss-lr", "other") == other
    assert accepting.component(node.store, "ss-lr", "ss_lr").outputs == ("train_data", "report")
    assert accepting.component(node.store, "ss-lr", "ss_lr") != OPERATORS["ss_lr"].component


@pytest.mark.parametrize("broken", ["{", "[]", "5"])
def test_register_over_what_nobody_can_read(node: Node, broken: str) -> None:
    def unreadable(image: AppImage) -> AppImage:
        metadata = image.metadata.model_copy(update={"annotations": {ANNOTATION: broken}})
        return image.model_copy(update={"metadata": metadata})

    node.store.change(AppImage, "ss-lr", unreadable)
    info = INFO | {"componentName": "ss_lr"}
    assert post(node, f"{PLATFORM}/component/register", {"imageUrl": "x", "component_info": info}) == GOOD
    assert accepting.component(node.store, "ss-lr", "ss_lr").inputs == ("train_data",)


def test_what_register_refuses(node: Node) -> None:
    path = f"{PLATFORM}/component/register"
    empty = "parameter image_url can't be empty;parameter component_info can't be empty"
    assert post(node, path, {}) == not_good(empty)
    found = post(node, path, {"imageUrl": "x", "component_info": {"title": "x"}})
    assert found == not_good(
        "parameter component_info.componentName can't be empty;parameter component_info.provider can't be empty;"
        "parameter component_info.version can't be empty"
    )
    found = post(node, path, {"imageUrl": "x", "component_info": INFO | {"componentName": "../x"}})
    assert found["msg"].startswith('component_info.componentName: Invalid value: "../x": must consist of')


def test_node_health_and_query(node: Node) -> None:
    assert get(node, "/v1/interconn/node/health") == {"status": "ok"}
    assert get(node, "/v1/interconn/node/query") == GOOD | {"data": {"node_id": "bob", "inst_id": "bob"}}


# --- all of them -----------------------------------------------------------------------------------------------------


def test_what_the_node_refuses_is_a_refusal(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(*_: object) -> None:
        raise KusciaError("not\nnow", hint="later")

    monkeypatch.setattr(node, "apply", refusing)
    body = {"imageUrl": "x", "component_info": INFO}
    assert post(node, f"{PLATFORM}/component/register", body) == not_good("not now")


@pytest.mark.parametrize(
    ("path", "start"),
    [
        ("job/start", "OSError: disk"),
        ("job/stop", "failed to stop job, OSError: disk"),
        ("task/stop", "failed to stop tsak, OSError: disk"),  # Kuscia's spelling
    ],
)
def test_a_fault_of_the_node_is_an_answer(node: Node, path: str, start: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kept_job(node)
    make_task(node, JOB, "ss_lr_1")

    def broken(*_: object) -> None:
        raise OSError("disk")

    monkeypatch.setattr(node.store, "change", broken)
    assert post(node, path, {"job_id": JOB, "task_id": TASK}) == refused(start, 500)


@pytest.mark.parametrize("key", sorted(ROUTES), ids=" ".join)
def test_no_request_is_too_strange(key: tuple[str, str]) -> None:
    node = make_node("alice")
    method, path = key
    bodies: list[object] = [b"", b"{", [], 5, None, {}, {"job_id": 5}, {"task_id": "é", "job_id": "\0"}, tutorial()]
    bodies += [{"job_id": {}, "dag": {}, "config": {}}, {"component_info": [], "imageUrl": ""}]
    for body in bodies:
        for query in ("", "?", "?job_id=a&job_id=b", "?%ff=%00&start=x"):
            response = ask(node, method, path + query, body)
            assert response.status == 200
            answer = json.loads(response.body)
            assert answer.get("code", 0) in (0, 200, 400)
            if answer.get("code") == 400:
                assert answer.get("msg") or answer.get("message")


def test_each_route_has_a_summary() -> None:
    routes: list[Callable[..., Any]] = [route.handle for route in ROUTES.values()]
    assert all(route.__doc__ for route in routes)
    assert len(ROUTES) == 8 + 3 + 9 + 2
