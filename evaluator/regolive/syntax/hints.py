"""What the writer of a wrong policy probably meant.

Hints are looked for after the error is certain, by what was said and by the tokens around the
place: the parser itself knows nothing of other languages. Words and signs of those are in
``habits``.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from regolive.syntax import habits
from regolive.syntax import nodes as n
from regolive.syntax.cursor import Cursor, Failed
from regolive.syntax.lexer import ALL_KEYWORDS, FUTURE_V0, MAX_DEPTH, TOO_DEEP

EMPTY = "a module must begin with its package, as in `package example`"
_IN_A_BODY = "an expression must stand in the body of a rule: write `name if ...`"
_STATEMENT = "expected a rule, such as `name := value` or `name if condition`"
_TERM = "expected a value or a name here"
_SEPARATE = "expressions must be separated by line breaks or `;`"
_ELSE = "`else` must stand behind a body: write `name := value if condition else := other`"

# What was said, and what helps.
_SAID: tuple[tuple[str, str], ...] = (
    (r"package expected", EMPTY),
    (r"unexpected package$", "a file has one package: write the other in a file of its own"),
    (r"multiple expressions ", "write each rule on its own line; conditions stand behind `if`"),
    (r"(negated expressions|expressions using|'some' declarations|expression) ", _IN_A_BODY),
    (r"\w+ keyword cannot be used for rule name", "it is a keyword: use another name"),
    (r"invalid rule head", "a rule's name must be a path such as `a.b[c]`; parameters stand last"),
    (r"illegal default rule \(must", "write `default name := false`"),
    (r"illegal default rule \(value", "the value must be a constant, or a comprehension"),
    (r"illegal default rule \(arg", "the parameters of a default function must be different names"),
    (r"found empty body", "write at least one expression, or leave the braces out"),
    (r"illegal escape", "write `\\\\` for a backslash, or use a raw string: `...` in backticks"),
    (r"illegal string literal", "only JSON's escapes are known: use `\\n`, `\\t`, `\\u00e9`, ..."),
    (r"illegal (null|byte|utf-8)", "policies must be text in UTF-8, without a mark or NUL inside"),
    (r".*without leading zero", "numbers are decimal: write them without a zero in front"),
    (r"expected fraction", "digits must follow the point: write `1.0`, or `1`"),
    (r"expected exponent", "digits must follow the `e`: write `1e3`"),
    (r"number too big", "use a number below 1e30000"),
    (r"illegal ref ", "write the value to a variable first, as in `x := ...`, and then `x[0]`"),
    (r"illegal \$ char", 'template strings must begin with `$"`'),
    (r".*negation of 'some'", "write the `some` in a rule of its own, and negate that"),
    (r".*negation of 'every'", "write the `every` in a rule of its own, and negate that"),
    (r"template strings are not", 'write `sprintf("...", [...])`: v0 has no template strings'),
    (r".*in template-string expression", "a template string must have values in its braces: write "
     "the statement before it"),
    (r"empty parenthesized group", "write an expression in the parentheses"),
    (r"expected \) to close", "`)` is expected here: parentheses hold operands of `and` and `or`"),
    (r"non-terminated expression", "`)` is expected here: parentheses hold one term"),
    (r"expected } to end", "each value must stand in braces of its own"),
    (r".*(expected ident|with target path)$", "write `with input.x as value`"),
    (r".*expected as keyword", "write `with target as value`"),
    (r".*expected `x in xs` or", "write `some x in xs`, `some k, v in xs`, or `some x`"),
    (r".*expected `x\[", "write `every x in xs { ... }` or `every k, v in xs { ... }`"),
    (r".*(to be a variable)", "write `every x in xs { ... }` or `every k, v in xs { ... }`"),
    (r".*missing body", "write `every x in xs { ... }`: the body must stand in braces"),
    (r".*expected else value", "write `else := value if condition`"),
    (r"else keyword cannot", "write a rule for each case: only single values can have an `else`"),
    (r"expected else keyword", "write the other body as a rule of its own"),
    (r".*multi-value rule definitions", "a function has one value: write `f(x) := value if ...`"),
    (r"rule argument list", "a function must have at least one parameter: write `name := value`"),
    (r".*: expecting string", 'the steps of this path must be constant: write `a.b` or `a["b"]`'),
    (r".*: expected var$", "write `some x`, `some x, y` or `some x in xs`"),
)  # fmt: skip
_COMPILED = [(re.compile(pattern), hint) for pattern, hint in _SAID]

_FAR = 200
_CLOSES = {"(": ")", "[": "]", "{": "}"}


def suggest(parser: Cursor, failed: Failed) -> str | None:
    """A sentence on what was probably meant, None if there is no telling."""
    message = failed.message
    at = parser.tokens.at(failed.offset)
    if message == TOO_DEEP:
        return f"use fewer: at most {MAX_DEPTH} brackets may be open at a time"
    for find in _FINDERS:
        hint = find(parser, message, at)
        if hint is not None:
            return hint
    for pattern, hint in _COMPILED:
        if pattern.match(message):
            return hint
    return None


# What v1 demands


def with_body(head: str) -> str:
    """For a rule that has a body but no ``if``."""
    return f"write `{_short(head)} if {{ ... }}`"


def without_body(head: str) -> str:
    """For a set without a body."""
    return f"write `{_short(head)}`"


def set_head(text: str, name: n.Term, key: n.Term) -> str:
    """How the head of a set in v0's form (``p[x]``, ``p.x``) is written in v1."""
    if text[key.loc.start - 1 : key.loc.start] == ".":
        return f"{name.loc.text}.{key.loc.text} := value"
    return f"{name.loc.text} contains {key.loc.text}"


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:57] + "..."


