"""The teacher's shadow: plaintext beside the secret training, what it says of errors, and what it leaves alone."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

import kuscia_nb as kn
from kuscia_nb.errors import DataError, JobError
from kuscia_nb.mpc import decode, encode
from kuscia_nb.operators import OPERATORS
from kuscia_nb.operators.ss_lr import observed
from kuscia_nb.operators.ss_lr.plaintext import Plaintext
from kuscia_nb.operators.ss_lr.shadow import LABEL, Shadow
from kuscia_nb.options import Strategy
from kuscia_nb.views import job as report

ULP = 2.0**-18
strategies = pytest.mark.parametrize("strategy", ["preprocessed", "interconnection"])


def manifest(name: str = "lesson", **common: str) -> dict[str, Any]:
    """A job on 200 rows of four columns, with a rate of many ulp."""
    job = YAML(typ="safe").load(kn.tutorial_manifest())
    job["metadata"]["name"] = name
    task = job["spec"]["tasks"][0]
    config = json.loads(task["taskInputConfig"])
    config["task_params"]["host"]["0"]["name"] = "a.csv"
    config["task_params"]["guest"]["0"]["name"] = "b.csv"
    config["task_params"]["common"] |= {"batch_size": "10", "learning_rate": "0.05", "num_epoch": "3"} | common
    task["taskInputConfig"] = json.dumps(config)
    return job


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kn.Cluster]:
    cluster = kn.connect(storage=tmp_path_factory.mktemp("nodes"))
    generator = np.random.default_rng(1)
    x, y = generator.uniform(-1, 1, (205, 5)), generator.integers(0, 2, 205)
    cluster.put("alice", "a.csv", pd.DataFrame({"p": x[:, 0], "q": x[:, 1], "y": y}))
    cluster.put("bob", "b.csv", pd.DataFrame({"r": x[:, 2], "s": x[:, 3], "t": x[:, 4]}))
    yield cluster
    cluster.close()


@pytest.fixture(scope="module")
def tutorial(cluster: kn.Cluster) -> Shadow:
    """That of the tutorial's job."""
    return cluster.apply(kn.tutorial_manifest(), seed=7, shadow=True).wait().shadow


def largest(errors: Any) -> float:
    """In size."""
    return float(errors.abs().max())


def reference(cluster: kn.Cluster, rate: float, l2: float, epochs: int, size: int, exact: bool) -> np.ndarray:
    """The plaintext weights of `manifest`, written down once more: bob's columns, alice's, intercept."""
    alice, bob = (cluster.data(node, name) for node, name in (("alice", "a.csv"), ("bob", "b.csv")))
    features = np.column_stack([bob, alice[["p", "q"]]]).astype(np.float32)
    numbers = features.astype(np.float64) if exact else decode(encode(features, 18), 18)
    x, w = np.column_stack([numbers, np.ones(len(numbers))]), np.zeros(6)
    for _ in range(epochs):
        for start in range(0, len(x) - size + 1, size):
            rows, y = x[start : start + size], alice["y"].to_numpy()[start : start + size]
            w = w - rate * (rows.T @ (0.5 + rows @ w / 8 - y) + l2 * np.append(w[:-1], 0))
    return w


# --- weights ---------------------------------------------------------------------------------------------------------


@strategies
def test_weights_beside_plaintext(cluster: kn.Cluster, strategy: Strategy) -> None:
    job = cluster.apply(manifest(), shadow=True, strategy=strategy, replace=True).wait()
    frame, weights = job.shadow.weights, job.weights()
    assert frame["feature"].tolist() == weights["feature"].tolist() == ["r", "s", "t", "p", "q", "intercept"]
    assert frame["owner"].tolist() == weights["owner"].tolist()
    assert frame["secret"].tolist() == weights["weight"].tolist()
    rate = round(0.005 / ULP)
    assert frame["plaintext"].tolist() == pytest.approx(reference(cluster, rate * ULP, 0.5, 3, 10, False), rel=1e-12)
    assert frame["exact_rate"].tolist() == pytest.approx(reference(cluster, 0.005, 0.5, 3, 10, False), rel=1e-12)
    assert (frame["error_ulp"] * ULP).tolist() == pytest.approx(frame["secret"] - frame["plaintext"])
    assert (frame["exact_rate_error_ulp"] * ULP).tolist() == pytest.approx(frame["secret"] - frame["exact_rate"])
    assert 0 < largest(frame["error_ulp"]) < 40


