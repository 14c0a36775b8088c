"""Trees as canonical Rego text: what is printed and read again is the same tree.

Rego is ambiguous where braces, bars and commas meet, so terms get parentheses wherever another
reading comes first. Comments stay in their order, each before the statement that follows it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from regolive.syntax import nodes as n
from regolive.syntax.lexer import ALL_KEYWORDS
from regolive.syntax.terms import INFIX

_NAME = re.compile(r"[A-Za-z_][A-Za-z_\d]*")


def format_module(module: n.Module) -> str:
    """A module as text. Rego v0 is printed as v0: its imports say which keywords it has."""
    return _Module(module).text()


def format_node(node: n.Node) -> str:
    """Any node but a comment as text, on one line save for rules and what holds them."""
    match node:
        case n.Module():
            return format_module(node)
        case n.Rule():
            return _Rules(1).rule(node)
        case n.Expr():
            return _expr(node)
        case n.Package():
            return _package(node)
        case n.Import():
            return _import(node)
        case n.Head():
            return _Rules(1).head(node, condition=False)
        case n.With():
            return _with(node)
        case n.SomeDecl() | n.Every() | n.Not() | n.Logical():
            return _statement(node)
        case n.Term():
            return _infix(node)
    raise TypeError(f"cannot be printed: {type(node).__name__}")


# Terms


def _infix(term: n.Term, level: int = 0) -> str:
    """A term as an operand of an operator of ``level``; in parentheses where it binds less."""
    if isinstance(term, n.Call) and term.infix is not None:
        found = INFIX.get(term.infix)
        if found is not None and len(term.args) == 2:
            own = found[0]
            left, right = term.args
            text = f"{_infix(left, own)} {term.infix} {_infix(right, own + 1)}"
            return text if own >= level else f"({text})"
        if term.infix == "in" and len(term.args) in (2, 3):
            text = _membership(term)
            return text if level == 0 else f"({text})"
    return _term(term)


def _membership(term: n.Call) -> str:
    *operands, domain = term.args
    if len(operands) == 1:
        left = _infix(operands[0], 0 if _is_membership(operands[0], 2) else 1)
    else:
        left = ", ".join(_infix(operand, 1) for operand in operands)
    return f"{left} in {_infix(domain, 1)}"


def _is_membership(term: n.Term, arity: int) -> bool:
    return isinstance(term, n.Call) and term.infix == "in" and len(term.args) == arity


def _item(term: n.Term, first: bool = False) -> str:
    """An element of a list.

    ``k, v in xs`` would be two elements. In a ``first`` one, ``a | b`` would be a comprehension.
    """
    if _is_membership(term, 3):
        return f"({_infix(term)})"
    text = _infix(term)
    return _guard_union(term, text) if first else text


def _guard_union(term: n.Term, text: str) -> str:
    """The text of a term that stands first in brackets: ``a | b`` there is a comprehension."""
    outer: n.Call | None = None
    while isinstance(term, n.Call) and _has_left(term):
        if term.infix == "|" and outer is None:
            outer = term
        left = term.args[0]
        apart = not _has_left(left) or _level(left) < _level(term)
        if apart and term.infix == "|" and outer is not None:
            whole = _infix(outer)
            return f"({whole}){text[len(whole) :]}" if text.startswith(whole) else text
        if apart:
            break
        term = left
    return text


def _level(term: n.Term) -> int:
    """How strongly the operator binds that a term is made with."""
    assert isinstance(term, n.Call)
    return INFIX[term.infix][0] if term.infix in INFIX else 0


def _guard_brace(term: n.Term, text: str) -> str:
    """The text of a term where braces are a body: what begins with a brace gets parentheses."""
    if text[:1] != "{":
        return text
    while isinstance(term, n.Call) and _has_left(term):
        term = term.args[0]
    whole = _term(term)
    return f"({whole}){text[len(whole) :]}"


def _has_left(term: n.Node) -> bool:
    """Whether a term's text begins with an operand of its own."""
    return isinstance(term, n.Call) and term.infix is not None


