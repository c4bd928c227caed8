"""Columns that are too large for memory come from a file, block by block: the same weights, and nothing left behind."""

from __future__ import annotations

import json
import stat
import sys
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

import kuscia_nb as kn
from kuscia_nb.data.blocks import Matrix, blocks, column_of, is_mapped, rows_at, some
from kuscia_nb.data.growing import Growing, Room, matrix_of
from kuscia_nb.data.memory import machine_memory
from kuscia_nb.data.tables import Tables
from kuscia_nb.errors import DataError, JobStopped, KusciaError
from kuscia_nb.operators.ss_lr.columns import Encoded, memory_of
from kuscia_nb.operators.ss_lr.scaling import Scaling

ROWS = 30_000
COLUMNS = {"alice": 5, "bob": 6}
LIMIT = 1
"""Megabytes. Each party may have half of it, and its columns take more: 4 bytes a number."""


# --- a matrix in a file ----------------------------------------------------------------------------------------------


def numbers(rows: int, columns: int) -> Matrix:
    return np.random.default_rng(rows).normal(size=(rows, columns)).astype(np.float32)


def parts(matrix: Matrix) -> Iterator[Matrix]:
    return (matrix[start : start + 900] for start in range(0, len(matrix), 900))


@pytest.mark.parametrize("expected", [1, 10_000, 90_000])
@pytest.mark.parametrize("limit", [100, 500_000, 10**9])
def test_a_matrix_is_the_same_wherever_it_is(tmp_path: Path, expected: int, limit: int) -> None:
    whole = numbers(10_000, 31)
    found = matrix_of(parts(whole), expected, 31, Room(limit, tmp_path))
    assert is_mapped(found) == (4 * 31 * max(len(whole), expected) > limit)
    assert np.array_equal(found, whole)
    features, chosen = found[:, :-1], np.arange(10_000) % 3 > 0
    assert np.array_equal(np.concatenate(list(blocks(features))), whole[:, :-1])
    assert np.array_equal(np.concatenate(list(some(features, chosen))), whole[chosen, :-1])
    assert np.array_equal(rows_at(features, 9_990, 10_010), whole[9_990:, :-1])
    assert np.array_equal(column_of(found, 30), whole[:, 30])


@pytest.mark.skipif(sys.platform == "win32", reason="a file that is open there has its name")
def test_its_file_has_no_name_and_is_its_owners(tmp_path: Path) -> None:
    growing = Growing(3, 10, Room(1, tmp_path))
    growing.append(numbers(10, 3))
    assert growing._file is not None
    assert stat.S_IMODE(Path(f"/dev/fd/{growing._file.fileno()}").stat().st_mode) == 0o600
    matrix = growing.values()
    assert list(tmp_path.iterdir()) == []
    assert is_mapped(matrix)
    with pytest.raises(ValueError, match="read-only"):
        matrix[0, 0] = 1


def test_where_it_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        Growing(3, 10, Room(1, tmp_path / "nowhere", "alice: data/my.csv"))
    assert caught.value.where == "alice: data/my.csv"
    assert "memory_limit" in str(caught.value.hint)


def test_a_table_is_kept_in_memory_only_as_far_as_it_may_be_there(tmp_path: Path) -> None:
    path, node = tmp_path / "my.csv", Tables()
    pd.DataFrame(numbers(2_000, 5)).to_csv(path, index=False)
    before = path.stat().st_mtime_ns
    while time.time_ns() - before < 200_000_000:  # a file is kept when it is known not to change any more
        time.sleep(0.01)
    kept = node.read(path, 1, "my.csv")
    assert node.read(path, 1, "my.csv", memory=40_000) is kept
    small = node.read(path, 1, "my.csv", memory=39_999)
    assert is_mapped(small.values)
    assert np.array_equal(small.values, kept.values)
    assert node.read(path, 1, "my.csv") is not small, "a job's file goes with the job"


@pytest.mark.parametrize("columns", [2, 3, 31])
def test_scaling_by_blocks_is_that_of_the_whole(columns: int) -> None:
    x = numbers(200_000, columns) * np.float32(1e3) + np.float32(5)
    found, whole = Scaling.of("standard", x), x.astype(np.float64)
    assert np.array_equal(found.first, whole.mean(axis=0))
    assert np.array_equal(found.second, whole.std(axis=0))


