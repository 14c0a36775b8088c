"""JSON Web Tokens: OPA's answers, attacks that must fail, and round trips of signing."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from regolive.errors import BuiltinError
from regolive_std import jwt

NOT_VERIFIED = [False, {}, {}]
SECRET = "a secret of some length"

_RSA = rsa.generate_private_key(65537, 2048)
_EC = {n: ec.generate_private_key(c()) for n, c in (
    ("ES256", ec.SECP256R1), ("ES384", ec.SECP384R1), ("ES512", ec.SECP521R1)
)}  # fmt: skip
_ED = ed25519.Ed25519PrivateKey.generate()

JWKS: dict[str, dict[str, Any]] = {
    **{n: dict(ECKey(k, k).as_dict(private=True)) for n, k in _EC.items()},
    **{f"{f}{n}": dict(RSAKey(_RSA, _RSA).as_dict(private=True))
       for f in ("RS", "PS") for n in (256, 384, 512)},
    **{f"HS{n}": dict(OctKey(SECRET.encode(), SECRET.encode()).as_dict(private=True))
       for n in (256, 384, 512)},
    "EdDSA": dict(OKPKey(_ED, _ED).as_dict(private=True)),
}  # fmt: skip
PEMS: dict[str, str] = {
    name: key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    for name, key in {"RS256": _RSA, "EdDSA": _ED, **_EC}.items()
}


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _token(call: Any, payload: dict[str, Any], alg: str = "HS256", **header: Any) -> str:
    token: str = call("io.jwt.encode_sign", {"alg": alg, **header}, payload, JWKS[alg])
    return token


# -- OPA's answers ---------------------------------------------------------------------------


def _recorded() -> list[Any]:
    lines = (Path(__file__).parent / "opa_tokens.jsonl").read_text("utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    return [pytest.param(e, id=f"{at}-{e['call']}") for at, e in enumerate(entries, 1)]


@pytest.mark.parametrize("entry", _recorded())
def test_builtin_answers_as_opa(entry: dict[str, Any], call: Any) -> None:
    """A line has OPA's value, or its error; without either, an error in words of our own."""
    if "value" in entry:
        assert call(entry["call"], *entry["args"]) == entry["value"]
        return
    with pytest.raises(BuiltinError) as caught:
        call(entry["call"], *entry["args"])
    if "error" in entry:
        assert caught.value.message == entry["error"]


# -- Attacks ---------------------------------------------------------------------------------


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", ""])
@pytest.mark.parametrize("key", [{"secret": SECRET}, {"cert": PEMS["RS256"]}])
@pytest.mark.parametrize("signature", ["", "AAAA"])
def test_unsigned_token_is_not_verified(
    alg: str, key: dict[str, str], signature: str, call: Any
) -> None:
    token = f"{_b64(json.dumps({'alg': alg}).encode())}.{_b64(b'{}')}.{signature}"
    assert call("io.jwt.decode_verify", token, key) == NOT_VERIFIED


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
@pytest.mark.parametrize("pem", sorted(PEMS))
def test_public_key_is_no_secret(alg: str, pem: str, call: Any) -> None:
    """A token signed with HMAC under the public key's text, given to who trusts the key."""
    text = PEMS[pem]
    key = {"kty": "oct", "k": _b64(text.encode())}
    token = call("io.jwt.encode_sign", {"alg": alg}, {"admin": True}, key)
    assert call(f"io.jwt.verify_{alg.lower()}", token, text) is True
    assert call("io.jwt.decode_verify", token, {"cert": text}) == NOT_VERIFIED
    for builtin in ("rs256", "ps256", "es256", "eddsa"):
        assert call(f"io.jwt.verify_{builtin}", token, text) is False


def test_what_one_builtin_verified_no_other_takes_over(call: Any) -> None:
    token = _token(call, {}, "RS256")
    for _ in range(2):
        assert call("io.jwt.verify_rs256", token, PEMS["RS256"]) is True
        assert call("io.jwt.verify_ps256", token, PEMS["RS256"]) is False
        assert call("io.jwt.verify_hs256", token, PEMS["RS256"]) is False


@pytest.mark.parametrize("alg", sorted(JWKS))
def test_changed_token_is_not_verified(alg: str, call: Any) -> None:
    token = _token(call, {"user": "alice"}, alg)
    key = _trust(alg)
    assert call("io.jwt.decode_verify", token, key)[0] is True
    head, body, tail = token.split(".")
    other = _b64(b'{"user":"mallory"}')
    # The last character of a section may hold bits that mean nothing; the first never does.
    flipped = ("A" if tail[0] != "A" else "B") + tail[1:]
    for forged in (f"{head}.{other}.{tail}", f"{head}.{body}.{flipped}", f"{head}.{body}."):
        assert call("io.jwt.decode_verify", forged, key) == NOT_VERIFIED


