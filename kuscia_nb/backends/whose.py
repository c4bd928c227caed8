"""Whose machine a TTP is on: one machine may have several names and addresses, and a certificate says who it is."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from ..wire.sockets import Address

if TYPE_CHECKING:
    from ..wire.identity import Certificate

HERE = "this machine"


class Other(Protocol):
    """A peer."""

    @property
    def name(self) -> str: ...
    @property
    def host(self) -> str: ...
    @property
    def here(self) -> bool: ...
    @property
    def certificate(self) -> Certificate | None: ...


def ttp_of_a_party(ttp: Address, listen: Address | None, peers: Iterable[Other]) -> str:
    """Whose machine the TTP is on, if it is a party's; with everything on one machine nobody is protected anyway."""
    far = [peer for peer in peers if not peer.here]
    if not far and (listen is None or listen.loopback):
        return ""
    known = _addresses(ttp.host)
    if ttp.loopback or (listen is not None and ttp.host == listen.host) or any(map(_is_own, known)):
        return HERE
    there = (peer for peer in far if peer.host == ttp.host or known & _addresses(peer.host))
    return next((f"{peer.name}'s machine" for peer in there), "")


def ttp_with_certificate_of(shown: Certificate, own: Certificate, peers: Iterable[Other]) -> str:
    """Who runs the TTP, if it shows a party's certificate."""
    if shown.der == own.der:
        return f"{HERE}, as its certificate says"
    same = (peer for peer in peers if peer.certificate is not None and peer.certificate.der == shown.der)
    return next((f"{peer.name}'s machine, as its certificate says" for peer in same), "")


def _addresses(host: str) -> frozenset[str]:
    """Where a name leads; nowhere, if nobody knows it."""
    with suppress(OSError, UnicodeError):
        return frozenset(str(found[4][0]) for found in socket.getaddrinfo(host, None))
    return frozenset()


def _is_own(address: str) -> bool:
    """Whether this machine has an address: only what it has can be bound."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as tried:
        tried.bind((address, 0))
        return True
    return False
