"""A node's BFIA API on a real port: the tutorial's line, strangers, limits, and whatever a schema can think of."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from typing import Any

import pytest
import requests
import schemathesis
from bfia_nodes import SCHEDULE, TUTORIAL, job_of, kept_job, make_node, make_task, standard, tutorial
from hypothesis import HealthCheck, settings
from nodes_apart import until
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from kuscia_nb.bfia import http_server
from kuscia_nb.bfia.client import BfiaError, Client
from kuscia_nb.bfia.handlers import ROUTES, Handlers
from kuscia_nb.bfia.http import http_transport
from kuscia_nb.bfia.openapi import document
from kuscia_nb.bfia.reader import read_request
from kuscia_nb.bfia.server import PORT, BfiaServer
from kuscia_nb.bfia.translate import to_job
from kuscia_nb.bfia.wire import Request, Response
from kuscia_nb.control.node import Node
from kuscia_nb.control.resources import KusciaJob
from kuscia_nb.errors import KusciaError

JOB = "job-ss-lr"


@contextmanager
def serving(node: Node, port: int | None = 0, token: str = "") -> Iterator[BfiaServer]:
    server = BfiaServer(Handlers(node), port, token=token)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def node() -> Node:
    return make_node("alice")


@pytest.fixture
def server(node: Node) -> Iterator[BfiaServer]:
    with serving(node) as server:
        yield server


def ask(
    server: BfiaServer, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
) -> Response:
    return http_transport(server.url)(Request(method, path, headers or {}, body))


def raw(server: BfiaServer, text: bytes) -> bytes:
    """Everything that a server answers to some bytes, until it closes the connection."""
    assert server.port is not None
    with closing(socket.create_connection(("127.0.0.1", server.port), timeout=10)) as connection:
        connection.sendall(text)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
        return answer


# --- the tutorial ----------------------------------------------------------------------------------------------------

CURL = f"""\
curl -v -X POST 'http://127.0.0.1:8084/v1/interconn/schedule/job/create' \\
--header 'Content-Type: application/json' \\
-d '{TUTORIAL.strip()}'
"""


def test_the_tutorials_line(node: Node) -> None:
    with serving(node, None) as server:  # on 8084, unless that is taken
        line = CURL.replace(":8084", f":{server.port}")
        found = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=30, check=True)
        assert json.loads(found.stdout) == {"code": 200, "msg": "", "data": {"status": "PENDING"}}
        assert "< HTTP/1.1 200 OK" in found.stderr
        assert "< Content-Type: application/json; charset=utf-8" in found.stderr
        assert len(job_of(node).spec.tasks[0].task_input_config) == 798
        again = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=30, check=True)
        assert json.loads(again.stdout) == {"code": 400, "msg": "Job already exists", "data": None}


def test_the_tutorials_line_without_its_header(node: Node) -> None:  # spec: kuscia §3.2
    with serving(node) as server:
        line = CURL.replace(":8084", f":{server.port}").replace("--header 'Content-Type: application/json' ", "")
        found = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=30, check=True)
        text = "parameter job_id can't be empty;parameter dag can't be empty;parameter config can't be empty"
        assert json.loads(found.stdout) == {"code": 400, "message": text}


# --- two nodes over HTTP ---------------------------------------------------------------------------------------------


def test_the_client_over_http() -> None:
    bob = make_node("bob")
    with serving(bob) as server:
        client = Client("alice", "bob", http_transport(server.url))
        client.create_job(to_job(read_request(TUTORIAL)), {"ss-lr": "latest"})
        client.start_job(JOB)
        client.start_task("t", JOB, "ss_lr_1")
        assert client.poll_task("t", "guest") == "Pending"
        assert client.status_all(JOB) == ({}, "PENDING")
        with pytest.raises(BfiaError, match="message: failed to find the job"):
            client.status_all("ü&?")
        url = server.url
    with pytest.raises(BfiaError, match=r"^bob is unreachable: Connection refused\n"):
        Client("alice", "bob", http_transport(url), sleep=lambda _: None).start_job(JOB)


@pytest.mark.parametrize("url", ["", "bob", "ftp://127.0.0.1", "http://", "http://127.0.0.1:x", "http://a:99999"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(KusciaError, match="is not the address of a node"):
        http_transport(url)


@contextmanager
def answering(answer: bytes, *, hold: bool = False) -> Iterator[str]:
    """A server that says the same to everybody; its URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(answer)
            if hold:
                done.wait(30)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        done.set()
        thread.join()
        listener.close()


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", b"nonsense\r\n\r\n"])
def test_what_is_no_http_is_an_error_of_the_transport(answer: bytes) -> None:
    with answering(answer) as url, pytest.raises(ConnectionError):
        http_transport(url)(Request("GET", "/", {}))


