"""`kuscia-nb party --wire own`: two parties and a TTP in three processes, and what is said when one is gone."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from own_wire import Forwarder, seeded
from ports import free_port
from test_party_command import run_both, said
from test_party_command import words as spu_words

import kuscia_nb as kn
from kuscia_nb.__main__ import main
from kuscia_nb.wire import identity
from kuscia_nb.wire.identity import Identity
from kuscia_nb.wire.sockets import Address
from kuscia_nb.wire.ttp_keys import PUBLIC, keys_in
from kuscia_nb.wire.ttp_server import TtpServer

SEED = 7
NODES = ("bob", "alice")  # by rank
STRATEGIES = ("preprocessed", "interconnection")

PARTY = """
import sys
from kuscia_nb.__main__ import main
from kuscia_nb.mpc import Seeds
from kuscia_nb.wire import party_command
party_command.Seeds = lambda: Seeds(int(sys.argv[1]), sys.argv[2])
sys.exit(main(sys.argv[3:]))
"""
"""A party whose seeds are those of a run that can be repeated."""


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The tutorial's files, and both parties' result files of the job in one process, by strategy."""
    storage = tmp_path_factory.mktemp("nodes")
    cluster = kn.connect(storage=storage)
    found: dict[str, Any] = {}
    for strategy in STRATEGIES:
        job = cluster.apply(kn.tutorial_manifest(), seed=SEED, strategy=strategy, truncation="local").wait()
        assert job.phase == "Succeeded"
        found[strategy] = [job.shares(node)["ring"].tolist() for node in NODES]
        cluster.delete(job.name)
    found["data"] = [next(storage.glob(f"{node}/**/perfect_logit_{node[0]}.csv")) for node in NODES]
    yield found
    cluster.close()


