"""How fast do two processes train over a wire, with the TTP in a third one?

    python benchmarks/wire.py --save [--repeats 7] [--no-spu] [--before CHECKOUT]

The tutorial's job (10,000 x 20, batches of 21) by `kuscia-nb party`: our own wire with both strategies, plain and with
TLS; two SPU 0.9.5 processes over theirs; one of each; and all of these through black-box transport, with an endpoint
for each party in a process of its own. The contenders take turns, and the best of some repeats
counts. Then, fewer times, a larger job, and a shorter one with a delay between the parties, where only the number of
rounds counts.

Everything is also told as a multiple of the *floor*: what the same number of exchanges of such messages takes between
two processes that do nothing else, over loopback, measured in the same run. Absolute numbers mean little on a shared
machine. `--before` is another checkout of this project: the embedded run has to be as fast as it is there.
"""

from __future__ import annotations

import argparse
import multiprocessing
import socket
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from _common import PROJECT, positive, publish, table, tell
from _peers import spu_environment, start
from _wire_parties import Job, Place, place, trained

TUTORIAL = Job(10_000, (10, 10), 21)
LARGER = Job(100_000, (50, 50), 1024, epochs=2, learning_rate=0.1)
SHORT = Job(1_050, (10, 10), 21)
"""With a delay."""
DELAYS = (1, 10, 50)
"""Milliseconds in each direction."""
EXCHANGES = 5_000
"""For the floor."""
PREPROCESSED, INTERCONNECTION = "own, preprocessed", "own, interconnection"
SPU, SPU_TOGETHER = "SPU x SPU", "SPU x SPU, openings together"
MIXED = {"ours x SPU": SPU, "SPU x ours": SPU, "ours x SPU, openings together": SPU_TOGETHER}
"""One of each, rank 0 first, and what runs the same program without ours."""
OVER_SPUS = "ours x ours over SPU's wire"
SELDOM = 3
"""How often those take a turn that have a party of ours on SPU's wire; they take long to start."""
FEW = (PREPROCESSED, INTERCONNECTION, "ours x SPU, openings together", SPU_TOGETHER)
"""Those of the larger job and with a delay."""
FASTER = {PREPROCESSED: 8.0, INTERCONNECTION: 3.0}
"""How many times as fast as the faster SPU a contender has to be."""
MOST = 3.0
"""How many times the floor with half of the embedded run `preprocessed` may take."""
EMBEDDED = 1.02
"""How many times the embedded run of before it may take."""

Contender = tuple[Sequence[Sequence[str | Path]], Sequence[Any]]
"""The commands of rank 0 and rank 1, and flags for both."""
Best = dict[str, dict[str, Any]]


# The floor.


def _exchange(connected: socket.socket) -> float:
    """Seconds for one exchange of a batch's numbers, with a head as ours has."""
    head, body = bytes(58), np.zeros(TUTORIAL.batch, np.uint64)
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


def contenders(folder: Path, spu_python: Path | None) -> dict[str, Contender]:
    """By name."""
    ours = [sys.executable, "-m", "kuscia_nb", "party"]
    secured = ["--identity", folder / "party{own}.pem", "--trust", folder / "party{peer}.crt"]
    found: dict[str, Contender] = {}
    for name in (PREPROCESSED, INTERCONNECTION):
        own = ["--wire", "own", "--strategy", name.removeprefix("own, ")]
        found[name] = [ours, ours], own
        found[f"{name}, TLS"] = [ours, ours], [*own, *secured]
    bare = ["--no-handshake"]
    found[OVER_SPUS] = [ours, ours], bare
    black_box = ["--wire", "blackbox"]
    found["black box, preprocessed"] = [ours, ours], [*black_box, "--strategy", "preprocessed"]
    found["black box, ours x ours"] = [ours, ours], [*black_box, *bare]
    if spu_python is not None:
        spu: Sequence[str | Path] = [spu_python, PROJECT / "kuscia_nb" / "tools" / "spu_peer.py"]
        together = [*bare, "--openings", "together"]
        found[SPU], found[SPU_TOGETHER] = ([spu, spu], bare), ([spu, spu], together)
        first, second, third = MIXED
        bare = [*bare, "--truncation", "symmetric"]  # SPU's
        found[first], found[second] = ([ours, spu], bare), ([spu, ours], bare)
        found["black box, ours x SPU"] = [ours, spu], [*black_box, *bare]
        found["black box, SPU x SPU"] = [spu, spu], [*black_box, *bare]
        found[third] = [ours, spu], [*together, "--truncation", "symmetric"]
    return found


def embedded(checkout: Path = PROJECT) -> Callable[[], float]:
    """Seconds of the tutorial's training in one process, `preprocessed`; the best of some."""
    job = {"contender": "preprocessed", "rows": TUTORIAL.rows, "features": sum(TUTORIAL.columns), "l2": 0.5}
    job |= {"batch_size": TUTORIAL.batch, "epochs": 1, "rate": TUTORIAL.rate}
    command = ["env", f"PYTHONPATH={checkout}", sys.executable, checkout / "benchmarks" / "engine_peer.py"]

    def measured() -> float:
        with start(command, job) as peer:
            return min(peer.run().seconds for _ in range(15))

    return measured


