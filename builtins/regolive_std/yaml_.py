"""YAML, read and written as sigs.k8s.io/yaml does it: YAML 1.1 as Go's yaml.v2 knows it.

PyYAML parses and emits; what a plain scalar stands for, and when a string needs quotes, is
decided here.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cmp_to_key
from typing import Any

import yaml

from regolive import BuiltinContext, BuiltinError, RegoSet
from regolive.values import (
    dumps,
    format_number,
    obj_items,
    sorted_items,
    sorted_values,
    to_key,
)
from regolive_std._declare import ANY, BOOLEAN, STRING, std, unchecked
from regolive_std.encoding import base64_decode
from regolive_std.sprintf import general
from regolive_std.text import go_quote, runes, to_bytes

_BOOLS = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE"), True),
    **dict.fromkeys(("on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE"), False),
    **dict.fromkeys(("off", "Off", "OFF"), False),
}
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_SPECIAL_FLOATS = {
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_INTEGER = re.compile(
    r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))\Z"
)
_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
    r"(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]*)?"
    r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::?[0-9]{2})?))?)?\Z"
)
# A number in base 60, as YAML 1.1 had them: yaml.v2 reads them as strings and quotes them.
_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?\Z")

_PLAIN = "tag:plain"  # a scalar without quotes and without a tag
_NOTHING: Any = object()


class _Loader(getattr(yaml, "CBaseLoader", yaml.BaseLoader)):  # type: ignore[misc]
    """Composes nodes; which scalars are plain is all it says of their types."""

    def __init__(self, ctx: BuiltinContext, text: str) -> None:
        super().__init__(text)
        self._ctx = ctx
        self._nodes = 0

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        self._nodes += 1
        if self._nodes & 1023 == 0:
            self._ctx.check()
        if kind is yaml.ScalarNode and implicit[0]:
            return _PLAIN
        return super().resolve(kind, value, implicit)


def _plain(text: str) -> Any:
    """What a plain scalar stands for."""
    if text in _BOOLS:
        return _BOOLS[text]
    if text in _NULLS:
        return None
    if text in _SPECIAL_FLOATS:
        return _SPECIAL_FLOATS[text]
    if text[0] not in "+-.0123456789":
        return text
    if _TIMESTAMP.match(text):
        return text
    digits = text.replace("_", "")
    found = _INTEGER.match(digits)
    if found and text[0] != ".":
        sign, hexadecimal, binary, octal, decimal = found.groups()
        for base, part in ((16, hexadecimal), (2, binary), (8, octal), (10, decimal)):
            if part is not None and len(part) < 400:
                number = int(part, base)
                number = -number if sign == "-" else number
                return number if -(1 << 63) <= number < 1 << 64 else float(number)
    if _FLOAT.match(digits) and math.isfinite(float(digits)):
        return float(digits)
    return text


class _Builder:
    """Makes a value of nodes, expanding aliases, within bounds on what they multiply.

    Keys of objects stay what they are; :func:`_converted` makes them strings.
    """

    def __init__(self, ctx: BuiltinContext, source: str) -> None:
        self.ctx = ctx
        self.source = source
        self.open: set[int] = set()
        self.seen: set[int] = set()
        self.nodes = self.repeated = 0
        self.inside_alias = 0

    def value(self, node: Any) -> Any:
        """The value of a node."""
        self.nodes += 1
        alias = id(node) in self.seen and not isinstance(node, yaml.ScalarNode)
        if id(node) in self.open:
            name = _ANCHOR.match(self.source, node.start_mark.index)
            shown = f"'{name[1]}' " if name else ""
            raise BuiltinError(f"yaml: anchor {shown}value contains itself")
        self.inside_alias += alias
        if self.inside_alias:
            self.repeated += 1
        if self.nodes & 1023 == 0:
            self.ctx.check()
            # yaml.v2's bound on documents that are mostly repetition of themselves.
            if self.repeated > 100 and self.repeated / self.nodes > _allowed(self.nodes):
                raise BuiltinError("yaml: document contains excessive aliasing")
        self.open.add(id(node))
        self.seen.add(id(node))
        try:
            if isinstance(node, yaml.ScalarNode):
                return _scalar(node)
            if isinstance(node, yaml.SequenceNode):
                return [self.value(n) for n in node.value]
            return self.mapping(node)
        finally:
            self.open.discard(id(node))
            self.inside_alias -= alias

    def mapping(self, node: Any) -> dict[Any, Any]:
        out: dict[Any, Any] = {}
        merged: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _PLAIN and key_node.value == "<<":
                self.merge(merged, value_node)
                continue
            key = self.value(key_node)
            if isinstance(key, list | dict):
                raise BuiltinError(f"yaml: invalid map key: {_go_syntax(key)}")
            out[to_key(key)] = self.value(value_node)
        return {**merged, **out}

    def merge(self, into: dict[Any, Any], node: Any) -> None:
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        for source in reversed(sources):
            if not isinstance(source, yaml.MappingNode):
                raise BuiltinError("yaml: map merge requires map or sequence of maps as the value")
            into.update(self.mapping(source))


def _allowed(nodes: int) -> float:
    if nodes <= 400_000:
        return 0.99
    if nodes >= 4_000_000:
        return 0.10
    return 0.99 - 0.89 * (nodes - 400_000) / 3_600_000


def _scalar(node: Any) -> Any:
    text = node.value
    tag = node.tag
    if tag == _PLAIN:
        value = _plain(text)
    elif tag == "tag:yaml.org,2002:binary":
        try:
            value = base64_decode(text)
        except BuiltinError:
            raise BuiltinError("yaml: !!binary value contains invalid base64 data") from None
    elif tag in _TYPED:
        value = _plain(text)
        if value.__class__ is int and tag.endswith("float"):
            value = float(value)
        if value.__class__ not in _TYPED[tag]:
            short = tag.replace("tag:yaml.org,2002:", "!!")
            raise BuiltinError(f"yaml: cannot decode !!str `{text}` as a {short}")
    else:
        value = text
    return value


_GO_FLOATS = {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}
_TYPED: dict[str, tuple[type, ...]] = {
    "tag:yaml.org,2002:int": (int,),
    "tag:yaml.org,2002:float": (float,),
    "tag:yaml.org,2002:bool": (bool,),
    "tag:yaml.org,2002:null": (type(None),),
}


# The order in which Go shows keys of different types.
_KINDS: dict[type, int] = {str: 1, int: 2, float: 3, bool: 4}


def _go_syntax(value: Any, *, top: bool = True) -> str:
    """A value as Go's ``%#v`` shows it."""
    if value is None:
        return "<nil>" if top else "interface {}(nil)"
    if value.__class__ is str:
        return go_quote(value)
    if value.__class__ is float:
        return _GO_FLOATS.get(str(value)) or general(value)
    if value.__class__ is list:
        items = (_go_syntax(v, top=False) for v in value)
        return "[]interface {}{" + ", ".join(items) + "}"
    if value.__class__ is dict:
        in_order = sorted(sorted_items(value), key=lambda item: _KINDS.get(type(item[0]), 0))
        pairs = (f"{_go_syntax(k, top=False)}:{_go_syntax(v, top=False)}" for k, v in in_order)
        return "map[interface {}]interface {}{" + ", ".join(pairs) + "}"
    return hex(value) if value.__class__ is int and value >= 1 << 63 else dumps(value)


