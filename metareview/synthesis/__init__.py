"""Synthesis: from effects to an answer.

The models for sparse data and few studies are loaded when first used: most runs need none of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from metareview.synthesis.asymmetry import AsymmetryTest, asymmetry_test
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
from metareview.synthesis.policy import POLICIES
from metareview.synthesis.pooling import pool, pool_as
from metareview.synthesis.sensitivity import Influence, Refits, cumulative, influence, leave_one_out
from metareview.synthesis.subgroups import Subgroups, pool_subgroups
from metareview.synthesis.summary import as_dict
from metareview.synthesis.trimfill import TrimAndFill, trim_and_fill

if TYPE_CHECKING:
    from metareview.synthesis.models import MODELS, fit_model

__all__ = [
    "MODELS",
    "POLICIES",
    "Alternative",
    "AsymmetryTest",
    "BatchResult",
    "Choice",
    "Heterogeneity",
    "Inconsistency",
    "Influence",
    "Method",
    "Options",
    "Refits",
    "Subgroups",
    "Synthesis",
    "TrimAndFill",
    "as_dict",
    "asymmetry_test",
    "cumulative",
    "fit_model",
    "influence",
    "leave_one_out",
    "pool",
    "pool_as",
    "pool_many",
    "pool_subgroups",
    "trim_and_fill",
]


def __getattr__(name: str) -> object:
    """Load the models on first use."""
    if name in ("MODELS", "fit_model"):
        return getattr(import_module("metareview.synthesis.models"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
