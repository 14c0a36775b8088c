"""The state of writing one function, and its control flow: blocks, jumps, undefined.

"Undefined" leaves the current block. Where Python has a jump that does that (``return``,
``continue``, ``break``) the jump is written; where not, the rest of the block goes into an ``if``.
A jump further out that Python cannot make is a flag, set at the jump and looked at on the way out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from regolive.codegen.analysis import Locals
from regolive.codegen.shape import walk, writes
from regolive.codegen.simplify import count_tests
from regolive.codegen.writer import Line, Writer
from regolive.ir import nodes as ir
from regolive.values import UNDEFINED

# A block with more tests than this is written flat, as a loop that runs once, not nested.
MAX_NESTED_TESTS = 6
# CPython allows 20 statically nested loops and 100 levels of indentation; past these, a part of
# the function becomes a function of its own.
MAX_LOOPS = 14
MAX_INDENT = 48


CLASS_NAMES = {
    "bool": "bool",
    "dict": "dict",
    "int": "int",
    "list": "list",
    "set": "RegoSet",
    "str": "str",
}


@dataclass(frozen=True, slots=True)
class Expr:
    """A Python expression for a value: an atom, safe to repeat.

    ``kind`` is the type if it is known ("str", "int", "num", "bool", "null", "list", "dict",
    "set"); ``const`` its value if it is a constant.
    """

    code: str
    kind: str | None = None
    const: Any = UNDEFINED

    @property
    def is_const(self) -> bool:
        """Whether the value is known now."""
        return self.const is not UNDEFINED

    @property
    def cls(self) -> str:
        """The expression for the value's class: its name, where that is known."""
        known = CLASS_NAMES.get(self.kind or "")
        if known is not None:
            return known
        return f"({self.code}).__class__" if self.is_const else f"{self.code}.__class__"


@dataclass(slots=True, eq=False)
class Label:
    """The end of a block, as something to jump to.

    ``jump`` is Python's statement for it, valid while ``height`` walls stand around; ``flag`` the
    variable that says, where there is no such statement, that the jump is being made.
    """

    height: int
    jump: str | None = None
    flag: str | None = None
    place: Line | None = None


@dataclass(slots=True)
class Unit:
    """What is common to all functions of a policy: names, constants, builtins."""

    policy: ir.Policy
    functions: dict[str, ir.Func]
    names: dict[str, str]
    numbers: dict[str, int]
    shared: set[str]
    builtins: Any
    inert: frozenset[str] = frozenset()  # what only computes, so that a call may be left out
    constants: dict[str, Any] = field(default_factory=dict)
    used_builtins: dict[str, str] = field(default_factory=dict)
    parts: list[tuple[Writer, int]] = field(default_factory=list)
    # Names of functions by constants, for switches: made when the functions are there.
    tables: dict[str, dict[Any, str]] = field(default_factory=dict)
    # The root of data is an object, unless a `with` may put something else in its place.
    data_is_object: bool = False

    def table(self) -> str:
        """A name for the table of a switch."""
        name = f"T{len(self.tables)}"
        self.tables[name] = {}
        return name

    def constant(self, value: Any) -> str:
        """A name for a constant that has no literal."""
        name = f"K{len(self.constants)}"
        self.constants[name] = value
        return name


