"""A cluster of nodes in containers, Kuscia's own or ours: jobs go in by kubectl, and their mirrors say how they go.

The nodes are let go of at the end, and neither stopped nor removed: that is for who brought them up (bringup). Who may
use Docker's socket sees all of them, so the notebook is the observer here, too.
"""

from __future__ import annotations

import json
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ...bfia import reader as bfia
from ...bfia.translate import to_job
from ...control import accepting
from ...control.kinds import KusciaTask
from ...control.kubectl import KubectlError
from ...control.manifest import from_dict, read_manifest
from ...control.resources import KusciaJob
from ...control.source import manifest_error
from ...control.store import Change
from ...errors import EngineError, JobError, KusciaError
from ...observer.events import ProgramBegun, Said
from ...observer.observer import Observer
from ...observer.runs import Matter, Run
from ...operators import OPERATORS
from ...options import Options
from ..base import NoWork
from ..doctor import Check
from . import attach, hanging
from . import kubectl as lines
from .checks import examine
from .engine import Engine
from .evidence import LOOKED_AT, gather
from .hanging import Hanging
from .known_problems import causes
from .node import DockerNode
from .results import PrintedShares

if TYPE_CHECKING:
    from ...control.kubectl import Output
    from ...data.files import Folder
    from ...operators.results import Ran

_CREATE = "http://127.0.0.1:8084/v1/interconn/schedule/job/create"
_CURL = ["curl", "-sS", "-H", "Content-Type: application/json", "--data-binary", "@-", _CREATE]
_PATIENCE = 5.0
_NOT_OURS = "its node is not one that we reach, and its files are not ours to read"


_TTP = "it is a container of its own, which does not say what it has done"
_UNKNOWN: Mapping[Matter, str] = {
    "trace": "the messages of Kuscia's programs pass its gateway, where nobody counts them for us",
    "exchanges": "what the nodes say to each other is not written down where we can read it",
    "shadow": "it is a program of ours, and Kuscia's run here",
    "ttp": _TTP,
    "progress": "Kuscia's programs do not say how far they are",
}
_UNKNOWN_OF_OURS: Mapping[Matter, str] = {
    "trace": "each node keeps what passes its own program within its container",
    "exchanges": "each node keeps what it says to the other one within its container",
    "shadow": "it needs both parties' programs in one process, and each is in a container of its own",
    "ttp": _TTP,
    "progress": "how far the programs are is known within their containers",
}


