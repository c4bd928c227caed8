"""The trusted third party: it turns the parties' seeds into corrections, and sees nothing else.

Both parties draw their parts of a triple (a, b, c) from their own seeds, so the parts of c do not multiply up to
a * b. The TTP was given the seeds, draws the same parts again, and tells one party (the *adjust rank*) the difference
to add to its c. It never receives a share, an opened value or anything else that depends on data.

Sessions and errors are those of the interconnection standard's BeaverService (spec: ss_lr §5a), and so are
`adjust_mul` and `adjust_dot`. `adjust_mul_priv` is SPU's (§5c): products of two numbers of which each party has one.
`adjust_cross_dot` is ours: many products at once, of one party's matrix and the other's vector, each masked by its
owner alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import OpAdjustError, SessionError
from .link import Link, Stream, now
from .prg import BlockPrg
from .ring import WORDS, Ring, Words, batch_matvec, batch_vecmat, matmul

VERSION = 2
FIELD_64 = 2
"""The standard's enum value for the ring Z_2^64."""


class PrgBuffer(NamedTuple):
    """Which draw: the counter at which every party drew it, and its size in ring elements (standard: PrgBufferMeta)."""

    counter: int
    """In blocks of the PRG, at the draw's first element."""
    elements: int
    """Ring elements: of 8 bytes each, unless the request says otherwise."""


class Session:
    """The seeds of one computation, by rank."""

    def __init__(self, world_size: int, adjust_rank: int) -> None:
        self.world_size, self.adjust_rank = world_size, adjust_rank
        self.prgs: dict[int, BlockPrg] = {}
        self.left = 0
        self._masks: tuple[tuple[PrgBuffer, ...], list[Ring]] | None = None

    def reconstruct(self, buffer: PrgBuffer) -> Ring:
        """The sum of all parties' draws, shape (elements,)."""
        first, *others = self.prgs.values()
        total = first.at(*buffer)
        for prg in others:
            total = total + prg.at(*buffer)
        return total

    def own_draws(self, buffers: tuple[PrgBuffer, PrgBuffer]) -> list[Ring]:
        """Each rank's own draw, remembering the last ones: the masks of a matrix are asked for once per product."""
        if self._masks is None or self._masks[0] != buffers:
            self._masks = buffers, [self.prgs[rank].at(*buffer) for rank, buffer in enumerate(buffers)]
        return self._masks[1]


