"""The one way to the terminal: whatever a file, a service or a person wrote, it is shown as text.

No escape code, no mark that turns the direction of writing and no markup of rich's comes out of a text,
and what the terminal's encoding cannot hold is written in plainer letters.
"""

from __future__ import annotations

import codecs
import json
import sys
import unicodedata
from math import isfinite
from typing import TYPE_CHECKING, Any, TextIO

import click

from metareview.characters import printable
from metareview.errors import FileError
from metareview.files import why

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_PLAINER = "metareview.plainer"
_SIGNS = {
    **dict.fromkeys("‐‑‒–—−", "-"), **dict.fromkeys("‘’", "'"), **dict.fromkeys("“”„", '"'),
    "…": "...", "×": "x", "·": ".", "≤": "<=", "≥": ">=", "→": "->", "←": "<-",
}  # fmt: skip


def say(text: str = "", *, err: bool = False, nl: bool = True) -> None:
    """Print a text, on the error stream if asked to.

    Raises
    ------
    FileError
        When what the output goes to refuses it: a full disk, a closed window.
    """
    _echo(_held(printable(text), _encoding(err=err)), err=err, nl=nl)


def say_json(found: Any, *, indent: int = 1) -> None:
    r"""Print data as JSON; what a terminal is not shown stands in it as ``\uXXXX``, which reads the same.

    JSON is UTF-8: where the output is in another encoding, all but ASCII is written so.
    """
    plain_ascii = not _is_utf8(_encoding(err=False))
    text = json.dumps(_finite(found), indent=indent, ensure_ascii=plain_ascii, allow_nan=False)
    _echo(printable(text, _as_json), err=False, nl=True)


def plain(text: str, *, style: str = "") -> Text:
    """Return a text for rich as it is to be shown."""
    from rich.text import Text

    return Text(printable(text), style=style)


def label(text: str) -> str:
    """Return a short text for a progress bar, where rich takes brackets for markup."""
    from rich.markup import escape

    return escape(printable(text[:60]).replace("\n", " "))


def console(*, err: bool = False, width: int | None = None) -> Console:
    """Return rich's console; every text put into it is shown as it stands, never as markup."""
    from rich.console import Console

    class Plain(Console):
        """A console that takes text for text."""

        def render_str(self, text: str, **chosen: Any) -> Text:
            """Take a text as it stands."""
            return super().render_str(
                printable(text), **{**chosen, "markup": False, "emoji": False, "highlight": False}
            )

    return Plain(stderr=err, width=width, highlight=False, markup=False, emoji=False)


def settle_streams() -> None:
    """Let the streams of this process never stumble over a letter, in or out."""
    for stream, errors in ((sys.stdin, "backslashreplace"), (sys.stdout, _PLAINER), (sys.stderr, _PLAINER)):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=errors)


def _echo(text: str, *, err: bool, nl: bool) -> None:
    try:
        click.echo(text, err=err, nl=nl)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise FileError(f"The output cannot be written: {why(error)}.") from None


def _encoding(*, err: bool) -> str:
    stream: TextIO | None = sys.stderr if err else sys.stdout
    return getattr(stream, "encoding", None) or "utf-8"


def _is_utf8(encoding: str) -> bool:
    return codecs.lookup(encoding).name == "utf-8"


def _held(text: str, encoding: str) -> str:
    """Return a text as an encoding can hold it."""
    if text.isascii() or _is_utf8(encoding):
        return text
    return text.encode(encoding, _PLAINER).decode(encoding)


def _finite(found: Any) -> Any:
    """Return data without numbers that JSON has no word for: they are ``null``."""
    if isinstance(found, float):
        return found if isfinite(found) else None
    if isinstance(found, dict):
        return {key: _finite(value) for key, value in found.items()}
    return [_finite(value) for value in found] if isinstance(found, list | tuple) else found


def _as_json(character: str) -> str:
    return f"\\u{ord(character):04x}"


def _plainer(character: str) -> str:
    """Return the letters that stand for one which cannot be shown."""
    if character in _SIGNS:
        return _SIGNS[character]
    apart = unicodedata.normalize("NFKD", character)
    return "".join(c for c in apart if c.isascii()) or "?"


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plainer, error.object[error.start : error.end])), error.end


codecs.register_error(_PLAINER, _replace)
