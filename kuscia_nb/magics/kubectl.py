"""`%kubectl`: kubectl lines on the nodes in this process."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from IPython.core.getipython import get_ipython
from IPython.core.magic import no_var_expand

from .options import body, interpolated, variables

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ..control.kubectl import Output

NAME = "kubectl"


@no_var_expand  # {.status.phase} is a path and no variable; {{name}} is one
def kubectl(line: str, cell: str | None = None) -> Output | None:
    """Run a kubectl line on a node in this process: `%kubectl get kj -n cross-domain`.

    For example:

        %kubectl get kj job-ss-lr -n cross-domain -o yaml
        %kubectl get kj {{name}} -n cross-domain -o jsonpath='{.status.phase}'
        phase = str(_)

        %%kubectl apply -f -
        apiVersion: kuscia.secretflow/v1alpha1
        kind: KusciaJob
        ...

    `{{name}}`, in the line and in the text below it, is the value of that variable. `--node bob` asks bob.
    `%kubectl` alone lists the commands, `%kubectl COMMAND --help` explains one of them.
    """
    shell = get_ipython()
    known = variables(shell)
    line = interpolated(line, known, magic="%kubectl " if cell is None else "%%kubectl ")
    stdin = None if cell is None else body(cell, known)
    from ..connection import connect

    output = connect().kubectl(line, stdin=stdin, emit=_show)
    if not output.streamed:
        return output
    for hint in output.hints:
        print(f"hint: {hint}")
    return None


def _show(text: str) -> None:
    print(text, end="", flush=True)


def register(shell: InteractiveShell) -> None:
    """Make the magic known to this shell, for a line and for a cell."""
    shell.magics_manager.register_function(kubectl, "line_cell", NAME)


def unregister(shell: InteractiveShell) -> None:
    """Leave no trace of the magic in this shell."""
    manager = shell.magics_manager
    for kind in ("line", "cell"):
        manager.magics[kind].pop(NAME, None)
    with suppress(AttributeError):
        delattr(manager.user_magics, NAME)
