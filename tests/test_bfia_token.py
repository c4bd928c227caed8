"""Who may call a node's port, and what they see: with a token, and without."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from test_cluster import ALICE, BOB, put_own
from test_storage import small

import kuscia_nb as kn
from kuscia_nb.bfia.handlers import ROUTES
from kuscia_nb.bfia.http import http_transport
from kuscia_nb.bfia.wire import Request
from kuscia_nb.errors import KusciaError
from kuscia_nb.views.status import status


def calls(cluster: kn.Cluster, job: kn.Job) -> Iterator[tuple[str, Request]]:
    """Every call of every node, about a job and its task."""
    task = next(iter(job.tasks["task"]))
    body = {"job_id": job.name, "task_id": task, "task_name": "ss_lr_1", "role": "", "componentName": "ss_lr"}
    for url in cluster.http.values():
        for method, path in ROUTES:
            query = f"?job_id={job.name}&task_id={task}&log_level=debug&start=0&length=100"
            asked = f"{path}{query}" if method == "GET" else path
            yield url, Request(method, asked, {"Content-Type": "application/json"}, json.dumps(body).encode())


def test_with_a_token_nobody_calls_without_it(tmp_path: Path) -> None:
    with kn.connect(storage=tmp_path) as cluster:
        cluster.up_http(0, token=True)
        token = cluster.http_token
        assert len(token) >= 32
        put_own(cluster, "own", alice=ALICE, bob=BOB)
        job = cluster.apply(small("tokens")).wait(60)  # the nodes call each other with it
        told = str([*job.events]) + str(job.exchanges.to_dict()) + repr(status(cluster)) + job.logs("alice")
        assert token not in told
        url = cluster.http["alice"]
        for at, request in calls(cluster, job):
            for wrong in (
                "",
                token,
                f"Basic {token}",
                f"Bearer {token[:-1]}",
                f"Bearer {token}x",
                "Bearer",
                "Bearer é",
            ):
                headers = {**request.headers, "Authorization": wrong.encode().decode("latin-1")} if wrong else {}
                answer = http_transport(at)(request._replace(headers=headers))
                assert (answer.status, b"token" in answer.body) == (401, True)
        assert http_transport(url)(Request("GET", "/openapi.json", {})).status == 401
        assert http_transport(url, token=token)(Request("GET", "/openapi.json", {})).status == 200
        assert job.phase == "Succeeded", "nobody has stopped or deleted it"
        cluster.down_http()
        assert cluster.http_token == ""
        cluster.up_http(0)
        assert http_transport(cluster.http["alice"])(Request("GET", "/openapi.json", {})).status == 200
        with pytest.raises(KusciaError, match="open already, and ask for no token"):
            cluster.up_http(token=True)


def test_who_calls_without_a_token_sees_states_but_no_data_no_files_and_no_errors(tmp_path: Path) -> None:
    with kn.connect(storage=tmp_path) as cluster:
        cluster.up_http(0)
        secret = pd.DataFrame({"salary-of-eve": [0.5, "cell-of-eve"] * 10, "y": [0, 1] * 10})
        put_own(cluster, "file-of-eve", alice=secret, bob=BOB)
        manifest = json.dumps(small("failing")).replace("own.csv", "file-of-eve.csv")
        job = cluster.apply(manifest)
        with pytest.raises(KusciaError, match="cell-of-eve"):
            job.wait(60)
        seen = b"".join(http_transport(url)(request).body for url, request in calls(cluster, job))
        assert b"logs are for who shows a token" in seen
        assert b"FAILED" in seen
        for secret_text in (b"of-eve", str(tmp_path).encode(), b"DataError", b"line 3"):
            assert secret_text not in seen
