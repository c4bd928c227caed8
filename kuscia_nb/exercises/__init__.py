"""The exercises at the end of each notebook, which check themselves.

    kn.check("4.1", answer)

says whether the answer is right. A wrong one is told what is wrong with it, and gets a hint, each time the next one.
The exercises of notebook N are in `lesson_N`; nothing of them is loaded before it is asked for. `kn.progress()` shows
what has become of them.
"""

from .checking import Verdict, check
from .progress import Progress, progress

__all__ = ["Progress", "Verdict", "check", "progress"]
