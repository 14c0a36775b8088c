"""Whatever happens to the process that regopy runs in, the caller gets an error and lives."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from regolive.compiler import CompileRequest
from regolive.compiler.regopy import RegopyFrontEnd
from regolive.errors import FrontEndError, PolicyError

GOOD = CompileRequest({"good.rego": "package a\np := 1\n"}, entrypoints=("a/p",))
# Each crashed rego-cpp 1.5.2: without a name of the package, and with a rule called as a function.
SEGFAULT = CompileRequest({"dir/bad.rego": ' generated=p := ""\n'}, query="data.generated.p = x")
ABORT = CompileRequest(
    {"bad.rego": "package g\n\np if {\n\tp(4.1, 199, x)\n}\n"}, query="data.g.p = x"
)

HEADER = """
import os, struct, sys, time, signal
size = struct.unpack(">Q", os.read(0, 8))[0]
os.read(0, size)
def reply(data):
    os.write(1, struct.pack(">Q", len(data)) + data)
"""
PRINTED = """Errors:
Invalid bracket argument
-- module0.rego:2:6
p := 1
     ~

-- 
wellformed_error
~~~~~~~~~~~~~~~~

"""  # noqa: W291


@pytest.fixture
def front_end() -> Iterator[RegopyFrontEnd]:
    front_end = RegopyFrontEnd()
    yield front_end
    front_end.close()


def fake(tmp_path: Path, body: str, timeout: float = 30) -> RegopyFrontEnd:
    script = tmp_path / "worker.py"
    script.write_text(HEADER + body)
    return RegopyFrontEnd(script=script, timeout=timeout)


def failure(front_end: RegopyFrontEnd, request: CompileRequest = GOOD) -> str:
    with pytest.raises(FrontEndError) as caught:
        front_end.compile(request)
    return str(caught.value)


@pytest.mark.parametrize(
    ("request_", "signal"), [(SEGFAULT, "SIGSEGV"), (ABORT, "SIGABRT")], ids=["segfault", "abort"]
)
def test_a_crash_of_regopy_is_an_error_and_the_next_compile_works(
    front_end: RegopyFrontEnd, request_: CompileRequest, signal: str
) -> None:
    front_end.compile(GOOD)
    text = failure(front_end, request_)
    assert f"regopy failed on {next(iter(request_.modules))}: it crashed with {signal}" in text
    assert front_end.compile(GOOD).plans[0].name == "a/p"


def test_an_error_that_was_printed_before_a_crash_is_the_error(tmp_path: Path) -> None:
    body = f"os.write(2, {PRINTED!r}.encode())\nos.kill(os.getpid(), signal.SIGSEGV)"
    with pytest.raises(PolicyError) as caught:
        fake(tmp_path, body).compile(GOOD)
    (diagnostic,) = caught.value.diagnostics
    assert str(diagnostic.location) == "good.rego:2:6"
    assert diagnostic.message == "Invalid bracket argument"


def test_a_compile_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    front_end = fake(tmp_path, "time.sleep(600)", timeout=0.5)
    assert failure(front_end) == "regopy failed on good.rego: it took longer than 0.5 seconds"
    assert not front_end.idle


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("reply(b'hello')", "its answer is not JSON"),
        ("reply(b'[1]')", "its answer is no object"),
        ("reply(b'{}')", "regopy answered nonsense for good.rego"),
        ("os.write(1, b'hello')", "it ended with exit code 0 and gave no answer"),
        ("os.write(1, b'\\xff' * 8); time.sleep(600)", "its answer is not JSON"),
        ("print('oh', file=sys.stderr); sys.exit(3)", "exit code 3 and gave no answer\noh"),
        ("""reply(b'{"plan": "[]"}')""", "a plan of good.rego that is not valid"),
        ("""reply(b'{"plan": 1}')""", "a plan of good.rego that is not valid"),
        ("""reply(b'{"unavailable": "no lib"}')""", "regopy cannot be imported: no lib"),
    ],
)
def test_garbage_is_an_error(tmp_path: Path, body: str, message: str) -> None:
    front_end = fake(tmp_path, body, timeout=20)
    assert message in failure(front_end)
    front_end.close()


def test_a_worker_is_kept_and_replaced_when_it_has_ended(front_end: RegopyFrontEnd) -> None:
    front_end.compile(GOOD)
    (worker,) = front_end.idle
    front_end.compile(GOOD)
    assert front_end.idle == [worker]
    worker.process.kill()
    worker.process.wait()
    front_end.compile(GOOD)
    assert front_end.idle != [worker]
    front_end.close()
    assert not front_end.idle
    assert front_end.compile(GOOD)


def test_a_worker_that_ended_itself_while_it_was_asked_is_replaced(tmp_path: Path) -> None:
    # It answers once, then ends as an idle worker does; here before its end can be seen.
    front_end = fake(tmp_path, """reply(b'{"plan": "{}"}')""")
    front_end.compile(GOOD)
    (worker,) = front_end.idle
    worker.process.wait()
    type(worker).usable  # noqa: B018 (the property says no; the next line makes it say yes)
    worker.process.poll = lambda: None  # type: ignore[method-assign]
    assert front_end.compile(GOOD).plans == ()
    front_end.close()


def test_several_threads_compile_at_the_same_time(front_end: RegopyFrontEnd) -> None:
    barrier = threading.Barrier(3)
    names: list[str] = []

    def compile(number: int) -> None:
        request = CompileRequest({"m.rego": f"package p{number}\nx := 1\n"}, (f"p{number}/x",))
        barrier.wait(timeout=30)
        names.append(front_end.compile(request).plans[0].name)

    threads = [threading.Thread(target=compile, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(names) == ["p0/x", "p1/x", "p2/x"]
    assert len(front_end.idle) <= 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_does_not_use_its_parents_worker(front_end: RegopyFrontEnd) -> None:
    front_end.compile(GOOD)
    (worker,) = front_end.idle
    worker.owner += 1  # as a child of a fork sees it
    front_end.compile(GOOD)
    assert front_end.idle[0] is not worker
    worker.owner -= 1
    worker.close()


def test_nothing_to_compile_is_an_error(front_end: RegopyFrontEnd) -> None:
    assert "neither an entrypoint nor a query" in failure(front_end, CompileRequest({}))
