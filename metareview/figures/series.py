"""Forest plots of many syntheses: cumulative, leaving one out, and a summary of outcomes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from metareview.errors import FigureError, did_you_mean
from metareview.figures.columns import effect_digits
from metareview.figures.contents import printed_triple, table_of
from metareview.figures.forest import draw_table
from metareview.figures.options import ForestOptions
from metareview.figures.style import Style, style_named
from metareview.figures.summary import model_name, sentence, tau2_digits
from metareview.figures.table import Column, ForestTable, Row
from metareview.figures.wording import write_effect, write_interval, write_number, write_p
from metareview.synthesis import Refits, Synthesis

if TYPE_CHECKING:
    from metareview.figures.ink import Plate

_HEADS = {
    "k": "Studies",
    "people": "Participants",
    "p": "P",
    "i2": "I²",
    "tau2": "τ²",
    "prediction": "Prediction\ninterval",
    "measure": "Measure",
}
_SERIES = ("study", "k", "plot", "effect", "p", "i2")
_OUTCOMES = ("study", "k", "people", "plot", "effect", "prediction", "i2")
_NARROW = ("study", "k", "plot", "effect")


def refits_plot(
    refits: Refits, *, style: str = "metareview", options: ForestOptions | None = None
) -> tuple[Plate, ...]:
    """Draw a cumulative forest plot, or one that leaves out each study in turn; every row is a synthesis.

    Columns may be ``k``, ``effect``, ``p``, ``i2`` and ``tau2``.
    """
    asked = options or ForestOptions()
    return draw_table(refits_table(refits, style_named(style), asked), style, asked)


def refits_table(refits: Refits, style: Style, options: ForestOptions) -> ForestTable:
    """Lay down what the forest plot of refits says."""
    full = refits.full
    keys = _asked(options, _SERIES, ("k", "effect", "p", "i2", "tau2"))
    leaving = refits.kind == "leave-one-out"
    rows = [_refit_row(refits, n, style, keys, leaving) for n in range(len(refits))]
    whole = _synthesis_row("All studies", full, effect_digits(full), style, keys)
    rows += [Row("gap", ""), replace(whole, prediction=None)]
    how = "Each row leaves out one study." if leaving else _ordered_by(refits.by)
    head = "Study left out" if leaving else "Study added"
    model = f"Model: {model_name(full)}."
    foot = dict.fromkeys(
        ("", sentence(n)) for n in (how, model, *refits.notes, *full.notes, *options.footnotes)
    )
    return table_of(full, rows, _columns(keys, full, head), tuple(foot), options, style)


def _ordered_by(by: str) -> str:
    return (
        f"Each row pools the studies down to it, in order of {by}."
        if by
        else "Each row pools the studies down to it."
    )


def _refit_row(refits: Refits, n: int, style: Style, keys: Sequence[str], leaving: bool) -> Row:
    back = refits.full.effects.measure.back
    values = [float(v[n]) for v in (refits.estimate, refits.low, refits.high)]
    label = refits.labels[n] if leaving else f"+ {refits.labels[n]}"
    if not math.isfinite(values[0]):
        return Row("study", label, {"effect": "Not estimable"})
    printed = [float(back(v)) for v in values]
    effect = (printed[0], min(printed[1:]), max(printed[1:]))
    cells = {
        "k": str(int(refits.k[n])),
        "effect": write_effect(*effect, effect_digits(refits.full), style.words),
        "p": _p(float(refits.p[n]), style),
        "i2": _percent(float(refits.i2[n])),
        "tau2": _tau2(float(refits.tau2[n]), style),
    }
    return Row("study", label, {k: cells[k] for k in keys if k in cells}, effect=effect, size=0.3)


def summary_plot(
    outcomes: Sequence[tuple[str, Synthesis]],
    *,
    style: str = "metareview",
    options: ForestOptions | None = None,
) -> tuple[Plate, ...]:
    """Draw one forest plot of many outcomes: a diamond per synthesis, its prediction interval behind it.

    Parameters
    ----------
    outcomes
        Name and synthesis of each; measures must share a printed scale (all ratios, or all of one measure).

    Raises
    ------
    FigureError
        Without a synthesis, or with measures that have no axis in common.
    """
    asked = options or ForestOptions()
    return draw_table(summary_table(outcomes, style_named(style), asked), style, asked)


def summary_table(
    outcomes: Sequence[tuple[str, Synthesis]], style: Style, options: ForestOptions
) -> ForestTable:
    """Lay down what a summary forest plot says."""
    if not outcomes:
        raise FigureError("There is no synthesis to draw.")
    _require_one_axis(outcomes)
    mixed = len({s.effects.measure.code for _, s in outcomes}) > 1
    default = (*_OUTCOMES[:3], "measure", *_OUTCOMES[3:]) if mixed else _OUTCOMES
    keys = _asked(options, default, (*_HEADS, "effect"))
    rows = [_synthesis_row(name, s, effect_digits(s), style, keys) for name, s in outcomes]
    if not options.columns:
        keys = tuple(k for k in keys if k in {"study", "plot"} or any(r.cells.get(k) for r in rows))
    first = next((s for _, s in outcomes if s.ci is not None), outcomes[0][1])
    said = [f"{name}. {' '.join(map(sentence, s.notes))}" for name, s in outcomes if s.notes]
    bars = ["Bars behind the diamonds are prediction intervals."] if any(r.prediction for r in rows) else []
    foot = dict.fromkeys(("", sentence(n)) for n in (*bars, *said, *options.footnotes))
    return table_of(first, rows, _columns(keys, first, "Outcome"), tuple(foot), options, style)


def _require_one_axis(outcomes: Sequence[tuple[str, Synthesis]]) -> None:
    scales = {(m.scale, "" if m.scale == "log" else m.code) for m in (s.effects.measure for _, s in outcomes)}
    if len(scales) > 1:
        codes = ", ".join(sorted({s.effects.measure.code for _, s in outcomes}))
        raise FigureError(
            f"Effects of {codes} have no axis in common; draw ratios in one summary, and each "
            "other measure in its own."
        )


def _synthesis_row(name: str, s: Synthesis, digits: int, style: Style, keys: Sequence[str]) -> Row:
    """Return the row of one synthesis: a diamond where studies were pooled, else the one study's square."""
    cells = {"k": str(s.k), "people": _people(s), "measure": s.effects.measure.code}
    if s.ci is None:
        return Row("study", name, _kept({**cells, "effect": "No estimate"}, keys))
    effect = printed_triple(s, s.estimate, s.ci)
    h, prediction = s.heterogeneity, None
    if s.prediction is not None:
        _, low, high = printed_triple(s, s.estimate, s.prediction)
        prediction = (low, high)
        cells["prediction"] = write_interval(low, high, digits, style.words)
    cells |= {
        "effect": write_effect(*effect, digits, style.words),
        "p": "" if s.p is None else _p(s.p, style),
        "i2": "" if h is None else _percent(h.i2),
        "tau2": "" if h is None else _tau2(h.tau2, style),
    }
    kind = "pooled" if s.pooled else "study"
    return Row(kind, name, _kept(cells, keys), effect=effect, size=0.3, prediction=prediction)


