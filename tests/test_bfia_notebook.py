"""`%bfia_submit` in a kernel: a request from a file and from a cell, and errors that are one block each."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_notebook import FEATURES, Notebook

DATA = Path(__file__).parent / "data"
TUTORIAL = (DATA / "job-ss-lr.json").read_text()
INDENTED = json.dumps(json.loads(TUTORIAL), indent=2)


def edited(old: str, new: str) -> str:
    """The tutorial's request, indented, with one change."""
    assert INDENTED.count(old) == 1
    return INDENTED.replace(old, new)


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    folder = tmp_path_factory.mktemp("cwd")
    (folder / "job-ss-lr.json").write_text(TUTORIAL)
    (folder / "my job.json").write_text("\ufeff" + INDENTED.replace("job-ss-lr", "mine"), "utf-8")
    (folder / "broken.json").write_text(edited('"code": "ss-lr",', '"code": "ss-lr"'))
    (folder / "latin.json").write_bytes(b'{"job_id": "\xe9"}')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        notebook = Notebook(folder)
    yield notebook
    notebook.close()


@pytest.fixture
def notebook(kernel: Notebook) -> Notebook:
    """The kernel with the extension loaded afresh, and no jobs."""
    assert kernel.run("%reload_ext kuscia_nb") == []
    return kernel


def cell(options: str = "", request: str = TUTORIAL) -> str:
    return f"%%bfia_submit {options}\n{request}"


def jobs(notebook: Notebook) -> list[str]:
    return notebook.value("__import__('kuscia_nb').connect().jobs()['name'].tolist()")


@pytest.mark.parametrize("code", ["%bfia_submit job-ss-lr.json -o job", cell("-o job")])
def test_the_tutorials_request(notebook: Notebook, code: str) -> None:
    for _ in range(2):  # a cell can be run again
        shown = notebook.result(code)
        assert set(shown) == {"text/plain", "text/html"}
        assert re.match(r"KusciaJob job-ss-lr: Succeeded after \d", shown["text/plain"])
    assert notebook.value("job.weights()['feature'].tolist()") == FEATURES
    assert jobs(notebook) == ["job-ss-lr"]


def test_files_are_named_as_in_a_shell(notebook: Notebook) -> None:
    assert "mine: Succeeded" in notebook.result('%bfia_submit "my job.json"')["text/plain"]
    assert notebook.run("file = 'job-ss-lr.json'") == []
    assert "job-ss-lr: Succeeded" in notebook.result("%bfia_submit {{file}}")["text/plain"]


def test_options_are_those_of_kusciajob(notebook: Notebook) -> None:
    notebook.result("%bfia_submit job-ss-lr.json --seed 5 --strategy interconnection --no-wait -o job")
    assert notebook.run("_ = job.wait()") == []
    assert notebook.value("job.seed, job.env('bob')['kuscia_nb.strategy']") == (5, "interconnection")
    endless = TUTORIAL.replace('"num_epoch":1,', '"num_epoch":100000,')
    text = notebook.block(cell("--timeout 0.2 -o job", endless))
    assert text.startswith("JobStopped: job job-ss-lr took more than 0.2 s, and was stopped on all nodes")
    (own,), (others,) = notebook.run("%bfia_submit --help"), notebook.run("%kusciajob --help")
    assert own.text.startswith("usage: %bfia_submit [-h]")
    assert "  FILE  " in own.text
    options = re.findall(r"^  (-.*)", others.text, re.MULTILINE)
    assert len(options) >= 8
    assert re.findall(r"^  (-.*)", own.text, re.MULTILINE) == options
    assert "%bfia_submit --help" in notebook.block("%bfia_submit --nope")


