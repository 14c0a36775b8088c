"""A module as OPA's JSON: what ``opa parse --format json`` prints and ``rego.parse_module`` gives.

OPA has the elements of a set and the keys of an object in their order, so they are put in it here.
"""

from __future__ import annotations

import base64
from typing import Any

from regolive.syntax import nodes as n
from regolive.syntax.order import ROOT_DOCUMENTS, sorted_items, sorted_pairs
from regolive.values import parse_number

Json = dict[str, Any]


def to_opa_json(module: n.Module, locations: bool = False, comments: bool = True) -> Json:
    """A module in the form of OPA's AST.

    Args:
        module: what ``parse_module`` gave.
        locations: with the place (and the base64 of the text) of each node.
        comments: with the module's comments.

    Returns:
        plain JSON; numbers are as regolive's values are.
    """
    return _Writer(locations).module(module, comments)


class _Writer:
    """Writes nodes; knows whether places are wanted."""

    def __init__(self, locations: bool) -> None:
        self.locations = locations

    def module(self, module: n.Module, comments: bool) -> Json:
        found: Json = {"package": self.package(module.package)}
        if module.imports:
            found["imports"] = [self.import_(i) for i in module.imports]
        if module.annotations:
            found["annotations"] = [self.annotations(a) for a in module.annotations]
        if module.rules:
            found["rules"] = [self.rule(rule) for rule in module.rules]
        if comments and module.comments:
            found["comments"] = [self.comment(comment) for comment in module.comments]
        return found

    def placed(self, loc: n.Loc, found: Json) -> Json:
        """The JSON with the place in front, if places are wanted."""
        if not self.locations:
            return found
        return {"location": self.place(loc), **found}

    def place(self, loc: n.Loc) -> Json:
        row, col = loc.source.row_col(loc.start)
        return {"file": loc.file, "row": row, "col": col, "text": _base64(loc.text)}

    # Modules

    def package(self, package: n.Package) -> Json:
        word = n.Loc(package.loc.source, package.loc.start, package.loc.start + len("package"))
        return self.placed(word, {"path": self.ref(package.path)})

    def import_(self, item: n.Import) -> Json:
        word = n.Loc(item.loc.source, item.loc.start, item.loc.start + len("import"))
        path = self.placed(item.path.loc, {"type": "ref", "value": self.ref(item.path)})
        found = self.placed(word, {"path": path})
        if item.alias is not None:
            found["alias"] = item.alias
        return found

    def comment(self, comment: n.Comment) -> Json:
        return {"Text": _base64(comment.text), "Location": self.place(comment.loc)}

    def annotations(self, found: n.Annotations) -> Json:
        return self.placed(found.loc, {"scope": found.scope, **found.fields})

    def rule(self, rule: n.Rule) -> Json:
        # A loop, not recursion: a chain may have thousands of links.
        links = [rule]
        while (following := links[-1].else_) is not None:
            links.append(following)
        made: Json | None = None
        for link in reversed(links):
            found = self.placed(link.loc, {})
            if link.annotations:
                found["annotations"] = [self.annotations(a) for a in link.annotations]
            if link.default:
                found["default"] = True
            found["head"] = self.head(link.head)
            found["body"] = self.body(link.body)
            if made is not None:
                found["else"] = made
            made = found
        assert made is not None
        return made

    def head(self, head: n.Head) -> Json:
        terms = head.ref.terms
        found: Json = {}
        if head.key is not None:
            found["key"] = self.term(head.key)
        if head.args:
            found["args"] = [self.term(arg) for arg in head.args]
        if len(terms) == 1 or (len(terms) == 2 and not isinstance(terms[1], n.Scalar)):
            found["name"] = head.name
        if head.value is not None:
            found["value"] = self.term(head.value)
        if head.assign:
            found["assign"] = True
        found["ref"] = self.ref(head.ref)
        return self.placed(head.loc, found)

    # Expressions

    def body(self, body: n.Body) -> list[Json]:
        return [self.expr(expr, index) for index, expr in enumerate(body)]

    def expr(self, expr: n.Expr, index: int) -> Json:
        found: Json = {"index": index, "terms": self.expr_terms(expr.term)}
        if expr.negated:
            found["negated"] = True
        if expr.withs:
            found["with"] = [self.with_(item) for item in expr.withs]
        return self.placed(expr.loc, found)

    def expr_terms(self, term: n.Node) -> Any:
        match term:
            case n.Call():
                return [self.term(term.func), *map(self.term, term.args)]
            case n.SomeDecl():
                return self.placed(term.loc, {"symbols": [self.symbol(s) for s in term.symbols]})
            case n.Every():
                found = {
                    "key": None if term.key is None else self.var(term.key),
                    "value": self.var(term.value),
                    "domain": self.term(term.domain),
                    "body": self.body(term.body),
                }
                return self.placed(term.loc, found)
            case n.Not():
                found = {"type": "not", "body": self.body(term.body)}
                return self.placed(term.loc, {**found, "explicit_body": term.explicit})
            case n.Logical():
                found = {"type": term.operator}
                found |= {"lhs": self.body(term.left), "rhs": self.body(term.right)}
                if term.explicit_left:
                    found["explicit_lhs"] = True
                if term.explicit_right:
                    found["explicit_rhs"] = True
                return self.placed(term.loc, found)
        assert isinstance(term, n.Term)
        return self.term(term)

    def symbol(self, symbol: n.Term) -> Json:
        return self.var(symbol) if isinstance(symbol, n.Var) else self.term(symbol)

    def with_(self, item: n.With) -> Json:
        target, value = self.term(item.target), self.term(item.value)
        return self.placed(item.loc, {"target": target, "value": value})

    # Terms

    def term(self, term: n.Term) -> Json:
        kind, value = self.kind_value(term)
        return self.placed(term.loc, {"type": kind, "value": value})

    def var(self, var: n.Var) -> Json:
        return self.placed(var.loc, {"type": "var", "value": var.name})

    def ref(self, ref: n.Ref) -> list[Json]:
        first, *steps = ref.terms
        head = self.var(first) if isinstance(first, n.Var) else self.term(first)
        return [head, *map(self.term, steps)]

    def kind_value(self, term: n.Term) -> tuple[str, Any]:
        match term:
            case n.Var():
                if term.name in ROOT_DOCUMENTS:
                    return "ref", [self.var(term)]
                return "var", term.name
            case n.Ref():
                return "ref", self.ref(term)
            case n.Scalar():
                return _scalar_kind(term.value), term.value
            case n.Number():
                return "number", parse_number(term.text)
            case n.Call():
                return "call", [self.term(term.func), *map(self.term, term.args)]
            case n.Array():
                return "array", [self.term(item) for item in term.items]
            case n.Set():
                return "set", [self.term(item) for item in sorted_items(term.items)]
            case n.Object():
                return "object", [[self.term(k), self.term(v)] for k, v in sorted_pairs(term)]
            case n.ArrayComp():
                return "arraycomprehension", self.comprehension(term.body, term=term.head)
            case n.SetComp():
                return "setcomprehension", self.comprehension(term.body, term=term.head)
            case n.ObjectComp():
                found = self.comprehension(term.body, key=term.key, value=term.value)
                return "objectcomprehension", found
            case n.TemplateString():
                parts = [
                    self.expr(item, 0) if isinstance(item, n.Expr) else self.term(item)
                    for item in term.items
                ]
                return "templatestring", {"parts": parts, "multi_line": term.multi_line}
        raise TypeError(f"not a term: {term!r}")

    def comprehension(self, body: n.Body, **terms: n.Term) -> Json:
        found: Json = {name: self.term(term) for name, term in terms.items()}
        return {**found, "body": self.body(body)}


def _scalar_kind(value: str | bool | None) -> str:
    if value is None:
        return "null"
    return "boolean" if isinstance(value, bool) else "string"


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode("ascii")