def _key(key: Any, value: Any) -> str:
    """A key as JSON has it."""
    if key.__class__ is str:
        return key
    if key.__class__ is bool:
        return "true" if key else "false"
    if key.__class__ is int:
        return str(key)
    if key.__class__ is float:
        return _GO_FLOATS.get(str(key)) or general(key)
    raise BuiltinError(
        f"unsupported map key of type: %!s(<nil>), key: <nil>, value: {_go_syntax(value)}"
    )


def _converted(value: Any) -> Any:
    """What is read from YAML as JSON."""
    cls = value.__class__
    if cls is list:
        return [_converted(v) for v in value]
    if cls is dict:
        return {_key(k, v): _converted(v) for k, v in obj_items(value)}
    if cls is float:
        if not math.isfinite(value):
            raise BuiltinError(f"json: unsupported value: {_GO_FLOATS[str(value)]}")
        if value.is_integer() and abs(value) < 1e21:
            return int(Decimal(repr(value)))  # Go writes the digits that tell it apart
    return value


def _line(error: yaml.MarkedYAMLError) -> str:
    """The line that Go names: counted from 1 by its scanner, from 0 by its parser, never 0."""
    for mark in (error.problem_mark, error.context_mark):
        if mark is not None and mark.line:
            return f"line {mark.line + isinstance(error, yaml.scanner.ScannerError)}: "
    return ""


