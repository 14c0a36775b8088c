"""Blocks, breaks and jumps that Python has no statement for, by hand-built plans.

Each plan runs as generated code and in the plain interpreter; the outcome is also said here.
"""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from tests.frames import new_frame
from tests.reference import interpreter

from regolive.codegen import compile_policy
from regolive.ir import nodes as ir

INPUT = {"a": [1, 2, 3], "b": "x"}


def block(*stmts: ir.Stmt) -> ir.Block:
    return ir.Block(stmts)


def mark(text: str, local: int = 90) -> tuple[ir.Stmt, ...]:
    """Adds a text to the results: to see what ran."""
    return (ir.AssignVarStmt(ir.Const(text), local), ir.ResultSetAddStmt(local))


def fails(local: int = 91) -> ir.Stmt:
    """Undefined, but only when it runs."""
    return ir.DotStmt(ir.Local(0), ir.Const("nothing"), local)


def run(*blocks: ir.Block, funcs: tuple[ir.Func, ...] = ()) -> list[Any]:
    policy = ir.Policy((ir.Plan("eval", blocks),), funcs)
    want = interpreter.evaluate(policy, "eval", INPUT, {}, {})
    compiled = compile_policy(policy, {})
    assert compiled.entries["eval"].plan(new_frame(), INPUT, {}) == want, compiled.source
    return want


@pytest.mark.parametrize(("depth", "seen"), [(0, "abc"), (1, "bc"), (2, "c"), (3, "")])
def test_a_break_leaves_as_many_blocks_as_it_says(depth: int, seen: str) -> None:
    inner = block(ir.BreakStmt(depth), *mark("never"))
    middle = block(ir.BlockStmt((inner,)), *mark("a"))
    outer = block(ir.BlockStmt((middle,)), *mark("b"))
    assert "".join(run(block(ir.BlockStmt((outer,)), *mark("c")))) == seen


def test_undefined_goes_on_with_the_next_block() -> None:
    stmt = ir.BlockStmt((block(fails(), *mark("1")), block(*mark("2")), block(fails()), block()))
    assert run(block(stmt, *mark("3")), block(*mark("4"))) == ["2", "3", "4"]


@pytest.mark.parametrize(("depth", "seen"), [(0, "axaxax b"), (1, "axaxax b"), (2, "ax")])
def test_a_break_inside_a_scan(depth: int, seen: str) -> None:
    """0 leaves the inner block, 1 the body for this element, 2 the block around the scan."""
    inner = block(*mark("x"), ir.BreakStmt(depth), *mark("y"))
    scan = ir.ScanStmt(2, 3, 4, block(*mark("a"), ir.BlockStmt((inner,))))
    source = ir.DotStmt(ir.Local(0), ir.Const("a"), 2)
    assert "".join(run(block(source, scan, *mark(" b")))) == seen


@pytest.mark.parametrize("walls", [["scan"], ["with"], ["not"], ["scan", "with", "not", "scan"]])
@pytest.mark.parametrize("out", [0, 1, 2, 3])
def test_a_break_across_scans_withs_and_nots(walls: list[str], out: int) -> None:
    stmts: tuple[ir.Stmt, ...] = (*mark("in"), ir.BreakStmt(min(out, len(walls))), *mark("never"))
    for number, wall in enumerate(reversed(walls)):
        inner = ir.Block(stmts)
        stmt: ir.Stmt
        if wall == "scan":
            stmt = ir.ScanStmt(2, 10 + number, 20 + number, inner)
        elif wall == "with":
            stmt = ir.WithStmt(0, ("b",), ir.Const("y"), inner)
        else:
            stmt = ir.NotStmt(inner)
        stmts = (stmt, *mark(f"after {wall}"))
    # What a `with` replaced is put back, however it is left.
    last = (ir.DotStmt(ir.Local(0), ir.Const("b"), 30), ir.ResultSetAddStmt(30))
    found = run(block(ir.DotStmt(ir.Local(0), ir.Const("a"), 2), *stmts), block(*last))
    assert found[-1] == "x"


def test_negation() -> None:
    assert run(block(ir.NotStmt(block(fails())), *mark("yes"))) == ["yes"]
    assert run(block(ir.NotStmt(block()), *mark("no")), block(*mark("next"))) == ["next"]
    twice = ir.NotStmt(block(ir.NotStmt(block(fails()))))
    assert run(block(twice, *mark("no"))) == []


def nest(kind: str, depth: int, base: int = 100) -> tuple[ir.Stmt, ...]:
    if depth == 0:
        return mark("deep")
    a, b = base, base + 1
    inner = ir.Block(nest(kind, depth - 1, base + 2))
    test = (ir.DotStmt(ir.Local(0), ir.Const("b"), a), ir.NotEqualStmt(ir.Local(a), ir.Const("")))
    if kind == "scan":
        made = (ir.MakeArrayStmt(0, a), ir.ArrayAppendStmt(ir.Const("e"), a))
        return (*made, ir.ScanStmt(a, b, b + 5000, inner))
    if kind == "not":
        return (*test, ir.NotStmt(block(ir.NotStmt(inner))))
    if kind == "with":
        return (*test, ir.WithStmt(0, ("w",), ir.Const("e"), inner))
    if kind == "tests":
        return test + inner.stmts
    return (*test, ir.BlockStmt((inner,)))


