"""What the tests of the TTP over a wire have in common: keys, seeds, requests written by hand."""

from __future__ import annotations

import base64
import http.client
import json
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

from kuscia_nb.mpc import BlockPrg
from kuscia_nb.wire import sm2
from kuscia_nb.wire.protobuf import data, number
from kuscia_nb.wire.ttp_keys import TtpKeys
from kuscia_nb.wire.ttp_requests import SERVICE

KEYS = TtpKeys.new()
SEEDS = (bytes(range(16)), bytes(range(16, 32)))
ENCRYPTED = [sm2.encrypt(KEYS.public, seed) for seed in SEEDS]
BASE64 = [base64.b64encode(raw).decode() for raw in ENCRYPTED]

Address = tuple[str, int]


def post(address: Address, method: str, body: bytes, kind: str = "application/json") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(*address, timeout=20)
    try:
        connection.request("POST", SERVICE + method, body, {"Content-Type": kind})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def frames(raw: bytes) -> list[tuple[int, bytes]]:
    found = []
    while raw:
        code, size = struct.unpack_from("<bq", raw)
        found.append((code, raw[9 : 9 + size]))
        assert len(raw) >= 9 + size
        raw = raw[9 + size :]
    return found


def draws(*pairs: tuple[int, int], seeds: Sequence[str] = BASE64) -> list[dict[str, Any]]:
    """(counter, bytes) each; a counter of 0 is left out, as proto3 does."""
    return [
        {**({"prg_count": counter} if counter else {}), "buffer_len": size, "encrypted_seeds": list(seeds)}
        for counter, size in pairs
    ]


def asked(address: Address, method: str, *pairs: tuple[int, int], **fields: Any) -> list[tuple[int, bytes]]:
    """The frames that answer a JSON request."""
    status, raw = post(address, method, json.dumps({"prg_inputs": draws(*pairs), **fields}).encode())
    assert status == 200
    return frames(raw)


def correction(address: Address, method: str, *pairs: tuple[int, int], **fields: Any) -> bytes:
    answer = asked(address, method, *pairs, **fields)
    assert [code for code, _ in answer] == [0] * len(answer), answer
    return b"".join(piece for _, piece in answer)


def message(*pairs: tuple[int, int], others: bytes = b"") -> bytes:
    """The same request as Protocol Buffers."""
    inputs = [
        number(1, counter) + number(2, size) + b"".join(data(3, raw) for raw in ENCRYPTED) for counter, size in pairs
    ]
    return b"".join(data(1, one) for one in inputs) + others


def parts(counter: int, size: int, field_size: int, rank: int) -> list[int]:
    """A party's draw of so many bytes as integers."""
    raw = BlockPrg(SEEDS[rank]).at(counter, -(-size // 8)).tobytes()[:size]
    return [int.from_bytes(raw[i : i + field_size], "little") for i in range(0, size, field_size)]


def sums(counter: int, size: int, field_size: int) -> list[int]:
    both = (parts(counter, size, field_size, rank) for rank in (0, 1))
    return [(x + y) % 2 ** (8 * field_size) for x, y in zip(*both, strict=True)]


def integers(raw: bytes, field_size: int) -> list[int]:
    return [int.from_bytes(raw[i : i + field_size], "little") for i in range(0, len(raw), field_size)]


def words(raw: bytes) -> np.ndarray:
    return np.frombuffer(raw, np.uint64)
