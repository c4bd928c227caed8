"""Pictures: that what is drawn is what was computed, and that words say the same."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import kuscia_nb as kn
from kuscia_nb import explore
from kuscia_nb.canvas import GROUND, LOOKS, Picture
from kuscia_nb.errors import DataError, JobError, KusciaError
from kuscia_nb.mpc.chi_square import shown
from kuscia_nb.operators.ss_lr.shadow import LABEL
from kuscia_nb.views.pictures_shares import low_bits, secret_bits
from kuscia_nb.views.pictures_traffic import by_op

PNG = b"\x89PNG\r\n"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kn.Cluster]:
    cluster = kn.connect(storage=tmp_path_factory.mktemp("nodes"))
    yield cluster
    cluster.close()


@pytest.fixture(scope="module")
def job(cluster: kn.Cluster) -> kn.Job:
    """The tutorial's job, repeatable."""
    return cluster.apply(kn.tutorial_manifest(), seed=7).wait()


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kn.Job]:
    """The tutorial's job, as it is by default."""
    with kn.connect(storage=tmp_path_factory.mktemp("others")) as cluster:
        yield cluster.apply(kn.tutorial_manifest(), strategy="interconnection").wait()


def drawings(job: kn.Job) -> dict[str, Picture]:
    """Every picture there is."""
    pictures = job.pictures
    return {
        "shares": pictures.shares("alice"),
        "received": pictures.received("bob"),
        "weights": pictures.weights(),
        "truncation": pictures.truncation(),
        "traffic": pictures.traffic(),
        "one share": explore.one_share(seed=1).picture(),
    }


def rgb(colour: str) -> list[int]:
    """Of a colour such as #0072b2."""
    return list(bytes.fromhex(colour[1:]))


def heights(axes: Any) -> list[float]:
    """Of the bars of a histogram."""
    return [patch.get_height() for patch in axes.patches if hasattr(patch, "get_height")]


# --- what all have in common -----------------------------------------------------------------------------------------


def test_every_picture_can_be_read(job: kn.Job) -> None:
    for name, picture in drawings(job).items():
        assert picture._repr_png_().startswith(PNG), name
        assert picture.figure.get_facecolor() == (1, 1, 1, 1), f"{name}: the same ground on light and dark pages"
        assert picture.figure.get_suptitle(), name
        for axes in picture.figure.axes:
            assert axes.get_title(loc="left"), name
            assert axes.get_ylabel(), name
            assert axes.get_facecolor() == (1, 1, 1, 1), name
        assert picture.figure.axes[-1].get_xlabel(), name
        assert max(map(len, repr(picture).splitlines())) <= 100
        assert repr(picture).replace("\n  ", " ") == picture.words


def test_the_observers_pictures_say_so(job: kn.Job) -> None:
    for picture in (job.pictures.weights(), job.pictures.truncation()):
        assert LABEL in picture.words
        assert LABEL in picture.figure.axes[0].get_title(loc="left")


def test_a_png_is_small_and_looks_like_what_was_drawn(job: kn.Job) -> None:
    """Notebooks store it: few colours, which are near to those that were drawn, and white stays white."""
    for name, picture in drawings(job).items():
        stored = picture._repr_png_()
        assert len(stored) < 80_000, name
        drawn = np.asarray(picture.figure.canvas.buffer_rgba(), int)[..., :3]  # type: ignore[attr-defined]
        seen = np.asarray(Image.open(BytesIO(stored)).convert("RGB"), int)
        assert (seen[0, 0] == 255).all(), name
        assert np.quantile(np.abs(seen - drawn).max(2), 0.999) < 48, name
        for look in (look for look in LOOKS if (drawn == rgb(look.colour)).all(2).any()):
            assert np.abs(seen - rgb(look.colour)).max(2).min() < 8, f"{name}: {look}"


def test_nothing_is_told_by_colour_alone() -> None:
    for part in ("colour", "hatch", "marker", "line"):
        assert len({getattr(look, part) for look in LOOKS}) == len(LOOKS)


def test_a_notebook_gets_the_words_as_alternative_text(job: kn.Job) -> None:
    picture = job.pictures.traffic()
    data, metadata = picture._repr_mimebundle_()
    assert data.keys() == {"image/png", "text/plain"}
    assert metadata["image/png"]["alt"] == picture.words
    width, height = picture.figure.get_size_inches() * 100
    assert (metadata["image/png"]["width"], metadata["image/png"]["height"]) == (round(width), round(height))


