"""The form for a new job: what it says of an operator, the cell that comes of it, and where a mistake is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML
from test_bfia import TUTORIAL as REQUEST

import kuscia_nb as kn
from kuscia_nb.control.explain import explain
from kuscia_nb.errors import DataError
from kuscia_nb.operators import OPERATORS
from kuscia_nb.operators.ss_lr.parameters import PARAMETERS
from kuscia_nb.panel.check import check
from kuscia_nb.panel.compose import Form, compose
from kuscia_nb.panel.form import FILE, free_name, operators
from kuscia_nb.panel.preview import READ, preview
from kuscia_nb.problems import Magic

FORMATS: tuple[Magic, Magic] = ("kusciajob", "bfia_submit")
NODES = ("alice", "bob")
INNER = json.loads(kn.tutorial_manifest().partition("taskInputConfig: '")[2].partition("'")[0])
COMMON = {
    name: value if isinstance(value, str) else json.dumps(value)
    for name, value in INNER["task_params"]["common"].items()
}
"""The tutorial's parameters, as a person types them."""


def form(**changed: Any) -> Form:
    """The tutorial's job."""
    filled = {
        "format": "kusciajob",
        "operator": "ss_lr",
        "name": "job-ss-lr",
        "initiator": "alice",
        "common": COMMON,
        "own": {"alice": {"has_label": "true"}, "bob": {"has_label": "false"}},
        "inputs": {
            "alice": {"train_data": "perfect_logit_a.csv"},
            "bob": {"train_data": "perfect_logit_b.csv"},
        },
    }
    return Form(**{**filled, **changed})


def cell(filled: Form) -> str:
    """The cell of a form without a mistake."""
    text, troubles = compose(filled, None)
    assert troubles == []
    assert text is not None
    return text


def body(filled: Form) -> str:
    return cell(filled).partition("\n")[2]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kn.Cluster]:
    with kn.connect(storage=tmp_path_factory.mktemp("nodes")) as cluster:
        yield cluster


def run(cluster: kn.Cluster, filled: Form) -> kn.Job:
    """The job that the cell of a form runs."""
    return (cluster.apply if filled.format == "kusciajob" else cluster.submit)(body(filled), replace=True).wait()


@pytest.fixture
def own_operators() -> Iterator[None]:
    """Two operators of a person's own."""
    before = OPERATORS._operators

    @kn.operator(inputs=("data",), outputs=("first", "second"))
    async def two_outputs(party: kn.Party) -> None:
        """Write a number twice."""
        for name in ("first", "second"):
            party.write_csv(name, pd.DataFrame({"number": [party.parameters["number"]]}))

    @kn.operator(inputs=("left", "right"))
    async def two_inputs(party: kn.Party) -> None:
        """Take two tables."""

    yield
    OPERATORS._operators = before


# --- what there is to fill in ----------------------------------------------------------------------------------------


def test_the_form_says_what_explain_says() -> None:
    (ss_lr,) = [one for one in operators() if one["name"] == "ss_lr"]
    assert ss_lr["inputs"] == ["train_data"]
    assert {one["name"] for one in ss_lr["parameters"]} == {one.name for one in PARAMETERS} - {"name", "namespace"}
    page = " ".join(explain("ss_lr").split())
    assert " ".join(ss_lr["description"].split()) in page
    for one in ss_lr["parameters"]:
        shown = " ".join(explain(f"ss_lr.{one['name']}").split())
        facts = [f"<{one['type']}>", f"ALLOWED: {one['allowed']}", one["meaning"]]
        facts += [f"DEFAULT: {one['default']}"] if one["default"] else []
        facts += [f"UNIT: {one['unit']}"] if one["unit"] else []
        facts += ["-required-"] if one["required"] else []
        for fact in facts:
            assert " ".join(fact.split()) in shown, shown
        assert ("task_params.<role>.<index>" in shown) is one["own"]


