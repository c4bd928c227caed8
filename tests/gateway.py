"""What stands before a node at a hub: it asks for a token, takes a path away, and passes bytes on."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Self


class Gateway:
    """Listens on a free port of this machine, and leads to another one."""

    def __init__(self, to: int, path: str, token: str) -> None:
        self._to, self._path, self._token = to, path, token
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                taken, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(taken,), daemon=True).start()

    def _serve(self, taken: socket.socket) -> None:
        with taken, suppress(OSError):
            read = b""
            while b"\r\n\r\n" not in read:
                if not (piece := taken.recv(4096)):
                    return
                read += piece
            head, _, rest = read.partition(b"\r\n\r\n")
            if f"Authorization: {self._token}".encode() not in head:
                taken.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
                return
            passed = head.replace(self._path.encode(), b"", 1) + b"\r\n\r\n" + rest
            with socket.create_connection(("127.0.0.1", self._to)) as behind:
                behind.sendall(passed)
                threading.Thread(target=_pass_on, args=(behind, taken), daemon=True).start()
                _pass_on(taken, behind)


def _pass_on(source: socket.socket, to: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            to.sendall(piece)
        to.shutdown(socket.SHUT_WR)
