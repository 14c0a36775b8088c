"""What is measured against each other gives the same, so that the times can be compared."""

from __future__ import annotations

import pytest
from tests.bench import builtins
from tests.bench.timing import Effort

from regolive import Runtime

CALLS = {call.name: call for call in builtins.CASES}


@pytest.mark.parametrize("name", sorted(CALLS))
def test_the_builtin_and_python_give_the_same(name: str) -> None:
    peers = builtins.peers(CALLS[name])
    with Runtime(modules={"bench.rego": peers.rego}) as runtime:
        prepared = runtime.prepare("data.bench.decision")
        given = [prepared.evaluate(document).value for document in peers.inputs]
    wanted = [
        [sorted(v) if isinstance(v, set) else v for v in peers.python(document)]
        for document in peers.documents
    ]
    assert given == wanted
    assert len(given[0]) == builtins.CALLS


def test_the_empty_decisions_read_the_first_operands() -> None:
    peers = builtins.peers(CALLS["startswith"])
    with Runtime(modules={"bench.rego": peers.empty_rego}) as runtime:
        given = runtime.prepare("data.bench.decision").evaluate(peers.inputs[0]).value
    document = peers.documents[0]
    assert given == peers.empty_python(document) == [document[f"a{i}"] for i in range(8)]


def test_every_row_has_times_and_a_ratio() -> None:
    (row,) = builtins.measure(Effort(2, 0.002), lambda name: name == "crypto.sha256")
    assert row.name == "crypto.sha256"
    assert min(row.regolive_ns, row.python_ns) > 0
    assert builtins.mean([row]) == pytest.approx(row.times)
