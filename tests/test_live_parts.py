"""The parts of the live view without a kernel: the fold over events, its HTML, and both languages."""

from __future__ import annotations

import ast
import re
import string
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_notebook import TUTORIAL, Words
from test_ss_lr_parameters import parameters

import kuscia_nb as kn
from kuscia_nb.observer.events import ConditionSet, EventLog, PhaseSet, Progressed, TaskMade
from kuscia_nb.observer.progress import Progress, State
from kuscia_nb.sentence import Sentence
from kuscia_nb.views import live, texts
from kuscia_nb.views.job import Report
from kuscia_nb.views.live_html import conditions, head, human, programs
from kuscia_nb.views.texts import CHINESE, language, speaker

VIEWS = Path(texts.__file__).parent
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


# --- languages -------------------------------------------------------------------------------------------------------


def said() -> set[str]:
    """Every text that a view says."""
    trees = (ast.parse(path.read_text("utf-8")) for path in (*VIEWS.glob("live*.py"), VIEWS / "job.py"))
    found: set[str] = set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        call: Any = node
        if isinstance(node, ast.Call) and getattr(call.func, "id", getattr(call.func, "attr", "")) in ("say", "_say"):
            found |= {str(one.value) for one in node.args if isinstance(one, ast.Constant)}
    return found


def test_everything_that_is_said_has_a_translation() -> None:
    missing = said() - CHINESE.keys()
    assert missing == set()


class Templates(ast.NodeVisitor):
    """What a module makes Sentences from, wherever a name got its text; not those of errors, which are in English."""

    def __init__(self, tree: ast.Module) -> None:
        self._values: dict[str, list[ast.expr]] = {}
        self.made: list[ast.expr] = []
        self.visit(tree)

    def visit_Raise(self, node: ast.Raise) -> None:
        pass

    def visit_Assign(self, node: ast.Assign) -> None:
        self._bind(node.targets[0], node.value)
        self.generic_visit(node)

    def visit_For(self, node: ast.For) -> None:
        for value in node.iter.elts if isinstance(node.iter, ast.Tuple) else ():
            self._bind(node.target, value)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if getattr(node.func, "id", getattr(node.func, "attr", "")) in ("Sentence", "_say"):
            self.made.append(node.args[0])
        self.generic_visit(node)

    def _bind(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for one, its in zip(target.elts, value.elts, strict=True):
                self._bind(one, its)
        elif isinstance(target, ast.Name):
            self._values.setdefault(target.id, []).append(value)

    def texts(self, made: ast.expr) -> set[str]:
        """Every template that an expression may be."""
        match made:
            case ast.Constant(value=str(text)):
                return {text}
            case ast.IfExp(body=one, orelse=other):
                return self.texts(one) | self.texts(other)
            case ast.Name(id=name):
                return {text for value in self._values.get(name, ()) for text in self.texts(value)}
        return set()


FORMULAS = {"{terms} + learning_rate / batch_size * l2_norm"}
"""They are the same in every language."""


def test_every_sentence_has_a_translation() -> None:
    for path in VIEWS.parent.rglob("*.py"):
        source = path.read_text("utf-8")
        if "import Sentence\n" in source:
            module = Templates(ast.parse(source))
            for made in module.made:
                templates = module.texts(made)
                assert templates, f"{path.name}, line {made.lineno}: where is its template?"
                assert templates - CHINESE.keys() <= FORMULAS, path.name


def test_translations_have_the_same_values() -> None:
    for text, chinese in CHINESE.items():
        fields, others = ([field for _, field, *_ in string.Formatter().parse(one) if field] for one in (text, chinese))
        assert sorted(fields) == sorted(others), text
        assert re.search("[\u4e00-\u9fff]", chinese), text


def test_a_sentence_is_said_with_what_is_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "_chosen", "zh")
    chinese = {"{what} in {count} parts": "{count} 个部分的{what}", "a {share}": "{share}", "{n}": "两"}
    sentence = Sentence("{what} in {count} parts", what=Sentence("a {share}", share="{n}"), count=2)
    assert sentence == "a {n} in 2 parts"
    assert speaker(chinese)(sentence) == "2 个部分的{n}"
    assert speaker(chinese)("a {share}, as it is") == "a {share}, as it is"


@pytest.mark.parametrize(
    ("changes", "count"),
    [({}, 1), ({"learning_rate": "0.00014"}, 1), ({"l2_norm": "0.000005", "ttp_server_host": "192.0.2.1:9449"}, 3)],
)
def test_every_warning_about_parameters_is_there_in_chinese(
    changes: dict[str, str], count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "_chosen", "zh")
    warnings = parameters(**changes).warnings(10_000, 1.0)
    assert len(warnings) == count
    for warning in warnings:
        assert not re.search("[a-z]+ [a-z]+", speaker()(warning)), "two English words"


def test_a_report_warns_in_its_language(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exact = TUTORIAL.replace('"interconnection-root"', str(2**53 + 1))
    with kn.connect(storage=tmp_path) as cluster:
        job = cluster.apply(exact).wait()
        note = next(note for note in Report.of(job).notes if note.detail)
        assert note.text == "Warning: This learning rate hardly moves the weights: they stay near 0."
        assert note.detail.startswith("learning_rate / batch_size = 4.76e-06 is 1.25 ulp at fxp_bits=18")
        monkeypatch.setattr(texts, "_chosen", "zh")
        shown = repr(Report.of(job))
        assert "警告：学习率太小，权重几乎不动，停留在 0 附近。" in shown
        assert "learning_rate / batch_size = 4.76e-06 在 fxp_bits=18 时为 1.25 ulp，将按 3.81e-06 使用" in shown
        assert f"ttp_session_id = {2**53 + 1} 将按 {2**53} 使用" in shown
        assert "is used as 3.81e-06 (20 % low)" in job.logs("alice"), "a log is in Kuscia's language"


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "C.UTF-8", "LANGUAGE": "zh_TW:en"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LANGUAGE": "en"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "de_DE"}, "en"),
    ],
)
def test_the_language_of_the_environment(
    variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert language() == expected


@pytest.mark.parametrize(("setting", "expected"), [('"zh_CN"', "zh"), ('"en"', "en"), ('"default"', "zh"), ("3", "zh")])
def test_jupyterlabs_language_goes_first(
    setting: str, expected: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    folder = tmp_path / "@jupyterlab" / "translation-extension"
    folder.mkdir(parents=True)
    text = f'{{\n    // Locale\n    // Sets the interface display language, "locale": "de"\n    "locale": {setting}\n}}'
    (folder / "plugin.jupyterlab-settings").write_text(text)
    assert language() == expected


def test_a_chosen_language_goes_before_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "_chosen", "zh")
    assert language() == "zh"
    assert speaker()("Stop") == "停止"
    assert speaker()("not translated {n}", n=3) == "not translated 3"


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
