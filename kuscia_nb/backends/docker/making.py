"""What is made on an engine, and found there: images, networks, volumes, containers, files in them. Each is one step.

All of it carries the label of the cluster it is made for. What has none was made by others, and is not removed.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any, BinaryIO, NamedTuple, cast

from ...errors import EngineError
from .complaints import in_our_words
from .engine import CLUSTER, Engine, Started
from .exec import collect

_BLOCK = 2**20
_LIMIT = 120.0
"""Seconds that a throw-away container may take to start, and be silent for."""
Tell = Callable[[str], None]
"""Takes what there is to say of something that takes long."""


class Listed(NamedTuple):
    """A container in a list."""

    state: str
    networks: frozenset[str]
    image: str
    cluster: str
    """What brought it up here; empty, if others did."""


class Image(NamedTuple):
    """An image's name, as it is asked for."""

    repository: str
    tag: str

    @classmethod
    def read(cls, text: str, tag: str = "latest") -> Image:
        """Of `repository[:tag]`: a colon may also stand in a registry's address."""
        place, slash, name = text.rpartition("/")
        name, _, own = name.partition(":")
        if not name or text.strip() != text or "@" in text:
            raise EngineError(f"{text!r} is no image", hint="such as registry.example.com:5000/kuscia:1.1.0b0")
        return cls(place + slash + name, own or tag)

    def __str__(self) -> str:
        return f"{self.repository}:{self.tag}"


# --- images -----------------------------------------------------------------------------------------------------------


def has_image(engine: Engine, image: Image) -> bool:
    """Whether the engine has it."""
    with engine.asking(str(image)):
        return bool(engine.api.images(name=str(image)))


def pull(engine: Engine, image: Image, tell: Tell) -> None:
    """Fetch an image from its registry; `tell` hears how much of its layers is there."""
    layers: dict[str, tuple[int, int]] = {}
    with engine.asking(str(image)):
        for said in engine.api.pull(image.repository, tag=image.tag, stream=True, decode=True):
            if "error" in said:
                raise in_our_words(str(said["error"]), engine.host, str(image))
            detail = said.get("progressDetail") or {}
            if said.get("status") == "Downloading" and detail.get("total"):
                layers[said["id"]] = detail["current"], detail["total"]
            elif said.get("status") in ("Download complete", "Pull complete") and said.get("id") in layers:
                layers[said["id"]] = layers[said["id"]][1], layers[said["id"]][1]
            if layers:
                have, all = (sum(part) / 1e6 for part in zip(*layers.values(), strict=True))
                tell(f"{have:,.0f} of {all:,.0f} MB in {len(layers)} layers")


@contextmanager
def saved(engine: Engine, image: Image) -> Iterator[BinaryIO]:
    """An image as an archive, read while the engine writes it: no file of it is made here."""
    with engine.patient() as api, engine.asking(str(image)):
        blocks = api.get_image(str(image), chunk_size=_BLOCK)
        try:
            yield cast(BinaryIO, _Archive(blocks))
        finally:
            blocks.close()


class _Archive:
    """Blocks, as what is read from."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks

    def read(self, size: int = -1) -> bytes:
        """The next block, whatever its size; nothing at the end."""
        return next(self._blocks, b"")


# --- networks and volumes ---------------------------------------------------------------------------------------------


def networks(engine: Engine, name: str) -> list[str]:
    """The identities of the networks that are called so: an engine may have two, and its own search is by a part."""
    with engine.asking(name):
        return [one["Id"] for one in engine.api.networks(names=[name]) if one["Name"] == name]


def make_network(engine: Engine, name: str, cluster: str) -> None:
    """Make a bridge; engines before API 1.44 would make a second one of the name without a word."""
    with engine.asking(name):
        engine.api.create_network(name, driver="bridge", check_duplicate=True, labels={CLUSTER: cluster})


def has_volume(engine: Engine, name: str) -> bool:
    """Whether there is one."""
    with engine.asking(name):
        found = engine.api.volumes(filters={"name": name})["Volumes"] or ()
    return any(one["Name"] == name for one in found)


def make_volume(engine: Engine, name: str, cluster: str) -> None:
    """Make a volume."""
    with engine.asking(name):
        engine.api.create_volume(name, labels={CLUSTER: cluster})


# --- containers -------------------------------------------------------------------------------------------------------


def listed(engine: Engine) -> dict[str, Listed]:
    """All containers by name, also those that do not run."""
    with engine.asking():
        found = engine.api.containers(all=True)
    return {
        one["Names"][0].lstrip("/"): Listed(
            one["State"],
            frozenset(one["NetworkSettings"]["Networks"]),
            one["Image"],
            (one.get("Labels") or {}).get(CLUSTER, ""),
        )
        for one in found
    }


def make_container(
    engine: Engine,
    name: str,
    image: Image,
    cluster: str,
    *,
    command: list[str] | None = None,
    hostname: str | None = None,
    environment: Mapping[str, str] | None = None,
    **how: Any,
) -> None:
    """Make a container, which does not run yet; `how` is what the SDK's host configuration takes."""
    with engine.asking(name):
        engine.api.create_container(
            str(image),
            command,
            name=name,
            hostname=hostname,
            environment=dict(environment or {}),
            labels={CLUSTER: cluster},
            detach=True,
            host_config=engine.api.create_host_config(**how),
        )


