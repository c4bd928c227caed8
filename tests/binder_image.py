"""What stands for Binder's image: a clone, a clean environment, a home; and the steps that repo2docker writes down."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

PROJECT = Path(__file__).parent.parent
SECONDS = 600
_SERVER = (
    "--allow-root",
    "--no-browser",
    "--ServerApp.ip=127.0.0.1",
    "--ServerApp.port=0",
    "--IdentityProvider.token=",
    "--LabApp.expose_app_in_browser=True",
)


def opened() -> str:
    """The path on the server that the badge of the README opens: lab/tree/..."""
    found = re.search(r"\((https://mybinder\.org/v2/gh/[^)]+)\)", (PROJECT / "README.md").read_text("utf-8"))
    assert found
    (path,) = parse_qs(urlsplit(found[1]).query)["urlpath"]
    return path


class Image(NamedTuple):
    """A clone in which things run, and what they find in their environment."""

    clone: Path
    environment: Mapping[str, str]

    def run(self, *command: str) -> str:
        """Run a command in the clone, and return its output; it has to succeed."""
        done = subprocess.run(
            command, cwd=self.clone, env=self.environment, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    @contextmanager
    def server(self) -> Iterator[str]:
        """JupyterLab, begun as the image begins it; the address that it tells once it answers."""
        command = ["./binder/start", "jupyter", "lab", *_SERVER]
        log = (self.clone.parent / "server.log").open("w+")
        process = subprocess.Popen(
            command, cwd=self.clone, env=self.environment, stdout=log, stderr=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip
        try:
            assert process.stderr is not None
            address = next(line for line in process.stderr if "http://127.0.0.1" in line)
            yield address[address.index("http://") :].split()[0].rstrip("/").removesuffix("/lab")
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.communicate(timeout=SECONDS)
            log.close()


def make(folder: Path) -> Image:
    """The steps of the Dockerfile: requirements.txt, then postBuild as it is written.

    What repo2docker's own environment has comes first, without hashes: pip asks for none of what is there already.
    """
    clone, prefix, home = (folder / name for name in ("clone", "environment", "home"))
    _clone(clone)
    home.mkdir()
    venv.create(prefix, with_pip=True)
    kept = {name: value for name, value in os.environ.items() if name.lower().startswith(("pip_", "npm_", "ssl_"))}
    path = os.pathsep.join((str(prefix / "bin"), os.environ["PATH"]))
    image = Image(clone, kept | {"HOME": str(home), "PATH": path, "LANG": "C.UTF-8"})
    text = (clone / "binder" / "requirements.txt").read_text("utf-8")
    own = re.findall(r"(?m)^([\w.-]+==\S+)", text.partition("# And what is not there yet")[0])
    image.run("pip", "install", "--quiet", "--no-cache-dir", *own)
    image.run("pip", "install", "--quiet", "--no-cache-dir", "-r", "binder/requirements.txt")
    image.run("./binder/postBuild")
    return image


def _clone(target: Path) -> None:
    """The files that a clone would have once everything is committed."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, names):
        if (PROJECT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, target / name)
