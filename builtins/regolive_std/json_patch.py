"""``json.patch``: RFC 6902 on Rego values, sets included (OPA's ``internal/edittree``)."""

from __future__ import annotations

import re
from typing import Any

from regolive import UNDEFINED, BuiltinContext, BuiltinError, RegoSet
from regolive.values import as_integer, equal, is_number, parse_number, to_key, type_name
from regolive_std._declare import ANY, STRING, array, std, unchecked, wrong_type
from regolive_std.json_ import parse_path
from regolive_std.text import term_text

# A number with no more digits than an index has; 1.0 is 1.
_INDEX = re.compile(r"[+-]?[0-9]{1,19}(\.[0-9]{1,9})?\Z")
_PATCH = {
    "type": "object",
    "static": [{"key": "op", "value": STRING}, {"key": "path", "value": ANY}],
    "dynamic": {"key": ANY, "value": ANY},
}


@std("json.patch", args=[ANY, unchecked(array(_PATCH))], result=ANY, result_name="output")
def json_patch(ctx: BuiltinContext, target: Any, patches: Any) -> Any:
    """The document after the operations of a JSON patch (RFC 6902).

    Example:
        >>> json.patch({"a": 1}, [{"op": "add", "path": "/b", "value": 2}])
        {"a": 1, "b": 2}
        >>> json.patch([1, 2], [{"op": "remove", "path": "/0"}])
        [2]
        >>> json.patch({"a": 1}, [{"op": "test", "path": "/a", "value": 2}])
        error: eval_builtin_error: json.patch: value from EditTree != patch value. Expected: 2
        Found: 1
    """
    if patches.__class__ is not list:
        raise wrong_type(2, patches, "array")
    editor = _Editor(target)
    for at, patch in enumerate(patches):
        if at & 63 == 0:
            ctx.check()
        if patch.__class__ is not dict:
            raise BuiltinError(
                "must be an array of JSON-Patch objects, but at least one element is not an object"
            )
        _apply(editor, patch)
    return editor.root


def _attribute(patch: dict[Any, Any], name: str) -> Any:
    if name not in patch:
        raise BuiltinError(f"missing required attribute '{name}'")
    return patch[name]


def _apply(editor: _Editor, patch: dict[Any, Any]) -> None:
    path_value = _attribute(patch, "path")
    op = _attribute(patch, "op")
    if op.__class__ is not str:
        raise BuiltinError(f"attribute 'op' must be a string but found: {type_name(op)}")
    path = parse_path(path_value)
    if op == "add":
        editor.insert(path, _attribute(patch, "value"))
    elif op == "remove":
        editor.delete(path)
    elif op == "replace":
        editor.delete(path)
        editor.insert(path, _attribute(patch, "value"))
    elif op in {"move", "copy"}:
        source = parse_path(_attribute(patch, "from"))
        chunk = editor.find(source)
        if chunk is UNDEFINED and op == "move":
            raise BuiltinError("deleted node encountered during delete operation")
        if chunk is UNDEFINED:
            raise BuiltinError("cannot insert nil value into EditTree")
        if op == "move":
            editor.delete(source)
        editor.share()
        editor.insert(path, chunk)
    elif op == "test":
        chunk = editor.find(path)
        value = _attribute(patch, "value")
        if chunk is UNDEFINED or not equal(chunk, value):
            found = "null" if chunk is UNDEFINED else term_text(chunk)
            raise BuiltinError(
                "value from EditTree != patch value.\n\n"
                f"Expected: {term_text(value)}\n\nFound: {found}"
            )
    else:
        raise BuiltinError(f"unrecognized op: '{op}'")


