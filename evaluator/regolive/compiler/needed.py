"""Which modules a query can come to need, judged from the text.

regopy crashes on some modules (see ``regopy.py``), most often on tests; a query that does not need
them can be compiled without. Every ``data.…`` in a module's text counts as a reference, in comments
and strings too: that can only keep a module too many.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from regolive.compiler.frontend import CompileRequest, entrypoint_path

Path = tuple[str, ...]

_PACKAGE = re.compile(r"^\s*package\s+([^\s#;]+)", re.MULTILINE)
_REFERENCE = re.compile(r'\bdata((?:\s*\.\s*[A-Za-z_]\w*|\[\s*"(?:[^"\\]|\\.)*"\s*\])*)(\s*\[)?')
_STEP = re.compile(r'\.\s*([A-Za-z_]\w*)|\[\s*("(?:[^"\\]|\\.)*")\s*\]')


def needed_modules(request: CompileRequest) -> Mapping[str, str]:
    """The modules that the entrypoints and the query may refer to, directly or through others."""
    packages = {name: _package(text) for name, text in request.modules.items()}
    if None in packages.values():
        return request.modules  # no package, no judgement
    found: dict[str, str] = {}
    todo: list[Path] = [entrypoint_path(e) for e in request.entrypoints]
    if request.query is not None:
        todo += references(request.query)
    while todo:
        wanted = todo.pop()
        for name, package in packages.items():
            if name not in found and package is not None and _touch(wanted, package):
                found[name] = request.modules[name]
                todo += references(request.modules[name])
                todo.append(package)  # a package may be spread over several modules
    return {name: text for name, text in request.modules.items() if name in found}


def references(text: str) -> Iterator[Path]:
    """The constant beginnings of all references into data."""
    for match in _REFERENCE.finditer(text):
        yield _steps(match[1])


def _package(text: str) -> Path | None:
    match = _PACKAGE.search(text)
    return _steps("." + match[1]) if match else None


def _steps(text: str) -> Path:
    return tuple(m[1] or json.loads(m[2]) for m in _STEP.finditer(text))


def _touch(a: Path, b: Path) -> bool:
    shorter = min(len(a), len(b))
    return a[:shorter] == b[:shorter]
