"""BFIA create-job requests: to a KusciaJob and back, what is refused, and how they run (spec: kuscia §3, §7)."""

from __future__ import annotations

import copy
import json
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import kuscia_nb as kn
from kuscia_nb.bfia.messages import CreateJobRequest, go_json
from kuscia_nb.bfia.reader import from_dict, read_request
from kuscia_nb.bfia.translate import request_bytes, to_job, to_request
from kuscia_nb.control.manifest import read_manifest
from kuscia_nb.control.resources import KusciaJob
from kuscia_nb.errors import JobError, KusciaError, ManifestError
from kuscia_nb.operators import OPERATORS

DATA = Path(__file__).parent / "data"
TUTORIAL = (DATA / "job-ss-lr.json").read_text()
MANIFEST = (DATA / "job-ss-lr.yaml").read_text()
VERSIONS = {"ss-lr": "latest"}
COMMON = (
    '{"algo":"ss_lr","batch_size":21,"field":64,"fxp_bits":18,"l0_norm":0,"l1_norm":0,"l2_norm":0.5,'
    '"last_batch_policy":"discard","learning_rate":0.0001,"num_epoch":1,"optimizer":"sgd","protocol":"semi2k",'
    '"protocol_families":"ss","shard_serialize_format":"raw","sigmoid_mode":"minimax_1","skip_rows":1,'
    '"trunc_mode":"probabilistic","ttp_adjust_rank":0,"ttp_server_host":"ttp-server:9449",'
    '"ttp_session_id":"interconnection-root","use_ttp":true}'
)
GOLDEN = (
    '{"name":"ss_lr_1","module_name":"ss_lr","output":[{"type":"dataset","key":"result"}],'
    '"role":{"host":["alice"],"guest":["bob"]},"initiator":{"role":"host","node_id":"alice"},'
    '"task_params":{"host":{"0":{"has_label":true,"name":"perfect_logit_a.csv","namespace":"data"}},'
    '"guest":{"0":{"has_label":false,"name":"perfect_logit_b.csv","namespace":"data"}},'
    f'"common":{COMMON}}}}}'
)
"""The taskInputConfig that the tutorial prints."""


def edited(*changes: tuple[str, str]) -> str:
    """The tutorial's request with some changes."""
    text = TUTORIAL
    for old, new in changes:
        assert text.count(old) == 1, f"{old}: {text.count(old)} places"
        text = text.replace(old, new)
    return text


def component(name: str, *, inputs: tuple[str, ...] = (), outputs: tuple[str, ...] = ("out",), **more: Any) -> Any:
    """A component; an input or output is a key, or "type:key"."""

    def refs(texts: tuple[str, ...]) -> list[dict[str, str]]:
        pairs = [text.rpartition(":") for text in texts]
        return [{"type": kind or "dataset", "key": key} for kind, _, key in pairs]

    base = {"code": "ss-lr", "name": name, "module_name": "ss_lr"}
    return base | {"input": refs(inputs), "output": refs(outputs)} | more


def request(*components: dict[str, Any], **config: Any) -> dict[str, Any]:
    """A request of alice (host) and bob (guest), who take part in every component."""
    names = [one.get("name", "") for one in components]
    own = {"0": {name: {"namespace": "data", "name": "x.csv"} for name in names}}
    base = {
        "role": {"host": ["alice"], "guest": ["bob"]},
        "initiator": {"role": "host", "node_id": "alice"},
        "task_params": {"host": own, "guest": own, "common": {}},
    }
    return {"job_id": "job", "dag": {"version": "2.0.0", "components": list(components)}, "config": base | config}


def unchecked(data: dict[str, Any]) -> KusciaJob:
    """What the adapter makes of a request, whether the job is valid or not."""
    return to_job(CreateJobRequest.model_validate(data))


def refused(text: str | dict[str, Any]) -> ManifestError:
    with pytest.raises(ManifestError) as caught:
        read_request(text) if isinstance(text, str) else from_dict(text)
    return caught.value


def assert_points_at(error: KusciaError, text: str, marker: str) -> None:
    """The error names the place of `marker`, shows its line, and has the caret under its first character."""
    head, line, caret = error.where.split("\n")
    before = text[: text.index(marker)]
    assert head == f"line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))}"
    assert line[caret.index("^") :].startswith(marker[:20])


# --- a request to a job ----------------------------------------------------------------------------------------------


def test_the_tutorials_request_gives_the_tutorials_bytes() -> None:
    (task,) = to_job(read_request(TUTORIAL)).spec.tasks
    assert len(task.task_input_config) == 798
    assert task.task_input_config == GOLDEN


