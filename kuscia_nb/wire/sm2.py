"""SM2 public-key encryption, for the 16 bytes of a seed.

Sources: GM/T 0003.4-2012 (public-key encryption), GM/T 0003.5-2012 (the curve), GM/T 0009-2012 (the ciphertext's DER).
A ciphertext of m is C1 = k G, C2 = m xor KDF(x, y), C3 = SM3(x | m | y), where (x, y) = k P for the public key
P = d G, and so (x, y) = d C1 for who has d.

**Not in constant time.** Python's integers take longer for larger numbers, so that who can measure many decryptions
closely learns something of the key. Here it decrypts a seed once per computation, the scalar and the point's
coordinates are blinded by fresh random numbers, and every step of the ladder does the same operations; a machine that
others share, or a key that is worth more, wants an implementation in C or hardware.
"""

from __future__ import annotations

import hmac
import secrets
from typing import NamedTuple

from cryptography.hazmat.primitives.hashes import SM3, Hash

from . import der

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
"""The curve y^2 = x^3 + A x + B over the integers modulo P, and how many points it has."""

_EC, _SM2 = "1.2.840.10045.2.1", "1.2.156.10197.1.301"
_BLINDING_BITS = 64


class Point(NamedTuple):
    """A point of the curve other than its zero."""

    x: int
    y: int

    def on_curve(self) -> bool:
        """Whether it is one."""
        return 0 <= self.x < P and 0 <= self.y < P and (self.y**2 - self.x**3 - A * self.x - B) % P == 0


G = Point(
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)


def new_key() -> int:
    """A private key."""
    return 1 + secrets.randbelow(N - 2)


def public_key(private: int) -> Point:
    """Its public key."""
    return times(private, G)


def encrypt(public: Point, message: bytes) -> bytes:
    """A ciphertext, another one each time."""
    while True:
        k = 1 + secrets.randbelow(N - 1)
        c1, shared = times(k, G), times(k, public)
        mask = _kdf(shared, len(message))
        if any(mask):  # the standard starts again when the whole mask is zero
            break
    return der.sequence(
        der.integer(c1.x), der.integer(c1.y), der.octets(_check(shared, message)), der.octets(_xor(message, mask))
    )


def decrypt(private: int, ciphertext: bytes) -> bytes:
    """The message. ValueError, if the ciphertext is none, or was made for another key."""
    try:
        x, y, c3, c2 = der.parts(der.only(ciphertext, der.SEQUENCE))
        c1 = Point(der.number(x), der.number(y))
        c3, c2 = der.content(c3, der.OCTETS), der.content(c2, der.OCTETS)
    except ValueError as error:
        raise ValueError(f"no SM2 ciphertext: {error}") from None
    if not c1.on_curve():  # a point of another curve would give the key away, piece by piece
        raise ValueError("no SM2 ciphertext: its point is not on the curve")
    shared = times(private, c1)
    message = _xor(c2, _kdf(shared, len(c2)))
    if not hmac.compare_digest(c3, _check(shared, message)):
        raise ValueError("an SM2 ciphertext that was made for another key, or was changed")
    return message


def times(scalar: int, point: Point) -> Point:
    """scalar * point, for 0 < scalar < N. A Montgomery ladder over blinded numbers."""
    scalar += N * (secrets.randbits(_BLINDING_BITS) | 1 << _BLINDING_BITS)  # N * point is zero
    z = 1 + secrets.randbelow(P - 1)  # any z stands for the same point: (x z^2, y z^3, z)
    low = point.x * z * z % P, point.y * z * z * z % P, z
    high = _double(*low)
    for i in range(scalar.bit_length() - 2, -1, -1):
        total = _add(*low, *high)
        if scalar >> i & 1:
            low, high = total, _double(*high)
        else:
            low, high = _double(*low), total
    x, y, z = low
    if not z:
        raise ValueError("a multiple that is zero")
    inverse = pow(z, -1, P)
    square = inverse * inverse % P
    return Point(x * square % P, y * square * inverse % P)


