"""``jwt``: tokens signed rightly and wrongly, keys of every kind in every form."""

from __future__ import annotations

import json
from typing import Any

from tests.differential import keys
from tests.differential.draw import Draw, Operands
from tests.differential.notation import Num

_TIMES = (0, 1, 1700000000, 1700000000.5, 2000000000, -1)


def _claims(d: Draw) -> dict[str, Any]:
    out: dict[str, Any] = {"sub": d.text()} if d.maybe(0.7) else {}
    if d.maybe(0.4):
        out["iss"] = d.one(("issuer", "issuer", "other", 1, None))
    if d.maybe(0.4):
        out["aud"] = d.one(("aud", "aud", "other", ["aud"], ["x", "aud"], [], ["x", 1], 1, None))
    if d.maybe(0.4):
        out["exp"] = d.one((*_TIMES, "1700000000", None))
    if d.maybe(0.3):
        out["nbf"] = d.one((*_TIMES, "1", True))
    return out


def _header(d: Draw, alg: str) -> dict[str, Any]:
    header: dict[str, Any] = {"alg": alg, "typ": "JWT"} if d.maybe(0.7) else {"alg": alg}
    if d.maybe(0.15):
        header["alg"] = d.one((*keys.ALGORITHMS, "none", "None", "", "XX", 1, None))
    if d.maybe(0.2):
        header["kid"] = d.one(("k1", "k2", "k1", "", 1))
    if d.maybe(0.08):
        header["crit"] = d.one((["b64"], ["alg"], ["x"], [], "x", [1], ["x", 1], None))
        if d.maybe(0.5):
            header["x"] = 1
    if d.maybe(0.06):
        header["cty"] = d.one(("JWT", "jwt", "text", 1, None))
    if d.maybe(0.02):
        header["enc"] = "A128GCM"
    if d.maybe(0.05):
        header["typ"] = d.one(("at+jwt", 1, None, ""))
    return header


def _signed(d: Draw) -> tuple[str, str, str]:
    """A token, the algorithm it was signed with, the secret if it was one."""
    alg, secret = d.one(keys.ALGORITHMS), d.one(keys.SECRETS)
    payload: Any = _claims(d)
    if d.maybe(0.04):
        payload = d.one(("not json", "[1]", "1", "", '"x"', '{"a":1,"a":2}', '{"a":1} x', "null"))
    text = keys.token(alg, _header(d, alg), payload, secret)
    if d.maybe(0.04):
        outer = {"alg": alg, "cty": d.one(("JWT", "jwt"))}
        text = keys.token(alg, outer, d.one((text, f'"{text}"')), secret)
    if d.maybe(0.15):
        parts = text.split(".")
        kind = d.below(8)
        if kind == 0:
            parts[2] = ""
        elif kind == 1:
            parts[2] = parts[2][:-4]
        elif kind == 2:
            parts[1] = keys.b64(json.dumps(_claims(d)).encode())
        elif kind == 3:
            parts[0] = keys.b64(json.dumps(_header(d, "none")).encode())
        elif kind == 4:
            parts.append("")
        elif kind == 5:
            parts[d.below(3)] += "="
        elif kind == 6:
            parts[d.below(3)] = d.text()
        text = ".".join(parts)
        text = d.mutated(text, "AZaz09-_.=+/") if kind == 7 else text
    return text, alg, secret


def _key_set(d: Draw, kind: str) -> str:
    def one(which: str) -> dict[str, Any]:
        key = dict(keys.jwk(which, private=d.maybe(0.1)))
        if d.maybe(0.5):
            key["kid"] = d.one(("k1", "k2", ""))
        if d.maybe(0.3):
            key["alg"] = d.one((*keys.ALGORITHMS, "none", "RSA-OAEP", "XX", ""))
        if d.maybe(0.1):
            key["use"] = d.one(("sig", "enc"))
        if d.maybe(0.04):
            del key[d.one(list(key))]
        if d.maybe(0.04):
            key[d.one(list(key))] = d.one(("", "AQAB", "!", 1, None, "AA=="))
        return key

    kinds = [kind, *d.some(lambda: d.one((*keys.KINDS, "oct")), 2)]
    d.random.shuffle(kinds)
    if d.maybe(0.3):
        return json.dumps(one(kind))
    return json.dumps({"keys": [one(k) for k in kinds]})


