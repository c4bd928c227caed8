"""The trusted third party: its corrections against Python's integers, its errors, and that it learns nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kuscia_nb import mpc
from kuscia_nb.errors import OpAdjustError, SessionError
from kuscia_nb.mpc import PrgBuffer
from kuscia_nb.mpc.prg import blocks_of
from kuscia_nb.mpc.ttp_steps import Dot, MulPriv

SEEDS = (bytes(range(16)), bytes(range(16, 32)))


def opened(adjust_rank: int = 0) -> mpc.TrustedThirdParty:
    ttp = mpc.TrustedThirdParty()
    for rank, seed in enumerate(SEEDS):
        ttp.create_session("s", rank, seed, world_size=2, adjust_rank=adjust_rank)
    return ttp


def buffers(*sizes: int) -> list[PrgBuffer]:
    result, counter = [], 5
    for size in sizes:
        result.append(PrgBuffer(counter, size))
        counter += blocks_of(size)
    return result


def drawn(buffer: PrgBuffer, rank: int) -> list[int]:
    return mpc.BlockPrg(SEEDS[rank]).at(*buffer).tolist()


def summed(buffer: PrgBuffer) -> list[int]:
    return [a + b for a, b in zip(drawn(buffer, 0), drawn(buffer, 1), strict=True)]


def rows(flat: list[int], width: int) -> list[list[int]]:
    return [flat[i : i + width] for i in range(0, len(flat), width)]


def dot(row: list[int], column: list[int]) -> int:
    return sum(a * b for a, b in zip(row, column, strict=True))


def test_mul_corrects_c_to_a_times_b() -> None:
    a, b, c = buffers(7, 7, 7)
    expected = [(x * y - z) % 2**64 for x, y, z in zip(summed(a), summed(b), summed(c), strict=True)]
    assert opened().adjust_mul("s", [a, b, c]).tolist() == expected


def test_corrections_are_those_of_a_real_spu_ttp() -> None:
    """Spec: ss_lr §11, golden bytes for these seeds."""
    ttp, buffer = opened(), PrgBuffer
    dot = ttp.adjust_dot("s", [buffer(0, 6), buffer(3, 3), buffer(5, 2)], 2, 1, 3)
    assert dot.tobytes().hex() == "3dbad08ee2ad40358f5b591fe05f366f"
    mul = ttp.adjust_mul("s", [buffer(7, 2), buffer(8, 2), buffer(9, 2)])
    assert mul.tobytes().hex() == "e78355d6b4255a17a2bfb0b3e8e6aaa5"
    private = ttp.adjust_mul_priv("s", [buffer(10, 3), buffer(11, 3)], 4)
    assert private.tobytes().hex() == "84b2d3a0a5420be4f2fe82c1"


@pytest.mark.parametrize(("field_size", "bits"), [(4, 32), (8, 64)])
def test_mul_priv_multiplies_what_each_party_drew_for_itself(field_size: int, bits: int) -> None:
    a, c, ttp = PrgBuffer(5, 7), PrgBuffer(900, 7), opened()
    word = "<u4" if field_size == 4 else "<u8"

    def words(buffer: PrgBuffer, rank: int) -> list[int]:
        raw = mpc.BlockPrg(SEEDS[rank]).at(buffer.counter, buffer.elements).tobytes()
        return np.frombuffer(raw, word)[: buffer.elements].tolist()

    parts = zip(words(a, 0), words(a, 1), words(c, 0), words(c, 1), strict=True)
    expected = [(one * other - k - m) % 2**bits for one, other, k, m in parts]
    assert ttp.adjust_mul_priv("s", [a, c], field_size).tolist() == expected
    assert ttp.bytes == 7 * field_size


@pytest.mark.parametrize(("m", "n", "k"), [(3, 1, 4), (2, 3, 4), (1, 1, 1)])
def test_dot_corrects_c_to_the_matrix_product(m: int, n: int, k: int) -> None:
    a, b, c = buffers(m * k, k * n, m * n)
    left, right, known = rows(summed(a), k), list(zip(*rows(summed(b), n), strict=True)), summed(c)
    products = [dot(row, list(column)) for row in left for column in right]
    expected = [(value - c) % 2**64 for value, c in zip(products, known, strict=True)]
    assert opened().adjust_dot("s", [a, b, c], m, n, k).tolist() == expected


def test_buffers_need_not_stand_in_a_row() -> None:
    a, b, c = PrgBuffer(900, 4), PrgBuffer(3, 2), PrgBuffer(70000, 2)
    left, right, known = rows(summed(a), 2), summed(b), summed(c)
    expected = [(dot(left[i], right) - known[i]) % 2**64 for i in range(2)]
    assert opened().adjust_dot("s", [a, b, c], 2, 1, 2).tolist() == expected


def test_cross_dot_multiplies_each_matrix_with_the_others_vector() -> None:
    batch, size, columns = 2, 3, (2, 4)
    masks = (PrgBuffer(1, batch * size * columns[0]), PrgBuffer(1, batch * size * columns[1]))
    matrices = [[rows(m, columns[r]) for m in rows(drawn(masks[r], r), size * columns[r])] for r in (0, 1)]

    vectors, c = (PrgBuffer(90, batch * columns[1]), PrgBuffer(90, batch * columns[0])), PrgBuffer(200, batch * size)
    v = [rows(drawn(vectors[r], r), columns[1 - r]) for r in (0, 1)]
    expected = [
        dot(matrices[0][b][i], v[1][b]) + dot(matrices[1][b][i], v[0][b]) - summed(c)[b * size + i]
        for b in range(batch)
        for i in range(size)
    ]
    result = opened().adjust_cross_dot("s", masks, vectors, c, batch, size)
    assert result.tolist() == [value % 2**64 for value in expected]

    vectors, c = (PrgBuffer(90, batch * size), PrgBuffer(90, batch * size)), PrgBuffer(200, batch * sum(columns))
    v = [rows(drawn(vectors[r], r), size) for r in (0, 1)]
    expected = [
        dot([row[j] for row in matrices[r][b]], v[1 - r][b])
        for b in range(batch)
        for r in (0, 1)
        for j in range(columns[r])
    ]
    result = opened().adjust_cross_dot("s", masks, vectors, c, batch, size, transpose=True)
    assert result.tolist() == [(value - known) % 2**64 for value, known in zip(expected, summed(c), strict=True)]


def test_sessions_have_terms() -> None:
    ttp = opened()
    join = {"world_size": 2, "adjust_rank": 0}
    with pytest.raises(SessionError, match="already joined"):
        ttp.create_session("s", 0, SEEDS[0], **join)
    with pytest.raises(SessionError, match="adjust_rank 1"):
        ttp.create_session("s", 1, SEEDS[1], world_size=2, adjust_rank=1)
    with pytest.raises(SessionError, match="rank 2"):
        ttp.create_session("t", 2, SEEDS[1], **join)
    with pytest.raises(SessionError, match="version 3"):
        ttp.create_session("t", 0, SEEDS[1], version=3, **join)
    with pytest.raises(SessionError, match="no such session"):
        ttp.adjust_mul("nobody", buffers(1, 1, 1))
    ttp.create_session("half", 1, SEEDS[1], **join)
    with pytest.raises(SessionError, match=r"\[0\] has not joined"):
        ttp.adjust_mul("half", buffers(1, 1, 1))


def test_seeds_are_forgotten_when_all_have_left() -> None:
    ttp = opened()
    ttp.delete_session("s")
    assert ttp.adjust_mul("s", buffers(1, 1, 1)).shape == (1,)  # the other party may still be at work
    ttp.delete_session("s")
    assert ttp.sessions == 0
    with pytest.raises(SessionError):
        ttp.adjust_mul("s", buffers(1, 1, 1))
    ttp.delete_session("s")


@pytest.mark.parametrize(
    ("sizes", "shape", "text"),
    [((6, 3, 2), (2, 1, 2), "a has 6 elements"), ((4, 3, 2), (2, 1, 2), "b has 3"), ((4, 2, 3), (2, 1, 2), "c has 3")],
)
def test_a_request_that_does_not_fit_is_refused(sizes: tuple[int, ...], shape: tuple[int, ...], text: str) -> None:
    with pytest.raises(OpAdjustError, match=text):
        opened().adjust_dot("s", buffers(*sizes), *shape)


def test_other_rings_and_empty_buffers_are_refused() -> None:
    with pytest.raises(OpAdjustError, match="field 3"):
        opened().adjust_mul("s", buffers(1, 1, 1), field=3)
    with pytest.raises(OpAdjustError, match="empty"):
        opened().adjust_mul("s", buffers(1, 1, 0))
    with pytest.raises(OpAdjustError, match="one size"):
        opened().adjust_mul("s", buffers(1, 2, 1))
    with pytest.raises(OpAdjustError, match="one size"):
        opened().adjust_mul_priv("s", buffers(1, 2), 4)
    with pytest.raises(OpAdjustError, match="field_size 16"):
        opened().adjust_mul_priv("s", buffers(1, 1), 16)


def test_cross_products_are_for_two_parties() -> None:
    ttp, one = mpc.TrustedThirdParty(), PrgBuffer(0, 1)
    ttp.create_session("alone", 0, SEEDS[0], world_size=1, adjust_rank=0)
    with pytest.raises(OpAdjustError, match="the session has 1"):
        ttp.adjust_cross_dot("alone", (one, one), (one, one), one, 1, 1)


def test_one_seed_is_not_for_both_ranks() -> None:
    """Equal seeds give equal draws: either party would know the other's masks."""
    ttp = mpc.TrustedThirdParty()
    ttp.create_session("s", 0, SEEDS[0], world_size=2, adjust_rank=0)
    with pytest.raises(SessionError, match="rank 1 has the seed of another rank"):
        ttp.create_session("s", 1, SEEDS[0], world_size=2, adjust_rank=0)
    ttp.create_session("s", 1, SEEDS[1], world_size=2, adjust_rank=0)


