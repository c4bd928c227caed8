"""Who a party is: a key of its own, and a certificate that its peers have. A peer is trusted by its exact certificate.

No authority signs anything, and the name that was dialled means nothing: two people exchange their certificates, as
Kuscia's nodes do, and read the fingerprints out to each other. Connections are TLS 1.3, with both certificates.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ..data.files import write_atomically
from ..errors import KusciaError

_BACK = timedelta(days=1)
"""A certificate is valid from a day before it was made: clocks differ."""
_YEARS = timedelta(days=365 * 3)


class Certificate(NamedTuple):
    """What others know a party by."""

    der: bytes
    name: str
    valid_from: datetime
    valid_until: datetime

    @property
    def fingerprint(self) -> str:
        """SHA-256, as openssl writes it."""
        return fingerprint(self.der)

    @property
    def pem(self) -> str:
        """As a file has it."""
        return ssl.DER_cert_to_PEM_cert(self.der)


class Identity(NamedTuple):
    """A party's own certificate, and the file with its key."""

    certificate: Certificate
    certificate_file: Path
    key_file: Path

    @classmethod
    def read(cls, key: str | Path, certificate: str | Path | None = None) -> Identity:
        """From alice.pem; the certificate is in alice.crt beside it, if no other file is given."""
        key = Path(key)
        file = Path(certificate) if certificate is not None else key.with_suffix(".crt")
        made = cls(read_certificate(file), file, key)
        _context(ssl.PROTOCOL_TLS_CLIENT, made, [])
        return made

    @property
    def name(self) -> str:
        """In the certificate."""
        return self.certificate.name

    @property
    def fingerprint(self) -> str:
        """Of the certificate."""
        return self.certificate.fingerprint


def fingerprint(der: bytes) -> str:
    """SHA-256 of a certificate, for people to compare."""
    digest = x509.load_der_x509_certificate(der).fingerprint(hashes.SHA256())
    return digest.hex(":").upper()


def make(name: str, folder: Path, now: datetime | None = None, hosts: Iterable[str] = ()) -> Identity:
    """A fresh key and certificate: `name`.pem, which nobody else may read, and `name`.crt.

    `hosts`: addresses for those who insist that a certificate names where it is. KusciaError, if there are such files.
    """
    files = folder / f"{name}.crt", folder / f"{name}.pem"
    for file in files:
        if file.exists():
            hint = "another name, or remove both files: who trusts the old certificate has to be given the new one"
            raise KusciaError("there is an identity of this name already", where=str(file), hint=hint)
    key = ec.generate_private_key(ec.SECP256R1())
    try:
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    except ValueError as error:
        raise KusciaError(f"{name!r} is no name for a certificate", hint="up to 64 letters") from error
    begin = (now or datetime.now(UTC)) - _BACK
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(begin)
    builder = builder.not_valid_after(begin + _YEARS)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    if addresses := [x509.IPAddress(ip_address(host)) for host in hosts]:
        builder = builder.add_extension(x509.SubjectAlternativeName(addresses), critical=False)
    made = builder.sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        descriptor = os.open(files[1], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(private)
        write_atomically(files[0], made.public_bytes(serialization.Encoding.PEM))
    except OSError as error:
        raise KusciaError(f"the identity cannot be written: {error.strerror}", where=str(folder)) from error
    return Identity.read(files[1])


def read_certificate(file: str | Path) -> Certificate:
    """One from a PEM file. KusciaError, if there is none in it."""
    hint = "the .crt that `kuscia-nb identity` has made, of the party that is meant"
    try:
        found = x509.load_pem_x509_certificates(Path(file).read_bytes())
    except OSError as error:
        raise KusciaError(f"the certificate cannot be read: {error.strerror}", where=str(file), hint=hint) from error
    except ValueError as error:
        raise KusciaError("there is no certificate in this file", where=str(file), hint=hint) from error
    if len(found) != 1:
        raise KusciaError(f"there are {len(found)} certificates in this file, not one", where=str(file), hint=hint)
    return _read(found[0])


def certificate_of(der: bytes) -> Certificate:
    """One that has come over a connection."""
    return _read(x509.load_der_x509_certificate(der))


def _read(found: x509.Certificate) -> Certificate:
    names = found.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    name = str(names[0].value) if names else ""
    der = found.public_bytes(serialization.Encoding.DER)
    return Certificate(der, name, found.not_valid_before_utc, found.not_valid_after_utc)


def server_tls(identity: Identity, trusted: Iterable[Certificate]) -> ssl.SSLContext:
    """For who listens: these may come, and nobody else."""
    return _context(ssl.PROTOCOL_TLS_SERVER, identity, trusted)


def client_tls(identity: Identity, peer: Certificate | None) -> ssl.SSLContext:
    """For who dials: this peer is spoken to. None: anybody, to find out who is there and what is wrong."""
    return _context(ssl.PROTOCOL_TLS_CLIENT, identity, [] if peer is None else [peer], blind=peer is None)


def _context(
    protocol: int, identity: Identity, trusted: Iterable[Certificate], *, blind: bool = False
) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE if blind else ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # these certificates are trusted themselves
    if protocol == ssl.PROTOCOL_TLS_SERVER:
        context.num_tickets = 0  # a party comes once, and a ticket would come between it and its first answer
    try:
        context.load_cert_chain(identity.certificate_file, identity.key_file)
    except (OSError, ssl.SSLError) as error:
        hint = "the key of this certificate, PEM, without a password: make both with `kuscia-nb identity`"
        where = f"{identity.key_file} and {identity.certificate_file}"
        what = error.strerror if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) else str(error)
        raise KusciaError(f"key and certificate cannot be used: {what}", where=where, hint=hint) from error
    for certificate in trusted:
        context.load_verify_locations(cadata=certificate.pem)
    return context


def validity(certificate: Certificate, whose: str, now: datetime | None = None) -> str:
    """What is wrong with a certificate's time, by this machine's clock; "" if nothing is."""
    now = now or datetime.now(UTC)
    if now < certificate.valid_from:
        at, off = certificate.valid_from, certificate.valid_from - now
        return f"{whose} is not valid before {at:%Y-%m-%d %H:%M} UTC, which is in {span(off)} by this machine's clock"
    if now > certificate.valid_until:
        at, off = certificate.valid_until, now - certificate.valid_until
        return f"{whose} has expired at {at:%Y-%m-%d %H:%M} UTC, {span(off)} ago by this machine's clock"
    return ""


def span(time: timedelta) -> str:
    """A stretch of time, for people."""
    seconds = abs(time.total_seconds())
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size:
            count = round(seconds / size)
            return f"{count} {name}{'s' if count != 1 else ''}"
    return "less than a second"
