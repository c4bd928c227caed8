"""What the magics that start a job have in common: their options, and what is done with the Job."""

from __future__ import annotations

import re
from argparse import Action, Namespace
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from IPython.core.error import UsageError
from IPython.core.magic_arguments import argument

from ..options import taken_by
from ..placeholder import VARIABLE, expressions, no_name, written
from .commands import words
from .config import defaults

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ..errors import ParameterError
    from ..job import Job
    from ..problems import Magic

F = TypeVar("F", bound=Callable[..., Any])


_OPTION = re.compile(r"argument (?:-\w/)?(--?[\w-]+)")
_WORD = re.compile(r"(?:unrecognized argument: |')([^']+)")


def job_options(magic: F) -> F:
    """Below @magic_arguments: the options of a magic that starts a job."""
    for option in reversed(taken_by("magic")):  # as decorators in the order of the help would
        names, how = option.argument
        magic = argument(*names, **how)(magic)
    return argument("-h", "--help", action="store_true", help="show this help")(magic)


def parsed(magic: Any, line: str, shell: InteractiveShell | None, *, cell: bool) -> Namespace | None:
    """The options on a magic's line, or their defaults; None if it asked for help, which is shown then."""
    before = f"{'%%' if cell else '%'}{magic.__name__} "
    line = interpolated(line, variables(shell), magic=before)
    try:
        arguments, unknown = magic.parser.parse_known_args(words(line, before))
        if unknown:
            raise UsageError(f"unrecognized argument: {unknown[0]}")
    except UsageError as error:
        raise _refused(str(error), magic, before, line) from None
    if arguments.help:
        print(_help(magic).rstrip())
        return None
    configured = defaults(shell)
    for name in configured.trait_names(config=True) if configured else ():
        given = getattr(arguments, name, True)
        if given is None or given is False:  # 0 is a value
            setattr(arguments, name, getattr(configured, name))
    return arguments


def _help(magic: Any) -> str:
    """A magic's help, what its options mean in the language of the job views."""
    from ..texts import speaker

    say = speaker()
    english = {action: action.help for action in magic.parser._actions if action.help}
    for action, text in english.items():
        action.help = say(text)
    try:
        return "usage: " + magic.parser.format_help().removeprefix("::").lstrip()  # as argparse alone would begin
    finally:
        for action, text in english.items():
            action.help = text


def _refused(text: str, magic: Any, before: str, line: str) -> Exception:
    """What is said of a line that argparse does not take: where its fault is, and what was probably meant."""
    from ..control.source import excerpt
    from ..errors import KusciaError
    from ..problems import nearest

    known: dict[str, Action] = {option: action for action in magic.parser._actions for option in action.option_strings}
    option, word = (match[1] if match else "" for match in (_OPTION.match(text), _WORD.search(text)))
    action = known.get(option)
    near = nearest(word, map(str, action.choices or ()) if action else known)
    shown = [word] if word else action.option_strings if action else []
    at = max(map(line.find, shown), default=-1)
    where = excerpt(line, at, before=before) if at >= 0 else ""
    return KusciaError(text, where=where, hint=f'"{near}"' if near else f"%{magic.__name__} --help")


def variables(shell: InteractiveShell | None) -> dict[str, Any]:
    """A shell's variables."""
    return shell.user_ns if shell else {}


