"""What several test modules need."""

from __future__ import annotations

import pytest
from protocol import Protocol


@pytest.fixture
def protocol() -> Protocol:
    return Protocol()
