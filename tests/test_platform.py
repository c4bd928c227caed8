"""Any BFIA node by its port: here it is a node of this package, on a real port, that knows nothing of who asks."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from test_cluster import ALICE, BOB, put_own, until
from test_storage import small

import kuscia_nb as kn
from kuscia_nb.backends import platform
from kuscia_nb.bfia.translate import request_bytes
from kuscia_nb.connection import disconnect
from kuscia_nb.control.accepting import offers
from kuscia_nb.control.manifest import from_dict
from kuscia_nb.errors import JobError, JobFailed, JobStopped, KusciaError, ManifestError
from kuscia_nb.views.status import status


def request(nodes: kn.Cluster, name: str, **options: Any) -> dict[str, Any]:
    """The small job as a request; with `second`, followed by another task of that name."""
    second = options.pop("second", None)
    manifest: Any = small(name, **options)
    if second:
        first = manifest["spec"]["tasks"][0]
        config = json.loads(first["taskInputConfig"]) | {"name": second}
        task = {"alias": second, "dependencies": [first["alias"]], "taskInputConfig": json.dumps(config)}
        manifest["spec"]["tasks"].append(first | task)
    return json.loads(request_bytes(from_dict(manifest), {"ss-lr": "latest"}, offers(nodes.at("alice").store)))


@pytest.fixture
def nodes() -> Iterator[kn.Cluster]:
    """Two nodes whose ports are open."""
    cluster = kn.connect("local")
    put_own(cluster, "own", alice=ALICE, bob=BOB)
    cluster.up_http(0)
    yield cluster
    disconnect()


@pytest.fixture
def there(nodes: kn.Cluster, monkeypatch: pytest.MonkeyPatch) -> kn.Cluster:
    """Alice's node, by its port alone."""
    monkeypatch.setattr(platform, "POLL", 0.05)
    return kn.connect(nodes.http["alice"])


def test_a_job_is_submitted_and_followed(nodes: kn.Cluster, there: kn.Cluster) -> None:
    assert kn.connect() is there, "the magics work with it from then on"
    job = there.submit(request(nodes, "job-told", second="ss_lr_2"))
    job.wait(60)
    theirs = nodes.job("job-told")
    assert list(job.tasks["task"]) == list(theirs.tasks.query("node == 'alice'")["task"])
    assert list(job.tasks["alias"]) == ["ss_lr_1", "ss_lr_2"]
    assert set(job.tasks["phase"]) == {"Succeeded"}
    assert there.jobs()[["name", "phase"]].to_numpy().tolist() == [["job-told", "Succeeded"]]
    assert "job-told" in job._repr_mimebundle_()["text/plain"]
    assert "others run it" in repr(status(there))
    with pytest.raises(JobError, match="was submitted from here already"):
        there.submit(request(nodes, "job-told"))
    disconnect()
    other = kn.connect("local")
    assert other is not nodes


def test_a_job_that_fails_and_one_that_is_stopped(nodes: kn.Cluster, there: kn.Cluster) -> None:
    put_own(nodes, "own", alice=ALICE, bob=BOB.assign(**{BOB.columns[0]: "one"}))
    failed = there.submit(request(nodes, "job-fails"))
    with pytest.raises(JobFailed, match="a task failed at 127"):
        failed.wait(60)
    put_own(nodes, "own", alice=ALICE, bob=BOB)
    long = there.submit(request(nodes, "job-long", num_epoch=100_000))
    while long.phase != "Running":
        assert not long.ended()
    long.stop()
    with pytest.raises((JobStopped, JobFailed)):
        long.wait(60)
    assert nodes.job("job-long").ended()


def test_what_the_node_refuses_is_told(nodes: kn.Cluster, there: kn.Cluster) -> None:
    nodes.apply(small("job-taken")).wait()
    with pytest.raises(JobError, match=r"did not take the job: .*Job already exists"):
        there.submit(request(nodes, "job-taken"))
    wrong = request(nodes, "job-wrong")
    del wrong["dag"]
    with pytest.raises(ManifestError, match="dag"):
        there.submit(wrong)
    assert there.jobs().empty
    nodes.down_http()
    with pytest.raises(JobError, match=r"did not take the job: .* is unreachable"):
        there.submit(request(nodes, "job-unheard"))


