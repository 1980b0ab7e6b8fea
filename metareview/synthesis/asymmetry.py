"""Funnel-plot asymmetry: regression and rank tests chosen by the measure, and trim and fill.

Asymmetry is not the same as publication bias; every result says so. Tests are refused under ten
studies unless that is overridden, and the override stays on the result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from metareview.effects import Effects, FloatArray, Interval
from metareview.errors import SynthesisError, did_you_mean
from metareview.synthesis.regression import regress

FEWEST_STUDIES = 10
_NOT_BIAS = (
    "Asymmetry of a funnel plot is not proof of publication bias: heterogeneity, poor small studies, "
    "the choice of measure and chance make it too (Sterne et al. 2011, BMJ 343:d4002)."
)


@dataclass(frozen=True, slots=True)
class AsymmetryTest:
    """One test for funnel-plot asymmetry.

    Attributes
    ----------
    test, label : its code and name
    k : studies that entered
    statistic, df, p : ``df`` is None where the reference distribution is the normal
    slope, slope_se : change of the effect with the predictor (for Harbord the intercept of the score
        regression, for Begg Kendall's tau, whose ``slope_se`` is None)
    limit : the effect as the predictor falls to 0, with its interval; None for the rank test
    reason, citation : why this test, and where it stands
    overridden : whether a rule (ten studies, the test of this measure) was set aside
    notes : sentences for the reader
    """

    test: str
    label: str
    k: int
    statistic: float
    df: float | None
    p: float
    slope: float
    slope_se: float | None
    limit: tuple[float, Interval] | None
    reason: str
    citation: str
    overridden: bool
    notes: tuple[str, ...]

    def __str__(self) -> str:
        """Say the result in one sentence."""
        name = "z" if self.df is None else f"t (df = {self.df:g})"
        name = "tau" if self.test == "begg" else name
        value = self.slope if self.test == "begg" else self.statistic
        return f"{self.label}: {name} = {value:.3f}, P = {self.p:.3g}; k = {self.k}"


@dataclass(frozen=True, eq=False)
class _Funnel:
    """The studies a test sees: effects, variances, and the reported numbers of the same studies."""

    y: FloatArray
    v: FloatArray
    data: dict[str, FloatArray]
    tau2: str


@dataclass(frozen=True, slots=True)
class _Line:
    """What a test found; see :class:`AsymmetryTest`."""

    statistic: float
    df: float | None
    p: float
    slope: float
    slope_se: float | None
    limit: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Test:
    label: str
    needs: tuple[str, ...]
    run: Callable[[_Funnel], _Line]
    citation: str


def _weighted_line(y: FloatArray, x: FloatArray, w: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """Fit ``y = b0 + b1 x`` with weights known up to a factor: coefficients, their errors, df."""
    from statsmodels.regression.linear_model import WLS

    centre, spread, weight = np.average(y, weights=w), np.max(np.abs(x)), np.max(w)
    design = np.column_stack([np.ones(len(x)), x / spread])
    fit = WLS(y - centre, design, weights=w / weight).fit()
    scale = np.array([1.0, 1.0 / spread])
    return fit.params * scale + np.array([centre, 0.0]), fit.bse * scale, float(fit.df_resid)


def _regression(y: FloatArray, x: FloatArray, w: FloatArray) -> _Line:
    beta, se, df = _weighted_line(y, x, w)
    t = _ratio(beta[1], se[1])
    return _Line(
        t, df, 2.0 * float(stdtr(df, -abs(t))), float(beta[1]), float(se[1]), (float(beta[0]), float(se[0]))
    )


def _ratio(estimate: float, se: float) -> float:
    """Divide, where a perfect fit has no error left."""
    if se > 0:
        return float(estimate / se)
    return float(np.copysign(np.inf, estimate)) if estimate else 0.0


def _egger(funnel: _Funnel) -> _Line:
    return _regression(funnel.y, np.sqrt(funnel.v), 1.0 / funnel.v)


def _thompson_sharp(funnel: _Funnel) -> _Line:
    x = np.sqrt(funnel.v)
    fit = regress(funnel.y, funnel.v, np.column_stack([np.ones(len(x)), x]), tau2=funnel.tau2)
    z = _ratio(fit.beta[1], fit.se[1])
    note = f"Residual heterogeneity tau2 = {fit.tau2:.4g} ({fit.method})."
    limit = (float(fit.beta[0]), float(fit.se[0]))
    return _Line(z, None, 2.0 * float(ndtr(-abs(z))), float(fit.beta[1]), float(fit.se[1]), limit, (note,))


def _pustejovsky(funnel: _Funnel) -> _Line:
    sizes = 1.0 / funnel.data["n1i"] + 1.0 / funnel.data["n2i"]
    return _regression(funnel.y, np.sqrt(sizes), 1.0 / sizes)


def _tables(funnel: _Funnel) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return events and size of the first group, events and size of both."""
    if "xi" in funnel.data:
        return funnel.data["xi"], funnel.data["ni"], funnel.data["xi"], funnel.data["ni"]
    a, c, n1, n2 = (funnel.data[name] for name in ("ai", "ci", "n1i", "n2i"))
    return a, n1, a + c, n1 + n2


def _peters(funnel: _Funnel) -> _Line:
    _, _, events, total = _tables(funnel)
    weight = events * (total - events) / total
    return _weighted_or_left_out(funnel.y, 1.0 / total, weight)


def _weighted_or_left_out(y: FloatArray, x: FloatArray, w: FloatArray) -> _Line:
    use = w > 0
    left_out = int(np.sum(~use))
    line = _regression(y[use], x[use], w[use])
    note = f"{left_out} of the studies have no weight in this test (no events, or nothing but events)."
    return replace(line, notes=(note,)) if left_out else line


def _harbord(funnel: _Funnel) -> _Line:
    a, n1, events, total = _tables(funnel)
    z = a - events * n1 / total
    v = n1 * (total - n1) * events * (total - events) / (total**2 * (total - 1.0))
    return _score_line(z, v)


def _harbord_rr(funnel: _Funnel) -> _Line:
    a, n1, events, total = _tables(funnel)
    with np.errstate(all="ignore"):
        z = (a * total - n1 * events) / (total - events)
        v = n1 * (total - n1) * events / (total * (total - events))
    return _score_line(z, np.where(np.isfinite(v), v, 0.0))


def _score_line(z: FloatArray, v: FloatArray) -> _Line:
    """Regress ``Z / sqrt(V)`` on ``sqrt(V)``: its intercept is the slope of ``Z / V`` on ``1 / sqrt(V)``."""
    use = v > 0
    return _weighted_or_left_out(
        np.where(use, z, 0.0) / np.where(use, v, 1.0), 1.0 / np.sqrt(np.where(use, v, 1.0)), v
    )


def _begg(funnel: _Funnel) -> _Line:
    from scipy.stats import kendalltau

    w = 1.0 / funnel.v
    centred = funnel.y - np.sum(w * funnel.y) / np.sum(w)
    deviate = centred / np.sqrt(funnel.v - 1.0 / np.sum(w))
    ties = min(len(np.unique(deviate)), len(np.unique(funnel.v))) < len(w)
    how: Literal["exact", "asymptotic"] = "asymptotic" if ties else "exact"
    found = kendalltau(deviate, funnel.v, method=how)
    tau, p = float(found.statistic), float(found.pvalue)
    note = "Begg's test has the weaknesses of Egger's and less power; it is not recommended (Sterne 2011)."
    exact = f"Its P value is {how}" + (", because there are ties." if ties else ".")
    return _Line(tau, None, p, tau, None, None, (note, exact))


_COUNTS = ("ai", "ci", "n1i", "n2i")
TESTS: dict[str, _Test] = {
    "egger": _Test("Egger's test", (), _egger, "Egger et al. 1997, BMJ 315:629"),
    "thompson-sharp": _Test(
        "Regression on the standard error with residual heterogeneity",
        (),
        _thompson_sharp,
        "Thompson & Sharp 1999, Stat Med 18:2693",
    ),
    "harbord": _Test("Harbord's test", _COUNTS, _harbord, "Harbord et al. 2006, Stat Med 25:3443"),
    "harbord-rr": _Test(
        "Harbord's test for risk ratios", _COUNTS, _harbord_rr, "Harbord et al. 2009, Stata J 9:197"
    ),
    "peters": _Test("Peters' test", _COUNTS, _peters, "Peters et al. 2006, JAMA 295:676"),
    "peters-one-arm": _Test(
        "Peters' test for proportions", ("xi", "ni"), _peters, "Hunter et al. 2014, J Clin Epidemiol 67:897"
    ),
    "pustejovsky": _Test(
        "Egger's test with standard errors from the sizes alone",
        ("n1i", "n2i"),
        _pustejovsky,
        "Pustejovsky & Rodgers 2019, Res Synth Methods 10:57",
    ),
    "begg": _Test("Begg's rank test", (), _begg, "Begg & Mazumdar 1994, Biometrics 50:1088"),
}

_TIED = "estimate and standard error are tied to each other, so that Egger's test finds asymmetry too often"
_SIZE = f"{_TIED}; the predictor of Peters' test is the size of the study alone"
_PLAIN = "the effect and its standard error are not tied to each other by its formula"
_GENERAL = "it is the general test, and little is known of how it behaves with this measure"
_RECOMMENDED: dict[str, tuple[str, str]] = {
    "OR": ("harbord", _TIED),
    "PETO": ("harbord", _TIED),
    "RR": ("peters", _SIZE),
    "VE": ("peters", _SIZE),
    "RD": ("peters", _SIZE),
    "AS": (
        "thompson-sharp",
        "the variance of an arcsine difference depends on the sizes alone (Rücker et al. 2008)",
    ),
    **dict.fromkeys(("MD", "MC", "HR", "ZCOR", "ZPCOR"), ("egger", _PLAIN)),
    **dict.fromkeys(("SMD", "SMDH", "D"), ("pustejovsky", _TIED)),
    **dict.fromkeys(("PR", "PLN", "PLO", "PAS", "PFT"), ("peters-one-arm", _SIZE)),
}
_CAVEATS = {
    "RR": "Such tests were studied with odds ratios above all; little is known of them for risk ratios.",
    "VE": "Such tests were studied with odds ratios above all; little is known of them for risk ratios.",
    "RD": "No test for asymmetry is established for risk differences; read this one with great caution.",
    "COR": "The standard error of a correlation depends on its size; Fisher's z (ZCOR) suits better.",
}


def asymmetry_test(
    effects: Effects, *, test: str = "auto", force: bool = False, tau2: str = "REML", level: float = 0.95
) -> AsymmetryTest:
    """Test for small-study effects, with the test that suits the measure.

    Parameters
    ----------
    effects : the studies; those not estimable are left out
    test : ``auto``, or a code of :data:`TESTS`
    force : test although there are fewer than ten studies; the override is recorded
    tau2 : estimator of the residual heterogeneity, for ``thompson-sharp``
    level : of the interval of ``limit``

    Raises
    ------
    SynthesisError
        Under ten studies without ``force``, or under three; an unknown test; counts that the test
        needs are not there; all studies equally precise.

    Notes
    -----
    The choice by measure follows Sterne et al. 2011 (BMJ 343:d4002) and, for standardised mean
    differences, Pustejovsky & Rodgers 2019. Each test's paper is in its ``citation``.
    """
    code, reason = _choose(effects, test)
    funnel = _funnel(effects, TESTS[code].needs, tau2)
    k = len(funnel.y)
    _check_number(k, force)
    _check_spread(funnel)
    line = TESTS[code].run(funnel)
    overrides = _overrides(effects, code, k)
    caveat = _CAVEATS.get(effects.measure.code)
    return AsymmetryTest(
        test=code,
        label=TESTS[code].label,
        k=k,
        statistic=line.statistic,
        df=line.df,
        p=line.p,
        slope=line.slope,
        slope_se=line.slope_se,
        limit=_limit(line, level),
        reason=reason,
        citation=TESTS[code].citation,
        overridden=bool(overrides),
        notes=(*overrides, *line.notes, *((caveat,) if caveat else ()), _NOT_BIAS),
    )


def _choose(effects: Effects, test: str) -> tuple[str, str]:
    """Return the test's code, and why it was taken."""
    measure = effects.measure.code
    if test != "auto":
        if test not in TESTS:
            raise SynthesisError(
                f'The test for asymmetry is "{test}"; {did_you_mean(test, ["auto", *TESTS])}'
            )
        return test, "The test was asked for by name."
    code, why = _RECOMMENDED.get(measure, ("egger", _GENERAL))
    if _has(effects, TESTS[code].needs):
        return code, f"{TESTS[code].label} was taken for {measure}: {why}."
    lacking = ", ".join(TESTS[code].needs)
    return (
        "egger",
        f"{TESTS[code].label} would suit {measure}, but the columns it needs ({lacking}) were not given.",
    )


def _has(effects: Effects, needs: tuple[str, ...]) -> bool:
    return all(name in effects.data for name in needs)


def _funnel(effects: Effects, needs: tuple[str, ...], tau2: str) -> _Funnel:
    if not _has(effects, needs):
        missing = ", ".join(n for n in needs if n not in effects.data)
        raise SynthesisError(
            f"This test for asymmetry needs the columns {', '.join(needs)}; {missing} not found."
        )
    use = effects.estimable.copy()
    for name in needs:
        use &= np.isfinite(effects.data[name])
    data = {name: effects.data[name][use] for name in needs}
    return _Funnel(effects.yi[use], effects.vi[use], data, tau2)


def _check_number(k: int, force: bool) -> None:
    if k < 3:
        raise SynthesisError(
            f"Funnel-plot asymmetry cannot be tested with {k} studies; it takes three at the least."
        )
    if k < FEWEST_STUDIES and not force:
        raise SynthesisError(
            f"Funnel-plot asymmetry is not tested with {k} studies: under {FEWEST_STUDIES} such a test has "
            "too little power (Sterne et al. 2011). To have it all the same, override the rule (--force); "
            "the override is recorded."
        )


def _check_spread(funnel: _Funnel) -> None:
    """Refuse a funnel without width or without height."""
    flat = np.ptp(funnel.v) <= 1e-12 * np.max(funnel.v)
    if flat or np.ptp(funnel.y) == 0:
        what = "precision" if flat else "effect"
        raise SynthesisError(f"Funnel-plot asymmetry cannot be tested: all studies have the same {what}.")


def _overrides(effects: Effects, code: str, k: int) -> tuple[str, ...]:
    """Say which rules were set aside."""
    said = []
    if k < FEWEST_STUDIES:
        said.append(
            f"Made on request with {k} studies: under {FEWEST_STUDIES} such a test has too little power "
            "to tell chance from asymmetry."
        )
    recommended = _RECOMMENDED.get(effects.measure.code, ("egger", ""))[0]
    if code != recommended and _has(effects, TESTS[recommended].needs):
        said.append(
            f"For this measure {TESTS[recommended].label} is the recommended one; another was asked for."
        )
    return tuple(said)


def _limit(line: _Line, level: float) -> tuple[float, Interval] | None:
    if line.limit is None:
        return None
    estimate, se = line.limit
    tail = (1.0 + level) / 2.0
    half = se * float(ndtri(tail) if line.df is None else stdtrit(line.df, tail))
    return estimate, Interval(estimate - half, estimate + half, level)
