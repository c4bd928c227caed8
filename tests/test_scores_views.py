"""What either party sees of a prediction or evaluation fits any data of its peer that it may not tell apart.

Who learns no scores sees the same with any columns, labels and weights of its peer. Who learns them sees the same with
any that give these scores. (How that is found out, `views` says.) Leaks that are put in are noticed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from views import Run, Told, solve, watch

from kuscia_nb import mpc
from kuscia_nb.mpc.truncation import Truncation
from kuscia_nb.operators import OPERATORS, Party
from kuscia_nb.operators.computation import Computation
from kuscia_nb.operators.shares import write_share
from kuscia_nb.operators.ss_lr import evaluate, scores
from kuscia_nb.operators.ss_lr.model import Part, digest
from kuscia_nb.operators.ss_lr.scaling import Scaling

ROLES, DOMAINS = ("guest.0", "host.0"), ("bob", "alice")
BITS, ROWS, COLUMNS = 18, 10, (3, 2)
OUTPUT = {"ss_lr_predict": "scores", "ss_lr_evaluate": "report"}

ranks = pytest.mark.parametrize("rank", [0, 1])
receivers = pytest.mark.parametrize("to", [0, 1])
adjust_ranks = pytest.mark.parametrize("adjust_rank", [0, 1])
operators = pytest.mark.parametrize("operator", OUTPUT)


class Own(NamedTuple):
    """What a party brings: all that the other one may not learn."""

    features: NDArray[np.float32]
    """(ROWS, its columns); multiples of 1/16, as the weights are, so that sums of products are exact."""
    share: mpc.Ring
    """Of the weights, (all columns + 1,)."""
    labels: NDArray[np.int64]
    """Used if it is the receiver."""


def made(number: int) -> tuple[Own, Own]:
    """Both parties' own, by rank."""
    generator = np.random.default_rng(number)
    weights = mpc.encode(generator.integers(-32, 33, sum(COLUMNS) + 1) / 16, BITS)
    first = generator.integers(0, 2**63, len(weights), np.uint64) * np.uint64(2) + generator.integers(
        0, 2, 1, np.uint64
    )
    parts = zip(COLUMNS, (first, weights - first), strict=True)
    both = [
        Own(
            (generator.integers(-64, 65, (ROWS, n)) * number / 16).astype(np.float32),
            share,
            generator.integers(0, 2, ROWS),
        )
        for n, share in parts
    ]
    return both[0], both[1]


def with_the_same_scores(both: tuple[Own, Own], rank: int) -> Own:
    """Other columns of a rank, and another share of the weights: X' = X M and w' = M^-1 w of its columns."""
    own, peer = both[rank], both[1 - rank]
    size, first = COLUMNS[rank], COLUMNS[0] * rank
    change = np.triu(np.full((size, size), 2), 1) + np.eye(size, dtype=int)
    weights = own.share + peer.share
    inverse = np.rint(np.linalg.inv(change)).astype(np.int64).astype(np.uint64)
    weights[first : first + size] = inverse @ weights[first : first + size]
    return Own((own.features @ change).astype(np.float32), weights - peer.share, own.labels)


