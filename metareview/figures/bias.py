"""Risk of bias: the traffic-light table of studies by domains, and weighted summary bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from metareview.errors import FigureError
from metareview.figures.columns import domain_letters
from metareview.figures.draft import MARGIN, Draft, rectangle
from metareview.figures.fonts import line_height, text_width, wrap_text
from metareview.figures.options import ForestOptions, width_of
from metareview.figures.page import Disc, Line, Page, Shape
from metareview.figures.style import Style, style_named
from metareview.figures.summary import level_look, lights_legend
from metareview.tables import Table, number

if TYPE_CHECKING:
    from metareview.figures.ink import Plate

_ORDER = ("low", "some concerns", "moderate", "high", "serious", "critical", "no information", "unclear")
_KNOWN = {
    "low risk": "low",
    "some": "some concerns",
    "concerns": "some concerns",
    "high risk": "high",
    "none": "no information",
    "no info": "no information",
    "ni": "no information",
    "unclear risk": "unclear",
}


class Judged(Protocol):
    """What these figures need to know of a judgement."""

    @property
    def study(self) -> str:
        """The study."""

    @property
    def domain(self) -> str:
        """The domain, or ``Overall``."""

    @property
    def level(self) -> str:
        """``low``, ``some concerns``, ``high`` and so on."""


@dataclass(frozen=True, slots=True)
class Light:
    """One study's level of risk of bias in one domain."""

    study: str
    domain: str
    level: str


def lights_of_table(table: Table) -> tuple[tuple[Light, ...], dict[str, float]]:
    """Read a table as robvis has it: a study per row, a column per domain, and perhaps ``Weight``.

    Returns
    -------
    lights, weights
        The judgements, and each study's weight where the table gives it.

    Raises
    ------
    FigureError
        All cells that are no level of risk of bias, with their place.
    """
    study, *others = table.columns
    domains = [c for c in others if c.casefold() not in {"weight", "weights"}]
    problems = [] if domains else [f"{table.path}:1: there is no column of a domain beside {study}."]
    lights, weights = [], {}
    for row in table:
        where = f"{table.path}:{row.line}"
        for domain in domains:
            level = _level(row.cells[domain])
            lights.append(Light(row.cells[study], domain, level or ""))
            if level is None:
                wanted = ", ".join(_ORDER)
                problems.append(f'{where}: {domain} is "{row.cells[domain]}"; a level is needed: {wanted}.')
        for column in set(others) - set(domains):
            value = number(row.cells[column])
            weights[row.cells[study]] = value if isinstance(value, float) else 0.0
            if isinstance(value, str):
                problems.append(f'{where}: {column} is "{row.cells[column]}"; {value}.')
    if problems:
        raise FigureError(problems)
    return tuple(lights), weights


def _level(cell: str) -> str | None:
    """Return the level a cell means, as robvis and RevMan write it; None when it means none."""
    said = cell.strip().casefold().removesuffix(" risk of bias").strip()
    said = _KNOWN.get(said, said)
    return said if said in _ORDER else None


def traffic_light_plot(
    judgements: Sequence[Judged], *, style: str = "metareview", options: ForestOptions | None = None
) -> Plate:
    """Draw the traffic-light table: one row per study, one light per domain, told apart by symbol and colour.

    Raises
    ------
    FigureError
        When there is no judgement.
    """
    page = lay_out_lights(judgements, style_named(style), options or ForestOptions())
    return _plate(page, judgements, "Risk-of-bias judgements")


def bias_summary_plot(
    judgements: Sequence[Judged],
    *,
    weights: Mapping[str, float] | None = None,
    style: str = "metareview",
    options: ForestOptions | None = None,
) -> Plate:
    """Draw the share of each level in each domain.

    Parameters
    ----------
    weights
        Of each study in the synthesis, in any unit; every study counts alike where not given.

    Raises
    ------
    FigureError
        When there is no judgement.
    """
    page = lay_out_bars(judgements, style_named(style), options or ForestOptions(), weights)
    return _plate(page, judgements, "Risk-of-bias summary")


