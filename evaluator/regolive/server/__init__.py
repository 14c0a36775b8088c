"""Serving decisions over HTTP: OPA's Data API, a health probe that tells the truth, all threads.

Minimal on purpose. It needs the extra ``http`` (starlette and uvicorn).
"""

from regolive.server.errors import MissingExtraError, RequestError, ServerError

try:
    import starlette
    import uvicorn
except ImportError as error:
    raise MissingExtraError(
        f"serving over HTTP needs packages that are not installed ({error.name}): "
        "pip install 'regolive[http]'"
    ) from error

del starlette, uvicorn

from regolive.server.server import Server  # noqa: E402 - what it imports is looked for above

__all__ = ["MissingExtraError", "RequestError", "Server", "ServerError"]
