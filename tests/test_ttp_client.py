"""A party's TTP elsewhere: the same corrections as from one in the process, and one clear error for each fault."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from protocol import run_parties
from ttp_wire import ENCRYPTED, KEYS, SEEDS

from kuscia_nb import mpc
from kuscia_nb.errors import OpAdjustError, SeedDecryptError, SessionError, TtpError, TtpNotReached
from kuscia_nb.mpc import PrgBuffer
from kuscia_nb.mpc.prg import blocks_of
from kuscia_nb.mpc.ring import Words
from kuscia_nb.mpc.ttp_steps import Dot, MulPriv, Steps
from kuscia_nb.wire.ttp_blocks import STEPS
from kuscia_nb.wire.ttp_client import RemoteTtp
from kuscia_nb.wire.ttp_connection import PATIENCE, Patience
from kuscia_nb.wire.ttp_keys import TtpKeys
from kuscia_nb.wire.ttp_requests import METHODS
from kuscia_nb.wire.ttp_server import TtpServer

HASTY = Patience(seconds=0.5, repeats=1, pause=0.01)


def joined(address: tuple[str, int], keys: TtpKeys = KEYS, patience: Patience = PATIENCE) -> RemoteTtp:
    ttp = RemoteTtp(f"{address[0]}:{address[1]}", keys.public, patience=patience)
    ttp.create_session("s", 0, SEEDS[0], world_size=2, adjust_rank=0)
    ttp.add_encrypted_seed("s", 1, ENCRYPTED[1])
    return ttp


def buffers(*sizes: int) -> list[PrgBuffer]:
    result, counter = [], 5
    for size in sizes:
        result.append(PrgBuffer(counter, size))
        counter += blocks_of(size)
    return result


@pytest.fixture(scope="module")
def far() -> Iterator[RemoteTtp]:
    with TtpServer(KEYS) as server:
        ttp = joined(server.address)
        yield ttp
        ttp.close()


@pytest.fixture
def near() -> mpc.TrustedThirdParty:
    ttp = mpc.TrustedThirdParty()
    for rank, seed in enumerate(SEEDS):
        ttp.create_session("s", rank, seed, world_size=2, adjust_rank=0)
    return ttp


def test_every_correction_is_that_of_a_ttp_in_the_process(far: RemoteTtp, near: mpc.TrustedThirdParty) -> None:
    batch, rows, columns = 2, 3, (2, 4)
    masks = (PrgBuffer(100, batch * rows * columns[0]), PrgBuffer(100, batch * rows * columns[1]))
    c = PrgBuffer(130, batch * rows)
    straight = PrgBuffer(120, batch * columns[1]), PrgBuffer(120, batch * columns[0])
    turned = PrgBuffer(140, batch * rows), PrgBuffer(140, batch * rows)
    asked: list[Callable[[mpc.Ttp], mpc.Ring]] = [
        lambda ttp: ttp.adjust_mul("s", buffers(7, 7, 7)),
        lambda ttp: ttp.adjust_dot("s", [b._replace(counter=b.counter + 20) for b in buffers(12, 4, 3)], 3, 1, 4),
        lambda ttp: ttp.adjust_dot("s", [b._replace(counter=b.counter + 40) for b in buffers(6, 6, 9)], 3, 3, 2),
        lambda ttp: ttp.adjust_mul_priv("s", [PrgBuffer(80, 5), PrgBuffer(84, 5)], 4),  # type: ignore[return-value]
        lambda ttp: ttp.adjust_mul_priv("s", [PrgBuffer(90, 5), PrgBuffer(94, 5)], 8),  # type: ignore[return-value]
        lambda ttp: ttp.adjust_cross_dot("s", masks, straight, c, batch, rows, transpose=False),
        lambda ttp: ttp.adjust_cross_dot("s", masks, turned, PrgBuffer(150, batch * 6), batch, rows, transpose=True),
    ]
    for ask in asked:
        there, here = ask(far), ask(near)
        assert there.dtype == here.dtype
        assert there.tolist() == here.tolist()


def test_requests_are_sent_ahead_of_their_answers(far: RemoteTtp, near: mpc.TrustedThirdParty) -> None:
    """More of them than are kept unanswered."""
    wanted = [[PrgBuffer(3000 + 9 * i + 3 * j, 5) for j in range(3)] for i in range(200)]
    pending = [far.ask("s", "AdjustMul", three) for three in wanted]
    assert [answer.result().tolist() for answer in pending] == [
        near.adjust_mul("s", three).tolist() for three in wanted
    ]


STEP = [Dot(PrgBuffer(3, 6), PrgBuffer(6, 2), PrgBuffer(7, 3)), MulPriv(PrgBuffer(9, 5), PrgBuffer(11, 5), 4)]
"""The requests of a step that begins at 3 and ends at 13."""


def same(given: list[Words], expected: list[Words]) -> None:
    assert [one.dtype for one in given] == [one.dtype for one in expected]
    for one, other in zip(given, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_block_of_steps_is_one_request_and_the_next_one_is_there_before_it_is_asked_for(
    near: mpc.TrustedThirdParty,
) -> None:
    later = [Dot(*(PrgBuffer(at + 1000, n) for at, n in STEP[0].buffers))]
    with TtpServer(KEYS) as server:
        ttp = joined(server.address)
        same(ttp.adjust_steps("s", STEP, 10, 100, Steps(later, 8, 3)), near.adjust_steps("s", STEP, 10, 100))
        same(ttp.adjust_steps("s", later, 8, 3), near.adjust_steps("s", later, 8, 3))
        assert server.status()["served"]["AdjustSteps"] == 2  # type: ignore[index]
        assert not server.served["AdjustDot"]
        ttp.close()


def test_a_ttp_that_answers_no_blocks_is_asked_in_spus_words(
    near: mpc.TrustedThirdParty, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One request after the other on each connection: SPU's server need not answer them in their order."""
    monkeypatch.delitem(METHODS, STEPS)
    with TtpServer(KEYS) as server:
        ttp = joined(server.address)
        for turn in range(2):
            steps = [Dot(*(PrgBuffer(at + 1000 * turn, n) for at, n in STEP[0].buffers))]
            same(ttp.adjust_steps("s", steps, 10, 20), near.adjust_steps("s", steps, 10, 20))
        assert (server.served["AdjustDot"], server.served["refused"]) == (40, 1)
        assert server.served["connections"] > 2
        ttp.close()


