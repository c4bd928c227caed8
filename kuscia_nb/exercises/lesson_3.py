"""The exercises of notebook 03, the BFIA API."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..bfia.reader import from_dict
from ..bfia.submission import one_line
from ..bfia.translate import to_job
from ..cluster import Cluster
from ..connection import connect
from ..control.manifest import read_manifest
from ..control.resources import TaskInputConfig, TaskParams
from ..data.sample import tutorial_manifest
from ..errors import ManifestError
from .checking import Wrong, called, exercise

_HEARD = (
    ("PENDING", "RUNNING", "SUCCESS"),
    ("RUNNING", "FAILED"),
    ("PENDING", "RUNNING", "PENDING", "RUNNING", "SUCCESS"),  # bob's machine was needed for something else
)
_OF_BOB = [state for states in _HEARD for state in states]
_EPOCHS = (2, 5)
_PARTIES = [("host", "alice"), ("guest", "bob")]


# --- 3.1 -------------------------------------------------------------------------------------------------------------


@exercise(
    "3.1",
    "Take the rows whose call is \"task/poll\" first. Those are alice's questions, the replies in them are bob's.",
    'A reply is a JSON text: json.loads(reply)["data"]["status"] is the state in it.',
    "A state is news if it is not the state before it: states.shift() of pandas, or itertools.groupby.",
    why="All other polls told alice nothing new. With the standard's task/callback bob would report each change by "
    "himself; but then alice could not tell a bob who computes from a bob who has gone.",
)
def heard(answer: Any) -> None:
    found = [_states(called(answer, _exchanges(states))) for states in _HEARD]
    if found[0] and all(one == found[0] for one in found) and all(state in _OF_BOB for state in found[0]):
        raise Wrong("It returns {found} whatever it is given: it has to look at its argument.", found=found[0])
    for states, one in zip(_HEARD, found, strict=True):
        _check_heard(one, list(states))


def _exchanges(states: tuple[str, ...]) -> Any:
    """What `Job.exchanges` has when bob is in these states one after the other, each polled twice."""
    import pandas as pd

    task, ok = "a-job-0123456789ab", {"code": 200, "msg": ""}
    polls = [
        ("alice", "bob", "task/poll", {"task_id": task, "role": "guest"}, {"status": state})
        for state in states
        for _ in range(2)
    ]
    asked = ("bob", "alice", "job/status_all", {"job_id": "a-job"})
    rows = [
        ("alice", "bob", "job/create", {"job_id": "a-job", "dag": {}, "config": {}}, {"status": "PENDING"}),
        ("alice", "bob", "job/start", {"job_id": "a-job"}, None),
        (*asked, {"job_status": "READY", "status": {}}),
        ("alice", "bob", "task/start", {"task_id": task, "job_id": "a-job", "task_name": "ss_lr_1"}, None),
        *(row for poll in polls for row in (poll, (*asked, {"job_status": "RUNNING", "status": {task: "RUNNING"}}))),
        (*asked, {"job_status": "FINISHED", "status": {task: states[-1]}}),
    ]
    texts = [(*row[:3], json.dumps(row[3]), json.dumps(ok | {"data": row[4]})) for row in rows]
    frame = pd.DataFrame(texts, columns=["sender", "receiver", "call", "request", "reply"])
    frame.insert(0, "time", pd.date_range("2026-01-01", periods=len(frame), freq="ms", tz="UTC"))
    return frame


def _states(answer: Any) -> list[Any]:
    """The answer as a list."""
    if isinstance(answer, str | bytes | Mapping) or not hasattr(answer, "__iter__"):
        raise Wrong(
            "The function should return a list, and returned something of type {kind}.", kind=type(answer).__name__
        )
    return list(answer)


def _check_heard(found: list[Any], states: list[str]) -> None:
    if found == states:
        return
    polled = [state for state in states for _ in range(2)]
    shown = {"found": found, "states": states}
    if found == polled:
        raise Wrong("The answers of all polls are in it; a state that repeats the one before should be left out.")
    if any(isinstance(one, Mapping) or (isinstance(one, str) and "{" in one) for one in found):
        raise Wrong("These are whole replies; only the states in them are asked for.")
    if found == list(dict.fromkeys(states)):
        raise Wrong(
            "Bob was {states} in turn, and this is {found}: a state that comes back after another one is news, too.",
            **shown,
        )
    if set(found) - set(states):
        raise Wrong("There is something in it that is no answer to a poll: {found} instead of {states}.", **shown)
    raise Wrong("Bob was {states} in turn, and this is {found}.", **shown)


# --- 3.2 -------------------------------------------------------------------------------------------------------------


@exercise(
    "3.2",
    "Copy `sent` with deepcopy, so that it stays as it is, and change two things in the copy.",
    'The name is request["job_id"], the number of passes "num_epoch" among the parameters that are common to both.',
    'ask("/v1/interconn/schedule/job/create", request) sends it, and returns the reply as a dict.',
    why="Whatever program can send JSON over HTTP can run jobs on a node. It needs no Python, no kubectl, and no "
    "rights on the node's machine.",
)
def create_job(answer: Any) -> None:
    cluster = connect()
    for epochs in _EPOCHS:
        name = f"exercise-{secrets.token_hex(4)}"
        with _gone_afterwards(cluster, name):
            _check_created(cluster, name, epochs, called(answer, name, epochs))


@contextmanager
def _gone_afterwards(cluster: Cluster, name: str) -> Iterator[None]:
    try:
        yield
    finally:
        if name in set(cluster.jobs()["name"]):
            cluster.job(name).stop()  # so that alice is not just about to send bob his copy of what is deleted
            cluster.delete(name)


def _check_created(cluster: Cluster, name: str, epochs: int, reply: Any) -> None:
    if not isinstance(reply, Mapping) or "code" not in reply:
        raise Wrong(
            "The reply is asked for as a dict with its code, and this is of type {kind}.", kind=type(reply).__name__
        )
    if reply["code"] not in (0, 200):
        said = reply.get("msg") or reply.get("message")
        raise Wrong("Called with ({name!r}, {epochs}), alice says no: {said}", name=name, epochs=epochs, said=said)
    if name not in set(cluster.jobs()["name"]):
        raise Wrong("Alice says yes, but she has no job {name!r}: is that the job_id of the request?", name=name)
    (task,) = cluster.job(name).manifest()["spec"]["tasks"]
    found, wanted = TaskInputConfig.from_json(task["taskInputConfig"]).task_params, _tutorials_parameters()
    if (passes := found.common.get("num_epoch")) != epochs:
        raise Wrong("Called with {epochs} epochs, the request says {passes!r}.", epochs=epochs, passes=passes)
    if found != wanted.model_copy(update={"common": {**wanted.common, "num_epoch": epochs}}):
        raise Wrong("num_epoch is right, but something else has changed, too.")


# --- 3.3 -------------------------------------------------------------------------------------------------------------


@exercise(
    "3.3",
    "Send it: the reply to ask(CREATE, repaired) names two of the three mistakes, with the path of the first.",
    "Positions count from 0, and parameters are filed under the name of the component, which is in the dag.",
    'For the third, wait for the job: cluster.job(repaired["job_id"]).wait() says what bob\'s program did not find.',
    why="Two mistakes could be seen from the request alone, and alice refused it. The third was about bob's node, and "
    "only came to light when his program ran. So a client has to look twice: at the reply, and later at the states.",
)
def repaired(answer: Any) -> None:
    request = _request(answer)
    params = _object(_object(request.get("config")).get("task_params"))
    guests = _object(params.get("guest"))
    if not guests.get("0") and not guests.get("1"):
        raise Wrong("Without an entry in task_params the guest is no party, and the job would run without bob.")
    if not params.get("common"):
        raise Wrong("The common parameters are gone; they should be filed under another name.")
    try:
        task, *others = to_job(from_dict(request)).spec.tasks
    except ManifestError as error:
        raise Wrong("Alice would refuse it: {error}", error=one_line(error)) from None
    if others or [(party.role, party.domain_id) for party in task.parties] != _PARTIES:
        raise Wrong("It should be one task, with alice as the host and bob as the guest.")
    found, wanted = task.config.task_params, _tutorials_parameters()
    if (file := found.of("guest", 0).get("name")) != wanted.of("guest", 0)["name"]:
        raise Wrong("Alice would take it, and then the job would fail: bob has no file {file}.", file=file)
    if found != wanted:
        raise Wrong("The mistakes are gone, but something else has changed, too.")


def _request(answer: Any) -> dict[str, Any]:
    """The answer as data; JSON text will do, too."""
    if isinstance(answer, str | bytes):
        try:
            answer = json.loads(answer)
        except ValueError as error:
            raise Wrong("This is a text, but no JSON: {error}", error=error) from None
    if not isinstance(answer, Mapping) or not answer:
        raise Wrong("A request is asked for, as a dict, and this is of type {kind}.", kind=type(answer).__name__)
    if "code" in answer and "dag" not in answer:
        raise Wrong("This is a reply. The answer is the request that you would send.")
    return dict(answer)


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _tutorials_parameters() -> TaskParams:
    """The parameters of the tutorial's task, from its manifest."""
    (task,) = read_manifest(tutorial_manifest()).spec.tasks
    return task.config.task_params
