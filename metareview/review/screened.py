"""What was found, decided and included in a review: the files of searching and screening, joined."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from metareview.errors import FileError
from metareview.extraction import Study
from metareview.files import is_there, read_text
from metareview.protocol import Protocol, read_protocol
from metareview.review.place import Place
from metareview.review.ties import names_of
from metareview.screening import (
    DecisionLog,
    Flow,
    Identified,
    Reason,
    count_flow,
    origins_of,
    place_records,
    read_logs,
)
from metareview.screening.counting import INCLUDED, Placement
from metareview.search import read_records
from metareview.search.ledger import SearchRun, read_searches
from metareview.tables import read_table, require_columns

SAME = "same"


@dataclass(frozen=True)
class ScreeningDesk:
    """The files that screening reads, of one review; each is read when it is first needed.

    Attributes
    ----------
    place : where they lie
    """

    place: Place

    @cached_property
    def protocol(self) -> Protocol:
        """The plan."""
        return read_protocol(self.place.protocol)

    @cached_property
    def reasons(self) -> tuple[Reason, ...]:
        """The protocol's criteria as reasons of exclusion."""
        return tuple(Reason(c.id, _label(c.id), c.exclude) for c in self.protocol.criteria)

    @cached_property
    def searches(self) -> list[SearchRun]:
        """Every search and import."""
        return read_searches(self.place.searched / "searches.csv")

    @cached_property
    def identified(self) -> Identified:
        """The records, their duplicates and where they were found.

        Raises
        ------
        FileError
            When there are no records yet.
        """
        path = self.place.searched / "records.csv"
        if not is_there(path):
            raise FileError(
                f"{path} does not exist; `metareview search {self.place.name}` or `metareview import "
                f"{self.place.name} FILE` makes it."
            )
        duplicates = read_duplicates(self.place.searched / "duplicates.csv")
        return Identified(
            records=read_records(path), duplicates=duplicates, origins=origins_of(self.searches)
        )

    @cached_property
    def logs(self) -> tuple[DecisionLog, ...]:
        """Every decision file, as it is when first asked for."""
        return read_logs(self.place.screened, reasons=[reason.id for reason in self.reasons])

    def placed(self) -> list[Placement]:
        """Say where every record ended."""
        return place_records(self.identified, self.logs)

    def flow(self, studies: Sequence[Study] | None = None) -> Flow:
        """Count the flow diagram.

        Parameters
        ----------
        studies
            The rows of ``studies.csv``; ``None`` counts reports only.
        """
        places = self.placed()
        linked, notes = (None, ()) if studies is None else self._linked(studies, places)
        previous = read_previous(self.place.screened / "previous.csv")
        flow = count_flow(
            self.identified, self.logs, studies=linked, previous=previous, reasons=self.reasons, places=places
        )
        return replace(flow, notes=(*flow.notes, *notes, *read_caveats(self.place.screened / "caveats.txt")))

    def _linked(
        self, studies: Sequence[Study], places: Iterable[Placement]
    ) -> tuple[dict[str, Collection[str]], tuple[str, ...]]:
        """Find each study's reports among the records; a study without any is named in a note."""
        included = {placement.record for placement in places if placement.box == INCLUDED}
        names: dict[str, str] = {}
        for record in self.identified.unique():
            for name in names_of(record):
                names.setdefault(name, record.id)
        linked: dict[str, Collection[str]] = {}
        strangers = []
        for study in studies:
            reports = {names.get(report.casefold(), "") for report in study.reports} - {""}
            if study.exclude:
                reports &= included
            if reports:
                linked[study.study] = sorted(reports)
            elif not study.exclude:
                strangers.append(study.label)
        return linked, tuple(_stranger_note(strangers))


def _label(name: str) -> str:
    return name.replace("-", " ").capitalize()


def _stranger_note(labels: Sequence[str]) -> Iterator[str]:
    if not labels:
        return
    many = "study of the sheets has" if len(labels) == 1 else "studies of the sheets have"
    yield (
        f"{len(labels)} {many} no report among the records, so the diagram does not count them: "
        f"{', '.join(labels)}."
    )


def read_caveats(path: Path) -> tuple[str, ...]:
    """Read what people wrote for every reader of the diagram: one sentence a line."""
    if not is_there(path):
        return ()
    return tuple(line.strip() for line in read_text(path).splitlines() if line.strip())


def read_duplicates(path: Path) -> dict[str, str]:
    """Read which records were removed as duplicates: dropped → kept, where the decision is ``same``.

    Raises
    ------
    FileError
        When a column is missing.
    """
    if not is_there(path):
        return {}
    table = read_table(path)
    require_columns(table, ("kept", "dropped", "decision"))
    return {row.cells["dropped"]: row.cells["kept"] for row in table if row.cells["decision"] == SAME}


def read_previous(path: Path) -> Mapping[str, Collection[str]] | None:
    """Read what the previous version of an updated review included: columns ``study`` and ``report``."""
    if not is_there(path):
        return None
    table = read_table(path)
    require_columns(table, ("study", "report"))
    previous: dict[str, list[str]] = {}
    for row in table:
        previous.setdefault(row.cells["study"], []).append(row.cells["report"])
    return previous
