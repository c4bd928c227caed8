"""Our own node as an image, built from its Dockerfile, and containers of it as containers/node/compose.yaml has them.

The Dockerfile's base is made here, of what this machine runs with, because a test asks no registry: the interpreter,
what the node needs of the packages that the tests run in, and Debian's busybox.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import docker
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
HERE = ROOT / "containers" / "node"
BASE, IMAGE = "kuscia-nb-base", "kuscia-nb-node"
_BUSYBOX = Path("/bin/busybox")
_LEFT_OUT = re.compile(r"/(site-packages|test|tests|idlelib|ensurepip|tkinter|turtledemo|__pycache__)(/|$)|\.a$")


def build(client: docker.DockerClient) -> None:
    """Make the image, as `docker build` does."""
    with NamedTemporaryFile(suffix=".tar") as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            _lay_out(archive)
        file.flush()
        client.api.import_image_from_file(file.name, repository=BASE, tag="latest")
    client.images.build(
        path=str(ROOT), dockerfile=str(HERE / "Dockerfile"), tag=IMAGE, buildargs={"BASE": BASE}, rm=True
    )


def _lay_out(archive: tarfile.TarFile) -> None:
    prefix = Path(sys.base_prefix)
    library = prefix / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    for folder in ("bin", "usr", "usr/local/bin", "etc", "proc", "sys", "dev", "home"):
        _add_folder(archive, folder, 0o755)
    _add_folder(archive, "tmp", 0o1777)
    archive.add(_BUSYBOX, "bin/busybox")
    applets = subprocess.run([_BUSYBOX, "--list"], check=True, capture_output=True, text=True).stdout.split()
    for applet in set(applets) - {"busybox"}:
        _add_link(archive, f"bin/{applet}", "busybox")
    _add_link(archive, "usr/bin", "../bin")
    python = Path(sys.executable).resolve()
    archive.add(python, _inside(python))
    _add_link(archive, "bin/python3", str(python))
    archive.add(library, _inside(library), filter=lambda entry: None if _LEFT_OUT.search(entry.name) else entry)
    extensions = [python, *library.glob("lib-dynload/*.so")]
    for name in _needed(["pip", *_required()]):
        for source, target in _files(distribution(name), library / "site-packages"):
            archive.add(source, _inside(target), recursive=False)
            if source.suffix == ".so":
                extensions.append(source)
    for shared in _libraries(extensions):
        if not shared.is_relative_to(library):
            archive.add(shared.resolve(), _inside(shared))


def _required() -> Iterator[str]:
    for line in (HERE / "requirements.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            yield re.split(r"[<>=]", line)[0]


def _needed(names: list[str]) -> set[str]:
    """These distributions, and what they need here."""
    from packaging.requirements import Requirement

    found, wanted = set[str](), list(names)
    while wanted:
        if (name := wanted.pop().lower()) not in found:
            found.add(name)
            asked = map(Requirement, distribution(name).requires or ())
            wanted += [one.name for one in asked if one.marker is None or one.marker.evaluate({"extra": ""})]
    return found


def _files(found: Distribution, packages: Path) -> Iterator[tuple[Path, Path]]:
    """A distribution's files, and where they go: programs to where they are found."""
    for file in found.files or ():
        source = Path(str(found.locate_file(file)))
        if not source.is_file() or _LEFT_OUT.search(f"/{file.parent}/"):
            continue
        program = file.parts[0] == ".."
        yield source, Path("/usr/local/bin", file.name) if program else packages / str(file)


def _libraries(files: list[Path]) -> set[Path]:
    """The shared libraries of these, and the loader."""
    said = subprocess.run(["ldd", *map(str, files)], capture_output=True, text=True).stdout
    found = re.findall(r"(?:=> |^\s+)(/\S+) \(0x", said, re.M)
    return {Path(one) for one in found if "site-packages" not in one}


def _inside(path: Path) -> str:
    return str(path).lstrip("/")


def _add_folder(archive: tarfile.TarFile, name: str, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = tarfile.DIRTYPE, mode
    archive.addfile(entry)


def _add_link(archive: tarfile.TarFile, name: str, target: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    archive.addfile(entry)


# --- containers ------------------------------------------------------------------------------------------------------


class Composed:
    """What `docker compose up` makes of compose.yaml, so far as that file needs it; `down` takes all of it away."""

    def __init__(self, client: docker.DockerClient) -> None:
        self._client = client
        self._file: dict[str, Any] = YAML(typ="safe").load((HERE / "compose.yaml").read_text())
        self._made: list[Any] = []
        self.containers: dict[str, Any] = {}
        for name, how in self._file["networks"].items():
            self._made.append(client.networks.create(name, internal=how["internal"], check_duplicate=True))
        for name in self._file["volumes"]:
            self._made.append(client.volumes.create(name))
        self._start("setup")
        assert self.containers["setup"].wait()["StatusCode"] == 0, self.containers["setup"].logs().decode()
        for service in self._file["services"]:
            if service != "setup":
                self._start(service)

    def _start(self, service: str) -> None:
        said = dict(self._file["services"][service])
        said.pop("depends_on", None)
        name, networks = said.pop("container_name", f"kuscia-nb-{service}"), said.pop("networks", [])
        command, tmpfs = said.pop("command", None), dict.fromkeys(said.pop("tmpfs"), "")
        places = (one.split(":") for one in said.pop("volumes"))
        volumes = {volume: {"bind": place, "mode": "rw"} for volume, place in places}
        words = shlex.split(command) if isinstance(command, str) else command
        create: Any = self._client.containers.create
        container = create(name=name, command=words, volumes=volumes, tmpfs=tmpfs, **said)
        for network in networks:
            self._client.networks.get("bridge").disconnect(container)
            self._client.networks.get(network).connect(container, aliases=[service])
        self.containers[service] = container
        container.start()

    def down(self) -> None:
        for container in self.containers.values():
            container.remove(force=True)
        for made in self._made:
            made.remove()
