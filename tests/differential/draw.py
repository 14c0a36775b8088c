"""Drawing operands at random: texts, numbers, composites, with what is interesting among them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from tests.differential.notation import Num, Obj, SetOf

T = TypeVar("T")

# Characters that case, width, quoting, splitting or encoding treat in some way of their own.
ALPHABET = (
    "abcxyzABCXYZ0123456789 .,:;/\\-_+*?[]{}()^$|<>&%#@!~`'\"=\t\n\r\0"
    "äöüßÄéÉçñ€£¥§µ°½ſıİǅŉſΩωΣσςЖж日本語한글अ"
    "\u0085\u00a0\u00ad\u0300\u0301\u1680\u2003\u200b\u200d\u2028\u2029\u202e\ufeff\ufffd\uffff"
    "😀👍🏽𝒳𐐀𐐨\U000e0001\x7f\x1f\x0b\x0c"
)
WORDS = (
    "",
    "a",
    "b",
    "ab",
    "abc",
    "foo",
    "bar",
    "foo.bar",
    "a.b.c",
    "a/b/c",
    "a,b,,c",
    "  a  ",
    "aaa",
    "aXbXc",
    "true",
    "null",
    "1",
    "-1",
    "1.5",
    "ÄÖÜ",
    "straße",
    "日本",
    "é",
    "e\u0301",
    "😀",
    "\u0130",
    "ΑΣ",
    "%d",
    "%41",
    "key",
    "x",
    "/",
    "~0",
    "~1",
    "-",
    "0",
    "01",
)
INTEGERS = (
    0,
    1,
    -1,
    2,
    3,
    7,
    10,
    16,
    100,
    255,
    256,
    -128,
    1000,
    65535,
    1 << 31,
    (1 << 31) - 1,
    -(1 << 31),
    (1 << 53) - 1,
    1 << 53,
    (1 << 53) + 1,
    (1 << 63) - 1,
    1 << 63,
    -(1 << 63),
    -(1 << 63) - 1,
    (1 << 64) - 1,
    1 << 64,
    10**18,
    10**19,
    10**30,
    -(10**30),
)
DECIMALS = (
    "0.5",
    "1.5",
    "2.5",
    "-0.5",
    "-1.5",
    "0.1",
    "0.2",
    "0.3",
    "1.1",
    "3.14159",
    "100.25",
    "-2.75",
    "0.001",
    "123456.789",
    "1e-05",
    "1.5e-07",
    "1e+21",
    "1.5e+22",
    "1.7976931348623157e+308",
    "5e-324",
    "2.2250738585072014e-308",
    "0.30000000000000004",
    "1234567890.0123456789",
)
# Written as nobody's printer would.
ODD_NUMBERS = (
    "1.0",
    "-0",
    "-0.0",
    "0.0",
    "1e2",
    "1E2",
    "1e+2",
    "100e-2",
    "2.50",
    "1e400",
    "-1e400",
    "1e-400",
    "1e19",
    "9007199254740993.0",
    "12345678901234567890123456789012345678901234567890",
    "0.1e1",
    "18446744073709551616.5",
)


class Draw:
    """One source of randomness, and what can be drawn from it."""

    def __init__(self, seed: int | str) -> None:
        self.random = random.Random(seed)

    # -- choices -------------------------------------------------------------------------------

    def one(self, options: Sequence[T]) -> T:
        """One of several."""
        return self.random.choice(options)

    def maybe(self, chance: float) -> bool:
        """True with a probability."""
        return self.random.random() < chance

    def below(self, limit: int) -> int:
        """An integer from 0 up to, not including, a limit."""
        return self.random.randrange(limit)

    def some(self, draw: Callable[[], T], most: int = 4, least: int = 0) -> list[T]:
        """A few draws."""
        return [draw() for _ in range(self.random.randint(least, most))]

    # -- texts ---------------------------------------------------------------------------------

    def chars(self, alphabet: str = ALPHABET, most: int = 8, least: int = 0) -> str:
        """A text of some characters."""
        return "".join(self.some(lambda: self.one(alphabet), most, least))

    def text(self) -> str:
        """A text: a word, characters of any kind, or of few kinds, so that things repeat."""
        kind = self.below(10)
        if kind < 4:
            return self.one(WORDS)
        if kind < 7:
            return self.chars()
        if kind < 9:
            return self.chars("ab", 10)
        return self.one(WORDS) + self.chars(most=3) + self.one(WORDS)

    def raw(self) -> str:
        """A text that may hold bytes that are no UTF-8."""
        if self.maybe(0.8):
            return self.text()
        data = self.text().encode("utf-8", "surrogateescape")
        data += bytes(self.some(lambda: self.one(b"\xff\x80\xc3\xe2\x82\xf0\x9f\xed\xa0\x00A"), 4))
        return data.decode("utf-8", "surrogateescape")

    def ascii(self, most: int = 8) -> str:
        """A text of printable ASCII."""
        return "".join(chr(self.random.randint(32, 126)) for _ in range(self.below(most + 1)))

    def mutated(self, text: str, alphabet: str = ALPHABET) -> str:
        """A text with a few characters changed, left out or put in."""
        chars = list(text)
        for _ in range(self.random.randint(0, 2)):
            at = self.below(len(chars) + 1)
            what = self.below(3)
            if what == 0:
                chars.insert(at, self.one(alphabet))
            elif chars and what == 1:
                del chars[at - 1]
            elif chars:
                chars[at - 1] = self.one(alphabet)
        return "".join(chars)

    # -- numbers -------------------------------------------------------------------------------

    def integer(self) -> int:
        """An integer: small, near a power of two, or of any size."""
        kind = self.below(10)
        if kind < 5:
            return self.random.randint(-5, 20)
        if kind < 8:
            return self.one(INTEGERS)
        return self.random.randint(-1, 1) * self.random.getrandbits(self.random.randint(1, 130))

    def small(self, low: int = -2, high: int = 6) -> int:
        """A small integer."""
        return self.random.randint(low, high)

    def number(self) -> Any:
        """A number as a printer would write it."""
        kind = self.below(10)
        if kind < 5:
            return self.integer()
        if kind < 8:
            return Num(self.one(DECIMALS))
        value = self.random.uniform(-1000, 1000) * 10 ** self.random.randint(-12, 12)
        return Num(repr(value)) if not value.is_integer() else int(value)

    def any_number(self) -> Any:
        """A number, however it is written."""
        if self.maybe(0.8):
            return self.number()
        if self.maybe(0.5):
            return Num(self.one(ODD_NUMBERS))
        digits = self.chars("0123456789", 25, 1).lstrip("0") or "0"
        point = "." + self.chars("0123456789", 25, 1) if self.maybe(0.7) else ""
        exponent = f"e{self.random.randint(-30, 30)}" if self.maybe(0.5) else ""
        return Num(self.one(("", "-")) + digits + point + exponent)

    # -- values --------------------------------------------------------------------------------

    def scalar(self) -> Any:
        """A scalar of any type."""
        kind = self.below(10)
        if kind < 5:
            return self.text()
        if kind < 8:
            return self.number()
        return self.one((None, True, False))

    def value(self, depth: int = 2) -> Any:
        """A value of any type."""
        kind = self.below(8) if depth else 0
        inner = lambda: self.value(depth - 1)  # noqa: E731
        if kind < 4:
            return self.scalar()
        if kind == 4:
            return self.some(inner)
        if kind == 5:
            return SetOf(tuple(self.some(inner)))
        if kind == 6:
            return self.object(inner)
        return Obj(tuple(zip(self.some(inner, 3), self.some(inner, 3), strict=False)))

    def json(self, depth: int = 2) -> Any:
        """A value that JSON can say."""
        kind = self.below(7) if depth else 0
        if kind < 4:
            return self.scalar()
        if kind == 4:
            return self.some(lambda: self.json(depth - 1))
        return self.object(lambda: self.json(depth - 1))

    def object(self, draw: Callable[[], Any], most: int = 4) -> dict[str, Any]:
        """An object with strings as keys."""
        return {self.text(): draw() for _ in range(self.below(most + 1))}

    def array(self, draw: Callable[[], Any] | None = None, most: int = 5) -> list[Any]:
        """An array."""
        return self.some(draw or self.value, most)

    def set(self, draw: Callable[[], Any] | None = None, most: int = 5) -> SetOf:
        """A set."""
        return SetOf(tuple(self.some(draw or self.value, most)))

    def collection(self, draw: Callable[[], Any] | None = None) -> Any:
        """An array or a set."""
        return self.array(draw) if self.maybe(0.6) else self.set(draw)


Operands = Callable[[Draw], list[Any]]
"""Draws the operands of one builtin."""
