"""A tornado server on a thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tornado.httpserver import HTTPServer


class ServerThread:
    """Serves what connects to a listener from now on, until `stop`."""

    def __init__(
        self,
        name: str,
        listener: socket.socket,
        make: Callable[[], HTTPServer],
        closing: Callable[[], None] = lambda: None,
    ) -> None:
        """`make` and `closing` are called within the loop: at the start, and before all connections are closed."""
        self._listener, self._make, self._closing = listener, make, closing
        self._started = threading.Event()
        self._error: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop
        self._stopping: asyncio.Event
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()
        self._started.wait()
        if self._error is not None:
            listener.close()
            raise self._error

    def stop(self) -> None:
        """Close the port and all connections; returns when nothing is left of them. Again is fine."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        try:
            self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
            server = self._make()
            server.add_socket(self._listener)
        except BaseException as error:
            self._error = error
            return
        finally:
            self._started.set()
        await self._stopping.wait()
        server.stop()
        self._closing()
        await server.close_all_connections()
