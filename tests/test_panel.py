"""The side panel's comm in real kernels. The tests play the front end: they say what JupyterLab says.

JupyterLab makes a subshell for the panel, so that a kernel answers while a cell runs. The tests do so, too; other front
ends, which have none, speak to the main shell.
"""

from __future__ import annotations

import base64
import itertools
import json
import queue
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from jupyter_client.jsonutil import json_default
from nbformat.v4 import output_from_msg
from test_live import GATE
from test_notebook import SECONDS, Notebook, cell, edited, endless
from test_panel_entities import Panel

import kuscia_nb as kn
from kuscia_nb.panel.comm import MOST, TARGET
from kuscia_nb.panel.entities import Delta

THREADS = "[t.name for t in __import__('threading').enumerate() if 'panel' in t.name]"
COMMS = f"[c for c in get_ipython().kernel.comm_manager.comms.values() if c.target_name == {TARGET!r}]"
UP = "__import__('kuscia_nb.connection').connection.running() is not None"
LISTENERS = "[len(node.store._listeners) for node in map(kn.connect().at, kn.connect().nodes)]"


class Comm:
    """A panel's end of a comm: what it was told, and what it makes of it."""

    def __init__(self, page: Page, subshell: str | None) -> None:
        self.page, self.subshell, self.id = page, subshell, uuid.uuid4().hex
        self.told: list[dict[str, Any]] = []
        self.closed = False
        self.panel = Panel({})
        self.version: int | None = None
        self._requests = itertools.count(1)
        self._replies: dict[Any, dict[str, Any]] = {}

    @property
    def entities(self) -> dict[str, Any]:
        return self.panel.entities

    def take(self, data: dict[str, Any]) -> None:
        """What the kernel says; versions are without gaps."""
        self.told.append(data)
        if data["type"] == "snapshot":
            self.panel, self.version = Panel(data["entities"]), data["version"]
        elif data["type"] == "delta":
            assert self.version is not None, "a delta came before the snapshot"
            self.version += 1
            assert data["version"] == self.version
            self.panel.take(Delta(data["removed"], data["entities"]))
        else:
            self._replies[data["id"]] = data

    def say(self, data: Any) -> None:
        self.page.send("comm_msg", self.subshell, comm_id=self.id, data=data)

    def begin(self, method: Any, **params: Any) -> int:
        """Ask for something."""
        id = next(self._requests)
        self.say({"id": id, "method": method, "params": params})
        return id

    def reply(self, id: Any) -> dict[str, Any]:
        self.page.until(lambda: id in self._replies)
        return self._replies.pop(id)

    def ask(self, method: str, **params: Any) -> Any:
        """The result of a request."""
        return self.reply(self.begin(method, **params))["result"]

    def refused(self, method: Any, **params: Any) -> dict[str, str]:
        """The error of a request."""
        return self.reply(self.begin(method, **params))["error"]

    def phase(self, job: str, node: str = "alice") -> str | None:
        return self.entities.get(f"{node}/{job}", {}).get("phase")

    def close(self) -> None:
        self.page.send("comm_close", self.subshell, comm_id=self.id, data={})


