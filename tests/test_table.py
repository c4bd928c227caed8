"""CSV files as matrices: what is read, and what is said about files that cannot be."""

import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kuscia_nb.data import lines
from kuscia_nb.data import table as tables
from kuscia_nb.data.table import DataTable, read_table
from kuscia_nb.errors import DataError

FILE = "alice: data/my.csv"


@pytest.fixture(autouse=True, scope="module", params=[10_000, 1], ids=["usual", "wide"])
def _width(request: pytest.FixtureRequest) -> Iterator[None]:
    """All of this holds for rows of few cells, and for those of very many, which are read in another way."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tables, "_WIDE", request.param)
        yield


def read(folder: Path, content: str | bytes, skip_rows: int = 1) -> DataTable:
    path = folder / "my.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(path, skip_rows, FILE)


def complaint(folder: Path, content: str | bytes, skip_rows: int = 1) -> DataError:
    with pytest.raises(DataError) as caught:
        read(folder, content, skip_rows)
    return caught.value


# What is read.


def test_numbers_become_the_nearest_float32_in_c_order(tmp_path: Path) -> None:
    table = read(tmp_path, "x1,x2,y\n-5.14226436614990e-01,.1,1\n3,+2.e1,0\n")
    assert table.names == ("x1", "x2", "y")
    assert table.values.dtype == np.float32
    assert table.values.flags.c_contiguous
    expected = np.array([[-0.514226436614990, 0.1, 1], [3, 20, 0]], np.float64).astype(np.float32)
    np.testing.assert_array_equal(table.values, expected)
    assert table.path == tmp_path / "my.csv"


@pytest.mark.parametrize(
    ("content", "skip_rows", "names"),
    [
        ('"x 1", "y"\n1,2\n', 1, ("x 1", "y")),
        ("my data\na,b\n1,2\n", 2, ("a", "b")),
        ("1,2\n", 0, ("x0", "x1")),
        ("only one name\n1,2\n", 1, ("x0", "x1")),
        ("a,\n1,2\n", 1, ("a", "x1")),
        ("größe,年龄\n1,2\n", 1, ("größe", "年龄")),
    ],
)
def test_names(tmp_path: Path, content: str, skip_rows: int, names: tuple[str, ...]) -> None:
    table = read(tmp_path, content, skip_rows)
    assert table.names == names
    np.testing.assert_array_equal(table.values, [[1, 2]])


@pytest.mark.parametrize(
    "content",
    ["\ufeffa,b\n1,2\n3,4\n", "a,b\r\n1,2\r\n3,4\r\n", "a,b\r1,2\r3,4", 'a,b\n"1","2"\n3, 4', "a,b\n1,2\n3,4\n\n  \n"],
    ids=["byte order mark", "CRLF", "CR", "quotes and blanks", "blank lines at the end"],
)
def test_what_editors_and_spreadsheets_write(tmp_path: Path, content: str) -> None:
    table = read(tmp_path, content)
    assert table.names == ("a", "b")
    np.testing.assert_array_equal(table.values, [[1, 2], [3, 4]])


def test_a_table_does_not_show_its_numbers_in_its_repr(tmp_path: Path) -> None:
    assert "0.25" not in repr(read(tmp_path, "a\n0.25\n"))


# What is said.


@pytest.mark.parametrize(
    ("content", "what", "where"),
    [
        ("a,b\n1,2\n3,abc\n", "'abc'", "line 3, column 2 (b)"),
        ("a,b\n1,2\n,4\n", "empty", "line 3, column 1 (a)"),
        ("a,b\n1,2\n3,\n", "empty", "line 3, column 2 (b)"),
        ("a,b\n1,nan\n", "'nan'", "line 2, column 2 (b)"),
        ("a,b\n-inf,1\n", "'-inf'", "line 2, column 1 (a)"),
        ("a,b\n1,2\n1e39,1\n", "too large for float32", "line 3, column 1 (a)"),
        ("a,b\n1,2\n1e999,1\n", "too large for float32", "line 3, column 1 (a)"),
        ("a,b\n0x10,2\n", "'0x10'", "line 2, column 1 (a)"),
        ("a,b\n1_0,2\n", "'1_0'", "line 2, column 1 (a)"),
        ("a,b\r\n1,2\r\nx,4\r\n", "'x'", "line 3, column 1 (a)"),
        ("a,b,c\n1,2,3\n4,5\n6,7,8\n", "2 cells instead of 3", "line 3"),
        ("a,b,c\n1,2,3\n4,5,6,7\n", "4 cells instead of 3", "line 3"),
        ("a,b,c\n1\n4,5,6\n7,8,9\n", "1 cell instead of 3", "line 2"),
        ("a,b\n1,2\n\n3,4\n", "blank", "line 3"),
        ("a\n1\n\n2\n", "blank", "line 3"),
    ],
)
def test_a_bad_cell_is_named_with_its_line_and_column(tmp_path: Path, content: str, what: str, where: str) -> None:
    error = complaint(tmp_path, content)
    assert what in error.what
    assert error.where == f"{FILE}, {where}"


def test_a_bad_cell_deep_in_a_large_file(tmp_path: Path) -> None:
    rows = ["0.5,0.25"] * 20_000
    rows[12_344] = "0.5,oops"
    error = complaint(tmp_path, "a,b\n" + "\n".join(rows))
    assert "'oops'" in error.what
    assert error.where == f"{FILE}, line 12346, column 2 (b)"


@pytest.mark.parametrize(
    ("content", "skip_rows", "hint"),
    [
        ("a,b\n1,2\n", 0, "set skip_rows to 1"),
        ("my data\na,b\n1,2\n3,4\n", 0, "set skip_rows to 2"),
        ("my data\na,b\n1,2\n3,4\n", 1, "set skip_rows to 2"),
        ("a;b\n1;2\n", 1, "by commas, not by ';'"),
        ("a\tb\n1\t2\n", 1, "by commas, not by '\\t'"),
        ('a,b\n"0,5","0,7"\n', 1, "with a point"),
        ('a,b\n"12,34",1\n', 1, "with a point"),
        ('a,b\n"0,500",1\n', 1, "with a point"),  # no number begins with a thousand of 0
        ('a,b\n"2,500",1\n', 1, "write 2500 if the comma separates thousands, or 2.500 if it is a decimal comma"),
        ('a,b\n"-12,500",1\n', 1, "write -12500 if the comma separates thousands, or -12.500"),
        ('a,b\n"1,234,567",1\n', 1, "write numbers without thousands separators: 1234567"),
        ('a,b\n"12,34,567",1\n', 1, "write numbers without thousands separators: 1234567"),
        ('a,b\n"$2,500.75",1\n', 1, "write numbers without thousands separators: 2500.75"),
        ("a,b\n45 %,1\n", 1, "write the number alone: 45"),
        ('a,b\n"2,500.75",1\n', 1, "write numbers without thousands separators: 2500.75"),
        ("a,b\n1'234'567,1\n", 1, "write numbers without thousands separators: 1234567"),
        ("a,b\n1 234,1\n", 1, "write numbers without thousands separators: 1234"),
        ('a,b\n"1.234,5",1\n', 1, "a point, and no thousands separators: 1234.5"),
        ("a,b\n1.234.567,1\n", 1, "a point, and no thousands separators: 1234567"),
        ("a,b\n1,2\n2,500,3\n", 1, "write numbers without thousands separators"),
        ('"x1" "x2"\n"1" 0.5 0.3\n', 1, "by commas, not by blanks"),
        ("user_id,b\nu17,1\n", 1, "name the column in id_column if it has ids, or leave it out"),
        ("a,b\n1,True\n", 1, "write 1 and 0"),
        ("a,b\n1,1e39\n", 1, "scale the column"),
        ("a,b\n1,\n", 1, "take this row out of the files of both parties"),
        ("a,b\n1,NaN\n", 1, "take this row out of the files of both parties"),
        ("a,b\n1,yes\n", 1, "code texts as numbers"),
        ("a,b\n1,2\n", 7, "skip_rows = 1"),
        ("a,b\n", 1, "skip_rows = 0"),
    ],
)
def test_likely_causes_get_a_hint(tmp_path: Path, content: str, skip_rows: int, hint: str) -> None:
    assert hint in complaint(tmp_path, content, skip_rows).hint


@pytest.mark.parametrize(
    ("content", "skip_rows", "what", "hint"),
    [
        (
            '"x1","x2","y"\n"1",0.5,0.3,1\n"2",0.1,0.2,0\n',
            1,
            "the header has 3 names, and the rows have 4",
            "row.names",
        ),
        ('"x1"\n"1",0.5\n"2",0.1\n', 1, "the header has 1 name, and the rows have 2", "row.names = FALSE"),
        ('"mpg","cyl"\n"Mazda RX4",21,6\n', 1, "the header has 2 names, and the rows have 3", "row.names = FALSE"),
        ("a,b,c,d\n1,2\n3,4\n", 1, "the header has 4 names, and the rows have 2", "a name for each column"),
        ("a,b\n1,2,3,4\n3,4,5,6\n", 1, "the header has 2 names, and the rows have 4", "quotes around a cell"),
        ("a,y\n2,500,1\n3,100,0\n", 1, "the header has 2 names, and the rows have 3", "quotes around a cell"),
        ("a;y\n0,5;1\n0,1;0\n", 1, "the header has 1 name, and the rows have 2", "by commas, not by ';', and write"),
    ],
)
def test_a_header_that_does_not_fit(tmp_path: Path, content: str, skip_rows: int, what: str, hint: str) -> None:
    error = complaint(tmp_path, content, skip_rows)
    assert what in error.what
    assert hint in error.hint
    assert error.where == f"{FILE}, line {skip_rows}"


@pytest.mark.parametrize(
    ("content", "skip_rows", "instead"),
    [
        ("0.703,0.1,1\n0.2,0.4,0\n", 1, 0),
        ("-1,2\n3,4\n", 1, 0),
        ("3,9\n5,6.5\n7,8\n", 2, 0),
        ("a,b\n3,14\n5,6\n", 2, 1),
        ("1.5\n2.5\n", 1, 0),
        ("0.5,NA\n2.5,1\n", 1, 0),
    ],
)
def test_a_row_in_the_headers_place(tmp_path: Path, content: str, skip_rows: int, instead: int) -> None:
    error = complaint(tmp_path, content, skip_rows)
    assert "the line that names the columns looks like a row" in error.what
    assert error.where == f"{FILE}, line {skip_rows}"
    assert error.hint == f"set skip_rows to {instead}, so that it counts as one"


@pytest.mark.parametrize(
    ("content", "skip_rows", "names"),
    [
        ("0,1,2\n0.5,0.6,1\n", 1, ("0", "1", "2")),  # a frame without names
        (",0,1\n0,0.5,0.6\n", 1, ("x0", "0", "1")),  # and with its index
        ("2019,2020,2021\n0.5,0.6,1\n", 1, ("2019", "2020", "2021")),
        ("a,b,\n1,2\n", 1, ("a", "b")),
        ("# measured in May, by Anna\n1,2,3\n", 1, ("x0", "x1", "x2")),
        ("my data, and more\n1,2,3,4\n", 1, ("x0", "x1", "x2", "x3")),
    ],
)
def test_headers_that_are_fine(tmp_path: Path, content: str, skip_rows: int, names: tuple[str, ...]) -> None:
    assert read(tmp_path, content, skip_rows).names == names


def test_a_column_without_a_name_is_known_as_one(tmp_path: Path) -> None:
    table = read(tmp_path, ",a\n1,2\n")
    assert [table.column(n).shown for n in (0, 1)] == ["column 1 (without a name)", "column 2 (a)"]
    assert read(tmp_path, "1,2\n", 0).column(0).shown == "column 1 (x0)", "without a header none lacks a name"


def test_a_bad_cell_further_down_is_not_taken_for_a_header(tmp_path: Path) -> None:
    assert "skip_rows" not in complaint(tmp_path, "1,2\nx,y\n", 0).hint


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff\r\n"])
def test_an_empty_file(tmp_path: Path, content: str) -> None:
    assert "empty" in complaint(tmp_path, content).what


@pytest.mark.parametrize(
    ("content", "where"),
    [(b"a,b\n1,2\n\xe9,4\n", f"{FILE}, line 3"), (b"\xe9,b\n1,2\n", f"{FILE}, line 1"), (b"PK\x03\x04\0\0\n1", FILE)],
)
def test_what_is_not_utf8_text(tmp_path: Path, content: bytes, where: str) -> None:
    error = complaint(tmp_path, content)
    assert error.where == where
    assert "UTF-8" in error.hint


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(DataError, match="this is a pipe or a device"):
        read_table(tmp_path / "pipe.csv", 1, FILE)


def test_utf16_is_not_utf8(tmp_path: Path) -> None:
    assert "UTF-8" in complaint(tmp_path, "a,b\n1,2\n".encode("utf-16")).hint


def test_a_missing_file_lists_what_is_there(tmp_path: Path) -> None:
    for name in ("perfect_logit_a.csv", "other.csv", ".hidden"):
        (tmp_path / name).touch()
    with pytest.raises(DataError) as caught:
        read_table(tmp_path / "perfect_logit.csv", 1, "alice: data/perfect_logit.csv")
    error = caught.value
    assert error.where == "alice: data/perfect_logit.csv"
    assert "did you mean 'perfect_logit_a.csv'?" in error.hint
    assert "other.csv, perfect_logit_a.csv" in error.hint
    assert ".hidden" not in error.hint


def test_a_missing_folder_and_a_folder_as_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="folder nowhere does not exist"):
        read_table(tmp_path / "nowhere" / "my.csv", 1, FILE)
    with pytest.raises(DataError, match="folder, not a file"):
        read_table(tmp_path, 1, FILE)


csv_like = st.text(st.sampled_from("0123456789.,-+eE \n\r\t\"'xnaif;_\0é"), max_size=60)


@settings(max_examples=300)
@given(content=csv_like.map(str.encode) | st.binary(max_size=40), skip_rows=st.integers(0, 4))
def test_any_file_is_a_table_of_finite_numbers_or_a_data_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, skip_rows: int
) -> None:
    try:
        table = read(tmp_path_factory.mktemp("any"), content, skip_rows)
    except DataError:
        return
    assert np.isfinite(table.values).all()
    assert len(table.names) == table.values.shape[1]


# What is not read any more.


def test_nothing_is_read_behind_the_first_fault(tmp_path: Path) -> None:
    path = tmp_path / "my.csv"
    path.write_bytes(b"a,b\n1,2\n3,x\n")
    os.truncate(path, 1 << 30)  # NULs to the end
    for content in (b"\0", b"a,b\n1,2\n3,x\n" + b"4,5\n" * lines.BLOCK):
        with path.open("r+b") as file:
            file.write(content)
        tracemalloc.start()
        with pytest.raises(DataError, match="not text" if content == b"\0" else "not a number: 'x'\n.*line 3"):
            read_table(path, 1, FILE)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert most < 30 * lines.BLOCK


@pytest.mark.parametrize("content", [b"0", b",", b"\n", b"1 "])
@pytest.mark.parametrize("before", [b"", b"a,b\n", b"a,b\n1,2\n"])
def test_a_row_without_an_end_is_not_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, before: bytes
) -> None:
    monkeypatch.setattr(lines, "BLOCK", 64)
    monkeypatch.setattr(lines, "LONGEST", 256)
    assert complaint(tmp_path, before + content * 2000 + b"\0").what.startswith("no row ends within")
    text = b"a,b\n" + b"1,2\n" * 1000 + b"\n" * 200
    assert read(tmp_path, text).values.shape == (1000, 2)
