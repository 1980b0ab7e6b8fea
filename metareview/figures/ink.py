"""From a page to a matplotlib figure: the only file of the house that draws.

A page has an axes of its own in millimetres for texts, lines and shapes. Squares, intervals and the
line of no effect of a forest plot are drawn by the ``forestplot`` package on a second axes, whose
scale is that of the effects, so that whoever gets the figure can add to it in units of the measure.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Polygon
from matplotlib.ticker import NullLocator

from metareview.figures.fonts import MM_PER_POINT, font_families, register_fonts
from metareview.figures.page import Disc, Frame, Line, Page, Shape, Text, Whisker
from metareview.figures.settings import plain_settings

POINTS_PER_MM = 1 / MM_PER_POINT


class Plate(Figure):
    """A figure that knows what it says.

    Attributes
    ----------
    page : the layout it was drawn from
    alt : what the figure shows, in words
    columns, rows : its data as a table
    """

    page: Page
    alt: str = ""
    columns: Sequence[str] = ()
    rows: Sequence[dict[str, object]] = ()


@plain_settings()
def draw_page(page: Page) -> Plate:
    """Draw a page."""
    register_fonts()
    plate = Plate(figsize=(page.width / 25.4, page.height / 25.4), dpi=100)
    FigureCanvasAgg(plate)
    plate.page = page
    plate.patch.set_facecolor(page.ground or "none")
    paper = _paper(plate, page)
    for level, item in enumerate(page.items):
        _PENS[type(item)](paper, item, 1 + level * 1e-4)
    if page.frame is not None:
        _plot(plate, page, page.frame)
    return plate


def _paper(plate: Plate, page: Page) -> Axes:
    paper = plate.add_axes((0.0, 0.0, 1.0, 1.0), label="page")
    paper.set_xlim(0, page.width)
    paper.set_ylim(page.height, 0)
    paper.axis("off")
    return paper


def _pen_text(paper: Axes, item: Text, level: float) -> None:
    paper.text(
        item.x,
        item.y,
        item.text,
        fontsize=item.size,
        color=item.colour,
        ha={"centre": "center"}.get(item.anchor, item.anchor),
        va="baseline",
        rotation=item.turn,
        rotation_mode="anchor",
        family=font_families(item.text, item.face),
        weight={"regular": "normal"}.get(item.face, item.face),
        parse_math=False,
        zorder=level,
        gid=None,
    )


def _pen_line(paper: Axes, item: Line, level: float) -> None:
    style: Any = (0, tuple(d / item.width for d in item.dash)) if item.dash else "-"
    paper.plot(
        (item.x1, item.x2),
        (item.y1, item.y2),
        color=item.colour,
        linewidth=item.width,
        linestyle=style,
        solid_capstyle="butt",
        clip_on=False,
        zorder=level,
        scalex=False,
        scaley=False,
    )


def _pen_shape(paper: Axes, item: Shape, level: float) -> None:
    if not item.closed:
        xs, ys = zip(*item.points, strict=True)
        paper.plot(
            xs,
            ys,
            color=item.edge,
            linewidth=item.width,
            zorder=level,
            clip_on=False,
            scalex=False,
            scaley=False,
        )
        return
    paper.add_patch(
        Polygon(
            item.points,
            closed=True,
            facecolor=item.fill or "none",
            edgecolor=item.edge or "none",
            linewidth=item.width if item.edge else 0.0,
            joinstyle="miter",
            zorder=level,
            clip_on=False,
        )
    )


def _pen_disc(paper: Axes, item: Disc, level: float) -> None:
    paper.add_patch(
        Circle(
            (item.x, item.y),
            item.radius,
            facecolor=item.fill or "none",
            edgecolor=item.edge or "none",
            linewidth=item.width if item.edge else 0.0,
            zorder=level,
            clip_on=False,
        )
    )


def _pen_nothing(paper: Axes, item: Whisker, level: float) -> None:
    """Leave the marks of studies to the plot's own axes."""


_PENS: dict[type, Any] = {
    Text: _pen_text,
    Line: _pen_line,
    Shape: _pen_shape,
    Disc: _pen_disc,
    Whisker: _pen_nothing,
}


def _plot(plate: Plate, page: Page, frame: Frame) -> None:
    """Lay an axes in units of the measure over the plot; ``forestplot`` draws the studies on it."""
    box = frame.box
    if box.bottom - box.top < 0.1:
        return
    height = page.height
    place = (
        box.left / page.width,
        1 - box.bottom / height,
        (box.right - box.left) / page.width,
        (box.bottom - box.top) / height,
    )
    plot = plate.add_axes(place, label="plot")
    whiskers = [i for i in page.items if isinstance(i, Whisker)]
    if whiskers:
        _draw_studies(plot, whiskers, frame)
    plot.set_xscale("log" if frame.x_log else "linear")
    plot.set_xlim(*frame.x_range)
    low, high = (box.bottom, box.top) if whiskers else frame.y_range
    plot.set_ylim(low, high)
    for axis in (plot.xaxis, plot.yaxis):
        axis.set_major_locator(NullLocator())
        axis.set_minor_locator(NullLocator())
    plot.patch.set_visible(False)
    for spine in plot.spines.values():
        spine.set_visible(False)


def _draw_studies(plot: Axes, whiskers: Sequence[Whisker], frame: Frame) -> None:
    """Draw intervals and squares with forestplot's own pens."""
    pens = _forestplot()
    table = {
        "low": np.array([w.low for w in whiskers]),
        "at": np.array([w.low if w.at is None else w.at for w in whiskers]),
        "high": np.array([w.high for w in whiskers]),
        "y": np.array([w.y for w in whiskers]),
    }
    pens.draw_ci(table, "at", "y", "low", "high", frame.x_log, plot, lw=0.8, linecolor=whiskers[0].line)
    pens.draw_est_markers(
        table,
        "at",
        "y",
        plot,
        marker="s",
        markersize=np.array([(w.side * POINTS_PER_MM) ** 2 for w in whiskers]),
        markercolor=whiskers[0].fill,
        markeralpha=1.0,
    )
    for artist in [*plot.collections, *plot.lines]:
        artist.set_clip_on(False)
    plot.collections[-1].set_linewidth(0)
    for whisker in whiskers:
        if whisker.x_high - whisker.x_low < whisker.side:
            # an interval that hides behind its square is drawn in white upon it
            plot.plot((whisker.low, whisker.high), (whisker.y, whisker.y), color="white", linewidth=0.7)


@lru_cache(1)
def _forestplot() -> Any:
    """Import forestplot's pens without what its import changes: numpy's error state, warnings, rcParams."""
    with np.errstate(), warnings.catch_warnings(), rc_context():
        import forestplot.graph_utils as pens
    return pens