def test_the_tutorials_job() -> None:
    job = to_job(read_request(TUTORIAL))
    assert job.model_dump(mode="json") == {
        "apiVersion": "kuscia.secretflow/v1alpha1",
        "kind": "KusciaJob",
        "metadata": {
            "name": "job-ss-lr",
            "namespace": "cross-domain",
            "labels": {"kuscia.secretflow/interconn-protocol-type": "bfia"},
        },
        "spec": {
            "initiator": "alice",
            "maxParallelism": 2,
            "scheduleMode": "Strict",
            "tasks": [
                {
                    "alias": "ss_lr_1",
                    "appImage": "ss-lr",
                    "tolerable": False,
                    "taskInputConfig": GOLDEN,
                    "parties": [{"domainID": "alice", "role": "host"}, {"domainID": "bob", "role": "guest"}],
                }
            ],
        },
    }
    assert json.loads(GOLDEN) == json.loads(read_manifest(MANIFEST).spec.tasks[0].task_input_config)


def test_flow_id_is_passed_on() -> None:
    assert to_job(read_request(edited(('"job_id"', '"flow_id":"f-1","job_id"')))).spec.flow_id == "f-1"


def test_parties_come_in_the_adapters_order_and_only_with_parameters() -> None:
    data = request(component("a"), component("b"))
    config = data["config"]
    config["role"] = {"guest": ["bob", "dave"], "host": ["alice"], "arbiter": ["carol"]}
    config["task_params"]["guest"] = {"1": {"a": {}}, "0": {"a": {"x": 1}, "b": {}}}
    config["task_params"]["arbiter"] = {"0": {"a": {}}}
    first, second = unchecked(data).spec.tasks
    assert [(p.domain_id, p.role) for p in first.parties] == [
        ("carol", "arbiter"),
        ("alice", "host"),
        ("bob", "guest"),
        ("dave", "guest"),
    ]
    assert [(p.domain_id, p.role) for p in second.parties] == [("alice", "host"), ("bob", "guest")]
    text = first.task_input_config
    assert '"role":{"arbiter":["carol"],"host":["alice"],"guest":["bob","dave"]}' in text
    own = '"task_params":{"host":{"0":{"name":"x.csv","namespace":"data"}},"arbiter":{"0":{}},'
    assert own + '"guest":{"0":{"x":1},"1":{}}}}' in text
    assert "common" not in text
    assert "arbiter" not in json.loads(second.task_input_config)["task_params"]


def test_indexes_are_numbers_to_parties_and_texts_to_the_config() -> None:
    data = request(component("a"))
    data["config"]["role"]["guest"] = [f"g{i}" for i in range(11)]
    data["config"]["task_params"]["guest"] = {index: {"a": {}} for index in ("10", "2", "0")}
    (task,) = unchecked(data).spec.tasks
    assert [party.domain_id for party in task.parties] == ["alice", "g0", "g2", "g10"]
    assert list(json.loads(task.task_input_config)["task_params"]["guest"]) == ["0", "10", "2"]


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("1.0", "1"),
        ("1e2", "100"),
        ("0.00001", "0.00001"),
        ("0.000001", "0.000001"),
        ("0.0000001", "1e-7"),
        ("-1.25e-9", "-1.25e-9"),
        ("123456789012345680000", "123456789012345680000"),
        ("1e21", "1e+21"),
        ("2.5E+30", "2.5e+30"),
        ("9007199254740993", "9007199254740992"),  # 2^53 + 1 is not a double
        ("1" + "0" * 21, "1e+21"),
        ("0.0", "0"),
        ('"<a&b>\\u2028\\u00e9\\/"', '"\\u003ca\\u0026b\\u003e\\u2028é/"'),  # Go escapes for HTML
        ('"\\u0001\\n\\u007f\\ud83d\\ude00"', '"\\u0001\\n\x7f\U0001f600"'),
        ('{"b":[1.0,{"z":null,"y":true}],"a":2}', '{"a":2,"b":[1,{"y":true,"z":null}]}'),
    ],
)
def test_values_are_written_as_go_writes_them(written: str, kept: str) -> None:
    job = to_job(read_request(edited(('"l2_norm":0.5', f'"l2_norm":{written}'))))
    assert job.spec.tasks[0].task_input_config == GOLDEN.replace('"l2_norm":0.5', f'"l2_norm":{kept}')


@given(st.floats(allow_nan=False, allow_infinity=False))
@example(1e-6)
@example(math.nextafter(1e-6, 0))
@example(math.nextafter(1e21, 0))
@example(5e-324)
def test_numbers_read_back_as_they_were(number: float) -> None:
    text = go_json(number)
    assert float(text) == number
    exponent = bool(number) and not 1e-6 <= abs(number) < 1e21
    assert re.fullmatch(r"-?[1-9](\.\d*[1-9])?e(-[1-9]|\+[1-9])\d*" if exponent else r"-?\d+(\.\d*[1-9])?", text)


# --- inputs to dependencies ------------------------------------------------------------------------------------------


def dependencies(*components: dict[str, Any]) -> list[tuple[str, ...]]:
    return [task.dependencies for task in unchecked(request(*components)).spec.tasks]


