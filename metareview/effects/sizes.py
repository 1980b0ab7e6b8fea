"""Effect sizes of many studies at once, with what a reader must know of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from metareview.effects.backtransforms import harmonic_mean
from metareview.effects.columns import NAMES, Reading, as_mapping, impossible, read_columns, where
from metareview.effects.completion import complete, inputs, missing_columns
from metareview.effects.continuous import hedges_g_from_t, t_from_p
from metareview.effects.contrasts import (
    ANALYSED,
    LOGRANK,
    NOTED,
    REPORTED,
    ROUTES,
    WORDS,
    contrast_faults,
    reported_effects,
    signs,
)
from metareview.effects.measures import formula_of, measure_of
from metareview.effects.model import Columns, Effects, FloatArray, Formula, Measure
from metareview.effects.notes import Notes, say_what_was_treated, say_why_not
from metareview.effects.zerocells import ZeroCells, default_rule, treat
from metareview.errors import EffectError

Effect = tuple[FloatArray, FloatArray]
_T_MEASURES = ("SMD", "D")


def effect_sizes(
    data: Any,
    *,
    measure: str,
    labels: Sequence[str] | None = None,
    level: float = 0.95,
    zero_cells: ZeroCells | None = None,
    vtype: str | None = None,
) -> Effects:
    """Compute each study's effect and sampling variance.

    Parameters
    ----------
    data
        A DataFrame, or a mapping of column names to ``(k,)`` values, under metafor's names (``ai n1i``
        …) or ours (``events_1 total_1`` …; docs/measures.md). Labels stand in ``study`` or ``slab``;
        what the measure does not use becomes a moderator.
    measure
        A code of :data:`~metareview.effects.MEASURES`.
    labels
        ``(k,)`` labels in place of those in ``data``.
    level
        Level of reported intervals where ``ci_level`` does not say, as a fraction.
    zero_cells
        By default 0.5 is added to studies with one; without any events, ratios are not estimable.
    vtype
        Kind of sampling variance under metafor's code, such as ``UB`` of ``SMD``.

    Returns
    -------
    Effects
        Every study in its order, on the analysis scale; NaN where it is not estimable, with the
        reason in ``study_notes``.

    Raises
    ------
    EffectError
        All impossible values at once; unknown measures; missing columns.

    Examples
    --------
    >>> effects = effect_sizes({"ai": [4], "n1i": [123], "ci": [11], "n2i": [139]}, measure="RR")
    >>> float(effects.yi[0].round(4)), float(effects.vi[0].round(4))
    (-0.8893, 0.3256)
    """
    row = measure_of(measure)
    formula = formula_of(row, vtype)
    given = as_mapping(data)
    accepted, words = _accepted(row, given)
    reading = read_columns(given, accepted, kind=row.kind, words=words, labels=labels)
    return _effects(row, formula, reading, level, zero_cells)


def _effects(
    row: Measure, formula: Formula, reading: Reading, level: float, zero_cells: ZeroCells | None
) -> Effects:
    if not 0 < level < 1:
        raise EffectError(f"level is {level:g}; write it as a fraction, such as 0.95.")
    columns = complete(row, reading.columns, len(reading.labels))
    _refuse(row, reading, columns)
    notes = Notes()
    if row.kind == "contrast":
        effect = _from_contrasts(row, reading, level, notes)
    else:
        columns = _with_every_need(row, reading, columns)
        effect = _from_numbers(row, formula, columns, zero_cells, notes)
        effect = _fill_gaps(row, reading, columns, effect, level, notes)
    yi, vi = say_why_not(row, reading, columns, effect, notes)
    return Effects(
        measure=with_size(row, columns, yi),
        labels=reading.labels,
        yi=yi,
        vi=vi,
        data=columns,
        moderators=reading.moderators,
        study_notes=notes.per_study(len(reading.labels)),
        notes=(*notes.all, *([row.caveat] if row.caveat else [])),
    )


def _accepted(row: Measure, given: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Name the columns of numbers and of words a measure may use.

    Raw numbers come first. The effect as reported, and the words that go with it, are read only where
    an estimate is there, so that a moderator may be called ``scale`` or ``direction``.
    """
    names = set(given) | {NAMES[row.kind].get(name, name) for name in given}
    if row.kind == "contrast":
        return (*ANALYSED, *REPORTED, *(LOGRANK if row.code == "HR" else ())), WORDS
    numbers, words = list(inputs(row)), []
    if row.code in _T_MEASURES:
        numbers.append("ti")
        if "direction" in names and "pi" in names:
            numbers.append("pi")
            words.append("direction")
    if row.takes_printed and "estimate" in names:
        numbers += REPORTED
        words.append("scale")
    if not names & set(row.needs):
        numbers += ANALYSED
    return tuple(numbers), tuple(words)


def _refuse(row: Measure, reading: Reading, columns: Columns) -> None:
    """Refuse what cannot be, all of it at once."""
    problems = [*reading.faults, *impossible(reading, row.kind), *contrast_faults(reading, row)]
    absent = missing_columns(row, columns)
    if not _has_reported(row, reading) and absent:
        problems.append(_needs(row, reading, absent))
    if problems:
        raise EffectError(problems)


