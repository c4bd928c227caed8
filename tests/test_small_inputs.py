"""Small inputs that could break something big: bounds while reading, damaged files, and whatever else people give."""

from __future__ import annotations

import copy
import io
import json
import random
import shlex
import socket
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kuscia_nb as kn
from kuscia_nb.bfia.reader import from_dict as request_from_dict
from kuscia_nb.bfia.reader import read_request
from kuscia_nb.control import parse
from kuscia_nb.control.kubectl.files import read as read_objects
from kuscia_nb.control.manifest import from_dict, read_manifest
from kuscia_nb.data.copy import copy as copy_file
from kuscia_nb.errors import JobStopped, KusciaError, PeerFailed
from kuscia_nb.operators import OPERATORS
from kuscia_nb.options import Level
from kuscia_nb.views.job import bundle

DATA = Path(__file__).parent / "data"
TUTORIAL = (DATA / "job-ss-lr.yaml").read_text()
REQUEST = json.loads((DATA / "job-ss-lr.json").read_text())
READERS: tuple[Callable[[str], object], ...] = (read_manifest, read_request, read_objects)

# --- bounds ----------------------------------------------------------------------------------------------------------

SIZE = parse.MOST_CHARACTERS
UNITS = {
    "list items": "- a\n",
    "documents": "---\n",
    "documents with something in them": "a: 1\n---\n",
    "equal keys": "a: 1\n",
    "equal anchors": "- &a x\n",
    "brackets": "[",
    "braces": "{",
    "blank lines": "\n",
    "comments": "#\n",
    "objects": '{"a":1},',
    "a tag": "!",
}


