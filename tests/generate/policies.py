"""Policy sets that look like real ones: libraries, policies that import them, and their tests.

``python -m tests.generate.policies FOLDER [MODULES [SEED]]`` writes one. The same seed makes the
same texts. The tests of a set hold.
"""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

from tests.generate.library import MAPS, PREDICATES, Function, make_functions
from tests.generate.rules import TEMPLATES, Known, Piece
from tests.generate.words import AREAS, PLACES, THINGS

MODULES = 180
_PIECES = 5
"""Pieces in a policy's module, on average."""


def policy_set(modules: int = MODULES, seed: int = 4) -> dict[str, str]:
    """Modules by file name: of each ten one is a library, five are policies and four their tests.

    180 modules are about 320 KB. Raises ValueError for less than ten.
    """
    if modules < 10:
        raise ValueError(f"a policy set has ten modules or more, not {modules}")
    random = Random(seed)
    libraries = max(2, modules // 10)
    policies = (modules - libraries + 1) * 5 // 9
    tests = modules - libraries - policies
    files: dict[str, str] = {}
    predicates: list[Function] = []
    maps: list[Function] = []
    for number in range(libraries):
        package = f"lib.{THINGS[number % len(THINGS)]}s{number // len(THINGS) or ''}"
        functions = make_functions(random, package, PREDICATES if number % 2 else MAPS)
        (predicates if number % 2 else maps).extend(functions)
        files[f"{package.replace('.', '/')}.rego"] = _library(package, functions)
    denying: list[str] = []
    taken: set[str] = set()
    for number in range(policies):
        package = _package(random, taken)
        known = Known(predicates, maps, tuple(denying))
        pieces = _pieces(random, known)
        file = f"policies/{package.replace('.', '/')}"
        files[f"{file}.rego"] = _policy(package, pieces)
        if number < tests:
            files[f"{file}_test.rego"] = _tests(package, pieces)
        if any("deny contains" in piece.rules for piece in pieces):
            denying.append(package)
    return files


def switch_policy(rules: int = 1000) -> str:
    """One rule of so many bodies, each for one value of ``input.action``."""
    bodies = [
        f'decision := {{"rule": {n}, "level": level}} if {{\n'
        f'\tinput.action == "action-{n}"\n'
        f"\tlevel := input.level + {n % 7}\n"
        f"\tlevel > {n % 5}\n}}"
        for n in range(rules)
    ]
    return "package switch\n\ndefault decision := null\n\n" + "\n\n".join(bodies) + "\n"


def _package(random: Random, taken: set[str]) -> str:
    while True:
        name = f"{random.choice(AREAS)}.{random.choice(PLACES)}_{random.choice(THINGS)}"
        if name not in taken:
            taken.add(name)
            return name


def _pieces(random: Random, known: Known) -> list[Piece]:
    pieces: dict[str, Piece] = {}
    for _ in range(random.randrange(_PIECES - 3, _PIECES + 4)):
        piece = random.choice(TEMPLATES)(random, known)
        if piece is not None and not any(_clash(piece, other) for other in pieces.values()):
            pieces[piece.name] = piece
    return list(pieces.values())


def _clash(piece: Piece, other: Piece) -> bool:
    """Whether two pieces define rules of one name: those about one thing may."""
    return piece.name == other.name or bool({*piece.name.split()} & {*other.name.split()[-1:]})


def _library(package: str, functions: list[Function]) -> str:
    head = f"""\
# METADATA
# title: Functions for {package.rsplit(".", 1)[1]}
# authors:
# - name: The platform team
package {package}
"""
    return head + "".join(f"\n{function.text}\n" for function in functions)


def _policy(package: str, pieces: list[Piece]) -> str:
    imports = sorted({path for piece in pieces for path in piece.imports})
    head = f"# Rules for {package}.\npackage {package}\n\n"
    head += "".join(f"import data.{path}\n" for path in imports) + ("\n" if imports else "")
    return head + "\n\n".join(piece.rules for piece in pieces) + "\n"


def _tests(package: str, pieces: list[Piece]) -> str:
    head = f"package {package}_test\n\nimport data.{package} as policy\n\n"
    tests = [test for piece in pieces for test in piece.tests]
    tests = tests or ["test_the_package_is_there if is_object(policy)"]
    helper = """\
_mentions(messages, text) if {
	some message in messages
	contains(message, text)
}"""
    return head + "\n\n".join([*tests, helper]) + "\n"


def main(arguments: list[str]) -> int:
    """Write a set into a folder."""
    if not 1 <= len(arguments) <= 3:
        print("usage: python -m tests.generate.policies FOLDER [MODULES [SEED]]", file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    files = policy_set(*map(int, arguments[1:]))
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    print(f"{len(files)} modules, {sum(map(len, files.values())) / 1000:.0f} KB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