def test_the_tutorials_error_is_mostly_that_of_its_rate(tutorial: Shadow) -> None:
    """0.0001 / 21 is 1.25 ulp and used as 1: weights come out a fifth too small."""
    frame = tutorial.weights
    assert largest(frame["error_ulp"]) < 40
    large = frame[frame["exact_rate"].abs() > 0.002]
    assert len(large) > 5
    assert (large["plaintext"] / large["exact_rate"]).tolist() == pytest.approx([0.8] * len(large), abs=0.01)


def test_it_says_what_it_is(tutorial: Shadow) -> None:
    assert LABEL == "teacher's shadow: plaintext of both parties, computed by the observer"
    for text in (repr(tutorial), tutorial._repr_html_(), repr(tutorial.replay()), repr(tutorial.rehearse())):
        assert LABEL[1:] in text.replace("\n", " ")
    worst = largest(tutorial.weights["exact_rate_error_ulp"])
    assert f"{worst:.1f} ulp with the exact rate" in repr(tutorial).replace("\n", " ")


# --- steps -----------------------------------------------------------------------------------------------------------


@strategies
def test_the_steps_of_a_repeatable_job_are_its_own(cluster: kn.Cluster, strategy: Strategy) -> None:
    job = cluster.apply(manifest(), shadow=True, seed=11, strategy=strategy, replace=True).wait()
    steps = job.shadow.replay()
    rings = {node: job.shares(node)["ring"].tolist() for node in ("bob", "alice")}
    assert [seen.weights[-1].tolist() for seen in steps.seen] == list(rings.values()), "to the last bit"
    frame = job.shadow.steps
    assert frame["step"].tolist() == list(range(1, 61))
    assert frame["epoch"].tolist() == [1] * 20 + [2] * 20 + [3] * 20
    assert frame["batch"].tolist() == list(range(1, 21)) * 3
    last, errors = frame.iloc[-1], job.shadow.weights["error_ulp"]
    assert last["truncation"] == pytest.approx(np.sqrt((errors**2).mean()))
    assert last["truncation_max"] == pytest.approx(errors.abs().max())


def test_sources_of_error_add_up(cluster: kn.Cluster) -> None:
    job = cluster.apply(manifest(l2_norm="0.3"), shadow=True, seed=3, replace=True).wait()
    errors = job.shadow.replay().errors
    exact = reference(cluster, 0.005, 0.3, 3, 10, True)
    total = np.sum([error[-1] for error in errors.values()], axis=0) * ULP
    assert total.tolist() == pytest.approx(job.weights()["weight"] - exact, abs=1e-9)
    assert all(np.abs(error[-1]).max() > 0 for error in errors.values())


def test_a_job_without_a_seed_has_no_steps_but_a_rehearsal(cluster: kn.Cluster) -> None:
    job = cluster.apply(manifest(), shadow=True, replace=True).wait()
    with pytest.raises(JobError, match="cannot be repeated") as caught:
        _ = job.shadow.steps
    assert "seed=" in caught.value.hint
    assert "rehearse()" in caught.value.hint
    steps = job.shadow.rehearse()
    assert not steps.is_the_job
    assert steps.source == "a run like the job, with other random numbers"
    assert len(steps.frame) == 60
    assert steps.frame["truncation"].iloc[-1] > 0
    assert [seen.weights[-1].tolist() for seen in steps.seen] != [share.tolist() for share in job.shadow.shares]


