"""Black-box transport: an endpoint's queues and rules, and `kuscia-nb party --wire blackbox` in real processes."""

from __future__ import annotations

import http.client
import select
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from black_box import NODES, Endpoints
from nodes_apart import apart, until
from ports import free_port, free_ports
from test_own_party import SEED, embedded, start, ttp_process
from test_party_command import folder, run_both, said, ttp, words

from kuscia_nb.__main__ import main
from kuscia_nb.operators.shares import read_share
from kuscia_nb.wire import identity
from kuscia_nb.wire.blackbox import outbound
from kuscia_nb.wire.blackbox.answers import AnswerReader, Malformed
from kuscia_nb.wire.blackbox.desk import Call, Caller, Desk, seconds
from kuscia_nb.wire.blackbox.outbound import OK, Outbound
from kuscia_nb.wire.blackbox.queues import Bounds, Queues, Topic
from kuscia_nb.wire.blackbox.server import MOST, ROOM
from kuscia_nb.wire.own.dial import Dial

_ = embedded, ttp_process, folder, ttp, SEED  # fixtures
FORBIDDEN, FULL, RELEASED = outbound.FORBIDDEN, outbound.FULL, outbound.RELEASED
TOPIC = Topic("alice", "bob", "host.0-guest.0")


# --- queues ----------------------------------------------------------------------------------------------------------


def test_messages_come_in_order_and_only_from_their_own_queue() -> None:
    queues, other = Queues(), TOPIC._replace(receiver="carol")
    for message in (b"1", b"2"):
        assert queues.push("s", TOPIC, message, 0) == OK
    assert queues.pop("s", other, 0) == queues.pop("t", TOPIC, 0) == Outbound(OK)
    assert [queues.pop("s", TOPIC, 0).payload for _ in range(3)] == [b"1", b"2", b""]


def test_who_waits_gets_what_comes() -> None:
    queues = Queues()
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(queues.pop, "s", TOPIC, 60.0)
        queues.push("s", TOPIC, b"1", 0)
        assert waiting.result() == Outbound(OK, b"1")
        waiting = pool.submit(queues.pop, "s", TOPIC, 60.0)
        while not queues.status()["sessions"]:
            pass
        queues.release("s")
        assert waiting.result().code == RELEASED


def test_what_is_held_is_bounded() -> None:
    queues = Queues(Bounds(session=10, total=15, sessions=2, topics=2))
    assert queues.push("s", TOPIC, bytes(11), 0) == FULL
    assert queues.push("s", TOPIC, bytes(10), 0) == OK
    assert queues.push("s", TOPIC, b"1", 0) == FULL
    assert queues.push("t", TOPIC, bytes(6), 0) == FULL  # of all together
    assert [queues.push("t", TOPIC._replace(name=name), b"1", 0) for name in "abc"] == [OK, OK, FULL]
    assert queues.push("u", TOPIC, b"1", 0) == queues.pop("u", TOPIC, 0).code == FULL
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(queues.push, "s", TOPIC, bytes(5), 60.0)
        assert queues.pop("s", TOPIC, 0).payload == bytes(10)  # and there is room
        assert waiting.result() == OK


def test_a_session_ends_with_its_release_or_when_nobody_fetches() -> None:
    clock = [0.0]
    queues = Queues(Bounds(idle=600, dead=1800), lambda: clock[0])
    for session in "sdt":
        queues.push(session, TOPIC, b"1", 0)
    queues.release("s")
    assert queues.push("s", TOPIC, b"2", 0) == queues.pop("s", TOPIC, 0).code == RELEASED
    clock[0] = 599
    assert queues.pop("t", TOPIC, 0).payload == b"1"
    clock[0] = 601
    assert queues.pop("d", TOPIC, 0).code == RELEASED  # nobody has ever fetched from it
    assert queues.status() == {"sessions": 1, "bytes": 0}
    clock[0] = 2500
    assert queues.pop("d", TOPIC, 0).code == OK  # long forgotten


def test_a_released_topic_leaves_nothing_behind() -> None:
    queues = Queues()
    queues.push("s", TOPIC, b"1", 0)
    queues.release_topic("s", TOPIC)
    assert queues.status() == {"sessions": 0, "bytes": 0}
    assert queues.push("s", TOPIC, b"2", 0) == OK


# --- the rules of an endpoint ----------------------------------------------------------------------------------------


