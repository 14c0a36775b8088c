"""Random terms and statements of given types: safe, and such that a type checker takes them.

A :class:`Terms` makes text for one module. What is in reach at a place (variables with their types)
is a :class:`Scope`. Types are what the module's own parts are of; ``input`` and ``data.base`` have
the shapes of :data:`INPUTS` and :data:`DATA`, sometimes others, which a checker cannot know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")
Type: TypeAlias = tuple[Any, ...]
"""``("num",)``, ``("arr", ("str",))``: kind, and for collections the type of an element."""

NUM: Type = ("num",)
STR: Type = ("str",)
BOOL: Type = ("bool",)
ANY: Type = ("any",)
USER: Type = ("user",)
SCALARS = (NUM, STR, BOOL)

BASE: dict[str, Any] = {
    "n": 3,
    "m": -2.5,
    "s": "abc",
    "t": "a/b/c",
    "b": True,
    "xs": [3, 1, 2, 1],
    "names": ["ann", "bob", "", "a b", "é"],
    "o": {"a": 1, "b": 2, "c": 0},
    "users": [
        {"name": "ann", "age": 3, "roles": ["a", "b"]},
        {"name": "bob", "age": 40, "roles": []},
        {"name": "cas", "age": 3, "roles": ["b"]},
    ],
    "grid": [[1, 2], [3], []],
    "mixed": [1, "a", None, True, [1], {"a": 1}, 1.5],
    "deep": {"a": {"b": {"c": [1, 2]}, "x": "y"}},
}
DATA: dict[str, Any] = {
    "base": {**BASE, "n": 2, "s": "b", "xs": [1, 5], "o": {"b": 7, "z": -1}, "names": ["bob", "z"]}
}
INPUTS: tuple[Any, ...] = (
    BASE,
    {**BASE, "n": 0, "b": False, "xs": [], "s": "ann", "users": BASE["users"][:1], "mixed": [[]]},
    {**BASE, "n": "3", "s": 7, "xs": {"a": 1, "b": 5}, "o": [4, 5], "names": "abc", "b": None},
    {"n": 12, "s": ""},
)

SOURCES: dict[Type, tuple[str, ...]] = {
    NUM: ("n", "m", "o.a", 'o["b"]', "xs[0]", "xs[1]", "users[0].age", "grid[0][1]"),
    STR: ("s", "t", "names[0]", "users[1].name", "users[0].roles[0]", "deep.a.x"),
    BOOL: ("b",),
    ANY: ("mixed[0]", "mixed[4]", "deep.a", "nothing", "n", "mixed", "users"),
    USER: ("users[0]", "users[2]"),
    ("arr", NUM): ("xs", "grid[0]", "deep.a.b.c"),
    ("arr", STR): ("names", "users[0].roles"),
    ("arr", USER): ("users",),
    ("arr", ("arr", NUM)): ("grid",),
    ("arr", ANY): ("mixed",),
    ("obj", NUM): ("o",),
}
_STRINGS = ('"a"', '"b"', '"ann"', '""', '"a/b"', '"é\\n"', "`raw\\d`", '"\\u00e9"', '"abc"')
_USER = '{"name": "ann", "age": 3, "roles": ["a"]}'
_KEYS = ('"a"', '"b"', '"c"', '"z"')
_NUMBERS = ("0", "1", "2", "3", "-1", "10", "1.5", "0.1", "1000", "-2.5", "100000000000000000000")


@dataclass(slots=True)
class Scope:
    """Variables in reach. ``hidden`` are names of outer scopes that may be declared anew."""

    variables: dict[str, Type] = field(default_factory=dict)
    hidden: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Known:
    """A rule that other rules may use: how it is referred to and of which type it is.

    ``args`` are the types of a function's parameters. A ``static`` composite is one whose elements
    a checker knows one by one.
    """

    name: str
    type: Type
    args: tuple[Type, ...] | None = None
    static: bool = False


class Terms:
    """Makes terms and bodies for a module."""

    def __init__(self, random: Random, package: str, *, plain: bool = False) -> None:
        """
        Args:
            random: what is made depends on it alone.
            package: the module's package.
            plain: only what older engines take, and take to mean the same.
        """
        self.random = random
        self.plain = plain
        self.package = package
        self.rules: list[Known] = []
        self.scope = Scope()
        self.count = 0
        self.logical = False
        self.aliases: dict[str, str] = {}

    # Helpers

    def chance(self, probability: float) -> bool:
        """True that often."""
        return self.random.random() < probability

    def pick(self, options: Sequence[T]) -> T:
        """One of some."""
        return options[self.random.randrange(len(options))]

    def fresh(self) -> str:
        """A variable's name: new, or one that a scope around has and this one has not used."""
        if self.scope.hidden and self.chance(0.3):
            return self.scope.hidden.pop()
        self.count += 1
        return f"v{self.count}"

    @contextmanager
    def inner(self) -> Iterator[None]:
        """A scope inside of this one."""
        outer = self.scope
        # A name that is declared anew must not be used before it is, so it is out of reach.
        names = list(outer.variables)
        self.random.shuffle(names)
        hidden = names[: len(names) // 3]
        kept = {k: v for k, v in outer.variables.items() if k not in hidden}
        self.scope = Scope(kept, hidden)
        try:
            yield
        finally:
            self.scope = outer

    def source(self, type_: Type) -> str | None:
        """A reference into a document that has, mostly, that type."""
        paths = SOURCES.get(type_)
        if not paths:
            return None
        path: str = self.pick(paths)
        first = path.split(".", maxsplit=1)[0].split("[", maxsplit=1)[0]
        alias = self.aliases.get(first)
        if alias and self.chance(0.5):
            return alias + path[len(first) :]
        root = "input" if self.chance(0.65) else "data.base"
        return f"{root}.{path}"

    def rule_reference(self, rule: Known) -> str:
        """A rule by its name or its path."""
        if self.chance(0.2):
            return f"data.{self.package}.{rule.name}"
        return rule.name

    def any_type(self, depth: int = 1) -> Type:
        """A type, of collections as well."""
        if depth > 0 and self.chance(0.4):
            kind = self.pick(("arr", "arr", "set", "obj"))
            return (kind, self.any_type(depth - 1))
        return self.pick((NUM, NUM, STR, STR, BOOL))

    # Terms

    def term(self, type_: Type, depth: int = 2) -> str:
        """A term of a type."""
        options: list[Callable[[], str | None]] = []
        text: str | None
        variables = [k for k, v in self.scope.variables.items() if v == type_]
        if variables:
            options += [lambda: self.pick(variables)] * 4
        options += [lambda: self.source(type_)] * 2
        rules = [r for r in self.rules if r.type == type_ and (r.args is None or depth > 0)]
        if rules:
            options += [lambda: self.use(self.pick(rules), depth)] * 2
        options.append(lambda: self.literal(type_, depth))
        if depth > 0:
            options += [lambda: self.computed(type_, depth - 1)] * 3
        while True:
            text = self.pick(options)()
            if text is not None:
                return text

    def use(self, rule: Known, depth: int) -> str:
        """A rule's value, or a call."""
        if rule.args is None:
            return self.rule_reference(rule)
        operands = ", ".join(self.term(a, depth - 1) for a in rule.args)
        return f"{self.rule_reference(rule)}({operands})"

    def literal(self, type_: Type, depth: int) -> str | None:
        """A constant, or a collection of terms."""
        kind = type_[0]
        if kind == "num":
            return str(self.pick(_NUMBERS))
        if kind == "str":
            if depth > 0 and self.chance(0.15):
                return self.template(depth - 1)
            return str(self.pick(_STRINGS))
        if kind == "bool":
            return str(self.pick(("true", "false")))
        if kind == "any":
            return str(self.pick(("null", "1", '"a"', "[]", "{}", "set()", '{"a": 1}', "[1, 2]")))
        if depth < 0:
            return self.constant(type_)
        if kind == "user":
            return f'{{"name": {self.term(STR, 0)}, "age": {self.term(NUM, 0)}, "roles": ["a"]}}'
        items = [self.term(type_[1], depth - 1) for _ in range(self.random.randrange(4))]
        if kind == "arr":
            return f"[{', '.join(items)}]"
        if kind == "set":
            return f"{{{', '.join(items)}}}" if items else "set()"
        keys = self.random.sample(_KEYS, len(items))
        return f"{{{', '.join(f'{k}: {v}' for k, v in zip(keys, items, strict=True))}}}"

    def constant(self, type_: Type, depth: int = 1) -> str:
        """A term without variables, references and calls."""
        kind = type_[0]
        if kind not in ("arr", "set", "obj"):
            text = None if kind == "user" else self.literal(type_, 0)
            return text or _USER
        items = [self.constant(type_[1], depth - 1) for _ in range(self.random.randrange(3))]
        if kind == "obj":
            return f"{{{', '.join(f'{k}: {v}' for k, v in zip(_KEYS, items, strict=False))}}}"
        if kind == "arr":
            return f"[{', '.join(items)}]"
        return f"{{{', '.join(items)}}}" if items else "set()"

    def template(self, depth: int) -> str:
        """A template string."""
        inside = self.term(self.pick(SCALARS), depth)
        if "`" in inside or "\\" in inside or '"' in inside:
            return f'$"x {{{inside}}}"' if "\\" not in inside else '"x"'
        return self.pick((f'$"x {{{inside}}}y"', f"$`{{{inside}}}`", f'$"\\{{ {{{inside}}}"'))

    def computed(self, type_: Type, depth: int) -> str | None:
        """What an operator, a builtin or a comprehension gives."""
        kind = type_[0]
        if kind in ("arr", "set", "obj") and self.chance(0.55):
            return self.comprehension(type_, depth)
        makers: dict[str, Callable[[Type, int], str | None]] = {
            "num": self._number,
            "str": self._string,
            "bool": self._truth,
            "arr": self._array,
            "set": self._set,
            "obj": self._object,
        }
        maker = makers.get(kind)
        return maker(type_, depth) if maker else None

    def collection(self, element: Type, depth: int) -> str:
        """A collection with elements of a type."""
        return self.term((self.pick(("arr", "arr", "set", "obj")), element), depth)

    def _number(self, type_: Type, depth: int) -> str | None:
        numbers = self.term(("arr", NUM), depth)
        a, b = self.term(NUM, depth), self.term(NUM, depth)
        return self.pick(
            (
                f"({a} {self.pick(('+', '-', '*'))} {b})",
                f"({a} {self.pick(('+', '-', '*', '/', '%'))} {b})",
                f"{self.pick(('abs', 'round', 'ceil', 'floor'))}({a})",
                f"{self.pick(('count', 'sum', 'max', 'min'))}({numbers})",
                f"count({self.collection(self.any_type(), depth)})",
                f"count({self.term(STR, depth)})",
                f"object.get({self.term(('obj', NUM), depth)}, {self.term(STR, 0)}, {b})",
                f"to_number(format_int(abs({a}), 10))",
                f"-{self.pick(('1', '2.5', '7'))}",
                f"{self.term(USER, 0)}.age",
            )
        )

    def _string(self, type_: Type, depth: int) -> str | None:
        text, other = self.term(STR, depth), self.term(STR, depth)
        return self.pick(
            (
                f"{self.pick(('upper', 'lower', 'trim_space'))}({text})",
                f"concat({other}, {self.term(('arr', STR), depth)})",
                f'sprintf("%v-%v", [{self.term(self.any_type(), depth)}, {text}])',
                f"trim{self.pick(('', '_left', '_right', '_prefix', '_suffix'))}({text}, {other})",
                f"replace({text}, {other}, {self.term(STR, 0)})",
                f"substring({text}, {self.pick(('0', '1'))}, {self.pick(('-1', '2'))})",
                f"type_name({self.term(self.any_type(), depth)})",
                f"json.marshal({self.term(self.any_type(), depth)})",
                f"{self.term(USER, 0)}.name",
            )
        )

    def _truth(self, type_: Type, depth: int) -> str | None:
        scalar = self.pick((NUM, STR))
        a, b = self.term(scalar, depth), self.term(scalar, depth)
        element = self.pick((NUM, STR))
        return self.pick(
            (
                f"({a} {self.pick(('==', '!=', '<', '<=', '>', '>='))} {b})",
                f"({self.term(element, depth)} in {self.collection(element, depth)})",
                f"({self.pick(('0', '1'))}, {b} in {self.term(('arr', scalar), depth)})",
                f"{self.pick(('startswith', 'endswith', 'contains'))}"
                f"({self.term(STR, depth)}, {self.term(STR, depth)})",
                f"is_{self.pick(('string', 'number', 'array', 'set', 'null'))}"
                f"({self.term(ANY, depth)})",
                f'regex.match("^[a-c]+$", {self.term(STR, depth)})',
            )
        )

    def _array(self, type_: Type, depth: int) -> str | None:
        element = type_[1]
        same = f"array.concat({self.term(type_, depth)}, {self.term(type_, depth)})"
        options = [
            same,
            f"array.reverse({self.term(type_, depth)})",
            self.comprehension(type_, depth),
        ]
        if element in (NUM, STR):
            options.append(f"sort({self.collection_of_two(element, depth)})")
        if element == STR:
            options.append(f'split({self.term(STR, depth)}, "{self.pick(("/", "b", " "))}")')
        if element == NUM:
            options.append(f"numbers.range({self.pick(('1', '3'))}, {self.pick(('2', '5'))})")
        return self.pick(options)

    def collection_of_two(self, element: Type, depth: int) -> str:
        """An array or a set."""
        return self.term((self.pick(("arr", "set")), element), depth)

    def _set(self, type_: Type, depth: int) -> str | None:
        a, b = self.term(type_, depth), self.term(type_, depth)
        return self.pick((f"({a} {self.pick(('|', '&', '-'))} {b})", f"union({{{a}, {b}}})"))

    def _object(self, type_: Type, depth: int) -> str | None:
        a, b = self.term(type_, depth), self.term(type_, depth)
        keys = self.term(("arr", STR), depth)
        return self.pick(
            (
                f"object.union({a}, {b})",
                f"object.remove({a}, {keys})",
                f"object.filter({a}, {keys})",
            )
        )

    def comprehension(self, type_: Type, depth: int) -> str:
        """A comprehension of a collection's type."""
        kind, element = type_
        with self.inner():
            body = self.statements(self.random.randrange(1, 3), min(depth, 1))
            if kind == "obj":
                pairs = self.term(("obj", self.any_type(0)), 0)
                key = self.fresh()
                self.scope.variables[key] = STR
                body.append(f"some {key}, _ in {pairs}")
                head = f"{key}: {self.term(element, depth)}" if self.chance(0.2) else None
                if head is None:
                    # One value for each key, mostly: what depends on more may conflict.
                    value = self.literal(element, 0) or "1"
                    head = f"{key}: {value}"
            else:
                head = self.term(element, depth)
        inside = f"{head} | {'; '.join(body)}"
        return f"[{inside}]" if kind == "arr" else f"{{{inside}}}"

    # Statements

    def statements(self, number: int, depth: int) -> list[str]:
        """Statements of a body, each on what those before it bind."""
        return [self.statement(depth) for _ in range(number)]

    def statement(self, depth: int) -> str:
        """One statement."""
        makers: list[Callable[[int], str]] = []
        makers += [self.assignment] * 4 + [self.iteration] * 5
        makers += [self.enumeration] * 3 + [self.test] * 5
        if not self.plain:
            makers += [self.unification] * 2
        makers += [self.negation, self.every, self.replaced]
        if self.logical:
            makers.append(self.alternative)
        return self.pick(makers)(depth)

    def assignment(self, depth: int) -> str:
        """``x := term``."""
        type_ = self.any_type()
        text = self.term(type_, depth)
        name = self.fresh()
        self.scope.variables[name] = type_
        return f"{name} := {text}"

    def iteration(self, depth: int) -> str:
        """``some k, x in collection``."""
        kind = self.pick(("arr", "arr", "set", "obj"))
        element = self.pick((NUM, STR, STR, USER if kind == "arr" else NUM))
        collection = self.term((kind, element), depth)
        name = self.fresh()
        if kind != "set" and self.chance(0.4):
            key = self.fresh()
            self.scope.variables[key] = NUM if kind == "arr" else STR
            self.scope.variables[name] = element
            return f"some {key}, {name} in {collection}"
        self.scope.variables[name] = element
        return f"some {name} in {collection}"

    def enumeration(self, depth: int) -> str:
        """A reference with a key that it enumerates: ``x := input.xs[_]``."""
        type_ = self.pick(
            (("arr", NUM), ("arr", STR), ("obj", NUM), ("arr", USER), ("arr", ("arr", NUM)))
        )
        base = self.source(type_)
        assert base is not None
        name = self.fresh()
        self.scope.variables[name] = type_[1]
        key = "_"
        if self.chance(0.3):
            self.count += 1
            key = f"k{self.count}"
            if self.plain or self.chance(0.5):
                text = f"some {key}; {name} := {base}[{key}]"
            else:
                text = f"{name} = {base}[{key}]"
            self.scope.variables[key] = STR if type_[0] == "obj" else NUM
            return text
        return f"{name} := {base}[{key}]"

    def test(self, depth: int) -> str:
        """A statement that holds or not."""
        if self.chance(0.25):
            element = self.pick((NUM, STR))
            return f"{self.term(element, depth)} in {self.collection(element, depth)}"
        if self.chance(0.2):
            return self.term(self.any_type(), depth)
        if self.chance(0.2):
            type_ = (self.pick(("arr", "set")), self.pick((NUM, STR)))
            return f"{self.comprehension(type_, 0)} == {self.term(type_, depth)}"
        scalar = self.pick((NUM, STR, NUM, STR, BOOL))
        operator = self.pick(("==", "!=", "<", "<=", ">", ">="))
        return f"{self.term(scalar, depth)} {operator} {self.term(scalar, depth)}"

    def unification(self, depth: int) -> str:
        """``pattern = term``, binding new variables."""
        one, two = self.fresh(), self.fresh()
        if self.chance(0.5):
            element = self.pick((NUM, STR))
            base = self.source(("arr", element)) or "input.xs"
            text = f"[{one}, {two}] = {base}"
            if self.chance(0.5):
                text = f"[{one}, _, {two}] := {base}"
            self.scope.variables[one] = self.scope.variables[two] = element
            return text
        user = f"input.users[{self.pick(('_', '0', '1'))}]"
        self.scope.variables[one], self.scope.variables[two] = STR, NUM
        return f'{{"name": {one}, "age": {two}, "roles": _}} = {user}'

    def negation(self, depth: int) -> str:
        """``not statement``, or a body where the module imports that keyword."""
        if self.logical and self.chance(0.4):
            with self.inner():
                return f"not {{ {'; '.join(self.statements(2, 0))} }}"
        if self.plain:
            return f"not {self.source(BOOL)}"
        # Not a constant: OPA takes a body that is only `not true` for `true` in some places.
        return f"not {self.computed(BOOL, max(depth - 1, 0))}"

    def every(self, depth: int) -> str:
        """``every x in collection { ... }``."""
        element = self.pick((NUM, STR))
        domain = self.term((self.pick(("arr", "set", "obj")), element), depth)
        with self.inner():
            self.count += 1
            name = f"e{self.count}"
            self.scope.variables[name] = element
            head = name
            if self.chance(0.3):
                head = f"_, {name}"
            operator = self.pick(("==", "!=", "<", "<=", ">", ">="))
            body = [f"{name} {operator} {self.term(element, 0)}"]
            body += self.statements(self.random.randrange(2), 0)
        return f"every {head} in {domain} {{ {'; '.join(body)} }}"

    def replaced(self, depth: int) -> str:
        """A rule's value over another document."""
        rules = [r for r in self.rules if r.args is None]
        if not rules:
            return self.test(depth)
        rule = self.pick(rules)
        name = self.fresh()
        text = f"{name} := {self.rule_reference(rule)}"
        for _ in range(self.random.randrange(1, 3)):
            text += f" with {self.replacement()}"
        self.scope.variables[name] = rule.type
        return text

    def replacement(self) -> str:
        """``target as value``."""
        value = self.constant if self.plain else lambda type_: self.term(type_, 0)
        choice = self.random.randrange(6)
        if choice == 0:
            return f'input as {{"n": {value(NUM)}}}'
        if choice == 1:
            return f"input.xs as {value(('arr', NUM))}"
        if choice == 2:
            return f"data.base.o as {value(('obj', NUM))}"
        if choice == 3:
            return "upper as lower"
        if choice == 4:
            rules = [r for r in self.rules if r.args is None and r.type in SCALARS]
            if rules:
                rule = self.pick(rules)
                return f"data.{self.package}.{rule.name} as {value(rule.type)}"
        return f"input.{self.pick(('n', 's', 'o.a', 'new.path'))} as {value(NUM)}"

    def alternative(self, depth: int) -> str:
        """Statements joined by the words for and, or."""
        word = self.pick(("and", "or"))
        sides = [self.test(0) for _ in range(2)]
        with self.inner():
            sides.append(f"{{ {'; '.join(self.statements(2, 0))} }}")
        # Braces are a body here, so a term that begins with them stands in parentheses.
        sides[:2] = [f"({side})" if side.startswith("{") else side for side in sides[:2]]
        return f" {word} ".join(self.random.sample(sides, 2))
