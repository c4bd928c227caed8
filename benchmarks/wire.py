"""How fast do two processes train over a wire, with the TTP in a third one?

    python benchmarks/wire.py [--repeats 7] [--spu]

The tutorial's job (10,000 x 20, batches of 21) by `kuscia-nb party`: our own wire with both strategies, plain and with
TLS, and, with --spu, two real SPU 0.9.5 processes over theirs, in turns, the best of some repeats each. Everything is
also told as a multiple of the *floor*: what the same number of exchanges of such messages takes between two processes
that do nothing else, over loopback, measured in the same run. Absolute numbers mean little on a shared machine.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from _common import FOLDER, PROJECT, positive, publish, table, tell
from _peers import spu_environment, start

from kuscia_nb.wire import identity

ROWS, COLUMNS, BATCH = 10_000, (10, 10), 21
EXCHANGES = 5_000
"""For the floor."""
SPU = "SPU x SPU"
GOALS = {"preprocessed": ("own, preprocessed", 8.0), "interconnection": ("own, interconnection", 3.0)}
"""How many times as fast as SPU a strategy has to be."""
MOST = 3.0
"""How many times the floor with half of the embedded run `preprocessed` may take."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


# The floor.


def _exchange(connected: socket.socket) -> float:
    """Seconds for one exchange of a batch's numbers, with a head as ours has."""
    head, body = bytes(58), np.zeros(BATCH, np.uint64)
    wanted = len(head) + body.nbytes
    room = memoryview(bytearray(wanted))
    begin = time.perf_counter()
    for _ in range(EXCHANGES):
        connected.sendmsg([head, body.data])
        got = 0
        while got < wanted:
            got += connected.recv_into(room[got:])
    return (time.perf_counter() - begin) / EXCHANGES


