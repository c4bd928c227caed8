"""Train one two-party SS-LR job on SecretFlow SPU 0.9.5: the yardstick of ``ss_lr.py``.

This script runs in an environment of its own (``pip install spu==0.9.5``) as a child process that answers
JSON, one object per line. The first line is the job; every ``run`` after it trains once, from zero::

    > {"data": "job.npz", "batch_size": 21, "epochs": 1, "learning_rate": 0.05, "l2": 0.5}
    < {"ready": true, "seconds": 1.9, "processor": 2.2, "max_rss_mb": 221.0}
    > {"run": true}
    < {"seconds": 0.14, "processor": 0.26, "weights": [0.01, ..., 0.02], "max_rss_mb": 221.4}

``data`` holds ``x`` (rows x features, without the constant column) and ``y`` (rows); the intercept is the
last weight. ``seconds`` is the wall time of ``Runtime.run`` in both parties, two threads on a memory link,
from a common barrier until the later one is done. Set-up, sharing and reconstruction are outside of it; that of
``ready`` is for reading the data, compiling and sharing.

A reference is worth something only where it is not handicapped, so every choice is the fastest one found
for SPU; ``--tuned`` also tells malloc to keep its pages. With ``--jax`` the program is the one that users
write, see ``_spu_jax.py``. What the alternatives cost on two cores, as multiples of the time of this script
with ``--tuned``:

====================================================  ====================  =======================
instead                                               10,000 x 20, B = 21   100,000 x 100, B = 1024
====================================================  ====================  =======================
``--jax --tuned``, vectorization set as without it    1.4                   1.4
the job unrolled, at once or in chunks of 16 batches  5.3 to 5.7            1.3
one executable per batch                              11                    1.8
the gradient as X^T err: X is read down its columns   1.0                   1.4
two threads per party, not one                        1.0                   1.1
without ``--tuned``: fresh pages for every opening    1.0                   1.9
vectorization the other way round (see ``_MANY``)     1.4                   1.2
one batch in each turn of the loop, not up to eight   1.1                   (97 batches: always one)
====================================================  ====================  =======================

Unrolled text loses because ``run`` parses it each time. Inter-op and intra-op parallelism gain nothing: the
two parties have a core each. ``make_cached_var`` on X, which opens X once for all epochs, takes a third off
ten epochs and adds a fifth or more to two. It is left out because it is not secure in 0.9.5: the first use
of a cached operand does not advance the Beaver counter, so that the masks of consecutive batches overlap.

The numbers are SPU's own: learning_rate / batch_size is cut to 18 bits (12.8 ulp become 12) unless it is
below 2^-16, and local truncation adds about one ulp per batch to each weight.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib
import json
import os
import resource
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TextIO

import numpy as np

_CONFIG = {"protocol": "SEMI2K", "field": "FM64", "fxp_fraction_bits": 18}
_CONFIG |= {"beaver_type": "TrustedFirstParty", "trunc_allow_msb_error": True}
_MANY = 12_800  # elements of a batch from which one copy of the whole opening costs more than a second message
_TURN = 8  # batches per turn of the loop, at most: amortises the loop's public arithmetic, keeps the text short


@dataclass(frozen=True)
class Job:
    """What to train on and how, as the first line of the input says it."""

    data: str
    batch_size: int
    epochs: int
    learning_rate: float
    l2: float


Form = Callable[[Any, Job, int, int], tuple[Any, dict[str, bool]]]


def _float(value: float) -> str:
    return f"{value:.9e}"  # MLIR wants the decimal point that repr(1e-05) lacks


def _secret(*shape: int) -> str:
    return f"tensor<{'x'.join(map(str, shape))}x!pphlo.secret<f32>>"


def _public(*shape: int) -> str:
    return f"tensor<{'x'.join(map(str, shape))}xf32>"


def _step(u: int, job: Job, turn: int, k: int) -> str:
    """One batch, the u-th of its turn: from weights ``%w{u}`` to ``%w{u+1}``.

    The gradient is err . X_b and not X_b^T . err: the same numbers, but X_b is read row by row.
    """
    b = job.batch_size
    x, v, w, pv, pw = _secret(b, k), _secret(b), _secret(k), _public(b), _public(k)
    rows = f"{u * b}:1:{(u + 1) * b}"
    penalty = f"""
      %r{u} = pphlo.multiply %w{u}, %l2 : ({w}, {pw}) -> {w}
      %s{u} = pphlo.add %g{u}, %r{u} : {w}"""
    return f"""
      %x{u} = pphlo.slice %xs [{rows}, 0:1:{k}] : ({_secret(turn * b, k)}) -> {x}
      %h{u} = pphlo.slice %hs [{rows}] : ({_secret(turn * b)}) -> {v}
      %z{u} = pphlo.dot %x{u}, %w{u} : ({x}, {w}) -> {v}
      %p{u} = pphlo.multiply %z{u}, %eighth : ({v}, {pv}) -> {v}
      %err{u} = pphlo.add %p{u}, %h{u} : {v}
      %g{u} = pphlo.dot %err{u}, %x{u} : ({v}, {x}) -> {w}{penalty if job.l2 else ""}
      %d{u} = pphlo.multiply {"%s" if job.l2 else "%g"}{u}, %rate : ({w}, {pw}) -> {w}
      %w{u + 1} = pphlo.subtract %w{u}, %d{u} : {w}"""


def program(job: Job, n: int, k: int) -> str:
    """Write the whole job as pphlo: a loop over epochs of a loop over turns of a few batches each.

    ``n`` rows, ``k`` columns with the constant one. 0.5 - y is taken once, for all rows.
    """
    b = job.batch_size
    batches = n // b
    turn = max(u for u in range(1, _TURN + 1) if batches % u == 0)
    x, y, w, i = _secret(n, k), _secret(n), _secret(k), "tensor<i32>"
    penalty = ", ".join([_float(job.l2)] * (k - 1) + ["0.0"])

    def loop(name: str, start: str, values: range, body: str, result: str) -> str:
        return f"""
    %end_{name} = pphlo.constant dense<{values.stop}> : {i}
    %by_{name} = pphlo.constant dense<{values.step}> : {i}
    %{name}s:2 = pphlo.while(%{name} = %zero, %{start}) : {i}, {w}
    cond {{
      %more = pphlo.less %{name}, %end_{name} : ({i}, {i}) -> tensor<i1>
      pphlo.return %more : tensor<i1>
    }} do {{{body}
      %next = pphlo.add %{name}, %by_{name} : {i}
      pphlo.return %next, {result} : {i}, {w}
    }}"""

    m = turn * b
    take = f"""
      %xs = pphlo.dynamic_slice %x, %row, %zero sizes = [{m}, {k}] : ({x}, {i}, {i}) -> {_secret(m, k)}
      %hs = pphlo.dynamic_slice %h, %row sizes = [{m}] : ({y}, {i}) -> {_secret(m)}"""
    steps = "".join(_step(u, job, turn, k) for u in range(turn))
    epoch = loop("row", "w0 = %we", range(0, batches * b, m), take + steps, f"%w{turn}")
    epochs = loop("epoch", "we = %start", range(job.epochs), epoch, "%rows#1")
    return f"""module @ss_lr attributes {{pphlo.version = "0.9.5"}} {{
  func.func @main(%x: {x}, %y: {y}) -> {w} {{
    %zero = pphlo.constant dense<0> : {i}
    %eighth = pphlo.constant dense<0.125> : {_public(b)}
    %l2 = pphlo.constant dense<[{penalty}]> : {_public(k)}
    %rate = pphlo.constant dense<{_float(job.learning_rate / b)}> : {_public(k)}
    %half = pphlo.constant dense<0.5> : {_public(n)}
    %h = pphlo.subtract %half, %y : ({_public(n)}, {y}) -> {y}
    %origin = pphlo.constant dense<0.0> : {_public(k)}
    %start = pphlo.convert %origin : ({_public(k)}) -> {w}{epochs}
    return %epochs#1 : {w}
  }}
}}
"""


def fastest(spu: Any, job: Job, n: int, k: int) -> tuple[Any, dict[str, bool]]:
    """The executable for ``n`` rows and ``k`` columns, and what to set for it besides ``_CONFIG``."""
    executable = spu.Executable("ss_lr", ["x", "y"], ["w"], program(job, n, k).encode())
    return executable, {"experimental_disable_vectorization": job.batch_size * k >= _MANY}


class Peers:
    """Two SPU runtimes in two threads, each with its shares of the data, ready to train again and again."""

    def __init__(self, spu: Any, job: Job, form: Form) -> None:
        with np.load(job.data) as arrays:
            x = np.column_stack([arrays["x"], np.ones(len(arrays["x"]))]).astype(np.float32)
            y = arrays["y"].astype(np.float32)
        self._executable, settings = form(spu, job, *x.shape)
        config = spu.RuntimeConfig()
        config.ParseFromJsonString(json.dumps({**_CONFIG, **settings}))
        self._io = spu.Io(2, config)
        self._barrier = threading.Barrier(2)
        self._threads = ThreadPoolExecutor(2)
        secret = spu.Visibility.VIS_SECRET
        shares = {name: self._io.make_shares(a, secret) for name, a in (("x", x), ("y", y))}
        link = spu.link.Desc()
        for rank in range(2):
            link.add_party(f"party{rank}", f"thread{rank}")

        def start(rank: int) -> Any:
            runtime = spu.Runtime(spu.link.create_mem(link, rank), config)
            for name, parts in shares.items():
                runtime.set_var(name, parts[rank])
            return runtime

        self._runtimes = list(self._threads.map(start, range(2)))

    def _train(self, runtime: Any) -> tuple[float, float]:
        self._barrier.wait()
        begin = time.perf_counter()
        runtime.run(self._executable)
        return begin, time.perf_counter()

    def run(self) -> tuple[float, list[float]]:
        """Train once; return the seconds it took and the weights, intercept last."""
        begins, ends = zip(*self._threads.map(self._train, self._runtimes), strict=True)
        weights = self._io.reconstruct([runtime.get_var("w") for runtime in self._runtimes])
        return max(ends) - min(begins), [float(w) for w in weights]


def _quiet_stdout() -> TextIO:
    """Send what SPU and brpc print to stderr; return a handle on the real stdout, for the replies."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return replies


