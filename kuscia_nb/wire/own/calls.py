"""Requests to a node that nobody can dial: it keeps a connection to its peer open, and the peer's requests come by it.

The connection is opened as a link is, and the same certificates decide who is at its ends. A request and its answer are
frames of the same number, and signs of life go both ways. Whichever way the connection was opened, the node that asks
is known: what a request says of its sender has to agree.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any

from ...bfia.guard import sent_by
from ...bfia.http import MOST_BYTES, TOTAL
from ...bfia.wire import Request, Response, Transport
from ..sockets import Closed
from . import frames
from .connection import Frame, OwnConnection
from .dial import Dial, Unreached
from .websocket import Malformed

_BEAT, _SILENT = 3.0, 15.0
"""Seconds between signs of life, and without one until a connection is given up."""
_MOMENT = 0.2
_RETRY, _SLOWLY = 1.0, 5.0
"""Seconds between two attempts: at first, and at the most."""
_TRY = 5.0
"""Seconds for an attempt."""
_RETURNS = 5.0
"""Seconds for which a request waits for a connection that has just broken."""
_HEADERS = 1 << 16
_ANSWERED = ("/v1/interconn/", "/v1/kuscia-nb/")
"""What a peer may ask for."""


def link_of(name: str) -> str:
    """What this connection of a node is called where links are opened; no task is called so."""
    return f"calls for {name}"


class Called:
    """A peer that nobody can dial, where it dials: carries requests to it, from any thread."""

    def __init__(self, peer: str) -> None:
        self._peer = peer
        self._changed = threading.Condition()
        self._connection: OwnConnection | None = None
        self._answers: dict[int, Response] = {}
        self._awaited: set[int] = set()
        self._asked = 0
        self._lost, self._why = monotonic(), "it has not dialled this node"
        self._threads: list[threading.Thread] = []
        self._closed = False

    def offer(self, connection: OwnConnection) -> None:
        """The peer has opened this one, which takes the place of any other."""
        connection.largest = MOST_BYTES + _HEADERS
        with self._changed:
            if self._closed:
                return connection.close()
            if self._connection is not None:
                self._connection.hang_up()
            self._connection = connection
            self._threads = [one for one in self._threads if one.is_alive()]
            name = f"kuscia_nb calls {self._peer}"
            thread = threading.Thread(target=self._read, args=(connection,), name=name, daemon=True)
            self._threads.append(thread)
            self._changed.notify_all()
        thread.start()
        return None

    def __call__(self, request: Request) -> Response:
        """The peer's answer. OSError, if there is none."""
        deadline = monotonic() + TOTAL
        with self._changed:
            connection = self._there()
            self._asked += 1
            number = self._asked
            self._awaited.add(number)
            try:
                _send(connection, number, _of_request(request))
                while number not in self._answers:
                    if self._connection is not connection:
                        raise ConnectionError(f"{self._why} ({_DIALS})")
                    if monotonic() >= deadline:
                        raise TimeoutError("timed out")
                    self._changed.wait(_left(deadline))
                return self._answers.pop(number)
            except Closed as why:
                raise ConnectionError(str(why)) from why
            finally:
                self._awaited.discard(number)

    def close(self) -> None:
        """Let go of the connection; returns when nothing is left of it."""
        with self._changed:
            self._closed = True
            if self._connection is not None:
                self._connection.hang_up()
            self._connection = None
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _there(self) -> OwnConnection:
        """The connection; one that broke a moment ago is waited for."""
        deadline = self._lost + _RETURNS
        while self._connection is None:
            if self._closed or monotonic() >= deadline:
                raise ConnectionError(f"{self._why} ({_DIALS})")
            self._changed.wait(_left(deadline))
        return self._connection

    def _read(self, connection: OwnConnection) -> None:
        why = _converse(connection, self._changed, lambda: self._connection is not connection, self._take)
        with self._changed:
            connection.close()
            if self._connection is connection:
                self._connection, self._lost, self._why = None, monotonic(), why
                self._changed.notify_all()

    def _take(self, frame: Frame) -> None:
        """An answer; one that nobody waits for any more is left."""
        if frame.head.number in self._awaited:
            self._answers[frame.head.number] = _response(frame)
            self._changed.notify_all()


