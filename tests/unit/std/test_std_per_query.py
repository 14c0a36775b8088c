"""What is the same throughout a query and made anew for the next; what is kept across queries."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regolive.codegen.frame import Env, Frame
from regolive.plugins import Registry, builtin, hookimpl
from regolive.values import RegoSet, parse_number
from regolive_std import glob, graphql_, json_schema, jwt, net, regex, semver
from regolive_std.kept import Kept

THREADS = 8

# -- Per query: instants, random numbers -----------------------------------------------------


def test_now_is_one_instant_for_all_that_ask(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(10**18, 10**18 + 100))
    monkeypatch.setattr(time, "time_ns", lambda: next(clock))
    one, other = call.frame(), call.frame()
    first = call("time.now_ns", frame=one)
    assert call("time.now_ns", frame=one) == first
    assert call("time.now_ns", frame=one.fork()) == first  # in the body of a with, too
    assert call("time.now_ns", frame=other) != first
    assert call("time.now_ns", frame=one) == first


def test_tokens_are_judged_at_that_instant(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    key = {"kty": "oct", "k": "c2VjcmV0"}
    token = call("io.jwt.encode_sign", {"alg": "HS256"}, {"exp": 100}, key)
    monkeypatch.setattr(time, "time_ns", lambda: 99 * 10**9)
    early = call.frame()
    assert call("io.jwt.decode_verify", token, {"secret": "secret"}, frame=early)[0]
    monkeypatch.setattr(time, "time_ns", lambda: 100 * 10**9)
    late = call.frame()
    # The signature is known to hold by now; the time is looked at all the same.
    assert not call("io.jwt.decode_verify", token, {"secret": "secret"}, frame=late)[0]
    assert call("io.jwt.decode_verify", token, {"secret": "secret"}, frame=early)[0]


@given(st.text(max_size=3), st.text(max_size=3))
def test_uuids_repeat_for_the_same_argument(call: Any, a: str, b: str) -> None:
    frame, other = call.frame(), call.frame()
    first, second = (call("uuid.rfc4122", k, frame=frame) for k in (a, b))
    assert (first == second) == (a == b)
    assert call("uuid.rfc4122", a, frame=frame) == first
    assert call("uuid.rfc4122", a, frame=frame.fork()) == first
    assert call("uuid.rfc4122", a, frame=other) != first


@given(st.text(max_size=3), st.text(max_size=3), st.integers(2**62, 2**63 - 1))
def test_random_numbers_repeat_for_the_same_arguments(call: Any, a: str, b: str, n: int) -> None:
    """Two of so many are the same once in 2**62 times."""
    frame, other = call.frame(), call.frame()
    first, second = (call("rand.intn", k, n, frame=frame) for k in (a, b))
    assert (first == second) == (a == b)
    assert call("rand.intn", a, n, frame=frame) == first
    assert call("rand.intn", a, -n, frame=frame.fork()) == first
    assert call("rand.intn", a, n - 1, frame=frame) != first
    assert call("rand.intn", a, n, frame=other) != first


def test_random_numbers_are_spread(call: Any) -> None:
    found = {call("rand.intn", str(i), 8, frame=call.frame()) for i in range(400)}
    assert found == set(range(8))


# -- Per query: memoised builtins ------------------------------------------------------------


class Counting:
    """A plugin whose builtin counts its calls."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

        @builtin("test.seen", memoize=True)
        def seen(x: Any, y: Any) -> int:
            self.calls.append((x, y))
            return len(self.calls)

        self.seen = seen

    @hookimpl
    def regolive_builtins(self) -> list[Callable[..., Any]]:
        return [self.seen]


def _no_background(*_: Any, **__: Any) -> Any:
    raise AssertionError


@pytest.fixture
def counting() -> tuple[Counting, Callable[..., Any]]:
    plugin = Counting()
    registry = Registry()
    registry.register(plugin, "counting")
    return plugin, registry.builtins["test.seen"].call


def _frame() -> Frame:
    return Frame(Env(True, _no_background), None, None)


SAME = [
    (1, 1.0),
    (1, parse_number("1.0")),
    (parse_number("0.1"), parse_number("0.10")),
    ([1, {"a": 2}], [1.0, {"a": 2.0}]),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    (RegoSet([1, 2, "x"]), RegoSet(["x", 2.0, 1])),
    (RegoSet([RegoSet([1])]), RegoSet([RegoSet([1.0])])),
    (None, None),
    ("é", "\u00e9"),
]
OTHER = [
    (1, "1"),
    (1, True),
    (0, False),
    (0, None),
    (False, None),
    ("", None),
    ([], {}),
    ([], RegoSet()),
    ([1], [True]),
    ([1], RegoSet([1])),
    ({"a": 1}, {"a": "1"}),
    ({"a": 0}, {"a": False}),
    ({"a": []}, {"a": {}}),
    ([1, 2], [2, 1]),
    ([[1], 2], [1, [2]]),
    (1, 1.5),
    (2**53, 2**53 + 1),
    ("é", "e\u0301"),
]


