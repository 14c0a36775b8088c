"""A bucket's keys as one nested object, kept in step with the bucket; knows no store and no NATS.

Key ``a.b.c`` stands at ``["a"]["b"]["c"]``. A key can be in the way of another (``users`` and
``users.x``): then the later revision stands in the tree and the other is hidden, until the later
one is deleted. So the tree depends on the bucket's keys only, not on the way it came about: a
watcher that followed every update has the same as one that has just loaded.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from regolive_nats.entries import DELETED


class Event(NamedTuple):
    """A key's new value, or DELETED, at a revision of the bucket."""

    key: str
    revision: int
    value: Any


class Op(NamedTuple):
    """One change of the tree: put ``value`` at the key, or (DELETED) take it away.

    ``emptied`` is how many of the key's segments are left when the parents that a removal emptied
    are taken away too: 1 for ``a.b.c`` if ``a.b`` held nothing else but ``a`` does. The path to
    remove is then ``path[: emptied + 1]``.
    """

    path: tuple[str, ...]
    value: Any
    revision: int
    emptied: int = -1


class Hidden(NamedTuple):
    """A key that cannot be in the tree because of a later one."""

    key: str
    revision: int
    by: str
    by_revision: int


class KeyTree:
    """The keys of one bucket. Not safe for several threads: its watcher's thread owns it.

    ``entries`` has every live key with its revision and value; ``gone`` the keys whose last
    message is a deletion; ``hidden`` those in another's way.
    """

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self.entries: dict[str, tuple[int, Any]] = {}
        self.gone: set[str] = set()
        self.hidden: dict[str, Hidden] = {}
        self.new_hidden: list[Hidden] = []
        # How many children each parent has in the tree, so that the last removal takes it along.
        self._children: dict[str, int] = {}
        # First segments under which keys are hidden: rare, and settled as a whole.
        self._contested: set[str] = set()

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def subjects(self) -> int:
        """How many distinct keys the bucket's stream has messages for, deletions included."""
        return len(self.entries) + len(self.gone)

    # loading

    def load(self, events: Iterable[Event]) -> dict[str, Any]:
        """Start over with the initial values of a bucket. Returns the whole nested object."""
        self._clear()
        entries, gone = self.entries, self.gone
        for key, revision, value in events:
            if value is DELETED:
                entries.pop(key, None)
                gone.add(key)
            else:
                # A key may come twice, if it was changed while loading: keep the later, last.
                if key in entries:
                    del entries[key]
                entries[key] = (revision, value)
                gone.discard(key)
        root: dict[str, Any] = {}
        nodes: dict[str, dict[str, Any]] = {"": root}
        contested = self._contested
        for key, (_, value) in entries.items():
            parent, _, last = key.rpartition(".")
            node = nodes.get(parent)
            if node is None:
                node = self._open(nodes, parent)
            if key in nodes:
                contested.add(key.partition(".")[0])
            node[last] = value
        self._children = {prefix: len(node) for prefix, node in nodes.items()}
        for segment in tuple(contested):
            self._load_contested(segment, root)
        return root

    def _open(self, nodes: dict[str, dict[str, Any]], prefix: str) -> dict[str, Any]:
        """The node of a parent, made with all that are missing above it."""
        above, _, last = prefix.rpartition(".")
        outer = nodes.get(above)
        if outer is None:
            outer = self._open(nodes, above)
        if prefix in self.entries:
            self._contested.add(prefix.partition(".")[0])
        node: dict[str, Any] = {}
        nodes[prefix] = outer[last] = node
        return node

    def _load_contested(self, segment: str, root: dict[str, Any]) -> None:
        """Build one first segment again, leaving hidden keys out."""
        root.pop(segment, None)
        self._forget_children(segment)
        if self._children.get("") is not None:
            self._children[""] = len(root)
        for path, value, _, _ in self._settle(segment, set()):
            node = root
            for name in path[:-1]:
                node = node.setdefault(name, {})
            node[path[-1]] = value

    def _forget_children(self, segment: str) -> None:
        under = segment + "."
        for prefix in [p for p in self._children if p == segment or p.startswith(under)]:
            del self._children[prefix]

    # following

    def apply(self, events: Iterable[Event]) -> list[Op]:
        """Take updates in. Returns what to change in the tree, in order."""
        ops: list[Op] = []
        touched: dict[str, set[str]] = {}  # first segment -> keys of it that are visible so far
        entries = self.entries
        for key, revision, value in events:
            segment = key.partition(".")[0]
            known = key in entries
            if segment in self._contested:
                touched.setdefault(segment, self._visible(segment))
                self._note(key, revision, value)
                if value is not DELETED and key in touched[segment]:
                    # Visible before: its new value has to be put, wherever it ends.
                    touched[segment].discard(key)
                    ops.append(self._removal(key, revision))
            elif value is DELETED:
                self._note(key, revision, value)
                if known:
                    ops.append(self._removal(key, revision))
            elif known:
                entries[key] = (revision, value)
                ops.append(Op(tuple(key.split(".")), value, revision))
            elif self._in_the_way(key):
                touched[segment] = self._visible(segment)
                self._contested.add(segment)
                self._note(key, revision, value)
            else:
                self._note(key, revision, value)
                ops.append(self._addition(key, revision, value))
        for segment, visible in touched.items():
            ops += self._settle(segment, visible)
        return ops

    def _note(self, key: str, revision: int, value: Any) -> None:
        if value is DELETED:
            self.entries.pop(key, None)
            self.gone.add(key)
        else:
            self.entries[key] = (revision, value)
            self.gone.discard(key)

    def _in_the_way(self, key: str) -> bool:
        """Whether a key that is not in the tree yet stands above or below others that are."""
        if key in self._children:
            return True
        prefix = key.rpartition(".")[0]
        while prefix:
            if prefix in self.entries:
                return True
            prefix = prefix.rpartition(".")[0]
        return False

    def _addition(self, key: str, revision: int, value: Any) -> Op:
        children = self._children
        prefix = key.rpartition(".")[0]
        while True:
            count = children.get(prefix, 0)
            children[prefix] = count + 1
            if count or not prefix:
                break
            prefix = prefix.rpartition(".")[0]
        return Op(tuple(key.split(".")), value, revision)

    def _removal(self, key: str, revision: int) -> Op:
        children = self._children
        path = tuple(key.split("."))
        depth = len(path) - 1
        prefix = key.rpartition(".")[0]
        while True:
            count = children.get(prefix, 1) - 1
            if count > 0 or not prefix:
                children[prefix] = count
                break
            children.pop(prefix, None)
            prefix = prefix.rpartition(".")[0]
            depth -= 1
        return Op(path, DELETED, revision, depth)

    # keys in each other's way

    def _visible(self, segment: str) -> set[str]:
        return {key for key in self._under(segment) if key not in self.hidden}

    def _under(self, segment: str) -> list[str]:
        under = segment + "."
        return [key for key in self.entries if key == segment or key.startswith(under)]

    def _settle(self, segment: str, visible: set[str]) -> list[Op]:
        """Work out which keys of a first segment are hidden, and how to get there.

        A key is visible if no live key above or below it has a later revision.
        """
        entries = self.entries
        above: dict[str, str] = {}  # of the later keys: each prefix, with a key that has it
        later: set[str] = set()
        hidden: dict[str, Hidden] = {}
        for key in sorted(self._under(segment), key=lambda k: entries[k][0], reverse=True):
            by = above.get(key)
            prefix = key
            while (prefix := prefix.rpartition(".")[0]) and by is None:
                by = prefix if prefix in later else None
            if by is not None:
                hidden[key] = Hidden(key, entries[key][0], by, entries[by][0])
            later.add(key)
            prefix = key
            while prefix := prefix.rpartition(".")[0]:
                above.setdefault(prefix, key)
        for key in [k for k in self.hidden if k.partition(".")[0] == segment]:
            if key not in hidden:
                del self.hidden[key]
        self.new_hidden += [h for k, h in hidden.items() if k not in self.hidden]
        self.hidden.update(hidden)
        if not hidden:
            self._contested.discard(segment)
        now = [key for key in self._under(segment) if key not in hidden]
        ops = [
            self._removal(key, entries[key][0] if key in entries else 0)
            for key in sorted(visible.difference(now))
        ]
        ops += [self._addition(k, *entries[k]) for k in now if k not in visible]
        return ops
