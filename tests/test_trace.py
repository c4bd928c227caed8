"""What a trace has and must not show: steps against their formulas, messages against the link, lenses, files."""

from __future__ import annotations

import gc
import io
import itertools
import json
import math
import pickle
import re
import subprocess
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from computed import compute, truncate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from protocol import mailbox, run_parties

import kuscia_nb as kn
from kuscia_nb import mpc
from kuscia_nb.errors import KusciaError
from kuscia_nb.mpc.ledger import Message, Stream, Total
from kuscia_nb.mpc.zeros import Zeros
from kuscia_nb.operators import OPERATORS
from kuscia_nb.operators.ss_lr.training import STRATEGIES, Descent, Plan, targets, train
from kuscia_nb.options import Strategy
from kuscia_nb.trace.columns import pack, unpack
from kuscia_nb.trace.equations import HIDDEN, instances, number
from kuscia_nb.trace.file import FORMAT, VERSION
from kuscia_nb.trace.formulas import KINDS, TTP, parse
from kuscia_nb.trace.observe import observe
from kuscia_nb.trace.steps import BOTH, Number, Record, Sent, Step, Task

NAMES = ("bob", "alice")
LAYOUT = mpc.Layout((3, 2), 4, 6, 2)
words = st.integers(0, 2**64 - 1)
MINE = {"own", "drawn", "dealt"}


class Traced:
    """A run of both parties with notes; what went over the link, as the test itself has seen it."""

    def __init__(
        self,
        program: Callable[[mpc.Semi2k], Coroutine[Any, Any, Any]],
        *,
        window: mpc.Window | None = None,
        threads: bool = False,
        notes: bool = True,
        checks: bool = False,
        **terms: Any,
    ) -> None:
        kind = mailbox(threads)
        self.links = mpc.connect_traced(NAMES, window, kind) if notes else mpc.connect(NAMES, mailbox=kind)
        self.ttp = mpc.TrustedThirdParty()
        self.carried: list[tuple[str, Any]] = []
        for link in self.links:
            link.zeros = Zeros(link.rank) if checks else None
            self._listen(link)

        async def party(link: mpc.Link) -> Any:
            seeds = mpc.Seeds(5, link.name)
            semi2k = await mpc.Semi2k.start(link, self.ttp, seeds, mpc.Terms(**terms))
            try:
                return await program(semi2k)
            finally:
                semi2k.leave()

        outcomes = run_parties((party(self.links[0]), party(self.links[1])), self.links)
        for outcome in outcomes:
            if outcome.error is not None:
                raise outcome.error
        self.results = [outcome.result for outcome in outcomes]

    def _listen(self, link: mpc.Link) -> None:
        deliver: Any = link.deliver

        def listening(posted: Any) -> None:
            _, (payload, _) = posted
            self.carried.append((link.name, payload))
            deliver(posted)

        link.deliver = listening

    @property
    def notes(self) -> list[mpc.Notes]:
        return [link.notes for link in self.links if isinstance(link, mpc.TracedLink)]

    @property
    def record(self) -> Record:
        return observe("full", {"task": self.links[0].ledger}, {"task": self.notes})


def training(strategy: str, layout: mpc.Layout = LAYOUT, l2: float = 0.5) -> Callable[[mpc.Semi2k], Any]:
    """A party's program that trains on made-up data."""
    generator = np.random.default_rng(1)
    rows = layout.batch_size * layout.batches
    data = [generator.normal(size=(rows, columns)) for columns in layout.columns]
    labels = generator.integers(0, 2, rows).astype(np.float32)

    async def program(party: mpc.Semi2k) -> np.ndarray:
        own = party.encode(data[party.rank])
        y = targets(party, labels if party.rank == 0 else None, rows)
        return (await train(party, own, y, plan(strategy, layout, l2))).ring

    return program


def plan(strategy: str, layout: mpc.Layout = LAYOUT, l2: float = 0.5) -> Plan:
    return Plan(layout._replace(penalised=l2 > 0), np.array(3000, np.uint64), mpc.encode(np.float32(l2), 18), strategy)


async def operations(party: mpc.Semi2k) -> list[int]:
    """Everything that a program can do with secrets, once."""
    mine, other = party.encode([[1.5, -2.0], [0.25, 3.0]]), party.zeros((2, 2))
    first = party.input(mine)
    x, y = (first, other) if party.rank == 0 else (other, first)
    public = party.encode(2.0)
    local = (-(x + y) - public) + public
    difference: Any = public - local  # type checkers take it for an array
    scaled = difference.scale(party.encode(0.5), 18)
    product = await party.mul(scaled * np.array(3, np.uint64), y, 18)
    dot = await party.matmul(product, y[0], 18)
    sealed = party.seal(party.encode([7.0, 8.0]))
    await party.link.exchange(np.arange(2, dtype=np.uint64), "by hand")
    return (await party.open(dot + sealed)).tolist()


