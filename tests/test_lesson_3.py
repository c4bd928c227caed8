"""The exercises of notebook 03: right answers, and what is said of each mistake."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pandas as pd
import pytest

import kuscia_nb as kn

TUTORIAL: Any = json.loads((Path(__file__).parent / "data" / "job-ss-lr.json").read_text())


def said(exercise: str, answer: object) -> tuple[str, str]:
    verdict = kn.check(exercise, answer)
    return verdict.state, " ".join(verdict.more)


# --- 3.1: what alice heard -------------------------------------------------------------------------------------------


def replies(exchanges: pd.DataFrame, *calls: str) -> list[dict[str, Any]]:
    found = zip(exchanges["call"], exchanges["reply"], strict=True)
    return [json.loads(reply) for call, reply in found if call in calls]


def states(exchanges: pd.DataFrame, *calls: str) -> list[str]:
    return [reply["data"]["status"] for reply in replies(exchanges, *(calls or ("task/poll",)))]


def with_shift(exchanges: pd.DataFrame) -> Any:
    heard = pd.Series(states(exchanges))
    return heard[heard != heard.shift()]


HEARD: list[Callable[[pd.DataFrame], Any]] = [
    lambda exchanges: [state for state, _ in groupby(states(exchanges))],
    lambda exchanges: tuple(state for state, _ in groupby(states(exchanges))),
    lambda exchanges: (state for state, _ in groupby(states(exchanges))),
    with_shift,
    lambda exchanges: with_shift(exchanges).to_numpy(),
]


@pytest.mark.parametrize("answer", HEARD)
def test_what_alice_heard(answer: object) -> None:
    assert said("3.1", answer)[0] == "right"


def those_of_create_too(exchanges: pd.DataFrame) -> list[str]:
    return [state for state, _ in groupby(states(exchanges, "job/create", "task/poll"))]


def of_the_job(exchanges: pd.DataFrame) -> list[str]:
    found = [reply["data"]["job_status"] for reply in replies(exchanges, "job/status_all")]
    return [state for state, _ in groupby(found)]


WRONGLY_HEARD: dict[str, tuple[Any, str]] = {
    "every poll": (states, "repeats the one before should be left out"),
    "whole replies": (lambda exchanges: list(map(str, replies(exchanges, "task/poll"))), "whole replies"),
    "replies as dicts": (lambda exchanges: replies(exchanges, "task/poll"), "whole replies"),
    "each state once": (lambda exchanges: list(dict.fromkeys(states(exchanges))), "comes back after another one"),
    "of status_all": (of_the_job, "no answer to a poll: ['READY', 'RUNNING', 'FINISHED']"),
    "job/create's, too": (those_of_create_too, "no answer to a poll: ['PENDING', 'RUNNING', 'FAILED']"),
    "nothing": (lambda exchanges: [], "this is []"),
    "of another job": (lambda exchanges: ["PENDING", "RUNNING", "SUCCESS"], "has to look at its argument"),
    "the last": (lambda exchanges: states(exchanges)[-1], "returned something of type str"),
    "how many": (lambda exchanges: len(states(exchanges)), "returned something of type int"),
    "an error": (lambda exchanges: exchanges["status"], "raises KeyError"),
    "no function": (["PENDING"], "A function is asked for"),
}


@pytest.mark.parametrize("mistake", WRONGLY_HEARD)
def test_what_alice_did_not_hear(mistake: str) -> None:
    answer, text = WRONGLY_HEARD[mistake]
    state, fault = said("3.1", answer)
    assert state == "not yet"
    assert text in fault


def test_a_function_that_is_not_written_yet_is_no_answer() -> None:
    assert said("3.1", lambda exchanges: ...)[0] == "not answered yet"
    assert said("3.2", lambda job_id, epochs: None)[0] == "not answered yet"


# --- 3.2: a client ---------------------------------------------------------------------------------------------------


@pytest.fixture
def cluster() -> Iterator[kn.Cluster]:
    """The one that the exercises look at, with open ports and no jobs left behind."""
    cluster = kn.connect()
    cluster.up_http()
    yield cluster
    cluster.close()


def post(cluster: kn.Cluster, request: Mapping[str, Any]) -> dict[str, Any]:
    url = f"{cluster.http['alice']}/v1/interconn/schedule/job/create"
    body = json.dumps(request).encode()
    with urlopen(Request(url, body, {"Content-Type": "application/json"})) as reply:
        return json.load(reply)


def request(job_id: str, epochs: int) -> dict[str, Any]:
    made = deepcopy(TUTORIAL) | {"job_id": job_id}
    made["config"]["task_params"]["common"]["ss_lr_1"]["num_epoch"] = epochs
    return made


def in_the_standards_dialect(job_id: str, epochs: int) -> dict[str, Any]:
    made = request(job_id, epochs)
    (component,) = made["dag"]["components"]
    made["dag"]["components"] = [component | {"componentName": component.pop("module_name"), "provider": "me"}]
    return made


@pytest.mark.parametrize("made", [request, in_the_standards_dialect])
def test_a_client(cluster: kn.Cluster, made: Callable[[str, int], dict[str, Any]]) -> None:
    assert said("3.2", lambda job_id, epochs: post(cluster, made(job_id, epochs)))[0] == "right"
    assert cluster.jobs().empty, "the jobs of the check are gone"


def with_another_batch_size(job_id: str, epochs: int) -> dict[str, Any]:
    made = request(job_id, epochs)
    made["config"]["task_params"]["common"]["ss_lr_1"]["batch_size"] = 32
    return made


WRONGLY_SENT: dict[str, tuple[Callable[[str, int], Any], str]] = {
    "a name of its own": (lambda job_id, epochs: request("mine", epochs), "she has no job 'exercise-"),
    "always two": (lambda job_id, epochs: request(job_id, 2), "Called with 5 epochs, the request says 2"),
    "one, as it was": (lambda job_id, epochs: request(job_id, 1), "Called with 2 epochs, the request says 1"),
    "more than that": (with_another_batch_size, "something else has changed"),
    "refused": (lambda job_id, epochs: {"job_id": job_id}, "alice says no: parameter dag can't be empty"),
}


@pytest.mark.parametrize("mistake", WRONGLY_SENT)
def test_a_client_that_sends_something_else(cluster: kn.Cluster, mistake: str) -> None:
    made, text = WRONGLY_SENT[mistake]
    state, fault = said("3.2", lambda job_id, epochs: post(cluster, made(job_id, epochs)))
    assert state == "not yet"
    assert text in fault


def test_a_client_that_returns_no_reply(cluster: kn.Cluster) -> None:
    fault = said("3.2", lambda job_id, epochs: cluster.submit(request(job_id, epochs)))[1]
    assert "The reply is asked for as a dict with its code, and this is of type Job." in fault
    assert cluster.jobs().empty
    assert "this is of type dict" in said("3.2", request)[1]
    cluster.down_http()
    assert "raises KeyError" in said("3.2", lambda job_id, epochs: post(cluster, request(job_id, epochs)))[1]


# --- 3.3: a request that is repaired ---------------------------------------------------------------------------------


def changed(*path: str, to: Any) -> dict[str, Any]:
    """The tutorial's request with another value in one place."""
    made = deepcopy(TUTORIAL)
    holder: Any = made
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = to
    return made


