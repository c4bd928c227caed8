"""A TTP that listens: HTTP/1.1 with JSON or Protocol Buffers, as SPU 0.9.5 speaks to its own (spec: ss_lr §5c).

A request needs no session: it brings the parties' seeds, encrypted to this server's key. So there is nothing to open,
nothing to close, and a request that is repeated gets the same answer. Like SPU's server it replays whatever it is
asked: who has both ciphertexts can ask for anything, and so the parties are trusted not to (`mpc.TrustedThirdParty`,
which has sessions, does look). Who runs it can read every secret of the parties, if one of them helps.

Each connection has a thread, which reads requests one after the other, also such as were sent ahead. Everything that a
stranger can make larger or slower has a limit (`Limits`). Seeds and keys are in no log and in no error.
"""

from __future__ import annotations

import hashlib
import json
import socket
import ssl
import struct
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from ..errors import SeedDecryptError, TtpError
from ..mpc.prg import SEED_BYTES, BlockPrg
from . import sm2
from .accepting import Accepting
from .http_channel import BOUNDS, Bounds, HttpChannel, Refused
from .tls import wrapped
from .ttp_adjust import Correction, adjust
from .ttp_keys import TtpKeys
from .ttp_requests import METHODS, SERVICE, Ciphertext, Request, ciphertext, read_json, read_protobuf

FRAME = struct.Struct("<bq")
"""Before each piece of an answer: a code, and how many bytes follow."""
OK, OP_ADJUST_ERROR, SEED_DECRYPT_ERROR = 0, 1, 2
_MOST_FRAME = 32 << 20
_MOST_HEADS = 16


class Limits(NamedTuple):
    """What one server puts up with."""

    connections: int = 64
    client: Bounds = BOUNDS
    """Of one client's requests. Their size does not depend on the arrays'."""
    seeds: int = 1024
    """How many decrypted seeds are remembered."""
    streams: int = 16
    """How many streams a connection has ready, 128 KiB each."""
    large: int = 4 << 20
    """Bytes of draws from which a request waits for its turn, so that large ones do not add up."""


LIMITS = Limits()


