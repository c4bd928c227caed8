"""The trusted third party: it turns the parties' seeds into corrections, and sees nothing else.

Both parties draw their parts of a triple (a, b, c) from their own seeds, so the parts of c do not multiply up to
a * b. The TTP was given the seeds, draws the same parts again, and tells one party (the *adjust rank*) the difference
to add to its c. It never receives a share, an opened value or anything else that depends on data.

Sessions and errors are those of the interconnection standard's BeaverService (spec: ss_lr §5a), and so are
`adjust_mul` and `adjust_dot`. `adjust_owned_dot` is ours: many products with one matrix whose columns belong to the
parties, each masked by its owner alone.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import NamedTuple

from ..errors import OpAdjustError, SessionError
from .link import Link, now
from .prg import BlockPrg
from .ring import BYTES, Ring, joined_matvec, joined_vecmat, matmul

VERSION = 2
FIELD_64 = 2
"""The standard's enum value for the ring Z_2^64."""


class PrgBuffer(NamedTuple):
    """Which draw: the counter at which every party drew it, and its size in ring elements (standard: PrgBufferMeta)."""

    counter: int
    elements: int


class Session:
    """The seeds of one computation, by rank."""

    def __init__(self, world_size: int, adjust_rank: int) -> None:
        self.world_size, self.adjust_rank = world_size, adjust_rank
        self.prgs: dict[int, BlockPrg] = {}
        self._masks: tuple[tuple[PrgBuffer, ...], list[Ring]] | None = None

    def reconstruct(self, buffer: PrgBuffer) -> Ring:
        """The sum of all parties' draws, shape (elements,)."""
        first, *others = self.prgs.values()
        total = first.at(*buffer)
        for prg in others:
            total = total + prg.at(*buffer)
        return total

    def masks(self, buffers: tuple[PrgBuffer, ...]) -> list[Ring]:
        """Every rank's own draw, remembering the last ones: a matrix is asked for once per product."""
        if self._masks is None or self._masks[0] != buffers:
            self._masks = buffers, [self.prgs[rank].at(*buffer) for rank, buffer in enumerate(buffers)]
        return self._masks[1]


class TrustedThirdParty:
    """An embedded TTP. Any number of sessions, from any thread."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()
        self.sessions_served = 0
        self.requests = 0
        """Adjust requests answered since the start."""

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
                self.sessions_served += 1
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
        """Forget a session's seeds. An unknown session is fine: every party may ask."""
        with self._lock:
            self._sessions.pop(session_id, None)

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
        right = session.reconstruct(b)
        product = matmul(session.reconstruct(a).reshape(m, k), right if n == 1 else right.reshape(k, n))
        return product.reshape(-1) - session.reconstruct(c)

    def adjust_owned_dot(
        self,
        session_id: str,
        masks: tuple[PrgBuffer, ...],
        v: PrgBuffer,
        c: PrgBuffer,
        batch: int,
        rows: int,
        *,
        transpose: bool = False,
        field: int = FIELD_64,
    ) -> Ring:
        """[A_0 | A_1] . R(v) - R(c) for `batch` matrices at once, flat.

        A_r (rows x its columns) is the draw of rank r alone. v has an element per column and c one per row of each
        matrix; with `transpose` the transposed matrices are multiplied, and it is the other way round.
        """
        session = self._session(session_id, [*masks, v, c], field)
        columns = [mask.elements // (batch * rows) for mask in masks]
        width = sum(columns)
        for rank, mask in enumerate(masks):
            _require(f"the mask of rank {rank}", mask, batch * rows * columns[rank])
        _require("v", v, batch * (rows if transpose else width))
        _require("c", c, batch * (width if transpose else rows))
        parts = [part.reshape(batch, rows, -1) for part in session.masks(masks)]
        vectors = session.reconstruct(v).reshape(batch, -1)
        if transpose:
            product = joined_vecmat(vectors, parts)
        else:
            product = joined_matvec(parts, vectors)
        return product.reshape(-1) - session.reconstruct(c)

    def _session(self, session_id: str, buffers: Sequence[PrgBuffer], field: int) -> Session:
        """The session of a request that is well formed, with every seed there."""
        self.requests += 1
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

    async def join(self, prg_seed: bytes) -> None:
        """Give the TTP this party's seed."""
        self._record("create session", True, "CreateSession", (len(prg_seed),), len(prg_seed))
        self._ttp.create_session(
            self._session_id, self._link.rank, prg_seed, world_size=2, adjust_rank=self._adjust_rank
        )

    def leave(self) -> None:
        """Let the TTP forget the session."""
        self._ttp.delete_session(self._session_id)

    async def adjust_mul(self, buffers: Sequence[PrgBuffer]) -> Ring:
        """`TrustedThirdParty.adjust_mul` for this session."""
        self._ask("AdjustMul")
        return self._answer("AdjustMul", self._ttp.adjust_mul(self._session_id, buffers))

    async def adjust_dot(self, buffers: Sequence[PrgBuffer], m: int, n: int, k: int) -> Ring:
        """`TrustedThirdParty.adjust_dot` for this session."""
        self._ask("AdjustDot")
        return self._answer("AdjustDot", self._ttp.adjust_dot(self._session_id, buffers, m, n, k))

    async def adjust_owned_dot(
        self, masks: tuple[PrgBuffer, ...], v: PrgBuffer, c: PrgBuffer, batch: int, rows: int, *, transpose: bool
    ) -> Ring:
        """`TrustedThirdParty.adjust_owned_dot` for this session."""
        self._ask("AdjustOwnedDot")
        correction = self._ttp.adjust_owned_dot(self._session_id, masks, v, c, batch, rows, transpose=transpose)
        return self._answer("AdjustOwnedDot", correction)

    def _ask(self, method: str) -> None:
        self._record("adjust", True, method, _REQUEST_SHAPE, BYTES * _REQUEST_SHAPE[0])

    def _answer(self, method: str, correction: Ring) -> Ring:
        self._record("adjust", False, method, correction.shape, correction.nbytes)
        return correction

    def _record(self, op: str, asking: bool, method: str, shape: tuple[int, ...], size: int) -> None:
        link = self._link
        sender, receiver, kind = (link.name, "ttp", "REQUEST") if asking else ("ttp", link.name, "REPLY")
        link.ledger.record((link.round + 1, op, sender, receiver, kind, method, shape, size, now()))


_REQUEST_SHAPE = (12,)
"""An adjust request as 64-bit numbers: up to four buffers of two, and four for field and shapes."""
