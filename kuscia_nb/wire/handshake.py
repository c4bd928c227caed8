"""The interconnection handshake, version 2: what two parties agree on before ss_lr (spec: ss_lr §7).

Rank 1 tells rank 0 what it has and can do; rank 0 answers with the terms of the training, or with why not. Both are one
protobuf message, before any other. Rank 0's terms hold, and rank 1 has to have the same ones.

The reference operator opens all labels and scores when it has trained. These parties do not, and say so in a field
that is theirs (1000): a peer that has not said it is refused, since it would wait for ever at the end.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from ..errors import KusciaError, LinkError, ParameterError
from ..mpc import Link
from .protobuf import BYTES, VARINT, Value, data, double, fields, number, packed, read_varint
from .push import by_field

VERSION = 2
SS_LR, SIGMOID, SS = 2, 1, 2
_ONE, _FIELD_64, _TTP = 1, 2, 2
_CLOSED, _STRATEGY = 1000, 1001
"""Numbers of the fields in which a party says that it opens nothing at the end, and how it makes products."""
_USUAL = "interconnection"
"""What a peer does that does not say it."""
REFUSED, UNSUPPORTED, INVALID = 31100200, 31100203, 31100100
"""Error codes of the answer's header."""
_LARGEST = 2**16
_URL = "type.googleapis.com/org.interconnection.v2."
_OPENS = (
    "the peer opens all labels and scores when it has trained, as the reference operator does: "
    "both parties would learn every label"
)
_OPENS_HINT = "a peer that keeps them closed: another party of ours, or a SPU program that ends with the training"


class Own(NamedTuple):
    """What one party brings, and the terms that it was started with."""

    rows: int
    features: int
    has_label: bool
    batch_size: int
    epochs: int
    learning_rate: float
    l2: float
    fxp_bits: int
    adjust_rank: int
    ttp: str
    """host:port"""
    strategy: str = _USUAL


class Agreed(NamedTuple):
    """What both know now."""

    columns: tuple[int, int]
    """Features of rank 0 and rank 1."""
    label_rank: int


async def shake_hands(link: Link, own: Own) -> Agreed:
    """Agree with the peer. ParameterError or LinkError say what does not fit, at both parties."""
    if link.rank == 1:
        await link.send(request(own) + _ours(own), "handshake")
        return _accepted(await link.receive("handshake"), own)
    asked = await link.receive("handshake")
    try:
        agreed = _asked(asked, own)
    except _Refusal as refusal:
        await link.send(refusal.answer, "handshake")
        raise refusal.error from None
    await link.send(response(own, agreed) + _ours(own), "handshake")
    return agreed


# What is written.


def request(own: Own) -> bytes:
    """A HandshakeRequest of rank 1."""
    ones = packed(1, [_ONE])
    lr = ones + packed(2, [_ONE]) + packed(3, [_ONE]) + number(6, own.l2 != 0)
    cut, prg = data(4, ones + number(2, _ONE)), data(5, ones + number(2, _ONE))
    triples = data(50, ones + number(2, _TTP))
    ss = ones + packed(2, [_ONE]) + packed(3, [_FIELD_64]) + cut + prg + packed(6, [_ONE]) + triples
    io = number(2, own.rows) + number(3, own.features) + number(4, own.has_label)
    return b"".join(
        [
            number(1, VERSION) + number(2, 1),
            packed(3, [SS_LR]) + data(4, _any("algos.LrHyperparamsProposal", lr)),
            packed(5, [SIGMOID]) + data(6, _any("op.SigmoidParamsProposal", ones + packed(2, [_ONE]))),
            packed(7, [SS]) + data(8, _any("protocol.SSProtocolProposal", ss)),
            data(9, _any("algos.LrDataIoProposal", io)),
        ]
    )


def response(own: Own, agreed: Agreed) -> bytes:
    """The HandshakeResponse of rank 0; as the reference has it, the TTP's version stands for that of its message."""
    sgd = data(3, _any("algos.SgdOptimizer", double(1, own.learning_rate)))
    steps = number(4, own.epochs) + number(5, own.batch_size) + number(6, _ONE)
    lr = number(1, _ONE) + number(2, _ONE) + sgd + steps + double(9, own.l2)
    triples = data(50, number(1, _TTP) + data(2, own.ttp.encode()) + number(5, own.adjust_rank))
    cut = data(4, number(1, _ONE) + number(2, _ONE))
    ss = number(2, _ONE) + number(3, _FIELD_64) + cut + number(6, own.fxp_bits) + number(7, _ONE) + triples
    io = number(1, _ONE) + number(2, own.rows) + packed(3, agreed.columns) + number(4, agreed.label_rank)
    return b"".join(
        [
            data(1, b"") + number(2, SS_LR) + data(3, _any("algos.LrHyperparamsResult", lr)),
            packed(4, [SIGMOID]) + data(5, _any("op.SigmoidParamsResult", number(2, _ONE))),
            packed(6, [SS]) + data(7, _any("protocol.SSProtocolResult", ss)),
            data(8, _any("algos.LrDataIoResult", io)),
        ]
    )


