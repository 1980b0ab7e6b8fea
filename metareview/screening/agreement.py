"""How far reviewers agree: per cent, kappa, PABAK, AC1, and agreement on each verdict, with intervals.

What is undefined is ``None`` and said in ``notes``: never 0, never not-a-number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from metareview.screening.decision import CONSENSUS, EXCLUDE, INCLUDE, UNCLEAR, Decision
from metareview.screening.log import DecisionLog

FloatArray = npt.NDArray[np.float64]
PARADOX_GAP = 0.2
PREVALENCE = (
    "kappa falls when one verdict is rare, however well reviewers agree, so PABAK and AC1 stand beside it"
)


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A coefficient of agreement with its interval; ``None`` where it is undefined."""

    value: float | None = None
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        """Give ``0.59 (0.43 to 0.75)``, or ``undefined``."""
        if self.value is None:
            return "undefined"
        interval = "" if self.low is None else f" ({self.low:.2f} to {self.high:.2f})"
        return f"{self.value:.2f}{interval}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Agreement of two reviewers on the records both judged.

    Attributes
    ----------
    stage : ``abstract`` or ``full text``
    reviewers : their names
    both, first_only, second_only, neither : records sent forward by both, by one, by none
    percent : observed agreement, a fraction, with Wilson's interval
    kappa : Cohen 1960, interval by Fleiss, Cohen and Everitt 1969
    pabak : prevalence- and bias-adjusted kappa, 2 p - 1 (Byrt, Bishop and Carlin 1993)
    ac1 : Gwet 2008
    positive, negative : agreement on going forward and on exclusion (Cicchetti and Feinstein 1990)
    prevalence, bias : Byrt's indices, |both - neither| / n and |first - second| / n
    notes : what a reader must know
    """

    stage: str
    reviewers: tuple[str, str]
    both: int
    first_only: int
    second_only: int
    neither: int
    percent: Coefficient
    kappa: Coefficient
    pabak: Coefficient
    ac1: Coefficient
    positive: Coefficient
    negative: Coefficient
    prevalence: float | None
    bias: float | None
    notes: tuple[str, ...] = ()

    @property
    def records(self) -> int:
        """How many records both judged."""
        return self.both + self.first_only + self.second_only + self.neither


@dataclass(frozen=True, slots=True, kw_only=True)
class OverallAgreement:
    """Agreement of three or more reviewers, who need not have judged the same records.

    Attributes
    ----------
    stage : ``abstract`` or ``full text``
    reviewers : their names
    records : records that two or more of them judged
    percent : mean agreement over pairs of judgements
    fleiss, ac1 : Fleiss's kappa and Gwet's AC1, intervals by Gwet 2008
    """

    stage: str
    reviewers: tuple[str, ...]
    records: int
    percent: Coefficient
    fleiss: Coefficient
    ac1: Coefficient


def two_by_two(
    table: tuple[int, int, int, int],
    *,
    level: float = 0.95,
    stage: str = "",
    reviewers: tuple[str, str] = ("1", "2"),
    left_out: int = 0,
) -> Agreement:
    """Measure agreement from a two-by-two table.

    Parameters
    ----------
    table
        Records sent forward by both, by the first only, by the second only, by neither.
    level
        Of the intervals.
    stage, reviewers
        For the label.
    left_out
        Records left out because a reviewer was undecided or could not get the report.

    Examples
    --------
    >>> found = two_by_two((15, 10, 10, 965))
    >>> print(found.percent, found.kappa, found.pabak, found.ac1, sep="; ")
    0.98 (0.97 to 0.99); 0.59 (0.43 to 0.75); 0.96 (0.94 to 0.97); 0.98 (0.97 to 0.99)
    """
    a, b, c, d = table
    n = a + b + c + d
    percent = _wilson(a + d, n, level)
    kappa = _cohen(table, level)
    return Agreement(
        stage=stage,
        reviewers=reviewers,
        both=a,
        first_only=b,
        second_only=c,
        neither=d,
        percent=percent,
        kappa=kappa,
        pabak=_mapped(percent, lambda p: 2 * p - 1),
        ac1=_ac1_of_table(table, level),
        # 2a / (2a + b + c) = 2q / (1 + q) where q = a / (a + b + c) is a plain proportion
        positive=_mapped(_wilson(a, a + b + c, level), lambda q: 2 * q / (1 + q)),
        negative=_mapped(_wilson(d, d + b + c, level), lambda q: 2 * q / (1 + q)),
        prevalence=abs(a - d) / n if n else None,
        bias=abs(b - c) / n if n else None,
        notes=tuple(_notes(table, kappa, left_out)),
    )


def pairwise_agreement(
    logs: Sequence[DecisionLog], *, stage: str, level: float = 0.95
) -> tuple[Agreement, ...]:
    """Measure the agreement of every two reviewers at a stage.

    At the abstract stage ``include`` and ``unclear`` are one verdict: both send the record on. At
    full text, records on which either was unclear or had no report are left out, and that is said.
    """
    standing = {log.reviewer: log.standing(stage) for log in logs if log.reviewer != CONSENSUS}
    working = [name for name, decisions in standing.items() if decisions]
    return tuple(
        _of_pair((first, second), (standing[first], standing[second]), stage, level)
        for first, second in combinations(working, 2)
    )


def _of_pair(
    names: tuple[str, str],
    standing: tuple[Mapping[str, Decision], Mapping[str, Decision]],
    stage: str,
    level: float,
) -> Agreement:
    shared = [record for record in standing[0] if record in standing[1]]
    sides = [(_forward(standing[0][r]), _forward(standing[1][r])) for r in shared]
    judged = [pair for pair in sides if None not in pair]
    table = tuple(judged.count(cell) for cell in ((True, True), (True, False), (False, True), (False, False)))
    return two_by_two(
        (table[0], table[1], table[2], table[3]),
        level=level,
        stage=stage,
        reviewers=names,
        left_out=len(sides) - len(judged),
    )


def _forward(decision: Decision) -> bool | None:
    """Whether a decision sends the record on; ``None`` where it does not say."""
    passes = (INCLUDE, UNCLEAR) if decision.stage == "abstract" else (INCLUDE,)
    return True if decision.verdict in passes else (False if decision.verdict == EXCLUDE else None)


def overall_agreement(logs: Sequence[DecisionLog], *, stage: str, level: float = 0.95) -> OverallAgreement:
    """Measure the agreement of all reviewers at a stage; see :class:`OverallAgreement`."""
    working = [log for log in logs if log.reviewer != CONSENSUS and log.standing(stage)]
    votes: dict[str, list[bool]] = {}
    for log in working:
        for record, decision in log.standing(stage).items():
            side = _forward(decision)
            if side is not None:
                votes.setdefault(record, []).append(side)
    counts = np.array([[sum(v), len(v) - sum(v)] for v in votes.values()], dtype=float).reshape(-1, 2)
    return OverallAgreement(
        stage=stage,
        reviewers=tuple(log.reviewer for log in working),
        records=int((counts.sum(axis=1) >= 2).sum()),
        percent=Coefficient(_observed(counts)),
        fleiss=chance_corrected(counts, chance="fleiss", level=level),
        ac1=chance_corrected(counts, chance="ac1", level=level),
    )


def chance_corrected(counts: FloatArray, *, chance: str, level: float = 0.95) -> Coefficient:
    """Compute Fleiss's kappa or Gwet's AC1 for any number of reviewers, some judgements missing.

    Parameters
    ----------
    counts : (n, q)
        How many reviewers gave record ``i`` verdict ``k``.
    chance
        ``"fleiss"``: agreement by chance is the sum of squared verdict rates; ``"ac1"``: the sum of
        rate times one minus rate, over q - 1.
    level
        Of the interval.

    Returns
    -------
    Coefficient
        ``None`` where no record was judged twice, or chance agreement is 1 (Fleiss's kappa when
        everyone gave the same verdict to everything). No interval at perfect agreement, where the
        large-sample standard error is 0.

    References
    ----------
    Gwet KL. Computing inter-rater reliability and its variance in the presence of high agreement.
    Br J Math Stat Psychol 2008;61:29-48: coefficients and their linearised variances, extended to
    missing judgements as in Gwet's Handbook of Inter-Rater Reliability.
    """
    counts = counts[counts.sum(axis=1) > 0]
    observed = _observed(counts)
    if observed is None:
        return Coefficient()
    n, q = counts.shape
    shares = counts / counts.sum(axis=1, keepdims=True)
    rates = shares.mean(axis=0)
    by_chance = shares @ rates if chance == "fleiss" else (shares * (1 - rates)).sum(axis=1) / (q - 1)
    expected = float(by_chance.mean())
    if np.isclose(expected, 1):
        return Coefficient()
    value = (observed - expected) / (1 - expected)
    pairs, twice = _pair_agreement(counts)
    each = np.where(twice, n / twice.sum() * (pairs - expected * twice) / (1 - expected), 0.0)
    linear = each - 2 * (1 - value) * (by_chance - expected) / (1 - expected)
    variance = float(((linear - value) ** 2).sum()) / (n * (n - 1)) if n > 1 else 0.0
    return _around(value, sqrt(variance), level)


def _pair_agreement(counts: FloatArray) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Per record the share of agreeing pairs of judgements, and whether there is any pair."""
    raters = counts.sum(axis=1)
    twice = raters >= 2
    pairs = (counts * (counts - 1)).sum(axis=1) / np.where(twice, raters * (raters - 1), 1)
    return pairs, twice


