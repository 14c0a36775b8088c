"""``strings.render_template``: Go's ``text/template`` over Rego values.

A value is what OPA hands to Go: numbers are the text they are written as (``json.Number``). Methods
and functions as values, which no Rego value has, are not there.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote_plus

from regolive import BuiltinContext, BuiltinError
from regolive_std._declare import ANY, STRING, object_of, std
from regolive_std.json_words import complaint
from regolive_std.sprintf import general, go_sprintf
from regolive_std.template_syntax import (
    Action,
    Branch,
    Call,
    Constant,
    Dot,
    Fields,
    Function,
    Nil,
    Node,
    Operand,
    Pipe,
    Text,
    Variable,
    parse,
)
from regolive_std.text import term_text, to_bytes

_MAX_RESULT = 64 << 20
_MAX_DEPTH = 200
_ABSENT: Any = object()  # Go's invalid value: a missing key, or what is inside of one


class _Number(str):
    """A number out of the data: Go sees the text of a ``json.Number``."""

    __slots__ = ()
    go_type = "json.Number"


class _Jump(Exception):
    """``break`` or ``continue`` on its way to its range."""


def _data(variables: Any) -> Any:
    """The variables as OPA hands them to Go: their text as Rego, read as JSON.

    So it is an error if there is a set in them, a key that is no string, or a character that Rego
    and JSON escape in different ways.
    """
    text = term_text(variables)
    try:
        return json.loads(text, parse_int=_Number, parse_float=_Number)
    except ValueError:
        raise BuiltinError(complaint(text)[0] or "number out of range") from None


@std(
    "strings.render_template",
    args=[STRING, object_of(STRING, ANY)],
    result=STRING,
    result_name="result",
)
def render_template(ctx: BuiltinContext, value: str, vars: Any) -> str:
    """A text with the actions of a Go template in it, filled in from an object of variables.

    Example:
        >>> strings.render_template("{{.a}}:{{range .n}} {{.}}{{end}}", {"a": "x", "n": [1, 2]})
        "x: 1 2"
        >>> strings.render_template("{{.name}}", {})
        "<undefined>"
    """
    try:
        data = _data(vars)
        nodes, templates = parse(value)
        run = _Run(ctx, templates)
        run.nodes(nodes, data, {"$": data})
    except RecursionError:
        raise BuiltinError("template: template: exceeded maximum template depth") from None
    return "".join(run.out).replace("<no value>", "<undefined>")


def _fail(what: str) -> BuiltinError:
    return BuiltinError(f"template: template: {what}")


def _type(value: Any) -> str:
    if isinstance(value, _Number):
        return "json.Number"
    names = {str: "string", bool: "bool", int: "int", float: "float64"}
    names |= {list: "[]interface {}", dict: "map[string]interface {}"}
    return names.get(value.__class__, "interface {}")


def _truth(value: Any) -> bool:
    return value is not _ABSENT and bool(value)  # any number of the data is a text, and so true


class _Run:
    """One rendering."""

    def __init__(self, ctx: BuiltinContext, templates: dict[str, tuple[Node, ...]]) -> None:
        self.ctx = ctx
        self.templates = templates
        self.out: list[str] = []
        self.size = 0
        self.depth = 0

    def write(self, text: str) -> None:
        self.size += len(text)
        if self.size > _MAX_RESULT:
            raise _fail("result too long")
        self.out.append(text)

    def nodes(self, nodes: tuple[Node, ...], dot: Any, variables: dict[str, Any]) -> None:
        for node in nodes:
            if isinstance(node, Text):
                self.write(node.text)
            elif isinstance(node, Action):
                value = self.pipe(node.pipe, dot, variables)
                if not node.pipe.variables:
                    self.write(_printed(value, top=True))
            elif isinstance(node, Branch):
                self.branch(node, dot, variables)
            elif isinstance(node, Call):
                self.call(node, dot, variables)
            else:
                raise _Jump(node.kind)

    def call(self, node: Call, dot: Any, variables: dict[str, Any]) -> None:
        nodes = self.templates.get(node.name)
        if nodes is None:
            raise _fail(f'template "{node.name}" not defined')
        value = None if node.pipe is None else self.pipe(node.pipe, dot, variables)
        value = _ABSENT if value is None else value
        self.ctx.check()
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise _fail(f"exceeded maximum template depth ({_MAX_DEPTH})")
        self.nodes(nodes, value, {"$": value})
        self.depth -= 1

    def branch(self, node: Branch, dot: Any, variables: dict[str, Any]) -> None:
        scope = _Scope(variables)
        if node.kind == "range":
            self.loop(node, dot, scope)
            return
        value = self.pipe(node.pipe, dot, scope)
        if _truth(value):
            self.nodes(node.body, value if node.kind == "with" else dot, scope)
        else:
            self.nodes(node.otherwise, dot, scope)

    def loop(self, node: Branch, dot: Any, variables: _Scope) -> None:
        value = self.pipe(Pipe(node.pipe.commands), dot, variables)
        pairs: Any
        if value.__class__ is list:
            pairs = enumerate(value)
        elif value.__class__ is dict:
            pairs = value.items()
        elif value.__class__ is int:
            pairs = ((i, i) for i in range(value))
        elif value is _ABSENT or value is None:
            pairs = ()
        else:
            raise _fail(f"range can't iterate over {_printed(value)}")
        names = node.pipe.variables
        ran = False
        for at, (key, item) in enumerate(pairs):
            ran = True
            if at & 255 == 0:
                self.ctx.check()
            inner = _Scope(variables) if node.pipe.declares else variables
            targets = zip(names, (item,) if len(names) == 1 else (key, item), strict=False)
            for name, given in targets:
                inner.assign(name, given, declare=node.pipe.declares)
            try:
                self.nodes(node.body, item, _Scope(inner))
            except _Jump as jump:
                if jump.args[0] == "break":
                    break
        if not ran:
            self.nodes(node.otherwise, dot, variables)

    # -- pipelines ---------------------------------------------------------------------------------

    def pipe(self, pipe: Pipe, dot: Any, variables: dict[str, Any]) -> Any:
        value: Any = None
        piped = False
        for command in pipe.commands:
            value = self.command(command, dot, variables, [value] if piped else [])
            piped = True
        for name in pipe.variables:
            if isinstance(variables, _Scope):
                variables.assign(name, value, declare=pipe.declares)
            else:
                variables[name] = value
        return value

    def command(
        self, command: tuple[Operand, ...], dot: Any, variables: dict[str, Any], piped: list[Any]
    ) -> Any:
        first = command[0]
        if isinstance(first, Function):
            if first.name in ("and", "or"):
                return self.shortcut(first.name, command[1:], dot, variables, piped)
            operands = [self.operand(o, dot, variables) for o in command[1:]]
            return _apply(first.name, operands + piped)
        if len(command) > 1 or piped:
            raise _fail("can't give argument to non-function")
        if isinstance(first, Nil):
            raise _fail("nil is not a command")
        return self.operand(first, dot, variables)

    def shortcut(
        self,
        name: str,
        operands: tuple[Operand, ...],
        dot: Any,
        variables: dict[str, Any],
        piped: list[Any],
    ) -> Any:
        """``and``, ``or``: the first operand that decides, the rest not looked at."""
        if not operands and not piped:
            raise _fail(f"wrong number of args for {name}: want at least 1 got 0")
        value: Any = None
        for operand in operands:
            value = self.operand(operand, dot, variables)
            if _truth(value) == (name == "or"):
                return value
        return piped[0] if piped else value

    def operand(self, operand: Operand, dot: Any, variables: dict[str, Any]) -> Any:
        if isinstance(operand, Fields):
            value = self.operand(operand.of, dot, variables)
            for name in operand.names:
                value = _field(value, name)
            return value
        if isinstance(operand, Dot):
            return dot
        if isinstance(operand, Constant):
            return operand.value
        if isinstance(operand, Variable):
            return variables[operand.name]
        if isinstance(operand, Pipe):
            return self.pipe(operand, dot, variables)
        if isinstance(operand, Function):
            return _apply(operand.name, [])
        return None


class _Scope(dict[str, Any]):
    """Variables inside a block: declared here, or found and changed further out."""

    def __init__(self, outer: dict[str, Any]) -> None:
        super().__init__()
        self.outer = outer

    def __missing__(self, name: str) -> Any:
        return self.outer[name]

    def assign(self, name: str, value: Any, *, declare: bool) -> None:
        """Give a variable a value, where it was declared or here."""
        scope: dict[str, Any] = self
        while not declare and isinstance(scope, _Scope) and not dict.__contains__(scope, name):
            scope = scope.outer
        scope[name] = value


def _field(value: Any, name: str) -> Any:
    if value.__class__ is dict:
        return value.get(name, _ABSENT)
    if value is _ABSENT:
        return _ABSENT
    if value is None:
        raise _fail(f"nil pointer evaluating interface {{}}.{name}")
    raise _fail(f"can't evaluate field {name} in type interface {{}}")


def _printed(value: Any, *, top: bool = False) -> str:
    """A value as Go prints it; ``top``: as the result of an action."""
    if value is _ABSENT or (top and value is None):
        return "<no value>"
    if value is None:
        return "<nil>"
    if isinstance(value, str):
        return value
    if value.__class__ is bool:
        return "true" if value else "false"
    if value.__class__ is list:
        return "[" + " ".join(map(_printed, value)) + "]"
    if value.__class__ is dict:
        return "map[" + " ".join(f"{k}:{_printed(v)}" for k, v in value.items()) + "]"
    return general(value) if value.__class__ is float else str(value)


def _joined(values: list[Any]) -> str:
    """Go's Sprint: a space between two operands of which neither is a string."""
    out = ""
    for at, value in enumerate(values):
        if at and not isinstance(value, str) and not isinstance(values[at - 1], str):
            out += " "
        out += _printed(None if value is _ABSENT else value)
    return out


