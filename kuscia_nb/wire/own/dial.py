"""The dialling side: from a URL to a connection that was upgraded, or to why there is none, in words."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import quote, urlsplit

from ...errors import ParameterError
from ..identity import Certificate, Identity, client_tls
from ..sockets import connect, in_words
from ..tls import wrapped
from . import websocket
from .connection import OwnConnection
from .mistrust import not_accepted, not_let_in
from .websocket import Malformed

LINK_PATH = "/v1/kuscia-nb/link/"
"""Below it are the links of a node, by task."""
_PORTS = {"http": 80, "https": 443}


class Unreached(Exception):
    """Why an attempt failed. `lasting`: the next one would, too."""

    def __init__(self, why: str, *, lasting: bool = False, hint: str = "", unexpected: bool = False) -> None:
        """`unexpected`: the node is there, and does not expect anybody for this task, or not yet."""
        super().__init__(why)
        self.why, self.lasting, self.hint, self.unexpected = why, lasting, hint, unexpected


@dataclass(frozen=True)
class Dial:
    """Where a peer's node is, and how it is spoken to."""

    url: str
    """http(s)://host:port, and a path if what stands in between has one."""
    identity: Identity | None = None
    """For https: this party's own."""
    peer: Certificate | None = None
    """For https: nobody else is accepted."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """For what stands in between."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in _PORTS or not parts.hostname or parts.query or parts.fragment:
            raise ParameterError(f"{self.url!r} is no URL of a node", hint="https://host:8084")
        if {parts.scheme == "https"} != {self.identity is not None, self.peer is not None}:
            hint = "--identity and --trust"
            raise ParameterError(f"{self.url}: https goes with certificates, and http without", hint=hint)

    @cached_property
    def tls(self) -> ssl.SSLContext | None:
        """What makes a connection one to this peer."""
        return client_tls(self.identity, self.peer) if self.identity is not None else None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or _PORTS[parts.scheme]

    def open(self, task: str, seconds: float) -> OwnConnection:
        """A connection to the peer's link for this task. Unreached says why there is none."""
        deadline = time.monotonic() + seconds
        connected = self.connected(seconds)
        try:
            rest = self._upgraded(connected, task, deadline)
            return OwnConnection(connected, self.url, dialled=True, rest=rest)
        except BaseException:
            connected.close()
            raise

    def connected(self, seconds: float) -> socket.socket:
        """A connection to the peer's node, over which nothing was said yet. Unreached says why there is none."""
        try:
            connected = connect(self.address, seconds)
        except OSError as error:
            raise Unreached(in_words(error)) from error
        try:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connected if self.tls is None else self._secured(connected)
        except BaseException:
            connected.close()
            raise

    def _secured(self, connected: socket.socket) -> socket.socket:
        assert self.tls is not None
        assert self.identity is not None
        assert self.peer is not None
        try:
            secured = wrapped(connected, self.tls, server_hostname=self.address[0])
        except ssl.SSLCertVerificationError as error:
            why, hint = not_accepted(self.address, self.identity, self.peer, error)
            raise Unreached(why, lasting=True, hint=hint) from None
        except OSError as error:
            raise Unreached(in_words(error)) from error
        if secured.getpeercert(binary_form=True) != self.peer.der:  # one that the peer's key has signed
            secured.close()
            raise Unreached("its certificate is not the one that is trusted", lasting=True)
        return secured

    def _upgraded(self, connected: socket.socket, task: str, deadline: float) -> bytes:
        """Ask for the upgrade; what has come behind the answer."""
        host, port = self.address
        key, target = websocket.new_key(), urlsplit(self.url).path.rstrip("/") + LINK_PATH + quote(task, safe="")
        shown = f"[{host}]" if ":" in host else host
        asked = websocket.request(target, f"{shown}:{port}", key, self.headers)
        try:
            connected.sendall(asked)
            text, rest = _head(connected, deadline, self._mistrusted)
        except OSError as error:
            raise self._refused(error) from error
        try:
            answer = websocket.read_answer(text)
        except Malformed as wrong:
            raise Unreached(f"what is there is no node: {wrong}") from None
        if answer.status != 101:
            raise _not_upgraded(answer, task)
        if answer.headers.get("sec-websocket-accept") != websocket.acceptance(key):
            raise Unreached("its answer is not that of this request: something in between keeps answers")
        return rest

    def _refused(self, error: OSError) -> Unreached:
        """TLS 1.3 tells of a client that is not let in when the first answer is read, if at all."""
        reason = (error.reason or "") if isinstance(error, ssl.SSLError) else ""
        if "ALERT" in reason and self.identity is not None:
            why, hint = not_let_in(self.identity, reason.partition("ALERT_")[2].replace("_", " ").lower())
            return Unreached(why, lasting=True, hint=hint)
        if isinstance(error, TimeoutError):
            return Unreached("it listens, and does not answer")
        return Unreached(in_words(error), hint=self._mistrusted)

    @property
    def _mistrusted(self) -> str:
        """What to try if a connection ends without an answer: its end may overtake the alert to who is not let in."""
        own = self.identity
        return f"see that the other side trusts {own.certificate_file.name}: compare fingerprints" if own else ""


def _head(connected: socket.socket, deadline: float, hint: str) -> tuple[bytes, bytes]:
    """The head of an answer without the empty line, and what is behind it."""
    read = bytearray()
    while (end := read.find(b"\r\n\r\n")) < 0:
        if strange := _strange(read):
            raise Unreached(strange)
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connected.settimeout(left)
        piece = connected.recv(4096)
        if not piece:
            what = "it listens, and has closed the connection without an answer" + _but(read)
            raise Unreached(what, hint="" if read else hint)
        read += piece
    return bytes(read[:end]), bytes(read[end + 4 :])


def _strange(read: bytearray) -> str:
    """What this is, if it is no HTTP."""
    if read[:1] == b"\x15" or read[:2] == b"\x16\x03":
        return "it speaks TLS: its URL begins with https"
    if read[:4] == b"PRPC":
        return "it speaks SPU's protocol: --wire spu"
    if len(read) >= 9 and read[3:5] == b"\x04\x00":  # HTTP/2's first frame, SETTINGS
        return "it speaks HTTP/2, as a gRPC server does"
    if len(read) >= 5 and not read.startswith(b"HTTP/"):
        return f"what is there speaks no HTTP: {bytes(read[:30])!r}"
    return f"its answer has no end within {len(read):,} bytes" if len(read) > websocket.LARGEST_ANSWER else ""


def _but(read: bytearray) -> str:
    return f"; it has sent {bytes(read[:30])!r}" if read else "; it may speak TLS: https"


def _not_upgraded(answer: websocket.Answer, task: str) -> Unreached:
    """What another status means."""
    status, kind = answer.status, answer.headers.get("content-type", "")
    if status == 404 and answer.headers.get("x-kuscia-nb") == "link":
        return Unreached(f"the node is there, and does not expect {task!r} yet", unexpected=True)
    if status == 403 and answer.headers.get("x-kuscia-nb") == "link":
        return Unreached("the node is there, and expects somebody else for this task")
    if 300 <= status < 400:
        where = answer.headers.get("location", "another place")[:100]
        return Unreached(f"HTTP {status}: it sends this party to {where}")
    if status in (502, 503, 504):
        return Unreached(f"HTTP {status}: a gateway is there, and does not reach the node behind it")
    if status in (200, 404):
        what = f"HTTP {status}{' (a page)' if 'html' in kind else ''}"
        return Unreached(f"{what}: something else is there, or what stands in between does not pass WebSockets on")
    return Unreached(f"HTTP {status} in place of a WebSocket")
