"""TLS by given files. Who the other side is, its certificate says, not the name that was dialled."""

from __future__ import annotations

import errno
import socket
import ssl
from pathlib import Path
from typing import Any

from ..errors import KusciaError


def server_context(certificate: str | Path, key: str | Path, clients: str | Path) -> ssl.SSLContext:
    """For who listens. `clients`: the certificates that are let in, or those of who signs them."""
    return _context(ssl.PROTOCOL_TLS_SERVER, certificate, key, clients)


def client_context(certificate: str | Path, key: str | Path, servers: str | Path) -> ssl.SSLContext:
    """For who dials. `servers`: the certificate that is expected, or that of who has signed it."""
    return _context(ssl.PROTOCOL_TLS_CLIENT, certificate, key, servers)


def wrapped(connected: socket.socket, context: ssl.SSLContext, **how: Any) -> ssl.SSLSocket:
    """`context.wrap_socket`. OSError, if the other end has cut the connection already: Python leaves it open then."""
    try:
        connected.getpeername()
    except OSError as error:
        raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer") from error
    return context.wrap_socket(connected, **how)


def _context(protocol: int, certificate: str | Path, key: str | Path, trusted: str | Path) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # a certificate in the file is trusted itself
    doing = f"the certificate {certificate} with the key {key}"
    try:
        context.load_cert_chain(certificate, key)
        doing = f"the trusted certificates {trusted}"
        context.load_verify_locations(trusted)
    except (OSError, ssl.SSLError) as error:
        hint = "PEM files; the key is that of the certificate, and has no password"
        raise KusciaError(f"{doing} cannot be used: {error}", hint=hint) from error
    return context
