"""Which truncation a job has: the estimate, what the parties tell each other, and what the report says."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

import kuscia_nb as kn
from kuscia_nb.errors import KusciaError
from kuscia_nb.operators.parameter import PREFIX
from kuscia_nb.operators.ss_lr.parameters import Parameters
from kuscia_nb.operators.ss_lr.rounding import TOO_MANY, TRUNCATION, Choice, agreed, expected_failures
from kuscia_nb.options import Strategy
from kuscia_nb.texts.chinese import CHINESE


def parameters(**given: Any) -> Parameters:
    env = {"has_label": "true", "l2_norm": "0.5", **{name: str(value) for name, value in given.items()}}
    return Parameters.from_environment({PREFIX + name: text for name, text in env.items()})


def uniform(rows: int, columns: int, scale: float = 1.0) -> np.ndarray:
    return np.random.default_rng(1).uniform(-scale, scale, (rows, columns)).astype(np.float32)


@pytest.mark.parametrize(
    ("rows", "columns", "scale", "batch_size", "epochs", "rates", "known"),
    [
        (10_000, 20, 1, 21, 1, (0.05, 0.1), 0.00009),
        (10_000, 20, 10, 21, 10, (0.0001, 0.005), 0.0038),
        (100_000, 100, 1, 1024, 10, (0.05, 0.5), 0.0097),
        (1_000_000, 100, 1, 4096, 1, (0.05, 0.2), 0.0079),
    ],
)
def test_the_estimate_is_within_a_factor_of_four_of_the_plaintexts_products(
    rows: int, columns: int, scale: float, batch_size: int, epochs: int, rates: tuple[float, ...], known: float
) -> None:
    """`known`: the sum of |v| / 2^28 over all products that such a job truncates, computed in float64.

    The rows are a sample, every one of them counted often enough.
    """
    features = uniform(min(rows, 10 * batch_size), columns // 2, scale)
    times = rows // batch_size / (len(features) // batch_size)
    for rate in rates:
        p = parameters(batch_size=batch_size, num_epoch=round(epochs * times), learning_rate=rate)
        estimate = expected_failures(p, features, columns)
        assert known / 4 <= estimate <= known * 4
        assert (estimate >= TOO_MANY) == (known >= TOO_MANY)


def products(x: np.ndarray, y: np.ndarray, p: Parameters) -> float:
    """|v| / 2^28 of every product of a training in float64."""
    x, size = np.column_stack([x, np.ones(len(x))]).astype(np.float64), p.batch_size
    w, penalty, total = np.zeros(x.shape[1]), np.append(np.full(x.shape[1] - 1, p.l2_norm), 0), 0.0
    for _ in range(p.num_epoch):
        for start in range(0, len(x) - size + 1, size):
            rows = x[start : start + size]
            scores = rows @ w
            gradient = (scores / 8 + 0.5 - y[start : start + size]) @ rows
            change = p.learning_rate / size * (gradient + penalty * w)
            total += sum(np.abs(v).sum() for v in (scores, gradient, penalty * w, change))
            w -= change
    return total / 2**28


@pytest.mark.parametrize("kind", ["ages", "standard", "binary", "noise", "strong penalty"])
def test_the_estimate_holds_for_other_data(kind: str) -> None:
    generator = np.random.default_rng(2)
    rows, columns = 4000, 10
    x = {
        "ages": generator.uniform(20, 80, (rows, columns)),
        "binary": generator.integers(0, 2, (rows, columns)).astype(float),
    }.get(kind, generator.normal(size=(rows, columns)))
    labels = generator.normal(size=rows) + (0 if kind == "noise" else (x - x.mean(0)) @ generator.normal(size=columns))
    p = parameters(
        batch_size=64,
        num_epoch=5,
        learning_rate=0.001 if kind == "ages" else 0.1,
        l2_norm=20 if "penalty" in kind else 0,
    )
    if kind == "ages":
        p = parameters(batch_size=64, num_epoch=5, learning_rate=0.0002, l2_norm=0)
    known = products(x, (labels > 0).astype(float), p)
    for own in (x[:, :5], x[:, 5:]):
        assert known / 4 <= expected_failures(p, own.astype(np.float32), columns) <= known * 4


def test_columns_of_zeros_and_a_rate_of_one_ulp_are_estimated_too() -> None:
    p = parameters(batch_size=21, learning_rate=0.0001)
    assert 0 < expected_failures(p, np.zeros((100, 3), np.float32), 6) < 1e-6


@pytest.mark.parametrize(
    ("asked", "few", "many"), [("auto", False, True), ("local", False, False), ("ttp", True, True)]
)
def test_what_a_party_tells_is_one_bit(asked: str, few: bool, many: bool) -> None:
    p = parameters(batch_size=1024, learning_rate=0.05, num_epoch=10)
    for scale, expected in ((0.001, few), (100, many)):
        choice = Choice.of({TRUNCATION: asked}, p, uniform(20_480, 5, scale))
        assert choice.assisted is expected
        assert len(list(choice.warnings())) == (asked == "local" and scale == 100)
    assert Choice.of({}, p, uniform(2048, 5)).asked == "auto"


def test_one_party_is_enough_for_the_ttp_to_help() -> None:
    assert [agreed(bits) for bits in ([False, False], [False, True], [True, False], [True, True])] == [
        (False, 0),
        (True, 1),
        (True, 0),
        (True, 0),
    ]


# --- in a job --------------------------------------------------------------------------------------------------------


def job(name: str, **common: Any) -> dict[str, Any]:
    manifest = YAML(typ="safe").load(kn.tutorial_manifest())
    manifest["metadata"]["name"] = name
    task = manifest["spec"]["tasks"][0]
    config = json.loads(task["taskInputConfig"])
    config["task_params"]["common"] |= common
    for party, node in (("host", "alice"), ("guest", "bob")):
        config["task_params"][party]["0"] |= {"name": f"own-{node}.csv", "has_label": str(party == "host").lower()}
    task["taskInputConfig"] = json.dumps(config)
    return manifest


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with kn.connect(storage=tmp_path_factory.mktemp("nodes")) as cluster:
        x = uniform(3000, 4)
        labels = (x.sum(1) > 0).astype(int)
        cluster.put("alice", "own-alice.csv", pd.DataFrame(x[:, :2], columns=["a", "b"]).assign(y=labels))
        cluster.put("bob", "own-bob.csv", pd.DataFrame(x[:, 2:] * 40, columns=["c", "d"]))
        yield cluster


def messages(job: kn.Job) -> set[str]:
    return set(job.trace.messages["op"])


FEW = {"batch_size": 100, "learning_rate": 0.002, "num_epoch": 1, "l2_norm": 0}
MANY = FEW | {"num_epoch": 40}


@pytest.mark.parametrize("strategy", ["preprocessed", "interconnection"])
def test_auto_takes_the_ttp_where_a_party_expects_local_to_fail(cluster: kn.Cluster, strategy: Strategy) -> None:
    """bob's columns are 40 times as large: he alone expects failures, and alice hears one bit of it."""
    few = cluster.apply(job(f"few-{strategy}", **FEW), strategy=strategy, seed=3).wait()
    assert "send a+u" not in messages(few)
    assert any(note.startswith("Truncation: local, as bob expects it to fail ") for note in few.notes)
    many = cluster.apply(job(f"many-{strategy}", **MANY), strategy=strategy, seed=3, shadow=True).wait()
    assert "send a+u" in messages(many)
    [note] = [note for note in many.notes if note.startswith("Truncation")]
    assert note.startswith("Truncation: ttp, as bob expects local to fail 0.00")
    assert np.abs(many.shadow.weights["error_ulp"].to_numpy()).max() < 40
    assert many.shadow.replay().is_the_job  # the shares computed again are the job's own
    assert not [text for text in many.warnings if "fail" in text]


