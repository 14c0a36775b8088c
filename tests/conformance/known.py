"""The lists of what is known not to pass: they hold each id with a reason, and only shrink."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.conformance.execute import WAYS, Way
from tests.conformance.pool import Done

HERE = Path(__file__).parent


class ListError(Exception):
    """A list that cannot be used. The message says where and why."""


@dataclass(frozen=True, slots=True)
class Known:
    """``failures``: reasons by case and way. ``refused``: regopy's reasons by case."""

    failures: Mapping[tuple[str, Way], str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What of a run is not as the lists say. Nothing in it: all is well."""

    new_failures: list[Done]
    new_refusals: list[Done]
    stale: list[tuple[Done, str]]

    @property
    def good(self) -> bool:
        """Whether the run is as the lists say."""
        return not (self.new_failures or self.new_refusals or self.stale)


def read_known(directory: Path = HERE) -> Known:
    """Read ``known.toml`` and ``refused.toml``; a missing file is an empty list.

    Raises ListError for an entry without an id, a way or a reason, and for one that stands twice.
    """
    failures: dict[tuple[str, Way], str] = {}
    for entry in _table(directory / "known.toml").get("failure", []):
        case, way, reason = entry.get("id"), entry.get("way"), entry.get("reason")
        if not case or way not in WAYS or not reason:
            ways = ", ".join(WAYS)
            raise ListError(f"known.toml: {entry}: an id, a way ({ways}) and a reason")
        if (case, way) in failures:
            raise ListError(f"known.toml: {case} ({way}) stands in it twice")
        failures[case, way] = reason
    refused: dict[str, str] = {}
    for entry in _table(directory / "refused.toml").get("refused", []):
        for case in entry.get("ids", []):
            if case in refused:
                raise ListError(f"refused.toml: {case} stands in it twice")
            refused[case] = entry.get("reason", "")
    return Known(failures, refused)


def _table(path: Path) -> dict[str, list[dict[str, str]]]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as error:
        raise ListError(f"{path}: {error}") from error


def judge(results: Iterable[Done], known: Known) -> Verdict:
    """Hold a run against the lists."""
    failures, refusals, stale = [], [], []
    for done in results:
        case, way, status = done.task.line.id, done.task.way, done.outcome.status
        if status == "failed" and (case, way) not in known.failures:
            failures.append(done)
        if status == "refused" and case not in known.refused:
            refusals.append(done)
        if status in ("passed", "refused") and (case, way) in known.failures:
            stale.append((done, "known.toml"))
        if way == "regopy" and status != "refused" and case in known.refused:
            stale.append((done, "refused.toml"))
    return Verdict(failures, refusals, stale)
