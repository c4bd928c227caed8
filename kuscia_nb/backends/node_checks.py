"""The checks of a node that is alone: its own address and folder, its peers, the TTP. Nothing is changed by them."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from ..bfia.http import http_transport
from ..bfia.wire import Request
from ..errors import KusciaError
from ..wire.identity import Certificate, Identity, read_certificate, span, validity
from ..wire.sockets import Address, in_words, listen
from ..wire.tls import client_context
from ..wire.ttp_keys import fingerprint, public_key
from .doctor import Check
from .peer_checks import SECONDS, Visit
from .settings import Peer
from .whose import ttp_of_a_party

OFF = 5.0
"""Seconds by which clocks may differ without a word."""
_LITTLE = 1 << 30
"""Bytes of a disk that are few."""


@dataclass(frozen=True)
class Subject:
    """What is looked at; what is not given is left out."""

    name: str
    listen: Address | None = None
    peers: tuple[Peer, ...] = ()
    identity: Identity | None = None
    ttp: str = ""
    """Its URL."""
    ttp_key: Path | None = None
    ttp_certificate: Path | None = None
    storage: Path | None = None
    transport: str = ""
    """host:port of a transport endpoint, where programs of this machine push and pop."""
    up: bool = False
    """Whether the node is in this process: it has its address and its folder itself."""


def checks(subject: Subject) -> Iterator[Check]:
    """Everything, the nearest first."""
    clocks: dict[str, float] = {}
    yield from _address(subject)
    yield from _folder(subject)
    yield from _identity(subject)
    for peer in subject.peers:
        yield from Visit(subject.name, subject.identity, peer, clocks).checks()
    yield from _ttp(subject, clocks)
    yield from _transport(subject, clocks)
    yield from compared(clocks)


# --- what is here ----------------------------------------------------------------------------------------------------


def _address(subject: Subject) -> Iterator[Check]:
    if subject.listen is None:
        return
    where = str(subject.listen)
    if subject.up:
        yield Check("own address", "ok", f"this node listens at {where}")
        return
    try:
        listen(subject.listen).close()
    except KusciaError as error:
        yield Check("own address", "no", error.what, error.hint)
        return
    reach = "this machine alone" if subject.listen.loopback else "other machines, if no firewall is in between"
    yield Check("own address", "ok", f"{where} is free; it can be reached from {reach}")


def _folder(subject: Subject) -> Iterator[Check]:
    storage = subject.storage
    if storage is None:
        if not subject.up:
            yield Check("data folder", "ok", "a temporary one, which goes with the node (--storage DIR keeps it)")
        return
    if not storage.exists():
        parent = next(one for one in (storage, *storage.absolute().parents) if one.exists())
        good = os.access(parent, os.W_OK)
        what = f"{storage} is made at the first start" if good else f"{storage} is not there, and cannot be made"
        yield Check("data folder", "ok" if good else "no", what, "" if good else "--storage, a folder of yours")
        return
    if not storage.is_dir() or not os.access(storage, os.R_OK | os.W_OK | os.X_OK):
        yield Check("data folder", "no", f"{storage} cannot be written", "--storage, a folder of yours")
        return
    free, data = shutil.disk_usage(storage).free, storage / "data"
    files = len(list(data.iterdir())) if data.is_dir() else 0
    value = f"{storage}: {files} data file{'' if files == 1 else 's'}, {free / 2**30:.1f} GiB free"
    yield Check("data folder", "warn" if free < _LITTLE else "ok", value, "a larger disk" if free < _LITTLE else "")


def _identity(subject: Subject) -> Iterator[Check]:
    own = subject.identity
    if own is None:
        far = any(not peer.here for peer in subject.peers)
        remedy = f"kuscia-nb identity {subject.name or 'NAME'}, --identity and --trust" if far else ""
        yield Check("identity", "no" if far else "ok", "none: nothing is encrypted", remedy)
        return
    if wrong := validity(own.certificate, "this node's certificate"):
        yield Check("identity", "no", wrong, "the right time on this machine, or a new identity")
        return
    if own.key_file.stat().st_mode & 0o077:
        yield Check("identity", "warn", f"others may read {own.key_file}", f"chmod 600 {own.key_file}")
        return
    left = own.certificate.valid_until - datetime.now(UTC)
    value = f"{own.name}, {own.fingerprint}, valid for {span(left)}"
    soon = left < timedelta(days=30)
    yield Check("identity", "warn" if soon else "ok", value, "a new identity, which the peers trust" if soon else "")


# --- who is elsewhere ------------------------------------------------------------------------------------------------


def _ttp(subject: Subject, clocks: dict[str, float]) -> Iterator[Check]:
    if not subject.ttp:
        return
    where = subject.ttp
    tls = None
    try:
        if subject.ttp_certificate is not None and subject.identity is not None:
            files = subject.identity.certificate_file, subject.identity.key_file
            tls = client_context(*files, subject.ttp_certificate)
        said, ahead = _status(where, tls)
        key = fingerprint(public_key(subject.ttp_key)) if subject.ttp_key is not None else ""
    except KusciaError as error:
        yield Check("TTP", "no", error.what, error.hint)
        return
    except OSError as error:
        why = in_words(error)
        if tls is not None and isinstance(error, TimeoutError):
            why = "it listens, and does not shake hands for TLS"
        yield Check(
            "TTP", "no", f"{where}: {why}", "see whether kuscia-nb ttp runs there, and with TLS (--ttp-ca) or without"
        )
        return
    if "fingerprint" not in said:
        yield Check("TTP", "no", f"{where} is no TTP of this package", "the address at which kuscia-nb ttp listens")
        return
    if key and said["fingerprint"] != key:
        what = f"it has the key {said['fingerprint']}, and {subject.ttp_key} is {key}"
        yield Check("TTP", "no", what, "the public.pem of this TTP, the same at both parties")
        return
    yield Check("TTP", "ok", f"{where} answers; its key is {said['fingerprint']}")
    yield _whose_ttp(subject)
    if ahead is not None:
        clocks["the TTP"] = ahead


def _whose_ttp(subject: Subject) -> Check:
    """Who runs it: with a party's help its seeds open the other one's data."""
    remedy = "a TTP that neither party runs"
    address = Address.read(subject.ttp.partition("://")[2])
    whose = ttp_of_a_party(address, subject.listen or address, subject.peers)
    certificate = read_certificate(subject.ttp_certificate) if subject.ttp_certificate is not None else None
    for name, known in _known(subject):
        if certificate is not None and certificate.der == known.der:
            return Check("TTP: run by", "no", f"{name}, a party: it has the party's certificate", remedy)
    if whose:
        what = f"it is on {whose}: who runs it together with one party reads the other one's data"
        return Check("TTP: run by", "warn", what, remedy)
    if certificate is not None:
        return Check("TTP: run by", "ok", f"{certificate.name}, {certificate.fingerprint}")
    if address.loopback:
        return Check("TTP: run by", "ok", "somebody on this machine, where all parties are")
    return Check("TTP: run by", "warn", f"whoever has {address.host}: nothing proves who that is", "--ttp-ca")


def _known(subject: Subject) -> Iterator[tuple[str, Certificate]]:
    if subject.identity is not None:
        yield subject.name, subject.identity.certificate
    for peer in subject.peers:
        if peer.certificate is not None:
            yield peer.name, peer.certificate


def _transport(subject: Subject, clocks: dict[str, float]) -> Iterator[Check]:
    if not subject.transport:
        return
    try:
        said, _ = _status(f"http://{subject.transport}", None)
    except OSError as error:
        remedy = "kuscia-nb transport, or a node with --transport"
        yield Check("transport endpoint", "no", f"{subject.transport}: {in_words(error)}", remedy)
        return
    if "node" not in said:
        what = f"{subject.transport} is no transport endpoint of this package"
        yield Check("transport endpoint", "warn", what, "if it is Kuscia's own, all is well")
    else:
        held = f"{said.get('sessions')} sessions, {said.get('bytes')} bytes"
        yield Check("transport endpoint", "ok", f"that of {said['node']}: {held}")


def _status(url: str, tls: ssl.SSLContext | None) -> tuple[Mapping[str, Any], float | None]:
    """What `GET /status` says, and by how many seconds its clock is ahead. OSError, if nobody answers."""
    begun = time.time()
    answer = http_transport(url, total=SECONDS, tls=tls)(Request("GET", "/status", {}))
    middle = (begun + time.time()) / 2
    try:
        said = json.loads(answer.body)
        return (
            (said, float(said["time"]) - middle if "time" in said else None) if isinstance(said, dict) else ({}, None)
        )
    except (ValueError, TypeError):
        return {}, None


# --- whose clock -----------------------------------------------------------------------------------------------------


def compared(clocks: Mapping[str, float]) -> Iterator[Check]:
    """Whose clock is off: that of whom the others do not agree with, if there are enough of them."""
    if not clocks:
        return
    remedy = "the right time (NTP) on that machine: a certificate may seem to be out of date"
    if all(abs(ahead) <= OFF for ahead in clocks.values()):
        most = max(clocks.values(), key=abs)
        yield Check("clocks", "ok", f"they differ by {abs(most):.1f} s at most")
        return
    everybody = {"this machine": 0.0, **clocks}
    middle = median(everybody.values())
    wrong = {name: ahead - middle for name, ahead in everybody.items() if abs(ahead - middle) > OFF}
    if len(everybody) == 2 or len(wrong) * 2 >= len(everybody):
        told = ", ".join(f"that of {name} is {_by(ahead)} this machine's" for name, ahead in clocks.items())
        yield Check("clocks", "warn", f"{told}; which one is right is not known", remedy)
        return
    told = ", ".join(f"that of {name} is {_by(ahead)} the others'" for name, ahead in wrong.items())
    yield Check("clocks", "warn", told, remedy)


def _by(ahead: float) -> str:
    return f"{span(timedelta(seconds=ahead))} {'ahead of' if ahead > 0 else 'behind'}"
