"""When may one stop reading? A test whether enough of the relevant records were found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

import numpy as np
import numpy.typing as npt

from metareview.errors import ScreeningError

CITATION = (
    "Callaghan MW, Müller-Hansen F. Statistical stopping criteria for automated screening in systematic "
    "reviews. Syst Rev 2020;9:273. doi:10.1186/s13643-020-01521-4"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallTest:
    """What reading so far says of the relevant records that are still unread.

    Attributes
    ----------
    total, read, relevant : records in all, records read, relevant ones among them
    target : the recall to be reached, a fraction
    p : P value of the hypothesis that recall is below the target; small means: enough was found
    bound : lower confidence bound of the recall reached (fraction), ``None`` before a relevant record
    level : confidence of the bound
    notes : what a reader must know
    """

    total: int
    read: int
    relevant: int
    target: float
    p: float
    bound: float | None
    level: float
    notes: tuple[str, ...]

    def __str__(self) -> str:
        """Say the result as one sentence."""
        bound = ""
        if self.bound is not None:
            bound = f"; recall is at least {self.bound:.0%} (confidence {self.level:.0%})"
        return (
            f"{self.read} of {self.total} records read, {self.relevant} relevant: P = {self.p:.3g} for "
            f"recall below {self.target:.0%}{bound}."
        )


def recall_test(
    labels: Sequence[int | bool], *, total: int, target: float = 0.95, level: float = 0.95
) -> RecallTest:
    """Test whether the recall reached is below a target.

    Parameters
    ----------
    labels : (n,)
        Whether each record was relevant, in the order of reading.
    total
        Records in all, read and unread.
    target, level
        Recall to be reached, and confidence of the lower bound; fractions.

    Raises
    ------
    ScreeningError
        When more were read than there are, or target or level is no fraction.

    Notes
    -----
    Were the last ``m`` records a random draw from all that were then unread, the number of relevant
    ones among them would be hypergeometric. Under the hypothesis of ``K`` relevant records in all,
    the smallest number with recall below the target, the chance of finding so few is computed for
    every ``m``, and the smallest is P. Prioritised reading finds relevant records sooner than chance
    does, which makes the test conservative.

    References
    ----------
    Callaghan MW, Müller-Hansen F. Syst Rev 2020;9:273, equations 1 to 3.

    Examples
    --------
    >>> found = recall_test([1, 1, 1, 0, 1] + [0] * 400, total=1000)
    >>> found.p < 0.05, found.bound
    (False, 0.44...)
    """
    read, relevant = len(labels), int(np.sum(labels))
    _check(read, total, {"recall target": target, "confidence level": level})
    smallest = floor(relevant / Fraction(str(target))) + 1
    return RecallTest(
        total=total,
        read=read,
        relevant=relevant,
        target=target,
        p=_p_value(np.asarray(labels, dtype=np.int64), total, smallest),
        bound=_lower_bound(np.asarray(labels, dtype=np.int64), total, 1 - level) if relevant else None,
        level=level,
        notes=_notes(read, total),
    )


def _check(read: int, total: int, fractions: Mapping[str, float]) -> None:
    if read > total:
        raise ScreeningError(f"{read} records were read but there are only {total}.")
    for name, value in fractions.items():
        if not 0 < value < 1:
            raise ScreeningError(f"the {name} is {value}; a fraction between 0 and 1 would be right.")


def _notes(read: int, total: int) -> tuple[str, ...]:
    if read == total:
        return ("Every record was read, so nothing is left to miss.",)
    return (
        "The test takes every verdict as right and the target as declared before reading began; the rule "
        "for stopping belongs in the protocol.",
    )


def _p_value(labels: npt.NDArray[np.int64], total: int, relevant: int) -> float:
    """P value of the hypothesis that ``relevant`` records or more are relevant in all."""
    from scipy.stats import hypergeom

    if not len(labels):
        return 1.0
    drawn = np.arange(1, len(labels) + 1)
    found = labels[::-1].cumsum()
    population = total - (len(labels) - drawn)
    there = relevant - (int(labels.sum()) - found)
    possible = there <= population
    chance = hypergeom.cdf(found[possible], population[possible], there[possible], drawn[possible])
    return float(np.min(chance, initial=1.0)) if possible.all() else 0.0


def _lower_bound(labels: npt.NDArray[np.int64], total: int, alpha: float) -> float:
    """Recall if as many were relevant as the test does not yet reject."""
    seen = int(labels.sum())
    low, high = seen, seen + total - len(labels)
    while low < high:
        middle = (low + high + 1) // 2
        if _p_value(labels, total, middle) >= alpha:
            low = middle
        else:
            high = middle - 1
    return seen / low
