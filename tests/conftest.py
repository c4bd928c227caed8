"""What several test modules need."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from protocol import Protocol
from quick import LONG
from spu_python import SPU_PYTHON

collect_ignore = [] if "FATE_FLOW" in os.environ else ["test_fate_flow.py"]
"""What needs a checkout of another project is run by a command of its own: make test-fate."""
if "KUSCIA_NB_DOCKER" not in os.environ:  # an engine of its own is started for these: make test-docker
    collect_ignore.append("docker")
if not SPU_PYTHON.exists():
    collect_ignore.append("spu")


def pytest_report_header() -> str:
    there = "runs" if SPU_PYTHON.exists() else "is left out: make test-spu makes what it needs (1 GB)"
    return f"tests/spu, against a real SPU, {there}"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="leave out what needs a browser, a kernel or a build")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    long = " ".join(LONG.values()).split()
    left_out = collection_path.parent.name == "tests" and collection_path.stem in long
    return True if config.getoption("--quick") and left_out else None


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> None:
    """Schemathesis's plugin takes seconds to import, wherever one test is run: it is for one module."""
    if file_path.name == "test_bfia_server.py":
        parent.config.pluginmanager.import_plugin("schemathesis.pytest.plugin")


# How long an example takes says nothing on a machine that does other things too.
settings.register_profile("kuscia_nb", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kuscia_nb")


@pytest.fixture
def protocol() -> Protocol:
    return Protocol()


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C ends what waits, also where the shell that started the tests has it ignored, as nohup and `&` do."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
