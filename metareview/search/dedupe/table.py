"""``duplicates.csv``: what was decided of each pair, by the rules or by a person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from metareview.errors import FormatError
from metareview.files import is_there, write_atomically
from metareview.search.dedupe.groups import PERSON, Duplicate
from metareview.search.dedupe.rules import ASK, DIFFERENT, SAME
from metareview.tables import read_table, write_table

COLUMNS = ("kept", "dropped", "decision", "why")


def read_decided(path: Path) -> dict[frozenset[str], str]:
    """Read what people decided; a row that a person wrote or changed says so in ``why``.

    Raises
    ------
    FormatError
        All faults at once: columns missing, a decision that is none.
    """
    if not is_there(path):
        return {}
    table = read_table(path)
    missing = [c for c in COLUMNS if c not in table.columns]
    if missing:
        raise FormatError(f"{path}:1: column {missing[0]} is missing; it has {', '.join(COLUMNS)}.")
    wrong = [
        f'{path}:{row.line}: decision is "{row.cells["decision"]}"; same, ask or different would be right.'
        for row in table
        if row.cells["decision"] not in (SAME, ASK, DIFFERENT)
    ]
    if wrong:
        raise FormatError(wrong)
    return {
        frozenset((row.cells["kept"], row.cells["dropped"])): row.cells["decision"]
        for row in table
        if row.cells["why"].startswith(PERSON) and row.cells["decision"] != ASK
    }


def write_duplicates(path: Path, duplicates: Iterable[Duplicate]) -> bool:
    """Write the table; return whether the file changed."""
    rows = [{c: getattr(d, c) for c in COLUMNS} for d in duplicates]
    return write_atomically(path, write_table(COLUMNS, rows))


def write_studies(path: Path, studies: Iterable[tuple[str, Sequence[str]]]) -> bool:
    """Write which works report one registered study; return whether the file changed."""
    rows = [{"registry": number, "record": name} for number, ids in studies for name in ids]
    return write_atomically(path, write_table(("registry", "record"), rows))
