"""ecdh_psi: both parties' rows of the ids that both have, in one order; and what each of them sees on the way."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest

import kuscia_nb as kn
from kuscia_nb import mpc, texts
from kuscia_nb.cells.findings import operator_problems
from kuscia_nb.control.manifest import from_dict
from kuscia_nb.errors import DataError, JobStopped, KusciaError, UnexpectedMessage
from kuscia_nb.operators.ecdh_psi import curve, worker
from kuscia_nb.operators.ecdh_psi.batches import ONCE, TWICE, Batch
from kuscia_nb.operators.ecdh_psi.curve import Scalar, hashed
from kuscia_nb.operators.ecdh_psi.exchange import BATCH, Terms, blind_twice
from kuscia_nb.panel.compose import Form, compose
from kuscia_nb.views import job as report
from kuscia_nb.views.trace_viewer import html, state

P = 2**255 - 19
"""The field of Curve25519 (RFC 7748)."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kn.Cluster]:
    with kn.connect(storage=tmp_path_factory.mktemp("nodes")) as cluster:
        yield cluster


def config(alias: str, module: str, inputs: list[str], output: str, own: Mapping[str, Any], common: Any) -> str:
    return json.dumps(
        {
            "name": alias,
            "module_name": module,
            "input": [{"type": "dataset", "key": key} for key in inputs],
            "output": [{"type": "dataset", "key": output}],
            "role": {"host": ["alice"], "guest": ["bob"]},
            "initiator": {"role": "host", "node_id": "alice"},
            "task_params": {"host": {"0": own["alice"]}, "guest": {"0": own["bob"]}, "common": common},
        }
    )


def task(alias: str, image: str, text: str, *before: str) -> dict[str, Any]:
    parties = [{"domainID": "alice", "role": "host"}, {"domainID": "bob", "role": "guest"}]
    found = {"alias": alias, "appImage": image, "parties": parties, "taskInputConfig": text}
    return found | {"dependencies": list(before)} if before else found


def manifest(name: str, *tasks: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "kuscia.secretflow/v1alpha1",
        "kind": "KusciaJob",
        "metadata": {"name": name},
        "spec": {"initiator": "alice", "tasks": list(tasks)},
    }


Data = Mapping[str, pd.DataFrame | str]


def psi(name: str, own: Any = None, **common: Any) -> dict[str, Any]:
    """The task psi_1 of the files <name>.csv."""
    files = {
        node: {"namespace": "data", "name": f"{name}.csv"} | (own or {}).get(node, {}) for node in ("alice", "bob")
    }
    return task("psi_1", "ecdh-psi", config("psi_1", "ecdh_psi", [], "train_data", files, common))


def put(cluster: kn.Cluster, name: str, data: Data) -> None:
    for node, content in data.items():
        if isinstance(content, str):
            (cluster.nodes[node] / "data" / f"{name}.csv").write_text(content)
        else:
            cluster.put(node, f"{name}.csv", content)


def align(
    cluster: kn.Cluster, name: str, data: Data, own: Any = None, seed: int | None = None, **common: Any
) -> kn.Job:
    """A job of ecdh_psi alone."""
    put(cluster, name, data)
    return cluster.apply(manifest(name, psi(name, own, **common)), seed=seed)


def failure(job: kn.Job) -> KusciaError:
    with pytest.raises(KusciaError) as caught:
        job.wait(60)
    return caught.value


def output(cluster: kn.Cluster, job: kn.Job, node: str) -> list[list[str]]:
    """The output's cells as texts, with the header."""
    (path,) = cluster.nodes[node].glob(f"{job.name}-*/*-train_data")
    with path.open(newline="") as lines:
        return list(csv.reader(lines))


def written(cluster: kn.Cluster, job: kn.Job) -> list[Path]:
    return [path for folder in cluster.nodes.values() for path in folder.glob(f"{job.name}-*/*")]


ALICE = 'age,id,who,y\n30,u3,Ann,1\n40,u1,"Bo, Jr",0\n50,u2,Cy,1\n60,u9,Di,0\n'
BOB = "id,debt\nu1,1.50\nu7,2\nu2,3e0\nu3,-4\nu8,5\n"


