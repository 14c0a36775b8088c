"""A plugin is tested through a Runtime that has it: no installation, no server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from regolive_holidays import Holidays

from regolive import ConfigError, Runtime

CONFIG = {"plugins": {"holidays": {"extra": {"2026-08-10": "Founders' Day"}}}}


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    with Runtime(plugins=[Holidays], config=CONFIG) as runtime:
        yield runtime


@pytest.mark.parametrize(
    ("day", "name"),
    [("2026-12-25", "Christmas Day"), ("2026-08-10", "Founders' Day"), ("2026-02-03", None)],
)
def test_holidays_have_names(runtime: Runtime, day: str, name: str | None) -> None:
    assert runtime.evaluate(f'x := holidays.name("{day}")').bindings == [{"x": name}]


def test_what_is_no_date_is_undefined(runtime: Runtime) -> None:
    result = runtime.evaluate('x := holidays.name("soon")')
    assert not result.defined
    assert "holidays.name" in str(result.builtin_errors[0])


def test_a_bad_day_in_the_configuration_is_told() -> None:
    with pytest.raises(ConfigError, match="soon"):
        Runtime(plugins=[Holidays], config={"plugins": {"holidays": {"extra": {"soon": "x"}}}})
