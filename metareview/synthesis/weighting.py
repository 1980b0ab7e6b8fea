"""Inverse-variance weighting at a given tau2: the sums that every interval is made from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from metareview.effects import FloatArray
from metareview.synthesis.stack import Stack
from metareview.synthesis.sums import across, down, spread_of


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
        return across(self.w * r, r)

    @cached_property
    def se(self) -> FloatArray:
        """``(D,)`` the standard error of mu when the weights are taken as known."""
        return 1.0 / np.sqrt(self.total)

    @cached_property
    def scale(self) -> FloatArray:
        """``(D,)`` Hartung-Knapp's factor ``q* = Q / (n - 1)`` on the variance of mu."""
        with np.errstate(all="ignore"):
            return self.q / (self.stack.n - 1.0)

    def take(self, columns: Any) -> Weighted:
        """Return some of the data sets, in their order; all of them are this object itself."""
        if len(columns) == len(self.mu):
            return self
        return Weighted(
            self.stack.take(columns),
            self.tau2[columns],
            self.w[:, columns],
            self.total[columns],
            self.mu[columns],
        )

    @cached_property
    def unbiased(self) -> FloatArray:
        """``(D,)`` ``sum w - sum w^2 / sum w``, from pairs so that one giant study costs no digits."""
        return spread_of(self.w, self.w) / self.total


def weigh(stack: Stack, tau2: FloatArray) -> Weighted:
    """Weight a stack by ``1 / (v + tau2)``."""
    w = 1.0 / (stack.v + tau2)
    total = down(w)
    with np.errstate(all="ignore"):
        mu = across(w, stack.y) / total
    return Weighted(stack, tau2, w, total, mu)
