"""A data file as a frame, and a frame as a data file; its name says of which kind it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DataError
from .faults import missing
from .files import Folder, readable
from .parquet import is_parquet, no_pyarrow

if TYPE_CHECKING:
    import pandas as pd


def read_frame(path: Folder, shown_as: str) -> pd.DataFrame:
    """A file with a header; a DataError, which calls it `shown_as`, says why it cannot be read."""
    import pandas as pd

    try:
        return (pd.read_parquet if is_parquet(path) else pd.read_csv)(readable(path))
    except FileNotFoundError:
        raise missing(path, shown_as) from None
    except ImportError:
        raise no_pyarrow(shown_as) from None
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        what = f"the file cannot be read: {str(error).strip()}"
        raise DataError(what, where=shown_as, hint="a CSV file in UTF-8, with a header") from error


def write_frame(path: Path, frame: pd.DataFrame) -> None:
    """Write a frame without its index; OSError or ValueError, if that cannot be."""
    try:
        frame.to_parquet(path, index=False) if is_parquet(path) else frame.to_csv(path, index=False)
    except ImportError:
        raise no_pyarrow(path.name) from None
