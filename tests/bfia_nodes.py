"""What the tests of BFIA's handlers, client and server share: nodes without controllers, jobs and tasks on them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kuscia_nb.bfia.handlers import Handlers
from kuscia_nb.bfia.reader import read_request
from kuscia_nb.bfia.translate import to_job
from kuscia_nb.bfia.wire import Request, Response
from kuscia_nb.control.app_images import app_image
from kuscia_nb.control.kinds import Domain, KusciaTask, PartyTaskStatus, TaskParty, TaskSpec
from kuscia_nb.control.node import Node
from kuscia_nb.control.objects import LABEL, Metadata
from kuscia_nb.control.resources import KusciaJob, Phase, Stage
from kuscia_nb.control.store import owned_by
from kuscia_nb.operators import OPERATORS

TUTORIAL = (Path(__file__).parent / "data" / "job-ss-lr.json").read_text()
SCHEDULE = "/v1/interconn/schedule"
PLATFORM = "/v1/platform/schedule"


def furnished(node: Node) -> Node:
    """The node with what a job needs."""
    for domain in ("alice", "bob"):
        node.store.create(Domain(metadata=Metadata(name=domain, namespace="")))
    node.store.create(app_image(OPERATORS["ss_lr"]))
    return node


def make_node(domain: str = "bob", logs: Callable[[str, str], str] = lambda domain, task_id: "") -> Node:
    return furnished(Node(domain, Path("nowhere") / domain, logs))


def ask(node: Node, method: str, path: str, body: object = b"", **headers: str) -> Response:
    """Put a question to a node's handlers; a body that is not bytes is written as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return Handlers(node)(Request(method, path, named, content))


def post(node: Node, path: str, body: object = b"", **headers: str) -> dict[str, Any]:
    """The body of the answer to a POST under the schedule's path."""
    response = ask(node, "POST", path if path.startswith("/") else f"{SCHEDULE}/{path}", body, **headers)
    assert response.status == 200
    return json.loads(response.body)


def get(node: Node, path: str, body: object = b"") -> dict[str, Any]:
    response = ask(node, "GET", path if path.startswith("/") else f"{SCHEDULE}/{path}", body)
    assert response.status == 200
    return json.loads(response.body)


def tutorial(**changes: Any) -> dict[str, Any]:
    """The tutorial's request with other values at the top."""
    return json.loads(TUTORIAL) | changes


def chain(*names: str, **changes: Any) -> dict[str, Any]:
    """A request for components of which each needs the one before it."""
    request = tutorial(**changes)
    (first,) = request["dag"]["components"]
    components = []
    for name, before in zip(names, (None, *names), strict=False):
        inputs = [{"type": "dataset", "key": f"{before}.result"}] if before else []
        components.append(first | {"name": name, "input": inputs})
    request["dag"]["components"] = components
    params = request["config"]["task_params"]
    for holder in (params["host"]["0"], params["guest"]["0"], params["common"]):
        own = holder.pop("ss_lr_1")
        holder.update(dict.fromkeys(names, own))
    return request


def standard(request: dict[str, Any]) -> dict[str, Any]:
    """The request in the standard's dialect."""
    for component in request["dag"]["components"]:
        component["componentName"] = component.pop("module_name")
        component["provider"] = "secretflow"
        del component["code"]
    return request


def kept_job(node: Node, request: dict[str, Any] | None = None, **status: Any) -> KusciaJob:
    """The job of a request (the tutorial's) in a node's store, as far as `status` says."""
    job = node.create(to_job(read_request(json.dumps(request or tutorial()))))
    return change_job(node, job.name, **status) if status else job


def change_job(node: Node, name: str, *, stage: Stage | None = None, **status: Any) -> KusciaJob:
    def changed(job: KusciaJob) -> KusciaJob:
        job = job.in_stage(stage) if stage else job
        return job.model_copy(update={"status": job.status.model_copy(update=status)})

    job = node.store.change(KusciaJob, name, changed)
    assert job is not None
    return job


def make_task(node: Node, job: str, alias: str, phase: Phase = "Running", **parties: Phase) -> KusciaTask:
    """A task on a node, as its controller makes it; `parties` are the phases by domain."""
    found = node.store.get(KusciaJob, job)
    assert found is not None
    task_id = f"{job}-{alias.replace('_', '-')}"
    of_job = next(task for task in found.spec.tasks if task.alias == alias)
    if of_job.task_id is None:
        post(node, "task/start", {"job_id": job, "task_id": task_id, "task_name": alias})
    spec = TaskSpec(
        initiator=found.spec.initiator,
        parties=tuple(
            TaskParty(app_image_ref=of_job.app_image, domain_id=p.domain_id, role=p.role) for p in of_job.parties
        ),
        task_input_config=of_job.task_input_config,
    )
    metadata = Metadata(
        name=task_id,
        labels={f"{LABEL}job-id": job, f"{LABEL}task-alias": alias},
        owner_references=(owned_by(found),),
    )
    roles = {party.domain_id: party.role for party in of_job.parties}
    told = tuple(PartyTaskStatus(domain_id=d, role=roles[d], phase=phase) for d, phase in parties.items())
    task = KusciaTask(metadata=metadata, spec=spec)
    status = task.status.model_copy(update={"phase": phase, "party_task_status": told})
    return node.store.create(task.model_copy(update={"status": status}))


def job_of(node: Node, name: str = "job-ss-lr") -> KusciaJob:
    job = node.store.get(KusciaJob, name)
    assert job is not None
    return job


def task_of(node: Node, task_id: str) -> KusciaTask:
    task = node.store.get(KusciaTask, task_id)
    assert task is not None
    return task