def call(name: str, body: bytes = b"", **headers: str) -> Call:
    given = {"session_id": "s", "topic": TOPIC.name, "source_node_id": "alice", "target_node_id": "bob"} | headers
    return Call(name, {f"x-ptp-{key.replace('_', '-')}": value for key, value in given.items() if value}, 0, body)


def fetching(source_node_id: str = "bob", **headers: str) -> Call:
    return call("pop", b"", source_node_id=source_node_id, target_node_id="alice", **headers)


def test_what_is_invoked_is_popped_by_the_receivers_program_alone() -> None:
    desk = Desk("bob", {"alice": Dial("http://127.0.0.1:1"), "carol": None})
    outside, inside = Caller("alice", inside=False), Caller(outside=False)
    assert desk.answer(call("invoke", b"1"), outside, {}).code == OK
    assert desk.answer(fetching(), Caller("alice", inside=False), {}).code == FORBIDDEN
    assert desk.answer(fetching(source_node_id=""), outside, {}).code == FORBIDDEN  # alice's programs have their own
    assert desk.answer(fetching(source_node_id="carol"), Caller("carol", inside=False), {}) == Outbound(OK)
    assert desk.answer(fetching(), inside, {}) == Outbound(OK, b"1")


def test_a_sender_is_who_the_certificate_says() -> None:
    desk = Desk("bob", {"alice": Dial("http://127.0.0.1:1"), "mallory": Dial("http://127.0.0.1:1")})
    answer = desk.answer(call("invoke", b"1"), Caller("mallory", inside=False), {})
    assert (answer.code, answer.message) == (
        FORBIDDEN,
        "x-ptp-source-node-id is alice, but the certificate is mallory's",
    )
    assert desk.answer(call("invoke", b"1", source_node_id="eve"), Caller(), {}).code == outbound.NOT_NETWORKED
    assert desk.answer(call("invoke", b"1", target_node_id="eve"), Caller(), {}).code == outbound.NOT_NETWORKED
    assert desk.answer(call("invoke", b"1"), Caller(outside=False), {}).code == FORBIDDEN


def test_who_has_no_part_in_a_session_does_not_end_it() -> None:
    desk, sent = Desk("alice", {"bob": None, "carol": None}), {"source_node_id": "carol", "target_node_id": "alice"}
    assert desk.answer(call("push", b"1", **sent), Caller("carol", inside=False), {}).code == OK
    desk.answer(call("release", topic="", source_node_id="bob"), Caller("bob", inside=False), {})
    asks = call("pop", source_node_id="alice", target_node_id="carol")
    assert desk.answer(asks, Caller(outside=False), {}) == Outbound(OK, b"1")
    assert desk.answer(call("push", b"2", **sent), Caller("carol", inside=False), {}).code == OK
    desk.answer(call("release", topic="", source_node_id="carol"), Caller("carol", inside=False), {})
    assert desk.answer(asks, Caller(outside=False), {}).code == RELEASED


def test_a_peer_that_begins_sessions_leaves_room_for_those_of_tasks() -> None:
    desk = Desk("bob", {"alice": Dial("http://127.0.0.1:1"), "carol": Dial("http://127.0.0.1:1")})
    desk.expect("task", "secret")
    codes = [desk.answer(call("invoke", b"1", session_id=str(i)), Caller("alice"), {}).code for i in range(300)]
    assert (codes[0], codes[-1]) == (OK, FULL)
    message = call("invoke", b"1", session_id="task", source_node_id="carol")
    assert desk.answer(message, Caller("carol", inside=False), {}).code == OK


def test_a_session_has_one_token_at_each_node() -> None:
    desk = Desk("bob", {"alice": None})
    assert desk.answer(fetching(token="secret"), Caller(), {}).code == OK
    assert desk.answer(fetching(token="guess"), Caller(), {}).code == FORBIDDEN
    assert desk.answer(call("release", topic="", source_node_id="bob", token="guess"), Caller(), {}).code == FORBIDDEN
    assert desk.answer(call("push", b"1", token="another"), Caller(), {}).code == OK  # alice's own
    desk.expect("t", "secret")
    for number in range(2000):  # of sessions that nobody has announced only so many are known
        assert desk.answer(fetching(session_id=str(number)), Caller(), {}).code == OK
    assert desk.answer(fetching(session_id="t", token="guess"), Caller(), {}).code == FORBIDDEN
    assert desk.answer(fetching(session_id="t", token="secret"), Caller(), {}).code == OK


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (call("invoke"), outbound.BAD_REQUEST),
        (call("invoke", b"1", session_id=""), outbound.BAD_REQUEST),
        (call("invoke", b"1", topic=""), outbound.BAD_REQUEST),
        (call("invoke", b"1", source_node_id=""), outbound.BAD_REQUEST),
        (call("invoke", b"1", topic="t" * 1000), outbound.BAD_REQUEST),
        (call("push", target_node_id="carol", source_node_id="bob"), outbound.BAD_REQUEST),
        (call("push", b"1", target_node_id="carol", source_node_id="bob"), outbound.NOT_NETWORKED),
        (call("pop", source_node_id="bob", target_node_id=""), outbound.BAD_REQUEST),
        (call("open", source_node_id="bob"), outbound.NOT_FOUND),
    ],
)
def test_calls_that_are_none(wrong: Call, code: str) -> None:
    assert Desk("bob", {"alice": Dial("http://127.0.0.1:1")}).answer(wrong, Caller(), {}).code == code


