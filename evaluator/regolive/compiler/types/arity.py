"""Calls of builtins with the wrong number of operands, found before types are inferred."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from regolive.compiler.types import messages
from regolive.compiler.types.env import TypeEnv
from regolive.compiler.types.model import ANY
from regolive.compiler.types.signatures import of_builtin
from regolive.compiler.types.terms import TermTypes, Types
from regolive.errors import Details
from regolive.syntax import nodes as n


def arity_details(
    decl: Mapping[str, Any], operands: Sequence[n.Term], is_global: Callable[[str], bool]
) -> Details:
    """What a call gives and what the builtin wants, as far as is known without looking at rules.

    Args:
        decl: the builtin's declaration in OPA's format.
        operands: as they are written, and the variable for the result where there is one.
        is_global: whether a name is that of a document, a rule or an import.
    """
    terms = TermTypes(TypeEnv())
    types: Types = {}
    todo: list[n.Term] = list(operands)
    while todo:
        part = todo.pop()
        if isinstance(part, n.Ref):
            head = part.terms[0]
            if isinstance(head, n.Var) and is_global(head.name):
                terms.references[part] = ANY
        elif isinstance(part, n.Var):
            if is_global(part.name):
                types[part.name] = ANY
        elif isinstance(part, n.Array | n.Set):
            todo += part.items
        elif isinstance(part, n.Object):
            todo += part.flat
    have = [terms.type_of(operand, types) for operand in operands]
    return messages.operand_details(have, of_builtin(decl).without_result())
