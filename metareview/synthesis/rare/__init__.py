"""Models for sparse data: counts as they are, nothing added to zero cells."""

from metareview.synthesis.rare.beta_binomial import pool_beta_binomial
from metareview.synthesis.rare.firth import firth_logistic
from metareview.synthesis.rare.mantel_haenszel import pool_mantel_haenszel
from metareview.synthesis.rare.mixed import cm_al, cm_el, logit_normal, poisson_normal, um_fs
from metareview.synthesis.rare.peto import peto_odds_ratio
from metareview.synthesis.rare.random_intercepts import um_rs
from metareview.synthesis.rare.sparse import sparse_data_note

__all__ = [
    "cm_al",
    "cm_el",
    "firth_logistic",
    "logit_normal",
    "peto_odds_ratio",
    "poisson_normal",
    "pool_beta_binomial",
    "pool_mantel_haenszel",
    "sparse_data_note",
    "um_fs",
    "um_rs",
]
