"""``sprintf`` with Go's verbs, flags and complaints.

The rules are those of Go's ``fmt`` package documentation. OPA hands it integers (``int64``, or
``big.Int`` beyond), floats, strings, and everything else as the text of its Rego term; so those
are the kinds here.
"""

from __future__ import annotations

import math
import re
from copy import copy
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

from regolive import BuiltinError
from regolive.values import format_number
from regolive_std._declare import STRING, array, std
from regolive_std.kept import LONGEST
from regolive_std.text import go_quote, term_text, to_bytes

_INT64 = 1 << 63
_LEAST = -_INT64
# Go refuses widths and precisions beyond this.
_MAX_WIDTH = 1_000_000
_MAX_RESULT = 64 << 20


class _Flags:
    """What stands between ``%`` and the verb."""

    __slots__ = ("minus", "plus", "precision", "sharp", "space", "width", "zero")

    def __init__(self) -> None:
        self.minus = self.plus = self.sharp = self.space = self.zero = False
        self.width: int | None = None
        self.precision: int | None = None

    def pad(self, text: str, *, zeros: bool = True) -> str:
        width = self.width
        if width is None or len(text) >= width:
            return text
        if self.minus:
            return text.ljust(width)
        return text.rjust(width, "0" if self.zero and zeros else " ")


@std("sprintf", args=[STRING, array()], result=STRING, result_name="output")
def sprintf(format: str, values: list[Any]) -> str:
    """A format string with its verbs replaced by values, as Go's ``fmt.Sprintf`` does it.

    Example:
        >>> sprintf("%s has %d of %.2f", ["alice", 3, 0.5])
        "alice has 3 of 0.50"
        >>> sprintf("%v|%5d|%-5s|%q|%x", [[1, "a"], 42, "b", "c", 255])
        "[1, \\"a\\"]|   42|b    |\\"c\\"|ff"
        >>> sprintf("%d %s", ["a"])
        "%!d(string=a) %!s(MISSING)"
    """
    plain = _plain(format) if len(format) <= LONGEST else None
    if plain is None or len(plain[1]) != len(values):
        return _Printer(format, list(map(_argument, values))).run()
    pattern, verbs, numeric = plain
    given = values
    for at, value in enumerate(values):
        cls = value.__class__
        if cls is str:
            if numeric and verbs[at] == "d":
                return _Printer(format, list(map(_argument, values))).run()
        elif cls is not int or verbs[at] == "s" or not _LEAST <= value < _INT64:
            if given is values:
                given = list(values)
            given[at] = _printed(_Flags(), _argument(value), verbs[at])
    return pattern % tuple(given)


@lru_cache(maxsize=512)
def _plain(format: str) -> tuple[str, str, bool] | None:
    """For a format of bare verbs only, as nearly every one is: the same for Python, the verbs, and
    whether one of them wants a number.
    """
    parts = _BARE.split(format)
    if any("%" in text for text in parts[::2]):
        return None
    verbs = "".join(parts[1::2])
    return "%s".join(parts[::2]), verbs, "d" in verbs


_BARE = re.compile("%([sdv])")


def _argument(value: Any) -> Any:
    """A value as OPA hands it to Go: int, float or str."""
    cls = value.__class__
    if cls is str:
        return value
    if cls is int:
        return value if value.bit_length() < 1024 else _huge(value)
    if cls is float:
        text = repr(value)
        if text.endswith(".0"):
            return int(value)  # OPA's parser reads 1.0 as 1
        return value if "." in text else text
    if cls is Decimal:
        text = format_number(value)
        near = float(value)
        return near if "." in text and math.isfinite(near) else text
    return term_text(value)


def _huge(n: int) -> Any:
    # OPA keeps a number as it was written, and hands Go the text "2e308". Here that is an integer
    # by now; one with so many zeros was not written out.
    text = format_number(n)
    digits = text.rstrip("0")
    zeros = len(text) - len(digits)
    return n if zeros < 300 else f"{digits}e{zeros}"


def go_sprintf(format: str, values: list[Any]) -> str:
    """``fmt.Sprintf`` over Go's values: besides what OPA hands it, nil, booleans, lists and dicts.

    A class of its own names its type in ``go_type``.
    """
    return _Printer(format, values).run()


_TYPES = {
    str: "string",
    float: "float64",
    bool: "bool",
    type(None): "<nil>",
    list: "[]interface {}",
    dict: "map[string]interface {}",
}


def _type_of(arg: Any) -> str:
    kind = _TYPES.get(arg.__class__) or getattr(arg, "go_type", None)
    if kind is not None:
        return str(kind)
    return "int64" if -_INT64 <= arg < _INT64 else "big.Int"


