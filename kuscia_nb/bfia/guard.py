"""Who reaches an address, and who sends a request where a certificate says it: what the request says has to agree."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Callable
from dataclasses import dataclass

from .wire import SENDERS, Request

_ALL_SENDERS = (*SENDERS, "x-ptp-source-node-id")
"""The transport's, too."""


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address; a name other than localhost may lead anywhere."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Guard:
    """TLS for a server, and the domain of who is there."""

    context: ssl.SSLContext
    """It asks for a certificate, and takes those that it knows."""
    domain_of: Callable[[bytes], str | None]
    """The domain that has a certificate (DER)."""

    def admitted(self, certificate: bytes | None, request: Request) -> tuple[Request, str]:
        """The request with its sender, and why it is refused, if it is."""
        domain = self.domain_of(certificate) if certificate else None
        if domain is None:
            return request, "this node does not know your certificate"
        return sent_by(domain, request, "the certificate is {}'s")


def sent_by(domain: str, request: Request, known: str = "the connection leads to {}") -> tuple[Request, str]:
    """A request of which it is known who sends it, and why it is refused, if it says another one."""
    for name in _ALL_SENDERS:
        if (said := request.header(name)) not in ("", domain):
            return request, f"{name} is {said}, but {known.format(domain)}"
    return request._replace(headers={**dict(request.headers), SENDERS[0]: domain}), ""
