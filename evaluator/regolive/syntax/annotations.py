"""``METADATA`` blocks."""

from __future__ import annotations

from regolive.syntax import nodes as n
from regolive.syntax.cursor import Failed


def read_annotations(
    source: n.Source, comments: tuple[n.Comment, ...]
) -> tuple[list[n.Annotations], list[Failed]]:
    return [], []


def attach(annotations, packages, imports, rules):
    return []
