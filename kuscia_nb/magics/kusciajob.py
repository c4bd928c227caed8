"""`%%kusciajob`: run the KusciaJob that is written in the cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ..cluster import Job


@magics_class
class KusciaMagics(Magics):
    """The magics of kuscia_nb."""

    @no_var_expand  # the line is taken as it is written; IPython leaves the body alone anyway
    @line_cell_magic  # as a line magic for its help: IPython refuses a cell magic without a body
    @magic_arguments("%kusciajob")
    @argument("-h", "--help", action="store_true", help="show this help")
    @argument("--no-wait", action="store_true", help="do not wait for the end; the job runs in the background")
    @argument("-o", "--out", metavar="NAME", help="put the Job into this variable, before it ends")
    @argument(
        "--strategy",
        choices=("preprocessed", "interconnection"),
        default="preprocessed",
        help="how products of secrets are made: triples in bulk, or message by message as interconnection peers do it",
    )
    @argument("--seed", type=int, metavar="N", help="a repeatable run, for teaching: nothing in it is secret")
    @argument("--timeout", type=float, metavar="SECONDS", help="stop the job if it takes longer")
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

        A finished job of the same name is deleted first, so that a cell can be run again.
        """
        from ..errors import KusciaError

        try:
            arguments = parse_argstring(self.kusciajob, line)
        except UsageError as error:
            raise KusciaError(str(error), hint="%kusciajob --help") from None
        if arguments.help:
            print("usage: " + (self.kusciajob.__doc__ or "").removeprefix("::").lstrip())  # argparse made it
            return None
        if cell is None:
            hint = "%%kusciajob (two %) as the first line of a cell, and the manifest below it; %kusciajob --help"
            raise KusciaError("there is no manifest", hint=hint)
        if arguments.out and not arguments.out.isidentifier():
            raise KusciaError(f"--out {arguments.out}: not a name for a variable")
        from ..cluster import connect

        # The manifest begins on the second line of the cell, and errors count as the cell does.
        job = connect().apply("\n" + cell, replace=True, strategy=arguments.strategy, seed=arguments.seed)
        if arguments.out and self.shell is not None:
            self.shell.push({arguments.out: job})
        return job if arguments.no_wait else _finished(job, arguments.timeout)


def _finished(job: Job, timeout: float | None) -> Job:
    """The job at its end; it is stopped when the person interrupts or the time is over, and that is the error."""
    from ..errors import JobError, JobFailed, JobStopped

    try:
        return job.wait(timeout)
    except (JobFailed, JobStopped):
        raise
    except JobError:
        what, hint = f"took more than {timeout:g} s, and was stopped on all nodes", "a larger --timeout"
    except KeyboardInterrupt:
        what, hint = "was interrupted, and stopped on all nodes", "--no-wait runs it in the background"
    job.stop()
    try:
        return job.wait()  # it may have come to its own end in the meantime
    except JobStopped:
        raise JobStopped(f"job {job.name} {what}", hint=hint) from None


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
