"""A forest plot as a web page: one file, no network; numbers on pointing, the trail to the source on a click.

The page holds two layouts of the same table, one for wide windows and one for telephones, drawn as SVG
straight from the layout, and the data as a table for those who cannot see them.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from string import Template

from metareview.figures.contents import forest_table
from metareview.figures.describe import describe_forest
from metareview.figures.document import html_document
from metareview.figures.fonts import MM_PER_POINT, plain_line
from metareview.figures.layout import lay_out
from metareview.figures.options import ForestOptions
from metareview.figures.page import Disc, Item, Line, Page, Shape, Text, Whisker
from metareview.figures.style import Style, style_named
from metareview.figures.table import ForestTable, Row, table_data
from metareview.synthesis import Synthesis

_TELEPHONE = 72.0
_WEIGHTS = {"bold": ' font-weight="bold"', "regular": ""}
_ANCHORS = {"left": "", "centre": ' text-anchor="middle"', "right": ' text-anchor="end"'}


def interactive_forest(
    synthesis: Synthesis, *, style: str = "metareview", options: ForestOptions | None = None
) -> str:
    """Return the forest plot of a synthesis as a self-contained web page.

    Parameters
    ----------
    synthesis, style, options
        As for :func:`metareview.figures.forest_plot`; ``options.sources`` holds what a click shows.

    Returns
    -------
    str
        HTML that asks for nothing from any network.
    """
    look, asked = style_named(style), options or ForestOptions()
    wide = forest_table(synthesis, look, replace(asked, size="full"))
    columns = asked.columns or ("study", "plot", "effect")
    narrow = forest_table(synthesis, look, replace(asked, size=_TELEPHONE, columns=columns))
    return web_page(wide, narrow, look)


def web_page(wide: ForestTable, narrow: ForestTable, style: Style) -> str:
    """Put two layouts of one table and its data into a page."""
    notes = dict((mark, words) for mark, words in wide.foot if mark)
    data = [_row_data(row, wide, notes) for row in wide.rows]
    body = Template(_part("html")).substitute(
        title=html.escape(wide.title or "Forest plot"),
        alt=html.escape(plain_line(describe_forest(wide)), quote=True),
        wide=page_svg(lay_out(wide, style, style.width)[0], wide),
        narrow=page_svg(lay_out(narrow, style, _TELEPHONE)[0], narrow),
        table=_html_table(wide),
    )
    colours = f":root {{ --ink: {style.palette.text}; --accent: {style.palette.square}; }}"
    return html_document(
        wide.title or "Forest plot",
        body,
        styles=(f"{colours}\n{_part('css')}",),
        scripts=(_part("js"),),
        data={"data": data},
    )


def _part(suffix: str) -> str:
    return files("metareview.figures").joinpath("web", f"forest.{suffix}").read_text("utf-8")


def _row_data(row: Row, table: ForestTable, notes: dict[str, str]) -> dict[str, object]:
    """Return what the page says of a row: its cells under their heads, its notes, its sources."""
    facts = []
    for column in table.columns:
        text = row.cells.get(column.key, "")
        if text:
            head = " ".join(part for part in (column.group, column.head.replace("\n", " ")) if part)
            facts.append((head, text))
    return {
        "label": row.label,
        "kind": row.kind,
        "facts": facts,
        "notes": [notes[mark] for mark in row.markers.split(",") if mark in notes],
        "sources": [part for part in row.source.split("; ") if part],
    }


def page_svg(page: Page, table: ForestTable) -> str:
    """Return a page as SVG in millimetres; every row with an effect can be pointed at and focused."""
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {page.width:.2f} {page.height:.2f}">']
    parts += [svg for item in page.items if not isinstance(item, Whisker) for svg in _svg(item)]
    parts += list(_row_groups(page, table))
    return "".join([*parts, "</svg>"])


def _row_groups(page: Page, table: ForestTable) -> Iterator[str]:
    """Yield the rows one can point at: a band across the page, with the study's square on it."""
    members: dict[int, list[Text | Whisker | Shape]] = {}
    for item in page.items:
        if isinstance(item, Text | Whisker | Shape) and item.row >= 0:
            members.setdefault(item.row, []).append(item)
    for number, items in sorted(members.items()):
        row = table.rows[number]
        if row.kind in {"text", "heading"}:
            continue
        top, bottom = min(i.box.top for i in items), max(i.box.bottom for i in items)
        said = f"{row.label}: {row.cells.get('effect', '')}"
        yield (
            f'<g class="row" tabindex="0" role="button" aria-expanded="false" data-row="{number}" '
            f'aria-label="{html.escape(said, quote=True)}">'
            f'<rect class="hit" x="1" y="{top - 0.5:.2f}" width="{page.width - 2:.2f}" '
            f'height="{bottom - top + 1:.2f}"/>'
        )
        yield from (svg for item in items if isinstance(item, Whisker) for svg in _svg(item))
        yield "</g>"


def _svg(item: Item) -> Iterator[str]:
    if isinstance(item, Text):
        size = item.size * MM_PER_POINT
        turn = f' transform="rotate(-{item.turn} {item.x:.2f} {item.y:.2f})"' if item.turn else ""
        yield (
            f'<text x="{item.x:.2f}" y="{item.y:.2f}" font-size="{size:.3f}" fill="{item.colour}"'
            f"{_ANCHORS[item.anchor]}{_WEIGHTS[item.face]}{turn}>{html.escape(item.text)}</text>"
        )
    elif isinstance(item, Line):
        dash = (
            f' stroke-dasharray="{" ".join(f"{d * MM_PER_POINT:.2f}" for d in item.dash)}"'
            if item.dash
            else ""
        )
        yield (
            f'<line x1="{item.x1:.2f}" y1="{item.y1:.2f}" x2="{item.x2:.2f}" y2="{item.y2:.2f}" '
            f'stroke="{item.colour}" stroke-width="{item.width * MM_PER_POINT:.3f}"{dash}/>'
        )
    elif isinstance(item, Shape):
        points = " ".join(f"{x:.2f},{y:.2f}" for x, y in item.points)
        yield f'<polygon points="{points}" {_paint(item.fill, item.edge, item.width)}/>'
    elif isinstance(item, Disc):
        paint = _paint(item.fill, item.edge, item.width)
        yield f'<circle cx="{item.x:.2f}" cy="{item.y:.2f}" r="{item.radius:.2f}" {paint}/>'
    else:
        yield from _study_svg(item)


def _study_svg(item: Whisker) -> Iterator[str]:
    half = item.side / 2
    line = f'stroke-width="{0.8 * MM_PER_POINT:.3f}"'
    ends = f'x1="{item.x_low:.2f}" y1="{item.y:.2f}" x2="{item.x_high:.2f}" y2="{item.y:.2f}"'
    yield f'<line {ends} stroke="{item.line}" {line}/>'
    if item.side:
        yield (
            f'<rect x="{item.x - half:.2f}" y="{item.y - half:.2f}" width="{item.side:.2f}" '
            f'height="{item.side:.2f}" fill="{item.fill}"/>'
        )
    if item.x_high - item.x_low < item.side:
        yield f'<line {ends} stroke="#ffffff" {line}/>'


def _paint(fill: str | None, edge: str | None, width: float) -> str:
    stroke = f' stroke="{edge}" stroke-width="{width * MM_PER_POINT:.3f}"' if edge else ""
    return f'fill="{fill or "none"}"{stroke}'


def _html_table(table: ForestTable) -> str:
    columns, rows = table_data(table)
    head = "".join(f"<th>{html.escape(c)}</th>" for c in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(_cell(row[c]))}</td>" for c in columns) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: object) -> str:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
