"""A module as OPA's JSON: what ``opa parse --format json`` prints and ``rego.parse_module`` gives.

OPA has the elements of a set and the keys of an object in their order, so they are put in it here.
"""

from __future__ import annotations

import base64
import re
from typing import Any

from regolive.syntax import nodes as n
from regolive.syntax.order import ROOT_DOCUMENTS, sorted_items, sorted_pairs
from regolive.syntax.places import position
from regolive.syntax.visitor import walk
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


def ref_json(ref: n.Ref) -> list[Json]:
    """The steps of a reference, without places."""
    return _Writer(False).ref(ref)


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
            blocks = {a.loc.start: a for a in module.annotations}
            found["comments"] = [
                self.comment(comment, blocks.get(comment.loc.start)) for comment in module.comments
            ]
        return found

    def placed(self, loc: n.Loc, found: Json) -> Json:
        """The JSON with the place in front, if places are wanted."""
        if not self.locations:
            return found
        return {"location": self.place(loc), **found}

    def place(self, loc: n.Loc) -> Json:
        row, col = position(loc.source, loc.start)
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

    def comment(self, comment: n.Comment, block: n.Annotations | None) -> Json:
        where = self.place(comment.loc) if block is None else self.block(block)
        if not self.locations:
            del where["text"]
        return {"Text": _base64(comment.text), "Location": where}

    def annotations(self, found: n.Annotations) -> Json:
        made = {"scope": found.scope, **found.fields}
        if not self.locations:
            return made
        return {"location": self.block(found), **made}

    def block(self, found: n.Annotations) -> Json:
        """The place of a block of annotations, whose text OPA lays out again."""
        lines = [
            line.removeprefix("#").removeprefix(" ") for line in found.loc.text.split("\n")[1:]
        ]
        text = "\n".join(["# METADATA", *(f"# {line}" for line in lines)])
        return {**self.place(found.loc), "text": _base64(text)}

    def rule(self, rule: n.Rule) -> Json:
        # A loop, not recursion: a chain may have thousands of links.
        links = [rule]
        while (following := links[-1].else_) is not None:
            links.append(following)
        made: Json | None = None
        for link in reversed(links):
            where = link.loc
            if link.default:
                where = n.Loc(where.source, where.start, where.start + len("default"))
            found = self.placed(where, {})
            if link.annotations:
                found["annotations"] = [self.annotations(a) for a in link.annotations]
            if link.default:
                found["default"] = True
            found["head"] = self.head(link, rule.head)
            found["body"] = self.body(link.body)
            if self.locations and link is not rule and not _is_braced(link):
                # OPA has the expression behind `else if` where the `else` is.
                _move(found["body"], self.place(link.loc))
            if made is not None:
                found["else"] = made
            made = found
        assert made is not None
        return made

    def head(self, rule: n.Rule, first: n.Head) -> Json:
        """A rule's head; ``first`` is the one that the chain began with."""
        head = rule.head
        found: Json = {}
        if head.key is not None:
            found["key"] = self.term(head.key)
        if head.args:
            found["args"] = [self.term(arg) for arg in head.args]
        if head.value is not None:
            found["value"] = self.term(head.value)
            again = head.loc.end < rule.loc.start
            if head.generated_value and not again and not _is_placed(rule):
                found["value"].pop("location", None)
        if head.assign:
            found["assign"] = True
        found["ref"] = self.ref(head.ref)
        if len(head.ref.terms) == 1:
            found["name"] = head.name
        elif len(head.ref.terms) == 2 and head.key is None and not rule.default:
            self.old_name(rule, first, found)
        found = self.placed(head.loc, found)
        if self.locations and head.loc.end < rule.loc.start:
            # A second body: OPA has all of the head but its name where the body is.
            name = found.pop("ref")
            _move(found, self.place(rule.loc))
            found["ref"] = name
        return found

    def old_name(self, rule: n.Rule, first: n.Head, found: Json) -> None:
        """Name and key as v0 had them: OPA still gives them for names of two steps."""
        head = rule.head
        step = head.ref.terms[1]
        has_args = bool(head.args)
        if rule.generated_body and head is first:
            named, keyed = not has_args, not has_args
        elif _has_if(first):
            named = has_args or not first.generated_value
            keyed = not has_args and _varies(step)
        else:
            named = keyed = not has_args
        if named:
            found["name"] = head.name
        if keyed:
            found["key"] = self.term(step)

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
                return self.every(term)
            case n.Not():
                body = self.body(term.body)
                return {"type": "not", "body": body, "explicit_body": term.explicit}
            case n.Logical():
                return self.logical(term)
        assert isinstance(term, n.Term)
        return self.term(term)

    def every(self, term: n.Every) -> Json:
        found: Json = {"key": None if term.key is None else self.var(term.key)}
        found["value"] = self.var(term.value)
        found["domain"] = self.term(term.domain)
        found["body"] = self.body(term.body)
        return self.placed(term.loc, found)

    def logical(self, term: n.Logical) -> Json:
        found: Json = {"type": term.operator}
        found["lhs"], found["rhs"] = self.body(term.left), self.body(term.right)
        if term.explicit_left:
            found["explicit_lhs"] = True
        if term.explicit_right:
            found["explicit_rhs"] = True
        return found

    def symbol(self, symbol: n.Term) -> Json:
        return self.var(symbol) if isinstance(symbol, n.Var) else self.term(symbol)

    def with_(self, item: n.With) -> Json:
        target, value = self.term(item.target), self.term(item.value)
        return self.placed(item.loc, {"target": target, "value": value})

    # Terms

    def term(self, term: n.Term) -> Json:
        kind, value = self.kind_value(term)
        found = self.placed(term.loc, {"type": kind, "value": value})
        if self.locations:
            text = _odd_text(term)
            if text is not None:
                found["location"]["text"] = _base64(text)
        return found

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
                return _scalar_kind(term.value), {} if term.value is None else term.value
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
                parts = [self.part(item) for item in term.items]
                return "templatestring", {"parts": parts or None, "multi_line": term.multi_line}
        raise TypeError(f"not a term: {term!r}")

    def part(self, part: n.Scalar | n.Expr) -> Json:
        """A part of a template string; constants are terms, unless comments stand beside them."""
        if isinstance(part, n.Scalar):
            return self.term(part)
        term = part.term
        if isinstance(term, (n.Scalar, n.Number)) and not part.withs and not _is_commented(part):
            return self.term(term)
        return self.expr(part, 0)

    def comprehension(self, body: n.Body, **terms: n.Term) -> Json:
        found: Json = {name: self.term(term) for name, term in terms.items()}
        return {**found, "body": self.body(body)}


