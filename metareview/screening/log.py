"""Decision files: one per reviewer, only ever added to, safe against a killed process.

The date is the last cell of a row and has a fixed form, so a row that was cut off while it was
being written can be told from one that merely lacks its line break.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from metareview.characters import has_control, printable, storable
from metareview.errors import FileError, ScreeningError
from metareview.files import (
    PENDING,
    append_whole,
    decode,
    files_in,
    is_there,
    read_bytes,
    write_atomically,
)
from metareview.journal import all_or_none
from metareview.locks import locked
from metareview.names import person_key
from metareview.readings import Readings
from metareview.screening.decision import (
    COLUMNS,
    CONSENSUS,
    PREVIOUS,
    STAGES,
    WITHDRAWN,
    Decision,
    decision_faults,
    from_cells,
    is_date,
    reviewer_fault,
    stored,
    to_cells,
)
from metareview.tables import Row, Table, parse_table, require_columns, write_table

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
PATIENCE = 10.0  # seconds to wait while another process adds a decision
NEEDED = ("record_id", "stage", "reviewer", "decision", "date")


@dataclass(frozen=True, slots=True)
class DecisionLog:
    """One file of decisions, in the order they were made.

    Attributes
    ----------
    reviewer : whose file it is (the file's name); ``consensus`` for the agreed ones
    decisions : all of them; a later one about the same record and stage supersedes
    notes : what a reader must know of the file, as a row that was cut off
    """

    reviewer: str
    decisions: tuple[Decision, ...] = ()
    notes: tuple[str, ...] = ()

    def standing(self, stage: str) -> dict[str, Decision]:
        """Give the decisions that stand at a stage, by record: the latest, withdrawn ones left out."""
        latest = {d.record: d for d in self.decisions if d.stage == stage}
        return {record: d for record, d in latest.items() if d.verdict != WITHDRAWN}


def decision_files(folder: str | Path) -> list[Path]:
    """Return every decision file of a review: reviewers by name, the consensus last.

    Raises
    ------
    ScreeningError
        When two files differ only by capitals, which many disks take for one.
    FileError
        When the folder cannot be read.
    """
    paths = [p for p in files_in(folder, "[!.]*") if p.suffix.casefold() == ".csv" and p.stem != PREVIOUS]
    by_person: dict[str, list[Path]] = {}
    for path in paths:
        by_person.setdefault(person_key(path.stem), []).append(path)
    problems = [_twins_fault(same) for same in by_person.values() if len(same) > 1]
    problems += [
        f"{path} may be meant as the consensus; rename it to {CONSENSUS}.csv."
        for path in by_person.get(CONSENSUS, [])
        if path.stem != CONSENSUS
    ]
    if problems:
        raise ScreeningError(problems)
    return sorted(paths, key=lambda p: (p.stem == CONSENSUS, p.stem))


def _twins_fault(paths: Sequence[Path]) -> str:
    first, *others = (path.name for path in paths)
    return (
        f"{paths[0].parent} holds {first} and {' and '.join(others)}, which are one reviewer's, as capitals "
        f"and blanks around a name do not count; put all rows into {first}, those with earlier dates first, "
        "and remove the rest."
    )


def log_path(folder: str | Path, reviewer: str) -> Path:
    """Return where a reviewer's decisions are kept: in the file of that name, however it spells it.

    Raises
    ------
    ScreeningError
        When the name cannot name a reviewer.
    """
    name = storable(reviewer)
    if name != CONSENSUS:
        check_reviewer(name)
    own = [path for path in decision_files(folder) if person_key(path.stem) == person_key(name)]
    return own[0] if own else Path(folder) / f"{name}.csv"


def check_reviewer(name: str) -> None:
    """Refuse a name that cannot name a reviewer's file.

    Raises
    ------
    ScreeningError
        With what is wrong with it.
    """
    fault = reviewer_fault(storable(name))
    if fault:
        raise ScreeningError(f'"{printable(name)}" cannot name a reviewer; {fault}.')


def read_logs(folder: str | Path, *, reasons: Iterable[str] | None = None) -> tuple[DecisionLog, ...]:
    """Read every decision file of a review, reviewers by name, the consensus last.

    Parameters
    ----------
    folder
        ``screened/REVIEW``; one that does not exist holds no decisions.
    reasons
        The ids a reason may have; ``None`` lets any stand.

    Raises
    ------
    ScreeningError
        All faults of all files at once.
    """
    allowed = None if reasons is None else tuple(reasons)
    logs: list[DecisionLog] = []
    problems: list[str] = []
    for path in decision_files(folder):
        try:
            logs.append(read_log(path, reasons=allowed))
        except (ScreeningError, FileError) as error:
            problems += error.problems
    if problems:
        raise ScreeningError(problems)
    return tuple(logs)


def read_log(path: str | Path, *, reasons: Iterable[str] | None = None) -> DecisionLog:
    """Read one file of decisions.

    A last row that was cut off is left out and said in ``notes``: a killed process writes no
    decision by halves.

    Raises
    ------
    ScreeningError
        All faults at once.
    FileError
        When the file is no table.
    """
    path = Path(path)
    whole, cut = _whole_rows(read_bytes(path))
    text, *notes = _text(whole, path)
    notes += [_cut_note(path, text, cut)] if cut else []
    reviewer = storable(path.stem)
    if not text.strip():
        return DecisionLog(reviewer, (), tuple(notes))
    table = parse_table(text, path)
    require_columns(table, NEEDED)
    return DecisionLog(reviewer, _decisions(table, path, reasons), tuple(notes))


def _text(raw: bytes, path: Path) -> tuple[str, ...]:
    """Return a file's text, and a note where keys pressed by mistake left controls in it."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return (decode(raw, path),)
    if "\0" in text or not has_control(text):
        return (decode(raw, path),)
    return text, f"{path}: control characters, as an arrow key leaves them in a note, are passed over."


def _decisions(table: Table, path: Path, reasons: Iterable[str] | None) -> tuple[Decision, ...]:
    allowed = None if reasons is None else tuple(reasons)
    problems: list[str] = []
    found = []
    for row in table:
        decision, faults = _decision(row, path.stem, allowed)
        found.append(decision)
        problems += [f"{path}:{row.line}: {fault}" for fault in faults]
    if problems:
        raise ScreeningError(problems)
    return tuple(found)


def _decision(row: Row, owner: str, reasons: Sequence[str] | None) -> tuple[Decision, list[str]]:
    decision, fault = from_cells(row.cells)
    return decision, [
        *([fault] if fault else []),
        *decision_faults(decision, reasons),
        *_owner_faults(decision, owner),
    ]


def _owner_faults(decision: Decision, owner: str) -> Iterator[str]:
    if owner != CONSENSUS and person_key(owner) != person_key(decision.reviewer):
        yield f'reviewer is "{decision.reviewer}"; only "{owner}" writes this file.'
    if owner == CONSENSUS and decision.reviewer.casefold() in ("", CONSENSUS):
        yield f'reviewer is "{decision.reviewer}"; a consensus needs the names of those who agreed.'


def _whole_rows(raw: bytes) -> tuple[bytes, bytes]:
    """Split a file into its whole rows and a last one that was cut off, if any.

    Bytes, not text: the cut may fall inside a character.
    """
    head, line_break, tail = raw.rpartition(b"\n")
    if not tail.strip() or raw.startswith(_UTF16):
        return raw, b""
    if not line_break:
        return (raw, b"") if tail.strip() == ",".join(COLUMNS).encode() else (b"", tail)
    dated_last = head.split(b"\n", 1)[0].strip(b' "\r').endswith(b"date")
    return (head + line_break, tail) if dated_last and not _ends_in_a_row(raw) else (raw, b"")


def _ends_in_a_row(raw: bytes) -> bool:
    """Check whether the last row, which lacks its line break, is whole: as wide as the header, and dated."""
    try:
        rows = parse_table(raw.decode("utf-8", "replace"), "").rows
    except FileError:
        return False
    return b"\0" not in raw and bool(rows) and is_date(rows[-1].cells.get("date", ""))


def _cut_note(path: Path, text: str, cut: bytes) -> str:
    line = text.count("\n") + 1
    start = printable(cut[:60].decode("utf-8", "replace"))
    return (
        f'{path}:{line}: the last row is cut off ("{start}"); it is left out, as a decision that was '
        "being written when the program was stopped, and its record is asked again."
    )


def append_decision(folder: str | Path, decision: Decision, *, owner: str = "") -> Path:
    """Add one decision to a reviewer's file and wait until the disk has it.

    Parameters
    ----------
    folder
        ``screened/REVIEW``.
    decision
        To be added; faults are refused.
    owner
        Whose file: the decision's reviewer, or ``consensus``.

    Raises
    ------
    ScreeningError
        When the decision cannot be.
    FileError
        When the file cannot be written.
    """
    return append_decisions(folder, [decision], owner=owner or decision.reviewer)


def append_decisions(folder: str | Path, decisions: Iterable[Decision], *, owner: str) -> Path:
    """Add decisions to one file, all or none of them; see :func:`append_decision`."""
    made = checked(decisions, owner)
    log_path(folder, owner)  # refused before the folder is made
    with writing(folder):
        return add_decisions(folder, made, owner=owner)


def append_votes(folder: str | Path, decisions: Iterable[Decision]) -> dict[str, int]:
    """Add every reviewer's decisions to their own file, in all files or in none.

    What stands already is not added again.

    Returns
    -------
    dict
        How many were added, by reviewer.

    Raises
    ------
    ScreeningError
        When a decision cannot be, or two names of one person say different things of a record.
    """
    with writing(folder), all_or_none(folder):
        votes = _by_person(folder, decisions)
        added = {}
        for path, made in votes.items():
            stands = _standing(path)
            fresh = [d for d in made if (d.record, d.stage, d.verdict, d.reason) not in stands]
            if fresh:
                add_decisions(folder, fresh, owner=path.stem)
                added[storable(path.stem)] = len(fresh)
    return added


def _by_person(folder: str | Path, decisions: Iterable[Decision]) -> dict[Path, list[Decision]]:
    """Sort decisions by the file they go to; two spellings of a name are one person."""
    votes: dict[str, list[Decision]] = {}
    for decision in decisions:
        votes.setdefault(person_key(decision.reviewer), []).extend(checked([decision], decision.reviewer))
    problems = [fault for made in votes.values() for fault in _spelling_faults(made)]
    if problems:
        raise ScreeningError(problems)
    return {log_path(folder, made[0].reviewer): made for made in votes.values()}


def _spelling_faults(made: Sequence[Decision]) -> Iterator[str]:
    said: dict[tuple[str, str], Decision] = {}
    for decision in made:
        first = said.setdefault((decision.record, decision.stage), decision)
        if first.reviewer != decision.reviewer and first.verdict != decision.verdict:
            yield (
                f'{decision.record}: "{first.reviewer}" says {first.verdict} and "{decision.reviewer}" says '
                f"{decision.verdict}, but the two names are one person's, as capitals do not count; give one "
                "of them another name."
            )


def _standing(path: Path) -> set[tuple[str, str, str, str]]:
    if not is_there(path):
        return set()
    log = read_log(path)
    return {
        (d.record, d.stage, d.verdict, d.reason) for stage in STAGES for d in log.standing(stage).values()
    }


def writing(folder: str | Path) -> AbstractContextManager[Readings]:
    """Hold the folder of decisions for one writer; others wait for a moment."""
    return locked(folder, patience=PATIENCE)


def checked(decisions: Iterable[Decision], owner: str) -> list[Decision]:
    """Return decisions as a file keeps them.

    Raises
    ------
    ScreeningError
        When one cannot be: what reading would refuse is never written.
    """
    made = [stored(decision) for decision in decisions]
    problems = [
        f"{d.record}: {fault}" for d in made for fault in (*decision_faults(d), *_owner_faults(d, owner))
    ]
    if problems:
        raise ScreeningError(problems)
    return made


def add_decisions(folder: str | Path, decisions: Iterable[Decision], *, owner: str) -> Path:
    """Add decisions to a file whose folder is held by :func:`writing`; see :func:`append_decision`."""
    path = log_path(folder, owner)
    name = storable(path.stem)
    made = [d if owner == CONSENSUS else replace(d, reviewer=name) for d in checked(decisions, owner)]
    header = write_table(COLUMNS, [])
    rows = write_table(COLUMNS, [to_cells(d) for d in made]).removeprefix(header)
    if len(made) == 1 and PENDING.get() is None:
        append_whole(path, lambda before: _settled(before, rows, path))
        return path
    before = read_bytes(path) if is_there(path) else b""  # many rows: a file with all of them takes its place
    kept, addition = _settled(before, rows, path)
    write_atomically(path, before[:kept] + addition)
    return path


def _settled(raw: bytes, rows: str, path: Path) -> tuple[int, bytes]:
    """Return how much of a file stays and what follows: a cut row goes, a header or line break is put in."""
    whole, _ = _whole_rows(raw)
    if not whole.strip():
        return 0, (write_table(COLUMNS, []) + rows).encode("utf-8")
    _check_form(whole, path)
    return len(whole), (rows if whole.endswith(b"\n") else "\n" + rows).encode("utf-8")


def _check_form(raw: bytes, path: Path) -> None:
    """Refuse to add rows to a file that a program has saved in another form than ours."""
    try:
        raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FileError(f"{path} is not UTF-8; save it as UTF-8 before decisions are added to it.") from None
    table = parse_table(_text(raw, path)[0].split("\n", 1)[0], path)
    if table.columns != COLUMNS or table.separator != ",":
        raise FileError(
            f"{path}:1: the columns are {table.separator.join(table.columns)}; rows can only be added to "
            f"a file with {','.join(COLUMNS)}."
        )
