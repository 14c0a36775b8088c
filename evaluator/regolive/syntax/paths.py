"""Where the rules of a module stand below ``data``, judged from their names alone."""

from __future__ import annotations

from collections.abc import Iterator

from regolive.syntax import nodes as n


def constant_steps(ref: n.Ref) -> tuple[str, ...]:
    """The constant strings that a rule's name begins with: ``p.q`` of ``p.q[x].r``."""
    steps: list[str] = []
    for position, term in enumerate(ref.terms):
        if position == 0 and isinstance(term, n.Var):
            steps.append(term.name)
        elif isinstance(term, n.Scalar) and isinstance(term.value, str):
            steps.append(term.value)
        else:
            break
    return tuple(steps)


def rule_paths(module: n.Module) -> Iterator[tuple[tuple[str, ...], n.Rule]]:
    """Each rule of a module (functions are some too) with its constant path below ``data``."""
    package = module.package.names
    for rule in module.rules:
        yield (*package, *constant_steps(rule.head.ref)), rule