# --- what comes out --------------------------------------------------------------------------------------------------


def test_both_outputs_have_the_common_rows_in_one_order(cluster: kn.Cluster) -> None:
    job = align(cluster, "small", {"alice": ALICE, "bob": BOB}).wait(60)
    alice, bob = output(cluster, job, "alice"), output(cluster, job, "bob")
    assert alice[0] == ["id", "age", "who", "y"], "the ids are the first column"
    assert bob[0] == ["id", "debt"]
    assert [row[0] for row in alice] == [row[0] for row in bob]
    # Cells are handed on as they were written.
    assert sorted(alice[1:]) == [["u1", "40", "Bo, Jr", "0"], ["u2", "50", "Cy", "1"], ["u3", "30", "Ann", "1"]]
    assert sorted(bob[1:]) == [["u1", "1.50"], ["u2", "3e0"], ["u3", "-4"]]


def people(first: int, last: int, seed: int, column: str) -> pd.DataFrame:
    frame = pd.DataFrame({"id": [f"{i:06}" for i in range(first, last)], column: range(first, last)})
    return frame.sample(frac=1, random_state=seed)


def test_any_files_give_the_intersection(cluster: kn.Cluster) -> None:
    """More rows than a batch has, and not the same number of batches at both parties."""
    first, second = people(0, 2 * BATCH + 900, 1, "a"), people(BATCH, 2 * BATCH + 1000, 2, "b")
    job = align(cluster, "several", {"alice": first, "bob": second}).wait(120)
    alice, bob = output(cluster, job, "alice")[1:], output(cluster, job, "bob")[1:]
    assert [row[0] for row in alice] == [row[0] for row in bob]
    assert {row[0] for row in alice} == set(first["id"]) & set(second["id"])
    assert len(alice) == BATCH + 900
    assert all(int(row[0]) == int(row[1]) for row in [*alice, *bob]), "each with its own row"
    assert set(job.tasks["progress"]) == {1.0}


def test_the_order_is_random_and_nobodys(cluster: kn.Cluster) -> None:
    """Neither a file's order nor that of the ids; another one in each run, unless it is repeatable."""
    data = {"alice": people(0, 300, 1, "a"), "bob": people(100, 400, 2, "b")}
    jobs = [align(cluster, f"order-{i}", data, seed=seed).wait(60) for i, seed in enumerate([None, None, 5, 5])]
    orders = [[row[0] for row in output(cluster, job, "alice")[1:]] for job in jobs]
    assert len({tuple(order) for order in orders}) == 3
    assert orders[2] == orders[3]
    positions = {one: place for place, one in enumerate(data["alice"]["id"])}
    for order in orders[:2]:
        # Ranks of 200 rows that have nothing to do with each other correlate by less than 0.35 but once in 10^6 times.
        assert abs(np.corrcoef(range(200), [int(one) for one in order])[0, 1]) < 0.35, "not that of the ids"
        assert abs(np.corrcoef(range(200), [positions[one] for one in order])[0, 1]) < 0.35, "not that of a file"


def test_the_output_says_what_it_is(cluster: kn.Cluster) -> None:
    job = align(cluster, "described", {"alice": ALICE, "bob": BOB}).wait(60)
    (path,) = cluster.nodes["alice"].glob("described-*/*-train_data.json")
    found = json.loads(path.read_text())
    assert found["id_column"] == "id"
    assert found["columns"] == ["id", "age", "who", "y"]
    assert (found["party"], found["rank"], found["rows"]) == ("host.0", 1, 3)
    assert "%kuscia result described" in report.text(job)


