"""Forest plots of subgroups: each group with its own diamond and heterogeneity, and the test between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from metareview.figures.columns import Filled, filled_columns
from metareview.figures.contents import forest_rows, pooled_rows, summary_in_table, table_of
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
        share = float(overall.weights[mine].sum())
        rows += _group_rows((label, group), [every[n] for n in mine], share, columns, style)
        rows.append(Row("gap", ""))
    left = [n for n, name in enumerate(names) if name not in dict(subgroups.groups)]
    if left:
        rows.append(Row("heading", f"In no group by {subgroups.by}"))
        rows += [*(replace(every[n], indent=1) for n in left), Row("gap", "")]
    rows += pooled_rows(overall, columns, style)
    heads = tuple(f.column for f in columns)
    inside = summary_in_table(heads, style)
    lines = [*(summary_lines(overall, style) if inside else ()), difference_line(subgroups, style)]
    rows += [Row("text", line) for line in lines if line]
    foot = foot_of(overall, marked, style, options, summary=not inside)
    own = [
        f"{label}. {' '.join(said)}"
        for label, group in subgroups.groups
        if (said := [sentence(n) for n in group.notes if n not in overall.notes])
    ]
    foot = tuple(dict.fromkeys((*foot, *(("", sentence(n)) for n in (*subgroups.notes, *own)))))
    return table_of(overall, rows, heads, foot, options, style)


def _group_of_each(subgroups: Subgroups) -> list[str]:
    """Return the group of every study of the overall synthesis; empty where it is in none."""
    from metareview.figures.columns import cell_text

    values = subgroups.overall.effects.moderators[subgroups.by]
    return [cell_text(value).strip().replace("−", "-") for value in values]


def _group_rows(
    group: tuple[str, Synthesis],
    studies: Sequence[Row],
    share: float,
    columns: Sequence[Filled],
    style: Style,
) -> list[Row]:
    """Return a group's heading, studies, answer and heterogeneity; ``share`` is its part of all weights."""
    label, synthesis = group
    name = subtotal_name(synthesis, style)
    rows = [Row("heading", label), *(replace(row, indent=1) for row in studies)]
    for row in pooled_rows(replace(synthesis, alternatives=()), columns, style, label=name, indent=1):
        weighted = row.kind == "pooled" and "weight" in row.cells and share > 0
        cells = {**row.cells, "weight": write_number(100 * share, 1, style.words)} if weighted else row.cells
        rows.append(replace(row, cells=cells))
    if synthesis.pooled:
        rows.append(Row("text", heterogeneity_line(synthesis, style.words, style.summary_left), indent=1))
    return rows


def subtotal_name(synthesis: Synthesis, style: Style) -> str:
    """Name the row of a group's diamond."""
    if style.summary_left:
        return f"Subtotal ({synthesis.method.level * 100:g}% CI)"
    name = model_name(synthesis)
    plain = name.startswith(("Random", "Common"))
    return f"Subtotal, {name[0].lower() + name[1:] if plain else name}"


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
