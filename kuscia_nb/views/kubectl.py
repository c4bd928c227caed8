"""What a kubectl line gave, as text and as HTML."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from .table import Table, html_note

if TYPE_CHECKING:
    from ..control.kubectl import Output


def bundle(output: Output) -> dict[str, str]:
    """The MIME bundle: the text as kubectl prints it; in HTML a table is a table."""
    return {"text/plain": repr(output), "text/html": html(output)}


def html(output: Output) -> str:
    """Tables with their line as the title, other text as it is; hints below it."""
    if output.tables:
        shown = "".join(
            Table(output.line, columns, list(rows), left=len(columns)).html() for columns, rows in output.tables
        )
    else:
        shown = f"<pre>{escape(output.text)}</pre>"
    return shown + "".join(html_note(f"hint: {hint}") for hint in output.hints)
