"""A node's questions to its peer: what is sent, what comes back, and what goes wrong (spec: kuscia §3.7, §3.8)."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from bfia_nodes import TUTORIAL, job_of, kept_job, make_node, make_task, standard, task_of, tutorial

from kuscia_nb.bfia.client import PAUSE, BfiaError, Client, Exchange
from kuscia_nb.bfia.handlers import Handlers
from kuscia_nb.bfia.reader import read_request
from kuscia_nb.bfia.translate import request_bytes, to_job
from kuscia_nb.bfia.wire import Request, Response
from kuscia_nb.control.node import Node
from kuscia_nb.control.peer import Peer
from kuscia_nb.control.resources import Phase
from kuscia_nb.errors import KusciaError, ManifestError

JOB, TASK = "job-ss-lr", "job-ss-lr-ss-lr-1"
VERSIONS = {"ss-lr": "latest"}


class Wire:
    """A transport that remembers what it carried, and can answer by itself."""

    def __init__(self, answer: Callable[[Request], Response]) -> None:
        self.answer = answer
        self.requests: list[Request] = []

    def __call__(self, request: Request) -> Response:
        self.requests.append(request)
        return self.answer(request)


def answering(body: object, status: int = 200) -> Client:
    """A client of a peer that always says the same."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Client("alice", "bob", lambda _: Response(status, content))


@pytest.fixture
def bob() -> Node:
    return make_node("bob")


@pytest.fixture
def wire(bob: Node) -> Wire:
    return Wire(Handlers(bob))


@pytest.fixture
def client(wire: Wire) -> Client:
    return Client("alice", "bob", wire)


def test_a_client_is_a_peer(client: Client) -> None:
    peer: Peer = client
    assert peer is client


# --- with a node's own handlers --------------------------------------------------------------------------------------


def test_the_life_of_a_job(client: Client, bob: Node) -> None:  # spec: kuscia §3.8
    client.create_job(to_job(read_request(TUTORIAL)), VERSIONS)
    assert job_of(bob).spec.stage == "Create"
    client.start_job(JOB)
    assert job_of(bob).spec.stage == "Start"
    client.start_task(TASK, JOB, "ss_lr_1")
    assert job_of(bob).spec.tasks[0].task_id == TASK
    assert client.poll_task(TASK, "guest") == "Pending"
    make_task(bob, JOB, "ss_lr_1", "Running", bob="Running")
    assert client.poll_task(TASK, "guest") == "Running"
    assert client.status_all(JOB) == ({}, "PENDING")
    client.stop_task(TASK)
    assert task_of(bob, TASK).status.phase == "Failed"
    client.stop_job(JOB)
    assert job_of(bob).spec.stage == "Stop"


def test_what_is_sent(client: Client, wire: Wire) -> None:
    job = to_job(read_request(TUTORIAL))
    client.create_job(job, VERSIONS)
    client.start_job(JOB)
    client.start_task(TASK, JOB, "ss_lr_1")
    client.poll_task(TASK, "guest")
    client.status_all(JOB)
    client.stop_job(JOB)
    client.stop_task(TASK)
    sent = [(request.method, request.path.removeprefix("/v1/interconn/schedule/")) for request in wire.requests]
    assert sent == [
        ("POST", "job/create"),
        ("POST", "job/start"),
        ("POST", "task/start"),
        ("POST", "task/poll"),
        ("GET", "job/status_all?job_id=job-ss-lr"),
        ("POST", "job/stop"),
        ("POST", "task/stop"),
    ]
    assert [request.body for request in wire.requests] == [
        request_bytes(job, VERSIONS),
        b'{"job_id":"job-ss-lr"}',
        b'{"task_id":"job-ss-lr-ss-lr-1","job_id":"job-ss-lr","task_name":"ss_lr_1"}',
        b'{"task_id":"job-ss-lr-ss-lr-1","role":"guest"}',
        b'{"job_id":"job-ss-lr"}',
        b'{"job_id":"job-ss-lr"}',
        b'{"task_id":"job-ss-lr-ss-lr-1"}',
    ]


def test_the_headers(client: Client, wire: Wire, bob: Node) -> None:  # spec: bfia §1.1, §9.6
    kept_job(bob)
    before = time.time_ns() // 1_000_000
    client.start_job(JOB)
    client.start_job(JOB)
    first, second = (dict(request.headers) for request in wire.requests)
    assert first.pop("X-Nonce") != second.pop("X-Nonce")
    assert before <= int(first.pop("X-Timestamp")) <= time.time_ns() // 1_000_000
    assert first == {
        "Content-Type": "application/json",
        "X-Node-Id": "alice",
        "X-Source-Node-Id": "alice",
        "X-Target-Node-Id": "bob",
        "X-Trace-Id": "trace_job-ss-lr",
    }
    assert all(re.fullmatch("[A-Za-z-]+", name) for name in first)


