"""The lines of a CSV file, plain or compressed by gzip, in blocks: nothing is read beyond what its reader asks for.

Lines end in LF, whatever the file has; a byte order mark and blank lines at the end are left out.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO, cast

from ..errors import DataError
from .faults import missing, no_rows

BLOCK = 1 << 21
"""Bytes that are read at once: few enough for a processor's cache, many enough for a parser's start to cost nothing."""

LONGEST = 1 << 25
"""Bytes of a line, or of blank lines between two rows: a million cells have room in it."""

_BOM = b"\xef\xbb\xbf"


def place(row: int, skip_rows: int | None) -> str:
    """Where a row, from 0, is in its file: behind `skip_rows` lines; None for a file that has no lines."""
    return f"row {row + 1}" if skip_rows is None else f"line {skip_rows + row + 1}"


def read_blocks(path: Path, skip_rows: int, shown_as: str) -> tuple[list[bytes], Iterator[bytes]]:
    """The first `skip_rows` lines of a file, and all others in blocks, of which there is at least one.

    A block is some whole lines without the end of its last one. A DataError, which calls the file `shown_as`, says why
    it cannot be read.
    """
    skipped: list[bytes] = []
    blocks = _blocks(path, shown_as)
    for block in blocks:
        *head, rest = block.split(b"\n", skip_rows - len(skipped))
        skipped += head
        if len(skipped) == skip_rows:
            return skipped, chain([rest], blocks)
        skipped.append(rest)
        if len(skipped) == skip_rows and (following := next(blocks, None)) is not None:
            return skipped, chain([following], blocks)
    raise no_rows(len(skipped), skip_rows, shown_as) if skipped else DataError("the file is empty", where=shown_as)


def read_lines(path: Path, skip_rows: int, shown_as: str) -> tuple[list[bytes], bytes]:
    """The first `skip_rows` lines of a file, and the bytes of all the others."""
    skipped, blocks = read_blocks(path, skip_rows, shown_as)
    return skipped, b"\n".join(blocks)


def _blocks(path: Path, shown_as: str) -> Iterator[bytes]:
    """A file's lines, but for blank ones at its end."""
    parts: list[bytes] = []  # of the next block
    size = before = 0  # of these parts, and of what is in blocks already
    end = -1  # of the last of its lines behind which there is more than blanks, in the last part
    for part in _parts(path, shown_as):
        if end >= 0:
            yield b"".join([*parts[:-1], memoryview(parts[-1])[:end]])
            parts = [parts[-1][end + 1 :]]
            before, size = before + size - len(parts[0]), len(parts[0])
        parts.append(part)
        size += len(part)
        if size > LONGEST + 2 * BLOCK:
            raise _no_row(before, shown_as)
        end = part.rstrip().rfind(b"\n")
    if last := b"".join(parts).rstrip():
        yield last


def _no_row(before: int, shown_as: str) -> DataError:
    what = f"no row ends within {LONGEST >> 20} MB"
    return DataError(what, where=f"{shown_as}, behind byte {before}", hint="a table has a line for each row")


def _parts(path: Path, shown_as: str) -> Iterator[bytes]:
    """A file's bytes, with LF for any line end."""
    try:
        with _opened(path, shown_as) as file:
            part, begin = file.read(BLOCK), _BOM
            while part:
                if b"\0" in part:  # UTF-16, or a spreadsheet, an archive; the C reader would stop at it silently
                    raise DataError("the file is not text", where=shown_as, hint="save it as CSV in UTF-8")
                following = file.read(BLOCK)
                held = b"\r" if part.endswith(b"\r") and following else b""  # its LF may come next
                part = part.removeprefix(begin).removesuffix(held)
                yield part.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in part else part
                part, begin = held + following, b""
    except FileNotFoundError:
        raise missing(path, shown_as) from None
    except (OSError, EOFError, zlib.error) as error:
        if os.path.isdir(path):  # of any name, also one that is too long
            raise DataError("this is a folder, not a file", where=shown_as) from None
        why = getattr(error, "strerror", None) or error
        raise DataError(f"the file cannot be read: {why}", where=shown_as) from error


def _opened(path: Path, shown_as: str) -> BinaryIO:
    if path.is_fifo() or path.is_char_device():
        raise DataError("this is a pipe or a device, not a file", where=shown_as)  # reading might never end
    if path.suffix == ".gz":
        import gzip

        return cast(BinaryIO, gzip.open(path))
    return path.open("rb", buffering=0)
