"""What ss_lr makes of a party's file: ids that are no features, columns that are scaled, rows that are held out."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import kuscia_nb as kn
from kuscia_nb.data.table import read_table
from kuscia_nb.errors import DataError, KusciaError, ParameterError
from kuscia_nb.operators.ss_lr.rows import held_out
from kuscia_nb.operators.ss_lr.scaling import Scaling, original_units

ULP = 2.0**-18
ROWS = 60
NAMES = [f"person {number:03}" for number in range(ROWS)]
COMMON = {"batch_size": 5, "num_epoch": 4, "learning_rate": 0.5, "l2_norm": 0.1}
TASK_PARAMS = {"alice": {"has_label": True}, "bob": {"has_label": False}}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kn.Cluster]:
    with kn.connect(storage=tmp_path_factory.mktemp("nodes")) as cluster:
        yield cluster


def frames() -> dict[str, pd.DataFrame]:
    """Columns of very different size; the id is alice's second column and bob's last one."""
    generator = np.random.default_rng(3)
    x = generator.normal(0, 1, (ROWS, 4))
    alice = pd.DataFrame({"age": 40 + 10 * x[:, 0], "who": NAMES, "income": 50_000 + 9_000 * x[:, 1]})
    alice["y"] = (x @ [1, -1, 2, 0] > 0).astype(int)
    return {"alice": alice, "bob": pd.DataFrame({"debt": 3 * x[:, 2] - 7, "rate": x[:, 3], "uid": NAMES})}


def run(cluster: kn.Cluster, name: str, data: Mapping[str, pd.DataFrame], own: Any = None, **common: Any) -> kn.Job:
    """The job ss_lr on these frames; `own` are a node's parameters."""
    for node, frame in data.items():
        cluster.put(node, f"{name}.csv", frame)
    params = {
        node: TASK_PARAMS[node] | {"namespace": "data", "name": f"{name}.csv"} | (own or {}).get(node, {})
        for node in data
    }
    config = {
        "name": "ss_lr_1",
        "module_name": "ss_lr",
        "input": [],
        "output": [{"type": "dataset", "key": "result"}],
        "role": {"host": ["alice"], "guest": ["bob"]},
        "initiator": {"role": "host", "node_id": "alice"},
        "task_params": {"host": {"0": params["alice"]}, "guest": {"0": params["bob"]}, "common": COMMON | common},
    }
    parties = [{"domainID": "alice", "role": "host"}, {"domainID": "bob", "role": "guest"}]
    task = {"alias": "ss_lr_1", "appImage": "ss-lr", "parties": parties, "taskInputConfig": json.dumps(config)}
    return cluster.apply(
        {
            "apiVersion": "kuscia.secretflow/v1alpha1",
            "kind": "KusciaJob",
            "metadata": {"name": name},
            "spec": {"initiator": "alice", "tasks": [task]},
        },
        seed=1,
        shadow=True,
    )


def failure(job: kn.Job) -> KusciaError:
    with pytest.raises(KusciaError) as caught:
        job.wait(60)
    return caught.value


def description(cluster: kn.Cluster, job: kn.Job, node: str) -> dict[str, Any]:
    (path,) = cluster.nodes[node].glob(f"{job.name}-*/*-result.json")
    return json.loads(path.read_text())


IDS = {"alice": {"id_column": "who"}, "bob": {"id_column": "uid"}}
SCALED = {"alice": IDS["alice"] | {"scale": "standard"}, "bob": IDS["bob"] | {"scale": "minmax"}}


# --- a column of ids -------------------------------------------------------------------------------------------------


def table(folder: Path, content: str, column: str, skip_rows: int = 1) -> Any:
    (folder / "my.csv").write_text(content)
    return read_table(folder / "my.csv", skip_rows, "alice: data/my.csv", column)


