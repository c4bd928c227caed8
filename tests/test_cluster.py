"""A cluster in a program, without a notebook: nodes, jobs, what they leave behind, and how they fail.

One tutorial job is run for the whole module; jobs on small data of their own show the rest.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

import kuscia_nb as kn
from kuscia_nb.backends.base import PATIENCE
from kuscia_nb.backends.local import LocalBackend
from kuscia_nb.bfia.wire import Request, Response
from kuscia_nb.connection import disconnect
from kuscia_nb.control.kinds import KusciaTask
from kuscia_nb.errors import DataError, JobError, JobFailed, JobStopped, KusciaError, ManifestError, ParameterError
from kuscia_nb.observer.observer import Observer
from kuscia_nb.observer.runs import Run
from kuscia_nb.operators.ss_lr.program import ss_lr
from kuscia_nb.options import Options, Strategy

ULP = 2.0**-18
FOREVER = 100_000
"""Epochs: a job of them runs until it is stopped."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kn.Cluster]:
    cluster = kn.connect(storage=tmp_path_factory.mktemp("nodes"))
    yield cluster
    cluster.close()


@pytest.fixture(scope="module")
def job(cluster: kn.Cluster) -> kn.Job:
    """The tutorial's job, finished."""
    return cluster.apply(kn.tutorial_manifest()).wait()


@pytest.fixture
def shared() -> Iterator[kn.Cluster]:
    """The cluster that `connect()` gives out, fresh."""
    disconnect()
    yield kn.connect()
    disconnect()


def manifest(
    name: str, *, alice: dict[str, Any] | None = None, bob: dict[str, Any] | None = None, **common: Any
) -> dict[str, Any]:
    """The tutorial's job with another name and other parameters."""
    job = YAML(typ="safe").load(kn.tutorial_manifest())
    job["metadata"]["name"] = name
    task = job["spec"]["tasks"][0]
    config = json.loads(task["taskInputConfig"])
    config["task_params"]["host"]["0"] |= alice or {}
    config["task_params"]["guest"]["0"] |= bob or {}
    config["task_params"]["common"] |= common
    task["taskInputConfig"] = json.dumps(config)
    return job


def until(condition: Callable[[], bool]) -> None:
    """Return as soon as the condition holds."""
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        threading.Event().wait(0.005)


def computing(job: kn.Job) -> bool:
    """Whether the parties have begun to exchange shares."""
    return "ALLGATHER" in set(job.trace.messages["kind"])


def task_id(job: kn.Job) -> str:
    return str(job.tasks["task"].iloc[0])


def ring(share: pd.DataFrame) -> np.ndarray:
    return share["ring"].to_numpy(np.uint64)


def signed(ring: np.ndarray) -> np.ndarray:
    """The numbers that ring elements stand for at 18 fraction bits."""
    return ring.view(np.int64) * ULP


# --- clusters and nodes ----------------------------------------------------------------------------------------------


def test_connect_gives_one_shared_cluster(shared: kn.Cluster, tmp_path: Path) -> None:
    assert kn.connect() is shared
    own = kn.connect(storage=tmp_path)
    assert own is not shared
    assert set(own.nodes.values()).isdisjoint(shared.nodes.values())
    own.close()
    assert kn.connect() is shared, "another cluster's end is none of its business"


def test_threads_that_connect_at_once_get_the_same() -> None:
    disconnect()
    together, found = threading.Barrier(8), []

    def connect() -> None:
        together.wait()
        found.append(kn.connect())

    threads = [threading.Thread(target=connect) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [kn.connect()] * 8
    disconnect()


def test_a_closed_cluster_is_not_given_out_again(shared: kn.Cluster) -> None:
    shared.close()
    assert kn.connect() is not shared
    assert sorted(kn.connect().data("alice")["name"]) == ["perfect_logit_a.csv"]


@pytest.mark.parametrize(
    "act",
    [
        lambda cluster: cluster.apply(kn.tutorial_manifest()),
        lambda cluster: cluster.submit({}),
        lambda cluster: cluster.kubectl("get kj"),
        lambda cluster: cluster.put("alice", "a.csv", pd.DataFrame()),
        lambda cluster: cluster.data("alice"),
        lambda cluster: cluster.job("job-ss-lr"),
        lambda cluster: cluster.delete("job-ss-lr"),
        lambda cluster: cluster.up_http(0),
    ],
    ids=["apply", "submit", "kubectl", "put", "data", "job", "delete", "up_http"],
)
def test_a_closed_cluster_says_so(shared: kn.Cluster, act: Callable[[kn.Cluster], object]) -> None:
    """A job of it would stay pending for ever, and its folder come back to stay."""
    storage = shared.nodes["alice"].parent
    shared.close()
    with pytest.raises(KusciaError, match="this cluster was closed") as caught:
        act(shared)
    assert "kn.connect()" in caught.value.hint
    assert not storage.exists()


def test_a_storage_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KusciaError, match="file cannot be the storage: Not a directory"):
        kn.connect(storage=tmp_path / "file")
    with pytest.raises(KusciaError, match="5 cannot be the storage"):
        kn.connect(storage=5)  # type: ignore[arg-type]


