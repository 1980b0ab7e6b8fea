"""Several studies of the sheets become one, because they are reports of one investigation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from metareview.errors import ExtractionError, did_you_mean
from metareview.extraction.bearers import CODE, OWN, Bearer, find_bearers
from metareview.extraction.columns import SHEETS
from metareview.extraction.grids import identity, split_many
from metareview.extraction.identities import read_identified
from metareview.extraction.joining import JOINED, YES, joined_text, read_joined
from metareview.extraction.leaving import REMOVED
from metareview.extraction.merging import Change, Removed
from metareview.extraction.recording import Signature, record_changes, record_removed
from metareview.extraction.sheet_text import SheetText, read_sheet_text
from metareview.extraction.updating import (
    WORKBOOK,
    refuse_unreturned,
    write_workbook,
)
from metareview.files import encoded_as, is_there, read_bytes, read_text, remove, write_atomically
from metareview.journal import all_or_none
from metareview.locks import locked
from metareview.protocol import parse_protocol
from metareview.protocol.editing import Exclusion, edit_exclusions, read_exclusions
from metareview.review.ledger import (
    ANALYSIS,
    PROTOCOL,
    Merge,
    Touched,
    keep_copies,
    read_merges,
    write_merges,
)
from metareview.review.place import Place
from metareview.review.renaming import PREVIOUS
from metareview.review.uniting import Group, United, unite_rows
from metareview.tables import read_table


@dataclass
class MergePlan:
    """What a merge is going to write.

    Attributes
    ----------
    made : the new bytes of each file, by its name in the ledger
    touched : every row that changes
    removed : rows that leave the sheets that analyses read
    conflicts, notes : sentences
    """

    made: dict[str, bytes] = field(default_factory=dict)
    touched: list[Touched] = field(default_factory=list)
    removed: list[Removed] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Told:
    """What a merge did: the reports that are now one study's, rows moved and left, and what to know."""

    kept: str
    reports: tuple[str, ...]
    moved: int
    removed: int
    notes: tuple[str, ...]


def merge_studies(place: Place, studies: Sequence[str], signature: Signature) -> Told:
    """Make one study of several; the first keeps its id.

    Raises
    ------
    MetareviewError
        When a study is not there, two of their rows contradict each other, or the workbook holds entries
        that were not brought back: all of it at once, and nothing is written.
    """
    folder = place.sheets
    with locked(folder), all_or_none(folder):
        group = _group(place, studies)
        refuse_unreturned(folder)
        plan = _plan(place, group, signature)
        if plan.conflicts:
            raise ExtractionError(plan.conflicts)
        return _write(place, group, plan, signature)


def paths_of(place: Place) -> dict[str, Path]:
    """Give every file that a merge may change, by its name in the ledger."""
    folder = place.sheets
    paths = {bearer.path.relative_to(folder).as_posix(): bearer.path for bearer in find_bearers(folder)}
    return paths | {
        PROTOCOL: place.protocol,
        JOINED: folder / JOINED,
        REMOVED: folder / REMOVED,
        PREVIOUS: place.screened / PREVIOUS,
    }


def _group(place: Place, studies: Sequence[str]) -> Group:
    path = place.sheets / "studies.csv"
    known = read_table(path).column("study") if is_there(path) else []
    problems = [
        f'{path} has no study "{name}"; {did_you_mean(name, known)}' for name in studies if name not in known
    ]
    if len(set(studies)) < max(len(studies), 2):
        problems.append(f"{', '.join(studies)}: name two studies or more, each once; the first keeps its id.")
    if problems:
        raise ExtractionError(problems)
    return Group(tuple(studies))


def _plan(place: Place, group: Group, signature: Signature) -> MergePlan:
    plan, gone = MergePlan(), _Gone()
    files = sorted(find_bearers(place.sheets), key=lambda bearer: bearer.of == CODE)
    for bearer in files:
        if bearer.path.name != JOINED:
            _plan_file(place, bearer, group, plan, gone)
    previous = Bearer(place.screened / PREVIOUS, "previous", OWN)
    if is_there(previous.path):
        _plan_file(place, previous, group, plan, gone)
    filled = _with_numbers(files)
    plan.conflicts += _exclusion_faults(place, group, filled)
    _plan_protocol(place, group, filled, plan)
    _plan_answers(place, group, signature, plan)
    return plan