def test_pictures_are_saved_by_their_suffix(job: kn.Job, tmp_path: Path) -> None:
    picture = job.pictures.traffic()
    assert picture.save(tmp_path / "a.png").read_bytes() == picture._repr_png_()
    assert b"<svg" in picture.save(str(tmp_path / "a.svg")).read_bytes()
    assert picture.save(tmp_path / "a.PDF").read_bytes().startswith(b"%PDF")
    with pytest.raises(KusciaError, match=r"a\.txt"):
        picture.save(tmp_path / "a.txt")


def test_matplotlibs_global_state_stays_as_it_was(cluster: kn.Cluster) -> None:
    script = """
import sys, kuscia_nb as kn
with kn.connect(storage=sys.argv[1]) as cluster:
    job = cluster.apply(kn.tutorial_manifest()).wait()
    assert "matplotlib" not in sys.modules
    import matplotlib
    matplotlib.rcParams["axes.facecolor"] = "black"
    before = matplotlib.rcParams.copy()
    picture = job.pictures.traffic()
    picture._repr_png_()
    assert matplotlib.rcParams.copy() == before
    assert picture.figure.axes[0].get_facecolor() == (1, 1, 1, 1)
    assert "matplotlib.pyplot" not in sys.modules
"""
    storage = str(cluster.nodes["alice"].parent / "another")
    subprocess.run([sys.executable, "-W", "error", "-c", script, storage], check=True)


