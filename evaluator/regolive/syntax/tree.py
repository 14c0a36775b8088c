"""A tree as indented lines, one for each node, with its place: for people to look at."""

from __future__ import annotations

from collections.abc import Iterator

from regolive.syntax import nodes as n
from regolive.syntax.printer import format_node

_FLAGS = (
    "negated",
    "default",
    "assign",
    "explicit",
    "explicit_left",
    "explicit_right",
    "multi_line",
    "generated",
    "generated_value",
    "generated_body",
)
# Fields that need no name: what stands in them tells it.
_PLAIN = ("package", "term", "head")
_LEAVES = (n.Var, n.Scalar, n.Number, n.Comment)
_PATHS = (n.Ref, n.Package, n.Import)


def format_tree(node: n.Node, comments: bool = True) -> str:
    """The lines of a tree: kind, what the node is, and row and column.

    Args:
        node: the root.
        comments: with a module's comments, behind its rules.
    """
    return "".join(f"{line}\n" for line in _lines(node, comments))


def _lines(root: n.Node, comments: bool) -> Iterator[str]:
    todo: list[tuple[n.Node, int, str]] = [(root, 0, "")]
    while todo:
        node, depth, role = todo.pop()
        row, col = node.loc.source.row_col(node.loc.start)
        words = [
            f"{role}:" if role else "",
            type(node).__name__.lower(),
            _what(node),
            *_flags(node),
        ]
        yield f"{'  ' * depth}{' '.join(filter(None, words))}  {row}:{col}"
        if isinstance(node, _LEAVES) or (isinstance(node, _PATHS) and _is_plain(node)):
            continue
        todo += reversed([(below, depth + 1, name) for name, below in _below(node, comments)])


def _below(node: n.Node, comments: bool) -> Iterator[tuple[str, n.Node]]:
    """The nodes below one, with the names of their fields where these tell something."""
    names = [*node.parts, "annotations", *(["comments"] if comments else [])]
    for name in names:
        value = getattr(node, name, None)
        if name == "body" and getattr(node, "generated_body", False):
            continue
        if isinstance(value, tuple):
            role = name if name in ("args", "left", "right") else ""
            for item in value:
                yield role, item
        elif value is not None:
            yield ("" if name in _PLAIN else name.rstrip("_")), value


def _what(node: n.Node) -> str:
    match node:
        case n.Comment():
            return f"#{node.text}"
        case n.Annotations():
            return f"{node.scope} {', '.join(node.fields)}".rstrip()
        case n.Call(infix=str(sign)):
            return sign
        case n.Logical():
            return node.operator
        case n.Import():
            return format_node(node).removeprefix("import ")
        case n.Package():
            return format_node(node).removeprefix("package ")
        case n.Var() | n.Scalar() | n.Number():
            return format_node(node)
        case n.Ref() if _is_plain(node):
            return format_node(node)
    return ""


def _is_plain(node: n.Node) -> bool:
    """Whether a path has no more to show than its text."""
    ref = node if isinstance(node, n.Ref) else getattr(node, "path", None)
    return isinstance(ref, n.Ref) and all(
        isinstance(t, n.Var if not index else n.Scalar) for index, t in enumerate(ref.terms)
    )


def _flags(node: n.Node) -> Iterator[str]:
    return (f"({name.replace('_', ' ')})" for name in _FLAGS if getattr(node, name, False) is True)
