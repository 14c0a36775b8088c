"""Regular expressions: RE2's syntax and its linear time, through google-re2.

OPA uses Go's ``regexp``, which has the same syntax and gives the same leftmost-first matches.
Compiled patterns are kept across queries, bounded in number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import re2

from regolive import BuiltinContext, BuiltinError
from regolive_std._declare import BOOLEAN, INTEGER, STRING, array, std, unchecked
from regolive_std.text import go_quote, to_bytes

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False

# RE2's messages, and Go's for the same mistakes. ``whole``: Go shows the whole pattern.
_MESSAGES = {
    "missing )": ("missing closing )", True),
    "unexpected )": ("unexpected )", True),
    "missing ]": ("missing closing ]", False),
    "invalid character class range": ("invalid character class range", False),
    "invalid character class": ("invalid character class", False),
    "no argument for repetition operator": ("missing argument to repetition operator", False),
    "bad repetition operator": ("invalid nested repetition operator", False),
    "invalid repetition size": ("invalid repeat count", False),
    "invalid escape sequence": ("invalid escape sequence", False),
    "invalid perl operator": ("invalid or unsupported Perl syntax", False),
    "trailing \\": ("trailing backslash at end of expression", False),
    "invalid named capture group": ("invalid named capture", False),
    "duplicate capture group name": ("duplicate capture group name", False),
    "pattern too large": ("expression too large", True),
}


def _message(pattern: str, error: Exception) -> str:
    text = error.args[0] if error.args else ""
    text = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
    for known, (go, whole) in _MESSAGES.items():
        if text.startswith(known):
            shown = pattern if whole else text[len(known) :].removeprefix(": ")
            if go.startswith("trailing"):
                shown = ""
            return f"error parsing regexp: {go}: `{shown}`"
    return f"error parsing regexp: {text}"


@lru_cache(maxsize=512)
def compiled(pattern: str) -> Any:
    """A compiled pattern. Raises BuiltinError with Go's text if it is not one."""
    try:
        return re2.compile(to_bytes(pattern), options=_OPTIONS)
    except re2.error as error:
        raise BuiltinError(_message(pattern, error)) from None


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern matches anywhere in a text."""
    return compiled(pattern).search(to_bytes(text)) is not None


def _spans(ctx: BuiltinContext, expression: Any, data: bytes, limit: int) -> Iterator[Any]:
    """Successive matches as Go finds them: an empty one never touches the one before."""
    at = count = 0
    last_end = -1
    while at <= len(data) and count != limit:
        found = expression.search(data, at)
        if found is None:
            return
        start, end = found.span()
        if start != end or start != last_end:
            yield found
            count += 1
            if count & 255 == 0:
                ctx.check()
        last_end = end
        if end > at:
            at = end
        else:
            at += 1
            while at < len(data) and data[at] & 0xC0 == 0x80:
                at += 1  # not into the middle of a character


def _text(data: bytes | None) -> str:
    return data.decode("utf-8", "surrogateescape") if data else ""


@std("regex.is_valid", args=[unchecked(STRING)], result=BOOLEAN, result_name="result")
def regex_is_valid(pattern: Any) -> bool:
    """Whether a value is a regular expression.

    Example:
        >>> regex.is_valid("[a-z]+")
        true
        >>> regex.is_valid("(")
        false
    """
    if pattern.__class__ is not str:
        return False
    try:
        compiled(pattern)
    except BuiltinError:
        return False
    return True


@std("regex.match", result_name="result")
def regex_match(pattern: str, value: str) -> bool:
    """Whether a regular expression matches anywhere in a string.

    Example:
        >>> regex.match("^[a-z]+$", "abc")
        true
        >>> regex.match("b", "abc")
        true
        >>> regex.match("(", "abc")
        error: eval_builtin_error: regex.match: error parsing regexp: missing closing ): `(`
    """
    return matches(pattern, value)


@std("re_match", deprecated=True)
def re_match(pattern: str, value: str) -> bool:
    """Whether a regular expression matches anywhere in a string (deprecated: ``regex.match``).

    Example:
        >>> re_match("b", "abc")
        true
    """
    return matches(pattern, value)


@std("regex.split", result=array(STRING), result_name="output")
def regex_split(ctx: BuiltinContext, pattern: str, value: str) -> list[str]:
    """The parts of a string between the matches of a regular expression.

    Example:
        >>> regex.split(" *, *", "a , b,c")
        ["a", "b", "c"]
    """
    expression = compiled(pattern)
    if pattern and not value:
        return [""]
    data = to_bytes(value)
    out = []
    begin = end = 0
    for found in _spans(ctx, expression, data, -1):
        end = found.start()
        if found.end() != 0:
            out.append(_text(data[begin:end]))
        begin = found.end()
    if end != len(data):
        out.append(_text(data[begin:]))
    return out


@std("regex.find_n", args=[STRING, STRING, INTEGER], result=array(STRING), result_name="output")
def regex_find_n(ctx: BuiltinContext, pattern: str, value: str, number: int) -> list[str]:
    """What a regular expression matches in a string, up to a number of times; -1: all.

    Example:
        >>> regex.find_n("[0-9]+", "a1b22c333", 2)
        ["1", "22"]
        >>> regex.find_n("[0-9]+", "a1b22c333", -1)
        ["1", "22", "333"]
    """
    data = to_bytes(value)
    return [_text(m.group()) for m in _spans(ctx, compiled(pattern), data, max(number, -1))]


@std(
    "regex.find_all_string_submatch_n",
    args=[STRING, STRING, INTEGER],
    result=array(array(STRING)),
    result_name="output",
)
def regex_find_all_string_submatch_n(
    ctx: BuiltinContext, pattern: str, value: str, number: int
) -> list[list[str]]:
    """The matches of a regular expression in a string, each with what its groups matched.

    Example:
        >>> regex.find_all_string_submatch_n("([a-z])=([0-9])", "a=1 b=2", -1)
        [["a=1", "a", "1"], ["b=2", "b", "2"]]
    """
    data = to_bytes(value)
    return [
        [_text(m.group()), *map(_text, m.groups())]
        for m in _spans(ctx, compiled(pattern), data, max(number, -1))
    ]


@std("regex.replace", result_name="output")
def regex_replace(ctx: BuiltinContext, s: str, pattern: str, value: str) -> str:
    """The string with every match replaced; ``$1`` and ``${name}`` are what groups matched.

    Example:
        >>> regex.replace("a=1 b=2", "([a-z])=([0-9])", "$2=$1")
        "1=a 2=b"
        >>> regex.replace("a", "(", "b")
        error: eval_builtin_error: regex.replace: error parsing regexp: missing closing ): `(`
    """
    expression = compiled(pattern)
    data = to_bytes(s)
    pieces = _template(value, expression) if "$" in value else None
    plain = to_bytes(value)
    out: list[bytes] = []
    at = 0
    for found in _spans(ctx, expression, data, -1):
        out.append(data[at : found.start()])
        if pieces is None:
            out.append(plain)
        else:
            out += [p if p.__class__ is bytes else found.group(p) or b"" for p in pieces]
        at = found.end()
    out.append(data[at:])
    return _text(b"".join(out))


_REFERENCE = re.compile(r"\$(?:\{(\w+)\}|(\w+)|(\$))")


def _template(template: str, expression: Any) -> list[Any]:
    """A replacement as bytes and group numbers; a group that is not there stands for nothing."""
    names = {to_name(k): v for k, v in expression.groupindex.items()}
    out: list[Any] = []
    at = 0
    for found in _REFERENCE.finditer(template):
        out.append(to_bytes(template[at : found.start()]))
        at = found.end()
        if found[3]:
            out.append(b"$")
            continue
        name = found[1] or found[2]
        if name.isascii() and name.isdigit() and (name == "0" or name[0] != "0"):
            group = int(name[:9])
            if group <= expression.groups:
                out.append(group)
        elif name in names:
            out.append(names[name])
    out.append(to_bytes(template[at:]))
    return out


def to_name(name: Any) -> str:
    """A group's name as a string."""
    return name.decode() if isinstance(name, bytes) else str(name)


