"""From the parsed to the resolved tree: names, declarations, calls, ``with``, safety; and the
checks that OPA's compiler makes besides types.

``exports`` looks at all modules of a set, ``resolve_module`` at one, ``check_set`` at what only all
of them together show, and ``resolve_query`` at a query over them. ``regolive.compiler.program``
says what can be relied on in a resolved tree.
"""

import regolive.compiler.resolve.closures  # noqa: F401  (adds to the tables of terms)
from regolive.compiler.resolve.exports import exports
from regolive.compiler.resolve.modules import resolve_module
from regolive.compiler.resolve.options import Options
from regolive.compiler.resolve.queries import resolve_query
from regolive.compiler.resolve.sets import check_set

__all__ = ["Options", "check_set", "exports", "resolve_module", "resolve_query"]