def test_an_input_is_a_dependency() -> None:
    first, second = component("a", outputs=("x",)), component("b", inputs=("a.x",))
    assert dependencies(first, second) == [(), ("a",)]
    assert dependencies(second, first) == [("a",), ()], "in whatever order they come"
    assert json.loads(unchecked(request(first, second)).spec.tasks[1].task_input_config)["input"] == [
        {"type": "dataset", "key": "a.x"}
    ]


def test_two_inputs_of_one_producer_are_two_dependencies() -> None:
    assert dependencies(component("a", outputs=("x", "y")), component("b", inputs=("a.x", "a.y"))) == [(), ("a", "a")]


def test_several_producers_come_in_the_order_of_the_inputs() -> None:
    assert dependencies(component("a"), component("b"), component("c", inputs=("b.out", "a.out")))[2] == ("b", "a")


@pytest.mark.parametrize("key", ["model:a.x", "a.y", "x", "b.x", "a.x.z", "A.x"])
def test_an_input_that_matches_nothing_is_no_dependency(key: str) -> None:
    assert dependencies(component("a", outputs=("x",)), component("b", inputs=(key,))) == [(), ()]


def test_only_name_and_module_together_are_oneself() -> None:
    own = component("a", inputs=("a.out",))
    assert dependencies(own) == [()]
    assert dependencies(component("b"), own) == [(), ()]


# --- a job to a request ----------------------------------------------------------------------------------------------


def test_the_tutorials_manifest_gives_the_tutorials_request() -> None:
    found = request_bytes(read_manifest(MANIFEST), VERSIONS)
    assert len(found) == 1022
    common = re.search(r'"common":\{"ss_lr_1":(\{.*?\})\}', TUTORIAL)
    assert common
    expected = edited(
        ('"input":[],', ""),
        ("v1.0.0", "latest"),
        (
            '{"name":"perfect_logit_a.csv","namespace":"data","has_label":true}',
            '{"has_label":true,"name":"perfect_logit_a.csv","namespace":"data"}',
        ),
        (
            '{"name":"perfect_logit_b.csv","namespace":"data","has_label":false}',
            '{"has_label":false,"name":"perfect_logit_b.csv","namespace":"data"}',
        ),
        (common[1], COMMON),
    )
    assert found.decode() == expected.strip()


def test_request_and_bytes_are_the_same() -> None:
    job = read_manifest(MANIFEST.replace('"batch_size":21', '"batch_size":9007199254740993'))
    assert json.loads(request_bytes(job, VERSIONS)) == to_request(job, VERSIONS)
    assert "version" not in to_request(job, {"ss-lr": ""})["dag"]["components"][0], "the tag as it is"


def test_a_request_comes_back_as_the_same_job() -> None:
    job = to_job(read_request(TUTORIAL))
    assert to_job(read_request(request_bytes(job, VERSIONS).decode())) == job
    other = read_manifest(MANIFEST)
    back = to_job(read_request(request_bytes(other, VERSIONS).decode()))
    assert back == job, "aliases, parties and parameters travel; parallelism and the order of keys do not"


def test_only_the_last_index_of_a_role_is_in_job_params() -> None:
    data = request(component("a"))
    data["config"]["role"]["guest"] = ["bob", "carol"]
    data["config"]["task_params"]["guest"] = {"0": {"a": {}}, "1": {"a": {}}}
    found = to_request(unchecked(data), VERSIONS)["config"]
    assert found["job_params"] == {"host": {"0": {}}, "guest": {"1": {}}}
    assert list(found["task_params"]) == ["host", "arbiter", "guest", "common"]
    assert (found["task_params"]["arbiter"], found["task_params"]["common"]) == ({}, {})


def test_two_tasks_are_nested_by_component() -> None:
    data = request(component("a", version="latest"), component("b", inputs=("a.out",), version="latest"))
    data["flow_id"] = "f-1"
    data["config"]["task_params"] |= {"common": {"a": {"n": 1}, "b": {"n": 2}}}
    found = to_request(unchecked(data), VERSIONS)
    assert list(found) == ["job_id", "flow_id", "dag", "config"]
    assert found["config"]["task_params"] == data["config"]["task_params"] | {"arbiter": {}}
    components = [{key: value for key, value in one.items() if value != []} for one in data["dag"]["components"]]
    assert found["dag"] == {"version": "2.0.0", "components": components}


def test_names_are_those_of_the_configs_not_the_aliases() -> None:
    data = read_manifest(MANIFEST).model_dump(mode="json")
    data["spec"]["tasks"][0]["alias"] = "other"
    found = to_request(KusciaJob.model_validate(data), VERSIONS)
    assert found["dag"]["components"][0]["name"] == "ss_lr_1"