async def assisted(party: mpc.Semi2k) -> list[int]:
    """Truncations with the TTP's help, in both rings."""
    x, zero = party.encode([[1.5, -2.0], [0.25, 3.0]]), party.zeros((2, 2))
    y = party.input(x)
    y = await party.mul(*((y, zero) if party.rank == 0 else (zero, y)), 18, assisted=True)
    y = await party.matmul(y, y[0], 18, assisted=True)
    return (await party.open(await party.truncate(y * np.array(2**40, np.uint64), 40, assisted=True))).tolist()


RUNS = {
    **{strategy: training(strategy) for strategy in STRATEGIES},
    "no penalty": training("interconnection", l2=0.0),
    **{f"{strategy}, ttp": training(strategy) for strategy in STRATEGIES},
    "operations": operations,
    "assisted": assisted,
    **{f"checks of {strategy}, ttp": training(strategy) for strategy in STRATEGIES},
    "checks of operations": operations,
}


@pytest.fixture(scope="module", params=RUNS)
def traced(request: pytest.FixtureRequest) -> Traced:
    terms: dict[str, Any] = {"truncation": "ttp"} if request.param.endswith("ttp") else {}
    return Traced(RUNS[request.param], checks=request.param.startswith("checks"), **terms)


# --- steps and their formulas ----------------------------------------------------------------------------------------


def checked(record: Record, *, ended: bool = True) -> Counter[tuple[str, bool]]:
    """Every formula of every step, computed from both parties' numbers, equals what was recorded; how many there were.

    Where all arrays are whole, also with the products multiplied out.
    """
    counts: Counter[tuple[str, bool]] = Counter()
    for step in record.steps:
        task = record.tasks[step.task]
        for formula in step.about.formulas:
            for rank in instances(step, formula) if formula.exact else ():
                result = number(step, formula.left, rank)
                assert result is not None
                for whole in (False, True):
                    value = compute(step, formula, rank, task, whole=whole)
                    if value is None:  # cut, or kept without its terms, or one party was stopped before it
                        assert whole or step.kind == "dot public" or not ended
                        continue
                    known = min(value.size, result.data.size)
                    assert known > 0
                    assert value[:known].tolist() == result.data[:known].tolist(), (step.kind, step.op, rank)
                    counts[step.kind, whole] += 1
    return counts


def test_every_formula_gives_what_was_recorded(traced: Traced) -> None:
    counts = checked(traced.record)
    with_formula = {step.kind for step in traced.record.steps if any(f.exact for f in step.about.formulas)}
    assert {kind for kind, whole in counts if not whole} == with_formula
    assert {kind for kind, whole in counts if whole} >= with_formula - {"vectors"}


def test_what_the_operations_become() -> None:
    kinds = Counter(step.kind for step in Traced(operations).record.steps)
    assert kinds == {
        "join": 1,
        "send": 1,  # the PRSS seeds
        "share": 2,
        "add": 2,
        "negate": 1,
        "subtract public": 1,
        "add public": 1,
        "subtract from public": 1,
        "scale": 1,
        "multiply by public": 1,
        "triple elementwise": 1,
        "triple": 1,
        "open x": 2,
        "open y": 2,
        "combine elementwise": 1,
        "combine": 1,
        "truncate": 2,
        "seal": 1,
        "exchange": 1,
        "open": 1,
    }


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_training_has_two_products_and_an_update_in_every_batch(strategy: str) -> None:
    steps = Traced(training(strategy)).record.steps
    batches = Counter((step.epoch, step.batch, step.kind) for step in steps if step.batch)
    places = list(itertools.product(range(1, LAYOUT.epochs + 1), range(1, LAYOUT.batches + 1)))
    for epoch, batch in places:
        assert batches[epoch, batch, "truncate"] == 2
        assert batches[epoch, batch, "update"] == 1
        if strategy == "preprocessed":
            assert batches[epoch, batch, "send masked"] == 2
        elif (epoch, batch) != (1, 1):  # whose first product is with a public zero
            assert batches[epoch, batch, "combine"] == 2
    assert {(step.epoch, step.batch) for step in steps} - {(0, 0)} == set(places)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_updates_are_those_of_the_descent(strategy: str) -> None:
    """w' is what `Descent.step` makes of w and g, at each party on its own; and the last one is the result."""
    run = Traced(training(strategy))
    updates = [step for step in run.record.steps if step.kind == "update"]
    assert len(updates) == LAYOUT.batches * LAYOUT.epochs
    for rank in (0, 1):
        kind = mpc.semi2k.SHARE_TYPES["asymmetric"][rank]
        for step in updates:
            w, g, after = (step.number(name, rank) for name in ("w", "grad", "w'"))
            assert w is not None
            assert g is not None
            assert after is not None
            share = kind.of(w.data.copy())
            Descent(plan(strategy), 18).step(share, kind.of(g.data))
            assert share.ring.tolist() == after.data.tolist()
        last = updates[-1].number("w'", rank)
        assert last is not None
        assert last.data.tolist() == run.results[rank].tolist()


def test_each_batch_begins_where_the_last_one_ended(traced: Traced) -> None:
    updates = [step for step in traced.record.steps if step.kind == "update"]
    for before, after in itertools.pairwise(updates):
        assert [before.number("w'", rank) is not None for rank in (0, 1)] == [True, True]
        for rank in (0, 1):
            first, second = before.number("w'", rank), after.number("w", rank)
            assert first is not None
            assert second is not None
            assert first.data.tolist() == second.data.tolist()


