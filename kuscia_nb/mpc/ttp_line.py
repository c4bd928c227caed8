"""A party's line to the TTP, and what stands at both of its ends: nothing leads from a party to the TTP but two doors.

`TtpLine` stands at the TTP's end, writes down what comes over the line, and gives a party its handle for a session;
`TtpClient` is what the party does with that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal, NamedTuple

from ..errors import OpAdjustError, SessionError
from .door import Door
from .ledger import LISTED, WORD, Stream, now
from .link import Link
from .ring import Ring, Words
from .ttp import Ttp
from .ttp_session import Own, PrgBuffer

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
