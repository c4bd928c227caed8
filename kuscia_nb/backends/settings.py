"""What a node of one's own is told at its start: who it is, where it listens, who its peers are, and what it allows.

What would be open beyond this machine without both sides being known to each other is refused here, before anything
listens; so is a TTP that one of the two parties runs.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from ..control.consent import Consent
from ..errors import KusciaError
from ..options import Accept, Reveal
from ..wire.sockets import Address
from .flags import LISTEN, NOWHERE, TTP_KEY
from .whose import ttp_of_a_party, ttp_with_certificate_of

if TYPE_CHECKING:
    from ..wire.identity import Certificate, Identity

_NAME = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"


@dataclass(frozen=True)
class Peer:
    """Another node."""

    name: str
    url: str
    """Empty, if it can only dial out, and dials this node."""
    certificate: Certificate | None = None
    """Who alone may say that it is this node; None where nothing is encrypted."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """For what stands before it; they may be secret."""

    @property
    def dials(self) -> bool:
        """Whether nobody can dial it."""
        return not self.url

    @property
    def host(self) -> str:
        """Where it is."""
        return urlsplit(self.url).hostname or ""

    @property
    def here(self) -> bool:
        """Whether that is this machine. Where one is that dials, its own node knows: here it is known who can come."""
        return self.dials or Address(self.host, 0).loopback


@dataclass(frozen=True)
class Settings:
    """All that there is to know. Make it with `read`, which checks it."""

    name: str
    listen: Address | None
    """None, if it can only dial out."""
    peers: Mapping[str, Peer]
    ttp: str
    """host:port."""
    ttp_key: Path
    ttp_certificate: Path | None
    """That of a TTP that speaks TLS."""
    identity: Identity | None
    storage: Path | None
    consent: Consent
    insecure: bool
    """Whether something is open beyond this machine that anybody there can read and forge."""
    transport: Address | None = None
    """Where programs of this machine push and pop their messages, if they may."""
    warnings: tuple[str, ...] = field(default=())
    """What has to be shown for as long as the node is up."""

    @classmethod
    def read(
        cls,
        *,
        name: str,
        listen: str = LISTEN,
        peers: Mapping[str, str],
        ttp: str,
        ttp_key: str | Path | None = None,
        ttp_certificate: str | Path | None = None,
        peer_headers: Mapping[str, Mapping[str, str]] | None = None,
        identity: str | Path | None = None,
        trust: Mapping[str, str | Path] | None = None,
        storage: str | Path | None = None,
        accept: Accept | None = None,
        reveal: Reveal = "agreed",
        insecure: bool = False,
        i_run_the_ttp: bool = False,
        transport: str | None = None,
    ) -> Self:
        """Check everything. A KusciaError says what cannot be, and what to say instead."""
        own, trusted = _identity(identity), _trusted(trust or {}, peers)
        if trusted and own is None:
            raise KusciaError("trust without identity", hint=f"identity: kuscia-nb identity {name} makes {name}.pem")
        for peer, url in peers.items():
            if url.startswith("https:") and peer not in trusted:
                what = f"{url} needs to know both sides, and nothing says which certificate is {peer}'s"
                raise KusciaError(what, hint=f"identity ({name}.pem) and trust ({peer}={peer}.crt)")
        if (ttp_certificate is not None) != ttp.startswith("https:") or (ttp_certificate is not None and own is None):
            what = f"the TTP at {ttp}: https goes with its certificate and this node's identity, and http without"
            raise KusciaError(what, hint="ttp_certificate (--ttp-ca) and identity, or http:// on this machine")
        headers = _headers(peer_headers or {}, peers)
        where, asked = None if listen == NOWHERE else Address.read(listen), _ttp(ttp)
        known = {
            peer: Peer(_named(peer), _url(peer, url), trusted.get(peer), headers.get(peer, {}))
            for peer, url in peers.items()
        }
        if _named(name) in known or not known:
            what = f"{name} is its own peer" if name in known else f"{name} has no peer"
            raise KusciaError(what, hint="peers: the other nodes by name, such as bob=http://127.0.0.1:8085")
        if where is None and (neither := [peer.name for peer in known.values() if peer.dials]):
            what = f"{name} and {neither[0]} both listen nowhere: neither can reach the other"
            raise KusciaError(what, hint=f"the URL of {neither[0]}, or listen at an address that it reaches")
        exposed = _exposed(where, known, own) + _exposed_ttp(asked, ttp_certificate)
        if exposed and not insecure:
            raise KusciaError(
                exposed[0][0], hint=f"{exposed[0][1]}; or insecure (--insecure), if nothing here is secret"
            )
        if not i_run_the_ttp and (whose := _party_of_ttp(asked, ttp_certificate, where, known, own)):
            what = (
                f"the TTP at {ttp} is on {whose}: who runs the TTP together with one party reads the other one's data"
            )
            raise KusciaError(
                what, hint="a TTP that neither party runs; i_run_the_ttp (--i-run-the-ttp), if you may know all"
            )
        beyond = (where is not None and not where.loopback) or any(not peer.here for peer in known.values())
        return cls(
            name,
            where,
            known,
            str(asked),
            _ttp_key(ttp_key),
            Path(ttp_certificate) if ttp_certificate else None,
            own,
            Path(storage) if storage is not None else None,
            Consent(accept or ("ask" if beyond else "always"), reveal),
            bool(exposed),
            _programs(transport),
            tuple(f"insecure: {text}" for text, _ in exposed),
        )

    def encrypts(self, peer: Peer) -> bool:
        """Whether what goes to a peer goes to it alone."""
        known = self.identity is not None and peer.certificate is not None
        return known and (peer.dials or peer.url.startswith("https:"))

    def client_tls(self, peer: Peer) -> ssl.SSLContext | None:
        """What leads to a peer and to nobody else, if it is encrypted."""
        if self.identity is None or not self.encrypts(peer):
            return None
        from ..wire.identity import client_tls

        return client_tls(self.identity, peer.certificate)


def _named(name: str) -> str:
    if not re.fullmatch(_NAME, name):
        raise KusciaError(f"{name!r} is not the name of a node", hint="lower case letters, digits and -, such as alice")
    return name


def _url(peer: str, url: str) -> str:
    if url == NOWHERE:
        return ""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise KusciaError(
            f"{url!r} is not the URL of {peer}", hint=f"{peer}=http://127.0.0.1:8085, or {peer}={NOWHERE} if it dials"
        )
    return url.rstrip("/")


def _headers(headers: Mapping[str, Mapping[str, str]], peers: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Headers as HTTP has them (RFC 9110, 5.5), by peer; an error shows no value, which may be secret."""
    from ..problems import choice

    for peer, named in headers.items():
        if peer not in peers:
            raise KusciaError(f"headers for {peer}, which is no peer", hint=choice(peer, peers))
        for name, value in named.items():
            if not re.fullmatch(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+", name) or not re.fullmatch(r"[ -~]+", value):
                shown = f" {name!r}" if value else ""  # what has no colon may be a secret, too
                what = f"the header{shown} for {peer} is none"
                raise KusciaError(what, hint='--peer-header bob="Authorization: token abc"')
    return {peer: dict(named) for peer, named in headers.items()}


def _ttp(text: str) -> Address:
    """From host:port or a URL."""
    return Address.read(text.partition("://")[2].rstrip("/") if "://" in text else text)


def _programs(text: str | None) -> Address | None:
    """Where a door for programs is: they show no certificate, so it is this machine's alone."""
    if text is None:
        return None
    address = Address.read(text)
    if not address.loopback:
        hint = f"127.0.0.1:{address.port}: programs of other machines have endpoints of their own"
        raise KusciaError(f"transport: {address} can be reached from other machines", hint=hint)
    return address


def _ttp_key(path: str | Path | None) -> Path:
    found = Path(TTP_KEY) if path is None else Path(path)
    if not found.exists():
        hint = "ttp_key (--ttp-key): the public.pem that kuscia-nb ttp has written, the same at both parties"
        raise KusciaError(f"there is no key of the TTP: {found}", hint=hint)
    return found


def _identity(path: str | Path | None) -> Identity | None:
    if path is None:
        return None
    from ..wire.identity import Identity

    return Identity.read(path)


def _trusted(trust: Mapping[str, str | Path], peers: Mapping[str, str]) -> dict[str, Certificate]:
    from ..problems import choice

    for name in trust:
        if name not in peers:
            raise KusciaError(f"{name} is trusted, but is no peer", hint=choice(name, peers))
    if not trust:
        return {}
    from ..wire.identity import read_certificate

    read = {name: read_certificate(path) for name, path in trust.items()}
    first: dict[bytes, str] = {}
    for name, certificate in read.items():
        if (other := first.setdefault(certificate.der, name)) != name:
            raise KusciaError(f"{name} and {other} have one certificate: each node has its own", hint=f"trust {name}")
    return read


# --- what is open to others ------------------------------------------------------------------------------------------


def _exposed(listen: Address | None, peers: Mapping[str, Peer], identity: Identity | None) -> list[tuple[str, str]]:
    """What anybody between the two nodes could read or forge, and what would keep him from it."""
    found = []
    if listen is not None and not listen.loopback and identity is None:
        found.append((f"{listen} can be reached from other machines, and no identity is given", "identity and trust"))
    for peer in peers.values():
        if identity is not None and peer.certificate is None:
            found.append((f"nothing says which certificate is {peer.name}'s", f"trust: {peer.name}={peer.name}.crt"))
        elif identity is not None and not (peer.dials or peer.url.startswith("https:")):
            found.append((f"{peer.url} is not encrypted", f"{peer.name}=https://..."))
        elif not peer.here and peer.certificate is None:
            found.append((f"{peer.name} is on another machine, at {peer.url}", "identity and trust"))
    return found


def _exposed_ttp(ttp: Address, certificate: str | Path | None) -> list[tuple[str, str]]:
    if ttp.loopback or certificate:
        return []
    return [(f"the TTP is on another machine, {ttp.host}", "ttp_certificate (--ttp-ca): the TTP's certificate")]


def _party_of_ttp(
    ttp: Address,
    certificate: str | Path | None,
    listen: Address | None,
    peers: Mapping[str, Peer],
    own: Identity | None,
) -> str:
    """Whose machine the TTP is on, if it is a party's, by its address or its certificate."""
    if (whose := ttp_of_a_party(ttp, listen, peers.values())) or certificate is None or own is None:
        return whose
    from ..wire.identity import read_certificate

    return ttp_with_certificate_of(read_certificate(certificate), own.certificate, peers.values())
