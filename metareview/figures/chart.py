"""Charts of two axes as plain data, and their place on the page: funnel, Baujat, L'Abbé, radial, drapery."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from metareview.figures.axis import Axis, labels_clear, round_ticks, tick_label
from metareview.figures.draft import MARGIN, Draft
from metareview.figures.fonts import ASCENT, MM_PER_POINT, line_height, text_width, wrap_text
from metareview.figures.page import Box, Disc, Frame, Item, Line, Page, Shape, Text
from metareview.figures.style import Style

Point = tuple[float, float]
_TICK = 1.0
_LEGEND_KEY = 5.0
_LEFT_OUT = "{} names are left out where they would hide others; the data of the figure name every study."


@dataclass(frozen=True, slots=True)
class Scale:
    """One axis of a chart: its title, its ends in the units of the data, and how ticks are written."""

    title: str
    low: float
    high: float
    log: bool = False
    flipped: bool = False
    ticks: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Path:
    """A line or an area in units of the data; it is cut at the edges of the plot.

    ``name`` puts it into the legend; ``fill`` makes it an area.
    """

    points: tuple[Point, ...]
    colour: str = "#000000"
    width: float = 0.8
    dash: tuple[float, ...] = ()
    fill: str | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Dot:
    """One study: ``radius`` in millimetres, ``label`` written beside it where there is room."""

    x: float
    y: float
    radius: float = 0.9
    label: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """All that a chart shows; ``columns`` and ``rows`` are its data, ``alt`` what it says in words."""

    title: str
    x: Scale
    y: Scale
    paths: tuple[Path, ...]
    dots: tuple[Dot, ...]
    foot: tuple[str, ...]
    alt: str
    columns: tuple[str, ...]
    rows: tuple[dict[str, object], ...]
    dot_name: str = "Study"
    height_share: float = 0.72
    ground: str | None = None
    marks: tuple[tuple[Point, str], ...] = ()


def lay_out_chart(chart: Chart, style: Style, width: float, *, clear: bool = False) -> Page:
    """Give a chart its place: title, plot with axes, legend, foot."""
    draft = Draft(style, style.size if width >= 120 else max(style.size - 0.7, style.least), width)
    draft.heading(chart.title)
    x, y = _axes(chart, draft)
    draft.items += _paths(chart, x, y)
    draft.items += _dots(chart, x, y, style)
    labels = _dot_labels(chart, draft, x, y)
    draft.items += labels
    _frame_items(draft, chart, x, y)
    _legend(draft, chart)
    unnamed = sum(bool(d.label) for d in chart.dots) - len(labels)
    left_out = (_LEFT_OUT.format(unnamed),) if unnamed else ()
    draft.foot([("", line) for line in (*chart.foot, *left_out)])
    place = Box(x.start, min(y.start, y.end), x.end, max(y.start, y.end))
    vertical = (y.low, y.high) if y.start > y.end else (y.high, y.low)
    return draft.page(Frame(place, (x.low, x.high), vertical, x_log=x.log), clear=clear)


def _axes(chart: Chart, draft: Draft) -> tuple[Axis, Axis]:
    """Place both axes: the left one is as wide as its labels, the plot fills the rest."""
    top = draft.y + draft.em * 0.5
    height = min(chart.height_share * draft.width, 130.0)
    bottom, up = (top, top + height) if chart.y.flipped else (top + height, top)
    y = Axis(chart.y.low, chart.y.high, bottom, up, chart.y.log)
    y = replace(y, ticks=chart.y.ticks or _vertical_ticks(y, draft))
    widest = max((text_width(tick_label(t), draft.size) for t in y.ticks), default=0.0)
    left = MARGIN + line_height(draft.size) * 1.2 + widest + _TICK + draft.em * 0.5
    right = draft.width - MARGIN - draft.em * 0.8 - _outer_room(chart, draft)
    x = Axis(chart.x.low, chart.x.high, left, right, chart.x.log)
    fits = labels_clear(x, draft.size, within=(MARGIN, draft.width - MARGIN))
    ticks = chart.x.ticks or round_ticks(x.low, x.high, log=x.log, fits=fits)
    draft.y = top + height
    return replace(x, ticks=ticks), y


def _outer_room(chart: Chart, draft: Draft) -> float:
    """Return the room that marks right of the plot need (the arc of a radial plot)."""
    return max((text_width(text, draft.size - 0.5) for _, text in chart.marks), default=0.0)


def _vertical_ticks(y: Axis, draft: Draft) -> tuple[float, ...]:
    step = line_height(draft.size) * 1.5

    def fits(ticks: Sequence[float]) -> bool:
        places = sorted(y.at(t) for t in ticks)
        return all(b - a >= step for a, b in pairwise(places))

    return round_ticks(y.low, y.high, log=y.log, fits=fits, most=8)


def _paths(chart: Chart, x: Axis, y: Axis) -> list[Item]:
    items: list[Item] = []
    if chart.ground:
        corners = ((x.start, y.start), (x.end, y.start), (x.end, y.end), (x.start, y.end))
        items.append(Shape(corners, fill=chart.ground, role="ground"))
    for path in chart.paths:
        for points in _cut(path, x, y):
            items += _drawn(path, points)
    return items


def _drawn(path: Path, points: tuple[Point, ...]) -> list[Item]:
    if path.fill:
        return [Shape(points, fill=path.fill, role="area")]
    if path.dash:
        return [Line(*a, *b, path.width, path.colour, path.dash, role="path") for a, b in pairwise(points)]
    return [Shape(points, edge=path.colour, width=path.width, role="path", closed=False)]


def _cut(path: Path, x: Axis, y: Axis) -> list[tuple[Point, ...]]:
    """Bring a path onto the page, cut at the edges of the plot; lines may fall into pieces."""
    x, points = _straightened(path.points, x)
    box = (x.low, y.low, x.high, y.high)
    if path.fill:
        polygon = _clipped_polygon(points, box)
        return [tuple((x.at(a), y.at(b)) for a, b in polygon)] if len(polygon) > 2 else []
    pieces: list[list[Point]] = [[]]
    for start, end in pairwise(points):
        segment = _clipped_segment(start, end, box)
        if segment is None:
            continue
        first, last = ((x.at(a), y.at(b)) for a, b in segment)
        if pieces[-1] and pieces[-1][-1] == first:
            pieces[-1].append(last)
        else:
            pieces.append([first, last])
    return [tuple(p) for p in pieces if len(p) > 1]


def _straightened(points: tuple[Point, ...], x: Axis) -> tuple[Axis, tuple[Point, ...]]:
    """Take logarithms along a log axis, so that lines are cut where they are drawn straight."""
    if not x.log:
        return x, points
    linear = replace(x, low=math.log(x.low), high=math.log(x.high), log=False)
    return linear, tuple((math.log(max(a, 1e-300)), b) for a, b in points)


def _clipped_segment(
    a: Point, b: Point, box: tuple[float, float, float, float]
) -> tuple[Point, Point] | None:
    """Cut a segment at a rectangle (Liang and Barsky 1984); None when it lies outside."""
    (x0, y0), (x1, y1) = a, b
    dx, dy, t0, t1 = x1 - x0, y1 - y0, 0.0, 1.0
    for p, q in ((-dx, x0 - box[0]), (dx, box[2] - x0), (-dy, y0 - box[1]), (dy, box[3] - y0)):
        if p == 0:
            if q < 0:
                return None
        elif p < 0:
            t0 = max(t0, q / p)
        else:
            t1 = min(t1, q / p)
    if t0 > t1:
        return None
    start = a if t0 == 0 else (x0 + t0 * dx, y0 + t0 * dy)
    return start, b if t1 == 1 else (x0 + t1 * dx, y0 + t1 * dy)


def _clipped_polygon(points: Sequence[Point], box: tuple[float, float, float, float]) -> list[Point]:
    """Cut a polygon at a rectangle, edge by edge (Sutherland and Hodgman 1974)."""
    left, low, right, high = box
    kept = list(points)
    edges: tuple[tuple[int, float, Callable[[float, float], bool]], ...] = (
        (0, left, float.__ge__),
        (0, right, float.__le__),
        (1, low, float.__ge__),
        (1, high, float.__le__),
    )
    for side, limit, inside in edges:
        kept = _clipped_edge(kept, side, limit, inside)
    return kept


def _clipped_edge(
    points: Sequence[Point], side: int, limit: float, inside: Callable[[float, float], bool]
) -> list[Point]:
    kept: list[Point] = []
    for before, point in zip([*points[-1:], *points[:-1]], points, strict=True):
        was, now = inside(before[side], limit), inside(point[side], limit)
        if was != now:
            share = (limit - before[side]) / (point[side] - before[side])
            crossing = [before[n] + share * (point[n] - before[n]) for n in (0, 1)]
            crossing[side] = limit
            kept.append((crossing[0], crossing[1]))
        if now:
            kept.append(point)
    return kept


def _dots(chart: Chart, x: Axis, y: Axis, style: Style) -> list[Disc]:
    """Return the dots, the largest first so that none hides another."""
    fill = style.palette.square
    return [
        Disc(x.at(d.x), y.at(d.y), d.radius, fill, "#ffffff", 0.4, "dot", d.key or d.label)
        for d in sorted(chart.dots, key=lambda d: -d.radius)
    ]


def _dot_labels(chart: Chart, draft: Draft, x: Axis, y: Axis) -> list[Text]:
    """Write labels where they hide no dot, line or other label; those far from the origin come first."""
    plot = Box(x.start, min(y.start, y.end), x.end, max(y.start, y.end))
    taken = [i.box for i in draft.items if isinstance(i, Disc)] + list(_along_lines(draft.items))
    places = [(d, x.at(d.x), y.at(d.y)) for d in chart.dots if d.label]
    placed = []
    for dot, across, down in sorted(places, key=lambda p: -math.hypot(p[1] - plot.left, p[2] - plot.bottom)):
        disc = Disc(across, down, dot.radius)
        for text in _beside(dot.label, disc, draft.size - 1.0, draft.style.palette.text):
            if plot.holds(text.box) and not any(text.box.overlaps(b) for b in taken):
                placed.append(text)
                taken.append(text.box)
                break
    return placed


def _along_lines(items: Sequence[Item]) -> Iterator[Box]:
    """Cover every line of the plot with small boxes, a millimetre apart."""
    for item in items:
        if isinstance(item, Line):
            ends = [((item.x1, item.y1), (item.x2, item.y2))]
        elif isinstance(item, Shape) and not item.closed:
            ends = list(pairwise(item.points))
        else:
            continue
        for (x0, y0), (x1, y1) in ends:
            steps = max(1, int(math.hypot(x1 - x0, y1 - y0)))
            for n in range(steps + 1):
                px, py = x0 + (x1 - x0) * n / steps, y0 + (y1 - y0) * n / steps
                yield Box(px - 0.3, py - 0.3, px + 0.3, py + 0.3)


def _beside(label: str, disc: Disc, size: float, colour: str) -> list[Text]:
    """Return the places a label may stand at: right, left, above, below."""
    drop, gap = (ASCENT - 0.04) / 2 * size * MM_PER_POINT, disc.radius + 0.5
    up, down = disc.y - gap - 0.25, disc.y + gap + 2 * drop + 0.25
    return [
        Text(disc.x + gap, disc.y + drop, label, size, colour=colour, role="dot label"),
        Text(disc.x - gap, disc.y + drop, label, size, colour=colour, anchor="right", role="dot label"),
        Text(disc.x, up, label, size, colour=colour, anchor="centre", role="dot label"),
        Text(disc.x, down, label, size, colour=colour, anchor="centre", role="dot label"),
    ]


def _frame_items(draft: Draft, chart: Chart, x: Axis, y: Axis) -> None:
    """Draw both axes with ticks and titles."""
    palette = draft.style.palette
    bottom, top = max(y.start, y.end), min(y.start, y.end)
    draft.items += [
        Line(x.start, bottom, x.end, bottom, 0.6, palette.text, role="axis"),
        Line(x.start, top, x.start, bottom, 0.6, palette.text, role="axis"),
    ]
    for tick in x.ticks:
        at = x.at(tick)
        draft.items.append(Line(at, bottom, at, bottom + _TICK, 0.6, palette.text, role="axis"))
        below = bottom + _TICK + line_height(draft.size) * 0.6
        draft.text(at, below, _written(tick, draft), anchor="centre", role="tick")
    for tick in y.ticks:
        at = y.at(tick)
        draft.items.append(Line(x.start - _TICK, at, x.start, at, 0.6, palette.text, role="axis"))
        place = x.start - _TICK - draft.em * 0.3
        draft.text(place, at, _written(tick, draft), anchor="right", role="tick")
    for (at_x, at_y), text in chart.marks:
        mark = x.at(at_x) + draft.em * 0.4
        draft.text(mark, y.at(at_y), text, size=draft.size - 0.5, role="mark")
    draft.y = bottom + _TICK + line_height(draft.size) * 1.2
    for line in wrap_text(chart.x.title, draft.room, draft.size):
        draft.text(
            (x.start + x.end) / 2, draft.y + line_height(draft.size) / 2, line, anchor="centre", role="axis"
        )
        draft.y += line_height(draft.size)
    _upright_title(draft, chart.y.title, (top, bottom))


def _upright_title(draft: Draft, title: str, span: tuple[float, float]) -> None:
    """Write the title of the vertical axis along it, smaller where it would be longer than the axis."""
    room = span[1] - span[0]
    size = draft.size
    while text_width(title, size) > room and size > 4:
        size -= 0.25
    baseline = MARGIN + ASCENT * size * MM_PER_POINT
    middle = (span[0] + span[1]) / 2 + text_width(title, size) / 2
    draft.items.append(
        Text(baseline, middle, title, size, colour=draft.style.palette.text, role="axis", turn=90)
    )


def _written(tick: float, draft: Draft) -> str:
    return tick_label(tick).replace(".", draft.style.words.decimal)


def _legend(draft: Draft, chart: Chart) -> None:
    """Name every area and line below the plot, in rows that fit."""
    named = [p for p in chart.paths if p.name]
    entries = list({p.name: p for p in named}.values())
    x, step = MARGIN, line_height(draft.size - 0.5)
    draft.y += draft.em * 0.4
    for path in entries:
        lines = wrap_text(path.name, draft.room - _LEGEND_KEY - 1, draft.size - 0.5)
        needed = _LEGEND_KEY + 1 + max(text_width(t, draft.size - 0.5) for t in lines)
        if x > MARGIN and x + needed > draft.width - MARGIN:
            x, draft.y = MARGIN, draft.y + step * 1.1
        draft.items += _legend_key(path, x, draft.y + step / 2, draft)
        for n, line in enumerate(lines):
            draft.text(
                x + _LEGEND_KEY + 1, draft.y + (n + 0.5) * step, line, size=draft.size - 0.5, role="legend"
            )
        draft.y += (len(lines) - 1) * step
        x += needed + 4
    draft.y += step * 1.1 if entries else 0.0


def _legend_key(path: Path, x: float, y: float, draft: Draft) -> list[Item]:
    if not path.fill:
        return [Line(x, y, x + _LEGEND_KEY, y, path.width, path.colour, path.dash, role="legend")]
    half = draft.em * 0.4
    corners = ((x, y - half), (x + _LEGEND_KEY, y - half), (x + _LEGEND_KEY, y + half), (x, y + half))
    return [Shape(corners, path.fill, draft.style.palette.grid, 0.4, "legend")]
