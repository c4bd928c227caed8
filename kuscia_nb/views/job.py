"""A job as a result in a notebook: what became of it, how long it took, what it sent, and the model.

Text and HTML say the same. The HTML is a few plain tables: it reads in a saved notebook, on GitHub, in light and dark.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from ..cluster import Job

_WEIGHT_FORMAT = "{:.6f}"


def bundle(job: Job) -> dict[str, str]:
    """The MIME bundle of a job."""
    return {"text/plain": text(job), "text/html": html(job)}


def text(job: Job) -> str:
    """The job for a terminal."""
    parts = [headline(job), *notes(job)]
    for title, frame in _tables(job):
        body = frame.to_string(index=False) if len(frame) else "  (nothing yet)"
        parts.append(f"{title}\n{body}")
    return "\n\n".join(parts)


def html(job: Job) -> str:
    """The job for a notebook."""
    parts = [f"<p><strong>{escape(headline(job))}</strong></p>"]
    parts += [f"<p>{escape(note)}</p>" for note in notes(job)]
    for title, frame in _tables(job):
        table = frame.to_html(index=False, border=0, justify="right")
        parts.append(f"<details open><summary>{escape(title)}</summary>{table}</details>")
    return "\n".join(parts)


def headline(job: Job) -> str:
    """One line: name, phase, how long."""
    return f"KusciaJob {job.name}: {job.phase} after {job.elapsed:.2f} s"


def notes(job: Job) -> list[str]:
    """What has to be said with the result."""
    result = [f"Warning: {warning}" for warning in job.warnings]
    if job.seed is not None:
        result.append(f"Repeatable run with seed {job.seed}: nothing in it is secret.")
    return result


def _tables(job: Job) -> list[tuple[str, pd.DataFrame]]:
    tables = [("Conditions", conditions(job)), ("Traffic", job.trace.totals)]
    if job.phase == "Succeeded":
        tables.append(("Weights (each share is random; their sum modulo 2^64 is the weight)", weights(job)))
    return tables


def conditions(job: Job) -> pd.DataFrame:
    """The conditions with times relative to the start."""
    frame = job.conditions
    if len(frame):
        frame["time"] = (frame["time"] - frame["time"].iloc[0]).dt.total_seconds().map("+{:.3f} s".format)
    return frame


def weights(job: Job) -> pd.DataFrame:
    """The weights with numbers that people can read."""
    frame = job.weights()
    for column in frame.columns[2:]:
        frame[column] = frame[column].map(_WEIGHT_FORMAT.format)
    return frame
