"""Sums over the studies of many data sets: every array is ``(k, D)``, every sum ``(D,)``."""

from __future__ import annotations

import numpy as np

from metareview.effects import FloatArray


def down(a: FloatArray) -> FloatArray:
    """Sum over the studies of each data set."""
    total: FloatArray = np.add.reduce(a)
    return total


def across(a: FloatArray, b: FloatArray) -> FloatArray:
    """Sum the product of two arrays."""
    total: FloatArray = np.einsum("kd,kd->d", a, b)
    return total


def across_three(a: FloatArray, b: FloatArray, c: FloatArray) -> FloatArray:
    """Sum the product of three arrays."""
    total: FloatArray = np.einsum("kd,kd,kd->d", a, b, c)
    return total


def highest(a: FloatArray) -> FloatArray:
    """Return the largest of each data set."""
    top: FloatArray = np.maximum.reduce(a)
    return top


def lowest(a: FloatArray) -> FloatArray:
    """Return the smallest of each data set."""
    bottom: FloatArray = np.minimum.reduce(a)
    return bottom


def spread_of(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return ``sum a sum b - sum a b`` over different studies; exact also when the first is a giant."""
    others_a, others_b = down(a[1:]), down(b[1:])
    pairs: FloatArray = others_a * others_b - across(a[1:], b[1:])
    pairs += a[0] * others_b + b[0] * others_a
    return pairs


def traced_square(w: FloatArray, total: FloatArray) -> FloatArray:
    """Return ``tr(P^2)`` of ``P = W - w w' / sum w``; exact also when the first study is a giant."""
    first, rest = w[0], w[1:]
    others, squares = down(rest), across(rest, rest)
    top = first * first * (others * others + 2.0 * squares) + squares * squares
    cubes = across_three(rest, rest, rest)
    traced: FloatArray = top / (total * total) + squares - 2.0 * cubes / total
    return traced
