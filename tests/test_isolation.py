"""What a party's program holds is its own: no way leads from it to its peer, the observer, the TTP or another task."""

from __future__ import annotations

import sys
import types
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import numpy as np
import pytest
from world import World, job

from kuscia_nb import mpc
from kuscia_nb.backends.local import LocalBackend
from kuscia_nb.backends.lockstep import LockstepAgent, Session
from kuscia_nb.control.node import Node
from kuscia_nb.control.store import Store
from kuscia_nb.errors import OpAdjustError
from kuscia_nb.job import Job
from kuscia_nb.mpc import PrgBuffer
from kuscia_nb.observer.events import EventLog, ProgramEnded
from kuscia_nb.observer.observer import Observer
from kuscia_nb.observer.runs import Run
from kuscia_nb.operators import Component, Operator, Party
from kuscia_nb.operators.ss_lr.training import STRATEGIES, targets
from kuscia_nb.options import Level, Options

Program = Callable[[Party], Coroutine[Any, Any, None]]


class Tasks(World):
    """A world whose tasks run a program of the test's."""

    def run(self, program: Program, *names: str, **options: Any) -> list[BaseException | None]:
        """Both errors of each job, by domain."""
        operator = Operator(Component("toy", "a test", inputs=("data",), outputs=("result",)), program, image="toy")
        self.agent._operators = {"toy": operator}
        for name in names or ("job",):
            manifest = job(name=name)
            self.observer.expect(manifest, Options(**options))
            self.apply(manifest)
        self.finish()
        runs = [self.observer.by_name[name] for name in names or ("job",)]
        return [run.events.select(ProgramEnded, node=node)[0].error for run in runs for node in ("alice", "bob")]


@pytest.fixture
def tasks(tmp_path: Path) -> Tasks:
    return Tasks(tmp_path)


# --- the TTP ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rank", [0, 1])
@pytest.mark.parametrize("adjust_rank", [0, 1])
def test_no_request_more_gives_the_peers_masks(tasks: Tasks, rank: int, adjust_rank: int) -> None:
    """In a session that runs: R(a)^2 - R(a), for a mask that was used and for one that is to come."""
    refusals: list[str] = []

    async def program(party: Party) -> None:
        async with party.mpc(adjust_rank=adjust_rank) as secrets:
            x, y = await secrets.share([0.5, -2.0])
            counter = secrets.semi2k.beaver.counter
            await secrets.mul(x, y)
            if secrets.rank == rank:
                for mask in (PrgBuffer(counter, 2), PrgBuffer(secrets.semi2k.beaver.counter, 2)):
                    with pytest.raises(OpAdjustError) as caught:
                        await secrets.semi2k.ttp.adjust_mul([mask, mask, mask])
                    refusals.append(str(caught.value))
            await secrets.mul(x, y)

    assert tasks.run(program) == [None, None]
    expected = ("ends at", "overlap") if rank == adjust_rank else ("only rank",) * 2
    assert [part in text for part, text in zip(expected, refusals, strict=True)] == [True, True]


def test_a_tasks_sessions_end_with_the_task(tasks: Tasks) -> None:
    """An operator that enters its session by hand, and fails."""
    seen: list[int] = []
    ttp: mpc.TrustedThirdParty = tasks.agent._ttp  # type: ignore[assignment]

    async def program(party: Party) -> None:
        await party.mpc().__aenter__()
        seen.append(ttp.sessions)
        raise RuntimeError("out of order")

    assert [type(error) for error in tasks.run(program)] == [RuntimeError, RuntimeError]
    assert (seen[0], ttp.sessions) == (1, 0)


def test_no_task_joins_anothers_session(tasks: Tasks) -> None:
    """Both tasks use one id for their sessions."""
    opened: list[mpc.TrustedThirdParty] = []

    async def program(party: Party) -> None:
        semi2k = await mpc.Semi2k.start(party.link, party.ttp, party.seeds, mpc.Terms("one"))
        await semi2k.open(semi2k.seal(semi2k.encode([1.0])))
        opened.append(tasks.agent._ttp)  # type: ignore[arg-type]
        semi2k.ttp.leave()

    assert tasks.run(program, "first", "second") == [None] * 4
    assert opened[0].opened == 2


# --- the walk --------------------------------------------------------------------------------------------------------