_ALIAS = re.compile(r"\*([0-9A-Za-z_-]+)")
_ANCHOR = re.compile(r"&([0-9A-Za-z_-]+)")
_VERSION = re.compile(r"^%YAML\s+(?!1\.1\s)\d+\.\d+", re.MULTILINE)
_CONTROL_TEXT = "control characters are not allowed"
# OPA writes JSON first and reads that as YAML, which refuses these...
_CONTROL = re.compile("[\x7f-\x84\x86-\x9f\ufffe\uffff]")
# ... and takes this for the end of a line, to be folded.
_NEXT_LINE = re.compile("[ \t]*\x85[ \t\x85]*")


# What Go's reader says where Python's decoder says this.
_NO_UTF8 = {
    "invalid start byte": "invalid leading UTF-8 octet",
    "invalid continuation byte": "invalid trailing UTF-8 octet",
    "unexpected end of data": "incomplete UTF-8 octet sequence",
}


def _checked_utf8(text: str) -> str:
    """The text as Go reads it, with U+FFFD for a lone surrogate; an error if it is no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        pass
    else:
        return text
    try:
        return to_bytes(text).decode()
    except UnicodeDecodeError as error:
        raise BuiltinError(f"yaml: {_NO_UTF8.get(error.reason, error.reason)}") from None


def _load(ctx: BuiltinContext, text: str) -> Any:
    text = _checked_utf8(text)
    try:
        loader = _Loader(ctx, text)
        try:
            node = loader.get_node() if loader.check_node() else None
        finally:
            loader.dispose()
        if text.startswith("%") and _VERSION.match(text):
            raise BuiltinError("yaml: found incompatible YAML document")
        return None if node is None else _converted(_Builder(ctx, text).value(node))
    except yaml.MarkedYAMLError as error:
        if isinstance(error, yaml.composer.ComposerError) and error.problem_mark is not None:
            name = _ALIAS.match(text, error.problem_mark.index)
            if name:
                raise BuiltinError(f"yaml: unknown anchor '{name[1]}' referenced") from None
        raise BuiltinError(f"yaml: {_line(error)}{error.problem or error.context}") from None
    except yaml.YAMLError:
        raise BuiltinError(f"yaml: {_CONTROL_TEXT}") from None
    except RecursionError:
        raise BuiltinError("yaml: exceeded max depth") from None


@std("yaml.unmarshal", result=ANY, result_name="y")
def yaml_unmarshal(ctx: BuiltinContext, x: str) -> Any:
    """The value that a YAML document stands for (the first, if there are several).

    Example:
        >>> yaml.unmarshal("a: [1, yes, x]")
        {"a": [1, true, "x"]}
        >>> yaml.unmarshal("a: [")
        error: eval_builtin_error: yaml.unmarshal: yaml: line 1: did not find expected node content
    """
    return _load(ctx, x)


@std("yaml.is_valid", args=[unchecked(STRING)], result=BOOLEAN, result_name="result")
def yaml_is_valid(ctx: BuiltinContext, x: Any) -> bool:
    """Whether a value is a string with a YAML document.

    Example:
        >>> yaml.is_valid("a: 1")
        true
        >>> yaml.is_valid("a: [")
        false
    """
    if x.__class__ is not str:
        return False
    try:
        _load(ctx, x)
    except BuiltinError:
        return False
    return True


# What double quotes hold as an escape only.
_ESCAPED = re.compile('[\x00-\x1f"\\\\\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|[^\x00-\uffff]')
_BREAKS = frozenset("\n\x85\u2028\u2029")


class _Emitter(yaml.emitter.Emitter):
    """PyYAML's emitter with libyaml's choices where the two differ."""

    @property
    def open_ended(self) -> bool:
        """Whether the document must be closed with dots: never."""
        return False

    @open_ended.setter
    def open_ended(self, value: bool) -> None:
        pass

    def check_empty_document(self) -> bool:
        """Whether to begin with dashes for the sake of an empty value: never."""
        return False

    def check_simple_key(self) -> bool:
        if not isinstance(self.event, yaml.ScalarEvent):
            return bool(super().check_simple_key())
        if self.analysis is None:
            self.analysis = self.analyze_scalar(self.event.value)
        return not self.analysis.multiline and len(to_bytes(self.event.value)) <= 128

    def choose_scalar_style(self) -> str:
        style: str = super().choose_scalar_style()
        if getattr(self.event, "style", None) == "|" and style == "'":
            return '"'  # a literal that cannot be one
        return style

    def write_single_quoted(self, text: str, split: bool = True) -> None:
        """As libyaml did it in yaml.v2's time: no indentation behind a break at the end."""
        self.write_indicator("'", True)
        spaces = breaks = False
        for at, char in enumerate(text):
            if char == " ":
                inside = 0 < at < len(text) - 1 and text[at + 1] != " "
                if split and not spaces and inside and self.column > self.best_width:
                    self.write_indent()
                else:
                    self._put(char)
                spaces = True
            elif char in _BREAKS:
                if not breaks and char == "\n":
                    self.write_line_break()
                self.write_line_break(None if char == "\n" else char)
                breaks = True
            else:
                if breaks:
                    self.write_indent()
                self._put("''" if char == "'" else char)
                spaces = breaks = False
        self.write_indicator("'", False)

    def write_double_quoted(self, text: str, split: bool = True) -> None:
        """Folded at spaces only, as libyaml does it.

        yaml.v2 takes every character for a byte order mark where the first one is.
        """
        self.write_indicator('"', True)
        marked = text.startswith("\ufeff")
        spaces = False
        for at, char in enumerate(text):
            if marked or _ESCAPED.match(char):
                self._put(self._escape(char))
                spaces = False
            elif char == " ":
                fold = split and not spaces and 0 < at < len(text) - 1
                if fold and self.column > self.best_width:
                    self.write_indent()
                    if text[at + 1] == " ":
                        self._put("\\")
                else:
                    self._put(char)
                spaces = True
            else:
                self._put(char)
                spaces = False
        self.write_indicator('"', False)

    def _escape(self, char: str) -> str:
        short = self.ESCAPE_REPLACEMENTS.get(char)
        if short:
            return "\\" + str(short)
        code = ord(char)
        if code < 1 << 8:
            return f"\\x{code:02X}"
        return f"\\u{code:04X}" if code < 1 << 16 else f"\\U{code:08X}"

    def _put(self, text: str) -> None:
        self.column += len(text)
        self.stream.write(text)
        self.whitespace = self.indention = False

    def analyze_scalar(self, scalar: str) -> Any:
        analysis = super().analyze_scalar(scalar)
        analysis.multiline = analysis.multiline or "\r" in scalar
        if any(c == "\t" or c > "\uffff" for c in scalar) or "\ufeff" in scalar:
            # libyaml counts these among what only double quotes can hold.
            analysis.allow_flow_plain = analysis.allow_block_plain = False
            analysis.allow_single_quoted = analysis.allow_block = False
        return analysis


