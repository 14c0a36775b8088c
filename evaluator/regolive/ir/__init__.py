"""OPA's intermediate representation: the waist of the house.

Everything that makes plans (front ends, bundles) meets everything that runs them here.
"""

from regolive.ir.nodes import Policy
from regolive.ir.reader import read_policy
from regolive.ir.writer import write_policy

__all__ = ["Policy", "read_policy", "write_policy"]
