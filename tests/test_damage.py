"""A damaged message or reply never becomes a result: who gets it fails, and says what came and what was expected."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from test_scores import files, job, task
from test_tutorial import MANIFEST

import kuscia_nb as kn
from kuscia_nb import mpc
from kuscia_nb.errors import PeerFailed, TtpError, UnexpectedMessage
from kuscia_nb.mpc.inbox import Letter, LockstepMailbox, Put, Slot
from kuscia_nb.mpc.link import key_of
from kuscia_nb.operators import OPERATORS, Party
from kuscia_nb.options import variable

ROWS = 16
KINDS = [("preprocessed", "asymmetric"), ("interconnection", "asymmetric"), ("preprocessed", "ttp")]
TASKS = {"psi": "ecdh_psi", "train": "ss_lr", "predict": "ss_lr_predict", "evaluate": "ss_lr_evaluate"}
Environments = dict[str, dict[str, dict[str, str]]]


@pytest.fixture(scope="module")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environments]:
    """Of a small job that succeeds: task, node, and what its program is started with."""
    rng, ids = np.random.default_rng(3), [f"u{i}" for i in range(ROWS)]
    own, lr = files(id_column="id"), {"batch_size": 4, "num_epoch": 1, "learning_rate": 0.1, "l2_norm": 0.1}
    with kn.connect(storage=tmp_path_factory.mktemp("damage")) as cluster:
        for node, name, width in (("alice", "a.csv", 3), ("bob", "b.csv", 2)):
            frame = pd.DataFrame(rng.uniform(-1, 1, (ROWS, width)), columns=[f"{node}{i}" for i in range(width)])
            frame.insert(0, "id", ids)
            cluster.put(node, name, frame.assign(y=np.arange(ROWS) % 2) if node == "alice" else frame)
        done = cluster.apply(
            job(
                "damage",
                task("psi", "ecdh_psi", **files(id_column="id"), skip_rows=1),
                task("train", "ss_lr", **lr, **own, label_owner="host.0", skip_rows=1),
                task("predict", "ss_lr_predict", "train.result", **own),
                task("evaluate", "ss_lr_evaluate", "train.result", **own, share_metrics=True),
            )
        ).wait(60)
        yield {alias: {node: done.env(node, alias) for node in ("alice", "bob")} for alias in TASKS}


class Run:
    """A task's programs once more; `damage` is done to the message of this number, from 0, in the order of sending."""

    def __init__(
        self,
        environments: Mapping[str, Mapping[str, str]],
        module: str,
        number: int = -1,
        damage: str = "",
        ttp: mpc.TrustedThirdParty | None = None,
    ) -> None:
        self.sent: list[tuple[str, Slot, Any]] = []
        """Sender, slot and payload of each message."""
        self._number, self._damage = number, damage
        self.links, ttp = mpc.connect(("bob", "alice")), ttp or mpc.TrustedThirdParty()
        programs = []
        for link in self.links:
            link.deliver = partial(self._deliver, link.name, link.deliver)
            party = Party(environments[link.name], link, ttp, mpc.Seeds(5, link.name), _ignore, _ignore, _ignore)
            programs.append(OPERATORS[module].program(party))
        self.outcomes = mpc.run_lockstep((programs[0], programs[1]), self.links)

    def _deliver(self, sender: str, deliver: Put, posted: tuple[Slot, Letter]) -> None:
        slot, (payload, round) = posted
        self.sent.append((sender, slot, payload))
        if len(self.sent) - 1 != self._number:
            return deliver(posted)
        if self._damage == "twice":
            deliver(posted)
        deliver((following(slot) if self._damage == "twice" else slot, (DAMAGES[self._damage](payload), round)))

    @property
    def ops(self) -> list[str]:
        """What each message is for."""
        purposes = {(m.sender, m.key): m.op for m in self.links[0].ledger.messages}
        return [purposes[sender, key_of(slot, NAMES.index(sender))] for sender, slot, _ in self.sent]


NAMES = ("bob", "alice")
DAMAGES: dict[str, Callable[[Any], Any]] = {
    "first": lambda payload: payload.reshape(-1)[:1] if isinstance(payload, np.ndarray) else payload[:1],
    "cut": lambda payload: payload.reshape(-1)[:-1] if isinstance(payload, np.ndarray) else payload[:-1],
    "type": lambda payload: payload.astype(float) if isinstance(payload, np.ndarray) else np.frombuffer(payload, "u1"),
    "twice": lambda payload: payload,
}


