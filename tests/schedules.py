"""Seeded schedules of faults over small jobs: none may hang, leave something behind, or hide what went wrong.

    python tests/schedules.py --schedules 10000        (make faults)

Each schedule is a job of its own on one cluster, with a strategy, a truncation, a trace level and a fault drawn from
the seed and its number. A job that succeeded is right if its weights are those of the same job without a fault. What
has the right form and is wrong is listed apart: the protocol is for parties, a TTP and a network that keep to the
rules. With `--verify` none of it is left.
"""

from __future__ import annotations

import argparse
import itertools
import random
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from test_cluster import ALICE, BOB, put_own
from test_storage import small

import kuscia_nb as kn
from kuscia_nb.backends.local import LocalBackend
from kuscia_nb.errors import (
    DataError,
    Deadlock,
    InjectedFault,
    KusciaError,
    ParameterError,
    TtpError,
    UnexpectedMessage,
)
from kuscia_nb.faults import KINDS, Fault

LIMIT = 60.0
"""Seconds after which a small job hangs."""
CLOSE = 1e-3
"""Weights that differ less are the same: masks decide how a product is rounded."""
LIES = ("flip", "replay", "random", "ttp-wrong")
"""What has the right form, so that a protocol for parties that keep to the rules cannot notice it."""
NAMED: dict[str, dict[type[KusciaError], str]] = {
    "message": {
        UnexpectedMessage: r"got .*from {party}",
        Deadlock: r"waits for (root:\d+:ALLGATHER|point-to-point message \d+)",
        DataError: r"at {party}|of {party}|{party}:",
        ParameterError: r"at {party}",
    },
    "program": {InjectedFault: r"program of {party} fails on purpose: {fault}"},
    "ttp": {TtpError: r"\bTTP\b"},
    "input": {DataError: r"cannot be read: .*\n  {party}: data/own\.csv"},
    "output": {DataError: r"cannot be written: .*\n  {party}: .*-result"},
}
"""What a job fails with, by the place of its fault, and what it says of it: message and sender, fault, file.

What is sent first are terms: they may disagree then.
"""
WRONG = ("hangs", "wrong results", "causes not named", "things left")
"""What must not be."""


class Kind(NamedTuple):
    """How a job is run."""

    strategy: Any
    truncation: Any
    trace: Any

    def options(self, *, verify: bool) -> dict[str, Any]:
        return {**self._asdict(), "verify": verify, "seed": 1}


JOBS = [
    Kind(*one)
    for one in itertools.product(("preprocessed", "interconnection"), ("local", "ttp"), ("off", "sizes", "full"))
]


