"""Queries: bodies over a set of modules, with what they ask for."""

from __future__ import annotations

from collections.abc import Sequence

from regolive.compiler.program import Exports, Finding, Path, ResolvedQuery, Stage
from regolive.compiler.resolve.bodies import body as walk_body
from regolive.compiler.resolve.calls import check_shadowed
from regolive.compiler.resolve.closures import report_undeclared
from regolive.compiler.resolve.modules import environment, too_deep
from regolive.compiler.resolve.options import Options
from regolive.compiler.resolve.safety import ordered
from regolive.compiler.resolve.scopes import announce, leave, report_unused
from regolive.compiler.resolve.unsafe import flush
from regolive.compiler.resolve.work import Work
from regolive.syntax import nodes as n


def resolve_query(
    body: n.Body,
    imports: Sequence[n.Import],
    source: n.Source,
    exports: Exports,
    options: Options,
    *,
    package: Path | None = None,
) -> tuple[ResolvedQuery, list[Finding]]:
    """A query resolved over the modules that ``exports`` tells of, and what is wrong with it.

    Its outputs are the variables of its own statements, declared ones included, as ``opa eval``
    reports them: not wildcards, and not what comprehensions have inside.

    Args:
        package: the package whose rules the query can name without a path.

    Raises:
        PolicyError: the query is nested too deeply.
    """
    # A query may use what only modules of Rego v1 forbid.
    w = Work(source, package or (), exports, options, v1=False)
    loc = n.Loc(source, 0, 0)
    path = None
    if package is not None:
        steps = [n.Scalar(loc, step) for step in package]
        path = n.Ref(loc, (n.Var(loc, "data"), *steps))
    w.env = environment(w, path, tuple(imports))
    try:
        announce(w, body)
        walk_body(w, body)
        leave(w)
        report_unused(w, 0)
        check_shadowed(w)
        for var, place in w.templated:
            if var.name not in w.free:
                report_undeclared(w, var, place, Stage.TEMPLATES)
        items = w.out
        names = {name for item in items for name in item.own_names()}
        exprs = ordered(w, items, set())
        flush(w)
    except RecursionError:
        raise too_deep(body[0].loc if body else loc) from None
    outputs = {
        w.shown(name): name for name in sorted(names) if w.is_written(name) and name[:1] != "$"
    }
    return ResolvedQuery(source, exprs, outputs, w.names), w.findings
