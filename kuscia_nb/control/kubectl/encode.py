"""Values as Go prints them: JSON as of encoding/json, anything as of %v."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any


def to_json(value: Any, indent: int | None = 4) -> str:
    """Sorted keys; the characters that HTML could trip over are escaped. Without `indent` all in one line."""
    separators = (",", ":") if indent is None else None
    text = json.dumps(value, indent=indent, separators=separators, sort_keys=True, ensure_ascii=False)
    return re.sub("[<>&\u2028\u2029]", lambda match: f"\\u{ord(match[0]):04x}", text)


def to_text(value: Any) -> str:
    """map[key:value ...], [item ...], true, <nil>; a text as it is."""
    if isinstance(value, Mapping):
        return f"map[{' '.join(f'{key}:{to_text(value[key])}' for key in sorted(value))}]"
    if isinstance(value, list | tuple):
        return f"[{' '.join(map(to_text, value))}]"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    if value is None:
        return "<nil>"
    return str(value).lower() if isinstance(value, bool) else str(value)
