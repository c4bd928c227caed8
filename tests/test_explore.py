"""Explorers: what they show is what the protocol does, to the last bit."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from collections import Counter
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kuscia_nb as kn
from kuscia_nb import explore, mpc
from kuscia_nb.errors import DataError, KusciaError
from kuscia_nb.explore import uniformity
from kuscia_nb.explore.network import Schedule
from kuscia_nb.explore.truncation import KINDS
from kuscia_nb.mpc.chi_square import p_value, shown
from kuscia_nb.mpc.ring import signed

QUICK = settings(deadline=None, max_examples=60, derandomize=True)
bits = st.integers(1, 30)
numbers = st.floats(-1e4, 1e4)
seeds = st.integers(0, 2**32)


def wrap(value: int) -> int:
    """Modulo 2^64, signed."""
    return (value + 2**63) % 2**64 - 2**63


# --- uniformity ------------------------------------------------------------------------------------------------------


@QUICK
@given(st.floats(0, 3000), st.integers(1, 1000))
def test_p_values_are_those_of_scipy(statistic: float, degrees: int) -> None:
    from scipy import stats

    assert p_value(statistic, degrees) == pytest.approx(stats.chi2.sf(statistic, degrees), rel=1e-9, abs=1e-13)


@pytest.mark.parametrize("degrees", [1, 3, 15, 63, 255])
def test_small_p_values_keep_their_digits(degrees: int) -> None:
    from scipy import stats

    for statistic in (degrees + 5.0, degrees + 50.0, degrees + 500.0):
        assert p_value(statistic, degrees) == pytest.approx(stats.chi2.sf(statistic, degrees), rel=1e-9)
    assert p_value(1e6, degrees) == 0
    assert p_value(0, degrees) == 1


@QUICK
@given(seeds, st.sampled_from([2, 16, 64]), st.sampled_from([8, 12, 63, 64]))
def test_bins_are_equal_parts_of_the_signed_range(seed: int, bins: int, width: int) -> None:
    from scipy import stats

    ring = np.random.default_rng(seed).integers(0, 2**64, 5 * bins, np.uint64)
    found = uniformity(ring, bins, bits=width)
    values = [((int(x) + 2 ** (width - 1)) % 2**width) - 2 ** (width - 1) for x in ring]
    counts = [
        sum(low <= value < high for value in values) for low, high in zip(found.edges, found.edges[1:], strict=False)
    ]
    assert list(found.counts) == counts
    assert len(set(np.diff(np.array(found.edges, object)))) == 1
    reference = stats.chisquare(counts)
    assert found.statistic == pytest.approx(reference.statistic)
    assert found.p_value == pytest.approx(reference.pvalue, rel=1e-9)


def test_what_the_test_of_uniformity_refuses() -> None:
    few = np.zeros(9, np.uint64)
    with pytest.raises(DataError, match="too few"):
        uniformity(few)
    for bins in (3, 1, 2048):
        with pytest.raises(DataError, match="not possible"):
            uniformity(np.zeros(100_000, np.uint64), bins)
    assert uniformity(np.zeros(100, np.uint64)).p_value < 1e-12


def test_low_bits_that_are_constant_are_seen_only_by_a_test_of_low_bits() -> None:
    """What the docstring warns of: 58 of 64 bits never change, and all bits together look random."""
    top = np.random.default_rng(3).permutation(np.arange(6400, dtype=np.uint64) % np.uint64(64))
    numbers = (np.random.default_rng(3).integers(0, 64, 6400, np.uint64) << np.uint64(58)) + np.uint64(5)
    assert uniformity(numbers).p_value > 0.001
    assert uniformity(numbers, bits=58).p_value == 0
    assert uniformity(top << np.uint64(58)).p_value > 1 - 1e-12, "every bin is hit 100 times: too even to be chance"


@pytest.mark.parametrize(
    ("p_value", "text"),
    [(0.0, "below 1e-12"), (0.042, "0.042"), (0.85, "0.85"), (0.99997, "1 - 3e-05"), (1.0, "1")],
)
def test_p_values_near_both_ends_keep_what_is_suspicious(p_value: float, text: str) -> None:
    assert shown(p_value) == text


# --- splitting -------------------------------------------------------------------------------------------------------


@QUICK
@given(numbers, bits, st.integers(1, 20), seeds)
def test_shares_always_add_up_to_the_number(value: float, fxp_bits: int, times: int, seed: int) -> None:
    split = explore.split(value, times, fxp_bits=fxp_bits, seed=seed)
    encoded = int(signed(mpc.encode([value], fxp_bits))[0])
    assert split.encoded == encoded == math.trunc(value * 2**fxp_bits)
    assert [wrap(a + b) for a, b in zip(split.alice.tolist(), split.bob.tolist(), strict=True)] == [encoded] * times
    assert split.opened.tolist() == [encoded / 2**fxp_bits] * times
    assert len(set(split.alice.tolist())) == len(set(split.bob.tolist())) == times


def test_shares_are_fresh_unless_there_is_a_seed() -> None:
    first, second = explore.split(1.0), explore.split(1.0)
    assert set(first.alice.tolist()).isdisjoint(second.alice.tolist())
    again = [explore.split(1.0, seed=3) for _ in range(2)]
    assert again[0].alice.tolist() == again[1].alice.tolist()
    assert "seed 3: nothing in it is secret" in repr(again[0])
    assert "seed" not in repr(first)


@pytest.mark.parametrize("party", ["alice", "bob"])
def test_both_shares_are_uniform(party: str) -> None:
    ring = getattr(explore.split(123.4, 20_000, seed=1), party)
    assert uniformity(ring).p_value > 0.001
    assert uniformity(ring, bits=12).p_value > 0.001


@pytest.mark.parametrize(("value", "chance"), [(2.0**43, 7 / 8), (-(2.0**43), 1 / 8), (3.5, 1.0)])
def test_sums_that_wrap_around_are_counted(value: float, chance: float) -> None:
    """2^43 with 18 fraction bits is 2^61, one eighth of the ring; -2^43 is seven eighths."""
    found = explore.split(value, 400, seed=1)
    sums = [a + b for a, b in zip(found.alice.tolist(), found.bob.tolist(), strict=True)]
    secret = found.encoded % 2**64
    assert set(sums) <= {secret, secret + 2**64}
    assert found.wraps == [i for i, total in enumerate(sums, 1) if total >= 2**64]
    assert abs(len(found.wraps) - 400 * chance) < 5 * math.sqrt(400 / 8 * 7 / 8)
    assert found.wrap_chance == pytest.approx(chance, abs=1e-12)
    assert f"{len(found.wraps)} of 400 times" in " ".join(repr(found).split())


def test_the_chance_of_a_wrap_keeps_its_digits() -> None:
    assert "chance 1 - 5e-14" in " ".join(repr(explore.split(3.5)).split()), "917,505 / 2^64"


# --- the clock -------------------------------------------------------------------------------------------------------


@QUICK
@given(st.data(), st.sampled_from([2, 10, 1000, 2**64]))
def test_the_sum_stands_still_on_every_clock(data: st.DataObject, hours: int) -> None:
    secret, r = (data.draw(st.integers(0, hours - 1)) for _ in range(2))
    clock = explore.clock(secret, r, hours=hours)
    assert 0 <= clock.alice < hours
    assert r + clock.alice == secret + hours * clock.wraps
    assert clock.wraps == (r > secret)
    ends = re.findall(r"A(?:92|74) .*? ([\d.]+) ([\d.]+)\"", clock.drawing)
    rolled = 2 * math.pi * (r / hours)
    if r and clock.alice:
        bob, alice = ([float(one) for one in end] for end in ends)
        assert bob == pytest.approx([170 + 92 * math.sin(rolled), 170 - 92 * math.cos(rolled)], abs=0.06)
        angle = 2 * math.pi * (secret / hours)
        assert alice == pytest.approx([170 + 74 * math.sin(angle), 170 - 74 * math.cos(angle)], abs=0.06)


def test_a_rolled_r_is_anywhere_on_the_clock() -> None:
    rolls = Counter(explore.clock(4, seed=seed).r for seed in range(1000))
    assert set(rolls) == set(range(10))
    assert max(rolls.values()) < 100 + 5 * 10
    assert uniformity(np.array([explore.clock(4, hours=2**64).r for _ in range(500)], np.uint64)).p_value > 1e-7


def test_a_clock_is_moved_with_a_slider_and_shows_a_wrap() -> None:
    form: Any = explore.clock.widget(r=3)
    assert form.result.headline == "3 + 1 = 4: it does not go round, and the clock shows 4"
    form.editors["r"].value = 9
    assert form.result.headline == "9 + 5 = 4 + 10: it goes round once, and the clock shows 4"
    assert form.result.drawing in form.output.value
    assert form.result.headline in unescape(form.result.drawing), "for who cannot see it"
    for hours, places in (("1000", 100), ("2^64", 100), ("10", 10)):
        form.editors["hours"].value = hours
        form.editors["r"].value = 0
        assert not form.result.wraps
        form.wrap.click()
        assert form.result.wraps
        assert form.editors["r"].max == places - 1
    assert {form.button.click() or form.result.r for _ in range(200)} == set(range(10))


# --- Beaver ----------------------------------------------------------------------------------------------------------


@QUICK
@given(st.floats(-100, 100), st.floats(-100, 100), st.integers(1, 20), seeds)
def test_every_line_of_a_product_holds(x: float, y: float, fxp_bits: int, seed: int) -> None:
    product = explore.product(x, y, fxp_bits=fxp_bits, seed=seed)
    of = {step.name: step for step in product.steps}
    for step in product.steps:
        assert wrap(step.alice + step.bob) == step.together
    x_, y_, a, b, c, e, f = (of[name].together for name in "xyabcef")
    assert (x_, y_) == tuple(math.trunc(value * 2**fxp_bits) for value in (x, y))
    assert c == wrap(a * b)
    assert (e, f) == (wrap(x_ - a), wrap(y_ - b))
    assert of["xy"].together == x_ * y_
    for rank, part in ((0, "alice"), (1, "bob")):
        own = {name: getattr(step, part) for name, step in of.items()}
        assert own["xy"] == wrap(own["c"] + e * own["b"] + own["a"] * f + (0 if rank else e * f))
    assert of["z"].alice == of["xy"].alice >> fxp_bits
    assert of["z"].bob == wrap(-(wrap(-of["xy"].bob) >> fxp_bits))
    assert abs(product.error) < 1
    assert product.result == of["z"].together / 2**fxp_bits


def test_a_product_says_who_knows_what() -> None:
    product = explore.product(3.5, -2.0, seed=1)
    known = {step.name: step.knows for step in product.steps}
    assert known["a"] == known["b"] == "the TTP, before opening"
    assert known["c"] == "the TTP"
    assert known["e"] == known["f"] == "both (opened)"
    assert known["xy"] == "nobody"
    text = repr(product)
    assert "3.5 x -2 = -7" in text
    assert str(product.step("e").together) in text
    assert max(map(len, text.splitlines())) <= 100
    assert str(product.step("e").together) in product._repr_html_()


@QUICK
@given(st.floats(-100, 100), st.floats(-100, 100))
def test_after_opening_each_party_knows_the_mask_of_its_own_secret(x: float, y: float) -> None:
    """So the table may say no more than that the TTP knows a and b before."""
    product = explore.product(x, y)
    of = {name: product.step(name).together for name in "xyabef"}
    assert wrap(of["x"] - of["e"]) == of["a"]
    assert wrap(of["y"] - of["f"]) == of["b"]
    assert "alice knows a = x - e and bob knows b = y - f" in " ".join(repr(product).split())


def test_what_a_product_opens_is_what_goes_over_the_link(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: dict[str, list[int]] = {}
    exchange = mpc.Link.exchange

    def spy(self: mpc.Link, value: mpc.Ring, op: str) -> Any:
        sent.setdefault(op, []).append(int(value.view(np.int64)[0]))
        return exchange(self, value, op)

    monkeypatch.setattr(mpc.Link, "exchange", spy)
    product = explore.product(1.25, 0.5)
    assert sorted(sent["open x-a"]) == sorted([product.step("e").alice, product.step("e").bob])
    assert sorted(sent["open y-b"]) == sorted([product.step("f").alice, product.step("f").bob])


# --- the rectangle ---------------------------------------------------------------------------------------------------

small = st.integers(1, 12)


@QUICK
@given(small, small, small, seeds)
def test_four_areas_are_the_product_and_a_mask_that_is_used_again_leaks(x: int, y: int, other: int, seed: int) -> None:
    for found in (explore.rectangle(x, y, seed=seed), explore.rectangle(x, y, other=other, seed=seed)):
        assert 0 <= found.a <= x
        assert 0 <= found.b <= y
        assert found.areas == (found.a * found.b, (x - found.a) * found.b, found.a * (y - found.b), found.e * found.f)
        assert sum(found.areas) == x * y
        drawn = [
            (float(left), float(top), int(width), int(height))
            for left, top, width, height in re.findall(
                r'<rect x="([\d.]+)" y="([\d.]+)" width="(\d+)" height="(\d+)"', found.drawing
            )
        ]
        first = [one for one in drawn if one[0] < 26 + 19 * 13]
        assert sum(width * height for *_, width, height in first) == x * y * 19**2, "as large as it is"
        for one, left, top, width, height in ((n, *rect) for n, rect in enumerate(first)):
            for other_left, other_top, other_width, other_height in first[:one]:
                apart = left >= other_left + other_width or other_left >= left + width
                assert apart or top >= other_top + other_height or other_top >= top + height, "they do not overlap"
    assert found.leaked == x - other
    assert f"= {x - other}" in found.headline
    assert found.headline in unescape(found.drawing)


def test_a_rectangles_masks_stay_within_it() -> None:
    form: Any = explore.rectangle.widget(a=9, b=2)
    assert (form.result.a, form.result.leaked) == (9, None)
    form.editors["x"].value = 4
    assert (form.result.x, form.result.a) == (4, 4)
    assert form.editors["a"].tooltip.endswith(", 0 to 4")
    form.reuse.value = True
    form.other.value = 1
    assert (form.result.a, form.result.leaked) == (1, 3)
    assert "x - x' = 3 - 0 = 3" in form.output.value.replace("&#x27;", "'")
    assert {form.button.click() or form.result.b for _ in range(300)} == set(range(8))


# --- fixed point and truncation --------------------------------------------------------------------------------------


@QUICK
@given(st.floats(-1e5, 1e5), st.integers(1, 20), st.integers(1, 20), st.sampled_from(KINDS), seeds)
def test_truncation_errors_are_within_their_exact_bounds(
    value: float, fxp_bits: int, shift: int, kind: str, seed: int
) -> None:
    found = explore.fixed_point(value, fxp_bits, shift, 500, kind=kind, seed=seed)
    assert found.secret == math.trunc(value * 2 ** (fxp_bits + shift))
    assert found.times == 500
    assert found.seen.keys() <= found.expected.keys()
    assert sum(found.expected.values()) == pytest.approx(1)
    low, high = found.bounds
    assert (-1 < low <= high < 1 + (kind == "ttp")) if kind != "symmetric" else (-2 < low <= high <= 0)
    assert -1 < found.encoding_error < 1
    assert abs(found.encoded) <= abs(value) * 2**fxp_bits


@QUICK
@given(st.integers(-(2**20), 2**20), st.integers(1, 12), st.sampled_from(["asymmetric", "symmetric"]))
def test_the_stated_chances_are_exact(secret: int, shift: int, kind: str) -> None:
    """Over every value of the bits that are cut off: the only part of the mask that decides."""
    first, second = mpc.share.SHARE_TYPES[kind]  # type: ignore[attr-defined]
    masks = np.arange(2**shift, dtype=np.uint64) + np.uint64(2**40)
    shares = first.of(np.uint64(secret % 2**64) - masks), second.of(masks)
    results = signed(shares[0].truncate(shift).ring + shares[1].truncate(shift).ring)
    values, counts = np.unique(results, return_counts=True)
    truncation = explore.Truncation(0.0, 1, shift, kind, 0, secret, {}, 0, None)
    assert dict(zip(values.tolist(), (counts / 2**shift).tolist(), strict=True)) == truncation.expected
    mean = sum(truncation.error_of(result) * chance for result, chance in truncation.expected.items())
    assert mean == pytest.approx(0 if kind == "asymmetric" else -1 + 2.0**-shift, abs=1e-9)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shift", [3, 18])
def test_results_come_as_often_as_they_should(kind: str, shift: int) -> None:
    """With few bits, the chances of the rules are far apart."""
    from scipy import stats

    found = explore.fixed_point(0.1, shift=shift, times=100_000, kind=kind, seed=5)
    seen = [found.seen.get(result, 0) for result in found.expected]
    expected = [100_000 * chance for chance in found.expected.values()]
    assert stats.chisquare(seen, expected).pvalue > 0.001
    mean = {"asymmetric": 0, "symmetric": -1 + 2.0**-shift, "ttp": 2.0**-shift}[kind]
    assert abs(found.mean_error - mean) < 0.01


@pytest.mark.parametrize("value", [2.0**12, -(2.0**12)])
def test_large_secrets_wrap_as_often_as_they_should(value: float) -> None:
    """2^12 with 48 fraction bits is 2^60: one pair of shares in 16 wraps around."""
    found = explore.fixed_point(value, 28, 20, 50_000, seed=2)
    assert found.wrap_chance == 1 / 16
    assert abs(found.wrapped - 50_000 / 16) < 5 * math.sqrt(50_000 / 16)
    assert f"{found.wrapped:,}" in repr(found)


@pytest.mark.parametrize(("size", "bits"), [(2, 28), (20, 20), (-4, 30)])
def test_local_truncation_wraps_where_the_ttps_does_not(size: int, bits: int) -> None:
    found = explore.wraps(size, bits, 50_000, seed=6)
    chance = 2.0 ** (size + 2 * bits - 64)
    assert found.chance(bits) == found.local.wrap_chance == chance
    assert found.chance(bits - 1) == chance / 4
    expected = 50_000 * chance
    assert abs(found.local.wrapped - expected) < 5 * math.sqrt(expected)
    assert found.local.wrapped > 0
    assert found.assisted.wrapped == found.assisted.wrap_chance == 0
    assert found.assisted.largest_error <= 1
    assert found.local.largest_error == 2.0 ** (64 - bits)
    assert f"{2 ** (64 - 2 * bits):,}" in repr(found)
    rows = [line.split() for line in repr(found).splitlines() if " wrapped " in line]
    assert ["wrapped", f"{found.local.wrapped:,}", "0"] in rows


def test_the_slider_stands_on_the_line_of_chances() -> None:
    for bits in (10, 26):
        drawing = explore.wraps(2, bits).drawing
        (x, y) = re.findall('<circle cx="([\\d.]+)" cy="([\\d.]+)"', drawing)[0]
        assert f"{x} {y}" in re.findall('d="(M[^"]*L[^"]*)"', drawing)[0]


# --- one share -------------------------------------------------------------------------------------------------------


def test_proper_shares_are_uniform_and_broken_ones_are_not() -> None:
    lesson = explore.one_share(0.0025, 10_000, seed=4)
    assert lesson.proper.uniformity.p_value > 0.001
    assert lesson.broken.uniformity.p_value == 0
    assert abs(lesson.broken.guess - 0.0025) <= 1
    assert abs(lesson.broken.guess_of_many - 0.0025) < 5 / math.sqrt(3 * 10_000)
    assert abs(lesson.proper.guess_of_many) > 1e8
    assert sum(lesson.proper.uniformity.counts) == 10_000
    assert "below 1e-12" in repr(lesson)


def test_proper_shares_of_two_secrets_follow_one_law_and_broken_ones_do_not() -> None:
    from scipy import stats

    lesson = explore.one_share(0.0025, 20_000, other=1e6, seed=2)
    assert (lesson.secret, lesson.other) == (0.0025, 1e6)

    def same_law(one: explore.Variant, other: explore.Variant) -> float:
        result: Any = stats.ks_2samp(one.shares.view(np.int64), other.shares.view(np.int64))
        return result.pvalue

    assert same_law(lesson.proper, lesson.other_proper) > 0.001
    assert same_law(lesson.broken, lesson.other_broken) < 1e-100
    assert abs(lesson.other_broken.guess_of_many - 1e6) < 1
    assert abs(lesson.other_proper.guess_of_many - 1e6) > 1e8
    assert set(lesson.proper.shares.tolist()).isdisjoint(lesson.other_proper.shares.tolist())
    assert "0.0025 and 1,000,000" in lesson.headline
    assert [variant.secret for variant in lesson.variants] == [0.0025, 1e6, 0.0025, 1e6]


def test_what_bob_gets_is_the_secret_minus_a_mask_that_alice_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was the mask itself, which is the same for every secret, and shows nothing."""
    one, other = (explore.one_share(secret, 1000, seed=7) for secret in (0.0025, 1e6))
    difference = wrap(math.trunc(1e6 * 2**18) - math.trunc(0.0025 * 2**18))
    assert {wrap(int(x)) for x in other.proper.shares - one.proper.shares} == {difference}
    sent: list[bytes] = []
    send = mpc.Link.send

    def spy(self: mpc.Link, payload: bytes, op: str) -> Any:
        sent.append(payload)
        return send(self, payload, op)

    monkeypatch.setattr(mpc.Link, "send", spy)
    again = explore.one_share(0.0025, 1000, seed=7)
    assert again.proper.shares.tobytes() in sent


