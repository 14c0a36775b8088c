"""Requests to Amazon Web Services: signatures, version 4 (AWS Signature Version 4, HMAC-SHA256).

The canonical request, the string to sign and the signing key are those of AWS's description
("Create a signed AWS API request"); which headers are signed, and what is left as it was, is OPA's.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from regolive import RegoSet
from regolive.errors import BuiltinTypeError
from regolive.values import dumps, is_number
from regolive_std._declare import ANY, NUMBER, STRING, object_of, std, unchecked, wrong_type
from regolive_std.text import term_text, to_bytes
from regolive_std.uri import request_target

# What may stand in a request for http.send; another key is a mistake here too.
_REQUEST_KEYS = frozenset(
    {
        "method",
        "url",
        "body",
        "raw_body",
        "headers",
        "timeout",
        "enable_redirect",
        "raise_error",
        "max_retry_attempts",
        "force_json_decode",
        "force_yaml_decode",
        "cache",
        "caching_mode",
        "cache_ignored_headers",
        "force_cache",
        "force_cache_duration_seconds",
        "tls_use_system_certs",
        "tls_insecure_skip_verify",
        "tls_server_name",
        "tls_ca_cert",
        "tls_ca_cert_file",
        "tls_ca_cert_env_variable",
        "tls_client_cert",
        "tls_client_cert_file",
        "tls_client_cert_env_variable",
        "tls_client_key",
        "tls_client_key_file",
        "tls_client_key_env_variable",
    }
)
_REQUIRED_KEYS = frozenset({"method", "url"})
_CREDENTIALS = frozenset({"aws_service", "aws_access_key", "aws_secret_access_key", "aws_region"})

# Headers that a proxy may change on the way.
_UNSIGNED = frozenset({"authorization", "user-agent", "x-amzn-trace-id"})
# Services that want the hash of the payload in a header.
_WITH_CONTENT_HASH = frozenset({"s3", "glacier"})

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_REQUEST = object_of(STRING, ANY)


@std(
    "providers.aws.sign_req",
    args=[unchecked(_REQUEST), unchecked(_REQUEST), unchecked(NUMBER)],
    result=object_of(),
    result_name="signed_request",
)
def sign_request(request: Any, aws_config: Any, time_ns: Any) -> dict[Any, Any]:
    """The request object for ``http.send`` with an AWS ``Authorization`` header.

    Example:
        >>> object.keys(providers.aws.sign_req(data.example.request, data.example.aws, 0).headers)
        ["Authorization", "host", "x-amz-content-sha256", "x-amz-date"]
        >>> providers.aws.sign_req(data.example.request, {}, 0)
        error: eval_type_error: providers.aws.sign_req: operand 2 missing required AWS config
        parameters(s): {"aws_access_key", "aws_region", "aws_secret_access_key", "aws_service"}
    """
    # OPA says "operand 1" of each of them.
    for operand in (request, aws_config):
        if operand.__class__ is not dict:
            raise wrong_type(1, operand, "object")
    _check_credentials(aws_config)
    if not is_number(time_ns):
        raise wrong_type(1, time_ns, "number")
    if time_ns.__class__ is not int or not -(2**63) <= time_ns < 2**63:
        raise BuiltinTypeError("operand 3 could not convert time_ns value into a unix timestamp")
    _check_request(request)
    headers = request.get("headers", {})
    if headers.__class__ is not dict:
        raise wrong_type(0, headers, "object")
    wrong = {key for key in _REQUIRED_KEYS if request[key].__class__ is not str}
    if wrong:
        raise BuiltinTypeError(
            f"operand 1 invalid values for required request parameters(s): {_names(wrong)}"
        )
    # Values that are no strings count as empty; OPA's result has them so too.
    plain = {_text(key): _text(value) for key, value in headers.items()}
    signing = _Signing(aws_config, _EPOCH + timedelta(seconds=time_ns // 10**9))
    host, path, query = request_target(request["url"])
    unsigned = aws_config.get("disable_payload_signing", False)
    if unsigned.__class__ is not bool:
        raise BuiltinTypeError(
            "operand 2 invalid value for 'disable_payload_signing' in AWS config"
        )
    hashed = "UNSIGNED-PAYLOAD" if unsigned else hashlib.sha256(_body(request)).hexdigest()
    added = signing.headers(host, hashed)
    target = (request["method"], path, query)
    authorization = signing.authorization(target, plain, added, hashed)
    return {**request, "headers": {**plain, "Authorization": authorization, **added}}


class _Signing:
    """What is signed with: the credentials, and the day, region and service they are scoped to."""

    def __init__(self, config: dict[Any, Any], now: datetime) -> None:
        self.access_key = config["aws_access_key"]
        self.secret = config["aws_secret_access_key"]
        self.token = _text(config.get("aws_session_token"))
        self.service = config["aws_service"]
        self.instant = now.strftime("%Y%m%dT%H%M%SZ")
        self.scope = (self.instant[:8], config["aws_region"], self.service, "aws4_request")

    def headers(self, host: str, hashed: str) -> dict[str, str]:
        """The headers that a signed request has besides its own."""
        out = {"host": host, "x-amz-date": self.instant}
        if self.service in _WITH_CONTENT_HASH:
            out["x-amz-content-sha256"] = hashed
        if self.token:
            out["x-amz-security-token"] = self.token
        return out

    def authorization(
        self,
        target: tuple[str, str, str],
        own: dict[str, str],
        added: dict[str, str],
        hashed: str,
    ) -> str:
        """The value of the ``Authorization`` header. ``target``: method, path and query."""
        signed = dict(added)
        for name, value in own.items():
            if name.lower() not in _UNSIGNED:
                signed[name.lower()] = value
        names = sorted(signed, key=to_bytes)
        canonical = "\n".join(
            [
                *target,
                *(f"{name}:{signed[name]}" for name in names),
                "",
                ";".join(names),
                hashed,
            ]
        )
        request_hash = hashlib.sha256(to_bytes(canonical)).hexdigest()
        scope = "/".join(self.scope)
        to_sign = "\n".join(["AWS4-HMAC-SHA256", self.instant, scope, request_hash])
        key = to_bytes("AWS4" + self.secret)
        for part in (*self.scope, to_sign):
            key = hmac.new(key, to_bytes(part), hashlib.sha256).digest()
        return (
            f"AWS4-HMAC-SHA256 Credential={self.access_key}/{scope},"
            f"SignedHeaders={';'.join(names)},Signature={key.hex()}"
        )


def _check_credentials(config: dict[Any, Any]) -> None:
    missing = _CREDENTIALS - config.keys()
    if missing:
        raise BuiltinTypeError(
            f"operand 2 missing required AWS config parameters(s): {_names(missing)}"
        )
    wrong = {key for key in _CREDENTIALS if config[key].__class__ is not str}
    if wrong:
        raise BuiltinTypeError(
            f"operand 2 invalid values for required AWS config parameters(s): {_names(wrong)}"
        )


def _check_request(request: dict[Any, Any]) -> None:
    unknown = request.keys() - _REQUEST_KEYS
    if unknown:
        raise BuiltinTypeError(f"operand 1 invalid request parameters(s): {_names(unknown)}")
    missing = _REQUIRED_KEYS - request.keys()
    if missing:
        raise BuiltinTypeError(
            f"operand 1 missing required request parameters(s): {_names(missing)}"
        )


def _names(keys: Iterable[Any]) -> str:
    return term_text(RegoSet.of_keys(set(keys)))


def _text(value: Any) -> str:
    return value if value.__class__ is str else ""


def _body(request: dict[Any, Any]) -> bytes:
    """What is sent: ``raw_body`` as it is, else ``body`` as JSON."""
    if "raw_body" in request:
        return to_bytes(_text(request["raw_body"]))
    return to_bytes(dumps(request["body"])) if "body" in request else b""