# Finders, from what is most certain on


def _illegal(parser: Cursor, message: str, at: int) -> str | None:
    sign = parser.text[parser.starts[at] : parser.starts[at] + 1]
    if message == "illegal ! character":
        following = parser.read(at + 1) if parser.kinds[at + 1] == "name" else "condition"
        return f"write `not {following}`"
    if message == "non-terminated string":
        if sign == "`" or parser.text[parser.starts[at] :][:2] == "$`":
            return "a raw string must end with a backtick"
        return "a string must end on the line it begins on: use a raw string in backticks for more"
    if message == "illegal number format":
        return habits.number(parser.read(at))
    return habits.character(sign) if message == "illegal token" and sign else None


def _pair(parser: Cursor, message: str, at: int) -> str | None:
    """Two signs, of which the second, or the first, was not expected."""
    kinds = parser.kinds
    if not message.startswith(("unexpected ", "illegal")):
        return None
    for first in (at - 1, at):
        if first >= 0 and parser.adjacent(first + 1):
            hint = habits.SIGNS.get((kinds[first], kinds[first + 1]))
            if hint is not None:
                return hint
    return None


def _named(parser: Cursor, message: str, at: int) -> str | None:
    """A single name where a rule should be."""
    if message != "var cannot be used for rule name":
        return None
    name = parser.read(at)
    following = parser.kinds[at + 1]
    behind = parser.read(at + 1) if following == "name" else ""
    for word in (behind, name):
        if word in FUTURE_V0:
            return f"`{word}` must be imported in v0: write `import rego.v1` at the top"
        if word in ("and", "or"):
            return f"`{word}` must be imported: write `import future.keywords.{word}` at the top"
    if following in ("(", "[") and not parser.adjacent(at + 1):
        return f"no space must stand between `{name}` and `{following}`"
    hint = habits.WORDS.get(name) or habits.WORDS.get(behind)
    return hint or f"write `{name} := value`, or `{name} if condition`"


def _statement(parser: Cursor, message: str, at: int) -> str | None:
    """What stands where a rule should be."""
    kinds = parser.kinds
    if message == "rule name conflicts with built-in function":
        end = at
        while kinds[end] not in ("==", "eof") and end < at + 12:
            end += 1
        if kinds[end] == "==" and kinds[at] == "name":
            head = parser.text[parser.starts[at] : parser.ends[end - 1]]
            return f"`==` compares: write `{_short(head)} := value`"
        return _IN_A_BODY
    if message.endswith("cannot be used for rule name") and "keyword" not in message:
        return _STATEMENT
    if message.startswith("rule must have value"):
        end = at
        while kinds[end + 1] in (".", "name", "[", "string", "]") and parser.adjacent(end + 1):
            end += 1
        head = _short(parser.text[parser.starts[at] : parser.ends[end]])
        return f"write `{head} := value`, or `{head} if condition`"
    return None


