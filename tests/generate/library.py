"""Helper functions of generated policies: text, and operands for which the outcome is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.generate.words import PLACES, TEAMS, THINGS


@dataclass(frozen=True, slots=True)
class Function:
    """A function of a library package.

    ``yes`` and ``no`` are operands, in Rego, for which a predicate holds or does not; of a function
    that maps, ``yes`` is an operand and ``no`` its result.
    """

    package: str
    name: str
    text: str
    yes: str
    no: str

    @property
    def alias(self) -> str:
        """What its package is called by those that import it."""
        return self.package.rsplit(".", 1)[1]

    @property
    def call(self) -> str:
        """What is called, after an import of the package."""
        return f"{self.alias}.{self.name}"


Template = Callable[[Random, str, str], Function]


def _starts(random: Random, package: str, word: str) -> Function:
    name = f"has_{word}_prefix"
    text = f'{name}(text) if startswith(lower(text), "{word}-")'
    return Function(package, name, text, f'"{word.title()}-17"', '"-"')


def _domain(random: Random, package: str, word: str) -> Function:
    name = f"in_{word}_domain"
    teams = sorted(random.sample(TEAMS, 3))
    domains = ", ".join(f'"{team}.{word}.example"' for team in teams)
    text = f"""\
{name}(address) if {{
	parts := split(address, "@")
	count(parts) == 2
	parts[1] in {{{domains}}}
}}"""
    return Function(package, name, text, f'"ann@{teams[0]}.{word}.example"', '"ann@example.org"')


def _shaped(random: Random, package: str, word: str) -> Function:
    name = f"is_{word}_name"
    most = random.randrange(8, 40)
    text = f"{name}(text) if regex.match(`^{word}-[a-z0-9]{{1,{most}}}$`, text)"
    return Function(package, name, text, f'"{word}-a1"', f'"{word}-"')


def _one_of(random: Random, package: str, word: str) -> Function:
    name = f"known_{word}"
    known = sorted(random.sample(PLACES, random.randrange(4, 9)))
    listed = ",\n".join(f'\t"{place}-{word}"' for place in known)
    text = f"{name}(text) if text in _{name}s\n\n_{name}s := {{\n{listed},\n}}"
    return Function(package, name, text, f'"{known[0]}-{word}"', '"nowhere"')


def _tagged(random: Random, package: str, word: str) -> Function:
    name = f"tagged_{word}"
    text = f"""\
{name}(tags) if {{
	some tag in split(tags, ",")
	trim_space(lower(tag)) == "{word}"
}}"""
    return Function(package, name, text, f'"other, {word.upper()}"', '"other"')


def _graded(random: Random, package: str, word: str) -> Function:
    name = f"accepted_{word}"
    text = f"""\
default {name}(_) := false

{name}(text) if {{
	count(text) > {len(word)}
	endswith(text, "{word}")
}} else if {{
	text == "{word}"
}}"""
    return Function(package, name, text, f'"a{word}"', '"x"')


PREDICATES: tuple[Template, ...] = (_starts, _domain, _shaped, _one_of, _tagged, _graded)


def _strip(random: Random, package: str, word: str) -> Function:
    name = f"without_{word}"
    text = f'{name}(text) := trim_suffix(trim_prefix(text, "{word}-"), ".{word}")'
    return Function(package, name, text, f'"{word}-a.{word}"', '"a"')


def _slug(random: Random, package: str, word: str) -> Function:
    name = f"{word}_slug"
    text = f"""\
{name}(text) := concat("-", [part |
	some part in split(lower(text), " ")
	part != ""
])"""
    return Function(package, name, text, f'"The {word.title()}  One"', f'"the-{word}-one"')


def _last(random: Random, package: str, word: str) -> Function:
    name = f"last_{word}"
    separator = random.choice("/:.")
    text = f"""\
{name}(path) := parts[count(parts) - 1] if {{
	parts := split(path, "{separator}")
}}"""
    return Function(package, name, text, f'"a{separator}b{separator}{word}"', f'"{word}"')


def _level(random: Random, package: str, word: str) -> Function:
    name = f"{word}_level"
    low, high = sorted(random.sample(range(10, 90), 2))
    text = f"""\
{name}(score) := "high" if {{
	score >= {high}
}} else := "medium" if {{
	score >= {low}
}} else := "low\""""
    return Function(package, name, text, str(low), '"medium"')


MAPS: tuple[Template, ...] = (_strip, _slug, _last, _level)


def make_functions(random: Random, package: str, templates: tuple[Template, ...]) -> list[Function]:
    """Functions of one package: each template with a few words, every name once."""
    made: dict[str, Function] = {}
    for template in templates:
        for word in random.sample(THINGS, 2):
            function = template(random, package, word)
            made[function.name] = function
    return list(made.values())
