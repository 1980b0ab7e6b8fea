"""Files of tagged lines: RIS, MEDLINE (.nbib), Web of Science, Ovid, Cochrane, Refer.

One tolerant reader serves all of them, since they differ only in how a tag is written and where a
record begins. ``Bio.Medline`` and ``rispy`` lose or merge records whose end is missing, and say
nothing; here every line belongs to a record or is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from metareview.search.formats.dialects import Dialect
from metareview.search.formats.entry import Entry
from metareview.search.formats.fields import Values, record_entry


@dataclass(slots=True)
class _Raw:
    """The lines of one record."""

    line: int
    fields: list[list[str]] = field(default_factory=list)  # of each its tag, then its lines
    says: str = ""

    def go_on(self, text: str) -> None:
        self.fields[-1].append(text.strip())

    def has(self, tag: str) -> bool:
        return any(tag == given[0] for given in self.fields)

    def values(self, names: Mapping[str, str]) -> Values:
        """Return the values of each field that a dialect names."""
        values: Values = {}
        for tag, *lines in self.fields:
            name = names.get(tag)
            if name and (value := "\n".join(lines).strip()):
                values.setdefault(name, []).append(value)
        return values


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
        """Return the record that a line ends, or the line when it belongs to none."""
        found = self.dialect.line.match(line)
        if found is None:
            self.blank = not line.strip()
            return None if self.blank else self._bare(number, line)
        tag, value = found.groups()
        entry = self._turn(number, tag)
        if self.open and tag not in self.dialect.outside:
            self.begun = True
            self.open.fields.append([tag, value.strip()])
        self.blank = False
        return entry

    def _turn(self, number: int, tag: str) -> Entry | None:
        """Return the record that ends where a tag stands; open the one that begins there."""
        dialect = self.dialect
        if tag in dialect.ends:
            return self.close(ended=True)
        if tag in dialect.begins or (self.blank and self._begins_anew(tag)):
            entry = self.close()
            self.open = _Raw(number)
            return entry
        if self.open is None and self.begun and tag not in dialect.outside:
            self.open = _Raw(number, says="its first line is missing")
        return None

    def _bare(self, number: int, line: str) -> Entry | None:
        if self.open:
            self.open.go_on(line)
        elif self.begun:  # before the first record stand headings of the export
            return Entry(number, None, f'the line "{line.strip()[:60]}" belongs to no record')
        return None

    def _begins_anew(self, tag: str) -> bool:
        """Check for a record without its first tag: after a blank line, a field it can have only once."""
        return bool(self.open and tag in self.dialect.again and self.open.has(tag))

    def close(self, *, ended: bool = False) -> Entry | None:
        """Return the record that is open, ``None`` when none is."""
        raw, self.open = self.open, None
        if raw is None:
            return None
        says = raw.says
        if self.dialect.ends and not ended:
            says = says or "its end is missing; the next record, or the end of the file, ended it"
        return record_entry(raw.line, raw.values(self.dialect.fields), self.dialect.database, says)
