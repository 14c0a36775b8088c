"""Time and ``http.send``: limits, the query's deadline, attempts, connections and their end."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.http_site import Asked, Handler, HttpClient, Site, hang_up

from regolive import BuiltinError, Cancellation, CancelledError
from regolive.codegen.frame import Watch
from regolive.concurrency import held_locks
from regolive_std.http_ import HttpConfig
from regolive_std.http_budget import Budget, current_budget
from regolive_std.http_send import backoff

LONG = 30.0  # longer than any test may take


class Gate:
    """A path whose answer waits until the test opens it."""

    def __init__(self, site: Site, path: str = "/gate", begin: bytes = b"") -> None:
        self.url = site.url + path
        self.reached = threading.Event()
        self.open = threading.Event()
        self._begin = begin
        site.routes[path] = self.answer

    def answer(self, handler: Handler, asked: Asked) -> None:
        if self._begin:
            handler.wfile.write(self._begin)
            handler.wfile.flush()
        self.reached.set()
        self.open.wait(LONG)
        handler.close_connection = True
        if not self._begin:
            handler.answer()


@pytest.fixture
def gate(site: Site) -> Iterator[Callable[..., Gate]]:
    """``gate(begin=...)``: opened at the test's end."""
    made: list[Gate] = []

    def gate(**options: Any) -> Gate:
        made.append(Gate(site, **options))
        return made[-1]

    yield gate
    for one in made:
        one.open.set()


# Limits of the request


def test_a_request_takes_no_longer_than_its_timeout(
    http: HttpClient, gate: Callable[..., Gate]
) -> None:
    url = gate().url
    with pytest.raises(BuiltinError) as caught:
        http.get(url, timeout="50ms")
    assert caught.value.message == f"http.send: Get {url}: request timed out"
    response = http.get(url, timeout=50_000_000, raise_error=False)
    assert response["error"] == {
        "code": "eval_http_send_network_error",
        "message": f'Get "{url}": context deadline exceeded '
        "(Client.Timeout exceeded while awaiting headers)",
    }


