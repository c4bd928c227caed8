"""The TTP that listens: its answers against golden bytes and Python's integers, and what it does not put up with."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ttp_wire import (
    BASE64,
    ENCRYPTED,
    KEYS,
    SEEDS,
    Address,
    asked,
    correction,
    draws,
    frames,
    integers,
    message,
    parts,
    post,
    sums,
)

from kuscia_nb.errors import TtpError
from kuscia_nb.mpc import StreamPrg
from kuscia_nb.wire import sm2
from kuscia_nb.wire.http_channel import Bounds
from kuscia_nb.wire.protobuf import data, number
from kuscia_nb.wire.ttp_keys import PRIVATE, PUBLIC, TtpKeys, keys_in, public_key
from kuscia_nb.wire.ttp_requests import SERVICE
from kuscia_nb.wire.ttp_server import Limits, TtpServer


@pytest.fixture(scope="module")
def ttp() -> Iterator[Address]:
    with TtpServer(KEYS) as server:
        yield server.address


# --- golden bytes: spec: ss_lr §11 ------------------------------------------------------------------------------------


def test_answers_are_those_of_spus_ttp(ttp: Address) -> None:
    fields = {"transpose_inputs": [False] * 3, "field_size": 8, "M": 2, "N": 1, "K": 3}
    body = json.dumps({"prg_inputs": draws((0, 48), (3, 24), (5, 16)), **fields}).encode()
    assert post(ttp, "AdjustDot", body)[1].hex() == "001000000000000000" + "3dbad08ee2ad40358f5b591fe05f366f"
    assert (
        correction(ttp, "AdjustMul", (7, 16), (8, 16), (9, 16), field_size=8).hex()
        == "e78355d6b4255a17a2bfb0b3e8e6aaa5"
    )
    assert correction(ttp, "AdjustMulPriv", (10, 12), (11, 12), field_size=4).hex() == "84b2d3a0a5420be4f2fe82c1"


@pytest.mark.parametrize("kind", ["application/proto", "application/x-protobuf"])
def test_a_message_gets_the_same_answer_as_json(ttp: Address, kind: str) -> None:
    shape = number(3, 8) + number(4, 2) + number(5, 1) + number(6, 3)
    for flags in (data(2, bytes(3)), 3 * b"\x10\0", b""):  # packed, one by one, left out
        _, raw = post(ttp, "AdjustDot", message((0, 48), (3, 24), (5, 16), others=flags + shape), kind)
        assert frames(raw) == [(0, bytes.fromhex("3dbad08ee2ad40358f5b591fe05f366f"))]
    assert frames(post(ttp, "AdjustMulPriv", message((10, 12), (11, 12), others=number(2, 4)), kind)[1]) == [
        (0, bytes.fromhex("84b2d3a0a5420be4f2fe82c1"))
    ]
    permutation = number(1, 40) + number(2, 3) + data(3, ENCRYPTED[1])
    _, raw = post(ttp, "AdjustPerm", message((1, 24), (9, 24), others=number(2, 8) + data(3, permutation)), kind)
    perm = {"prg_count": 40, "size": 3, "encrypted_seeds": BASE64[1]}
    assert frames(raw) == [(0, correction(ttp, "AdjustPerm", (1, 24), (9, 24), field_size=8, perm=perm))]


# --- every formula, in every ring, against integers ------------------------------------------------------------------

N = 5
SIZES = pytest.mark.parametrize("size", [4, 8, 16])


def spread(size: int, count: int, elements: int = N) -> list[tuple[int, int]]:
    return [(3 + 100 * i, elements * size) for i in range(count)]


@SIZES
def test_mul_and_square(ttp: Address, size: int) -> None:
    at, modulus = spread(size, 3), 2 ** (8 * size)
    a, b, c = (sums(*pair, size) for pair in at)
    expected = [(x * y - z) % modulus for x, y, z in zip(a, b, c, strict=True)]
    assert integers(correction(ttp, "AdjustMul", *at, field_size=size), size) == expected
    assert integers(correction(ttp, "AdjustMul", *at, field_size=size, element_type="RING"), size) == expected
    expected = [(x * x - y) % modulus for x, y in zip(a, b, strict=True)]
    assert integers(correction(ttp, "AdjustSquare", *at[:2], field_size=size), size) == expected


@SIZES
def test_mul_priv(ttp: Address, size: int) -> None:
    a, c = spread(size, 2)
    own = [parts(*a, size, rank) for rank in (0, 1)]
    expected = [(x * y - z) % 2 ** (8 * size) for x, y, z in zip(*own, sums(*c, size), strict=True)]
    assert integers(correction(ttp, "AdjustMulPriv", a, c, field_size=size), size) == expected


@SIZES
@pytest.mark.parametrize("turned", [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize("n", [1, 3])
def test_dot(ttp: Address, size: int, turned: tuple[bool, bool], n: int) -> None:
    m, k = 2, 4
    at = [(1, m * k * size), (200, k * n * size), (300, m * n * size)]
    a, b, c = (sums(*pair, size) for pair in at)

    def left(i: int, j: int) -> int:
        return a[j * m + i] if turned[0] else a[i * k + j]

    def right(j: int, column: int) -> int:
        return b[column * k + j] if turned[1] else b[j * n + column]

    expected = [
        (sum(left(i, j) * right(j, column) for j in range(k)) - c[i * n + column]) % 2 ** (8 * size)
        for i in range(m)
        for column in range(n)
    ]
    flags = [*turned, False]
    raw = correction(ttp, "AdjustDot", *at, field_size=size, M=m, N=n, K=k, transpose_inputs=flags)
    assert integers(raw, size) == expected


@pytest.mark.parametrize("size", [1, 15, 16, 40])
def test_and_takes_any_number_of_bytes(ttp: Address, size: int) -> None:
    """Its buffers are whole blocks, its answer is cut."""
    at = [(3, size), (103, size), (203, size)]
    a, b, c = ([x ^ y for x, y in zip(*(parts(*pair, 1, rank) for rank in (0, 1)), strict=True)] for pair in at)
    expected = bytes(x & y ^ z for x, y, z in zip(a, b, c, strict=True))
    assert correction(ttp, "AdjustAnd", *at) == expected


@SIZES
@pytest.mark.parametrize("bits", [1, 18, 30])
def test_truncations(ttp: Address, size: int, bits: int) -> None:
    at, k = spread(size, 3), 8 * size
    a, b, c = (sums(*pair, size) for pair in at)
    signed = [x - 2**k if x >= 2 ** (k - 1) else x for x in a]
    expected = [((x >> bits) - y) % 2**k for x, y in zip(signed, b, strict=True)]
    assert integers(correction(ttp, "AdjustTrunc", *at[:2], field_size=size, bits=bits), size) == expected
    first = [(((x << 1) % 2**k >> (bits + 1)) - y) % 2**k for x, y in zip(a, b, strict=True)]
    second = [((x >> (k - 1)) - z) % 2**k for x, z in zip(a, c, strict=True)]
    assert integers(correction(ttp, "AdjustTruncPr", *at, field_size=size, bits=bits), size) == first + second


@SIZES
def test_random_bits_are_bits_and_the_same_when_asked_again(ttp: Address, size: int) -> None:
    """A client repeats a request whose answer it has not got."""

    def bits(at: tuple[int, int]) -> list[int]:
        given = integers(correction(ttp, "AdjustRandBit", at, field_size=size), size)
        return [(x + y) % 2 ** (8 * size) for x, y in zip(given, sums(*at, size), strict=True)]

    drawn = bits((7, 200 * size))
    assert drawn == bits((7, 200 * size))
    assert set(drawn) == {0, 1}
    assert 40 < sum(drawn) < 160  # 8 standard deviations
    assert drawn != bits((8, 200 * size))


@SIZES
def test_eqz(ttp: Address, size: int) -> None:
    a, b = spread(size, 2)
    exclusive = [x ^ y for x, y in zip(parts(*b, size, 0), parts(*b, size, 1), strict=True)]
    expected = [x ^ y for x, y in zip(sums(*a, size), exclusive, strict=True)]
    assert integers(correction(ttp, "AdjustEqz", a, b, field_size=size), size) == expected


@SIZES
@pytest.mark.parametrize("elements", [1, 2, 9])
def test_perm(ttp: Address, size: int, elements: int) -> None:
    """Knuth's shuffle of the owner's CTR stream, as SPU 0.9.5 has it: its sorting comes out right with no other."""
    a, b = spread(size, 2, elements)
    raw = StreamPrg(SEEDS[1]).at(50, 2 * max(1, elements - 1)).tobytes()
    order = list(range(elements))
    for i in range(elements - 1, 0, -1):
        j = int.from_bytes(raw[16 * (i - 1) : 16 * i], "little") % (i + 1)
        order[i], order[j] = order[j], order[i]
    moved = dict(zip(order, sums(*a, size), strict=True))
    expected = [(moved[i] - y) % 2 ** (8 * size) for i, y in enumerate(sums(*b, size))]
    perm = {"prg_count": 50, "size": elements, "encrypted_seeds": BASE64[1]}
    assert integers(correction(ttp, "AdjustPerm", a, b, field_size=size, perm=perm), size) == expected


def test_steps_that_do_not_fit_are_refused(ttp: Address) -> None:
    fits = {"methods": ["AdjustDot", "AdjustMulPriv"], "field_sizes": [8, 4], "stride": 10, "count": 3}
    five = [(3, 48), (6, 16), (7, 24), (9, 20), (11, 20)]
    assert len(correction(ttp, "AdjustSteps", *five, **fits)) == 3 * (24 + 20)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"methods": ["AdjustDot"]}, "a field_size for each"),
        ({"methods": ["AdjustDot", "AdjustMul"]}, "no step has"),
        ({"methods": ["AdjustDot", []]}, "no step has"),
        ({"field_sizes": [4, 4]}, "no step has"),
        ({"field_sizes": [8, [4]]}, "no step has"),
        ({"field_sizes": [8, 16]}, "no step has"),
        ({"field_sizes": [8, 8]}, "not whole elements of 8"),
        ({"methods": ["AdjustMulPriv"] * 2}, "1 draws that no method takes"),
        ({"stride": 9}, "from 3 to 13, over its 9 blocks"),
        ({"count": 0}, "are none"),
        ({"count": 2**40}, "MiB of draws"),
    ]
    for changes, text in wrong:
        ((code, said),) = asked(ttp, "AdjustSteps", *five, **(fits | changes))
        assert (code, text in said.decode()) == (1, True), said
    ((code, said),) = asked(
        ttp, "AdjustSteps", (3, 48), (5, 16), (7, 24), methods=["AdjustDot"], field_sizes=[8], stride=9, count=1
    )
    assert (code, b"counter 5 is not behind" in said) == (1, True)
    status, raw = post(ttp, "AdjustSteps", message(*five), "application/x-protobuf")
    assert (status, frames(raw)[0][0]) == (200, 1)


def test_each_draw_has_its_own_seeds(ttp: Address) -> None:
    """As those of a cached operand."""
    inputs = [*draws((3, 16)), *draws((4, 16), seeds=BASE64[::-1]), *draws((5, 16), seeds=BASE64)]
    _, raw = post(ttp, "AdjustMul", json.dumps({"prg_inputs": inputs, "field_size": 8}).encode())
    assert frames(raw)[0][1] == correction(ttp, "AdjustMul", (3, 16), (4, 16), (5, 16), field_size=8)  # a sum
    inputs = [*draws((3, 16), seeds=BASE64[:1]), *draws((5, 16), seeds=BASE64[1:])]
    _, raw = post(ttp, "AdjustSquare", json.dumps({"prg_inputs": inputs, "field_size": 8}).encode())
    a, b = parts(3, 16, 8, 0), parts(5, 16, 8, 1)
    assert integers(frames(raw)[0][1], 8) == [(x * x - y) % 2**64 for x, y in zip(a, b, strict=True)]


def test_a_large_answer_comes_in_frames(ttp: Address) -> None:
    size = 33 << 20
    answer = asked(ttp, "AdjustSquare", (0, size), (size // 16, size), field_size=8)
    assert [(code, len(piece)) for code, piece in answer] == [(0, 32 << 20), (0, 1 << 20)]
    first, last = answer[0][1][:80], answer[1][1][-80:]
    for piece, begin in ((first, 0), (last, size - 80)):
        a, b = (sums(start + begin // 16, 80, 8) for start in (0, size // 16))
        assert integers(piece, 8) == [(x * x - y) % 2**64 for x, y in zip(a, b, strict=True)]


# --- requests that do not fit ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "pairs", "fields", "text"),
    [
        ("AdjustMul", [(0, 16), (1, 16)], {"field_size": 8}, "takes 3 prg_inputs"),
        ("AdjustMul", [(0, 16), (1, 16), (2, 8)], {"field_size": 8}, "one size"),
        ("AdjustMul", [(0, 16)] * 3, {"field_size": 7}, "field_size 7"),
        ("AdjustMul", [(0, 16)] * 3, {}, "field_size 0"),
        ("AdjustMul", [(0, 12)] * 3, {"field_size": 8}, "whole elements"),
        ("AdjustMul", [(0, 16)] * 3, {"field_size": 8, "element_type": "GFMP"}, "GFMP"),
        ("AdjustMul", [(0, 0)] * 3, {"field_size": 8}, "empty draw"),
        ("AdjustMul", [(2**64 - 1, 16)] * 3, {"field_size": 8}, "last counter"),
        ("AdjustMul", [(-1, 16)] * 3, {"field_size": 8}, "prg_count"),
        ("AdjustMul", [(0, 2**40)] * 3, {"field_size": 8}, "MiB"),
        ("AdjustMul", [(0.5, 16)] * 3, {"field_size": 8}, "prg_count"),
        ("AdjustDot", [(0, 16), (1, 16), (2, 8)], {"field_size": 8, "M": 1, "N": 1, "K": 3}, "a has 2 elements"),
        ("AdjustDot", [(0, 8)] * 3, {"field_size": 8, "M": 2**40, "N": 2**40, "K": 1}, "products"),
        ("AdjustTrunc", [(0, 16)] * 2, {"field_size": 8, "bits": 63}, "bits 63"),
        ("AdjustTruncPr", [(0, 16)] * 3, {"field_size": 8}, "bits 0"),
        ("AdjustPerm", [(0, 16)] * 2, {"field_size": 8}, "no object"),
        (
            "AdjustPerm",
            [(0, 16)] * 2,
            {"field_size": 8, "perm": {"size": 3, "encrypted_seeds": BASE64[0]}},
            "2 elements",
        ),
        (
            "AdjustPerm",
            [(0, 2**25)] * 2,
            {"field_size": 4, "perm": {"size": 2**23, "encrypted_seeds": BASE64[0]}},
            "elements in one permutation",
        ),
        ("AdjustCrossDot", [(0, 8)] * 5, {"field_size": 8, "rows": 1}, "no rows"),
        ("AdjustCrossDot", [(0, 8)] * 5, {"field_size": 8, "rows": 1, "batch": 2}, "the mask of rank 0"),
    ],
)
def test_a_request_that_does_not_fit_is_refused(
    ttp: Address, method: str, pairs: list[tuple[int, int]], fields: dict[str, object], text: str
) -> None:
    ((code, said),) = asked(ttp, method, *pairs, **fields)
    assert code == 1
    assert text in said.decode()


def test_what_all_parties_draw_is_bounded(ttp: Address) -> None:
    """A server makes an array for each seed."""
    body = json.dumps({"prg_inputs": draws((0, 2**27), seeds=BASE64 * 8), "field_size": 8}).encode()
    ((code, said),) = frames(post(ttp, "AdjustRandBit", body)[1])
    assert (code, b"MiB of draws" in said) == (1, True)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"[" * 60000,
        b'{"prg_inputs":5}',
        b'{"prg_inputs":[1,2,3]}',
        b"\xff\xfe",
        b'{"prg_inputs":[{}]}',
    ],
)
@pytest.mark.parametrize("kind", ["application/json", "application/proto"])
def test_a_body_that_is_none_is_refused(ttp: Address, body: bytes, kind: str) -> None:
    status, raw = post(ttp, "AdjustMul", body, kind)
    ((code, said),) = frames(raw)
    assert (status, code) == (200, 1)
    assert said


@pytest.mark.parametrize("seed", ["", "AAAA", "no base64!", BASE64[0][:-8], None])
def test_a_seed_that_cannot_be_read_has_a_code_of_its_own(ttp: Address, seed: str | None) -> None:
    if seed is None:  # for another key
        seed = sm2.encrypt(TtpKeys.new().public, SEEDS[0]).hex()
    body = json.dumps({"prg_inputs": draws((0, 16), (1, 16), seeds=[BASE64[0], seed]), "field_size": 8}).encode()
    ((code, said),) = frames(post(ttp, "AdjustSquare", body)[1])
    assert code == 2
    assert said


def test_a_seed_of_another_size_is_refused(ttp: Address) -> None:
    short = data(1, number(2, 16) + data(3, sm2.encrypt(KEYS.public, bytes(15))))
    ((code, said),) = frames(post(ttp, "AdjustSquare", short + short + number(2, 8), "application/proto")[1])
    assert (code, b"15 bytes" in said) == (2, True)


# --- bounds ----------------------------------------------------------------------------------------------------------

REQUEST = json.dumps({"prg_inputs": draws((0, 16), (1, 16)), "field_size": 8}).encode()
HEAD = f"POST {SERVICE}AdjustSquare HTTP/1.1\r\nHost: x\r\nContent-Length: {len(REQUEST)}\r\n\r\n".encode()


def talk(address: Address, *pieces: bytes) -> bytes:
    """What comes back until the server closes."""
    with socket.create_connection(address, 20) as connection:
        for piece in pieces:
            connection.sendall(piece)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        return answer


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"PUT / HTTP/1.1\r\n\r\n", b"405"),
        (b"GET /nothing HTTP/1.0\r\n\r\n", b"404"),
        (b"POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n", b"413"),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", b"413"),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"411"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 9000, b"431"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),
    ],
)
def test_what_is_no_request_is_refused(ttp: Address, request_: bytes, status: bytes) -> None:
    assert talk(ttp, request_).startswith(b"HTTP/1.1 " + status)


def test_requests_may_be_sent_ahead_and_in_pieces(ttp: Address) -> None:
    last = HEAD.replace(b"Host: x", b"Connection: close")
    answer = talk(ttp, HEAD[:20], HEAD[20:] + REQUEST[:7], REQUEST[7:] + HEAD + REQUEST + last + REQUEST)
    assert answer.count(b"HTTP/1.1 200 OK") == 3
    assert answer.endswith(correction(ttp, "AdjustSquare", (0, 16), (1, 16), field_size=8))


def test_who_sends_slowly_is_left() -> None:
    with TtpServer(KEYS, limits=Limits(client=Bounds(sending=0.3))) as server:
        assert talk(server.address, HEAD[:20]) == b""
        assert talk(server.address, HEAD, REQUEST[:20]) == b""
        with socket.create_connection(server.address, 20) as silent:
            assert correction(server.address, "AdjustSquare", (0, 16), (1, 16), field_size=8)
            silent.sendall(HEAD + REQUEST)  # a connection may be silent for longer than a request may take
            assert silent.recv(100).startswith(b"HTTP/1.1 200")


def test_there_are_only_so_many_connections() -> None:
    said: list[str] = []
    with TtpServer(KEYS, limits=Limits(connections=2), say=said.append) as server:
        kept = [socket.create_connection(server.address, 20) for _ in range(2)]
        for connection in kept:
            connection.sendall(HEAD + REQUEST)
            assert connection.recv(100).startswith(b"HTTP/1.1 200")
        assert talk(server.address) == b""
        assert "refused, 2 connections are open" in said[-1]
        kept.pop().close()
        deadline = time.monotonic() + 20
        while server.status()["connections"] == 2:
            assert time.monotonic() < deadline
        assert correction(server.address, "AdjustSquare", (0, 16), (1, 16), field_size=8)
        kept.pop().close()


def test_seeds_are_remembered_up_to_a_limit() -> None:
    with TtpServer(KEYS, limits=Limits(seeds=2, streams=1)) as server:
        for _ in range(2):
            for seed in range(3):
                other = sm2.encrypt(KEYS.public, bytes([seed] * 16))
                raw = b"".join(data(1, number(2, 16) + data(3, other)) for _ in range(2)) + number(2, 8)
                assert frames(post(server.address, "AdjustSquare", raw, "application/proto")[1])[0][0] == 0
                assert server.status()["seeds"] in (1, 2)


def test_stopping_leaves_nothing() -> None:
    server = TtpServer(KEYS).start()
    with socket.create_connection(server.address, 20) as connection:
        connection.sendall(HEAD + REQUEST)
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
        before = threading.active_count()
        server.stop()
        assert threading.active_count() == before - 2
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(server.address, 1)
    server.stop()


def test_it_counts_and_says_sizes_and_no_seeds() -> None:
    said: list[str] = []
    with TtpServer(KEYS, say=said.append) as server:
        correction(server.address, "AdjustSquare", (0, 16), (1, 16), field_size=8)
        asked(server.address, "AdjustSquare", (0, 16), (1, 16), field_size=5)
        status = json.loads(talk(server.address, b"GET /status HTTP/1.0\r\n\r\n").split(b"\r\n\r\n")[1])
    assert status["served"]["AdjustSquare"] == 1
    assert status["served"]["bytes"] == 16
    assert status["served"]["refused"] == 1
    assert status["fingerprint"] == KEYS.fingerprint
    everything = "\n".join([*said, json.dumps(status)])
    assert "1 AdjustSquare, 16 bytes" in everything
    for secret in (*SEEDS, KEYS.private.to_bytes(32, "big")):
        assert secret.hex() not in everything.lower()
    for text in BASE64:
        assert text not in everything


def test_a_port_that_is_taken_is_an_error() -> None:
    with TtpServer(KEYS) as server, pytest.raises(TtpError, match="cannot listen"):
        TtpServer(KEYS, *server.address).start()
    with pytest.raises(TtpError, match=r"listen on 0\.0\.0\.0"):
        TtpServer(KEYS, "192.0.2.1").start()


# --- keys ------------------------------------------------------------------------------------------------------------


def test_keys_are_made_once_and_kept_to_oneself(tmp_path: Path) -> None:
    folder = tmp_path / "ttp-keys"
    keys = keys_in(folder)
    assert keys_in(folder) == keys
    assert (folder / PRIVATE).stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert public_key(folder / PUBLIC) == public_key((folder / PUBLIC).read_text()) == keys.public
    assert str(keys.private) not in repr(keys)
    assert sorted(file.name for file in folder.iterdir()) == [PRIVATE, PUBLIC]


def test_keys_that_others_may_read_are_refused(tmp_path: Path) -> None:
    keys_in(tmp_path)
    (tmp_path / PRIVATE).chmod(0o644)
    with pytest.raises(TtpError, match="others may read"):
        keys_in(tmp_path)


def test_keys_that_are_none_are_an_error(tmp_path: Path) -> None:
    (tmp_path / PRIVATE).write_text("nothing")
    (tmp_path / PRIVATE).chmod(0o600)
    with pytest.raises(TtpError, match="no PEM block"):
        keys_in(tmp_path)
    with pytest.raises(TtpError, match="public key cannot be used"):
        public_key(tmp_path / "missing.pem")