class _Gone(dict[str, set[str]]):
    """Per sheet, the ids of the rows that leave."""

    def __init__(self) -> None:
        super().__init__({name: set() for name in SHEETS if name != "studies"})


def _plan_file(place: Place, bearer: Bearer, group: Group, plan: MergePlan, gone: _Gone) -> None:
    sheet = read_sheet_text(bearer.path)
    said = unite_rows(bearer, sheet, group, gone)
    plan.conflicts += said.conflicts
    plan.notes += said.notes
    if not said.changes:
        return
    name = PREVIOUS if bearer.sheet == "previous" else bearer.path.relative_to(place.sheets).as_posix()
    plan.made[name] = _edited(sheet, said)
    for row in sheet.table:
        if row.line in said.changes:
            change = said.changes[row.line]
            plan.touched.append(Touched(name, row.cells, None if change is None else {**row.cells, **change}))
            if change is None and bearer.of == OWN and bearer.sheet in SHEETS:
                gone.get(bearer.sheet, set()).add(row.cells.get("row", ""))
                reason = f"put into {said.into.get(row.line, group.kept)} when studies were merged"
                mark = identity(SHEETS[bearer.sheet], row.cells)
                plan.removed.append(Removed(bearer.sheet, mark, row.cells, reason))


def _edited(sheet: SheetText, said: United) -> bytes:
    # rows are told apart by where they stand: two may hold the very same cells
    lines = iter([row.line for row in sheet.table])
    return sheet.edited(lambda cells: said.changes.get(next(lines), {}))


def _with_numbers(files: Sequence[Bearer]) -> set[str]:
    """Give the studies of which a row of the sheets is filled in."""
    filled: set[str] = set()
    for bearer in files:
        if bearer.of == OWN and bearer.sheet in ("results", "contrasts"):
            given = {column.name for column in SHEETS[bearer.sheet].columns if column.given}
            for row in read_table(bearer.path):
                if any(text for name, text in row.cells.items() if name not in given):
                    filled.add(row.cells.get("study", ""))
    return filled


def _exclusion_faults(place: Place, group: Group, filled: set[str]) -> Iterator[str]:
    """Refuse to let numbers in, or keep them out, by the merge alone."""
    path = place.sheets / "studies.csv"
    reasons = {row.cells["study"]: row.cells.get("exclude", "") for row in read_table(path)}
    yield from _mixed(group, filled, {s: r for s, r in reasons.items() if r}, f"{path}: the column exclude")
    for found in read_exclusions(read_text(place.protocol), place.protocol):
        yield from _mixed(
            group, filled, found.reasons, f'{place.protocol}: exclude of analysis "{found.analysis}"'
        )


def _mixed(group: Group, filled: set[str], reasons: Mapping[str, str], where: str) -> Iterator[str]:
    out = [study for study in group.studies if study in reasons and study in filled]
    into = [study for study in group.studies if study not in reasons and study in filled]
    if out and into:
        yield (
            f"{where} keeps out {', '.join(out)} and not {', '.join(into)}; as one study it is in or out. "
            "Name them all there, or none, then merge again."
        )


def _plan_protocol(place: Place, group: Group, filled: set[str], plan: MergePlan) -> None:
    """Let the tables of excluded studies follow."""
    text = read_text(place.protocol)

    def change(found: Exclusion) -> dict[str, str]:
        return _followed(found.reasons, group, filled)

    edited = edit_exclusions(text, place.protocol, change)
    if not edited.places:
        return
    plan.made[PROTOCOL] = encoded_as(edited.text, read_bytes(place.protocol))
    before = read_exclusions(text, place.protocol)
    after = {found.analysis: found.reasons for found in read_exclusions(edited.text, place.protocol)}
    for found in before:
        now = after.get(found.analysis, {})
        if now != found.reasons:
            mark = {ANALYSIS: found.analysis}
            plan.touched.append(Touched(PROTOCOL, {**found.reasons, **mark}, {**now, **mark}))


