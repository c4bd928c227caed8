"""Two ends of a link of our own in this process, and what stands between them."""

from __future__ import annotations

import asyncio
import random
import select
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from tornado.httpclient import HTTPRequest
from tornado.web import Application
from tornado.websocket import WebSocketHandler, websocket_connect

from kuscia_nb import mpc
from kuscia_nb.wire import identity
from kuscia_nb.wire.identity import Identity
from kuscia_nb.wire.own.dial import Dial
from kuscia_nb.wire.own.doors import Doors, LinkServer
from kuscia_nb.wire.own.transport import Limits, OwnTransport
from kuscia_nb.wire.sockets import Address

Program = Callable[[mpc.Link], Any]

NAMES = ("bob", "alice")
TASK = "job/task 1"
HERE = Address("127.0.0.1", 0)
PATIENT = Limits(connect=60, message=60, end=30)


def run_over(transport: OwnTransport, program: Program, ledger: mpc.Ledger | None = None) -> mpc.Outcome:
    try:
        try:
            transport.connect()
        except Exception as error:  # whatever it was stopped with, too
            return mpc.Outcome(error=error)
        link = transport.link(ledger)
        outcome = mpc.run_alone(program(link), link)
        transport.finish(failed=outcome.error is not None)
        return outcome
    finally:
        transport.abort()


class Forwarder:
    """Passes connections on to a port; `cut` ends them all, or they end after so many bytes."""

    def __init__(self, to: Address, budgets: Iterator[int] | None = None) -> None:
        self._to, self._budgets = to, budgets
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = Address(*self._listener.getsockname()[:2])
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.cuts = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        with self._lock:
            for each in self._open:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._pass, args=(near,), daemon=True).start()

    def _pass(self, near: socket.socket) -> None:
        budget = next(self._budgets) if self._budgets is not None else 1 << 60
        with near, suppress(OSError), socket.create_connection(self._to) as far:
            with self._lock:
                self._open |= {near, far}
            try:
                while budget > 0:
                    for source in select.select([near, far], [], [])[0]:
                        piece = source.recv(min(budget, 1 << 16))
                        if not piece:
                            return
                        (far if source is near else near).sendall(piece)
                        budget -= len(piece)
                self.cuts += 1
            finally:
                with self._lock:
                    self._open -= {near, far}


def seeded(seed: int, least: int, most: int) -> Iterator[int]:
    generator = random.Random(seed)
    while True:
        yield generator.randint(least, most)


class Ends:
    """Both ends, each with a port of its own; `dials` are the ranks that dial."""

    def __init__(
        self,
        stack: ExitStack,
        dials: Sequence[int] = (0, 1),
        identities: Sequence[Identity] | None = None,
        limits: Limits = PATIENT,
        between: Callable[[Address], Forwarder] | None = None,
    ) -> None:
        self.said: list[str] = []
        self.doors = Doors(), Doors()
        self.forwarders: list[Forwarder] = []
        self.addresses: list[Address] = []
        urls: list[str] = []
        for rank in (0, 1):
            tls = None
            if identities is not None:
                tls = identity.server_tls(identities[rank], [identities[1 - rank].certificate])
            server = LinkServer(self.doors[rank], HERE, tls, self.said.append)
            address = server.start()
            stack.callback(server.stop)
            if between is not None:
                self.forwarders.append(between(address))
                stack.callback(self.forwarders[-1].close)
                address = self.forwarders[-1].address
            self.addresses.append(address)
            urls.append(f"http{'s' if identities is not None else ''}://{address}")
        self.ends: list[OwnTransport] = []
        for rank in (0, 1):
            own, peer = (None, None) if identities is None else (identities[rank], identities[1 - rank].certificate)
            dial = Dial(urls[1 - rank], own, peer) if rank in dials else None
            end = OwnTransport(rank, NAMES, TASK, dial=dial, limits=limits, report=self.said.append)
            stack.callback(end.abort)
            self.doors[rank].expect(TASK, end, peer.der if peer is not None else None)
            self.ends.append(end)

    def run(self, first: Program, second: Program) -> list[mpc.Outcome]:
        with ThreadPoolExecutor(2) as threads:
            return list(threads.map(run_over, self.ends, (first, second)))


@contextmanager
def ends(*arguments: Any, **options: Any) -> Iterator[Ends]:
    with ExitStack() as stack:
        yield Ends(stack, *arguments, **options)


def identities(folder: Path) -> list[Identity]:
    return [identity.make(name, folder) for name in NAMES]


@contextmanager
def proxied(to: Address, path: str) -> Iterator[str]:
    """A URL of a hub's proxy: a WebSocket server that passes messages on as a client, cut as it likes, with pings."""
    started, ready = threading.Event(), []

    class Passing(WebSocketHandler):
        upstream: Any = None

        def select_subprotocol(self, subprotocols: list[str]) -> str | None:
            return subprotocols[0] if subprotocols else None

        async def open(self, rest: str) -> None:
            asked = HTTPRequest(f"ws://{to}{self.request.path.removeprefix(path)}")
            protocols = [self.selected_subprotocol or ""]
            self.upstream = await websocket_connect(asked, subprotocols=protocols, on_message_callback=self.back)

        def back(self, message: str | bytes | None) -> None:
            if message is None:
                self.close()
            else:
                assert isinstance(message, bytes)
                for at in range(0, len(message), 1000):
                    self.write_message(message[at : at + 1000], binary=True)

        async def on_message(self, message: str | bytes) -> None:
            while self.upstream is None:
                await asyncio.sleep(0.01)
            await self.upstream.write_message(message, binary=True)

        def on_close(self) -> None:
            if self.upstream is not None:
                self.upstream.close()

    async def serve() -> None:
        application = Application([(f"{path}(/.*)", Passing)], websocket_ping_interval=0.2)
        server = application.listen(0, "127.0.0.1")
        port = next(iter(server._sockets.values())).getsockname()[1]
        stop = asyncio.Event()
        ready.extend([f"http://127.0.0.1:{port}{path}", asyncio.get_running_loop(), stop])
        started.set()
        await stop.wait()
        server.stop()
        await server.close_all_connections()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert started.wait(60)
    url, loop, stop = ready
    try:
        yield url
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(60)
