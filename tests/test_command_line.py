"""`kuscia-nb` as a person runs it: in a process of its own."""

from __future__ import annotations

import re
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from certificates import certificate
from ttp_wire import SEEDS

from kuscia_nb.__main__ import COMMANDS, main
from kuscia_nb.errors import TtpNotReached
from kuscia_nb.mpc import PrgBuffer
from kuscia_nb.wire.tls import client_context
from kuscia_nb.wire.ttp_client import RemoteTtp
from kuscia_nb.wire.ttp_connection import Patience


@contextmanager
def running(*words: str | Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A TTP in a process, and where it listens."""
    command = [sys.executable, "-m", "kuscia_nb", "ttp", "--listen", "127.0.0.1:0", *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            first = process.stdout.readline()
            assert first.startswith("listening on ")
            yield process, first.split()[2]
        finally:
            process.kill()


def corrected(address: str, folder: Path, tls: ssl.SSLContext | None = None) -> list[int]:
    ttp = RemoteTtp(address, folder / "public.pem", tls=tls, patience=Patience(20, 0, 0))
    for session, rank in (("s", 0), ("t", 1)):
        ttp.create_session(session, rank, SEEDS[rank], world_size=2, adjust_rank=0)
    ttp.add_encrypted_seed("s", 1, ttp.encrypted_seed("t"))
    try:
        return ttp.adjust_mul("s", [PrgBuffer(7, 2), PrgBuffer(8, 2), PrgBuffer(9, 2)]).tolist()
    finally:
        ttp.close()


EXPECTED = [0x175A25B4D65583E7, 0xA5AAE6E8B3B0BFA2]
"""Spec: ss_lr §11, AdjustMul."""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_ttp_serves_until_it_is_stopped(tmp_path: Path, number: signal.Signals) -> None:
    with running("--keys", tmp_path / "keys") as (process, address):
        assert corrected(address, tmp_path / "keys") == EXPECTED
        process.send_signal(number)
        said, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")
    assert "1 AdjustMul, 16 bytes" in said
    assert "stopped: 1 requests, 16 bytes" in said  # others may have knocked at its port, and been refused


def test_a_ttp_with_certificates_knows_its_parties(tmp_path: Path) -> None:
    for name in ("ttp", "alice", "mallory"):
        certificate(tmp_path, name)
    pair = [tmp_path / "ttp.crt", tmp_path / "ttp.pem"]
    words = ["--tls-cert", pair[0], "--tls-key", pair[1], "--tls-clients", tmp_path / "alice.crt"]
    with running("--keys", tmp_path / "keys", *words) as (_, address):
        alice = client_context(tmp_path / "alice.crt", tmp_path / "alice.pem", tmp_path / "ttp.crt")
        assert corrected(address, tmp_path / "keys", alice) == EXPECTED
        mallory = client_context(tmp_path / "mallory.crt", tmp_path / "mallory.pem", tmp_path / "ttp.crt")
        with pytest.raises(TtpNotReached):
            corrected(address, tmp_path / "keys", mallory)
        wary = client_context(tmp_path / "alice.crt", tmp_path / "alice.pem", tmp_path / "alice.crt")
        with pytest.raises(TtpNotReached, match="CERTIFICATE_VERIFY_FAILED"):
            corrected(address, tmp_path / "keys", wary)
        with pytest.raises(TtpNotReached):
            corrected(address, tmp_path / "keys")
        assert corrected(address, tmp_path / "keys", alice) == EXPECTED


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--listen", "0.0.0.0:0"], "can be reached from other machines"),
        (["--listen", "ttp.example:0"], "can be reached from other machines"),
        (["--listen", "nowhere"], "is not HOST:PORT"),
        (["--listen", "127.0.0.1:0", "--tls-cert", "x.crt"], "go together"),
    ],
)
def test_wrong_use_of_a_ttp(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["ttp", *words])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_an_error_is_one_block_and_an_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "private.pem").write_text("nothing")
    (tmp_path / "private.pem").chmod(0o600)
    assert main(["ttp", "--listen", "127.0.0.1:0", "--keys", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("TtpError: the TTP's keys cannot be used")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["stauts"], r"stauts is no command, and no file .*doctor"),
        (["node", "--name", "bob", "--ttp", "http://127.0.0.1:9449"], "a node needs --peer"),
        (["node", "--name", "bob", "--peer", "alice=http://127.0.0.1:8084"], "a node needs --ttp"),
    ],
)
def test_what_is_missing_is_said(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 1
    assert re.match(f"(?s)KusciaError: {said}", capsys.readouterr().err)


def test_every_command_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    for command in COMMANDS:
        with pytest.raises(SystemExit):
            main([command, "--help"])
        assert f"usage: kuscia-nb {command}" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    assert all(command in shown for command in COMMANDS)
