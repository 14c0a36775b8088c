"""The policy of the run, the plugin that makes its reads far apart, and what a decision must hold.

A decision reads each thing twice, with time for other threads to commit between the two: the
bucket's document, the counters that a writer changes together, the revision of the transaction.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from regolive import BuiltinContext, builtin, hookimpl
from tests.soak.outside import Bucket, torn

POLICY = """package live

watched := nats.kv.watch_bucket(input.bucket)

default before := null

before := data.nats.kv[input.bucket]

left := data.direct.left.n

revision := soak.revision(0)

# The same places again, under names that are known only after the others have been read.
name := soak.later(input.bucket, input.pause, [before, left, revision, watched])

default after := null

after := data.nats.kv[name]

default rooted := null

rooted := data.rooted

decision := {
	"watched": watched,
	"before": before,
	"after": after,
	"got": nats.kv.get_data(name, ""),
	"pair": nats.kv.get_data(name, "pair"),
	"left": left,
	"right": data.direct[soak.later("right", 0, name)].n,
	"accounts": data.direct.accounts,
	"revisions": [revision, soak.revision(name)],
	"transaction": soak.transaction(name),
	"rooted": rooted,
}

# As the incident's own policy asks.
x := result if {
	watched
	result := data.nats.kv[input.bucket].pair
} else := result if {
	not watched
	result := nats.kv.get_data(input.bucket, "pair")
}
"""

ACCOUNTS = 10
BALANCE = 100

DIRECT: dict[str, Any] = {
    "left": {"n": 0},
    "right": {"n": 0},
    "accounts": {f"a{n}": BALANCE for n in range(ACCOUNTS)},
}
"""What the run's own writers change in the store. Left and right are equal in every commit, and
the accounts' sum stays."""


class SoakPlugin:
    """Builtins that look at the transaction, and that give other threads time."""

    @builtin("soak.later", nondeterministic=True)
    def later(self, name: str, seconds: float, after: Any) -> str:
        """The name, so many seconds later."""
        time.sleep(seconds)
        return name

    @builtin("soak.revision", nondeterministic=True)
    def revision(self, ctx: BuiltinContext, after: Any) -> int:
        """The revision of the query's transaction."""
        return ctx.transaction.revision

    @builtin("soak.transaction", nondeterministic=True)
    def transaction(self, ctx: BuiltinContext, bucket: str) -> Any:
        """The bucket, read through the transaction; null if it is not there."""
        root = ctx.transaction.root
        return root.get("nats", {}).get("kv", {}).get(bucket)

    @hookimpl
    def regolive_builtins(self) -> Iterable[Callable[..., Any]]:
        """The three."""
        return [self.later, self.revision, self.transaction]


ROOTED = Bucket("soak-root")


def problems_of(bucket: Bucket, decision: Any) -> list[str]:
    """Where a decision contradicts itself; nothing if it is of one state."""
    if decision.__class__ is not dict:
        return [f"the decision is undefined: {decision!r}"]
    found = []
    before, got = decision["before"], decision["got"]
    if before != decision["after"]:
        found.append(f"data differs within a query: {before} and then {decision['after']}")
    if before != decision["transaction"]:
        found.append(f"data is not the transaction's: {before}, {decision['transaction']}")
    if decision["watched"] is not (before is not None):
        found.append(f"watch_bucket says {decision['watched']}, data.nats.kv has {before}")
    if before is not None and got != before:
        found.append(f"get_data is not what data has: {got}, {before}")
    if decision["pair"] != (got.get("pair") if got.__class__ is dict else None):
        found.append(f"get_data differs within a query: {decision['pair']}, {got}")
    if got is not None and (problem := torn(bucket, got)):
        source = "followed" if before is not None else "asked"
        found.append(f"{bucket.name}, {source}: {problem}")
    if decision["rooted"] is not None and (problem := torn(ROOTED, decision["rooted"])):
        found.append(f"root bucket: {problem}")
    if decision["left"] != decision["right"]:
        found.append(f"half a commit: left {decision['left']}, right {decision['right']}")
    if sum(decision["accounts"].values()) != ACCOUNTS * BALANCE:
        found.append(f"half a transfer: {decision['accounts']}")
    first, second = decision["revisions"]
    if first != second:
        found.append(f"the transaction's revision went from {first} to {second} within a query")
    return found
