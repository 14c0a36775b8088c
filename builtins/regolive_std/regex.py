"""Regular expressions: RE2's syntax and its linear time, through google-re2.

OPA uses Go's ``regexp``, which has the same syntax and gives the same leftmost-first matches.
Compiled patterns are kept across queries, bounded in number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import re2

from regolive import BuiltinContext, BuiltinError
from regolive_std._declare import BOOLEAN, INTEGER, STRING, array, std, unchecked
from regolive_std.kept import kept_by_text, kept_by_texts
from regolive_std.text import from_bytes, go_quote, to_bytes

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


# What RE2 takes and Go does not: a single byte; a count that both find too large, which is plain
# text to RE2. Neither counts in a quotation or a class, or where a backslash stands before it.
_REFUSED = re.compile(
    r"\\Q.*?(?:\\E|\Z)|(\\C)|\\.|\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^]\\])*\]"
    r"|(\{(?:[1-9][0-9]{8,}(?:,[0-9]*)?|[0-9]+,[1-9][0-9]{8,})\})",
    re.DOTALL,
)


def _refused(pattern: str) -> str | None:
    """Go's complaint about what RE2 would let pass."""
    for found in _REFUSED.finditer(pattern):
        if found[1]:
            return f"invalid escape sequence: `{found[1]}`"
        if found[2]:
            return f"invalid repeat count: `{found[2]}`"
    return None


# What opens or closes a group; what is quoted, escaped or in a class is passed over.
_GROUPS = re.compile(
    r"\\Q.*?(?:\\E|\Z)|\\.|\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^]\\])*\]|([()])", re.DOTALL
)
_DEEPEST = 1000  # Go's bound (regexp/syntax, ErrNestingDepth)


def _nests_too_deeply(pattern: str) -> bool:
    if pattern.count("(") < _DEEPEST:
        return False
    depth = 0
    for found in _GROUPS.finditer(pattern):
        depth += 1 if found[1] == "(" else -1 if found[1] else 0
        if depth >= _DEEPEST:
            return True
    return False


