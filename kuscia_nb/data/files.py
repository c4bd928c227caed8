"""Paths that people type, and writing files so that nobody ever sees half of one."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def typed(path: str) -> Path:
    """A path as it was typed, with ~ for a home folder; unlike `Path.expanduser` this takes ~nobody for a name.

    Ask os.path whether it exists: it says no where a `Path` raises, of a name that is too long, for example.
    """
    return Path(os.path.expanduser(path))


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that is seen whole or not at all; its folder is made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        draft.write_bytes(content)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
