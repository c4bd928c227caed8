"""What is the same wherever a node's control plane runs in this process: its jobs, whoever the other nodes are."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from .. import faults
from ..bfia import reader as bfia
from ..bfia.client import Exchange
from ..bfia.dialect import with_dialect
from ..bfia.translate import to_job
from ..control import accepting
from ..control.agent import Agent
from ..control.app_images import app_image, furnish
from ..control.interrupts import undisturbed
from ..control.kinds import KusciaTask
from ..control.manifest import from_dict, read_manifest
from ..control.node import Node
from ..control.peer import Peer
from ..control.plane import ControlPlane
from ..control.records import INJECTED, OVERDUE, SCHEDULER
from ..control.resources import KusciaJob
from ..errors import JobError, KusciaError
from ..observer.observer import Observer
from ..observer.runs import Run
from ..operators import OPERATORS, Operator, on_register
from ..options import Options
from .base import PATIENCE
from .recovery import settle

if TYPE_CHECKING:
    from ..apiserver.serving import Serving
    from ..control.kubectl import Output
    from ..operators.results import Ran
    from .keeper import Keeper


class OwnAgent(Agent, Protocol):
    """An agent in this process, which can be waited for."""

    def join(self, task_id: str, seconds: float) -> None:
        """Wait for the end of a task's programs, which were stopped; those that do not end are left behind."""
        ...

    def close(self) -> None:
        """Stop all programs, and wait for their ends."""
        ...


