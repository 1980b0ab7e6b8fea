"""One description out of several: every field from the best copy that has it, and where it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from metareview.search.dedupe.groups import Deduplicated
from metareview.search.record import Record

# lists that every copy adds to; the other fields come whole from one copy
_UNITED = ("registry", "source", "links")
_OWN = ("id", "database")
_FIELDS = tuple(field.name for field in fields(Record))


@dataclass(frozen=True, slots=True)
class Merged:
    """The record of a group.

    Attributes
    ----------
    record : the kept record, its empty fields filled from the others
    origins : field → id of the record it came from, for fields that the kept one did not have
    """

    record: Record
    origins: Mapping[str, str]


def merge_records(group: Sequence[Record]) -> Merged:
    """Merge the records of one work.

    Parameters
    ----------
    group
        The kept record first, the others by decreasing worth.
    """
    kept = group[0]
    origins: dict[str, str] = {}
    filled: dict[str, Any] = {}
    for name in _FIELDS:
        if name in _OWN:
            continue
        if name in _UNITED:
            united = tuple(dict.fromkeys(item for record in group for item in getattr(record, name)))
            filled[name] = united
            givers = [r.id for r in group[1:] if set(getattr(r, name)) - set(getattr(kept, name))]
        else:
            givers = [] if getattr(kept, name) else [r.id for r in group if getattr(r, name)][:1]
            if givers:
                filled[name] = next(getattr(r, name) for r in group if r.id == givers[0])
        if givers:
            origins[name] = ", ".join(givers)
    return Merged(replace(kept, **filled), origins)


def unique_records(records: Sequence[Record], found: Deduplicated) -> list[Merged]:
    """Give one merged record for each work, in the order of the records.

    Parameters
    ----------
    records
        All of them.
    found
        What :func:`find_duplicates` said of them.
    """
    by_id = {record.id: record for record in records}
    dropped = found.dropped
    return [
        merge_records([by_id[name] for name in found.groups.get(record.id, (record.id,))])
        for record in records
        if record.id not in dropped
    ]