def test_open_ports_are_not_opened_elsewhere(tmp_path: Path) -> None:
    with kn.connect(storage=tmp_path) as cluster:
        urls = cluster.up_http(0)
        port = int(urls["alice"].rpartition(":")[2])
        assert cluster.up_http() == cluster.up_http(0) == cluster.up_http(port) == urls
        with pytest.raises(KusciaError, match=f"the ports are open already, alice's at {port}"):
            cluster.up_http(port + 1)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"listen": 8084}, r"listen is a text, this is 8084\n.*127.0.0.1:8084"),
        ({"ttp": 9449}, "ttp is a text"),
        ({"peers": "bob"}, "peers are URLs by the nodes' names"),
        ({"peers": {"bob": 8085}}, "peers are URLs by the nodes' names"),
    ],
)
def test_what_a_node_is_told_wrongly(wrong: Any, said: str) -> None:
    right: Any = {"name": "alice", "peers": {"bob": "http://127.0.0.1:8085"}, "ttp": "http://127.0.0.1:9449"}
    with pytest.raises(KusciaError, match=said):
        kn.connect("node", **{**right, **wrong})


def test_a_name_that_is_no_text_is_unknown_like_another(shared: kn.Cluster) -> None:
    for ask in (shared.job, shared.data, shared.delete, kn.template):
        with pytest.raises(KusciaError, match=r"no .* 5"):
            ask(*([5, "x.csv"] if ask == shared.data else [5]))  # type: ignore[operator]


def test_connect_knows_what_there_is() -> None:
    with pytest.raises(KusciaError, match="cannot connect to 'dokcer'") as caught:
        kn.connect("dokcer")
    assert "local" in caught.value.hint
    assert "docker" in caught.value.hint
    with pytest.raises(KusciaError, match="cannot connect to 8084"):
        kn.connect(8084)  # type: ignore[arg-type]
    with pytest.raises(KusciaError, match="nodes are named for containers"):
        kn.connect(nodes={"alice": "some-container"})


def test_close_removes_temporary_storage_and_stops_jobs(shared: kn.Cluster) -> None:
    running = shared.apply(manifest("long", num_epoch=FOREVER))
    until(lambda: computing(running))
    folders = list(shared.nodes.values())
    assert all((folder / "data").is_dir() for folder in folders)
    shared.close()
    assert not any(folder.exists() for folder in folders)
    assert running.phase == "Failed"
    assert not [thread for thread in threading.enumerate() if thread.name == "kuscia_nb long"]
    with pytest.raises(JobStopped):
        running.wait()


def test_files_in_a_storage_of_ones_own_stay(tmp_path: Path) -> None:
    first = kn.connect(storage=tmp_path)
    first.put("bob", "kept.csv", pd.DataFrame({"a": [1]}))
    first.close()
    again = kn.connect(storage=tmp_path)
    assert again.data("bob", "kept.csv")["a"].tolist() == [1]
    again.close()


def test_each_node_has_its_own_data_only(cluster: kn.Cluster, job: kn.Job, tmp_path: Path) -> None:
    alice, bob = (cluster.nodes[node].resolve() for node in ("alice", "bob"))
    assert not alice.is_relative_to(bob)
    assert not bob.is_relative_to(alice)
    (tmp_path / "copied.csv").write_text("a,b\n1,2\n")
    assert cluster.put("alice", "own.csv", pd.DataFrame({"a": [1, 2]})).resolve().is_relative_to(alice)
    assert cluster.put("alice", "copy.csv", tmp_path / "copied.csv").read_text() == "a,b\n1,2\n"
    assert {"perfect_logit_a.csv", "own.csv", "copy.csv"} <= set(cluster.data("alice")["name"])
    at_bob = [path.name for path in bob.rglob("*")]
    assert not {"perfect_logit_a.csv", "own.csv", "copy.csv", "job-ss-lr-host-0"} & set(at_bob)
    assert "perfect_logit_b.csv" in at_bob
    assert "perfect_logit_b.csv" not in [path.name for path in alice.rglob("*")]


def test_the_tutorials_files(cluster: kn.Cluster) -> None:
    alice, bob = cluster.data("alice", "perfect_logit_a.csv"), cluster.data("bob", "perfect_logit_b.csv")
    assert list(alice) == [*(f"x{i}" for i in range(1, 11)), "y"]
    assert list(bob) == [f"x{i}" for i in range(11, 21)]
    assert len(alice) == len(bob) == 10_000


@pytest.mark.parametrize("name", ["../x.csv", "a/b.csv", "..", ""])
def test_put_takes_plain_names_only(cluster: kn.Cluster, name: str) -> None:
    with pytest.raises(DataError, match="is not a file name"):
        cluster.put("alice", name, pd.DataFrame({"a": [1]}))


