"""Pseudo-random ring elements from AES-128 (spec: ss_lr §4).

A seed is 16 bytes. Randomness comes in 16-byte blocks that are numbered by a *counter*; every draw begins on a block
boundary and leaves the unused half of its last block. SPU has two ways to turn counters into blocks:

`BlockPrg`   block i of counter c is AES(c + i): any block can be made again by itself, which is how a TTP
             replays a party's draws. For Beaver triples.
`StreamPrg`  block i of counter c is AES(c as little endian, plus i counted as big endian): AES-CTR started at c.
             For PRSS.

`Seeds` is where seeds come from: the operating system, or a number given for teaching.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from functools import cache

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from .ring import Ring, Words

SEED_BYTES = 16
ELEMENTS_PER_BLOCK = 2  # ring elements in one AES block
_WINDOW = 4096  # blocks (64 KiB) made ahead, so that a small draw costs a slice


class Seeds:
    """Fresh 16-byte seeds: from the operating system, or derived from `seed` so that a run can be repeated.

    With `seed` nothing is secret: whoever knows the number knows every share. `scope` keeps parties and tasks apart. A
    seed is given out once: the second one for a purpose is another one, also in a run that can be repeated. But another
    run with the same number and scope has the same masks, and if its data differ in one cell, the difference of its
    messages is that of the cell.
    """

    def __init__(self, seed: int | None = None, scope: str = "") -> None:
        self.repeatable = seed is not None
        self._drawn: Counter[str] = Counter()
        # Number and scope are in here, and cannot be read from it: they would be the peer's, too.
        number = b"" if seed is None else str(int(seed)).encode()
        self._derived = hashlib.sha256(b"\0".join([b"kuscia_nb", number, scope.encode(), b""]))

    def draw(self, purpose: str) -> bytes:
        """A seed for `purpose`; repeatable runs get the same one for the same scope, purpose and turn."""
        if not self.repeatable:
            return secrets.token_bytes(SEED_BYTES)
        turn = self._drawn[purpose]
        self._drawn[purpose] += 1
        derived = self._derived.copy()
        derived.update((f"{purpose} {turn}" if turn else purpose).encode())
        return derived.digest()[:SEED_BYTES]


def blocks_of(elements: int, size: int = 8) -> int:
    """How many 16-byte blocks a draw of so many elements takes, of 8 bytes or another size."""
    return (elements * size + 15) >> 4


def room_for(elements: int) -> Ring:
    """Where a draw of so many ring elements has room."""
    room = np.empty(ELEMENTS_PER_BLOCK * (blocks_of(elements) + 1), np.uint64)  # the cipher wants one spare block
    room[-2:] = 0  # nothing comes into it: it would show what was in this memory before
    return room


class _Prg:
    """AES-128 over numbered blocks; the subclasses say what stands in block i of a draw."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise ValueError(f"a seed is {SEED_BYTES} bytes, got {len(seed)}")
        self._encrypt = Cipher(algorithms.AES128(seed), modes.ECB()).encryptor().update_into
        self.counter = 0

    def draw(self, elements: int) -> Ring:
        """The next `elements` ring elements, shape (elements,); advances the counter. Do not write into it."""
        drawn = self.at(self.counter, elements)
        self.counter += blocks_of(elements)
        return drawn

    def at(self, counter: int, elements: int) -> Ring:
        raise NotImplementedError


@cache
def _next_window() -> Ring:
    """What the numbers of a window's blocks grow by, to be those of the next one."""
    further = np.zeros((_WINDOW, 2), np.uint64)
    further[:, 0] = _WINDOW
    return further


class BlockPrg(_Prg):
    """Seekable form: AES-128-ECB over the counters c, c+1, ... (for Beaver triples and their replay by the TTP)."""

    def __init__(self, seed: bytes) -> None:
        super().__init__(seed)
        self._numbers = np.zeros((_WINDOW, 2), np.uint64)
        self._numbers[:, 0] = np.arange(_WINDOW)
        self._input = self._numbers.data.cast("B")
        self._base = 0  # the counter that stands in the first row of _numbers
        self._window: Ring = np.empty(0, np.uint64)
        self._halves: Words = self._window.view(np.uint32)
        self._window_start = 0

    def at(self, counter: int, elements: int) -> Ring:
        """The `elements` ring elements that a draw at `counter` gave or will give (replay)."""
        offset = ELEMENTS_PER_BLOCK * (counter - self._window_start)
        if offset < 0 or offset + elements > self._window.size:
            if elements > self._input.nbytes // 16:
                return self._generate(counter, elements)
            self._window = self._generate(counter, ELEMENTS_PER_BLOCK * _WINDOW)
            self._halves = self._window.view(np.uint32)
            self._window_start, offset = counter, 0
        return self._window[offset : offset + elements]

    def words(self, counter: int, elements: int, size: int) -> Words:
        """As `at`, with elements of `size` bytes: uint32 takes both halves of a ring element, the low one first."""
        if size == 8:
            return self.at(counter, elements)
        start = 4 * (counter - self._window_start)
        if start < 0 or start + elements > self._halves.size:
            return self.at(counter, (elements + 1) >> 1).view(np.uint32)[:elements]
        return self._halves[start : start + elements]

    def fill(self, counter: int, elements: int, room: Ring) -> Ring:
        """As `at`, in the first part of `room`, which has `room_for` so many elements."""
        return self._generate(counter, elements, room)

    def _generate(self, counter: int, elements: int, room: Ring | None = None) -> Ring:
        blocks = blocks_of(elements)
        out = room_for(elements) if room is None else room
        target = out.data.cast("B")
        for done in range(0, blocks, _WINDOW):
            further = (counter + done - self._base) % 2**64
            if further == _WINDOW:  # a long draw: twice as quick as only what changes, every other number
                np.add(self._numbers, _next_window(), self._numbers)
            else:
                self._numbers[:, 0] += np.uint64(further)
            self._base = counter + done
            self._encrypt(self._input[: 16 * min(_WINDOW, blocks - done)], target[16 * done :])
        return out[:elements]


class StreamPrg(_Prg):
    """AES-128-CTR started anew at every draw: not seekable, block 1 at c is not block 0 at c+1 (for PRSS)."""

    def at(self, counter: int, elements: int) -> Ring:
        """The `elements` ring elements of a draw at `counter`."""
        return self.draws(np.array([counter], np.uint64), elements)[0]

    def draws(self, counters: Ring, elements: int) -> Ring:
        """Many draws of `elements` ring elements at once, one for each counter: shape (counters, elements)."""
        blocks = blocks_of(elements)
        numbers = np.empty((len(counters), blocks, 2), np.uint64)
        numbers[:, :, 0] = counters[:, None]
        numbers[:, :, 1] = np.arange(blocks, dtype=">u8").view(np.uint64)
        out = np.empty(numbers.size + ELEMENTS_PER_BLOCK, np.uint64)  # the cipher wants one spare block
        out[-2:] = 0
        self._encrypt(numbers.data.cast("B"), out.data.cast("B"))
        return out[: numbers.size].reshape(len(counters), -1)[:, :elements]
