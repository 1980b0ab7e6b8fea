"""The sheets laid out for checking: rows by study and comparison, and the way to report a doubt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from metareview.extraction.finding import Finding, Level
from metareview.extraction.printed import Printed, read_printed
from metareview.extraction.rows import TOTAL, Contrast, Result, Row, Sheets
from metareview.protocol import Outcome, Protocol

Key = tuple[str, str, str, str]


@dataclass(frozen=True, eq=False)
class Ledger:
    """Sheets and protocol with the groupings that checks ask for."""

    sheets: Sheets
    protocol: Protocol

    @cached_property
    def outcomes(self) -> dict[str, Outcome]:
        """The planned outcomes by id."""
        return {outcome.id: outcome for outcome in self.protocol.outcomes}

    @cached_property
    def comparisons(self) -> dict[Key, list[Result]]:
        """The arms of each study, outcome, time point and population; totals are left out."""
        groups: dict[Key, list[Result]] = {}
        for row in self.sheets.results:
            if row.arm != TOTAL:
                groups.setdefault(key_of(row), []).append(row)
        return groups

    @cached_property
    def experimental(self) -> frozenset[str]:
        """The roles of the protocol that are experimental."""
        return frozenset(arm.id for arm in self.protocol.arms if arm.role == "experimental")

    def pairs(self) -> Iterator[tuple[Result, Result]]:
        """Give every comparison of two arms, the experimental one first where the protocol says so."""
        for rows in self.comparisons.values():
            if len(rows) == 2:
                first, second = rows
                swapped = self._is_control(first) and not self._is_control(second)
                yield (second, first) if swapped else (first, second)

    def _is_control(self, row: Result) -> bool:
        return self.sheets.role(row.study, row.arm) not in self.experimental

    def digits(self, row: Row, column: str) -> Printed | None:
        """Return a cell's number with its printed digits; ``None`` when empty."""
        return read_printed(self.sheets.text(row, column), getattr(row, column))

    def doubt(
        self, check: str, row: Row, column: str, why: str, *, right: str = "", level: Level = "warning"
    ) -> Finding:
        """Report a doubt about a cell, or about a row when ``column`` is empty."""
        return Finding(check, level, row.file, row.line, column, self.sheets.text(row, column), why, right)


def key_of(row: Result | Contrast) -> Key:
    """Give study, outcome, time point and population."""
    return row.study, row.outcome, row.timepoint, row.population


def listed(numbers: Sequence[float], *, most: int = 4) -> str:
    """Write a few numbers with commas.

    >>> listed([95, 96])
    '95, 96'
    """
    return ", ".join(f"{n:g}" for n in numbers[:most]) + (" …" if len(numbers) > most else "")