def _ours(own: Own) -> bytes:
    """What the standard's messages have no field for. Nothing but the usual strategy is ever assumed of a peer."""
    return number(_CLOSED, 1) + (data(_STRATEGY, own.strategy.encode()) if own.strategy != _USUAL else b"")


def _any(name: str, message: bytes) -> bytes:
    return data(1, (_URL + name).encode()) + data(2, message)


# What is read.


class _Refusal(Exception):
    """Why rank 0 refuses, for its peer and for itself."""

    def __init__(self, code: int, error: KusciaError) -> None:
        super().__init__(error.what)
        self.answer = data(1, number(1, code) + data(2, error.what.encode()))
        self.error = error


def _asked(message: bytes, own: Own) -> Agreed:
    """What rank 0 makes of a request."""
    try:
        found = _Message(message)
        if found.number(1) != VERSION:
            what = f"the handshake has version {found.number(1)} at rank 1 and {VERSION} at rank 0"
            raise _Refusal(REFUSED, LinkError(what))
        lr = found.parameters(3, SS_LR, 4, "algos.LrHyperparamsProposal")
        sigmoid = found.parameters(5, SIGMOID, 6, "op.SigmoidParamsProposal")
        ss = found.parameters(7, SS, 8, "protocol.SSProtocolProposal")
        io = found.message(9).unpacked("algos.LrDataIoProposal")
        offers = [
            ("optimizer sgd", lr.numbers(2), _ONE),
            ("last_batch_policy discard", lr.numbers(3), _ONE),
            ("sigmoid_mode minimax_1", sigmoid.numbers(2), _ONE),
            ("protocol semi2k", ss.numbers(2), _ONE),
            ("field 64", ss.numbers(3), _FIELD_64),
            ("trunc_mode probabilistic", [ss.message(4).number(2)], _ONE),
            ("AES128_CTR", [ss.message(5).number(2)], _ONE),
            ("shard_serialize_format raw", ss.numbers(6), _ONE),
            (f"TTP version {_TTP}", [ss.message(50).number(2)], _TTP),
        ]
    except ValueError as wrong:
        raise _Refusal(INVALID, LinkError(f"rank 1's handshake cannot be read: {wrong}")) from None
    for what, offered, wanted in offers:
        if wanted not in offered:
            raise _Refusal(UNSUPPORTED, ParameterError(f"rank 1 does not support {what}"))
    if bool(lr.number(6)) != (own.l2 != 0):
        ours, theirs = f"{own.l2:g}", "not 0" if lr.number(6) else "0"
        raise _Refusal(UNSUPPORTED, ParameterError(f"parameter l2_norm differs: {ours} at rank 0, {theirs} at rank 1"))
    return _data(io, own, found)


def _data(io: _Message, own: Own, found: _Message) -> Agreed:
    """What rank 1 has, and whether it goes with what rank 0 has."""
    if io.number(2) != own.rows:
        what = f"sample size inconsistent: rank 0 has {own.rows} rows, rank 1 has {io.number(2)}"
        raise _Refusal(REFUSED, ParameterError(what, hint="the same rows in the same order at both parties: --rows"))
    if not 0 < io.number(3) < 2**31:
        raise _Refusal(INVALID, ParameterError(f"rank 1 has {io.number(3)} features"))
    if bool(io.number(4)) == own.has_label:
        what = "both parties have the label" if own.has_label else "no party has the label"
        code = REFUSED if own.has_label else INVALID
        raise _Refusal(code, ParameterError(what, hint="--label for the one with the label in its last column"))
    if not found.number(_CLOSED):
        raise _Refusal(REFUSED, ParameterError(_OPENS, hint=_OPENS_HINT))
    if (theirs := found.text(_STRATEGY) or _USUAL) != own.strategy:
        what = f"strategy differs: {own.strategy!r} at rank 0, {theirs!r} at rank 1"
        raise _Refusal(UNSUPPORTED, ParameterError(what, hint="the same --strategy at both parties"))
    return Agreed((own.features, io.number(3)), 0 if own.has_label else 1)


