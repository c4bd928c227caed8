"""Pictures of a job: `job.pictures`. They need matplotlib, which is loaded when the first one is drawn.

Each call gives a `Picture`: a notebook shows it, `.save(path)` writes it, and as text it says its numbers in words.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..canvas import Picture

if TYPE_CHECKING:
    from ..job import Job


class Pictures:
    """What can be drawn of a job. `weights` and `truncation` are the teacher's: they compare with plaintext."""

    def __init__(
        self, job: Job, observe: Callable[[str | None], Any], draw: Callable[[str, str | None], Picture]
    ) -> None:
        self._job, self._observe, self._draw = job, observe, draw

    def shares(self, node: str, task: str | None = None) -> Picture:
        """A node's shares of the weights against the weights themselves, with tests of uniformity.

        A share that was truncated is not uniform over the whole ring, but it is in the bits in which its secret is.
        """
        from .pictures_shares import frame_ring, shares

        job = self._job
        own = frame_ring(job.shares(node, task))
        secrets = sum((frame_ring(job.shares(other, task)) for other in job.nodes if other != node), start=own)
        return shares(job.name, node, own, secrets, job.fxp_bits(task))

    def received(self, node: str, task: str | None = None) -> Picture:
        """The numbers that a node got from its peer, over the whole ring, with a test of uniformity.

        They are those of a repeatable job (`seed=`), computed again, or else of a run like the job.
        """
        from .pictures_shares import received

        self._job.shares(node, task)  # which says so if there is no such node
        steps = self._observe(task).run()
        return received(self._job.name, node, steps.received(node), steps.source)

    def weights(self, task: str | None = None) -> Picture:
        """The weights beside plaintext, and the error of each in ulp.

        The observer trains in plaintext on both nodes' data for it: no party can draw this.
        """
        return self._draw("weights", task)

    def truncation(self, task: str | None = None) -> Picture:
        """The error of the weights after each step, by where it comes from.

        The steps of a repeatable job (`seed=`) are its own, computed again; any other job has kept no weights on the
        way, and the picture has the steps of a run like it. Drawn by the observer, as `weights`.
        """
        return self._draw("truncation", task)

    def roc(self, task: str | None = None) -> Picture:
        """The ROC curve of an evaluation, from the report of the labels' owner."""
        return self._draw("roc", task)

    def ks(self, task: str | None = None) -> Picture:
        """How far apart the scores of both classes are, by threshold (Kolmogorov-Smirnov)."""
        return self._draw("ks", task)

    def calibration(self, task: str | None = None) -> Picture:
        """How often a predicted probability came true."""
        return self._draw("calibration", task)

    def loss(self, task: str | None = None) -> Picture:
        """The log loss on the training rows after each epoch, on shares and in plaintext; drawn by the observer."""
        return self._draw("loss", task)

    def traffic(self) -> Picture:
        """Bytes by op and sender, from the trace."""
        from .pictures_traffic import traffic

        trace = self._job.trace
        return traffic(self._job.name, trace.messages, trace.unlisted)

    def __getattr__(self, name: str) -> Callable[..., Picture]:
        """A picture that a user's operator draws."""
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda task=None: self._draw(name, task)

    def __repr__(self) -> str:
        nodes = " | ".join(map(repr, self._job.nodes))
        return (
            f"pictures of {self._job.name}: .shares({nodes}), .received({nodes}), .weights(), .traffic(), .truncation()"
            ", .loss(); of an evaluation: .roc(), .ks(), .calibration()"
        )