@kept_by_text(256)
def compiled(pattern: str) -> Any:
    """A compiled pattern. Raises BuiltinError with Go's text if it is not one."""
    if _nests_too_deeply(pattern):
        raise BuiltinError(f"error parsing regexp: expression nests too deeply: `{pattern}`")
    try:
        made = re2.compile(to_bytes(pattern), options=_OPTIONS)
    except re2.error as error:
        raise BuiltinError(_message(pattern, error)) from None
    refused = _refused(pattern) if "\\C" in pattern or "{" in pattern else None
    if refused is not None:
        raise BuiltinError(f"error parsing regexp: {refused}")
    return made


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern matches anywhere in a text."""
    return tester(pattern)(text)


@kept_by_text(256)
def tester(pattern: str) -> Callable[[str], bool]:
    """A test whether a pattern matches anywhere in a text. Raises BuiltinError as ``compiled``."""
    plain = _plain_tester(pattern)
    if plain is not None:
        return plain
    expression = compiled(pattern)
    found_in = finder(expression)

    def search(text: str) -> bool:
        if text.isascii():
            return found_in(text.encode())
        data, _ = _readable(text)
        found = expression.search(data)
        while found is not None and _inside_character(data, found.start()):
            found = expression.search(data, _next_character(data, found.start()))
        return found is not None

    return search


def finder(expression: Any) -> Callable[[bytes], bool]:
    """Whether an expression is found, in a third of the time of ``search``.

    That makes a generator and a match of what the extension answers. The extension has no public
    name in google-re2, so where it is not as we know it, ``search`` is asked.
    """
    try:
        match, anchor = expression._regexp.Match, re2._Anchor.UNANCHORED
        if match(anchor, b"", 0, 0)[0] not in ((0, 0), _NOWHERE):
            raise TypeError
    except (AttributeError, LookupError, TypeError):
        return lambda data: expression.search(data) is not None
    return lambda data: match(anchor, data, 0, len(data))[0] != _NOWHERE


_NOWHERE = (-1, -1)

# Many a pattern in a policy is a text with an anchor or a wildcard at its ends.
_PLAIN = re.compile(
    r"(\^?)(\.\*)?((?:[A-Za-z0-9_ /:@%,;=~#&!'\"<>-]|\\[!-/:-@\[-`{-~])*)(\.\*)?(\$?)\Z"
)
_ESCAPE = re.compile(r"\\(.)")


def _plain_tester(pattern: str) -> Callable[[str], bool] | None:
    """A test without RE2, for a pattern that needs no more; None for the others."""
    found = _PLAIN.match(pattern)
    if not found:
        return None
    start, before, written, behind, end = found.groups()
    text = _ESCAPE.sub(r"\1", written)
    size = len(text)
    # Where nothing holds the match in place, a wildcard at that end changes nothing.
    before, behind = before if start else None, behind if end else None
    if before or behind:
        if not (start and end) or (before and behind):
            return None
        if behind:
            return lambda s: s.startswith(text) and "\n" not in s[size:]
        return lambda s: s.endswith(text) and "\n" not in s[: len(s) - size]
    if start:
        return (lambda s: s == text) if end else (lambda s: s.startswith(text))
    return (lambda s: s.endswith(text)) if end else (lambda s: text in s)


def _inside_character(data: bytes, at: int) -> bool:
    """RE2 finds ``\\B`` between the bytes of a character, too; Go does not."""
    return at < len(data) and data[at] & 0xC0 == 0x80


def _next_character(data: bytes, at: int) -> int:
    at += 1
    while at < len(data) and data[at] & 0xC0 == 0x80:
        at += 1
    return at


class _Shifted:
    """A match in a text that was made readable, with places and groups of the text as it was."""

    __slots__ = ("back", "data", "found")

    def __init__(self, found: Any, back: list[int], data: bytes) -> None:
        self.found, self.back, self.data = found, back, data

    def start(self) -> int:
        return self.back[int(self.found.start())]

    def end(self) -> int:
        return self.back[int(self.found.end())]

    def group(self, number: int = 0) -> bytes:
        start, end = self.found.span(number)
        return self.data[self.back[start] : self.back[end]] if start >= 0 else b""

    def groups(self) -> list[bytes]:
        return [self.group(n) for n in range(1, self.found.re.groups + 1)]


def _readable(text: str) -> tuple[bytes, list[int] | None]:
    """A text for RE2, and for each place in that the one in the text's own bytes (None: the same).

    Go's expressions read U+FFFD for a byte that is no UTF-8, where RE2's match nothing.
    """
    try:
        return text.encode(), None
    except UnicodeEncodeError:
        pass
    out, back, at = bytearray(), [], 0
    for char in from_bytes(to_bytes(text)):
        broken = "\udc80" <= char <= "\udcff"
        read = b"\xef\xbf\xbd" if broken else char.encode()
        out += read
        back += [at] * len(read)
        at += 1 if broken else len(read)
    return bytes(out), [*back, at]


def _spans(ctx: BuiltinContext, expression: Any, text: str, limit: int) -> Iterator[Any]:
    """Successive matches as Go finds them: an empty one never touches the one before."""
    data, back = _readable(text)
    at = count = 0
    last_end = -1
    while at <= len(data) and count != limit:
        ctx.check()  # one search can take milliseconds, of a pattern with many groups
        found = expression.search(data, at)
        if found is None:
            return
        start, end = found.span()
        if start == end and _inside_character(data, start):
            at = _next_character(data, start)
            continue
        if start != end or start != last_end:
            yield found if back is None else _Shifted(found, back, to_bytes(text))
            count += 1
        last_end = end
        if end > at:
            at = end
        else:
            at = _next_character(data, at)


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
    for found in _spans(ctx, expression, value, -1):
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
    return [_text(m.group()) for m in _spans(ctx, compiled(pattern), value, max(number, -1))]


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
    return [
        [_text(m.group()), *map(_text, m.groups())]
        for m in _spans(ctx, compiled(pattern), value, max(number, -1))
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
    for found in _spans(ctx, expression, s, -1):
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


@kept_by_texts(256)
def _template_pattern(template: str, start: str, end: str) -> str:
    parts: list[tuple[int, int]] = []
    level = begin = 0
    for at, char in enumerate(template):
        if char == start:  # where both are the same, every one opens, as in OPA
            level += 1
            if level == 1:
                begin = at
        elif char == end:
            level -= 1
            if level == 0:
                parts.append((begin, at))
            elif level < 0:
                break
    if level != 0:
        raise BuiltinError(f"unbalanced braces in {go_quote(template)}")
    out = ["^"]
    after = 0
    for begin, at in parts:
        inner = template[begin + 1 : at]
        compiled(f"^{inner}$")
        out += [_quote_meta(template[after:begin]), f"({inner})"]
        after = at + 1
    out += [_quote_meta(template[after:]), "$"]
    return "".join(out)


_META = frozenset("\\.+*?()|[]{}^$")


def _quote_meta(text: str) -> str:
    return "".join("\\" + c if c in _META else c for c in text)
