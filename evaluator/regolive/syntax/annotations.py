"""``METADATA`` blocks: their YAML, what each field must be, and what they stand before.

See OPA's policy reference, Metadata (https://www.openpolicyagent.org/docs/policy-language#metadata).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import quote

import yaml

from regolive.syntax import nodes as n
from regolive.syntax import yaml_values as values
from regolive.syntax.cursor import Dialect, Failed
from regolive.syntax.lexer import lex
from regolive.syntax.module import ModuleParser
from regolive.syntax.opa_json import ref_json
from regolive.syntax.terms import is_root, value_name
from regolive.syntax.visitor import walk
from regolive.syntax.yaml_values import YamlError

_RULE, _DOCUMENT, _PACKAGE, _SUBPACKAGES = "rule", "document", "package", "subpackages"
_STRUCT = "ast.rawAnnotation"
_ANY_MAP = "map[string]interface {}"
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SPACES = " \t"

TAB_HINT = "YAML is not indented with tabs: use spaces"
YAML_HINT = (
    "the lines behind METADATA must be YAML, up to the first that is no comment: "
    "use quotes around a text with `: ` or `#` in it"
)


class _Invalid(Exception):
    """A field that is not what it should be."""


def read_annotations(
    source: n.Source, comments: Sequence[n.Comment]
) -> tuple[list[n.Annotations], list[Failed]]:
    """The blocks among the comments of a module, and what is wrong with the others."""
    found: list[n.Annotations] = []
    wrong: list[Failed] = []
    index = 0
    while index < len(comments):
        first = comments[index]
        index += 1
        if not is_metadata(first):
            continue
        row = first.loc.row
        lines: list[n.Comment] = []
        while index < len(comments) and _goes_on(comments[index], row + len(lines) + 1):
            lines.append(comments[index])
            index += 1
        try:
            found.append(_block(source, first, lines))
        except Failed as failed:
            wrong.append(failed)
    return found, wrong


def is_metadata(comment: n.Comment) -> bool:
    """Whether a block begins with a comment."""
    return comment.text.strip().startswith("METADATA") and comment.loc.col == 1


def _goes_on(comment: n.Comment, row: int) -> bool:
    loc = comment.loc
    return loc.row == row and loc.col == 1 and not is_metadata(comment)


def _block(source: n.Source, first: n.Comment, lines: list[n.Comment]) -> n.Annotations:
    text = "".join(line.text.removeprefix(" ") + "\n" for line in lines)
    start = first.loc.start
    if not text.strip():
        raise Failed("expected METADATA block, found whitespace", start)
    try:
        node = values.compose(text)
        fields = {} if node is None else _fields(node)
    except YamlError as error:
        # As OPA counts: the line behind the one that is wrong, if there is one.
        at = min(error.line, len(lines) - 1)
        hint = error.hint or _yaml_hint(lines)
        message = str(error)
        if message.startswith("yaml: "):
            start = lines[at].loc.start
        raise Failed(message, start, hint) from None
    except _Invalid as invalid:
        raise Failed(str(invalid), start, _field_hint(str(invalid))) from None
    end = lines[-1].loc.end
    scope = fields.pop("scope", "")
    return n.Annotations(n.Loc(source, start, end), scope, fields)


def _yaml_hint(lines: Iterable[n.Comment]) -> str | None:
    for line in lines:
        text = line.text.removeprefix(" ")
        if text[: len(text) - len(text.lstrip())].count("\t"):
            return TAB_HINT
        for part in line.text.split(":")[1:]:
            if part and part[0] not in _SPACES:
                return f"line {line.loc.row}: a space must follow the `:` between key and value"
            if part:
                break
    return YAML_HINT


def _field_hint(message: str) -> str | None:
    """What a field must be, by the word for it in the message."""
    return next((hint for word, hint in _FIELD_HINTS if word in message), None)


_FIELD_HINTS = (
    ("author", "write `- Name <mail@example.com>`, or `- name: ...` with `email: ...`"),
    ("related-resource", "write `- https://...`, or `- ref: https://...` with `description: ...`"),
    ("document reference", "write `- input: schema.name`, or `- data.x.y: schema.name`"),
    ("schema", "write `- input: schema.name`, or the schema itself behind `- input:`"),
    ("unknowns", "write references, such as `input.x`"),
    ("mask_rule", "write a reference, such as `data.filters.mask`"),
    ("map key", "keys must be text: use quotes"),
)


# Fields


def _fields(node: yaml.Node) -> dict[str, Any]:
    """The fields of a block in the form OPA's JSON has them, empty ones left out."""
    found: dict[str, Any] = {}
    pairs = values.pairs(node, _STRUCT)
    # All types are looked at before what the fields mean.
    for name, value in pairs:
        check = _TYPES.get(name)
        if check is not None:
            check(value)
    for name, value in pairs:
        read = _FIELDS.get(name)
        if read is not None:
            content = read(value)
            if content or (name == "compile" and content is not None):
                found[name] = content
    return found


