"""Checks of triples: a TTP that answers wrongly is found, with the probability that `sacrifice` derives."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from protocol import Program, Protocol

from kuscia_nb import mpc
from kuscia_nb.errors import WrongTriple
from kuscia_nb.mpc import sacrifice
from kuscia_nb.mpc.chi_square import uniformity
from kuscia_nb.operators.ss_lr.training import Plan, targets, train

BITS = 18


def _adjusting(name: str) -> Any:
    def adjust(ttp: WrongTtp, *arguments: Any, **options: Any) -> Any:
        return ttp.answered(getattr(mpc.TrustedThirdParty, name)(ttp, *arguments, **options))

    return adjust


class WrongTtp(mpc.TrustedThirdParty):
    """Its reply of this number is wrong in one element: by one, or by what has its uppermost bit alone."""

    def __init__(self, number: int, by: Callable[[int], int]) -> None:
        super().__init__()
        self.number, self.by, self.replies = number, by, 0

    def answered(self, reply: Any) -> Any:
        self.replies += 1
        if self.replies == self.number:
            numbers = (reply[-1] if isinstance(reply, list) else reply).reshape(-1)
            numbers[-1:] += numbers.dtype.type(self.by(8 * numbers.itemsize))
        return reply

    adjust_mul = _adjusting("adjust_mul")
    adjust_dot = _adjusting("adjust_dot")
    adjust_mul_priv = _adjusting("adjust_mul_priv")
    adjust_cross_dot = _adjusting("adjust_cross_dot")
    adjust_steps = _adjusting("adjust_steps")


LEAST, UPPERMOST = (lambda bits: 1), (lambda bits: 2 ** (bits - 1))


def secrets(party: mpc.Semi2k, *shapes: tuple[int, ...]) -> list[mpc.Share]:
    """Of rank 0, the numbers from 1 on."""
    values = [np.arange(1, 1 + np.prod(shape), dtype=np.uint64).reshape(shape) << np.uint64(20) for shape in shapes]
    return [party.zeros(value.shape) if party.rank else party.input(value) for value in values]


async def elementwise(party: mpc.Semi2k) -> Any:
    x, y = secrets(party, (3, 2), (3, 2))
    return (await party.open(await party.mul(x, y))).tolist()


async def matrix_and_vector(party: mpc.Semi2k) -> Any:
    x, y = secrets(party, (3, 2), (2,))
    return (await party.open(await party.matmul(x, y))).tolist()


async def two_matrices(party: mpc.Semi2k) -> Any:
    x, y = secrets(party, (3, 2), (2, 4))
    return (await party.open(await party.matmul(x, y))).tolist()


async def truncation_of_words(party: mpc.Semi2k) -> Any:
    (x,) = secrets(party, (5,))
    return (await party.open(await party.truncate(x, 18, assisted=True))).tolist()


async def truncation_of_double_words(party: mpc.Semi2k) -> Any:
    (x,) = secrets(party, (5,))
    return (await party.open(await party.truncate(x, 40, assisted=True))).tolist()


def training(strategy: str) -> Program:
    layout = mpc.Layout((2, 1), batch_size=4, batches=3, epochs=2)

    async def program(party: mpc.Semi2k) -> Any:
        own = np.arange(12 * layout.columns[party.rank]).reshape(12, -1) % 7 / 7
        labels = None if party.rank else np.arange(12) % 2.0
        plan = Plan(layout, mpc.encode(0.05, BITS), mpc.encode(0.5, BITS), strategy)
        share = await train(party, party.encode(own), targets(party, labels, 12), plan)
        return (await party.open(share)).tolist()

    return program


PROGRAMS: dict[str, tuple[Program, dict[str, Any]]] = {
    one.__name__: (one, {})
    for one in (
        elementwise,
        matrix_and_vector,
        two_matrices,
        truncation_of_words,
        truncation_of_double_words,
    )
} | {
    f"{strategy}, {truncation}": (training(strategy), {"truncation": truncation})
    for strategy in ("preprocessed", "interconnection")
    for truncation in ("asymmetric", "ttp")
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_wrong_reply_is_found_and_nothing_else_changes(protocol: Protocol, name: str) -> None:
    """Of what is used and of what is sacrificed, with either rank to ask."""
    program, terms = PROGRAMS[name]
    plain = protocol(program, seed=3, **terms)
    ttp = WrongTtp(0, LEAST)
    assert protocol(program, seed=3, verify=True, ttp=ttp, **terms) == plain
    assert protocol.ttp.sessions == 0
    assert ttp.replies >= 2
    for number in range(1, ttp.replies + 1):
        for by in (LEAST, UPPERMOST):
            with pytest.raises(WrongTriple, match="got a product of the TTP that is not that of its factors"):
                protocol(program, seed=3, verify=True, ttp=WrongTtp(number, by), adjust_rank=number % 2, **terms)


def test_what_passes_is_as_likely_as_derived(protocol: Protocol, monkeypatch: pytest.MonkeyPatch) -> None:
    """2^-(64-v) for a row, 2^v being the power of two in the error: six standard deviations from 200 runs."""
    runs = 200

    def passed(rows: int, error: int) -> int:
        monkeypatch.setattr(sacrifice, "ROWS", rows)
        found = 0
        for seed in range(runs):
            try:
                protocol(elementwise, seed=seed, verify=True, ttp=WrongTtp(1, lambda bits: error))
            except WrongTriple:
                found += 1
        return runs - found

    for rows, error, chance in ((1, 2**63, 1 / 2), (1, 3 * 2**62, 1 / 4), (3, 2**63, 1 / 8), (1, 1, 0)):
        within = 6 * (runs * chance * (1 - chance)) ** 0.5
        assert abs(passed(rows, error) - runs * chance) <= within


def test_the_coin_comes_when_all_is_there_and_a_sacrificed_triple_is_never_used_again(protocol: Protocol) -> None:
    asked: list[tuple[str, Any]] = []

    class Listening(mpc.TrustedThirdParty):
        def adjust_dot(self, session_id: str, buffers: Any, *shape: Any, **named: Any) -> Any:
            asked.append((session_id, buffers))
            return super().adjust_dot(session_id, buffers, *shape, **named)

    async def program(party: mpc.Semi2k) -> None:
        x, y = secrets(party, (3, 2), (2,))
        for _ in range(3):
            await party.matmul(x, y)

    protocol(program, verify=True, ttp=Listening())
    bobs = [(m.kind, m.op) for m in protocol.ledger.messages if "bob" in (m.sender, m.receiver) and m.sender != "alice"]
    product = [
        *[("REQUEST", "adjust"), ("REPLY", "adjust")] * 2,
        ("ALLGATHER", "coin"),
        *[("ALLGATHER", "check of triples")] * 2,
        ("ALLGATHER", "open x-a"),
        ("ALLGATHER", "open y-b"),
    ]
    begin, end = ("create session", "PRSS seed"), [("ALLGATHER", "digests of all messages")]
    assert [one for one in bobs if one[1] not in begin] == product * 3 + end
    for name in ("root", "root/sacrifice"):
        draws = sorted((one.counter, one.end) for session, buffers in asked if session == name for one in buffers)
        assert len(draws) == 9
        assert all(end <= begin for (_, end), (begin, _) in pairwise(draws))


def test_a_check_tells_nothing(protocol: Protocol, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is opened is uniform; here of zeros, whose own shares are as far from it as can be."""
    sent: dict[int, list[np.ndarray]] = {0: [], 1: []}
    exchange = mpc.Link.exchange

    def listening(link: mpc.Link, value: np.ndarray, op: str, *more: Any) -> Any:
        if op == "check of triples":
            sent[link.rank].append(value)
        return exchange(link, value, op, *more)

    monkeypatch.setattr(mpc.Link, "exchange", listening)

    async def program(party: mpc.Semi2k) -> None:
        await party.mul(party.zeros(1000), party.zeros(1000))

    protocol(program, seed=5, verify=True)
    (first, second), (their_first, their_second) = sent.values()
    for opened in (first, their_first, second, their_second, first + their_first, second + their_second):
        for bits in (64, 8):
            assert uniformity(opened, bits=bits).p_value > 1e-6


def test_without_it_nothing_is_asked_or_sent(protocol: Protocol) -> None:
    protocol(elementwise)
    assert {m.op for m in protocol.ledger.messages} == {
        "create session",
        "PRSS seed",
        "adjust",
        "open x-a",
        "open y-b",
        "open",
    }
