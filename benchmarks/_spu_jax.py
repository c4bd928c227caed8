"""SS-LR training as users of SPU write it: a function in JAX, compiled by SPU's frontend. For ``spu_peer.py --jax``.

SPU's own example (examples/python/ml/jax_lr/jax_lr.py, ``fit_manual_grad``) has this shape: a ``fori_loop`` over
epochs, and X^T err as the gradient. Its ten batches are written out one after the other. Here there are up to 4761, so
that they are a ``fori_loop`` as well, with ``dynamic_slice``: written out is slower, see ``spu_peer.py``.

SPU's settings are left at their defaults. The one that matters is vectorization: without it, this program takes 0.8
times as long on 100,000 x 100 with B = 1024, but 1.6 times as long on 10,000 x 20 with B = 21.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from spu_peer import Job

NOTHING: dict[str, bool] = {}


def compiled(spu: Any, job: Job, n: int, k: int) -> tuple[Any, dict[str, bool]]:
    """The executable for ``n`` rows and ``k`` columns, and what to set for it: nothing."""
    jax, frontend = importlib.import_module("jax"), importlib.import_module("spu.utils.frontend")
    jnp, lax, b = jax.numpy, jax.lax, job.batch_size

    def ss_lr(x: Any, y: Any) -> Any:
        penalty = jnp.array([job.l2] * (k - 1) + [0.0])

        def step(i: Any, w: Any) -> Any:
            xs = lax.dynamic_slice(x, (i * b, 0), (b, k))
            ys = lax.dynamic_slice(y, (i * b,), (b,))
            err = 0.5 + 0.125 * (xs @ w) - ys
            gradient = xs.T @ err + penalty * w
            return w - job.learning_rate / b * gradient

        def epoch(_: Any, w: Any) -> Any:
            return lax.fori_loop(0, n // b, step, w)

        return lax.fori_loop(0, job.epochs, epoch, jnp.zeros(k))

    shapes = [jax.ShapeDtypeStruct(shape, np.float32) for shape in ((n, k), (n,))]
    secret = [spu.Visibility.VIS_SECRET] * 2
    executable, _ = frontend.compile(frontend.Kind.JAX, ss_lr, shapes, {}, ["x", "y"], secret, lambda _: ["w"])
    return executable, NOTHING
