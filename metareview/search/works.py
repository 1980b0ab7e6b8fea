"""Duplicates of a review or of files: find, ask, decide, undo, write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from metareview.errors import FormatError, MetareviewError
from metareview.files import is_there
from metareview.journal import all_or_none
from metareview.locks import locked
from metareview.search.catalogue import read_records
from metareview.search.dedupe import Deduplicated, find_duplicates
from metareview.search.dedupe.merging import Merged, unique_records
from metareview.search.dedupe.table import read_decided, write_duplicates
from metareview.search.formats.reading import Export, read_export
from metareview.search.formats.writing import write_export
from metareview.search.record import Record

TABLE = "duplicates.csv"


@dataclass(frozen=True, slots=True)
class Works:
    """Records with their duplicates told.

    Attributes
    ----------
    records : all of them
    found : what was found
    unique : one merged record for each work
    exports : the files they came from; none for a review
    """

    records: tuple[Record, ...]
    found: Deduplicated
    unique: tuple[Merged, ...]
    exports: tuple[Export, ...] = ()


def dedupe_files(paths: Sequence[Path]) -> Works:
    """Find the duplicates within and between export files.

    Records are named ``FILE:n``: the file's name and the record's number in it, from 1.

    Raises
    ------
    FormatError
        All files that cannot be read.
    """
    exports: list[Export] = []
    problems: list[str] = []
    for path in paths:
        try:
            exports.append(read_export(path))
        except MetareviewError as error:
            problems += error.problems
    if problems:
        raise FormatError(problems)
    names = Counter(path.name for path in paths)
    records = tuple(
        replace(entry.record, id=f"{path.name if names[path.name] == 1 else path}:{n}")
        for path, export in zip(paths, exports, strict=True)
        for n, entry in enumerate(export.entries, 1)
        if entry.record is not None
    )
    found = find_duplicates(records)
    return Works(records, found, tuple(unique_records(records, found)), tuple(exports))


def dedupe_review(folder: Path) -> Works:
    """Find the duplicates of a review, and write ``duplicates.csv``; what people decided stays."""
    return decide_pairs(folder, [])


def _told(folder: Path, decided: Mapping[frozenset[str], str]) -> Works:
    records = tuple(read_records(folder / "records.csv"))
    found = find_duplicates(records, decided)
    write_duplicates(folder / TABLE, found.duplicates)
    return Works(records, found, tuple(unique_records(records, found)))


def decide(folder: Path, pair: tuple[str, str], decision: str) -> Works:
    """Decide of two records of a review, or undo a decision, and find the duplicates anew.

    Parameters
    ----------
    folder
        ``searched/REVIEW``.
    pair
        The ids of the records.
    decision
        ``same``, ``different``, or ``""`` to take back what a person decided.

    Raises
    ------
    FormatError
        When the review has no such record, or the pair is one record.
    """
    return decide_pairs(folder, [(pair, decision)])


def decide_pairs(folder: Path, decisions: Sequence[tuple[tuple[str, str], str]]) -> Works:
    """Decide of pairs of a review, all of them or none, and find the duplicates anew; see :func:`decide`."""
    with locked(folder), all_or_none(folder):
        if decisions:
            _check_pairs(folder / "records.csv", [pair for pair, _ in decisions])
        decided = read_decided(folder / TABLE)
        for pair, decision in decisions:
            decided.pop(frozenset(pair), None)
            if decision:
                decided[frozenset(pair)] = decision
        return _told(folder, decided)


def _check_pairs(path: Path, pairs: Sequence[tuple[str, str]]) -> None:
    known = {record.id for record in read_records(path)}
    problems = [f'{path} has no record "{name}".' for pair in pairs for name in pair if name not in known]
    problems += [f'"{a}" stands twice; two records are needed.' for a, b in pairs if a == b]
    for pair in pairs:
        if sum(set(pair) == set(other) for other in pairs) > 1:
            problems.append(f"{pair[0]} and {pair[1]} are decided of twice; once is needed.")
    if problems:
        raise FormatError(problems)


def write_unique(path: Path, works: Works, inputs: Sequence[Path]) -> None:
    """Write one record for each work.

    Raises
    ------
    FormatError
        When that would write over a file that was read.
    """
    refuse_inputs([path], inputs)
    write_export(path, [merged.record for merged in works.unique])


def refuse_inputs(outputs: Sequence[Path], inputs: Sequence[Path]) -> None:
    """Refuse to write over a file that was read.

    Raises
    ------
    FormatError
        For every such file.
    """
    problems = [
        f"{path} was read as input; give it another name, so that nothing is lost."
        for path in outputs
        if is_there(path) and any(is_there(other) and path.samefile(other) for other in inputs)
    ]
    if problems:
        raise FormatError(problems)
