"""`%%kusciajob`: run the KusciaJob that is written in the cell."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from IPython.core.magic import line_cell_magic, magics_class, no_var_expand
from IPython.core.magic_arguments import magic_arguments

from .config import Defaults
from .options import body, job_options, parsed, start, variables

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ..cluster import Job


@magics_class
class KusciaMagics(Defaults):
    """The magics of kuscia_nb, and what their options are by default."""

    @no_var_expand  # the line is taken as it is written; IPython leaves the body alone anyway
    @line_cell_magic  # as a line magic for its help: IPython refuses a cell magic without a body
    @magic_arguments("%kusciajob")
    @job_options
    def kusciajob(self, line: str, cell: str | None = None) -> Job | None:
        """Run the KusciaJob that is written in the cell as YAML or JSON, and show what became of it.

        For example:

            %%kusciajob
            apiVersion: kuscia.secretflow/v1alpha1
            kind: KusciaJob
            ...

            %%kusciajob --no-wait -o job
            ...

        The second returns at once; `job.wait()` in a later cell waits, `job.stop()` stops it. Without --no-wait,
        interrupting the cell stops the job on all nodes.

        `{{name}}`, in the line and in the manifest, is the value of that variable.
        A finished job of the same name is deleted first, so that a cell can be run again.
        """
        arguments = parsed(self.kusciajob, line, self.shell, cell=cell is not None)
        if arguments is None:
            return None
        if cell is None:
            from ..errors import KusciaError

            hint = "%%kusciajob (two %) as the first line of a cell, and the manifest below it; %kusciajob --help"
            raise KusciaError("there is no manifest", hint=hint)
        return start("kusciajob", body(cell, variables(self.shell)), arguments, self.shell)


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
