"""The PRISMA 2020 flow diagram, drawn from the counts of a review's own screening.

Boxes and their wording follow Page 2021 (BMJ 372:n71, figure 1); every box is as tall as its text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from metareview.figures.draft import MARGIN, Draft
from metareview.figures.fonts import ASCENT, MM_PER_POINT, line_height, text_width, wrap_text
from metareview.figures.options import ForestOptions, width_of
from metareview.figures.page import Line, Page, Shape, Text
from metareview.figures.style import Style, style_named
from metareview.screening import Column, Count, Flow

if TYPE_CHECKING:
    from metareview.figures.ink import Plate

_TINT, _HEAD, _SIDE = "#ffffff", "#e8c95a", "#a9c6e8"
_STAGES = ("Identification", "Screening", "Included")
_PAD = 1.3


@dataclass(frozen=True, slots=True)
class Cell:
    """One box of the diagram: where it stands, and its lines; ``main`` boxes lead on downwards."""

    column: int
    row: int
    lines: tuple[str, ...]
    main: bool = True


def flow_diagram(flow: Flow, *, style: str = "metareview", options: ForestOptions | None = None) -> Plate:
    """Draw the PRISMA 2020 flow diagram of a review.

    Parameters
    ----------
    flow
        The counts; columns for other methods and an earlier version appear where there are such.
    options
        Title, size and further footnotes.

    Returns
    -------
    matplotlib.figure.Figure
        With its alt text and its counts as data.
    """
    from metareview.figures.ink import draw_page

    look, asked = style_named(style), options or ForestOptions()
    plate = draw_page(lay_out_flow(flow, look, asked))
    plate.alt = describe_flow(flow)
    plate.columns = ("box", "count")
    plate.rows = [{"box": box, "count": n} for box, n in flow_counts(flow)]
    return plate


def lay_out_flow(flow: Flow, style: Style, options: ForestOptions) -> Page:
    """Give each box its place."""
    width = width_of(options, style)
    heads, cells = _heads(flow), _cells(flow)
    sides = 2 * len(flow.columns) + (flow.previous is not None)
    size = style.size if width / sides > 30 else style.least
    needed = _needed_width(cells, size, sides)
    draft = Draft(style, size, max(width, needed))
    draft.heading(options.title)
    grid = _Grid(draft, sides)
    draft.y += _head_bars(draft, grid, heads) + 2.5
    boxes = _place(draft, grid, cells)
    _arrows(draft, boxes, flow)
    _stage_bars(draft, boxes)
    draft.foot([("", note) for note in (*flow.notes, *options.footnotes)])
    grown = f"The boxes need {needed:.0f} mm; {width:.0f} mm were asked for."
    return draft.page(clear=options.transparent, notes=(grown,) if needed > width else ())


def _needed_width(cells: Sequence[Cell], size: float, columns: int) -> float:
    """Return the width at which the longest word of every box stays whole."""
    words = (text_width(w, size) for c in cells for line in c.lines for w in line.split(" "))
    box = max(words) + text_width("\u2003", size) + 2 * _PAD + 0.2
    rest = 2 * MARGIN + line_height(size) * 1.5 + 2.0
    return (rest + columns * box + (columns - 1) * 3.0) / (1 - 0.025 * (columns - 1))


class _Grid:
    """Left edge and width of each column of boxes."""

    def __init__(self, draft: Draft, columns: int) -> None:
        self.side = line_height(draft.size) * 1.5
        self.gap = max(3.0, draft.width * 0.025)
        start = MARGIN + self.side + 2.0
        self.width = (draft.width - MARGIN - start - (columns - 1) * self.gap) / columns
        self.lefts = [start + n * (self.width + self.gap) for n in range(columns)]


def _heads(flow: Flow) -> list[tuple[int, int, str]]:
    """Return first and last column of boxes under each head, and what it says."""
    start = 1 if flow.previous else 0
    heads = [(0, 0, "Previous studies")] if flow.previous else []
    new = "new " if flow.previous else ""
    heads.append((start, start + 1, f"Identification of {new}studies via databases and registers"))
    if flow.other is not None:
        heads.append((start + 2, start + 3, f"Identification of {new}studies via other methods"))
    return heads


def _cells(flow: Flow) -> list[Cell]:
    start = 1 if flow.previous else 0
    cells = []
    if flow.previous:
        before = flow.previous
        cells.append(
            Cell(
                0,
                0,
                (
                    _n("Studies included in previous version of review", before.studies),
                    _n("Reports of studies included in previous version of review", before.reports),
                ),
            )
        )
    cells += _column_cells(flow.databases, start)
    if flow.other is not None:
        cells += _column_cells(flow.other, start + 2, other=True)
    cells.append(Cell(start, 4, _included(flow)))
    if flow.previous:
        cells.append(Cell(start, 5, _totals(flow)))
    return cells


def _column_cells(column: Column, left: int, *, other: bool = False) -> Iterator[Cell]:
    """Yield the boxes of one column of the diagram with what leaves it on the right."""
    yield Cell(left, 0, ("Records identified from:", *_counts(column.identified)))
    removed = tuple(_removed(column))
    if removed or not other:
        yield Cell(left + 1, 0, ("Records removed before screening:", *removed), main=False)
    if column.screened or not other:
        yield Cell(left, 1, (_n("Records screened", column.screened),))
        out = [_n("Records excluded", column.excluded)]
        if column.awaiting_screening:
            out.append(_n("Records awaiting screening", column.awaiting_screening))
        yield Cell(left + 1, 1, tuple(out), main=False)
    yield Cell(left, 2, (_n("Reports sought for retrieval", column.sought),))
    yield Cell(left + 1, 2, (_n("Reports not retrieved", column.not_retrieved),), main=False)
    yield Cell(left, 3, (_n("Reports assessed for eligibility", column.assessed),))
    out = ["Reports excluded:", *_counts(column.excluded_reports)]
    if not column.excluded_reports:
        out = [_n("Reports excluded", 0)]
    if column.awaiting_assessment:
        out.append(_n("Reports awaiting assessment", column.awaiting_assessment))
    yield Cell(left + 1, 3, tuple(out), main=False)


def _removed(column: Column) -> Iterator[str]:
    yield _n("Duplicate records removed", column.duplicates)
    if column.automation or column.name.startswith("databases"):
        yield _n("Records marked as ineligible by automation tools", column.automation)
    if column.removed:
        yield from _counts(column.removed)
    elif column.name.startswith("databases"):
        yield _n("Records removed for other reasons", 0)


def _included(flow: Flow) -> tuple[str, ...]:
    new = "New studies" if flow.previous else "Studies"
    lines = [
        f"{new} included in review (n\u00a0=\u00a0not\u00a0yet\u00a0counted)"
        if flow.new_studies is None
        else _n(f"{new} included in review", flow.new_studies)
    ]
    lines.append(
        _n(
            "Reports of new included studies" if flow.previous else "Reports of included studies",
            flow.new_reports,
        )
    )
    if flow.added_reports:
        lines.append(_n("New reports of studies included earlier", flow.added_reports))
    if flow.synthesised is not None:
        lines.append(_n("Studies included in a meta-analysis", flow.synthesised))
    return tuple(lines)


def _totals(flow: Flow) -> tuple[str, ...]:
    studies = "Total studies included in review (n\u00a0=\u00a0not\u00a0yet\u00a0counted)"
    if flow.total_studies is not None:
        studies = _n("Total studies included in review", flow.total_studies)
    return studies, _n("Reports of total included studies", flow.total_reports)


def _counts(counts: Sequence[Count]) -> tuple[str, ...]:
    return tuple(_n(c.label, c.n) for c in counts)


def _n(label: str, n: int) -> str:
    return f"{label} (n\u00a0=\u00a0{n:,})"


def _head_bars(draft: Draft, grid: _Grid, heads: Sequence[tuple[int, int, str]]) -> float:
    """Draw the coloured bars over the columns; return their height."""
    step = line_height(draft.size)
    wrapped = [
        (
            grid.lefts[a],
            grid.lefts[b] + grid.width,
            wrap_text(words, grid.lefts[b] + grid.width - grid.lefts[a] - 2 * _PAD, draft.size, "bold"),
        )
        for a, b, words in heads
    ]
    height = max(len(lines) for *_, lines in wrapped) * step + 2 * _PAD
    for left, right, lines in wrapped:
        draft.items.append(_box(left, draft.y, right, draft.y + height, _HEAD, draft))
        first = draft.y + (height - len(lines) * step) / 2
        for n, line in enumerate(lines):
            draft.text(
                (left + right) / 2, first + (n + 0.5) * step, line, face="bold", anchor="centre", role="head"
            )
    return height


def _box(left: float, top: float, right: float, bottom: float, fill: str, draft: Draft) -> Shape:
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    return Shape(corners, fill, draft.style.palette.text, 0.6, "box")


@dataclass(frozen=True, slots=True)
class _Placed:
    cell: Cell
    left: float
    top: float
    right: float
    bottom: float


def _place(draft: Draft, grid: _Grid, cells: Sequence[Cell]) -> list[_Placed]:
    """Draw the boxes row by row; a row is as tall as its tallest box."""
    placed = []
    step = line_height(draft.size)
    for row in sorted({c.row for c in cells}):
        mine = [c for c in cells if c.row == row]
        wrapped = {id(c): _wrapped(c, grid.width - 2 * _PAD, draft.size) for c in mine}
        tallest = max(len(lines) for lines in wrapped.values()) * step + 2 * _PAD
        for cell in mine:
            lines = wrapped[id(cell)]
            height = len(lines) * step + 2 * _PAD
            left, top = grid.lefts[cell.column], draft.y + (tallest - height) / 2
            place = _Placed(cell, left, top, left + grid.width, top + height)
            draft.items.append(_box(place.left, top, place.right, place.bottom, _TINT, draft))
            for n, line in enumerate(lines):
                draft.text(left + _PAD, top + _PAD + (n + 0.5) * step, line, role="cell")
            placed.append(place)
        draft.y += tallest + 4.0
    draft.y -= 4.0
    return placed


def _wrapped(cell: Cell, room: float, size: float) -> tuple[str, ...]:
    """Break the lines of a box; what follows a colon is set in."""
    lines: list[str] = []
    listed = cell.lines[0].endswith(":")
    for n, line in enumerate(cell.lines):
        indent = "\u2003" if listed and n and not line.startswith("Reports awaiting") else ""
        taken = text_width(indent, size)
        lines += [indent + part for part in wrap_text(line, room - taken, size)]
    return tuple(lines)


def _arrows(draft: Draft, boxes: Sequence[_Placed], flow: Flow) -> None:
    """Lead every main box to what leaves it, and to the next one below."""
    start = 1 if flow.previous else 0
    for box in boxes:
        for other in boxes:
            if (
                other.cell.row == box.cell.row
                and other.cell.column == box.cell.column + 1
                and box.cell.main
                and not other.cell.main
            ):
                y = (max(box.top, other.top) + min(box.bottom, other.bottom)) / 2
                _arrow(draft, (box.right, y), (other.left, y))
    for column in sorted({b.cell.column for b in boxes if b.cell.main}):
        mine = [b for b in boxes if b.cell.main and b.cell.column == column]
        for above, below in pairwise(mine):
            x = (above.left + above.right) / 2
            _arrow(draft, (x, above.bottom), (x, below.top))
    final = next(b for b in boxes if b.cell.row == 4)
    if flow.other is not None:
        last = next(b for b in boxes if b.cell.column == start + 2 and b.cell.row == 3)
        _elbow(draft, last, final)
    if flow.previous:
        first = next(b for b in boxes if b.cell.column == 0)
        total = next(b for b in boxes if b.cell.row == 5)
        _elbow(draft, first, total)


def _elbow(draft: Draft, source: _Placed, target: _Placed) -> None:
    """Lead from under a box sideways into another."""
    x, y = (source.left + source.right) / 2, (target.top + target.bottom) / 2
    _line(draft, (x, source.bottom), (x, y))
    _arrow(draft, (x, y), (target.right if x > target.right else target.left, y))


def _line(draft: Draft, a: tuple[float, float], b: tuple[float, float]) -> None:
    draft.items.append(Line(*a, *b, 0.6, draft.style.palette.text, role="arrow"))


def _arrow(draft: Draft, a: tuple[float, float], b: tuple[float, float]) -> None:
    _line(draft, a, b)
    (x, y), size = b, 1.1
    if a[1] == b[1]:
        back = x - size if b[0] > a[0] else x + size
        points = ((x, y), (back, y - size / 2), (back, y + size / 2))
    else:
        points = ((x, y), (x - size / 2, y - size), (x + size / 2, y - size))
    draft.items.append(Shape(points, draft.style.palette.text, role="arrow head"))


def _stage_bars(draft: Draft, boxes: Sequence[_Placed]) -> None:
    """Draw the upright bars that name the stages at the left."""
    rows = {0: "Identification", 1: "Screening", 2: "Screening", 3: "Screening", 4: "Included", 5: "Included"}
    for stage in _STAGES:
        mine = [b for b in boxes if rows[b.cell.row] == stage]
        top, bottom = min(b.top for b in mine), max(b.bottom for b in mine)
        size = draft.size
        while text_width(stage, size, "bold") > bottom - top - 0.5 and size > 4:
            size -= 0.25
        needed = text_width(stage, size, "bold") + 0.5
        if bottom - top < needed:
            bottom = top + needed
        right = MARGIN + line_height(draft.size) * 1.4
        draft.items.append(_box(MARGIN, top, right, bottom, _SIDE, draft))
        baseline = (MARGIN + right) / 2 + (ASCENT - 0.04) / 2 * size * MM_PER_POINT
        middle = (top + bottom) / 2 + text_width(stage, size, "bold") / 2
        draft.items.append(Text(baseline, middle, stage, size, "bold", role="stage", turn=90))
        draft.y = max(draft.y, bottom)


def flow_counts(flow: Flow) -> list[tuple[str, int]]:
    """Return every count of the diagram with the name of its box."""
    found: list[tuple[str, int]] = []
    if flow.previous:
        found += [("previous: studies", flow.previous.studies), ("previous: reports", flow.previous.reports)]
    for c in flow.columns:
        plain = (
            ("duplicate records removed", c.duplicates),
            ("records marked as ineligible by automation tools", c.automation),
            ("records screened", c.screened),
            ("records excluded", c.excluded),
            ("records awaiting screening", c.awaiting_screening),
            ("reports sought", c.sought),
            ("reports not retrieved", c.not_retrieved),
            ("reports awaiting assessment", c.awaiting_assessment),
            ("reports assessed", c.assessed),
        )
        found += [(f"{c.name}: records identified, {i.label}", i.n) for i in c.identified]
        found += [(f"{c.name}: records removed, {i.label}", i.n) for i in c.removed]
        found += [(f"{c.name}: {label}", n) for label, n in plain]
        found += [(f"{c.name}: reports excluded, {i.label}", i.n) for i in c.excluded_reports]
    if flow.new_studies is not None:
        found.append(("studies included", flow.new_studies))
    return [*found, ("reports included", flow.included)]


def describe_flow(flow: Flow) -> str:
    """Say the whole diagram in words."""
    said = "; ".join(f"{box} {n:,}" for box, n in flow_counts(flow))
    return " ".join(["PRISMA 2020 flow diagram:", f"{said}.", *flow.notes])
