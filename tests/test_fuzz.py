"""A few thousand of the inputs that `make fuzz` makes a million of for each reader."""

from __future__ import annotations

import random

from fuzz import Reader, fuzz, mutated, readers

from kuscia_nb.control.manifest import read_manifest
from kuscia_nb.errors import KusciaError

INPUTS = 150


def test_no_reader_breaks_on_what_is_nearly_right() -> None:
    with readers() as known:
        assert len(known) > 20
        found = [what for name, reader in known.items() for what in fuzz(name, reader, INPUTS, 19)]
    assert found == []


def test_a_reader_that_breaks_is_found_with_its_input() -> None:
    def breaks(value: object) -> None:
        if "Kuscia" not in str(value):
            raise IndexError("lost")
        raise KusciaError("no")

    (first, *_) = fuzz("breaks", Reader(["kind: KusciaJob"], breaks), 200, 1)
    assert "IndexError: 'lost'" in first
    number = int(first.split("input ")[1].split(":")[0])
    assert "Kuscia" not in mutated("kind: KusciaJob", _after_choice(number))
    assert not [*fuzz("manifest", Reader(["kind: KusciaJob"], read_manifest), 50, 1)]


def _after_choice(number: int) -> random.Random:
    draw = random.Random(f"breaks/1/{number}")
    draw.choice(["kind: KusciaJob"])
    return draw
