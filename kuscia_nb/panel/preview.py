"""The beginning of a data file, for who wants to know what is in it: that of one node, which alone has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..data.files import file_names, readable
from ..data.parquet import is_parquet, no_pyarrow
from ..errors import DataError
from ..problems import choice
from .protocol import Column, Preview

if TYPE_CHECKING:
    from ..backends.base import NodeApi

READ = 1000
"""Rows that are read, to tell the types of columns."""
SHOWN = 10
"""Rows that are shown."""
MOST = 200
"""Characters of a cell that are shown."""


def preview(node: NodeApi, name: str) -> Preview:
    """The first rows of a file in a node's data folder, whatever its size."""
    import pandas as pd

    folder = node.storage / "data"
    names = file_names(folder)
    if name not in names:
        raise DataError(f"{node.domain} has no data file {name}", hint=choice(name, names))
    try:
        if is_parquet(folder / name):
            values = pd.read_parquet(readable(folder / name)).head(READ + 1)
            frame = values.astype(str).where(values.notna())
        else:
            frame = pd.read_csv(readable(folder / name), dtype=str, nrows=READ + 1, skipinitialspace=True)
    except ImportError:
        raise no_pyarrow(f"{node.domain}: data/{name}") from None
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        raise DataError(f"the file cannot be read: {error}", where=f"{node.domain}: data/{name}") from error
    first = frame.iloc[:READ]
    return {
        "columns": [_column(str(column), first.iloc[:, i]) for i, column in enumerate(frame.columns)],
        "rows": [[text[:MOST] for text in row] for row in first.iloc[:SHOWN].fillna("").values.tolist()],
        "read": len(first),
        "whole": len(frame) <= READ,
    }


def _column(name: str, texts: Any) -> Column:
    """What the texts of a column are, by those that are there."""
    import pandas as pd

    there = texts.dropna()
    numbers: Any = pd.to_numeric(there, errors="coerce")
    missing = len(texts) - len(there)
    if there.empty:
        return {"name": name, "type": "empty", "missing": missing}
    if numbers.isna().any():
        return {"name": name, "type": "text", "missing": missing}
    whole = there.str.fullmatch(r"\s*[+-]?[0-9]+\s*").all()
    return {"name": name, "type": "whole number" if whole else "number", "missing": missing}
