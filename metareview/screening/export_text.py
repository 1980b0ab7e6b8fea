"""Text of other programs' exports, which may hold stray control characters inside an abstract."""

from __future__ import annotations

from pathlib import Path

from metareview.files import decode, read_bytes

_CONTROLS = bytes(c for c in range(0x20) if c not in b"\t\n\r")
_WIDE = (b"\xff\xfe", b"\xfe\xff")


def read_export(path: str | Path) -> str:
    """Read an export as text, control characters left out, in whatever encoding it was saved."""
    raw = read_bytes(path)
    text = decode(raw if raw.startswith(_WIDE) else raw.translate(None, _CONTROLS), path)
    return text.removeprefix("\ufeff")
