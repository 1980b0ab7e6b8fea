"""Give every cell, mark and note of a forest plot its place on the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from metareview.figures.axis import Axis, labels_clear, round_ticks, shown_range, tick_label
from metareview.figures.draft import MARGIN, MARKER_SHARE, Draft, rectangle
from metareview.figures.fonts import (
    ASCENT,
    line_height,
    text_width,
    wrap_text,
)
from metareview.figures.grid import (
    Grid,
    column_groups,
    fit_grid,
    head_lines,
    label_lines,
    label_start,
    row_face,
)
from metareview.figures.marks import row_marks
from metareview.figures.page import Box, Disc, Frame, Item, Line, Page, Text
from metareview.figures.style import Style
from metareview.figures.summary import level_look
from metareview.figures.table import Column, ForestTable, Row

_TICK = 1.0
_TITLE_GAP = 0.2


@dataclass
class _Sheet(Draft):
    """A page of a forest plot."""

    grid: Grid = field(kw_only=True)


def _sheet(style: Style, grid: Grid) -> _Sheet:
    return _Sheet(style, grid.size, grid.width, grid=grid)


def lay_out(
    table: ForestTable, style: Style, width: float, *, page_height: float | None = None, clear: bool = False
) -> tuple[Page, ...]:
    """Lay out a forest plot.

    Parameters
    ----------
    width
        Of the page, in millimetres.
    page_height
        Where given, rows go on over as many pages as they need.
    clear
        Whether the ground is transparent.

    Returns
    -------
    tuple of Page
        One, or several where ``page_height`` asks for it.
    """
    table = replace(table, rows=tuple(replace(row, number=n) for n, row in enumerate(table.rows)))
    grid = fit_grid(table, style, width)
    axis = _axis(table, grid, style)
    groups = _paginate(table, style, grid, axis, page_height)
    pages = []
    for number, rows in enumerate(groups):
        draft = _sheet(style, grid)
        _head(draft, table, number, len(groups))
        frame = _body(draft, table, rows, axis) if rows or not table.rows else None
        last = number == len(groups) - 1
        draft.foot(table.foot if last else (("", "Continued on the next page."),))
        pages.append(draft.page(frame, clear=clear, notes=(*table.notes, *grid.notes)))
    return tuple(pages)


def _axis(table: ForestTable, grid: Grid, style: Style) -> Axis:
    left, right = grid.plot
    ends = [v for r in table.rows if r.effect for v in (*r.effect, *(r.prediction or ()))]
    low, high = table.limits or shown_range(table.core, ends, log=table.log)
    inset = grid.em * 0.6
    axis = Axis(low, high, left + inset, right - inset, table.log)
    fits = labels_clear(
        axis,
        grid.size,
        within=(left - grid.em * 0.3, right + grid.em * 0.3),
        written=lambda v: _tick_text(v, style),
    )
    ticks = round_ticks(low, high, log=table.log, fits=fits, most=9 if style.dense_ticks else 7)
    return replace(axis, ticks=ticks)


def _tick_text(value: float, style: Style) -> str:
    return tick_label(value).replace(".", style.words.decimal)


def row_height(row: Row, grid: Grid, style: Style) -> float:
    """Return the height of a row in millimetres."""
    if row.kind == "gap":
        return grid.em * 0.6
    extra = (style.row_pitch - 1.2) * grid.em
    lines = len(label_lines(row, grid))
    if row.kind in {"text", "heading"}:
        extra *= 0.7
    return lines * line_height(grid.size) + extra


def _paginate(
    table: ForestTable, style: Style, grid: Grid, axis: Axis, page_height: float | None
) -> list[tuple[Row, ...]]:
    """Share the rows among pages; a heading stays with what follows it."""
    if page_height is None:
        return [table.rows]
    trial = _sheet(style, grid)
    _head(trial, table, 0, 1)
    _body(trial, table, (), axis)
    room = max(page_height - trial.y - MARGIN - 2 * line_height(grid.size), 8 * line_height(grid.size))
    pages: list[list[Row]] = [[]]
    used = 0.0
    for row in table.rows:
        height = row_height(row, grid, style)
        if used + height > room and pages[-1]:
            carried = [pages[-1].pop()] if pages[-1][-1].kind == "heading" and len(pages[-1]) > 1 else []
            pages.append(carried)
            used = sum(row_height(r, grid, style) for r in carried)
        pages[-1].append(row)
        used += height
    feet = _foot_height(table, style, grid)
    if used + feet > room and len(pages[-1]) > 0 and feet > 0:
        pages.append([])
    return [tuple(page) for page in pages]


def _foot_height(table: ForestTable, style: Style, grid: Grid) -> float:
    trial = _sheet(style, grid)
    start = trial.y
    trial.foot(table.foot)
    return trial.y - start


def _head(draft: _Sheet, table: ForestTable, number: int, pages: int) -> None:
    grid, style = draft.grid, draft.style
    draft.heading(
        table.title + (f" (page {number + 1} of {pages})" if pages > 1 and table.title else ""),
        table.subtitle,
    )
    draft.rule(style.top_rule)
    _column_heads(draft, table)
    draft.y += grid.em * 0.35
    draft.rule(style.head_rule)
    draft.y += grid.em * 0.25


def _column_heads(draft: _Sheet, table: ForestTable) -> None:
    """Write the heads, standing on one line, and the titles of the arms right above theirs."""
    grid = draft.grid
    step = line_height(grid.size)
    heads = {c.key: _head_of(c, table, grid) for c in table.columns}
    titles = [
        (columns, _title_lines(title, columns, grid)) for title, columns in column_groups(table.columns)
    ]
    depths = [float(len(lines)) for lines in heads.values()]
    depths += [len(lines) + _deepest(columns, heads) + _TITLE_GAP for columns, lines in titles]
    draft.y += grid.em * 0.3 + max(depths) * step
    for columns, lines in titles:
        _group_title(draft, columns, lines, draft.y - (_deepest(columns, heads) + _TITLE_GAP) * step)
    for column in table.columns:
        lines = heads[column.key]
        for n, line in enumerate(lines):
            _cell(draft, column, draft.y - (len(lines) - n - 0.5) * step, line, "bold", "head")
    if draft.style.favours_top:
        draft.y += grid.em * 0.2
        _favours(draft, table, _axis(table, grid, draft.style))


def _deepest(columns: list[Column], heads: Mapping[str, tuple[str, ...]]) -> int:
    return max(len(heads[c.key]) for c in columns)


def _title_lines(title: str, columns: list[Column], grid: Grid) -> tuple[str, ...]:
    left, right = _span_of(columns, grid)
    return wrap_text(title, right - left + 0.1, grid.size, "bold")


def _group_title(draft: _Sheet, columns: list[Column], lines: tuple[str, ...], bottom: float) -> None:
    left, right = _span_of(columns, draft.grid)
    step = line_height(draft.grid.size)
    for n, line in enumerate(lines):
        y = bottom - (len(lines) - n - 0.5) * step
        draft.text((left + right) / 2, y, line, face="bold", anchor="centre", role="head")
    if len(columns) > 1:
        y = bottom + _TITLE_GAP / 2 * step
        draft.items.append(Line(left, y, right, y, 0.4, draft.style.palette.grid))


def _span_of(columns: list[Column], grid: Grid) -> tuple[float, float]:
    return grid.spans[columns[0].key][0], grid.spans[columns[-1].key][1]


def _head_of(column: Column, table: ForestTable, grid: Grid) -> tuple[str, ...]:
    left, right = grid.spans[column.key]
    if not column.head:
        return ()
    if column.key in {"study", "plot"}:
        return wrap_text(column.head, right - left + 0.1, grid.size, "bold")
    cells = max(
        (text_width(r.cells.get(column.key, ""), grid.size, row_face(r)) for r in table.rows), default=0.0
    )
    return head_lines(column, cells, grid.size)


def _cell(draft: _Sheet, column: Column, y: float, text: str, face: str, role: str = "cell") -> None:
    left, right = draft.grid.spans[column.key]
    x = {"left": left, "right": right, "centre": (left + right) / 2}[column.align]
    draft.text(x, y, text, face=face, anchor=column.align, role=role)


def _body(draft: _Sheet, table: ForestTable, rows: tuple[Row, ...], axis: Axis) -> Frame:
    """Write the rows, draw their marks, and close the plot with its axis."""
    grid, style = draft.grid, draft.style
    top = draft.y
    plotted = max((n for n, r in enumerate(rows) if r.effect is not None), default=len(rows) - 1)
    marks: list[Item] = []
    behind: list[Item] = []
    bottom = top
    for n, row in enumerate(rows):
        height = row_height(row, grid, style)
        if style.palette.stripe and row.kind == "study" and n % 2 == 0:
            behind.append(
                rectangle(
                    MARGIN / 2,
                    draft.y,
                    grid.width - MARGIN / 2,
                    draft.y + height,
                    style.palette.stripe,
                    "stripe",
                )
            )
        _row(draft, table, row, height)
        marks += row_marks(row, draft.y + height / 2, height, axis, style)
        draft.y += height
        bottom = draft.y if n <= plotted else bottom
    text_end, draft.y = draft.y, bottom
    draft.items[:0] = [*behind, *_ground_lines(axis, table, grid, style, top, bottom)]
    draft.items += marks
    draft.items += _axis_items(axis, grid, style, bottom)
    draft.y += _TICK + line_height(grid.size) * 1.1
    _axis_texts(draft, table, axis)
    draft.y = max(draft.y, text_end)
    place = Box(axis.start, top, axis.end, bottom)
    return Frame(place, (axis.low, axis.high), x_log=table.log)


def _ground_lines(
    axis: Axis, table: ForestTable, grid: Grid, style: Style, top: float, bottom: float
) -> list[Item]:
    """Draw what lies behind the marks: the tinted band and the line of no effect."""
    items: list[Item] = []
    left, right = grid.plot
    if style.palette.band:
        items.append(rectangle(left, top, right, bottom, style.palette.band, "band"))
    if table.null is not None and axis.shows(table.null):
        x = axis.at(table.null)
        items.append(Line(x, top, x, bottom, 0.6, style.palette.grid, role="null"))
    return items


def _axis_items(axis: Axis, grid: Grid, style: Style, y: float) -> list[Item]:
    colour = style.palette.text
    items: list[Item] = [Line(axis.start, y, axis.end, y, 0.6, colour, role="axis")]
    for tick in axis.ticks:
        x = axis.at(tick)
        items.append(Line(x, y, x, y + _TICK, 0.6, colour, role="axis"))
        shift = line_height(grid.size) * 0.55 + ASCENT / 2 * grid.em
        items.append(
            Text(
                x,
                y + _TICK + shift,
                _tick_text(tick, style),
                grid.size,
                colour=colour,
                anchor="centre",
                role="tick",
            )
        )
    return items


def _axis_texts(draft: _Sheet, table: ForestTable, axis: Axis) -> None:
    """Write the axis' title and, unless they stand above, who is favoured on either side."""
    grid, style = draft.grid, draft.style
    left, right = grid.plot
    if not style.plot_head and table.axis_title:
        for line in wrap_text(table.axis_title, right - left, grid.size):
            y = draft.y + line_height(grid.size) / 2
            draft.text((left + right) / 2, y, line, anchor="centre", role="axis", colour=style.palette.muted)
            draft.y += line_height(grid.size)
    if not style.favours_top:
        _favours(draft, table, axis)


