"""Types as values: one object for one type, OPA's texts and order, and no type too large."""

from __future__ import annotations

import copy
import gc
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest

from regolive.compiler.types.build import from_declaration, to_declaration, type_of_value
from regolive.compiler.types.model import (
    ANY,
    BOOLEAN,
    MAX_DEPTH,
    NULL,
    NUMBER,
    STRING,
    Type,
    array,
    function,
    object_type,
    recursive,
    set_of,
    show,
    union,
)
from regolive.values import RegoSet, to_key

TEXTS = [
    (NULL, "null"),
    (ANY, "any"),
    (array([NUMBER, STRING]), "array<number, string>"),
    (array((), ANY), "array[any]"),
    (array([NUMBER], STRING), "array<number>[string]"),
    (array([None, NUMBER]), "array<???, number>"),
    (array(), "array"),
    (set_of(NUMBER), "set[number]"),
    (set_of(None), "set[any]"),
    (object_type([("b", STRING), ("a b", NUMBER)]), "object<a b: number, b: string>"),
    (object_type((), (STRING, ANY)), "object[string: any]"),
    (object_type([("a", NULL)], (ANY, NULL)), "object<a: null>[any: null]"),
    (object_type((), (None, NUMBER)), "object[???: number]"),
    (union([STRING, NUMBER, NULL]), "any<null, number, string>"),
    (function([STRING, ANY], BOOLEAN), "(string, any) => boolean"),
    (function([], NUMBER), "() => number"),
    (function([], BOOLEAN, ANY), "(any...) => boolean"),
    (recursive("#/definitions/t", "digest"), "recursive(#/definitions/t)"),
    (None, "???"),
]


@pytest.mark.parametrize(("t", "text"), TEXTS, ids=[text for _, text in TEXTS])
def test_text(t: Type | None, text: str) -> None:
    assert show(t) == text


def test_known_keys_are_shown_as_go_prints_them() -> None:
    keys = [None, True, 1.5, 1, "s", "", [1, "a"], RegoSet([2, 1]), {"k": None}]
    t = object_type([(to_key(k), NULL) for k in keys])
    shown = ["<nil>", "true", "1", "1.5", "", "s", "[1 2]", "[1 a]", "map[k:<nil>]"]
    assert str(t) == "object<" + ", ".join(f"{k}: null" for k in shown) + ">"


def test_order_of_kinds() -> None:
    ordered = [
        NULL,
        BOOLEAN,
        NUMBER,
        STRING,
        array([NUMBER]),
        array([NUMBER, NUMBER]),
        array([STRING]),
        array((), NUMBER),
        object_type([("a", NUMBER)]),
        object_type([("a", NUMBER), ("b", NULL)]),
        object_type([("a", STRING)]),
        object_type([("a", NUMBER)], (ANY, NUMBER)),
        set_of(NUMBER),
        ANY,
        union([NULL, STRING]),
        union([NUMBER, STRING]),
    ]
    assert sorted(set(ordered), key=lambda t: t.order) == ordered


def test_a_type_exists_once() -> None:
    assert array([NUMBER]) is array([NUMBER])
    assert object_type([("b", NUMBER), ("a", NULL)]) is object_type([("a", NULL), ("b", NUMBER)])
    assert type_of_value({"a": [1, "x"]}) is object_type([("a", array([NUMBER, STRING]))])
    for t, _ in TEXTS:
        assert pickle.loads(pickle.dumps(t)) is t
        assert copy.deepcopy(t) is t


def test_a_type_exists_once_whichever_thread_makes_it() -> None:
    def make(n: int) -> Type:
        return object_type([(f"k{n % 50}", array([NUMBER] * (n % 7)))])

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(make, range(2000)))
    assert len({id(t) for t in made}) == len({str(t) for t in made})


def test_types_that_nobody_has_are_forgotten() -> None:
    import weakref

    t = array([NUMBER] * 37)
    seen = weakref.ref(t)
    del t
    gc.collect()
    assert seen() is None


def test_true_is_another_key_than_one() -> None:
    t = object_type([(to_key(True), NULL), (1, STRING)])
    assert t.fields[1] is STRING
    assert t.fields[to_key(True)] is NULL


def test_a_type_is_only_so_deep() -> None:
    t: Type = NUMBER
    for _ in range(10 * MAX_DEPTH):
        t = array([t])
    assert t.depth <= MAX_DEPTH
    assert len(str(t)) < 20 * MAX_DEPTH
    assert pickle.loads(pickle.dumps(t)) is t


def test_a_type_that_is_huge_is_shown_in_part() -> None:
    t: Type = STRING
    for _ in range(60):
        t = object_type([("left", t), ("right", t)])  # 2 ** 60 types when written out
    assert str(t) == "object<left: object<...>, right: object<...>>"
    assert to_declaration(t) == {
        "type": "object",
        "static": [
            {"key": "left", "value": {"type": "object"}},
            {"key": "right", "value": {"type": "object"}},
        ],
    }
    wide = object_type([(f"k{n}", NUMBER) for n in range(5000)])
    assert str(wide).endswith(", ...>")
    assert len(str(wide)) < 5000


def test_unknown_parts_are_noticed_however_deep() -> None:
    assert array([NUMBER]).known
    assert not array([set_of(NUMBER), array([None])]).known
    assert not object_type([("a", None)]).known
    assert not union([array([None]), STRING]).known


def test_a_union_of_nothing_is_no_type() -> None:
    with pytest.raises(ValueError, match="a union of no types"):
        union([None])


def test_declarations() -> None:
    decl = {
        "type": "function",
        "args": [{"type": "array", "static": [{"type": "string"}], "dynamic": {"type": "any"}}],
        "result": {
            "type": "object",
            "static": [{"key": "a", "value": {"type": "null"}}],
            "dynamic": {"key": {"type": "string"}, "value": {"type": "any"}},
        },
        "variadic": {"type": "set", "of": {"type": "any", "of": [{"type": "number"}]}},
    }
    t = from_declaration(decl)
    text = "(array<string>[any], set[number]...) => object<a: null>[string: any]"
    assert str(t) == text
    assert from_declaration(to_declaration(t) or {}) is t
    with pytest.raises(ValueError, match=r"not a type declaration: .*strin"):
        from_declaration({"type": "array", "dynamic": {"type": "strin"}})
