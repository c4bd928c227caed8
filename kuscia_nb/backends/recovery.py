"""What becomes of jobs that ran when their process ended: they have failed, and say so.

Nothing is run again by itself: who connects to a folder wants to see what is there. What a job's nodes wrote down
before the end may differ by a moment. Where the job of one says that a task has succeeded, it has on all, with its
results: the keeper writes jobs last; so it has where each of its parties says so of its own part. Every other task
that had not ended has failed, and leaves no results on any node.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from glob import escape
from pathlib import Path

from ..control.kinds import KusciaTask
from ..control.node import Node
from ..control.objects import now
from ..control.records import SCHEDULER, JobRecords, TaskRecords, stopped
from ..control.resources import FAILED, SUCCEEDED, KusciaJob
from ..control.scheduling import FINAL

REASON = "KernelEnded"
MESSAGE = "its kernel ended while it ran: the process was killed, or the machine stopped"


def settle(nodes: Mapping[str, Node]) -> list[str]:
    """Let all jobs come to an end that were left without one; their names. The controllers do what is left to do."""
    left = {job.name for node in nodes.values() for job in node.store.objects(KusciaJob) if not job.finished}
    for name in sorted(left):
        succeeded = set(_succeeded(nodes, name))
        tasks = [task for _, job in _having(nodes, name) for task in job.spec.tasks]
        ids = {task.alias: task.task_id for task in tasks if task.task_id in succeeded}
        for node, job in _having(nodes, name):
            _name_tasks(node, job, ids)
        for node, job in _having(nodes, name):
            for task in node.store.owned(KusciaTask, job):
                _settle_task(node, task, task.name in succeeded)
        lost = {task.task_id for _, job in _having(nodes, name) for task in job.spec.tasks} - succeeded
        for node, job in _having(nodes, name):
            if not job.finished and job.status.phase != FAILED and not _over(job, succeeded):
                JobRecords(node.store).set(name, phase=FAILED, reason=REASON, message=MESSAGE)
            for path in (path for task_id in lost if task_id for path in _written(node, name, task_id)):
                path.unlink(missing_ok=True)
    return sorted(left)


def _name_tasks(node: Node, job: KusciaJob, ids: Mapping[str, str | None]) -> None:
    """Give a job's tasks the ids by their alias, which a node may have heard after it last wrote the job down."""
    if (spec := job.spec.named(ids)) is not job.spec:
        node.store.change(KusciaJob, job.name, lambda job: job.model_copy(update={"spec": spec}))


def _settle_task(node: Node, task: KusciaTask, succeeded: bool) -> None:
    """The end of one node's part of a task: that of its pod, from which its controller concludes the rest."""
    if task.finished:
        return
    records = TaskRecords(node.store)
    running = [pod for pod in task.status.pod_statuses.values() if pod.pod_phase not in FINAL]
    if succeeded:
        for pod in running:
            records.set_pod(task.name, pod_phase=SUCCEEDED, reason="Completed", start_time=pod.start_time or now())
        return
    if running:
        records.set_pod(task.name, pod_phase=FAILED, reason="Error", message=MESSAGE)
    node.store.change(KusciaTask, task.name, lambda task: stopped(task, REASON, MESSAGE))


def _succeeded(nodes: Mapping[str, Node], name: str) -> Iterator[str]:
    """The tasks of a job that have succeeded on all nodes, as one of them knows, or as each says of its own part."""
    parts = {
        (node.domain, task.name): task
        for node, job in _having(nodes, name)
        for task in node.store.owned(KusciaTask, job)
    }
    for _, job in _having(nodes, name):
        if SCHEDULER in job.annotations:
            continue  # it knows of its own part alone
        yield from (task_id for task_id, phase in job.status.task_status.items() if phase == SUCCEEDED)
        for task in job.spec.tasks:
            of_all = [parts.get((party.domain_id, task.task_id or "")) for party in task.parties]
            if all(part and part.status.phase == SUCCEEDED for part in of_all):
                yield task.task_id or ""


def _written(node: Node, name: str, task_id: str) -> list[Path]:
    """What a program of a task has written (spec: kuscia §4.5)."""
    pattern = f"{escape(name)}-*-*/{escape(task_id)}-*"
    return [path for path in node.storage.glob(pattern) if path.is_file()]


def _over(job: KusciaJob, succeeded: set[str]) -> bool:
    """Whether nothing of a job was left to run."""
    return all(task.task_id in succeeded for task in job.spec.tasks)


def _having(nodes: Mapping[str, Node], name: str) -> list[tuple[Node, KusciaJob]]:
    return [(node, job) for node in nodes.values() if (job := node.store.get(KusciaJob, name))]