class TrustedThirdParty:
    """An embedded TTP. Any number of sessions, from any thread."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()
        self.opened = self.requests = self.bytes = 0
        """Since the start: sessions opened, adjust requests, and bytes of corrections given out."""

    def create_session(
        self, session_id: str, rank: int, prg_seed: bytes, *, world_size: int, adjust_rank: int, version: int = VERSION
    ) -> None:
        """Register one party's seed. Every party does this once, with the same world size and adjust rank.

        Raises `SessionError` for another version, a rank outside the world, a rank that is already there, or
        terms that differ from those of the other party.
        """
        if version > VERSION:
            raise SessionError(f"TTP version {version} was required, this is version {VERSION}")
        for what, number in (("rank", rank), ("adjust_rank", adjust_rank)):
            if not 0 <= number < world_size:
                raise SessionError(f"{what} {number} is not one of the {world_size} parties", where=session_id)
        with self._lock:
            session = self._sessions.get(session_id)
            if session is None:
                session = self._sessions[session_id] = Session(world_size, adjust_rank)
                self.opened += 1
            if (session.world_size, session.adjust_rank) != (world_size, adjust_rank):
                raise SessionError(
                    f"rank {rank} wants world_size {world_size} and adjust_rank {adjust_rank}, the session has "
                    f"{session.world_size} and {session.adjust_rank}",
                    where=session_id,
                )
            if rank in session.prgs:
                raise SessionError(f"rank {rank} has already joined", where=session_id)
            session.prgs[rank] = BlockPrg(prg_seed)

    def delete_session(self, session_id: str) -> None:
        """End one party's part in a session; when all that have joined have done so, its seeds are forgotten.

        An unknown session is fine.
        """
        with self._lock:
            session = self._sessions.get(session_id)
            if session is not None:
                session.left += 1
                if session.left >= len(session.prgs):
                    del self._sessions[session_id]

    @property
    def sessions(self) -> int:
        """How many sessions are open."""
        return len(self._sessions)

    def adjust_mul(self, session_id: str, buffers: Sequence[PrgBuffer], field: int = FIELD_64) -> Ring:
        """R(a) * R(b) - R(c), elementwise, where R is the sum of all parties' draws; shape (elements,)."""
        session = self._session(session_id, buffers, field)
        a, b, c = buffers
        if not a.elements == b.elements == c.elements:
            raise OpAdjustError(f"a, b and c must have one size, got {a.elements}, {b.elements}, {c.elements}")
        return session.reconstruct(a) * session.reconstruct(b) - session.reconstruct(c)

    def adjust_dot(
        self, session_id: str, buffers: Sequence[PrgBuffer], m: int, n: int, k: int, field: int = FIELD_64
    ) -> Ring:
        """R(a) (m x k) . R(b) (k x n) - R(c) (m x n), flat."""
        session = self._session(session_id, buffers, field)
        a, b, c = buffers
        _require("a", a, m * k)
        _require("b", b, k * n)
        _require("c", c, m * n)
        right, result = session.reconstruct(b), -session.reconstruct(c)
        if n > 1:
            right = right.reshape(k, n)
        for prg in session.prgs.values():  # the sum of the products costs less than the product of the sum
            result += matmul(prg.at(*a).reshape(m, k), right).reshape(-1)
        return result

    def adjust_mul_priv(self, session_id: str, buffers: Sequence[PrgBuffer], field_size: int) -> Words:
        """The product of all parties' own draws of a, minus R(c), elementwise, modulo 2^(8 * field_size).

        `field_size` is 4 or 8, in bytes, and so are the elements of both buffers: uint32 or uint64.
        """
        if field_size not in WORDS:
            raise OpAdjustError(f"field_size {field_size} is not supported, only 4 and 8 (bytes)")
        session, word = self._session(session_id, buffers, FIELD_64, field_size), WORDS[field_size]
        a, c = buffers
        if a.elements != c.elements:
            raise OpAdjustError(f"a and c must have one size, got {a.elements} and {c.elements}")
        prgs = list(session.prgs.values())
        product = prgs[0].words(*a, word)
        for prg in prgs[1:]:
            product = product * prg.words(*a, word)
        for prg in prgs:
            product = product - prg.words(*c, word)
        return product

    def adjust_cross_dot(
        self,
        session_id: str,
        masks: tuple[PrgBuffer, PrgBuffer],
        vectors: tuple[PrgBuffer, PrgBuffer],
        c: PrgBuffer,
        batch: int,
        rows: int,
        *,
        transpose: bool = False,
        field: int = FIELD_64,
    ) -> Ring:
        """A_0 . v_1 + A_1 . v_0 - R(c) for `batch` pairs of matrices at once, flat.

        A_r (rows x its columns) and v_r are draws of rank r alone: each rank's matrix meets the other's vector. c has
        an element per row. With `transpose` it is A_0^T . v_1 behind A_1^T . v_0, and c has an element per column.
        """
        session = self._session(session_id, [*masks, *vectors, c], field)
        if session.world_size != 2:
            raise OpAdjustError(f"cross products are for two parties, the session has {session.world_size}")
        columns = [mask.elements // (batch * rows) for mask in masks]
        for rank in (0, 1):
            _require(f"the mask of rank {rank}", masks[rank], batch * rows * columns[rank])
            _require(f"the vector of rank {rank}", vectors[rank], batch * (rows if transpose else columns[1 - rank]))
        _require("c", c, batch * (sum(columns) if transpose else rows))
        parts = [part.reshape(batch, rows, -1) for part in session.own_draws(masks)]
        v = [session.prgs[rank].at(*vectors[rank]).reshape(batch, -1) for rank in (0, 1)]
        if transpose:
            product = np.concatenate([batch_vecmat(v[1], parts[0]), batch_vecmat(v[0], parts[1])], axis=1)
        else:
            product = batch_matvec(parts[0], v[1]) + batch_matvec(parts[1], v[0])
        return product.reshape(-1) - session.reconstruct(c)

    def _session(self, session_id: str, buffers: Sequence[PrgBuffer], field: int, size: int = 8) -> Session:
        """The session of a well-formed request, with every seed there. c is the last buffer, items of `size` bytes."""
        with self._lock:
            self.requests += 1
            self.bytes += buffers[-1].elements * size
        session = self._sessions.get(session_id)
        if session is None:
            raise SessionError("there is no such session", where=session_id)
        if len(session.prgs) < session.world_size:
            missing = [rank for rank in range(session.world_size) if rank not in session.prgs]
            raise SessionError(f"rank {missing} has not joined yet", where=session_id)
        if field != FIELD_64:
            raise OpAdjustError(f"field {field} is not supported, only {FIELD_64} (ring of 64 bits)")
        for buffer in buffers:
            if buffer.elements <= 0 or buffer.counter < 0:
                raise OpAdjustError(f"an empty buffer or a negative counter: {tuple(buffer)}")
        return session


def _require(name: str, buffer: PrgBuffer, elements: int) -> None:
    if buffer.elements != elements:
        raise OpAdjustError(f"{name} has {buffer.elements} elements, its shape needs {elements}")


class TtpClient:
    """One party's line to the TTP for one session; what goes over it is in the ledger."""

    def __init__(self, ttp: TrustedThirdParty, link: Link, session_id: str, adjust_rank: int) -> None:
        self._ttp, self._link = ttp, link
        self._session_id, self._adjust_rank = session_id, adjust_rank
        self.adjusts = link.rank == adjust_rank
        """Whether this party is the one that gets the corrections."""
        register = link.ledger.register
        self._asks = {method: register(Stream(link.name, "ttp", "REQUEST", method)) for method in _METHODS}
        self._answers = {method: register(Stream("ttp", link.name, "REPLY", method)) for method in _METHODS}

    async def join(self, prg_seed: bytes) -> None:
        """Give the TTP this party's seed."""
        self._record(self._asks["CreateSession"], "create session", (len(prg_seed),), "uint8")
        self._ttp.create_session(
            self._session_id, self._link.rank, prg_seed, world_size=2, adjust_rank=self._adjust_rank
        )
        if self._link.recorder is not None:
            self._link.recorder.called_ttp(None)

    def leave(self) -> None:
        """End this party's part in the session."""
        self._ttp.delete_session(self._session_id)
        if self._link.recorder is not None:
            self._link.recorder.finish()

    async def adjust_mul(self, buffers: Sequence[PrgBuffer]) -> Ring:
        """`TrustedThirdParty.adjust_mul` for this session."""
        return self._call("AdjustMul", self._ttp.adjust_mul, buffers)

    async def adjust_dot(self, buffers: Sequence[PrgBuffer], m: int, n: int, k: int) -> Ring:
        """`TrustedThirdParty.adjust_dot` for this session."""
        return self._call("AdjustDot", self._ttp.adjust_dot, buffers, m, n, k)

    async def adjust_mul_priv(self, buffers: Sequence[PrgBuffer], field_size: int) -> Words:
        """`TrustedThirdParty.adjust_mul_priv` for this session."""
        return self._call("AdjustMulPriv", self._ttp.adjust_mul_priv, buffers, field_size)

    async def adjust_cross_dot(
        self,
        masks: tuple[PrgBuffer, PrgBuffer],
        vectors: tuple[PrgBuffer, PrgBuffer],
        c: PrgBuffer,
        batch: int,
        rows: int,
        *,
        transpose: bool,
    ) -> Ring:
        """`TrustedThirdParty.adjust_cross_dot` for this session."""
        return self._call(
            "AdjustCrossDot", self._ttp.adjust_cross_dot, masks, vectors, c, batch, rows, transpose=transpose
        )

    def _call(self, method: str, function: Callable[..., Any], *arguments: object, **options: object) -> Any:
        self._record(self._asks[method], "adjust", _REQUEST_SHAPE, "uint64")
        correction = function(self._session_id, *arguments, **options)
        self._record(self._answers[method], "adjust", correction.shape, correction.dtype.name)
        if self._link.recorder is not None:
            self._link.recorder.called_ttp(correction)
        return correction

    def _record(self, stream: int, op: str, shape: tuple[int, ...], dtype: str) -> None:
        ledger = self._link.ledger
        ledger.record((stream, 0, self._link.round + 1, op, ledger.same_shape(shape, shape), dtype, now()))


_METHODS = ("CreateSession", "AdjustMul", "AdjustMulPriv", "AdjustDot", "AdjustCrossDot")

_REQUEST_SHAPE = (14,)
"""An adjust request as 64-bit numbers: up to five buffers of two, and four for field and shapes."""
