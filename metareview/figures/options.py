"""What a person may ask of a forest plot beside its preset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

from metareview.errors import FigureError
from metareview.figures.style import Style
from metareview.synthesis import Synthesis

SMALLEST_WIDTH, LARGEST_WIDTH = 40.0, 1000.0


@dataclass(frozen=True, slots=True)
class ForestOptions:
    """What a person may ask of a forest plot; everything else is done on the returned figure.

    Attributes
    ----------
    title, subtitle : above the plot
    arms : what the two arms are called
    favours : who is favoured left and right of no effect; "lower with" and "higher with" where not given
    columns : names in order; ``arms``, ``plot``, ``effect``, ``weight``, ``weight_common``, ``p``,
        ``prediction``, ``rob``, a column of the data or a moderator (``year``), each with its own head if
        wanted (``dose=Dose (mg)``)
    also : further syntheses of the same effects, each with its own diamond
    judgements : risk of bias per study and domain (rows with ``study``, ``domain``, ``level``)
    sources : by study label, where its numbers were read; the trail behind a square on the web page
    footnotes : further sentences below the plot
    size : ``full`` or ``narrow`` column of the journal, or a width in millimetres
    page_height : millimetres; longer plots go on over several pages
    limits : ends of the axis on the printed scale
    transparent : no paper behind the plot
    """

    title: str = ""
    subtitle: str = ""
    arms: tuple[str, str] = ("Intervention", "Control")
    favours: tuple[str, str] = ("", "")
    columns: tuple[str, ...] = ()
    also: tuple[Synthesis, ...] = ()
    judgements: tuple[Any, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    footnotes: tuple[str, ...] = ()
    size: str | float = "full"
    page_height: float | None = None
    limits: tuple[float, float] | None = None
    transparent: bool = False


LEAST_PAGE = 60.0


def check_options(options: ForestOptions, *, log: bool) -> None:
    """Refuse, all at once, what cannot be drawn: pages too low, an axis without extent.

    Raises
    ------
    FigureError
        One sentence per fault.
    """
    problems = []
    if options.page_height is not None and not LEAST_PAGE <= options.page_height < inf:
        problems.append(
            f"A page of {options.page_height:g} mm holds no forest plot; give {LEAST_PAGE:g} mm or more."
        )
    if options.limits is not None:
        low, high = options.limits
        if not low < high:
            problems.append(f"The axis cannot run from {low:g} to {high:g}; give the lower end first.")
        if log and low <= 0:
            problems.append(f"A log axis cannot begin at {low:g}; give an end above 0.")
    if problems:
        raise FigureError(problems)


def width_of(options: ForestOptions, style: Style) -> float:
    """Return the width asked for in millimetres.

    Raises
    ------
    FigureError
        When it is neither a word of the preset nor a width that a page can have.
    """
    if isinstance(options.size, str):
        widths = {"full": style.width, "narrow": style.narrow}
        if options.size in widths:
            return widths[options.size]
        raise FigureError(
            f'size is "{options.size}"; give full, narrow, or a width in millimetres as a number.'
        )
    return checked_width(options.size)


def checked_width(width: float) -> float:
    """Return a width in millimetres, or refuse one that no page has."""
    if not SMALLEST_WIDTH <= width <= LARGEST_WIDTH:
        raise FigureError(
            f"A width of {width:g} mm cannot be drawn; give {SMALLEST_WIDTH:g} to {LARGEST_WIDTH:g} mm "
            "(a journal column has about 85, a page about 174)."
        )
    return float(width)
