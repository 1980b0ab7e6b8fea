"""Models for sparse data against R metafor; tests/reference/make_rare.R makes the numbers."""

import csv
import json
from math import log
from pathlib import Path

import numpy as np
import pytest

from metareview.effects import effect_sizes
from metareview.synthesis.models import fit_model
from metareview.synthesis.rare.counts import two_arms
from metareview.synthesis.rare.kernels import binomial, hypergeometric, two_binomials
from metareview.synthesis.rare.maximum import maximise

REFERENCE = Path(__file__).parent.parent / "reference"
NAMES = sorted(f.stem for f in (REFERENCE / "rare").glob("*.json") if f.stem != "cm_el")
TWO_ARMS = [name for name in NAMES if name not in ("nielweise2008", "pritz1997")]
# rma.glmm's numerical Hessian of CM.EL breaks down where tau2 is 0: it prints standard errors of 0.0012 for
# 0.37; the estimate is right
NO_STANDARD_ERROR = {("edge_o_rare", "CM.EL"), ("hine1989", "CM.EL")}


def reference(name):
    found = json.loads((REFERENCE / "rare" / f"{name}.json").read_text("utf-8"))
    found["glmm"] |= json.loads((REFERENCE / "rare" / "cm_el.json").read_text("utf-8")).get(name, {})
    return found


