"""The trace viewer without a browser: what is sent to it, its script, and the static form that stays."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from test_live import FrontEnd
from test_notebook import Notebook
from test_trace import Traced, operations, training
from test_viewer_state import decoded, twice

import kuscia_nb as kn
from kuscia_nb import mpc
from kuscia_nb.errors import KusciaError
from kuscia_nb.mpc.lazy import Lazy
from kuscia_nb.trace.steps import Record, Sent
from kuscia_nb.views import trace_viewer
from kuscia_nb.views.table import WIDTH
from kuscia_nb.views.trace_viewer import STATIC, bundle, html, state

SOURCES = Path(__file__).parent.parent / "labextension" / "src" / "viewer"
SCRIPT, STYLE = STATIC / "trace_viewer.js", STATIC / "trace_viewer.css"
LIMIT = 2_000_000
STRATEGIES = ("preprocessed", "interconnection")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kn.Cluster]:
    with kn.connect(storage=tmp_path_factory.mktemp("nodes")) as cluster:
        yield cluster


@pytest.fixture(scope="module", params=STRATEGIES)
def tutorial(request: pytest.FixtureRequest, cluster: kn.Cluster) -> kn.Trace:
    """A full trace of the tutorial's job."""
    return cluster.apply(kn.tutorial_manifest(), replace=True, strategy=request.param, trace="full").wait().trace


@pytest.fixture(scope="module")
def small() -> Record:
    return Traced(operations).record


# --- what is sent ----------------------------------------------------------------------------------------------------


def test_the_state_of_a_whole_tutorial_is_small(tutorial: kn.Trace) -> None:
    """In the browser, and in a notebook file that keeps it, which has it in base 64."""
    header, columns = state(tutorial.record)
    assert len(tutorial.steps) > 3000
    assert header["cut"] == 0
    sizes = len(json.dumps(header)), len(columns), len(base64.b64encode(columns))
    assert sizes[0] + sizes[2] < LIMIT
    assert sizes[0] < 50_000


@pytest.fixture
def long(monkeypatch: pytest.MonkeyPatch) -> Record:
    """A trace of two tasks that is too long for a browser."""
    monkeypatch.setattr(trace_viewer, "MOST_BYTES", 80_000)
    return twice(Traced(training("interconnection", mpc.Layout((3, 2), 4, 30, 2))).record)


def test_a_trace_that_is_too_long_is_cut_in_the_middle_of_each_task_and_says_so(long: Record) -> None:
    header, columns = state(long)
    assert 60_000 < len(columns) <= 80_000, "as much as fits"
    shown, half = decoded((header, columns))["step_number"].tolist(), len(long.steps) // 2
    assert header["cut"] == len(long.steps) - len(shown) > 0
    assert {0, half - 1, half, len(long.steps) - 1} <= set(shown)
    for number, place in zip(shown, decoded((header, columns))["step_pattern"], strict=True):
        step, pattern = long.steps[number], header["patterns"][place]
        assert (pattern["kind"], pattern["task"]) == (step.kind, step.task)


def test_of_very_many_messages_as_many_as_fit_are_shown(long: Record) -> None:
    messages = tuple(sorted([*long.messages] * 20, key=lambda sent: sent.task))
    header, columns = state(dataclasses.replace(long, steps=(), messages=messages))
    assert 60_000 < len(columns) <= 80_000
    kept = next(place["length"] for place in header["columns"] if place["name"] == "message_op")
    assert header["cut"] == 20 * len(long.messages) - kept


def test_of_very_many_messages_only_those_that_are_shown_are_made(small: Record) -> None:
    made: list[int] = []

    def make(seq: int) -> Sent:
        made.append(seq)
        return Sent(0, small.messages[seq % 7].message)

    record = Record("sizes", small.tasks[:1], messages=Lazy(580_000, make))
    header, columns = state(record)
    shown = 580_000 - header["cut"]
    assert 20_000 < shown < len(columns) / 16
    assert {0, 1, 579_998, 579_999} <= set(made)
    assert len(set(made)) < shown + 100, "those, and a few in which the ends of the tasks are looked up"
    made.clear()
    assert "580,000 messages" in html(record)
    assert len(made) < 100


