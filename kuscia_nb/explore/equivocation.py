"""Random numbers of bob's with which alice gets what she has got, whatever bob's column is: *equivocation*.

The job's own training runs again and again. Every message to alice is something minus a draw of bob's own, so what a
message is off goes onto that draw; once all those before it fit, it fits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import mpc
from ..mpc import BlockPrg, Link, PrgBuffer, Ring, Semi2k, TrustedThirdParty
from .lesson import ALICE, BOB, seeds_of

LAYOUT = mpc.Layout((1, 1), 2, 2, 1)
"""A column of each, and the constant; two batches of two rows, once."""
ROWS = LAYOUT.batch_size * LAYOUT.batches
BITS, RATE = 18, 0.25
_CHOSEN = 256
"""Of bob's ring elements, so many can be chosen; the training takes fewer."""
_MOST = 20
"""Runs; each one gets at least one more message right."""

Numbers = Sequence[float]


class _Stream(BlockPrg):
    """Bob's random numbers, the first of which are given."""

    def __init__(self, seed: bytes, given: Ring) -> None:
        super().__init__(seed)
        self._given = given

    def _generate(self, counter: int, elements: int, room: Ring | None = None) -> Ring:
        drawn = super()._generate(counter, elements, room)
        own = self._given[2 * counter : 2 * counter + elements]
        drawn[: own.size] = own
        return drawn


class _Ttp(TrustedThirdParty):
    """A TTP that knows which draws bob has made, and writes down which of them hides what."""

    def __init__(self, bob: _Stream) -> None:
        super().__init__()
        self._bob = bob
        self.places: dict[str, slice] = {}
        """By purpose of a message: where in bob's stream what hides it was drawn."""
        self.corrections: list[tuple[str, Ring]] = []

    def create_session(self, session_id: str, rank: int, prg_seed: bytes, **terms: Any) -> None:
        super().create_session(session_id, rank, prg_seed, **terms)
        if rank:
            self._sessions[session_id].prgs[rank] = self._bob

    def adjust_cross_dot(self, session_id: str, masks: Any, vectors: Any, c: Any, *sizes: int, **options: Any) -> Ring:
        correction = super().adjust_cross_dot(session_id, masks, vectors, c, *sizes, **options)
        product = "r-v" if options["transpose"] else "w-v"
        where = {"send X-A": masks[1], f"send {product}": vectors[1], f"adjust, for {product}": c}
        self.places |= {what: _place(buffer) for what, buffer in where.items()}
        self.corrections.append((f"adjust, for {product}", correction))
        return correction


def _place(buffer: PrgBuffer) -> slice:
    return slice(2 * buffer.counter, 2 * buffer.counter + buffer.elements)


class Run(NamedTuple):
    """What became of one training."""

    received: list[tuple[str, Ring]]
    """By alice; at last her share of the weights."""
    places: dict[str, slice]
    weights: Numbers

    def numbers(self, what: str) -> Ring:
        """All that she got for one purpose."""
        return np.concatenate([ring.ravel() for one, ring in self.received if one == what])


class Training:
    """The same training again and again: all random numbers but bob's are those of the first one."""

    def __init__(self, alice: Numbers, labels: Numbers, seed: int | None) -> None:
        seeds = seeds_of(seed, "same view")
        self._number = int.from_bytes(seeds.draw("parties"), "little")
        self._seed = seeds.draw("draws")
        self.drawn = BlockPrg(self._seed).at(0, _CHOSEN).copy()
        """What bob draws at first."""
        self._alice, self._labels = alice, labels

    def run(self, column: Numbers, drawn: Ring) -> Run:
        """One training, with this column and these random numbers of bob's."""
        from ..operators.ss_lr.training import Plan, targets, train  # brings more than a look at one share needs

        links, ttp = mpc.connect((ALICE, BOB)), _Ttp(_Stream(self._seed, drawn))
        heard = _overheard(links[1])
        plan = Plan(LAYOUT, mpc.encode(RATE, BITS), mpc.encode(0, BITS))

        async def party(link: Link) -> Ring:
            seeds = mpc.Seeds(self._number, link.name)
            semi2k = await Semi2k.start(link, ttp, seeds, mpc.Terms(fxp_bits=BITS))
            if link.rank:
                semi2k.beaver = _Stream(self._seed, drawn)
            own = mpc.encode(np.array(column if link.rank else self._alice)[:, None], BITS)
            labels = None if link.rank else np.array(self._labels)
            return (await train(semi2k, own, targets(semi2k, labels, ROWS), plan)).ring

        alice, bob = mpc.run_lockstep((party(links[0]), party(links[1])), links)
        for outcome in (alice, bob):
            if outcome.error is not None:
                raise outcome.error
        received = [*heard, *ttp.corrections, ("alice's share of the weights", alice.result)]
        return Run(received, ttp.places, mpc.decode(alice.result + bob.result, BITS).tolist())

    def fitted(self, column: Numbers, wanted: Run) -> tuple[Run, Ring]:
        """A training with another column of bob's in which alice gets what is `wanted`, and bob's random numbers."""
        drawn = self.drawn.copy()
        for _ in range(_MOST):
            found = self.run(column, drawn)
            if all(np.array_equal(a, b) for (_, a), (_, b) in zip(found.received, wanted.received, strict=True)):
                return found, drawn
            for what, place in found.places.items():
                drawn[place] += found.numbers(what) - wanted.numbers(what)
        raise AssertionError("no draws of bob's make this view")  # there are some for every column


def _overheard(link: Link) -> list[tuple[str, Ring]]:
    """What is sent over a link from now on."""
    heard: list[tuple[str, Ring]] = []

    def spied(send: Any) -> Any:
        def spy(value: Any, op: str, *more: Any) -> Any:
            heard.append((op, np.frombuffer(value, np.uint64) if isinstance(value, bytes) else value.copy()))
            return send(value, op, *more)

        return spy

    for name in ("send", "swap", "exchange"):
        setattr(link, name, spied(getattr(link, name)))
    return heard
