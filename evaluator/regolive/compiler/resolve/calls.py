"""Calls: what an operator means, how many operands it takes, and calls that are no values.

A call inside of a term becomes a statement before, with one operand more for its result.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from regolive.compiler.program import Path, Stage
from regolive.compiler.resolve.metadata import METADATA, metadata_term
from regolive.compiler.resolve.scopes import unbound
from regolive.compiler.resolve.terms import TERMS, inner
from regolive.compiler.resolve.text import path_text, term_text
from regolive.compiler.resolve.work import Global, Item, Work
from regolive.compiler.types.arity import arity_details
from regolive.errors import nearest
from regolive.syntax import nodes as n

_INSTEAD = {
    "all": "`every x in xs { x }`",
    "any": "`true in xs`",
    "re_match": "`regex.match`",
    "net.cidr_overlap": "`net.cidr_contains`",
    "set_diff": "`-` on the two sets",
    "cast_array": "`is_array`, and `[x | some x in xs]` to make an array of a set",
    "cast_boolean": "`is_boolean`",
    "cast_null": "`is_null`",
    "cast_object": "`is_object`",
    "cast_set": "`is_set`, and `{x | some x in xs}` to make a set of an array",
    "cast_string": "`is_string`",
}
"""What to write in place of deprecated builtins."""


def call(w: Work, term: n.Call) -> n.Term:
    """A call inside of a term: the variable that has its result."""
    constant = metadata_call(w, term)
    if constant is not None and not term.args:
        return constant
    result = n.Var(term.loc, w.fresh())
    outer = w.item
    item = Item(outer.withs, outer.with_needs)
    w.item = item
    if constant is None:
        made = call_with_result(w, term, result)
    else:
        made = n.Call(term.loc, w.eq, (inner(w, term.args[-1]), constant))
    item.expr = n.Expr(term.loc, made, False, outer.withs, True)
    if has_result(w, term):
        item.binds.add(result.name)
    w.out.append(item)
    w.item = outer
    return result


def call_with_result(w: Work, term: n.Call, result: n.Var) -> n.Call:
    """A call with the variable that gets its result as last operand."""
    func, arity, name = operator(w, term)
    if name in w.options.void:
        message = f"{_written(term)} used as value"
        w.find(Stage.VOID_CALLS, "type", message, term.loc)
    elif arity is not None and name is None and len(term.args) != arity:
        _wrong_arity(w, func, arity, len(term.args), term.loc)
    args = [inner(w, arg) for arg in term.args]
    args.append(result)
    if name is not None and arity is not None and len(term.args) != arity:
        _wrong_operands(w, name, (*term.args, result), term.loc)
    return n.Call(term.loc, func, tuple(args), term.infix)


def has_result(w: Work, term: n.Call) -> bool:
    """Whether a call has a result: not one of ``eq``, or of what stands for annotations with
    operands that it does not have."""
    first = term.func.terms[0]
    name = first.name if isinstance(first, n.Var) and len(term.func.terms) == 1 else ""
    if name == "eq" and w.env.get(name) is None:
        return False
    return not term.args or metadata_call(w, term) is None


def _written(term: n.Call) -> str:
    return f"{term_text(term.func)}({', '.join(arg.loc.text for arg in term.args)})"


def call_statement(w: Work, term: n.Call, loc: n.Loc) -> n.Term:
    """A call that is a statement; a pattern for its result may be one operand more.

    ``loc`` is the place of the statement.
    """
    constant = metadata_call(w, term)
    if constant is not None:
        if not term.args:
            return constant
        # One operand of a function that has none is its result.
        return n.Call(term.loc, w.eq, (*[inner(w, arg) for arg in term.args], constant)[-2:])
    func, arity, name = operator(w, term, loc)
    args = term.args
    if arity is not None and name is None and not arity <= len(args) <= arity + 1:
        _wrong_arity(w, func, arity, len(args), loc)
    item = w.item
    made = []
    for index, arg in enumerate(args):
        if index == arity and name not in w.options.variadic:
            item.loose = set()
        made.append(inner(w, arg))
    if item.loose is not item.args:
        # A variable that is operand and result is not bound by the call.
        item.needs |= item.loose & item.args
        item.binds |= item.loose
        item.loose = item.args
    if name is not None and arity is not None and not arity <= len(args) <= arity + 1:
        _wrong_operands(w, name, args, loc)
    return n.Call(term.loc, func, tuple(made), term.infix)


def operator(
    w: Work, term: n.Call, statement: n.Loc | None = None
) -> tuple[n.Ref, int | None, str | None]:
    """What is called, how many operands it takes (None: nobody knows), a builtin's name.

    ``statement`` is the place of the statement, if the call is one and no value.
    """
    func = term.func
    loc = statement or term.loc
    terms = func.terms
    first = terms[0]
    if not isinstance(first, n.Var):
        _undefined(w, term_text(func), loc)
        return func, None, None
    head = first.name
    meaning = w.env.get(head)
    if isinstance(meaning, Global):
        return _global_operator(w, func, loc, meaning)
    name = head if len(terms) == 1 else builtin_name(terms)
    if isinstance(meaning, str):
        if statement is not None or w.head:
            _undefined(w, term_text(func), loc)
        else:
            message = f"called function {term_text(func)} shadowed"
            w.find(Stage.LOCALS, "compile", message, loc)
        return func, None, None
    if meaning is not None:
        unbound(w, first)
    arity = w.arities.get(name)
    if arity is None:
        _undefined(w, term_text(func), loc)
    else:
        w.called.append((name, loc, statement is not None or w.head))
        _check_builtin(w, name, loc)
    return func, arity, name


def check_shadowed(w: Work) -> None:
    """Report calls of builtins whose name the body also uses for a variable.

    It is one without a declaration too, and hides the builtin in all of the body.
    """
    for name, loc, undefined in w.called:
        if name in w.shadows:
            if undefined:
                _undefined(w, name, loc)
            else:
                w.find(Stage.LOCALS, "compile", f"called function {name} shadowed", loc)


def _global_operator(
    w: Work, func: n.Ref, loc: n.Loc, meaning: Global
) -> tuple[n.Ref, int | None, str | None]:
    steps = func.terms[1:]
    meaning.used = True
    made = n.Ref(func.loc, meaning.prefix + steps)
    path = constant_path(meaning.path, steps)
    arity = None if path is None else w.functions.get(path)
    if arity is None and path in w.exports.values:
        arity = 0  # a rule that is no function: the types say so where nothing else is wrong
    if arity is None:
        _undefined(w, term_text(made), loc)
    else:
        w.refs.append(made)
    return made, arity, None


def _check_builtin(w: Work, name: str, loc: n.Loc) -> None:
    if name in w.options.deprecated and (w.v1 or w.strict):
        message = f"deprecated built-in function calls in expression: {name}"
        instead = _INSTEAD.get(name)
        hint = f"use {instead}" if instead else None
        w.find(Stage.DEPRECATED_BUILTINS, "type", message, loc, hint)


def builtin_name(terms: Iterable[Any]) -> str:
    """The name of a builtin from the terms of a reference."""
    first, *steps = terms
    if all(step.__class__ is n.Scalar and isinstance(step.value, str) for step in steps):
        return ".".join([first.name, *[step.value for step in steps]])
    return term_text(n.Ref(first.loc, tuple(terms)))


def constant_path(start: Path | None, steps: Iterable[n.Term]) -> Path | None:
    """A path with further steps, None if one is no string."""
    if start is None:
        return None
    path = list(start)
    for step in steps:
        if not isinstance(step, n.Scalar) or not isinstance(step.value, str):
            return None
        path.append(step.value)
    return tuple(path)


def require_builtin(w: Work, name: str, loc: n.Loc) -> None:
    """Report a builtin that is not there, for what stands for a call of it."""
    if name not in w.arities:
        _undefined(w, name, loc)


def _wrong_arity(w: Work, func: n.Ref, arity: int, given: int, loc: n.Loc) -> None:
    noun = "argument" if given == 1 else "arguments"
    message = f"function {term_text(func)} has arity {arity}, got {given} {noun}"
    w.find(Stage.FUNCTIONS, "type", message, loc)


def _wrong_operands(w: Work, name: str, operands: Sequence[n.Term], loc: n.Loc) -> None:
    """A builtin that is called with too many or too few operands."""
    if name in w.options.variadic or name in w.options.void or name in METADATA:
        return
    env = w.env
    details = arity_details(
        w.options.builtins[name].decl, operands, lambda name: isinstance(env.get(name), Global)
    )
    w.find(Stage.FUNCTIONS, "type", f"{name}: arity mismatch", loc, details=details)


def _undefined(w: Work, name: str, loc: n.Loc) -> None:
    near = nearest_function(w, name)
    hint = f"perhaps you meant {near}" if near else None
    w.find(Stage.FUNCTIONS, "type", f"undefined function {name}", loc, hint)


def nearest_function(w: Work, name: str) -> str | None:
    """The function whose name is most like one that does not exist, as a policy would write it."""
    size = len(w.package)
    known: dict[str, str] = {name: name for name in w.arities}
    for path in w.functions:
        text = path_text(path)
        known[text] = text
        if path[:size] == w.package:
            known[path_text(path[size + 1 :], path[size])] = text
    found = nearest(name, list(known))
    if found is None:
        return None
    if name.startswith("data.") and not found.startswith("data."):
        return known[found]
    return found


def metadata_call(w: Work, term: n.Call) -> n.Term | None:
    """What a call of ``rego.metadata.rule`` or ``.chain`` stands for; None for other calls."""
    terms = term.func.terms
    first = terms[0]
    if len(terms) != 3 or not isinstance(first, n.Var) or first.name != "rego":
        return None
    if w.env.get("rego") is not None:
        return None
    name = builtin_name(terms)
    return metadata_term(w, name, term.loc) if name in METADATA and name in w.arities else None


TERMS[n.Call] = call