def test_the_timeout_holds_while_the_body_is_read(
    http: HttpClient, gate: Callable[..., Gate]
) -> None:
    url = gate(begin=b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").url
    with pytest.raises(BuiltinError) as caught:
        http.get(url, timeout="500ms")
    assert caught.value.message == (
        "http.send: context deadline exceeded "
        "(Client.Timeout or context cancellation while reading body)"
    )
    response = http.get(url, timeout="500ms", raise_error=False)
    assert response["error"]["code"] == "eval_http_send_internal_error"


def test_a_server_that_dribbles_gains_no_time(http: HttpClient, site: Site) -> None:
    stop = threading.Event()

    def dribble(handler: Handler, asked: Asked) -> None:
        handler.send_response_only(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        while not stop.wait(0.005):
            handler.wfile.write(b"x")

    site.routes["/a"] = dribble
    begun = time.monotonic()
    with pytest.raises(BuiltinError, match="deadline exceeded"):
        http.get(site.url + "/a", timeout="100ms")
    assert time.monotonic() - begun < LONG / 10
    stop.set()


@pytest.mark.parametrize("timeout", [0, "0s", -1, "-5s"])
def test_what_is_not_positive_is_no_limit(http: HttpClient, site: Site, timeout: Any) -> None:
    assert http.get(site.url, timeout=timeout)["status_code"] == 200


def test_the_default_can_be_set_in_the_environment(
    http: HttpClient, gate: Callable[..., Gate], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_SEND_TIMEOUT", "50ms")
    with pytest.raises(BuiltinError, match="request timed out"):
        http.get(gate().url)
    monkeypatch.setenv("HTTP_SEND_TIMEOUT", "soon")
    with pytest.raises(BuiltinError, match="invalid value for HTTP_SEND_TIMEOUT: time: invalid"):
        http.get(gate().url)


# The query's


@pytest.mark.parametrize("raise_error", [True, False])
@pytest.mark.parametrize("begin", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"])
def test_a_request_does_not_outlive_the_query(
    http: HttpClient, gate: Callable[..., Gate], raise_error: bool, begin: bytes
) -> None:
    frame = http.frame(watch=Watch(time.monotonic() + 0.1, None))
    with pytest.raises(CancelledError, match="deadline"):
        http.get(gate(begin=begin).url, frame=frame, timeout=0, raise_error=raise_error)


def test_a_cancelled_query_leaves_its_request(http: HttpClient, gate: Callable[..., Gate]) -> None:
    waiting = gate()
    cancellation = Cancellation()
    frame = http.frame(watch=Watch(float("inf"), cancellation))

    def cancel() -> None:
        waiting.reached.wait(LONG)
        cancellation.cancel()

    canceller = threading.Thread(target=cancel)
    canceller.start()
    with pytest.raises(CancelledError, match="cancelled"):
        http.get(waiting.url, frame=frame, timeout=0)
    canceller.join(LONG)


def test_a_connection_that_does_not_come_about_ends_with_the_query(http: HttpClient) -> None:
    # A listener whose queue is full takes no more connections, and refuses none.
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    address = listener.getsockname()
    waiting = []
    try:
        for _ in range(3):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(address)
            waiting.append(one)
        frame = http.frame(watch=Watch(time.monotonic() + 0.1, None))
        with pytest.raises(CancelledError):
            http.get(f"http://127.0.0.1:{address[1]}/", frame=frame, timeout=0)
    finally:
        for one in (*waiting, listener):
            one.close()


def test_a_handshake_that_does_not_come_about_ends_with_the_query(http: HttpClient) -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    try:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(BuiltinError, match="request timed out"):
            http.get(url, timeout="100ms")
        frame = http.frame(watch=Watch(time.monotonic() + 0.1, None))
        with pytest.raises(CancelledError):
            http.get(url, frame=frame, timeout=0)
    finally:
        silent.close()


def test_a_name_that_nobody_resolves_ends_with_the_query(
    http: HttpClient, call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = threading.Event()
    lookups: list[str] = []

    def getaddrinfo(host: str, *args: Any, **kwargs: Any) -> Any:
        lookups.append(host)
        answered.wait(LONG)
        raise socket.gaierror(socket.EAI_NONAME, "no")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    try:
        with pytest.raises(BuiltinError, match="request timed out"):
            http.get("http://slow.test/", timeout="50ms")
        frame = http.frame(watch=Watch(time.monotonic() + 0.05, None))
        with pytest.raises(CancelledError):
            http.get("http://slow.test/", frame=frame, timeout=0)
        assert lookups == ["slow.test"]  # both waited for the same lookup
    finally:
        answered.set()
    http.resolver.stop()
    assert not [t for t in threading.enumerate() if t.name.startswith("regolive-lookup slow.test")]


# Attempts


def fail_first(site: Site, failures: int) -> str:
    def answer(handler: Handler, asked: Asked) -> None:
        if len(site.asked) <= failures:
            hang_up(handler, asked)
        else:
            handler.answer(200, b"done")

    site.routes["/flaky"] = answer
    return site.url + "/flaky"


def test_a_failed_request_is_sent_again_as_often_as_asked(http: HttpClient, site: Site) -> None:
    response = http.get(fail_first(site, 2), max_retry_attempts=3)
    assert response["raw_body"] == "done"
    assert len(site.asked) == 3
    assert http.pauses == [0, 1]


def test_attempts_end(http: HttpClient, site: Site) -> None:
    with pytest.raises(BuiltinError, match="EOF"):
        http.get(fail_first(site, 9), max_retry_attempts=2)
    assert len(site.asked) == 3


def test_the_body_is_sent_again_too(http: HttpClient, site: Site) -> None:
    url = fail_first(site, 1)
    http({"method": "post", "url": url, "body": {"a": 1}, "max_retry_attempts": 1})
    assert [asked.body for asked in site.asked] == [b'{"a":1}'] * 2


def test_an_attempt_that_ran_out_of_time_is_made_again(
    http: HttpClient, gate: Callable[..., Gate]
) -> None:
    waiting = gate()
    with pytest.raises(BuiltinError, match="request timed out"):
        http.get(waiting.url, timeout="50ms", max_retry_attempts=2)
    assert http.pauses == [0, 1]


@pytest.mark.parametrize("url", ["ftp://x/", "http:///a", "http://127.0.0.1:99999/"])
def test_what_cannot_succeed_is_tried_once(http: HttpClient, url: str) -> None:
    with pytest.raises(BuiltinError):
        http.get(url, max_retry_attempts=5)
    assert http.pauses == []


def test_an_answer_is_no_failure(http: HttpClient, site: Site) -> None:
    http.get(site.route("/a", 503), max_retry_attempts=5)
    assert len(site.asked) == 1


def test_pauses_grow_to_a_minute() -> None:
    pauses = [backoff(n) for n in range(40)]
    assert 0.08 <= pauses[0] <= 0.12
    assert 0.128 <= pauses[1] <= 0.192
    assert all(0 < pause <= 72 for pause in pauses)
    assert min(pauses[20:]) >= 48


def test_a_pause_ends_with_the_query() -> None:
    cancellation = Cancellation()
    cancellation.cancel()
    watch = Watch(float("inf"), cancellation)
    with pytest.raises(CancelledError):
        Budget(None, None, watch.check).pause(LONG)


# Connections


def test_connections_are_kept_while_the_plugin_runs(http: HttpClient, site: Site) -> None:
    http.get(site.url)
    http.get(site.url)
    assert site.connections == 2
    http.http.start()
    for _ in range(3):
        http.get(site.url)
    assert site.connections == 3
    assert http.http.status()["transports"] == 1


@pytest.mark.parametrize("how", ["stop", "configure"])
def test_connections_are_closed_at_the_end(http: HttpClient, site: Site, how: str) -> None:
    http.http.start()
    http.get(site.url)
    assert not site.closings.acquire(blocking=False)
    if how == "stop":
        http.http.stop()
    else:
        http.http.configure(HttpConfig(max_cache_bytes=5))
    assert site.closings.acquire(timeout=LONG)
    assert http.http.status()["transports"] == 0
    assert http.get(site.url)["status_code"] == 200


def test_a_request_under_way_outlives_the_stop(http: HttpClient, gate: Callable[..., Gate]) -> None:
    http.http.start()
    waiting = gate()
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(http.get(waiting.url, timeout=0)))
    thread.start()
    waiting.reached.wait(LONG)
    http.http.stop()
    waiting.open.set()
    thread.join(LONG)
    assert found[0]["status_code"] == 200


def test_a_connection_that_the_server_closed_is_not_used(http: HttpClient, site: Site) -> None:
    http.http.start()

    def once(handler: Handler, asked: Asked) -> None:
        handler.answer()
        handler.close_connection = True  # without having said so

    site.routes["/once"] = once
    for n in range(3):
        http.get(site.url + "/once", headers={"n": str(n)})
    assert len(site.asked) == 3


def test_a_connection_that_closes_under_a_request_is_replaced(
    http: HttpClient, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The pool cannot see that the server has closed it: as if it did so at this very moment.
    monkeypatch.setattr(
        "regolive_std.http_network.Stream.get_extra_info",
        lambda self, info: False if info == "is_readable" else None,
    )
    http.http.start()

    def once(handler: Handler, asked: Asked) -> None:
        handler.answer()
        handler.close_connection = True

    site.routes["/once"] = once
    http.get(site.url + "/once", headers={"n": "1"})
    assert site.closings.acquire(timeout=LONG)
    assert http.get(site.url + "/once", headers={"n": "2"})["status_code"] == 200
    assert site.closings.acquire(timeout=LONG)
    # One that may have been done already is not sent twice by itself.
    with pytest.raises(BuiltinError):
        http({"method": "post", "url": site.url + "/once"})


def test_ways_of_connecting_do_not_pile_up(http: HttpClient, site: Site) -> None:
    from regolive_std.http_transport import Transports, Way

    class Counted:
        open = 0

        def __init__(self) -> None:
            Counted.open += 1

        def close(self) -> None:
            Counted.open -= 1

    transports = Transports(lambda way: Counted(), keep=True)  # type: ignore[arg-type,return-value]
    with transports.use(Way(None, None, "used")):
        for n in range(100):
            with transports.use(Way(None, None, str(n))):
                pass
        assert len(transports) == 32
        assert Counted.open == 33  # the one in use was dropped, and is still open
    assert Counted.open == 32
    transports.stop()
    assert Counted.open == 0


def test_no_lock_is_held_while_anything_is_sent(
    http: HttpClient, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    from regolive_std import http_network

    held: list[tuple[str, ...]] = []
    real = http_network.Stream._through

    def through(self: Any, operation: Any) -> Any:
        held.append(held_locks())
        return real(self, operation)

    monkeypatch.setattr(http_network.Stream, "_through", through)
    http.http.start()
    keys = {"force_cache": True, "force_cache_duration_seconds": 0}
    for _ in range(2):
        http.get(site.route("/a", 200, b"x", [("ETag", '"v"')]), **keys)
    assert len(held) >= 2
    assert set(held) == {()}


def test_a_connection_outside_of_a_request_is_a_mistake() -> None:
    with pytest.raises(RuntimeError, match="outside of a request"):
        current_budget()
