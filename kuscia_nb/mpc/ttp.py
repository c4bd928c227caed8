"""The trusted third party: it turns the parties' seeds into corrections, and sees nothing else.

Both parties draw their parts of a triple (a, b, c) from their own seeds, so the parts of c do not multiply up to
a * b. The TTP was given the seeds, draws the same parts again, and tells one party (the *adjust rank*) the difference
to add to its c. It never receives a share, an opened value or anything else that depends on data.

A number that was drawn serves one purpose: no c is adjusted twice, and none was or becomes a part of another triple.
Otherwise an adjust rank could ask for R(a)^2 - R(a), and its peer's a would follow. SPU's server does not look: it
replays whatever it is asked, by whoever knows the session.

Sessions and errors are those of the interconnection standard's BeaverService (spec: ss_lr §5a), and so are
`adjust_mul` and `adjust_dot`. `adjust_mul_priv` is SPU's (§5c): products of two numbers of which each party has one.
`adjust_cross_dot` is ours: many products at once, of one party's matrix and the other's vector, each masked by its
owner alone.
"""

from __future__ import annotations

import hashlib
import threading
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np

from ..errors import OpAdjustError, SessionError
from .door import Door
from .ledger import LISTED, WORD, Stream, now
from .link import Link
from .prg import ELEMENTS_PER_BLOCK, BlockPrg, blocks_of
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

    @property
    def end(self) -> int:
        """The counter behind its last block."""
        return self.counter + blocks_of(self.elements)

    def of_words(self, size: int) -> PrgBuffer:
        """This draw in ring elements, when its elements are words of `size` bytes, 4 or 8."""
        return PrgBuffer(self.counter, -(-self.elements * size // 8))


Own = tuple[PrgBuffer, PrgBuffer]
"""A draw that each rank has for itself, by rank."""


class Session:
    """The seeds of one computation, by rank, and which counters were used for what."""

    def __init__(self, world_size: int, adjust_rank: int) -> None:
        self.world_size, self.adjust_rank = world_size, adjust_rank
        self.prgs: dict[int, BlockPrg] = {}
        self.digests: set[bytes] = set()
        """Of the seeds."""
        self.left = 0
        self._masks: tuple[Own, list[Ring]] | None = None
        self._end = 0  # behind everything that was asked for
        self._adjusted: list[int] = []  # where each c that was adjusted begins, and where it ends; rising

    def claim(self, draws: Sequence[PrgBuffer]) -> None:
        """Use up the counters of c, the last draw, which goes with the others. OpAdjustError, if any is used."""
        counter = end = self._end
        for counter, elements in draws:
            if counter < end:
                return self._claim_in_any_order(draws)
            end = counter + blocks_of(elements)
        self._adjusted += counter, end
        self._end = end

    def _claim_in_any_order(self, draws: Sequence[PrgBuffer]) -> None:
        """The same for draws that are not simply new and in order."""
        *parts, c = [(draw.counter, draw.end) for draw in draws]
        if c[0] < self._end:
            what = f"c at counter {c[0]} is not behind all that was asked before, which ends at {self._end}"
            raise OpAdjustError(what, hint="each triple is drawn anew, and asked for once")
        behind = 0
        for begin, end in sorted([*parts, c]):
            if begin < behind:
                raise OpAdjustError(f"the draws of one triple overlap at counter {begin}")
            behind = end
        for begin, end in parts:
            i = bisect_right(self._adjusted, begin) // 2 * 2  # where the first c begins that ends behind `begin`
            if i < len(self._adjusted) and self._adjusted[i] < end:
                what = f"the draw at counter {begin} overlaps a c that was adjusted, at {self._adjusted[i]}"
                raise OpAdjustError(what)
        self._adjusted += c
        self._end = max(behind, self._end)

    def reconstruct(self, buffer: PrgBuffer) -> Ring:
        """The sum of all parties' draws, shape (elements,)."""
        first, *others = self.prgs.values()
        total = first.at(*buffer)
        for prg in others:
            total = total + prg.at(*buffer)
        return total

    def own_draws(self, buffers: Own) -> list[Ring]:
        """Each rank's own draw, remembering the last ones: the masks of a matrix are asked for once per product."""
        if self._masks is None or self._masks[0] != buffers:
            self._masks = buffers, [self.prgs[rank].at(*buffer) for rank, buffer in enumerate(buffers)]
        return self._masks[1]


class Ttp(Protocol):
    """What a TTP can be asked. `session_id` names the computation, a buffer a draw."""

    def create_session(self, session_id: str, rank: int, prg_seed: bytes, *, world_size: int, adjust_rank: int) -> None:
        """Register one party's seed."""

    def delete_session(self, session_id: str) -> None:
        """End one party's part."""

    def adjust_mul(self, session_id: str, buffers: Sequence[PrgBuffer]) -> Ring:
        """The correction of an elementwise product."""
        ...

    def adjust_mul_priv(self, session_id: str, buffers: Sequence[PrgBuffer], field_size: int) -> Words:
        """The correction of products of which each party has a factor."""
        ...

    def adjust_dot(self, session_id: str, buffers: Sequence[PrgBuffer], m: int, n: int, k: int) -> Ring:
        """The correction of a matrix product."""
        ...

    def adjust_cross_dot(
        self, session_id: str, masks: Own, vectors: Own, c: PrgBuffer, batch: int, rows: int, *, transpose: bool
    ) -> Ring:
        """The correction of one party's matrices times the other's vectors."""
        ...


class TrustedThirdParty:
    """An embedded TTP. Any number of sessions, from any thread.

    With `replays` it answers what it has answered already, as SPU's server does: to show what comes of it.
    """

    def __init__(self, *, replays: bool = False) -> None:
        self._replays = replays
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()
        self.opened = self.requests = self.bytes = 0
        """Since the start: sessions opened, adjust requests, and bytes of corrections given out."""

    def create_session(
        self, session_id: str, rank: int, prg_seed: bytes, *, world_size: int, adjust_rank: int, version: int = VERSION
    ) -> None:
        """Register one party's seed. Every party does this once, with the same world size and adjust rank.

        Raises `SessionError` for another version, a rank outside the world, a rank that is already there, the seed of
        another rank, or terms that differ from those of the other party.
        """
        if version > VERSION:
            raise SessionError(f"TTP version {version} was required, this is version {VERSION}")
        for what, number in (("rank", rank), ("adjust_rank", adjust_rank)):
            if not 0 <= number < world_size:
                raise SessionError(f"{what} {number} is not one of the {world_size} parties", where=session_id)
        prg, digest = BlockPrg(prg_seed), hashlib.sha256(prg_seed).digest()
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
            if digest in session.digests:
                raise SessionError(f"rank {rank} has the seed of another rank", where=session_id, hint="a fresh seed")
            session.prgs[rank] = prg
            session.digests.add(digest)

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
        self._claim(session, buffers)
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
        self._claim(session, buffers)
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
        session = self._session(session_id, buffers, FIELD_64, field_size)
        a, c = buffers
        if a.elements != c.elements:
            raise OpAdjustError(f"a and c must have one size, got {a.elements} and {c.elements}")
        self._claim(session, [a.of_words(field_size), c.of_words(field_size)])
        first, *others = session.prgs.values()
        product, known = first.words(*a, field_size), first.words(*c, field_size)
        for prg in others:
            product, known = product * prg.words(*a, field_size), known + prg.words(*c, field_size)
        return product - known

    def adjust_cross_dot(
        self,
        session_id: str,
        masks: Own,
        vectors: Own,
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
        self._claim(session, [_span(masks), _span(vectors), c])
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
        for counter, elements in buffers:
            if elements <= 0 or counter < 0:
                raise OpAdjustError(f"an empty buffer or a negative counter: {(counter, elements)}")
        return session

    def _claim(self, session: Session, draws: Sequence[PrgBuffer]) -> None:
        """Every draw of a request is used for what it is asked for, and for nothing else."""
        if not self._replays:
            with self._lock:
                session.claim(draws)


def _span(own: Own) -> PrgBuffer:
    """From where the draws of all ranks begin to where they end."""
    begin, end = min(draw.counter for draw in own), max(draw.end for draw in own)
    return PrgBuffer(begin, ELEMENTS_PER_BLOCK * (end - begin))


def _require(name: str, buffer: PrgBuffer, elements: int) -> None:
    if buffer.elements != elements:
        raise OpAdjustError(f"{name} has {buffer.elements} elements, its shape needs {elements}")


Method = Literal["CreateSession", "AdjustMul", "AdjustMulPriv", "AdjustDot", "AdjustCrossDot"]
"""A request as the standard's BeaverService calls it."""

_FUNCTIONS: dict[Method, str] = {
    "CreateSession": "create_session",
    "AdjustMul": "adjust_mul",
    "AdjustMulPriv": "adjust_mul_priv",
    "AdjustDot": "adjust_dot",
    "AdjustCrossDot": "adjust_cross_dot",
}
"""Request -> the TTP's function."""

_REQUEST_SHAPE = (14,)
"""An adjust request as 64-bit numbers: up to five buffers of two, and four for field and shapes."""


class TtpHandle(NamedTuple):
    """One rank of one session, as its party holds it: two doors."""

    ask: Callable[..., Any]
    """(method, the request's arguments): a correction."""
    leave: Callable[[], None]
    """End this party's part in the session; again is fine."""


JoinTtp = Door[[str, bytes, int], TtpHandle]
"""A door to the `join` of a party's line."""


class TtpLine:
    """A party's line to the TTP, at the TTP's end. What comes over it is in the ledger; `scope` names its sessions.

    A program holds `join` by a door, and gets a handle for each session that it joins.
    """

    def __init__(self, ttp: Ttp, link: Link, scope: str = "") -> None:
        self._ttp, self._link, self._scope = ttp, link, scope
        self._handles: list[TtpHandle] = []
        self._written = 0
        self._page = link.ledger.page(f"{link.name} ttp")
        register = self._page.register
        self._asks = {method: register(Stream(link.name, "ttp", "REQUEST", method)) for method in _FUNCTIONS}
        self._answers = {method: register(Stream("ttp", link.name, "REPLY", method)) for method in _FUNCTIONS}

    def join(self, session_id: str, prg_seed: bytes, adjust_rank: int) -> TtpHandle:
        """Open a session, or join the peer's."""
        self._record(self._asks["CreateSession"], "create session", (len(prg_seed),), "uint8")
        rank, scoped = self._link.rank, self._scope + session_id
        self._ttp.create_session(scoped, rank, prg_seed, world_size=2, adjust_rank=adjust_rank)
        joined = [scoped]
        handle = TtpHandle(Door(partial(self._ask, joined, adjust_rank)), Door(partial(self._leave, joined)))
        self._handles.append(handle)
        return handle

    def close(self) -> None:
        """Leave every session."""
        for handle in self._handles:
            handle.leave()

    def _ask(self, joined: list[str], adjust_rank: int, method: Method, *arguments: object, **options: object) -> Any:
        """A correction, for the adjust rank of a session; `joined` is its id until the party has left."""
        self._record(self._asks[method], "adjust", _REQUEST_SHAPE, "uint64")
        if self._link.rank != adjust_rank:
            raise OpAdjustError(f"only rank {adjust_rank} is told corrections, and rank {self._link.rank} has asked")
        if not joined:
            raise SessionError(f"{self._link.name} has left the session")
        correction = getattr(self._ttp, _FUNCTIONS[method])(joined[0], *arguments, **options)
        self._record(self._answers[method], "adjust", correction.shape, WORD[correction.itemsize])
        return correction

    def _leave(self, joined: list[str]) -> None:
        while joined:
            self._ttp.delete_session(joined.pop())

    def _record(self, stream: int, op: str, shape: tuple[int, ...], dtype: str) -> None:
        page, self._written = self._page, self._written + 1
        if self._written % LISTED == 0:
            page.compact()
        page.record((stream, 0, self._link.round + 1, op, page.same_shape(shape, shape), dtype, now()))


class TtpClient:
    """What a party does with its handle for one session. It knows no TTP, and reaches none."""

    def __init__(self, handle: TtpHandle, link: Link, adjust_rank: int) -> None:
        self._handle, self._recorder = handle, link.recorder
        self.adjusts = link.rank == adjust_rank
        """Whether this party is the one that gets the corrections."""
        if self._recorder is not None:
            self._recorder.called_ttp(None)

    @classmethod
    async def join(
        cls, ttp: Ttp | JoinTtp, link: Link, session_id: str, adjust_rank: int, prg_seed: bytes
    ) -> TtpClient:
        """Give the TTP this party's seed. A program has a door; a TTP itself is for who has both sides."""
        join = ttp if isinstance(ttp, Door) else TtpLine(ttp, link).join
        return cls(join(session_id, prg_seed, adjust_rank), link, adjust_rank)

    def leave(self) -> None:
        """End this party's part in the session."""
        self._handle.leave()
        if self._recorder is not None:
            self._recorder.finish()

    async def adjust_mul(self, buffers: Sequence[PrgBuffer]) -> Ring:
        """`TrustedThirdParty.adjust_mul` for this session."""
        return self._ask("AdjustMul", buffers)

    async def adjust_mul_priv(self, buffers: Sequence[PrgBuffer], field_size: int) -> Words:
        """`TrustedThirdParty.adjust_mul_priv` for this session."""
        return self._ask("AdjustMulPriv", buffers, field_size)

    async def adjust_dot(self, buffers: Sequence[PrgBuffer], m: int, n: int, k: int) -> Ring:
        """`TrustedThirdParty.adjust_dot` for this session."""
        return self._ask("AdjustDot", buffers, m, n, k)

    async def adjust_cross_dot(
        self, masks: Own, vectors: Own, c: PrgBuffer, batch: int, rows: int, *, transpose: bool
    ) -> Ring:
        """`TrustedThirdParty.adjust_cross_dot` for this session."""
        return self._ask("AdjustCrossDot", masks, vectors, c, batch, rows, transpose=transpose)

    def _ask(self, method: Method, *arguments: object, **options: object) -> Any:
        correction = self._handle.ask(method, *arguments, **options)
        if self._recorder is not None:
            self._recorder.called_ttp(correction)
        return correction
