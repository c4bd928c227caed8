"""What the panel shows, as flat entities by id, and what has changed in them since the last look.

The entities are a fold over what the observer knows: each node's store says which jobs and tasks there are and how they
are, the jobs' events how far their programs are and what they have sent. A look only folds what may have changed: jobs
that run, and those whose objects a store has changed. So finished jobs cost nothing, however many there are.

One thread at a time may use a `Tree`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast, get_args

from .protocol import Entities, Entity, Level, Party, Phase, Step

if TYPE_CHECKING:
    from ..backends.base import NodeApi
    from ..cluster import Cluster
    from ..control.kinds import KusciaTask
    from ..control.resources import JobTask, KusciaJob, TaskInputConfig
    from ..control.store import Change
    from ..observer.progress import State
    from ..observer.runs import Run

TTP = "ttp"
_UNWANTED = ("Cancelled", "ApprovalReject")
"""Phases that Kuscia ends a job with, and for which the panel has no word of its own."""


class Delta(NamedTuple):
    """What has changed: the ids to take out first, then the entities to put in, whole ones."""

    removed: list[str]
    entities: Entities

    def __bool__(self) -> bool:
        return bool(self.removed or self.entities)


class Group:
    """A job on a node, with what is below it."""

    def __init__(self, job: KusciaJob, run: Run) -> None:
        self.uid, self.run = job.metadata.uid, run
        self.entities: Entities = {}
        self.running = True


class Tree:
    """The entities of one cluster, or of none. `wake` is called, from any thread, when there may be something new."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._cluster: Cluster | None = None
        self._tops: Entities = {}
        """The nodes and the TTP."""
        self._groups: dict[str, dict[str, Group]] = {}
        """By node, and the job's name; the oldest first."""
        self._states: dict[int, State] = {}
        """Of the jobs that run, by their run."""
        self._changed: deque[str] = deque()
        """The names of jobs whose objects have changed."""
        self._unsubscribe: list[Callable[[], None]] = []

    @property
    def busy(self) -> bool:
        """Whether a job runs, so that something changes without any store knowing of it."""
        return bool(self._states)

    @property
    def entities(self) -> Entities:
        """All of them, as of the last look: each node and its jobs, the newest first, and then the TTP."""
        result: Entities = {}
        for id, top in self._tops.items():
            result[id] = top
            for group in reversed(self._groups.get(id, {}).values()):
                result |= group.entities
        return result

    def look(self, cluster: Cluster | None) -> Delta:
        """Bring the entities up to date."""
        removed: list[str] = []
        changed: Entities = {}
        if cluster is not self._cluster:
            removed += self.entities
            self._follow(cluster)
        if cluster is None:
            return Delta(removed, changed)
        names = dict.fromkeys(self._taken())
        for groups in self._groups.values():
            names |= dict.fromkeys(name for name, group in groups.items() if id(group.run) in self._states)
        for state in self._states.values():
            state.catch_up()
        nodes = map(cluster.at, cluster.nodes)
        news = [self._refold(cluster, node, name) for node in nodes for name in names]
        for gone, new in reversed(news):  # the newest first
            removed += gone
            changed |= new
        self._states = {key: state for key, state in self._states.items() if key in self._running()}
        tops = dict(self._top_entities(cluster))
        changed = {id: top for id, top in tops.items() if self._tops.get(id) != top} | changed
        self._tops = tops
        return Delta(removed, changed)

    def close(self) -> None:
        """Hear of nothing any more."""
        self._follow(None)

    def _follow(self, cluster: Cluster | None) -> None:
        """Forget one cluster, and hear of what changes in another one."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe, self._cluster = [], cluster
        for kept in (self._tops, self._groups, self._states, self._changed):
            kept.clear()
        if cluster is not None:
            self._groups = {domain: {} for domain in cluster.nodes}
            self._unsubscribe = [cluster.at(node).store.subscribe(self._heard) for node in cluster.nodes]
            self._changed += list(cluster.observer.by_name)

    def _heard(self, change: Change) -> None:
        """A store has changed; this is called within the change, so it only takes a note."""
        object = change.object
        if object.kind == "KusciaJob":
            self._changed.append(object.name)
        elif object.kind == "KusciaTask":
            self._changed.append(object.metadata.owner_references[0].name)
        else:
            return
        self._wake()

    def _taken(self) -> Iterator[str]:
        while self._changed:
            yield self._changed.popleft()

    def _running(self) -> set[int]:
        return {id(group.run) for groups in self._groups.values() for group in groups.values() if group.running}

    def _refold(self, cluster: Cluster, node: NodeApi, name: str) -> tuple[Iterable[str], Entities]:
        """A job on a node once more: ids that are gone, entities that are other ones than before."""
        from ..control.resources import KusciaJob

        groups = self._groups[node.domain]
        known = groups.get(name)
        job = node.store.get(KusciaJob, name)
        run = cluster.observer.run_of(job) if job else None
        gone: list[str] = []
        if known and (job is None or run is None or job.metadata.uid != known.uid):
            gone = list(groups.pop(name).entities)
            known = None
        if job is None or run is None:
            return gone, {}
        group = known or groups.setdefault(name, Group(job, run))
        before, group.entities = group.entities, dict(job_entities(node, job, run, self._state(run)))
        group.running = job.status.completion_time is None
        gone += [id for id in before if id not in group.entities]
        return gone, {id: entity for id, entity in group.entities.items() if before.get(id) != entity}

    def _state(self, run: Run) -> State:
        from ..observer.progress import State

        if id(run) not in self._states:
            self._states[id(run)] = State(run.name, run.events)
            self._states[id(run)].catch_up()
        return self._states[id(run)]

    def _top_entities(self, cluster: Cluster) -> Iterator[tuple[str, Entity]]:
        urls = cluster.http
        for domain, groups in self._groups.items():
            running = sum(group.running for group in groups.values())
            yield (
                domain,
                {"kind": "node", "name": domain, "url": urls.get(domain), "jobs": len(groups), "running": running},
            )
        ttp = cluster.ttp_status()
        yield TTP, {"kind": "ttp", "name": "TTP", "requests": ttp["requests"], "bytes": ttp["bytes"]}


# --- one job ---------------------------------------------------------------------------------------------------------


def job_entities(node: NodeApi, job: KusciaJob, run: Run, state: State) -> Iterator[tuple[str, Entity]]:
    """A job as a node sees it, its tasks, and their parties."""
    from ..control.kinds import KusciaTask
    from ..control.objects import LABEL
    from ..observer.observer import failure

    base, status = f"{node.domain}/{job.name}", job.status
    names = [task for domain, task in state.progress if domain == node.domain]
    tasks = [task for task in map(partial(node.store.get, KusciaTask), names) if task is not None]
    progress = {task.name: _progress(task, state, node.domain) for task in tasks}
    yield (
        base,
        {
            "kind": "job",
            "node": node.domain,
            "name": job.name,
            "initiator": job.spec.initiator,
            "phase": _phase(status.phase),
            "started": _ms(status.start_time or job.metadata.creation_timestamp),
            "progress": round(sum(progress.values()) / len(job.spec.tasks), 4),
            "message": status.message or failure(job),
            "trace": cast(Level, run.options.trace),
            "messages": state.traffic.messages,
            "bytes": state.traffic.bytes,
            "steps": [_step(spec) for spec in job.spec.tasks],
        },
    )
    specs = {spec.alias: spec for spec in job.spec.tasks}
    for task in tasks:
        alias = task.labels[f"{LABEL}task-alias"]
        yield (
            f"{base}/{task.name}",
            {
                "kind": "task",
                "node": node.domain,
                "job": job.name,
                "name": task.name,
                "alias": alias,
                "phase": _phase(task.status.phase),
                "progress": progress[task.name],
                "message": task.status.message or failure(task),
            },
        )
        if alias in specs:
            for name, party in _parties(task, specs[alias], state):
                yield f"{base}/{task.name}/{name}", party


def _step(spec: JobTask) -> Step:
    config = _config(spec)
    operator = config.module_name if config else spec.app_image
    return {"alias": spec.alias, "operator": operator, "after": list(spec.dependencies)}


def _config(spec: JobTask) -> TaskInputConfig | None:
    """What a task's taskInputConfig says; None where it is no BFIA job's, of which only a real node has some."""
    with suppress(ValueError):
        return spec.config
    return None


def _phase(phase: str) -> Phase:
    """The panel's word for one of Kuscia's: what neither runs nor has ended waits."""
    if phase in get_args(Phase):
        return cast(Phase, phase)
    return "Failed" if phase in _UNWANTED else "Pending"


def _progress(task: KusciaTask, state: State, domain: str) -> float:
    if task.status.phase == "Succeeded":
        return 1.0
    return round(state.progress[domain, task.name].fraction, 4)


def _parties(task: KusciaTask, spec: JobTask, state: State) -> Iterator[tuple[str, Party]]:
    """Every party of a task by its name, such as host.0, and how far it is."""
    told = task.status.party_task_status
    phases: dict[tuple[str, str], Phase] = {(one.domain_id, one.role): _phase(one.phase) for one in told}
    config = _config(spec)
    for role, index, domain in config.role.members() if config else ():
        phase = phases.get((domain, role), "Pending")
        program = state.progress.get((domain, task.name))
        counted = program.batch if phase == "Running" and program is not None else None
        epoch, epochs, batch, batches = counted or (None, None, None, None)
        yield (
            f"{role}.{index}",
            {
                "kind": "party",
                "task": task.name,
                "name": f"{role}.{index}",
                "domain": domain,
                "phase": phase,
                "epoch": epoch,
                "epochs": epochs,
                "batch": batch,
                "batches": batches,
            },
        )


def _ms(time: datetime | None) -> int:
    assert time is not None  # whatever is in a store was created
    return round(time.timestamp() * 1000)
