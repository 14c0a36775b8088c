"""Changing policies as their grammar suggests: by tokens rather than by bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

_TOKEN = re.compile(
    r"""\$?"(?:[^"\\\n]|\\.)*"? | \$?`[^`]*`? | \#[^\n]* | [A-Za-z_]\w* | \d[\w.]*
    | :=|==|!=|<=|>= | [ \t]+ | \n | .""",
    re.VERBOSE | re.DOTALL,
)

WORDS = (
    "package", "import", "default", "else", "if", "contains", "some", "every", "in", "not", "with",
    "as", "null", "true", "false", "and", "or", "data", "input", "future.keywords", "rego.v1",
    "set()", "x", "_", "f(x)", "p", "[", "]", "{", "}", "(", ")", "|", "&", "+", "-", "*", "/", "%",
    ":=", "=", "==", "!=", "<", "<=", ">", ">=", ":", ";", ",", ".", "\n", " ", "\t", "#", "\"",
    "`", "$\"{x}\"", "$`{x}`", "\\", "'", "0", "1.5e3", "-1", "\"a\"", "`a`", "{}", "[]",
    "# METADATA\n",
    "# scope: rule\n", "\r", "\r\n", "\0", "\ufeff", "é", "😀", "\u2028", "0x", "1e", "1.", "$\"",
    "$`", "{x | x := 1}", "[x | x]", "{x: 1 | x}", "input[_]", "data.x[y]", "print(x)", "count(",
)  # fmt: skip
"""What may be put anywhere."""


def tokens_of(text: str) -> list[str]:
    """A text in pieces: words, numbers, strings, comments, operators, blanks. Joined: the text."""
    return _TOKEN.findall(text)


def mutate(text: str, random: Random, others: Sequence[str], changes: int = 0) -> str:
    """A text with some changes (a few, if their number is 0); ``others`` are texts to take from."""
    tokens = tokens_of(text)
    for _ in range(changes or random.choice((1, 1, 1, 2, 2, 3, 5))):
        if not tokens:
            tokens = tokens_of(others[random.randrange(len(others))]) if others else ["package"]
        _CHANGES[random.randrange(len(_CHANGES))](tokens, random, others)
    return "".join(tokens)


Change = Callable[[list[str], Random, Sequence[str]], None]


def _delete(tokens: list[str], random: Random, others: Sequence[str]) -> None:
    del tokens[random.randrange(len(tokens))]


def _delete_span(tokens: list[str], random: Random, others: Sequence[str]) -> None:
    at = random.randrange(len(tokens))
    del tokens[at : at + random.randrange(1, 12)]


def _duplicate(tokens: list[str], random: Random, others: Sequence[str]) -> None:
    at = random.randrange(len(tokens))
    tokens.insert(at, tokens[at])


def _duplicate_span(tokens: list[str], random: Random, others: Sequence[str]) -> None:
    at = random.randrange(len(tokens))
    span = tokens[at : at + random.randrange(1, 20)]
    to = random.randrange(len(tokens))
    tokens[to:to] = span


def _swap(tokens: list[str], random: Random, others: Sequence[str]) -> None:
    a, b = random.randrange(len(tokens)), random.randrange(len(tokens))
    tokens[a], tokens[b] = tokens[b], tokens[a]


def _truncate(tokens: list[str], random: Random, others: Sequence[str]) -> None:
    at = random.randrange(len(tokens))
    if random.randrange(2):
        # In the middle of a token, too.
        tokens[at] = tokens[at][: random.randrange(len(tokens[at]) + 1)]
        at += 1
    del tokens[at:]


def _insert(tokens: list[str], random: Random, others: Sequence[str]) -> None:
    tokens.insert(random.randrange(len(tokens) + 1), WORDS[random.randrange(len(WORDS))])


def _replace(tokens: list[str], random: Random, others: Sequence[str]) -> None:
    tokens[random.randrange(len(tokens))] = WORDS[random.randrange(len(WORDS))]


def _take(tokens: list[str], random: Random, others: Sequence[str]) -> None:
    if others:
        from_ = tokens_of(others[random.randrange(len(others))])
        at = random.randrange(len(from_) or 1)
        to = random.randrange(len(tokens) + 1)
        end = to + random.randrange(3) * random.randrange(8)
        tokens[to:end] = from_[at : at + random.randrange(1, 25)]


def _change_letter(tokens: list[str], random: Random, others: Sequence[str]) -> None:
    at = random.randrange(len(tokens))
    token = tokens[at]
    where = random.randrange(len(token) + 1)
    letter = chr(
        random.choice((random.randrange(1, 128), random.randrange(1, 128), 0xE9, 0x10FFFF))
    )
    tokens[at] = token[:where] + letter + token[where + random.randrange(2) :]


def _wrap(tokens: list[str], random: Random, others: Sequence[str]) -> None:
    at = random.randrange(len(tokens))
    depth = random.choice((1, 1, 2, 5, 40))
    begin, end = random.choice((("(", ")"), ("[", "]"), ("{", "}"), ("[x | ", "]"), ("f(", ")")))
    tokens[at] = begin * depth + tokens[at] + end * depth


_CHANGES: tuple[Change, ...] = (
    _delete, _delete_span, _duplicate, _duplicate_span, _swap, _truncate, _insert, _insert,
    _replace, _replace, _take, _take, _change_letter, _wrap,
)  # fmt: skip