class _Printer:
    """One run over a format string."""

    def __init__(self, format: str, args: list[Any]) -> None:
        self.format = format
        self.args = args
        self.at = 0
        self.next_arg = 0
        self.reordered = False  # an explicit index was used anywhere
        self.good_index = True  # no explicit index of this verb was bad
        self.after_index = False  # the last thing read was an explicit index

    def run(self) -> str:
        out: list[str] = []
        size = 0
        text, end = self.format, len(self.format)
        while self.at < end:
            start = text.find("%", self.at)
            if start < 0:
                out.append(text[self.at :])
                break
            out.append(text[self.at : start])
            self.at = start + 1
            out.append(self.verb())
            size += len(out[-1])
            if size > _MAX_RESULT:
                raise BuiltinError("result too long")
        if not self.reordered and self.next_arg < len(self.args):
            extra = self.args[self.next_arg :]
            shown = (
                "<nil>" if a is None else f"{_go_type(a)}={_printed(_Flags(), a, 'v')}"
                for a in extra
            )
            out.append("%!(EXTRA " + ", ".join(shown) + ")")
        return "".join(out)

    def verb(self) -> str:
        """Read one directive, the ``%`` being behind us, and print it."""
        text, end = self.format, len(self.format)
        flags = _Flags()
        self.good_index = True
        self.after_index = False
        while self.at < end and text[self.at] in "#0+- ":
            self._flag(flags, text[self.at])
            self.at += 1
        problems = self._width(flags) + self._precision(flags)
        if not self.after_index:
            self._index()
        if self.at >= end:
            return problems + "%!(NOVERB)"
        verb = text[self.at]
        self.at += 1
        if verb == "%":
            return problems + "%"
        if not self.good_index:
            return problems + f"%!{verb}(BADINDEX)"
        if self.next_arg >= len(self.args):
            return problems + f"%!{verb}(MISSING)"
        arg = self.args[self.next_arg]
        self.next_arg += 1
        return problems + _printed(flags, arg, verb)

    @staticmethod
    def _flag(flags: _Flags, char: str) -> None:
        if char == "#":
            flags.sharp = True
        elif char == "0":
            flags.zero = True
        elif char == "+":
            flags.plus = True
        elif char == "-":
            flags.minus = True
        else:
            flags.space = True

    def _width(self, flags: _Flags) -> str:
        self._index()
        if self._star():
            width = self._star_value()
            if width is None:
                return "%!(BADWIDTH)"
            if width < 0:
                flags.minus, width = True, -width
            flags.width = width
            return ""
        if self.after_index and self._digit():
            self.good_index = False  # "%[3]2d"
        flags.width = self._number()
        return ""

    def _precision(self, flags: _Flags) -> str:
        if not (self.at + 1 <= len(self.format) and self.format[self.at : self.at + 1] == "."):
            return ""
        self.at += 1
        if self.after_index:
            self.good_index = False  # "%[3].2d"
        self._index()
        if self._star():
            precision = self._star_value()
            if precision is None or precision < 0:
                return "%!(BADPREC)"
            flags.precision = precision
            return ""
        # A point without a number is precision 0.
        flags.precision = self._number() or 0
        return ""

    def _star(self) -> bool:
        if self.format[self.at : self.at + 1] != "*":
            return False
        self.at += 1
        return True

    def _star_value(self) -> int | None:
        """The argument that ``*`` takes; None if it is no sensible number."""
        self.after_index = False
        if self.next_arg >= len(self.args):
            return None
        value = self.args[self.next_arg]
        self.next_arg += 1
        if value.__class__ is not int or abs(value) > _MAX_WIDTH:
            return None
        return value

    def _digit(self) -> bool:
        return self.format[self.at : self.at + 1] in _DIGITS

    def _number(self) -> int | None:
        found: int | None = None
        while self._digit():
            if (found or 0) > _MAX_WIDTH:
                self.at = len(self.format)  # as Go has it: the directive ends with the format
                return None
            found = 10 * (found or 0) + int(self.format[self.at])
            self.at += 1
        return found

    def _index(self) -> None:
        """Read an explicit argument index, ``[n]``, if there is one."""
        self.after_index = False
        if self.format[self.at : self.at + 1] != "[":
            return
        self.reordered = True
        close = self.format.find("]", self.at)
        if close < 0:
            self.good_index = False
            self.at += 1
            return
        digits = self.format[self.at + 1 : close]
        self.at = close + 1
        # A number that names no argument is bad, but an index all the same.
        self.after_index = digits.isascii() and digits.isdigit() and len(digits) < 8
        if self.after_index and 1 <= int(digits) <= len(self.args):
            self.next_arg = int(digits) - 1
        else:
            self.good_index = False


_DIGITS = frozenset("0123456789")


def _go_type(arg: Any) -> str:
    kind = _type_of(arg)
    return "*big.Int" if kind == "big.Int" else kind


