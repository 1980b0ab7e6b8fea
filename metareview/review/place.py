"""Where the files of a review lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from metareview.errors import ProtocolError, did_you_mean, nearest_word
from metareview.extraction.columns import SHEETS
from metareview.files import files_in, is_folder, is_there
from metareview.journal import ROOMS, is_unsettled
from metareview.locks import locked
from metareview.names import case_twin, name_fault


@dataclass(frozen=True, slots=True)
class Place:
    """The folders of one review under the project's root, by the verb that writes each.

    >>> Place(Path("."), "bcg").sheets.as_posix()
    'extracted/bcg'
    """

    root: Path
    name: str

    @property
    def protocol(self) -> Path:
        """The plan, written by people."""
        return self.root / "protocols" / f"{self.name}.toml"

    @property
    def searched(self) -> Path:
        """Raw replies and records."""
        return self.root / "searched" / self.name

    @property
    def screened(self) -> Path:
        """Decisions, one file per reviewer."""
        return self.root / "screened" / self.name

    @property
    def sheets(self) -> Path:
        """The extraction sheets."""
        return self.root / "extracted" / self.name

    @property
    def sheet_files(self) -> list[Path]:
        """The sheets that answers are made from, not the records of changes beside them."""
        return [path for name in SHEETS if is_there(path := self.sheets / f"{name}.csv")]

    @property
    def output(self) -> Path:
        """What is made by code alone."""
        return self.root / "output" / self.name


def place_of(name: str, root: Path | None = None) -> Place:
    """Return where the files of a review lie, whether it has a protocol yet or not.

    What a killed command left in its folders is settled first.

    Raises
    ------
    ProtocolError
        When the name cannot be a review's, or that of another review, or of a folder, differs only by
        capitals.
    """
    fault = name_fault(name)
    if fault:
        raise ProtocolError(f'"{name}" cannot name a review; {fault}.')
    place = Place(root or Path(), name)
    _refuse_twins(place)
    for room in ROOMS:
        if is_unsettled(place.root / room / name):
            with locked(place.root / room / name):
                pass
    return place


def _refuse_twins(place: Place) -> None:
    """Refuse what some disks take for the review's own, and others would leave unread."""
    reviews = [path.stem for path in files_in(place.root / "protocols", "*.toml")]
    twin = case_twin(place.name, reviews)
    if twin and not is_there(place.protocol):
        raise ProtocolError(f'there is no review "{place.name}"; did you mean "{twin}"? Capitals count.')
    if twin and place.name in reviews:
        raise ProtocolError(
            f'the reviews "{place.name}" and "{twin}" differ only by capitals; many disks take them for one. '
            "Give one of them, and its folders, another name."
        )
    problems = []
    for room in ROOMS:
        folders = [path.name for path in files_in(place.root / room, "*") if path.is_dir()]
        twin = case_twin(place.name, folders)
        if twin and not is_folder(place.root / room / place.name):
            problems.append(
                f'the review is "{place.name}" and its folder {room}/{twin}; they differ by capitals. '
                f"Rename one of the two: mv {room}/{twin} {room}/{place.name}"
            )
    if problems:
        raise ProtocolError(problems)


def find_review(name: str, root: Path | None = None) -> Place:
    """Find a review by its name.

    Raises
    ------
    ProtocolError
        When there is no protocol of that name.
    """
    place = place_of(name, root)
    if not is_there(place.protocol):
        known = [p.stem for p in files_in(place.root / "protocols", "*.toml")]
        here = did_you_mean(name, known, heading="Reviews here")
        raise ProtocolError(
            f"{place.protocol} does not exist; {here} `metareview new {name}` writes a starter."
        )
    return place


def place_to_fill(name: str, root: Path | None = None) -> Place:
    """Return where the records of a review go; a search may come before the protocol.

    Raises
    ------
    ProtocolError
        When the name cannot be a review's (see :func:`place_of`), or is near that of another and there
        is no review of this name yet.
    """
    place = place_of(name, root)
    searched = [path.name for path in files_in(place.root / "searched", "*") if path.is_dir()]
    if name in searched or is_there(place.protocol):
        return place
    known = sorted({*searched, *(path.stem for path in files_in(place.root / "protocols", "*.toml"))})
    if nearest_word(name, known):
        near = did_you_mean(name, known, heading="Reviews here")
        raise ProtocolError(
            f'there is no review "{name}"; {near} If it is to be a new one, `metareview new {name}` first.'
        )
    return place