# --- what was drawn serves one purpose -------------------------------------------------------------------------------


def test_no_square_of_a_draw_is_given_out() -> None:
    """R(a) R(a) - R(a) gives a, bit by bit: x -> x^2 - x is 2-adically invertible on odd and on even numbers."""
    buffer = PrgBuffer(0, 3)
    with pytest.raises(OpAdjustError, match="draws of one triple overlap at counter 0"):
        opened().adjust_mul("s", [buffer, buffer, buffer])


@pytest.mark.parametrize("shift", [(0, 0, 9), (0, 9, 1), (9, 0, 10), (0, 9, 9)])
def test_draws_of_one_triple_do_not_overlap(shift: tuple[int, int, int]) -> None:
    with pytest.raises(OpAdjustError, match="overlap"):  # 4 elements are 2 blocks
        opened().adjust_mul("s", [PrgBuffer(counter, 4) for counter in shift])


def test_no_c_is_adjusted_twice() -> None:
    ttp = opened()
    ttp.adjust_mul("s", [PrgBuffer(0, 4), PrgBuffer(2, 4), PrgBuffer(4, 4)])
    for c in (PrgBuffer(4, 4), PrgBuffer(5, 4), PrgBuffer(4, 2), PrgBuffer(3, 2), PrgBuffer(0, 2)):
        with pytest.raises(OpAdjustError, match="ends at 6"):
            ttp.adjust_dot("s", [PrgBuffer(90, c.elements), PrgBuffer(95, 1), c], c.elements, 1, 1)
    ttp.adjust_mul("s", [PrgBuffer(6, 3), PrgBuffer(8, 3), PrgBuffer(10, 3)])


