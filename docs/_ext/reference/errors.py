"""Every error that a person can meet: the classes below KusciaError."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from inspect import getdoc
from pkgutil import walk_packages

import kuscia_nb
from kuscia_nb.errors import KusciaError

from .markdown import code, prose


def errors() -> str:
    """Every class below the one that it is a kind of, with its module and what it means."""
    for module in walk_packages(kuscia_nb.__path__, f"{kuscia_nb.__name__}."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    return "\n".join(_lines(KusciaError, "")) + "\n"


def _lines(cls: type[KusciaError], indent: str) -> Iterator[str]:
    place = "" if cls.__module__ == KusciaError.__module__ else f" (in {code(cls.__module__)})"
    yield f"{indent}- {code(cls.__name__)}{place}: {prose(' '.join((getdoc(cls) or '').split()))}"
    for below in sorted(cls.__subclasses__(), key=lambda one: (one.__module__ != cls.__module__, one.__name__)):
        yield from _lines(below, indent + "  ")
