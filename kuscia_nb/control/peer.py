"""What a controller asks of another domain's node. Every question is a BFIA message (spec: kuscia §3.8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from .offers import NONE, Offers
from .resources import KusciaJob, Phase


class Peer(Protocol):
    """Another node, as its messages let it be seen. Each raises KusciaError if the peer refuses or does not answer."""

    def create_job(self, job: KusciaJob, versions: Mapping[str, str], offers: Offers = NONE) -> None:
        """Let the peer have its copy of the job; tags and descriptions are those of the AppImages here, by name."""
        ...

    def start_job(self, job_id: str) -> None:
        """The job begins."""
        ...

    def stop_job(self, job_id: str) -> None:
        """The job ends, whatever it was at."""
        ...

    def start_task(self, task_id: str, job_id: str, alias: str) -> None:
        """The task of this alias begins under this id."""
        ...

    def stop_task(self, task_id: str) -> None:
        """The task ends, whatever it was at."""
        ...

    def poll_task(self, task_id: str, role: str) -> Phase:
        """How far the peer is with its part of a task."""
        ...

    def standing(self, task_id: str) -> str:
        """Why the peer's part of a task waits or has failed, in a word (`control.standing`); empty, if it says none.

        Only nodes that are other people's are asked, and it raises nothing.
        """
        ...

    def status_all(self, job_id: str) -> tuple[dict[str, Phase], str | None]:
        """The phase of every task that was started, by taskID, and the job's BFIA state if the peer tells it."""
        ...