def _double(x: int, y: int, z: int) -> tuple[int, int, int]:
    """dbl-2001-b of the Explicit-Formulas Database (hyperelliptic.org/EFD), for A = -3."""
    delta, gamma = z * z % P, y * y % P
    beta = x * gamma % P
    alpha = 3 * (x - delta) * (x + delta) % P
    doubled = (alpha * alpha - 8 * beta) % P
    return (
        doubled,
        (alpha * (4 * beta - doubled) - 8 * gamma * gamma) % P,
        2 * y * z % P,
    )


def _add(x1: int, y1: int, z1: int, x2: int, y2: int, z2: int) -> tuple[int, int, int]:
    """add-1998-cmo-2 of the same, for points that are not equal: in a ladder the two differ by the point."""
    if not z1:
        return x2, y2, z2
    if not z2:
        return x1, y1, z1
    s1, s2 = z1 * z1 % P, z2 * z2 % P
    u1, u2 = x1 * s2 % P, x2 * s1 % P
    h, r = u2 - u1, (y2 * s1 * z1 - y1 * s2 * z2) % P
    hh = h * h % P
    hhh, v = h * hh % P, u1 * hh % P
    x = (r * r - hhh - 2 * v) % P
    return x, (r * (v - x) - y1 * s2 * z2 % P * hhh) % P, z1 * z2 % P * h % P


def _coordinate(number: int) -> bytes:
    return number.to_bytes(32, "big")


def _kdf(shared: Point, size: int) -> bytes:
    """SM3(x | y | 1) | SM3(x | y | 2) | ..., as many bytes as asked for."""
    known = _coordinate(shared.x) + _coordinate(shared.y)
    blocks = (_sm3(known + block.to_bytes(4, "big")) for block in range(1, 2 + (size - 1) // 32))
    return b"".join(blocks)[:size]


def _check(shared: Point, message: bytes) -> bytes:
    return _sm3(_coordinate(shared.x) + message + _coordinate(shared.y))


def _sm3(data: bytes) -> bytes:
    digest = Hash(SM3())
    digest.update(data)
    return digest.finalize()


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


# --- keys as PEM -----------------------------------------------------------------------------------------------------


def public_pem(public: Point) -> str:
    """SubjectPublicKeyInfo, as `openssl pkey -pubout` writes it and SPU reads it."""
    algorithm = der.sequence(der.identifier(_EC), der.identifier(_SM2))
    return der.pem("PUBLIC KEY", der.sequence(algorithm, der.bits(_uncompressed(public))))


def read_public_pem(text: str) -> Point:
    """The key of a SubjectPublicKeyInfo: of an EC key on this curve, or of SPU's form. ValueError, if it is none."""
    algorithm, key = der.parts(der.only(der.unpem("PUBLIC KEY", text), der.SEQUENCE))
    named = der.parts(der.content(algorithm, der.SEQUENCE))
    if named[1:] != der.parts(der.identifier(_SM2)):
        raise ValueError("a public key that is not of the curve SM2")
    raw = der.content(key, der.BITS)
    if len(raw) != 66 or raw[:2] != b"\0\4":
        raise ValueError("a public key that is no uncompressed point")
    point = Point(int.from_bytes(raw[2:34], "big"), int.from_bytes(raw[34:], "big"))
    if not point.on_curve():
        raise ValueError("a public key that is no point of the curve SM2")
    return point


def private_pem(private: int) -> str:
    """PKCS #8 around RFC 5915's ECPrivateKey, as OpenSSL writes it."""
    public = der.tagged(1, der.bits(_uncompressed(public_key(private))))
    key = der.sequence(der.integer(1), der.octets(_coordinate(private)), public)
    algorithm = der.sequence(der.identifier(_EC), der.identifier(_SM2))
    return der.pem("PRIVATE KEY", der.sequence(der.integer(0), algorithm, der.octets(key)))


def read_private_pem(text: str) -> int:
    """The key of such a file. ValueError, if it is none."""
    _, _, wrapped, *_ = der.parts(der.only(der.unpem("PRIVATE KEY", text), der.SEQUENCE))
    _, key, *_ = der.parts(der.only(der.content(wrapped, der.OCTETS), der.SEQUENCE))
    private = int.from_bytes(der.content(key, der.OCTETS), "big")
    if not 0 < private < N - 1:
        raise ValueError("a private key that is not one of the curve SM2")
    return private


def _uncompressed(point: Point) -> bytes:
    return b"\4" + _coordinate(point.x) + _coordinate(point.y)
