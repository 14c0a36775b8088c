"""Writing the statements of one function or plan: locals, blocks, scans and places.

Statements are written one after another. A scan opens a block that all that follows goes into,
until the scans down to some mark are closed: so a body is planned from its first expression to its
last, without recursion, however many of them iterate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from regolive.ir import nodes as ir
from regolive.syntax import nodes as n

INPUT = ir.Local(0)
DATA = ir.Local(1)
TRUE = ir.Const(True)
FALSE = ir.Const(False)


class Emitter:
    """Where statements go: the innermost open block, and the scans around it.

    ``file_number`` gives a file's index in the policy. ``loops`` counts all scans that stand around
    what is written now, those outside of nested blocks too.
    """

    __slots__ = ("_count", "_file_number", "_scans", "files", "loops", "pos", "stmts")

    def __init__(self, file_number: Callable[[n.Source], int]) -> None:
        self.stmts: list[ir.Stmt] = []
        self.pos = ir.NOWHERE
        self.loops = 0
        self.files: set[int] = set()
        self._file_number = file_number
        self._scans: list[tuple[list[ir.Stmt], int, int, int, ir.Pos]] = []
        self._count = 1  # the locals 0 and 1 are the documents

    def at(self, loc: n.Loc) -> None:
        """What is written from here on comes from that place."""
        row, col = loc.source.row_col(loc.start)
        file = self._file_number(loc.source)
        self.files.add(file)
        self.pos = ir.Pos(file, row, col)

    def local(self) -> int:
        """A local that nothing uses yet."""
        self._count += 1
        return self._count

    def emit(self, stmt: ir.Stmt) -> None:
        """Add a statement that has its place already."""
        self.stmts.append(stmt)

    # blocks and scans

    def mark(self) -> int:
        """How many scans are open in this block."""
        return len(self._scans)

    def scan(self, source: int, key: int, value: int) -> None:
        """Open a scan: what follows is done for each element."""
        self._scans.append((self.stmts, source, key, value, self.pos))
        self.stmts = []
        self.loops += 1

    def close_to(self, mark: int) -> None:
        """Close the scans opened since a mark."""
        while len(self._scans) > mark:
            block = ir.Block(tuple(self.stmts))
            self.stmts, source, key, value, pos = self._scans.pop()
            self.stmts.append(ir.ScanStmt(source, key, value, block, pos=pos))
            self.loops -= 1

    @contextmanager
    def nested(self) -> Iterator[list[ir.Stmt]]:
        """Write into a block of its own. Its scans are closed at its end."""
        outer, scans = self.stmts, self._scans
        inner: list[ir.Stmt] = []
        self.stmts, self._scans = inner, []
        try:
            yield inner
            self.close_to(0)
        finally:
            self.stmts, self._scans = outer, scans

    def blocks(self, *blocks: list[ir.Stmt]) -> None:
        """Blocks one after another, as one statement."""
        made = tuple(ir.Block(tuple(stmts)) for stmts in blocks)
        self.stmts.append(ir.BlockStmt(made, pos=self.pos))

    # statements

    def fail(self) -> None:
        """Leave the block: undefined, whatever else."""
        self.stmts.append(ir.BreakStmt(0, pos=self.pos))

    def leave(self, blocks: int) -> None:
        """Leave so many blocks beyond the innermost."""
        self.stmts.append(ir.BreakStmt(blocks, pos=self.pos))

    def assign(self, source: ir.Operand, target: int) -> None:
        """Give a local a value (again)."""
        self.stmts.append(ir.AssignVarStmt(source, target, pos=self.pos))

    def copy(self, source: ir.Operand) -> ir.Local:
        """A local of its own with a value."""
        target = self.local()
        self.assign(source, target)
        return ir.Local(target)

    def reset(self, target: int) -> None:
        """Make a local undefined."""
        self.stmts.append(ir.ResetLocalStmt(target, pos=self.pos))

    def dot(self, source: ir.Operand, key: ir.Operand) -> ir.Local:
        """A lookup; undefined where there is nothing."""
        target = self.local()
        self.stmts.append(ir.DotStmt(source, key, target, pos=self.pos))
        return ir.Local(target)

    def equal(self, a: ir.Operand, b: ir.Operand) -> None:
        """Undefined unless both are equal."""
        self.stmts.append(ir.EqualStmt(a, b, pos=self.pos))

    def not_false(self, value: ir.Operand) -> None:
        """Undefined if a value is false."""
        if isinstance(value, ir.Const):
            if value.value is False:
                self.fail()
            return
        self.stmts.append(ir.NotEqualStmt(value, FALSE, pos=self.pos))

    def defined(self, local: int) -> None:
        """Undefined if a local is."""
        self.stmts.append(ir.IsDefinedStmt(local, pos=self.pos))

    def undefined(self, local: int) -> None:
        """Undefined unless a local is."""
        self.stmts.append(ir.IsUndefinedStmt(local, pos=self.pos))

    def call(self, func: str, args: tuple[ir.Operand, ...]) -> ir.Local:
        """A call; undefined if its result is."""
        result = self.local()
        self.stmts.append(ir.CallStmt(func, args, result, pos=self.pos))
        return ir.Local(result)

    def integer(self, value: int) -> ir.Local:
        """A local that holds a whole number."""
        target = self.local()
        self.stmts.append(ir.MakeNumberIntStmt(value, target, pos=self.pos))
        return ir.Local(target)

    def number(self, text: str) -> ir.Local:
        """A local that holds a number as it was written."""
        target = self.local()
        self.stmts.append(ir.MakeNumberRefStmt(text, target, pos=self.pos))
        return ir.Local(target)

    def null(self) -> ir.Local:
        """A local that holds null."""
        target = self.local()
        self.stmts.append(ir.MakeNullStmt(target, pos=self.pos))
        return ir.Local(target)

    def array(self, items: list[ir.Operand]) -> ir.Local:
        """A new array of these items."""
        target = self.local()
        self.stmts.append(ir.MakeArrayStmt(len(items), target, pos=self.pos))
        for item in items:
            self.stmts.append(ir.ArrayAppendStmt(item, target, pos=self.pos))
        return ir.Local(target)

    def set(self, items: list[ir.Operand]) -> ir.Local:
        """A new set of these items."""
        target = self.local()
        self.stmts.append(ir.MakeSetStmt(target, pos=self.pos))
        for item in items:
            self.stmts.append(ir.SetAddStmt(item, target, pos=self.pos))
        return ir.Local(target)

    def object(self, pairs: list[tuple[ir.Operand, ir.Operand]]) -> ir.Local:
        """A new object of these pairs."""
        target = self.local()
        self.stmts.append(ir.MakeObjectStmt(target, pos=self.pos))
        for key, value in pairs:
            self.stmts.append(ir.ObjectInsertStmt(key, value, target, pos=self.pos))
        return ir.Local(target)
