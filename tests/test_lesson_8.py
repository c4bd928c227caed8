"""The exercises of notebook 08: right answers in many forms, and what is said of wrong ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import kuscia_nb as kn
from kuscia_nb.exercises import Verdict, lesson_8
from kuscia_nb.exercises.lesson_8 import DIFFERENCE, SALARIES
from kuscia_nb.operators import OPERATORS, Party


@pytest.fixture(autouse=True)
def only_built_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is gone after it."""
    monkeypatch.setattr(OPERATORS, "_operators", OPERATORS._operators)


# --- 8.1: what bob learns --------------------------------------------------------------------------------------------

ALICES = sum(SALARIES) / len(SALARIES) - DIFFERENCE
"""opened = mean of bob - mean of alice."""


@pytest.mark.parametrize("answer", [ALICES, np.float64(ALICES), np.array(ALICES), pd.Series([ALICES]).mean()])
def test_alices_mean(answer: Any) -> None:
    assert kn.check("8.1", answer).state == "right"


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (ALICES + 2 * DIFFERENCE, "not the other way round"),
        (sum(SALARIES) / len(SALARIES), "bob's own"),
        (0, "another difference"),
        ("four", "A number is asked for"),
        ([ALICES, 1], "A number is asked for"),
    ],
)
def test_what_is_not_alices_mean(answer: Any, text: str) -> None:
    verdict = kn.check("8.1", answer)
    assert (verdict.state, text in verdict.more[0]) == ("not yet", True), verdict


# --- 8.2: an operator ------------------------------------------------------------------------------------------------


def values_of(party: Party) -> Any:
    return party.read_csv("data")["value"].to_numpy()


async def moments(party: Party, mpc: Any) -> tuple[Any, Any]:
    """The mean and the mean of the squares of all values, both secret, shape (1,)."""
    values = values_of(party)
    x, y = await mpc.share(values)
    n = x.shape[0] + y.shape[0]
    x, y = await mpc.share([values.sum() / n, (values**2).sum() / n])
    return (x + y)[:1], (x + y)[1:]


def write(party: Party, variance: Any) -> None:
    party.write_csv("result", pd.DataFrame({"variance": np.atleast_1d(variance)}))


def answered(program: Callable[[Party], Any], **options: Any) -> Verdict:
    return kn.check("8.2", kn.operator(**options)(program))


async def at_home_first(party: Party) -> None:
    async with party.mpc() as mpc:
        mean, square = await moments(party, mpc)
        write(party, await mpc.open(square - await mpc.mul(mean, mean)))


async def with_long_products(party: Party) -> None:
    """n^2 * variance = n * sum of the squares - square of the sum, from the shared columns themselves."""
    async with party.mpc() as mpc:
        x, y = await mpc.share(values_of(party))
        n = x.shape[0] + y.shape[0]
        total = mpc.sum(x) + mpc.sum(y)
        squares = await mpc.dot(x, x) + await mpc.dot(y, y)
        scaled = await mpc.open(squares * np.array(n, np.uint64) - await mpc.mul(total, total))
    write(party, scaled / n**2)


async def with_a_public_factor(party: Party) -> None:
    """Divided as a secret: 1 / 30 has an error of 2^-18 then."""
    async with party.mpc(fxp_bits=16) as mpc:
        x, y = await mpc.share(values_of(party))
        share = 1 / (x.shape[0] + y.shape[0])
        mean = (mpc.sum(x) + mpc.sum(y)) * share
        square = (await mpc.dot(x, x) + await mpc.dot(y, y)) * share
        write(party, await mpc.open(square - await mpc.mul(mean, mean)))


@pytest.mark.parametrize("program", [at_home_first, with_long_products, with_a_public_factor])
def test_the_variance_in_different_ways(program: Callable[[Party], Any]) -> None:
    assert answered(program).state == "right", answered(program)


def test_an_operator_of_other_names_is_run_too() -> None:
    async def mine(party: Party) -> None:
        column = party.read_csv("table")["value"]
        async with party.mpc() as mpc:
            x, y = await mpc.share(column)
            n = x.shape[0] + y.shape[0]
            x, y = await mpc.share([column.sum() / n, (column**2).sum() / n])
            variance = await mpc.open((x + y)[1:] - await mpc.mul((x + y)[:1], (x + y)[:1]))
        party.write_csv("answer", pd.DataFrame({"variance": variance}))

    verdict = answered(mine, name="spread", image="statistics", inputs=("table",), outputs=("answer",))
    assert verdict.state == "right", verdict


async def unfinished(party: Party) -> None:
    party.read_csv("data")
    ...


def test_the_operator_as_it_stands_in_the_notebook_is_no_answer() -> None:
    assert answered(unfinished).state == "not answered yet"
    assert kn.check("8.2", ...).state == "not answered yet"


async def opens_the_mean(party: Party) -> None:
    async with party.mpc() as mpc:
        mean, square = await moments(party, mpc)
        write(party, await mpc.open(square) - (await mpc.open(mean)) ** 2)


async def opens_both_sums(party: Party) -> None:
    values = values_of(party)
    async with party.mpc() as mpc:
        x, y = await mpc.share([len(values), values.sum(), (values**2).sum()])
        n, total, squares = await mpc.open(x + y)
    write(party, squares / n - (total / n) ** 2)


async def opens_something_else_too(party: Party) -> None:
    values = values_of(party)
    async with party.mpc() as mpc:
        mean, square = await moments(party, mpc)
        x, _ = await mpc.share([float(values[0]) * 1e6])  # unlike any sum or mean
        await mpc.open(x)
        write(party, await mpc.open(square - await mpc.mul(mean, mean)))


