"""Two real SPU ranks in processes of their own, what goes between them, and what they end with."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from ports import free_ports
from spu_python import SPU_PYTHON

from kuscia_nb.tools.spu_command import SCRIPT
from kuscia_nb.wire.protobuf import fields

PRODUCTS = Path(__file__).parent / "our_products.py"
SECONDS = 120
ONE = 2**18


class Forwarder:
    """Passes on what comes to its port, and keeps what the dialling side has sent."""

    def __init__(self, target: int) -> None:
        self._target = target
        self.heard: list[bytearray] = []
        """One for each connection."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = [self._listener]
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> Forwarder:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join(SECONDS)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:  # the peer is not there yet: the dialling side tries again
                near.close()
                continue
            kept = bytearray()
            self.heard.append(kept)
            self._sockets += near, far
            for source, sink, record in ((near, far, kept), (far, near, None)):
                thread = threading.Thread(target=_pump, args=(source, sink, record))
                self._threads.append(thread)
                thread.start()

    def values(self) -> dict[str, bytes]:
        """The value of every message by its key without the sequence number."""
        # Others may knock at a port that was free a moment ago.
        ours = (bytes(heard) for heard in self.heard if heard[:4] == b"PRPC")
        return {key.split("\x01")[0]: value for heard in ours for key, value in pushed(heard)}


def _pump(source: socket.socket, sink: socket.socket, record: bytearray | None) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            if record is not None:
                record += piece
            sink.sendall(piece)
    for one in (source, sink):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


def pushed(stream: bytes) -> Iterator[tuple[str, bytes]]:
    """Key and value of the pushes in a stream of baidu_std frames (spec: ss_lr §6a)."""
    while stream:
        assert stream[:4] == b"PRPC"
        body, meta = (int.from_bytes(stream[at : at + 4], "big") for at in (4, 8))
        push = {number: value for number, _, value in fields(stream[12 + meta : 12 + body])}
        yield bytes(push[2]).decode(), bytes(push.get(3, b""))
        stream = stream[12 + body :]


def uint128(raw: bytes) -> bytes:
    """The 16 bytes of a number that msgpack has as [high, low], little endian."""
    assert raw[0] == 0x92
    number, at = 0, 1
    for _ in range(2):
        size = {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8}.get(raw[at], 0)
        part = int.from_bytes(raw[at + 1 : at + 1 + size], "big") if size else raw[at]
        number, at = number << 64 | part, at + 1 + size
    return number.to_bytes(16, "little")


class Ended:
    """What two ranks have said, their shares, and their set-up messages, all by rank."""

    def __init__(self, reports: list[dict[str, Any]], shares: list[np.ndarray], forwarders: list[Forwarder]) -> None:
        self.reports, self.shares = reports, shares
        self._forwarders = forwarders

    @property
    def result(self) -> np.ndarray:
        """Both shares together, as numbers."""
        return (self.shares[0] + self.shares[1]).view(np.int64) / ONE

    @property
    def prss_seeds(self) -> list[bytes]:
        return [uint128(self._forwarders[rank].values()[f"root:P2P-1:{rank}->{1 - rank}"]) for rank in (0, 1)]

    @property
    def beaver_seeds(self) -> list[bytes]:
        """As they were encrypted to the TTP."""
        return [self._forwarders[rank].values()["root:3:ALLGATHER"] for rank in (0, 1)]


class Said(NamedTuple):
    """How a rank's process has ended, and what it has written."""

    code: int
    text: str


def run_both(
    folder: Path,
    program: str,
    words: Sequence[object],
    own: Sequence[Sequence[object]],
    ours: int | None = None,
) -> Ended:
    """Both ranks of a program of spu_peer.py, or one of them and our party; `own` are the words of each rank.

    Fails with what a rank has said.
    """
    said, sent = start_both(folder, program, words, own, ours)
    for one in said:
        assert one.code == 0, one.text
    reports = [json.loads(next(line for line in one.text.splitlines() if line.startswith("{"))) for one in said]
    lines = [(folder / f"share{rank}.txt").read_text().split() for rank in (0, 1)]
    shares = [np.array([int(Decimal(line) * ONE) for line in share]).view(np.uint64) for share in lines]
    return Ended(reports, shares, sent)


def start_both(
    folder: Path,
    program: str,
    words: Sequence[object],
    own: Sequence[Sequence[object]],
    ours: int | None = None,
) -> tuple[list[Said], list[Forwarder]]:
    """The same, however it ends: what the ranks have said, and who has passed on what they sent."""
    ports = free_ports(2)
    with ExitStack() as stack:
        forwarders = [stack.enter_context(Forwarder(ports[1 - rank])) for rank in (0, 1)]  # which rank dials through it
        processes = []
        for rank in (0, 1):
            hosts = [f"127.0.0.1:{ports[rank] if at == rank else forwarders[rank].port}" for at in (0, 1)]
            start: list[object] = [SPU_PYTHON, SCRIPT]
            if rank == ours:
                start = [sys.executable, *(["-m", "kuscia_nb", "party"] if program == "ss_lr" else [PRODUCTS])]
            command = [*start, program, "--rank", rank, "--parties", ",".join(hosts), "--json"]
            command += ["--out", folder / f"share{rank}.txt", *words, *own[rank]]
            output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
            process = stack.enter_context(subprocess.Popen(list(map(str, command)), **output))
            stack.callback(process.kill)
            processes.append(process)
        texts = [process.communicate(timeout=SECONDS)[0] for process in processes]
    said = [Said(process.returncode, text) for process, text in zip(processes, texts, strict=True)]
    return said, forwarders
