"""Contenders as child processes, and the environment that SPU needs for itself."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from _common import PROJECT, tell

SPU_VERSION = "0.9.5"
JAX = "jax[cpu]==0.4.34"
"""The latest one that SPU_VERSION's frontend works with, as its wheel says."""
SPU_FOLDER = PROJECT / ".venv-spu"
_SPU_PYTHONS = ("python3.11", "python3.10")
_ASK_VERSIONS = """
import importlib.metadata, platform, spu
version = importlib.metadata.version
print(version("spu"), platform.python_version(), version("numpy"), version("jax"))
"""


class Sample(NamedTuple):
    """One training."""

    seconds: float
    weights: list[float]
    max_rss_mb: float
    """The most memory that the process has ever had."""
    prepared: float = 0.0
    """Seconds that went into what does not depend on the training."""
    processor: float = 0.0
    """Seconds of a processor, where it is asked for."""


class Peer:
    """A contender: a child process that holds its data and trains whenever it is asked to."""

    def __init__(self, process: subprocess.Popen[str], log: TextIO) -> None:
        self._process, self._log = process, log

    ready: Mapping[str, Any]
    """What it answered when it had read its job."""

    def run(self, **options: float) -> Sample:
        """Train once, from zero."""
        return Sample(**self.ask({"run": True, **options}))

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Send a request and return the answer; RuntimeError with the last lines of the log if there is none."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            self._log.seek(0)
            raise RuntimeError(f"a contender has ended:\n{''.join(self._log.readlines()[-20:])}")
        return json.loads(answer)


@contextmanager
def start(command: Sequence[str | Path], job: Mapping[str, Any]) -> Iterator[Peer]:
    """A contender that has read its job, for as long as it is needed."""
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        try:
            peer = Peer(process, log)
            peer.ready = peer.ask(job)
            yield peer
        finally:
            process.kill()  # it has nothing to lose


def spu_environment(given: Path | None) -> tuple[Path, str]:
    """An interpreter that has SPU, and its versions: the one given, or one that is made here, once."""
    python = given or SPU_FOLDER / "bin" / "python"
    versions = _spu_versions(python)
    if versions is None and given is None:
        tell(f"making {SPU_FOLDER.name} with spu {SPU_VERSION}, once (1 GB)")
        subprocess.run([_base_python(), "-m", "venv", "--clear", SPU_FOLDER], check=True)
        (SPU_FOLDER / ".gitignore").write_text("*\n", "utf-8")
        subprocess.run([python, "-m", "pip", "install", "--quiet", f"spu=={SPU_VERSION}", JAX], check=True)
        versions = _spu_versions(python)
    if versions is None:
        raise SystemExit(f"{python} has no spu {SPU_VERSION} with its numpy and jax")
    return python, versions


def _base_python() -> str:
    """An interpreter that SPU has a wheel for: this one, or one on the PATH."""
    if f"python{sys.version_info.major}.{sys.version_info.minor}" in _SPU_PYTHONS:
        return sys.executable
    found = next(filter(None, map(shutil.which, _SPU_PYTHONS)), None)
    if found is None:
        raise SystemExit(f"spu {SPU_VERSION} needs one of {', '.join(_SPU_PYTHONS)}; --spu-python says where it is")
    return found


def _spu_versions(python: Path) -> str | None:
    """SPU's version with those of Python, numpy and JAX around it; None if it is not there, or another one."""
    try:
        asked = subprocess.run([python, "-c", _ASK_VERSIONS], capture_output=True, text=True)
    except OSError:
        return None
    spu, *others = asked.stdout.split() or [""]
    if spu != SPU_VERSION:
        return None
    names = ("Python", "numpy", "jax")
    return f"{spu} ({', '.join(map(' '.join, zip(names, others, strict=True)))})"
