"""What a TTP is asked, in SPU's words (spec: ss_lr §5c), as JSON or as Protocol Buffers.

A request names draws: a counter and a size in bytes, with the seeds of all parties, each encrypted to the TTP's key.
It says nothing of data. `AdjustCrossDot` is ours (see `mpc.TrustedThirdParty.adjust_cross_dot`), and so is
`AdjustSteps` (see `ttp_blocks`).
"""

from __future__ import annotations

import binascii
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import OpAdjustError
from . import protobuf, ttp_blocks
from .ttp_blocks import STEPS, Block

SERVICE = "/spu.mpc.semi2k.beaver.ttp_server.BeaverService/"
"""The path before a method's name."""

Ciphertext = str | bytes
"""An encrypted seed: base64 as JSON has it, or its bytes."""


class Draw(NamedTuple):
    """Which part of the parties' streams."""

    counter: int
    size: int
    """In bytes; of a permutation, in elements."""
    seeds: tuple[Ciphertext, ...]
    """In rank order."""

    @property
    def end(self) -> int:
        """The counter behind its last block."""
        return self.counter + (self.size + 15) // 16


class Request(NamedTuple):
    """One request, well-formed: its numbers are numbers, and there are as many draws as the method has."""

    method: str
    draws: tuple[Draw, ...]
    numbers: Mapping[str, int]
    """field_size, bits, M, N, K, batch, rows: those that are there."""
    transposed: tuple[bool, ...] = ()
    permutation: Draw | None = None
    steps: Block | None = None
    """Of AdjustSteps."""

    @property
    def size(self) -> int:
        """Of all draws of all parties, in bytes."""
        if self.steps is not None:
            return 8 * self.steps.elements * len(self.draws[0].seeds)
        return sum([draw.size * len(draw.seeds) for draw in self.draws])


class Method(NamedTuple):
    """What a method's request has besides its draws, field 1."""

    draws: int
    """0: as many as it says otherwise."""
    fields: Mapping[int, str] = {2: "field_size"}


_TYPED = {2: "field_size", 3: "element_type"}
_SHIFT = {2: "field_size", 3: "bits"}
METHODS = {
    "AdjustMul": Method(3, _TYPED),
    "AdjustMulPriv": Method(2, _TYPED),
    "AdjustSquare": Method(2),
    "AdjustDot": Method(3, {2: "transpose_inputs", 3: "field_size", 4: "M", 5: "N", 6: "K"}),
    "AdjustAnd": Method(3, {}),
    "AdjustTrunc": Method(2, _SHIFT),
    "AdjustTruncPr": Method(3, _SHIFT),
    "AdjustRandBit": Method(1),
    "AdjustEqz": Method(2),
    "AdjustPerm": Method(2, {2: "field_size", 3: "perm"}),
    "AdjustCrossDot": Method(5, {2: "field_size", 3: "batch", 4: "rows", 5: "transpose"}),
    STEPS: Method(0, {2: "stride", 3: "count"}),
}
_DRAW = {1: "prg_count", 2: "buffer_len", 3: "encrypted_seeds"}
_PERMUTATION = {1: "prg_count", 2: "size", 3: "encrypted_seeds"}
_RING = (0, 1, "EL_TYPE_UNSPECIFIED", "UNSPECIFIED", "RING")
_MOST_SEEDS = 16
_MOST_NUMBER = 2**64


def read_json(method: str, body: bytes) -> Request:
    """A request's JSON. OpAdjustError, if it is none."""
    try:
        values = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise OpAdjustError(f"a body that is no JSON: {error}") from None
    return _request(method, values)


def read_protobuf(method: str, body: bytes) -> Request:
    """A request's message. OpAdjustError, if it is none."""
    values: dict[str, Any] = {"prg_inputs": []}
    try:
        for number, kind, value in protobuf.fields(body):
            if number == 1:
                values["prg_inputs"].append(_draw_fields(value, _DRAW))
            elif (name := METHODS[method].fields.get(number)) == "perm":
                values[name] = _draw_fields(value, _PERMUTATION)
            elif name == "transpose_inputs":
                flags = [value] if kind == protobuf.VARINT else value  # packed: each is a byte
                values.setdefault(name, []).extend(map(bool, flags))
            elif name is not None:
                values[name] = value
    except ValueError as error:
        raise OpAdjustError(f"a body that is no message: {error}") from None
    return _request(method, values)


