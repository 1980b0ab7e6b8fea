"""The marks of a forest plot: squares with intervals, diamonds, prediction bars, arrows."""

from __future__ import annotations

from metareview.figures.axis import Axis
from metareview.figures.page import Item, Shape, Whisker
from metareview.figures.style import Style
from metareview.figures.table import Row, Triple

_LARGEST_SQUARE, _SMALLEST_SQUARE = 3.4, 0.9
_ARROW = 1.1


def row_marks(row: Row, y: float, height: float, axis: Axis, style: Style) -> list[Item]:
    """Return what a row shows in the plot, in the order of drawing."""
    if row.effect is None:
        return []
    if row.kind in {"pooled", "alternative"}:
        return _diamond(row, row.effect, y, height, axis, style)
    if row.kind == "prediction":
        return _prediction(row, row.effect, y, height, axis, style)
    return _study(row, row.effect, y, height, axis, style)


def _study(row: Row, effect: Triple, y: float, height: float, axis: Axis, style: Style) -> list[Item]:
    at, low, high = effect
    palette = style.palette
    side = min(_LARGEST_SQUARE, height * 0.72) * max(row.size, 0.0) ** 0.5
    seen = axis.shows(at)
    if high < axis.low or low > axis.high:
        return _arrows(effect, y, axis, palette.interval)
    whisker = Whisker(
        y=y,
        low=max(low, axis.low),
        at=at if seen else None,
        high=min(high, axis.high),
        x_low=axis.at(low),
        x=axis.at(at),
        x_high=axis.at(high),
        side=max(side, _SMALLEST_SQUARE) if seen else 0.0,
        line=palette.interval,
        fill=palette.square,
        key=row.label,
        row=row.number,
    )
    return [whisker, *_arrows(effect, y, axis, palette.interval)]


def _arrows(effect: Triple, y: float, axis: Axis, colour: str) -> list[Item]:
    """Return an arrow at each end of the axis that an interval runs over."""
    _, low, high = effect
    arrows: list[Item] = []
    if low < axis.low:
        arrows.append(_arrow(axis.start, y, 1.0, colour))
    if high > axis.high:
        arrows.append(_arrow(axis.end, y, -1.0, colour))
    return arrows


def _arrow(tip: float, y: float, inward: float, colour: str) -> Shape:
    tail = tip + inward * _ARROW
    return Shape(((tip, y), (tail, y - _ARROW / 2), (tail, y + _ARROW / 2)), fill=colour, role="arrow")


def _diamond(row: Row, effect: Triple, y: float, height: float, axis: Axis, style: Style) -> list[Item]:
    at, low, high = effect
    half = min(height * 0.38, 1.9)
    left, middle, right = axis.at(low), axis.at(at), axis.at(high)
    if right - left < 0.8:
        left, right = middle - 0.4, middle + 0.4
    points = ((left, y), (middle, y - half), (right, y), (middle, y + half))
    fill = None if style.open_diamond or row.kind == "alternative" else style.palette.diamond
    diamond = Shape(points, fill, style.palette.diamond, 0.7, "diamond", key=row.label, row=row.number)
    if high < axis.low or low > axis.high:
        return _arrows(effect, y, axis, style.palette.diamond)
    if row.prediction is not None:
        behind = _prediction(row, (at, *row.prediction), y, height, axis, style)
        return [*behind, diamond, *_arrows(effect, y, axis, style.palette.diamond)]
    return [diamond, *_arrows(effect, y, axis, style.palette.diamond)]


def _prediction(row: Row, effect: Triple, y: float, height: float, axis: Axis, style: Style) -> list[Item]:
    _, low, high = effect
    half = min(height * 0.14, 0.7)
    left, right, colour = axis.at(low), axis.at(high), style.palette.prediction
    if high < axis.low or low > axis.high:
        return _arrows(effect, y, axis, colour)
    inner_left = left + (_ARROW if low < axis.low else 0.0)
    inner_right = right - (_ARROW if high > axis.high else 0.0)
    bar = Shape(
        ((inner_left, y - half), (inner_right, y - half), (inner_right, y + half), (inner_left, y + half)),
        fill=colour,
        role="prediction",
        key=row.label,
        row=row.number,
    )
    return [bar, *_arrows(effect, y, axis, colour)]