def test_a_name_in_a_query_is_quoted(client: Client, wire: Wire) -> None:
    with pytest.raises(BfiaError, match="failed to find the job"):
        client.status_all("a&job_id=b/ü")
    assert wire.requests[0].path.endswith("?job_id=a%26job_id%3Db%2F%C3%BC")


def test_status_all(client: Client, bob: Node) -> None:
    states: dict[str, Phase] = {"a": "Pending", "b": "Running", "c": "Succeeded", "d": "Failed"}
    kept_job(bob, phase="Running", task_status=states)
    assert client.status_all(JOB) == (states, "RUNNING")


def test_a_peer_in_the_standards_dialect(client: Client, bob: Node) -> None:
    job = kept_job(bob, standard(tutorial()))
    assert job.name == JOB
    client.start_job(JOB)
    client.start_task(TASK, JOB, "ss_lr_1")
    assert client.poll_task(TASK, "guest") == "Pending"


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda client: client.start_job("x"), "status code: 400, message: job does not exist"),
        (lambda client: client.stop_job("x"), "status code: 400, message: job does not exist"),
        (lambda client: client.status_all("x"), "status code: 400, message: failed to find the job"),
        (lambda client: client.start_task("t", "x", "a"), "status code: 400, message: job does not exist"),
        (lambda client: client.stop_task("x"), "status code: 400, message: task does not exist"),
        (lambda client: client.poll_task("x", "guest"), "status code: 400, message: failed to find the task"),
        # Kuscia's own client shows nothing after the colon here (spec: kuscia §3.1)
        (lambda client: client.start_job(""), "status code: 400, message: parameter job_id can't be empty"),
        (
            lambda client: client.start_task("", "x", ""),
            "status code: 400, message: parameter task_id can't be empty;parameter task_name can't be empty",
        ),
    ],
)
def test_a_peer_that_refuses(client: Client, call: Callable[[Client], Any], text: str) -> None:
    with pytest.raises(BfiaError) as caught:
        call(client)
    assert caught.value.what == text
    assert isinstance(caught.value, KusciaError)


def test_a_job_that_the_peer_has_already(client: Client) -> None:  # the re-run trap, spec: kuscia §3.8
    job = to_job(read_request(TUTORIAL))
    client.create_job(job, VERSIONS)
    with pytest.raises(BfiaError, match=r"^status code: 400, message: Job already exists$"):
        client.create_job(job, VERSIONS)


def test_a_job_that_cannot_be_sent(client: Client, wire: Wire) -> None:
    with pytest.raises(ManifestError, match="failed to get appimage ss-lr"):
        client.create_job(to_job(read_request(TUTORIAL)), {})
    assert wire.requests == []


# --- with other peers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "phase"),
    [
        ({"code": 200, "msg": "", "data": {"status": "RUNNING"}}, "Running"),
        ({"code": 0, "msg": "success", "data": {"status": "SUCCESS"}}, "Succeeded"),
        ({"code": 0, "data": {"status": "READY"}}, "Pending"),
        ({"code": 200, "data": {"status": ""}}, "Pending"),
        ({"code": 200, "data": {"status": "ODD"}}, "Pending"),
        ({"code": 200, "data": {"status": []}}, "Pending"),
        ({"code": 200, "data": None}, "Pending"),
        ({"code": 0}, "Pending"),
        ({"code": 0, "data": []}, "Pending"),
    ],
)
def test_what_a_peer_says_of_a_task(answer: object, phase: str) -> None:  # spec: kuscia §3.4
    assert answering(answer).poll_task(TASK, "guest") == phase


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ({"status": {"a": "RUNNING", "b": "ODD", "c": None}}, ({"a": "Running", "b": "", "c": ""}, None)),
        ({"status": {}, "job_status": "FINISHED"}, ({}, "FINISHED")),
        ({"job_status": 5}, ({}, None)),  # FATE, of a job that it does not know
        ({}, ({}, None)),
        (None, ({}, None)),
        ({"status": "RUNNING"}, ({}, None)),
    ],
)
def test_what_a_peer_says_of_a_job(data: object, found: object) -> None:
    assert answering({"code": 0, "data": data}).status_all(JOB) == found


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        ({"code": 400, "msg": "no"}, 200, "status code: 400, message: no"),
        ({"code": 6000, "message": "404 Not Found"}, 200, "status code: 6000, message: 404 Not Found"),
        ({"code": 400, "msg": "", "message": "x"}, 200, "status code: 400, message: x"),
        ({"code": 400, "msg": ""}, 200, "status code: 400, message: bob gives no reason"),
        ({"code": "200"}, 200, "status code: 200, message: bob gives no reason"),
        (b"404 page not found", 404, "response status code: 404, body: 404 page not found"),
        (b"", 502, "response status code: 502, body: (empty)"),
        (b"x" * 501, 500, f"response status code: 500, body: {'x' * 500}..."),
        (b"<html>\n\xff</html>", 200, "bob gave no BFIA answer, body: <html> \ufffd</html>"),
        (b"[]", 200, "bob gave no BFIA answer, body: []"),
        (b"{}", 200, "bob gave no BFIA answer, body: {}"),
        (b"", 200, "bob gave no BFIA answer, body: (empty)"),
        (b"[" * 100_000, 200, f"bob gave no BFIA answer, body: {'[' * 500}..."),
    ],
)
def test_what_a_peer_may_answer_instead(body: object, status: int, text: str) -> None:
    with pytest.raises(BfiaError) as caught:
        answering(body, status).start_job(JOB)
    assert caught.value.what == text


