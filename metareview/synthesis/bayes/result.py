"""A posterior with everything a review says of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, nan

import numpy as np

from metareview.effects import Effects, FloatArray, Interval
from metareview.errors import SynthesisError, did_you_mean
from metareview.synthesis.bayes.posterior import (
    Data,
    Mixture,
    TauPosterior,
    effect_posterior,
    log_evidence_at,
    log_likelihood,
    posterior_of_tau,
    predictive,
    shrunken,
)
from metareview.synthesis.bayes.priors import NormalPrior, Prior, normal_prior_from, prior_from
from metareview.synthesis.bayes.regions import REGIONS, mode_of

USUAL_PRIOR = "half-normal(0.5)"
# measures on which a tau of 0.5 means much: ratios on the log scale, and standardised differences
_UNITLESS_SCALES = ("log", "logit")
_UNITLESS = ("SMD", "SMDH", "SMCC", "SMCR", "ZCOR", "PETO")


@dataclass(frozen=True, slots=True)
class Summary:
    """A posterior in figures; mean and sd are infinite, or NaN, where they do not exist."""

    mean: float
    sd: float
    median: float
    mode: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class BayesFactors:
    """How much likelier the data are under a hypothesis than without it.

    Attributes
    ----------
    no_effect : mu at the null value
    no_heterogeneity : tau = 0
    """

    no_effect: float
    no_heterogeneity: float


@dataclass(frozen=True, eq=False)
class Posterior:
    """The posterior of one synthesis, on the analysis scale.

    Attributes
    ----------
    effects : what was pooled
    prior : for tau
    mu_prior : for mu; None is the uniform one
    level, interval : of all intervals, and their kind: ``central`` (equal tails) or ``shortest``
    mu, tau, new : mean effect, between-study standard deviation, effect in a new setting
    weights : ``(len(effects),)`` posterior mean of each study's share in mu; a normal prior has the rest
    mixture, prediction, tau_posterior : the distributions themselves
    """

    effects: Effects
    prior: Prior
    mu_prior: NormalPrior | None
    level: float
    interval: str
    mu: Summary
    tau: Summary
    new: Summary
    weights: FloatArray
    mixture: Mixture
    prediction: Mixture
    tau_posterior: TauPosterior

    @property
    def k(self) -> int:
        """How many studies entered."""
        return self.tau_posterior.data.k

    def probability_below(self, value: float, *, new: bool = False) -> float:
        """Return the posterior probability that the mean effect is below a value.

        Parameters
        ----------
        value
            On the analysis scale.
        new
            Whether the effect in a new setting is asked for in place of the mean.
        """
        return (self.prediction if new else self.mixture).below(value)

    def probability_of_benefit(self, better: str, *, new: bool = False) -> float:
        """Return the posterior probability that the effect lies on the good side of no effect.

        Parameters
        ----------
        better
            ``lower`` or ``higher``: which effects are good.
        new
            As in :meth:`probability_below`.

        Raises
        ------
        SynthesisError
            For another word, and for a measure without a value of no effect.
        """
        if better not in ("lower", "higher"):
            raise SynthesisError(f'better is "{better}"; {did_you_mean(str(better), ("lower", "higher"))}')
        if self.effects.measure.null is None:
            raise SynthesisError(
                f"{self.effects.measure.label} has no value of no effect; ask for the probability below a "
                "value of your own."
            )
        below = self.probability_below(self.effects.measure.null, new=new)
        return below if better == "lower" else 1.0 - below

    def shrinkage(self) -> tuple[Summary | None, ...]:
        """Return the posterior of each study's true effect; None for a study that did not enter."""
        summaries: list[Summary | None] = [None] * len(self.effects)
        for i, row in enumerate(np.flatnonzero(self.effects.estimable)):
            summaries[row] = _summary(shrunken(self.tau_posterior, i), self.level, self.interval)
        return tuple(summaries)

    def bayes_factors(self) -> BayesFactors:
        """Compare the model with one without an effect and with one without heterogeneity.

        Raises
        ------
        SynthesisError
            When a prior is improper: its constant is arbitrary, and so would be the factor.
        """
        data, null = self.tau_posterior.data, self.effects.measure.null
        if self.mu_prior is None or not self.prior.proper:
            which, remedy = (
                ("mu", "normal(mean, sd) for it") if self.mu_prior is None else ("tau", "a proper one")
            )
            raise SynthesisError(
                f"No Bayes factor exists with an improper prior: the one for {which} does not integrate to "
                f"1, so that any factor could be had. Give {remedy}."
            )
        if null is None:
            raise SynthesisError(f"{self.effects.measure.label} has no value of no effect to compare with.")
        whole = self.tau_posterior.log_evidence
        without_tau = float(log_likelihood(data, np.zeros(1))[0])
        return BayesFactors(
            float(np.exp(log_evidence_at(data, null) - whole)), float(np.exp(without_tau - whole))
        )


