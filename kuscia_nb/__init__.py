"""Run, watch and take apart two-party privacy-preserving jobs in a notebook.

    import kuscia_nb as kn

    job = kn.connect().apply(kn.tutorial_manifest()).wait()
    job.weights()

In a notebook, `%load_ext kuscia_nb` and then `%%kusciajob`, `%bfia_submit`, `%kubectl` or `%kuscia`. Nothing is loaded
before it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from . import explore, faults
    from .cluster import Cluster
    from .connection import connect
    from .data.sample import tutorial_manifest
    from .errors import KusciaError
    from .exercises import check, progress
    from .job import Job
    from .operators import Party, operator
    from .operators.linear_model import Model
    from .templates import suggest, template
    from .trace.trace import Trace

__version__ = "0.1.0"

__all__ = [
    "Cluster",
    "Job",
    "KusciaError",
    "Model",
    "Party",
    "Trace",
    "__version__",
    "check",
    "connect",
    "explore",
    "faults",
    "operator",
    "progress",
    "suggest",
    "template",
    "tutorial_manifest",
]

_MODULES = {
    "Cluster": "cluster",
    "Job": "job",
    "KusciaError": "errors",
    "Model": "operators.linear_model",
    "Party": "operators",
    "Trace": "trace.trace",
    "check": "exercises",
    "connect": "connection",
    "operator": "operators",
    "progress": "exercises",
    "suggest": "templates",
    "template": "templates",
    "tutorial_manifest": "data.sample",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    from importlib import import_module

    if name in ("explore", "faults"):
        return import_module(f"{__name__}.{name}")
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)


def load_ipython_extension(shell: InteractiveShell) -> None:
    """`%load_ext kuscia_nb`: register the magics, let the side panel connect. The cluster starts at first use."""
    from . import magics
    from .panel import comm

    for module in (*magics.modules(), comm):
        module.register(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """`%unload_ext kuscia_nb`: remove the magics, stop what runs, remove temporary files."""
    from . import magics
    from .connection import disconnect
    from .panel import comm

    disconnect()
    for module in (*magics.modules(), comm):
        module.unregister(shell)
