"""Mean and standard deviation from a median with quartiles, a range, or both."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from metareview.effects.conversions.derived import Derived, refuse
from metareview.effects.conversions.fitting import fit_quantiles
from metareview.effects.conversions.spread import quantile
from metareview.errors import EffectError, did_you_mean

METHODS = ("luo", "wan", "qe")
_LEAST = 5


@dataclass(frozen=True, slots=True)
class FiveNumbers:
    """What was printed of one arm; None where it was not.

    Attributes
    ----------
    n : persons
    median, q1, q3, low, high : the quantiles, in the outcome's unit
    """

    n: float
    median: float
    q1: float | None = None
    q3: float | None = None
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        given = [
            (k, getattr(self, k))
            for k in ("low", "q1", "median", "q3", "high")
            if getattr(self, k) is not None
        ]
        problems = [f"{k} is {v}; a finite number is needed." for k, v in given if not math.isfinite(v)]
        problems += [
            f"{b} is {y:g}; it cannot be below {a} ({x:g})." for (a, x), (b, y) in pairwise(given) if y < x
        ]
        if not self.n >= _LEAST:
            problems.append(f"n is {self.n:g}; these methods need {_LEAST} persons or more.")
        if not (self.quartiles or self.range):
            problems.append("give q1 and q3, or low and high, or all four, beside the median.")
        elif given[0][1] == given[-1][1]:
            problems.append("all quantiles are equal; no spread can be derived.")
        refuse(problems)

    @property
    def quartiles(self) -> bool:
        """Whether both quartiles are there."""
        return self.q1 is not None and self.q3 is not None

    @property
    def range(self) -> bool:
        """Whether both extremes are there."""
        return self.low is not None and self.high is not None

    @property
    def positive(self) -> bool:
        """Whether all that was printed lies above 0."""
        return all(v > 0 for v in (self.median, self.q1, self.low) if v is not None)

    @property
    def mid_quartile(self) -> float:
        """Middle of the quartiles."""
        assert self.q1 is not None and self.q3 is not None
        return (self.q1 + self.q3) / 2

    @property
    def mid_range(self) -> float:
        """Middle of the range."""
        assert self.low is not None and self.high is not None
        return (self.low + self.high) / 2

    @property
    def iqr(self) -> float:
        """Width of the quartiles."""
        assert self.q1 is not None and self.q3 is not None
        return self.q3 - self.q1

    @property
    def width(self) -> float:
        """Width of the range."""
        assert self.low is not None and self.high is not None
        return self.high - self.low


def mean_sd_from_quantiles(
    n: float, median: float, q1: float | None = None, q3: float | None = None, low: float | None = None,
    high: float | None = None, method: str = "luo",
) -> Derived:  # fmt: skip
    """Derive mean and standard deviation from the median with quartiles, range, or both.

    Parameters
    ----------
    n, median
        Persons, and their median.
    q1, q3
        Quartiles, if printed.
    low, high
        Minimum and maximum, if printed.
    method
        ``luo``: mean by Luo 2018, standard deviation by Wan 2014 or, from all five numbers, Shi 2020;
        ``wan``: both by Wan 2014; ``qe``: quantile estimation of McGrath 2020, which chooses among
        normal, log-normal, gamma, Weibull and beta distributions.

    Returns
    -------
    Derived
        ``mean sd``, then ``skew`` and ``skew_limit`` of Shi's test (2023); a skewed outcome is said in
        ``note``.

    Examples
    --------
    >>> d = mean_sd_from_quantiles(n=100, median=4, low=2, high=9, method="qe")
    >>> round(d["mean"], 3), round(d["sd"], 3)
    (4.347, 1.502)
    """
    five = FiveNumbers(n, median, q1, q3, low, high)
    if method not in METHODS:
        raise EffectError(f'method is "{method}"; {did_you_mean(method, METHODS)}')
    skew, limit = _skewness(five)
    derived = _by_fitting(five) if method == "qe" else _by_normal_formulas(five, method)
    values = {**derived.values, "skew": skew, "skew_limit": limit}
    # fitting allows for skew, except where a value at or below 0 leaves it the normal distribution alone
    skewed = "" if method == "qe" and five.positive else _skew_note(skew, limit)
    return Derived(values, derived.method, derived.citation, " ".join(filter(None, (derived.note, skewed))))


def skewness_test(
    n: float, median: float, q1: float | None = None, q3: float | None = None, low: float | None = None,
    high: float | None = None,
) -> Derived:  # fmt: skip
    """Test whether quantiles are too skewed for a normal outcome, at 5%.

    Parameters
    ----------
    n, median, q1, q3, low, high
        As for :func:`mean_sd_from_quantiles`.

    Notes
    -----
    |a + b - 2m|/(b - a) > 1.01/ln(n + 9) + 2.43/(n + 1); |q1 + q3 - 2m|/(q3 - q1) > 2.66/sqrt(n) - 5.92/n^2;
    from all five, the larger of 2.65 ln(0.6n)/sqrt(n) times the first and the second >
    2.97/sqrt(n) - 39.1/n^3 (Shi 2023).

    Examples
    --------
    >>> skewness_test(n=100, median=4, low=2, high=9)["skewed"]
    1
    """
    skew, limit = _skewness(FiveNumbers(n, median, q1, q3, low, high))
    return Derived(
        {"skewed": int(skew > limit), "skew": skew, "skew_limit": limit},
        "test of symmetry of the quantiles",
        "Shi et al. 2023, Stat Methods Med Res 32:1338",
        _skew_note(skew, limit),
    )


def _by_fitting(five: FiveNumbers) -> Derived:
    fit = fit_quantiles(*_known(five))
    note = (
        "It is less exact than a reported mean, so that its weight is too great by a little "
        "(McGrath et al. 2023, Stat Methods Med Res 32:373)."
    )
    how = f"quantile estimation; a {fit.family} distribution fits best"
    return Derived(
        {"mean": fit.mean, "sd": fit.sd}, how, "McGrath et al. 2020, Stat Methods Med Res 29:2520", note
    )


def _by_normal_formulas(five: FiveNumbers, method: str) -> Derived:
    mean, sd = (_luo_mean, _best_sd) if method == "luo" else (_wan_mean, _wan_sd)
    how = "median and quantiles of a normal outcome"
    return Derived({"mean": mean(five), "sd": sd(five)}, how, _cited(five, method))


def _skew_note(skew: float, limit: float) -> str:
    if skew > limit:
        return (
            f"The quantiles are skewed (Shi's statistic {skew:.3f} exceeds {limit:.3f}): a mean and standard "
            "deviation derived as from a normal outcome mislead; use qe, or keep the study out of this "
            "synthesis and say so."
        )
    return "The quantiles are not visibly skewed, which few persons cannot prove."


def _skewness(five: FiveNumbers) -> tuple[float, float]:
    """Shi's statistic and its limit at 5%."""
    n = five.n
    by_range = abs(five.mid_range - five.median) * 2 / five.width if five.range else 0.0
    by_quartiles = (
        abs(five.mid_quartile - five.median) * 2 / five.iqr if five.quartiles and five.iqr > 0 else 0.0
    )
    if five.range and five.quartiles:
        scaled = 2.65 * math.log(0.6 * n) / math.sqrt(n) * by_range
        return max(scaled, by_quartiles), 2.97 / math.sqrt(n) - 39.1 / n**3
    if five.range:
        return by_range, 1.01 / math.log(n + 9) + 2.43 / (n + 1)
    return by_quartiles, 2.66 / math.sqrt(n) - 5.92 / n**2


