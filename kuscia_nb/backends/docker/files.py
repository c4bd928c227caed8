"""The files of a node: its storage below /home/kuscia/var/storage, as a folder to read from, and data to put there."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import BinaryIO

from ...errors import DataError
from .exec import Exec

STORAGE = PurePosixPath("/home/kuscia/var/storage")
_STAT = """
cd -- "$1" 2>/dev/null || exit 3
for f in * .[!.]*; do [ -e "$f" ] && stat -L -c "%f %s %Y %n" -- "$f"; done
exit 0
"""
_PUT = """
mkdir -p -- "$1" && cat > "$1/$3" && mv -f -- "$1/$3" "$1/$2" && stat -c %s -- "$1/$2" && exit 0
rm -f -- "$1/$3"
exit 1
"""
"""Folder, name and draft; its output is the size of what is there then."""


class RemoteFolder:
    """A file or folder in a container, to read from. What it is, is asked once for all files of a folder."""

    def __init__(self, exec: Exec, path: PurePosixPath, about: os.stat_result | None = None) -> None:
        self._exec, self._path, self._about = exec, path, about

    @property
    def name(self) -> str:
        return self._path.name

    @property
    def parent(self) -> RemoteFolder:
        return RemoteFolder(self._exec, self._path.parent)

    def __truediv__(self, name: str, /) -> RemoteFolder:
        return RemoteFolder(self._exec, self._path / name)

    def with_name(self, name: str, /) -> RemoteFolder:
        return RemoteFolder(self._exec, self._path.with_name(name))

    def iterdir(self) -> Iterator[RemoteFolder]:
        """What is in it; FileNotFoundError, if it is no folder."""
        ran = self._exec.run(["sh", "-c", _STAT, "sh", str(self._path)])
        if ran.code:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self))
        for line in ran.text.splitlines():
            mode, size, changed, name = line.split(" ", 3)
            yield RemoteFolder(self._exec, self._path / name, _stat(int(mode, 16), int(size), int(changed)))

    def stat(self) -> os.stat_result:
        """Its kind, its size, and when it was changed; FileNotFoundError, if it is not there."""
        if self._about is None:
            ran = self._exec.run(["stat", "-L", "-c", "%f %s %Y", "--", str(self._path)])
            if ran.code:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self))
            mode, size, changed = ran.text.split()
            self._about = _stat(int(mode, 16), int(size), int(changed))
        return self._about

    def exists(self) -> bool:
        try:
            self.stat()
        except FileNotFoundError:
            return False
        return True

    def is_file(self) -> bool:
        return self.exists() and self.stat().st_mode & 0o170000 == 0o100000

    def read_bytes(self) -> bytes:
        """All that is in it; FileNotFoundError, if it cannot be read."""
        ran = self._exec.run(["cat", "--", str(self._path)])
        if ran.code:
            raise FileNotFoundError(errno.ENOENT, ran.complaint, str(self))
        return ran.out

    def read_text(self, encoding: str, errors: str = "strict") -> str:
        return self.read_bytes().decode(encoding, errors)

    def __str__(self) -> str:
        return f"{self._exec.container}:{self._path}"

    def __repr__(self) -> str:
        return f"RemoteFolder({str(self)!r})"


def put(exec: Exec, name: str, content: BinaryIO) -> RemoteFolder:
    """Keep a data file, seen whole or not at all: written beside its place, and read back by its size."""
    folder, draft = STORAGE / "data", f".{name}.{secrets.token_hex(4)}.draft"
    counted = _Counted(content)
    ran = exec.run(["sh", "-c", _PUT, "sh", str(folder), name, draft], counted)  # type: ignore[arg-type]
    if ran.code or ran.text.strip() != str(counted.count):
        there = f"{ran.text.strip()} of {counted.count} bytes are there" if not ran.code else ran.complaint
        raise DataError(
            f"data/{name} was not written: {there}", where=exec.container, hint="is there room on its disk?"
        )
    return RemoteFolder(exec, folder / name)


class _Counted:
    """Content, and how much of it was read."""

    def __init__(self, content: BinaryIO) -> None:
        self._content, self.count = content, 0

    def read(self, size: int) -> bytes:
        block = self._content.read(size)
        self.count += len(block)
        return block


def _stat(mode: int, size: int, changed: int) -> os.stat_result:
    return os.stat_result((mode, 0, 0, 1, 0, 0, size, changed, changed, changed))
