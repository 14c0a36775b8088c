"""OPA's intermediate representation as plain data: one small type per statement.

This is the published plan format (https://www.openpolicyagent.org/docs/ir). Indexes into the
static string table are resolved on load, so a node holds the string itself. Evaluation is
elsewhere (``regolive.codegen``); reading and checking is ``regolive.ir.reader``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Local:
    """A numbered local variable. 0 is ``input`` and 1 is ``data``, by convention."""

    index: int


@dataclass(frozen=True, slots=True)
class Const:
    """A string or boolean constant used as an operand."""

    value: str | bool


Operand: TypeAlias = Local | Const


@dataclass(frozen=True, slots=True)
class Pos:
    """File index, row and column of a statement; row and column count from 1, 0 is unknown."""

    file: int = 0
    row: int = 0
    col: int = 0


NOWHERE = Pos()


@dataclass(frozen=True, slots=True)
class Stmt:
    """The base of all statements."""

    pos: Pos = field(default=NOWHERE, kw_only=True)


@dataclass(frozen=True, slots=True)
class Block:
    """Statements run in order, until one is undefined."""

    stmts: tuple[Stmt, ...]


@dataclass(frozen=True, slots=True)
class ArrayAppendStmt(Stmt):
    value: Operand
    array: int


@dataclass(frozen=True, slots=True)
class AssignIntStmt(Stmt):
    value: int
    target: int


@dataclass(frozen=True, slots=True)
class AssignVarOnceStmt(Stmt):
    source: Operand
    target: int


@dataclass(frozen=True, slots=True)
class AssignVarStmt(Stmt):
    source: Operand
    target: int


@dataclass(frozen=True, slots=True)
class BlockStmt(Stmt):
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class BreakStmt(Stmt):
    index: int


@dataclass(frozen=True, slots=True)
class CallDynamicStmt(Stmt):
    path: tuple[Operand, ...]
    args: tuple[int, ...]
    result: int


@dataclass(frozen=True, slots=True)
class CallStmt(Stmt):
    func: str
    args: tuple[Operand, ...]
    result: int


@dataclass(frozen=True, slots=True)
class DotStmt(Stmt):
    source: Operand
    key: Operand
    target: int


@dataclass(frozen=True, slots=True)
class EqualStmt(Stmt):
    a: Operand
    b: Operand


@dataclass(frozen=True, slots=True)
class IsArrayStmt(Stmt):
    source: Operand


@dataclass(frozen=True, slots=True)
class IsDefinedStmt(Stmt):
    source: int


@dataclass(frozen=True, slots=True)
class IsObjectStmt(Stmt):
    source: Operand


@dataclass(frozen=True, slots=True)
class IsSetStmt(Stmt):
    source: Operand


@dataclass(frozen=True, slots=True)
class IsUndefinedStmt(Stmt):
    source: int


@dataclass(frozen=True, slots=True)
class LenStmt(Stmt):
    source: Operand
    target: int


@dataclass(frozen=True, slots=True)
class MakeArrayStmt(Stmt):
    capacity: int
    target: int


@dataclass(frozen=True, slots=True)
class MakeNullStmt(Stmt):
    target: int


@dataclass(frozen=True, slots=True)
class MakeNumberIntStmt(Stmt):
    value: int
    target: int


@dataclass(frozen=True, slots=True)
class MakeNumberRefStmt(Stmt):
    """``text`` is the number as written in the policy (the string table's entry)."""

    text: str
    target: int


@dataclass(frozen=True, slots=True)
class MakeObjectStmt(Stmt):
    target: int


@dataclass(frozen=True, slots=True)
class MakeSetStmt(Stmt):
    target: int


@dataclass(frozen=True, slots=True)
class NopStmt(Stmt):
    pass


@dataclass(frozen=True, slots=True)
class NotEqualStmt(Stmt):
    a: Operand
    b: Operand


@dataclass(frozen=True, slots=True)
class NotStmt(Stmt):
    block: Block


@dataclass(frozen=True, slots=True)
class ObjectInsertOnceStmt(Stmt):
    key: Operand
    value: Operand
    object: int


@dataclass(frozen=True, slots=True)
class ObjectInsertStmt(Stmt):
    key: Operand
    value: Operand
    object: int


@dataclass(frozen=True, slots=True)
class ObjectMergeStmt(Stmt):
    a: int
    b: int
    target: int


@dataclass(frozen=True, slots=True)
class ResetLocalStmt(Stmt):
    target: int


@dataclass(frozen=True, slots=True)
class ResultSetAddStmt(Stmt):
    value: int


@dataclass(frozen=True, slots=True)
class ReturnLocalStmt(Stmt):
    source: int


@dataclass(frozen=True, slots=True)
class ScanStmt(Stmt):
    source: int
    key: int
    value: int
    block: Block


@dataclass(frozen=True, slots=True)
class SetAddStmt(Stmt):
    value: Operand
    set: int


@dataclass(frozen=True, slots=True)
class WithStmt(Stmt):
    """Replaces ``local`` (at ``path``, its segments as strings) by ``value`` inside ``block``."""

    local: int
    path: tuple[str, ...]
    value: Operand
    block: Block


@dataclass(frozen=True, slots=True)
class BuiltinDecl:
    """A builtin that the policy calls, and its declaration in OPA's format.

    ``deprecated``: Rego v1 and strict mode refuse it. ``relation``: a call has several results.
    Both are for compilers; a plan has only the declaration.
    """

    name: str
    decl: Mapping[str, Any]
    deprecated: bool = False
    relation: bool = False


KEYED = "[]"
"""What the name of a function ends with that gives what a set or object has under one key."""


@dataclass(frozen=True, slots=True)
class Func:
    """A planned rule or function. ``path`` places it in the tree of ``data`` for dynamic calls."""

    name: str
    params: tuple[int, ...]
    returns: int
    blocks: tuple[Block, ...]
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """An entrypoint: blocks that add to the result set."""

    name: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A whole plan. ``strings`` is kept for printing; nodes hold their strings themselves.

    ``sources`` maps a file name to its text where the front end knew it (for error messages).
    """

    plans: tuple[Plan, ...]
    funcs: tuple[Func, ...]
    builtins: tuple[BuiltinDecl, ...] = ()
    files: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
