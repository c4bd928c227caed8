"""Result files: a party's share of the model, exact to the last bit.

One line for each weight, as in Kuscia's result file, but with every digit: a share is an int64 over 2^fxp_bits, which
always is a finite decimal. Kuscia prints six significant digits, and its two files no longer add up to the model
(spec: kuscia §4.5); these do, after `read_share`, modulo 2^64. What the lines mean is in a JSON file beside them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Context, Decimal, Inexact
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.description import description_path, write_description
from ..data.files import Folder, write_atomically
from ..errors import DataError

_EXACT = Context(prec=100, traps=[Inexact])
"""19 digits before the point and up to 63 behind it always fit; if not, better no file than a rounded one."""
_LINE = re.compile(r"-?[0-9]{1,19}\.[0-9]{1,63}")


def write_share(path: Path, ring: NDArray[np.uint64], fxp_bits: int, description: Mapping[str, Any]) -> None:
    """Write a share, one weight a line, and `<path>.json` with its description and fxp_bits.

    The description has rank, party, task_id, and features and owners with one name for each line. The share comes
    last: where there is a share, there is its description.
    """
    lines = [_decimal(value, fxp_bits) for value in ring.view(np.int64).ravel().tolist()]
    write_description(path, {**description, "fxp_bits": fxp_bits})
    write_atomically(path, "".join(line + "\n" for line in lines).encode())


def read_share(path: Folder) -> tuple[NDArray[np.uint64], dict[str, Any]]:
    """What `write_share` has written: the share, shape (weights,), and its description."""
    description = _read_description(description_path(path))
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"the share cannot be read: {error}", where=_shown(path)) from error
    features = description.get("features")
    if isinstance(features, list) and len(features) != len(lines):
        text = f"the share has {len(lines)} lines, and its description names {len(features)} features"
        raise DataError(text, where=_shown(path), hint="copy both files again, or run the job again")
    fxp_bits = description["fxp_bits"]
    values = [_integer(line, fxp_bits, f"{_shown(path)}, line {number}") for number, line in enumerate(lines, 1)]
    return np.array(values, np.int64).view(np.uint64), description


def _decimal(value: int, fxp_bits: int) -> str:
    """value / 2^fxp_bits with all its digits, at least one on each side of the point."""
    text = format(_EXACT.divide(Decimal(value), Decimal(2**fxp_bits)), "f")
    return text if "." in text else text + ".0"


def _integer(line: str, fxp_bits: int, where: str) -> int:
    """The inverse of `_decimal`."""
    if not _LINE.fullmatch(line):
        hint = "only files of exact shares can be read; Kuscia's own result files have six digits and lost the rest"
        raise DataError(f"not the decimal of a share: {line[:40]!r}", where=where, hint=hint)
    scaled = Fraction(line) * 2**fxp_bits
    if scaled.denominator != 1:
        hint = "the line was rounded, or fxp_bits in the JSON file is not the job's"
        raise DataError(f"{line} is not a multiple of 2^-{fxp_bits}", where=where, hint=hint)
    if not -(2**63) <= scaled.numerator < 2**63:
        raise DataError(f"{line} is beyond the ring: an int64 over 2^{fxp_bits}", where=where)
    return scaled.numerator


def _read_description(path: Folder) -> dict[str, Any]:
    try:
        description = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        hint = "copy it along with the share: it says what the lines mean"
        raise DataError("the share has no description", where=_shown(path), hint=hint) from None
    except (OSError, ValueError) as error:
        raise DataError(f"the description cannot be read: {error}", where=_shown(path)) from error
    fxp_bits = description.get("fxp_bits") if isinstance(description, dict) else None
    if type(fxp_bits) is not int or not 0 <= fxp_bits <= 63:
        raise DataError("the description has no fxp_bits from 0 to 63", where=_shown(path))
    return description


def _shown(path: Folder) -> str:
    """As the tutorial names it: folder and file."""
    return f"{path.parent.name}/{path.name}"
