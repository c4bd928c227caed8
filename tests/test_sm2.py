"""SM2 against vectors that a real SPU and OpenSSL made, and what is no ciphertext or key."""

from __future__ import annotations

import pytest

from kuscia_nb.wire import der, sm2

PRIVATE = 0xADEE2664D4286B7543F271FA51CF05B5BD31226AE83EBE0E12EC0A4A8F623A01
"""A throwaway key (spec: ss_lr §4)."""
CIPHERTEXT = bytes.fromhex(
    "307a022100f0d3221b7422afaa3cc9cabd45cb5fa91d47a6a4d825e17944978cec09d9d01c0221009bef9ef208bf38f206cf8835c9864b"
    "fd0d9ea79ae71f7786d634e7487f0a24fd0420e6d806067206f1218b7e041f0d0b8ba82c0868688b795f597b23556b9fc28eea04104a8e"
    "1522d17e204b4df321433bd6b64e"
)
"""Made by SPU 0.9.5 for that key."""
SEED = bytes.fromhex("38c68d4bdfe93947f89e04ea442833a5")
PEM = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoEcz1UBgi0DQgAEubjGOYtgeBtcDVpDpEglvn7VB3qs
e/HNItcgWqgZ4+My26NTC9/iPgqsXdCmgu+BYIlVQWzBMeyMKy7PoUhgnA==
-----END PUBLIC KEY-----
"""
"""Made by OpenSSL 3.0 from that key."""


def test_what_spu_has_encrypted_is_read() -> None:
    assert sm2.decrypt(PRIVATE, CIPHERTEXT) == SEED


def test_what_is_encrypted_is_read_and_never_the_same() -> None:
    public = sm2.public_key(PRIVATE)
    for size in (1, 16, 32, 33, 100):
        message = bytes(range(size))
        first, second = sm2.encrypt(public, message), sm2.encrypt(public, message)
        assert first != second
        assert sm2.decrypt(PRIVATE, first) == sm2.decrypt(PRIVATE, second) == message


def test_the_public_key_is_written_as_openssl_does() -> None:
    assert sm2.public_pem(sm2.public_key(PRIVATE)) == PEM
    assert sm2.read_public_pem("a comment\n" + PEM) == sm2.public_key(PRIVATE)
    assert sm2.read_private_pem(sm2.private_pem(PRIVATE)) == PRIVATE


def test_spus_own_form_of_a_public_key_is_read() -> None:
    """Its algorithm is the curve's name twice (spec: ss_lr §4)."""
    _, key = der.parts(der.only(der.unpem("PUBLIC KEY", PEM), der.SEQUENCE))
    curve = der.identifier("1.2.156.10197.1.301")
    twice = der.pem("PUBLIC KEY", der.sequence(der.sequence(curve, curve), der.bits(key.content[1:])))
    assert sm2.read_public_pem(twice) == sm2.public_key(PRIVATE)


def test_multiples_are_those_of_the_group() -> None:
    five = sm2.times(5, sm2.G)
    assert sm2.times(3, five) == sm2.times(15, sm2.G)
    assert sm2.times(1, five) == five
    assert sm2.times(sm2.N - 1, five) == (five.x, sm2.P - five.y)
    assert five.on_curve()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda raw: raw[:-1] + bytes([raw[-1] ^ 1]), "another key, or was changed"),
        (lambda raw: raw[:60], "ends too early"),
        (lambda raw: raw + b"\0", "1 bytes are left over"),
        (lambda raw: b"", "ends too early"),
        (lambda raw: b"\x31" + raw[1:], "tag 0x31"),
        (lambda raw: raw[:40] + bytes([raw[40] ^ 1]) + raw[41:], "not on the curve"),
        (lambda raw: der.sequence(der.integer(1), der.integer(2)), "not enough values"),
    ],
)
def test_what_is_no_ciphertext_for_this_key_is_refused(change: object, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        sm2.decrypt(PRIVATE, change(CIPHERTEXT))  # type: ignore[operator]


def test_another_key_cannot_read_it() -> None:
    with pytest.raises(ValueError, match="another key"):
        sm2.decrypt(PRIVATE + 1, CIPHERTEXT)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "no PEM block"),
        (PEM.replace("M", "!", 1), "base64"),
        (sm2.public_pem(sm2.Point(1, 2)), "no point of the curve"),
        (PEM.replace("PUBLIC", "PRIVATE"), "no PEM block"),
        (
            der.pem("PUBLIC KEY", der.sequence(der.sequence(der.identifier("1.2.3")), der.bits(b"\4"))),
            "not of the curve",
        ),
    ],
)
def test_what_is_no_public_key_is_refused(text: str, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        sm2.read_public_pem(text)