class TtpServer:
    """Serves from `start()` to `stop()`, or in a `with`. `say` gets a line per connection and per refusal."""

    def __init__(
        self,
        keys: TtpKeys,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        tls: ssl.SSLContext | None = None,
        limits: Limits = LIMITS,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self._keys, self._tls, self._limits, self._say = keys, tls, limits, say or (lambda _: None)
        self._wanted = host, port
        self.address: tuple[str, int] = host, port
        """Where it listens; the port is known after `start`."""
        self.secret = hashlib.sha256(b"kuscia_nb ttp random bits" + keys.private.to_bytes(32, "big")).digest()
        self._seeds: OrderedDict[bytes, bytes] = OrderedDict()
        self._lock, self._turn = threading.Lock(), threading.Lock()
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._accepting: Accepting | None = None
        self.served: Counter[str] = Counter()
        """Requests by method, and `refused`, `connections`, `bytes` of corrections."""
        self.started = time.time()

    def start(self) -> TtpServer:
        """Listen. TtpError, if the address cannot be had."""
        host, port = self._wanted
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            listener = socket.create_server((host, port), family=family, backlog=self._limits.connections)
        except OSError as error:
            hint = "another port" if port else ""
            if error.errno in (99, -2, -5):
                hint = "this machine has no such address: listen on 0.0.0.0, and let the parties dial the public one"
            raise TtpError(f"cannot listen on {host}:{port}: {error.strerror or error}", hint=hint) from error
        self.address = listener.getsockname()[:2]
        self._accepting = Accepting(listener, self._accept, "ttp")
        return self

    def stop(self) -> None:
        """Close the port and all connections; returns when nothing is left of them."""
        accepting, self._accepting = self._accepting, None
        if accepting is None:
            return
        accepting.stop()
        with self._lock:
            connections = list(self._connections.items())
        for connection, _ in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for _, thread in connections:
            thread.join()

    def __enter__(self) -> TtpServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def status(self) -> dict[str, object]:
        """Counters since the start, and what is there now."""
        with self._lock:
            return {
                "fingerprint": self._keys.fingerprint,
                "time": round(time.time(), 3),
                "seconds": round(time.time() - self.started),
                "connections": len(self._connections),
                "seeds": len(self._seeds),
                "served": dict(self.served),
            }

    def seed(self, seed: Ciphertext) -> bytes:
        """What a ciphertext holds, remembered. SeedDecryptError, if it is not for this key."""
        try:
            raw = ciphertext(seed)
            digest = hashlib.sha256(raw).digest()
            with self._lock:
                if digest in self._seeds:
                    self._seeds.move_to_end(digest)
                    return self._seeds[digest]
            found = sm2.decrypt(self._keys.private, raw)
            if len(found) != SEED_BYTES:
                raise ValueError(f"a seed of {len(found)} bytes, not {SEED_BYTES}")
        except ValueError as error:
            raise SeedDecryptError(f"an encrypted seed cannot be read: {error}") from None
        with self._lock:
            self._seeds[digest] = found
            if len(self._seeds) > self._limits.seeds:
                self._seeds.popitem(last=False)
        return found

    def _accept(self, connection: socket.socket, address: tuple[str, int]) -> None:
        thread = threading.Thread(target=self._serve, args=(connection, f"{address[0]}:{address[1]}"), daemon=True)
        with self._lock:
            full = len(self._connections) >= self._limits.connections
            if not full:
                self._connections[connection] = thread
                self.served["connections"] += 1
        if full:
            self._say(f"{address[0]}:{address[1]}: refused, {self._limits.connections} connections are open")
            connection.close()
        else:
            thread.start()

    def _serve(self, connection: socket.socket, name: str) -> None:
        """All requests of one connection."""
        said = Counter[str]()
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(self._limits.client.sending)
            if self._tls is not None:
                channel = wrapped(connection, self._tls, server_side=True, do_handshake_on_connect=False)
                with self._lock:
                    self._connections[channel] = self._connections.pop(connection)
                connection = channel
                channel.do_handshake()
            conversation = _Conversation(self, HttpChannel(connection, self._limits.client), self._limits.streams)
            while conversation.answer_next(said):
                pass
        except ssl.SSLError as error:
            self._say(f"{name}: no TLS connection: {error.reason or error}")
        except OSError:
            pass  # it has gone away, or was too slow
        finally:
            connection.close()
            if said:
                self._say(f"{name}: {', '.join(f'{count} {what}' for what, count in said.items())}")
            with self._lock:  # at the very end: `stop` waits for those that are here
                self._connections.pop(connection, None)

    def count(self, what: str, size: int, said: Counter[str]) -> None:
        """Note a request, here and for its connection."""
        for counter in (self.served, said):
            with self._lock:
                counter[what] += 1
                if size:
                    counter["bytes"] += size

    def corrected(self, request: Request, streams: _Conversation) -> Correction:
        """The answer; a large one when it is its turn."""
        if request.size < self._limits.large:
            return adjust(request, streams)
        with self._turn:
            return adjust(request, streams)


class _Conversation:
    """One connection, with the streams that its requests have used last."""

    def __init__(self, server: TtpServer, channel: HttpChannel, most_streams: int) -> None:
        self._server, self._channel, self._most_streams = server, channel, most_streams
        self._streams: OrderedDict[Ciphertext, BlockPrg] = OrderedDict()
        self.secret = server.secret
        self.seed = server.seed

    def block(self, seed: Ciphertext) -> BlockPrg:
        """A party's stream. It is this connection's own: a stream moves a window along."""
        stream = self._streams.get(seed)
        if stream is None:
            stream = self._streams[seed] = BlockPrg(self.seed(seed))
            if len(self._streams) > self._most_streams:
                self._streams.popitem(last=False)
        return stream

    def answer_next(self, said: Counter[str]) -> bool:
        """Read a request and answer it; whether another one may follow."""
        try:
            request = self._channel.next()
        except Refused as refused:
            self._server.count("refused", 0, said)
            self._channel.answer(refused.status, refused.text.encode(), "text/plain", last=True)
            return False
        if request is None:
            return False
        (target, headers, last, _), body = request
        if target == "/status":
            self._channel.answer("200 OK", json.dumps(self._server.status()).encode(), "application/json", last=last)
            return not last
        method = target.removeprefix(SERVICE) if target.startswith(SERVICE) else ""
        if method not in METHODS:
            self._server.count("refused", 0, said)
            self._channel.answer("404 Not Found", f"there is no {target[:200]} here".encode(), "text/plain", last=last)
            return not last
        try:
            answer = self._answer(method, headers.get("content-type", ""), body, said)
        except Exception as error:  # a mistake of ours: its text may hold what nobody is to see
            self._server.count("refused", 0, said)
            self._channel.answer("500 Internal Server Error", type(error).__name__.encode(), "text/plain", last=True)
            return False
        self._channel.answer("200 OK", answer, "application/octet-stream", last=last)
        return not last

    def _answer(self, method: str, kind: str, body: bytes, said: Counter[str]) -> bytes:
        """The frames of a correction, or of what is wrong."""
        try:
            request = (read_protobuf if "proto" in kind else read_json)(method, body)
            correction = self._server.corrected(request, self)
        except (TtpError, MemoryError) as error:
            self._server.count("refused", 0, said)
            code = SEED_DECRYPT_ERROR if isinstance(error, SeedDecryptError) else OP_ADJUST_ERROR
            text = error.what if isinstance(error, TtpError) else "the request is too large for this machine"
            return FRAME.pack(code, len(text.encode())) + text.encode()
        self._server.count(method, correction.size, said)
        pieces = []
        for part in correction.parts:
            for at in range(0, len(part), _MOST_FRAME):
                piece = part[at : at + _MOST_FRAME]
                pieces += FRAME.pack(OK, len(piece)), piece
        return b"".join(pieces)