def _key_event(text: str) -> yaml.ScalarEvent:
    # In the JSON that OPA writes first, a key on two lines is no key.
    if "\x85" in text:
        line = text.count("\x85")
        raise BuiltinError(f"yaml: line {line}: did not find expected ',' or '}}'")
    return _string_event(text)


def _folded(found: re.Match[str]) -> str:
    """What is left of some ends of lines in a row: all but one, or a space for just one."""
    return "\n" * (found[0].count("\x85") - 1) or " "


def _string_event(text: str) -> yaml.ScalarEvent:
    style = None
    text = runes(text)
    if _CONTROL.search(text):
        raise BuiltinError(f"yaml: {_CONTROL_TEXT}")
    if "\x85" in text:
        text = _NEXT_LINE.sub(_folded, text)
    if "\n" in text:
        style = "|"
    elif _plain_differs(text):
        style = '"'
    return yaml.ScalarEvent(None, None, (True, True), text, style=style)


def _plain_differs(text: str) -> bool:
    """Whether a string without quotes would be read as something else."""
    return (
        _plain(text).__class__ is not str
        or bool(_TIMESTAMP.match(text))
        or bool(_BASE_60.match(text))
    )


def _events(value: Any) -> Iterator[Any]:
    cls = value.__class__
    if cls is dict:
        yield yaml.MappingStartEvent(None, None, True, flow_style=False)
        named = {k if k.__class__ is str else dumps(k): v for k, v in sorted_items(value)}
        for key in sorted(named, key=cmp_to_key(_compare_keys)):
            yield _key_event(key)
            yield from _events(named[key])
        yield yaml.MappingEndEvent()
    elif cls is list or cls is RegoSet:
        yield yaml.SequenceStartEvent(None, None, True, flow_style=False)
        for child in sorted_values(value) if cls is RegoSet else value:
            yield from _events(child)
        yield yaml.SequenceEndEvent()
    elif cls is str:
        yield _string_event(value)
    else:
        yield yaml.ScalarEvent(None, None, (True, True), _number_or_name(value))