# --- reused triple ---------------------------------------------------------------------------------------------------


@QUICK
@given(numbers, numbers, numbers, numbers, st.integers(1, 20), seeds)
def test_a_reused_triple_leaks_the_exact_differences(
    x1: float, x2: float, y1: float, y2: float, fxp_bits: int, seed: int
) -> None:
    lesson = explore.reused_triple(x1, x2, y1, y2, fxp_bits=fxp_bits, seed=seed)
    x1_, x2_, y1_, y2_ = (math.trunc(value * 2**fxp_bits) for value in (x1, x2, y1, y2))
    assert lesson.reused.x_difference == x1_ - x2_
    assert lesson.reused.y_difference == y1_ - y2_
    assert lesson.leaked == ((x1_ - x2_) / 2**fxp_bits, (y1_ - y2_) / 2**fxp_bits)
    assert lesson.fresh.x_difference != x1_ - x2_


def test_the_party_whose_draws_repeat_can_notice() -> None:
    text = " ".join(repr(explore.reused_triple()).split())
    assert "Alice can notice the fault, as her own part of the triple repeats" in text
    assert "whether bob has looked, she cannot tell" in text


def test_with_fresh_triples_the_differences_are_uniform() -> None:
    lessons = [explore.reused_triple(3.0, 1.0) for _ in range(300)]
    differences = np.array([lesson.fresh.x_difference for lesson in lessons], np.int64).view(np.uint64)
    assert uniformity(differences, 16).p_value > 1e-7
    assert {lesson.reused.x_difference for lesson in lessons} == {2 * 2**18}