def _observed(counts: FloatArray) -> float | None:
    pairs, twice = _pair_agreement(counts)
    return float(pairs[twice].mean()) if twice.any() else None


def _ac1_of_table(table: tuple[int, int, int, int], level: float) -> Coefficient:
    a, b, c, d = table
    counts = np.repeat([[2.0, 0.0], [1.0, 1.0], [0.0, 2.0]], [a, b + c, d], axis=0)
    return chance_corrected(counts, chance="ac1", level=level)


def _cohen(table: tuple[int, int, int, int], level: float) -> Coefficient:
    """Cohen's kappa; ``None`` when both reviewers gave one and the same verdict throughout."""
    from statsmodels.stats.inter_rater import cohens_kappa

    a, b, c, d = table
    if not (a + b + c and b + c + d):
        return Coefficient()
    with np.errstate(invalid="ignore", divide="ignore"):
        found = cohens_kappa(np.array([[a, b], [c, d]]))
    return _around(float(found.kappa), sqrt(max(float(found.var_kappa), 0.0)), level)


def _around(value: float, se: float, level: float) -> Coefficient:
    if se < 1e-12:
        return Coefficient(value)
    reach = float(ndtri((1 + level) / 2)) * se
    return Coefficient(value, max(-1.0, value - reach), min(1.0, value + reach))


