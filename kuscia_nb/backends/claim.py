"""A storage folder belongs to one process at a time: two would write over each other's files without a sign."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ..data.files import make_folder, remove_drafts
from ..errors import KusciaError

NAME = ".lock"
_PREFIX = "kuscia_nb-"
"""Of temporary folders; the id of the process that owns the folder comes next."""


def claim(storage: Path) -> Callable[[], None]:
    """Take a folder, which is made if need be, for this process; returns what gives it back.

    Files that an earlier process was killed in the midst of writing are removed. A KusciaError names the process that
    has the folder. When a process ends, however it does, the system gives back what it had. Where the system has no
    such locks, nothing is claimed.
    """
    make_folder(storage)
    try:
        import fcntl
    except ImportError:  # Windows, or a browser
        return lambda: None
    file = os.open(storage / NAME, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.read(file, 20).decode("ascii", "replace")
        os.close(file)
        hint = "close that cluster (cluster.close(), or the end of its kernel), or take another folder"
        raise KusciaError(f"{storage} is in use by process {owner}", hint=hint) from None
    except OSError:  # a file system without locks
        return lambda: os.close(file)
    os.ftruncate(file, 0)
    os.write(file, str(os.getpid()).encode())
    remove_drafts(storage)
    return lambda: os.close(file)


def temporary() -> tuple[Path, Callable[[], None]]:
    """A storage folder that goes with what it is for: where it is, and what removes it."""
    _sweep()
    storage = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    return storage, partial(shutil.rmtree, storage, ignore_errors=True)


def _sweep() -> None:
    """Remove the temporary folders of processes that are no more."""
    if os.name != "posix":  # elsewhere, asking after a process may end it
        return
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        try:
            os.kill(int(owner), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except (ValueError, OverflowError, PermissionError):
            continue  # not a folder of ours, or of somebody else's process
