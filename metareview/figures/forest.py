"""Forest plots: from a synthesis to a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metareview.figures.contents import forest_table
from metareview.figures.layout import lay_out
from metareview.figures.options import ForestOptions, width_of
from metareview.figures.style import style_named
from metareview.figures.table import ForestTable, table_data
from metareview.synthesis import Synthesis

if TYPE_CHECKING:
    from metareview.figures.ink import Plate


def forest_plot(
    synthesis: Synthesis, *, style: str = "metareview", options: ForestOptions | None = None
) -> Plate:
    """Draw the forest plot of a synthesis on one page, as tall as it needs to be.

    Parameters
    ----------
    synthesis
        On the analysis scale; printed back-transformed.
    style
        ``metareview``, ``revman``, ``cochrane-classic``, ``jama``, ``bmj`` or ``lancet``.
    options
        Titles, arms, columns and the like.

    Returns
    -------
    matplotlib.figure.Figure
        With ``alt`` (what it shows in words), ``columns`` and ``rows`` (its data) and ``page`` (its layout).

    Raises
    ------
    FigureError
        For a style or columns that do not exist, or a character that no font has.
    """
    asked = options or ForestOptions()
    return draw_table(forest_table(synthesis, style_named(style), asked), style, asked)[0]


def forest_pages(
    synthesis: Synthesis, *, style: str = "metareview", options: ForestOptions | None = None
) -> tuple[Plate, ...]:
    """Draw the forest plot of a synthesis over as many pages as ``options.page_height`` asks for."""
    asked = options or ForestOptions()
    return draw_table(forest_table(synthesis, style_named(style), asked), style, asked)


def draw_table(table: ForestTable, style: str, options: ForestOptions) -> tuple[Plate, ...]:
    """Lay out and draw a forest plot's table."""
    from metareview.figures.describe import describe_forest
    from metareview.figures.ink import draw_page

    look = style_named(style)
    pages = lay_out(
        table, look, width_of(options, look), page_height=options.page_height, clear=options.transparent
    )
    plates = tuple(draw_page(page) for page in pages)
    columns, rows = table_data(table)
    for plate in plates:
        plate.alt, plate.columns, plate.rows = describe_forest(table), columns, rows
    return plates