def _printed(flags: _Flags, arg: Any, verb: str) -> str:
    """One argument under one verb."""
    if verb == "T":
        return flags.pad(_go_type(arg)[: flags.precision])
    if verb == "v" and (flags.sharp or flags.plus):
        # These ask for Go's own syntax, not for a sign or a prefix.
        quoted = flags.sharp and arg.__class__ is str
        flags.sharp = False
        flags.plus = flags.plus and _type_of(arg) == "big.Int"  # which asks for signs all the same
        if quoted:
            verb = "q"
    kind = _type_of(arg)
    if isinstance(arg, list | dict):
        return _composite(flags, arg, verb)
    done = _converted(kind, flags, arg, verb)
    if done is None and arg is None:
        return f"%!{verb}(<nil>)"
    if done is None:  # a verb that is not for this kind of argument
        shown = _converted(kind, flags, arg, "v") if kind != "big.Int" else format_number(arg)
        done = f"%!{verb}({kind}={shown})"
    return done


def _converted(kind: str, flags: _Flags, arg: Any, verb: str) -> str | None:
    if isinstance(arg, str):
        return _string(flags, arg, verb)
    if arg is None:
        return flags.pad("<nil>") if verb == "v" else None
    if arg.__class__ is bool:
        return flags.pad("true" if arg else "false") if verb in "tv" else None
    if kind == "float64":
        return _float(flags, arg, verb)
    return _big(flags, arg, verb) if kind == "big.Int" else _integer(flags, arg, verb)


def _composite(flags: _Flags, arg: Any, verb: str) -> str:
    """A list or dict: the verb is for what is in it."""

    def inside(value: Any) -> str:
        return "<nil>" if value is None else _printed(copy(flags), value, verb)

    if isinstance(arg, list):
        return "[" + " ".join(map(inside, arg)) + "]"
    return "map[" + " ".join(f"{inside(k)}:{inside(arg[k])}" for k in sorted(arg)) + "]"


def _string(flags: _Flags, text: str, verb: str) -> str | None:
    if verb in "vs":
        return flags.pad(text if flags.precision is None else text[: flags.precision])
    if verb == "q":
        if flags.precision is not None:
            text = text[: flags.precision]
        if flags.sharp and _backquotable(text):
            return flags.pad(f"`{text}`")
        return flags.pad(go_quote(text, ascii_only=flags.plus))
    if verb in "xX":
        data = to_bytes(text)
        if flags.precision is not None:
            data = data[: flags.precision]
        pairs = [f"{b:02x}" for b in data]
        prefix = "0x" if flags.sharp else ""
        if flags.space:
            done = " ".join(prefix + p for p in pairs)
        else:
            done = prefix + "".join(pairs) if pairs else ""
        return flags.pad(done.upper() if verb == "X" else done)
    return None


def _backquotable(text: str) -> bool:
    return all(c == "\t" or (c >= " " and c not in "`\x7f\ufeff") for c in text)


_BASES = {"d": "d", "v": "d", "b": "b", "o": "o", "O": "o", "x": "x", "X": "X"}


def _integer(flags: _Flags, n: int, verb: str) -> str | None:
    if verb in _BASES:
        return _digits(flags, n, verb)
    if verb == "c":
        return flags.pad(_rune(n))
    if verb == "q":
        return flags.pad(go_quote(_rune(n), "'", ascii_only=flags.plus))
    if verb == "U":
        text = f"U+{n % (1 << 64):0{max(4, flags.precision or 0)}X}"
        if flags.sharp and 0 <= n <= 0x10FFFF and chr(n).isprintable():
            text += f" '{chr(n)}'"
        return flags.pad(text, zeros=False)
    return None


def _rune(n: int) -> str:
    return chr(n) if 0 <= n <= 0x10FFFF and not 0xD800 <= n <= 0xDFFF else "\ufffd"


def _digits(flags: _Flags, n: int, verb: str) -> str:
    if flags.precision == 0 and n == 0:
        return flags.pad("", zeros=False)
    sign = "-" if n < 0 else "+" if flags.plus else " " if flags.space else ""
    width = flags.precision
    if width is None and flags.zero and not flags.minus and flags.width is not None:
        width = flags.width - len(sign)
    digits = format(abs(n), _BASES[verb]).rjust(width or 0, "0")
    if flags.sharp:
        if verb == "b":
            digits = "0b" + digits
        elif verb in "oO":
            digits = digits if digits.startswith("0") else "0" + digits
        elif verb in "xX":
            digits = "0" + verb + digits
    if verb == "O":
        digits = "0o" + digits
    return flags.pad(sign + digits, zeros=False)