def _apply(name: str, operands: list[Any]) -> Any:
    low, high = _ARITIES[name]
    if not low <= len(operands) <= high:
        raise _fail(f"wrong number of args for {name}: got {len(operands)}")
    try:
        return _CALLS[name](*operands)
    except BuiltinError as error:
        raise _fail(f"error calling {name}: {error.message}") from None


def _equal(first: Any, *others: Any) -> bool:
    for other in others:
        if first is _ABSENT or other is _ABSENT or first is None or other is None:
            same = first in (None, _ABSENT) and other in (None, _ABSENT)
        else:
            _comparable(first, other)
            same = first == other
        if same:
            return True
    return False


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return "string"
    if value.__class__ in (list, dict):
        raise BuiltinError("non-comparable type " + _type(value))
    return _type(value)


def _comparable(a: Any, b: Any) -> None:
    if _kind(a) != _kind(b):
        raise BuiltinError(f"incompatible types for comparison: {_type(a)} and {_type(b)}")


def _less(a: Any, b: Any) -> bool:
    for value in (a, b):
        if value in (None, _ABSENT) or value.__class__ is bool:
            raise BuiltinError("invalid type for comparison")
    _comparable(a, b)
    return bool(str(a) < str(b) if isinstance(a, str) else a < b)


def _len(value: Any) -> int:
    if value.__class__ in (list, dict):
        return len(value)
    if isinstance(value, str):
        return len(to_bytes(value))
    if value in (None, _ABSENT):
        raise BuiltinError("len of nil pointer")
    raise BuiltinError(f"len of type {_type(value)}")


