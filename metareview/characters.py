"""Which characters a table keeps, a terminal is shown, and a spreadsheet would run.

The reader and the writer of tables share :func:`storable`, so that what one refuses the other
never writes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Literal

_BLANKS = {ord("\u00a0"): " ", ord("\u202f"): " "}
_LONG = 2000
_CONTROLS = [chr(n) for n in range(0x20) if chr(n) not in "\t\n\r\f"]
_UNSTORABLE = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff]")
# what a terminal sends for a key, and what colours its text: ESC [ … letter, ESC O letter, ESC ] … BEL
_ESCAPE = re.compile(
    r"\x1b(?:\[[0-9;:<=>?]{0,64}[ -/]{0,8}[@-~]|\][^\x07\x1b]{0,512}(?:\x07|\x1b\\)|O[A-Z])?"
)
# controls, marks that turn the direction of writing, and halves of characters
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_FORMULA = re.compile("[=+\\-@\t\r＝＋－＠]")
_SUSPECT = frozenset("=+-@\t\r＝＋－＠'")
_GUARDED = re.compile("'+[=+\\-@\t\r＝＋－＠]")
_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_NUMBERS = re.compile(rf"{_NUMBER}(?: to {_NUMBER}| \({_NUMBER} to {_NUMBER}\))?")


def has_control(text: str) -> bool:
    r"""Check whether a text holds characters that no table keeps: controls but for blanks.

    >>> has_control("a\tb"), has_control("a\x1b[D")
    (False, True)
    """
    return any(sign in text for sign in _CONTROLS)  # a tenth of the time of looking at each


def storable(text: str) -> str:
    r"""Return a text as a table keeps it: the writer writes it, the reader gives it back.

    Escape sequences (an arrow key pressed while typing) and control characters go, line breaks
    become ``\n``, characters are composed, blanks around it dropped, half characters replaced.

    >>> storable(" left\x1b[D\r\nright ")
    'left\nright'
    """
    if text.isascii() and text.isprintable():  # most cells
        return text.strip()
    text = _ESCAPE.sub("", text) if "\x1b" in text else text
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_BLANKS)
    text = _UNSTORABLE.sub(_kept_mark, text)
    return normal("NFC", text).strip()


def normal(form: Literal["NFC", "NFKD"], text: str) -> str:
    """Return a text in a normal form of Unicode, made in a time that grows with its length.

    Sorting thousands of accents on one letter takes the square of their number; after every thirty a joiner
    is put, as Unicode's stream-safe text format has it (UAX 15).
    """
    if len(text) > _LONG:
        accents = "".join(sign for sign in set(text) if unicodedata.combining(sign))
        if accents:
            text = re.sub(rf"([{accents}]{{30}})(?=[{accents}])", "\\1\u034f", text)
    return unicodedata.normalize(form, text)


def _kept_mark(match: re.Match[str]) -> str:
    """Return what stays of a sign: a mark for half a character, a blank for a feed, nothing for the rest."""
    return "\ufffd" if match[0] >= "\ud800" else " " if match[0] in "\x0b\x0c" else ""


def spelled(character: str) -> str:
    r"""Return a character by its number: ``\x1b``."""
    return character.encode("unicode_escape").decode()


def printable(text: str, spell: Callable[[str], str] = spelled) -> str:
    r"""Return a text as a terminal may be shown it: controls and marks of direction are spelled out.

    >>> print(printable("a\x1b[31mb\u202ec"))
    a\x1b[31mb\u202ec
    """
    return _UNPRINTABLE.sub(lambda m: spell(m[0]), text)


def guarded(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would run as a formula.

    Numbers stay, alone and as an estimate with its interval, which no spreadsheet computes.

    >>> guarded("=1+1"), guarded("-2.5"), guarded("'=1"), guarded("-0.2 (-0.5 to 0.1)")
    ("'=1+1", '-2.5', "''=1", '-0.2 (-0.5 to 0.1)')
    """
    if text[:1] not in _SUSPECT:  # most cells
        return text
    if (_FORMULA.match(text) and not _NUMBERS.fullmatch(text)) or _GUARDED.match(text):
        return "'" + text
    return text


def unguarded(text: str) -> str:
    """Take away the apostrophe that :func:`guarded` put there.

    >>> unguarded(guarded("=1+1")), unguarded("'quoted'")
    ('=1+1', "'quoted'")
    """
    return text[1:] if text[:1] == "'" and _GUARDED.match(text) else text