def effects(name, measure):
    with (REFERENCE / "datasets" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    wanted = ("study", "ai", "bi", "ci", "di", "n1i", "n2i", "x1i", "t1i", "x2i", "t2i", "xi", "ni")
    return effect_sizes({c: [row[c] for row in rows] for c in rows[0] if c in wanted}, measure=measure)


def close(ours, theirs, tolerance):
    return ours == pytest.approx(theirs, rel=tolerance, abs=tolerance)


@pytest.mark.parametrize("measure", ["OR", "RR", "RD"])
@pytest.mark.parametrize("name", TWO_ARMS)
def test_mantel_haenszel_is_metafors(name, measure):
    fit, theirs = fit_model(effects(name, measure), model="mh"), reference(name)["mh"][measure]
    assert close(fit.estimate, theirs["b"], 1e-10)
    assert close(fit.se, theirs["se"], 1e-10)
    assert close(fit.heterogeneity.q, theirs["QE"], 1e-10)
    if measure == "OR":
        for key in ("cmh", "breslow_day", "tarone"):
            assert close(fit.details[key], theirs[key], 1e-9), key
        assert fit.details["breslow_day_df"] == theirs["k_pos"] - 1


@pytest.mark.parametrize("measure", ["IRR", "IRD"])
def test_mantel_haenszel_of_rates_is_metafors(measure):
    fit = fit_model(effects("nielweise2008", measure), model="mh")
    theirs = reference("nielweise2008")["mh"][measure]
    assert close(fit.estimate, theirs["b"], 1e-10)
    assert close(fit.se, theirs["se"], 1e-10)
    assert close(fit.heterogeneity.q, theirs["QE"], 1e-10)
    if measure == "IRR":
        assert close(fit.details["cmh"], theirs["cmh"], 1e-10)


@pytest.mark.parametrize("name", TWO_ARMS)
def test_peto_is_metafors(name):
    fit, theirs = fit_model(effects(name, "OR"), model="peto"), reference(name)["peto"]
    assert close(fit.estimate, theirs["b"], 1e-10)
    assert close(fit.se, theirs["se"], 1e-10)
    assert close(fit.heterogeneity.q, theirs["QE"], 1e-10)
    assert close(fit.heterogeneity.q_p, theirs["QEp"], 1e-9)


def grid():
    models = {name: {key.rsplit("_", 1)[0] for key in reference(name)["glmm"]} for name in NAMES}
    return [(name, model) for name in models for model in sorted(models[name])]


def measure_of(name):
    return {"nielweise2008": "IRR", "pritz1997": "PLO"}.get(name, "OR")


def code_of(model):
    return "logit-normal" if model == "PLO" else model.lower()


@pytest.mark.parametrize(("name", "model"), grid())
def test_mixed_models_are_metafors(name, model):
    theirs = reference(name)["glmm"][f"{model}_ML"]
    fit = fit_model(effects(name, measure_of(name)), model=code_of(model))
    assert fit.estimate == pytest.approx(theirs["b"], abs=1e-3)
    assert fit.heterogeneity.tau2 == pytest.approx(theirs["tau2"], abs=1e-3)
    if (name, model) not in NO_STANDARD_ERROR:
        # lme4's finite-difference Hessian of UM.RS is good to 2% only
        assert fit.se == pytest.approx(theirs["se"], rel=0.02 if model == "UM.RS" else 1e-3, abs=1e-3)
    # lme4's stopping rule leaves its likelihoods, and so this difference of two, loose in UM.RS
    assert fit.heterogeneity.q == pytest.approx(theirs["q_lrt"], abs=0.03 if model == "UM.RS" else 1e-6)
    # Wald's rests on numerical Hessians there, and in CM.EL; glm's are exact
    loose = model == "UM.RS" or (model == "CM.EL" and measure_of(name) == "OR")
    assert fit.details["q_wald"] == pytest.approx(theirs["q_wald"], rel=0.03 if loose else 1e-5, abs=1e-5)


@pytest.mark.parametrize(("name", "model"), [(n, m) for n, m in grid() if n in TWO_ARMS])
def test_no_likelihood_lies_below_metafors(name, model):
    theirs = reference(name)["glmm"][f"{model}_ML"]
    # quadrature of the order metafor uses, so that the same function is compared
    order = {"UM.RS": 1, "CM.EL": 31}.get(model, 7)
    fit = fit_model(effects(name, "OR"), model=model.lower(), order=order)
    at_zero = theirs["ll_marginal"] is None if "ll_marginal" in theirs else model in ("UM.FS", "CM.AL")
    value = theirs["ll"] if model in ("UM.RS", "CM.EL") or at_zero else theirs["ll_marginal"]
    assert fit.details["log_likelihood"] > value - 1e-6


@pytest.mark.parametrize("name", TWO_ARMS)
def test_common_effect_likelihoods_are_those_of_glm(name):
    glmm, arms = reference(name)["glmm"], two_arms(effects(name, "OR"))
    arms = arms.only(~arms.silent)
    counts = (arms.x1, arms.n1, arms.x2, arms.n2)
    kernels = {
        "UM.FS": two_binomials(*counts),
        "CM.AL": binomial(arms.x1, arms.x1 + arms.x2, np.log(arms.n1 / arms.n2)),
    }
    if "CM.EL_EE" in glmm:
        kernels["CM.EL"] = hypergeometric(*counts)
    for model, kernel in kernels.items():
        theirs, found = glmm[f"{model}_EE"], maximise(kernel, 1, random=False)
        assert found.log_likelihood == pytest.approx(theirs["ll"], abs=1e-7), model
        assert found.mu == pytest.approx(theirs["b"], abs=1e-6), model


def test_the_grid_is_complete():
    assert len(NAMES) == 16
    assert len(grid()) == 14 * 3 + 7 + 3 + 1


def test_the_exact_model_fits_where_metafor_does_not_converge():
    # rma.glmm(measure="OR", model="CM.EL") gives no estimate for table 6 of Yusuf 1985
    from scipy.stats import nchypergeom_fisher

    made = effects("yusuf1985_t6", "OR")
    fit = fit_model(made, model="cm.el")
    assert fit.heterogeneity.tau2 == 0
    # with tau2 at 0 it is the conditional estimate: events observed equal those expected
    n1, n2, events = made.data["n1i"], made.data["n2i"], made.data["ai"] + made.data["ci"]
    expected = nchypergeom_fisher.mean(n1 + n2, n1, events, np.exp(fit.estimate))
    assert expected.sum() == pytest.approx(made.data["ai"].sum(), abs=1e-6)


def test_nielweise_2007_gives_the_printed_estimates():
    # metafor 3.8-1, dat.nielweise2007: 18 trials, one without any infection
    printed = {
        "mh": (-1.20870483, 0.22244542, None),
        "peto": (-1.10574495, 0.19158734, None),
        "um.fs": (-1.23692, 0.28041, 0.31979),
        "cm.el": (-1.35316, 0.35107, 0.69346),
        "cm.al": (-1.30265, 0.33864, 0.60068),
    }
    for model, (estimate, se, tau2) in printed.items():
        fit = fit_model(effects("nielweise2007", "OR"), model=model)
        assert fit.estimate == pytest.approx(estimate, abs=1e-8 if tau2 is None else 1e-3), model
        assert fit.se == pytest.approx(se, abs=1e-8 if tau2 is None else 1e-3), model
        if tau2 is not None:
            assert fit.heterogeneity.tau2 == pytest.approx(tau2, abs=1e-3), model
        assert fit.k == 17


def test_orders_of_the_quadrature_agree_from_thirteen_on():
    for model in ("um.fs", "cm.el", "cm.al"):
        fits = [fit_model(effects("nielweise2007", "OR"), model=model, order=n) for n in (13, 21, 41)]
        assert np.ptp([f.estimate for f in fits]) < 1e-6
        assert np.ptp([f.details["log_likelihood"] for f in fits]) < 1e-7


def test_statsmodels_stratified_table_agrees():
    from statsmodels.stats.contingency_tables import StratifiedTable

    made = effects("bcg", "OR")  # no zero margin, on which StratifiedTable's Breslow-Day is NaN
    a, n1, c, n2 = (made.data[name] for name in ("ai", "n1i", "ci", "n2i"))
    tables = np.array([[a, n1 - a], [c, n2 - c]])
    theirs, ours = StratifiedTable(tables), fit_model(made, model="mh")
    assert ours.estimate == pytest.approx(theirs.logodds_pooled, rel=1e-12)
    assert ours.se == pytest.approx(theirs.logodds_pooled_se, rel=1e-10)
    assert ours.details["cmh"] == pytest.approx(theirs.test_null_odds().statistic, rel=1e-10)
    assert ours.details["tarone"] == pytest.approx(theirs.test_equal_odds(adjust=True).statistic, rel=1e-10)
    assert ours.details["breslow_day"] == pytest.approx(theirs.test_equal_odds().statistic, rel=1e-10)
    risk_ratio = fit_model(effects("bcg", "RR"), model="mh").estimate
    assert log(theirs.riskratio_pooled) == pytest.approx(risk_ratio, rel=1e-12)