@pytest.fixture(scope="module")
def ttp_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Where it listens, and its public key."""
    keys = tmp_path_factory.mktemp("ttp")
    command = [sys.executable, "-m", "kuscia_nb", "ttp", "--listen", "127.0.0.1:0", "--keys", str(keys)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[2], keys / PUBLIC
        finally:
            process.kill()


def words(rank: int, parties: str, ttp: tuple[str, Path], data: list[Path], out: Path, *more: object) -> list[str]:
    said = [
        "party",
        "ss_lr",
        "--wire",
        "own",
        "--rank",
        rank,
        "--parties",
        parties,
        "--ttp",
        ttp[0],
        "--ttp-key",
        ttp[1],
    ]
    said += ["--features", "10,10", "--data", data[rank], "--out", out / f"share{rank}.txt", *["--label"] * rank]
    for name, value in (("batch_size", 21), ("l2_norm", 0.5), ("learning_rate", 0.0001), ("skip_rows", 1)):
        said += ["--set", f"{name}={value}"]
    return [str(word) for word in (*said, *more)]


def start(rank: int, *arguments: Any) -> subprocess.Popen[str]:
    scope = f"ss_lr_1/{NODES[rank]}"
    command = [sys.executable, "-c", PARTY, str(SEED), scope, *words(rank, *arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def shares(folder: Path) -> list[list[int]]:
    from kuscia_nb.operators.shares import read_share

    return [read_share(folder / f"share{rank}.txt")[0].tolist() for rank in (0, 1)]


@pytest.fixture
def parties() -> str:
    return f"127.0.0.1:{free_port()},127.0.0.1:{free_port()}"


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("secured", [False, True], ids=["plain", "tls"])
def test_three_processes_have_the_shares_of_the_job_in_one_process(
    strategy: str, secured: bool, embedded: dict[str, Any], ttp_process: tuple[str, Path], parties: str, tmp_path: Path
) -> None:
    flags: list[list[object]] = [["--strategy", strategy], ["--strategy", strategy]]
    if secured:
        for node in NODES:
            identity.make(node, tmp_path)
        for rank, node in enumerate(NODES):
            flags[rank] += ["--identity", tmp_path / f"{node}.pem", "--trust", tmp_path / f"{NODES[1 - rank]}.crt"]
    both = [start(rank, parties, ttp_process, embedded["data"], tmp_path, *flags[rank]) for rank in (0, 1)]
    ended = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], ended
    assert shares(tmp_path) == embedded[strategy]


def test_one_that_nobody_can_dial_and_a_connection_that_breaks_again_and_again(
    embedded: dict[str, Any], ttp_process: tuple[str, Path], tmp_path: Path
) -> None:
    """alice dials bob through something that cuts every connection after some 100 KB."""
    port = free_port()
    forwarder = Forwarder(Address("127.0.0.1", port), seeded(3, 50_000, 150_000))
    try:
        first = f"127.0.0.1:{port},127.0.0.1:1"
        second = f"{forwarder.address},127.0.0.1:1"
        strategy = ("--strategy", "interconnection")
        both = [
            start(0, first, ttp_process, embedded["data"], tmp_path, *strategy),
            start(1, second, ttp_process, embedded["data"], tmp_path, "--listen", "none", *strategy),
        ]
        ended = [process.communicate(timeout=120) for process in both]
        assert [process.returncode for process in both] == [0, 0], ended
        assert shares(tmp_path) == embedded["interconnection"]
        assert forwarder.cuts > 5
    finally:
        forwarder.close()


def test_a_process_that_is_killed_is_missed_within_the_limit(
    embedded: dict[str, Any], ttp_process: tuple[str, Path], tmp_path: Path
) -> None:
    """At seeded moments from its start on; there is no share of either then, and the other one says what is wrong."""
    generator = random.Random(11)
    for turn in range(3):
        parties, killed = f"127.0.0.1:{free_port()},127.0.0.1:{free_port()}", turn % 2
        more = ("--set", "num_epoch=100000", "--message-timeout", 3, "--connect-timeout", 8)
        with ExitStack() as stack:
            both = [start(rank, parties, ttp_process, embedded["data"], tmp_path, *more) for rank in (0, 1)]
            for process in both:
                stack.callback(process.kill)
            time.sleep(generator.uniform(1, 8))
            both[killed].kill()
            both[killed].communicate()
            _, error = both[1 - killed].communicate(timeout=100)
            code = both[1 - killed].returncode
        assert (code, "Traceback" in error) in ((1, False), (3, False)), error
        if code == 1:
            assert f"PeerFailed: rank {killed} is gone while rank {1 - killed} waited for root:" in error
            assert "was not taken up again in 3 s: nobody listens there" in error
        else:
            assert f"NotReached: rank {killed} was not reached in 8 s: nobody listens there" in error
        assert list(tmp_path.iterdir()) == []


# --- in this process -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("own")
    (made / "bob.csv").write_text("a,b,c\n" + "0.5,0.25,-0.5\n" * 26)
    (made / "alice.csv").write_text("d,e,y\n" + "0.5,-0.25,1\n" * 26)
    return made


@pytest.fixture(scope="module")
def ttp(folder: Path) -> Iterator[str]:
    with TtpServer(keys_in(folder)) as server:
        yield "{}:{}".format(*server.address)


def own_words(*arguments: Any, **sets: Any) -> list[str]:
    return [*spu_words(*arguments, **sets), "--wire", "own"]


def test_the_strategy_is_agreed_and_never_assumed(
    folder: Path, ttp: str, parties: str, capsys: pytest.CaptureFixture[str]
) -> None:
    both = [own_words(folder, rank, parties, ttp, "--strategy", STRATEGIES[rank]) for rank in (0, 1)]
    assert run_both(*both) == [1, 1]
    assert said(capsys).count("strategy differs: 'preprocessed' at rank 0, 'interconnection' at rank 1") == 2


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"batch_size": 13}, "batch_size differs: "),
        ({"learning_rate": 0.125}, "learning_rate differs: "),
        ({"l2_norm": 0}, "l2_norm differs: "),
    ],
)
def test_parameters_that_differ(
    changes: dict[str, Any], why: str, folder: Path, ttp: str, parties: str, capsys: pytest.CaptureFixture[str]
) -> None:
    both = [own_words(folder, 0, parties, ttp), own_words(folder, 1, parties, ttp, **changes)]
    assert run_both(*both) == [1, 1]
    assert why in said(capsys)


def test_the_ttp_is_not_there(folder: Path, parties: str, capsys: pytest.CaptureFixture[str]) -> None:
    both = [own_words(folder, rank, parties, f"127.0.0.1:{free_port()}", "--message-timeout", 9) for rank in (0, 1)]
    assert run_both(*both) == [3, 1]
    error = said(capsys)
    assert "TtpNotReached" in error
    assert "PeerFailed: rank 0 failed before it sent what rank 1 waits for" in error


def test_nobody_is_there_and_its_address_is_another_machines(
    folder: Path, ttp: str, parties: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(own_words(folder, 0, parties, ttp, "--connect-timeout", 1)) == 3
    assert "NotReached: rank 1 was not reached in 1 s: nobody listens there (http://127.0.0.1:" in said(capsys)
    assert main(own_words(folder, 0, f"192.0.2.1:9001,127.0.0.1:{free_port()}", ttp, "--insecure")) == 1
    assert "this machine has no address 192.0.2.1" in said(capsys)


def test_a_party_of_spus_wire_is_not_taken_for_one_of_ours(
    folder: Path, ttp: str, parties: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ends = "--connect-timeout", 3
    assert run_both(own_words(folder, 0, parties, ttp, *ends), spu_words(folder, 1, parties, ttp, *ends)) == [3, 3]
    said(capsys)


def test_who_is_trusted_is_let_in_and_nobody_else(
    folder: Path, ttp: str, parties: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """alice has made a new identity, and bob trusts the old one."""
    bob, alice = (identity.make(name, tmp_path) for name in NODES)
    (tmp_path / "new").mkdir()
    new = identity.make("alice", tmp_path / "new")

    def secured(rank: int, own: Identity, peer: Identity) -> list[str]:
        flags = "--identity", own.key_file, "--trust", peer.certificate_file, "--connect-timeout", 20
        return own_words(folder, rank, parties, ttp, *flags)

    assert run_both(secured(0, bob, alice), secured(1, alice, bob)) == [0, 0]
    capsys.readouterr()
    assert run_both(secured(0, bob, alice), secured(1, new, bob)) == [3, 3]
    error = said(capsys)
    if "who is there has another certificate than alice" in error:
        assert f"trusted is {alice.fingerprint}" in error
    else:  # alice was the first to dial, and has gone
        assert "somebody dialled this party, and was refused: the certificate of the other end was not" in error
        assert f"the peer does not accept this party's certificate (unknown ca), fingerprint {new.fingerprint}" in error
    assert "PRIVATE" not in error


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (["--parties", "10.1.2.3:1,10.1.2.4:1"], "beyond this machine: --identity and --trust"),
        (["--identity", "a.pem"], "--identity and --trust go together"),
        (["--openings", "together"], "--openings is for --wire spu"),
        (["--tls-cert", "a.crt"], "--tls-cert is for --wire spu"),
        (["--ttp-ca", "a.crt"], "--ttp-ca needs --identity and --trust"),
        (["--wire", "spu", "--strategy", "preprocessed"], "a SPU knows --strategy interconnection alone"),
        (["--wire", "spu", "--trust", "a.crt"], "--trust is for --wire own"),
        (["--wire", "spu", "--listen", "none"], "has to be able to dial"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use(
    folder: Path, parties: str, changes: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*own_words(folder, 0, parties, "127.0.0.1:1"), *changes])
    assert ended.value.code == 2
    assert why in said(capsys)
