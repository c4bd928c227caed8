"""Truncation with the TTP's help: SPU's bytes, and that it does not fail where local truncation does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kuscia_nb import mpc
from kuscia_nb.mpc import PrgBuffer
from kuscia_nb.mpc.truncation import Truncation

SEEDS = (bytes(range(16)), bytes(range(16, 32)))


def cut(shares: tuple[np.ndarray, np.ndarray], bits: int, adjust_rank: int = 0) -> tuple[list[np.ndarray], mpc.Ledger]:
    """Both parties' shares after a truncation with the pairs at counters 10 and 11, and what was sent."""
    ttp, links, size = mpc.TrustedThirdParty(), mpc.connect(("bob", "alice")), shares[0].size
    item = 4 if bits <= 32 else 8
    counters = 10, 10 + -(-size * item // 16)
    for rank in (0, 1):
        ttp.create_session("s", rank, SEEDS[rank], world_size=2, adjust_rank=adjust_rank)
    correction = ttp.adjust_mul_priv("s", [PrgBuffer(counter, size) for counter in counters], item)

    async def party(rank: int) -> np.ndarray:
        a, c = (mpc.BlockPrg(SEEDS[rank]).words(counter, size, item) for counter in counters)
        truncation = Truncation(links[rank], bits)
        x = shares[rank] - truncation.before
        pairs = truncation.pairs(a, c + correction if rank == adjust_rank else c)
        await truncation.cut(x, truncation.upper(x), pairs)
        return x

    outcomes = mpc.run_lockstep((party(0), party(1)), links)
    for outcome in outcomes:
        if outcome.error is not None:
            raise outcome.error
    return [outcome.result for outcome in outcomes], links[0].ledger


def test_it_is_spus_to_the_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spec: ss_lr §11: TruncAPr2 by 18 of a real SPU, the shares, what was sent, and the result."""
    hexes = "f0debc9a785634120000f0ffffffffff0000000000000070", "1021576587a9cbedfdfff3ffffffffff3930000000010090"
    sent, swap = {}, mpc.Link.swap

    def listening(link: mpc.Link, value: np.ndarray, op: str) -> object:
        sent[link.rank] = value.tobytes().hex()
        return swap(link, value, op)

    monkeypatch.setattr(mpc.Link, "swap", listening)
    first, second = (np.frombuffer(bytes.fromhex(text), np.uint64) for text in hexes)
    results, ledger = cut((first, second), 18)
    assert sent == {0: "0e1933062842fe018cfe06e1", 1: "66154d52164e7654e77e2068"}
    assert [result.tobytes().hex() for result in results] == [
        "af269e158d0498d5fcffffffff7f004300000000009c1360",
        "56d961ea72fb672afdffffffff7fffbc010040000064ec9f",
    ]
    assert (results[0] + results[1]).tolist() == [5, 2**64 - 7, 4194305]
    assert [(m.key, m.kind, m.dtype, m.bytes) for m in ledger.messages] == [
        ("root:P2P-1:0->1", "P2P", "uint32", 12),
        ("root:P2P-1:1->0", "P2P", "uint32", 12),
    ]


def signed(x: int) -> int:
    return x - 2**64 if x >= 2**63 else x


edges = st.sampled_from([0, 1, 2**62 - 1, 2**62, 2**63 - 1, 2**63, 3 * 2**62, 2**64 - 1])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.integers(-(2**62) + 1, 2**62 - 1) | st.sampled_from([-(2**62) + 1, -1, 0, 1, 2**62 - 1]),
    st.integers(0, 2**64 - 1) | edges,
    st.integers(1, 62),
    st.integers(0, 1),
)
def test_a_secret_below_2_to_the_62_is_less_than_a_unit_off_whatever_its_shares(
    x: int, r: int, bits: int, adjust_rank: int
) -> None:
    shares = np.array([r], np.uint64), np.array([(x - r) % 2**64], np.uint64)
    (first, second), _ = cut(shares, bits, adjust_rank)
    value = signed(int((first + second)[0]))
    assert value - (x >> bits) in (0, 1)
    assert abs(value * 2**bits - x) <= 2**bits


def test_rounding_has_no_bias() -> None:
    """x / 2^b with the fraction 3/8 goes up in 3 of 8 times, whatever the shares; 0.005 is five deviations."""
    generator, size = np.random.default_rng(4), 200_000
    x, r = np.full(size, 1000 * 2**18 + 3 * 2**15, np.uint64), generator.integers(0, 2**64, size, np.uint64)
    (first, second), _ = cut((r, x - r), 18)
    up = (first + second) - np.uint64(1000)
    assert set(up.tolist()) == {0, 1}
    assert abs(up.mean() - 3 / 8) < 0.0055
