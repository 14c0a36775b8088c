"""JSON: text in and out, and picking parts of documents by paths (``json.patch`` is apart)."""

from __future__ import annotations

import re
from typing import Any

from regolive import BuiltinError, RegoSet
from regolive.errors import BuiltinTypeError
from regolive.values import (
    dumps,
    from_key,
    loads,
    quote,
    sorted_items,
    sorted_values,
    to_key,
    type_name,
)
from regolive_std._declare import (
    ANY,
    BOOLEAN,
    STRING,
    array,
    object_of,
    one_of,
    set_of,
    std,
    unchecked,
    wrong_type,
)
from regolive_std.json_words import complaint
from regolive_std.text import go_quote, term_text

_PATH = one_of(STRING, array())
_PATHS = unchecked(one_of(array(_PATH), set_of(_PATH)))
_OBJECT = object_of()


@std("json.marshal", result_name="y")
def json_marshal(x: Any) -> str:
    """The value as JSON text; sets become arrays.

    Example:
        >>> json.marshal({"b": [1, true], "a": {2}})
        "{\\"a\\":[2],\\"b\\":[1,true]}"
    """
    return dumps(x)


_OPTIONS = {
    "type": "object",
    "static": [
        {"key": "indent", "value": STRING},
        {"key": "prefix", "value": STRING},
        {"key": "pretty", "value": BOOLEAN},
    ],
    "dynamic": {"key": STRING, "value": ANY},
}


@std("json.marshal_with_options", args=[ANY, _OPTIONS], result=STRING, result_name="y")
def json_marshal_with_options(x: Any, opts: Any) -> str:
    """The value as JSON text, on several lines if ``pretty``, ``indent`` or ``prefix`` ask.

    Example:
        >>> json.marshal_with_options({"a": 1}, {"indent": "  "})
        "{\\n  \\"a\\": 1\\n}"
        >>> json.marshal_with_options([1], {"pretty": false})
        "[1]"
    """
    indent, prefix = "\t", ""
    pretty: bool | None = None
    asked = False
    for at, (key, value) in enumerate(sorted_items(opts)):
        if key.__class__ is not str:
            raise BuiltinTypeError(
                f"operand 2 failed to stringify key {term_text(key)} at index {at}: "
                f"operand {at} must be string but got {type_name(key)}"
            )
        if key == "pretty":
            if value.__class__ is not bool:
                raise BuiltinTypeError(f"operand 2 key {go_quote(key)} failed cast to bool")
            pretty = value
        elif key in {"indent", "prefix"}:
            if value.__class__ is not str:
                raise BuiltinTypeError(
                    f"operand 2 key {go_quote(key)} failed cast to string: "
                    f"operand {at} must be string but got {type_name(value)}"
                )
            asked = True
            if key == "indent":
                indent = value
            else:
                prefix = value
        else:
            raise BuiltinTypeError(f"operand 2 object contained unknown key {go_quote(key)}")
    if asked if pretty is None else pretty:
        return prefix + _indented(x, "\n" + prefix, indent)
    return dumps(x)


def _indented(value: Any, line: str, indent: str) -> str:
    """JSON text with each element on a line of its own, as Go's ``json.MarshalIndent``."""
    cls = value.__class__
    if cls is RegoSet:
        value, cls = sorted_values(value), list
    if cls is list and value:
        inner = line + indent
        items = [inner + _indented(v, inner, indent) for v in value]
        return "[" + ",".join(items) + line + "]"
    if cls is dict and value:
        inner = line + indent
        named = {k if k.__class__ is str else dumps(from_key(k)): v for k, v in value.items()}
        items = [f"{inner}{quote(k)}: {_indented(named[k], inner, indent)}" for k in sorted(named)]
        return "{" + ",".join(items) + line + "}"
    return dumps(value)


@std("json.unmarshal", result=ANY, result_name="y")
def json_unmarshal(x: str) -> Any:
    """The value that a JSON text stands for.

    Example:
        >>> json.unmarshal("{\\"a\\": [1, 2.50]}")
        {"a": [1, 2.5]}
        >>> json.unmarshal("[1,")
        error: eval_builtin_error: json.unmarshal: unexpected EOF
    """
    try:
        return without_surrogates(loads(x), x)
    except RecursionError:
        raise BuiltinError("exceeded max depth") from None
    except ValueError:
        error, read = complaint(x)
    if error is not None:
        raise BuiltinError(error)
    try:
        return without_surrogates(loads(read), read)
    except ValueError:  # an exponent that no number here has
        raise BuiltinError("number out of range") from None