def test_ids_are_texts_wherever_their_column_stands(tmp_path: Path) -> None:
    for content in ('a,id,b\n1,007,2\n3,"x, y",4\n5, Größe ,6\n7,true,8\n', "id,a,b\n007,1,2\n"):
        found = table(tmp_path, content, "id")
        assert found.names == ("a", "b")
        assert found.values.dtype == np.float32
        assert found.values.tolist() == [[1, 2], [3, 4], [5, 6], [7, 8]][: len(found.ids)]
        assert [one.strip() for one in found.ids] == ["007", "x, y", "Größe", "true"][: len(found.ids)]


@pytest.mark.parametrize(
    ("content", "where", "what"),
    [
        ("a,id,b\n1,x,2\n1,y,True\n", "line 3, column 3 (b)", "not a number: 'True'"),
        ("a,id,b\nTrue,x,2\nTrue,y,2\n", "line 2, column 1 (a)", "not a number: 'True'"),
        ("id,b\nx,2\ny,\n", "line 3, column 2 (b)", "the cell is empty"),
        ("id,b\nx,2\ny,nan\n", "line 3, column 2 (b)", "must be a finite number"),
        ("id,b\nx,2\ny,1e99\n", "line 3, column 2 (b)", "too large for float32"),
        ("id,b\nx,2\ny\n", "line 3", "1 cell instead of 2"),
    ],
)
def test_beside_ids_everything_has_to_be_a_number(tmp_path: Path, content: str, where: str, what: str) -> None:
    with pytest.raises(DataError) as caught:
        table(tmp_path, content, "id")
    assert what in caught.value.what
    assert caught.value.where == f"alice: data/my.csv, {where}"


def test_an_id_column_is_found_by_its_name(tmp_path: Path) -> None:
    assert table(tmp_path, "5,x\n6,y\n", "x1", skip_rows=0).ids == ["x", "y"], "without a header it is a number"
    with pytest.raises(DataError, match="there is no column uid") as caught:
        table(tmp_path, "a,id\n1,x\n", "uid")
    assert '"id" (known: a, id)' in caught.value.hint
    with pytest.raises(DataError, match="two columns are called id"):
        table(tmp_path, "id,id\n1,x\n", "id")


def test_ids_are_no_features(cluster: kn.Cluster) -> None:
    job = run(cluster, "with-ids", frames(), SCALED).wait(60)
    assert job.weights()["feature"].tolist() == ["debt", "rate", "age", "income", "intercept"]
    assert "the ids of bob and alice agree in all 60 rows" in job.logs("alice")
    assert not any("same order" in note for note in job.notes)
    without = {"alice": frames()["alice"].drop(columns="who"), "bob": frames()["bob"].drop(columns="uid")}
    scaled = {node: {"scale": own["scale"]} for node, own in SCALED.items()}
    same = run(cluster, "without-ids", without, scaled).wait(60)
    np.testing.assert_array_equal(same.weights()["weight"], job.weights()["weight"])


def test_what_nobody_checks_is_said(cluster: kn.Cluster) -> None:
    """In the report, in English and Chinese; also if one party alone has ids."""
    said = "Rows are taken to be in the same order: nothing checks that row 1 of bob belongs to row 1 of alice."
    data = frames() | {"bob": frames()["bob"].drop(columns="uid")}
    job = run(cluster, "one-has-ids", data, {"alice": SCALED["alice"], "bob": {"scale": "minmax"}}).wait(60)
    assert said in job.notes
    assert job.warnings == []
    assert re.sub(r"\s+", " ", repr_text(job)).count(said) == 1
    assert said in job.logs("alice")
    assert f"Warning: {said}" not in repr_text(job)


def repr_text(job: kn.Job) -> str:
    return job._repr_mimebundle_()["text/plain"]


def test_rows_in_another_order(cluster: kn.Cluster) -> None:
    shuffled = frames() | {"bob": frames()["bob"].sample(frac=1, random_state=1)}
    error = failure(run(cluster, "shuffled", shuffled, SCALED))
    assert isinstance(error, DataError)
    assert error.what == "the rows of bob and alice have the same ids in another order"
    assert error.hint.startswith("run psi first")
    others = frames()
    others["bob"].loc[7, "uid"] = "somebody else"
    error = failure(run(cluster, "others", others, SCALED))
    assert error.what == "the rows of bob and alice do not have the same ids"
    assert error.hint.startswith("run psi first")
    assert not [path for folder in cluster.nodes.values() for path in folder.glob("shuffled-*")], "nothing is written"