def _organizations(node: yaml.Node) -> list[str]:
    return [
        values.text(item) for item in values.items(node, "[]string") if not values.is_null(item)
    ]


def _list(node: yaml.Node) -> list[yaml.Node]:
    return values.items(node, "[]interface {}")


def _map(node: yaml.Node) -> list[tuple[str, yaml.Node]]:
    return values.pairs(node, _ANY_MAP)


def _maps(node: yaml.Node) -> list[list[tuple[str, yaml.Node]]]:
    return [_map(item) for item in values.items(node, f"[]{_ANY_MAP}")]


def _values(node: yaml.Node) -> dict[str, Any]:
    return {key: values.value(item) for key, item in _map(node)}


def _authors(node: yaml.Node) -> list[dict[str, str]]:
    return [_author(values.value(item)) for item in _list(node)]


def _author(value: Any) -> dict[str, str]:
    if isinstance(value, str):
        words = value.split()
        if not words:
            raise _Invalid(f"invalid author definition {value}: author is an empty string")
        last = words[-1]
        email = ""
        if len(last) > 1 and last[0] == "<" and last[-1] == ">":
            email = last[1:-1]
            words.pop()
        name = " ".join(words)
    elif isinstance(value, dict):
        name, email = _string(value, "name"), _string(value, "email")
        if not name and not email:
            raise _Invalid(
                "invalid author definition: 'name' and/or 'email' values required in object"
            )
    else:
        raise _Invalid(
            f"invalid author definition {value}: invalid value type, must be string or map"
        )
    return {"name": name, "email": email} if email else {"name": name}


def _string(value: dict[str, Any], name: str) -> str:
    found = value.get(name)
    return found.strip() if isinstance(found, str) else ""


def _resources(node: yaml.Node) -> list[dict[str, str]]:
    return [_resource(values.value(item)) for item in _list(node)]


def _resource(value: Any) -> dict[str, str]:
    where = "invalid related-resource definition"
    if isinstance(value, str):
        if not value:
            raise _Invalid(f"{where} : ref URL may not be empty string")
        return {"ref": _url(value, f"{where} {value}")}
    if isinstance(value, dict):
        ref = _string(value, "ref")
        if not ref:
            raise _Invalid(f"{where}: 'ref' value required in object")
        found = {"ref": _url(ref, f"{where} {ref}")}
        description = _string(value, "description")
        return {"description": description, **found} if description else found
    raise _Invalid(f"{where} {value}: invalid value type, must be string or map")


