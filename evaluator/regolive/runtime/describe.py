"""What a thread inside a query is doing: the policy's file and row, and the builtin.

Read off the thread's stack when a picture of it is taken; nothing is recorded while queries run.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from types import FrameType

from regolive.codegen.positions import MARK
from regolive.concurrency import add_thread_describer

_BUILTIN = "<builtin "  # the file name of the code that calls a builtin: "<builtin time.now_ns>"


def describe_query(thread: threading.Thread, stack: Sequence[FrameType]) -> str | None:
    """``policy rbac.rego:7, builtin nats.kv.watch_bucket``; None outside generated code."""
    builtin = ""
    for here in stack:
        file = here.f_code.co_filename
        if MARK in here.f_globals:
            return f"policy {file}:{here.f_lineno}{builtin}"
        if not builtin and file.startswith(_BUILTIN):
            builtin = f", builtin {file.removeprefix(_BUILTIN).removesuffix('>')}"
    return None


# Pictures are the process's, and so is this: importing the module is enough.
add_thread_describer(describe_query)
