"""A few dozen of the jobs that `make report` runs thousands of, one in place of the other."""

from __future__ import annotations

import gc
from collections import Counter

from many import made, replaced

BOUNDED = {"EnvVar"}
"""What a cache keeps, up to a number."""


def own_objects() -> Counter[str]:
    """How many objects of this package's classes there are, by class."""
    gc.collect()
    kinds = Counter(type(one) for one in gc.get_objects())
    return Counter({kind.__name__: count for kind, count in kinds.items() if str(kind).startswith("<class 'kuscia_nb")})


def test_jobs_that_are_replaced_leave_nothing() -> None:
    with made() as cluster:
        replaced(cluster, 30)
        before = own_objects()
        replaced(cluster, 30)
        after = own_objects()
    assert {kind for kind, count in (after - before).items() if count >= 15} <= BOUNDED
