"""``json``: text in and out, and paths; ``json_patch``."""

from __future__ import annotations

from typing import Any

from tests.differential.draw import Draw, Operands
from tests.differential.notation import Num, SetOf, as_rego

_TEXTS = (
    "1", "-0", "0", "1.0", "1e2", "1E400", "01", "1.", ".5", "-", "+1", "1e", '"a"', "'a'",
    '"\\u00e9"', '"\\ud800"',
    '"\\ud83d\\ude00"', '"\\x"', '"\\u12"', '"\t"', '"a', "nul", "null", "nulll", "true",
    "TRUE", "NaN", "Infinity", "-Infinity",
    "[]", "[1,]", "[1 2]", "[", "]", "{}", '{"a":1}', '{"a" 1}', '{"a":}', "{a:1}", '{"a":1,}',
    '{"a":1,"a":2}', "{1:2}",
    "[1]x", "1 2", " 1 ", "\ufeff1", "", " ", "/*c*/1", '{"a":{"b":[1,2,{"c":null}]}}',
    '"\\/"', "\x00", '"\x00"', "[1}",
    '"\u2028"', "\xa01", "[nul]", '{"\\u0061":1}', "1e-400", "123456789012345678901234567890",
    '"\\', '"\\"', "[[]", '{"a"',
    '"\\ud800x"', '"\udcff"', '{"\udc80a": "\udcc3\udca9"}', "1 null", "1null", '1 "a"',
    "1 true", "[1] [", "[1] ]",
    "tru", "[true,fals]", "0x1", "1_0", "--1", '"é"', '["a"', "-1.5e-7", '{"a":1 "b":2}',
    "[,]", "{,}", "\v1", "\f1",
)  # fmt: skip


def _text(d: Draw) -> list[Any]:
    text = d.one(_TEXTS)
    if d.maybe(0.3):
        text = "".join(d.some(lambda: d.one(_TEXTS), 3))
    return [d.mutated(text, '{}[],:"\\01.e- ntf\n') if d.maybe(0.3) else text]


def _options(d: Draw) -> list[Any]:
    options: dict[str, Any] = {}
    if d.maybe(0.6):
        options["pretty"] = d.maybe(0.7)
    if d.maybe(0.4):
        options["indent"] = d.one(("", " ", "  ", "\t", "é", "--"))
    if d.maybe(0.4):
        options["prefix"] = d.one(("", ">", "  ", "é"))
    if d.maybe(0.08):
        options[d.one(("pretty", "indent", "prefix", "other"))] = d.scalar()
    return [d.value(3), options]


_STEPS = ("a", "b", "0", "1", "c", "a/b", "~", "x", "")


def _document(d: Draw, depth: int = 3) -> Any:
    if not depth or d.maybe(0.25):
        return d.scalar()
    kind = d.below(10)
    if kind < 5:
        return {d.one(_STEPS): _document(d, depth - 1) for _ in range(d.small(0, 3))}
    items = [_document(d, depth - 1) for _ in range(d.small(0, 3))]
    return items if kind < 9 else SetOf(tuple(items))


def _object(d: Draw) -> dict[str, Any]:
    return {d.one(_STEPS): _document(d, 2) for _ in range(d.small(0, 4))}


def _steps(d: Draw, document: Any) -> list[Any]:
    out: list[Any] = []
    while d.maybe(0.8):
        if isinstance(document, dict) and document:
            out.append(d.one(list(document)))
            document = document[out[-1]]
        elif isinstance(document, list) and document:
            at = d.below(len(document))
            out.append(at if d.maybe(0.5) else str(at))
            document = document[at]
        elif isinstance(document, SetOf) and document.items:
            out.append(d.one(document.items))
            document = out[-1]
        else:
            break
    if d.maybe(0.25):
        out.append(d.one((*_STEPS, "-", 0, 1, 5, "01", "-1", "+1", Num("1.0"), Num("0.5"), None)))
    return out


def _path(d: Draw, document: Any) -> Any:
    steps = _steps(d, document)
    if d.maybe(0.5):
        return steps
    if d.maybe(0.03):
        return d.scalar()
    texts = (s if isinstance(s, str) else as_rego(s) for s in steps)
    pointer = "/".join(t.replace("~", "~0").replace("/", "~1") for t in texts)
    return ("/" if d.maybe(0.7) else "") + pointer


def _paths(d: Draw) -> list[Any]:
    document = _object(d)
    paths = d.some(lambda: _path(d, document), 4)
    return [document, paths if d.maybe(0.6) else SetOf(tuple(paths))]


def _patch(d: Draw) -> list[Any]:
    document = _document(d)
    return [document, d.some(lambda: _operation(d, document), 4)]


def _operation(d: Draw, document: Any) -> Any:
    op = d.one(("add", "add", "remove", "replace", "move", "copy", "test"))
    if d.maybe(0.02):
        op = d.one(("", "nope", "ADD", 1))
    out: dict[str, Any] = {"op": op, "path": _path(d, document)}
    if op in ("add", "replace", "test") or d.maybe(0.05):
        path = _steps(d, document)
        value: Any = document
        for step in path:
            value = value[step] if isinstance(value, dict) and step in value else d.scalar()
        out["value"] = value if d.maybe(0.4) else d.value(1)
    if op in ("move", "copy"):
        out["from"] = _path(d, document)
    if d.maybe(0.02):
        del out[d.one(list(out))]
    return out if d.maybe(0.99) else d.value()


FAMILIES: dict[str, dict[str, Operands]] = {
    "json": {
        "json.filter": _paths,
        "json.is_valid": _text,
        "json.marshal": lambda d: [d.value(3) if d.maybe(0.9) else [d.raw()]],
        "json.marshal_with_options": _options,
        "json.remove": _paths,
        "json.unmarshal": _text,
    },
    "json_patch": {"json.patch": _patch},
}
