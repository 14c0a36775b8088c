"""References between JSON schemas: URI references as Go's ``net/url`` resolves them, and the pool
of documents they are looked up in.

What ``$id`` names and what ``$ref`` finds is as OPA has it (drafts 4, 6 and 7, without a check
which of them a schema is of). Nothing is fetched: a reference out of the schema finds the
metaschemas of the three drafts, and nothing else.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from regolive import BuiltinError
from regolive_std.encoding import unescape
from regolive_std.text import go_quote, to_bytes
from regolive_std.uri import parse_uri

_SPLIT = re.compile(
    r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL
)
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~$&+,/:;=@")
_PLAIN_FRAGMENT = _PLAIN | frozenset(b"?!()*")
_ALLOWED = frozenset(b"!'()*[]%")  # as they are, where someone has written them so


class Reference(NamedTuple):
    """A URI reference in its parts, each escaped as Go writes it again."""

    scheme: str = ""
    opaque: str = ""
    authority: str | None = None
    path: str = ""
    query: str | None = None
    fragment: str = ""

    def __str__(self) -> str:
        text = f"{self.scheme}:" if self.scheme else ""
        if self.opaque:
            text += self.opaque
        else:
            if self.authority or (self.authority == "" and self.path):
                text += "//" + self.authority
            text += self.path
        if self.query is not None:
            text += f"?{self.query}"
        return f"{text}#{self.fragment}" if self.fragment else text

    @property
    def is_canonical(self) -> bool:
        """Whether it names a place of its own: a host, or an absolute file."""
        if self.scheme == "file":
            return self.path.startswith("/")
        return bool(self.scheme and self.authority)

    @property
    def document(self) -> Reference:
        """The same without the fragment."""
        return self._replace(fragment="")

    def resolve(self, other: str) -> Reference:
        """Another reference as seen from this one. Raises BuiltinError for what is none."""
        ref = parse_reference(other)
        scheme = ref.scheme or self.scheme
        if ref.scheme or ref.authority:
            return ref._replace(scheme=scheme, path=_without_dots(ref.path, ""))
        if ref.opaque:
            return ref._replace(scheme=scheme, authority=None)
        query = ref.query
        if not ref.path and query is None:
            query = self.query
        if not ref.path and self.opaque:
            return ref._replace(scheme=scheme, opaque=self.opaque, query=query)
        path = _without_dots(self.path, ref.path)
        return ref._replace(scheme=scheme, authority=self.authority, path=path, query=query)


def parse_reference(text: str) -> Reference:
    """A URI reference. Raises BuiltinError with Go's text for what is none."""
    parse_uri(text)
    found = _SPLIT.fullmatch(text)
    if found is None:  # every text matches
        raise BuiltinError(f"parse {go_quote(text)}: not a URI")
    scheme, authority, path, query, fragment = found.groups()
    scheme = (scheme or "").lower()
    opaque = ""
    if scheme and authority is None and path and not path.startswith("/"):
        opaque, path = path, ""
    return Reference(
        scheme,
        opaque,
        authority,
        _escaped(path, _PLAIN),
        query,
        _escaped(fragment or "", _PLAIN_FRAGMENT),
    )


def _escaped(text: str, plain: frozenset[int]) -> str:
    if all(b in plain or b in _ALLOWED for b in to_bytes(text)):
        return text
    raw = to_bytes(unescape(text, plus=False))
    return "".join(chr(b) if b in plain else f"%{b:02X}" for b in raw)


def _without_dots(base: str, path: str) -> str:
    """A path as seen from another, without ``.`` and ``..``."""
    if not path.startswith("/"):
        path = base[: base.rfind("/") + 1] + path if path else base
    if not path:
        return ""
    out: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del out[-1:]
        elif segment != ".":
            out.append(segment)
    found = "/" + "/".join(out)
    if segment in (".", ".."):
        found += "/"
    return found[1:] if found.startswith("//") else found


Draft = int
"""4, 6 or 7."""

_DRAFTS = {
    "http://json-schema.org/draft-04/schema": 4,
    "http://json-schema.org/draft-06/schema": 6,
    "http://json-schema.org/draft-07/schema": 7,
}