class Page(Notebook):
    """A front end with panels, and a subshell for them."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.client.session.pack = lambda data: json.dumps(data, default=json_default).encode()  # in ASCII, as browsers
        self.comms: dict[str, Comm] = {}
        self.outputs: dict[str, list[Any]] = {}
        self._idle: set[str] = set()
        self.subshell = self.new_subshell()

    def new_subshell(self) -> str:
        self.client.control_channel.send(self.client.session.msg("create_subshell_request"))
        return self.client.get_control_msg(timeout=SECONDS)["content"]["subshell_id"]

    def send(self, kind: str, subshell: str | None, **content: Any) -> str:
        message = self.client.session.msg(kind, content)
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def connect(self, *, main: bool = False) -> Comm:
        """A panel that has got its snapshot, or was refused."""
        comm = Comm(self, None if main else self.subshell)
        self.comms[comm.id] = comm
        self.send("comm_open", comm.subshell, comm_id=comm.id, target_name=TARGET, data={})
        self.until(lambda: comm.closed or comm.version is not None)
        return comm

    def aside(self, code: str) -> None:
        """Run code while a cell runs."""
        request = self.send("execute_request", self.subshell, code=code, silent=False, allow_stdin=False)
        self.until(lambda: request in self._idle)

    def end(self, request: str) -> list[Any]:
        self.until(lambda: request in self._idle)
        return self.outputs.get(request, [])

    def until(self, happened: Callable[[], Any]) -> None:
        """Take messages until something has happened."""
        while not happened():
            self._take(self.client.get_iopub_msg(timeout=SECONDS))

    def settle(self) -> None:
        """Take what the kernel has sent so far."""
        self.run("")
        try:
            while True:
                self._take(self.client.get_iopub_msg(timeout=0))
        except queue.Empty:
            pass

    def _take(self, message: Any) -> None:
        kind, content, request = message["msg_type"], message["content"], message["parent_header"].get("msg_id")
        if kind == "status" and content["execution_state"] == "idle":
            self._idle.add(request)
        elif kind in ("stream", "execute_result", "display_data", "error"):
            self.outputs.setdefault(request, []).append(output_from_msg(message))
        elif content.get("comm_id") in self.comms:
            comm = self.comms[content["comm_id"]]
            if kind == "comm_msg":
                comm.take(content["data"])
            elif kind == "comm_close":
                comm.closed = True


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        page = Page(tmp_path_factory.mktemp("cwd"))
    yield page
    page.close()


@pytest.fixture
def page(kernel: Page) -> Iterator[Page]:
    """The kernel with the extension loaded afresh, no jobs, and an operator that waits."""
    kernel.comms.clear()
    assert kernel.run(f"%reload_ext kuscia_nb\n{GATE}") == []
    yield kernel
    kernel.aside("gate.set()")


def started(page: Page) -> Page:
    """With the nodes up."""
    assert page.run("cluster = kn.connect()") == []
    return page


def gated(page: Page, name: str = "gated") -> Any:
    """Begin a cell that waits for a job, which waits for its gate."""
    return page.begin(f"cluster = kn.connect(); cluster.apply(manifest({name!r})).wait()")


# --- to connect ------------------------------------------------------------------------------------------------------


def test_a_kernel_without_the_extension_closes_the_comm(page: Page) -> None:
    assert page.run("%unload_ext kuscia_nb") == []
    assert page.connect().closed
    assert page.run("%load_ext kuscia_nb") == []
    assert not page.connect().closed


@pytest.mark.parametrize("main", [False, True], ids=["subshell", "main shell"])
def test_the_first_thing_a_panel_hears_is_all_there_is(page: Page, main: bool) -> None:
    comm = page.connect(main=main)
    assert comm.told == [{"type": "snapshot", "version": comm.version, "entities": {}}]
    assert page.value(UP) is False
    started(page)
    page.until(lambda: comm.entities)
    assert list(comm.entities) == ["alice", "bob", "ttp"] == list(page.connect(main=main).entities)


def test_looking_starts_nothing(page: Page) -> None:
    comm = page.connect()
    comm.ask("check", magic="kusciajob", text=cell())
    comm.ask("complete", magic="kusciajob", text="%%kusciajob\n", line=2, column=1)
    assert comm.refused("stop", job="job")["message"] == "no nodes are up"
    assert comm.refused("conditions", node="alice", job="job")["title"] == "JobError"
    assert page.value(UP) is False


def test_the_tutorials_job_in_a_cell(page: Page) -> None:
    comm = page.connect()
    page.run(cell("--view none -o job"))
    page.until(lambda: comm.phase("job-ss-lr", "bob") == comm.phase("job-ss-lr") == "Succeeded")
    page.until(lambda: comm.entities["ttp"]["requests"] > 0)
    page.settle()
    assert list(comm.entities.items()) == list(page.connect().entities.items())


def test_several_panels_are_told_the_same(page: Page) -> None:
    panels = [started(page).connect(), page.connect(main=True), page.connect()]
    panels[1].close()
    request = gated(page)
    page.until(lambda: all(panel.phase("gated", "bob") == "Running" for panel in (panels[0], panels[2])))
    page.aside("gate.set()")
    page.end(request)
    page.until(lambda: all(panel.phase("gated", "bob") == "Succeeded" for panel in (panels[0], panels[2])))
    assert list(panels[0].entities.items()) == list(panels[2].entities.items())
    assert panels[1].phase("gated") is None


def test_panels_that_never_left_make_room(page: Page) -> None:
    panels = [page.connect() for _ in range(MOST + 2)]
    page.settle()
    assert [panel.closed for panel in panels] == [True, True] + [False] * MOST


# --- while a cell runs -----------------------------------------------------------------------------------------------


def test_a_busy_kernel_answers(page: Page) -> None:
    comm = page.connect()
    request = gated(page)
    page.until(lambda: comm.phase("gated", "bob") == "Running")
    assert comm.entities["alice/gated"]["progress"] == 0.25
    (found,) = [one for one in comm.ask("conditions", node="bob", job="gated") if one["type"] == "JobValidated"]
    assert (found["status"], found["reason"], found["message"]) == ("True", "", "")
    assert comm.entities["bob/gated"]["started"] <= found["time"] + 1000
    (task,) = [entity["name"] for id, entity in comm.entities.items() if entity["kind"] == "task" and id[0] == "a"]
    assert comm.ask("conditions", node="alice", job="gated", task=task)
    late = page.connect()
    assert late.entities.keys() == comm.entities.keys()
    assert page.outputs.get(request) is None, "the cell still runs"
    page.aside("gate.set()")
    assert [output.output_type for output in page.end(request)] == ["execute_result"]


def test_a_job_is_stopped_while_its_cell_waits(page: Page) -> None:
    comm = page.connect()
    request = page.begin(cell("--view none", endless("endless")))
    page.until(lambda: comm.phase("endless", "bob") == "Running")
    assert comm.ask("stop", job="endless") is None
    assert "JobStopped" in page.only_block(page.end(request))
    page.until(lambda: comm.phase("endless", "bob") == comm.phase("endless") == "Failed")
    assert comm.entities["alice"] == {"kind": "node", "name": "alice", "url": None, "jobs": 1, "running": 0}
    assert comm.ask("delete", job="endless") is None
    page.until(lambda: list(comm.entities) == ["alice", "bob", "ttp"])
    assert "there is no job endless" in comm.refused("delete", job="endless")["message"]


def test_others_are_answered_while_a_job_is_being_stopped(page: Page) -> None:
    """The program of this job hears of nothing before its gate opens, so that its end has to be waited for."""
    comm = page.connect()
    request = gated(page)
    page.until(lambda: comm.phase("gated", "bob") == "Running")
    deleting = comm.begin("delete", job="gated")
    assert comm.ask("line", node="alice", job="gated", what="get")["line"] == "kubectl get kj gated -n cross-domain"
    assert deleting not in comm._replies
    page.aside("gate.set()")
    assert comm.reply(deleting)["result"] is None
    page.end(request)


def test_a_cell_is_not_disturbed_by_questions(page: Page) -> None:
    """IPython's events are those of cells; matplotlib would show the pictures of half a cell."""
    comm = page.connect()
    events = "get_ipython().events"
    assert page.run(f"seen = []; note = lambda: seen.append(1); {events}.register('pre_execute', note)") == []
    comm.ask("snapshot")
    assert page.value("len(seen)") == 1, "its own cell"
    assert page.run(f"{events}.unregister('pre_execute', note)") == []


