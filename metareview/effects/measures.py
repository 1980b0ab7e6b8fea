"""The table of measures: one measure, one row."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
from scipy.special import logit

from metareview.effects import backtransforms as back
from metareview.effects import binary, continuous, correlations, frequencies
from metareview.effects.model import Columns, FloatArray, Formula, Measure, no_way_forward
from metareview.errors import EffectError, did_you_mean

_TABLE = ("ai", "n1i", "ci", "n2i")
_TWO_MEANS = ("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i")
_TWO_RATES = ("x1i", "t1i", "x2i", "t2i")
_BEFORE_AFTER = ("m1i", "m2i", "sddi", "ni")
_COUNT, _RATE = ("xi", "ni"), ("xi", "ti")
_ALONE = ("mi", "sdi", "ni")


def _reported(c: Columns) -> tuple[FloatArray, FloatArray]:
    """Take the effect as it was given."""
    return c["yi"], c["vi"]


def _efficacy_to_log(values: Any) -> Any:
    return np.log1p(-np.asarray(values, dtype=float) / 100)


def _arcsine(values: Any) -> Any:
    return np.arcsin(np.sqrt(values))


# analysis scales: their name, the way to them and the way back
_LOG: dict[str, Any] = {"scale": "log", "forward": np.log, "back": back.exponential}
_LOGIT: dict[str, Any] = {"scale": "logit", "forward": logit, "back": back.logistic}
_Z: dict[str, Any] = {"scale": "z", "forward": np.arctanh, "back": back.hyperbolic_tangent}
_ARCSINE: dict[str, Any] = {"scale": "arcsine", "forward": _arcsine, "back": back.squared_sine}
_ROOT: dict[str, Any] = {"scale": "root", "forward": np.sqrt, "back": back.squared}
_IDENTITY: dict[str, Any] = {"scale": "identity", "back": back.unchanged}
_LOG_RATIO: dict[str, Any] = {"cells": "table", "add": 0.5, "relative": True, **_LOG}
_ASSOCIATION: dict[str, Any] = {"cells": "table", "add": 0.5, "relative": True, **_IDENTITY}

_NO_RATIO = "a ratio needs an event in each arm; correct the zero cells, or use a model for rare events"
_ONE_SIGN = "a log ratio of means needs two means of the same sign, neither of them 0"
_POSITIVE = "standard deviations and means must be above 0 here"
_DF = "the correction for small samples needs 2 degrees of freedom or more, and an SD that is not 0"
_NO_LOG = "the log of 0 does not exist; correct the zero cells"
_RANGE = "the variance needs more persons, and a correlation within −1 and 1"
_ITEMS = "the variance needs at least 2 items, 3 persons and a coefficient below 1"
_SINGLE = (
    "A single-arm estimate compares nothing; studies differ in their patients as well as in their treatment."
)
_PFT = (
    "Proportions were double-arcsine transformed; the pooled one is brought back with the harmonic mean of "
    "the studies' sizes, which can mislead when sizes differ much (Schwarzer et al. 2019, Res Synth Methods "
    "10:476). Compare with the logit, PLO."
)
_IRFT = (
    "Rates were Freeman-Tukey transformed; the pooled one is brought back with the harmonic mean of the "
    "studies' person-time, which can mislead when it differs much. Compare with the log rate (IRLN)."
)
_VE = "Vaccine efficacy is 100 (1 − risk ratio) per cent; it was analysed as a log risk ratio."

_binary = partial(Measure, arms=2, kind="binary", needs=_TABLE, null=0.0)
_means = partial(Measure, arms=2, kind="continuous", needs=_TWO_MEANS, null=0.0, undefined=_DF)
_change = partial(Measure, arms=1, kind="continuous", needs=_BEFORE_AFTER, null=0.0, undefined=_DF)
_rates = partial(Measure, arms=2, kind="rate", needs=_TWO_RATES, null=0.0, cells="counts")
_proportion = partial(Measure, arms=1, kind="binary", needs=_COUNT, null=None, cells="events")
_rate = partial(Measure, arms=1, kind="rate", needs=_RATE, null=None, cells="count")
_mean = partial(Measure, arms=1, kind="continuous", needs=_ALONE, null=None)
_correlation = partial(Measure, arms=1, kind="correlation", null=0.0, undefined=_RANGE)
_reliability = partial(
    Measure, arms=1, kind="reliability", needs=("ai", "mi", "ni"), null=None, undefined=_ITEMS
)
_contrast = partial(Measure, arms=2, kind="contrast", needs=("yi", "vi"), formula=_reported, null=0.0)

# fmt: off
_ROWS = (
    # two arms, binary
    _binary("RR", "Risk ratio", formula=binary.log_risk_ratio, undefined=_NO_RATIO, **_LOG_RATIO,
            citation="Katz et al. 1978, Biometrics 34:469, method C; Cochrane Handbook 6.4.1"),
    _binary("OR", "Odds ratio", formula=binary.log_odds_ratio, undefined=_NO_RATIO, **_LOG_RATIO,
            citation="Woolf 1955, Ann Hum Genet 19:251; Cochrane Handbook 6.4.1"),
    _binary("RD", "Risk difference", formula=binary.risk_difference, cells="table", add=0.5, **_IDENTITY,
            citation="Cochrane Handbook 6.4.1"),
    _binary("AS", "Arcsine difference", formula=binary.arcsine_difference, cells="table", scale="arcsine",
            back=back.unchanged, forward=no_way_forward,
            citation="Rücker et al. 2009, Stat Med 28:721"),
    _binary("PETO", "Peto odds ratio", formula=binary.log_peto_odds_ratio, undefined=_NO_RATIO,
            **_LOG_RATIO,
            citation="Yusuf et al. 1985, Prog Cardiovasc Dis 27:335"),
    _binary("PHI", "Phi coefficient", formula=binary.phi_cross_sectional, cells="table", **_IDENTITY,
            variants={"CS": binary.phi_cross_sectional, "ST": binary.phi_stratified},
            undefined="phi needs an event and a non-event in some arm",
            citation="Yule 1912, J R Stat Soc 75:579; Bishop et al. 1975, Discrete Multivariate Analysis"),
    _binary("YUQ", "Yule's Q", formula=binary.yule_q, undefined=_NO_RATIO, **_ASSOCIATION,
            citation="Yule 1912, J R Stat Soc 75:579"),
    _binary("YUY", "Yule's Y", formula=binary.yule_y, undefined=_NO_RATIO, **_ASSOCIATION,
            citation="Yule 1912, J R Stat Soc 75:579"),
    _binary("VE", "Vaccine efficacy", formula=binary.log_risk_ratio, undefined=_NO_RATIO, caveat=_VE,
            **{**_LOG_RATIO, "forward": _efficacy_to_log, "back": back.efficacy},
            axis="Vaccine efficacy (%)",
            citation="Katz et al. 1978, Biometrics 34:469, method C"),
    _binary("PBIT", "Probit difference", formula=binary.probit_difference, undefined=_NO_RATIO,
            **_ASSOCIATION, axis="Probit difference (as standardised mean difference)",
            citation="Sánchez-Meca et al. 2003, Psychol Methods 8:448"),
    _binary("OR2DN", "Log odds ratio / 1.65", formula=binary.cox_to_smd, undefined=_NO_RATIO,
            **_ASSOCIATION, axis="Odds ratio as standardised mean difference",
            citation="Cox & Snell 1989; Sánchez-Meca et al. 2003, Psychol Methods 8:448"),
    _binary("OR2DL", "Log odds ratio × √3/π", formula=binary.logit_to_smd, undefined=_NO_RATIO,
            **_ASSOCIATION, axis="Odds ratio as standardised mean difference",
            citation="Chinn 2000, Stat Med 19:3127; Cochrane Handbook 10.6"),
    # two arms, continuous
    _means("MD", "Mean difference", formula=continuous.mean_difference, **_IDENTITY,
           variants={"LS": continuous.mean_difference, "HO": continuous.mean_difference_pooled},
           citation="Cochrane Handbook 6.5.1.1"),
    _means("SMD", "Standardised mean difference", formula=continuous.hedges_g, **_IDENTITY,
           variants={"LS": continuous.hedges_g, "LS2": continuous.hedges_g_ls2, "UB": continuous.hedges_g_ub},
           axis="Standardised mean difference (Hedges' g)",
           citation="Hedges 1981, J Educ Stat 6:107, exact J; Hedges 1982, Psychol Bull 92:490, equation 8"),
    _means("SMDH", "Standardised mean difference, variances not pooled", **_IDENTITY,
           formula=continuous.smd_heteroscedastic,
           axis="Standardised mean difference (variances not pooled)",
           citation="Bonett 2008, Psychol Methods 13:99; Bonett 2009, Psychol Methods 14:225"),
    _means("ROM", "Ratio of means", formula=continuous.log_ratio_of_means, undefined=_ONE_SIGN, **_LOG,
           variants={"LS": continuous.log_ratio_of_means, "HO": continuous.log_ratio_of_means_pooled,
                     "AV": continuous.log_ratio_of_means_average},
           citation="Hedges et al. 1999, Ecology 80:1150, equation 1"),
    _means("CVR", "Coefficient of variation ratio", formula=continuous.log_variation_ratio, **_LOG,
           undefined=_POSITIVE,
           citation="Nakagawa et al. 2015, Methods Ecol Evol 6:143"),
    _means("VR", "Variability ratio", formula=continuous.log_variability_ratio, **_LOG,
           needs=("sd1i", "n1i", "sd2i", "n2i"), undefined=_POSITIVE,
           citation="Nakagawa et al. 2015, Methods Ecol Evol 6:143"),
    _means("D", "Standardised mean difference from t or P", formula=continuous.hedges_g_from_t,
           **_IDENTITY, needs=("ti", "n1i", "n2i"), axis="Standardised mean difference (Hedges' g)",
           citation="Cooper et al. 2009, Handbook of Research Synthesis, table 12.1; exact J of Hedges 1981"),
    _means("D2ORN", "Odds ratio from a mean difference × 1.65", formula=continuous.smd_to_cox, **_LOG,
           axis="Odds ratio (from a standardised mean difference)",
           citation="Cox & Snell 1989; Sánchez-Meca et al. 2003, Psychol Methods 8:448"),
    _means("D2ORL", "Odds ratio from a mean difference × π/√3", formula=continuous.smd_to_logit, **_LOG,
           axis="Odds ratio (from a standardised mean difference)",
           citation="Chinn 2000, Stat Med 19:3127; Cochrane Handbook 10.6"),
    _means("RPB", "Point-biserial correlation", formula=continuous.point_biserial, **_IDENTITY,
           citation="Tate 1954, Ann Math Stat 25:603; variance by the delta method, arm sizes fixed"),
    _means("RBIS", "Biserial correlation", formula=continuous.biserial, **_IDENTITY,
           citation="Soper 1914, Biometrika 10:384; Jacobs & Viechtbauer 2017, Res Synth Methods 8:161"),
    # one arm, before and after
    _change("MC", "Mean change", formula=continuous.mean_change, **_IDENTITY,
            citation="Cochrane Handbook 6.5.2.8"),
    _change("SMCC", "Standardised mean change (SD of the change)", formula=continuous.smd_change,
            **_IDENTITY,
            citation="Gibbons et al. 1993, J Educ Stat 18:271"),
    _change("SMCR", "Standardised mean change (SD before)", formula=continuous.smd_change_raw, **_IDENTITY,
            needs=("m1i", "m2i", "sd1i", "ri", "ni"),
            citation="Becker 1988, Br J Math Stat Psychol 41:257"),
    # one arm
    _proportion("PR", "Proportion", formula=frequencies.proportion, add=0.5, caveat=_SINGLE, **_IDENTITY,
                variants={"LS": frequencies.proportion, "AV": frequencies.proportion_average},
                citation="Agresti 2013, Categorical Data Analysis, section 1.3"),
    _proportion("PLN", "Proportion (log)", formula=frequencies.log_proportion, add=0.5, caveat=_SINGLE,
                **_LOG, undefined=_NO_LOG, axis="Proportion",
                citation="Agresti 2013, Categorical Data Analysis, section 3.1"),
    _proportion("PLO", "Proportion (logit)", formula=frequencies.logit_proportion, add=0.5, caveat=_SINGLE,
                undefined=_NO_LOG, axis="Proportion", **_LOGIT,
                citation="Agresti 2013, Categorical Data Analysis, section 3.1"),
    _proportion("PAS", "Proportion (arcsine)", formula=frequencies.arcsine_proportion, caveat=_SINGLE,
                **_ARCSINE, axis="Proportion",
                citation="Anscombe 1948, Biometrika 35:246"),
    _proportion("PFT", "Proportion (double arcsine)", formula=frequencies.freeman_tukey_proportion,
                scale="arcsine", back=back.squared_sine, forward=no_way_forward, axis="Proportion",
                caveat=_PFT, back_by_size=back.freeman_tukey_inverse,
                citation="Freeman & Tukey 1950, Ann Math Stat 21:607; Miller 1978, Am Stat 32:138"),
    _mean("MN", "Mean", formula=continuous.mean_alone, caveat=_SINGLE, **_IDENTITY,
          citation="Cochrane Handbook 6.5.2.2"),
    _mean("MNLN", "Mean (log)", formula=continuous.log_mean_alone, caveat=_SINGLE, undefined=_POSITIVE,
          axis="Mean", **_LOG,
          citation="Hedges et al. 1999, Ecology 80:1150, one arm of equation 1"),
    _rate("IR", "Incidence rate", formula=frequencies.rate, add=0.5, caveat=_SINGLE, **_IDENTITY,
          citation="Rothman et al. 2008, Modern Epidemiology, chapter 14"),
    _rate("IRLN", "Incidence rate (log)", formula=frequencies.log_rate, add=0.5, caveat=_SINGLE, **_LOG,
          undefined=_NO_LOG, axis="Incidence rate",
          citation="Rothman et al. 2008, Modern Epidemiology, chapter 14"),
    _rate("IRS", "Incidence rate (root)", formula=frequencies.root_rate, caveat=_SINGLE,
          axis="Incidence rate", **_ROOT,
          citation="Anscombe 1948, Biometrika 35:246"),
    _rate("IRFT", "Incidence rate (Freeman-Tukey)", formula=frequencies.freeman_tukey_rate, scale="root",
          back=back.squared, forward=no_way_forward, back_by_size=back.freeman_tukey_rate_inverse,
          axis="Incidence rate", caveat=_IRFT,
          citation="Freeman & Tukey 1950, Ann Math Stat 21:607"),
    # two arms, rates
    _rates("IRR", "Incidence rate ratio", formula=frequencies.log_rate_ratio, add=0.5, relative=True,
           **_LOG, undefined=_NO_RATIO,
           citation="Rothman et al. 2008, Modern Epidemiology, chapter 14"),
    _rates("IRD", "Incidence rate difference", formula=frequencies.rate_difference, add=0.5, **_IDENTITY,
           citation="Rothman et al. 2008, Modern Epidemiology, chapter 14"),
    _rates("IRSD", "Difference of root rates", formula=frequencies.root_rate_difference, scale="root",
           back=back.unchanged, forward=no_way_forward,
           citation="Anscombe 1948, Biometrika 35:246"),
    # correlations and reliabilities
    _correlation("COR", "Correlation", formula=correlations.correlation, needs=("ri", "ni"), **_IDENTITY,
                 variants={"LS": correlations.correlation, "AV": correlations.correlation_at_mean},
                 citation="Olkin & Pratt 1958, Ann Math Stat 29:201; Hunter & Schmidt 2004"),
    _correlation("UCOR", "Correlation (unbiased)", formula=correlations.correlation_unbiased,
                 needs=("ri", "ni"),
                 variants={"LS": correlations.correlation_unbiased,
                           "UB": correlations.correlation_unbiased_ub},
                 axis="Correlation", **_IDENTITY,
                 citation="Olkin & Pratt 1958, Ann Math Stat 29:201; Hedges 1989, J Appl Psychol 74:469"),
    _correlation("ZCOR", "Correlation (Fisher's z)", formula=correlations.fisher_z, needs=("ri", "ni"),
                 **_Z, axis="Correlation",
                 citation="Fisher 1921, Metron 1:1"),
    _correlation("PCOR", "Partial correlation", formula=correlations.partial_correlation,
                 needs=("ti", "mi", "ni"), **_IDENTITY,
                 citation="Aloe & Becker 2012, J Educ Behav Stat 37:278"),
    _correlation("ZPCOR", "Partial correlation (Fisher's z)", formula=correlations.partial_fisher_z, **_Z,
                 needs=("ti", "mi", "ni"), axis="Partial correlation",
                 variants={"F": correlations.partial_fisher_z, "LS": correlations.partial_fisher_z_df},
                 citation="Fisher 1924, Metron 3:329; Aloe & Becker 2012, J Educ Behav Stat 37:278"),
    _reliability("ARAW", "Cronbach's alpha", formula=correlations.alpha, **_IDENTITY,
                 citation="van Zyl et al. 2000, Psychometrika 65:271"),
    _reliability("AHW", "Cronbach's alpha (cube root)", formula=correlations.alpha_cube_root,
                 scale="cube root", back=back.cube_alpha, forward=back.alpha_to_cube_root,
                 axis="Cronbach's alpha",
                 citation="Hakstian & Whalen 1976, Psychometrika 41:219"),
    _reliability("ABT", "Cronbach's alpha (log)", formula=correlations.alpha_log, scale="log of 1 − alpha",
                 back=back.log_alpha, forward=back.alpha_to_log, axis="Cronbach's alpha",
                 citation="Bonett 2002, J Educ Behav Stat 27:335"),
    # as reported
    _contrast("HR", "Hazard ratio", **_LOG,
              citation="Parmar et al. 1998, Stat Med 17:2815; Tierney et al. 2007, Trials 8:16"),
    _contrast("GEN", "Effect", **_IDENTITY,
              citation="Cochrane Handbook 10.3"),
    _contrast("GENLOG", "Ratio", **_LOG,
              citation="Cochrane Handbook 10.3"),
)
# fmt: on

MEASURES: Mapping[str, Measure] = MappingProxyType({row.code: row for row in _ROWS})


def measure_of(code: str) -> Measure:
    """Find a measure by its code, in either case.

    Raises
    ------
    EffectError
        When there is none of that code; the nearest one is named.

    Examples
    --------
    >>> measure_of("rr").label
    'Risk ratio'
    """
    found = MEASURES.get(str(code).upper())
    if found is None:
        raise EffectError(f'measure is "{code}"; {did_you_mean(str(code), tuple(MEASURES))}')
    return found


def formula_of(measure: Measure, vtype: str | None) -> Formula:
    """Give the formula with the kind of variance asked for.

    Raises
    ------
    EffectError
        When the measure has no such variance.
    """
    if vtype is None:
        return measure.formula
    if vtype not in measure.variants:
        raise EffectError(
            f'vtype of {measure.code} is "{vtype}"; {did_you_mean(str(vtype), tuple(measure.variants))}'
        )
    return measure.variants[vtype]