def _followed(reasons: Mapping[str, str], group: Group, filled: set[str]) -> dict[str, str]:
    """Say what becomes of the group's entries in a table of reasons.

    The kept study stays out when those with numbers are out; an entry of a study without numbers goes
    when the others are in.
    """
    named = [study for study in group.studies if study in reasons]
    if not named:
        return {}
    others_in = any(study in filled and study not in reasons for study in group.studies)
    first = group.kept if group.kept in named else named[0]
    changes = {study: "" for study in named if others_in or study != first}
    if not others_in and first != group.kept:
        changes[first] = group.kept
    return changes


def _plan_answers(place: Place, group: Group, signature: Signature, plan: MergePlan) -> None:
    """Remember that the reports are one study's, so that they are neither asked for nor split again."""
    path = place.sheets / JOINED
    reports = _reports_of(place, group)
    mine = {report.casefold() for report in reports}
    answers = read_joined(place.sheets)
    rows = [row.cells for row in read_table(path)] if answers else []
    kept, earlier = [], []
    for cells, answer in zip(rows, answers, strict=True):
        ours, own_report = answer.study in group, answer.report.casefold() in mine
        moved = {**cells, "study": group.kept} if ours else dict(cells)
        goes = (ours or own_report) if answer.yes else (ours and own_report)
        if answer.yes and ours and not own_report:
            earlier.append(answer.report)
        if not goes:
            kept.append(moved)
        if goes or moved != cells:
            plan.touched.append(Touched(JOINED, cells, None if goes else moved))
    mark = {"study": group.kept, "answer": YES, "who": signature.who, "when": signature.when}
    added = [{**mark, "report": report} for report in dict.fromkeys([*reports, *earlier])]
    plan.touched += [Touched(JOINED, None, cells) for cells in added]
    plan.made[JOINED] = joined_text([*kept, *added])


def _reports_of(place: Place, group: Group) -> list[str]:
    rows = {
        row.cells["study"]: row.cells.get("reports", "") for row in read_table(place.sheets / "studies.csv")
    }
    return list(dict.fromkeys(report for study in group.studies for report in split_many(rows[study])))


def _write(place: Place, group: Group, plan: MergePlan, signature: Signature) -> Told:
    folder, paths = place.sheets, paths_of(place)
    merges = read_merges(folder)
    number = max((merge.number for merge in merges), default=0) + 1
    touched = plan.touched + _removed_rows(folder, plan, signature)
    keep_copies(folder, number, paths, plan.made)
    for name, raw in plan.made.items():
        write_atomically(paths[name], raw)
    write_merges(folder, [*merges, Merge(number, signature, group.kept, group.studies[1:], tuple(touched))])
    told = [
        Change("studies", study, "study", study, f"merged into {group.kept}") for study in group.studies[1:]
    ]
    record_changes(folder, told, signature)
    renew_workbook(place)
    moved = sum(one.after is not None and one.file in _sheet_files() for one in plan.touched)
    reports = read_table(folder / "studies.csv")
    own = next(row.cells for row in reports if row.cells["study"] == group.kept)
    return Told(
        group.kept, tuple(split_many(own.get("reports", ""))), moved, len(plan.removed), tuple(plan.notes)
    )


def _sheet_files() -> set[str]:
    return {f"{name}.csv" for name in SHEETS if name != "studies"}


def _removed_rows(folder: Path, plan: MergePlan, signature: Signature) -> list[Touched]:
    """Record the rows that left; the record is taken back with them."""
    path = folder / REMOVED
    before = len(read_table(path)) if is_there(path) else 0
    if not plan.removed:
        return []
    copy = read_bytes(path) if is_there(path) else None
    record_removed(folder, plan.removed, signature)
    plan.made[REMOVED] = read_bytes(path)
    rows = [Touched(REMOVED, None, row.cells) for row in read_table(path).rows[before:]]
    put_back(path, copy)
    return rows


def put_back(path: Path, raw: bytes | None) -> None:
    """Let a file hold what it held; ``None`` for no file."""
    if raw is None:
        remove(path)
    else:
        write_atomically(path, raw)


def renew_workbook(place: Place) -> None:
    """Make the workbook anew, if there is one."""
    if is_there(place.sheets / WORKBOOK):
        protocol = parse_protocol(read_text(place.protocol), place.protocol)
        write_workbook(place.sheets, read_identified(place.sheets), protocol)
