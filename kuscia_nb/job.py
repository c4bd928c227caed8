"""What a person holds of one job: a `Job` to watch, to wait for, and to read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from copy import copy
from typing import TYPE_CHECKING, Any

from .backends.base import Alone, Backend
from .errors import JobError
from .observer.runs import Run
from .results import Results

if TYPE_CHECKING:
    from .views.pictures import Pictures

_ENDED = 30.0
"""Seconds in which a job that was stopped has ended; what its program does is waited for much shorter."""
_TICK = 0.02
"""Seconds from one look to the next, where a job is awaited."""


class Job(Results):
    """A job that was started. All of it can be read at any time; `wait` and `await` are for its end."""

    def __init__(self, backend: Backend, run: Run) -> None:
        super().__init__(backend, run)
        self._hidden: Callable[[], bool] = lambda: False

    def wait(self, timeout: float | None = None) -> Job:
        """Wait for the end. Raises the error of a job that failed or was stopped, JobError after `timeout` seconds.

        A terminal shows how far the job is, in a line that goes at its end; a kernel without a person, as papermill has
        it, writes a line every ten seconds.
        """
        if not self._followed(timeout):
            why = "".join(f": {text}" for text in self.awaits)
            what = f"job {self.name} is still {self.phase} after {timeout:g} s{why}"
            raise JobError(what, hint="wait again, or job.stop()")
        if self._run.error is not None:
            raise self._run.error
        return self

    def _followed(self, timeout: float | None) -> bool:
        """`ended`; in a terminal and in a log it is shown how far it is."""
        if self.ended(0):
            return True
        from .views.terminal import follow  # nobody waits long for what was over at once

        return follow(self, timeout)

    def __await__(self) -> Generator[Any, None, Job]:
        return self._until_end().__await__()

    async def _until_end(self) -> Job:
        """Look now and then: a thread that waits could not be cancelled, and kept asyncio.run and Python from ending.

        It also wakes ipykernel's loop, which does not hear of an interrupt while it sleeps.
        """
        while not self.ended():
            await asyncio.sleep(_TICK)
        return self.wait()

    def ended(self, timeout: float | None = 0) -> bool:
        """Whether it has ended; waits for that, at most so many seconds, or without a limit if that is None."""
        return self._run.ended.wait(timeout)

    def stop(self) -> None:
        """Stop the job on all nodes, and wait until it has ended. A finished job stays as it is.

        A program ends at its next message; one that does not get there within some seconds is left behind.
        """
        self._backend.stop(self._run)
        self.ended(_ENDED)

    def approve(self) -> None:
        """Let a peer's job run that waits for the people of the node here. JobError, if it does not."""
        self._asked().approve(self.name)

    def refuse(self) -> None:
        """End a peer's job that waits to be approved, on both nodes. JobError, if it does not wait."""
        self._asked().refuse(self.name)

    def _asked(self) -> Alone:
        """The backend, if its people are asked."""
        if not isinstance(self._backend, Alone):
            what = f"job {self.name} cannot be approved or refused from here"
            raise JobError(what, hint='only a node of one\'s own asks before a job runs: kn.connect("node", ...)')
        return self._backend

    def delete(self) -> None:
        """Stop the job if it runs, and forget it on all nodes. Its result files stay."""
        if self._backend.observer.by_name.get(self.name) is self._run:  # and no later job of the same name
            self._backend.delete(self.name)

    def watch(self) -> None:
        """Show in this cell how far the job is, until it has ended; the cell itself does not wait."""
        from .views.live import watch

        watch(self)

    @property
    def pictures(self) -> Pictures:
        """Pictures of shares, weights, traffic and truncation errors; they need matplotlib."""
        from .views.pictures import Pictures

        return Pictures(self, self.observed, self.draw)

    def hidden(self, holds: Callable[[], bool]) -> Job:
        """The same job, not displayed while that holds: for a cell that shows it already."""
        same = copy(self)
        same._hidden = holds
        return same

    def __repr__(self) -> str:
        return f"<Job {self.name}: {self.phase}>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        from .views.job import bundle

        return bundle(self)

    def _ipython_display_(self) -> None:
        if not self._hidden():
            raise NotImplementedError  # and so be shown like any other object
