"""Prediction and evaluation on shares: scores against float64, metrics against scikit-learn, and who learns what."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as some
from sklearn import metrics as sklearn
from sklearn.datasets import load_breast_cancer

import kuscia_nb as kn
from kuscia_nb.errors import DataError, KusciaError
from kuscia_nb.mpc import decode
from kuscia_nb.operators import OPERATORS, Party, operator
from kuscia_nb.operators.linear_model import Model
from kuscia_nb.operators.shares import read_share
from kuscia_nb.operators.ss_lr.metrics import evaluate, lift, log_loss, probabilities, roc
from kuscia_nb.views.job import text
from kuscia_nb.views.result import result

WAIT = 60
LR = {
    "batch_size": 20,
    "num_epoch": 20,
    "learning_rate": 0.3,
    "l2_norm": 0,
    "label_owner": "host.0",
    "skip_rows": 1,
}


# --- metrics ---------------------------------------------------------------------------------------------------------

SCORES = some.arrays(np.float64, st.integers(2, 60), elements=st.sampled_from([-5.0, -4, -1, -0.5, 0, 0.25, 1, 4, 9]))


@given(SCORES, st.data())
def test_metrics_are_those_of_scikit_learn(scores: np.ndarray, data: st.DataObject) -> None:
    """Many scores are equal, and some beyond where the sigmoid is cut."""
    truth = data.draw(some.arrays(bool, len(scores)))
    truth[:2] = True, False
    found, chances = evaluate(scores, truth.astype(float)), np.clip(0.5 + scores / 8, 0, 1)
    assert found.metrics["auc"] == pytest.approx(sklearn.roc_auc_score(truth, scores))
    assert found.metrics["accuracy"] == pytest.approx(sklearn.accuracy_score(truth, chances >= 0.5))
    assert found.metrics["log_loss"] == pytest.approx(sklearn.log_loss(truth, chances))
    false_rate, true_rate, thresholds = sklearn.roc_curve(truth, scores, drop_intermediate=False)
    assert found.metrics["ks"] == pytest.approx(max(true_rate - false_rate))
    np.testing.assert_allclose(np.array(roc(scores, truth)), (false_rate, true_rate, thresholds))
    assert list(found.confusion.values()) == sklearn.confusion_matrix(truth, chances >= 0.5).ravel().tolist()


def test_a_curve_is_stored_with_its_ends() -> None:
    scores = np.linspace(-3, 3, 5000)
    curve = np.array(evaluate(scores, np.arange(5000) % 3 == 0).curves["roc"])
    assert len(curve) <= 201
    assert curve[[0, -1], :2].tolist() == [[0, 0], [1, 1]]


def test_lift_and_calibration_by_hand() -> None:
    """Ten rows in falling order, of which rows 1, 2 and 5 are 1."""
    scores, truth = np.arange(10.0, 0, -1), np.isin(np.arange(10), [0, 1, 4])
    found = np.array(lift(scores, truth))
    assert found[:2] == pytest.approx(np.array([[0.1, 1 / 3, 10 / 3], [0.2, 2 / 3, 10 / 3]]))
    assert lift(scores, truth)[-1] == [1, 1, 1]
    chances = np.array([0.05, 0.15, 0.12, 1.0])
    groups = evaluate((chances - 0.5) * 8, np.array([0, 0, 1, 1])).curves["calibration"]
    assert np.array(groups) == pytest.approx(np.array([[0.05, 0, 1], [0.135, 0.5, 2], [1, 1, 1]]))


def test_one_class_alone_has_no_curve() -> None:
    found = evaluate(np.array([1.0, 2.0]), np.array([1, 1]))
    assert np.isnan([found.metrics["auc"], found.metrics["ks"]]).all()
    assert found.as_json()["metrics"]["auc"] is None
    assert found.curves["roc"] == []


def test_a_certain_mistake_is_costly_and_not_infinite() -> None:
    assert log_loss(np.array([0.0]), np.array([True])) == pytest.approx(52 * np.log(2))
    assert log_loss(np.full(7, 0.5), np.arange(7) > 3) == pytest.approx(np.log(2))
    assert probabilities(np.array([-9.0, -4, 0, 2, 4, 9])).tolist() == [0, 0, 0.5, 0.75, 1, 1]


# --- jobs ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[kn.Cluster]:
    with kn.connect(storage=tmp_path) as cluster:
        yield cluster


def task(alias: str, module: str, *inputs: str, **parameters: Any) -> dict[str, Any]:
    """A task of alice (host.0) and bob (guest.0); parameters called alice and bob are that party's own."""
    own = [parameters.pop(name, {}) for name in ("alice", "bob")]
    outputs = {"ss_lr": "result", "ss_lr_predict": "scores", "ss_lr_evaluate": "report", "ecdh_psi": "train_data"}
    config = {
        "name": alias,
        "module_name": module,
        "input": [{"type": "dataset", "key": key} for key in inputs],
        "output": [{"type": "dataset", "key": outputs.get(module, "result")}],
        "role": {"host": ["alice"], "guest": ["bob"]},
        "initiator": {"role": "host", "node_id": "alice"},
        "task_params": {"common": parameters, "host": {"0": own[0]}, "guest": {"0": own[1]}},
    }
    parties = [{"domainID": "alice", "role": "host"}, {"domainID": "bob", "role": "guest"}]
    needed = sorted({key.partition(".")[0] for key in inputs})
    return {
        "alias": alias,
        "appImage": module.replace("_", "-"),
        "parties": parties,
        "taskInputConfig": json.dumps(config),
        **({"dependencies": needed} if needed else {}),
    }