def test_long_trainings_keep_some_steps(cluster: kn.Cluster) -> None:
    job = cluster.apply(manifest(num_epoch="300"), shadow=True, seed=1, replace=True).wait()
    steps = job.shadow.replay()
    assert len(steps.kept) == 3000
    assert steps.kept[-1] == 6000
    assert set(np.diff(steps.kept)) == {2}
    assert steps.frame["epoch"].iloc[-1] == 300


LOCALLY = {"update", "gradient", "penalty", "predictions"}


@pytest.mark.parametrize(
    ("strategy", "truncation", "fxp_bits", "learning_rate", "l2_norm", "cut"),
    [
        ("preprocessed", "local", 18, "0.0001", "0.5", LOCALLY),
        ("preprocessed", "local", 18, "1.0", "0.125", LOCALLY),
        ("interconnection", "local", 18, "0.05", "0.5", LOCALLY),
        ("preprocessed", "ttp", 18, "0.05", "0.5", {"update", "predictions"}),
        ("preprocessed", "ttp", 18, "2.0", "0.125", {"update", "predictions"}),
        ("preprocessed", "ttp", 19, "2.0", "0.125", {"update", "gradient", "predictions"}),
        ("interconnection", "ttp", 18, "2.0", "0.125", LOCALLY | {"scores"}),
        ("interconnection", "ttp", 18, "1.25", "0.5", LOCALLY | {"scores"}),
        ("interconnection", "ttp", 18, "0.5", "0", LOCALLY - {"penalty"} | {"scores"}),
    ],
)
def test_truncation_is_as_large_as_expected(
    cluster: kn.Cluster, strategy: str, truncation: str, fxp_bits: int, learning_rate: str, l2_norm: str, cut: set[str]
) -> None:
    """Over 80 runs: the error of each weight has mean 0 and the deviation that `spread` says, within sampling error.

    In the last three the TTP helps to cut multiples of public numbers, which leaves a mean error of up to an ulp.
    """
    common = {"learning_rate": learning_rate, "l2_norm": l2_norm, "fxp_bits": str(fxp_bits)}
    options: Any = {"strategy": strategy, "truncation": truncation}
    shadow = cluster.apply(manifest(**common), shadow=True, replace=True, **options).wait().shadow
    spread = shadow.spread
    assert spread is not None
    assert set(spread.sources) == cut
    assert sum(spread.sources.values()) == pytest.approx(1)
    material, last = shadow.material, np.array([60])
    runs = [[seen.weights[-1] for seen in material.train(last, seed, "run")] for seed in range(80)]
    errors = np.array([decode(one + other, fxp_bits) for one, other in runs]) - shadow.plaintexts["ring"][-1]
    ratio = (errors / shadow.ulp - spread.mean[-1]) / spread.deviation[-1]  # 480 numbers of about mean 0 and variance 1
    assert abs(ratio.mean()) < 0.5
    assert 0.85 < np.sqrt((ratio**2).mean()) < 1.15


def test_no_spread_for_what_would_take_too_long() -> None:
    rows = np.zeros((2, 4, 3001))
    assert Plaintext(rows, np.zeros((2, 4)), 1, 0.1, 0.5).spread(18, {"update": 0.0}) is None


