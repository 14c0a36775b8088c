"""A query's expressions: where each stands in the text, and a query that says what each gives.

``opa eval`` reports every expression of a query with its text, place and value. A plan gives
bindings only. So each expression that has a value of its own is bound to a variable:
``data.users[i]; x := 1`` is asked as ``v0 := data.users[i]; x := 1``, and the report is made from
the bindings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from regolive.errors import PolicyError
from regolive.ir.nodes import BuiltinDecl
from regolive.syntax import nodes as n
from regolive.syntax import parse_query
from regolive.syntax.visitor import children

NO_BUILTINS: Mapping[str, BuiltinDecl] = {}
_CLOSURES = (n.ArrayComp, n.SetComp, n.ObjectComp, n.Every, n.Not, n.Logical)


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression of a query: its text, where it begins (from 1), and how it is reported.

    ``variable`` is bound to its value; None for one that only holds or not, such as ``x := 1``,
    whose value is true. ``start`` is its offset in the query.
    """

    text: str
    row: int
    col: int
    start: int
    variable: str | None


@dataclass(frozen=True, slots=True)
class Captured:
    """A query as it is to be asked, and the expressions it reports.

    ``only_value``: it asks the value of one expression, so that false is an answer if it has no
    variables.
    """

    text: str
    expressions: tuple[Expression, ...]
    only_value: bool

    def results(self, bindings: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The answers as ``opa eval --format json`` has them, from those of ``text``.

        An answer in which an expression is false is none, unless the query asks nothing but the
        value of one expression.
        """
        hidden = {e.variable for e in self.expressions} | {"input", "data"}
        answers = []
        for row in bindings:
            values = [True if e.variable is None else row[e.variable] for e in self.expressions]
            visible = {name: value for name, value in row.items() if name not in hidden}
            if (visible or not self.only_value) and any(value is False for value in values):
                continue
            answer: dict[str, Any] = {
                "expressions": [
                    {"value": v, "text": e.text, "location": {"row": e.row, "col": e.col}}
                    for e, v in zip(self.expressions, values, strict=True)
                ]
            }
            if visible:
                answer["bindings"] = visible
            answers.append(answer)
        return answers


def capture(
    query: str, builtins: Mapping[str, BuiltinDecl] = NO_BUILTINS, functions: bool = True
) -> Captured | None:
    """Bind the values of a query's expressions; None for a text that does not parse.

    A call has a value of its own unless that is one of its operands (``sum([1], x)``) or nothing
    (``print("x")``); ``functions`` is whether calls of what is no builtin have.
    """
    try:
        body, _ = parse_query(query)
    except PolicyError:
        return None
    prefix = "value"
    while prefix in query:
        prefix += "_"
    expressions: list[Expression] = []
    out: list[str] = []
    at = 0
    for expr in body:
        if isinstance(expr.term, n.SomeDecl) and not isinstance(expr.term.symbols[0], n.Call):
            continue  # `some x` declares, and is no expression of the result
        loc = expr.loc
        row, col = loc.source.row_col(loc.start)
        variable = f"{prefix}{len(expressions)}" if _has_value(expr, builtins, functions) else None
        expressions.append(Expression(loc.text, row, col, loc.start, variable))
        if variable is not None:
            out += [query[at : loc.start], f"{variable} := "]
            at = loc.start
    out.append(query[at:])
    if not expressions:
        return None
    only = len(expressions) == 1 and not any(map(_wildcards, body))
    return Captured("".join(out), tuple(expressions), only)


def _has_value(expr: n.Expr, builtins: Mapping[str, BuiltinDecl], functions: bool) -> bool:
    term = expr.term
    if expr.negated or not isinstance(term, n.Term):
        return False
    if not isinstance(term, n.Call):
        return True
    if term.infix in (":=", "="):
        return False
    steps = term.func.terms
    name = ".".join(str(s.name if isinstance(s, n.Var) else getattr(s, "value", "")) for s in steps)
    found = builtins.get(name)
    if found is None:
        return functions
    operands = found.decl.get("args") or ()
    return bool(found.decl.get("result")) and len(term.args) == len(operands)


def _wildcards(expr: n.Expr) -> bool:
    """Whether an expression has a ``_`` of its own; those of a comprehension are the latter's."""
    todo: list[n.Node] = [expr]
    while todo:
        node = todo.pop()
        if isinstance(node, n.Var) and node.is_wildcard:
            return True
        if not isinstance(node, _CLOSURES):
            todo += children(node)
    return False
