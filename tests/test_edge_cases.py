"""The edge cases of spec: kuscia §7: one test or more for each of its rows, named after the row.

They are put as a person meets them, by cluster.apply, cluster.submit, kubectl and the BFIA requests. Where it counts
what happens first or what gets lost, two nodes have a clock and messages that are the test's (`World`).
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from bfia_nodes import get, job_of, make_node, post
from bfia_nodes import tutorial as tutorial_request
from world import World
from world import job as toy_job

import kuscia_nb as kn
from kuscia_nb.bfia.wire import Request, Response
from kuscia_nb.control.explain import explain
from kuscia_nb.control.kinds import KusciaTask
from kuscia_nb.control.kubectl import run
from kuscia_nb.control.objects import Condition, condition
from kuscia_nb.control.resources import KusciaJob
from kuscia_nb.errors import DataError, JobError, JobFailed, JobStopped, KusciaError, ManifestError, ParameterError
from kuscia_nb.magics.kuscia import kuscia
from kuscia_nb.operators import OPERATORS, Party, operator
from kuscia_nb.operators.component import ANNOTATION

TIMEOUT = 30.0
"""Seconds for what takes a tenth of one."""
CONFIG = "spec.tasks[0].taskInputConfig"
HOST, GUEST = {"domainID": "alice", "role": "host"}, {"domainID": "bob", "role": "guest"}


# --- manifests, and what is said of them -----------------------------------------------------------------------------


def changed(data: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The data with other values; `...` leaves a key out."""
    return {key: value for key, value in {**data, **changes}.items() if value is not ...}


