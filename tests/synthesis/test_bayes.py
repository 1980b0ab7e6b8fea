"""The Bayesian model: against independent quadrature and published results, and what must hold of it."""

import csv
import json
import warnings
from math import inf, log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from metareview.effects import effect_sizes
from metareview.errors import SynthesisError
from metareview.synthesis.bayes import (
    compare_priors,
    compared_rows,
    curves_of,
    pool_bayes,
    posterior_of,
    prior_from,
    published_rows,
)
from metareview.synthesis.models import fit_model

REFERENCE = Path(__file__).parent.parent / "reference"
POSTERIORS = json.loads((REFERENCE / "bayes" / "posteriors.json").read_text("utf-8"))
CASES = [case for case in POSTERIORS if case != "made_by"]


def generic(yi, vi, measure="GEN"):
    return effect_sizes({"yi": yi, "vi": vi}, measure=measure)


def from_file(name, measure):
    folder = "bayes" if name == "crins2014" else "datasets"
    with (REFERENCE / folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return effect_sizes({c: [row[c] for row in rows] for c in rows[0]}, measure=measure)


@pytest.mark.parametrize("case", CASES)
def test_posteriors_are_those_of_an_independent_quadrature(case):
    effects = from_file(*case.split())
    for prior, theirs in POSTERIORS[case].items():
        ours = posterior_of(effects, prior=prior)
        central = {
            "mu_mean": ours.mu.mean, "mu_sd": ours.mu.sd, "mu_median": ours.mu.median,
            "mu_low": ours.mu.interval.low, "mu_high": ours.mu.interval.high,
            "new_median": ours.new.median, "new_low": ours.new.interval.low,
            "new_high": ours.new.interval.high,
            "below_0": ours.probability_below(0.0), "tau_mean": ours.tau.mean,
        }  # fmt: skip
        for name, value in central.items():
            assert value == pytest.approx(theirs[name], abs=1e-8), (prior, name)
        # the reference interpolates its distribution function
        for name, value in (
            ("tau_median", ours.tau.median),
            ("tau_low", ours.tau.interval.low),
            ("tau_high", ours.tau.interval.high),
        ):
            assert value == pytest.approx(theirs[name], abs=1e-5), (prior, name)


def test_the_reference_covers_every_family_of_priors():
    assert len(CASES) == 19
    assert {len(POSTERIORS[case]) for case in CASES} == {7}


def test_eight_schools_are_as_bayesmeta_prints_them():
    # Röver's introduction to bayesmeta (vignette): Rubin 1981, mu ~ N(0, 50²), tau ~ half-Cauchy(25);
    # intervals are the shortest. bayesmeta sums over a coarse grid of tau: its mean of mu is 7.98573, that of
    # adaptive quadrature 7.98604183 (last line)
    effects = generic(
        [28.39, 7.94, -2.75, 6.82, -0.64, 0.63, 18.01, 12.16],
        np.square([14.9, 10.2, 16.3, 11.0, 9.4, 11.4, 10.4, 17.6]),
    )
    found = posterior_of(effects, prior="half-cauchy(25)", mu_prior="normal(0, 50)", interval="shortest")
    mu, tau = found.mu, found.tau
    printed = [7.929503, 7.962961, 7.985729, 4.995762]
    assert [mu.mode, mu.median, mu.mean, mu.sd] == pytest.approx(printed, abs=2e-3)
    assert [mu.interval.low, mu.interval.high] == pytest.approx([-1.823353, 17.824562], abs=3e-3)
    assert tau.mode == 0
    assert [tau.median, tau.mean, tau.sd] == pytest.approx([4.758539, 5.884511, 4.869904], abs=5e-3)
    assert tau.interval.low == 0
    assert tau.interval.high == pytest.approx(15.165894, abs=1e-2)
    assert mu.mean == pytest.approx(7.98604183126618, abs=1e-10)


def test_the_published_tables_are_whole():
    turner, rhodes = published_rows("turner2015"), published_rows("rhodes2015")
    assert len({row.outcome for row in turner}) == 17
    assert len(turner) == 86
    assert len(rhodes) == 138
    # bayesmeta's manual, TurnerEtAlPrior("pain", "pharmacological", "placebo"): log tau ~ N(-0.915, 0.76²)
    prior = prior_from("turner2015(pain, placebo vs pharmacological)")
    assert prior.quantile(0.5) == pytest.approx(np.exp(-0.915), rel=1e-12)
    assert prior.quantile(norm.cdf(1)) == pytest.approx(np.exp(-0.915 + 0.76), rel=1e-9)


@pytest.mark.parametrize(
    "spec",
    [
        "half-normal(0.7)", "half-cauchy(0.5)", "half-t(3, 0.4)", "uniform(0.1, 2)", "log-normal(-1.3, 0.9)",
        "log-t(-1.7, 0.6, 5)", "turner2015(all-cause mortality, pharmacological vs control)", "turner2015",
    ],
)  # fmt: skip
def test_a_prior_integrates_to_one_and_knows_its_quantiles(spec):
    prior = prior_from(spec)

    def density(u):
        return float(prior.density(np.array([np.exp(u)]))[0] * np.exp(u))

    low = log(prior.low) if prior.low else -60.0
    high = log(prior.high) if prior.high < inf else 60.0
    median = log(prior.quantile(0.5))
    below, above = quad(density, low, median, limit=500)[0], quad(density, median, high, limit=500)[0]
    assert below == pytest.approx(0.5, abs=1e-4)
    assert above == pytest.approx(0.5, abs=1e-4)
    assert prior_from(prior.spec).spec == prior.spec


def test_shrinkage_moves_every_study_towards_the_mean_and_narrows_it():
    effects = from_file("crins2014", "OR")
    found = posterior_of(effects)
    for i, true in enumerate(found.shrinkage()):
        assert (
            min(effects.yi[i], found.mu.mean) - 1e-9 <= true.mean <= max(effects.yi[i], found.mu.mean) + 1e-9
        )
        assert true.sd < np.sqrt(effects.vi[i])


def test_weights_sum_to_one_and_leave_the_rest_to_a_prior_for_mu():
    effects = from_file("crins2014", "OR")
    assert posterior_of(effects).weights.sum() == pytest.approx(1, abs=1e-12)
    assert posterior_of(effects, mu_prior="normal(0, 0.5)").weights.sum() < 0.9


def test_bayes_factors_are_those_of_direct_integration():
    y, v = np.array([0.4, 0.1, 0.7]), np.array([0.04, 0.09, 0.05])
    found = posterior_of(generic(y, v), prior="half-normal(0.5)", mu_prior="normal(0, 1)")
    prior = prior_from("half-normal(0.5)")

    def marginal(tau, mu_sd):
        covariance = np.diag(v + tau**2) + mu_sd**2
        return np.exp(-0.5 * y @ np.linalg.solve(covariance, y)) / np.sqrt(
            np.linalg.det(2 * np.pi * covariance)
        )

    def evidence(mu_sd):
        return quad(
            lambda t: float(prior.density(np.array([t]))[0]) * marginal(t, mu_sd), 0, 10, epsabs=1e-13
        )[0]

    factors = found.bayes_factors()
    assert factors.no_effect == pytest.approx(evidence(0.0) / evidence(1.0), rel=1e-8)
    assert factors.no_heterogeneity == pytest.approx(marginal(0.0, 1.0) / evidence(1.0), rel=1e-8)


def test_bayes_factors_are_refused_with_improper_priors():
    effects = from_file("crins2014", "OR")
    with pytest.raises(SynthesisError, match="one for mu does not integrate"):
        posterior_of(effects).bayes_factors()
    with pytest.raises(SynthesisError, match="one for tau does not integrate"):
        posterior_of(effects, prior="uniform(0, inf)", mu_prior="normal(0, 2)").bayes_factors()


EFFECTS = st.lists(
    st.tuples(st.floats(-3, 3), st.floats(0.01, 4)), min_size=1, max_size=6
).map(lambda rows: tuple(np.array(c) for c in zip(*rows, strict=True)))  # fmt: skip


@settings(max_examples=20, deadline=None)
@given(EFFECTS)
def test_intervals_grow_with_the_scale_of_the_prior(data):
    effects = generic(*data)
    widths = []
    for scale in (0.1, 0.5, 2.0):
        found = posterior_of(effects, prior=f"half-normal({scale})")
        widths.append([
            found.mu.interval.high - found.mu.interval.low,
            found.new.interval.high - found.new.interval.low,
            found.tau.interval.high,
        ])  # fmt: skip
    assert np.all(np.diff(widths, axis=0) > -1e-9)


@settings(max_examples=20, deadline=None)
@given(EFFECTS, st.floats(-50, 50))
def test_shift_and_reflection_carry_over(data, shift):
    y, v = data
    prior = "half-cauchy(0.5)"
    one, moved, turned = (posterior_of(generic(z, v), prior=prior) for z in (y, y + shift, -y))
    assert moved.mu.median == pytest.approx(one.mu.median + shift, abs=1e-9)
    assert moved.tau.median == pytest.approx(one.tau.median, rel=1e-6)
    assert turned.mu.interval.high == pytest.approx(-one.mu.interval.low, abs=1e-9)
    assert turned.probability_below(0) == pytest.approx(1 - one.probability_below(0), abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(EFFECTS)
def test_shortest_is_never_longer_than_central(data):
    effects = generic(*data)
    central, shortest = (
        posterior_of(effects, prior="half-normal(0.5)", interval=i) for i in ("central", "shortest")
    )
    for name in ("mu", "tau", "new"):
        one, other = getattr(central, name).interval, getattr(shortest, name).interval
        assert other.high - other.low <= one.high - one.low + 1e-7


def test_the_same_data_give_the_same_bits():
    effects = from_file("crins2014", "OR")
    one, other = posterior_of(effects), posterior_of(effects)
    assert one.mu == other.mu
    assert one.tau == other.tau


def test_a_tau_known_to_be_zero_is_the_common_effect_model():
    y, v = np.array([0.4, 0.1, 0.7]), np.array([0.04, 0.09, 0.05])
    found = posterior_of(generic(y, v), prior="half-normal(0.0001)")
    assert found.mu.mean == pytest.approx((y / v).sum() / (1 / v).sum(), abs=1e-6)
    assert found.mu.sd == pytest.approx((1 / v).sum() ** -0.5, abs=1e-6)


def test_extremes_are_no_failure():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for y, v in (
            ([1e-4, 2e-4], [1e-10, 2e-10]),
            ([1e6, 1e6 + 1], [0.1, 0.2]),
            ([0.5], [0.1]),
            ([0.1] * 3, [0.2] * 3),
            ([0.0, 40.0], [1e-6, 1e-6]),
            (np.linspace(-1, 1, 1000), np.full(1000, 0.1)),
        ):
            for prior in ("half-normal(0.5)", "half-cauchy(0.5)", "log-t(-1.7, 1.3, 5)", "uniform(0, 4)"):
                found = posterior_of(generic(y, v), prior=prior)
                numbers = [found.mu.median, found.mu.interval.low, found.mu.interval.high, found.tau.median]
                assert np.isfinite(numbers).all(), (y, prior)
                assert found.tau_posterior.weight.sum() == pytest.approx(1)


def test_moments_that_do_not_exist_are_not_given():
    found = posterior_of(generic([0.1, 0.5], [0.04, 0.04]), prior="half-cauchy(0.5)")
    assert found.mu.sd == inf
    fit = pool_bayes(generic([0.1, 0.5], [0.04, 0.04]), prior="half-cauchy(0.5)")
    assert np.isnan(fit.se)
    assert fit.as_dict()["se"] is None
    assert any("no variance" in note for note in fit.notes)
    assert np.isfinite(posterior_of(generic([0.1, 0.5], [0.04, 0.04]), prior="half-normal(0.5)").mu.sd)


def test_a_synthesis_speaks_as_a_posterior():
    fit = fit_model(from_file("crins2014", "OR"), model="bayes", prior="half-normal(0.5)")
    assert fit.p is None
    assert fit.statistic is None
    assert "95% CrI" in str(fit)
    text = " ".join(fit.notes)
    assert "probability that the mean odds ratio is below 1 is above 99.9%" in text
    assert "posterior median" in text
    assert "equal tails" in text
    assert "p =" not in text
    assert fit.details["probability_below_null"] > 0.999
    assert fit.estimate == posterior_of(from_file("crins2014", "OR")).mu.median


def test_probability_of_benefit_has_a_direction():
    found = posterior_of(from_file("crins2014", "OR"))
    assert found.probability_of_benefit("lower") + found.probability_of_benefit("higher") == pytest.approx(1)
    assert found.probability_of_benefit("lower") > found.probability_of_benefit("lower", new=True) > 0.5
    with pytest.raises(SynthesisError, match="Allowed: lower, higher"):
        found.probability_of_benefit("less")


def test_a_prior_for_another_measure_is_said_aloud():
    spec = "turner2015(all-cause mortality, pharmacological vs control)"
    risk, odds = (pool_bayes(from_file("crins2014", m), prior=spec) for m in ("RR", "OR"))
    assert any("made for log odds ratios" in note for note in risk.notes)
    assert not any("made for" in note for note in odds.notes)


def test_few_studies_are_said_to_rest_on_the_prior():
    assert any(
        "known from the prior alone" in n
        for n in pool_bayes(generic([0.3], [0.1]), prior="half-normal(1)").notes
    )
    two = pool_bayes(generic([0.3, 0.1], [0.1, 0.2]), prior="half-normal(1)")
    assert any("Only 2 studies" in n for n in two.notes)


def test_measures_in_their_own_units_need_a_prior_of_their_own():
    effects = generic([3.0, 5.0], [1.0, 2.0], "GEN")
    with pytest.raises(SynthesisError, match="own units"):
        posterior_of(effects)
    assert posterior_of(effects, prior="half-normal(5)").k == 2


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("half-norml(1)", 'did you mean "half-normal"'),
        ("half-normal", "half-normal(scale)"),
        ("half-normal(-1)", "above 0"),
        ("half-normal(nan)", "with a number for each"),
        ("uniform(3, 1)", "the lower one first"),
        ("log-normal(inf, 1)", "location must be finite"),
        ("turner2015(pain)", "needs the comparison"),
        ("turner2015(mortality, drug vs control)", "write more of it"),
        ("turner2015(pain, drug vs control)", 'comparator is "drug"'),
        ("turner2015(pain, pharmacological)", '"vs" between'),
        ("turner2015(pain, pharmacological vs control, cancer)", "it takes outcome, comparison"),
        ("rhodes2015(pain, pharmacological vs control, lungs)", 'area is "lungs"'),
        ("", "Allowed"),
    ],
)
def test_a_prior_that_cannot_be_is_refused_in_a_sentence(spec, said):
    with pytest.raises(SynthesisError) as refused:
        prior_from(spec)
    assert said in str(refused.value)


