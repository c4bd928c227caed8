"""The notebooks: each runs from a fresh kernel, comes to what is stored with it, and has a copy for students."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest

import kuscia_nb as kn

sys.path.append(str(Path(__file__).parent.parent / "notebooks"))

import make

TEACHERS = make.notebooks()
EXERCISES = {2, 3, 4}
"""So many of them are at the end of a notebook."""

# What is different in every run: task ids, times of day, seconds, ages in kubectl's tables, a node's temporary folder.
_CHANGING = [
    (r"-[0-9a-f]{12}\b", "-ID"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?", "TIME"),
    (r"\+?\d+\.\d{2,3} (s\b|秒)", "SECONDS"),
    (r"\b\d+s\b +", "AGE "),
    (r"(?m)\b\d+s$", "AGE"),
    (r"/tmp/kuscia_nb-[\w-]+", "STORAGE"),
    (r" {2,}", "  "),  # the columns of tables follow
]


def named(path: Path) -> str:
    return path.relative_to(make.HERE).with_suffix("").as_posix()


teachers = pytest.mark.parametrize("path", TEACHERS, ids=named)


def codes(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def shown(cell: Any) -> list[str]:
    """What a cell says, in text, with what changes from run to run taken out."""
    texts = []
    for output in cell.outputs:
        text = "".join(output.get("data", {}).get("text/plain", output.get("text", "")))
        for pattern, stands_for in _CHANGING:
            text = re.sub(pattern, stands_for, text)
        texts.append(text)
    return texts


def wrong(notebook: Any) -> list[Any]:
    """Errors, warnings, and widgets that nobody would see in a saved notebook."""
    return [
        output
        for cell in codes(notebook)
        for output in cell.outputs
        if output.output_type == "error" or output.get("name") == "stderr" or make._WIDGET in output.get("data", {})
    ]


def executed(path: Path, folder: Path) -> Any:
    began = time.monotonic()
    run = make.executed(nbformat.read(path, as_version=4), folder)
    assert time.monotonic() - began < make.SECONDS
    return run


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Path, Future[Any]]]:
    """What becomes of the notebooks and copies that are asked for, each in a kernel of its own, two at a time."""
    here = [one for one in request.session.items if isinstance(one, pytest.Function) and one.path == request.path]
    paths = [Path(str(one.callspec.params["path"])) for one in here if "runs" in one.fixturenames]
    with ThreadPoolExecutor(max_workers=2) as pool:
        yield {path: pool.submit(executed, path, tmp_path_factory.mktemp("notebook")) for path in paths}
        pool.shutdown(cancel_futures=True)


@teachers
def test_a_notebook_runs_and_says_what_is_stored(path: Path, runs: dict[Path, Future[Any]]) -> None:
    stored = nbformat.read(path, as_version=4)
    run = runs[path].result()
    assert wrong(run) == []
    for before, after in zip(codes(stored), codes(run), strict=True):
        assert len(after.outputs) == len(before.outputs), after.source
        if "varies" not in before.metadata.get("tags", ()):
            assert shown(after) == shown(before), after.source


@teachers
def test_a_notebook_is_stored_as_it_was_run(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert [cell.execution_count for cell in codes(notebook)] == list(range(1, len(codes(notebook)) + 1))
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert wrong(notebook) == []
    stored = json.dumps([cell.outputs for cell in codes(notebook)])
    assert not re.search(r"(?<![\w.:/])/(tmp(?!/kuscia_nb-)|home|root|work|usr|var|Users)/|[A-Z]:\\\\", stored), (
        "a path of a machine"
    )


@teachers
def test_pictures_have_words(path: Path) -> None:
    """For who cannot see them; and a code host's page may leave out those within HTML."""
    for cell in codes(nbformat.read(path, as_version=4)):
        for output in cell.outputs:
            data = output.get("data", {})
            for image in re.findall("<img[^>]*>", data.get("text/html", "")):
                assert re.search('alt="[^"]+"', image), cell.source
            if "image/png" in data:
                assert output.metadata["image/png"]["alt"], cell.source


