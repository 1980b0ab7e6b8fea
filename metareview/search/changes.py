"""What changed between two runs of one search: new, gone, changed, retracted, corrected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

from metareview.search.record import Record

KINDS = ("new", "gone", "retracted", "corrected", "changed")
_NOT_COMPARED = frozenset({"id", "source", "database", "links", "note"})
_COMPARED = tuple(field.name for field in fields(Record) if field.name not in _NOT_COMPARED)


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Attributes
    ----------
    record : the record's id
    kind : one of :data:`KINDS`
    detail : what is different, or the record's title
    """

    record: str
    kind: str
    detail: str


def compare(before: Iterable[Record], after: Iterable[Record]) -> list[Change]:
    """List the differences between two runs, the gravest of a record first."""
    old = {record.id: record for record in before}
    new = {record.id: record for record in after}
    found = [Change(r.id, "new", r.title) for r in new.values() if r.id not in old]
    found += [Change(r.id, "gone", r.title) for r in old.values() if r.id not in new]
    for record in new.values():
        if record.id in old:
            found += _differences(old[record.id], record)
    found += [
        Change(r.id, "retracted", "it was retracted before it was first found")
        for r in new.values()
        if r.id not in old and r.retracted
    ]
    return sorted(found, key=lambda change: KINDS.index(change.kind))


def _differences(old: Record, new: Record) -> Iterator[Change]:
    if new.retracted and not old.retracted:
        notices = ", ".join(str(link) for link in new.links if "Retraction" in link.kind)
        yield Change(new.id, "retracted", notices or "Retracted Publication")
    fresh = [str(link) for link in new.corrections if link not in old.corrections]
    if fresh:
        yield Change(new.id, "corrected", ", ".join(fresh))
    changed = [name for name in _COMPARED if getattr(old, name) != getattr(new, name)]
    if changed:
        yield Change(new.id, "changed", ", ".join(changed))
