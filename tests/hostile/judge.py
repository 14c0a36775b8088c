"""What a call may end in, and how it is looked at.

A value, undefined, an error of the builtin, or the end of a cancelled query. Any other exception is
a finding, also one that the registry wrapped for want of a better; so are results that are no Rego
values, and calls that go on past the query's deadline.
"""

from __future__ import annotations

import math
import signal
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import FrameType
from typing import Any

import regolive_std
from regolive.codegen.frame import Env, Frame, Watch
from regolive.errors import BuiltinError, CancelledError, ConflictError, EvalError
from regolive.plugins import BoundBuiltin, Registry
from regolive.values import UNDEFINED, Key, RegoSet
from tests.hostile.calls import Call

DEADLINE = 0.5  # seconds that a query has
# Seconds of the processor, so that a machine that is busy finds nothing: after these a call is a
# finding, or is interrupted to see where it is.
LIMIT = 2.0
_STUCK = 8.0


class StuckError(BaseException):
    """Raised into a call that does not end. Not an Exception: no builtin may catch it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended.

    ``kind`` is value, undefined, error, cancelled, refused (an error of the query for what is too
    deep or too large), or bad; ``seconds`` the processor's time it took; ``why`` what is bad.
    """

    kind: str
    seconds: float
    why: str = ""


class Judge:
    """Makes calls and looks at how they end."""

    def __init__(self) -> None:
        registry = Registry()
        registry.register(regolive_std.StdPlugin, "std")
        self.builtins: Mapping[str, BoundBuiltin] = registry.builtins
        # Interrupting needs the main thread's signals: where a test runs is not ours to decide.
        self.interrupts = False

    def interrupting(self) -> None:
        """From now on, calls that do not end are interrupted. For the process's main thread."""
        signal.signal(signal.SIGPROF, _stuck)
        self.interrupts = True

    def __call__(self, call: Call) -> Outcome:
        """Make a call under a deadline."""
        # http.send tries addresses of this machine only: whatever else is named is refused.
        hosts = frozenset({"127.0.0.1", "::1", "localhost"})
        env = Env(True, _no_background, None, hosts)
        frame = Frame(env, None, Watch(time.monotonic() + DEADLINE, None))
        start = time.process_time()
        kind, why = "value", ""
        if self.interrupts:
            signal.setitimer(signal.ITIMER_PROF, _STUCK)
        try:
            result = self.builtins[call.name].call(frame, *call.operands)
            if self.interrupts:
                signal.setitimer(signal.ITIMER_PROF, 0)
            kind = "undefined" if result is UNDEFINED else "value"
            why = "" if result is UNDEFINED else no_value(result)
        except StuckError:
            kind, why = "bad", "it does not end\n" + _where()
        except CancelledError:
            kind = "cancelled"
        except BuiltinError as error:
            kind, why = "error", _wrapped(error)
        except EvalError as error:
            kind, why = (
                "refused",
                "" if isinstance(error, ConflictError) or _too_much(error) else f"{error!r:.300}",
            )
        except BaseException as error:
            kind, why = "bad", f"{type(error).__name__}: {error!s:.300}\n{_where()}"
        finally:
            if self.interrupts:
                signal.setitimer(signal.ITIMER_PROF, 0)
        seconds = time.process_time() - start
        if not why and seconds > LIMIT:
            why = f"it took {seconds:.1f} s"
        return Outcome("bad" if why else kind, seconds, why)


def _stuck(_number: int, _frame: FrameType | None) -> None:
    raise StuckError


def _no_background(*_: Any, **__: Any) -> Any:
    raise AssertionError("no standard builtin works in the background")


def _where() -> str:
    lines = traceback.format_exc(limit=-6).splitlines()
    return "\n".join(line for line in lines[-14:] if len(line) < 300)


def _wrapped(error: BuiltinError) -> str:
    """The exception that a builtin let through, which the registry made an error of."""
    if "(in plugin 'std')" not in error.message:
        return "" if error.message else "an error without a message"
    cause = error.__cause__
    frames = "" if cause is None else "".join(traceback.format_tb(cause.__traceback__)[-3:])
    return f"{error.message!s:.300}\n{frames}"


def _too_much(error: EvalError) -> bool:
    return isinstance(error.__cause__, RecursionError | MemoryError)


def no_value(result: Any) -> str:
    """What in a result is no Rego value; empty if all is. Looks at the first 20,000 parts."""
    pending, room = [result], 20_000
    while pending and room:
        room -= 1
        one = pending.pop()
        cls = one.__class__
        if cls is Key:
            pending.append(one.value)
        elif cls is list:
            pending += one[:1000]
        elif cls is dict:
            pending += [*one.keys()][:1000]
            pending += [*one.values()][:1000]
        elif cls is RegoSet:
            pending += [*one.keys][:1000]
        elif cls is float or cls is Decimal:
            if not math.isfinite(one) and not (cls is Decimal and one.is_finite()):
                return f"a result with {one!r}"
        elif cls not in (str, int, bool, type(None)):
            return f"a result with a {cls.__name__}"
    return ""
