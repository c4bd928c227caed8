"""`kuscia-nb` and `python -m kuscia_nb`: the tutorial's job in a terminal, or one of the commands."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from .errors import KusciaError
from .options import taken_by

COMMANDS = {
    "doctor": "backends.doctor_command",
    "identity": "wire.identity_command",
    "node": "backends.node_command",
    "party": "wire.party_command",
    "transport": "wire.blackbox.command",
    "ttp": "wire.ttp_command",
    "spu-peer": "tools.spu_command",
}
"""A command's name, and the module whose `main(arguments)` it is. A KusciaError ends it with the error's exit code."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says, and return an exit code: 0, 2 for wrong use, and otherwise an error's."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        if words and words[0] in COMMANDS:
            return import_module(f".{COMMANDS[words[0]]}", __package__).main(words[1:])
        return _demo(words)
    except KusciaError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130  # as of a program that SIGINT ends


def demo_parser() -> argparse.ArgumentParser:
    """What the command line may say without a command."""
    parser = argparse.ArgumentParser(
        prog="kuscia-nb",
        description="Run the tutorial's two-party SS-LR job.",
        epilog=f"Commands, each with a --help of its own: {', '.join(COMMANDS)}.",
    )
    parser.add_argument("manifest", nargs="?", help="a KusciaJob's YAML file instead of the tutorial's")
    for option in taken_by("terminal"):
        names, how = option.argument
        parser.add_argument(*names, **how)
    return parser


def _demo(words: list[str]) -> int:
    """Run a job and print conditions, shares, weights and how long it took."""
    from . import connect, tutorial_manifest
    from .views.job import text

    options = demo_parser().parse_args(words)
    if options.manifest:
        try:
            manifest = Path(options.manifest).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            what = f"{options.manifest} is no command, and no file that can be read: {error}"
            raise KusciaError(what, hint=f"a KusciaJob's YAML file, or one of: {', '.join(COMMANDS)}") from error
    else:
        manifest = tutorial_manifest()
    said = {option.name: getattr(options, option.name) for option in taken_by("terminal")}
    started = time.perf_counter()
    job = connect().apply(manifest, **{name: value for name, value in said.items() if value is not None}).wait()
    elapsed = time.perf_counter() - started
    print(text(job))
    for node in job.nodes:
        print(f"\nWhat {node} has: its own share\n{job.shares(node).to_string(index=False)}")
    print(f"\nfrom apply to {job.phase}: {elapsed:.2f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