def task(
    alias: str = "a",
    *,
    config: Mapping[str, Any] | None = None,
    host: Mapping[str, Any] | None = None,
    guest: Mapping[str, Any] | None = None,
    common: Mapping[str, Any] | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """A task that learns from the small files; with other keys in its taskInputConfig, other parameters and fields."""
    terms = {"batch_size": 2, "learning_rate": 0.1, "l2_norm": 0.5}
    params = {
        "host": {"0": changed({"name": "small.csv", "namespace": "data", "has_label": True}, host or {})},
        "guest": {"0": changed({"name": "small.csv", "namespace": "data", "has_label": False}, guest or {})},
        "common": changed(terms, common or {}),
    }
    text = {
        "name": alias,
        "module_name": "ss_lr",
        "output": [{"type": "dataset", "key": "result"}],
        "role": {"host": ["alice"], "guest": ["bob"]},
        "initiator": {"role": "host", "node_id": "alice"},
        "task_params": params,
    }
    written = {
        "alias": alias,
        "appImage": "ss-lr",
        "parties": [HOST, GUEST],
        "taskInputConfig": json.dumps(changed(text, config or {})),
    }
    return changed(written, fields)


def manifest(*tasks: Any, name: str = "job", namespace: Any = ..., **spec: Any) -> dict[str, Any]:
    """A job of these tasks, or of one, with other fields in its spec."""
    return {
        "apiVersion": "kuscia.secretflow/v1alpha1",
        "kind": "KusciaJob",
        "metadata": changed({"name": name, "namespace": namespace}, {}),
        "spec": changed({"initiator": "alice", "tasks": list(tasks) or [task()]}, spec),
    }


def edited(old: str, new: str) -> str:
    """The tutorial's manifest with one change."""
    text = kn.tutorial_manifest()
    assert text.count(old) == 1
    return text.replace(old, new)


def request(params: Mapping[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """The tutorial's request with other values at the top; `params` are bob's own, with other values."""
    data = tutorial_request(**changes)
    if params is not None:
        own = data["config"]["task_params"]["guest"]["0"]
        own["ss_lr_1"] = changed(own["ss_lr_1"], params)
    return data


def place(text: str, marker: str) -> str:
    """Where `marker` stands, the way an editor counts."""
    before = text[: text.index(marker)]
    return f"line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))}"


def refused(cluster: kn.Cluster, job: str | Mapping[str, Any]) -> ManifestError:
    """What is said of a manifest or request that no node takes."""
    before = cluster.jobs()["name"].tolist()
    start = cluster.submit if isinstance(job, dict) and "dag" in job else cluster.apply
    with pytest.raises(ManifestError) as caught:
        start(job)
    assert cluster.jobs()["name"].tolist() == before
    return caught.value


def failed(cluster: kn.Cluster, job: Mapping[str, Any], error: type[KusciaError]) -> tuple[str, kn.Job]:
    """All that is said of a job that fails before any share is sent, and the job."""
    started = cluster.apply(job)
    with pytest.raises(error) as caught:
        started.wait(TIMEOUT)
    assert started.phase == "Failed"
    assert started.tasks["phase"].tolist() == ["Failed", "Failed"]
    assert set(started.trace.messages["op"]) <= {"handshake"}
    assert not [path for node in cluster.nodes.values() for path in node.glob(f"{started.name}-*")], "no result files"
    return str(caught.value), started


# --- nodes -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kn.Cluster]:
    """A cluster with a small file on each node."""
    cluster = kn.connect(storage=tmp_path_factory.mktemp("nodes"))
    cluster.put("alice", "small.csv", pd.DataFrame({"u": [0.5, -0.25, 0.75, -1.0], "y": [1, 0, 1, 0]}))
    cluster.put("bob", "small.csv", pd.DataFrame({"v": [0.25, 0.5, -0.5, 1.0]}))
    yield cluster
    cluster.close()


class Line(World):
    """Two nodes between which messages of some names get lost, for as long as the test wants."""

    lost: tuple[str, ...] = ()

    def _carry(self, domain: str, request: Request) -> Response:
        name = request.path.partition("?")[0].rpartition("schedule/")[2]
        if name in self.lost:
            self.messages.append(name)
            raise ConnectionRefusedError(111, "Connection refused")
        return super()._carry(domain, request)


@pytest.fixture
def world(tmp_path: Path) -> Line:
    return Line(tmp_path)


def kubectl(world: World, line: str, node: str = "alice", stdin: str | None = None) -> None:
    """A kubectl line, and all that follows from it at once."""
    run(line, world.nodes, node=node, stdin=stdin)
    world.settle()


def kj(world: World, node: str = "alice", name: str = "job") -> KusciaJob:
    return job_of(world.nodes[node], name)


def kt(world: World, node: str = "alice") -> KusciaTask:
    (only,) = world.tasks(node)
    return only


def false(found: KusciaJob | KusciaTask, kind: str) -> Condition:
    """The condition of this type, which does not hold."""
    set_one = condition(found.status.conditions, kind)
    assert set_one is not None
    assert set_one.status == "False"
    return set_one


def reason(world: World, name: str = "job") -> str:
    """What a person is told who waits for a job that has failed."""
    run = world.observer.by_name[name]
    assert run.ended.is_set(), "it does not hang"
    assert run.error is not None
    return str(run.error)


def invalid(text: str) -> dict[str, Any]:
    """The reply to a request that is not one (spec: kuscia §3.1)."""
    return {"code": 400, "message": text}


def denied(text: str) -> dict[str, Any]:
    """The reply to a request that is refused (spec: kuscia §3.1)."""
    return {"code": 400, "msg": text, "data": None}


OK = {"code": 200, "msg": "", "data": None}


# --- rows 1 to 5: the schema -----------------------------------------------------------------------------------------


def test_row_01_no_initiator(cluster: kn.Cluster) -> None:
    error = refused(cluster, edited("  initiator: alice\n", ""))
    assert error.what == "spec.initiator: Required value"
    assert error.where.startswith("line 6, column 1\n"), "where it is missing: spec"
    assert error.hint.startswith("initiator: ")


def test_row_02_no_tasks(cluster: kn.Cluster) -> None:
    assert refused(cluster, manifest(tasks=[])).what == "spec.tasks: should have at least 1 items"
    for missing in (None, ...):
        assert refused(cluster, manifest(tasks=missing)).what == "spec.tasks: Required value"


def test_row_03_too_many_tasks(cluster: kn.Cluster) -> None:
    error = refused(cluster, manifest(*(task(f"t{i}") for i in range(129))))
    assert error.what == "spec.tasks: should have at most 128 items"
    assert "1 to 128" in error.hint


@pytest.mark.parametrize("number", [0, 129])
def test_row_03_max_parallelism(cluster: kn.Cluster, number: int) -> None:
    error = refused(cluster, manifest(maxParallelism=number))
    assert error.what.startswith(f"spec.maxParallelism: Invalid value: {number}: ")
    assert "1 to 128" in error.hint


def test_row_04_schedule_mode_in_lower_case(cluster: kn.Cluster) -> None:
    error = refused(cluster, manifest(scheduleMode="strict"))
    assert error.what == 'spec.scheduleMode: Unsupported value: "strict": supported values: "Strict", "BestEffort"'


def test_row_05_empty_dependencies(cluster: kn.Cluster) -> None:
    error = refused(cluster, manifest(task(dependencies=[])))
    assert error.what == "spec.tasks[0].dependencies: should have at least 1 items"


# --- rows 6 to 10: aliases, ids, dependencies ------------------------------------------------------------------------


def test_row_06_an_alias_used_twice(cluster: kn.Cluster) -> None:
    error = refused(cluster, manifest(task("a"), task("b"), task("a")))
    assert error.what == 'spec.tasks[2].alias: alias "a" is used twice, first by spec.tasks[0]'


def test_row_07_a_task_id_used_twice(cluster: kn.Cluster) -> None:
    error = refused(cluster, manifest(task("a", taskID="mine"), task("b", taskID="mine")))
    assert error.what == 'spec.tasks[1].taskID: taskID "mine" is used twice, first by spec.tasks[0]'


def test_row_07_the_task_id_of_another_job(cluster: kn.Cluster) -> None:
    first = manifest(task(taskID="only-one"), name="row-7")
    weights = cluster.apply(first).wait(TIMEOUT).weights()
    error = refused(cluster, manifest(task(taskID="only-one"), name="row-7-again"))
    assert "because a task with the same name already exists" in str(error)
    assert "spec.tasks[0].taskID" in str(error)
    assert cluster.job("row-7").weights().equals(weights)
    again = cluster.apply(first, replace=True).wait(TIMEOUT)
    assert again.phase == "Succeeded", "its own tasks go with the job that is replaced"


def test_row_08_an_unknown_dependency(cluster: kn.Cluster) -> None:
    error = refused(cluster, manifest(task("a"), task("b", dependencies=["c"])))
    assert error.what.endswith(": validate failed: task b has not exist dependency task c")


@pytest.mark.parametrize(
    ("edges", "cycles"),
    [
        ({"a": "a"}, ["a -> a"]),
        ({"a": "b", "b": "c", "c": "a"}, ["a -> b -> c -> a", "b -> c -> a -> b", "c -> a -> b -> c"]),
    ],
)
def test_row_09_a_cycle(cluster: kn.Cluster, edges: dict[str, str], cycles: list[str]) -> None:
    error = refused(cluster, manifest(*(task(alias, dependencies=[other]) for alias, other in edges.items())))
    text, _, cycle = error.what.rpartition(": ")
    assert text.endswith(": validate failed: cycled dependencies")
    assert cycle in cycles


def test_row_10_a_dependency_on_a_tolerable_task(cluster: kn.Cluster) -> None:
    error = refused(cluster, manifest(task("a", tolerable=True), task("b", dependencies=["a"])))
    assert "depends on the tolerable task a" in error.what
    assert "tolerable: false" in error.hint


# --- rows 11 to 15: domains ------------------------------------------------------------------------------------------

CAROL = {"domainID": "carol", "role": "host"}
HOSTED = {"role": {"host": ["carol"], "guest": ["bob"]}, "initiator": {"role": "host", "node_id": "carol"}}


@pytest.mark.parametrize(
    ("takes_part", "text"),
    [
        (True, 'can\'t find initiator namespace carol under cluster, namespace "carol" not found'),
        (False, "initiator should be one of task parties"),  # which the manifest alone tells
    ],
)
def test_row_11_an_unknown_initiator(cluster: kn.Cluster, takes_part: bool, text: str) -> None:
    """Spec: kuscia §1.9 rows 1 and 4."""
    tasks = [task(parties=[CAROL, GUEST], config=HOSTED)] if takes_part else [task()]
    assert text in str(refused(cluster, manifest(*tasks, initiator="carol")))


def test_row_12_an_unknown_party(cluster: kn.Cluster) -> None:
    role = {"host": ["alice"], "guest": ["carol"]}
    error = refused(cluster, manifest(task(parties=[HOST, CAROL | {"role": "guest"}], config={"role": role})))
    assert error.what == (
        "spec.tasks[0].parties[1].domainID: "
        'can\'t find party namespace carol under cluster, namespace "carol" not found'
    )
    assert "alice, bob" in error.hint


def test_row_13_an_initiator_that_takes_no_part(cluster: kn.Cluster) -> None:
    alone = {"role": {"host": ["bob"]}, "task_params": {"host": {"0": {"name": "x", "namespace": "data"}}}}
    error = refused(cluster, manifest(task(parties=[GUEST | {"role": "host"}], config=alone), task("b")))
    assert "spec.initiator: initiator should be one of task parties" in str(error)


def test_row_14_a_peer_that_is_not_in_the_first_task(cluster: kn.Cluster) -> None:
    alone = task(parties=[HOST], config={"role": {"host": ["alice"]}})
    error = refused(cluster, manifest(alone, task("b")))
    assert "spec.tasks[1].parties[1].domainID: bob is not a party of the first task" in str(error)


def test_row_15_another_namespace(cluster: kn.Cluster) -> None:
    error = refused(cluster, manifest(namespace="default"))
    assert error.what.startswith('metadata.namespace: a job in namespace "default" never runs')
    assert "cross-domain" in error.hint


def test_row_15_no_namespace(cluster: kn.Cluster) -> None:
    job = cluster.apply(manifest(name="row-15")).wait(TIMEOUT)
    assert job.manifest()["metadata"]["namespace"] == "cross-domain"
    for node in ("alice", "bob"):
        line = "get kj row-15 -n cross-domain -o custom-columns=PHASE:.status.phase --no-headers"
        assert str(cluster.kubectl(line, node=node)) == "Succeeded\n"


# --- rows 16 to 25: taskInputConfig ----------------------------------------------------------------------------------


def test_row_16_a_config_that_is_no_json(cluster: kn.Cluster) -> None:
    text = edited('"guest":["bob"]', '"guest":["bob"}')
    error = refused(cluster, text)
    assert error.what.startswith(f"{CONFIG}: failed to unmarsh task input config, detail-> ")
    head, line, caret = error.where.split("\n")
    assert head == place(text, '}},"initiator"')
    assert line[caret.index("^") :].startswith('}},"initiator"')


@pytest.mark.parametrize("key", ["role", "task_params", "initiator", "name", "module_name"])
def test_row_17_a_missing_key(cluster: kn.Cluster, key: str) -> None:
    error = refused(cluster, manifest(task(config={key: ...})))
    assert error.what == f"{CONFIG}: invalid task input config, missing {key}"


def test_row_17_all_missing_keys_are_listed(cluster: kn.Cluster) -> None:
    error = refused(cluster, manifest(task(taskInputConfig="{}")))
    assert error.what.startswith(f"{CONFIG}: invalid task input config, missing ")
    listed = error.what.rpartition("missing ")[2].split(", ")
    assert set(listed) == {"role", "task_params", "initiator", "name", "module_name"}


def test_row_18_an_alias_that_is_not_the_name(cluster: kn.Cluster) -> None:
    error = refused(cluster, manifest(task("a", config={"name": "other"})))
    assert "failed to find the task by task name" in error.what
    assert '"a"' in error.what
    assert '"other"' in error.what


@pytest.mark.parametrize(
    "role", [{"host": ["alice"]}, {"host": ["alice", "bob"]}, {"host": ["alice"], "guest": ["carol"]}]
)
def test_row_19_a_party_without_a_place_in_role(cluster: kn.Cluster, role: dict[str, list[str]]) -> None:
    error = refused(cluster, manifest(task(config={"role": role})))
    assert error.what == "spec.tasks[0].parties[1]: not found party bob/guest in role config"


@pytest.mark.parametrize("role", ["leader", "Guest", ""])
def test_row_20_another_role(cluster: kn.Cluster, role: str) -> None:
    error = refused(cluster, manifest(task(parties=[HOST, GUEST | {"role": role}])))
    assert error.what == f"spec.tasks[0].parties[1].role: unsupported role type {role}".rstrip()
    assert all(known in error.hint for known in ("host", "guest", "arbiter"))


def test_row_21_a_domain_in_two_roles(cluster: kn.Cluster) -> None:
    both = task(parties=[HOST, HOST | {"role": "guest"}], config={"role": {"host": ["alice"], "guest": ["alice"]}})
    error = refused(cluster, manifest(both))
    assert "alice is both host.0 and guest.0" in str(error)
    assert "config.self_role" in str(error)


@pytest.mark.parametrize(("value", "shown"), [(None, "null"), ([1, 2], "list")])
def test_row_22_a_parameter_that_has_no_text(cluster: kn.Cluster, value: object, shown: str) -> None:
    error = refused(cluster, manifest(task(common={"l2_norm": value})))
    assert error.what == f"{CONFIG}.task_params.common.l2_norm: unsupported type of value {shown}"
    error = refused(cluster, request({"has_label": value}))
    assert error.what == f"config.task_params.guest.0.ss_lr_1.has_label: unsupported type of value {shown}"


@pytest.mark.parametrize("key", ["name", "namespace"])
def test_row_23_a_party_without_a_file(cluster: kn.Cluster, key: str) -> None:
    text = f"not found {key} in party task params of bob (guest.0)"
    assert refused(cluster, manifest(task(guest={key: ...}))).what == f"{CONFIG}.task_params.guest.0: {text}"
    assert refused(cluster, request({key: ...})).what == f"config.task_params.guest.0.ss_lr_1: {text}"


@pytest.mark.parametrize(
    ("node", "place", "path"),
    [
        ("bob", {"guest": {"name": "gone.csv"}}, "bob: data/gone.csv"),
        ("alice", {"host": {"namespace": "nowhere"}}, "alice: nowhere/small.csv"),
    ],
)
def test_row_24_a_missing_file(cluster: kn.Cluster, node: str, place: dict[str, Any], path: str) -> None:
    said, job = failed(cluster, manifest(task(**place), name=f"row-24-{node}"), DataError)
    assert said.startswith(f"there is no such file\n  {path}\n")
    other = {"alice": "bob", "bob": "alice"}[node]
    assert path.partition(" ")[2] not in job.logs(other), "which files a node has is its own affair"


@pytest.mark.parametrize("value", ["..", "../other", "a/b.csv", "/etc/passwd", "a\\..\\b"])
@pytest.mark.parametrize("key", ["name", "namespace"])
def test_row_25_a_path_that_leads_out(cluster: kn.Cluster, key: str, value: str) -> None:
    for job in (manifest(task(guest={key: value})), request({key: value})):
        error = refused(cluster, job)
        assert f"{key}: " in error.what
        assert "could lead out of the storage" in error.what


# --- rows 26 to 29: what a node can run ------------------------------------------------------------------------------


def test_row_26_an_unknown_app_image(cluster: kn.Cluster) -> None:
    text = 'failed to get appimage ss-lx, appimage.kuscia.secretflow "ss-lx" not found'
    error = refused(cluster, manifest(task(appImage="ss-lx")))
    assert error.what == f"spec.tasks[0].appImage: {text}"
    assert error.hint.startswith('"ss-lr"')


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("delete appimage toy", 'failed to get appimage toy, appimage.kuscia.secretflow "toy" not found'),
        (f"annotate appimage toy {ANNOTATION}-", "not found component spec annotation in AppImage toy"),
    ],
)
def test_row_27_what_only_the_peer_misses(world: Line, line: str, text: str) -> None:
    kubectl(world, line, node="bob")
    world.apply(toy_job())
    world.finish()
    assert kj(world).status.phase == "Failed"
    assert text in false(kj(world), "JobCreateSucceeded").message
    assert "bob" in reason(world)
    assert text in reason(world)
    assert world.tasks("alice") == [], "no program was started"


def test_row_28_an_unknown_module(cluster: kn.Cluster) -> None:
    error = refused(cluster, manifest(task(config={"module_name": "ss_glm"})))
    text = "not found expected component ss_glm in component spec of AppImage ss-lr"
    assert error.what == f"{CONFIG}.module_name: {text}"


@pytest.mark.parametrize("direction", ["input", "output"])
def test_row_28_more_data_than_declared(cluster: kn.Cluster, direction: str) -> None:
    refs = {"input": [{"type": "dataset", "key": "a.result"}] * 2, "output": [{"type": "x", "key": k} for k in "pq"]}
    second = task("b", dependencies=["a"], config={direction: refs[direction]})
    text = f"not found expected {direction} name component.1.{direction}.2.name in component spec of AppImage ss-lr"
    assert text in refused(cluster, manifest(task("a"), second)).what


@pytest.mark.parametrize(
    ("ref", "text"),
    [
        ({"key": "result"}, 'invalid input key "result"'),
        ({"key": "z.result"}, "not found task by name z"),
        ({"key": "a.other"}, 'task a has no output "other" of type dataset'),
        ({"type": "model"}, 'task a has no output "result" of type model'),
    ],
)
def test_row_29_an_input_that_nobody_makes(cluster: kn.Cluster, ref: dict[str, str], text: str) -> None:
    read = {"type": "dataset", "key": "a.result"} | ref
    error = refused(cluster, manifest(task("a"), task("b", dependencies=["a"], config={"input": [read]})))
    assert error.what == f"spec.tasks[1].taskInputConfig.input[0].key: {text}"
    data = request()
    first = data["dag"]["components"][0] | {"name": "a"}
    data["dag"]["components"] = [first, first | {"name": "b", "input": [read]}]
    params = data["config"]["task_params"]
    for own in (params["host"]["0"], params["guest"]["0"], params["common"]):
        own["a"] = own["b"] = own.pop("ss_lr_1")
    assert refused(cluster, data).what == f"dag.components[1].input[0].key: {text}"
    assert post(make_node("alice"), "job/create", data) == denied(f"dag.components[1].input[0].key: {text}")


# --- rows 30 to 35: BFIA create-job ----------------------------------------------------------------------------------

MISSING = "parameter job_id can't be empty;parameter dag can't be empty;parameter config can't be empty"


def test_row_30_a_job_id_that_is_taken() -> None:
    node = make_node("alice")
    assert post(node, "job/create", request()) == {"code": 200, "msg": "", "data": {"status": "PENDING"}}
    assert post(node, "job/create", request()) == denied("Job already exists")


def test_row_31_a_request_without_its_fields() -> None:
    assert post(make_node("alice"), "job/create", b"{}") == invalid(MISSING)


@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        (json.dumps(tutorial_request()).encode(), "application/x-www-form-urlencoded", MISSING),
        (b"", "application/json", "EOF"),
        (b'{"job_id":', "application/json", "invalid JSON"),
        (b'{"job_id":7}', "application/json", "CreateJobRequest.job_id of type string"),
    ],
)
def test_row_32_a_body_that_is_no_request(body: bytes, kind: str, text: str) -> None:
    found = post(make_node("alice"), "job/create", body, Content_Type=kind)
    assert found == invalid(found["message"])
    assert text in found["message"]


