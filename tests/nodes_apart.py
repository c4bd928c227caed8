"""Nodes that are apart: bob's and the TTP in processes of their own, alice's wherever a test wants it."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from ports import free_ports

import kuscia_nb as kn
from kuscia_nb.backends.node import NodeBackend
from kuscia_nb.backends.settings import Settings
from kuscia_nb.cluster import Cluster
from kuscia_nb.wire.identity import Identity, make
from kuscia_nb.wire.own.transport import LIMITS, Limits

PATIENCE = 120.0
"""Seconds for what takes one or two; machines may be busy."""


@contextmanager
def process(*words: object, first: str) -> Iterator[subprocess.Popen[str]]:
    """`kuscia-nb` in a process, once it has said this; killed in the end, if it still runs."""
    command = [sys.executable, "-u", "-m", "kuscia_nb", *map(str, words)]
    kinds: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(command, text=True, **kinds) as started:
        try:
            assert started.stdout is not None
            line = started.stdout.readline()
            assert line.startswith(first), line + started.stdout.read()
            started.line = line  # type: ignore[attr-defined]
            yield started
        finally:
            started.kill()


class Apart:
    """Where everybody is, and what a node is told of it."""

    def __init__(self, folder: Path, ttp: str) -> None:
        self.folder, self.ttp = folder, ttp
        self.ports: dict[str, int] = dict(zip(("alice", "bob"), free_ports(2), strict=True))
        self.key = folder / "ttp-keys" / "public.pem"

        self.identities: dict[str, Identity] = {}
        self.hidden = ""
        """Who listens nowhere, and dials the other one."""
        self.by_way_of: dict[str, int] = {}
        """Ports at which nodes are dialled, if not at their own."""

    def certify(self) -> None:
        """Give both an identity: from now on they speak TLS, and to each other alone."""
        self.identities = {name: make(name, self.folder) for name in self.ports}

    def url(self, name: str) -> str:
        port = self.by_way_of.get(name, self.ports[name])
        return "none" if name == self.hidden else f"http{'s' if self.identities else ''}://127.0.0.1:{port}"

    def told(self, name: str) -> dict[str, Any]:
        """What `connect("node", ...)` takes."""
        (peer,) = {"alice", "bob"} - {name}
        return {
            "name": name,
            "listen": "none" if name == self.hidden else f"127.0.0.1:{self.ports[name]}",
            "peers": {peer: self.url(peer)},
            "ttp": f"http://{self.ttp}",
            "ttp_key": self.key,
            "storage": self.folder / name,
            **self._known(name, peer),
        }

    def _known(self, name: str, peer: str) -> dict[str, Any]:
        if not self.identities:
            return {}
        trusted = self.identities[peer].certificate_file
        return {"identity": self.identities[name].key_file, "trust": {peer: trusted}}

    @contextmanager
    def here(self, name: str, limits: Limits = LIMITS, **more: Any) -> Iterator[Cluster]:
        """A node in this process."""
        with Cluster(NodeBackend(Settings.read(**{**self.told(name), **more}), limits)) as cluster:
            yield cluster

    @contextmanager
    def there_applying(self, name: str, manifest: str) -> Iterator[subprocess.Popen[bytes]]:
        """A node in a process of its own, which applies this and stays; killed in the end."""
        script = (
            "import pickle, signal, sys, kuscia_nb as kn\n"
            "told, manifest = pickle.load(sys.stdin.buffer)\n"
            "kn.connect('node', **told).apply(manifest).wait()\n"
            "signal.pause()  # the partner asks how it went\n"
        )
        with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE) as started:
            try:
                assert started.stdin is not None
                started.stdin.write(pickle.dumps((self.told(name), manifest)))
                started.stdin.close()
                yield started
            finally:
                started.kill()

    @contextmanager
    def there(self, name: str, *words: object) -> Iterator[subprocess.Popen[str]]:
        """A node in a process of its own."""
        told = self.told(name)
        ((peer, url),) = told["peers"].items()
        flags = ["--listen", told["listen"], "--peer", f"{peer}={url}", "--ttp", told["ttp"], "--ttp-key", self.key]
        if self.identities:
            flags += ["--identity", told["identity"], "--trust", f"{peer}={told['trust'][peer]}"]
        with process(
            "node", "--name", name, *flags, "--storage", told["storage"], *words, first=f"{name} listens"
        ) as one:
            yield one


@contextmanager
def apart(folder: Path) -> Iterator[Apart]:
    """A TTP in a process of its own, and places for two nodes."""
    words = ("ttp", "--listen", "127.0.0.1:0", "--keys", folder / "ttp-keys")
    with process(*words, first="listening on ") as ttp:
        yield Apart(folder, ttp.line.split()[2])  # type: ignore[attr-defined]


def tutorial(name: str = "job-ss-lr", initiator: str = "alice", **common: object) -> str:
    """The tutorial's job, with these common parameters."""
    manifest = yaml.safe_load(kn.tutorial_manifest())
    manifest["metadata"]["name"] = name
    manifest["spec"]["initiator"] = initiator
    (task,) = manifest["spec"]["tasks"]
    config = json.loads(task["taskInputConfig"])
    config["task_params"]["common"] |= common
    config["initiator"] = {"role": "host" if initiator == "alice" else "guest", "node_id": initiator}
    task["taskInputConfig"] = json.dumps(config)
    return yaml.safe_dump(manifest)


def until(holds: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait for what another thread or process brings about."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it has not come about"
        time.sleep(0.02)
