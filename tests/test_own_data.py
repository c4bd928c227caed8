"""Small files of people's own, end to end: what is good, what is warned of, what is refused, and in which words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import pytest

import kuscia_nb as kn
from kuscia_nb import texts
from kuscia_nb.errors import DataError, JobError, KusciaError, ModelWarning
from kuscia_nb.views.job import Report
from kuscia_nb.views.result import result

ROWS = 420
RANDOM = np.random.default_rng(7)
U, V, W = RANDOM.uniform(-1, 1, (3, ROWS))
Y = (U - V + W + RANDOM.normal(0, 0.3, ROWS) > 0).astype(int)
AGE = np.round(49 + 31 * U)

File = pd.DataFrame | str | bytes


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kn.Cluster]:
    with kn.connect(storage=tmp_path_factory.mktemp("nodes")) as cluster:
        yield cluster


def run(
    cluster: kn.Cluster, alice: File, bob: File, *, own: Any = (), options: Mapping[str, Any] = {}, **terms: Any
) -> kn.Job:
    """A job on these files; `own` are parameters of alice's alone. It has ended."""
    for node, content in (("alice", alice), ("bob", bob)):
        if isinstance(content, pd.DataFrame):
            cluster.put(node, "own.csv", content)
        else:
            path = cluster.nodes[node] / "data" / "own.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
    parameters = {"batch_size": 21, "learning_rate": 0.05, "l2_norm": 0.01, "num_epoch": 2} | terms
    place = {"name": "own.csv", "namespace": "data"}
    config = {
        "name": "ss_lr_1",
        "module_name": "ss_lr",
        "output": [{"type": "dataset", "key": "result"}],
        "role": {"host": ["alice"], "guest": ["bob"]},
        "initiator": {"role": "host", "node_id": "alice"},
        "task_params": {
            "host": {"0": place | {"has_label": True} | dict(own)},
            "guest": {"0": place | {"has_label": False}},
            "common": parameters,
        },
    }
    parties = [{"domainID": "alice", "role": "host"}, {"domainID": "bob", "role": "guest"}]
    task = {"alias": "ss_lr_1", "appImage": "ss-lr", "parties": parties, "taskInputConfig": json.dumps(config)}
    manifest = {
        "apiVersion": "kuscia.secretflow/v1alpha1",
        "kind": "KusciaJob",
        "metadata": {"name": "own"},
        "spec": {"initiator": "alice", "tasks": [task]},
    }
    job = cluster.apply(manifest, replace=True, **options)
    try:
        job.wait(60)
    except KusciaError:
        assert job.phase == "Failed"
    return job


def shown(job: kn.Job) -> str:
    """The report as one line."""
    return re.sub(r"\s+", " ", Report.of(job).text())


# A job that each party takes for possible, and that diverges: what puts the shares together says so.


@pytest.fixture(scope="module")
def diverged(cluster: kn.Cluster) -> kn.Job:
    """Each party has 1.6 of 2, of the same column: together 3.2, and a step makes an error 2.2 times as large."""
    scale = (1.6 * 8 / 0.05 / np.mean(U**2)) ** 0.5
    alice, bob = pd.DataFrame({"u": U * scale, "y": Y}), pd.DataFrame({"v": U * scale})
    return run(cluster, alice, bob, options={"shadow": True})


