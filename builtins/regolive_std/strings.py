"""Strings. Offsets and lengths count characters (Unicode code points), as in OPA."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from regolive import BuiltinContext, BuiltinError, Number, RegoSet
from regolive.errors import BuiltinTypeError
from regolive.values import bigfloat, format_number, sorted_values, to_big
from regolive_std import text
from regolive_std._declare import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    STRING,
    array,
    object_of,
    one_of,
    set_of,
    std,
    unchecked,
    wrong_element,
    wrong_type,
)
from regolive_std.kept import kept_by_texts

_STRINGS = unchecked(one_of(array(STRING), set_of(STRING)))
_ONE_OR_MORE = unchecked(one_of(STRING, array(STRING), set_of(STRING)))


@std("concat", args=[STRING, _STRINGS], result=STRING, result_name="output")
def concat(delimiter: str, collection: Any) -> str:
    """The strings of an array or set (in order) joined by a delimiter.

    Example:
        >>> concat(", ", ["b", "a"])
        "b, a"
        >>> concat("/", {"b", "a"})
        "a/b"
    """
    if collection.__class__ is list:
        strings = collection
    elif collection.__class__ is RegoSet:
        strings = sorted_values(collection)
    else:
        raise wrong_type(2, collection, "set", "array")
    try:
        return delimiter.join(strings)
    except TypeError:
        wrong = next(s for s in strings if s.__class__ is not str)
        raise wrong_element(2, collection, wrong, "string") from None


@std("contains", result_name="result")
def contains(haystack: str, needle: str) -> bool:
    """Whether a string contains another.

    Example:
        >>> contains("haystack", "st")
        true
        >>> contains("haystack", "needle")
        false
    """
    return needle in haystack


@std("startswith", result_name="result")
def startswith(search: str, base: str) -> bool:
    """Whether a string begins with another.

    Example:
        >>> startswith("haystack", "hay")
        true
    """
    return search.startswith(base)


@std("endswith", result_name="result")
def endswith(search: str, base: str) -> bool:
    """Whether a string ends with another.

    Example:
        >>> endswith("haystack", "hay")
        false
    """
    return search.endswith(base)


@std("lower", result_name="y")
def lower(x: str) -> str:
    """The string in lower case.

    Example:
        >>> lower("ÀbC")
        "àbc"
    """
    return text.lower(x)


@std("upper", result_name="y")
def upper(x: str) -> str:
    """The string in upper case.

    Example:
        >>> upper("àBc")
        "ÀBC"
    """
    return text.upper(x)


@std("split", result=array(STRING), result_name="ys")
def split(x: str, delimiter: str) -> list[str]:
    """The parts of a string between the occurrences of a delimiter; all characters for none.

    Example:
        >>> split("a.b.c", ".")
        ["a", "b", "c"]
        >>> split("abc", "")
        ["a", "b", "c"]
    """
    return x.split(delimiter) if delimiter else list(x)


@std("strings.split_n", args=[STRING, STRING, INTEGER], result=array(STRING))
def split_n(x: str, delimiter: str, n: int) -> list[str]:
    """The first ``n`` parts of a string split on a delimiter, or the last ``-n``.

    Example:
        >>> strings.split_n("a.b.c", ".", 2)
        ["a", "b"]
    """
    parts = x.split(delimiter) if delimiter else list(x)
    return parts[:n] if n >= 0 else parts[n:]


@std("replace", result_name="y")
def replace(x: str, old: str, new: str) -> str:
    """The string with every occurrence of one string replaced by another.

    Example:
        >>> replace("a.b.c", ".", "/")
        "a/b/c"
    """
    if not old and not x.isascii():
        # Go puts the new one between bytes.
        return text.from_bytes(text.to_bytes(x).replace(b"", text.to_bytes(new)))
    return x.replace(old, new)


@std(
    "strings.replace_n",
    args=[object_of(STRING, STRING), STRING],
    result=STRING,
    result_name="output",
)
def replace_n(ctx: BuiltinContext, patterns: Any, value: str) -> str:
    """The string with several strings replaced at once; the smallest pattern wins at a place.

    Example:
        >>> strings.replace_n({"<": "&lt;", ">": "&gt;"}, "<b>")
        "&lt;b&gt;"
    """
    for key, new in patterns.items():
        if key.__class__ is not str:
            raise BuiltinTypeError("operand 1 non-string key found in pattern object")
        if new.__class__ is not str:
            raise BuiltinTypeError("operand 1 non-string value found in pattern object")
    if not patterns:
        return value
    expression = _any_of(*sorted(patterns))
    if "" in patterns and not value.isascii():
        # Go finds the empty pattern between bytes.
        data = text.to_bytes(expression.pattern)
        new = {text.to_bytes(k): text.to_bytes(v) for k, v in patterns.items()}
        return text.from_bytes(re.sub(data, lambda m: new[m[0]], text.to_bytes(value)))
    size = sum(map(len, patterns))
    if "" in patterns or size * len(value) <= _AT_ONCE:
        return expression.sub(lambda found: patterns[found[0]], value)
    return "".join(_replaced(ctx, expression, patterns, value, _AT_ONCE // size + 1))


# At worst a place is compared with each pattern to its end; so many characters take milliseconds,
# in which nothing else runs.
_AT_ONCE = 2_000_000


def _replaced(
    ctx: BuiltinContext, expression: re.Pattern[str], patterns: Any, value: str, step: int
) -> Iterator[str]:
    """The parts of the result; the query may end after every ``step`` places."""
    begins = re.compile("[" + re.escape("".join({key[0] for key in patterns})) + "]")
    done = 0
    for number, place in enumerate(begins.finditer(value)):
        if not number % step:
            ctx.check()
        at = place.start()
        if at >= done and (found := expression.match(value, at)) is not None:
            yield value[done:at]
            yield patterns[found[0]]
            done = found.end()
    yield value[done:]


@kept_by_texts(128)
def _any_of(*patterns: str) -> re.Pattern[str]:
    # Alternatives are tried from left to right: the order of patterns is their priority.
    return re.compile("|".join(map(re.escape, patterns)))


@std("trim", result_name="output")
def trim(value: str, cutset: str) -> str:
    """The string without the characters of a set at its ends.

    Example:
        >>> trim("--a-b--", "-")
        "a-b"
    """
    return value.strip(text.cutset(cutset))


@std("trim_left", result_name="output")
def trim_left(value: str, cutset: str) -> str:
    """The string without the characters of a set at its beginning.

    Example:
        >>> trim_left("--a-b--", "-")
        "a-b--"
    """
    return value.lstrip(text.cutset(cutset))


@std("trim_right", result_name="output")
def trim_right(value: str, cutset: str) -> str:
    """The string without the characters of a set at its end.

    Example:
        >>> trim_right("--a-b--", "-")
        "--a-b"
    """
    return value.rstrip(text.cutset(cutset))


@std("trim_prefix", result_name="output")
def trim_prefix(value: str, prefix: str) -> str:
    """The string without a prefix, if it has it.

    Example:
        >>> trim_prefix("foobar", "foo")
        "bar"
    """
    return value.removeprefix(prefix)


@std("trim_suffix", result_name="output")
def trim_suffix(value: str, suffix: str) -> str:
    """The string without a suffix, if it has it.

    Example:
        >>> trim_suffix("foobar", "bar")
        "foo"
    """
    return value.removesuffix(suffix)


@std("trim_space", result_name="output")
def trim_space(value: str) -> str:
    """The string without white space at its ends.

    Example:
        >>> trim_space("  a b\\n")
        "a b"
    """
    return value.strip(text.SPACES)


@std("indexof", result=NUMBER, result_name="output")
def indexof(haystack: str, needle: str) -> int:
    """Where a string first occurs in another, counted from 0; -1 if it does not.

    Example:
        >>> indexof("haystack", "st")
        3
        >>> indexof("haystack", "needle")
        -1
        >>> indexof("abc", "")
        error: eval_builtin_error: indexof: empty search character
    """
    if not needle:
        raise BuiltinError("empty search character")
    return text.runes(haystack).find(text.runes(needle))


@std("indexof_n", result=array(NUMBER), result_name="output")
def indexof_n(haystack: str, needle: str) -> list[int]:
    """Everywhere that a string occurs in another, overlapping occurrences too.

    Example:
        >>> indexof_n("banana", "an")
        [1, 3]
        >>> indexof_n("banana", "x")
        []
    """
    if not needle:
        raise BuiltinError("empty search character")
    haystack, needle = text.runes(haystack), text.runes(needle)
    out = []
    at = haystack.find(needle)
    while at >= 0:
        out.append(at)
        at = haystack.find(needle, at + 1)
    return out


@std("substring", args=[STRING, INTEGER, INTEGER], result=STRING, result_name="output")
def substring(value: str, offset: int, length: int) -> str:
    """A part of a string, from an offset and of a length; to the end if that is negative.

    Example:
        >>> substring("haystack", 3, 2)
        "st"
        >>> substring("haystack", 3, -1)
        "stack"
        >>> substring("abc", 9, 1)
        ""
        >>> substring("abc", -1, 1)
        error: eval_builtin_error: substring: negative offset
    """
    if offset < 0:
        raise BuiltinError("negative offset")
    if offset == 0 and length >= len(value):
        return value
    return text.runes(value[offset:] if length < 0 else value[offset : offset + length])


_FORMATS = {2: "b", 8: "o", 10: "d", 16: "x"}


@std("format_int", args=[NUMBER, NUMBER], result=STRING, result_name="output")
def format_int(number: Number, base: Number) -> str:
    """An integer written in base 2, 8, 10 or 16; what is behind the point is cut off.

    Example:
        >>> format_int(255, 16)
        "ff"
        >>> format_int(-5.7, 2)
        "-101"
        >>> format_int(1, 3)
        error: eval_type_error: format_int: operand 2 must be one of {2, 8, 10, 16}
    """
    if base.__class__ is not int or base not in _FORMATS:
        raise BuiltinTypeError("operand 2 must be one of {2, 8, 10, 16}")
    whole = number if number.__class__ is int else bigfloat.whole_part(to_big(number))[0]
    return format_number(whole) if base == 10 else format(whole, _FORMATS[base])


@std("strings.count", result=NUMBER, result_name="output")
def strings_count(search: str, substring: str) -> int:
    """How often a string occurs in another, not counting overlapping occurrences.

    Example:
        >>> strings.count("banana", "an")
        2
        >>> strings.count("aaa", "")
        4
    """
    return search.count(substring)


@std("strings.reverse", result_name="y")
def strings_reverse(x: str) -> str:
    """The characters of a string in the opposite order.

    Example:
        >>> strings.reverse("abc")
        "cba"
    """
    return text.runes(x)[::-1]


def _in_order(collection: Any) -> Any:
    return collection if collection.__class__ is list else sorted_values(collection)


def _strings(operand: int, value: Any) -> tuple[str, ...]:
    if value.__class__ is str:
        return (value,)
    if value.__class__ is list:
        items: Any = value
    elif value.__class__ is RegoSet:
        items = value.keys
    else:
        raise wrong_type(operand, value, "string", "set", "array")
    if not set(map(type, items)) <= {str}:
        wrong = next(s for s in _in_order(value) if s.__class__ is not str)
        raise wrong_element(operand, value, wrong, "string")
    return tuple(items)


@std(
    "strings.any_prefix_match",
    args=[_ONE_OR_MORE, _ONE_OR_MORE],
    result=BOOLEAN,
    result_name="result",
)
def any_prefix_match(ctx: BuiltinContext, search: Any, base: Any) -> bool:
    """Whether any of some strings begins with any of some prefixes.

    Example:
        >>> strings.any_prefix_match(["a/1", "b/2"], {"b/", "c/"})
        true
        >>> strings.any_prefix_match("a/1", "b/")
        false
    """
    strings, prefixes = _strings(1, search), _strings(2, base)
    for at, one in enumerate(strings):
        if one.startswith(prefixes):
            return True
        if at & 1023 == 0:
            ctx.check()
    return False


@std(
    "strings.any_suffix_match",
    args=[_ONE_OR_MORE, _ONE_OR_MORE],
    result=BOOLEAN,
    result_name="result",
)
def any_suffix_match(ctx: BuiltinContext, search: Any, base: Any) -> bool:
    """Whether any of some strings ends with any of some suffixes.

    Example:
        >>> strings.any_suffix_match("file.json", [".yaml", ".json"])
        true
    """
    strings, suffixes = _strings(1, search), _strings(2, base)
    for at, one in enumerate(strings):
        if one.endswith(suffixes):
            return True
        if at & 1023 == 0:
            ctx.check()
    return False