class Calls:
    """The other end: keeps a connection to a peer, and answers what comes by it, from `start` to `stop`."""

    def __init__(self, name: str, peer: str, dial: Dial, answer: Transport) -> None:
        """`name` is this node's."""
        self._name, self._peer, self._dial, self._answer = name, peer, dial, answer
        self._stopped = threading.Event()
        self._lock = threading.RLock()
        self._connection: OwnConnection | None = None
        self._why = "no attempt has come to an end"
        self._thread = threading.Thread(target=self._run, name=f"kuscia_nb calls of {peer}", daemon=True)

    def start(self) -> None:
        """Begin to dial."""
        self._thread.start()

    def stop(self) -> None:
        """Returns when nothing is left of it; again is fine."""
        self._stopped.set()
        with self._lock:
            if self._connection is not None:
                self._connection.hang_up()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def broken(self) -> str:
        """Why the peer's requests do not come at the moment; empty, if they do."""
        with self._lock:
            return "" if self._connection is not None else self._why

    def _run(self) -> None:
        pause = _RETRY
        while not self._stopped.is_set():
            try:
                connection = self._dial.open(link_of(self._name), _TRY)
            except Unreached as unreached:
                expects = (
                    f"{self._peer} does not expect that {self._name} dials it: its node says --peer {self._name}=none"
                )
                self._why = expects if unreached.unexpected else unreached.why
            except Closed as why:
                self._why = str(why)
            else:
                pause = _RETRY
                self._serve(connection)
            self._stopped.wait(pause)
            pause = min(2 * pause, _SLOWLY)

    def _serve(self, connection: OwnConnection) -> None:
        connection.largest = MOST_BYTES + _HEADERS
        with self._lock:
            self._connection = connection

        def take(frame: Frame) -> None:
            request, refusal = sent_by(self._peer, _request(frame))
            response = Response(403, _refused(refusal)) if refusal else self._answer(request)
            _send(connection, frame.head.number, _of_response(response))

        try:
            self._why = _converse(connection, self._lock, self._stopped.is_set, take)
        finally:
            with self._lock:
                self._connection = None
                connection.close()


_DIALS = "it listens nowhere, and dials this node"


def _converse(connection: OwnConnection, lock: Any, over: Callable[[], bool], take: Callable[[Frame], object]) -> str:
    """Read, and give signs of life, until that is over or the connection is: why it is."""
    heard, beat = monotonic(), 0.0
    try:
        while not over():
            connection.wait(_MOMENT)
            with lock:
                if connection.pending:
                    connection.flush()
                while (frame := connection.receive()) is not None:
                    heard = monotonic()
                    if frame.head.kind == frames.DATA:
                        take(frame)
                    elif frame.head.kind != frames.BEAT:
                        raise Malformed(f"a frame of the kind {frame.head.kind}")
                if monotonic() - heard > _SILENT:
                    return f"nothing was heard from it for {_SILENT:g} s"
                if monotonic() - beat > _BEAT and not connection.pending:
                    beat = monotonic()
                    connection.send(frames.beat(0))
    except Closed as why:
        return f"the connection broke: {why}"
    except Malformed as wrong:
        return f"it has sent what is no request and no answer: {wrong}"
    return "this node has ended the connection"


# What is sent: a line of JSON, and a body.


def _send(connection: OwnConnection, number: int, content: bytes) -> None:
    connection.send(frames.data_head(0, content, 0, number, 0), content)


def _of_request(request: Request) -> bytes:
    said = {"method": request.method, "path": request.path, "headers": dict(request.headers)}
    return json.dumps(said).encode() + b"\n" + request.body


def _of_response(response: Response) -> bytes:
    said = {"status": response.status, "content_type": response.content_type}
    return json.dumps(said).encode() + b"\n" + response.body


def _read(frame: Frame) -> tuple[dict[str, Any], bytes]:
    """Malformed, if it is none of these."""
    content = frame.payload
    if not isinstance(content, bytes):
        raise Malformed("an array")
    line, _, body = content.partition(b"\n")
    said: Any = None
    with suppress(ValueError, RecursionError):
        said = json.loads(line) if len(line) <= _HEADERS else None
    if not isinstance(said, dict):
        raise Malformed("its first line is no JSON object")
    return said, body


def _request(frame: Frame) -> Request:
    said, body = _read(frame)
    method, path, headers = said.get("method"), said.get("path"), said.get("headers")
    words = isinstance(headers, dict) and all(isinstance(value, str) for value in headers.values())
    if method not in ("GET", "POST") or not isinstance(path, str) or not words or not isinstance(headers, dict):
        raise Malformed("a request without method, path and headers")
    if not path.startswith(_ANSWERED):
        raise Malformed(f"a request for {path[:60]!r}")
    return Request(method, path, headers, body)


def _response(frame: Frame) -> Response:
    said, body = _read(frame)
    status, kind = said.get("status"), said.get("content_type")
    if type(status) is not int or not 100 <= status < 600 or not isinstance(kind, str):
        raise Malformed("an answer without a status")
    return Response(status, body, kind)


def _refused(why: str) -> bytes:
    return json.dumps({"code": 403, "message": why}).encode()


def _left(deadline: float) -> float:
    return max(0.0, deadline - monotonic())
