"""What is wrong when one side does not take the other's certificate: another one, or its time, or a clock."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from ..identity import Certificate, Identity, certificate_of, client_tls, fingerprint, span, validity
from ..tls import wrapped
from . import websocket

_SECONDS = 5.0
_SAME = timedelta(minutes=1)
_OUT_OF_TIME = (9, 10)
"""OpenSSL's codes for a certificate that is not valid yet, or any more."""
_COMPARE = "compare fingerprints with the other side, and take its certificate as it is now: --trust"


def not_accepted(
    address: tuple[str, int], own: Identity, peer: Certificate, error: ssl.SSLCertVerificationError
) -> tuple[str, str]:
    """Why this side does not take the certificate of who listens there, and what to do."""
    seen, date = _look(address, own)
    if error.verify_code in _OUT_OF_TIME and seen in (None, peer.der):
        wrong = validity(peer, f"{peer.name}'s certificate") or error.verify_message
        return (
            f"{wrong}; {_clocks(peer, date)}",
            "a new identity, or the right time on the machine that has another one",
        )
    shown = "" if seen is None else f": {certificate_of(seen).name!r}, with the fingerprint {fingerprint(seen)}"
    return f"who is there has another certificate than {peer.name}{shown}", f"{_COMPARE}; trusted is {peer.fingerprint}"


def not_let_in(own: Identity, alert: str) -> tuple[str, str]:
    """Why who listens there does not take this side's certificate."""
    own_time = validity(own.certificate, "this party's certificate")
    what = own_time or f"the peer does not accept this party's certificate ({alert}), fingerprint {own.fingerprint}"
    return what, f"the other side has to trust {own.certificate_file.name}, and both need the right time"


def _clocks(peer: Certificate, date: datetime | None) -> str:
    if date is None:
        return "whose clock is off is not known"
    off = date - datetime.now(UTC)
    if abs(off) < _SAME:
        return "both clocks are the same"
    return f"this machine's clock is {span(off)} {'behind' if off > timedelta() else 'ahead of'} that of {peer.name}"


def _look(address: tuple[str, int], own: Identity) -> tuple[bytes | None, datetime | None]:
    """Whose certificate is there, whoever it is, and what time it is there. Nothing is told to it."""
    seen = date = None
    try:
        with (
            socket.create_connection(address, _SECONDS) as connected,
            wrapped(connected, client_tls(own, None), server_hostname=address[0]) as secured,
        ):
            seen = secured.getpeercert(binary_form=True)
            secured.sendall(f"HEAD / HTTP/1.1\r\nHost: {address[0]}\r\nConnection: close\r\n\r\n".encode())
            read = b""
            while b"\r\n\r\n" not in read and len(read) < websocket.LARGEST_ANSWER and (piece := secured.recv(4096)):
                read += piece
            told = websocket.read_answer(read.partition(b"\r\n\r\n")[0]).headers.get("date", "")
            date = parsedate_to_datetime(told)
            date = date if date.tzinfo else date.replace(tzinfo=UTC)
    except (OSError, ValueError, websocket.Malformed):
        pass  # what is known by now has to do
    return seen, date
