"""What every correction of a search begins with: its tables, and what rests on their records."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from metareview.errors import SearchError
from metareview.journal import all_or_none
from metareview.locks import locked
from metareview.search.gather import read_held
from metareview.search.ledger import SearchRun, read_searches
from metareview.search.record import Record

# given the records that leave and those that stay, says of each what elsewhere in the review rests on it
Ties = Callable[[Collection[Record], Collection[Record]], Mapping[str, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Tables:
    """The searches of a review and their records, as they were before the correction.

    Attributes
    ----------
    ledger : ``searches.csv``
    runs : its rows
    held : the rows of ``records.csv``
    """

    ledger: Path
    runs: list[SearchRun]
    held: list[Record]


@contextmanager
def correcting(folder: Path) -> Iterator[Tables]:
    """Read the tables of ``searched/REVIEW``; what is written inside is written together or not at all."""
    ledger = folder / "searches.csv"
    with locked(folder), all_or_none(folder):
        yield Tables(ledger, read_searches(ledger), read_held(folder / "records.csv"))


def no_ties(leaving: Collection[Record], staying: Collection[Record]) -> dict[str, list[str]]:
    """Report that nothing rests on any record."""
    return {}


def tied_to(leaving: Sequence[Record], staying: Sequence[Record], ties: Ties) -> list[str]:
    """Return, a sentence each, what in other rooms of the review rests on records that leave."""
    found = ties(leaving, staying) if leaving else {}
    return [says for record in leaving for says in found.get(record.id, ())]


def refuse_tied(remarks: Sequence[str], refusal: str, *, force: bool) -> None:
    """Refuse a correction when something rests on records that would leave, unless it is forced."""
    if remarks and not force:
        raise SearchError([*remarks, refusal])
