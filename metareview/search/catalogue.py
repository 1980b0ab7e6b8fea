"""The table of a review's records, ``searched/REVIEW/records.csv``: a row per :class:`Record`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path

from metareview.errors import FormatError
from metareview.files import write_atomically
from metareview.search.record import Link, Record, values_of
from metareview.tables import Row, read_table, write_table

COLUMNS = tuple(field.name for field in fields(Record))
LISTS = ("authors", "registry", "types", "languages", "keywords", "source")
_BETWEEN = re.compile(r"(?<!\\);")


def read_records(path: str | Path) -> list[Record]:
    """Read a table of records; columns that are not there are empty.

    Raises
    ------
    FormatError
        All faults at once: no ``id``, an id that stands twice, a year that is no year.
    """
    table = read_table(path)
    problems = [
        f'{path}:1: column "{c}" is unknown; a table of records has {", ".join(COLUMNS)}.'
        for c in table.columns
        if c not in COLUMNS
    ]
    if "id" not in table.columns:
        problems.append(f"{path}:1: column id is missing; it must hold one id per record.")
    if problems:
        raise FormatError(problems)
    problems = _row_faults(table.rows, path)
    if problems:
        raise FormatError(problems)
    return [_record(row.cells) for row in table.rows]


def _row_faults(rows: Iterable[Row], path: str | Path) -> list[str]:
    problems: list[str] = []
    seen: dict[str, int] = {}
    for row in rows:
        name, year = row.cells["id"], row.cells.get("year", "")
        if not name:
            problems.append(f"{path}:{row.line}: id is empty; give every record an id of its own.")
        elif name in seen:
            problems.append(f'{path}:{row.line}: id "{name}" stands already in line {seen[name]}.')
        seen.setdefault(name, row.line)
        if year and not re.fullmatch(r"\d{4}", year):
            problems.append(f'{path}:{row.line}: year is "{year}"; four digits, or nothing, would be right.')
    return problems


def _record(cells: Mapping[str, str]) -> Record:
    values: dict[str, object] = {c: cells[c] for c in COLUMNS if cells.get(c)}
    values |= {c: split_list(cells[c]) for c in LISTS if cells.get(c)}
    if cells.get("year"):
        values["year"] = int(cells["year"])
    if cells.get("links"):
        values["links"] = tuple(map(_link, split_list(cells["links"])))
    return Record(**values)  # type: ignore[arg-type]


def _link(text: str) -> Link:
    kind, _, other = text.partition(":")
    return Link(kind, pmid=other) if other.isdigit() else Link(kind, citation=other)


def write_records(path: str | Path, records: Iterable[Record]) -> bool:
    """Write a table of records; return whether the file changed."""
    return write_atomically(path, write_table(COLUMNS, [as_row(record) for record in records]))


def as_row(record: Record) -> dict[str, object]:
    """Return a record's cells: lists joined by ``;``, an empty cell for what is not known."""
    row: dict[str, object] = dict(zip(COLUMNS, values_of(record), strict=True))
    for column in LISTS:
        row[column] = join_list(getattr(record, column))
    row["links"] = join_list(map(str, record.links))
    return row


def join_list(items: Iterable[str]) -> str:
    r"""Join items by ``; ``; a semicolon inside one is written ``\;``.

    >>> join_list(["Fu H", "Group A; B"])
    'Fu H; Group A\\; B'
    """
    return "; ".join(item.replace(";", r"\;") for item in items)


def split_list(cell: str) -> tuple[str, ...]:
    r"""Undo :func:`join_list`.

    >>> split_list(r"Fu H; Group A\; B")
    ('Fu H', 'Group A; B')
    """
    parts = (part.strip().replace(r"\;", ";") for part in _BETWEEN.split(cell))
    return tuple(part for part in parts if part)