_DIGITS = re.compile("[0-9]*")


def _int64(digits: str) -> int:
    """The number that digits spell in 64 bits, which wrap around."""
    number = 0
    for at in range(0, len(digits), 18):
        chunk = digits[at : at + 18]
        number = (number * 10 ** len(chunk) + int(chunk)) % (1 << 64)
    return number - (1 << 64) if number >= 1 << 63 else number


def _compare_keys(a: str, b: str) -> int:
    """How yaml.v2 orders keys: letters behind the rest, numbers inside them by value."""
    for at, (x, y) in enumerate(zip(a, b, strict=False)):
        if x == y:
            continue
        if x.isalpha() or y.isalpha():
            if x.isalpha() and y.isalpha():
                return -1 if x < y else 1
            return -1 if y.isalpha() else 1
        # A zero behind another digit is part of a number that began further left.
        lead = ""
        if "0" in (x, y) and a[:at].rstrip("0123456789") != a[:at].rstrip("0"):
            lead = "1"
        mine, theirs = (_DIGITS.match(text, at) for text in (a, b))
        first, second = (lead + (m[0] if m else "") for m in (mine, theirs))
        one, other = _int64(first), _int64(second)
        if one != other:
            return -1 if one < other else 1
        if len(first) != len(second):
            return -1 if len(first) < len(second) else 1
        return -1 if x < y else 1
    return len(a) - len(b)


def _number_or_name(value: Any) -> str:
    if value is None or value.__class__ is bool:
        return dumps(value)
    if value.__class__ is int and -(1 << 63) <= value < 1 << 64:
        return str(value)
    try:
        near = float(value)
    except OverflowError:
        return format_number(value)
    return general(near) if math.isfinite(near) else format_number(value)


@std("yaml.marshal", result_name="y")
def yaml_marshal(x: Any) -> str:
    """The value as a YAML document.

    Example:
        >>> yaml.marshal({"b": [1, true], "a": "x"})
        "a: x\\nb:\\n- 1\\n- true\\n"
    """
    out = io.StringIO()
    emitter = _Emitter(out, allow_unicode=True)
    emitter.emit(yaml.StreamStartEvent())
    emitter.emit(yaml.DocumentStartEvent(explicit=False))
    for event in _events(x):
        emitter.emit(event)
    emitter.emit(yaml.DocumentEndEvent(explicit=False))
    emitter.emit(yaml.StreamEndEvent())
    return out.getvalue()