def start(engine: Engine, name: str) -> None:
    """Start a container's main process."""
    with engine.asking(name):
        engine.api.start(name)


def join(engine: Engine, name: str, network: str) -> None:
    """Let a container be in a network, too."""
    with engine.asking(name):
        engine.api.connect_container_to_network(name, network)


def put_file(engine: Engine, name: str, path: str, content: bytes) -> None:
    """Write a file of root's into a container, which need not run. Its folder has to be there, and no tmpfs."""
    folder, _, file = path.rpartition("/")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo(file)
        entry.size, entry.mode = len(content), 0o600
        archive.addfile(entry, io.BytesIO(content))
    with engine.asking(name):
        engine.api.put_archive(name, folder, packed.getvalue())


def output_of(engine: Engine, name: str, image: Image, cluster: str, command: list[str]) -> bytes:
    """What a program prints, in a throw-away container of this name without a network. Nobody else keeps it.

    EngineError, if it fails; what it has complained about is in it, and not what it has heard.
    """
    remove(engine, name)
    try:
        make_container(
            engine,
            name,
            image,
            cluster,
            command=command,
            network_mode="none",
            log_config={"type": "none", "config": {}},
        )
        with engine.asking(name):
            carrier = engine.api.attach_socket(name, {"stdout": 1, "stderr": 1, "stream": 1})
            with closing(Started(engine, name, "", carrier)) as started:
                engine.api.start(name)
                heard = collect(started, _LIMIT)
            code = engine.api.wait(name)["StatusCode"]
    finally:
        remove(engine, name)
    if code:
        why = heard.err.decode("utf-8", "replace").strip()[-300:] or f"exit code {code}"
        raise EngineError(f"{' '.join(command[:3])} fails: {why}", where=f"a container of {image}")
    return heard.out


def remove(engine: Engine, name: str) -> None:
    """Remove a container, whatever it does; nothing, if there is none."""
    if name in listed(engine):
        with engine.asking(name):
            engine.api.remove_container(name, v=True, force=True)


def remove_all(engine: Engine, cluster: str, network: str, service: str) -> list[str]:
    """Remove what was made for a cluster; with the last of its users go the network and the service in it, if ours.

    Returns the names of what is gone.
    """
    gone = [name for name, one in listed(engine).items() if one.cluster == cluster and name != service]
    for name in gone:
        remove(engine, name)
    with engine.asking():
        volumes = engine.api.volumes(filters={"label": f"{CLUSTER}={cluster}"})["Volumes"] or ()
        for volume in volumes:
            engine.api.remove_volume(volume["Name"])
        here = listed(engine)
        if not [name for name, one in here.items() if network in one.networks and name != service]:
            if service in here and here[service].cluster:
                remove(engine, service)
                gone.append(service)
                here.pop(service)
            if not [name for name, one in here.items() if network in one.networks]:
                for ours in engine.api.networks(names=[network], filters={"label": CLUSTER}):
                    engine.api.remove_network(ours["Id"])
                    gone.append(network)
    return [*gone, *(volume["Name"] for volume in volumes)]