def _url(text: str, where: str) -> str:
    """A URL as Go writes it: what may not stand in a path is escaped."""
    if _CONTROL.search(text):
        raise _Invalid(f"{where}: invalid control character in URL")
    rest, mark, fragment = text.partition("#")
    path, question, query = rest.partition("?")
    escape = _BAD_ESCAPE.search(path) or _BAD_ESCAPE.search(fragment)
    if escape:
        raise _Invalid(f'{where}: invalid URL escape "{escape.string[escape.start() :][:3]}"')
    scheme, colon, behind = path.partition("://")
    host, slash, path = behind.partition("/") if colon else ("", "", path)
    if rest.startswith(":"):
        raise _Invalid(f"{where}: missing protocol scheme")
    if host.startswith("[") and "]" not in host:
        raise _Invalid(f"{where}: missing ']' in host")
    if not colon and ":" in path.split("/", maxsplit=1)[0] and not path[:1].isalpha():
        raise _Invalid(f"{where}: first path segment in URL cannot contain colon")
    safe = "/:@!$&'()*+,;=-._~%[]"
    path = quote(path, safe=safe)
    fragment = quote(fragment, safe=safe + "?")
    return (
        f"{scheme.lower()}{colon}{host}{slash}{path}{question}{query}{mark}{fragment}"
        if colon
        else f"{path}{question}{query}{mark}{fragment}"
    )


def _schemas(node: yaml.Node) -> list[dict[str, Any]]:
    return [_schema(pairs) for pairs in _maps(node)]


def _schema(pairs: list[tuple[str, yaml.Node]]) -> dict[str, Any]:
    path = _ref(pairs[0][0]) if pairs else None
    if path is None:
        raise _Invalid("invalid document reference")
    name, node = pairs[0]
    found: dict[str, Any] = {"path": ref_json(path)}
    if isinstance(node, yaml.MappingNode):
        try:
            return {**found, "definition": values.value(node)}
        except YamlError:
            raise _Invalid(f'invalid schema declaration for path "{name}"') from None
    value = values.value(node)
    if not isinstance(value, str):
        raise _Invalid(f'invalid schema declaration for path "{name}"')
    term = _term(value)
    steps = term.terms if isinstance(term, n.Ref) else (term,)
    head = steps[0]
    if term is None or not isinstance(head, n.Var) or head.name != "schema":
        raise _Invalid("invalid schema reference")
    return {**found, "schema": ref_json(n.Ref(term.loc, tuple(s for s in steps if s is not None)))}


def _compile(node: yaml.Node) -> dict[str, Any] | None:
    if values.is_null(node):
        return None
    found: dict[str, Any] = {}
    for name, item in _map(node):
        value = values.value(item)
        if name == "unknowns" and isinstance(value, list):
            found[name] = [_unknown(unknown) for unknown in value]
        elif name == "mask_rule" and isinstance(value, str):
            found[name] = _mask(value)
    return {name: content for name, content in found.items() if content}


def _unknown(value: Any) -> list[dict[str, Any]] | None:
    if not isinstance(value, str):
        return None
    ref = _ref(value)
    if ref is None:
        raise _Invalid(f'invalid unknowns element "{value}"')
    return ref_json(ref)


def _mask(value: str) -> list[dict[str, Any]]:
    term = _term(value)
    if term is None:
        raise _Invalid(f'invalid mask_rule annotation "{value}"')
    if isinstance(term, n.Ref):
        return ref_json(term)
    if value_name(term) not in ("var", "string", "ref"):
        raise _Invalid(f'invalid mask_rule annotation type "{value}"')
    return ref_json(n.Ref(term.loc, (term,)))


def _term(text: str) -> n.Term | None:
    parser = ModuleParser(n.Source("", text), lex(text), Dialect())
    try:
        term = parser.infix()
    except Failed:
        return None
    return term if parser.kinds[parser.at] == "eof" else None


def _ref(text: str) -> n.Ref | None:
    term = _term(text)
    if term is not None and is_root(term):
        return n.Ref(term.loc, (term,))
    return term if isinstance(term, n.Ref) else None


_TYPES: dict[str, Callable[[yaml.Node], object]] = {
    "scope": values.text,
    "title": values.text,
    "description": values.text,
    "entrypoint": values.boolean,
    "organizations": _organizations,
    "related_resources": _list,
    "authors": _list,
    "schemas": _maps,
    "compile": _map,
    "custom": _map,
    "labels": _map,
}