def _favours(draft: _Sheet, table: ForestTable, axis: Axis) -> None:
    """Write both sides beside the line of no effect; under one another where a side is too narrow."""
    if not any(table.favours):
        return
    grid = draft.grid
    left, right = grid.plot
    middle = axis.at(table.null) if table.null is not None else (left + right) / 2
    words = (_pointing(table.favours[0], "←"), _pointing(table.favours[1], "→"))
    rooms = (middle - left - 0.6, right - middle - 0.6)
    if all(text_width(w, grid.size) <= room for w, room in zip(words, rooms, strict=True)):
        _side(draft, words[:1], middle - 0.6, "right")
        _side(draft, words[1:], middle + 0.6, "left")
        draft.y += line_height(grid.size)
        return
    for word, x, anchor in zip(words, (left, right), ("left", "right"), strict=True):
        lines = wrap_text(word, right - left, grid.size) if word else ()
        _side(draft, lines, x, anchor)
        draft.y += len(lines) * line_height(grid.size)


def _pointing(words: str, arrow: str) -> str:
    if not words:
        return ""
    return f"{arrow}\u00a0{words}" if arrow == "←" else f"{words}\u00a0{arrow}"


def _side(draft: _Sheet, lines: tuple[str, ...], x: float, anchor: str) -> None:
    for n, line in enumerate(lines):
        draft.text(x, draft.y + (n + 0.5) * line_height(draft.grid.size), line, anchor=anchor, role="favours")