# --- guessing --------------------------------------------------------------------------------------------------------


def best_bet(deal: str) -> Any:
    """The best that can be done with what is dealt: found out from many deals of each secret."""
    seen = explore.guess(lambda _: 4, deal, rounds=10_000, seed=11).played
    often = Counter((played.view, played.secret) for played in seen)
    return lambda view: max((4, 7), key=lambda secret: often[view, secret])


def test_proper_shares_cannot_be_guessed_and_broken_ones_can() -> None:
    proper = explore.guess(best_bet("proper"), rounds=10_000, seed=3)
    assert abs(proper.score - 5000) < 5 * 50, "five standard deviations"
    views = {secret: Counter(r.view for r in proper.played if r.secret == secret) for secret in (4, 7)}
    assert all(set(seen) == set(range(10)) and max(seen.values()) < 700 for seen in views.values())
    broken = explore.guess(best_bet("broken"), "broken", seed=3)
    assert broken.score == broken.rounds == 20
    assert broken.chance == 2**-20
    assert "20 of 20 bets were right: 100 %. Who tosses a coin does as well in 9.5e-05 % of" in broken.headline


def test_the_chance_of_a_coin_is_that_of_scipy() -> None:
    from scipy import stats

    game = explore.guess(lambda view: 4, seed=8)
    assert game.chance == pytest.approx(stats.binom.sf(game.score - 1, 20, 0.5))


