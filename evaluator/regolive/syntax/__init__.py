"""Rego's syntax: text in, tree out. Knows nothing of what a policy means."""

from regolive.syntax.opa_json import to_opa_json
from regolive.syntax.parse import parse_module, parse_query, parse_ref, parse_term
from regolive.syntax.printer import format_module, format_node
from regolive.syntax.tree import format_tree

__all__ = [
    "format_module",
    "format_node",
    "format_tree",
    "parse_module",
    "parse_query",
    "parse_ref",
    "parse_term",
    "to_opa_json",
]
