"""The story of regolive in a minute: policies that decide over data that stays live in NATS.

Starts a nats-server of its own, fills four buckets, and asks two policies while the buckets
change. Each claim is checked as it is told; the exit code is 0 only if all of them held.

    python examples/demo.py
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nats
import nats.errors
from nats.js import JetStreamContext
from rich.console import Console, Group
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from regolive import PreparedQuery, RegoliveError, Result, Runtime
from regolive.testing import NatsServer

POLICIES = Path(__file__).resolve().parent.parent / "policies"
LIMIT = 30.0  # seconds that anything here may take

ADMINISTRATORS = "550e8400-e29b-41d4-a716-446655440000"
DEVELOPERS = "660e8400-e29b-41d4-a716-446655440001"
READ_ONLY = "770e8400-e29b-41d4-a716-446655440002"
DEFAULT = "permit-groups-default"

BUCKETS: dict[str, dict[str, Any]] = {
    ADMINISTRATORS: {
        "metadata": {"name": "Administrators", "description": "Run the place"},
        "members.alice": {"since": "2024-03-01"},
        "permissions.read": True,
        "permissions.write": True,
        "permissions.delete": True,
    },
    DEVELOPERS: {
        "metadata": {"name": "Developers", "description": "Build the place"},
        "members.bob": {"since": "2024-05-17"},
        "members.carol": {"since": "2025-01-09"},
        "permissions.read": True,
        "permissions.write": True,
    },
    READ_ONLY: {
        "metadata": {"name": "ReadOnly Users", "description": "Look at the place"},
        "members.erin": {"since": "2025-11-30"},
        "permissions.read": True,
    },
    DEFAULT: {
        "metadata": {"name": "Default", "description": "What everybody has"},
        "members.guest": {"since": "2024-01-01"},
        "permissions.login": True,
    },
}


class Story:
    """Tells what happens, and remembers which of the claims held."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.checks: list[tuple[bool, str]] = []
        self._step = 0

    def step(self, title: str, *lines: str) -> None:
        self._step += 1
        self.console.print()
        self.console.print(Rule(f"[bold]{self._step}. {title}[/]", align="left", style="cyan"))
        for line in lines:
            self.say(line)

    def say(self, line: str) -> None:
        self.console.print(Padding(line, (0, 0, 0, 2)), highlight=False)

    def show(self, item: Any) -> None:
        self.console.print(Padding(item, (1, 0, 1, 4)))

    def check(self, held: bool, claim: str, detail: str = "") -> None:
        self.checks.append((held, claim))
        mark = "[bold green]✔[/]" if held else "[bold red]✘[/]"
        self.say(f"{mark} {claim}" + (f"  [dim]{detail}[/]" if detail else ""))


class Writer:
    """Writes to NATS as any other program would: over a connection of its own."""

    def __init__(self, url: str) -> None:
        self._runner = asyncio.Runner()
        self._connection = self._run(nats.connect(url, connect_timeout=5))
        self._js: JetStreamContext = self._connection.jetstream(timeout=5)

    def fill(self, bucket: str, entries: dict[str, Any]) -> None:
        async def fill() -> None:
            kv = await self._js.create_key_value(bucket=bucket)
            for key, value in entries.items():
                await kv.put(key, json.dumps(value).encode())

        self._run(fill())

    def put(self, bucket: str, key: str, value: Any) -> None:
        async def put() -> None:
            kv = await self._js.key_value(bucket)
            await kv.put(key, json.dumps(value).encode())

        self._run(put())

    def delete(self, bucket: str, key: str) -> None:
        async def delete() -> None:
            kv = await self._js.key_value(bucket)
            await kv.delete(key)

        self._run(delete())

    def close(self) -> None:
        try:
            self._run(self._connection.close())
        finally:
            self._runner.close()

    def _run(self, work: Any) -> Any:
        return self._runner.run(asyncio.wait_for(work, LIMIT))


class Asked:
    """A query asked again and again, until its result is the one that is waited for."""

    def __init__(
        self, query: PreparedQuery, document: Any, until: Callable[[Result], bool]
    ) -> None:
        begin = time.perf_counter()
        self.times = 0
        while True:
            self.result = query.evaluate(document, timeout=5)
            self.times += 1
            self.seconds = time.perf_counter() - begin
            self.held = until(self.result)
            if self.held or self.seconds > LIMIT:
                return
            time.sleep(0.001)

    @property
    def took(self) -> str:
        if not self.held:
            return f"not within {LIMIT:.0f} s"
        if self.times == 1:
            return "at once"
        return f"{self.seconds * 1000:.1f} ms, {self.times} decisions meanwhile"