def _draw_fields(message: protobuf.Value, names: Mapping[int, str]) -> dict[str, Any]:
    if isinstance(message, int):
        raise ValueError("a number where a message should be")
    found: dict[str, Any] = {}
    for number, kind, value in protobuf.fields(message):
        if number == 3:
            if kind != protobuf.BYTES:
                raise ValueError("a number where an encrypted seed should be")
            found.setdefault("encrypted_seeds", []).append(bytes(value))
        elif number in names:
            found[names[number]] = value
    return found


def _request(method: str, values: Any) -> Request:
    """From the values of a JSON object or of a message."""
    form = METHODS[method]
    if not isinstance(values, dict):
        raise OpAdjustError("a body that is no object")
    draws = values.get("prg_inputs")
    if not isinstance(draws, list) or len(draws) != (form.draws or len(draws) or 1):
        raise OpAdjustError(f"{method} takes {form.draws or 'some'} prg_inputs")
    if values.get("element_type", 0) not in _RING:
        raise OpAdjustError(f"element_type {values['element_type']!r:.20} is not supported, only RING")
    numbers, transposed, permutation = {}, (), None
    for name in form.fields.values():
        if name == "transpose_inputs":
            transposed = _flags(values.get(name, []), form.draws)
        elif name == "perm":
            permutation = _draw(values.get(name), "size")
        elif name != "element_type":
            numbers[name] = _number(name, values.get(name, 0))
    drawn = tuple([_draw(draw, "buffer_len") for draw in draws])
    steps = None
    if method == STEPS:
        steps = ttp_blocks.read([draw[:2] for draw in drawn], values, numbers["stride"], numbers["count"])
    return Request(method, drawn, numbers, transposed, permutation, steps)


def _draw(values: Any, size: str) -> Draw:
    if not isinstance(values, dict):
        raise OpAdjustError("a draw that is no object")
    seeds = values.get("encrypted_seeds", ())
    if isinstance(seeds, (str, bytes)):
        seeds = (seeds,)
    if not isinstance(seeds, (list, tuple)) or not 0 < len(seeds) <= _MOST_SEEDS:
        raise OpAdjustError(f"encrypted_seeds are a list of 1 to {_MOST_SEEDS}")
    for seed in seeds:
        if not isinstance(seed, (str, bytes)):
            raise OpAdjustError("an encrypted seed that is no base64")
    draw = Draw(_number("prg_count", values.get("prg_count", 0)), _number(size, values.get(size, 0)), tuple(seeds))
    if draw.size == 0 or draw.end >= _MOST_NUMBER:
        raise OpAdjustError(f"an empty draw, or one that ends behind the last counter: {draw[:2]}")
    return draw


def _number(name: str, value: Any) -> int:
    """A number of 64 bits; JSON may have it as a text."""
    if type(value) is int and 0 <= value < _MOST_NUMBER:
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 20:
        value = int(value)
    if not isinstance(value, int) or not 0 <= value < _MOST_NUMBER:
        raise OpAdjustError(f"{name} is a number of 64 bits, not {value!r:.30}")
    return int(value)


def _flags(values: Any, most: int) -> tuple[bool, ...]:
    if not isinstance(values, list) or len(values) > most or not all(isinstance(value, bool) for value in values):
        raise OpAdjustError(f"transpose_inputs are up to {most} booleans")
    return (*values, *[False] * (most - len(values)))


def ciphertext(seed: Ciphertext) -> bytes:
    """An encrypted seed's bytes. ValueError, if its base64 is none."""
    if isinstance(seed, bytes):
        return seed
    try:
        return b64decode(seed, validate=True)
    except binascii.Error as error:
        raise ValueError(f"no base64: {error}") from None


# --- written by a client ---------------------------------------------------------------------------------------------


def writer(seeds: Sequence[bytes]) -> Callable[..., bytes]:
    """Writes the requests of one computation, whose encrypted seeds are these: (draws, fields) -> JSON.

    A draw is its counter and its size in bytes. The seeds are the same text each time, made once.
    """
    listed = json.dumps([b64encode(seed).decode() for seed in seeds])

    def write(draws: Sequence[tuple[int, int]], fields: str) -> bytes:
        """`fields` is the rest of the object, such as '"field_size":8'."""
        inputs = ",".join(
            [f'{{"prg_count":{count},"buffer_len":{size},"encrypted_seeds":{listed}}}' for count, size in draws]
        )
        return f'{{"prg_inputs":[{inputs}],{fields}}}'.encode()

    return write
