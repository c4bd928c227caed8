"""A node's questions to another, as Kuscia puts them and other nodes understand them (spec: kuscia §3.7, §3.8)."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote

from ..control.objects import now
from ..control.offers import NONE, Offers
from ..control.resources import PENDING, KusciaJob, Phase
from ..errors import KusciaError
from .bodies import PHASES
from .translate import request_bytes
from .wire import Request, Response, Transport

RETRIES, PAUSE = 3, 0.2
"""How often to ask again when nobody answers, and after how many seconds."""
SHOWN = 500
"""Characters of a strange answer that an error shows."""


STANDING = "/v1/kuscia-nb/standing"
"""Where a node of this package says why its part of a task waits, or has failed."""


class BfiaError(KusciaError):
    """A peer that refuses, or does not answer."""


class Exchange(NamedTuple):
    """A question and its answer, for who observes the nodes."""

    sender: str
    receiver: str
    request: Request
    response: Response
    time: datetime
    """When the question was put."""


class Client:
    """The peer of a node. Every method raises BfiaError, if the peer refuses or does not answer."""

    def __init__(
        self,
        domain: str,
        peer: str,
        transport: Transport,
        record: Callable[[Exchange], None] | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.domain, self.peer = domain, peer
        self._transport, self._record, self._sleep = transport, record, sleep

    def create_job(self, job: KusciaJob, versions: Mapping[str, str], offers: Offers = NONE) -> None:
        """Let the peer have its copy of the job; tags and descriptions are those of the AppImages here, by name."""
        self._post("job/create", request_bytes(job, versions, offers), job.name)

    def submit(self, request: bytes, job_id: str) -> None:
        """Let the peer have a person's request, as it was written."""
        self._post("job/create", request, job_id)

    def start_job(self, job_id: str) -> None:
        """The job begins."""
        self._post("job/start", _json(job_id=job_id), job_id)

    def stop_job(self, job_id: str) -> None:
        """The job ends, whatever it was at."""
        self._post("job/stop", _json(job_id=job_id), job_id)

    def start_task(self, task_id: str, job_id: str, alias: str) -> None:
        """The task of this alias begins under this id."""
        self._post("task/start", _json(task_id=task_id, job_id=job_id, task_name=alias), task_id)

    def stop_task(self, task_id: str) -> None:
        """The task ends, whatever it was at."""
        self._post("task/stop", _json(task_id=task_id), task_id)

    def poll_task(self, task_id: str, role: str) -> Phase:
        """How far the peer is with its part of a task; Pending, if it says what nobody knows (spec: kuscia §3.4)."""
        data = self._post("task/poll", _json(task_id=task_id, role=role), task_id)
        return PHASES.get(str(data.get("status")), PENDING)

    def standing(self, task_id: str) -> str:
        """Why the peer's part of a task waits or has failed, in a word; empty, if it says none."""
        try:
            word = self.ask_own(STANDING, task_id, task_id=task_id).get("word")
        except BfiaError:  # a node of others, which does not know the question
            return ""
        return word if isinstance(word, str) else ""

    def status_all(self, job_id: str) -> tuple[dict[str, Phase], str | None]:
        """The phase of every task that was started, by taskID, and the job's BFIA state if the peer tells it.

        The question is in the query for Kuscia, and in the body for FATE (spec: bfia §9.4).
        """
        path = f"job/status_all?job_id={quote(job_id, safe='')}"
        data = self._ask("GET", path, _json(job_id=job_id), job_id)
        found, state = data.get("status"), data.get("job_status")
        tasks = found.items() if isinstance(found, dict) else ()
        if not all(task_id.isprintable() for task_id, _ in tasks):
            raise BfiaError(f"{self.peer} gave no BFIA answer: the id of a task is no text")
        phases: dict[str, Phase] = {task_id: PHASES.get(str(said), "") for task_id, said in tasks}
        return phases, state if isinstance(state, str) else None

    def ask_own(self, path: str, trace: str = "", **fields: Any) -> dict[str, Any]:
        """What only a node of this package answers; nobody records it, for it may carry what is secret."""
        body = json.dumps(fields, ensure_ascii=False).encode()
        return self._data(self._sent(Request("POST", path, self._headers(trace), body)))

    def _post(self, path: str, body: bytes, trace: str) -> dict[str, Any]:
        return self._ask("POST", path, body, trace)

    def _ask(self, method: str, path: str, body: bytes, trace: str) -> dict[str, Any]:
        """The data of the peer's answer."""
        request = Request(method, f"/v1/interconn/schedule/{path}", self._headers(trace), body)
        asked = now()
        response = self._sent(request)
        if self._record is not None:
            self._record(Exchange(self.domain, self.peer, request, response, asked))
        return self._data(response)

    def _sent(self, request: Request) -> Response:
        """Put the question until there is an answer."""
        left = RETRIES
        while True:
            try:
                return self._transport(request)
            except OSError as error:
                if left == 0:
                    what = f"{self.peer} is unreachable: {error.strerror or str(error) or type(error).__name__}"
                    hint = f"see that the node of {self.peer} runs, and that its address is right"
                    raise BfiaError(what, hint=hint) from error
            left -= 1
            self._sleep(PAUSE)

    def _headers(self, trace: str) -> dict[str, str]:
        """Kuscia's and the standard's (spec: bfia §1.1, §9.6)."""
        return {
            "Content-Type": "application/json",
            "X-Node-Id": self.domain,
            "X-Source-Node-Id": self.domain,
            "X-Target-Node-Id": self.peer,
            "X-Timestamp": str(time.time_ns() // 1_000_000),
            "X-Nonce": uuid.uuid4().hex,
            "X-Trace-Id": f"trace_{trace}",
        }

    def _data(self, response: Response) -> dict[str, Any]:
        """The data of a good answer."""
        if response.status != 200:
            raise BfiaError(f"response status code: {response.status}, body: {_shown(response.body)}")
        try:
            answer = json.loads(response.body)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict) or "code" not in answer:
            raise BfiaError(f"{self.peer} gave no BFIA answer, body: {_shown(response.body)}")
        if answer["code"] not in (0, 200):
            said = answer.get("msg") or answer.get("message") or f"{self.peer} gives no reason"
            raise BfiaError(f"status code: {answer['code']}, message: {said}")
        data = answer.get("data")
        return data if isinstance(data, dict) else {}


def _json(**fields: str) -> bytes:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def _shown(body: bytes) -> str:
    text = " ".join(body.decode("utf-8", "replace").split())
    return f"{text[:SHOWN]}..." if len(text) > SHOWN else text or "(empty)"
