"""A party's line to the TTP, and what stands at both of its ends: nothing leads from a party to the TTP but two doors.

`TtpLine` stands at the TTP's end, writes down what comes over the line, and gives a party its handle for a session;
`TtpClient` is what the party does with that.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np

from ..errors import OpAdjustError, SessionError, TtpError
from .door import Door, opened
from .ledger import LISTED, WORD, Stream, now
from .link import Link
from .payload import RING, Shape, as_array, compared
from .ring import WORDS, Ring, Words
from .ttp import Ttp
from .ttp_session import Own, PrgBuffer
from .ttp_steps import Dot, MulPriv, Request, Steps

Method = Literal["CreateSession", "AdjustMul", "AdjustMulPriv", "AdjustDot", "AdjustCrossDot"]
"""A request as the standard's BeaverService calls it."""

_METHODS: dict[type[Request], Method] = {Dot: "AdjustDot", MulPriv: "AdjustMulPriv"}
"""Of the requests of steps."""

_FUNCTIONS: dict[Method, str] = {
    "CreateSession": "create_session",
    "AdjustMul": "adjust_mul",
    "AdjustMulPriv": "adjust_mul_priv",
    "AdjustDot": "adjust_dot",
    "AdjustCrossDot": "adjust_cross_dot",
}
"""Request -> the TTP's function."""

_Listed = tuple[int, int, tuple[int, ...], str]
"""A request as it is written down: its stream, that of its reply, shape and type of the correction."""

_TYPES = {size: np.dtype(word) for size, word in WORDS.items()}
"""Bytes of an element -> its type."""

_SEED = "encrypted seed for the TTP"

_REQUEST_SHAPE = (14,)
"""An adjust request as 64-bit numbers: up to five buffers of two, and four for field and shapes."""


class TtpHandle(NamedTuple):
    """One rank of one session, as its party holds it: doors."""

    ask: Callable[..., Any]
    """(method, the request's arguments): a correction."""
    ask_ahead: Callable[[Sequence[Request], int, int, Steps | None], list[Words]]
    """(requests, stride, count, then): the corrections of so many steps, see `Ttp.adjust_steps`."""
    list_next: Callable[[int], None]
    """The request of this number is listed once more: its next step has come."""
    seal: Callable[[], bytes | None]
    """This party's seed for the adjust rank, see `Ttp.encrypted_seed`."""
    pass_on: Callable[[bytes], None]
    """The peer's."""
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
        rows: list[_Listed] = []
        handle = TtpHandle(
            Door(partial(self._ask, joined, adjust_rank)),
            Door(partial(self._ask_ahead, joined, adjust_rank, rows)),
            opened(self._listing(rows)),
            Door(partial(self._ttp.encrypted_seed, scoped)),
            Door(partial(self._ttp.add_encrypted_seed, scoped, 1 - rank)),
            Door(partial(self._leave, joined)),
        )
        self._handles.append(handle)
        return handle

    def close(self) -> None:
        """Leave every session."""
        for handle in self._handles:
            handle.leave()

    def _ask(self, joined: list[str], adjust_rank: int, method: Method, *arguments: object, **options: object) -> Any:
        """A correction, for the adjust rank of a session; `joined` is its id until the party has left."""
        self._record(self._asks[method], "adjust", _REQUEST_SHAPE, "uint64")
        session_id = self._checked(joined, adjust_rank)
        correction = getattr(self._ttp, _FUNCTIONS[method])(session_id, *arguments, **options)
        if isinstance(correction, np.ndarray) and correction.itemsize in WORD:  # or its client will complain
            self._record(self._answers[method], "adjust", correction.shape, WORD[correction.itemsize])
        return correction

    def _ask_ahead(
        self,
        joined: list[str],
        adjust_rank: int,
        rows: list[_Listed],
        requests: Sequence[Request],
        stride: int,
        count: int,
        then: Steps | None = None,
    ) -> list[Words]:
        """The corrections of steps that are to come; `rows` becomes what `_listing` writes down for a step."""
        corrections = self._ttp.adjust_steps(self._checked(joined, adjust_rank), requests, stride, count, then)
        self._count(2 * len(requests) * count)
        methods = [_METHODS[type(request)] for request in requests]
        rows[:] = [
            (self._asks[method], self._answers[method], correction.shape[1:], WORD[correction.itemsize])
            for method, correction in zip(methods, corrections, strict=True)
        ]
        return corrections

    def _listing(self, rows: list[_Listed]) -> Generator[None, int, None]:
        """Write a request of a step and its reply down, when they would go over a wire."""
        page, link = self._page, self._link
        while True:
            ask, answer, shape, dtype = rows[(yield)]
            round, time = link.round + 1, now()
            page.record((ask, 0, round, "adjust", _REQUEST_SHAPE, "uint64", time))
            page.record((answer, 0, round, "adjust", shape, dtype, time))

    def _checked(self, joined: list[str], adjust_rank: int) -> str:
        """The session's id, for who may ask."""
        if self._link.rank != adjust_rank:
            raise OpAdjustError(f"only rank {adjust_rank} is told corrections, and rank {self._link.rank} has asked")
        if not joined:
            raise SessionError(f"{self._link.name} has left the session")
        return joined[0]

    def _leave(self, joined: list[str]) -> None:
        while joined:
            self._ttp.delete_session(joined.pop())

    def _record(self, stream: int, op: str, shape: tuple[int, ...], dtype: str) -> None:
        page = self._page
        self._count(1)
        page.record((stream, 0, self._link.round + 1, op, page.same_shape(shape, shape), dtype, now()))

    def _count(self, written: int) -> None:
        """Keep the page bounded."""
        self._written += written
        if self._written % LISTED < written:
            self._page.compact()


