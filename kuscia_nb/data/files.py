"""Paths that people type, folders to read from, and writing files so that nobody ever sees half of one."""

from __future__ import annotations

import gzip
import os
import secrets
import shutil
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Protocol, Self


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


def readable(file: Folder) -> Any:
    """What pandas reads a file from."""
    if isinstance(file, os.PathLike):
        return file
    content = file.read_bytes()
    return BytesIO(gzip.decompress(content) if file.name.endswith(".gz") else content)


def write_atomically(path: Path, content: bytes | BinaryIO) -> None:
    """Write a file that is seen whole or not at all; its folder is made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("wb") as file:
            if isinstance(content, bytes):
                file.write(content)
            else:
                shutil.copyfileobj(content, file)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
