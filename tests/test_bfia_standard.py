"""The standard's dialect where it differs from Kuscia's: what FATE-Flow sends, and what a node makes of it.

The bodies in data/fate were sent by FATE-Flow 2.2.0, or differ from those in what their names say.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from bfia_nodes import (
    PLATFORM,
    ask,
    chain,
    change_job,
    get,
    job_of,
    make_node,
    make_task,
    post,
    standard,
    task_of,
    tutorial,
)

from kuscia_nb.bfia.client import Client
from kuscia_nb.bfia.dialect import is_standard, with_dialect
from kuscia_nb.bfia.handlers import Handlers
from kuscia_nb.bfia.reader import from_dict, read_request
from kuscia_nb.bfia.translate import to_job, to_request
from kuscia_nb.control import accepting
from kuscia_nb.control.environment import operator_environment
from kuscia_nb.control.kinds import AppImage, KusciaTask
from kuscia_nb.control.manifest import from_dict as manifest_from_dict
from kuscia_nb.control.node import Node
from kuscia_nb.control.offers import offers_of
from kuscia_nb.control.records import SCHEDULER, STOPPED_TASKS
from kuscia_nb.control.resources import KusciaJob, TaskInputConfig
from kuscia_nb.errors import ManifestError
from kuscia_nb.operators import OPERATORS
from kuscia_nb.panel.check import findings

FATE = Path(__file__).parent / "data" / "fate"
JOB, TASK = "job-ss-lr", "job-ss-lr-ss-lr-1"
GOOD: dict[str, Any] = {"code": 0, "msg": "success", "data": {}}


def case(name: str) -> dict[str, Any]:
    return json.loads((FATE / f"{name}.json").read_text())


def request(**params: Any) -> dict[str, Any]:
    """The tutorial's request in the standard's dialect, with other parameters for everybody."""
    found = standard(tutorial())
    found["config"]["task_params"]["common"]["ss_lr_1"] |= params
    return found


def environment(job: KusciaJob, number: int = 0, task: int = 0) -> dict[str, str]:
    """What the program of a party is started with."""
    of_job = job.spec.tasks[task]
    ids = {other.alias: other.alias for other in job.spec.tasks}
    return operator_environment(job, of_job, "t", of_job.parties[number], OPERATORS["ss_lr"].component, ids)


@pytest.fixture
def alice() -> Node:
    return make_node("alice")


@pytest.fixture
def bob() -> Node:
    return make_node("bob")


# --- dataset_id ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["dataset_id_alone", "dataset_id_beside_names", "fate_pipeline_create"])
def test_a_dataset_id_is_a_namespace_and_a_name(name: str) -> None:
    data = case(name)
    for found in (from_dict(data), read_request(json.dumps(data))):
        job = to_job(found)
        assert "dataset_id" not in job.spec.tasks[0].task_input_config
        for number, file in enumerate(("perfect_logit_a.csv", "perfect_logit_b.csv")):
            env = environment(job, number)
            assert json.loads(env["runtime.component.input.train_data"]) == {"namespace": "data", "name": file}
            assert not any("dataset_id" in variable for variable in env)


def test_every_path_that_takes_a_job_takes_a_dataset_id(alice: Node, bob: Node) -> None:
    body = case("dataset_id_alone")
    assert post(bob, "job/create", body) == GOOD
    assert post(alice, "job/create_all", body) == GOOD
    made = post(alice, f"{PLATFORM}/job/create_all", body)["data"]["job_id"]
    for node, name in ((bob, body["job_id"]), (alice, body["job_id"]), (alice, made)):
        own = job_of(node, name).spec.tasks[0].config.task_params.of("guest", 0)
        assert own == {"namespace": "data", "name": "perfect_logit_b.csv"}


def test_a_manifest_takes_a_dataset_id_too() -> None:
    manifest = to_job(read_request(json.dumps(tutorial()))).model_dump(mode="json")
    task = manifest["spec"]["tasks"][0]
    config = json.loads(task["taskInputConfig"])
    own = config["task_params"]["guest"]["0"]
    own["dataset_id"] = f"{own.pop('namespace')}#{own.pop('name')}"
    task["taskInputConfig"] = json.dumps(config)
    env = environment(manifest_from_dict(manifest), 1)
    assert json.loads(env["runtime.component.input.train_data"])["name"] == "perfect_logit_b.csv"
    assert not any("dataset_id" in variable for variable in env)
    own["dataset_id"] = "data"
    task["taskInputConfig"] = json.dumps(config)
    with pytest.raises(ManifestError, match='"data" is no dataset_id, which is "namespace#name"'):
        manifest_from_dict(manifest)


@pytest.mark.parametrize(
    ("own", "text"),
    [
        ({"dataset_id": "data"}, '"data" is no dataset_id, which is "namespace#name"'),
        ({"dataset_id": "data#"}, '"data#" is no dataset_id'),
        ({"dataset_id": "#b.csv"}, '"#b.csv" is no dataset_id'),
        ({"dataset_id": "a#b#c"}, '"a#b#c" is no dataset_id'),
        ({"dataset_id": 7}, '"7" is no dataset_id'),
        ({"dataset_id": "data#b.csv", "name": "c.csv"}, 'dataset_id says "data#b.csv", but name is "c.csv"'),
        ({"dataset_id": "data#b.csv", "namespace": "x"}, 'dataset_id says "data#b.csv", but namespace is "x"'),
        ({"dataset_id": "..#b.csv"}, '".." could lead out of the storage'),
    ],
)
def test_what_a_dataset_id_cannot_be(bob: Node, own: dict[str, Any], text: str) -> None:
    body = case("dataset_id_alone")
    body["config"]["task_params"]["guest"]["0"]["ss_lr_1"] = own
    found = post(bob, "job/create", body)
    assert (found["code"], found["msg"].count(";"), found["data"]) == (400, 0, {})
    assert found["msg"].startswith(f"config.task_params.guest.0.ss_lr_1.dataset_id: {text}")
    written = json.dumps(body, indent=1)
    with pytest.raises(ManifestError) as caught:
        read_request(written)
    line = int(caught.value.where.partition(",")[0].removeprefix("line "))
    assert "dataset_id" in written.splitlines()[line - 1]


# --- parameters and parties ------------------------------------------------------------------------------------------


def test_what_has_no_text_in_kuscia_travels_as_json_text(alice: Node, bob: Node) -> None:
    body = case("list_and_null_parameters")
    common = body["config"]["task_params"]["common"]["ss_lr_1"]
    common |= {"layers": [1, {"b": None, "a": 0.5}], "options": {"z": [True], "a": {}}}
    assert post(alice, "job/create", body) == GOOD
    env = environment(job_of(alice, body["job_id"]), 1)
    prefix = "runtime.component.parameter."
    assert env[f"{prefix}metrics"] == "[]"
    assert env[f"{prefix}site_name"] == "null"
    assert json.loads(env[f"{prefix}layers"]) == [1, {"a": 0.5, "b": None}]
    assert json.loads(env[f"{prefix}options"]) == {"a": {}, "z": [True]}
    Client("alice", "bob", Handlers(bob)).create_job(job_of(alice, body["job_id"]), {"ss-lr": "latest"})
    assert environment(job_of(bob, body["job_id"]), 1) == env


def test_a_component_with_parameters_for_everybody_only_has_parties(bob: Node) -> None:
    body = case("component_with_common_params_only")
    assert post(bob, "job/create", body) == GOOD
    second = job_of(bob, body["job_id"]).spec.tasks[1]
    assert [(party.domain_id, party.role) for party in second.parties] == [("alice", "host"), ("bob", "guest")]
    assert second.dependencies == ("ss_lr_1",)


def test_an_arbiter_takes_part_where_the_description_has_one(bob: Node) -> None:
    body = case("component_with_common_params_only")
    body["config"]["role"]["arbiter"] = ["fate"]
    assert post(bob, "job/create", body) == GOOD
    for task in job_of(bob, body["job_id"]).spec.tasks:
        assert [party.role for party in task.parties] == ["host", "guest"]
        assert list(task.config.role.members()) == [("host", 0, "alice"), ("guest", 0, "bob")]
    info = {"componentName": "three", "title": "x", "provider": "fate", "version": "2.0.0"}
    info |= {"roleList": ["guest", "host", "arbiter"], "outputData": [{"name": "result"}]}
    register(bob, info)
    body["job_id"] = "three"
    body["dag"]["components"][1] |= {"componentName": "three", "provider": "fate", "input": []}
    found = post(bob, "job/create", body)["msg"]
    assert 'config.role.arbiter[0]: can\'t find party namespace fate under cluster, namespace "fate" not found' in found


def register(node: Node, info: dict[str, Any], url: str = "x:1") -> dict[str, Any]:
    return post(node, f"{PLATFORM}/component/register", {"imageUrl": url, "component_info": info})


def test_in_kuscias_dialect_a_party_has_parameters(bob: Node) -> None:
    body = chain("a", "b")
    for role in ("host", "guest"):
        del body["config"]["task_params"][role]["0"]["b"]
    assert "component b has no parties" in post(bob, "job/create", body)["msg"]


# --- names, providers, versions --------------------------------------------------------------------------------------


def test_a_name_with_capitals_is_registered_and_named(alice: Node) -> None:
    body = case("register_capital_name")
    body["component_info"] |= {"inputData": [{"name": "train"}], "outputData": [{"name": "result"}]}
    assert post(alice, f"{PLATFORM}/component/register", body) == GOOD
    assert accepting.component(alice.store, "heterolr", "HeteroLR").inputs == ("train",)
    job = case("dataset_id_alone")
    job["dag"]["components"][0] |= {"componentName": "HeteroLR", "provider": "unionpay"}
    assert post(alice, "job/create_all", job) == GOOD
    task = job_of(alice, job["job_id"]).spec.tasks[0]
    assert (task.app_image, task.config.module_name) == ("heterolr", "HeteroLR")


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ({"provider": "unionpay", "version": "9.9.9"}, 'provider: ss_lr is of the provider "secretflow" here, not of'),
        ({"provider": "unionpay"}, 'provider: ss_lr is of the provider "secretflow" here, not of "unionpay"'),
        ({"version": "9.9.9"}, "version: ss_lr is here in version 2.0.0 or v1.0.0 or latest, not 9.9.9"),
        ({"version": "1.0.0"}, ""),
        ({"version": "v2.0.0"}, ""),
        ({}, ""),
    ],
)
def test_provider_and_version_are_those_that_are_registered(alice: Node, said: dict[str, str], text: str) -> None:
    body = case("dataset_id_alone")
    body["dag"]["components"][0] |= said
    for path in ("job/create", "job/create_all"):
        found = post(alice, path, body)
        assert found["msg"].startswith(f"dag.components[0].{text}" if text else "success")


def test_a_registered_component_is_of_one_provider_and_version(alice: Node) -> None:
    info = {"componentName": "Intersection", "provider": "unionpay", "version": "2.0.0", "outputData": [{"name": "x"}]}
    assert register(alice, info) == GOOD
    other = register(alice, info | {"provider": "fate"})
    assert other["msg"] == "component_info.provider: Intersection is of the provider unionpay here"
    assert register(alice, info | {"componentName": "ss_lr"})["code"] == 400, "it would not run unionpay's"
    body = case("dataset_id_alone")
    body["dag"]["components"][0] |= {"componentName": "Intersection", "provider": "unionpay", "version": "3.0.0"}
    found = post(alice, "job/create_all", body)
    assert found["msg"] == "dag.components[0].version: Intersection is here in version 2.0.0, not 3.0.0"
    assert register(alice, info | {"version": "3.0.0"}) == GOOD
    assert post(alice, "job/create_all", body) == GOOD
    assert register(alice, info | {"roleList": ["local"]})["msg"].startswith('component_info.roleList: "local" is none')


def test_what_somebody_has_edited_is_not_known() -> None:
    node = make_node("alice")
    image = node.store.get(AppImage, "ss-lr")
    assert image is not None
    for text in ("{", "[]", '{"a":{}}', '{"a":5}'):
        metadata = image.metadata.model_copy(update={"annotations": {"kuscia-nb/bfia-components": text}})
        assert set(offers_of(image.model_copy(update={"metadata": metadata}))) == {"ss_lr"}


def test_in_kuscias_dialect_nobody_looks_at_the_version(alice: Node) -> None:
    body = tutorial()
    body["dag"]["components"][0]["version"] = "9.9.9"
    assert post(alice, "job/create", body)["code"] == 200


def test_who_names_an_image_has_chosen(alice: Node) -> None:
    body = request()
    body["dag"]["components"][0] |= {"code": "ss-lr", "provider": "me", "version": "9.9.9"}
    assert post(alice, "job/create", body) == GOOD


@pytest.mark.parametrize(
    ("sync_type", "text"),
    [
        ("callback", "callback: these nodes do not call back: they poll, and are polled"),
        ("push", "push: is no sync_type"),
        (5, "5: is no sync_type"),
        ("", ": is no sync_type"),
        ("poll", ""),
        (None, ""),
    ],
)
def test_the_way_to_hear_of_a_task(alice: Node, sync_type: Any, text: str) -> None:
    body = case("dataset_id_alone")
    body["config"]["job_params"]["common"]["sync_type"] = sync_type
    for path in ("job/create", "job/create_all"):
        found = post(alice, path, body)
        assert found["msg"] == (f"config.job_params.common.sync_type: {text}" if text else "success")


# --- all at once, and each once --------------------------------------------------------------------------------------


def test_all_problems_of_a_request_are_said_at_once(bob: Node) -> None:
    body = case("component_with_common_params_only")
    first, second = body["dag"]["components"]
    first["provider"] = "unionpay"
    second["componentName"] = "nope"
    body["config"]["role"]["guest"] = ["carol"]
    body["config"]["job_params"]["common"]["sync_type"] = "callback"
    body["config"]["task_params"]["guest"]["0"]["ss_lr_1"] = {"dataset_id": "x"}
    body["job_id"] = "Job_1"
    found = post(bob, "job/create", body)["msg"]
    assert sorted(text.partition(": ")[0] for text in found.split(";")) == [
        "config.job_params.common.sync_type",
        "config.role.guest[0]",
        "config.task_params.guest.0.ss_lr_1.dataset_id",
        "dag.components[0].provider",
        "dag.components[1].componentName",
        "job_id",
    ]


def test_all_problems_in_kuscias_dialect_too(bob: Node) -> None:
    body = chain("a", "b")
    body["dag"]["components"][0]["code"] = body["dag"]["components"][1]["code"] = "nope"
    body["config"]["role"]["guest"] = ["carol"]
    common = body["config"]["task_params"]["common"]
    common["a"] = common["a"] | {"l2_norm": None}
    found = post(bob, "job/create", body)["msg"].split(";")
    assert [text.partition(": ")[0] for text in found] == [
        "config.task_params.common.a.l2_norm",
        "dag.components[0].code",
        "config.role.guest[0]",
        "dag.components[1].code",
    ]


def test_a_node_that_nobody_knows_is_named_once(bob: Node) -> None:
    """It takes part in both tasks, and stands in one place of the request."""
    body = chain("a", "b")
    body["config"]["role"]["guest"] = ["carol"]
    found = post(bob, "job/create", body)["msg"]
    assert found == (
        'config.role.guest[0]: can\'t find party namespace carol under cluster, namespace "carol" not found'
    )


# --- who schedules ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["X-Node-Id", "X-Source-Node-Id", "x_node_id", "x_source_node_id"])
def test_another_node_that_sends_a_job_schedules_it(alice: Node, header: str) -> None:
    body = case("fate_scheduler_initiator_alice")
    assert post(alice, "job/create", body, **{header: "fate"}) == GOOD
    assert job_of(alice, body["job_id"]).annotations[SCHEDULER] == "fate"
    assert post(alice, "job/create", body, **{header: "fate"}) == GOOD, "the same again"


@pytest.mark.parametrize("sender", ["", "alice"])
def test_the_initiator_schedules_a_job_that_nobody_else_does(alice: Node, bob: Node, sender: str) -> None:
    body = case("fate_scheduler_initiator_alice")
    for node in (alice, bob):
        assert post(node, "job/create", body, X_Node_Id=sender) == GOOD
        assert SCHEDULER not in job_of(node, body["job_id"]).annotations


def test_in_kuscias_dialect_the_initiator_schedules(alice: Node) -> None:
    post(alice, "job/create", tutorial(), X_Node_Id="fate")
    assert job_of(alice).annotations == {}


@pytest.mark.parametrize("role", ["arbiter", "guest"])
def test_an_initiator_that_only_schedules(alice: Node, bob: Node, role: str) -> None:
    """A KusciaJob has one of its parties as initiator."""
    body = case("fate_scheduler_initiator_alice")
    body["config"]["initiator"] = {"role": role, "node_id": "fate"}
    body["config"]["role"]["arbiter"] = ["fate"] if role == "arbiter" else []
    for node in (alice, bob):
        assert post(node, "job/create", body, x_node_id="carol") == GOOD
        job = job_of(node, body["job_id"])
        assert (job.annotations[SCHEDULER], job.spec.initiator) == ("carol", "alice")
        assert post(node, "job/create", body, x_node_id="carol") == GOOD, "the same again"
    found = post(alice, "job/create_all", body | {"job_id": "other"})
    assert "initiator should be one of task parties" in found["msg"], "nobody else schedules this one"


def test_a_scheduled_task_is_over_here_when_its_scheduler_hears_so(alice: Node) -> None:
    """FATE stops a task, and the job, as soon as all parties have said SUCCESS (spec: bfia §7)."""
    body = case("fate_scheduler_initiator_alice") | {"job_id": JOB}
    post(alice, "job/create", body, x_node_id="fate")
    task = make_task(alice, JOB, "ss_lr_1", "Running", alice="Succeeded")
    noted = task.metadata.model_copy(update={"annotations": {SCHEDULER: "fate"}})
    alice.store.change(KusciaTask, TASK, lambda task: task.model_copy(update={"metadata": noted}))
    assert post(alice, "task/poll", {"task_id": TASK, "role": ""})["data"] == {"status": "RUNNING"}
    ended = task.status.model_copy(update={"phase": "Succeeded"})
    alice.store.change(KusciaTask, TASK, lambda task: task.model_copy(update={"status": ended}))
    assert post(alice, "task/poll", {"task_id": TASK, "role": ""})["data"] == {"status": "SUCCESS"}
    for stop in ({"task_name": "ss_lr_1"}, {}):
        assert post(alice, "job/stop", {"job_id": JOB} | stop) == GOOD
        assert job_of(alice).spec.stage == "Create"
        assert task_of(alice, TASK).status.phase == "Succeeded"
    found = post(alice, "task/callback", {"task_id": TASK, "status": "SUCCESS", "role": "guest"})
    assert found["msg"] == f"fate schedules task {TASK}, not alice"


def test_a_role_that_nobody_has_is_pending(bob: Node) -> None:
    post(bob, "job/create", tutorial())
    make_task(bob, JOB, "ss_lr_1", "Succeeded")
    for role, state in (("arbiter", "PENDING"), ("x", "PENDING"), ("guest", "SUCCESS"), ("", "SUCCESS")):
        assert post(bob, "task/poll", {"task_id": TASK, "role": role})["data"] == {"status": state}


# --- the dialect travels ---------------------------------------------------------------------------------------------


def test_a_peer_is_sent_both_sets_of_keys(alice: Node, bob: Node) -> None:
    body = case("dataset_id_alone")
    post(alice, "job/create_all", body)
    job = job_of(alice, body["job_id"])
    offers = accepting.offers(alice.store)
    sent = to_request(job, {"ss-lr": "latest"}, offers)
    (component,) = sent["dag"]["components"]
    assert component == {
        "code": "ss-lr",
        "name": "ss_lr_1",
        "module_name": "ss_lr",
        "componentName": "ss_lr",
        "provider": "secretflow",
        "version": "2.0.0",
        "output": [{"type": "dataset", "key": "result"}],
    }
    assert sent["config"]["job_params"]["common"] == {"sync_type": "poll"}
    own = {"dataset_id": "data#perfect_logit_b.csv", "namespace": "data", "name": "perfect_logit_b.csv"}
    assert sent["config"]["task_params"]["guest"]["0"]["ss_lr_1"] == own
    Client("alice", "bob", Handlers(bob)).create_job(job, {"ss-lr": "latest"}, offers)
    there = job_of(bob, body["job_id"])
    assert is_standard(there)
    assert there.spec.model_dump() == job.spec.model_dump()
    assert SCHEDULER not in there.annotations, "alice schedules, and can be asked"


def test_a_component_that_nobody_has_described_has_a_provider_all_the_same() -> None:
    body = request()
    job = to_job(from_dict(body))
    spec = job.spec.model_copy(update={"tasks": (job.spec.tasks[0].model_copy(update={"app_image": "own"}),)})
    own = with_dialect(job.model_copy(update={"spec": spec}), from_dict(body))
    (component,) = to_request(own, {"own": "7"})["dag"]["components"]
    assert (component["provider"], component["version"]) == ("kuscia_nb", "7")


def test_each_reply_is_in_the_dialect_of_the_job(alice: Node, bob: Node) -> None:
    body = request() | {"job_id": JOB}
    post(alice, "job/create_all", body)
    offers = accepting.offers(alice.store)
    Client("alice", "bob", Handlers(bob)).create_job(job_of(alice), {"ss-lr": "latest"}, offers)
    for node in (alice, bob):
        assert post(node, "job/start", {"job_id": JOB}) == GOOD
        assert post(node, "task/start", {"job_id": JOB, "task_id": TASK, "task_name": "ss_lr_1"}) == GOOD
        assert post(node, "task/poll", {"task_id": TASK})["code"] == 0
        assert get(node, f"job/status_all?job_id={JOB}")["code"] == 0
        wrong = {"job_id": JOB, "task_id": "x", "task_name": "nope"}
        said = {"code": 400, "msg": "failed to find the task by task name", "data": {}}
        assert post(node, "task/start", wrong) == post(node, "job/stop", wrong) == said
        assert post(node, "task/stop", {"task_id": TASK}) == GOOD
        change_job(node, JOB, phase="Failed", message="lost")
        assert post(node, "job/start", {"job_id": JOB})["data"] is not None or job_of(node).spec.stage == "Start"
        assert post(node, "job/stop", {"job_id": JOB}) == GOOD
        assert post(node, "job/start", {"job_id": JOB}) == {"code": 400, "msg": "lost", "data": {}}


# --- bodies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "text"),
    [
        (
            "job/create",
            (FATE / "duplicate_key.json").read_bytes(),
            'config.task_params.common.ss_lr_1.learning_rate: key "learning_rate" already set in map',
        ),
        ("job/start", b'{"job_id":"a","job_id":"a"}', 'job_id: key "job_id" already set in map'),
        ("job/start", b'{"job_id":"a","\\u006aob_id":"b"}', 'job_id: key "job_id" already set in map'),
        ("job/start", b'{"job_id":"a","x":[{"y":1,"y":2}]}', 'x[0].y: key "y" already set in map'),
        ("job/stop", b'{"a":1,"a":2,"b":1,"b":2,"a":3}', 'a: key "a" already set in map;b: key "b" already set in map'),
        ("job/create_all", b'{"job_id":"a","job_id":"a"}', 'job_id: key "job_id" already set in map'),
    ],
)
def test_a_key_that_is_there_twice(alice: Node, path: str, body: bytes, text: str) -> None:
    found = post(alice, path, body)
    assert (found["code"], found.get("message") or found.get("msg")) == (400, text)
    assert alice.store.objects(KusciaJob) == []


def test_many_keys_that_are_there_twice_are_found_at_once(alice: Node) -> None:
    body = json.dumps({f"k{i}": i for i in range(9_000)})[:-1] + ',"k0":1}'
    assert post(alice, "job/start", body.encode())["message"] == 'k0: key "k0" already set in map'


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/xml"])
def test_a_posted_form_is_named(alice: Node, kind: str) -> None:
    body = json.dumps(request()).encode()
    text = f"Content-Type: {kind.partition(';')[0]} is not application/json, so that the body was not read"
    assert post(alice, "job/create", body, Content_Type=kind) == {"code": 400, "message": text}
    for path in ("job/create_all", f"{PLATFORM}/job/create_all", f"{PLATFORM}/job/stop_all"):
        assert post(alice, path, b"job_id=a", Content_Type=kind) == {"code": 400, "msg": text, "data": {}}


def test_stopping_a_task_that_no_job_has(alice: Node) -> None:
    body = chain("a", "b")
    post(alice, "job/create", body)
    path, text = f"{PLATFORM}/job/stop_task", "failed to find the task by task name"
    assert post(alice, path, {"job_id": JOB, "task_name": "x"})["msg"] == text
    change_job(alice, JOB, phase="Succeeded", completion_time=job_of(alice).metadata.creation_timestamp)
    assert post(alice, path, {"job_id": JOB, "task_name": "x"})["msg"] == text
    assert post(alice, path, {"job_id": JOB, "task_name": "a"}) == GOOD
    assert STOPPED_TASKS not in job_of(alice).annotations


def test_reading_leaves_a_request_as_it_is() -> None:
    body = case("component_with_common_params_only")
    before = copy.deepcopy(body)
    from_dict(body)
    assert body == before
    config = TaskInputConfig.from_json(to_job(from_dict(body)).spec.tasks[1].task_input_config)
    assert config.task_params.host == config.task_params.guest == {"0": {}}


def test_other_paths_with_two_slashes_are_not_there(alice: Node) -> None:
    assert ask(alice, "GET", "//v1/interconn/node/health").status == 404, "a server takes the slashes away"


def test_the_panel_says_what_a_node_would_of_a_provider() -> None:
    body = request()
    body["dag"]["components"][0]["provider"] = "unionpay"
    text = json.dumps(body, indent=1)
    (found,) = findings("bfia_submit", text, None)
    assert found.at is not None
    assert text[found.at :].startswith('"unionpay"')
    assert found.problem.text == 'ss_lr is of the provider "secretflow" here, not of "unionpay"'
