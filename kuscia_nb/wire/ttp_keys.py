"""The TTP's key pair, in a folder: `private.pem`, which nobody else may read, and `public.pem`, which everybody may."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import NamedTuple

from ..errors import TtpError
from . import sm2

PRIVATE, PUBLIC = "private.pem", "public.pem"


class TtpKeys(NamedTuple):
    """An SM2 key pair."""

    private: int
    public: sm2.Point

    def __repr__(self) -> str:
        return f"TtpKeys({self.fingerprint})"

    @classmethod
    def new(cls) -> TtpKeys:
        """A fresh pair, in memory alone."""
        private = sm2.new_key()
        return cls(private, sm2.public_key(private))

    @property
    def fingerprint(self) -> str:
        """Of the public key: what one reads out to the other side."""
        return fingerprint(self.public)


def fingerprint(public: sm2.Point) -> str:
    """The first 16 bytes of the SHA-256 of a public key's PEM, in pairs."""
    return hashlib.sha256(sm2.public_pem(public).encode()).hexdigest()[:32].upper()


def keys_in(folder: str | Path) -> TtpKeys:
    """The keys of a folder, made there if there are none. TtpError, if they cannot be used."""
    folder = Path(folder)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        private_file = folder / PRIVATE
        if not private_file.exists():
            _write(private_file, sm2.private_pem(sm2.new_key()))
        if private_file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise TtpError(
                "others may read the TTP's private key", where=str(private_file), hint=f"chmod 600 {private_file}"
            )
        private = sm2.read_private_pem(private_file.read_text("ascii"))
        keys = TtpKeys(private, sm2.public_key(private))
        (folder / PUBLIC).write_text(sm2.public_pem(keys.public), "ascii")
    except (OSError, ValueError) as error:
        raise TtpError(f"the TTP's keys cannot be used: {error}", where=str(folder)) from error
    return keys


def public_key(pem: str | Path) -> sm2.Point:
    """A TTP's public key: a file's name, or its text. TtpError, if it is none."""
    text, where = str(pem), ""
    try:
        if "-----BEGIN" not in text:
            where = text
            text = Path(pem).read_text("ascii")
        return sm2.read_public_pem(text)
    except (OSError, ValueError) as error:
        hint = "the public.pem that the TTP has written"
        raise TtpError(f"the TTP's public key cannot be used: {error}", where=where, hint=hint) from error


def _write(file: Path, text: str) -> None:
    """A new file that only its owner may read; another process that makes it first has made it."""
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as opened:
        opened.write(text)
    try:
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
