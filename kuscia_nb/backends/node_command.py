"""`kuscia-nb node`: one's own node without a notebook, until it is stopped."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from ..control.consent import is_waiting
from ..control.kinds import KusciaTask
from ..control.objects import condition
from ..control.resources import FAILED, KusciaJob
from ..control.store import Change
from ..errors import KusciaError
from .flags import FLAGS, said
from .node import NodeBackend
from .settings import Settings

_ABOUT = """One node, with its half of each job; its peer's node runs elsewhere, and the TTP, which neither party should
run. With --accept ask, a peer's job waits until a line `approve JOB` or `refuse JOB` is typed here."""

Say = Callable[[str], object]


def parser() -> argparse.ArgumentParser:
    """Of all flags."""
    made = argparse.ArgumentParser(prog="kuscia-nb node", description=_ABOUT)
    who = made.add_mutually_exclusive_group(required=True)
    who.add_argument("--name", metavar="NAME", help="the node's domain, such as alice")
    who.add_argument("--config", metavar="FILE", type=Path, help="a kuscia.yaml, in a container (containers/node)")
    for flag, how in FLAGS.items():
        made.add_argument(flag, **how)
    return made


def main(arguments: Sequence[str]) -> int:
    """Be there until Ctrl-C or SIGTERM."""
    options = parser().parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    say, backend = _started(options)
    try:
        for line in _greeting(backend):
            say(line)
        backend.nodes[backend.name].store.subscribe(partial(_told, say))
        if backend.settings.consent.accept == "ask":
            threading.Thread(target=_read_lines, args=(backend,), name="kuscia_nb consent", daemon=True).start()
        while not stop.wait(1.0):  # a signal's handler runs between two waits
            pass
    finally:
        backend.close()
    say("stopped")
    return 0


def _started(options: argparse.Namespace) -> tuple[Say, NodeBackend]:
    """The node, and what says what becomes of it."""
    if options.config is None:
        for flag, example in (("peer", "bob=http://127.0.0.1:8085"), ("ttp", "http://127.0.0.1:9449")):
            if not getattr(options, flag):
                raise KusciaError(f"a node needs --{flag}", hint=f"--{flag} {example}")
        return _say, NodeBackend(Settings.read(name=options.name, **said(options)))
    if given := [name for name, value in said(options).items() if value]:
        raise KusciaError(f"{', '.join(given)}: that is in the file that --config names", where=str(options.config))
    from .contained import ContainedNode, logging, read_config

    say = logging(_say)
    return say, ContainedNode(Settings.read(**read_config(options.config)))


def _greeting(backend: NodeBackend) -> list[str]:
    asked = backend.settings
    where = f"at {backend.urls[backend.name]}" if asked.listen is not None else "nowhere, and dials its peers"
    lines = [f"{backend.name} listens {where}"]
    ways = ((peer.name, f"at {peer.url}" if peer.url else "dials this node") for peer in asked.peers.values())
    lines += [f"peer {name} {way}" for name, way in ways]
    lines += [f"TTP at {asked.ttp}; files in {backend.nodes[backend.name].storage}"]
    return [*lines, *asked.warnings]


def _told(say: Say, change: Change) -> None:
    """Say how far jobs are, and why a task has failed here."""
    new, old = change.new, change.old
    if isinstance(new, KusciaTask):
        _tell_failed(say, new, old if isinstance(old, KusciaTask) else None)
    if isinstance(new, KusciaJob):
        _tell_job(say, new, old if isinstance(old, KusciaJob) else None)


def _tell_failed(say: Say, task: KusciaTask, before: KusciaTask | None) -> None:
    failed = task.status.phase == FAILED and not (before and before.status.phase == FAILED)
    success = condition(task.status.conditions, "Success")
    message = (success and success.message) or task.status.message
    if failed and message:
        say(f"task {task.name} has failed here: {message}")


def _tell_job(say: Say, job: KusciaJob, before: KusciaJob | None) -> None:
    if before is None or before.status.phase != job.status.phase:
        reason = f": {job.status.message}" if job.status.phase == FAILED and job.status.message else ""
        if job.status.phase:
            say(f"job {job.name} of {job.spec.initiator} is {job.status.phase}{reason}")
    if is_waiting(job) and not (before and is_waiting(before)):
        found = condition(job.status.conditions, "JobApproved")
        say(found.message if found else "")


def _read_lines(backend: NodeBackend) -> None:
    """`approve JOB` and `refuse JOB`."""
    doing = {"approve": backend.approve, "refuse": backend.refuse}
    for line in sys.stdin:
        word, _, name = line.strip().removeprefix("%kuscia ").partition(" ")
        if word not in doing:
            _say("approve JOB, or refuse JOB")
            continue
        try:
            doing[word](name.strip())
        except KusciaError as error:
            _say(str(error))


def _say(line: str) -> None:
    with suppress(BrokenPipeError):  # nobody reads it any more
        print(line, flush=True)
