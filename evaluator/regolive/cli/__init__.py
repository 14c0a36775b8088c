"""The command line: ``regolive eval``, ``compile``, ``buckets``, ``plugins``, ``version``.

Each command is a module of its own, imported when it is asked for, and imports what it needs when
it runs: a decision at a shell prompt should not wait for a terminal library.
"""

from regolive.cli.app import main

__all__ = ["main"]
