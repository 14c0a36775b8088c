"""The values of strings and numbers as they are written."""

from __future__ import annotations

import json
import re
from decimal import Context, Decimal

from regolive.syntax.cursor import Failed

_SURROGATES = re.compile("[\ud800-\udfff]")
_TEMPLATE_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_PLAIN = 16  # longest text of a number that needs no look at its size
_EXPONENT = Context(prec=40, Emax=10**9, Emin=-(10**9))


def string(text: str, offset: int) -> str:
    """The value of a string in double quotes; ``offset`` is where it stands.

    Raises:
        Failed: a control character beside an escape, which JSON does not allow.
    """
    if "\\" not in text:
        return text[1:-1]
    try:
        value = str(json.loads(text))
    except ValueError:
        raise Failed(f"illegal string literal: {text}", offset) from None
    # Half a surrogate pair is no character.
    return _SURROGATES.sub("\ufffd", value)


def template_text(text: str, raw: bool, offset: int) -> str:
    """The value of a piece of text of a template string.

    Raises:
        Failed: as ``string`` does.
    """
    if "\\" not in text:
        return text
    if raw:
        return text.replace("\\{", "{")
    try:
        plain = _TEMPLATE_ESCAPE.sub(lambda m: "{" if m[1] == "{" else m[0], text)
        return _SURROGATES.sub("\ufffd", str(json.loads(f'"{plain}"')))
    except ValueError:
        raise Failed(f"illegal template-string part: {text}", offset) from None


def check_number(text: str, offset: int, fraction: bool = False) -> None:
    """That a number is one for OPA. ``fraction``: the digits stand behind a point.

    Raises:
        Failed: it begins with a zero that it should not, has two points, or is too big (or too
            small) to compute with: its binary exponent is beyond 100,000.
    """
    if text[0] == "0" and len(text) > 1 and not fraction and text[1] not in ".eE":
        message = "unexpected number token: expected number without leading zero"
        raise Failed(message, offset)
    if fraction and "." in text:
        raise Failed("unexpected number token: invalid float", offset)
    if len(text) <= _PLAIN and "e" not in text and "E" not in text:
        return
    mantissa, _, exponent = text.lower().partition("e")
    if len(exponent) > 9:
        if mantissa.strip("0.") == "":
            return
        raise Failed("unexpected number token: invalid float", offset)
    value = Decimal(f"0.{text}" if fraction else text)
    if value and not -100_001 <= value.ln(_EXPONENT) / Decimal(2).ln(_EXPONENT) < 100_000:
        raise Failed("number too big", offset)
