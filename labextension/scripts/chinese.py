"""The page's Chinese, made from the one store, kuscia_nb/texts/chinese: `python labextension/scripts/chinese.py`."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

from kuscia_nb.texts.chinese.panel import COUNTED, PANEL
from kuscia_nb.texts.chinese.steps import STEPS
from kuscia_nb.texts.chinese.viewer import VIEWER

ROOT = Path(__file__).parent.parent.parent
_PACK = {
    "": {"domain": "kuscia_nb", "language": "zh-CN", "plural_forms": "nplurals=1; plural=0;", "version": "0.1.0"},
    **{text: [chinese] for text, chinese in PANEL.items()},
    **{text: [chinese, ""] for text, chinese in COUNTED.items()},
}


def files() -> dict[Path, str]:
    """What JupyterLab reads for the panel, and what the viewer is built with."""
    return {
        ROOT / "kuscia_nb/locale/zh_CN/LC_MESSAGES/kuscia_nb.json": _written(_PACK),
        ROOT / "labextension/src/viewer/chinese.json": _written({**VIEWER, **STEPS}),
    }


def _written(texts: dict[str, Any]) -> str:
    """A text a line, as prettier has it."""
    lines = (f"  {_json(text)}: {_json(chinese)}" for text, chinese in texts.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


_json = partial(json.dumps, ensure_ascii=False)

if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, "utf-8")
