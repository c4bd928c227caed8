"""What a kubectl line gives: its text, to the byte; the objects it is about; and what we have to add."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from ...errors import KusciaError
from ..objects import Object


class KubectlError(KusciaError):
    """What kubectl prints when it fails, and what to try."""


class Rows(NamedTuple):
    """A table as kubectl prints it."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Output:
    """What a line printed. `str(output)` is kubectl's own text and nothing else."""

    line: str
    """The line that was asked, with kubectl at its front."""
    text: str
    """What kubectl prints."""
    objects: tuple[Object, ...] = ()
    """What it printed or changed."""
    tables: tuple[Rows, ...] = ()
    """The tables in the text, if it is made of tables."""
    hints: tuple[str, ...] = ()
    """What kubectl would not say."""
    streamed: bool = False
    """Whether the text was already handed out while it came."""

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text + "".join(f"hint: {hint}\n" for hint in self.hints)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        from ...views.kubectl import bundle

        return bundle(self)
