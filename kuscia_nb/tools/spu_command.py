"""`kuscia-nb spu-peer`: one party as a real SPU process, in a Python that has SPU; or the script that is that party."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from . import spu_peer

SCRIPT = Path(spu_peer.__file__)


def parser() -> argparse.ArgumentParser:
    """The script's command line, with how to run it."""
    made = spu_peer.parser()
    made.prog = "kuscia-nb spu-peer"
    made.add_argument("--script", action="store_true", help="print the script, which needs only spu, and end")
    made.add_argument(
        "--python", metavar="FILE", default=sys.executable, help="a Python that has spu (default: this one)"
    )
    return made


def main(arguments: Sequence[str]) -> int:
    """Print the script, or run it with the same arguments; returns its exit code."""
    if "--script" in arguments:
        print(SCRIPT.read_text("utf-8"), end="")
        return 0
    python = parser().parse_args(arguments).python
    return subprocess.run([python, str(SCRIPT), *_without_python(arguments)], check=False).returncode


def _without_python(arguments: Sequence[str]) -> list[str]:
    """The script's own words."""
    words = list(arguments)
    while "--python" in words:
        at = words.index("--python")
        del words[at : at + 2]
    return [word for word in words if not word.startswith("--python=")]