def test_unknown_nodes_and_files(cluster: kn.Cluster, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no node bop") as caught:
        cluster.data("bop")
    assert caught.value.hint == '"bob" (known: alice, bob)'
    with pytest.raises(DataError, match="no node carol") as caught:
        cluster.put("carol", "a.csv", pd.DataFrame())
    assert "alice" in caught.value.hint
    assert "bob" in caught.value.hint
    with pytest.raises(DataError, match=r"no data file perfect_logit_b\.csv") as caught:
        cluster.data("alice", "perfect_logit_b.csv")
    assert "perfect_logit_a.csv" in caught.value.hint
    (tmp_path / "somewhere.csv").touch()
    with pytest.raises(DataError, match=r"nowhere\.csv does not exist") as caught:
        cluster.put("alice", "a.csv", tmp_path / "nowhere.csv")
    assert "somewhere.csv" in caught.value.hint


@pytest.mark.parametrize("data", [5, None, [[1, 2]], np.eye(2)], ids=["number", "nothing", "list", "array"])
def test_what_is_no_table_cannot_be_put(cluster: kn.Cluster, data: Any) -> None:
    with pytest.raises(DataError, match="is no table") as caught:
        cluster.put("alice", "table.csv", data)
    assert "a frame" in caught.value.hint
    assert not (cluster.nodes["alice"] / "data" / "table.csv").exists()


def test_a_file_that_cannot_be_written(cluster: kn.Cluster) -> None:
    own = cluster.nodes["alice"] / "data" / "perfect_logit_a.csv"
    with pytest.raises(DataError, match="cannot write alice: data/aaa"):
        cluster.put("alice", "a" * 300, own)


def test_a_file_put_in_its_own_place_stays_as_it_is(cluster: kn.Cluster) -> None:
    own = cluster.nodes["alice"] / "data" / "perfect_logit_a.csv"
    before = own.read_bytes()
    assert cluster.put("alice", own.name, own).read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"a,b\n1,2\n1,2,3\n"], ids=["empty", "binary", "ragged"])
def test_a_file_that_is_no_table_is_not_shown_as_one(tmp_path: Path, content: bytes) -> None:
    with kn.connect(storage=tmp_path) as cluster:
        (tmp_path / "alice" / "data" / "other.csv").write_bytes(content)
        with pytest.raises(DataError, match="the file cannot be read: ") as caught:
            cluster.data("alice", "other.csv")
    assert caught.value.where == "alice: data/other.csv"
    assert caught.value.hint


# --- a finished job --------------------------------------------------------------------------------------------------


def test_phase_and_tasks(job: kn.Job) -> None:
    assert (job.name, job.phase, job.nodes, job.seed) == ("job-ss-lr", "Succeeded", ["alice", "bob"], None)
    assert job.wait() is job
    tasks = job.tasks
    assert list(tasks) == ["alias", "task", "node", "phase", "progress"]
    assert tasks["alias"].tolist() == ["ss_lr_1"] * 2
    assert tasks["node"].tolist() == ["alice", "bob"]
    assert tasks["phase"].tolist() == ["Succeeded"] * 2
    assert tasks["progress"].tolist() == [1, 1]
    (task,) = set(tasks["task"])
    assert re.fullmatch(r"job-ss-lr-[0-9a-f]{12}", task)


def test_conditions_come_in_the_tutorials_order(job: kn.Job) -> None:
    frame = job.conditions
    assert list(frame) == ["node", "resource", "type", "status", "message", "time"]
    assert set(frame["status"]) == {"True"}
    assert frame["time"].is_monotonic_increasing
    task = task_id(job)

    def types(node: str, resource: str) -> list[str]:
        return frame[(frame["node"] == node) & (frame["resource"] == resource)]["type"].tolist()

    assert types("alice", "job-ss-lr") == [
        "JobValidated",
        "JobCreateInitialized",
        "JobCreateSucceeded",
        "JobStartInitialized",
        "JobStartSucceeded",
    ]
    assert types("bob", "job-ss-lr") == ["JobValidated", "JobStatusSynced"]
    assert types("bob", task) == ["ResourceCreated", "Running", "Success"]
    assert sorted(types("alice", task)) == ["ResourceCreated", "Running", "StatusSynced", "Success"]


def test_shares_add_up_to_the_weights_exactly(job: kn.Job) -> None:
    alice, bob, weights = job.shares("alice"), job.shares("bob"), job.weights()
    names = [*(f"x{i}" for i in range(11, 21)), *(f"x{i}" for i in range(1, 11)), "intercept"]
    owners = ["bob"] * 10 + ["alice"] * 10 + [""]
    for share in (alice, bob):
        assert list(share) == ["feature", "owner", "ring", "share"]
        assert share["feature"].tolist() == names
        assert share["owner"].tolist() == owners
        assert share["ring"].dtype == np.uint64
        np.testing.assert_array_equal(share["share"], signed(ring(share)))
    assert list(weights) == ["feature", "owner", "alice", "bob", "weight"]
    assert weights["feature"].tolist() == names
    np.testing.assert_array_equal(weights["weight"], signed(ring(alice) + ring(bob)))
    np.testing.assert_array_equal(weights["alice"], alice["share"])
    np.testing.assert_array_equal(weights["bob"], bob["share"])


