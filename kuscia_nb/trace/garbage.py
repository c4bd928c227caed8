"""Python's garbage collector, while a trace is made of very many small objects."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Let the collector rest: of the hundreds of thousands of tuples of a long trace none is garbage.

    It would look at all of them again and again, which takes two thirds of the time.
    """
    works = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if works:
            gc.enable()
