"""`kuscia-nb party`: two of them train over SPU's wire, and what it says when something is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ports import free_port

from kuscia_nb.__main__ import main
from kuscia_nb.wire.ttp_keys import PUBLIC, keys_in
from kuscia_nb.wire.ttp_server import TtpServer

ONE = 2**18
ROWS, BATCH, RATE = 26, 4, 0.3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("party")
    generator = np.random.default_rng(5)
    x, y = generator.integers(-256, 256, (ROWS, 5)) / 256, generator.integers(0, 2, (ROWS, 1))
    for name, numbers in (("bob", x[:, :3]), ("alice", np.column_stack([x[:, 3:], y]))):
        header = ",".join(f"{name}{i}" for i in range(numbers.shape[1]))
        np.savetxt(made / f"{name}.csv", numbers, delimiter=",", header=header, comments="", fmt="%.9f")
    return made


@pytest.fixture(scope="module")
def ttp(folder: Path) -> Iterator[str]:
    with TtpServer(keys_in(folder)) as server:
        yield "{}:{}".format(*server.address)


@pytest.fixture
def parties() -> str:
    return f"127.0.0.1:{free_port()},127.0.0.1:{free_port()}"


def words(folder: Path, rank: int, parties: str, ttp: str, *others: object, **sets: object) -> list[str]:
    data = [["--data", folder / "bob.csv"], ["--data", folder / "alice.csv", "--label"]][rank]
    given = {"batch_size": BATCH, "learning_rate": RATE, "l2_norm": 0.5} | sets
    flags = [word for name, value in given.items() for word in ("--set", f"{name}={value}")]
    said = ["party", "ss_lr", "--rank", rank, "--parties", parties, "--ttp", ttp, "--ttp-key", folder / PUBLIC]
    said += ["--features", "3,2", "--out", folder / f"share{rank}.txt", *data, *flags, *others]
    return [str(word) for word in said]


def run_both(*commands: list[str]) -> list[int]:
    with ThreadPoolExecutor(2) as threads:
        return list(threads.map(main, commands))


def in_floats(folder: Path, l2: float, epochs: int) -> np.ndarray:
    bob, alice = (np.loadtxt(folder / f"{name}.csv", delimiter=",", skiprows=1) for name in ("bob", "alice"))
    x, y = np.column_stack([bob, alice[:, :2], np.ones(ROWS)]), alice[:, 2]
    w, penalty = np.zeros(6), np.array([l2] * 5 + [0])
    rate = (int(np.float32(RATE) * ONE) * int(ONE / BATCH) / ONE).__round__() / ONE
    for _ in range(epochs):
        for at in range(0, ROWS // BATCH * BATCH, BATCH):
            rows = slice(at, at + BATCH)
            w = w - rate * (x[rows].T @ (0.5 + x[rows] @ w / 8 - y[rows]) + penalty * w)
    return w


@pytest.mark.parametrize(
    "flags",
    [
        [],
        ["--no-handshake", "--truncation", "ttp", "--openings", "together", "--adjust-rank", "1"],
        ["--no-handshake", "--truncation", "symmetric", "--plain-keys", "--payload", "100"],
    ],
    ids=["handshake", "ttp", "plain keys"],
)
@pytest.mark.parametrize("l2", [0.0, 0.5])
def test_two_parties_train(
    folder: Path, ttp: str, parties: str, flags: list[str], l2: float, capsys: pytest.CaptureFixture[str]
) -> None:
    both = [words(folder, rank, parties, ttp, "--json", *flags, l2_norm=l2, num_epoch=2) for rank in (0, 1)]
    assert run_both(*both) == [0, 0]
    reports = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {report["rank"]: report["numbers"] for report in reports} == {0: 6, 1: 6}
    lines = [(folder / f"share{rank}.txt").read_text().split() for rank in (0, 1)]
    shares = [np.array([int(Decimal(line) * ONE) for line in share]) for share in lines]
    weights = (shares[0].view(np.uint64) + shares[1].view(np.uint64)).view(np.int64) / ONE
    # 12 steps; in each, two units of a rounded prediction a row, and two of the gradient, make one of the step
    assert np.abs(weights - in_floats(folder, l2, 2)).max() < 12 * 3 / ONE
    described = json.loads((folder / "share1.txt.json").read_text())
    assert described["features"] == ["rank 0.0", "rank 0.1", "rank 0.2", "alice0", "alice1", "intercept"]


def said(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err + captured.out
    return captured.err


def test_nobody_is_there(folder: Path, ttp: str, parties: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words(folder, 0, parties, ttp, "--connect-timeout", 1)) == 3
    error = said(capsys)
    assert error.startswith(f"NotReached: rank 1 at {parties.split(',')[1]} was not reached in 1 s: nobody listens")
    assert "try: start the other party" in error


def test_where_the_share_cannot_be_written_is_said_before_the_training(
    folder: Path, ttp: str, parties: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for out, why in ((folder, "Is a directory"), (folder / "alice.csv" / "share.txt", "Not a directory")):
        assert main([*words(folder, 0, parties, ttp), "--out", str(out)]) == 1
        assert said(capsys).startswith(f"DataError: the file cannot be written: {why}\n  {out}\n")


def test_a_missing_file_in_this_folder(
    folder: Path, ttp: str, parties: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert main([*words(folder, 0, parties, ttp), "--data", "bobs.csv"]) == 1
    assert "try: did you mean 'bob.csv'? this folder has: " in said(capsys)


def test_an_error_is_json_where_that_is_asked_for(
    folder: Path, ttp: str, parties: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(folder, 1, parties, ttp, "--connect-timeout", 0.5, "--json")) == 3
    report = json.loads(capsys.readouterr().out)
    assert (report["error"], report["rank"]) == ("NotReached", 1)


def test_its_own_address_is_another_machines(folder: Path, ttp: str, capsys: pytest.CaptureFixture[str]) -> None:
    parties = f"192.0.2.1:9001,127.0.0.1:{free_port()}"
    assert main(words(folder, 0, parties, ttp, "--insecure")) == 1
    error = said(capsys)
    assert "this machine has no address 192.0.2.1" in error
    assert "listen on 0.0.0.0:9001 (--listen), and let the peer dial 192.0.2.1:9001" in error


def test_terms_that_differ_without_a_handshake(
    folder: Path, ttp: str, parties: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first message of another size: each says both sizes, or that the other one is gone."""
    both = [
        words(folder, rank, parties, ttp, "--no-handshake", "--message-timeout", 5, batch_size=BATCH + rank)
        for rank in (0, 1)
    ]
    assert run_both(*both) == [1, 1]
    error = said(capsys)
    assert "UnexpectedMessage" in error
    assert "5 x 6 numbers" in error or "6 x 5 numbers" in error or "bytes" in error