def test_a_choice_is_one_that_the_operator_takes() -> None:
    table = {one.name: one for one in PARAMETERS}
    (ss_lr,) = [one for one in operators() if one["name"] == "ss_lr"]
    offered = {one["name"]: one["choices"] for one in ss_lr["parameters"] if one["choices"]}
    assert {"has_label", "use_ttp", "optimizer", "field"} <= offered.keys()
    for name, choices in offered.items():
        for text in choices:
            table[name].kind.read(text)


def test_own_operators_are_there(own_operators: None) -> None:
    found = {one["name"]: one for one in operators()}
    assert found["two_outputs"]["description"] == "Write a number twice."
    assert (found["two_inputs"]["inputs"], found["two_inputs"]["parameters"]) == (["left", "right"], [])


@pytest.mark.parametrize(
    ("operator", "taken", "name"),
    [
        ("ss_lr", (), "job-ss-lr"),
        ("ss_lr", ("job-ss-lr",), "job-ss-lr-2"),
        ("ss_lr", ("job-ss-lr", "job-ss-lr-2", "other"), "job-ss-lr-3"),
        ("_Count_2", ("job-ss-lr",), "job-count-2"),
        ("求和", (), "job"),
    ],
)
def test_a_name_that_is_free(operator: str, taken: tuple[str, ...], name: str) -> None:
    assert free_name(operator, taken) == name


# --- the cell --------------------------------------------------------------------------------------------------------


def test_the_tutorials_values_give_the_tutorials_manifest() -> None:
    assert body(form()) == kn.tutorial_manifest().rstrip("\n"), "a cell ends with no blank line"


def test_the_tutorials_values_give_the_tutorials_request() -> None:
    given = json.loads(REQUEST)
    given["config"]["task_params"].pop("arbiter")
    assert json.loads(body(form(format="bfia_submit"))) == given


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("initiator", ["alice", "bob"])
def test_the_cell_runs(cluster: kn.Cluster, format: Magic, initiator: str) -> None:
    job = run(cluster, form(format=format, initiator=initiator))
    assert (job.phase, job.nodes[0]) == ("Succeeded", initiator)
    assert set(job.weights()["owner"]) == {"alice", "bob", ""}
    assert (
        check(
            format,
            cell(form(format=format, initiator=initiator)),
            {},
            {node: cluster.at(node) for node in cluster.nodes},
        )
        == []
    )


@pytest.mark.parametrize("format", FORMATS)
def test_what_is_left_empty_is_left_out(cluster: kn.Cluster, format: Magic) -> None:
    required = {one.name: COMMON[one.name] for one in PARAMETERS if one.required}
    filled = form(format=format, common={name: required.get(name, " ") for name in COMMON})
    task = json.loads(body(filled)) if format == "bfia_submit" else YAML(typ="safe").load(body(filled))
    assert all(name in str(task) for name in required)
    assert "optimizer" not in str(task)
    left_out, given = run(cluster, filled), run(cluster, form(format=format))
    names = [one.name for one in PARAMETERS]
    assert left_out.weights().columns.tolist() == given.weights().columns.tolist()
    assert len(names) == len(set(names))


@pytest.mark.parametrize("format", FORMATS)
def test_an_operator_of_ones_own(cluster: kn.Cluster, own_operators: None, format: Magic) -> None:
    inputs = {node: {"data": file["train_data"]} for node, file in form().inputs.items()}
    filled = form(format=format, operator="two_outputs", name="own", common={"number": "12"}, own={}, inputs=inputs)
    job = run(cluster, filled)
    (task,) = job.tasks["task"].unique()
    written = cluster.nodes["bob"] / "own-guest-0"
    assert {path.name: path.read_text() for path in written.glob(f"{task}*")} == {
        f"{task}-first": "number\n12\n",
        f"{task}-second": "number\n12\n",
    }


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", ["it's.csv", 'a "b".csv', "数据.csv", "a: b #c.csv", "{x}.csv"])
def test_any_file_name_can_be_written(cluster: kn.Cluster, format: Magic, name: str) -> None:
    cluster.put("alice", name, cluster.nodes["alice"] / "data" / "perfect_logit_a.csv")
    inputs = {**form().inputs, "alice": {"train_data": name}}
    text, troubles = compose(form(format=format, inputs=inputs), {node: cluster.at(node) for node in cluster.nodes})
    assert troubles == []
    assert text
    job = (cluster.apply if format == "kusciajob" else cluster.submit)(text.partition("\n")[2], replace=True).wait()
    assert json.loads(job.env("alice")["runtime.component.input.train_data"])["name"] == name