@teachers
def test_half_of_a_notebook_is_prose(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    words = {kind: sum(len(cell.source) for cell in cells if cell.cell_type == kind) for kind in ("markdown", "code")}
    assert words["markdown"] >= words["code"] * (0.5 if "zh" in path.parts else 1), "Chinese has fewer characters"


@teachers
def test_links_lead_to_notebooks_beside_it(path: Path) -> None:
    """So that they also do so in the copies for students, wherever those are put."""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            for link in re.findall(r"\]\(([^)\s]+)\)", cell.source):
                assert re.fullmatch(r"[\w.]+\.ipynb", link), link
                assert (path.parent / link).exists(), link


@teachers
def test_a_notebook_ends_with_exercises_that_it_answers(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    lesson = int(path.name[:2])
    names = [name for cell in codes(notebook) for name in re.findall(r'kn\.check\("([\d.]+)"', cell.source)]
    assert names == [f"{lesson}.{i}" for i in range(1, len(names) + 1)]
    assert len(names) in EXERCISES
    right = "正确" if "zh" in path.parts else "right"
    for cell in codes(notebook):
        if "kn.check(" in cell.source:
            assert right in shown(cell)[-1].partition("\n")[0]


@teachers
def test_the_copy_for_students_is_that_of_the_notebook(path: Path) -> None:
    text = dict(make.students())[make.student_path(path)]
    assert make.student_path(path).read_text("utf-8") == text, "python notebooks/make.py --students"
    copy = nbformat.reads(text, as_version=4)
    assert "SOLUTION" not in text
    assert all(cell.outputs == [] and cell.execution_count is None for cell in codes(copy))


@pytest.mark.parametrize("path", [make.student_path(path) for path in TEACHERS], ids=named)
def test_the_copy_for_students_runs_unanswered(path: Path, runs: dict[Path, Future[Any]]) -> None:
    run = runs[path].result()
    assert wrong(run) == []
    verdicts = [shown(cell)[-1] for cell in codes(run) if "kn.check(" in cell.source]
    unanswered = "尚未作答" if "zh" in path.parts else "not answered yet"
    assert [unanswered in verdict for verdict in verdicts] == [True] * len(verdicts)


def without_comments(notebook: Any) -> list[str]:
    return [re.sub(r"(?m)(^|  )# .*", "", cell.source) for cell in codes(notebook)]


@pytest.mark.parametrize("path", [path for path in TEACHERS if "zh" in path.parts], ids=named)
def test_a_notebook_in_chinese_has_the_same_cells(path: Path) -> None:
    english = nbformat.read(make.HERE / path.name, as_version=4)
    chinese = nbformat.read(path, as_version=4)
    assert [cell.cell_type for cell in chinese.cells] == [cell.cell_type for cell in english.cells]
    first, *rest = without_comments(chinese)
    translated = [first.replace('%config KusciaMagics.language = "zh"\n', ""), *rest]
    for one, other in zip(translated, without_comments(english), strict=True):
        if re.search("[\u4e00-\u9fff]", one):  # texts for people: docstrings, names of columns
            one, other = (re.sub(r'"""[^"]*"""|"[^"\n]*"', "TEXT", cell) for cell in (one, other))
        assert one == other


# --- what the prose says ---------------------------------------------------------------------------------------------

WORKED_OUT = {
    "0.99999": "a p-value that would be suspicious",
    "1234.56": "a number to explain a question with",
    "1991": "a year",
    "412.46": round(108_125_130 / 2**18, 2),
    "26214.4": 0.1 * 2**18,
    "0.3182": "what Kuscia's operator logs (spec: tutorial)",
    "0.3213": 0.3213,  # below
    "65536": 2 ** (64 - 2 * 24),
    "1311": round(0.5 / 100 * 2**18),
    "28.999999999999996": 0.29 * 100,
}
"""Numbers of the prose that no cell prints: where they come from."""


@teachers
def test_numbers_in_the_prose_are_those_of_the_cells(path: Path) -> None:
    """Those of four digits or more: nobody has them from anywhere else."""
    notebook = nbformat.read(path, as_version=4)
    cells = [re.sub(r"(?<=\d)[,_](?=\d)", "", cell.source + " ".join(shown(cell))) for cell in codes(notebook)]
    known = {number for text in cells for number in re.findall(r"\d[\d.]*", text)}
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        for number in re.findall(r"(?<![\w.^])\d(?:[\d,]*\d)?(?:\.\d+)?", cell.source):
            plain = number.replace(",", "")
            if len(plain.replace(".", "").strip("0")) < 4 or any(one.startswith(plain) for one in known):
                continue
            assert plain in WORKED_OUT, (number, cell.source)
            value = WORKED_OUT[plain]
            assert isinstance(value, str) or value == float(plain)


def test_the_zeros_of_the_sample_file() -> None:
    from kuscia_nb.exercises.checking import sample

    alice, _ = sample()
    assert np.mean(alice["y"] == 0) == 0.3213


def minutes(notebook: Any) -> float:
    """What the pages say a notebook takes: 130 words a minute, a minute for a cell, five for an exercise."""
    words = sum(len(cell.source.split()) for cell in notebook.cells if cell.cell_type == "markdown")
    exercises = sum("kn.check(" in cell.source for cell in codes(notebook))
    return words / 130 + len(codes(notebook)) - exercises + 5 * exercises


def test_the_pages_say_how_long_notebooks_take() -> None:
    taken = [minutes(nbformat.read(path, as_version=4)) for path in TEACHERS if "zh" not in path.parts]
    least, most = (10 * round(time / 10) for time in (min(taken), max(taken)))
    for page in ("README.md", "docs/howto/teaching.md", "docs/start.md"):
        text = " ".join((make.HERE.parent / page).read_text("utf-8").split())
        assert f"{least} to {most} minutes" in text, page
    assert f"{least} 到 {most} 分钟" in (make.HERE.parent / "README.zh.md").read_text("utf-8")


def test_the_plan_has_every_notebooks_minutes() -> None:
    page = (make.HERE.parent / "docs/howto/teaching.md").read_text("utf-8")
    told = dict(re.findall(r"(?m)^\| \[\d+\]\(../../notebooks/([\w.]+)\) \| (\d+) \|", page))
    english = [path for path in TEACHERS if "zh" not in path.parts]
    assert told.keys() == {path.name for path in english}
    for path in english:
        assert abs(int(told[path.name]) - minutes(nbformat.read(path, as_version=4))) < 5, path.name


def test_plans_last_as_long_as_they_say() -> None:
    page = (make.HERE.parent / "docs/howto/teaching.md").read_text("utf-8")
    plans = re.findall(r"(?ms)^\*\*(\d+) minutes: .*?^\| --- .*?\n(.*?)\n\n", page)
    assert [length for length, _ in plans] == ["45", "90"]
    for length, plan in plans:
        assert sum(map(int, re.findall(r"(?m)^\| (\d+) \|", plan))) == int(length)


def test_no_copy_is_left_of_a_notebook_that_is_gone() -> None:
    assert sorted(make.STUDENT.rglob("*.ipynb")) == sorted(path for path, _ in make.students())


def test_the_first_notebook_runs_the_tutorials_manifest_verbatim() -> None:
    for path in TEACHERS:
        if path.name == "01_first_job.ipynb":
            cells = codes(nbformat.read(path, as_version=4))
            manifests = [cell.source.split("\n", 1)[1] for cell in cells if cell.source.startswith("%%kusciajob")]
            assert kn.tutorial_manifest().strip() in [manifest.strip() for manifest in manifests]
