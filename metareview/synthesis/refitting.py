"""The same recipe on other studies: what leave-one-out, subgroups and trim and fill share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from metareview.effects import Effects
from metareview.synthesis.model import Method, Synthesis
from metareview.synthesis.options import MODELS, Options
from metareview.synthesis.pooling import pool_as

Fit = Callable[[Effects], Synthesis]
_OPTIONS = ("model", "tau2", "ci", "prediction", "tau2_ci", "i2")


def options_of(method: Method) -> Options:
    """Return the options a synthesis was asked for: its policy, its level, and what the user named."""
    own: dict[str, Any] = {c.what: c.value for c in method.choices if c.asked and c.what in _OPTIONS}
    return Options(policy=method.policy, level=method.level, **own)


def by_inverse_variance(method: Method) -> bool:
    """Say whether a synthesis weights effects by their variance, as :func:`pool` does."""
    return method.model in (*MODELS, "none")


def pool_again(synthesis: Synthesis, effects: Effects) -> Synthesis:
    """Pool other effects by the recipe of a synthesis."""
    return pool_as(effects, options_of(synthesis.method))
