"""The parts of the live view as HTML: plain elements with roles, in JupyterLab's colours."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ..observer.progress import Progress, State
from ..texts import Say
from .table import Table

_MOST_PROGRAMS = 12
_MOST_CONDITIONS = 40
_TEXT = "color:var(--jp-ui-font-color1, inherit);font-family:var(--jp-ui-font-family, sans-serif);line-height:1.4"
_CELL = 'style="padding:0.15em 0.7em;white-space:nowrap;text-align:left"'
_PHASE = "border:1px solid currentColor;border-radius:3px;padding:0 0.5em;margin-left:0.3em"
_ASIDE = "display:flex;flex-wrap:wrap;align-items:center;column-gap:1em"
"""Words beside a bar, or below it where there is no room."""
_BAR = "width:14em;height:0.8em;border:1px solid var(--jp-ui-font-color2, #666);background:transparent"
_DONE = "height:100%;background:var(--jp-brand-color1, #1976d2)"


def head(say: Say, name: str, initiator: str, phase: str, awaits: Sequence[str] = ()) -> str:
    """Which job it is, its phase, and who has to approve it: a screen reader tells when that changes."""
    waits = "".join(f"<div>{escape(say(text))}</div>" for text in awaits)
    who = escape(say("initiator {node}", node=initiator))
    return (
        f'<div role="status" aria-live="polite" aria-atomic="true" style="{_TEXT}">'
        f"<strong>KusciaJob {escape(name)}</strong> "
        f'<strong style="{_PHASE}">{escape(phase)}</strong> &ensp;{who}{waits}</div>'
    )


def standing(say: Say, name: str, time: str) -> str:
    """When a view showed the job so, and how to see it now: for who reads a saved notebook in which it did not end."""
    text = "This is how it stood at {time}. kn.connect().job({name!r}) in a cell shows how it stands now."
    return say(text, time=time, name=name)


def programs(say: Say, state: State, seconds: float, waiting: Sequence[str] = ()) -> str:
    """Each party's program of each task, how far it is, what was sent, and the tasks that wait for others."""
    keys = state.tasks
    left_out = max(0, len(keys) - _MOST_PROGRAMS)
    rows = "".join(_program(say, state, node, task) for node, task in keys[left_out:])
    columns = "".join(
        f'<th scope="col" {_CELL}>{escape(say(name))}</th>' for name in ("party", "task", "phase", "progress")
    )
    more = f"<p>{escape(say('… and {count:,} more', count=left_out))}</p>" if left_out else ""
    table = (
        f'<table aria-label="{escape(say("Progress"))}" style="margin:0.3em 0;font-variant-numeric:tabular-nums">'
        f"<thead><tr>{columns}</tr></thead><tbody>{rows}</tbody></table>"
    )
    sent = state.traffic
    line = say(
        "Messages: {messages:,} · {size} · rounds: {rounds:,} · calls of the TTP: {calls:,}",
        messages=sent.messages,
        size=human(sent.bytes),
        rounds=sent.rounds,
        calls=sent.calls,
    )
    elapsed = say("{seconds:.1f} s", seconds=seconds)
    shown = f"{more}{table}" if keys else ""
    if waiting:
        shown += f"<div>{escape(not_begun(say, waiting))}</div>"
    return f'<div style="{_TEXT}">{shown}<div>{escape(elapsed)} · {escape(line)}</div></div>'


def not_begun(say: Say, aliases: Sequence[str]) -> str:
    """The tasks that no node has begun."""
    return say("not begun: {tasks}", tasks=", ".join(aliases))


def conditions(say: Say, state: State, nodes: list[str]) -> str:
    """The conditions that the nodes have set, side by side in order of time; the latest ones of a long list."""
    table = condition_table(say, state, nodes)
    left_out = max(0, len(table.rows) - _MOST_CONDITIONS)
    if left_out:
        more = ("…", say("… and {count:,} more", count=left_out), *("" for _ in nodes))
        table = table._replace(rows=[more, *table.rows[left_out:]])
    return f'<div style="{_TEXT}">{table.html()}</div>'


def condition_table(say: Say, state: State, nodes: list[str]) -> Table:
    """When each node set which condition, in seconds after the job began."""
    rows = [
        (name, state.aliases.get(subject, say("job")), *(str(shown[node]) if node in shown else "" for node in nodes))
        for (name, subject), shown in list(state.conditions.items())
    ]
    return Table(say("Conditions"), (say("condition"), say("of"), *nodes), rows, left=2, empty=say("nothing yet"))


def _program(say: Say, state: State, node: str, task: str) -> str:
    alias, progress = state.aliases[task], state.progress[node, task]
    phase = state.phases.get((node, task), "Pending")
    percent = 100 if phase == "Succeeded" else int(100 * progress.fraction)
    words = f"{percent} %" if phase == "Succeeded" else how_far(say, progress, percent)
    label = escape(say("{alias} on {node}", alias=alias, node=node))
    bar = (
        f'<div role="progressbar" aria-label="{label}" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{percent}" aria-valuetext="{escape(words)}" style="{_BAR}">'
        f'<div style="width:{percent}%;{_DONE}"></div></div>'
    )
    first = f'<th scope="row" {_CELL}>{escape(node)}</th>'
    shown = f'<div style="{_ASIDE}">{bar}<span>{escape(words)}</span></div>'
    cells = "".join(f"<td {_CELL}>{cell}</td>" for cell in (escape(alias), escape(phase)))
    return f'<tr>{first}{cells}<td style="padding:0.15em 0.7em">{shown}</td></tr>'


def how_far(say: Say, progress: Progress, percent: int) -> str:
    """37 % · epoch 2/5, batch 10/476 · 1,200 steps/s · 0:12 left"""
    parts = [f"{percent} %"]
    if batch := progress.batch:
        names = ("epoch", "epochs", "batch", "batches")
        text = "epoch {epoch:,}/{epochs:,}, batch {batch:,}/{batches:,}"
        parts.append(say(text, **dict(zip(names, batch, strict=True))))
    elif progress.steps:
        parts.append(say("step {done:,} of {steps:,}", done=progress.done, steps=progress.steps))
    if progress.rate:
        parts.append(say("{rate:,.0f} steps/s", rate=progress.rate))
        parts.append(say("{time} left", time=_clock((progress.steps - progress.done) / progress.rate)))
    return " · ".join(parts)


def _clock(seconds: float) -> str:
    """1:58, or 2:01:58."""
    minutes, left = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{left:02}" if minutes >= 60 else f"{minutes}:{left:02}"


def human(size: int) -> str:
    """A number of bytes as people say it."""
    value, units = float(size), iter(("B", "KiB", "MiB", "GiB", "TiB"))
    unit = next(units)
    while value >= 1000 and unit != "TiB":
        value, unit = value / 1024, next(units)
    return f"{size} B" if unit == "B" else f"{value:.3g} {unit}"