@pytest.mark.parametrize(("a", "b"), SAME)
def test_equal_arguments_are_asked_about_once(counting: Any, a: Any, b: Any) -> None:
    plugin, seen = counting
    frame = _frame()
    assert seen(frame, a, "y") == seen(frame, b, "y") == seen(frame.fork(), a, "y") == 1
    assert seen(frame, "y", a) == 2  # in the other place it is another question
    assert len(plugin.calls) == 2
    assert seen(_frame(), a, "y") == 3  # and so it is in another query


@pytest.mark.parametrize(("a", "b"), OTHER)
def test_other_arguments_are_another_question(counting: Any, a: Any, b: Any) -> None:
    plugin, seen = counting
    frame = _frame()
    assert seen(frame, a, 0) != seen(frame, b, 0)
    assert len(plugin.calls) == 2


def test_standard_builtins_that_are_memoised(call: Any) -> None:
    """What asks the world: within a query it has one answer."""
    memoised = {n for n, b in call.registry.builtins.items() if b.spec.memoize}
    assert memoised == {"uuid.rfc4122", "net.lookup_ip_addr"}


# -- Across queries: what is kept, and how much of it ----------------------------------------

LRU: list[tuple[Any, Callable[[int], tuple[Any, ...]]]] = [
    (regex.compiled, lambda i: (f"a{i}",)),
    (regex._template_pattern, lambda i: (f"a{i}{{b}}", "{", "}")),
    (glob._tester, lambda i: (f"a{i}*", ".")),
    (net._parse_network, lambda i: (f"10.{i // 256 % 256}.{i % 256}.0/24",)),
    (semver._parse, lambda i: (f"1.0.{i}",)),
]


@pytest.fixture(params=LRU, ids=lambda p: p[0].__name__)
def kept(request: pytest.FixtureRequest) -> Iterator[Any]:
    function, _ = request.param
    function.cache_clear()
    yield request.param
    function.cache_clear()


def test_what_is_compiled_is_kept_within_bounds(kept: Any) -> None:
    function, arguments = kept
    limit = function.cache_info().maxsize
    first = function(*arguments(0))
    assert function(*arguments(0)) is first
    for i in range(1, limit):
        function(*arguments(i))
    assert function(*arguments(0)) is first  # all of them are there, and this one is in use
    function(*arguments(limit))
    assert function.cache_info().currsize == limit
    misses = function.cache_info().misses
    function(*arguments(0))
    assert function.cache_info().misses == misses
    function(*arguments(1))  # which nobody had asked for: it has gone
    assert function.cache_info().misses == misses + 1


def _at_once(work: Callable[[int], Any]) -> list[Any]:
    """The results of work that several threads begin together."""
    gate = threading.Barrier(THREADS)

    def begin(i: int) -> Any:
        gate.wait(timeout=30)
        return work(i)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(begin, range(THREADS)))