def test_an_adjusted_c_is_no_part_of_another_triple() -> None:
    """Whoever has taken the masks that are to come as a c cannot have the product that they are for."""
    ttp = opened()
    ttp.adjust_mul("s", [PrgBuffer(70, 1), PrgBuffer(71, 1), PrgBuffer(72, 1)])
    for a in (PrgBuffer(72, 1), PrgBuffer(70, 5), PrgBuffer(71, 4)):
        with pytest.raises(OpAdjustError, match="overlaps a c that was adjusted, at 72"):
            ttp.adjust_dot("s", [a, PrgBuffer(80, a.elements), PrgBuffer(90, 1)], 1, 1, a.elements)
    masks, vectors = ((PrgBuffer(at, 1), PrgBuffer(at, 1)) for at in (72, 80))
    with pytest.raises(OpAdjustError, match="overlaps a c"):
        ttp.adjust_cross_dot("s", masks, vectors, PrgBuffer(90, 1), 1, 1)


def test_masks_serve_many_products() -> None:
    ttp, masks = opened(), (PrgBuffer(0, 6), PrgBuffer(0, 12))
    for i in range(3):
        vectors = PrgBuffer(10 * i + 6, 4), PrgBuffer(10 * i + 6, 2)
        ttp.adjust_cross_dot("s", masks, vectors, PrgBuffer(10 * i + 9, 3), 1, 3)
    with pytest.raises(OpAdjustError, match="at 19"):  # a mask that reaches into the second c
        ttp.adjust_cross_dot(
            "s", (PrgBuffer(20, 6), PrgBuffer(17, 12)), (PrgBuffer(40, 4), PrgBuffer(40, 2)), PrgBuffer(50, 3), 1, 3
        )


