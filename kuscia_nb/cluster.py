"""What a person holds: a `Cluster` to submit jobs to, and a `Job` to watch and read."""

from __future__ import annotations

import asyncio
import difflib
import json
import shutil
import threading
import weakref
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .backends.local import LocalBackend
from .control.runtime import FAILED, PENDING, Options, Run
from .errors import DataError, JobError, KusciaError
from .mpc import decode
from .operators.ss_lr.results import read_share
from .operators.ss_lr.training import STRATEGIES
from .trace.events import Event
from .trace.trace import Trace

if TYPE_CHECKING:
    import pandas as pd

_default: Cluster | None = None
_open: weakref.WeakSet[LocalBackend] = weakref.WeakSet()
_connecting = threading.Lock()


def connect(to: str = "local", *, storage: str | Path | None = None) -> Cluster:
    """The cluster to work with.

    "local" is alice, bob and a TTP in this process; they start at the first call and are the same ever after. With
    `storage`, a cluster of its own, whose files stay in that folder.
    """
    global _default
    if to != "local":
        raise KusciaError(f"cannot connect to {to!r}", hint='connect("local"): alice, bob and a TTP in this process')
    if storage is not None:
        return Cluster(LocalBackend(Path(storage)))
    with _connecting:
        if _default is None or _default.closed:
            _default = Cluster(LocalBackend())
        return _default


def disconnect() -> None:
    """Close every cluster that `connect` gave out and that is still in use."""
    for backend in list(_open):
        backend.close()


class Cluster:
    """Two nodes and their TTP."""

    def __init__(self, backend: LocalBackend) -> None:
        self._backend = backend
        _open.add(backend)

    @property
    def closed(self) -> bool:
        """Whether the cluster was closed; its jobs and temporary files are gone then."""
        return self._backend.closed

    @property
    def nodes(self) -> dict[str, Path]:
        """Each node's storage folder."""
        return dict(self._backend.storage)

    def apply(
        self,
        manifest: str | Mapping[str, Any],
        *,
        replace: bool = False,
        strategy: str = "preprocessed",
        seed: int | None = None,
    ) -> Job:
        """Start the KusciaJob that a YAML or JSON text (or a dict) describes; returns it running.

        `replace`: delete a finished job of this name first. `strategy`: how products of secrets are made,
        "preprocessed" or "interconnection". `seed` makes the run repeatable, for teaching and tests: nothing in it is
        secret. ManifestError, if the text is not a valid job, says everything that is wrong; JobError, if the name is
        taken.
        """
        return Job(self._backend, self._backend.apply(manifest, _options(strategy, seed), replace=replace))

    def submit(
        self,
        request: str | Mapping[str, Any],
        *,
        replace: bool = False,
        strategy: str = "preprocessed",
        seed: int | None = None,
    ) -> Job:
        """`apply` for a BFIA create-job request: the JSON text (or a dict) for POST /v1/interconn/schedule/job/create.

        The job is the KusciaJob that Kuscia makes of the request (spec: kuscia §3.5).
        """
        return Job(self._backend, self._backend.submit(request, _options(strategy, seed), replace=replace))

    def jobs(self) -> pd.DataFrame:
        """Every job: name, phase, started."""
        import pandas as pd

        rows = [(job.name, job.phase, next(iter(run.events)).time) for job, run in self._jobs()]
        return pd.DataFrame(rows, columns=["name", "phase", "started"])

    def job(self, name: str) -> Job:
        """A job by its name."""
        return Job(self._backend, self._backend.runs[self._known(name)])

    def delete(self, name: str) -> None:
        """Stop a job if it runs, and forget it on all nodes. Its result files stay."""
        self._backend.delete(self._known(name))

    def put(self, node: str, name: str, data: pd.DataFrame | str | Path) -> Path:
        """Copy a CSV file or a frame into a node's data folder, as `name`; on that node only."""
        folder = self._data_folder(node)
        if Path(name).name != name or name in ("", ".", ".."):
            raise DataError(f"{name!r} is not a file name", hint="a plain name, such as my.csv")
        target = folder / name
        if isinstance(data, str | Path):
            if not Path(data).is_file():
                raise DataError(f"there is no file {data}")
            shutil.copyfile(data, target)
        else:
            data.to_csv(target, index=False)
        return target

    def data(self, node: str, name: str | None = None) -> pd.DataFrame:
        """The files in a node's data folder; with a name, that file as a frame."""
        import pandas as pd

        folder = self._data_folder(node)
        files = sorted(path for path in folder.iterdir() if path.is_file())
        if name is None:
            return pd.DataFrame([(path.name, path.stat().st_size) for path in files], columns=["name", "bytes"])
        if name not in [path.name for path in files]:
            raise DataError(f"{node} has no data file {name}", hint=_choices(name, [path.name for path in files]))
        return pd.read_csv(folder / name)

    def close(self) -> None:
        """Stop all jobs, and remove the nodes' files if they are temporary."""
        self._backend.close()

    def _jobs(self) -> list[tuple[Job, Run]]:
        return [(Job(self._backend, run), run) for run in self._backend.runs.values()]

    def _known(self, name: str) -> str:
        if name not in self._backend.runs:
            raise JobError(f"there is no job {name}", hint=_choices(name, list(self._backend.runs)))
        return name

    def _data_folder(self, node: str) -> Path:
        if node not in self.nodes:
            raise DataError(f"there is no node {node}", hint=_choices(node, list(self.nodes)))
        folder = self.nodes[node] / "data"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def __repr__(self) -> str:
        return f"<Cluster local: {', '.join(self.nodes)}; {len(self._backend.runs)} jobs>"


