"""The parts of the live view without a kernel: the fold over events, and its HTML."""

from __future__ import annotations

from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_notebook import TUTORIAL, Words

import kuscia_nb as kn
from kuscia_nb.observer.events import ConditionSet, EventLog, PhaseSet, Progressed, TaskMade
from kuscia_nb.observer.progress import Progress, State
from kuscia_nb.texts import speaker
from kuscia_nb.views import live
from kuscia_nb.views.job import Report
from kuscia_nb.views.live_html import conditions, head, human, programs

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No language but English is known of."""
    monkeypatch.setenv("JUPYTERLAB_SETTINGS_DIR", str(tmp_path))
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)


# --- the fold --------------------------------------------------------------------------------------------------------


def progress(epochs: int, *reports: tuple[float, int, int]) -> Progress:
    """(seconds, done, steps) of each report."""
    result = Progress()
    result.epochs = epochs
    for seconds, done, steps in reports:
        result.report(Progressed("alice", "t", done, steps, time=BEGIN + timedelta(seconds=seconds)))
    return result


@pytest.mark.parametrize(
    ("found", "fraction", "rate", "batch"),
    [
        (progress(5), 0.0, 0.0, None),
        (progress(5, (0, 0, 50)), 0.0, 0.0, (1, 5, 0, 10)),
        (progress(5, (0, 0, 50), (2, 10, 50)), 0.2, 5.0, (1, 5, 10, 10)),
        (progress(5, (0, 0, 50), (2, 11, 50)), 0.22, 5.5, (2, 5, 1, 10)),
        (progress(5, (0, 10, 50), (2, 50, 50)), 1.0, 20.0, (5, 5, 10, 10)),
        (progress(0, (0, 0, 4), (1, 2, 4)), 0.5, 2.0, None),
        (progress(3, (0, 1, 4)), 0.25, 0.0, None),
    ],
)
def test_progress(found: Progress, fraction: float, rate: float, batch: tuple[int, int, int, int] | None) -> None:
    assert (found.fraction, found.rate, found.batch) == (pytest.approx(fraction), pytest.approx(rate), batch)


def test_the_fold_of_a_job_step_by_step_is_that_of_all_at_once(tmp_path: Path) -> None:
    with kn.connect(storage=tmp_path) as cluster:
        job = cluster.apply(TUTORIAL).wait()
        log = EventLog()
        by_steps, at_once = State(job.name, log), State(job.name, job.events)
        for event in job.events:
            log.emit(event)
            assert by_steps.catch_up() == 1
        assert by_steps.catch_up() == 0
        assert at_once.catch_up() == len(list(job.events))
        for part in ("aliases", "phases", "conditions", "traffic", "begin", "tasks"):
            assert getattr(by_steps, part) == getattr(at_once, part), part
        totals = job.trace.totals
        assert at_once.traffic[:2] == (totals["messages"].sum(), totals["bytes"].sum())
        assert at_once.traffic.calls == totals[totals["receiver"] == "ttp"]["messages"].sum()
        assert {phase for (_, name), phase in at_once.phases.items() if name == job.name} == {"Succeeded"}
        assert at_once.tasks[0][1] == job.tasks["task"].iloc[0]
        assert all(one.fraction == 1 for one in at_once.progress.values())


# --- its HTML --------------------------------------------------------------------------------------------------------


def many(tasks: int) -> State:
    log = EventLog()
    for i in range(tasks):
        for node in ("alice", "bob"):
            log.emit(TaskMade(node, f"t{i}", f"<b>{i}</b>"))
            log.emit(ConditionSet(node, f"t{i}", "ResourceCreated", "True"))
            log.emit(PhaseSet(node, f"t{i}", "Running"))
    state = State("many", log)
    state.catch_up()
    return state


def test_names_are_escaped_and_long_lists_are_cut() -> None:
    say, state = speaker(), many(60)
    html = (
        head(say, "<i>job</i>", "alice", "Running")
        + programs(say, state, 1.0)
        + conditions(say, state, ["alice", "bob"])
    )
    words = Words(html)
    assert not words.tags & {"b", "i"}
    assert html.count('role="progressbar"') == 12
    assert "… and 108 more" in words.text
    assert "… and 20 more" in words.text
    assert "<b>59</b>" in words.text


def test_a_job_that_has_not_begun() -> None:
    say, state = speaker(), State("new", EventLog())
    state.catch_up()
    words = Words(programs(say, state, 0.0) + conditions(say, state, ["alice"]))
    assert "0.0 s · Messages: 0 · 0 B · rounds: 0 · calls of the TTP: 0" in words.text
    assert "nothing yet" in words.text


def in_turn(failing: bool) -> dict[str, Any]:
    """A job whose second task waits for the first."""
    job = yaml.safe_load(TUTORIAL)
    (first,) = job["spec"]["tasks"]
    if failing:
        first["taskInputConfig"] = first["taskInputConfig"].replace("perfect_logit_a.csv", "nothing.csv")
    own = first["taskInputConfig"].replace('"name":"ss_lr_1"', '"name":"second"')
    second = first | {"alias": "second", "dependencies": [first["alias"]], "taskInputConfig": own}
    job["spec"]["tasks"] = [first, second]
    return job


def test_a_task_that_waits_for_another_is_shown(tmp_path: Path) -> None:
    say = speaker()
    with kn.connect(storage=tmp_path) as cluster:
        job = cluster.apply(in_turn(failing=True))
        with pytest.raises(kn.KusciaError):
            job.wait()
        state = State(job.name, job.events)
        state.catch_up()
        assert state.not_begun(job.resource) == ["second"]
        assert "not begun: second" in Words(programs(say, state, 1.0, ["second"])).text
        assert "not begun: second" in repr(Report.of(job))
        assert "not begun" not in Words(programs(say, state, 1.0)).text
        succeeded = cluster.apply(in_turn(failing=False), replace=True).wait()
        assert "not begun" not in repr(Report.of(succeeded))


def test_the_remaining_time_is_said_as_a_clock() -> None:
    state = many(1)
    for seconds, done in ((0, 0), (10, 10)):
        event = Progressed("alice", "t0", done, 5000, time=BEGIN + timedelta(seconds=seconds))
        state.progress["alice", "t0"].report(event)
    assert "0 % · step 10 of 5,000 · 1 steps/s · 1:23:10 left" in Words(programs(speaker(), state, 0.0)).text


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (999, "999 B"), (1000, "0.977 KiB"), (2**20, "1 MiB"), (5 * 2**40, "5 TiB")]
)
def test_sizes(size: int, text: str) -> None:
    assert human(size) == text


# --- in the background -----------------------------------------------------------------------------------------------


def test_a_view_in_the_background_is_in_its_cells_context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels keep there which cell a message belongs to."""
    cell, seen = ContextVar[str]("cell"), []
    cell.set("this one")
    with kn.connect(storage=tmp_path) as cluster:
        view = live.LiveView(cluster.apply(TUTORIAL))
        monkeypatch.setattr(view, "update", lambda: None)
        monkeypatch.setattr(view, "show_report", lambda: seen.append(cell.get(None)))
        view.follow()
        live.join()
    assert seen == ["this one"]