def test_a_node_that_falls_silent_is_given_up(
    nodes: kn.Cluster, there: kn.Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "LIMIT", 0.5)
    job = there.submit(request(nodes, "job-silent", num_epoch=100_000))
    nodes.down_http()
    with pytest.raises(JobFailed, match=r"no news for 0.5 s: .* is unreachable.* The job may go on there"):
        job.wait(60)
    nodes.delete("job-silent")


class Waiting(BaseHTTPRequestHandler):
    """A Kuscia whose jobs wait for ever, but for those called job-done (spec: kuscia §3.3, §7)."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.say({"status": "PENDING"})

    def do_GET(self) -> None:
        self.say({"status": {"job-done-0123456789ab": "SUCCESS"} if "job-done" in self.path else {}})

    def say(self, data: object) -> None:
        body = json.dumps({"code": 200, "msg": "", "data": data}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is said."""


def test_that_a_job_waits_without_a_word_is_said_of_each(nodes: kn.Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "POLL", 0.05)
    monkeypatch.setattr(platform, "LIMIT", 0.2)
    with HTTPServer(("127.0.0.1", 0), Waiting) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        there = kn.connect(f"http://127.0.0.1:{server.server_port}")
        assert there.submit(request(nodes, "job-done")).wait(60).warnings == []
        waits = there.submit(request(nodes, "job-waits"))
        until(lambda: bool(waits.warnings))
        assert "nothing is known of a task of this job after 0.2 s" in waits.warnings[0]
        assert waits.phase == "Pending"
        there.close()
        server.shutdown()
        thread.join()


def test_everything_else_is_one_error(nodes: kn.Cluster, there: kn.Cluster) -> None:
    job = there.submit(request(nodes, "job-plain")).wait()
    node = there.node
    refused = {
        "no manifests": lambda: there.apply(small("job-manifest")),
        "no such option": lambda: there.submit(request(nodes, "job-seeded"), seed=3),
        "no deletion": job.delete,
        "no results": job.weights,
        "no messages": lambda: job.trace,
        "no kubectl": lambda: there.kubectl("get kj"),
        "no files": lambda: there.put(node, "own.csv", ALICE),
        "no logs, nor what": lambda: job.env("bob"),
        "no logs": lambda: job.logs("alice"),
    }
    for what, ask in refused.items():
        with pytest.raises(KusciaError, match=f"BFIA's API has {what}"):
            ask()
    with pytest.raises(KusciaError, match="is open already"):
        there.up_http()


def test_who_may_be_asked(nodes: kn.Cluster) -> None:
    with pytest.raises(KusciaError, match="can be read and changed on the way"):
        kn.connect("http://alice.example:8084")
    with pytest.raises(KusciaError, match="is not the address of a node"):
        kn.connect("https://")
    with pytest.raises(KusciaError, match="has no user and no password") as refused:
        kn.connect("http://ann:s3cret@127.0.0.1:8084")
    assert "s3cret" not in str(refused.value)
    with pytest.raises(KusciaError, match="is not the address of a node"):
        kn.connect("http://")
    with pytest.raises(KusciaError, match="listen: for a node alone"):
        kn.connect("http://127.0.0.1:8084", listen="127.0.0.1:8085")
    with pytest.raises(KusciaError, match="a token is shown to a BFIA node"):
        kn.connect("local", token="x")
    nodes.down_http()
    url = nodes.up_http(0, token=True)["alice"]
    with pytest.raises(JobError, match="did not take the job: response status code: 401"):
        kn.connect(url).submit(request(nodes, "job-token"))
    kn.connect(url, token=nodes.http_token).submit(request(nodes, "job-token")).wait(60)