def test_a_game_keeps_its_secret_until_the_bet() -> None:
    for secret in (4, 7):
        texts = set()
        for seed in range(40):
            game = explore.guess(deal=lambda _: "the same", rounds=1, seed=seed)
            if game._secret == secret:
                texts.add(repr(game) + game._repr_html_())
        assert len(texts) == 1
    assert "Was the secret 4 or 7?" in texts.pop()
    game = explore.guess(rounds=2)
    secret = game._secret
    assert game.bet(secret) is game
    assert game.headline.startswith(f"Right: it was {secret}. Round 2 of 2.")
    game.bet(11 - game._secret)
    assert (game.score, game.over, game.view) == (1, True, None)
    with pytest.raises(DataError, match="all 2 rounds are played"):
        game.bet(4)


def test_a_game_can_be_played_for_whatever_bob_gets() -> None:
    """A way to share that leaks only now and then is found out by who looks there."""
    coins = iter(np.random.default_rng(1).integers(0, 2**32, 1000).tolist())

    def leaky(secret: int) -> tuple[int, int]:
        return (r := next(coins)), secret if r % 4 == 0 else 0

    game = explore.guess(lambda view: view[1] or 4, leaky, rounds=400, seed=2)
    assert game.chance < 0.001


def test_a_game_is_played_with_buttons() -> None:
    form: Any = explore.guess.widget(rounds=3)
    assert [button.description for button in form.bets.values()] == ["4", "7"]
    for number in (1, 2, 3):
        assert f"Round {number} of 3." in form.output.value
        form.bets[4].click()
    assert len(form.result.played) == 3
    assert all(button.disabled for button in form.bets.values())
    form.button.click()
    assert form.result.played == []
    assert not form.bets[7].disabled
    form.editors["deal"].value = "broken"
    (broken,) = re.findall("broken.*", form._repr_mimebundle_()["text/plain"])
    assert broken.split() == ["broken", "1,000", "1,000", "100.0%"], "what a saved notebook shows"
    own = explore.guess.widget(deal=lambda secret: 2 * secret)
    assert set(own.editors) == {"rounds"}
    assert re.search("get (8|14)", own._repr_mimebundle_()["text/html"])