class Gen:
    """Writes one function."""

    def __init__(self, unit: Unit, locals_: Locals, name: str, file: int) -> None:
        self.unit = unit
        self.locals = locals_
        self.name = name
        self.file = file
        self.w = Writer()
        self.env: dict[int, Expr] = {}
        self.kinds: dict[int, str] = {}
        self.defined: set[int] = set()
        self.assigned: set[int] = set()
        self.dots: dict[tuple[str, str], Expr] = {}
        self.needs_init: set[int] = set()
        self.labels: list[Label] = []
        self.walls: list[str] = []
        self.pending: list[Label] = []
        self.dead = False
        # Locals known to be undefined, with the number of scans that stood around when tested.
        self.known_undefined: dict[int, int] = {}
        # Lookups made before the scan they stand in: by statement, and by what is looked up.
        self.hoisted: dict[int, Expr] = {}
        self.hoists: dict[tuple[str, str], Expr] = {}
        self.base: set[int] = set()  # locals that hold base documents
        # What tests have shown of variables that keep their value: types, and lengths of arrays.
        self.facts: dict[str, str] = {}
        self.lengths: dict[str, int] = {}
        self.measured: dict[str, str] = {}  # variables that hold the length of an array variable
        # Rules already asked on the way here, by name: asking again gives the same.
        self.asked: dict[str, Expr] = {}
        self.has_with = False
        self.sure: set[str] = set()  # lookups made beforehand that were found to be defined
        self.scans = 0
        self.part_variables: set[str] = set()
        self.unfoldable: set[int] = set()  # statements that make what is no constant
        self.conflict = "COMPLETE_CONFLICT"  # the text for values that differ
        self.returns: int | None = None
        # The assignments that give the one constant that every body gives, if they all do.
        self.early: frozenset[int] = frozenset()
        self.always_given = False  # every assignment of the return value returns at once
        self.function_label = Label(0, jump="return")
        self.counter = 0

    # names and operands

    def fresh(self, prefix: str) -> str:
        """A variable name that nothing else in the function has."""
        self.counter += 1
        return f"{prefix}{self.counter}"

    def var(self, local: int) -> str:
        """The Python variable of a local."""
        return "input" if local == 0 else "data" if local == 1 else f"l{local}"

    def read(self, local: int) -> Expr:
        """The expression for a local's value (which may be UNDEFINED)."""
        bound = self.env.get(local)
        if bound is None:
            if local not in self.assigned:
                self.needs_init.add(local)
            bound = Expr(self.var(local), self.kinds.get(local))
        if bound.kind is None and bound.code in self.facts:
            return Expr(bound.code, self.facts[bound.code])
        return bound

    def learn(self, operand: ir.Operand | int, kind: str) -> None:
        """A test has shown the type of a value, from here to the end of the block."""
        local = operand if isinstance(operand, int) else getattr(operand, "index", None)
        if local is not None and self.locals.steady(local):
            self.facts[self.read(local).code] = kind

    def operand(self, operand: ir.Operand) -> Expr:
        """The expression for an operand."""
        if isinstance(operand, ir.Const):
            kind = "bool" if isinstance(operand.value, bool) else "str"
            return Expr(repr(operand.value), kind, operand.value)
        return self.read(operand.index)

    def write(
        self, local: int, code: str, kind: str | None = None, *, defined: bool = True
    ) -> None:
        """Assign a local's variable."""
        self.w.emit(f"{self.var(local)} = {code}")
        self.note_write(local, kind, defined=defined)

    def note_write(self, local: int, kind: str | None = None, *, defined: bool = True) -> None:
        """Remember that a local's variable now holds a value."""
        self.assigned.add(local)
        self.known_undefined.pop(local, None)
        if defined:
            self.defined.add(local)
        else:
            self.defined.discard(local)
        if kind is not None and self.locals.steady(local):
            self.kinds[local] = kind

    def note_defined(self, operand: ir.Operand | int) -> None:
        """A test has shown a value to be there, from here to the end of the block."""
        local = operand if isinstance(operand, int) else getattr(operand, "index", None)
        if local is not None:
            self.defined.add(local)

    def forget(self, *blocks: ir.Block) -> None:
        """After blocks that may have run in part (or before ones that run again): what they write
        may or may not be defined.
        """
        for _, stmt in walk(blocks):
            for local in writes(stmt):
                self.defined.discard(local)
                self.known_undefined.pop(local, None)

    def is_defined(self, operand: ir.Operand | int) -> bool:
        """Whether a value is certainly there."""
        if isinstance(operand, ir.Const):
            return True
        local = operand if isinstance(operand, int) else operand.index
        bound = self.env.get(local)
        return local in self.defined or (bound is not None and bound.is_const)

    # control flow

    def usable(self, label: Label) -> bool:
        """Whether Python's own jump reaches a label from here."""
        if label.jump is None:
            return False
        if label.jump.startswith("return"):
            return "part" not in self.walls[label.height :]
        return len(self.walls) == label.height

    def require(self, ok: str, fail: str) -> None:
        """Go on if ``ok``; else (``fail``, its negation) the block is undefined."""
        label = self.labels[-1]
        if self.usable(label):
            self.w.open(f"if {fail}:")
            self.w.emit(label.jump or "")
            self.w.close_to(self.w.indent - 1)
        else:
            self.w.emit(f"if {ok}:").negation = fail
            self.w.indent += 1

    def require_defined(self, code: str) -> None:
        """The block is undefined if the value is."""
        self.require(f"{code} is not U", f"{code} is U")
        if code.startswith("h"):  # a lookup made beforehand: it keeps its value
            self.sure.add(code)

    def fail(self) -> None:
        """The block is undefined, whatever else."""
        self.jump(self.labels[-1])

    def jump(self, label: Label) -> None:
        """Leave for the end of a label's block. What follows in this block is not reached."""
        if self.usable(label):
            self.w.emit(label.jump or "")
        elif label is not self.labels[-1] or self._leaving_a_loop(label):
            if label.flag is None:
                label.flag = self.fresh("f")
                if label.place is not None:
                    label.place.text = f"{label.flag} = False"
                    label.place.dropped = False
            self.w.emit(f"{label.flag} = True")
            if label not in self.pending:
                self.pending.append(label)
            self._exit_wall(label)
        self.dead = True

    def _leaving_a_loop(self, label: Label) -> bool:
        return len(self.walls) > label.height

    def _exit_wall(self, label: Label) -> bool:
        """Get out of the innermost wall towards a label; False where falling through does it."""
        if len(self.walls) <= label.height:
            return False
        wall = self.walls[-1]
        if wall == "loop":
            self.w.emit("break")
            return True
        if wall == "part":
            self.w.emit("return PART")
            return True
        return False

    def after_nested(self) -> None:
        """After a statement with blocks: pass on the jumps out of it that are being made."""
        here = self.labels[-1]
        for label in list(self.pending):
            flag = label.flag
            if label is here:
                self.pending.remove(label)
            if self.usable(label):
                self.w.open(f"if {flag}:")
                self.w.emit(label.jump or "")
                self.w.close_to(self.w.indent - 1)
                if label in self.pending:
                    self.pending.remove(label)
            elif len(self.walls) > label.height and self.walls[-1] != "with":
                self.w.open(f"if {flag}:")
                self._exit_wall(label)
                self.w.close_to(self.w.indent - 1)
            else:
                self.w.open(f"if not {flag}:")

    def block(
        self,
        block: ir.Block,
        *,
        jump: str | None = None,
        complete: Callable[[], None] | None = None,
    ) -> None:
        """Write a block. ``jump`` leaves it, if Python has a statement for that here;
        ``complete`` writes what is to happen when its end is reached.
        """
        from regolive.codegen.parts import emit_part

        w = self.w
        indent, defined, dots = w.indent, set(self.defined), dict(self.dots)
        assigned, unknown = set(self.assigned), dict(self.known_undefined)
        hoists, facts, lengths = dict(self.hoists), dict(self.facts), dict(self.lengths)
        asked, sure = dict(self.asked), set(self.sure)
        dead, self.dead = self.dead, False
        if self.loops() >= MAX_LOOPS or w.indent >= MAX_INDENT:
            emit_part(self, block, complete)
        else:
            self._block_here(block, jump, complete)
        w.close_to(indent)
        self.dead = dead
        self.defined, self.dots, self.assigned = defined, dots, assigned
        self.known_undefined, self.hoists = unknown, hoists
        self.forget(block)
        self.facts, self.lengths, self.asked, self.sure = facts, lengths, asked, sure

    def _block_here(
        self, block: ir.Block, jump: str | None, complete: Callable[[], None] | None
    ) -> None:
        """Write a block in line."""
        from regolive.codegen.statements import emit_statements

        w = self.w
        indent = w.indent
        flat = jump is None and count_tests(block) > MAX_NESTED_TESTS
        label = Label(len(self.walls), jump)
        label.place = w.reserve()
        if flat:
            w.open("while True:")
            self.walls.append("loop")
            label.height, label.jump = len(self.walls), "break"
        self.labels.append(label)
        emit_statements(self, block.stmts)
        if not self.dead and complete is not None:
            complete()
        if flat:
            w.close_to(indent + 1)
            if self.falls_through(indent + 1):
                w.emit("break")
            self.walls.pop()
        self.labels.pop()
        if label in self.pending:
            self.pending.remove(label)

    def falls_through(self, indent: int) -> bool:
        """Whether control can reach the end of the suite at this indentation."""
        last = self.w.last()
        return not (
            last is not None
            and last.indent == indent
            and last.text.split(" ")[0] in ("break", "continue", "return")
        )

    def loops(self) -> int:
        """How many Python loops stand around, inside the innermost function."""
        count = 0
        for wall in reversed(self.walls):
            if wall == "part":
                break
            count += wall == "loop"
        return count

    def give(self, code: str) -> None:
        """Return a value from the function, from wherever this is."""
        if "part" in self.walls:
            self.w.emit(f"ret0 = {code}")
            self.function_label.jump = "return ret0"
            self.jump(self.function_label)
        else:
            self.w.emit(f"return {code}")
            self.dead = True
