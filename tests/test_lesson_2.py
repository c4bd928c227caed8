"""What is said of answers to the exercises of notebook 02."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from answers import said

import kuscia_nb as kn

ONLY_AT_ALICE = ["JobCreateInitialized", "JobCreateSucceeded", "JobStartInitialized", "JobStartSucceeded"]
"""What the initiator sets and the partner does not (spec: kuscia §2.3)."""

PHASE = "-o jsonpath={.items[0].status.phase}"


@pytest.mark.parametrize(
    "answer", [ONLY_AT_ALICE, set(ONLY_AT_ALICE), pd.Series(ONLY_AT_ALICE), ", ".join(ONLY_AT_ALICE)]
)
def test_2_1_right(answer: object) -> None:
    assert kn.check("2.1", answer).state == "right"


def test_2_1_mistakes() -> None:
    assert "bob's copy has JobValidated" in said("2.1", ["JobValidated", *ONLY_AT_ALICE])
    assert "does not have JobDone" in said("2.1", ["JobDone", *ONLY_AT_ALICE])
    assert "3 are missing" in said("2.1", ONLY_AT_ALICE[:1])
    assert "list of names" in said("2.1", 4)


@pytest.mark.parametrize(
    "line",
    [
        f"get kt -n cross-domain {PHASE}",
        f"%kubectl get kusciatask -n cross-domain -l kuscia.secretflow/job-id=job-ss-lr {PHASE}",
        "get kt -n cross-domain -o custom-columns=:.status.phase --no-headers",
        "!kubectl get kt -A -o jsonpath={.items[*].status.phase}",
        "get kj job-ss-lr -n cross-domain -o jsonpath={.status.taskStatus.*}",
    ],
)
def test_2_2_right(line: str) -> None:
    assert kn.check("2.2", line).state == "right"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("get kt -n cross-domain", "more than the phase"),
        (f"get kj -n cross-domain {PHASE}", "phase of the job"),
        ("get kt -n cross-domain -o jsonpath={.items[0].status.nothing}", "prints nothing"),
        ("get kt -n cross-domain -o jsonpath={.items[0].kind}", "prints 'KusciaTask'"),
        ("gte kt -n cross-domain", "kubectl says"),
        ("get kt -o jsonpath={.items[0].status.phase}", "in the namespace cross-domain"),
    ],
)
def test_2_2_mistakes(line: str, words: str) -> None:
    assert words in said("2.2", line)


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kn.Cluster]:
    """With files of one's own, of which each node has one column, and alice the label."""
    with kn.connect(storage=tmp_path_factory.mktemp("nodes")) as cluster:
        x = np.linspace(-1, 1, 100)
        cluster.put("alice", "mine.csv", pd.DataFrame({"x": x, "label": (x > 0).astype(int)}))
        cluster.put("bob", "mine.csv", pd.DataFrame({"y": x[::-1]}))
        yield cluster


def test_2_3(cluster: kn.Cluster) -> None:
    tutorial = kn.tutorial_manifest()
    mine = tutorial.replace("perfect_logit_a", "mine").replace("perfect_logit_b", "mine")
    assert kn.check("2.3", cluster.apply(mine, replace=True)).state == "right"
    assert "perfect_logit_a.csv, and not mine.csv" in said("2.3", cluster.apply(tutorial, replace=True))
    other = mine.replace('"has_label":true', '"has_label":null').replace(":false", ":true").replace(":null", ":false")
    cluster.put("bob", "mine.csv", cluster.data("alice", "mine.csv"))
    assert "not on alice's side" in said("2.3", cluster.apply(other, replace=True))
    cluster.put("bob", "mine.csv", pd.DataFrame({"y": [1.0]}))
    assert "The job failed" in said("2.3", cluster.apply(mine, replace=True))
    assert "A job is asked for" in said("2.3", "mine")
