"""The words of an answer: one sentence for the result, and the notes a reader needs beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from metareview.effects import Interval
from metareview.synthesis.intervals import INTERVALS
from metareview.synthesis.model import Synthesis


def per_cent(level: float) -> str:
    """Write a level, ``0.95`` as ``95%``."""
    return f"{100 * level:.6g}%"


def printed(synthesis: Synthesis, values: Sequence[float]) -> list[float]:
    """Bring values from the analysis scale to the printed one."""
    return [float(v) for v in np.atleast_1d(synthesis.effects.measure.back(np.array(values, dtype=float)))]


def printed_interval(synthesis: Synthesis, interval: Interval) -> tuple[float, float]:
    """Bring an interval to the printed scale, its lower end first."""
    low, high = sorted(printed(synthesis, [interval.low, interval.high]))
    return low, high


def number(value: float, width: float, null: float | None = None) -> str:
    """Write a number to two decimals, or to as many as show its interval and its side of no effect."""
    if not np.isfinite(value):
        return "not estimable"
    digits = 2 if not 0 < width < 0.1 else min(int(np.ceil(-np.log10(width))) + 1, 12)
    text = _fixed(value, digits)
    while null is not None and value != null and float(text) == null and digits < 4:
        digits += 1
        text = _fixed(value, digits)
    return text


def _fixed(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}" if abs(value) < 1e6 else f"{value:.6g}"
    return text.removeprefix("-") if float(text) == 0 else text


def span(synthesis: Synthesis, interval: Interval) -> str:
    """Write an interval on the printed scale, ``0.33 to 0.73``."""
    low, high = printed_interval(synthesis, interval)
    null = synthesis.effects.measure.null
    none = None if null is None else printed(synthesis, [null])[0]
    return f"{number(low, high - low, none)} to {number(high, high - low, none)}"


def sentence(synthesis: Synthesis) -> str:
    """Say estimate, interval, prediction interval, tau2, I2 and k on the printed scale."""
    parts = [_estimate(synthesis)]
    if synthesis.prediction is not None:
        parts.append(f"{per_cent(synthesis.method.level)} PI {span(synthesis, synthesis.prediction)}")
    spread = synthesis.heterogeneity
    if spread is not None:
        if synthesis.method.tau2 != "none":
            parts.append(f"tau2 = {spread.tau2:.3g}")
        parts.append(f"I2 = {100 * spread.i2:.1f}%")
    parts.append(f"k = {synthesis.k}" + ("" if synthesis.pooled else " (one study, not pooled)"))
    return "; ".join(parts)


def _estimate(synthesis: Synthesis) -> str:
    label, (estimate,) = synthesis.effects.measure.label, printed(synthesis, [synthesis.estimate])
    if synthesis.ci is None:
        finite = np.isfinite(synthesis.estimate)
        return f"{label} {number(estimate, 1) if finite else 'not estimable'} (no interval)"
    low, high = printed_interval(synthesis, synthesis.ci)
    kind = "CrI" if synthesis.method.ci.endswith("credible") else "CI"
    inner = f"{per_cent(synthesis.ci.level)} {kind} {span(synthesis, synthesis.ci)}"
    return f"{label} {number(estimate, high - low)} ({inner})"


def notes_of(synthesis: Synthesis) -> tuple[str, ...]:
    """Return the sentences a reader needs, in order of weight."""
    return (
        *_on_k(synthesis),
        *_on_choices(synthesis),
        *_on_others(synthesis),
        *_left_out(synthesis),
        *synthesis.effects.notes,
        *_on_sparse_data(synthesis),
    )


def _on_sparse_data(synthesis: Synthesis) -> Iterator[str]:
    from metareview.synthesis.rare.sparse import sparse_data_note

    note = sparse_data_note(synthesis.effects)
    if note is not None:
        yield note


def _on_k(synthesis: Synthesis) -> Iterator[str]:
    if synthesis.k == 1:
        yield "One study: it is shown as it stands, and nothing is pooled."
    elif synthesis.k < 5:
        yield f"Only {synthesis.k} studies: tau2, and every interval that rests on it, is very uncertain."


def _on_choices(synthesis: Synthesis) -> Iterator[str]:
    for choice in synthesis.method.choices:
        if choice.overridden:
            yield f"{choice.what} = {choice.value}: {choice.reason}"
        elif choice.what in ("ci", "prediction"):
            yield choice.reason
    if synthesis.pooled and synthesis.method.ci in INTERVALS:
        yield from _on_interval(synthesis)


def _on_interval(synthesis: Synthesis) -> Iterator[str]:
    code, tau2 = synthesis.method.ci, synthesis.method.tau2
    if INTERVALS[code].caveat:
        yield INTERVALS[code].caveat
    if code == "pl" and tau2 != "ML":
        yield f"tau2 is by {tau2}, but the profile likelihood interval maximises over tau2 by itself."
    if code == "kr" and tau2 != "REML":
        yield "The Kenward-Roger interval was derived for REML; with another tau2 it is an approximation."
    if synthesis.prediction is None and synthesis.method.prediction != "none":
        yield "The data give no finite prediction interval of this kind."
    if synthesis.ci is None:
        yield "The data give no finite confidence interval of this kind."
    elif synthesis.se == 0:
        yield "All effects are equal, so this interval has no width; that says nothing about their precision."


def _on_others(synthesis: Synthesis) -> Iterator[str]:
    for other in synthesis.alternatives:
        yield f"{other.label} interval: {span(synthesis, other.ci)}."
    null = synthesis.effects.measure.null
    if synthesis.ci is None or null is None:
        return
    inside = synthesis.ci.contains(null)
    against = [o.label for o in synthesis.alternatives if o.ci.contains(null) != inside]
    if against:
        holds, do = "includes" if inside else "excludes", "do" if len(against) > 1 else "does"
        yield (
            f"The intervals disagree: the main one {holds} no effect, {' and '.join(against)} {do} not; "
            "do not rest a conclusion on either."
        )


def _left_out(synthesis: Synthesis) -> Iterator[str]:
    left = [
        label
        for label, there in zip(synthesis.effects.labels, synthesis.effects.estimable, strict=True)
        if not there
    ]
    if left:
        shown = ", ".join(left[:5]) + (f" and {len(left) - 5} more" if len(left) > 5 else "")
        has, is_ = ("study has", "is") if len(left) == 1 else ("studies have", "are")
        yield f"{len(left)} {has} no estimable effect and {is_} not pooled: {shown}."
