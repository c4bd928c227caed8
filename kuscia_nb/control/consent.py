"""What a node's people allow the jobs of its peers: a peer's job runs a program on this node's data.

A job that nobody may want to run is refused at once; one that has to be looked at waits, in Pending, until it is
approved or refused. Jobs of one's own need no consent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from ..errors import JobError, KusciaError
from ..options import Accept, Reveal
from ..problems import choice
from .objects import Condition, condition, now
from .records import SCHEDULER, never_made
from .resources import FAILED, KusciaJob, Party
from .store import Objects

APPROVED = "kuscia-nb/approved"
"""Annotation of a job that somebody has approved on this node."""
CONDITION = "JobApproved"
WAITS = "AwaitingApproval"
"""The reason of a job that waits to be approved."""
REFUSED = "JobRefused"
"""The reason of a job that was refused on this node."""
REVEAL = "reveal"
"""The parameter of a task that says who learns its result: see `learners`."""
MOST_WAITING = 32
"""Jobs of one peer; and as many are kept that have ended so."""
DATA = "data"
"""The folder of a node's storage that peers may name."""


@dataclass(frozen=True)
class Consent:
    """A node's terms."""

    accept: Accept = "always"
    """Peers' jobs run at once, wait to be approved, or are refused."""
    reveal: Reveal = "agreed"
    """This node's share of a result goes to a peer if the job says so, or never."""

    def __post_init__(self) -> None:
        for name, kinds in (("accept", Accept), ("reveal", Reveal)):
            value, known = getattr(self, name), get_args(kinds)
            if value not in known:
                raise KusciaError(f"{name} {value!r} is unknown", hint=choice(str(value), known))

    def refuse(self, store: Objects, job: KusciaJob, storage: Path) -> None:
        """JobError for a peer's job that this node, with its files in `storage`, does not take."""
        if not of_a_peer(store.domain, job):
            return
        if self.accept == "never":
            raise JobError(f"{store.domain} takes no jobs of its peers", hint=f"--accept ask at {store.domain}")
        if self.reveal == "never":
            for alias, learner in revealing(job):
                if learner != store.domain:
                    what = f"task {alias} reveals its result to {learner}, and {store.domain} reveals nothing"
                    raise JobError(what, hint=f'"{REVEAL}": "none", or --reveal agreed at {store.domain}')
        check_learners(job)
        for alias, namespace, name in _named(store.domain, job):
            if namespace != DATA:
                what = f"task {alias} names {store.domain}: {namespace}/; a peer's job may name files in {DATA}/ only"
                raise JobError(what, hint=f'"namespace": "{DATA}"')
            if name and not (storage / DATA / name).resolve().is_relative_to((storage / DATA).resolve()):
                what = f"task {alias} names a file that is not in {DATA}/ of {store.domain}, or leads out of it"
                raise JobError(what, hint=f"a file, and no link, in {DATA}/")
        if self.accept == "ask" and len(_asked(store, owner(job))) >= MOST_WAITING:
            what = f"{MOST_WAITING} jobs of {owner(job)} wait at {store.domain} already"
            raise JobError(what, hint=f"{store.domain} approves or refuses them first")

    def outlived(self, store: Objects, job: KusciaJob) -> list[str]:
        """Which jobs make room for a new one of the same peer: ended without an approval, the oldest beyond so many.

        Nothing of them has run here, and a peer can have any number of them by stopping what it has sent.
        """
        if self.accept != "ask" or not of_a_peer(store.domain, job):
            return []
        ended = [one for one in _unapproved(store, owner(job)) if one.finished]
        ended.sort(key=lambda one: one.metadata.creation_timestamp or now())
        return [one.name for one in ended[: max(0, len(ended) + 1 - MOST_WAITING)]]

    def lets_replace(self, domain: str, old: KusciaJob, job: KusciaJob) -> bool:
        """Whether a peer's job may take the place of an earlier one of that peer's, as when its cell is run again.

        With `ask` only if the earlier one was refused: what has run here is this node's to forget.
        """
        peers = of_a_peer(domain, old) and of_a_peer(domain, job) and owner(old) == owner(job)
        refused_before = old.finished and old.status.reason == REFUSED
        return peers and (self.accept == "always" or (self.accept == "ask" and refused_before))

    def waits(self, domain: str, job: KusciaJob) -> bool:
        """Whether somebody has to approve a job before anything of it runs here."""
        return self.accept == "ask" and of_a_peer(domain, job) and APPROVED not in job.annotations


