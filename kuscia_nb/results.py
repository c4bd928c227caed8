"""What a job has written into its nodes' files: shares, weights, predictions, reports, and plaintext beside them."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from .backends.base import Backend
from .control.resources import OVER, SUCCEEDED
from .data.description import description_path
from .data.files import Folder
from .errors import JobError, KusciaError, ModelWarning
from .observer.events import Handed, ProgramBegun, TaskMade
from .observer.history import History, operator_of
from .observer.runs import Run
from .operators import OPERATORS
from .operators.results import Ran, Told
from .texts.sentence import Sentence

if TYPE_CHECKING:
    import pandas as pd

    from .canvas import Picture
    from .operators.linear_model import Model


_NO_RESULT = "No result of {task}: {reason}"
_NO_SHADOW = "No teacher's shadow of {task}: {reason}"

T = TypeVar("T")


class Results(History):
    """A job's history with what it has left on its nodes."""

    def __init__(self, backend: Backend, run: Run) -> None:
        super().__init__(run, backend.unknown)
        self._backend = backend
        self._kept_results: dict[str, Any] = {}
        self._watches: dict[str, Any] = {}

    def result(self, task: str | None = None) -> Any:
        """What a task has left (the last one, unless one is named), as its operator reads it; else each node's file."""
        self._check_finished()
        return self._read(self._task_id(task))

    def told(self, *, shadow: bool = True) -> list[Any]:
        """What its operators say of their results, and of the teacher's shadow, if there is one: the job's report.

        Each is a `Told` of operators.results. Of several tasks of one operator it is the last.
        """
        self._check_finished()
        last = {operator_of(event): event.subject for event in self._run.events.select(ProgramBegun)}
        return [told for task_id in last.values() for told in self._told(task_id, shadow and self.options.shadow)]

    def watched(self) -> list[Any]:
        """What a job with `shadow=True` shows of its tasks while they run, from what they hand the observer.

        Each is a `Told` of operators.results. A task of which nothing can be said yet is left out; if it stays so, the
        report says why.
        """
        watching = self.options.shadow and "shadow" not in self.unknown
        ran = dict.fromkeys(event.subject for event in self._run.events.select(Handed)) if watching else {}
        return [told for task_id in ran for told in self._watched(task_id)]

    def _watched(self, task_id: str) -> Iterator[Told]:
        """What can be said of one task, as soon as all parties have handed something."""
        watch, handed = getattr(self._reader(task_id), "watch", None), self._handed(task_id)
        if watch is None or not all(handed.values()):
            return
        try:
            if task_id not in self._watches:
                self._watches[task_id] = watch(self._ran(task_id))
            yield self._watches[task_id].told(handed)
        except KusciaError:
            return

    def _handed(self, task_id: str | None) -> dict[str, list[Any]]:
        """What each node's program of a task has handed the observer, in order."""
        handed = self._run.events.select(Handed, subject=task_id)
        return {node: [event.data for event in handed if event.node == node] for node in self.nodes}

    def shares(self, node: str, task: str | None = None) -> pd.DataFrame:
        """One node's own share of the weights: feature, owner, ring (uint64), share (that as a number).

        One share alone says nothing about the weights. Names come from both nodes' files, shares from this one's.
        """
        return self._having("weights", task).shares(node)

    def weights(self, task: str | None = None) -> pd.DataFrame:
        """The model: feature, owner, one column of shares for each node, weight.

        If a party has scaled its columns, `original_units` are the weights for the columns as they were. A weight
        that cannot be right is a ModelWarning.
        """
        return _undoubted(*self._having("weights", task).weights())

    def reveal(self, task: str | None = None) -> pd.DataFrame | None:
        """Send the peer this side's share of the weights, and take the peer's: each, if the job's `reveal` says so.

        That is agreed before the job starts: none, both, or the one node that learns the weights. Returns the weights
        where they are learned, None at the other node. JobError, if nothing is revealed.
        """
        task_id = self._with("weights", task)
        self._backend.reveal(self._run, task_id)
        return None if self._ran(task_id).missing else self.weights(task)

    def model(self, task: str | None = None) -> Model:
        """The model for columns in their original units, to predict with, to save, or for scikit-learn.

        It is the observer's: both parties' shares and scaling meet in it, and no party has it.
        """
        return _undoubted(*self._having("model", task).model())

    def predictions(self, node: str, task: str | None = None) -> pd.DataFrame:
        """What a node has learned of a prediction: the id (if there is one), score, probability, predicted."""
        self._check_finished()
        self._check_node(node)
        return self._having("predictions", task).predictions(node)

    def evaluation(self, task: str | None = None) -> pd.DataFrame:
        """What an evaluation says of the model, of the node that has the labels: metric, value."""
        import pandas as pd

        metrics = self.report(task)["metrics"]
        values = [float("nan") if value is None else value for value in metrics.values()]
        return pd.DataFrame({"metric": list(metrics), "value": values})

    def report(self, task: str | None = None) -> dict[str, Any]:
        """The whole report of an evaluation: owner, holdout, threshold, metrics, confusion and curves."""
        return self._having("report", task).report()

    @property
    def shadow(self) -> Any:
        """The teacher's shadow, of a job that was started with `shadow=True`: the same training in plaintext.

        The observer reads both nodes' data for it, which no party can.
        """
        if not self.options.shadow:
            hint = "start it with shadow=True: the observer then reads both nodes' data and trains in plaintext"
            raise JobError(f"job {self.name} has no teacher's shadow", hint=hint)
        self._check_known("shadow")
        return self.observed(None)

    def fxp_bits(self, task: str | None = None) -> int:
        """Fraction bits of the weights."""
        return self._having("weights", task).fxp_bits

    def observed(self, task: str | None) -> Any:
        """A task's shadow, computed once."""
        return self._kept(self._with("shadow", task)).shadow

    def draw(self, name: str, task: str | None) -> Picture:
        """A picture that a task's operator draws."""
        return self._kept(self._with(name, task, picture=True)).draw(name)

    def _kept(self, task_id: str) -> Any:
        """What a task has left, read once: its shadow takes a while."""
        if task_id not in self._kept_results:
            self._kept_results[task_id] = self._read(task_id)
        return self._kept_results[task_id]

    def _told(self, task_id: str, shadow: bool) -> Iterator[Told]:
        """What there is to say of a task; what cannot be read, or said, does not keep the rest of a report back."""
        reader = self._reader(task_id)
        asked = [self._read] if hasattr(reader, "told") else []
        for read in [*asked, self.observed] if shadow and hasattr(reader, "shadow") else asked:
            try:
                yield read(task_id).told()
            except Exception as error:  # the files of a closed cluster are gone, data are others by now, ...
                template = _NO_SHADOW if read == self.observed else _NO_RESULT
                yield Told(notes=[Sentence(template, task=self._alias(task_id), reason=error)])

    def _having(self, what: str, task: str | None) -> Any:
        """The result that has this: of the task that is named, or of the last one with it."""
        return self._read(self._with(what, task))

    def _with(self, what: str, task: str | None, *, picture: bool = False) -> str:
        """The id of the task that is named; if none is, of the last one whose operator reads this from its results."""
        self._check_finished()
        self._check_known("results")
        has = _draws if picture else hasattr
        ran = dict.fromkeys(event.subject for event in self._run.events.select(ProgramBegun))
        having = [task_id for task_id in ran if has(self._reader(task_id), what)]
        chosen = self._task_id(task) if task is not None else having[-1] if having else None
        if chosen in having:
            return chosen
        offering = [name for name, operator in OPERATORS.items() if has(operator.result, what)]
        whose = f"job {self.name}" if task is None else f"task {self._alias(chosen)}"
        hint = f"a task of {' or '.join(offering) or 'an operator that reads it'}"
        shown = f"; %kuscia result {self.name} shows what it has written"
        raise JobError(f"{whose} has no {'picture ' if picture else ''}{what}", hint=hint + shown)

    def _reader(self, task_id: str | None) -> Callable[[Ran], Any] | None:
        """What reads a task's results, if its operator brings that."""
        event = self._run.events.last(ProgramBegun, subject=task_id)
        return self._backend.reader(operator_of(event)) if event else None

    def _read(self, task_id: str | None) -> Any:
        """What a task has left, read from the files of the nodes that can be read."""
        reader, ran = self._reader(task_id), self._ran(task_id)
        for path in ran.outputs.values() if self._backend.closed else ():
            if not path.exists() and not description_path(path).exists():
                raise JobError(f"the result of job {self.name} is gone with its nodes", hint="run it again")
        return ran.outputs if reader is None else reader(ran)

    def _ran(self, task_id: str | None) -> Ran:
        """What there is to read of a task."""
        nodes = self._backend.nodes
        found = {node: self._run.events.last(ProgramBegun, node=node, subject=task_id) for node in self.nodes}
        events = {node: event for node, event in found.items() if event is not None and node in nodes}
        outputs = {node: _output(event, nodes[node].storage) for node, event in events.items()}
        elsewhere = self._backend.elsewhere(self._run, task_id) if task_id else {}
        missing = {node: found for node, found in elsewhere.items() if isinstance(found, str)}
        outputs |= {node: found for node, found in elsewhere.items() if not isinstance(found, str)}
        environments = {node: event.data for node, event in events.items()}
        began = min((event.time for event in events.values()), default=next(iter(self._run.events)).time).timestamp()
        alias, handed = self._alias(task_id), self._handed(task_id)
        return Ran(self.name, alias, self.options, began, environments, outputs, missing, handed)

    def _check_node(self, node: str) -> None:
        super()._check_node(node)
        if node not in self._backend.nodes:
            what = f"{node}'s node is elsewhere: what job {self.name} does there is known there alone"
            raise JobError(what, hint=f"ask {node}; here is " + " and ".join(self._backend.nodes))

    def logs(self, node: str) -> str:
        """What the programs of one node have logged; of one that failed, its error is the end."""
        written = super().logs(node)
        if written or node not in self._backend.nodes:
            return written
        tasks = [event.subject for event in self._run.events.select(TaskMade, node=node)]
        return "".join(map(self._backend.nodes[node].logs, tasks)).rstrip("\n")

    def _check_finished(self) -> None:
        """A JobError for a job without a result."""
        if self.phase not in OVER:
            raise JobError(f"job {self.name} has no result yet: it is {self.phase}", hint="job.wait()")
        if self.phase != SUCCEEDED:
            raise JobError(f"job {self.name} has no result: it failed", hint="job.wait() raises the reason")


def _output(environment: ProgramBegun, storage: Folder) -> Folder:
    """The result file of the program with this environment, below its node's storage."""
    outputs = [value for key, value in environment.data.items() if key.startswith("runtime.component.output.")]
    if not outputs:
        raise JobError(f"task {environment.subject} has no output")
    place = json.loads(outputs[0])
    return storage / place["namespace"] / place["name"]


def _draws(reader: object, name: str) -> bool:
    """Whether what a reader reads can be drawn so."""
    return name in getattr(reader, "pictures", ())


def _undoubted(found: T, doubt: str | None) -> T:
    """A model, with a warning to whoever has asked the job for it if it cannot be right."""
    if doubt is not None:
        warnings.warn(doubt, ModelWarning, stacklevel=3)
    return found