def test_an_unknown_image_and_a_broken_config_cannot_be_sent() -> None:
    job = read_manifest(MANIFEST)
    with pytest.raises(ManifestError) as caught:
        to_request(job, {"ss-lr2": "1"})
    assert caught.value.what == 'failed to get appimage ss-lr, appimage.kuscia.secretflow "ss-lr" not found'
    assert caught.value.hint.startswith('"ss-lr2"')
    task = read_manifest(MANIFEST).spec.tasks[0]
    for config, text in (("{", "unmarshal task ss_lr_1 taskInputConfig failed, "), ("{}", "invalid task input config")):
        broken = task.model_copy(update={"task_input_config": config})
        spec = job.spec.model_copy(update={"tasks": (broken,)})
        with pytest.raises(ManifestError, match=text):
            to_request(job.model_copy(update={"spec": spec}), VERSIONS)


names = st.sampled_from(["a", "b", "c", "d"])
numbers = st.floats(-1e9, 1e9).map(lambda number: number + 0.0)  # "-0" would be read as a whole number
params = st.dictionaries(st.text(max_size=4), st.one_of(st.booleans(), numbers, st.text(max_size=4)))


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    used = draw(st.lists(names, min_size=1, unique=True))
    keys = [f"{name}.out" for name in used]
    components = [
        component(name, inputs=tuple(draw(st.lists(st.sampled_from(keys), max_size=2))), version="1") for name in used
    ]
    data = request(*components)
    own = {name: draw(params) for name in used}
    data["config"]["task_params"] = {
        "host": {"0": own},
        "guest": {"0": {name: draw(params) for name in used}},
        "common": {name: draw(params.filter(bool)) for name in used},
    }
    return data


@given(requests())
@settings(max_examples=50, deadline=None)
def test_any_request_survives_the_way_to_a_job_and_back(data: dict[str, Any]) -> None:
    job = unchecked(data)
    found = to_request(job, {"ss-lr": "1"})
    assert found["config"]["task_params"] == data["config"]["task_params"] | {"arbiter": {}}
    assert unchecked(json.loads(request_bytes(job, {"ss-lr": "1"}))) == job


# --- dialects and decoding -------------------------------------------------------------------------------------------


def test_the_standards_dialect() -> None:
    expected = to_job(read_request(TUTORIAL))
    standard = edited(('"code":"ss-lr",', ""), ('"module_name":"ss_lr"', '"componentName":"ss_lr","provider":"fate"'))
    assert to_job(read_request(standard)) == expected
    both = edited(('"module_name":"ss_lr"', '"module_name":"ss_lr","componentName":"other","provider":"fate"'))
    assert to_job(read_request(both)) == expected, "Kuscia's names count"


def test_a_document_for_every_dialect() -> None:
    """One component writes what the next one reads, in the standard's names, in Kuscia's, and in both."""
    pairs = [("psi_1", "ecdh-psi", "ecdh_psi", ()), ("ss_lr_1", "ss-lr", "ss_lr", ("psi_1.out",))]
    jobs = []
    for kuscia, standard in ((True, False), (False, True), (True, True)):
        components = []
        for name, code, module, inputs in pairs:
            one = component(name, inputs=inputs)
            del one["code"], one["module_name"]
            one |= {"code": code, "module_name": module} if kuscia else {}
            one |= {"componentName": module, "provider": "secretflow"} if standard else {}
            components.append(one)
        jobs.append(to_job(from_dict(request(*components))))
    assert jobs[0] == jobs[1] == jobs[2]
    assert [(task.app_image, task.config.module_name, task.dependencies) for task in jobs[0].spec.tasks] == [
        ("ecdh-psi", "ecdh_psi", ()),
        ("ss-lr", "ss_lr", ("psi_1",)),
    ]


def test_camel_case_is_read_too() -> None:
    names = {"job_id": "jobId", "module_name": "moduleName", "node_id": "nodeId", "job_params": "jobParams"}
    names["task_params"] = "taskParams"
    text = TUTORIAL
    for snake, camel in names.items():
        assert f'"{snake}":' in text
        text = text.replace(f'"{snake}":', f'"{camel}":')
    assert read_request(text) == read_request(TUTORIAL)


def test_unknown_fields_and_nulls_are_ignored() -> None:
    data = json.loads(TUTORIAL)
    expected = from_dict(copy.deepcopy(data))
    data |= {"old_job_id": None, "flow_id": None, "more": 1}
    data["dag"]["components"][0] |= {"x": [], "input": None}
    data["config"] |= {"job_params": {"common": {"sync_type": "poll"}, "more": {}}, "audit": True}
    found = from_dict(data)
    assert to_job(found) == to_job(expected)
    assert found.config
    assert found.config.job_params
    assert found.config.job_params.common == {"sync_type": "poll"}


