"""Messages to and from a SecretFlow SPU: meeting it, waiting for what it sends, parting from it (spec: ss_lr §6a).

The party's own thread does all of it. Whatever waits here, for a message, for room to write or for the window, reads
meanwhile, or two parties that both send megabytes would wait for each other for ever.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import NotReached, PeerFailed, TimeLimit
from .channel_transport import ChannelTransport
from .sockets import Address, Tls
from .spu_channel import BOUNDS, Bounds, SpuChannel
from .spu_endpoint import SpuEndpoint

_RETRY = 1.0
_REPORT = 5.0
_LINGER = 1.0
"""Seconds for which a peer that has what it needs may still have its last calls answered: a SPU dies without."""
_TRY = 10.0
"""Seconds until an attempt to get through counts as failed."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How a link behaves; both ends have to have the same `numbered`."""

    numbered: bool = True
    """Whether messages have numbers: SPU's `disable_msg_seq_id` the other way round."""
    window: int = 10
    """Messages under way that were not acknowledged; 0 for any number (SPU: throttle_window_size)."""
    part: int = 2**20
    """Bytes from which a message is cut into parts (SPU: http_max_payload_size)."""
    connect_seconds: float = 60
    """Until the peer has to be there."""
    message_seconds: float = 30
    """Without a sign of life from the peer, until a message has to be there."""
    end_seconds: float = 10
    """For the last words."""
    bounds: Bounds = BOUNDS


def _silent(text: str) -> None:
    """Nobody wants to know."""


class SpuTransport(ChannelTransport[SpuEndpoint]):
    """One party's end. It listens at once; `connect` meets the peer. Whoever has it calls `close` or `abort`."""

    def __init__(
        self,
        rank: int,
        peer: Address,
        own: Address,
        terms: Terms | None = None,
        tls: Tls | None = None,
        report: Callable[[str], None] = _silent,
    ) -> None:
        """`peer` is where the other party listens, `own` where this one does; `report` hears of failed attempts."""
        self._rank, self._peer, self._terms, self._report = rank, peer, terms or Terms(), report
        t = self._terms
        self._channel = SpuChannel(rank, numbered=t.numbered, window=t.window, part=t.part, bounds=t.bounds)
        self._end = SpuEndpoint(peer, own, tls, self._channel.receive)

    @property
    def address(self) -> Address:
        """Where this party listens."""
        return self._end.address

    # The beginning.

    def connect(self) -> None:
        """Meet the peer. NotReached, if it is not there in time."""
        began, attempts, last = time.monotonic(), 0, ""
        deadline, next_try, next_report = began + self._terms.connect_seconds, began, began + _REPORT
        try:
            while not (self._end.out and not self._end.greeting and self._channel.connected):
                now = time.monotonic()
                if now >= deadline:
                    raise self._not_reached(now - began, attempts, last)
                if now >= next_report and (attempts or self._end.out):
                    self._report(f"{self._peer}: {self._state(last)} ({attempts} attempts in {now - began:.0f} s)")
                    next_report = now + _REPORT
                if self._end.out is None and now >= next_try:
                    attempts, next_try = attempts + 1, now + _RETRY
                    last = self._end.dial(min(deadline, now + _TRY))
                    if not last:
                        self._end.greet(self._channel.hello())
                elif self._end.out is not None and self._end.greeting and now >= next_try:
                    self._end.greet(self._channel.hello())
                    next_try = now + _RETRY
                else:
                    self._end.turn(
                        min(deadline, next_report, next_try if self._end.greeting or not self._end.out else deadline)
                    )
                if self._end.cut:
                    last, self._end.cut = self._end.cut, ""
        except BaseException:
            self.abort()
            raise
        self._end.heard = time.monotonic()

    def _state(self, last: str) -> str:
        if self._end.out is None:
            return last or "no connection yet"
        if self._end.out.shaking_hands:
            return "it listens, and does not shake hands for TLS"
        if self._end.greeting:
            return last or "it listens, and has not answered yet"
        return "it is there, and has not dialled back to this party yet"

    def _not_reached(self, seconds: float, attempts: int, last: str) -> NotReached:
        peer = f"rank {1 - self._rank} at {self._peer}"
        if self._end.out is not None and not self._end.greeting:
            what = f"{peer} answers, but has not dialled this party in {seconds:.0f} s"
            hint = f"the peer has to be able to dial {self.address.host} port {self.address.port}, "
            hint += "and to have this party's address"
        else:
            what = f"{peer} was not reached in {seconds:.0f} s: {self._state(last)} ({attempts} attempts)"
            hint = "start the other party, check address and port, or raise --connect-timeout"
        return NotReached(what + self._last_strange(), hint=hint)

    # Messages.

    def _wait(self, until: Callable[[], bool], what: str) -> None:
        seconds, began = self._terms.message_seconds, time.monotonic()
        while not until():
            if self._end.error is not None:
                raise self._end.error
            if self._end.cut:
                where, hint = f"rank {1 - self._rank} at {self._peer}", "the other party's log says why it ended"
                raise PeerFailed(
                    f"the peer is gone while this party waited for {what}: {self._end.cut}", where=where, hint=hint
                )
            deadline = max(self._end.heard, began) + seconds
            if time.monotonic() >= deadline:
                raise self._late(what)
            self._end.turn(deadline)
            self._end.write(self._channel.leaving())

    def _late(self, what: str) -> TimeLimit:
        silent = time.monotonic() - self._end.heard
        text = (
            f"waited {self._terms.message_seconds:g} s for {what}; the peer's last sign of life was {silent:.0f} s ago"
        )
        unread = self._channel.unread()
        if unread:
            text += f"; it has sent {', '.join(unread[:4])}, which this party does not ask for"
        hint = "see whether the other party still runs; if it computes, raise --message-timeout"
        if unread:
            hint = "the same rows, batch_size, l2_norm, truncation and openings at both parties; "
            hint += "--no-handshake, if the peer has none"
        return TimeLimit(text + self._last_strange(), where=f"rank {1 - self._rank} at {self._peer}", hint=hint)

    # The end.

    def close(self) -> None:
        """Part from the peer: when this returns, all messages have arrived at both. TimeLimit, if that takes long."""
        try:
            if self._end.out is not None:
                self._part()
        finally:
            self.abort()

    def _part(self) -> None:
        deadline = time.monotonic() + self._terms.end_seconds
        if self._channel.held_back:
            self._wait(lambda: not self._channel.held_back, "room for the last messages")
        self._end.write(self._channel.finish())
        while not self._channel.finished or self._end.busy:
            if self._end.cut and self._channel.finished:
                return
            if self._end.cut:
                raise PeerFailed(f"the peer is gone before the end of the link: {self._end.cut}")
            if time.monotonic() >= deadline:
                what = f"the peer did not end the link within {self._terms.end_seconds:g} s"
                raise TimeLimit(what, hint="its log says whether it has failed; its last message is missing")
            self._end.turn(deadline)
            self._end.write(self._channel.leaving())
        self._end.hang_up("")  # by which a peer of ours sees that all is said
        deadline = time.monotonic() + _LINGER
        while self._end.dialled and time.monotonic() < deadline:
            self._end.turn(deadline)

    def abort(self) -> None:
        """Let go of everything, now; again is fine."""
        self._end.abort()

    def stop(self, error: BaseException) -> None:
        """From any thread: end this party's waiting, now or later, with `error`."""
        self._end.stop(error)
