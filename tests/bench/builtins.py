"""Each hot builtin against the same thing in plain Python, an empty decision taken off both."""

from __future__ import annotations
