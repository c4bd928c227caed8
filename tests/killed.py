"""Jobs on one folder in processes that are killed, one after the other, and what the next one finds there.

    python tests/killed.py FOLDER KILLS SEED

Each process is a fork of this one, which is loaded once and has no threads. Prints what it has seen as JSON.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import kuscia_nb as kn
from kuscia_nb.backends import keeper, local  # noqa: F401  (loaded before the forks)
from kuscia_nb.control.resources import KusciaJob
from kuscia_nb.errors import KusciaError

MOMENTS = (0.0, 0.6)
"""Seconds after the first job began; a job takes some hundredths."""


def jobs(folder: Path, kill: int, tell: Callable[..., None]) -> None:
    """Job after job, until the end."""
    from test_storage import ALICE, BOB, put_own, small

    cluster = kn.connect(storage=folder)
    if kill == 0:
        put_own(cluster, "own", alice=ALICE, bob=BOB)
    for number in range(1000):
        name = f"job-{kill}-{number}"
        job = cluster.apply(small(name, num_epoch=5))
        tell("begun", name)
        tell("ended", name, job.wait(60).weights().to_csv())


def found(folder: Path, known: set[str], tell: Callable[..., None]) -> None:
    """What is there."""
    cluster = kn.connect(storage=folder)
    for name in cluster.jobs()["name"]:
        if name in known:
            continue
        job = cluster.job(name)
        copies = [cluster.at(node).store.get(KusciaJob, name) for node in job.nodes]
        node_phases = [copy.status.phase for copy in copies if copy]
        succeeded = job.phase == "Succeeded"
        what = job.weights().to_csv() if succeeded else _error(job)
        files = sorted(
            path.name for folder in cluster.nodes.values() for path in folder.glob(f"{name}-*/*") if path.is_file()
        )
        tell(name, job.phase, job.ended(), node_phases, what, len(files))
    tell("drafts", sum(path.name.endswith(".draft") for path in folder.rglob("*")))
    cluster.close()


def _error(job: kn.Job) -> str:
    try:
        job.wait(0)
    except KusciaError as error:
        return str(error)
    return ""


def forked(work: Callable[[Callable[..., None]], None]) -> tuple[int, int]:
    """Run that in a process of its own; its id, and where what it tells can be read."""
    read, write = os.pipe()

    def tell(*words: object) -> None:
        os.write(write, (json.dumps(words) + "\n").encode())

    process = os.fork()
    if process:
        os.close(write)
        return process, read
    os.close(read)
    try:
        work(tell)
        os._exit(0)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def lines(pipe: int, first: bytes = b"") -> list[Any]:
    """All that is told until the end."""
    with open(pipe, "rb") as file:
        return [json.loads(line) for line in (first + file.read()).splitlines(keepends=True) if line.endswith(b"\n")]


def main(folder: Path, kills: int, seed: int) -> None:
    """Kill so many, at moments that the seed chooses."""
    moments, known = random.Random(seed), set[str]()
    for kill in range(kills):
        process, pipe = forked(partial(jobs, folder, kill))
        first = os.read(pipe, 1)  # until a job has begun
        time.sleep(moments.uniform(*MOMENTS))
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        told = lines(pipe, first)
        checker, pipe = forked(partial(found, folder, known))
        seen = lines(pipe)
        _, status = os.waitpid(checker, 0)
        known |= {line[0] for line in seen}
        print(json.dumps({"kill": kill, "told": told, "found": seen, "status": status}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
