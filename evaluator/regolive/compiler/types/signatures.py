"""What builtins take and give, from their declarations in OPA's format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from regolive.compiler.types.build import from_declaration, to_declaration
from regolive.compiler.types.model import Function, Part, show, show_args
from regolive.ir.nodes import BuiltinDecl


@dataclass(frozen=True, slots=True)
class Signature:
    """A function as a call of it is checked against: parameters, then the result.

    ``declared`` are a builtin's declarations of these, which also have names.
    """

    type: Function
    params: tuple[Part, ...]
    declared: Sequence[Mapping[str, Any]] = ()

    @property
    def arity(self) -> int:
        """How many arguments it takes, further ones of a variadic function aside."""
        return len(self.type.args)

    def without_result(self) -> Signature:
        """The same with nothing but the parameters to show."""
        arity = self.arity
        return Signature(self.type, self.params[:arity], self.declared[:arity])

    @property
    def want(self) -> str:
        """Parameters and result as messages list them, with their names where they have some."""
        if not self.declared:
            return show_args(self.params, self.type.rest)
        texts = [
            f"{d['name']}: {show(p)}" if d.get("name") else show(p)
            for d, p in zip(self.declared, self.params, strict=True)
        ]
        if self.type.rest is not None:
            texts.append(f"{self.type.rest}...")
        return "(" + ", ".join(texts) + ")"

    @property
    def fields(self) -> dict[str, Any]:
        """The same as ``--format json`` has it."""
        if self.declared:
            return {"args": list(self.declared)}
        return {"args": [to_declaration(p) for p in self.params]}


def of_function(t: Function) -> Signature:
    """The signature of a function that rules define."""
    return Signature(t, t.args if t.result is None else (*t.args, t.result))


class Signatures:
    """The signatures of all builtins, each made when it is first asked for."""

    def __init__(self, builtins: Mapping[str, BuiltinDecl]) -> None:
        self._builtins = builtins
        self._known: dict[str, Signature | None] = {}

    def get(self, name: str) -> Signature | None:
        """The signature of a builtin; None if there is none of that name."""
        try:
            return self._known[name]
        except KeyError:
            found = self._builtins.get(name)
            made = self._known[name] = None if found is None else of_builtin(found.decl)
            return made


def of_builtin(decl: Mapping[str, Any]) -> Signature:
    """The signature of a builtin, from its declaration in OPA's format."""
    t = from_declaration({**decl, "type": "function"})
    assert isinstance(t, Function)
    declared = [*(decl.get("args") or ())]
    params = t.args
    if t.result is not None:
        params = (*params, t.result)
        declared.append(decl["result"])
    return Signature(t, params, declared)