@pytest.mark.parametrize("field", ["task_params", "role"])
def test_row_33_a_config_without_its_fields(cluster: kn.Cluster, field: str) -> None:
    data = request()
    del data["config"][field]
    found = post(make_node("alice"), "job/create", data)
    assert found["code"] == 400
    assert f"config.{field}" in found["msg"]
    assert "panic" not in found["msg"]
    assert refused(cluster, data).what.startswith(f"config.{field}: ")


@pytest.mark.parametrize(
    ("index", "text"),
    [
        ("x", 'role index should be number string format, strconv.Atoi: parsing "x": invalid syntax'),
        ("5", "role index 6 should be less than role [bob] length"),
        ("-1", "role index "),  # Kuscia has no text of its own for it: it panics
    ],
)
def test_row_34_a_role_index_that_is_none(cluster: kn.Cluster, index: str, text: str) -> None:
    data = request()
    guests = data["config"]["task_params"]["guest"]
    guests[index] = guests.pop("0")
    found = post(make_node("alice"), "job/create", data)
    assert found == denied(found["msg"])
    assert found["msg"].startswith(f"generate taskInputConfig failed, {text}")
    assert "panic" not in found["msg"]
    error = refused(cluster, data)
    assert f"generate taskInputConfig failed, {text}" in error.what
    assert '"0"' in error.hint


