"""The lines that people type after `kubectl`, on the nodes in this process: the same words, the same text back.

`run` takes a line to an `Output`. Each command is a module; what they share is the `Call`, which has the line's flags
and collects what it prints. Texts, columns, messages and errors are kubectl's own (spec: kuscia §1.10).
"""

from .line import run
from .output import KubectlError, Output, Rows

__all__ = ["KubectlError", "Output", "Rows", "run"]
