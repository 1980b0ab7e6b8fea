"""Data sets side by side: studies down, data sets across, one fit being a stack of one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metareview.effects import FloatArray
from metareview.synthesis.sums import down, highest, lowest

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Stack:
    """Effects of many data sets, centred, with a study that is not in a data set given no weight.

    Attributes
    ----------
    y : ``(k, D)`` effects less their data set's ``centre``, the one of the smallest variance
        first; 0 where a study is left out
    v : ``(k, D)`` sampling variances, the smallest first, so that what one giant study leaves to the
        others can be summed without it; infinite where a study is left out: its weight is 0
    centre : ``(D,)`` the common-effect estimate, taken off so that a large offset costs no digits
    n : ``(D,)`` studies in each data set
    shared : ``y (k,)``, ``v (k,)`` and the mask ``(k, D)``, in the order given, where every data set
        draws on the same studies; else None
    """

    y: FloatArray
    v: FloatArray
    centre: FloatArray
    n: FloatArray
    shared: tuple[FloatArray, FloatArray, FloatArray] | None = None

    @cached_property
    def inside(self) -> BoolArray:
        """``(k, D)`` whether a study is in a data set."""
        return np.isfinite(self.v)

    @property
    def v_min(self) -> FloatArray:
        """``(D,)`` the smallest variance."""
        smallest: FloatArray = self.v[0]
        return smallest

    @cached_property
    def v_max(self) -> FloatArray:
        """``(D,)`` the largest variance; 0 in a data set without studies."""
        return highest(np.where(self.inside, self.v, 0.0))

    @cached_property
    def spread(self) -> FloatArray:
        """``(D,)`` the distance from the smallest to the largest effect."""
        if self.inside.all():
            return highest(self.y) - lowest(self.y)
        top = highest(np.where(self.inside, self.y, -np.inf))
        return np.maximum(top - lowest(np.where(self.inside, self.y, np.inf)), 0.0)

    @cached_property
    def squares(self) -> FloatArray:
        """``(D,)`` sum of squared deviations from the unweighted mean."""
        mean = down(self.y) / self.n
        deviation = np.where(self.inside, self.y - mean, 0.0)
        return down(deviation * deviation)

    def take(self, columns: Any) -> Stack:
        """Return some of the data sets."""
        return Stack(self.y[:, columns], self.v[:, columns], self.centre[columns], self.n[columns])


def stack_one(yi: FloatArray, vi: FloatArray) -> Stack:
    """Make a stack of one data set whose studies all have a finite effect and a positive variance."""
    order = np.argsort(vi, kind="stable")
    y, v = yi[order, None], vi[order, None]
    w = 1.0 / v
    centre = down(w * y) / down(w)
    return Stack(y - centre, v, centre, np.array([float(len(yi))]))


def stack_up(yi: FloatArray, vi: FloatArray, mask: BoolArray | None = None) -> Stack:
    """Put data sets side by side.

    Parameters
    ----------
    yi, vi : ``(k, D)``, or ``(k,)`` when every data set draws on the same studies
    mask : ``(k, D)`` which studies are in which data set; all of them by default

    Studies without a finite effect or a positive finite variance are left out of every data set.
    """
    y, v = (a[:, None] if a.ndim == 1 else a for a in (yi, vi))
    inside = np.isfinite(y) & np.isfinite(v) & (v > 0)
    inside = inside if mask is None else inside & mask
    y, v = np.where(inside, y, 0.0), np.where(inside, v, np.inf)
    shared = (yi, vi, inside.astype(float)) if yi.ndim == 1 else None
    _smallest_first(y, v)
    w = 1.0 / v
    with np.errstate(invalid="ignore"):
        centre = down(w * y) / down(w)
    n = np.add.reduce(inside, dtype=float)
    centre = np.where(n > 0, centre, 0.0)
    return Stack(np.where(v < np.inf, y - centre, 0.0), v, centre, n, shared)


def _smallest_first(y: FloatArray, v: FloatArray) -> None:
    """Swap the study of the smallest variance into the first row of every data set, in place."""
    columns, row = np.arange(v.shape[1]), np.argmin(v, axis=0)
    for a in (y, v):
        a[row, columns], a[0] = a[0].copy(), a[row, columns]
