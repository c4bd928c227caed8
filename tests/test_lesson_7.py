"""The exercises of notebook 07: right answers in many forms, and what is said of typical mistakes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

import kuscia_nb as kn
from kuscia_nb.operators.ss_lr.parameters import _step_rate
from kuscia_nb.operators.ss_lr.plaintext import Plaintext


def said(name: str, answer: Any) -> str:
    """What a wrong answer is told, without the hint."""
    verdict = kn.check(name, answer)
    assert verdict.state == "not yet"
    return verdict.more[0]


def right(name: str, answer: Any) -> bool:
    return kn.check(name, answer).state == "right"


# --- 7.1: a rate in whole ulp ----------------------------------------------------------------------------------------


def used(bits: int) -> Fraction:
    """The rate of a job, as a part of the one that is asked for, by the operator's own code."""
    return Fraction(_step_rate(0.0003, 50, bits), 2**bits) / Fraction(3, 10000 * 50)


def test_the_smallest_number_of_bits_for_the_rate() -> None:
    enough = next(bits for bits in range(1, 31) if abs(used(bits) - 1) < Fraction(2, 100))
    for answer in (enough, float(enough), np.int64(enough), np.float64(enough)):
        assert right("7.1", answer)


def test_wrong_numbers_of_bits_are_told_what_they_do() -> None:
    for bits in (18, 19, 20, 21):
        off = float(used(bits)) - 1
        assert f"{100 * abs(off):.1f} % too {'low' if off < 0 else 'high'}" in said("7.1", bits)
    assert used(16) == 0
    assert "16 bits the rate becomes 0" in said("7.1", 16)
    assert "smaller one" in said("7.1", 24)


@pytest.mark.parametrize("name", ["7.1", "7.2"])
@pytest.mark.parametrize("answer", [0, 31, -18, 18.5, 2**18])
def test_bits_are_whole_numbers_within_limits(name: str, answer: float) -> None:
    assert "from 1 to 30" in said(name, answer)


@pytest.mark.parametrize("name", ["7.1", "7.2", "7.3"])
@pytest.mark.parametrize("answer", ["many", [18, 19], {}, float("nan"), np.zeros(3), True])
def test_nonsense_is_no_crash(name: str, answer: Any) -> None:
    assert "asked for" in said(name, answer)


# --- 7.2: wraps ------------------------------------------------------------------------------------------------------


def test_the_largest_number_of_bits_without_wraps() -> None:
    """2,000,000 * 40 * 2^(2f) < 0.01 * 2^64, in whole numbers."""
    safe = [bits for bits in range(1, 31) if 100 * 2_000_000 * 40 * 4**bits < 2**64]
    for answer in (safe[-1], np.int32(safe[-1]), float(safe[-1])):
        assert right("7.2", answer)
    assert all("larger one" in said("7.2", bits) for bits in safe[:-1])


def test_what_was_forgotten_is_named() -> None:
    one_product = max(bits for bits in range(1, 31) if 100 * 40 * 4**bits < 2**64)
    assert "There are two million" in said("7.2", one_product)
    of_size_one = max(bits for bits in range(1, 31) if 100 * 2_000_000 * 4**bits < 2**64)
    assert "as large as 1" in said("7.2", of_size_one)
    assert "With 20 bits, 4.8 wraps" in said("7.2", 20), "80 million * 2^40 / 2^64"


# --- 7.3: a job of one's own -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kn.Cluster]:
    cluster = kn.connect(storage=tmp_path_factory.mktemp("nodes"))
    for node, kind in (("alice", "a"), ("bob", "b")):
        everything = cluster.data(node, f"perfect_logit_{kind}.csv")
        cluster.put(node, f"train_{kind}.csv", everything.head(8000))
        cluster.put(node, f"last_{kind}.csv", everything.tail(8000))
    yield cluster
    cluster.close()


def run(cluster: kn.Cluster, files: str = "train", **common: Any) -> kn.Job:
    """The notebook's job, without waiting for it."""
    manifest = YAML(typ="safe").load(kn.tutorial_manifest())
    task = manifest["spec"]["tasks"][0]
    config = json.loads(task["taskInputConfig"])
    config["task_params"]["host"]["0"]["name"] = f"{files}_a.csv"
    config["task_params"]["guest"]["0"]["name"] = f"{files}_b.csv"
    config["task_params"]["common"] |= common
    task["taskInputConfig"] = json.dumps(config)
    return cluster.apply(manifest, replace=True)


@pytest.mark.parametrize("learning_rate", [0.2, 0.3, 0.5])
def test_jobs_that_learn_enough(cluster: kn.Cluster, learning_rate: float) -> None:
    assert right("7.3", run(cluster, learning_rate=learning_rate, l2_norm=0))


def test_a_job_that_is_still_on_its_way(cluster: kn.Cluster) -> None:
    text = said("7.3", run(cluster, learning_rate=0.01, l2_norm=0))
    assert "still on their way: 85% of it is left" in text, "exp(-380 * 0.01 / 24)"
    weights = cluster.job("job-ss-lr").weights().set_index("feature")["weight"]
    people = cluster.data("alice", "perfect_logit_a.csv").join(cluster.data("bob", "perfect_logit_b.csv"))[8000:]
    scores = people[weights.index[:-1]] @ weights[:-1] + weights["intercept"]
    assert f"{((scores > 0) == people['y']).mean():.1%} are right" in text


@pytest.mark.parametrize(
    ("common", "text"),
    [
        ({"learning_rate": 0.3}, "The penalty"),
        ({"learning_rate": 4, "l2_norm": 0}, "throw the weights about"),
        ({"learning_rate": 0.3, "l2_norm": 0, "num_epoch": 2}, "these are 2"),
        ({"learning_rate": 0.3, "l2_norm": 0, "batch_size": 20}, "stay at 21 rows"),
        ({"learning_rate": 0.3, "l2_norm": 0, "files": "perfect_logit"}, "has seen 10,000"),
        ({"learning_rate": 0.3, "l2_norm": 0, "files": "last"}, "has seen others"),
    ],
)
def test_what_keeps_a_job_from_being_right(cluster: kn.Cluster, common: dict[str, Any], text: str) -> None:
    assert text in said("7.3", run(cluster, **common))


def test_a_job_that_failed_says_why(cluster: kn.Cluster) -> None:
    assert "becomes 0" in said("7.3", run(cluster, learning_rate=1e-6))


# --- what the notebook says ------------------------------------------------------------------------------------------


def test_a_weight_goes_a_24th_of_the_rate_of_its_way_in_a_step() -> None:
    """Columns uniform in -1 to 1, slope 1/8: after 72 / learning_rate steps about e^-3 of the way is left."""
    rate, goal = 0.1, np.array([0.8, -0.4, 0.2, 0.6, -0.7])
    rows = np.random.default_rng(4).uniform(-1, 1, (round(72 / rate), 200, 5))
    weights = Plaintext(rows, rows @ goal / 8, 1, rate / 200, 0.0).weights()[-1]
    assert (1 - weights / goal).tolist() == pytest.approx([np.exp(-3)] * 5, abs=0.01)
