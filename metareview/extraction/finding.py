"""A finding: something a sheet says that cannot be, is unlikely, or should be known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault or doubt, at one place.

    Attributes
    ----------
    check : code of the check that found it, a row of ``docs/checks.md``
    level : ``error`` (cannot be), ``warning`` (very unlikely), ``note``
    file, line, column, value : where, and what stands there; ``line`` 0 and an empty ``column`` where
        it is about the whole file or row
    why : half a sentence that follows ``events is "140";``, or a sentence of its own
    right : what would be right, when that is known
    answer : the reviewers' answer in the sheet, if they gave one
    """

    check: str
    level: Level
    file: str
    line: int
    column: str
    value: str
    why: str
    right: str = ""
    answer: str = ""

    def __str__(self) -> str:
        """Say it in a sentence.

        >>> why = "it cannot exceed n (123)"
        >>> print(Finding("events-over-n", "error", "results.csv", 12, "events", "140", why))
        results.csv:12: events is "140"; it cannot exceed n (123).
        """
        place = f"{self.file}:{self.line}:" if self.line else self.file
        said = f'{self.column} is "{self.value}"; {self.why}' if self.column else self.why
        end = "" if said.endswith((".", "?", "!")) else "."
        right = f" {self.right.rstrip('.')}." if self.right else ""
        return f"{place} {said}{end}{right}"