def test_parts_of_triples_are_the_parties_draws_and_multiply(traced: Traced) -> None:
    """The TTP can make every part of a, b and k again; and a . b = c, with the correction in c."""
    prgs = [mpc.BlockPrg(mpc.Seeds(5, name).draw("beaver")) for name in NAMES]
    for step in traced.record.steps:
        if not step.kind.startswith("triple"):
            continue
        for i, name in enumerate("abk"):
            counter, size = step.draws[2 * i : 2 * i + 2]
            for rank in (0, 1):
                part = step.number(name, rank)
                assert part is not None
                assert part.whole
                assert part.data.tolist() == prgs[rank].at(counter, size).tolist()
        a, b, c = (step.number(name, 0) for name in "abc")
        sums = [step.sum(name) for name in "abc"]
        assert a is not None
        assert b is not None
        assert c is not None
        left, right, result = (
            total.reshape(part.shape) for total, part in zip(sums, (a, b, c), strict=True) if total is not None
        )
        product = left * right if step.kind.endswith("elementwise") else left @ right
        assert product.tolist() == result.tolist()


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("threads", [False, True])
def test_tracing_changes_nothing_and_does_not_depend_on_the_scheduler(strategy: str, threads: bool) -> None:
    plain = Traced(training(strategy), notes=False)
    run = Traced(training(strategy), threads=threads)
    assert [r.tolist() for r in run.results] == [r.tolist() for r in plain.results]
    assert len(run.links[0].ledger) == len(plain.links[0].ledger)
    for mine, other in zip(run.notes, Traced(training(strategy)).notes, strict=True):
        assert list(map(str, mine.read())) == list(map(str, other.read()))


def test_symmetric_truncation() -> None:
    async def program(party: mpc.Semi2k) -> None:
        party.input(np.arange(5, dtype=np.uint64) << np.uint64(60)).truncate(7)

    record = Traced(program, truncation="symmetric").record
    assert not record.tasks[0].mirrored
    assert checked(record)["truncate", False] == 2


@given(hnp.arrays(np.uint64, 5, elements=words), st.integers(1, 63))
def test_truncation_rounds_down_and_up(x: np.ndarray, bits: int) -> None:
    """floor(x / 2^bits) of the signed number, and the ceiling."""
    signed = x.view(np.int64).tolist()
    assert truncate(x, bits, mirrored=False).view(np.int64).tolist() == [n >> bits for n in signed]
    # -2^63 has no opposite in 64 bits: it stays negative when its sign changes
    expected = [-((-n if n != -(2**63) else n) >> bits) for n in signed]
    assert truncate(x, bits, mirrored=True).view(np.int64).tolist() == expected


def test_a_step_that_only_one_party_has() -> None:
    async def program(party: mpc.Semi2k) -> list[int]:
        x = party.input(np.ones(2, np.uint64))
        if party.rank:
            x = x * np.array(5, np.uint64)
        return (await party.open(x)).tolist()

    run = Traced(program)
    assert run.results == [[6, 6], [6, 6]]
    (step,) = [step for step in run.record.steps if step.kind == "multiply by public"]
    assert step.number("x", 0) is None
    assert [n.data.tolist() for n in step.numbers if n.name == "z"] == [[5, 5]]


# --- messages --------------------------------------------------------------------------------------------------------


def test_messages_are_what_went_over_the_link(traced: Traced) -> None:
    record = traced.record
    listed = [m for _, m in record.messages if m.kind in ("P2P", "ALLGATHER")]
    sizes = [(name, value.nbytes if isinstance(value, np.ndarray) else len(value)) for name, value in traced.carried]
    assert [(m.sender, m.bytes) for m in listed] == sizes
    trace = kn.Trace(record)
    everything = trace.messages
    for sender, receiver, messages, size, _ in trace.totals.to_numpy().tolist():
        frame = everything[(everything["sender"] == sender) & (everything["receiver"] == receiver)]
        assert (len(frame), sum(frame["bytes"].tolist())) == (messages, size)
    assert sum(everything["bytes"].tolist()) == sum(trace.totals["bytes"].tolist())


def test_every_message_belongs_to_one_step(traced: Traced) -> None:
    """But for the coin of a check, and where its triple comes from."""
    counts = Counter(seq for step in traced.record.steps for seq in step.messages)
    messages = [message for _, message in traced.record.messages]
    checks = [seq for seq, message in enumerate(messages) if message.op == "check of triples"]
    loose = [message for seq, message in enumerate(messages) if seq not in counts]
    assert {*counts.values()} == {1}
    assert len([one for one in loose if one.op == "coin"]) == len(checks) / 2
    assert len([one for one in loose if one.op == "create session"]) == (2 if checks else 0)
    assert len([one for one in loose if one.kind in ("REQUEST", "REPLY") and one.op == "adjust"]) == len(checks) / 2
    assert len(loose) == len(checks) + (2 if checks else 0)