RFC_1123 = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    "and must start and end with an alphanumeric character"
)


@pytest.mark.parametrize(
    ("name", "rule"), [("Job", RFC_1123), ("job_1", RFC_1123), ("j" * 64, "50 characters"), ("j" * 51, "50 characters")]
)
def test_row_35_a_name_that_is_none(cluster: kn.Cluster, name: str, rule: str) -> None:
    assert rule in post(make_node("alice"), "job/create", request(job_id=name))["msg"]
    assert refused(cluster, request(job_id=name)).what.startswith("job_id: ")
    error = refused(cluster, manifest(name=name))
    assert error.what.startswith("metadata.name: ")
    assert rule in error.what


def test_row_35_the_longest_name(cluster: kn.Cluster) -> None:
    job = cluster.apply(manifest(name="j" * 50)).wait(TIMEOUT)
    assert {len(name) for name in job.tasks["task"]} == {63}


# --- rows 36 and 37: applying again ----------------------------------------------------------------------------------


def test_row_36_after_deleting_on_one_node_only(cluster: kn.Cluster) -> None:
    cluster.apply(manifest(name="row-36")).wait(TIMEOUT)
    deleted = cluster.kubectl("delete kj row-36 -n cross-domain")
    assert any("bob" in hint and "delete" in hint for hint in deleted.hints), "the trap is shown when it is laid"
    with pytest.raises(JobError, match="row-36 already exists") as caught:
        cluster.apply(manifest(name="row-36"))
    assert "bob" in str(caught.value), "who has it still"
    assert "cluster.delete('row-36')" in caught.value.hint
    cluster.delete("row-36")
    assert cluster.apply(manifest(name="row-36")).wait(TIMEOUT).phase == "Succeeded"


