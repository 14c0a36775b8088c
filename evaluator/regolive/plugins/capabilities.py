"""Capabilities: what a policy may use, in the format of OPA's ``capabilities.json``.

A file of them restricts: builtins and language features when a policy is compiled, hosts when a
builtin goes to the network. Ours, printed in the same format, say what there is.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from regolive.errors import ConfigError, Diagnostic, PolicyError

if TYPE_CHECKING:
    from regolive.plugins.binding import BoundBuiltin

FEATURES = ("keywords_in_refs", "rego_v1", "template_strings")
"""The features of the language, by OPA's names for them."""

FUTURE_KEYWORDS = ("and", "not", "or")
"""What can be imported from ``future.keywords`` beside the keywords of Rego v1."""

PathLike = str | os.PathLike[str]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a policy may use.

    Attributes:
        builtins: declarations of the builtins it may call, by name, as OPA has them.
        features: names of language features, such as ``rego_v1``.
        future_keywords: what may be imported from ``future.keywords``.
        allow_net: the hosts that builtins may go to, as policies write them in URLs; None for any,
            the empty set for none.
        wasm_abi_versions: kept as they are: nothing here runs WebAssembly.
    """

    builtins: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    features: frozenset[str] = frozenset()
    future_keywords: frozenset[str] = frozenset()
    allow_net: frozenset[str] | None = None
    wasm_abi_versions: tuple[Mapping[str, Any], ...] = ()

    def restrict(self, builtins: Mapping[str, T]) -> dict[str, T]:
        """Of what there is, by name, what may be used."""
        return {name: value for name, value in builtins.items() if name in self.builtins}

    def check_language(self) -> None:
        """That Rego v1 is allowed at all.

        Raises:
            PolicyError: it is not; the words are OPA's.
        """
        if "rego_v1" not in self.features:
            message = "illegal capabilities: rego_v1 feature required for parsing v1 Rego"
            raise PolicyError([Diagnostic("rego_parse_error", message)])

    def check_builtins(self, names: Iterable[str]) -> None:
        """That the builtins a finished plan calls are allowed.

        Raises:
            PolicyError: naming each that is not.
        """
        wrong = [n for n in names if n not in self.builtins]
        if wrong:
            raise PolicyError(
                [Diagnostic("rego_type_error", f"undefined function {n}") for n in wrong]
            )

    def document(self) -> dict[str, Any]:
        """As JSON, in the order in which OPA writes it."""
        out: dict[str, Any] = {"builtins": [self.builtins[name] for name in sorted(self.builtins)]}
        if self.wasm_abi_versions:
            out["wasm_abi_versions"] = list(self.wasm_abi_versions)
        out["future_keywords"] = sorted(self.future_keywords)
        out["features"] = sorted(self.features)
        if self.allow_net is not None:
            out["allow_net"] = sorted(self.allow_net)
        return out


def own_capabilities(builtins: Mapping[str, BoundBuiltin]) -> Capabilities:
    """What there is here: the builtins of all plugins, and every feature. Any host may be asked."""
    declarations = {}
    for name, bound in builtins.items():
        declaration = bound.spec.declaration()
        summary = bound.spec.doc.strip().partition("\n\n")[0].replace("\n", " ")
        if summary:
            declaration = {"name": name, "description": summary, **declaration}
        declarations[name] = declaration
    return Capabilities(declarations, frozenset(FEATURES), frozenset(FUTURE_KEYWORDS))


def load_capabilities(source: Capabilities | Mapping[str, Any] | PathLike) -> Capabilities:
    """Read capabilities from a JSON file or a document.

    As in OPA, what is not there allows nothing (but without ``allow_net`` any host may be asked),
    and keys that are not known are passed over: newer versions write files with more of them.

    Raises:
        ConfigError: the file cannot be read, or for all that is wrong in it at once.
    """
    if isinstance(source, Capabilities):
        return source
    if isinstance(source, Mapping):
        return _read(source, "capabilities")
    path = Path(source)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"capabilities: {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"capabilities: {path}: not JSON: {error}") from error
    if not isinstance(document, Mapping):
        found = type(document).__name__
        raise ConfigError(f"capabilities: {path}: expected an object, found {found}")
    return _read(document, f"capabilities: {path}")


def _read(document: Mapping[str, Any], where: str) -> Capabilities:
    problems: list[str] = []

    def strings(key: str) -> frozenset[str] | None:
        value = document.get(key)
        if value is None:
            return None
        if not isinstance(value, list | tuple | set | frozenset) or not all(
            isinstance(v, str) for v in value
        ):
            problems.append(f"{where}: {key}: expected an array of strings, found {value!r:.60}")
            return None
        return frozenset(value)

    builtins: dict[str, Mapping[str, Any]] = {}
    declared = document.get("builtins")
    if declared is not None and not isinstance(declared, list | tuple):
        problems.append(f"{where}: builtins: expected an array, found {declared!r:.60}")
        declared = None
    for index, one in enumerate(declared or ()):
        if isinstance(one, Mapping) and isinstance(one.get("name"), str):
            builtins[one["name"]] = one
        else:
            problems.append(
                f"{where}: builtins[{index}]: expected an object with a name, found {one!r:.60}"
            )
    versions = document.get("wasm_abi_versions")
    if versions is not None and not isinstance(versions, list | tuple):
        problems.append(f"{where}: wasm_abi_versions: expected an array, found {versions!r:.60}")
        versions = None
    features, keywords, hosts = map(strings, ("features", "future_keywords", "allow_net"))
    if problems:
        raise ConfigError("\n".join(problems))
    return Capabilities(
        builtins, features or frozenset(), keywords or frozenset(), hosts, tuple(versions or ())
    )
