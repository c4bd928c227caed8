"""A TTP elsewhere, as a party uses it: `mpc.Ttp`, with this party's seed encrypted and the peer's given as it came.

    ttp = RemoteTtp("127.0.0.1:9449", "public.pem")
    ttp.create_session("root", rank, seed, world_size=2, adjust_rank=0)
    ... send ttp.encrypted_seed("root") to the peer, ...
    ttp.add_encrypted_seed("root", 1 - rank, theirs)
    ttp.adjust_mul("root", buffers)              # or: pending = ttp.ask("root", "AdjustMul", buffers); pending.result()

Only the adjust rank needs a connection, and only when it asks for something.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import OpAdjustError, SessionError, TtpError
from ..mpc.prg import SEED_BYTES
from ..mpc.ring import Ring, Words
from ..mpc.ttp import Ttp
from ..mpc.ttp_session import Own, PrgBuffer
from ..mpc.ttp_steps import Dot, Request, Steps
from . import sm2
from .ttp_blocks import METHOD, STEPS, Block
from .ttp_connection import PATIENCE, Patience, Pending, TtpConnection
from .ttp_keys import public_key
from .ttp_requests import writer

_LANES = 8
"""Connections to a TTP that answers no blocks."""


class PendingWords(NamedTuple):
    """A correction that was asked for."""

    pending: Pending
    size: int
    """Bytes of an element."""

    def result(self) -> Words:
        """Wait for it, flat: uint64, or uint32 for a field of 4 bytes."""
        return np.frombuffer(self.pending.result(), f"<u{self.size}")


@dataclass
class TtpWork:
    """What a party has asked of its TTP so far."""

    opened: int = 0
    """Sessions."""
    requests: int = 0
    bytes: int = 0
    """Of corrections."""


class _Session:
    """One computation's seeds."""

    def __init__(self, rank: int, world_size: int, adjust_rank: int, own: bytes) -> None:
        self.world_size, self.adjust_rank = world_size, adjust_rank
        self.rank, self.seeds = rank, {rank: own}
        self.write: Callable[..., bytes] | None = None