def test_row_36_a_leftover_that_only_the_peer_knows(world: Line) -> None:
    world.apply(toy_job())
    world.finish()
    kubectl(world, "delete kj job -n cross-domain")
    kubectl(world, "apply -f -", stdin=json.dumps(toy_job().manifest()))
    world.finish()
    assert false(kj(world), "JobCreateSucceeded").message == (
        "create interconn job job request failed, status code: 400, message: Job already exists"
    )
    said = reason(world)
    assert "bob" in said
    assert "Job already exists" in said
    assert "delete" in said, "the way out"
    assert "bob" in kj(world).status.message
    assert kj(world, "bob").status.phase == "Succeeded", "not touched"


def test_row_37_a_finished_job_applied_again(cluster: kn.Cluster) -> None:
    job = cluster.apply(manifest(name="row-37")).wait(TIMEOUT)
    line = "get kj row-37 -n cross-domain -o jsonpath={.metadata.resourceVersion}"
    version, tasks = str(cluster.kubectl(line)), job.tasks
    again = cluster.kubectl("apply -f -", stdin=json.dumps(manifest(name="row-37")))
    assert str(again) == "kusciajob.kuscia.secretflow/row-37 unchanged\n"
    assert any("delete" in hint and "another name" in hint for hint in again.hints)
    assert str(cluster.kubectl(line)) == version
    with pytest.raises(JobError, match="row-37 already exists and is finished") as caught:
        cluster.apply(manifest(name="row-37"))
    assert "delete" in caught.value.hint
    assert "another metadata.name" in caught.value.hint
    assert cluster.job("row-37").tasks.equals(tasks), "nothing runs"


