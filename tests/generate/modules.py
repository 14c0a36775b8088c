"""Random well-formed modules: most of the language, safe, not recursive, and typed well enough.

:func:`make_module` makes one from a :class:`random.Random`; :func:`modules` is the strategy for
hypothesis. Almost all are accepted by a type checker, not all: that a made-up policy compares what
can never be equal is hard to keep from happening.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from hypothesis import strategies as st

from tests.generate.terms import ANY, BOOL, NUM, SCALARS, STR, Known, Terms, Type


@dataclass(frozen=True, slots=True)
class Made:
    """A module, and what it can be asked.

    Attributes:
        package: its package's name, of one step.
        text: the module.
        rules: references to its rules that are no functions, ``data.g.p``.
        queries: queries over it.
    """

    package: str
    text: str
    rules: tuple[str, ...]
    queries: tuple[str, ...]


class ModuleMaker(Terms):
    """Makes the rules of a module, each on those made before."""

    def __init__(self, random: Random, package: str, size: int, *, plain: bool = False) -> None:
        """
        Args:
            random: what is made depends on it alone.
            package: the module's package, one step.
            size: how many names its rules have at most.
            plain: only what older engines take, and take to mean the same: no negated calls (to OPA
                a negation is undefined for an undefined operand), no patterns, no comprehensions in
                heads, no words of the future.
        """
        super().__init__(random, package, plain=plain)
        self.head_depth = 0 if plain else 1
        self.size = size
        self.texts: list[str] = []

    def make(self) -> Made:
        """The module."""
        imports = self._imports()
        for _ in range(self.random.randrange(2, self.size + 1)):
            self._rule()
        # Where a rule stands in a module does not matter.
        self.random.shuffle(self.texts)
        text = "\n\n".join([f"package {self.package}", *imports, *self.texts]) + "\n"
        values = [r for r in self.rules if r.args is None]
        paths = tuple(f"data.{self.package}.{r.name}" for r in values)
        return Made(self.package, text, paths, tuple(self._queries()))

    def _imports(self) -> list[str]:
        lines = []
        if self.chance(0.2):
            lines.append("import rego.v1")
        if self.chance(0.3):
            lines.append("import input.users")
            self.aliases["users"] = "users"
        if self.chance(0.3):
            lines.append("import data.base.xs as numbers_there")
            self.aliases["xs"] = "numbers_there"
        if self.chance(0.2) and not self.plain:
            self.logical = True
            lines += [f"import future.keywords.{word}" for word in ("and", "not", "or")]
        return ["\n".join(lines)] if lines else []

    def _rule(self) -> None:
        makers: list[Callable[[str], None]] = []
        makers += [self._complete] * 4 + [self._partial_set] * 3
        makers += [self._partial_object] * 2 + [self._function] * 3 + [self._otherwise] * 2
        makers += [self._reference, self._reordered, self._constant, self._deep]
        self.scope.variables.clear()
        self.scope.hidden.clear()
        self.pick(makers)(f"r{len(self.rules)}")

    def _body(self, number: int | None = None) -> list[str]:
        self.scope.variables = {k: v for k, v in self.scope.variables.items() if k in self._kept}
        return self.statements(number or self.random.randrange(1, 4), 2)

    _kept: frozenset[str] = frozenset()

    def _with_body(self, head: str, body: list[str]) -> str:
        single = len(body) == 1 and body[0][0] != "{" and ";" not in body[0]
        if single and self.chance(0.5):
            return f"{head} if {body[0]}"
        if self.chance(0.2):
            return f"{head} if {{ {'; '.join(body)} }}"
        lines = "\n".join(f"\t{statement}" for statement in body)
        return f"{head} if {{\n{lines}\n}}"

    def _constant(self, name: str) -> None:
        type_ = self.any_type()
        self.texts.append(f"{name} := {self.term(type_, 2)}")
        self._know(name, type_, static=True)

    def _complete(self, name: str) -> None:
        type_ = self.any_type()
        texts = []
        if self.chance(0.3):
            texts.append(f"default {name} := {self.constant(type_)}")
        body = self._body()
        texts.append(self._with_body(f"{name} := {self.term(type_, self.head_depth)}", body))
        if type_ == BOOL and self.chance(0.5):
            # Several bodies of one value do not conflict.
            texts[-1] = self._with_body(name, self._body())
            texts += [self._with_body(name, self._body()) for _ in range(2)]
        elif self.chance(0.1):
            body = self._body()
            texts.append(self._with_body(f"{name} := {self.term(type_, self.head_depth)}", body))
        self.texts += texts
        self._know(name, type_, static=True)

    def _partial_set(self, name: str) -> None:
        element = self.pick(SCALARS)
        for _ in range(self.random.randrange(1, 3)):
            body = self._body()
            self.texts.append(
                self._with_body(f"{name} contains {self.term(element, self.head_depth)}", body)
            )
        self._know(name, ("set", element))

    def _partial_object(self, name: str) -> None:
        type_ = self.any_type(0)
        key, value = "key", "value"
        body = [f"some {key}, {value} in {self.term(('obj', type_), 1)}"]
        if self.chance(0.3):
            body.append(f"{self.term(STR, 1)} != {key}")
        self.texts.append(self._with_body(f"{name}[{key}] := {value}", body))
        if self.chance(0.3):
            self.texts.append(f'{name}["{name}"] := {self.constant(type_)}')
        self._know(name, ("obj", type_))

    def _function(self, name: str) -> None:
        type_ = self.any_type(1)
        args = tuple(self.any_type(1) for _ in range(self.random.randrange(1, 3)))
        parameters = [f"p{i}" for i in range(len(args))]
        self._kept = frozenset(parameters)
        self.scope.variables = dict(zip(parameters, args, strict=True))
        head = f"{name}({', '.join(parameters)})"
        body = self._body()
        if args[0] in SCALARS and self.chance(0.5):
            # Bodies of which at most one matches.
            rest = parameters[1:]
            for constant in dict.fromkeys(self.constant(args[0]) for _ in range(3)):
                self.scope.variables = dict(zip(rest, args[1:], strict=True))
                result = self.term(type_, self.head_depth)
                text = f"{name}({', '.join([constant, *rest])}) := {result}"
                self.texts.append(text)
        else:
            self.texts.append(
                self._with_body(f"{head} := {self.term(type_, self.head_depth)}", body)
            )
        if self.chance(0.3):
            default = self.constant(type_)
            self.texts.append(f"default {name}({', '.join('_' for _ in args)}) := {default}")
        self._kept = frozenset()
        self._know(name, type_, args)

    def _otherwise(self, name: str) -> None:
        type_ = self.any_type()
        head = f"{name} := "
        text = ""
        for _ in range(self.random.randrange(2, 4)):
            body = self._body()
            clause = self.term(type_, self.head_depth)
            text += self._with_body(f"{head}{clause}", body) + " "
            if not text.rstrip().endswith("}"):
                text = text.rstrip() + "\n"
            head = "else := "
        if self.chance(0.5):
            self.scope.variables = {}
            text += f"else := {self.term(type_, self.head_depth)}"
        self.texts.append(text.rstrip())
        self._know(name, type_, static=True)

    def _reference(self, name: str) -> None:
        """Heads with several steps."""
        type_ = self.any_type(0)
        self.texts.append(f"{name}.one.two := {self.term(type_, self.head_depth)}")
        body = self._body()
        self.texts.append(self._with_body(f"{name}.one.three contains {self.term(STR, 1)}", body))
        self.scope.variables.clear()
        elements = self.term(("arr", type_), 0)
        self.texts.append(f"{name}.at[i] := x if some i, x in {elements}")
        self._know(f"{name}.one.two", type_, static=True)
        self._know(f"{name}.one.three", ("set", STR))

    def _deep(self, name: str) -> None:
        """A partial object of partial sets."""
        self.texts.append(
            f"{name}[user.name] contains role if {{\n"
            f"\tsome user in {self.source(('arr', ('user',)))}\n"
            f"\tsome role in array.concat(user.roles, {self.term(('arr', STR), 1)})\n}}"
        )
        self._know(name, ANY)

    def _reordered(self, name: str) -> None:
        """A body of undeclared variables, in any order."""
        type_ = self.pick((NUM, STR))
        body = [f"a = {self.source(('arr', type_))}[i]", f"b = {self.term(type_, self.head_depth)}"]
        self.scope.variables = {"a": type_, "b": type_, "i": NUM}
        body += [f"c = {self.term(type_, self.head_depth)}", f"[d, {self.term(NUM, 0)}] = [c, n]"]
        body += [f"a {self.pick(('!=', '<', '>='))} {self.term(type_, self.head_depth)}"]
        self.random.shuffle(body)
        self.texts.append(self._with_body(f"{name} contains [a, b, d, n]", body))
        self._know(name, ("set", ANY))

    def _know(
        self, name: str, type_: Type, args: tuple[Type, ...] | None = None, *, static: bool = False
    ) -> None:
        self.rules.append(Known(name, type_, args, static))

    def _queries(self) -> list[str]:
        made = []
        for rule in self.rules:
            path = f"data.{self.package}.{rule.name}"
            if rule.args is not None:
                operands = ", ".join(self.constant(a) for a in rule.args)
                made.append(f"x := {path}({operands})")
            elif rule.type[0] in ("set", "arr", "obj"):
                made.append(f"{path}[k] = v")
                made.append(f"n := count({path}); n > 1")
            else:
                made.append(f"x = {path}; not x == 1")
        if all(rule.args is None for rule in self.rules):
            # OPA's checker stumbles over functions among what it enumerates.
            made.append(f"data.{self.package}[name] = value")
        return self.random.sample(made, min(4, len(made)))


def make_module(random: Random, package: str = "g", size: int = 8, *, plain: bool = False) -> Made:
    """A module of up to ``size`` rules; ``plain``: of what older engines take, too."""
    return ModuleMaker(random, package, size, plain=plain).make()


def modules(*, size: int = 8, plain: bool = False) -> st.SearchStrategy[Made]:
    """Random modules with their queries. A failing one is shown, not made smaller."""
    seeds = st.integers(0, 2**64 - 1)
    return seeds.map(lambda seed: make_module(Random(seed), size=size, plain=plain))
