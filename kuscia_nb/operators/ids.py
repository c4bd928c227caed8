"""Ids of rows: texts that say whose row it is. They are compared as they are written: 007 is not 7."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import DataError


def checked_ids(cells: Sequence[str], shown: str, skip_rows: int) -> list[str]:
    """Ids without blanks around them; a DataError counts those that are empty. `skip_rows` is for the line numbers."""
    ids = [cell.strip() for cell in cells]
    if not all(ids):
        first, count = ids.index(""), ids.count("")
        what = f"{count} of {len(ids)} ids {'is' if count == 1 else 'are'} empty"
        hint = "fill them in, or take these rows out"
        raise DataError(what, where=f"{shown}, line {skip_rows + first + 1}", hint=hint)
    return ids
