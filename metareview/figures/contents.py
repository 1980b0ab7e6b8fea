"""From a synthesis to the table that its forest plot shows."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from metareview.effects import FloatArray, Interval
from metareview.figures.columns import Filled, effect_digits, filled_columns
from metareview.figures.options import ForestOptions, check_options
from metareview.figures.style import Style
from metareview.figures.summary import (
    foot_of,
    mark_notes,
    model_name,
    summary_lines,
)
from metareview.figures.table import Column, ForestTable, Row, Triple
from metareview.figures.wording import write_effect, write_interval
from metareview.synthesis import Synthesis


def forest_table(synthesis: Synthesis, style: Style, options: ForestOptions) -> ForestTable:
    """Lay down what the forest plot of one synthesis says."""
    columns = filled_columns(synthesis, style, options)
    marks, marked = mark_notes(synthesis.effects.study_notes, style.words)
    rows = forest_rows(synthesis, columns, marks, options)
    pooled = pooled_rows(synthesis, columns, style)
    for other in options.also:
        pooled += pooled_rows(other, columns, style, label=model_name(other))
    heads = tuple(f.column for f in columns)
    inside = summary_in_table(heads, style)
    if inside:
        pooled += [Row("text", line) for line in summary_lines(synthesis, style)]
    foot = foot_of(synthesis, marked, style, options, summary=not inside)
    return table_of(synthesis, [*rows, *_set_off(rows, pooled)], heads, foot, options, style)


def summary_in_table(columns: Sequence[Column], style: Style) -> bool:
    """Say whether heterogeneity and the test stand in the table: where the preset wants it and room is."""
    before = [c.key for c in columns].index("plot")
    return style.summary_left and before > 1


def _set_off(rows: Sequence[Row], pooled: Sequence[Row]) -> list[Row]:
    return [Row("gap", ""), *pooled] if rows and pooled else list(pooled)


def table_of(
    synthesis: Synthesis,
    rows: Sequence[Row],
    columns: tuple[Column, ...],
    foot: tuple[tuple[str, str], ...],
    options: ForestOptions,
    style: Style,
) -> ForestTable:
    """Put rows and foot under the columns and axis of a synthesis."""
    measure = synthesis.effects.measure
    check_options(options, log=measure.scale == "log")
    null = None if measure.null is None else float(measure.back(measure.null))
    return ForestTable(
        title=options.title,
        subtitle=options.subtitle,
        columns=columns,
        rows=tuple(rows),
        axis_title=axis_title(synthesis),
        log=measure.scale == "log",
        null=null,
        favours=favours_of(synthesis, style, options),
        foot=foot,
        core=core_values(rows, null),
        limits=options.limits,
    )


def axis_title(synthesis: Synthesis) -> str:
    """Return what stands under the axis: the measure, the level, and that the scale is a log one."""
    measure = synthesis.effects.measure
    scale = ", log scale" if measure.scale == "log" else ""
    return f"{measure.axis or measure.label} ({synthesis.method.level * 100:g}% CI){scale}"


def favours_of(synthesis: Synthesis, style: Style, options: ForestOptions) -> tuple[str, str]:
    """Return what stands left and right of no effect.

    Where nobody said which direction is better, only "lower with" and "higher with" are true.
    """
    measure = synthesis.effects.measure
    if any(options.favours):
        left, right = (_favouring(who, style.words.favours) for who in options.favours)
        return left, right
    if measure.null is None or measure.arms != 2:
        return ("", "")
    return f"Lower with {options.arms[0]}", f"Higher with {options.arms[0]}"


def _favouring(who: str, verb: str) -> str:
    """Write whom a side favours, in the spelling of the journal; other phrases are left as they are."""
    first, _, rest = who.partition(" ")
    if first.casefold() in {"favours", "favors"}:
        return f"{verb} {rest}"
    return (
        who
        if not who or first.casefold() in {"lower", "higher", "less", "more", "fewer"}
        else f"{verb} {who}"
    )


def core_values(rows: Sequence[Row], null: float | None) -> tuple[float, ...]:
    """Return what the axis must show: no effect, pooled rows whole, and the estimates of weighty studies."""
    values = [] if null is None else [null]
    for row in rows:
        if row.effect is None:
            continue
        if row.kind == "pooled":
            values += row.effect
        # the other rows may run over the edge: an arrow says so
        elif row.kind == "study" and row.size >= 0.02:
            values.append(row.effect[0])
    return tuple(v for v in values if math.isfinite(v))


def forest_rows(
    synthesis: Synthesis,
    columns: Sequence[Filled],
    marks: Sequence[str],
    options: ForestOptions,
    *,
    indent: int = 0,
    largest: float | None = None,
) -> list[Row]:
    """Return one row per study, also of those not estimable, in the order they were given."""
    effects = synthesis.effects
    cells = [(f.column.key, f.study(synthesis)) for f in columns if f.column.key not in {"study", "plot"}]
    triples = printed_triples(synthesis)
    sizes = square_sizes(synthesis, largest)
    return [
        Row(
            "study",
            label,
            {key: texts[n] for key, texts in cells},
            marks[n],
            triples[n],
            sizes[n],
            indent,
            options.sources.get(label, ""),
        )
        for n, label in enumerate(effects.labels)
    ]


def printed_triples(synthesis: Synthesis) -> list[Triple | None]:
    """Return each study's estimate and interval on the printed scale; None where it has none.

    An estimate whose interval is missing keeps its place: its ends are the estimate itself.
    """
    effects = synthesis.effects
    at, low, high = (effects.printed(v) for v in (effects.yi, synthesis.study_low, synthesis.study_high))
    low, high = np.where(np.isnan(low), at, low), np.where(np.isnan(high), at, high)
    triples: list[Triple | None] = []
    for e, a, b in zip(at, low, high, strict=True):
        triples.append((float(e), float(min(a, b)), float(max(a, b))) if math.isfinite(e) else None)
    return triples


def square_sizes(synthesis: Synthesis, largest: float | None = None) -> list[float]:
    """Return the area of each square as a share of the largest; equal where nothing was weighted."""
    weights: FloatArray = np.nan_to_num(synthesis.weights)
    top = largest if largest is not None else float(weights.max(initial=0.0))
    if top <= 0:
        return [0.3 if e else 0.0 for e in synthesis.effects.estimable]
    return [float(w / top) for w in weights]


def pooled_rows(
    synthesis: Synthesis,
    columns: Sequence[Filled],
    style: Style,
    *,
    label: str = "",
    indent: int = 0,
) -> list[Row]:
    """Return the rows of diamond, prediction and other intervals; say so where nothing is pooled."""
    s = synthesis
    if not s.pooled or s.ci is None:
        said = "Not pooled: one study" if s.k == 1 else "Not pooled: no study with an estimate"
        return [Row("text", said, indent=indent)]
    cells = {f.column.key: f.pooled(s) for f in columns if f.column.key not in {"study", "plot"}}
    name = label or pooled_label(s, style)
    rows = [Row("pooled", name, cells, effect=printed_triple(s, s.estimate, s.ci), indent=indent)]
    if s.prediction is not None:
        rows.append(_prediction_row(s, s.prediction, style, indent))
    for other in s.alternatives:
        effect = printed_triple(s, other.estimate, other.ci)
        text = write_effect(*effect, effect_digits(s), style.words)
        rows.append(
            Row("alternative", alternative_label(other.label), {"effect": text}, effect=effect, indent=indent)
        )
    return rows


def alternative_label(label: str) -> str:
    """Return how the row of another interval is named."""
    return f"{label[:1].upper()}{label[1:]} interval"


def pooled_label(synthesis: Synthesis, style: Style) -> str:
    """Return how the preset names the pooled row."""
    if style.summary_left:
        return f"Total ({synthesis.method.level * 100:g}% CI)"
    return model_name(synthesis)


def _prediction_row(synthesis: Synthesis, prediction: Interval, style: Style, indent: int) -> Row:
    at, low, high = printed_triple(synthesis, synthesis.estimate, prediction)
    text = write_interval(low, high, effect_digits(synthesis), style.words)
    label = f"{prediction.level * 100:g}% prediction interval"
    return Row("prediction", label, {"effect": text}, effect=(at, low, high), indent=indent)


def printed_triple(synthesis: Synthesis, estimate: float, interval: Interval) -> Triple:
    """Return an estimate with the ends of an interval on the printed scale."""
    back = synthesis.effects.measure.back
    ends = sorted((float(back(interval.low)), float(back(interval.high))))
    return float(back(estimate)), ends[0], ends[1]
