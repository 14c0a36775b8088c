"""What rules give: memo, early exit, conflicts, order; compiled from Rego text."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import pytest
from tests.frames import new_frame
from tests.probe import Probe

from regolive.codegen import CompiledPolicy, compile_policy
from regolive.errors import BuiltinError, ConflictError
from regolive.ir import nodes as ir
from regolive.plugins import Registry
from regolive.values import UNDEFINED, RegoSet, to_json

Compiled = Callable[..., CompiledPolicy]


@pytest.fixture
def value(compiled: Compiled) -> Callable[..., Any]:
    """``value(text, "data.t.p")`` is the value of a rule, UNDEFINED if it has none."""

    def value(
        text: str, reference: str, input: Any = UNDEFINED, data: Any = None, *, strict: bool = False
    ) -> Any:
        policy = compiled(text, f"x = {reference}")
        root = data or {}
        rows = policy.entries["eval"].plan(new_frame(root, strict=strict), input, root)
        assert len(rows) < 2
        return to_json(rows[0]["x"]) if rows else UNDEFINED

    return value


def test_a_rule_asked_twice_runs_once(value: Callable[..., Any], probe: Probe) -> None:
    text = """package t
        q := test.seen(input.x)
        r if q == 1
        p := [q, q, [z | some y in [1, 2, 3]; z := q + y], r]
    """
    assert value(text, "data.t.p", {"x": 1}) == [1, 1, [2, 3, 4], True]
    assert probe.calls == [1]


def test_an_undefined_rule_is_kept_too(value: Callable[..., Any], probe: Probe) -> None:
    text = """package t
        q if test.seen(1) == 2
        r := "some" if { not q; some x in [1, 2]; x == 3 }
        p := "none" if { not q; not r }
    """
    assert value(text, "data.t.p") == "none"
    assert probe.calls == [1]


def test_with_starts_a_memo_of_its_own(registry: Registry, probe: Probe) -> None:
    look = ir.DotStmt(ir.Local(0), ir.Const("x"), 3)
    call = ir.CallStmt("test.seen", (ir.Local(3),), 4)
    body = (look, call, ir.AssignVarOnceStmt(ir.Local(4), 2))
    rule = ir.Func("g0.q", (0, 1), 2, (ir.Block(body), ir.Block((ir.ReturnLocalStmt(2),))))

    def ask(local: int) -> tuple[ir.Stmt, ...]:
        return (
            ir.CallStmt("g0.q", (ir.Local(0), ir.Local(1)), local),
            ir.ResultSetAddStmt(local),
        )

    inside = ir.WithStmt(0, ("x",), ir.Const("two"), ir.Block((*ask(5), *ask(6))))
    plan = ir.Plan("eval", (ir.Block((*ask(7), inside, *ask(8))),))
    compiled = compile_policy(ir.Policy((plan,), (rule,)), registry.builtins)
    results = compiled.entries["eval"].plan(new_frame(), {"x": "one"}, {})
    assert results == ["one", "two", "two", "one"]
    assert probe.calls == ["one", "two"]


def test_functions_run_for_each_call(value: Callable[..., Any], probe: Probe) -> None:
    text = "package t\nf(x) := test.seen(x)\np := [f(1), f(1), f(2)]\n"
    assert value(text, "data.t.p") == [1, 1, 2]
    assert probe.calls.count(2) == 1


def test_the_first_body_of_a_constant_rule_is_enough(
    value: Callable[..., Any], probe: Probe
) -> None:
    text = """package t
        p if { some x in input.xs; test.seen(x) == 2 }
        p if test.seen("second body")
    """
    assert value(text, "data.t.p", {"xs": [1, 2, 3, 4]}) is True
    assert probe.calls == [1, 2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("p := 1 if true\np := 2 if true", "complete rules must not produce multiple outputs"),
        ("p := x if some x in [1, 2]", "complete rules must not produce multiple outputs"),
        ("p := f(1)\nf(x) := 1 if x\nf(x) := 2 if x", "functions must not produce multiple"),
        ("p[k] := v if { some v in [1, 2]; k := 1 }", "object keys must be unique"),
        ("p := {k: v | some v in [1, 2]; k := 1}", "object keys must be unique"),
        ("p := 1 if false else := 2\np := 3 if true", "complete rules must not produce"),
        ("p := 3 if true\np := 1 if false else := 2", "complete rules must not produce"),
    ],
)
def test_conflicts_are_errors_with_their_place(
    value: Callable[..., Any], text: str, message: str
) -> None:
    text = text.replace(
        "p[k] := v if { some v in [1, 2]; k := 1 }", "p[k] := v if { some v in [1, 2]; k := 1 }"
    )
    with pytest.raises(ConflictError, match=message) as caught:
        value(f"package t\n\n{text}\n", "data.t.p")
    assert caught.value.location is not None
    assert caught.value.location.file == "t.rego"
    assert caught.value.location.row >= 3
    assert str(caught.value).startswith("t.rego:")


def test_the_same_value_twice_is_no_conflict(value: Callable[..., Any]) -> None:
    text = """package t
        p := 1 if true
        p := 1.0 if true
        q[k] := 1 if { some v in [1, 2]; k := "a"; v > 0 }
    """
    assert value(text, "data.t.p") == 1
    assert value(text, "data.t.q") == {"a": 1}


def test_arrays_made_from_sets_and_objects_are_in_regos_order(value: Callable[..., Any]) -> None:
    text = """package t
        p := [x | some x in input.s]
        q := [k | some k; input.o[k]]
        r := [x | some x in {"b", 1, true, "a", [0], null, 0.5}]
    """
    input = {"s": RegoSet(["b", "a", 10, 9]), "o": {"z": 1, "a": 2, "m": 3}}
    assert value(text, "data.t.p", input) == [9, 10, "a", "b"]
    assert value(text, "data.t.q", input) == ["a", "m", "z"]
    assert value(text, "data.t.r") == [None, True, 0.5, 1, "a", "b", [0]]


def test_undefined_input(value: Callable[..., Any]) -> None:
    text = """package t
        default p := "default"
        p := input.x
        q := f(input)
        f(x) := 1
        r := [input]
        s if not input
        u if input == null
    """
    assert value(text, "data.t.p") == "default"
    for name in ("q", "r", "u"):
        assert value(text, f"data.t.{name}") is UNDEFINED
    assert value(text, "data.t.s") is True
    assert value(text, "data.t.q", None) == 1
    assert value(text, "data.t.r", None) == [None]
    assert value(text, "data.t.u", None) is True


def test_an_else_in_a_scan_gives_one_value_or_a_conflict(value: Callable[..., Any]) -> None:
    text = "package t\np := 1 if input.a else := x if some x in input.xs\n"
    assert value(text, "data.t.p", {"a": True, "xs": [2, 3]}) == 1
    assert value(text, "data.t.p", {"xs": [2, 2]}) == 2
    with pytest.raises(ConflictError):
        value(text, "data.t.p", {"xs": [2, 3]})


def test_base_documents_are_looked_up_by_the_text_of_a_key(value: Callable[..., Any]) -> None:
    data = {"ports": {"80": "http"}, "list": ["first"]}
    text = """package t
        p := [data.ports[80], data.list["0"]]
        q := data.list["1"]
        r := x[80] if x := data.ports
    """
    assert value(text, "data.t.p", data=data) == ["http", "first"]
    assert value(text, "data.t.q", data=data) is UNDEFINED
    assert value(text, "data.t.r", data=data) is UNDEFINED  # a value, and no path


# errors of builtins


def test_an_error_of_a_builtin_makes_the_call_undefined(value: Callable[..., Any]) -> None:
    text = 'package t\np := "no" if test.fail("x")\np := "yes" if not test.fail("x")\n'
    assert value(text, "data.t.p") == "yes"


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ('test.fail("boom")', "t.rego:6: eval_builtin_error: test.fail: boom"),
        (
            'test.crash("k")',
            "t.rego:6: eval_builtin_error: test.crash: KeyError: 'k' (in plugin 'probe')",
        ),
        ("test.fail(input.n)", "t.rego:6: eval_type_error: test.fail: operand 1 must be string"),
        ("1 / input.z", "t.rego:6: eval_builtin_error: div: divide by zero"),
    ],
)
def test_a_strict_error_names_file_row_and_builtin(
    value: Callable[..., Any], call: str, said: str
) -> None:
    text = f"package t\n\np if {{\n\tinput.n == 1\n\tsome x in [1]\n\tx < {call}\n}}\n"
    with pytest.raises(BuiltinError) as caught:
        value(text, "data.t.p", {"n": 1, "z": 0}, strict=True)
    assert str(caught.value).startswith(said)


def test_tracebacks_show_the_policy(value: Callable[..., Any]) -> None:
    text = 'package t\n\nq := test.crash("k")\n\np := q\n'
    with pytest.raises(BuiltinError) as caught:
        value(text, "data.t.p", strict=True)
    lines = "".join(traceback.format_exception(caught.value))
    assert 'File "t.rego", line 3' in lines
    assert '    q := test.crash("k")\n' in lines
    assert "KeyError" in lines  # the cause is not lost