def test_an_improper_posterior_is_refused():
    with pytest.raises(SynthesisError, match="neither does the posterior"):
        posterior_of(generic([0.1, 0.5], [0.04, 0.04]), prior="uniform(0, inf)")
    assert posterior_of(generic([0.1, 0.5, 0.2], [0.04, 0.04, 0.1]), prior="uniform(0, inf)").k == 3


def test_nothing_to_pool_is_refused():
    with pytest.raises(SynthesisError, match="none of its 1 studies"):
        posterior_of(generic([np.nan], [np.nan]), prior="half-normal(1)")
    for wrong in ({"mu_prior": "normal(0)"}, {"mu_prior": "cauchy(0, 1)"}, {"mu_prior": "normal(0, -1)"}):
        with pytest.raises(SynthesisError, match="mu_prior"):
            posterior_of(generic([0.1], [0.1]), prior="half-normal(1)", **wrong)
    with pytest.raises(SynthesisError, match="interval"):
        posterior_of(generic([0.1], [0.1]), prior="half-normal(1)", interval="hpd")


def test_sensitivity_has_a_row_per_prior_and_names_every_bad_one():
    effects = from_file("crins2014", "OR")
    rows = compared_rows(compare_priors(effects))
    assert list(rows["prior"]) == ["half-normal(0.5)", "half-normal(1)", "half-cauchy(0.5)", "uniform(0, 4)"]
    assert (rows["ci_low"] < rows["estimate"]).all()
    assert (rows["estimate"] < 1).all()
    with pytest.raises(SynthesisError) as refused:
        compare_priors(effects, priors=["half-normal(x)", "half-normal(1)", "nothing"])
    assert len(refused.value.problems) == 2


def test_curves_are_densities():
    found = posterior_of(from_file("crins2014", "OR"))
    curves = curves_of(found, points=2001)
    assert np.trapezoid(curves.new, curves.effect) == pytest.approx(0.99, abs=1e-4)
    assert np.trapezoid(curves.mu, curves.effect) == pytest.approx(1, abs=1e-2)
    assert np.trapezoid(curves.tau_posterior, curves.tau) == pytest.approx(0.995, abs=2e-3)
    assert json.loads(json.dumps(curves.as_dict()))["tau"][0] > 0
