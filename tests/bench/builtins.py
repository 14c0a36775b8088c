"""Each hot builtin against the same thing in plain Python, an empty decision taken off both.

A decision makes ``CALLS`` calls over as many operands of its input, so that a call of a few
nanoseconds can be told from the decision around it. The empty decision reads the first operands
and puts them into an array; so does the one by hand. Both are taken off round by round.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import re
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import geometric_mean, median
from string import Template
from typing import Any

from regolive import RegoSet, Runtime
from tests.bench.timing import Batch, Effort, compare

CALLS = 8
DOCUMENTS = 16

Operands = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """One builtin, called in Rego and done in Python, over operands ``$a`` and ``$b``.

    Attributes:
        name: what the table calls it.
        rego: the call.
        python: an expression for the same, as somebody writes it who knows the operands' types.
        operands: draws the operands of one call.
        scope: what the Python expression uses besides Python's own functions.
    """

    name: str
    rego: str
    python: str
    operands: Callable[[random.Random], Operands]
    scope: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """Nanoseconds per call without the empty decision, and how many times as long ours takes."""

    name: str
    regolive_ns: float
    python_ns: float
    times: float


WORDS = ("alice", "bob", "orders/1", "orders/22", "invoices/7", "admin", "read", "api.example.com")


def _word(rng: random.Random) -> str:
    return rng.choice(WORDS) + rng.choice(("", "", "-x", ".example.com"))


def _words(rng: random.Random) -> list[str]:
    return [_word(rng) for _ in range(rng.randint(2, 8))]


def _numbers(rng: random.Random) -> list[int]:
    return [rng.randint(-1000, 1000) for _ in range(rng.randint(2, 8))]


def _object(rng: random.Random) -> dict[str, Any]:
    return {_word(rng): rng.randint(0, 9) for _ in range(rng.randint(2, 8))}


def _nested(rng: random.Random) -> dict[str, Any]:
    name = {"name": _word(rng)} if rng.random() < 0.7 else {}
    return {"user": name, "kind": _word(rng)}


def _one(draw: Callable[[random.Random], Any]) -> Callable[[random.Random], Operands]:
    return lambda rng: (draw(rng),)


def _two(
    first: Callable[[random.Random], Any], second: Callable[[random.Random], Any]
) -> Callable[[random.Random], Operands]:
    return lambda rng: (first(rng), second(rng))


def _integer(rng: random.Random) -> int:
    return rng.randint(-100, 100)


def _mixed(rng: random.Random) -> Any:
    return rng.choice((_word, _integer, _words, _object))(rng)


CASES: tuple[Call, ...] = (
    Call("== (strings)", "$a == $b", "$a == $b", _two(_word, _word)),
    Call("== (numbers)", "$a == $b", "$a == $b", _two(_integer, _integer)),
    Call('== "constant"', '$a == "admin"', '$a == "admin"', _one(_word)),
    Call("< (numbers)", "$a < $b", "$a < $b", _two(_integer, _integer)),
    Call("< (strings)", "$a < $b", "$a < $b", _two(_word, _word)),
    Call("in (array)", "$a in $b", "$a in $b", _two(_word, _words)),
    Call("in (array of numbers)", "$a in $b", "$a in $b", _two(_integer, _numbers)),
    Call("in (object)", "$a in $b", "$a in $b.values()", _two(lambda r: r.randint(0, 9), _object)),
    Call(
        "in (set)",
        '$a in {"alice", "bob", "admin"}',
        "$a in NAMES",
        _one(_word),
        {"NAMES": frozenset({"alice", "bob", "admin"})},
    ),
    Call("startswith", "startswith($a, $b)", "$a.startswith($b)", _two(_word, _word)),
    Call("endswith", "endswith($a, $b)", "$a.endswith($b)", _two(_word, _word)),
    Call("contains", "contains($a, $b)", "$b in $a", _two(_word, _word)),
    Call("count (array)", "count($a)", "len($a)", _one(_words)),
    Call("count (string)", "count($a)", "len($a)", _one(_word)),
    Call("concat", 'concat("/", $a)', '"/".join($a)', _one(_words)),
    Call("object.get (key)", 'object.get($a, "kind", "")', '$a.get("kind", "")', _one(_nested)),
    Call(
        "object.get (path)",
        'object.get($a, ["user", "name"], "")',
        '$a.get("user", {}).get("name", "")',
        _one(_nested),
    ),
    Call("sprintf", 'sprintf("%s has %d", [$a, $b])', 'f"{$a} has {$b}"', _two(_word, _integer)),
    Call("lower", "lower($a)", "$a.lower()", _one(_word)),
    Call("upper", "upper($a)", "$a.upper()", _one(_word)),
    Call("split", 'split($a, "/")', '$a.split("/")', _one(_word)),
    Call("trim", 'trim($a, "x-")', '$a.strip("x-")', _one(_word)),
    Call("trim_prefix", 'trim_prefix($a, "or")', '$a.removeprefix("or")', _one(_word)),
    Call("trim_space", "trim_space($a)", "$a.strip()", _one(_word)),
    Call("replace", 'replace($a, "/", "-")', '$a.replace("/", "-")', _one(_word)),
    Call("substring", "substring($a, 1, 3)", "$a[1:4]", _one(_word)),
    Call("array.concat", "array.concat($a, $b)", "$a + $b", _two(_words, _numbers)),
    Call("sum", "sum($a)", "sum($a)", _one(_numbers)),
    Call("max", "max($a)", "max($a)", _one(_numbers)),
    Call("is_string", "is_string($a)", "isinstance($a, str)", _one(_mixed)),
    Call("to_number", "to_number($a)", "int($a)", _one(lambda rng: str(_integer(rng)))),
    Call(
        "regex.match (constant)",
        'regex.match("^orders/[0-9]+$$", $a)',
        "ORDERS.search($a) is not None",
        _one(_word),
        {"ORDERS": re.compile("^orders/[0-9]+$", re.ASCII)},
    ),
    Call(
        "glob.match (constant)",
        'glob.match("*.example.*", ["."], $a)',
        "NAMES.fullmatch($a) is not None",
        _one(_word),
        {"NAMES": re.compile(r"[^.]*\.example\.[^.]*")},
    ),
    Call(
        "json.unmarshal",
        "json.unmarshal($a)",
        "loads($a)",
        _one(lambda rng: json.dumps(_nested(rng))),
        {"loads": json.loads},
    ),
    Call("time.now_ns", "time.now_ns() > $a", "time_ns() > $a", _one(_integer), vars(time)),
    Call(
        "numbers.range",
        "numbers.range(1, $a)",
        "list(range(1, $a + 1))",
        _one(lambda rng: rng.randint(1, 20)),
    ),
    Call(
        "| (sets)", "$a | $b", "$a | $b", _two(lambda r: set(_words(r)), lambda r: set(_words(r)))
    ),
    Call(
        "& (sets)", "$a & $b", "$a & $b", _two(lambda r: set(_words(r)), lambda r: set(_words(r)))
    ),
    Call("object.union", "object.union($a, $b)", "{**$a, **$b}", _two(_object, _object)),
    Call(
        "base64.encode",
        "base64.encode($a)",
        "b64encode($a.encode()).decode()",
        _one(_word),
        {"b64encode": base64.b64encode},
    ),
    Call(
        "crypto.sha256",
        "crypto.sha256($a)",
        "sha256($a.encode()).hexdigest()",
        _one(_word),
        {"sha256": hashlib.sha256},
    ),
)


@dataclass(frozen=True, slots=True)
class Peers:
    """The four decisions of a case over its documents: with the calls, and the empty ones.

    ``inputs`` are the documents as Rego has them: they differ in what their sets are.
    """

    inputs: list[dict[str, Any]]
    documents: list[dict[str, Any]]
    rego: str
    empty_rego: str
    python: Callable[[dict[str, Any]], list[Any]]
    empty_python: Callable[[dict[str, Any]], list[Any]]


def peers(call: Call) -> Peers:
    """Write out the decisions of a case, and draw its documents."""
    rng = random.Random(call.name)
    documents: list[dict[str, Any]] = []
    for _ in range(DOCUMENTS):
        drawn = [call.operands(rng) for _ in range(CALLS)]
        named = (zip((f"a{i}", f"b{i}"), made, strict=False) for i, made in enumerate(drawn))
        documents.append({name: value for pairs in named for name, value in pairs})
    numbers = range(CALLS)
    rego = [Template(call.rego).substitute(a=f"input.a{i}", b=f"input.b{i}") for i in numbers]
    names = [{"a": f"input['a{i}']", "b": f"input['b{i}']"} for i in numbers]
    python = [Template(call.python).substitute(n) for n in names]
    return Peers(
        [{name: _as_rego(value) for name, value in d.items()} for d in documents],
        documents,
        _rule(rego),
        _rule([f"input.a{i}" for i in numbers]),
        _function(python, call.scope),
        _function([n["a"] for n in names], {}),
    )


def _as_rego(value: Any) -> Any:
    return RegoSet(value) if value.__class__ is set else value


def _rule(terms: list[str]) -> str:
    return f"package bench\n\ndecision := [{', '.join(terms)}]\n"


def _function(terms: list[str], scope: Mapping[str, Any]) -> Callable[[dict[str, Any]], list[Any]]:
    names = dict(scope)
    exec(f"def decision(input):\n    return [{', '.join(terms)}]\n", names)
    made: Callable[[dict[str, Any]], list[Any]] = names["decision"]
    return made


def measure(effort: Effort, chosen: Callable[[str], bool] = lambda name: True) -> list[Row]:
    """Time each builtin and the same thing in Python."""
    # Four peers a case, and many cases: shorter turns than elsewhere.
    effort = Effort(effort.rounds, effort.turn / 4)
    return [_row(call, effort) for call in CASES if chosen(call.name)]


def _row(call: Call, effort: Effort) -> Row:
    made = peers(call)
    with ExitStack() as stack:
        ours, empty = (
            stack.enter_context(Runtime(modules={"bench.rego": text}))
            for text in (made.rego, made.empty_rego)
        )
        taken = compare(
            {
                "ours": _evaluating(ours, made.inputs),
                "ours, empty": _evaluating(empty, made.inputs),
                "python": _calling(made.python, made.documents),
                "python, empty": _calling(made.empty_python, made.documents),
            },
            len(made.documents) * CALLS,
            effort,
        )
    rounds = [
        (max(ours - ours_empty, 0.1), max(python - python_empty, 0.1))
        for ours, ours_empty, python, python_empty in zip(
            *(measured.rounds for measured in taken.values()), strict=True
        )
    ]
    return Row(
        call.name,
        median(ours for ours, _ in rounds),
        median(python for _, python in rounds),
        median(ours / python for ours, python in rounds),
    )


def _evaluating(runtime: Runtime, documents: list[dict[str, Any]]) -> Batch:
    evaluate = runtime.prepare("data.bench.decision").evaluate

    def batch(repeats: int) -> None:
        for _ in range(repeats):
            for document in documents:
                _ = evaluate(document).rego

    return batch


def _calling(function: Callable[[dict[str, Any]], list[Any]], documents: list[Any]) -> Batch:
    def batch(repeats: int) -> None:
        for _ in range(repeats):
            for document in documents:
                function(document)

    return batch


def mean(rows: list[Row]) -> float:
    """The geometric mean of how many times as long ours take."""
    return geometric_mean(row.times for row in rows)
