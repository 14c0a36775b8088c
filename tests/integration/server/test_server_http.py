"""The server over real sockets: its endpoints, limits, deadlines, and its end."""

from __future__ import annotations

import functools
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from regolive.server import Server, ServerError

LIMIT = 10.0


def test_decisions(make_server, client):
    url = make_server().url
    reply = client.post(f"{url}/v1/data/t/allow", json={"input": {"user": "alice"}})
    assert (reply.status_code, reply.json()) == (200, {"result": True})
    assert reply.headers["content-type"] == "application/json"
    assert client.post(f"{url}/v1/data/t/allow", json={"input": {}}).json() == {}
    reply = client.get(f"{url}/v1/data/t/allow", params={"input": '{"user": "alice"}'})
    assert reply.json() == {"result": True}
    assert client.get(f"{url}/v1/data/x").json() == {"result": {"y": 1}}
    assert client.get(f"{url}/v1/data/x?pretty").text == '{\n  "result": {\n    "y": 1\n  }\n}\n'
    assert client.get(f"{url}/v1/data/x%2Fy").json() == {}


def test_paths_with_empty_segments_are_redirected(make_server, client):
    url = make_server().url
    reply = client.post(f"{url}/v1/data//t/allow/?pretty", json={})
    assert reply.status_code == 307
    assert reply.headers["location"] == "/v1/data/t/allow?pretty"


def test_what_cannot_be_answered(make_server):
    server = make_server()
    for method, path, status, code in [
        ("GET", "/nope", 404, "resource_not_found"),
        ("GET", "/v1/nope", 404, "resource_not_found"),
        ("PUT", "/v1/data/x", 405, "invalid_operation"),
        ("POST", "/health", 405, "invalid_operation"),
        ("GET", "/v1/data/a%zz", 400, "invalid_parameter"),
        ("GET", "/v1/data/a%ff", 400, "invalid_parameter"),
        ("GET", "/v1/data/x?timeout=soon", 400, "invalid_parameter"),
        ("GET", "/v1/data/x?timeout=0", 400, "invalid_parameter"),
        ("GET", "/debug/threads?format=xml", 400, "invalid_parameter"),
    ]:
        with socket.create_connection((server.host, server.port), timeout=LIMIT) as wire:
            # By hand: a client would put the escapes right.
            wire.sendall(
                f"{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode()
            )
            reply = b"".join(iter(functools.partial(wire.recv, 65536), b""))
        head, _, body = reply.partition(b"\r\n\r\n")
        assert head.split()[1] == str(status).encode(), path
        assert json.loads(body)["code"] == code, path


def test_bodies_are_limited(make_server, client):
    url = make_server(max_body=1000).url
    inside = json.dumps({"input": "x" * 900})
    assert client.post(f"{url}/v1/data/x", content=inside).status_code == 200
    for content in (b"x" * 1001, iter([b"x" * 600, b"x" * 600])):
        reply = client.post(f"{url}/v1/data/x", content=content)
        assert reply.status_code == 413
        assert reply.json()["message"] == "request body too large: over 1000 bytes"
    reply = client.post(f"{url}/v1/data/x", content=b"x", headers={"content-encoding": "gzip"})
    assert reply.status_code == 415


def test_a_body_that_does_not_arrive_is_not_waited_for(make_server):
    server = make_server(timeout=0.05)
    with socket.create_connection((server.host, server.port), timeout=LIMIT) as wire:
        wire.sendall(b"POST /v1/data/x HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{")
        assert b" 408 " in wire.recv(65536)


@pytest.mark.parametrize("how", ["server", "parameter", "header"])
def test_a_query_ends_at_its_deadline(make_server, client, gates, how):
    url = make_server(timeout=0.3 if how == "server" else 60).url
    query = "?timeout=300ms" if how == "parameter" else ""
    headers = {"regolive-timeout": "0.3"} if how == "header" else {}
    for rule in ("runaway", "scan"):
        reply = client.post(f"{url}/v1/data/t/{rule}{query}", json={"input": 1}, headers=headers)
        assert reply.status_code == 500
        [error] = reply.json()["errors"]
        assert error["code"] == "eval_cancel_error"
        assert error["location"]["file"] == "t.rego"
    assert gates.cancelled.is_set()