def test_what_fits_is_kept_in_the_ring_from_epoch_to_epoch(tmp_path: Path) -> None:
    x = numbers(100, 10)  # 4,000 bytes, and 8,000 in the ring
    assert [Encoded(x, 18, memory).kept for memory in (11_999, 12_000)] == [False, True]
    assert not Encoded(matrix_of([x], 100, 10, Room(1, tmp_path)), 18, 1e9).kept


def test_the_limit_is_for_both_parties() -> None:
    assert memory_of({"kuscia_nb.memory_limit": "300"}) == 150e6
    assert memory_of({}) == machine_memory() / 4 > 0


@pytest.mark.parametrize("limit", [0, -1, 1.5, "300 MB"])
def test_what_a_limit_cannot_be(cluster: kn.Cluster, limit: Any) -> None:
    with pytest.raises(KusciaError, match=r"memory_limit .* is not possible"):
        cluster.apply(kn.tutorial_manifest(), memory_limit=limit)


# --- jobs ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kn.Cluster]:
    with kn.connect(storage=tmp_path_factory.mktemp("nodes")) as cluster:
        for node, columns in COLUMNS.items():
            frame = pd.DataFrame(numbers(ROWS, columns), columns=[f"{node}{i}" for i in range(columns)])
            cluster.put(node, "plain.csv", frame)
            cluster.put(node, "label.csv", frame.assign(y=(frame[f"{node}0"] > 0).astype(int)))
        cluster.put("bob", "short.csv", pd.DataFrame(numbers(ROWS - 1, COLUMNS["bob"])))
        yield cluster


def start(cluster: kn.Cluster, labels: str, bob: str = "", common: Any = None, **options: Any) -> kn.Job:
    own = {node: "label.csv" if node == labels else "plain.csv" for node in COLUMNS}
    document = yaml.safe_load(kn.tutorial_manifest())
    task = document["spec"]["tasks"][0]
    config = json.loads(task["taskInputConfig"])
    for role, node in (("host", "alice"), ("guest", "bob")):
        config["task_params"][role]["0"] |= {"name": own[node], "has_label": node == labels}
    if bob:
        config["task_params"]["guest"]["0"]["name"] = bob
    config["task_params"]["common"] |= {"batch_size": 500, "learning_rate": 0.01} | (common or {})
    task["taskInputConfig"] = json.dumps(config)
    return cluster.apply(document, replace=True, **options)


def shares(job: kn.Job) -> list[list[int]]:
    return [job.wait(120).shares(node)["ring"].tolist() for node in COLUMNS]


@pytest.mark.parametrize(
    ("strategy", "labels", "common"),
    [
        *product(("preprocessed", "interconnection"), ("alice", "bob"), ({"num_epoch": 2},)),
        ("preprocessed", "alice", {"scale": "standard", "holdout": 0.1}),
        ("preprocessed", "bob", {"scale": "minmax"}),
    ],
)
def test_the_same_weights_from_a_file(cluster: kn.Cluster, strategy: Any, labels: str, common: Any) -> None:
    there = shares(start(cluster, labels, common=common, strategy=strategy, seed=3))
    again = shares(start(cluster, labels, common=common, strategy=strategy, seed=3))
    job = start(cluster, labels, common=common, strategy=strategy, seed=3, memory_limit=LIMIT)
    assert there == again == shares(job)
    notes = [str(note) for note in job.notes if "block by block" in str(note)]
    assert [note.split()[0] for note in sorted(notes)] == ["alice", "bob"]


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="nobody says what is mapped")
def test_nothing_is_left_of_the_file(cluster: kn.Cluster) -> None:
    folders = cluster.nodes.values()

    def files() -> list[str]:
        """Of the cluster, mapped into memory."""
        return [
            line
            for line in Path("/proc/self/maps").read_text().splitlines()
            if any(str(folder) in line for folder in folders)
        ]

    start(cluster, "alice", memory_limit=LIMIT).wait(120)
    assert not files()
    with pytest.raises(DataError, match="sample size"):
        start(cluster, "alice", "short.csv", memory_limit=LIMIT).wait(120)
    assert not files()
    job = start(cluster, "alice", common={"num_epoch": 10_000}, memory_limit=LIMIT)
    deadline = time.monotonic() + 60
    while not files():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    job.stop()
    with pytest.raises(JobStopped):
        job.wait(120)
    assert not files()
    assert {path.name for path in (cluster.nodes["alice"] / "data").iterdir()} >= {"plain.csv", "label.csv"}
