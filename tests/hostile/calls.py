"""Hostile calls by number: which builtin, with which operands.

A call is made from the seed and its number alone, so that the one that broke something can be made
again. Some calls begin as one that OPA answered (the tables of tests/unit/std) and are then broken;
the rest draw each operand from what its parameter is for.
"""

# ruff: noqa: E501  (tables are read by the column, whatever their width)
from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from regolive.plugins import BoundBuiltin
from regolive.values import RegoSet, loads, to_key
from tests.hostile import operands as o
from tests.hostile import texts
from tests.hostile.operands import Maker, among

_RECORDED = Path(__file__).parents[1] / "unit" / "std"
_FILES = ("answers", "tokens", "certificates", "chains", "graphql", "schemas")

_pattern = among(texts.PATTERNS, ("a", "parens", "stars", "backslash"))
_subject = among((*texts.PLAIN, "a" * 5000, "ab" * 3000, "foo.bar:baz/qux"))
_date = among(texts.DATES)
_layout = among(texts.LAYOUTS, ("digits", "percent"))
_json_text = among(texts.JSON, ("open", "quoted", "digits", "fraction", "braces"))
_yaml_text = among(texts.YAML, ("open", "lines", "quoted", "spaces"))
_cidr = among(texts.CIDRS)
_query = among(texts.GRAPHQL, ("braces", "open", "quoted", "dots"))
_pem = among(texts.PEMS)
_key_text = among((*texts.PEMS, *texts.JWKS, *texts.PLAIN))
_semver = among(texts.SEMVERS, ("digits", "dots"))
_base64 = among(texts.BASE64)


def _cidrs(r: random.Random) -> Any:
    made = [_cidr(r) for _ in range(r.randrange(6))]
    return r.choice((made, RegoSet(made), {"a": _cidr(r), "b": [_cidr(r), 1]}, _cidr(r)))


def _small(r: random.Random) -> Any:
    return r.randrange(-3, 40) if r.random() < 0.6 else o.number(r)


def _replacements(r: random.Random) -> Any:
    return {_subject(r): o.text(r) for _ in range(r.randrange(5))}


def _verbs(r: random.Random) -> str:
    return "".join(r.choice(texts.VERBS) for _ in range(r.randrange(1, 4)))


def _options(r: random.Random) -> Any:
    pool = {
        "prefix": o.anything(r, 1),
        "indent": "  " * r.randrange(9),
        "pretty": r.choice((True, 1)),
    }
    return {k: pool[k] for k in r.sample(sorted(pool), r.randrange(4))}


def _delimiters(r: random.Random) -> Any:
    return r.choice((None, [], ["."], ["/", ":"], ["ab"], [""], [1], ["\ud800"], o.strings(r)))


def _verify_options(r: random.Random) -> Any:
    return {
        r.choice(("DNSName", "CurrentTime", "MaxConstraintComparisons", "KeyUsages", "x")):
            r.choice((o.number(r), o.text(r), [o.text(r)], RegoSet(["KeyUsageAny"])))
        for _ in range(r.randrange(4))
    }  # fmt: skip


def _aws(r: random.Random) -> Any:
    keys = (
        "aws_access_key",
        "aws_secret_access_key",
        "aws_service",
        "aws_region",
        "aws_session_token",
    )
    made = {k: o.text(r) for k in keys if r.random() < 0.9}
    return made | ({"disable_payload_signing": o.anything(r, 1)} if r.random() < 0.2 else {})


def _header_text(r: random.Random) -> str:
    alg = r.choice(("HS256", "RS256", "ES256", "none", "XX", 1))
    return o.broken(r, json.dumps({"alg": alg, "typ": o.text(r)}))


_verify = (o.token, _key_text)
_numbers = (o.number, o.number)
_any = o.anything