def _primary(term: n.Term) -> str:
    """A term that nothing binds stronger than: the head of a reference or a comprehension."""
    return f"({_infix(term)})" if _has_left(term) else _term(term)


def _list(items: Iterable[n.Term]) -> str:
    return ", ".join(_item(item, not index) for index, item in enumerate(items))


def _term(term: n.Term) -> str:
    match term:
        case n.Var():
            return "_" if term.is_wildcard else term.name
        case n.Scalar():
            return _scalar(term.value)
        case n.Number():
            return term.text
        case n.Ref():
            return _ref(term)
        case n.Call():
            if term.infix is not None:
                return f"({_infix(term)})"
            return f"{_ref(term.func)}({', '.join(map(_item, term.args))})"
        case n.Array():
            return f"[{_list(term.items)}]"
        case n.Set():
            return f"{{{_list(term.items)}}}" if term.items else "set()"
        case n.Object():
            return f"{{{', '.join(_pairs(term))}}}"
        case n.ArrayComp():
            return f"[{_primary(term.head)} | {_line(term.body)}]"
        case n.SetComp():
            return f"{{{_primary(term.head)} | {_line(term.body)}}}"
        case n.ObjectComp():
            key = _item(term.key, first=True)
            return f"{{{key}: {_primary(term.value)} | {_line(term.body)}}}"
        case n.TemplateString():
            return _template(term)
    raise TypeError(f"not a term: {term!r}")


def _pairs(term: n.Object) -> Iterator[str]:
    for index, (key, value) in enumerate(term.pairs):
        yield f"{_item(key, not index)}: {_item(value, not index)}"


def _scalar(value: str | bool | None) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{_escaped(value)}"'


def _escaped(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1].replace("\ufeff", "\\ufeff")


def _template(term: n.TemplateString) -> str:
    parts: list[str] = []
    for item in term.items:
        if isinstance(item, n.Expr):
            parts.append(f"{{{_expr(item)}}}")
        else:
            text = str(item.value)
            text = text if term.multi_line else _escaped(text)
            parts.append(text.replace("{", "\\{"))
    quote = "`" if term.multi_line else '"'
    return f"${quote}{''.join(parts)}{quote}"


def _ref(ref: n.Ref) -> str:
    head, *steps = ref.terms
    text = _primary(head)
    if steps and text in ALL_KEYWORDS:
        # A keyword is a name before a point; before a bracket it may be itself.
        text += _word_step(steps.pop(0))
    return text + "".join(map(_step, steps))


def _step(step: n.Term) -> str:
    if isinstance(step, n.Scalar) and isinstance(step.value, str):
        name = step.value
        if _NAME.fullmatch(name) and name not in ALL_KEYWORDS:
            return f".{name}"
    return f"[{_infix(step)}]"


# Expressions


def _line(body: n.Body) -> str:
    """A body on one line."""
    return "; ".join(map(_expr, body))


def _braced(body: n.Body) -> str:
    """A body in braces, on one line."""
    return f"{{ {'; '.join(_lines(body))} }}"


def _lines(body: n.Body) -> list[str]:
    """The expressions of a body in braces: the first must not look like a comprehension."""
    texts = [_expr(expr) for expr in body]
    first = body[0]
    while isinstance(first.term, n.Logical) and not first.term.explicit_left:
        first = first.term.left[0]
    if not first.negated and isinstance(first.term, n.Term):
        texts[0] = _guard_union(first.term, texts[0])
    return texts


def _expr(expr: n.Expr) -> str:
    text = _statement(expr.term)
    if expr.negated:
        text = f"not {text}"
    return " ".join([text, *map(_with, expr.withs)])


def _with(item: n.With) -> str:
    return f"with {_term(item.target)} as {_infix(item.value)}"


