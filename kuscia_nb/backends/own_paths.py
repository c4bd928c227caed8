"""What a node answers beside BFIA, to nodes of this package alone: who it is, where its jobs stand, what it reveals."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from ..bfia.client import STANDING
from ..bfia.wire import Request, Response, Transport
from ..control.consent import owner
from ..control.node import Node
from ..control.resources import KusciaJob
from ..control.standing import standing as word_for
from ..errors import JobError, KusciaError

__all__ = ["ABOUT", "ROOM", "STANDING", "about", "room", "standing", "with_own_paths"]

ABOUT = "/v1/kuscia-nb/about"
ROOM = "/v1/kuscia-nb/room"
Answer = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
"""What is answered to a sender who has sent this."""


def with_own_paths(handlers: Transport, paths: Mapping[str, Answer]) -> Transport:
    """A node's handlers with more paths, which are POSTed JSON."""

    def answer(request: Request) -> Response:
        found = paths.get(request.path.partition("?")[0]) if request.method == "POST" else None
        return handlers(request) if found is None else _answered(found, request)

    return answer


def _answered(answer: Answer, request: Request) -> Response:
    sender = request.sender
    try:
        asked = json.loads(request.body or b"{}")
        if not isinstance(asked, dict):
            raise ValueError("no object")
        said: dict[str, Any] = {"code": 0, "msg": "", "data": answer(sender, asked)}
    except KusciaError as error:
        said = {"code": 400, "msg": error.what}
    except (ValueError, RecursionError):
        said = {"code": 400, "msg": "the body is no JSON object"}
    except OSError as error:
        said = {"code": 500, "msg": error.strerror or type(error).__name__}
    return Response(200, json.dumps(said, ensure_ascii=False).encode())


def standing(node: Node) -> Answer:
    """Where this node's part of a task stands, for the other parties of its job."""

    def answer(sender: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        task_id = str(asked.get("task_id", ""))
        job = node.job_of(task_id)
        parties = {party.domain_id for task in job.spec.tasks for party in task.parties} if job else set()
        if job is None or sender not in {owner(job), *parties}:
            raise JobError("failed to find the task")
        return {"word": word_for(node, task_id)}

    return answer


def room(node: Node) -> Answer:
    """Whether a peer's job of this name would be taken, as far as names go: see `Consent.lets_replace`."""

    def answer(sender: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        job = node.store.get(KusciaJob, str(asked.get("job_id", "")))
        if job is None:
            return {"free": True}
        free = node.consent is not None and node.consent.lets_replace(node.domain, job, job)
        return {"free": free and owner(job) == sender}

    return answer


def about(domain: str) -> Answer:
    """Which node this is, of which version, and what time it is there."""

    def answer(sender: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        from .. import __version__

        return {"domain": domain, "version": __version__, "time": time.time()}

    return answer