# --- rows 38 to 40: messages out of order ----------------------------------------------------------------------------


def test_row_38_ids_that_nobody_knows() -> None:
    node = make_node("bob")
    whole = {"job_id": "x", "task_id": "x-1", "task_name": "a"}
    assert post(node, "job/start", {"job_id": "x"}) == denied("job does not exist")
    assert post(node, "job/stop", {"job_id": "x"}) == denied("job does not exist")
    assert get(node, "job/status_all?job_id=x") == denied("failed to find the job")
    assert post(node, "task/start", whole) == denied("job does not exist")
    assert post(node, "task/stop", {"task_id": "x-1"}) == denied("task does not exist")
    assert post(node, "task/poll", {"task_id": "x-1", "role": "guest"}) == denied("failed to find the task")


def test_row_39_what_is_said_twice_counts_once(world: Line) -> None:
    world.apply(toy_job())
    bob, task_id = world.nodes["bob"], kt(world).name
    for path, body in (
        ("job/start", {"job_id": "job"}),
        ("task/start", {"job_id": "job", "task_id": task_id, "task_name": "a"}),
        ("task/start", {"job_id": "job", "task_id": "another", "task_name": "a"}),
    ):
        before = kj(world, "bob")
        assert post(bob, path, body) == OK
        assert kj(world, "bob") is before
        world.settle()
    assert [found.name for found in world.tasks("bob")] == [task_id]
    for _ in range(2):
        assert post(bob, "job/stop", {"job_id": "job"}) == OK
    world.finish()
    before = kj(world, "bob"), kt(world, "bob")
    assert post(bob, "job/stop", {"job_id": "job"}) == post(bob, "task/stop", {"task_id": task_id}) == OK
    world.settle()
    assert (kj(world, "bob"), kt(world, "bob")) == before


def test_row_40_start_after_a_failure(world: Line) -> None:
    """The job's message; without one those of its False conditions, a semicolon after each (spec: kuscia §3.3)."""
    bob = world.nodes["bob"]
    bob.create(toy_job())
    kubectl(world, "delete appimage toy", node="bob")
    world.finish()
    job = kj(world, "bob")
    assert (job.status.phase, job.spec.stage, job.status.message) == ("Failed", "Create", "")
    said = false(job, "JobValidated").message
    assert said.startswith("Validate job failed, ")
    assert post(bob, "job/start", {"job_id": "job"}) == denied(f"{said};")
    assert post(bob, "task/start", {"job_id": "job", "task_id": "t", "task_name": "a"}) == denied(f"{said};")
    assert kj(world, "bob").spec.stage == "Create"
    assert world.tasks("bob") == []


# --- row 41: a peer that cannot be reached ---------------------------------------------------------------------------


@pytest.mark.parametrize(("call", "what"), [("create", "Create"), ("start", "Start")])
def test_row_41_a_peer_that_cannot_be_reached(world: Line, call: str, what: str) -> None:
    world.lost = (f"job/{call}",)
    world.apply(toy_job())
    assert world.messages.count(f"job/{call}") == 4, "once, and three times again"
    world.finish()
    assert kj(world).status.reason == f"KusciaJob{what}Failed"
    failure = false(kj(world), f"Job{what}Succeeded")
    assert failure.reason == f"Error{what}JobRequest"
    assert failure.message.startswith(f"{call} interconn job job request failed, ")
    assert "bob" in failure.message
    assert "bob is unreachable: Connection refused" in reason(world)
    assert world.tasks("alice") == []


def test_row_41_a_peer_that_vanishes_during_the_run(world: Line) -> None:
    world.apply(toy_job())
    assert "task/poll" in world.messages
    world.lost = ("task/poll", "task/stop", "job/stop", "job/status_all")
    world.messages.clear()
    world.pass_time(5)
    assert world.messages.count("task/poll") == 4, "once, and three times again; the first error is the end"
    assert false(kt(world), "StatusSynced").reason == "ErrorPollTaskStatusRequest"
    assert false(kt(world), "StatusSynced").message == (
        "poll task status request failed, bob is unreachable: Connection refused"
    )
    assert {party.domain_id: party.phase for party in kt(world).status.party_task_status}["bob"] == "Failed"
    world.finish()
    assert kj(world).status.phase == kj(world, "bob").status.phase == "Failed"
    assert "bob is unreachable: Connection refused" in reason(world)


