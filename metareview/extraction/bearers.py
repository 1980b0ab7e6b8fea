"""Which files of a sheets' folder bear ids of studies, outcomes and arms, and in which columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from metareview.extraction.adjudication import ADJUDICATION, AGREED
from metareview.extraction.columns import SHEETS
from metareview.extraction.joining import JOINED
from metareview.extraction.leaving import GENERATED
from metareview.files import files_in, is_there

OWN, EXTRACTOR, CODE, DECIDED, ANSWERED = "sheet", "extractor", "code", "decided", "answered"


@dataclass(frozen=True, slots=True)
class Bearer:
    """A file with ids in it.

    Attributes
    ----------
    path : the file
    sheet : whose columns it has: one of the five sheets, ``adjudication`` or ``joined``
    of : ``sheet`` (what analyses read), ``extractor`` (one person's), ``code`` (what was generated or
        agreed last), ``decided``, ``answered``
    """

    path: Path
    sheet: str
    of: str


def find_bearers(folder: Path) -> Iterator[Bearer]:
    """Give every file of a sheets' folder that bears ids."""
    for sheet in SHEETS:
        yield from _there(Bearer(folder / f"{sheet}.csv", sheet, OWN))
        for path in files_in(folder, f"{sheet}.*.csv"):
            yield Bearer(path, sheet, EXTRACTOR)
        for copies in (GENERATED, AGREED):
            yield from _there(Bearer(folder / copies / f"{sheet}.csv", sheet, CODE))
    yield from _there(Bearer(folder / ADJUDICATION, "adjudication", DECIDED))
    yield from _there(Bearer(folder / JOINED, "joined", ANSWERED))


def _there(bearer: Bearer) -> Iterator[Bearer]:
    if is_there(bearer.path):
        yield bearer


@dataclass(frozen=True, slots=True)
class Renaming:
    """One id that changes.

    Attributes
    ----------
    kind : ``study``, ``outcome``, ``role`` (a planned arm) or ``arm`` (a study's own)
    old, new : the id
    studies : of an arm: the studies in which the arm itself bears the id
    folded : whether the sheets of extractors are matched whatever their capitals, as comparing them does
    """

    kind: str
    old: str
    new: str
    studies: frozenset[str] = frozenset()
    folded: bool = False

    def change(self, bearer: Bearer) -> _Change:
        """Return what changes in a row of a file."""
        return _Change(self, bearer)


@dataclass(frozen=True, slots=True)
class _Change:
    renaming: Renaming
    bearer: Bearer

    def __call__(self, cells: Mapping[str, str]) -> dict[str, str]:
        """Return the cells of a row that change."""
        ours = self.renaming
        if ours.kind in ("study", "outcome"):
            return self._whole(cells, (ours.kind,))
        if self.bearer.sheet == "arms":
            return self._arm(cells)
        if not any(self._is(cells.get("study", ""), study) for study in ours.studies):
            return {}
        if self.bearer.sheet == "adjudication" and " v " in cells.get("arm", ""):
            return self._compared(cells["arm"])
        return self._whole(cells, ("arm", "arm_1", "arm_2"))

    def _whole(self, cells: Mapping[str, str], columns: tuple[str, ...]) -> dict[str, str]:
        ours = self.renaming
        return {name: ours.new for name in columns if self._is(cells.get(name, ""), ours.old)}

    def _is(self, cell: str, name: str) -> bool:
        if self.renaming.folded and self.bearer.of in (EXTRACTOR, DECIDED):
            return " ".join(cell.split()).casefold() == name.casefold()
        return cell == name

    def _arm(self, cells: Mapping[str, str]) -> dict[str, str]:
        """Rename a planned arm with the arms of studies that bear its id, or an arm of one study."""
        ours = self.renaming
        if ours.kind == "role":
            return self._whole(cells, ("role", "arm")) if cells.get("role") == ours.old else {}
        return self._whole(cells, ("arm",)) if cells.get("study") in ours.studies else {}

    def _compared(self, text: str) -> dict[str, str]:
        """Rename within ``drug v control HR``, as the adjudication sheet names a contrast."""
        first, rest = text.split(" v ", 1)
        second, space, measure = rest.partition(" ")
        names = [self.renaming.new if self._is(name, self.renaming.old) else name for name in (first, second)]
        told = f"{names[0]} v {names[1]}{space}{measure}"
        return {"arm": told} if told != text else {}