# --- to be asked -----------------------------------------------------------------------------------------------------


def test_a_snapshot_can_be_asked_for(page: Page) -> None:
    comm = started(page).connect()
    page.until(lambda: comm.entities)
    before = comm.version
    comm.told.clear()
    assert comm.ask("snapshot") is None
    page.until(lambda: len(comm.told) == 2)
    assert [data["type"] for data in comm.told] == ["reply", "snapshot"]
    assert comm.version == before


def test_lines_and_yaml_are_kubectls(page: Page) -> None:
    comm = page.connect()
    page.run(cell("--view none -o job"))
    (task,) = page.value("job.tasks['task'].unique().tolist()")
    for node, suffix in (("alice", ""), ("bob", " --node bob")):
        for what, kind, name in itertools.product(("get", "describe", "logs"), ("kj", "kt"), (None,)):
            given = {} if kind == "kj" else {"task": task}
            line = comm.ask("line", node=node, job="job-ss-lr", what=what, **given)["line"]
            shown = f"{kind}/" if what == "logs" else f"{kind} "
            assert line == f"kubectl {what} {shown}{task if given else 'job-ss-lr'} -n cross-domain{suffix}"
            assert page.run(f"%{line}")[0].output_type in ("execute_result", "stream"), name
        text = comm.ask("yaml", node=node, job="job-ss-lr")["text"]
        line = f"get kj job-ss-lr -n cross-domain -o yaml --node {node}"
        assert text == page.value(f"str(kn.connect().kubectl({line!r}))")
    assert "delete kj job-ss-lr" in comm.ask("line", node="alice", job="job-ss-lr", what="delete")["line"]


