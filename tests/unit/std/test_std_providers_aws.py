"""``providers.aws.sign_req``: OPA's answers, and AWS's algorithm read anew."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opa_calls import ask_opa, asking, has_opa

from regolive.errors import EvalError

_REQUEST = {"method": "get", "url": "http://example.com"}
_CONFIG = {
    "aws_access_key": "A",
    "aws_secret_access_key": "S",
    "aws_service": "s3",
    "aws_region": "us-east-1",
}
_AT = 1451311705000000000
_NAME = "providers.aws.sign_req"


def _signature(answer: dict[str, Any]) -> str:
    return str(answer["headers"]["Authorization"].rpartition("=")[2])


# Recorded from OPA 1.20.2: request, configuration, time; headers of the answer.
@pytest.mark.parametrize(
    ("request_", "config", "time_ns", "headers"),
    [
        (
            {"headers": {"X": 1, "Y": ["a"], "Z": "<b>"}},
            {},
            -1,
            {
                "Authorization": "AWS4-HMAC-SHA256 Credential=A/19691231/us-east-1/s3/aws4_request,"
                "SignedHeaders=host;x;x-amz-content-sha256;x-amz-date;y;z,Signature="
                "08c45a2715ac2924fed709399e42c2f986d46fb08349c53366636f101d06a9a2",
                "X": "",
                "Y": "",
                "Z": "<b>",
                "host": "example.com",
                "x-amz-content-sha256": hashlib.sha256(b"").hexdigest(),
                "x-amz-date": "19691231T235959Z",
            },
        ),
        (
            {"body": "<&>\u2028é", "url": "http://u:p@ex.com:80/a b/%41?x=1 2&y=%20#frag"},
            {},
            -1,
            {
                "Authorization": "AWS4-HMAC-SHA256 Credential=A/19691231/us-east-1/s3/aws4_request,"
                "SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature="
                "184efded9f527d65782edfb58553a33a4e858667e70501bf0bd51defcda78dfe",
                "host": "ex.com:80",
                "x-amz-content-sha256": "314e73af61c57abf99bc6b7a5e2c76e9"
                "aac1ee0e4d448e8df8de5fdb6512ad9c",
                "x-amz-date": "19691231T235959Z",
            },
        ),
        (
            {"raw_body": {"a": 1}, "body": 2},
            {"aws_service": "ec2", "aws_session_token": "T"},
            2**63 - 1,
            {
                "Authorization": "AWS4-HMAC-SHA256 Credential=A/22620411/us-east-1/ec2/aws4_request"
                ",SignedHeaders=host;x-amz-date;x-amz-security-token,Signature="
                "d8b20ef897bfe4e268dbacee9544bca72a630a2bd620d7f8623a2a0530013065",
                "host": "example.com",
                "x-amz-date": "22620411T234716Z",
                "x-amz-security-token": "T",
            },
        ),
    ],
)
def test_signed_headers(
    call: Any, request_: Any, config: Any, time_ns: int, headers: dict[str, str]
) -> None:
    signed = call(_NAME, _REQUEST | request_, _CONFIG | config, time_ns)
    assert signed == {**_REQUEST, **request_, "headers": headers}


# Recorded from OPA 1.20.2.
@pytest.mark.parametrize(
    ("request_", "config", "time_ns", "code", "said"),
    [
        ({"a": 1}, _CONFIG, 0, "eval_type_error", 'operand 1 invalid request parameters(s): {"a"}'),
        (
            {"method": "get"},
            _CONFIG,
            0,
            "eval_type_error",
            'operand 1 missing required request parameters(s): {"url"}',
        ),
        (
            _REQUEST,
            {},
            0,
            "eval_type_error",
            'operand 2 missing required AWS config parameters(s): {"aws_access_key", "aws_region", '
            '"aws_secret_access_key", "aws_service"}',
        ),
        (
            _REQUEST,
            _CONFIG | {"disable_payload_signing": "x"},
            0,
            "eval_type_error",
            "operand 2 invalid value for 'disable_payload_signing' in AWS config",
        ),
        (
            _REQUEST | {"headers": "x"},
            _CONFIG,
            0,
            "eval_type_error",
            "operand 0 must be object but got string",
        ),
        *(
            (
                _REQUEST,
                _CONFIG,
                time_ns,
                "eval_type_error",
                "operand 3 could not convert time_ns value into a unix timestamp",
            )
            for time_ns in (1.5, 1e18, 2**63, -(2**63) - 1)
        ),
        (
            _REQUEST | {"url": "http://[::1"},
            _CONFIG,
            0,
            "eval_builtin_error",
            "parse \"http://[::1\": missing ']' in host",
        ),
    ],
)
def test_errors(call: Any, request_: Any, config: Any, time_ns: Any, code: str, said: str) -> None:
    with pytest.raises(EvalError) as caught:
        call(_NAME, request_, config, time_ns)
    assert caught.value.code == code
    assert caught.value.message == f"{_NAME}: {said}"


def test_an_unsigned_payload_does_not_count(call: Any) -> None:
    config = _CONFIG | {"disable_payload_signing": True}
    plain = call(_NAME, _REQUEST, config, _AT)
    assert plain["headers"]["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"
    with_body = call(_NAME, _REQUEST | {"body": {"a": 1}}, config, _AT)
    assert _signature(with_body) == _signature(plain)


def test_headers_that_proxies_change_are_not_signed(call: Any) -> None:
    plain = call(_NAME, _REQUEST, _CONFIG, _AT)
    headers = {"User-Agent": "x", "authorization": "y", "X-Amzn-Trace-Id": "z"}
    signed = call(_NAME, _REQUEST | {"headers": headers}, _CONFIG, _AT)
    assert _signature(signed) == _signature(plain)
    assert signed["headers"].items() >= headers.items()


def test_the_request_that_was_passed_stays_as_it_was(call: Any) -> None:
    request = _REQUEST | {"headers": {"a": "b"}}
    call(_NAME, request, _CONFIG, _AT)
    assert request == _REQUEST | {"headers": {"a": "b"}}


_WORDS = st.text("abcXYZ09-_", min_size=1, max_size=8)


@given(
    _WORDS,
    _WORDS,
    st.binary(max_size=20).map(lambda b: b.hex()),
    st.integers(-(2**63), 2**63 - 1),
    st.dictionaries(st.text("defghij", min_size=1, max_size=6), _WORDS, max_size=3),
)
def test_the_signature_is_what_awss_description_makes(
    call: Any, secret: str, path: str, body: str, time_ns: int, headers: dict[str, str]
) -> None:
    """Task by task after "Create a signed AWS API request", for a service without extras."""
    request = {"method": "PUT", "url": f"https://h.example/{path}?q={path}", "raw_body": body}
    config = _CONFIG | {"aws_service": "execute-api", "aws_secret_access_key": secret}
    answer = call(_NAME, request | {"headers": headers}, config, time_ns)
    stamp = datetime.fromtimestamp(time_ns // 10**9, UTC).strftime("%Y%m%dT%H%M%SZ")
    signed = {**headers, "host": "h.example", "x-amz-date": stamp}
    names = ";".join(sorted(signed))
    canonical = (
        f"PUT\n/{path}\nq={path}\n"
        + "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
        + f"\n{names}\n{hashlib.sha256(body.encode()).hexdigest()}"
    )
    scope = f"{stamp[:8]}/us-east-1/execute-api/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n" + (
        hashlib.sha256(canonical.encode()).hexdigest()
    )
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    assert _signature(answer) == hmac.digest(key, to_sign.encode(), "sha256").hex()


@pytest.mark.skipif(not has_opa(), reason="no opa")
@given(
    st.lists(
        st.tuples(
            st.fixed_dictionaries(
                {"method": _WORDS, "url": st.text("htp:/.%aé?#[]@ 1", max_size=20)},
                optional={"body": st.text("a<&é", max_size=4), "raw_body": _WORDS},
            ),
            st.sampled_from(["s3", "glacier", "ec2"]).map(lambda s: _CONFIG | {"aws_service": s}),
            st.integers(-(2**63), 2**63 - 1),
        ).map(list),
        min_size=30,
        max_size=40,
    )
)
@asking
def test_requests_are_signed_as_opa_signs_them(call: Any, calls: list[Any]) -> None:
    answers = ask_opa(_NAME, calls)
    for at, operands in enumerate(calls):
        try:
            answer = call(_NAME, *operands)
        except EvalError:
            answer = None
        assert answer == answers.get(at), operands