def test_dict_and_text_are_the_same() -> None:
    data = json.loads(TUTORIAL)
    before = copy.deepcopy(data)
    assert from_dict(data) == read_request(TUTORIAL) == read_request("\ufeff\n" + json.dumps(data, indent="\t"))
    assert data == before
    data["config"]["task_params"]["host"] = {0: data["config"]["task_params"]["host"]["0"]}
    assert from_dict(data) == read_request(TUTORIAL), "as json.dumps has it"
    data["config"]["task_params"]["common"]["ss_lr_1"]["l2_norm"] = {1}
    assert refused(data).what == "config.task_params.common.ss_lr_1.l2_norm: JSON has no set"


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{}", "parameter job_id can't be empty;parameter dag can't be empty;parameter config can't be empty"),
        (
            '{"job_id":""}',
            "parameter job_id can't be empty;parameter dag can't be empty;parameter config can't be empty",
        ),
        ('{"dag":null, "job_id":"a"}', "parameter dag can't be empty;parameter config can't be empty"),
        (edited(('"job_id":"job-ss-lr",', "")), "parameter job_id can't be empty"),
    ],
)
def test_missing_parameters_are_one_problem(text: str, what: str) -> None:
    error = refused(text)
    assert error.what == what
    assert error.where.startswith("line 1, column 1\n")


def test_a_misspelt_parameter_is_found() -> None:
    error = refused(edited(('"job_id"', '"jobb_id"')))
    assert error.what == "parameter job_id can't be empty"
    assert error.hint == '"job_id" instead of "jobb_id"'
    error = refused(edited(('"code"', '"Code"')))
    assert error.hint == '"code" instead of "Code"'


@pytest.mark.parametrize(
    ("old", "new", "what", "marker"),
    [
        (
            '"initiator":{"role":"host","node_id":"alice"},',
            "",
            "config.initiator: interconn job config initiator can't be empty",
            '"config"',
        ),
        (
            '"node_id":"alice"',
            '"node_id":""',
            "config.initiator.node_id: interconn job config initiator can't be empty",
            '""}',
        ),
        (
            '"code":"ss-lr"',
            '"code":""',
            "dag.components[0].code: validate appImage failed, component code can't be empty",
            '"","name"',
        ),
        ('"module_name":"ss_lr",', "", "dag.components[0].module_name: must not be empty", '{"code"'),
        ('"name":"ss_lr_1"', '"name":""', "dag.components[0].name: must not be empty", '"","module'),
        ('"role":{"host":["alice"],"guest":["bob"]},', "", "config.role: can't be empty", '"config"'),  # row 33
        ('"key":"result"', '"key":7', "dag.components[0].output[0].key: must be a string, is 7", "7}]"),
        ('["alice"]', "[true]", "config.role.host[0]: must be a string, is true", "true]"),
        ('["alice"]', '"alice"', 'config.role.host: must be a list, is "alice"', '"alice","guest"'),
        ('"dag":{', '"dag":"x","daf":{', 'dag: must be an object, is "x"', '"x"'),
    ],
)
def test_a_faulty_field_is_named(old: str, new: str, what: str, marker: str) -> None:
    text = edited((old, new))
    error = refused(text)
    assert error.what == what
    assert_points_at(error, text, marker)


def test_a_request_without_task_params_names_the_field() -> None:
    data = json.loads(TUTORIAL)
    del data["config"]["task_params"]
    assert refused(data).what == "config.task_params: can't be empty"
    data["config"]["task_params"] = {}
    error = refused(data)
    assert error.what.startswith("config.task_params: component ss_lr_1 has no parties")
    assert '"ss_lr_1"' in error.hint


ATOI = "role index should be number string format, strconv.Atoi: parsing"


@pytest.mark.parametrize(
    ("index", "text"),
    [
        ("x", f'{ATOI} "x": invalid syntax'),
        ("1", "role index 2 should be less than role [bob] length"),
        ("5", "role index 6 should be less than role [bob] length"),
        ("-1", f'{ATOI} "-1": invalid syntax'),  # Kuscia panics
        ("0|1", f'{ATOI} "0|1": invalid syntax'),
        ("00", f'{ATOI} "00": invalid syntax'),
        ("", f'{ATOI} "": invalid syntax'),
        ("9" * 30, f'{ATOI} "{"9" * 30}": value out of range'),
    ],
)
def test_a_role_index_that_is_none(index: str, text: str) -> None:
    request = edited(('"guest":{"0":{"ss_lr_1"', f'"guest":{{"{index}":{{"ss_lr_1"'))
    error = refused(request)
    assert error.what == f"config.task_params.guest.{index}: generate taskInputConfig failed, {text}"
    assert error.hint == 'one of: "0"'
    if len(index) < 1000:  # YAML, which knows the places, has no longer keys
        assert_points_at(error, request, f'"{index}":{{"ss_lr_1":{{"name":"perfect_logit_b')


def test_an_index_counts_only_for_the_components_in_it() -> None:
    data = json.loads(TUTORIAL)
    data["config"]["task_params"]["guest"]["x"] = {}
    assert to_job(from_dict(data)).spec.tasks[0].task_input_config == GOLDEN


