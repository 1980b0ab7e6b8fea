"""How figures look: one preset per word, each with the measures of the journals it is named after."""

from __future__ import annotations

from dataclasses import dataclass

from metareview.errors import FigureError, did_you_mean

TEXT_CONTRAST, MARK_CONTRAST = 4.5, 3.0


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours as ``#rrggbb``; chosen dark enough to tell apart in grey and by the colour-blind."""

    text: str = "#000000"
    muted: str = "#4b5563"
    rule: str = "#000000"
    grid: str = "#70757d"
    square: str = "#2f6690"
    interval: str = "#1f2937"
    diamond: str = "#0f172a"
    prediction: str = "#b45309"
    stripe: str | None = None
    band: str | None = None
    ground: str = "#ffffff"


@dataclass(frozen=True, slots=True)
class Wording:
    """How a journal writes numbers and words.

    Attributes
    ----------
    span : an interval's bounds, ``{low} to {high}``
    effect : an estimate with its interval
    decimal : the decimal sign
    p_name : ``P`` or ``p``
    bare_p : whether P values go without their leading zero (``P = .007``)
    favours : ``Favours`` or ``Favors``
    over : what stands between events and total
    markers : the footnote marks, in order
    """

    span: str = "{low} to {high}"
    effect: str = "{estimate} ({span})"
    decimal: str = "."
    p_name: str = "P"
    bare_p: bool = False
    favours: str = "Favours"
    over: str = "/"
    markers: str = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Style:
    """One preset.

    Attributes
    ----------
    name : the word it goes by
    width, narrow : the journal's full and single column in millimetres
    size, least : text size in points, and the smallest it may shrink to
    columns, narrow_columns : columns in order; ``arms`` stands for each arm's numbers
    joined_arms : events and total in one column (``54/65``) or in two
    summary_left : heterogeneity and tests in the table, left of the axis, or in the foot
    favours_top : above or below the plot
    open_diamond : outline only
    top_rule, head_rule, foot_rule : width in points of the lines above, under the heads, above the foot
    plot_head : whether the measure stands over the plot, or under its axis
    row_pitch : height of a row in text sizes
    dense_ticks : up to nine ticks, or up to seven
    """

    name: str
    width: float = 174.0
    narrow: float = 85.0
    size: float = 7.5
    least: float = 5.5
    palette: Palette = Palette()
    words: Wording = Wording()
    columns: tuple[str, ...] = ("study", "arms", "plot", "effect", "weight")
    narrow_columns: tuple[str, ...] = ("study", "plot", "effect", "weight")
    joined_arms: bool = True
    summary_left: bool = False
    favours_top: bool = False
    open_diamond: bool = False
    top_rule: float = 0.9
    head_rule: float = 0.5
    foot_rule: float = 0.0
    plot_head: bool = False
    row_pitch: float = 1.55
    dense_ticks: bool = True


_LANCET = Wording(
    span="{low}–{high}",
    decimal="·",
    p_name="p",
    markers="*†‡§¶",
)
_JAMA = Wording(span="{low}-{high}", bare_p=True, favours="Favors")
_COCHRANE = Wording(span="{low}, {high}", effect="{estimate} [{span}]")

PRESETS: dict[str, Style] = {
    "metareview": Style(
        "metareview",
        palette=Palette(rule="#111827", text="#111827", stripe="#f3f5f8"),
        row_pitch=1.7,
    ),
    "revman": Style(
        "revman",
        size=7.0,
        palette=Palette(square="#1557b0", interval="#000000", diamond="#000000", prediction="#b3261e"),
        words=_COCHRANE,
        columns=("study", "arms", "weight", "effect", "plot"),
        narrow_columns=("study", "weight", "effect", "plot"),
        joined_arms=False,
        summary_left=True,
        top_rule=0.0,
        head_rule=0.6,
        foot_rule=0.6,
        plot_head=True,
        row_pitch=1.4,
        dense_ticks=False,
    ),
    "cochrane-classic": Style(
        "cochrane-classic",
        size=7.0,
        palette=Palette(square="#000000", interval="#000000", diamond="#000000", prediction="#5b5b5b"),
        words=_COCHRANE,
        columns=("study", "arms", "plot", "weight", "effect"),
        summary_left=True,
        open_diamond=True,
        top_rule=0.6,
        head_rule=0.6,
        foot_rule=0.6,
        plot_head=True,
        row_pitch=1.5,
    ),
    "jama": Style(
        "jama",
        width=178.0,
        narrow=86.0,
        size=7.0,
        palette=Palette(
            square="#00558c", interval="#222222", diamond="#00558c", prediction="#8a5a00", grid="#70757d"
        ),
        words=_JAMA,
        columns=("study", "arms", "effect", "plot", "weight"),
        narrow_columns=("study", "effect", "plot", "weight"),
        favours_top=True,
        top_rule=1.6,
        head_rule=0.4,
        foot_rule=0.4,
        row_pitch=1.6,
    ),
    "bmj": Style(
        "bmj",
        width=174.0,
        narrow=84.0,
        size=7.2,
        palette=Palette(
            square="#6b58a6",
            interval="#222222",
            diamond="#6b58a6",
            prediction="#8a5a00",
            band="#f3f1f8",
            rule="#7d7f83",
        ),
        words=Wording(over=" / "),
        columns=("study", "arms", "plot", "weight", "effect"),
        top_rule=0.0,
        head_rule=0.8,
        foot_rule=0.8,
        row_pitch=1.6,
    ),
    "lancet": Style(
        "lancet",
        width=154.0,
        narrow=75.0,
        size=7.0,
        palette=Palette(
            square="#000000", interval="#000000", diamond="#b11226", prediction="#4d4d4d", grid="#707070"
        ),
        words=_LANCET,
        columns=("study", "arms", "plot", "effect", "weight"),
        top_rule=0.8,
        head_rule=0.4,
        foot_rule=0.8,
        row_pitch=1.55,
    ),
}
NAMES = tuple(PRESETS)


def style_named(name: str) -> Style:
    """Return a preset.

    Raises
    ------
    FigureError
        When no preset bears the name.

    Examples
    --------
    >>> style_named("bmj").width
    174.0
    """
    if name not in PRESETS:
        raise FigureError(f'There is no figure style "{name}"; {did_you_mean(name, NAMES)}')
    return PRESETS[name]


def contrast(colour: str, ground: str = "#ffffff") -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2, relative luminance).

    >>> round(contrast("#000000"), 1)
    21.0
    """
    light, dark = sorted((luminance(colour), luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """Return the relative luminance of ``#rrggbb``, 0 black to 1 white (WCAG 2.2)."""
    red, green, blue = (_linear(int(colour[n : n + 2], 16) / 255) for n in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