def test_words_of_four_bytes_take_half_the_blocks() -> None:
    """21 of them are 84 bytes: 6 blocks. The draws stand where SPU draws them (spec: ss_lr §4)."""
    ttp = opened()
    for a in (111, 123):
        ttp.adjust_mul_priv("s", [PrgBuffer(a, 21), PrgBuffer(a + 6, 21)], 4)
    with pytest.raises(OpAdjustError, match="ends at 135"):
        ttp.adjust_mul_priv("s", [PrgBuffer(140, 21), PrgBuffer(134, 21)], 4)


def test_a_request_that_was_refused_uses_nothing_up() -> None:
    ttp, request = opened(), [PrgBuffer(0, 4), PrgBuffer(2, 4), PrgBuffer(4, 4)]
    with pytest.raises(OpAdjustError):
        ttp.adjust_dot("s", request, 3, 1, 1)
    assert ttp.adjust_mul("s", request).shape == (4,)


def test_a_ttp_that_replays_does_as_it_is_asked() -> None:
    """As SPU's server: R(a)^2 - R(a)."""
    ttp, buffer = mpc.TrustedThirdParty(replays=True), PrgBuffer(0, 3)
    for rank, seed in enumerate(SEEDS):
        ttp.create_session("s", rank, seed, world_size=2, adjust_rank=0)
    expected = [(x * x - x) % 2**64 for x in summed(buffer)]
    for _ in range(2):
        assert ttp.adjust_mul("s", [buffer, buffer, buffer]).tolist() == expected


# --- steps ahead -----------------------------------------------------------------------------------------------------

STEP = [Dot(PrgBuffer(3, 6), PrgBuffer(6, 2), PrgBuffer(7, 3)), MulPriv(PrgBuffer(9, 5), PrgBuffer(11, 5), 4)]
"""The requests of a step that begins at 3 and ends at 13."""


class Single(mpc.TrustedThirdParty):
    """Answers only single requests."""

    adjust_steps = mpc.Ttp.adjust_steps


def joined(ttp: mpc.TrustedThirdParty) -> mpc.TrustedThirdParty:
    for rank, seed in enumerate(SEEDS):
        ttp.create_session("s", rank, seed, world_size=2, adjust_rank=0)
    return ttp


@pytest.mark.parametrize(("stride", "count"), [(10, 1), (10, 4), (17, 700)])
def test_steps_ahead_have_the_corrections_of_single_requests(stride: int, count: int) -> None:
    ahead, single = joined(mpc.TrustedThirdParty()), joined(Single())
    for given, expected in zip(*(ttp.adjust_steps("s", STEP, stride, count) for ttp in (ahead, single)), strict=True):
        np.testing.assert_array_equal(given, expected)
    assert (ahead.requests, ahead.bytes) == (single.requests, single.bytes)