def test_key_names_and_algorithms_bind(call: Any) -> None:
    public = RSAKey(_RSA, _RSA).as_dict(private=False)
    token = _token(call, {}, "RS256", kid="a")
    wrong = OKPKey(_ED, _ED).as_dict(private=False)
    cases = [
        ([public | {"kid": "b"}, wrong | {"kid": "a"}], False),
        ([wrong | {"kid": "b"}, public | {"kid": "a"}], True),
        ([public | {"kid": "b", "alg": "RS512"}], False),
        ([public | {"kid": "b", "alg": "RS256"}], True),
    ]
    for keys, verified in cases:
        text = json.dumps({"keys": keys})
        assert call("io.jwt.verify_rs256", token, text) is verified
        assert call("io.jwt.decode_verify", token, {"cert": text})[0] is verified


SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("claims", "asked", "verified"),
    [
        ({"exp": 100}, {"time": 100 * SECOND - 1}, False),  # float: rounds up to 100 s
        ({"exp": 100}, {"time": 99.5 * SECOND}, True),
        ({"exp": 100}, {"time": 100 * SECOND}, False),
        ({"exp": 100}, {}, False),
        ({"nbf": 100}, {"time": 99.9 * SECOND}, False),
        ({"nbf": 100}, {"time": 100 * SECOND}, True),
        ({"nbf": 99999999999}, {}, False),
        ({"iss": "us"}, {"iss": "us"}, True),
        ({"iss": "them"}, {"iss": "us"}, False),
        ({"iss": ["us"]}, {"iss": "us"}, False),
        ({}, {"iss": "us"}, False),
        ({"aud": "us"}, {"aud": "us"}, True),
        ({"aud": "us"}, {}, False),
        ({"aud": ["x", "us"]}, {"aud": "us"}, True),
        ({"aud": []}, {"aud": "us"}, False),
        ({"aud": {"us": 1}}, {"aud": "us"}, False),
        ({}, {"aud": "us"}, False),
        ({}, {"alg": "HS512"}, False),
    ],
)
def test_claims(claims: dict[str, Any], asked: dict[str, Any], verified: bool, call: Any) -> None:
    if asked.get("time") == 100 * SECOND - 1:
        verified = (100 * SECOND - 1) / 1e9 < 100
    token = _token(call, claims)
    result = call("io.jwt.decode_verify", token, {"secret": SECRET, **asked})
    assert result == ([True, {"alg": "HS256"}, claims] if verified else NOT_VERIFIED)


@pytest.mark.parametrize(
    "constraints",
    [{}, {"secret": ""}, {"secret": "x", "cert": PEMS["RS256"]}, {"secret": "x", "what": 1},
     {"secret": 1}, {"cert": "no key"}, {"secret": "x", "time": -1}, {"secret": "x", "time": "1"}],
)  # fmt: skip
def test_bad_constraints_are_errors(constraints: dict[str, Any], call: Any) -> None:
    with pytest.raises(BuiltinError):
        call("io.jwt.decode_verify", _token(call, {}), constraints)


def test_critical_header_parameter_must_be_known(call: Any) -> None:
    key = {"secret": SECRET}
    for header, verified in (
        ({"crit": ["exp"], "exp": 1}, False),
        ({"crit": ["exp"]}, True),
        ({"b64": False, "crit": ["b64"]}, False),
    ):
        token = _token(call, {}, **header)
        assert call("io.jwt.decode_verify", token, key)[0] is verified


def test_nested_token_is_verified_at_every_level(call: Any) -> None:
    inner = _token(call, {"n": 1})
    other = call(
        "io.jwt.encode_sign", {"alg": "HS256"}, {"n": 1}, {"kty": "oct", "k": _b64(b"other")}
    )
    for nested, verified in ((inner, True), (other, False)):
        header = json.dumps({"alg": "HS256", "typ": "text", "cty": "JWT"})
        token = call("io.jwt.encode_sign_raw", header, nested, json.dumps(JWKS["HS256"]))
        result = call("io.jwt.decode_verify", token, {"secret": SECRET})
        assert result == ([True, {"alg": "HS256"}, {"n": 1}] if verified else NOT_VERIFIED)


