"""How much reading would ranking have saved? Screening played again on records whose verdicts are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from pathlib import Path

import numpy as np
import numpy.typing as npt

from metareview.errors import ScreeningError
from metareview.screening.export_text import read_export
from metareview.screening.prioritise import IntArray, relevance, text_features
from metareview.tables import Table, parse_table

LABEL_COLUMNS = (
    "label_included",
    "included",
    "included_label",
    "label",
    "final_included",
    "included_final",
    "included_flag",
    "inclusion",
)
BATCHES = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """What a ranking is worth.

    Attributes
    ----------
    records, relevant : N and P
    wss95 : work saved over sampling at 95 % recall: 1 - k/N - 0.05, with k the records read until
        ceil(0.95 P) relevant ones are found (Cohen 2006)
    k95 : that k
    rrf10 : relevant records found after reading 10 % (ceil(N/10) records), a fraction of P
    atd : average time to discovery: mean rank of the relevant records, a fraction of N (Ferdinands 2023)
    """

    records: int
    relevant: int
    wss95: float
    k95: int
    rrf10: float
    atd: float


@dataclass(frozen=True, slots=True)
class Simulation:
    """Several runs that differ in the records known at the start.

    Attributes
    ----------
    runs : one per seed
    seeds : of the random choice of one relevant and one irrelevant record to begin with
    notes : what a reader must know
    """

    runs: tuple[Performance, ...]
    seeds: tuple[int, ...]
    notes: tuple[str, ...] = (
        "Each run begins with one relevant and one irrelevant record drawn at random; both are counted "
        "as read and the relevant one as found.",
        "The verdicts are those of the file: what the people who made it missed, the simulation cannot find.",
    )

    def mean(self, measure: str) -> float:
        """Average one measure (``wss95``, ``rrf10``, ``atd``) over the seeds."""
        return float(np.mean([getattr(run, measure) for run in self.runs]))

    def spread(self, measure: str) -> tuple[float, float]:
        """Give the lowest and highest value of a measure over the seeds."""
        values = [getattr(run, measure) for run in self.runs]
        return min(values), max(values)


def measure_order(labels: Sequence[int]) -> Performance:
    """Measure an order of reading.

    Parameters
    ----------
    labels : (n,)
        1 for relevant, 0 for not, in the order of reading.

    Raises
    ------
    ScreeningError
        When no record is relevant.

    Examples
    --------
    >>> ranks = [1, 2, 3, 6, 10, 21, 41, 61, 100, 300]
    >>> found = measure_order([int(rank in ranks) for rank in range(1, 1001)])
    >>> round(found.wss95, 4), found.k95, found.rrf10, round(found.atd, 4)
    (0.65, 300, 0.9, 0.0545)
    """
    total = len(labels)
    ranks = np.flatnonzero(np.asarray(labels)) + 1
    if not len(ranks):
        raise ScreeningError("no record is relevant, so there is nothing to find; a label must be 1.")
    k95 = int(ranks[ceil(round(0.95 * len(ranks), 9)) - 1])
    return Performance(
        records=total,
        relevant=len(ranks),
        wss95=1 - k95 / total - 0.05,
        k95=k95,
        rrf10=float((ranks <= ceil(total / 10)).mean()),
        atd=float(ranks.mean()) / total,
    )


def simulate_screening(
    texts: Sequence[str],
    labels: Sequence[int],
    *,
    seeds: Sequence[int] = (0, 1, 2),
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> Simulation:
    """Play prioritised screening on labelled records.

    Parameters
    ----------
    texts, labels : (n,)
        Title with abstract, and 1 for relevant or 0 for not.
    seeds
        One run each.
    tell
        Told how many records were read, of how many, over all runs.

    Raises
    ------
    ScreeningError
        When relevant and irrelevant records are not both there, or scikit-learn is not.
    """
    truth = np.asarray(labels, dtype=np.int64)
    if not 0 < truth.sum() < len(truth):
        raise ScreeningError(
            f"{int(truth.sum())} of {len(truth)} records are relevant; a simulation needs relevant and "
            "irrelevant ones."
        )
    features = text_features(texts)
    everything = len(seeds) * len(truth)
    runs = []
    for done, seed in enumerate(seeds):
        order = _read_in_order(features, truth, seed, partial(_tell_all, tell, done * len(truth), everything))
        runs.append(measure_order([int(x) for x in truth[order]]))
    return Simulation(tuple(runs), tuple(seeds))


def _tell_all(tell: Callable[[int, int], None], before: int, everything: int, read: int) -> None:
    tell(before + read, everything)


def _read_in_order(features: object, truth: IntArray, seed: int, tell: Callable[[int], None]) -> IntArray:
    """Give the order in which the learner has the records read, learning anew after each batch."""
    random = np.random.default_rng(seed)
    start = [int(random.choice(np.flatnonzero(truth == side))) for side in (1, 0)]
    order = start
    batch = max(1, len(truth) // BATCHES)
    unread: npt.NDArray[np.bool_] = np.ones(len(truth), dtype=bool)
    unread[start] = False
    while unread.any():
        known = np.array(order, dtype=np.int64)
        scores = relevance(features, known, truth[known])
        best = np.argsort(np.where(unread, -scores, np.inf), kind="stable")[: min(batch, int(unread.sum()))]
        order += best.tolist()
        unread[best] = False
        tell(len(order))
    return np.array(order, dtype=np.int64)


def read_labelled(path: str | Path, *, label: str = "") -> tuple[list[str], list[int]]:
    """Read labelled records from a CSV with title, abstract and a column of 0 and 1.

    Parameters
    ----------
    path
        The file.
    label
        The column; by default the first there is of ``label_included``, ``included`` and the other
        names that ASReview knows.

    Raises
    ------
    ScreeningError
        When there is no such column or a label is neither 0 nor 1: every line.
    """
    table = parse_table(read_export(path), path)
    column = label or next((c for c in LABEL_COLUMNS if c in table.columns), "")
    if column not in table.columns:
        wanted = column or " or ".join(LABEL_COLUMNS)
        raise ScreeningError(f"{path}:1: there is no column {wanted}; 1 for relevant, 0 for not.")
    titles = [c for c in table.columns if c.casefold() in ("title", "primary_title", "abstract")]
    if not titles:
        raise ScreeningError(f"{path}:1: there is no column title or abstract to learn from.")
    return _texts(table, titles), _labels(table, column, path)


def _texts(table: Table, columns: Sequence[str]) -> list[str]:
    return [" ".join(row.cells[c] for c in columns) for row in table]


def _labels(table: Table, column: str, path: str | Path) -> list[int]:
    problems = [
        f'{path}:{row.line}: {column} is "{row.cells[column]}"; 1 or 0 would be right.'
        for row in table
        if row.cells[column] not in ("0", "1", "0.0", "1.0")
    ]
    if problems:
        raise ScreeningError(problems)
    return [int(float(row.cells[column])) for row in table]
