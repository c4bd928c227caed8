"""A Docker engine: containers, and programs that are started in them. The only module that knows Docker's SDK.

The SDK's and the engine's errors come out as an EngineError (complaints).
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from ...errors import EngineError
from .complaints import LOCAL, in_our_words

CLUSTER = "kuscia_nb.cluster"
"""The label of all that was brought up here, and nothing else: its value is the name it was given."""
OLDEST = (20, 10)
"""What Kuscia asks of an engine is 20.10.24; distributions patch an earlier one (spec: kuscia §8)."""
_MINUTES = 1800
"""Seconds that saving a large image may take on a slow disk before its first byte."""


class Container(NamedTuple):
    """A container as it is."""

    name: str
    status: str
    """running, paused, restarting, exited, created, dead"""
    started: str
    """When its main process was last started, as the engine writes it."""
    restarts: int
    exit_code: int
    out_of_memory: bool
    image: str
    cluster: str = ""
    """What brought it up here; empty, if it was there before."""

    @property
    def why(self) -> str:
        """What there is to say of it in a sentence, if it does not run."""
        if self.status == "running":
            return f"{self.name} runs"
        times = f", for the {self.restarts}. time" if self.status == "restarting" and self.restarts else ""
        cause = (
            " after it ran out of memory" if self.out_of_memory else ": it was killed" if self.exit_code == 137 else ""
        )
        code = f" (exit code {self.exit_code})" if self.status in ("exited", "dead") else ""
        return f"{self.name} is {self.status}{times}{cause}{code}"


class Machine(NamedTuple):
    """What an engine runs on."""

    name: str
    architecture: str
    memory: int
    """Bytes."""
    rootless: bool


class Engine:
    """The engine that DOCKER_HOST names, or this machine's."""

    def __init__(self) -> None:
        try:
            import docker
        except ImportError as error:
            what = "nodes in containers need Docker's SDK for Python"
            raise EngineError(what, hint='pip install "kuscia_nb[docker]"') from error
        self.host = os.environ.get("DOCKER_HOST", "") or "this machine's socket"
        with self.asking():
            self._client = docker.from_env()
            try:
                self.version = str(self._client.version()["Version"])
            except BaseException:
                self._client.close()
                raise
        found = tuple(int(part) for part in re.findall(r"\d+", self.version)[:2])
        if found < OLDEST:
            self.close()
            raise EngineError(
                f"the Docker engine is {self.version}; Kuscia needs 20.10.24", hint=f"a newer one; {LOCAL}"
            )

    @property
    def api(self) -> Any:
        """The SDK's own functions, a call of the engine each. To be used within `asking`."""
        return self._client.api

    @contextmanager
    def patient(self) -> Iterator[Any]:
        """The same for what the engine may be silent about for minutes, as it writes gigabytes first."""
        import docker

        client = docker.from_env(timeout=_MINUTES)
        try:
            yield client.api
        finally:
            client.close()

    def containers(self) -> list[str]:
        """The names of all containers, also of those that do not run."""
        with self.asking():
            return sorted(one["Names"][0].lstrip("/") for one in self.api.containers(all=True))

    def about(self) -> Machine:
        """The engine's machine."""
        with self.asking():
            found: dict[str, Any] = self.api.info()
        rootless = any("rootless" in option for option in found.get("SecurityOptions") or ())
        return Machine(found.get("Name", ""), found.get("Architecture", ""), int(found.get("MemTotal", 0)), rootless)

    def container(self, name: str) -> Container:
        """A container as it is now; an EngineError, if there is none."""
        with self.asking(name):
            found: dict[str, Any] = self.api.inspect_container(name)
        state = found["State"]
        return Container(
            name,
            state["Status"],
            state["StartedAt"],
            found.get("RestartCount", 0),
            state["ExitCode"],
            state["OOMKilled"],
            found["Config"]["Image"],
            (found["Config"].get("Labels") or {}).get(CLUSTER, ""),
        )

    def start(self, container: str, argv: list[str], *, stdin: bool) -> Started:
        """Start a program in a container; what it prints, and what it reads, goes by the socket that comes back."""
        with self.asking(container):
            api = self.api
            started = api.exec_create(container, argv, stdin=stdin, stdout=True, stderr=True)["Id"]
            carrier: Any = api.exec_start(started, socket=True)
        return Started(self, container, started, carrier)

    def exit_code(self, container: str, started: str) -> int | None:
        """Of a program that has ended; None while it runs."""
        with self.asking(container):
            return self.api.exec_inspect(started)["ExitCode"]

    def close(self) -> None:
        """Let go of the engine; what runs there goes on."""
        self._client.close()

    @contextmanager
    def asking(self, about: str = "") -> Iterator[None]:
        """Say in our words what the SDK complains about in it; `about` is the container or image that it is about."""
        from docker.errors import DockerException
        from requests.exceptions import RequestException

        try:
            yield
        except (DockerException, RequestException, OSError, ValueError) as error:
            raise in_our_words(error, self.host, about) from error


class Started:
    """A program that was started in a container, and the way to speak with it."""

    def __init__(self, engine: Engine, container: str, id: str, carrier: Any) -> None:
        self._engine, self.container, self._id = engine, container, id
        self._carrier = carrier
        self._socket: Any = getattr(carrier, "_sock", None) or carrier
        self._early = _early(carrier, self._socket)

    def receive(self, limit: float | None) -> bytes:
        """The next bytes of the stream, b"" at its end; TimeoutError, if none come for so many seconds."""
        if self._early:
            early, self._early = self._early, b""
            return early
        try:
            self._socket.settimeout(limit)
            return self._socket.recv(2**16)
        except TimeoutError:
            raise
        except OSError:  # of one that was ended here: nothing more comes
            return b""

    def send(self, content: bytes) -> None:
        """Let the program read this."""
        with self._engine.asking(self.container):
            self._socket.settimeout(60)
            self._socket.sendall(content)

    def send_end(self) -> None:
        """Let the program read that no more comes."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def end(self) -> None:
        """End the stream, from any thread. The program may go on: it reads the end of its input."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End the stream, and give back what it took."""
        self.end()
        response = getattr(self._carrier, "_response", None)
        for one in (response, self._carrier, self._socket):
            if one is not None:
                with suppress(OSError, ValueError):  # each thinks that it is the only one to close it
                    one.close()

    @property
    def exit_code(self) -> int | None:
        """Of the program; None while it runs."""
        return self._engine.exit_code(self.container, self._id)


def _early(carrier: Any, socket: Any) -> bytes:
    """What came right behind the header of the engine's answer: http.client has it, and the SDK loses it."""
    reader: Any = getattr(getattr(getattr(getattr(carrier, "_response", None), "raw", None), "_fp", None), "fp", None)
    if not hasattr(reader, "peek"):
        return b""
    try:
        socket.settimeout(0)
        buffered = len(reader.peek(1))
        return reader.read(buffered) if buffered else b""
    except OSError:
        return b""
    finally:
        socket.settimeout(None)