def measured(place: Place, job: Job, names: dict[str, Contender], repeats: int, delay: float = 0) -> Best:
    """The best report of each."""
    best: Best = {}
    for turn in range(repeats):
        tell(f"{job.rows} x {sum(job.columns)}, delay {delay:g} ms: turn {turn + 1} of {repeats}")
        for name, (commands, flags) in names.items():
            if turn >= SELDOM and name in (OVER_SPUS, *MIXED):
                continue
            report = trained(place, job, commands, flags, delay)
            if name not in best or report["seconds"] < best[name]["seconds"]:
                best[name] = report
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=positive, default=7)
    parser.add_argument("--no-spu", action="store_true", help="without SPU, whose environment is made if there is none")
    parser.add_argument("--spu-python", type=Path, help="an interpreter that has it")
    parser.add_argument("--before", type=Path, help="another checkout, for the embedded run")
    parser.add_argument("--save", action="store_true", help="write results/wire.md")
    arguments = parser.parse_args()
    spu_python, versions = (None, "") if arguments.no_spu else spu_environment(arguments.spu_python)
    repeats = arguments.repeats
    with place() as there:
        names = contenders(there.folder, spu_python)
        each = min(floor() for _ in range(3))
        best = measured(there, TUTORIAL, names, repeats)
        each = min(each, *(floor() for _ in range(3)))
        few = {
            name: names[name]
            for name in (PREPROCESSED, INTERCONNECTION, *list(MIXED)[-1:], SPU_TOGETHER)
            if name in names
        }
        delayed = {delay: measured(there, SHORT, few, 1, delay) for delay in DELAYS}
        larger = measured(there, LARGER, few, 1)
    runs = {"now": embedded(), **({"before": embedded(arguments.before)} if arguments.before else {})}
    times = dict.fromkeys(runs, float("inf"))
    for _ in range(4):
        times = {name: min(times[name], run()) for name, run in runs.items()}
    took = f"An exchange takes {1e6 * each:.0f} us at least, the embedded run {1000 * times['now']:.1f} ms."
    few_turns = min(SELDOM, repeats)
    larger_job = f"{LARGER.rows:,} x {sum(LARGER.columns)}, batches of {LARGER.batch}, {LARGER.epochs} epochs"
    short_job = f"{SHORT.rows:,} x {sum(SHORT.columns)}, batches of {SHORT.batch}"
    parts = [
        f"{took} The tutorial's job, best of {repeats}, and over SPU's wire with a party of ours best of {few_turns}:",
        _table(best, each),
        "\n".join(_judged(best, each, times)),
        f"{larger_job}, once:",
        _table(larger, 0),
        f"{short_job}, with a delay in each direction of the link, in seconds:",
        _delays(delayed),
    ]
    others = {"SPU": versions} if versions else {}
    publish("wire", "Two processes over a wire", "\n\n".join(parts), save=arguments.save, others=others)


# What it says.


def _table(best: Best, each: float) -> str:
    fastest = _fastest(best)
    rows = []
    for name, report in best.items():
        messages, seconds = report.get("messages", 0), report["seconds"]
        against = f"{seconds / (messages * each):.1f}" if messages and each else ""
        faster = f"{fastest / seconds:.1f}" if fastest else ""
        rows.append((name, f"{1000 * seconds:.0f}", str(messages or ""), *([against] if each else []), faster))
    header = ("training", "ms", "exchanges", *(["x floor"] if each else []), "x as fast as SPU")
    return table(header, rows)


def _delays(delayed: dict[int, Best]) -> str:
    names = next(iter(delayed.values()))
    rows = [(name, *(f"{best[name]['seconds']:.2f}" for best in delayed.values())) for name in names]
    return table(("training", *(f"{delay} ms" for delay in delayed)), rows)


def _fastest(best: Best) -> float:
    """Seconds of the faster SPU, 0 if there is none."""
    return min((best[name]["seconds"] for name in (SPU, SPU_TOGETHER) if name in best), default=0)


def _judged(best: Best, each: float, times: dict[str, float]) -> list[str]:
    """Whether the goals are met."""
    report, fastest = best[PREPROCESSED], _fastest(best)
    ratio = report["seconds"] / (report["messages"] * each + times["now"] / 2)
    lines = [_at_most("preprocessed, against floor + embedded / 2", ratio, MOST)]
    for name, goal in FASTER.items() if fastest else ():
        ratio = fastest / best[name]["seconds"]
        met = "met" if ratio >= goal else "MISSED"
        lines.append(f"- {name}, against SPU: {ratio:.1f} times as fast; at least {goal:g}: {met}")
    for name, without in MIXED.items() if fastest else ():
        lines.append(_at_most(f"{name}, against {without}", best[name]["seconds"] / best[without]["seconds"], 1))
    if "before" in times:
        lines.append(_at_most("embedded, against before", times["now"] / times["before"], EMBEDDED))
    return lines


def _at_most(what: str, ratio: float, goal: float) -> str:
    return f"- {what}: {ratio:.2f} of its time; at most {goal:g}: {'met' if ratio <= goal else 'MISSED'}"


if __name__ == "__main__":
    main()
