"""Types: what rules, variables and expressions can be, and which expressions cannot hold.

``infer_modules`` infers the types of a policy set's rules and finds what is wrong with them,
``check_query`` does so for a query over them. The types are those of OPA's checker, and so is what
is an error: a policy that OPA accepts is accepted.
"""

from regolive.compiler.types.env import TypeEnv
from regolive.compiler.types.inference import Inferred, infer_modules
from regolive.compiler.types.rules import check_query
from regolive.compiler.types.schemas import SchemaError, Schemas, schema_type
from regolive.compiler.types.signatures import Signatures

__all__ = [
    "Inferred",
    "SchemaError",
    "Schemas",
    "Signatures",
    "TypeEnv",
    "check_query",
    "infer_modules",
    "schema_type",
]
