"""Zero cells: what is added to which studies, and which studies say nothing of a ratio."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metareview.effects.model import Columns, FloatArray, Measure
from metareview.errors import EffectError, did_you_mean

RULES = ("only0", "all", "if0all", "none", "treatment-arm")
Mask = NDArray[np.bool_]
# the counts that may be zero, their totals, and how many additions a total receives (events + non-events)
_TABLE = (("ai", "n1i"), ("ci", "n2i"))
_COUNTED = {
    "table": _TABLE,
    "counts": (("x1i", None), ("x2i", None)),
    "events": (("xi", "ni"),),
    "count": (("xi", None),),
}
_ZERO = ", because one was zero", " with a zero cell"
_OCCASIONS = {
    "only0": _ZERO,
    "treatment-arm": _ZERO,
    "none": _ZERO,
    "all": (", as of every study", ""),
    "if0all": (", as of every study, because one of them has a zero cell", ""),
}


@dataclass(frozen=True, slots=True)
class ZeroCells:
    """How studies with a zero cell are treated.

    Attributes
    ----------
    add : what is added to each cell (to each count of events, for rates)
    to : ``only0`` studies with a zero, ``all`` studies, ``if0all`` (all, if any has a zero), ``none``,
        or ``treatment-arm``: to studies with a zero, ``2 * add`` shared between the arms in
        proportion to their sizes (Sweeting 2004), so that equal arms receive ``add`` each
    drop00 : whether studies without an event in either arm (or, in a 2x2 table, without a
        non-event) are left out as not estimable; None leaves it to the measure: out for relative
        measures (Cochrane Handbook 10.4.4.2), in for differences

    Raises
    ------
    EffectError
        When ``add`` is negative or not finite, or ``to`` is none of these.
    """

    add: float = 0.5
    to: str = "only0"
    drop00: bool | None = None

    def __post_init__(self) -> None:
        problems = []
        if self.to not in RULES:
            problems.append(f'to is "{self.to}"; {did_you_mean(str(self.to), RULES)}')
        if not (isinstance(self.add, int | float) and 0 <= self.add < float("inf")):
            problems.append(f"add is {self.add}; it must be a number, 0 or more.")
        if problems:
            raise EffectError(problems)


@dataclass(frozen=True, slots=True)
class Treated:
    """Counts as the formula will use them, and which studies were touched.

    Attributes
    ----------
    columns : the columns, counts corrected
    corrected, dropped : ``(k,)`` masks
    how, why, which : what was added, why to a study, and to which studies, for a sentence
    """

    columns: Columns
    corrected: Mask
    dropped: Mask
    how: str
    why: str = ""
    which: str = ""


def default_rule(measure: Measure) -> ZeroCells:
    """Give the treatment a measure has when none is asked for."""
    return ZeroCells(add=measure.add, to="only0" if measure.add else "none")


def treat(measure: Measure, columns: Columns, rule: ZeroCells) -> Treated:
    """Apply a rule to the counts of a measure.

    Parameters
    ----------
    measure, columns
        The measure, and its columns ``(k,)`` each.
    rule
        What to add to which studies.
    """
    nothing = np.zeros(_size(columns), dtype=bool)
    if not measure.cells:
        return Treated(columns, nothing, nothing, "")
    two_armed = measure.cells in ("table", "counts")
    drop = two_armed and (measure.relative if rule.drop00 is None else rule.drop00)
    peopled = _peopled(measure, columns)
    dropped = _silent(measure, columns) & peopled if drop else nothing
    usable = peopled & ~dropped
    corrected = _chosen(rule, _has_zero(measure, columns) & usable) & usable
    why, which = _OCCASIONS[rule.to]
    treated = _added(measure, columns, rule, corrected)
    return Treated(treated, corrected, dropped, _how(rule, two_armed), why, which)


def _zero_or_all(measure: Measure, columns: Columns) -> list[tuple[Mask, Mask]]:
    """Per count: where it is zero, and where it is everybody."""
    pairs = []
    for count, total in _COUNTED[measure.cells]:
        everybody = columns[count] == columns[total] if total else np.zeros(columns[count].shape, dtype=bool)
        pairs.append((columns[count] == 0, everybody))
    return pairs


def _peopled(measure: Measure, columns: Columns) -> Mask:
    """Say where no arm is empty; nothing is added to an arm of nobody."""
    sizes = [columns[total] > 0 for _, total in _COUNTED[measure.cells] if total]
    return np.asarray(np.all(sizes, axis=0), dtype=bool) if sizes else np.ones(_size(columns), dtype=bool)


def _size(columns: Columns) -> int:
    return int(next(iter(columns.values())).shape[0])


def _has_zero(measure: Measure, columns: Columns) -> Mask:
    return np.asarray(np.any([z | e for z, e in _zero_or_all(measure, columns)], axis=0), dtype=bool)


def _silent(measure: Measure, columns: Columns) -> Mask:
    (zero1, all1), (zero2, all2) = _zero_or_all(measure, columns)
    return (zero1 & zero2) | (all1 & all2)


def _chosen(rule: ZeroCells, has_zero: Mask) -> Mask:
    if rule.to == "none" or rule.add == 0:
        return np.zeros_like(has_zero)
    if rule.to == "all" or (rule.to == "if0all" and has_zero.any()):
        return np.ones_like(has_zero)
    return np.zeros_like(has_zero) if rule.to == "if0all" else has_zero


def _added(measure: Measure, columns: Columns, rule: ZeroCells, corrected: Mask) -> Columns:
    if not corrected.any():
        return columns
    treated = dict(columns)
    for (count, total), amount in zip(_COUNTED[measure.cells], _amounts(measure, columns, rule), strict=True):
        treated[count] = np.where(corrected, columns[count] + amount, columns[count])
        if total:
            treated[total] = np.where(corrected, columns[total] + 2 * amount, columns[total])
    return treated


def _amounts(measure: Measure, columns: Columns, rule: ZeroCells) -> list[FloatArray | float]:
    """Give what each arm's cells receive."""
    arms = len(_COUNTED[measure.cells])
    if rule.to != "treatment-arm" or arms == 1:
        return [rule.add] * arms
    first, second = ("n1i", "n2i") if measure.cells == "table" else ("t1i", "t2i")
    share = columns[first] / (columns[first] + columns[second])
    return [2 * rule.add * share, 2 * rule.add * (1 - share)]


def _how(rule: ZeroCells, two_armed: bool) -> str:
    if rule.to == "treatment-arm" and two_armed:
        return f"{2 * rule.add:g} shared between the arms by size (treatment-arm correction)"
    return f"{rule.add:g}"
