"""A function for somebody who must not reach what it holds.

What a function closes over, what a method is bound to and what an object keeps can be read from it. What a running
generator holds is in its frame. So a door's function stands in a generator, and the door has nothing but the
generator's `send`. Whoever goes through frames, modules or the garbage collector gets behind every door: in one
process nothing keeps him out.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from typing import Any, Generic, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class Door(Generic[P, R]):
    """Does what `function` does, from any thread, one call at a time; leads to nothing of it."""

    __slots__ = ("_lock", "_send")

    def __init__(self, function: Callable[P, R]) -> None:
        self._lock = threading.Lock()
        self._send = opened(_behind(function))

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        with self._lock:
            result, error = self._send((args, kwargs))
        if error is not None:
            raise error
        return result


def opened(generator: Generator[Any, T, Any]) -> Callable[[T], Any]:
    """The `send` of a generator that has come to its first yield. For one thread, and quicker than a `Door`."""
    next(generator)
    return generator.send


def _behind(function: Callable[..., Any]) -> Generator[Any, Any, None]:
    outcome: Any = None
    while True:
        args, kwargs = yield outcome
        try:
            outcome = function(*args, **kwargs), None
        except BaseException as error:
            outcome = None, error
