"""Secrets of an operator's program: public numbers in sums and products, products that must not wrap, bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from protocol import Protocol

from kuscia_nb import mpc
from kuscia_nb.errors import DataError, ParameterError
from kuscia_nb.operators.computation import Computation
from kuscia_nb.operators.secret import Secret

ULP = 2.0**-18


def compute(protocol: Protocol, program: Callable[..., Any], *values: Any, **terms: Any) -> list[Any]:
    """What `program(computation, x, y)` makes of secrets of both parties; by rank."""

    async def party(semi2k: mpc.Semi2k) -> Any:
        secrets = Computation(semi2k)
        return await program(secrets, *await secrets.share(values[semi2k.rank]))

    return list(protocol(party, **terms))


def ops(protocol: Protocol) -> list[str]:
    return [m.op for m in protocol.ledger.messages if m.sender == "alice" and m.kind in ("P2P", "ALLGATHER")]


PUBLIC: dict[str, tuple[Callable[[Any], Any], list[float]]] = {
    "12 * x": (lambda x: 12 * x, [12.0, -30.0]),
    "x * 12": (lambda x: x * 12, [12.0, -30.0]),
    "x * 12.0": (lambda x: x * 12.0, [12.0, -30.0]),
    "x * -1": (lambda x: x * -1, [-1.0, 2.5]),
    "x * True": (lambda x: x * True, [1.0, -2.5]),
    "x * 0.5": (lambda x: x * 0.5, [0.5, -1.25]),
    "0.5 * x": (lambda x: 0.5 * x, [0.5, -1.25]),
    "0.1 * x": (lambda x: 0.1 * x, [0.1, -0.25]),
    "x * np.float32(0.5)": (lambda x: x * np.float32(0.5), [0.5, -1.25]),
    "np.float64(0.5) * x": (lambda x: np.float64(0.5) * x, [0.5, -1.25]),
    "np.int64(3) * x": (lambda x: np.int64(3) * x, [3.0, -7.5]),
    "x + 1": (lambda x: x + 1, [2.0, -1.5]),
    "1 + x": (lambda x: 1 + x, [2.0, -1.5]),
    "x - 1": (lambda x: x - 1, [0.0, -3.5]),
    "1 - x": (lambda x: 1 - x, [0.0, 3.5]),
    "0.25 - x": (lambda x: 0.25 - x, [-0.75, 2.75]),
    "x + 100": (lambda x: x + 100, [101.0, 97.5]),
    "x * [2, 0.5]": (lambda x: x * [2, 0.5], [2.0, -1.25]),
    "array * x": (lambda x: np.array([2, 4]) * x, [2.0, -10.0]),
    "array - x": (lambda x: np.array([2, 4]) - x, [1.0, 6.5]),
    "Series * x": (lambda x: pd.Series([2, 0.5]) * x, [2.0, -1.25]),
    "Series + x": (lambda x: pd.Series([2, 0.5]) + x, [3.0, -2.0]),
    "uint8 array * x": (lambda x: np.array([2, 4], np.uint8) * x, [2.0, -10.0]),
    "x * np.uint64(3)": (lambda x: x * np.uint64(3), [3.0, -7.5]),
    "x + uint64 array": (lambda x: x + np.array([2, 4], np.uint64), [3.0, 1.5]),
    "x * 0": (lambda x: x * 0, [0.0, 0.0]),
    "x * 0.5 + x": (lambda x: x * 0.5 + x, [1.5, -3.75]),
    "x - x * 0.5": (lambda x: x - x * 0.5, [0.5, -1.25]),
    "x * 0.5 + 1": (lambda x: x * 0.5 + 1, [1.5, -0.25]),
    "1 - x * 0.5": (lambda x: 1 - x * 0.5, [0.5, 2.25]),
    "-(x * 0.5)": (lambda x: -(x * 0.5), [-0.5, 1.25]),
    "(x * 0.5)[1:]": (lambda x: (x * 0.5)[1:], [-1.25]),
    "x * 0.5 * 0.5": (lambda x: x * 0.5 * 0.5, [0.25, -0.625]),
    "x * 0.5 * 3": (lambda x: x * 0.5 * 3, [1.5, -3.75]),
    "x + (a column of two)": (lambda x: (x + np.zeros((2, 1)))[1], [1.0, -2.5]),
}


@pytest.mark.parametrize("text", PUBLIC)
@pytest.mark.parametrize("traced", [False, True])
def test_public_numbers_take_part(protocol: Protocol, text: str, traced: bool) -> None:
    function, expected = PUBLIC[text]

    async def program(secrets: Computation, x: Secret, y: Secret) -> np.ndarray:
        return await secrets.open(function(x))

    if traced:
        links = mpc.connect_traced(("bob", "alice"))
        ttp = mpc.TrustedThirdParty()

        async def party(link: mpc.Link) -> np.ndarray:
            secrets = Computation(await mpc.Semi2k.start(link, ttp, mpc.Seeds(), mpc.Terms()))
            return await program(secrets, *await secrets.share([1.0, -2.5]))

        outcomes = mpc.run_lockstep((party(links[0]), party(links[1])), links)
        assert [outcome.error for outcome in outcomes] == [None, None]
        results = [outcome.result for outcome in outcomes]
    else:
        results = compute(protocol, program, [1.0, -2.5], [1.0, -2.5])
    for result in results:
        assert np.abs(result - expected).max() <= 4 * ULP
    if not any(character in text for character in ".5") or text == "x + 100":
        assert results[0].tolist() == expected  # sums, and whole factors, are exact


@pytest.mark.parametrize("factor", [lambda s: s.encode(0.5), lambda s: s.encode([0.5, 2.0])])
def test_an_encoded_factor_is_refused_with_the_reason(protocol: Protocol, factor: Callable[[Computation], Any]) -> None:
    async def program(secrets: Computation, x: Secret, y: Secret) -> None:
        for act in (lambda: x * factor(secrets), lambda: factor(secrets) * x):
            with pytest.raises(TypeError, match="36 fraction bits, which nobody would cut off: give the number itself"):
                act()

    compute(protocol, program, [1.0, 2.0], [1.0, 2.0])


def test_an_encoded_term_is_taken_as_it_is(protocol: Protocol) -> None:
    async def program(secrets: Computation, x: Secret, y: Secret) -> list[float]:
        half = secrets.encode(0.5)
        results = [x + half, half + x, x - half, half - x, x * 0.25 + half]
        return [float((await secrets.open(result))[0]) for result in results]

    assert compute(protocol, program, [1.0], [0.0])[0] == pytest.approx([1.5, 1.5, 0.5, -0.5, 0.75], abs=2 * ULP)


@pytest.mark.parametrize("value", ["a", None, float("nan"), float("inf"), [1.0, None], 1j, object()])
def test_what_is_no_number_is_refused(protocol: Protocol, value: Any) -> None:
    async def program(secrets: Computation, x: Secret, y: Secret) -> None:
        for act in (lambda: x + value, lambda: x * value, lambda: value - x):
            with pytest.raises(DataError, match=r"computed with|missing"):
                act()

    compute(protocol, program, [1.0, 2.0], [1.0, 2.0])


def test_shapes_that_do_not_fit_are_named(protocol: Protocol) -> None:
    async def program(secrets: Computation, x: Secret, y: Secret) -> None:
        for act in (lambda: x + np.ones(3), lambda: x * [1, 2, 3], lambda: x - y):
            with pytest.raises(DataError, match=r"shapes do not fit: \(2,\) and \(3,\)"):
                act()
        with pytest.raises(DataError, match=r"shapes differ: \(2,\) and \(3,\)"):
            await secrets.mul(x, y)
        with pytest.raises(TypeError, match=r"await mpc\.mul"):
            x * x

    compute(protocol, program, [1.0, 2.0], [1.0, 2.0, 3.0])


# --- products that must not wrap -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1000.0, 3000.0, 8000.0])
@pytest.mark.parametrize("act", ["mul", "dot", "x * 0.75"])
def test_large_products_never_wrap(protocol: Protocol, size: float, act: str) -> None:
    """Cut by each party alone, 1000 * 1000 is 2^28 off in 0.4 % of 20,000 products, 8000 * 8000 in 24 %."""
    count = 20_000

    async def program(secrets: Computation, x: Secret, y: Secret) -> np.ndarray:
        if act == "mul":
            return await secrets.open(await secrets.mul(x, y))
        return await secrets.open(await secrets.dot(x, y) if act == "dot" else x * 0.75)

    values = np.full((count, 1) if act == "dot" else count, size), np.full(1 if act == "dot" else count, size)
    for result in compute(protocol, program, *values):
        assert np.abs(result - (size * 0.75 if act == "x * 0.75" else size**2)).max() <= 2 * ULP
    if size > 1000 or act != "x * 0.75":
        assert "send a+u" in ops(protocol)


def test_few_small_products_are_cut_by_each_party_alone(protocol: Protocol) -> None:
    async def program(secrets: Computation, x: Secret, y: Secret) -> float:
        await secrets.open(await secrets.mul(x, y) * 0.5)
        return secrets.failures

    failures = compute(protocol, program, [1.5, 3.0], [100.0, 7.0])
    assert failures == [2 * (4 * 128 + 4 * 128 / 2) / 2**28] * 2  # both count alike, with bounds that are powers of two
    assert "send a+u" not in ops(protocol)


def test_the_chances_of_many_products_add_up(protocol: Protocol) -> None:
    """A product of up to 16 * 16 fails with the chance 2^-20: the first 1048 are below one in a thousand together."""

    async def program(secrets: Computation, x: Secret, y: Secret) -> list[bool]:
        helped = []
        for _ in range(4):
            before = secrets.failures
            await secrets.mul(x, y)
            helped.append(secrets.failures == before)
        return helped

    assert compute(protocol, program, np.full(400, 15.0), np.full(400, 15.0)) == [[False, False, True, True]] * 2
    assert ops(protocol).count("send a+u") == 2


def test_what_is_beyond_the_ring_is_an_error_at_both(protocol: Protocol) -> None:
    """Bounds are powers of two: 9000 * 9001 can be 2^28, and 2^26 is what the TTP can cut with 18 bits."""

    async def program(secrets: Computation, x: Secret, y: Secret) -> None:
        with pytest.raises(ParameterError, match=r"as large as 2.68e\+08 .* room up to 6.71e\+07") as caught:
            await secrets.mul(x, y)
        assert "largest" in caught.value.hint
        with pytest.raises(ParameterError, match="room"):
            await secrets.dot(x, y)
        with pytest.raises(ParameterError, match="room"):
            x * 2.0**40
        with pytest.raises(ParameterError, match="room"):
            x + 2.0**45

    compute(protocol, program, [9000.0], [9001.0])


def test_the_bound_can_be_a_public_one(protocol: Protocol) -> None:
    async def party(semi2k: mpc.Semi2k) -> tuple[list[float], float]:
        secrets = Computation(semi2k)
        x, y = await secrets.share([7000.0], largest=7500)
        with pytest.raises(DataError, match="beyond largest = 5"):
            await secrets.share([6.0], largest=5)
        return [x.largest, y.largest], float((await secrets.open(await secrets.mul(x, y)))[0])

    assert list(protocol(party)) == [([7500.0, 7500.0], 49e6)] * 2


def test_a_share_of_an_earlier_task_has_no_bound_and_never_wraps(protocol: Protocol) -> None:
    async def party(semi2k: mpc.Semi2k) -> float:
        secrets = Computation(semi2k)
        x = secrets.take(semi2k.encode([3000.0]) if semi2k.rank else np.zeros(1, np.uint64))
        product = await secrets.mul(x, secrets.take(x.ring) + 1)
        return float((await secrets.open(product))[0])

    assert list(protocol(party)) == pytest.approx([3000.0 * 3001.0] * 2, abs=2 * ULP)
    assert "send a+u" in ops(protocol)


def test_the_peer_is_told_the_next_power_of_two(protocol: Protocol) -> None:
    async def program(secrets: Computation, x: Secret, y: Secret) -> list[float]:
        made = [x, y, x + y, x * 12, secrets.sum(x), 0.5 * x - 1]
        return [secret.largest for secret in made]

    expected = [8.0, 1.0, 9.0, 96.0, 24.0, 5.0]
    assert compute(protocol, program, [-7.0, 0.0, 4.0], [0.01, 0.0, 0.0]) == [expected] * 2


def test_a_second_factor_without_room_asks_for_the_ttp(protocol: Protocol) -> None:
    """3000 with 54 fraction bits does not fit, and 100,000 of them are too many to be cut by each party alone."""

    async def program(secrets: Computation, x: Secret, y: Secret) -> np.ndarray:
        third = x * 0.25
        with pytest.raises(ParameterError, match="has to be cut before") as caught:
            third * 0.3
        assert "await mpc.truncate(x)" in caught.value.hint
        return await secrets.open((await secrets.truncate(third)) * 0.3)

    for result in compute(protocol, program, np.full(100_000, 3000.0), [0.0]):
        assert np.abs(result - 225).max() <= 3000 * 2 * ULP