def _statement(term: n.Term | n.SomeDecl | n.Every | n.Not | n.Logical) -> str:
    match term:
        case n.Call(infix="=" | ":=", args=(left, right)):
            return f"{_infix(left)} {term.infix} {_infix(right)}"
        case n.SomeDecl():
            return "some " + ", ".join(map(_infix, term.symbols))
        case n.Every():
            return f"{_every(term)} {_braced(term.body)}"
        case n.Not():
            return f"not {_operand(term.body, term.explicit, 3)}"
        case n.Logical():
            level = 1 if term.operator == "or" else 2
            first = _operand(term.left, term.explicit_left, level)
            second = _operand(term.right, term.explicit_right, level + 1)
            return f"{first} {term.operator} {second}"
    return _infix(term)


def _every(term: n.Every) -> str:
    """``every`` up to its body."""
    names = [term.value] if term.key is None else [term.key, term.value]
    return f"every {', '.join(map(_term, names))} in {_infix(term.domain, 1)}"


def _operand(body: n.Body, explicit: bool, level: int) -> str:
    """An operand of ``and``, ``or`` and ``not``; in parentheses where it binds less."""
    if explicit:
        return _braced(body)
    expr = body[0]
    text = _expr(expr)
    term = expr.term
    if isinstance(term, n.Logical):
        own = 1 if term.operator == "or" else 2
        return text if own >= level and not expr.withs else f"({text})"
    if isinstance(term, n.Not):
        return f"({text})" if level == 3 or expr.withs else text
    if isinstance(term, n.Term) and not expr.negated:
        text = _guard_brace(term, text)
    return f"({text})" if expr.withs else text


# Statements


def _package(package: n.Package) -> str:
    _, first, *steps = package.path.terms
    name = first.value if isinstance(first, n.Scalar) else _term(first)
    name = "_" if str(name)[:1] == "$" else name
    return f"package {name}" + "".join(map(_step, steps))


def _import(item: n.Import) -> str:
    head, *steps = item.path.terms
    text = f"import {_term(head)}" + "".join(map(_word_step, steps))
    if item.alias is None:
        return text
    return f"{text} as {'_' if item.alias[:1] == '$' else item.alias}"


def _word_step(step: n.Term) -> str:
    """A step in its short form, keywords too."""
    if isinstance(step, n.Scalar) and isinstance(step.value, str) and _NAME.fullmatch(step.value):
        return f".{step.value}"
    return _step(step)


