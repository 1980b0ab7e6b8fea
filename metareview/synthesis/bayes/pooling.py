"""A posterior as a synthesis, in the words of a posterior."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf, isfinite, nan

import numpy as np
from scipy.special import ndtri

from metareview.effects import Effects, Interval
from metareview.synthesis.bayes.result import Posterior, posterior_of
from metareview.synthesis.model import Choice, Heterogeneity, Method, Synthesis
from metareview.synthesis.rare.answer import typical_variance
from metareview.synthesis.wording import number, per_cent

_REASON = (
    "The posterior carries the uncertainty about tau2, which few studies leave large, into every interval."
)
_CITATION = "Röver 2020, J Stat Softw 93(6); Cochrane Handbook 10.13"


def pool_bayes(
    effects: Effects, *, level: float = 0.95, prior: str | None = None, mu_prior: str | None = None
) -> Synthesis:
    """Pool by the posterior of the normal-normal model.

    The estimate is the posterior median, the interval central (equal tails), the prediction interval
    that of the predictive distribution, tau2 the square of the posterior median of tau. There is no P
    value; posterior probabilities are in ``notes`` and ``details``.

    Parameters
    ----------
    effects, level, prior, mu_prior
        As for :func:`posterior_of`.
    """
    return synthesis_of(posterior_of(effects, prior=prior, mu_prior=mu_prior, level=level))


def synthesis_of(posterior: Posterior) -> Synthesis:
    """Return a posterior as a synthesis; see :func:`pool_bayes`."""
    effects, level, mu = posterior.effects, posterior.level, posterior.mu
    half = float(ndtri(0.5 + level / 2)) * np.sqrt(np.where(effects.estimable, effects.vi, np.nan))
    choices = (
        Choice("model", "bayes", _REASON, _CITATION),
        Choice("prior", posterior.prior.spec, f"{posterior.prior.label} for tau.", posterior.prior.citation),
    )
    return Synthesis(
        effects=effects,
        method=Method("none", "bayes", posterior.prior.spec, f"{posterior.interval} credible", "predictive",
                      level, choices),
        k=posterior.k, estimate=mu.median, se=mu.sd if isfinite(mu.sd) else nan, ci=mu.interval,
        statistic=None, df=None, p=None, prediction=posterior.new.interval, weights=posterior.weights,
        study_low=effects.yi - half, study_high=effects.yi + half, heterogeneity=_heterogeneity(posterior),
        notes=(*sentences_of(posterior), *effects.notes), details=details_of(posterior),
    )  # fmt: skip


def _heterogeneity(posterior: Posterior) -> Heterogeneity | None:
    if posterior.k < 2:
        return None
    tau2 = posterior.tau.median**2
    region = posterior.tau.interval
    interval = Interval(region.low**2, region.high**2, region.level)
    typical = typical_variance(posterior.effects)
    shares = [t / (t + typical) for t in (tau2, interval.low, interval.high)]
    totals = [1 + t / typical for t in (tau2, interval.low, interval.high)]
    return Heterogeneity(
        nan, posterior.k - 1, nan, tau2, interval,
        shares[0], Interval(shares[1], shares[2], region.level),
        totals[0], Interval(totals[1], totals[2], region.level),
    )  # fmt: skip


def details_of(posterior: Posterior) -> dict[str, float]:
    """Return the figures of a posterior that a synthesis has no field for."""
    details = {
        "mu_mean": posterior.mu.mean,
        "mu_sd": posterior.mu.sd,
        "mu_mode": posterior.mu.mode,
        "tau_mean": posterior.tau.mean,
        "tau_sd": posterior.tau.sd,
        "tau_median": posterior.tau.median,
        "tau_mode": posterior.tau.mode,
        "tau_low": posterior.tau.interval.low,
        "tau_high": posterior.tau.interval.high,
        "new_median": posterior.new.median,
    }
    null = posterior.effects.measure.null
    if null is not None:
        details["probability_below_null"] = posterior.probability_below(null)
        details["probability_below_null_new"] = posterior.probability_below(null, new=True)
    return details


def sentences_of(posterior: Posterior) -> list[str]:
    """Say the posterior in sentences: probabilities first, then what they rest on."""
    return [*_probabilities(posterior), *_basis(posterior), *_cautions(posterior)]


def _probabilities(posterior: Posterior) -> Iterator[str]:
    measure = posterior.effects.measure
    if measure.null is None:
        return
    null = f"{float(measure.back(measure.null)):g}"
    below = posterior.probability_below(measure.null)
    new = posterior.probability_below(measure.null, new=True)
    yield (
        f"The probability that the mean {measure.label[:1].lower()}{measure.label[1:]} is below {null} is "
        f"{probability(below)}, that it is above {null} {probability(1 - below)}; in a new setting "
        f"{probability(new)} and {probability(1 - new)}."
    )


def probability(value: float) -> str:
    """Write a probability so that neither end is claimed: ``97.3%``, ``above 99.9%``."""
    if value > 0.999:
        return "above 99.9%"
    return "below 0.1%" if value < 0.001 else f"{100 * value:.1f}%"


def _basis(posterior: Posterior) -> Iterator[str]:
    kind = "equal tails" if posterior.interval == "central" else "shortest"
    mu = "a uniform prior" if posterior.mu_prior is None else (
        f"the prior normal({posterior.mu_prior.mean:g}, {posterior.mu_prior.sd:g})"
    )  # fmt: skip
    yield (
        "Bayesian: the estimate is the posterior median, the interval a "
        f"{per_cent(posterior.level)} credible interval ({kind}); prior for tau {_cited(posterior)}, "
        f"{mu} for the mean."
    )
    region = posterior.tau.interval
    step = region.high - region.low
    yield (
        f"Between-study standard deviation tau: posterior median {number(posterior.tau.median, step)} "
        f"({per_cent(region.level)} credible interval {number(region.low, step)} to "
        f"{number(region.high, step)})."
    )


def _cited(posterior: Posterior) -> str:
    prior = posterior.prior
    return f"{prior.label} ({prior.citation})" if prior.citation else prior.label


def _cautions(posterior: Posterior) -> Iterator[str]:
    prior, code = posterior.prior, posterior.effects.measure.code
    if prior.measure and code != prior.measure and not (prior.measure == "OR" and code == "PETO"):
        made = "log odds ratios" if prior.measure == "OR" else "standardised mean differences"
        yield (
            f"The prior was made for {made}; its use for {code} is a choice of the reviewers, not of its "
            "authors."
        )
    if posterior.k == 1:
        yield "One study only: nothing is pooled, and how far effects differ is known from the prior alone."
    elif posterior.k < 5:
        yield f"Only {posterior.k} studies: the prior for tau weighs heavily; compare several priors."
    if posterior.mu.sd == inf:
        yield "The posterior of the mean has no variance with this prior and so few studies, hence no error."