def test_result_files_are_where_the_tutorial_has_them(cluster: kn.Cluster, job: kn.Job) -> None:
    task = task_id(job)
    for node, folder in (("alice", "job-ss-lr-host-0"), ("bob", "job-ss-lr-guest-0")):
        path = cluster.nodes[node] / folder / f"{task}-result"
        lines = path.read_text().splitlines()
        np.testing.assert_array_equal([float(line) for line in lines], job.shares(node)["share"])
        assert [other.name for other in cluster.nodes[node].glob("job-ss-lr-*")] == [folder]


def test_the_trace_counts_every_message_once(job: kn.Job) -> None:
    messages, totals = job.trace.messages, job.trace.totals
    columns = ["seq", "round", "task", "op", "sender", "receiver", "kind", "key", "dtype", "shape", "bytes", "time"]
    assert list(messages) == columns
    assert messages["seq"].tolist() == list(range(len(messages)))
    assert set(messages["task"]) == set(job.tasks["task"])
    assert messages["time"].is_monotonic_increasing
    for shape, dtype, size in zip(messages["shape"], messages["dtype"], messages["bytes"], strict=True):
        assert size == np.prod(shape) * {"uint64": 8, "uint8": 1}[dtype]
    between = messages[messages["kind"].isin(["P2P", "ALLGATHER"])]
    assert set(between["sender"]) == set(between["receiver"]) == {"alice", "bob"}
    collectives = messages[messages["kind"] == "ALLGATHER"]
    assert set(Counter(collectives["key"]).values()) == {2}, "each party sends its part"
    counted = messages.groupby(["sender", "receiver"]).agg(
        messages=("seq", "size"), bytes=("bytes", "sum"), rounds=("round", "nunique")
    )
    assert counted.to_dict() == totals.set_index(["sender", "receiver"])[list(counted)].to_dict()


def test_logs_are_of_one_node(job: kn.Job) -> None:
    alice, bob = job.logs("alice"), job.logs("bob")
    assert "read 10000 rows x 10 features from alice: data/perfect_logit_a.csv" in alice
    assert f"alice: job-ss-lr-host-0/{task_id(job)}-result" in alice
    assert "perfect_logit_b" not in alice
    assert "perfect_logit_b" in bob
    for line in alice.splitlines():
        assert re.match(r"\d\d:\d\d:\d\d\.\d{3} (INFO|WARNING) \S", line)
    (warning,) = job.warnings
    assert "1.25 ulp at fxp_bits=18 and is used as 3.81e-06 (20 % low)" in warning
    assert warning in alice


def test_the_environment_is_kuscias(cluster: kn.Cluster, job: kn.Job) -> None:
    alice, bob = job.env("alice"), job.env("bob", "ss_lr_1")
    task = task_id(job)
    assert (alice["config.self_role"], bob["config.self_role"]) == ("host.0", "guest.0")
    assert alice["config.node_id.guest.0"] == "bob"
    assert alice["config.task_id"] == bob["config.task_id"] == task
    assert alice["runtime.component.parameter.learning_rate"] == "0.0001"
    assert alice["runtime.component.input.train_data"] == '{"namespace":"data","name":"perfect_logit_a.csv"}'
    assert json.loads(bob["runtime.component.output.train_data"]) == {
        "namespace": "job-ss-lr-guest-0",
        "name": f"{task}-result",
    }
    assert alice["system.storage"] == f"file://{cluster.nodes['alice'].absolute()}"


def test_the_manifest_comes_back(job: kn.Job) -> None:
    given, found = YAML(typ="safe").load(kn.tutorial_manifest()), job.manifest()
    assert found["metadata"]["name"] == "job-ss-lr"
    assert found["spec"]["initiator"] == "alice"
    (task,) = found["spec"]["tasks"]
    assert task.items() >= given["spec"]["tasks"][0].items(), "with defaults filled in, and nothing changed"


def test_questions_about_what_is_not_there(cluster: kn.Cluster, job: kn.Job) -> None:
    for ask in (job.logs, job.env):
        with pytest.raises(JobError, match="alize is not a party") as caught:
            ask("alize")
        assert caught.value.hint == '"alice" (known: alice, bob)'
    with pytest.raises(DataError, match="carol is not a party"):
        job.shares("carol")
    with pytest.raises(JobError, match="no task ss_lr_2") as caught:
        job.weights("ss_lr_2")
    assert caught.value.hint == '"ss_lr_1" (known: ss_lr_1)'
    with pytest.raises(JobError, match="no job job-ss-lx") as caught:
        cluster.job("job-ss-lx")
    assert caught.value.hint == '"job-ss-lr" (known: job-ss-lr)'
    with pytest.raises(JobError, match="no job nothing"):
        cluster.delete("nothing")


def test_a_job_is_found_by_its_name(cluster: kn.Cluster, job: kn.Job) -> None:
    assert cluster.job("job-ss-lr").tasks.equals(job.tasks)
    listed = cluster.jobs().set_index("name").loc["job-ss-lr"]
    assert listed["phase"] == "Succeeded"
    assert listed["started"] <= job.conditions["time"][0]


def test_a_name_can_be_taken_once(cluster: kn.Cluster, job: kn.Job) -> None:
    with pytest.raises(JobError, match="job job-ss-lr already exists and is finished") as caught:
        cluster.apply(kn.tutorial_manifest())
    assert "cluster.delete('job-ss-lr')" in caught.value.hint