@contextmanager
def writer(url: str) -> Iterator[Writer]:
    opened = Writer(url)
    try:
        yield opened
    finally:
        opened.close()


def tell(story: Story) -> None:
    begin = time.perf_counter()
    with NatsServer() as server, writer(server.url) as outside:
        for bucket, entries in BUCKETS.items():
            outside.fill(bucket, entries)
        story.step(
            "A NATS server with four buckets",
            f"A nats-server of our own at [cyan]{server.url}[/], started and filled in "
            f"{(time.perf_counter() - begin) * 1000:.0f} ms. Every group is a key-value bucket, "
            "named by the group's id:",
        )
        story.show(_buckets())
        config = {"plugins": {"nats": {"server_url": server.url, "root_bucket": DEFAULT}}}
        policies = [POLICIES / "demo.rego", POLICIES / "groups.rego"]
        with Runtime(policies, config=config) as runtime:
            _root(story, runtime)
            _before_and_after(story, runtime)
            _member(story, runtime, outside)
            _permission(story, runtime, outside)
            _speed(story, runtime)


def _root(story: Story, runtime: Runtime) -> None:
    story.step(
        "The root bucket is simply there",
        f"[cyan]{DEFAULT}[/] is configured as the root bucket: regolive follows it from the "
        "start, and its keys stand at the top of [bold]data[/].",
    )
    asked = Asked(runtime.prepare("data.metadata.name"), {}, lambda r: r.defined)
    story.check(asked.result.get() == "Default", 'data.metadata.name is "Default"', asked.took)


def _before_and_after(story: Story, runtime: Runtime) -> None:
    story.step(
        "A decision, before the bucket is followed and after",
        "This policy asks for the bucket to be watched. Until it is, it asks NATS for the "
        "members; once it is, it reads the bucket from [bold]data[/], where it stays current:",
    )
    story.show(_rego((POLICIES / "demo.rego").read_text()))
    document = {"bucket_id": DEVELOPERS}
    decide = runtime.prepare("data.test")

    first = decide.evaluate(document, timeout=10).value
    story.say("[bold]before[/]")
    story.show(_json(first))
    story.check(first.get("bucket_watched") is False, "the first decision: not watched yet")

    asked = Asked(decide, document, lambda r: bool((r.get() or {}).get("bucket_watched")))
    after = asked.result.get() or {}
    story.say("\n[bold]after[/] [dim](the watcher was started in the background)[/]")
    story.show(_json(after))
    story.check(asked.held, "the bucket is watched", asked.took)
    members = (after.get("x") or {}).get("members")
    story.check(
        members is not None and first.get("x") == members,
        "both decisions agree on the members",
        ", ".join(sorted(members or {})),
    )


def _member(story: Story, runtime: Runtime, outside: Writer) -> None:
    story.step(
        "Somebody joins",
        "Another program puts [cyan]members.dave[/] into the bucket. Nobody asks for a reload; "
        "moments later decisions know:",
    )
    decide = runtime.prepare("data.test.x")
    outside.put(DEVELOPERS, "members.dave", {"since": "today"})
    asked = Asked(
        decide, {"bucket_id": DEVELOPERS}, lambda r: "dave" in (r.get({}).get("members") or {})
    )
    story.check(asked.held, "dave is a member", asked.took)


def _permission(story: Story, runtime: Runtime, outside: Writer) -> None:
    story.step(
        "From deny to allow",
        "The other policy, [cyan]policies/groups.rego[/], is role-based access control over the "
        "same live data. May dave [bold]deploy[/], as a member of Developers or ReadOnly Users?",
    )
    allow = runtime.prepare("data.groups.allow")
    document = {"user": "dave", "permission": "deploy", "groups": [DEVELOPERS, READ_ONLY]}
    followed = Asked(runtime.prepare("data.groups.pending"), document, lambda r: r.get() == [])
    story.check(followed.held, "both groups are followed", followed.took)
    story.check(not allow.evaluate(document), "deny: no group of dave's may deploy")

    outside.put(DEVELOPERS, "permissions.deploy", True)
    asked = Asked(allow, document, bool)
    granted = runtime.evaluate("data.groups.granted_by", document).get([])
    story.check(
        asked.held and granted == ["Developers"],
        "permissions.deploy is put into Developers: allow",
        asked.took,
    )
    outside.delete(DEVELOPERS, "permissions.deploy")
    asked = Asked(allow, document, lambda r: not r)
    story.check(asked.held, "and deleted again: deny", asked.took)