class _Editor:
    """A document that is copied as far as it is changed, each part once.

    ``owned`` holds the containers that are ours alone; it keeps them alive, so that their ids
    stay theirs.
    """

    def __init__(self, root: Any) -> None:
        self.root = root
        self.owned: dict[int, Any] = {}

    def share(self) -> None:
        """From now on a part may stand in two places: copy again before changing."""
        self.owned.clear()

    def _own(self, value: Any) -> Any:
        if id(value) in self.owned:
            return value
        if value.__class__ is RegoSet:
            mine: Any = RegoSet.of_keys(set(value.keys))
        else:
            mine = value.copy()
        self.owned[id(mine)] = mine
        return mine

    def find(self, path: list[Any]) -> Any:
        """What stands at a path. Raises BuiltinError if nothing does."""
        found = self.root
        for step in path:
            found = _child(found, step)
        return found

    def insert(self, path: list[Any], value: Any) -> None:
        """Add a value at a path: set a key, insert into an array, add to a set."""
        self.root = self._edit(self.root, path, 0, value) if path else value

    def delete(self, path: list[Any]) -> None:
        """Remove what stands at a path."""
        if path:
            self.root = self._edit(self.root, path, 0, UNDEFINED)
        elif self.root is UNDEFINED:
            raise BuiltinError("deleted node encountered during delete operation")
        else:
            self.root = UNDEFINED

    def _edit(self, node: Any, path: list[Any], depth: int, value: Any) -> Any:
        """The node with the change made below it. ``value`` UNDEFINED: delete."""
        step = path[depth]
        if depth == len(path) - 1:
            return self._change(node, step, value)
        child = _child(node, step)
        changed = self._edit(child, path, depth + 1, value)
        mine = self._own(node)
        if mine.__class__ is dict:
            mine[to_key(step)] = changed
        elif mine.__class__ is list:
            mine[_index(mine, step)] = changed
        else:
            # An element of a set that changes is another element.
            mine.keys.discard(to_key(child))
            mine.keys.add(to_key(changed))
        return mine

    def _change(self, node: Any, step: Any, value: Any) -> Any:
        cls = node.__class__
        if node is UNDEFINED:
            what = "delete" if value is UNDEFINED else "insert"
            raise BuiltinError(f"deleted node encountered during {what} operation")
        if cls not in (dict, list, RegoSet):
            raise BuiltinError(f"expected composite type, found value: {_described(node)}")
        if cls is list:
            at = _index(node, step)
            if value is UNDEFINED:
                if not 0 <= at < len(node):
                    raise BuiltinError("index for array delete out of bounds")
                mine = self._own(node)
                del mine[at]
            else:
                if not 0 <= at <= len(node):
                    raise BuiltinError("index for array insertion out of bounds")
                mine = self._own(node)
                mine.insert(at, value)
            return mine
        key = to_key(step)
        if value is UNDEFINED:
            if key not in (node if cls is dict else node.keys):
                raise BuiltinError(f"cannot delete child key {term_text(step)} that does not exist")
            mine = self._own(node)
            if cls is dict:
                del mine[key]
            else:
                mine.keys.discard(key)
            return mine
        if cls is dict:
            mine = self._own(node)
            mine[key] = value
            return mine
        if not equal(step, value):
            raise BuiltinError(
                f"set key {term_text(step)} does not equal value to be inserted {term_text(value)}"
            )
        mine = self._own(node)
        mine.keys.add(key)
        return mine


def _child(node: Any, step: Any) -> Any:
    cls = node.__class__
    if cls is dict:
        key = to_key(step)
        if key in node:
            return node[key]
    elif cls is list:
        at = _index(node, step)
        if 0 <= at < len(node):
            return node[at]
        raise BuiltinError(f"path {at} does not exist in array term {term_text(node)}")
    elif cls is RegoSet:
        if step in node:
            return step
        shown = term_text(step, quoted=False)
        raise BuiltinError(f"path {shown} does not exist in set term {term_text(node)}")
    elif node is UNDEFINED:
        raise BuiltinError("nil value encountered where composite value was expected")
    else:
        raise BuiltinError(
            f"expected composite type for path {term_text(step)}, found value: {_described(node)}"
        )
    raise BuiltinError(f"path {term_text(step)} does not exist in object term {term_text(node)}")


def _described(scalar: Any) -> str:
    """A scalar as OPA's errors show it, with the name of its Go type."""
    return f"{term_text(scalar)} (type: ast.{type_name(scalar).capitalize()})"


def _index(items: list[Any], step: Any) -> int:
    if step.__class__ is int:
        return step
    if step.__class__ is not str:
        if is_number(step):
            whole = as_integer(step)
            if whole is None:
                raise BuiltinError("invalid number type for indexing")
            return whole
        raise BuiltinError("invalid type for indexing")
    if step == "-":
        return len(items)
    if step != "0" and step.startswith("0"):
        raise BuiltinError("leading zeros are not allowed in JSON paths")
    whole = as_integer(parse_number(step)) if _INDEX.match(step) else None
    if whole is None:
        raise BuiltinError("invalid string for indexing")
    return whole
