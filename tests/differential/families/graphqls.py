"""``graphql``: schemas and queries, good ones and nearly good ones."""

from __future__ import annotations

from typing import Any

from tests.differential.draw import Draw, Operands

_FIELDS = ("a", "b", "c", "name", "id")
_TYPES = ("Int", "String", "Boolean", "ID", "Float", "T", "U", "E", "I", "S", "N", "Nope")
_LITERALS = ("1", "-1", "1.5", "1e3", '"x"', '"\\u00e9"', '"""block\n  text"""', "true",
    "null", "A",
    "[1, 2]", "{a: 1}", "$v", "[]", "{}", "01", "1.", '"x', "$nope", "0xF")  # fmt: skip
_SCHEMA = """
type Query { a: Int b(x: Int, y: [String!]): T c: [T!]! name: String id: ID! u: U i: I }
type Mutation { a(n: N!): Int }
type T implements I { a: Int b(x: E = A): T c: U name: String id: ID! }
type V implements I { name: String v: Boolean }
interface I { name: String }
union U = T | V
enum E { A B }
input N { a: Int! = 1 b: [N] }
scalar S
directive @d(x: Int) on FIELD | QUERY | FRAGMENT_SPREAD
"""


def _type(d: Draw) -> str:
    name = d.one(_TYPES[:8]) if d.maybe(0.9) else d.one(_TYPES)
    return d.one(("{}", "{}", "{}!", "[{}]", "[{}!]!", "[[{}]]")).format(name)


def _directives(d: Draw) -> str:
    if d.maybe(0.88):
        return ""
    odd = ("@include(if: true)", "@skip(if: $v)", "@d(x: 1)", "@d", "@nope", "@deprecated", "@d @d")
    return " " + d.one(odd)


def _arguments(d: Draw) -> str:
    if d.maybe(0.75):
        return ""
    pairs = d.some(lambda: f"{d.one(('x', 'y', 'n', 'if'))}: {d.one(_LITERALS)}", 2, 1)
    return "(" + ", ".join(pairs) + ")"


def _selections(d: Draw, depth: int) -> str:
    out = []
    for _ in range(d.small(1, 3)):
        kind = d.below(10)
        if kind < 7 or not depth:
            alias = d.one(("x: ", "a: ", "")) if d.maybe(0.15) else ""
            field = alias + (d.one((*_FIELDS, "u", "i")) if d.maybe(0.95) else d.one(("nope",
                "__typename")))  # fmt: skip
            inner = _selections(d, depth - 1) if depth and d.maybe(0.4) else ""
            out.append(field + _arguments(d) + _directives(d) + inner)
        elif kind == 7:
            on = d.one(("on T ", "on I ", "on V ", "", "on Nope ", "on U ", "on Int "))
            out.append(f"... {on}{_directives(d)}{_selections(d, depth - 1)}")
        else:
            out.append("..." + d.one(("F", "G", "Nope")))
    return " { " + " ".join(out) + " }"


def _query(d: Draw) -> str:
    text = ""
    for _ in range(d.one((1, 1, 1, 2))):
        if d.maybe(0.4):
            text += _selections(d, 2)
            continue
        variables = ""
        if d.maybe(0.5):
            default = f" = {d.one(_LITERALS)}" if d.maybe(0.3) else ""
            variables = f"($v: {_type(d)}{default})"
        operation = d.one(("query", "query", "mutation", "subscription"))
        text += (
            f"{operation} {d.one(('Q', 'R', ''))}{variables}{_directives(d)}{_selections(d, 2)} "
        )
    for name in "FG":
        if d.maybe(0.35):
            text += (
                f" fragment {name} on {d.one(('T', 'I', 'Query', 'V', 'Nope'))}{_selections(d, 1)}"
            )
    return d.mutated(text, '{}()[]:!$@"#,. \n') if d.maybe(0.12) else text


def _definition(d: Draw) -> str:
    kind = d.below(8)
    describe = d.one(('"about" ', '"""about"""\n', "# about\n")) if d.maybe(0.2) else ""
    name = d.one(("Query", "T", "U", "E", "I", "S", "N", "W", "__X"))
    fields = " ".join(
        f"{d.one(_FIELDS)}{_parameters(d)}: {_type(d)}{_directives(d)}"
        for _ in range(d.small(1, 3))
    )
    extend = "extend " if d.maybe(0.1) else ""
    if kind < 4:
        implements = d.one((" implements I", " implements I & T", "")) if d.maybe(0.3) else ""
        return f"{describe}{extend}type {name}{implements}{_directives(d)} {{ {fields} }}"
    if kind == 4:
        return f"{describe}{extend}interface {name} {{ {fields} }}"
    if kind == 5:
        return f"{describe}union {name} = {d.one(('T', 'T | U', '| T | E', 'Nope'))}"
    if kind == 6:
        return f"{describe}enum {name} {{ {d.one(('A B', 'A', 'A A', 'true', 'A @deprecated'))} }}"
    return d.one((f"input {name} {{ a: {_type(d)} = {d.one(_LITERALS)} }}", f"scalar {name}",
        "schema { query: Query }", "schema { query: T }",
        "directive @d(x: Int) on FIELD"))  # fmt: skip


def _parameters(d: Draw) -> str:
    if d.maybe(0.8):
        return ""
    return f"(x: {_type(d)}{f' = {d.one(_LITERALS)}' if d.maybe(0.4) else ''})"


def _schema(d: Draw) -> str:
    if d.maybe(0.3):
        return d.mutated(_SCHEMA, "{}()!:@ AT\n") if d.maybe(0.5) else _SCHEMA
    text = "\n".join(d.some(lambda: _definition(d), 5, 1))
    if d.maybe(0.6):
        text += "\ntype Query { a: Int }" if "type Query" not in text else ""
        text += "\ntype T { a: Int }" if "type T" not in text else ""
    return text


def _both(d: Draw) -> list[Any]:
    return [_query(d), _SCHEMA if d.maybe(0.85) else _schema(d)]


FAMILIES: dict[str, dict[str, Operands]] = {
    "graphql": {
        "graphql.is_valid": _both,
        "graphql.parse": _both,
        "graphql.parse_and_verify": _both,
        "graphql.parse_query": lambda d: [_query(d)],
        "graphql.parse_schema": lambda d: [_schema(d)],
        "graphql.schema_is_valid": lambda d: [_schema(d)],
    },
}