def test_terms_that_differ_in_the_handshake(
    folder: Path, ttp: str, parties: str, capsys: pytest.CaptureFixture[str]
) -> None:
    both = [words(folder, rank, parties, ttp, "--rows", ROWS - rank) for rank in (0, 1)]
    assert run_both(*both) == [1, 1]
    assert said(capsys).count("sample size inconsistent: rank 0 has 26 rows, rank 1 has 25") == 2


def test_the_ttp_is_not_there(folder: Path, parties: str, capsys: pytest.CaptureFixture[str]) -> None:
    both = [words(folder, rank, parties, f"127.0.0.1:{free_port()}", "--message-timeout", 9) for rank in (0, 1)]
    assert run_both(*both) == [3, 1]
    error = said(capsys)
    assert "TtpNotReached" in error
    assert "PeerFailed: the peer is gone while this party waited for root:4:ALLGATHER" in error


def test_a_peer_that_is_silent_and_one_that_is_killed(
    folder: Path, ttp: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A process that has met its peer, and then sleeps or is no more."""
    script = """
import sys, time
from kuscia_nb.wire.sockets import Address
from kuscia_nb.wire.spu_transport import SpuTransport
end = SpuTransport(1, Address("127.0.0.1", int(sys.argv[1])), Address("127.0.0.1", int(sys.argv[2])))
end.connect()
print("met", flush=True)
time.sleep(100)
"""
    for kill, code, what in ((False, 4, "TimeLimit: waited 2 s for root:1:ALLGATHER"), (True, 1, "the peer is gone")):
        ports = free_port(), free_port()
        peer = subprocess.Popen([sys.executable, "-c", script, *map(str, ports)], stdout=subprocess.PIPE, text=True)
        try:
            parties = ",".join(f"127.0.0.1:{port}" for port in ports)
            with ThreadPoolExecutor(1) as threads:
                limit = 60 if kill else 2
                party = threads.submit(
                    main, words(folder, 0, parties, ttp, "--no-handshake", "--message-timeout", limit)
                )
                assert peer.stdout is not None
                assert peer.stdout.readline() == "met\n"
                if kill:
                    peer.kill()
                assert party.result(50) == code
        finally:
            peer.kill()
            peer.communicate()
        assert what in said(capsys)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (["--parties", "127.0.0.1:1"], "is not H0:P0,H1:P1"),
        (["--parties", "127.0.0.1:1,127.0.0.1:1"], "two addresses"),
        (["--parties", "10.1.2.3:1,10.1.2.4:1"], "beyond this machine"),
        (["--ttp", "10.1.2.3:1"], "beyond this machine"),
        (["--listen", "0.0.0.0:1"], "beyond this machine"),
        (["--features", "0,1"], "two numbers from 1"),
        (["--set", "x"], "is not NAME=VALUE"),
        (["--rank", "2"], "invalid choice"),
        (["--connect-timeout", "-1"], "no number of seconds"),
        (["--truncation", "ttp"], "the handshake knows local truncation"),
        (["--tls-cert", "a.crt"], "go together"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use(
    folder: Path, parties: str, changes: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*words(folder, 0, parties, "127.0.0.1:1"), *changes])
    assert ended.value.code == 2
    assert why in said(capsys)


@pytest.mark.parametrize(
    ("changes", "sets", "why"),
    [
        (["--rows", 27], {}, "it has 26 rows, --rows says 27"),
        (["--features", "2,2"], {}, "it has 3 features, --features says 2 for rank 0"),
        (["--label"], {}, "is not 0 or 1"),
        ([], {"batch_size": 100}, "batch_size = 100 is more than the 26 rows"),
        ([], {"batchsize": 4}, "parameter batchsize is unknown"),
        ([], {"has_label": "true"}, "by a flag of its own"),
        (["--ttp-key", "nowhere.pem"], {}, "nowhere.pem"),
        (["--data", "nowhere.csv"], {}, "nowhere.csv"),
    ],
)
def test_what_cannot_be_run(
    folder: Path, parties: str, changes: list[str], sets: dict[str, Any], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(folder, 0, parties, "127.0.0.1:1", *changes, **sets)) == 1
    assert why in said(capsys)


def test_a_parameter_that_is_missing_is_said_with_the_flag_that_gives_it(
    folder: Path, parties: str, ttp: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = words(folder, 0, parties, ttp)
    at = asked.index(f"learning_rate={RATE}")
    assert main([*asked[: at - 1], *asked[at + 1 :]]) == 1
    said = capsys.readouterr().err
    assert "learning_rate is missing" in said
    assert "--set learning_rate=0.1" in said
