"""What is said of a party's own file before anything runs, and of a model that cannot be right."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from test_ss_lr_parameters import parameters

from kuscia_nb import texts
from kuscia_nb.data.names import is_id, is_label
from kuscia_nb.errors import DataError
from kuscia_nb.operators.ss_lr.reach import beyond, description, reach
from kuscia_nb.operators.ss_lr.rows import Rows
from kuscia_nb.operators.ss_lr.sanity import Sanity, counts_rows
from kuscia_nb.texts import speaker

ROWS = 210
UNIFORM = np.random.default_rng(1).uniform(-1, 1, ROWS)
LABELS = (UNIFORM > 0.2).astype(int)


def sanity(folder: Path, columns: Mapping[str, Any], *, index: bool = False, **terms: Any) -> Sanity:
    """Of a file with these columns; the label is the last one, unless has_label says that there is none."""
    path = folder / "my.csv"
    pd.DataFrame(columns).to_csv(path, index=index)
    terms = {"learning_rate": 0.05, "l2_norm": 0.0, "batch_size": 21, "has_label": True} | terms
    found = replace(parameters(), **terms)
    rows = Rows.read(path, found, "alice: data/my.csv")
    return Sanity("alice", "alice: data/my.csv", rows, rows.to_train_on(found)[0], found)


def fault(found: Sanity) -> DataError:
    with pytest.raises(DataError) as caught:
        found.warnings()
    return caught.value


# Features that are too large for the rate.


AGES = np.random.default_rng(2).uniform(18, 80, ROWS).round()


def test_a_column_that_makes_training_diverge_is_refused_with_its_value_and_what_would_do(tmp_path: Path) -> None:
    columns = {"u": UNIFORM, "age": AGES, "y": LABELS}
    square = np.mean(AGES**2)
    error = fault(sanity(tmp_path, columns))
    assert error.what == (
        f"training would diverge: learning_rate / 8 * {square:.4g} (the column's mean square)"
        f" = {0.05 / 8 * square:.4g} is above 2"
    )
    assert error.where == f"alice: data/my.csv, column 2 (age), largest value {AGES.max():.6g}"
    rate = re.fullmatch(r"scale the features to \[-1, 1\] \(scale: minmax\), or set learning_rate to (.*)", error.hint)
    assert rate
    assert sanity(tmp_path, columns, learning_rate=float(rate[1])).warnings() == []
    assert sanity(tmp_path, {**columns, "age": AGES / 80}).warnings() == []


def test_in_doubt_there_is_a_warning_in_the_same_words(tmp_path: Path) -> None:
    square = np.mean(AGES**2)
    [warning] = sanity(tmp_path, {"age": AGES, "y": LABELS}, learning_rate=1.5 * 8 / square).warnings()
    assert warning.startswith(
        "alice, column 1 (age): training may diverge: "
        f"learning_rate / 8 * {square:.4g} (the column's mean square) = 1.5"
    )
    assert "is above 1, and above 2 it surely does; scale the features to [-1, 1] (scale: minmax), or set" in warning
    assert warning.short == (
        "alice, column 1 (age): training may diverge; "
        f"scale the features to [-1, 1] (scale: minmax), or set learning_rate to {warning.rpartition(' ')[2]}"
    )


def test_many_columns_together(tmp_path: Path) -> None:
    """Twenty columns that go together: each has a mean square of 2, and X^T X / n an eigenvalue of about 21."""
    random = np.random.default_rng(3)
    columns = {
        f"c{n}": column for n, column in enumerate((random.normal(size=(ROWS, 20)) + UNIFORM[:, None] * 3**0.5).T)
    }
    error = fault(sanity(tmp_path, columns, learning_rate=1.0, has_label=False))
    assert "(the largest eigenvalue of this party's X^T X / n)" in error.what
    error_rate = float(error.hint.rpartition(" ")[2])
    assert sanity(tmp_path, columns, learning_rate=error_rate, has_label=False).warnings() == []


def test_small_batches_are_a_doubt_of_their_own(tmp_path: Path) -> None:
    columns = {f"c{n}": column for n, column in enumerate(np.random.default_rng(4).normal(size=(20, ROWS)))}
    [warning] = sanity(tmp_path, columns, learning_rate=1.0, batch_size=1, has_label=False).warnings()
    assert "(this party's X^T X / n, in batches of 1)" in warning
    assert sanity(tmp_path, columns, learning_rate=1.0, batch_size=105, has_label=False).warnings() == []


def test_a_rate_that_is_too_large_for_the_intercept_names_no_column(tmp_path: Path) -> None:
    [warning] = sanity(tmp_path, {"u": UNIFORM, "y": LABELS}, learning_rate=10.0).warnings()
    assert warning.startswith("alice: training may diverge")
    assert warning.endswith("above 2 it surely does; set learning_rate to 7")


def test_a_large_penalty_counts(tmp_path: Path) -> None:
    [warning] = sanity(tmp_path, {"u": UNIFORM, "y": LABELS}, l2_norm=500.0).warnings()
    assert "+ learning_rate / batch_size * l2_norm = 1.19" in warning


def test_products_that_are_too_large_name_the_column(tmp_path: Path) -> None:
    """At 28 bits there is room below 2^7, and 21 rows of 7 are more; one is not."""
    columns = {"u": UNIFORM, "seven": UNIFORM * 7, "y": LABELS}
    error = fault(sanity(tmp_path, columns, fxp_bits=28))
    assert "fxp_bits=28 has room below 128" in error.what
    assert error.where.startswith("alice: data/my.csv, column 2 (seven), largest value")
    assert "scale the features" in error.hint
    assert sanity(tmp_path, {**columns, "seven": UNIFORM}, fxp_bits=28).warnings() == []


# Columns that are no features.

ADVICE = "leave it out (to_csv(index=False), drop), or name it in id_column"


def test_an_index_that_was_written_along_is_named(tmp_path: Path) -> None:
    columns = {"u": UNIFORM, "y": LABELS}
    error = fault(sanity(tmp_path, columns, index=True))
    assert error.what == (
        "column 1 (without a name) looks like a row index or an id, and as a feature it makes training diverge"
    )
    assert error.hint == ADVICE
    [warning] = sanity(tmp_path, columns, index=True, learning_rate=0.0002).warnings()
    assert warning == f"alice, column 1 (without a name) is a feature, and looks like a row index or an id: {ADVICE}"


@pytest.mark.parametrize(
    "name",
    [
        "id",
        "ID",
        "Id",
        "index",
        "编号",
        "用户编号",
        "user_id",
        "userId",
        "customer id",
        "uid",
        "Unnamed: 0",
        "Unnamed: 0.1",
        "序号",
        "row",
    ],
)
def test_a_column_called_like_an_id_is_named(tmp_path: Path, name: str) -> None:
    assert is_id(name)
    [warning] = sanity(tmp_path, {name: UNIFORM, "y": LABELS}).warnings()
    assert f"column 1 ({name}) is a feature, and looks like a row index or an id" in warning


@pytest.mark.parametrize(
    "name", ["paid", "valid", "bid", "humidity", "price_index", "age", "x1", "width", "covid", "0", "rowing"]
)
def test_other_names_are_no_ids(name: str) -> None:
    assert not is_id(name)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        (range(210), True),
        (range(1, 211), True),
        (range(210, 0, -1), True),
        (range(100_000, 100_210), True),
        (np.random.default_rng(5).permutation(210), True),
        (np.arange(210) + 20_230_001, True),  # float32 has every second one
        (np.arange(210) + 138_000_000_000, False),  # too few to be seen in steps of 8,192
        (np.sort(np.random.default_rng(6).integers(20_000_000, 20_000_500, 210)), False),
        (np.arange(210) * 2, False),
        (np.arange(210) / 2, False),
        (np.repeat(range(105), 2), False),
        (AGES, False),
        ([1, 2], False),
        ([5, 5, 5], False),
    ],
)
def test_whole_numbers_that_grow_by_one_count_rows(tmp_path: Path, numbers: Any, expected: bool) -> None:
    column = np.array(numbers, np.float32)
    assert counts_rows(column, float(np.abs(column).max())) is expected


def test_a_counter_is_named_under_any_name(tmp_path: Path) -> None:
    [warning] = sanity(tmp_path, {"zähler": np.arange(ROWS), "y": LABELS}, learning_rate=0.0002).warnings()
    assert "column 1 (zähler)" in warning
    assert ADVICE in warning


@pytest.mark.parametrize("terms", [{"scale": "standard"}, {"scale": "minmax"}, {"holdout": 0.3, "scale": "minmax"}])
def test_a_counter_is_named_however_it_is_scaled(tmp_path: Path, terms: dict[str, Any]) -> None:
    [warning] = sanity(tmp_path, {"n": np.arange(ROWS), "y": LABELS}, **terms).warnings()
    assert warning.startswith("alice, column 1 (n) is a feature, and looks like a row index or an id")


@pytest.mark.parametrize("name", ["y", "Y", "label", "Label", "target", "标签"])
@pytest.mark.parametrize("has_label", [True, False])
def test_a_feature_called_like_a_label_is_named(tmp_path: Path, name: str, has_label: bool) -> None:
    assert is_label(name)
    columns = {name: UNIFORM, "last": LABELS}
    [warning] = sanity(tmp_path, columns, has_label=has_label).warnings()
    assert warning.startswith(f"alice, column 1 ({name}) is a feature, and is called like a label: ")
    assert warning.endswith("the label is the last column" if has_label else "has_label is false here")


@pytest.mark.parametrize(
    ("name", "what"), [("age\u200b", "cannot be seen: U+200B"), ("my\u00a0age", "looks like a blank: U+00A0")]
)
def test_a_name_with_a_character_that_only_looks_right_is_told(tmp_path: Path, name: str, what: str) -> None:
    [warning] = sanity(tmp_path, {name: UNIFORM, "收入（元）": UNIFORM, "y": LABELS}).warnings()
    assert warning == f"alice, column 1 ({name}): its name has a character that {what}"


# The label, and the rows.


def test_the_label_is_told_with_its_shares(tmp_path: Path) -> None:
    labels = np.arange(ROWS) < 21
    [note] = sanity(tmp_path, {"u": UNIFORM, "v": UNIFORM, "bought": labels.astype(int)}).notes()
    assert note == "alice: the label is column 3 (bought): 90 % are 0, 10 % are 1"
    assert sanity(tmp_path, {"u": UNIFORM, "v": UNIFORM}, has_label=False).notes() == []


@pytest.mark.parametrize("value", [0, 1])
def test_one_class_and_a_rare_one(tmp_path: Path, value: int) -> None:
    labels = np.full(ROWS, value)
    [warning] = sanity(tmp_path, {"u": UNIFORM, "y": labels}).warnings()
    assert warning == f"alice: every label is {value} (column 2 (y)): there is nothing to learn"
    labels[:2] = 1 - value
    [warning] = sanity(tmp_path, {"u": UNIFORM, "y": labels}).warnings()
    assert warning == f"alice: only 2 of 210 labels are {1 - value} (column 2 (y))"
    labels[:3] = 1 - value  # 1.4 %
    assert sanity(tmp_path, {"u": UNIFORM, "y": labels}).warnings() == []


@pytest.mark.parametrize(
    ("batch_size", "warning", "note"),
    [
        (21, "", ""),
        (128, "82 of 210 rows (39 %) fill no batch and are not used; batch_size = 105 uses all", ""),
        (40, "10 of 210 rows (4.8 %)", "note"),
        (66, "12 of 210 rows (5.7 %) fill no batch and are not used; batch_size = 52 leaves out 2", ""),
        (200, "", "10 of 210 rows (4.8 %) fill no batch and are not used"),
    ],
)
def test_rows_in_no_batch(tmp_path: Path, batch_size: int, warning: str, note: str) -> None:
    found = sanity(tmp_path, {"u": UNIFORM, "y": LABELS}, batch_size=batch_size)
    if note == "note":
        warning, note = "", warning + " fill no batch and are not used"
    assert found.warnings() == ([warning] if warning else [])
    assert found.notes()[1:] == ([note] if note else [])


def test_a_good_file_gets_no_warning(tmp_path: Path) -> None:
    assert sanity(tmp_path, {"u": UNIFORM, "v": UNIFORM / 2, "y": LABELS}).warnings() == []


# A model that cannot be right.


def test_the_reach_of_a_job_by_hand() -> None:
    """476 steps of a rate of 21 ulp in all, a feature of 4, and two roundings of an ulp: 476 * (84 + 1) / 2^18."""
    assert reach(parameters(), 476, 4.0) * 2**18 == pytest.approx(476 * (84 + 1), rel=1e-4)
    assert description(parameters(), 476, 3.1)["features"] == reach(parameters(), 476, 4.0), "the power of two above"
    assert description(parameters(), 476, 3.1)["intercept"] == reach(parameters(), 476)
    assert description(parameters(), 476, 0.0)["features"] > 0


def test_a_weight_out_of_reach_is_named() -> None:
    owned = [(2, {"features": 10.0, "intercept": 1.0}), (1, {"features": 0.5, "intercept": 1.0})]
    names = ["a", "b", "c", "intercept"]
    assert beyond(np.array([9.9, -9.9, 0.4, -0.9]), names, owned) is None
    said = beyond(np.array([11.0, -9.9, 5.0, 0.0]), names, owned)
    assert said is not None
    assert said.startswith(
        "the weight of c is 5, and this job's steps reach 0.5 at most: the training has diverged, or a"
    )
    said = beyond(np.array([0, 0, 0, -1.1]), names, owned)
    assert said is not None
    assert "intercept is -1.1" in said


# Chinese.


def test_all_of_it_is_there_in_chinese(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "_chosen", "zh")
    columns = {"id": UNIFORM, "label": UNIFORM, "y": LABELS * 0}
    found = [
        *(good := sanity(tmp_path, columns, batch_size=128)).warnings(),
        *good.notes(),
        *sanity(tmp_path, {"u": UNIFORM, "y": LABELS}, batch_size=40).notes(),
        *sanity(tmp_path, {"u": UNIFORM * 20, "y": LABELS}, learning_rate=0.1).warnings(),
        *sanity(tmp_path, {"u": UNIFORM, "y": LABELS}, learning_rate=10.0, l2_norm=1.0).warnings(),
    ]
    assert len(found) >= 9
    for sentence in found:
        said = speaker()(sentence)
        assert re.search("[\u4e00-\u9fff]", said), said
        assert not re.search("[a-z]+ [a-z]+", said.replace("X^T X", "")), said
