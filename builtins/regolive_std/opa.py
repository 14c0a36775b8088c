"""What a policy asks of the engine it runs in."""

from __future__ import annotations

from typing import Any

from regolive import BuiltinContext, BuiltinError
from regolive_std._declare import ANY, STRING, array, object_of, std


@std("opa.runtime", result=object_of(STRING, ANY), nondeterministic=True, result_name="output")
def opa_runtime() -> dict[str, Any]:
    """Facts about the engine; empty, as where OPA is used as a library.

    Example:
        >>> is_object(opa.runtime())
        true
    """
    return {}


@std("trace")
def trace(ctx: BuiltinContext, note: str) -> bool:
    """Log a note; always true.

    Example:
        >>> trace("here")
        true
    """
    ctx.logger.debug("%s", note)
    return True


@std("rego.metadata.chain", result=array(ANY))
def rego_metadata_chain() -> list[Any]:
    """The annotations around the rule that is evaluated; the compiler puts them in its place.

    Example:
        >>> count(rego.metadata.chain())
        1
    """
    raise BuiltinError(
        "the rego.metadata.chain function must only be called within the scope of a rule"
    )


@std("rego.metadata.rule", result=ANY)
def rego_metadata_rule() -> Any:
    """The annotations of the rule that is evaluated; the compiler puts them in its place.

    Example:
        >>> rego.metadata.rule()
        {}
    """
    raise BuiltinError(
        "the rego.metadata.rule function must only be called within the scope of a rule"
    )
