"""A program's end of a link through black-box transport: yacl's channel, message by message in pushes and pops."""

from __future__ import annotations

import time
from collections.abc import Callable

from ...errors import NotReached, TimeLimit
from ..channel_transport import ChannelTransport
from ..spu_channel import SpuChannel
from ..spu_transport import Terms
from .end import BlackBoxEnd, Endpoint

_REPORT = 5.0


class BlackBoxTransport(ChannelTransport[BlackBoxEnd]):
    """One party's end. `connect` meets the peer. Whoever has it calls `close` or `abort`.

    No message tells whether the peer still computes, so `message_seconds` of the terms have to be enough for that.
    """

    def __init__(
        self,
        rank: int,
        peer: str,
        endpoint: Endpoint,
        terms: Terms,
        report: Callable[[str], None] = lambda line: None,
    ) -> None:
        """`peer`: the other node's name; `report` hears of what is not there yet."""
        self._rank, self._peer, self._terms, self._report = rank, peer, terms, report
        self._channel = SpuChannel(rank, window=terms.window, part=terms.part, bounds=terms.bounds)
        self._end = BlackBoxEnd(endpoint, self._channel.receive, terms.message_seconds)

    def connect(self) -> None:
        """Meet the peer. NotReached, if it is not there in time."""
        began = time.monotonic()
        deadline, next_report = began + self._terms.connect_seconds, began + _REPORT
        try:
            self._end.write([self._channel.hello()])
            while self._end.busy or not self._channel.connected:
                now = time.monotonic()
                if now >= deadline:
                    raise self._not_reached(now - began)
                if now >= next_report:
                    self._report(f"{self._peer}: {self._state()} ({now - began:.0f} s)")
                    next_report = now + _REPORT
                self._end.turn(min(deadline, next_report))
        except BaseException:
            self.abort()
            raise
        self._end.heard = time.monotonic()

    def _state(self) -> str:
        if self._end.busy:
            return self._end.trouble or "the endpoint has not answered yet"
        return "its program has not said that it is there yet"

    def _not_reached(self, seconds: float) -> NotReached:
        what = f"rank {1 - self._rank} at node {self._peer} was not reached in {seconds:.0f} s: {self._state()}"
        hint = "start the other party with the same --parties and --session, or raise --connect-timeout"
        if self._end.busy:
            hint = "both endpoints have to run, and to know each other; kuscia-nb doctor --transport looks at them"
        return NotReached(what + self._last_strange(), hint=hint)

    def _wait(self, until: Callable[[], bool], what: str) -> None:
        seconds, began = self._terms.message_seconds, time.monotonic()
        while not until():
            deadline = max(self._end.heard, began) + seconds
            if time.monotonic() >= deadline:
                raise self._late(what)
            self._end.turn(deadline)
            self._end.write(self._channel.leaving())

    def _late(self, what: str) -> TimeLimit:
        silent = time.monotonic() - self._end.heard
        text = f"waited {self._terms.message_seconds:g} s for {what}; the peer's last message came {silent:.0f} s ago"
        unread = self._channel.unread()
        hint = "see whether the other party still runs; if it computes, raise --message-timeout"
        if unread:
            text += f"; it has sent {', '.join(unread[:4])}, which this party does not ask for"
            hint = "the same rows, batch_size, l2_norm, truncation, openings and --no-handshake at both parties"
        if self._end.busy:
            text += f"; not delivered: {self._end.trouble or 'no answer'}"
        return TimeLimit(text + self._last_strange(), where=f"rank {1 - self._rank} at node {self._peer}", hint=hint)

    def close(self) -> None:
        """Part from the peer: when this returns, all messages have arrived at both. TimeLimit, if that takes long."""
        try:
            if self._channel.held_back:
                self._wait(lambda: not self._channel.held_back, "room for the last messages")
            deadline = time.monotonic() + self._terms.end_seconds
            self._end.write(self._channel.finish())
            while not self._channel.finished or self._end.busy:
                if time.monotonic() >= deadline:
                    what = f"the peer did not end the link within {self._terms.end_seconds:g} s"
                    raise TimeLimit(what, hint="its log says whether it has failed; its last message is missing")
                self._end.turn(deadline)
                self._end.write(self._channel.leaving())
            self._end.release()
        finally:
            self.abort()

    def abort(self) -> None:
        """Let go of everything, now; again is fine."""
        self._end.abort()

    def stop(self, error: BaseException) -> None:
        """From any thread: end this party's waiting, now or later, with `error`."""
        self._end.stop(error)