FAULTS = {
    "syntax": (INDENTED[:-2], "ManifestError", r"not JSON: .*\n  line \d+, column \d+\n"),
    "empty": ("{}", "ManifestError", r"parameter job_id can't be empty;parameter dag .*\n  line 2, column 1\n  {}\n"),
    "index": (
        edited('"guest": {\n        "0": {\n          "ss_lr_1"', '"guest": {\n        "1": {\n          "ss_lr_1"'),
        "ManifestError",
        r"role index 2 should be less than role \[bob\] length\n  line \d+, column 9\n",
    ),
    "domain": (edited('"bob"', '"bop"'), "ManifestError", r'namespace "bop" not found\n(.*\n)*  try: "bob"'),
    "parameter": (
        edited('"batch_size": 21', '"batch_size": -21'),
        "ParameterError",
        r'\n  line \d+, column 25\n            "batch_size": -21,\n {26}\^$',
    ),
    "manifest": ("apiVersion: kuscia.secretflow/v1alpha1\nkind: KusciaJob\n", "ManifestError", "try: %%kusciajob"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_block_that_says_where(notebook: Notebook, fault: str) -> None:
    request, name, where = FAULTS[fault]
    text = notebook.block(cell("", request))
    assert text.startswith(f"{name}: ")
    assert re.search(where, text), text
    found = re.search(r"line (\d+), column (\d+)\n  (.*)\n", text)
    if found:  # lines count as in the cell, with the magic as the first
        assert cell("", request).splitlines()[int(found[1]) - 1] == found[3]


@pytest.mark.parametrize(
    ("code", "what", "hint"),
    [
        ("%bfia_submit job-ss-lx.json", "there is no file job-ss-lx.json", "job-ss-lr.json"),
        ("%bfia_submit .", "cannot read .: Is a directory", "job-ss-lr.json"),
        ("%bfia_submit job-ss-lr.jsn", "there is no file job-ss-lr.jsn", 'try: "job-ss-lr.json"'),
        ("%bfia_submit latin.json", "latin.json is not UTF-8 text", "a JSON file"),
        ("%bfia_submit", "there is no request", "%%bfia_submit (two %)"),
        ("%bfia_submit -o job", "there is no request", "%bfia_submit FILE"),
        (cell("job-ss-lr.json"), "one request in a file and one in the cell", "%bfia_submit FILE"),
        (cell("", "job-ss-lr.json"), "this is a file's name, not a request", "%bfia_submit job-ss-lr.json"),
        (cell("-o a.b"), "argument -o/--out: 'a.b' is not a name for a variable", "%bfia_submit --help"),
        ("%bfia_submit broken.json", "not JSON: ", "a comma before it"),
    ],
)
def test_what_is_no_request_is_one_block_too(notebook: Notebook, code: str, what: str, hint: str) -> None:
    text = notebook.block(code)
    assert what in text
    assert hint in text
    assert jobs(notebook) == []


def test_a_line_of_a_file_is_counted_as_in_the_file(notebook: Notebook) -> None:
    text = notebook.block("%bfia_submit broken.json")
    line = INDENTED.splitlines().index('        "name": "ss_lr_1",') + 1
    assert f'\n  line {line}, column 9\n          "name": "ss_lr_1",\n          ^\n' in text


def test_a_request_in_the_wrong_magic_gets_a_hint(notebook: Notebook) -> None:
    assert "try: %bfia_submit" in notebook.block(f"%%kusciajob\n{TUTORIAL}")


def test_unloading_removes_the_magic(notebook: Notebook) -> None:
    assert notebook.run("%unload_ext kuscia_nb") == []
    assert (
        notebook.value(
            "[kind for kind, known in get_ipython().magics_manager.magics.items() if 'bfia_submit' in known]"
        )
        == []
    )
    assert notebook.value("hasattr(get_ipython().magics_manager.user_magics, 'bfia_submit')") is False
    (output,) = notebook.run(cell())
    assert "Cell magic `%%bfia_submit` not found" in output.text


def test_the_magic_is_there_before_anything_heavy() -> None:
    code = """
import sys
from IPython.core.interactiveshell import InteractiveShell
before = set(sys.modules)
InteractiveShell.instance().run_line_magic("load_ext", "kuscia_nb")
heavy = ("numpy", "pandas", "pydantic", "cryptography", "ruamel.yaml", "kuscia_nb.cluster", "kuscia_nb.bfia")
print([name for name in heavy if name in set(sys.modules) - before], "kuscia_nb.magics.bfia" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[] True\n"
