"""The real ``opa``, where there is one: the judge of doubts, never needed to run a test.

``$OPA`` names the binary, or it is the first on the path.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class OpaError(Exception):
    """There is no opa, or it did not answer as it should. The message says what it said."""


def find_opa() -> str | None:
    """The path of the binary, or None."""
    return os.environ.get("OPA") or shutil.which("opa")


def run_opa(
    arguments: Sequence[str],
    cwd: Path,
    *,
    stdin: str | None = None,
    ok: Sequence[int] = (0,),
    timeout: float = 120.0,
) -> str:
    """What opa prints: its output, or its error stream if that is empty.

    Raises:
        OpaError: there is no opa, no end, or an exit code that is not among ``ok``.
    """
    opa = find_opa()
    if opa is None:
        raise OpaError("no opa: put it on the path, or name it in the environment variable OPA")
    try:
        done = subprocess.run(
            [opa, *arguments],
            cwd=cwd,
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=timeout,
        )
    except subprocess.TimeoutExpired as error:
        raise OpaError(f"opa {' '.join(arguments)}: no end after {timeout:g} s") from error
    if done.returncode not in ok:
        raise OpaError(
            f"opa {' '.join(arguments)}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
        )
    # `opa check` reports on the error stream, everything else on the other.
    return done.stdout or done.stderr


def opa_version(cwd: Path) -> str:
    """The version of the binary, as ``1.20.2``."""
    first = run_opa(["version"], cwd).splitlines()[0]
    return first.removeprefix("Version:").strip()


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write texts below a folder, byte for byte (no line end is translated)."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8", "surrogateescape"))


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """Flags of ``opa check``. ``schemas`` and ``capabilities`` are paths, from the folder."""

    v0_compatible: bool = False
    strict: bool = False
    schemas: str | None = None
    capabilities: str | None = None

    def arguments(self) -> list[str]:
        """The command line's part that says so."""
        out = ["--max-errors", "10000"]
        if self.v0_compatible:
            out.append("--v0-compatible")
        if self.strict:
            out.append("--strict")
        if self.schemas is not None:
            out += ["--schema", self.schemas]
        if self.capabilities is not None:
            out += ["--capabilities", self.capabilities]
        return out


def check(
    folder: Path, modules: Sequence[str], options: CheckOptions = CheckOptions()
) -> list[dict[str, Any]]:
    """The errors of ``opa check`` for modules in a folder, all of them; none: an empty list."""
    text = run_opa(["check", "--format", "json", *options.arguments(), *modules], folder, ok=(0, 1))
    if not text.strip():
        return []
    errors = json.loads(text).get("errors", [])
    if not isinstance(errors, list):
        raise OpaError(f"opa check: not a list of errors: {text}")
    return errors


def check_text(folder: Path, modules: Sequence[str], options: CheckOptions = CheckOptions()) -> str:
    """What ``opa check`` prints for people."""
    return run_opa(["check", *options.arguments(), *modules], folder, ok=(0, 1))
