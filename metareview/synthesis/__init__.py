"""Synthesis: from effects to an answer."""

from metareview.synthesis.batch import BatchResult, pool_many
from metareview.synthesis.model import (
    Alternative,
    Choice,
    Heterogeneity,
    Inconsistency,
    Method,
    Synthesis,
)
from metareview.synthesis.options import Options
from metareview.synthesis.pooling import pool, pool_as
from metareview.synthesis.summary import as_dict

__all__ = [
    "Alternative",
    "BatchResult",
    "Choice",
    "Heterogeneity",
    "Inconsistency",
    "Method",
    "Options",
    "Synthesis",
    "as_dict",
    "pool",
    "pool_as",
    "pool_many",
]
