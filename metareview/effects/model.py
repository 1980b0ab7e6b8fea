"""What an effect is: the measure, and one estimate with its variance per study."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Columns = Mapping[str, FloatArray]
Formula = Callable[[Columns], tuple[FloatArray, FloatArray]]


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval and the level it was made for, as a fraction (0.95).

    >>> Interval(-0.2, 0.4, 0.95).contains(0.0)
    True
    """

    low: float
    high: float
    level: float

    def contains(self, value: float) -> bool:
        """Say whether a value lies inside, ends included."""
        return self.low <= value <= self.high


def no_way_forward(values: Any) -> FloatArray:
    """Stand for a way to the analysis scale that a printed value alone does not have."""
    return np.full(np.shape(values), np.nan)


@dataclass(frozen=True, slots=True)
class Measure:
    """One effect measure: one row of the table of measures.

    Attributes
    ----------
    code : metafor's code, ``RR``
    label : as a reader knows it, ``Risk ratio``
    arms : 1 or 2
    kind : ``binary``, ``continuous``, ``rate``, ``correlation``, ``contrast``
    needs : the columns it is computed from, under metafor's names
    formula : columns ``(k,)`` each -> ``(yi, vi)``, each ``(k,)``, on the analysis scale
    scale : ``log``, ``identity``, ``logit``, ``arcsine``, ``z``: what the analysis scale is
    back : from the analysis scale to the one that is printed
    null : the value of no effect on the analysis scale; ``None`` where there is none
    citation : the paper and equation of the formula
    forward : from the printed scale to the analysis scale; NaN from :func:`no_way_forward` where a
        printed value alone does not tell its place there
    axis : what to write under an axis of the printed scale; the label where empty
    variants : the formulas by metafor's ``vtype``; the first is the default, and is ``formula``
    cells : which counts can be zero: ``table`` (2x2), ``events`` (one arm), ``counts`` (two rates),
        ``count`` (one rate); empty where zeros need no care
    add : what the default treatment of zero cells adds; 0 where zeros need none
    relative : whether a study without an event (or without a non-event) in either arm says nothing
    undefined : why the formula can fail, as a sentence for the study it fails in
    back_by_size : from the analysis scale to the printed one given the size of a study (``ni`` or
        ``ti``), where ``back`` alone cannot know it (PFT, IRFT)
    caveat : what a reader must know of the measure itself
    """

    code: str
    label: str
    arms: int
    kind: str
    needs: tuple[str, ...]
    formula: Formula
    scale: str
    back: Callable[[Any], Any]
    null: float | None
    citation: str
    forward: Callable[[Any], Any] = np.positive
    axis: str = ""
    variants: Mapping[str, Formula] = field(default_factory=dict)
    cells: str = ""
    add: float = 0.0
    relative: bool = False
    undefined: str = ""
    back_by_size: Callable[[Any, Any], Any] | None = None
    caveat: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "axis", self.axis or self.label)
        object.__setattr__(self, "variants", self.variants or {"LS": self.formula})

    @property
    def takes_printed(self) -> bool:
        """Whether a printed value can be brought to the analysis scale."""
        return self.forward is not no_way_forward


def _read_only(values: Any) -> FloatArray:
    array = np.array(values, dtype=float)
    array.flags.writeable = False
    return array


@dataclass(frozen=True, eq=False)
class Effects:
    """Estimates of one measure, one per study, every study kept in the order it was given.

    Attributes
    ----------
    measure : the measure they are of
    labels : ``(k,)`` study labels
    yi, vi : ``(k,)`` estimates and sampling variances on the analysis scale; NaN where a study's
        effect is not estimable (it stays visible, and ``study_notes`` says why)
    data : the reported numbers they came from, ``(k,)`` each, under metafor's names (``ai n1i ci n2i`` …)
    moderators : further columns of the studies (year, subgroup), ``(k,)`` each
    study_notes : per study, what a reader must know of it (zero cells, derived or inferred counts)
    notes : what a reader must know of them all
    """

    measure: Measure
    labels: tuple[str, ...]
    yi: FloatArray
    vi: FloatArray
    data: Columns = field(default_factory=dict)
    moderators: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    study_notes: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels))
        object.__setattr__(self, "yi", _read_only(self.yi))
        object.__setattr__(self, "vi", _read_only(self.vi))
        object.__setattr__(self, "data", {name: _read_only(column) for name, column in self.data.items()})
        if not self.study_notes:
            object.__setattr__(self, "study_notes", ((),) * len(self.labels))

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def estimable(self) -> NDArray[np.bool_]:
        """``(k,)`` whether a study has an estimate with a usable variance."""
        return np.isfinite(self.yi) & np.isfinite(self.vi) & (self.vi > 0)

    def printed(self, values: Any) -> FloatArray:
        """Bring one value per study, ``(k,)``, from the analysis scale to the printed one.

        Each study's own size is used where the way back depends on it (PFT, IRFT), so that the
        printed proportion is the observed one; ``measure.back`` uses the harmonic mean of all.
        """
        by_size = self.measure.back_by_size
        size = self.data.get("ni", self.data.get("ti"))
        y = np.asarray(values, dtype=float)
        back = np.asarray(self.measure.back(y), dtype=float)
        if by_size is None or size is None:
            return back
        return np.where(np.isnan(size), back, np.asarray(by_size(y, size), dtype=float))
