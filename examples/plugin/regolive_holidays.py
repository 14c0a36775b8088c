"""Rego builtins that know public holidays.

In the configuration, days of one's own:

    plugins:
      holidays:
        extra: {"2026-08-10": "Founders' Day"}
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from regolive import BuiltinContext, ConfigError, builtin, hookimpl

FIXED = {(1, 1): "New Year", (5, 1): "Labour Day", (12, 25): "Christmas Day"}


class Holidays:
    """The plugin. A class: each Runtime has one of its own, so what it keeps is that runtime's."""

    def __init__(self) -> None:
        self.extra: dict[date, str] = {}

    @builtin("holidays.name")
    def name(self, day: str) -> str | None:
        """The name of the holiday on a day (YYYY-MM-DD); null on any other."""
        # What is no date raises, and the call is undefined: no check of our own is needed.
        return self.lookup(date.fromisoformat(day))

    @builtin("holidays.today", nondeterministic=True)
    def today(self, ctx: BuiltinContext) -> bool:
        """Whether it is a holiday now, in UTC; the same throughout a query."""
        return self.lookup(datetime.fromtimestamp(ctx.now_ns / 1e9, UTC).date()) is not None

    def lookup(self, day: date) -> str | None:
        return self.extra.get(day) or FIXED.get((day.month, day.day))

    @hookimpl
    def regolive_builtins(self) -> Iterable[Callable[..., Any]]:
        return [self.name, self.today]

    @hookimpl
    def regolive_config_sections(self) -> Iterable[str]:
        return ["holidays"]

    @hookimpl
    def regolive_configure(self, config: Mapping[str, Any]) -> None:
        section = config.get("holidays") or {}
        try:
            self.extra = {
                date.fromisoformat(day): str(name) for day, name in section.get("extra", {}).items()
            }
        except ValueError as error:
            raise ConfigError(f"plugins.holidays.extra: {error}") from error