class RemoteTtp(Ttp):
    """A TTP that listens at `address` ("host:port") and has this public key (a file's name, or PEM text)."""

    def __init__(
        self,
        address: str,
        key: str | Path | sm2.Point,
        *,
        tls: ssl.SSLContext | None = None,
        patience: Patience = PATIENCE,
        work: TtpWork | None = None,
    ) -> None:
        """`work` is counted on, if it is given."""
        self.public_key = key if isinstance(key, sm2.Point) else public_key(key)
        self.connection = TtpConnection(address, tls=tls, patience=patience)
        self._lanes = [TtpConnection(address, tls=tls, patience=patience, ahead=1) for _ in range(_LANES)]
        self._answers_blocks = True
        """As far as is known: of the TTP."""
        self._asked: dict[tuple[str, Block], Pending] = {}
        """What is to come, and was asked for already."""
        self._sessions: dict[str, _Session] = {}
        self.work = TtpWork() if work is None else work

    def create_session(self, session_id: str, rank: int, prg_seed: bytes, *, world_size: int, adjust_rank: int) -> None:
        """Encrypt this party's seed. Nothing is sent."""
        if len(prg_seed) != SEED_BYTES:
            raise SessionError(f"a seed is {SEED_BYTES} bytes, got {len(prg_seed)}")
        if session_id in self._sessions:
            raise SessionError(f"rank {rank} has already joined", where=session_id)
        own = sm2.encrypt(self.public_key, prg_seed)
        self.work.opened += 1
        self._sessions[session_id] = _Session(rank, world_size, adjust_rank, own)

    def encrypted_seed(self, session_id: str) -> bytes:
        """This party's seed as the peer gets it: only the TTP can read it."""
        session = self._session(session_id)
        return session.seeds[session.rank]

    def add_encrypted_seed(self, session_id: str, rank: int, seed: bytes) -> None:
        """The peer's, as it came from the peer."""
        session = self._session(session_id)
        if rank in session.seeds or not 0 <= rank < session.world_size:
            raise SessionError(f"rank {rank} is not a peer without a seed", where=session_id)
        if not 0 < len(seed) <= 1024:
            raise SessionError(f"rank {rank} sent an encrypted seed of {len(seed)} bytes", where=session_id)
        session.seeds[rank] = seed

    def delete_session(self, session_id: str) -> None:
        """Forget the seeds of a computation. An unknown one is fine."""
        self._sessions.pop(session_id, None)

    def close(self) -> None:
        """End the connection."""
        self._sessions.clear()
        self._asked.clear()
        for connection in (self.connection, *self._lanes):
            connection.close()

    def ask(self, session_id: str, method: str, *arguments: Any, **options: Any) -> PendingWords:
        """Send a request now and take its answer later: `adjust_...` in two steps, with the same arguments."""
        return _REQUESTS[method](partial(self._send, session_id, method), *arguments, **options)

    def adjust_mul(self, session_id: str, buffers: Sequence[PrgBuffer]) -> Ring:
        """R(a) * R(b) - R(c), as `mpc.TrustedThirdParty.adjust_mul`."""
        return self.ask(session_id, "AdjustMul", buffers).result()  # type: ignore[return-value]  # uint64

    def adjust_mul_priv(self, session_id: str, buffers: Sequence[PrgBuffer], field_size: int) -> Words:
        """The product of the parties' own draws, minus R(c), as `mpc.TrustedThirdParty.adjust_mul_priv`."""
        return self.ask(session_id, "AdjustMulPriv", buffers, field_size).result()

    def adjust_dot(self, session_id: str, buffers: Sequence[PrgBuffer], m: int, n: int, k: int) -> Ring:
        """R(a) . R(b) - R(c), flat, as `mpc.TrustedThirdParty.adjust_dot`."""
        return self.ask(session_id, "AdjustDot", buffers, m, n, k).result()  # type: ignore[return-value]

    def adjust_cross_dot(
        self, session_id: str, masks: Own, vectors: Own, c: PrgBuffer, batch: int, rows: int, *, transpose: bool = False
    ) -> Ring:
        """Many products at once, as `mpc.TrustedThirdParty.adjust_cross_dot`. SPU's server does not have it."""
        pending = self.ask(session_id, "AdjustCrossDot", masks, vectors, c, batch, rows, transpose=transpose)
        return pending.result()  # type: ignore[return-value]

    def adjust_steps(
        self, session_id: str, requests: Sequence[Request], stride: int, count: int, then: Steps | None = None
    ) -> list[Words]:
        """As `mpc.Ttp.adjust_steps`: the next block is asked for before the answer about this one is read.

        A TTP that answers no blocks is asked in SPU's words, over some connections: on each it is asked for the next
        correction when it has given the one before, for not every server answers in the order of the requests.
        """
        block = Block(tuple(requests), stride, count)
        if self._answers_blocks:
            asked = self._asked.pop((session_id, block), None) or self._ask_block(session_id, block)
            self._asked.clear()
            if then is not None:
                following = Block(tuple(then.requests), then.stride, then.steps)
                self._asked[session_id, following] = self._ask_block(session_id, following)
            try:
                return block.parts(asked.result())
            except TtpError:
                if not asked.unknown:
                    raise
            self._answers_blocks = False
        return self._adjust_singly(session_id, block)

    def _ask_block(self, session_id: str, block: Block) -> Pending:
        self.work.requests += 1
        self.work.bytes += block.size
        return self.connection.send(STEPS, self._written(session_id, block.draws(), block.fields()), block.size)

    def _adjust_singly(self, session_id: str, block: Block) -> list[Words]:
        lanes = cycle(self._lanes)
        pending: list[list[PendingWords]] = [[] for _ in block.requests]
        for step in range(block.steps):
            for request, sent in zip(block.requests, pending, strict=True):
                send = partial(self._send, session_id, METHOD[type(request)], connection=next(lanes))
                buffers = [PrgBuffer(at + step * block.stride, elements) for at, elements in request.buffers]
                if isinstance(request, Dot):
                    sent.append(_dot(send, buffers, request.c.elements, 1, request.b.elements))
                else:
                    sent.append(_mul_priv(send, buffers, request.field_size))
        return [np.array([one.result() for one in sent]) for sent in pending]

    def _send(
        self,
        session_id: str,
        method: str,
        buffers: Sequence[PrgBuffer],
        fields: str,
        size: int,
        connection: TtpConnection | None = None,
    ) -> PendingWords:
        """Of elements of `size` bytes; the answer is as large as the last buffer."""
        draws = [(counter, elements * size) for counter, elements in buffers]
        body = self._written(session_id, draws, f'"field_size":{size}{fields}')
        self.work.requests += 1
        self.work.bytes += draws[-1][1]
        return PendingWords((connection or self.connection).send(method, body, draws[-1][1]), size)

    def _written(self, session_id: str, draws: Sequence[tuple[int, int]], fields: str) -> bytes:
        """A request's body."""
        session = self._session(session_id)
        if session.write is None:
            missing = [rank for rank in range(session.world_size) if rank not in session.seeds]
            if missing:
                raise SessionError(f"the encrypted seed of rank {missing} is not there yet", where=session_id)
            session.write = writer([session.seeds[rank] for rank in range(session.world_size)])
        return session.write(draws, fields)

    def _session(self, session_id: str) -> _Session:
        if session_id not in self._sessions:
            raise SessionError("the TTP has no such session", where=session_id)
        return self._sessions[session_id]


_Send = Callable[[Sequence[PrgBuffer], str, int], PendingWords]


def _mul(send: _Send, buffers: Sequence[PrgBuffer]) -> PendingWords:
    return send(buffers, "", 8)


def _mul_priv(send: _Send, buffers: Sequence[PrgBuffer], field_size: int) -> PendingWords:
    if field_size not in (4, 8):
        raise OpAdjustError(f"field_size {field_size} is not supported, only 4 and 8 (bytes)")
    return send(buffers, "", field_size)


def _dot(send: _Send, buffers: Sequence[PrgBuffer], m: int, n: int, k: int) -> PendingWords:
    return send(buffers, f',"transpose_inputs":[false,false,false],"M":{m},"N":{n},"K":{k}', 8)


def _cross_dot(
    send: _Send, masks: Own, vectors: Own, c: PrgBuffer, batch: int, rows: int, *, transpose: bool = False
) -> PendingWords:
    return send([*masks, *vectors, c], f',"batch":{batch},"rows":{rows},"transpose":{int(transpose)}', 8)


_REQUESTS: dict[str, Callable[..., PendingWords]] = {
    "AdjustMul": _mul,
    "AdjustMulPriv": _mul_priv,
    "AdjustDot": _dot,
    "AdjustCrossDot": _cross_dot,
}