def test_stopping_a_finished_job_changes_nothing(job: kn.Job) -> None:
    job.stop()
    assert job.wait().phase == "Succeeded"


# --- own data --------------------------------------------------------------------------------------------------------


def put_own(cluster: kn.Cluster, name: str, **parties: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Put a frame on each node; the parameters that name it and say who has the label, which is a column y."""
    for node, frame in parties.items():
        cluster.put(node, f"{name}.csv", frame)
    return {node: {"name": f"{name}.csv", "has_label": "y" in frame} for node, frame in parties.items()}


def descend(rows: np.ndarray, labels: np.ndarray, batch: int, epochs: int, rate: float, l2: float) -> np.ndarray:
    """The same training in plain float64 (spec: kuscia §4.5); the intercept is the last weight."""
    rows = np.column_stack([rows, np.ones(len(rows))])
    weights = np.zeros(rows.shape[1])
    for _ in range(epochs):
        for start in range(0, len(rows) - batch + 1, batch):
            x = rows[start : start + batch]
            error = 0.5 + x @ weights / 8 - labels[start : start + batch]
            weights = weights - rate / batch * (x.T @ error + l2 * np.append(weights[:-1], 0))
    return weights


@pytest.mark.parametrize("owner", ["alice", "bob"])
@pytest.mark.parametrize("strategy", ["preprocessed", "interconnection"])
def test_own_data_with_the_label_on_either_side(cluster: kn.Cluster, owner: str, strategy: Strategy) -> None:
    generator = np.random.default_rng(7)
    frames = {
        "alice": pd.DataFrame(generator.uniform(-1, 1, (203, 3)), columns=["age", "annual income", "Größe"]),
        "bob": pd.DataFrame(generator.uniform(-1, 1, (203, 5)), columns=list("abcde")),
    }
    features = np.hstack([frames["bob"], frames["alice"]])  # guest.0 comes before host.0
    labels = (features @ [2, -1, 0.5, 0, 1, -2, 1, 0.5] + 0.3 > 0).astype(int)
    frames[owner]["y"] = labels
    name = f"own-{owner}-{strategy}"
    parties = put_own(cluster, name, **frames)
    terms = {"batch_size": 20, "num_epoch": 3, "learning_rate": 0.5, "l2_norm": 0.1}
    weights = cluster.apply(manifest(name, **parties, **terms), strategy=strategy).wait().weights()
    assert weights["feature"].tolist() == ["a", "b", "c", "d", "e", "age", "annual income", "Größe", "intercept"]
    assert weights["owner"].tolist() == ["bob"] * 5 + ["alice"] * 3 + [""]
    expected = descend(features, labels, batch=20, epochs=3, rate=0.5, l2=0.1)
    assert np.abs(expected[:-1]).max() > 0.3, "there was something to learn"
    # 30 steps of two roundings each, one of them after a sum over 20 rows of numbers that were cut at 1 ulp.
    assert np.abs(weights["weight"] - expected).max() < 120 * ULP


def test_a_frame_and_a_file_give_the_same(cluster: kn.Cluster, tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [0.25, -0.5, 0.125], "y": [1, 0, 1]})
    frame.to_csv(tmp_path / "a.csv", index=False)
    by_frame, by_path = (cluster.put("alice", "same.csv", data).read_bytes() for data in (frame, tmp_path / "a.csv"))
    assert by_frame == by_path
    assert cluster.data("alice", "same.csv").equals(frame)


# --- failing before anything secret is computed ----------------------------------------------------------------------

ROWS = 40
ALICE = pd.DataFrame({"a": np.linspace(-1, 1, ROWS), "b": np.linspace(1, -1, ROWS), "y": [0, 1] * (ROWS // 2)})
BOB = pd.DataFrame({"c": np.linspace(0, 1, ROWS), "d": np.linspace(0, -1, ROWS)})
TEXT = BOB.assign(d=["0", "1", "n/a?", *["2"] * (ROWS - 3)])
LABELS = ALICE.assign(y=[0, 1, 1, 5, *[1] * (ROWS - 4)])

FAULTS: dict[str, tuple[dict[str, Any], type[KusciaError], str, str]] = {
    "unequal rows": ({"bob": BOB[:-1]}, DataError, "bob has 39 rows, alice has 40", ""),
    "text": ({"bob": TEXT}, DataError, "'n/a?'", "bob: data/text.csv, line 4, column 2 (d)"),
    "labels": ({"alice": LABELS}, DataError, "label 5 is not 0 or 1", "alice: data/labels.csv, line 5, column 3 (y)"),
    "batch": ({"batch_size": 41}, ParameterError, "batch_size = 41 is more than the 40 rows", ""),
    "no label": ({"alice_label": False}, DataError, "no party has label", ""),
    "two labels": ({"bob": BOB.assign(y=1)}, DataError, "more than one party have label: bob, alice", ""),
    "differing": ({"bob_batch": 5}, ParameterError, "batch_size differs: 5 at bob, 4 at alice", ""),
    "unknown": ({"epochs": 1}, ParameterError, "parameter epochs is unknown", ""),
    "l1": ({"l1_norm": 0.5}, ParameterError, "parameter l1_norm = '0.5' is refused", ""),
}


@pytest.mark.parametrize("case", FAULTS)
def test_what_does_not_fit_fails_before_shares_are_sent(cluster: kn.Cluster, case: str) -> None:
    changes, error, what, where = FAULTS[case]
    changes = dict(changes)
    name = case.replace(" ", "-")
    parties = put_own(cluster, name, alice=changes.pop("alice", ALICE), bob=changes.pop("bob", BOB))
    if "alice_label" in changes:
        parties["alice"]["has_label"] = changes.pop("alice_label")
    if "bob_batch" in changes:
        parties["bob"]["batch_size"] = changes.pop("bob_batch")
    job = cluster.apply(manifest(name, **parties, **({"batch_size": 4, "learning_rate": 0.1} | changes)))
    with pytest.raises(error) as caught:
        job.wait()
    assert what in caught.value.what
    assert caught.value.where == where
    assert job.phase == "Failed"
    assert job.tasks["phase"].tolist() == ["Failed", "Failed"]
    assert not computing(job)
    ends = job.conditions[job.conditions["type"] == "Success"]
    assert sorted(ends["node"]) == ["alice", "bob"]
    assert set(ends["status"]) == {"False"}
    assert any(what in message for message in ends["message"])
    assert not [path for folder in cluster.nodes.values() for path in folder.glob(f"{name}-*")], "no result files"
    with pytest.raises(JobError, match="has no result: it failed"):
        job.weights()


def test_a_partner_that_never_heard_of_the_options_does_not_compute_on_by_others(
    cluster: kn.Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A BFIA message has no place for them: such a partner has the defaults, and the handshake says so."""
    of = Observer.of

    def told(observer: Observer, domain: str, task: KusciaTask) -> Run:
        run = of(observer, domain, task)
        return replace(run, options=Options()) if domain == "bob" else run

    monkeypatch.setattr(Observer, "of", told)
    job = cluster.apply(manifest("of-one-mind"), strategy="interconnection")
    with pytest.raises(ParameterError) as caught:
        job.wait()
    assert "strategy differs: 'preprocessed' at bob, 'interconnection' at alice" in str(caught.value)
    for node in ("alice", "bob"):
        assert job.logs(node).count("strategy differs: 'preprocessed' at bob, 'interconnection' at alice") == 1
    assert set(job.trace.messages["op"]) == {"handshake"}


def test_a_missing_file_is_named_with_what_is_there(cluster: kn.Cluster) -> None:
    job = cluster.apply(manifest("missing", bob={"name": "perfect_logit_c.csv"}))
    with pytest.raises(DataError, match="there is no such file") as caught:
        job.wait()
    assert caught.value.where == "bob: data/perfect_logit_c.csv"
    assert "did you mean 'perfect_logit_b.csv'?" in caught.value.hint
    assert "perfect_logit_a" not in caught.value.hint, "alice's files are not bob's to tell"
    for own in (job.logs("bob"), str(cluster.kubectl("logs kj/missing --node bob"))):
        assert " ERROR DataError: there is no such file\n  bob: data/perfect_logit_c.csv\n  try: " in own
    assert "bob failed before it sent what alice waits for" in job.logs("alice")
    assert "perfect_logit_c" not in job.logs("alice"), "nor are bob's alice's"


def test_what_no_node_would_take_is_refused_at_once(cluster: kn.Cluster) -> None:
    before = set(cluster.jobs()["name"])
    with pytest.raises(ManifestError, match="unknown field"):
        cluster.apply(manifest("fields") | {"stage": "Create"})
    alone = manifest("alone")
    task = alone["spec"]["tasks"][0]
    config = json.loads(task["taskInputConfig"])
    config["role"]["guest"] = []
    alone["spec"]["tasks"][0] = task | {"parties": task["parties"][:1], "taskInputConfig": json.dumps(config)}
    with pytest.raises(ManifestError, match="ss_lr is for two parties, task ss_lr_1 has 1"):
        cluster.apply(alone)
    with pytest.raises(KusciaError, match="strategy 'fast' is unknown") as caught:
        cluster.apply(manifest("strategy"), strategy="fast")  # type: ignore[arg-type]
    assert "interconnection" in caught.value.hint
    with pytest.raises(KusciaError, match="truncation 'none' is unknown") as caught:
        cluster.apply(manifest("truncation"), truncation="none")  # type: ignore[arg-type]
    assert caught.value.hint == "one of auto, local, ttp"
    assert set(cluster.jobs()["name"]) == before


def test_a_fault_of_an_operator_ends_the_job(cluster: kn.Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> None:
        raise RuntimeError("no space left")

    monkeypatch.setattr("kuscia_nb.operators.ss_lr.program.write_share", broken)
    parties = put_own(cluster, "broken", alice=ALICE, bob=BOB)
    job = cluster.apply(manifest("broken", **parties, batch_size=4, learning_rate=0.1))
    with pytest.raises(JobFailed, match="RuntimeError: no space left") as caught:
        job.wait()
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert re.fullmatch(r"line \d+, in ss_lr\nwrite_share\(.*\)", caught.value.where)
    log = job.logs("bob").partition(" ERROR Traceback (most recent call last):\n")[2]
    assert log.endswith("RuntimeError: no space left"), "also of what the program called"
    assert log.startswith(f'  File "{ss_lr.__code__.co_filename}"'), "and nothing of what called the program"
    assert job.tasks["phase"].tolist() == ["Failed", "Failed"]


# --- waiting, stopping, deleting -------------------------------------------------------------------------------------


def test_stop_ends_a_job_on_both_nodes(cluster: kn.Cluster) -> None:
    job = cluster.apply(manifest("stopped", num_epoch=FOREVER))
    until(lambda: computing(job))
    assert job.phase == "Running"
    with pytest.raises(JobError, match="job stopped is still Running after 0 s"):
        job.wait(0)
    with pytest.raises(JobError, match="no result yet: it is Running"):
        job.weights()
    job.stop()
    assert job.phase == "Failed"
    assert job.tasks["phase"].tolist() == ["Failed", "Failed"]
    assert job.logs("bob").endswith(" INFO the job was stopped")
    with pytest.raises(JobStopped, match="stopped"):
        job.wait()


def test_a_program_that_does_not_end_keeps_nobody_waiting(cluster: kn.Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("backends.controlled", "backends.lockstep"):
        monkeypatch.setattr(f"kuscia_nb.{module}.PATIENCE", 0.05)
    release, writing = threading.Event(), threading.Event()

    def endless(*arguments: object) -> None:
        writing.set()
        release.wait()

    monkeypatch.setattr("kuscia_nb.operators.ss_lr.program.write_share", endless)
    parties = put_own(cluster, "endless", alice=ALICE, bob=BOB)
    job = cluster.apply(manifest("endless", **parties, batch_size=4, learning_rate=0.1))
    assert writing.wait(30)
    job.stop()
    assert job.phase == "Failed"
    assert "its program computes on: it is left behind after 0.05 seconds" in job.logs("alice")
    job.delete()
    assert "endless" not in set(cluster.jobs()["name"])
    release.set()
    cluster.apply(manifest("after")).wait()


def test_a_job_whose_program_does_not_end_is_deleted_after_one_wait(
    cluster: kn.Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, computing = threading.Event(), threading.Event()

    def endless(*arguments: object) -> None:
        computing.set()
        release.wait()

    monkeypatch.setattr("kuscia_nb.operators.ss_lr.program.write_share", endless)
    parties = put_own(cluster, "endless", alice=ALICE, bob=BOB)
    job = cluster.apply(manifest("endless", **parties, batch_size=4, learning_rate=0.1))
    assert computing.wait(30)
    begin = time.monotonic()
    job.delete()
    took = time.monotonic() - begin
    release.set()
    assert "endless" not in set(cluster.jobs()["name"])
    assert PATIENCE <= 4.5, "so that it takes less than 5 seconds, but for the machine"
    assert took < 2 * PATIENCE, "it is waited for once, not for each node"


def test_a_job_that_is_deleted_while_its_partner_is_invited_is_on_no_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inviting, deleted, invited = threading.Event(), threading.Event(), threading.Event()
    carry = LocalBackend._carry

    def slowly(backend: LocalBackend, domain: str, request: Request) -> Response:
        """The invitation arrives after the deletion, unless that waits for it."""
        if not request.path.endswith("job/create"):
            return carry(backend, domain, request)
        inviting.set()
        deleted.wait(0.5)
        response = carry(backend, domain, request)
        invited.set()
        return response

    monkeypatch.setattr(LocalBackend, "_carry", slowly)
    with kn.connect(storage=tmp_path) as cluster:
        cluster.apply(kn.tutorial_manifest())
        assert inviting.wait(30)
        cluster.delete("job-ss-lr")
        deleted.set()
        assert invited.wait(30)
        for node in cluster.nodes:
            assert "job-ss-lr" not in str(cluster.kubectl("get kj,kt -n cross-domain", node=node))


def test_a_running_job_keeps_its_name_until_it_is_deleted(cluster: kn.Cluster) -> None:
    long = manifest("named", num_epoch=FOREVER)
    job = cluster.apply(long)
    with pytest.raises(JobError, match="already exists and is still running"):
        cluster.apply(long, replace=True)
    cluster.delete("named")
    with pytest.raises(JobStopped):
        job.wait()
    assert "named" not in set(cluster.jobs()["name"])
    with pytest.raises(JobError, match="no job named"):
        cluster.job("named")


def test_deleting_leaves_the_result_files(cluster: kn.Cluster) -> None:
    parties = put_own(cluster, "deleted", alice=ALICE, bob=BOB)
    job = cluster.apply(manifest("deleted", **parties, batch_size=4, learning_rate=0.1)).wait()
    weights = job.weights()
    cluster.delete("deleted")
    assert (cluster.nodes["alice"] / "deleted-host-0" / f"{task_id(job)}-result").is_file()
    assert job.weights().equals(weights), "who has the job can still read it"


def test_a_job_that_was_replaced_answers_for_itself(cluster: kn.Cluster) -> None:
    parties = put_own(cluster, "twice", alice=ALICE, bob=BOB)
    first = cluster.apply(manifest("twice", **parties, batch_size=4, learning_rate=0.1)).wait()
    second = cluster.apply(manifest("twice", num_epoch=FOREVER), replace=True)
    assert first.wait(0).phase == "Succeeded"
    first.stop()
    until(lambda: computing(second))
    second.stop()
    assert (first.phase, second.phase) == ("Succeeded", "Failed")
    assert cluster.job("twice").phase == "Failed"


def test_awaiting_a_job_leaves_the_loop_free(cluster: kn.Cluster) -> None:
    async def wait_for(job: kn.Job) -> kn.Job:
        return await job

    async def main() -> None:
        parties = put_own(cluster, "awaited", alice=ALICE, bob=BOB)
        job = cluster.apply(manifest("awaited", **parties, batch_size=4, learning_rate=0.1))
        assert await job is job
        assert job.phase == "Succeeded"
        long = cluster.apply(manifest("awaited-long", num_epoch=FOREVER))
        waiting = asyncio.ensure_future(wait_for(long))
        while not computing(long):
            assert not waiting.done()
            await asyncio.sleep(0.005)
        await asyncio.to_thread(long.stop)
        with pytest.raises(JobStopped):
            await waiting

    asyncio.run(asyncio.wait_for(main(), 60))


def test_waiting_for_a_job_can_be_given_up(cluster: kn.Cluster) -> None:
    async def main(job: kn.Job) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(job, 0.1)

    job = cluster.apply(manifest("given-up", num_epoch=FOREVER))
    rescue = threading.Timer(30, job.stop)  # a thread that still waited would keep asyncio.run from ending
    rescue.start()
    asyncio.run(main(job))
    rescue.cancel()
    assert job.phase in ("Pending", "Running")
    job.delete()
    assert job.tasks["phase"].tolist() == ["Failed"] * len(job.tasks)


def test_several_jobs_run_at_once(cluster: kn.Cluster) -> None:
    parties = put_own(cluster, "many", alice=ALICE, bob=BOB)
    terms = {"batch_size": 4, "learning_rate": 0.1}
    jobs = [cluster.apply(manifest(f"many-{i}", **parties, **terms)) for i in range(5)]
    weights = [job.wait().weights()["weight"].to_numpy() for job in jobs]
    for other in weights[1:]:
        assert np.abs(other - weights[0]).max() < 60 * ULP


# --- seeds -----------------------------------------------------------------------------------------------------------


def ledger(job: kn.Job) -> bytes:
    """All messages without what is different each time: the time and the name of the task."""
    return job.trace.messages.drop(columns=["task", "time"]).to_csv().encode()


@pytest.mark.parametrize("strategy", ["preprocessed", "interconnection"])
def test_a_seed_makes_a_run_repeatable(cluster: kn.Cluster, tmp_path: Path, strategy: Strategy) -> None:
    other = kn.connect(storage=tmp_path)
    jobs = [nodes.apply(manifest(f"seed-{strategy}"), seed=11, strategy=strategy).wait() for nodes in (cluster, other)]
    other_seed = other.apply(manifest(f"other-{strategy}"), seed=12, strategy=strategy).wait()
    assert [job.seed for job in jobs] == [11, 11]
    assert ledger(jobs[0]) == ledger(jobs[1])
    for node in ("alice", "bob"):
        assert jobs[0].shares(node).equals(jobs[1].shares(node))
        assert not np.any(ring(jobs[0].shares(node)) == ring(other_seed.shares(node)))
    other.close()


@pytest.mark.parametrize("seed", ["a", 1.5, b"1"])
def test_a_seed_is_a_whole_number(cluster: kn.Cluster, seed: Any) -> None:
    with pytest.raises(KusciaError, match=re.escape(f"seed {seed!r} is not possible")):
        cluster.apply(manifest("no-seed"), seed=seed)
    assert "no-seed" not in cluster.jobs()["name"].tolist()


def test_without_a_seed_shares_differ_and_the_model_does_not(cluster: kn.Cluster, job: kn.Job) -> None:
    again = cluster.apply(manifest("again")).wait()
    for node in ("alice", "bob"):
        assert not np.any(ring(again.shares(node)) == ring(job.shares(node)))
    assert np.abs(again.weights()["weight"] - job.weights()["weight"]).max() < 60 * ULP


def test_disconnecting_closes_every_cluster(tmp_path: Path) -> None:
    """Also one that nobody holds any more but through a running job."""
    endless = kn.tutorial_manifest().replace('"num_epoch":1', '"num_epoch":100000')
    job = kn.connect(storage=tmp_path).apply(endless)
    assert job.phase in ("Pending", "Running")
    disconnect()
    assert job.phase == "Failed"
    assert (tmp_path / "alice" / "data" / "perfect_logit_a.csv").exists()


def test_what_a_killed_process_left_behind_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    for name in (f"kuscia_nb-{gone.pid}-abc", f"kuscia_nb-{os.getpid()}-abc", "kuscia_nb-mine-abc"):
        (tmp_path / name / "alice").mkdir(parents=True)
    kn.connect().close()
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"kuscia_nb-{os.getpid()}-abc", "kuscia_nb-mine-abc"]
