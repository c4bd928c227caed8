"""`%%kusciajob`: run the KusciaJob that is written in the cell."""

from __future__ import annotations

from IPython.core.magic import Magics, cell_magic, magics_class, no_var_expand
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring


@magics_class
class KusciaMagics(Magics):
    """The magics of kuscia_nb."""

    @no_var_expand  # a body of YAML is full of braces
    @cell_magic
    @magic_arguments()
    @argument("-h", "--help", action="store_true", help="show this help")
    @argument("--no-wait", action="store_true", help="do not wait for the end; the job runs in the background")
    @argument("-o", "--out", metavar="NAME", help="put the Job into this variable")
    @argument(
        "--strategy",
        choices=("preprocessed", "interconnection"),
        default="preprocessed",
        help="how products of secrets are made: triples in bulk, or message by message as interconnection peers do it",
    )
    @argument("--seed", type=int, metavar="N", help="a repeatable run, for teaching: nothing in it is secret")
    @argument("--timeout", type=float, metavar="SECONDS", help="stop the job if it takes longer")
    def kusciajob(self, line: str, cell: str) -> object:
        """Run the KusciaJob that is written in the cell as YAML or JSON, and show what became of it.

        Examples::

            %%kusciajob
            apiVersion: kuscia.secretflow/v1alpha1
            kind: KusciaJob
            ...

            %%kusciajob --no-wait -o job
            ...

        A finished job of the same name is deleted first, so that a cell can be run again.
        """
        arguments = parse_argstring(self.kusciajob, line)
        if arguments.help:
            print(self.kusciajob.__doc__)
            return None
        from ..cluster import connect

        job = connect().apply(cell, replace=True, strategy=arguments.strategy, seed=arguments.seed)
        if arguments.out:
            self.shell.user_ns[arguments.out] = job  # type: ignore[union-attr]
        return job if arguments.no_wait else _wait(job, arguments.timeout)


def _wait(job, timeout: float | None):  # noqa: ANN001, ANN202 - the type would import the runtime with the magic
    """The finished job; when interrupted or out of time, the job is stopped and that is the error."""
    from ..errors import JobError, JobStopped

    try:
        return job.wait(timeout)
    except KeyboardInterrupt:
        job.stop()
        raise JobStopped(f"job {job.name} was interrupted, and stopped on all nodes") from None
    except JobError:
        job.stop()
        raise