# --- with nobody -----------------------------------------------------------------------------------------------------


class Flaky:
    """Fails a few times before it answers."""

    def __init__(self, failures: int, error: OSError, answer: Callable[[Request], Response]) -> None:
        self.left, self.error, self.answer = failures, error, answer
        self.tries = 0

    def __call__(self, request: Request) -> Response:
        self.tries += 1
        if self.left:
            self.left -= 1
            raise self.error
        return self.answer(request)


@pytest.mark.parametrize("failures", [0, 1, 3])
def test_who_does_not_answer_is_asked_again(bob: Node, failures: int) -> None:
    kept_job(bob)
    pauses: list[float] = []
    wire = Flaky(failures, ConnectionResetError("gone"), Handlers(bob))
    Client("alice", "bob", wire, sleep=pauses.append).start_job(JOB)
    assert (wire.tries, pauses) == (failures + 1, [PAUSE] * failures)
    assert PAUSE == 0.2


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "bob is unreachable: Connection refused"),
        (TimeoutError("timed out"), "bob is unreachable: timed out"),
        (OSError(), "bob is unreachable: OSError"),
    ],
)
def test_a_peer_that_is_not_there(error: OSError, text: str) -> None:  # spec: kuscia §7 row 41
    pauses: list[float] = []
    wire = Flaky(99, error, lambda _: Response(200, b""))
    with pytest.raises(BfiaError) as caught:
        Client("alice", "bob", wire, sleep=pauses.append).poll_task(TASK, "guest")
    assert (caught.value.what, wire.tries, pauses) == (text, 4, [PAUSE] * 3)
    assert "bob" in caught.value.hint
    assert caught.value.__cause__ is error


def test_a_refusal_is_not_asked_again() -> None:
    wire = Wire(lambda _: Response(503, b"busy"))
    with pytest.raises(BfiaError):
        Client("alice", "bob", wire, sleep=lambda _: pytest.fail("no reason to wait")).start_job(JOB)
    assert len(wire.requests) == 1


# --- for who observes ------------------------------------------------------------------------------------------------


def test_every_exchange_is_told(bob: Node) -> None:
    kept_job(bob)
    seen: list[Exchange] = []
    client = Client("alice", "bob", Handlers(bob), seen.append)
    client.start_job(JOB)
    with pytest.raises(BfiaError):
        client.start_job("x")
    assert [(one.sender, one.receiver) for one in seen] == [("alice", "bob")] * 2
    assert seen[0].request.body == b'{"job_id":"job-ss-lr"}'
    assert seen[0].response.body == b'{"code":200,"msg":"","data":null}'
    assert b"does not exist" in seen[1].response.body
    assert seen[0].time <= seen[1].time <= datetime.now(UTC)


def test_a_call_within_the_process_is_quick(client: Client, bob: Node) -> None:
    kept_job(bob)
    make_task(bob, JOB, "ss_lr_1", "Running", bob="Running")

    def fastest(call: Callable[[], object]) -> float:
        times = []
        for _ in range(50):
            begin = time.perf_counter()
            call()
            times.append(time.perf_counter() - begin)
        return min(times)

    assert fastest(lambda: client.poll_task(TASK, "guest")) < 0.5e-3
    assert fastest(lambda: client.start_task(TASK, JOB, "ss_lr_1")) < 0.5e-3
