"""`kuscia-nb identity`: makes a key and a certificate."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from .identity import make


def parser() -> argparse.ArgumentParser:
    """What the command line may say."""
    made = argparse.ArgumentParser(
        prog="kuscia-nb identity",
        description="Make NAME.pem, a key that nobody else may read, and NAME.crt, the certificate that the other side "
        "is given. Read the fingerprint out to the other side, over a line on which you know each other's voices.",
    )
    made.add_argument("name", metavar="NAME", help="of the party or its node, such as alice")
    made.add_argument("--folder", type=Path, default=Path(), metavar="DIR", help="where to; here, if nothing is said")
    return made


def main(arguments: Sequence[str]) -> int:
    """Make them, and print the fingerprint."""
    options = parser().parse_args(arguments)
    if not options.name or "/" in options.name or "\\" in options.name or options.name.startswith("."):
        parser().error(f"{options.name!r} is no name of a file")
    made = make(options.name, options.folder)
    print(f"{made.key_file}: the key; keep it here")
    print(
        f"{made.certificate_file}: the certificate, for the other side, until {made.certificate.valid_until:%Y-%m-%d}"
    )
    print(f"fingerprint: {made.fingerprint}")
    return 0