def _answer(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connected:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _exchange(connected)


def floor() -> float:
    """Seconds for one exchange between two processes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        other = multiprocessing.get_context("spawn").Process(target=_answer, args=(listener.getsockname()[1],))
        other.start()
        connected, _ = listener.accept()
        with connected:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            seconds = _exchange(connected)
        other.join()
    return seconds


# The contenders.


@contextmanager
def ttp(folder: Path) -> Iterator[str]:
    """A TTP in a process: where it listens."""
    command = [sys.executable, "-m", "kuscia_nb", "ttp", "--listen", "127.0.0.1:0", "--keys", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[2]
        finally:
            process.kill()


def write_data(folder: Path) -> None:
    generator = np.random.default_rng(1)
    for rank, count in enumerate(COLUMNS):
        x = generator.uniform(-1, 1, (ROWS, count))
        columns = np.column_stack([x, x[:, 0] > 0]) if rank else x
        header = ",".join(f"x{rank}{i}" for i in range(columns.shape[1]))
        np.savetxt(folder / f"{rank}.csv", columns, "%.6f", ",", header=header, comments="")


def trained(folder: Path, where: str, commands: Sequence[Sequence[str | Path]], flags: Sequence[Any]) -> dict[str, Any]:
    """Two parties: the time of the slower one, and how many messages it has sent."""
    parties = f"127.0.0.1:{free_port()},127.0.0.1:{free_port()}"
    shared = ["ss_lr", "--parties", parties, "--ttp", where, "--ttp-key", folder / "public.pem", "--json"]
    shared += ["--features", "10,10", "--set", f"batch_size={BATCH}", "--set", "l2_norm=0.5"]
    shared += ["--set", "learning_rate=0.01", "--set", "num_epoch=1", "--rows", ROWS, *flags]
    both = []
    for rank, command in enumerate(commands):
        own = [
            "--rank",
            rank,
            "--data",
            folder / f"{rank}.csv",
            "--out",
            folder / f"share{rank}.txt",
            *["--label"] * rank,
        ]
        words = [str(word).format(own=rank, peer=1 - rank) for word in (*command, *shared, *own)]
        both.append(subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=PROJECT))
    reports = []
    for process in both:
        out, error = process.communicate(timeout=600)
        if process.returncode:
            raise RuntimeError(f"a party has failed:\n{out}{error}")
        reports.append(json.loads(out.splitlines()[-1]))
    return max(reports, key=lambda report: report["seconds"])


def embedded(strategy: str) -> float:
    """Seconds of the training in one process."""
    job = {"contender": strategy, "rows": ROWS, "features": sum(COLUMNS), "batch_size": BATCH, "epochs": 1, "l2": 0.5}
    with start([sys.executable, FOLDER / "engine_peer.py"], {**job, "rate": 125}) as peer:
        return min(peer.run().seconds for _ in range(7))


def contenders(folder: Path, spu_python: Path | None) -> dict[str, tuple[list[list[str | Path]], list[Any]]]:
    """Commands and flags by name."""
    party = [sys.executable, "-m", "kuscia_nb", "party"]
    secured = ["--identity", folder / "party{own}.pem", "--trust", folder / "party{peer}.crt"]
    found: dict[str, tuple[list[list[str | Path]], list[Any]]] = {}
    for strategy in GOALS:
        own = ["--wire", "own", "--strategy", strategy]
        found[f"own, {strategy}"] = [[*party], [*party]], own
        found[f"own, {strategy}, TLS"] = [[*party], [*party]], [*own, *secured]
    bare = ["--no-handshake"]
    found["own as SPU's wire"] = [[*party], [*party]], bare
    if spu_python is not None:
        peer: list[str | Path] = [spu_python, PROJECT / "kuscia_nb" / "tools" / "spu_peer.py"]
        found[SPU] = [[*peer], [*peer]], bare
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=positive, default=7)
    parser.add_argument("--spu", action="store_true", help="SPU as well; its environment is made if there is none")
    parser.add_argument("--spu-python", type=Path, help="an interpreter that has it")
    parser.add_argument("--save", action="store_true", help="write results/wire.md")
    arguments = parser.parse_args()
    spu_python, versions = spu_environment(arguments.spu_python) if arguments.spu else (None, "")
    best: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        write_data(folder)
        for rank in (0, 1):
            identity.make(f"party{rank}", folder)
        with ttp(folder) as where:
            floors = []
            for turn in range(arguments.repeats):
                tell(f"turn {turn + 1} of {arguments.repeats}")
                floors.append(floor())
                for name, (commands, flags) in contenders(folder, spu_python).items():
                    report = trained(folder, where, commands, flags)
                    if name not in best or report["seconds"] < best[name]["seconds"]:
                        best[name] = report
    each = min(floors)
    body = [f"An exchange takes {1e6 * each:.0f} us at least.", "", _table(best, each), "", *_judged(best, each)]
    publish(
        "wire",
        "Two processes over a wire",
        "\n".join(body),
        save=arguments.save,
        others={"SPU": versions} if versions else {},
    )


def _table(best: dict[str, dict[str, Any]], each: float) -> str:
    rows = []
    for name, report in best.items():
        messages, seconds = report.get("messages", 0), report["seconds"]
        against = f"{seconds / (messages * each):.1f}" if messages else ""
        faster = f"{best[SPU]['seconds'] / seconds:.1f}" if SPU in best else ""
        rows.append((name, f"{1000 * seconds:.0f}", str(messages or ""), against, faster))
    return table(("training", "ms", "exchanges", "x floor", "x as fast as SPU"), rows)


def _judged(best: dict[str, dict[str, Any]], each: float) -> list[str]:
    """Whether the goals are met."""
    report = best["own, preprocessed"]
    allowed = report["messages"] * each + embedded("preprocessed") / 2
    ratio = report["seconds"] / allowed
    lines = [
        f"- preprocessed, against floor + embedded / 2: {ratio:.1f} times; at most {MOST:g}: {_met(ratio <= MOST)}"
    ]
    for strategy, (name, goal) in GOALS.items() if SPU in best else ():
        ratio = best[SPU]["seconds"] / best[name]["seconds"]
        lines.append(f"- {strategy}, against SPU: {ratio:.1f} times as fast; at least {goal:g}: {_met(ratio >= goal)}")
    return lines


def _met(met: bool) -> str:
    return "met" if met else "MISSED"


if __name__ == "__main__":
    main()