def test_ids_are_compared_as_texts(cluster: kn.Cluster) -> None:
    """007 is not 7, A is not a; blanks around an id are no part of it, and are counted."""
    data = {
        "alice": 'id,a\n007,1\nA, 2\n x1 ,3\n"x,2",4\nÄ,5\nTrue,6\n1.0,7\n',
        "bob": 'b,uid\n1,7\n2,a\n3,x1\n4,"x,2"\n5,Ä\n6,True\n7,1\n',
    }
    job = align(cluster, "texts", data, {"bob": {"id_column": "uid"}}).wait(60)
    assert {row[0] for row in output(cluster, job, "alice")[1:]} == {"x1", "x,2", "Ä", "True"}
    assert output(cluster, job, "bob")[0] == ["uid", "b"]
    assert job.warnings == ["alice: 1 ids have blanks around them, which are left out"]


def test_a_file_without_a_header(cluster: kn.Cluster) -> None:
    data = {"alice": "1,u1\n2,u2\n", "bob": "u2,9\nu1,8\n"}
    own = {"alice": {"id_column": "x1"}, "bob": {"id_column": "x0"}}
    job = align(cluster, "headless", data, own, skip_rows=0).wait(60)
    assert output(cluster, job, "alice")[0] == ["x1", "x0"]
    assert sorted(output(cluster, job, "alice")[1:]) == [["u1", "1"], ["u2", "2"]]


@pytest.mark.parametrize("rank", [0, 1])
def test_the_result_of_one_party_alone(cluster: kn.Cluster, rank: int) -> None:
    """bob is rank 0. The other one gets no points back, and no rows."""
    job = align(cluster, f"to-rank-{rank}", {"alice": ALICE, "bob": BOB}, result_to_rank=rank).wait(60)
    receiver, other = [("bob", "alice"), ("alice", "bob")][rank]
    assert len(output(cluster, job, receiver)) == 4
    assert len(output(cluster, job, other)) == 1
    assert job.notes == [f"{receiver} alone knows now which ids of bob (5 rows) and alice (4 rows) are the same."]
    messages = job.trace.messages
    ops = zip(messages["op"], messages["receiver"], strict=True)
    assert [to for op, to in ops if op.startswith("points blinded twice")] == [receiver]


def test_what_each_party_has_learned_is_in_the_report(cluster: kn.Cluster) -> None:
    job = align(cluster, "learned", {"alice": ALICE, "bob": BOB}).wait(60)
    said = (
        "bob (5 rows) and alice (4 rows) have 3 ids in common. Both know now which ones, and how many rows the other "
        "one has; of all other ids they have seen random numbers."
    )
    assert job.notes == [said]
    assert re.sub(r"\s+", " ", report.text(job)).count(said) == 1
    assert said in job.logs("bob")
    texts.choose("zh")
    try:
        assert "双方现在都知道是哪些 ID" in report.text(job)
    finally:
        texts.choose("auto")
    page = Path(__file__).parents[1] / "docs" / "concepts" / "security.md"
    for text in (kn.operators.OPERATORS["ecdh_psi"].description, page.read_text()):
        assert "how many rows the other" in text


# --- a job of several tasks ------------------------------------------------------------------------------------------


def aligned_data() -> dict[str, pd.DataFrame]:
    """3,000 of 5,000 people are in both files, which are shuffled; the label needs both parties' columns."""
    generator = np.random.default_rng(4)
    x = generator.normal(0, 1, (5000, 4))
    ids = [f"{i:05}" for i in generator.permutation(100_000)[:5000]]
    frame = pd.DataFrame({"id": ids, "a": 20 * x[:, 0] + 3, "b": 1e4 * x[:, 1], "c": x[:, 2] / 50, "d": x[:, 3]})
    frame["y"] = (x @ [1, -2, 1, 0.5] + generator.normal(0, 0.3, 5000) > 0).astype(int)
    alice, bob = frame.loc[:3999, ["id", "a", "b", "y"]], frame.loc[1000:, ["c", "id", "d"]]
    return {"alice": alice.sample(frac=1, random_state=1), "bob": bob.sample(frac=1, random_state=2)}


