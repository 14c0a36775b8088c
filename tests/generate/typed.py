"""Random small modules for a type checker: about half of them compare what can never be equal.

Everything but types is right: variables are declared before they are used, rules refer to those
before them. Terms are small and alike, so that types meet.
"""

from __future__ import annotations

from random import Random

_KEYS = ('"a"', '"b"', '"foo"')
_STEPS = (".a", ".b", ".foo", "[0]", "[1]", "[_]", "[null]", "[true]", "[1.5]")
_CALLS = (
    ("upper", 1), ("count", 1), ("startswith", 2), ("concat", 2), ("sum", 1), ("object.get", 3),
    ("array.concat", 2), ("split", 2), ("plus", 2), ("max", 1), ("to_number", 1), ("is_string", 1),
    ("sprintf", 2), ("object.keys", 1), ("union", 1), ("abs", 1),
)  # fmt: skip
_DEEP = 3


def typed_module(random: Random, package: str = "p", rules: int = 3) -> str:
    """The text of a module of so many rules, give or take those of one name."""
    return _Maker(random).module(package, rules)


class _Maker:
    def __init__(self, random: Random) -> None:
        self._random = random
        self._variables = 0
        self._rules: list[str] = []
        self._functions: list[tuple[str, int]] = []

    def module(self, package: str, rules: int) -> str:
        lines = [f"package {package}", ""]
        for number in range(rules):
            lines += self._rule(f"r{number}")
        return "\n".join(lines) + "\n"

    def _rule(self, name: str) -> list[str]:
        make = self._random.choice((self._complete, self._set, self._object, self._function))
        lines = make(name)
        if make != self._function:
            self._rules.append(name)
        return lines

    def _complete(self, name: str) -> list[str]:
        lines = []
        for _ in range(self._random.randrange(1, 3)):
            value, body = self._bodied()
            line = f"{name} := {value} if {{ {body} }}"
            if self._chance(0.2):
                value, body = self._bodied()
                line += f" else := {value} if {{ {body} }}"
            lines.append(line)
        return lines

    def _set(self, name: str) -> list[str]:
        pairs = [self._bodied() for _ in range(self._random.randrange(1, 3))]
        return [f"{name} contains {value} if {{ {body} }}" for value, body in pairs]

    def _object(self, name: str) -> list[str]:
        lines = []
        for _ in range(self._random.randrange(1, 3)):
            known: list[str] = []
            body = self._body(known)
            key = self._random.choice(known) if known else '"k"'
            lines.append(f"{name}[{key}] := {self._value(known)} if {{ {body} }}")
        if self._chance(0.3):
            lines.append(f"{name}.a := {self._constant()}")
        return lines

    def _function(self, name: str) -> list[str]:
        arity = self._random.randrange(1, 3)
        lines = []
        for _ in range(self._random.randrange(1, 3)):
            known: list[str] = []
            args = ", ".join([self._pattern(known) for _ in range(arity)])
            body = self._body(known)
            lines.append(f"{name}({args}) := {self._value(known)} if {{ {body} }}")
        self._functions.append((name, arity))
        return lines

    def _bodied(self) -> tuple[str, str]:
        known: list[str] = []
        body = self._body(known)
        return self._value(known), body

    def _value(self, known: list[str]) -> str:
        return self._random.choice(known) if known and self._chance(0.7) else self._constant()

    def _body(self, known: list[str]) -> str:
        count = self._random.randrange(1, 4)
        return "; ".join([self._expression(known) for _ in range(count)])

    def _expression(self, known: list[str], depth: int = 0) -> str:
        draw = self._random.random()
        term = self._term(known, depth)
        if draw < 0.3:
            known.append(self._variable())
            return f"{known[-1]} := {term}"
        if draw < 0.4:
            fresh: list[str] = []
            pattern = self._pattern(fresh)
            known += fresh
            return f"{pattern} = {term}"
        if draw < 0.6:
            operator = self._random.choice(("==", "==", "==", "!=", "<", "in"))
            negated = "not " if self._chance(0.2) else ""
            return f"{negated}{term} {operator} {self._term(known, depth)}"
        if draw < 0.7:
            return self._call(known, depth)
        if draw < 0.8:
            names = [self._variable() for _ in range(self._random.randrange(1, 3))]
            known += names
            return f"some {', '.join(names)} in {term}"
        if draw < 0.9 or depth >= _DEEP - 1:
            return self._reference(known)
        name = self._variable()
        inner = self._expression([*known, name], depth + 2)
        return f"every {name} in {term} {{ {name} != 7; {inner} }}"

    def _term(self, known: list[str], depth: int = 0) -> str:
        draw = self._random.random()
        if depth >= _DEEP or draw < 0.25:
            return self._constant(depth)
        if draw < 0.5 and known:
            return self._random.choice(known)
        if draw < 0.7:
            return self._reference(known)
        if draw < 0.8:
            return self._composite([self._term(known, depth + 1) for _ in range(2)])
        if draw < 0.9:
            return self._call(known, depth + 1)
        inner = list(known)
        body = self._expression(inner, depth + 1)
        head = self._value(inner)
        return self._random.choice((f"[{head} | {body}]", f"{{{head} | {body}}}"))

    def _call(self, known: list[str], depth: int) -> str:
        calls = [*_CALLS, *self._functions * 4]
        name, arity = self._random.choice(calls)
        return f"{name}({', '.join([self._term(known, depth + 1) for _ in range(arity)])})"

    def _reference(self, known: list[str]) -> str:
        text = self._random.choice([*known, "input", "input.x", *self._rules * 2])
        for _ in range(self._random.randrange(3)):
            text += self._random.choice(_STEPS)
        return text

    def _pattern(self, fresh: list[str], depth: int = 0) -> str:
        if depth > 1 or self._chance(0.5):
            fresh.append(self._variable())
            return fresh[-1]
        return self._composite([self._pattern(fresh, depth + 1) for _ in range(2)], sets=False)

    def _constant(self, depth: int = 0) -> str:
        if depth < _DEEP and self._chance(0.3):
            return self._composite([self._constant(depth + 1) for _ in range(2)])
        return self._random.choice(("1", "1.5", '"a"', '"foo"', "true", "null", "[]", "{}"))

    def _composite(self, parts: list[str], *, sets: bool = True) -> str:
        parts = parts[: self._random.randrange(1, 3)]
        kind = self._random.randrange(3 if sets else 2)
        if kind == 1:
            keys = self._random.sample(_KEYS, len(parts))
            pairs = zip(keys, parts, strict=True)
            return "{" + ", ".join([f"{key}: {part}" for key, part in pairs]) + "}"
        text = ", ".join(parts)
        return f"[{text}]" if kind == 0 else f"{{{text}}}"

    def _variable(self) -> str:
        self._variables += 1
        return f"v{self._variables}"

    def _chance(self, share: float) -> bool:
        return self._random.random() < share
