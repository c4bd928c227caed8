"""The environment of an operator's program, key by key (spec: kuscia §4.1 to §4.3, §5.4)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from protocol import TUTORIAL_PARAMETERS

from kuscia_nb.control.environment import agent_environment, operator_environment, value_text
from kuscia_nb.control.manifest import read_manifest
from kuscia_nb.control.resources import JobSpec, JobTask, KusciaJob, Metadata, Party
from kuscia_nb.errors import ManifestError
from kuscia_nb.operators.component import Component

DATA = Path(__file__).parent / "data"
TASK_ID = "job-ss-lr-26e3489ac66e"
SS_LR = Component("ss_lr", "ss-lr", ("train_data",), ("train_data",))
ALICE, BOB = Party(domain_id="alice", role="host"), Party(domain_id="bob", role="guest")


def tutorial_environment(party: Party) -> dict[str, str]:
    job = read_manifest((DATA / "job-ss-lr.yaml").read_text())
    (task,) = job.spec.tasks
    return operator_environment(job, task, TASK_ID, party, SS_LR, {task.alias: TASK_ID})


def environment(
    config: Mapping[str, Any], *, party: Party = ALICE, component: Component = SS_LR, **task_ids: str
) -> dict[str, str]:
    """The environment of a task whose taskInputConfig differs from a small one by `config`."""
    small = {
        "name": "b",
        "module_name": "ss_lr",
        "output": [{"type": "dataset", "key": "result"}],
        "role": {"host": ["alice"], "guest": ["bob"]},
        "initiator": {"role": "host", "node_id": "alice"},
        "task_params": {
            "host": {"0": {"name": "a.csv", "namespace": "data"}},
            "guest": {"0": {"name": "b.csv", "namespace": "data"}},
            "common": {},
        },
    }
    text = json.dumps(small | dict(config))
    task = JobTask(alias="b", app_image="image", task_input_config=text, parties=(ALICE, BOB))
    job = KusciaJob(metadata=Metadata(name="j"), spec=JobSpec(initiator="alice", tasks=(task,)))
    return operator_environment(job, task, "j-0123456789ab", party, component, task_ids)


# --- the tutorial's job ----------------------------------------------------------------------------------------------


def test_alice_in_the_tutorial() -> None:
    own = {"has_label": "true", "name": "perfect_logit_a.csv", "namespace": "data"}
    assert tutorial_environment(ALICE) == {
        "config.task_id": "job-ss-lr-26e3489ac66e",
        "config.session_id": "session_job-ss-lr-26e3489ac66e",
        "config.trace_id": "trace_job-ss-lr-26e3489ac66e",
        "config.token": "token_job-ss-lr-26e3489ac66e",
        "runtime.component.name": "ss_lr",
        "config.inst_id.host.0": "alice",
        "config.node_id.host.0": "alice",
        "config.inst_id.guest.0": "bob",
        "config.node_id.guest.0": "bob",
        "config.self_role": "host.0",
        **{f"runtime.component.parameter.{key}": value for key, value in (TUTORIAL_PARAMETERS | own).items()},
        "runtime.component.input.train_data": '{"namespace":"data","name":"perfect_logit_a.csv"}',
        "runtime.component.output.train_data": (
            '{"namespace":"job-ss-lr-host-0","name":"job-ss-lr-26e3489ac66e-result"}'
        ),
    }


def test_bob_in_the_tutorial() -> None:
    alice, bob = tutorial_environment(ALICE), tutorial_environment(BOB)
    assert {key: value for key, value in bob.items() if alice[key] != value} == {
        "config.self_role": "guest.0",
        "runtime.component.parameter.has_label": "false",
        "runtime.component.parameter.name": "perfect_logit_b.csv",
        "runtime.component.input.train_data": '{"namespace":"data","name":"perfect_logit_b.csv"}',
        "runtime.component.output.train_data": (
            '{"namespace":"job-ss-lr-guest-0","name":"job-ss-lr-26e3489ac66e-result"}'
        ),
    }


def test_the_order_is_kuscias() -> None:
    keys = list(tutorial_environment(ALICE))
    assert keys[:10] == [
        "config.task_id",
        "config.session_id",
        "config.trace_id",
        "config.token",
        "runtime.component.name",
        "config.inst_id.host.0",
        "config.node_id.host.0",
        "config.inst_id.guest.0",
        "config.node_id.guest.0",
        "config.self_role",
    ]
    assert all(key.startswith("runtime.component.parameter.") for key in keys[10:-2])
    assert keys[-2:] == ["runtime.component.input.train_data", "runtime.component.output.train_data"]


# --- other jobs ------------------------------------------------------------------------------------------------------


def test_members_come_as_host_guest_arbiter() -> None:
    result = environment({"role": {"arbiter": ["dave"], "guest": ["bob", "carol"], "host": ["alice"]}})
    nodes = [(key, value) for key, value in result.items() if key.startswith("config.node_id.")]
    assert nodes == [
        ("config.node_id.host.0", "alice"),
        ("config.node_id.guest.0", "bob"),
        ("config.node_id.guest.1", "carol"),
        ("config.node_id.arbiter.0", "dave"),
    ]


def test_the_index_is_the_position_in_the_roles_list() -> None:
    config = {
        "role": {"host": ["alice"], "guest": ["carol", "bob"]},
        "task_params": {"guest": {"0": {"name": "c.csv"}, "1": {"name": "b.csv", "namespace": "data"}}},
    }
    result = environment(config, party=BOB)
    assert result["config.self_role"] == "guest.1"
    assert result["runtime.component.input.train_data"] == '{"namespace":"data","name":"b.csv"}'
    assert json.loads(result["runtime.component.output.train_data"])["namespace"] == "j-guest-1"


def test_a_partys_own_parameter_wins() -> None:
    params = {"host": {"0": {"name": "a", "namespace": "data", "x": 2}}, "common": {"x": 1, "y": 3}}
    result = environment({"task_params": params})
    assert (result["runtime.component.parameter.x"], result["runtime.component.parameter.y"]) == ("2", "3")


def test_inputs_come_from_earlier_tasks() -> None:
    component = Component("ss_lr", "two and two", ("left", "right"), ("model", "report"))
    config = {
        "input": [{"type": "dataset", "key": "psi.train_data"}, {"type": "dataset", "key": "split.part.more"}],
        "output": [{"type": "model", "key": "w"}, {"type": "report", "key": "r"}],
        "task_params": {},
    }
    result = environment(config, party=BOB, component=component, psi="j-aaaaaaaaaaaa", split="j-bbbbbbbbbbbb", b="j-x")
    assert [(key, value) for key, value in result.items() if ".input." in key or ".output." in key] == [
        ("runtime.component.input.left", '{"namespace":"j-guest-0","name":"j-aaaaaaaaaaaa-train_data"}'),
        ("runtime.component.input.right", '{"namespace":"j-guest-0","name":"j-bbbbbbbbbbbb-part"}'),
        ("runtime.component.output.model", '{"namespace":"j-guest-0","name":"j-0123456789ab-w"}'),
        ("runtime.component.output.report", '{"namespace":"j-guest-0","name":"j-0123456789ab-r"}'),
    ]


@pytest.mark.parametrize(
    ("config", "party", "what"),
    [
        ({}, Party(domain_id="alice", role="x"), "unsupported role type x"),
        ({}, Party(domain_id="bob", role="host"), "not found party bob/host in role config"),
        ({"task_params": {}}, ALICE, "not found namespace in party task params of alice (host.0)"),
        (
            {"task_params": {"host": {"0": {"namespace": "data"}}}},
            ALICE,
            "not found name in party task params of alice (host.0)",
        ),
        ({"input": [{"type": "d", "key": "x"}]}, ALICE, 'invalid input key "x"'),
        ({"input": [{"type": "d", "key": "x.y"}]}, ALICE, "not found task by name x"),
        (
            {"module_name": "ss_glm"},
            ALICE,
            "not found expected component ss_glm in component spec of AppImage image",
        ),
        (
            {"input": [{"type": "d", "key": "a.y"}] * 2},
            ALICE,
            "not found expected input name component.1.input.2.name in component spec of AppImage image",
        ),
        (
            {"output": [{"type": "d", "key": "y"}] * 2},
            ALICE,
            "not found expected output name component.1.output.2.name in component spec of AppImage image",
        ),
    ],
)
def test_what_kuscia_cannot_inject(config: dict[str, Any], party: Party, what: str) -> None:
    with pytest.raises(ManifestError) as caught:
        environment(config, party=party, a="j-aaaaaaaaaaaa")
    assert caught.value.what == what
    assert caught.value.hint


# --- values as text --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1e-5", "1e-5"),
        ("", ""),
        (True, "true"),
        (False, "false"),
        (0.0001, "0.0001"),
        (0.00001, "0.00001"),
        (21, "21"),
        (21.0, "21"),
        (0, "0"),
        (-1.5, "-1.5"),
        (100, "100"),
        (1e22, "10000000000000000000000"),
        (5e-324, f"0.{'0' * 323}5"),
        ({"b": 1, "a": "x"}, '{"a":"x","b":1}'),
        ({"b": {"d": 1e-7, "c": [True, None, 2.0]}}, '{"b":{"c":[true,null,2],"d":0.0000001}}'),
        ({"名": "字"}, '{"名":"字"}'),
        ({}, "{}"),
    ],
)
def test_values_as_text(value: Any, text: str) -> None:
    assert value_text(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_plain_decimals(value: float) -> None:
    text = value_text(value)
    assert float(text) == value
    assert not set(text) - set("-.0123456789")
    assert not text.endswith(".")


@given(st.integers())
def test_whole_numbers_are_exact(value: int) -> None:
    assert Decimal(value_text(value)) == value


@settings(deadline=None, max_examples=50)
@given(
    st.dictionaries(
        st.text(max_size=9), st.recursive(st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5)
    )
)
def test_objects_are_compact_json_with_sorted_keys(value: dict[str, Any]) -> None:
    assert value_text(value) == json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


# --- the agent, and the component ------------------------------------------------------------------------------------


def test_what_the_agent_adds() -> None:
    assert agent_environment("alice", Path("/home/kuscia/var/storage")) == {
        "system.transport": "transport.alice.svc",
        "system.storage": "file:///home/kuscia/var/storage",
    }


def test_storage_is_absolute() -> None:
    expected = f"file://{(Path.cwd() / 'nodes' / 'alice').as_posix()}"
    assert agent_environment("alice", Path("nodes/alice"))["system.storage"] == expected


def test_the_annotation_of_ss_lr() -> None:
    assert json.loads(SS_LR.annotation()) == {
        "component.1.name": "ss_lr",
        "component.1.description": "ss-lr",
        "component.1.input.1.name": "train_data",
        "component.1.input.1.categories": "dataset",
        "component.1.input.1.description": "train data",
        "component.1.output.1.name": "train_data",
        "component.1.output.1.categories": "dataset",
        "component.1.output.1.description": "train data",
    }


def test_inputs_are_counted_from_one() -> None:
    annotation = json.loads(Component("c", "d", ("x", "y"), ()).annotation())
    assert annotation["component.1.input.2.name"] == "y"
    assert not [key for key in annotation if ".output." in key or ".input.0" in key]
