"""The Data API, answer by answer: what OPA 1.20 answers to the same, unless said otherwise."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace

import pytest

from regolive import Runtime
from regolive.compiler import get_front_end
from regolive.errors import FrontEndError
from regolive.ir.writer import write_policy
from regolive.server.data import DataRequest, Documents
from regolive.server.work import Job

NO_INPUT = {"code": "api_usage_warning", "message": "'input' key missing from the request"}
PACKAGE = {
    "nested": {"x": {"y": 5}},
    "s": [1, 2, 3],
    "numbered": {"5": "five"},
    "base": [1, 2],
}


@pytest.mark.parametrize(
    ("path", "result"),
    [
        ("/a/b", PACKAGE),
        ("/a", {"b": PACKAGE, "z": 1}),
        ("/a/b/s", [1, 2, 3]),
        ("/a/b/s/2", 2),
        ("/a/b/nested", {"x": {"y": 5}}),
        ("/a/b/nested/x/y", 5),
        ("/a/b/base/1", 2),
        ("/a/z", 1),
        ("/servers/0/id", 1),
        ("/we%20ird/k%2F2", 1),
        ("/nul", None),
    ],
)
def test_documents(answer, path, result):
    assert answer(path) == (200, {"result": result})


def test_all_of_data_is_rules_over_base_documents(answer):
    status, document = answer("/")
    assert status == 200
    assert document["result"] == {
        "a": {"b": PACKAGE, "z": 1},
        "nul": None,
        "servers": [{"id": 1}, {"id": 2}],
        "we ird": {"k/2": 1},
    }


@pytest.mark.parametrize(
    "path",
    ["/nope/x/y", "/servers/5", "/servers/x", "/a/b/allow", "/a/b/s/9", "/input", "/a/b/allow/x"],
)
def test_what_is_undefined_is_an_empty_object(answer, path):
    assert answer(path) == (200, {})


@pytest.mark.parametrize("body", [{"input": {"user": "alice"}}, b'{"input": {"user": "alice"}}'])
def test_the_input_of_a_post(answer, body):
    assert answer("/a/b/allow", body) == (200, {"result": True})


def test_the_input_of_a_get(answer):
    assert answer("/a/b/allow", input_text='{"user": "alice"}') == (200, {"result": True})


@pytest.mark.parametrize("body", [b"", b" ", b"null", b"{}", b'{"other": 1}'])
def test_a_post_without_input_is_warned(answer, body):
    assert answer("/a/b/allow", body) == (200, {"warning": NO_INPUT})
    assert answer("/a/b/s", body) == (200, {"result": [1, 2, 3], "warning": NO_INPUT})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"input": ', "line 1 column 11: Expecting value"),
        (b'{"input":\n {"a": tru}}', "line 2 column 8: Expecting value"),
        (b"[1]", 'expected an object, as {"input": ...}, found an array'),
        (b'"x"', 'expected an object, as {"input": ...}, found a string'),
        (b"1", 'expected an object, as {"input": ...}, found a number'),
        (b"true", 'expected an object, as {"input": ...}, found a boolean'),
        (b'{"input": NaN}', "NaN is not JSON"),
        (b'{"input": "\xff"}', "not UTF-8 at byte 11"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_body_that_is_no_request(answer, body, message):
    assert answer("/a/b/allow", body) == (
        400,
        {
            "code": "invalid_parameter",
            "message": f"body contains malformed input document: {message}",
        },
    )


def test_a_parameter_that_is_no_json(answer):
    status, document = answer("/a/b/allow", input_text='{"user')
    assert status == 400
    assert document["message"].startswith(
        "parameter contains malformed input document: line 1 column 2"
    )


def test_conflicts(answer):
    status, document = answer("/a/b/c", {"input": {"c": True}})
    assert status == 500
    [error] = document["errors"]
    assert error["code"] == "eval_conflict_error"
    assert error["message"] == "complete rules must not produce multiple outputs"
    assert error["location"]["file"] == "p.rego"
    assert error["location"]["row"] == 8


def test_errors_of_builtins_are_undefined_unless_the_request_is_strict(answer):
    assert answer("/a/b/n", {"input": {"zero": 0}}) == (200, {})
    status, document = answer("/a/b/n", {"input": {"zero": 0}}, strict=True)
    assert status == 500
    [error] = document["errors"]
    assert (error["code"], error["message"]) == ("eval_builtin_error", "div: divide by zero")
    assert error["location"]["row"] == 5


def test_functions_are_no_documents(answer):
    status, document = answer("/a/b/f")
    assert status == 500
    assert document["errors"] == [
        {
            "code": "rego_type_error",
            "message": "function data.a.b.f used as reference, not called",
        }
    ]


def test_paths_that_nobody_wrote_compile_nothing(documents, answer):
    before = documents.prepared
    for n in range(200):
        assert answer(f"/made/up/{n}") == (200, {})
        assert answer(f"/a/b/unknown{n}") == (200, {})
    assert documents.prepared == before
    assert len(documents.runtime._prepared) <= len(documents.rules)


def ask(documents: Documents, *path: str, left: float = 30.0) -> tuple[int, bytes]:
    job = Job("test", time.monotonic() + left)
    reply = documents.answer(DataRequest(path), job)
    return reply.status, reply.body


class Failing:
    """A front end that fails for one entrypoint, and counts."""

    def __init__(self, fails: str) -> None:
        self.name = "failing"
        self.plans_data = True
        self.fails = fails
        self.asked = 0
        self.real = get_front_end()

    def compile(self, request):
        self.asked += 1
        if self.fails in (*request.entrypoints, request.query):
            raise FrontEndError("it crashed with SIGSEGV\ndetails")
        return self.real.compile(request)

    def close(self):
        self.real.close()


def runtime_with(front_end: Failing) -> Runtime:
    modules = {"x.rego": "package x\nr := 1", "y.rego": "package y\nr := 2"}
    return Runtime(modules=modules, discover=False, front_end=front_end)


def test_a_compiler_that_failed_is_not_asked_at_every_request():
    front_end = Failing("data.x.r")
    with runtime_with(front_end) as runtime:
        documents = Documents(runtime)
        first = ask(documents, "x", "r")
        asked = front_end.asked
        assert first[0] == 500
        assert b"SIGSEGV" in first[1]
        assert ask(documents, "x", "r") == first
        assert front_end.asked == asked


def test_packages_that_the_compiler_cannot_take_are_left_out_and_say_so(caplog):
    class FailingTogether(Failing):
        def compile(self, request):
            if request.entrypoints in (("data",), ("data.x",)):
                raise FrontEndError("it crashed with SIGABRT\ndetails")
            modules = {"y.rego": request.modules["y.rego"]}
            return super().compile(replace(request, modules=modules))

    with runtime_with(FailingTogether("")) as runtime:
        documents = Documents(runtime)
        assert "data.x is not served: it crashed with SIGABRT" in caplog.text
        assert ask(documents, "y", "r") == (200, b'{"result":2}\n')
        status, body = ask(documents, "x", "r")
        assert status == 500
        assert b"data.x is not served: it crashed with SIGABRT" in body


def test_a_bundle_answers_what_it_was_built_for(tmp_path):
    modules = {"x.rego": 'package x\nr := {"k": data.base.v}\nother := 1'}
    with Runtime(modules=modules, discover=False) as runtime:
        (tmp_path / "plan.json").write_text(json.dumps(write_policy(runtime.plan("data.x.r"))))
    (tmp_path / "data.json").write_text('{"base": {"v": 7}}')
    with Runtime(bundle=tmp_path, discover=False) as runtime:
        documents = Documents(runtime)
        assert ask(documents, "x", "r") == (200, b'{"result":{"k":7}}\n')
        assert ask(documents, "x", "r", "k") == (200, b'{"result":7}\n')
        assert ask(documents, "base", "v") == (200, b'{"result":7}\n')
        status, body = ask(documents, "x")
        assert status == 500
        assert b"the bundle has no plan for data.x; it has: data.x.r" in body


def test_a_runtime_without_policies_serves_its_documents():
    with Runtime(data={"x": {"y": 1}}, discover=False) as runtime:
        documents = Documents(runtime)
        assert ask(documents) == (200, b'{"result":{"x":{"y":1}}}\n')
        assert ask(documents, "x", "y") == (200, b'{"result":1}\n')


def test_compiling_counts_and_is_not_lost():
    class Slow(Failing):
        def compile(self, request):
            if request.entrypoints == ("data.x.r",):
                threading.Event().wait(0.4)  # longer than the request has
            return super().compile(request)

    with runtime_with(Slow("")) as runtime:
        documents = Documents(runtime)
        status, body = ask(documents, "x", "r", left=0.3)
        assert status == 500
        assert b"query ran past its deadline, while it was being compiled" in body
        assert ask(documents, "x", "r") == (200, b'{"result":1}\n')