_BESIDE = re.compile(r"\s*#")
_BRACE = re.compile(r"(?:\s|#[^\n]*\n)*(?:if\b)?(?:\s|#[^\n]*\n)*\{")
_IF = re.compile(r"(?:\s|#[^\n]*\n)*if\b")


def _odd_text(term: n.Term) -> str | None:
    """The text OPA has for a term where it is not the one that stands there."""
    if isinstance(term, n.Number) and term.text[0] in "-.":
        return term.text[0]
    if isinstance(term, n.Ref) and not isinstance(term.loc, n.GroupLoc):
        head = term.terms[0]
        if isinstance(head.loc, n.GroupLoc) or not isinstance(head, (n.Var, n.Call)):
            return term.loc.source.text[head.loc.end - 1 : term.loc.end]
    return None


def _is_commented(part: n.Expr) -> bool:
    """Whether a comment stands beside an expression in its braces."""
    text = part.loc.source.text
    before = text[text.rfind("{", 0, part.loc.start) : part.loc.start]
    return "#" in before or _BESIDE.match(text, part.loc.end) is not None


def _is_braced(link: n.Rule) -> bool:
    """Whether the body behind an ``else`` stands in braces."""
    return _BRACE.match(link.loc.source.text, link.head.loc.end) is not None


def _has_if(head: n.Head) -> bool:
    """Whether ``if`` is written behind a head."""
    return _IF.match(head.loc.source.text, head.loc.end) is not None


def _is_placed(rule: n.Rule) -> bool:
    """Whether the value that nobody wrote has a place in OPA's tree."""
    head = rule.head
    if rule.generated_body:
        return not rule.default
    return len(head.ref.terms) == 2 and not head.args and head.loc.text[:4] != "else"


def _varies(step: n.Term) -> bool:
    """Whether a step is no constant."""
    return isinstance(step, n.Ref) or any(isinstance(node, n.Var) for node in walk(step))


def _move(found: Any, place: Json) -> None:
    """Put everything in a JSON tree at one place."""
    todo = [found]
    while todo:
        value = todo.pop()
        if isinstance(value, list):
            todo += value
        elif isinstance(value, dict):
            if "location" in value:
                value["location"] = place
            todo += (below for name, below in value.items() if name != "location")


def _scalar_kind(value: str | bool | None) -> str:
    if value is None:
        return "null"
    return "boolean" if isinstance(value, bool) else "string"


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode("ascii")
