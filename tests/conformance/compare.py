"""What a case expects against what came out: the rules of OPA's own test runner.

Results are a *set* of bindings. Values compare as Rego compares what JSON can say of them: numbers
as numbers, sets as their sorted lists. ``sort_bindings`` asks for the values bound (arrays) to be
sorted first, where a policy leaves their order open. OPA v1.20 ``topdown/exported_test.go``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from regolive.errors import EvalError
from regolive.values import (
    UNDEFINED,
    RegoSet,
    dumps,
    from_key,
    sort_key,
    sorted_values,
)
from tests.conformance.cases import Case

_SHOWN = 600


def plain(value: Any) -> Any:
    """A value as JSON has it, its numbers left exact: sets as sorted lists, keys as text."""
    if value.__class__ is RegoSet:
        return [plain(v) for v in sorted_values(value)]
    if value.__class__ is list:
        return [plain(v) for v in value]
    if value.__class__ is dict:
        return {_key(k): plain(v) for k, v in value.items()}
    return value


def _key(key: Any) -> str:
    value = from_key(key)
    return value if isinstance(value, str) else dumps(value)


def check_result(case: Case, rows: Iterable[Mapping[str, Any]], want: Any) -> str | None:
    """What is wrong with the results, or None. ``want`` UNDEFINED (or None) is: no results."""
    wanted = [] if want is UNDEFINED or want is None else want
    got_rows = [_row(case, row) for row in rows]
    want_rows = [_row(case, row) for row in wanted]
    if RegoSet(got_rows) == RegoSet(want_rows):
        return None
    return f"want {_shown(want_rows)}, got {_shown(got_rows)}"


def _row(case: Case, row: Mapping[str, Any]) -> dict[str, Any]:
    made = {}
    for name, value in row.items():
        if case.ignore_generated_vars and name.startswith("__localq"):
            continue
        one = plain(value)
        if case.sort_bindings and isinstance(one, list):
            one = sorted(one, key=sort_key)
        made[name] = one
    return made


def check_error(case: Case, error: EvalError) -> str | None:
    """What is wrong with an error that ended a case, or None."""
    if not case.wants_error:
        return f"unexpected error: {error}"
    if case.want_error_code is not None and error.code != case.want_error_code:
        return f"want error code {case.want_error_code}, got: {error}"
    if case.want_error is not None and case.want_error not in str(error):
        return f"want error with text {case.want_error!r}, got: {error}"
    return None


def wanted_error(case: Case) -> str:
    """The error a case asks for, for a message."""
    return " ".join(filter(None, (case.want_error_code, repr(case.want_error or ""))))


def _shown(rows: list[dict[str, Any]]) -> str:
    text = dumps(rows)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