def test_contents_are_what_was_sent(traced: Traced) -> None:
    sent = [value for _, value in traced.carried]
    shown = kn.Trace(traced.record).view("observer").messages.query("kind in ('P2P', 'ALLGATHER')")["content"]
    assert len(shown) == len(sent)
    for content, value in zip(shown, sent, strict=True):
        if isinstance(value, bytes):
            assert content is None  # a seed is not in the trace
        else:
            assert len(content) in (value.size, mpc.Window().preview)
            assert content == value.ravel()[: len(content)].tolist()


def test_no_seed_is_in_a_trace(traced: Traced, tmp_path: Path) -> None:
    path = kn.Trace(traced.record).save(tmp_path / "run.trace")
    with zipfile.ZipFile(path) as archive:
        data = b"".join(archive.read(name) for name in archive.namelist())
    for name in NAMES:
        for purpose in ("beaver", "prss"):
            assert mpc.Seeds(5, name).draw(purpose) not in data


# --- lenses ----------------------------------------------------------------------------------------------------------


def seen(record: Record, who: str) -> set[int]:
    """All ring elements that a view shows."""
    view, result = kn.Trace(record).view(who), set()
    for seq, step in enumerate(record.steps):
        if step.kind == "seal":
            continue  # both parties know everything about these (spec: ss_lr §3)
        result |= {element for row in view.rows(seq) if row.ring != HIDDEN for element in row.ring}
    result |= {n for content in view.messages["content"] if isinstance(content, list) for n in content}
    return result


def numbers_in(notes: mpc.Notes) -> set[int]:
    """All ring elements that a party has written down."""
    return {n for note in notes.read() for value in note.values.values() for n in value.data.tolist()}


@pytest.mark.parametrize("rank", [0, 1])
def test_a_party_sees_nothing_but_its_own_and_what_was_sent(traced: Traced, rank: int) -> None:
    """Every number that its view shows is in its own notes, or went over the link, or is zero."""
    own, others = (numbers_in(traced.notes[one]) for one in (rank, 1 - rank))
    link = {n for _, value in traced.carried if isinstance(value, np.ndarray) for n in value.ravel().tolist()}
    shown = seen(traced.record, NAMES[rank])
    assert shown <= own | link | {0}
    assert others - own - link  # there is something to hide


def test_the_ttp_sees_draws_and_corrections_only(traced: Traced) -> None:
    """Every number that its view shows comes from the parties' seeds, which it has."""
    prgs = [mpc.BlockPrg(mpc.Seeds(5, name).draw("beaver")) for name in NAMES]
    streams = [prg.at(0, 20_000) for prg in prgs]
    draws = {n for stream in streams for size in (np.uint64, np.uint32) for n in stream.view(size).tolist()}
    for step in traced.record.steps:
        for shown in step.numbers:
            if shown.sees & 4:
                assert shown.name in {"a", "b", "k", "c", "d", "v", "A"}
                if shown.name not in "cd":
                    assert set(shown.data.tolist()) <= draws
    view = kn.Trace(traced.record).view("ttp")
    content = view.messages.query("kind == 'ALLGATHER'")["content"]
    assert set(content) - {None} == {HIDDEN}, "and bytes, a coin, are not in a trace at all"


def test_what_is_hidden_says_so(traced: Traced) -> None:
    view = kn.Trace(traced.record).view("alice")
    values = view.values
    hidden = values[values["ring"] == HIDDEN]
    assert len(hidden) > 0
    assert set(hidden["fixed"]) == {HIDDEN}
    assert len(values) == len(kn.Trace(traced.record).view("observer").values)  # nothing is left out
    assert HIDDEN in " ".join(view.steps["numbers"])
    assert HIDDEN not in " ".join(kn.Trace(traced.record).view("observer").steps["numbers"])
    assert HIDDEN in repr(view)


def test_an_input_is_its_owners() -> None:
    record = Traced(operations).record
    (of_bob,) = [i for i, step in enumerate(record.steps) if step.op == "input of bob"]
    expected = [[1.5, -2.0, 0.25, 3.0], [0.0] * 4, [1.5, -2.0, 0.25, 3.0]]  # his share, alice's, the sum
    rows = {who: kn.Trace(record).view(who).rows(of_bob) for who in ("alice", "bob", "ttp", "observer")}
    assert [row.of for row in rows["bob"]] == ["bob", "alice", "alice + bob"]
    assert [row.fixed for row in rows["bob"]] == [row.fixed for row in rows["observer"]] == expected
    assert [row.fixed for row in rows["alice"]] == [HIDDEN, [0.0] * 4, HIDDEN]
    assert {row.ring if isinstance(row.ring, str) else "" for row in rows["ttp"]} <= {HIDDEN, ""}
    assert rows["ttp"][0].ring == rows["ttp"][2].ring == HIDDEN


def test_products_have_twice_the_fraction_bits() -> None:
    async def program(party: mpc.Semi2k) -> None:
        mine, other = party.input(party.encode([1.5])), party.zeros(1)
        x, y = (mine, other) if party.rank == 0 else (other, mine)
        await party.mul(x, y, 18)

    record = Traced(program).record
    view = kn.Trace(record).view("observer")
    sums = {
        (step.kind, row.name): row.fixed
        for seq, step in enumerate(record.steps)
        for row in view.rows(seq)
        if row.of == "alice + bob"
    }
    assert sums["combine elementwise", "z"] == sums["truncate", "z"] == [2.25]
    (result,) = sums["truncate", "t"]
    assert abs(float(result) - 2.25) <= 2.0**-18


