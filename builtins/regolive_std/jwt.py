"""JSON Web Tokens: decoding, verification, signing (``io.jwt.*``).

The checks are OPA's, in OPA's order; signatures and keys are in :mod:`regolive_std.jose`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
from collections.abc import Callable
from typing import Any

from regolive import BuiltinContext, BuiltinError
from regolive.concurrency import Mutex
from regolive.values import compare, dumps, is_number, loads, sorted_items
from regolive_std._declare import (
    ANY,
    BOOLEAN,
    STRING,
    object_of,
    std,
    tuple_of,
    unchecked,
    wrong_type,
)
from regolive_std.encoding import base64url_decode
from regolive_std.json_ import json_unmarshal
from regolive_std.text import to_bytes

_OBJECT = object_of(STRING, ANY)
_ANY_OBJECT = object_of(ANY, ANY)


# -- What is known to be valid ---------------------------------------------------------------


class Bounded:
    """A map of bounded size, the same for all queries; the oldest entry makes room.

    Keys are digests: neither tokens nor secrets stay in memory for it. Reading takes no lock.
    """

    __slots__ = ("_entries", "_lock", "get", "limit")

    def __init__(self, name: str, limit: int) -> None:
        self.limit = limit
        self._entries: dict[bytes, Any] = {}
        self.get = self._entries.get
        self._lock = Mutex(name, guards="making room for an entry")

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, key: bytes, value: Any) -> None:
        """Keep an entry."""
        with self._lock:
            self._entries[key] = value
            while len(self._entries) > self.limit:
                del self._entries[next(iter(self._entries))]


# Valid signatures only: nobody who cannot sign can push an entry out.
VERIFIED = Bounded("std.jwt.verified", 1024)
KEYS = Bounded("std.jwt.keys", 128)


def _digest(*parts: str) -> bytes:
    state = hashlib.sha256()
    for part in parts:
        data = to_bytes(part)
        state.update(len(data).to_bytes(8, "big"))
        state.update(data)
    return state.digest()


def _keys(text: str) -> Any:
    from regolive_std import jose

    digest = _digest(text)
    found = KEYS.get(digest)
    if found is None:
        found = jose.parse_keys(text)
        KEYS.put(digest, found)
    return found


# -- Tokens, taken apart ---------------------------------------------------------------------


def _split(jwt: str) -> list[str]:
    if "." not in jwt:
        raise BuiltinError("encoded JWT had no period separators")
    if jwt.count(".") != 2:
        raise BuiltinError(f"encoded JWT must have 3 sections, found {jwt.count('.') + 1}")
    return jwt.split(".")


def _section(name: str, text: str) -> str:
    try:
        return base64url_decode(text)
    except BuiltinError as error:
        raise BuiltinError(f"JWT {name} had invalid encoding: {error.message}") from None


def _object(text: str) -> dict[str, Any]:
    try:
        found = json_unmarshal(text)
    except BuiltinError as error:
        raise BuiltinError(f"invalid JSON: {error.message}") from None
    except (ValueError, RecursionError) as error:
        raise BuiltinError(f"invalid JSON: {error}") from None
    if not isinstance(found, dict):
        raise BuiltinError("decoded JSON type was not an Object")
    return found


def _header(text: str) -> dict[str, Any]:
    decoded = _section("header", text)
    try:
        header = _object(decoded)
    except BuiltinError as error:
        raise BuiltinError(f"bad JWT header: {error.message}") from None
    if "enc" in header:
        raise BuiltinError("JWT is a JWE object, which is not supported")
    return header


def _parameters(header: dict[str, Any]) -> tuple[dict[str, str], bool]:
    """The header parameters that matter, and whether all critical ones are known."""
    texts = {"alg": "", "cty": "", "kid": "", "typ": ""}
    critical: set[str] = set()
    for name, value in sorted_items(header):
        if name in texts:
            if value.__class__ is not str:
                raise BuiltinError(f"{name}: must be a string")
            texts[name] = value
        elif name == "crit":
            if value.__class__ is not list:
                raise BuiltinError("crit: must be a list")
            for item in value:
                if item.__class__ is not str:
                    break
                critical.add(item)
            if not critical:
                raise BuiltinError("crit: must be a nonempty list")
    unknown = header.keys() - texts.keys() - {"crit"}
    return texts, not unknown & critical


@std("io.jwt.decode", result=tuple_of(_ANY_OBJECT, _ANY_OBJECT, STRING), result_name="output")
def jwt_decode(jwt: str) -> list[Any]:
    """The header, payload and signature (hexadecimal) of a token. Nothing is verified.

    Example:
        >>> io.jwt.decode(data.example.hs256)[1]
        {"iss": "example", "user": "alice"}
        >>> io.jwt.decode("a.b")
        error: eval_builtin_error: io.jwt.decode: encoded JWT must have 3 sections, found 2
    """
    while True:
        head, body, tail = _split(jwt)
        header = _header(head)
        payload = _section("payload", body)
        content = header.get("cty")
        if content is not None and content.__class__ is not str:
            raise BuiltinError("cty: must be a string")
        if content != "JWT":
            break
        # A token in a token, in quotes as some encoders leave it.
        jwt = payload.strip("\"'")
    return [header, _object(payload), to_bytes(_section("signature", tail)).hex()]


# -- Verification ----------------------------------------------------------------------------


def _candidates(keys: Any, alg: str, kid: str) -> Any:
    """The keys to try: the one that the token names, or all that are not for something else."""
    named = next((k for k in keys if k.kid == kid), None) if kid else None
    if named is not None:
        return (named,)
    return [k for k in keys if not k.alg or k.alg == alg]


def _verify(alg: str, jwt: str, certificate: str) -> bool:
    digest = _digest(alg, jwt, certificate)
    if VERIFIED.get(digest):
        return True
    from regolive_std import jose

    head, body, tail = _split(jwt)
    keys = _keys(certificate)
    signature = to_bytes(base64url_decode(tail))
    texts, _ = _parameters(_header(head))
    message = to_bytes(f"{head}.{body}")
    for key in _candidates(keys, texts["alg"], texts["kid"]):
        if jose.verify_as(key, alg, message, signature):
            VERIFIED.put(digest, True)
            return True
    return False


def _verifier(name: str, alg: str) -> Callable[[str, str], bool]:
    @std(name, args=[STRING, unchecked(STRING)], result=BOOLEAN, result_name="result")
    def verify(jwt: str, certificate: Any) -> bool:
        if certificate.__class__ is not str:
            _split(jwt)  # OPA looks at the token first
            raise wrong_type(2, certificate, "string")
        return _verify(alg, jwt, certificate)

    verify.__doc__ = (
        f"Whether a token's signature holds with {alg} under a PEM certificate, a PEM public key, "
        "a JWK or a JWK set.\n\n"
        f"Example:\n    >>> {name}(data.example.{alg.lower()}, data.example.{alg.lower()}_key)\n"
        "    true\n"
        f'    >>> {name}("a.b", data.example.{alg.lower()}_key)\n'
        f"    error: eval_builtin_error: {name}: encoded JWT must have 3 sections, found 2\n"
    )
    return verify


jwt_verify_rs256 = _verifier("io.jwt.verify_rs256", "RS256")
jwt_verify_rs384 = _verifier("io.jwt.verify_rs384", "RS384")
jwt_verify_rs512 = _verifier("io.jwt.verify_rs512", "RS512")
jwt_verify_ps256 = _verifier("io.jwt.verify_ps256", "PS256")
jwt_verify_ps384 = _verifier("io.jwt.verify_ps384", "PS384")
jwt_verify_ps512 = _verifier("io.jwt.verify_ps512", "PS512")
jwt_verify_es256 = _verifier("io.jwt.verify_es256", "ES256")
jwt_verify_es384 = _verifier("io.jwt.verify_es384", "ES384")
jwt_verify_es512 = _verifier("io.jwt.verify_es512", "ES512")
jwt_verify_eddsa = _verifier("io.jwt.verify_eddsa", "EdDSA")


def _hmac_verifier(name: str, algorithm: str) -> Callable[[str, str], bool]:
    @std(name, result_name="result")
    def verify(jwt: str, secret: str) -> bool:
        head, body, tail = _split(jwt)
        message = to_bytes(f"{head}.{body}")
        expected = hmac.digest(to_bytes(secret), message, algorithm)
        return hmac.compare_digest(to_bytes(base64url_decode(tail)), expected)

    token = f"data.example.{name[-5:]}"
    verify.__doc__ = (
        f"Whether a token's code holds with HMAC and {algorithm} under a secret.\n\n"
        f'Example:\n    >>> {name}({token}, "secret")\n    true\n'
        f'    >>> {name}({token}, "another")\n    false\n'
    )
    return verify


jwt_verify_hs256 = _hmac_verifier("io.jwt.verify_hs256", "sha256")
jwt_verify_hs384 = _hmac_verifier("io.jwt.verify_hs384", "sha384")
jwt_verify_hs512 = _hmac_verifier("io.jwt.verify_hs512", "sha512")


class _Constraints:
    """What ``io.jwt.decode_verify`` asks of a token."""

    __slots__ = ("alg", "aud", "cert", "iss", "keys", "secret", "time")

    def __init__(self, given: dict[Any, Any], now_ns: int) -> None:
        self.alg = self.aud = self.cert = self.iss = self.secret = ""
        self.keys: Any = None
        self.time = float(now_ns)
        for name, value in sorted_items(given):
            if name in ("alg", "aud", "cert", "iss", "secret"):
                if value.__class__ is not str:
                    raise BuiltinError(f"{name} constraint: must be a string")
                setattr(self, name, value)
                if name == "cert":
                    self.keys = _keys(value)
            elif name == "time":
                self.time = _time(value)
            else:
                raise BuiltinError(f"unknown token validation constraint: {name}")
        if self.keys is not None and self.secret:
            raise BuiltinError("duplicate key constraints")
        if self.keys is None and not self.secret:
            raise BuiltinError("no key constraint")

    def signed(self, texts: dict[str, str], message: str, tail: str) -> bool:
        """Whether the signature over a message holds."""
        from regolive_std import jose

        signature = to_bytes(base64url_decode(tail))
        alg = texts["alg"]
        digest = _digest("decode_verify", alg, texts["kid"], message, tail, self.cert, self.secret)
        if VERIFIED.get(digest):
            return True
        if self.keys is None:
            keys: Any = (jose.secret_key(self.secret),)
        else:
            keys = _candidates(self.keys, alg, texts["kid"])
        data = to_bytes(message)
        if any(jose.verify_jws(key, alg, data, signature) for key in keys):
            VERIFIED.put(digest, True)
            return True
        return False

    def met(self, payload: dict[str, Any]) -> bool:
        """Whether the claims are as asked, at the time asked for."""
        if self.iss and payload.get("iss") != self.iss:
            return False
        if "aud" in payload:
            claimed = payload["aud"]
            if claimed.__class__ is str:
                claimed = [claimed]
            if claimed.__class__ is not list or self.aud not in (
                a for a in claimed if a.__class__ is str
            ):
                return False
        elif self.aud:
            return False
        seconds = self.time / 1000000000
        if "exp" in payload:
            if not is_number(payload["exp"]):
                raise BuiltinError("exp value must be a number")
            if compare(seconds, payload["exp"]) >= 0:
                return False
        if "nbf" in payload:
            if not is_number(payload["nbf"]):
                raise BuiltinError("nbf value must be a number")
            if compare(seconds, payload["nbf"]) < 0:
                return False
        return True


def _time(value: Any) -> float:
    if not is_number(value):
        raise BuiltinError("token time constraint: must be a number")
    try:
        time = float(value)
    except OverflowError:
        time = math.inf
    if math.isinf(time):
        raise BuiltinError("token time constraint: unvalid float64")
    if time < 0:
        raise BuiltinError("token time constraint: must not be negative")
    return time


@std(
    "io.jwt.decode_verify",
    args=[unchecked(STRING), _OBJECT],
    result=tuple_of(BOOLEAN, _ANY_OBJECT, _ANY_OBJECT),
    nondeterministic=True,
    result_name="output",
)
def jwt_decode_verify(ctx: BuiltinContext, jwt: Any, constraints: Any) -> list[Any]:
    """``[true, header, payload]`` of a token that meets all constraints, else ``[false, {}, {}]``.

    Constraints: ``cert`` or ``secret``, and ``alg``, ``iss``, ``aud``, ``time`` (nanoseconds).

    Example:
        >>> io.jwt.decode_verify(data.example.hs256, {"secret": "secret", "iss": "example"})
        [true, {"alg": "HS256", "typ": "JWT"}, {"iss": "example", "user": "alice"}]
        >>> io.jwt.decode_verify(data.example.hs256, {"secret": "secret", "iss": "another"})
        [false, {}, {}]
        >>> io.jwt.decode_verify(data.example.expired, {"secret": "secret"})
        [false, {}, {}]
        >>> io.jwt.decode_verify(data.example.hs256, {"issuer": "example"})
        error: eval_builtin_error: io.jwt.decode_verify: unknown token validation constraint: issuer
    """
    asked = _Constraints(constraints, ctx.now_ns)
    if jwt.__class__ is not str:
        raise wrong_type(1, jwt, "string")
    while True:
        head, body, tail = _split(jwt)
        header = _header(head)
        texts, known = _parameters(header)
        if not texts["alg"] or not known or (asked.alg and asked.alg != texts["alg"]):
            return [False, {}, {}]
        if not asked.signed(texts, f"{head}.{body}", tail):
            return [False, {}, {}]
        payload = _section("payload", body)
        if texts["cty"].lower() != "jwt":
            break
        jwt = payload
    claims = _object(payload)
    return [True, header, claims] if asked.met(claims) else [False, {}, {}]


# -- Signing ---------------------------------------------------------------------------------


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _sign(headers: str, payload: str, key: str) -> str:
    from regolive_std import jose

    jwk = jose.signing_key(key)
    try:
        alg = jose.header_text(headers, "alg")
    except BuiltinError as error:
        raise BuiltinError(f"missing or invalid 'alg' header: {error.message}") from None
    if alg not in jose.ALGORITHMS:
        raise BuiltinError(f"unknown JWS algorithm: {alg}")
    try:
        plain = jose.header_text(headers, "typ") != "JWT"
    except BuiltinError:
        plain = False
    if not plain and not _is_json(payload):
        raise BuiltinError("type is JWT but payload is not JSON")
    message = f"{_encode(to_bytes(headers))}.{_encode(to_bytes(payload))}"
    return f"{message}.{_encode(jose.sign(jwk, alg, message.encode()))}"


def _is_json(text: str) -> bool:
    try:
        loads(text)
    except (ValueError, RecursionError):
        return False
    return True


@std(
    "io.jwt.encode_sign",
    args=[unchecked(_OBJECT)] * 3,  # whatever it is, its JSON is signed
    result=STRING,
    nondeterministic=True,
    result_name="output",
)
def jwt_encode_sign(headers: Any, payload: Any, key: Any) -> str:
    """A token, signed with a JSON Web Key.

    Example:
        >>> io.jwt.encode_sign({"alg": "HS256"}, {}, {"kty": "oct", "k": "c2VjcmV0"})
        "eyJhbGciOiJIUzI1NiJ9.e30.XmNK3GpH3Ys_7wsYBfq4C3M6goz71I7dTgUkuIa5lyQ"
        >>> io.jwt.encode_sign({"alg": "XX"}, {}, {"kty": "oct", "k": "c2VjcmV0"})
        error: eval_builtin_error: io.jwt.encode_sign: unknown JWS algorithm: XX
    """
    return _sign(dumps(headers), dumps(payload), dumps(key))


@std("io.jwt.encode_sign_raw", nondeterministic=True, result_name="output")
def jwt_encode_sign_raw(headers: str, payload: str, key: str) -> str:
    """A token, signed with a JSON Web Key; all three are given as JSON text.

    Example:
        >>> io.jwt.encode_sign_raw(`{"alg":"HS256"}`, `{}`, `{"kty":"oct","k":"c2VjcmV0"}`)
        "eyJhbGciOiJIUzI1NiJ9.e30.XmNK3GpH3Ys_7wsYBfq4C3M6goz71I7dTgUkuIa5lyQ"
        >>> io.jwt.encode_sign_raw(`{"alg":"XX"}`, `{}`, `{"kty":"oct","k":"c2VjcmV0"}`)
        error: eval_builtin_error: io.jwt.encode_sign_raw: unknown JWS algorithm: XX
    """
    return _sign(headers, payload, key)
