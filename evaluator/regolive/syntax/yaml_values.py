"""YAML as OPA reads it: YAML 1.2's scalars, with the places of what is wrong.

PyYAML composes the nodes; what plain scalars mean is decided here, because PyYAML has YAML 1.1's
rules (``yes`` is a boolean there). Lines are counted from 1; 0 is unknown.
"""

from __future__ import annotations

import base64
import re
from typing import Any

import yaml
from yaml.error import MarkedYAMLError
from yaml.scanner import ScannerError

_MAX_NODES = 100_000
_BASE: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_OLD_BOOLEANS = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "off", "Off", "OFF"), False),
}
_INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_TIME = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:(?:[Tt]|[ \t]+)(\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d{1,9})?[ \t]*(Z|[-+]\d\d:\d\d)?)?"
)
_WANTED = {
    "string": "a text",
    "bool": "`true` or `false`",
    "[]string": "a list of texts, such as `[a, b]`,",
    "[]interface {}": "a list, whose elements begin with `- `,",
    "[]map[string]interface {}": "a list of elements such as `- input: schema.input`",
    "map[string]interface {}": "names with values, such as `key: value`,",
    "ast.rawAnnotation": "a block of lines such as `title: Some words`",
}
_STANDARD = "tag:yaml.org,2002:"


class YamlError(Exception):
    """What is wrong with a document, in the words of OPA's YAML library; the line, and a hint."""

    def __init__(self, message: str, line: int = 0, hint: str | None = None) -> None:
        super().__init__(message)
        self.line = line
        self.hint = hint


class _Loader(_BASE):  # type: ignore[misc]
    """Composes nodes; scalars without a tag get an empty one."""

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:
        return "" if kind is yaml.ScalarNode else str(super().resolve(kind, value, implicit))