# --- the same view ---------------------------------------------------------------------------------------------------

columns = st.lists(st.floats(-100, 100), min_size=4, max_size=4)


@settings(QUICK, max_examples=20)
@given(columns, columns, columns, seeds)
def test_what_alice_gets_fits_every_column_of_bobs(
    column: list[float], invented: list[float], alice: list[float], seed: int
) -> None:
    found = explore.same_view(invented, column=column, alice=alice, seed=seed)
    got = {one.what: one for one in found.received}
    assert {"send X-A", "send w-v", "send r-v", "adjust, for w-v", "adjust, for r-v"} < set(got)
    for one in found.received:
        assert one.real.tobytes() == one.invented.tobytes(), one.what
    units = [np.trunc(np.array(numbers) * 2**18).astype(np.int64).astype(np.uint64) for numbers in (column, invented)]
    masks = [draws[:8:2] for draws in found.draws]
    assert (
        (units[0] - masks[0]).tolist()
        == (units[1] - masks[1]).tolist()
        == got["send X-A"].real[..., 0].ravel().tolist()
    )
    for own, weights in zip((column, invented), found.weights, strict=True):
        rows, w = np.column_stack([alice, own, np.ones(4)]), np.zeros(3)
        for batch in (slice(0, 2), slice(2, 4)):
            w -= 0.25 * rows[batch].T @ (rows[batch] @ w / 8 + 0.5 - np.array([1, 0, 1, 0])[batch])
        ulps = 8 * max(1, np.abs(rows).max()) ** 2
        np.testing.assert_allclose(weights, w, atol=ulps * 2.0**-18, err_msg="it is a training with this column")


