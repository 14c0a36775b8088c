"""Rows and columns as OPA counts them."""

from __future__ import annotations

from regolive.syntax import nodes as n


def position(source: n.Source, offset: int) -> tuple[int, int]:
    """Row and column of an offset.

    The end of a text is where its last character is, and a line break is column 0 of the next row.
    """
    text = source.text
    if offset >= len(text):
        offset = max(len(text) - 1, 0)
    row, col = source.row_col(offset)
    return (row + 1, 0) if text[offset : offset + 1] == "\n" else (row, col)