def job(name: str, *tasks: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "kuscia.secretflow/v1alpha1",
        "kind": "KusciaJob",
        "metadata": {"name": name},
        "spec": {"initiator": "alice", "scheduleMode": "Strict", "maxParallelism": 1, "tasks": list(tasks)},
    }


def files(**parameters: Any) -> dict[str, dict[str, Any]]:
    return {
        "alice": {"namespace": "data", "name": "a.csv", **parameters},
        "bob": {"namespace": "data", "name": "b.csv", **parameters},
    }


def cancer() -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """scikit-learn's breast cancer data, its columns split between alice, who has the label, and bob."""
    found: Any = load_breast_cancer()
    names = [name.replace(" ", "_") for name in found.feature_names]
    ids = [f"{i:04}" for i in range(len(found.target))]
    alice = pd.DataFrame(found.data[:, :15], columns=names[:15]).assign(y=found.target)
    bob = pd.DataFrame(found.data[:, 15:], columns=names[15:])
    for frame in (alice, bob):
        frame.insert(0, "id", ids)
    return alice, bob, found.target


def test_breast_cancer_from_two_files_to_a_model_in_use(cluster: kn.Cluster) -> None:
    alice, bob, truth = cancer()
    cluster.put("alice", "a.csv", alice)
    cluster.put("bob", "b.csv", bob)
    own = files(id_column="id")
    scaled = {node: {**parameters, "scale": "standard"} for node, parameters in own.items()}
    done = cluster.apply(
        job(
            "cancer",
            task("train", "ss_lr", **LR, **scaled, holdout=0.2),
            task("predict", "ss_lr_predict", "train.result", **own),
            task("evaluate", "ss_lr_evaluate", "train.result", **own, share_metrics=True),
        )
    ).wait(WAIT)

    scores: Any = done.predictions("alice")
    assert list(scores.columns) == ["id", "score", "probability", "predicted"]
    assert scores["id"].tolist() == alice["id"].tolist()  # texts: 0007 stays
    model = done.model()
    rows: Any = pd.concat([alice.drop(columns=["id", "y"]), bob.drop(columns="id")], axis=1)[list(model.features)]
    # 30 products of a scaled feature, below 16, and a weight, each rounded to 2^-18; the sum is cut once more.
    np.testing.assert_allclose(model.decision_function(rows), scores["score"], atol=30 * 16 * 2**-18)
    np.testing.assert_array_equal(scores["probability"], np.clip(0.5 + scores["score"] / 8, 0, 1))
    np.testing.assert_array_equal(scores["predicted"], (scores["score"] >= 0).astype(int))
    np.testing.assert_array_equal(model.to_sklearn().predict(rows), model.predict(rows))

    evaluation: Any = done.evaluation().set_index("metric")["value"]
    assert list(evaluation.index) == ["accuracy", "auc", "ks", "log_loss", "rows"]
    assert evaluation["rows"] == 114
    assert evaluation["auc"] > 0.98
    held_out = np.random.RandomState(20).permutation(569)[:114]
    assert evaluation["auc"] == pytest.approx(sklearn.roc_auc_score(truth[held_out], scores["score"][held_out]))
    quality = f"accuracy {evaluation['accuracy']:.3f}, AUC {evaluation['auc']:.3f} on 114 held-out rows of alice"
    assert quality in text(done)
    theirs = json.loads(next(cluster.nodes["bob"].glob("cancer-guest-0/*-report")).read_text())
    assert theirs == {key: value for key, value in done.report().items() if key != "curves"}
    assert not list(cluster.nodes["bob"].glob("cancer-guest-0/*-scores"))
    with pytest.raises(DataError, match="bob has no predictions: alice alone has learned them"):
        done.predictions("bob")
    assert "alice alone has learned it" in repr(result(done, cluster.nodes))


