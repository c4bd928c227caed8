"""A Docker engine: containers, and programs that are started in them. The only module that knows Docker's SDK.

The SDK's and the engine's errors come out as an EngineError, told apart by their texts: their classes are not enough.
"""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from ...errors import EngineError

OLDEST = (20, 10)
"""What Kuscia asks of an engine is 20.10.24; distributions patch an earlier one (spec: kuscia §8)."""
_LOCAL = "kn.connect() has both nodes in this process and needs no Docker"
_SAID = (
    (
        r"FileNotFoundError|ConnectionRefused|Connection refused|NameResolution|Name or service not known|No such file",
        "no Docker engine answers at {host}",
        f"start Docker, or set DOCKER_HOST; {_LOCAL}",
    ),
    (
        r"PermissionError|[Pp]ermission denied",
        "you may not speak to the Docker engine at {host}",
        "join the group docker and log in again, which makes you root there; or DOCKER_HOST of a rootless engine",
    ),
    (r"is paused", "{where} is paused", "docker unpause {where}"),
    (r"is restarting", "{where} is restarting: its main process ends again and again", "docker logs --tail 50 {where}"),
    (
        r"is not running",
        "{where} is not running",
        "docker start {where}; docker logs --tail 50 {where}",
    ),
    (r"No such container", "there is no container {where}", "docker ps --all lists those that there are"),
    (r"no space left", "the engine's disk is full", "docker system df says what takes the room"),
    (
        r"Connection aborted|Connection reset|RemoteDisconnected|Broken pipe",
        "the Docker engine at {host} went away",
        "is it still running? docker info",
    ),
)
"""What an error's text has in it, and what to say of it and to try."""


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
                f"the Docker engine is {self.version}; Kuscia needs 20.10.24", hint=f"a newer one; {_LOCAL}"
            )

    def containers(self) -> list[str]:
        """The names of all containers, also of those that do not run."""
        with self.asking():
            return sorted(one["Names"][0].lstrip("/") for one in self._client.api.containers(all=True))

    def about(self) -> Machine:
        """The engine's machine."""
        with self.asking():
            found: dict[str, Any] = self._client.info()
        rootless = any("rootless" in option for option in found.get("SecurityOptions") or ())
        return Machine(found.get("Architecture", ""), int(found.get("MemTotal", 0)), rootless)

    def container(self, name: str) -> Container:
        """A container as it is now; an EngineError, if there is none."""
        with self.asking(name):
            found: dict[str, Any] = self._client.api.inspect_container(name)
        state = found["State"]
        return Container(
            name,
            state["Status"],
            state["StartedAt"],
            found.get("RestartCount", 0),
            state["ExitCode"],
            state["OOMKilled"],
            found["Config"]["Image"],
        )

    def start(self, container: str, argv: list[str], *, stdin: bool) -> Started:
        """Start a program in a container; what it prints, and what it reads, goes by the socket that comes back."""
        with self.asking(container):
            api = self._client.api
            started = api.exec_create(container, argv, stdin=stdin, stdout=True, stderr=True)["Id"]
            carrier: Any = api.exec_start(started, socket=True)
        return Started(self, container, started, carrier)

    def exit_code(self, container: str, started: str) -> int | None:
        """Of a program that has ended; None while it runs."""
        with self.asking(container):
            return self._client.api.exec_inspect(started)["ExitCode"]

    def close(self) -> None:
        """Let go of the engine; what runs there goes on."""
        self._client.close()

    @contextmanager
    def asking(self, container: str = "") -> Iterator[None]:
        """Say in our words what the SDK complains about in it."""
        from docker.errors import DockerException
        from requests.exceptions import RequestException

        try:
            yield
        except (DockerException, RequestException, OSError, ValueError) as error:
            raise _in_our_words(error, self.host, container) from error


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


def _in_our_words(error: BaseException, host: str, container: str) -> EngineError:
    """What an error of the SDK means."""
    said = f"{type(error).__name__} {error}"
    for pattern, what, hint in _SAID:
        if re.search(pattern, said):
            known = {"host": host, "where": container}
            return EngineError(what.format(**known), hint=hint.format(**known))
    explained = getattr(error, "explanation", None) or error
    with suppress(TypeError, ValueError):
        explained = json.loads(str(explained))["message"]
    return EngineError(f"the Docker engine at {host} says no: {explained}", where=container)
