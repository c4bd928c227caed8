"""Paths that people type, folders to read from, and writing files so that nobody sees half of one, or another's."""

from __future__ import annotations

import errno
import gzip
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO, Protocol, Self

from ..errors import DataError

_DRAFT = re.compile(r"\..+\.[0-9a-f]{8}\.draft")


class Folder(Protocol):
    """A folder or a file to read from, wherever it is; a `pathlib.Path` is one."""

    @property
    def name(self) -> str: ...
    @property
    def parent(self) -> Self: ...
    def __truediv__(self, name: str, /) -> Self: ...
    def with_name(self, name: str, /) -> Self: ...
    def iterdir(self) -> Iterator[Self]: ...
    def is_file(self) -> bool: ...
    def exists(self) -> bool: ...
    def stat(self) -> os.stat_result: ...
    def read_bytes(self) -> bytes: ...
    def read_text(self, encoding: str, errors: str = ...) -> str: ...


def typed(path: str) -> Path:
    """A path as it was typed, with ~ for a home folder; unlike `Path.expanduser` this takes ~nobody for a name.

    Ask os.path whether it exists: it says no where a `Path` raises, of a name that is too long, for example.
    """
    return Path(os.path.expanduser(path))


def file_names(folder: Folder) -> list[str]:
    """The files in a folder; none, if there is no such folder, or the file system takes no such name."""
    try:
        return sorted(path.name for path in folder.iterdir() if path.is_file())
    except (OSError, ValueError):  # too long; a NUL or half a surrogate pair
        return []


def readable(file: Folder) -> Any:
    """What pandas reads a file from."""
    if isinstance(file, os.PathLike):
        return file
    content = file.read_bytes()
    return BytesIO(gzip.decompress(content) if file.name.endswith(".gz") else content)


def write_atomically(path: Path, content: bytes | BinaryIO) -> None:
    """Write a file that is seen whole or not at all, by its owner alone; its folder is made if need be."""
    make_folder(path.parent)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.draft")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            if isinstance(content, bytes):
                file.write(content)
            else:
                shutil.copyfileobj(content, file)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, for its owner alone; what is there stays as it is."""
    if not folder.is_dir():
        make_folder(folder.parent)
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
        except FileExistsError:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)) from None


def remove_drafts(folder: Path) -> None:
    """Remove what a process that was killed has left of files that it was writing; no other one may write there."""
    for path in folder.rglob(".*"):
        if _DRAFT.fullmatch(path.name) and path.is_file():
            path.unlink(missing_ok=True)


def check_writable(path: Path, shown_as: str) -> None:
    """For whose result would be lost otherwise: a DataError, if no file can be written there."""
    with writing(shown_as):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        make_folder(path.parent)
        with TemporaryFile(dir=path.parent):
            pass


@contextmanager
def writing(shown_as: str) -> Iterator[None]:
    """Say of an error in it that this file cannot be written, and why."""
    try:
        yield
    except OSError as error:
        what = f"the file cannot be written: {error.strerror or error}"
        raise DataError(what, where=shown_as, hint="look whether there is room, and who may write there") from error