def test_aligned_rows_are_trained_on_as_plaintext_would(cluster: kn.Cluster) -> None:
    """psi_1.train_data is the input of ss_lr: ids are left out, columns scaled, weights those of float64."""
    data = aligned_data()
    put(cluster, "chain", data)
    own = {"alice": {"has_label": True, "scale": "standard"}, "bob": {"has_label": False, "scale": "standard"}}
    common = {"batch_size": 100, "num_epoch": 5, "learning_rate": 1, "l2_norm": 0.1}
    train = config("ss_lr_1", "ss_lr", ["psi_1.train_data"], "result", own, common)
    job = cluster.apply(manifest("chain", psi("chain"), task("ss_lr_1", "ss-lr", train, "psi_1")), seed=3, shadow=True)
    weights = job.wait(120).weights()
    assert weights["feature"].tolist() == ["c", "d", "a", "b", "intercept"]
    order = [row[0] for row in output(cluster, job, "bob")[1:]]
    assert len(order) == 3000
    alice, bob = (data[node].set_index("id").loc[order] for node in ("alice", "bob"))
    features = np.column_stack([bob[["c", "d"]], alice[["a", "b"]]])
    x = np.column_stack([(features - features.mean(0)) / features.std(0), np.ones(3000)])
    w = np.zeros(5)
    for _ in range(5):
        for start in range(0, 3000, 100):
            rows, y = x[start : start + 100], alice["y"].to_numpy()[start : start + 100]
            w = w - (rows.T @ (0.5 + rows @ w / 8 - y) + 0.1 * np.append(w[:-1], 0)) / 100
    assert np.abs(weights["weight"] - w).max() < 2e-3
    right = ((features @ weights["original_units"][:-1] + weights["original_units"].iloc[-1]) > 0) == alice["y"]
    assert right.mean() > 0.9, "in another order it would be a half"
    assert "the ids of bob and alice agree in all 3000 rows" in job.logs("bob")
    aligned = next(cluster.nodes["bob"].glob("chain-guest-0/*-train_data"))
    times = aligned.stat()
    os.utime(aligned, (times.st_atime, times.st_mtime + 60))
    with pytest.raises(DataError, match="changed after the task had begun"):
        _ = job.shadow
    os.utime(aligned, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert job.observed(None).losses.plaintext[-1] < 0.5, "on rows that an earlier task of the job has written"
    assert set(job.watched()[0].charts[0].at) == set(range(6))
    assert not any("nothing checks" in note for note in job.notes)


def test_a_message_of_the_job_is_from_its_own_task(cluster: kn.Cluster) -> None:
    assert set(cluster.job("chain").trace.messages["task"]) == set(cluster.job("chain").tasks["task"])


def _tamed(frame: pd.DataFrame) -> dict[str, Any]:
    """The features within [-1, 1]: the standard's example does not scale them."""
    return {name: frame[name] / frame[name].abs().max() for name in frame if name not in ("id", "y")}


@pytest.mark.parametrize("door", ["request", "manifest"])
def test_the_standards_example_runs_as_it_is(tmp_path: Path, door: str) -> None:
    """Spec: bfia §6.1 and §6.2, to the letter; dataset_id is there for other schedulers."""
    data = Path(__file__).parent / "data"
    with kn.connect(storage=tmp_path) as cluster:
        data_of = {node: frame.assign(**_tamed(frame)) for node, frame in aligned_data().items()}
        put(cluster, "psi_lr_a", {"alice": data_of["alice"]})
        put(cluster, "psi_lr_b", {"bob": data_of["bob"]})
        if door == "request":
            job = cluster.submit((data / "job-psi-lr.json").read_text())
        else:
            job = cluster.apply((data / "job-psi-lr.yaml").read_text())
        assert job.wait(60).weights()["feature"].tolist() == ["c", "d", "a", "b", "intercept"]
        psi_task, lr_task = dict.fromkeys(job.tasks["task"])
        place = json.loads(job.env("alice", lr_task)["runtime.component.input.train_data"])
        assert place == {"namespace": f"{job.name}-host-0", "name": f"{psi_task}-train_data"}
        assert len(output(cluster, job, "bob")) == 3001


# --- arithmetic and messages -----------------------------------------------------------------------------------------


def ladder(scalar: bytes, x: int) -> int:
    """The Montgomery ladder of RFC 7748 §5, with its clamping: the independent source."""
    k = int.from_bytes(bytes([scalar[0] & 248, *scalar[1:31], scalar[31] & 127 | 64]), "little")
    x &= 2**255 - 1
    x2, z2, x3, z3 = 1, 0, x, 1
    for bit in reversed(range(255)):
        if k >> bit & 1:
            x2, z2, x3, z3 = x3, z3, x2, z2
        a, b, c, d = (x2 + z2) % P, (x2 - z2) % P, (x3 + z3) % P, (x3 - z3) % P
        aa, bb, da, cb = a * a % P, b * b % P, d * a % P, c * b % P
        x3, z3 = (da + cb) ** 2 % P, x * (da - cb) ** 2 % P
        e = (aa - bb) % P
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
        if k >> bit & 1:
            x2, z2, x3, z3 = x3, z3, x2, z2
    return x2 * pow(z2, P - 2, P) % P


def test_a_hash_is_the_x_of_a_point() -> None:
    ids = ["u1", "Ä", ""]
    points = hashed(ids)
    assert points == b"".join(hashlib.sha256(one.encode()).digest() for one in ids)
    secret = secrets.token_bytes(32)
    for i in range(3):
        x = points[32 * i : 32 * i + 32]
        assert worker.multiply(secret, x) == ladder(secret, int.from_bytes(x, "little")).to_bytes(32, "little")


def on_curve(x: int) -> bool:
    """Whether y^2 = x^3 + 486662 x^2 + x has a y (else x is on the twist)."""
    return pow(x * (x * x + 486662 * x + 1), (P - 1) // 2, P) != P - 1


def test_blinding_commutes_on_the_curve_and_on_its_twist() -> None:
    """And keeps on which of the two a point is: what the docstring owns up to."""
    first, second = secrets.token_bytes(32), secrets.token_bytes(32)
    kinds = set()
    for number in range(20):
        point = hashed([str(number)])
        once, other = worker.multiply(first, point), worker.multiply(second, point)
        assert worker.multiply(second, once) == worker.multiply(first, other)
        before, after = (on_curve(int.from_bytes(x, "little") % 2**255 % P) for x in (point, once))
        assert before == after
        kinds.add(before)
    assert kinds == {True, False}


# u of the points of order 1, 2, 4 and 8 (RFC 7748 §6.1 asks for a check of the all-zero result).
LOW = [0, 1, P - 1, 325606250916557431795983626356110631294008115727848805560023387167927233504]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("x", LOW)
def test_a_point_of_low_order_is_refused(monkeypatch: pytest.MonkeyPatch, x: int, workers: int) -> None:
    monkeypatch.setattr(curve, "_WORTH_IT", 0)
    monkeypatch.setattr(curve.os, "cpu_count", lambda: workers)
    points = hashed(["a", "b"]) + x.to_bytes(32, "little") + hashed(["c"])
    with Scalar(secrets.token_bytes(32), 4) as scalar, pytest.raises(DataError, match="low order"):
        scalar.times(points)


@pytest.mark.parametrize("count", [1, 2, 3, 10, 4096])
def test_processes_compute_the_same(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(curve, "_WORTH_IT", 0)
    monkeypatch.setattr(curve.os, "cpu_count", lambda: 3)
    secret, points = secrets.token_bytes(32), hashed([str(i) for i in range(count)])
    with Scalar(secret, count) as scalar:
        assert len(scalar._workers) == 3
        assert scalar.times(points) == worker.multiply(secret, points)
        processes = scalar._workers
        assert not any(secret.hex() in str(process.args) for process in processes)
    assert all(process.returncode is not None for process in processes), "none is left behind"


def test_a_process_that_ends_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curve, "_WORTH_IT", 0)
    monkeypatch.setattr(curve.os, "cpu_count", lambda: 2)
    with Scalar(secrets.token_bytes(32), 4) as scalar:
        scalar._workers[1].kill()
        scalar._workers[1].wait()
        with pytest.raises(KusciaError, match="a process that multiplies points has ended"):
            scalar.times(hashed(["a", "b", "c"]))


def test_a_batch_is_the_standards_protobuf() -> None:
    """Field numbers and types of EcdhPsiCipherBatch (spec: bfia §4), byte by byte."""
    points = bytes(range(32)) * 5
    # type: field 1, length; batch_index: field 3, varint; is_last_batch: 4; count: 6; ciphertext: 7, length 160 = A0 01.
    expected = bytes.fromhex("0a03656e63 18ac02 2001 3005 3aa001".replace(" ", "")) + points
    assert Batch(ONCE, 300, True, points).encode() == expected
    assert Batch.decode(expected) == Batch(ONCE, 300, True, points)
    first = Batch(TWICE, 0, False, points)
    assert first.encode() == b"\n\x08dual.enc\x30\x05\x3a\xa0\x01" + points, "what is 0 is left out"
    assert Batch.decode(first.encode()) == first
    newer = expected + bytes.fromhex("42 02 08 01")  # the repository's duplicate_item_cnt_map = 8
    assert Batch.decode(newer) == Batch(ONCE, 300, True, points)


@pytest.mark.parametrize(
    "message", [b"\x0a\x05enc", b"\x30\x02\x3a\x20" + bytes(32), b"\xff", b"\x0d1234", b"\x08\x01"]
)
def test_what_is_no_batch(message: bytes) -> None:
    with pytest.raises(ValueError, match="it "):
        Batch.decode(message)


def exchange(own: list[str], peers: list[str], spoil: Callable[[bytes], bytes] = lambda message: message) -> Any:
    """Both outcomes of the protocol; what rank 1 sends is spoiled."""
    links = mpc.connect(("bob", "alice"))
    heard: list[bytes] = []

    async def party(link: mpc.Link, ids: list[str], others: list[str]) -> Any:
        send, receive = link.send, link.receive

        async def spoiled(value: bytes, op: str) -> None:
            await send(spoil(value) if link.rank else value, op)

        async def listening(op: str) -> bytes:
            heard.append(await receive(op))
            return heard[-1]

        link.send, link.receive = spoiled, listening  # type: ignore[method-assign, assignment]
        terms = Terms(len(ids), len(others), True, True)
        with Scalar(secrets.token_bytes(32), 0) as scalar:
            return await blind_twice(link, scalar, hashed(ids), terms, lambda done, steps: None)

    outcomes = mpc.run_lockstep((party(links[0], own, peers), party(links[1], peers, own)), links)
    return outcomes, heard


def test_a_party_receives_random_points_only() -> None:
    """No hash of an id is sent, and what is sent of the same ids is other points in the next run."""
    ids = [f"u{i}" for i in range(50)]
    seen = [exchange(ids, ids[:20])[1] for _ in range(2)]
    first, second = ({m for batch in run for m in pieces(Batch.decode(batch).points)} for run in seen)
    hashes = set(pieces(hashed(ids)))
    # 50 and 20 that are blinded once, and as many that come back: of these, 20 are the same ones at both.
    assert len(first) == 50 + 20 + 50
    assert not first & hashes
    assert not first & second
    # The bytes of random points are alike in number; the last one of a point has less room.
    counts = np.bincount(np.frombuffer(b"".join(one[:31] for one in first), np.uint8), minlength=256)
    expected = len(first) * 31 / 256
    assert ((counts - expected) ** 2 / expected).sum() < 380  # chi square, 255 degrees of freedom: 10^-6


def pieces(points: bytes) -> list[bytes]:
    return [points[i : i + 32] for i in range(0, len(points), 32)]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"number": 7}, "it is batch 7 of type 'enc' instead of 0 of 'enc'"),
        ({"type": TWICE}, "of type 'dual.enc' instead"),
        ({"points": bytes(32)}, "low order"),
        ({"points": hashed(["a", "b"])}, "it has 2 points instead of 1"),
    ],
)
def test_a_peer_that_does_not_follow_the_protocol(change: dict[str, Any], what: str) -> None:
    outcomes, _ = exchange(["a"], ["a"], lambda message: Batch.decode(message)._replace(**change).encode())
    assert isinstance(outcomes[0].error, DataError if what == "low order" else UnexpectedMessage)
    assert what in str(outcomes[0].error)


