"""Each model for sparse data: what it is checked against, what it says, what it refuses."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import betabinom, binom, nchypergeom_fisher, norm

from metareview.effects import effect_sizes
from metareview.errors import SynthesisError
from metareview.synthesis import pool
from metareview.synthesis.models import MODELS, fit_model
from metareview.synthesis.rare import sparse_data_note
from metareview.synthesis.rare.kernels import hypergeometric
from metareview.synthesis.rare.surface import climb

SPARSE = {
    "study": ["A", "B", "C", "D", "E"],
    "ai": [0, 3, 2, 0, 1], "n1i": [50, 60, 40, 80, 30], "ci": [2, 5, 0, 0, 4], "n2i": [55, 58, 45, 77, 33],
}  # fmt: skip


def sparse(measure="OR"):
    return effect_sizes(SPARSE, measure=measure)


def test_the_hypergeometric_likelihood_is_scipys():
    x1, n1, x2, n2 = (np.array(v, dtype=float) for v in ([3, 0, 7], [10, 20, 7], [5, 4, 2], [12, 9, 30]))
    kernel = hypergeometric(x1, n1, x2, n2)
    for theta in (-3.0, 0.0, 1.7):
        s = kernel.slopes(np.full(3, theta), None)
        there = (n1 + n2, n1, x1 + x2, np.exp(theta))
        assert s.h == pytest.approx(nchypergeom_fisher.logpmf(x1, *there), abs=1e-10)
        assert s.t == pytest.approx(x1 - nchypergeom_fisher.mean(*there), abs=1e-8)
        assert -s.tt == pytest.approx(nchypergeom_fisher.var(*there), abs=1e-8)


def test_the_logit_normal_likelihood_is_the_integral():
    x, n = np.array([0.0, 4, 9, 2]), np.array([12.0, 20, 11, 30])
    fit = fit_model(effect_sizes({"xi": x, "ni": n}, measure="PLO"), model="logit-normal")
    z = np.linspace(-12, 12, 40001)

    def log_likelihood(mu, tau):
        return sum(
            np.log(np.trapezoid(binom.pmf(a, b, expit(mu + tau * z)) * norm.pdf(z), z))
            for a, b in zip(x, n, strict=True)
        )

    tau = np.sqrt(fit.heterogeneity.tau2)
    best = log_likelihood(fit.estimate, tau)
    assert fit.details["log_likelihood"] == pytest.approx(best, abs=1e-6)
    for d_mu, d_tau in ((1e-3, 0), (-1e-3, 0), (0, 1e-3), (0, -1e-3)):
        assert log_likelihood(fit.estimate + d_mu, tau + d_tau) < best


def test_the_beta_binomial_likelihood_is_scipys():
    counts = sparse().data
    arms = [(counts["ai"], counts["n1i"]), (counts["ci"], counts["n2i"])]

    def value(point):
        a, b, s = point[0], point[1], np.exp(point[2])
        means = expit(a + b), expit(a)
        return -sum(
            betabinom.logpmf(x, n, m * s, (1 - m) * s).sum() for (x, n), m in zip(arms, means, strict=True)
        )

    best = minimize(value, [-3.0, -0.5, 3.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12})
    fit = fit_model(sparse(), model="betabin")
    assert fit.k == 5
    assert fit.details["log_likelihood"] >= -best.fun - 1e-9
    assert fit.estimate == pytest.approx(best.x[1], abs=1e-4)
    assert fit.details["rho"] == pytest.approx(1 / (1 + np.exp(best.x[2])), abs=1e-4)


def test_firths_model_is_the_maximum_of_the_penalised_likelihood():
    counts = sparse().data
    keep = (counts["ai"] + counts["ci"]) > 0
    x = np.concatenate([counts["ai"][keep], counts["ci"][keep]])
    n = np.concatenate([counts["n1i"][keep], counts["n2i"][keep]])
    k = int(keep.sum())
    design = np.hstack([np.repeat([[0.5], [-0.5]], k, axis=0), np.vstack([np.eye(k)] * 2)])

    def value(b):
        p = expit(design @ b)
        information = design.T @ (design * (n * p * (1 - p))[:, None])
        return -(binom.logpmf(x, n, p).sum() + 0.5 * np.linalg.slogdet(information)[1])

    best = minimize(value, np.append(0.0, np.full(k, -3.0)), method="BFGS", options={"gtol": 1e-8})
    fit = fit_model(sparse(), model="firth")
    assert fit.estimate == pytest.approx(best.x[0], abs=1e-5)
    assert fit.details["penalised_log_likelihood"] == pytest.approx(-best.fun, abs=1e-8)

    # the ends of the interval are where the profile has fallen by 1.92
    for end in (fit.ci.low, fit.ci.high):
        held = minimize(lambda b, end=end: value(np.append(end, b)), best.x[1:], method="BFGS")
        assert held.fun - best.fun == pytest.approx(norm.ppf(0.975) ** 2 / 2, abs=1e-4)


def test_firth_is_finite_where_an_arm_has_no_event_at_all():
    counts = {"ai": [0, 0], "n1i": [40, 60], "ci": [3, 5], "n2i": [40, 60]}
    effects = effect_sizes(counts, measure="OR")
    fit = fit_model(effects, model="firth")
    assert np.isfinite([fit.estimate, fit.se, fit.ci.low, fit.ci.high]).all()
    for other in ("mh", "um.fs", "um.rs", "cm.el", "cm.al", "betabin"):
        infinite = fit_model(effects, model=other)
        assert infinite.estimate == -np.inf, other
        assert infinite.ci is None
        assert infinite.as_dict()["estimate"] is None
        assert infinite.as_dict()["display"]["estimate"] is None
        assert "not estimable" in str(infinite)
        assert any("finite" in note for note in infinite.notes), other


def test_effects_at_both_ends_have_no_estimate_and_say_so():
    counts = {"ai": [0, 8], "n1i": [20, 20], "ci": [8, 0], "n2i": [20, 20]}
    for model in ("cm.el", "um.fs", "cm.al"):
        fit = fit_model(effect_sizes(counts, measure="OR"), model=model)
        assert np.isnan(fit.estimate)
        assert any("ever larger tau2" in note for note in fit.notes)


def test_only_double_zero_trials_say_nothing_of_a_ratio():
    counts = {"ai": [0, 0], "n1i": [20, 20], "ci": [0, 0], "n2i": [20, 30]}
    for model in ("mh", "peto", "um.fs", "um.rs", "cm.el", "cm.al", "betabin", "firth"):
        fit = fit_model(effect_sizes(counts, measure="OR"), model=model)
        assert np.isnan(fit.estimate), model
        assert fit.notes


def test_a_double_zero_trial_stays_visible_and_is_counted_where_the_model_uses_it():
    ratio, difference = fit_model(sparse(), model="mh"), fit_model(sparse("RD"), model="mh")
    assert ratio.k == 4
    assert ratio.weights[3] == 0
    assert any("D" in note for note in ratio.notes)
    assert ratio.effects.study_notes[3]
    assert difference.k == 5
    assert difference.weights[3] > 0
    assert fit_model(sparse(), model="betabin").k == 5


def test_random_intercepts_tell_what_counting_double_zero_trials_gives():
    fit = fit_model(sparse(), model="um.rs")
    assert fit.k == 4
    assert np.isfinite(fit.details["estimate_with_silent"])
    assert any("counted" in note for note in fit.notes)


def test_the_conditional_models_agree_where_events_are_rare():
    counts = {"ai": [2, 1, 3], "n1i": [4000, 5000, 3000], "ci": [4, 3, 3], "n2i": [4000, 5100, 2900]}
    effects = effect_sizes(counts, measure="OR")
    exact, near = (fit_model(effects, model=m).estimate for m in ("cm.el", "cm.al"))
    assert exact == pytest.approx(near, abs=5e-3)


def test_the_approximation_is_warned_of_where_events_are_common():
    counts = {"ai": [20, 15], "n1i": [40, 40], "ci": [30, 22], "n2i": [40, 40]}
    notes = fit_model(effect_sizes(counts, measure="OR"), model="cm.al").notes
    assert any("not rare" in note for note in notes)


def test_one_study_is_no_failure():
    counts = {"ai": [3], "n1i": [50], "ci": [6], "n2i": [50]}
    log_or = np.log(3 * 44 / (6 * 47))
    for model in ("mh", "um.fs", "um.rs", "betabin"):
        fit = fit_model(effect_sizes(counts, measure="OR"), model=model)
        assert fit.estimate == pytest.approx(log_or, abs=1e-4), model
        assert fit.k == 1
        assert fit.heterogeneity is None


def test_rates_and_single_arms_have_their_models():
    rates = {"x1i": [3, 0, 2], "t1i": [100.0, 90, 80], "x2i": [5, 4, 0], "t2i": [110.0, 95, 70]}
    effects = effect_sizes(rates, measure="IRR")
    exact, same = (fit_model(effects, model=m).estimate for m in ("cm.el", "cm.al"))
    assert exact == same
    for model in ("mh", "um.fs", "um.rs"):
        assert np.isfinite(fit_model(effects, model=model).estimate)
    single = effect_sizes({"xi": [0, 3, 5], "ti": [10.0, 40, 30]}, measure="IRLN")
    fit = fit_model(single, model="poisson-normal")
    assert fit.heterogeneity.tau2 == 0 or fit.heterogeneity.tau2 > 0
    common = fit_model(
        effect_sizes({"xi": [2, 4, 3], "ti": [20.0, 40, 30]}, measure="IRLN"), model="poisson-normal"
    )
    assert common.estimate == pytest.approx(np.log(9 / 90), abs=1e-8)


def test_peto_says_when_its_conditions_do_not_hold():
    counts = {"ai": [30, 25], "n1i": [50, 50], "ci": [60, 20], "n2i": [300, 200]}
    notes = " ".join(fit_model(effect_sizes(counts, measure="OR"), model="peto").notes)
    assert "arms are unequal" in notes
    assert "large" in notes
    assert "not rare" in notes


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"model": "mantel"}, "Allowed: mh, peto"),
        ({"model": "cm.ell"}, 'did you mean "cm.el"?'),
        ({"model": "mh", "prior": "half-normal(1)"}, "has no such option"),
        ({"model": "um.fs", "order": 0}, "whole number from 1"),
        ({"model": "um.rs", "order": 50}, "up to order 21"),
        ({"model": "mh", "level": 95}, "fraction between 0.5 and 1"),
        ({"model": "logit-normal"}, "pools PLO"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(options, said):
    with pytest.raises(SynthesisError) as refused:
        fit_model(sparse(), **options)
    assert said in str(refused.value)


def test_fractions_are_refused_by_the_exact_model_and_taken_by_others():
    counts = {"study": ["A", "B"], "ai": [2.5, 3], "n1i": [50, 60], "ci": [2, 5], "n2i": [55, 58]}
    effects = effect_sizes(counts, measure="OR")
    with pytest.raises(SynthesisError, match=r'"A" has counts 2\.5, 50, 2, 55'):
        fit_model(effects, model="cm.el")
    assert np.isfinite(fit_model(effects, model="um.fs").estimate)


def test_effects_without_counts_are_refused_with_the_missing_columns():
    effects = effect_sizes(
        {"estimate": [0.5, 0.7], "ci_low": [0.3, 0.4], "ci_high": [0.9, 1.2]}, measure="OR"
    )
    with pytest.raises(SynthesisError, match="numbers of events"):
        fit_model(effects, model="mh")


def test_sparse_data_are_noted_and_others_are_not():
    note = sparse_data_note(sparse())
    assert "2 of 5 studies" in note
    assert "1 of 5 has none" in note
    assert "mh" in note
    assert "cm.el" in note
    assert sparse_data_note(effect_sizes({"yi": [0.1], "vi": [0.2]}, measure="GEN")) is None
    plenty = {"ai": [30, 25], "n1i": [500, 500], "ci": [60, 20], "n2i": [300, 200]}
    assert sparse_data_note(effect_sizes(plenty, measure="OR")) is None


def test_inverse_variance_tells_of_sparse_data():
    assert any("Data are sparse" in note for note in pool(sparse()).notes)
    plenty = {"ai": [30, 25], "n1i": [500, 500], "ci": [60, 20], "n2i": [300, 200]}
    assert not any("sparse" in note for note in pool(effect_sizes(plenty, measure="OR")).notes)


def test_every_model_describes_itself():
    for code, model in MODELS.items():
        assert model.label
        assert code == code.casefold()


def test_a_climb_finds_the_top_of_a_known_hill():
    def hill(points):
        return -((points[:, 0] - 1) ** 2) - 3 * (points[:, 1] + 2) ** 4 - (points[:, 1] + 2) ** 2

    top = climb(hill, np.array([4.0, 3.0]))
    assert top.converged
    assert top.at == pytest.approx([1, -2], abs=1e-5)


def test_the_model_and_inverse_variance_say_the_same_where_data_are_plentiful():
    counts = {"ai": [300, 250], "n1i": [5000, 5000], "ci": [360, 320], "n2i": [5000, 5000]}
    effects = effect_sizes(counts, measure="OR")
    common = pool(effects, model="common").estimate
    for model in ("mh", "peto", "um.fs", "cm.el", "firth"):
        assert fit_model(effects, model=model).estimate == pytest.approx(common, abs=0.01), model