def test_a_peer_that_never_ends_its_answer() -> None:
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", hold=True) as url, pytest.raises(TimeoutError):
        http_transport(url, total=0.2)(Request("GET", "/", {}))


def test_an_answer_without_end() -> None:
    with (
        answering(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (11 * 2**20)) as url,
        pytest.raises(ConnectionError, match="an answer of more than"),
    ):
        http_transport(url)(Request("GET", "/", {}))


def test_proxies_are_not_used(server: BfiaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert ask(server, "GET", "/v1/interconn/node/health").body == b'{"status":"ok"}'


# --- ports -----------------------------------------------------------------------------------------------------------


def test_two_servers_have_two_ports(node: Node) -> None:
    with serving(node, None) as first, serving(make_node("bob"), None) as second:
        assert first.port is not None
        assert second.port is not None
        assert PORT <= first.port < second.port
        assert first.url == f"http://127.0.0.1:{first.port}"
        for server, name in ((first, b"alice"), (second, b"bob")):
            assert name in ask(server, "GET", "/v1/interconn/node/query").body


def test_a_port_that_is_taken(node: Node, server: BfiaServer) -> None:
    other = BfiaServer(Handlers(node), server.port)
    with pytest.raises(KusciaError, match=f"^port {server.port} is in use\n") as caught:
        other.start()
    assert "another port" in caught.value.hint
    other.stop()
    with pytest.raises(KusciaError, match="does not run"):
        _ = other.url


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_that_is_none(node: Node, port: int) -> None:
    with pytest.raises(KusciaError, match=f"^{port} is not a port\n"):
        BfiaServer(Handlers(node), port).start()


def test_all_ports_taken(node: Node, server: BfiaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kuscia_nb.bfia.server.PORT", server.port)
    monkeypatch.setattr("kuscia_nb.bfia.server.MOST_TRIED", 1)
    with pytest.raises(KusciaError, match="are all in use"):
        BfiaServer(Handlers(node)).start()


def test_nothing_is_left_of_a_server(node: Node) -> None:
    threads = set(threading.enumerate())
    server = BfiaServer(Handlers(node), 0)
    port = server.start()
    assert server.start() == port, "it is started once"
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/v1/interconn/node/health")
    assert connection.getresponse().read() == b'{"status":"ok"}'
    idle = socket.create_connection(("127.0.0.1", port), timeout=10)
    half = socket.create_connection(("127.0.0.1", port), timeout=10)
    half.sendall(b"POST /v1/interconn/schedule/job/create HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{")
    server.stop()
    server.stop()
    assert set(threading.enumerate()) <= threads
    for open_one in (connection.sock, idle, half):
        with closing(open_one), suppress(ConnectionResetError):  # so ends one whose last bytes were not read
            assert open_one.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=10)
    again = BfiaServer(Handlers(node), port)
    assert again.start() == port
    again.stop()
    assert again.start() == port, "and can be started again"
    again.stop()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere a machine has only one address of its own")
def test_it_listens_on_one_address(server: BfiaServer) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", server.port or 0), timeout=10)


# --- strangers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.0.0.1:8084", "LOCALHOST:1", "[::1]:8084", "127.1.2.3"])
@pytest.mark.parametrize("origin", ["", "http://localhost:8888", "https://127.0.0.1"])
def test_who_is_let_in(server: BfiaServer, host: str, origin: str) -> None:
    headers = {"Host": host} | ({"Origin": origin, "Sec-Fetch-Site": "cross-site"} if origin else {})
    assert ask(server, "GET", "/v1/interconn/node/health", headers).status == 200


@pytest.mark.parametrize("path", ["/v1/interconn/node/health", "/", "/openapi.json", "/nowhere"])
@pytest.mark.parametrize(
    ("headers", "text"),
    [
        (
            {"Host": "evil.example:8084"},
            "this server answers to 127.0.0.1 and localhost only, not to the host evil.example:8084",
        ),
        ({"Host": "127.0.0.1.evil.example"}, "this server answers to 127.0.0.1 and localhost only, not to the host "),
        ({"Host": "192.168.0.1"}, "this server answers to "),
        ({"Host": "["}, "this server answers to "),
        ({"Origin": "https://evil.example"}, "this server does not answer to pages of https://evil.example"),
        ({"Origin": "null"}, "this server does not answer to pages of null"),
        ({"Origin": "http://localhost.evil.example"}, "this server does not answer to pages of "),
        (
            {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
            "this server does not answer to pages of other",
        ),
    ],
)
def test_who_is_kept_out(server: BfiaServer, path: str, headers: dict[str, str], text: str) -> None:
    found = ask(server, "GET", path, headers)
    answer = json.loads(found.body)
    assert (found.status, answer["code"], found.content_type) == (403, 403, "application/json; charset=utf-8")
    assert answer["message"].startswith(text)


def test_a_page_of_the_web_changes_nothing(server: BfiaServer, node: Node) -> None:
    path = f"{SCHEDULE}/job/create"
    headers = {"Content-Type": "text/plain", "Origin": "https://evil.example"}  # a form can send this unasked
    assert ask(server, "POST", path, headers, TUTORIAL.encode()).status == 403
    assert node.store.get(KusciaJob, JOB) is None
    assert ask(server, "OPTIONS", path, headers | {"Access-Control-Request-Method": "POST"}).status == 403


# --- what else HTTP has ----------------------------------------------------------------------------------------------


def test_a_path_that_is_not_there(server: BfiaServer) -> None:
    for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS"):
        assert ask(server, method, "/nowhere") == (404, b"404 page not found", "text/plain")
    assert ask(server, "HEAD", "/nowhere") == (404, b"", "text/plain")
    assert ask(server, "HEAD", "/openapi.json").status == 404


def test_requests_one_after_another_on_one_connection(server: BfiaServer) -> None:
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
        for path, size in (("/v1/interconn/node/health", 15), ("/x", 18), ("/v1/interconn/node/health", 15)):
            connection.request("GET", path)
            assert len(connection.getresponse().read()) == size


def test_other_forms_of_a_request(server: BfiaServer) -> None:
    old = raw(server, b"GET /v1/interconn/node/health HTTP/1.0\r\n\r\n")
    assert old.endswith(b'\r\n\r\n{"status":"ok"}')
    absolute = raw(
        server, b"GET http://evil/v1/interconn/node/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    assert absolute.endswith(b'{"status":"ok"}')
    body = b'{"job_id":"x"}'
    chunked = b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    found = raw(server, b"POST /v1/interconn/schedule/job/start HTTP/1.1\r\nHost: localhost\r\n" + chunked)
    assert b"job does not exist" in found
    assert raw(server, b"nonsense\r\n\r\n").startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("hosts", [b"", b"Host: localhost\r\nHost: localhost\r\n"])
@pytest.mark.parametrize("method", [b"GET", b"POST", b"HEAD"])
def test_http_1_1_has_one_host(server: BfiaServer, hosts: bytes, method: bytes) -> None:  # RFC 9112, section 3.2
    answer = raw(server, method + b" /v1/interconn/node/health HTTP/1.1\r\n" + hosts + b"Connection: close\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"Content-Type: text/plain" in head
    assert body == (b"" if method == b"HEAD" else b"400 Bad Request: one Host header is required")


def test_a_head_is_not_found_and_has_no_body(server: BfiaServer) -> None:
    """Kuscia's router has no HEAD for a GET; what follows on the connection is an answer of its own."""
    line = b" /v1/interconn/node/health HTTP/1.1\r\nHost: localhost\r\n"
    answer = raw(server, b"HEAD" + line + b"\r\nGET" + line + b"Connection: close\r\n\r\n")
    first, second, body = answer.split(b"\r\n\r\n")
    assert first.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert second.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body == b'{"status":"ok"}'


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("//v1/interconn/node/health", 200),
        ("///v1/interconn/node/health", 200),
        ("http://localhost//v1/interconn/node/health", 200),
        ("//openapi.json", 200),
        ("//foo/v1/interconn/node/health", 404),
        ("//localhost/v1/interconn/node/health", 404),
        ("/foo//v1/interconn/node/health", 404),
        ("/v1//interconn/node/health", 404),
    ],
)
def test_slashes_at_the_beginning_are_one(server: BfiaServer, target: str, status: int) -> None:
    line = f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert raw(server, line.encode()).startswith(f"HTTP/1.1 {status} ".encode())


TOO_LONG = b'{"code":413,"message":"the body of a request must not be longer than 10 MB"}'


def test_a_body_that_is_too_long(server: BfiaServer) -> None:
    path = f"{SCHEDULE}/job/start"
    body = b'{"job_id":"%s"}' % (b"x" * http_server.MOST_BYTES)
    assert ask(server, "POST", path, body=body) == (413, TOO_LONG, "application/json; charset=utf-8")
    allowed = b'{"job_id":"%s"}' % (b"x" * (http_server.MOST_BYTES - 100))
    assert b"job does not exist" in ask(server, "POST", path, body=allowed).body


def test_a_body_that_is_not_even_read(server: BfiaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    start = b"POST /v1/interconn/schedule/job/start HTTP/1.1\r\nHost: localhost\r\n"
    for length in (str(http_server.MOST_WASTED + 1).encode(), b"9" * 5000):
        assert raw(server, start + b"Content-Length: " + length + b"\r\n\r\n").endswith(b"\r\n\r\n" + TOO_LONG)
    monkeypatch.setattr(http_server, "MOST_BYTES", 10)
    monkeypatch.setattr(http_server, "MOST_WASTED", 20)
    chunk = b"15\r\n" + b"x" * 21 + b"\r\n"
    assert raw(server, start + b"Transfer-Encoding: chunked\r\n\r\n" + chunk).endswith(b"\r\n\r\n" + TOO_LONG)


# --- the OpenAPI document --------------------------------------------------------------------------------------------


def test_the_document_is_served(server: BfiaServer) -> None:
    for path in ("/", "/openapi.json", "/openapi.json?x=1"):
        found = ask(server, "GET", path)
        assert (found.status, json.loads(found.body)) == (200, document())
    assert ask(server, "POST", "/openapi.json").status == 404


def test_the_document_has_every_path() -> None:
    described = {(method.upper(), path) for path, methods in document()["paths"].items() for method in methods}
    assert described == set(ROUTES)


def findable(schema: Any) -> Any:
    """The document, with ids in it that the node knows beside all that it does not."""
    known = {"job_id": [JOB, "standard"], "task_id": [TASK, "t"], "task_name": ["ss_lr_1"], "role": ["guest"]}
    known |= {"status": ["SUCCESS", "RUNNING"], "log_level": ["info"]}
    for holder in [found["properties"] for found in schema["components"]["schemas"].values()]:
        for name in known.keys() & holder.keys():
            if holder[name].get("type") == "string":
                holder[name] = {"anyOf": [{"enum": known[name]}, holder[name]]}
    for methods in schema["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", ()):
                if parameter["name"] in known:
                    parameter["schema"] = {"anyOf": [{"enum": known[parameter["name"]]}, parameter["schema"]]}
    return schema


TASK = "job-ss-lr-ss-lr-1"
schema = schemathesis.openapi.from_dict(findable(document()))
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
"""Not whether faulty requests are refused: that is in the body, as the status is 200 whatever happens."""
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def test_one_address_has_not_all_connections(server: BfiaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "MOST_OF_ONE", 4)
    monkeypatch.setattr(http_server, "MOST", 6)
    assert server.port is not None

    def silent(address: str) -> socket.socket:
        return socket.create_connection(("127.0.0.1", server.port), timeout=30, source_address=(address, 0))

    def is_heard(address: str) -> bool:
        with silent(address) as connection, suppress(ConnectionError):
            connection.sendall(b"GET /v1/interconn/node/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return connection.recv(1) == b"H"
        return False

    held = [silent("127.0.0.2") for _ in range(4)]
    assert not is_heard("127.0.0.2")
    assert is_heard("127.0.0.1"), "others are not kept out by one"
    held += [silent("127.0.0.3") for _ in range(2)]
    assert not is_heard("127.0.0.1")
    for connection in held:
        connection.close()
    until(lambda: is_heard("127.0.0.2"))


@pytest.fixture(scope="module")
def busy() -> Iterator[str]:
    """The URL of a node with jobs and a task, for whoever shows the token."""
    node = make_node("alice")
    kept_job(node)
    make_task(node, JOB, "ss_lr_1", "Running", alice="Running", bob="Running")
    kept_job(node, standard(tutorial(job_id="standard")))
    with serving(node, token="shown") as server:
        yield server.url


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = "Bearer shown"
        yield session


@schema.parametrize()
@settings(max_examples=8, derandomize=True, database=None, deadline=None, suppress_health_check=SLOW)
def test_whatever_the_schema_allows(case: schemathesis.Case, busy: str, session: requests.Session) -> None:
    if (case.method, case.path) not in ROUTES:  # another verb
        assert case.call(base_url=busy, session=session).status_code == 404
        return
    answer = case.call_and_validate(base_url=busy, session=session, checks=CHECKS).json()
    if case.path == "/v1/interconn/node/health":
        assert answer == {"status": "ok"}
    elif answer["code"] in (0, 200):
        assert answer["msg"] == ("" if answer["code"] else "success")
    else:
        assert answer["code"] == 400
        assert answer.get("message") or answer["msg"]
