"""Plans are read completely, and what is wrong with one is said with its place."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from regolive.errors import IRError
from regolive.ir import nodes as n
from regolive.ir.reader import read_policy
from regolive.ir.shape import SHAPES
from regolive.ir.writer import write_policy

CASES = Path(
    os.environ.get("REGOLIVE_CONFORMANCE")
    or Path(__file__).parents[4] / "shared" / "conformance" / "opa-v1-cases.jsonl.gz"
)
LOCAL = {"type": "local", "value": 2}
STRING = {"type": "string_index", "value": 0}


def stmt(kind: str, /, **body: Any) -> dict[str, Any]:
    return {"type": kind, "stmt": {"file": 0, "row": 1, "col": 1, **body}}


def plan(*stmts: dict[str, Any], **parts: Any) -> dict[str, Any]:
    document: dict[str, Any] = {
        "static": {"strings": [{"value": "a"}, {"value": "1.5"}], "files": [{"value": "p.rego"}]},
        "plans": {"plans": [{"name": "a/b", "blocks": [{"stmts": list(stmts)}]}]},
        "funcs": {"funcs": []},
    }
    document.update(parts)
    return document


def func(name: str, *stmts: dict[str, Any], params: tuple[int, ...] = (0, 1)) -> dict[str, Any]:
    return {"name": name, "params": list(params), "return": 2, "blocks": [{"stmts": list(stmts)}]}


def only(document: dict[str, Any]) -> n.Stmt:
    return read_policy(document).plans[0].blocks[0].stmts[0]


def error(document: Any, **options: Any) -> str:
    with pytest.raises(IRError) as caught:
        read_policy(document, **options)
    return str(caught.value)


def test_strings_are_resolved_and_places_kept() -> None:
    read = only(plan(stmt("DotStmt", source=LOCAL, key=STRING, target=3, row=7, col=9)))
    assert read == n.DotStmt(n.Local(2), n.Const("a"), 3, pos=n.Pos(0, 7, 9))


@pytest.mark.parametrize("keys", [{"Index": 1}, {"index": 1}, {"Index": 0, "index": 1}])
def test_number_references_have_their_key_in_either_spelling(keys: dict[str, int]) -> None:
    assert only(plan(stmt("MakeNumberRefStmt", target=2, **keys))) == n.MakeNumberRefStmt(
        "1.5", 2, pos=n.Pos(0, 1, 1)
    )


def test_a_with_path_is_strings_or_nothing() -> None:
    whole = stmt("WithStmt", local=0, path=None, value=LOCAL, block={"stmts": None})
    part = stmt("WithStmt", local=0, path=[0], value=LOCAL, block={})
    assert [only(plan(s)).path for s in (whole, part)] == [(), ("a",)]  # type: ignore[attr-defined]


def test_null_and_missing_lists_are_empty() -> None:
    empty = {"plans": {"plans": None}, "static": None}
    assert read_policy(empty) == n.Policy((), ())
    assert only(plan(stmt("BlockStmt", blocks=None))) == n.BlockStmt((), pos=n.Pos(0, 1, 1))


def test_statements_without_a_place_have_none() -> None:
    assert only(plan({"type": "NopStmt", "stmt": {}})).pos == n.NOWHERE


def test_texts_and_bytes_are_read_too() -> None:
    text = json.dumps(plan(stmt("NopStmt")))
    assert read_policy(text) == read_policy(text.encode()) == read_policy(json.loads(text))


def test_functions_are_known_before_they_are_defined() -> None:
    call = stmt("CallStmt", func="g0.data.a", args=[LOCAL, LOCAL], result=3)
    funcs = {"funcs": [func("g0.data.b", call), func("g0.data.a")]}
    assert len(read_policy(plan(funcs=funcs)).funcs) == 2


def test_a_string_index_out_of_range_names_its_place() -> None:
    bad = stmt("DotStmt", source=LOCAL, key={"type": "string_index", "value": 99}, target=3)
    scan = stmt("ScanStmt", source=1, key=2, value=3, block={"stmts": [stmt("NopStmt"), bad]})
    document = plan(funcs={"funcs": [func("g0.data.a"), func("g0.data.a.b", scan)]})
    assert error(document) == (
        "plan.json: funcs[1] g0.data.a.b: blocks[0].stmts[0] ScanStmt.block.stmts[1] DotStmt.key: "
        "string index 99 out of range (table has 2)"
    )


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (stmt("DoStmt"), "stmts[0]: unknown statement type 'DoStmt', perhaps DotStmt"),
        (stmt("NopStmt", file=4), "NopStmt: file index 4 out of range (table has 1)"),
        (stmt("NopStmt", row="1"), "NopStmt: file, row and col must be whole numbers, found '1'"),
        (stmt("IsSetStmt", source={"type": "null"}), "source: unknown operand type 'null'"),
        (stmt("IsSetStmt", source=3), "source: expected an operand, found number"),
        (
            stmt("IsSetStmt", source={"type": "bool", "value": 1}),
            "expected a boolean, found number",
        ),
        (stmt("IsDefinedStmt"), "source: expected the number of a local, found None"),
        (stmt("IsDefinedStmt", source=-1), "source: expected the number of a local, found -1"),
        (stmt("IsDefinedStmt", source=True), "source: expected the number of a local, found True"),
        (
            stmt("AssignIntStmt", value="1", target=2),
            "value: expected a whole number, found string",
        ),
        (stmt("MakeNumberRefStmt", Index=0, target=2), "Index: string 0 is no number: 'a'"),
        (stmt("BreakStmt", index=1), "index: break out of 2 blocks, but only 1 enclose it"),
        (stmt("NotStmt"), "NotStmt.block: expected a block, found null"),
        (stmt("BlockStmt", blocks={}), "blocks: expected an array, found object"),
        (stmt("BlockStmt", blocks=[{"stmts": 1}]), "blocks[0]: stmts: expected an array"),
        ({"type": "NopStmt", "stmt": 3}, "NopStmt: stmt: expected an object, found number"),
        ("NopStmt", "expected an object with a type"),
        (
            stmt("CallStmt", func="f", args=[], result=2),
            "call of f, which is neither a function of the plan nor a declared builtin",
        ),
    ],
)
def test_what_is_wrong_with_a_statement_is_said(statement: Any, message: str) -> None:
    text = error(plan(statement))
    assert text.startswith("plan.json: plans[0] a/b: blocks[0].stmts[0]")
    assert message in text


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "not JSON"),
        ([], "expected an object, found array"),
        ({"static": []}, "static: expected an object, found array"),
        ({"static": {"strings": [{"value": 1}]}}, "static.strings[0].value: expected a string"),
        ({"static": {"builtin_funcs": [{"name": "f", "decl": 1}]}}, "builtin_funcs[0].decl"),
        ({"plans": {"plans": [1]}}, "plans[0]: expected an object, found number"),
        ({"plans": {"plans": [{"name": "a"}, {"name": "a"}]}}, "plans[1]: a second plan named a"),
        ({"funcs": {"funcs": [func("f"), func("f")]}}, "funcs[1]: a second function named f"),
        ({"funcs": {"funcs": [{"name": "f", "params": 1}]}}, "f: params: expected an array"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(document: Any, message: str) -> None:
    assert message in error(document)


def test_a_planned_function_is_called_with_as_many_arguments_as_it_takes() -> None:
    call = stmt("CallStmt", func="g0.data.a", args=[LOCAL], result=3)
    text = error(plan(call, funcs={"funcs": [func("g0.data.a")]}), name="x.json")
    assert text == (
        "x.json: plans[0] a/b: blocks[0].stmts[0] CallStmt: g0.data.a takes 2 arguments, 1 given"
    )


def test_callers_can_allow_more_functions_or_check_calls_themselves() -> None:
    document = plan(stmt("CallStmt", func="f", args=[], result=2))
    assert read_policy(document, known={"f"})
    assert read_policy(document, known=None)


def test_breaks_may_leave_every_enclosing_block_and_no_more() -> None:
    def nested(index: int) -> dict[str, Any]:
        inner = stmt("NotStmt", block={"stmts": [stmt("BreakStmt", index=index)]})
        return plan(stmt("BlockStmt", blocks=[{"stmts": [inner]}]))

    assert read_policy(nested(2))
    assert "only 3 enclose it" in error(nested(3))


def test_a_plan_nested_without_end_is_an_error() -> None:
    block: dict[str, Any] = {"stmts": []}
    for _ in range(100_000):
        block = {"stmts": [stmt("NotStmt", block=block)]}
    document = plan(stmt("NotStmt", block=block))
    assert error(document) == "plan.json: blocks are nested too deeply"
    while block["stmts"]:  # freed from the outside in: freeing it recursively is deep as well
        block = block["stmts"].pop()["stmt"]["block"]


def test_every_statement_of_the_nodes_has_a_shape() -> None:
    # (Other packages have statements of their own, for their passes.)
    kinds = {c.__name__ for c in n.Stmt.__subclasses__() if c.__module__ == n.__name__}
    assert kinds == set(SHAPES)
    for name, (cls, keys) in SHAPES.items():
        assert cls.__name__ == name
        attributes = tuple("text" if key == "Index" else key for key, _ in keys)
        assert attributes == cls.__match_args__


def test_opas_plans_survive_reading_and_writing() -> None:
    if not CASES.exists():
        pytest.skip(f"no conformance cases at {CASES} (set REGOLIVE_CONFORMANCE)")
    count = 0
    with gzip.open(CASES, "rt", encoding="utf-8") as lines:
        for line in lines:
            policy = read_policy(json.loads(line)["plan"])
            assert read_policy(json.loads(json.dumps(write_policy(policy)))) == policy
            count += 1
    assert count > 1000
