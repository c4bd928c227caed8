"""A cluster with a storage folder of its own finds its jobs again: after its end, and after a crash."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_cluster import ALICE, BOB, put_own
from test_storage import small

import kuscia_nb as kn
from kuscia_nb.backends import keeper, recovery
from kuscia_nb.backends.node_file import NAME, News, NodeFile
from kuscia_nb.control.resources import KusciaJob
from kuscia_nb.errors import JobError, JobFailed, KusciaError

KILLS = int(os.environ.get("KUSCIA_NB_KILLS", "10"))
"""How many processes are killed; `KUSCIA_NB_KILLS=200 pytest tests/test_crash.py` takes some minutes."""


def seen(cluster: kn.Cluster, name: str) -> dict[str, str]:
    """What a person can see of a job that has ended, but for its traffic."""
    job = cluster.job(name)
    shown = {f"logs {node}": job.logs(node) for node in job.nodes}
    shown |= {f"env {node}": str(job.env(node)) for node in job.nodes}
    for node in job.nodes:
        for line in ("get kj -o yaml", "get kt -o yaml", f"describe kj {name}", "logs"):
            whole = f"logs {job.tasks['task'][0]} -n cross-domain" if line == "logs" else f"{line} -n cross-domain"
            shown[f"{line} {node}"] = cluster.kubectl(f"{whole} --node {node}").text
    return shown | {
        "phase": job.phase,
        "conditions": job.conditions.to_csv(),
        "tasks": job.tasks.to_csv(),
        "notes": str([*job.notes, *job.warnings]),
        "options": str(job.options),
        "manifest": str(job.manifest()),
        "started": str(cluster.jobs()),
        "elapsed": f"{job.elapsed:.0f}",
    }


def test_jobs_are_there_when_the_folder_is_opened_again(tmp_path: Path) -> None:
    with kn.connect(storage=tmp_path) as cluster:
        put_own(cluster, "own", alice=ALICE, bob=BOB)
        job = cluster.apply(small("kept"), seed=3).wait()
        weights, before = job.weights().to_csv(), seen(cluster, "kept")
        cluster.apply(small("deleted")).wait()
        cluster.delete("deleted")
        running = cluster.apply(small("stopped", num_epoch=100_000))
    assert running.phase == "Failed", "a cluster that is closed stops its jobs"
    with kn.connect(storage=tmp_path) as cluster:
        assert list(cluster.jobs()["name"]) == ["kept", "stopped"]
        cluster.delete("stopped")
        again = cluster.job("kept")
        assert again.weights().to_csv() == weights
        assert {key: text for key, text in seen(cluster, "kept").items() if text != before[key]} == {}
        assert again.ended()
        assert "its messages are kept in memory alone" in again._repr_mimebundle_()["text/html"]
        with pytest.raises(JobError, match="has no trace: the job ran in an earlier process"):
            _ = again.trace
        with pytest.raises(JobError, match="already exists and is finished"):
            cluster.apply(small("kept"))
        assert cluster.apply(small("kept"), seed=3, replace=True).wait().weights().to_csv() == weights


def test_a_temporary_cluster_writes_nothing_down() -> None:
    cluster = kn.connect()
    put_own(cluster, "own", alice=ALICE, bob=BOB)
    cluster.apply(small("temporary"), replace=True).wait()
    assert [path for folder in cluster.nodes.values() for path in folder.rglob("*.db*")] == []


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    kn.connect(storage=tmp_path).close()
    file = tmp_path / "bob" / "node.db"
    good = file.read_bytes()
    file.write_bytes(b"no database at all" * 100)
    with pytest.raises(KusciaError, match=r"bob/node\.db cannot be used: file is not a database") as caught:
        kn.connect(storage=tmp_path)
    assert "move it away" in caught.value.hint
    file.write_bytes(good)
    with sqlite3.connect(file) as database:
        database.execute("INSERT INTO object VALUES ('KusciaJob', 'odd', '{}')")
    database.close()
    with pytest.raises(KusciaError, match=r"bob/node\.db has what cannot be read"):
        kn.connect(storage=tmp_path)
    file.unlink()
    kn.connect(storage=tmp_path).close()


def test_a_job_says_when_it_cannot_be_written_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: NodeFile, news: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with kn.connect(storage=tmp_path) as cluster:
        put_own(cluster, "own", alice=ALICE, bob=BOB)
        with monkeypatch.context() as broken:
            broken.setattr(NodeFile, "write", full)
            job = cluster.apply(small("unwritten")).wait()
        assert [text for text in job.warnings if "cannot be written down (database or disk is full)" in text]
        assert not job.weights().empty
        cluster.apply(small("next")).wait()
    with kn.connect(storage=tmp_path) as cluster:
        assert {*cluster.jobs()["name"]} == {"unwritten", "next"}, "what could not be written is tried again"


def results(folder: Path) -> set[Path]:
    """The files of the job `cut`, on all nodes."""
    return {path.relative_to(folder) for path in folder.glob("*/cut-*/*") if path.is_file()}


def one_after_the_other(name: str) -> Any:
    """A job of two tasks."""
    job: Any = small(name)
    first = job["spec"]["tasks"][0]
    config = json.loads(first["taskInputConfig"]) | {"name": "second"}
    second = {"alias": "second", "dependencies": [first["alias"]], "taskInputConfig": json.dumps(config)}
    job["spec"]["tasks"].append(first | second)
    return job


@pytest.mark.parametrize("job", [small, one_after_the_other])
@pytest.mark.parametrize("often", [False, True], ids=["as it comes", "each change at once"])
def test_both_nodes_find_the_same_end_whichever_write_was_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, often: bool, job: Callable[[str], Any]
) -> None:
    whole = tmp_path / "whole"
    writes: list[tuple[str, News]] = []
    there: list[set[Path]] = []  # the results before each write
    write = NodeFile.write

    def written(file: NodeFile, news: News) -> None:
        if any(news):
            writes.append((file.path.parent.name, news))
            there.append(results(whole))
        write(file, news)

    with monkeypatch.context() as watched:
        watched.setattr(NodeFile, "write", written)
        if often:
            watched.setattr(keeper, "_given_ids", lambda domain, change: True)
        with kn.connect(storage=whole) as cluster:
            put_own(cluster, "own", alice=ALICE, bob=BOB)
            weights = cluster.apply(job("cut")).wait().weights().to_csv()
    ends: list[str] = []
    for count, files_there in enumerate([*there, results(whole)]):
        folder = tmp_path / f"cut-{count}"
        shutil.copytree(whole, folder, ignore=shutil.ignore_patterns(f"{NAME}*"))
        for path in results(whole) - files_there:
            (folder / path).unlink()
        files = {domain: NodeFile(folder / domain) for domain in ("alice", "bob")}
        for domain, news in writes[:count]:
            files[domain].write(news)
        for file in files.values():
            file.close()
        with kn.connect(storage=folder) as cluster:
            if list(cluster.jobs()["name"]):
                found = cluster.job("cut")
                assert found.ended(), count
                copies = [cluster.at(node).store.get(KusciaJob, "cut") for node in found.nodes]
                phases = {copy.status.phase for copy in copies if copy}
                assert phases == {found.phase}, f"after {count} writes of {len(writes)}"
                told = [copy.status.task_status if copy else {} for copy in copies]
                kept = {task for task in told[0] if all(own.get(task) == "Succeeded" for own in told)}
                assert len(results(folder)) == 4 * len(kept), "what both say has succeeded, and nothing else"
                assert found.phase != "Succeeded" or found.weights().to_csv() == weights
                ends.append(found.phase)
    assert ends == sorted(ends), "once it has succeeded, it has"
    assert {*ends} == {"Failed", "Succeeded"}


@pytest.mark.timeout(60 + 20 * KILLS)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that are killed")
def test_no_finished_job_is_lost_when_processes_are_killed(tmp_path: Path) -> None:
    script = Path(__file__).with_name("killed.py")
    command = [sys.executable, str(script), str(tmp_path / "nodes"), str(KILLS), "18"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60 + 20 * KILLS)
    assert ran.returncode == 0, ran.stderr
    finished = interrupted = 0
    for kill in map(json.loads, ran.stdout.splitlines()):
        assert kill["status"] == 0, ran.stderr
        ended = {line[1]: line[2] for line in kill["told"] if line[0] == "ended"}
        begun = {line[1] for line in kill["told"] if line[0] == "begun"}
        found = {line[0]: line[1:] for line in kill["found"]}
        assert found.pop("drafts") == [0]
        assert begun <= found.keys()
        for name, (phase, over, phases, what, files) in found.items():
            assert over, name
            assert {*phases} == {phase}, name
            if phase == "Succeeded":
                assert name not in ended or what == ended[name]
                assert files == 4, "a share and its description on each node"
                finished += 1
            else:
                assert name not in ended, f"{name} is lost: {what}"
                assert (phase, files) == ("Failed", 0)
                assert recovery.MESSAGE in what
                interrupted += 1
    print(f"{KILLS} processes killed: {finished} jobs had ended, {interrupted} had not")
    assert finished
    assert interrupted


def test_what_ran_has_failed_on_both_nodes_and_says_so(tmp_path: Path) -> None:
    """As kubectl and Python show it."""
    code = """
import sys; sys.path.insert(0, sys.argv[2])
import os, signal, kuscia_nb as kn
from test_storage import ALICE, BOB, put_own, small
cluster = kn.connect(storage=sys.argv[1])
put_own(cluster, "own", alice=ALICE, bob=BOB)
job = cluster.apply(small("long", num_epoch=100_000))
while not any(job.tasks["progress"] > 0):
    pass
cluster._backend._keeper.flush()
os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path), str(Path(__file__).parent)], check=False)
    assert killed.returncode == -9
    with kn.connect(storage=tmp_path) as cluster:
        job = cluster.job("long")
        assert job.ended()
        with pytest.raises(JobFailed, match="long failed: its kernel ended while it ran"):
            job.wait()
        assert list(job.tasks["phase"]) == ["Failed", "Failed"]
        for node in job.nodes:
            table = cluster.kubectl(f"get kt -n cross-domain --node {node}").text
            assert table.splitlines()[1].split()[-1] == "Failed"
            assert "its kernel ended" in cluster.kubectl(f"describe kj long -n cross-domain --node {node}").text