def test_threads_share_patterns(call: Any) -> None:
    regex.compiled.cache_clear()
    limit = regex.compiled.cache_info().maxsize or 0
    assert limit > 0

    def work(seed: int) -> list[int]:
        """The numbers that a pattern did not match as it should have."""
        return [
            i
            for i in range(limit // THREADS * 2)
            if not call("regex.match", f"^t{i % 90}x$", f"t{i % 90}x")
            or call("glob.match", f"t{i + seed}?", [], f"t{i + seed}")
        ]

    assert _at_once(work) == [[]] * THREADS
    assert regex.compiled.cache_info().currsize <= limit


def test_patterns_are_the_same_object_in_the_next_query(call: Any) -> None:
    regex.tester.cache_clear()
    for _ in range(3):
        assert call("regex.match", "^kept$", "kept", frame=call.frame())
    info = regex.tester.cache_info()
    assert (info.misses, info.hits) == (1, 2)


def test_schemas_are_compiled_once(call: Any) -> None:
    cache = json_schema._compiled
    cache.cache_clear()
    for _ in range(3):
        found = call("json.match_schema", {"a": 1}, {"type": "object"}, frame=call.frame())
        assert found == [True, []]
    assert cache.cache_info().misses == 1
    for i in range((cache.cache_info().maxsize or 0) + 5):
        assert call("json.match_schema", {"a": i}, {"maxProperties": i + 1}) == [True, []]
    assert cache.cache_info().currsize == cache.cache_info().maxsize


def test_graphql_schemas_are_parsed_once(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphql_, "_SCHEMAS", Kept(3))
    for i in [*range(5), 4, 3, 4]:
        assert call("graphql.is_valid", "{ a }", f"type Query {{ a: Int b{i}: Int }}")
    assert len(graphql_._SCHEMAS) == 3


def test_the_one_not_used_for_the_longest_time_goes() -> None:
    cache: Kept[int] = Kept(2)
    made: list[str] = []

    def get(key: str) -> None:
        def make() -> int:
            made.append(key)
            return len(made)

        cache.get(key, make)

    for key in "abacab":
        get(key)
    assert made == ["a", "b", "c", "b"]
    assert len(cache) == 2


def test_threads_share_what_is_kept() -> None:
    cache: Kept[int] = Kept(16)

    def work(seed: int) -> bool:
        keys = [(i * 7 + seed) % 40 for i in range(2000)]
        return all(cache.get(k, lambda k=k: k * k) == k * k for k in keys)  # type: ignore[misc]

    assert all(_at_once(work))
    assert len(cache) <= 16


# -- Across queries: tokens ------------------------------------------------------------------


@pytest.fixture
def tokens(monkeypatch: pytest.MonkeyPatch) -> jwt.Bounded:
    """An empty memory for three tokens."""
    cache = jwt.Bounded("test.jwt.verified", 3)
    monkeypatch.setattr(jwt, "VERIFIED", cache)
    return cache


KEY = {"kty": "oct", "k": "c2VjcmV0"}


def _signed(call: Any, **claims: Any) -> str:
    return str(call("io.jwt.encode_sign", {"alg": "HS256"}, claims, KEY))


def test_a_signature_is_checked_once(
    call: Any, tokens: jwt.Bounded, monkeypatch: pytest.MonkeyPatch
) -> None:
    from regolive_std import jose

    checked: list[Any] = []
    real = jose.verify_jws

    def counted(*operands: Any) -> bool:
        checked.append(operands)
        return real(*operands)

    monkeypatch.setattr(jose, "verify_jws", counted)
    token = _signed(call, user="alice")
    for _ in range(5):
        found = call("io.jwt.decode_verify", token, {"secret": "secret"}, frame=call.frame())
        assert found[0]
    assert len(checked) == 1
    # Whatever else is asked, or another key, is looked at anew.
    assert not call("io.jwt.decode_verify", token, {"secret": "secret", "iss": "x"})[0]
    assert not call("io.jwt.decode_verify", token, {"secret": "other"})[0]
    assert not call("io.jwt.decode_verify", token, {"secret": "other"})[0]
    assert len(checked) == 3


def test_only_what_holds_is_remembered(call: Any, tokens: jwt.Bounded) -> None:
    token = _signed(call, user="alice")
    for secret in ("a", "b", "c", "d"):
        assert not call("io.jwt.decode_verify", token, {"secret": secret})[0]
    assert len(tokens) == 0


def test_the_oldest_token_makes_room(call: Any, tokens: jwt.Bounded) -> None:
    made = [_signed(call, n=i) for i in range(5)]
    for token in made:
        assert call("io.jwt.decode_verify", token, {"secret": "secret"})[0]
        assert len(tokens) <= tokens.limit
    assert len(tokens) == 3
    assert call("io.jwt.decode_verify", made[0], {"secret": "secret"})[0]


def test_neither_tokens_nor_secrets_are_kept(call: Any, tokens: jwt.Bounded) -> None:
    token = _signed(call, user="alice")
    assert call("io.jwt.decode_verify", token, {"secret": "secret"})[0]
    (key,) = tokens._entries
    assert isinstance(key, bytes)
    assert len(key) == hashlib.sha256().digest_size


def test_threads_share_tokens(call: Any, tokens: jwt.Bounded) -> None:
    good = [_signed(call, n=i) for i in range(6)]

    def work(seed: int) -> bool:
        right = True
        for i in range(60):
            token = good[(i + seed) % 6]
            right &= call("io.jwt.decode_verify", token, {"secret": "secret"})[0]
            right &= not call("io.jwt.decode_verify", token, {"secret": "other"})[0]
        return right

    assert all(_at_once(work))
    assert len(tokens) <= tokens.limit