def _ignore(*_: object) -> None:
    """Nobody reads the log."""


def following(slot: Slot) -> Slot:
    return slot + 1 if isinstance(slot, int) else ("P2P", slot[1] + 1)


@pytest.mark.parametrize(
    ("alias", "kind"), [(alias, kind) for alias in TASKS for kind in (KINDS if alias == "train" else KINDS[:1])]
)
def test_no_damaged_message_becomes_a_result(environments: Environments, alias: str, kind: tuple[str, str]) -> None:
    strategy, truncation = kind
    options = {variable("strategy"): strategy, variable("truncation"): truncation}
    own = {node: environment | options for node, environment in environments[alias].items()}
    good = Run(own, TASKS[alias])
    assert [outcome.error for outcome in good.outcomes] == [None, None]
    ops, slots = good.ops, {(sender, slot) for sender, slot, _ in good.sent}
    assert len(ops) >= 4
    for number, damage in itertools.product(range(len(ops)), DAMAGES):
        sender, slot, payload = good.sent[number]
        if damage == "first" and np.shape(payload) == (1,):
            continue  # it has no other elements
        if damage == "twice" and (sender, following(slot)) not in slots:
            continue  # nobody waits for one more
        rank = NAMES.index(sender)
        error = Run(own, TASKS[alias], number, damage).outcomes[1 - rank].error
        assert isinstance(error, UnexpectedMessage), f"{ops[number]}, {damage}: {error!r}"
        key = key_of(following(slot) if damage == "twice" else slot, rank)
        told = f"{NAMES[1 - rank]} got .*{re.escape(key)}.* from {sender}"
        assert re.match(told, error.what), error.what
        assert damage == "twice" or f"({ops[number]})" in error.what


class DamagedTtp(mpc.TrustedThirdParty):
    """One of its replies is damaged."""

    def __init__(self, number: int, damage: str) -> None:
        super().__init__()
        self._number, self._damage = number, DAMAGES[damage]
        self.replies = 0

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        return partial(self._spoiled, found) if name.startswith("adjust") else found

    def _spoiled(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        reply, number = function(*arguments, **options), self.replies
        self.replies += 1
        if number != self._number:
            return reply
        return [self._damage(reply[0]), *reply[1:]] if isinstance(reply, list) else self._damage(reply)


@pytest.mark.parametrize(("strategy", "truncation"), KINDS)
def test_no_damaged_reply_of_the_ttp_becomes_a_result(
    environments: Environments, strategy: str, truncation: str
) -> None:
    options = {variable("strategy"): strategy, variable("truncation"): truncation}
    own = {node: environment | options for node, environment in environments["train"].items()}
    ttp = DamagedTtp(-1, "cut")
    assert [outcome.error for outcome in Run(own, "ss_lr", ttp=ttp).outcomes] == [None, None]
    assert ttp.replies >= 2
    for number, damage in itertools.product(range(ttp.replies), ("first", "cut", "type")):
        first, second = (outcome.error for outcome in Run(own, "ss_lr", ttp=DamagedTtp(number, damage)).outcomes)
        assert isinstance(first, TtpError), f"{number}, {damage}: {first!r}"
        assert re.match(r"bob got .* of the reply to Adjust\w+ from the TTP, expected \d+", first.what), first.what
        assert isinstance(second, PeerFailed)


def test_a_job_says_which_message_was_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As its view has it: the message, the parties, and what was expected."""
    door = LockstepMailbox.door

    def damaging(box: LockstepMailbox) -> Put:
        deliver = door(box)

        def damaged(posted: tuple[Slot, Letter]) -> None:
            slot, (payload, round) = posted
            deliver((slot, (DAMAGES["first"](payload) if slot == 3 else payload, round)))

        return damaged

    monkeypatch.setattr(LockstepMailbox, "door", damaging)
    with kn.connect(storage=tmp_path) as cluster:
        failed = cluster.apply(MANIFEST)
        with pytest.raises(
            UnexpectedMessage, match=r"got 1 number of root:3:ALLGATHER \(send r-v\) from .*, expected 21"
        ):
            failed.wait(60)
        assert failed.phase == "Failed"
