"""Files of tagged lines: RIS, MEDLINE (.nbib), Web of Science, Ovid, Cochrane, Refer.

One tolerant reader serves all of them, since they differ only in how a tag is written and where a
record begins. ``Bio.Medline`` and ``rispy`` lose or merge records whose end is missing, and say
nothing; here every line belongs to a record or is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from metareview.search.formats.dialects import Dialect
from metareview.search.formats.entry import Entry
from metareview.search.formats.fields import Values, record_entry


@dataclass(slots=True)
class _Raw:
    """The lines of one record."""

    line: int
    values: list[tuple[str, str]] = field(default_factory=list)
    says: str = ""

    def add(self, tag: str, value: str) -> None:
        self.values.append((tag, value.strip()))

    def go_on(self, text: str) -> None:
        tag, value = self.values[-1]
        self.values[-1] = (tag, f"{value}\n{text.strip()}".strip())

    def has(self, tag: str) -> bool:
        return any(tag == t for t, _ in self.values)


def read_tagged(text: str, dialect: Dialect) -> Iterator[Entry]:
    """Read the records of a file of tagged lines; lines that belong to none are told."""
    reader = _Reader(dialect)
    for number, line in enumerate(text.splitlines(), 1):
        yield from reader.take(number, line)
    yield from reader.close()


@dataclass(slots=True)
class _Reader:
    """Goes down the lines; holds the record that is open."""

    dialect: Dialect
    open: _Raw | None = None
    begun: bool = False
    blank: bool = False

    def take(self, number: int, line: str) -> Iterator[Entry]:
        found = self.dialect.line.match(line)
        if found:
            yield from self._tagged(number, found["tag"], found["value"])
        elif line.strip():
            yield from self._bare(number, line)
        self.blank = not line.strip()

    def _tagged(self, number: int, tag: str, value: str) -> Iterator[Entry]:
        if tag in self.dialect.outside:
            return
        if tag in self.dialect.ends:
            yield from self.close(ended=True)
            return
        if tag in self.dialect.begins or self._begins_anew(tag):
            yield from self.close()
            self.open = _Raw(number)
        elif self.open is None and self.begun:
            self.open = _Raw(number, says="its first line is missing")
        if self.open:
            self.begun = True
            self.open.add(tag, value)

    def _bare(self, number: int, line: str) -> Iterator[Entry]:
        if self.open:
            self.open.go_on(line)
        elif self.begun:  # before the first record stand headings of the export
            yield Entry(number, None, f'the line "{line.strip()[:60]}" belongs to no record')

    def _begins_anew(self, tag: str) -> bool:
        """Tell a record without its first tag: after a blank line, a field that it can have only once."""
        return bool(self.open and self.blank and tag in self.dialect.again and self.open.has(tag))

    def close(self, *, ended: bool = False) -> Iterator[Entry]:
        """Hand on the record that is open."""
        raw, self.open = self.open, None
        if raw is None:
            return
        says = raw.says
        if self.dialect.ends and not ended:
            says = says or "its end is missing; the next record, or the end of the file, ended it"
        values: Values = {}
        for tag, value in raw.values:
            name = self.dialect.fields.get(tag)
            if name and value:
                values.setdefault(name, []).append(value)
        yield record_entry(raw.line, values, self.dialect.database, says)
