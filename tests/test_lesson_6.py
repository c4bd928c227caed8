"""The exercises of notebook 06: right answers in every form, and what is said of each typical mistake."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import kuscia_nb as kn
from kuscia_nb.data.sample import tutorial_manifest
from kuscia_nb.exercises import lesson_6

ROWS, WEIGHTS = 50, 6
"""Of a batch; columns of both parties and the constant one."""


def said(exercise: str, answer: Any) -> str:
    verdict = kn.check(exercise, answer)
    return verdict.more[0] if verdict.state == "not yet" else verdict.state


def opened(rows: int, epochs: int) -> int:
    """Bytes, number by number: a matrix and a vector for each product, from both parties."""
    total = 0
    for epoch in range(epochs):
        for batch in range(rows // ROWS):
            if (epoch, batch) != (0, 0):
                total += ROWS * WEIGHTS + WEIGHTS
            total += WEIGHTS * ROWS + ROWS
    return total * 8 * 2


# --- 6.1 -------------------------------------------------------------------------------------------------------------


def test_bytes_are_those_that_a_job_sends(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    manifest = tutorial_manifest().replace('"batch_size":21', '"batch_size":50').replace(":0.0001", ":0.1")
    manifest = manifest.replace('"num_epoch":1', '"num_epoch":2')
    with kn.connect(storage=tmp_path) as cluster:
        label = pd.DataFrame({"y": random.integers(0, 2, 130)})
        own = pd.DataFrame(random.uniform(-1, 1, (130, 2))).add_prefix("a")
        cluster.put("alice", "perfect_logit_a.csv", pd.concat([own, label], axis=1))
        cluster.put("bob", "perfect_logit_b.csv", pd.DataFrame(random.uniform(-1, 1, (130, 3))).add_prefix("b"))
        messages = cluster.apply(manifest, strategy="interconnection").wait().trace.messages
    sent = sum(messages["bytes"][messages["op"].str.startswith("open")].tolist())
    assert sent == opened(130, 2)
    assert sum(lesson_6.opened(130, 2)) * 2 * 8 == sent


@pytest.mark.parametrize("kind", [int, float, np.int64, Fraction])
def test_a_function_for_the_bytes_is_right(kind: Callable[[int], Any]) -> None:
    assert said("6.1", lambda rows, epochs: kind(opened(rows, epochs))) == "right"


FIRST = 2 * 8 * (ROWS * WEIGHTS + WEIGHTS)
"""Of the product that is free."""


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda rows, epochs: opened(rows, epochs) / 2, "one direction"),
        (lambda rows, epochs: opened(rows, epochs) / 8, "each has 8 bytes"),
        (lambda rows, epochs: opened(rows, epochs) + FIRST, "first product is with weights that both know"),
        (lambda rows, epochs: FIRST * (epochs * (rows // 50) - 1), "has only X w"),
        (lambda rows, epochs: 16 * 350 * epochs * (rows // 50), r"has only X\^T r"),
        (lambda rows, epochs: 16 * ((250 + 5 + 250 + 50) * epochs * (rows // 50) - 255), "constant column"),
        (lambda rows, epochs: opened(rows, 1), "5,000 rows and num_epoch = 3: The second epoch"),
        (lambda rows, epochs: 16 * (656 * epochs * rows / 50 - 306), "1,030 rows and num_epoch = 1: the rows behind"),
        (lambda rows, epochs: 1, "this gives 1, and it is more"),
        (lambda rows, epochs: 1e9, "it is less"),
        (lambda rows, epochs: "many", "this is 'many'"),
        (lambda rows: 1, "it raises TypeError"),
        (3, "A function is asked for"),
    ],
)
def test_mistakes_with_the_bytes(function: Any, text: str) -> None:

    assert re.search(text, said("6.1", function))


def test_a_function_without_a_body_is_no_answer() -> None:
    assert said("6.1", lambda rows, epochs: ...) == "not answered yet"
    assert said("6.1", lambda rows, epochs: None) == "not answered yet"


# --- 6.2 -------------------------------------------------------------------------------------------------------------


def half(view: Any, name: str, of: str) -> Any:
    (row,) = (row for row in view.rows(7) if (row.name, row.of) == (name, of))
    return np.array(row.ring, np.uint64)


def joined(alice: Any, ttp: Any) -> Any:
    """Bob's column in the ring."""
    return half(alice, "F", "bob") + half(ttp, "A", "bob")


def numbers(ring: Any) -> Any:
    return ring.view(np.int64) / 2**18


def test_what_alice_and_the_ttp_see_is_bobs_column() -> None:
    assert said("6.2", lambda alice, ttp: numbers(joined(alice, ttp))) == "right"
    assert said("6.2", lambda alice, ttp: numbers(joined(alice, ttp)).tolist()) == "right"


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda alice, ttp: joined(alice, ttp).view(np.int64), "integers in the ring"),
        (lambda alice, ttp: joined(alice, ttp), "integers in the ring"),
        (lambda alice, ttp: joined(alice, ttp) / 2**18, "stands for a negative number"),
        (lambda alice, ttp: numbers(half(alice, "X", "alice"))[::2], "alice's own column"),
        (lambda alice, ttp: numbers(half(alice, "F", "bob")), "still have a mask"),
        (lambda alice, ttp: numbers(half(ttp, "A", "bob")), "still have a mask"),
        (lambda alice, ttp: [0.0] * 8, "another one"),
        (lambda alice, ttp: 0.5, "the shape ()"),
        (lambda alice, ttp: "hidden", "of type str"),
        (lambda alice: 1, "it raises TypeError"),
        (lambda alice, ttp: half(alice, "X", "bob"), "it raises"),
    ],
)
def test_mistakes_with_the_column(function: Any, text: str) -> None:
    assert text in said("6.2", function)


def test_a_column_that_is_not_there_yet_is_no_answer() -> None:
    assert said("6.2", lambda alice, ttp: None) == "not answered yet"


# --- 6.3 -------------------------------------------------------------------------------------------------------------

SECONDS = (2 * 2000 * 0.05, 4 * 2000 * 0.05)


@pytest.mark.parametrize(
    "answer",
    [SECONDS, [200, 400], np.array(SECONDS), (np.float32(200), 400), (200, 399.9), pd.Series(SECONDS)],
)
def test_seconds_are_right(answer: Any) -> None:
    assert said("6.3", answer) == "right"


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (SECONDS[::-1], "wrong order"),
        ((400, 800), "With preprocessed: this is twice the time"),
        ((200, 800), "With interconnection: this is twice the time"),
        ((20, 40), "one epoch"),
        ((200_000, 400_000), "milliseconds"),
        ((4_000, 8_000), "number of rounds"),
        ((1, 2), "one batch"),
        ((200, 200), "With interconnection: a batch has twice as many rounds"),
        ((150, 400), "it is more"),
        ((250, 400), "it is less"),
        (200, "Two numbers are asked for"),
        ((1, 2, 3), "Two numbers are asked for"),
        ("no", "Two numbers are asked for"),
        (("a", "b"), "this is 'a'"),
    ],
)
def test_mistakes_with_the_seconds(answer: Any, text: str) -> None:
    assert text in said("6.3", answer)


@pytest.mark.parametrize("answer", [(..., ...), (200, ...), (None, 400)])
def test_half_an_answer_is_none(answer: Any) -> None:
    assert said("6.3", answer) == "not answered yet"
