"""The planner: resolved rules and queries to OPA's intermediate representation."""

from regolive.compiler.planner.planner import Planner
from regolive.compiler.planner.work import PlanningError

__all__ = ["Planner", "PlanningError"]
