"""Stopping one task, made or not, and what follows it (spec: kuscia §3.3, bfia §9.3)."""

from __future__ import annotations

from ..control.kinds import KusciaTask
from ..control.node import Node
from ..control.records import SCHEDULER, never_made, stopped
from ..control.resources import JobTask, KusciaJob
from ..control.scheduling import FINAL
from .dialect import refusal_about


def named(job: KusciaJob, alias: str) -> JobTask:
    """The task of this alias."""
    for task in job.spec.tasks:
        if task.alias == alias:
            return task
    raise refusal_about(job, "failed to find the task by task name")


def stop_from(node: Node, job: KusciaJob, alias: str) -> None:
    """Stop a task and all that need it; nothing changes if it has ended."""
    task = named(job, alias)
    if job.finished or _ended(node, task):
        return
    aliases = _with_followers(job, alias)

    def without(current: KusciaJob) -> KusciaJob:
        waiting = [task.alias for task in current.spec.tasks if task.alias in aliases and not _made(node, task)]
        return never_made(current, waiting)

    # in this order: a task that is made in between finds its alias marked
    current = node.store.change(KusciaJob, job.name, without) or job
    for task in current.spec.tasks:
        if task.alias in aliases and task.task_id:
            stop_made(node, task.task_id)


def over(node: Node, job: KusciaJob) -> bool:
    """Whether nothing is left to stop of a job that another node schedules, which says so at every job's end."""
    return SCHEDULER in job.annotations and all(_ended(node, task) for task in job.spec.tasks)


def stop_made(node: Node, task_id: str) -> None:
    """Stop a task that was made; nothing changes if it has ended."""
    node.store.change(KusciaTask, task_id, lambda task: stopped(task, "", "Task was stopped"))


def _made(node: Node, task: JobTask) -> KusciaTask | None:
    return node.store.get(KusciaTask, task.task_id) if task.task_id else None


def _ended(node: Node, task: JobTask) -> bool:
    made = _made(node, task)
    return made is not None and made.status.phase in FINAL


def _with_followers(job: KusciaJob, alias: str) -> set[str]:
    """A task and all that depend on it, be it through others."""
    found: set[str] = set()
    more = {alias}
    while more:
        found |= more
        more = {task.alias for task in job.spec.tasks if not found.isdisjoint(task.dependencies)} - found
    return found
