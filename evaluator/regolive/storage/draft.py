"""The document that a write transaction works on: copy-on-write over the committed one.

A dict or list on the way to a change is copied once, and changed in place from then on. The
committed document, and values that callers gave or got, are never changed.
"""

from __future__ import annotations

from typing import Any

from regolive.errors import InvalidPathError
from regolive.storage.paths import Path, array_index, format_path, lookup, not_found

_MISSING: Any = object()


class WriteConflictError(InvalidPathError):
    """A parent of the path to put a value at exists, and is neither object nor array."""

    code = "storage_write_conflict_error"


class Draft:
    """A root document being changed. ``root`` is what to publish; do not hand it out before that.

    The operations are those of JSON Patch (RFC 6902) as OPA's in-memory store has them. One that
    raises has changed nothing. Each returns the path at which it took effect.
    """

    __slots__ = ("_owned", "root")

    def __init__(self, root: dict[str, Any]) -> None:
        self.root = root
        # The containers this draft may change in place, by id, and kept alive so that an id stays
        # theirs. Nobody outside has a reference to any of them (see `read`), and each is reached
        # from the root through owned containers only.
        self._owned: dict[int, Any] = {}

    def read(self, path: Path) -> Any:
        """The value at ``path``, earlier changes included. It will not change any more.

        Raises:
            NotFoundError: there is none.
        """
        value = lookup(self.root, path)
        if id(value) in self._owned:
            # The caller has it now, and may keep it or put it elsewhere: whatever is below it, and
            # so everything, is copied again before the next change. A value that is not owned has
            # nothing owned below it.
            self._owned.clear()
        return value

    def add(self, path: Path, value: Any, *, make_parents: bool = False) -> Path:
        """Set an object's key, insert before an array's index, append at ``-``, or set the root.

        With ``make_parents``, objects are made where the parents of the path are missing.

        Raises:
            NotFoundError: the parent does not exist (or is a scalar), or the index is out of range.
            InvalidPathError: the root is set to something that is no object.
            WriteConflictError: with ``make_parents``, if a parent is a scalar.
        """
        if not path:
            return self._set_root(value)
        parent = self._parent(path, make_parents)
        last = path[-1]
        if type(parent) is not list:
            if type(last) is not str:
                _check_segments(path)
            parent[last] = value
            return path
        if last in ("-", str(len(parent))):
            parent.append(value)
            return (*path[:-1], str(len(parent) - 1))
        parent.insert(array_index(last, len(parent), path), value)
        return path

    def replace(self, path: Path, value: Any) -> Path:
        """Change the value of an existing key or index, or set the root.

        Raises:
            NotFoundError: nothing is there.
            InvalidPathError: the place after an array's end; a root that is no object.
        """
        if not path:
            return self._set_root(value)
        parent, last = self._existing(path)
        parent[last] = value
        return path

    def remove(self, path: Path) -> Path:
        """Remove an existing key or index; an array closes up.

        Raises:
            NotFoundError: nothing is there.
            InvalidPathError: the place after an array's end; the root.
        """
        if not path:
            raise InvalidPathError(f"{format_path(path)}: root cannot be removed")
        parent, last = self._existing(path)
        del parent[last]
        return path

    def _set_root(self, value: Any) -> Path:
        if not isinstance(value, dict):
            raise InvalidPathError("/: root must be object")
        self.root = value
        self._owned.clear()
        return ()

    def _existing(self, path: Path) -> tuple[Any, Any]:
        """The owned parent and the key or index of something that exists."""
        parent = self._parent(path, False)
        last = path[-1]
        if type(parent) is list:
            if last in ("-", str(len(parent))):
                raise InvalidPathError(f"{format_path(path)}: invalid patch path")
            return parent, array_index(last, len(parent), path)
        if last not in parent:
            raise not_found(path)
        return parent, last

    def _parent(self, path: Path, make: bool) -> Any:
        """The container that holds the path's last segment, owned, so that it can be changed."""
        owned = self._owned
        node: Any = self.root
        if id(node) not in owned:
            node = self.root = dict(node)
            owned[id(node)] = node
        for segment in path[:-1]:
            key: Any = segment
            if type(node) is list:
                key = array_index(segment, len(node), path)
                child = node[key]
            else:
                child = node.get(segment, _MISSING)
            if id(child) not in owned:
                if isinstance(child, dict):
                    child = dict(child)
                elif isinstance(child, list):
                    child = list(child)
                elif child is _MISSING and make:
                    _check_segments(path)  # nothing below fails: parents are made all or none
                    child = {}
                elif child is _MISSING or not make:
                    raise not_found(path)
                else:
                    raise _conflict(self.root, path)
                node[key] = child
                owned[id(child)] = child
            node = child
        return node


def _check_segments(path: Path) -> None:
    for segment in path:
        if not isinstance(segment, str):
            raise InvalidPathError(f"{path!r}: a path's segments are strings, not {segment!r}")


def _conflict(root: Any, path: Path) -> WriteConflictError:
    """The error that names the first parent on the path that can hold nothing."""
    depth = 0
    while isinstance(lookup(root, path[:depth]), (dict, list)):
        depth += 1
    where = format_path(path[:depth])
    return WriteConflictError(f"{format_path(path)}: {where} is neither object nor array")
