"""The task controller of a node: takes a KusciaTask from its environment to its end (spec: kuscia §2.3, §2.4, §4.1).

The initiator asks the peers to start their part, polls them, and judges the task by all parties; a partner judges by
its own. What Kuscia leaves pending for ever, for want of an environment, an image or a peer, fails here and says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

from ..errors import KusciaError
from . import accepting
from .agent import Agent
from .environment import operator_environment
from .hearing import Hearing, awaited, bereft
from .kinds import (
    AllocatedPorts,
    Container,
    EnvVar,
    KusciaTask,
    PartyTaskStatus,
    PartyTemplate,
    PodSpec,
    PodStatus,
    TaskParty,
)
from .loop import Polls
from .node import Node
from .objects import LABEL, Condition, condition, now
from .peer import Peer
from .records import TaskRecords, stopped
from .resources import FAILED, PENDING, RUNNING, SUCCEEDED, KusciaJob, Party
from .scheduling import COUNTED, FINAL
from .standing import FAILURE, kind_of

POLL = (0.001, 5.0)
"""Seconds between two questions of the initiator: the first pause, and the longest (Kuscia's only one)."""
LIFECYCLE = 300
"""Seconds until the parties of a task must all have begun, unless its scheduleConfig says otherwise."""
UNSCHEDULABLE = f"{LABEL}task-unschedulable"


class TaskController:
    """Reconciles the tasks of one node; `peers` are the other nodes by domain, `agent` runs its programs."""

    def __init__(self, node: Node, peers: Mapping[str, Peer], agent: Agent, clock: Callable[[], float]) -> None:
        self._node, self._store, self._peers, self._agent, self._clock = node, node.store, peers, agent, clock
        self._tasks = TaskRecords(node.store)
        self._polls = Polls(*POLL, clock)
        self._begun: dict[str, float] = {}
        self._hearing = Hearing(node, peers, clock)

    def reconcile(self, name: str) -> float | None:
        """Take the next step; returns after how many seconds to look again, None if a change will tell."""
        task = self._store.get(KusciaTask, name)
        if task is None or task.finished:
            self._polls.forget(name)
            self._begun.pop(name, None)
            self._hearing.forget(name)
            self._agent.stop(self._node.domain, name)
            return None
        if task.status.phase == FAILED:
            return self._end(task)
        if task.labels.get(UNSCHEDULABLE) == "true":
            return self._inject(task)
        if task.status.phase == "":
            return self._begin(task)
        if self._tasks.leads(task) and (silent := [p for p in self._outer(task) if not _status(task, p).phase]):
            return self._start_at_peers(task, silent)
        if _pod(task).pod_phase != PENDING and condition(task.status.conditions, "Running") is None:
            return self._tasks.set(name, Condition(type="Running", status="True"), phase=RUNNING)
        if self._judge(task) or self._overdue(task):
            return None
        if _pod(task).start_time is None and not awaited(task):
            self._run(task)
        return self._poll(task)

    def fail(self, name: str, error: BaseException) -> None:
        """A fault in reconciling must not leave the task without an end."""
        text = f"KusciaTask failed, last error: {type(error).__name__}: {error}"
        self._store.change(KusciaTask, name, lambda task: stopped(task, "", text))

    # --- towards the start -----------------------------------------------------------------------------------------

    def _inject(self, task: KusciaTask) -> None:
        """Give every party its environment, the peers' too (spec: kuscia §2.4 step 2)."""
        job = self._job(task)
        try:
            parties = tuple(self._with_environment(job, task, party) for party in task.spec.parties)
        except KusciaError as error:
            message = f"Failed to create kusciaTask related resources, {error.what}"
            failure = Condition(
                type="ResourceCreated", status="False", reason="KusciaTaskCreateFailed", message=message
            )
            return self._tasks.set(task.name, failure, phase=FAILED, reason="KusciaTaskCreateFailed", message=message)

        def injected(current: KusciaTask) -> KusciaTask:
            metadata = current.metadata.model_copy(update={"labels": {**current.labels, UNSCHEDULABLE: "false"}})
            spec = current.spec.model_copy(update={"parties": parties})
            return current.model_copy(update={"metadata": metadata, "spec": spec})

        self._store.change(KusciaTask, task.name, injected)
        return None

    def _with_environment(self, job: KusciaJob, task: KusciaTask, party: TaskParty) -> TaskParty:
        of_job = next(of_job for of_job in job.spec.tasks if of_job.task_id == task.name)
        component = accepting.component(self._store, party.app_image_ref, of_job.config.module_name)
        ids = {other.alias: other.task_id for other in job.spec.tasks if other.task_id}
        member = Party(domain_id=party.domain_id, role=party.role)
        environment = operator_environment(job, of_job, task.name, member, component, ids)
        container = Container(env=tuple(_variable(name, value) for name, value in environment.items()))
        return party.model_copy(update={"template": PartyTemplate(spec=PodSpec(containers=(container,)))})

    def _begin(self, task: KusciaTask) -> None:
        """The pod of this node's own party, still waiting."""
        own = self._own(task)
        pod = PodStatus(
            namespace=own.domain_id,
            pod_name=f"{task.name}-{own.env['config.self_role'].replace('.', '-')}",
            node_name=f"kuscia-nb-{own.domain_id}",
            pod_phase=PENDING,
            create_time=now(),
        )
        self._begun[task.name] = self._clock()
        known = task.spec.parties if self._tasks.leads(task) else (own,)
        self._tasks.set(
            task.name,
            Condition(type="ResourceCreated", status="True"),
            phase=PENDING,
            start_time=now(),
            allocated_ports=tuple(AllocatedPorts(domain_id=p.domain_id, role=p.role) for p in task.spec.parties),
            party_task_status=tuple(
                PartyTaskStatus(domain_id=p.domain_id, role=p.role, phase=PENDING if p == own else "") for p in known
            ),
            pod_statuses={f"{own.domain_id}/{pod.pod_name}": pod},
        )

    def _start_at_peers(self, task: KusciaTask, parties: list[TaskParty]) -> None:
        job = self._job(task)
        alias = task.labels[f"{LABEL}task-alias"]
        answers = {}
        for party in parties:
            try:
                self._peers[party.domain_id].start_task(task.name, job.name, alias)
                answers[party.label] = (PENDING, "")
            except KusciaError as error:
                answers[party.label] = (FAILED, f"start task request failed, {error.what}")
        heard = self._hearing.of(task, answers)
        self._tasks.set_parties(task.name, heard.answers, *heard.conditions)

    def _run(self, task: KusciaTask) -> None:
        """Start the program; it waits for the peer's."""
        own = self._own(task)

        def started() -> None:
            self._tasks.set_pod(task.name, pod_phase=RUNNING, ready_time=now())

        def ended(error: BaseException | None) -> None:
            if error is None:
                self._tasks.set_pod(task.name, pod_phase=SUCCEEDED, reason="Completed")
            else:
                message = str(error.what) if isinstance(error, KusciaError) else f"{type(error).__name__}: {error}"
                words = f'container[{own.app_image_ref}] terminated state reason "Error", message: "{message}"'
                if self._node.consent is not None:  # peers are told no more than that
                    self._store.change(KusciaTask, task.name, lambda task: task.annotated(FAILURE, kind_of(error)))
                self._tasks.set_pod(task.name, pod_phase=FAILED, reason="Error", message=message, termination_log=words)

        self._tasks.set_pod(task.name, start_time=now())
        try:
            self._agent.start(self._node, task, started, ended)
        except KusciaError as error:
            ended(error)

    # --- towards the end -------------------------------------------------------------------------------------------

    def _judge(self, task: KusciaTask) -> bool:
        """Whether enough parties have succeeded, or too many failed (spec: kuscia §2.4)."""
        parties = task.spec.parties if self._tasks.leads(task) else (self._own(task),)
        phases = {party.label: _status(task, party).phase or PENDING for party in parties}
        threshold = min(task.spec.schedule_config.min_reserved_members or len(parties), len(parties))
        if sum(phase == SUCCEEDED for phase in phases.values()) >= threshold:
            self._tasks.set(task.name, Condition(type="Success", status="True"), phase=SUCCEEDED, completion_time=now())
            return True
        left = sum(phase != FAILED for phase in phases.values())
        if left >= threshold or self._hearing.awaits_word(task):
            return False
        counted = ", ".join(
            f"{word} party[{','.join(label for label, found in phases.items() if found == phase)}]"
            for word, phase in (
                ("pending", PENDING),
                ("running", RUNNING),
                ("successful", SUCCEEDED),
                ("failed", FAILED),
            )
        )
        message = (
            f"{COUNTED} {left} are less than the threshold {threshold} "
            f"that meets the conditions for task success. {counted}"
        )
        said = self._hearing.reasons(task, _pod(task).message)
        success = Condition(type="Success", status="False", message=next(filter(None, said), message))
        self._tasks.set(task.name, success, phase=FAILED, message=message)
        return True

    def _overdue(self, task: KusciaTask) -> bool:
        """Whether the parties have failed to come together in time."""
        if _pod(task).pod_phase != PENDING or self._left(task) > 0:
            return False
        text = f"Parties did not complete scheduling within the {_lifecycle(task)} second lifecycle"
        if waits := awaited(task):
            text = f"{text}: {waits.message}"
        self._store.change(KusciaTask, task.name, lambda current: stopped(current, "", text))
        return True

    def _poll(self, task: KusciaTask) -> float | None:
        """Ask the peers how far they are, when it is time to; when to look again (spec: kuscia §3.8 row 7)."""
        running = [party for party in self._outer(task) if _status(task, party).phase not in FINAL]
        if not self._tasks.leads(task) or not running:
            return self._left(task) if _pod(task).pod_phase == PENDING else None
        poll = self._polls.of(task.name, _pod(task).pod_phase)
        if poll.left() == 0:
            poll.asked()
            self._ask(task, running)
        return min(poll.left(), self._left(task)) if _pod(task).pod_phase == PENDING else poll.left()

    def _ask(self, task: KusciaTask, parties: list[TaskParty]) -> None:
        answers, errors = {}, []
        for party in parties:
            try:
                answers[party.label] = (self._peers[party.domain_id].poll_task(task.name, party.role) or PENDING, "")
            except KusciaError as error:
                gone = bereft(task) and isinstance(error.__cause__, OSError)
                answers[party.label] = (FAILED, "" if gone else error.what)  # the program has said more of that
                errors.append(error.what)
        synced = Condition(type="StatusSynced", status="True")
        if errors:
            message = f"poll task status request failed, {';'.join(errors)}"
            reason = "ErrorPollTaskStatusRequest"
            synced = Condition(type="StatusSynced", status="False", reason=reason, message=message)
        heard = self._hearing.of(task, answers)
        self._tasks.set_parties(task.name, heard.answers, *heard.conditions, synced)

    def _left(self, task: KusciaTask) -> float:
        """Seconds until the parties must have come together."""
        begun = self._begun.setdefault(task.name, self._clock())
        return max(0.0, begun + _lifecycle(task) - self._clock())

    def _end(self, task: KusciaTask) -> None:
        """A failed task has ended when its program here has; what still ran has failed (spec: kuscia §2.4)."""
        own = _pod(task) if task.status.pod_statuses else None
        if own and own.start_time and own.pod_phase not in FINAL:
            return self._agent.stop(self._node.domain, task.name)

        def over(current: KusciaTask) -> KusciaTask:
            status = current.status
            parties = tuple(
                party if party.phase in FINAL else party.model_copy(update={"phase": FAILED})
                for party in status.party_task_status
            )
            pods = {
                name: pod if pod.pod_phase in FINAL else pod.model_copy(update={"pod_phase": FAILED})
                for name, pod in status.pod_statuses.items()
            }
            update = {
                "party_task_status": parties,
                "pod_statuses": pods,
                "completion_time": now(),
                "last_reconcile_time": now(),
            }
            return current.model_copy(update={"status": status.model_copy(update=update)})

        self._store.change(KusciaTask, task.name, over)
        return None

    # --- small parts -----------------------------------------------------------------------------------------------

    def _outer(self, task: KusciaTask) -> list[TaskParty]:
        return [party for party in task.spec.parties if party.domain_id != self._node.domain]

    def _own(self, task: KusciaTask) -> TaskParty:
        party = task.party(self._node.domain)
        assert party is not None, "a node has no task that it is not a party of"
        return party

    def _job(self, task: KusciaTask) -> KusciaJob:
        job = self._store.get(KusciaJob, task.metadata.owner_references[0].name)
        if job is None:
            raise KusciaError(f"the job of task {task.name} is gone")
        return job


@lru_cache(1024)
def _variable(name: str, value: str) -> EnvVar:
    """Jobs, and the nodes of one, have nearly all of their variables in common: one object for each."""
    return EnvVar(name=name, value=value)


def _status(task: KusciaTask, party: TaskParty) -> PartyTaskStatus:
    """How far a party is, as far as this node knows."""
    found = (s for s in task.status.party_task_status if (s.domain_id, s.role) == (party.domain_id, party.role))
    return next(found, PartyTaskStatus(domain_id=party.domain_id, role=party.role))


def _lifecycle(task: KusciaTask) -> int:
    return task.spec.schedule_config.lifecycle_seconds or LIFECYCLE


def _pod(task: KusciaTask) -> PodStatus:
    """This node's pod of a task that has begun."""
    return next(iter(task.status.pod_statuses.values()))
