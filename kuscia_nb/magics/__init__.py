"""The front door: a line or a cell becomes one typed call on a Cluster, and what that gives is shown. No logic here."""

from __future__ import annotations

from types import ModuleType


def modules() -> tuple[ModuleType, ...]:
    """Every module with magics; each has `register(shell)` and `unregister(shell)`."""
    from ..cells import above
    from . import bfia, completion, kubectl, kuscia, kusciajob

    return kusciajob, bfia, kubectl, kuscia, completion, above