def test_what_is_asked_is_sent_when_nobody_waits_for_it() -> None:
    with TtpServer(KEYS) as server:
        ttp = joined(server.address)
        ttp.adjust_mul("s", buffers(1, 1, 1))
        ttp.ask("s", "AdjustMul", buffers(2, 2, 2))
        deadline = threading.Event()
        for _ in range(1000):
            if server.status()["served"]["AdjustMul"] == 2:  # type: ignore[index]
                break
            deadline.wait(0.01)
        else:
            pytest.fail("it was not sent")
        ttp.close()


def test_it_is_a_ttp() -> None:
    ttp: mpc.Ttp = RemoteTtp("127.0.0.1:1", KEYS.public)
    assert ttp


def test_sessions_have_terms() -> None:
    ttp = RemoteTtp("127.0.0.1:1", KEYS.public)
    ttp.create_session("s", 1, SEEDS[1], world_size=2, adjust_rank=0)
    with pytest.raises(SessionError, match="already joined"):
        ttp.create_session("s", 1, SEEDS[1], world_size=2, adjust_rank=0)
    with pytest.raises(SessionError, match=r"rank \[0\] is not there yet"):
        ttp.adjust_mul("s", buffers(1, 1, 1))
    with pytest.raises(SessionError, match="rank 1 is not a peer"):
        ttp.add_encrypted_seed("s", 1, ENCRYPTED[0])
    with pytest.raises(SessionError, match="2000 bytes"):
        ttp.add_encrypted_seed("s", 0, bytes(2000))
    ttp.delete_session("s")
    with pytest.raises(SessionError, match="no such session"):
        ttp.adjust_mul("s", buffers(1, 1, 1))


