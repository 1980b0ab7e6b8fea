"""Ids of studies and arms: such as can name a file on every system, and are told apart on every disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from metareview.extraction.checks.ledger import Ledger
from metareview.extraction.finding import Finding
from metareview.extraction.rows import Row
from metareview.names import name_fault


def odd_ids(ledger: Ledger) -> Iterator[Finding]:
    """Find ids that cannot name a file, and ids that differ only by capitals."""
    sheets = ledger.sheets
    yield from _odd(ledger, sheets.studies, [((), row.study) for row in sheets.studies], "study")
    yield from _odd(ledger, sheets.arms, [((row.study,), row.arm) for row in sheets.arms], "arm")


def _odd(
    ledger: Ledger, rows: Sequence[Row], names: Sequence[tuple[tuple[str, ...], str]], column: str
) -> Iterator[Finding]:
    seen: dict[tuple[tuple[str, ...], str], str] = {}
    for row, (within, name) in zip(rows, names, strict=True):
        fault = name_fault(name)
        if fault:
            yield ledger.doubt("id-name", row, column, f"it cannot name a file; {fault}")
        twin = seen.setdefault((within, name.casefold()), name)
        if twin != name:
            why = f'"{twin}" differs from it only by capitals, which many disks do not tell apart'
            yield ledger.doubt("id-name", row, column, why)
