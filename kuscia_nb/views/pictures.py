"""Pictures of a job: `job.pictures`. They need matplotlib, which is loaded when the first one is drawn.

Each call gives a `Picture`: a notebook shows it, `.save(path)` writes it, and as text it says its numbers in words.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import JobError
from ..operators.ss_lr.reach import DIVERGES
from .pictures_canvas import Picture

if TYPE_CHECKING:
    from ..job import Job
    from ..operators.ss_lr.shadow import Shadow


class Pictures:
    """What can be drawn of a job. `weights` and `truncation` are the teacher's: they compare with plaintext."""

    def __init__(self, job: Job, observe: Callable[[str | None], Shadow]) -> None:
        self._job, self._observe = job, observe

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
        return received(self._job.name, node, self._observe(task).run())

    def weights(self, task: str | None = None) -> Picture:
        """The weights beside plaintext, and the error of each in ulp.

        The observer trains in plaintext on both nodes' data for it: no party can draw this.
        """
        from .pictures_errors import weights

        return weights(self._job.name, self._comparable(task))

    def truncation(self, task: str | None = None) -> Picture:
        """The error of the weights after each step, by where it comes from.

        The steps of a repeatable job (`seed=`) are its own, computed again; any other job has kept no weights on the
        way, and the picture has the steps of a run like it. Drawn by the observer, as `weights`.
        """
        from .pictures_errors import truncation

        return truncation(self._job.name, self._comparable(task).run())

    def roc(self, task: str | None = None) -> Picture:
        """The ROC curve of ss_lr_evaluate, from the report of the labels' owner."""
        from .pictures_quality import roc

        return roc(self._job.name, self._job.report(task))

    def ks(self, task: str | None = None) -> Picture:
        """How far apart the scores of both classes are, by threshold (Kolmogorov-Smirnov)."""
        from .pictures_quality import ks

        return ks(self._job.name, self._job.report(task))

    def calibration(self, task: str | None = None) -> Picture:
        """How often a predicted probability came true."""
        from .pictures_quality import calibration

        return calibration(self._job.name, self._job.report(task))

    def loss(self, task: str | None = None) -> Picture:
        """The log loss on the training rows after each epoch, on shares and in plaintext; drawn by the observer."""
        from .pictures_quality import loss

        return loss(self._job.name, self._observe(task).losses)

    def traffic(self) -> Picture:
        """Bytes by op and sender, from the trace."""
        from .pictures_traffic import traffic

        trace = self._job.trace
        return traffic(self._job.name, trace.messages, trace.unlisted)

    def _comparable(self, task: str | None) -> Shadow:
        """A shadow with a model in plaintext."""
        shadow = self._observe(task)
        if shadow.diverges:
            raise JobError(DIVERGES, hint="scale the features to [-1, 1] (scale: minmax), or lower learning_rate")
        return shadow

    def __repr__(self) -> str:
        nodes = " | ".join(map(repr, self._job.nodes))
        return (
            f"pictures of {self._job.name}: .shares({nodes}), .received({nodes}), .weights(), .traffic(), .truncation()"
            ", .loss(); of an evaluation: .roc(), .ks(), .calibration()"
        )
