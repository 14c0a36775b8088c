"""Random calls that a real OPA (v1.20.2) answered, recorded in ``opa_random.jsonl``.

They are from ``python -m tests.differential --save``: calls that regolive once answered otherwise.
Operands and values are written as OPA prints terms.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from tests.differential.compare import Ours, differ
from tests.differential.notation import read_term
from tests.differential.opa import Answer, Call

_RECORDED: dict[str, list[dict[str, Any]]] = defaultdict(list)
with (Path(__file__).parent / "opa_random.jsonl").open(encoding="utf-8") as _lines:
    for _line in _lines:
        _entry = json.loads(_line)
        _RECORDED[_entry["call"]].append(_entry)


@pytest.fixture(scope="module")
def ours() -> Ours:
    return Ours()


@pytest.mark.parametrize("name", sorted(_RECORDED))
def test_builtin_answers_as_opa(name: str, ours: Ours) -> None:
    for entry in _RECORDED[name]:
        if "term" in entry:
            theirs = Answer(read_term(entry["term"]), entry["term"], defined=True)
        else:
            theirs = Answer(code=entry.get("code", ""), error=entry.get("error", ""))
        call = Call(name, tuple(read_term(entry["operands"])))
        assert differ(call, ours.answer(call), theirs) is None, entry
