"""Programs in a container: started with a list of arguments, never with a line for a shell that is made of names."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

from ...errors import EngineError, TimeLimit
from .engine import Engine, Started

LIMIT = 60.0
"""Seconds that a program may be silent for, unless it is said otherwise."""
_HEADER = 8
_STDERR = 2
_BLOCK = 2**18
_KILLED = 137
_LEASH = (
    'exec 3<&0; "$@" & c=$!; (read -r _ <&3; kill $c 2>/dev/null) & r=$!; wait $c; s=$?; kill $r 2>/dev/null; exit $s'
)
"""A shell that runs its arguments and ends them when its own input ends. Docker lets a program go on whose stream was
closed, also where the process that asked for it is no more; this one does not."""


class Ran(NamedTuple):
    """A program that has ended."""

    code: int
    out: bytes
    err: bytes

    @property
    def text(self) -> str:
        """What it printed."""
        return self.out.decode("utf-8", "replace")

    @property
    def complaint(self) -> str:
        """What it complained about; where it said so in the wrong place, that."""
        return (self.err or self.out).decode("utf-8", "replace").strip()


class Heard(NamedTuple):
    """What a program has printed."""

    out: bytes
    err: bytes


class Frames:
    """Docker's stream, in which every block has a header: which of stdout and stderr it is of, and its length."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def feed(self, received: bytes) -> Iterator[tuple[int, bytes]]:
        """The blocks that are complete with these bytes: 1 or 2, and what was printed."""
        self._kept += received
        while len(self._kept) >= _HEADER:
            end = _HEADER + int.from_bytes(self._kept[4:_HEADER], "big")
            if len(self._kept) < end:
                return
            kind, content = self._kept[0], bytes(self._kept[_HEADER:end])
            del self._kept[:end]
            yield kind, content


def collect(started: Started, limit: float | None) -> Heard:
    """All that a program prints; TimeoutError, if it is silent for longer than `limit` seconds."""
    out, err, frames = bytearray(), bytearray(), Frames()
    while received := started.receive(limit):
        for kind, content in frames.feed(received):
            (err if kind == _STDERR else out).extend(content)
    return Heard(bytes(out), bytes(err))


class Exec:
    """What can be run in one container."""

    def __init__(self, engine: Engine, container: str) -> None:
        self._engine, self.container = engine, container

    def run(self, argv: Sequence[str], stdin: BinaryIO | bytes | None = None, limit: float | None = LIMIT) -> Ran:
        """Run a program to its end. TimeLimit, if it is silent for longer than `limit` seconds.

        EngineError, if the container is not there, or ends meanwhile. What reads more than it prints may have `stdin`.
        """
        started = self._engine.start(self.container, list(argv), stdin=stdin is not None)
        try:
            if stdin is not None:
                _send(started, stdin)
            heard = collect(started, limit)
            code = _exit_code(started)
        except TimeoutError:
            what = f"{argv[0]} was silent for {limit:g} s"
            raise TimeLimit(what, where=f"{self.container}: {' '.join(argv[:3])}") from None
        finally:
            started.close()
        if code in (None, _KILLED):
            self._check_alive()
        return Ran(_KILLED if code is None else code, *heard)

    def follow(self, argv: Sequence[str]) -> Stream:
        """Run a program whose output is read while it comes, until it ends or is ended."""
        return Stream(self._engine.start(self.container, ["sh", "-c", _LEASH, "sh", *argv], stdin=True))

    def _check_alive(self) -> None:
        state = self._engine.container(self.container)
        if state.status != "running":
            raise EngineError(state.why, hint=f"docker logs --tail 50 {self.container}")


class Stream:
    """What a program prints, while it prints it. Any thread may end it; the program ends then, too."""

    def __init__(self, started: Started) -> None:
        self._started = started
        self.errors = bytearray()
        """What it has complained about."""

    def __iter__(self) -> Iterator[bytes]:
        frames = Frames()
        while received := self._started.receive(None):
            for kind, content in frames.feed(received):
                if kind == _STDERR:
                    self.errors += content
                else:
                    yield content

    def end(self) -> None:
        """End it."""
        self._started.end()

    def close(self) -> None:
        """End it, and give back what it took."""
        self._started.close()

    @property
    def exit_code(self) -> int | None:
        """Of the program, a moment after its end; None before, and if it was ended."""
        return _exit_code(self._started)


def _send(started: Started, stdin: BinaryIO | bytes) -> None:
    """Let a program read all of it, and its end."""
    if isinstance(stdin, bytes):
        started.send(stdin)
    else:
        while block := stdin.read(_BLOCK):
            started.send(block)
    started.send_end()


def _exit_code(started: Started) -> int | None:
    """Known a moment after the end of the stream."""
    for _ in range(50):
        if (code := started.exit_code) is not None:
            return code
        time.sleep(0.02)
    return None
