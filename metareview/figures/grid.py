"""How wide each column of a forest plot is, and the text size at which all of them fit the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from metareview.figures.draft import MARGIN, MARKER_SHARE
from metareview.figures.fonts import MM_PER_POINT, text_width, wrap_text
from metareview.figures.style import Style
from metareview.figures.table import Column, ForestTable, Row

INDENT_EMS = 0.9
LIGHT_EMS = 1.35


@dataclass(frozen=True, slots=True)
class Grid:
    """Places of the columns.

    Attributes
    ----------
    size : text size in points that all columns fit at
    width : of the page in millimetres; more than was asked for where nothing else would fit
    spans : left and right end of each column
    notes : what had to give way
    """

    size: float
    width: float
    spans: Mapping[str, tuple[float, float]]
    notes: tuple[str, ...] = ()

    @property
    def em(self) -> float:
        """The text size in millimetres."""
        return self.size * MM_PER_POINT

    @property
    def plot(self) -> tuple[float, float]:
        """Left and right end of the plot."""
        return self.spans["plot"]

    @property
    def left_block(self) -> float:
        """Where texts that run over several columns must end: before the plot."""
        left, _ = self.plot
        return left - self.em


def fit_grid(table: ForestTable, style: Style, width: float) -> Grid:
    """Find the largest text size at which every column fits; widen the page where none does."""
    size = style.size
    while size > style.least:
        if grid := _grid_at(table, style, size, width):
            return grid
        size -= 0.25
    if grid := _grid_at(table, style, style.least, width):
        return grid
    return _grown(table, style, width)


def _grown(table: ForestTable, style: Style, width: float) -> Grid:
    others, gap = _other_widths(table, style, style.least), _gap(style.least)
    study = min(_natural_study(table, style.least), max(14 * _em(style.least), 0.16 * width))
    needed = 2 * MARGIN + study + sum(others.values()) + gap * (len(others) + 1) + _least_plot(width)
    note = (
        f"The columns need {needed:.0f} mm; {width:.0f} mm were asked for. "
        "Ask for fewer columns, or the text shrinks when the figure is fitted to the page."
    )
    spans = _spans(table, others, {"study": study, "plot": _least_plot(width)}, gap)
    return Grid(style.least, needed, spans, (note,))


def _grid_at(table: ForestTable, style: Style, size: float, width: float) -> Grid | None:
    others, gap = _other_widths(table, style, size), _gap(size)
    room = width - 2 * MARGIN - sum(others.values()) - gap * (len(others) + 1)
    natural = _natural_study(table, size)
    least = min(natural, max(14 * _em(size), 0.16 * width))
    if room - _least_plot(width) < least:
        return None
    study = min(natural, max(least, min(room - _least_plot(width), 0.34 * width)))
    plot = min(room - study, 0.5 * width)
    slack = (room - study - plot) / (len(others) + 1)
    return Grid(size, width, _spans(table, others, {"study": study, "plot": plot}, gap + slack))


def _spans(
    table: ForestTable, others: Mapping[str, float], ours: Mapping[str, float], gap: float
) -> dict[str, tuple[float, float]]:
    spans, x = {}, MARGIN
    widths = {**others, **ours}
    for column in table.columns:
        spans[column.key] = (x, x + widths[column.key])
        x += widths[column.key] + gap
    return spans


def _em(size: float) -> float:
    return size * MM_PER_POINT


def _gap(size: float) -> float:
    return 0.95 * _em(size)


def _least_plot(width: float) -> float:
    return max(20.0, 0.24 * width)


def _natural_study(table: ForestTable, size: float) -> float:
    head = max((text_width(line, size, "bold") for line in table.columns[0].head.split("\n")), default=0.0)
    named = (r for r in table.rows if r.kind in {"study", "pooled", "prediction"})
    return max([head, *(label_width(r, size) for r in named)]) + 0.1


def label_width(row: Row, size: float) -> float:
    """Return the width of a row's label on one line, with its indent and footnote marks."""
    return label_start(row, size) + text_width(row.label, size, row_face(row)) + marker_width(row, size)


def label_start(row: Row, size: float) -> float:
    """Return how far a row's label is moved to the right."""
    return row.indent * INDENT_EMS * _em(size)


def marker_width(row: Row, size: float) -> float:
    """Return the width of a row's footnote marks."""
    return text_width(row.markers, size * MARKER_SHARE) + 0.3 if row.markers else 0.0


def row_face(row: Row) -> str:
    """Return the face of a row's text."""
    return {"pooled": "bold", "heading": "bold", "text": "regular"}.get(row.kind, "regular")


def label_lines(row: Row, grid: Grid) -> tuple[str, ...]:
    """Break a row's label into lines that fit its column, or the block left of the plot."""
    start = label_start(row, grid.size)
    if row.kind in {"text", "heading"}:
        room = grid.left_block - MARGIN - start
        return wrap_text(row.label, room, grid.size, row_face(row))
    left, right = grid.spans["study"]
    room = right - left - start - marker_width(row, grid.size)
    return wrap_text(row.label, max(room, grid.em), grid.size, row_face(row))


def _other_widths(table: ForestTable, style: Style, size: float) -> dict[str, float]:
    """Return the width of every column of text but the first; a group is as wide as its longest word."""
    widths = {c.key: _column_width(c, table, size) for c in table.columns if c.key not in {"study", "plot"}}
    for title, columns in column_groups(table.columns):
        span = sum(widths[c.key] for c in columns) + _gap(size) * (len(columns) - 1)
        wanted = min(text_width(title, size, "bold"), 1.4 * span)
        lacking = max(longest_word(title, size, "bold"), wanted) - span
        for column in columns if lacking > 0 else ():
            widths[column.key] += lacking / len(columns) + 0.05
    return widths


def column_groups(columns: tuple[Column, ...]) -> Iterator[tuple[str, list[Column]]]:
    """Yield each title that neighbouring columns share, with those columns."""
    for title, members in groupby(columns, key=lambda c: c.group):
        if title:
            yield title, list(members)


def _column_width(column: Column, table: ForestTable, size: float) -> float:
    if column.lights:
        return max(LIGHT_EMS * _em(size), text_width(column.head, size, "bold"))
    cells = max((text_width(r.cells.get(column.key, ""), size, row_face(r)) for r in table.rows), default=0.0)
    lines = head_lines(column, cells, size)
    return max([cells, *(text_width(line, size, "bold") for line in lines)]) + 0.05


def head_lines(column: Column, cells: float, size: float) -> tuple[str, ...]:
    """Break a column's head into lines about as wide as its cells."""
    room = max(cells, longest_word(column.head, size, "bold"), 4.5 * _em(size)) + 0.05
    return wrap_text(column.head, room, size, "bold") if column.head else ()


def longest_word(text: str, size: float, face: str) -> float:
    """Return the width of the longest word of a title, or of what fits 24 ems of it."""
    words = (text_width(word, size, face) for word in text.split())
    return min(max(words, default=0.0), 24 * _em(size))
