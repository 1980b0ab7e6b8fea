"""Inverse-variance weighting at a given tau2: the sums that every interval is made from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from metareview.effects import FloatArray
from metareview.synthesis.stack import Stack


@dataclass(frozen=True, eq=False)
class Weighted:
    """A stack weighted by ``1 / (v + tau2)``.

    Attributes
    ----------
    stack : the data sets
    tau2 : ``(D,)``
    w : ``(k, D)`` weights, 0 for a study left out
    total : ``(D,)`` their sums
    mu : ``(D,)`` weighted means, less ``stack.centre``
    """

    stack: Stack
    tau2: FloatArray
    w: FloatArray
    total: FloatArray
    mu: FloatArray

    @cached_property
    def q(self) -> FloatArray:
        """``(D,)`` the generalised Q statistic: the weighted sum of squared residuals."""
        r = self.stack.y - self.mu
        return np.add.reduce(self.w * r * r)

    @cached_property
    def se(self) -> FloatArray:
        """``(D,)`` the standard error of mu when the weights are taken as known."""
        return 1.0 / np.sqrt(self.total)

    @cached_property
    def scale(self) -> FloatArray:
        """``(D,)`` Hartung-Knapp's factor ``q* = Q / (n - 1)`` on the variance of mu."""
        with np.errstate(all="ignore"):
            return self.q / (self.stack.n - 1.0)

    @cached_property
    def unbiased(self) -> FloatArray:
        """``(D,)`` ``sum w - sum w^2 / sum w``, from pairs so that one giant study costs no digits."""
        w = self.w
        return 2.0 * np.add.reduce(np.add.accumulate(w)[:-1] * w[1:]) / self.total


def weigh(stack: Stack, tau2: FloatArray) -> Weighted:
    """Weight a stack by ``1 / (v + tau2)``."""
    w = 1.0 / (stack.v + tau2)
    total = np.add.reduce(w)
    with np.errstate(all="ignore"):
        mu = np.add.reduce(w * stack.y) / total
    return Weighted(stack, tau2, w, total, mu)