class Job(NamedTuple):
    """A task whose parties' storage is in `folder`."""

    folder: Path
    operator: str
    to: int
    adjust_rank: int
    parameters: dict[str, str]

    def run(self, monkeypatch: pytest.MonkeyPatch, both: tuple[Own, Own], streams: Any = None) -> Run:
        for rank, own in enumerate(both):
            self._put(rank, own)
        return watch(monkeypatch, lambda *sides: tuple(map(self._party, *sides[::2], [sides[1]] * 2)), streams)

    async def _party(self, link: mpc.Link, seeds: Any, ttp: Told) -> NDArray[np.uint8]:
        """A party's output."""
        party = Party(self._environment(link.rank), link, ttp, seeds, _silent, _silent, lambda done, steps: None)
        path = party.output(OUTPUT[self.operator])
        path.unlink(missing_ok=True)
        await OPERATORS[self.operator].program(party)
        return np.frombuffer(path.read_bytes() if path.exists() else b"", np.uint8)

    def _put(self, rank: int, own: Own) -> None:
        folder = self._storage(rank) / "data"
        folder.mkdir(parents=True, exist_ok=True)
        columns = [f"{DOMAINS[rank]}{i}" for i in range(COLUMNS[rank])]
        frame = pd.DataFrame(own.features, columns=columns)
        frame.insert(0, "id", range(100, 100 + ROWS))
        if rank == self.to:
            frame["label"] = own.labels
        frame.to_csv(folder / "rows.csv", index=False)
        description = {
            "task_id": "train-1",
            "rank": rank,
            "owners": [DOMAINS[0]] * COLUMNS[0] + [DOMAINS[1]] * COLUMNS[1] + [""],
            "columns": columns,
            "label": "label" if rank == self.to else None,
            "scaling": Scaling.of("none", own.features).as_json(),
            "holdout": 0,
            "rows": ROWS,
            "digest": digest(own.features),
        }
        write_share(folder / "model", own.share, BITS, description)

    def _environment(self, rank: int) -> dict[str, str]:
        files = {"input.model": "model", "input.train_data": "rows.csv", f"output.{OUTPUT[self.operator]}": "output"}
        common = {"ttp_adjust_rank": str(self.adjust_rank), "skip_rows": "1", "id_column": "id", **self.parameters}
        if self.operator == "ss_lr_predict":
            common["receiver"] = ROLES[self.to]
        return {
            "config.task_id": "later-1",
            "config.self_role": ROLES[rank],
            "system.storage": self._storage(rank).as_uri(),
            **{f"config.node_id.{role}": domain for role, domain in zip(ROLES, DOMAINS, strict=True)},
            **{f"runtime.component.parameter.{name}": text for name, text in common.items()},
            **{
                f"runtime.component.{name}": json.dumps({"namespace": "data", "name": file})
                for name, file in files.items()
            },
        }

    def _storage(self, rank: int) -> Path:
        return self.folder / DOMAINS[rank]


def _silent(line: str) -> None:
    """Nobody reads it."""


def check_equivocation(monkeypatch: pytest.MonkeyPatch, job: Job, rank: int) -> tuple[Run, Run]:
    """Runs on two data of rank's peer of which it sees the same, if there are any."""
    both, peer = made(1), 1 - rank
    other = with_the_same_scores(both, peer) if rank == job.to else made(2)[peer]
    assert (other.features != both[peer].features).any()
    assert (other.share != both[peer].share).any()
    first = job.run(monkeypatch, both)
    others = (other, both[1]) if rank else (both[0], other)
    again = partial(job.run, monkeypatch, others)
    found = solve(again, first, rank, job.adjust_rank, limit=40)
    return first, found


@operators
@ranks
@receivers
@adjust_ranks
def test_a_partys_view_fits_any_data_of_its_peer_with_what_it_learns(
    operator: str, rank: int, to: int, adjust_rank: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scores, "_BLOCK_ELEMENTS", 4 * (sum(COLUMNS) + 1))  # ten rows are three blocks
    first, found = check_equivocation(monkeypatch, Job(tmp_path, operator, to, adjust_rank, {}), rank)
    learned = [run.results[to].tobytes() for run in (first, found)]
    assert learned[0], "the receiver has an output"
    if rank == to:
        assert first.told[1 - to] == found.told[1 - to], "the other one's share is made of what is seen and the scores"
    else:
        assert learned[0] != learned[1], "other scores, and the same view"
        assert not first.results[rank].size


