"""What a person holds of one job: a `Job` to watch, to wait for, and to read."""

from __future__ import annotations

import asyncio
import json
import warnings
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .backends.local import LocalBackend
from .backends.lockstep import PATIENCE
from .control.resources import FAILED, PENDING, RUNNING
from .data.description import description_path
from .errors import DataError, JobError, ModelWarning
from .model import Model
from .mpc import decode
from .observer.events import LOGGED, Event, EventLog, log_line
from .observer.runs import Run
from .operators.shares import read_share
from .operators.ss_lr.reach import beyond
from .operators.ss_lr.scaling import Scaling, original_units
from .problems import choice
from .sentence import Sentence
from .trace.trace import Trace

if TYPE_CHECKING:
    import pandas as pd

    from .operators.ss_lr.shadow import Shadow
    from .views.pictures import Pictures

_TICK = 0.02
"""Seconds from one look to the next, where a job is awaited."""


class Job:
    """A job that was started. All of it can be read at any time; `wait` and `await` are for its end."""

    def __init__(self, backend: LocalBackend, run: Run) -> None:
        self._backend, self._run = backend, run
        self._shadows: dict[str | None, Shadow] = {}

    @property
    def name(self) -> str:
        """The job's name, the same on all nodes."""
        return self._run.name

    @property
    def phase(self) -> str:
        """Pending, Running, Succeeded or Failed."""
        return self._run.phase

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
    def operators(self) -> list[str]:
        """What its tasks have run, each operator once, in the order in which they began."""
        return list(dict.fromkeys(_operator(event) for event in self._run.events.select("environment")))

    @property
    def warnings(self) -> list[str]:
        """What the parties' programs had to say about this job."""
        return list(dict.fromkeys(event.message for event in self._run.events.select("warning")))

    @property
    def notes(self) -> list[str]:
        """What the parties' programs say of this job that is no warning: who has learned what, what nobody checks."""
        return list(dict.fromkeys(event.message for event in self._run.events.select("note")))

    @property
    def events(self) -> EventLog:
        """What happened on all nodes, in order: the observer's log, which no party has."""
        return self._run.events

    @property
    def trace(self) -> Trace:
        """The messages between the parties and with the TTP; with trace="full", also every step and its numbers."""
        ledgers, recorders = (
            {event.subject: event.data for event in self._run.events.select(kind)} for kind in ("ledger", "recorders")
        )
        options = self._run.options
        return Trace.observe(options.trace, ledgers, recorders, self.name, seed=options.seed is not None)

    @property
    def exchanges(self) -> pd.DataFrame:
        """The BFIA messages of the nodes about this job: time, sender, receiver, call, request, reply.

        `request` and `reply` are the texts of their bodies, or what stands behind the `?` of a request without a body.
        """
        import pandas as pd

        rows = []
        for event in self._run.events.select("bfia"):
            sender, receiver, request, response, time = event.data
            asked = request.body.decode("utf-8", "replace") or request.path.partition("?")[2]
            rows.append((time, sender, receiver, event.name, asked, response.body.decode("utf-8", "replace")))
        return pd.DataFrame(rows, columns=["time", "sender", "receiver", "call", "request", "reply"])

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
        return self._until_end().__await__()

    async def _until_end(self) -> Job:
        """Look now and then: a thread that waits could not be cancelled, and kept asyncio.run and Python from ending.

        It also wakes ipykernel's loop, which does not hear of an interrupt while it sleeps.
        """
        while not self._run.ended.is_set():
            await asyncio.sleep(_TICK)
        return self.wait()

    def stop(self) -> None:
        """Stop the job on all nodes, and wait until it has ended. A finished job stays as it is.

        A program ends at its next message. JobError, if it does not get there within some seconds.
        """
        self._backend.stop(self._run)
        if not self._run.ended.wait(PATIENCE):
            hint = "wait for it; if it computes without an end, only a restart of the kernel ends it"
            raise JobError(f"job {self.name} was told to stop, but its program is not at its next message", hint=hint)

    def delete(self) -> None:
        """Stop the job if it runs, and forget it on all nodes. Its result files stay."""
        if self._backend.runs.by_name.get(self.name) is self._run:  # and no later job of the same name
            self._backend.delete(self.name)

    def watch(self) -> None:
        """Show in this cell how far the job is, until it has ended; the cell itself does not wait."""
        from .views.live import watch

        watch(self)

    def shares(self, node: str, task: str | None = None) -> pd.DataFrame:
        """One node's own share of the weights: feature, owner, ring (uint64), share (that as a number).

        One share alone says nothing about the weights. Names come from both nodes' files, shares from this one's.
        """
        import pandas as pd

        files = self._results(task)
        if node not in files:
            raise DataError(f"{node} is not a party of job {self.name}", hint=choice(node, list(files)))
        ring, description = files[node]
        features, owners = _names(files)
        share = decode(ring, description["fxp_bits"])
        return pd.DataFrame({"feature": features, "owner": owners, "ring": ring, "share": share})

    def weights(self, task: str | None = None) -> pd.DataFrame:
        """The model: feature, owner, one column of shares for each node, weight.

        If a party has scaled its columns, `original_units` are the weights for the columns as they were. A weight
        that cannot be right is a ModelWarning.
        """
        frame, doubt = self._model(task)
        if doubt is not None:
            warnings.warn(doubt, ModelWarning, stacklevel=2)
        return frame

    def _model(self, task: str | None = None) -> tuple[pd.DataFrame, Sentence | None]:
        """The frame of `weights`, and what there is to say if it cannot be right.

        This is the only place where the shares of both nodes meet.
        """
        import pandas as pd

        files = self._results(task)
        features, owners = _names(files)
        columns: dict[str, Any] = {"feature": features, "owner": owners}
        for node in sorted(files):
            columns[node] = decode(files[node][0], files[node][1]["fxp_bits"])
        first, second = files.values()
        columns["weight"] = weights = decode(first[0] + second[0], first[1]["fxp_bits"])
        scalings = [Scaling.read(description) for _, description in files.values()]
        if any(scaling.scale != "none" for scaling in scalings):
            columns["original_units"] = original_units(weights, scalings)
        owned = [(len(description["columns"]), description["reach"]) for _, description in files.values()]
        return pd.DataFrame(columns), beyond(weights, features, owned)

    def model(self, task: str | None = None) -> Model:
        """The model for columns in their original units, to predict with, to save, or for scikit-learn.

        It is the observer's: both parties' shares and scaling meet in it, and no party has it.
        """
        frame, doubt = self._model(task)
        if doubt is not None:
            warnings.warn(doubt, ModelWarning, stacklevel=2)
        weights = frame["original_units" if "original_units" in frame else "weight"].tolist()
        features, owners = frame["feature"].tolist(), frame["owner"].tolist()
        return Model(tuple(features[:-1]), tuple(owners[:-1]), tuple(weights[:-1]), weights[-1], job=self.name)

    def predictions(self, node: str, task: str | None = None) -> pd.DataFrame:
        """What a node has learned of ss_lr_predict: the id (if there is one), score, probability, predicted."""
        import pandas as pd

        path, name = self._own_output(node, "ss_lr_predict", task)
        if name is None:
            frame = pd.read_csv(path, dtype=str)  # ids are texts: 007 is not 7
            return frame.astype({"score": float, "probability": float, "predicted": int})
        raise DataError(f"{node} has no predictions: {name} alone has learned them", hint=f'job.predictions("{name}")')

    def evaluation(self, task: str | None = None) -> pd.DataFrame:
        """What ss_lr_evaluate says of the model, of the node that has the labels: metric, value."""
        import pandas as pd

        metrics = self.report(task)["metrics"]
        values = [float("nan") if value is None else value for value in metrics.values()]
        return pd.DataFrame({"metric": list(metrics), "value": values})

    def report(self, task: str | None = None) -> dict[str, Any]:
        """The whole report of ss_lr_evaluate: owner, holdout, threshold, metrics, confusion and curves."""
        for node in self.nodes:
            path, owner = self._own_output(node, "ss_lr_evaluate", task)
            if owner is None and "curves" in (found := json.loads(path.read_text("utf-8"))):
                return found
        raise DataError(f"no node of job {self.name} that can be read has the report")

    @property
    def shadow(self) -> Shadow:
        """The teacher's shadow, of a job that was started with `shadow=True`: the same training in plaintext.

        The observer reads both nodes' data for it, which no party can.
        """
        if not self._run.options.shadow:
            hint = "start it with shadow=True: the observer then reads both nodes' data and trains in plaintext"
            raise JobError(f"job {self.name} has no teacher's shadow", hint=hint)
        return self._observed(None)

    @property
    def pictures(self) -> Pictures:
        """Pictures of shares, weights, traffic and truncation errors; they need matplotlib."""
        from .views.pictures import Pictures

        return Pictures(self, self._observed)

    def manifest(self) -> dict[str, Any]:
        """The job's manifest, with defaults filled in."""
        return self._run.job.model_dump(mode="json", by_alias=True, exclude_none=True)

    def logs(self, node: str) -> str:
        """What the programs of one node have logged; of one that failed, its error is the end."""
        self._check_node(node)
        return "\n".join(log_line(event) for event in self._run.events if event.node == node and event.kind in LOGGED)

    def env(self, node: str, task: str | None = None) -> dict[str, str]:
        """What one node's program was started with (of the last task, unless one is named)."""
        self._check_node(node)
        event = self._run.events.last("environment", node=node, subject=self._task_id(task))
        return dict(event.data) if event else {}

    def fxp_bits(self, task: str | None = None) -> int:
        """Fraction bits of the weights."""
        return next(iter(self._results(task).values()))[1]["fxp_bits"]

    def _observed(self, task: str | None) -> Shadow:
        """A task's training beside plaintext, from both nodes' files."""
        from .operators.ss_lr.observed import Material
        from .operators.ss_lr.shadow import Shadow

        self._check_finished()
        task_id = self._last("ss_lr", task)
        if task_id not in self._shadows:
            environments = [self.env(node, task_id) for node in self.nodes]
            if any(environment.get("runtime.component.name") != "ss_lr" for environment in environments):
                raise JobError(f"task {self._alias(task_id)} is no ss_lr: it has no plaintext to be compared with")
            files = self._results(task)
            material = Material.read(environments, since=next(iter(self._run.events)).time.timestamp())
            shares = tuple(ring for ring, _ in files.values())
            self._shadows[task_id] = Shadow(material, shares, *_names(files), self.seed, self._alias(task_id))
        return self._shadows[task_id]

    def _results(self, task: str | None) -> dict[str, tuple[Any, dict[str, Any]]]:
        """Node -> share and description, by rank, from the nodes' result files."""
        self._check_finished()
        task_id = self._last("ss_lr", task)
        found = {}
        for domain, node in self._backend.nodes.items():
            environment = self._run.events.last("environment", node=domain, subject=task_id)
            if environment is not None:
                if _operator(environment) != "ss_lr":
                    hint = f"%kuscia result {self.name} shows what it has written"
                    raise JobError(f"task {self._alias(task_id)} is no ss_lr: it has no weights", hint=hint)
                path = _output(environment, node.storage)
                if self._backend.closed and not path.exists():
                    raise JobError(f"the result of job {self.name} is gone with its nodes", hint="run it again")
                found[domain] = read_share(path)
        return dict(sorted(found.items(), key=lambda item: item[1][1]["rank"]))

    def _task_id(self, task: str | None) -> str | None:
        """The id of a task given by alias or id; of the last one if none is named."""
        known = {event.name: event.subject for event in self._run.events.select("task")}
        if task is None:
            return next(reversed(known.values()), None)
        if task not in known and task not in known.values():
            raise JobError(f"job {self.name} has no task {task}", hint=choice(task, list(known)))
        return known.get(task, task)

    def _last(self, operator: str, task: str | None) -> str | None:
        """The id of the task that is named; if none is, of the last one that runs this operator, or of the last one."""
        ran = [event.subject for event in self._run.events.select("environment") if _operator(event) == operator]
        return ran[-1] if task is None and ran else self._task_id(task)

    def _own_output(self, node: str, operator: str, task: str | None) -> tuple[Path, str | None]:
        """Where a node's output of an operator is; and who alone has learned it, if that is the other node."""
        self._check_finished()
        self._check_node(node)
        task_id = self._last(operator, task)
        environment = self._run.events.last("environment", node=node, subject=task_id)
        if environment is None or _operator(environment) != operator:
            named = f"task {self._alias(task_id)} is no {operator}" if task else f"job {self.name} has no {operator}"
            raise JobError(named, hint=f"a task of {operator}, with the result of ss_lr as its input")
        path = _output(environment, self._backend.nodes[node].storage)
        if path.exists():
            return path, None
        try:
            return path, json.loads(description_path(path).read_text("utf-8"))["receiver"]
        except (OSError, ValueError, KeyError):
            raise JobError(f"the result of job {self.name} is gone from {node}", hint="run it again") from None

    def _alias(self, task_id: str | None) -> str:
        """The name that a task has in the job."""
        return next(event.name for event in self._run.events.select("task", subject=task_id))

    def _check_finished(self) -> None:
        """A JobError for a job without a result."""
        if self.phase in (PENDING, RUNNING):
            raise JobError(f"job {self.name} has no result yet: it is {self.phase}", hint="job.wait()")
        if self.phase == FAILED:
            raise JobError(f"job {self.name} has no result: it failed", hint="job.wait() raises the reason")

    def _check_node(self, node: str) -> None:
        if node not in self.nodes:
            raise JobError(f"{node} is not a party of job {self.name}", hint=choice(node, self.nodes))

    def __repr__(self) -> str:
        return f"<Job {self.name}: {self.phase}>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        from .views.job import bundle

        return bundle(self)


def _operator(environment: Event) -> str:
    """What a program with this environment runs."""
    return environment.data.get("runtime.component.name", "")


def _output(environment: Event, storage: Path) -> Path:
    """The result file of the program with this environment, below its node's storage."""
    outputs = [value for key, value in environment.data.items() if key.startswith("runtime.component.output.")]
    if not outputs:
        raise JobError(f"task {environment.subject} has no output")
    place = json.loads(outputs[0])
    return storage / place["namespace"] / place["name"]


def _names(files: Mapping[str, tuple[Any, dict[str, Any]]]) -> tuple[list[str], list[str]]:
    """Feature names and owners of the weights: each name from the file of the node that owns the feature."""
    owners = next(iter(files.values()))[1]["owners"]
    first = next(iter(files))
    names = [files[owner or first][1]["features"][i] for i, owner in enumerate(owners)]
    return names, owners
