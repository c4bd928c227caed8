"""Reference pages that are made from the code while the documentation is built, so that they say what is so.

A page has a line `<!-- reference: NAME -->`; in its place comes what PAGES has under this name, as Markdown.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from . import (
    bfia,
    command_line,
    docstrings,
    errors,
    kubectl,
    magics,
    operators,
    panel,
    python_api,
    resources,
    rooms,
    spec,
)

if TYPE_CHECKING:
    from sphinx.application import Sphinx

PAGES = {
    "magics": magics.job_magics,
    "config": magics.config,
    "kuscia": magics.kuscia,
    "command line": command_line.commands,
    "kubectl": kubectl.commands,
    "kubectl elsewhere": kubectl.elsewhere,
    "python": python_api.public,
    "explore": python_api.explore,
    "mpc": python_api.mpc,
    "results": python_api.results,
    "operators": operators.operators,
    "resources": resources.kinds,
    "rooms": rooms.picture,
    "rooms table": rooms.rooms_table,
    "task input config": resources.task_input_config,
    "bfia": bfia.routes,
    "bfia messages": bfia.messages,
    "errors": errors.errors,
    "panel messages": panel.messages,
    "panel entities": panel.entities,
    "panel methods": panel.methods,
    "panel answers": panel.answers,
}

_PLACE = re.compile(r"^<!-- reference: ([\w ]+) -->$", re.MULTILINE)


def _filled(app: Sphinx, name: str, source: list[str]) -> None:
    source[0] = _PLACE.sub(lambda match: PAGES[match[1]](), source[0])
    folder, _, page = name.rpartition("/")
    if folder == "docs/spec" and page in spec.NAMES:
        source[0] = spec.with_labels(page, source[0])


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx's entry."""
    app.connect("source-read", _filled)
    app.connect("autodoc-process-docstring", docstrings.as_rst)
    app.connect("autodoc-process-signature", docstrings.without_constructor)
    return {"parallel_read_safe": True}
