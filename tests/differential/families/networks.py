"""``net``: addresses and networks."""

from __future__ import annotations

from typing import Any

from tests.differential.draw import Draw, Operands
from tests.differential.notation import SetOf

_ODD = ("", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4/", "1.2.3.4/33", "::/129",
    "1.2.3.4/-1", "::%eth0")  # fmt: skip
_ODD += ("1.2.3.4/08", "::ffff:1.2.3.4/96", "::ffff:1.2.3.4/120", "::ffff:1.2.3.4/90",
    "fe80::1%eth0/64", "1.2.3.4/ 8")  # fmt: skip
_ODD += ("::1.2.3.4", "1::2::3", ":::", "12345::", "1.2.3.4/1e1", "0x1.2.3.4", "1.2.3.4/8/8",
    "::/0", "0.0.0.0/0", "x")  # fmt: skip
_ODD += ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:1.2.3.4",
    "1.2.3.4/٨", "2001:DB8::/32")  # fmt: skip


def _address(d: Draw) -> str:
    if d.maybe(0.7):
        return ".".join(str(d.one((0, 1, 10, 127, 128, 192, 255, d.below(256)))) for _ in range(4))
    groups = [d.one(("0", "1", "ff", "2001", "db8", "ffff", "FFFF")) for _ in range(8)]
    if d.maybe(0.7):
        at = d.below(7)
        return ":".join(groups[:at]) + "::" + ":".join(groups[at + 1 + d.below(7 - at) :][:6])
    return ":".join(groups)


def _network(d: Draw) -> str:
    if d.maybe(0.06):
        return d.one(_ODD)
    address = _address(d)
    length = d.below(129 if ":" in address else 33)
    if d.maybe(0.5):
        length = d.one((8, 16, 24, 25, 31, 32))
    return f"{address}/{length}"


def _near(d: Draw) -> str:
    """A network of a small world, so that networks touch and contain each other."""
    if d.maybe(0.2):
        return f"2001:db8::{d.below(4):x}/{d.one((32, 64, 126, 127, 128))}"
    return f"10.0.{d.below(2)}.{d.below(256)}/{d.one((8, 16, 23, 24, 25, 28, 30, 31, 32))}"


def _any(d: Draw) -> str:
    kind = d.below(10)
    if kind < 6:
        return _near(d)
    return _network(d) if kind < 8 else _address(d) if kind < 9 else d.one(_ODD)


def _pair(d: Draw) -> list[Any]:
    return [_any(d), _any(d)]


def _one(d: Draw) -> Any:
    return _any(d) if d.maybe(0.8) else [_any(d), *d.some(d.scalar, 2)]


def _many(d: Draw) -> Any:
    kind = d.below(5)
    element = lambda: _one(d) if d.maybe(0.98) else d.one(([], d.scalar()))  # noqa: E731
    if kind == 0:
        return _any(d)
    if kind == 1:
        return SetOf(tuple(d.some(element, 3)))
    return d.some(element, 4) if kind < 4 else d.object(element)


def _expand(d: Draw) -> list[Any]:
    if d.maybe(0.1):
        # Not the networks that are too large to write out.
        return [d.one([o for o in _ODD if o[-3:] not in (":/0", "0/0", "/90", "/32", "/96",
            "/08")])]  # fmt: skip
    if d.maybe(0.3):
        return [f"2001:db8::{d.below(65536):x}/{d.one((128, 127, 124, 122))}"]
    address = ".".join(str(d.below(256)) for _ in range(4))
    return [f"{address}/{d.one((32, 31, 30, 28, 26))}"]


def _merge(d: Draw) -> list[Any]:
    element = lambda: _any(d) if d.maybe(0.1) else _near(d)  # noqa: E731
    items = d.some(element, 5)
    return [items if d.maybe(0.6) else SetOf(tuple(items))]


FAMILIES: dict[str, dict[str, Operands]] = {
    "net": {
        "net.cidr_contains": _pair,
        "net.cidr_contains_matches": lambda d: [_many(d), _many(d)],
        "net.cidr_expand": _expand,
        "net.cidr_intersects": _pair,
        "net.cidr_is_valid": lambda d: [_network(d)],
        "net.cidr_merge": _merge,
        "net.cidr_overlap": _pair,
    },
}
