"""A web page in one file that runs and shows only what stands in it: every page we write is made here.

The page's Content-Security-Policy names the SHA-256 of each style and each script, computed from the very
text that is written. Whatever else gets into the page, by whatever way, is neither run nor loaded.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping, Sequence

_ENDS = {"style": re.compile(r"</style", re.I), "script": re.compile(r"</script|<!--", re.I)}


def html_document(
    title: str,
    body: str,
    *,
    styles: Sequence[str] = (),
    scripts: Sequence[str] = (),
    data: Mapping[str, object] | None = None,
) -> str:
    """Return a self-contained page with the policy that lets its own styles and scripts run, and no others.

    Parameters
    ----------
    title
        Plain text.
    body
        HTML whose texts are escaped. Attributes such as ``style`` and ``onclick`` have no effect under the
        policy: use classes, and scripts that listen.
    styles, scripts
        The text of each ``<style>`` and each ``<script>``.
    data
        What the scripts read, by the id of the element that holds it as JSON.

    Raises
    ------
    ValueError
        When a style or a script would end its own element.
    """
    css = [_checked("style", text) for text in styles]
    js = [_checked("script", text) for text in scripts]
    lines = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{content_policy(css, js)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{html.escape(title)}</title>",
        *(f"<style>{text}</style>" for text in css),
        "</head>",
        "<body>",
        body.rstrip("\n"),
        *(_data_block(name, value) for name, value in (data or {}).items()),
        *(f"<script>{text}</script>" for text in js),
        "</body>",
        "</html>",
    ]
    return "\n".join(lines) + "\n"


def content_policy(styles: Sequence[str] = (), scripts: Sequence[str] = ()) -> str:
    """Return the policy of a page that holds these styles and scripts and asks for nothing.

    >>> content_policy()
    "default-src 'none'; base-uri 'none'; form-action 'none'"
    """
    allowed = [f"{kind}-src {' '.join(map(_hash, texts))}" for kind, texts in _used(styles, scripts)]
    return "; ".join(["default-src 'none'", *allowed, "base-uri 'none'", "form-action 'none'"])


def _used(styles: Sequence[str], scripts: Sequence[str]) -> list[tuple[str, Sequence[str]]]:
    return [(kind, texts) for kind, texts in (("style", styles), ("script", scripts)) if texts]


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode()}'"


def _checked(kind: str, text: str) -> str:
    """Return a text as a browser will hash it: line ends are made one kind before it looks."""
    if _ENDS[kind].search(text):
        raise ValueError(f"a {kind} may not hold what ends it")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _data_block(name: str, value: object) -> str:
    """Return data as JSON that cannot end its element; it is never run, so the policy need not name it."""
    held = json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")
    return f'<script type="application/json" id="{html.escape(name, quote=True)}">{held}</script>'
