"""Random modules, where there is a real OPA: what it accepts is accepted, and little else."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from tests.generate.typed import typed_module
from tests.opa import check, find_opa, write_files
from tests.resolving import resolve_set
from tests.unit.compiler.types.compiled import listed, signatures

from regolive.compiler.types import infer_modules
from regolive.errors import PolicyError

MODULES = 150


@pytest.mark.skipif(find_opa() is None, reason="there is no opa on the path")
def test_opa_accepts_the_same_modules(tmp_path: Path) -> None:
    ours: dict[str, list[str]] = {}
    texts: dict[str, str] = {}
    for seed in range(MODULES):
        random = Random(seed)
        file, package = f"m{seed}.rego", f"m{seed}"
        text = typed_module(random, package, random.randrange(1, 4))
        try:
            resolved, found = resolve_set({file: text})
        except PolicyError:
            continue
        if not found:
            texts[file] = text
            ours[file] = listed(infer_modules(resolved, signatures()).findings)
    write_files(tmp_path, texts)
    wrong = _refused(tmp_path, texts)
    refused = {file for file in texts if ours[file]}
    assert 30 < len(refused) < len(texts) - 30
    for file in refused - wrong.keys():
        raise AssertionError((texts[file], ours[file]))
    # Of an element whose type is not known OPA says that it cannot be: a parameter in the head of
    # a comprehension, say. We do not, but that is rare.
    assert len(wrong.keys() - refused) <= len(texts) // 100


def _refused(folder: Path, texts: dict[str, str]) -> dict[str, list[str]]:
    """OPA's type errors by file. Modules with other errors are removed from ``texts``: OPA ends
    with the first stage that finds something."""
    while True:
        found: dict[str, list[str]] = {}
        others: set[str] = set()
        for error in check(folder, sorted(texts)):
            file, message = error["location"]["file"], error["message"]
            if error["code"] != "rego_type_error" or "undefined function" in message:
                others.add(file)
            found.setdefault(file, []).append(message)
        if not others:
            return found
        for file in others:
            del texts[file]