def _certificate(d: Draw, kind: str) -> str:
    """Something to verify with."""
    if kind == "oct":
        kind = d.one(keys.KINDS)
    if d.maybe(0.15):
        kind = d.one(keys.KINDS)
    form = d.below(10)
    if form < 4:
        text = keys.public_pem(kind)
    elif form < 8:
        text = _key_set(d, kind)
    elif form == 8:
        made, _ = keys.certificate(d, "x", kind, None, authority=False)
        text = made.public_bytes(keys.Encoding.PEM).decode()
    else:
        text = d.one((keys.private_pem(kind, "pkcs8"), "", "{}", '{"keys":[]}', "x", "[]", "null"))
    return d.mutated(text, "AZ09-\n=") if d.maybe(0.05) else text


def _verify(alg: str) -> Operands:
    def draw(d: Draw) -> list[Any]:
        for _ in range(12):  # a token of the right algorithm, most of the time
            text, signed, secret = _signed(d)
            if signed == alg or d.maybe(0.1):
                break
        if alg.startswith("HS"):
            return [text, secret if d.maybe(0.8) else d.one((*keys.SECRETS,
                keys.public_pem("rsa")))]  # fmt: skip
        return [text, _certificate(d, keys.kind_of(alg))]

    return draw


def _constraints(d: Draw, alg: str, secret: str) -> dict[str, Any]:
    out: dict[str, Any] = {"time": d.one((1700000000 * 10**9, 1700000000 * 10**9, 0, 10**18))}
    if alg.startswith("HS") and d.maybe(0.93):
        out["secret"] = secret if d.maybe(0.9) else d.one(keys.SECRETS)
    else:
        out["cert"] = _certificate(d, keys.kind_of(alg))
    if d.maybe(0.4):
        out["alg"] = alg if d.maybe(0.8) else d.one(keys.ALGORITHMS)
    if d.maybe(0.3):
        out["iss"] = d.one(("issuer", "other", ""))
    if d.maybe(0.5):
        out["aud"] = d.one(("aud", "aud", "aud", "other", ""))
    if d.maybe(0.05):
        odd = (Num("1.5"), Num("1e400"), -1, "x", Num("1e18"), 1 << 70)
        out["time"] = d.one(odd)
    if d.maybe(0.03):
        out[d.one(("iss", "aud", "alg", "cert", "secret", "x", "time"))] = d.scalar()
    return out


def _decode_verify(d: Draw) -> list[Any]:
    text, alg, secret = _signed(d)
    return [text, _constraints(d, alg, secret)]


# Signatures of the other algorithms hold a random number.
_FIXED = ("HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "EdDSA")


def _signing(d: Draw) -> tuple[dict[str, Any], Any, dict[str, Any]]:
    alg = d.one(_FIXED)
    header = {k: v for k, v in _header(d, alg).items() if v not in keys.ALGORITHMS or v in _FIXED}
    key = dict(keys.jwk(keys.kind_of(alg) if d.maybe(0.93) else "ed", private=d.maybe(0.95)))
    if d.maybe(0.1):
        key[d.one((*key, "kid", "alg", "use", "key_ops", "x5c"))] = d.one(
            ("", "AQAB", "k", "HS256", "sig", 1, None, ["sign"], "none", [], "!")
        )
    return header, _claims(d), key


def _plain(value: Any) -> Any:
    """JSON's numbers as they are written."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return Num(repr(value)) if isinstance(value, float) else value


def _encode_sign(d: Draw) -> list[Any]:
    return [_plain(part) for part in _signing(d)]


def _encode_sign_raw(d: Draw) -> list[Any]:
    header, payload, key = _signing(d)
    texts = [json.dumps(header), json.dumps(payload), json.dumps(key)]
    if d.maybe(0.1):
        at = d.below(3)
        texts[at] = d.one(("", "{}", "x", "[]", '{"alg":"HS256"} ', "1", texts[at] + " ", "null"))
    return [*texts]


FAMILIES: dict[str, dict[str, Operands]] = {
    "jwt": {
        "io.jwt.decode": lambda d: [_signed(d)[0]],
        "io.jwt.decode_verify": _decode_verify,
        "io.jwt.encode_sign": _encode_sign,
        "io.jwt.encode_sign_raw": _encode_sign_raw,
        **{f"io.jwt.verify_{alg.lower()}": _verify(alg) for alg in keys.ALGORITHMS},
    },
}