def test_of_each_array_there_are_as_many_elements_as_fit(small: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = {id(number.data): number.data.size for step in small.steps for number in step.numbers}.values()
    words = {most: 8 * sum(min(most, length) for length in lengths) for most in (1, 2, 3, 4)}
    whole = len(state(small)[1])
    for most in (3, 2, 1):
        limit = whole - (words[4] - words[most])
        monkeypatch.setattr(trace_viewer, "MOST_BYTES", limit)
        header, columns = state(small)
        assert (header["elements"], header["cut"], len(columns)) == (most, 0, limit)


def test_sizes_only_are_steps_without_numbers(cluster: kn.Cluster) -> None:
    trace = cluster.apply(kn.tutorial_manifest(), replace=True).wait().trace
    header, _ = state(trace.record)
    lengths = {place["name"]: place["length"] for place in header["columns"]}
    assert header["numbers"] is False
    assert lengths["step_op"] == lengths["message_op"] == len(trace.messages)
    assert lengths["words"] == 0


# --- the script ------------------------------------------------------------------------------------------------------


def test_the_script_is_one_module_without_others() -> None:
    code = "const { default: module } = await import(process.argv[1]); console.log(Object.keys(module).sort().join())"
    command = ["node", "--input-type=module", "--eval", code, SCRIPT.as_uri()]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.strip() == "initialize,render"
    text = SCRIPT.read_text("utf-8")
    assert (
        re.findall(r"^\s*import\b|\bimport\s*\(|\bfetch\b|XMLHttp|WebSocket|\beval\b|innerHTML", text, re.MULTILINE)
        == []
    )


@pytest.mark.parametrize("path", [SCRIPT, STYLE])
def test_nothing_is_loaded_from_anywhere(path: Path) -> None:
    """The only address is the name of SVG, which nobody follows."""
    text = path.read_text("utf-8")
    assert set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"']*", text)) <= {"http://www.w3.org/2000/svg"}
    assert re.findall(r"url\(|@import|src=", text) == []


def test_every_control_is_documented_for_tests() -> None:
    head = (SOURCES / "index.ts").read_text("utf-8")
    used = set(re.findall(r'"(trace-[a-z-]+)"', SCRIPT.read_text("utf-8")))
    assert "trace-first" in used
    assert used <= set(re.findall(r"trace-[a-z-]+", head))


def test_who_computes_a_truncation_gets_the_number_that_it_shows(tutorial: kn.Trace) -> None:
    """With Python's >>, once the ring element is read as a signed number."""
    rounded = 0
    truncations = [seq for seq, step in enumerate(tutorial.record.steps) if step.kind == "truncate"]
    for seq in truncations[:20]:
        for line in tutorial.view("observer").lines(seq):
            left, right = line.numbers.split(" = ")
            z = int(re.findall(r"\d+", right)[0])
            signed = (z + 2**63) % 2**64 - 2**63
            assert eval(right.replace(str(z), str(signed), 1)) % 2**64 == int(left)
            rounded += right.startswith("-")
    assert rounded == 20


# --- the static form -------------------------------------------------------------------------------------------------


