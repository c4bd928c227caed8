"""What is on disk, and who may have it: one process, nobody else's eyes, no halves, nothing of failed tasks."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_cluster import ALICE, BOB, manifest, put_own

import kuscia_nb as kn
from kuscia_nb.control.kinds import Domain, DomainSpec, KusciaTask
from kuscia_nb.control.objects import Metadata
from kuscia_nb.control.store import Store, owned_by
from kuscia_nb.errors import DataError, JobFailed, KusciaError

HOLDS = """
import sys, kuscia_nb as kn
cluster = kn.connect(storage=sys.argv[1])
print("up", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kn.Cluster]:
    cluster = kn.connect(storage=tmp_path_factory.mktemp("storage") / "nodes")
    yield cluster
    cluster.close()


def small(name: str, **options: object) -> dict[str, object]:
    return manifest(
        name, alice={"name": "own.csv"}, bob={"name": "own.csv"}, batch_size=4, learning_rate=0.1, **options
    )


def test_a_folder_is_one_process_at_a_time(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDS, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "up\n"
        with pytest.raises(KusciaError, match=f"is in use by process {other.pid}"):
            kn.connect(storage=tmp_path)
        other.kill()
    own = kn.connect(storage=tmp_path)
    assert kn.connect(storage=f"{tmp_path}/../{tmp_path.name}") is own, "a cell may run twice"
    own.close()
    again = kn.connect(storage=tmp_path)
    assert again is not own
    again.close()


def test_who_could_not_begin_can_try_again(tmp_path: Path) -> None:
    (tmp_path / "alice").write_text("a file where alice's folder would be")
    with pytest.raises(KusciaError, match="cannot be the storage: Not a directory"):
        kn.connect(storage=tmp_path)
    (tmp_path / "alice").unlink()
    kn.connect(storage=tmp_path).close()


def test_what_a_killed_process_was_writing_is_removed(tmp_path: Path) -> None:
    kn.connect(storage=tmp_path).close()
    results = tmp_path / "alice" / "job-host-0"
    results.mkdir()
    for name in (".task-result.1a2b3c4d.draft", ".task-result.json.00ff00ff.draft", ".log.20261127", "task-result"):
        (results / name).write_text("half")
    kn.connect(storage=tmp_path).close()
    assert sorted(path.name for path in results.iterdir()) == [".log.20261127", "task-result"]


def test_nobody_else_can_read_what_is_stored(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with kn.connect(storage=tmp_path / "new" / "nodes") as cluster:
            put_own(cluster, "own", alice=ALICE, bob=BOB)
            (tmp_path / "mine.csv").write_text("a\n1\n")
            cluster.put("bob", "copied.csv", tmp_path / "mine.csv")
            job = cluster.apply(small("private")).wait()
            job.trace.save(tmp_path / "saved.trace")
            job.model().save(tmp_path / "saved.json")
    finally:
        os.umask(before)
    made = [tmp_path / "new", *(tmp_path / "new").rglob("*"), tmp_path / "saved.trace", tmp_path / "saved.json"]
    assert len([path for path in made if "private-" in path.as_posix()]) == 6  # two folders, shares, descriptions
    assert {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in made if path.stat().st_mode & 0o077} == {}


@pytest.mark.parametrize("node", ["alice", "bob"])
def test_a_failed_task_leaves_no_result_on_either_node(cluster: kn.Cluster, node: str) -> None:
    put_own(cluster, "own", alice=ALICE, bob=BOB)
    name = f"nowhere-{node}"
    in_the_way = cluster.nodes[node] / f"{name}-{'host' if node == 'alice' else 'guest'}-0"
    in_the_way.write_text("a file where the folder of results would be")
    job = cluster.apply(small(name))
    with pytest.raises(DataError) as caught:
        job.wait()
    assert str(caught.value.where).startswith(f"{node}: {in_the_way.name}/")
    assert caught.value.what == "the file cannot be written: Not a directory"
    left = [path for folder in cluster.nodes.values() for path in folder.rglob(f"{name}*/*")]
    assert left == []


def test_a_disk_that_is_full_is_named_with_the_node(cluster: kn.Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    put_own(cluster, "own", alice=ALICE, bob=BOB)
    replace, full = os.replace, []

    def no_room(source: Path, target: Path) -> None:
        if "alice" in Path(target).parts and not Path(target).name.endswith(".json"):
            full.append(target)
            raise OSError(28, os.strerror(28))
        replace(source, target)

    monkeypatch.setattr("os.replace", no_room)
    job = cluster.apply(small("full"))
    with pytest.raises(DataError, match=r"cannot be written: No space left on device") as caught:
        job.wait()
    assert str(caught.value.where).startswith("alice: full-host-0/")
    assert full
    assert [path for folder in cluster.nodes.values() for path in folder.rglob("full*/*")] == []


def test_a_job_beyond_its_time_limit_fails_on_both_nodes(cluster: kn.Cluster) -> None:
    put_own(cluster, "own", alice=ALICE, bob=BOB)
    job = cluster.apply(small("slow", num_epoch=100_000), time_limit=0.2)
    with pytest.raises(JobFailed, match=r"longer than its time limit of 0\.2 seconds"):
        job.wait(60)
    for node in ("alice", "bob"):
        text = cluster.kubectl(f"get kj slow -n cross-domain -o jsonpath={{.status.message}} --node {node}").text
        assert "longer than its time limit of 0.2 seconds" in text
    quick = cluster.apply(small("quick"), time_limit=60).wait()
    assert quick.phase == "Succeeded"
    for thread in threading.enumerate():
        if "limits quick" in thread.name:
            thread.join(10)  # it ends with the job, not with the limit
            assert not thread.is_alive()


def test_a_limit_is_a_time(cluster: kn.Cluster) -> None:
    for wrong in (0, -1, "soon", float("nan")):
        with pytest.raises(KusciaError, match="time_limit"):
            cluster.apply(small("never"), time_limit=wrong)  # type: ignore[arg-type]


def test_deleting_is_about_what_is_owned_alone() -> None:
    """A deletion costs what it deletes, not what the store has: each listing of a kind counts."""
    store = Store("alice")
    owners = [store.create(Domain(metadata=Metadata(name=f"owner-{i}"), spec=DomainSpec())) for i in range(50)]
    for i, owner in enumerate(owners):
        for j in range(3):
            store.create(
                Domain(metadata=Metadata(name=f"part-{i}-{j}", owner_references=(owned_by(owner),)), spec=DomainSpec())
            )
    assert [part.name for part in store.owned(Domain, owners[7])] == ["part-7-0", "part-7-1", "part-7-2"]
    assert store.owned(KusciaTask, owners[7]) == []
    store.delete(Domain, "part-7-1")
    assert [part.name for part in store.owned(Domain, owners[7])] == ["part-7-0", "part-7-2"]
    listed = []
    store.objects = lambda kind: listed.append(kind) or []  # type: ignore[method-assign]
    for owner in owners:
        store.delete(Domain, owner.name)
    assert listed == []
    del store.objects
    assert store.objects(Domain) == []
