"""Images from a real registry, Debian's docker-registry on loopback, and what is said if they do not come."""

from __future__ import annotations

import http.client
import secrets
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import bringable
import docker
import pytest
from scripted import pack, until

from kuscia_nb.backends.docker import bringup, making
from kuscia_nb.backends.docker.engine import Engine
from kuscia_nb.backends.docker.making import Image
from kuscia_nb.backends.docker.plan import Plan
from kuscia_nb.errors import EngineError

pytestmark = pytest.mark.docker

_CONFIGURATION = """
version: 0.1
storage: {{filesystem: {{rootdirectory: {folder}}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


def unused() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """Its address. Docker asks what is on loopback without TLS."""
    port = unused()
    file = tmp_path / "registry.yml"
    file.write_text(_CONFIGURATION.format(folder=tmp_path / "images", port=port))
    with (tmp_path / "log").open("w") as log:
        running = subprocess.Popen(["docker-registry", "serve", str(file)], stdout=log, stderr=log)
    try:
        until(lambda: answers(port), "the registry is up")
        yield f"127.0.0.1:{port}"
    finally:
        running.kill()
        running.wait()


def answers(port: int) -> bool:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as asked, suppress(OSError):
        asked.request("GET", "/v2/")
        return asked.getresponse().status == 200
    return False


def test_an_image_is_pulled_and_its_layers_are_told_of(
    client: docker.DockerClient, engine: Engine, registry: str
) -> None:
    image = Image.read(f"{registry}/kuscia:1.1.0b0")
    assert (image.repository, image.tag) == (f"{registry}/kuscia", "1.1.0b0")
    layer = pack({"random": secrets.token_hex(2**20)}, ())  # one that no other image of the engine has
    client.api.import_image_from_data(layer, repository=image.repository, tag=image.tag)
    client.api.push(image.repository, tag=image.tag)
    client.images.remove(str(image), force=True)
    assert not making.has_image(engine, image)
    told: list[str] = []
    making.pull(engine, image, told.append)
    assert making.has_image(engine, image)
    have, all = told[-1].split(" MB")[0].split(" of ")
    assert have == all
    assert told[-1].endswith("in 1 layers")

    wrong = Image.read(f"{registry}/kuscia:9.9.9")
    with pytest.raises(EngineError, match=f"there is no image {wrong} in its registry: the tag is unknown") as caught:
        making.pull(engine, wrong, told.append)
    assert "--image" in caught.value.hint
    with pytest.raises(EngineError, match=r"no image .*/nobody:1 in its registry|does not give away .*/nobody:1"):
        making.pull(engine, Image.read(f"{registry}/nobody:1"), told.append)
    client.images.remove(str(image), force=True)


def test_a_registry_that_cannot_be_reached(client: docker.DockerClient, engine: Engine) -> None:
    image = f"127.0.0.1:{unused()}/kuscia:1.1.0b0"
    with pytest.raises(EngineError, match=r"the engine cannot reach the registry of .*connection refused") as caught:
        bringup.up(engine, Plan.read(name="demo", image=image), lambda text: None)
    assert caught.value.where == f"while pulling {image}"
    with pytest.raises(EngineError, match=r"cannot reach the registry of registry\.invalid/kuscia:1\.1\.0b0"):
        making.pull(engine, Image.read("registry.invalid/kuscia:1.1.0b0"), lambda text: None)
    assert not [name for name in making.listed(engine) if name.startswith("demo")]


def test_names_that_are_taken(client: docker.DockerClient, engine: Engine) -> None:
    bringable.make(client, "scripted/kuscia:1.1.0b0", "1.1.0b0")
    image = Image.read("scripted/kuscia:1.1.0b0")
    theirs = client.containers.create(str(image), name="demo-kuscia-autonomy-alice")
    network = client.networks.create("kuscia-exchange")
    try:
        with pytest.raises(EngineError, match="there is a container demo-kuscia-autonomy-alice already"):
            making.make_container(engine, "demo-kuscia-autonomy-alice", image, "demo")
        with pytest.raises(EngineError, match=r"demo-kuscia-autonomy-alice is there, and was not brought up") as caught:
            bringup.up(engine, Plan.read(name="demo", image=str(image)), lambda text: None)
        assert "--name" in caught.value.hint
        with pytest.raises(EngineError, match="more than one network kuscia-exchange"):
            making.make_network(engine, "kuscia-exchange", "demo")
        assert "demo-kuscia-autonomy-alice" not in bringup.down(engine, "demo")
    finally:
        theirs.remove(force=True)
        network.remove()


def test_a_port_that_is_taken_is_said(client: docker.DockerClient, engine: Engine) -> None:
    bringable.make(client, "scripted/ttp-server:1", "-")
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        client.containers.create("scripted/ttp-server:1", name="taken", ports={"9449/tcp": ("127.0.0.1", port)})
        try:
            with pytest.raises(EngineError, match="taken cannot start, for its port is taken") as caught:
                making.start(engine, "taken")
            assert str(port) in caught.value.what
            assert "docker rm taken" in caught.value.hint
        finally:
            making.remove(engine, "taken")
    assert "taken" not in making.listed(engine)
