"""Our party and a real SPU rank train together: right within what truncation takes, and equal to the last bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from certificates import certificate
from jobs import Tutorial, csv, own, replayed, words
from ranks import SECONDS, run_both
from replay import ONE, training

from kuscia_nb.wire.ttp_server import TtpServer

pytestmark = [pytest.mark.spu, pytest.mark.timeout(2 * SECONDS)]


@pytest.mark.parametrize(
    ("ours", "truncation", "openings", "adjust_rank", "ulp"),
    [
        (0, "symmetric", "separate", 1, 560),  # SPU's bias (spec: ss_lr §2)
        (1, "asymmetric", "separate", 0, 60),
        (0, "ttp", "together", 0, 60),  # what the wheel does if nobody tells it otherwise
        (1, "ttp", "together", 1, 60),
    ],
)
def test_the_tutorials_job(
    ttp: TtpServer, folder: Path, ours: int, truncation: str, openings: str, adjust_rank: int, ulp: float
) -> None:
    job = Tutorial()
    terms = words(ttp, folder, "--openings", openings, "--adjust-rank", adjust_rank, "--no-handshake")
    data = job.words(folder)
    for rank, given in enumerate(data):
        given += ["--truncation", "symmetric" if rank != ours and truncation == "asymmetric" else truncation]
    ended = run_both(folder, "ss_lr", [*terms, *job.terms], data, ours)
    assert np.abs(ended.result - job.in_floats()).max() < ulp / ONE
    again = job.again(replayed(ended, ttp, adjust_rank, truncation))
    for rank in (0, 1):
        assert ended.shares[rank].tolist() == again[rank].reshape(-1).tolist()


LINKS = {
    "as it is": ([], []),
    "small parts": (["--payload", 777], ["--link", "http_max_payload_size=777"]),
    "a window of one": (["--window", 1], ["--link", "throttle_window_size=1"]),
    "no window": (["--window", 0], ["--link", "throttle_window_size=0"]),
    "plain keys": (["--plain-keys"], ["--link", "disable_msg_seq_id=1"]),
}


@pytest.mark.parametrize("ours", [0, 1])
@pytest.mark.parametrize(
    ("l2", "epochs", "rows", "truncation", "openings", "link"),
    [
        (0.0, 2, 12, "symmetric", "separate", "as it is"),
        (0.25, 3, 13, "symmetric", "together", "small parts"),
        (0.5, 1, 4, "ttp", "separate", "a window of one"),
        (0.0, 2, 8, "ttp", "together", "no window"),
        (0.5, 2, 8, "symmetric", "together", "plain keys"),
    ],
)
def test_small_jobs_to_the_last_bit(
    ttp: TtpServer,
    folder: Path,
    ours: int,
    l2: float,
    epochs: int,
    rows: int,
    truncation: str,
    openings: str,
    link: str,
) -> None:
    generator = np.random.default_rng(2)
    x, y = generator.integers(-256, 256, (rows, 5)) / 256, generator.integers(0, 2, (rows, 1))
    data: list[list[object]] = [
        ["--data", csv(folder / "first.csv", np.column_stack([x[:, :3], y])), "--label"],
        ["--data", csv(folder / "second.csv", x[:, 3:])],
    ]
    for rank, given in enumerate(data):
        given += LINKS[link][rank != ours]
    terms = {"batch_size": 4, "learning_rate": 0.3, "l2_norm": l2, "num_epoch": epochs}
    sets = [word for name, value in terms.items() for word in ("--set", f"{name}={value}")]
    flags = ["--truncation", truncation, "--openings", openings, "--no-handshake"]
    ended = run_both(
        folder, "ss_lr", words(ttp, folder, "--features", "3,2", "--rows", rows, *flags, *sets), data, ours
    )
    empty = np.zeros_like(x)
    left = own(np.hstack([x[:, :3], empty[:, 3:]]), 0)
    right = own(np.hstack([empty[:, :3], x[:, 3:]]), 1)
    replay = replayed(ended, ttp, 0, truncation)
    both = left[0] + right[0], left[1] + right[1]
    again = training(replay, both, own(y, 0), batch_size=4, epochs=epochs, learning_rate=0.3, l2=l2)
    for rank in (0, 1):
        assert ended.shares[rank].tolist() == again[rank].reshape(-1).tolist()


@pytest.mark.parametrize("ours", [0, 1])
@pytest.mark.parametrize(
    ("truncation", "openings", "adjust_rank"),
    [("symmetric", "separate", 0), ("asymmetric", "together", 1), ("ttp", "separate", 1), ("ttp", "together", 0)],
)
@pytest.mark.parametrize("program", ["matmul", "mul"])
def test_products_to_the_last_bit(
    ttp: TtpServer, folder: Path, program: str, truncation: str, openings: str, adjust_rank: int, ours: int
) -> None:
    generator = np.random.default_rng(3)
    shapes = ((3, 4), (4, 2)) if program == "matmul" else ((6, 1), (6, 1))
    x, y = (generator.integers(-400, 400, shape) / 64 for shape in shapes)
    data: list[list[object]] = [["--data", csv(folder / "x.csv", x)], ["--data", csv(folder / "y.csv", y)]]
    for rank, given in enumerate(data):
        given += ["--truncation", "symmetric" if rank != ours and truncation == "asymmetric" else truncation]
    shape = ",".join(f"{m}x{n}" for m, n in shapes)
    terms = words(ttp, folder, "--shapes", shape, "--openings", openings, "--adjust-rank", adjust_rank)
    ended = run_both(folder, program, terms, data, ours)
    expected = (x @ y if program == "matmul" else x * y).reshape(-1)
    assert np.abs(ended.result - expected).max() <= 2 / ONE
    # rank 0 cuts its share in the same way under both rules
    replay = replayed(ended, ttp, adjust_rank, "symmetric" if ours == 0 and truncation == "asymmetric" else truncation)
    product = (replay.dot if program == "matmul" else replay.mul)(own(x, 0), own(y, 1))
    for rank, share in enumerate(replay.cut(product)):
        assert ended.shares[rank].tolist() == share.reshape(-1).tolist()


def test_tls_with_certificates_of_both(ttp: TtpServer, folder: Path) -> None:
    """And a SPU whose messages come in parts: the forwarders see neither keys nor values, so nothing is replayed."""
    files = [certificate(folder, name) for name in ("bob", "alice")]
    generator = np.random.default_rng(4)
    x, y = generator.integers(-256, 256, (40, 5)) / 256, generator.integers(0, 2, (40, 1))
    data: list[list[object]] = [
        ["--data", csv(folder / "first.csv", np.column_stack([x[:, :3], y])), "--label", "--payload", 100],
        ["--data", csv(folder / "second.csv", x[:, 3:]), "--link", "http_max_payload_size=100"],
    ]
    for rank, given in enumerate(data):
        given += ["--tls-cert", files[rank][0], "--tls-key", files[rank][1], "--tls-peer", files[1 - rank][0]]
    sets = ["--set", "batch_size=8", "--set", "learning_rate=0.5", "--no-handshake"]
    ended = run_both(folder, "ss_lr", words(ttp, folder, "--features", "3,2", "--rows", 40, *sets), data, ours=0)
    w, padded = np.zeros(6), np.column_stack([x, np.ones(40)])
    for at in range(0, 40, 8):
        rows = slice(at, at + 8)
        w = w - 0.5 / 8 * padded[rows].T @ (0.5 + padded[rows] @ w / 8 - y[rows, 0])
    assert (
        np.abs(ended.result - w).max() < 5 * 4 / ONE
    )  # a step is off by four units at most, with 1/16 of the gradient
