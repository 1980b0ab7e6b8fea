"""Published analyses, made again: anyone can check these with the paper in hand.

Numbers are rounded as they were printed. Where the paper rounded on the way, the comment says so.
"""

import csv
from pathlib import Path

import numpy as np
import pytest

from metareview.effects import effect_sizes
from metareview.synthesis import pool
from metareview.synthesis.options import Options
from metareview.synthesis.pooling import pool_as
from metareview.synthesis.regression import regress

DATASETS = Path(__file__).parent / "reference" / "datasets"


def columns(name):
    rows = list(csv.DictReader((DATASETS / f"{name}.csv").read_text("utf-8").splitlines()))
    return {column: [row[column] for row in rows] for column in rows[0]}


def effects(name, measure):
    return effect_sizes(columns(name), measure=measure)


def generic(yi, vi):
    return effect_sizes({"yi": yi, "vi": vi}, measure="GEN")


def fitted(them, tau2, ci="wald"):
    """Pool without a policy's judgement: this estimator, this interval; EE is the common-effect model."""
    if tau2 == "EE":
        return pool(them, policy="metafor", model="common", ci=ci)
    return pool(them, policy="metafor", tau2=tau2, ci=ci)


def printed(interval, digits):
    return [round(interval.low, digits), round(interval.high, digits)]


def test_colditz_1994_bcg_vaccine_against_tuberculosis():
    # Colditz et al. 1994, JAMA 271:698, abstract: 13 trials, random effects (DerSimonian-Laird),
    # relative risk 0.49 (95% CI 0.34 to 0.70)
    found = fitted(effects("bcg", "RR"), "DL")
    assert round(np.exp(found.estimate), 2) == 0.49
    assert printed_ratio(found) == [0.34, 0.70]
    assert found.k == 13


def printed_ratio(found, digits=2):
    return [round(float(np.exp(end)), digits) for end in (found.ci.low, found.ci.high)]


def test_van_houwelingen_2002_bcg_odds_ratio_common_effect():
    # van Houwelingen, Arends & Stijnen 2002, Stat Med 21:589, page 596
    found = fitted(effects("bcg", "OR"), "EE")
    assert round(np.exp(found.estimate), 3) == 0.647
    assert printed_ratio(found, 3) == [0.595, 0.702]  # 0.703 in the paper, from a rounded standard error


def test_van_houwelingen_2002_bcg_odds_ratio_by_maximum_likelihood():
    # the same, page 597: odds ratio 0.476 (0.336 to 0.675), tau2 0.302
    found = fitted(effects("bcg", "OR"), "ML")
    assert round(np.exp(found.estimate), 3) == 0.476
    assert printed_ratio(found, 3) == [0.336, 0.675]
    assert round(found.heterogeneity.tau2, 3) == 0.302


def test_van_houwelingen_2002_regression_on_latitude():
    # the same, pages 608-609: intercept 0.371 (0.106), slope -0.033 (0.003), residual tau2 0.004
    bcg = effects("bcg", "OR")
    latitude = np.array(bcg.moderators["ablat"], dtype=float)
    found = regress(bcg.yi, bcg.vi, np.column_stack([np.ones(13), latitude]), tau2="ML")
    assert found.beta.round(3).tolist() == [0.371, -0.033]
    assert found.se.round(3).tolist() == [0.106, 0.003]
    assert round(found.tau2, 3) == 0.004


@pytest.mark.parametrize("tau2", ["EE", "REML", "DL"])
def test_normand_1999_lidocaine(tau2):
    # Normand 1999, Stat Med 18:321, Table VII (page 349): risk difference in percentage points,
    # 2.94 (0.4 to 5.5) by each estimator, tau2 0
    found = fitted(effects("hine1989", "RD"), tau2)
    assert round(100 * found.estimate, 2) == 2.94
    assert [round(100 * found.ci.low, 1), round(100 * found.ci.high, 1)] == [0.4, 5.5]
    assert found.heterogeneity.tau2 == 0


NORMAND_TABLE_9 = {  # page 352: mean difference in days, interval, tau2
    "EE": (-3.49, [-5.03, -1.96], None),
    "DL": (-14.10, [-24.45, -3.75], 218.72),
    "REML": (-15.12, [-32.67, 2.43], 685.20),
}


@pytest.mark.parametrize("tau2", NORMAND_TABLE_9)
def test_normand_1999_length_of_stay(tau2):
    # Normand 1999, Table IX (page 352); her variances use the pooled standard deviation of the arms
    stay = {
        name: np.array(cells, dtype=float)
        for name, cells in columns("normand1999").items()
        if name != "study"
    }
    df1, df2 = stay["n1i"] - 1, stay["n2i"] - 1
    pooled = np.sqrt((df1 * stay["sd1i"] ** 2 + df2 * stay["sd2i"] ** 2) / (df1 + df2))
    found = fitted(effect_sizes({**stay, "sd1i": pooled, "sd2i": pooled}, measure="MD"), tau2)
    estimate, interval, variance = NORMAND_TABLE_9[tau2]
    assert round(found.estimate, 2) == estimate
    assert printed(found.ci, 2) == interval
    if variance is not None:
        assert round(found.heterogeneity.tau2, 2) == variance


