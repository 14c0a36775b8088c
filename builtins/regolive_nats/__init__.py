"""regolive_nats: data that follows NATS JetStream key-value buckets, and the builtins nats.kv.*.

A plugin like any other: it uses only what regolive exports to every author.
"""

from regolive_nats.config import NatsConfig, load_config
from regolive_nats.errors import (
    BucketNotFoundError,
    ManagerStoppingError,
    NatsError,
    NatsTimeoutError,
    NatsUnavailableError,
)
from regolive_nats.manager import WatcherManager

__all__ = [
    "BucketNotFoundError",
    "ManagerStoppingError",
    "NatsConfig",
    "NatsError",
    "NatsTimeoutError",
    "NatsUnavailableError",
    "WatcherManager",
    "load_config",
]
