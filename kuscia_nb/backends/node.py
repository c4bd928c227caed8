"""One's own node alone: its peers are elsewhere, each in a process or on a machine of its own, and so is the TTP.

Nodes talk BFIA over HTTP, and their programs over a link that is opened at the same port. What is known here is this
node's half of each job. Nothing of a peer's can be read here but what it has agreed to reveal.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ..bfia.client import Client, Exchange
from ..bfia.handlers import Handlers
from ..bfia.told import with_options
from ..bfia.wire import Request, Response, Transport
from ..control.consent import APPROVED, check_learners, is_waiting, refused
from ..control.consent import revealing as revealing_tasks
from ..control.node import Node
from ..control.objects import now
from ..control.resources import KusciaJob
from ..control.store import Change
from ..data.files import make_folder
from ..data.sample import write_sample
from ..errors import JobError, KusciaError
from ..observer.events import Said
from ..observer.observer import Observer
from ..observer.runs import Matter, Run
from ..options import Options
from ..texts.sentence import Sentence
from ..wire.own.transport import LIMITS, Limits
from ..wire.tls import client_context
from ..wire.ttp_client import RemoteTtp, TtpWork
from ..wire.ttp_connection import Patience
from . import DOMAINS, own_paths, revealing
from .alone import AloneAgent
from .base import Seen
from .claim import claim, temporary
from .controlled import ControlledNodes
from .doctor import Check
from .revealing import Revealing
from .settings import Peer, Settings
from .ways import Ways

_REVEALS = "It is agreed that {who} will learn the result of task {task}."
_OF_ITS_PEOPLE = "/v1/platform/"
"""Paths for a node's own people, who are in this process: peers have no use for them."""
_MOST_NOTED = 1 << 20
"""Bytes of a peer's request that is kept with its job."""
_MOST_NOTED_OF_ALL = 1 << 22
"""Bytes of all that is exchanged about a job, from which on what peers ask is not kept any more."""
_APART = "{peer}'s node is elsewhere: what happens there is not known here, and its columns are empty."
_ELSEWHERE = "it is made of both parties' data, and only one's own node is here"