def _wilson(successes: int, n: int, level: float) -> Coefficient:
    from statsmodels.stats.proportion import proportion_confint

    if not n:
        return Coefficient()
    low, high = proportion_confint(successes, n, alpha=1 - level, method="wilson")
    return Coefficient(successes / n, float(low), float(high))


def _mapped(coefficient: Coefficient, rising: Callable[[float], float]) -> Coefficient:
    """Carry a proportion and its interval over by a rising function."""
    value, low, high = (
        None if x is None else rising(x) for x in (coefficient.value, coefficient.low, coefficient.high)
    )
    return Coefficient(value, low, high)


def _notes(table: tuple[int, int, int, int], kappa: Coefficient, left_out: int) -> Iterator[str]:
    a, b, c, d = table
    n = a + b + c + d
    if left_out:
        yield f"{left_out} records are left out: a reviewer was undecided or had no report."
    if not n:
        yield "No record was judged by both reviewers, so agreement is undefined."
        return
    if kappa.value is None:
        verdict = "forward" if a else "to exclusion"
        yield f"Both reviewers sent every record {verdict}, so kappa is undefined."
        return
    if kappa.low is None:
        why = "one reviewer gave the same verdict throughout" if b + c else "agreement is perfect"
        yield f"The large-sample standard error of kappa is 0, as {why}: no interval is given."
    if 2 * (a + d) / n - 1 - kappa.value > PARADOX_GAP:
        yield f"{min(a, d)} of {n} records got the rarer verdict from both reviewers: {PREVALENCE}."
