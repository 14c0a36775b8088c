"""What people write who come from other languages: words and signs that Rego has not."""

from __future__ import annotations

import unicodedata

WORDS: dict[str, str] = {
    **dict.fromkeys(
        ("def", "func", "function", "fn", "fun", "rule", "method"),
        "functions are written without a word in front: `name(x) := value if ...`",
    ),
    **dict.fromkeys(
        ("let", "var", "const", "val"),
        "values are named without a word in front: write `name := value`",
    ),
    **dict.fromkeys(
        ("for", "foreach", "forall", "loop", "while"),
        "to look for an element write `some x in xs`, for all of them `every x in xs { ... }`",
    ),
    **dict.fromkeys(("elif", "elseif", "elsif", "otherwise"), "write `else := value if condition`"),
    **dict.fromkeys(
        ("return", "returns", "yield"),
        "a rule's value must stand in its head: `name := value if ...`",
    ),
    **dict.fromkeys(("when", "where", "then", "unless"), "write `if` and a condition"),
    **dict.fromkeys(("is", "equals"), "use `==` to compare"),
    **dict.fromkeys(("switch", "case", "match"), "write a rule, or an `else`, for each case"),
    "class": "use a package, and rules in it",
    "imports": "write `import data.x.y`",
    "from": "write `import data.x.y`, or `import data.x.y as name`",
}
"""Words of other languages, where they mean nothing in Rego."""

_UNCHANGED = "values never change: use another name, as in `y := x + 1`"

SIGNS: dict[tuple[str, str], str] = {
    ("&", "&"): "Rego has no `&&`: write the conditions on lines of their own, or use `;`",
    ("|", "|"): "Rego has no `||`: write a rule for each case, or "
    "`import future.keywords.or` and use `or`",
    ("==", "="): "use `==`",
    ("!=", "="): "use `!=`",
    ("<", ">"): "use `!=`",
    ("=", ">"): "Rego has no `=>`: use `:=` for values and `if` for conditions",
    ("-", ">"): "Rego has no `->`: use `.` for fields",
    ("=", "<"): "use `<=`",
    ("/", "/"): "comments must begin with `#`",
    ("/", "*"): "comments must begin with `#`",
    ("*", "*"): "Rego has no power operator: use `*`",
    ("+", "+"): _UNCHANGED,
    (":", ":"): "use `.` between the steps of a path",
    **{(sign, "="): _UNCHANGED for sign in ("+", "-", "*", "/", "%", "|", "&")},
}
"""Two signs that are none in Rego when they stand together."""


def number(text: str) -> str:
    """What to write for a number that Rego does not know."""
    plain = text.replace("_", "")
    try:
        return f"numbers must be written in decimal digits only: use `{int(plain, 0)}`"
    except ValueError:
        return "names must not begin with a digit"


def character(sign: str) -> str:
    """What to write for a character that begins nothing in Rego."""
    if sign == "'":
        return 'strings must stand in double quotes, not in single ones (\'): write `"..."`'
    if sign in "‘’‚“”„«»":
        return 'strings must stand in plain double quotes: write `"..."`'
    if sign == "?":
        return "Rego has no `?`: use `else`, or write a rule for each case"
    if unicodedata.category(sign) in ("Zs", "Cf", "Cc"):
        return f"a character that looks like a space stands here (U+{ord(sign):04X}): use a space"
    if ord(sign) > 127:
        return "names must be made of the letters a to z, digits and `_`"
    return "this character means nothing in Rego: use it in strings only"