def test_sources_are_cells_that_run(page: Page) -> None:
    comm = page.connect()
    page.run(cell("--view none"))
    for what in ("result", "trace"):
        source = comm.ask("source", job="job-ss-lr", what=what)["source"]
        (output,) = page.run(source)
        assert output.output_type in ("execute_result", "display_data")


def test_files_come_and_are_listed(page: Page) -> None:
    comm = page.connect()
    content = base64.b64encode(b"x1,x2,y\n1,2,0\n3,4,1\n").decode()
    given = {"name": "own.csv", "rows": 2, "columns": 3}
    assert comm.ask("put", node="alice", name="own.csv", content=content) == given
    assert {"name": "own.csv", "bytes": 20} in comm.ask("files", node="alice")
    assert "own.csv" not in [file["name"] for file in comm.ask("files", node="bob")]
    assert page.value("kn.connect().data('alice', 'own.csv').to_numpy().tolist()") == [[1, 2, 0], [3, 4, 1]]
    half = {"node": "bob", "name": "two.csv"}
    first, second = (base64.b64encode(part).decode() for part in (b"id,x\n1,", b"2\n3,4\n"))
    assert comm.ask("put", **half, content=first, more=True) is None
    assert comm.ask("put", **half, content=second, begin=7) == {"name": "two.csv", "rows": 2, "columns": 2}
    assert "a part" in comm.refused("put", **half, content=second, begin=7)["message"], "it was taken"
    assert comm.refused("put", node="alice", name="../own.csv", content=content)["title"] == "DataError"
    assert comm.refused("put", node="alice", name="own.csv", content="#")["title"] == "DataError"
    empty = comm.refused("put", node="alice", name="empty.csv", content="")
    assert "empty.csv is not a CSV file" in empty["message"]


def test_half_a_surrogate_pair_is_told_as_what_cannot_be_read(page: Page) -> None:
    """JSON can carry one in an escape, and UTF-8 cannot: a reply with one in it would never leave the kernel."""
    comm = started(page).connect()
    assert comm.refused("stop", job="a\ud800b")["message"] == "there is no job a\N{REPLACEMENT CHARACTER}b"
    text = cell("", edited("perfect_logit_b.csv", "\\ud800.csv"))
    (found,) = comm.ask("check", magic="kusciajob", text=text)
    assert found["message"] == "bob has no file data/\N{REPLACEMENT CHARACTER}.csv"
    page.run("open(bytes(cluster.nodes['alice'] / 'data') + b'/\\xff.csv', 'w').close()")
    assert "\N{REPLACEMENT CHARACTER}.csv" in [file["name"] for file in comm.ask("files", node="alice")]
    page.run("import os; os.remove(bytes(cluster.nodes['alice'] / 'data') + b'/\\xff.csv')")


def test_the_forms_cell_runs(page: Page) -> None:
    comm = page.connect()
    form = comm.ask("form")
    (operator,) = [one for one in form["operators"] if one["name"] == "ss_lr"]
    common = {one["name"]: one["default"] or "" for one in operator["parameters"] if not one["own"]}
    filled = {
        "format": "kusciajob",
        "operator": "ss_lr",
        "name": form["names"]["ss_lr"],
        "initiator": form["nodes"][0],
        "common": common,
        "own": {"alice": {"has_label": "true"}, "bob": {"has_label": "false"}},
        "inputs": {node: {"train_data": files[0]["name"]} for node, files in form["files"].items()},
    }
    missing = comm.ask("compose", **filled)
    assert missing["cell"] is None
    required = [one["name"] for one in operator["parameters"] if one["required"]]
    assert [problem["field"] for problem in missing["problems"]] == [["common", name] for name in required]
    common |= {"batch_size": "21", "learning_rate": "0.0001", "l2_norm": "0.5"}
    source = comm.ask("compose", **filled)["cell"]
    assert "Succeeded" in page.result(source)["text/plain"]
    assert comm.ask("form")["names"] != form["names"], "that name is taken now"


