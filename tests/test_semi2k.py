"""Secrets between two parties: sealing, opening, products; and that a share says nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from protocol import Protocol
from scipy import stats

from kuscia_nb import mpc
from kuscia_nb.mpc import ring

words = st.integers(0, 2**64 - 1)
anew = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def inputs(party: mpc.Semi2k, *owned: tuple[int, np.ndarray]) -> list[mpc.Share]:
    """Each value as its owner's private input."""
    return [party.input(value) if owner == party.rank else party.zeros(value.shape) for owner, value in owned]


@anew
@given(st.data(), st.integers(1, 4), st.integers(1, 4), st.sampled_from([None, 1, 3]), st.integers(0, 1))
def test_products_are_exact_in_the_ring(
    protocol: Protocol, data: st.DataObject, m: int, k: int, n: int | None, adjust_rank: int
) -> None:
    x = data.draw(hnp.arrays(np.uint64, (m, k), elements=words))
    y = data.draw(hnp.arrays(np.uint64, k if n is None else (k, n), elements=words))

    async def program(party: mpc.Semi2k) -> list[list[int]]:
        left, right = inputs(party, (0, x), (1, y))
        dot, square = await party.matmul(left, right), await party.mul(left, left)
        return [(await party.open(dot)).tolist(), (await party.open(square)).tolist()]

    expected = [ring.matmul(x, y).tolist(), (x * x).tolist()]
    assert protocol(program, adjust_rank=adjust_rank) == (expected, expected)


def test_a_matrix_product_sends_what_interconnection_peers_send(protocol: Protocol) -> None:
    """Spec: ss_lr §8: the left operand, then the right one, each in one message per direction."""

    async def program(party: mpc.Semi2k) -> None:
        await party.matmul(party.zeros((21, 21)), party.zeros(21))

    protocol(program)
    link = [m for m in protocol.ledger.messages if m.kind == "ALLGATHER"]
    assert [(m.key, m.bytes, m.op) for m in link if m.sender == "bob"] == [
        ("root:1:ALLGATHER", 21 * 21 * 8, "open x-a"),
        ("root:2:ALLGATHER", 21 * 8, "open y-b"),
    ]
    assert [(m.key, m.sender) for m in protocol.ledger.messages if "ttp" in (m.sender, m.receiver)] == [
        ("CreateSession", "bob"),
        ("CreateSession", "alice"),
        ("AdjustDot", "bob"),
        ("AdjustDot", "ttp"),
    ]


@pytest.mark.parametrize("truncation", ["asymmetric", "symmetric"])
def test_fixed_point_products(protocol: Protocol, truncation: str) -> None:
    async def program(party: mpc.Semi2k) -> np.ndarray:
        x, y = inputs(party, (0, party.encode([1.5, -2.25, 1000.0])), (1, party.encode([-3.0, 0.125, 0.001])))
        return mpc.decode(await party.open(await party.mul(x, y, party.fxp_bits)), party.fxp_bits)

    for result in protocol(program, truncation=truncation):
        # 0.001 is cut off by less than an ulp before it is multiplied with 1000; the truncation adds at most 2
        assert np.abs(result - [-4.5, -0.28125, 1.0]).max() <= 1002 * 2.0**-18


@pytest.mark.parametrize("adjust_rank", [0, 1])
@pytest.mark.parametrize(("truncation", "assisted"), [("asymmetric", True), ("symmetric", True), ("ttp", None)])
def test_truncation_with_the_ttp_does_not_fail(
    protocol: Protocol, truncation: str, assisted: bool | None, adjust_rank: int
) -> None:
    """8000 x 8000 wraps in 24 % of local truncations, each time by 2^28."""
    x = np.linspace(7900, 8000, 5000)

    async def program(party: mpc.Semi2k) -> np.ndarray:
        left, right = inputs(party, (0, party.encode(x)), (1, party.encode(-x)))
        product = await party.mul(left, right, party.fxp_bits, assisted=assisted)
        return mpc.decode(await party.open(product), party.fxp_bits)

    for result in protocol(program, truncation=truncation, adjust_rank=adjust_rank):
        assert np.abs(result + x**2).max() <= 2 * 8001 * 2.0**-18


def test_a_truncation_with_the_ttp_sends_what_spu_sends(protocol: Protocol) -> None:
    """Spec: ss_lr §8 and §5: one message each way, uint32 x 21; AdjustMulPriv at the adjust rank, 84 bytes back."""

    async def program(party: mpc.Semi2k) -> list[int]:
        party.beaver.counter = 105
        await party.truncate(party.zeros(21), 18)
        return [party.beaver.counter]

    assert protocol(program, truncation="ttp") == ([117], [117])  # 84 bytes are 6 blocks: at 105 and at 111
    messages = [m for m in protocol.ledger.messages if m.op in ("send a+u", "adjust")]
    assert {(m.sender, m.key, m.dtype, m.bytes) for m in messages if m.kind != "REQUEST"} == {
        ("ttp", "AdjustMulPriv", "uint32", 84),
        ("bob", "root:P2P-2:0->1", "uint32", 84),
        ("alice", "root:P2P-2:1->0", "uint32", 84),
    }