_SURROGATE = re.compile("[\ud800-\udfff]")


def without_surrogates(value: Any, source: str) -> Any:
    """A parsed document with the surrogates that stand alone replaced, as Go does it."""
    escaped = "\\ud" in source or "\\uD" in source
    if not escaped and (source.isascii() or not _SURROGATE.search(source)):
        return value
    return _replaced(value)


def _replaced(value: Any) -> Any:
    if value.__class__ is str:
        return _SURROGATE.sub("\ufffd", value)
    if value.__class__ is list:
        return [_replaced(v) for v in value]
    if value.__class__ is dict:
        return {_replaced(k): _replaced(v) for k, v in value.items()}
    return value


@std("json.is_valid", args=[unchecked(STRING)], result=BOOLEAN, result_name="result")
def json_is_valid(x: Any) -> bool:
    """Whether a value is a string of JSON text.

    Example:
        >>> json.is_valid("[1]")
        true
        >>> json.is_valid("[1")
        false
    """
    if x.__class__ is not str:
        return False
    try:
        loads(x)
    except (ValueError, RecursionError):
        error, read = complaint(x)
        return error is None and read == x.rstrip(" \t\r\n")
    return True


def parse_path(path: Any) -> list[Any]:
    """The segments of a path: a JSON pointer, or an array of segments."""
    if path.__class__ is list:
        return path
    if path.__class__ is not str:
        raise BuiltinTypeError(
            "operand 2 must be one of {set, array} containing string paths or array of "
            f"path segments but got {type_name(path)}"
        )
    if not path:
        return []
    return [s.replace("~1", "/").replace("~0", "~") for s in path.lstrip("/").split("/")]


def _path_tree(paths: Any) -> dict[Any, Any]:
    """Paths as a tree of dicts by key, with None where a path ends; shorter paths win."""
    if paths.__class__ is RegoSet:
        paths = sorted_values(paths)
    elif paths.__class__ is not list:
        raise wrong_type(2, paths, "set", "array")
    root: dict[Any, Any] = {}
    for path in [parse_path(p) for p in paths]:
        if not path:
            continue
        node = root
        for step in path[:-1]:
            node = node.setdefault(to_key(step), {})
            if node is None:
                break
        else:
            node[to_key(path[-1])] = None
    return root


_ABSENT: Any = object()


@std("json.filter", args=[_OBJECT, _PATHS], result=_OBJECT, result_name="filtered")
def json_filter(object: Any, paths: Any) -> Any:
    """The object with only what some paths lead to.

    Example:
        >>> json.filter({"a": {"b": 1, "c": 2}, "d": 3}, ["a/b"])
        {"a": {"b": 1}}
        >>> json.filter({"a": [10, 20]}, [["a", "1"]])
        {"a": [20]}
    """
    return _filtered(object, _path_tree(paths))


def _filtered(value: Any, tree: Any) -> Any:
    if tree is None:
        return value
    cls = value.__class__
    if cls is dict:
        if len(tree) < len(value):
            return {k: _filtered(value[k], t) for k, t in tree.items() if k in value}
        return {k: _filtered(v, tree[k]) for k, v in value.items() if k in tree}
    if cls is list:
        return [_filtered(v, tree[str(i)]) for i, v in enumerate(value) if str(i) in tree]
    if cls is RegoSet:
        return RegoSet(_filtered(v, tree[to_key(v)]) for v in value if to_key(v) in tree)
    return value


@std("json.remove", args=[_OBJECT, _PATHS], result=_OBJECT, result_name="output")
def json_remove(object: Any, paths: Any) -> Any:
    """The object without what some paths lead to; arrays close up.

    Example:
        >>> json.remove({"a": {"b": 1, "c": 2}, "d": 3}, ["a/b", "d"])
        {"a": {"c": 2}}
    """
    return _removed(object, _path_tree(paths))


def _removed(value: Any, tree: Any) -> Any:
    if tree is None or tree is _ABSENT:
        return _ABSENT if tree is None else value
    cls = value.__class__
    if cls is dict:
        if not any(k in value for k in tree):
            return value
        pairs = ((k, _removed(v, tree.get(k, _ABSENT))) for k, v in value.items())
        return {k: v for k, v in pairs if v is not _ABSENT}
    if cls is list:
        items = [_removed(v, tree.get(str(i), _ABSENT)) for i, v in enumerate(value)]
        return [v for v in items if v is not _ABSENT]
    if cls is RegoSet:
        items = [_removed(v, tree.get(to_key(v), _ABSENT)) for v in value]
        return RegoSet(v for v in items if v is not _ABSENT)
    return value
