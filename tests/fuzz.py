"""Inputs that are nearly right, for everything that reads what others have written.

    python tests/fuzz.py --inputs 1000000        (make fuzz)
    python tests/fuzz.py --only csv --inputs 5000 --seed 3

Each reader has valid texts, trees or bytes to begin with; one to four seeded mutations make something else of them. It
has to come back, or to raise the error that it promises, within two seconds of processor time.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import re
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fuzz_wire import LIMIT, Reader, of_connections, of_the_wire
from test_bfia import TUTORIAL
from test_cluster import ALICE, BOB, put_own
from test_storage import small

import kuscia_nb as kn
from kuscia_nb.backends.local import LocalBackend
from kuscia_nb.bfia.handlers import ROUTES, Handlers
from kuscia_nb.bfia.reader import from_dict as request_from_dict
from kuscia_nb.bfia.reader import read_request
from kuscia_nb.bfia.wire import Request
from kuscia_nb.control import manifest as manifests
from kuscia_nb.control.app_images import furnish
from kuscia_nb.control.node import Node
from kuscia_nb.control.resources import KusciaJob, TaskInputConfig
from kuscia_nb.data.table import read_table
from kuscia_nb.faults import parse
from kuscia_nb.observer import file as run_file
from kuscia_nb.operators.shares import read_share
from kuscia_nb.panel.requests import answer
from kuscia_nb.trace.trace import Trace

ODD = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, -(2**63), 1e308, 1e400, -0.0, 0.1),
    *("", " ", "\0", "\ud800", "null", "1e999", "ss_lr", "../../etc", "alice", "x" * 300, "名", "{{a}}", "$(a)"),
    *([], {}, [[]], {"": None}, [None] * 3, {"a": {"a": {"a": {}}}}),
)
TOKENS = (
    *("", "\0", "\n", "\r\n", "\t", " ", ",", ":", "- ", "{", "}", "[", "]", '"', "'", "\\", "|", ">", "&a ", "*a "),
    *("!!", "%", "#", "---\n", "null", "true", "-1", "1e400", "nan", "inf", "0x10", "1_000", "9" * 400, "\ufeff", "é"),
    *(
        "\u202e",
        "--all",
        "-n",
        "-o",
        "=",
        "jsonpath={.a[?(@.b)]}",
        "{..}",
        "{{a}}",
        "-h",
        "--node",
        "@",
        "/",
        "..",
        "~",
    ),
)


# --- mutations -------------------------------------------------------------------------------------------------------


def mutated(value: Any, draw: random.Random) -> Any:
    """Something near to a text, bytes or a tree."""
    for _ in range(draw.randint(1, 4)):
        if isinstance(value, str):
            value = _text(value, draw)
        elif isinstance(value, bytes):
            value = _bytes(value, draw)
        else:
            value = _tree(copy.deepcopy(value), draw)
    return value


def _span(length: int, draw: random.Random) -> tuple[int, int]:
    begin = draw.randint(0, length)
    return begin, min(length, begin + int(draw.expovariate(1 / 8)))


def _text(text: str, draw: random.Random) -> str:
    begin, end = _span(len(text), draw)
    match draw.randrange(7):
        case 0:
            return text[:begin] + text[end:]
        case 1:
            return text[:begin] + text[begin:end] * draw.randint(2, 30) + text[end:]
        case 2:
            return text[:begin]
        case 3:
            return text[:begin] + chr(draw.choice((draw.randrange(128), draw.randrange(0x3000)))) + text[end:]
        case 4:
            lines = text.splitlines(keepends=True) or [""]
            draw.shuffle(lines) if draw.random() < 0.2 else lines.insert(0, lines.pop(draw.randrange(len(lines))))
            return "".join(lines)
        case 5:
            numbers = [*re.finditer(r"\d+", text)] or [None]
            found = draw.choice(numbers)
            return text[: found.start()] + str(draw.choice(ODD)) + text[found.end() :] if found else text
    return text[:begin] + draw.choice(TOKENS) + text[end:]


def _bytes(content: bytes, draw: random.Random) -> bytes:
    begin, end = _span(len(content), draw)
    match draw.randrange(6):
        case 0:
            return content[:begin] + content[end:]
        case 1:
            return content[:begin] + content[begin:end] * draw.randint(2, 30) + content[end:]
        case 2:
            return content[:begin]
        case 3 if content:
            at = draw.randrange(len(content))
            return content[:at] + bytes([content[at] ^ 1 << draw.randrange(8)]) + content[at + 1 :]
        case 4:
            return content[:begin] + draw.choice((b"\xff" * 9, b"\0" * 8, b"\x80", b"\x7f\xff\xff\xff")) + content[end:]
    return content[:begin] + draw.choice(TOKENS).encode() + content[end:]


def _tree(tree: Any, draw: random.Random) -> Any:
    places = [*_places(tree)]
    if not places:
        return copy.deepcopy(draw.choice(ODD))
    holder, key = draw.choice(places)
    match draw.randrange(6):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, list):
            holder.insert(key, copy.deepcopy(holder[draw.randrange(len(holder))]))
        case 1:
            holder[draw.choice((str(key).upper(), f"{key}s", str(key)[:-1], ""))] = holder.pop(key)
        case 2:
            other, at = draw.choice(places)
            if at in other if isinstance(other, dict) else at < len(other):
                holder[key] = copy.deepcopy(other[at])
        case 3 if isinstance(holder[key], str):
            holder[key] = _text(holder[key], draw)
        case 4:
            times = min(draw.randint(1, 200), 1 + _LARGEST // len(repr(holder[key])))
            holder[key] = [copy.deepcopy(holder[key])] * times
        case _:
            holder[key] = copy.deepcopy(draw.choice(ODD))
    return tree


_LARGEST = 100_000
"""Characters that something repeated has at most: a reader may take as long as its input is."""


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every value in a tree, by what holds it."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in [*items]:
        yield tree, key
        yield from _places(value)


# --- readers ---------------------------------------------------------------------------------------------------------


@contextmanager
def readers() -> Iterator[Mapping[str, Reader]]:
    """Every reader by name, with what it needs."""
    with tempfile.TemporaryDirectory() as name, kn.Cluster(LocalBackend()) as cluster:
        folder = Path(name)
        with of_connections(folder) as connections:
            yield {
                **_of_texts(),
                **_of_files(folder, cluster),
                **_of_nodes(folder, cluster),
                **of_the_wire(),
                **connections,
            }


def _of_texts() -> dict[str, Reader]:
    manifest, job = kn.tutorial_manifest(), small("fuzz")
    request = json.loads(TUTORIAL)
    config = json.loads(job["spec"]["tasks"][0]["taskInputConfig"])  # type: ignore[index]
    return {
        "manifest": Reader([manifest, json.dumps(job)], manifests.read_manifest),
        "manifest tree": Reader([job], manifests.from_dict),
        "request": Reader([json.dumps(request, indent=1)], read_request),
        "request tree": Reader([request], request_from_dict),
        "task input config": Reader([config], lambda tree: manifests.from_dict(_with_config(job, tree))),
        "faults": Reader(["drop:7, flip:3@alice#5", "disk-full@bob"], parse),
        "stored objects": Reader(
            [json.dumps(manifests.from_dict(job).manifest())], KusciaJob.model_validate_json, (ValueError,)
        ),
        "stored config": Reader([json.dumps(config)], TaskInputConfig.from_json, (ValueError,)),
    }


def _with_config(job: Mapping[str, Any], config: object) -> dict[str, Any]:
    (task,) = job["spec"]["tasks"]
    return {**job, "spec": {**job["spec"], "tasks": [{**task, "taskInputConfig": json.dumps(config)}]}}


def _of_files(folder: Path, cluster: kn.Cluster) -> dict[str, Reader]:
    put_own(cluster, "own", alice=ALICE, bob=BOB)
    job = cluster.apply(small("fuzzed"), trace="full", seed=1).wait()
    trace = job.trace.save(folder / "good.trace").read_bytes()
    run = run_file.save(job._run, folder / "good.run").read_text()
    share = next(cluster.nodes["alice"].glob("fuzzed-*/*result"))
    shares = share.read_text(), share.with_name(f"{share.name}.json").read_text()
    csv = "id,a,b,y\nu1,0.5,-1,0\nu2,1e-3,2,1\nu3,0.25,0.125,1\n"

    def written(name: str, read: Callable[[Path], object]) -> Callable[[Any], object]:
        path = folder / name

        def reading(content: str | bytes) -> object:
            path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
            return read(path)

        return reading

    def read_both(text: str) -> object:
        values, _, description = text.partition("\n\f\n")
        (folder / "share").write_text(values, "utf-8", "replace")
        (folder / "share.json").write_text(description, "utf-8", "replace")
        return read_share(folder / "share")

    def traced(content: dict[str, str]) -> object:
        with zipfile.ZipFile(folder / "odd.trace", "w") as archive:
            for name, text in content.items():
                if isinstance(text, str) and isinstance(name, str):
                    archive.writestr(name.replace("\0", "") or "x", text.encode("latin-1", "replace"))
        return Trace.load(folder / "odd.trace").record

    with zipfile.ZipFile(folder / "good.trace") as archive:
        entries = {name: archive.read(name).decode("latin-1") for name in archive.namelist()}
    return {
        "csv": Reader([csv, csv.encode()], written("odd.csv", lambda path: read_table(path, 1, "odd.csv"))),
        "csv with ids": Reader([csv], written("odd.csv", lambda path: read_table(path, 1, "odd.csv", "id"))),
        "share": Reader(["\n\f\n".join(shares)], read_both),
        "trace": Reader([trace], written("odd.trace", lambda path: Trace.load(path).record)),
        "trace entries": Reader([entries], traced),
        "run": Reader([run], written("odd.run", run_file.load)),
    }


def _of_nodes(folder: Path, cluster: kn.Cluster) -> dict[str, Reader]:
    node = Node("alice", folder / "alone")
    furnish(node, ("alice", "bob"))
    handlers = Handlers(node)
    named = {"job_id": "fuzz", "task_id": "t"}
    calls = [
        {"method": method, "path": path, "body": json.loads(TUTORIAL) if path.endswith("job/create") else named}
        for method, path in ROUTES
    ]

    def handled(call: Any) -> object:
        if not isinstance(call, dict):
            return None
        method, path, content = (call.get(key, "") for key in ("method", "path", "body"))
        text = content if isinstance(content, str) else json.dumps(content)
        if not (isinstance(method, str) and isinstance(path, str)):
            return None
        response = handlers(Request(method, path, {}, text.encode("utf-8", "replace")))
        for job in node.store.objects(KusciaJob):
            node.delete(KusciaJob, job.name)
        if response.status >= 500 or b'"code":5' in response.body:
            raise AssertionError(response)
        return response

    lines = [
        "get kj -n cross-domain -o yaml",
        "get kt -A -o custom-columns=N:.metadata.name,P:.status.phase",
        "get kj fuzzed -n cross-domain -o jsonpath='{.spec.tasks[0].alias}{\"\\n\"}'",
        "describe kj fuzzed -n cross-domain --node bob",
        "label kj fuzzed -n cross-domain a=b --overwrite",
        "annotate kj fuzzed -n cross-domain a=b",
        'patch kj fuzzed -n cross-domain --type merge -p \'{"metadata":{"labels":{"a":"b"}}}\'',
        "get aimg --sort-by=.metadata.name --show-labels",
        "explain kj.spec.tasks --recursive",
    ]

    def typed(line: str) -> object:
        if re.search(r"(?i)\bwait|-\w*[wf]|watch|follow|delete|apply|create", line):
            return None  # what waits, and what makes and removes objects, is for its own tests
        return cluster.kubectl(line)

    editing = {"magic": "kusciajob", "text": kn.tutorial_manifest()}
    requests = [
        {"id": 1, "method": "complete", "params": {**editing, "line": 3, "column": 2}},
        {"id": 2, "method": "check", "params": {"magic": "kusciajob", "text": json.dumps(small("fuzz"))}},
        {"id": 3, "method": "preview", "params": {"node": "alice", "name": "own.csv"}},
        {"id": 4, "method": "yaml", "params": {"node": "alice", "job": "fuzzed"}},
        {"id": 5, "method": "line", "params": {"what": "get", "job": "fuzzed"}},
    ]
    return {
        "http": Reader([*calls], handled),
        "kubectl": Reader([*lines], typed),
        "panel": Reader([*requests], lambda tree: answer(tree) if isinstance(tree, dict) else None),
        "magic": Reader(["--trace full -o job job.yaml", "--seed 5 --inject 'drop:7' --time-limit 3"], _magic),
    }


def _magic(line: str) -> object:
    from kuscia_nb.magics.kusciajob import KusciaMagics
    from kuscia_nb.magics.options import parsed

    if re.search(r"-h|--he?l?p?", line):
        return None  # it prints
    return parsed(KusciaMagics.kusciajob, line, None, cell=True)


# --- running ---------------------------------------------------------------------------------------------------------


def fuzz(name: str, reader: Reader, inputs: int, seed: int) -> Iterator[str]:
    """So many inputs; what is found, in words that find it again."""
    for number in range(inputs):
        draw, where = random.Random(f"{name}/{seed}/{number}"), f"{name}, seed {seed}, input {number}"
        value = mutated(draw.choice(reader.seeds), draw)
        begin = time.thread_time()
        try:
            reader.read(value)
        except reader.errors:
            pass
        except Exception as error:
            yield f"{where}: {type(error).__name__}: {str(error)[:200]!r} of {str(value)[:200]!r}"
        if (took := time.thread_time() - begin) > LIMIT:
            yield f"{where}: {took:.1f} s of {str(value)[:200]!r}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=10_000, help="for each reader")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="readers with this in their name")
    arguments = parser.parse_args()
    every, taken = [], 0.0
    with readers() as known:
        chosen = {name: reader for name, reader in known.items() if arguments.only in name}
        for name, reader in chosen.items():
            begin, found = time.monotonic(), []
            for what in fuzz(name, reader, arguments.inputs, arguments.seed):
                print(what)
                found.append(what)
            took = time.monotonic() - begin
            print(f"{name}: {arguments.inputs:,} inputs, {len(found)} found, {took:.1f} s", flush=True)
            every, taken = every + found, taken + took
    hours = taken / arguments.inputs * 1e6 / 3600
    print(f"{len(chosen)} readers, {len(every)} found, {taken:.0f} s; a million inputs for each take {hours:.0f} hours")
    sys.exit(bool(every))


if __name__ == "__main__":
    main()
