"""A party's columns on the way into the ring, some rows at a time: all that is kept of them is float32.

Columns that are too large for memory stay in a file, and come from there block by block (`data.growing`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...data.blocks import Matrix, is_mapped, rows_at
from ...data.memory import machine_memory
from ...mpc import Ring
from ...mpc.columns import Columns
from ...mpc.fixed import encode_into
from ...options import variable
from ...texts.sentence import Sentence

MEMORY_LIMIT = variable("memory_limit")
"""The variable that says how many megabytes both parties' columns may take."""
_RING = 2
"""How many times the bytes of float32 numbers they take as ring elements."""
_MB = 1e6

_FROM_A_FILE = (
    "{node} reads its columns from a file, block by block: they take {size:,.0f} MB, and it may have {limit:,.0f} MB "
    "of memory_limit"
)


def memory_of(environment: Mapping[str, str]) -> float:
    """Bytes that one party's columns may take: half of the job's, for both parties may be on one machine."""
    said = environment.get(MEMORY_LIMIT)
    return (machine_memory() / 2 if said is None else _MB * float(said)) / 2


def notes_on_memory(node: str, features: Matrix, memory: float) -> Iterator[Sentence]:
    """What belongs into a report, if columns are too large for memory."""
    if is_mapped(features):
        yield Sentence(_FROM_A_FILE, node=node, size=features.nbytes / _MB, limit=memory / _MB)


class Encoded(Columns):
    """Features, (rows, columns), with so many bits behind the point; `memory`: bytes that all of them may take."""

    def __init__(self, features: Matrix, fxp_bits: int, memory: float) -> None:
        self._features, self._bits = features, fxp_bits
        self.shape = features.shape[0], features.shape[1]
        self.kept = not is_mapped(features) and (1 + _RING) * features.nbytes <= memory

    def into(self, room: Ring, start: int) -> None:
        encode_into(room, rows_at(self._features, start, start + len(room)), self._bits)