@std("regex.template_match", result_name="result")
def regex_template_match(
    template: str, value: str, delimiter_start: str, delimiter_end: str
) -> bool:
    """Whether a string matches a text with regular expressions between delimiters in it.

    Example:
        >>> regex.template_match("urn:{[a-z]+}:x", "urn:abc:x", "{", "}")
        true
        >>> regex.template_match("urn:{[a-z]+", "urn:abc", "{", "}")
        error: eval_builtin_error: regex.template_match: unbalanced braces in "urn:{[a-z]+"
    """
    if len(to_bytes(delimiter_start)) != 1:
        raise BuiltinError(
            "start delimiter has to be exactly one character long but is "
            f"{len(to_bytes(delimiter_start))} long"
        )
    if len(to_bytes(delimiter_end)) != 1:
        raise BuiltinError(
            "end delimiter has to be exactly one character long but is "
            f"{len(to_bytes(delimiter_start))} long"
        )
    return matches(_template_pattern(template, delimiter_start, delimiter_end), value)


@lru_cache(maxsize=512)
def _template_pattern(template: str, start: str, end: str) -> str:
    out = ["^"]
    level = begin = after = 0
    for at, char in enumerate(template):
        if char == start:  # where both are the same, every one opens, as in OPA
            level += 1
            if level == 1:
                begin = at
        elif char == end:
            level -= 1
            if level == 0:
                inner = template[begin + 1 : at]
                compiled(f"^{inner}$")
                out += [_quote_meta(template[after:begin]), f"({inner})"]
                after = at + 1
            elif level < 0:
                break
    if level != 0:
        raise BuiltinError(f"unbalanced braces in {go_quote(template)}")
    out += [_quote_meta(template[after:]), "$"]
    return "".join(out)


_META = frozenset("\\.+*?()|[]{}^$")


def _quote_meta(text: str) -> str:
    return "".join("\\" + c if c in _META else c for c in text)
