"""`AdjustSteps`, a method of ours beside SPU's: all corrections of a block of training steps in one answer.

Every step asks for the same things, and what it asks about is drawn a *stride* behind what the step before asked about
(see `mpc.ttp_steps`). So a request names the draws of the first step alone, in order, and which of SPU's methods takes
them; the answer has the corrections of all steps for the first method, then those for the second one, and so on:

    {"prg_inputs": [a, b, c, a, c], "methods": ["AdjustDot", "AdjustMulPriv"], "field_sizes": [8, 4],
     "stride": 12, "count": 74}

It is asked for as JSON. A TTP that does not have it answers 404, and is asked in SPU's words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import OpAdjustError
from ..mpc.prg import ELEMENTS_PER_BLOCK, blocks_of
from ..mpc.ring import WORDS, Ring, Words
from ..mpc.ttp_session import PrgBuffer
from ..mpc.ttp_steps import Dot, MulPriv, Request, corrections

STEPS = "AdjustSteps"
METHOD: Mapping[type[Request], str] = {Dot: "AdjustDot", MulPriv: "AdjustMulPriv"}
"""Of the requests of steps, in SPU's words."""
_DRAWS = {"AdjustDot": 3, "AdjustMulPriv": 2}


class Block(NamedTuple):
    """So many `steps` with these requests; those of the first one."""

    requests: tuple[Request, ...]
    stride: int
    steps: int

    @property
    def first(self) -> int:
        """The counter of the first draw."""
        return self.requests[0].buffers[0].counter

    @property
    def elements(self) -> int:
        """Ring elements that each party draws in all steps."""
        return ELEMENTS_PER_BLOCK * self.stride * self.steps

    @property
    def size(self) -> int:
        """Bytes of the answer."""
        return self.steps * sum(_size(request) for request in self.requests)

    def draws(self) -> list[tuple[int, int]]:
        """Of the first step: counter and size in bytes."""
        return [(at, n * request.field_size) for request in self.requests for at, n in request.buffers]

    def fields(self) -> str:
        """The rest of the JSON object."""
        methods = [METHOD[type(request)] for request in self.requests]
        sizes = [request.field_size for request in self.requests]
        numbers = f'"stride":{self.stride},"count":{self.steps}'
        return f'"methods":{json.dumps(methods)},"field_sizes":{json.dumps(sizes)},{numbers}'

    def parts(self, answer: bytes | bytearray) -> list[Words]:
        """Of the answer: (steps, elements of c) for each request."""
        found, at = [], 0
        for request in self.requests:
            end = at + self.steps * _size(request)
            words = np.frombuffer(answer, WORDS[request.field_size], (end - at) // request.field_size, at)
            found.append(words.reshape(self.steps, -1))
            at = end
        return found

    def corrections(self, drawn: Sequence[Ring]) -> tuple[bytes, ...]:
        """The answer, from what each party draws in all steps, which is used up."""
        return tuple(part.tobytes() for part in corrections(drawn, self.requests, self.steps))


def read(draws: Sequence[tuple[int, int]], values: Mapping[str, Any], stride: int, count: int) -> Block:
    """Of a request with these draws (counter, size in bytes). OpAdjustError, if they do not fit together."""
    methods, sizes = values.get("methods"), values.get("field_sizes")
    if not isinstance(methods, list) or not isinstance(sizes, list) or not 0 < len(methods) == len(sizes):
        raise OpAdjustError(f"{STEPS} takes methods, and a field_size for each")
    rest, requests = list(draws), []
    for method, size in zip(methods, sizes, strict=True):
        taken = _DRAWS.get(method, 0) if isinstance(method, str) else 0
        fits = type(size) is int and size in WORDS
        if not fits or not 0 < taken <= len(rest) or (method == "AdjustDot" and size != 8):
            raise OpAdjustError(f"no step has {method!r:.40} with a field_size of {size!r:.20} and {len(rest)} draws")
        buffers = [PrgBuffer(at, n // size) for at, n in rest[:taken]]
        if any(n % size for _, n in rest[:taken]):
            raise OpAdjustError(f"a draw that is not whole elements of {size} bytes")
        requests.append(Dot(*buffers) if taken == 3 else MulPriv(buffers[0], buffers[1], size))
        del rest[:taken]
    if rest:
        raise OpAdjustError(f"{len(rest)} draws that no method takes")
    block = Block(tuple(requests), stride, count)
    _check(block)
    return block


def _check(block: Block) -> None:
    """A step's draws come one behind the other, within the stride."""
    if not (block.stride and block.steps):
        raise OpAdjustError(f"{block.steps} steps of {block.stride} blocks are none")
    end = block.first
    for request in block.requests:
        request.check()
        for at, elements in request.buffers:
            if at < end:
                raise OpAdjustError(f"the draw at counter {at} is not behind the one before it, which ends at {end}")
            end = at + blocks_of(elements, request.field_size)
    if end > block.first + block.stride:
        raise OpAdjustError(f"the draws of a step reach from {block.first} to {end}, over its {block.stride} blocks")


def _size(request: Request) -> int:
    """Bytes of a correction."""
    return request.buffers[-1].elements * request.field_size