# What the operands of a builtin are for, by its name or by what its name begins with.
ROLES: Mapping[str, tuple[Maker, ...]] = {
    "all": (_any,), "any": (_any,), "base64": (_base64,), "hex": (among(texts.HEX),),
    "bits.": _numbers, "cast_": (_any,), "concat": (o.text, o.strings), "count": (o.collection,),
    "crypto.x509.parse_keypair": (_pem, _pem), "crypto.parse": (_pem,),
    "crypto.x509.parse_and_verify_certificates_with_options": (_pem, _verify_options), "crypto.x509": (_pem,),
    "div": _numbers, "rem": _numbers, "mul": _numbers, "plus": _numbers,
    "format_int": (o.number, lambda r: r.choice((2, 8, 10, 16, 36, 37, o.number(r)))),
    "minus": (lambda r: r.choice((o.number, o.set_of))(r),) * 2,
    "glob.match": (among(texts.GLOBS, ("stars", "braces", "open")), _delimiters, _subject),
    "glob.quote_meta": (among(texts.GLOBS),), "graph.": (o.graph, o.roots),
    "graphql.": (_query, _query), "http.send": (o.request,), "net.lookup_ip_addr": (among(texts.HOSTS_NOWHERE, ()),),
    "internal.member_2": (_any, o.collection), "internal.member_3": (_any, _any, o.collection),
    "intersection": (o.sets,), "union": (o.sets,),
    "io.jwt.decode_verify": (o.token, o.constraints), "io.jwt.decode": (o.token,), "io.jwt.verify": _verify,
    "io.jwt.encode_sign_raw": (_header_text, _json_text, among(texts.JWKS)),
    "io.jwt.encode_sign": (o.headers, o.obj, o.jwk),
    "json.filter": (o.document, o.paths), "json.remove": (o.document, o.paths), "json.is_valid": (_json_text,),
    "json.unmarshal": (_json_text,), "json.marshal_with_options": (_any, _options),
    "json.match_schema": (o.instance, o.schema), "json.verify_schema": (o.schema,), "json.patch": (o.document, o.patches),
    "max": (o.collection,), "min": (o.collection,), "sort": (o.collection,), "sum": (o.numbers,), "product": (o.numbers,),
    "net.cidr_contains_matches": (_cidrs, _cidrs), "net.cidr_merge": (_cidrs,), "net.": (_cidr, _cidr),
    "numbers.range_step": (_small, _small, _small), "numbers.range": (_small, _small),
    "object.get": (o.document, lambda r: r.choice((["a", "b"], o.array(r), o.text(r))), _any),
    "object.subset": (o.collection, o.collection), "object.union_n": (lambda r: [o.obj(r) for _ in range(r.randrange(5))],),
    "object.": (o.obj, o.collection), "providers.aws": (o.request, _aws, o.number), "rand.intn": (o.text, o.number),
    "regex.globs_match": (among(texts.REGEX_GLOBS, ("dots", "stars")),) * 2,
    "regex.template_match": (among(texts.TEMPLATE_MATCHES), _subject, lambda r: r.choice("{<\ud800\0"), lambda r: r.choice("}>{é")),
    "regex.replace": (_subject, _pattern, lambda r: r.choice(("$1", "${a}", "$", "$999999999999", "x" * 5000, o.text(r)))),
    "regex.": (_pattern, _subject, _small), "re_match": (_pattern, _subject),
    "rego.parse_module": (o.text, among(texts.MODULES, ("a", "open", "lines", "digits"))),
    "semver": (_semver, _semver), "sprintf": (_verbs, o.array),
    "strings.any_": (o.strings, o.strings), "strings.render_template": (among(texts.TEMPLATES, ("braces",)), o.obj),
    "strings.replace_n": (_replacements, _subject), "strings.split_n": (_subject, o.text, _small), "substring": (_subject, _small, _small),
    "replace": (_subject, o.text, o.text), "time.add_date": (o.number, _small, _small, _small),
    "time.diff": (o.time_value, o.time_value), "time.parse_duration_ns": (among(texts.DURATIONS, ("digits", "fraction")),),
    "time.parse_ns": (_layout, _date), "time.parse_rfc3339_ns": (_date,), "time.": (o.time_value,),
    "to_number": (lambda r: among(texts.NUMERIC, ("digits", "fraction", "exponents"))(r) if r.random() < 0.8 else _any(r),),
    "units.": (among(texts.UNITS, ("digits", "fraction", "exponents", "signs")),), "uri.": (among(texts.URLS, ("slash", "percent", "dots")),),
    "urlquery.decode": (among(texts.QUERIES, ("percent",)),), "uuid.parse": (among(texts.UUIDS),), "yaml.is_valid": (_yaml_text,),
    "yaml.unmarshal": (_yaml_text,),
}  # fmt: skip

