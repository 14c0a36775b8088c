"""OPA's intermediate representation: the waist of the house.

Everything that makes plans (front ends, bundles) meets everything that runs them here.
"""

from regolive.ir.archive import DEFAULT_LIMIT
from regolive.ir.bundle import Bundle, Manifest, load_bundle
from regolive.ir.nodes import BuiltinDecl, Func, Plan, Policy, Pos
from regolive.ir.reader import read_policy
from regolive.ir.writer import write_policy

__all__ = [
    "DEFAULT_LIMIT",
    "BuiltinDecl",
    "Bundle",
    "Func",
    "Manifest",
    "Plan",
    "Policy",
    "Pos",
    "load_bundle",
    "read_policy",
    "write_policy",
]
