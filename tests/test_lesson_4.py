"""The exercises of notebook 04: right answers in every form, and what is said of the typical wrong ones."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from answers import right, said

import kuscia_nb as kn
from kuscia_nb import explore
from kuscia_nb.exercises import lesson_4
from kuscia_nb.mpc import Ring, decode

NONSENSE = ["4", [1, 2], {}, object(), float("nan"), True, b"x", 1 + 2j, 10**400]


def masks(x: Ring) -> Ring:
    return np.frombuffer(secrets.token_bytes(x.nbytes), np.uint64).reshape(x.shape)


def split(x: Ring, n: int) -> list[Ring]:
    drawn = [masks(x) for _ in range(n - 1)]
    return [x - sum(drawn), *drawn]


# --- 4.1 -------------------------------------------------------------------------------------------------------------


def test_4_1_shares_may_come_in_any_order_and_form() -> None:
    right("4.1", split)
    right("4.1", lambda x, n: split(x, n)[::-1])
    right("4.1", lambda x, n: tuple(split(x, n)))
    right("4.1", lambda x, n: np.array(split(x, n)))


def test_4_1_a_split_that_changes_its_argument_is_right() -> None:
    def in_place(x: Ring, n: int) -> list[Ring]:
        drawn = [masks(x) for _ in range(n - 1)]
        for mask in drawn:
            x -= mask
        return [x, *drawn]

    right("4.1", in_place)


def of_numpy(x: Ring, n: int) -> list[Ring]:
    random = np.random.default_rng()
    drawn = [random.integers(0, 2**64, x.shape, np.uint64) for _ in range(n - 1)]
    return [x - sum(drawn), *drawn]


def equal_masks(x: Ring, n: int) -> list[Ring]:
    drawn = masks(x)
    return [x - np.uint64(n - 1) * drawn, *[drawn] * (n - 1)]


def one_mask(x: Ring, n: int) -> list[Ring]:
    drawn = [np.full_like(x, secrets.randbits(64)) for _ in range(n - 1)]
    return [x - sum(drawn), *drawn]


def small_masks(x: Ring, n: int) -> list[Ring]:
    drawn = [masks(x) % np.uint64(2**40) for _ in range(n - 1)]
    return [x - sum(drawn), *drawn]


def whole_masks(x: Ring, n: int) -> list[Ring]:
    drawn = [masks(x) << np.uint64(18) for _ in range(n - 1)]
    return [x - sum(drawn), *drawn]


def shifted_masks(bits: int) -> Callable[[Ring, int], list[Ring]]:
    """Masks that leave the last bits as they are."""

    def shifted(x: Ring, n: int) -> list[Ring]:
        drawn = [masks(x) << np.uint64(bits) for _ in range(n - 1)]
        return [x - sum(drawn), *drawn]

    return shifted


def without_bit(bit: int) -> Callable[[Ring, int], list[Ring]]:
    """Masks in which one bit is never set."""

    def holed(x: Ring, n: int) -> list[Ring]:
        drawn = [masks(x) & ~np.uint64(1 << bit) for _ in range(n - 1)]
        return [x - sum(drawn), *drawn]

    return holed


def thin_masks(x: Ring, n: int) -> list[Ring]:
    """Each bit is set in one of four only: no bit is constant, and none depends on others."""
    drawn = [masks(x) & masks(x) for _ in range(n - 1)]
    return [x - sum(drawn), *drawn]


def halves(x: Ring, n: int) -> list[Ring]:
    """32 random bits, twice: every part of the ring is hit equally often."""
    drawn = [(masks(x) >> np.uint64(32)) * np.uint64(2**32 + 1) for _ in range(n - 1)]
    return [x - sum(drawn), *drawn]


def counted(x: Ring, n: int) -> list[Ring]:
    drawn = [masks(x)[:1] + np.arange(x.size, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) for _ in range(n - 1)]
    return [x - sum(drawn), *drawn]


def repeated(x: Ring, n: int) -> list[Ring]:
    drawn = [np.resize(masks(x)[: x.size // 2 + 1], x.size) for _ in range(n - 1)]
    return [x - sum(drawn), *drawn]


def rotated_masks(x: Ring, n: int) -> list[Ring]:
    """With three parties or more, one of them can compute another's mask from its own. Each share alone is random."""
    drawn = [masks(x) for _ in range(n - 1)]
    if n > 2:
        drawn[1] = drawn[0] << np.uint64(13) | drawn[0] >> np.uint64(51)
    return [x - sum(drawn), *drawn]


