"""Mail addresses as RFC 2821 writes them, for the name constraints of certificates."""

from __future__ import annotations

import re

_ATOMS = re.compile(r"(?:\\.|[0-9a-zA-Z!#$%&'*+\-/=?^_`{|}~.])+")
_QUOTED = re.compile(
    r'"((?:\\[\x01-\x09\x0b\x0c\x0e-\x7f]|[\x01-\x08\x0b\x0c\x0e-!#-\[\]-\x7f])*)"'
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def parse_mailbox(text: str) -> tuple[str, str] | None:
    """The local part, without quotes and escapes, and the domain; None for no address."""
    quoted = text.startswith('"')
    found = (_QUOTED if quoted else _ATOMS).match(text)
    if found is None or text[found.end() : found.end() + 1] != "@":
        return None
    local = _ESCAPE.sub(r"\1", found[1] if quoted else found[0])
    if not quoted and (local[0] == "." or local[-1] == "." or ".." in local):
        return None
    domain = text[found.end() + 1 :]
    labels = domain.split(".") if domain else []
    if not all(label and all("!" <= c <= "~" for c in label) for label in labels):
        return None
    return local, domain
