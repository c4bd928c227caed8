"""The magic in real kernels, and what a person sees of a job.

Most tests share one kernel and begin with `%reload_ext`, which stops all jobs and removes their files.
"""

from __future__ import annotations

import ast
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_notebook, output_from_msg

import kuscia_nb as kn
from kuscia_nb.backends.local import LocalBackend
from kuscia_nb.views.job import bundle
from kuscia_nb.views.table import WIDTH

TUTORIAL = kn.tutorial_manifest()
FEATURES = [*(f"x{i}" for i in range(11, 21)), *(f"x{i}" for i in range(1, 11)), "intercept"]
SECONDS = 60


def cell(options: str = "", manifest: str = TUTORIAL) -> str:
    return f"%%kusciajob {options}\n{manifest}"


def edited(old: str, new: str) -> str:
    """The tutorial's manifest with one change."""
    assert TUTORIAL.count(old) == 1
    return TUTORIAL.replace(old, new)


def endless(name: str) -> str:
    """A job that runs until it is stopped."""
    return edited('"num_epoch":1,', '"num_epoch":100000,').replace("name: job-ss-lr", f"name: {name}")


# --- a kernel --------------------------------------------------------------------------------------------------------


class Notebook:
    """A kernel, as a front end sees it."""

    def __init__(self, folder: Path) -> None:
        self.manager = KernelManager()
        self.manager.start_kernel(cwd=str(folder))
        self.client = self.manager.client()
        self.client.start_channels(stdin=False)  # nobody sits here who could be asked, or watch a job
        self.client.wait_for_ready(timeout=SECONDS)
        self.stray: list[Any] = []
        """Messages that belong to a cell that had already ended."""

    def begin(self, code: str) -> str:
        return self.client.execute(code)

    def end(self, request: str) -> list[Any]:
        """The outputs of a cell, once it has ended; texts that follow one another are one, as front ends have it."""
        outputs: list[Any] = []
        while True:
            message = self.client.get_iopub_msg(timeout=SECONDS)
            kind = message["msg_type"]
            if message["parent_header"].get("msg_id") != request:
                self.stray += [] if kind == "status" else [message]
            elif kind == "status" and message["content"]["execution_state"] == "idle":
                return outputs
            elif kind in ("stream", "execute_result", "display_data", "error"):
                output = output_from_msg(message)
                if kind == "stream" and outputs and outputs[-1].get("name") == output.name:
                    outputs[-1].text += output.text  # it depends on the time between two prints how many messages come
                else:
                    outputs.append(output)

    def run(self, code: str) -> list[Any]:
        return self.end(self.begin(code))

    def value(self, expression: str) -> Any:
        """What an expression is in the kernel: numbers, texts, lists."""
        (output,) = self.run(expression)
        assert output.output_type == "execute_result", output
        return ast.literal_eval(output.data["text/plain"])

    def result(self, code: str) -> dict[str, str]:
        """The MIME bundle of a cell that shows its result and nothing else."""
        (output,) = self.run(code)
        assert output.output_type == "execute_result", output
        return output.data

    def block(self, code: str) -> str:
        """The error of a cell that shows one block, without a traceback, and nothing else."""
        return self.only_block(self.run(code))

    @staticmethod
    def only_block(outputs: list[Any]) -> str:
        (output,) = outputs
        assert output.output_type == "error", output
        (text,) = output.traceback
        assert "Traceback" not in text
        assert text.startswith(f"{output.ename}: ")
        return text

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        notebook = Notebook(tmp_path_factory.mktemp("cwd"))
    yield notebook
    notebook.close()


@pytest.fixture
def notebook(kernel: Notebook) -> Notebook:
    """The kernel with the extension loaded afresh, and no jobs."""
    assert kernel.run("%reload_ext kuscia_nb") == []
    kernel.stray.clear()
    return kernel


def test_the_tutorials_job_in_a_cell(notebook: Notebook) -> None:
    shown = notebook.result(cell("-o job"))
    weights = notebook.value("job.weights()['weight'].tolist()")
    for text in (shown["text/plain"], shown["text/html"]):
        assert re.search(r"KusciaJob job-ss-lr: Succeeded after \d+\.\d\d s", text)
        assert "is used as 3.81e-06" in text
        assert re.search(r"Success\W.*\+\d+\.\d{3} s", text)
        for feature, weight in zip(FEATURES, weights, strict=True):
            assert re.search(rf"\b{feature}\b.*[^-\d.]{weight:.6f}\b", text), feature
    assert notebook.value("type(job).__name__, job.phase") == ("Job", "Succeeded")


