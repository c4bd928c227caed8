"""What keeps a link connected: a thread that dials, takes what the peer has dialled, and sends signs of life.

On a new connection rank 1 says HELLO, with what it has received, and rank 0 answers WELCOME, with the same of itself:
then both go on with it, or NO. Both sides may dial at once. Then that of rank 0 is kept: rank 1 lets go of its own when
one comes, and rank 0 takes no other one while it has one, unless the peer says that it has lost one since.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from time import monotonic
from typing import TYPE_CHECKING, Any

from ...errors import LinkError, NotReached, PeerFailed
from ..sockets import Closed
from . import frames
from .connection import Frame, OwnConnection
from .dial import Dial, Unreached
from .websocket import Malformed

if TYPE_CHECKING:
    from .transport import OwnTransport

VERSION = 1
_RETRY = 1.0
_REPORT = 5.0
_PAUSE = 0.2
"""Seconds that a connection has to hold to be taken up again at once."""
_TRY = 10.0
"""Seconds for an attempt, and for a peer to say who it is."""
_MOMENT = 0.05
_MOST_OFFERS = 8
_CLOCK = 60.0
"""Seconds by which clocks may differ before somebody is told."""


class Keeper:
    """Of one transport, from `start` to `stop`."""

    def __init__(self, transport: OwnTransport, dial: Dial | None) -> None:
        self._of, self._dial = transport, dial
        self._offers: deque[OwnConnection] = deque()
        self._thread: threading.Thread | None = None
        self._stopped = False
        self._peer = ""  # its life
        self._losses = 0
        """Rank 1: connections that it has lost. Rank 0: how many its peer had lost when it came last."""
        self._began = self._next_try = 0.0
        self._attempts, self._last, self._hint = 0, "", ""

    def start(self) -> None:
        """Once; again is fine."""
        if self._thread is None:
            self._began = monotonic()
            self._thread = threading.Thread(target=self._run, name=f"kuscia_nb link {self._of.task}", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Returns when nothing is left of it; again is fine."""
        with self._of.changed:
            self._stopped = True
            self._of.changed.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
        self._close_offers()

    def offer(self, connection: OwnConnection) -> None:
        """A connection that the peer has opened."""
        with self._of.changed:
            wanted = not self._stopped and len(self._offers) < _MOST_OFFERS
            if wanted:
                self._offers.append(connection)
                self._of.changed.notify_all()
        if not wanted:
            connection.close()

    def _close_offers(self) -> None:
        while self._offers:
            self._offers.popleft().close()

    # What is said of it.

    def tried(self) -> str:
        """What was tried since the connection broke."""
        if self._dial is None:
            return f"{self._of.peer} has not dialled this party" + (f"; {self._last}" if self._last else "")
        if not self._attempts:
            return self._last or f"no attempt to reach {self._dial.url} has come to an end"
        return f"{self._last} ({self._dial.url}, {self._attempts} attempts)"

    def not_reached(self, seconds: float) -> NotReached:
        """Nobody was there in time."""
        hint = self._hint or "start the other party, check address and port, or wait longer: --connect-timeout"
        return NotReached(f"{self._of.peer} was not reached in {seconds:.0f} s: {self.tried()}", hint=hint)

    # The thread.

    def _run(self) -> None:
        transport, next_beat, next_report = self._of, 0.0, monotonic() + _REPORT
        while not self._over():
            connected = transport.connection is not None
            if connected and monotonic() >= next_beat:
                next_beat = monotonic() + transport.limits.beat
                with transport.changed:
                    transport.beat()
            if not connected and monotonic() >= next_report and self._last:
                next_report = monotonic() + _REPORT
                transport.report(f"{transport.peer}: {self.tried()}")
            if not self._meet():
                self._sleep(next_beat if connected else min(self._next_try or next_report, next_report))

    def _over(self) -> bool:
        return self._stopped or self._of.over

    def _sleep(self, until: float) -> None:
        """Until then, or until there is something to do."""
        transport, connected = self._of, self._of.connection is not None
        with transport.changed:
            while not (self._stopped or self._offers) and (transport.connection is not None) is connected:
                left = until - monotonic()
                if left <= 0:
                    return
                transport.changed.wait(left)

    def _meet(self) -> bool:
        """One attempt to get a connection, if one is due."""
        with self._of.changed:
            offered = self._offers.popleft() if self._offers else None
        if offered is not None:
            self._introduce(offered)
            return True
        if self._dial is None or self._of.connection is not None or monotonic() < self._next_try:
            return False
        self._attempts, self._next_try = self._attempts + 1, monotonic() + _RETRY
        try:
            dialled = self._dial.open(self._of.task, _TRY)
        except Unreached as why:
            self._note(why.why, why.hint)
            if why.lasting and self._peer == "":
                self._of.close(self._fatal(why))
            return True
        self._introduce(dialled)
        return True

    def _fatal(self, why: Unreached) -> NotReached:
        where = f"{self._of.peer} at {self._dial.url if self._dial else 'its address'}"
        return NotReached(f"{where} was not reached: {why.why}", hint=why.hint)

    def _note(self, why: str, hint: str = "") -> None:
        self._last, self._hint = why, hint

    # Who is there.

    def _introduce(self, connection: OwnConnection) -> None:
        """Go on with this connection, or close it."""
        try:
            if self._greet(connection):
                return
        except Closed as why:
            if self._of.rank == 1:
                self._losses += 1
            self._note(str(why))
        except Malformed as wrong:
            self._note(f"who is there is no party of this task: {wrong}")
        except LinkError as error:
            self._of.close(error)
        connection.close()

    def _greet(self, connection: OwnConnection) -> bool:
        """Whether it is the link's now."""
        transport = self._of
        if transport.rank == 1:
            connection.send(self._said(frames.HELLO, lost=self._losses))
            answer = self._first(connection)
            if answer is None:
                return False
            self._check(answer)
            self._losses += transport.connection is not None
        else:
            asked = self._first(connection)
            if asked is None:
                return False
            self._check(asked, connection)
            with transport.changed:
                if transport.connection is not None and asked["lost"] <= self._losses:
                    return False
            self._losses = asked["lost"]
            connection.send(self._said(frames.WELCOME))
            answer = asked
        with transport.changed:
            self._peer = answer["life"]
            transport.clock = clock = answer["time"] - time.time()
            self._last, self._attempts, self._next_try = "", 0, monotonic() + _PAUSE
            transport.adopt(connection, answer["received"])
        if abs(clock) > _CLOCK:
            ahead = "ahead of" if clock > 0 else "behind"
            transport.report(f"{transport.peer}'s clock is {abs(clock):.0f} s {ahead} this one")
        return True

    def _said(self, kind: int, **more: Any) -> bytes:
        transport = self._of
        told = {
            "link": VERSION, "task": transport.task, "rank": transport.rank, "names": transport.names,
            "life": transport.life, "peer": self._peer, "received": transport.arrivals.received, "time": time.time(),
        }  # fmt: skip
        return frames.opening(kind, json.dumps({**told, **more}).encode())

    def _first(self, connection: OwnConnection) -> dict[str, Any] | None:
        """What the peer says first; None, if another connection is better, or this is over."""
        transport, deadline = self._of, monotonic() + _TRY
        while True:
            frame = connection.receive()
            if frame is not None:
                return _read(frame, frames.WELCOME if transport.rank else frames.HELLO)
            better = transport.rank == 1 and connection.dialled and self._offers
            if better or self._over():
                return None
            if monotonic() >= deadline:
                raise Closed(f"it was opened, and nothing was said on it for {_TRY:g} s")
            connection.wait(_MOMENT)
            if connection.pending:
                connection.flush()

    def _check(self, told: dict[str, Any], connection: OwnConnection | None = None) -> None:
        """A LinkError, if this is not the peer that was met before; Malformed, if it never was. Rank 0 tells why."""
        transport = self._of
        wrong = ""
        if told["task"] != transport.task:
            wrong = f"it is of the task {told['task']!r}"
        elif told["rank"] != 1 - transport.rank:
            wrong = f"it says that it is rank {told['rank']}, as this party is"
        elif told["names"] != list(transport.names):
            wrong = f"it knows the parties as {told['names']}, and this one as {list(transport.names)}"
        if wrong and connection is not None:
            connection.send(frames.opening(frames.NO, json.dumps({"why": wrong}).encode()))
        if wrong:
            raise Malformed(wrong)
        if (self._peer and told["life"] != self._peer) or (told["peer"] and told["peer"] != transport.life):
            who = transport.peer if self._peer else transport.name
            if connection is not None:
                told_why = json.dumps({"why": f"{who} was started anew", "lasting": True})
                connection.send(frames.opening(frames.NO, told_why.encode()))
            raise PeerFailed(f"{who} was started anew: what was sent before is lost", hint="start both parties again")


