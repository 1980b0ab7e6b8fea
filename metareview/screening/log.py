"""Decision files: one per reviewer, only ever added to, safe against a killed process.

The date is the last cell of a row and has a fixed form, so a row that was cut off while it was
being written can be told from one that merely lacks its line break.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from metareview.errors import FileError, ScreeningError
from metareview.files import decode, read_bytes
from metareview.screening.decision import (
    COLUMNS,
    CONSENSUS,
    PREVIOUS,
    WITHDRAWN,
    Decision,
    decision_faults,
    from_cells,
    is_date,
    to_cells,
    valid_reviewer,
)
from metareview.tables import Row, Table, parse_table, write_table

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_SEPARATOR = re.compile(r"[,;\t]")
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


def log_path(folder: str | Path, reviewer: str) -> Path:
    """Say where a reviewer's decisions are kept.

    Raises
    ------
    ScreeningError
        When the name cannot name a reviewer.
    """
    if reviewer != CONSENSUS and not valid_reviewer(reviewer):
        raise ScreeningError(
            f'"{reviewer}" cannot name a reviewer; use initials or a name of letters, digits, blanks, dots '
            'and hyphens (not "consensus" or "previous").'
        )
    return Path(folder) / f"{reviewer}.csv"


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
    paths = sorted(p for p in Path(folder).glob("*.csv") if not p.name.startswith(".") and p.stem != PREVIOUS)
    allowed = None if reasons is None else tuple(reasons)
    logs: list[DecisionLog] = []
    problems: list[str] = []
    for path in sorted(paths, key=lambda p: (p.stem == CONSENSUS, p.stem)):
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
    text = decode(whole, path)
    notes = (_cut_note(path, text, cut),) if cut else ()
    if not text.strip():
        return DecisionLog(path.stem, (), notes)
    table = parse_table(text, path)
    missing = [c for c in NEEDED if c not in table.columns]
    if missing:
        raise ScreeningError(
            f"{path}:1: column {c} is missing; a decision file has {', '.join(COLUMNS)}." for c in missing
        )
    return DecisionLog(path.stem, _decisions(table, path, reasons), notes)


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
    if owner not in (CONSENSUS, decision.reviewer):
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
    dated_last = (head or tail).split(b"\n", 1)[0].strip(b' "\r').endswith(b"date")
    ends_in_date = is_date(_SEPARATOR.split(tail.decode("utf-8", "replace"))[-1].strip(' "\r'))
    whole = ends_in_date if line_break else tail.strip() == ",".join(COLUMNS).encode()
    return (raw, b"") if whole or (line_break and not dated_last) else (head + line_break, tail)


def _cut_note(path: Path, text: str, cut: bytes) -> str:
    line = text.count("\n") + 1
    start = cut[:60].decode("utf-8", "replace")
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
    made = list(decisions)
    path = log_path(folder, owner)
    problems = [
        f"{d.record}: {fault}" for d in made for fault in (*decision_faults(d), *_owner_faults(d, owner))
    ]
    if problems:
        raise ScreeningError(problems)
    header = write_table(COLUMNS, [])
    rows = write_table(COLUMNS, [to_cells(d) for d in made]).removeprefix(header)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _append(path, rows)
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror or error}.") from None
    return path


def _append(path: Path, rows: str) -> None:
    """Write behind the last whole row, in one piece, and flush it to the disk."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        start = _settle(descriptor, path)
        os.write(descriptor, (start + rows).encode("utf-8"))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _settle(descriptor: int, path: Path) -> str:
    """Make the file ready for another row: say the header, end the last line, drop a cut one."""
    raw = path.read_bytes()
    whole, cut = _whole_rows(raw)
    if cut:
        os.ftruncate(descriptor, len(whole))
    if not whole.strip():
        return write_table(COLUMNS, [])
    _check_form(whole, path)
    return "" if whole.endswith(b"\n") else "\n"


def _check_form(raw: bytes, path: Path) -> None:
    """Refuse to add rows to a file that a program has saved in another form than ours."""
    try:
        table = parse_table(raw.decode("utf-8-sig"), path)
    except UnicodeDecodeError:
        raise FileError(f"{path} is not UTF-8; save it as UTF-8 before decisions are added to it.") from None
    if table.columns != COLUMNS or table.separator != ",":
        raise FileError(
            f"{path}:1: the columns are {table.separator.join(table.columns)}; rows can only be added to "
            f"a file with {','.join(COLUMNS)}."
        )