def known_masks(x: Ring, n: int) -> list[Ring]:
    key = kn.explore.split(0, x.size * (n - 1), seed=1).bob
    drawn = list(key.reshape(n - 1, -1))
    return [x - sum(drawn), *drawn]


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (of_numpy, "numpy.random"),
        (equal_masks, "Two parties get the same share"),
        (one_mask, "one and the same mask"),
        (small_masks, "not random in every bit"),
        (whole_masks, "not random in every bit"),
        *[(shifted_masks(bits), "not random in every bit") for bits in (1, 2, 4, 8)],
        *[(without_bit(bit), "not random in every bit") for bit in (0, 17, 40, 63)],
        (thin_masks, "not random in every bit"),
        (halves, "not random in every bit"),
        (counted, "follow from each other"),
        (repeated, "comes twice"),
        (rotated_masks, "taken together"),
        (known_masks, "Called twice"),
        (lambda x, n: split(x, 2), "For 3 parties it gives 2 shares"),
        (lambda x, n: split(x, n + 1), "For 2 parties it gives 3 shares"),
        (lambda x, n: [masks(x) for _ in range(n)], "do not add up"),
        (lambda x, n: [x + masks(x), *[masks(x) for _ in range(n - 1)]], "do not add up"),
        (lambda x, n: [x, *[np.zeros_like(x)] * (n - 1)], "the secret itself"),
        (lambda x, n: [part.view(np.int64) for part in split(x, n)], "array of int64"),
        (lambda x, n: [decode(part, 18) for part in split(x, n)], "array of float64"),
        (lambda x, n: [part[:1] for part in split(x, n)], "has the shape (1,)"),
        (lambda x, n: 3, "A list of shares"),
        (lambda x, n: 1 / 0, "raises ZeroDivisionError"),
        (lambda x: x, "raises TypeError"),
        (split(np.zeros(3, np.uint64), 2), "A function is asked for"),
    ],
)
def test_4_1_typical_mistakes(answer: Any, text: str) -> None:
    assert text in said("4.1", answer)


def test_4_1_a_function_without_a_body_is_no_answer() -> None:
    assert kn.check("4.1", lambda x, n: ...).state == "not answered yet"


def test_4_1_proper_shares_are_never_refused() -> None:
    """The check draws nothing and judges by chances below 1 in 10^8, so a right answer is right every time."""
    for _ in range(20):
        right("4.1", split)


def test_4_1_says_what_it_cannot_see() -> None:
    assert "cannot see which generator" in kn.check("4.1", split).more[0]


# --- 4.2 -------------------------------------------------------------------------------------------------------------


def test_4_2_the_salary_is_the_one_that_opens_to_this_difference() -> None:
    salary = 5300 + (lesson_4.OPENED - 2**64) / 2**18
    assert decode(np.array([lesson_4.OPENED], np.uint64), 18).item() == salary - 5300
    for answer in (salary, int(salary), np.float64(salary), np.array(salary)):
        right("4.2", answer)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (5300 - (lesson_4.OPENED - 2**64) / 2**18, "other way round"),
        ((lesson_4.OPENED - 2**64) / 2**18, "This is the difference"),
        (5300 + lesson_4.OPENED / 2**18, "2^63 or more"),
        (lesson_4.OPENED / 2**18, "2^63 or more"),
        (5300 + lesson_4.OPENED - 2**64, "18 bits behind the point"),
        (5300 + lesson_4.OPENED, "ring element"),
        (lesson_4.SHARE / 2**18, "random number"),
        (5300, "another number"),
    ],
)
def test_4_2_typical_mistakes(answer: Any, text: str) -> None:
    assert text in said("4.2", answer)


# --- 4.3 -------------------------------------------------------------------------------------------------------------


def test_4_3_only_the_last_bits_of_one_program_give_it_away() -> None:
    samples = lesson_4.samples()
    assert all(explore.uniformity(shares).p_value > 0.001 for shares in samples.values())
    last = {name: explore.uniformity(shares, bits=18).p_value for name, shares in samples.items()}
    assert [name for name, p_value in last.items() if p_value < 0.001] == ["second"]
    (units,) = set((samples["second"] % 2**18).tolist())
    for answer in (units / 2**18, np.float64(units / 2**18), round(units / 2**18, 3)):
        right("4.3", answer)
    assert "as an integer" in said("4.3", units)
    assert "sign" in said("4.3", 1 - units / 2**18)
    assert "sign" in said("4.3", -units / 2**18)
    assert "well hidden" in said("4.3", 1000 + units / 2**18)
    for name in ("first", "third"):
        assert "another part" in said("4.3", samples[name][0] % 2**18 / 2**18)


@pytest.mark.parametrize("exercise", ["4.1", "4.2", "4.3"])
@pytest.mark.parametrize("answer", NONSENSE, ids=lambda answer: type(answer).__name__)
def test_nonsense_is_wrong_and_no_crash(exercise: str, answer: Any) -> None:
    assert kn.check(exercise, answer).state == "not yet"
