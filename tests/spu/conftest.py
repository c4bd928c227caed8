"""A TTP of ours for the SPU ranks of a module's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kuscia_nb.wire.ttp_keys import TtpKeys, keys_in
from kuscia_nb.wire.ttp_server import TtpServer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the TTP's keys in it."""
    made = tmp_path_factory.mktemp("spu")
    keys_in(made)
    return made


@pytest.fixture(scope="module")
def keys(folder: Path) -> TtpKeys:
    return keys_in(folder)


@pytest.fixture(scope="module")
def ttp(keys: TtpKeys) -> Iterator[TtpServer]:
    with TtpServer(keys) as server:
        yield server
