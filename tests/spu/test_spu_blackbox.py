"""SPU's own black-box link through our endpoints: two SPU ranks, and one with our party, to the last bit."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from black_box import NODES, Endpoints
from certificates import certificate
from jobs import Tutorial, csv, own, replayed, words
from ranks import ONE, SCRIPT, SECONDS, Ended, Said
from replay import training
from spu_python import SPU_PYTHON

from kuscia_nb.wire.blackbox.desk import Caller
from kuscia_nb.wire.tls import server_context
from kuscia_nb.wire.ttp_server import TtpServer

pytestmark = [pytest.mark.spu, pytest.mark.timeout(2 * SECONDS)]

OURS: list[object] = [sys.executable, "-m", "kuscia_nb", "party"]
SPUS: list[object] = [SPU_PYTHON, SCRIPT]


class Sent:
    """What a rank has sent, as `Ended` reads it."""

    def __init__(self, endpoints: Endpoints, rank: int) -> None:
        self._endpoints, self._rank = endpoints, rank

    def values(self) -> dict[str, bytes]:
        return self._endpoints.values(self._rank)


def run_both(folder: Path, endpoints: Endpoints, ours: int | None, given: list[list[object]]) -> Ended:
    """Both ranks of ss_lr, each with its own words. Fails with what a rank has said."""
    with ExitStack() as stack:
        processes = []
        for rank in (0, 1):
            command = [*(OURS if rank == ours else SPUS), "ss_lr", "--wire", "blackbox", "--session", "a run"]
            command += ["--parties", ",".join(NODES), "--transport", endpoints.addresses[rank], "--rank", rank]
            command += ["--no-handshake", "--json", "--out", folder / f"share{rank}.txt", *given[rank]]
            output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
            process = stack.enter_context(subprocess.Popen(list(map(str, command)), **output))
            stack.callback(process.kill)
            processes.append(process)
        said = [Said(process.wait(SECONDS), process.stdout.read()) for process in processes]
    for one in said:
        assert one.code == 0, one.text
    reports = [json.loads(next(line for line in one.text.splitlines() if line.startswith("{"))) for one in said]
    lines = [(folder / f"share{rank}.txt").read_text().split() for rank in (0, 1)]
    shares = [np.array([int(Decimal(line) * ONE) for line in share]).view(np.uint64) for share in lines]
    return Ended(reports, shares, [Sent(endpoints, rank) for rank in (0, 1)])  # type: ignore[list-item]


@pytest.mark.parametrize("ours", [0, 1, None])
def test_the_tutorials_job(ttp: TtpServer, folder: Path, ours: int | None) -> None:
    job = Tutorial()
    terms = [*words(ttp, folder, "--truncation", "symmetric"), *job.terms]
    with Endpoints() as endpoints:
        ended = run_both(folder, endpoints, ours, [[*terms, *own] for own in job.words(folder)])
    again = job.again(replayed(ended, ttp, 0, "symmetric"))
    for rank in (0, 1):
        assert ended.shares[rank].tolist() == again[rank].reshape(-1).tolist()


LINKS = {
    "as it is": ([], []),
    "small parts": (["--payload", 777], ["--link", "http_max_payload_size=777"]),
    "a window of one": (["--window", 1], ["--link", "throttle_window_size=1"]),
}


@pytest.mark.parametrize(
    ("ours", "shared", "truncation", "openings", "link"),
    [
        (0, True, "ttp", "together", "as it is"),  # what the wheel does if nobody tells it otherwise
        (1, True, "symmetric", "separate", "small parts"),
        (0, False, "symmetric", "separate", "small parts"),
        (1, False, "ttp", "together", "a window of one"),
        (None, True, "symmetric", "together", "small parts"),
    ],
)
def test_small_jobs_to_the_last_bit(
    ttp: TtpServer, folder: Path, ours: int | None, shared: bool, truncation: str, openings: str, link: str
) -> None:
    with Endpoints(shared=shared) as endpoints:
        small_job(ttp, folder, endpoints, ours, truncation, openings, link)


def test_one_endpoint_that_both_dial_in_tls(ttp: TtpServer, folder: Path) -> None:
    """Neither party is dialled by anybody, and each is who its certificate says."""
    files = {name: certificate(folder, name) for name in (*NODES, "carol")}
    both = folder / "both.crt"
    both.write_text("".join(files[name][0].read_text() for name in NODES))

    def caller(connection: object) -> Caller:
        subject = dict(pair for (pair,) in connection.getpeercert()["subject"])  # type: ignore[attr-defined]
        return Caller(subject["commonName"], inside=False)

    given: list[list[object]] = []
    for name in NODES:
        given.append(["--tls-cert", files[name][0], "--tls-key", files[name][1], "--tls-peer", files["carol"][0]])
    tls = server_context(*files["carol"], both)
    with Endpoints(shared=True, tls=tls, caller=caller) as endpoints:
        small_job(ttp, folder, endpoints, 1, "symmetric", "separate", "as it is", given)


def small_job(
    ttp: TtpServer,
    folder: Path,
    endpoints: Endpoints,
    ours: int | None,
    truncation: str,
    openings: str,
    link: str,
    more: list[list[object]] | None = None,
) -> None:
    generator = np.random.default_rng(2)
    x, y = generator.integers(-256, 256, (13, 5)) / 256, generator.integers(0, 2, (13, 1))
    data: list[list[object]] = [
        ["--data", csv(folder / "first.csv", np.column_stack([x[:, :3], y])), "--label"],
        ["--data", csv(folder / "second.csv", x[:, 3:])],
    ]
    terms = {"batch_size": 4, "learning_rate": 0.3, "l2_norm": 0.25, "num_epoch": 2}
    sets = [word for name, value in terms.items() for word in ("--set", f"{name}={value}")]
    flags = words(ttp, folder, "--features", "3,2", "--rows", 13, "--truncation", truncation, "--openings", openings)
    for rank, given in enumerate(data):
        given += [*flags, *sets, *LINKS[link][rank != ours], *(more[rank] if more else [])]
    ended = run_both(folder, endpoints, ours, data)
    empty = np.zeros_like(x)
    left = own(np.hstack([x[:, :3], empty[:, 3:]]), 0)
    right = own(np.hstack([empty[:, :3], x[:, 3:]]), 1)
    both = left[0] + right[0], left[1] + right[1]
    replay = replayed(ended, ttp, 0, truncation)
    again = training(replay, both, own(y, 0), batch_size=4, epochs=2, learning_rate=0.3, l2=0.25)
    for rank in (0, 1):
        assert ended.shares[rank].tolist() == again[rank].reshape(-1).tolist()