@ranks
def test_metrics_that_are_shared_are_numbers_of_the_whole_and_no_more(
    rank: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the one message that has them, the view fits any data again."""
    job = Job(tmp_path, "ss_lr_evaluate", 1 - rank, 0, {"share_metrics": "true"})
    done = job.run(monkeypatch, made(1))
    report, (metrics,) = (
        bytes(done.results[1 - rank]),
        [value for op, value in done.told[1 - rank] if op == "metrics"],
    )
    assert json.loads(metrics) == {name: part for name, part in json.loads(report).items() if name != "curves"}
    assert not [one for one in _flat(json.loads(metrics)) if isinstance(one, list)], "nothing has a number for each row"
    report_of = evaluate._report
    monkeypatch.setattr(evaluate, "_report", lambda *found: {"curves": report_of(*found)["curves"]})
    check_equivocation(monkeypatch, job, rank)


def _flat(value: Any) -> list[Any]:
    return [one for part in value.values() for one in _flat(part)] if isinstance(value, dict) else [value]


# --- leaks that are noticed -------------------------------------------------------------------------------------------


def opened_to_both(monkeypatch: pytest.MonkeyPatch) -> None:
    open_it = Computation.open

    async def leaks(self: Computation, x: Any, *, to: int | None = None) -> Any:
        opened = await open_it(self, x)
        return opened if to is None or self.rank == to else None

    monkeypatch.setattr(Computation, "open", leaks)


def without_mask(monkeypatch: pytest.MonkeyPatch, factor: int) -> None:
    """Products whose first or second factor is opened as it is."""
    draw = mpc.Semi2k.draw_triple

    def leaks(self: mpc.Semi2k, *elements: int) -> Any:
        buffers, parts = draw(self, *elements)
        parts[factor] = np.zeros_like(parts[factor])
        return buffers, parts

    monkeypatch.setattr(mpc.Semi2k, "draw_triple", leaks)


def no_mask(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the second factor of a product: the weights."""
    without_mask(monkeypatch, 1)


def no_mask_of_the_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    without_mask(monkeypatch, 0)


def no_mask_in_a_truncation(monkeypatch: pytest.MonkeyPatch) -> None:
    cut = Truncation.cut

    async def leaks(self: Truncation, x: Any, upper: Any, pairs: Any) -> None:
        await cut(self, x, upper, pairs._replace(a=np.zeros_like(pairs.a)))

    monkeypatch.setattr(Truncation, "cut", leaks)


def bound_of_the_values(monkeypatch: pytest.MonkeyPatch) -> None:
    share = Computation.share

    async def leaks(self: Computation, values: Any, largest: float | None = None) -> Any:
        return await share(self, values)

    monkeypatch.setattr(Computation, "share", leaks)


def digest_of_the_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the handshake."""
    read = Part.read.__func__  # type: ignore[attr-defined]

    def leaks(cls: Any, *arguments: Any) -> Part:
        part = read(cls, *arguments)
        return part._replace(task_id=f"{part.task_id} {part.digest}")

    monkeypatch.setattr(Part, "read", classmethod(leaks))
    monkeypatch.setattr(scores, "_check", lambda *arguments: None)


LEAKS = [opened_to_both, no_mask, no_mask_of_the_columns, no_mask_in_a_truncation, bound_of_the_values,
         digest_of_the_columns]  # fmt: skip


@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_is_noticed(
    leak: Callable[[pytest.MonkeyPatch], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leak(monkeypatch)
    with pytest.raises(AssertionError, match="no draws of the peer"):
        check_equivocation(monkeypatch, Job(tmp_path, "ss_lr_predict", 1, 0, {}), 0)


def test_curves_that_are_sent_along_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = evaluate._report

    def leaks(*arguments: Any) -> dict[str, Any]:
        return {**(found := report(*arguments)), "drawn": found["curves"]}

    monkeypatch.setattr(evaluate, "_report", leaks)
    with pytest.raises(AssertionError, match="a number for each row"):
        test_metrics_that_are_shared_are_numbers_of_the_whole_and_no_more(0, tmp_path, monkeypatch)
