"""`%kusciajob`: run a KusciaJob from a file or from the cell."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from IPython.core.magic import line_cell_magic, magics_class, no_var_expand
from IPython.core.magic_arguments import argument, magic_arguments

from .config import Defaults
from .options import job_options, parsed, start, text_of

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ..job import Job


@magics_class
class KusciaMagics(Defaults):
    """The magics of kuscia_nb, and what their options are by default."""

    @no_var_expand  # the line is taken as it is written; IPython leaves the body alone anyway
    @line_cell_magic
    @magic_arguments("%kusciajob")
    @job_options
    @argument("file", nargs="?", metavar="FILE", help="a file with the manifest; without one, the cell has it")
    def kusciajob(self, line: str, cell: str | None = None) -> Job | None:
        """Run the KusciaJob that is written in the cell, or in a file, as YAML or JSON; show what became of it.

        For example:

            %kusciajob job-ss-lr.yaml

            %%kusciajob
            apiVersion: kuscia.secretflow/v1alpha1
            kind: KusciaJob
            ...

            %%kusciajob --no-wait -o job
            ...

        The last returns at once; `job.wait()` in a later cell waits, `job.stop()` stops it. Without --no-wait,
        interrupting the cell stops the job on all nodes.

        `{{name}}`, in the line and in the manifest, is the value of that variable.
        A finished job of the same name is deleted first, so that a cell can be run again.
        """
        arguments = parsed(self.kusciajob, line, self.shell, cell=cell is not None)
        if arguments is None:
            return None
        text = text_of("kusciajob", arguments.file, cell, self.shell)
        return start("kusciajob", text, arguments, self.shell)


def register(shell: InteractiveShell) -> None:
    """Make the magics known to this shell."""
    shell.register_magics(KusciaMagics)


def unregister(shell: InteractiveShell) -> None:
    """Leave no trace of the magics in this shell."""
    manager = shell.magics_manager
    for kind in ("line", "cell"):
        manager.magics[kind].pop("kusciajob", None)
    magics = manager.registry.pop("KusciaMagics", None)
    if magics in shell.configurables:
        shell.configurables.remove(magics)
    if live := sys.modules.get("kuscia_nb.views.live"):
        live.join()