def test_the_cell_can_be_run_again(notebook: Notebook) -> None:
    first, second = notebook.result(cell())["text/plain"], notebook.result(cell())["text/plain"]
    tasks = [re.search(r"= (job-ss-lr-[0-9a-f]{12}):", text) for text in (first, second)]
    assert tasks[0]
    assert tasks[1]
    assert tasks[0][1] != tasks[1][1]
    assert notebook.value("__import__('kuscia_nb').connect().jobs()['name'].tolist()") == ["job-ss-lr"]


def test_no_wait_leaves_the_kernel_free(notebook: Notebook) -> None:
    shown = notebook.result(cell("--no-wait -o job"))["text/plain"]
    assert re.match(r"KusciaJob job-ss-lr: (Pending|Running|Succeeded) after", shown)
    assert notebook.value("6 * 7") == 42
    assert "Succeeded" in notebook.result("job.wait()")["text/plain"]
    shown = notebook.result(cell("--no-wait -o endless", endless("endless")))["text/plain"]
    assert re.match(r"KusciaJob endless: (Pending|Running) after", shown)
    assert notebook.value("endless.phase, 6 * 7") in [("Pending", 42), ("Running", 42)]
    assert notebook.run("endless.stop()") == []
    assert notebook.value("endless.phase") == "Failed"
    assert "stopped" in notebook.block("endless.wait()")


def test_a_job_can_be_awaited_in_a_cell(notebook: Notebook) -> None:
    notebook.result(cell("--no-wait -o job"))
    assert "Succeeded" in notebook.result("await job")["text/plain"]


def test_options_reach_the_job(notebook: Notebook) -> None:
    shown = notebook.result(cell("--seed 5 --strategy interconnection --timeout 50 -o job"))["text/plain"]
    assert "Repeatable run with seed 5: nothing in it is secret." in shown
    assert notebook.value("job.seed, job.env('bob')['kuscia_nb.strategy']") == (5, "interconnection")
    first = notebook.value("job.shares('bob')['ring'].tolist()")
    notebook.result(cell("--seed 5 --strategy interconnection -o job"))
    assert notebook.value("job.shares('bob')['ring'].tolist()") == first