def test_lists_of_several_nodes_are_printed_as_go_prints_them() -> None:
    data = request(component("a"))
    data["config"]["role"]["guest"] = ["bob", "carol"]
    data["config"]["task_params"]["guest"] = {"2": {"a": {}}}
    assert "role index 3 should be less than role [bob carol] length" in refused(data).what


def test_parameters_of_a_misspelt_component() -> None:
    text = edited(('"guest":{"0":{"ss_lr_1"', '"guest":{"0":{"ss_lr1"'))
    error = refused(text)
    assert error.what == 'config.task_params.guest.0.ss_lr1: no component has the name "ss_lr1"'
    assert error.hint.startswith('"ss_lr_1"')
    assert_points_at(error, text, '"ss_lr1"')
    data = json.loads(TUTORIAL)
    data["config"]["task_params"]["common"]["unrelated"] = {}
    assert to_job(from_dict(data)).spec.tasks[0].task_input_config == GOLDEN, "left out, as Kuscia does"


def test_components_are_counted_and_named_once() -> None:
    assert refused(request()).what == "dag.components: should have at least 1 items"
    many = [component(f"c{i}") for i in range(129)]
    assert refused(request(*many)).what == "dag.components: should have at most 128 items"
    assert len(unchecked(request(*many[:128])).spec.tasks) == 128
    error = refused(request(component("a"), component("a")))
    assert error.what == 'dag.components[1].name: name "a" is used twice, first by dag.components[0]'


@pytest.mark.parametrize("name", ["Job_1", "a" * 51])
def test_the_job_id_is_a_name(name: str) -> None:  # row 35
    text = edited(("job-ss-lr", name))
    error = refused(text)
    assert error.what.startswith("job_id: Invalid value: " if "_" in name else "job_id: must be no more than 50")
    assert_points_at(error, text, f'"{name}"')


@pytest.mark.parametrize(
    ("old", "new", "what", "marker"),
    [
        ('"l2_norm":0.5', '"l2_norm":null', "common.ss_lr_1.l2_norm: unsupported type of value null", "null"),
        ('"l2_norm":0.5', '"l2_norm":[1]', "common.ss_lr_1.l2_norm: unsupported type of value list", "[1]"),
        ('"l2_norm":0.5', '"l2_norm":-1e999', "common.ss_lr_1.l2_norm: a number must be finite, is -inf", "-1e999"),
        ('"l2_norm":0.5', '"l2_norm":NaN', "common.ss_lr_1.l2_norm: a number must be finite, is nan", "NaN"),
        ('"l2_norm":0.5', '"l2_norm":"\\ud800"', "common.ss_lr_1.l2_norm: half of a surrogate pair", '"\\ud800"'),
        ('"l2_norm":0.5', f'"l2_norm":{10**400}', "common.ss_lr_1.l2_norm: a number must be finite", "1000000"),
        ('"perfect_logit_b.csv"', '"../b"', 'guest.0.ss_lr_1.name: "../b" could lead out of the storage', '"../b"'),
        (
            '{"name":"perfect_logit_a.csv","namespace":"data","has_label":true}',
            "[]",
            "host.0.ss_lr_1: can not convert party private params to struct",
            "[]}},",
        ),
        ('"perfect_logit_b.csv"', "null", "guest.0.ss_lr_1.name: unsupported type of value null", "null"),
        (
            '"name":"perfect_logit_b.csv",',
            "",
            "guest.0.ss_lr_1: not found name in party task params of bob (guest.0)",
            '{"namespace":"data","has_label":false',
        ),
    ],
)
def test_a_faulty_parameter_is_found_in_the_request(old: str, new: str, what: str, marker: str) -> None:
    text = edited((old, new))
    error = refused(text)
    assert error.what.startswith(f"config.task_params.{what}")
    assert_points_at(error, text, marker)


@pytest.mark.parametrize(
    ("key", "what"),
    [
        ("a", 'invalid input key "a"'),
        ("nope.out", "not found task by name nope"),
        ("a.nope", 'task a has no output "nope" of type dataset'),
        ("model:a.out", 'task a has no output "out" of type model'),
        ("a.out.more", 'no other component has the output "a.out.more" of type dataset'),
        ("b.out", 'no other component has the output "b.out" of type dataset'),
    ],
)
def test_an_input_that_nobody_makes(key: str, what: str) -> None:  # row 29
    error = refused(request(component("a"), component("b", inputs=(key,))))
    assert error.what == f"dag.components[1].input[0].key: {what}"
    assert error.hint


def test_components_in_a_circle() -> None:
    error = refused(request(component("a", inputs=("b.out",)), component("b", inputs=("a.out",))))
    assert re.fullmatch(r"dag\.components\[\d\]\.input: validate failed: cycled dependencies: . -> . -> .", error.what)


def test_the_initiator_takes_part() -> None:
    text = edited(('"node_id":"alice"', '"node_id":"alcie"'))
    error = refused(text)
    assert error.what == "config.initiator.node_id: initiator should be one of task parties"
    assert error.hint == '"alice" (known: alice, bob)'
    assert_points_at(error, text, '"alcie"')