@pytest.mark.parametrize("name", ["123", "1e3", "0x10", "null", "true", "no", "~", "1.5"])
@pytest.mark.parametrize("format", FORMATS)
def test_a_name_stays_a_text(format: Magic, name: str) -> None:
    text, troubles = compose(form(format=format, name=name), None)
    if name == "~":
        assert [trouble.field for trouble in troubles] == [("name",)]
    else:
        assert troubles == []
        assert text
        loaded = json.loads(text.partition("\n")[2]) if format == "bfia_submit" else YAML(typ="safe").load(text[12:])
        assert (loaded["job_id"] if format == "bfia_submit" else loaded["metadata"]["name"]) == name


@pytest.mark.parametrize(
    ("parameter", "text", "written"),
    [
        ("learning_rate", "1e-4", 1e-4),
        ("learning_rate", ".5", 0.5),
        ("learning_rate", "+2", 2.0),
        ("learning_rate", " 0.25 ", 0.25),
        ("batch_size", "+21", "+21"),
        ("batch_size", "021", "021"),
        ("field", "64", 64),
        ("use_ttp", "true", True),
        ("ttp_session_id", "12", "12"),
        ("feature_nums", '{"host.0": 10, "guest.0": 10}', {"host.0": 10, "guest.0": 10}),
        ("ttp_session_id", "true", "true"),
    ],
)
@pytest.mark.parametrize("format", FORMATS)
def test_a_text_becomes_what_it_is(format: Magic, parameter: str, text: str, written: Any) -> None:
    filled = body(form(format=format, common={**COMMON, parameter: text}))
    if format == "bfia_submit":
        common = json.loads(filled)["config"]["task_params"]["common"]["ss_lr_1"]
    else:
        config = YAML(typ="safe").load(filled)["spec"]["tasks"][0]["taskInputConfig"]
        common = json.loads(config)["task_params"]["common"]
    assert (common[parameter], type(common[parameter])) == (written, type(written))


