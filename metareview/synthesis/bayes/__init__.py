"""Few studies: the normal-normal model by quadrature, with priors for heterogeneity."""

from metareview.synthesis.bayes.pooling import pool_bayes, synthesis_of
from metareview.synthesis.bayes.priors import Prior, prior_from
from metareview.synthesis.bayes.published import PublishedRow, published_rows
from metareview.synthesis.bayes.result import BayesFactors, Posterior, Summary, posterior_of
from metareview.synthesis.bayes.sensitivity import PRIORS, Curves, curves_of, sensitivity, sensitivity_rows

__all__ = [
    "PRIORS",
    "BayesFactors",
    "Curves",
    "Posterior",
    "Prior",
    "PublishedRow",
    "Summary",
    "curves_of",
    "pool_bayes",
    "posterior_of",
    "prior_from",
    "published_rows",
    "sensitivity",
    "sensitivity_rows",
    "synthesis_of",
]
