"""What the observer writes down: typed events, which a file keeps, and all that is shown of them once more."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import pandas as pd
import pytest
from test_notebook import TUTORIAL

import kuscia_nb as kn
from kuscia_nb.errors import DataError, KusciaError
from kuscia_nb.job import Job
from kuscia_nb.observer.events import EventLog, Exchanged, PhaseSet, ProgramEnded, Said
from kuscia_nb.observer.file import Packing, load, save
from kuscia_nb.observer.progress import State
from kuscia_nb.observer.runs import Run
from kuscia_nb.texts import speaker
from kuscia_nb.texts.sentence import Sentence
from kuscia_nb.views.job import Report
from kuscia_nb.views.live_html import conditions, programs

FRAMES = ("conditions", "tasks", "exchanges")
MANIFESTS = {
    "succeeded": TUTORIAL,
    "failed": TUTORIAL.replace("perfect_logit_a.csv", "nothing.csv"),
    "refused": re.sub(r'"num_epoch":\d+', '"num_epoch":0', TUTORIAL),
}


def put_away(run: Run) -> Run:
    """The run with its events as they are kept of one that nobody looks at."""
    log = EventLog()
    for event in run.events:
        log.emit(event)
    packing = Packing()
    packing.packed([Said("alice", "another job", "log", Sentence("the first"))])
    log.pack(packing.packed, packing.unpacked)
    return replace(run, events=log)


@pytest.fixture(params=product(MANIFESTS, ("in a file", "put away")), ids=" ".join)
def jobs(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Job, Job]]:
    """A job that has ended, and the same as it is kept."""
    monkeypatch.setenv("LANGUAGE", "zh")
    how, kept = request.param
    with kn.connect(storage=tmp_path / "nodes") as cluster:
        job = cluster.apply(MANIFESTS[how], seed=3)
        assert job.ended(120)
        assert (job.phase == "Succeeded") == bool(job.warnings) == (how == "succeeded")
        run = put_away(job._run) if kept == "put away" else load(save(job._run, tmp_path / "run.jsonl"))
        yield job, Job(job._backend, run)


def test_what_is_kept_has_all_that_is_shown_of_a_job(jobs: tuple[Job, Job]) -> None:
    job, again = jobs
    for name in FRAMES:
        pd.testing.assert_frame_equal(getattr(again, name), getattr(job, name))
    for name in ("messages", "totals", "unlisted"):
        assert str(getattr(again.trace, name)) == str(getattr(job.trace, name)), name
    for name in ("name", "phase", "nodes", "seed", "elapsed", "operators", "warnings", "notes", "options"):
        assert getattr(again, name) == getattr(job, name), name
    assert again.manifest() == job.manifest()
    for node in job.nodes:
        assert (again.logs(node), again.env(node)) == (job.logs(node), job.env(node))
    report, shown = Report.of(job), Report.of(again)
    assert (shown.text(), shown.html()) == (report.text(), report.html())
    live = []
    for one in jobs:
        state = State(one.name, one.events)
        state.catch_up()
        live.append(conditions(speaker(), state, one.nodes) + programs(speaker(), state, 1.0))
    assert live[0] == live[1]


def test_the_error_of_a_job_comes_back(jobs: tuple[Job, Job]) -> None:
    def said(job: Job) -> str:
        try:
            job.wait(0)
        except KusciaError as error:
            return f"{type(error).__name__}: {error}"
        return ""

    assert said(jobs[0]) == said(jobs[1])


def test_events_that_come_later_are_behind_those_that_were_put_away() -> None:
    log, packing = EventLog(), Packing()
    said = [Said("alice", "job", "log", Sentence("{n} rows", n=n)) for n in range(6)]
    events = [said[0], PhaseSet("alice", "job", "Running"), *said[1:3]]
    for event in events:
        log.emit(event)
    log.pack(packing.packed, packing.unpacked)
    for event in said[3:5]:
        log.emit(event)
    assert list(log) == [*events, *said[3:5]]
    assert [event.message.values for event in log.since(2)] == [{"n": n} for n in (1, 2, 3, 4)]  # type: ignore[attr-defined]
    log.pack(packing.packed, packing.unpacked)
    log.emit(said[5])
    assert log.select(Said) == said
    assert log.last(PhaseSet) is events[1], "without a look at what was put away"


def test_runs_that_are_alike_are_kept_in_less_memory() -> None:
    packing, texts = Packing(), [hashlib.sha256(bytes([n])).hexdigest() for n in range(50)]
    runs = [[Said("alice", f"job-{n}", "log", Sentence(text)) for text in texts] for n in range(3)]
    first, second, third = map(packing.packed, runs)
    assert max(len(second), len(third)) < len("".join(texts)) / 4, "half would do for what is not alike"
    assert list(map(list, map(packing.unpacked, (first, second, third)))) == runs


def test_the_runs_that_ended_last_are_there_as_they_were(tmp_path: Path) -> None:
    with kn.connect(storage=tmp_path) as cluster:
        jobs = [cluster.apply(TUTORIAL.replace("job-ss-lr", f"job-{n}")).wait(120) for n in range(10)]
        assert [job.events.packed for job in jobs] == [True] * 2 + [False] * 8
        assert [list(job.conditions["type"]) for job in jobs] == [list(jobs[-1].conditions["type"])] * 10


def test_events_are_of_a_type(jobs: tuple[Job, Job]) -> None:
    for job in jobs:
        assert {event.level for event in job.events.select(Said)} <= {"log", "note", "warning", "error"}
        assert {event.node for event in job.events.select(ProgramEnded)} <= {"alice", "bob"}
        assert job.events.select("bfia") == job.events.select(Exchanged)


@pytest.mark.parametrize("text", ["", "{}\n", "no json", '{"format": "another"}\n'])
def test_what_is_no_run_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text(text)
    with pytest.raises(DataError, match="it is no run"):
        load(path)
    with pytest.raises(DataError, match="no such file"):
        load(tmp_path / "nothing")
