"""`python -m kuscia_nb`: the tutorial's job, in a terminal."""

from __future__ import annotations

import argparse
import sys
import time

from . import connect, tutorial_manifest
from .errors import KusciaError


def main() -> int:
    """Run a job and print conditions, shares, weights and how long it took."""
    parser = argparse.ArgumentParser(prog="python -m kuscia_nb", description="Run the tutorial's two-party SS-LR job.")
    parser.add_argument("manifest", nargs="?", help="a KusciaJob's YAML file instead of the tutorial's")
    parser.add_argument("--strategy", choices=("preprocessed", "interconnection"), default="preprocessed")
    parser.add_argument("--truncation", choices=("auto", "local", "ttp"), default="auto")
    parser.add_argument(
        "--seed", type=int, help="a repeatable run: nothing in it is secret; runs with one seed have the same masks"
    )
    arguments = parser.parse_args()
    try:
        if arguments.manifest:
            with open(arguments.manifest, encoding="utf-8") as file:
                manifest = file.read()
        else:
            manifest = tutorial_manifest()
        started = time.perf_counter()
        job = (
            connect()
            .apply(manifest, strategy=arguments.strategy, truncation=arguments.truncation, seed=arguments.seed)
            .wait()
        )
        elapsed = time.perf_counter() - started
    except (KusciaError, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    from .views.job import text

    print(text(job))
    for node in job.nodes:
        print(f"\nWhat {node} has: its own share\n{job.shares(node).to_string(index=False)}")
    print(f"\nfrom apply to {job.phase}: {elapsed:.2f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