def _known(five: FiveNumbers) -> tuple[list[float], list[float]]:
    """Give probabilities and the quantiles that stand at them (McGrath 2020: extremes at 1/n and 1 - 1/n)."""
    pairs = [
        (1 / five.n, five.low),
        (0.25, five.q1),
        (0.5, five.median),
        (0.75, five.q3),
        (1 - 1 / five.n, five.high),
    ]
    known = [(p, v) for p, v in pairs if v is not None]
    return [p for p, _ in known], [v for _, v in known]


def _luo_mean(five: FiveNumbers) -> float:
    """Luo 2018, equations 7, 11 and 15."""
    n, m = five.n, five.median
    if five.range and five.quartiles:
        outer, inner = 2.2 / (2.2 + n**0.75), 0.7 - 0.72 / n**0.55
        return float(outer * five.mid_range + inner * five.mid_quartile + (1 - outer - inner) * m)
    if five.range:
        weight = 4 / (4 + n**0.75)
        return float(weight * five.mid_range + (1 - weight) * m)
    weight = 0.7 + 0.39 / n
    return weight * five.mid_quartile + (1 - weight) * m


def _wan_mean(five: FiveNumbers) -> float:
    """Wan 2014, equations 2, 10 and 14."""
    if five.range and five.quartiles:
        return (2 * five.mid_range + 4 * five.mid_quartile + 2 * five.median) / 8
    if five.range:
        return (2 * five.mid_range + 2 * five.median) / 4
    return (2 * five.mid_quartile + five.median) / 3


def _normal_range(n: float) -> float:
    """Half the expected range of n normal deviates, Blom's approximation (Wan 2014, equation 8)."""
    return quantile((n - 0.375) / (n + 0.25), None)


def _normal_quartile(n: float) -> float:
    """Half their expected interquartile range (Wan 2014, equation 15)."""
    return quantile((0.75 * n - 0.125) / (n + 0.25), None)


def _wan_sd(five: FiveNumbers) -> float:
    """Wan 2014, equations 9, 13 and 16."""
    n = five.n
    by_range = five.width / (2 * _normal_range(n)) if five.range else None
    by_quartiles = five.iqr / (2 * _normal_quartile(n)) if five.quartiles else None
    known = [x for x in (by_range, by_quartiles) if x is not None]
    return sum(known) / len(known)


def _best_sd(five: FiveNumbers) -> float:
    """Shi 2020, equation 10, from all five numbers; Wan 2014 from three."""
    if not (five.range and five.quartiles):
        return _wan_sd(five)
    n = five.n
    outer = (2 + 0.14 * n**0.6) * _normal_range(n)
    inner = (2 + 2 / (0.07 * n**0.6)) * _normal_quartile(n)
    return float(five.width / outer + five.iqr / inner)


def _cited(five: FiveNumbers, method: str) -> str:
    wan = "Wan et al. 2014, BMC Med Res Methodol 14:135"
    if method == "wan":
        both = five.range and five.quartiles
        return f"{wan}, equations {'10 and 13' if both else '2 and 9' if five.range else '14 and 16'}"
    luo = "Luo et al. 2018, Stat Methods Med Res 27:1785"
    if five.range and five.quartiles:
        return f"{luo}, equation 15; Shi et al. 2020, Res Synth Methods 11:641, equation 10"
    return f"{luo}, equation {'7' if five.range else '11'}; {wan}, equation {'9' if five.range else '16'}"
