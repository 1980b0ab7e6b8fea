"""Typefaces: which font draws a text, how wide it is, and where it breaks into lines.

Metareview Sans, a trimmed Liberation Sans, travels with the package: its widths are those of Arial and
Helvetica, so that a text that was laid out here fits wherever it is shown. What it lacks is looked for
in DejaVu Sans (part of matplotlib), then among the fonts of the machine; a character that none of them
has is refused, never drawn as an empty box.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from metareview.errors import FigureError

MM_PER_POINT = 25.4 / 72
ASCENT, DESCENT = (
    0.76,
    0.22,
)  # of the size: the tallest and deepest letter of the typeface, without accents
TYPEFACE = "Metareview Sans"
_HERE = Path(__file__).parent / "typefaces"
_FILES = {
    "regular": ("MetareviewSans-Regular.ttf", "DejaVuSans.ttf"),
    "bold": ("MetareviewSans-Bold.ttf", "DejaVuSans-Bold.ttf"),
}
_PREFERRED = ("Noto Sans", "Source Han Sans", "WenQuanYi", "Droid Sans Fallback", "Unifont")
_BREAK_AFTER = frozenset(" -/–—\u200b")
_EM_UNITS = 100
# format characters that are drawn all the same, and marks that are not
_SIGNS = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
_VARIANT = re.compile("[\u034f\u180b-\u180d\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_LEAST_MEASURED = 64


def text_width(text: str, size: float, face: str = "regular") -> float:
    """Return the width of one line of text in millimetres.

    Parameters
    ----------
    text
        One line.
    size
        Points.
    face
        ``regular`` or ``bold``.

    Examples
    --------
    >>> round(text_width("0.49", 10), 2)
    6.87
    """
    return _ems(plain_line(text), face) * size * MM_PER_POINT


def plain_line(text: str) -> str:
    """Return a line with blanks in place of tabs and other control characters, without byte-order marks."""
    if text.isprintable():
        return text
    return "".join(" " if unicodedata.category(c) == "Cc" else c for c in text if c != "\ufeff")


def line_height(size: float) -> float:
    """Return the distance between two baselines in millimetres."""
    return size * 1.2 * MM_PER_POINT


@lru_cache(65536)
def _ems(text: str, face: str) -> float:
    from matplotlib.font_manager import get_font
    from matplotlib.ft2font import LoadFlags

    font = get_font(font_files(text, face))
    font.set_size(_EM_UNITS, 72)
    font.set_text(text, 0, flags=LoadFlags.NO_HINTING)
    width, _ = font.get_width_height()
    return float(width) / 64 / _EM_UNITS


@lru_cache(65536)
def font_files(text: str, face: str = "regular") -> list[str]:
    """Return the font files that together hold every character of a text, in order of preference.

    Raises
    ------
    FigureError
        When no font of this machine has a character.
    """
    files = list(_own_files(face))
    lacking = {c for c in text if not any(ord(c) in _characters(f) for f in files)}
    for character in sorted(c for c in lacking if not _is_invisible(c)):
        if not any(ord(character) in _characters(f) for f in files):
            files.append(_system_font(character))
    return files


def font_families(text: str, face: str = "regular") -> list[str]:
    """Return the names of the fonts of :func:`font_files`."""
    from matplotlib.font_manager import get_font

    return [get_font(f).family_name for f in font_files(text, face)]


def font_notes(texts: Iterable[str]) -> tuple[str, ...]:
    """Say which fonts of this machine were needed beside the two that travel with the package."""
    found = sorted({name for text in texts for name in font_families(text)[2:]})
    return tuple(f'Some characters are drawn with the font "{name}" of this machine.' for name in found)


def _own_files(face: str) -> tuple[str, str]:
    import matplotlib

    ours, theirs = _FILES[face]
    return str(_HERE / ours), str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / theirs)


@lru_cache(256)
def _characters(file: str) -> frozenset[int]:
    from matplotlib.font_manager import get_font

    return frozenset(get_font(file).get_charmap())


def _is_invisible(character: str) -> bool:
    """Check whether a character needs no font: blanks, joiners, what only chooses a variant of another."""
    if character in _SIGNS:
        return False
    return unicodedata.category(character) in {"Cf", "Zs", "Zl", "Zp"} or bool(_VARIANT.match(character))


@lru_cache(4096)
def _system_font(character: str) -> str:
    for entry in _system_fonts():
        if ord(character) in _characters(entry):
            return entry
    name = unicodedata.name(character, f"U+{ord(character):04X}")
    raise FigureError(
        f'No font on this machine has the character "{character}" ({name}); install one that has it, '
        "such as Noto Sans (on Debian: apt install fonts-noto-cjk, or fonts-noto-core), and draw again."
    )


@lru_cache(1)
def _system_fonts() -> tuple[str, ...]:
    """Return the upright fonts of this machine, the preferred families first, in a fixed order."""
    from matplotlib.font_manager import fontManager

    def order(entry: Any) -> tuple[int, str, str]:
        rank = next((n for n, name in enumerate(_PREFERRED) if entry.name.startswith(name)), len(_PREFERRED))
        return rank, entry.name, entry.fname

    upright = [
        e
        for e in fontManager.ttflist
        if e.style == "normal" and e.weight in (400, "normal", "regular") and "Last" not in e.name
    ]
    return tuple(e.fname for e in sorted(upright, key=order))


def register_fonts() -> None:
    """Make the fonts that travel with the package the first that matplotlib finds under their name."""
    from matplotlib.font_manager import FontEntry, fontManager

    if fontManager.ttflist and fontManager.ttflist[0].fname.startswith(str(_HERE)):
        return
    for face, weight in (("regular", 400), ("bold", 700)):
        entry = FontEntry(
            fname=_own_files(face)[0],
            name=TYPEFACE,
            style="normal",
            variant="normal",
            weight=weight,
            stretch="normal",
            size="scalable",
        )
        fontManager.ttflist.insert(0, entry)


def wrap_text(text: str, width: float, size: float, face: str = "regular") -> tuple[str, ...]:
    """Break a text into lines no wider than a width.

    Lines break after a blank, a hyphen or a slash; a single word that is too wide breaks where it must.
    A line feed in the text always breaks.

    Parameters
    ----------
    width
        Millimetres.

    Examples
    --------
    >>> wrap_text("Mesenchymal stromal cells", 25, 8)
    ('Mesenchymal', 'stromal cells')
    """
    return tuple(
        line
        for paragraph in (text.split("\n") if text else [""])
        for line in _wrap_paragraph(paragraph, width, size, face)
    )


def _wrap_paragraph(text: str, width: float, size: float, face: str) -> Iterator[str]:
    """Fill lines piece by piece; pieces are measured alone, so that a word is measured but once."""
    line, taken = "", 0.0
    if not text.strip():
        yield ""
    for word in _pieces(text):
        piece = word
        if line and not _fits(piece.rstrip(), width - taken, size, face):
            yield line.rstrip()
            line, taken = "", 0.0
        while len(piece) > 1 and not _fits(piece.rstrip(), width, size, face):
            cut = _longest_fit(piece, width, size, face)
            yield piece[:cut]
            piece = piece[cut:]
        line, taken = line + piece, taken + text_width(piece, size, face)
    if line.strip():
        yield line.rstrip()


def _fits(piece: str, width: float, size: float, face: str) -> bool:
    """Check whether a piece is no wider; of a long one the beginning is measured first."""
    length = _LEAST_MEASURED
    while length < len(piece):
        if text_width(piece[:length], size, face) > width:
            return False
        length *= 2
    return text_width(piece, size, face) <= width


def _pieces(text: str) -> Iterator[str]:
    start = 0
    for n, character in enumerate(text):
        if character in _BREAK_AFTER or _is_wide(character):
            yield text[start : n + 1]
            start = n + 1
    yield text[start:]


def _is_wide(character: str) -> bool:
    """Say whether lines may break after a character, as they do between Chinese or Japanese ones."""
    return ord(character) > 0x2E7F and unicodedata.east_asian_width(character) in {"W", "F"}


def _longest_fit(word: str, width: float, size: float, face: str) -> int:
    """Return how many characters of a word fit, at least one, never between a letter and its accent."""
    cut, beyond = 1, 2
    while beyond <= len(word) and text_width(word[:beyond], size, face) <= width:
        cut, beyond = beyond, 2 * beyond
    beyond = min(beyond, len(word) + 1)
    while beyond - cut > 1:
        middle = (cut + beyond) // 2
        fits = text_width(word[:middle], size, face) <= width
        cut, beyond = (middle, beyond) if fits else (cut, middle)
    while cut < len(word) and unicodedata.combining(word[cut]):
        cut += 1
    return cut