def posterior_of(
    effects: Effects,
    *,
    prior: str | None = None,
    mu_prior: str | None = None,
    level: float = 0.95,
    interval: str = "central",
) -> Posterior:
    """Compute the posterior of the normal-normal model by quadrature.

    Parameters
    ----------
    effects
        The studies; those without an estimate stay out.
    prior
        For tau, see :func:`prior_from`; ``half-normal(0.5)`` unless given, for measures on a log scale
        and standardised differences, on which a tau of 0.5 means much heterogeneity.
    mu_prior
        For mu: ``normal(mean, sd)`` on the analysis scale; uniform unless given.
    level
        Of all intervals, a fraction.
    interval
        ``central`` (equal tails) or ``shortest``.

    Raises
    ------
    SynthesisError
        For a prior that is not known or leaves the posterior improper, and when no study has an estimate.
    """
    if interval not in REGIONS:
        raise SynthesisError(f'interval is "{interval}"; {did_you_mean(str(interval), list(REGIONS))}')
    data = _data(effects, prior_from(prior or _usual(effects)), normal_prior_from(mu_prior))
    found = posterior_of_tau(data)
    mixture, new = effect_posterior(found), predictive(found)
    exist = (data.has_moment(1), data.has_moment(2))
    return Posterior(
        effects=effects, prior=data.prior, mu_prior=data.mu_prior, level=level, interval=interval,
        mu=_summary(mixture, level, interval, exist if data.mu_prior is None else (True, True)),
        tau=_tau_summary(found, level, interval, exist),
        new=_summary(new, level, interval, exist),
        weights=_weights(effects, found), mixture=mixture, prediction=new, tau_posterior=found,
    )  # fmt: skip


def _usual(effects: Effects) -> str:
    measure = effects.measure
    if measure.scale in _UNITLESS_SCALES or measure.code in _UNITLESS:
        return USUAL_PRIOR
    raise SynthesisError(
        f"{measure.label} is measured in its own units, in which no prior for tau holds for every review; "
        "give one, such as half-normal(scale) with a scale that would mean much heterogeneity."
    )


def _data(effects: Effects, prior: Prior, mu_prior: NormalPrior | None) -> Data:
    there = effects.estimable
    k, needed = int(np.count_nonzero(there)), 2 if mu_prior else 3
    if k == 0:
        raise SynthesisError(
            f'"{effects.measure.label}" cannot be pooled: none of its {len(effects)} studies has an estimate '
            "with a variance."
        )
    if not prior.proper and k < needed:
        raise SynthesisError(
            f"The prior {prior.spec} does not integrate to 1, and with k = {k} neither does the posterior; "
            f"give a proper prior, or pool {needed} studies or more."
        )
    return Data(effects.yi[there], effects.vi[there], prior, mu_prior)


def _summary(
    mixture: Mixture, level: float, interval: str, exist: tuple[bool, bool] = (True, True)
) -> Summary:
    mean, sd = mixture.moments()
    mode = mode_of(mixture.density, mixture.quantile(0.01), mixture.quantile(0.99))
    region = REGIONS[interval](mixture.quantile, level)
    return Summary(mean if exist[0] else nan, sd if exist[1] else inf, mixture.quantile(0.5), mode, region)


def _tau_summary(found: TauPosterior, level: float, interval: str, exist: tuple[bool, bool]) -> Summary:
    mean = float(found.weight @ found.tau) if exist[0] else inf
    square = float(found.weight @ found.tau**2) if exist[1] else inf
    sd = float(np.sqrt(max(square - mean**2, 0.0))) if isfinite(square) else inf
    mode = mode_of(found.density, 0.0, found.quantile(0.99))
    return Summary(mean, sd, found.quantile(0.5), mode, REGIONS[interval](found.quantile, level))


def _weights(effects: Effects, found: TauPosterior) -> FloatArray:
    data = found.data
    w = 1 / (data.v[:, None] + found.tau**2)
    total = w.sum(axis=0) + (1 / data.mu_prior.sd**2 if data.mu_prior else 0.0)
    weights = np.zeros(len(effects))
    weights[effects.estimable] = (w / total) @ found.weight
    return weights
