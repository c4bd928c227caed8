"""How much memory there is."""

from __future__ import annotations

import math
import os
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup/memory.max")


def machine_memory() -> float:
    """Bytes of the machine's memory, or of what its container may take; infinite where nobody says."""
    return min(_physical(), _allowed())


def _physical() -> float:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf, others not these names
        return math.inf


def _allowed() -> float:
    try:
        return float(_CGROUP.read_text("ascii"))
    except (OSError, ValueError):  # there is no container, or it may take all ("max")
        return math.inf
