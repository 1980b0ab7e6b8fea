"""One posterior beside others: how much the answer rests on the prior; curves for a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metareview.effects import Effects, FloatArray
from metareview.errors import SynthesisError
from metareview.synthesis.bayes.result import Posterior, posterior_of

if TYPE_CHECKING:
    import pandas as pd

PRIORS = ("half-normal(0.5)", "half-normal(1)", "half-cauchy(0.5)", "uniform(0, 4)")
_GRID = 401


@dataclass(frozen=True, eq=False, slots=True)
class Curves:
    """Densities on grids, for a figure; effects on the analysis scale.

    Attributes
    ----------
    effect, mu, new : ``(n,)`` grid, density of the mean effect, and of the effect in a new setting
    tau, tau_posterior, tau_prior : ``(n,)`` grid, posterior and prior density of tau
    """

    effect: FloatArray
    mu: FloatArray
    new: FloatArray
    tau: FloatArray
    tau_posterior: FloatArray
    tau_prior: FloatArray

    def as_dict(self) -> Mapping[str, list[float]]:
        """Return the curves as plain lists, for JSON."""
        return {name: getattr(self, name).tolist() for name in self.__slots__}


def curves_of(posterior: Posterior, *, points: int = _GRID) -> Curves:
    """Return the densities a figure of a posterior is drawn from.

    Parameters
    ----------
    posterior
        A posterior.
    points
        Of each grid.
    """
    low, high = posterior.prediction.quantile(0.005), posterior.prediction.quantile(0.995)
    effect = np.linspace(low, high, points)
    top = posterior.tau_posterior.quantile(0.995)
    # tau = 0 is left out: densities of log-normal and log-t priors are only defined above it
    tau = np.linspace(top / points, top, points)
    return Curves(
        effect, posterior.mixture.density(effect), posterior.prediction.density(effect),
        tau, posterior.tau_posterior.density(tau), posterior.prior.density(tau),
    )  # fmt: skip


def compare_priors(
    effects: Effects,
    *,
    priors: Sequence[str] = PRIORS,
    mu_prior: str | None = None,
    level: float = 0.95,
) -> tuple[Posterior, ...]:
    """Compute the posterior under several priors for tau.

    Parameters
    ----------
    effects, mu_prior, level
        As for :func:`posterior_of`.
    priors
        Specifications, see :func:`prior_from`.

    Raises
    ------
    SynthesisError
        Naming every prior that cannot be used.
    """
    found: list[Posterior] = []
    problems: list[str] = []
    for prior in priors:
        try:
            found.append(posterior_of(effects, prior=prior, mu_prior=mu_prior, level=level))
        except SynthesisError as error:
            problems.extend(error.problems)
    if problems:
        raise SynthesisError(dict.fromkeys(problems))
    return tuple(found)


def compared_rows(posteriors: Sequence[Posterior]) -> pd.DataFrame:
    """Return one row per prior; estimate and limits on the printed scale, tau on the analysis scale."""
    import pandas as pd

    return pd.DataFrame([_row(p) for p in posteriors])


def _row(posterior: Posterior) -> dict[str, object]:
    effects, mu, new = posterior.effects, posterior.mu, posterior.new
    ends = [mu.median, mu.interval.low, mu.interval.high, new.interval.low, new.interval.high]
    estimate, *limits = (float(v) for v in np.asarray(effects.measure.back(np.array(ends))))
    null = effects.measure.null
    return {
        "prior": posterior.prior.spec,
        "estimate": estimate,
        "ci_low": min(limits[:2]),
        "ci_high": max(limits[:2]),
        "prediction_low": min(limits[2:]),
        "prediction_high": max(limits[2:]),
        "tau": posterior.tau.median,
        "tau_low": posterior.tau.interval.low,
        "tau_high": posterior.tau.interval.high,
        "probability_below_null": np.nan if null is None else posterior.probability_below(null),
    }
