"""One function or plan being planned: its variables, its world, and where its statements go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from regolive.compiler.planner.emit import TRUE, Emitter
from regolive.compiler.planner.world import World
from regolive.compiler.program import Path
from regolive.errors import FrontEndError
from regolive.ir import nodes as ir
from regolive.syntax import nodes as n

if TYPE_CHECKING:
    from regolive.compiler.planner.planner import Planner


class PlanningError(FrontEndError):
    """The planner was given what no resolver hands on: the compiler is wrong, not the policy."""


class Work:
    """What is known while a function is planned.

    ``vars`` holds each bound variable's operand; ``trail`` their names in the order of binding, so
    that what a body bound can be taken back. ``slots`` are the values of mocked functions that are
    handed on. ``base`` are the locals that hold base documents, looked up step by step. ``world``
    is another inside of a ``with``.
    """

    def __init__(self, planner: Planner, world: World) -> None:
        self.planner = planner
        self.world = world
        self.out = Emitter(planner.file_number)
        self.vars: dict[str, ir.Operand] = {}
        self.trail: list[str] = []
        self.slots: Mapping[str, ir.Operand] = {}
        self.base: set[int] = set()
        self.is_function = False  # whether it takes arguments, and can be called in a scan
        self.keyed: dict[Path, int] = {}  # how often sets that iterate were asked for one key
        self.calls: dict[str, None] = {}
        self.builtins: dict[str, None] = {}

    # variables

    def is_free(self, term: n.Term) -> bool:
        """Whether a term is a variable that has no value yet."""
        return (
            isinstance(term, n.Var)
            and term.name not in self.vars
            and term.name not in ("input", "data")
        )

    def has_free(self, term: n.Term) -> bool:
        """Whether a term is a pattern: a free variable, or a composite with one in it."""
        if isinstance(term, n.Var):
            return self.is_free(term)
        if isinstance(term, n.Array | n.Set):
            return any(self.has_free(item) for item in term.items)
        if isinstance(term, n.Object):
            return any(self.has_free(item) for item in term.flat)
        return False

    def bind(self, var: n.Var, value: ir.Operand) -> None:
        """Give a variable its value.

        A document that ``with`` may replace is copied into a local of the variable's own; so is a
        base document, which is then looked up as any value is (OPA: case dataderef).
        """
        if isinstance(value, ir.Local) and (value.index < 2 or value.index in self.base):
            value = self.out.copy(value)
        self.vars[var.name] = value
        self.trail.append(var.name)

    def unbind(self, mark: int) -> None:
        """Take back all bindings since the trail had this length."""
        while len(self.trail) > mark:
            del self.vars[self.trail.pop()]

    # parts of a body

    def found(self, plan: Callable[[], None]) -> int | None:
        """Write what has to hold once: what it binds is forgotten, and its scans end with it.

        None if it does not iterate: then it holds where writing goes on. Else the local that is
        defined if it holds for some element.
        """
        out, trail = self.out, len(self.trail)
        flag = out.local()
        with out.nested() as stmts:
            plan()
            scans = out.mark()
            if scans:
                out.assign(TRUE, flag)
                out.leave(scans)
        self.unbind(trail)
        if not scans:
            out.stmts += stmts
            return None
        out.reset(flag)
        out.blocks(stmts)
        return flag

    def once(self, plan: Callable[[], None]) -> None:
        """Write what has to hold for some element; undefined if it does for none."""
        flag = self.found(plan)
        if flag is not None:
            self.out.defined(flag)