def test_peek_takes_as_kuscias_does_and_does_not_wait() -> None:
    desk = Desk("bob", {"alice": Dial("http://127.0.0.1:1")})
    desk.answer(call("transport", b"1"), Caller(), {})
    peek = call("peek", source_node_id="", target_node_id="alice")._replace(seconds=300.0)
    assert [desk.answer(peek, Caller(), {}).payload for _ in range(2)] == [b"1", b""]


def test_the_time_that_a_call_waits() -> None:
    found = [seconds(query) for query in ("", "timeout=5", "timeout=-1", "a=b&timeout=99999999999999", "timeout=x")]
    assert found == [120, 5, 1, 300, 120]


# --- over HTTP -------------------------------------------------------------------------------------------------------


def asked(address: str, name: str, body: bytes = b"", **headers: str) -> Outbound:
    connection = http.client.HTTPConnection(address, timeout=60)
    connection.request("POST", outbound.PATH + name, body, dict(call(name, b"", **headers).headers))
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Content-Type")) == (200, "application/proto")
    found = outbound.read(answer.read())
    connection.close()
    return found


def test_from_endpoint_to_endpoint() -> None:
    with Endpoints() as endpoints:
        bob, alice = endpoints.addresses
        assert asked(alice, "push", b"1").code == OK
        found = asked(bob, "pop?timeout=1", source_node_id="bob", target_node_id="alice")
        assert (found.code, bytes(found.payload)) == (OK, b"1")
        assert asked(bob, "pop?timeout=1", source_node_id="bob", target_node_id="alice").payload == b""
        assert asked(bob, "push", b"1", source_node_id="bob", target_node_id="dave").code == outbound.NOT_NETWORKED


def test_the_bytes_of_an_answer() -> None:
    assert Outbound(OK, b"hi", "ok").encoded() == b"\x0a\x02hi\x12\x0bE0000000000\x1a\x02ok"


def test_nobody_gets_a_message_that_was_popped_by_somebody_who_has_gone() -> None:
    """The next one who asks does."""
    with Endpoints() as endpoints:
        bob, alice = endpoints.addresses
        headers = "".join(f"{name}: {value}\r\n" for name, value in fetching().headers.items())
        host, port = bob.split(":")
        with socket.create_connection((host, int(port))) as gone:
            gone.sendall(f"POST {outbound.PATH}pop HTTP/1.1\r\n{headers}\r\n".encode())
            while not endpoints.desks[0].queues.status()["sessions"]:
                time.sleep(0.01)
        assert asked(alice, "push", b"1").code == OK
        found = Outbound(OK)
        while not found.payload:  # the thread that has taken it gives it back
            found = asked(bob, "pop?timeout=1", source_node_id="bob", target_node_id="alice")
        assert bytes(found.payload) == b"1"


