"""Published analyses of sparse data. Deviations in the last printed digit are those metafor has too."""

import csv
from pathlib import Path

import numpy as np
import pytest

from metareview.effects import effect_sizes
from metareview.synthesis.models import fit_model

DATA = Path(__file__).parent.parent / "reference" / "datasets"


def columns(name):
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {c: np.array([float(row[c]) for row in rows]) for c in rows[0] if c not in ("study", "table")}


def fitted(counts, measure, model):
    return fit_model(effect_sizes(counts, measure=measure), model=model)


def test_stijnen_2010_table_2_infection_risks_of_each_arm():
    # Stat Med 29:3046, p. 3050, table II, binomial-normal model: logit, standard error, tau2, risk (95% CI)
    d = columns("nielweise2007")
    for x, n, logit, se, tau2, risk in (
        ("ci", "n2i", -3.50, 0.26, 0.81, (0.029, 0.018, 0.048)),
        ("ai", "n1i", -4.81, 0.36, 0.83, (0.008, 0.004, 0.016)),
    ):
        fit = fitted({"xi": d[x], "ni": d[n]}, "PLO", "logit-normal")
        assert fit.estimate == pytest.approx(logit, abs=0.006)
        assert fit.se == pytest.approx(se, abs=0.006)
        assert fit.heterogeneity.tau2 == pytest.approx(tau2, abs=0.01)
        printed = [float(fit.effects.measure.back(v)) for v in (fit.estimate, fit.ci.low, fit.ci.high)]
        assert printed == pytest.approx(risk, abs=6e-4)


def test_stijnen_2010_table_3_odds_ratio_of_coated_catheters():
    # p. 3052, table III: log odds ratio, standard error, tau; odds ratio (95% CI)
    d = columns("nielweise2007")
    counts = {name: d[name] for name in ("ai", "n1i", "ci", "n2i")}
    for model, log_or, se, tau, interval in (
        ("cm.el", -1.353, 0.351, 0.83, (0.13, 0.51)),
        ("cm.al", -1.303, 0.339, 0.77, (0.14, 0.53)),
    ):
        fit = fitted(counts, "OR", model)
        assert fit.estimate == pytest.approx(log_or, abs=6e-4)
        assert fit.se == pytest.approx(se, abs=6e-4)
        assert fit.heterogeneity.tau2**0.5 == pytest.approx(tau, abs=0.006)
        assert np.exp([fit.ci.low, fit.ci.high]) == pytest.approx(interval, abs=0.006)


def test_stijnen_2010_table_7_infection_rates_of_each_arm():
    # p. 3054, table VII, Poisson-normal model, per 1,000 catheter days
    d = columns("nielweise2008")
    for x, t, log_rate, se, tau2, rate in (
        ("x2i", "t2i", 1.401, 0.231, 0.316, (4.06, 2.58, 6.38)),
        ("x1i", "t1i", 0.850, 0.330, 0.654, (2.34, 1.23, 4.47)),
    ):
        fit = fitted({"xi": d[x], "ti": d[t] / 1000}, "IRLN", "poisson-normal")
        assert fit.estimate == pytest.approx(log_rate, abs=2e-3)
        assert fit.se == pytest.approx(se, abs=2e-3)
        assert fit.heterogeneity.tau2 == pytest.approx(tau2, abs=2e-3)
        assert np.exp([fit.estimate, fit.ci.low, fit.ci.high]) == pytest.approx(rate, abs=0.012)


def test_stijnen_2010_table_8_rate_ratio():
    # p. 3055, table VIII, conditional (binomial-normal) model
    d = columns("nielweise2008")
    fit = fitted({name: d[name] for name in ("x1i", "t1i", "x2i", "t2i")}, "IRR", "cm.el")
    assert fit.estimate == pytest.approx(-0.476, abs=6e-4)
    assert fit.se == pytest.approx(0.238, abs=6e-4)
    assert fit.heterogeneity.tau2**0.5 == pytest.approx(0.35, abs=0.006)
    assert np.exp([fit.estimate, fit.ci.low, fit.ci.high]) == pytest.approx((0.62, 0.39, 0.99), abs=0.006)


def test_yusuf_1985_table_6_by_peto():
    # Prog Cardiovasc Dis 27:335, table 6 (oral beta-blockers begun early): odds ratio 0.93 (0.74 to 1.18)
    d = columns("yusuf1985_t6")
    fit = fitted({name: d[name] for name in ("ai", "n1i", "ci", "n2i")}, "OR", "peto")
    printed = np.exp([fit.estimate, fit.ci.low, fit.ci.high]).round(2)
    assert list(printed) == [0.93, 0.74, 1.18]
