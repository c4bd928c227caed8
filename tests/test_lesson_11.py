"""The exercises of notebook 11: right answers in many forms, and what is said of typical mistakes."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from answers import right, said
from test_cluster import ALICE, BOB, put_own
from test_storage import small

import kuscia_nb as kn
from kuscia_nb.backends.local import LocalBackend
from kuscia_nb.errors import KusciaError
from kuscia_nb.exercises.lesson_11 import ASKED, SAME_MESSAGE


@pytest.fixture(scope="module")
def cluster() -> Iterator[kn.Cluster]:
    with kn.Cluster(LocalBackend()) as cluster:
        put_own(cluster, "own", alice=ALICE, bob=BOB)
        yield cluster


def sentence(cluster: kn.Cluster, fault: str) -> str:
    try:
        cluster.apply(small("sentence", num_epoch=2), inject=fault, replace=True).wait(60)
    except KusciaError as error:
        return error.what
    return ""


def test_the_kinds_are_those_that_really_say_so(cluster: kn.Cluster) -> None:
    wanted = "alice got root:7:ALLGATHER from bob twice or out of turn, and waits for root:6:ALLGATHER"
    found = {kind for kind in ASKED for n in range(3, 10) if sentence(cluster, f"{kind}:{n}@bob").startswith(wanted)}
    assert found == SAME_MESSAGE


@pytest.mark.parametrize(
    "answer",
    [
        {"drop", "duplicate", "reorder"},
        ["reorder", "drop", "duplicate"],
        "drop, reorder duplicate",
        ("drop:9", "reorder:9", "duplicate:10"),
    ],
)
def test_three_kinds_say_the_same(answer: Any) -> None:
    right("11.1", answer)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"drop"}, "There is another one"),
        ("drop reorder", "There is another one"),
        ({"drop", "delay"}, "nobody says anything"),
        ({"drop", "truncate"}, "its length is named"),
        ({"drop", "flip"}, "flip is not one of the five"),
        (3, "A set of kinds is asked for"),
    ],
)
def test_what_is_said_of_other_kinds(answer: Any, words: str) -> None:
    assert words in said("11.1", answer)


def off(job: kn.Job) -> tuple[float, bool]:
    """How far off a job is by its shadow, and whether its weights warn."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        job.weights()
        return float(job.shadow.weights.eval("secret - plaintext").abs().max()), bool(warned)


def test_a_quiet_lie_of_the_ttp(cluster: kn.Cluster) -> None:
    kinds: dict[str, kn.Job] = {}
    for seed in range(80):
        fault = f"ttp-wrong:1#{seed + 1}"
        job = cluster.apply(small(f"lie-{seed}"), seed=1, inject=fault, shadow=True).wait(60)
        far, warned = off(job)
        kinds.setdefault("warned" if warned else "quiet" if far > 0.2 else "near" if far < 0.05 else "", job)
        if {"warned", "quiet", "near"} <= kinds.keys():
            break
    right("11.2", kinds["quiet"])
    assert "weights() warns" in said("11.2", kinds["warned"])
    assert "are within 0.1" in said("11.2", kinds["near"])
    assert "somebody else lies, or nobody" in said("11.2", cluster.apply(small("honest")).wait(60))
    assert "somebody else lies" in said("11.2", cluster.apply(small("flip"), inject="flip:9").wait(60))
    assert "cannot be compared" in said("11.2", cluster.apply(small("bare"), inject="ttp-wrong").wait(60))
    assert "A job is asked for" in said("11.2", 3)


def whole(*, lengths: bool = True, size: int = 16, order: bool = True) -> Callable[[list[bytes]], bytes]:
    def digest(messages: list[bytes]) -> bytes:
        known = hashlib.blake2b(digest_size=size)
        for message in messages if order else sorted(messages):
            known.update((len(message).to_bytes(8, "little") if lengths else b"") + message)
        return known.digest()

    return digest


def test_digests() -> None:
    right("11.3", whole())
    right("11.3", whole(size=32))
    right("11.3", lambda messages: whole()(messages).hex())
    right("11.3", lambda messages: hashlib.sha256(repr(messages).encode()).digest())
    for answer, words in (
        (whole(lengths=False), "an empty message is lost"),
        (whole(order=False), "two messages change places"),
        (whole(size=64), "at most 32 bytes"),
        (lambda messages: b"".join(messages)[:32], "an empty message is lost"),
        (lambda messages: b"always", "one bit is another one"),
        (lambda messages: b"|".join(messages), "at most 32 bytes"),
        (sum, "raises TypeError"),
        (len, "Bytes are asked for"),
        (b"digest", "A function is asked for"),
    ):
        assert words in said("11.3", answer), words


def test_exercises_are_in_the_order_of_the_notebooks() -> None:
    from kuscia_nb.exercises.checking import names

    known = [name for name in names() if name != "0.1"]
    assert known.index("2.1") < known.index("9.1") < known.index("11.1")