ENDS = (types.ModuleType, types.FrameType, types.CodeType, types.TracebackType, str, bytes, int, float, type(None))
"""Frames and modules lead everywhere in one process; the others lead nowhere."""


def ways(thing: Any) -> Iterator[tuple[str, Any]]:
    """Where one gets from a thing: attributes, slots, items, closures, defaults, and what a method is bound to."""
    if isinstance(thing, types.FunctionType):
        yield from ((f" closure {i}", cell.cell_contents) for i, cell in enumerate(thing.__closure__ or ()))
        yield from ((" default", default) for default in thing.__defaults__ or ())
        yield " defaults", thing.__kwdefaults__
    if isinstance(thing, Mapping):
        yield from ((f"[{key!r:.30}]", part) for key, value in [*thing.items()] for part in (key, value))
    elif isinstance(thing, list | tuple | set | frozenset | deque):
        yield from ((f"[{i}]", part) for i, part in enumerate([*thing]))
    for name in ("base", "obj", "__self__", "__func__", "__wrapped__", "func", "args", "keywords", "fget", "__cause__",
                 "__context__", "gi_frame", "gi_yieldfrom", "cr_frame", "cr_await"):  # fmt: skip
        yield f".{name}", getattr(thing, name, None)
    yield ".__dict__", getattr(thing, "__dict__", None) or None
    yield ".__class__", type(thing)
    for kind in type(thing).__mro__ if ours(type(thing)) else ():
        slots = kind.__dict__.get("__slots__", ())
        read = [name for name, value in kind.__dict__.items() if isinstance(value, property)]
        for name in (*([slots] if isinstance(slots, str) else slots), *read):
            yield f".{name}", getattr(thing, name, None)
    yield from ((f".{kind.__name__}", kind) for kind in (thing.__mro__ if isinstance(thing, type) else ()))


def ours(kind: type) -> bool:
    return kind.__module__.partition(".")[0] == "kuscia_nb"


def walk(start: Any) -> dict[int, tuple[str, Any]]:
    """All that can be reached: the way to each thing, and the thing itself, by its id."""
    found = {id(start): ("", start)}
    ahead = deque(found.values())
    while ahead:
        way, thing = ahead.popleft()
        if isinstance(thing, type) and not ours(thing):
            continue
        for step, part in ways(thing):
            if not isinstance(part, ENDS) and id(part) not in found:
                found[id(part)] = way + step, part
                ahead.append(found[id(part)])
    return found


def test_the_walk_finds_what_there_is() -> None:
    """Every kind of way: else a clean walk would say nothing."""
    secret = object()

    class Slotted:
        __slots__ = ("inner",)
        __module__ = "kuscia_nb"

        @property
        def computed(self) -> Any:
            return [secret]

        def method(self) -> None: ...

    slotted = Slotted()
    numbers = np.zeros(4)
    slotted.inner = {"key": [(lambda: secret, numbers[1:])]}
    everything: list[Any] = [
        SimpleNamespace(attribute=secret), slotted, slotted.method, {1: secret}, {secret}, deque([secret]),
        lambda: secret, lambda default=secret: default, partial(lambda key: key, secret),
        partial(lambda key: key, key=secret), [secret].append, {"key": secret}.__setitem__,
    ]  # fmt: skip
    for start in everything:
        assert id(secret) in walk(start), start
    assert id(numbers) in walk(slotted.method)
    assert id(secret) not in walk(mpc.Door(lambda: secret))


FOREIGN = (
    EventLog,
    Run,
    Observer,
    LockstepAgent,
    Session,
    mpc.TrustedThirdParty,
    mpc.TtpLine,
    Node,
    Store,
    Job,
    LocalBackend,
)
"""Of the observer, of the nodes, of the TTP."""


class Watch:
    """Walks from what both parties of a task hold, in the midst of their programs."""

    def __init__(self) -> None:
        self.roots: dict[str, list[Any]] = {}
        self.walks: list[dict[str, dict[int, tuple[str, Any]]]] = []

    def hold(self, party: Party, *things: Any) -> None:
        self.roots.setdefault(party.domain, [party]).extend(things)

    def look(self) -> None:
        """From one party's program, while the other one's waits in its midst."""
        self.walks.append({domain: walk(roots) for domain, roots in self.roots.items()})


