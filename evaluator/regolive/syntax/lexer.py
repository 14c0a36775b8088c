"""Text to tokens: one regular expression over the whole text, the result in parallel lists.

A token is an index into ``kinds``, ``starts`` and ``ends``. The kind of a keyword or a sign is its
text; other kinds are ``name``, ``number``, ``string``, ``raw``, the parts of a template string, and
``eof``. What is no token has the kind ``illegal``: the parser reports it when (and if) it gets there.
"""

from __future__ import annotations

import re

KEYWORDS = frozenset(
    {
        "as", "contains", "default", "else", "every", "false", "if", "import", "in", "not", "null",
        "package", "some", "true", "with",
    }
)  # fmt: skip

FUTURE_KEYWORDS = frozenset({"contains", "every", "if", "in"})
"""What v0 has as keywords only where they are imported."""

MAX_DEPTH = 200
"""How deep brackets, operators and calls may be nested.

OPA allows 100,000 levels. Nobody writes more than some twenty; the limit keeps every stage that
walks a tree by recursion far from the end of its stack.
"""

# Groups: names, numbers, strings, other signs, comments, opening and closing brackets, signs that
# tell what a bracket holds, raw strings, openings of template strings, whatever else.
_TOKEN = re.compile(
    r"""[ \t\r\n]*(?:
      ([A-Za-z_][A-Za-z0-9_]*)
    | ([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
    | ("(?:[^"\\\n]+|\\[^\n])*")
    | (:=|==|!=|<=|>=|[-+*/%&=<>.,;])
    | (\#[^\n]*)
    | ([\[({])
    | ([\])}])
    | ([|:])
    | (`[^`]*`)
    | (\$["`])
    | ([^ \t\r\n])
    )""",
    re.VERBOSE,
)

_NAME, _NUMBER, _STRING, _SIGN, _COMMENT, _OPEN, _CLOSE, _MARK, _RAW, _TEMPLATE, _OTHER = range(
    1, 12
)

_TEMPLATE_TEXT = {
    '"': re.compile(r'(?:[^"\\\n{]+|\\[^\n])*'),
    "`": re.compile(r"(?:[^`\\{]+|\\.)*", re.DOTALL),
}


class Tokens:
    """The tokens of a text.

    ``closes`` has the index of the closing bracket for that of the opening one; ``marked`` holds the
    opening brackets that have a ``|`` or ``:`` directly inside, which may be a comprehension or an
    object. ``problems`` has a message for illegal tokens. ``comments`` are (start, end).
    """

    __slots__ = ("closes", "comments", "ends", "kinds", "marked", "problems", "starts")

    def __init__(self) -> None:
        self.kinds: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.closes: dict[int, int] = {}
        self.marked: set[int] = set()
        self.problems: dict[int, str] = {}
        self.comments: list[tuple[int, int]] = []


def lex(text: str, keywords: frozenset[str] = KEYWORDS) -> Tokens:
    """The tokens of a text, ending with three of kind ``eof``. Never raises."""
    tokens = Tokens()
    kinds, starts, ends = tokens.kinds, tokens.starts, tokens.ends
    add_kind, add_start, add_end = kinds.append, starts.append, ends.append
    signs = {word: word for word in keywords}
    get_keyword = signs.get
    opened: list[int] = []
    templates: list[tuple[int, str]] = []  # for each template string we are in: depth, quote
    position = 0
    size = len(text)
    while position < size:
        resume = size
        for match in _TOKEN.finditer(text, position):
            group = match.lastindex or 0
            if group == _NAME:
                kind = get_keyword(match[1], "name")
            elif group == _SIGN:
                kind = match[4]
            elif group == _STRING:
                kind = "string"
            elif group == _OPEN:
                kind = match[6]
                opened.append(len(kinds))
                if len(opened) > MAX_DEPTH:
                    tokens.problems[len(kinds)] = "nested too deeply"
                    kind = "illegal"
            elif group == _CLOSE:
                kind = match[7]
                if templates and len(opened) == templates[-1][0]:
                    resume = match.start(7)
                    break
                if opened:
                    tokens.closes[opened.pop()] = len(kinds)
            elif group == _MARK:
                kind = match[8]
                if opened:
                    tokens.marked.add(opened[-1])
            elif group == _NUMBER:
                kind = "number"
            elif group == _COMMENT:
                tokens.comments.append(match.span(5))
                continue
            elif group == _RAW:
                kind = "raw"
            else:
                resume = match.start(group)
                break
            start, end = match.span(group)
            add_kind(kind)
            add_start(start)
            add_end(end)
        position = resume
        if position < size:
            position = _rare(text, position, tokens, opened, templates)
    for _ in range(3):
        add_kind("eof")
        add_start(size)
        add_end(size)
    return tokens


def _rare(
    text: str,
    at: int,
    tokens: Tokens,
    opened: list[int],
    templates: list[tuple[int, str]],
) -> int:
    """Template strings and illegal characters; gives the offset to go on at."""
    if text[at] == "$" and text[at + 1 : at + 2] in ('"', "`"):
        templates.append((len(opened), text[at + 1]))
        _add(tokens, "template", at, at + 2)
        return _template_text(text, at + 2, tokens, templates)
    if text[at] == "}":
        _add(tokens, "template}", at, at + 1)
        return _template_text(text, at + 1, tokens, templates)
    tokens.problems[len(tokens.kinds)] = "illegal token"
    _add(tokens, "illegal", at, at + 1)
    return at + 1


def _template_text(text: str, at: int, tokens: Tokens, templates: list[tuple[int, str]]) -> int:
    quote = templates[-1][1]
    match = _TEMPLATE_TEXT[quote].match(text, at)
    end = match.end() if match else at
    if end > at:
        _add(tokens, "template text", at, end)
    following = text[end : end + 1]
    if following == "{":
        _add(tokens, "template{", end, end + 1)
        return end + 1
    templates.pop()
    if following == quote:
        _add(tokens, "template end", end, end + 1)
        return end + 1
    tokens.problems[len(tokens.kinds)] = "non-terminated string"
    _add(tokens, "illegal", end, end)
    return end


def _add(tokens: Tokens, kind: str, start: int, end: int) -> None:
    tokens.kinds.append(kind)
    tokens.starts.append(start)
    tokens.ends.append(end)
