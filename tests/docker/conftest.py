"""A real Docker engine, and scripted nodes in it."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import docker
import pytest
from scripted import IMAGE, ScriptedNode, Start, image

from kuscia_nb import connection
from kuscia_nb.backends.docker.engine import Engine
from kuscia_nb.backends.docker.exec import Exec


@pytest.fixture(scope="session")
def client() -> Iterator[docker.DockerClient]:
    """The engine of DOCKER_HOST. That there is none is an error."""
    client = docker.from_env()
    client.api.import_image_from_data(image(), repository=IMAGE, tag="latest")
    yield client
    client.close()


@pytest.fixture
def engine(client: docker.DockerClient) -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.close()


@pytest.fixture
def start(client: docker.DockerClient, engine: Engine) -> Iterator[Start]:
    """Start a node of a domain and an era; all of them are gone at the end, and nothing of ours listens any more."""
    containers = []

    def begin(domain: str = "alice", era: str = "C", user: str = "tester", **options: object) -> ScriptedNode:
        name = f"{user}-kuscia-autonomy-{domain}"
        container = client.containers.run(IMAGE, ["main"], name=name, detach=True, **options)  # type: ignore[call-overload]
        containers.append(container)
        return ScriptedNode(domain, container, Exec(engine, name), era)

    yield begin
    connection.disconnect()
    for container in containers:
        container.remove(force=True)
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("kuscia_nb watches")]
    gc.collect()  # what was not closed complains now
