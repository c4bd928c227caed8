"""A trace in a file: a zip archive of a JSON header and plain arrays. Nothing in it is ever executed."""

from __future__ import annotations

import io
import json
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ..data.files import write_atomically
from ..errors import KusciaError
from .columns import DTYPES, Arrays, pack, unpack
from .steps import Record

FORMAT, VERSION = "kuscia_nb trace", 2
_HEADER = "trace.json"
_DATE = (1980, 1, 1, 0, 0, 0)
"""Of every member: the same trace is the same file."""
_LARGEST = 2**31
"""Bytes of one member, unpacked; more is refused before it is read."""


def save(record: Record, path: str | Path) -> Path:
    """Write a trace; a file of that name is replaced."""
    header, arrays = pack(record)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        text = json.dumps({"format": FORMAT, "version": VERSION, **header}, ensure_ascii=False, indent=1)
        _write(archive, _HEADER, text.encode())
        for name, array in arrays.items():
            member = io.BytesIO()
            npy.write_array(member, array, version=(1, 0), allow_pickle=False)
            _write(archive, f"{name}.npy", member.getvalue())
    target = Path(path)
    try:
        write_atomically(target, buffer.getvalue())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise KusciaError(f"cannot write {path}: {reason}", hint="a file in a folder that you may write to") from error
    return target


def load(path: str | Path) -> Record:
    """Read what `save` has written; KusciaError for anything else."""
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            header = _header(archive, path)
            arrays: Arrays = {name: _array(archive, name) for name in DTYPES}
    except FileNotFoundError:
        found = ", ".join(sorted(file.name for file in path.parent.glob("*.trace"))[:10])
        hint = f"one of: {found}" if found else "trace.save(path)"
        raise KusciaError(f"there is no file {path}", hint=hint) from None
    except KusciaError:
        raise
    except Exception as error:  # zipfile, zlib, json and numpy's reader of headers have a dozen kinds of them
        raise KusciaError(f"{path} is not a trace: {error}", hint="a file that trace.save(path) has written") from error
    try:
        return unpack(header, arrays)
    except KusciaError as error:
        raise KusciaError(f"{path} cannot be read: {error.what}", hint="save the trace again") from error


def _write(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name, _DATE)
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, data)


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > _LARGEST:
        raise ValueError(f"{name} is too large")
    return archive.read(name)


def _header(archive: zipfile.ZipFile, path: Path) -> dict[str, Any]:
    header = json.loads(_read(archive, _HEADER))
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ValueError("the header is that of something else")
    if header.get("version") != VERSION:
        what = f"{path} has version {header.get('version')} of the format, this package reads {VERSION}"
        raise KusciaError(what, hint="the version of kuscia_nb that wrote it, or save the trace again")
    return header


def _array(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    member = io.BytesIO(_read(archive, f"{name}.npy"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of a header that nobody has written so
        array = npy.read_array(member, allow_pickle=False)
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{name} is not an array")
    return array