def test_truncation_can_be_asked_for(cluster: kn.Cluster) -> None:
    local = cluster.apply(job("local", **MANY), truncation="local").wait()
    assert "send a+u" not in messages(local)
    assert "Truncation: local, as the job says." in local.notes
    [warning] = [text for text in local.warnings if "fail" in text]
    assert "with truncation auto or ttp it does not fail" in warning
    ttp = cluster.apply(job("ttp", **FEW), truncation="ttp").wait()
    assert "send a+u" in messages(ttp)
    assert "Truncation: ttp, as the job says." in ttp.notes
    assert not [text for text in ttp.warnings if "fail" in text]


def test_parties_that_want_different_truncations_are_told_so(
    cluster: kn.Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = Choice.of

    def differing(environment: Any, p: Parameters, features: np.ndarray) -> Choice:
        asked = "ttp" if environment["config.self_role"] == "host.0" else "local"
        return of({TRUNCATION: asked}, p, features)

    monkeypatch.setattr("kuscia_nb.operators.ss_lr.program.Choice.of", differing)
    with pytest.raises(KusciaError, match="truncation differs: 'local' at bob, 'ttp' at alice"):
        cluster.apply(job("differ", **FEW)).wait()


def test_every_sentence_is_said_in_chinese() -> None:
    choices = Choice("auto", 0.1), Choice("auto", 1e-9), Choice("ttp", 0.1)
    said = [*(choice.note("bob") for choice in choices), *Choice("local", 0.1).warnings()]
    assert len(said) == 4
    for sentence in said:
        assert sentence.template in CHINESE
        assert CHINESE[sentence.template].format(**sentence.values) != sentence