class Job:
    """A job that was started. All of it can be read at any time; `wait` and `await` are for its end."""

    def __init__(self, backend: LocalBackend, run: Run) -> None:
        self._backend, self._run = backend, run

    @property
    def name(self) -> str:
        return self._run.name

    @property
    def phase(self) -> str:
        """Pending, Running, Succeeded or Failed."""
        last = self._run.events.last("phase", subject=self.name)
        return last.name if last else PENDING

    @property
    def nodes(self) -> list[str]:
        """The nodes that take part, the initiator first."""
        return self._run.domains

    @property
    def seed(self) -> int | None:
        """The seed of a repeatable run, in which nothing is secret; None in every other."""
        return self._run.options.seed

    @property
    def elapsed(self) -> float:
        """Seconds from the start to the end, or to the last thing that happened."""
        events = list(self._run.events)
        return (events[-1].time - events[0].time).total_seconds() if events else 0.0

    @property
    def conditions(self) -> pd.DataFrame:
        """Every condition in the order in which it was set: node, resource, type, status, message, time."""
        import pandas as pd

        rows = [(e.node, e.subject, e.name, e.status, e.message, e.time) for e in self._run.events.select("condition")]
        return pd.DataFrame(rows, columns=["node", "resource", "type", "status", "message", "time"])

    @property
    def tasks(self) -> pd.DataFrame:
        """Every task on every node: alias, task, node, phase, progress (0 to 1)."""
        import pandas as pd

        rows = []
        for event in self._run.events.select("task"):
            phase = self._run.events.last("phase", node=event.node, subject=event.subject)
            progress = self._run.events.last("progress", node=event.node, subject=event.subject)
            done, steps = progress.data if progress else (0, 1)
            rows.append((event.name, event.subject, event.node, phase.name if phase else PENDING, done / steps))
        return pd.DataFrame(rows, columns=["alias", "task", "node", "phase", "progress"])

    @property
    def warnings(self) -> list[str]:
        """What the parties' programs had to say about this job."""
        return list(dict.fromkeys(event.message for event in self._run.events.select("warning")))

    @property
    def trace(self) -> Trace:
        """The messages between the parties and with the TTP."""
        return Trace({event.subject: event.data for event in self._run.events.select("ledger")})

    def wait(self, timeout: float | None = None) -> Job:
        """Wait for the end. Raises the error of a job that failed or was stopped, JobError after `timeout` seconds."""
        if not self._run.ended.wait(timeout):
            raise JobError(
                f"job {self.name} is still {self.phase} after {timeout:g} s", hint="wait again, or job.stop()"
            )
        if self._run.error is not None:
            raise self._run.error
        return self

    def __await__(self) -> Generator[Any, None, Job]:
        return asyncio.to_thread(self.wait).__await__()

    def stop(self) -> None:
        """Stop the job on all nodes, and wait until it has ended. A finished job stays as it is."""
        self._run.stop.request()
        self._run.ended.wait()

    def shares(self, node: str, task: str | None = None) -> pd.DataFrame:
        """One node's own share of the weights: feature, owner, ring (uint64), share (that as a number).

        One share alone says nothing about the weights. Names come from both nodes' files, shares from this one's.
        """
        import pandas as pd

        files = self._results(task)
        if node not in files:
            raise DataError(f"{node} is not a party of job {self.name}", hint=_choices(node, list(files)))
        ring, description = files[node]
        features, owners = _names(files)
        share = decode(ring, description["fxp_bits"])
        return pd.DataFrame({"feature": features, "owner": owners, "ring": ring, "share": share})

    def weights(self, task: str | None = None) -> pd.DataFrame:
        """The model: feature, owner, one column of shares for each node, weight.

        This is the only place where the shares of both nodes meet.
        """
        import pandas as pd

        files = self._results(task)
        features, owners = _names(files)
        columns: dict[str, Any] = {"feature": features, "owner": owners}
        for node in sorted(files):
            columns[node] = decode(files[node][0], files[node][1]["fxp_bits"])
        first, second = files.values()
        columns["weight"] = decode(first[0] + second[0], first[1]["fxp_bits"])
        return pd.DataFrame(columns)

    def manifest(self) -> dict[str, Any]:
        """The job's manifest, with defaults filled in."""
        return self._run.job.model_dump(mode="json", by_alias=True, exclude_none=True)

    def logs(self, node: str) -> str:
        """What the programs of one node have logged, a line each."""
        self._check_node(node)
        lines = (e for e in self._run.events if e.node == node and e.kind in ("log", "warning"))
        return "\n".join(_log_line(event) for event in lines)

    def env(self, node: str, task: str | None = None) -> dict[str, str]:
        """What one node's program was started with (of the last task, unless one is named)."""
        self._check_node(node)
        event = self._run.events.last("environment", node=node, subject=self._task_id(task))
        return dict(event.data) if event else {}

    def _results(self, task: str | None) -> dict[str, tuple[Any, dict[str, Any]]]:
        """Node -> share and description, by rank, from the nodes' result files."""
        if self.phase in (PENDING, "Running"):
            raise JobError(f"job {self.name} has no result yet: it is {self.phase}", hint="job.wait()")
        if self.phase == FAILED:
            raise JobError(f"job {self.name} has no result: it failed", hint="job.wait() raises the reason")
        task_id = self._task_id(task)
        found = {}
        for domain, storage in self._backend.storage.items():
            environment = self._run.events.last("environment", node=domain, subject=task_id)
            if environment is not None:
                found[domain] = read_share(_output(environment, storage))
        return dict(sorted(found.items(), key=lambda item: item[1][1]["rank"]))

    def _task_id(self, task: str | None) -> str | None:
        """The id of a task given by alias or id; of the last one if none is named."""
        known = {event.name: event.subject for event in self._run.events.select("task")}
        if task is None:
            return next(reversed(known.values()), None)
        if task not in known and task not in known.values():
            raise JobError(f"job {self.name} has no task {task}", hint=_choices(task, list(known)))
        return known.get(task, task)

    def _check_node(self, node: str) -> None:
        if node not in self.nodes:
            raise JobError(f"{node} is not a party of job {self.name}", hint=_choices(node, self.nodes))

    def __repr__(self) -> str:
        return f"<Job {self.name}: {self.phase}>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        from .views.job import bundle

        return bundle(self)