class DockerBackend:
    """The nodes that can be reached, and their jobs."""

    kind = "docker"
    token = ""

    def __init__(self, nodes: Mapping[str, str] | None = None) -> None:
        self._engine = Engine()
        try:
            execs = attach.find(self._engine, nodes)
            versions = attach.versions(execs)
            labels = {self._engine.container(exec.container).cluster for exec in execs.values()}
        except BaseException:
            self._engine.close()
            raise
        self.brought_up = frozenset(labels - {""})
        """The names under which its containers were brought up; none, if others made them."""
        self.closed, self.ttp, self.observer = False, NoWork(), Observer()
        self.urls: dict[str, str] = {}
        self._ours = all(version.ours for version in versions.values())
        self.unknown: Mapping[Matter, str] = _UNKNOWN_OF_OURS if self._ours else _UNKNOWN
        self._applying = threading.Lock()
        self._hanging = Hanging(lambda: list(self.observer.by_name.values()), self._look)
        self.nodes = {
            domain: DockerNode(domain, exec, versions[domain], self._ending(domain), self._silent)
            for domain, exec in execs.items()
        }
        for node in self.nodes.values():
            self.observer.watch(node.store)
            node.store.subscribe(self._changed)
        try:
            self.refresh()
        except BaseException:
            self.close()
            raise

    def refresh(self) -> None:
        """Compare what is known with what the nodes have, and listen to them if a job runs."""
        for node in self.nodes.values():
            node.refresh()
        self._listen_or_rest()

    def examine(self) -> Iterator[Check]:
        """What works and what does not, on the engine and the nodes that are reached."""
        return examine({domain: node.container for domain, node in self.nodes.items()})

    # --- jobs -----------------------------------------------------------------------------------------------------

    def apply(self, manifest: str | Mapping[str, Any], options: Options) -> Run:
        """Check a job and start it on its initiator's node, with kubectl."""
        job = read_manifest(manifest) if isinstance(manifest, str) else from_dict(manifest)

        def send(node: DockerNode) -> None:
            text = json.dumps(node.version.written(job.manifest()))
            self._kubectl(node, ["apply", "-f", "-"], text)

        return self._start(job, options, "metadata.name", send)

    def submit(self, request: str | Mapping[str, Any], options: Options) -> Run:
        """`apply` for a BFIA create-job request, which goes to the initiator's BFIA port inside its container."""
        offers = accepting.offers(next(iter(self.nodes.values())).store)
        create = bfia.read_request(request, offers) if isinstance(request, str) else bfia.from_dict(request, offers)
        job, body = to_job(create), request if isinstance(request, str) else json.dumps(request)
        with bfia.pointing_into(create, job):
            return self._start(job, options, "job_id", lambda node: _post(node, body))

    def _start(self, job: KusciaJob, options: Options, name_field: str, send: Callable[[DockerNode], None]) -> Run:
        _refuse(options, "each runs in a container" if self._ours else "on these nodes Kuscia's own ones run")
        node = self.nodes.get(job.spec.initiator)
        if node is None:
            reached = ", ".join(self.nodes)
            what = f"{job.spec.initiator} is the initiator, and its node is not one that we reach: {reached}"
            raise JobError(what, hint="whoever has that node submits the job")
        with self._applying:
            self.refresh()
            if problems := list(accepting.asked_for(node.store, job)):
                raise manifest_error(problems, job.source)
            if known := self.observer.by_name.get(job.name):
                self._make_room(known, options, name_field)
            run = self.observer.expect(job, options)
            self._listen()
            try:
                for one in self.nodes.values():
                    one.be_heard(_PATIENCE)
                send(node)
            except BaseException:
                self.observer.forget(run)
                self._listen_or_rest()
                raise
        return run

    def _make_room(self, known: Run, options: Options, name_field: str) -> None:
        """Delete a finished job that is in the way of one of its name, if that was asked for."""
        if not (known.ended.is_set() and options.replace):
            state = "finished" if known.ended.is_set() else "still running"
            places = " and ".join(domain for domain, kept in known.nodes.items() if kept)
            hint = f"cluster.delete({known.name!r}) first, replace=True, or give this one another {name_field}"
            raise JobError(f"job {known.name} already exists and is {state} on {places}", hint=hint)
        self.delete(known.name)

    def stop(self, run: Run) -> None:
        """Stop a job on every node that is reached; Kuscia does not tell the partner (spec: kuscia §1.7)."""
        for domain, job in list(run.nodes.items()):
            if job is not None and not job.finished:
                node, run.stop_asked = self.nodes[domain], True
                self._kubectl(node, node.version.stopping(run.name)[1:])
        self._listen_or_rest()

    def delete(self, name: str) -> None:
        """Delete a job on every node that is reached; a warning says where it stays. Result files stay, too."""
        known = self.observer.by_name.get(name)
        for node in self.nodes.values():
            self._kubectl(node, ["delete", "kj", name, *node.version.namespace, "--ignore-not-found"])
            node.refresh(KusciaJob, KusciaTask)
        self._listen_or_rest()
        if elsewhere := [domain for domain in known.domains if domain not in self.nodes] if known else []:
            who = " and ".join(elsewhere)
            what = f"job {name} may still be on {who}, which we do not reach: a job of this name will not start there"
            warnings.warn(what, stacklevel=3)

    def kubectl(self, line: str, node: str, stdin: str | None, emit: Callable[[str], None] | None) -> Output:
        """A line for a node's own kubectl."""
        asked = lines.parsed(line, self.nodes, node, stdin)
        try:
            return lines.run(asked, emit)
        finally:
            if asked.changes:
                with suppress(KusciaError):  # what the line has said is more to the point
                    self.refresh()

    def elsewhere(self, run: Run, task_id: str) -> Mapping[str, Folder | str]:
        """Of a party whose node is not reached nothing is known."""
        return {domain: _NOT_OURS for domain in run.domains if domain not in self.nodes}

    def reveal(self, run: Run, task_id: str) -> None:
        """Kuscia's programs keep their results where they are."""
        raise JobError(
            "on nodes in containers nothing is revealed", hint="whoever may read both nodes reads both files"
        )

    def reader(self, operator: str) -> Callable[[Ran], Any] | None:
        """What reads the results of an operator that ran here, if anything does."""
        if self._ours:
            known = OPERATORS.get(operator)
            return known.result if known else None
        return PrintedShares if operator == "ss_lr" else None

    # --- the rest of a backend ------------------------------------------------------------------------------------

    def open_http(self, port: int | None = None, *, token: bool = False) -> dict[str, str]:
        """Not for these nodes, whose ports are inside their containers."""
        hint = "cluster.submit(request) speaks to the node's BFIA port inside its container"
        raise KusciaError("the ports of these nodes are in their containers, and are not opened from here", hint=hint)

    def close_http(self) -> None:
        """There is nothing to close."""

    def close(self) -> None:
        """Let go of the nodes, which go on."""
        self.closed = True
        self._hanging.rest()
        for node in self.nodes.values():
            node.rest()
        for node in self.nodes.values():
            node.join(_PATIENCE)
        self._engine.close()

    # --- what is heard --------------------------------------------------------------------------------------------

    def _kubectl(self, node: DockerNode, words: list[str], stdin: str | None = None) -> str:
        """What a node's kubectl says; a KubectlError, with its text, if that is no."""
        ran = node.exec.run(["kubectl", *words], None if stdin is None else stdin.encode())
        if ran.code:
            raise KubectlError(
                ran.complaint, where=f"kubectl {' '.join(words[:3])} on {node.domain} ({node.container})"
            )
        return ran.text

    def _listen(self) -> None:
        if not self.closed:
            self._hanging.watch()
            for node in self.nodes.values():
                node.listen()

    def _listen_or_rest(self) -> None:
        """Listen while a job runs somewhere, or is on its way; between jobs the nodes are left alone."""
        running = any(not job.finished for node in self.nodes.values() for job in node.store.objects(KusciaJob))
        if running or any(not run.nodes for run in list(self.observer.by_name.values())):
            self._listen()
        else:
            self._hanging.rest()
            for node in self.nodes.values():
                node.rest()

    def _changed(self, change: Change) -> None:
        """What the observer does not know by itself: that a program has begun, and when no job runs any more."""
        if isinstance(change.object, KusciaJob):
            self._listen_or_rest()
        elif isinstance(change.new, KusciaTask):
            self._begun(change.new)

    def _begun(self, task: KusciaTask) -> None:
        """Say what a party's program is started with, once the task has it."""
        for domain, node in self.nodes.items():
            if node.store.get(KusciaTask, task.name) is not task:
                continue
            run, party = self.observer.run_of_task(task.name), task.party(domain)
            if run and party and party.env and not run.events.select(ProgramBegun, node=domain, subject=task.name):
                run.events.emit(ProgramBegun(domain, task.name, party.env))

    def _ending(self, domain: str) -> Callable[[KusciaJob], None]:
        """What is to be done on a node before it is told that a job has ended there: its tasks' last words are read."""

        def before_end(job: KusciaJob) -> None:
            node = self.nodes[domain]
            with suppress(KusciaError):
                node.refresh(KusciaTask)
                run = self.observer.run_of(job)
                for task in node.store.owned(KusciaTask, job) if run else ():
                    for line in node.log_lines(task.name):
                        level = "note" if "Accuracy = " in line.text else "log"
                        run.events.emit(Said(domain, task.name, level, line.text, time=line.time))  # type: ignore[union-attr]

        return before_end

    def _look(self, run: Run) -> None:
        """Say why a job may not go on."""
        evidence, unheard = [], []
        for node in self.nodes.values():
            try:
                node.refresh()
                evidence.append(gather(node, run.name))
            except KusciaError as error:
                unheard.append(f"{node.domain} cannot be asked: {error.what}")
        found = [*unheard, *(str(cause) for cause in causes(evidence))]
        nothing = f"nothing has happened for {hanging.PATIENCE:g} s, and no known cause was found in {LOOKED_AT}"
        for sentence in found or [nothing]:
            run.events.emit(Said(run.job.spec.initiator, run.name, "warning", sentence))

    def _silent(self, domain: str, sentence: str) -> None:
        """A node cannot be heard, or says what cannot be read: whoever waits for a job of it hears that."""
        node = self.nodes[domain]
        with suppress(EngineError):
            state = self._engine.container(node.container)
            sentence = sentence if state.status == "running" else f"no news from {domain}: {state.why}"
        for run in list(self.observer.by_name.values()):
            if not run.ended.is_set():
                run.events.emit(Said(domain, run.name, "warning", sentence))


def _refuse(options: Options, why: str) -> None:
    """A KusciaError for options that programs in containers are not told."""
    if given := [name for name in options.chosen if name != "replace"]:
        what = f"{', '.join(given)}: that is about programs of this package, and {why}"
        raise KusciaError(what, hint="kn.connect(), whose nodes are in this process, has it")


def _post(node: DockerNode, body: str) -> None:
    """Send a BFIA create-job request; a JobError says why it was not taken (spec: kuscia §3.1)."""
    ran = node.exec.run(_CURL, body.encode())
    if ran.code:
        what = f"{node.domain}'s BFIA port does not answer: {ran.complaint}"
        raise JobError(what, where=f"{node.container}: 127.0.0.1:8084", hint="was the node brought up with -P bfia?")
    try:
        answer = json.loads(ran.text)
        code, said = answer["code"], answer.get("msg") or answer.get("message")
    except (ValueError, KeyError, TypeError):
        code, said = None, ran.text.strip()[:200]
    if code != 200:
        raise JobError(f"{node.domain} did not take the job: {said}", where=f"{node.container}: job/create")