class Tags(HTMLParser):
    """Checks that every tag is closed, and collects them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)
        if tag != "br":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_without_a_front_end_there_is_text_and_html(tutorial: kn.Trace) -> None:
    static = bundle(tutorial.record)
    assert set(static) == {"text/plain", "text/html"}
    assert static["text/plain"] == repr(tutorial)
    tags = Tags(static["text/html"]).found
    assert {"table", "img"} <= set(tags)
    assert not {"script", "link", "svg", "iframe"} & set(tags), "what an untrusted notebook does not show"
    assert not re.findall(r"https?://", static["text/html"])
    assert len(static["text/html"]) < 60_000


def picture(text: str) -> tuple[str, str]:
    """The SVG of the diagram in a static form, and its words."""
    found = re.search(r'<img src="data:image/svg\+xml;base64,([^"]+)" alt="([^"]+)"/>', text)
    assert found is not None
    return base64.b64decode(found[1]).decode(), found[2]


def test_the_diagram_is_a_picture_with_its_words_and_a_ground_of_its_own(tutorial: kn.Trace) -> None:
    drawn, words = picture(html(tutorial.record))
    assert {"svg", "rect", "title", "desc", "path", "text"} == set(Tags(drawn).found)
    assert "currentColor" not in drawn
    assert set(re.findall(r"https?://[^\"]*", drawn)) == {"http://www.w3.org/2000/svg"}
    first = tutorial.messages.loc[tutorial.messages["kind"] == "ALLGATHER"].iloc[0]
    for text in (drawn, words):
        assert f"{first['op']}, {first['bytes']:,} bytes" in text


def test_the_text_reads_as_it_stands(tutorial: kn.Trace) -> None:
    text = repr(tutorial)
    assert text.startswith(f"Trace of job-ss-lr: {len(tutorial.steps):,} steps, {len(tutorial.messages):,} messages\n")
    assert "observer's trace" in text
    truncated = "\n         t_alice = -(-(z_alice) >> 21)\n", "\n         t_bob = (z_bob) >> 21\n"
    assert all(line in text for line in truncated) or "m_alice = s_alice - v_alice" in text
    head = text.partition("\n    0  ")[0]
    assert max(map(len, head.splitlines())) <= WIDTH


def test_sizes_say_how_to_get_numbers(cluster: kn.Cluster) -> None:
    trace = cluster.apply(kn.tutorial_manifest(), replace=True).wait().trace
    for text in (repr(trace), html(trace.record)):
        assert "--trace full" in text
    assert "send X-A" in html(trace.record)


def test_off_says_that_nothing_was_counted(cluster: kn.Cluster) -> None:
    trace = cluster.apply(kn.tutorial_manifest(), replace=True, trace="off").wait().trace
    assert set(bundle(trace.record)) == {"text/plain", "text/html"}
    for text in (repr(trace), html(trace.record)):
        assert "no message was listed or counted" in text
    with pytest.raises(KusciaError, match="no messages to draw"):
        trace.diagram()


def test_a_trace_without_a_message_is_text_that_says_so(notebook: Notebook) -> None:
    empty = Record("full", title="empty")
    for text in (repr(kn.Trace(empty)), html(empty)):
        assert "none was sent, or none yet" in text
        assert "--trace full" not in text
    code = "from kuscia_nb.trace.steps import Record\nfrom kuscia_nb.trace.trace import Trace\nTrace(Record('full'))"
    assert set(notebook.result(code)) == {"text/plain", "text/html"}
    with pytest.raises(KusciaError, match="no message in this trace"):
        kn.Trace(empty).widget()


def test_diagrams(small: Record) -> None:
    trace = kn.Trace(small)
    drawing = trace.diagram()
    assert isinstance(drawing, str)
    Tags(drawing)
    assert "<title>Sequence diagram of" in drawing
    assert "bob to alice: open x-a, 32 bytes" in drawing
    assert ">TTP</text>" in drawing
    picture = trace.diagram(0, 5, format="png")
    assert isinstance(picture, bytes)
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(KusciaError, match="unknown"):
        trace.diagram(format="gif")


def test_names_cannot_break_the_html(cluster: kn.Cluster) -> None:
    async def program(party: mpc.Semi2k) -> None:
        await party.open(party.zeros(1), "<script>alert(1)</script>&")

    text = html(Traced(program).record)
    for shown in (text, *picture(text)):
        assert "<script" not in shown
        Tags(shown)


# --- the widget ------------------------------------------------------------------------------------------------------


def test_the_widget_has_the_state(small: Record) -> None:
    widget = kn.Trace(small).widget(locale="zh")
    try:
        header, columns = state(small)
        assert widget.columns == columns
        assert widget.locale == "zh"
        assert json.loads(json.dumps(widget.header)) == json.loads(json.dumps(header))
        synced = {name for name in widget.trait_names(sync=True) if not name.startswith("_")}
        assert synced >= {"header", "columns", "locale"}
    finally:
        widget.close()


def test_without_anywidget_the_static_form_stays(small: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace_viewer, "find_spec", lambda name: None)
    assert set(bundle(small)) == {"text/plain", "text/html"}
    with pytest.raises(KusciaError, match="needs anywidget") as raised:
        kn.Trace(small).widget()
    assert "kuscia_nb[trace]" in raised.value.hint


def test_nothing_is_loaded_before_it_is_used() -> None:
    modules = ("anywidget", "pandas", "IPython")
    code = f"import sys, kuscia_nb as kn; kn.Trace; print([m for m in {modules} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.strip() == "[]"


# --- in a kernel -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        notebook = Notebook(tmp_path_factory.mktemp("cwd"))
    assert notebook.run("%load_ext kuscia_nb\nfrom kuscia_nb import connect, tutorial_manifest") == []
    start = "job = connect().apply(tutorial_manifest(), trace='full', seed=1).wait()"
    assert notebook.run(start) == []
    yield notebook
    notebook.close()


def test_where_nobody_looks_there_is_the_static_form(notebook: Notebook) -> None:
    result = notebook.result("job.trace")
    assert set(result) == {"text/plain", "text/html"}
    assert result["text/plain"].startswith("Trace of job-ss-lr: ")
    assert "data-kuscia-trace" not in result["text/html"]
    Tags(result["text/html"])


def test_who_looks_gets_the_viewer_in_the_place_of_the_static_form(tmp_path: Path) -> None:
    front_end = FrontEnd(tmp_path)
    try:
        assert front_end.run("from kuscia_nb import connect, tutorial_manifest") == []
        result = front_end.result("connect().apply(tutorial_manifest(), trace='full', seed=1).wait().trace")
        assert set(result) == {"text/plain", "text/html"}, "a notebook has nothing of the widget"
        Tags(result["text/html"])
        (viewer,) = (state for state in front_end.widgets.values() if "header" in state)
        assert f'<div data-kuscia-trace="{viewer["place"]}"><p>' in result["text/html"]
    finally:
        front_end.close()


def test_the_magic_shows_a_job_or_a_file(notebook: Notebook) -> None:
    assert notebook.run("_ = job.trace.save('lesson.trace')") == []
    texts = [notebook.result(f"%kuscia trace {what}")["text/plain"] for what in ("job-ss-lr", "lesson.trace")]
    assert texts[0] == texts[1]
    (error,) = notebook.run("%kuscia trace nothing.trace")
    assert error.output_type == "error"
    assert "there is no file nothing.trace" in "".join(error.traceback)
    assert "lesson.trace" in "".join(error.traceback)
    (error,) = notebook.run("%kuscia trace nothing")
    assert "there is no job nothing" in "".join(error.traceback)
