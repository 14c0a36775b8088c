"""Rego's syntax: text in, tree out. Knows nothing of what a policy means."""

from regolive.syntax.module import parse_module, parse_query, parse_ref, parse_term

__all__ = ["parse_module", "parse_query", "parse_ref", "parse_term"]