def _index(value: Any, *keys: Any) -> Any:
    if value in (None, _ABSENT):
        raise BuiltinError("index of untyped nil")
    for key in keys:
        if value.__class__ is dict:
            if not isinstance(key, str):
                raise BuiltinError(f"value has type {_type(key)}; should be string")
            value = value.get(key, _ABSENT)
        elif value.__class__ is list or isinstance(value, str):
            if key.__class__ is not int:
                raise BuiltinError(f"cannot index slice/array with type {_type(key)}")
            if not 0 <= key < _len(value):
                raise BuiltinError(f"index out of range: {key}")
            value = value[key] if isinstance(value, list) else to_bytes(value)[key]
        elif value in (None, _ABSENT):
            raise BuiltinError("index of untyped nil")
        else:
            raise BuiltinError(f"can't index item of type {_type(value)}")
    return _ABSENT if value is None else value


def _slice(value: Any, *bounds: Any) -> Any:
    if value.__class__ is not list and not isinstance(value, str):
        raise BuiltinError(f"can't slice item of type {_type(value)}")
    for bound in bounds:
        if bound.__class__ is not int:
            raise BuiltinError(f"cannot index slice/array with type {_type(bound)}")
        if not 0 <= bound <= _len(value):
            raise BuiltinError(f"index out of range: {bound}")
    low, high = [*bounds, 0, _len(value)][:2] if len(bounds) != 1 else (bounds[0], _len(value))
    if low > high:
        raise BuiltinError(f"invalid slice index: {low} > {high}")
    if isinstance(value, list):
        return value[low:high]
    return to_bytes(value)[low:high].decode("utf-8", "surrogateescape")


