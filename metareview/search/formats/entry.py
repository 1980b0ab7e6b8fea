"""What a reader of exports gives for each record of a file: the record, or the reason why it is none."""

from __future__ import annotations

from dataclasses import dataclass

from metareview.search.record import Record, changed, own_id


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of a file.

    Attributes
    ----------
    line : where it starts in the file, 1 for the first
    record : the record, ``None`` when it cannot be one
    says : what is wrong with it, or worth knowing; ``""`` when nothing is
    """

    line: int
    record: Record | None
    says: str = ""


def named(record: Record) -> Record:
    """Return a record under the id that its own identifiers make."""
    return record if record.id else changed(record, id=own_id(record))


def accept(line: int, record: Record, says: str = "") -> Entry:
    """Accept a record that says at least what it is; refuse one without any name."""
    if record.title or record.pmid or record.doi or record.accession or record.registry:
        return Entry(line, named(record), says)
    return Entry(line, None, says or "it has neither a title nor any identifier")