def test_all_problems_come_at_once_in_the_order_of_the_text() -> None:
    text = json.dumps(json.loads(TUTORIAL), indent=2)
    for old, new in (
        ('"job-ss-lr"', '"Job"'),
        ('"learning_rate": 0.0001', '"learning_rate": null'),
        ('"namespace": "data"', '"namespace": "../x"'),
    ):
        text = text.replace(old, new)
    error = refused(text)
    assert error.what == "4 problems in the request"
    heads = re.findall(r"^line (\d+), column \d+  (\S+): ", error.where, re.MULTILINE)
    assert [name.rpartition(".")[2] for _, name in heads] == ["job_id", "namespace", "namespace", "learning_rate"]
    lines = text.split("\n")
    assert [lines[int(number) - 1].split('"')[1] for number, _ in heads] == [n.rpartition(".")[2] for _, n in heads]


@pytest.mark.parametrize("indent", [None, 1, "\t"])
def test_places_do_not_depend_on_the_layout(indent: int | str | None) -> None:
    text = "\t" + json.dumps(json.loads(edited(('["bob"]', '["bob",7.25]'))), indent=indent)
    error = refused(text)
    assert error.what == "config.role.guest[1]: must be a string, is 7.25"
    assert_points_at(error, text, "7.25")


def test_names_in_errors_are_spelt_as_in_the_request() -> None:
    text = edited(
        ('"code":"ss-lr",', ""),
        ('"module_name"', '"provider":"x","componentName"'),
        ('"task_params"', '"taskParams"'),
        ('"name":"perfect_logit_b.csv"', '"name":"../b.csv"'),
    )
    error = refused(text)
    assert error.what.startswith('config.taskParams.guest.0.ss_lr_1.name: "../b.csv" could lead out of the storage')
    assert_points_at(error, text, '"../b.csv"')


@pytest.mark.parametrize(
    ("text", "what", "where"),
    [
        ("", "the request is empty", ""),
        (" \n", "the request is empty", ""),
        ("[]", "a request is an object, this is a list", "line 1, column 1\n"),
        ('"x"', 'a request is an object, this is "x"', "line 1, column 1\n"),
        (
            '{"job_id": "a",\n  nope}',
            "not JSON: Expecting property name enclosed in double quotes",
            "line 2, column 3\n",
        ),
        ('{"job_id": "a"\n\n', "not JSON: Expecting ',' delimiter", "line 1, column 15\n"),
        ("[" * 100_000, "the request is nested too deeply", ""),
        ('{"job_id": ' + "1" * 5000, None, "line 1, column 1\n"),
        ('{"job_id": true', "not JSON: Expecting ',' delimiter", "line 1, column 16\n"),
        ('{"job_id":"a","job_id":"b","x":' + TUTORIAL[1:], None, ""),
        ("job.json\n", "this is a file's name, not a request", ""),
    ],
)
def test_text_that_is_no_request(text: str, what: str | None, where: str) -> None:
    error = refused(text)
    if what:
        assert error.what == what
    assert error.where.startswith(where)


def test_a_key_that_is_there_twice() -> None:
    text = edited(('"skip_rows":1', '"skip_rows":1,"skip_rows":2'))
    error = refused(text)
    assert error.what == 'config.task_params.common.ss_lr_1.skip_rows: key "skip_rows" already set in map'
    assert_points_at(error, text, '"skip_rows":2')
    error = refused(edited(('"job_id"', '"jobId":"b","job_id"')))
    assert error.what == 'has both "job_id" and "jobId", which are the same field'


def test_a_manifest_instead_of_a_request() -> None:
    manifest = read_manifest(MANIFEST).model_dump(mode="json")
    for text in (MANIFEST, json.dumps(manifest), manifest):
        error = refused(text)
        assert error.what == "this is a KusciaJob manifest, not a BFIA create-job request"
        assert error.hint == "%%kusciajob or cluster.apply(...)"
    with pytest.raises(ManifestError, match="this is a BFIA create-job request") as caught:
        read_manifest(TUTORIAL)
    assert "submit" in caught.value.hint


def test_translating_an_unchecked_request_never_panics() -> None:
    for data in ({}, {"job_id": "a", "dag": {}, "config": {}}, request(component("a"), role=None)):
        with pytest.raises(ManifestError):
            unchecked(data)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def outcome(read: Callable[[Any], CreateJobRequest], data: Any) -> CreateJobRequest | str:
    try:
        return read(data)
    except ManifestError as error:
        return error.what


