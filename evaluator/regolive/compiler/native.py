"""The front end of our own compiler: policy sets kept in memory and on disk, plans over them."""

from __future__ import annotations

import hashlib
import json
import sys
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path as FilePath

from regolive.compiler import policyset, stored
from regolive.compiler.cache import DiskCache, default_cache
from regolive.compiler.frontend import CompileRequest
from regolive.compiler.policyset import Demands, PolicySet, compile_set, restore
from regolive.concurrency import Mutex
from regolive.errors import Diagnostic, PolicyError
from regolive.ir.nodes import Policy

_KEPT = 4  # policy sets in memory: a set, what it was before a change, and two that come between
_WORTH_STORING = 32 << 10
"""Sets with less Rego than this, in characters, compile sooner than a file is written and read."""


class NativeFrontEnd:
    """Compiles with regolive's own compiler. Safe to use from several threads.

    A policy set is compiled once, and what is asked of it is planned from what is there. Another
    set with most of the same modules compiles only what differs. Sets of some size are kept on
    disk.
    """

    name = "regolive"
    plans_data = True

    def __init__(self, cache: DiskCache | None = None, *, store: bool = True) -> None:
        """
        Args:
            cache: where compiled sets are kept; None for the default directory.
            store: whether they are kept on disk at all.
        """
        self._cache = (cache or default_cache()) if store else None
        self._lock = Mutex(
            "compiler.sets", guards="the table of compiled sets; nothing is taken under it"
        )
        self._sets: OrderedDict[int, PolicySet] = OrderedDict()
        self._next = 0

    def compile(self, request: CompileRequest) -> Policy:
        """Compile modules, entrypoints and query to one plan.

        Raises:
            PolicyError: the policy or the query is wrong; carries every diagnostic that was found.
        """
        return self.policy_set(request).plan(request.entrypoints, request.query)

    def policy_set(self, request: CompileRequest) -> PolicySet:
        """The compiled modules of a request.

        Raises:
            PolicyError: a module is wrong; carries every diagnostic that was found.
        """
        demands = _demands(request)
        with self._lock:
            for number, known in reversed(self._sets.items()):
                if known.serves(request.modules, demands):
                    self._sets.move_to_end(number)
                    return known
            previous = next(
                (s for s in reversed(self._sets.values()) if s.demands == demands), None
            )
        made = self._from_disk(request, demands) if previous is None else None
        if made is None:
            made = compile_set(request.modules, demands, previous)
            if previous is None:
                self._to_disk(request, made)
        with self._lock:
            self._sets[self._next] = made
            self._next += 1
            while len(self._sets) > _KEPT:
                self._sets.popitem(last=False)
        return made

    def close(self) -> None:
        """Forget the compiled sets. The front end can be used again afterwards."""
        with self._lock:
            self._sets.clear()

    def _from_disk(self, request: CompileRequest, demands: Demands) -> PolicySet | None:
        if self._cache is None or not _worth_storing(request.modules):
            return None
        key = _key(request)
        payload = self._cache.load(key)
        if payload is None:
            return None
        try:
            return restore(request.modules, demands, stored.load(payload))
        except Exception as error:
            # Its checksum is right, so a version of ours that wrote something else has its key.
            self._cache.discard(key, f"{type(error).__name__}: {error}")
            return None

    def _to_disk(self, request: CompileRequest, made: PolicySet) -> None:
        if self._cache is None or not _worth_storing(request.modules):
            return
        payload = made.dump()
        if payload is not None:
            self._cache.store(_key(request), payload)


def check(request: CompileRequest) -> list[Diagnostic]:
    """What is wrong with a request's modules, as ``opa check`` finds it; empty for nothing."""
    try:
        return policyset.check(request.modules, _demands(request)).diagnostics
    except PolicyError as error:
        return list(error.diagnostics)


def _demands(request: CompileRequest) -> Demands:
    return Demands(
        request.builtins,
        request.language,
        request.capabilities_features,
        request.capabilities_keywords,
    )


def _worth_storing(modules: Mapping[str, str]) -> bool:
    return sum(map(len, modules.values())) >= _WORTH_STORING


def _listed(names: frozenset[str] | None) -> list[str] | None:
    return None if names is None else sorted(names)


def _key(request: CompileRequest) -> str:
    """The key of a policy set: all that its compiled form depends on."""
    language = request.language
    digest = hashlib.sha256(_code().encode())
    parts: list[object] = [
        [[b.name, b.decl, b.deprecated, b.relation] for _, b in sorted(request.builtins.items())],
        # No feature is not every feature.
        _listed(request.capabilities_features),
        _listed(request.capabilities_keywords),
        language.v0_compatible,
        language.strict,
        sorted(language.schemas.items()),
        list(request.modules.items()),
    ]
    digest.update(json.dumps(parts, sort_keys=True, default=list).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _code() -> str:
    """The interpreter, and the compiler's own files: an edit of ours makes old entries useless."""
    root = FilePath(__file__).parent.parent
    stamps = [
        f"{path.relative_to(root)} {path.stat().st_size} {path.stat().st_mtime_ns}"
        for package in ("syntax", "compiler", "values", "ir")
        for path in sorted((root / package).rglob("*.py"))
    ]
    return "\n".join([sys.version, sys.implementation.cache_tag or "", *stamps])
