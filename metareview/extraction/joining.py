"""Two reports of one study: found by what links them, joined by a person's yes, remembered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

from metareview.errors import ExtractionError
from metareview.extraction.grids import Cells, split_many
from metareview.extraction.template import Included
from metareview.files import is_there
from metareview.tables import read_table, require_columns, write_table

JOINED = "joined.csv"
JOINED_COLUMNS = ("study", "report", "answer", "who", "when")
YES, NO = "yes", "no"
# the gravest first: a study one of whose reports was retracted bears that
_STATUS = ("retracted", "expression of concern", "corrected")
_UNIONS = ("reports", "registry")


@dataclass(frozen=True, slots=True)
class JoinAnswer:
    """What a person said of a report: whether it is one of a study."""

    study: str
    report: str
    yes: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """Two studies that share a registry number, and of which nobody has said whether they are one."""

    study: Included
    other: Included
    shared: tuple[str, ...]


def read_joined(folder: str | Path) -> list[JoinAnswer]:
    """Read what people answered.

    Raises
    ------
    FileError
        When columns are missing.
    ExtractionError
        When answers are neither yes nor no: all of them at once.
    """
    path = Path(folder) / JOINED
    if not is_there(path):
        return []
    table = read_table(path)
    require_columns(table, JOINED_COLUMNS[:3])
    problems = [
        f'{path}:{row.line}: answer is "{row.cells["answer"]}"; yes or no would be right.'
        for row in table
        if row.cells["answer"].casefold() not in (YES, NO)
    ]
    if problems:
        raise ExtractionError(problems)
    return [
        JoinAnswer(row.cells["study"], row.cells["report"], row.cells["answer"].casefold() == YES)
        for row in table
    ]


def joined_text(rows: Sequence[Cells]) -> bytes:
    """Return the file of answers; columns that people added stay."""
    columns = dict.fromkeys([*JOINED_COLUMNS, *(name for row in rows for name in row)])
    return write_table(list(columns), rows).encode()


def united(column: str, texts: Sequence[str]) -> str:
    """Return one cell of a study from those of its parts, the first one's text first.

    >>> united("reports", ["pmid:1; doi:a", "pmid:2; DOI:A"]), united("status", ["", "retracted"])
    ('pmid:1; doi:a; pmid:2', 'retracted')
    """
    if column == "status":
        return next((word for word in _STATUS if word in texts), next(filter(None, texts), ""))
    if column in _UNIONS:
        parts: dict[str, str] = {}
        for part in (part for text in texts for part in split_many(text)):
            parts.setdefault(part.casefold(), part)
        return "; ".join(parts.values())
    return next(filter(None, texts), "")


def joined(included: Sequence[Included], answers: Sequence[JoinAnswer]) -> list[Included]:
    """Make one of the included studies that people said are one.

    Parameters
    ----------
    included
        As :func:`~metareview.extraction.study_ids.with_ids` names them.
    answers
        The study bears the id that the answers give it; the report that they list first leads.
    """
    place = {a.report.casefold(): (n, a.study) for n, a in enumerate(answers) if a.yes}
    groups: dict[str, list[tuple[int, Included]]] = {}
    for one in included:
        said = [place[r.casefold()] for r in one.reports if r.casefold() in place]
        order, name = min(said, default=(len(place), one.study))
        groups.setdefault(name, []).append((order, one))
    return [_one_study(name, group, len(place)) for name, group in groups.items()]


def _one_study(name: str, group: Sequence[tuple[int, Included]], unsaid: int) -> Included:
    """Unite the parts that people said are one; a report that they only wrote into a row does not count."""
    ordered = sorted(group, key=lambda part: part[0])
    parts = [one for order, one in ordered if order < unsaid] or [ordered[0][1]]
    if len(parts) == 1:
        return replace(parts[0], study=name)
    cells = [part.cells() for part in parts]
    return replace(
        parts[0],
        study=name,
        registry=united("registry", [c["registry"] for c in cells]),
        reports=tuple(split_many(united("reports", [c["reports"] for c in cells]))),
        status=united("status", [c["status"] for c in cells]),
        numbers=tuple(dict.fromkeys(n for part in parts for n in part.numbers)),
    )


def undecided(included: Sequence[Included], answers: Sequence[JoinAnswer]) -> Iterator[Pair]:
    """Give the pairs of studies that share a registry number and have no answer yet."""
    said = {(a.study, a.report.casefold()) for a in answers}
    holders: dict[str, list[Included]] = {}
    for one in included:
        for number in _numbers(one):
            holders.setdefault(number, []).append(one)
    shared: dict[tuple[str, str], list[str]] = {}
    studies: Mapping[str, Included] = {one.study: one for one in included}
    for number, group in holders.items():
        for one, other in combinations(group, 2):
            shared.setdefault((one.study, other.study), []).append(number)
    for (one_id, other_id), numbers in shared.items():
        one, other = studies[one_id], studies[other_id]
        if not _answered(one, other, said) and not _answered(other, one, said):
            yield Pair(one, other, tuple(numbers))


def _numbers(one: Included) -> list[str]:
    return list(dict.fromkeys("".join(n.split()).upper() for n in (*one.numbers, *split_many(one.registry))))


def _answered(study: Included, other: Included, said: set[tuple[str, str]]) -> bool:
    return any((study.study, report.casefold()) in said for report in other.reports)
