"""Certificates and JWTs, as a server that asks for them sees them."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nkeys
import pytest

from regolive.testing import NatsServer
from regolive_nats.client import NatsClient
from regolive_nats.config import load_config

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]


@pytest.fixture
def connected() -> Iterator[Any]:
    """Whether a client with this configuration gets a connection at its first attempt."""
    made: list[NatsClient] = []

    def connect(**section: Any) -> bool:
        made.append(NatsClient(load_config({"reconnect_wait": "1m", **section})))
        return made[-1].start(timeout=10)

    yield connect
    for client in made:
        client.stop()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of our own for 127.0.0.1, which is its own authority: cert.pem and key.pem."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make certificates with")
    directory = tmp_path_factory.mktemp("certificates")
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=regolive test"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(directory / "key.pem"), "-out", str(directory / "cert.pem")),
        ],
        check=True,
        capture_output=True,
        timeout=30,
    )
    return directory


def tls_url(server: NatsServer) -> str:
    return server.url.replace("nats://", "tls://")


def test_tls(certificates: Path, connected: Any) -> None:
    cert, key = str(certificates / "cert.pem"), str(certificates / "key.pem")
    with NatsServer(["--tls", "--tlscert", cert, "--tlskey", key]) as server:
        url = tls_url(server)
        assert connected(server_url=url, tls_ca_cert=cert)
        assert connected(server_url=url, tls_insecure=True)
        assert connected(server_url=server.url, tls_ca_cert=cert)  # the server asks for it
        assert not connected(server_url=url)


def test_certificate_of_the_client(certificates: Path, connected: Any) -> None:
    cert, key = str(certificates / "cert.pem"), str(certificates / "key.pem")
    options = ["--tlsverify", "--tlscert", cert, "--tlskey", key, "--tlscacert", cert]
    with NatsServer(options) as server:
        given = {"server_url": tls_url(server), "tls_ca_cert": cert}
        assert connected(**given, tls_cert=cert, tls_key=key)
        assert not connected(**given)


def _pair(kind: int) -> tuple[Any, str, str]:
    seed = nkeys.encode_seed(os.urandom(32), kind).decode()
    pair = nkeys.from_seed(bytearray(seed.encode()))
    return pair, pair.public_key.decode(), seed


def _jwt(signer: Any, issuer: str, subject: str, name: str, claims: dict[str, Any]) -> str:
    """A JWT as NATS has them (https://docs.nats.io: JWT v2)."""

    def part(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    body: dict[str, Any] = {
        "iat": 1_700_000_000,
        "iss": issuer,
        "name": name,
        "nats": {"version": 2, **claims},
        "sub": subject,
    }
    digest = hashlib.new("sha512_256", json.dumps(body).encode()).digest()
    body["jti"] = base64.b32encode(digest).rstrip(b"=").decode()
    head = part(json.dumps({"typ": "JWT", "alg": "ed25519-nkey"}).encode())
    signed = f"{head}.{part(json.dumps(body).encode())}"
    return f"{signed}.{part(signer.sign(signed.encode()))}"


def test_jwt_and_credentials(tmp_path: Path, connected: Any) -> None:
    operator, operator_key, _ = _pair(nkeys.PREFIX_BYTE_OPERATOR)
    account, account_key, _ = _pair(nkeys.PREFIX_BYTE_ACCOUNT)
    _, system_key, _ = _pair(nkeys.PREFIX_BYTE_ACCOUNT)
    _, user_key, user_seed = _pair(nkeys.PREFIX_BYTE_USER)
    _, _, other_seed = _pair(nkeys.PREFIX_BYTE_USER)
    unlimited = dict.fromkeys(("subs", "data", "payload", "conn", "leaf", "imports", "exports"), -1)
    operator_jwt = _jwt(operator, operator_key, operator_key, "operator", {"type": "operator"})
    account_claims = {"type": "account", "limits": {**unlimited, "wildcards": True}}
    account_jwt = _jwt(operator, operator_key, account_key, "account", account_claims)
    system_jwt = _jwt(operator, operator_key, system_key, "system", account_claims)
    user_claims = {"type": "user", "subs": -1, "data": -1, "payload": -1}
    user_jwt = _jwt(account, account_key, user_key, "user", user_claims)
    config = (
        # JetStream needs a system account to start.
        f"operator: {operator_jwt}\nresolver: MEMORY\nsystem_account: {system_key}\n"
        f'resolver_preload: {{ {account_key}: "{account_jwt}", {system_key}: "{system_jwt}" }}\n'
    )
    credentials = tmp_path / "user.creds"
    credentials.write_text(
        f"-----BEGIN NATS USER JWT-----\n{user_jwt}\n------END NATS USER JWT------\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{user_seed}\n------END USER NKEY SEED------\n"
    )
    with NatsServer(config=config) as server:
        assert connected(server_url=server.url, user_jwt=user_jwt, user_nkey_seed=user_seed)
        assert connected(server_url=server.url, credentials=str(credentials))
        assert not connected(server_url=server.url, user_jwt=user_jwt, user_nkey_seed=other_seed)
        assert not connected(server_url=server.url)
