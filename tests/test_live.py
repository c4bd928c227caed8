"""The live view of a job, in real kernels: what a front end with widgets is told, and what is left in the notebook.

The front end is played by the tests. It says what JupyterLab says when it shows a widget or when a button is pressed,
and keeps the outputs of cells as a notebook would.
"""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook, output_from_msg
from test_notebook import SECONDS, THREADS, Notebook, Words, cell, endless

GATE = """
import json, threading
import kuscia_nb as kn

gate = threading.Event()

@kn.operator(inputs=("data",), outputs=("result",), image="gate")
async def waits(party: kn.Party) -> None:
    party.progress(1, 4)
    await party.link.send(b"ready", "meet")
    await party.link.receive()
    gate.wait()
    party.progress(4, 4)

def manifest(name):
    own = {"0": {"name": f"perfect_logit_a.csv", "namespace": "data"}}
    config = {
        "name": "step", "module_name": "waits", "output": [{"type": "dataset", "key": "result"}],
        "role": {"host": ["alice"], "guest": ["bob"]}, "initiator": {"role": "host", "node_id": "alice"},
        "task_params": {"host": own, "guest": own},
    }
    parties = [{"domainID": "alice", "role": "host"}, {"domainID": "bob", "role": "guest"}]
    task = {"alias": "step", "appImage": "gate", "parties": parties, "taskInputConfig": json.dumps(config)}
    return json.dumps({
        "apiVersion": "kuscia.secretflow/v1alpha1", "kind": "KusciaJob", "metadata": {"name": name},
        "spec": {"initiator": "alice", "tasks": [task]},
    })

gated = manifest("gated")
"""
"""An operator that says how far it is, and then waits for `gate`."""

VIEW = "application/vnd.jupyter.widget-view+json"
STATIC = {"text/plain", "text/html"}


