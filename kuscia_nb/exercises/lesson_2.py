"""The exercises of notebook 02, Kuscia step by step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

from ..cluster import Cluster
from ..connection import connect
from ..data.sample import tutorial_manifest
from ..errors import KusciaError
from ..job import Job
from .checking import Wrong, exercise

NAME, PHASE = "job-ss-lr", "Succeeded"
_SPACES = ("cross-domain", "-ncross-domain", "--namespace=cross-domain", "-A", "--all-namespaces")


@contextmanager
def _ran() -> Iterator[Cluster]:
    """A cluster of its own in which the tutorial's job has run."""
    with TemporaryDirectory() as folder, connect(storage=folder) as cluster:
        cluster.apply(tutorial_manifest()).wait()
        yield cluster


@exercise(
    "2.1",
    "%kubectl get kj job-ss-lr -n cross-domain -o yaml has them below status.conditions; with --node bob, bob's.",
    "-o jsonpath={.status.conditions[*].type} prints the names alone; cluster.kubectl(line, node=...).text has it.",
    why="alice drives the job, so the steps of creating and starting it are conditions of her copy alone.",
)
def only_at_alice(answer: Any) -> None:
    if isinstance(answer, str):
        answer = answer.replace(",", " ").split()
    if not isinstance(answer, Iterable):
        raise Wrong("A list of names is asked for, and this is of type {kind}.", kind=type(answer).__name__)
    given = {str(name) for name in answer}
    with _ran() as cluster:
        line = f"get kj {NAME} -n cross-domain -o jsonpath={{.status.conditions[*].type}}"
        at_alice, at_bob = (set(cluster.kubectl(line, node=node).text.split()) for node in ("alice", "bob"))
    if given & at_bob:
        raise Wrong("bob's copy has {names}, too.", names=", ".join(sorted(given & at_bob)))
    if given - at_alice:
        raise Wrong("alice's copy does not have {names}.", names=", ".join(sorted(given - at_alice)))
    if at_alice - at_bob - given:
        raise Wrong("There are more: {count} are missing.", count=len(at_alice - at_bob - given))


@exercise(
    "2.2",
    "Tasks are kt, and -o jsonpath={...} prints one value of an object.",
    "get kt gives a list: its tasks are in .items, and .items[0] is the first.",
    "-l kuscia.secretflow/job-id=job-ss-lr takes the tasks of that job only; the phase is in .status.phase.",
    why="A label says which job a task belongs to, so the line works for every run of the job.",
)
def phase_of_the_task(answer: Any) -> None:
    if not isinstance(answer, str):
        raise Wrong("A text is asked for, and this is of type {kind}.", kind=type(answer).__name__)
    line = answer.strip().lstrip("%!").removeprefix("kubectl").strip()
    if not any(word in line.split() for word in _SPACES):
        raise Wrong("Jobs and tasks are in the namespace cross-domain, and kubectl looks elsewhere if it is not told.")
    with _ran() as cluster:
        (task,) = cluster.job(NAME).tasks["task"].unique()
        try:
            printed = cluster.kubectl(line).text
        except KusciaError as error:
            raise Wrong("kubectl says: {error}", error=str(error)) from error
    if printed.strip() == PHASE:
        if " kt" not in f" {line}" and "kusciatask" not in line and "taskStatus" not in line:
            raise Wrong("This is the phase of the job, and that of its task is asked for.")
        return
    if not printed.strip():
        raise Wrong("It prints nothing.")
    if task in printed or "NAME" in printed:
        raise Wrong("It prints more than the phase.")
    raise Wrong("It prints {printed!r}.", printed=printed.strip()[:60])


@exercise(
    "2.3",
    'cluster.put("alice", "mine.csv", frame), the same for bob with as many rows, and the label last in alice\'s.',
    "In the manifest the two files are perfect_logit_a.csv and perfect_logit_b.csv; the job needs a name of its own.",
    why="The job took your files as they are: how many columns there are, and their names, is read from them.",
)
def own_data(answer: Any) -> None:
    if not isinstance(answer, Job):
        raise Wrong("A job is asked for, and this is of type {kind}.", kind=type(answer).__name__)
    try:
        answer.wait()
    except KusciaError as error:
        raise Wrong("The job failed: {error}", error=str(error)) from error
    for node in answer.nodes:
        file = answer.env(node).get("runtime.component.parameter.name")
        if file != "mine.csv":
            raise Wrong("On {node} the job has read {file}, and not {own}.", node=node, file=file, own="mine.csv")
    if answer.env("alice").get("runtime.component.parameter.has_label") != "true":
        raise Wrong("The label is not on alice's side.")
