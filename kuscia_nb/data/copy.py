"""Copying a file into a node's storage or out of it, as `docker cp` does with a container. On that node only."""

from __future__ import annotations

import difflib
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from ..errors import DataError
from .files import make_folder, typed

STORAGE = "/home/kuscia/var/storage/"
"""Where the storage is on a Kuscia node; a path may begin with it, as in the tutorial."""

_FORMS = "SRC NODE:data/, SRC NODE:data/NAME or NODE:PATH DEST"


def copy(source: str, target: str, storage: Mapping[str, Path]) -> str:
    """Copy one file; one of the two is NODE:PATH, below a storage folder. Returns what was done, for people."""
    from_node, from_path = _split(source, storage)
    to_node, to_path = _split(target, storage)
    if from_node and to_node:
        hint = "by way of a file of your own, if the other node may see it"
        raise DataError("a file is not copied from node to node", hint=hint)
    if from_node:
        origin = _stored(storage[from_node], from_path, from_node)
        goal = _local_target(to_path, origin.name)
        done = f"{from_node}: {_shown(storage[from_node], origin)} to {goal}"
    elif to_node:
        origin = local_file(from_path)
        goal = storage[to_node] / "data" / _data_name(to_path or "", origin.name, to_node)
        done = f"{origin} to {to_node}: data/{goal.name}"
    else:
        raise DataError("neither is a file of a node", hint=f"cp {_FORMS}")
    try:
        make_folder(goal.parent)
        shutil.copyfile(origin, goal)
        if to_node:
            goal.chmod(0o600)
    except (OSError, ValueError) as error:
        raise DataError(f"cannot copy {done}: {getattr(error, 'strerror', None) or error}") from error
    return f"copied {done} ({goal.stat().st_size:,} bytes)"


def _split(text: str, storage: Mapping[str, Path]) -> tuple[str | None, str]:
    """The node and the path of NODE:PATH; None and the text itself for a file of one's own."""
    found = re.fullmatch(r"([^/\\.:][^/\\:]+):(.*)", text)  # one letter and a colon is a drive
    if not found:
        return None, text
    if found[1] not in storage:
        near = difflib.get_close_matches(found[1], storage, 1)
        hint = f"did you mean {near[0]}?" if near else f"one of: {', '.join(storage)}"
        raise DataError(f"there is no node {found[1]}", hint=f"{hint}; for a file of your own with a colon: ./{text}")
    return found[1], found[2].removeprefix(STORAGE)


def _stored(storage: Path, path: str, node: str) -> Path:
    """A file below a storage folder, and never another one, whatever links there are."""
    try:
        place = (storage / path).resolve()
    except (OSError, ValueError) as error:
        raise DataError(f"{node}: {path!r} is not a path", hint="a path below the storage: data/my.csv") from error
    if PurePosixPath(path).is_absolute() or not place.is_relative_to(storage.resolve()):
        raise DataError(f"{path} is not in the storage of {node}", hint="a path below the storage: data/my.csv")
    if not os.path.isfile(place):
        what = "is a folder" if os.path.isdir(place) else "does not exist"
        folder = place if os.path.isdir(place) else place.parent
        raise DataError(f"{node}: {path or '.'} {what}", hint=_listed(folder, place.name))
    return place


def local_file(path: str) -> Path:
    """A file of one's own; a DataError says what there is instead."""
    source = typed(path)
    if not os.path.isfile(source):
        folder = os.path.isdir(source)
        what = "is a folder: copy its files one by one" if folder else "does not exist"
        raise DataError(f"{path} {what}", hint="" if folder else _listed(source.parent, source.name))
    return source


def _local_target(path: str, name: str) -> Path:
    """Where a file of this name goes: into a folder, or to a path whose folder is there."""
    target = typed(path)
    if os.path.isdir(target):
        return target / name
    if path.endswith("/") or not os.path.isdir(target.parent):
        folder = path if path.endswith("/") else str(target.parent)
        raise DataError(f"there is no folder {folder}", hint=". is where you are")
    return target


def _data_name(path: str, name: str, node: str) -> str:
    """The name in the data folder that NODE:data/ or NODE:data/NAME asks for."""
    folder, *rest = path.split("/")
    wanted = "/".join(rest) or name
    if folder != "data" or "/" in wanted or "\\" in wanted or wanted in (".", ".."):
        raise DataError(f"{node}:{path} is not in the data folder", hint=f"{node}:data/ or {node}:data/{name}")
    return wanted


def _shown(storage: Path, file: Path) -> str:
    return file.relative_to(storage.resolve()).as_posix()


def _listed(folder: Path, wanted: str) -> str:
    """What a folder has, the most likely first."""
    if not os.path.isdir(folder):
        return f"there is no folder {folder.name}"
    names = sorted(entry.name + "/" * entry.is_dir() for entry in folder.iterdir() if not entry.name.startswith("."))
    near = difflib.get_close_matches(wanted, names, 1)
    shown = ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
    return (f'"{near[0]}"; ' if near else "") + f"{folder.name or 'this folder'} has: {shown or 'nothing'}"
