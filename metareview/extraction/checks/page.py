"""The list of checks as a page; ``python -m metareview.extraction.checks.page`` renews docs/checks.md."""

from __future__ import annotations

import sys
from pathlib import Path

from metareview.extraction.checks.register import CHECKS
from metareview.files import read_text, write_atomically

PAGE = Path("docs") / "checks.md"


def checks_table() -> str:
    """Return every check as a Markdown table, errors first."""
    order = ("error", "warning", "note")
    rows = sorted(CHECKS, key=lambda check: order.index(check.level))
    lines = [f"| `{check.code}` | {check.level} | {check.says} |" for check in rows]
    return "\n".join(["| code | level | what must hold, or what is named |", "|---|---|---|", *lines])


def with_block(text: str, name: str, content: str) -> str:
    r"""Replace what stands between ``<!-- name -->`` and ``<!-- /name -->``.

    >>> with_block("a <!-- x -->old<!-- /x --> b", "x", "new")
    'a <!-- x -->\nnew\n<!-- /x --> b'
    """
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, _, rest = text.partition(start)
    _, _, after = rest.partition(end)
    return f"{before}{start}\n{content}\n{end}{after}"


def main(path: Path = PAGE) -> None:
    """Bring the table of checks in a page up to date."""
    write_atomically(path, with_block(read_text(path), "checks", checks_table()))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE)