def test_nobody_else_sees_a_trace() -> None:
    with pytest.raises(KusciaError, match="nobody called carol") as raised:
        kn.Trace(Traced(operations).record).view("carol")
    assert "alice" in raised.value.hint


# --- how much is kept ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_long_training_is_kept_in_part(strategy: str) -> None:
    layout = mpc.Layout((3, 2), 4, 40, 3)
    window = mpc.Window(first=20, last=5, whole=4, whole_last=2, preview=3)
    record = Traced(training(strategy, layout), window=window).record
    batches = list(dict.fromkeys((step.epoch, step.batch) for step in record.steps if step.batch))
    assert batches[0] == (1, 1)
    assert batches[-1] == (3, 40)
    assert len(batches) <= 25
    assert record.tasks[0].left_out > 0
    assert f"{record.tasks[0].left_out:,} operations from the middle" in record.left_out
    assert re.search(r"; all but the first 3 elements of [\d,]+ arrays$", record.left_out)
    assert checked(record)["truncate", False] > 0
    masked = {"preprocessed": "X", "interconnection": "x"}[strategy]
    sizes = {(step.epoch, step.batch): n.data.size for step in record.steps for n in step.numbers if n.name == masked}
    assert sizes[3, 40] == sizes[3, 39] > 3  # whole again at the end
    assert sizes[3, 37] == 3


def test_a_long_trace_does_not_keep_the_garbage_collector_busy() -> None:
    ledger = mpc.Ledger()
    stream = ledger.register(Stream("bob", "alice", "ALLGATHER", "root:{}:ALLGATHER"))
    for i in range(20_000):
        ledger.record((stream, i, i, "X w", (7,), "uint64", 0.0))
    collected: list[str] = []

    def count(phase: str, info: object) -> None:
        collected.append(phase)

    gc.callbacks.append(count)
    record = observe("sizes", {"task": ledger}, {})
    gc.callbacks.remove(count)
    assert collected.count("start") <= 1, "when it goes on again"
    assert len(record.messages) == 20_000
    assert gc.isenabled()


def test_user_operations_without_batches_are_kept_in_part() -> None:
    async def program(party: mpc.Semi2k) -> None:
        x = party.input(np.arange(10, dtype=np.uint64))
        for _ in range(50):
            x = x + x
        await party.open(x)

    record = Traced(program, window=mpc.Window(first=10, last=4, whole=5, preview=2)).record
    kinds = [step.kind for step in record.steps]
    assert len(kinds) == 15  # each party has kept 14 operations; their inputs are two steps
    assert kinds[-1] == "open"
    assert record.tasks[0].left_out == 2 * (2 + 1 + 50 + 1 - 14)  # both parties': join, send, share, adds, open
    assert {n.data.size for n in record.steps[-1].numbers} == {2}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_when_drafts_are_worked_out_changes_nothing(strategy: str) -> None:
    runs = [Traced(training(strategy), window=mpc.Window(draft_bytes=size)).notes for size in (1, 2**30)]
    for mine, other in zip(*runs, strict=True):
        assert list(map(str, mine.read())) == list(map(str, other.read()))


def test_notes_do_not_hold_on_to_the_data() -> None:
    """What is kept are copies: a note's arrays own their memory."""
    for notes in Traced(training("preprocessed"), window=mpc.Window(whole=0, whole_last=0)).notes:
        for note in notes.read():
            for value in note.values.values():
                assert value.data.base is None
                assert value.data.size <= 8


# --- jobs ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with kn.connect(storage=tmp_path_factory.mktemp("nodes")) as cluster:
        yield cluster


MANIFEST = (
    kn.tutorial_manifest()
    .replace('"batch_size":21,', '"batch_size":2000,')
    .replace('"learning_rate":0.0001,', '"learning_rate":0.05,')
)