def test_messages_are_batches(cluster: kn.Cluster) -> None:
    """Of alice's 9,092 points and bob's 5,096; the peer's points go back batch by batch."""
    messages: Any = cluster.job("several").trace.messages
    once, twice = "points, batch {}", "points blinded twice, batch {}"
    for node, own, peers in (("alice", 3, 2), ("bob", 2, 3)):
        sent = messages[messages["sender"] == node]["op"].tolist()
        expected = [once.format(i + 1) for i in range(own)] + [twice.format(i + 1) for i in range(peers)]
        assert sent[0] == "handshake"
        assert sorted(sent[1:]) == sorted(expected)
    assert messages["bytes"].max() <= 32 * BATCH + 32


# --- what is wrong with files and parameters -------------------------------------------------------------------------

REPEATED = "id,b\nu1,1\nu2,2\nu1 ,3\nu3,4\nu2,5\nu1,6\n"
FAULTS: dict[str, tuple[Data, str, str]] = {
    "repeated": (
        {"alice": ALICE, "bob": REPEATED},
        "2 ids are there more than once",
        "bob: data/repeated.csv, column id, the first on line 2 and line 4",
    ),
    "empty": (
        {"alice": ALICE, "bob": "id,b\nu1,1\n,2\n  ,3\n"},
        "2 of 3 ids are empty",
        "bob: data/empty.csv, column id, line 3",
    ),
    "no-column": ({"alice": ALICE, "bob": "uid,b\nu1,1\n"}, "there is no column id", "bob: data/no-column.csv"),
    "ragged": (
        {"alice": ALICE, "bob": "id,b\nu1,1\nu2\nu3,3\n"},
        "the row has 1 cell instead of 2",
        "bob: data/ragged.csv, line 3",
    ),
    "blank-line": (
        {"alice": ALICE, "bob": "id,b\nu1,1\n\nu3,3\n"},
        "the line is blank",
        "bob: data/blank-line.csv, line 3",
    ),
    "no-rows": ({"alice": ALICE, "bob": "id,b\n"}, "the file has no rows", "bob: data/no-rows.csv"),
    "nothing-in-common": (
        {"alice": ALICE, "bob": "id,b\nU1,1\nU2,2\n"},
        "bob and alice have no id in common",
        "data/nothing-in-common.csv, column id",
    ),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_file_that_cannot_be_aligned(cluster: kn.Cluster, case: str) -> None:
    data, what, where = FAULTS[case]
    job = align(cluster, case, data)
    error = failure(job)
    assert isinstance(error, DataError)
    assert what in error.what
    assert where in error.where
    assert not written(cluster, job), "nothing is written"


def test_ids_without_anything_in_common_get_a_likely_cause(cluster: kn.Cluster) -> None:
    error = failure(align(cluster, "sevens", {"alice": "id,a\n007,1\n", "bob": "id,b\n7,1\n"}))
    assert "compared as texts" in error.hint
    assert "id_column" in error.hint


PARAMETERS = [
    (
        {"curve_type": "sm2"},
        "parameter curve_type = 'sm2' is in the interconnection standard, but nobody implements it",
    ),
    ({"hash_type": "sha_265"}, "parameter hash_type = 'sha_265' is unknown (did you mean \"sha_256\"?)"),
    ({"hash2curve_strategy": "try_and_increment"}, "nobody implements it; allowed: direct_hash_as_point_x"),
    ({"result_to_rank": 2}, "parameter result_to_rank = '2' is unknown; allowed: -1, 0, 1"),
    ({"bit_length_after_truncated": 96}, "allowed: -1"),
    ({"field_names": "id,name"}, "allowed: the name of one column"),
    ({"field_name": "id"}, "parameter field_name is unknown (did you mean field_names?)"),
]


@pytest.mark.parametrize(("given", "what"), PARAMETERS)
def test_parameters_that_are_wrong(cluster: kn.Cluster, given: dict[str, Any], what: str) -> None:
    """The job says it, and so does whoever looks at the manifest before."""
    name = f"wrong-{next(iter(given)).replace('_', '-')}"
    assert what in failure(align(cluster, name, {"alice": ALICE, "bob": BOB}, **given)).what
    found = operator_problems(from_dict(manifest(name, psi(name, **given))))
    assert any(what in problem.text for problem in found)


def test_parties_that_do_not_agree(cluster: kn.Cluster) -> None:
    error = failure(align(cluster, "disagree", {"alice": ALICE, "bob": BOB}, {"bob": {"result_to_rank": 0}}))
    assert error.what == "parameter result_to_rank differs: '0' at bob, '-1' at alice"


def test_a_job_that_is_stopped_leaves_no_process(cluster: kn.Cluster) -> None:
    """It has so many ids that processes of their own multiply points, and would take seconds."""
    large = {"alice": people(0, 60_000, 1, "a"), "bob": people(0, 60_000, 2, "b")}
    job = align(cluster, "stopped", large)
    while max(job.tasks["progress"], default=0) == 0:
        time.sleep(0.01)
    workers = [child for child in psutil.Process().children() if worker.__file__ in child.cmdline()]
    assert len(workers) == 2 * (os.cpu_count() or 1) or os.cpu_count() == 1
    job.stop()
    assert isinstance(failure(job), JobStopped)
    assert not any(child.is_running() for child in workers)
    assert not written(cluster, job)


def test_a_form_writes_the_job(cluster: kn.Cluster) -> None:
    put(cluster, "form", {"alice": ALICE, "bob": BOB})
    files = {node: {"train_data": "form.csv"} for node in ("alice", "bob")}
    form = Form("bfia_submit", "ecdh_psi", "form", "alice", {}, {"alice": {"id_column": "id"}, "bob": {}}, files)
    cell, troubles = compose(form, None)
    assert troubles == []
    assert cell is not None
    job = cluster.submit(cell.partition("\n")[2]).wait(60)
    assert "3 ids in common" in job.notes[0]


# --- for teaching ----------------------------------------------------------------------------------------------------


def test_a_trace_shows_blinding_step_by_step(cluster: kn.Cluster) -> None:
    put(cluster, "traced", {"alice": ALICE, "bob": BOB})
    job = cluster.apply(manifest("traced", psi("traced")), trace="full", seed=1).wait(60)
    steps = job.trace.steps
    assert [kind for kind in steps["kind"] if kind != "send"] == ["blind", "blind again", "compare"]
    values: Any = job.trace.view("observer").values
    hashes = {int.from_bytes(hashlib.sha256(f"u{i}".encode()).digest()[:8], "little") for i in (1, 2, 3, 9)}
    shown = {(row["name"], row["of"]): row["ring"] for _, row in values.iterrows()}
    own, common = shown["H", "alice"], shown["C", "both"]
    assert set(own) == hashes
    assert len(common) == 3
    bobs: Any = job.trace.view("bob").values
    seen = {(row["name"], row["of"]): row["ring"] for _, row in bobs.iterrows()}
    assert seen["H", "alice"] == "hidden"
    assert seen["P", "alice"] != "hidden"
    formulas = "; ".join(steps["formula"])
    assert "P_alice = secret_alice·H_alice" in formulas
    assert "R_bob = secret_bob·Q_bob" in formulas


def test_a_trace_can_be_shown_and_repeated(cluster: kn.Cluster) -> None:
    put(cluster, "again", {"alice": ALICE, "bob": BOB})
    traces = []
    for seed in (1, 1, 2):
        traces.append(
            cluster.apply(manifest("again", psi("again")), replace=True, trace="full", seed=seed).wait(60).trace
        )
    assert traces[0].fingerprint == traces[1].fingerprint != traces[2].fingerprint
    header, columns = state(traces[0].record)
    assert header["numbers"]
    assert columns
    assert "points, batch 1" in html(traces[0].record)
    assert "Blind own ids" in traces[0].view("alice").excerpt()
