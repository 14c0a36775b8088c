"""What resolving depends on besides the modules: builtins, and how strict to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from regolive.ir.nodes import BuiltinDecl


@dataclass(frozen=True, slots=True)
class Options:
    """Options of the passes from the parsed to the resolved tree.

    Attributes:
        builtins: every builtin there is, by name. A call of any other is an error. Rego v1 does not
            allow those that are ``deprecated``; a ``relation`` gives several results for one call.
        strict: OPA's strict mode: unused imports, variables and parameters are errors, and what
            Rego v1 forbids is forbidden in v0 too.
        keep_prints: whether ``print`` stays. Without, its expressions are left out.
        features: the features of the language that capabilities allow, by OPA's names; None for
            all. Those that say what a rule's head may be are looked at here.
    """

    builtins: Mapping[str, BuiltinDecl] = field(default_factory=dict)
    strict: bool = False
    keep_prints: bool = True
    features: frozenset[str] | None = None
    # By name: how many operands. Made once, because every call looks here.
    arities: Mapping[str, int] = field(init=False, repr=False, compare=False)
    variadic: frozenset[str] = field(init=False, repr=False, compare=False)
    void: frozenset[str] = field(init=False, repr=False, compare=False)
    relations: frozenset[str] = field(init=False, repr=False, compare=False)
    deprecated: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        decls = {name: builtin.decl for name, builtin in self.builtins.items()}
        set_ = object.__setattr__
        set_(self, "arities", {name: len(decl.get("args") or ()) for name, decl in decls.items()})
        set_(self, "variadic", frozenset(n for n, decl in decls.items() if decl.get("variadic")))
        set_(self, "void", frozenset(n for n, decl in decls.items() if not decl.get("result")))
        flagged = self.builtins.values()
        set_(self, "deprecated", frozenset(b.name for b in flagged if b.deprecated))
        set_(self, "relations", frozenset(b.name for b in flagged if b.relation))
