"""Rules of generated policies, each with tests that hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from tests.generate.library import Function
from tests.generate.words import KINDS, PLACES, SEVERITIES, TEAMS, THINGS, VERBS


@dataclass(frozen=True, slots=True)
class Known:
    """What a module can use: functions of libraries, and packages that deny things."""

    predicates: Sequence[Function]
    maps: Sequence[Function]
    denying: Sequence[str]


@dataclass(slots=True)
class Piece:
    """Rules and tests of them. ``imports`` are paths; ``name`` stands in a module at most once."""

    name: str
    rules: str
    tests: list[str] = field(default_factory=list)
    imports: set[str] = field(default_factory=set)


def _label(random: Random, known: Known) -> Piece:
    kind, label = random.choice(KINDS), random.choice(THINGS)
    severity = random.choice(SEVERITIES)
    rules = f"""\
# METADATA
# title: {kind} objects carry the label {label}
# description: Reports that go by {label} leave out what has none.
# custom:
#   severity: {severity}
deny contains message if {{
	input.kind == "{kind}"
	not input.metadata.labels["{label}"]
	message := sprintf("%s %q has no label %q", [input.kind, input.metadata.name, "{label}"])
}}"""
    tests = [
        f"""\
test_{kind.lower()}_without_{label}_is_denied if {{
	some message in policy.deny with input as {{
		"kind": "{kind}",
		"metadata": {{"name": "x", "labels": {{"other": "y"}}}},
	}}
	contains(message, "\\"{label}\\"")
}}""",
        f"""\
test_{kind.lower()}_with_{label}_passes if {{
	document := {{"kind": "{kind}", "metadata": {{"name": "x", "labels": {{"{label}": "y"}}}}}}
	messages := policy.deny with input as document
	not _mentions(messages, "no label \\"{label}\\"")
}}""",
    ]
    return Piece(f"label {kind} {label}", rules, tests)


def _containers(random: Random, known: Known) -> Piece:
    check = random.choice(known.predicates)
    thing = random.choice(THINGS)
    rules = f"""\
deny contains message if {{
	some container in _containers_with_{thing}
	not {check.call}(container.{thing})
	wrong := container.{thing}
	message := sprintf("container %q: {check.name} of its {thing} %v", [container.name, wrong])
}}

_containers_with_{thing} contains container if {{
	some container in input.spec.containers
	container.{thing}
}}

_containers_with_{thing} contains container if {{
	some container in input.spec.initContainers
	container.{thing}
}}"""
    tests = [
        f"""\
test_containers_with_a_wrong_{thing}_are_denied if {{
	messages := policy.deny with input.spec.containers as [
		{{"name": "right", "{thing}": {check.yes}}},
		{{"name": "wrong", "{thing}": {check.no}}},
	]
	_mentions(messages, "\\"wrong\\": {check.name} of its {thing}")
	not _mentions(messages, "\\"right\\": {check.name} of its {thing}")
}}"""
    ]
    return Piece(f"containers {thing}", rules, tests, {check.package})


def _permissions(random: Random, known: Known) -> Piece:
    thing = random.choice(THINGS)
    verbs = sorted(random.sample(VERBS, 5))
    roles = {
        f"{place}_{thing}": sorted(random.sample(verbs, random.randrange(1, 4)))
        for place in sorted(random.sample(PLACES, 4))
    }
    listed = "\n".join(
        f'\t"{role}": {{{", ".join(f"{chr(34)}{v}{chr(34)}" for v in granted)}}},'
        for role, granted in roles.items()
    )
    role, granted = next(iter(roles.items()))
    other = next(v for v in verbs if v not in granted)
    rules = f"""\
# METADATA
# scope: document
# title: Who may do what to a {thing}
# entrypoint: true
default allow_{thing} := false

allow_{thing} if {{
	input.resource.type == "{thing}"
	some role in input.user.roles
	input.action in _{thing}_permissions[role]
}}

allow_{thing} if input.user.name == input.resource.owner

_{thing}_permissions := {{
{listed}
}}"""
    document = f'{{"resource": {{"type": "{thing}"}}, "user": {{"roles": ["{role}"]}}, "action": '
    tests = [
        f"""\
