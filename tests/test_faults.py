"""Faults that are injected on purpose: what is noticed of each, and that the job says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from html import unescape
from typing import Any

import numpy as np
import pytest
from test_cluster import ALICE, BOB, put_own
from test_storage import small

import kuscia_nb as kn
from kuscia_nb.backends.local import LocalBackend
from kuscia_nb.errors import (
    DataError,
    Deadlock,
    InjectedFault,
    KusciaError,
    ModelWarning,
    SessionError,
    TtpError,
    UnexpectedMessage,
)
from kuscia_nb.faults import KINDS, Fault, parse
from kuscia_nb.mpc.digests import Digest
from kuscia_nb.operators import OPERATORS
from kuscia_nb.options import Level, Strategy
from kuscia_nb.texts import speaker
from kuscia_nb.texts.chinese import CHINESE

NOTICED = {
    "drop:9": (UnexpectedMessage, r"alice got root:4:ALLGATHER from bob .* waits for root:3:ALLGATHER"),
    "drop:4": (Deadlock, r"bob waits for root:1:ALLGATHER, alice waits for point-to-point message 2"),
    "duplicate:9": (UnexpectedMessage, r"alice got root:3:ALLGATHER from bob twice"),
    "reorder:9": (UnexpectedMessage, r"alice got root:4:ALLGATHER from bob .* out of turn"),
    "truncate:3@alice": (UnexpectedMessage, r"bob got .* from alice, expected"),
    "fail:2@alice": (InjectedFault, r"the program of alice fails on purpose"),
    "ttp-error": (TtpError, r"the TTP refuses a request on purpose"),
    "ttp-lost": (SessionError, r"the TTP has no such session"),
    "unreadable@bob": (DataError, r"the file cannot be read: Permission denied\n  bob: data/own\.csv"),
    "unwritable@alice": (DataError, r"the file cannot be written: Permission denied\n  alice: "),
    "disk-full@bob": (DataError, r"the file cannot be written: No space left on device\n  bob: "),
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[kn.Cluster]:
    with kn.Cluster(LocalBackend()) as cluster:
        put_own(cluster, "own", alice=ALICE, bob=BOB)
        yield cluster


@pytest.mark.parametrize("text", NOTICED)
def test_what_is_noticed_is_named_and_the_job_says_that_it_was_injected(cluster: kn.Cluster, text: str) -> None:
    job = cluster.apply(small("noticed"), inject=text, replace=True)
    error, told = NOTICED[text]
    with pytest.raises(error, match=told):
        job.wait(60)
    (warning,) = [one for one in job.warnings if one.startswith("Injected")]
    assert f"Injected fault {parse(text)[0]}, at " in warning
    assert warning in unescape(job._repr_mimebundle_()["text/html"])
    annotated = "get kj noticed -n cross-domain -o jsonpath={.metadata.annotations.kuscia-nb/injected-faults}"
    assert cluster.kubectl(annotated).text == text
    assert job.manifest()["metadata"]["annotations"]["kuscia-nb/injected-faults"] == text
    assert job.trace.record.title == f"noticed (injected: {text})"
    assert [path for folder in cluster.nodes.values() for path in folder.rglob("noticed-*/*")] == []
    assert cluster._backend.ttp.sessions == 0  # type: ignore[attr-defined]


def test_a_late_message_does_no_harm_and_a_lie_is_not_noticed(cluster: kn.Cluster) -> None:
    good = cluster.apply(small("good"), seed=7).wait().weights()
    late = cluster.apply(small("late"), seed=7, inject="delay:4,delay:9@bob").wait(60)
    assert late.weights().equals(good)
    assert len([one for one in late.warnings if one.startswith("Injected")]) == 2
    with pytest.warns(ModelWarning):
        lied = cluster.apply(small("lied"), seed=7, inject="random:9").wait(60).weights()
    assert not lied["weight"].equals(good["weight"])


def test_the_same_fault_does_the_same_again_and_another_seed_something_else(cluster: kn.Cluster) -> None:
    said = []
    for text in ("truncate:9", "truncate:9", "truncate:9#1", "truncate:9#2", "truncate:9#3"):
        with pytest.raises(UnexpectedMessage) as caught:
            cluster.apply(small("again"), inject=text, replace=True).wait(60)
        said.append(caught.value.what)
    assert said[0] == said[1]
    assert len(set(said)) > 1


def test_a_replay_waits_for_something_to_say_again(cluster: kn.Cluster) -> None:
    for number in range(1, 12):  # also where no earlier message has the form of this one
        job = cluster.apply(small("again"), inject=f"replay:{number}@alice", verify=True, replace=True)
        with pytest.raises(KusciaError):
            job.wait(60)


def test_what_never_came_is_said(cluster: kn.Cluster) -> None:
    job = cluster.apply(small("never"), inject="drop:999999@alice").wait(60)
    assert job.warnings == ["Injected fault drop:999999@alice: it did not come to that."]
    assert CHINESE["Injected fault {fault}: it did not come to that."]
    assert speaker()(job.warnings[0]) == job.warnings[0]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "KIND:NUMBER@PARTY"),
        ("drop:0", "KIND:NUMBER@PARTY"),
        ("drop 7", "KIND:NUMBER@PARTY"),
        ("drob:7", '"drop"'),
        ("drop:7,", "KIND:NUMBER@PARTY"),
        (7, "a text"),
        ("drop:7, flip:3@bib", '"bob" (known: alice, bob)'),
        ("fail@carol", "one of: alice, bob"),
        ("disk-full:2@bob", "disk-full@bob"),
        ("ttp-wrong:2@alice", "ttp-wrong:2"),
    ],
)
def test_what_is_no_fault_is_refused_before_anything_runs(cluster: kn.Cluster, text: object, hint: str) -> None:
    before = len(cluster.jobs())
    with pytest.raises(KusciaError) as caught:
        cluster.apply(small("refused"), inject=text)  # type: ignore[arg-type]
    assert hint in caught.value.hint
    assert len(cluster.jobs()) == before


def test_faults_are_read_as_they_are_written() -> None:
    for kind, about in KINDS.items():
        counted = about.place not in ("input", "output")
        fault = Fault(kind, 12 if counted else 1, "" if about.place == "ttp" else "alice", 3)
        assert parse(str(fault)) == (fault,)
    assert parse("drop, flip:3@alice#9") == (Fault("drop"), Fault("flip", 3, "alice", 9))
    assert kn.faults.KINDS is KINDS


# --- digests of all messages ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["preprocessed", "interconnection"])
@pytest.mark.parametrize("trace", ["off", "sizes", "full"])
def test_digests_find_every_lie_about_a_message_and_name_its_direction(
    cluster: kn.Cluster, strategy: Strategy, trace: Level
) -> None:
    start = partial(cluster.apply, strategy=strategy, trace=trace, seed=5, replace=True)
    plain = start(small("plain")).wait()
    late = start(small("late"), verify=True, inject="delay:9").wait(60)
    assert late.weights().equals(plain.weights())
    note, checks = (one for one in late.notes if one.startswith("Verified"))
    assert checks.endswith("checks of what the TTP gave came to zero.")
    messages = int(note.split()[3].replace(",", ""))
    assert messages > 20
    for number, kind in ((messages // 4, "flip"), (messages // 2, "flip"), (messages // 2, "random")):
        for sender, receiver in (("alice", "bob"), ("bob", "alice")):
            lied = start(small("false"), verify=True, inject=f"{kind}:{number}@{sender}")
            told = f"what {receiver} got from {sender} is not what {sender} has sent; their digests differ"
            with pytest.raises(UnexpectedMessage, match=told):
                lied.wait(60)
            assert lied.phase == "Failed"
    for seed in range(8):  # the digests are a message, too: a bit of any part of it, and nobody else is blamed
        sender, receiver = ("alice", "bob") if seed % 2 else ("bob", "alice")
        lied = start(small("false"), verify=True, inject=f"flip:{messages // 2 + 1}@{sender}#{seed}")
        told = f"what {receiver} got from {sender} is not what {sender} has sent: the digests themselves"
        with pytest.raises(UnexpectedMessage, match=told):
            lied.wait(60)
    assert [path for folder in cluster.nodes.values() for path in folder.rglob("false-*/*")] == []


def test_a_long_message_counts_to_its_last_bit_and_in_its_order() -> None:
    """What is digested of it is a tag: one of all of it, which another message before makes another one."""
    first, long, longer = (np.arange(count, dtype=np.uint64) for count in (9, 5_000, 7_001))

    def digest(*messages: Any) -> bytes:
        of = Digest()
        for number, message in enumerate(messages):
            of.add(number, message)
        return of.now()

    right = digest(first, long, longer)
    assert right == digest(first, np.repeat(long, 2)[::2], longer.copy())  # wherever its numbers lie
    wrong = [digest(long, first, longer), digest(first, longer, long), digest(first + 1, long, longer)]
    for bit in (0, 1, 64 * 2_500 + 17, 64 * 5_000 - 1):
        flipped = long.copy()
        flipped[bit // 64] ^= np.uint64(1 << bit % 64)
        wrong.append(digest(first, flipped, longer))
    assert len({right, *wrong}) == 1 + len(wrong)


def test_a_message_that_nobody_took_is_found_by_digests(cluster: kn.Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the error of a program is pointed at in the program, with digests and without."""
    monkeypatch.setattr(OPERATORS, "_operators", OPERATORS._operators)

    @kn.operator(inputs=("data",), outputs=("result",), image="untaken")
    async def untaken(party: kn.Party) -> None:
        if party.link.rank == 0:
            await party.link.send(b"one", "greet")
        elif party.parameters["fail"] == "yes":
            raise ValueError("on its own")

    def job(fail: str) -> dict[str, Any]:
        return {**_hello("untaken", fail), "metadata": {"name": "untaken"}}

    assert cluster.apply(job("no"), replace=True).wait().phase == "Succeeded"
    with pytest.raises(UnexpectedMessage, match=r"what alice got from bob .*: 1 messages were sent, 0 taken"):
        cluster.apply(job("no"), replace=True, verify=True).wait()
    for verify in (False, True):
        with pytest.raises(kn.KusciaError, match="ValueError: on its own") as caught:
            cluster.apply(job("yes"), replace=True, verify=verify).wait()
        assert 'raise ValueError("on its own")' in caught.value.where


def _hello(operator: str, fail: str) -> dict[str, Any]:
    made: dict[str, Any] = small("hello")
    (task,) = made["spec"]["tasks"]
    config = json.loads(task["taskInputConfig"]) | {"module_name": operator}
    config["task_params"]["common"] = {"fail": fail}
    tasks = [{**task, "appImage": operator, "taskInputConfig": json.dumps(config)}]
    return {**made, "spec": {**made["spec"], "tasks": tasks}}