def _kept(cells: Mapping[str, str], keys: Sequence[str]) -> dict[str, str]:
    return {k: text for k, text in cells.items() if k in keys}


def _people(s: Synthesis) -> str:
    columns = [s.effects.data[n] for n in ("n1i", "n2i", "ni") if n in s.effects.data]
    total = sum(float(c[s.effects.estimable].sum()) for c in columns)
    return f"{total:.0f}" if columns and math.isfinite(total) else ""


def _p(p: float, style: Style) -> str:
    return write_p(p, style.words, name=False) if math.isfinite(p) else ""


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%" if math.isfinite(share) else ""


def _tau2(tau2: float, style: Style) -> str:
    return write_number(tau2, tau2_digits(tau2), style.words) if math.isfinite(tau2) else ""


def _asked(options: ForestOptions, default: Sequence[str], allowed: Sequence[str]) -> tuple[str, ...]:
    """Return the columns asked for, or the usual ones; the first is always the row's name."""
    if not options.columns:
        return tuple(_NARROW) if options.size == "narrow" else tuple(default)
    keys = [c.partition("=")[0].strip() for c in options.columns]
    problems = [
        f'There is no column "{key}" here; {did_you_mean(key, list(allowed))}'
        for key in keys
        if key not in {*allowed, "study", "plot"}
    ]
    if problems:
        raise FigureError(problems)
    rest = [k for k in keys if k != "study"]
    return ("study", *rest) if "plot" in rest else ("study", *rest, "plot")


def _columns(keys: Sequence[str], s: Synthesis, first: str) -> tuple[Column, ...]:
    made = []
    for key in keys:
        if key == "study":
            made.append(Column(key, first, align="left"))
        elif key == "effect":
            made.append(Column(key, f"{s.effects.measure.label}\n({s.method.level * 100:g}% CI)"))
        else:
            made.append(Column(key, {"plot": ""}.get(key) or _HEADS.get(key, "")))
    return tuple(made)
