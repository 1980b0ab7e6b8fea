"""A forest plot as a table: columns, rows and foot, before any place is given to them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes
    ----------
    key : what its cells are filed under; ``study`` and ``plot`` are special
    head : its title; a line feed breaks it
    group : a title that it shares with its neighbours (an arm)
    align : ``left``, ``right`` or ``centre``
    lights : whether its cells are levels of risk of bias, drawn as discs
    """

    key: str
    head: str
    group: str = ""
    align: str = "right"
    lights: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes
    ----------
    kind : ``study``, ``pooled``, ``alternative`` (another interval of the same answer),
        ``prediction``, ``heading``, ``text`` or ``gap``
    label : what stands in the first column
    cells : text by column
    markers : footnote marks of the label
    effect : estimate, low and high on the printed scale; None where there is none
    size : area of the square as a share of the largest, 0 to 1
    indent : steps to the right
    prediction : prediction interval drawn behind a diamond of the same row, on the printed scale
    number : its place in the table, counted when it is laid out
    source : where the numbers were read, for the trail behind a square
    """

    kind: str
    label: str
    cells: Mapping[str, str] = field(default_factory=dict)
    markers: str = ""
    effect: Triple | None = None
    size: float = 0.0
    indent: int = 0
    source: str = ""
    prediction: tuple[float, float] | None = None
    number: int = -1


@dataclass(frozen=True, slots=True)
class ForestTable:
    """All that a forest plot shows.

    Attributes
    ----------
    title, subtitle : above the table
    columns, rows : in order
    axis_title : what the axis shows
    log : whether its scale is logarithmic
    null : the printed value of no effect, or None
    favours : what stands left and right of no effect
    foot : mark (or nothing) and sentence of each line below
    core : printed values the axis must show
    limits : ends of the axis, where they were asked for
    notes : what the person who ordered the figure must know
    """

    title: str
    subtitle: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    axis_title: str
    log: bool
    null: float | None
    favours: tuple[str, str]
    foot: tuple[tuple[str, str], ...]
    core: tuple[float, ...]
    limits: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()


def table_data(table: ForestTable) -> tuple[list[str], list[dict[str, object]]]:
    """Return the columns and rows of a forest plot as a plain table, on the printed scale."""
    named = [c.key for c in table.columns if c.key not in {"study", "plot"}]
    columns = ["kind", "study", *named, "estimate", "ci_low", "ci_high", "footnotes"]
    rows: list[dict[str, object]] = []
    for row in table.rows:
        if row.kind == "gap":
            continue
        estimate, low, high = row.effect or (None, None, None)
        rows.append(
            {
                "kind": row.kind,
                "study": row.label,
                **{key: row.cells.get(key) for key in named},
                "estimate": _kept(estimate),
                "ci_low": _kept(low),
                "ci_high": _kept(high),
                "footnotes": row.markers,
            }
        )
    return columns, rows


def _kept(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(f"{value:.10g}")
