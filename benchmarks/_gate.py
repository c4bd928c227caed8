"""Samples that count only if the machine was at its full speed.

A shared machine has slow phases: for seconds at a time everything takes 1.6 to 2 times as long. A median over a few
rounds does not stand that, because a phase can swallow a whole round. Other processes do harm as well, and more to
those who compute with two threads than to those with one. So a fixed piece of work is timed before and after every
sample, on as many cores as the benchmarks use. Where it took notably longer than the least processor time that it ever
needed, the sample is taken again, as long as there is patience left.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from typing import NamedTuple, Self, TypeVar

T = TypeVar("T")

CORES = min(2, os.cpu_count() or 1)
"""Both SPU parties compute at once; nothing here uses more."""
SLOW = 1.35
"""How many times its best the calibration may take. Undisturbed, it rarely takes more than 1.2."""
_TRIES = 4
_LONGEST_WAIT = 5.0  # seconds, before one try


class _Spin(NamedTuple):
    """Seconds of a piece of work: on the clock, and of a processor. They differ when others want the processor too."""

    clock: float
    processor: float


def _spin(_: int) -> _Spin:
    """Do nothing but occupy a core, for about 50 ms."""
    clock, processor = time.perf_counter(), time.process_time()
    total = 0
    for i in range(2_000_000):
        total += i
    return _Spin(time.perf_counter() - clock, time.process_time() - processor)


class Gate:
    """Takes samples; `patience` is how many seconds, in all, may go into waiting and repeating."""

    def __init__(self, patience: float) -> None:
        self._load = os.getloadavg()[0]
        self._patience = patience
        self._pool = multiprocessing.get_context("spawn").Pool(CORES, signal.signal, (signal.SIGINT, signal.SIG_IGN))
        self._best = min(spin.processor for _ in range(10) for spin in self._calibrate())
        self.samples = self.repeats = self.slow = 0

    def measure(self, run: Callable[[], T]) -> T:
        """What `run` returns, of the first try at full speed; of the least disturbed one if there was none."""
        tried: list[tuple[float, T]] = []
        while not tried or (tried[-1][0] > SLOW and len(tried) < _TRIES and self._patience > 0):
            slowdown = self._wait()
            begin = time.perf_counter()
            result = run()
            if tried:
                self._patience -= time.perf_counter() - begin
            tried.append((max(slowdown, self._slowdown()), result))
        self.samples += 1
        self.repeats += len(tried) - 1
        slowdown, result = min(tried, key=lambda sample: sample[0])
        self.slow += slowdown > SLOW
        return result

    def summary(self) -> str:
        """How many samples were disturbed, for the report."""
        kept = f", {self.slow} kept in spite of that" if self.slow else ""
        repeats = f"{self.repeats} repeats because the machine was slow or busy{kept}"
        return f"{self.samples} samples, {repeats}; load of the machine before the start: {self._load:.1f}"

    def _wait(self) -> float:
        """Let a slow phase pass, if it does soon; how slow the machine is then, 1 being its best."""
        slowdown = self._slowdown()
        begin, limit = time.perf_counter(), min(_LONGEST_WAIT, self._patience)
        while slowdown > SLOW and time.perf_counter() - begin < limit:
            slowdown = self._slowdown()
        self._patience -= time.perf_counter() - begin
        return slowdown

    def _slowdown(self) -> float:
        spins = self._calibrate()
        self._best = min(self._best, *(spin.processor for spin in spins))
        return max(spin.clock for spin in spins) / self._best

    def _calibrate(self) -> list[_Spin]:
        return self._pool.map(_spin, range(CORES), chunksize=1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.terminate()
        self._pool.join()