OF_GUEST = TUTORIAL["config"]["task_params"]["guest"]["0"]["ss_lr_1"]
COMMON = TUTORIAL["config"]["task_params"]["common"]["ss_lr_1"]
PARAMS = ("config", "task_params")


@pytest.mark.parametrize("answer", [TUTORIAL, json.dumps(TUTORIAL), changed("job_id", to="another-name")])
def test_a_repaired_request(answer: object) -> None:
    assert said("3.3", answer)[0] == "right"


WRONGLY_REPAIRED: dict[str, tuple[Any, str]] = {
    "position": (changed(*PARAMS, "guest", to={"1": {"ss_lr_1": OF_GUEST}}), "refuse it: config.task_params.guest.1: "),
    "name": (changed(*PARAMS, "common", to={"ss_lr": COMMON}), 'no component has the name "ss_lr"'),
    "file": (
        changed(*PARAMS, "guest", "0", "ss_lr_1", "name", to="perfect_logit_a.csv"),
        "bob has no file perfect_logit_a.csv",
    ),
    "no file": (changed(*PARAMS, "guest", "0", "ss_lr_1", to={"namespace": "data"}), "refuse it: "),
    "guest left out": (changed(*PARAMS, "guest", to={}), "would run without bob"),
    "common left out": (changed(*PARAMS, "common", to={}), "common parameters are gone"),
    "carol": (changed("config", "role", "guest", to=["carol"]), "alice as the host and bob as the guest"),
    "another epoch": (changed(*PARAMS, "common", "ss_lr_1", "num_epoch", to=2), "something else has changed"),
    "a reply": ({"code": 200, "msg": "", "data": {"status": "PENDING"}}, "This is a reply"),
    "a text": ("repaired", "no JSON"),
    "a number": (3, "this is of type int"),
    "empty": ({}, "A request is asked for"),
    "nonsense": ({"job_id": [], "dag": 3, "config": "x"}, "would run without bob"),
}


@pytest.mark.parametrize("mistake", WRONGLY_REPAIRED)
def test_a_request_that_is_still_broken(mistake: str) -> None:
    answer, text = WRONGLY_REPAIRED[mistake]
    state, fault = said("3.3", answer)
    assert state == "not yet"
    assert text in fault
