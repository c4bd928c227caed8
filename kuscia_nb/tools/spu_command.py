"""`kuscia-nb spu-peer`: one party as a real SPU process, in a Python that has SPU; or the script that is that party."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from . import spu_peer

SCRIPT = Path(spu_peer.__file__)


def main(arguments: Sequence[str]) -> int:
    """Print the script, or run it with the same arguments; returns its exit code."""
    if "--script" in arguments:
        print(SCRIPT.read_text("utf-8"), end="")
        return 0
    made = spu_peer.parser()
    made.prog = "kuscia-nb spu-peer"
    made.add_argument("--script", action="store_true", help="print the script, which needs nothing but spu, and end")
    made.add_argument(
        "--python", metavar="FILE", default=sys.executable, help="the Python that has spu; default: this one"
    )
    python = made.parse_args(arguments).python
    words, skip = [], False
    for word in arguments:
        taken = skip or word == "--python" or word.startswith("--python=")
        skip = word == "--python"
        if not taken:
            words.append(word)
    return subprocess.run([python, str(SCRIPT), *words], check=False).returncode
