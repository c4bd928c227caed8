"""What the magics that start a job have in common: their options, and what is done with the Job."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from IPython.core.error import UsageError
from IPython.core.magic_arguments import argument, parse_argstring

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ..cluster import Job

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    argument("-h", "--help", action="store_true", help="show this help"),
    argument("--no-wait", action="store_true", help="do not wait for the end; the job runs in the background"),
    argument("-o", "--out", metavar="NAME", help="put the Job into this variable, before it ends"),
    argument(
        "--strategy",
        choices=("preprocessed", "interconnection"),
        default="preprocessed",
        help="how products of secrets are made: triples in bulk, or message by message as interconnection peers do it",
    ),
    argument("--seed", type=int, metavar="N", help="a repeatable run, for teaching: nothing in it is secret"),
    argument(
        "--trace",
        choices=("full", "sizes", "off"),
        default="sizes",
        help="what is written down of the messages: numbers too, their sizes (which costs next to nothing), or nothing",
    ),
    argument("--timeout", type=float, metavar="SECONDS", help="stop the job if it takes longer"),
)


def job_options(magic: F) -> F:
    """Below @magic_arguments: the options of a magic that starts a job."""
    for option in reversed(_OPTIONS):  # as decorators in the order of the help would
        magic = option(magic)
    return magic


def parsed(magic: Callable[..., Any], line: str) -> Namespace | None:
    """The options on a magic's line; None if it asked for help, which is shown then."""
    from ..errors import KusciaError

    try:
        arguments = parse_argstring(magic, line)
    except UsageError as error:
        raise KusciaError(str(error), hint=f"%{magic.__name__} --help") from None
    if arguments.help:
        print("usage: " + (magic.__doc__ or "").removeprefix("::").lstrip())  # argparse made it
        return None
    if arguments.out and not arguments.out.isidentifier():
        raise KusciaError(f"--out {arguments.out}: not a name for a variable")
    return arguments


def start(method: Callable[..., Job], text: str, arguments: Namespace, shell: InteractiveShell | None = None) -> Job:
    """Hand a text to `Cluster.apply` or `submit`, and give out the Job as the options say.

    A finished job of the same name is deleted first, so that a cell can be run again.
    """
    job = method(text, replace=True, strategy=arguments.strategy, seed=arguments.seed, trace=arguments.trace)
    if arguments.out and shell is not None:
        shell.push({arguments.out: job})
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