def held(found: dict[int, tuple[str, Any]]) -> dict[int, str]:
    """What a party holds: no code, nothing that belongs to the code itself, nothing empty that cannot change."""
    kinds = [thing for _, thing in found.values() if isinstance(thing, type)]
    code = walk([kind for kind in kinds if getattr(sys.modules.get(kind.__module__), kind.__name__, kind) is kind])
    return {
        key: f"{way}: {thing!r:.80}"
        for key, (way, thing) in found.items()
        if key not in code
        and not (isinstance(thing, tuple) and not thing)
        and not (isinstance(thing, np.ndarray) and not thing.size)
    }


CELLS = {"alice": np.arange(2001.25, 2009), "bob": np.arange(1001.5, 1009)}


@pytest.mark.parametrize("trace", get_args(Level))
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_nothing_leads_from_a_party_to_anything_else(tasks: Tasks, trace: str, strategy: str) -> None:
    """Walks from both parties in the midst of a product of an operator and of a training, twice in a row."""
    seen: list[Watch] = []

    async def program(party: Party) -> None:
        if party.link.rank == 0:
            seen.append(Watch())
        watch, mine = seen[-1], CELLS[party.domain]
        async with party.mpc() as computation:
            x, y = await computation.share(mine)
            watch.hold(party, computation, x, y, await computation.mul(x, y), await computation.open(x + y))
        semi2k = await mpc.Semi2k.start(party.link, party.ttp, party.seeds, mpc.Terms("training"))
        labels = targets(semi2k, np.tile([0, 1], 2) if party.link.rank else None, 4)
        features = semi2k.encode(mine.reshape(4, 2) / 1000)
        layout = mpc.Layout((features.shape[1], 2), 2, 2, 1)
        data = STRATEGIES[strategy](semi2k, features, labels, layout)
        watch.hold(party, semi2k, data)
        async for batch in data.batches(0):
            predictions = await batch.dot(data.zero_weights(), 21)
            watch.hold(party, batch, predictions, await batch.residual_dot(predictions, 18))
            for tell in (party.log, party.warn, party.note):
                tell("a batch")
            party.progress(1, 2)
            assert party.hand is not None
            party.hand(predictions.ring)
            watch.look()
        semi2k.ttp.leave()

    options: dict[str, Any] = {"trace": trace, "strategy": strategy, "shadow": True}
    assert tasks.run(program, "first", "second", **options) == [None] * 4
    first, second = seen
    assert len(first.walks) == len(second.walks) == 4
    for look in (*first.walks, *second.walks):
        for domain, found in look.items():
            foreign = [way for way, thing in found.values() if isinstance(thing, FOREIGN)]
            assert foreign == []
            others = CELLS["bob" if domain == "alice" else "alice"]
            cells = np.concatenate([mpc.encode(others, 18), mpc.encode(others / 1000, 18)])
            arrays = [(way, thing) for way, thing in found.values() if isinstance(thing, np.ndarray)]
            assert len(arrays) > 10
            for way, array in arrays:
                numbers = array.astype(np.uint64) if array.dtype != np.float64 else mpc.encode(array, 18)
                assert not np.isin(numbers, np.concatenate([cells, -cells])).any(), way
        alice, bob = held(look["alice"]), held(look["bob"])
        assert {way: bob[key] for key, way in alice.items() if key in bob} == {}
    for domain in CELLS:
        earlier, later = held(first.walks[-1][domain]), held(second.walks[-1][domain])
        assert {way: later[key] for key, way in earlier.items() if key in later} == {}


# --- a run that can be repeated --------------------------------------------------------------------------------------


def test_a_second_session_of_a_task_has_other_masks_in_each_repetition(tasks: Tasks) -> None:
    """With one stream for both, x - a and x' - a would tell x - x'."""
    drawn: list[tuple[str, list[int]]] = []

    async def program(party: Party) -> None:
        for _ in range(2):
            async with party.mpc() as secrets:
                drawn.append((party.domain, secrets.semi2k.beaver.at(0, 4).tolist()))
                await secrets.semi2k.open(secrets.semi2k.seal(secrets.encode([1.0])))

    assert tasks.run(program, "first", "again", seed=7) == [None] * 4
    assert drawn[:4] == drawn[4:]
    assert len({number for _, numbers in drawn[:4] for number in numbers}) == 16
