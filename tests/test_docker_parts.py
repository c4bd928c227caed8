"""What of the Docker backend needs no engine: streams cut anywhere, what a mirror makes of what it hears, and lines."""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kuscia_objects import JOB, TASK, UNTIL, job, task

import kuscia_nb as kn
from kuscia_nb.backends.docker.exec import Frames
from kuscia_nb.backends.docker.mirror import Mirror, WatchEvent, WatchEvents
from kuscia_nb.control.kinds import KusciaTask
from kuscia_nb.control.resources import KusciaJob
from kuscia_nb.errors import EngineError

BLOCKS = [(1, b"out"), (2, b""), (2, b"\x00\x01err\xff"), (1, b"x" * 300)]
EVENTS = [WatchEvent("ADDED", {"a": "}{ \u4e2d\u6587"}), WatchEvent("DELETED", {"b": [1, {"c": None}]})]


def cut(data: bytes, at: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(place % (len(data) + 1) for place in at)})
    return [data[start:end] for start, end in pairwise(places)]


@given(st.lists(st.integers(0, 10_000), max_size=12))
def test_a_stream_may_be_cut_anywhere(at: list[int]) -> None:
    frames, events = Frames(), WatchEvents()
    stream = b"".join(bytes([kind, 0, 0, 0]) + len(text).to_bytes(4, "big") + text for kind, text in BLOCKS)
    assert [block for part in cut(stream, at) for block in frames.feed(part)] == BLOCKS
    printed = "\n".join(json.dumps(event._asdict(), indent=4, ensure_ascii=False) for event in EVENTS) + "\n"
    bookmark = json.dumps({"type": "BOOKMARK", "object": {}})
    assert [event for part in cut((bookmark + printed).encode(), at) for event in events.feed(part)] == EVENTS


def heard(mirror: Mirror) -> list[tuple[str, str, str]]:
    said: list[tuple[str, str, str]] = []
    mirror.subscribe(lambda change: said.append((change.type, change.object.name, _phase(change.new))))
    return said


def _phase(object: Any) -> str:
    return object.status.phase if object is not None else ""


def at(version: int, object: dict[str, Any]) -> WatchEvent:
    metadata = {**object["metadata"], "resourceVersion": str(version)}
    return WatchEvent("MODIFIED", {**object, "metadata": metadata})


def test_what_is_old_or_known_is_no_news() -> None:
    mirror = Mirror("alice")
    said = heard(mirror)
    for event in (
        at(9, job("C", phase="Pending")),
        at(10, job("C", phase="Running")),
        at(10, job("C", phase="Running")),
        at(9, job("C", phase="Pending")),
    ):
        mirror.take(event)
    assert said == [("ADDED", JOB, "Pending"), ("MODIFIED", JOB, "Running")]


def test_a_task_is_told_of_after_its_job_and_goes_with_it() -> None:
    mirror = Mirror("alice")
    said = heard(mirror)
    mirror.take(at(12, task("C", phase="Pending")))
    mirror.take(at(13, task("C", phase="Running")))
    assert mirror.objects(KusciaTask) == []
    mirror.take(at(11, job("C", phase="Running")))
    assert said == [("ADDED", JOB, "Running"), ("ADDED", TASK, "Running")]
    mirror.take(WatchEvent("DELETED", job("C")))
    assert said[2:] == [("DELETED", JOB, ""), ("DELETED", TASK, "")]


def test_another_job_of_the_same_name_is_another_job() -> None:
    mirror = Mirror("alice")
    said = heard(mirror)
    again = job("C", phase="Pending")
    again["metadata"]["uid"] = "another"
    mirror.take(at(20, job("C", phase="Succeeded", completionTime=UNTIL)))
    mirror.take(at(5, again))
    mirror.take(WatchEvent("DELETED", job("C")))  # of the first one, and late
    assert [kind for kind, *_ in said] == ["ADDED", "DELETED", "ADDED"]
    kept = mirror.get(KusciaJob, JOB)
    assert kept
    assert kept.metadata.uid == "another"


def test_a_list_says_what_is_gone_and_what_cannot_be_read() -> None:
    mirror = Mirror("alice")
    mirror.take(at(1, job("C", phase="Running")))
    mirror.take(at(2, job("C", phase="Running", name="other")))
    broken = job("C", name="broken")
    del broken["spec"]["tasks"]
    said = heard(mirror)
    (error,) = mirror.replace(KusciaJob, [at(1, job("C", phase="Running")).object, broken])
    assert "KusciaJob broken cannot be read: spec.tasks" in str(error)
    assert said == [("DELETED", "other", "")]


def test_the_last_words_of_tasks_come_before_the_end_of_their_job() -> None:
    order: list[str] = []
    mirror = Mirror("alice", lambda ending: order.append(f"before the end of {ending.name}"))
    mirror.subscribe(lambda change: order.append(_phase(change.new)))
    mirror.take(at(1, job("C", phase="Running")))
    mirror.take(at(2, job("C", phase="Succeeded", completionTime=UNTIL)))
    mirror.take(at(3, job("C", phase="Succeeded", completionTime=UNTIL, lastReconcileTime=UNTIL)))
    assert order == ["Running", f"before the end of {JOB}", "Succeeded", "Succeeded"]
    mirror.take(at(4, job("C", phase="Succeeded", completionTime=UNTIL, name="long-over")))
    assert order[4:] == ["Succeeded"], "what was over before it was known is not asked about"


def test_without_the_sdk_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "docker", None)
    with pytest.raises(EngineError, match=r'pip install "kuscia_nb\[docker\]"'):
        kn.connect("docker")
