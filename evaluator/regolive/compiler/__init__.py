"""Front ends: Rego text in, plans out."""

from regolive.compiler.frontend import (
    QUERY_DETAILS_PLAN,
    QUERY_FILE,
    QUERY_PLAN,
    CompileRequest,
    FrontEnd,
    Language,
    UndefinedFunctionError,
    check_modules,
    entrypoint_name,
    get_front_end,
)

__all__ = [
    "QUERY_DETAILS_PLAN",
    "QUERY_FILE",
    "QUERY_PLAN",
    "CompileRequest",
    "FrontEnd",
    "Language",
    "UndefinedFunctionError",
    "check_modules",
    "entrypoint_name",
    "get_front_end",
]