def _speed(story: Story, runtime: Runtime) -> None:
    story.step("What a decision costs")
    allow = runtime.prepare("data.groups.allow")
    document = {"user": "bob", "permission": "write", "groups": [DEVELOPERS]}
    expected = bool(allow.evaluate(document))
    times: list[int] = []
    end = time.perf_counter() + 0.5
    right = expected
    while time.perf_counter() < end:
        before = time.perf_counter_ns()
        result = allow.evaluate(document)
        times.append(time.perf_counter_ns() - before)
        right = right and result.value is True
    times.sort()
    table = Table.grid(padding=(0, 3))
    rate = len(times) / (sum(times) / 1e9)
    for name, value in [
        ("half of them take at most", f"{times[len(times) // 2] / 1000:.1f} µs"),
        ("99 in 100 take at most", f"{times[len(times) * 99 // 100] / 1000:.1f} µs"),
        ("in one second, on one thread", f"{rate:,.0f}"),
    ]:
        table.add_row(name, Text(value, style="bold", justify="right"))
    story.say(
        f"Measured just now: {len(times):,} decisions of [cyan]data.groups.allow[/], one after "
        "another, in this process, over the live data."
    )
    story.show(table)
    story.check(right, "every one of them said: allow")


def _buckets() -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("bucket", "name", "members"):
        table.add_column(name, no_wrap=True)
    table.add_column("may")
    for bucket, entries in BUCKETS.items():
        table.add_row(
            Text(bucket, style="cyan"),
            entries["metadata"]["name"],
            _below(entries, "members."),
            _below(entries, "permissions."),
        )
    return table


def _below(entries: dict[str, Any], prefix: str) -> str:
    return ", ".join(key.removeprefix(prefix) for key in entries if key.startswith(prefix))


def _rego(text: str) -> Syntax:
    return Syntax(text.strip(), "ruby", theme="ansi_dark", background_color="default")


def _json(value: Any) -> Syntax:
    return Syntax(_lines(value), "json", theme="ansi_dark", background_color="default")


def _lines(value: Any, indent: str = "") -> str:
    """JSON with what is short on one line."""
    text = json.dumps(value)
    if len(text) < 60 or not isinstance(value, dict):
        return text
    inner = indent + "  "
    items = (f"{inner}{json.dumps(key)}: {_lines(item, inner)}" for key, item in value.items())
    return "{\n" + ",\n".join(items) + f"\n{indent}}}"


def _ending(story: Story, seconds: float) -> bool:
    failed = [claim for held, claim in story.checks if not held]
    story.console.print()
    if failed:
        lines = [Text(f"✘ {claim}", style="red") for claim in failed]
        story.console.print(Panel(Group("These did not hold:", *lines), border_style="red"))
        return False
    story.console.print(
        Panel(
            f"[bold green]All {len(story.checks)} checks held[/] in {seconds:.1f} s.\n"
            "Now yours: examples/evaluate.py, examples/own_builtin.py, examples/live_buckets.py",
            border_style="green",
        )
    )
    return True


def main() -> int:
    """Tell the story. Returns the exit code: 0 if every check held, 1 if not, 2 for an error."""
    console = Console(highlight=False)
    console = Console(highlight=False, width=min(console.width, 100))
    console.print(
        Panel(
            "[bold]regolive[/]: Rego policies inside Python, over data that stays live.\n"
            "[dim]Policies decide. NATS holds the facts. When a fact changes, so does the next "
            "decision.[/]",
            border_style="cyan",
        )
    )
    story = Story(console)
    begin = time.perf_counter()
    try:
        tell(story)
    except KeyboardInterrupt:
        console.print("\nStopped.")
        return 130
    except (RegoliveError, nats.errors.Error, TimeoutError, OSError) as error:
        told = str(error) or f"nothing happened for {LIMIT:.0f} seconds"
        console.print(
            Panel(Text(f"The demo cannot go on: {told}"), title="sorry", border_style="red")
        )
        return 2
    return 0 if _ending(story, time.perf_counter() - begin) else 1


if __name__ == "__main__":
    sys.exit(main())
