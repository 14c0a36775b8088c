"""OPA's ``plan.json`` to ``Policy``, checked on the way.

Every index is resolved and every reference checked here, so that nothing behind the IR has to
doubt a plan. An error says what is wrong and where in the plan it stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from regolive.errors import IRError, nearest
from regolive.ir.nodes import (
    Block,
    BuiltinDecl,
    CallStmt,
    Const,
    Func,
    Local,
    Operand,
    Plan,
    Policy,
    Pos,
    Stmt,
)
from regolive.ir.shape import SHAPES, Kind

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_MISSING: dict[str, Any] = {}


def read_policy(
    document: Mapping[str, Any] | str | bytes,
    *,
    name: str = "plan.json",
    known: Collection[str] | None = (),
    sources: Mapping[str, str] | None = None,
) -> Policy:
    """Read a plan, as ``opa build -t plan`` writes it.

    Args:
        document: the plan as JSON text, or parsed.
        name: what to call the plan in errors.
        known: functions that may be called although the plan neither defines nor declares them;
            None leaves all calls unchecked (for front ends that check them by themselves).
        sources: texts of the policy's files by name, kept in the result for error messages.

    Raises:
        IRError: the plan is not valid; ``where`` names the place in it.
    """
    if isinstance(document, str | bytes | bytearray):
        try:
            document = json.loads(document)
        except (ValueError, RecursionError) as error:
            raise IRError(f"not JSON: {error}", name) from None
    if not isinstance(document, Mapping):
        raise IRError(f"expected an object, found {_json_type(document)}", name)
    try:
        return _Reader(document, known).policy(sources or {})
    except _BadPlanError as error:
        raise IRError(error.message, f"{name}: {error.where()}".removesuffix(": ")) from None
    except RecursionError:
        raise IRError("blocks are nested too deeply", name) from None


class _BadPlanError(Exception):
    """What is wrong, and the way to it, collected while the stack unwinds (innermost first)."""

    def __init__(self, message: str) -> None:
        self.message = message
        self.path: list[str] = []
        super().__init__(message)

    def where(self) -> str:
        return "".join(reversed(self.path))


def _json_type(value: object) -> str:
    if value is None:
        return "null"
    names = {bool: "boolean", int: "number", float: "number", str: "string", list: "array"}
    return names.get(type(value), "object" if isinstance(value, Mapping) else "nothing known")


def _shown(value: object) -> str:
    """A JSON value from a bad plan, cut to a length that fits into an error."""
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _objects(parent: Mapping[str, Any], key: str, where: str) -> list[Mapping[str, Any]]:
    """The list of objects under a key; a missing one and ``null`` (an empty Go slice) are empty."""
    items = parent.get(key)
    if items is None:
        return []
    if type(items) is not list:
        raise _BadPlanError(f"{where}: expected an array, found {_json_type(items)}")
    for index, item in enumerate(items):
        if not isinstance(item, Mapping):
            raise _BadPlanError(f"{where}[{index}]: expected an object, found {_json_type(item)}")
    return items


def _section(parent: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = parent.get(key)
    if value is None:
        return _MISSING
    if not isinstance(value, Mapping):
        raise _BadPlanError(f"{key}: expected an object, found {_json_type(value)}")
    return value


def _text(item: Mapping[str, Any], key: str, where: str) -> str:
    value = item.get(key)
    if type(value) is not str:
        raise _BadPlanError(f"{where}.{key}: expected a string, found {_json_type(value)}")
    return value


class _Reader:
    """One reading: the plan's tables, and one method for each kind of field."""

    def __init__(self, document: Mapping[str, Any], known: Collection[str] | None) -> None:
        self.document = document
        self.known = known
        self.depth = 0  # blocks around the statement that is being read
        # Equal operands and positions share one object: plans repeat them a lot.
        self.local_operands: dict[int, Local] = {}
        self.positions: dict[tuple[int, int, int], Pos] = {}
        self.kinds: dict[Kind, Callable[[Any], Any]] = {
            Kind.INT: self.integer,
            Kind.LOCAL: self.local,
            Kind.LOCALS: self.locals,
            Kind.OPERAND: self.operand,
            Kind.OPERANDS: self.operands,
            Kind.NAME: self.name,
            Kind.NUMBER_REF: self.number_ref,
            Kind.PATH: self.path,
            Kind.BLOCK: self.block,
            Kind.BLOCKS: self.blocks,
            Kind.DEPTH: self.break_depth,
        }
        self.statements = {
            name: (cls, tuple((key, self.kinds[kind]) for key, kind in fields))
            for name, (cls, fields) in SHAPES.items()
        }

    # -- tables and sections

    def policy(self, sources: Mapping[str, str]) -> Policy:
        static = _section(self.document, "static")
        self.strings = [
            _text(item, "value", f"static.strings[{i}]")
            for i, item in enumerate(_objects(static, "strings", "static.strings"))
        ]
        self.files = tuple(
            _text(item, "value", f"static.files[{i}]")
            for i, item in enumerate(_objects(static, "files", "static.files"))
        )
        builtins = tuple(
            self.builtin(item, f"static.builtin_funcs[{i}]")
            for i, item in enumerate(_objects(static, "builtin_funcs", "static.builtin_funcs"))
        )
        self.builtin_names = {builtin.name for builtin in builtins}
        funcs = _objects(_section(self.document, "funcs"), "funcs", "funcs")
        plans = _objects(_section(self.document, "plans"), "plans", "plans")
        self.arity = self.arities(funcs)
        policy = Policy(
            plans=tuple(self.plan(item, i) for i, item in enumerate(plans)),
            funcs=tuple(self.func(item, i) for i, item in enumerate(funcs)),
            builtins=builtins,
            files=self.files,
            sources=sources,
        )
        seen: set[str] = set()
        for index, plan in enumerate(policy.plans):
            if plan.name in seen:
                raise _BadPlanError(f"plans[{index}]: a second plan named {plan.name}")
            seen.add(plan.name)
        return policy

    def builtin(self, item: Mapping[str, Any], where: str) -> BuiltinDecl:
        decl = item.get("decl")
        if decl is not None and not isinstance(decl, Mapping):
            raise _BadPlanError(f"{where}.decl: expected an object, found {_json_type(decl)}")
        return BuiltinDecl(_text(item, "name", where), decl or {})

    def arities(self, funcs: list[Mapping[str, Any]]) -> dict[str, int]:
        """Number of parameters by function: calls are checked while functions are still read."""
        result: dict[str, int] = {}
        for index, func in enumerate(funcs):
            name = _text(func, "name", f"funcs[{index}]")
            if name in result:
                raise _BadPlanError(f"funcs[{index}]: a second function named {name}")
            params = func.get("params")
            if params is not None and type(params) is not list:
                raise _BadPlanError(
                    f"funcs[{index}] {name}: params: expected an array, found {_json_type(params)}"
                )
            result[name] = len(params or ())
        return result

    def plan(self, item: Mapping[str, Any], index: int) -> Plan:
        name = _text(item, "name", f"plans[{index}]")
        try:
            return Plan(name, self.field(item, "blocks", self.blocks))
        except _BadPlanError as error:
            error.path.append(f"plans[{index}] {name}: ")
            raise

    def func(self, item: Mapping[str, Any], index: int) -> Func:
        name = item["name"]
        try:
            return Func(
                name=name,
                params=self.field(item, "params", self.locals),
                returns=self.field(item, "return", self.local),
                blocks=self.field(item, "blocks", self.blocks),
                path=self.field(item, "path", self.names),
            )
        except _BadPlanError as error:
            error.path.append(f"funcs[{index}] {name}: ")
            raise

    def field(self, item: Mapping[str, Any], key: str, read: Callable[[Any], Any]) -> Any:
        try:
            return read(item.get(key))
        except _BadPlanError as error:
            error.path.append(key)
            raise

    # -- blocks and statements

    def blocks(self, value: Any) -> tuple[Block, ...]:
        return tuple(self.each(value, self.block))

    def block(self, value: Any) -> Block:
        if not isinstance(value, Mapping):
            raise _BadPlanError(f"expected a block, found {_json_type(value)}")
        stmts = value.get("stmts")
        if stmts is None:
            return Block(())
        if type(stmts) is not list:
            raise _BadPlanError(f"stmts: expected an array, found {_json_type(stmts)}")
        self.depth += 1
        result: list[Stmt] = []
        try:
            for item in stmts:
                result.append(self.statement(item))
        except _BadPlanError as error:
            error.path.append(f".stmts[{len(result)}]")
            raise
        self.depth -= 1
        return Block(tuple(result))

    def statement(self, item: Any) -> Stmt:
        if type(item) is not dict or type(item.get("type")) is not str:
            raise _BadPlanError("expected an object with a type")
        name: str = item["type"]
        shape = self.statements.get(name)
        if shape is None:
            hint = nearest(name, list(SHAPES))
            raise _BadPlanError(
                f"unknown statement type {name!r}" + (f", perhaps {hint}" if hint else "")
            )
        body = item.get("stmt", _MISSING)
        if type(body) is not dict:
            raise _BadPlanError(f"{name}: stmt: expected an object, found {_json_type(body)}")
        if "index" in body and name == "MakeNumberRefStmt":
            # Newer plans have the key in both spellings; this is the one that is to stay.
            body = {**body, "Index": body["index"]}
        cls, fields = shape
        key: str | None = None
        try:
            values: list[Any] = []
            for key, read in fields:
                values.append(read(body.get(key)))
            key = None
            pos = self.position(body)
            if cls is CallStmt and self.known is not None:
                self.check_call(*values[:2])
        except _BadPlanError as error:
            error.path.append(f" {name}.{key}" if key else f" {name}")
            raise
        return cls(*values, pos=pos)

    def position(self, body: dict[str, Any]) -> Pos:
        place = (body.get("file", 0), body.get("row", 0), body.get("col", 0))
        pos = self.positions.get(place)
        if pos is None:
            for value in place:
                if type(value) is not int or value < 0:
                    raise _BadPlanError(f"file, row and col must be whole numbers, found {value!r}")
            # File 0 of an empty table is how OPA writes "no file".
            if place[0] and place[0] >= len(self.files):
                raise _BadPlanError(
                    f"file index {place[0]} out of range (table has {len(self.files)})"
                )
            pos = self.positions[place] = Pos(*place)
        return pos

    def check_call(self, func: str, args: tuple[Operand, ...]) -> None:
        params = self.arity.get(func)
        if params is not None:
            if params != len(args):
                raise _BadPlanError(f"{func} takes {params} arguments, {len(args)} given")
        elif not (func in self.builtin_names or func in (self.known or ())):
            hint = nearest(func, [*self.arity, *self.builtin_names])
            raise _BadPlanError(
                f"call of {func}, which is neither a function of the plan nor a declared builtin"
                + (f"; perhaps {hint}" if hint else "")
            )

    # -- kinds of fields (each gets the JSON value, None where the key is missing)

    def each(self, value: Any, read: Callable[[Any], Any]) -> list[Any]:
        """A list read item by item; a missing one and ``null`` (an empty Go slice) are empty."""
        if value is None:
            return []
        if type(value) is not list:
            raise _BadPlanError(f"expected an array, found {_json_type(value)}")
        result: list[Any] = []
        try:
            for item in value:
                result.append(read(item))
        except _BadPlanError as error:
            error.path.append(f"[{len(result)}]")
            raise
        return result

    def integer(self, value: Any) -> int:
        if type(value) is not int:
            raise _BadPlanError(f"expected a whole number, found {_json_type(value)}")
        return value

    def local(self, value: Any) -> int:
        if type(value) is not int or value < 0:
            raise _BadPlanError(f"expected the number of a local, found {_shown(value)}")
        return value

    def locals(self, value: Any) -> tuple[int, ...]:
        return tuple(self.each(value, self.local))

    def string(self, value: Any) -> str:
        if type(value) is not int:
            raise _BadPlanError(f"expected a string index, found {_json_type(value)}")
        if not 0 <= value < len(self.strings):
            raise _BadPlanError(
                f"string index {value} out of range (table has {len(self.strings)})"
            )
        return self.strings[value]

    def operand(self, value: Any) -> Operand:
        if type(value) is not dict:
            raise _BadPlanError(f"expected an operand, found {_json_type(value)}")
        kind = value.get("type")
        inner = value.get("value")
        if kind == "local":
            index = self.local(inner)
            operand = self.local_operands.get(index)
            if operand is None:
                operand = self.local_operands[index] = Local(index)
            return operand
        if kind == "string_index":
            return Const(self.string(inner))
        if kind == "bool":
            if type(inner) is not bool:
                raise _BadPlanError(f"expected a boolean, found {_json_type(inner)}")
            return Const(inner)
        raise _BadPlanError(f"unknown operand type {_shown(kind)}")

    def operands(self, value: Any) -> tuple[Operand, ...]:
        return tuple(self.each(value, self.operand))

    def name(self, value: Any) -> str:
        if type(value) is not str:
            raise _BadPlanError(f"expected a string, found {_json_type(value)}")
        return value

    def names(self, value: Any) -> tuple[str, ...]:
        return tuple(self.each(value, self.name))

    def number_ref(self, value: Any) -> str:
        text = self.string(value)
        if not _NUMBER.fullmatch(text):
            raise _BadPlanError(f"string {value} is no number: {_shown(text)}")
        return text

    def path(self, value: Any) -> tuple[str, ...]:
        return tuple(self.each(value, self.string))

    def break_depth(self, value: Any) -> int:
        if type(value) is not int or value < 0:
            raise _BadPlanError(f"expected a number of blocks, found {_shown(value)}")
        if value >= self.depth:
            raise _BadPlanError(
                f"break out of {value + 1} blocks, but only {self.depth} enclose it"
            )
        return value
