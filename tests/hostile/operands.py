"""Operands chosen to hurt: what a careless or a malicious writer of an input would send.

Every maker draws from the generator it is given and from nothing else, so that a call can be made
again from its number. What is large is made once and shared: builtins do not change operands.
"""

# ruff: noqa: E501  (tables are read by the column, whatever their width)
from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any

from regolive.values import RegoSet, loads
from tests.hostile import texts

Maker = Callable[[random.Random], Any]

DEPTH = 10_000
MEGABYTE = 1 << 20
RARELY = 0.01  # how often something is very large or very deep

NUMBERS: tuple[Any, ...] = (
    0, 1, -1, 2, 7, 63, 64, 100, -0.0, 0.5, -2.5, 1e-320, 5e-324, 1.7976931348623157e308, 1e16, 1e20,
    2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64, 10**19, 10**300, -(10**300),
    10**5000, -(10**5000), Decimal("1e400"), Decimal("-1e400"), Decimal("1e-400"),
    Decimal("0.1000000000000000000000000000001"), Decimal("1e100000"), Decimal("12345678901234567890.5"),
    # Digits without end behind the point: no double is near enough to stand for them.
    Decimal("0." + "1234567891" * 500), Decimal("-123456789.1" + "1234567891" * 500),
    Decimal("0." + "1234567891" * 100_000), Decimal("7" * 4300 + ".7"), Decimal("1e-3999"),
    253402300800, 1_700_000_000_000_000_000, -62135596800000000000, 9223372036854775807.0,
)  # fmt: skip
SCALARS: tuple[Any, ...] = (None, True, False, "", "a", 0, 1.5, [], {}, RegoSet())


@cache
def deep(kind: str) -> Any:
    """A value nested ``DEPTH`` levels: of arrays, objects, sets, or arrays and objects in turn."""
    made: Any = "bottom"
    for level in range(DEPTH):
        if kind == "object" or (kind == "both" and level % 2):
            made = {"a": made}
        elif kind == "set":
            made = RegoSet([made])
        else:
            made = [made]
    return made


@cache
def wide(kind: str) -> Any:
    """A value with very many elements, or with elements that hash tables find hard to tell apart."""
    if kind == "numbers":
        return list(range(100_000))
    if kind == "strings":
        return [f"element {n}" for n in range(20_000)]
    if kind == "object":
        return {f"key {n}": n for n in range(20_000)}
    if kind == "set":
        return RegoSet(range(20_000))
    if kind == "alike":  # they differ below what a hash looks at
        return [[[[n]]] for n in range(1_000)]
    if kind == "same hash":  # Python's hash of an integer is its rest by this prime
        return [n * (2**61 - 1) for n in range(1_000)]
    return [{"a": [n, {"b": RegoSet([n, str(n)])}]} for n in range(5_000)]


WIDE = ("numbers", "strings", "object", "set", "alike", "same hash", "nested")