def run(cluster: kn.Cluster, manifest: str = MANIFEST, **options: Any) -> kn.Job:
    return cluster.apply(manifest, replace=True, **options).wait()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_job_with_full_tracing(cluster: kn.Cluster, strategy: str) -> None:
    job = run(cluster, strategy=strategy, trace="full", seed=3)
    trace = job.trace
    assert trace.level == "full"
    assert list(trace.steps.columns) == ["seq", "task", "kind", "op", "batch", "epoch", "formula", "numbers"]
    assert set(trace.steps["task"]) == set(job.tasks["task"])
    counts = checked(trace.record)
    assert counts["truncate", False] == 2 * 2 * 5
    final = [step for step in trace.record.steps if step.kind == "update"][-1]
    for node in ("alice", "bob"):
        value = final.number("w'", trace.record.tasks[0].names.index(node))
        assert value is not None
        assert value.data.tolist() == job.shares(node)["ring"].tolist()[: value.data.size]
    plain = run(cluster, strategy=strategy, seed=3)
    assert plain.shares("alice").equals(job.shares("alice"))
    columns = ["seq", "round", "op", "sender", "receiver", "kind", "key", "dtype", "shape", "bytes"]
    assert plain.trace.messages[columns].equals(trace.messages[columns])


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_running_job_can_be_looked_at(cluster: kn.Cluster, strategy: Strategy) -> None:
    """Again and again, without harm; what is kept of it does not grow without end."""
    manifest = kn.tutorial_manifest().replace('"num_epoch":1,', '"num_epoch":100000,').replace("job-ss-lr", "endless")
    job = cluster.apply(manifest, replace=True, strategy=strategy, trace="full", truncation="local")
    try:
        seen = [job.trace.record for _ in range(3)]
        while sum(job.trace.totals["messages"].tolist()) < 20_000:  # more than is kept
            time.sleep(0.05)
        seen.append(job.trace.record)
    finally:
        job.stop()
    last = job.trace.record
    assert [len(record.messages) for record in seen] == sorted(len(record.messages) for record in seen)
    assert len({(step.epoch, step.batch) for step in last.steps}) <= 1201
    assert last.tasks[0].left_out > 0
    assert checked(last, ended=False)["truncate", False] > 1000


def test_the_same_seed_gives_the_same_trace(cluster: kn.Cluster) -> None:
    traces = [run(cluster, trace="full", seed=seed).trace for seed in (1, 1, 2)]
    assert traces[0].steps.drop(columns="task").equals(traces[1].steps.drop(columns="task"))
    assert not traces[0].steps.drop(columns="task").equals(traces[2].steps.drop(columns="task"))
    assert traces[0].fingerprint == traces[1].fingerprint
    assert traces[0].fingerprint != traces[2].fingerprint


def test_sizes_only(cluster: kn.Cluster) -> None:
    trace = run(cluster).trace
    assert trace.level == "sizes"
    assert trace.record.steps == ()
    assert len(trace.messages) > 0
    with pytest.raises(KusciaError, match="no numbers") as raised:
        trace.view("alice")
    assert "--trace full" in raised.value.hint


def test_off_lists_and_counts_nothing(cluster: kn.Cluster) -> None:
    job = run(cluster, trace="off", seed=4)
    assert len(job.trace.messages) == len(job.trace.totals) == 0
    assert [event.kind for event in job.events if event.kind in ("ledger", "notes")] == []
    assert job.weights().equals(run(cluster, seed=4).weights())
    assert "no message was listed or counted" in repr(job.trace)


def test_a_link_without_a_ledger_keeps_nothing() -> None:
    async def chat(link: mpc.Link) -> list[int]:
        await link.send(b"seed", "greet")
        await link.receive()
        return (await link.exchange(np.arange(3, dtype=np.uint64), "open")).tolist()

    links = mpc.connect(NAMES, ledger=mpc.NoLedger())
    outcomes = mpc.run_lockstep((chat(links[0]), chat(links[1])), links)
    assert [outcome.result for outcome in outcomes] == [[0, 1, 2]] * 2
    ledger = links[0].ledger
    assert (len(ledger), ledger.messages, ledger.totals()) == (0, [], {})


def test_operators_of_people(cluster: kn.Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OPERATORS, "_operators", OPERATORS._operators)  # what a test registers is gone after it

    @kn.operator(inputs=("data",), outputs=("result",), replace=True)
    async def traced_difference(party: kn.Party) -> None:
        """The mean of one column minus that of the other's."""
        column = party.read_csv("data")["value"]
        async with party.mpc() as mpc:
            x, y = await mpc.share(column)
            total = await mpc.open(mpc.sum(x) - mpc.sum(y))
        party.write_csv("result", pd.DataFrame({"difference": total / len(column)}))

    for node, values in (("alice", [1.0, 2.0]), ("bob", [0.5, 0.25])):
        cluster.put(node, "values.csv", pd.DataFrame({"value": values}))
    own = {"name": "values.csv", "namespace": "data"}
    config = {
        "name": "difference",
        "module_name": "traced_difference",
        "output": [{"type": "dataset", "key": "result"}],
        "role": {"host": ["alice"], "guest": ["bob"]},
        "initiator": {"role": "host", "node_id": "alice"},
        "task_params": {"host": {"0": own}, "guest": {"0": own}},
    }
    task = {
        "alias": "difference",
        "appImage": "traced-difference",
        "parties": [{"domainID": "alice", "role": "host"}, {"domainID": "bob", "role": "guest"}],
        "taskInputConfig": json.dumps(config),
    }
    job = {
        "apiVersion": "kuscia.secretflow/v1alpha1",
        "kind": "KusciaJob",
        "metadata": {"name": "traced-difference"},
        "spec": {"initiator": "alice", "tasks": [task]},
    }
    trace = cluster.apply(job, trace="full").wait().trace
    kinds = [step.kind for step in trace.record.steps]
    assert kinds == ["join", "send", "send", "share", "share", "subtract", "open"]
    (opened,) = [n for n in trace.record.steps[-1].numbers if n.name == "o"]
    assert opened.data.view(np.int64).tolist() == [round((0.75 - 3.0) * 2**18)]  # bob is rank 0
    checked(trace.record)
    inputs = trace.view("alice").values.query("kind == 'share' and name == 'x'")
    shown = {(of, str(fixed)) for of, fixed in inputs[["of", "fixed"]].to_numpy().tolist()}
    assert ("alice", "[1.0, 2.0]") in shown
    assert ("bob", HIDDEN) in shown
    assert "[0.5, 0.25]" not in {text for _, text in shown}


