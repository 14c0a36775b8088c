"""How a connection to NATS is made from the configuration, and closed."""

from __future__ import annotations

import asyncio
import base64
import logging
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import nats.errors
from nats.aio.client import Client as Connection

from regolive_nats.config import NatsConfig

log = logging.getLogger("regolive.plugin.nats")


async def connect(config: NatsConfig, on_closed: Callable[[], Awaitable[None]]) -> Connection:
    """A new connection, at the first attempt or not at all. ``on_closed``: it is gone for good.

    Raises what nats-py raises; where that only says that no server was left, what came before.
    """
    errors: list[Exception] = []

    async def on_error(error: Exception) -> None:
        errors.append(error)
        del errors[:-3]
        log.debug("NATS at %s: %s", config.shown_url, explain(error))

    connection = Connection()
    try:
        async with asyncio.timeout(2 * config.request_timeout * len(config.servers)):
            await connection.connect(
                servers=config.servers,
                name="regolive",
                error_cb=on_error,
                closed_cb=on_closed,
                # Reconnecting is the client's; nats-py tries each server twice.
                allow_reconnect=False,
                max_reconnect_attempts=1,
                reconnect_time_wait=0,
                connect_timeout=config.request_timeout,  # type: ignore[arg-type]
                ping_interval=10,
                **_options(config),
            )
    except Exception as error:
        await close(connection)
        if isinstance(error, nats.errors.NoServersError) and errors:
            raise errors[-1] from None
        raise
    return connection


async def close(connection: Connection) -> None:
    """Close a connection, in whatever state; raises nothing."""
    try:
        async with asyncio.timeout(2):
            await connection.close()
    except Exception as error:
        log.debug("closing the connection to NATS: %s", explain(error))


def explain(error: BaseException) -> str:
    """An error of nats-py for people; it says where, never with which secret."""
    text = str(error).removeprefix("nats: ").strip("' ")
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, TimeoutError) and not text:
        return "timeout"
    return text or type(error).__name__


def _options(config: NatsConfig) -> dict[str, Any]:
    """What nats-py calls the ways to authenticate and to encrypt."""
    options: dict[str, Any] = {}
    if config.credentials:
        options["user_credentials"] = config.credentials
    if config.token:
        options["token"] = config.token
    if config.username:
        options |= {"user": config.username, "password": config.password}
    if config.user_jwt:
        options |= _jwt_options(config)
    if config.tls_cert or config.tls_ca_cert or config.tls_insecure:
        context = ssl.create_default_context(cafile=config.tls_ca_cert or None)
        if config.tls_cert:
            context.load_cert_chain(config.tls_cert, config.tls_key)
        if config.tls_insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        options["tls"] = context
    return options


def _jwt_options(config: NatsConfig) -> dict[str, Any]:
    import nkeys  # type: ignore[import-untyped]

    def sign(nonce: str) -> bytes:
        pair = nkeys.from_seed(bytearray(config.user_nkey_seed.strip().encode()))
        try:
            return base64.b64encode(pair.sign(nonce.encode()))
        finally:
            pair.wipe()

    return {
        "user_jwt_cb": lambda: bytearray(config.user_jwt.strip().encode()),
        "signature_cb": sign,
    }
