"""Calls of builtins with the wrong number of operands, found before types are inferred."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from regolive.compiler.types import messages
from regolive.compiler.types.env import TypeEnv
from regolive.compiler.types.model import ANY
from regolive.compiler.types.signatures import of_builtin
from regolive.compiler.types.terms import DOCUMENTS, TermTypes
from regolive.errors import Details
from regolive.syntax import nodes as n


def arity_details(decl: Mapping[str, Any], operands: Sequence[n.Term]) -> Details:
    """What a call gives and what the builtin wants, as far as is known without looking at rules.

    ``decl`` is the builtin's declaration in OPA's format.
    """
    terms = TermTypes(TypeEnv())
    todo: list[n.Term] = list(operands)
    while todo:
        part = todo.pop()
        if isinstance(part, n.Ref):
            head = part.terms[0]
            if isinstance(head, n.Var) and head.name in DOCUMENTS:
                terms.references[part] = ANY
        elif isinstance(part, n.Array | n.Set):
            todo += part.items
        elif isinstance(part, n.Object):
            todo += part.flat
    have = [terms.type_of(operand, {}) for operand in operands]
    return messages.operand_details(have, of_builtin(decl).without_result())
