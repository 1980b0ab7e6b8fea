"""A sheet's text with some of its cells changed: every other character of the file stays.

Whoever wrote a sheet chose its separator, its quotes, its line ends and its encoding. A command that
changes ids in it keeps all of that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from metareview.characters import guarded, storable
from metareview.errors import FileError
from metareview.files import decode, encoded_as, read_bytes
from metareview.tables import Table, clean, parse_table

Span = tuple[int, int]
# the new texts of some of a row's cells; ``None`` to take the row out
Change = Callable[[Mapping[str, str]], "Mapping[str, str] | None"]


@dataclass(frozen=True, slots=True)
class SheetText:
    """A delimited file as it stands, and where its cells are.

    Attributes
    ----------
    table : what it says
    text, raw : its characters and its bytes
    spans : per row of the table, where each of its cells stands
    """

    table: Table
    text: str
    raw: bytes
    spans: tuple[tuple[Span, ...], ...]

    def edited(self, change: Change, added: Sequence[Mapping[str, str]] = ()) -> bytes:
        """Return the file's bytes after its rows were changed, taken out and added to.

        Parameters
        ----------
        change
            Given a row's cells, returns the new texts of those that change; ``None`` takes the row out.
        added
            Rows that follow at the end; cells whose column the file lacks are left out.
        """
        pieces, at = [], 0
        for row, spans in zip(self.table.rows, self.spans, strict=True):
            wanted = change(row.cells)
            if wanted is None:
                pieces.append(self.text[at : spans[0][0]])
                at = _line_end(self.text, spans[-1][1])
                continue
            for name, cell in sorted(wanted.items(), key=lambda item: self.table.columns.index(item[0])):
                start, stop = spans[self.table.columns.index(name)]
                if clean(cell) != row.cells[name]:
                    pieces += [self.text[at:start], self._cell(cell, self.text[start:stop])]
                    at = stop
        text = "".join(pieces) + self.text[at:]
        return encoded_as(text + self._lines(text, added), self.raw)

    def _cell(self, cell: str, before: str = "") -> str:
        """Write a cell: in quotes where they stood before, or where it needs them."""
        stored = str(guarded(storable(cell)))
        if before.startswith('"') or set(stored) & {self.table.separator, '"', "\n", "\r"}:
            return '"' + stored.replace('"', '""') + '"'
        return stored

    def _lines(self, text: str, rows: Sequence[Mapping[str, str]]) -> str:
        if not rows:
            return ""
        end = "\r\n" if "\r\n" in text else "\n"
        width = max([len(self.table.columns), *(len(spans) for spans in self.spans)])
        lines = [
            self.table.separator.join(
                [self._cell(row.get(name, "")) for name in self.table.columns]
                + [""] * (width - len(self.table.columns))
            )
            for row in rows
        ]
        return ("" if text.endswith(("\n", "\r")) else end) + "".join(line + end for line in lines)


def read_sheet_text(path: str | Path) -> SheetText:
    """Read a delimited file so that its cells can be changed in place.

    Raises
    ------
    FileError
        When it is no table.
    """
    raw = read_bytes(path)
    text = decode(raw, path)
    table = parse_table(text, path)
    lines = [
        line for line in _lines_of(text, table.separator) if any(clean(_bare(text[a:b])) for a, b in line)
    ]
    if len(lines) != len(table.rows) + 1:
        raise FileError(f"{path} holds quotes in unusual places, so no cell of it can be changed safely.")
    return SheetText(table, text, raw, tuple(lines[1:]))


def _bare(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if cell.startswith('"') else cell


def _lines_of(text: str, separator: str) -> Iterator[tuple[Span, ...]]:
    """Give the cells of each line; a quoted cell may go over several."""
    mark = re.escape(separator)
    cell = re.compile(rf'"[^"]*(?:""[^"]*)*"|[^{mark}\r\n]*')
    at = 1 if text.startswith("\ufeff") else 0
    spans: list[Span] = []
    while at <= len(text):
        found = cell.match(text, at)
        assert found is not None
        spans.append(found.span())
        at = found.end()
        if at < len(text) and text[at] == separator:
            at += 1
            continue
        yield tuple(spans)
        spans = []
        if at >= len(text):
            return
        at = _line_end(text, at)


def _line_end(text: str, at: int) -> int:
    """Return where the next line starts."""
    if text[at : at + 2] == "\r\n":
        return at + 2
    return min(at + 1, len(text))