def test_hackshaw_1997_passive_smoking_and_lung_cancer():
    # Hackshaw, Law & Wald 1997, BMJ 315:980: 37 studies of women whose husbands smoked,
    # relative risk 1.24 (95% CI 1.13 to 1.36)
    found = fitted(effects("hackshaw1998", "GEN"), "DL")
    assert round(np.exp(found.estimate), 2) == 1.24
    assert printed_ratio(found) == [1.13, 1.36]
    assert found.k == 37


RAUDENBUSH_WALD = {  # Table 16.3: tau2, mu, se, z, low, high
    "EE": (0.0, 0.060, 0.036, 1.655, -0.011, 0.132),
    "ML": (0.013, 0.078, 0.047, 1.637, -0.015, 0.171),
    "REML": (0.019, 0.084, 0.052, 1.621, -0.018, 0.185),
    "DL": (0.026, 0.089, 0.056, 1.601, -0.020, 0.199),
    "HE": (0.080, 0.114, 0.079, 1.443, -0.041, 0.270),
}
RAUDENBUSH_HARTUNG_KNAPP = {
    "ML": (0.013, 0.078, 0.059, 1.311, -0.047, 0.202),
    "REML": (0.019, 0.084, 0.062, 1.359, -0.046, 0.213),
    "DL": (0.026, 0.089, 0.064, 1.405, -0.044, 0.223),
    "HE": (0.080, 0.114, 0.071, 1.608, -0.035, 0.264),
}


def row_of(found):
    tau2 = found.heterogeneity.tau2 if found.method.model == "random" else 0.0
    numbers = (tau2, found.estimate, found.se, found.statistic, found.ci.low, found.ci.high)
    return tuple(round(n, 3) for n in numbers)


@pytest.mark.parametrize("tau2", RAUDENBUSH_WALD)
def test_raudenbush_2009_teacher_expectancy_conventional(tau2):
    # Raudenbush 2009 (Handbook of Research Synthesis, 2nd ed., ch. 16), Table 16.3, page 309, on the
    # studies of Raudenbush 1985
    assert row_of(fitted(effects("raudenbush1985", "GEN"), tau2)) == RAUDENBUSH_WALD[tau2]


@pytest.mark.parametrize("tau2", RAUDENBUSH_HARTUNG_KNAPP)
def test_raudenbush_2009_teacher_expectancy_knapp_hartung(tau2):
    # the same table, the part after Knapp & Hartung
    assert row_of(fitted(effects("raudenbush1985", "GEN"), tau2, "hksj")) == RAUDENBUSH_HARTUNG_KNAPP[tau2]


def test_raudenbush_2009_weeks_of_contact():
    # the same chapter, Table 16.2, page 301: intercept 0.407, slope -0.157 (z 4.68 and -4.39),
    # residual Q 16.57, tau2 0; weeks beyond three count as three
    them = effects("raudenbush1985", "GEN")
    weeks = np.minimum(np.array(them.moderators["weeks"], dtype=float), 3)
    found = regress(them.yi, them.vi, np.column_stack([np.ones(19), weeks]))
    assert found.beta.round(3).tolist() == [0.407, -0.157]
    assert (found.beta / found.se).round(2).tolist() == [4.68, -4.39]
    assert round(found.q_residual, 2) == 16.57
    assert round(found.tau2, 3) == 0


VIECHTBAUER_2005 = {  # page 271 and page 272: tau2, H2, I2 in per cent
    "HS": (0.228, 77.23, 4.39, 0.010, 22.93, 1.30),
    "HE": (0.148, 68.80, 3.21, 0.000, 0.00, 1.00),
    "DL": (0.277, 80.44, 5.11, 0.013, 27.53, 1.38),
    "ML": (0.197, 74.51, 3.92, 0.013, 28.45, 1.40),
    "REML": (0.223, 76.84, 4.32, 0.016, 32.02, 1.47),
    "EB": (0.192, 74.05, 3.85, 0.010, 23.72, 1.31),
    "SJ": (0.199, 74.75, 3.96, 0.025, 42.67, 1.74),
}
FIRST = (
    [-0.581, 0.530, 0.771, 1.031, 0.553, 0.295, 0.078, 0.573, -0.176, -0.232],
    [0.023, 0.052, 0.060, 0.115, 0.095, 0.203, 0.200, 0.211, 0.051, 0.040],
)
SECOND = (
    [0.100, -0.162, -0.090, -0.049, -0.046, -0.010, -0.431, -0.261, 0.134, 0.019, 0.175, 0.056, 0.045, 0.103,
     0.121, -0.482, 0.290, 0.342],
    [0.016, 0.015, 0.050, 0.050, 0.032, 0.052, 0.036, 0.024, 0.034, 0.033, 0.031, 0.034, 0.039, 0.167,
     0.134, 0.096, 0.016, 0.035],
)  # fmt: skip


