"""Replies: OPA's text, OPA's errors."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regolive.errors import (
    BuiltinError,
    CancelledError,
    Diagnostic,
    FrontEndError,
    Location,
    NotFoundError,
    PolicyError,
)
from regolive.server.errors import RequestError
from regolive.server.reply import error_reply, indent, json_reply, result_text

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@settings(max_examples=50, deadline=None)
@given(JSON)
def test_indenting_gives_what_json_gives(value):
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    assert indent(text) == json.dumps(value, indent=2, ensure_ascii=False)


def test_indenting_keeps_numbers_as_they_are_written():
    assert indent('{"a":[1e400,0.10]}') == '{\n  "a": [\n    1e400,\n    0.10\n  ]\n}'


def test_half_a_surrogate_pair_becomes_what_go_makes_of_it():
    assert json_reply(result_text("a\ud800b", None)).body == b'{"result":"a\\ufffdb"}\n'


def test_a_result_is_escaped_as_go_does():
    assert json_reply(result_text("<&>", None)).body == b'{"result":"\\u003c\\u0026\\u003e"}\n'


@pytest.mark.parametrize(
    ("error", "status", "document"),
    [
        (
            RequestError("no"),
            400,
            {"code": "invalid_parameter", "message": "no"},
        ),
        (
            BuiltinError("div: divide by zero", Location("p.rego", 5)),
            500,
            {
                "code": "internal_error",
                "message": "error(s) occurred while evaluating query",
                "errors": [
                    {
                        "code": "eval_builtin_error",
                        "message": "div: divide by zero",
                        "location": {"file": "p.rego", "row": 5, "col": 1},
                    }
                ],
            },
        ),
        (
            CancelledError("query ran past its deadline"),
            500,
            {
                "code": "internal_error",
                "message": "error(s) occurred while evaluating query",
                "errors": [{"code": "eval_cancel_error", "message": "query ran past its deadline"}],
            },
        ),
        (
            PolicyError([Diagnostic("rego_type_error", "bad", Location("p.rego", 1, 2))]),
            500,
            {
                "code": "internal_error",
                "message": "error(s) occurred while compiling query",
                "errors": [
                    {
                        "code": "rego_type_error",
                        "message": "bad",
                        "location": {"file": "p.rego", "row": 1, "col": 2},
                    }
                ],
            },
        ),
        (FrontEndError("crash"), 500, {"code": "internal_error", "message": "crash"}),
        (
            NotFoundError("/a: gone"),
            500,
            {"code": "internal_error", "message": "storage_not_found_error: /a: gone"},
        ),
        (KeyError("k"), 500, {"code": "internal_error", "message": "KeyError: 'k'"}),
        (ValueError(), 500, {"code": "internal_error", "message": "ValueError"}),
    ],
)
def test_errors_are_said_as_opa_says_them(error, status, document):
    reply = error_reply(error)
    assert reply.status == status
    assert json.loads(reply.body) == document