def test_an_order_is_compared_without_telling_ids(cluster: kn.Cluster) -> None:
    """Each sends a part of the salt, and two SHA-256 digests: of its ids in their order, and sorted."""
    messages = run(cluster, "salted", frames(), SCALED).wait(60).trace.messages
    found = messages[messages["op"].str.startswith("ids")]
    assert sorted(zip(found["sender"], found["bytes"], strict=True)) == [
        ("alice", 16),
        ("alice", 64),
        ("bob", 16),
        ("bob", 64),
    ]


def test_ids_that_are_empty_are_counted(cluster: kn.Cluster) -> None:
    data = frames()
    data["bob"].loc[[4, 9], "uid"] = " "
    error = failure(run(cluster, "empty-ids", data, SCALED))
    assert error.what == "2 of 60 ids are empty"
    assert error.where == "bob: data/empty-ids.csv, line 6"


def test_where_a_label_is_wrong_beside_ids(cluster: kn.Cluster) -> None:
    data = frames()
    data["alice"].loc[3, "y"] = 2
    assert (
        failure(run(cluster, "wrong-label", data, SCALED)).where == "alice: data/wrong-label.csv, line 5, column 4 (y)"
    )
    last = data["alice"].loc[:, ["age", "income", "y", "who"]]
    error = failure(run(cluster, "wrong-label-before", data | {"alice": last}, SCALED))
    assert error.where == "alice: data/wrong-label-before.csv, line 5, column 3 (y)"


def test_ids_alone_are_not_enough(cluster: kn.Cluster) -> None:
    error = failure(run(cluster, "only-ids", frames() | {"bob": frames()["bob"].loc[:, ["uid"]]}, SCALED))
    assert error.what == "the ids are the only column"


# --- scaling ---------------------------------------------------------------------------------------------------------


def test_what_is_divided_by_what() -> None:
    x = np.array([[1, 5, 0.1], [2, 5, 0.1], [6, 5, 0.1]], np.float32)
    standard, minmax, none = (Scaling.of(scale, x) for scale in ("standard", "minmax", "none"))
    assert standard.as_json() == {
        "scale": "standard",
        "mean": [3.0, 5.0, float(np.float32(0.1))],
        "std": [pytest.approx(np.sqrt(14 / 3)), 0.0, 0.0],  # of the rows, not of an estimate: by 3, not by 2
    }
    assert minmax.as_json()["min"][0] == 1
    assert minmax.as_json()["max"][0] == 6
    assert none.as_json() == {"scale": "none"}
    np.testing.assert_allclose(minmax.apply(x), [[0, 0, 0], [0.2, 0, 0], [1, 0, 0]], rtol=1e-7)
    assert none.apply(x) is x
    np.testing.assert_allclose(standard.apply(x)[:, 0], np.array([-2, -1, 3]) / np.sqrt(14 / 3), rtol=1e-7)
    assert not standard.apply(x)[:, 1:].any(), "equal numbers are 0, also if their mean is rounded"


@pytest.mark.parametrize("scale", ["standard", "minmax", "none"])
def test_a_scaling_survives_its_json(scale: str) -> None:
    x = np.random.default_rng(1).normal(3, 100, (50, 4)).astype(np.float32)
    scaling = Scaling.of(scale, x)
    stored = json.loads(json.dumps({"columns": list("abcd"), "scaling": scaling.as_json()}))
    np.testing.assert_array_equal(Scaling.read(stored).apply(x), scaling.apply(x))