def test_steps_ahead_are_new_and_in_order() -> None:
    ttp = opened()
    ttp.adjust_mul("s", [PrgBuffer(0, 1), PrgBuffer(1, 1), PrgBuffer(3, 1)])
    with pytest.raises(OpAdjustError, match="counter 3 is not behind"):
        ttp.adjust_steps("s", STEP, 10, 2)
    moved = [Dot(*(PrgBuffer(at + 1, n) for at, n in STEP[0].buffers))]
    with pytest.raises(OpAdjustError, match="from 4 to 10, over its 5 blocks"):
        ttp.adjust_steps("s", moved, 5, 2)
    with pytest.raises(OpAdjustError, match="is not behind"):
        ttp.adjust_steps("s", [moved[0], moved[0]], 100, 2)
    ttp.adjust_steps("s", moved, 6, 2)
    with pytest.raises(OpAdjustError, match="ends at 16"):
        ttp.adjust_mul("s", [PrgBuffer(20, 1), PrgBuffer(21, 1), PrgBuffer(15, 1)])
    with pytest.raises(OpAdjustError, match="overlaps a c"):  # the second step's mask
        ttp.adjust_mul("s", [PrgBuffer(10, 1), PrgBuffer(21, 1), PrgBuffer(22, 1)])


def test_steps_that_do_not_fit_are_refused() -> None:
    for request, text in (
        (Dot(PrgBuffer(0, 5), PrgBuffer(3, 2), PrgBuffer(4, 3)), "no matrix"),
        (MulPriv(PrgBuffer(0, 5), PrgBuffer(3, 4), 4), "one size"),
        (MulPriv(PrgBuffer(0, 5), PrgBuffer(3, 5), 2), "4 or 8 bytes"),
        (MulPriv(PrgBuffer(-1, 5), PrgBuffer(3, 5), 4), "negative counter"),
    ):
        with pytest.raises(OpAdjustError, match=text):
            opened().adjust_steps("s", [request], 100, 1)
    for requests, stride, count in (([], 1, 1), (STEP, 10, 0), (STEP, 0, 1)):
        with pytest.raises(OpAdjustError):
            opened().adjust_steps("s", requests, stride, count)


def test_steps_ahead_are_listed_when_they_come() -> None:
    """And only the adjust rank may ask for them."""
    _, links, (bob, alice) = lines()
    handle, other = bob.join("s", SEEDS[0], 0), alice.join("s", SEEDS[1], 0)
    with pytest.raises(OpAdjustError, match="only rank 0"):
        other.ask_ahead(STEP, 10, 3, None)
    handle.ask_ahead(STEP, 10, 3, None)
    for number in (0, 1, 0):
        handle.list_next(number)
    said = [(m.kind, m.key, m.shape, m.dtype) for m in links[0].ledger.messages[2:]]
    dot = [("REQUEST", "AdjustDot", (14,), "uint64"), ("REPLY", "AdjustDot", (3,), "uint64")]
    assert said == [
        *dot,
        ("REQUEST", "AdjustMulPriv", (14,), "uint64"),
        ("REPLY", "AdjustMulPriv", (5,), "uint32"),
        *dot,
    ]
    handle.leave()
    with pytest.raises(SessionError, match="bob has left"):
        handle.ask_ahead(STEP, 10, 3, None)


# --- a party's line --------------------------------------------------------------------------------------------------


def lines(*scopes: str) -> tuple[mpc.TrustedThirdParty, tuple[mpc.Link, mpc.Link], list[mpc.TtpLine]]:
    ttp, links = mpc.TrustedThirdParty(), mpc.connect(("bob", "alice"))
    return ttp, links, [mpc.TtpLine(ttp, link, scope) for scope in scopes or ("",) for link in links]