@pytest.fixture
def composers(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every composer that a test makes."""
    made: list[Any] = []

    class Watched(parse._Composer):
        def __init__(self, loader: Any = None) -> None:
            super().__init__(loader)
            made.append(self)

    monkeypatch.setattr(parse, "_Composer", Watched)
    return made


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
def test_what_is_composed_is_bounded(unit: str, composers: list[Any]) -> None:
    text = unit * (SIZE // len(unit))
    for read in READERS:
        with suppress(KusciaError):
            read(text)
    assert all(one.composed <= parse.MOST_VALUES + 1 for one in composers)


def test_a_tag_is_bounded() -> None:
    """Its text is put together one character at a time, each time anew."""
    for text in ("!" * SIZE, "a: !" + "b" * 2000 + " c\n"):
        with pytest.raises(KusciaError, match="a tag is too long"):
            read_manifest(text)


def test_what_a_large_text_is_is_told_by_its_beginning() -> None:
    with pytest.raises(KusciaError, match="a command line for a shell"):
        read_manifest("kubectl apply -f job.yaml\n" + "\n" * 10_000_000)
    with pytest.raises(KusciaError, match="not YAML: more than"):
        read_manifest("\n" * 10_000_000 + "kubectl apply -f job.yaml\n")


@pytest.mark.parametrize("read", READERS)
def test_ten_megabytes_are_not_even_looked_at(read: Callable[[str], object], composers: list[Any]) -> None:
    for unit in UNITS.values():
        with pytest.raises(KusciaError):
            read("a" + unit * (10_000_000 // len(unit)))
    assert composers == []


def test_memory_is_bounded() -> None:
    for unit in ("- a\n", "[],"):
        text = unit * (SIZE // len(unit))
        tracemalloc.start()
        try:
            for read in READERS[:2]:
                with pytest.raises(KusciaError):
                    read(text)
            assert tracemalloc.get_traced_memory()[1] < 100e6
        finally:
            tracemalloc.stop()


def test_many_problems_are_some_problems() -> None:
    for text in (
        TUTORIAL.replace("  initiator: alice\n", "".join(f"  task{i}: 1\n" for i in range(2000))),
        TUTORIAL.replace("initiator: alice", "initiator: alice\n" + "  initiator: alice\n" * 2000),
    ):
        with pytest.raises(KusciaError) as caught:
            read_manifest(text)
        assert "100 or more problems in the manifest" in str(caught.value) or "99 problems" in str(caught.value)
        assert str(caught.value).count("line ") < 30
        assert "\n  and more" in str(caught.value)


def test_the_largest_jobs_are_read() -> None:
    request = copy.deepcopy(REQUEST)
    (component,) = request["dag"]["components"]
    request["dag"]["components"] = [component | {"name": f"task-{i}"} for i in range(128)]
    params = request["config"]["task_params"]
    for holder in (params["common"], params["host"]["0"], params["guest"]["0"]):
        (one,) = holder.values()
        holder.clear()
        holder.update({f"task-{i}": one for i in range(128)})
    for indent in (None, 2):
        assert len(read_request(json.dumps(request, indent=indent)).dag.components) == 128  # type: ignore[union-attr]
    task = TUTORIAL[TUTORIAL.index("  - alias") :]
    tasks = "".join(task.replace("ss_lr_1", f"task-{i}") for i in range(128))
    assert len(read_manifest(TUTORIAL[: TUTORIAL.index("  - alias")] + tasks).spec.tasks) == 128


# --- whatever people give --------------------------------------------------------------------------------------------

PIECES = (
    *("a", "b: ", ": ", "- ", "\n", "\n  ", "\n- ", "[", "]", "{", "}", ",", '"', "'", "#", " #", "&a ", "*a"),
    *("!x ", "? ", "!!int ", "!!bool ", "!!float ", "!!null ", "|\n ", ">\n ", "---\n", "...\n", "%YAML 1.1\n"),
    *("\t", "\0", "\ufeff", "\u200b", "\u00a0", "\uff1a", "\u201c", "\ud800", "\U0001f600", "\x85", "\u2028"),
    *("0x", "1e999", "null", "~", "<<: ", "=", "\\", "```\n", "kubectl ", "curl ", "{lr}", "$lr"),
    *("apiVersion: kuscia.secretflow/v1alpha1\n", "kind: KusciaJob\n", "kind: List\n", "items: ", "spec:\n"),
    *("metadata: ", '{"job_id":"a",', '"dag":', '"config":', '{"components":['),
)


def test_nothing_but_one_kind_of_error_leaves_a_reader() -> None:
    draw = random.Random(20)
    for _ in range(600):
        text = "".join(draw.choices(PIECES, k=draw.randint(1, 14)))
        for read in READERS:
            with suppress(KusciaError):
                read(text)


def test_nothing_but_one_kind_of_error_leaves_an_edited_job() -> None:
    draw = random.Random(21)
    compact = json.dumps(REQUEST, separators=(",", ":"))
    for _ in range(40):
        for text, read in ((TUTORIAL, read_manifest), (compact, read_request)):
            for _ in range(draw.randint(1, 3)):
                at = draw.randrange(len(text))
                text = text[:at] + draw.choice(PIECES) + text[at + draw.randint(0, 4) :]
            with suppress(KusciaError):
                read(text)


class Odd:
    """Something that is neither true nor false nor equal to anything."""

    def __eq__(self, other: object) -> bool:
        raise ValueError

    def __bool__(self) -> bool:
        raise ValueError

    __hash__ = None  # type: ignore[assignment]


ROUND: dict[str, Any] = {}
ROUND["a"] = ROUND
JUNK = (
    *(None, True, 0, -1, 2**70, 1e999, float("nan"), "", "\ud800", "\0", b"x", (), [], {}, {1: 2}, {None: {}}),
    *(set(), object(), np.int64(3), np.array([1, 2]), np.float32(1), Odd(), ROUND, [[[[]]]], {"\ud800": 1}),
    *("x" * 2000, [None], [{}], [[1]]),
)


def _changed(data: Any, draw: random.Random) -> Any:
    """A copy of nested dicts and lists with something else in one place."""
    data = copy.deepcopy(data)
    holder = data
    while True:
        key = draw.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        inside = holder[key]
        if not isinstance(inside, dict | list) or not inside or draw.random() < 0.2:
            holder[key] = draw.choice(JUNK)
            return data
        holder = inside


def test_nothing_but_one_kind_of_error_leaves_a_dict() -> None:
    from ruamel.yaml import YAML

    manifest = YAML(typ="safe").load(TUTORIAL)
    draw = random.Random(22)
    for _ in range(150):
        for data, read in ((manifest, from_dict), (REQUEST, request_from_dict)):
            with suppress(KusciaError):
                read(_changed(data, draw))
    for junk in JUNK:
        for read in (from_dict, request_from_dict):
            with pytest.raises(KusciaError):
                read(junk)  # type: ignore[arg-type]


@pytest.mark.parametrize("domain", ["", "\ud800", "alice\ud800"])
def test_a_domain_that_is_none(domain: str) -> None:
    request = copy.deepcopy(REQUEST)
    request["config"]["role"]["host"] = [domain]
    with pytest.raises(KusciaError) as caught:
        kn.connect().submit(request)
    assert "config.role.host[0]: " in str(caught.value)


TEXTS = ("", "\0", "\ud800", "x" * 300, "..", "/", "a/b", "\n", "-", "--", "'", "a b", "\u200b", "{", "~", "C:")


def test_nothing_but_one_kind_of_error_leaves_what_takes_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cluster = kn.connect()
    frame = cluster.data("alice", "perfect_logit_a.csv").head()
    calls: tuple[Callable[[Any], object], ...] = (
        cluster.kubectl,
        lambda text: cluster.kubectl(f"get kj {text} -n cross-domain"),
        lambda text: cluster.kubectl("get kj", node=text),
        lambda text: cluster.kubectl("apply -f -", stdin=text),
        lambda text: cluster.kubectl(shlex.join(["apply", "-f", text])),
        lambda text: cluster.kubectl(shlex.join(["patch", "kj", "a", "--type", "merge", "-p", text])),
        lambda text: cluster.kubectl(shlex.join(["get", "kj", "-A", "-o", f"jsonpath={text}"])),
        lambda text: cluster.kubectl(shlex.join(["get", "kj", "-A", "-l", text])),
        cluster.apply,
        cluster.submit,
        cluster.job,
        cluster.delete,
        cluster.use,
        cluster.data,
        lambda text: cluster.data("alice", text),
        lambda text: cluster.put("alice", text, frame),
        lambda text: cluster.put(text, "a.csv", frame),
        lambda text: cluster.put("alice", "a.csv", text),
        lambda text: cluster.apply(TUTORIAL, strategy=text),
        lambda text: cluster.apply(TUTORIAL, trace=text),
        lambda text: cluster.apply(TUTORIAL, seed=text),
        kn.connect,
        lambda text: kn.connect(storage=Path(tmp_path, text or "s")).close(),
        kn.Trace.load,
        cluster.apply(TUTORIAL, replace=True).wait().trace.save,
        lambda text: copy_file(text, "alice:data/", cluster.nodes),
        lambda text: copy_file(f"alice:{text}", ".", cluster.nodes),
        lambda text: copy_file("alice:data/perfect_logit_a.csv", text, cluster.nodes),
        lambda text: copy_file("alice:data/perfect_logit_a.csv", f"bob:{text}", cluster.nodes),
    )
    for call in calls:
        for text in TEXTS:
            with suppress(KusciaError):
                call(text)
            cluster.use("alice")


# --- a jsonpath ------------------------------------------------------------------------------------------------------


def test_every_dot_of_a_jsonpath_is_bounded() -> None:
    cluster = kn.connect()
    cluster.apply(TUTORIAL, replace=True).wait()
    assert "job-ss-lr" in str(cluster.kubectl("get kj -A -o jsonpath={..name}"))
    for dots in (4, 10, 40, 400):
        begin = time.process_time()
        with suppress(KusciaError):
            cluster.kubectl(f"get kj -A -o jsonpath={{{'.' * dots}items}}")
        assert time.process_time() - begin < 5
    with pytest.raises(KusciaError, match="more than 100000 values: two dots are enough"):
        cluster.kubectl(f"get kj -A -o jsonpath={{{'.' * 40}items}}")


# --- traces ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    rows = TUTORIAL.replace('"batch_size":21', '"batch_size":5000').replace(":0.0001", ":0.5")
    job = kn.connect().apply(rows.replace("name: job-ss-lr", "name: traced"), trace="full", seed=1, replace=True).wait()
    return job.trace.save(tmp_path_factory.mktemp("trace") / "a.trace").read_bytes()


def _shown(path: Path) -> None:
    trace = kn.Trace.load(path)
    repr(trace)
    trace._repr_mimebundle_()
    _ = trace.messages, trace.totals, trace.left_out, trace.unlisted, trace.fingerprint
    trace.diagram()
    if trace.level == "full":
        _ = trace.steps
        repr(trace.view("alice"))


def test_damaged_traces_are_one_error(saved: bytes, tmp_path: Path) -> None:
    draw, path = random.Random(23), tmp_path / "b.trace"
    path.write_bytes(saved)
    _shown(path)
    members = {
        name: zipfile.ZipFile(io.BytesIO(saved)).read(name) for name in zipfile.ZipFile(io.BytesIO(saved)).namelist()
    }
    for number in range(40):
        damaged = dict(members)
        name = draw.choice(["trace.json", *members]) if number % 3 else "trace.json"
        data = bytearray(damaged[name])
        for _ in range(draw.randint(1, 4)):
            at = draw.randrange(min(len(data), 4000 if number % 2 else len(data)))
            data[at : at + draw.randint(0, 3)] = draw.choice(
                [b"(", b"\0", b"'", b"9", b"x", b"\xff\xff", b"", b"[", b"-1"]
            )
        damaged[name] = bytes(data)
        with zipfile.ZipFile(path, "w") as archive:
            for member, content in damaged.items():
                archive.writestr(member, content)
        with suppress(KusciaError):
            _shown(path)
    for _ in range(20):
        raw = bytearray(saved)
        for _ in range(3):
            raw[draw.randrange(len(raw))] = draw.randrange(256)
        path.write_bytes(raw[: draw.randrange(len(raw))] if draw.random() < 0.3 else raw)
        with suppress(KusciaError):
            _shown(path)


@pytest.mark.parametrize("trace", ["sizes", "full"])
@pytest.mark.parametrize("rank", [0, 1])
def test_a_trace_of_a_job_that_ended_before_both_had_sent(rank: int, trace: Level) -> None:
    @kn.operator(inputs=("data",), outputs=("result",))
    async def one_speaks(party: kn.Party) -> None:
        """One party sends, and the other does not."""
        if party.link.rank == rank:
            await party.link.send(b"hello", "a greeting")
        raise ValueError("and then nothing")

    job = kn.connect().apply(_task("one_speaks", "one-speaks"), trace=trace, replace=True)
    with pytest.raises(KusciaError):
        job.wait()
    found = job.trace
    assert "messages" in repr(found)
    assert found._repr_mimebundle_()
    assert found.diagram()
    assert set(found.record.names) == {"alice", "bob"}
    assert bundle(job)


@pytest.fixture(autouse=True)
def _operators_as_before() -> Iterator[None]:
    """What a test registers is forgotten with it, and so is the cluster that has its images."""
    known = dict(OPERATORS._operators)
    yield
    if OPERATORS._operators.keys() != known.keys():
        kn.connect().close()
        OPERATORS._operators = known


# --- who failed ------------------------------------------------------------------------------------------------------


def _task(module: str, image: str) -> str:
    text = TUTORIAL.replace('"module_name":"ss_lr"', f'"module_name":"{module}"')
    return text.replace("appImage: ss-lr", f"appImage: {image}").replace("name: job-ss-lr", f"name: {image}")


def test_the_first_failure_is_the_reason() -> None:
    @kn.operator(inputs=("data",), outputs=("result",))
    async def fails_first(party: kn.Party) -> None:
        """alice, of rank 1, fails; bob takes that for something else."""
        if party.domain == "alice":
            raise KusciaError("the reason")
        try:
            await party.link.receive()
        except PeerFailed:
            raise KusciaError("a consequence") from None

    job = kn.connect().apply(_task("fails_first", "fails-first"), replace=True)
    with pytest.raises(KusciaError, match="the reason"):
        job.wait()


def test_a_job_that_somebody_stopped_was_stopped() -> None:
    @kn.operator(inputs=("data",), outputs=("result",))
    async def waits(party: kn.Party) -> None:
        """Both talk on and on; who is left alone takes that for something else."""
        try:
            while True:
                await party.link.send(b"x", "a word")
                await party.link.receive()
        except PeerFailed:
            raise KusciaError("a consequence") from None

    cluster = kn.connect()
    for node in ("alice", "bob"):
        job = cluster.apply(_task("waits", "waits"), replace=True)
        end = time.monotonic() + 30
        while not len(job.trace.messages):
            assert time.monotonic() < end
            time.sleep(0.005)
        cluster.kubectl(
            f'patch kj waits -n cross-domain --node {node} --type merge -p \'{{"spec": {{"stage": "Stop"}}}}\''
        )
        with pytest.raises(JobStopped):
            job.wait(30)


# --- no HTTP ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\0", b"\xff" * 100, b"{"], ids=repr
)
def test_a_first_byte_that_begins_no_method(sent: bytes) -> None:
    with kn.connect() as cluster:
        port = int(cluster.up_http(0)["alice"].rpartition(":")[2])
        with closing(socket.create_connection(("127.0.0.1", port), timeout=4)) as connection:
            connection.sendall(sent)
            assert connection.recv(100) == b""  # long before the limit for headers
