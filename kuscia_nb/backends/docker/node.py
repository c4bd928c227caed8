"""One node in a container: its mirror, its files, its operators' output, and the threads that keep the mirror fresh."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import BinaryIO, NamedTuple

from ...control.kinds import AppImage, Domain, KusciaTask
from ...control.objects import Object
from ...control.resources import KusciaJob
from ...errors import KusciaError
from .exec import Exec, Stream
from .files import STORAGE, RemoteFolder, put
from .mirror import Mirror, WatchEvents
from .versions import Version

WATCHED: dict[type[Object], str] = {KusciaJob: "kj", KusciaTask: "kt"}
FURNITURE: dict[type[Object], str] = {Domain: "domains", AppImage: "appimages"}
"""What a job asks for; it is listed when it is needed, and not watched."""
_AGAIN = 1.0
"""Seconds after which a watch that has ended is begun again."""
_LOGS = 'cat /home/kuscia/var/stdout/pods/"$1"_"$2"-*_*/*/*.log 2>/dev/null'
"""Of a domain and a task: its pods are called <taskID>-<role>-<index> (spec: kuscia §2.4, §8)."""
_CRI = re.compile(r"(\S+) (?:stdout|stderr) ([FP]) (.*)")


class LogLine(NamedTuple):
    """What an operator has printed, and when."""

    time: datetime
    text: str


class DockerNode:
    """A node that can be reached. `silent` is called with a sentence when it cannot be heard any more."""

    def __init__(
        self,
        domain: str,
        exec: Exec,
        version: Version,
        before_end: Callable[[KusciaJob], None],
        silent: Callable[[str, str], None],
    ) -> None:
        self.domain, self.exec, self.version = domain, exec, version
        self.store = Mirror(domain, before_end)
        self.storage = RemoteFolder(exec, STORAGE)
        self._silent = silent
        self._needed = threading.Event()
        self._pause = threading.Event()
        self._threads: dict[type[Object], threading.Thread] = {}
        self._streams: dict[type[Object], Stream] = {}
        self._heard = {kind: threading.Event() for kind in WATCHED}
        self._lock = threading.Lock()

    @property
    def container(self) -> str:
        """Its container's name."""
        return self.exec.container

    def put(self, name: str, content: BinaryIO) -> RemoteFolder:
        """Keep a data file, seen whole or not at all; returns where it is."""
        return put(self.exec, name, content)

    def logs(self, task_id: str) -> str:
        """What its operator of a task has printed, a line each; empty if it has not run here."""
        return "".join(f"{line.text}\n" for line in self.log_lines(task_id))

    def log_lines(self, task_id: str) -> list[LogLine]:
        """The same, with times."""
        return list(_lines(self.exec.run(["sh", "-c", _LOGS, "sh", self.domain, task_id]).text))

    # --- its objects ----------------------------------------------------------------------------------------------

    def refresh(self, *kinds: type[Object]) -> None:
        """Compare the mirror with fresh lists. KusciaError, if the node cannot be asked."""
        for kind in kinds or (*FURNITURE, *WATCHED):
            name = {**FURNITURE, **WATCHED}[kind]
            namespace = self.version.namespace if kind in WATCHED else []
            ran = self.exec.run(["kubectl", "get", name, *namespace, "-o", "json"])
            if ran.code:
                raise KusciaError(f"{self.domain} does not answer: {ran.complaint}", where=self.container)
            for error in self.store.replace(kind, json.loads(ran.text)["items"]):
                self._silent(self.domain, str(error))

    def listen(self) -> None:
        """Keep the mirror fresh from now on, until `rest`."""
        with self._lock:
            self._needed.set()
            self._pause.clear()
            for kind in WATCHED:
                known = self._threads.get(kind)
                if known is None or not known.is_alive():
                    name = f"kuscia_nb watches {self.domain} {WATCHED[kind]}"
                    self._threads[kind] = threading.Thread(target=self._watch, args=(kind,), name=name, daemon=True)
                    self._threads[kind].start()

    def be_heard(self, limit: float) -> None:
        """Wait, at most so many seconds, until the watches have begun: what happens from then on is told in order."""
        for heard in self._heard.values():
            heard.wait(limit)

    def rest(self) -> None:
        """End the streams, from any thread, also from one that reads one of them."""
        with self._lock:
            self._needed.clear()
            self._pause.set()
            for stream in self._streams.values():
                stream.end()

    def join(self, limit: float) -> None:
        """Wait until the threads have ended."""
        for thread in list(self._threads.values()):
            if thread is not threading.current_thread():
                thread.join(limit)

    def _watch(self, kind: type[Object]) -> None:
        """List and watch, again and again."""
        since: float | None = None
        while self._goes_on():
            try:
                self.refresh(kind)
                since = None
                self._follow(kind)
            except KusciaError as error:
                if since is None and self._needed.is_set():
                    since = time.monotonic()
                    self._silent(self.domain, f"no news from {self.domain}: {error.what}")
            self._pause.wait(_AGAIN)

    def _goes_on(self) -> bool:
        """Whether the watch is wanted. If not, its thread ends, and whoever wants it again finds that."""
        with self._lock:
            if self._needed.is_set():
                return True
            self._threads = {kind: one for kind, one in self._threads.items() if one is not threading.current_thread()}
            return False

    def _follow(self, kind: type[Object]) -> None:
        """Take over what a watch says, until it ends."""
        line = ["kubectl", "get", WATCHED[kind], *self.version.namespace, "-o", "json"]
        stream, events = self.exec.follow([*line, "--watch", "--output-watch-events"]), WatchEvents()
        with self._lock:
            self._streams[kind] = stream
            if not self._needed.is_set():
                stream.end()
        self._heard[kind].set()
        try:
            for printed in stream:
                for event in events.feed(printed):
                    try:
                        self.store.take(event)
                    except KusciaError as error:
                        self._silent(self.domain, str(error))
        finally:
            self._heard[kind].clear()
            with self._lock:
                self._streams.pop(kind, None)
            stream.close()


def _lines(text: str) -> Iterator[LogLine]:
    """The lines of a log in the container runtime's form; a long line comes in several parts."""
    begun = ""
    for line in text.splitlines():
        if found := _CRI.fullmatch(line):
            begun += found[3]
            if found[2] == "F":
                yield LogLine(_time(found[1]), begun)
                begun = ""


def _time(text: str) -> datetime:
    """A time with nanoseconds, which Python does not have."""
    try:
        return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    except ValueError:
        return datetime.now(UTC)