def test_a_column_that_is_sent_as_it_is_fits_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    draw_own = mpc.Semi2k.draw_own

    def unmasked(self: mpc.Semi2k, elements: tuple[int, int]) -> Any:
        where, drawn = draw_own(self, elements)
        return where, 0 * drawn if self.rank else drawn

    monkeypatch.setattr(mpc.Semi2k, "draw_own", unmasked)
    with pytest.raises(AssertionError, match="no draws of bob's"):
        explore.same_view()


# --- the line --------------------------------------------------------------------------------------------------------


def test_times_on_a_line_are_estimated_from_what_a_job_has_sent(tmp_path: Path) -> None:
    with kn.connect(storage=tmp_path) as cluster:
        job = cluster.apply(kn.tutorial_manifest()).wait()
        messages: Any = job.trace.messages
        between: Any = messages[(messages["sender"] != "ttp") & (messages["receiver"] != "ttp")]
        rounds = max(between["round"].tolist())
        busier = max(sum(between["bytes"][between["sender"] == party]) for party in ("alice", "bob"))
        found = explore.network(job, delay=50, bandwidth=2)
        (estimate,) = found.estimates.values()
        assert estimate.waiting == pytest.approx(rounds * 0.05)
        assert estimate.sending == pytest.approx(busier / 250_000)
        form: Any = explore.network.widget(jobs={"mine": job})
        form.editors["delay"].value, form.editors["bandwidth"].value = "50", "2"
        assert form.result.estimates == {"mine": estimate}
        assert f"mine {estimate.seconds:,.3g} s" in form.output.value
        bars = re.findall('width="([\\d.]+)" height="16"', form.result.drawing)
        assert sum(map(float, bars)) == pytest.approx(330, abs=0.2)
        assert float(bars[0]) / 330 == pytest.approx(estimate.waiting / estimate.seconds, abs=0.001)
        with pytest.raises(DataError, match="bandwidth = 0 is not possible"):
            explore.network(job, bandwidth=0)