_FIELDS: dict[str, Callable[[yaml.Node], Any]] = {
    **_TYPES,
    "related_resources": _resources,
    "authors": _authors,
    "schemas": _schemas,
    "compile": _compile,
    "custom": _values,
    "labels": _values,
}


# What they stand before


def attach(
    annotations: Sequence[n.Annotations],
    packages: Sequence[n.Package],
    imports: Sequence[n.Import],
    rules: Sequence[n.Rule],
) -> list[Failed]:
    """Give each block to what follows it, and rules the blocks that are theirs.

    A block of scope "document" is of all rules of the name in the module. Returns what is wrong.
    """
    if not annotations:
        return []
    statements: list[n.Package | n.Import | n.Rule] = sorted(
        [*packages, *imports, *rules], key=lambda node: node.loc.start
    )
    rows = [node.loc.row for node in statements]
    wrong: list[Failed] = []
    targets: dict[int, n.Node | None] = {}
    for item in annotations:
        row = item.loc.row
        node = next((s for s, at in zip(statements, rows, strict=True) if at > row), None)
        targets[id(item)] = node
        item.scope = item.scope or _scope(item, node)
        failed = _check_scope(item, node)
        if failed is not None:
            wrong.append(failed)
        if item.fields.get("entrypoint") and item.scope not in (_DOCUMENT, _PACKAGE):
            message = (
                f"annotation entrypoint applied to non-document or package scope '{item.scope}'"
            )
            wrong.append(Failed(message, item.loc.start))
    if not wrong:
        for package in packages:
            package.annotations = tuple(i for i in annotations if targets[id(i)] is package)
        _attach_rules(annotations, targets, rules)
    return wrong


def _scope(item: n.Annotations, node: n.Node | None) -> str:
    """The scope of a block that names none."""
    if isinstance(node, n.Rule):
        return _DOCUMENT if item.fields.get("entrypoint") else _RULE
    if isinstance(node, n.Package):
        return _PACKAGE
    return "import" if isinstance(node, n.Import) else ""


def _check_scope(item: n.Annotations, node: n.Node | None) -> Failed | None:
    wanted: type[n.Node]
    if item.scope in (_RULE, _DOCUMENT):
        wanted, name = n.Rule, "rule"
    elif item.scope in (_PACKAGE, _SUBPACKAGES):
        wanted, name = n.Package, "package"
    else:
        return Failed(
            f"invalid annotation scope '{item.scope}'. Use one of 'rule', 'document', 'package', "
            "or 'subpackages'",
            item.loc.start,
            None if node is not None else "nothing stands behind this block",
        )
    if isinstance(node, wanted):
        return None
    have = f" (have {type(node).__name__.lower()})" if node is not None else ""
    message = f"annotation scope '{item.scope}' must be applied to {name}{have}"
    return Failed(message, item.loc.start)


def _attach_rules(
    annotations: Sequence[n.Annotations],
    targets: dict[int, n.Node | None],
    rules: Sequence[n.Rule],
) -> None:
    left = [i for i in annotations if i.scope in (_RULE, _DOCUMENT)]
    paths = {id(i): _path(targets[id(i)]) for i in left}
    for rule in rules:
        if not left:
            return
        path = _path(rule)
        row = rule.loc.row
        mine = [
            i for i in left if paths[id(i)] == path and (i.scope == _DOCUMENT or i.loc.row < row)
        ]
        rule.annotations = tuple(mine)
        used = [i for i in mine if i.scope == _RULE]
        if used:
            left.remove(used[-1])


def _path(rule: n.Node | None) -> tuple[object, ...]:
    """The constant part of a rule's name."""
    found: list[object] = []
    if isinstance(rule, n.Rule):
        for index, step in enumerate(rule.head.ref.terms):
            if isinstance(step, n.Var) and not index:
                found.append(step.name)
            elif isinstance(step, n.Scalar):
                found.append(("scalar", step.value))
            elif isinstance(step, n.Number):
                found.append(("number", step.text))
            elif any(isinstance(node, n.Var) for node in walk(step)):
                break
            else:
                found.append(("term", step.loc.text))
    return tuple(found)
