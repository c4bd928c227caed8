"""Running a job on the nodes of one process: the stages of Kuscia's controllers, and the parties' programs.

This is the life of a job without the nodes' own stores and BFIA messages; the events have the same names and order as
the conditions and phases of a Kuscia job (spec: kuscia §1.6, §2.3).
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import JobFailed, KusciaError, PeerFailed
from ..mpc import Outcome, Seeds, Stop, TrustedThirdParty, connect, run_lockstep
from ..operators import OPERATORS, Operator, Party, ranked_parties
from ..operators.ss_lr.program import STRATEGY
from ..trace.events import EventLog
from . import resources
from .environment import agent_environment, operator_environment
from .resources import JobTask, KusciaJob

PENDING, RUNNING, SUCCEEDED, FAILED = "Pending", "Running", "Succeeded", "Failed"


@dataclass(frozen=True)
class Options:
    """How a job is run, beyond what its manifest says."""

    strategy: str = "preprocessed"
    seed: int | None = None
    """Makes the run repeatable, and everything in it public."""


@dataclass
class Run:
    """One run of a job. `nodes` are the storage folders by domain."""

    job: KusciaJob
    nodes: Mapping[str, Path]
    ttp: TrustedThirdParty
    options: Options = field(default_factory=Options)
    events: EventLog = field(default_factory=EventLog)
    stop: Stop = field(default_factory=Stop)
    error: KusciaError | None = None
    """Why the job failed, once it has."""
    ended: threading.Event = field(default_factory=threading.Event)
    """Set at the very end. To wait for it can be interrupted, unlike joining a thread (CPython issue 90882)."""

    def __post_init__(self) -> None:
        self._phase(self.name, PENDING)

    @property
    def name(self) -> str:
        return self.job.metadata.name

    @property
    def domains(self) -> list[str]:
        """The nodes that take part, the initiator first."""
        parties = (party.domain_id for task in self.job.spec.tasks for party in task.parties)
        return list(dict.fromkeys([self.job.spec.initiator, *parties]))

    def execute(self) -> None:
        """Take the job from Pending to Succeeded or Failed. Never raises: what went wrong is in `error`."""
        try:
            self._prepare()
            task_ids: dict[str, str] = {}
            for task in _in_order(self.job):
                task_ids[task.alias] = task.task_id or f"{self.name}-{uuid.uuid4().hex[-12:]}"
                self._run_task(task, task_ids)
        except KusciaError as error:
            self.error = error
        except Exception as error:  # a fault of ours or of an operator must not leave the job without an end
            self.error = JobFailed(f"{type(error).__name__}: {error}")
            self.error.__cause__ = error
        self._phase(self.name, FAILED if self.error else SUCCEEDED, message=str(self.error or ""))
        self.ended.set()

    def _prepare(self) -> None:
        """The stages before the first task, on the initiator; a partner only validates."""
        for domain in self.domains:
            self._condition(domain, self.name, "JobValidated")
        for condition in ("JobCreateInitialized", "JobCreateSucceeded", "JobStartInitialized", "JobStartSucceeded"):
            self._condition(self.job.spec.initiator, self.name, condition)

    def _run_task(self, task: JobTask, task_ids: Mapping[str, str]) -> None:
        task_id, operator = task_ids[task.alias], OPERATORS[task.config.module_name]
        parties = {party.domain_id: party for party in task.parties}
        for domain in parties:
            self.events.emit(domain, task_id, "task", name=task.alias)
            self._condition(domain, task_id, "ResourceCreated")
        self._phase(self.name, RUNNING)
        environments = {domain: self._environment(task, task_ids, operator, party) for domain, party in parties.items()}
        self._phase(task_id, RUNNING, parties)
        for domain in parties:
            self._condition(domain, task_id, "Running")
        outcomes = self._run_parties(task_id, operator, environments)
        error = _cause(outcomes)
        for domain, outcome in outcomes.items():
            message = "" if outcome.error is None else str(outcome.error)
            self._condition(domain, task_id, "Success", error is None, message=message)
            self._phase(task_id, SUCCEEDED if error is None else FAILED, [domain], message)
        self._condition(self.job.spec.initiator, task_id, "StatusSynced")
        if error is not None:
            raise error

    def _environment(
        self, task: JobTask, task_ids: Mapping[str, str], operator: Operator, party: resources.Party
    ) -> dict[str, str]:
        """What one party's program is started with."""
        task_id = task_ids[task.alias]
        environment = operator_environment(self.job, task, task_id, party, operator.component, task_ids)
        environment |= agent_environment(party.domain_id, self.nodes[party.domain_id])
        environment[STRATEGY] = self.options.strategy
        self.events.emit(party.domain_id, task_id, "environment", data=environment)
        return environment

    def _run_parties(
        self, task_id: str, operator: Operator, environments: Mapping[str, Mapping[str, str]]
    ) -> dict[str, Outcome]:
        """Run all parties' programs to their end; outcomes by domain."""
        by_role = {environment["config.self_role"]: domain for domain, environment in environments.items()}
        ranked = [by_role[role] for role in ranked_parties(next(iter(environments.values())))]
        links = connect((ranked[0], ranked[1]))
        self.events.emit(self.job.spec.initiator, task_id, "ledger", data=links[0].ledger)
        programs = []
        for link in links:
            emit = _Emitter(self.events, link.name, task_id)
            seeds = Seeds(self.options.seed, scope=link.name)
            party = Party(environments[link.name], link, self.ttp, seeds, emit.log, emit.warn, emit.progress)
            programs.append(operator.program(party))
        outcomes = run_lockstep((programs[0], programs[1]), links, self.stop)
        return dict(zip(ranked, outcomes, strict=True))

    def _phase(self, subject: str, phase: str, domains: Iterable[str] = (), message: str = "") -> None:
        for domain in domains or self.domains:
            self.events.emit(domain, subject, "phase", name=phase, message=message)

    def _condition(self, domain: str, subject: str, name: str, status: bool = True, message: str = "") -> None:
        self.events.emit(domain, subject, "condition", name=name, status=str(status), message=message)


class _Emitter:
    """A program's lines to the outside."""

    def __init__(self, events: EventLog, domain: str, task_id: str) -> None:
        self._where = (domain, task_id)
        self._events = events

    def log(self, message: str) -> None:
        self._events.emit(*self._where, "log", message=message)

    def warn(self, message: str) -> None:
        self._events.emit(*self._where, "warning", message=message)

    def progress(self, done: int, steps: int) -> None:
        self._events.emit(*self._where, "progress", data=(done, steps))


def _in_order(job: KusciaJob) -> Iterator[JobTask]:
    """The tasks, each behind those that it depends on (the manifest has no cycles)."""
    waiting, done = list(job.spec.tasks), set[str]()
    while waiting:
        ready = next(task for task in waiting if done.issuperset(task.dependencies))
        waiting.remove(ready)
        done.add(ready.alias)
        yield ready


def _cause(outcomes: Mapping[str, Outcome]) -> KusciaError | None:
    """The error that made the others fail."""
    errors = {domain: outcome.error for domain, outcome in outcomes.items() if outcome.error is not None}
    first = {domain: error for domain, error in errors.items() if not isinstance(error, PeerFailed)} or errors
    for domain, error in first.items():
        if isinstance(error, KusciaError):
            return error
        failed = JobFailed(f"the program of {domain} failed: {type(error).__name__}: {error}")
        failed.__cause__ = error
        return failed
    return None