def _accepted(message: bytes, own: Own) -> Agreed:
    """What rank 1 makes of the answer."""
    try:
        found = _Message(message)
        header = found.message(1)
        if header.number(1):
            what = f"rank 0 has refused the handshake: {header.text(2)} (code {header.number(1)})"
            raise ParameterError(what, hint="the same parameters at both parties")
        lr = found.message(3).unpacked("algos.LrHyperparamsResult")
        ss = found.parameters(6, SS, 7, "protocol.SSProtocolResult")
        io = found.message(8).unpacked("algos.LrDataIoResult")
        counts = io.numbers(3)
        rate = lr.message(3).unpacked("algos.SgdOptimizer").double(1)
        both: list[tuple[str, Any, Any]] = [
            ("algo", found.number(2), SS_LR),
            ("rows", io.number(2), own.rows),
            ("learning_rate", rate, own.learning_rate),
            ("num_epoch", lr.number(4), own.epochs),
            ("batch_size", lr.number(5), own.batch_size),
            ("l0_norm", lr.double(7), 0.0),
            ("l1_norm", lr.double(8), 0.0),
            ("l2_norm", lr.double(9), own.l2),
            ("field", ss.number(3), _FIELD_64),
            ("trunc_mode", ss.message(4).number(2), _ONE),
            ("fxp_bits", ss.number(6), own.fxp_bits),
            ("TTP version", ss.message(50).number(1), _TTP),
            ("ttp_adjust_rank", ss.message(50).number(5), own.adjust_rank),
            ("strategy", found.text(_STRATEGY) or _USUAL, own.strategy),
        ]
        if len(counts) != 2 or counts[1] != own.features or not 0 < counts[0] < 2**31:
            what = f"rank 0 counts {counts} features, and rank 1 has {own.features}"
            raise ParameterError(what, hint="--features")
    except ValueError as wrong:
        raise LinkError(f"rank 0's answer to the handshake cannot be read: {wrong}") from None
    for name, theirs, ours in both:
        if theirs != ours:
            raise ParameterError(f"{name} differs: {theirs!r} at rank 0, {ours!r} at rank 1", hint="one for both")
    if not found.number(_CLOSED):
        raise ParameterError(_OPENS, hint=_OPENS_HINT)
    return Agreed((counts[0], counts[1]), io.number(4))


class _Message:
    """A protobuf message, read as what a field should be. ValueError, if it is something else."""

    def __init__(self, message: bytes | memoryview) -> None:
        if len(message) > _LARGEST:
            raise ValueError(f"it has {len(message):,} bytes")
        self._all = list(fields(message))
        self._last = by_field(memoryview(message))

    def number(self, field: int) -> int:
        """0 without one."""
        return self._of(field, int, 0)

    def message(self, field: int) -> _Message:
        return _Message(self._of(field, memoryview, b""))

    def text(self, field: int) -> str:
        return bytes(self._of(field, memoryview, b"")[:500]).decode("utf-8", "replace")

    def double(self, field: int) -> float:
        value: Value = self._of(field, memoryview, bytes(8))
        if len(value) != 8:
            raise ValueError(f"field {field} is no double")
        return memoryview(bytes(value)).cast("d")[0]

    def numbers(self, field: int) -> list[int]:
        """A repeated field, packed or not."""
        return [one for found, kind, value in self._all if found == field for one in _numbers(kind, value)]

    def unpacked(self, name: str) -> _Message:
        """What this Any holds."""
        if self.text(1).rpartition("/")[2] != f"org.interconnection.v2.{name}":
            raise ValueError(f"{name} was expected, {self.text(1)[:100]!r} has come")
        return self.message(2)

    def parameters(self, kinds: int, kind: int, field: int, name: str) -> _Message:
        """The message in a repeated field at the place that a kind has in another one."""
        offered = self.numbers(kinds)
        given = [value for found, form, value in self._all if found == field and form == BYTES]
        if kind not in offered or offered.index(kind) >= len(given):
            raise ValueError(f"it has no {name}")
        return _Message(given[offered.index(kind)]).unpacked(name)

    def _of(self, field: int, kind: type, missing: Value) -> Value:
        value = self._last.get(field, missing)
        if not isinstance(value, (kind, type(missing))):
            raise ValueError(f"field {field} has another type")
        return value


def _numbers(kind: int, value: Value) -> Iterable[int]:
    if kind == VARINT:
        yield value
        return
    at = 0
    while at < len(value):
        one, at = read_varint(value, at)
        yield one