def compose(text: str) -> yaml.Node | None:
    """The first document of a text; None if it is empty.

    Raises:
        YamlError: it is not YAML.
    """
    try:
        loader = _Loader(text)
        try:
            return loader.get_node() if loader.check_node() else None
        finally:
            loader.dispose()
    except MarkedYAMLError as error:
        line = _line(error)
        where = f"line {line}: " if line else ""
        raise YamlError(f"yaml: {where}{error.problem or error.context}", line) from None
    except yaml.YAMLError as error:
        raise YamlError(f"yaml: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise YamlError("yaml: exceeded max depth") from None


def _line(error: MarkedYAMLError) -> int:
    """The line as OPA's library counts it: that of the context, if it is not the first one."""
    for mark in (error.context_mark, error.problem_mark):
        if mark is not None and mark.line:
            return int(mark.line) + (1 if isinstance(error, ScannerError) else 0)
    return 0


def line_of(node: yaml.Node) -> int:
    """The line a node begins on."""
    return int(node.start_mark.line) + 1


def wrong_type(node: yaml.Node, wanted: str) -> YamlError:
    """The error for a node that is not what it should be."""
    line = line_of(node)
    return YamlError(
        f"yaml: unmarshal errors:\n  line {line}: cannot unmarshal {_describe(node)} into {wanted}",
        line,
        f"{_WANTED.get(wanted, 'another kind of value')} is expected here",
    )


def _describe(node: yaml.Node) -> str:
    if isinstance(node, yaml.SequenceNode):
        return "!!seq"
    if isinstance(node, yaml.MappingNode):
        return "!!map"
    value = scalar(node)
    kinds: dict[type[Any], str] = {bool: "bool", int: "int", float: "float"}
    return f"!!{kinds.get(type(value), 'str')} `{node.value}`"


def pairs(node: yaml.Node, wanted: str) -> list[tuple[str, yaml.Node]]:
    """Keys and values of a mapping whose keys are taken as text; none for null.

    Raises:
        YamlError: it is not a mapping, or has a key twice.
    """
    if is_null(node):
        return []
    if not isinstance(node, yaml.MappingNode):
        raise wrong_type(node, wanted)
    seen: dict[str, int] = {}
    found: list[tuple[str, yaml.Node]] = []
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise wrong_type(key, "string")
        line = line_of(key)
        if key.value in seen:
            raise YamlError(
                f"yaml: unmarshal errors:\n  line {line}: mapping key {_quoted(key.value)} "
                f"already defined at line {seen[key.value]}",
                line,
            )
        seen[key.value] = line
        if key.value == "<<" and _is_plain(key) and isinstance(value, yaml.MappingNode):
            found = [*pairs(value, wanted), *found]
        else:
            found.append((key.value, value))
    return found


def _quoted(text: str) -> str:
    return f'"{text}"'


def items(node: yaml.Node, wanted: str) -> list[yaml.Node]:
    """The elements of a sequence; none for null. Raises YamlError for anything else."""
    if is_null(node):
        return []
    if not isinstance(node, yaml.SequenceNode):
        raise wrong_type(node, wanted)
    return list(node.value)


def text(node: yaml.Node) -> str:
    """The text of a scalar, empty for null. Raises YamlError for anything else."""
    if is_null(node):
        return ""
    if not isinstance(node, yaml.ScalarNode):
        raise wrong_type(node, "string")
    value = scalar(node)
    return value if isinstance(value, str) and node.tag.endswith(":binary") else str(node.value)


def boolean(node: yaml.Node) -> bool:
    """A boolean, false for null. Raises YamlError for anything else."""
    if is_null(node):
        return False
    if _is_plain(node):
        value = {**_BOOLEANS, **_OLD_BOOLEANS}.get(node.value)
        if value is not None:
            return value
    raise wrong_type(node, "bool")


def _is_plain(node: yaml.Node) -> bool:
    """Whether a scalar is written without quotes (None or "" by PyYAML's two parsers)."""
    return isinstance(node, yaml.ScalarNode) and not node.style


def is_null(node: yaml.Node) -> bool:
    """Whether a node is a null."""
    return isinstance(node, yaml.ScalarNode) and scalar(node) is None


def value(node: yaml.Node) -> Any:
    """Any value as plain JSON.

    Raises:
        YamlError: a key is no text, a value contains itself or is endlessly big.
    """
    return _Values().value(node, ())


class _Values:
    """Makes values of nodes; counts them, as aliases can make few lines very many."""

    def __init__(self) -> None:
        self.count = 0

    def value(self, node: yaml.Node, path: tuple[str, ...], around: tuple[int, ...] = ()) -> Any:
        self.count += 1
        if self.count > _MAX_NODES or len(around) > 100:
            raise YamlError("yaml: document contains excessive aliasing")
        if isinstance(node, yaml.ScalarNode):
            return scalar(node)
        if id(node) in around:
            raise YamlError("yaml: anchor value contains itself", line_of(node))
        inside = (*around, id(node))
        if isinstance(node, yaml.SequenceNode):
            return [
                self.value(item, (*path, str(index)), inside)
                for index, item in enumerate(node.value)
            ]
        found: dict[str, Any] = {}
        for key, item in pairs(node, "map[string]interface {}"):
            found[key] = self.value(item, (*path, key), inside)
        for key, _ in node.value:
            if not isinstance(scalar(key), str) and key.value != "<<":
                raise YamlError(f"invalid map key type(s): {'/'.join(path)}")
        return found


def scalar(node: yaml.Node) -> Any:
    """What a scalar means: its text, unless it is plain and looks like something else.

    Raises:
        YamlError: it has a tag that does not fit.
    """
    written = str(node.value)
    tag = _tag(node)
    if tag == "binary":
        try:
            return base64.b64decode(written).decode("utf-8", "replace")
        except ValueError:
            raise YamlError(f"yaml: cannot decode !!binary `{written}`") from None
    if tag == "str" or (tag is None and not _is_plain(node)):
        return written
    found = _plain(written)
    kind = "null" if found is None else type(found).__name__
    if tag is not None and tag != kind and not (tag == "float" and kind == "int"):
        raise YamlError(f"yaml: cannot decode !!{kind} `{written}` as a !!{tag}")
    return found


def _tag(node: yaml.Node) -> str | None:
    """A standard tag that was written."""
    tag = str(node.tag)
    name = tag.removeprefix(_STANDARD)
    known = ("str", "int", "float", "bool", "null", "binary")
    return name if tag != name and name in known else None


def _plain(written: str) -> Any:
    if written in _NULLS:
        return None
    if written in _BOOLEANS:
        return _BOOLEANS[written]
    if written[0] not in "-+.0123456789":
        return written
    digits = written.replace("_", "")
    if _INTEGER.fullmatch(digits):
        number = _integer(digits)
        return number if -(2**63) <= number < 2**64 else float(number)
    if _FLOAT.fullmatch(digits):
        real = float(digits)
        return written if real in (float("inf"), float("-inf")) else real
    time = _TIME.fullmatch(written)
    return _timestamp(time) if time else written


def _integer(digits: str) -> int:
    bare = digits.lstrip("+-").lower()
    sign = -1 if digits[0] == "-" else 1
    if len(bare) > 1 and bare[0] == "0":
        base = {"x": 16, "b": 2}.get(bare[1], 8)
        return sign * int(bare[1:] if bare[1] in "01234567" else bare[2:], base)
    return sign * int(bare)


def _timestamp(time: re.Match[str]) -> str:
    """A time in the form in which Go writes it as JSON."""
    year, month, day, hour, minute, second, fraction, zone = time.groups()
    if not 1 <= int(month) <= 12 or not 1 <= int(day) <= 31:
        return time[0]
    clock = ":".join((part or "0").zfill(2) for part in (hour, minute, second))
    fraction = (fraction or "").rstrip("0").rstrip(".")
    return f"{year}-{month.zfill(2)}-{day.zfill(2)}T{clock}{fraction}{zone or 'Z'}"
