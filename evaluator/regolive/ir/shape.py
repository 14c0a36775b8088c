"""The JSON shape of every statement: which keys it has and what kind of thing stands under each.

The one table serves reader and writer, so that the two cannot drift apart. The fields stand in the
order of the dataclass fields in ``regolive.ir.nodes``.
"""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias

from regolive.ir import nodes as n


class Kind(Enum):
    """What stands under a key of a statement."""

    INT = "a whole number"
    LOCAL = "the number of a local variable"
    LOCALS = "a list of local variables"
    OPERAND = "an operand: local, string or boolean"
    OPERANDS = "a list of operands"
    NAME = "a function name"
    NUMBER_REF = "the index of a string that holds a number"
    PATH = "a list of string indexes"
    BLOCK = "a block"
    BLOCKS = "a list of blocks"
    DEPTH = "how many blocks to leave"


Shape: TypeAlias = tuple[type[n.Stmt], tuple[tuple[str, Kind], ...]]

_SOURCE_OP = (("source", Kind.OPERAND),)
_SOURCE = (("source", Kind.LOCAL),)
_TARGET = ("target", Kind.LOCAL)
_A_B = (("a", Kind.OPERAND), ("b", Kind.OPERAND))
_INSERT = (("key", Kind.OPERAND), ("value", Kind.OPERAND), ("object", Kind.LOCAL))

SHAPES: dict[str, Shape] = {
    "ArrayAppendStmt": (n.ArrayAppendStmt, (("value", Kind.OPERAND), ("array", Kind.LOCAL))),
    "AssignIntStmt": (n.AssignIntStmt, (("value", Kind.INT), _TARGET)),
    "AssignVarOnceStmt": (n.AssignVarOnceStmt, (*_SOURCE_OP, _TARGET)),
    "AssignVarStmt": (n.AssignVarStmt, (*_SOURCE_OP, _TARGET)),
    "BlockStmt": (n.BlockStmt, (("blocks", Kind.BLOCKS),)),
    "BreakStmt": (n.BreakStmt, (("index", Kind.DEPTH),)),
    "CallDynamicStmt": (
        n.CallDynamicStmt,
        (("path", Kind.OPERANDS), ("args", Kind.LOCALS), ("result", Kind.LOCAL)),
    ),
    "CallStmt": (
        n.CallStmt,
        (("func", Kind.NAME), ("args", Kind.OPERANDS), ("result", Kind.LOCAL)),
    ),
    "DotStmt": (n.DotStmt, (*_SOURCE_OP, ("key", Kind.OPERAND), _TARGET)),
    "EqualStmt": (n.EqualStmt, _A_B),
    "IsArrayStmt": (n.IsArrayStmt, _SOURCE_OP),
    "IsDefinedStmt": (n.IsDefinedStmt, _SOURCE),
    "IsObjectStmt": (n.IsObjectStmt, _SOURCE_OP),
    "IsSetStmt": (n.IsSetStmt, _SOURCE_OP),
    "IsUndefinedStmt": (n.IsUndefinedStmt, _SOURCE),
    "LenStmt": (n.LenStmt, (*_SOURCE_OP, _TARGET)),
    "MakeArrayStmt": (n.MakeArrayStmt, (("capacity", Kind.INT), _TARGET)),
    "MakeNullStmt": (n.MakeNullStmt, (_TARGET,)),
    "MakeNumberIntStmt": (n.MakeNumberIntStmt, (("value", Kind.INT), _TARGET)),
    # The key is "Index" in OPA's plans up to 1.14; newer ones have "index" too (see reader).
    "MakeNumberRefStmt": (n.MakeNumberRefStmt, (("Index", Kind.NUMBER_REF), _TARGET)),
    "MakeObjectStmt": (n.MakeObjectStmt, (_TARGET,)),
    "MakeSetStmt": (n.MakeSetStmt, (_TARGET,)),
    "NopStmt": (n.NopStmt, ()),
    "NotEqualStmt": (n.NotEqualStmt, _A_B),
    "NotStmt": (n.NotStmt, (("block", Kind.BLOCK),)),
    "ObjectInsertOnceStmt": (n.ObjectInsertOnceStmt, _INSERT),
    "ObjectInsertStmt": (n.ObjectInsertStmt, _INSERT),
    "ObjectMergeStmt": (n.ObjectMergeStmt, (("a", Kind.LOCAL), ("b", Kind.LOCAL), _TARGET)),
    "ResetLocalStmt": (n.ResetLocalStmt, (_TARGET,)),
    "ResultSetAddStmt": (n.ResultSetAddStmt, (("value", Kind.LOCAL),)),
    "ReturnLocalStmt": (n.ReturnLocalStmt, _SOURCE),
    "ScanStmt": (
        n.ScanStmt,
        (*_SOURCE, ("key", Kind.LOCAL), ("value", Kind.LOCAL), ("block", Kind.BLOCK)),
    ),
    "SetAddStmt": (n.SetAddStmt, (("value", Kind.OPERAND), ("set", Kind.LOCAL))),
    "WithStmt": (
        n.WithStmt,
        (
            ("local", Kind.LOCAL),
            ("path", Kind.PATH),
            ("value", Kind.OPERAND),
            ("block", Kind.BLOCK),
        ),
    ),
}
