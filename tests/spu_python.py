"""A Python that has a real SPU, where somebody has made one: make test-spu."""

from __future__ import annotations

from pathlib import Path

SPU_PYTHON = Path(__file__).parent.parent / ".venv-spu" / "bin" / "python"
