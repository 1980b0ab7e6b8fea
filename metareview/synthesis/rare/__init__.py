"""Models for sparse data: counts as they are, nothing added to zero cells."""

from metareview.synthesis.rare.mantel_haenszel import mantel_haenszel
from metareview.synthesis.rare.mixed import cm_al, cm_el, logit_normal, poisson_normal, um_fs
from metareview.synthesis.rare.peto import peto_odds_ratio

__all__ = [
    "cm_al",
    "cm_el",
    "logit_normal",
    "mantel_haenszel",
    "peto_odds_ratio",
    "poisson_normal",
    "um_fs",
]
