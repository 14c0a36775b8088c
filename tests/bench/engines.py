"""The peers of the comparison: each turns a case into a decision and a batch to be timed.

``decide`` gives one decision as plain JSON, for checking that all peers agree. ``batch`` makes all
decisions of the case in a loop of the engine's own usual calls, with nothing of ours in between.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regolive import Runtime
from tests.bench.cases import Case
from tests.bench.timing import Batch

UNDEFINED = "(undefined)"


@dataclass(frozen=True, slots=True)
class Engine:
    """A way to make the decisions of one case."""

    decide: Callable[[Any], Any]
    batch: Batch


@contextmanager
def regolive(case: Case, plugins: Sequence[Any] = ()) -> Iterator[Engine]:
    """A prepared query of a runtime with the default store."""
    with Runtime(modules=case.modules, data=case.data, plugins=plugins) as runtime:
        prepared = runtime.prepare(case.query)

        def decide(document: Any) -> Any:
            return prepared.evaluate(document).get(UNDEFINED)

        def batch(repeats: int) -> None:
            inputs, evaluate = case.inputs, prepared.evaluate
            for _ in range(repeats):
                for document in inputs:
                    _ = evaluate(document).value

        def shared_batch(repeats: int) -> None:
            inputs, evaluate = case.inputs, prepared.evaluate
            for _ in range(repeats):
                for document in inputs:
                    _ = evaluate(document).rego

        yield Engine(decide, shared_batch if case.shared else batch)


def regopy(case: Case) -> Engine:
    """A bundle that regopy built once, with the data in it; input and output as Python values."""
    # Not above: rego-cpp brings an allocator of its own into the process, and must not come into
    # one that runs tests.
    from regopy import Input, Interpreter

    interpreter = Interpreter()
    interpreter.add_data(case.data)
    for name, text in case.modules.items():
        interpreter.add_module(name, text)
    entrypoint = case.query.removeprefix("data.").replace(".", "/")
    bundle = interpreter.build(None, [entrypoint])

    def decide(document: Any) -> Any:
        interpreter.set_input(Input(document))
        # The output parses its JSON by itself, as part of the call.
        results = interpreter.query_bundle_entrypoint(bundle, entrypoint).results
        expressions = results[0].expressions if results else ()
        return expressions[0] if expressions else UNDEFINED

    def batch(repeats: int) -> None:
        inputs = case.inputs
        for _ in range(repeats):
            for document in inputs:
                interpreter.set_input(document)
                output = interpreter.query_bundle_entrypoint(bundle, entrypoint)
                output.results[0].expressions[0]

    return Engine(decide, batch)


def by_hand(case: Case) -> Engine:
    """The function of ``peers``."""

    def decide(document: Any) -> Any:
        return case.by_hand(case.data, document)

    def batch(repeats: int) -> None:
        inputs, data, function = case.inputs, case.data, case.by_hand
        for _ in range(repeats):
            for document in inputs:
                function(data, document)

    return Engine(decide, batch)


def find_opa() -> str | None:
    """The ``opa`` binary named by ``$OPA`` or found on the path."""
    return os.environ.get("OPA") or shutil.which("opa")


def opa_nanoseconds(case: Case, opa: str, samples: int = 3) -> float:
    """Mean time of OPA's own in-process evaluation, by ``opa bench`` over a few of the inputs.

    Raises subprocess.SubprocessError if OPA fails or takes longer than a minute for one.
    """
    step = max(1, len(case.inputs) // samples)
    taken = []
    with tempfile.TemporaryDirectory(prefix="regolive-bench-") as folder:
        files = {f"{number}.rego": text for number, text in enumerate(case.modules.values())}
        files["data.json"] = json.dumps(case.data)
        for name, text in files.items():
            Path(folder, name).write_text(text, encoding="utf-8")
        given = [part for name in files for part in ("-d", str(Path(folder, name)))]
        for document in case.inputs[::step][:samples]:
            path = Path(folder, "input.json")
            path.write_text(json.dumps(document), encoding="utf-8")
            command = [opa, "bench", *given, "-i", str(path), "--format", "json"]
            command += ["--benchmem=false", "--metrics=false", case.query]
            done = subprocess.run(command, capture_output=True, check=True, timeout=60)
            report = json.loads(done.stdout)
            taken.append(report["T"] / report["N"])
    return sum(taken) / len(taken)