def _import(parser: Cursor, message: str, at: int) -> str | None:
    kinds = parser.kinds
    first = _line_start(parser, at)
    if kinds[first] not in ("import", "package"):
        return None
    word = kinds[first]
    if message.startswith("unexpected import path, must begin"):
        return f"write `import data.{parser.read(at)}...`, or `import input...`"
    if kinds[at] in ("string", "raw") and at == first + 1:
        return f"a path is written without quotes: write `{word} data.x.y`"
    if kinds[at] == "/":
        return "use `.` between the steps of a path"
    if kinds[at] == "*":
        return "everything below a path is imported with it: write `import data.x`"
    if kinds[at] == ",":
        return "write an `import` for each path"
    if message.endswith("expected var"):
        return "write `import data.x as name`, with a name that is no keyword"
    return None


def _line_start(parser: Cursor, at: int) -> int:
    """The first token of the line a token stands on; of a very long line one in the middle."""
    line = parser.text.rfind("\n", 0, parser.starts[at])
    first = max(at - _FAR, parser.tokens.at(line + 1))
    return min(first, at)


def _word(parser: Cursor, message: str, at: int) -> str | None:
    """A word of another language, or one that must be imported."""
    if not message.startswith("unexpected ") or message.startswith("unexpected import"):
        return None
    kinds = parser.kinds
    here = parser.read(at) if kinds[at] == "name" else ""
    before = parser.read(at - 1) if at and kinds[at - 1] == "name" else ""
    if here in ("and", "or"):
        return (
            f"`{here}` must be imported: write `import future.keywords.{here}` at the top, "
            "or write the conditions on lines of their own"
        )
    if here in FUTURE_V0 or (before in FUTURE_V0 and here):
        word = here if here in FUTURE_V0 else before
        use = {"in": "some x in xs", "every": "every x in xs { ... }"}.get(word)
        for_what = f" for `{use}` expressions" if use else ""
        return f"write `import future.keywords.{word}`{for_what}, or `import rego.v1`"
    if here and before in habits.WORDS:
        return habits.WORDS[before]
    return habits.WORDS.get(here)


def _brackets(parser: Cursor, message: str, at: int) -> str | None:
    """A bracket that is not closed, or by another."""
    kinds = parser.kinds
    if not message.startswith(("unexpected", "non-terminated", "expected )")):
        return None
    kind = kinds[at]
    if kind in ("eof", "if", "contains", ":=", "{"):
        inner = [index for index in parser.tokens.unclosed if index < at]
        if inner:
            return _not_closed(parser, inner[-1])
    if kind in (")", "]", "}"):
        opened = _opened_before(parser, at)
        if opened is None:
            return f"no bracket is open here: `{kind}` is not expected"
        if _CLOSES[kinds[opened]] != kind:
            return _not_closed(parser, opened)
    return None


def _opened_before(parser: Cursor, at: int) -> int | None:
    """The innermost bracket that is open before a token."""
    closed = 0
    for index in range(at - 1, max(at - 10 * _FAR, -1), -1):
        kind = parser.kinds[index]
        if kind in (")", "]", "}"):
            closed += 1
        elif kind in _CLOSES:
            if not closed:
                return index
            closed -= 1
    return None


def _not_closed(parser: Cursor, opened: int) -> str:
    kind = parser.kinds[opened]
    row = parser.source.row_col(parser.starts[opened])[0]
    return f"the `{kind}` in row {row} is not closed: `{_CLOSES.get(kind, ']')}` is expected"


