"""Another id for a study, an outcome or an arm: in the plan, the sheets and their records together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from metareview.errors import ExtractionError, did_you_mean
from metareview.extraction.bearers import OWN, Bearer, Renaming, find_bearers
from metareview.extraction.identities import read_identified
from metareview.extraction.merging import Change
from metareview.extraction.recording import Signature, record_changes
from metareview.extraction.rows import TOTAL
from metareview.extraction.sheet_text import read_sheet_text
from metareview.extraction.updating import (
    WORKBOOK,
    refuse_unreturned,
    write_workbook,
)
from metareview.files import encoded_as, is_there, read_bytes, read_text, write_atomically
from metareview.journal import all_or_none
from metareview.locks import locked
from metareview.names import case_twin, name_fault
from metareview.protocol import Protocol, parse_protocol
from metareview.protocol.editing import rename_in_plan
from metareview.readings import watching
from metareview.review.ledger import rename_in_ledger
from metareview.review.place import Place
from metareview.tables import read_table

What = Literal["study", "outcome", "arm"]
PREVIOUS = "previous.csv"


@dataclass(frozen=True, slots=True)
class RenamedId:
    """What a renaming changes, or would change.

    Attributes
    ----------
    files : each file with the number of places in it
    others : files that are made anew: the workbook
    """

    files: tuple[tuple[Path, int], ...]
    others: tuple[Path, ...]


def rename(
    place: Place, what: What, old: str, new: str, signature: Signature, *, dry_run: bool = False
) -> RenamedId:
    """Give a study, an outcome or an arm another id, wherever it stands.

    Parameters
    ----------
    place
        The review.
    what
        ``study``, ``outcome``, or ``arm``: a planned arm with the arms of studies that bear its id, or, as
        ``STUDY/ARM``, an arm of one study.
    old, new
        The id.
    signature
        Who does it, for ``changes.csv``.
    dry_run
        Say what would change, and write nothing.

    Raises
    ------
    MetareviewError
        When there is no such id, the new one is taken or cannot be one, or the workbook holds entries
        that were not brought back: all of it at once, and nothing is written.
    """
    if dry_run:
        with watching():
            return _rename(place, what, old, new, signature, write=False)
    with locked(place.sheets), all_or_none(place.sheets):
        return _rename(place, what, old, new, signature, write=True)


def _rename(place: Place, what: What, old: str, new: str, signature: Signature, *, write: bool) -> RenamedId:
    protocol = parse_protocol(read_text(place.protocol), place.protocol)
    known = _Known(place, protocol, tuple(find_bearers(place.sheets)))
    renaming = _renaming(known, what, old, new)
    refuse_unreturned(place.sheets)
    files = {path: found for path, found in _edits(place, known, renaming) if found[1]}
    workbook = [place.sheets / WORKBOOK] if is_there(place.sheets / WORKBOOK) else []
    if write:
        for path, (raw, _) in files.items():
            write_atomically(path, raw)
        told = Change(
            "protocol" if renaming.kind in ("outcome", "role") else renaming.kind, old, "id", old, new
        )
        record_changes(place.sheets, [told], signature)
        after = parse_protocol(read_text(place.protocol), place.protocol)
        if workbook:
            write_workbook(place.sheets, read_identified(place.sheets), after)
    return RenamedId(tuple((path, count) for path, (_, count) in files.items()), tuple(workbook))


@dataclass(frozen=True)
class _Known:
    """The ids that are there."""

    place: Place
    protocol: Protocol
    bearers: tuple[Bearer, ...]

    def column(self, name: str, sheet: str = "") -> dict[str, Path]:
        """Give the words of a column wherever it stands, each with the first file that has it."""
        found: dict[str, Path] = {}
        for bearer in self.bearers:
            if not sheet or bearer.sheet == sheet:
                for row in read_table(bearer.path):
                    found.setdefault(row.cells.get(name, ""), bearer.path)
        found.pop("", None)
        return found

    def arms(self) -> dict[str, dict[str, str]]:
        """Give each study's arms with their roles, as the sheet that analyses read has them."""
        arms: dict[str, dict[str, str]] = {}
        for bearer in self.bearers:
            for row in read_table(bearer.path) if (bearer.sheet, bearer.of) == ("arms", OWN) else ():
                cells = row.cells
                arms.setdefault(cells.get("study", ""), {})[cells.get("arm", "")] = cells.get("role", "")
        return arms


