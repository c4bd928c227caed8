"""The comm between the side panel and this kernel: who is connected, what they are told, and who answers them.

`%load_ext kuscia_nb` registers the target. All else, a thread included, begins when a panel opens a comm, and ends when
the last one has closed its own.
"""

from __future__ import annotations

import json
import threading
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell

    from .protocol import Entities, FromKernel

TARGET = "kuscia_nb"
MOST = 8
"""Panels that may be connected. A page that was reloaded leaves its comm behind, so the oldest one has to go."""
PERIOD = 0.2
"""Seconds from one update to the next, at least."""
BEAT = 0.5
"""Seconds after which even a kernel where nothing happens looks whether its cluster was started or closed."""


def register(shell: InteractiveShell) -> None:
    """Let panels connect to this kernel; a shell without a kernel has none."""
    manager = _comm_manager(shell)
    if manager is not None and TARGET not in manager.targets:
        manager.register_target(TARGET, Panels().opened)


def unregister(shell: InteractiveShell) -> None:
    """Close what is connected, and let nobody connect; also to a module that was reloaded since."""
    manager = _comm_manager(shell)
    opened = manager.targets.pop(TARGET, None) if manager is not None else None
    if opened is not None:
        opened.__self__.close()


def _comm_manager(shell: InteractiveShell) -> Any:
    return getattr(getattr(shell, "kernel", None), "comm_manager", None)


class Panels:
    """The panels that are connected to this kernel.

    Front ends speak to it from any thread: JupyterLab uses a subshell for each target, so that a kernel hears it while
    a cell runs. What they are told comes from the thread that looks for news, or from one that has done what was asked.
    These run in the context in which they began: from another one, ipykernel 7.0 cannot send anything.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        """Held while a panel is told something about the entities, so that versions come in order."""
        self._comms: dict[str, Any] = {}
        self._version = 0
        self._feed: Feed | None = None
        self._workers: set[threading.Thread] = set()

    def opened(self, comm: Any, message: Any) -> None:
        """A panel has opened a comm."""
        _hear(comm, self._received)
        comm.on_close(lambda message: self._closed(comm))
        with self._lock:
            if self._feed is None:
                self._feed = Feed(self._tell)
            self._comms[comm.comm_id] = comm
            self._send_snapshot(comm)
            if len(self._comms) > MOST:
                self._comms.pop(next(iter(self._comms))).close()

    def close(self) -> None:
        """Close all comms; nothing runs any more afterwards."""
        with self._lock:
            comms, self._comms = self._comms, {}
            feed, self._feed = self._feed, None
        for comm in comms.values():
            comm.close()
        if feed is not None:
            feed.close()
        for worker in list(self._workers):
            worker.join()

    def _closed(self, comm: Any) -> None:
        """A panel has gone, or its page was reloaded."""
        with self._lock:
            self._comms.pop(comm.comm_id, None)
            feed = None
            if not self._comms:
                feed, self._feed = self._feed, None
        if feed is not None:
            feed.close()

    def _tell(self, feed: Feed) -> None:
        """Tell all panels what is new."""
        with self._lock:
            if feed is not self._feed:
                return
            delta = feed.look()
            if not delta:
                return
            self._version += 1
            entities, removed = delta.entities, delta.removed
            for comm in self._comms.values():
                _say(comm, {"type": "delta", "version": self._version, "entities": entities, "removed": removed})

    def _send_snapshot(self, comm: Any) -> None:
        """Tell one panel everything, once the others know as much."""
        with self._lock:
            if self._feed is not None:
                self._tell(self._feed)
                _say(comm, {"type": "snapshot", "version": self._version, "entities": self._feed.entities})

    # --- requests ---

    def _received(self, comm: Any, message: Any) -> None:
        """Answer a request: at once, or from a thread of its own if that takes a while."""
        from .requests import takes_long

        data = message["content"]["data"]
        request = data if isinstance(data, dict) else {}
        if not takes_long(request):
            self._answer(comm, request)
            return
        run = copy_context().run
        worker = threading.Thread(target=run, args=(self._work, comm, request), name="kuscia_nb panel", daemon=True)
        self._workers.add(worker)
        worker.start()

    def _work(self, comm: Any, request: Any) -> None:
        try:
            self._answer(comm, request)
        finally:
            self._workers.discard(threading.current_thread())

    def _answer(self, comm: Any, request: Any) -> None:
        from .requests import answer

        snapshot = request.get("method") == "snapshot"
        reply = answer(request)
        with self._lock:
            if comm.comm_id not in self._comms:
                return
            _say(comm, reply)
            if snapshot and "error" not in reply:
                self._send_snapshot(comm)


def _hear(comm: Any, receive: Callable[[Any, Any], None]) -> None:
    """Hand a comm's messages to `receive`, on the subshell that the front end names."""
    # ipykernel 7.4 would take the shell that last sent something on the comm, which may be running a cell.
    comm._reply_subshell_for = lambda message, subshell: subshell
    # And the comm would trigger IPython's events, as if it were a cell: matplotlib then shows half a cell's pictures.
    comm.handle_msg = lambda message: receive(comm, message)


def _say(comm: Any, data: FromKernel) -> None:
    """Send a message. Half a surrogate pair, from a cell or a file's name, cannot be sent: it is U+FFFD."""
    text = json.dumps(data, ensure_ascii=False)
    if not text.isascii():
        data = json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    comm.send(data)


class Feed:
    """Looks for news while panels are connected: when something has happened, at most every PERIOD seconds."""

    def __init__(self, tell: Callable[[Feed], None]) -> None:
        from .entities import Tree

        self._tell = tell
        self._news, self._closing = threading.Event(), threading.Event()
        self._tree = Tree(self._news.set)
        self.look()
        run = copy_context().run
        self._thread = threading.Thread(target=run, args=(self._run,), name="kuscia_nb panel feed", daemon=True)
        self._thread.start()

    def look(self) -> Any:
        """What is new since the last look."""
        from ..connection import running

        return self._tree.look(running())

    @property
    def entities(self) -> Entities:
        """All there is, as of the last look."""
        return self._tree.entities

    def close(self) -> None:
        """End the thread."""
        self._closing.set()
        self._news.set()
        self._thread.join()
        self._tree.close()

    def _run(self) -> None:
        while not self._closing.wait(PERIOD):
            if not self._tree.busy:
                self._news.wait(BEAT)
            self._news.clear()
            if not self._closing.is_set():
                self._tell(self)
