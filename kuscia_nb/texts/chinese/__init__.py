"""Every text that there is in Chinese, by its English."""

from __future__ import annotations

from .exercises import EXERCISES
from .explore import EXPLORE
from .jobs import JOBS
from .options import OPTIONS

CHINESE = {**JOBS, **OPTIONS, **EXERCISES, **EXPLORE}
