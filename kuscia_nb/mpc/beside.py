"""Work of one party that takes long and sends nothing, beside that of its peer."""

from __future__ import annotations

import threading
import types
from collections.abc import Callable, Generator
from typing import TypeVar, cast

T = TypeVar("T")


@types.coroutine
def beside(work: Callable[[], T]) -> Generator[None, None, T]:
    """What `work()` returns, or raises; it runs on a thread of its own while the peer's program goes on.

    Both parties do such work at once on two cores, as long as it lets go of Python's lock, as reading a file does. What
    programs send, and its order, stay as they are. Where no thread can be started, the work is done at once.
    """
    outcome: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="kuscia_nb beside", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # a Python without threads, or a machine without room for one more
        return work()
    yield  # in lockstep, the peer's turn
    thread.join()
    if failed:
        raise failed[0]
    return cast(T, outcome[0])