def _has_reported(row: Measure, reading: Reading) -> bool:
    have = set(reading.columns)
    spread = have & {"vi", "sei"} or {"ci_low", "ci_high"} <= have
    if have & {"estimate", "yi"} and spread:
        return True
    if row.code == "HR":
        return {"oe", "oe_v"} <= have or "logrank_p" in have
    return row.code in _T_MEASURES and bool(have & {"ti", "pi"}) and {"n1i", "n2i"} <= have


def _needs(row: Measure, reading: Reading, absent: Sequence[str]) -> str:
    """Say which columns a measure needs, under both names, and which are not there."""
    if row.kind == "contrast":
        more = ", or oe with oe_v, or logrank_p with events and direction" if row.code == "HR" else ""
        return (
            f"{row.code} needs estimate with ci_low and ci_high (or se), or yi with vi or sei{more}; "
            f"the data have {', '.join([*reading.columns, *reading.moderators]) or 'no such columns'}."
        )
    ours = {theirs: name for name, theirs in reversed(list(NAMES[row.kind].items()))}
    return (
        f"{row.code} needs the columns {', '.join(row.needs)} "
        f"(or {', '.join(ours.get(n, n) for n in row.needs)}); missing: {', '.join(absent)}."
    )


def _with_every_need(row: Measure, reading: Reading, columns: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """Add needed columns that nobody gave as missing, and t where a P value and direction stand for it."""
    k = len(reading.labels)
    full = {**{name: np.full(k, np.nan) for name in row.needs}, **columns}
    if row.code in _T_MEASURES and "pi" in full:
        with np.errstate(all="ignore"):
            derived = signs(reading) * t_from_p(full["pi"], full["n1i"] + full["n2i"] - 2)
        have = full.get("ti", np.full(k, np.nan))
        full["ti"] = np.where(np.isnan(have), derived, have)
    return full


def _from_numbers(
    row: Measure, formula: Formula, columns: Columns, zero_cells: ZeroCells | None, notes: Notes
) -> Effect:
    """Treat zero cells, then compute."""
    rule = default_rule(row) if zero_cells is None else zero_cells
    treated = treat(row, columns, rule)
    say_what_was_treated(row, columns, treated, notes)
    with np.errstate(all="ignore"):
        yi, vi = formula(treated.columns)
    return np.where(treated.dropped, np.nan, yi), np.where(treated.dropped, np.nan, vi)


def _from_contrasts(row: Measure, reading: Reading, level: float, notes: Notes) -> Effect:
    found = reported_effects(reading, row, level)
    notes.add(where(np.isin(found.how, NOTED)), lambda i: f"Derived from {ROUTES[found.how[i]]}.")
    _say_off_centre(row, found.off_centre, notes)
    return found.yi, found.vi


def _say_off_centre(row: Measure, place: FloatArray, notes: Notes) -> None:
    notes.add(
        where(np.isfinite(place)),
        lambda i: (
            f"The estimate lies at {100 * place[i]:.0f}% of its confidence interval's width on the "
            f"{row.scale} scale, not in the middle; check the numbers."
        ),
    )


def _fill_gaps(
    row: Measure, reading: Reading, columns: Columns, effect: Effect, level: float, notes: Notes
) -> Effect:
    """Use a t, or the effect as reported, for studies whose raw numbers are missing."""
    yi, vi = effect
    raw_missing = np.any([np.isnan(columns[name]) for name in row.needs], axis=0)
    if row.code == "SMD" and "ti" in columns:
        with np.errstate(all="ignore"):
            from_t = hedges_g_from_t(columns)
        use = raw_missing & np.isfinite(from_t[0])
        yi, vi = np.where(use, from_t[0], yi), np.where(use, from_t[1], vi)
        notes.add(where(use), "Derived from its t or P value.")
        raw_missing = raw_missing & ~use
    if not raw_missing.any() or not {"estimate", "yi"} & set(reading.columns):
        return yi, vi
    found = reported_effects(reading, row, level)
    use = raw_missing & (found.how >= 0)
    notes.add(where(use), lambda i: f"Derived from {ROUTES[found.how[i]]}.")
    _say_off_centre(row, np.where(use, found.off_centre, np.nan), notes)
    return np.where(use, found.yi, yi), np.where(use, found.vi, vi)


def with_size(row: Measure, columns: Columns, yi: FloatArray) -> Measure:
    """Give the way back its size, where it needs one: the harmonic mean of the estimable studies'."""
    if row.back_by_size is None:
        return row
    size = columns["ni"] if "ni" in row.needs else columns["ti"]
    typical = harmonic_mean(size[np.isfinite(yi)])
    if np.isnan(typical):
        return row
    return replace(row, back=partial(_back_with, row.back_by_size, typical))


def _back_with(by_size: Any, size: float, y: Any) -> Any:
    return by_size(y, size)