def test_what_parties_receive_is_kept_up_to_a_limit(tutorial: Shadow, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = [seen.received for seen in tutorial.replay().seen]
    columns, weights_of_the_peer, batches = (11, 10), (10, 11), 476
    sent = [batches * (21 * own + peer + 21) for own, peer in zip(columns, weights_of_the_peer, strict=True)]
    assert [len(numbers) for numbers in everything] == sent  # by alice, who has the constant column, and by bob
    monkeypatch.setattr(observed, "_HEARD", 1000)
    kept = tutorial.material.train(np.array([476]), 7, tutorial.scope)
    assert [seen.received.tolist() for seen in kept] == [numbers[:1000].tolist() for numbers in everything]


# --- when there is none ----------------------------------------------------------------------------------------------


def test_it_is_off_unless_asked_for(cluster: kn.Cluster) -> None:
    job = cluster.apply(manifest(), replace=True).wait()
    with pytest.raises(JobError, match="no teacher's shadow") as caught:
        _ = job.shadow
    assert "shadow=True" in caught.value.hint


def test_it_changes_nothing_about_the_job(cluster: kn.Cluster) -> None:
    found = []
    for shadow in (False, True):
        job = cluster.apply(manifest(), seed=5, shadow=shadow, replace=True).wait()
        if shadow:
            assert len(job.shadow.steps) == 60
        ledger = job.trace.messages.drop(columns=["task", "time"]).astype(str)
        found.append((job.shares("alice")["ring"].tolist(), job.shares("bob")["ring"].tolist(), ledger.to_csv()))
        assert not any("shadow" in name + value for node in job.nodes for name, value in job.env(node).items())
    assert found[0] == found[1]


def test_a_bfia_request_takes_it_too(cluster: kn.Cluster) -> None:
    request = json.loads((Path(__file__).parent / "data" / "job-ss-lr.json").read_text("utf-8"))
    job = cluster.submit(request, shadow=True, replace=True).wait()
    assert largest(job.shadow.weights["error_ulp"]) < 40


def test_a_job_that_has_not_ended_has_no_shadow_yet(cluster: kn.Cluster) -> None:
    job = cluster.apply(manifest("long", num_epoch="1000000"), shadow=True)
    with pytest.raises(JobError):
        _ = job.shadow
    job.stop()
    with pytest.raises(JobError, match="failed"):
        _ = job.shadow
    cluster.delete("long")


def test_data_that_was_changed_since_is_refused(cluster: kn.Cluster) -> None:
    job = cluster.apply(manifest(), shadow=True, replace=True).wait()
    path = cluster.nodes["bob"] / "data" / "b.csv"
    times = path.stat()
    os.utime(path, (time.time() + 5, time.time() + 5))
    with pytest.raises(DataError, match="changed after the task had begun"):
        _ = job.shadow
    os.utime(path, (times.st_atime, times.st_mtime))
    assert len(job.shadow.weights) == 6


def test_only_ss_lr_has_a_shadow(cluster: kn.Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OPERATORS, "_operators", OPERATORS._operators)

    @kn.operator(outputs=("answer",))
    async def give_answer(party: kn.Party) -> None:
        """42."""
        party.write_csv("answer", pd.DataFrame({"answer": [42]}))

    job = manifest("answer")
    task = job["spec"]["tasks"][0]
    task["appImage"] = "give-answer"
    config = json.loads(task["taskInputConfig"])
    config |= {"module_name": "give_answer", "output": [{"type": "dataset", "key": "answer"}]}
    task["taskInputConfig"] = json.dumps(config)
    answer = cluster.apply(job, shadow=True).wait()
    with pytest.raises(JobError, match="job answer has no shadow"):
        _ = answer.shadow


def test_the_report_has_the_shadow_if_it_was_asked_for(cluster: kn.Cluster) -> None:
    job = cluster.apply(manifest(), shadow=True, replace=True).wait()
    text, html = report.text(job), report.html(job)
    assert LABEL.partition(":")[2].split(",")[0].strip() in text
    section = text[text.index("Teacher's shadow") :]
    for feature, plaintext, error in job.shadow.weights[["feature", "plaintext", "error_ulp"]].to_numpy(dtype=object):
        assert re.search(rf"{feature} .*{plaintext:.6f} +{re.escape(f'{error:+.1f}')}\n?", section)
    assert "Teacher&#x27;s shadow" in html
    losses = job.shadow.losses.frame.iloc[-1]
    ends = f"{losses['secret']:.4f} on shares, {losses['plaintext']:.4f} in plaintext"
    words = f"after epoch 3 of 3: {ends}"
    assert words in " ".join(text.split())
    assert f"{words} (a coin: 0.6931)" in html
    assert "Teacher's shadow" not in report.text(cluster.apply(manifest(), replace=True).wait())