def test_without_matplotlib_it_says_what_to_install(job: kn.Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(KusciaError, match="pip install matplotlib"):
        job.pictures.traffic()
    assert "matplotlib" not in repr(job.pictures)


# --- shares ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("node", ["alice", "bob"])
def test_shares_beside_weights(job: kn.Job, node: str) -> None:
    picture = job.pictures.shares(node)
    weights, shares = job.weights()["weight"].to_numpy(), job.shares(node)
    ring = shares["ring"].to_numpy(np.uint64)
    axes_of: Any = picture.figure.axes
    first, second, third = axes_of
    for axes, numbers in ((first, weights), (second, shares["share"].to_numpy())):
        assert sum(heights(axes)) == 21
        counts, edges = np.histogram(numbers, len(axes.patches))
        assert heights(axes) == counts.tolist()
        assert axes.patches[0].get_x() == pytest.approx(edges[0])
    bits = secret_bits(np.round(weights * 2**18).astype(np.int64).view(np.uint64))
    found = explore.uniformity(ring, bits=bits)
    assert [bar.get_height() for bar in third.containers[0]] == list(found.counts)
    assert f"p-value {shown(found.p_value)}" in third.get_title(loc="left")
    assert f"p-value {shown(found.p_value)}" in picture.words
    assert f"p-value {shown(explore.uniformity(ring).p_value)}" in picture.words
    assert f"from {weights.min():.4g} to {weights.max():.4g}" in picture.words


def test_the_last_bits_of_a_number() -> None:
    ring = np.array([0, 1, 7, 8, 15, 16, 2**64 - 1], np.uint64)
    assert low_bits(ring, 4).tolist() == [0, 1, 7, -8, -1, 0, -1]
    for largest, bits in ((1, 2), (7, 4), (8, 5), (-8, 5), (1000, 11)):
        assert secret_bits(np.array([0, largest], np.int64).view(np.uint64)) == bits


@pytest.mark.parametrize("node", ["alice", "bob"])
def test_what_a_node_received_is_uniform(job: kn.Job, fresh: kn.Job, node: str) -> None:
    for each, source in ((job, "the job, computed again with its seed 7"), (fresh, "a run like the job")):
        picture = each.pictures.received(node)
        bars = picture.figure.axes[0].containers[0]
        assert f"{sum(bar.get_height() for bar in bars):,.0f} ring elements" in picture.words
        assert source in picture.words
        assert float(picture.words.rstrip(".").rsplit(" ", 1)[1]) > 1e-7


def test_an_unknown_node_is_refused(job: kn.Job) -> None:
    for draw in (job.pictures.shares, job.pictures.received):
        with pytest.raises(DataError, match="carol"):
            draw("carol")


def test_one_share_draws_both_secrets_in_both_ways() -> None:
    lesson = explore.one_share(0.5, 2000, seed=1)
    picture = lesson.picture()
    for axes, variant in zip(picture.figure.axes, lesson.variants, strict=True):
        assert [bar.get_height() for bar in axes.containers[0]] == list(variant.uniformity.counts)
        assert shown(variant.uniformity.p_value) in axes.get_title(loc="left")
        assert variant.name in picture.words


# --- errors ----------------------------------------------------------------------------------------------------------


def test_weights_and_their_errors(cluster: kn.Cluster) -> None:
    job = cluster.apply(kn.tutorial_manifest(), seed=8, shadow=True, replace=True).wait()
    picture, frame = job.pictures.weights(), job.shadow.weights
    axes_of: Any = picture.figure.axes
    above, below = axes_of
    drawn = [points.get_offsets()[:, 1].tolist() for points in above.collections]
    assert drawn == [frame[column].tolist() for column in ("secret", "plaintext", "exact_rate")]
    assert below.collections[1].get_offsets()[:, 1].tolist() == frame["error_ulp"].tolist()
    assert [label.get_text() for label in below.get_xticklabels()] == frame["feature"].tolist()
    assert "error in ulp = 2^-18" in below.get_ylabel()
    worst = frame["error_ulp"].abs()
    assert f"at most {worst.max():.1f} ulp (of {frame['feature'][worst.idxmax()]})" in picture.words
    assert f"exact rate: at most {frame['exact_rate_error_ulp'].abs().max():.1f} ulp" in picture.words
    steps = job.pictures.truncation()
    lines = {str(line.get_label()).partition(":")[0]: line for line in steps.figure.axes[0].lines}
    last = job.shadow.steps.iloc[-1]
    for label, column in {
        "truncation of shares, as it was": "truncation",
        "learning rate rounded to the ring": "rate",
        "data in fixed point": "encoding",
        "truncation, expected": "expected",
    }.items():
        assert np.asarray(lines[label].get_ydata()).tolist() == job.shadow.steps[column].tolist()
        assert f"{last[column]:.3g} ulp" in str(lines[label].get_label())
        assert f"{last[column]:.3g} ulp" in steps.words


def test_truncation_without_a_seed_shows_a_run_like_it_and_the_jobs_end(fresh: kn.Job) -> None:
    picture = fresh.pictures.truncation()
    axes: Any = picture.figure.axes[0]
    assert "a run like the job, with other random numbers" in axes.get_title(loc="left")
    ((step, error),) = axes.collections[0].get_offsets().tolist()
    assert step == 476
    assert f"In the job itself, truncation came to {error:.3g} ulp." in picture.words


# --- traffic ---------------------------------------------------------------------------------------------------------


def test_traffic_is_that_of_the_trace(job: kn.Job) -> None:
    messages: Any = job.trace.messages
    picture, table = job.pictures.traffic(), by_op(messages)
    axes: Any = picture.figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == messages["op"].drop_duplicates().tolist()
    assert list(table.columns) == ["alice", "bob", "ttp"]
    for sender, bars in zip(table.columns, axes.containers, strict=True):
        own: Any = messages[messages["sender"] == sender].groupby("op")["bytes"].sum()
        drawn = {op: bar.get_width() for op, bar in zip(table.index, bars, strict=True) if bar.get_width()}
        assert drawn == own.to_dict()
        assert bars.get_label() == f"sent by {sender}: {own.sum():,}"
        assert {bar.get_hatch() for bar in bars} != {None}
        for op, size in own.items():
            assert f"{sender} {size:,}" in picture.words, op
    assert table.to_numpy().sum() == messages["bytes"].sum()
    assert f"{len(messages):,} messages, {messages['bytes'].sum():,} bytes" in picture.words


def test_traffic_says_what_is_not_listed(job: kn.Job) -> None:
    from kuscia_nb.views.pictures_traffic import traffic

    picture = traffic("long", job.trace.messages, 1234)
    assert "1,234 later messages are not listed by op" in picture.words
    assert "1,234 later messages" in picture.figure.axes[0].get_title(loc="left")
    with pytest.raises(JobError, match="no messages"):
        traffic("silent", job.trace.messages.iloc[:0], 0)


def test_the_ground_is_white() -> None:
    assert GROUND == "white"