def _read(frame: Frame, kind: int) -> dict[str, Any]:
    """What an opening frame says. Malformed, if it is another one, or says something else."""
    head, content = frame.head, frame.payload
    if head.kind not in (kind, frames.NO):
        raise Malformed(f"a frame of the kind {head.kind} came first")
    try:
        told = json.loads(content)  # type: ignore[arg-type]  # bytes, for only DATA has words
        if head.kind == frames.NO:
            raise _refused(told)
        text = all(isinstance(told[name], str) and len(told[name]) < 200 for name in ("task", "life", "peer"))
        numbers = all(type(told[name]) is int and 0 <= told[name] < 1 << 62 for name in ("rank", "received"))
        lost = kind == frames.WELCOME or (type(told["lost"]) is int and told["lost"] >= 0)
        fits = text and numbers and lost and bool(told["life"]) and 0 <= float(told["time"]) < 1e12
        fits = fits and isinstance(told["names"], list) and len(told["names"]) == 2
    except (ValueError, LookupError, TypeError, RecursionError) as wrong:
        raise Malformed("its first words cannot be read") from wrong
    if told["link"] != VERSION:
        raise Malformed(f"it speaks version {str(told['link'])[:10]} of this link, and this party version {VERSION}")
    if not fits:
        raise Malformed("its first words have another form")
    return told


def _refused(told: dict[str, Any]) -> Exception:
    """What a NO means."""
    why = str(told["why"])[:200]
    if told.get("lasting") is True:
        return PeerFailed(f"{why}: what was sent before is lost", hint="start both parties again")
    return Malformed(f"the peer says: {why}")
