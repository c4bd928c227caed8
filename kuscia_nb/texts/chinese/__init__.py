"""Every text that there is in Chinese, by its English.

What a page says is in modules of its own, `panel` and `viewer`; `python labextension/scripts/chinese.py` makes what
JupyterLab and the viewer read of them.
"""

from __future__ import annotations

from .exercises import EXERCISES
from .explore import EXPLORE
from .jobs import JOBS
from .later_exercises import LATER_EXERCISES
from .options import OPTIONS
from .steps import STEPS, TRACE

CHINESE = {**JOBS, **OPTIONS, **EXERCISES, **LATER_EXERCISES, **EXPLORE, **TRACE, **STEPS}
"""What Python says."""