def test_sealing_takes_no_message_and_never_the_same_share(protocol: Protocol) -> None:
    async def program(party: mpc.Semi2k) -> tuple[list[int], list[int], list[int]]:
        messages = len(party.link.ledger)
        first, second = party.seal(party.encode([1.0, 2.0, 3.0])), party.seal(party.encode([1.0, 2.0, 3.0]))
        assert len(party.link.ledger) == messages
        return first.ring.tolist(), second.ring.tolist(), (await party.open(first)).tolist()

    one, other = protocol(program)
    assert one[2] == other[2] == [2**18, 2 * 2**18, 3 * 2**18]
    for result in (one, other):
        assert result[0] != result[1]


def test_seals_follow_the_documented_streams(protocol: Protocol) -> None:
    """Spec: ss_lr §3: PRG(own seed) - PRG(peer's seed), plus the value at rank 0; counters go on by blocks."""

    async def program(party: mpc.Semi2k) -> list[int]:
        party.seal(np.zeros(3, np.uint64))
        return party.seal(np.full(2, 5, np.uint64)).ring.tolist()

    results = protocol(program, seed=11)
    own = [mpc.StreamPrg(mpc.Seeds(11, name).draw("prss")).at(2, 2) for name in ("bob", "alice")]
    assert results[0] == (own[0] - own[1] + np.uint64(5)).tolist()
    assert results[1] == (own[1] - own[0]).tolist()


@pytest.mark.parametrize("rank", [0, 1])
def test_shares_of_one_value_are_uniform(protocol: Protocol, rank: int) -> None:
    """Chi-square over 256 bins of the top byte and of the low byte of a product's shares, 4,000 fresh sharings."""

    async def program(party: mpc.Semi2k) -> np.ndarray:
        x, y = inputs(party, (0, party.encode(np.full(4000, 0.5))), (1, party.encode(np.full(4000, 0.25))))
        return (await party.mul(x, y)).ring

    share = protocol(program, seed=2)[rank]
    for byte in (share >> np.uint64(56), share & np.uint64(255)):
        counts = np.bincount(byte.astype(np.int64), minlength=256)
        assert stats.chisquare(counts).pvalue > 0.001


def test_opened_masks_are_uniform_whatever_the_data(protocol: Protocol) -> None:
    """What the peer sees of a constant, x - a, is as random for zeros as for large numbers."""

    async def program(party: mpc.Semi2k) -> list[np.ndarray]:
        seen = []
        for value in (0.0, 1e6):
            x, y = inputs(party, (0, party.encode(np.full(2000, value))), (1, party.encode(np.ones(2000))))
            exchange = party.link.exchange

            async def spy(mine: np.ndarray, op: str, exchange=exchange) -> np.ndarray:
                theirs = await exchange(mine, op)
                seen.append(mine + theirs)
                return theirs

            party.link.exchange = spy  # type: ignore[method-assign]
            await party.mul(x, y)
            party.link.exchange = exchange
        return seen

    for opened in protocol(program, seed=5)[1]:
        counts = np.bincount((opened >> np.uint64(58)).astype(np.int64), minlength=64)
        assert stats.chisquare(counts).pvalue > 0.001


def test_shapes_that_do_not_fit_are_refused(protocol: Protocol) -> None:
    async def program(party: mpc.Semi2k) -> None:
        await party.mul(party.zeros(2), party.zeros(3))

    with pytest.raises(ValueError, match="shapes differ"):
        protocol(program)


def test_the_example_of_the_package_runs() -> None:
    """The code in mpc's docstring, as it is written there."""
    assert mpc.__doc__
    code = "\n".join(line[4:] for line in mpc.__doc__.splitlines() if line.startswith("    "))
    names: dict[str, object] = {}
    exec(code, names)
    outcomes = names["outcomes"]
    assert [outcome.result.round(4).tolist() for outcome in outcomes] == [[-7.0], [-7.0]]  # type: ignore[attr-defined]


def test_what_is_opened_is_not_what_a_party_goes_on_with(protocol: Protocol) -> None:
    """The peer gets a copy: who changes it, or sees its owner change it, changes and sees nothing."""

    async def program(party: mpc.Semi2k) -> tuple[np.ndarray, list[np.ndarray]]:
        received: list[np.ndarray] = []
        exchange = party.link.exchange

        async def spy(mine: np.ndarray, op: str) -> np.ndarray:
            received.append(await exchange(mine, op))
            return received[-1]

        party.link.exchange = spy  # type: ignore[method-assign]
        x = party.seal(party.encode([1.0, 2.0]))
        await party.open(x)
        return x.operand, received

    (first, at_first), (second, at_second) = protocol(program)
    assert not any(np.shares_memory(kept, theirs) for kept, theirs in ((first, *at_second), (second, *at_first)))
