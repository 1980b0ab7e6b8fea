"""Inverse-variance weighting at a given tau2: the sums that every interval is made from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from metareview.effects import FloatArray
from metareview.synthesis.stack import Stack


def across(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return ``(D,)`` the sum of ``a b`` over the studies of each data set."""
    return np.einsum("kd,kd->d", a, b)  # type: ignore[no-any-return]


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


def spread_of(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return ``sum a sum b - sum a b`` over different studies; exact also when the first is a giant."""
    first_a, first_b, a, b = a[0], b[0], a[1:], b[1:]
    others_a, others_b = np.add.reduce(a), np.add.reduce(b)
    return others_a * others_b - across(a, b) + first_a * others_b + first_b * others_a


def traced_square(w: FloatArray, total: FloatArray) -> FloatArray:
    """Return ``tr(P^2)`` of ``P = W - w w' / sum w``; exact also when the first study is a giant."""
    first, rest = w[0], w[1:]
    others, squares = np.add.reduce(rest), across(rest, rest)
    top = first * first * (others * others + 2.0 * squares) + squares * squares
    cubes = np.einsum("kd,kd,kd->d", rest, rest, rest)
    return top / (total * total) + squares - 2.0 * cubes / total  # type: ignore[no-any-return]


def weigh(stack: Stack, tau2: FloatArray) -> Weighted:
    """Weight a stack by ``1 / (v + tau2)``."""
    w = 1.0 / (stack.v + tau2)
    total = np.add.reduce(w)
    with np.errstate(all="ignore"):
        mu = across(w, stack.y) / total
    return Weighted(stack, tau2, w, total, mu)
