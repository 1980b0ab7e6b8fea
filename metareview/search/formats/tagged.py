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
    values: list[tuple[str, list[str]]] = field(default_factory=list)
    says: str = ""

    def add(self, tag: str, value: str) -> None:
        self.values.append((tag, [value.strip()]))

    def go_on(self, text: str) -> None:
        self.values[-1][1].append(text.strip())

    def has(self, tag: str) -> bool:
        return any(tag == t for t, _ in self.values)


def read_tagged(text: str, dialect: Dialect) -> Iterator[Entry]:
    """Read the records of a file of tagged lines; lines that belong to none are told."""
    reader = _Reader(dialect)
    for number, line in enumerate(text.splitlines(), 1):
        if entry := reader.take(number, line):
            yield entry
    if entry := reader.close():
        yield entry


@dataclass(slots=True)
class _Reader:
    """Goes down the lines; holds the record that is open."""

    dialect: Dialect
    open: _Raw | None = None
    begun: bool = False
    blank: bool = False

    def take(self, number: int, line: str) -> Entry | None:
        """Take a line; give the record that it ends, or the line that belongs to none."""
        found, entry = self.dialect.line.match(line), None
        if found:
            entry = self._tagged(number, *found.group("tag", "value"))
        elif line.strip():
            entry = self._bare(number, line)
        self.blank = not line.strip()
        return entry

    def _tagged(self, number: int, tag: str, value: str) -> Entry | None:
        if tag in self.dialect.outside:
            return None
        if tag in self.dialect.ends:
            return self.close(ended=True)
        entry = None
        if tag in self.dialect.begins or self._begins_anew(tag):
            entry = self.close()
            self.open = _Raw(number)
        elif self.open is None and self.begun:
            self.open = _Raw(number, says="its first line is missing")
        if self.open:
            self.begun = True
            self.open.add(tag, value)
        return entry

    def _bare(self, number: int, line: str) -> Entry | None:
        if self.open:
            self.open.go_on(line)
        elif self.begun:  # before the first record stand headings of the export
            return Entry(number, None, f'the line "{line.strip()[:60]}" belongs to no record')
        return None

    def _begins_anew(self, tag: str) -> bool:
        """Tell a record without its first tag: after a blank line, a field that it can have only once."""
        return bool(self.open and self.blank and tag in self.dialect.again and self.open.has(tag))

    def close(self, *, ended: bool = False) -> Entry | None:
        """Hand on the record that is open."""
        raw, self.open = self.open, None
        if raw is None:
            return None
        says = raw.says
        if self.dialect.ends and not ended:
            says = says or "its end is missing; the next record, or the end of the file, ended it"
        values: Values = {}
        for tag, lines in raw.values:
            name = self.dialect.fields.get(tag)
            if name and (value := "\n".join(lines).strip()):
                values.setdefault(name, []).append(value)
        return record_entry(raw.line, values, self.dialect.database, says)
