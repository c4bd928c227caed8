"""A link over a plain TCP socket: the smallest transport behind the seam of `mpc.Link`."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import numpy as np

from kuscia_nb import mpc
from kuscia_nb.errors import PeerFailed
from kuscia_nb.mpc.inbox import Letter, Slot
from kuscia_nb.mpc.scheduler import left

Program = Callable[[mpc.Link], Coroutine[Any, Any, Any]]

HEADER = struct.Struct("<cQQ")
"""C (collective), P (point to point), E (ended) or F (failed); number; bytes that follow."""


class SocketWire(mpc.BlockingMailbox):
    """One party's side: an inbox that a thread of its own fills, and `put` for what is sent."""

    def __init__(self, connection: socket.socket, names: tuple[str, str], rank: int, limit: float) -> None:
        super().__init__(limit)
        self._socket, self._name, self._peer = connection, names[rank], names[1 - rank]
        self._lay = self.door()
        threading.Thread(target=self._read, daemon=True).start()

    def put(self, posted: tuple[Slot, Letter]) -> None:
        """The round stays here: the receiver has its own."""
        slot, (payload, _) = posted
        body = payload.tobytes() if isinstance(payload, np.ndarray) else payload
        kind, number = (b"C", slot) if isinstance(slot, int) else (b"P", slot[1])
        try:
            self._socket.sendall(HEADER.pack(kind, number, len(body)) + body)
        except OSError as error:
            raise PeerFailed(f"the connection to {self._peer} broke: {error}") from error

    def finish(self, *, failed: bool) -> None:
        """Tell the peer that this party has ended."""
        with suppress(OSError):  # it has gone already
            self._socket.sendall(HEADER.pack(b"F" if failed else b"E", 0, 0))
            self._socket.shutdown(socket.SHUT_WR)

    def _read(self) -> None:
        ending = PeerFailed(f"the connection to {self._peer} was closed")
        with suppress(OSError), self._socket.makefile("rb") as stream:  # an OSError: this side has closed it
            while len(header := stream.read(HEADER.size)) == HEADER.size:
                kind, number, length = HEADER.unpack(header)
                if kind in b"EF":
                    ending = left(self._peer, self._name, failed=kind == b"F")
                    break
                self._lay((number if kind == b"C" else ("P2P", number), (stream.read(length), 0)))
        self.close(ending)


def run_over(
    connection: socket.socket, names: tuple[str, str], rank: int, program: Program, limit: float = 30.0
) -> mpc.Outcome:
    """One party's program over a socket."""
    wire = SocketWire(connection, names, rank, limit)
    link = mpc.Link(rank, names, wire, wire.put, mpc.Ledger(), alone=True)
    outcome = mpc.run_alone(program(link), link)
    wire.finish(failed=outcome.error is not None)
    return outcome
