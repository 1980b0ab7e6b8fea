"""Markdown: the one place where words of people and of files become part of a page that others render.

Titles, labels, notes and reasons come from protocols and sheets, perhaps by mail. A renderer shows them
as they are written: no markup, no HTML, no link comes of them. Ordinary text stays as it is, byte for
byte: ``P < .001``, ``tau2 = 0.009`` and ``Smith & Jones`` mean nothing to Markdown.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from metareview.characters import printable

_LINE_ENDS = re.compile(r"(?<![ \t])[ \t]*+[\n\r\v\f\x85\u2028\u2029][ \t\n\r\v\f\x85\u2028\u2029]*")
_HTML = re.compile(r"<(?=[A-Za-z/!?])|&(?=#?\w+;)")
_SIGNS = re.compile(
    r"""[\\`\[\]|{~$]          # code, links, cells, attributes, struck-out text, mathematics
    | (?<!\s)\* | \*(?!\s)     # emphasis; a sign of multiplication between blanks is none
    | (?<![^\W_])_ | _(?![^\W_])
    | (?<=\s)\#(?=\#*$)        # the end of a heading
    | ^(?:[#>] | [-+](?=[\s-]|$) | =(?==*$))  # a heading, a quotation, a list, a rule
    | (?<=^\d)[.)](?=\s|$) | (?<=^\d\d)[.)](?=\s|$) | (?<=^\d\d\d)[.)](?=\s|$)
    """,
    re.VERBOSE,
)
_LONG_LIST = re.compile(r"^(\d{4,9})([.)])(?=\s|$)")
_ENTITIES = {"<": "&lt;", "&": "&amp;"}


def escape(text: str) -> str:
    r"""Return text as Markdown that shows it as it is: a paragraph, a heading, a list item or a cell.

    >>> escape("P < .001 for A & B, -0.5 to 2 * 3")
    'P < .001 for A & B, -0.5 to 2 * 3'
    >>> escape("<b>[x](javascript:alert(1))</b> `a|b`")
    '&lt;b>\\[x\\](javascript:alert(1))&lt;/b> \\`a\\|b\\`'
    """
    line = _one_line(text).strip(" \t")
    line = _SIGNS.sub(lambda match: "\\" + match[0], line)
    line = _LONG_LIST.sub(r"\1\\\2", line)
    return _HTML.sub(lambda match: _ENTITIES[match[0]], line)


def _one_line(text: str) -> str:
    """Return text on one line, with what cannot be seen spelled out."""
    return printable(_LINE_ENDS.sub(" ", text))


def code(text: str) -> str:
    """Return text as code, between as many backticks as it needs.

    >>> code("a.toml"), code("a`b")
    ('`a.toml`', '`` a`b ``')
    """
    line = _one_line(text)
    if "`" not in line:
        return f"`{line}`"
    fence = "`" * (max(map(len, re.findall("`+", line))) + 1)
    return f"{fence} {line} {fence}"


def folder_link(path: str) -> str:
    """Return a link to a folder beside the page.

    >>> folder_link("death/mh/")
    '[`death/mh/`](death/mh/)'
    """
    return f"[{code(path)}]({quote(path)})"
