"""Rego's syntax: text in, tree out. Knows nothing of what a policy means."""

from regolive.syntax.opa_json import to_opa_json
from regolive.syntax.parse import parse_module, parse_query, parse_ref, parse_term

__all__ = ["parse_module", "parse_query", "parse_ref", "parse_term", "to_opa_json"]
