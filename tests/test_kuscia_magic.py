"""`%kuscia` in a kernel: every command, its help, and errors that are one block each (spec: tutorial, rows 1 to 14)."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from test_notebook import FEATURES, TUTORIAL, Notebook

from kuscia_nb.data.copy import copy
from kuscia_nb.errors import DataError

COMMANDS = (
    *(
        "up",
        "status",
        "peers",
        "doctor",
        "approve",
        "refuse",
        "down",
        "use",
        "data",
        "cp",
        "result",
        "trace",
        "explain",
    ),
    *("operators", "template", "nodes"),
)
ROWS = 10_000
"""Of the tutorial's data files."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the kernel is."""
    return tmp_path_factory.mktemp("cwd")


@pytest.fixture(scope="module")
def kernel(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    (folder / "my.csv").write_text("v\n1.5\n2.5\n")
    (folder / "my own.csv").write_text("w\n1\n")
    (folder / "sub").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        notebook = Notebook(folder)
    yield notebook
    notebook.close()


@pytest.fixture
def notebook(kernel: Notebook) -> Notebook:
    """The kernel with the extension loaded afresh, and no jobs."""
    assert kernel.run("%reload_ext kuscia_nb\nfrom kuscia_nb import connect") == []
    return kernel


def printed(notebook: Notebook, code: str) -> str:
    """What a cell prints, and nothing else."""
    outputs = notebook.run(code)  # a stream may come in parts
    assert {(output.output_type, output.get("name")) for output in outputs} == {("stream", "stdout")}, outputs
    return "".join(output.text for output in outputs)


def shown(notebook: Notebook, code: str) -> str:
    """The text of a cell's result, which says the same as its HTML."""
    result = notebook.result(code)
    words = re.sub(r"<[^>]*>", " ", result["text/html"])
    missing = [word for word in re.findall(r"[\w./-]{4,}", result["text/plain"]) if word not in words]
    assert missing == []
    return result["text/plain"]


def row(text: str, first: str) -> list[str]:
    """The cells of the table row that begins with this word."""
    (line,) = re.findall(rf"^ +{first}\b.*", text, re.MULTILINE)
    return line.split()


def storage(notebook: Notebook, node: str) -> Path:
    return Path(notebook.value(f"str(connect().nodes['{node}'])"))


# --- help, and what is not understood --------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["%kuscia", "%kuscia --help", "%kuscia -h", "%kuscia help"])
def test_bare_it_lists_its_commands(notebook: Notebook, code: str) -> None:
    text = printed(notebook, code)
    assert text.startswith("usage: %kuscia COMMAND ...\n")
    lines = re.findall(r"^  (\w+) +(\S.*)", text, re.MULTILINE)
    assert tuple(name for name, _ in lines) == COMMANDS
    assert all(len(help) > 20 for _, help in lines)


@pytest.mark.parametrize("option", ["-h", "--help"])
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_its_help(notebook: Notebook, command: str, option: str) -> None:
    text = printed(notebook, f"%kuscia {command} {option}")
    assert text.startswith(f"usage: %kuscia {command} [-h]")
    (summary,) = re.findall(rf"^  {command} +(\S.*)", printed(notebook, "%kuscia"), re.MULTILINE)
    assert summary in text
    if command not in ("status", "peers", "doctor", "down", "operators", "nodes"):
        assert f"    %kuscia {command} " in text or f"= %kuscia {command} " in text  # an example


@pytest.mark.parametrize(
    ("line", "what", "hint"),
    [
        ("statsu", "%kuscia has no command statsu", '"status" (known: approve, cp, data,'),
        ("result", "the following arguments are required: JOB", "%kuscia result --help"),
        ("cp my.csv", "the following arguments are required: TARGET", "%kuscia cp --help"),
        ("nodes --http", "%kuscia nodes does not know --http", "--help"),
        ("explain kj --recursiv", "%kuscia explain does not know --recursiv", '"--recursive"'),
        ("data alice a.csv b.csv", "%kuscia data does not know b.csv", "--help"),
        ("up --http x", "x is not a port", "%kuscia up --help"),
        ("up --http 65536", "65536 is not a port: 0 to 65535", "%kuscia up --help"),
        ("up --backend clowd", "invalid choice: 'clowd'", "%kuscia up --help"),
        ("up --backend docker --nodes alice", "alice is not DOMAIN=CONTAINER", "%kuscia up --help"),
        ("use carol", "there is no node carol", "alice"),
        ("use bop", "there is no node bop", '"bob"'),
        ("data alicia", "there is no node alicia", '"alice"'),
        ("data alice perfect_logit.csv", "alice has no data file perfect_logit.csv", '"perfect_logit_a.csv"'),
        ("result job-ss-lr", "there is no job job-ss-lr", "none is known"),
        ("explain kusciajop", 'error: the server doesn\'t have a resource type "kusciajop"', '"kusciajob"'),
        ("explain kj.spec.taks", 'error: field "taks" does not exist', '"tasks"'),
        ('cp "my.csv alice:data/', "No closing quotation", "quotes"),
    ],
)
def test_what_is_not_understood_is_one_block_with_a_hint(notebook: Notebook, line: str, what: str, hint: str) -> None:
    text = notebook.block(f"%kuscia {line}")
    assert what in text
    assert "\n  try: " in text
    assert hint in text.partition("\n  try: ")[2]


# --- the nodes -------------------------------------------------------------------------------------------------------


def test_up_and_status_show_what_there_is(notebook: Notebook) -> None:
    text = shown(notebook, "%kuscia up")
    assert text.startswith("alice and bob are up")
    for node in ("alice", "bob"):
        assert row(text, node) == [node, "closed", str(storage(notebook, node)), "1"]
    assert row(text, "sessions") == ["sessions", "requests", "bytes"]
    assert row(text, "0") == ["0", "0", "0"]
    assert shown(notebook, "%kuscia status") == text
    assert notebook.run(f"_ = connect().apply({TUTORIAL!r}).wait()") == []
    text = shown(notebook, "%kuscia status")
    assert row(text, "Succeeded") == ["Succeeded", "1"]
    assert row(text, "1")[0] == "1"  # a session
    status = notebook.value("connect().ttp_status()")
    assert row(text, "1") == [f"{status[key]:,}" for key in ("sessions", "requests", "bytes")]
    assert status["bytes"] > 0


def test_up_http_opens_the_bfia_ports(notebook: Notebook) -> None:
    text = shown(notebook, "%kuscia up --http 0")
    urls = notebook.value("connect().http")
    assert set(urls) == {"alice", "bob"}
    for node, url in urls.items():
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
        assert row(text, node)[1] == url


def test_up_http_without_a_port_takes_the_tutorials_or_the_next(notebook: Notebook) -> None:
    """spec: tutorial, row 9: port 8084."""
    shown(notebook, "%kuscia up --http")
    port = int(notebook.value("connect().http")["alice"].rpartition(":")[2])
    assert 8084 <= port < 9000


def test_down_stops_jobs_and_removes_the_files(notebook: Notebook) -> None:
    endless = TUTORIAL.replace('"num_epoch":1,', '"num_epoch":100000,')
    assert notebook.run(f"job = connect().apply({endless!r})") == []
    folder = storage(notebook, "alice")
    assert folder.is_dir()
    assert "down" in printed(notebook, "%kuscia down")
    assert not folder.exists()
    assert notebook.value("job.phase") == "Failed"
    assert "down" in printed(notebook, "%kuscia down")
    assert row(shown(notebook, "%kuscia status"), "alice")[2] != str(folder)  # fresh nodes


def test_down_keeps_what_is_in_a_storage_folder(notebook: Notebook, tmp_path: Path) -> None:
    assert notebook.run(f"connect(storage={str(tmp_path / 'kept')!r})") != []
    assert f"their jobs and files stay in {tmp_path / 'kept' / 'alice'}" in printed(notebook, "%kuscia down")
    assert (tmp_path / "kept" / "alice" / "data" / "perfect_logit_a.csv").exists()


def test_use_chooses_the_node(notebook: Notebook) -> None:
    assert "are for alice\n" in printed(notebook, "%kuscia use")
    assert "are for bob\n" in printed(notebook, "%kuscia use bob")
    assert notebook.value("connect().node") == "bob"
    assert "are for bob" in shown(notebook, "%kuscia nodes")
    assert "perfect_logit_b.csv" in shown(notebook, "%kuscia data")
    notebook.block("%kuscia use carol")
    assert notebook.value("connect().node") == "bob"


def test_nodes_and_operators(notebook: Notebook) -> None:
    text = shown(notebook, "%kuscia nodes")
    assert [row(text, node)[2] for node in ("alice", "bob")] == [
        str(storage(notebook, node)) for node in ("alice", "bob")
    ]
    text = shown(notebook, "%kuscia operators")
    assert row(text, "ss_lr")[:4] == ["ss_lr", "ss-lr", "train_data", "train_data"]
    own = """
from kuscia_nb.operators import operator

@operator(inputs=("left", "right"), outputs=())
async def compare(party):
    "Compare two columns."
"""
    assert notebook.run(own) == []
    text = shown(notebook, "%kuscia operators")
    assert re.search(r"^  compare +compare +left, right +Compare two columns\.$", text, re.MULTILINE)
    assert "Compare two columns." in printed(notebook, "%kuscia explain compare")
    assert notebook.run("from kuscia_nb.operators import OPERATORS; del OPERATORS._operators['compare']") == []


# --- data ------------------------------------------------------------------------------------------------------------


def test_data_lists_files_and_shows_one(notebook: Notebook) -> None:
    """spec: tutorial, row 5."""
    text = notebook.result("%kuscia data alice")["text/plain"]
    assert text.startswith("alice: data/")
    assert "perfect_logit_a.csv" in text
    assert "perfect_logit_b.csv" not in text
    assert notebook.run("frame = %kuscia data alice perfect_logit_a.csv") == []
    columns = [f"x{i}" for i in range(1, 11)] + ["y"]
    assert notebook.value("frame.shape, list(frame.columns)") == ((ROWS, 11), columns)
    assert f"{ROWS} rows" in notebook.result("%kuscia data bob perfect_logit_b.csv")["text/html"]


def test_cp_into_a_node(notebook: Notebook) -> None:
    """spec: tutorial, row 6: on that node only."""
    assert printed(notebook, "%kuscia cp my.csv alice:data/") == "copied my.csv to alice: data/my.csv (10 bytes)\n"
    printed(notebook, "%kuscia cp my.csv alice:data/other.csv")
    printed(notebook, "%kuscia cp 'my own.csv' alice:/home/kuscia/var/storage/data/")
    assert notebook.run("file = 'my.csv'") == []
    printed(notebook, "%kuscia cp {{file}} alice:data")
    assert notebook.value("connect().data('alice')['name'].tolist()") == [
        "my own.csv",
        "my.csv",
        "other.csv",
        "perfect_logit_a.csv",
    ]
    assert notebook.value("connect().data('alice', 'other.csv')['v'].tolist()") == [1.5, 2.5]
    assert notebook.value("connect().data('bob')['name'].tolist()") == ["perfect_logit_b.csv"]


def test_cp_out_of_a_node(notebook: Notebook, folder: Path) -> None:
    """spec: tutorial, row 14."""
    assert "bytes)" in printed(notebook, "%kuscia cp alice:data/perfect_logit_a.csv .")
    assert len(pd.read_csv(folder / "perfect_logit_a.csv")) == ROWS
    printed(notebook, "%kuscia cp alice:/home/kuscia/var/storage/data/perfect_logit_a.csv sub/")
    assert (folder / "sub" / "perfect_logit_a.csv").read_bytes() == (folder / "perfect_logit_a.csv").read_bytes()
    assert notebook.run(f"job = connect().apply({TUTORIAL!r}).wait()") == []
    task = notebook.value("job.tasks['task'][0]")
    printed(notebook, f"%kuscia cp bob:job-ss-lr-guest-0/{task}-result sub/share.txt")
    assert len((folder / "sub" / "share.txt").read_text().splitlines()) == len(FEATURES)


# --- results and documentation ---------------------------------------------------------------------------------------


def test_result_shows_each_sides_shares_and_the_weights(notebook: Notebook) -> None:
    """spec: tutorial, row 14, kuscia §4.4 for the paths."""
    assert notebook.run(f"job = connect().apply({TUTORIAL!r}).wait()") == []
    task = notebook.value("job.tasks['task'][0]")
    text = shown(notebook, "%kuscia result job-ss-lr")
    for node, place in (("alice", "job-ss-lr-host-0"), ("bob", "job-ss-lr-guest-0")):
        lines = (storage(notebook, node) / place / f"{task}-result").read_text().splitlines()
        assert len(lines) == len(FEATURES)
        assert "\n".join([f"{node}: {place}/{task}-result", *(f"  {line}" for line in lines)]) in text
    for feature, weight in zip(FEATURES, notebook.value("job.weights()['weight'].tolist()"), strict=True):
        assert row(text, feature)[-1] == f"{weight:.6f}"
    alone = shown(notebook, "%kuscia result job-ss-lr --node alice")
    assert "alice: job-ss-lr-host-0" in alone
    assert "bob" not in alone
    assert "intercept" not in alone
    assert "carol is not a party of job job-ss-lr" in notebook.block("%kuscia result job-ss-lr --node carol")
    assert '"job-ss-lr"' in notebook.block("%kuscia result job-ss-lx")


def test_a_job_without_a_result_says_so(notebook: Notebook) -> None:
    endless = TUTORIAL.replace('"num_epoch":1,', '"num_epoch":100000,')
    assert notebook.run(f"job = connect().apply({endless!r})") == []
    assert re.search("has no result yet: it is (Pending|Running)", notebook.block("%kuscia result job-ss-lr"))
    assert notebook.run("job.stop()") == []
    assert "has no result: it is Failed" in notebook.block("%kuscia result job-ss-lr")


OWN = """
import pandas as pd
from kuscia_nb.operators import operator

@operator(inputs=("data",), outputs=("result",), name="own")
async def own(party):
    frame = pd.DataFrame({"n": range(100), "of": party.domain})
    party.write_csv("result", frame)
"""


def test_the_result_of_an_operator_of_ones_own_is_its_files(notebook: Notebook) -> None:
    assert notebook.run(OWN) == []
    config = {
        "name": "ss_lr_1",
        "module_name": "own",
        "output": [{"type": "dataset", "key": "result"}],
        "role": {"host": ["alice"], "guest": ["bob"]},
        "initiator": {"role": "host", "node_id": "alice"},
        "task_params": {
            "host": {"0": {"name": "a.csv", "namespace": "data"}},
            "guest": {"0": {"name": "b.csv", "namespace": "data"}},
            "common": {},
        },
    }
    parties = [{"domainID": "alice", "role": "host"}, {"domainID": "bob", "role": "guest"}]
    task = {"alias": "ss_lr_1", "appImage": "own", "parties": parties, "taskInputConfig": json.dumps(config)}
    job = {
        "apiVersion": "kuscia.secretflow/v1alpha1",
        "kind": "KusciaJob",
        "metadata": {"name": "mine"},
        "spec": {"initiator": "alice", "tasks": [task]},
    }
    assert notebook.run(f"_ = connect().apply({job!r}).wait()") == []
    text = shown(notebook, "%kuscia result mine")
    assert "  n,of\n  0,alice\n  1,alice\n" in text
    assert "  n,of\n  0,bob\n" in text
    assert text.count("… and 41 more lines") == 2  # of 101, 60 are shown
    assert "Weights" not in text
    assert notebook.run("from kuscia_nb.operators import OPERATORS; del OPERATORS._operators['own']") == []


def test_explain_prints_documentation(notebook: Notebook) -> None:
    """spec: tutorial, row 8."""
    assert "  batch_size\t<int> -required-\n  allowed: 1 or more\n" in printed(notebook, "%kuscia explain ss_lr")
    text = printed(notebook, "%kuscia explain kusciajob.spec.tasks.taskInputConfig")
    assert "\n  module_name\t<string> -required-\n" in text
    text = printed(notebook, "%kuscia explain kj --recursive")
    assert "      taskInputConfig\t<string> -required-\n        initiator\t<Object> -required-\n" in text


# --- loading ---------------------------------------------------------------------------------------------------------


def test_unloading_removes_the_magic(notebook: Notebook) -> None:
    assert notebook.run("%unload_ext kuscia_nb") == []
    assert notebook.value("'kuscia' in get_ipython().magics_manager.magics['line']") is False
    assert notebook.value("hasattr(get_ipython().magics_manager.user_magics, 'kuscia')") is False


def test_the_magic_is_there_before_anything_heavy() -> None:
    code = """
import sys
from IPython.core.interactiveshell import InteractiveShell
before = set(sys.modules)
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "kuscia_nb")
shell.run_line_magic("kuscia", "up --help")
heavy = ("numpy", "pandas", "pydantic", "cryptography", "ruamel.yaml", "kuscia_nb.cluster")
print([name for name in heavy if name in set(sys.modules) - before], "kuscia_nb.magics.kuscia" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "[] True"


# --- copying, without a kernel ---------------------------------------------------------------------------------------


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Two storage folders and, beside them, the folder where one is."""
    for folder in ("nodes/alice/data", "nodes/bob/data", "here/sub"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "nodes/alice/data/a.csv").write_text("secret")
    (tmp_path / "nodes/bob/data/b.csv").write_text("secret")
    (tmp_path / "here/mine.csv").write_text("mine")
    (tmp_path / "here/with:colon.csv").write_text("colon")
    monkeypatch.chdir(tmp_path / "here")
    return {node: tmp_path / "nodes" / node for node in ("alice", "bob")}


@pytest.mark.parametrize(
    ("source", "target", "written"),
    [
        ("mine.csv", "alice:data/", "nodes/alice/data/mine.csv"),
        ("mine.csv", "alice:data", "nodes/alice/data/mine.csv"),
        ("./mine.csv", "bob:data/b.csv", "nodes/bob/data/b.csv"),
        ("mine.csv", "bob:/home/kuscia/var/storage/data/x.csv", "nodes/bob/data/x.csv"),
        ("./with:colon.csv", "bob:data/", "nodes/bob/data/with:colon.csv"),
        ("alice:data/a.csv", ".", "here/a.csv"),
        ("alice:data/a.csv", "sub", "here/sub/a.csv"),
        ("alice:data/a.csv", "sub/b.csv", "here/sub/b.csv"),
        ("alice:data/../data/a.csv", "c:d", "here/c:d"),
    ],
)
def test_one_file_is_copied(nodes: dict[str, Path], tmp_path: Path, source: str, target: str, written: str) -> None:
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    content = "mine" if "mine" in source else "colon" if "colon" in source else "secret"
    said = copy(source, target, nodes)
    assert (tmp_path / written).read_text() == content
    assert {path for path in tmp_path.rglob("*") if path.is_file()} - before <= {tmp_path / written}
    assert f"({len(content)} bytes)" in said


@pytest.mark.parametrize(
    ("source", "target", "what", "hint"),
    [
        ("alice:data/a.csv", "bob:data/", "not copied from node to node", "a file of your own"),
        ("mine.csv", "sub/", "neither is a file of a node", "NODE:data/"),
        ("mine.csv", "alic:data/", "there is no node alic", "did you mean alice?"),
        ("mine.csv", "carol:data/", "there is no node carol", "alice, bob"),
        ("mine.cvs", "alice:data/", "mine.cvs does not exist", '"mine.csv"'),
        ("sub", "alice:data/", "sub is a folder", ""),
        ("mine.csv", "alice:", "alice: is not in the data folder", "alice:data/mine.csv"),
        ("mine.csv", "alice:mine.csv", "not in the data folder", "alice:data/mine.csv"),
        ("mine.csv", "alice:data/sub/x.csv", "not in the data folder", "alice:data/"),
        ("mine.csv", "alice:data/..", "not in the data folder", "alice:data/"),
        ("mine.csv", "alice:../bob/data/b.csv", "not in the data folder", "alice:data/"),
        ("mine.csv", "alice:/etc/passwd", "not in the data folder", "alice:data/"),
        ("alice:../bob/data/b.csv", ".", "is not in the storage of alice", "below the storage"),
        ("alice:data/../../bob/data/b.csv", ".", "is not in the storage of alice", "below the storage"),
        ("alice:/etc/passwd", ".", "is not in the storage of alice", "below the storage"),
        ("alice:/home/kuscia/var/storage/../x", ".", "is not in the storage of alice", "below the storage"),
        ("alice:link", ".", "is not in the storage of alice", "below the storage"),
        ("alice:data/b.csv", ".", "alice: data/b.csv does not exist", "a.csv"),
        ("alice:data", ".", "alice: data is a folder", "data has: a.csv"),
        ("alice:", ".", "alice: . is a folder", "data/"),
        ("alice:data/a.csv", "nowhere/", "there is no folder nowhere/", ""),
        ("alice:data/a.csv", "nowhere/a.csv", "there is no folder nowhere", ""),
        ("alice:data/a.csv", "../nodes/alice/data", "cannot copy", ""),  # onto itself
    ],
)
def test_what_cannot_be_copied_is_refused_and_nothing_is_written(
    nodes: dict[str, Path], tmp_path: Path, source: str, target: str, what: str, hint: str
) -> None:
    (nodes["alice"] / "link").symlink_to(nodes["bob"] / "data" / "b.csv")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(DataError) as caught:
        copy(source, target, nodes)
    assert what in caught.value.what
    assert hint in caught.value.hint
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
