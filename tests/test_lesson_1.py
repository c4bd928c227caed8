"""What is said of answers to the exercises of notebook 01."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from answers import said

import kuscia_nb as kn
from kuscia_nb.exercises.lesson_1 import SHARES


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kn.Cluster]:
    with kn.connect(storage=tmp_path_factory.mktemp("nodes")) as cluster:
        yield cluster


def test_the_notebook_has_the_shares_of_the_exercise() -> None:
    notebook = Path(__file__).parent.parent / "notebooks" / "01_first_job.ipynb"
    assert f"of_alice, of_bob = {SHARES[0]}, {SHARES[1]}" in notebook.read_text("utf-8")


SUM = int(np.sum(np.array(SHARES, np.uint64)).view(np.int64))


@pytest.mark.parametrize("answer", [SUM / 2**10, np.float64(SUM / 2**10), Fraction(SUM, 2**10)])
def test_1_1_right(answer: Any) -> None:
    assert kn.check("1.1", answer).state == "right"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (sum(SHARES), "wrapped around"),
        (SUM, "integer in the ring"),
        (SUM / 2**18, "18 fraction bits"),
        (-SUM / 2**10, "negative"),
        (-7, "another number"),
        ("minus 1.5", "number is asked for"),
    ],
)
def test_1_1_mistakes(answer: Any, words: str) -> None:
    assert words in said("1.1", answer)


def test_1_2_is_what_the_ledger_says(cluster: kn.Cluster) -> None:
    """One more epoch is 476 more batches, and nothing else."""
    sizes = []
    for epochs in (1, 2):
        manifest = kn.tutorial_manifest().replace('"num_epoch":1', f'"num_epoch":{epochs}')
        sizes.append(
            cluster.apply(manifest, replace=True).wait().trace.totals.set_index(["sender", "receiver"])["bytes"]
        )
    of_batches = (sizes[1] - sizes[0]) / (10_000 // 21)
    one_way = of_batches["alice", "bob"], of_batches["bob", "alice"]
    assert kn.check("1.2", sum(one_way)).state == "right"
    assert "one direction" in said("1.2", one_way[0])
    assert "one direction" in said("1.2", one_way[1])
    assert "how many numbers" in said("1.2", sum(one_way) / 8)
    assert said("1.2", sum(one_way) + 1) == "It is less."
    assert said("1.2", 1) == "It is more."


FASTER = kn.tutorial_manifest().replace('"learning_rate":0.0001', '"learning_rate":0.01')


def test_1_3(cluster: kn.Cluster) -> None:
    assert kn.check("1.3", cluster.apply(FASTER, replace=True)).state == "right"
    assert "still warns: learning_rate" in said("1.3", cluster.apply(kn.tutorial_manifest(), replace=True))
    assert "A job is asked for" in said("1.3", FASTER)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"batch_size":21', '"batch_size":1', "21 rows"),
        ('"num_epoch":1', '"num_epoch":2', "num_epoch was 1, and is 2"),
        ('"l2_norm":0.5', '"l2_norm":0.25', "l2_norm was 0.5, and is 0.25"),
        ('"fxp_bits":18', '"fxp_bits":20', "fxp_bits was 18, and is 20"),
        ("perfect_logit_a.csv", "shop.csv", "On alice the job has read shop.csv"),
        ("perfect_logit_b.csv", "bank.csv", "On bob the job has read bank.csv"),
    ],
)
def test_1_3_is_about_the_learning_rate_alone(cluster: kn.Cluster, old: str, new: str, words: str) -> None:
    """None of these jobs warns. They were right answers before."""
    for node, name, kind in (("alice", "shop", "a"), ("bob", "bank", "b")):
        cluster.put(node, f"{name}.csv", cluster.data(node, f"perfect_logit_{kind}.csv"))
    job = cluster.apply(FASTER.replace(old, new), replace=True).wait()
    assert job.warnings == []
    assert words in said("1.3", job)


def test_1_3_other_data_under_the_tutorials_names(tmp_path: Path) -> None:
    with kn.connect(storage=tmp_path) as cluster:
        frame = cluster.data("bob", "perfect_logit_b.csv")
        cluster.put("bob", "perfect_logit_b.csv", frame.iloc[::-1])
        assert "other data" in said("1.3", cluster.apply(FASTER).wait())


def test_1_3_takes_no_job_of_another_kind(cluster: kn.Cluster) -> None:
    manifest = cluster.apply(FASTER, replace=True).wait().manifest()
    (task,) = manifest["spec"]["tasks"]
    config = task["taskInputConfig"].replace("ss_lr_1", "second")
    manifest["spec"]["tasks"].append(task | {"alias": "second", "taskInputConfig": config})
    assert "another job" in said("1.3", cluster.apply(manifest, replace=True))
