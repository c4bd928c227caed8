"""An interrupt may come between any two lines; a job is there afterwards or it is not, and its name is free again."""

from __future__ import annotations

import linecache
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import kuscia_nb as kn
from kuscia_nb.control import loop, store
from kuscia_nb.control.interrupts import undisturbed
from kuscia_nb.observer import observer, runs

FILES = {module.__file__ for module in (loop, observer, runs, store)}
"""Where the main thread makes a job, and tells the controllers of it."""


class Interrupt:
    """Interrupts what runs within it at the n-th line in FILES, and counts them.

    Lines with `with` are left out: between a lock and its block no real interrupt comes, only one of a tracer.
    """

    def __init__(self, at: int) -> None:
        self.at, self.lines = at, 0

    def __enter__(self) -> Interrupt:
        self._before = sys.gettrace()
        sys.settrace(self._call)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)

    def _call(self, frame: FrameType, event: str, argument: object) -> Any:
        return self._line if frame.f_code.co_filename in FILES else None

    def _line(self, frame: FrameType, event: str, argument: object) -> Any:
        text = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
        if event == "line" and not text.startswith("with "):
            self.lines += 1
            if self.lines == self.at:
                sys.settrace(None)
                signal.raise_signal(signal.SIGINT)
        return self._line


pytestmark = pytest.mark.usefixtures("interruptible")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[kn.Cluster]:
    with kn.connect(storage=tmp_path) as cluster:
        yield cluster


def test_a_job_is_never_left_half_made(cluster: kn.Cluster) -> None:
    manifest = kn.tutorial_manifest()
    with Interrupt(at=0) as all_of_it:
        cluster.apply(manifest)
    cluster.delete("job-ss-lr")
    assert all_of_it.lines > 50
    for line in range(1, all_of_it.lines + 1):
        try:
            with Interrupt(at=line):
                cluster.apply(manifest)
        except KeyboardInterrupt:
            pass
        if len(cluster.jobs()):
            cluster.job("job-ss-lr").stop()  # JobError, if nobody works on it
            cluster.delete("job-ss-lr")
        cluster.apply(manifest).stop()
        cluster.delete("job-ss-lr")
        assert [len(cluster.kubectl("get kj -A -o name", node=node).text) for node in cluster.nodes] == [0, 0], line
    assert cluster.apply(manifest).wait().phase == "Succeeded"


def test_an_interrupt_comes_at_the_end_and_once() -> None:
    done = []

    @undisturbed()
    def twice() -> None:
        with undisturbed():
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            done.append("all of it")
        done.append("and what comes after")

    with pytest.raises(KeyboardInterrupt):
        twice()
    assert done == ["all of it", "and what comes after"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