FAULTS = {
    "syntax": (edited("kind: KusciaJob", "kind KusciaJob"), "ManifestError", r"line 3, column 1\n"),
    "field": (edited("appImage", "appimage"), "ManifestError", r'line 11, column 5\n.*\n.*\^\n  try: "appImage"'),
    "parameter": (
        edited('"batch_size":21', '"batch_size":-21'),
        "ParameterError",
        r"batch_size = '-21' is out of range.*\n  line 17, column 450\n.*\"batch_size\":-21.*\n +\^$",
    ),
    "parameters": (
        edited("batch_size", "batch_sise"),
        "ParameterError",
        r"column \d+  parameter batch_sise is unknown \(did you mean batch_size\?\)\n.*batch_sise.*\n +\^",
    ),
    "file": (edited("logit_b", "logit_c"), "DataError", r"bob: data/perfect_logit_c\.csv\n.*perfect_logit_b\.csv"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_block_that_says_where(notebook: Notebook, fault: str) -> None:
    manifest, name, where = FAULTS[fault]
    text = notebook.block(cell("", manifest))
    assert text.startswith(f"{name}: ")
    assert re.search(where, text), text
    found = re.search(r"line (\d+), column (\d+)\n  (.*)\n", text)
    if found:  # lines count as in the cell, with the magic as the first
        assert found[3].strip(".") in cell("", manifest).splitlines()[int(found[1]) - 1]


def test_a_fault_stops_the_run() -> None:
    codes = ["%load_ext kuscia_nb", cell("", edited("num_epoch", "num_epochs")), "'not reached'"]
    nb = new_notebook(cells=[new_code_cell(code) for code in codes])
    with pytest.raises(CellExecutionError) as caught:
        NotebookClient(nb, timeout=SECONDS, kernel_name="python3").execute()
    assert caught.value.ename == "ParameterError"
    assert [len(cell.outputs) for cell in nb.cells] == [0, 1, 0]
    assert nb.cells[2].execution_count is None


WRONG = {
    "--vew plain": ("unrecognized argument: --vew", 0, '"--view"'),
    "--view plian": ("argument --view: invalid choice: 'plian'", 7, '"plain"'),
    "--strategy fast": ("argument --strategy: invalid choice: 'fast'", 11, "%kusciajob --help"),
    "--seed one": ("argument --seed: invalid int value: 'one'", 7, "%kusciajob --help"),
    "--seed {__name__}": (
        "argument --seed: invalid int value: '{__name__}'",
        7,
        "%kusciajob --help",
    ),  # as it is written
    "--seed 1 -o": ("argument -o/--out: expected one argument", 9, "%kusciajob --help"),
    "-o a.b": ("argument -o/--out: 'a.b' is not a name for a variable", 3, "%kusciajob --help"),
    "-o class": ("argument -o/--out: 'class' is not a name for a variable", 3, "%kusciajob --help"),
    **{
        f"--timeout {text}": (f"argument --timeout: '{text}' is not a time in seconds", 10, "%kusciajob --help")
        for text in ("0", "-1", "nan", "inf", "1e300", "soon")
    },
}
"""Options: what is wrong, where, and what to try."""


@pytest.mark.parametrize("options", WRONG)
def test_wrong_options_are_pointed_at(notebook: Notebook, options: str) -> None:
    what, at, hint = WRONG[options]
    first, where, line, caret, attempt = notebook.block(cell(options)).splitlines()
    assert first.startswith(f"KusciaError: {what}")
    column = len("%%kusciajob ") + at
    assert (where, line, caret) == (f"  line 1, column {column + 1}", f"  %%kusciajob {options}", f"  {' ' * column}^")
    assert attempt == f"  try: {hint}"
    assert notebook.value("__import__('kuscia_nb').connect().jobs()['name'].tolist()") == []


def test_an_open_quote_is_an_error(notebook: Notebook) -> None:
    lines = notebook.block(cell("--view 'plain' --out \"job")).splitlines()
    assert lines == [
        "KusciaError: No closing quotation",
        "  line 1, column 34",
        "  %%kusciajob --view 'plain' --out \"job",
        f"  {' ' * 33}^",
        "  try: quotes come in pairs",
    ]


def test_a_backslash_with_nothing_behind_it_is_an_error(notebook: Notebook) -> None:
    _, _, line, caret, hint = notebook.block(cell("--out job\\")).splitlines()
    assert line[caret.index("^")] == "\\"
    assert hint == "  try: a backslash takes the character behind it as it is"


def test_a_line_magic_says_what_is_missing(notebook: Notebook) -> None:
    assert "%%kusciajob (two %)" in notebook.block("%kusciajob -o job")


@pytest.mark.parametrize("code", ["%kusciajob --help", cell("-h")])
def test_help_shows_usage_options_and_examples(notebook: Notebook, code: str) -> None:
    (output,) = notebook.run(code)
    assert (output.output_type, output.name) == ("stream", "stdout")
    assert output.text.startswith("usage: %%kusciajob [-h]")
    for option in (
        "-h, --help",
        "--no-wait",
        "-o NAME, --out NAME",
        "--strategy",
        "--truncation",
        "--seed N",
        "--timeout SECONDS",
    ):
        assert re.search(rf"^  {option}", output.text, re.MULTILINE), option
    assert "    %%kusciajob --no-wait -o job\n" in output.text


def test_a_timeout_stops_the_job(notebook: Notebook) -> None:
    text = notebook.block(cell("--timeout 0.2 -o job", endless("slow")))
    assert text.startswith("JobStopped: job slow took more than 0.2 s, and was stopped on all nodes")
    assert notebook.value("job.phase, job.tasks['phase'].tolist()") == ("Failed", ["Failed", "Failed"])


THREADS = "sorted(thread.name for thread in threading.enumerate())"

WATCH = """
import socket, threading
import kuscia_nb

def watch(name, port):
    cluster = kuscia_nb.connect()
    while name not in set(cluster.jobs()["name"]) or not len(cluster.job(name).trace.messages):
        threading.Event().wait(0.005)
    socket.create_connection(("127.0.0.1", port)).close()

threading.Thread(target=watch, args=({name!r}, {port}), name="watch").start()
"""


def test_an_interrupt_stops_the_job_on_both_nodes(notebook: Notebook) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(SECONDS)
        assert notebook.run(WATCH.format(name="interrupted", port=server.getsockname()[1])) == []
        request = notebook.begin(cell("-o job", endless("interrupted")))
        server.accept()[0].close()  # the parties have sent their first messages
    notebook.manager.interrupt_kernel()
    text = notebook.only_block(notebook.end(request))
    assert text.startswith("JobStopped: job interrupted was interrupted, and stopped on all nodes")
    assert notebook.value("job.phase, job.tasks['phase'].tolist()") == ("Failed", ["Failed", "Failed"])
    assert "JobStopped" in notebook.block("job.wait()")
    assert not [name for name in notebook.value(THREADS) if name.startswith("kuscia_nb interrupted-")]
    assert "Succeeded" in notebook.result(cell())["text/plain"]


SURPRISE = """
import signal, kuscia_nb as kn
import kuscia_nb.views.live as live

def surprise(*_):
    global waiting
    waiting, now = False, waiting
    if now:
        signal.raise_signal(signal.SIGINT)

waiting = True
"""
"""A function that interrupts its cell, once."""

MOMENTS = {
    "it is being made": (
        "_ = kn.connect()._backend.nodes['alice'].store.subscribe(surprise)",
        "job early was interrupted, and stopped on all nodes",
    ),
    "it is not waited for yet": (
        "real, live.watchable = live.watchable, lambda shell: (surprise(), real(shell))[1]",
        "job early was interrupted, and stopped on all nodes",
    ),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_interrupt_as_early_as_can_be_stops_the_job(notebook: Notebook, moment: str) -> None:
    hook, what = MOMENTS[moment]
    assert notebook.run(SURPRISE + hook) == []
    assert notebook.block(cell("", endless("early"))).startswith(f"JobStopped: {what}")
    assert notebook.value("waiting") is False
    assert "JobStopped: the job was stopped" in notebook.block("kn.connect().job('early').wait()")
    assert "Succeeded" in notebook.result(cell())["text/plain"]


WHILE_SHOWN = """
import signal
import kuscia_nb.views.job as report

def interrupted(*_, real=report.traffic):
    report.traffic = real
    signal.raise_signal(signal.SIGINT)

report.traffic = interrupted
"""


def test_an_interrupt_while_the_report_is_made_is_one_line(notebook: Notebook) -> None:
    assert notebook.run(WHILE_SHOWN) == []
    what = "the report of job job-ss-lr was interrupted, the job was not: it is Succeeded"
    assert notebook.block(cell("-o job")) == f"ReportInterrupted: {what}"
    assert "job-ss-lr: Succeeded" in notebook.result("job")["text/plain"]


def test_an_interrupt_ends_waiting_and_not_the_job(notebook: Notebook) -> None:
    notebook.result(cell("--no-wait -o job", endless("awaited")))
    started = "import asyncio; await asyncio.sleep(0); print('waiting', flush=True); await job"
    request = notebook.begin(started)
    while notebook.client.get_iopub_msg(timeout=SECONDS)["msg_type"] != "stream":
        pass
    notebook.manager.interrupt_kernel()
    (output,) = notebook.end(request)
    assert output.ename == "CancelledError"
    assert notebook.value("job.phase") == "Running"
    assert notebook.run("job.stop()") == []


def test_nothing_is_printed_from_the_background(notebook: Notebook) -> None:
    notebook.result(cell("--no-wait -o job"))
    for number in range(20):
        assert notebook.value(str(number)) == number
    assert notebook.run("_ = job.wait()") == []
    notebook.result(cell("--no-wait -o job", edited("logit_b", "logit_c")))
    assert notebook.run("while job.phase in ('Pending', 'Running'): pass") == []
    assert notebook.value("6 * 7") == 42
    assert notebook.stray == []


def test_unloading_leaves_nothing_behind(notebook: Notebook) -> None:
    assert notebook.run("%unload_ext kuscia_nb\nimport threading, kuscia_nb") == []
    configurables = "[type(one).__name__ for one in get_ipython().configurables]"
    before = notebook.value(THREADS)
    known = notebook.value(configurables)
    assert notebook.run("%load_ext kuscia_nb") == []
    assert notebook.value(configurables) == [*known, "KusciaMagics"]
    notebook.result(cell("--no-wait -o job", endless("left")))
    folders = notebook.value("[str(folder) for folder in kuscia_nb.connect().nodes.values()]")
    assert all(Path(folder).is_dir() for folder in folders)
    assert "kuscia_nb control" in notebook.value(THREADS)
    assert notebook.run("%unload_ext kuscia_nb") == []
    assert not any(Path(folder).parent.exists() for folder in folders)
    assert notebook.value(THREADS) == before
    assert notebook.value(configurables) == known
    assert notebook.value("job.phase, job.tasks['phase'].tolist()") == ("Failed", ["Failed", "Failed"])
    (output,) = notebook.run(cell())
    assert "Cell magic `%%kusciajob` not found" in output.text
    assert notebook.value("'kusciajob' in get_ipython().magics_manager.magics['line']") is False


def test_reloading_gives_a_working_magic(notebook: Notebook) -> None:
    notebook.result(cell("-o old"))
    assert notebook.run("%reload_ext kuscia_nb\n%reload_ext kuscia_nb") == []
    gone = "the result of job job-ss-lr is gone with its nodes"
    assert notebook.block("old.weights()") == f"JobError: {gone}\n  try: run it again"
    assert gone in notebook.result("old")["text/plain"]
    assert "Succeeded" in notebook.result(cell())["text/plain"]


@pytest.mark.parametrize(
    "load", ["import kuscia_nb; dir(kuscia_nb)", "shell().run_line_magic('load_ext', 'kuscia_nb')"]
)
def test_nothing_heavy_is_imported_before_it_is_used(load: str) -> None:
    heavy = ("numpy", "pandas", "pydantic", "cryptography", "ruamel.yaml", "kuscia_nb.cluster")
    code = f"""
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance
before = set(sys.modules)
{load}
print([name for name in {heavy} if name in set(sys.modules) - before], "kuscia_nb" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=SECONDS, check=True)
    assert done.stdout == "[] True\n"


# --- what a person sees of a job -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kn.Cluster]:
    cluster = kn.connect(storage=tmp_path_factory.mktemp("nodes"))
    yield cluster
    cluster.close()


class Words(HTMLParser):
    """The text of some HTML, which has to be well formed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self.text += "\n" if tag in ("p", "tr", "summary") else " "

    def handle_data(self, data: str) -> None:
        self.text += data


def assert_shown_well(job: kn.Job) -> str:
    """Both forms keep their rules and say the same; returns the text."""
    shown = bundle(job)
    text, html = shown["text/plain"], shown["text/html"]
    assert max(map(len, text.splitlines())) <= WIDTH == 100
    words = Words(html)
    assert not words.tags & {"script", "style", "link", "img"}
    for style in re.findall(r'style="([^"]*)"', html):
        colours = re.findall(r"#[0-9a-f]+|rgb|color:[^;]*", re.sub(r"var\(--jp-[a-z0-9-]+, [^)]*\)", "", style))
        assert not colours, "colours are JupyterLab's, with something to fall back to"
    assert "".join(text.split()) == "".join(words.text.replace("nothing yet", "(nothing yet)").split())
    return text


def test_the_views_of_a_finished_job(cluster: kn.Cluster) -> None:
    text = assert_shown_well(cluster.apply(TUTORIAL).wait())
    assert re.search(r"JobCreateSucceeded +job +\+\d\.\d{3} s\n", text), "only alice has it"
    assert re.search(r"Running +ss_lr_1 +\+\d\.\d{3} s +\+\d\.\d{3} s\n", text)
    totals = cluster.job("job-ss-lr").trace.totals
    messages, size = totals["messages"].sum(), totals["bytes"].sum()
    assert re.search(rf"in all +{messages:,} +{size:,} +{size / 2**20:.3g} MiB\n", text)


def test_the_views_of_unusual_names_and_many_weights(cluster: kn.Cluster) -> None:
    generator = np.random.default_rng(3)
    columns = ['<b>"bold" & more</b>', "a very long name of a column " * 8, *(f"c{i}" for i in range(90))]
    alice = pd.DataFrame(generator.uniform(-1, 1, (30, len(columns))), columns=columns).assign(y=[0, 1] * 15)
    bob = pd.DataFrame(generator.uniform(-1, 1, (30, 1)), columns=["<script>alert(1)</script>"])
    cluster.put("alice", "wide.csv", alice)
    cluster.put("bob", "wide.csv", bob)
    manifest = re.sub(r"perfect_logit_[ab]", "wide", TUTORIAL).replace("name: job-ss-lr", "name: " + "n" * 50)
    job = cluster.apply(manifest.replace('"fxp_bits":18', '"fxp_bits":20'), seed=1).wait()
    text = assert_shown_well(job)
    assert "first and last of 94; job.weights() has all" in text
    assert '<b>"bold" & more</b>' in text
    assert "c89" in text
    assert "c60" not in text
    weight = job.weights()["weight"].iloc[-1]
    assert f" {weight:.7f}\n" in text, "2^-20 has its first digit in the seventh decimal"


def test_the_text_of_a_wide_table_is_cut(cluster: kn.Cluster) -> None:
    alias = "a" * 90
    shown = bundle(cluster.apply(TUTORIAL.replace("ss_lr_1", alias).replace("name: job-ss-lr", "name: wide")).wait())
    assert max(map(len, shown["text/plain"].splitlines())) <= WIDTH
    assert re.search(r"ResourceCreated +a{10,}… +\+\d\.\d{3} s", shown["text/plain"])
    assert shown["text/html"].count(f">{alias}<") == 4, "in HTML there is room for all of it"


def test_the_views_of_a_job_that_has_not_begun(cluster: kn.Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = cluster._backend
    assert isinstance(backend, LocalBackend)
    monkeypatch.setattr(backend._plane.loop, "add", lambda key: None)
    job = cluster.apply(TUTORIAL.replace("name: job-ss-lr", "name: held"))
    monkeypatch.undo()
    text = assert_shown_well(job)
    assert text.startswith("KusciaJob held: Pending after 0.00 s")
    assert text.count("(nothing yet)") == 2, "no conditions, no traffic"
    assert cluster.jobs().set_index("name").loc["held", "phase"] == "Pending"
    backend._plane.loop.add(("alice", "KusciaJob", "held"))
    assert job.wait().phase == "Succeeded"


def test_the_views_of_a_job_that_runs_and_is_stopped(cluster: kn.Cluster) -> None:
    job = cluster.apply(endless("seen"))
    end = time.monotonic() + SECONDS
    while not len(job.trace.messages):
        assert time.monotonic() < end
        threading.Event().wait(0.005)
    shown = bundle(job)
    assert re.match(r"KusciaJob seen: Running after \d", shown["text/plain"])
    assert "alice Running (0%), bob Running (0%)" in shown["text/html"]
    assert "Weights" not in shown["text/plain"]
    job.stop()
    text = assert_shown_well(job)
    assert re.match(r"KusciaJob seen: Failed after \d", text)
    assert "\nJobStopped: the job was stopped on alice" in text
    assert re.search(r"Success +ss_lr_1 +False \+\d+\.\d{3} s", text)


def test_the_views_of_a_job_that_failed(cluster: kn.Cluster) -> None:
    job = cluster.apply(edited("logit_b", "logit_c").replace("name: job-ss-lr", "name: gone"))
    with pytest.raises(kn.KusciaError):
        job.wait()
    text = assert_shown_well(job)
    assert "\nDataError: there is no such file\n  bob: data/perfect_logit_c.csv\n  try: did you mean" in text


def test_a_job_whose_files_are_gone_is_still_shown(tmp_path: Path) -> None:
    cluster = kn.connect(storage=tmp_path)
    job = cluster.apply(TUTORIAL).wait()
    for path in tmp_path.glob("*/job-ss-lr-*/*-result"):
        path.unlink()
    text = assert_shown_well(job)
    assert "No result of ss_lr_1: the share cannot be read" in text
    cluster.close()