# --- rows 42 to 46: operators ----------------------------------------------------------------------------------------

ABSENT = {
    "apiVersion": "kuscia.secretflow/v1alpha1",
    "kind": "AppImage",
    "metadata": {
        "name": "absent",
        "annotations": {
            ANNOTATION: json.dumps(
                {"component.1.name": "lost", "component.1.input.1.name": "in", "component.1.output.1.name": "out"}
            )
        },
    },
    "spec": {
        "deployTemplates": [{"name": "absent", "spec": {"containers": [{"name": "absent", "workingDir": "/work"}]}}],
        "image": {"name": "registry/absent", "tag": "latest"},
    },
}


def test_row_42_an_operator_image_that_is_absent(cluster: kn.Cluster) -> None:
    """The AppImage announces a program that nobody has written in this process, as one whose image was never loaded."""
    for node in ("alice", "bob"):
        cluster.kubectl("apply -f -", node=node, stdin=json.dumps(ABSENT))
    job = cluster.apply(manifest(task(appImage="absent", config={"module_name": "lost"}), name="row-42"))
    with pytest.raises(JobFailed) as caught:
        job.wait(TIMEOUT)
    assert "AppImage absent has no program lost in this process" in str(caught.value)
    assert job.tasks["phase"].tolist() == ["Failed", "Failed"]


@pytest.mark.parametrize(
    ("case", "text"),
    [
        ({"guest": {"name": "labels.csv", "has_label": True}}, "more than one party have label"),
        ({"host": {"has_label": False}}, "no party has label"),
        ({"guest": {"name": "more.csv"}}, "sample size inconsistent"),
    ],
    ids=["two", "none", "rows"],
)
def test_row_43_labels_and_rows(cluster: kn.Cluster, case: dict[str, Any], text: str) -> None:
    cluster.put("bob", "labels.csv", pd.DataFrame({"v": [0.25, 0.5, -0.5, 1.0], "y": [1, 0, 1, 0]}))
    cluster.put("bob", "more.csv", pd.DataFrame({"v": [0.25, 0.5, -0.5, 1.0, 0.0]}))
    name = "row-43-" + text.partition(" ")[0]
    said, job = failed(cluster, manifest(task(**case), name=name), DataError)
    assert said.startswith(text)
    if "sample" in text:
        assert "bob has 5 rows" in said
        assert "alice has 4" in said
    ends = job.conditions[job.conditions["type"] == "Success"]
    assert all(text in message for message in ends["message"]), "both parties know"


def test_row_44_a_batch_that_is_larger_than_the_data(cluster: kn.Cluster) -> None:
    said, _ = failed(cluster, manifest(task(common={"batch_size": 5}), name="row-44"), ParameterError)
    assert "batch_size = 5" in said
    assert "4 rows" in said


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("optimizer", "adam", "sgd"),
        ("optimizer", "sdg", "sgd"),
        ("sigmoid_mode", "minimax_2", "minimax_1"),
        ("protocol", "aby3", "semi2k"),
        ("trunc_mode", "precise", "probabilistic"),
    ],
)
def test_row_45_another_optimizer_or_word(cluster: kn.Cluster, name: str, value: str, allowed: str) -> None:
    job = manifest(task(common={name: value}), name=f"row-45-{value.replace('_', '-')}")
    said, _ = failed(cluster, job, ParameterError)
    assert said.startswith(f"parameter {name} = '{value}' ")
    assert f"allowed: {allowed}" in said


@pytest.mark.parametrize(
    ("name", "value", "allowed"), [("ttp_adjust_rank", 2, "0 to 1"), ("ttp_server_host", "nowhere", "host:port")]
)
def test_row_46_a_ttp_that_cannot_be(cluster: kn.Cluster, name: str, value: object, allowed: str) -> None:
    job = manifest(task(common={name: value}), name=f"row-46-{name.replace('_', '-')}")
    said, _ = failed(cluster, job, ParameterError)
    assert said.startswith(f"parameter {name} = '{value}' ")
    assert f"allowed: {allowed}" in said


def test_row_46_a_ttp_that_is_not_asked(cluster: kn.Cluster) -> None:
    """The TTP is in this process, so that it is always there; who names another one has to know that."""
    job = cluster.apply(manifest(task(common={"ttp_server_host": "nowhere.invalid:9449"}), name="row-46")).wait(TIMEOUT)
    assert any("nowhere.invalid:9449" in warning for warning in job.warnings)
    assert cluster.apply(manifest(name="row-46-here")).wait(TIMEOUT).warnings == []


# --- rows 47 to 50: versions, stopping, modes, numbers ---------------------------------------------------------------


def test_row_47_a_cluster_of_another_kind(capsys: pytest.CaptureFixture[str]) -> None:
    """tests/docker has the gate for versions and protocols (spec: kuscia §5.5), which goes with nodes in containers."""
    with pytest.raises(KusciaError, match="cannot connect to 'bfia'") as caught:
        kn.connect("bfia")
    assert "local" in caught.value.hint
    with pytest.raises(KusciaError):
        kuscia("up -p bfia")
    assert capsys.readouterr().out == "", "nothing was started"