@given(st.data(), json_values)
@settings(max_examples=200, deadline=None)
def test_any_change_is_read_or_refused_like_its_text(draw: st.DataObject, value: Any) -> None:
    data: Any = json.loads(TUTORIAL)
    holder: Any = data
    while True:
        key = draw.draw(st.sampled_from(list(holder) if isinstance(holder, dict) else range(len(holder))))
        if not isinstance(holder[key], dict | list) or not holder[key] or draw.draw(st.integers(0, 5)) == 0:
            break
        holder = holder[key]
    holder[key] = value
    assert outcome(read_request, json.dumps(data)) == outcome(from_dict, data)


@given(json_values)
@settings(deadline=None)
def test_any_json_is_read_or_refused(value: Any) -> None:
    assert outcome(read_request, json.dumps(value)) == outcome(from_dict, value)


@given(st.text())
@settings(deadline=None)
def test_any_text_is_refused(text: str) -> None:
    assert isinstance(outcome(read_request, text), str)


# --- on a cluster ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kn.Cluster]:
    cluster = kn.connect(storage=tmp_path_factory.mktemp("nodes"))
    yield cluster
    cluster.close()


def test_a_request_runs_like_its_manifest(cluster: kn.Cluster) -> None:
    job = cluster.submit(TUTORIAL, seed=3).wait()
    assert (job.name, job.phase, job.nodes, job.seed) == ("job-ss-lr", "Succeeded", ["alice", "bob"], 3)
    assert job.manifest()["spec"]["tasks"][0]["taskInputConfig"] == GOLDEN
    weights, alice, bob = job.weights(), job.env("alice"), job.env("bob")
    again = cluster.apply(MANIFEST, replace=True, seed=3).wait()
    expected = again.weights()
    assert list(weights) == list(expected)
    for column in ("feature", "owner"):
        assert weights[column].tolist() == expected[column].tolist()
    np.testing.assert_array_equal(weights["weight"], expected["weight"])
    task = [str(one.tasks["task"].iloc[0]) for one in (job, again)]
    alice.pop("TASK_INPUT_CONFIG")  # the text that was given, with other bytes than the request's translation
    for node, env in (("alice", alice), ("bob", bob)):
        seen = {k: v.replace(task[0], task[1]) for k, v in env.items()}
        assert seen.items() <= again.env(node).items(), "what the programs see"


def test_a_name_is_taken_once(cluster: kn.Cluster) -> None:
    data = json.loads(TUTORIAL) | {"job_id": "once"}
    cluster.submit(data).wait()
    with pytest.raises(JobError, match="job once already exists and is finished") as caught:
        cluster.submit(data)
    assert "another job_id" in caught.value.hint
    assert cluster.submit(data, replace=True, strategy="interconnection").wait().phase == "Succeeded"
    with pytest.raises(KusciaError, match="strategy 'fast' is unknown"):
        cluster.submit(data, strategy="fast")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("old", "new", "what", "hint", "marker"),
    [
        (
            '"code":"ss-lr"',
            '"code":"ss-lrr"',
            'dag.components[0].code: failed to get appimage ss-lrr, appimage.kuscia.secretflow "ss-lrr" not found',
            f'"ss-lr" (known: {", ".join(sorted(one.image for one in OPERATORS.values()))})',
            '"ss-lrr"',
        ),
        (
            '["bob"]',
            '["bop"]',
            'config.role.guest[0]: can\'t find party namespace bop under cluster, namespace "bop" not found',
            '"bob" (known: alice, bob)',
            '"bop"',
        ),
        (
            '"module_name":"ss_lr"',
            '"module_name":"ss-lr"',
            "dag.components[0].module_name: not found expected component ss-lr in component spec of AppImage ss-lr",
            '"ss_lr" (known: ss_lr)',
            '"ss-lr","version"',
        ),
    ],
)
def test_what_the_cluster_does_not_have(
    cluster: kn.Cluster, old: str, new: str, what: str, hint: str, marker: str
) -> None:
    before = set(cluster.jobs()["name"])
    text = edited((old, new), ("job-ss-lr", "refused"))
    with pytest.raises(ManifestError) as caught:
        cluster.submit(text)
    assert (caught.value.what, caught.value.hint) == (what, hint)
    assert_points_at(caught.value, text, marker)
    with pytest.raises(ManifestError, match=re.escape(what)):
        cluster.submit(json.loads(text))
    assert set(cluster.jobs()["name"]) == before


def test_the_manifests_own_faults_have_a_place_too(cluster: kn.Cluster) -> None:
    text = MANIFEST.replace('"module_name":"ss_lr"', '"module_name":"ss-lr"')
    with pytest.raises(ManifestError, match="not found expected component ss-lr") as caught:
        cluster.apply(text)
    assert_points_at(caught.value, text, '"ss-lr"')


def test_one_party_alone(cluster: kn.Cluster) -> None:
    data = json.loads(TUTORIAL)
    del data["config"]["role"]["guest"], data["config"]["task_params"]["guest"]
    with pytest.raises(ManifestError, match=r"^config\.role: ss_lr is for two parties, task ss_lr_1 has 1"):
        cluster.submit(data)