@pytest.mark.parametrize(
    ("sent", "begin"),
    [
        (b"POST /v1/interconn/chan/push HTTP/1.1\r\nContent-Length: 134217729\r\n\r\n", b"HTTP/1.1 200 OK"),
        (b"POST /v1/interconn/chan/push HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"HTTP/1.1 400 "),
        (b"POST /v1/interconn/chan/push HTTP/1.1\r\nOrigin: http://evil.example\r\n\r\n", b"HTTP/1.1 404 "),
        (b"PRPC" + bytes(40) + b"\r\n\r\n", b"HTTP/1.1 400 "),
        (b"POST /v1/interconn/chan/push HTTP/1.1\r\nx-ptp-a: 1\nx-ptp-topic: t\r\n\r\n", b"HTTP/1.1 400 "),
        (b"x" * 20_000, b"HTTP/1.1 431 "),
        (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 404 "),
        (b"GET /v1/interconn/chan/pop HTTP/1.1\r\nx-ptp-session-id: s\r\n\r\n", b"HTTP/1.1 404 "),
    ],
)
def test_what_is_no_call_is_refused(sent: bytes, begin: bytes) -> None:
    with Endpoints() as endpoints:
        host, port = endpoints.addresses[0].split(":")
        with socket.create_connection((host, int(port)), 60) as stranger:
            stranger.sendall(sent)
            assert stranger.recv(1000).startswith(begin)


def test_a_mass_of_connections_does_not_keep_a_program_out() -> None:
    with Endpoints() as endpoints, ExitStack() as stack:
        host, port = endpoints.addresses[0].split(":")
        for _ in range(3 * MOST):
            stack.enter_context(socket.create_connection((host, int(port)), 60))
        assert asked(endpoints.addresses[0], "pop?timeout=1", source_node_id="bob", target_node_id="alice").code == OK
        assert len(endpoints.servers[0]._connections._open) <= MOST


def test_large_messages_that_do_not_end_have_so_much_room_together() -> None:
    head = b"POST /v1/interconn/chan/push HTTP/1.1\r\nContent-Length: 134217728\r\n\r\n"
    with Endpoints() as endpoints, ExitStack() as stack:
        host, port = endpoints.addresses[0].split(":")
        slow = [
            stack.enter_context(socket.create_connection((host, int(port)), 60)) for _ in range(ROOM // (128 << 20) + 1)
        ]
        for one in slow:
            one.sendall(head)
        answered = select.select(slow, [], [], 60)[0]
        assert [outbound.FULL.encode() in one.recv(1000) for one in answered] == [True]
        assert asked(endpoints.addresses[0], "pop?timeout=1", source_node_id="bob", target_node_id="alice").code == OK


GATEWAYS = {
    b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n": (1, "a gateway takes no message of this size"),
    b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n": (3, "HTTP 502, a gateway does not reach the node"),
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>": (3, "the answer is no Tr"),
    b"PRPC\0\0\0\0\0\0\0\0": (3, "it is a SPU's own port"),
    b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n": (3, "an answer of 99999999999 bytes"),
    b"": (3, "cut at the other end"),
}
"""What is in the place of alice's endpoint, and how it is told."""


@pytest.mark.parametrize("answer", GATEWAYS)
def test_what_is_said_of_what_is_between_the_endpoints(
    answer: bytes, folder: Path, ttp: str, endpoints: Endpoints, capsys: pytest.CaptureFixture[str]
) -> None:
    code, words = GATEWAYS[answer]
    with socket.create_server(("127.0.0.1", 0)) as gateway, ThreadPoolExecutor() as pool:
        endpoints.desks[0]._peers["alice"] = Dial(f"http://127.0.0.1:{gateway.getsockname()[1]}")
        pool.submit(always, gateway, answer)
        assert main(alone(folder, ttp, endpoints.addresses[0])) == code
        gateway.shutdown(socket.SHUT_RDWR)
    assert words in said(capsys)


def always(gateway: socket.socket, answer: bytes) -> None:
    """Answer this to every request."""
    while True:
        try:
            connection, _ = gateway.accept()
        except OSError:
            return
        with connection, suppress(OSError):
            while connection.recv(65536):
                connection.sendall(answer)
                if not answer.startswith(b"HTTP"):
                    break


def test_answers_in_pieces_of_any_size_and_such_as_are_none() -> None:
    stream = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc"
    stream += b"HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nde\r\n1\r\nf\r\n0\r\n\r\n"
    for size in (1, 7, len(stream)):
        reader = AnswerReader(10)
        pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
        found = [(one.status, one.body) for piece in pieces for one in reader.feed(piece)]
        assert found == [(200, b"abc"), (503, b"def")]
    for wrong in (
        b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\n123456789\r\n2\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"PRPC",
        b"\x15\x03",
        b"HTTP/1.1 200 " + b"x" * 20_000,
    ):
        with pytest.raises(Malformed):
            list(AnswerReader(10).feed(wrong))


# --- parties ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def endpoints() -> Iterator[Endpoints]:
    with Endpoints() as made:
        yield made


def over(endpoints: Endpoints, rank: int, *more: object) -> list[object]:
    return ["--wire", "blackbox", "--transport", endpoints.addresses[rank], "--session", "run 1", *more]


def test_three_processes_have_the_shares_of_the_job_in_one_process(
    embedded: dict[str, Any], ttp_process: tuple[str, Path], tmp_path: Path, endpoints: Endpoints
) -> None:
    """And what both hold is gone from the endpoints."""
    both = []
    for rank in (0, 1):
        more = over(endpoints, rank, "--strategy", "preprocessed")
        both.append(start(rank, ",".join(NODES), ttp_process, embedded["data"], tmp_path, *more))
    ended = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], ended
    shares = [read_share(tmp_path / f"share{rank}.txt")[0].tolist() for rank in (0, 1)]
    assert shares == embedded["preprocessed"]
    for desk in endpoints.desks:
        assert desk.queues.status()["bytes"] == 0


def test_a_party_that_is_killed_is_missed_and_leaves_no_share(
    folder: Path, ttp: str, endpoints: Endpoints, tmp_path: Path
) -> None:
    both = []
    for rank in (0, 1):
        given = words(folder, rank, ",".join(NODES), ttp, num_epoch=100_000)
        given += map(str, over(endpoints, rank, "--out", tmp_path / f"{rank}.txt", "--message-timeout", 2))
        command = [sys.executable, "-m", "kuscia_nb", *given]
        both.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    while len(endpoints.desks[0].heard["bob"]) < 100:
        time.sleep(0.01)
    both[1].kill()
    both[1].communicate()
    _, error = both[0].communicate(timeout=100)
    assert both[0].returncode == 4
    assert "TimeLimit: rank 0 waits" in error or "TimeLimit: waited 2 s for root:" in error, error
    assert list(tmp_path.iterdir()) == []


def endpoint(node: str, port: int, peer: str, peers_port: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "kuscia_nb", "transport", "--name", node, "--listen", f"127.0.0.1:{port}"]
    command += ["--peer", f"{peer}=http://127.0.0.1:{peers_port}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == f"{node}'s endpoint listens at http://127.0.0.1:{port}\n"
    return process


def test_an_endpoint_that_is_late(folder: Path, ttp: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The parties begin before alice's endpoint is there, and end well."""
    ports, given = (free_port(), free_port()), []
    for rank in (0, 1):
        more = ["--wire", "blackbox", "--transport", f"127.0.0.1:{ports[rank]}", "--session", "run 1"]
        given.append([*words(folder, rank, ",".join(NODES), ttp), *more])
    with ExitStack() as stack:
        first = stack.enter_context(endpoint("bob", ports[0], "alice", ports[1]))
        stack.callback(first.kill)
        running = stack.enter_context(ThreadPoolExecutor()).submit(run_both, *given)
        assert first.stdout is not None
        assert "alice is not reached: http://127.0.0.1:" in first.stdout.readline()
        second = stack.enter_context(endpoint("alice", ports[1], "bob", ports[0]))
        stack.callback(second.kill)
        assert running.result() == [0, 0], said(capsys)


def alone(folder: Path, ttp: str, transport: str, *more: object) -> list[str]:
    given = [*words(folder, 0, ",".join(NODES), ttp), "--wire", "blackbox", "--transport", transport]
    return [*given, "--session", "run 1", "--connect-timeout", "2", *map(str, more)]


def test_what_is_said_when_somebody_is_not_there(
    folder: Path, ttp: str, endpoints: Endpoints, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(alone(folder, ttp, endpoints.addresses[0])) == 3
    assert "rank 1 at node alice was not reached in 2 s: its program has not said that it is there" in said(capsys)
    assert main(alone(folder, ttp, f"127.0.0.1:{free_port()}")) == 3
    assert "nobody listens there" in said(capsys)
    assert main(alone(folder, ttp, ttp)) == 3
    assert "is no transport endpoint: it answers HTTP 404" in said(capsys)
    assert main(alone(folder, ttp, endpoints.addresses[0], "--parties", "bob,carol")) == 1
    assert "bob's endpoint does not know carol (E0000000618)" in said(capsys)
    endpoints.desks[0].release("run 1")
    assert main(alone(folder, ttp, endpoints.addresses[0])) == 1
    assert "the session was released (E0000000608)" in said(capsys)


def test_who_is_trusted_pushes_from_endpoint_to_endpoint_and_nobody_else(tmp_path: Path) -> None:
    """Two endpoints with identities, as commands; a program dials its own without TLS."""
    for node in (*NODES, "eve"):
        identity.make(node, tmp_path)
    ports = [free_port(), free_port()]
    programs = [free_port(), free_port()]
    processes = []
    try:
        for rank, node in enumerate(NODES):
            peer = NODES[1 - rank]
            command = [sys.executable, "-m", "kuscia_nb", "transport", "--name", node, "--identity", f"{node}.pem"]
            command += ["--listen", f"127.0.0.1:{ports[rank]}", "--programs", f"127.0.0.1:{programs[rank]}"]
            command += ["--peer", f"{peer}=https://127.0.0.1:{ports[1 - rank]}", "--trust", f"{peer}={peer}.crt"]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path)
            processes.append(process)
            assert process.stdout is not None
            assert [process.stdout.readline() for _ in range(2)][1].startswith(f"{node}'s endpoint listens at http://")
        assert asked(f"127.0.0.1:{programs[1]}", "push", b"1").code == OK
        found = asked(f"127.0.0.1:{programs[0]}", "pop?timeout=1", source_node_id="bob", target_node_id="alice")
        assert bytes(found.payload) == b"1"
        assert asked(f"127.0.0.1:{programs[0]}", "invoke", b"1").code == FORBIDDEN
        eve = identity.client_tls(identity.Identity.read(tmp_path / "eve.pem"), None)
        connection = http.client.HTTPSConnection("127.0.0.1", ports[0], context=eve, timeout=60)
        connection.connect()  # TLS 1.3: who is not let in learns it with the first answer

        def speak() -> None:
            connection.sock.sendall(b"\r\n")
            connection.sock.recv(1)

        with pytest.raises(OSError, match=r"(?i)alert|reset|eof|broken pipe"):
            speak()
        connection.close()
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def test_nodes_are_endpoints_for_programs_that_are_not_theirs(folder: Path, ttp: str, tmp_path: Path) -> None:
    """With certificates: parties push and pop on their own machine, and the nodes exchange it at their one port."""
    doors = free_ports(2)
    with apart(tmp_path) as nodes:
        nodes.certify()
        with (
            nodes.there("bob", "--transport", f"127.0.0.1:{doors[0]}"),
            nodes.here("alice", transport=f"127.0.0.1:{doors[1]}") as cluster,
        ):
            both = []
            for rank in (0, 1):
                more = ["--wire", "blackbox", "--transport", f"127.0.0.1:{doors[rank]}", "--session", "run 1"]
                both.append([*words(folder, rank, ",".join(NODES), ttp), *more])
            assert run_both(*both) == [0, 0]
            endpoint: Any = cluster._backend._ways._endpoint  # type: ignore[attr-defined]
            until(lambda: endpoint._desk.queues.status() == {"sessions": 0, "bytes": 0})  # nothing is left of the run
            checks = cluster.doctor().set_index("name")
            assert checks.loc["transport endpoint", "value"] == "that of alice: 0 sessions, 0 bytes"

            bob = identity.client_tls(nodes.identities["bob"], nodes.identities["alice"].certificate)
            said = [at_nodes_port(nodes.ports["alice"], bob, name, who) for name, who in CALLS]
            assert said == [OK, "HTTP 403", FORBIDDEN, OK]
            received = asked(f"127.0.0.1:{doors[1]}", "pop?timeout=1", source_node_id="alice", target_node_id="bob")
            assert bytes(received.payload) == bytes(2_000_000)

            endpoint.expect("job-1")
            for token, code in (("guess", FORBIDDEN), ("token_job-1", OK)):
                given = {"session_id": "session_job-1", "source_node_id": "alice", "target_node_id": "bob"}
                assert asked(f"127.0.0.1:{doors[1]}", "push", b"1", token=token, **given).code == code
            endpoint.forget("job-1")
            given = {"session_id": "session_job-1", "source_node_id": "alice", "target_node_id": "bob"}
            assert asked(f"127.0.0.1:{doors[1]}", "pop?timeout=1", b"", **given).code == RELEASED


CALLS = [("invoke", "bob"), ("invoke", "alice"), ("pop", "bob"), ("transport", "bob")]
"""What bob's node may ask of alice's, in whose name."""


def at_nodes_port(port: int, tls: ssl.SSLContext, name: str, who: str) -> str:
    """The code that a node answers."""
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=tls, timeout=60)
    headers = call(name, b"", source_node_id=who, target_node_id="alice").headers
    connection.request("POST", outbound.PATH + name, bytes(2_000_000), dict(headers))
    answer = connection.getresponse()
    code = outbound.read(answer.read()).code if answer.status == 200 else f"HTTP {answer.status}"
    connection.close()
    return code
