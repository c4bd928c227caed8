"""What a task can run. An operator is an async program, one instance per party, and the names of its data sets."""

from __future__ import annotations

from .component import Component
from .party import Operator, Party, ranked_parties
from .ss_lr.program import SS_LR

OPERATORS = {operator.component.name: operator for operator in (SS_LR,)}
"""Every operator by its module_name."""

__all__ = ["OPERATORS", "Component", "Operator", "Party", "ranked_parties"]