def _row(draft: _Sheet, table: ForestTable, row: Row, height: float) -> None:
    """Write a row's label, marks of footnotes and cells; numbers stand on the label's first line."""
    grid = draft.grid
    lines = label_lines(row, grid) if row.kind != "gap" else ()
    step, face = line_height(grid.size), row_face(row)
    first = draft.y + (height - len(lines) * step) / 2 + step / 2
    start = grid.spans["study"][0] + label_start(row, grid.size)
    for n, line in enumerate(lines):
        draft.text(start, first + n * step, line, face=face, role="label", row=row.number)
    if row.markers and lines:
        x = start + text_width(lines[-1], grid.size, face) + 0.25
        y = first + (len(lines) - 1) * step - 0.32 * grid.em
        draft.text(x, y, row.markers, size=grid.size * MARKER_SHARE, role="marker")
    for column in table.columns:
        text = row.cells.get(column.key, "")
        if column.lights and text:
            _light(draft, column, draft.y + height / 2, text, row.label)
        elif column.key not in {"study", "plot"}:
            _cell(draft, column, draft.y + height / 2, text, face)


def _light(draft: _Sheet, column: Column, y: float, level: str, key: str) -> None:
    symbol, colour = level_look(level)
    left, right = draft.grid.spans[column.key]
    middle = (left + right) / 2
    draft.items.append(Disc(middle, y, draft.grid.em * 0.58, fill=colour, role="light", key=key))
    draft.text(middle, y, symbol, face="bold", anchor="centre", colour="#ffffff", role="light")
