"""Lines of Python being written, each with the policy row it comes from."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_PURE_TEST = re.compile(r"if \w+ is (?:not )?U:\Z")


@dataclass(slots=True, eq=False)  # a line is itself: two with the same text are two
class Line:
    """One line of generated source. A ``dropped`` line was a place kept that nobody needed.

    ``negation`` is the opposite of the condition of an ``if``, where one was given.
    """

    indent: int
    text: str
    row: int
    dropped: bool = False
    negation: str | None = None


@dataclass(slots=True)
class Writer:
    """Appends lines at the current indentation and policy row."""

    lines: list[Line] = field(default_factory=list)
    indent: int = 0
    row: int = 0

    def emit(self, text: str) -> Line:
        """Add a line; a line ending in a colon is to be followed by an indented one."""
        line = Line(self.indent, text, self.row)
        self.lines.append(line)
        return line

    def reserve(self) -> Line:
        """A line whose text is decided later; nothing is written if it never is."""
        line = self.emit("")
        line.dropped = True
        return line

    def open(self, text: str) -> None:
        """A line that opens a suite, and the indentation of the suite."""
        self.emit(text)
        self.indent += 1

    def close_to(self, indent: int) -> None:
        """End suites down to an indentation. An empty one gets its ``pass``, or goes altogether
        if it only asked whether a variable is defined.
        """
        while self.indent > indent:
            last = self.last()
            if last is None or not last.text.endswith(":") or last.indent < indent:
                break
            if not _PURE_TEST.match(last.text):
                self.lines.append(Line(last.indent + 1, "pass", self.row))
                break
            last.dropped = True
        self.indent = indent

    def last(self, before: Line | None = None) -> Line | None:
        """The last line that will be written, or the last before another."""
        lines = reversed(self.lines)
        if before is not None:
            for line in lines:
                if line is before:
                    break
        return next((line for line in lines if not line.dropped), None)

    def render(self, *, comments: bool = False) -> tuple[str, list[int]]:
        """The source, and the policy row of each of its lines (the first line's at index 1).

        With ``comments``, the policy row is said where it changes.
        """
        out: list[str] = []
        rows: list[int] = [0]
        said = 0
        for line in self.lines:
            if line.dropped:
                continue
            text = "    " * line.indent + line.text
            if comments and line.row != said and line.row:
                text = f"{text}  # row {line.row}"
                said = line.row
            out.append(text)
            rows.append(line.row)
        return "\n".join(out) + "\n", rows