@pytest.mark.parametrize("adjust_rank", [0, 1])
def test_only_the_adjust_rank_may_ask(adjust_rank: int) -> None:
    _, _, ends = lines()
    handles = [line.join("s", seed, adjust_rank) for line, seed in zip(ends, SEEDS, strict=True)]
    assert handles[adjust_rank].ask("AdjustMul", buffers(2, 2, 2)).shape == (2,)
    with pytest.raises(OpAdjustError, match=f"only rank {adjust_rank} is told"):
        handles[1 - adjust_rank].ask("AdjustMul", buffers(9, 9, 9))


def test_every_request_is_in_the_ledger() -> None:
    """Also one that is refused."""
    ttp, links, (bob, alice) = lines()
    handle, _ = bob.join("s", SEEDS[0], 0), alice.join("s", SEEDS[1], 0)
    handle.ask("AdjustMul", buffers(2, 2, 2))
    with pytest.raises(OpAdjustError):
        handle.ask("AdjustMul", buffers(2, 2, 2))
    said = [(m.sender, m.receiver, m.kind, m.key) for m in links[0].ledger.messages]
    assert said == [
        ("bob", "ttp", "REQUEST", "CreateSession"),
        ("alice", "ttp", "REQUEST", "CreateSession"),
        ("bob", "ttp", "REQUEST", "AdjustMul"),
        ("ttp", "bob", "REPLY", "AdjustMul"),
        ("bob", "ttp", "REQUEST", "AdjustMul"),
    ]
    assert ttp.requests == 2


def test_a_party_leaves_for_itself_and_once() -> None:
    ttp, _, (bob, alice) = lines()
    mine, theirs = bob.join("s", SEEDS[0], 0), alice.join("s", SEEDS[1], 0)
    for _ in range(2):
        theirs.leave()
    assert mine.ask("AdjustMul", buffers(2, 2, 2)).shape == (2,)
    mine.leave()
    assert ttp.sessions == 0
    with pytest.raises(SessionError, match="bob has left"):
        mine.ask("AdjustMul", buffers(2, 2, 2))


def test_a_task_has_sessions_of_its_own() -> None:
    """Under one id, and each ends with its own task."""
    ttp, _, ends = lines("first/", "second/")
    for line, seed in zip(ends, (*SEEDS, *SEEDS), strict=True):
        line.join("s", seed, 0)
    assert ttp.sessions == 2
    for line in ends[:2]:
        line.close()
    assert ttp.sessions == 1


def test_errors_have_the_codes_of_the_standard() -> None:
    assert (SessionError.code, OpAdjustError.code) == (1, 2)


class Witness(mpc.TrustedThirdParty):
    """Writes down everything that it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def create_session(self, *arguments: Any, **options: Any) -> None:
        self.heard.append(f"create {arguments} {sorted(options.items())}")
        super().create_session(*arguments, **options)

    def delete_session(self, session_id: str) -> None:
        self.heard.append(f"delete {session_id}")
        super().delete_session(session_id)

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if not name.startswith("adjust_"):
            return value

        def hear(*arguments: Any, **options: Any) -> Any:
            self.heard.append(f"{name} {arguments} {sorted(options.items())}")
            return value(*arguments, **options)

        return hear


@pytest.mark.parametrize("strategy", ["preprocessed", "interconnection"])
def test_what_the_ttp_hears_in_a_whole_job_does_not_depend_on_data(strategy: str) -> None:
    """Two trainings with the same seeds and entirely different data: every word to the TTP is the same."""
    from test_training import Data, train_on

    layout, heard, weights = mpc.Layout((3, 2), 4, 5, 2), [], []
    for number in (1, 2):
        generator, ttp = np.random.default_rng(number), Witness()
        data = Data(generator.uniform(-1, 1, (20, 5)), generator.integers(0, 2, 20), label_rank=1)
        weights.append(train_on(data, layout, strategy=strategy, seed=3, ttp=ttp).tolist())
        heard.append(ttp.heard)
    assert heard[0] == heard[1]
    assert len(heard[0]) > 4
    assert weights[0] != weights[1]
