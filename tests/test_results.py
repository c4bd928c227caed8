"""Result files keep a share to the last bit (design: "Files that a person can trust")."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuscia_nb.errors import DataError
from kuscia_nb.mpc import fixed
from kuscia_nb.operators.shares import read_share, write_share

DESCRIPTION = {"rank": 1, "party": "host.0", "task_id": "job-ss-lr-26e3489ac66e"}


def ring(*values: int) -> np.ndarray:
    return np.array(values, np.int64).view(np.uint64)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "job-ss-lr-host-0" / "job-ss-lr-26e3489ac66e-result"


def test_lines_are_exact_decimals(path: Path) -> None:
    write_share(path, ring(0, 1, -1, 2**18, -3 * 2**17, 2**63 - 1, -(2**63)), 18, DESCRIPTION)
    # 2^-18 = 5^18 / 10^18 exactly, and the largest int64 is 2^45 - 2^-18.
    assert path.read_text().splitlines() == [
        "0.0",
        "0.000003814697265625",
        "-0.000003814697265625",
        "1.0",
        "-1.5",
        "35184372088831.999996185302734375",
        "-35184372088832.0",
    ]


def test_the_description_stands_beside_it(path: Path) -> None:
    description = DESCRIPTION | {"features": ["x1", "intercept"], "owners": ["host.0", ""]}
    write_share(path, ring(1, 2), 18, description)
    beside = path.with_name(path.name + ".json")
    assert json.loads(beside.read_text()) == description | {"fxp_bits": 18}
    assert sorted(path.parent.iterdir()) == [path, beside]


@given(st.lists(st.integers(0, 2**64 - 1), max_size=30), st.integers(0, 63))
def test_reading_inverts_writing(tmp_path_factory: pytest.TempPathFactory, values: list[int], fxp_bits: int) -> None:
    path = tmp_path_factory.mktemp("shares") / "result"
    share = np.array(values, np.uint64)
    write_share(path, share, fxp_bits, DESCRIPTION)
    read, description = read_share(path)
    assert read.dtype == np.uint64
    np.testing.assert_array_equal(read, share)
    assert description == DESCRIPTION | {"fxp_bits": fxp_bits}


def test_two_files_add_up_to_the_model(tmp_path: Path) -> None:
    weights = np.array([-0.000644, 0.001813, 0.5])
    mask = np.random.default_rng(0).integers(0, 2**64, 3, np.uint64)
    write_share(tmp_path / "alice", mask, 18, DESCRIPTION)
    write_share(tmp_path / "bob", fixed.encode(weights, 18) - mask, 18, DESCRIPTION)
    total = read_share(tmp_path / "alice")[0] + read_share(tmp_path / "bob")[0]
    np.testing.assert_array_equal(total, fixed.encode(weights, 18))


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("0.000003814697265624", "not a multiple of 2^-18"),
        ("1234.56", "not a multiple of 2^-18"),
        ("-3.51844e+13", "not the decimal of a share"),
        ("7", "not the decimal of a share"),
        ("nan", "not the decimal of a share"),
        ("", "not the decimal of a share"),
        ("35184372088832.0", "beyond the ring"),
    ],
)
def test_a_line_that_is_not_a_share_is_named(path: Path, line: str, what: str) -> None:
    write_share(path, ring(1, 2), 18, DESCRIPTION)
    path.write_text(f"0.5\n{line}\n")
    with pytest.raises(DataError) as caught:
        read_share(path)
    assert what in caught.value.what
    assert caught.value.where == "job-ss-lr-host-0/job-ss-lr-26e3489ac66e-result, line 2"


def test_a_file_that_was_cut_off_is_noticed(path: Path) -> None:
    write_share(path, ring(1, 2), 18, DESCRIPTION | {"features": ["x1", "intercept"]})
    path.write_text("0.5\n")
    with pytest.raises(DataError, match="1 lines, and its description names 2"):
        read_share(path)


@pytest.mark.parametrize("description", [None, "{", "[]", "{}", '{"fxp_bits": "18"}', '{"fxp_bits": 64}'])
def test_a_share_without_a_usable_description(path: Path, description: str | None) -> None:
    write_share(path, ring(1), 18, DESCRIPTION)
    beside = path.with_name(path.name + ".json")
    if description is None:
        beside.unlink()
    else:
        beside.write_text(description)
    with pytest.raises(DataError, match=r"result\.json"):
        read_share(path)


def test_a_missing_share(path: Path) -> None:
    with pytest.raises(DataError):
        read_share(path)