@pytest.mark.parametrize("kind", ["scan", "block", "with", "tests", "not"])
@pytest.mark.parametrize("depth", [14, 21, 45, 110])
def test_deeper_than_cpython_allows(kind: str, depth: int) -> None:
    """20 loops inside each other, 100 levels of indentation: no limit for a policy."""
    stmts = nest(kind, depth)
    if kind != "not":
        assert run(ir.Block(stmts)) == ["deep"]
    else:
        assert run(ir.Block(stmts), block(*mark("end")))[-1] == "end"


@pytest.mark.parametrize("seed", range(12))
def test_deep_jumps_out_of_a_part(seed: int) -> None:
    random = Random(seed)

    def level(depth: int, base: int) -> tuple[ir.Stmt, ...]:
        if depth == 40:
            return (*mark("in"), ir.BreakStmt(random.randrange(40)))
        inner = ir.Block(level(depth + 1, base + 3))
        wrap = random.choice(("scan", "scan", "with", "not", "block"))
        after = mark(f"after {depth}")
        if wrap == "scan":
            made = (ir.MakeArrayStmt(0, base), ir.ArrayAppendStmt(ir.Const("e"), base))
            return (*made, ir.ScanStmt(base, base + 1, base + 2, inner), *after)
        if wrap == "with":
            return (ir.WithStmt(0, ("b",), ir.Const("y"), inner), *after)
        if wrap == "not":
            return (ir.NotStmt(inner), *after)
        return (ir.BlockStmt((inner,)), *after)

    run(ir.Block(level(1, 200)), block(ir.DotStmt(ir.Local(0), ir.Const("b"), 2)))


def test_more_than_a_hundred_tests_in_one_block() -> None:
    stmts: list[ir.Stmt] = []
    for n in range(250):
        stmts += [
            ir.DotStmt(ir.Local(0), ir.Const("b"), 100 + n),
            ir.NotEqualStmt(ir.Local(100 + n), ir.Const(f"{n}")),
        ]
    assert run(ir.Block((*stmts, *mark("end")))) == ["end"]
    negated = [ir.NotStmt(block(fails(400 + n), *mark("no"))) for n in range(150)]
    assert run(ir.Block((*negated, *mark("end")))) == ["end"]


def test_what_was_assigned_in_a_block_that_failed_is_there_after_it() -> None:
    body = block(ir.AssignVarStmt(ir.Const("kept"), 2), fails())
    assert run(block(ir.BlockStmt((body,)), ir.ResultSetAddStmt(2))) == ["kept"]


def test_a_local_reset_in_a_loop_is_undefined_for_the_next_element() -> None:
    body = block(
        ir.IsUndefinedStmt(5),
        ir.AssignVarStmt(ir.Local(4), 5),
        ir.ResultSetAddStmt(5),
    )
    source = ir.DotStmt(ir.Local(0), ir.Const("a"), 2)
    assert run(block(source, ir.ScanStmt(2, 3, 4, body))) == [1]
    reset = ir.Block((*body.stmts, ir.ResetLocalStmt(5)))
    assert run(block(source, ir.ScanStmt(2, 3, 4, reset))) == [1, 2, 3]


def test_a_document_replaced_by_undefined_is_undefined_inside_only() -> None:
    inside = block(ir.NotStmt(block(ir.IsDefinedStmt(0))), *mark("in"))
    replaced = ir.WithStmt(0, (), ir.Local(50), inside)
    assert run(block(replaced, ir.IsDefinedStmt(0), *mark("out"))) == ["in", "out"]


def test_a_rule_with_no_value_ends_the_block_three_levels_out() -> None:
    rule = ir.Func("g0.r", (0, 1), 2, (block(fails(), ir.ReturnLocalStmt(2)),), ("g0", "r"))
    call = ir.CallDynamicStmt((ir.Const("g0"), ir.Const("r")), (0, 1), 5)
    deep = block(call, *mark("never"))
    for level in ("1", "2", "3"):
        deep = block(ir.BlockStmt((deep,)), *mark(level))
    assert run(deep, block(*mark("next")), funcs=(rule,)) == ["next"]
    assert run(block(ir.BlockStmt((deep,)), *mark("4")), funcs=(rule,)) == ["4"]
    nowhere = ir.CallDynamicStmt((ir.Const("g0"), ir.Const("none")), (0, 1), 5)
    assert run(block(ir.BlockStmt((block(nowhere, *mark("no")),)), *mark("on"))) == ["on"]
