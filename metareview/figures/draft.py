"""A page being filled from the top: titles, rules and notes are set the same way on every figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from metareview.figures.fonts import (
    ASCENT,
    DESCENT,
    MM_PER_POINT,
    font_notes,
    line_height,
    text_width,
    wrap_text,
)
from metareview.figures.page import Frame, Item, Line, Page, Shape, Text
from metareview.figures.style import Style

MARGIN = 2.0
MARKER_SHARE = 0.72


@dataclass
class Draft:
    """A page being filled from the top."""

    style: Style
    size: float
    width: float
    y: float = MARGIN
    items: list[Item] = field(default_factory=list)

    def text(self, x: float, y: float, text: str, **look: object) -> None:
        """Put a line of text whose capitals are centred on ``y``."""
        size = float(look.pop("size", self.size))  # type: ignore[arg-type]
        if text:
            shift = (ASCENT - 0.04) / 2 * size * MM_PER_POINT
            colour = str(look.pop("colour", self.style.palette.text))
            self.items.append(Text(x, y + shift, text, size, colour=colour, **look))  # type: ignore[arg-type]

    def rule(self, width: float, left: float = MARGIN, right: float | None = None) -> None:
        """Draw a line across the page at the present height."""
        if width > 0:
            end = self.width - MARGIN if right is None else right
            self.items.append(Line(left, self.y, end, self.y, width, self.style.palette.rule))

    def block(self, lines: tuple[str, ...], size: float, **look: object) -> None:
        """Put lines of text under one another at the left margin and move down."""
        for line in lines:
            self.text(MARGIN, self.y + line_height(size) / 2, line, size=size, **look)
            self.y += line_height(size)

    @property
    def em(self) -> float:
        """The text size in millimetres."""
        return self.size * MM_PER_POINT

    @property
    def room(self) -> float:
        """The width between the margins."""
        return self.width - 2 * MARGIN

    def heading(self, title: str, subtitle: str = "") -> None:
        """Write the figure's title and subtitle."""
        size = self.size + 1.5
        if title:
            self.block(wrap_text(title, self.room, size, "bold"), size, face="bold", role="title")
            self.y += self.em * 0.25
        if subtitle:
            colour = self.style.palette.muted
            self.block(wrap_text(subtitle, self.room, self.size), self.size, colour=colour, role="title")
        if title or subtitle:
            self.y += self.em * 0.5

    def foot(self, notes: Sequence[tuple[str, str]]) -> None:
        """Write the notes over the whole width, each mark before its sentence."""
        self.y += self.em * 0.4
        self.rule(self.style.foot_rule)
        self.y += self.em * 0.3
        size = max(self.size - 0.7, self.style.least - 0.3)
        for mark, words in notes:
            indent = text_width(mark, size * MARKER_SHARE) + 0.4 if mark else 0.0
            y = self.y + line_height(size) / 2
            if mark:
                self.text(
                    MARGIN, y - 0.3 * size * MM_PER_POINT, mark, size=size * MARKER_SHARE, role="marker"
                )
            for line in wrap_text(words, self.room - indent, size):
                self.text(
                    MARGIN + indent,
                    self.y + line_height(size) / 2,
                    line,
                    size=size,
                    role="foot",
                    colour=self.style.palette.muted,
                )
                self.y += line_height(size)
            self.y += (DESCENT / 4) * size * MM_PER_POINT

    def page(self, frame: Frame | None = None, *, clear: bool = False, notes: tuple[str, ...] = ()) -> Page:
        """Close the page: as tall as what stands on it."""
        ground = None if clear else self.style.palette.ground
        fonts = font_notes(i.text for i in self.items if isinstance(i, Text))
        return Page(self.width, self.y + MARGIN, tuple(self.items), frame, ground, (*notes, *fonts))


def rectangle(left: float, top: float, right: float, bottom: float, fill: str, role: str) -> Shape:
    """Return a filled rectangle."""
    return Shape(((left, top), (right, top), (right, bottom), (left, bottom)), fill=fill, role=role)