class NodeBackend(ControlledNodes):
    """One node, its storage, and its half of each job."""

    kind = "node"
    unknown: Mapping[Matter, str] = {"shadow": _ELSEWHERE}
    token = ""

    def __init__(self, settings: Settings, limits: Limits = LIMITS) -> None:
        self.settings, self._limits = settings, limits
        storage, release = temporary() if settings.storage is None else (settings.storage, claim(settings.storage))
        self._clean = weakref.finalize(self, release)
        try:
            self._begin(storage, keep=settings.storage is not None)
        except BaseException:
            self._clean()  # who mends what was wrong can try again
            raise

    def _begin(self, storage: Path, keep: bool) -> None:
        name, peers, observer = self.settings.name, self.settings.peers, Observer()
        node = Node(name, storage, observer.logs, self.settings.consent)
        make_folder(storage / "data")
        self.ttp, self._ways = TtpWork(), Ways(self.settings)
        self._clients = {peer.name: self._client(peer) for peer in peers.values()}
        self._revealing = Revealing(node, observer, self._ask)
        reach = partial(self._ways.wire, limits=self._limits)
        agent = AloneAgent(reach, self._ways.forget, self._ttp, observer)
        self._control({name: node}, (name, *peers), observer, agent, {name: self._clients}, keep=keep)
        if name in DOMAINS and not any((storage / "data").iterdir()):
            write_sample(*(storage / "data" / f"perfect_logit_{d[0]}.csv" if d == name else None for d in DOMAINS))
        node.store.subscribe(self._heard)
        paths = {
            own_paths.ABOUT: own_paths.about(name),
            own_paths.STANDING: own_paths.standing(node),
            own_paths.ROOM: own_paths.room(node),
            revealing.PATH: self._revealing.answer,
        }
        handlers = own_paths.with_own_paths(self._noting(Handlers(node)), paths)
        self._ways.open(handlers)
        self._begin_work()

    @property
    def name(self) -> str:
        """The domain of the node that is here."""
        return self.settings.name

    @property
    def peers(self) -> tuple[str, ...]:
        """The domains of the nodes that are elsewhere."""
        return tuple(self.settings.peers)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What has to be shown for as long as the node is up."""
        return self.settings.warnings

    @property
    def urls(self) -> dict[str, str]:
        """Of the node's one port."""
        return {self.name: self._ways.url} if self._ways.url else {}

    def open_http(self, port: int | None = None, *, token: bool = False) -> dict[str, str]:
        """The port is open for as long as the node is up."""
        if token:
            what = f"{self.name} asks its peers for identities, not for a token"
            raise KusciaError(what, hint="identity, at the start of the node")
        if self.settings.listen is None or port not in (None, self._ways.port):
            where = "nowhere, as it was told" if self.settings.listen is None else f"at {self._ways.url} already"
            raise KusciaError(f"{self.name} listens {where}", hint="listen, at the start of the node")
        return self.urls

    def close_http(self) -> None:
        """Close the port: nobody reaches this node any more."""
        self._ways.close()

    def approve(self, name: str) -> None:
        """Let a peer's job run that waits for it. JobError, if it does not."""
        self._waiting(name)
        self.nodes[self.name].store.change(KusciaJob, name, lambda job: job.annotated(APPROVED, "true"))

    def refuse(self, name: str) -> None:
        """End a peer's job that waits to be approved, here and on the peer's node. JobError, if it does not wait."""
        self._waiting(name)
        self.nodes[self.name].store.change(KusciaJob, name, partial(refused, self.name))

    def elsewhere(self, run: Run, task_id: str) -> Mapping[str, Path | str]:
        """The peer's result of a task, if it was revealed to this node; else why it is not here."""
        return self._revealing.elsewhere(run, task_id)

    def reveal(self, run: Run, task_id: str) -> None:
        """Send and take what was agreed to be revealed of a task. JobError, if nothing was."""
        if self.settings.consent.reveal == "never":
            raise JobError(f"{self.name} reveals nothing: it was started with --reveal never")
        self._revealing.reveal(run, task_id)

    def look(self) -> list[Seen]:
        """See whether the peers are there, and who they are."""
        return [self._look(peer) for peer in self.settings.peers.values()]

    def examine(self) -> Iterable[Check]:
        """Check this node and its ways to the others."""
        from .node_checks import Subject, checks

        asked = self.settings
        ttp = f"http{'s' if asked.ttp_certificate else ''}://{asked.ttp}"
        files = asked.ttp_key, asked.ttp_certificate, self.nodes[self.name].storage
        peers, transport = tuple(asked.peers.values()), str(asked.transport or "")
        return checks(Subject(self.name, asked.listen, peers, asked.identity, ttp, *files, transport, up=True))

    # --- jobs -------------------------------------------------------------------------------------------------------

    def _start(self, job: KusciaJob, options: Options, name_field: str) -> Run:
        if job.spec.initiator != self.name and job.spec.initiator in self.settings.peers:
            what = (
                f"initiator is {job.spec.initiator}, whose node is elsewhere: a job is started on its initiator's node"
            )
            raise JobError(what, hint=f"initiator: {self.name}, or start it at {job.spec.initiator}")
        if options.seed is not None:
            what = "a seed would make nothing of this job secret, and both parties' data are at stake"
            raise KusciaError(what, hint='kn.connect("local") for a repeatable run')
        if options.inject:
            raise KusciaError("faults are not injected where a peer's job may suffer", hint='kn.connect("local")')
        if options.verify:
            raise KusciaError("digests are not compared with a node elsewhere", hint='kn.connect("local")')
        if options.shadow:
            raise KusciaError(f"there is no teacher's shadow here: {_ELSEWHERE}", hint='kn.connect("local")')
        check_learners(job)
        return super()._start(with_options(job, options), options, name_field)

    def _replace(self, run: Run) -> None:
        """Forget a job whose name another one takes, if the peers let go of it, too: else there would be neither."""
        for peer in (domain for domain in run.domains if domain in self.settings.peers):
            if not self._clients[peer].ask_own(own_paths.ROOM, run.name, job_id=run.name).get("free"):
                what = f"{peer} keeps the job {run.name} that has run before, so it stays here, too"
                line = f"%kubectl delete kj {run.name} -n cross-domain"
                raise JobError(what, hint=f"another name; or at {peer}, which looks at every job first, {line}")
        super()._replace(run)

    def _heard(self, change: Change) -> None:
        """Say with every job what is open here, and what is going to be revealed."""
        job = change.object
        if not isinstance(job, KusciaJob) or change.old is not None:
            return
        run = self.observer.by_name[job.name]
        for text in self.warnings:
            run.events.emit(Said(self.name, job.name, "warning", text))
        for peer in run.domains:
            if peer != self.name:
                run.events.emit(Said(self.name, job.name, "note", Sentence(_APART, peer=peer)))
        agreed = dict.fromkeys(alias for alias, _ in revealing_tasks(job))
        for alias in agreed:
            who = ", ".join(learner for task, learner in revealing_tasks(job) if task == alias)
            run.events.emit(Said(self.name, job.name, "note", Sentence(_REVEALS, task=alias, who=who)))

    def _waiting(self, name: str) -> None:
        job = self.nodes[self.name].store.get(KusciaJob, name)
        if job is None or not is_waiting(job):
            others = [one.name for one in self.nodes[self.name].store.objects(KusciaJob) if is_waiting(one)]
            state = f"it is {job.status.phase}" if job else "there is no such job"
            hint = f"waiting: {', '.join(others) or 'none'}"
            raise JobError(f"job {name} does not wait to be approved at {self.name}: {state}", hint=hint)

    # --- the peers ---------------------------------------------------------------------------------------------------

    def _client(self, peer: Peer) -> Client:
        return Client(self.name, peer.name, self._ways.to(peer), self._exchanged)

    def _noting(self, handlers: Transport) -> Transport:
        """The handlers; what peers ask is written down with the job that it is about."""

        def answer(request: Request) -> Response:
            if request.path.startswith(_OF_ITS_PEOPLE):
                return Response(404, b"404 page not found", "text/plain")
            asked, response = now(), handlers(request)
            sender = request.sender
            if sender in self.settings.peers and len(request.body) <= _MOST_NOTED:
                self._exchanged(Exchange(sender, self.name, request, response, asked), _MOST_NOTED_OF_ALL)
            return response

        return answer

    def _ask(self, peer: str, task_id: str, asked: dict[str, Any]) -> dict[str, Any]:
        return self._clients[peer].ask_own(revealing.PATH, task_id, **asked)

    def _look(self, peer: Peer) -> Seen:
        fingerprint = peer.certificate.fingerprint if peer.certificate else ""
        seen = Seen(peer.name, peer.url, fingerprint=fingerprint, way=self._ways.kept(peer))
        begun, asked = time.time(), time.perf_counter()
        try:
            said = self._clients[peer.name].ask_own(own_paths.ABOUT)
        except KusciaError as error:
            return seen._replace(error=error.what)
        took = time.perf_counter() - asked
        if said.get("domain") != peer.name:
            return seen._replace(error=f"it says that it is {said.get('domain')}")
        clock = float(said.get("time", begun)) - (begun + took / 2)
        return seen._replace(version=str(said.get("version", "")), clock=clock, round_trip=took)

    # --- the TTP -----------------------------------------------------------------------------------------------------

    def _ttp(self) -> RemoteTtp:
        """A client for one task."""
        settings = self.settings
        tls = None
        if settings.ttp_certificate is not None and settings.identity is not None:
            files = settings.identity.certificate_file, settings.identity.key_file
            tls = client_context(*files, settings.ttp_certificate)
        patience = Patience(seconds=self._limits.message)
        return RemoteTtp(settings.ttp, settings.ttp_key, tls=tls, patience=patience, work=self.ttp)
