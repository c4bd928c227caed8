"""alice, bob and a TTP in this process.

One process means that this shows and checks the protocol: the parties' programs cannot reach each other's data, but
whoever runs the process can reach both. It does not keep two people's data apart.

Each node has a storage folder of its own, laid out as on a Kuscia node: `data/` with its files, and a folder for each
job's results. By default they live in a temporary folder that goes when the cluster is closed or Python ends; what a
killed process could not remove, the next one does.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..bfia import reader as bfia
from ..bfia.client import Client, Exchange
from ..bfia.dialect import with_dialect
from ..bfia.handlers import Handlers
from ..bfia.http import http_transport
from ..bfia.server import BfiaServer
from ..bfia.translate import to_job
from ..bfia.wire import Request, Response
from ..control import accepting
from ..control.app_images import app_image, furnish
from ..control.interrupts import undisturbed
from ..control.kinds import KusciaTask
from ..control.manifest import from_dict, read_manifest
from ..control.node import Node
from ..control.plane import ControlPlane
from ..control.records import OVERDUE, SCHEDULER
from ..control.resources import KusciaJob
from ..data.sample import write_sample
from ..errors import JobError, KusciaError
from ..mpc import TrustedThirdParty
from ..observer.observer import Observer
from ..observer.runs import Matter, Run
from ..operators import Operator, on_register
from ..options import Options
from . import DOMAINS
from .base import PATIENCE
from .claim import claim
from .lockstep import LockstepAgent

if TYPE_CHECKING:
    from ..control.kubectl import Output

_PREFIX = "kuscia_nb-"
"""Of temporary folders; the id of the process that owns the folder comes next."""


class LocalBackend:
    """The nodes, their storage, their TTP and their jobs."""

    kind = "local"
    unknown: Mapping[Matter, str] = {}

    def __init__(self, storage: Path | None = None) -> None:
        if storage is None:
            _sweep()
            storage = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
            self._clean = weakref.finalize(self, shutil.rmtree, storage, ignore_errors=True)
        else:
            self._clean = weakref.finalize(self, claim(storage))
        try:
            self._begin(storage)
        except BaseException:
            self._clean()  # who mends what was wrong can try again
            raise

    def _begin(self, storage: Path) -> None:
        self.ttp = TrustedThirdParty()
        self.observer = Observer()
        self.nodes = {domain: Node(domain, storage / domain, self.observer.logs) for domain in DOMAINS}
        for node in self.nodes.values():
            self.observer.watch(node.store)
        self.servers: dict[str, BfiaServer] = {}
        self.closed = False
        self._applying = threading.Lock()
        self._handlers = {domain: Handlers(node) for domain, node in self.nodes.items()}
        self._agent = LockstepAgent(self.ttp, self.observer)
        self._plane = ControlPlane(self.nodes, {domain: self._peers(domain) for domain in DOMAINS}, self._agent)
        self._furnish()
        self._plane.loop.start()

    def apply(self, manifest: str | Mapping[str, Any], options: Options) -> Run:
        """Check a job and start it on its initiator's node."""
        job = read_manifest(manifest) if isinstance(manifest, str) else from_dict(manifest)
        return self._start(job, options, "metadata.name")

    def submit(self, request: str | Mapping[str, Any], options: Options) -> Run:
        """`apply` for a BFIA create-job request."""
        offers = accepting.offers(self.nodes[DOMAINS[0]].store)
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

    def kubectl(self, line: str, node: str, stdin: str | None, emit: Callable[[str], None] | None) -> Output:
        """What stands behind `kubectl` on a command line, on a node."""
        from ..control.kubectl import run

        return run(line, self.nodes, node=node, stdin=stdin, emit=emit)

    @property
    def urls(self) -> dict[str, str]:
        """Of each node's BFIA API, while it is open."""
        return {domain: server.url for domain, server in dict(self.servers).items()}

    def open_http(self, port: int | None = None) -> dict[str, str]:
        """Serve each node's BFIA API on a port of this machine; the nodes then talk over these, too. URLs by domain."""
        first = self.servers.get(DOMAINS[0])
        if first and port and first.port != port:
            hint = "kn.connect().down_http() closes them"
            raise KusciaError(f"the ports are open already, {DOMAINS[0]}'s at {first.port}", hint=hint)
        for domain, handlers in self._handlers.items():
            if domain not in self.servers:
                server = BfiaServer(handlers, port if domain == DOMAINS[0] else None)
                server.start()
                self.servers[domain] = server
        return self.urls

    def close_http(self) -> None:
        """Close the ports; the nodes then talk within the process again."""
        while self.servers:
            self.servers.popitem()[1].stop()

    def close(self) -> None:
        """Stop all jobs, and remove the storage if it was made here."""
        self.closed = True
        self._forget_operators()
        for name in list(self.observer.by_name):
            self.delete(name)
        self._plane.loop.close()
        self._agent.close()
        self.close_http()
        self._clean()

    def _start(self, job: KusciaJob, options: Options, name_field: str) -> Run:
        initiator = self.nodes.get(job.spec.initiator, self.nodes[DOMAINS[0]])  # which refuses a job of a stranger
        with self._applying:
            accepting.check(initiator.store, job)
            if known := self.observer.by_name.get(job.name):
                if not (known.ended.is_set() and options.replace):
                    state = "finished" if known.ended.is_set() else "still running"
                    places = " and ".join(domain for domain, kept in known.nodes.items() if kept)
                    line = f"%kubectl delete kj {job.name} -n cross-domain --all-nodes"
                    hint = f"{line} (cluster.delete({job.name!r})) first, or give this one another {name_field}"
                    raise JobError(f"job {job.name} already exists and is {state} on {places}", hint=hint)
                self.delete(job.name)
            run: Run | None = None
            try:
                with undisturbed():
                    run = self.observer.expect(job, options)
                    initiator.create(job)
            except BaseException:
                if run:
                    self.stop(run)  # an interrupt comes when the job is there already
                    self.observer.forget(run)
                raise
        if options.time_limit is not None:
            watch = partial(self._limit, run, options.time_limit)
            threading.Thread(target=watch, name=f"kuscia_nb limits {run.name}", daemon=True).start()
        return run

    def _limit(self, run: Run, seconds: float) -> None:
        """Let a job fail on all nodes if it has not ended after so many seconds."""
        if run.ended.wait(seconds):
            return
        text = f"the job takes longer than its time limit of {seconds:g} seconds"
        for domain in run.domains:
            self.nodes[domain].store.change(KusciaJob, run.name, lambda job: job.annotated(OVERDUE, text))
        self.stop(run)

    def _peers(self, domain: str) -> dict[str, Client]:
        return {
            other: Client(domain, other, partial(self._carry, other), self._exchanged)
            for other in DOMAINS
            if other != domain
        }

    def _carry(self, domain: str, request: Request) -> Response:
        """A message to a node: by its port if that is open, else straight to its handlers."""
        server = self.servers.get(domain)
        return http_transport(server.url)(request) if server else self._handlers[domain](request)

    def _exchanged(self, exchange: Exchange) -> None:
        """Write a message down with the job or task that it is about."""
        name = exchange.request.path.partition("?")[0].removeprefix("/v1/interconn/schedule/")
        subject = exchange.request.header("X-Trace-Id").removeprefix("trace_")
        self.observer.exchanged(exchange.sender, name, subject, exchange)

    def _furnish(self) -> None:
        """What a fresh node has, and the sample data."""
        for node in self.nodes.values():
            furnish(node, DOMAINS)
        self._forget_operators = on_register(self._add_image)
        write_sample(*(self.nodes[d].storage / "data" / f"perfect_logit_{d[0]}.csv" for d in DOMAINS))

    def _add_image(self, operator: Operator) -> None:
        for node in self.nodes.values():
            node.apply(app_image(operator))


def _sweep() -> None:
    """Remove the temporary folders of processes that are no more."""
    if os.name != "posix":  # elsewhere, asking after a process may end it
        return
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        try:
            os.kill(int(owner), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except (ValueError, OverflowError, PermissionError):
            continue  # not a folder of ours, or of somebody else's process
