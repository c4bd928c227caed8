"""Who a party is, and who is let in."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from own_wire import NAMES, Ends, ends, identities

from kuscia_nb import mpc
from kuscia_nb.__main__ import main
from kuscia_nb.errors import KusciaError, NotReached
from kuscia_nb.wire import identity
from kuscia_nb.wire.identity import Certificate, Identity
from kuscia_nb.wire.own.dial import Dial
from kuscia_nb.wire.own.transport import Limits

SHORT = Limits(connect=3, message=10, end=5)


async def greet(link: mpc.Link) -> bytes:
    await link.send(link.name.encode(), "name")
    return await link.receive("name")


def redial(both: Ends, own: Identity, peer: Certificate) -> None:
    """Rank 0 dials with other certificates."""
    keeper = both.ends[0]._keeper
    assert keeper._dial is not None
    keeper._dial = Dial(keeper._dial.url, own, peer)


def test_the_command_makes_a_key_for_nobody_else_and_a_certificate_from_yesterday(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["identity", "alice", "--folder", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    made = Identity.read(tmp_path / "alice.pem")
    loaded = x509.load_pem_x509_certificate((tmp_path / "alice.crt").read_bytes())
    assert stat.S_IMODE((tmp_path / "alice.pem").stat().st_mode) == 0o600
    assert made.name == "alice"
    assert timedelta(hours=23) < datetime.now(UTC) - loaded.not_valid_before_utc < timedelta(hours=25)
    assert loaded.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    assert f"fingerprint: {made.fingerprint}" in said
    assert len(made.fingerprint.split(":")) == 32
    assert "PRIVATE KEY" not in said + (tmp_path / "alice.crt").read_text()
    assert main(["identity", "alice", "--folder", str(tmp_path)]) == 1
    assert "there is an identity of this name already" in capsys.readouterr().err
    assert Identity.read(tmp_path / "alice.pem") == made


@pytest.mark.parametrize("name", ["../alice", "", ".alice", "a" * 65])
def test_a_name_that_is_none(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) if len(name) < 60 else pytest.raises(KusciaError, match="no name"):
        from kuscia_nb.wire.identity_command import main as identity_main

        identity_main([name, "--folder", str(tmp_path)])
    assert list(tmp_path.iterdir()) == []


def test_a_key_of_another_certificate(tmp_path: Path) -> None:
    bob, alice = identities(tmp_path)
    with pytest.raises(KusciaError, match="key and certificate cannot be used"):
        Identity.read(bob.key_file, alice.certificate_file)
    with pytest.raises(KusciaError, match="cannot be read: No such file"):
        Identity.read(tmp_path / "carol.pem")
    (tmp_path / "odd.crt").write_text("no certificate")
    with pytest.raises(KusciaError, match="no certificate in this file"):
        identity.read_certificate(tmp_path / "odd.crt")


def test_somebody_with_another_certificate_is_not_let_in(tmp_path: Path) -> None:
    """Of the same name. Each side says which certificate it has seen, and which one it trusts."""
    bob, alice = identities(tmp_path)
    (tmp_path / "other").mkdir()
    other = identity.make("alice", tmp_path / "other")
    with ends((0,), [bob, alice], SHORT) as both:  # bob dials alice, where another alice listens
        redial(both, bob, other.certificate)
        outcome = both.run(greet, greet)[0]
    assert isinstance(outcome.error, NotReached)
    assert outcome.error.what.count(alice.fingerprint) == 1
    assert other.fingerprint in outcome.error.hint


def test_somebody_who_is_not_trusted_is_told_so(tmp_path: Path) -> None:
    bob, alice = identities(tmp_path)
    (tmp_path / "other").mkdir()
    other = identity.make("bob", tmp_path / "other")
    with ends((0,), [bob, alice], SHORT) as both:
        redial(both, other, alice.certificate)
        first, second = both.run(greet, greet)
    assert isinstance(first.error, NotReached)
    assert "the peer does not accept this party's certificate" in first.error.what
    assert isinstance(second.error, NotReached)
    assert any("somebody dialled this party, and was refused: " in line for line in both.said)


@pytest.mark.parametrize(
    ("made", "what"),
    [
        (timedelta(days=-2000), "has expired at"),
        (timedelta(days=40), "is not valid before"),
    ],
    ids=["expired", "not yet valid"],
)
def test_a_certificate_out_of_its_time_says_by_how_much_and_whose_clock_is_off(
    made: timedelta, what: str, tmp_path: Path
) -> None:
    bob = identity.make("bob", tmp_path)
    alice = identity.make("alice", tmp_path, datetime.now(UTC) + made)
    with ends((0,), [bob, alice], SHORT) as both:
        outcome = both.run(greet, greet)[0]
    assert isinstance(outcome.error, NotReached)
    assert f"alice's certificate {what}" in outcome.error.what
    assert "by this machine's clock" in outcome.error.what
    assert "both clocks are the same" in outcome.error.what


def test_names_of_the_parties_are_checked_beyond_certificates(tmp_path: Path) -> None:
    with ends((0, 1), identities(tmp_path), SHORT) as both:
        both.ends[0].names = ("carol", NAMES[1])
        errors = [outcome.error for outcome in both.run(greet, greet)]
    for error in errors:
        assert isinstance(error, NotReached)
        assert "it knows the parties as ['bob', 'alice'], and this one as ['carol', 'alice']" in error.what
