"""Comments and blank lines above a cell magic. IPython takes one from a cell's first line only, so it is moved there.

What stood above it becomes blank lines below it: every other line keeps its number, which errors name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_MAGIC = re.compile(r"%%(kusciajob|bfia_submit|kubectl)(?=\s|$)")
_ABOVE = re.compile(r"\s*(#.*)?$")


def lifted(lines: list[str]) -> list[str]:
    """A cell's lines with a magic of this package first, if only comments and blank lines are above it."""
    for above, line in enumerate(lines):
        if _MAGIC.match(line):
            return [line, *["\n"] * above, *lines[above + 1 :]]
        if not _ABOVE.match(line):
            break
    return lines


def register(shell: InteractiveShell) -> None:
    """Let this shell's cells begin with comments."""
    unregister(shell)
    shell.input_transformers_cleanup.insert(0, lifted)


def unregister(shell: InteractiveShell) -> None:
    """Take cells as IPython does; also after this module was reloaded."""
    transformers = shell.input_transformers_cleanup
    transformers[:] = [one for one in transformers if getattr(one, "__module__", "") != __name__]