def test_original_units_give_the_same_scores() -> None:
    generator = np.random.default_rng(2)
    x, y = (generator.normal(5, 30, (20, n)).astype(np.float32) for n in (3, 2))
    x[:, 1] = 4
    scalings = [Scaling.of("standard", x), Scaling.of("minmax", y)]
    weights = generator.normal(0, 1, 6)
    scaled = np.column_stack([scaling.apply(own) for scaling, own in zip(scalings, (x, y), strict=True)])
    original = original_units(weights, scalings)
    assert original[1] == 0
    np.testing.assert_allclose(
        np.column_stack([x, y]).astype(np.float64) @ original[:-1] + original[-1],
        scaled @ weights[:-1] + weights[-1],
        rtol=1e-5,
    )


def test_a_job_on_scaled_columns(cluster: kn.Cluster) -> None:
    """The same weights as float64 on columns that were scaled by hand, and the same model in original units."""
    data = frames()
    job = run(cluster, "scaled", data, SCALED).wait(60)
    alice, bob = data["alice"][["age", "income"]], data["bob"][["debt", "rate"]]
    scaled = np.column_stack([(bob - bob.min()) / (bob.max() - bob.min()), (alice - alice.mean()) / alice.std(ddof=0)])
    x, w = np.column_stack([scaled, np.ones(ROWS)]), np.zeros(5)
    for start in [*range(0, ROWS, 5)] * 4:
        rows, y = x[start : start + 5], data["alice"]["y"].to_numpy()[start : start + 5]
        w = w - 0.5 / 5 * (rows.T @ (0.5 + rows @ w / 8 - y) + 0.1 * np.append(w[:-1], 0))
    weights = job.weights()
    assert np.abs(w).max() > 0.5, "there was something to learn"
    assert np.abs(weights["weight"] - w).max() < 200 * ULP  # 48 steps of a few roundings each
    features = np.column_stack([bob, alice])
    scores = features @ weights["original_units"][:-1] + weights["original_units"].iloc[-1]
    assert np.abs(scores - x @ weights["weight"]).max() < 1e-4
    assert "in original units" in repr_text(job)
    assert np.abs(job.shadow.weights["error_ulp"]).max() < 50, "plaintext beside it is that of the scaled columns"


def test_each_partys_scaling_is_in_its_own_result_alone(cluster: kn.Cluster) -> None:
    job = run(cluster, "recorded", frames(), SCALED).wait(60)
    alice, bob = (description(cluster, job, node) for node in ("alice", "bob"))
    age = frames()["alice"]["age"].to_numpy().astype(np.float32).astype(np.float64)
    assert alice["columns"] == ["age", "income"]
    assert bob["columns"] == ["debt", "rate"]
    assert alice["scaling"]["mean"][0] == pytest.approx(age.mean(), rel=1e-12)
    assert alice["scaling"]["std"][0] == pytest.approx(age.std(), rel=1e-12)
    assert set(bob["scaling"]) == {"scale", "min", "max"}
    assert (alice["rank"], alice["fxp_bits"], alice["id_column"], alice["label"]) == (1, 18, "who", "y")
    assert (bob["rank"], bob["fxp_bits"], bob["id_column"], bob["label"]) == (0, 18, "uid", None)


def test_scaling_sends_nothing(cluster: kn.Cluster) -> None:
    small = {
        node: frame.assign(**{c: frame[c] / 1e5 for c in ("age", "income", "debt") if c in frame})
        for node, frame in frames().items()
    }
    sent = [
        run(cluster, name, small, own).wait(60).trace.messages[["op", "sender", "bytes"]].to_numpy().tolist()
        for name, own in (("sends-a", IDS), ("sends-b", SCALED))
    ]
    assert sent[0] == sent[1]


def test_without_scaling_there_are_no_other_units(cluster: kn.Cluster) -> None:
    small = {
        node: frame.assign(**{c: frame[c] / 1e5 for c in ("age", "income", "debt") if c in frame})
        for node, frame in frames().items()
    }
    job = run(cluster, "unscaled", small, IDS).wait(60)
    assert job.weights().columns.tolist() == ["feature", "owner", "alice", "bob", "weight"]
    assert "original units" not in repr_text(job)


