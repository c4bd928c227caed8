"""A job as a result in a notebook: what became of it, how long it took, what it sent, and the model.

Text and HTML say the same, from one look at the job. The HTML is plain tables with a few inline styles: it reads in a
saved notebook, on GitHub (which drops styles), in light and in dark.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import KusciaError
from ..observer.progress import State
from ..operators.results import Sheet
from ..texts import Say, speaker
from .chart import Drawing
from .graph import Node, svg
from .live_html import condition_table, human, not_begun
from .table import Table, clipped, html_note, html_paragraph, wrapped

if TYPE_CHECKING:
    import pandas as pd

    from ..job import Job

_LONGEST_NAME = 36
_WORST = ("Failed", "Running", "Pending")
"""Of several phases, the one that a task is shown with."""


class Note(NamedTuple):
    """Something to be said with the result; a detail is shown by a click, and in a terminal below it."""

    text: str
    detail: str = ""


class Report(NamedTuple):
    """All there is to say about a job, at one moment, in the order in which a person asks for it."""

    headline: str
    summary: list[str]
    """What has come out, in a sentence or two."""
    notes: list[Note]
    """Errors and warnings."""
    results: list[Table | Drawing]
    happened: list[Table]
    """Conditions and traffic."""
    details: list[str]
    """A line for each task, and what the programs say that is no warning."""
    graph: str
    """The tasks as a drawing, if there are several."""
    well: bool

    @classmethod
    def of(cls, job: Job) -> Report:
        """Look at the job once."""
        say, phase = speaker(), job.phase
        headline = say(
            "KusciaJob {name}: {phase} after {seconds:.2f} s", name=job.name, phase=phase, seconds=job.elapsed
        )
        state = State(job.name, job.events)
        state.catch_up()
        details = _tasks(job, say)
        if waiting := state.not_begun(job.resource):
            details.append(not_begun(say, waiting))
        details += [say(note) for note in job.notes]
        notes, summary, results = _notes(job, phase, say), [], []
        if phase == "Succeeded":
            summary, results, doubts = _outcome(job, say)
            notes += doubts
        happened = [condition_table(say, state, job.nodes), traffic(job, say)]
        return cls(headline, summary, notes, results, happened, details, _graph(job, say), phase == "Succeeded")

    def text(self) -> str:
        """For a terminal: no line is longer than WIDTH."""
        head = "\n".join(map(wrapped, [self.headline, *self.summary]))
        notes = ["\n".join(map(wrapped, filter(None, (text, detail and f"  {detail}")))) for text, detail in self.notes]
        tables = [table.text() for table in (*self.results, *self.happened)]
        return "\n\n".join([head, *notes, *tables, "\n".join(map(wrapped, self.details))])

    def html(self) -> str:
        """For a notebook: what came out first, and what happened below it, folded if all went well."""
        head = html_paragraph(self.headline, *self.summary) + "".join(html_note(*note) for note in self.notes)
        results = "".join(table.html() for table in self.results)
        happened = "".join(f"<div>{table.html(folded=self.well)}</div>" for table in self.happened)
        details = "<br>".join(map(escape, self.details))
        return (
            f'{head}{results}{self.graph}<div style="display:flex;flex-wrap:wrap;column-gap:3em">{happened}</div>'
            f"<p>{details}</p>"
        )


def _outcome(job: Job, say: Say) -> tuple[list[str], list[Table | Drawing], list[Note]]:
    """What a job that succeeded has to show: sentences, tables, and what must be said of them."""
    told = job.told()
    summary = [say(one) for part in told for one in part.summary]
    results: list[Table | Drawing] = []
    for part in told:
        results += [table(sheet, say) for sheet in part.sheets]
        results += [Drawing(chart, say) for chart in part.charts]
    if not results:
        summary.append(say("What it has written: %kuscia result {name}", name=job.name))
    return summary, results, [Note(say(one)) for part in told for one in part.notes]


def table(sheet: Sheet, say: Say) -> Table:
    """An operator's table in the language of the report; long names are cut."""
    rows = [tuple(clipped(cell, _LONGEST_NAME) for cell in row) for row in sheet.rows]
    return Table(say(sheet.title), tuple(map(say, sheet.columns)), rows, sheet.left)


