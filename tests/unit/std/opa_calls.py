"""Many calls of builtins answered by the real opa at once, for tests that have one at hand."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from tests.opa import find_opa, run_opa

# Each example is a batch for one run of opa: few, and none to make a failing one smaller.
asking = settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

_POLICY = """
package calls

answers[i] := result if {{
    some i, operands in input
    result := {name}({operands})
}}
"""


def has_opa() -> bool:
    """Whether there is an opa to ask."""
    return find_opa() is not None


def ask_opa(name: str, calls: list[list[Any]]) -> dict[int, Any]:
    """What a builtin gives for each list of operands, by place; none where it is undefined."""
    operands = ", ".join(f"operands[{n}]" for n in range(len(calls[0])))
    with TemporaryDirectory() as place:
        directory = Path(place)
        policy = _POLICY.format(name=name, operands=operands)
        (directory / "calls.rego").write_text(policy, encoding="utf-8")
        (directory / "input.json").write_text(json.dumps(calls), encoding="utf-8")
        shown = run_opa(
            ["eval", "-d", "calls.rego", "-i", "input.json", "data.calls.answers", "-f", "json"],
            directory,
        )
    answers = json.loads(shown)["result"][0]["expressions"][0]["value"]
    return {int(at): value for at, value in answers.items()}
