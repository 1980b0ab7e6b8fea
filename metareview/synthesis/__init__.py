"""Synthesis: from effects to an answer."""

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

__all__ = [
    "Alternative",
    "Choice",
    "Heterogeneity",
    "Inconsistency",
    "Method",
    "Options",
    "Synthesis",
    "pool",
    "pool_as",
]
