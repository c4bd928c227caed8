"""What a task can run. An operator is an async program, one instance per party, and the names of its data sets."""

from __future__ import annotations

from .component import Component
from .party import Operator, Party, ranked_parties
from .registry import OPERATORS, on_register, operator

__all__ = ["OPERATORS", "Component", "Operator", "Party", "on_register", "operator", "ranked_parties"]
