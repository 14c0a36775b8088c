"""TLS options of ``http.send``: whom the client trusts, and as whom it comes."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.http_site import HttpClient, Issued, Site, issue, server_context

from regolive import BuiltinError
from regolive_std.http_tls import TlsOptions, make_context


@dataclass(frozen=True)
class World:
    """An authority, and what it signed."""

    authority: Issued
    server: Issued
    client: Issued
    stranger: Issued


@pytest.fixture(scope="module")
def world() -> World:
    authority = issue("authority", authority=True)
    return World(
        authority,
        issue("server", authority, names=["127.0.0.1", "localhost", "good.example"]),
        issue("client", authority, names=["client"]),
        issue("stranger", authority=True),
    )


Serve = Callable[..., Site]


@pytest.fixture
def serve(world: World, tmp_path: Path) -> Iterator[Serve]:
    """``serve(issued, clients=...)``: a server with this certificate."""
    sites: list[Site] = []

    def serve(issued: Issued | None = None, **options: Any) -> Site:
        site = Site(server_context(issued or world.server, tmp_path, **options))
        sites.append(site)
        return site

    yield serve
    for site in sites:
        site.close()


def refused(http: HttpClient, url: str, **keys: Any) -> str:
    """The message of the error that a request ends with."""
    with pytest.raises(BuiltinError) as caught:
        http.get(url, **keys)
    return caught.value.message


# The server's certificate


def test_a_server_that_nobody_vouches_for_is_refused(http: HttpClient, serve: Serve) -> None:
    url = serve().url
    assert refused(http, url) == (
        f'http.send: Get "{url}": tls: failed to verify certificate: '
        "x509: certificate signed by unknown authority"
    )
    assert "eval_http_send_network_error" in str(http.get(url, raise_error=False))


def test_an_authority_can_be_given_as_text_file_or_variable(
    http: HttpClient,
    serve: Serve,
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = serve().url
    file = tmp_path / "ca.pem"
    file.write_text(world.authority.pem)
    monkeypatch.setenv("TEST_CA", world.authority.pem)
    for keys in (
        {"tls_ca_cert": world.authority.pem},
        {"tls_ca_cert": "junk\n" + world.stranger.pem + world.authority.pem + "junk\n"},
        {"tls_ca_cert_file": str(file)},
        {"tls_ca_cert_env_variable": "TEST_CA"},
        {"tls_ca_cert": world.authority.pem, "tls_ca_cert_file": str(file)},
        {"tls_ca_cert": world.authority.pem, "tls_use_system_certs": True},
    ):
        assert http.get(url, **keys)["status_code"] == 200
    assert "unknown authority" in refused(http, url, tls_ca_cert=world.stranger.pem)


def test_a_server_can_be_trusted_by_its_own_certificate(
    http: HttpClient, serve: Serve, world: World
) -> None:
    assert http.get(serve().url, tls_ca_cert=world.server.pem)["status_code"] == 200


def test_the_systems_authorities_are_asked_where_no_other_is_given(
    http: HttpClient,
    serve: Serve,
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "system.pem"
    file.write_text(world.authority.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    url = serve().url
    stranger = world.stranger.pem
    assert http.get(url)["status_code"] == 200
    assert http.get(url, tls_use_system_certs=False)["status_code"] == 200  # as in OPA
    assert http.get(url, tls_ca_cert=stranger, tls_use_system_certs=True)["status_code"] == 200
    assert "unknown authority" in refused(http, url, tls_ca_cert=stranger)


def test_without_authorities_of_the_system_there_are_those_of_certifi(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nowhere = ssl.get_default_verify_paths()._replace(cafile=None, capath=None)
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: nowhere)
    assert make_context(TlsOptions()).cert_store_stats()["x509_ca"] > 50


def test_verification_can_be_skipped(http: HttpClient, serve: Serve) -> None:
    response = http.get(serve().url, tls_insecure_skip_verify=True, tls_server_name="any.example")
    assert response["status_code"] == 200


@pytest.mark.parametrize(
    ("keys", "good"),
    [
        ({}, True),
        ({"tls_server_name": "good.example"}, True),
        ({"tls_server_name": "bad.example"}, False),
        ({"headers": {"Host": "good.example"}}, True),
        ({"headers": {"Host": "bad.example"}}, False),
        ({"headers": {"Host": "bad.example"}, "tls_server_name": "good.example"}, True),
    ],
)
def test_the_name_that_is_checked(
    http: HttpClient, serve: Serve, world: World, keys: dict[str, Any], good: bool
) -> None:
    keys = {"tls_ca_cert": world.authority.pem, **keys}
    url = serve().url
    if good:
        assert http.get(url, **keys)["status_code"] == 200
    else:
        assert "x509: certificate is not valid for bad.example" in refused(http, url, **keys)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"names": ["127.0.0.1"], "days": (-5, -1)}, "certificate has expired or is not yet valid"),
        ({"names": ["127.0.0.1"], "days": (1, 5)}, "certificate has expired or is not yet valid"),
        ({"names": ["other.example"]}, "certificate is not valid for 127.0.0.1"),
        ({}, "certificate is not valid for 127.0.0.1"),  # a common name is no name
    ],
)
def test_a_certificate_that_does_not_fit_is_refused(
    http: HttpClient, serve: Serve, world: World, options: dict[str, Any], told: str
) -> None:
    site = serve(issue("127.0.0.1", world.authority, **options))
    assert told in refused(http, site.url, tls_ca_cert=world.authority.pem)


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"tls_ca_cert": "x"}, "could not append certificates"),
        (
            {"tls_ca_cert": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"},
            "could not append certificates",
        ),
        ({"tls_ca_cert_file": "/no/such"}, "open /no/such: no such file or directory"),
        ({"tls_ca_cert_file": "/"}, "open /: is a directory"),
        ({"tls_ca_cert_file": "\0"}, "open \0: embedded null byte"),
        (
            {"tls_ca_cert_env_variable": "NO_SUCH"},
            'could not add CA certificates from envvar "NO_SUCH": could not append certificates',
        ),
    ],
)
def test_an_authority_that_is_none_is_an_error_whatever_the_scheme(
    http: HttpClient, site: Site, keys: dict[str, Any], told: str
) -> None:
    assert refused(http, site.url, **keys) == f"http.send: {told}"
    assert site.asked == []


def test_plain_http_at_either_end_is_told(http: HttpClient, serve: Serve, site: Site) -> None:
    told = refused(http, site.url.replace("http:", "https:"))
    assert told.endswith("tls: first record does not look like a TLS handshake")
    assert "Get" in refused(http, serve().url.replace("https:", "http:"))


# The client's


def test_a_server_may_demand_a_certificate(http: HttpClient, serve: Serve, world: World) -> None:
    url = serve(clients=world.authority).url
    told = refused(http, url, tls_ca_cert=world.authority.pem)
    assert told.endswith("remote error: tls: certificate required")


def test_a_client_can_come_with_text_files_or_variables(
    http: HttpClient,
    serve: Serve,
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = serve(clients=world.authority).url
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate.write_text(world.client.pem)
    key.write_text(world.client.key)
    monkeypatch.setenv("TEST_CERT", world.client.pem)
    monkeypatch.setenv("TEST_KEY", world.client.key)
    for keys in (
        {"tls_client_cert": world.client.pem, "tls_client_key": world.client.key},
        {"tls_client_cert_file": str(certificate), "tls_client_key_file": str(key)},
        {"tls_client_cert_env_variable": "TEST_CERT", "tls_client_key_env_variable": "TEST_KEY"},
    ):
        assert http.get(url, tls_ca_cert=world.authority.pem, **keys)["status_code"] == 200
    # One way with the certificate and another with the key is none.
    half = {"tls_client_cert": world.client.pem, "tls_client_key_file": str(key)}
    assert "certificate required" in refused(http, url, tls_ca_cert=world.authority.pem, **half)


def test_a_renewed_certificate_is_taken_up(
    http: HttpClient, serve: Serve, world: World, tmp_path: Path
) -> None:
    http.http.start()
    url = serve(clients=world.authority).url
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    keys = {"tls_client_cert_file": str(certificate), "tls_client_key_file": str(key)}
    certificate.write_text(world.stranger.pem)
    key.write_text(world.stranger.key)
    refused(http, url, tls_ca_cert=world.authority.pem, **keys)
    certificate.write_text(world.client.pem)
    key.write_text(world.client.key)
    response = http.get(url, tls_ca_cert=world.authority.pem, **keys)
    assert response["status_code"] == 200


@pytest.mark.parametrize(
    ("certificate", "key", "told"),
    [
        ("x", "good", "tls: failed to find any PEM data in certificate input"),
        ("good", "x", "tls: failed to find any PEM data in key input"),
        ("good", "other", "tls: private key does not match public key"),
    ],
)
def test_a_pair_that_is_none_is_an_error(
    http: HttpClient,
    site: Site,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    certificate: str,
    key: str,
    told: str,
) -> None:
    texts = {"x": "x", "other": world.stranger.key}
    pem = world.client.pem if certificate == "good" else texts[certificate]
    private = world.client.key if key == "good" else texts[key]
    pair = {"tls_client_cert": pem, "tls_client_key": private}
    assert refused(http, site.url, **pair) == f"http.send: {told}"
    monkeypatch.setenv("TEST_CERT", pem)
    monkeypatch.setenv("TEST_KEY", private)
    variables = {
        "tls_client_cert_env_variable": "TEST_CERT",
        "tls_client_key_env_variable": "TEST_KEY",
    }
    assert refused(http, site.url, **variables) == (
        "http.send: cannot extract public/private key pair from envvars "
        f'"TEST_CERT", "TEST_KEY": {told}'
    )


def test_an_encrypted_key_is_an_error_and_asks_nobody(
    http: HttpClient, site: Site, world: World
) -> None:
    from cryptography.hazmat.primitives import serialization as s

    locked = world.client.private.private_bytes(
        s.Encoding.PEM, s.PrivateFormat.PKCS8, s.BestAvailableEncryption(b"secret")
    ).decode()
    told = refused(http, site.url, tls_client_cert=world.client.pem, tls_client_key=locked)
    assert "failed to parse private key" in told


def test_keys_are_in_no_picture_of_the_options() -> None:
    options = TlsOptions(certificate=b"certificate", key=b"hidden")
    assert "hidden" not in repr(options)


def test_a_system_without_files_in_memory_has_them_for_a_moment(
    http: HttpClient, site: Site, world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delattr("os.memfd_create", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    pair = {"tls_client_cert": world.client.pem, "tls_client_key": world.client.key}
    assert http.get(site.url, **pair)["status_code"] == 200
    assert list(tmp_path.iterdir()) == []
