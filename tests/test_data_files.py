"""Data files in blocks, compressed, as Parquet, and read once: what is read never depends on how it was."""

from __future__ import annotations

import gzip
import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kuscia_nb.data import lines, table, tables
from kuscia_nb.data.records import read_records
from kuscia_nb.data.table import DataTable, read_table
from kuscia_nb.data.tables import Tables
from kuscia_nb.errors import DataError

FILE = "alice: data/my.csv"


def told(path: Path, id_column: str | None = None) -> DataTable | tuple[str, str, str]:
    """The table, or what is said of a file that is none."""
    try:
        return read_table(path, 1, FILE, id_column)
    except DataError as error:
        return str(error.what), str(error.where), str(error.hint)


CELLS = st.sampled_from(["1", "-2.5", "3e4", "", "x", "nan", '"7"', " 8", "True", "1e99", "²"])
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


@given(
    rows=st.lists(st.lists(CELLS, min_size=2, max_size=3), min_size=1, max_size=8),
    good=st.integers(0, 12),
    end=ENDS,
    tail=st.integers(0, 3),
    block=st.integers(3, 40),
    packed=st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_the_size_of_blocks_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[list[str]],
    good: int,
    end: str,
    tail: int,
    block: int,
    packed: bool,
) -> None:
    path = tmp_path_factory.mktemp("data") / ("my.csv.gz" if packed else "my.csv")
    given = ["a,b", *["0.5,1"] * good, *map(",".join, rows)]
    content = b"\xef\xbb\xbf" + (end.join(given) + end * tail).encode()
    path.write_bytes(gzip.compress(content) if packed else content)
    whole = told(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "BLOCK", block)
        in_blocks = told(path)
    if isinstance(whole, DataTable):
        assert isinstance(in_blocks, DataTable)
        np.testing.assert_array_equal(in_blocks.values, whole.values)
        assert in_blocks.names == whole.names
    elif good > len(rows):  # else what most rows have is not what the first ones have
        assert in_blocks == whole


def test_a_file_is_not_read_beyond_its_first_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "my.csv"
    with path.open("wb") as file:
        file.write(b"a,b\n1,2\n3,x\n" + b"5,6\n" * 9)
        file.truncate(1 << 40)  # zeros that lie nowhere: 1 TB
    monkeypatch.setattr(lines, "BLOCK", 8)
    assert told(path)[1] == f"{FILE}, line 3, column 2 (b)"  # type: ignore[index]
    monkeypatch.setattr(lines, "BLOCK", 1 << 21)
    assert told(path)[0] == "the file is not text"  # type: ignore[index]


def test_a_fault_far_down_has_its_line(tmp_path: Path) -> None:
    path = tmp_path / "my.csv"
    rows = 2 * lines.BLOCK // len("0.25,1\n") + 7
    path.write_bytes(b"a,b\n" + b"0.25,1\n" * rows + b"0.25\n" + b"0.25,1\n" * 3)
    assert told(path)[:2] == ("the row has 1 cell instead of 2", f"{FILE}, line {rows + 2}")  # type: ignore[index]


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", gzip.compress(b"a,b\n" + os.urandom(4000))[:100]])
def test_what_is_no_whole_gzip_file_is_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "my.csv.gz"
    path.write_bytes(content)
    what, where, _ = told(path)  # type: ignore[misc]
    assert what.startswith(("the file cannot be read", "the file is empty"))
    assert where == FILE


def parquet(folder: Path, **columns: object) -> Path:
    path = folder / "my.parquet"
    pd.DataFrame(columns).to_parquet(path)
    return path


def test_parquet_is_read_as_the_same_frame_in_csv(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    ids = [f"u{i}" for i in range(500)]
    frame = pd.DataFrame({"id": ids, "a": rng.normal(size=500), "n": rng.integers(-9, 9, 500), "y": np.arange(500) % 2})
    frame.to_parquet(tmp_path / "my.parquet")
    frame.to_csv(tmp_path / "my.csv", index=False)
    packed, plain = (read_table(tmp_path / name, 1, FILE, "id") for name in ("my.parquet", "my.csv"))
    np.testing.assert_array_equal(packed.values, plain.values)
    assert (packed.names, packed.ids) == (plain.names, plain.ids) == (("a", "n", "y"), ids)
    packed, plain = (read_records(tmp_path / name, 1, FILE, "id") for name in ("my.parquet", "my.csv"))
    assert packed.write(np.arange(500), ids) == plain.write(np.arange(500), ids)


@pytest.mark.parametrize(
    ("cells", "what", "hint"),
    [
        ([1.0, None, 2.0], "the cell is empty", "fill it in"),
        ([1.0, 1e300, 2.0], "the number is too large for float32", "scale the column"),
        (["1", "two", "3"], "the cell is not a number: 'two'", "code texts as numbers"),
        ([1, 2**70, 3], None, ""),
    ],
)
def test_a_bad_cell_of_parquet_is_named(tmp_path: Path, cells: list[object], what: str | None, hint: str) -> None:
    if what is None:
        path = parquet(tmp_path, a=[1, 2, 3], b=[str(cell) for cell in cells])
        assert read_table(path, 1, FILE).values[1, 1] == np.float32(2.0**70)
        return
    error = told(parquet(tmp_path, a=[1, 2, 3], b=cells))
    assert isinstance(error, tuple)
    assert error[0].startswith(what)
    assert error[1] == f"{FILE}, row 2, column 2 (b)"
    assert hint in error[2]


def test_what_is_no_parquet_is_said(tmp_path: Path) -> None:
    path = tmp_path / "my.parquet"
    for content in (b"", b"a,b\n1,2\n", parquet(tmp_path, a=[1, 2]).read_bytes()[:-9]):
        path.write_bytes(content)
        assert told(path)[0] == "this is no Parquet file, or only a part of one"  # type: ignore[index]


# Read once.


def settled(path: Path, content: str) -> Path:
    """A file as if it had been written a while ago."""
    path.write_text(content)
    deadline = time.monotonic() + 60
    while time.time_ns() - path.stat().st_ctime_ns <= tables._SETTLED:  # the file system's clock has to move on
        assert time.monotonic() < deadline
    return path


def test_the_same_file_is_parsed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, node = settled(tmp_path / "my.csv", "a,b\n1,2\n"), Tables()
    first = node.read(path, 1, FILE)
    monkeypatch.setattr(table, "_parse", None)  # whoever parses now fails
    assert node.read(path, 1, FILE) is first
    with pytest.raises(ValueError, match="read-only"):
        first.values[0, 0] = 3


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    path, node = settled(tmp_path / "my.csv", "a,b\n1,2\n"), Tables()
    node.read(path, 1, FILE)
    stamp = path.stat()
    path.write_text("a,b\n3,4\n")
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # the same size, and the same time
    np.testing.assert_array_equal(node.read(path, 1, FILE).values, [[3, 4]])


def test_a_file_written_just_now_is_not_kept(tmp_path: Path) -> None:
    path, node = tmp_path / "my.csv", Tables()
    for number in range(50):  # of the same size, faster than a coarse clock ticks
        path.write_text(f"a,b\n{number % 10},4\n")
        assert node.read(path, 1, FILE).values[0, 0] == number % 10


def test_what_is_kept_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node = Tables()
    monkeypatch.setattr(tables, "KEPT", 20)  # two tables of two numbers
    for name in "abc":
        node.read(settled(tmp_path / name, "a,b\n1,2\n"), 1, FILE)
    assert [key[0].name for key in node._kept] == ["b", "c"]