def interpolated(text: str, variables: Mapping[str, Any], *, magic: str = "", line: int = 1) -> str:
    """The text with the values of its {{variables}}; it begins behind `magic` on this line of the cell."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in variables:
            what, hint = _unknown(name, variables)
        else:
            try:
                return written(variables[name])
            except (TypeError, ValueError, RecursionError) as error:
                what, hint = f"{{{{{name}}}}}: {error}", "a text, a number, true, false, a list or a dict of these"
        raise _misplaced(what, hint, text, match.start(), magic, line)

    return VARIABLE.sub(value, text)


def body(cell: str, variables: Mapping[str, Any]) -> str:
    """What a cell has below its first line, filled in. It has that line too, empty: errors count as the cell does."""
    cell = cell.removeprefix("\ufeff")
    for at, found in expressions(cell):
        raise _misplaced(*no_name(found), cell, at, line=2)
    return "\n" + interpolated(cell, variables, line=2)


def _unknown(name: str, variables: Mapping[str, Any]) -> tuple[str, str]:
    """What is said of a variable that does not exist, and what to try."""
    from ..problems import nearest

    near = nearest(name, (known for known in variables if not known.startswith("_")))
    hint = f"did you mean {{{{{near}}}}}?" if near else f"{name} = ... in a cell before this one"
    return f"{{{{{name}}}}}: there is no variable {name}", hint


def _misplaced(what: str, hint: str, text: str, at: int, magic: str = "", line: int = 1) -> Exception:
    """An error that points into a cell."""
    from ..control.source import excerpt
    from ..errors import KusciaError

    return KusciaError(what, where=excerpt(text, at, line=line, before=magic), hint=hint)


def text_of(magic: Magic, file: str | None, cell: str | None, shell: InteractiveShell | None) -> str:
    """The text that a magic runs: that of a file, or of the cell with its variables filled in."""
    from ..data.files import typed
    from ..errors import KusciaError
    from ..problems import nearest

    noun, suffixes = _NOUNS[magic]
    hint = f"%{magic} FILE, or %%{magic} (two %) as the first line of a cell, and the {noun} below it"
    if cell is not None and file is None:
        return body(cell, variables(shell))
    if cell is not None:
        raise KusciaError(f"one {noun} in a file and one in the cell", hint=hint)
    if file is None:
        raise KusciaError(f"there is no {noun}", hint=hint)
    path = typed(file)
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise KusciaError(f"{file} is not UTF-8 text", hint=f"a {suffixes[0][1:].upper()} file") from error
    except (OSError, ValueError) as error:  # a name may be none
        missing = isinstance(error, FileNotFoundError)
        reason = getattr(error, "strerror", None) or error
        what = f"there is no file {file}" if missing else f"cannot read {file}: {reason}"
        known = sorted(other.name for other in path.parent.glob("*") if other.suffix in suffixes)
        near = nearest(path.name, known)
        listed = f'"{near}"' if near else f"one of: {', '.join(known[:10])}" if known else hint
        raise KusciaError(what, hint=listed) from error


_NOUNS: dict[Magic, tuple[str, tuple[str, ...]]] = {
    "kusciajob": ("manifest", (".yaml", ".yml", ".json")),
    "bfia_submit": ("request", (".json",)),
}


def start(magic: Magic, text: str, arguments: Namespace, shell: InteractiveShell | None = None) -> Job:
    """Start the job of a magic's text, and give it out as the options say; an interrupt stops it.

    A finished job of the same name is deleted first, so that a cell can be run again.
    """
    from ..connection import connect
    from ..control.interrupts import undisturbed
    from ..errors import JobStopped, ParameterError

    how = {option.name: getattr(arguments, option.name) for option in taken_by("call", "magic")}
    job: Job | None = None
    try:
        cluster = connect()
        method = cluster.apply if magic == "kusciajob" else cluster.submit
        with undisturbed():
            job = method(text, replace=True, **how)
        if arguments.out and shell is not None:
            shell.push({arguments.out: job})
        return _shown(job, arguments, shell)
    except KeyboardInterrupt:  # while it was not waited for
        if job is None:
            raise JobStopped("interrupted before the job was started") from None
        _stop(job, *_INTERRUPTED)
        return job
    except ParameterError as error:
        raise _pointed(error, magic, text) from None


def _shown(job: Job, arguments: Namespace, shell: InteractiveShell | None) -> Job:
    """Wait for a job or follow it in the background, and show it."""
    from ..views.live import LiveView, shown, watchable

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
    return shown(job, shell) if hidden else job


_INTERRUPTED = "was interrupted, and stopped on all nodes", "--no-wait runs it in the background"


def _finished(job: Job, timeout: float | None, wait: Callable[[float | None], Job]) -> None:
    """Wait for the end; the job is stopped when the person interrupts or the time is over, and that is the error."""
    from ..errors import JobError, JobFailed, JobStopped

    try:
        wait(timeout)
    except (JobFailed, JobStopped):
        raise
    except JobError:
        if timeout is None:
            raise
        _stop(job, f"took more than {timeout:g} s, and was stopped on all nodes", "a larger --timeout")
    except KeyboardInterrupt:
        _stop(job, *_INTERRUPTED)


def _stop(job: Job, what: str, hint: str) -> None:
    """Stop a job, and raise JobStopped, unless it has come to its own end in the meantime."""
    from ..control.interrupts import undisturbed
    from ..errors import JobStopped

    try:
        with undisturbed():
            job.stop()
        job.wait()
    except (JobStopped, KeyboardInterrupt):  # some interrupt twice
        raise JobStopped(f"job {job.name} {what}", hint=hint) from None


def _pointed(error: ParameterError, magic: Magic, text: str) -> ParameterError:
    """The same error with the lines of the text that it is about."""
    from ..cells.findings import operator_problems, read
    from ..control.source import Source, manifest_error
    from ..errors import ParameterError

    said = {problem.text for problem in error.problems}
    job, placed = read(magic, text)
    found = [one for one in placed(operator_problems(job)) if one.at is not None and one.problem.text in said]
    if not found:
        return error
    problems = [one.problem._replace(path=(), at=one.at) for one in found]
    return ParameterError(error.what, where=manifest_error(problems, Source(text)).where, hint=error.hint)
