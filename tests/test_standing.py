"""What a node lets its peers know of why its part of a job waits or has failed: a word, never a cell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from test_consent import Asked, of_bob

from kuscia_nb import errors
from kuscia_nb.backends import own_paths
from kuscia_nb.bfia.wire import Request
from kuscia_nb.control.kinds import KusciaTask, TaskSpec
from kuscia_nb.control.objects import LABEL, Metadata
from kuscia_nb.control.standing import FAILURE, Standing, kind_of
from kuscia_nb.control.store import owned_by
from kuscia_nb.errors import KusciaError

SECRET = "cell-4711"


@pytest.mark.parametrize("name", [name for name, kind in vars(errors).items() if isinstance(kind, type)])
def test_every_error_has_a_word_whose_sentence_has_nothing_of_its_text(name: str) -> None:
    kind = getattr(errors, name)
    if not issubclass(kind, KusciaError):
        return
    word = kind_of(kind(SECRET, where=SECRET, hint=SECRET))
    said = Standing("bob", word).sentence
    assert SECRET not in said
    assert said.startswith(("bob", "the TTP", "the job", "a parameter")) or word == "PeerFailed"


def test_the_word_is_that_of_the_nearest_class() -> None:
    assert kind_of(errors.SessionError("x")) == "TtpError"
    assert kind_of(errors.Deadlock("x")) == "LinkError"
    assert kind_of(ValueError(SECRET)) == "Error"
    assert Standing("bob", "PeerFailed").sentence == ""
    assert Standing("bob", SECRET).sentence == "", "a peer cannot put its own words into this node's mouth"


def test_where_a_task_stands_is_for_its_parties(tmp_path: Path) -> None:
    asked = Asked(tmp_path)
    assert asked("bob", "/v1/interconn/schedule/job/create", of_bob()) == ""
    (job,) = asked.jobs
    labels = {f"{LABEL}job-id": job.name, f"{LABEL}task-alias": job.spec.tasks[0].alias}
    spec = TaskSpec(initiator="bob", parties=(), task_input_config="{}")
    task = KusciaTask(metadata=Metadata(name="t", labels=labels, owner_references=(owned_by(job),)), spec=spec)
    asked.node.store.create(task.annotated(FAILURE, "DataError"))
    paths = own_paths.with_own_paths(lambda request: None, {own_paths.STANDING: own_paths.standing(asked.node)})  # type: ignore[arg-type,return-value]

    def said(sender: str) -> dict[str, object]:
        headers = {"X-Source-Node-Id": sender}
        return json.loads(paths(Request("POST", own_paths.STANDING, headers, b'{"task_id": "t"}')).body)

    assert said("bob")["data"] == {"word": "DataError"}
    assert said("carol") == {"code": 400, "msg": "failed to find the task"}
