"""Queries: the runtime, prepared queries, results, configuration."""

from regolive.runtime.config import Config, load_config
from regolive.runtime.describe import describe_query
from regolive.runtime.query import PreparedQuery
from regolive.runtime.result import Result
from regolive.runtime.runtime import Runtime
from regolive.runtime.sources import SourceError, Sources, load_paths

__all__ = [
    "Config",
    "PreparedQuery",
    "Result",
    "Runtime",
    "SourceError",
    "Sources",
    "describe_query",
    "load_config",
    "load_paths",
]