def _dots(parser: Cursor, message: str, at: int) -> str | None:
    """A point, and what is wrong behind it."""
    if "whitespace token" in message:
        return "no space must stand around the `.` of a path"
    if at and message.endswith(": expected number") and parser.kinds[at - 1] == ".":
        return "no space must stand before the `.` of a path"
    if message.endswith(": expected identifier"):
        if parser.kinds[at] in ("string", "raw", "number"):
            return f"write `[{parser.read(at)}]` for a step that is no name"
        return "a name must follow the `.`"
    if message.endswith(": expected number"):
        return "a minus must stand before a number or a name: write `0 - (...)`"
    return None


def _assigned(parser: Cursor, message: str, at: int) -> str | None:
    """A sign for a value where there can be none."""
    kinds = parser.kinds
    kind = kinds[at]
    if kind not in (":=", "=", ":") or not message.startswith("unexpected"):
        return None
    if message.endswith("as keyword"):
        return None
    first = _line_start(parser, at)
    if kind == "=" and ("non-terminated" in message or 'expected ":"' in message):
        return "between key and value of an object must stand `:`"
    if "some" in kinds[max(first, at - 3) : at]:
        return "`some` only declares: write `x := value` without it"
    if "contains" in kinds[first:at]:
        return "a set has elements and no values: write `name contains element`"
    opened = _opened_before(parser, at)
    if opened is not None and kinds[opened] in ("(", "[") and kind == ":":
        if kinds[opened] == "[":
            return "Rego has no slices: use `array.slice(xs, from, to)`"
        return "parameters have no types and no names: write the values only"
    if kind == ":":
        return "use `:=` to give a value"
    if kinds[at - 1] in ALL_KEYWORDS:
        return f"`{kinds[at - 1]}` is a keyword: use another name"
    if opened is not None and kinds[opened] != "{":
        return "a value must be given in an expression of its own: write it on a line before"
    return "a variable must stand on the left, and one value on the right: use two expressions"


def _keywords(parser: Cursor, message: str, at: int) -> str | None:
    """A keyword where there can be none."""
    kinds = parser.kinds
    kind = kinds[at]
    bare = message == f"unexpected {kind} keyword"
    if kind == "else" and message.startswith("unexpected else"):
        return _ELSE
    if kind == "not" and bare:
        return "`not` must stand in front of a whole expression, once"
    if kind in ("some", "every") and bare:
        return f"`{kind}` must begin an expression of a body; in comprehensions behind the `|`"
    if kind == "if" and message.startswith("unexpected if"):
        if kinds[at - 1] in (":=", "=", "contains"):
            return f"a value is expected between `{kinds[at - 1]}` and `if`"
        if kinds[_line_start(parser, at)] == "default":
            return "a default must have no condition: write it in a rule of its own"
        if _opened_before(parser, at) is not None:
            return "a body must have no `if` inside: write the condition in a rule of its own"
    if bare and kinds[at + 1] in (":=", "=", "==", "!=", "in", ")", "]"):
        return f"`{kind}` is a keyword: use another name"
    return None


def _expected(parser: Cursor, message: str, at: int) -> str | None:
    """By what the parser expected."""
    kinds = parser.kinds
    kind = kinds[at]
    spaced = at > 0 and not parser.adjacent(at)
    if "\\n or ;" in message:
        if kind in ("[", "(") and spaced:
            return f"no space must stand before the `{kind}` of a path or call"
        return _SEPARATE
    if 'expected "," or' in message:
        return "a comma must stand between elements"
    if 'expected ":"' in message:
        return "between key and value of an object must stand `:`"
    if "non-terminated set" in message or "non-terminated object" in message:
        return "elements must be separated by commas, key and value by `:`"
    if kind == ";":
        return "`;` must stand between two expressions; lines need none at their end"
    if kind == "]" and kinds[at - 1] == "[":
        return "write `[_]` for any element"
    if re.fullmatch(r"unexpected \S+ (token|keyword)", message):
        return _TERM
    return None


_FINDERS: tuple[Callable[[Cursor, str, int], str | None], ...] = (
    _illegal,
    _pair,
    _named,
    _statement,
    _import,
    _word,
    _brackets,
    _dots,
    _assigned,
    _keywords,
    _expected,
)
