"""What a rule's annotations declare of documents, over what is known of them without."""

from __future__ import annotations

from regolive.compiler.types.env import TypeEnv, TypePath
from regolive.compiler.types.model import ANY, Object, Part, Type, object_type


class Overlay:
    """The types of ``input`` and ``data`` in one rule, where annotations declare any of them."""

    __slots__ = ("_documents", "_env")

    def __init__(self, env: TypeEnv) -> None:
        self._env = env
        self._documents: dict[str, Type] = {}

    def document(self, name: str) -> Part:
        """The type of a document; None if nothing is declared of it."""
        return self._documents.get(name)

    def put(self, name: str, path: TypePath, t: Type) -> None:
        """Declare a type at a path of a document, in place of what is known of it."""
        known = self._documents.get(name)
        if known is None:
            known = (self._env.input or ANY) if name == "input" else self._env.root.extent()
        self._documents[name] = _replaced(known, path, t) if path else t


def _replaced(whole: Type, path: TypePath, t: Type) -> Type:
    """A type with another at a path inside of it."""
    if not isinstance(whole, Object):
        return _nested(path, t, (ANY, ANY))
    key, rest = path[0], path[1:]
    inner = whole.fields.get(key)
    if inner is None:
        made = _nested(rest, t, whole.dynamic) if rest else t
    else:
        made = _replaced(inner, rest, t) if rest else t
    return object_type([*whole.static, (key, made)], whole.dynamic)


def _nested(path: TypePath, t: Type, dynamic: tuple[Part, Part] | None) -> Type:
    """Objects inside of each other, one for each step."""
    made = t
    for key in reversed(path):
        made = object_type([(key, made)], dynamic)
    return made