# --- files -----------------------------------------------------------------------------------------------------------


def same(one: Record, other: Record) -> bool:
    """Equality of everything; arrays by their elements."""

    def plain(record: Record) -> Any:
        steps = [
            (*step[:7], [(*n[:4], n.data.tolist()) for n in step.numbers], step.messages, step.draws)
            for step in record.steps
        ]
        return record.level, record.tasks, steps, record.messages, record.title, record.notes

    return plain(one) == plain(other)


def test_save_and_load(traced: Traced, tmp_path: Path) -> None:
    trace = kn.Trace(traced.record)
    path = trace.save(tmp_path / "run.trace")
    again = kn.Trace.load(path)
    assert same(again.record, traced.record)
    assert again.fingerprint == trace.fingerprint
    assert again.messages.equals(trace.messages)
    assert again.totals.equals(trace.totals)
    assert again.steps.equals(trace.steps)
    assert again.left_out == trace.left_out
    assert again.save(tmp_path / "again.trace").read_bytes() == path.read_bytes()


texts = st.text(max_size=8)
shapes = st.lists(st.integers(0, 4), max_size=3).map(tuple)
sizes = st.integers(0, 2**40)


@st.composite
def records(draw: st.DrawFn) -> Record:
    """Any trace that the format can hold."""
    total = st.builds(Total, sizes, sizes, sizes, sizes)
    task = st.builds(
        Task, texts, st.tuples(texts, texts), st.integers(0, 60), st.booleans(), sizes, sizes,
        st.lists(st.tuples(texts, texts, total), max_size=2).map(tuple),
    )  # fmt: skip
    tasks = draw(st.lists(task, min_size=1, max_size=3))
    which = st.integers(0, len(tasks) - 1)
    key = st.builds("root:{}:ALLGATHER".format, st.integers(1, 2**31)) | st.sampled_from(["AdjustDot", "x"])
    message = st.builds(
        Message, st.integers(1, 2**31), texts, texts, texts, texts, key, st.sampled_from(["uint64", "uint8"]), shapes,
        sizes, st.floats(0, 1e6),
    )  # fmt: skip
    drawn = draw(st.lists(st.tuples(which, message, st.integers(0, 2), st.integers(0, 2)), max_size=5))
    people = [(*each.names, TTP) for each in tasks]  # who may be in a task's messages
    messages = [Sent(at, one._replace(sender=people[at][i], receiver=people[at][j])) for at, one, i, j in drawn]

    @st.composite
    def numbers(draw: st.DrawFn) -> Number:
        shape = draw(shapes)
        known = draw(st.integers(0, math.prod(shape)))
        data = draw(hnp.arrays(np.uint64, known, elements=words))
        return Number(draw(texts), draw(st.integers(0, BOTH)), draw(st.integers(0, 7)), shape, data)

    seqs = st.lists(st.sampled_from(range(len(messages))), max_size=3).map(tuple) if messages else st.just(())
    step = st.builds(
        Step, which, st.sampled_from(sorted(KINDS)), texts, sizes.map(lambda n: n % 2**32), st.integers(-1, 10**6),
        st.integers(-1, 10**6), st.integers(0, 63), st.lists(numbers(), max_size=3).map(tuple), seqs,
        st.lists(st.integers(0, 2**63), max_size=4).map(tuple),
    )  # fmt: skip
    steps = draw(st.lists(step, max_size=4))
    notes = draw(st.lists(texts, max_size=2))
    return Record("full", tuple(tasks), tuple(steps), tuple(messages), draw(texts), tuple(notes))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(records())
def test_any_trace_survives_a_file(tmp_path: Path, record: Record) -> None:
    path = kn.Trace(record).save(tmp_path / "any.trace")
    assert same(kn.Trace.load(path).record, record)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return kn.Trace(Traced(operations).record).save(tmp_path / "run.trace")


