"""What a party's program holds is its own: no way leads from it to its peer, the observer, the TTP or another task."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from world import World, job

from kuscia_nb import mpc
from kuscia_nb.control.runs import Options
from kuscia_nb.errors import OpAdjustError
from kuscia_nb.mpc import PrgBuffer
from kuscia_nb.operators import Component, Operator, Party

Program = Callable[[Party], Coroutine[Any, Any, None]]


class Tasks(World):
    """A world whose tasks run a program of the test's."""

    def run(self, program: Program, *names: str, **options: Any) -> list[BaseException | None]:
        """Both errors of each job, by domain."""
        operator = Operator(Component("toy", "a test", inputs=("data",), outputs=("result",)), program, image="toy")
        self.pods._operators = {"toy": operator}
        for name in names or ("job",):
            manifest = job(name=name)
            self.runs.expect(
                manifest, Options.checked(**{"strategy": "preprocessed", "seed": None, "trace": "sizes"} | options)
            )
            self.apply(manifest)
        self.finish()
        runs = [self.runs.by_name[name] for name in names or ("job",)]
        return [errors[domain] for run in runs for errors in run.errors.values() for domain in ("alice", "bob")]


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
    ttp: mpc.TrustedThirdParty = tasks.pods._ttp  # type: ignore[assignment]

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
        opened.append(tasks.pods._ttp)  # type: ignore[arg-type]
        semi2k.ttp.leave()

    assert tasks.run(program, "first", "second") == [None] * 4
    assert opened[0].opened == 2