def _options(strategy: str, seed: int | None) -> Options:
    if strategy not in STRATEGIES:
        raise KusciaError(f"strategy {strategy!r} is unknown", hint="one of " + ", ".join(STRATEGIES))
    return Options(strategy, seed)


def _output(environment: Event, storage: Path) -> Path:
    """The result file of the program with this environment, below its node's storage."""
    location = next(value for key, value in environment.data.items() if key.startswith("runtime.component.output."))
    place = json.loads(location)
    return storage / place["namespace"] / place["name"]


def _names(files: Mapping[str, tuple[Any, dict[str, Any]]]) -> tuple[list[str], list[str]]:
    """Feature names and owners of the weights: each name from the file of the node that owns the feature."""
    owners = next(iter(files.values()))[1]["owners"]
    first = next(iter(files))
    names = [files[owner or first][1]["features"][i] for i, owner in enumerate(owners)]
    return names, owners


def _log_line(event: Event) -> str:
    """Time, level, message."""
    level = "WARNING" if event.kind == "warning" else "INFO"
    return f"{event.time:%H:%M:%S}.{event.time.microsecond // 1000:03d} {level} {event.message}"


def _choices(wrong: str, known: list[str]) -> str:
    """A hint that names what there is, the nearest first."""
    if not known:
        return "there are none yet"
    near = difflib.get_close_matches(wrong, known, 1)
    return f"did you mean {near[0]}?" if near else "one of " + ", ".join(known)