def test_a_constant_column_is_named_and_left_at_0(cluster: kn.Cluster) -> None:
    data = frames()
    data["bob"]["flat"] = 0.1
    job = run(cluster, "constant", data, SCALED).wait(60)
    (warning,) = job.warnings
    assert warning.startswith("bob: the same number in every row")
    assert warning.endswith(": flat")
    weights = job.weights().set_index("feature")
    assert abs(weights.loc["flat", "weight"]) <= 2 * ULP
    assert abs(weights.loc["flat", "original_units"]) <= 2 * ULP


def test_advice_names_the_parameter(cluster: kn.Cluster) -> None:
    error = failure(run(cluster, "large", frames(), IDS, fxp_bits=24))
    assert "scale the features to [-1, 1] (scale: minmax)" in error.hint


@pytest.mark.parametrize(
    ("own", "what"),
    [
        ({"scale": "standrd"}, "'standrd' is unknown (did you mean \"standard\"?); allowed: none, standard, minmax"),
        ({"id_column": "wo"}, "there is no column wo"),
    ],
)
def test_own_parameters_that_are_wrong(cluster: kn.Cluster, own: dict[str, str], what: str) -> None:
    error = failure(run(cluster, f"wrong-{next(iter(own)).replace('_', '-')}", frames(), SCALED | {"alice": own}))
    assert what in error.what


# --- rows that are held out ------------------------------------------------------------------------------------------


def test_held_out_rows_are_a_public_rule() -> None:
    mask = held_out(100, 0.2)
    assert mask.sum() == 20
    np.testing.assert_array_equal(mask, held_out(100, 0.2))
    assert all(mask[start : start + 50].any() for start in (0, 50)), "spread over the file"
    # Written down, so that no later version holds out other rows than the model was trained without.
    assert hashlib.sha256(np.packbits(held_out(1000, 0.25)).tobytes()).hexdigest()[:16] == "3fafa17a22845dbe"
    assert not held_out(100, 0).any()


@pytest.mark.parametrize(("rows", "holdout"), [(10, 0.01), (10, 0.99)])
def test_a_holdout_has_to_leave_rows_on_both_sides(rows: int, holdout: float) -> None:
    with pytest.raises(ParameterError, match=f"holdout = {holdout} keeps"):
        held_out(rows, holdout)


def test_held_out_rows_do_not_change_the_model(cluster: kn.Cluster) -> None:
    """Neither by what is trained on nor by how it is scaled."""
    data, changed = frames(), frames()
    rows = np.flatnonzero(held_out(ROWS, 0.25))
    changed["alice"].loc[rows, ["age", "income"]] = 1e6
    changed["alice"].loc[rows, "y"] = 1 - changed["alice"].loc[rows, "y"]
    models = [
        run(cluster, name, frame, SCALED, holdout=0.25).wait(60).weights()["weight"].to_numpy()
        for name, frame in (("holdout-a", data), ("holdout-b", changed))
    ]
    np.testing.assert_array_equal(models[0], models[1])
    whole = run(cluster, "holdout-c", data, SCALED).wait(60).weights()["weight"].to_numpy()
    assert np.abs(whole - models[0]).max() > 100 * ULP


def test_a_holdout_that_leaves_no_batch(cluster: kn.Cluster) -> None:
    error = failure(run(cluster, "no-batch", frames(), SCALED, holdout=0.5, batch_size=31))
    assert error.what == "parameter batch_size = 31 is more than the 30 rows that holdout = 0.5 leaves for training"
    assert error.hint.startswith("lower batch_size or holdout")


@pytest.mark.parametrize(("name", "holdout"), [("one", 1), ("negative", -0.1), ("word", "half")])
def test_what_a_holdout_may_be(cluster: kn.Cluster, name: str, holdout: object) -> None:
    error = failure(run(cluster, f"holdout-{name}", frames(), SCALED, holdout=holdout))
    assert "allowed: 0 to less than 1" in error.what
