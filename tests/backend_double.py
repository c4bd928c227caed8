"""A backend whose nodes only keep objects and files: no controllers, no programs. A job is over as soon as it is there.

It is what somebody writes who brings other nodes; `Cluster`, `Job`, views, panel and magics work with it as they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from kuscia_nb.bfia.reader import read_request
from kuscia_nb.bfia.translate import to_job
from kuscia_nb.control.kinds import KusciaTask, TaskParty, TaskSpec
from kuscia_nb.control.kubectl import Output
from kuscia_nb.control.manifest import read_manifest
from kuscia_nb.control.objects import LABEL, Metadata, now
from kuscia_nb.control.resources import KusciaJob
from kuscia_nb.control.store import Store, owned_by
from kuscia_nb.mpc import TrustedThirdParty
from kuscia_nb.observer.events import ProgramBegun, Progressed
from kuscia_nb.observer.observer import Observer
from kuscia_nb.observer.runs import Matter, Run
from kuscia_nb.operators import OPERATORS
from kuscia_nb.operators.results import Ran
from kuscia_nb.operators.shares import write_share
from kuscia_nb.options import Options

SHARES = {"bob": [3 << 18, 5, 7], "alice": [-(1 << 18), 1, 2]}
"""By rank; what each party says of three weights, times 2^18."""


class Desk:
    """A node."""

    def __init__(self, domain: str, storage: Path) -> None:
        self.domain, self.storage, self.store = domain, storage, Store(domain)

    def logs(self, task_id: str) -> str:
        return ""

    def put(self, name: str, content: BinaryIO) -> Path:
        path = self.storage / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.read())
        return path

    def pretend(self, run: Run, kept: KusciaJob) -> None:
        """Every task of the job has run, and has written what nobody has trained."""
        rank, reach = list(SHARES).index(self.domain), {"features": 9.0, "intercept": 9.0}
        about = {"rank": rank, "features": ["b", "a", "intercept"], "owners": ["bob", "alice", ""], "reach": reach}
        for task in kept.spec.tasks:
            name, parties = f"{kept.name}-{task.alias}", [(party.domain_id, party.role) for party in task.parties]
            party = [TaskParty(app_image_ref=task.app_image, domain_id=domain, role=role) for domain, role in parties]
            spec = TaskSpec(initiator="alice", parties=tuple(party), task_input_config=task.task_input_config)
            labels = {f"{LABEL}task-alias": task.alias}
            metadata = Metadata(name=name, labels=labels, owner_references=(owned_by(kept),))
            self.store.create(KusciaTask(metadata=metadata, spec=spec))
            result = json.dumps({"namespace": "results", "name": name})
            known = {"runtime.component.name": "ss_lr", "runtime.component.output.train_data": result}
            run.events.emit(ProgramBegun(self.domain, name, known))
            run.events.emit(Progressed(self.domain, name, 1, 1))
            ring = np.array(SHARES[self.domain], np.int64).view(np.uint64)
            described = {**about, "columns": ["x"], "scaling": {"scale": "none"}}
            write_share(self.storage / "results" / name, ring, 18, described)
            self.store.change(KusciaTask, name, succeeded)


class Stage:
    """The backend."""

    kind = "double"
    unknown: Mapping[Matter, str] = {"trace": "nobody counts messages here", "exchanges": "there are none"}
    closed = False

    def __init__(self, folder: Path) -> None:
        self.nodes = {domain: Desk(domain, folder / domain) for domain in ("alice", "bob")}
        self.observer, self.ttp = Observer(), TrustedThirdParty()
        self.urls: dict[str, str] = {}
        for node in self.nodes.values():
            self.observer.watch(node.store)

    def apply(self, manifest: str | Mapping[str, Any], options: Options) -> Run:
        return self._pretend(read_manifest(str(manifest)), options)

    def submit(self, request: str | Mapping[str, Any], options: Options) -> Run:
        return self._pretend(to_job(read_request(str(request))), options)

    def _pretend(self, job: KusciaJob, options: Options) -> Run:
        run = self.observer.expect(job, options)
        kept = {domain: node.store.create(job) for domain, node in self.nodes.items()}
        for domain, node in self.nodes.items():
            node.pretend(run, kept[domain])
            node.store.change(KusciaJob, job.name, succeeded)
        return run

    def stop(self, run: Run) -> None:
        """It is over already."""

    def delete(self, name: str) -> None:
        for node in self.nodes.values():
            node.store.delete(KusciaJob, name)

    def elsewhere(self, run: Run, task_id: str) -> Mapping[str, Path | str]:
        return {}

    def reveal(self, run: Run, task_id: str) -> None:
        """Both results are here."""

    def refresh(self) -> None: ...

    def reader(self, operator: str) -> Callable[[Ran], Any] | None:
        return OPERATORS[operator].result

    def kubectl(self, line: str, node: str, stdin: str | None, emit: Callable[[str], None] | None) -> Output:
        names = (job.name for job in self.nodes[node].store.objects(KusciaJob))
        return Output(f"kubectl {line}", "".join(f"{node}: {name}\n" for name in names))

    token = ""

    def open_http(self, port: int | None = None, *, token: bool = False) -> dict[str, str]:
        return {}

    def close_http(self) -> None: ...

    def close(self) -> None:
        self.closed = True


def succeeded(object: Any) -> Any:
    status = object.status.model_copy(update={"phase": "Succeeded", "completion_time": now()})
    return object.model_copy(update={"status": status})