class TtpClient:
    """What a party does with its handle for one session. It knows no TTP, and reaches none."""

    def __init__(self, handle: TtpHandle, link: Link, adjust_rank: int) -> None:
        self._handle, self._name = handle, link.name
        self.list_next = handle.list_next
        self.adjusts = link.rank == adjust_rank
        """Whether this party is the one that gets the corrections."""

    @classmethod
    async def join(
        cls, ttp: Ttp | JoinTtp, link: Link, session_id: str, adjust_rank: int, prg_seed: bytes
    ) -> TtpClient:
        """Give the TTP this party's seed. A program has a door; a TTP itself is for who has both sides."""
        join = ttp if isinstance(ttp, Door) else TtpLine(ttp, link).join
        return link.variant(cls)(join(session_id, prg_seed, adjust_rank), link, adjust_rank)

    async def meet(self, link: Link) -> None:
        """Let the adjust rank have the peer's seed for the TTP, where the TTP does not get it from the peer itself."""
        if (sealed := self._handle.seal()) is None:
            return
        if self.adjusts:
            self._handle.pass_on(await link.receive(_SEED))
        else:
            await link.send(sealed, _SEED)

    def leave(self) -> None:
        """End this party's part in the session."""
        self._handle.leave()

    async def adjust_ahead(
        self, requests: Sequence[Request], stride: int, count: int, then: Steps | None = None
    ) -> list[Words]:
        """`Ttp.adjust_steps` for this session. Each request is listed when its step comes: see `list_next`."""
        replies = self._handle.ask_ahead(requests, stride, count, then)
        return [
            self._checked(reply, _METHODS[type(one)], _TYPES[one.field_size], (count, one.c.elements))
            for one, reply in zip(requests, replies, strict=True)
        ]

    async def adjust_mul(self, buffers: Sequence[PrgBuffer]) -> Ring:
        """`TrustedThirdParty.adjust_mul` for this session."""
        return self._ask("AdjustMul", RING, (buffers[-1].elements,), buffers)

    async def adjust_mul_priv(self, buffers: Sequence[PrgBuffer], field_size: int) -> Words:
        """`TrustedThirdParty.adjust_mul_priv` for this session."""
        return self._ask("AdjustMulPriv", _TYPES[field_size], (buffers[-1].elements,), buffers, field_size)

    async def adjust_dot(self, buffers: Sequence[PrgBuffer], m: int, n: int, k: int) -> Ring:
        """`TrustedThirdParty.adjust_dot` for this session."""
        return self._ask("AdjustDot", RING, (m * n,), buffers, m, n, k)

    async def adjust_cross_dot(
        self, masks: Own, vectors: Own, c: PrgBuffer, batch: int, rows: int, *, transpose: bool
    ) -> Ring:
        """`TrustedThirdParty.adjust_cross_dot` for this session."""
        shape = (c.elements,)
        return self._ask("AdjustCrossDot", RING, shape, masks, vectors, c, batch, rows, transpose=transpose)

    def _ask(self, method: Method, dtype: np.dtype[Any], shape: Shape, *arguments: object, **options: object) -> Any:
        return self._checked(self._handle.ask(method, *arguments, **options), method, dtype, shape)

    def _checked(self, reply: object, method: Method, dtype: np.dtype[Any], shape: Shape) -> Any:
        """A reply of the TTP; TtpError, if it is no array of this type and shape."""
        correction = as_array(reply, dtype, shape)
        if correction is None:
            got, expected = compared(reply, dtype, shape)
            raise TtpError(f"{self._name} got {got} of the reply to {method} from the TTP, expected {expected}")
        return correction
