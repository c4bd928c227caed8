"""What a person reads, in English or in Chinese. Kuscia's own words, such as phases, stay as they are; so do errors.

A text stands in English where it is said, and in Chinese in `texts.chinese`, which is read where Chinese is spoken.

The language is the one that was chosen with `%config KusciaMagics.language`, else JupyterLab's, else that of the
environment (LANGUAGE, LC_ALL, LC_MESSAGES, LANG), else English.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .sentence import Sentence

Say = Callable[..., str]
"""A text in the language, with its {values} filled in."""

_VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
_SETTINGS = Path("@jupyterlab", "translation-extension", "plugin.jupyterlab-settings")

_chosen = "auto"


def choose(language: str) -> None:
    """Use this language from now on: en, zh, or auto."""
    global _chosen
    _chosen = language


def language() -> str:
    """en or zh."""
    if _chosen != "auto":
        return _chosen
    for found in (_lab_locale(), *(os.environ.get(name, "") for name in _VARIABLES)):
        name = found.partition(":")[0].lower()
        if name and name != "default":
            return "zh" if name.startswith("zh") else "en"
    return "en"


def speaker() -> Say:
    """What says things in the language of this moment, and in English what is in that language not there."""
    known = _chinese() if language() == "zh" else {}

    def say(text: str, /, **values: Any) -> str:
        if isinstance(text, Sentence):
            text, values = text.template, text.values
        values = {name: say(value) if isinstance(value, Sentence) else value for name, value in values.items()}
        text = known.get(text, text)
        return text.format(**values) if values else text

    return say


def _chinese() -> Mapping[str, str]:
    from .chinese import CHINESE  # only now: few need it

    return CHINESE


def _lab_locale() -> str:
    """The language that a person has chosen in JupyterLab's menu, if there is one on this machine."""
    folder = os.environ.get("JUPYTERLAB_SETTINGS_DIR")
    if not folder:
        config = os.environ.get("JUPYTER_CONFIG_DIR") or Path.home() / ".jupyter"
        folder = Path(config, "lab", "user-settings")
    try:
        text = Path(folder, _SETTINGS).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    found = re.search(r'^\s*[{,]?\s*"locale"\s*:\s*"([^"]*)"', text, re.MULTILINE)  # JSON with // comments
    return found[1] if found else ""