@dataclass
class Tally:
    """What has become of all schedules."""

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By kind of fault and what became of the job."""
    wrong: dict[str, list[str]] = field(default_factory=lambda: {what: [] for what in WRONG})
    """What must not be, in words."""

    def table(self) -> str:
        """A line for each kind."""
        columns = ("right", "noticed", "lie", "never")
        lines = [f"{'':12}" + "".join(f"{column:>10}" for column in columns)]
        for kind in KINDS:
            lines.append(f"{kind:12}" + "".join(f"{self.outcomes[kind, column]:>10}" for column in columns))
        return "\n".join(lines)


class Schedules:
    """A cluster on which schedules are run."""

    def __init__(self, cluster: kn.Cluster, seed: int, *, verify: bool = False) -> None:
        self.cluster, self.seed, self.verify, self.tally = cluster, seed, verify, Tally()
        put_own(cluster, "own", alice=ALICE.head(12), bob=BOB.head(12))
        self._good = {job: self._weights_without(job) for job in JOBS}
        self._usual = {thread.name for thread in threading.enumerate()}

    def run(self, number: int) -> None:
        """The schedule of this number."""
        draw = random.Random(f"{self.seed}/{number}")
        job, (fault, *_) = draw.choice(JOBS), [self._drawn(draw)]
        told = f"schedule {number} of seed {self.seed}: {fault} in {job}"
        name = f"s{number}"
        running = self.cluster.apply(small(name, num_epoch=2), inject=str(fault), **job.options(verify=self.verify))
        if not running.ended(LIMIT):
            self.tally.wrong["hangs"].append(told)
            return
        injected = any(text.startswith("Injected") and "did not come" not in text for text in running.warnings)
        if running.phase == "Succeeded":
            self._succeeded(running, job, fault, told, injected=injected)
        else:
            self._failed(running, fault, told)
        self._left(running, told)
        self.cluster.delete(name)

    def _drawn(self, draw: random.Random) -> Fault:
        kind = draw.choice([*KINDS])
        party = draw.choice(["alice", "bob"])
        if KINDS[kind].place in ("input", "output"):
            return Fault(kind, party=party)
        if KINDS[kind].place == "ttp":
            return Fault(kind, draw.randint(1, 8), seed=draw.randrange(1000))
        return Fault(kind, draw.randint(1, 30), party, draw.randrange(1000))

    def _weights_without(self, job: Kind) -> Any:
        done = self.cluster.apply(small("good", num_epoch=2), replace=True, **job.options(verify=self.verify)).wait(
            LIMIT
        )
        return self._weights(done)

    def _weights(self, job: kn.Job) -> Any:
        return job._having("weights", None).weights()[0]["weight"].to_numpy()  # without a warning of what is odd

    def _succeeded(self, job: kn.Job, kind: Kind, fault: Fault, told: str, *, injected: bool) -> None:
        right = abs(self._weights(job) - self._good[kind]).max() < CLOSE
        if right:
            self._count(fault, "right" if injected else "never")
        elif fault.kind in LIES and not self.verify:
            self._count(fault, "lie")
        else:
            self.tally.wrong["wrong results"].append(told)
        shares = [path for folder in self._results(job.name) for path in folder.iterdir()]
        if len(shares) != 4:
            self.tally.wrong["wrong results"].append(f"{told} has {len(shares)} files of 4")

    def _failed(self, job: kn.Job, fault: Fault, told: str) -> None:
        self._count(fault, "noticed")
        if any(list(folder.iterdir()) for folder in self._results(job.name)):
            self.tally.wrong["things left"].append(f"{told} has failed and left a result")
        try:
            job.wait(0)
        except KusciaError as error:
            for kind, said in NAMED[fault.place].items():
                if isinstance(error, kind) and re.search(said.format(party=fault.party, fault=fault), str(error)):
                    return
            self.tally.wrong["causes not named"].append(f"{told}: {type(error).__name__}: {error}")

    def _left(self, job: kn.Job, told: str) -> None:
        """What a job that has ended must not leave."""
        if sessions := self.cluster._backend.ttp.sessions:  # type: ignore[attr-defined]
            self.tally.wrong["things left"].append(f"{told} has left {sessions} sessions of the TTP")
        for folder in self._results(job.name):
            for path in folder.iterdir():
                if path.name.endswith(".draft"):
                    self.tally.wrong["things left"].append(f"{told} has left {path.name}")
                path.unlink()
            folder.rmdir()

    def threads(self) -> list[str]:
        """Threads that were not there before, once each has had time to end."""
        end = time.monotonic() + LIMIT
        while (
            left := [one for one in threading.enumerate() if one.name not in self._usual]
        ) and time.monotonic() < end:
            left[0].join(1)
        return [one.name for one in left]

    def _results(self, name: str) -> Iterator[Any]:
        for storage in self.cluster.nodes.values():
            yield from storage.glob(f"{name}-*")

    def _count(self, fault: Fault, outcome: str) -> None:
        self.tally.outcomes[fault.kind, outcome] += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--schedules", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=18)
    parser.add_argument("--verify", action="store_true", help="jobs compare digests of all messages, and check triples")
    arguments = parser.parse_args()
    with kn.Cluster(LocalBackend()) as cluster:
        schedules = Schedules(cluster, arguments.seed, verify=arguments.verify)
        for number in range(arguments.schedules):
            schedules.run(number)
        left = schedules.threads()
    tally = schedules.tally
    print(tally.table())
    wrong = ", ".join(f"{len(found)} {what}" for what, found in tally.wrong.items())
    print(f"{arguments.schedules:,} schedules: {wrong}, {len(left)} threads left")
    print("\n".join([*itertools.chain(*tally.wrong.values()), *left]))
    sys.exit(bool(left) or any(tally.wrong.values()))


if __name__ == "__main__":
    main()
