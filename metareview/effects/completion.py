"""Columns that follow from others: non-events from totals, the SD of a change from a correlation."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from metareview.effects.model import Columns, FloatArray, Measure

# what is wanted -> from what, how; tried in order where the wanted value is missing
_Rule = tuple[str, tuple[str, ...], Callable[..., FloatArray]]
_TABLE: tuple[_Rule, ...] = (
    ("ai", ("n1i", "bi"), np.subtract),
    ("n1i", ("ai", "bi"), np.add),
    ("ci", ("n2i", "di"), np.subtract),
    ("n2i", ("ci", "di"), np.add),
)
_PROPORTION: tuple[_Rule, ...] = (
    ("xi", ("ni", "mi"), np.subtract),
    ("ni", ("xi", "mi"), np.add),
)


def sd_of_change(sd_1: FloatArray | float, sd_2: FloatArray | float, r: FloatArray | float) -> FloatArray:
    """Give the standard deviation of a change, sqrt(sd1^2 + sd2^2 - 2 r sd1 sd2) (Handbook 6.5.2.8)."""
    return np.asarray(np.sqrt(sd_1**2 + sd_2**2 - 2 * r * sd_1 * sd_2), dtype=float)


_CHANGE: tuple[_Rule, ...] = (("sddi", ("sd1i", "sd2i", "ri"), sd_of_change),)


def _rules(measure: Measure) -> tuple[_Rule, ...]:
    if measure.cells == "table":
        return _TABLE
    if measure.cells == "events":
        return _PROPORTION
    return _CHANGE if "sddi" in measure.needs else ()


def inputs(measure: Measure) -> tuple[str, ...]:
    """Name every column the measure can be computed from, under metafor's names."""
    sources = (name for _, parts, _ in _rules(measure) for name in parts)
    return tuple(dict.fromkeys((*measure.needs, *sources)))


def complete(measure: Measure, columns: Columns, k: int) -> dict[str, FloatArray]:
    """Give the measure's columns, ``(k,)`` each, with what follows from others filled in."""
    filled = dict(columns)
    for wanted, parts, rule in _rules(measure):
        if all(p in filled for p in parts):
            with np.errstate(all="ignore"):
                derived = np.asarray(rule(*(filled[p] for p in parts)), dtype=float)
            have = filled.get(wanted, np.full(k, np.nan))
            filled[wanted] = np.where(np.isnan(have), derived, have)
    return filled


def missing_columns(measure: Measure, columns: Mapping[str, FloatArray]) -> list[str]:
    """Name the needed columns that are neither there nor follow from what is."""
    return [name for name in measure.needs if name not in columns]
