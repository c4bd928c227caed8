"""How long a job would take on a slower line, estimated from what it has sent, without running it again.

Every round waits for a message to arrive, and the bytes have to pass through the line. The estimate adds up both:

    rounds x delay  +  bytes of the busier direction / bandwidth

It leaves out the computing, what a transport adds to a message, and what is sent while the other party computes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from ..errors import DataError
from ..texts import speaker
from ..views.table import Table
from .lesson import Field, Lesson, explorer, impossible, number

if TYPE_CHECKING:
    from ..job import Job

DELAYS = ("0.1", "0.2", "0.5", "1", "2", "5", "10", "20", "50", "100", "200")
BANDWIDTHS = ("1", "2", "5", "10", "20", "50", "100", "200", "500", "1000", "10000")
_LIMIT = 1e6
_JOBS = "a job that has run, or several by name: {'mine': job}"
_LEFT, _WIDTH, _BAR, _ROW = 130, 330, 16, 30
"""Of the drawing: room for names, the longest bar, its height, and the distance of two."""
_WAITING = 'fill="var(--jp-brand-color1, #1976d2)" fill-opacity="0.6"'
_SENDING = 'fill="currentColor" fill-opacity="0.75"'


class Schedule(NamedTuple):
    """What a job has sent, as far as a line is concerned."""

    rounds: int
    """The longest chain of messages that wait for each other."""
    busier: int
    """Bytes of the busier direction."""


class Estimate(NamedTuple):
    """Seconds of one job."""

    waiting: float
    """For messages to arrive."""
    sending: float
    """Until the bytes have passed."""

    @property
    def seconds(self) -> float:
        """Both."""
        return self.waiting + self.sending


@dataclass(frozen=True, repr=False)
class Network(Lesson):
    """Jobs on one line."""

    schedules: Mapping[str, Schedule]
    """By name."""
    delay: float
    """How long a message is on its way, in milliseconds."""
    bandwidth: float
    """In megabits a second, each direction."""

    @property
    def estimates(self) -> dict[str, Estimate]:
        """By name."""
        return {
            name: Estimate(one.rounds * self.delay / 1e3, one.busier * 8 / (self.bandwidth * 1e6))
            for name, one in self.schedules.items()
        }

    @property
    def headline(self) -> str:
        say = speaker()
        times = ", ".join(f"{name} {one.seconds:,.3g} s" for name, one in self.estimates.items())
        line = {"delay": f"{self.delay:g}", "bandwidth": f"{self.bandwidth:,g}"}
        return say(
            "With {delay} ms and {bandwidth} Mbit/s: {times}, estimated without running again", times=times, **line
        )

    @property
    def drawing(self) -> str:
        say, estimates = speaker(), self.estimates
        longest = max(one.seconds for one in estimates.values()) or 1.0
        bars = "".join(
            _bar(row * _ROW + 4, name, one, _WIDTH / longest) for row, (name, one) in enumerate(estimates.items())
        )
        below = len(estimates) * _ROW + 6
        legend = _sample(_LEFT, below, _WAITING, say("waiting")) + _sample(_LEFT + 130, below, _SENDING, say("sending"))
        width, height = _LEFT + _WIDTH + 80, below + 24
        name = escape(self.headline, quote=True)
        return (
            f'<svg role="img" aria-label="{name}" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
            f'style="display:block;max-width:100%;font:12px sans-serif" fill="currentColor">{bars}{legend}</svg>'
        )

    @property
    def tables(self) -> list[Table]:
        say = speaker()
        rows = [
            (name, f"{one.rounds:,}", f"{one.busier:,}", *(f"{time:,.3g}" for time in (*estimate, estimate.seconds)))
            for (name, one), estimate in zip(self.schedules.items(), self.estimates.values(), strict=True)
        ]
        names = ("job", "rounds", "bytes of the busier direction", "seconds waiting", "seconds sending", "together")
        return [Table(say("Estimated from the ledger"), tuple(map(say, names)), rows, 1)]

    @property
    def notes(self) -> list[str]:
        say = speaker()
        return [
            say(
                "Waiting is rounds x delay, sending is bytes / bandwidth. Left out are the computing, what a transport "
                "adds, and the line to the TTP."
            )
        ]


def _bar(y: int, name: str, estimate: Estimate, scale: float) -> str:
    waiting, sending = estimate.waiting * scale, estimate.sending * scale
    return (
        f'<text x="{_LEFT - 8}" y="{y + 12}" text-anchor="end">{escape(name[:18])}</text>'
        f'<rect x="{_LEFT}" y="{y}" width="{waiting:.1f}" height="{_BAR}" {_WAITING}/>'
        f'<rect x="{_LEFT + waiting:.1f}" y="{y}" width="{sending:.1f}" height="{_BAR}" {_SENDING}/>'
        f'<text x="{_LEFT + waiting + sending + 6:.1f}" y="{y + 12}">{estimate.seconds:,.3g} s</text>'
    )


def _sample(x: int, y: int, style: str, name: str) -> str:
    return (
        f'<rect x="{x}" y="{y}" width="18" height="10" {style}/><text x="{x + 24}" y="{y + 10}">{escape(name)}</text>'
    )


def schedule(job: Job | Schedule) -> Schedule:
    """What a job has sent over the line between the parties."""
    if isinstance(job, Schedule):
        return job
    if not hasattr(job, "trace"):
        raise impossible("jobs", job, _JOBS)
    totals = job.trace.totals
    if not len(totals):
        raise DataError("the job has no ledger", hint='run it with trace="sizes" or "full"')
    between = [total for total in totals.itertuples(index=False, name=None) if "ttp" not in total[:2]]
    return Schedule(max(rounds for *_, rounds in between), max(size for *_, size, _ in between))


@explorer(
    "Estimate again",
    Field("delay", "Delay in ms", "how long a message is on its way", choices=DELAYS, slider=True),
    Field("bandwidth", "Mbit/s", "the bandwidth of each direction", choices=BANDWIDTHS, slider=True),
    form="network_form",
)
def network(jobs: Job | Mapping[str, Job | Schedule], delay: float | str = 20, bandwidth: float | str = 100) -> Network:
    """Estimate how long jobs take on a line, from their ledgers: one job, or several by name.

    `delay` is in milliseconds, `bandwidth` in megabits a second. Nothing runs again.
    """
    named = jobs if isinstance(jobs, Mapping) else {getattr(jobs, "name", ""): jobs}
    if not named:
        raise impossible("jobs", jobs, _JOBS)
    schedules = {str(name): schedule(job) for name, job in named.items()}
    return Network(schedules, _above_0("delay", delay), _above_0("bandwidth", bandwidth))


def _above_0(name: str, value: float | str) -> float:
    """A number, which a form has as a text; the least delay is 0."""
    try:
        found = number(name, float(value), _LIMIT)
    except (TypeError, ValueError):
        found = -1.0
    if found < 0 or (name == "bandwidth" and found == 0):
        raise impossible(name, value, "a number above 0")
    return found