def _plate(page: Page, judgements: Sequence[Judged], name: str) -> Plate:
    from metareview.figures.ink import draw_page

    plate = draw_page(page)
    plate.columns = ("study", "domain", "level")
    plate.rows = [{"study": j.study, "domain": j.domain, "level": j.level} for j in judgements]
    plate.alt = describe_lights(name, judgements)
    return plate


def describe_lights(name: str, judgements: Sequence[Judged]) -> str:
    """Say each domain's levels in words."""
    studies = len({j.study for j in judgements})
    said = []
    for domain, _ in domain_letters(judgements):
        shares = level_shares(judgements, domain, None)
        said.append(
            f"{domain}: " + ", ".join(f"{level} {share:.0%}" for level, share in shares.items()) + "."
        )
    return " ".join([f"{name} of {studies} studies.", *said])


def level_shares(
    judgements: Sequence[Judged], domain: str, weights: Mapping[str, float] | None
) -> dict[str, float]:
    """Return the share of each level in a domain, in order from low to high; they sum to 1.

    >>> level_shares([Light("A", "D1", "high"), Light("B", "D1", "low")], "D1", {"A": 3.0, "B": 1.0})
    {'low': 0.25, 'high': 0.75}
    """
    mine = [j for j in judgements if j.domain == domain]
    weight = {j.study: 1.0 if weights is None else weights.get(j.study, 0.0) for j in mine}
    total = sum(weight[j.study] for j in mine)
    shares: dict[str, float] = {}
    for j in sorted(mine, key=_rank) if total > 0 else ():
        level = j.level.strip().casefold()
        shares[level] = shares.get(level, 0.0) + weight[j.study] / total
    return shares


def _rank(judgement: Judged) -> int:
    level = judgement.level.strip().casefold()
    return _ORDER.index(level) if level in _ORDER else len(_ORDER)


def _draft(judgements: Sequence[Judged], style: Style, options: ForestOptions) -> Draft:
    if not judgements:
        raise FigureError("There is no judgement of risk of bias to draw.")
    width = width_of(options, style)
    size = style.size if width >= 120 else max(style.size - 0.7, style.least)
    draft = Draft(style, size, width)
    draft.heading(options.title)
    return draft


def lay_out_lights(judgements: Sequence[Judged], style: Style, options: ForestOptions) -> Page:
    """Give each light its place."""
    draft = _draft(judgements, style, options)
    letters = domain_letters(judgements)
    studies = list(dict.fromkeys(j.study for j in judgements))
    levels = {(j.study, j.domain): j.level for j in judgements}
    pitch, named = _pitch(draft, studies, [c for _, c in letters])
    middles = [MARGIN + named + pitch * (n + 0.5) for n in range(len(letters))]
    step = line_height(draft.size)
    draft.y += step * 0.3
    draft.text(MARGIN, draft.y + step / 2, "Study", face="bold", role="head")
    for middle, (_, letter) in zip(middles, letters, strict=True):
        draft.text(middle, draft.y + step / 2, letter, face="bold", anchor="centre", role="head")
    draft.y += step * 1.3
    draft.rule(style.head_rule)
    for n, study in enumerate(studies):
        _light_row(draft, study, [levels.get((study, d), "") for d, _ in letters], middles, named, n % 2 == 0)
    draft.foot([("", line) for line in (*lights_legend(judgements), *options.footnotes)])
    return draft.page(clear=options.transparent)


def _pitch(draft: Draft, studies: Sequence[str], letters: Sequence[str]) -> tuple[float, float]:
    """Return the width of a column of lights and of the studies' names."""
    natural = max(text_width(s, draft.size) for s in [*studies, "Study"]) + draft.em
    least = max([2.0 * draft.em, *(text_width(c, draft.size, "bold") + draft.em * 0.5 for c in letters)])
    named = min(natural, max(draft.room - least * len(letters), 10 * draft.em))
    return min((draft.room - named) / len(letters), max(least, 14.0)), named


