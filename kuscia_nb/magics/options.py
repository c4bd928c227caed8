"""What the magics that start a job have in common: their options, and what is done with the Job."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from IPython.core.error import UsageError
from IPython.core.magic_arguments import argument, parse_argstring

from .config import STRATEGIES, TRACES, VIEWS, defaults

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ..cluster import Job

F = TypeVar("F", bound=Callable[..., Any])

# None and False stand for what `%config KusciaMagics` says.
_OPTIONS = (
    argument("-h", "--help", action="store_true", help="show this help"),
    argument("--no-wait", action="store_true", help="do not wait for the end; the job runs in the background"),
    argument("-o", "--out", metavar="NAME", help="put the Job into this variable, before it ends"),
    argument(
        "--view",
        choices=VIEWS,
        help="live: show the job while it runs (the default); plain: only what became of it; none: nothing",
    ),
    argument(
        "--strategy",
        choices=STRATEGIES,
        help="how products of secrets are made: triples in bulk, or message by message as interconnection peers do it",
    ),
    argument("--seed", type=int, metavar="N", help="a repeatable run, for teaching: nothing in it is secret"),
    argument(
        "--trace",
        choices=TRACES,
        help="what is written down of the messages: numbers too, their sizes (which costs next to nothing), or nothing",
    ),
    argument(
        "--shadow",
        action="store_true",
        help="for teaching: compare with the same training in plaintext, which only an observer of both nodes can",
    ),
    argument("--timeout", type=float, metavar="SECONDS", help="stop the job if it takes longer"),
)
_VARIABLE = re.compile(r"\{\{\s*([^\W\d]\w*)\s*\}\}")


def job_options(magic: F) -> F:
    """Below @magic_arguments: the options of a magic that starts a job."""
    for option in reversed(_OPTIONS):  # as decorators in the order of the help would
        magic = option(magic)
    return magic


def parsed(magic: Callable[..., Any], line: str, shell: InteractiveShell | None, *, cell: bool) -> Namespace | None:
    """The options on a magic's line, or their defaults; None if it asked for help, which is shown then."""
    from ..errors import KusciaError

    before = f"{'%%' if cell else '%'}{magic.__name__} "
    try:
        arguments = parse_argstring(magic, interpolated(line, variables(shell), magic=before))
    except UsageError as error:
        raise KusciaError(str(error), hint=f"%{magic.__name__} --help") from None
    if arguments.help:
        print("usage: " + (magic.__doc__ or "").removeprefix("::").lstrip())  # argparse made it
        return None
    if arguments.out and not arguments.out.isidentifier():
        raise KusciaError(f"--out {arguments.out}: not a name for a variable")
    configured = defaults(shell)
    for name in configured.trait_names(config=True) if configured else ():
        if getattr(arguments, name, True) in (None, False):
            setattr(arguments, name, getattr(configured, name))
    return arguments


def variables(shell: InteractiveShell | None) -> dict[str, Any]:
    """A shell's variables."""
    return shell.user_ns if shell else {}


def interpolated(text: str, variables: Mapping[str, Any], *, magic: str = "", line: int = 1) -> str:
    """The text with the values of its {{variables}}; it begins behind `magic` on this line of the cell."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in variables:
            raise _unknown(name, variables, text, match.start(), magic, line)
        return str(variables[name])

    return _VARIABLE.sub(value, text)


def _unknown(name: str, variables: Mapping[str, Any], text: str, at: int, magic: str, line: int) -> Exception:
    """What is said of a variable that does not exist, and where it stands."""
    from ..control.problems import nearest
    from ..errors import KusciaError

    begin = text.rfind("\n", 0, at) + 1
    shown = text[begin:].partition("\n")[0]
    before = magic if begin == 0 else ""
    column = len(before) + at - begin
    where = f"line {line + text.count(chr(10), 0, at)}, column {column + 1}\n{before}{shown}\n{' ' * column}^"
    near = nearest(name, (known for known in variables if not known.startswith("_")))
    hint = f"did you mean {{{{{near}}}}}?" if near else f"{name} = ... in a cell before this one"
    return KusciaError(f"{{{{{name}}}}}: there is no variable {name}", where=where, hint=hint)


def start(method: Callable[..., Job], text: str, arguments: Namespace, shell: InteractiveShell | None = None) -> Job:
    """Hand a text to `Cluster.apply` or `submit`, and give out the Job as the options say.

    A finished job of the same name is deleted first, so that a cell can be run again.
    """
    how = {name: getattr(arguments, name) for name in ("strategy", "seed", "trace", "shadow")}
    job = method(text, replace=True, **how)
    if arguments.out and shell is not None:
        shell.push({arguments.out: job})
    from ..views.live import LiveView, ShownJob, watchable

    live = arguments.view == "live" and watchable(shell)
    view = LiveView(job) if live else None
    if not arguments.no_wait:
        try:
            _finished(job, arguments.timeout, view.wait if view else job.wait)
        finally:
            if view:
                view.freeze()
    elif view:
        view.show_report()
        view.follow()
    hidden = arguments.view == "none" or (view is not None and (arguments.no_wait or view.kept))
    return ShownJob(job, shell) if hidden else job


def _finished(job: Job, timeout: float | None, wait: Callable[[float | None], Job]) -> None:
    """Wait for the end; the job is stopped when the person interrupts or the time is over, and that is the error."""
    from ..errors import JobError, JobFailed, JobStopped

    try:
        wait(timeout)
        return
    except (JobFailed, JobStopped):
        raise
    except JobError:
        what, hint = f"took more than {timeout:g} s, and was stopped on all nodes", "a larger --timeout"
    except KeyboardInterrupt:
        what, hint = "was interrupted, and stopped on all nodes", "--no-wait runs it in the background"
    job.stop()
    try:
        job.wait()  # it may have come to its own end in the meantime
    except JobStopped:
        raise JobStopped(f"job {job.name} {what}", hint=hint) from None
