"""What is wrong in a cell while it is typed: the very complaints that running it would give, each with its place.

The manifest's and the request's own readers find them, then the node that would run the job, then the operator's
parameters. Nothing is started for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from IPython.core.error import UsageError
from IPython.core.magic_arguments import parse_argstring

from ..backends import DOMAINS
from ..backends.base import NodeApi
from ..cells.findings import Finding, operator_problems, read
from ..cells.position import without_blank_lines
from ..control import accepting
from ..control.app_images import furnish
from ..control.node import Node
from ..control.resources import KusciaJob
from ..data.files import file_names
from ..errors import ManifestError
from ..placeholder import VARIABLE, expressions, no_name, written
from ..problems import FieldPath, Magic, Problem, choice
from .protocol import Diagnostic, Severity

FILLINGS = ("1", "alice", "bob", "{}")
"""What a variable that does not exist yet may be: what is wrong with all of these is wrong."""
_TOKEN = re.compile(r"""\{\{.*?\}\}|"(?:[^"\\\n]|\\.)*"?|'(?:[^'\n]|'')*'?|[^\s,:{}\[\]]+|\S""")


class Fault(NamedTuple):
    """Something wrong in a text: at which index, what, and what to try."""

    at: int
    message: str
    hint: str
    severity: Severity = "error"


def check(
    magic: Magic, text: str, variables: Mapping[str, Any], nodes: Mapping[str, NodeApi] | None
) -> list[Diagnostic]:
    """All that is wrong with a cell: its text begins with the line of the magic, perhaps below blank ones.

    `variables` are those that a {{name}} may stand for, `nodes` are the ones that would run the job, if they are up.
    """
    text, blank = without_blank_lines(text)
    placeholders = list(VARIABLE.finditer(text))
    unknown = [match for match in placeholders if match[1] not in variables]
    values = [{match[1]: filling for match in unknown} for filling in FILLINGS] if unknown else [{}]
    several = [_faults(magic, *_filled(text, placeholders, {**variables, **extra}), nodes) for extra in values]
    faults = {fault for fault in set.intersection(*map(set, several)) if fault.at not in [m.start() for m in unknown]}
    for match in unknown:
        hint = f"{match[1]} = ... in a cell before this one"
        faults.add(Fault(match.start(), f"there is no variable {match[1]} yet", hint, "warning"))
    faults |= {Fault(at, *no_name(braces)) for at, braces in expressions(text)}
    found = sorted(_diagnostic(text, fault) for fault in faults)
    return [one._replace(line=one.line + blank) for one in found]


def ordinary_nodes() -> dict[str, Node]:
    """Nodes with what every node has, and no job: for when none are up."""
    nodes = {domain: Node(domain, Path()) for domain in DOMAINS}
    for node in nodes.values():
        furnish(node, DOMAINS)
    return nodes


def _filled(text: str, placeholders: Iterable[re.Match[str]], values: Mapping[str, Any]) -> tuple[str, list[int]]:
    """The text with the values of its placeholders, and the index that each of its characters had before."""
    filled, origin, end = "", [], 0
    for match in placeholders:
        value = _written(values[match[1]])
        filled += text[end : match.start()] + value
        origin += [*range(end, match.start()), *[match.start()] * len(value)]
        end = match.end()
    return filled + text[end:], [*origin, *range(end, len(text) + 1)]


def _written(value: Any) -> str:
    """A value as the magic fills it in; the text of one that it refuses."""
    try:
        return written(value)
    except (TypeError, ValueError, RecursionError):
        return str(value)


def _diagnostic(text: str, fault: Fault) -> Diagnostic:
    """A fault by line and columns; it is as long as the word or quoted text there."""
    begin = text.rfind("\n", 0, fault.at) + 1
    token = _TOKEN.match(text, fault.at)
    line, column = text.count("\n", 0, fault.at) + 1, fault.at - begin + 1
    end = column + (len(token[0]) if token else 1)
    return Diagnostic(line, column, end, fault.message, fault.hint, fault.severity)


def _faults(magic: Magic, text: str, origin: list[int], nodes: Mapping[str, NodeApi] | None) -> Iterator[Fault]:
    """What is wrong with a filled text, by the indexes of the original one."""
    head, _, body = text.partition("\n")
    try:
        _check_line(magic, head)
    except (UsageError, ValueError) as error:  # of shlex: a quote is missing
        yield Fault(0, str(error), f"%{magic} --help")
    for index, problem, severity in findings(magic, "\n" + body, nodes):
        yield Fault(origin[min(len(head) + (index or 0), len(origin) - 1)], _message(problem), problem.hint, severity)


def _message(problem: Problem) -> str:
    """What is wrong; with the field's name if that is not there, so that the place is another one."""
    name = str(problem.path[-1]) if problem.path else ""
    return f"{name}: {problem.text}" if problem.on_key and name not in problem.text else problem.text


def _check_line(magic: Magic, head: str) -> None:
    """A UsageError or ValueError, if the magic does not take these options."""
    from ..magics.bfia import bfia_submit
    from ..magics.kusciajob import KusciaMagics

    taken = KusciaMagics.kusciajob if magic == "kusciajob" else bfia_submit
    parse_argstring(taken, head.partition(" ")[2])


def findings(magic: Magic, text: str, nodes: Mapping[str, NodeApi] | None) -> list[Finding]:
    """What the reader of a text says of it; if that is content, what the nodes and the operators say.

    Without `nodes`, which are up, it is asked of nodes with what every node has.
    """
    asked = nodes or ordinary_nodes()
    try:
        job, placed = read(magic, text, accepting.offers(next(iter(asked.values())).store))
    except ManifestError as error:
        return [Finding(*fault) for fault in error.faults] or [Finding(None, Problem((), error.what, error.hint))]
    found: list[Finding] = []
    try:
        accepting.check((asked.get(job.spec.initiator) or next(iter(asked.values()))).store, job)
    except ManifestError as error:
        found += placed(problem for _, problem in error.faults)
    found += placed(operator_problems(job))
    return found + [one._replace(severity="warning") for one in placed(file_problems(job, nodes or {}))]


def file_problems(job: KusciaJob, nodes: Mapping[str, NodeApi]) -> Iterator[Problem]:
    """Files of their own that the parties would read, and that their nodes do not have."""
    for i, task in enumerate(job.spec.tasks):
        for party in () if task.config.input else task.parties:
            index, node = task.config.role.index(party) or 0, nodes.get(party.domain_id)
            own = task.config.task_params.of(party.role, index)
            folder, name = (str(own.get(key, "")) for key in ("namespace", "name"))
            names = file_names(node.storage / folder) if node is not None else []
            if node is None or not name or name in names:
                continue
            place: FieldPath = ("spec", "tasks", i, "taskInputConfig", "task_params", party.role, str(index), "name")
            yield Problem(place, f"{party.domain_id} has no file {folder}/{name}", choice(name, names))