def _renaming(known: _Known, what: What, old: str, new: str) -> Renaming:
    """Make sure that the old id is there and the new one is free, and say what it means.

    Raises
    ------
    ExtractionError
        Every reason why it cannot be.
    """
    if what == "arm":
        study, slash, arm = old.rpartition("/")
        renaming, defined, taken = _arm(known, study, arm, new) if slash else _role(known, old, new)
    else:
        taken = known.column(what)
        where = known.place.protocol if what == "outcome" else known.place.sheets / "studies.csv"
        outcomes = {outcome.id: where for outcome in known.protocol.outcomes}
        defined = outcomes if what == "outcome" else known.column("study", "studies")
        folded = not case_twin(old, defined)
        spelled = {
            name: path for name, path in taken.items() if not folded or name.casefold() != old.casefold()
        }
        taken = {**spelled, **defined}
        renaming = Renaming(what, old, new, folded=folded)
    problems = list(_faults(what, renaming, defined, taken))
    if problems:
        raise ExtractionError(problems)
    return renaming


def _role(known: _Known, old: str, new: str) -> tuple[Renaming, dict[str, Path], dict[str, Path]]:
    defined = {arm.id: known.place.protocol for arm in known.protocol.arms}
    arms = known.arms()
    follow = frozenset(study for study, own in arms.items() if own.get(old) == old)
    in_the_way = {
        name: known.place.sheets / "arms.csv"
        for study in follow
        for name in arms[study]
        if name.casefold() == new.casefold() and name != old
    }
    taken = {**known.column("role", "arms"), **in_the_way, **defined}
    return Renaming("role", old, new, follow, not case_twin(old, taken)), defined, taken


def _arm(known: _Known, study: str, old: str, new: str) -> tuple[Renaming, dict[str, Path], dict[str, Path]]:
    arms = known.arms()
    path = known.place.sheets / "arms.csv"
    if study not in arms:
        raise ExtractionError(f'{path} has no arms of a study "{study}"; {did_you_mean(study, list(arms))}')
    own = dict.fromkeys(arms[study], path)
    return Renaming("arm", old, new, frozenset({study}), not case_twin(old, own)), own, own


def _faults(
    what: str, renaming: Renaming, defined: Mapping[str, Path], taken: Mapping[str, Path]
) -> Iterator[str]:
    old, new = renaming.old, renaming.new
    if old not in defined:
        yield f'there is no {what} "{old}" to rename; {did_you_mean(old, list(defined))}'
    if old == new:
        yield f'the {what} is called "{old}" already; give it another id.'
        return
    fault = name_fault(new)
    if fault:
        yield f'"{new}" cannot be the id of {_a(what)}; {fault}.'
    if what == "arm" and new.casefold() == TOTAL:
        yield f'"{new}" cannot be the id of an arm; it stands for all arms together.'
    twin = new if new in taken else case_twin(new, (name for name in taken if name != old))
    if twin:
        why = "it is taken" if twin == new else f'it differs from "{twin}" only by capitals'
        yield f'"{new}" cannot be the new id: {why} in {taken[twin]}. Choose an id that nothing has.'


def _a(what: str) -> str:
    return f"an {what}" if what[0] in "aeiou" else f"a {what}"


def _edits(place: Place, known: _Known, renaming: Renaming) -> Iterator[tuple[Path, tuple[bytes, int]]]:
    """Give every file of the review in which the id may stand: its new bytes, and how many places change."""
    if renaming.kind != "arm":
        kind: What = "arm" if renaming.kind == "role" else renaming.kind  # type: ignore[assignment]
        text = read_text(place.protocol)
        edited = rename_in_plan(text, place.protocol, kind, renaming.old, renaming.new)
        yield place.protocol, (encoded_as(edited.text, read_bytes(place.protocol)), edited.places)
    for bearer in known.bearers:
        yield bearer.path, _edited(bearer, renaming)
    yield from rename_in_ledger(place.sheets, renaming)
    previous = place.screened / PREVIOUS
    if renaming.kind == "study" and is_there(previous):
        yield previous, _edited(Bearer(previous, "previous", OWN), renaming)


def _edited(bearer: Bearer, renaming: Renaming) -> tuple[bytes, int]:
    change = renaming.change(bearer)
    sheet = read_sheet_text(bearer.path)
    places = sum(len(change(row.cells)) for row in sheet.table)
    return sheet.edited(change), places


def named_in_words(files: Iterable[Path], name: str) -> Iterator[str]:
    """Say where an id still stands in people's own words (notes, titles), which are not changed."""
    alone = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
    for path in files:
        lines = [n for n, line in enumerate(read_text(path).splitlines(), 1) if alone.search(line)]
        if lines:
            yield f"{path}: line{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines[:12]))}"
