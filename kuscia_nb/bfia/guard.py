"""Who sends a request, where everybody is known by a certificate: what a request says of its sender has to agree."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass

from .wire import Request

SENDERS = ("X-Source-Node-Id", "X-Node-Id", "x_source_node_id", "x_node_id", "x-ptp-source-node-id")
"""Where a request says which node it comes from."""


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
        for name in SENDERS:
            if (said := request.header(name)) not in ("", domain):
                return request, f"{name} is {said}, but the certificate is {domain}'s"
        return request._replace(headers={**dict(request.headers), SENDERS[0]: domain}), ""
