"""A page as plain data: texts, lines, shapes and marks in millimetres, before any ink.

The origin is the upper left corner; ``y`` runs down. Nothing here knows matplotlib.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from metareview.figures.fonts import ASCENT, DESCENT, MM_PER_POINT, plain_line, text_width


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in millimetres."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Box, slack: float = 0.05) -> bool:
        """Say whether two rectangles share more than a hair's breadth."""
        return (
            self.left + slack < other.right
            and other.left + slack < self.right
            and self.top + slack < other.bottom
            and other.top + slack < self.bottom
        )

    def holds(self, other: Box, slack: float = 0.05) -> bool:
        """Say whether another rectangle lies inside this one."""
        return (
            self.left - slack <= other.left
            and self.top - slack <= other.top
            and other.right <= self.right + slack
            and other.bottom <= self.bottom + slack
        )


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text.

    Attributes
    ----------
    x, y : where its anchor stands, on the baseline
    text : what it says
    size : points
    face : ``regular`` or ``bold``
    colour : ``#rrggbb``
    anchor : ``left``, ``centre`` or ``right``
    role : what it is on the page: ``title head label cell marker tick axis favours foot``
    turn : degrees against the clock, 0 or 90
    row : of a forest plot's table, for its label
    """

    x: float
    y: float
    text: str
    size: float
    face: str = "regular"
    colour: str = "#000000"
    anchor: str = "left"
    role: str = "cell"
    turn: int = 0
    row: int = -1

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", plain_line(self.text))

    @property
    def box(self) -> Box:
        """The rectangle the letters fill."""
        width = text_width(self.text, self.size, self.face)
        up, down = self.size * ASCENT * MM_PER_POINT, self.size * DESCENT * MM_PER_POINT
        start = {"left": 0.0, "centre": width / 2, "right": width}[self.anchor]
        if self.turn:
            return Box(self.x - up, self.y + start - width, self.x + down, self.y + start)
        return Box(self.x - start, self.y - up, self.x - start + width, self.y + down)


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line; ``width`` in points, ``dash`` as on-off lengths in points."""

    x1: float
    y1: float
    x2: float
    y2: float
    width: float = 0.5
    colour: str = "#000000"
    dash: tuple[float, ...] = ()
    role: str = "rule"

    @property
    def box(self) -> Box:
        """The rectangle from end to end."""
        return Box(min(self.x1, self.x2), min(self.y1, self.y2), max(self.x1, self.x2), max(self.y1, self.y2))


@dataclass(frozen=True, slots=True)
class Shape:
    """A polygon, or an open path where ``closed`` is false; ``row`` is that of the table it belongs to."""

    points: tuple[tuple[float, float], ...]
    fill: str | None = None
    edge: str | None = None
    width: float = 0.5
    role: str = "shape"
    closed: bool = True
    key: str = ""
    row: int = -1

    @property
    def box(self) -> Box:
        """The rectangle around all its points."""
        xs, ys = [p[0] for p in self.points], [p[1] for p in self.points]
        return Box(min(xs), min(ys), max(xs), max(ys))


@dataclass(frozen=True, slots=True)
class Disc:
    """A circle; ``radius`` in millimetres."""

    x: float
    y: float
    radius: float
    fill: str | None = None
    edge: str | None = None
    width: float = 0.5
    role: str = "disc"
    key: str = ""

    @property
    def box(self) -> Box:
        """The square around it."""
        return Box(self.x - self.radius, self.y - self.radius, self.x + self.radius, self.y + self.radius)


@dataclass(frozen=True, slots=True)
class Whisker:
    """A study's square and interval in the plot of a forest.

    Attributes
    ----------
    y : where its row stands
    low, at, high : on the printed scale; ``at`` is None where the estimate lies off the axis
    x_low, x, x_high : the same in millimetres, inside the plot
    side : of the square, in millimetres
    line, fill : colours
    key, row : label and number of the row it belongs to
    """

    y: float
    low: float
    at: float | None
    high: float
    x_low: float
    x: float
    x_high: float
    side: float
    line: str
    fill: str
    key: str
    role: str = "study"
    row: int = -1

    @property
    def box(self) -> Box:
        """The rectangle around interval and square."""
        half = self.side / 2
        return Box(
            min(self.x_low, self.x - half), self.y - half, max(self.x_high, self.x + half), self.y + half
        )


Item = Text | Line | Shape | Disc | Whisker


@dataclass(frozen=True, slots=True)
class Frame:
    """The plot inside a page: its rectangle, and what its edges mean on the printed scale."""

    box: Box
    x_range: tuple[float, float]
    y_range: tuple[float, float] = (0.0, 1.0)
    x_log: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its size in millimetres and all that stands on it, in the order of drawing.

    Attributes
    ----------
    ground : colour of the paper, or None for a transparent one
    notes : what the person who ordered the figure must know of how it was laid out
    """

    width: float
    height: float
    items: tuple[Item, ...]
    frame: Frame | None = None
    ground: str | None = "#ffffff"
    notes: tuple[str, ...] = field(default_factory=tuple)

    @property
    def box(self) -> Box:
        """The paper."""
        return Box(0.0, 0.0, self.width, self.height)

    @property
    def texts(self) -> Iterator[Text]:
        """Every line of text on the page."""
        return (item for item in self.items if isinstance(item, Text))


def overlapping_texts(page: Page) -> list[tuple[str, str]]:
    """Return each pair of texts that lie over one another.

    >>> overlapping_texts(Page(50, 20, (Text(1, 5, "one", 8), Text(2, 5, "two", 8))))
    [('one', 'two')]
    """
    boxes = sorted(((t.box, t.text) for t in page.texts if t.text.strip()), key=lambda p: p[0].top)
    found = []
    for n, (box, text) in enumerate(boxes):
        for other, its in boxes[n + 1 :]:
            if other.top >= box.bottom:
                break
            if box.overlaps(other):
                found.append((text, its))
    return found


def cut_items(page: Page) -> list[str]:
    """Return what reaches beyond the paper.

    >>> cut_items(Page(10, 20, (Text(1, 5, "a long text", 8),)))
    ['a long text']
    """
    return [
        item.text if isinstance(item, Text) else item.role
        for item in page.items
        if not page.box.holds(item.box)
    ]