class ControlledNodes:
    """Nodes of this process, their controllers and what is known of their jobs."""

    nodes: dict[str, Node]
    observer: Observer
    closed: bool
    _serving: Serving | None = None
    _clean: Callable[[], object]
    """Gives the storage back."""

    def close_http(self) -> None:
        """Close the ports."""
        raise NotImplementedError

    def _control(
        self,
        nodes: dict[str, Node],
        domains: tuple[str, ...],
        observer: Observer,
        agent: OwnAgent,
        peers: Mapping[str, Mapping[str, Peer]],
        *,
        keep: bool = False,
    ) -> None:
        """Take charge of nodes that have nothing yet; `_begin_work` begins the work.

        With `keep`, their storage has what an earlier process has left, and what becomes of jobs is written down there.
        """
        self.nodes, self.observer, self._agent, self.closed = nodes, observer, agent, False
        self._applying = threading.Lock()
        self._keeper = _keeper(nodes, observer) if keep else None
        for node in nodes.values():
            observer.watch(node.store)
        self._left = settle(nodes)
        self._plane = ControlPlane(nodes, peers, agent)
        for node in nodes.values():
            furnish(node, domains)
        self._forget_operators = on_register(self._add_image)

    def _begin_work(self) -> None:
        """Work on what the nodes have; jobs that an earlier process has left come to their end at once."""
        self._plane.loop.start()
        for name in self._left:
            self.observer.by_name[name].ended.wait(PATIENCE)

    def apply(self, manifest: str | Mapping[str, Any], options: Options) -> Run:
        """Check a job and start it on its initiator's node."""
        job = read_manifest(manifest) if isinstance(manifest, str) else from_dict(manifest)
        return self._start(job, options, "metadata.name")

    def submit(self, request: str | Mapping[str, Any], options: Options) -> Run:
        """`apply` for a BFIA create-job request."""
        offers = accepting.offers(next(iter(self.nodes.values())).store)
        create = bfia.read_request(request, offers) if isinstance(request, str) else bfia.from_dict(request, offers)
        job = with_dialect(to_job(create), create)
        with bfia.pointing_into(create, job):
            run = self._start(job, options, "job_id")
        self.observer.warn(run, bfia.written(create))  # its job has the numbers as doubles already
        return run

    def stop(self, run: Run) -> None:
        """Stop a job on all nodes; its initiator tells the others, unless yet another node schedules it."""
        for domain in run.domains:
            if (job := run.nodes.get(domain)) and not job.finished:
                self.nodes[domain].store.change(KusciaJob, run.name, lambda job: job.in_stage("Stop"))
                if SCHEDULER not in job.annotations:
                    return

    def delete(self, name: str) -> None:
        """Stop a job if it runs, and forget it on all nodes. Its result files stay, as on a Kuscia node.

        It is stopped first: a job that is just being created would otherwise come to its partner after the deletion.
        """
        run, given_up = self.observer.by_name.get(name), time.monotonic() + PATIENCE
        if run is not None:
            self.stop(run)
            run.ended.wait(PATIENCE)
        for node in self.nodes.values():
            if (job := node.store.get(KusciaJob, name)) is None:
                continue
            tasks = node.store.owned(KusciaTask, job)
            node.delete(KusciaJob, name)
            for task in tasks:
                self._agent.stop(node.domain, task.name)
                self._agent.join(task.name, max(0.0, given_up - time.monotonic()))

    def refresh(self) -> None:
        """Nothing happens here that is not told."""

    def reader(self, operator: str) -> Callable[[Ran], Any] | None:
        """What reads the results of an operator that ran here, if anything does."""
        known = OPERATORS.get(operator)
        return known.result if known else None

    def kubectl(self, line: str, node: str, stdin: str | None, emit: Callable[[str], None] | None) -> Output:
        """What stands behind `kubectl` on a command line, on a node."""
        from ..control.kubectl import run

        return run(line, self.nodes, node=node, stdin=stdin, emit=emit)

    def open_api(self, file: Path | None = None, port: int = 0) -> Path:
        """Serve each node's objects to kubectl, on ports of this machine; returns its kubeconfig (see `Serving`)."""
        from ..apiserver.serving import Serving

        if self._serving is None:
            self._serving = Serving(self.nodes, file, port)
        elif file not in (None, self._serving.kubeconfig):
            what = f"the nodes are served already: {self._serving.kubeconfig}"
            raise KusciaError(what, hint="cluster.down_api() first")
        return self._serving.kubeconfig

    def close_api(self) -> None:
        """Close these ports, and remove the kubeconfig, which leads nowhere then."""
        if self._serving:
            self._serving.stop()
        self._serving = None

    def close(self) -> None:
        """Stop all jobs, close the ports, and leave the storage, which is removed if it was made here."""
        self.closed = True
        self._forget_operators()
        if self._keeper:
            for run in [run for run in self.observer.by_name.values() if not run.ended.is_set()]:
                self.stop(run)
                run.ended.wait(PATIENCE)
            self._keeper.close()  # the jobs are there when somebody connects to the folder again
        for name in list(self.observer.by_name):
            self.delete(name)
        self._plane.loop.close()
        self._agent.close()
        self.close_http()
        self.close_api()
        self._clean()

    def _start(self, job: KusciaJob, options: Options, name_field: str) -> Run:
        initiator = self._initiator(job)
        with self._applying:
            accepting.check(initiator.store, job)
            if options.inject:
                faults.check(options.inject, (party.domain_id for task in job.spec.tasks for party in task.parties))
                job = job.annotated(INJECTED, options.inject)
            if known := self.observer.by_name.get(job.name):
                if not (known.ended.is_set() and options.replace):
                    state = "finished" if known.ended.is_set() else "still running"
                    places = " and ".join(domain for domain, kept in known.nodes.items() if kept)
                    line = f"%kubectl delete kj {job.name} -n cross-domain --all-nodes"
                    hint = f"{line} (cluster.delete({job.name!r})) first, or give this one another {name_field}"
                    raise JobError(f"job {job.name} already exists and is {state} on {places}", hint=hint)
                self._replace(known)
            run: Run | None = None
            try:
                with undisturbed():
                    run = self.observer.expect(job, options)
                    initiator.create(job)
                    job.point_into(None)  # nothing of it is wrong any more
                    if self._keeper:
                        self._keeper.flush()  # whoever has started a job finds it again
            except BaseException:
                if run:
                    self.stop(run)  # an interrupt comes when the job is there already
                    self.observer.forget(run)
                raise
        if options.time_limit is not None:
            watch = partial(self._limit, run, options.time_limit)
            threading.Thread(target=watch, name=f"kuscia_nb limits {run.name}", daemon=True).start()
        return run

    def _replace(self, run: Run) -> None:
        """Forget a job whose name another one takes."""
        self.delete(run.name)

    def _initiator(self, job: KusciaJob) -> Node:
        """The node on which a job is started."""
        return self.nodes.get(job.spec.initiator, next(iter(self.nodes.values())))  # which refuses a job of a stranger

    def _limit(self, run: Run, seconds: float) -> None:
        """Let a job fail on all nodes if it has not ended after so many seconds."""
        if run.ended.wait(seconds):
            return
        text = f"the job takes longer than its time limit of {seconds:g} seconds"
        for node in self.nodes.values():
            node.store.change(KusciaJob, run.name, lambda job: job.annotated(OVERDUE, text))
        self.stop(run)

    def _exchanged(self, exchange: Exchange, most: int | None = None) -> None:
        """Write a message down with the job or task that it is about, unless there are `most` bytes of these by now."""
        name = exchange.request.path.partition("?")[0].removeprefix("/v1/interconn/schedule/")
        subject = exchange.request.header("X-Trace-Id").removeprefix("trace_")
        self.observer.exchanged(exchange.sender, name, subject, exchange, most)

    def _add_image(self, operator: Operator) -> None:
        for node in self.nodes.values():
            node.apply(app_image(operator))


def _keeper(nodes: Mapping[str, Node], observer: Observer) -> Keeper:
    from .keeper import Keeper  # brings SQLite

    keeper = Keeper(nodes, observer)
    keeper.start()
    return keeper
