"""Trees as short texts, so that a test can say what a tree should be in one line."""

from __future__ import annotations

import json

from regolive.syntax import nodes as n
from regolive.syntax import parse_module, parse_query


def shape(node: n.Node | tuple[n.Node, ...] | None) -> str:
    """What a tree says, with a bracket for each node: ``1 + x`` is ``(+ 1 x)``."""
    match node:
        case None:
            return "-"
        case tuple():
            return "; ".join(map(shape, node))
        case n.Var():
            return node.name
        case n.Scalar():
            return json.dumps(node.value)
        case n.Number():
            return node.text
        case n.Ref():
            return f"ref({_all(node.terms)})"
        case n.Array():
            return f"array({_all(node.items)})"
        case n.Set():
            return f"set({_all(node.items)})"
        case n.Object():
            return f"object({_all(node.flat)})"
        case n.ArrayComp():
            return f"array({shape(node.head)} | {shape(node.body)})"
        case n.SetComp():
            return f"set({shape(node.head)} | {shape(node.body)})"
        case n.ObjectComp():
            return f"object({shape(node.key)} {shape(node.value)} | {shape(node.body)})"
        case n.Call(infix=str(sign)):
            return f"({sign} {_all(node.args)})"
        case n.Call():
            return f"{shape(node.func)}({_all(node.args)})"
        case n.TemplateString():
            return f"template({_all(node.items)})"
    return _statement(node)


def _statement(node: n.Node) -> str:
    match node:
        case n.Expr():
            text = shape(node.term)
            text = f"not {text}" if node.negated else text
            return " ".join([text, *map(shape, node.withs)])
        case n.With():
            return f"with({_all((node.target, node.value))})"
        case n.SomeDecl():
            return f"some({_all(node.symbols)})"
        case n.Every():
            head = _all((node.key, node.value, node.domain))
            return f"every({head} | {shape(node.body)})"
        case n.Not():
            return f"not{{{shape(node.body)}}}" if node.explicit else f"not({shape(node.body)})"
        case n.Logical():
            left = _side(node.left, node.explicit_left)
            return f"({node.operator} {left} {_side(node.right, node.explicit_right)})"
        case n.Rule():
            return _rule(node)
    raise TypeError(f"no shape for {node!r}")


def _side(body: n.Body, explicit: bool) -> str:
    return f"{{{shape(body)}}}" if explicit else shape(body)


def _rule(rule: n.Rule) -> str:
    head = rule.head
    text = "default " if rule.default else ""
    text += shape(head.ref)
    if head.args is not None:
        text += f"({_all(head.args)})"
    if head.key is not None:
        text += f" contains {shape(head.key)}"
    if not head.generated_value and head.value is not None:
        text += f" {':=' if head.assign else '='} {shape(head.value)}"
    if not rule.generated_body:
        text += f" if {shape(rule.body)}"
    return f"{text} else {_rule(rule.else_)}" if rule.else_ is not None else text


def _all(nodes: tuple[n.Node | None, ...]) -> str:
    return " ".join(map(shape, nodes))


def query(text: str) -> str:
    """The shape of a query."""
    return shape(parse_query(text)[0])


def term(text: str) -> str:
    """The shape of the value of a rule."""
    value = parse_module(f"package p\nr := {text}").rules[0].head.value
    return shape(value)


def rules(text: str, *, v0: bool = False) -> list[str]:
    """The shapes of a module's rules; the package is put before them."""
    return list(map(shape, parse_module(f"package p\n{text}", v0_compatible=v0).rules))
