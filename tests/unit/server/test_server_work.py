"""The threads of a server: bounded, cancelled, and never waited for without a limit."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from regolive.errors import CancelledError
from regolive.server.errors import RequestError
from regolive.server.work import Job, Probe, QueryThreads

LIMIT = 10.0


class Gate:
    """Work that waits, says when it does, and does not look at any deadline."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.open = threading.Event()

    def __call__(self, *args: object) -> str:
        self.entered.set()
        assert self.open.wait(LIMIT)
        return "through"


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open.set()


@pytest.fixture
def queries(gate: Gate) -> Iterator[QueryThreads]:
    queries = QueryThreads("test-query", 1, 1)
    yield queries
    gate.open.set()
    assert queries.close(LIMIT)


def job(name: str = "query", left: float = LIMIT) -> Job:
    return Job(name, time.monotonic() + left)


def never() -> asyncio.Future[None]:
    return asyncio.get_running_loop().create_future()


async def entered(gate: Gate) -> None:
    assert await asyncio.to_thread(gate.entered.wait, LIMIT)


def test_results_and_errors_come_back(queries):
    def fail(job: Job) -> None:
        raise ValueError("no")

    async def main() -> None:
        assert await queries.run(job(), lambda job: job.name, never()) == "query"
        with pytest.raises(ValueError, match="no"):
            await queries.run(job(), fail, never())

    asyncio.run(main())
    assert queries.jobs() == []
    assert queries.answered == 2


def test_beyond_the_threads_and_the_line_queries_are_refused(queries, gate):
    async def main() -> None:
        running = asyncio.create_task(queries.run(job("running"), gate, never()))
        await entered(gate)
        waiting = asyncio.create_task(queries.run(job("waiting"), gate, never()))
        await asyncio.sleep(0)
        with pytest.raises(RequestError, match="all 1 query threads are busy, and 1 more") as info:
            await queries.run(job("refused"), gate, never())
        assert info.value.status == 503
        gate.open.set()
        assert [await running, await waiting] == ["through", "through"]

    asyncio.run(main())
    assert queries.refused == 1


def test_a_query_that_gets_no_thread_in_time_is_told_so(queries, gate):
    async def main() -> None:
        running = asyncio.create_task(queries.run(job("running"), gate, never()))
        await entered(gate)
        late = job("late", left=0.01)
        with pytest.raises(CancelledError, match="waiting for one of the 1 query threads"):
            await queries.run(late, gate, never())
        assert late.cancellation.cancelled
        assert not late.stuck
        gate.open.set()
        await running

    asyncio.run(main())


def test_a_query_that_looks_at_no_deadline_is_answered_all_the_same(queries, gate):
    async def main() -> None:
        stuck = job("stuck", left=1.0)  # enough for its thread to begin, on a busy machine too
        with pytest.raises(CancelledError, match="thread 'test-query-1' still runs it"):
            await queries.run(stuck, gate, never())
        assert queries.jobs() == [stuck]
        assert stuck.thread == "test-query-1"
        gate.open.set()

    asyncio.run(main())


def test_a_query_whose_client_has_gone_is_cancelled(queries, gate):
    async def main() -> None:
        gone = never()
        abandoned = job()
        task = asyncio.create_task(queries.run(abandoned, gate, gone))
        await entered(gate)
        gone.set_result(None)
        assert await task is None
        assert abandoned.cancellation.cancelled

    asyncio.run(main())


def test_after_the_end_queries_are_refused():
    queries = QueryThreads("test-query", 1, 1)
    assert queries.close(LIMIT)

    async def main() -> None:
        with pytest.raises(RequestError, match="closing"):
            await queries.run(job(), str, never())

    asyncio.run(main())
    assert queries.jobs() == []


def test_a_probe_that_is_stuck_costs_one_thread(gate):
    looks = []

    def look() -> str:
        looks.append(threading.current_thread().name)
        return gate()

    probe = Probe("test-probe", look)

    async def main() -> None:
        for _ in range(3):
            with pytest.raises(TimeoutError, match=r"no answer for .* s from thread test-probe-1"):
                await probe.ask(0.01)
        both = asyncio.gather(probe.ask(LIMIT), probe.ask(LIMIT))
        await asyncio.sleep(0)
        gate.open.set()
        assert await both == ["through", "through"]
        assert looks == ["test-probe-1"]
        assert await probe.ask(LIMIT) == "through"
        assert len(looks) == 2

    asyncio.run(main())
    assert probe.close(LIMIT)


def test_what_a_probe_raises_is_raised_where_it_is_asked():
    def look() -> None:
        raise ValueError("unwell")

    probe = Probe("test-probe", look)

    async def main() -> None:
        for _ in range(2):
            with pytest.raises(ValueError, match="unwell"):
                await probe.ask(LIMIT)

    asyncio.run(main())
    assert probe.close(LIMIT)