# --- results and arguments -------------------------------------------------------------------------------------------

EVERY = [
    explore.split,
    explore.product,
    explore.fixed_point,
    explore.one_share,
    explore.reused_triple,
    explore.same_view,
]
every = pytest.mark.parametrize("explorer", EVERY, ids=lambda explorer: explorer.__name__)


@every
def test_results_are_repeatable_and_can_be_read(explorer: Any) -> None:
    first, again, other = explorer(seed=1), explorer(seed=1), explorer(seed=2)
    assert repr(first) == repr(again) != repr(other)
    assert first._repr_html_() == again._repr_html_()
    assert max(map(len, repr(first).splitlines())) <= 100
    assert "<table" in first._repr_html_()
    assert explorer.__doc__ in explorer._function.__doc__
    assert explorer.__name__ in repr(explorer)


def test_of_very_many_splits_the_first_are_shown() -> None:
    found = explore.split(3.5, 10_000)
    assert len(found.opened) == 10_000
    for text in (repr(found), found._repr_html_()):
        assert text.count(str(found.alice[49])) == 1
        assert str(found.alice[50]) not in text
        assert "…" in text


loose: Any = explore
"""Called with arguments that a type checker refuses, too."""


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda: explore.split(math.nan), "value = nan"),
        (lambda: explore.split(2.0**50), "value = 1125899906842624.0 is not possible"),
        (lambda: explore.split(10**400), "value = 1000000000.* is not possible"),
        (lambda: explore.one_share(bins="many"), "bins = 'many' is not possible"),
        (lambda: explore.split("3.5"), "value = '3.5'"),  # type: ignore[arg-type]
        (lambda: explore.split(1.0, None), "times = None"),  # type: ignore[arg-type]
        (lambda: explore.split(1.0, seed="a"), "seed = 'a'"),  # type: ignore[arg-type]
        (lambda: explore.split(1.0, 0), "times = 0"),
        (lambda: explore.split(1.0, fxp_bits=31), "fxp_bits = 31"),
        (lambda: explore.product(2.0**20, 2.0**20), "does not fit"),
        (lambda: explore.product(math.inf, 1), "x = inf"),
        (lambda: explore.fixed_point(1.0, kind="other"), "kind = .other. is not possible"),
        (lambda: explore.fixed_point(1.0, shift=1.5), "shift = 1.5"),  # type: ignore[arg-type]
        (lambda: explore.one_share(1.0, 10), "times = 10"),
        (lambda: explore.one_share(1.0, bins=12), "12 bins"),
        (lambda: explore.reused_triple(x2=1e300), "x2 = 1e"),
        (lambda: explore.same_view("3, 1, 4"), "invented = '3, 1, 4' is not possible"),
        (lambda: explore.same_view("3, 1, 4, x"), "is not possible"),
        (lambda: explore.same_view(alice=(1, 2, 3, math.inf)), "alice = inf"),
        (lambda: explore.clock(10), "secret = 10 is not possible"),
        (lambda: explore.clock(4, hours="many"), "hours = 'many' is not possible"),
        (lambda: explore.rectangle(9, 7, 10), "a = 10 is not possible"),
        (lambda: explore.rectangle(9, 7, 6, other=5), "a = 6 is not possible"),
        (lambda: explore.wraps(20, 21), "does not fit into 64 bits"),
        (lambda: explore.guess(deal="other"), "deal = 'other' is not possible"),
        (lambda: loose.guess(deal=3), "deal = 3 is not possible"),
        (lambda: loose.guess("mean"), "bet = 'mean' is not possible"),
        (lambda: loose.same_view(3), "invented = 3 is not possible"),
        (lambda: loose.same_view(None), "invented = None is not possible"),
        (lambda: loose.network(None), "jobs = None is not possible"),
        (lambda: loose.network({}), r"jobs = \{\} is not possible"),
        (lambda: loose.network({"one": 1}), "jobs = 1 is not possible"),
        (lambda: loose.network({"one": Schedule(1, 1)}, delay=-1), "delay = -1 is not possible"),
        (lambda: loose.network({"one": Schedule(1, 1)}, bandwidth="fast"), "bandwidth = 'fast' is not possible"),
        (lambda: loose.network({"one": Schedule(1, 1)}, bandwidth=0), "bandwidth = 0 is not possible"),
        (lambda: loose.uniformity([1, 2]), "an array of int64 has no ring elements"),
        (lambda: loose.uniformity("shares"), "has no ring elements"),
        (lambda: loose.uniformity(np.zeros(99, np.uint64), bits=70), "bits = 70 is not possible"),
        (lambda: loose.guess(seed="a"), "seed = 'a'"),  # type: ignore[arg-type]
        (lambda: loose.guess(lambda view: view + 100), "bet = 10. is not possible"),
    ],
)
def test_impossible_arguments_are_refused(call: Any, what: str) -> None:
    with pytest.raises(DataError, match=what):
        call()