def test_a_model_out_of_reach_is_told_wherever_it_is_shown(
    cluster: kn.Cluster, diverged: kn.Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert diverged.phase == "Succeeded"
    assert sum("training may diverge" in warning for warning in diverged.warnings) == 2
    with pytest.warns(ModelWarning) as caught:
        weights = diverged.weights()
    [said] = [str(warning.message) for warning in caught]
    assert re.match(
        r"the weight of (u|v|intercept) is \S+, and this job's steps reach \S+ at most: the training has", said
    )
    assert said.endswith("scale the features to [-1, 1] (scale: minmax), or lower learning_rate")
    assert np.abs(weights["weight"].to_numpy()).max() > 1e4
    assert f"Warning: {said}" in shown(diverged)
    html = escape(f"Warning: {said}")
    assert html in diverged._repr_mimebundle_()["text/html"]
    found = result(diverged, cluster.nodes)
    assert f"Warning: {said}" in re.sub(r"\s+", " ", repr(found))
    assert html in found._repr_mimebundle_()["text/html"]
    assert "Warning" not in repr(result(diverged, cluster.nodes, "alice")), "one share says nothing"
    monkeypatch.setattr(texts, "_chosen", "zh")
    assert "而本作业的训练步最多只能达到" in Report.of(diverged).text()


def test_a_shadow_that_diverges_says_so_instead_of_digits(diverged: kn.Job) -> None:
    said = "Teacher's shadow: the plaintext run diverges as well"
    assert repr(diverged.shadow) == said
    assert diverged.shadow._repr_html_() == f"<p><strong>{said}</strong></p>"
    assert said in shown(diverged)
    assert not re.search(r"\d{30}", shown(diverged).partition("Teacher's shadow")[2])
    for picture in (diverged.pictures.weights, diverged.pictures.truncation):
        with pytest.raises(JobError, match="the plaintext run diverges as well"):
            picture()


def test_a_wrapped_product_is_told(cluster: kn.Cluster) -> None:
    """A share that is off by 2^43, as after a truncation of a prediction that wrapped, times the rate of a step."""
    job = run(cluster, pd.DataFrame({"u": U, "y": Y}), pd.DataFrame({"v": V}))
    assert job.warnings == []
    path = max(cluster.nodes["bob"].glob("own-*/*result"), key=lambda path: path.stat().st_mtime_ns)
    *lines, last = path.read_text().splitlines()
    off = round((float(last) + 2**25 * 0.05 / 21) * 2**18) / 2**18
    path.write_text("\n".join([*lines, f"{off:.18f}"]) + "\n")
    with pytest.warns(ModelWarning, match="the weight of intercept is .* a product has wrapped around the ring"):
        job.weights()


def test_a_good_model_gets_no_such_warning(cluster: kn.Cluster) -> None:
    job = run(cluster, pd.DataFrame({"u": U, "y": Y}), pd.DataFrame({"v": V}), options={"shadow": True})
    assert np.abs(job.weights()["weight"].to_numpy()).max() < 1
    assert not job.shadow.diverges
    assert "Warning" not in shown(job)


def test_the_peer_of_a_party_that_refuses_hears_of_it(cluster: kn.Cluster) -> None:
    job = run(cluster, pd.DataFrame({"age": AGE, "y": Y}), pd.DataFrame({"v": V}), num_epoch=3)
    with pytest.raises(DataError, match="training would diverge") as caught:
        job.wait()
    assert caught.value.where.startswith("alice: data/own.csv, column 1 (age)")
    assert job.tasks["phase"].tolist() == ["Failed", "Failed"]
    assert not set(job.trace.messages["op"]) - {"handshake"}, "before anything runs"
    assert "training would diverge" in job.logs("alice")
    assert "alice" in job.logs("bob")


# Files as people have them.


class Case(NamedTuple):
    """What alice and bob bring, and what is said of it."""

    kind: Literal["good", "warned", "refused"]
    alice: File
    bob: File = pd.DataFrame({"w": W})
    words: str = ""
    """In the only warning, or in the error."""
    where: str = ""
    """In the error: party, file, line, column."""
    terms: Mapping[str, Any] = {}
    own: Mapping[str, Any] = {}
    warnings: int = 1
    """If it is warned of."""


def csv(frame: pd.DataFrame, **how: Any) -> str:
    return frame.to_csv(index=False, **how)


def r_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """With R's row names: texts from 1 on."""
    return frame.set_index(frame.index + 1)


GOOD = pd.DataFrame({"u": U, "v": V, "y": Y})
AGES = pd.DataFrame({"u": U, "age": AGE, "y": Y})
IDS = [f"c{n:04}" for n in range(ROWS)]
MANY = pd.DataFrame(RANDOM.normal(size=(ROWS, 20)), columns=[f"c{n}" for n in range(20)])
LINE = csv(GOOD).splitlines()
DROP = "leave it out (to_csv(index=False), drop), or name it in id_column"

CASES = {
    # good: nothing is said
    "features in [-1, 1]": Case("good", GOOD),
    "as a spreadsheet writes it": Case("good", b"\xef\xbb\xbf" + csv(GOOD, lineterminator="\r\n").encode()),
    "quotes around all cells": Case("good", csv(GOOD, quoting=1)),
    "blank lines at the end": Case("good", csv(GOOD) + "\n\n"),
    "no header": Case(
        "good", csv(GOOD, header=False), csv(pd.DataFrame({"w": W}), header=False), terms={"skip_rows": 0}
    ),
    "a frame without names": Case("good", pd.DataFrame(GOOD.to_numpy()), pd.DataFrame(W)),
    "a title above the header": Case(
        "good", "my data\n" + csv(GOOD), "hers\nw\n" + csv(pd.DataFrame(W), header=False), terms={"skip_rows": 2}
    ),
    "years as names": Case("good", GOOD.set_axis(["2019", "2020", "2021"], axis=1)),
    "names in Chinese": Case("good", GOOD.set_axis(["收入", "年龄", "标签"], axis=1)),
    "a comma behind the header": Case("good", LINE[0] + ",\n" + "\n".join(LINE[1:])),
    "ages, scaled to [0, 1]": Case("good", AGES, own={"scale": "minmax"}),
    "ages, standardised": Case("good", AGES, own={"scale": "standard"}),
    "ages, and a rate for them": Case("good", AGES, terms={"learning_rate": 0.002}),
    "ids that are named": Case(
        "good", GOOD.assign(id=IDS).reindex(columns=["id", "u", "v", "y"]), own={"id_column": "id"}
    ),
    "an index that is named": Case("good", GOOD.reset_index(), own={"id_column": "index"}),
    "2 % of one class": Case("good", GOOD.assign(y=(np.arange(ROWS) % 50 == 0) * 1)),
    "few rows in no batch": Case("good", GOOD, terms={"batch_size": 20 * 4 + 2}),
    "whole numbers that are no index": Case("good", GOOD.assign(u=np.arange(ROWS) % 3)),
    # warned: the job runs, and one warning says what may be wrong
    "ages, and a rate in doubt": Case(
        "warned", AGES, words="alice, column 2 (age): training may diverge", terms={"learning_rate": 0.004}
    ),
    "a rate in doubt with any data": Case(
        "warned",
        GOOD,
        pd.DataFrame({"w": W / 10}),
        "alice: training may diverge",
        terms={"learning_rate": 9},
        warnings=2,
    ),
    "twenty columns in batches of one": Case(
        "warned", MANY.assign(y=Y), words="in batches of 1) = ", terms={"batch_size": 1, "learning_rate": 0.6}
    ),
    "an index, and a small rate": Case(
        "warned",
        GOOD.assign(n=np.arange(ROWS)).reindex(columns=["n", "u", "y"]),
        words=DROP,
        terms={"learning_rate": 2**-14, "batch_size": 2},
    ),
    "a column called id": Case(
        "warned",
        GOOD.rename(columns={"u": "id"}),
        words=f"alice, column 1 (id) is a feature, and looks like a row index or an id: {DROP}",
    ),
    "a column called 编号": Case("warned", GOOD.rename(columns={"v": "编号"}), words="alice, column 2 (编号)"),
    "a column called Unnamed: 0": Case("warned", GOOD.rename(columns={"u": "Unnamed: 0"}), words="(Unnamed: 0)"),
    "bob's user_id": Case("warned", GOOD, pd.DataFrame({"user_id": W}), "bob, column 1 (user_id)"),
    "a label that is not the last column": Case(
        "warned",
        GOOD.set_axis(["target", "v", "b"], axis=1),
        words="column 1 (target) is a feature, and is called like a label: the label is the last column",
    ),
    "a label at the wrong party": Case(
        "warned",
        GOOD,
        pd.DataFrame({"w": W, "y": Y}),
        "bob, column 2 (y) is a feature, and is called like a label: has_label is false here",
    ),
    "one class": Case(
        "warned", GOOD.assign(y=1), words="alice: every label is 1 (column 3 (y)): there is nothing to learn"
    ),
    "a rare class": Case(
        "warned", GOOD.assign(y=(np.arange(ROWS) == 7) * 1), words="alice: only 1 of 420 labels are 1"
    ),
    "a batch of 128 of 200 rows": Case(
        "warned",
        GOOD.head(200),
        pd.DataFrame({"w": W[:200]}),
        "72 of 200 rows (36 %) fill no batch and are not used; batch_size = 100 uses all",
        terms={"batch_size": 128},
    ),
    "a rate that is rounded": Case("warned", GOOD, words="(20 % low)", terms={"learning_rate": 0.0001}),
    # refused: the job fails before anything runs, and the error says what, where, and what to try
    "ages": Case(
        "refused",
        AGES,
        words="training would diverge: learning_rate / 8 * ",
        where="alice: data/own.csv, column 2 (age), largest value 80",
        terms={"num_epoch": 3},
    ),
    "bob's ages": Case(
        "refused",
        GOOD,
        pd.DataFrame({"age": AGE}),
        "scale the features to [-1, 1] (scale: minmax), or set learning_rate to 0.002",
        "bob: data/own.csv, column 1 (age)",
    ),
    "a deviation of 15 and a rate of 0.1": Case(
        "refused",
        GOOD.assign(u=15 * (U + V + W)),
        words="training would diverge",
        where="column 1 (u)",
        terms={"learning_rate": 0.1},
    ),
    "a rate of 20": Case(
        "refused", GOOD, words="training diverges above 16 with any data", terms={"learning_rate": 20}
    ),
    "a penalty of 1000": Case("refused", GOOD, words="l2_norm is too large", terms={"l2_norm": 1000}),
    "one cell with a slip": Case(
        "refused",
        GOOD.assign(u=np.where(np.arange(ROWS) == 100, 1e6, U)),
        words="training would diverge",
        where="column 1 (u), largest value 1000000",
    ),
    "to_csv with its index": Case("refused", GOOD.to_csv(), words=f"try: {DROP}", where="column 1 (without a name)"),
    "R's write.csv": Case(
        "refused", r_rows(GOOD).to_csv(quoting=2), words=f"try: {DROP}", where="column 1 (without a name)"
    ),
    "an id from 1000001 on": Case(
        "refused",
        GOOD.assign(u=np.arange(ROWS) + 1_000_001),
        words="looks like a row index or an id",
        where="column 1 (u)",
    ),
    "R's write.table": Case(
        "refused",
        "\n".join([LINE[0], *(f'"{n}",{line}' for n, line in enumerate(LINE[1:], 1))]),
        words="the header has 3 names, and the rows have 4 cells",
        where="line 1",
    ),
    "R's write.table with blanks": Case(
        "refused", csv(GOOD, sep=" "), words="separate the cells by commas, not by blanks", where="line 2"
    ),
    "a row in the header's place": Case(
        "refused", "\n".join(LINE[1:]), words="set skip_rows to 0", where="alice: data/own.csv, line 1"
    ),
    "one comma and three digits": Case(
        "refused",
        csv(GOOD).replace(LINE[3].split(",")[0], '"2,500"'),
        words="write 2500 if the comma separates thousands, or 2.500",
        where="line 4, column 1 (u)",
    ),
    "several thousands": Case(
        "refused",
        csv(GOOD).replace(LINE[3].split(",")[0], '"1,234,567"'),
        words="without thousands separators: 1234567",
        where="line 4, column 1 (u)",
    ),
    "decimal commas": Case(
        "refused",
        csv(GOOD, decimal=",", quoting=1),
        words="with a point, not with a comma",
        where="line 2, column 1 (u)",
    ),
    "semicolons": Case("refused", csv(GOOD, sep=";"), words="by commas, not by ';'", where="line 2"),
    "tabs": Case("refused", csv(GOOD, sep="\t"), words="by commas, not by '\\t'", where="line 2"),
    "yes and no": Case("refused", GOOD.assign(y=np.where(Y, "yes", "no")), words="not a number", where="column 3 (y)"),
    "labels of 1 and -1": Case("refused", GOOD.assign(y=2 * Y - 1), words="is not 0 or 1", where="column 3 (y)"),
    "a label in the first column": Case(
        "refused", GOOD.reindex(columns=["y", "u", "v"]), words="is not 0 or 1", where="column 3 (v)"
    ),
    "a cell without a number": Case(
        "refused",
        GOOD.assign(u=np.where(np.arange(ROWS) == 9, np.nan, U)),
        words="the cell is empty",
        where="line 11, column 1 (u)",
    ),
    "NA": Case(
        "refused",
        csv(GOOD).replace(LINE[5].split(",")[1], "NA"),
        words="must be a finite number",
        where="line 6, column 2 (v)",
    ),
    "GBK": Case("refused", csv(GOOD.rename(columns={"u": "年龄"})).encode("gbk"), words="not UTF-8", where="line 1"),
    "UTF-16": Case("refused", csv(GOOD).encode("utf-16"), words="save it as CSV in UTF-8", where="alice: data/own.csv"),
    "a workbook": Case(
        "refused", b"PK\x03\x04\x14\x00\x06\x00" + bytes(64), words="the file is not text", where="alice: data/own.csv"
    ),
    "ids that are texts": Case(
        "refused",
        GOOD.assign(u=IDS).rename(columns={"u": "user_id"}),
        words="name the column in id_column",
        where="line 2, column 1 (user_id)",
    ),
    "a number beyond float32": Case(
        "refused",
        GOOD,
        "\n".join(["w", "1e39", *map(str, W[1:])]),
        "too large for float32",
        "bob: data/own.csv, line 2, column 1 (w)",
    ),
    "a number with no room at 28 bits": Case(
        "refused",
        GOOD,
        pd.DataFrame({"w": W, "ten": 10 * W}),
        "fxp_bits=28 has room below",
        "bob: data/own.csv, column 2 (ten)",
        {"fxp_bits": 28, "learning_rate": 0.02},
    ),
    "a row too few": Case("refused", GOOD, pd.DataFrame({"w": W[1:]}), "sample size inconsistent"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_persons_own_file(cluster: kn.Cluster, name: str) -> None:
    case = CASES[name]
    job = run(cluster, case.alice, case.bob, own=case.own, **case.terms)
    if case.kind == "refused":
        assert job.phase == "Failed"
        with pytest.raises(KusciaError) as caught:
            job.wait()
        assert case.words in str(caught.value)
        assert case.where in caught.value.where
        assert len(str(caught.value)) < 350
        assert set(job.trace.messages["op"]) <= {"handshake"}, "before anything runs"
        return
    assert job.phase == "Succeeded"
    assert len(job.warnings) == (case.warnings if case.kind == "warned" else 0)
    assert not job.warnings or case.words in job.warnings[0]
    assert all(len(warning) < 300 for warning in job.warnings)
    assert any(note.startswith("alice: the label is column ") for note in job.notes)
    assert np.abs(job.weights()["weight"].to_numpy()).max() < 20, "and no ModelWarning"


def test_there_are_enough_of_them() -> None:
    kinds = [case.kind for case in CASES.values()]
    assert len(kinds) >= 40
    assert min(kinds.count(kind) for kind in ("good", "warned", "refused")) >= 12


@pytest.mark.parametrize("strategy", ["preprocessed", "interconnection"])
def test_the_strategy_makes_no_difference(cluster: kn.Cluster, strategy: str) -> None:
    job = run(cluster, AGES, pd.DataFrame({"w": W}), options={"strategy": strategy}, num_epoch=3)
    with pytest.raises(DataError, match="training would diverge"):
        job.wait()


def test_the_report_tells_of_the_label_and_of_rows_in_no_batch(
    cluster: kn.Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    label = f"alice: the label is column 3 (y): {100 - 100 * Y.mean():.4g} % are 0, {100 * Y.mean():.4g} % are 1"
    rows = "10 of 420 rows (2.4 %) fill no batch and are not used"
    job = run(cluster, GOOD, pd.DataFrame({"w": W}), batch_size=41)
    for said in (label, rows):
        assert said in shown(job)
        assert said in job.logs("alice")
    assert label not in job.logs("bob"), "who knows nothing of it"
    assert job.warnings == []
    monkeypatch.setattr(texts, "_chosen", "zh")
    assert "420 行中有 10 行（2.4%）不足一个批次" in Report.of(job).text()


def test_the_tutorials_own_job_is_said_nothing_new_of(tmp_path: Any) -> None:
    with kn.connect(storage=tmp_path) as cluster:
        job = cluster.apply(kn.tutorial_manifest()).wait(60)
        [warning] = job.warnings
        assert "(20 % low)" in warning
        assert np.isfinite(job.weights()["weight"].to_numpy()).all()
