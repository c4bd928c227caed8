"""What one node knows of its jobs, in one file of its storage: an SQLite database, for its owner alone.

It has the node's jobs and tasks as its store has them, and what the observer has seen of them on this node. A change
is in the file when `write` returns, even if the process is killed then; a loss of power may take the last ones.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import KusciaError

NAME = "node.db"
MOVE = "move it away: results stay, their jobs are forgotten"
_VERSION = 1
_TABLES = """
CREATE TABLE object (kind TEXT, name TEXT, content TEXT NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID;
CREATE TABLE run (id TEXT PRIMARY KEY, job TEXT NOT NULL, content TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE events (run TEXT, number INTEGER, content TEXT NOT NULL, PRIMARY KEY (run, number)) WITHOUT ROWID;
"""

_JOB = "KusciaJob"


class News(NamedTuple):
    """What has changed, in rows: contents are JSON."""

    deleted: list[tuple[str, str]]
    """Kind and name of objects; with a job, what has become of it."""
    objects: list[tuple[str, str, str]]
    """Kind, name and content of what is new or different, perhaps after it was deleted."""
    runs: list[tuple[str, str, str]]
    """Id, job and content of runs that have begun here."""
    events: list[tuple[str, int, str]]
    """Of a run, the number of the first of some events, and these."""


class NodeFile:
    """The file in a node's storage folder; it is made if need be. A KusciaError says why it cannot be used."""

    def __init__(self, storage: Path) -> None:
        self.path = storage / NAME
        with self._usable():
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite gives its other files the same mode
            self._database = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        try:
            with self._usable():
                self._open()
        except BaseException:
            self._database.close()
            raise

    def _open(self) -> None:
        run = self._database.execute
        run("PRAGMA locking_mode = EXCLUSIVE")  # the folder is ours alone, and a file system may not share memory
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = NORMAL")
        ((version,),) = run("PRAGMA user_version")
        if version == 0:
            self._database.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {_VERSION}; COMMIT;")
        elif version != _VERSION:
            hint = f"the version of kuscia_nb that wrote it, or {MOVE}"
            raise KusciaError(f"{self.path} is of another version: {version}, not {_VERSION}", hint=hint)

    @contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            what = f"{self.path} cannot be used: {error}"
            raise KusciaError(what, hint=MOVE) from error

    def write(self, news: News) -> None:
        """Write down what has changed: all of it, or nothing. sqlite3.Error says why it cannot be done."""
        if not any(news):
            return
        jobs = [(name,) for kind, name in news.deleted if kind == _JOB]
        statements: list[tuple[str, Sequence[tuple[Any, ...]]]] = [
            ("DELETE FROM events WHERE run IN (SELECT id FROM run WHERE job = ?)", jobs),
            ("DELETE FROM run WHERE job = ?", jobs),
            ("DELETE FROM object WHERE kind = ? AND name = ?", news.deleted),
            ("INSERT OR REPLACE INTO object VALUES (?, ?, ?)", news.objects),
            ("INSERT OR REPLACE INTO run VALUES (?, ?, ?)", news.runs),
            ("INSERT OR REPLACE INTO events VALUES (?, ?, ?)", news.events),
        ]
        self._database.execute("BEGIN IMMEDIATE")
        try:
            for statement, rows in statements:
                if rows:
                    self._database.executemany(statement, rows)
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    def objects(self, kind: str) -> list[str]:
        """All of a kind, by name, in JSON."""
        query = "SELECT content FROM object WHERE kind = ? ORDER BY name"
        return [content for (content,) in self._read(query, kind)]

    def runs(self) -> list[tuple[str, str, str]]:
        """Id, job and content of every run."""
        return self._read("SELECT id, job, content FROM run")

    def events(self) -> list[tuple[str, int, str]]:
        """All that were written."""
        return self._read("SELECT run, number, content FROM events ORDER BY run, number")

    def close(self) -> None:
        """What was written stays."""
        self._database.close()

    def _read(self, query: str, *values: object) -> list[Any]:
        with self._usable():
            return self._database.execute(query, values).fetchall()
