"""A client that is generated from a node's OpenAPI document orders a job, and reads what the node says of it."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from bfia_nodes import TUTORIAL, standard, tutorial
from test_scheduler import until

import kuscia_nb as kn
from kuscia_nb.bfia.openapi import document

PACKAGE = "client_of_a_node"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], ModuleType]]:
    """The modules of the generated package, by their names."""
    folder = tmp_path_factory.mktemp("generated")
    (folder / "openapi.json").write_text(json.dumps(document()))
    (folder / "config.yaml").write_text("post_hooks: []\n")
    line = [sys.executable, "-m", "openapi_python_client", "generate", "--path", "openapi.json", "--config"]
    line += ["config.yaml", "--meta", "none", "--output-path", PACKAGE, "--fail-on-warning"]
    subprocess.run(line, cwd=folder, check=True, capture_output=True, text=True, timeout=120)
    sys.path.insert(0, str(folder))
    yield lambda name: importlib.import_module(f"{PACKAGE}.{name}")
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kn.Cluster]:
    with kn.connect(storage=tmp_path_factory.mktemp("nodes")) as cluster:
        cluster.up_http(0)
        yield cluster


class Caller:
    """Calls a node's operations by their ids."""

    def __init__(self, modules: Callable[[str], ModuleType], url: str) -> None:
        self.modules = modules
        self.url = url
        self.tags = {
            operation["operationId"]: operation["tags"][0].lower().replace(" ", "_")
            for methods in document()["paths"].values()
            for operation in methods.values()
        }

    def __call__(self, operation: str, **arguments: Any) -> Any:
        module = self.modules(f"api.{self.tags[operation]}.{operation}")
        with self.modules("client").Client(base_url=self.url, httpx_args={"trust_env": False}) as client:
            return module.sync(client=client, **arguments)

    def message(self, name: str, data: dict[str, Any]) -> Any:
        return getattr(self.modules("models"), name).from_dict(data)


def test_each_operation_has_an_id_of_its_own_and_a_function(client: Callable[[str], ModuleType]) -> None:
    described = [(path, method, one) for path, ones in document()["paths"].items() for method, one in ones.items()]
    ids = [operation["operationId"] for _, _, operation in described]
    assert len(set(ids)) == len(ids) == 22
    caller = Caller(client, "http://localhost")
    for path, method, operation in described:
        module = client(f"api.{caller.tags[operation['operationId']]}.{operation['operationId']}")
        assert callable(module.sync)
        assert operation["operationId"] == f"{method}{path}".replace("/", "_")


def test_a_job_ordered_by_the_generated_client(client: Callable[[str], ModuleType], cluster: kn.Cluster) -> None:
    alice, bob = (Caller(client, cluster.http[node]) for node in ("alice", "bob"))
    assert alice("get_v1_interconn_node_health").status == "ok"
    assert bob("get_v1_interconn_node_query").data.node_id == "bob"
    body = alice.message("CreateJobRequest", json.loads(TUTORIAL))
    created = alice("post_v1_interconn_schedule_job_create", body=body)
    assert (created.code, created.data.status) == (200, "PENDING")
    cluster.job("job-ss-lr").wait(60)
    found = bob("get_v1_interconn_schedule_job_status_all", job_id="job-ss-lr")
    assert set(found.data.status.to_dict().values()) == {"SUCCESS"}
    again = alice("post_v1_interconn_schedule_job_create", body=body)
    assert (again.code, again.msg) == (400, "Job already exists")


def test_a_job_in_the_standards_dialect(client: Callable[[str], ModuleType], cluster: kn.Cluster) -> None:
    alice = Caller(client, cluster.http["alice"])
    body = alice.message("CreateJobRequest", standard(tutorial()))
    made = alice("post_v1_platform_schedule_job_create_all", body=body)
    assert (made.code, made.msg) == (0, "success")
    name = made.data.job_id

    def over() -> bool:
        return alice("get_v1_platform_schedule_job_status_all", job_id=name).data.job_status == "FINISHED"

    until(over)
    assert cluster.job(name).wait(10).phase == "Succeeded"
    listed = alice("get_v1_platform_schedule_job_query_job_list", flow_id="").data.job_list.to_dict()
    assert listed[name] == "FINISHED"
    wrong = alice("post_v1_interconn_schedule_job_stop", body=alice.message("StopJobRequest", {"job_id": "x"}))
    assert wrong.msg == "job does not exist"