test_{role}_may_{granted[0]} if {{
	policy.allow_{thing} with input as {document}"{granted[0]}"}}
}}""",
        f"""\
test_{role}_may_not_{other} if {{
	not policy.allow_{thing} with input as {document}"{other}"}}
}}""",
    ]
    return Piece(f"permissions {thing}", rules, tests)


def _summary(random: Random, known: Known) -> Piece:
    thing = random.choice(THINGS)
    map_ = random.choice([f for f in known.maps if f.yes.startswith('"')])
    rules = f"""\
# The {thing} of each team's resources, by name.
{thing}_of[team][name] := value if {{
	some resource in input.resources
	some team in resource.teams
	name := resource.name
	value := {map_.call}(resource.{thing})
}}

teams_with_{thing} := {{team | some team, _ in {thing}_of}}

count_by_{thing} := {{value: count(names) |
	some value in {{value | value := {thing}_of[_][_]}}
	names := [name | some name; {thing}_of[_][name] == value]
}}"""
    tests = [
        f"""\
test_{thing}_is_found_by_team if {{
	found := policy.{thing}_of with input.resources as [
		{{"name": "a", "teams": ["core", "data"], "{thing}": {map_.yes}}},
		{{"name": "b", "teams": ["core"], "{thing}": {map_.yes}}},
	]
	found.core == {{"a": {map_.no}, "b": {map_.no}}}
	found.data.a == {map_.no}
}}"""
    ]
    return Piece(f"summary {thing}", rules, tests, {map_.package})


def _limits(random: Random, known: Known) -> Piece:
    thing = random.choice(THINGS)
    names = sorted(random.sample(PLACES, random.randrange(4, 8)))
    limits = {name: random.randrange(1, 500) for name in names}
    listed = "\n".join(
        f'\t"{name}": {{"max": {limit}, "burst": {limit * 2}, "unit": "{thing}"}},'
        for name, limit in limits.items()
    )
    rules = f"""\
{thing}_limits := {{
{listed}
}}

deny contains message if {{
	some name, used in input.usage.{thing}
	limit := object.get({thing}_limits, [name, "max"], 0)
	used > limit
	message := sprintf("%d of {thing} %s used, %d are there", [used, name, limit])
}}

{thing}_burst_left[name] := left if {{
	some name, limit in {thing}_limits
	left := limit.burst - object.get(input.usage.{thing}, name, 0)
	left > 0
}}

within_{thing}_limits if {{
	every name, used in input.usage.{thing} {{
		used <= {thing}_limits[name].max
	}}
}}"""
    name, limit = next(iter(limits.items()))
    tests = [
        f"""\
test_{thing}_beyond_its_limit if {{
	messages := policy.deny with input as {{"usage": {{"{thing}": {{"{name}": {limit + 1}}}}}}}
	_mentions(messages, "{limit + 1} of {thing} {name} used")
	not policy.within_{thing}_limits with input.usage.{thing}.{name} as {limit + 1}
}}""",
        f"""\
test_{thing}_within_its_limit if {{
	policy.within_{thing}_limits with input.usage.{thing} as {{"{name}": {limit}}}
	policy.{thing}_burst_left["{name}"] == {limit} with input.usage.{thing} as {{"{name}": {limit}}}
}}""",
    ]
    return Piece(f"limits {thing}", rules, tests)


def _risk(random: Random, known: Known) -> Piece:
    thing, place = random.choice(THINGS), random.choice(PLACES)
    low, high = sorted(random.sample(range(5, 95), 2))
    weights = [random.randrange(1, 9) for _ in range(3)]
    rules = f"""\
{place}_{thing}_risk := "high" if {{
	_{place}_{thing}_score >= {high}
}} else := "medium" if {{
	_{place}_{thing}_score >= {low}
}} else := "low"

_{place}_{thing}_score := sum([
	{weights[0]} * count(object.get(input, "changes", [])),
	{weights[1]} * count({{file | some file in input.changes; startswith(file, "{place}/")}}),
	{weights[2]} * object.get(input, ["{thing}", "age"], 1),
])"""
    tests = [
        f"""\
test_{place}_{thing}_risk_of_nothing if {{
	policy.{place}_{thing}_risk != "high" with input as {{"changes": [], "{thing}": {{"age": 0}}}}
}}""",
        f"""\