class FrontEnd(Notebook):
    """A front end with widgets. `hears`: its kernel hears it while a cell runs, as on a subshell."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.client.stdin_channel.start()
        self.client.allow_stdin = True
        self.client.control_channel.send(self.client.session.msg("create_subshell_request"))
        self.subshell = self.client.get_control_msg(timeout=SECONDS)["content"]["subshell_id"]
        self.forget()

    def forget(self) -> None:
        self.hears = True
        self.outputs: dict[str, list[Any]] = {}
        self.displays: dict[str, Any] = {}
        self.widgets: dict[str, dict[str, Any]] = {}
        self.updates: list[tuple[Any, str, dict[str, Any]]] = []
        self.stray.clear()
        self._clear: set[str] = set()
        self._idle: set[str] = set()

    def end(self, request: str) -> list[Any]:
        self.until(lambda: request in self._idle)
        return self.outputs.get(request, [])

    def until(self, happened: Callable[[], Any]) -> None:
        """Take messages until something has happened."""
        while not happened():
            self._take(self.client.get_iopub_msg(timeout=SECONDS))

    def send(self, kind: str, **content: Any) -> str:
        """A message on the subshell."""
        message = self.client.session.msg(kind, content)
        message["header"]["subshell_id"] = self.subshell
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def aside(self, code: str) -> None:
        """Run code while a cell runs."""
        request = self.send("execute_request", code=code, silent=False, allow_stdin=False)
        self.until(lambda: request in self._idle)

    def named(self, description: str) -> dict[str, Any]:
        """The button with this text."""
        return next((state for state in self.widgets.values() if state.get("description") == description), {})

    def press(self, description: str) -> None:
        comm = next(id for id, state in self.widgets.items() if state.get("description") == description)
        self.send("comm_msg", comm_id=comm, data={"method": "custom", "content": {"event": "click"}})

    def say_shown(self, comm: str, times: int = 1) -> None:
        """Tell the kernel how often a widget is shown, if it wants to know."""
        if self.widgets[comm].get("_view_count") == 0:
            update = {"method": "update", "state": {"_view_count": times}, "buffer_paths": []}
            self.send("comm_msg", comm_id=comm, data=update)

    @property
    def shown(self) -> str:
        """All HTML of the view."""
        return "".join(state.get("value", "") for state in self.widgets.values())

    def live(self, text: str) -> Callable[[], bool]:
        """Whether the view is there, its buttons work and it says this."""
        return lambda: self.named("Stop").get("disabled") is False and text in self.shown

    def _take(self, message: Any) -> None:
        kind, content, request = message["msg_type"], message["content"], message["parent_header"].get("msg_id")
        if kind == "status" and content["execution_state"] == "idle":
            self._idle.add(request)
        elif kind == "clear_output":
            self._clear.add(request)
        elif kind == "update_display_data":
            if display := self.displays.get(content["transient"]["display_id"]):
                display.data, before = content["data"], display.data
                if VIEW in before and VIEW not in display.data:
                    self.say_shown(before[VIEW]["model_id"], 0)
                self._shown(display)
        elif kind in ("stream", "execute_result", "display_data", "error"):
            self._add(request, output_from_msg(message), content.get("transient", {}).get("display_id"))
        elif kind == "comm_open":
            self.widgets[content["comm_id"]] = content["data"]["state"]
            if self.hears and "children" not in content["data"]["state"]:
                self.say_shown(content["comm_id"])  # a part of the view
        elif kind == "comm_msg" and content["data"]["method"] == "update":
            self.widgets.get(content["comm_id"], {}).update(content["data"]["state"])
            self.updates.append((message["header"]["date"], content["comm_id"], content["data"]["state"]))
        elif kind == "comm_close":
            self.widgets.pop(content["comm_id"], None)

    def _add(self, request: str, output: Any, display: str | None) -> None:
        outputs = self.outputs.setdefault(request, [])
        if request in self._clear:
            outputs.clear()
            self._clear.remove(request)
        outputs.append(output)
        self._shown(output)
        if request in self._idle:
            self.stray.append(output)
        if display is not None:
            self.displays[display] = output

    def _shown(self, output: Any) -> None:
        view = output.get("data", {}).get(VIEW)
        if view and self.hears:
            self.say_shown(view["model_id"])


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontEnd]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        patch.setenv("JUPYTERLAB_SETTINGS_DIR", str(tmp_path_factory.mktemp("settings")))
        patch.setenv("LANGUAGE", "en")
        front_end = FrontEnd(tmp_path_factory.mktemp("cwd"))
    yield front_end
    front_end.close()


@pytest.fixture
def front_end(kernel: FrontEnd) -> Iterator[FrontEnd]:
    """The kernel with the extension loaded afresh, no jobs, and an operator that waits."""
    kernel.forget()
    assert kernel.run(f"%reload_ext kuscia_nb\n{GATE}") == []
    yield kernel
    kernel.aside("gate.set()")


def gated(options: str = "") -> str:
    return f"%%kusciajob -o job {options}\n{{{{gated}}}}"


def assert_frozen(front_end: FrontEnd, output: Any, phase: str) -> None:
    """An output is the report, and no widget is left."""
    assert (output.output_type, set(output.data)) == ("display_data", STATIC)
    for text in output.data.values():
        assert re.search(rf"KusciaJob [\w-]+: {phase} after \d", text)
    front_end.until(lambda: not front_end.widgets)


def test_a_job_is_shown_live_and_then_as_a_report(front_end: FrontEnd) -> None:
    request = front_end.begin(gated())
    front_end.until(lambda: front_end.live("Running")() and request in front_end.outputs)
    (output,) = front_end.outputs[request]
    assert VIEW in output.data
    for text in (output.data["text/plain"], Words(output.data["text/html"]).text):
        assert re.search(
            r"gated.* Running.*This is how it stood at 20[-\d]+ [\d:]+\. kn\.connect\(\)\.job\('gated'\)", text, re.S
        )
    front_end.until(lambda: front_end.shown.count("25 % · step 1 of 4") == 4)
    words = Words(front_end.shown)
    for text in ("KusciaJob gated", "initiator alice", "alice", "bob", "Running", "Messages: 2"):
        assert text in words.text
    front_end.aside("gate.set()")
    (output,) = front_end.end(request)
    assert_frozen(front_end, output, "Succeeded")
    assert front_end.value("_.name, job.phase") == ("gated", "Succeeded")
    assert "Succeeded" in front_end.result("job")["text/html"], "in a cell of its own the job is shown as ever"


def test_the_view_is_accessible(front_end: FrontEnd) -> None:
    request = front_end.begin(gated())
    front_end.until(lambda: front_end.live("Running")() and front_end.shown.count("25 % · step 1 of 4") == 4)
    html = front_end.shown
    assert re.search(r'<div role="status" aria-live="polite"[^>]*>.*Running', html)
    for node in ("alice", "bob"):
        assert f'role="progressbar" aria-label="step on {node}" aria-valuemin="0" aria-valuemax="100"' in html
    assert html.count('aria-valuenow="25"') == 2
    for style in re.findall(r'style="([^"]*)"', html):
        assert not re.findall(r"#[0-9a-f]+|rgb", re.sub(r"var\(--jp-[a-z0-9-]+, [^)]*\)", "", style))
    assert front_end.named("Stop")["tooltip"] == "Stop the job on both nodes; the cell then ends with an error"
    front_end.aside("gate.set()")
    front_end.end(request)


@pytest.mark.parametrize(("button", "known"), [("Stop", ["pressed"]), ("Delete", [])])
def test_a_button_works_while_the_cell_runs(front_end: FrontEnd, button: str, known: list[str]) -> None:
    request = front_end.begin(cell("-o job", endless("pressed")))
    front_end.until(front_end.live("epoch"))
    front_end.press(button)
    output, error = front_end.end(request)
    assert_frozen(front_end, output, "Failed")
    said = front_end.only_block([error]).removeprefix("JobStopped: the job was ")
    assert said == "stopped on alice" or (said == "deleted" and not known), "what is deleted is stopped first"
    front_end.until(lambda: front_end.value("kn.connect().jobs()['name'].tolist()") == known)


def test_an_interrupt_leaves_the_report(front_end: FrontEnd) -> None:
    request = front_end.begin(cell("-o job", endless("interrupted")))
    front_end.until(front_end.live("epoch"))
    front_end.manager.interrupt_kernel()
    output, error = front_end.end(request)
    assert_frozen(front_end, output, "Failed")
    assert "was interrupted, and stopped on all nodes" in front_end.only_block([error])


def test_where_no_button_would_be_heard_the_result_is_the_report(front_end: FrontEnd) -> None:
    front_end.hears = False
    request = front_end.begin(gated())
    front_end.until(lambda: "Running" in front_end.shown)
    assert front_end.named("Stop")["disabled"]
    assert "interrupt it" in front_end.named("Stop")["tooltip"]
    front_end.aside("gate.set()")
    (output,) = front_end.end(request)
    assert (output.output_type, set(output.data)) == ("execute_result", STATIC)
    assert front_end.named("Stop")  # the front end may still be making the view, and would fail if it were gone
    for times in (1, 0):
        for comm in list(front_end.widgets):
            front_end.say_shown(comm, times)
    front_end.until(lambda: front_end.widgets == {})


def test_a_quick_job_is_never_shown_live(front_end: FrontEnd) -> None:
    front_end.run("import kuscia_nb.views.live as live\nlive.QUIET, quiet = 60, live.QUIET\ngate.set()")
    (output,) = front_end.run(gated())
    assert front_end.run("live.QUIET = quiet") == []
    assert output.output_type == "execute_result"
    assert front_end.updates == []


def test_the_view_follows_a_job_in_the_background(front_end: FrontEnd) -> None:
    request = front_end.begin(gated("--no-wait"))
    (output,) = front_end.end(request)
    assert set(output.data) == STATIC, "at first, and in front ends without widgets for good"
    front_end.until(lambda: VIEW in output.data)
    front_end.until(front_end.live("25 %"))
    assert front_end.value("6 * 7") == 42
    assert front_end.run("gate.set()") == []
    front_end.until(lambda: "Succeeded" in output.data["text/plain"])
    assert_frozen(front_end, output, "Succeeded")
    assert front_end.stray == []


def test_a_page_that_was_loaded_anew_gets_the_report_in_the_view(front_end: FrontEnd) -> None:
    (output,) = front_end.run(gated("--no-wait"))
    front_end.until(lambda: VIEW in output.data)
    front_end.until(front_end.live("25 %"))
    view = output.data[VIEW]["model_id"]
    front_end.displays.clear()  # a page that is loaded anew has widgets, and forgets which display an output was
    front_end.say_shown(view, 2)
    assert front_end.run("gate.set()") == []
    front_end.until(lambda: "KusciaJob gated: Succeeded after" in front_end.shown)
    front_end.until(lambda: len(front_end.widgets[view]["children"]) == 1)
    assert VIEW in output.data
    front_end.say_shown(view, 0)
    front_end.until(lambda: not front_end.widgets)


def test_a_running_job_can_be_watched(front_end: FrontEnd) -> None:
    assert front_end.run(f"job = kn.connect().apply({endless('watched')!r})") == []
    (output,) = front_end.run("job.watch()")
    front_end.until(front_end.live("epoch"))
    front_end.press("Stop")
    front_end.until(lambda: "Failed" in output.data["text/plain"])
    assert_frozen(front_end, output, "Failed")


def test_unloading_ends_the_view(front_end: FrontEnd) -> None:
    assert front_end.run("%unload_ext kuscia_nb") == []
    before = front_end.value(THREADS)
    assert front_end.run("%load_ext kuscia_nb") == []
    (output,) = front_end.run(cell("--no-wait -o job", endless("left")))
    front_end.until(front_end.live("epoch"))
    assert front_end.run("%unload_ext kuscia_nb") == []
    assert front_end.value(THREADS) == before
    assert_frozen(front_end, output, "Failed")


def test_no_more_than_ten_updates_a_second(front_end: FrontEnd) -> None:
    request = front_end.begin(cell("", endless("fast")))
    front_end.until(front_end.live("epoch"))
    comm = next(id for id, state in front_end.widgets.items() if "progressbar" in state.get("value", ""))
    front_end.until(lambda: sum(one[1] == comm for one in front_end.updates) == 6)
    front_end.press("Stop")
    front_end.end(request)
    times = [time for time, one, state in front_end.updates if one == comm and "value" in state]
    assert min((b - a).total_seconds() for a, b in itertools.pairwise(times)) > 0.09


@pytest.mark.parametrize("view", ["plain", "none"])
def test_other_views_have_no_widgets(front_end: FrontEnd, view: str) -> None:
    request = front_end.begin(gated(f"--view {view}"))
    front_end.aside("gate.set()")
    outputs = front_end.end(request)
    assert [output.output_type for output in outputs] == (["execute_result"] if view == "plain" else [])
    assert front_end.updates == []
    assert front_end.value("_.phase") == "Succeeded"


def test_the_loss_of_a_watched_job_is_drawn_while_it_trains(front_end: FrontEnd) -> None:
    """And again in the report that stays."""
    named = "Teacher's shadow: log loss on the training rows, computed by the observer; no party knows it: after epoch"
    request = front_end.begin(cell("-o job --shadow", endless("shadowed")))
    front_end.until(lambda: "of 100,000" in front_end.shown)
    drawing = re.search(r'<svg role="img" aria-label="([^"]*)"', front_end.shown)
    assert drawing is not None
    assert re.fullmatch(
        rf"{named} [\d,]+ of 100,000: 0\.\d{{4}} on shares, 0\.\d{{4}} in plaintext \(a coin: 0\.6931\)",
        unescape(drawing[1]),
    )
    front_end.aside("job.stop()")
    front_end.end(request)
    request = front_end.begin(cell("--shadow"))
    report = front_end.end(request)[-1].data
    assert f'aria-label="{named} 1 of 1: ' in unescape(report["text/html"])
    assert "after epoch 1 of 1: 0." in report["text/plain"]


def test_the_view_in_chinese(front_end: FrontEnd) -> None:
    assert front_end.run('%config KusciaMagics.language = "zh"') == []
    request = front_end.begin(gated())
    front_end.until(lambda: front_end.named("停止").get("disabled") is False)
    assert "发起方 alice" in front_end.shown
    assert "状况" in front_end.shown
    front_end.aside("gate.set()")
    (output,) = front_end.end(request)
    assert re.search(r"KusciaJob gated：Succeeded，用时 \d", output.data["text/html"])
    assert "JobValidated" in output.data["text/plain"], "Kuscia's own words stay"


def test_watching_in_a_plain_python_prints_a_line() -> None:
    code = "import kuscia_nb as kn; kn.connect().apply(kn.tutorial_manifest()).watch()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=SECONDS, check=True)
    assert re.fullmatch(r"<Job job-ss-lr: \w+>\n", done.stdout)


def test_without_a_person_nothing_of_a_widget_is_saved() -> None:
    quick = "import kuscia_nb.views.live as live\nlive.QUIET = 0.0"
    nb = new_notebook(cells=[new_code_cell(code) for code in ("%load_ext kuscia_nb", quick, cell(), "job = _2")])
    nb.cells.pop()
    NotebookClient(nb, timeout=SECONDS, kernel_name="python3").execute()
    (output,) = nb.cells[2].outputs
    assert (output.output_type, set(output.data)) == ("execute_result", STATIC)
    assert "widgets" not in nb.metadata
