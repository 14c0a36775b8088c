"""A plugin author's view: a builtin under a held transaction, with a writer waiting."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from regolive import BuiltinContext, PluginHost, builtin, hookimpl
from regolive.concurrency import Mutex
from regolive.errors import PolicyError
from regolive.testing import ScheduleFailure, explore_builtin

MODULES = {"p.rego": "package p\n\nok if prices.rate() > 0\n"}


class Prices:
    """Has the bug: a lock that its own background work holds while it commits."""

    def __init__(self) -> None:
        self._lock = Mutex("prices", guards="the rate")
        self._rate = 1
        self._store: Any = None

    @hookimpl
    def regolive_builtins(self) -> list[Any]:
        return [self.rate]

    @hookimpl
    def regolive_start(self, host: PluginHost) -> None:
        self._store = host.store

    def refresh(self) -> None:
        with self._lock:
            self._rate += 1
            with self._store.write() as transaction:
                transaction.put(("rate",), self._rate)

    @builtin("prices.rate", nondeterministic=True)
    def rate(self, ctx: BuiltinContext) -> int:
        """The rate, and have it looked up again."""
        ctx.background(self.refresh)
        with self._lock:
            return self._rate


class FixedPrices(Prices):
    """The lock is let go before the commit."""

    def refresh(self) -> None:
        with self._lock:
            self._rate += 1
            rate = self._rate
        with self._store.write() as transaction:
            transaction.put(("rate",), rate)


class PlainPrices(Prices):
    """The same bug with Python's own lock, which the wait graph does not know."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()  # type: ignore[assignment]


def make_prices() -> Prices:
    return Prices()


@pytest.mark.parametrize("plugin", [make_prices, PlainPrices])
def test_finds_the_bug(plugin: Any) -> None:
    with pytest.raises(ScheduleFailure) as caught:
        explore_builtin(plugin, query="data.p.ok", modules=MODULES)
    failure = caught.value.failure
    assert failure.kind == "deadlock"
    assert failure.preemptions <= 2
    assert "Prices.rate" in failure.picture
    assert "holds lock 'store' for reading" in failure.picture
    assert "p.rego:3" in failure.picture
    with pytest.raises(ScheduleFailure) as again:
        explore_builtin(plugin, query="data.p.ok", modules=MODULES, replay=failure.schedule)
    assert again.value.failure.message == failure.message


def test_finds_nothing_once_it_is_fixed() -> None:
    results: list[Any] = []
    found = explore_builtin(
        FixedPrices,
        query="data.p.ok",
        modules=MODULES,
        schedules=60,
        check=lambda runtime, answers: results.extend(answer.value for answer in answers),
    )
    assert found.schedules == 60
    assert set(results) == {True}
    assert len(results) == 120


def test_a_snapshot_store_does_not_hang_with_it() -> None:
    explore_builtin(Prices, query="data.p.ok", modules=MODULES, store="snapshot", schedules=60)


def test_a_check_that_fails_names_the_schedule() -> None:
    def check(runtime: Any, answers: list[Any]) -> None:
        with runtime.store.read() as transaction:
            assert transaction.root["rate"] == 3, "not looked up twice"

    with pytest.raises(ScheduleFailure, match=r"not looked up twice[\s\S]*replay="):
        explore_builtin(FixedPrices, query="data.p.ok", modules=MODULES, check=check)


def test_a_wrong_policy_is_an_error_at_once() -> None:
    with pytest.raises(PolicyError):
        explore_builtin(Prices, query="data.p.ok", modules={"p.rego": "package p\nok if nope.x()"})
