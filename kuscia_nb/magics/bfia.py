"""`%bfia_submit`: run a BFIA create-job request from a file or from the cell."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from IPython.core.getipython import get_ipython
from IPython.core.magic import no_var_expand
from IPython.core.magic_arguments import argument, magic_arguments

from .options import job_options, parsed, start, text_of

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ..job import Job

NAME = "bfia_submit"


@no_var_expand  # {} is JSON; {{name}} is a variable
@magic_arguments()
@job_options
@argument("file", nargs="?", metavar="FILE", help="a file with the request; without one, the cell has it")
def bfia_submit(line: str, cell: str | None = None) -> Job | None:
    """Run a BFIA create-job request, the JSON for POST /v1/interconn/schedule/job/create, and show what became of it.

    For example:

        %bfia_submit job-ss-lr.json

        %%bfia_submit --no-wait -o job
        {"job_id": "job-ss-lr", "dag": {...}, "config": {...}}

    The second returns at once; `job.wait()` in a later cell waits, `job.stop()` stops it. Without --no-wait,
    interrupting the cell stops the job on all nodes.

    `{{name}}`, in the line and in the cell's request, is the value of that variable.
    A finished job of the same name is deleted first, so that a cell can be run again.
    """
    shell = get_ipython()
    arguments = parsed(bfia_submit, line, shell, cell=cell is not None)
    if arguments is None:
        return None
    return start("bfia_submit", text_of("bfia_submit", arguments.file, cell, shell), arguments, shell)


def register(shell: InteractiveShell) -> None:
    """Make the magic known to this shell, for a line and for a cell."""
    shell.magics_manager.register_function(bfia_submit, "line_cell", NAME)


def unregister(shell: InteractiveShell) -> None:
    """Leave no trace of the magic in this shell."""
    manager = shell.magics_manager
    for kind in ("line", "cell"):
        manager.magics[kind].pop(NAME, None)
    with suppress(AttributeError):
        delattr(manager.user_magics, NAME)
