"""Which included studies may be one, and a person's no to it."""

from __future__ import annotations

from collections.abc import Sequence

from metareview.errors import ExtractionError, did_you_mean
from metareview.extraction.grids import read_grids, split_many
from metareview.extraction.joining import (
    JOINED,
    NO,
    Pair,
    joined,
    joined_text,
    read_joined,
    undecided,
)
from metareview.extraction.leaving import GENERATED, read_removed
from metareview.extraction.recording import Signature
from metareview.extraction.study_ids import with_ids
from metareview.extraction.template import Included
from metareview.files import is_there, write_atomically
from metareview.locks import locked
from metareview.review.place import Place
from metareview.tables import read_table


def undecided_pairs(place: Place, included: Sequence[Included]) -> list[Pair]:
    """Give the pairs of included studies that share a registry number and that nobody has judged."""
    ours, generated = read_grids(place.sheets), read_grids(place.sheets / GENERATED)
    answers = read_joined(place.sheets)
    known = with_ids(included, ours, generated, read_removed(place.sheets))
    return list(undecided(joined(known, answers), answers))


def keep_apart(place: Place, study: Included, other: Included, signature: Signature) -> None:
    """Remember that two studies are not one, so that nobody is asked again."""
    with locked(place.sheets):
        read_joined(place.sheets)
        path = place.sheets / JOINED
        rows = [row.cells for row in read_table(path)] if is_there(path) else []
        mark = {"study": study.study, "answer": NO, "who": signature.who, "when": signature.when}
        added = [{**mark, "report": report} for report in other.reports or (other.study,)]
        write_atomically(path, joined_text([*rows, *(row for row in added if row not in rows)]))


def in_sheets(place: Place, names: Sequence[str]) -> list[Included]:
    """Return studies of the sheets by their ids.

    Raises
    ------
    ExtractionError
        When one is not there.
    """
    path = place.sheets / "studies.csv"
    rows = {row.cells.get("study", ""): row.cells for row in read_table(path)} if is_there(path) else {}
    unknown = [name for name in names if name not in rows]
    if unknown:
        raise ExtractionError(f'{path} has no study "{n}"; {did_you_mean(n, list(rows))}' for n in unknown)
    return [
        Included(name, rows[name].get("label", ""), reports=tuple(split_many(rows[name].get("reports", ""))))
        for name in names
    ]
