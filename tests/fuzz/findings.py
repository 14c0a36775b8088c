"""What fuzzing finds, kept in a folder: each kind of failure once."""

from __future__ import annotations

import hashlib
import traceback
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Finding:
    """A text for which something does not hold, and what happened."""

    text: Path
    told: str


class Findings:
    """The findings of a folder. The same exception from the same line is one finding."""

    def __init__(self, folder: Path) -> None:
        """
        Args:
            folder: where texts (``.rego``) and what happened (``.txt``) are written.
        """
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, text: str, error: BaseException) -> bool:
        """Keep an exception with its text; whether it is a new one, or the shortest so far."""
        frames = traceback.extract_tb(error.__traceback__)
        where = f"{Path(frames[-1].filename).name}:{frames[-1].name}" if frames else ""
        if isinstance(error, RecursionError):
            where = "recursion"  # where it ends is chance
        name = f"{type(error).__name__}-{hashlib.sha1(where.encode()).hexdigest()[:8]}"
        path = self.folder / f"{name}.rego"
        if path.exists() and len(path.read_bytes()) <= len(text.encode()):
            return False
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        told = traceback.format_exception(error)
        (self.folder / f"{name}.txt").write_text("".join(told[:1] + told[-12:]), encoding="utf-8")
        return True

    def all(self) -> list[Finding]:
        """Every finding of the folder."""
        found = []
        for path in sorted(self.folder.glob("*.rego")):
            note = path.with_suffix(".txt")
            told = note.read_text(encoding="utf-8") if note.exists() else "the process ended"
            found.append(Finding(path, told))
        return found