def test_variables_of_the_notebook_count(page: Page) -> None:
    comm = page.connect()
    text = cell("", edited('"batch_size":21', '"batch_size":{{size}}'))
    (found,) = comm.ask("check", magic="kusciajob", text=text)
    assert (found["severity"], found["message"]) == ("warning", "there is no variable size yet")
    page.run("size = 0")
    (found,) = comm.ask("check", magic="kusciajob", text=text)
    assert found["severity"] == "error"
    assert "batch_size = '0' is out of range" in found["message"]
    page.run("size = 21")
    assert comm.ask("check", magic="kusciajob", text=text) == []


@pytest.mark.parametrize(
    ("method", "params", "part"),
    [
        ("nonsense", {}, "there is no method 'nonsense'"),
        (None, {}, "there is no method None"),
        (["stop"], {}, "there is no method"),
        ("stop", {}, "stop: wrong parameters"),
        ("stop", {"job": 1}, "stop: wrong parameters"),
        ("stop", {"job": "a", "node": "alice"}, "stop: wrong parameters"),
        ("stop", {"job": "unknown"}, "there is no job unknown"),
        ("conditions", {"node": "carol", "job": "a"}, "there is no node carol"),
        ("conditions", {"node": "alice", "job": "a", "task": "b"}, "there is no task b on alice"),
        ("yaml", {"node": "alice", "job": "a"}, 'kusciajobs.kuscia.secretflow "a" not found'),
        ("line", {"node": "alice", "job": "a", "what": "explode"}, "line: wrong parameters"),
        ("check", {"magic": "python", "text": ""}, "check: wrong parameters"),
        ("files", {"node": "carol"}, "there is no node carol"),
    ],
)
def test_a_wrong_request_gets_an_error(page: Page, method: Any, params: dict[str, Any], part: str) -> None:
    error = started(page).connect().refused(method, **params)
    assert part in error["message"]
    assert error.keys() == {"title", "message", "where", "hint"}


@pytest.mark.parametrize("data", [None, [], "stop", {}, {"id": 5}, {"method": "stop", "params": [], "id": 5}])
def test_what_is_no_request_gets_an_error(page: Page, data: Any) -> None:
    comm = page.connect()
    comm.say(data)
    error = comm.reply(data.get("id") if isinstance(data, dict) else None)["error"]
    assert error["title"] == "KusciaError"


# --- to leave --------------------------------------------------------------------------------------------------------


def test_nothing_runs_without_a_panel(page: Page) -> None:
    started(page)
    assert page.value(THREADS) == []
    before = page.value(LISTENERS)
    comm = page.connect()
    assert page.value(THREADS) == ["kuscia_nb panel feed"]
    assert page.value(LISTENERS) == [count + 1 for count in before]
    comm.close()
    page.settle()
    assert (page.value(THREADS), page.value(LISTENERS)) == ([], before)
    assert page.connect().entities.keys() == {"alice", "bob", "ttp"}, "and who comes again is welcome"


def test_the_nodes_go_and_come_again(page: Page) -> None:
    comm = started(page).connect()
    page.run("%kuscia down")
    page.until(lambda: not comm.entities)
    page.run("%kuscia up --http 0")
    page.until(lambda: comm.entities and comm.entities["bob"]["url"])
    assert comm.entities["alice"]["url"] == page.value("kn.connect().http['alice']")


def test_unloading_closes_the_comms(page: Page) -> None:
    comm = started(page).connect()
    assert page.run("%unload_ext kuscia_nb") == []
    page.until(lambda: comm.closed)
    assert page.value(THREADS) == []
    assert page.value(f"{TARGET!r} in get_ipython().kernel.comm_manager.targets") is False
    assert page.value(COMMS) == []


def test_a_restarted_kernel_knows_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    page = Page(tmp_path)
    try:
        page.run("%load_ext kuscia_nb\nimport kuscia_nb as kn")
        assert started(page).connect().entities
        page.manager.restart_kernel(now=True)
        page.client.wait_for_ready(timeout=SECONDS)
        page.subshell = page.new_subshell()
        assert page.connect().closed
        page.run("%load_ext kuscia_nb")
        assert page.connect().entities == {}
    finally:
        page.close()


def test_a_terminal_does_not_notice() -> None:
    shell = InteractiveShell()
    kn.load_ipython_extension(shell)
    kn.unload_ipython_extension(shell)
    assert not hasattr(shell, "kernel")
