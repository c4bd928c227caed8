"""What each party of a computation sees, and whether it fits other data of its peer: *equivocation*.

For other data of the peer there are draws of the peer with which a party's whole view and its own result are the same
bit for bit. They are found by running the real code again and again. Every message is something minus a draw of its
own, so what a message is off goes onto that draw; once all those before it fit, it fits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kuscia_nb import mpc
from kuscia_nb.mpc import semi2k as semi2k_module
from kuscia_nb.mpc import ttp as ttp_module
from kuscia_nb.mpc.prg import blocks_of

BLOCKS = 2**13
"""Blocks of a party's stream that can be chosen; no computation here uses more."""

PURPOSES = {
    "send X-A": ("mask", -1),
    "send w-v": ("rows", -1),
    "send r-v": ("columns", -1),
    "open x-a": ("a", -1),
    "open y-b": ("b", -1),
    "send a+u": ("bit", 1),
}
"""What a message is for -> what the draw is for that hides it, and the sign with which that is in the message."""


@dataclass
class Draws:
    """The blocks that one party's draws take, and in which order each purpose takes them."""

    rank: int
    places: dict[tuple[str, int], list[NDArray[np.int64]]] = field(default_factory=dict)
    """Purpose and bytes of an element -> where these elements are in the stream, counted in such elements."""
    used: list[tuple[str, range]] = field(default_factory=list)
    """Purpose and blocks, once for each draw."""

    def add(self, purpose: str, buffer: mpc.PrgBuffer, size: int = 8) -> None:
        blocks = range(buffer.counter, buffer.counter + blocks_of(-(-buffer.elements * size // 8)))
        if purpose == "mask" and (purpose, blocks) in self.used:
            return  # the columns are masked once, for many products
        self.used.append((purpose, blocks))
        first = buffer.counter * 16 // size
        self.places.setdefault((purpose, size), []).append(np.arange(first, first + buffer.elements))

    def of(self, purpose: str, size: int) -> NDArray[np.int64]:
        return np.concatenate(self.places[purpose, size])


class Told(mpc.TrustedThirdParty):
    """A TTP that writes down which draws it is told of, and the corrections, by what they correct."""

    def __init__(self) -> None:
        super().__init__()
        self.draws = Draws(0), Draws(1)
        self.corrections: list[tuple[str, NDArray[Any]]] = []

    adjust_steps = mpc.Ttp.adjust_steps  # which asks for one after the other

    def adjust_mul(self, session_id: str, buffers: Any, field: int = ttp_module.FIELD_64) -> mpc.Ring:
        return self._triple(buffers, super().adjust_mul(session_id, buffers, field))

    def adjust_dot(
        self, session_id: str, buffers: Any, m: int, n: int, k: int, field: int = ttp_module.FIELD_64
    ) -> mpc.Ring:
        return self._triple(buffers, super().adjust_dot(session_id, buffers, m, n, k, field))

    def _triple(self, buffers: Any, correction: mpc.Ring) -> mpc.Ring:
        for draws in self.draws:
            for purpose, buffer in zip("abc", buffers, strict=True):
                draws.add(purpose, buffer)
        self.corrections.append(("c", correction))
        return correction

    def adjust_mul_priv(self, session_id: str, buffers: Any, field_size: int) -> Any:
        correction = super().adjust_mul_priv(session_id, buffers, field_size)
        for draws in self.draws:
            draws.add("bit", buffers[0], field_size)
            draws.add("product of bits", buffers[1], field_size)
        self.corrections.append(("product of bits", correction))
        return correction

    def adjust_cross_dot(
        self, session_id: str, masks: Any, vectors: Any, c: Any, batch: int, rows: int, **options: Any
    ) -> mpc.Ring:
        correction = super().adjust_cross_dot(session_id, masks, vectors, c, batch, rows, **options)
        for draws in self.draws:
            draws.add("mask", masks[draws.rank])
            draws.add("columns" if options.get("transpose") else "rows", vectors[draws.rank])
            draws.add("c", c)
        self.corrections.append(("c", correction))
        return correction


class Chosen(mpc.BlockPrg):
    """A party's stream with other numbers at its beginning."""

    def __init__(self, seed: bytes, stream: mpc.Ring) -> None:
        super().__init__(seed)
        self._stream = stream

    def _generate(self, counter: int, elements: int, room: mpc.Ring | None = None) -> mpc.Ring:
        drawn, begin = super()._generate(counter, elements, room), 2 * counter
        own = self._stream[begin : begin + elements]
        drawn[: own.size] = own
        return drawn


class Seed:
    """A party's seeds, the same in every run."""

    def __init__(self, name: str) -> None:
        self._name = name

    def draw(self, purpose: str) -> bytes:
        return hashlib.sha256(f"{self._name} {purpose}".encode()).digest()[:16]


@dataclass
class Run:
    """What became of a computation."""

    sent: tuple[list[tuple[str, NDArray[Any]]], list[tuple[str, NDArray[Any]]]]
    """By rank: what each message is for, and its numbers."""
    ttp: Told
    results: tuple[NDArray[Any], NDArray[Any]]
    """Of both programs."""
    told: tuple[list[tuple[str, bytes]], list[tuple[str, bytes]]]
    """By rank: messages that are no numbers, or numbers without a mask."""

    def messages(self, rank: int, op: str, size: int) -> NDArray[Any]:
        """All numbers of a kind that a party has sent."""
        return np.concatenate([n.ravel() for one, n in self.sent[rank] if one == op and n.itemsize == size])

    def corrections(self, purpose: str, size: int) -> NDArray[Any]:
        return np.concatenate([n.ravel() for one, n in self.ttp.corrections if one == purpose and n.itemsize == size])

    def view(self, rank: int, adjust_rank: int) -> list[tuple[Any, ...]]:
        """All that a party gets from others, and its own result."""
        seen: list[Any] = self.sent[1 - rank] + (self.ttp.corrections if rank == adjust_rank else [])
        seen += [("result", self.results[rank])]
        numbers = [(what, numbers.shape, numbers.tobytes()) for what, numbers in seen]
        return [*numbers, *self.told[1 - rank]]


Programs = Callable[[tuple[mpc.Link, mpc.Link], Told, tuple[Seed, Seed]], Any]
"""Both parties' programs, a pair by rank; each returns an array."""


def watch(monkeypatch: pytest.MonkeyPatch, programs: Programs, streams: dict[int, mpc.Ring] | None = None) -> Run:
    """A computation whose ranks in `streams` draw these numbers."""
    links, ttp, seeds = mpc.connect(("bob", "alice")), Told(), (Seed("bob"), Seed("alice"))
    chosen = {seeds[rank].draw("beaver"): stream for rank, stream in (streams or {}).items()}
    sent: tuple[list[Any], list[Any]] = [], []
    told: tuple[list[Any], list[Any]] = [], []

    def prg(seed: bytes) -> mpc.BlockPrg:
        return Chosen(seed, chosen[seed]) if seed in chosen else mpc.BlockPrg(seed)

    def spied(send: Any, heard: list[Any]) -> Any:
        def spy(value: Any, op: str, *more: Any) -> Any:
            heard.append((op, value if isinstance(value, bytes) else value.copy()))
            return send(value, op, *more)

        return spy

    for link in links:
        for name, heard in (("exchange", sent), ("swap", sent), ("send", told)):
            monkeypatch.setattr(link, name, spied(getattr(link, name), heard[link.rank]))
    with monkeypatch.context() as patch:
        for module in (semi2k_module, ttp_module):
            patch.setattr(module, "BlockPrg", prg)
        outcomes = mpc.run_lockstep(programs(links, ttp, seeds), links)
    for outcome in outcomes:
        if outcome.error is not None:
            raise outcome.error
    return Run(sent, ttp, (outcomes[0].result, outcomes[1].result), told)


def solve(again: Callable[[dict[int, mpc.Ring]], Run], wanted: Run, rank: int, adjust_rank: int, limit: int) -> Run:
    """A run in which this rank sees what it saw in `wanted`; `again` runs with other draws of its peer."""
    peer = 1 - rank
    stream = mpc.BlockPrg(Seed(("bob", "alice")[peer]).draw("beaver")).at(0, 2 * BLOCKS).copy()
    seen = wanted.view(rank, adjust_rank)
    for _ in range(limit):
        found = again({peer: stream})
        if found.view(rank, adjust_rank) == seen:
            return found
        draws = found.ttp.draws[peer]
        for op, size in {(op, numbers.itemsize) for op, numbers in found.sent[peer] if op in PURPOSES}:
            purpose, sign = PURPOSES[op]
            off = found.messages(peer, op, size) - wanted.messages(peer, op, size)
            stream.view(f"u{size}")[draws.of(purpose, size)[: off.size]] -= off if sign > 0 else -off
        for purpose, size in {(purpose, n.itemsize) for purpose, n in found.ttp.corrections if rank == adjust_rank}:
            off = found.corrections(purpose, size) - wanted.corrections(purpose, size)
            stream.view(f"u{size}")[draws.of(purpose, size)] += off
    raise AssertionError("no draws of the peer make this view")
