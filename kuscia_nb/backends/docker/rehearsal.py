"""The tutorial's job on nodes that are there, and what is seen of it held against what Kuscia's source says.

It is what nobody can check without Kuscia's own programs, but whoever has them: phases, stages, files, the last words.
The job has a name of its own, and is deleted on every node that is reached; its result files stay (spec: kuscia §3.8).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence

from ...control.kinds import KusciaTask
from ...control.resources import SUCCEEDED
from ...data.sample import tutorial_manifest
from ...errors import KusciaError
from ...observer.events import ConditionSet, PhaseSet, Said
from ...observer.runs import Run
from ...options import Options
from ..doctor import Check
from .backend import DockerBackend
from .node import DockerNode

_MINUTES = 600.0
"""Seconds that the job may take, image and pods included."""
_WEIGHTS = 21
"""Lines of a result: twenty features and the intercept (spec: tutorial)."""
_PHASES = {"A": ("Pending", "Running", "Succeeded"), "C": ("initialized", "Pending", "Running", "Succeeded")}
"""In this order (spec: kuscia §1.3); one that is over too soon to be heard of may be missing."""
_STAGES = ("JobCreateSucceeded", "JobStartSucceeded")
"""What the initiator sees of both parties, as conditions or stages (spec: kuscia §1.4)."""
_TOLD = "kuscia-nb doctor --backend docker --report FILE writes down what was seen: please send it to us"


def rehearse(names: Mapping[str, str] | None = None) -> Iterator[Check]:
    """Run it, and compare."""
    try:
        backend = DockerBackend(names)
    except KusciaError as error:
        yield Check("job", "no", error.what, error.hint)
        return
    job = f"doctor-{secrets.token_hex(3)}"
    try:
        run = backend.apply(tutorial_manifest().replace("job-ss-lr", job), Options())
        ended = run.ended.wait(_MINUTES)
        backend.refresh()
        yield _end(run, ended)
        if ended and run.phase == SUCCEEDED:
            for domain, node in backend.nodes.items():
                yield from _compared(run, domain, node)
    except KusciaError as error:
        yield Check("job", "no", error.what, error.hint)
    finally:
        try:
            backend.delete(job)
        finally:
            backend.close()


def _end(run: Run, ended: bool) -> Check:
    """How it went, with what was said of it."""
    if ended and run.phase == SUCCEEDED:
        return Check("job", "ok", f"{run.name} Succeeded")
    said = [event.message for event in run.events.select(Said) if event.level == "warning"]
    how = run.phase if ended else f"{run.phase} after {_MINUTES:g} s"
    return Check("job", "no", "; ".join([f"{run.name} is {how}", *said]), _TOLD)


def _compared(run: Run, domain: str, node: DockerNode) -> Iterator[Check]:
    phases = [event.name for event in run.events.select(PhaseSet, node=domain, subject=run.name)]
    expected = _PHASES["A" if node.version.ours else node.version.era]
    yield _judged(f"{domain} phases", ", ".join(phases), _within(phases, expected) and phases[-1:] == ["Succeeded"])
    if domain == run.job.spec.initiator:
        conditions = {event.name for event in run.events.select(ConditionSet, node=domain, subject=run.name)}
        missing = [stage for stage in _STAGES if stage not in conditions]
        value = f"{', '.join(missing)} not seen" if missing else ", ".join(_STAGES)
        yield _judged(f"{domain} stages", value, not missing)
    yield from _files(run, domain, node)


def _files(run: Run, domain: str, node: DockerNode) -> Iterator[Check]:
    """The result where it has to be (spec: kuscia §4.4), and the operator's output."""
    (task,), kept = run.job.spec.tasks, run.nodes.get(domain)
    for known in node.store.owned(KusciaTask, kept) if kept else ():
        for role, index, member in task.config.role.members():
            if member == domain:
                file = node.storage / f"{run.name}-{role}-{index}" / f"{known.name}-result"
                lines = len(file.read_text("utf-8").split()) if file.exists() else 0
                value = f"{file.name}: {lines} numbers" if lines else f"there is no {file}"
                yield _judged(f"{domain} result", value, lines == _WEIGHTS)
        said = len(node.logs(known.name).splitlines())
        yield _judged(f"{domain} log", f"{said} lines of {task.alias}", said > 0)


def _within(found: Sequence[str], expected: Sequence[str]) -> bool:
    """Whether these are some of the others, in their order."""
    rest = iter(expected)
    return all(one in rest for one in found)


def _judged(name: str, value: str, well: bool) -> Check:
    return Check(name, "ok", value) if well else Check(name, "no", f"{value}: not as Kuscia's source says", _TOLD)
