"""Few studies: the normal-normal model by quadrature, with priors for heterogeneity."""

from metareview.synthesis.bayes.comparison import PRIORS, Curves, compare_priors, compared_rows, curves_of
from metareview.synthesis.bayes.pooling import pool_bayes, synthesis_of
from metareview.synthesis.bayes.priors import Prior, prior_from
from metareview.synthesis.bayes.published import PublishedRow, published_rows
from metareview.synthesis.bayes.result import BayesFactors, Posterior, Summary, posterior_of

__all__ = [
    "PRIORS",
    "BayesFactors",
    "Curves",
    "Posterior",
    "Prior",
    "PublishedRow",
    "Summary",
    "compare_priors",
    "compared_rows",
    "curves_of",
    "pool_bayes",
    "posterior_of",
    "prior_from",
    "published_rows",
    "synthesis_of",
]