_HTML = str.maketrans(
    {"<": "&lt;", ">": "&gt;", "&": "&amp;", "'": "&#39;", '"': "&#34;", "\0": "\ufffd"}
)
_JS = {"\\": "\\\\", "'": "\\'", '"': '\\"', "<": "\\u003C", ">": "\\u003E", "&": "\\u0026"}
_JS |= {"=": "\\u003D"}


def _js(*values: Any) -> str:
    out = []
    for char in _shown(values):
        if char in _JS:
            out.append(_JS[char])
        elif char < " " or not (char.isprintable() or char == " "):
            out.append(f"\\u{ord(char):04X}")
        else:
            out.append(char)
    return "".join(out)


def _printf(format: Any, *values: Any) -> str:
    if format.__class__ is not str:
        raise BuiltinError(f"wrong type for value; expected string; got {_type(format)}")
    return go_sprintf(str(format), list(map(_argument, values)))


class _Int(int):
    """A constant of a template."""

    go_type = "int"


def _argument(value: Any) -> Any:
    if value is _ABSENT:
        return None
    return _Int(value) if value.__class__ is int else value


def _shown(values: tuple[Any, ...]) -> str:
    """The operands of ``html``, ``js`` and ``urlquery`` as one text."""
    return _joined(["<no value>" if v is None or v is _ABSENT else v for v in values])


def _line(*values: Any) -> str:
    return " ".join(_printed(None if v is _ABSENT else v) for v in values) + "\n"


def _not_a_function(*_: Any) -> Any:
    raise BuiltinError("call of non-function")


_MANY = 1 << 30
_ARITIES = {
    **dict.fromkeys(("print", "println", "html", "js", "urlquery"), (0, _MANY)),
    **dict.fromkeys(("printf", "index", "call"), (1, _MANY)),
    **dict.fromkeys(("ne", "lt", "le", "gt", "ge"), (2, 2)),
    **dict.fromkeys(("not", "len"), (1, 1)),
    **dict.fromkeys(("and", "or"), (1, _MANY)),
    "eq": (2, _MANY),
    "slice": (1, 3),
}
_CALLS: dict[str, Any] = {
    "and": _not_a_function,  # these two are called where their operands are worked out
    "or": _not_a_function,
    "call": _not_a_function,
    "not": lambda v: not _truth(v),
    "len": _len,
    "index": _index,
    "slice": _slice,
    "print": lambda *v: _joined(list(v)),
    "println": _line,
    "printf": _printf,
    "html": lambda *v: _shown(v).translate(_HTML),
    "js": _js,
    "urlquery": lambda *v: quote_plus(to_bytes(_shown(v))),
    "eq": _equal,
    "ne": lambda a, b: not _equal(a, b),
    "lt": _less,
    "le": lambda a, b: _less(a, b) or _equal(a, b),
    "gt": lambda a, b: not (_less(a, b) or _equal(a, b)),
    "ge": lambda a, b: not _less(a, b),
}