# --- mistakes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    ("changed", "fields", "part"),
    [
        ({"name": "Job"}, [("name",)], 'Invalid value: "Job"'),
        ({"name": ""}, [("name",)], ""),
        ({"name": "x" * 51}, [("name",)], "no more than 50"),
        ({"operator": "lin"}, [("operator",)], "there is no operator lin"),
        ({"initiator": "carol"}, [("initiator",)], "there is no node carol"),
        ({"own": {"carol": {}}}, [("own", "carol")], "there is no node carol"),
        ({"inputs": {"carol": {}}}, [("inputs", "carol")], "there is no node carol"),
        ({"common": COMMON | {"batch_size": "0"}}, [("common", "batch_size")], "out of range; allowed: 1 or more"),
        ({"common": COMMON | {"batch_size": ""}}, [("common", "batch_size")], "batch_size is missing"),
        ({"common": COMMON | {"batch": "1"}}, [("common", "batch")], "no parameter batch"),
        ({"common": COMMON | {"optimizer": "adam"}}, [("common", "optimizer")], "nobody implements it"),
        ({"common": COMMON | {"learning_rate": "1e-9"}}, [("common", "learning_rate")], "becomes 0"),
        ({"common": COMMON | {"label_owner": "host.5"}}, [("common", "label_owner")], "not a party"),
        ({"common": COMMON | {"feature_nums": '{"a.0":1}'}}, [("common", "feature_nums")], "a number for each"),
        ({"own": {"alice": {"has_label": "yes"}, "bob": {}}}, [("own", "alice", "has_label")], "not a truth value"),
        (
            {"own": {"alice": {"has_label": "true"}, "bob": {"has_label": "true"}}},
            [("own", "alice", "has_label"), ("own", "bob", "has_label")],
            "more than one party have label",
        ),
        ({"own": {node: {"has_label": "false"} for node in NODES}}, [("own", "alice", "has_label")], "no party"),
        ({"inputs": {node: {"train_data": "a/b"} for node in NODES}}, [("inputs", "alice", "train_data")], "/"),
        ({"inputs": {"bob": {"train_data": "b"}}}, [("inputs", "alice", "train_data")], "alice needs a data file"),
        ({"inputs": {"alice": {"data": "b"}}}, [("inputs", "alice", "data")], "no input data"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_at_its_field(
    format: Magic, changed: dict[str, Any], fields: list[tuple[str, ...]], part: str
) -> None:
    text, troubles = compose(form(format=format, **changed), None)
    assert text is None
    assert [trouble.field for trouble in troubles if part in trouble.message][: len(fields)] == fields, troubles
    assert len({trouble.field for trouble in troubles}) == len(troubles), "one for each field"
    assert () not in {trouble.field for trouble in troubles}


@pytest.mark.parametrize("format", FORMATS)
def test_all_mistakes_are_told_at_once(format: Magic) -> None:
    common = {**COMMON, "batch_size": "0", "optimizer": "adam", "l2_norm": ""}
    _, troubles = compose(form(format=format, name="Job", common=common), None)
    assert {trouble.field for trouble in troubles} == {
        ("name",),
        ("common", "batch_size"),
        ("common", "optimizer"),
        ("common", "l2_norm"),
    }


def test_a_file_has_to_be_there(cluster: kn.Cluster) -> None:
    inputs = {**form().inputs, "bob": {"train_data": "perfect_logit_a.csv"}}
    text, (trouble,) = compose(form(inputs=inputs), {node: cluster.at(node) for node in cluster.nodes})
    assert text is None
    assert trouble.field == ("inputs", "bob", "train_data")
    assert trouble.message == "bob has no file data/perfect_logit_a.csv"
    assert "perfect_logit_b.csv" in trouble.hint


def test_only_the_first_input_is_a_file(own_operators: None) -> None:
    inputs = {node: {"left": "l.csv", "right": "r.csv"} for node in ("alice", "bob")}
    _, troubles = compose(form(operator="two_inputs", common={}, own={}, inputs=inputs), None)
    assert {trouble.field for trouble in troubles} == {("inputs", node, "right") for node in ("alice", "bob")}


def test_the_file_is_what_the_first_input_says() -> None:
    assert FILE == ("name", "namespace")
    filled = form(own={"alice": {"has_label": "true", "name": "x.csv"}, "bob": {"has_label": "false"}})
    assert "perfect_logit_a.csv" in body(filled)
    assert "x.csv" not in body(filled)


# --- templates -------------------------------------------------------------------------------------------------------


def test_a_template_asks_once_who_has_the_label_and_prefills_what_works(cluster: kn.Cluster) -> None:
    """Two files with ids in other orders, in which y follows from the columns of both."""
    random = np.random.default_rng(1)
    ids, x = np.arange(400), random.normal(size=(400, 4))
    some, others = random.permutation(400)[:350], random.permutation(400)
    alice = pd.DataFrame({"id": ids[some], "p": x[some, 0], "q": 900 * x[some, 1]})
    bob = pd.DataFrame({"id": ids[others], "r": x[others, 2], "s": x[others, 3], "y": (x.sum(1) > 0)[others] * 1})
    cluster.put("alice", "p.csv", alice)
    cluster.put("bob", "r.csv", bob)
    inputs = {"alice": {"data": "p.csv"}, "bob": {"data": "r.csv"}}
    common = {"label_owner": "bob", "num_epoch": "12", "learning_rate": " "}
    filled = form(operator="psi-lr", name="mine", initiator="bob", common=common, own={}, inputs=inputs)
    text, troubles = compose(filled, {node: cluster.at(node) for node in cluster.nodes})
    assert troubles == []
    suggested = kn.suggest(cluster, "p.csv", "r.csv")
    assert f'"learning_rate": {suggested["learning_rate"]}' in str(text)
    assert '"num_epoch": 12' in str(text)
    job = cluster.apply(str(text).partition("\n")[2]).wait()
    evaluation: Any = job.evaluation().set_index("metric")["value"]
    assert evaluation["auc"] > 0.97
    assert evaluation["rows"] == 66 + 4, "a fifth of the 350 rows in common"
    assert len(job.predictions("bob")) == 350


def test_who_is_not_asked_for_ids_needs_none(cluster: kn.Cluster) -> None:
    """The tutorial's own files have no column of ids."""
    inputs = {"alice": {"data": "perfect_logit_a.csv"}, "bob": {"data": "perfect_logit_b.csv"}}
    filled = form(operator="lr", name="mine", initiator="alice", common={"label_owner": "alice"}, own={}, inputs=inputs)
    text, troubles = compose(filled, {node: cluster.at(node) for node in cluster.nodes})
    assert troubles == []
    assert "id_column" not in str(text)


def test_what_is_wrong_with_a_template_is_told_at_its_field(cluster: kn.Cluster) -> None:
    inputs = {"alice": {"data": "perfect_logit_a.csv"}, "bob": {"data": "no.csv"}}
    filled = form(operator="lr", format="bfia_submit", common={"batch_size": "x"}, own={}, inputs={})
    _, troubles = compose(filled, {node: cluster.at(node) for node in cluster.nodes})
    fields = [trouble.field for trouble in troubles]
    assert fields == [
        ("common", "label_owner"), ("common", "batch_size"), ("inputs", "alice", "data"), ("inputs", "bob", "data"),
        ("format",),
    ]  # fmt: skip
    for changed, field in (
        ({"name": "Mine"}, ("name",)),
        ({"initiator": "carol"}, ("initiator",)),
        ({"initiator": "bob"}, ("inputs", "bob", "data")),  # there is no such file
    ):
        common = {"label_owner": "alice"}
        filled = form(**{"operator": "lr", "name": "mine", "common": common, "own": {}, "inputs": inputs} | changed)
        assert {
            trouble.field for trouble in compose(filled, {node: cluster.at(node) for node in cluster.nodes})[1]
        } == {field}


def test_a_preview_has_the_first_rows_and_the_types_of_columns(cluster: kn.Cluster) -> None:
    rows = 2 * READ
    frame = pd.DataFrame({"id": range(rows), "x": 0.5, "who": "she", "none": None, "some": [1, None] * READ})
    cluster.put("bob", "wide.csv", frame)
    found = preview(cluster.at("bob"), "wide.csv")
    assert [(one["name"], one["type"], one["missing"]) for one in found["columns"]] == [
        ("id", "whole number", 0), ("x", "number", 0), ("who", "text", 0), ("none", "empty", READ),
        ("some", "number", READ // 2),
    ]  # fmt: skip
    assert found["rows"][1] == ["1", "0.5", "she", "", ""]
    assert (found["read"], found["whole"]) == (READ, False)
    assert preview(cluster.at("alice"), "perfect_logit_a.csv")["whole"] is False
    for name in ("wide.csv", "../data/perfect_logit_a.csv"):
        with pytest.raises(DataError, match="alice has no data file"):
            preview(cluster.at("alice"), name)
