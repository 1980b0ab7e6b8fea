"""Forest plots of subgroups: each group with its own diamond and heterogeneity, and the test between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from metareview.figures.columns import Filled, filled_columns
from metareview.figures.contents import forest_rows, pooled_rows, table_of
from metareview.figures.forest import draw_table
from metareview.figures.options import ForestOptions
from metareview.figures.style import Style, style_named
from metareview.figures.summary import (
    foot_of,
    heterogeneity_line,
    mark_notes,
    model_name,
    sentence,
    summary_lines,
)
from metareview.figures.table import ForestTable, Row
from metareview.figures.wording import write_number, write_p
from metareview.synthesis import Subgroups, Synthesis

if TYPE_CHECKING:
    from metareview.figures.ink import Plate


def subgroup_plot(
    subgroups: Subgroups, *, style: str = "metareview", options: ForestOptions | None = None
) -> tuple[Plate, ...]:
    """Draw the forest plot of subgroups, over as many pages as ``options.page_height`` asks for.

    Squares and weights are those of the overall synthesis, so that they compare across groups.
    """
    asked = options or ForestOptions()
    return draw_table(subgroup_table(subgroups, style_named(style), asked), style, asked)


def subgroup_table(subgroups: Subgroups, style: Style, options: ForestOptions) -> ForestTable:
    """Lay down what the forest plot of subgroups says."""
    overall = subgroups.overall
    columns = filled_columns(overall, style, options)
    marks, marked = mark_notes(overall.effects.study_notes, style.words)
    every = forest_rows(overall, columns, marks, options)
    names = _group_of_each(subgroups)
    rows: list[Row] = []
    for label, group in subgroups.groups:
        mine = [n for n, name in enumerate(names) if name == label]
        rows += _group_rows(label, group, [every[n] for n in mine], columns, style)
        rows.append(Row("gap", ""))
    left = [n for n, name in enumerate(names) if name not in dict(subgroups.groups)]
    if left:
        rows.append(Row("heading", f"In no group by {subgroups.by}"))
        rows += [*(replace(every[n], indent=1) for n in left), Row("gap", "")]
    rows += pooled_rows(overall, columns, style)
    rows += [
        Row("text", line) for line in (*_left(overall, style), difference_line(subgroups, style)) if line
    ]
    foot = foot_of(overall, marked, style, options)
    own = [f"{label}: {n}" for label, g in subgroups.groups for n in g.notes if n not in overall.notes]
    foot = tuple(dict.fromkeys((*foot, *(("", sentence(n)) for n in (*subgroups.notes, *own)))))
    return table_of(overall, rows, tuple(f.column for f in columns), foot, options, style)


def _left(overall: Synthesis, style: Style) -> list[str]:
    return summary_lines(overall, style) if style.summary_left else []


def _group_of_each(subgroups: Subgroups) -> list[str]:
    """Return the group of every study of the overall synthesis; empty where it is in none."""
    from metareview.figures.columns import cell_text

    values = subgroups.overall.effects.moderators[subgroups.by]
    return [cell_text(value).strip().replace("−", "-") for value in values]


def _group_rows(
    label: str, group: Synthesis, studies: Sequence[Row], columns: Sequence[Filled], style: Style
) -> list[Row]:
    rows = [Row("heading", label), *(replace(row, indent=1) for row in studies)]
    name = (
        f"Subtotal ({group.method.level * 100:g}% CI)"
        if style.summary_left
        else f"Subtotal, {_lower(model_name(group))}"
    )
    pooled = pooled_rows(replace(group, alternatives=()), columns, style, label=name, indent=1)
    share = sum(_percent(row, style) for row in studies)
    weighted = {"weight": write_number(share, 1, style.words)}
    rows += [
        replace(r, cells={**r.cells, **weighted}) if r.label == name and "weight" in r.cells else r
        for r in pooled
    ]
    if group.pooled:
        rows.append(Row("text", heterogeneity_line(group, style.words, style.summary_left), indent=1))
    return rows


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _percent(row: Row, style: Style) -> float:
    text = row.cells.get("weight", "").replace(style.words.decimal, ".")
    return float(text) if text.replace(".", "", 1).isdigit() else 0.0


def difference_line(subgroups: Subgroups, style: Style) -> str:
    """Write the test for differences between the groups; nothing where there is none."""
    if subgroups.q is None or subgroups.p is None:
        return ""
    words = style.words
    chi = "Chi²" if style.summary_left else "Q"
    q = write_number(subgroups.q, 2, words)
    return (
        f"Test for subgroup differences: {chi}\u00a0=\u00a0{q}, df\u00a0=\u00a0{subgroups.df}, "
        f"{write_p(subgroups.p, words)}"
    )