_BY_TYPE: Mapping[str, Maker] = {
    "string": o.text, "number": o.number, "array": o.array, "object": o.obj, "set": o.set_of,
    "any": o.anything,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Call:
    """One call. ``number`` is its place in the run, from which it can be made again."""

    number: int
    name: str
    operands: tuple[Any, ...]

    def __str__(self) -> str:
        return f"#{self.number} {self.name}({', '.join(map(shown, self.operands))})"


def family(name: str) -> str:
    """The group that a builtin is counted under: what stands before the first point."""
    return name.split(".", maxsplit=1)[0] if "." in name else "(plain)"


def make(builtins: Mapping[str, BoundBuiltin], names: list[str], seed: int, number: int) -> Call:
    """The call of a number: the builtins take turns."""
    name = names[number % len(names)]
    r = random.Random(f"{seed}/{number}")
    spec = builtins[name].spec
    makers = _makers(name, [d["type"] for d in spec.args])
    if spec.variadic is not None:
        makers = (*makers, *[o.anything] * r.randrange(4))
    drawn = [o.anything(r) if r.random() < 0.08 else maker(r) for maker in makers]
    recorded = _recorded().get(name)
    if recorded and drawn and r.random() < 0.35 and name not in ("http.send", "net.lookup_ip_addr"):
        known = list(_value(r.choice(recorded)))
        for at in range(min(len(known), len(drawn))):
            if r.random() < 0.4:
                text = known[at].__class__ is str
                known[at] = o.broken(r, known[at]) if text and r.random() < 0.7 else drawn[at]
        drawn = known
    return Call(number, name, tuple(drawn))


def _makers(name: str, kinds: list[str]) -> tuple[Maker, ...]:
    role = ROLES.get(name)
    if role is None:
        fits = [prefix for prefix in ROLES if name.startswith(prefix)]
        role = ROLES[max(fits, key=len)] if fits else ()
    rest = (_BY_TYPE.get(kind, o.anything) for kind in kinds[len(role) :])
    return (*role[: len(kinds)], *rest)


@cache
def _recorded() -> Mapping[str, list[Any]]:
    """The calls that the tables of OPA's answers have, by builtin."""
    found: dict[str, list[Any]] = {}
    for kind in _FILES:
        with (_RECORDED / f"opa_{kind}.jsonl").open(encoding="utf-8") as lines:
            for line in lines:
                entry = loads(line)
                if "call" in entry and "args" in entry:
                    found.setdefault(entry["call"], []).append(entry["args"])
    return found


def _value(written: Any) -> Any:
    if isinstance(written, list):
        return [_value(v) for v in written]
    if isinstance(written, dict):
        if written.keys() == {"$set"}:
            return RegoSet(map(_value, written["$set"]))
        if written.keys() == {"$object"}:
            return {to_key(_value(k)): _value(v) for k, v in written["$object"]}
        return {k: _value(v) for k, v in written.items()}
    return written


def shown(value: Any, most: int = 120) -> str:
    """A value for a report: cut, and never by a way that its depth could break."""
    if isinstance(value, str):
        return ascii(value) if len(value) <= most else f"{value[:most]!a}... ({len(value):,})"
    if isinstance(value, int) and value.bit_length() > 400:
        return f"<integer of {value.bit_length():,} bits>"
    if isinstance(value, list | dict | RegoSet) and _large(value):
        return f"<{type(value).__name__} of {len(value)}, deep or large>"
    return repr(value)


def _large(value: Any, room: int = 40) -> bool:
    pending = [value]
    while pending:
        one = pending.pop()
        room -= 1
        if room < 0:
            return True
        if isinstance(one, list):
            pending += one
        elif isinstance(one, dict):
            pending += one.values()
        elif isinstance(one, RegoSet):
            pending += list(one)
        elif (isinstance(one, str) and len(one) > 200) or (
            isinstance(one, int) and one.bit_length() > 4000
        ):
            return True
    return False
