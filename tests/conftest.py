"""For all tests. Its being here also makes ``tests`` a package to import from."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker of tests whose managers break the rules on purpose."""
    config.addinivalue_line(
        "markers", "breaks_lock_rules: about a manager that holds its locks too long"
    )


@pytest.fixture(autouse=True)
def lock_rules(request: pytest.FixtureRequest) -> Iterator[None]:
    """Wherever buckets are followed: no manager's lock at a transaction, at I/O or a callback."""
    place = request.node.nodeid
    if not ("/nats/" in place or "/integration/" in place or "/explore" in place):
        yield
        return
    from tests.lock_rules import breaks_the_rules, watch_lock_rules

    if breaks_the_rules(request.node):
        yield
        return
    with watch_lock_rules() as breaches:
        yield
    assert not breaches, "\n".join(breaches)


# Tests leave the user's cache of compiled policies alone, and do not depend on what is in it.
os.environ["REGOLIVE_CACHE_DIR"] = "off"

# The same examples in every run, so that a red build is a change's doing, and no verdict on how
# long they took, which a busy machine decides. New examples: HYPOTHESIS_PROFILE=new.
for name, same in (("steady", True), ("new", False)):
    settings.register_profile(
        name,
        derandomize=same,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))