def _keep_pages() -> None:
    """Tell glibc's malloc to keep what is freed; other allocators are left alone."""
    if sys.platform == "linux":
        mallopt, mmap_threshold, trim_threshold = ctypes.CDLL(None).mallopt, -3, -1  # glibc's malloc.h
        mallopt(mmap_threshold, 32 << 20)
        mallopt(trim_threshold, 1 << 30)


def main() -> None:
    """Answer the requests on stdin until it ends."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--jax", action="store_true", help="the program as users write it, in JAX: see _spu_jax.py")
    parser.add_argument("--tuned", action="store_true", help="tell malloc to keep its pages")
    arguments = parser.parse_args()
    replies = _quiet_stdout()
    os.environ["YACL_NUM_THREADS"] = "1"  # per party; SPU reads it when it is loaded
    if arguments.tuned:
        _keep_pages()
    spu = importlib.import_module("spu")
    form: Form = importlib.import_module("_spu_jax").compiled if arguments.jax else fastest

    def reply(**answer: object) -> None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # KiB on Linux
        print(json.dumps({**answer, "max_rss_mb": round(peak, 1)}), file=replies, flush=True)

    peers: Peers | None = None
    for line in sys.stdin:
        if peers is None:
            begin, processor = time.perf_counter(), time.process_time()
            peers = Peers(spu, Job(**json.loads(line)), form)
            reply(ready=True, seconds=time.perf_counter() - begin, processor=time.process_time() - processor)
        else:
            processor = time.process_time()
            seconds, weights = peers.run()
            reply(seconds=seconds, weights=weights, processor=time.process_time() - processor)


if __name__ == "__main__":
    main()
