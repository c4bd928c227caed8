"""Ids of rows: texts that say whose row it is. They are compared as they are written: 007 is not 7."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..data.lines import place
from ..errors import DataError


def checked_ids(cells: Sequence[str], shown: str, skip_rows: int | None) -> list[str]:
    """Ids without blanks around them; a DataError counts those that are empty. `skip_rows`: see `place`."""
    ids = [cell.strip() for cell in cells]
    if not all(ids):
        first, count = ids.index(""), ids.count("")
        what = f"{count} of {len(ids)} ids {'is' if count == 1 else 'are'} empty"
        hint = "fill them in, or take these rows out"
        raise DataError(what, where=f"{shown}, {place(first, skip_rows)}", hint=hint)
    return ids


def check_unique(ids: Sequence[str], shown: str, skip_rows: int | None) -> None:
    """A DataError counts the ids that occur more than once, and says where the first one does."""
    if len(set(ids)) == len(ids):
        return
    counts = Counter(ids)
    repeated = next(one for one in ids if counts[one] > 1)
    first, second, *_ = (place(row, skip_rows) for row, one in enumerate(ids) if one == repeated)
    several = sum(count > 1 for count in counts.values())
    what = f"{several:,} id{' is' if several == 1 else 's are'} there more than once"
    hint = "one row for each id: whose row would another one belong to?"
    raise DataError(what, where=f"{shown}, the first on {first} and {second}", hint=hint)
