"""Results that the parties have agreed to reveal: one node's own goes to its peer if the job says so, never otherwise.

The agreement is the parameter `reveal` of a task, which both nodes know before the job starts; a node may refuse such
jobs altogether. What is sent is the task's result file with its description: for ss_lr this party's share of the
weights, the names of its columns and how they were scaled. Both sides log it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..control.consent import REVEAL, learners
from ..control.kinds import KusciaTask
from ..control.node import Node
from ..control.objects import now
from ..control.resources import SUCCEEDED
from ..data.description import description_path, write_description
from ..data.files import make_folder, write_atomically
from ..errors import JobError, KusciaError
from ..observer.events import ProgramBegun, Said
from ..observer.observer import Observer
from ..observer.runs import Run
from ..operators.party import outputs
from ..texts.sentence import Sentence

PATH = "/v1/kuscia-nb/reveal"
FOLDER = "revealed"
"""Below a node's storage: what peers have revealed, and a log of all that was sent and received."""
_PARAMETER = f"runtime.component.parameter.{REVEAL}"
_NODE = "config.node_id."
_ITS_OWN = "only {peer} has its own: the job says reveal: {reveal}"
_NOT_SENT = "{peer} has not sent its own: {reason}"

Ask = Callable[[str, str, dict[str, Any]], dict[str, Any]]
"""A peer's answer: its domain, the task's id, what is asked."""


class Agreed(NamedTuple):
    """What was agreed of a task's result, and where this node's is."""

    reveal: str
    domains: tuple[str, ...]
    path: Path

    @property
    def learners(self) -> tuple[str, ...]:
        """Who learns it."""
        return learners(self.reveal, self.domains)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Agreed:
        """By what the node's own program was started with."""
        domains = tuple(value for key, value in environment.items() if key.startswith(_NODE))
        return cls(environment.get(_PARAMETER, "none"), domains, outputs(environment)[0])


class Revealing:
    """One node's side."""

    def __init__(self, node: Node, observer: Observer, ask: Ask) -> None:
        self._node, self._observer, self._ask = node, observer, ask

    def elsewhere(self, run: Run, task_id: str) -> dict[str, Path | str]:
        """For each peer its result, if this node may learn it; else why there is none here."""
        agreed = self._agreed(run, task_id)
        if agreed is None:
            return {}
        return {peer: self._of_peer(run, task_id, agreed, peer) for peer in self._peers(agreed)}

    def reveal(self, run: Run, task_id: str) -> None:
        """Send what was agreed of this node's result, and take what was of the peer's. JobError, if nothing was."""
        agreed = self._agreed(run, task_id)
        if agreed is None or not agreed.learners:
            what = f"job {run.name} reveals nothing: its {REVEAL} is {agreed.reveal if agreed else 'none'}"
            raise JobError(what, hint=f'"{REVEAL}": "both" among the parameters of its task, which both nodes agree to')
        for peer in self._peers(agreed):
            self._exchange(run, task_id, agreed, peer)

    def answer(self, sender: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """What a peer gets of this node's; what it sends is kept, if this node may learn it."""
        task_id = str(asked.get("task_id", ""))
        task = self._node.store.get(KusciaTask, task_id)
        run = self._observer.run_of_task(task_id)
        if task is None or run is None or task.party(sender) is None or sender == self._node.domain:
            raise JobError("failed to find the task")
        agreed = self._agreed(run, task_id)
        if agreed is None or task.status.phase != SUCCEEDED:
            raise JobError(f"task {task_id} has no result at {self._node.domain}")
        if isinstance(asked.get("result"), dict):
            self._keep(run, task_id, agreed, sender, asked["result"])
        return self._own(run, task_id, agreed, sender)

    def _of_peer(self, run: Run, task_id: str, agreed: Agreed, peer: str) -> Path | str:
        place = self._place(task_id, peer)
        if place.exists():
            return place
        if self._node.domain not in agreed.learners:
            return Sentence(_ITS_OWN, peer=peer, reveal=agreed.reveal)
        try:
            self._exchange(run, task_id, agreed, peer)
        except KusciaError as error:
            return Sentence(_NOT_SENT, peer=peer, reason=error.what)
        return place if place.exists() else Sentence(_NOT_SENT, peer=peer, reason="nothing was in its answer")

    def _exchange(self, run: Run, task_id: str, agreed: Agreed, peer: str) -> None:
        """Ask a peer for its result, and send one's own along, each if it was agreed."""
        answer = self._ask(peer, task_id, {"task_id": task_id, **self._own(run, task_id, agreed, peer)})
        if isinstance(answer.get("result"), dict):
            self._keep(run, task_id, agreed, peer, answer["result"])

    def _own(self, run: Run, task_id: str, agreed: Agreed, peer: str) -> dict[str, Any]:
        """This node's result, if the peer may learn it and this node reveals anything."""
        consent = self._node.consent
        if peer not in agreed.learners or (consent is not None and consent.reveal == "never"):
            return {}
        described = json.loads(description_path(agreed.path).read_text("utf-8"))
        self._log(run, task_id, f"sent this party's result to {peer}, for the job says {REVEAL}: {agreed.reveal}")
        return {"result": {"lines": agreed.path.read_text("utf-8"), "description": described}}

    def _keep(self, run: Run, task_id: str, agreed: Agreed, peer: str, result: Mapping[str, Any]) -> None:
        """Keep a peer's result below this node's storage, if it was agreed that this node learns it."""
        lines, described = result.get("lines"), result.get("description")
        if self._node.domain not in agreed.learners:
            return
        if not isinstance(lines, str) or not isinstance(described, dict):
            raise JobError(f"{peer} has sent no result of task {task_id}")
        place = self._place(task_id, peer)
        write_description(place, described)
        write_atomically(place, lines.encode())
        self._log(run, task_id, f"got {peer}'s result from {peer}, for the job says {REVEAL}: {agreed.reveal}")

    def _agreed(self, run: Run, task_id: str) -> Agreed | None:
        begun = run.events.last(ProgramBegun, node=self._node.domain, subject=task_id)
        return Agreed.of(begun.data) if begun and outputs(begun.data) else None

    def _peers(self, agreed: Agreed) -> list[str]:
        return [domain for domain in agreed.domains if domain != self._node.domain]

    def _place(self, task_id: str, peer: str) -> Path:
        return self._node.storage / FOLDER / peer / task_id

    def _log(self, run: Run, task_id: str, text: str) -> None:
        run.events.emit(Said(self._node.domain, task_id, "log", text))
        place = self._node.storage / FOLDER / "log"  # which is there when the job is not, because it was replaced, say
        make_folder(place.parent)
        with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8") as kept:
            kept.write(f"{now().isoformat(timespec='seconds')} {task_id}: {text}\n")