def _light_row(
    draft: Draft, study: str, levels: Sequence[str], middles: Sequence[float], named: float, tinted: bool
) -> None:
    step = line_height(draft.size)
    lines = wrap_text(study, named - draft.em * 0.5, draft.size)
    height = max(len(lines) * step, 1.5 * draft.em) + 0.35 * draft.em
    if tinted and draft.style.palette.stripe:
        right = draft.width - MARGIN / 2
        fill = draft.style.palette.stripe
        draft.items.append(rectangle(MARGIN / 2, draft.y, right, draft.y + height, fill, "stripe"))
    first = draft.y + (height - len(lines) * step) / 2
    for n, line in enumerate(lines):
        draft.text(MARGIN, first + (n + 0.5) * step, line, role="label")
    for middle, level in zip(middles, levels, strict=True):
        if level:
            symbol, colour = level_look(level)
            y = draft.y + height / 2
            draft.items.append(Disc(middle, y, draft.em * 0.68, fill=colour, role="light", key=study))
            draft.text(middle, y, symbol, face="bold", anchor="centre", colour="#ffffff", role="light")
    draft.y += height


def lay_out_bars(
    judgements: Sequence[Judged], style: Style, options: ForestOptions, weights: Mapping[str, float] | None
) -> Page:
    """Give each bar of the summary its place."""
    draft = _draft(judgements, style, options)
    domains = [d for d, _ in domain_letters(judgements)]
    named = min(max(text_width(d, draft.size) for d in domains) + draft.em, draft.room * 0.42)
    left, right = MARGIN + named, draft.width - MARGIN - draft.em
    draft.y += draft.em * 0.5
    for domain in domains:
        _bar(draft, domain, level_shares(judgements, domain, weights), left, right)
    _percent_axis(draft, left, right)
    counted = (
        "Each study counts alike." if weights is None else "Studies count with their weight in the synthesis."
    )
    unweighted = [] if weights is None else sorted({j.study for j in judgements} - set(weights))
    lines = [f"Without a weight and not counted: {', '.join(unweighted)}."] if unweighted else []
    legend = lights_legend(judgements)[-1:]
    draft.foot([("", line) for line in (*legend, counted, *lines, *options.footnotes)])
    return draft.page(clear=options.transparent)


def _bar(draft: Draft, domain: str, shares: Mapping[str, float], left: float, right: float) -> None:
    """Draw one domain's bar; each part bears its symbol and, where there is room, its share."""
    step = line_height(draft.size)
    lines = wrap_text(domain, left - MARGIN - draft.em * 0.8, draft.size)
    height = max(len(lines) * step, 2.0 * draft.em)
    middle = draft.y + height / 2
    for n, line in enumerate(lines):
        draft.text(MARGIN, middle + (n - (len(lines) - 1) / 2) * step, line, role="label")
    start, half = left, 0.85 * draft.em
    for level, share in shares.items():
        symbol, colour = level_look(level)
        end = start + share * (right - left)
        corners = ((start, middle - half), (end, middle - half), (end, middle + half), (start, middle + half))
        draft.items.append(Shape(corners, colour, "#ffffff", 0.8, "bar", key=level))
        said = next((t for t in (f"{symbol} {share:.0%}", symbol) if _fits(t, end - start, draft.size)), "")
        draft.text(
            (start + end) / 2, middle, said, face="bold", anchor="centre", colour="#ffffff", role="share"
        )
        start = end
    draft.y += height + 0.5 * draft.em


def _fits(text: str, room: float, size: float) -> bool:
    return text_width(text, size, "bold") + 0.8 <= room


def _percent_axis(draft: Draft, left: float, right: float) -> None:
    colour = draft.style.palette.text
    draft.items.append(Line(left, draft.y, right, draft.y, 0.6, colour, role="axis"))
    for percent in (0, 25, 50, 75, 100):
        x = left + percent / 100 * (right - left)
        draft.items.append(Line(x, draft.y, x, draft.y + 1.0, 0.6, colour, role="axis"))
        below = draft.y + 1.0 + line_height(draft.size) * 0.6
        draft.text(x, below, f"{percent}%", anchor="centre", role="tick")
    draft.y += 1.0 + line_height(draft.size) * 1.2