def test_a_query_that_looks_at_no_deadline_is_answered_and_shown(make_server, client, gates):
    url = make_server(timeout=0.5, threads=1).url  # enough for the thread to begin
    reply = client.get(f"{url}/v1/data/t/deaf")
    assert reply.status_code == 500
    message = reply.json()["errors"][0]["message"]
    assert "thread 'regolive-query-1' still runs it" in message
    # With no thread left, decisions are refused in time, and the server says why.
    reply = client.get(f"{url}/v1/data/x")
    assert "waiting for one of the 1 query threads" in reply.json()["errors"][0]["message"]
    until = time.monotonic() + LIMIT
    while (health := client.get(f"{url}/health")).status_code == 200:
        assert time.monotonic() < until
    assert "all 1 query threads are stuck" in health.json()["error"]
    assert "GET /v1/data/t/deaf" in health.json()["error"]
    status = client.get(f"{url}/v1/status").json()["result"]
    assert status["server"]["query_threads"]["stuck"] >= 1
    text = client.get(f"{url}/debug/threads").text
    assert "GET /v1/data/t/deaf" in text
    assert "in Gates.wait" in text
    gates.open.set()
    until = time.monotonic() + LIMIT
    while client.get(f"{url}/health").status_code != 200:
        assert time.monotonic() < until
    assert client.get(f"{url}/v1/data/x").json() == {"result": {"y": 1}}


def test_a_client_that_goes_away_ends_its_query(make_server, client, gates):
    server = make_server(timeout=60)
    wire = socket.create_connection((server.host, server.port), timeout=LIMIT)
    wire.sendall(b"GET /v1/data/t/runaway HTTP/1.1\r\nhost: x\r\n\r\n")
    assert gates.spinning.wait(LIMIT)
    wire.close()
    assert gates.cancelled.wait(LIMIT)


def test_more_queries_than_threads_and_places_in_the_line(make_server, client, gates):
    url = make_server(threads=1, max_waiting=0).url
    with ThreadPoolExecutor(1) as others:
        first = others.submit(client.get, f"{url}/v1/data/t/deaf")
        assert gates.waiting.wait(LIMIT)
        assert client.get(f"{url}/v1/data/x").status_code == 503
        gates.open.set()
        assert first.result(LIMIT).json() == {"result": True}


@pytest.mark.parametrize("store", ["snapshot", "locking"])
def test_status(make_server, client, store):
    server = make_server(store)
    with server.runtime.store.write() as txn:
        txn.put(("x", "y"), 2)
    status = client.get(f"{server.url}/v1/status").json()["result"]
    assert status["store"]["revision"] == 1
    assert (
        status["store"]["kind"] == {"snapshot": "SnapshotStore", "locking": "LockingStore"}[store]
    )
    assert set(status["plugins"])
    assert status["server"]["query_threads"]["limit"] == 8
    assert status["wait_graph"]["mode"] == "raise"
    assert client.get(f"{server.url}/health").json() == {}


def test_all_threads_as_json(make_server, client):
    url = make_server().url
    threads = client.get(f"{url}/debug/threads?format=json").json()["threads"]
    by_name = {thread["name"]: thread for thread in threads}
    assert by_name["regolive-http"]["origin"] == f"HTTP server at {url}"
    assert by_name["MainThread"]["stack"]


def test_queries_in_flight_are_finished_before_the_end(make_server, client, gates):
    server = make_server(timeout=60)
    with ThreadPoolExecutor(2) as others:
        reply = others.submit(client.get, f"{server.url}/v1/data/t/runaway")
        assert gates.spinning.wait(LIMIT)
        stopped = others.submit(server.stop, LIMIT)
        gates.open.set()
        assert reply.result(LIMIT).json() == {"result": True}
        assert stopped.result(LIMIT) is True
    assert server.stop() is True
    with pytest.raises(OSError):  # noqa: PT011 - refused or reset
        socket.create_connection((server.host, server.port), timeout=LIMIT)


def test_queries_that_do_not_finish_are_cancelled_and_told(make_server, client, gates):
    server = make_server(timeout=60)
    with ThreadPoolExecutor(1) as others:
        reply = others.submit(client.get, f"{server.url}/v1/data/t/runaway")
        assert gates.spinning.wait(LIMIT)
        assert server.stop(0.01) is True
        assert reply.result(LIMIT).json()["errors"][0]["message"] == "query cancelled"
    assert gates.cancelled.is_set()


def test_an_address_that_is_taken(make_server):
    server = make_server()
    with pytest.raises(ServerError, match=rf"cannot listen on {server.url}"):
        Server(server.runtime, port=server.port).start()
    with pytest.raises(ServerError, match="has been started before"):
        server.start()


def test_a_server_on_ipv6_started_by_another_thread_than_the_main_one(make_server):
    def run() -> None:
        with Server(runtime, host="::1") as server:
            urls.append(server.url)

    if not socket.has_ipv6:
        pytest.skip("no IPv6")
    runtime = make_server().runtime
    urls: list[str] = []
    thread = threading.Thread(target=run)
    thread.start()
    thread.join(LIMIT)
    assert urls[0].startswith("http://[::1]:")
