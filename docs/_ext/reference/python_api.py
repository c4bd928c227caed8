"""The Python API: what a person imports, through autodoc."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

import kuscia_nb
from kuscia_nb import mpc as mpc_module

from .markdown import page


def public() -> str:
    """Every name of `kuscia_nb.__all__`; modules have a section of their own."""
    names = [name for name in kuscia_nb.__all__ if not isinstance(getattr(kuscia_nb, name), ModuleType)]
    return page(_section("kuscia_nb", name, getattr(kuscia_nb, name)) for name in names)


def explore() -> str:
    """Every name of `kuscia_nb.explore`."""
    module = kuscia_nb.explore
    return page(_section(module.__name__, name, getattr(module, name)) for name in module.__all__)


def mpc() -> str:
    """Every name of `kuscia_nb.mpc`."""
    return page(_section(mpc_module.__name__, name, getattr(mpc_module, name)) for name in mpc_module.__all__)


def results() -> str:
    """What the public classes give out: objects that nobody makes by hand."""
    from kuscia_nb.canvas import Picture
    from kuscia_nb.control.kubectl import Output
    from kuscia_nb.operators.computation import Computation
    from kuscia_nb.operators.ss_lr.shadow import Shadow
    from kuscia_nb.trace.view import View
    from kuscia_nb.views.pictures import Pictures

    classes = (Computation, View, Pictures, Picture, Shadow, Output)
    return page(_section(one.__module__, one.__name__, one) for one in classes)


def _section(module: str, name: str, value: Any) -> str:
    return f"### `{name}`\n\n```{{eval-rst}}\n{_directive(module, name, value)}\n```"


def _directive(module: str, name: str, value: Any) -> str:
    lines = [f".. py:currentmodule:: {module}", ""]
    if inspect.isclass(value):
        lines += [f".. autoclass:: {name}", "   :members:", "   :undoc-members:"]
        if any(base.__module__.startswith("kuscia_nb") for base in value.__bases__):  # a Job is a History, too
            lines.append("   :inherited-members:")
    elif inspect.isroutine(value):
        lines.append(f".. autofunction:: {name}")
    else:  # a value, or a name for a type: its own docstring is that of what it is made of
        lines += [f".. py:data:: {name}", "", f"   ``{value!r}``"]
    return "\n".join(lines)