# What may be called ``$id`` or ``$ref`` in here is a value, or the name of a property.
_LITERAL = frozenset({"const", "enum"})
_BY_NAME = frozenset({"properties", "dependencies", "patternProperties"})


def draft_of(document: Any) -> Draft | None:
    """The draft that a schema says it is of; None if it says none or another."""
    if isinstance(document, bool):
        return None
    if not isinstance(document, dict):
        raise BuiltinError("schema is invalid")
    if "$schema" not in document:
        return None
    url = document["$schema"]
    if not isinstance(url, str):
        raise BuiltinError("$schema must be of type string")
    return _DRAFTS.get(str(parse_reference(url)))


class Pool:
    """The documents that references of one schema can find, by their absolute URI."""

    def __init__(self) -> None:
        self._documents: dict[str, tuple[Any, Draft | None]] = {}

    def add(self, document: Any, at: Reference) -> None:
        """Take in a document and what has a name in it.

        The document is the pool's own: its references are made absolute in place.
        """
        draft = draft_of(document)
        self._take_in(document, at, draft)
        self._documents[str(at)] = document, draft

    def _take_in(self, document: Any, base: Reference, draft: Draft | None) -> None:
        # A name or reference that is no URI is an error when the schema is compiled.
        if isinstance(document, list):
            for item in document:
                self._take_in(item, base, draft)
        if not isinstance(document, dict):
            return
        name = document.get("id" if "id" in document else "$id")
        if isinstance(name, str):
            try:
                base = base.document.resolve(name)
            except BuiltinError:
                pass
            else:
                if str(base) in self._documents:
                    raise BuiltinError(f'Reference already exists: "{base}"')
                self._documents[str(base)] = document, draft
        target = document.get("$ref")
        if isinstance(target, str):
            try:
                document["$ref"] = str(base.document.resolve(target))
            except BuiltinError:
                pass
        for key in sorted(document):
            child = document[key]
            if key in _LITERAL:
                continue
            if key not in _BY_NAME:
                self._take_in(child, base, draft)
            elif isinstance(child, dict):
                for inner in sorted(child):
                    self._take_in(child[inner], base, draft)

    def find(self, ref: Reference) -> tuple[Any, Draft | None]:
        """What a reference leads to, with its draft. Raises BuiltinError naming the reference."""
        name = str(ref)
        if name not in self._documents:
            home = str(ref.document)
            if home not in self._documents:
                self._documents[home] = self._from_outside(ref)
            document, draft = self._documents[home]
            self._documents[name] = _pointed_at(document, ref.fragment), draft
        return self._documents[name]

    def _from_outside(self, ref: Reference) -> tuple[Any, Draft | None]:
        if not ref.is_canonical:
            raise BuiltinError(f"Reference {ref} must be canonical")
        url = str(ref.document)
        if url not in _DRAFTS:
            raise BuiltinError(f"remote reference loading disabled: {url}")
        self.add(_metaschema(url), ref.document)
        return self._documents[url]


def _metaschema(url: str) -> Any:
    from jsonschema_specifications import REGISTRY  # read from disk, and seldom asked for

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items()}
        return [plain(v) for v in value] if isinstance(value, list) else value

    return plain(REGISTRY.contents(url + "#" if url + "#" in REGISTRY else url))


def _pointed_at(document: Any, fragment: str) -> Any:
    """What a JSON pointer finds; the whole document where a fragment is no pointer."""
    pointer = unescape(fragment, plus=False)
    if not pointer.startswith("/"):
        return document
    for token in pointer[1:].split("/"):
        if isinstance(document, dict):
            key = token.replace("~1", "/").replace("~0", "~")
            if key not in document:
                raise BuiltinError(f"Object has no key '{key}'")
            document = document[key]
        elif isinstance(document, list):
            if not re.fullmatch("[+-]?[0-9]{1,18}", token):
                raise BuiltinError(f"Invalid array index '{token}'")
            at = int(token)
            if not 0 <= at < len(document):
                raise BuiltinError(f"Out of bound array[0,{len(document)}] index '{at}'")
            document = document[at]
        else:
            raise BuiltinError(f"Invalid token reference '{token}'")
    return document
