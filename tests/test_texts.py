"""What is said in two languages: which one it is, and that nothing is missing, left over or astray."""

from __future__ import annotations

import ast
import json
import re
import string
from collections.abc import Iterator
from pathlib import Path
from runpy import run_path

import pytest
from test_notebook import TUTORIAL
from test_ss_lr_parameters import parameters

import kuscia_nb as kn
from kuscia_nb import texts
from kuscia_nb.options import OPTIONS
from kuscia_nb.panel.form import operators, templates
from kuscia_nb.texts import chinese, language, speaker
from kuscia_nb.texts.chinese import CHINESE
from kuscia_nb.texts.chinese.panel import COUNTED, PANEL
from kuscia_nb.texts.chinese.steps import STEPS
from kuscia_nb.texts.chinese.viewer import VIEWER
from kuscia_nb.texts.sentence import Sentence
from kuscia_nb.trace.formulas import KINDS
from kuscia_nb.trace.tour import STOPS
from kuscia_nb.views.job import Report

PACKAGE = Path(kn.__file__).parent
STORE = PACKAGE / "texts" / "chinese"
LABEXTENSION = PACKAGE.parent / "labextension"
MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if STORE not in path.parents]


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No language but English is known of."""
    monkeypatch.setenv("JUPYTERLAB_SETTINGS_DIR", str(tmp_path))
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)


SPEAKING = [path for path in MODULES if "texts import" in path.read_text("utf-8") or path.match("exercises/lesson_*")]


def name(call: ast.expr) -> str:
    """Of what is called."""
    return getattr(call, "id", getattr(call, "attr", ""))


SAYS = {
    "say": slice(9),
    "_say": slice(9),
    "exercise": slice(9),
    "Wrong": slice(9),
    "explorer": slice(1),
    "Field": slice(1, 9),
}
"""What says its texts or hands them on, and which of its arguments they are; in others are names."""


def said(tree: ast.Module) -> Iterator[str]:
    """Every text that a module says, or hands to what says it: an exercise's hints, its reason, what is wrong."""
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        spoken = name(call.func) == "map" and name(call.args[0]) in {"say", "_say"}
        if spoken or name(call.func) in SAYS:
            texts = [] if spoken else [keyword.value for keyword in call.keywords if keyword.arg == "why"]
            texts += call.args if spoken else call.args[SAYS[name(call.func)]]
            for node in (node for argument in texts for node in ast.walk(argument)):
                if isinstance(node, ast.Constant) and re.search("[A-Za-z]{2}", str(node.value)):
                    yield str(node.value)


@pytest.mark.parametrize("path", SPEAKING, ids=lambda path: path.stem)
def test_everything_that_is_said_has_a_translation(path: Path) -> None:
    assert set(said(ast.parse(path.read_text("utf-8")))) - CHINESE.keys() == set()


def test_options_have_their_help_in_both_languages() -> None:
    assert {option.about.help for option in OPTIONS} - CHINESE.keys() == set()


