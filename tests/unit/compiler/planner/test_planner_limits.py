"""Policies of unusual size and depth: planned, compiled and answered."""

from __future__ import annotations

from typing import Any

import pytest
from tests.planning import ask

from regolive.values import RegoSet

MANY = 400


def lines(pattern: str, count: int = MANY, start: int = 0) -> str:
    return "\n".join(pattern.replace("@", str(number)) for number in range(start, count))


CASES: list[tuple[str, str, Any, Any]] = [
    (
        "else after else",
        "p := 0 if input.a > 0\n" + lines("else := @ if input.b < @", start=1),
        {"a": 0, "b": MANY - 2},
        MANY - 1,
    ),
    ("bodies", lines("p := @ if input.a >= @ + input.b"), {"a": 0, "b": 0}, 0),
    (
        "bodies that iterate",
        lines("p contains @ if { some x in input.l; x > @ }"),
        {"l": [1, 3]},
        RegoSet([0, 1, 2]),
    ),
    ("members", lines("p contains @ if input.a > @"), {"a": 2}, RegoSet([0, 1])),
    ("keys", lines('o["k@"] := @') + "\np := o[input.k]", {"k": "k77"}, 77),
    ("arguments", lines('f("k@") := @') + "\np := f(input.k)", {"k": "k77"}, 77),
    ("expressions", "p := 1 if {\n" + lines("\tinput.a != @") + "\n}", {"a": -1}, 1),
    ("items", "p := [\n" + lines('\t{"n": @, "l": ["a", @]},') + "\n][input.i].l[1]", {"i": 9}, 9),
    (
        "scans in each other",
        "p := x59 if {\n\tsome x0 in input.l\n"
        + "\n".join(f"\tsome x{i} in [x{i - 1}, 0]" for i in range(1, 60) if i < 12)
        + "\n"
        + "\n".join(f"\tsome x{i} in [x{i - 1}]" for i in range(12, 60))
        + "\n\tx59 > 0\n}",
        {"l": [7]},
        7,
    ),
    (
        "comprehensions in each other",
        "p := " + "".join(f"[y{i} | y{i} := " for i in range(40)) + "1" + "]" * 40,
        None,
        ...,
    ),
    ("rules that ask each other", "r0 := 1\n" + lines("r@ := r0 + 1", 2, 1)
     + "\n" + "\n".join(f"r{i} := r{i - 1} + 1" for i in range(2, 150)) + "\np := r149",
     None, 150),
    ("replacements", "q := input.a\np := x if x := q " + "with input.a as 1 " * 60, {"a": 0}, 1),
    ("packages", "p := data.t.p1\np1 := 1", None, 1),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "document", "want"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_it_is_planned_and_answered(text: str, document: Any, want: Any) -> None:
    (row,) = ask(f"package t\n{text}", "x = data.t.p", document)
    if want is ...:
        value = row["x"]
        for _ in range(40):
            (value,) = value
        assert value == 1
    else:
        assert row == {"x": want}
