"""Bundles made by ``opa build -t plan``: the plan, the base documents and the manifest.

The format is described at https://www.openpolicyagent.org/docs/management-bundles. Signatures are
not verified.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from regolive.errors import BundleError, IRError
from regolive.ir.archive import DEFAULT_LIMIT, read_files
from regolive.ir.nodes import Policy
from regolive.ir.reader import read_policy
from regolive.values import loads

PLAN = "plan.json"
MANIFEST = ".manifest"
_DATA_FILES = ("data.json", "data.yaml", "data.yml")
# Each use of an alias counts: a short document can stand for one too large for any memory.
_YAML_VALUES_PER_BYTE = 16


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a bundle says of itself.

    Attributes:
        revision: free text; empty where the bundle has none.
        roots: paths under ``data`` that the bundle owns, as ``a/b``; ``""`` is everything.
        metadata: all other keys of the manifest.
    """

    revision: str = ""
    roots: tuple[str, ...] = ("",)
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle in memory. ``sources`` are the ``.rego`` files in it, by name."""

    policy: Policy
    data: dict[str, Any]
    manifest: Manifest
    sources: Mapping[str, str]


def load_bundle(path: str | os.PathLike[str], *, limit_bytes: int = DEFAULT_LIMIT) -> Bundle:
    """Read a bundle from a directory or a ``.tar.gz`` file.

    Args:
        path: the directory or archive.
        limit_bytes: how many bytes the bundle may hold when it is unpacked.

    Raises:
        BundleError: the bundle is not valid; the message says what and where.
    """
    where = os.fspath(path)
    plan: bytes | None = None
    manifest = Manifest()
    documents: list[tuple[str, Any]] = []
    sources: dict[str, str] = {}
    for name, content in read_files(path, limit_bytes):
        file = name.rpartition("/")[2]
        try:
            if name == PLAN:
                plan = content
            elif name == MANIFEST:
                manifest = _manifest(loads(content))
            elif file in _DATA_FILES:
                document = loads(content) if file == "data.json" else _yaml(content)
                documents.append((name, document))
            elif file.endswith(".rego"):
                sources[name] = content.decode()
        except (ValueError, RecursionError, _BadFileError) as error:
            raise BundleError(f"{where}: {name}: {error}") from error
    if plan is None:
        # (A delta bundle, which has only a patch.json, ends here too.)
        raise BundleError(f"{where}: no {PLAN} in it; build the bundle with `opa build -t plan`")
    data = _data(documents, where)
    _check_roots(data, manifest.roots, where)
    try:
        policy = read_policy(plan, name=f"{where}: {PLAN}")
    except IRError as error:
        raise BundleError(str(error)) from error
    policy = replace(policy, sources=_sources(policy, sources))
    return Bundle(policy, data, manifest, sources)


class _BadFileError(Exception):
    """What is wrong with one file of the bundle."""


def _manifest(document: Any) -> Manifest:
    if not isinstance(document, dict):
        raise _BadFileError("expected an object")
    rest = dict(document)
    revision = rest.pop("revision", None)
    roots = rest.pop("roots", None)
    if not (revision is None or isinstance(revision, str)):
        raise _BadFileError(f"revision: expected a string, found {revision!r}")
    if roots is None:
        return Manifest(revision or "", metadata=rest)
    if not isinstance(roots, list) or not all(isinstance(root, str) for root in roots):
        raise _BadFileError(f"roots: expected an array of strings, found {roots!r:.80}")
    paths = tuple(root.strip("/") for root in roots)
    for index, root in enumerate(paths):
        for other in paths[index + 1 :]:
            if _inside(root, other) or _inside(other, root):
                raise _BadFileError(f"roots: {root!r} and {other!r} overlap")
    return Manifest(revision or "", paths, rest)


def _inside(path: str, root: str) -> bool:
    return root in ("", path) or path.startswith(root + "/")


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML as JSON: no dates, which JSON does not have."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _yaml(content: bytes) -> Any:
    try:
        document = yaml.load(content, _Loader)
    except yaml.YAMLError as error:
        raise _BadFileError(f"not YAML: {error}") from error
    left = [_YAML_VALUES_PER_BYTE * (len(content) + 64)]
    return _as_json(document, left)


def _as_json(value: Any, left: list[int]) -> Any:
    left[0] -= 1
    if left[0] < 0:
        raise _BadFileError("its aliases stand for far more than it holds")
    if isinstance(value, dict):
        return {_key(key): _as_json(item, left) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_json(item, left) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise _BadFileError(f"a number that JSON does not have: {value}")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise _BadFileError(f"a value that JSON does not have: {type(value).__name__}")


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, bool):
        return "true" if key else "false"
    if isinstance(key, int | float):
        return str(key)
    raise _BadFileError(f"a key that is no text: {key!r}")


def _data(documents: list[tuple[str, Any]], where: str) -> dict[str, Any]:
    """All data files merged, each at the place that its directory names."""
    merger = _Merger(where)
    for name, document in documents:
        path = tuple(name.split("/")[:-1])
        if not path and not isinstance(document, dict):
            raise BundleError(f"{where}: {name}: the root of data must be an object")
        placed = document
        for segment in reversed(path):
            placed = {segment: placed}
        merger.merge(merger.data, placed, (), name)
    return merger.data


class _Merger:
    """The data merged so far, and which file each part came from."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.data: dict[str, Any] = {}
        self.origin: dict[tuple[str, ...], str] = {}

    def merge(
        self, into: dict[str, Any], new: dict[str, Any], path: tuple[str, ...], name: str
    ) -> None:
        for key, value in new.items():
            place = (*path, key)
            if key not in into:
                into[key] = value
                self.origin[place] = name
            elif isinstance(into[key], dict) and isinstance(value, dict):
                self.merge(into[key], value, place, name)
            else:
                prefixes = (place[:n] for n in range(len(place), 0, -1))
                other = next(self.origin[prefix] for prefix in prefixes if prefix in self.origin)
                shown = ".".join(("data", *place))
                raise BundleError(f"{self.where}: {name}: {shown} is already defined by {other}")


def _check_roots(data: dict[str, Any], roots: tuple[str, ...], where: str) -> None:
    def check(value: Any, path: str) -> None:
        if any(_inside(path, root) for root in roots):
            return
        if isinstance(value, dict) and any(_inside(root, path) for root in roots):
            for key, item in value.items():
                check(item, f"{path}/{key}".lstrip("/"))
            return
        shown = ", ".join(map(repr, roots)) or "none"
        raise BundleError(f"{where}: data at {path!r} is outside the manifest's roots ({shown})")

    for key, value in data.items():
        check(value, key)


def _sources(policy: Policy, files: Mapping[str, str]) -> dict[str, str]:
    """The texts under the names that the plan uses; it may or may not have the leading slash."""
    return {file: files[file.lstrip("/")] for file in policy.files if file.lstrip("/") in files}
