"""The exercises of notebook 05: right answers in every form, and what is said of the typical wrong ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from answers import right, said

import kuscia_nb as kn
from kuscia_nb import explore, mpc
from kuscia_nb.exercises.lesson_5 import A1, ALICE_SENT, ALICES_SHARE, B1, BOB_SENT, C1, E, F

NONSENSE = ["5", [1, 2], {}, object(), float("nan"), True, b"x", 1 + 2j, np.zeros(3), -(10**400)]
RING = 2**64
BOBS = C1 + E * B1 + A1 * F


# --- 5.1 -------------------------------------------------------------------------------------------------------------


def test_5_1_is_a_product_of_small_numbers_by_the_formula_of_the_engine() -> None:
    answer = (ALICES_SHARE + BOBS) % RING
    assert answer == 1234 * 5678
    for form in (answer, np.uint64(answer), np.array([answer], np.uint64), np.array(answer), str(answer)):
        right("5.1", form)
    line = explore.product(3, 5, seed=2)
    of_bob = {name: line.step(name).bob for name in "abc"} | {"xy": line.step("xy").bob}
    e, f = line.step("e").together, line.step("f").together
    assert (of_bob["c"] + e * of_bob["b"] + of_bob["a"] * f - of_bob["xy"]) % RING == 0


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (ALICES_SHARE + BOBS, "below 2^64"),
        ((ALICES_SHARE + BOBS) % RING - RING, "not negative"),
        (BOBS % RING, "Bob's share alone."),
        ((BOBS + E * F) % RING, "does not belong in it"),
        ((ALICES_SHARE + BOBS + E * F) % RING, "twice"),
        ((ALICES_SHARE + C1 + E * A1 + B1 * F) % RING, "e goes with b"),
        ((ALICES_SHARE + E * B1 + A1 * F) % RING, "c1 is missing"),
        (E * F % RING, "the last of the four parts"),
        (12, "another number"),
        (7006652.0, "53 bits"),
        (np.float64(7006652), "53 bits"),
    ],
)
def test_5_1_typical_mistakes(answer: Any, text: str) -> None:
    assert text in said("5.1", answer)


# --- 5.2 -------------------------------------------------------------------------------------------------------------


def opened(i: int) -> int:
    return (ALICE_SENT[i] + BOB_SENT[i]) % RING


def test_5_2_the_difference_of_what_was_opened_is_that_of_the_salaries() -> None:
    difference = np.array([opened(0), opened(1)], np.uint64)
    salary = 5200 - mpc.decode(difference[:1] - difference[1:], 18).item()
    assert 0 < salary < 10_000
    for form in (salary, np.float64(salary), np.array([salary])):
        right("5.2", form)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (5200 + (opened(0) - opened(1)) / 2**18, "sign"),
        ((opened(0) - opened(1)) / 2**18, "This is the difference"),
        (5200 - (opened(0) - opened(1)), "18 bits behind the point"),
        (5200 - (ALICE_SENT[0] - ALICE_SENT[1]) / 2**18, "What Alice sent"),
        (5200 - (BOB_SENT[0] - BOB_SENT[1]) / 2**18, "What Bob sent"),
        (5200 - opened(0) / 2**18, "No salary is that large"),
        (5200, "another number"),
    ],
)
def test_5_2_typical_mistakes(answer: Any, text: str) -> None:
    assert text in said("5.2", answer)


# --- 5.3 -------------------------------------------------------------------------------------------------------------


def really_sent(m: int, k: int, n: int) -> tuple[int, int]:
    """Bytes that two parties send each other to open e and f."""

    async def program(link: mpc.Link, ttp: mpc.TrustedThirdParty, elementwise: bool) -> None:
        party = await mpc.Semi2k.start(link, ttp, mpc.Seeds(), mpc.Terms())
        if elementwise:
            await party.mul(party.zeros(m * k * n), party.zeros(m * k * n))
        else:
            await party.matmul(party.zeros((m, k)), party.zeros((k, n)))

    counts = []
    for elementwise in (False, True):
        links, ttp = mpc.connect(("alice", "bob")), mpc.TrustedThirdParty()
        mpc.run_lockstep((program(links[0], ttp, elementwise), program(links[1], ttp, elementwise)), links)
        counts.append(sum(message.bytes for message in links[0].ledger.messages if message.op.startswith("open")))
    return counts[0], counts[1]


def one(m: int, k: int, n: int) -> int:
    return 16 * (m * k + k * n)


def each(m: int, k: int, n: int) -> int:
    return 32 * m * k * n


def test_5_3_is_what_the_engine_sends() -> None:
    right("5.3", really_sent)
    right("5.3", lambda m, k, n: [one(m, k, n), each(m, k, n)])
    right("5.3", lambda m, k, n: np.array([one(m, k, n), each(m, k, n)]))
    right("5.3", lambda m, k, n: (float(one(m, k, n)), np.int64(each(m, k, n))))


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (lambda *s: (one(*s) / 2, each(*s) / 2), "one direction"),
        (lambda *s: (one(*s) / 8, each(*s) / 8), "how many numbers"),
        (lambda *s: (each(*s), one(*s)), "other order"),
        (lambda *s: (one(*s), each(*s) / 2), "only e or only f"),
        (lambda *s: (one(*s), 1), "With one triple it is right"),
        (lambda m, k, n: (one(m, k, n) + 16 * m * n, each(m, k, n)), "The result is not opened"),
        (lambda *s: (1, each(*s)), "Elementwise it is right"),
        (lambda m, k, n: (one(m, k, n) * n, each(m, k, n) * n), "m = 100, k = 20, n = 10"),
        (lambda *s: one(*s), "Two numbers"),
        (lambda *s: (1, 2, 3), "Two numbers"),
        (lambda *s: ("one", 2), "A number is asked for"),
        (lambda m, k: (1, 2), "raises TypeError"),
        ((12, 13), "A function is asked for"),
    ],
)
def test_5_3_typical_mistakes(answer: Any, text: str) -> None:
    assert text in said("5.3", answer)


def test_5_3_a_function_without_a_body_is_no_answer() -> None:
    assert kn.check("5.3", lambda m, k, n: ...).state == "not answered yet"


@pytest.mark.parametrize("exercise", ["5.1", "5.2", "5.3"])
@pytest.mark.parametrize("answer", NONSENSE, ids=lambda answer: type(answer).__name__)
def test_nonsense_is_wrong_and_no_crash(exercise: str, answer: Any) -> None:
    assert kn.check(exercise, answer).state == "not yet"


# --- 5.4 -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", [2**18, float(2**18), np.float64(2**18)])
def test_5_4_the_largest_of_many_is_nearly_the_salary(unit: Any) -> None:
    right("5.4", lambda opened: max(opened) / unit)


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (max, "units of 2^-18"),
        (lambda opened: np.mean(opened) / 2**18, "better one"),
        (lambda opened: min(opened) / 2**18, "64 too low"),
        (lambda opened: sorted(opened)[500] / 2**18, "any single e"),
        (lambda opened: 1, "On fresh numbers"),
        (lambda opened: "much", "this is 'much'"),
        (lambda: 1, "it raises TypeError"),
        (5200, "A function is asked for"),
    ],
)
def test_5_4_typical_mistakes(function: Any, text: str) -> None:
    assert text in said("5.4", function)
