"""The counts behind the effects, as the models for sparse data read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metareview.effects import Columns, Effects, FloatArray
from metareview.errors import SynthesisError

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class TwoArms:
    """Events and sizes of two arms, one entry per study whose counts are known.

    Attributes
    ----------
    inside : ``(len(effects),)`` which studies these are
    x1, n1, x2, n2 : ``(k,)`` events and, for 2x2 tables, participants; for rates, person-time
    binary : whether the sizes are participants, so that there are non-events too
    """

    inside: Mask
    x1: FloatArray
    n1: FloatArray
    x2: FloatArray
    n2: FloatArray
    binary: bool

    @property
    def silent(self) -> Mask:
        """``(k,)`` studies in which both arms have no event, or both nothing but events."""
        everybody = (self.x1 == self.n1) & (self.x2 == self.n2) & self.binary
        return np.asarray(((self.x1 == 0) & (self.x2 == 0)) | everybody, dtype=bool)

    def only(self, chosen: Mask) -> TwoArms:
        """Keep some of the studies."""
        inside = self.inside.copy()
        inside[np.flatnonzero(inside)] = chosen
        return TwoArms(
            inside, self.x1[chosen], self.n1[chosen], self.x2[chosen], self.n2[chosen], self.binary
        )


@dataclass(frozen=True, eq=False)
class OneArm:
    """Events and sizes of single arms, one entry per study whose counts are known.

    Attributes
    ----------
    inside : ``(len(effects),)`` which studies these are
    x, n : ``(k,)`` events and participants, or person-time
    binary : whether ``n`` counts participants
    """

    inside: Mask
    x: FloatArray
    n: FloatArray
    binary: bool


def two_arms(effects: Effects) -> TwoArms:
    """Read the two arms of every study whose counts are known.

    Raises
    ------
    SynthesisError
        When the effects carry no counts, when no study has them whole, and for counts that cannot be.
    """
    binary = effects.measure.kind != "rate"
    data = _with_sizes(effects.data, (("n1i", "ai", "bi"), ("n2i", "ci", "di")))
    names = ("ai", "n1i", "ci", "n2i") if binary else ("x1i", "t1i", "x2i", "t2i")
    columns = _named(effects, data, names)
    inside = _whole(effects, columns, binary)
    x1, n1, x2, n2 = (column[inside] for column in columns)
    return TwoArms(inside, x1, n1, x2, n2, binary)


def one_arm(effects: Effects) -> OneArm:
    """Read the arm of every study whose counts are known; see :func:`two_arms`."""
    binary = effects.measure.kind != "rate"
    data = _with_sizes(effects.data, (("ni", "xi", "mi"),))
    columns = _named(effects, data, ("xi", "ni") if binary else ("xi", "ti"))
    inside = _whole(effects, columns, binary)
    return OneArm(inside, columns[0][inside], columns[1][inside], binary)


def refuse_fractions(effects: Effects, columns: Sequence[FloatArray], inside: Mask, model: str) -> None:
    """Refuse counts that are not whole numbers, for a model whose probabilities need them whole."""
    rows = np.flatnonzero(inside)
    broken = np.any([column != np.round(column) for column in columns], axis=0)
    if broken.any():
        raise SynthesisError(
            f'study "{effects.labels[rows[i]]}" has counts {", ".join(f"{c[i]:g}" for c in columns)}; '
            f"the model {model} needs whole numbers of events and participants."
            for i in np.flatnonzero(broken)
        )


def _with_sizes(data: Columns, sums: Sequence[tuple[str, str, str]]) -> Columns:
    """Add the sizes that are not given but follow from events and non-events."""
    known = dict(data)
    for size, events, others in sums:
        if size not in known and events in known and others in known:
            known[size] = known[events] + known[others]
    return known


def _named(effects: Effects, data: Columns, names: Sequence[str]) -> list[FloatArray]:
    missing = [name for name in names if name not in data]
    if missing:
        raise SynthesisError(
            f"{effects.measure.label} comes without the counts a model for sparse data needs "
            f"({', '.join(missing)} missing); give the numbers of events and of participants of each arm."
        )
    return [data[name] for name in names]


def _whole(effects: Effects, columns: Sequence[FloatArray], binary: bool) -> Mask:
    """Say which studies have all their counts; refuse what cannot be."""
    # an arm of nobody, or of no time, holds no information
    known = np.all([np.isfinite(c) for c in columns] + [size > 0 for size in columns[1::2]], axis=0)
    problems = list(_faults(effects, columns, binary))
    if not problems and not known.any():
        problems = [
            f"{effects.measure.label} cannot be pooled from counts: none of the {len(effects)} studies "
            "has its numbers of events and of participants (or the time at risk), in arms that are not empty."
        ]
    if problems:
        raise SynthesisError(problems)
    return np.asarray(known, dtype=bool)


def _faults(effects: Effects, columns: Sequence[FloatArray], binary: bool) -> Iterator[str]:
    for events, size in zip(columns[::2], columns[1::2], strict=True):
        wrong = (events < 0) | (size < 0) | (binary & (events > size))
        for i in np.flatnonzero(wrong):
            bound = "the number of participants" if binary else "the time at risk"
            yield (
                f'study "{effects.labels[i]}" has {events[i]:g} events in {size[i]:g}; '
                f"events and {bound} cannot be negative{', nor events exceed it' if binary else ''}."
            )