def rewritten(path: Path, change: Callable[[dict[str, bytes]], object]) -> Path:
    """The file with other members."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def header(**values: Any) -> Callable[[dict[str, bytes]], None]:
    def change(members: dict[str, bytes]) -> None:
        members["trace.json"] = json.dumps(json.loads(members["trace.json"]) | values).encode()

    return change


def column(name: str, array: Any) -> Callable[[dict[str, bytes]], None]:
    def change(members: dict[str, bytes]) -> None:
        buffer = io.BytesIO()
        np.save(buffer, array)
        members[f"{name}.npy"] = buffer.getvalue()

    return change


class Trap:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


BROKEN: dict[str, Callable[[dict[str, bytes]], object]] = {
    "no header": lambda members: members.pop("trace.json"),
    "no column": lambda members: members.pop("words.npy"),
    "header is no JSON": lambda members: members.update({"trace.json": b"{"}),
    "header is no text": lambda members: members.update({"trace.json": b"\xff\xfe"}),
    "header is a list": lambda members: members.update({"trace.json": b"[]"}),
    "something else": header(format="a spreadsheet"),
    "no names": header(names={}),
    "names are numbers": header(names=3),
    "tasks are wrong": header(tasks=[{"id": "x"}]),
    "column is no array": lambda members: members.update({"words.npy": b"hello"}),
    "column of floats": column("words", np.zeros(3)),
    "column of two dimensions": column("draws", np.zeros((2, 2), np.uint64)),
    "too few words": column("words", np.zeros(1, np.uint64)),
    "kinds out of range": column("step_kind", np.full(5, 255, np.uint8)),
    "too few steps": column("step_op", np.zeros(1, np.uint16)),
    "messages out of range": column("own_messages", np.full(3, 2**31, np.uint32)),
    "counts too large": column("step_numbers", np.full(100, 60_000, np.uint16)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_are_errors(saved: Path, name: str) -> None:
    with pytest.raises(KusciaError, match=r"not a trace|cannot be read") as raised:
        kn.Trace.load(rewritten(saved, BROKEN[name]))
    assert raised.value.hint


def test_another_version_is_said(saved: Path) -> None:
    with pytest.raises(KusciaError, match=f"version {VERSION + 1} .* reads {VERSION}"):
        kn.Trace.load(rewritten(saved, header(version=VERSION + 1)))
    assert FORMAT in zipfile.ZipFile(saved).read("trace.json").decode()


def test_nothing_in_a_file_is_executed(saved: Path, tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    array = np.array([Trap(trap)], object)
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    for name, data in (("words.npy", buffer.getvalue()), ("trace.json", pickle.dumps(Trap(trap)))):
        with pytest.raises(KusciaError, match="not a trace"):
            kn.Trace.load(rewritten(saved, lambda members, name=name, data=data: members.update({name: data})))
    assert not trap.exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"a,b\n1,2\n", pickle.dumps([1])])
def test_other_files_are_no_traces(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.trace"
    path.write_bytes(content)
    with pytest.raises(KusciaError, match=r"x\.trace is not a trace"):
        kn.Trace.load(path)


def test_a_cut_off_file_is_an_error(saved: Path) -> None:
    data = saved.read_bytes()
    for length in (10, len(data) // 2, len(data) - 5):
        saved.write_bytes(data[:length])
        with pytest.raises(KusciaError, match="is not a trace"):
            kn.Trace.load(saved)


def test_a_missing_file_names_those_that_are_there(saved: Path) -> None:
    with pytest.raises(KusciaError, match="there is no file") as raised:
        kn.Trace.load(saved.parent / "other.trace")
    assert "run.trace" in raised.value.hint


def test_a_file_can_be_looked_at_without_nodes(saved: Path) -> None:
    code = (
        f"import sys, kuscia_nb; trace = kuscia_nb.Trace.load({str(saved)!r}); trace.view('alice').steps; repr(trace)\n"
        "print([m for m in ('kuscia_nb.cluster', 'tornado', 'pydantic', 'IPython', 'anywidget') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.strip() == "[]"


def test_columns_survive_without_a_file(traced: Traced) -> None:
    assert same(unpack(*pack(traced.record)), traced.record)
    short = unpack(*pack(traced.record, elements=2))
    assert max(n.data.size for step in short.steps for n in step.numbers) <= 2


# --- formulas as data ------------------------------------------------------------------------------------------------


def test_a_formula_is_read_as_it_is_written() -> None:
    formula = parse("z.i = c.i - e*b.i {eb.i} + [rank 0] e*g {eg}")
    assert (tuple(formula.left), formula.function, formula.exact) == (("z", "i"), "", True)
    shape = [(t.negative, [tuple(f) for f in t.factors], t.kept and tuple(t.kept), t.only) for t in formula.terms]
    assert shape == [
        (False, [("c", "i")], None, ""),
        (True, [("e", ""), ("b", "i")], ("eb", "i"), ""),
        (False, [("e", ""), ("g", "")], ("eg", ""), "rank 0"),
    ]
    texts = "T(z.i)", "S(z.i)", "B(z.i - [rank 0] B)"
    assert [parse(f"t.i = {text}").function for text in texts] == ["T", "S", "B"]
    assert not parse("w'.i = w.i - rate*g.i !").exact


@pytest.mark.parametrize("kind", KINDS)
def test_every_name_in_a_formula_says_who_sees_it(kind: str) -> None:
    about = KINDS[kind]
    names = set(about.wide.split()) | set(about.shared.split())
    for formula in about.formulas:
        names.add(formula.left.name)
        for term in formula.terms:
            names |= {factor.name for factor in term.factors} | ({term.kept.name} if term.kept else set())
    constants, elsewhere = {"rate", "l2", "secret"}, {"F"} if kind == "vectors" else set()
    assert names - constants - elsewhere <= set(about.sees)
    assert set(about.sees.values()) <= MINE | {"sent"}