def small(rows: int = 60, seed: int = 3) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two columns at alice, with a label that depends on both parties', three at bob."""
    generator = np.random.default_rng(seed)
    x = generator.uniform(-1, 1, (rows, 5)).round(3)
    alice = pd.DataFrame(x[:, :2], columns=["a0", "a1"]).assign(y=(x @ [3, -2, 2, 1, 0] > 0.1).astype(int))
    return alice, pd.DataFrame(x[:, 2:], columns=["b0", "b1", "b2"])


def put(cluster: kn.Cluster, alice: pd.DataFrame, bob: pd.DataFrame, **names: str) -> None:
    cluster.put("alice", names.get("alice", "a.csv"), alice)
    cluster.put("bob", names.get("bob", "b.csv"), bob)


@pytest.fixture
def trained(cluster: kn.Cluster) -> kn.Job:
    put(cluster, *small())
    return cluster.apply(job("trained", task("train", "ss_lr", **LR, **files()))).wait(WAIT)


def later(trained: kn.Job, module: str, **parameters: Any) -> dict[str, Any]:
    """A task of a later job that uses the model of an earlier one."""
    return task("later", module, **{**files(), "model_task": trained.tasks["task"].iloc[0], **parameters})


def test_a_later_job_scores_new_rows_without_labels(cluster: kn.Cluster, trained: kn.Job) -> None:
    alice, bob = small(33, seed=4)
    put(cluster, pd.DataFrame(alice, columns=["a1", "a0"]), bob)  # by name, in whatever order
    done = cluster.apply(job("scored", later(trained, "ss_lr_predict", receiver="guest.0"))).wait(WAIT)
    scores = done.predictions("bob")
    assert list(scores.columns) == ["score", "probability", "predicted"]
    plain = trained.model().decision_function(pd.concat([alice, bob], axis=1))
    np.testing.assert_allclose(scores["score"], plain, atol=8 * 2**-18)
    with pytest.raises(DataError, match="alice has no predictions: bob alone"):
        done.predictions("alice")


def test_all_rows_are_evaluated_if_none_were_held_out_and_the_report_says_what_that_is_worth(
    cluster: kn.Cluster, trained: kn.Job
) -> None:
    done = cluster.apply(job("seen", later(trained, "ss_lr_evaluate"))).wait(WAIT)
    assert done.report()["metrics"]["rows"] == 60
    assert any("rows that it was trained on" in warning for warning in done.warnings)
    assert "60 rows of alice" in text(done)
    assert "bob alone" not in text(done)
    put(cluster, *small(40, seed=5))
    fresh = cluster.apply(job("fresh", later(trained, "ss_lr_evaluate", threshold=0.7))).wait(WAIT)
    assert fresh.warnings == []
    assert fresh.report()["threshold"] == 0.7


def test_a_model_is_saved_and_loaded(tmp_path: Path, trained: kn.Job) -> None:
    model = trained.model()
    assert Model.load(model.save(tmp_path / "model.json")) == model
    assert (model.features, model.owners) == (("b0", "b1", "b2", "a0", "a1"), ("bob",) * 3 + ("alice",) * 2)
    for content in ("{}", "[1]", "", '{"format": "kuscia_nb.model/1", "weights": [1]}'):
        (tmp_path / "other.json").write_text(content)
        with pytest.raises(DataError, match="it is no model"):
            Model.load(tmp_path / "other.json")
    with pytest.raises(DataError, match="no column 'b1', which the model has of bob"):
        model.predict(pd.DataFrame({"b0": [1.0], "a0": [2.0]}))
    with pytest.raises(DataError, match=r"ndarray has no names of columns\n.*b0, b1"):
        model.predict(np.ones((2, 5)))  # type: ignore[arg-type]


