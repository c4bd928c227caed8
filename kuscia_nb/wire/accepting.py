"""A port at which a thread accepts connections."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

Take = Callable[[socket.socket, tuple[str, int]], None]
_PAUSE = 0.1
"""Seconds after a connection that could not be taken: no file descriptor is left, say, until another one ends."""


class Accepting:
    """Hands each connection on, with the address it comes from, from now until `stop`."""

    def __init__(self, listener: socket.socket, take: Take, name: str) -> None:
        """`take` is called by the thread of this `name`, and returns at once."""
        listener.setblocking(True)
        self._listener, self._take, self._stopped = listener, take, False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the port; returns when nothing listens. Again is fine."""
        self._stopped = True
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                connection, address = self._listener.accept()
            except OSError:
                if self._stopped:
                    return
                time.sleep(_PAUSE)
                continue
            self._take(connection, address[:2])
