"""Differences that stay, each with its reason: where OPA, or a library of its, is at fault."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.differential.compare import Difference
from tests.differential.notation import Num


@dataclass(frozen=True, slots=True)
class Known:
    """A kind of difference: why it stays, and how it is recognised."""

    reason: str
    holds: Callable[[Difference], bool]


def _glob(one: Difference) -> bool:
    """Several wild parts in a row, or characters of several bytes."""
    if one.call.name != "glob.match" or one.kind != "value":
        return False
    pattern, _, text = one.call.operands
    return not (pattern + text).isascii() or sum(map(pattern.count, "*?[{")) > 1


def _patch(one: Difference) -> bool:
    """Both refuse; or an array was changed before it was looked into."""
    if one.call.name != "json.patch":
        return False
    operations = [p.get("op") for p in one.call.operands[1] if isinstance(p, dict)]
    return one.kind == "text" or "move" in operations or len(operations) > 1


def _far_dates(one: Difference) -> bool:
    return one.call.name == "time.add_date" and any(
        isinstance(o, int) and abs(o) > 1 << 40 for o in one.call.operands[1:]
    )


def _yaml_tags(one: Difference) -> bool:
    text = one.call.operands[0] if one.call.operands else ""
    return (
        one.call.name in ("yaml.unmarshal", "yaml.is_valid")
        and re.search(r"![^\s]*[][':]", str(text)) is not None
    )


def _yaml_texts(one: Difference) -> bool:
    return one.call.name.startswith("yaml.") and one.kind == "text"


def _template_texts(one: Difference) -> bool:
    return one.call.name == "strings.render_template" and one.kind == "text"


def _key_texts(one: Difference) -> bool:
    """Both refuse a key, a token or a certificate, in the words of their libraries."""
    words = ("jwk", "jws", "x509", "PEM", "PRIVATE", "JSON", "tls")
    return (
        one.call.name.startswith(("io.jwt.", "crypto."))
        and one.kind == "text"
        and any(word in one.ours.error for word in words)
    )


def _signed_with_private_key(one: Difference) -> bool:
    error = one.ours.error
    return one.call.name.startswith("io.jwt.encode_sign") and "okp" in error and "[]byte" in error


def _strict_der(one: Difference) -> bool:
    names = ("crypto.", "io.jwt.verify_")
    return (
        one.call.name.startswith(names)
        and one.kind == "outcome"
        and one.theirs.defined
        and any(word in one.ours.error for word in ("x509: ", "asn1: ", "PEM"))
    )


def _exponents(one: Difference) -> bool:
    """A large integer written with an exponent or a point, where OPA keeps how it was written."""
    written = any(isinstance(o, Num) for o in one.call.operands)
    return one.call.name == "format_int" and one.kind == "value" and written


def _order_of_errors(one: Difference) -> bool:
    return one.call.name.startswith(("regex.", "re_match")) and one.kind == "text"


def _too_large(one: Difference) -> bool:
    return one.call.name.startswith("units.") and one.ours.error.endswith("too large")


def _order_in_maps(one: Difference) -> bool:
    """Both find a document or a schema wrong."""
    if one.call.name.startswith("graphql."):
        return one.kind == "text"
    both = (one.ours.value, one.theirs.value)
    refused = all(isinstance(value, list) and value[0] is False for value in both)
    return one.call.name in ("json.match_schema", "json.verify_schema") and (
        refused or one.kind == "text"
    )


KNOWN = (
    Known("amounts of more than 4,000 digits are errors", _too_large),
    Known("which of several errors comes first is the order of Go's maps", _order_in_maps),
    Known("a whole number has no exponent here, however it was written", _exponents),
    Known("of two things wrong with a pattern, the other one is named", _order_of_errors),
    Known("cryptography refuses damaged keys and requests that Go reads past", _strict_der),
    Known("errors of the libraries for keys and certificates are their own", _key_texts),
    Known("OPA signs with HMAC under an Ed25519 key: that is refused", _signed_with_private_key),
    Known("errors of a template do not name the place in it", _template_texts),
    Known("libyaml takes no brackets and quotes in tags, Go's copy of it does", _yaml_tags),
    Known("of several things wrong with a YAML document, another one is named", _yaml_texts),
    Known("Go's arithmetic on dates wraps around where it overflows: an error here", _far_dates),
    Known(
        "OPA edits a tree of its own: its errors name the nodes, and after a change of an array "
        "steps lead to the elements that stood there before",
        _patch,
    ),
    Known(
        "gobwas/glob departs from its own syntax: wild parts in a row do not all match the empty "
        "text, lengths of other than ASCII text are miscounted",
        _glob,
    ),
)


def why(one: Difference) -> str | None:
    """The reason why a difference stays; None for one that nobody has looked at."""
    return next((known.reason for known in KNOWN if known.holds(one)), None)
