"""Two parties in a process each, with a TTP in a third one, and what may stand between them: for `wire.py`."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from _common import FOLDER, PROJECT

from kuscia_nb.wire import identity

SECONDS = 300
NODES = ("bob", "alice")
"""By rank, where messages go from endpoint to endpoint."""


class Job(NamedTuple):
    """What is trained. The label is a function of rank 1's first feature."""

    rows: int
    columns: tuple[int, int]
    batch: int
    epochs: int = 1
    learning_rate: float = 0.01

    @property
    def rate(self) -> int:
        """learning_rate / batch in units of 2^-18, for the embedded run."""
        return round(self.learning_rate / self.batch * 2**18)

    def words(self) -> list[str]:
        """Of the command line of a party, ours or SPU's."""
        parameters = {"batch_size": self.batch, "learning_rate": self.learning_rate, "num_epoch": self.epochs}
        settings = [f"--set={name}={value}" for name, value in {**parameters, "l2_norm": 0.5}.items()]
        return ["--features", ",".join(map(str, self.columns)), "--rows", str(self.rows), *settings]


class Place:
    """A folder with the data of a job, keys of both parties, and a TTP that listens."""

    def __init__(self, folder: Path, ttp: str) -> None:
        self.folder, self.ttp = folder, ttp
        self._written: dict[tuple[int, ...], int] = {}
        for rank in (0, 1):
            identity.make(f"party{rank}", folder)

    def data(self, job: Job) -> list[Path]:
        """Both parties' files; rows that are there already are not written again."""
        paths = [self.folder / f"{'x'.join(map(str, job.columns))}.{rank}.csv" for rank in (0, 1)]
        if self._written.get(job.columns, 0) < job.rows:
            generator = np.random.default_rng(1)
            for rank, (count, path) in enumerate(zip(job.columns, paths, strict=True)):
                x = generator.uniform(-1, 1, (job.rows, count))
                columns = np.column_stack([x, x[:, 0] > 0]) if rank else x
                header = ",".join(f"x{rank}{i}" for i in range(columns.shape[1]))
                np.savetxt(path, columns, "%.4f", ",", header=header, comments="")
            self._written[job.columns] = job.rows
        return paths


@contextmanager
def place() -> Iterator[Place]:
    """For as long as it is needed."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        ttp = [sys.executable, "-m", "kuscia_nb", "ttp", "--listen", "127.0.0.1:0", "--keys", str(folder)]
        with _listening(ttp) as line:
            yield Place(folder, line.split()[2])


def free_port() -> int:
    """One that nobody has at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def trained(
    place: Place, job: Job, commands: Sequence[Sequence[str | Path]], flags: Sequence[Any], delay: float = 0
) -> dict[str, Any]:
    """What the slower one of two parties reports; with a `delay` of so many milliseconds in each direction."""
    ports = [free_port(), free_port()]
    with ExitStack() as stack:
        seen = ports
        if delay:
            forwarder = [sys.executable, FOLDER / "_forwarder.py", delay, *ports]
            seen = [int(port) for port in stack.enter_context(_listening(forwarder)).split()]
        processes, black_box = [], "blackbox" in flags
        if black_box:
            for rank in (0, 1):
                stack.enter_context(_listening(endpoint(rank, ports, seen)))
        for rank, (command, data) in enumerate(zip(commands, place.data(job), strict=True)):
            here, there = ports[rank], seen[1 - rank]
            parties = f"127.0.0.1:{there},127.0.0.1:{here}" if rank else f"127.0.0.1:{here},127.0.0.1:{there}"
            where = ["--parties", ",".join(NODES), "--transport", f"127.0.0.1:{here}", "--session", "run"]
            own = ["--rank", rank, *(where if black_box else ["--parties", parties])]
            own += ["--data", data, *["--label"] * rank]
            own += ["--ttp", place.ttp, "--ttp-key", place.folder / "public.pem"]
            own += ["--out", place.folder / f"share{rank}.txt", "--json", *job.words()]
            words = [str(word).format(own=rank, peer=1 - rank) for word in (*command, "ss_lr", *own, *flags)]
            process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=PROJECT)
            stack.callback(process.wait)
            stack.callback(process.kill)
            processes.append(process)
        reports = []
        for process in processes:
            out, error = process.communicate(timeout=SECONDS)
            if process.returncode:
                raise RuntimeError(f"a party has failed:\n{out}{error}")
            reports.append(json.loads(out.splitlines()[-1]))
    return {**reports[0], **max(reports, key=lambda report: report["seconds"])}


def endpoint(rank: int, ports: Sequence[int], seen: Sequence[int]) -> list[Any]:
    """The transport endpoint of a party, which sees the other one's elsewhere if there is a delay."""
    peer = f"{NODES[1 - rank]}=http://127.0.0.1:{seen[1 - rank]}"
    own = ["--name", NODES[rank], "--listen", f"127.0.0.1:{ports[rank]}", "--peer", peer]
    return [sys.executable, "-u", "-m", "kuscia_nb", "transport", *own]


@contextmanager
def _listening(command: Sequence[Any]) -> Iterator[str]:
    """A process that prints where it listens: that line."""
    words = [str(word) for word in command]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=PROJECT) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline()
        finally:
            process.kill()
