"""The boxes of a PRISMA 2020 flow diagram, and the law that nothing gets lost between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from metareview.errors import ScreeningError
from metareview.search.ledger import METHODS

KINDS = METHODS
MAIN_KINDS = ("databases", "registers")
CITATION = (
    "Page MJ, McKenzie JE, Bossuyt PM, et al. The PRISMA 2020 statement: an updated guideline for reporting "
    "systematic reviews. BMJ 2021;372:n71. doi:10.1136/bmj.n71"
)


@dataclass(frozen=True, slots=True)
class Count:
    """One line of a box: what is counted and how many.

    Attributes
    ----------
    label : a database's name, or the reason of an exclusion
    n : how many
    kind : of a source: one of ``METHODS`` of the searches; ``""`` for a reason
    """

    label: str
    n: int
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of the diagram: via databases and registers, or via other methods.

    Attributes
    ----------
    identified : records per source; a record that two databases gave counts in both
    duplicates : records removed as duplicates
    automation : records marked as ineligible by automation tools, as when a stopping rule was met
    removed : records removed before screening for other reasons
    screened, excluded : records looked at by title and abstract, and left out there
    awaiting_screening : records without an agreed verdict on title and abstract
    direct : records whose report was sought without screening (other methods only)
    sought, not_retrieved : reports wanted, and those that could not be had
    awaiting_assessment : reports without an agreed verdict at full text
    assessed : reports read in full
    excluded_reports : reports left out, per primary reason
    included : reports included in this round

    Raises
    ------
    ScreeningError
        When a box does not hold what flows into it.
    """

    name: str = "databases and registers"
    identified: tuple[Count, ...] = ()
    duplicates: int = 0
    automation: int = 0
    removed: tuple[Count, ...] = ()
    screened: int = 0
    excluded: int = 0
    awaiting_screening: int = 0
    direct: int = 0
    sought: int = 0
    not_retrieved: int = 0
    awaiting_assessment: int = 0
    assessed: int = 0
    excluded_reports: tuple[Count, ...] = ()
    included: int = 0

    def __post_init__(self) -> None:
        """Hold the law of conservation: in = out + excluded at every box."""
        problems = list(self._broken_laws())
        if problems:
            raise ScreeningError(problems)

    @property
    def records(self) -> int:
        """How many records were identified, duplicates and all."""
        return total(self.identified)

    def of_kind(self, kind: str) -> tuple[Count, ...]:
        """Give the sources of one kind."""
        return tuple(count for count in self.identified if count.kind == kind)

    def laws(self) -> tuple[tuple[str, int, dict[str, int]], ...]:
        """Give for each box what flows in and where it goes."""
        return (
            (
                "records identified",
                self.records,
                {
                    "duplicates": self.duplicates,
                    "marked ineligible by automation tools": self.automation,
                    "removed for other reasons": total(self.removed),
                    "awaiting screening": self.awaiting_screening,
                    "screened": self.screened,
                    "sought without screening": self.direct,
                },
            ),
            (
                "records screened or sought without screening",
                self.screened + self.direct,
                {"excluded": self.excluded, "reports sought": self.sought},
            ),
            (
                "reports sought",
                self.sought,
                {
                    "not retrieved": self.not_retrieved,
                    "awaiting assessment": self.awaiting_assessment,
                    "assessed": self.assessed,
                },
            ),
            (
                "reports assessed",
                self.assessed,
                {"excluded": total(self.excluded_reports), "included": self.included},
            ),
        )

    def _broken_laws(self) -> Iterator[str]:
        for box, inside, out in self.laws():
            if inside != sum(out.values()) or min(out.values()) < 0:
                parts = " + ".join(f"{n} {label}" for label, n in out.items() if n)
                yield (
                    f"flow via {self.name}: {inside} {box} are not {parts or '0'}; every record must be "
                    "in exactly one box."
                )


@dataclass(frozen=True, slots=True)
class Previous:
    """What the previous version of an updated review included."""

    studies: int
    reports: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A PRISMA 2020 flow diagram in numbers: counted, never typed; see :func:`count_flow`.

    Attributes
    ----------
    databases : the column of databases and registers
    other : the column of other methods; ``None`` without such sources
    previous : what an earlier version included; ``None`` in a new review
    new_studies : studies included in this round; ``None`` while reports are not linked to studies
    new_reports : their reports
    added_reports : reports of this round that belong to studies included earlier
    total_studies, total_reports : with the previous version's
    synthesised : studies in a meta-analysis, where the hall has counted them
    notes : what a reader must know

    Raises
    ------
    ScreeningError
        When included reports are not the reports of included studies.
    """

    databases: Column
    other: Column | None = None
    previous: Previous | None = None
    new_studies: int | None = None
    new_reports: int = 0
    added_reports: int = 0
    synthesised: int | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Hold the last law: the reports that went in are the reports of studies."""
        if self.included != self.new_reports + self.added_reports:
            raise ScreeningError(
                f"flow: {self.included} reports were included but {self.new_reports} belong to new studies "
                f"and {self.added_reports} to studies included before; every report belongs to one study."
            )

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns there are."""
        return (self.databases,) if self.other is None else (self.databases, self.other)

    @property
    def included(self) -> int:
        """Reports included in this round, from all sources."""
        return sum(column.included for column in self.columns)

    @property
    def total_studies(self) -> int | None:
        """Studies in this version, or ``None`` while they are not known."""
        before = self.previous.studies if self.previous else 0
        return None if self.new_studies is None else self.new_studies + before

    @property
    def total_reports(self) -> int:
        """Reports in this version."""
        return self.included + (self.previous.reports if self.previous else 0)

    @property
    def unfinished(self) -> int:
        """How many records and reports still wait for a verdict."""
        return sum(c.awaiting_screening + c.awaiting_assessment for c in self.columns)


def total(counts: tuple[Count, ...]) -> int:
    """Add up the lines of a box."""
    return sum(count.n for count in counts)
