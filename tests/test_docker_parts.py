"""What of the Docker backend needs no engine: streams cut anywhere, what a mirror makes of what it hears, and lines."""

from __future__ import annotations

import json
import re
import sys
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kuscia_objects import JOB, TASK, UNTIL, job, task

import kuscia_nb as kn
from kuscia_nb.backends.docker.complaints import in_our_words
from kuscia_nb.backends.docker.engine import Engine
from kuscia_nb.backends.docker.exec import Frames
from kuscia_nb.backends.docker.mirror import Mirror, WatchEvent, WatchEvents
from kuscia_nb.backends.docker.plan import Plan
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


# --- what is brought up, and what an engine complains about ----------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ({"image": "registry.local:5000/k", "version": "0.15.0b0"}, "registry.local:5000/k:0.15.0b0"),
        ({"image": "localhost/kuscia:2.0.0b0"}, "localhost/kuscia:2.0.0b0"),
        ({"version": "0.5.0b0"}, "secretflow-registry.cn-hangzhou.cr.aliyuncs.com/secretflow/kuscia:0.5.0b0"),
        ({}, "secretflow-registry.cn-hangzhou.cr.aliyuncs.com/secretflow/kuscia:1.1.0b0"),
    ],
)
def test_which_image_is_meant(said: dict[str, str], what: str) -> None:
    assert str(Plan.read(name="demo", **said).kuscia) == what


@pytest.mark.parametrize(("text", "bytes"), [("6GiB", 6 << 30), ("512m", 512 << 20), ("1.5g", 3 << 29), ("-1", None)])
def test_memory_is_read_as_docker_reads_it(text: str, bytes: int | None) -> None:
    assert Plan.read(name="demo", memory=text).memory == bytes


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ({"version": "0.8.0b0"}, "in which BFIA jobs wait for ever"),
        ({"image": "kuscia:0.14.0b0"}, "in which BFIA jobs wait for ever"),
        ({"image": "kuscia:1.0.0b0", "version": "1.1.0b0"}, "is not version 1.1.0b0"),
        ({"image": " "}, "is no image"),
        ({"memory": "much"}, "is no amount of memory"),
        ({"name": "-x"}, "is no name for containers"),
    ],
)
def test_what_cannot_be_brought_up_is_refused_before_anything_is_done(said: dict[str, str], what: str) -> None:
    with pytest.raises(EngineError, match=re.escape(what)):
        Plan.read(**{"name": "demo", **said})


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("runc create failed: unable to apply caps: operation not permitted", "privileged containers", "no rights"),
        ("no matching manifest for linux/arm64/v8 in the manifest list entries", "architecture", "x86_64"),
        ("pull access denied for x, repository does not exist or may require 'docker login'", "login", "docker login"),
        ('Get "https://r/v2/": dial tcp: lookup r on 10.0.0.1:53: no such host', "cannot reach the registry", "proxy"),
        ('Get "https://r/v2/": net/http: TLS handshake timeout', "cannot reach the registry", "network"),
        ("write /var/lib/docker/tmp/x: no space left on device", "disk is full", "docker system df"),
        ("driver failed programming external connectivity: Bind for 0.0.0.0:80 failed", "port is taken", "docker rm"),
        ('Conflict. The container name "/x" is already in use by container "1"', "there is a container", "--name"),
    ],
)
def test_complaints_whose_cause_a_test_cannot_bring_about(text: str, what: str, hint: str) -> None:
    """As engines word them; those of a real engine are in tests/docker."""
    error = in_our_words(text, "unix:///x", "thing")
    assert what in error.what
    assert re.search(hint, error.hint)


def test_an_older_engine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    docker = pytest.importorskip("docker")

    class Old:
        def version(self) -> dict[str, str]:
            return {"Version": "19.03.15"}

        def close(self) -> None:
            pass

    monkeypatch.setattr(docker, "from_env", Old)
    with pytest.raises(EngineError, match=r"the Docker engine is 19\.03\.15; Kuscia needs 20\.10\.24"):
        Engine()