test_{place}_{thing}_risk_of_much if {{
	many := [file | some n in numbers.range(1, 100); file := $"{place}/{{n}}"]
	policy.{place}_{thing}_risk == "high" with input as {{"changes": many}}
}}""",
    ]
    return Piece(f"risk {place} {thing}", rules, tests)


def _directory(random: Random, known: Known) -> Piece:
    team, thing = random.choice(TEAMS), random.choice(THINGS)
    rules = f"""\
{team}_{thing}_approvers contains name if {{
	some name, person in directory.people
	person.team == "{team}"
	"{thing}-approver" in person.roles
	not person.away
}}

{team}_{thing}_approved if {{
	approvals := {{review.author | some review in input.reviews; review.state == "approved"}}
	count(approvals & {team}_{thing}_approvers) >= {random.randrange(1, 4)}
}}"""
    people = ", ".join(
        f'"{name}": {{"team": "{team}", "roles": ["{thing}-approver"], "away": false}}'
        for name in ("ann", "bob", "cas")
    )
    tests = [
        f"""\
test_{team}_{thing}_needs_approvers if {{
	reviews := [{{"author": name, "state": "approved"}} | some name in ["ann", "bob", "cas"]]
	policy.{team}_{thing}_approved with data.directory.people as {{{people}}}
		with input.reviews as reviews
	not policy.{team}_{thing}_approved with data.directory.people as {{}}
		with input.reviews as reviews
}}"""
    ]
    return Piece(f"directory {team} {thing}", rules, tests, {"directory"})


def _other(random: Random, known: Known) -> Piece | None:
    if not known.denying:
        return None
    path = random.choice(known.denying)
    alias = path.replace(".", "_")
    rules = f"""\
# What {path} finds counts here as well, but for what is waived.
deny contains message if {{
	some message in {alias}.deny
	not _waived_{alias}(message)
}}

_waived_{alias}(message) if {{
	some waiver in input.waivers
	waiver.package == "{path}"
	glob.match(waiver.message, [], message)
}}"""
    return Piece(f"other {path}", rules, [], {f"{path} as {alias}"})


def _every(random: Random, known: Known) -> Piece:
    thing = random.choice(THINGS)
    check, other = random.sample(list(known.predicates), 2)
    rules = f"""\
all_{thing}s_fit if {{
	count(input.{thing}s) > 0
	every {thing} in input.{thing}s {{
		{check.call}({thing}.name)
		_fit_{thing}({thing})
	}}
}}

_fit_{thing}({thing}) if {thing}.kind == "free"

_fit_{thing}({thing}) if {{
	{thing}.kind in ["fixed", "shared"]
	{other.call}({thing}.address)
}}"""
    one = f'{{"name": {check.yes}, "kind": "shared", "address": {other.yes}}}'
    two = f'{{"name": {check.yes}, "kind": "shared", "address": {other.no}}}'
    tests = [
        f"""\
test_all_{thing}s_fit if {{
	policy.all_{thing}s_fit with input.{thing}s as [{one}]
}}""",
        f"""\
test_one_{thing}_does_not_fit if {{
	not policy.all_{thing}s_fit with input.{thing}s as [{one}, {two}]
	not policy.all_{thing}s_fit with input.{thing}s as []
}}""",
    ]
    return Piece(f"every {thing}", rules, tests, {check.package, other.package})


def _routes(random: Random, known: Known) -> Piece:
    thing = random.choice(THINGS)
    verbs = sorted(random.sample(VERBS, 4))
    rules = [
        f"""\
allow_route if {{
	input.method == "{random.choice(("GET", "POST", "PUT", "DELETE"))}"
	input.path = ["{thing}s", id, "{verb}"]
	input.user.scopes[_] == sprintf("{thing}:%s:{verb}", [id])
}}"""
        for verb in verbs
    ]
    return Piece(f"routes {thing}", "\n\n".join(rules))


TEMPLATES: tuple[Callable[[Random, Known], Piece | None], ...] = (
    _label, _label, _containers, _permissions, _summary, _limits, _risk, _directory, _other,
    _every, _routes,
)  # fmt: skip