# --- forms -----------------------------------------------------------------------------------------------------------


@every
def test_a_form_has_labelled_controls_and_shows_a_result(explorer: Any) -> None:
    form = explorer.widget(seed=1)
    assert form.output.value.count("<table") >= 1
    (announced,) = re.findall(r'<div role="status">(.*?)</div>', form.output.value)
    assert form.result.headline in unescape(announced), "and not all the numbers"
    assert "<table" not in announced
    for editor in form.editors.values():
        assert editor.description
        assert editor.tooltip.startswith(editor.description)
        assert not hasattr(editor, "max") or editor.tooltip.endswith(f", {editor.min:,} to {editor.max:,}")
    assert form.button.description
    assert repr(form.result) == repr(explorer(seed=1))


def test_a_form_follows_its_controls() -> None:
    form: Any = explore.product.widget(x=4.0)
    assert form.result.x == 4.0
    form.editors["x"].value = 5.0
    assert form.result.x == 5.0
    before = form.output.value
    form.button.click()
    assert form.output.value != before, "fresh random numbers"
    form.editors["x"].value = 1e30
    assert re.search('role="alert">.*x = 1e[+]30 is not possible', form.output.value)
    assert not form.result
    form.editors["x"].value = 1.0
    assert form.result.result == -2.0


def test_a_form_leaves_its_result_in_the_saved_notebook(capsys: pytest.CaptureFixture[str]) -> None:
    form = explore.split.widget()
    bundle = form._repr_mimebundle_()
    assert bundle["text/html"] == form.output.value
    assert "Two shares of the same number" in bundle["text/plain"]
    assert capsys.readouterr() == ("", "")


def test_without_ipywidgets_a_form_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kuscia_nb.explore.form", None)
    with pytest.raises(KusciaError, match="pip install ipywidgets"):
        explore.split.widget()


def test_explore_is_public_and_loaded_late() -> None:
    assert kn.explore is explore
    script = (
        "import sys, json, kuscia_nb as kn; before = set(sys.modules); kn.explore.split(1.0);"
        "heavy = ['numpy', 'kuscia_nb.explore', 'matplotlib', 'ipywidgets', 'pandas'];"
        "print(json.dumps([[name in found for name in heavy] for found in (before, sys.modules)]))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(result.stdout) == [[False] * 5, [True, True, False, False, False]]
