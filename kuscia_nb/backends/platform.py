"""Any BFIA node, by the port at which it takes requests: jobs are submitted, looked at and stopped, and nothing else.

What BFIA tells of a job is how far its tasks are (spec: bfia §1.2, kuscia §3.3). Everything else that a cluster has is
refused by one error that says what this API lacks, and who has it.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn
from urllib.parse import urlsplit

from ..bfia import reader as bfia
from ..bfia.client import BfiaError, Client
from ..bfia.guard import is_loopback
from ..bfia.http import http_transport
from ..bfia.translate import to_job
from ..control.kinds import KusciaTask
from ..control.objects import now
from ..control.records import JobRecords, TaskRecords
from ..control.resources import FAILED, PENDING, RUNNING, SUCCEEDED, KusciaJob, Phase
from ..control.scheduling import FINAL
from ..control.store import Store
from ..errors import JobError, KusciaError
from ..observer.events import Said, TaskMade
from ..observer.observer import Observer
from ..observer.runs import Matter, Run
from ..options import Options
from .base import NoWork

if TYPE_CHECKING:
    from ..control.kubectl import Output
    from ..data.files import Folder
    from ..operators.results import Ran

POLL = 1.0
"""Seconds between two questions about a job."""
LIMIT = 60.0
"""Seconds without an answer after which a job is given up; and without news of any task, after which that is said."""
_LACKS = "BFIA's API has {what}: it takes jobs, says how far their tasks are, and stops them"
_HINT = 'connect("local") runs jobs in this process; connect("docker") works with Kuscia\'s nodes in containers'
_SILENT = (
    "nothing is known of a task of this job after {seconds:g} s. BFIA does not tell why a job waits: "
    "kubectl describe kj on the node does"
)


class NoFolder:
    """The files of a node of which nothing can be read."""

    def __init__(self, name: str = "") -> None:
        self.name = name

    @property
    def parent(self) -> NoFolder:
        """Another one."""
        return self

    def __truediv__(self, name: str, /) -> NoFolder:
        return NoFolder(name)

    with_name = __truediv__

    def iterdir(self) -> Iterator[NoFolder]:
        """Nothing that could be seen."""
        return iter(())

    def is_file(self) -> bool:
        """Not that anybody knew of."""
        return False

    exists = is_file

    def stat(self) -> NoReturn:
        """Refused."""
        _lacks("no files")

    def read_bytes(self) -> NoReturn:
        """Refused."""
        _lacks("no files")

    def read_text(self, encoding: str, errors: str = "strict") -> NoReturn:
        """Refused."""
        _lacks("no files")

    def __str__(self) -> str:
        return "not to be seen"


class PlatformNode:
    """The node behind an address, as far as its API shows it."""

    def __init__(self, domain: str) -> None:
        self.domain, self.store, self.storage = domain, Store(domain), NoFolder()

    def logs(self, task_id: str) -> NoReturn:
        """Refused."""
        _lacks("no logs")

    def put(self, name: str, content: BinaryIO) -> NoReturn:
        """Refused."""
        _lacks("no files")


class PlatformBackend:
    """One BFIA node at http://host:port, and the jobs that were submitted to it from here."""

    kind = "http"
    token = ""
    unknown: Mapping[Matter, str] = {
        "trace": _LACKS.format(what="no messages"),
        "exchanges": _LACKS.format(what="no view of what nodes say to each other"),
        "shadow": "it is a program of ours, and others run there",
        "ttp": "others run it",
        "progress": _LACKS.format(what="no progress"),
        "logs": _LACKS.format(what="no logs, nor what programs are started with"),
        "results": _LACKS.format(what="no results"),
    }

    def __init__(self, url: str, *, token: str = "", insecure: bool = False) -> None:
        parts, transport = urlsplit(url), http_transport(url, token=token)
        if "@" in parts.netloc:  # it would be sent to nobody, and shown in whatever is said of the node
            raise KusciaError("the address of a node has no user and no password", hint="token=..., if it asks for one")
        if parts.scheme == "http" and not is_loopback(parts.hostname or "") and not insecure:
            what = f"{url} is on another machine, and what is sent there can be read and changed on the way"
            raise KusciaError(what, hint="https://, or insecure=True if that is no matter")
        self._client = Client("", parts.netloc, transport)
        self.closed, self.ttp, self.observer = False, NoWork(), Observer()
        self._node = PlatformNode(parts.netloc)
        self.nodes = {self._node.domain: self._node}
        self.urls = {self._node.domain: url}
        self._jobs, self._tasks = JobRecords(self._node.store), TaskRecords(self._node.store)
        self._ended = threading.Event()
        self._following: list[threading.Thread] = []
        self.observer.watch(self._node.store)

    # --- jobs -------------------------------------------------------------------------------------------------------

    def submit(self, request: str | Mapping[str, Any], options: Options) -> Run:
        """Check a create-job request and send it. JobError says why the node has not taken it."""
        if options.chosen:
            raise KusciaError(f"{', '.join(options.chosen)}: " + _LACKS.format(what="no such option"), hint=_HINT)
        create = bfia.read_request(request) if isinstance(request, str) else bfia.from_dict(request)
        job, body = to_job(create), request if isinstance(request, str) else json.dumps(request)
        if self._node.store.get(KusciaJob, job.name):
            raise JobError(f"job {job.name} was submitted from here already", hint="give this one another job_id")
        try:
            self._client.submit(body.encode(), job.name)
        except BfiaError as error:
            raise JobError(f"{self._node.domain} did not take the job: {error.what}", hint=error.hint) from error
        run = self.observer.expect(job, options)
        self._node.store.create(job)
        self._jobs.set(job.name, phase=PENDING, start_time=now())
        thread = threading.Thread(target=self._follow, args=(run,), name=f"kuscia_nb follows {job.name}", daemon=True)
        self._following = [*(one for one in self._following if one.is_alive()), thread]
        thread.start()
        return run

    def stop(self, run: Run) -> None:
        """Ask the node to stop a job; what becomes of it is told as ever. JobError says why it will not."""
        try:
            self._client.stop_job(run.name)
        except BfiaError as error:
            raise JobError(f"{self._node.domain} does not stop job {run.name}: {error.what}") from error

    def _follow(self, run: Run) -> None:
        """Ask how far a job is until it has ended."""
        heard = began = time.monotonic()
        warned = False
        while not self._ended.wait(POLL) and not run.ended.is_set():
            try:
                phases, state = self._client.status_all(run.name)
                heard = time.monotonic()
                self._write(run.name, phases, state)
            except BfiaError as error:
                if time.monotonic() - heard > LIMIT:
                    text = f"no news for {LIMIT:g} s: {error.what}. The job may go on there"
                    self._jobs.set(run.name, phase=FAILED, message=text, completion_time=now())
            if not warned and not run.events.select(TaskMade) and time.monotonic() - began > LIMIT:
                warned = True
                run.events.emit(Said(self._node.domain, run.name, "warning", _SILENT.format(seconds=LIMIT)))

    def _write(self, name: str, phases: Mapping[str, Phase], state: str | None) -> None:
        """Write down what the node has said: of each task its phase, and of the job what follows from these."""
        job = self._named(name, phases)
        for task_id, phase in phases.items():
            task = self._node.store.get(KusciaTask, task_id)
            if task is not None and phase and task.status.phase != phase:
                ended = {"completion_time": now()} if phase in FINAL else {}
                self._tasks.set(task_id, phase=phase, **ended)
        phase = _phase(job, phases, state)
        if (job.status.phase, job.status.task_status) != (phase, dict(phases)):
            ended = {"completion_time": now()} if phase in FINAL else {}
            message = f"a task failed at {self._node.domain}, whose logs say why" if phase == FAILED else ""
            self._jobs.set(name, phase=phase, task_status=dict(phases), message=message, **ended)

    def _named(self, name: str, phases: Mapping[str, Phase]) -> KusciaJob:
        """The job with the ids of tasks that have begun: BFIA does not say of which they are; they begin in order."""
        job = self._node.store.get(KusciaJob, name)
        assert job is not None
        known = {task.task_id for task in job.spec.tasks}
        unnamed = [task.alias for task in job.spec.tasks if not task.task_id]
        spec = job.spec.named(dict(zip(unnamed, (one for one in phases if one not in known), strict=False)))
        if spec is not job.spec:
            job = self._node.store.change(KusciaJob, name, lambda job: job.model_copy(update={"spec": spec})) or job
            for task in spec.tasks:
                if task.task_id and task.task_id not in known:
                    self._jobs.make_task(job, task)
        return job

    # --- what there is not --------------------------------------------------------------------------------------------

    def apply(self, manifest: str | Mapping[str, Any], options: Options) -> Run:
        """Refused."""
        raise KusciaError(_LACKS.format(what="no manifests"), hint="submit(request): the job as a BFIA request")

    def delete(self, name: str) -> None:
        """Refused."""
        _lacks("no deletion")

    def elsewhere(self, run: Run, task_id: str) -> Mapping[str, Folder | str]:
        """Of no party anything is known."""
        return dict.fromkeys(run.domains, _LACKS.format(what="no results"))

    def reveal(self, run: Run, task_id: str) -> None:
        """Refused."""
        _lacks("no results")

    def reader(self, operator: str) -> Callable[[Ran], Any] | None:
        """Nothing reads what is not here."""
        return None

    def kubectl(self, line: str, node: str, stdin: str | None, emit: Callable[[str], None] | None) -> Output:
        """Refused."""
        _lacks("no kubectl")

    def refresh(self) -> None:
        """Jobs of others are not told of."""

    def open_http(self, port: int | None = None, *, token: bool = False) -> dict[str, str]:
        """Refused."""
        raise KusciaError(f"{self._node.domain} is open already, and not ours to open", hint=_HINT)

    def close_http(self) -> None:
        """It is not ours to close."""

    def close(self) -> None:
        """Follow the jobs no more; they go on."""
        self.closed = True
        self._ended.set()
        for thread in self._following:
            if thread is not threading.current_thread():
                thread.join(LIMIT)


def _phase(job: KusciaJob, phases: Mapping[str, Phase], state: str | None) -> Phase:
    """The job's, which the standard tells only as FINISHED, and Kuscia not at all (spec: bfia §1.3)."""
    if FAILED in phases.values() and (state in (None, "FINISHED")):
        return FAILED
    whole = len(phases) == len(job.spec.tasks) and all(phase == SUCCEEDED for phase in phases.values())
    if state == "REJECTED" or (state == "FINISHED" and not whole):
        return FAILED
    if whole:
        return SUCCEEDED
    return RUNNING if phases else PENDING


def _lacks(what: str) -> NoReturn:
    raise KusciaError(_LACKS.format(what=what), hint=_HINT)
