"""TLS as a request of ``http.send`` asks for it: which certificates, and Go's words for errors.

What is read (files, environment variables) is read for every request, so that a certificate that
was renewed is taken up; contexts are made once for what was read.
"""

from __future__ import annotations

import os
import re
import ssl
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from regolive import BuiltinError
from regolive_std import pem
from regolive_std.text import go_quote, to_bytes

Get = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """What a connection is secured with. Hashable: connections are kept apart by it.

    Attributes:
        ca: certificates to trust, each as DER.
        use_system: whether the system's are trusted too.
        certificate: PEM text of the client's certificate, with ``key``; None for none.
        insecure: any certificate of the server will do.
        server_name: the name to ask for and to check; None: the URL's host.
    """

    ca: tuple[bytes, ...] = ()
    use_system: bool = True
    certificate: bytes | None = None
    key: bytes | None = field(default=None, repr=False)
    insecure: bool = False
    server_name: str | None = None


def read_tls(
    get: Get, *, use_system: bool | None, insecure: bool, server_name: str | None
) -> TlsOptions:
    """The options of a request. ``get`` gives the string at a key, None if there is none.

    Raises BuiltinError for a file that cannot be read, and where no certificate is found.
    """
    ca: list[bytes] = []
    inline = get("tls_ca_cert")
    if inline:
        ca += _trusted(to_bytes(inline))
    file = get("tls_ca_cert_file")
    if file:
        ca += _trusted(_read(file))
    variable = get("tls_ca_cert_env_variable")
    if variable:
        try:
            ca += _trusted(_environment(variable))
        except BuiltinError as error:
            raise BuiltinError(
                f"could not add CA certificates from envvar {go_quote(variable)}: {error.message}"
            ) from None
    certificate, key = _client(get)
    return TlsOptions(
        ca=tuple(ca),
        # Without certificates of its own a request is checked against the system's, whatever it
        # says: Go's client takes no certificates for the system's.
        use_system=not ca or use_system is True,
        certificate=certificate,
        key=key,
        insecure=insecure,
        server_name=server_name or None,
    )


def _client(get: Get) -> tuple[bytes | None, bytes | None]:
    """Certificate and key of the client: the last of the three ways that is given in full."""
    pair: tuple[bytes | None, bytes | None] = (None, None)
    certificate, key = get("tls_client_cert"), get("tls_client_key")
    if certificate and key:
        pair = _checked(to_bytes(certificate), to_bytes(key))
    certificate, key = get("tls_client_cert_file"), get("tls_client_key_file")
    if certificate and key:
        pair = _checked(_read(certificate), _read(key))
    certificate = get("tls_client_cert_env_variable")
    key = get("tls_client_key_env_variable")
    if certificate and key:
        try:
            pair = _checked(_environment(certificate), _environment(key))
        except BuiltinError as error:
            names = f"{go_quote(certificate)}, {go_quote(key)}"
            raise BuiltinError(
                f"cannot extract public/private key pair from envvars {names}: {error.message}"
            ) from None
    return pair


def _trusted(text: bytes) -> list[bytes]:
    """The certificates in a PEM text, those left out that are none. Raises BuiltinError if none."""
    from cryptography.x509 import load_der_x509_certificate

    good = []
    for block in pem.blocks(text):
        try:
            load_der_x509_certificate(block.der)
        except ValueError:
            continue
        good.append(block.der)
    if not good:
        raise BuiltinError("could not append certificates")
    return good


def _checked(certificate: bytes, key: bytes) -> tuple[bytes, bytes]:
    for name, text in (("certificate", certificate), ("key", key)):
        if not pem.blocks(text):
            raise BuiltinError(f"tls: failed to find any PEM data in {name} input")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _load_chain(context, certificate, key)
    return certificate, key


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except (OSError, ValueError) as error:
        reason = error.strerror.lower() if isinstance(error, OSError) and error.strerror else error
        raise BuiltinError(f"open {path}: {reason}") from None


def _environment(name: str) -> bytes:
    try:
        return to_bytes(os.environ.get(name, ""))
    except ValueError:
        return b""


def make_context(options: TlsOptions) -> ssl.SSLContext:
    """The context for connections with these options; certificates are checked as Go checks them.

    Raises BuiltinError if OpenSSL does not take them.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Only the names in a certificate's extension count, never its common name.
    context.hostname_checks_common_name = False
    # A certificate that is given is trusted by itself, whoever signed it.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if options.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    try:
        if options.use_system:
            _load_system(context)
        if options.ca:
            context.load_verify_locations(cadata=b"".join(options.ca))
    except (ssl.SSLError, ValueError) as error:
        raise BuiltinError(f"tls: certificates cannot be used: {error}") from None
    if options.certificate is not None and options.key is not None:
        _load_chain(context, options.certificate, options.key)
    return context


def _load_system(context: ssl.SSLContext) -> None:
    paths = ssl.get_default_verify_paths()
    if paths.cafile is not None or paths.capath is not None or os.name == "nt":
        context.load_default_certs()
    else:  # a container, or a Python without certificates
        import certifi

        context.load_verify_locations(certifi.where())


def _load_chain(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    def no_password() -> str:
        raise BuiltinError("tls: failed to parse private key: it is encrypted")

    try:
        with _as_file(certificate) as chain_path, _as_file(key) as key_path:
            context.load_cert_chain(chain_path, key_path, no_password)
    except ssl.SSLError as error:
        if error.reason in ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH"):
            raise BuiltinError("tls: private key does not match public key") from None
        raise BuiltinError(
            f"tls: client certificate or key cannot be used: {error.reason or error}"
        ) from None


@contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """A path that OpenSSL can read; in memory where the system can, so that no key is on a disk."""
    if hasattr(os, "memfd_create") and os.path.isdir("/proc/self/fd"):
        descriptor = os.memfd_create("regolive-tls")
        try:
            os.write(descriptor, content)
            yield f"/proc/self/fd/{descriptor}"
        finally:
            os.close(descriptor)
        return
    descriptor, path = tempfile.mkstemp(prefix="regolive-tls-")  # readable for its owner alone
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        yield path
    finally:
        os.unlink(path)


# OpenSSL's codes for what is wrong with a certificate (``X509_V_ERR_...``), in Go's words.
_UNTRUSTED = frozenset({2, 18, 19, 20, 21, 27})
_EXPIRED = frozenset({9, 10})
_WRONG_NAME = frozenset({62, 63, 64})


def tls_error(error: ssl.SSLError, name: str) -> str:
    """What Go's client says of a failed handshake with a server that should be ``name``."""
    if isinstance(error, ssl.SSLCertVerificationError):
        code = error.verify_code
        if code in _UNTRUSTED:
            reason = "certificate signed by unknown authority"
        elif code in _EXPIRED:
            reason = "certificate has expired or is not yet valid"
        elif code in _WRONG_NAME:
            reason = f"certificate is not valid for {name}"
        else:
            reason = error.verify_message
        return f"tls: failed to verify certificate: x509: {reason}"
    reason = (error.reason or str(error)).lower()
    alert = re.search(r"alert_(.+)", reason)
    if alert:
        return f"remote error: tls: {alert[1].replace('_', ' ')}"
    if reason in (
        "wrong_version_number",
        "http_request",
        "unknown_protocol",
        "record_layer_failure",
    ):
        return "tls: first record does not look like a TLS handshake"
    return f"tls: {reason.replace('_', ' ')}"