def test_deeply_nested_and_huge_tokens_end(call: Any) -> None:
    token = _token(call, {"n": 1})
    key = json.dumps(JWKS["HS256"])
    header = '{"alg":"HS256","typ":"x","cty":"JWT"}'
    while len(token) < 2_000_000:
        token = call("io.jwt.encode_sign_raw", header, token, key)
    assert call("io.jwt.decode_verify", token, {"secret": SECRET})[0] is True
    for huge in ("." * 1_000_000, "a" * 1_000_000 + "..", f"{_b64(b'[' * 1_000_000)}.e30."):
        with pytest.raises(BuiltinError):
            call("io.jwt.decode", huge)


def test_too_many_keys_are_refused(call: Any) -> None:
    keys = json.dumps({"keys": [{"kty": "oct", "k": "AAAA"}] * 1001})
    with pytest.raises(BuiltinError, match="too many keys"):
        call("io.jwt.verify_rs256", _token(call, {}), keys)


_SECTIONS = st.one_of(
    st.text(max_size=20),
    st.binary(max_size=20).map(_b64),
    st.dictionaries(
        st.sampled_from(["alg", "kid", "cty", "crit", "enc", "typ"]),
        st.sampled_from(["HS256", "RS256", "ES256", "JWT", 1, None, ["x"], []]),
    ).map(lambda header: _b64(json.dumps(header).encode())),
)
_BUILTINS = ["rs256", "ps384", "es512", "eddsa", "hs256"]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(_SECTIONS, min_size=1, max_size=4).map(".".join),
    st.sampled_from([*PEMS.values(), json.dumps(JWKS["EdDSA"]), "", "{}", "-----BEGIN X-----"])
    | st.text(max_size=40),
    st.sampled_from(_BUILTINS),
)
def test_nonsense_is_false_or_an_error(call: Any, token: str, key: str, name: str) -> None:
    """No token out of these pieces is signed, so none may be taken for it."""
    for builtin, operand in ((f"io.jwt.verify_{name}", key), ("io.jwt.decode_verify", None)):
        try:
            asked: Any = {"cert": key} if operand is None else operand
            result = call(builtin, token, asked)
        except BuiltinError:
            continue
        assert result in (False, NOT_VERIFIED)


# -- Round trips -----------------------------------------------------------------------------


def _trust(alg: str) -> dict[str, str]:
    return {"secret": SECRET} if alg[0] == "H" else {"cert": json.dumps(JWKS[alg])}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc<&"), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(JWKS)), st.dictionaries(st.sampled_from("wxyz"), _JSON, max_size=4))
def test_what_is_signed_is_verified(call: Any, alg: str, payload: dict[str, Any]) -> None:
    token = _token(call, payload, alg)
    assert call("io.jwt.decode", token)[:2] == [{"alg": alg}, payload]
    assert call("io.jwt.decode_verify", token, _trust(alg)) == [True, {"alg": alg}, payload]
    if alg[0] != "H":
        kind = {"RS": RSAKey, "PS": RSAKey, "ES": ECKey, "Ed": OKPKey}[alg[:2]]
        private = {"RS": _RSA, "PS": _RSA, "Ed": _ED}.get(alg[:2]) or _EC[alg]
        public = json.dumps(kind(private, private).as_dict(private=False))
        assert call(f"io.jwt.verify_{alg.lower()}", token, public) is True
        # A private key is of the wrong type for these, as in OPA.
        assert call(f"io.jwt.verify_{alg.lower()}", token, json.dumps(JWKS[alg])) is False


@pytest.mark.parametrize("alg", sorted(JWKS))
def test_signing_with_a_key_of_another_kind_is_an_error(alg: str, call: Any) -> None:
    for other, key in JWKS.items():
        if other[:2] != alg[:2] and {other[:2], alg[:2]} != {"RS", "PS"}:
            with pytest.raises(BuiltinError, match="invalid key type"):
                call("io.jwt.encode_sign", {"alg": alg}, {}, key)


# -- Between queries -------------------------------------------------------------------------


def test_verified_tokens_are_remembered_in_bounds(call: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(jwt, "VERIFIED", jwt.Bounded("test", 3))
    tokens = [_token(call, {"n": n}, "EdDSA") for n in range(5)]
    for token in tokens:
        assert call("io.jwt.verify_eddsa", token, PEMS["EdDSA"]) is True
        assert call("io.jwt.verify_eddsa", token, PEMS["ES256"]) is False
    assert len(jwt.VERIFIED) == 3
    # What is remembered is not verified again: not even the key is looked at.
    monkeypatch.setattr(jwt, "_keys", None)
    assert call("io.jwt.verify_eddsa", tokens[-1], PEMS["EdDSA"]) is True


def test_importing_regolive_does_not_load_cryptography() -> None:
    code = (
        "import sys, regolive, regolive_std; regolive_std.StdPlugin().regolive_builtins();"
        "assert 'cryptography' not in sys.modules and 'joserfc' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
