"""What several test modules need."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from protocol import Protocol

# How long an example takes says nothing on a machine that does other things too.
settings.register_profile("kuscia_nb", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kuscia_nb")


@pytest.fixture
def protocol() -> Protocol:
    return Protocol()