def _big(flags: _Flags, n: int, verb: str) -> str | None:
    """Go's ``big.Int`` formats itself, nearly the same way."""
    if verb == "s":
        verb = "d"
    if verb not in _BASES:
        return None
    sign = "-" if n < 0 else "+" if flags.plus else " " if flags.space else ""
    prefix = ""
    if flags.sharp:
        prefix = {"b": "0b", "o": "0", "x": "0x", "X": "0X"}.get(verb, "")
    if verb == "O":
        prefix = "0o"
    digits = format(abs(n), _BASES[verb]).rjust(flags.precision or 0, "0")
    short = (flags.width or 0) - len(sign + prefix + digits)
    if short <= 0:
        return sign + prefix + digits
    if flags.minus:
        return sign + prefix + digits + " " * short
    if flags.zero and flags.precision is None:
        return sign + prefix + "0" * short + digits
    return " " * short + sign + prefix + digits


def _float(flags: _Flags, x: float, verb: str) -> str | None:
    precision = flags.precision
    if verb == "v":
        verb = "g"
    if verb in "gG":
        text = general(x, precision)
    elif verb in "eE":
        text = exponential(x, 6 if precision is None else precision)
    elif verb in "fF":
        text = f"{x:.{6 if precision is None else precision}f}"
    elif verb in "xX":
        text = _hexadecimal(x, precision)
    elif verb == "b":
        mantissa, exponent = math.frexp(x)
        text = f"{int(mantissa * 2**53)}p{exponent - 53:+d}"
    else:
        return None
    if verb in "GEX":
        text = text.upper()
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("+", text)
    if flags.sharp and verb != "b":
        digits = _keep_point(digits, verb, precision)
    if flags.plus or sign != "+":
        if flags.zero and not flags.minus and flags.width is not None:
            return sign + digits.rjust(flags.width - 1, "0")
        return flags.pad(sign + digits)
    if flags.space:
        if flags.zero and not flags.minus and flags.width is not None:
            return " " + digits.rjust(flags.width - 1, "0")
        return flags.pad(" " + digits)
    return flags.pad(digits)


def _keep_point(digits: str, verb: str, precision: int | None) -> str:
    """The ``#`` flag: always a decimal point, and for %g the zeros at the end."""
    mark = "p" if verb in "xX" else "e"
    at = digits.lower().find(mark)
    number, tail = (digits, "") if at < 0 else (digits[:at], digits[at:])
    if verb in "gGx":
        wanted = 6 if precision is None else precision or 1
        have = len(number.replace(".", "").lstrip("0"))
        if "." not in number:
            number += "."
        return number + "0" * max(0, wanted - have) + tail
    return (number if "." in number else number + ".") + tail


def _exponent(exponent: int) -> str:
    return f"{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def exponential(x: float, precision: int) -> str:
    """Go's ``%e``: at least two digits of exponent, as in Python."""
    return f"{x:.{precision}e}"


def general(x: float, precision: int | None = None) -> str:
    """Go's ``%g``: the shortest form, or a number of significant digits."""
    if precision is not None:
        return f"{x:.{precision}g}"
    sign, digit_tuple, exponent = Decimal(repr(x)).normalize().as_tuple()
    digits = "".join(map(str, digit_tuple))
    point = len(digits) + int(exponent)
    if x == 0:
        return "-0" if math.copysign(1, x) < 0 else "0"
    # Go decides for an exponent as if the precision were 6.
    if not -4 <= point - 1 < 6:
        rest = f".{digits[1:]}" if len(digits) > 1 else ""
        text = f"{digits[0]}{rest}e{_exponent(point - 1)}"
    elif point <= 0:
        text = "0." + "0" * -point + digits
    elif point >= len(digits):
        text = digits + "0" * (point - len(digits))
    else:
        text = f"{digits[:point]}.{digits[point:]}"
    return "-" + text if sign else text


def _hexadecimal(x: float, precision: int | None) -> str:
    """Go's ``%x`` of a float: a hexadecimal mantissa and a binary exponent."""
    if x == 0:
        digits = "." + "0" * precision if precision else ""
        return f"{'-' if math.copysign(1, x) < 0 else ''}0x0{digits}p+00"
    mantissa, exponent = math.frexp(abs(x))
    bits = int(mantissa * 2**53)  # 1 bit before the point, 52 behind
    exponent -= 1
    if precision is None:
        digits = f"{bits & ((1 << 52) - 1):013x}".rstrip("0")
    else:
        scaled = round(Fraction(bits, 1 << 52) * 16**precision)
        if scaled >= 2 * 16**precision:
            scaled, exponent = scaled // 2, exponent + 1
        digits = f"{scaled - 16**precision:0{precision}x}" if precision else ""
    point = "." + digits if digits else ""
    return f"{'-' if x < 0 else ''}0x1{point}p{_exponent(exponent)}"
