"""Types of options that several commands take."""

from __future__ import annotations

import re

import click

_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")


def duration(text: str | float) -> float:
    """Seconds, from a duration as Go writes it: ``100ms`` or ``1m30s``. For ``type=`` of options.

    Raises click.BadParameter for anything else.
    """
    if not isinstance(text, str):
        return text  # a default
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise click.BadParameter(f"{text!r} is not a duration: write 100ms, 2s or 1m30s")
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)