def wrong_columns(alice: pd.DataFrame, bob: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    return alice, bob.rename(columns={"b1": "other"})


REFUSED: dict[str, tuple[Any, dict[str, Any], str]] = {
    "a column is missing": (lambda a, b: (a, b.drop(columns="b1")), {}, "missing: b1"),
    "a column more": (lambda a, b: (a.assign(more=1.5)[["more", *a]], b), {}, "not in it: more"),
    "another column": (wrong_columns, {}, "missing: b1; not in it: other"),
    "fewer rows": (lambda a, b: (a, b[:50]), {}, "bob has 50 rows, alice has 60|alice has 60 rows, bob has 50"),
    "no label": (lambda a, b: (a.drop(columns="y"), b), {}, "no party has labels to evaluate with"),
    "a slip": (
        lambda a, b: (a, b.assign(b1=b["b1"].where(b.index != 7, 3e9))),
        {},
        r"the value 3e\+09 is too large to be scored(.|\n)*bob: .*row 8, column b1",
    ),
    "no such task": (lambda a, b: (a, b), {"model_task": "trained-0123456789ab"}, "there is no result of task"),
    "no task": (lambda a, b: (a, b), {"model_task": "trained"}, r"there is no result of task trained\n  (alice|bob)\n"),
    "no such receiver": (lambda a, b: (a, b), {"receiver": "host.1"}, "host.1.* is not a party of this task"),
    "unknown parameter": (lambda a, b: (a, b), {"recever": "host.0"}, "recever is unknown .did you mean receiver"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_one_error_and_leaves_nothing(cluster: kn.Cluster, trained: kn.Job, case: str) -> None:
    change, parameters, words = REFUSED[case]
    put(cluster, *change(*small()))
    module = "ss_lr_evaluate" if case == "no label" else "ss_lr_predict"
    with pytest.raises(KusciaError, match=words):
        cluster.apply(job("refused", later(trained, module, **parameters))).wait(WAIT)
    assert not [*cluster.nodes["alice"].glob("refused-*/*"), *cluster.nodes["bob"].glob("refused-*/*")]


def test_a_task_without_a_model_says_how_to_name_one(cluster: kn.Cluster) -> None:
    put(cluster, *small())
    with pytest.raises(DataError, match="no model of ss_lr") as caught:
        cluster.apply(job("none", task("score", "ss_lr_predict", **files()))).wait(WAIT)
    assert "ss_lr_1.result; or model_task: the id of a task of an earlier job" in str(caught.value)


def test_the_model_of_another_rank_is_refused(cluster: kn.Cluster, trained: kn.Job) -> None:
    """The same task, of which bob is host and alice is guest: their names, and those of their files, change places."""
    text = json.dumps(job("swapped", later(trained, "ss_lr_predict")))
    for one, other in (("alice", "bob"), ("a.csv", "b.csv")):
        text = text.replace(one, "?").replace(other, one).replace("?", other)
    manifest = json.loads(text)
    with pytest.raises(DataError, match=r"was host.0 in the training of task .*, and is guest.0 here"):
        cluster.apply(manifest).wait(WAIT)


def test_parts_of_two_models_are_refused(cluster: kn.Cluster, trained: kn.Job) -> None:
    again = cluster.apply(job("again", task("train", "ss_lr", **LR, **files()))).wait(WAIT)
    first, second = (found.tasks["task"].iloc[0] for found in (trained, again))
    own = {node: {**parameters} for node, parameters in files().items()}
    own["alice"]["model_task"], own["bob"]["model_task"] = first, second
    with pytest.raises(DataError, match=f"parts of different models: bob of task {second}, alice of {first}"):
        cluster.apply(job("mixed", task("later", "ss_lr_predict", **own))).wait(WAIT)


def test_the_other_party_gets_masked_numbers_only(cluster: kn.Cluster, trained: kn.Job) -> None:
    done = cluster.apply(job("watched", later(trained, "ss_lr_predict", receiver="host.0"))).wait(WAIT)
    messages = done.trace.messages
    to_bob = messages[(messages["sender"] == "alice") & (messages["receiver"] == "bob")]
    assert set(to_bob["op"]) <= {"handshake", "PRSS seed", "shape", "open x-a", "open y-b", "send a+u"}
    sent: Any = messages[messages["op"] == "send share"]
    assert sent[["sender", "receiver", "bytes"]].values.tolist() == [["bob", "alice", 60 * 8]]


async def doubled(party: Party) -> None:
    """Twice a model, as shares again."""
    ring, description = party.read_share("model")
    async with party.mpc(fxp_bits=description["fxp_bits"]) as secrets:
        weights = secrets.take(ring)
        names = {name: description[name] for name in ("features", "owners")}
        party.write_share("result", weights + weights, description["fxp_bits"], **names)


def test_an_own_operator_takes_shares_and_hands_them_on(cluster: kn.Cluster, trained: kn.Job) -> None:
    operator(inputs=("model",), outputs=("result",))(doubled)
    try:
        both = job("twice", task("train", "ss_lr", **LR, **files()), task("double", "doubled", "train.result"))
        done = cluster.apply(both).wait(WAIT)
    finally:
        OPERATORS._operators = {name: one for name, one in OPERATORS._operators.items() if name != "doubled"}
    ids = dict(zip(done.tasks["alias"], done.tasks["task"], strict=True))

    def opened(alias: str) -> np.ndarray:
        paths = [next(cluster.nodes[node].glob(f"twice-*/{ids[alias]}-result")) for node in ("alice", "bob")]
        first, second = (read_share(path)[0] for path in paths)
        return first + second

    np.testing.assert_array_equal(opened("double"), 2 * opened("train"))
    assert read_share(next(cluster.nodes["bob"].glob(f"twice-*/{ids['double']}-result")))[1]["rank"] == 0


# --- pictures, and the observer's loss -------------------------------------------------------------------------------


def test_curves_of_an_evaluation_are_drawn_and_said(cluster: kn.Cluster, trained: kn.Job) -> None:
    done = cluster.apply(job("drawn", later(trained, "ss_lr_evaluate"))).wait(WAIT)
    metrics = done.report()["metrics"]
    pictures = done.pictures
    assert f"area under the curve {metrics['auc']:.3f}" in " ".join(repr(pictures.roc()).split())
    assert f"the largest distance is {metrics['ks']:.3f}" in " ".join(repr(pictures.ks()).split())
    assert "drawn: calibration on 60 rows of alice: " in " ".join(repr(pictures.calibration()).split())
    with pytest.raises(KusciaError, match="job trained has no picture roc"):
        trained.pictures.roc()


WATCHED = "the job itself, as its parties told the observer while it ran"


@pytest.mark.parametrize(
    ("options", "source"),
    [
        ({"shadow": True}, WATCHED),
        ({"shadow": True, "strategy": "interconnection", "trace": "full"}, WATCHED),
        ({"seed": 5}, "the job, computed again with its seed 5"),
        ({}, "a run like the job, with other random numbers"),
    ],
)
def test_the_observer_sees_the_loss_fall(cluster: kn.Cluster, options: Any, source: str) -> None:
    put(cluster, *small())
    done = cluster.apply(job("watched", task("train", "ss_lr", **LR, **files())), **options).wait(WAIT)
    losses = done.observed(None).losses
    assert losses.source == source
    handed = done.events.select("handed")
    assert bool(handed) == done.options.shadow
    if handed:
        assert [event.node for event in handed].count("alice") == 20
        ends = [event.data for event in handed[-2:]]
        assert decode(ends[0] + ends[1], 18).tolist() == done.weights()["weight"].tolist()
    assert losses.frame["epoch"].tolist() == list(range(21))
    assert losses.secret[0] == losses.plaintext[0] == pytest.approx(np.log(2))
    assert (np.diff(losses.plaintext) < 0).all()
    np.testing.assert_allclose(losses.secret, losses.plaintext, atol=1e-4)
    assert f"to {losses.secret[-1]:.4f} on shares" in " ".join(repr(done.pictures.loss()).split())
    if not done.options.shadow:
        return
    quality = done.shadow.quality()
    assert quality["log_loss"].tolist() == pytest.approx([losses.secret[-1], losses.plaintext[-1]], abs=1e-4)
    alice, bob = small()
    truth, scores = alice["y"], done.model().decision_function(pd.concat([alice, bob], axis=1))
    assert quality.loc["on shares", "auc"] == pytest.approx(sklearn.roc_auc_score(truth, scores))


def test_the_loss_of_a_job_that_runs(cluster: kn.Cluster) -> None:
    """As soon as both parties have ended an epoch; every look goes on from the last one."""
    put(cluster, *small())
    parameters = LR | {"num_epoch": 100_000}
    running = cluster.apply(job("endless", task("train", "ss_lr", **parameters, **files())), shadow=True)
    try:
        while len(running.events.select("handed")) < 3:
            assert not running.ended(0.05)
        (first,) = running.watched()[0].charts
        assert running.phase == "Running"
        assert (first.counted, first.until, list(first.at[:2])) == ("epoch", 100_000, [0, 1])
        (_, secret), (_, plaintext) = first.lines
        np.testing.assert_allclose(secret, plaintext, atol=1e-4)
    finally:
        running.stop()
    (again,) = running.watched()[0].charts
    assert list(again.at[: len(first.at)]) == list(first.at)
