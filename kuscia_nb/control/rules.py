"""The rules of a job that a schema cannot express (spec: kuscia §1.9, §7)."""

from __future__ import annotations

import graphlib
import re
from collections.abc import Iterable, Iterator, Mapping

from ..problems import FieldPath, Problem, choice
from .resources import CROSS_DOMAIN, JOB_NAME_LENGTH, ROLES, TASK_ID_LENGTH, KusciaJob, Party


def rule_problems(job: KusciaJob) -> Iterator[Problem]:
    """Every rule that the job breaks, whatever its tasks compute."""
    yield from _name_problems(job)
    yield from _party_problems(job)
    yield from _dependency_problems(job)


_RFC1123 = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_RFC1123_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    "and must start and end with an alphanumeric character"
)


def _name_problem(path: FieldPath, name: str, longest: int, why: str) -> Iterator[Problem]:
    if not _RFC1123.fullmatch(name):
        better = re.sub(r"[^a-z0-9]+", "-", name.lower())[:longest].strip("-")
        yield Problem(path, f'Invalid value: "{name}": {_RFC1123_TEXT}', f'"{better or "job-1"}"')
    if len(name) > longest:
        yield Problem(path, f"must be no more than {longest} characters, has {len(name)}", why)


def _name_problems(job: KusciaJob) -> Iterator[Problem]:
    """Names that Kubernetes refuses, or that Kuscia takes and never serves (spec: kuscia §7 rows 6, 7, 15, 35)."""
    why = "a shorter name: a taskID is the job's name and 13 more characters, and must fit a label of 63"
    yield from _name_problem(("metadata", "name"), job.metadata.name, JOB_NAME_LENGTH, why)
    if job.metadata.namespace != CROSS_DOMAIN:
        text = f'a job in namespace "{job.metadata.namespace}" never runs: Kuscia looks for jobs in {CROSS_DOMAIN} only'
        yield Problem(("metadata", "namespace"), text, f"namespace: {CROSS_DOMAIN}, or no namespace at all")
    first: dict[tuple[str, str], int] = {}
    for i, task in enumerate(job.spec.tasks):
        path: FieldPath = ("spec", "tasks", i)
        if task.task_id is not None:
            yield from _name_problem((*path, "taskID"), task.task_id, TASK_ID_LENGTH, "a shorter taskID")
        for field, value in (("alias", task.alias), ("taskID", task.task_id)):
            if value is not None and first.setdefault((field, value), i) != i:
                text = f'{field} "{value}" is used twice, first by spec.tasks[{first[field, value]}]'
                yield Problem((*path, field), text, f"another {field}")


def _party_problems(job: KusciaJob) -> Iterator[Problem]:
    """Who takes part, as far as the manifest alone can tell (spec: kuscia §1.9 row 4, §4.3, §7 rows 13, 14, 20)."""
    first = job.spec.tasks[0]
    invited = {party.domain_id for party in first.parties}
    if job.spec.initiator not in invited:
        hint = choice(job.spec.initiator, invited) if invited else f"parties of {first.alias}"
        yield Problem(("spec", "initiator"), "initiator should be one of task parties", hint)
    for i, task in enumerate(job.spec.tasks):
        seen: set[Party] = set()
        for j, party in enumerate(task.parties):
            path: FieldPath = ("spec", "tasks", i, "parties", j)
            if party.role not in ROLES:
                text = f"unsupported role type {party.role}".rstrip()
                yield Problem((*path, "role"), text, choice(party.role, ROLES))
            if party in seen:
                yield Problem(path, f"party {party.domain_id}/{party.role} is listed twice", "one entry for each party")
            seen.add(party)
            if invited and party.domain_id not in invited:
                text = f"{party.domain_id} is not a party of the first task, so nobody would send it the job"
                hint = f"{party.domain_id} among the parties of {first.alias} too, or a job of its own for {task.alias}"
                yield Problem((*path, "domainID"), text, hint)


def _dependency_problems(job: KusciaJob) -> Iterator[Problem]:
    """Dependencies that are missing, circular or may never end (spec: kuscia §1.8, §1.9 rows 5, 6, §7 rows 8-10)."""
    tasks = {task.alias: task for task in job.spec.tasks}
    for i, task in enumerate(job.spec.tasks):
        for j, alias in enumerate(task.dependencies):
            path: FieldPath = ("spec", "tasks", i, "dependencies", j)
            if alias not in tasks:
                text = f"validate failed: task {task.alias} has not exist dependency task {alias}"
                yield Problem(path, text, choice(alias, tasks.keys() - {task.alias}))
            elif tasks[alias].tolerable and alias != task.alias:
                text = f"task {task.alias} depends on the tolerable task {alias}: if that fails, the job never ends"
                yield Problem(path, text, f"tolerable: false for {alias}, or no task that depends on it")
    graph = {alias: task.dependencies for alias, task in tasks.items()}
    while cycle := _cycle(graph):
        at = next(i for i, task in enumerate(job.spec.tasks) if task.alias == cycle[0])
        text = f"validate failed: cycled dependencies: {' -> '.join(cycle)}"
        yield Problem(("spec", "tasks", at, "dependencies"), text, "leave out one of these dependencies")
        graph = {alias: dependencies for alias, dependencies in graph.items() if alias not in cycle}


def _cycle(graph: Mapping[str, Iterable[str]]) -> list[str]:
    """Aliases that depend on each other, the first one again at the end; empty if there are none."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return error.args[1][::-1]
    return []
