"""PEM blocks and DER elements, read as Go's ``encoding/pem`` and ``cryptobyte`` read them.

Only what the libraries do not hand out: which blocks a text holds (Go skips over what is no
block), and the very bytes of the parts of a certificate. Keys and signatures are cryptography's.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

_BEGIN = b"-----BEGIN "
_END = b"\n-----END "
_DASHES = b"-----"

INTEGER, BIT_STRING, OCTET_STRING, OID, SEQUENCE, SET = 0x02, 0x03, 0x04, 0x06, 0x30, 0x31


@dataclass(frozen=True, slots=True)
class Block:
    """One PEM block: the label of its first line, and what it encodes."""

    label: str
    der: bytes


def decode(data: bytes, start: int = 0) -> tuple[Block | None, int]:
    """The first block at or after ``start``, and where the text goes on behind it.

    None, and ``start``, when there is no (further) well-formed block.
    """
    at = start
    while True:
        end = data.find(_END, at)
        if end < 0:
            return None, start
        begin = data.rfind(_BEGIN, at, end + 1)
        behind = end + len(_END)
        if begin >= 0 and (begin == at or data[begin - 1 : begin] == b"\n"):
            block = _block(data, begin, end)
            if block is not None:
                return block, _line_end(data, behind)
        at = behind


def blocks(data: bytes) -> list[Block]:
    """Every block of a text."""
    found = []
    block, at = decode(data)
    while block is not None:
        found.append(block)
        block, at = decode(data, at)
    return found


def _line_end(data: bytes, at: int) -> int:
    newline = data.find(b"\n", at)
    return len(data) if newline < 0 else newline + 1


def _block(data: bytes, begin: int, end: int) -> Block | None:
    at = _line_end(data, begin)
    first = data[begin:at].rstrip(b" \t\r\n")
    if not first.endswith(_DASHES) or len(first) < len(_BEGIN) + len(_DASHES):
        return None
    label = first[len(_BEGIN) : -len(_DASHES)]
    behind = end + len(_END)
    if data[behind : _line_end(data, behind)].rstrip(b" \t\r\n") != label + _DASHES:
        return None
    while at <= end:  # headers
        line_end = _line_end(data, at)
        if b":" not in data[at:line_end]:
            break
        at = line_end
    body = data[at:end].translate(None, b" \t\r\n")
    try:
        return Block(label.decode("utf-8", "replace"), base64.b64decode(body, validate=True))
    except binascii.Error:
        return None


class Der:
    """A reader over DER elements. Every method raises ValueError where the bytes are no DER."""

    __slots__ = ("_at", "_data", "_end")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._end = len(data)

    def __bool__(self) -> bool:
        """Whether anything is left to read."""
        return self._at < self._end

    def peek(self) -> int:
        """The tag of the next element; -1 at the end."""
        return self._data[self._at] if self._at < self._end else -1

    def any(self) -> tuple[int, bytes, bytes]:
        """The next element: its tag, all its bytes, its contents."""
        data, start = self._data, self._at
        if self._end - start < 2 or data[start] & 0x1F == 0x1F:
            raise ValueError("truncated element")
        size, at = data[start + 1], start + 2
        if size & 0x80:
            count = size & 0x7F
            if at + count > self._end:
                raise ValueError("truncated length")
            size = int.from_bytes(data[at : at + count], "big")
            if not 0 < count <= 4 or data[at] == 0 or size < 0x80:
                raise ValueError("length is not in its shortest form")
            at += count
        if size > self._end - at:
            raise ValueError("truncated element")
        self._at = at + size
        return data[start], data[start : self._at], data[at : self._at]

    def element(self, tag: int) -> bytes:
        """All bytes of the next element, which must have this tag."""
        if self.peek() != tag:
            raise ValueError(f"expected tag {tag}, got {self.peek()}")
        return self.any()[1]

    def contents(self, tag: int) -> bytes:
        """The contents of the next element, which must have this tag."""
        if self.peek() != tag:
            raise ValueError(f"expected tag {tag}, got {self.peek()}")
        return self.any()[2]

    def inside(self, tag: int = SEQUENCE) -> Der:
        """A reader over the contents of the next element, which must have this tag."""
        return Der(self.contents(tag))

    def oid(self) -> tuple[int, ...]:
        """The next element, an object identifier."""
        return read_oid(self.contents(OID))


def read_oid(contents: bytes) -> tuple[int, ...]:
    """The arcs of an object identifier, from the contents of its element."""
    arcs: list[int] = []
    arc = 0
    for byte in contents:
        if arc > 1 << 56:
            raise ValueError("arc of an object identifier is too large")
        arc = arc << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(arc)
            arc = 0
    if not arcs or contents[-1] & 0x80:
        raise ValueError("truncated object identifier")
    first = min(arcs[0] // 40, 2)
    return first, arcs[0] - 40 * first, *arcs[1:]
