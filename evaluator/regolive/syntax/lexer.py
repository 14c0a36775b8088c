"""Text to tokens: one regular expression over the whole text, the result in parallel lists.

A token is an index into ``kinds``, ``starts`` and ``ends``. The kind of a keyword or a sign is its
text; other kinds are ``name``, ``number``, ``string``, ``raw``, the parts of a template string,
and ``eof``. What is no token is ``illegal``: the parser reports it if it gets there.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable

from regolive.syntax import illegal

KEYWORDS_V0 = frozenset(
    {"as", "default", "else", "false", "import", "not", "null", "package", "some", "true", "with"}
)
FUTURE_V0 = frozenset({"contains", "every", "if", "in"})
"""What v0 has as keywords only where they are imported."""

KEYWORDS_V1 = KEYWORDS_V0 | FUTURE_V0
FUTURE_V1 = frozenset({"and", "not", "or"})
"""What can be imported beside: two keywords more, and another meaning of ``not``."""

ALL_KEYWORDS = KEYWORDS_V1 | FUTURE_V1

MAX_DEPTH = 64
"""How deep brackets may be nested.

OPA allows 100,000 levels. Nobody writes more than some twenty; the limit keeps the parser, and
every stage that walks a tree by recursion, far from the end of its stack.
"""

TOO_DEEP = "max parsing recursion depth exceeded"

# NUL, byte-order marks and what cannot stand in UTF-8 are illegal, in strings and comments too.
_BAD = r"\x00\ufeff\ud800-\udfff"

# One group for each way a token is dealt with: names, strings, signs, comments, opening and closing
# brackets, signs that tell what a bracket holds, numbers, raw strings, and whatever else. Strings
# are possessive, as they may have no end: there are 2**n ways to cut n characters into pieces.
_TOKEN = re.compile(
    rf"""[ \t\r\n]*(?:
      ([A-Za-z_][A-Za-z_\d]*)
    | ("(?:[^"\\\n{_BAD}]++ | \\["\\/bfnrt] | \\u[0-9A-Fa-f]{{4}})*+")
    | (:=|==|!=|<=|>=|[-+*/%&=<>.,;])
    | (\#[^\n{_BAD}]*)
    | ([\[({{])
    | ([\])}}])
    | ([|:])
    | ([0-9]+ (?: \.[0-9]+(?:[eE][+-]?[0-9]+)? | [eE][+-]?[0-9]+ | (?!\.) ) (?![A-Za-z_0-9]))
    | (`[^`{_BAD}]*`)
    | ([^ \t\r\n])
    )""",
    re.VERBOSE,
)
_NAME, _STRING, _SIGN, _COMMENT, _OPEN, _CLOSE, _MARK, _NUMBER, _RAW, _OTHER = range(1, 11)

_TEMPLATE_TEXT = {
    '"': re.compile(rf'(?:[^"\\\n{{{_BAD}]+ | \\["\\/bfnrt{{] | \\u[0-9A-Fa-f]{{4}})*', re.X),
    "`": re.compile(rf"(?:[^`\\{{{_BAD}]+ | \\\{{ | \\)*", re.VERBOSE),
}


class Tokens:
    """The tokens of a text.

    ``closes`` has the index of the closing bracket for that of the opening one, ``unclosed`` the
    opening ones that have none. ``marked`` holds the opening brackets that have a ``|`` or ``:``
    directly inside: what may be a comprehension or an object. ``problems`` has messages for illegal
    tokens. ``comments`` are (start, end). ``depth`` is how deep brackets are nested.
    """

    __slots__ = (
        "closes",
        "comments",
        "depth",
        "ends",
        "kinds",
        "marked",
        "problems",
        "starts",
        "unclosed",
    )

    def __init__(self) -> None:
        self.kinds: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.closes: dict[int, int] = {}
        self.marked: set[int] = set()
        self.problems: dict[int, str] = {}
        self.comments: list[tuple[int, int]] = []
        self.unclosed: list[int] = []
        self.depth = 0

    def at(self, offset: int) -> int:
        """The first token that starts at an offset or after it."""
        return min(bisect_left(self.starts, offset), len(self.starts) - 1)

    def enable(self, words: Iterable[str], text: str, first: int) -> None:
        """Make words keywords, from token ``first`` on."""
        if first >= len(self.kinds):
            return
        pattern = re.compile(rf"\b(?:{'|'.join(sorted(words))})\b")
        for match in pattern.finditer(text, self.starts[first]):
            index = bisect_left(self.starts, match.start())
            if self.kinds[index] == "name" and self.starts[index] == match.start():
                self.kinds[index] = match[0]


def lex(text: str, keywords: frozenset[str] = KEYWORDS_V1) -> Tokens:
    """The tokens of a text, ending with three of kind ``eof``. Never raises."""
    tokens = Tokens()
    kinds, starts, ends = tokens.kinds, tokens.starts, tokens.ends
    add_kind, add_start, add_end = kinds.append, starts.append, ends.append
    keyword = {word: word for word in keywords}.get
    opened = tokens.unclosed
    templates: list[tuple[int, str]] = []
    closes, marked = tokens.closes, tokens.marked
    size = len(text)
    position = 1 if text[:1] == "\ufeff" else 0
    depth = 0
    while position < size:
        resume = size
        for match in _TOKEN.finditer(text, position):
            group = match.lastindex
            if group == _NAME:
                kind = keyword(match[_NAME], "name")
            elif group == _SIGN:
                kind = match[_SIGN]
            elif group == _STRING:
                kind = "string"
            elif group == _OPEN:
                kind = match[_OPEN]
                opened.append(len(kinds))
                if len(opened) > depth:
                    depth = len(opened)
                    if depth > MAX_DEPTH:
                        tokens.problems[len(kinds)] = TOO_DEEP
                        kind = "illegal"
            elif group == _CLOSE:
                kind = match[_CLOSE]
                if templates and len(opened) == templates[-1][0]:
                    resume = match.start(_CLOSE)
                    break
                if opened:
                    closes[opened.pop()] = len(kinds)
            elif group == _MARK:
                kind = match[_MARK]
                if opened:
                    marked.add(opened[-1])
            elif group == _NUMBER:
                kind = "number"
            elif group == _COMMENT:
                start, end = match.span(_COMMENT)
                if end < size and text[end] != "\n":
                    resume = start
                    break
                tokens.comments.append((start, end))
                continue
            elif group == _RAW:
                kind = "raw"
            else:
                resume = size if group is None else match.start(_OTHER)
                break
            start, end = match.span(group)
            add_kind(kind)
            add_start(start)
            add_end(end)
        position = resume
        if position < size:
            position = _rare(text, position, tokens, templates)
    tokens.depth = depth
    for _ in range(3):
        add_kind("eof")
        add_start(size)
        add_end(size)
    return tokens


def _rare(text: str, at: int, tokens: Tokens, templates: list[tuple[int, str]]) -> int:
    """Template strings, and what is illegal; gives the offset to go on at."""
    sign = text[at]
    if sign == "$" and text[at + 1 : at + 2] in _TEMPLATE_TEXT:
        if len(templates) == MAX_DEPTH // 2:
            tokens.problems[len(tokens.kinds)] = TOO_DEEP
            _add(tokens, "illegal", at, at + 2)
            return len(text)
        templates.append((len(tokens.unclosed), text[at + 1]))
        _add(tokens, "template", at, at + 2)
        return _template_text(text, at + 2, tokens, templates)
    if templates and sign in ")]}" and len(tokens.unclosed) == templates[-1][0]:
        if sign == "}":
            _add(tokens, "template}", at, at + 1)
            return _template_text(text, at + 1, tokens, templates)
        templates.pop()
        _add(tokens, sign, at, at + 1)
        return at + 1
    message, start, end = illegal.explain(text, at)
    if illegal.is_bad(sign):
        # OPA looks one character ahead, and so blames the token before. White space is one too.
        previous = len(tokens.kinds) - 1
        if previous >= 0 and tokens.ends[previous] == at:
            tokens.kinds[previous] = "illegal"
            tokens.problems.setdefault(previous, message)
            return end
    tokens.problems[len(tokens.kinds)] = message
    _add(tokens, "illegal", start, end)
    return end


def _template_text(text: str, at: int, tokens: Tokens, templates: list[tuple[int, str]]) -> int:
    """The text of a template string up to its end or the next expression."""
    quote = templates[-1][1]
    match = _TEMPLATE_TEXT[quote].match(text, at)
    end = match.end() if match else at
    following = text[end : end + 1]
    if following in ("{", quote) and following:
        if end > at:
            _add(tokens, "template text", at, end)
        if following == quote:
            templates.pop()
        _add(tokens, "template{" if following == "{" else "template end", end, end + 1)
        return end + 1
    templates.pop()
    message, end = illegal.explain_template(text, end, quote)
    if tokens.kinds[-1] == "template" and tokens.ends[-1] == at:
        at = tokens.starts.pop()
        tokens.kinds.pop()
        tokens.ends.pop()
    tokens.problems[len(tokens.kinds)] = message
    _add(tokens, "illegal", at, end)
    return end


def _add(tokens: Tokens, kind: str, start: int, end: int) -> None:
    tokens.kinds.append(kind)
    tokens.starts.append(start)
    tokens.ends.append(end)