@pytest.mark.parametrize("tau2", VIECHTBAUER_2005)
def test_viechtbauer_2005_seven_estimators(tau2):
    # Viechtbauer 2005, J Educ Behav Stat 30:261, the two examples of pages 271 and 272
    found = [fitted(generic(*data), tau2).heterogeneity for data in (FIRST, SECOND)]
    numbers = [n for h in found for n in (round(h.tau2, 3), round(100 * h.i2, 2), round(h.h2, 2))]
    assert tuple(numbers) == VIECHTBAUER_2005[tau2]


def test_viechtbauer_2007_intervals_for_tau2():
    # Viechtbauer 2007, Stat Med 26:37, Table II (page 44): diuretics in pregnancy
    collins = effects("collins1985b", "OR")
    found = {code: fitted(collins, code).heterogeneity for code in ("DL", "ML", "REML", "SJ")}
    assert {code: round(h.tau2, 3) for code, h in found.items()} == {
        "DL": 0.230, "ML": 0.239, "REML": 0.301, "SJ": 0.456,
    }  # fmt: skip
    q_profile = pool_as(collins, Options(policy="metafor", tau2="DL", tau2_ci="QP")).heterogeneity.tau2_ci
    assert printed(q_profile, 3) == [0.072, 2.203]


@pytest.mark.parametrize(("tau2", "ends"), [("ML", [0.027, 1.131]), ("REML", [0.043, 1.475])])
def test_viechtbauer_2007_profile_likelihood_for_tau2(tau2, ends):
    # the same table, profile likelihood
    found = pool_as(effects("collins1985b", "OR"), Options(policy="metafor", tau2=tau2, tau2_ci="PL"))
    assert printed(found.heterogeneity.tau2_ci, 3) == ends


DERSIMONIAN_KACKER = {  # tau, mu, se
    "PM": (0.3681, -0.3811, 0.2060),
    "HE": (0.4410, -0.4035, 0.2327),
    "DL": (0.2323, -0.3240, 0.1540),
    "DL2": (0.3254, -0.3655, 0.1901),
}


@pytest.mark.parametrize("tau2", DERSIMONIAN_KACKER)
def test_dersimonian_kacker_2007_aspirin_for_pre_eclampsia(tau2):
    # DerSimonian & Kacker 2007, Contemp Clin Trials 28:105, Tables 3 and 4 (pages 111-112), CLASP data
    clasp = effect_sizes(
        {
            "ai": [5, 5, 12, 69, 9, 313], "n1i": [156, 303, 565, 1570, 103, 4659],
            "ci": [8, 17, 9, 94, 11, 352], "n2i": [74, 303, 477, 1565, 105, 4650],
        },
        measure="OR",
    )  # fmt: skip
    found = fitted(clasp, tau2)
    numbers = (np.sqrt(found.heterogeneity.tau2), found.estimate, found.se)
    assert tuple(round(float(n), 4) for n in numbers) == DERSIMONIAN_KACKER[tau2]


LEE = {  # acupoint stimulation against nausea after surgery (Lee & Done 2004)
    "ai": [18, 5, 9, 32, 9, 11, 69, 3, 1, 11, 7, 4, 1, 24, 16, 28],
    "n1i": [100, 50, 20, 135, 23, 18, 122, 25, 30, 30, 44, 47, 30, 40, 50, 110],
    "ci": [20, 18, 7, 31, 10, 12, 80, 12, 1, 19, 16, 6, 13, 71, 53, 25],
    "n2i": [100, 50, 20, 139, 23, 18, 122, 25, 30, 30, 39, 47, 30, 80, 88, 111],
}


def test_henmi_copas_2010_random_effects():
    # Henmi & Copas 2010, Stat Med 29:2969, page 2978
    found = fitted(effect_sizes(LEE, measure="OR"), "DL")
    assert round(found.heterogeneity.tau2, 4) == 0.3325
    assert round(found.estimate, 4) == -0.6787
    assert printed(found.ci, 4) == [-1.0664, -0.2911]


def test_henmi_copas_2010_robust_interval():
    # the same page, their method
    found = fitted(effect_sizes(LEE, measure="OR"), "DL", "hc")
    assert round(found.estimate, 4) == -0.5145
    assert printed(found.ci, 4) == [-0.9994, -0.0295]
