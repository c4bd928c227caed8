"""Ports of this machine that nobody has, for servers that start later."""

from __future__ import annotations

import random
import socket
from contextlib import suppress

LOW, HIGH = 20_000, 32_768
"""Below those that systems give to who asks for any: no outgoing connection takes one, or meets itself there."""
_given: set[int] = set()


def free_port() -> int:
    """One that was not given before."""
    while True:
        port = random.SystemRandom().randrange(LOW, HIGH)
        if port not in _given:
            _given.add(port)
            with suppress(OSError), socket.create_server(("127.0.0.1", port)):
                return port


def free_ports(count: int) -> list[int]:
    """So many."""
    return [free_port() for _ in range(count)]