def test_nothing_is_left_over() -> None:
    """What is in Chinese is still there in English."""
    trees = (ast.parse(path.read_text("utf-8")) for path in MODULES)
    there = {node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert CHINESE.keys() - there == set()


def test_no_text_is_there_twice() -> None:
    stores = (
        chinese.EXERCISES,
        chinese.LATER_EXERCISES,
        chinese.EXPLORE,
        chinese.JOBS,
        chinese.OPTIONS,
        chinese.TRACE,
        chinese.STEPS,
    )
    assert len(CHINESE) == sum(map(len, stores))


COLUMNS = PACKAGE / "data" / "names.py"
"""What columns are called: found in files, not said."""


def test_chinese_is_in_the_store_alone() -> None:
    assert [path for path in MODULES if re.search("[\u4e00-\u9fff]", path.read_text("utf-8"))] == [COLUMNS]


# --- what pages say --------------------------------------------------------------------------------------------------


def test_the_pages_files_are_made_from_the_store() -> None:
    made = run_path(str(LABEXTENSION / "scripts" / "chinese.py"))["files"]()
    assert [path for path, text in made.items() if path.read_text("utf-8") != text] == []


def asked_for(function: str) -> set[str]:
    """Every text that the panel asks a translation for: the first argument of trans.__, or of trans._n."""
    texts = set()
    for path in (LABEXTENSION / "src").rglob("*.ts*"):
        calls = re.findall(rf"rans\.{function}\(\s*('(?:[^'\\]|\\.)*')?", path.read_text("utf-8"))
        assert all(calls), f"{path.name}: a text that is not written out cannot be translated"
        texts |= {call[1:-1] for call in calls}
    return texts


FORMS = [*operators(), *templates(["alice", "bob"])]
"""As they are there from the start, before a test adds an operator."""


def told_by_operators() -> set[str]:
    """Every text that the form shows of operators and templates, but names and values."""
    texts = set()
    for operator in FORMS:
        texts |= {operator["title"], operator["description"]}
        for one in operator["parameters"]:
            texts |= {one["type"], one["unit"], one["meaning"], "" if one["choices"] else one["allowed"]}
    return {text for text in texts if re.search("[a-z]{2}", text) and not text.startswith("{")}


def test_the_panel_has_a_translation_for_every_text_and_none_is_left_over() -> None:
    schema = json.loads((LABEXTENSION / "schema" / "panel.json").read_text("utf-8"))
    of_settings = {f"schema\x04{schema[name]}" for name in ("title", "description")}
    for setting in schema["properties"].values():
        of_settings |= {f"settings\x04{setting[name]}" for name in ("title", "description")}
    assert asked_for("__") | of_settings | told_by_operators() == PANEL.keys()
    assert asked_for("_n") == COUNTED.keys()


def test_so_has_the_viewer() -> None:
    source = (LABEXTENSION / "src" / "viewer" / "english.ts").read_text("utf-8")
    said = {one or other for one, other in re.findall(r"""^  (?:\w+:)?\s*(?:'(.+)'|"(.+)"),?$""", source, re.MULTILINE)}
    assert len(said) > 50
    assert said == VIEWER.keys()


def test_so_have_the_steps_of_a_trace_and_the_tour() -> None:
    kinds = {text for kind in KINDS.values() for text in (kind.title, kind.text)}
    asked = {text for stop in STOPS for pair in (stop.party, stop.ttp, stop.observer) for text in pair}
    assert kinds | asked | {stop.text for stop in STOPS} == STEPS.keys()


SAME = {"%1, %2", "Kuscia", "schema\x04Kuscia", "%1, guest", "TTP", "…"}


def test_translations_of_pages_have_the_same_values() -> None:
    for text, other in {**PANEL, **COUNTED, **VIEWER, **STEPS}.items():
        found, expected = (set(re.findall(r"%\d|\{\w+\}", one)) for one in (other, text))
        assert found == expected, text
        assert re.search("[\u4e00-\u9fff]", other) or text in SAME, text


# --- sentences -------------------------------------------------------------------------------------------------------


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
    for path in MODULES:
        source = path.read_text("utf-8")
        if "import Sentence\n" in source:
            module = Templates(ast.parse(source))
            for made in module.made:
                templates = module.texts(made)
                assert templates, f"{path.name}, line {made.lineno}: where is its template?"
                assert templates - CHINESE.keys() <= FORMULAS, path.name


def test_translations_have_the_same_values() -> None:
    for text, other in CHINESE.items():
        fields, others = ([field for _, field, *_ in string.Formatter().parse(one) if field] for one in (text, other))
        assert sorted(fields) == sorted(others), text
        assert re.search("[\u4e00-\u9fff]", other), text


def test_a_sentence_is_said_with_what_is_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "_chosen", "zh")
    known = {"{what} in {count} parts": "{count} 个部分的{what}", "a {share}": "{share}", "{n}": "两"}
    monkeypatch.setattr(chinese, "CHINESE", known)
    sentence = Sentence("{what} in {count} parts", what=Sentence("a {share}", share="{n}"), count=2)
    assert sentence == "a {n} in 2 parts"
    assert speaker()(sentence) == "2 个部分的{n}"
    assert speaker()("a {share}, as it is") == "a {share}, as it is"


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