def owner(job: KusciaJob) -> str:
    """The domain whose node schedules a job: it alone may start and stop it."""
    return job.annotations.get(SCHEDULER, job.spec.initiator)


def of_a_peer(domain: str, job: KusciaJob) -> bool:
    """Whether another node than this one has started the job."""
    return job.spec.initiator != domain or SCHEDULER in job.annotations


def waiting(domain: str, job: KusciaJob) -> Condition:
    """The condition of a job that waits for its approval."""
    runs = ", ".join(dict.fromkeys(task.config.module_name for task in job.spec.tasks))
    learn = " and ".join(dict.fromkeys(learner for _, learner in revealing(job))) or "nobody"
    what = f"{owner(job)}'s job waits at {domain}: it runs {runs} and reveals its result to {learn}"
    text = f"{what}; %kuscia approve {job.name}, or %kuscia refuse {job.name}"
    return Condition(type=CONDITION, status="False", reason=WAITS, message=text)


def is_waiting(job: KusciaJob) -> bool:
    """Whether a job waits for its approval."""
    found = condition(job.status.conditions, CONDITION)
    return found is not None and found.status == "False" and job.status.phase != FAILED


def refused(domain: str, job: KusciaJob) -> KusciaJob:
    """The job, refused: nothing of it was made here, and nothing will be."""
    text = f"{domain} has refused the job"
    status = {"phase": FAILED, "reason": REFUSED, "message": text, "last_reconcile_time": now()}
    job = never_made(job, [task.alias for task in job.spec.tasks])
    return job.model_copy(update={"status": job.status.model_copy(update=status)})


def check_learners(job: KusciaJob) -> None:
    """JobError for a result that is revealed to somebody who has no part in its task."""
    for alias, domains, said in _reveals(job):
        if said not in ("none", "both", *domains):
            allowed = ", ".join(("none", "both", *domains))
            raise JobError(f"task {alias} reveals its result to {said}, which is no party of it", hint=allowed)


def learners(reveal: str, domains: tuple[str, ...]) -> tuple[str, ...]:
    """The domains that learn a result: none, both, or the one that is named."""
    return domains if reveal == "both" else tuple(domain for domain in domains if domain == reveal)


def revealing(job: KusciaJob) -> Iterator[tuple[str, str]]:
    """The alias of each task with a result that is revealed, and a domain that learns it."""
    found = ((alias, learner) for alias, domains, said in _reveals(job) for learner in learners(said, domains))
    yield from dict.fromkeys(found)


def _reveals(job: KusciaJob) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """The alias of each task, its parties, and what is said of who learns its result, wherever that is said."""
    for task in job.spec.tasks:
        domains = tuple(party.domain_id for party in task.parties)
        params = task.config.task_params
        said = (params.common, *params.host.values(), *params.guest.values(), *params.arbiter.values())
        yield from ((task.alias, domains, str(one[REVEAL])) for one in said if REVEAL in one)


def _asked(store: Objects, peer: str) -> list[KusciaJob]:
    """The jobs of a peer that nobody has approved or refused yet."""
    return [job for job in _unapproved(store, peer) if not job.finished]


def _unapproved(store: Objects, peer: str) -> list[KusciaJob]:
    jobs = (job for job in store.objects(KusciaJob) if of_a_peer(store.domain, job) and owner(job) == peer)
    return [job for job in jobs if APPROVED not in job.annotations]


def _named(domain: str, job: KusciaJob) -> Iterator[tuple[str, str, str]]:
    """The alias of each task, and the folder and file of this domain that it names."""
    for task in job.spec.tasks:
        for party in task.parties:
            index = task.config.role.index(Party(domain_id=party.domain_id, role=party.role))
            if party.domain_id == domain and index is not None:
                params = task.config.task_params
                own = {**params.common, **params.of(party.role, index)}
                if {"namespace", "name"} & own.keys():
                    yield task.alias, str(own.get("namespace", DATA)), str(own.get("name", ""))