@cache
def long_text(kind: str) -> str:
    """A megabyte of text."""
    unit = {
        "a": "a", "open": "[", "braces": "{{", "nul": "\0", "astral": "😀", "surrogate": "\ud800",
        "digits": "9", "dots": "a.", "slash": "/", "percent": "%", "quoted": '"', "lines": "- a\n",
        "spaces": " ", "backslash": "\\", "parens": "(", "stars": "*", "fraction": "1234567891",
        "exponents": "e1", "signs": "e+",
    }[kind]  # fmt: skip
    begin = {"fraction": "0.", "exponents": "1", "signs": "1"}.get(kind, "")
    return begin + unit * (MEGABYTE // len(unit))


LONG = ("a", "open", "braces", "nul", "astral", "surrogate", "digits", "dots", "slash", "percent",
        "quoted", "lines", "spaces", "backslash", "parens", "stars", "fraction", "exponents", "signs",
        )  # fmt: skip


@cache
def dense_graph(nodes: int) -> dict[str, Any]:
    """A graph in which everything leads to everything: paths without number."""
    names = [f"n{n}" for n in range(nodes)]
    return {name: [other for other in names if other != name] for name in names}


@cache
def long_graph() -> dict[str, Any]:
    """A chain of nodes that ends in its own beginning."""
    return {str(n): [str((n + 1) % 30_000)] for n in range(30_000)}


def number(r: random.Random) -> Any:
    """A number, mostly an uncommon one."""
    if r.random() < 0.3:
        return r.randrange(-300, 300)
    if r.random() < 0.1:
        return r.getrandbits(r.choice((10, 60, 70, 4000))) * r.choice((1, -1))
    if r.random() < 0.1:
        return r.uniform(-1e6, 1e6)
    return r.choice(NUMBERS)


def text(r: random.Random) -> str:
    """A text of no particular kind."""
    if r.random() < RARELY:
        return long_text(r.choice(LONG))
    return broken(r, r.choice(texts.ANY))


def broken(r: random.Random, whole: str) -> str:
    """A text as it is, or with something done to it."""
    kind = r.randrange(14)
    at = r.randrange(len(whole) + 1) if whole else 0
    if kind == 0:
        return whole[:at]
    if kind == 1:
        return whole[:at] + r.choice(texts.SPLINTERS) + whole[at:]
    if kind == 2:
        return whole[:at] + r.choice(texts.SPLINTERS) + whole[at + 1 :]
    if kind == 3 and len(whole) < 200:
        return whole * r.choice((2, 10, 300))
    if kind == 4 and whole:
        return whole[:at] + chr(ord(whole[at - 1]) ^ 1 << r.randrange(7)) + whole[at:]
    return whole


def among(pool: tuple[str, ...], long: tuple[str, ...] = LONG) -> Maker:
    """A maker of texts from a pool, broken at times, and at times a megabyte of something else."""

    def make(r: random.Random) -> str:
        if r.random() < RARELY and long:
            return long_text(r.choice(long))
        if r.random() < 0.05:
            return text(r)
        return broken(r, r.choice(pool))

    return make


def anything(r: random.Random, depth: int = 3) -> Any:
    """A value of any type."""
    kind = r.random()
    if kind < RARELY:
        return deep(r.choice(("array", "object", "both", "set")))
    if kind < 2 * RARELY:
        return wide(r.choice(WIDE))
    if kind < 0.25:
        return r.choice(SCALARS)
    if kind < 0.4:
        return number(r)
    if kind < 0.6 or not depth:
        return text(r)
    return r.choice((array, obj, set_of))(r, depth)


def array(r: random.Random, depth: int = 3) -> Any:
    """An array of anything."""
    if r.random() < RARELY:
        return (
            deep("array") if r.random() < 0.5 else wide(r.choice(("numbers", "alike", "strings")))
        )
    return [anything(r, depth - 1) for _ in range(r.randrange(5))]


def obj(r: random.Random, depth: int = 3) -> Any:
    """An object of anything, with keys that are texts mostly."""
    if r.random() < RARELY:
        return deep("object") if r.random() < 0.5 else wide("object")
    return {
        r.choice(texts.ANY) if r.random() < 0.8 else r.choice((1, 1.5, None)): anything(
            r, depth - 1
        )
        for _ in range(r.randrange(5))
    }


def set_of(r: random.Random, depth: int = 3) -> Any:
    """A set of anything."""
    if r.random() < RARELY:
        return deep("set") if r.random() < 0.5 else wide("set")
    return RegoSet([anything(r, depth - 1) for _ in range(r.randrange(5))])


def sets(r: random.Random) -> Any:
    """A set of sets."""
    return RegoSet([set_of(r, 2) for _ in range(r.randrange(4))])


def collection(r: random.Random) -> Any:
    """An array, an object, a set or a text."""
    return r.choice((array, obj, set_of, text))(r)


def strings(r: random.Random) -> Any:
    """An array or a set of texts, or a text."""
    made = [text(r) for _ in range(r.randrange(6))]
    if r.random() < 0.05:
        return wide("strings")
    return r.choice((made, made, RegoSet(made), text(r)))


def numbers(r: random.Random) -> Any:
    """An array or a set of numbers."""
    if r.random() < 0.05:
        return wide(r.choice(("numbers", "same hash")))
    made = [number(r) for _ in range(r.randrange(8))]
    return r.choice((made, RegoSet(made)))


def paths(r: random.Random) -> Any:
    """Paths into a document, as ``json.filter`` takes them: texts, or arrays of keys."""
    if r.random() < RARELY:
        return ["/".join(["a"] * DEPTH), *wide("strings")[:2000]]
    made = [r.choice((r.choice(texts.PATHS), array(r, 1), text(r))) for _ in range(r.randrange(6))]
    return r.choice((made, RegoSet(made)))


def patches(r: random.Random) -> Any:
    """Operations of ``json.patch``."""
    if r.random() < RARELY:  # each doubles the document
        return [{"op": "copy", "from": "", "path": "/a"}] * 40
    if r.random() < RARELY:
        return [{"op": "add", "path": "/a/-", "value": 1}] * 5_000
    operations = ("add", "remove", "replace", "move", "copy", "test", "", "ADD", 1)
    return [
        {"op": r.choice(operations), "path": _path(r), "from": _path(r), "value": anything(r, 2)}
        for _ in range(r.randrange(5))
    ]


def _path(r: random.Random) -> Any:
    return r.choice(texts.PATHS) if r.random() < 0.9 else anything(r, 1)


def document(r: random.Random) -> Any:
    """A document that paths lead into."""
    if r.random() < 0.5:
        return {"a": {"b": [1, {"c": 2}]}, "": {"": 1}, "~": [], "x": RegoSet([1, "a"])}
    return anything(r)


def graph(r: random.Random) -> Any:
    """A graph: with circles, dense, long, or with neighbours that are nothing of the kind."""
    kind = r.random()
    if kind < 0.03:
        return dense_graph(r.choice((8, 14, 40)))
    if kind < 0.05:
        return long_graph()
    names = [str(n) for n in range(r.randrange(1, 8))]
    made = {name: r.sample(names, r.randrange(len(names))) for name in names}
    if kind < 0.3:
        made[r.choice(names)] = r.choice((None, 1, "a", {"a": "b"}, [["a"]], [None]))
    return {k: RegoSet(v) if isinstance(v, list) and kind < 0.6 else v for k, v in made.items()}


def roots(r: random.Random) -> Any:
    """Where to start in a graph."""
    return r.choice((["0"], ["n0"], RegoSet(["0", "1", "n1"]), [None], array(r, 1)))


def schema(r: random.Random) -> Any:
    """A JSON schema, as a document or as a text."""
    if r.random() < 0.05:
        return anything(r)
    written = r.choice(texts.SCHEMAS)
    return loads(written) if r.random() < 0.7 else broken(r, written)


def instance(r: random.Random) -> Any:
    """What a schema or a time is asked about: anything, or a text of JSON."""
    return anything(r) if r.random() < 0.7 else among(texts.JSON)(r)


def time_value(r: random.Random) -> Any:
    """What ``time.date`` and its like take: nanoseconds, or with a zone, or with a layout too."""
    zone, layout = among(texts.ZONES)(r), among(texts.LAYOUTS)(r)
    n = number(r) if r.random() < 0.5 else r.randrange(-(2**63), 2**63)
    return r.choice((n, [n, zone], [n, zone, layout], [n], [], [zone, n], [n, None, layout, 1]))


def request(r: random.Random) -> Any:
    """A request of ``http.send`` that goes nowhere: its port is closed, or its host is refused."""
    made: dict[str, Any] = {
        "method": r.choice(("get", "POST", "\0", "GET\r\nX: y", "a" * 1000, 1, None)),
        "url": r.choice(texts.URLS_NOWHERE),
        "timeout": r.choice(("10ms", 1000000, "-1s", "1e9s", None, [])),
    }
    extra: dict[str, Any] = {
        "headers": {"a\r\nb": "c", "x": 1}, "body": anything(r, 2), "raw_body": text(r),
        "tls_ca_cert": r.choice(texts.PEMS), "tls_client_cert": "x", "tls_client_key": "y",
        "tls_insecure_skip_verify": 1, "tls_use_system_certs": "no", "max_retry_attempts": -1,
        "force_json_decode": None, "enable_redirect": "yes", "cache": True, "force_cache": True,
        "force_cache_duration_seconds": 10**30, "raise_error": False, "nonsense": 1,
        "cache_ignored_headers": [1], "caching_mode": "x", "tls_server_name": "\0", "": 1,
    }  # fmt: skip
    made |= {k: extra[k] for k in r.sample(sorted(extra), r.randrange(4))}
    if r.random() < 0.15:
        made[r.choice(("method", "url"))] = None
    if r.random() < 0.1:
        del made[r.choice(("method", "url"))]
    return made


def token(r: random.Random) -> str:
    """A token that nobody signed: no algorithm, another one, long past, cut, huge, or no token."""
    header: Any = {
        "alg": r.choice(("none", "None", "HS256", "RS256", "ES256", "EdDSA", "", 1, None))
    }
    if r.random() < 0.3:
        header |= r.choice(
            ({"crit": ["x"]}, {"cty": "JWT"}, {"enc": "A128GCM"}, {"kid": 1}, {"b64": False})
        )
    claims: Any = r.choice((
        {"exp": 1}, {"exp": 10**400}, {"nbf": 10**30}, {"exp": "soon"}, {"iss": 1, "aud": [1]}, {},
        {"exp": -1, "nbf": None}, [], "x", None, 1,
    ))  # fmt: skip
    kind = r.random()
    if kind < 0.05:
        claims = {"a": "x" * MEGABYTE}
    parts = [json.dumps(header), json.dumps(claims)]
    if kind > 0.95:
        parts[r.randrange(2)] = "[" * 50_000 + "]" * 50_000
    elif kind > 0.9:
        parts[r.randrange(2)] = text(r)
    encoded = [
        base64.urlsafe_b64encode(p.encode("utf-8", "surrogatepass")).decode().rstrip("=")
        for p in parts
    ]
    return broken(r, ".".join([*encoded, r.choice(("", "AAAA", "!", "A" * 342, "A" * 86))]))


def constraints(r: random.Random) -> Any:
    """What ``io.jwt.decode_verify`` asks of a token."""
    pool: dict[str, Any] = {
        "secret": r.choice(("", "secret", 1)), "cert": r.choice(texts.PEMS), "alg": token(r)[:5],
        "iss": r.choice(("a", 1)), "aud": r.choice(("a", [], None)), "time": number(r), "x": 1,
    }  # fmt: skip
    return {k: pool[k] for k in r.sample(sorted(pool), r.randrange(4))}


def headers(r: random.Random) -> Any:
    """A header to sign with."""
    return {"alg": r.choice(("HS256", "RS256", "ES256", "none", "XX", 1)), "typ": anything(r, 1)}


def jwk(r: random.Random) -> Any:
    """A key as a document: right, weak, of another kind, or with numbers that are no key."""
    made: dict[str, Any] = json.loads(r.choice(texts.JWKS))
    if r.random() < 0.3 and made:
        made[r.choice(sorted(made))] = r.choice(("", "AA", "!", 1, None, "A" * 10_000))
    return made
