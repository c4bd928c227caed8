"""Real SPU ranks with our TTP: what they open is right, and what they hold is what their seeds say, to the last bit."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from certificates import certificate
from jobs import Tutorial, csv, own, replayed, words
from ports import free_port
from ranks import SECONDS, run_both, start_both
from replay import ONE, training
from spu_python import SPU_PYTHON

from kuscia_nb.wire import sm2
from kuscia_nb.wire.tls import server_context
from kuscia_nb.wire.ttp_keys import PUBLIC, TtpKeys
from kuscia_nb.wire.ttp_server import TtpServer

pytestmark = [pytest.mark.spu, pytest.mark.timeout(2 * SECONDS)]
VERSION = "0.9.5"


def test_it_is_the_version_that_the_rules_were_taken_from() -> None:
    asked = "import importlib.metadata as m; print(m.version('spu'))"
    said = subprocess.run([SPU_PYTHON, "-c", asked], capture_output=True, text=True, check=True).stdout
    assert said.strip() == VERSION


# --- the tutorial's job ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("truncation", "openings", "adjust_rank", "ulp"),
    [("symmetric", "separate", 0, 560), ("ttp", "together", 1, 60)],  # spec: ss_lr §2: symmetric truncation has a bias
)
def test_the_tutorials_job(
    ttp: TtpServer, folder: Path, truncation: str, openings: str, adjust_rank: int, ulp: float
) -> None:
    job = Tutorial()
    terms = words(ttp, folder, "--truncation", truncation, "--openings", openings, "--adjust-rank", adjust_rank)
    before = ttp.served.copy()
    ended = run_both(folder, "ss_lr", [*terms, *job.terms], job.words(folder))
    assert np.abs(ended.result - job.in_floats()).max() < ulp / ONE
    asked = ttp.served - before
    assert asked["AdjustDot"] == 2 * 476 - 1
    assert asked["AdjustMulPriv"] == (5 * 476 if truncation == "ttp" else 0)
    assert asked["refused"] == 0

    again = job.again(replayed(ended, ttp, adjust_rank, truncation))
    for rank in (0, 1):
        assert ended.shares[rank].tolist() == again[rank].reshape(-1).tolist()


@pytest.mark.parametrize(("l2", "epochs", "rows"), [(0.0, 2, 12), (0.25, 3, 13), (0.5, 2, 4)])
def test_small_jobs_to_the_last_bit(ttp: TtpServer, folder: Path, l2: float, epochs: int, rows: int) -> None:
    generator = np.random.default_rng(2)
    x, y = generator.uniform(-1, 1, (rows, 5)), generator.integers(0, 2, (rows, 1))
    data = [
        ["--data", csv(folder / "first.csv", np.column_stack([x[:, :3], y])), "--label"],
        ["--data", csv(folder / "second.csv", x[:, 3:])],
    ]
    terms = {"batch_size": 4, "learning_rate": 0.3, "l2_norm": l2, "num_epoch": epochs}
    given = [word for name, value in terms.items() for word in ("--set", f"{name}={value}")]
    ended = run_both(folder, "ss_lr", words(ttp, folder, "--features", "3,2", "--rows", rows, *given), data)
    read = np.round(x, 7).astype(np.float32)
    left, right = own(np.hstack([read[:, :3], 0 * read[:, 3:]]), 0), own(np.hstack([0 * read[:, :3], read[:, 3:]]), 1)
    again = training(
        replayed(ended, ttp, 0, "symmetric"),
        (left[0] + right[0], left[1] + right[1]),
        own(y, 0),
        batch_size=4,
        epochs=epochs,
        learning_rate=0.3,
        l2=l2,
    )
    for rank in (0, 1):
        assert ended.shares[rank].tolist() == again[rank].reshape(-1).tolist()


# --- products, and a real sigmoid ------------------------------------------------------------------------------------


@pytest.mark.parametrize("adjust_rank", [0, 1])
@pytest.mark.parametrize("truncation", ["symmetric", "ttp"])
@pytest.mark.parametrize("program", ["matmul", "mul"])
def test_products_to_the_last_bit(
    ttp: TtpServer, folder: Path, program: str, truncation: str, adjust_rank: int
) -> None:
    generator = np.random.default_rng(3)
    shapes = ((3, 4), (4, 2)) if program == "matmul" else ((6, 1), (6, 1))
    x, y = (generator.integers(-400, 400, shape) / 64 for shape in shapes)
    data = [["--data", csv(folder / "x.csv", x)], ["--data", csv(folder / "y.csv", y)]]
    shape = ",".join(f"{m}x{n}" for m, n in shapes)
    terms = words(ttp, folder, "--shapes", shape, "--truncation", truncation, "--adjust-rank", adjust_rank)
    ended = run_both(folder, program, terms, data)
    expected = (x @ y if program == "matmul" else x * y).reshape(-1)
    assert np.abs(ended.result - expected).max() <= 2 / ONE
    replay = replayed(ended, ttp, adjust_rank, truncation)
    product = (replay.dot if program == "matmul" else replay.mul)(own(x, 0), own(y, 1))
    for rank, share in enumerate(replay.cut(product)):
        assert ended.shares[rank].tolist() == share.reshape(-1).tolist()


@pytest.mark.parametrize("truncation", ["symmetric", "ttp"])
def test_a_real_sigmoid(ttp: TtpServer, folder: Path, truncation: str) -> None:
    x = np.linspace(-6, 6, 50)[:, None]
    terms = words(ttp, folder, "--shapes", "50x1", "--truncation", truncation)
    before = ttp.served.copy()
    ended = run_both(folder, "sigmoid", terms, [["--data", csv(folder / "x.csv", x)], []])
    assert np.abs(ended.result - 1 / (1 + np.exp(-x[:, 0]))).max() < 2e-3
    asked = ttp.served - before
    wanted = {"AdjustMul", "AdjustSquare", "AdjustAnd", "AdjustRandBit"} | (
        {"AdjustMulPriv"} if truncation == "ttp" else set()
    )
    assert wanted <= set(asked)
    assert asked["refused"] == 0


# --- what only other programs ask for --------------------------------------------------------------------------------


def opened(ttp: TtpServer, keys: TtpKeys, text: str, world: int = 2, **settings: Any) -> tuple[Any, dict[str, int]]:
    """What the ranks open of a program on x, and what they have asked the TTP."""
    beaver = {
        "server_host": "{}:{}".format(*ttp.address),
        "adjust_rank": 0,
        "asym_crypto_schema": "SM2",
        "server_public_key": sm2.public_pem(keys.public),
        "transport_protocol": "http",
    }
    config = {"protocol": "SEMI2K", "field": "FM64", "fxp_fraction_bits": 18, "beaver_type": "TrustedThirdParty"}
    job = {
        "text": f'module @m attributes {{pphlo.version = "{VERSION}"}} {{ {text} }}',
        "inputs": {"x": X},
        "world": world,
        "config": {**config, "ttp_beaver_config": beaver, **settings},
    }
    before = ttp.served.copy()
    script = Path(__file__).parent / "operations.py"
    ended = subprocess.run(
        [SPU_PYTHON, script, json.dumps(job)], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return json.loads(ended.stdout.splitlines()[-1]), dict(ttp.served - before)


X = [3.5, -1.25, 0.0, 2.0, -7.75, 2.0]
SECRET, BITS = "tensor<6x!pphlo.secret<f32>>", "tensor<6x!pphlo.secret<i1>>"


def test_sorting_shuffles_with_a_permutation(ttp: TtpServer, keys: TtpKeys) -> None:
    text = f"""func.func @main(%x: {SECRET}) -> {SECRET} {{
      %y = pphlo.simple_sort %x ASC, dim = 0, num_keys = 1 : ({SECRET}) -> {SECRET}
      return %y : {SECRET} }}"""
    numbers, asked = opened(ttp, keys, text)
    assert np.allclose(numbers, sorted(X), atol=1e-4)
    assert asked["AdjustPerm"] > 0
    assert "refused" not in asked


def test_equality_asks_for_zero(ttp: TtpServer, keys: TtpKeys) -> None:
    text = f"""func.func @main(%x: {SECRET}) -> {BITS} {{
      %two = pphlo.constant dense<2.0> : tensor<6xf32>
      %z = pphlo.convert %two : (tensor<6xf32>) -> {SECRET}
      %y = pphlo.equal %x, %z : ({SECRET}, {SECRET}) -> {BITS}
      return %y : {BITS} }}"""
    numbers, asked = opened(ttp, keys, text)
    assert numbers == [float(x == 2) for x in X]
    assert asked["AdjustEqz"] > 0
    assert "refused" not in asked


@pytest.mark.parametrize(("flag", "method"), [(True, "AdjustTrunc"), (False, "AdjustTruncPr")])
def test_three_ranks_truncate_with_pairs(ttp: TtpServer, keys: TtpKeys, flag: bool, method: str) -> None:
    text = f"""func.func @main(%x: {SECRET}) -> {SECRET} {{
      %y = pphlo.multiply %x, %x : {SECRET}
      return %y : {SECRET} }}"""
    numbers, asked = opened(ttp, keys, text, world=3, trunc_allow_msb_error=flag)
    assert np.allclose(numbers, [x * x for x in X], atol=1e-4)
    assert asked[method] == 1
    assert "refused" not in asked


@pytest.mark.parametrize(("field", "bits"), [("FM32", 8), ("FM128", 26)])
def test_other_rings(ttp: TtpServer, keys: TtpKeys, field: str, bits: int) -> None:
    matrix = "tensor<2x3x!pphlo.secret<f32>>"
    other, square = "tensor<3x2x!pphlo.secret<f32>>", "tensor<2x2x!pphlo.secret<f32>>"
    text = f"""func.func @main(%x: {SECRET}) -> {square} {{
      %a = pphlo.reshape %x : ({SECRET}) -> {matrix}
      %b = pphlo.reshape %x : ({SECRET}) -> {other}
      %y = pphlo.dot %a, %b : ({matrix}, {other}) -> {square}
      return %y : {square} }}"""
    numbers, asked = opened(ttp, keys, text, field=field, fxp_fraction_bits=bits)
    x = np.array(X)
    assert np.allclose(numbers, x.reshape(2, 3) @ x.reshape(3, 2), atol=4 / 2**bits)
    assert asked["AdjustDot"] == 1
    assert "refused" not in asked


# --- certificates, and what goes wrong -------------------------------------------------------------------------------

PRODUCT = ["--shapes", "1x2,2x1", "--message-timeout", 5]


@pytest.fixture(scope="module")
def operands(folder: Path) -> list[list[object]]:
    x, y = np.array([[1.5, -2.0]]), np.array([[0.25], [3.0]])
    return [["--data", csv(folder / "left.csv", x)], ["--data", csv(folder / "right.csv", y)]]


def test_certificates_both_ways(keys: TtpKeys, folder: Path, operands: list[list[object]]) -> None:
    for name in ("ttp", "party"):
        certificate(folder, name)
    files = ["--tls-cert", folder / "party.crt", "--tls-key", folder / "party.pem", "--ttp-ca", folder / "ttp.crt"]
    tls = server_context(folder / "ttp.crt", folder / "ttp.pem", folder / "party.crt")
    with TtpServer(keys, tls=tls) as ttp:
        ended = run_both(folder, "matmul", words(ttp, folder, *PRODUCT, *files), operands)
        assert np.abs(ended.result - -5.625).max() <= 2 / ONE
        assert ttp.served["AdjustDot"] == 1


def test_another_ttps_key_is_said(folder: Path, operands: list[list[object]]) -> None:
    with TtpServer(TtpKeys.new()) as other:
        (asked, waits), _ = start_both(folder, "matmul", words(other, folder, *PRODUCT), operands)
    assert (asked.code, waits.code) == (1, 4)
    assert "SeedDecryptError" in asked.text
    assert "both parties need its public.pem" in asked.text


def test_no_ttp_is_said(folder: Path, operands: list[list[object]]) -> None:
    nowhere = ["--ttp", f"127.0.0.1:{free_port()}", "--ttp-key", folder / PUBLIC]
    (asked, waits), _ = start_both(folder, "matmul", [*nowhere, *PRODUCT], operands)
    assert (asked.code, waits.code) == (3, 4)
    assert "does the TTP listen there?" in asked.text