@pytest.mark.parametrize("node", ["alice", "bob"])
@pytest.mark.parametrize(
    "line",
    [
        "label kj job -n cross-domain kuscia.secretflow/job-stage=Stop",
        """patch kj job -n cross-domain --type merge -p '{"spec":{"stage":"Stop"}}'""",
    ],
    ids=["label", "patch"],
)
def test_row_48_a_stop_stops_both_sides(world: Line, line: str, node: str) -> None:
    world.apply(toy_job())
    kubectl(world, line, node=node)
    world.finish()
    for domain in ("alice", "bob"):
        assert kj(world, domain).status.phase == kt(world, domain).status.phase == "Failed"
        assert kj(world, domain).finished
    assert kj(world, node).status.message == "Job was stopped"
    assert isinstance(world.observer.by_name["job"].error, JobStopped)
    assert world.agent._sessions == {}, "no program runs any more"


def test_row_48_running_programs_end(cluster: kn.Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OPERATORS, "_operators", OPERATORS._operators)
    begun, ended = threading.Event(), list[str]()

    @operator
    async def endless(party: Party) -> None:
        """Talks until it is stopped."""
        try:
            while True:
                await party.link.send(b"tick", "tick")
                await party.link.receive()
                begun.set()
        finally:
            ended.append(party.domain)

    job = cluster.apply(manifest(task(appImage="endless", config={"module_name": "endless"}), name="row-48"))
    assert begun.wait(TIMEOUT)
    cluster.kubectl("label kj row-48 -n cross-domain kuscia.secretflow/job-stage=Stop")
    with pytest.raises(JobStopped):
        job.wait(TIMEOUT)
    assert sorted(ended) == ["alice", "bob"]
    assert job.tasks["phase"].tolist() == ["Failed", "Failed"]


@pytest.mark.parametrize("mode", ["BestEffort", "Strict"])
def test_row_49_a_tolerable_task_fails(world: Line, mode: str) -> None:
    world.apply(toy_job({"alias": "a", "fails": "bob", "tolerable": True}, {"alias": "b"}, scheduleMode=mode))
    world.finish()
    assert kj(world).status.phase == kj(world, "bob").status.phase == "Succeeded"
    assert sorted(kj(world).status.task_status.values()) == ["Failed", "Succeeded"]


def test_row_49_is_documented() -> None:
    """Kuscia from v0.15 on fails such a job if it is BestEffort; who writes one for it too takes Strict."""
    said = " ".join(explain("kusciajob.spec.tasks.tolerable").split())
    assert "BestEffort" in said
    assert "Strict" in said


def applied(cluster: kn.Cluster, data: dict[str, Any]) -> kn.Job:
    """A job that was started by kubectl."""
    cluster.kubectl("apply -f -", stdin=json.dumps(data))
    return cluster.job(data["metadata"]["name"])


@pytest.mark.parametrize("number", [2**53 + 1, -(2**53) - 1, 2**60 + 1], ids=["2^53+1", "-2^53-1", "2^60+1"])
@pytest.mark.parametrize("door", ["apply", "kubectl", "submit", "text"])
def test_row_50_a_whole_number_that_no_double_holds(cluster: kn.Cluster, door: str, number: int) -> None:
    """Both parties see Kuscia's number, the nearest double (spec: kuscia §3.5), and people are told of the change."""
    name = f"row-50-{door}-{abs(number)}" + ("-minus" if number < 0 else "")
    written = manifest(task(common={"ttp_session_id": number}), name=name)
    create = request({"name": "small.csv"}, job_id=name)
    params = create["config"]["task_params"]
    params["host"]["0"]["ss_lr_1"]["name"] = "small.csv"
    params["common"]["ss_lr_1"] |= {"batch_size": 2, "learning_rate": 0.1, "ttp_session_id": number}
    starts = {
        "apply": lambda: cluster.apply(written),
        "kubectl": lambda: applied(cluster, written),
        "submit": lambda: cluster.submit(create),
        "text": lambda: cluster.submit("\ufeff" + json.dumps(create)),
    }
    job = starts[door]().wait(TIMEOUT)
    alice, bob = (job.env(node)["runtime.component.parameter.ttp_session_id"] for node in ("alice", "bob"))
    assert alice == bob != str(number)
    assert float(alice) == float(number)
    (warning,) = job.warnings
    assert "ttp_session_id" in warning
    assert str(number) in warning
    assert alice in warning


def test_row_50_a_whole_number_beyond_all_doubles(cluster: kn.Cluster) -> None:
    for job in (manifest(task(guest={"x": 10**400})), request({"x": 10**400})):
        assert re.search(r"\.guest\.0\.(ss_lr_1\.)?x: a number must be finite", refused(cluster, job).what)


def test_row_50_a_whole_number_that_a_double_holds(cluster: kn.Cluster) -> None:
    job = cluster.apply(manifest(task(common={"ttp_session_id": 2**53}), name="row-50-exact")).wait(TIMEOUT)
    for node in ("alice", "bob"):
        assert job.env(node)["runtime.component.parameter.ttp_session_id"] == "9007199254740992"
    assert job.warnings == []


# --- all of them -----------------------------------------------------------------------------------------------------


def test_every_row_of_the_table_is_walked() -> None:
    page = (Path(__file__).parent.parent / "docs" / "spec" / "kuscia.md").read_text("utf-8")
    table = page.partition("\n## 7 ")[2].partition("\n## ")[0]
    rows = [int(number) for number in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)]
    tested = {int(found[1]) for name in globals() if (found := re.match(r"test_row_(\d\d)_", name))}
    assert rows == list(range(1, 51))
    assert tested == set(rows)
