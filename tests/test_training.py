"""Training on shares against plaintext: every strategy, random shapes, and the tutorial's job."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from protocol import mailbox, run_parties

from kuscia_nb import mpc
from kuscia_nb.data.sample import write_sample
from kuscia_nb.data.table import read_table
from kuscia_nb.errors import LinkError
from kuscia_nb.operators.ss_lr.training import STRATEGIES, Plan, targets, train

BITS = 18
ULP = 2.0**-BITS
TUTORIAL = Path(__file__).parents[2] / "shared" / "data"
strategies = pytest.mark.parametrize("strategy", list(STRATEGIES))


@dataclass
class Data:
    """Features of both ranks side by side, labels, and who has them."""

    x: NDArray[Any]
    y: NDArray[Any]
    label_rank: int


def train_on(
    data: Data,
    layout: mpc.Layout,
    *,
    rate: int = 2000,
    l2: float = 0.5,
    strategy: str = "preprocessed",
    truncation: str = "asymmetric",
    bits: int = BITS,
    seed: int | None = None,
    threads: bool = False,
    ttp: mpc.TrustedThirdParty | None = None,
    ledgers: list[mpc.Ledger] | None = None,
) -> NDArray[np.float64]:
    """The opened weights; `rate` in ulp."""
    links = mpc.connect(("bob", "alice"), mailbox=mailbox(threads))
    ttp = ttp or mpc.TrustedThirdParty()
    plan = Plan(layout, np.array(rate, np.uint64), mpc.encode(np.float32(l2), bits), strategy)

    async def party(link: mpc.Link) -> mpc.Share:
        own = mpc.encode(data.x[:, layout.owned(link.rank)].astype(np.float32), bits)
        labels = data.y.astype(np.float32) if link.rank == data.label_rank else None
        terms = mpc.Terms(fxp_bits=bits, truncation=truncation)
        semi2k = await mpc.Semi2k.start(link, ttp, mpc.Seeds(seed, link.name), terms)
        weights = await train(semi2k, own, targets(semi2k, labels, len(own)), plan)
        semi2k.ttp.leave()
        return weights

    outcomes = run_parties((party(links[0]), party(links[1])), links)
    for outcome in outcomes:
        if outcome.error is not None:
            raise outcome.error
    if ledgers is not None:
        ledgers.append(links[0].ledger)
    return mpc.decode(outcomes[0].result.ring + outcomes[1].result.ring, bits).astype(np.float64)


def plaintext(
    data: Data, layout: mpc.Layout, rate: int = 2000, l2: float = 0.5, bits: int = BITS
) -> NDArray[np.float64]:
    """The same descent in float64, on the numbers that the ring has for features and rate."""
    features = mpc.decode(mpc.encode(data.x.astype(np.float32), bits), bits)
    x = np.column_stack([features, np.ones(len(features))])
    w = np.zeros(layout.width)
    penalty = np.full(layout.width, l2)
    penalty[-1] = 0
    for _ in range(layout.epochs):
        for batch in range(layout.batches):
            rows = slice(batch * layout.batch_size, (batch + 1) * layout.batch_size)
            error = 0.5 + 0.125 * (x[rows] @ w) - data.y[rows]
            w = w - rate * 2.0**-bits * (x[rows].T @ error + penalty * w)
    return w


def bound(data: Data, layout: mpc.Layout, rate: int) -> float:
    """How far the weights can be off, as a 2-norm.

    A truncation of a shared value is off by less than one ulp. In a step, with r the real rate and |x| <= X:
      - the predictions are off by < 1 ulp each, which the gradient sums over B rows:  B X ulp
      - the gradient and the penalty are truncated:                                    + 2 ulp
      - times r, truncated:                                          d = r (B X + 2) + 1 ulp per weight
    As a vector of D weights that is sqrt(D) d. A step maps an error e in w to (I - r (X^T X / 8 + l2 I')) e, which
    does not grow if r (|X^T X| / 8 + l2) <= 2, so T steps are off by at most T sqrt(D) d. `largest_rate` sees to that.
    """
    steps = layout.epochs * layout.batches
    largest = max(1.0, np.abs(data.x).max())
    return steps * np.sqrt(layout.width) * (rate * ULP * (layout.batch_size * largest + 2) + 1) * ULP


def largest_rate(data: Data, layout: mpc.Layout, l2: float) -> int:
    """In ulp: what keeps errors from growing (the norm of X_b^T X_b is at most B D X^2)."""
    norm = layout.batch_size * layout.width * max(1.0, np.abs(data.x).max()) ** 2
    return int(2 / ((norm / 8 + l2) * ULP))


@st.composite
def trainings(draw: st.DrawFn) -> tuple[Data, mpc.Layout, int, float]:
    columns = draw(st.tuples(st.integers(1, 6), st.integers(1, 6)))
    batch_size, batches, epochs = draw(st.integers(1, 12)), draw(st.integers(1, 12)), draw(st.integers(1, 15))
    l2 = draw(st.sampled_from([0.0, 0.25, 0.5, 1.0]))
    layout = mpc.Layout(columns, batch_size, batches, epochs, penalised=l2 > 0)
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    rows = batch_size * batches + draw(st.integers(0, batch_size - 1))  # rows left over are not used
    scale = draw(st.sampled_from([0.01, 1.0, 5.0]))
    x = generator.uniform(-scale, scale, (rows, sum(columns)))
    data = Data(x, generator.integers(0, 2, rows), draw(st.integers(0, 1)))
    return data, layout, draw(st.integers(1, largest_rate(data, layout, l2))), l2


@strategies
@pytest.mark.parametrize("truncation", ["asymmetric", "ttp"])
@settings(deadline=None, max_examples=60, derandomize=True)
@given(trainings(), st.integers(0, 1000))
def test_any_training_stays_within_the_bound(
    strategy: str, truncation: str, training: tuple[Data, mpc.Layout, int, float], seed: int
) -> None:
    data, layout, rate, l2 = training
    trained = train_on(data, layout, rate=rate, l2=l2, strategy=strategy, truncation=truncation, seed=seed)
    error = np.linalg.norm(trained - plaintext(data, layout, rate, l2))
    assert error <= bound(data, layout, rate)


@pytest.fixture(scope="module", params=["tutorial", "sample"] if TUTORIAL.is_dir() else ["sample"])
def csv(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Data:
    """The tutorial's two files where they are at hand, and our own: bob's columns first, as ranks have it."""
    folder = TUTORIAL
    if request.param == "sample":
        folder = tmp_path_factory.mktemp("sample")
        write_sample(folder / "perfect_logit_a.csv", folder / "perfect_logit_b.csv")
    alice = read_table(folder / "perfect_logit_a.csv", 1, "alice").values
    bob = read_table(folder / "perfect_logit_b.csv", 1, "bob").values
    return Data(np.column_stack([bob, alice[:, :-1]]), alice[:, -1], label_rank=1)


@strategies
@pytest.mark.parametrize(("truncation", "seeds"), [("asymmetric", 20), ("ttp", 10)])
def test_the_tutorials_job_over_many_seeds(csv: Data, strategy: str, truncation: str, seeds: int) -> None:
    """Spec: tutorial: every weight within 40 ulp of float64 at the rate of the ring, which is 1 ulp."""
    layout = mpc.Layout((10, 10), 21, 476, 1)
    expected = plaintext(csv, layout, rate=1)
    trained = [
        train_on(csv, layout, rate=1, strategy=strategy, truncation=truncation, seed=seed) for seed in range(seeds)
    ]
    assert np.abs(np.array(trained) - expected).max() <= 40 * ULP


@strategies
@pytest.mark.parametrize("bits", [2, 17, 19, 24, 30])
def test_truncation_with_the_ttp_for_other_fraction_bits(strategy: str, bits: int) -> None:
    """From 19 bits on the gradient is truncated by itself; at 30, X w takes pairs of 64 bits. Errors are rounding."""
    generator = np.random.default_rng(3)
    data = Data(generator.uniform(-1, 1, (60, 5)), generator.integers(0, 2, 60), label_rank=1)
    layout, rate = mpc.Layout((3, 2), 6, 10, 2), max(1, int(0.01 * 2**bits))
    trained = train_on(data, layout, rate=rate, strategy=strategy, truncation="ttp", bits=bits, l2=0.5)
    expected = plaintext(data, layout, rate, 0.5, bits)
    assert np.abs(trained - expected).max() <= 30 * 2.0**-bits


@strategies
def test_shares_that_wrap_do_no_harm_with_the_ttp(strategy: str) -> None:
    """24 fraction bits: of truncations by each party alone |v| / 2^16 fail, about ten here, each by 2^13 or more."""
    generator = np.random.default_rng(3)
    data = Data(generator.uniform(-1, 1, (1000, 3)), np.ones(1000), label_rank=0)
    layout, rate = mpc.Layout((1, 2), 500, 2, 200), 2**14
    expected = plaintext(data, layout, rate, 0.5, 24)
    how = {"rate": rate, "bits": 24, "strategy": strategy, "seed": 5}
    assert np.abs(train_on(data, layout, truncation="ttp", **how) - expected).max() < 1e-4
    assert np.abs(train_on(data, layout, **how) - expected).max() > 1


@strategies
@pytest.mark.parametrize("truncation", ["asymmetric", "symmetric", "ttp"])
@pytest.mark.parametrize("product", ["dot", "residual_dot"])
def test_a_batch_is_good_for_one_use_of_each_product(strategy: str, truncation: str, product: str) -> None:
    """A second one would send the same mask again, and the difference of the two messages is that of the shares."""
    layout, links, ttp = mpc.Layout((2, 1), 4, 3, 1), mpc.connect(("bob", "alice")), mpc.TrustedThirdParty()

    async def party(link: mpc.Link) -> None:
        terms = mpc.Terms(truncation=truncation)
        semi2k = await mpc.Semi2k.start(link, ttp, mpc.Seeds(), terms)
        own = semi2k.encode(np.ones((12, layout.columns[link.rank])))
        data = STRATEGIES[strategy](semi2k, own, semi2k.zeros(12), layout)
        async for batch in data.batches(0):
            operand = semi2k.zeros(layout.width if product == "dot" else layout.batch_size)
            if product == "dot" and strategy == "interconnection" and link.ledger.totals()["bob", "alice"].messages < 3:
                operand = data.zero_weights()  # of the very first batch, which has no triple for shares
            await getattr(batch, product)(operand, 21)
            sent = len(link.ledger)
            with pytest.raises(LinkError, match="used up"):
                await getattr(batch, product)(operand, 21)
            assert len(link.ledger) - sent <= 1  # the peer may have gone on, this party has sent nothing

    for outcome in mpc.run_lockstep((party(links[0]), party(links[1])), links):
        assert outcome.error is None, outcome.error


def test_the_first_batch_has_no_triple_for_weights_that_are_a_share() -> None:
    layout, links, ttp = mpc.Layout((2, 1), 4, 3, 1), mpc.connect(("bob", "alice")), mpc.TrustedThirdParty()

    async def party(link: mpc.Link) -> None:
        semi2k = await mpc.Semi2k.start(link, ttp, mpc.Seeds(), mpc.Terms())
        own = semi2k.encode(np.ones((12, layout.columns[link.rank])))
        data = mpc.InterconnectionData(semi2k, own, semi2k.zeros(12), layout)
        async for batch in data.batches(0):
            with pytest.raises(LinkError, match="its weights are public"):
                await batch.dot(semi2k.zeros(layout.width), 21)
            break

    for outcome in mpc.run_lockstep((party(links[0]), party(links[1])), links):
        assert outcome.error is None, outcome.error


def test_the_reference_of_the_tutorial() -> None:
    """Spec: tutorial: alice's first four weights by float64, so that the yardstick itself is checked."""
    if not TUTORIAL.is_dir():
        return
    alice = read_table(TUTORIAL / "perfect_logit_a.csv", 1, "alice").values
    bob = read_table(TUTORIAL / "perfect_logit_b.csv", 1, "bob").values
    data = Data(np.column_stack([bob, alice[:, :-1]]), alice[:, -1], label_rank=1)
    weights = plaintext(data, mpc.Layout((10, 10), 21, 476, 1), rate=1)
    assert weights[10:14].round(6).tolist() == [-0.000644, 0.001813, 0.002009, 0.002596]


def test_the_strategies_agree() -> None:
    """Each is within the bound of plaintext, so they are within twice the bound of each other."""
    generator = np.random.default_rng(6)
    data = Data(generator.uniform(-1, 1, (200, 9)), generator.integers(0, 2, 200), label_rank=0)
    layout, rate = mpc.Layout((5, 4), 10, 20, 3), 4000
    one, other = (train_on(data, layout, rate=rate, strategy=strategy) for strategy in STRATEGIES)
    assert np.linalg.norm(one - other) <= 2 * bound(data, layout, rate)
    assert np.abs(one).max() > 100 * ULP  # there is something to agree on


@strategies
def test_the_same_seeds_give_the_same_ledger_and_weights(strategy: str) -> None:
    generator = np.random.default_rng(1)
    data = Data(generator.uniform(-1, 1, (40, 7)), generator.integers(0, 2, 40), label_rank=0)
    layout, ledgers = mpc.Layout((4, 3), 5, 8, 2), []
    runs = [train_on(data, layout, strategy=strategy, seed=seed, ledgers=ledgers) for seed in (1, 1, 2)]
    threaded = train_on(data, layout, strategy=strategy, seed=1, threads=True, ledgers=ledgers)
    assert runs[0].tolist() == runs[1].tolist() == threaded.tolist()
    first, again, other, threads = ([message[:-1] for message in ledger.messages] for ledger in ledgers)
    assert first == again
    assert sorted(first) == sorted(threads)  # two threads may write down one round's messages in another order
    assert first == other  # and sizes never depend on seeds
    assert runs[0].tolist() != runs[2].tolist()


def schedule(ledger: mpc.Ledger, sender: str) -> list[int]:
    """Bytes of a party's messages to its peer, in order, without the set-up."""
    return [m.bytes for m in ledger.messages if m.kind == "ALLGATHER" and m.sender == sender]


def test_interconnection_sends_the_schedule_of_the_reference_operator() -> None:
    """Spec: ss_lr §8: batch 21, 21 weights: 3528 and 168 bytes per product, one product in the first batch."""
    generator, ledgers = np.random.default_rng(1), []
    data = Data(generator.uniform(-1, 1, (63, 20)), generator.integers(0, 2, 63), label_rank=1)
    ttp = mpc.TrustedThirdParty()
    train_on(data, mpc.Layout((10, 10), 21, 3, 1), strategy="interconnection", ttp=ttp, ledgers=ledgers)
    for sender in ("alice", "bob"):
        assert schedule(ledgers[0], sender) == [3528, 168] + 2 * [3528, 168, 3528, 168]
    assert ttp.requests == 5  # one correction per product


def test_interconnection_draws_what_the_reference_operator_draws() -> None:
    """Spec: ss_lr §2, §4: after three batches of 21 rows x 21 columns the PRSS and beaver counters are known.

    PRSS blocks: a batch seals 21 ones (11) and a zero (1); the first one also the 20 feature weights (10).
    Beaver blocks of a product: 21 x 21 (221), 21 (11), 21 (11); the first batch has one product, the others two.
    """
    counters: dict[str, tuple[int, int]] = {}
    generator = np.random.default_rng(1)
    x, y = generator.uniform(-1, 1, (63, 20)), generator.integers(0, 2, 63).astype(np.float32)
    layout = mpc.Layout((10, 10), 21, 3, 1)
    plan = Plan(layout, np.array(9, np.uint64), mpc.encode(np.float32(0.5), BITS), "interconnection")
    links, ttp = mpc.connect(("bob", "alice")), mpc.TrustedThirdParty()

    async def party(link: mpc.Link) -> None:
        semi2k = await mpc.Semi2k.start(link, ttp, mpc.Seeds(), mpc.Terms())
        own = mpc.encode(x[:, layout.owned(link.rank)], BITS)
        await train(semi2k, own, targets(semi2k, y if link.rank else None, 63), plan)
        counters[link.name] = (semi2k.prss_counter, semi2k.beaver.counter)

    mpc.run_lockstep((party(links[0]), party(links[1])), links)
    assert counters == {"alice": (3 * 12 + 10, 5 * 243), "bob": (3 * 12 + 10, 5 * 243)}


@pytest.mark.parametrize(("l2", "pairs"), [(0.5, 5), (0.0, 4)])
def test_interconnection_truncates_with_the_ttp_as_spu_does(l2: float, pairs: int) -> None:
    """Spec: ss_lr §5, §8: five MulPriv in every step, the first too; one message each way for each, uint32 x 21.

    X w and its eighth before the second product, then X^T r, the penalty, and the step.
    """
    generator, ledgers = np.random.default_rng(1), []
    data = Data(generator.uniform(-1, 1, (63, 20)), generator.integers(0, 2, 63), label_rank=1)
    layout = mpc.Layout((10, 10), 21, 3, 1, penalised=l2 > 0)
    train_on(data, layout, l2=l2, strategy="interconnection", truncation="ttp", ledgers=ledgers)
    messages = ledgers[0].messages
    asked = [m.key for m in messages if m.kind == "REQUEST" and m.key != "CreateSession"]
    step = ["AdjustDot", *["AdjustMulPriv"] * 2, "AdjustDot", *["AdjustMulPriv"] * (pairs - 2)]
    assert asked == [*step[1:], *step, *step]
    for sender in ("alice", "bob"):
        sent = [(m.kind, m.bytes) for m in messages if m.sender == sender and m.kind in ("P2P", "ALLGATHER")]
        product, cut = [("ALLGATHER", 3528), ("ALLGATHER", 168)], ("P2P", 84)
        step = [*product, cut, cut, *product, *[cut] * (pairs - 2)]
        assert sent == [("P2P", 16), *step[2:], *step, *step]


def test_preprocessing_truncates_twice_in_a_step_with_pairs_in_bulk() -> None:
    """Spec: ss_lr §3: X w by 21 bits takes uint32 x 5, the change by 36 bits uint64 x 8. Two requests for an epoch."""
    generator, ledgers = np.random.default_rng(1), []
    data = Data(generator.uniform(-1, 1, (40, 7)), generator.integers(0, 2, 40), label_rank=0)
    train_on(data, mpc.Layout((4, 3), 5, 8, 3), truncation="ttp", ledgers=ledgers)
    messages = ledgers[0].messages
    assert [m.bytes for m in messages if m.sender == "bob" and m.op == "send a+u"] == [5 * 4, 8 * 8] * 24
    assert [m.bytes for m in messages if m.sender == "ttp" and m.key == "AdjustMulPriv"] == [8 * 5 * 4, 8 * 8 * 8] * 3


def test_preprocessing_opens_the_matrix_once_for_all_epochs() -> None:
    """40 rows x 7 features: each party sends its own columns once, and two vectors a step."""
    generator, ledgers = np.random.default_rng(1), []
    data = Data(generator.uniform(-1, 1, (40, 7)), generator.integers(0, 2, 40), label_rank=0)
    train_on(data, mpc.Layout((4, 3), 5, 8, 3), ledgers=ledgers)
    messages = [m for m in ledgers[0].messages if m.kind == "ALLGATHER"]
    opened = {m.sender: m.bytes for m in messages if m.op == "send X-A"}
    assert opened == {"bob": 40 * 4 * 8, "alice": 40 * (3 + 1) * 8}  # alice has the constant column
    steps = [m for m in messages if m.op != "send X-A"]
    assert len(steps) == 2 * 2 * 8 * 3
    assert sum(m.bytes for m in steps if m.sender == "bob") == 8 * 3 * (4 + 5) * 8  # alice's columns, and the rows


@strategies
def test_nothing_but_masked_values_is_opened(strategy: str) -> None:
    generator, ledgers = np.random.default_rng(1), []
    data = Data(generator.uniform(-1, 1, (40, 7)), generator.integers(0, 2, 40), label_rank=0)
    train_on(data, mpc.Layout((4, 3), 5, 8, 3), strategy=strategy, ledgers=ledgers)
    expected = {
        "preprocessed": {"send X-A", "send w-v", "send r-v"},
        "interconnection": {"open x-a", "open y-b"},
    }
    assert {m.op for m in ledgers[0].messages if m.kind == "ALLGATHER"} == expected[strategy]


def test_what_a_party_receives_is_uniform() -> None:
    """Chi-square of all ring elements that alice gets from bob in a training on constant data."""
    from scipy import stats

    data = Data(np.full((400, 6), 0.5), np.ones(400), label_rank=1)
    received: list[NDArray[np.uint64]] = []
    layout = mpc.Layout((3, 3), 20, 20, 2)
    plan = Plan(layout, np.array(500, np.uint64), mpc.encode(np.float32(0.5), BITS))
    links, ttp = mpc.connect(("bob", "alice")), mpc.TrustedThirdParty()

    async def party(link: mpc.Link) -> None:
        semi2k = await mpc.Semi2k.start(link, ttp, mpc.Seeds(4, link.name), mpc.Terms())
        exchange = link.exchange

        async def spy(mine: NDArray[np.uint64], op: str, *expect: tuple[int, ...]) -> NDArray[np.uint64]:
            theirs = await exchange(mine, op, *expect)
            received.append(theirs.ravel() if link.rank else theirs[:0].ravel())
            return theirs

        link.exchange = spy  # type: ignore[method-assign]
        own = mpc.encode(data.x[:, layout.owned(link.rank)], BITS)
        await train(semi2k, own, targets(semi2k, data.y if link.rank else None, 400), plan)

    for outcome in mpc.run_lockstep((party(links[0]), party(links[1])), links):
        assert outcome.error is None
    numbers = np.concatenate(received)
    assert len(numbers) > 2000
    for byte in (numbers >> np.uint64(56), numbers & np.uint64(255)):
        assert stats.chisquare(np.bincount(byte.astype(np.int64), minlength=256)).pvalue > 0.001


def test_symmetric_truncation_shows_the_bias_that_spu_has(csv: Data) -> None:
    """Spec: ss_lr §2: with SPU 0.9.5's rule the tutorial's weights come out about 480 to 495 ulp too large."""
    layout, links, ttp = mpc.Layout((10, 10), 21, 476, 1), mpc.connect(("bob", "alice")), mpc.TrustedThirdParty()
    plan = Plan(layout, np.array(1, np.uint64), mpc.encode(np.float32(0.5), BITS))

    async def party(link: mpc.Link) -> NDArray[np.uint64]:
        semi2k = await mpc.Semi2k.start(link, ttp, mpc.Seeds(), mpc.Terms(truncation="symmetric"))
        own = mpc.encode(csv.x[:, layout.owned(link.rank)], BITS)
        labels = csv.y if link.rank == csv.label_rank else None
        return (await train(semi2k, own, targets(semi2k, labels, len(own)), plan)).ring

    outcomes = mpc.run_lockstep((party(links[0]), party(links[1])), links)
    weights = mpc.decode(outcomes[0].result + outcomes[1].result, BITS)
    bias = (weights - plaintext(csv, layout, rate=1)) / ULP
    assert bias.min() > 400
    assert bias.max() < 560
