"""The API of a node on a port of this machine, for who has the key; a watch goes on until one of both sides ends it."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress

from tornado.httpserver import HTTPServer
from tornado.iostream import StreamClosedError
from tornado.web import Application, RequestHandler

from ..bfia.http_server import BODY, BoundedServer
from ..bfia.server_thread import ServerThread
from ..bfia.wire import Request
from ..control.node import Node
from ..control.store import Change
from ..errors import KusciaError
from . import forms
from .api import Api
from .asked import Asked
from .history import History, Noted
from .status import Refusal

HOST = "127.0.0.1"
MOST_BYTES = 10 * 2**20
"""Of a request's body."""
_SILENT = 30.0
"""Seconds for a stranger to show a key, and between two requests."""
_LONGEST = 3600.0
"""Seconds after which a watch ends that has asked for no other time; who watches begins again."""


class ApiServer:
    """Serves one node on a thread of its own. `tls` knows who may come; nobody else is spoken to."""

    def __init__(self, node: Node, tls: ssl.SSLContext, port: int = 0) -> None:
        self._node, self._tls, self._wanted = node, tls, port
        self._thread: ServerThread | None = None
        self._watches = set[asyncio.Queue[Noted | None]]()
        self.port = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"https://{HOST}:{self.port}"

    def start(self) -> None:
        """Listen. KusciaError, if the port cannot be had."""
        try:
            listener = socket.create_server((HOST, self._wanted))
        except OSError as error:
            hint = "another port, or 0, which means any free one"
            raise KusciaError(f"port {self._wanted} cannot be had: {error.strerror}", hint=hint) from error
        listener.setblocking(False)
        self.port = int(listener.getsockname()[1])
        self._history = History(self._node.store)
        self._thread = ServerThread(f"kuscia_nb api {self.port}", listener, self._made, self._end_watches)

    def stop(self) -> None:
        """Close the port and all connections; returns when nothing is left of them."""
        if self._thread is not None:
            self._thread.stop()
            self._history.close()

    def _made(self) -> HTTPServer:
        about = {"api": Api(self._node), "history": self._history, "watches": self._watches}
        return BoundedServer(
            Application([(r"/.*", _Handler, about)], log_function=lambda handler: None),
            ssl_options=self._tls,
            idle_connection_timeout=_SILENT,
            body_timeout=BODY,
            max_body_size=MOST_BYTES,
            max_buffer_size=MOST_BYTES,
        )

    def _end_watches(self) -> None:
        for queue in self._watches:
            queue.put_nowait(None)


class _Handler(RequestHandler):
    """One request."""

    def initialize(self, api: Api, history: History, watches: set[asyncio.Queue[Noted | None]]) -> None:
        self._api, self._history, self._watches = api, history, watches

    def set_default_headers(self) -> None:
        self.clear_header("Server")

    def check_xsrf_cookie(self) -> None:
        """Whoever asks has shown a key that no page of the web has."""

    async def get(self) -> None:
        asked = _watch(self.request.path, self.request.query)
        if asked is None:
            return await self._other()
        with suppress(StreamClosedError):  # nobody looks any more
            await self._watching(asked)

    async def _other(self) -> None:
        request = self.request
        assert request.method is not None
        response = self._api.answer(Request(request.method, request.uri or "/", request.headers, request.body))
        self.set_status(response.status)
        self.set_header("Content-Type", response.content_type)
        self.finish(b"" if request.method == "HEAD" else response.body)

    head = post = put = patch = delete = _other

    async def _watching(self, asked: Asked) -> None:
        """Tell of every change, a line each."""
        queue = asyncio.Queue[Noted | None]()
        loop = asyncio.get_running_loop()

        def hear(noted: Noted) -> None:
            with suppress(RuntimeError):  # the server has ended
                loop.call_soon_threadsafe(queue.put_nowait, noted)

        said, store = asked.query.get("resourceVersion", ""), self._api.node.store
        fresh = said in ("", "0")
        earlier = self._history.since(store.version if fresh else int(said) if _number(said) else -1, hear)
        if earlier is None:
            gone = Refusal(410, "Expired", f"too old resource version: {said}")
            return self._line("ERROR", gone.status)
        self._watches.add(queue)
        self._gone = lambda: queue.put_nowait(None)
        table = forms.wants_table(self.request.headers.get("Accept", ""))
        objects = asked.query.get("includeObject") == "Object"

        def tell(type: str, change: Change) -> None:
            found = change.object
            if isinstance(found, asked.kind.model) and asked.means(found):
                version = int(found.metadata.resource_version)
                self._line(type, forms.one(asked.kind, found, version, table=table, objects=objects))

        try:
            self.set_header("Content-Type", "application/json")
            if fresh:
                for found in store.objects(asked.kind.model):
                    tell("ADDED", Change("ADDED", None, found))
            for noted in earlier:
                tell(noted.change.type, noted.change)
            await self.flush()
            await self._follow(queue, tell, _seconds(asked))
        finally:
            self._history.forget(hear)
            self._watches.discard(queue)

    async def _follow(
        self, queue: asyncio.Queue[Noted | None], tell: Callable[[str, Change], None], seconds: float
    ) -> None:
        until = asyncio.get_running_loop().time() + seconds
        while True:
            try:
                left = until - asyncio.get_running_loop().time()
                noted = await asyncio.wait_for(queue.get(), max(left, 0))
            except TimeoutError:
                return
            if noted is None:
                return
            tell(noted.change.type, noted.change)
            await self.flush()

    def _line(self, type: str, content: object) -> None:
        self.write(json.dumps({"type": type, "object": content}, ensure_ascii=False) + "\n")

    def on_connection_close(self) -> None:
        getattr(self, "_gone", lambda: None)()


def _watch(path: str, query: str) -> Asked | None:
    """What a watch asks for; None, if it is none, or one that is refused."""
    try:
        asked = Asked.read(path, query)
        return asked if asked.watch and "sendInitialEvents" not in asked.query else None
    except Refusal:
        return None


def _number(said: str) -> bool:
    """Whether it is one of 64 bits, about."""
    return said.isdecimal() and len(said) < 20


def _seconds(asked: Asked) -> float:
    said = asked.query.get("timeoutSeconds", "")
    return min(float(said), _LONGEST) if _number(said) and int(said) else _LONGEST
