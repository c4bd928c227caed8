"""The trusted third party: it turns the parties' seeds into corrections, and sees nothing else.

Both parties draw their parts of a triple (a, b, c) from their own seeds, so the parts of c do not multiply up to
a * b. The TTP was given the seeds, draws the same parts again, and tells one party (the *adjust rank*) the difference
to add to its c. It never receives a share, an opened value or anything else that depends on data.

It gives out no correction that would tell one party something of the other's draws (see `ttp_session`).

Sessions and errors are those of the interconnection standard's BeaverService (spec: ss_lr §5a), and so are
`adjust_mul` and `adjust_dot`. `adjust_mul_priv` is SPU's (spec: ss_lr §5c): products of two numbers of
which each party has one. `adjust_cross_dot` is ours: many products at once, of one party's matrix and the other's
vector, each masked by its owner alone.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from ..errors import OpAdjustError, SessionError
from .prg import ELEMENTS_PER_BLOCK, BlockPrg
from .ring import WORDS, Ring, Words, batch_matvec, batch_vecmat, matmul
from .ttp_session import Own, PrgBuffer, Session, span
from .ttp_steps import Dot, Request, Steps, corrections

VERSION = 2
FIELD_64 = 2
"""The standard's enum value for the ring Z_2^64."""


class Ttp(Protocol):
    """What a TTP can be asked. `session_id` names the computation, a buffer a draw."""

    def create_session(self, session_id: str, rank: int, prg_seed: bytes, *, world_size: int, adjust_rank: int) -> None:
        """Register one party's seed."""

    def delete_session(self, session_id: str) -> None:
        """End one party's part."""

    def encrypted_seed(self, session_id: str) -> bytes | None:
        """This party's seed, to be passed on by the adjust rank: the TTP alone can read it.

        None, where the TTP gets every seed from its own party.
        """
        return None

    def add_encrypted_seed(self, session_id: str, rank: int, seed: bytes) -> None:
        """The peer's, as it came from the peer."""

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

    def adjust_steps(
        self, session_id: str, requests: Sequence[Request], stride: int, count: int, then: Steps | None = None
    ) -> list[Words]:
        """The corrections of `count` steps with the same requests, (count, elements of c) for each of these.

        `requests` are those of the first step; what they are about is drawn `stride` blocks later in the next one, and
        so on. A TTP that answers only single requests is asked for one after the other. `then` is what the next call
        will ask for: who has to ask a TTP far away can do so already.
        """
        answers: list[list[Words]] = [[] for _ in requests]
        for step in range(count):
            for request, answered in zip(requests, answers, strict=True):
                a, *more, c = (PrgBuffer(at + step * stride, elements) for at, elements in request.buffers)
                if isinstance(request, Dot):
                    answer = self.adjust_dot(session_id, [a, *more, c], c.elements, 1, request.b.elements)
                else:
                    answer = self.adjust_mul_priv(session_id, [a, c], request.field_size)
                answered.append(answer)
        return [np.array(answered) for answered in answers]


class TrustedThirdParty(Ttp):
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
        self._claim(session, [span(masks), span(vectors), c])
        parts = [part.reshape(batch, rows, -1) for part in session.own_draws(masks)]
        v = [session.prgs[rank].at(*vectors[rank]).reshape(batch, -1) for rank in (0, 1)]
        if transpose:
            product = np.concatenate([batch_vecmat(v[1], parts[0]), batch_vecmat(v[0], parts[1])], axis=1)
        else:
            product = batch_matvec(parts[0], v[1]) + batch_matvec(parts[1], v[0])
        return product.reshape(-1) - session.reconstruct(c)

    def adjust_steps(
        self, session_id: str, requests: Sequence[Request], stride: int, count: int, then: Steps | None = None
    ) -> list[Words]:
        """As `Ttp.adjust_steps`, in a few passes over all that was drawn."""
        session = None
        for request in requests:
            session = self._session(session_id, request.buffers, FIELD_64, request.field_size, count)
            request.check()
        if session is None or stride <= 0 or count <= 0:
            raise OpAdjustError(f"{len(requests)} requests in {count} steps of {stride} blocks are none")
        draws = [draw for request in requests for draw in request.draws]
        if not self._replays:
            with self._lock:
                session.claim_steps(draws, stride, count)
        with session.busy:
            return corrections(session.draws(draws[0].counter, ELEMENTS_PER_BLOCK * stride * count), requests, count)

    def _session(
        self, session_id: str, buffers: Sequence[PrgBuffer], field: int, size: int = 8, count: int = 1
    ) -> Session:
        """The session of `count` well-formed requests, with every seed there.

        c is the last buffer, items of `size` bytes.
        """
        with self._lock:
            self.requests += count
            self.bytes += count * buffers[-1].elements * size
        session = self._sessions.get(session_id)
        if session is None:
            raise SessionError("the TTP has no such session", where=session_id)
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


def _require(name: str, buffer: PrgBuffer, elements: int) -> None:
    if buffer.elements != elements:
        raise OpAdjustError(f"{name} has {buffer.elements} elements, its shape needs {elements}")
