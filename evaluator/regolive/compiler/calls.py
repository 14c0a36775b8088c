"""Checks of a plan's calls and variables that regopy leaves out.

Its calls of functions that do not exist, or with the wrong number of arguments, its rules that
call themselves and its variables that nothing binds all come out as plans; here they are errors
with OPA's codes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from regolive.compiler import walk
from regolive.compiler.frontend import UndefinedFunctionError, undefined_function
from regolive.errors import Diagnostic, Location, PolicyError
from regolive.ir import nodes as n

# What the parser puts in place of operators and statements is written differently in a policy.
_WRITTEN = {
    "internal.print": "print",
    "internal.member_2": "in",
    "internal.member_3": "in",
    "internal.template_string": '$"...": internal.template_string',
}


def place(policy: n.Policy, pos: n.Pos) -> tuple[Location | None, str | None]:
    """Location and source line of a position."""
    if not pos.row or pos.file >= len(policy.files):
        return None, None
    file = policy.files[pos.file]
    lines = policy.sources.get(file, "").splitlines()
    line = lines[pos.row - 1] if pos.row <= len(lines) else None
    return Location(file, pos.row, pos.col), line


class Calls:
    """Resolves the calls of one plan, and collects what is wrong with them."""

    def __init__(
        self,
        policy: n.Policy,
        builtins: Mapping[str, n.BuiltinDecl],
        own: Collection[str],
        fresh: Iterator[int],
    ) -> None:
        self.policy = policy
        self.builtins = builtins
        self.own = own
        self.fresh = fresh
        self.funcs = {func.name: func for func in policy.funcs}
        self.used: dict[str, n.BuiltinDecl] = {}
        self.missing: dict[str, None] = {}
        self.undefined: list[Diagnostic] = []
        self.wrong: list[Diagnostic] = []

    def resolve(self) -> n.Policy:
        """The policy with every call resolved and its builtins declared.

        Raises:
            UndefinedFunctionError: functions that do not exist, and everything else that is wrong.
            PolicyError: calls with a wrong number of arguments.
        """
        policy = replace(
            self.policy,
            plans=tuple(
                replace(p, blocks=walk.rewrite(p.blocks, self.call)) for p in self.policy.plans
            ),
            funcs=tuple(self.func(func) for func in self.policy.funcs),
        )
        diagnostics = [*self.undefined, *self.wrong]
        if self.undefined:
            raise UndefinedFunctionError(_unique(diagnostics), tuple(self.missing))
        if diagnostics:
            raise PolicyError(_unique(diagnostics))
        builtins = tuple(self.used[name] for name in sorted(self.used))
        return replace(policy, builtins=builtins)

    def func(self, func: n.Func) -> n.Func:
        self.bound = {0, 1, *func.params}
        for stmt in walk.statements(func.blocks):
            self.bound.update(walk.writes(stmt))
        return replace(func, blocks=walk.rewrite(func.blocks, self.call))

    def call(self, stmt: n.Stmt) -> Iterable[n.Stmt]:
        if not isinstance(stmt, n.CallStmt):
            return (stmt,)
        func = self.funcs.get(stmt.func)
        if func is not None:
            if len(func.params) == 2 < len(stmt.args) and self.stands_in(func):
                # Observed: ``with f as rule`` calls the rule with the arguments of the function.
                return (replace(stmt, args=stmt.args[:2]),)
            if len(func.params) != len(stmt.args):
                self.arity(stmt, stmt.func, len(func.params) - 2, len(stmt.args) - 2)
            return (stmt,)
        args = stmt.args
        # To a function that regopy knows neither as a rule nor as a builtin it passes the documents
        # first, as to a rule.
        foreign = stmt.func not in self.own
        if foreign and args[:2] == (n.Local(0), n.Local(1)):
            args = args[2:]
            stmt = replace(stmt, func=self.written(stmt))
        builtin = self.builtins.get(stmt.func)
        if builtin is None:
            self.undefined_function(stmt)
            return (stmt,)
        self.used[stmt.func] = builtin
        operands = len(builtin.decl.get("args") or ())
        if len(args) == operands or builtin.decl.get("variadic"):
            return (replace(stmt, args=args),)
        if len(args) == operands + 1 and foreign:
            return self.with_output(stmt, args)
        self.arity(stmt, stmt.func, operands, len(args))
        return (stmt,)

    def written(self, stmt: n.CallStmt) -> str:
        """The name of a called function as the policy writes it.

        Observed: where there is a package ``geo``, regopy takes ``geo.country(x)`` for
        ``data.geo.country(x)``, in that package and in others.
        """
        location, _ = place(self.policy, stmt.pos)
        source = self.policy.sources.get(location.file, "") if location else ""
        if not stmt.func.startswith("data.") or stmt.func in source:
            return stmt.func
        segments = stmt.func.split(".")[1:]
        for start in range(len(segments) - 1):
            name = ".".join(segments[start:])
            imported = rf"^\s*import\b.*\b{re.escape(segments[start])}\s*$"
            if re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", source) and not re.search(
                imported, source, re.MULTILINE
            ):
                return name
        return stmt.func

    def stands_in(self, func: n.Func) -> bool:
        """Whether a rule is written after ``as`` somewhere: then it may stand for a function."""
        if not func.path:
            return False
        pattern = re.compile(rf"\bas\s+([\w.]+\.)?{re.escape(func.path[-1])}\b")
        return any(map(pattern.search, self.policy.sources.values()))

    def with_output(self, stmt: n.CallStmt, args: tuple[n.Operand, ...]) -> Iterable[n.Stmt]:
        """``f(x, y)`` of a function with one operand: ``y`` is unified with its result.

        Observed: regopy does this for functions it knows; for others the result comes out as one
        argument more, followed by a check that the call is not false, which does not apply here.
        """
        output, value = args[-1], next(self.fresh)
        yield replace(stmt, args=args[:-1], result=value)
        if isinstance(output, n.Local) and output.index not in self.bound:
            self.bound.add(output.index)
            yield n.AssignVarStmt(n.Local(value), output.index, pos=stmt.pos)
        else:
            yield n.EqualStmt(output, n.Local(value), pos=stmt.pos)
        yield n.AssignVarStmt(n.Const(True), stmt.result, pos=stmt.pos)

    def undefined_function(self, stmt: n.CallStmt) -> None:
        name = _WRITTEN.get(stmt.func, stmt.func)
        functions = [
            ".".join(("data", *func.path[1:]))
            for func in self.policy.funcs
            if len(func.params) > 2 and func.path
        ]
        message, hint = undefined_function(name, [*self.builtins, *functions])
        self.missing[stmt.func] = None
        self.undefined.append(self.diagnostic("rego_type_error", message, stmt.pos, name, hint))

    def arity(self, stmt: n.CallStmt, name: str, expected: int, given: int) -> None:
        shown = name.removeprefix("g0.")
        message = f"{shown}: arity mismatch: takes {expected} arguments, {given} given"
        search = shown.rpartition(".")[2]
        self.wrong.append(self.diagnostic("rego_type_error", message, stmt.pos, search))

    def diagnostic(
        self, code: str, message: str, pos: n.Pos, name: str, hint: str | None = None
    ) -> Diagnostic:
        location, line = place(self.policy, pos)
        if location and line:
            location, line = self.exact(location, line, name)
        return Diagnostic(code, message, location, line, hint)

    def exact(self, location: Location, line: str, name: str) -> tuple[Location, str]:
        """The place of the name itself.

        regopy gives the start of the expression around it, or of the one before it.
        """
        lines = self.policy.sources.get(location.file, "").splitlines()
        pattern = re.compile(rf"(?<![\w.]){re.escape(name)}(?![\w.])")
        start = location.col - 1
        for row in range(location.row, min(location.row + 20, len(lines) + 1)):
            match = pattern.search(lines[row - 1], start)
            if match:
                return Location(location.file, row, match.start() + 1), lines[row - 1]
            start = 0
        return location, line


def check_recursion(policy: n.Policy) -> None:
    """Refuse rules that need their own value.

    Raises:
        PolicyError: ``rego_recursion_error``, with the way of the calls.
    """
    called: dict[str, dict[str, n.Pos]] = {}
    for func in policy.funcs:
        edges = called.setdefault(func.name, {})
        for stmt in walk.statements(func.blocks):
            if isinstance(stmt, n.CallStmt):
                edges.setdefault(stmt.func, stmt.pos)
    diagnostics = []
    done: set[str] = set()
    for start, edges in called.items():
        stack = [(start, iter(edges))]
        way = [start]
        while stack:
            name, rest = stack[-1]
            following = next((f for f in rest if f in called and f not in done), None)
            if following is None:
                stack.pop()
                way.pop()
                done.add(name)
            elif following in way:
                names = [n_.removeprefix("g0.") for n_ in way[way.index(following) :]]
                names.append(names[0])
                location, line = place(policy, called[name][following])
                message = f"rule {names[0]} is recursive: {' -> '.join(names)}"
                diagnostics.append(Diagnostic("rego_recursion_error", message, location, line))
            else:
                stack.append((following, iter(called[following])))
                way.append(following)
    if diagnostics:
        raise PolicyError(_unique(diagnostics))


def check_safety(policy: n.Policy) -> None:
    """Refuse variables that nothing binds.

    The plan does not know their names: the error names the expression by its place.

    Raises:
        PolicyError: ``rego_unsafe_var_error``.
    """
    diagnostics = []
    for func in policy.funcs:
        bound = {0, 1, func.returns, *func.params}
        stmts = list(walk.statements(func.blocks))
        for stmt in stmts:
            bound.update(walk.writes(stmt))
        for stmt in stmts:
            if any(local not in bound for local in walk.reads(stmt)):
                location, line = place(policy, stmt.pos)
                message = "a variable in this expression is unsafe: nothing binds it"
                diagnostics.append(Diagnostic("rego_unsafe_var_error", message, location, line))
    if diagnostics:
        raise PolicyError(_unique(diagnostics))


def _unique(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    return list(dict.fromkeys(diagnostics))