class _Rules:
    """Prints rules in the form of a version of Rego."""

    def __init__(self, version: int) -> None:
        self.version = version

    def rule(self, rule: n.Rule) -> str:
        """A rule with its body and its ``else`` chain."""
        if rule.default:
            return f"default {self.head(rule.head, condition=False)}"
        if rule.generated_body:
            return self.head(rule.head, condition=False)
        parts = [self.head(rule.head, condition=True), self.body(rule.body)]
        link = rule.else_
        while link is not None:
            parts.append(self.link(link))
            link = link.else_
        return " ".join(parts)

    def again(self, rule: n.Rule) -> str:
        """A rule as a further body of the one before it."""
        return self.body(rule.body)

    def link(self, rule: n.Rule) -> str:
        """One ``else``."""
        head = rule.head
        parts = ["else"]
        if not head.generated_value and head.value is not None:
            parts += [":=" if head.assign else "=", _infix(head.value)]
        if not rule.generated_body:
            if self.version:
                parts.append("if")
            parts.append(self.body(rule.body))
        return " ".join(parts)

    def head(self, head: n.Head, *, condition: bool) -> str:
        """A head; with ``if`` behind it where a ``condition`` follows that needs one."""
        text = _ref(head.ref)
        steps = len(head.ref.terms)
        needs_if = bool(self.version)
        if head.args is not None:
            text += f"({', '.join(map(_item, head.args))})"
        if head.key is not None:
            if self.version or steps > 1:
                text += f" contains {_infix(head.key)}"
            else:
                text += _step(head.key)
        elif head.value is not None and not head.generated_value:
            text += f" {':=' if head.assign else '='} {_infix(head.value)}"
        elif steps == 2 and head.args is None:
            # Without it, `p[x] { ... }` is a set.
            needs_if = True
        return f"{text} if" if condition and needs_if else text

    def body(self, body: n.Body, indent: str = "") -> str:
        """A body in braces, an expression a line."""
        inner = f"{indent}\t"
        lines = "".join(f"{inner}{line}\n" for line in self.lines(body, inner))
        return f"{{\n{lines}{indent}}}"

    def lines(self, body: n.Body, indent: str) -> list[str]:
        """The expressions of a body; ``every`` has its own body on lines of its own."""
        texts = [
            self.block(expr, indent) if isinstance(expr.term, n.Every) else text
            for expr, text in zip(body, _lines(body), strict=True)
        ]
        # A minus at the beginning of a line would go on with the line before.
        return [
            f"{text};" if following[:1] == "-" else text
            for text, following in zip(texts, [*texts[1:], ""], strict=True)
        ]

    def block(self, expr: n.Expr, indent: str) -> str:
        """``every``, with its body on lines of its own."""
        term = expr.term
        assert isinstance(term, n.Every)
        return " ".join([_every(term), self.body(term.body, indent), *map(_with, expr.withs)])


class _Module:
    """Prints a module: statements in the order of the text, comments between them."""

    def __init__(self, module: n.Module) -> None:
        self.module = module
        self.rules = _Rules(module.rego_version)

    def text(self) -> str:
        """The text of the module."""
        module = self.module
        statements: list[n.Package | n.Import | n.Rule] = [*module.imports, *module.rules]
        statements.sort(key=_start)
        statements.insert(0, module.package)
        comments = list(module.comments)
        parts: list[str] = []
        previous: n.Node | None = None
        for node in statements:
            until = node.loc.start
            between = [c for c in comments if c.loc.start < until]
            comments = comments[len(between) :]
            further = (
                isinstance(node, n.Rule)
                and isinstance(previous, n.Rule)
                and (_is_further_body(previous, node))
            )
            if (
                parts
                and not further
                and not (isinstance(node, n.Import) and isinstance(previous, n.Import))
            ):
                parts.append("\n")
            parts += _comments(between)
            if further and isinstance(node, n.Rule):
                parts[-1] = parts[-1].rstrip("\n") + (" " if not between else "\n")
                parts.append(self.rules.again(node) + "\n")
            else:
                parts.append(self.statement(node) + "\n")
            previous = node
        if comments:
            parts += ["\n", *_comments(comments)]
        return "".join(parts)

    def statement(self, node: n.Package | n.Import | n.Rule) -> str:
        """One statement as text."""
        if isinstance(node, n.Package):
            return _package(node)
        return _import(node) if isinstance(node, n.Import) else self.rules.rule(node)


def _start(node: n.Node) -> int:
    return node.loc.start


def _is_further_body(before: n.Rule, rule: n.Rule) -> bool:
    """Whether a rule is a further body of the one before: its head stands there."""
    head = rule.head.loc
    return (
        before.else_ is None
        and head.start == before.head.loc.start
        and head.source is before.head.loc.source
        and head.end <= rule.loc.start
        and before.loc.start < rule.loc.start
    )


def _comments(comments: list[n.Comment]) -> list[str]:
    """Comments, each on a line. Apart from each other, and from the margin, if they were."""
    found: list[str] = []
    last = 0
    for comment in comments:
        row, col = comment.loc.row, comment.loc.col
        if found and row != last + 1:
            found.append("\n")
        found.append(f"{'' if col == 1 else ' '}#{comment.text}\n")
        last = row
    return found
