"""One server for all browser tests, one browser for each module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from desk import Desk, Server, chromium
from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server"))
    yield server
    server.stop()


@pytest.fixture(scope="module")  # no longer: while it is open, asyncio.run does not work in this thread
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def desk(browser: Browser, server: Server) -> Iterator[Desk]:
    desk = Desk(browser, server)
    yield desk
    desk.close()