@pytest.mark.parametrize("address", ["ttp", "ttp:", ":x", "ttp:0", "ttp:65536"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(TtpError, match="no address of a TTP"):
        RemoteTtp(address, KEYS.public)


# --- faults ----------------------------------------------------------------------------------------------------------


@contextmanager
def answering(*answers: bytes | None) -> Iterator[tuple[str, int]]:
    """Takes one connection after the other, reads a request, answers it so (None: not at all), and closes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ended = threading.Event()

        def serve() -> None:
            for answer in answers:
                connection, _ = listener.accept()
                with connection:
                    while not connection.recv(65536).endswith(b"}"):
                        pass
                    if answer is None:
                        ended.wait(20)
                    else:
                        connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()
        finally:
            ended.set()
            thread.join(20)


def http(body: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def frame(code: int, body: bytes) -> bytes:
    return struct.pack("<bq", code, len(body)) + body


FAULTS = [
    (http(b"oops", "500 Internal Server Error"), TtpError, "answered 500: oops"),
    (http(b"", "404 Not Found"), TtpError, "answered 404"),
    (http(frame(1, b"no such thing")), OpAdjustError, "refused a request: no such thing"),
    (http(frame(2, b"not mine")), SeedDecryptError, "cannot decrypt a seed: not mine"),
    (http(frame(0, bytes(8))), TtpError, "8 bytes of corrections, not 16"),
    (http(frame(0, bytes(24))), TtpError, "24 bytes of corrections, not 16"),
    (http(b""), TtpError, "0 bytes of corrections"),
    (http(frame(0, bytes(16)) + b"xx"), TtpError, "2 bytes behind"),
    (http(struct.pack("<bq", 0, -1)), TtpError, "a frame of -1 bytes"),
    (http(struct.pack("<bq", 0, 2**62) + bytes(16)), TtpError, f"a frame of {2**62} bytes"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", TtpError, "99999999999 bytes, where at most"),
    (b"HTTP/1.1 200 OK\r\n\r\n", TtpError, "no length"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", TtpError, "chunk without a length"),
    (b"SSH-2.0-OpenSSH_9.2\r\n", TtpError, r"no TTP: it answered b'SSH-2\.0"),
    (b"\x15\x03\x03\x00\x02\x02\x28", TtpError, "no TTP"),
]


@pytest.mark.parametrize(("answer", "kind", "text"), FAULTS)
def test_an_answer_that_is_none_is_one_error(answer: bytes, kind: type[TtpError], text: str) -> None:
    with answering(answer) as address:
        ttp = joined(address, patience=HASTY)
        with pytest.raises(TtpError, match=text) as caught:
            ttp.adjust_mul("s", buffers(2, 2, 2))
        assert type(caught.value) is kind
        ttp.close()


def test_pieces_of_any_size_are_put_together() -> None:
    body = frame(0, bytes(range(10))) + frame(0, bytes(range(10, 16)))
    pieces = b"".join(
        f"{len(body[i : i + 3]):x};x=y\r\n".encode() + body[i : i + 3] + b"\r\n" for i in range(0, len(body), 3)
    )
    with answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + pieces + b"0\r\n\r\n") as address:
        ttp = joined(address, patience=HASTY)
        assert ttp.adjust_mul("s", buffers(2, 2, 2)).tobytes() == bytes(range(16))
        ttp.close()


def test_a_connection_that_breaks_is_made_again() -> None:
    good = http(frame(0, bytes(range(16))))
    with answering(b"", good[:20], good) as address:
        ttp = joined(address, patience=HASTY._replace(repeats=2))
        assert ttp.adjust_mul("s", buffers(2, 2, 2)).tobytes() == bytes(range(16))
        ttp.close()


def test_what_was_sent_ahead_is_asked_again() -> None:
    """The server is gone in between, and another one with its key is there."""
    with TtpServer(KEYS) as first:
        ttp = joined(first.address, patience=HASTY)
        ttp.adjust_mul("s", buffers(2, 2, 2))
    pending = [ttp.ask("s", "AdjustMul", buffers(n, n, n)) for n in (1, 2, 3)]
    with TtpServer(KEYS, *first.address):
        assert [answer.result().size for answer in pending] == [1, 2, 3]
    ttp.close()


def test_nobody_there_is_one_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
    with pytest.raises(TtpNotReached, match=r"Connection refused; tried 2 times") as caught:
        joined(address, patience=HASTY).adjust_mul("s", buffers(2, 2, 2))
    assert "other party waits" in caught.value.hint


def test_silence_is_one_error() -> None:
    with answering(None, None) as address:
        ttp = joined(address, patience=HASTY._replace(seconds=0.2))
        pending = [ttp.ask("s", "AdjustMul", buffers(2, 2, 2)) for _ in range(2)]
        for answer in pending:
            with pytest.raises(TtpNotReached, match="nothing came in time; tried 2 times"):
                answer.result()
        ttp.close()


def test_a_seed_for_another_ttp_is_one_error() -> None:
    """Of all requests that were sent ahead, and the connection goes on."""
    other = TtpKeys.new()
    with TtpServer(KEYS) as server:
        ttp = joined(server.address, keys=other)
        for _ in range(2):
            with pytest.raises(SeedDecryptError, match="another key") as caught:
                ttp.adjust_mul("s", buffers(2, 2, 2))
            assert "public.pem of this TTP" in caught.value.hint
        ttp.close()


@pytest.mark.parametrize("adjust_rank", [0, 1])
def test_the_adjust_rank_passes_its_peers_encrypted_seed_on(adjust_rank: int) -> None:
    """Each party has a TTP client of its own, and knows nothing of the other's seed but what comes over the link."""
    numbers = np.array([3, 5, 7], np.uint64)

    async def program(link: mpc.Link, ttp: RemoteTtp) -> mpc.Ring:
        semi2k = await mpc.Semi2k.start(link, ttp, mpc.Seeds(7, link.name), mpc.Terms(adjust_rank=adjust_rank))
        x = semi2k.share(numbers if link.rank else numbers * 0)
        return await semi2k.open(await semi2k.mul(x, x))

    links = mpc.connect(("bob", "alice"), mailbox=mpc.BlockingMailbox)
    with TtpServer(KEYS) as server:
        ttps = [RemoteTtp(f"{server.address[0]}:{server.address[1]}", KEYS.public) for _ in links]
        outcomes = run_parties((program(links[0], ttps[0]), program(links[1], ttps[1])), links)
        for ttp in ttps:
            ttp.close()
    assert [outcome.result.tolist() for outcome in outcomes] == [[9, 25, 49]] * 2, outcomes
    asked = [(ttp.work.opened, ttp.work.requests, ttp.work.bytes) for ttp in ttps]
    assert asked[adjust_rank] == (1, 1, 3 * 8)
    assert asked[1 - adjust_rank] == (1, 0, 0)
    seeds = [message for message in links[0].ledger.messages if message.op == "encrypted seed for the TTP"]
    assert [message.receiver for message in seeds] == [links[adjust_rank].name]