async def tells_it_openly(party: Party) -> None:
    values = values_of(party)
    await party.link.send(values.astype("<f8").tobytes(), "my values")
    peers = np.frombuffer(await party.link.receive(), "<f8")
    write(party, np.concatenate([values, peers]).var())


async def of_a_sample(party: Party) -> None:
    async with party.mpc() as mpc:
        mean, square = await moments(party, mpc)
        write(party, await mpc.open(square - await mpc.mul(mean, mean)) * 30 / 29)


async def standard_deviation(party: Party) -> None:
    async with party.mpc() as mpc:
        mean, square = await moments(party, mpc)
        write(party, np.sqrt(await mpc.open(square - await mpc.mul(mean, mean))))


async def mean_of_variances(party: Party) -> None:
    async with party.mpc() as mpc:
        x, y = await mpc.share([values_of(party).var()])
        write(party, await mpc.open(x + y) / 2)


async def own_variance(party: Party) -> None:
    async with party.mpc() as mpc:
        x, _ = await mpc.share([values_of(party).var()])
        write(party, await mpc.open(x))


async def no_square_of_the_mean(party: Party) -> None:
    async with party.mpc() as mpc:
        _, square = await moments(party, mpc)
        write(party, await mpc.open(square))


async def the_other_way_round(party: Party) -> None:
    async with party.mpc() as mpc:
        mean, square = await moments(party, mpc)
        write(party, await mpc.open(await mpc.mul(mean, mean) - square))


async def a_guess(party: Party) -> None:
    async with party.mpc():
        write(party, 1000)


async def another_column(party: Party) -> None:
    async with party.mpc():
        party.write_csv("result", pd.DataFrame({"var": [1.0]}))


async def nothing_written(party: Party) -> None:
    async with party.mpc() as mpc:
        await moments(party, mpc)


async def fails(party: Party) -> None:
    async with party.mpc() as mpc:
        mean, _ = await moments(party, mpc)
        write(party, float(mean))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("program", "text"),
    [
        (opens_the_mean, "both learn the mean of all values too"),
        (opens_both_sums, "both learn the sum of all values too"),
        (opens_something_else_too, "2 numbers are opened"),
        (tells_it_openly, "messages of its own: my values"),
        (of_a_sample, "one less than the count"),
        (standard_deviation, "standard deviation"),
        (mean_of_variances, "mean of both variances"),
        (own_variance, "one party's values"),
        (no_square_of_the_mean, "mean of the squares"),
        (the_other_way_round, "wrong sign"),
        (a_guess, "On fresh data the variance is"),
        (another_column, "column variance"),
        (nothing_written, "it has written nothing"),
        (fails, "a secret cannot be compared"),
    ],
)
def test_what_is_wrong_with_an_operator(program: Callable[[Party], Any], text: str) -> None:
    verdict = answered(program)
    assert (verdict.state, text in verdict.more[0]) == ("not yet", True), verdict


def test_no_number_of_fresh_data_looks_like_another() -> None:
    """What was opened is known by its size: the variance itself once looked like the mean of alice's squares."""
    for _ in range(100):
        columns = lesson_8._columns()
        variance = float(np.concatenate([column.to_numpy() for column in columns.values()]).var())
        numbers = sorted([variance, *(fact for _, fact in lesson_8._facts(columns))])
        assert min(np.diff(np.log(numbers))) > 0.01


def test_an_operator_without_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    async def endless(party: Party) -> None:
        async with party.mpc() as mpc:
            while True:
                await mpc.share([1.0])

    monkeypatch.setattr(lesson_8, "SECONDS", 0.5)
    assert "It comes to no end" in repr(answered(endless))


def test_a_function_that_is_no_operator() -> None:
    assert "@kn.operator has to stand above it" in repr(kn.check("8.2", at_home_first))
    assert "A function is asked for, and this is of type float" in repr(kn.check("8.2", 4.2))


def test_a_check_leaves_the_readers_cluster_alone() -> None:
    with kn.connect() as cluster:
        assert answered(at_home_first).state == "right"
        assert cluster.jobs().empty
        assert "values.csv" not in cluster.data("alice")["name"].tolist()


# --- 8.3: fraction bits ----------------------------------------------------------------------------------------------


def searched(v: float) -> int:
    """By trying, from v * 2^(2 bits) / 2^64 <= 10^-6."""
    return max(bits for bits in range(31) if v * 4**bits / 2**64 <= 1e-6)


@pytest.mark.parametrize(
    "answer",
    [
        searched,
        lambda v: np.int64(searched(v)),
        lambda v: float(searched(v)),
        lambda v: math.floor(math.log2(2**64 / 1e6 / v) / 2),
    ],
)
def test_the_most_fraction_bits(answer: Any) -> None:
    assert kn.check("8.3", answer).state == "right"


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (lambda v: (64 - math.log2(1e6) - math.log2(v)) / 2, "not a whole number"),
        (lambda v: math.floor((63 - math.log2(v)) / 2), "truncation fails too often"),
        (lambda v: math.floor(64 - math.log2(1e6) - math.log2(v)), "both factors"),
        (lambda v: searched(v) + 1, "one too many"),
        (lambda v: 30, "too many"),
        (lambda v: 3, "fewer than"),
        (lambda v: "many", "A number is asked for"),
        (lambda: 18, "raises TypeError"),
        (18, "A function is asked for"),
    ],
)
def test_other_numbers_of_bits(answer: Any, text: str) -> None:
    verdict = kn.check("8.3", answer)
    assert (verdict.state, text in verdict.more[0]) == ("not yet", True), verdict


def test_a_function_without_a_body_is_no_answer() -> None:
    assert kn.check("8.3", lambda v: None).state == "not answered yet"
