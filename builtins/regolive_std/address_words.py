"""What is wrong with the text of an IP address, in the words of Go's ``net/netip``."""

from __future__ import annotations

from regolive_std.text import go_quote

_DIGITS = frozenset("0123456789")
_HEX = frozenset("0123456789abcdefABCDEF")


class _Bad(Exception):
    """``args``: what is wrong, and the rest of the text where it is ("": nowhere in particular)."""


def address_problem(text: str) -> str | None:
    """Go's complaint about the text of an address; None if it is one."""
    try:
        mark = next((c for c in text if c in ".:%"), "")
        if mark == ".":
            _ipv4(text)
        elif mark == ":":
            _ipv6(text)
        elif mark == "%":
            raise _Bad("missing IPv6 address", "")
        else:
            raise _Bad("unable to parse IP", "")
    except _Bad as bad:
        what, rest = bad.args
        place = f" (at {go_quote(rest)})" if rest else ""
        return f"ParseAddr({go_quote(text)}): {what}{place}"
    return None


def _ipv4(text: str) -> None:
    fields = digits = value = 0
    for at, char in enumerate(text):
        if char in _DIGITS:
            if digits == 1 and value == 0:
                raise _Bad("IPv4 field has octet with leading zero", "")
            value = value * 10 + int(char)
            digits += 1
            if value > 255:
                raise _Bad("IPv4 field has value >255", "")
        elif char == ".":
            if digits == 0 or at == len(text) - 1:
                raise _Bad("IPv4 field must have at least one digit", text[at:])
            if fields == 3:
                raise _Bad("IPv4 address too long", "")
            fields, digits, value = fields + 1, 0, 0
        else:
            raise _Bad("unexpected character", text[at:])
    if fields < 3:
        raise _Bad("IPv4 address too short", "")


def _ipv6(text: str) -> None:
    address, percent, zone = text.partition("%")
    if percent and not zone:
        raise _Bad("zone must be a non-empty string", "")
    rest = address
    groups, ellipsis = 0, -1
    if rest.startswith("::"):
        ellipsis, rest = 0, rest[2:]
    while rest and groups < 8:
        size = next((i for i, c in enumerate(rest) if c not in _HEX), len(rest))
        if size > 4:
            raise _Bad("each group must have 4 or less digits", rest)
        if size == 0:
            raise _Bad("each colon-separated field must have at least one digit", rest)
        if rest[size : size + 1] == ".":
            if ellipsis < 0 and groups != 6:
                what = "embedded IPv4 address must replace the final 2 fields of the address"
                raise _Bad(what, rest)
            if groups > 6:
                what = "too many hex fields to fit an embedded IPv4 at the end of the address"
                raise _Bad(what, rest)
            _ipv4(rest)
            rest, groups = "", groups + 2
            break
        groups, rest = groups + 1, rest[size:]
        if not rest:
            break
        if rest[0] != ":":
            raise _Bad("unexpected character, want colon", rest)
        if len(rest) == 1:
            raise _Bad("colon must be followed by more characters", rest)
        rest = rest[1:]
        if rest[0] == ":":
            if ellipsis >= 0:
                raise _Bad("multiple :: in address", rest)
            ellipsis, rest = groups, rest[1:]
    if rest:
        raise _Bad("trailing garbage after address", rest)
    if groups < 8 and ellipsis < 0:
        raise _Bad("address string too short", "")
    if groups == 8 and ellipsis >= 0:
        raise _Bad("the :: must expand to at least one field of zeros", "")