def _graph(job: Job, say: Say) -> str:
    """The drawing of a job with several tasks."""
    waits = {task.alias: tuple(task.dependencies) for task in job.resource.spec.tasks}
    runs = {task.alias: task.config.module_name for task in job.resource.spec.tasks}
    if len(waits) < 2:
        return ""
    phases: dict[str, set[str]] = {}
    for alias, _, _, phase, _ in _rows(job.tasks):
        phases.setdefault(alias, set()).add(phase)
    known = {alias: next((one for one in _WORST if one in found), "Succeeded") for alias, found in phases.items()}
    nodes = [Node(alias, runs[alias], known.get(alias, "Pending"), after) for alias, after in waits.items()]
    return svg(nodes, say("Tasks"))


class ReportInterrupted(KeyboardInterrupt):
    """Somebody interrupted while a job was shown. In a notebook it is one line, as when the job itself is interrupted.

    No KusciaError: IPython would go on after one that comes while it shows a result, and so would Run All.
    """

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


def bundle(job: Job) -> dict[str, str]:
    """The MIME bundle of a job."""
    try:
        report = Report.of(job)
        return {"text/plain": report.text(), "text/html": report.html()}
    except KeyboardInterrupt:
        what = f"the report of job {job.name} was interrupted, the job was not: it is {job.phase}"
        raise ReportInterrupted(what) from None


def text(job: Job) -> str:
    """The job for a terminal."""
    return Report.of(job).text()


def html(job: Job) -> str:
    """The job for a notebook."""
    return Report.of(job).html()


def _tasks(job: Job, say: Say) -> list[str]:
    """A line for each task: its id, which its result files have in their names, and how far each node is."""
    states: dict[tuple[str, str], list[str]] = {}
    for alias, task, node, phase, progress in _rows(job.tasks):
        state = f"{node} {phase}" + (f" ({progress:.0%})" if phase == "Running" else "")
        states.setdefault((alias, task), []).append(state)
    return [
        say("task {alias} = {task}: {nodes}", alias=alias, task=task, nodes=", ".join(nodes))
        for (alias, task), nodes in states.items()
    ]


def _notes(job: Job, phase: str, say: Say) -> list[Note]:
    """What has to be said with the result."""
    result = []
    if phase == "Failed":
        try:
            job.wait()
        except KusciaError as error:
            result.append(Note(f"{type(error).__name__}: {error}"))
    result += [Note(say(text)) for text in job.awaits]
    result += [_warning(warning, say) for warning in job.warnings]
    if job.seed is not None:
        result.append(Note(say("Repeatable run with seed {seed}: nothing in it is secret.", seed=job.seed)))
    return result


def _warning(warning: str, say: Say) -> Note:
    """A warning: what it comes to, and its numbers, if it says both."""
    short = getattr(warning, "short", None)
    if short is None:
        return Note(say("Warning: {text}", text=say(warning)))
    return Note(say("Warning: {text}", text=say(short)), say(warning))


def traffic(job: Job, say: Say) -> Table:
    """Who has sent how much to whom."""
    unknown = job.unknown.get("trace")
    totals = [] if unknown else _rows(job.trace.totals)
    cells = [
        (sender, receiver, f"{messages:,}", f"{rounds:,}", f"{size:,}", human(size))
        for sender, receiver, messages, size, rounds in totals
    ]
    if cells:
        messages, size = sum(row[2] for row in totals), sum(row[3] for row in totals)
        cells.append((say("in all"), "", f"{messages:,}", "", f"{size:,}", human(size)))
    title = say("Traffic (a round: messages that need not wait for each other)")
    columns = (*map(say, ("from", "to", "messages", "rounds", "bytes")), "")
    return Table(title, columns, cells, left=2, empty=unknown or say("nothing yet"))


def _rows(frame: pd.DataFrame) -> list[list[Any]]:
    return frame.to_numpy(dtype=object).tolist()
