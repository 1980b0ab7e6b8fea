"""Two extractors: their sheets compared cell by cell, with the agreement of each column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from metareview.errors import ExtractionError
from metareview.extraction.cells import Fault, read_cell
from metareview.extraction.columns import SHEETS, Column, SheetKind
from metareview.extraction.drafts import drafts_of
from metareview.extraction.grids import Cells
from metareview.files import files_in, is_there
from metareview.names import case_twin, person_fault
from metareview.tables import read_table

COMPARED = ("results", "contrasts")
_SOURCE = ("report", "location", "quote")
# columns about the reading itself; two extractors need not write the same there
_OWN = frozenset({"row", "note", "checked", "extractor", "date", *_SOURCE})
_NUMERIC = frozenset({"count", "number", "positive", "percent", "p", "level"})


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell that two extractors filled in, or one of them.

    Attributes
    ----------
    sheet, key, column : which; ``key`` by the names of the sheet's key columns
    status : ``agree``, ``differ``, or ``only`` with an extractor's name
    values : what each wrote, by extractor
    sources : where each read it (report, location, quote), by extractor
    """

    sheet: str
    key: Cells
    column: str
    status: str
    values: Mapping[str, str]
    sources: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FieldAgreement:
    """How far two extractors agree on one column.

    Attributes
    ----------
    cells, agreeing : cells that both filled in, and those in which they agree
    percent : the agreeing share, with its 95% interval (Wilson 1927); fractions
    kappa : Cohen's kappa of a column of words, with its 95% interval; ``None`` when it is not defined
    icc : ICC(2,1) of a column of numbers, absolute agreement (McGraw & Wong 1996), likewise
    one_sided : cells that only one of the two filled in
    """

    sheet: str
    column: str
    cells: int
    agreeing: int
    one_sided: int
    percent: tuple[float, float, float] | None
    kappa: tuple[float, float, float] | None = None
    icc: tuple[float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two extractors' sheets side by side."""

    extractors: tuple[str, str]
    cells: tuple[Cell, ...]
    rows: Mapping[str, Mapping[str, Mapping[tuple[str, ...], Cells]]]
    tolerance: float

    @property
    def open(self) -> tuple[Cell, ...]:
        """The cells that somebody has to decide."""
        return tuple(cell for cell in self.cells if cell.status != "agree")

    def agreement(self) -> tuple[FieldAgreement, ...]:
        """Give the agreement of every column that somebody filled in."""
        groups: dict[tuple[str, str], list[Cell]] = {}
        for cell in self.cells:
            groups.setdefault((cell.sheet, cell.column), []).append(cell)
        return tuple(_field(sheet, column, cells) for (sheet, column), cells in groups.items())


def find_extractors(folder: str | Path) -> list[str]:
    """Give the names in ``results.NAME.csv`` and ``contrasts.NAME.csv``.

    A sheet with a column ``extractor`` that names exactly two is not split: each extractor works in a
    file of their own, so that neither sees the other's numbers.

    Raises
    ------
    ExtractionError
        When one cannot be a person's name, or two differ only by capitals.
    """
    found = {
        path: path.name.removeprefix(f"{sheet}.").removesuffix(".csv")
        for sheet in COMPARED
        for path in files_in(folder, f"{sheet}.*.csv")
    }
    names = sorted(set(found.values()))
    problems = [
        f'{path}: "{name}" cannot name an extractor; {fault}. Rename the file, or move it away.'
        for path, name in found.items()
        if (fault := _name_fault(name))
    ]
    problems += [
        f'{folder} has sheets of "{name}" and of "{twin}", which differ only by capitals; rename one of them.'
        for name in names
        if name < (twin := case_twin(name, names))
    ]
    if problems:
        raise ExtractionError(problems)
    return names


def _name_fault(name: str) -> str:
    return "a dot stands in it" if "." in name else person_fault(name)


def compare_extractors(folder: str | Path, *, tolerance: float = 0.0) -> Comparison:
    """Compare the two extractors' sheets of a folder.

    Parameters
    ----------
    folder
        Where ``results.AB.csv``, ``results.CD.csv`` (and ``contrasts.…``) lie.
    tolerance
        How far two numbers may lie apart and still agree, as a fraction of the larger (0.01 is 1%).

    Raises
    ------
    ExtractionError
        When there are not exactly two extractors, or their sheets have faults.
    """
    names = find_extractors(folder)
    if len(names) != 2:
        found = f"there are {len(names)} ({', '.join(names)})" if names else "there is none"
        raise ExtractionError(
            f"{folder} needs the sheets of two extractors, such as results.AB.csv and results.CD.csv; "
            f"{found}."
        )
    if not 0 <= tolerance < 1:
        raise ExtractionError(f"The tolerance is {tolerance:g}; a fraction from 0 to less than 1 is needed.")
    one, two = names
    problems: list[str] = []
    rows = {
        sheet: {name: _keyed(Path(folder) / f"{sheet}.{name}.csv", SHEETS[sheet], problems) for name in names}
        for sheet in COMPARED
    }
    if problems:
        raise ExtractionError(problems)
    cells = [
        cell for sheet in COMPARED for cell in _compare(SHEETS[sheet], (one, two), rows[sheet], tolerance)
    ]
    return Comparison((one, two), tuple(cells), rows, tolerance)


def _keyed(path: Path, kind: SheetKind, problems: list[str]) -> dict[tuple[str, ...], Cells]:
    """Read one extractor's sheet by key; faults are added to ``problems``."""
    rows: dict[tuple[str, ...], Cells] = {}
    if not is_there(path):
        return rows
    for draft, faults in drafts_of(read_table(path), kind):
        problems += [str(fault) for fault in faults if fault.column != "row"]
        key = tuple(" ".join(part.split()).casefold() for part in draft.key(*kind.key))
        if key in rows:
            problems.append(f"{path}:{draft.line}: the row stands twice; keep one of the two.")
        rows[key] = draft.cells
    return rows


def _compare(
    kind: SheetKind,
    names: tuple[str, str],
    rows: Mapping[str, Mapping[tuple[str, ...], Cells]],
    tolerance: float,
) -> Iterator[Cell]:
    columns = [c for c in kind.columns if c.name not in _OWN and c.name not in kind.key]
    one, two = (rows[name] for name in names)
    for key in dict.fromkeys((*one, *two)):
        sides = {name: rows[name].get(key, {}) for name in names}
        shown = next(side for side in sides.values() if side)
        named = {column: shown.get(column, "") for column in kind.key}
        sources = {
            name: "; ".join(filter(None, (side.get(s, "") for s in _SOURCE))) for name, side in sides.items()
        }
        for column in columns:
            values = {name: side.get(column.name, "") for name, side in sides.items()}
            if any(values.values()):
                status = _status(column, values, tolerance)
                yield Cell(kind.name, named, column.name, status, values, sources)


def _status(column: Column, values: Mapping[str, str], tolerance: float) -> str:
    filled = [name for name, text in values.items() if text]
    if len(filled) == 1:
        return f"only {filled[0]}"
    first, second = (_value(text, column) for text in values.values())
    return "agree" if _same(first, second, tolerance) else "differ"


def _value(text: str, column: Column) -> Any:
    value = read_cell(text, column, decimal_comma=False)
    return text if isinstance(value, Fault) else value


def _same(one: Any, two: Any, tolerance: float) -> bool:
    if isinstance(one, str) and isinstance(two, str):
        return " ".join(one.split()).casefold() == " ".join(two.split()).casefold()
    if isinstance(one, int | float) and isinstance(two, int | float):
        return abs(one - two) <= tolerance * max(abs(one), abs(two)) + 1e-12
    return bool(one == two)


def _field(sheet: str, column: str, cells: Sequence[Cell]) -> FieldAgreement:
    both = [cell for cell in cells if not cell.status.startswith("only")]
    agreeing = sum(cell.status == "agree" for cell in both)
    pairs = [tuple(cell.values.values()) for cell in both]
    kind = next(c.kind for c in SHEETS[sheet].columns if c.name == column)
    numeric = kind in _NUMERIC
    return FieldAgreement(
        sheet,
        column,
        len(both),
        agreeing,
        len(cells) - len(both),
        wilson(agreeing, len(both)),
        None if numeric else kappa(pairs),
        icc(_numbers(pairs)) if numeric else None,
    )


def _numbers(pairs: Iterable[tuple[str, ...]]) -> list[tuple[float, float]]:
    column = Column("number", "number", "")
    read = [tuple(_value(text.lstrip("<≤ "), column) for text in pair) for pair in pairs]
    return [(float(a), float(b)) for a, b in read if isinstance(a, float) and isinstance(b, float)]


def wilson(successes: int, n: int) -> tuple[float, float, float] | None:
    """Give a share with its 95% interval (Wilson 1927; statsmodels); ``None`` when there is nothing to count.

    >>> [round(x, 3) for x in wilson(9, 10)]
    [0.9, 0.596, 0.982]
    """
    if n == 0:
        return None
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(successes, n, method="wilson")
    return successes / n, float(low), float(high)


def kappa(pairs: Sequence[tuple[str, ...]]) -> tuple[float, float, float] | None:
    """Give Cohen's kappa of pairs of words with its 95% interval (statsmodels; Fleiss 1969).

    ``None`` when it is not defined: no pairs, or one word alone.
    """
    words = sorted({word.casefold() for pair in pairs for word in pair})
    if len(words) < 2:
        return None
    import numpy as np
    from statsmodels.stats.inter_rater import cohens_kappa

    table = np.zeros((len(words), len(words)))
    for one, two in pairs:
        table[words.index(one.casefold()), words.index(two.casefold())] += 1
    with np.errstate(invalid="ignore"):
        found = cohens_kappa(table)
    values = (float(found.kappa), float(found.kappa_low), float(found.kappa_upp))
    return values if all(isfinite(v) for v in values) else None


def icc(readings: Sequence[Sequence[float]]) -> tuple[float, float, float] | None:
    """Give ICC(2,1), absolute agreement, with its 95% interval.

    McGraw & Wong 1996, table 4 (point) and table 7 (interval), case 2A; Shrout & Fleiss 1979, ICC(2,1).

    Parameters
    ----------
    readings
        One row per thing read, ``(n, k)``: the values of ``k`` readers.

    Returns
    -------
    tuple or None
        Estimate, low, high; ``None`` under three rows, or when they do not vary.
    """
    n, k = len(readings), len(readings[0]) if readings else 0
    if n < 3:
        return None
    from scipy.special import fdtri

    rows, columns, error = _mean_squares(readings)
    bottom = rows + (k - 1) * error + k * (columns - error) / n
    if rows <= 0 or bottom <= 0:
        return None
    r = (rows - error) / bottom
    if error == 0 and columns == 0:
        return 1.0, 1.0, 1.0
    a, b = k * r / (n * (1 - r)), 1 + k * r * (n - 1) / (n * (1 - r))
    df = (a * columns + b * error) ** 2 / (
        (a * columns) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1))
    )
    low_f, high_f = float(fdtri(n - 1, df, 0.975)), float(fdtri(df, n - 1, 0.975))
    inner = k * columns + (k * n - k - n) * error
    low = n * (rows - low_f * error) / (low_f * inner + n * rows)
    high = n * (high_f * rows - error) / (inner + n * high_f * rows)
    return r, low, high


def _mean_squares(readings: Sequence[Sequence[float]]) -> tuple[float, float, float]:
    """Give the mean squares of rows, columns and error of a two-way layout."""
    import numpy as np

    x = np.asarray(readings, dtype=float)
    n, k = x.shape
    by_row, by_column, grand = x.mean(axis=1), x.mean(axis=0), x.mean()
    rows = k * float(((by_row - grand) ** 2).sum()) / (n - 1)
    columns = n * float(((by_column - grand) ** 2).sum()) / (k - 1)
    residuals = x - by_row[:, None] - by_column[None, :] + grand
    return rows, columns, float((residuals**2).sum()) / ((n - 1) * (k - 1))
