"""Charts of the studies of a synthesis: funnel, Baujat, L'Abbé, radial and drapery plots."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from metareview.effects import FloatArray
from metareview.errors import FigureError
from metareview.figures.chart import Chart, Dot, Path, Point, Scale, lay_out_chart
from metareview.figures.options import ForestOptions, width_of
from metareview.figures.style import Style, style_named
from metareview.synthesis import Synthesis

if TYPE_CHECKING:
    from metareview.figures.ink import Plate

LEAST_FOR_FUNNEL = 10
_SHADES = (
    ("#ffffff", "P > 0.10"),
    ("#eef1f5", "0.05 < P ≤ 0.10"),
    ("#dbe2ea", "0.01 < P ≤ 0.05"),
    ("#c6d0db", "P ≤ 0.01"),
)
_Z = {0.10: 1.6448536269514722, 0.05: 1.959963984540054, 0.01: 2.5758293035489004}
_SOLID, _DASHED = (), (3.0, 2.0)


def draw_chart(chart: Chart, style: str, options: ForestOptions | None) -> Plate:
    """Lay out and draw a chart."""
    from metareview.figures.ink import draw_page

    look, asked = style_named(style), options or ForestOptions()
    plate = draw_page(lay_out_chart(chart, look, width_of(asked, look), clear=asked.transparent))
    plate.alt, plate.columns, plate.rows = chart.alt, chart.columns, chart.rows
    return plate


def funnel_plot(
    synthesis: Synthesis,
    *,
    style: str = "metareview",
    options: ForestOptions | None = None,
    few: bool = False,
) -> Plate:
    """Draw a contour-enhanced funnel plot (Peters 2008, J Clin Epidemiol 61:991).

    Effects stand against their standard errors; shades show where an effect would have which P value
    against no effect; the dashed lines hold 95% of studies if all estimated the pooled effect.

    Parameters
    ----------
    few
        Draw it although fewer than 10 studies make it unreadable; the figure says so.

    Raises
    ------
    FigureError
        With fewer than 10 studies, unless ``few``.
    """
    return draw_chart(funnel_chart(synthesis, style_named(style), options, few=few), style, options)


def funnel_chart(
    synthesis: Synthesis, style: Style, options: ForestOptions | None = None, *, few: bool = False
) -> Chart:
    """Lay down what a funnel plot shows; see :func:`funnel_plot`."""
    s, asked = synthesis, options or ForestOptions()
    used, yi, se = _entered(s)
    if len(yi) < LEAST_FOR_FUNNEL and not few:
        raise FigureError(
            f"A funnel plot of {len(yi)} studies cannot tell small-study effects from chance (Cochrane "
            f"Handbook 13.3: at least {LEAST_FOR_FUNNEL}). If it must be, ask for it with few=True (--few)."
        )
    _need(yi, 1, "A funnel plot")
    measure, top = s.effects.measure, float(se.max()) * 1.08
    centre = s.estimate if measure.null is None else measure.null
    low, high = _spread([*yi, s.estimate - 1.96 * top, s.estimate + 1.96 * top])
    paths = [] if measure.null is None else _contours(centre, top, max(abs(low - centre), abs(high - centre)))
    colour = style.palette.text
    for sign in (-1, 1):
        edge = ((s.estimate, 0.0), (s.estimate + sign * _Z[0.05] * top, top))
        paths.append(Path(edge, colour, 0.7, _DASHED, name="Pseudo 95% limits of the pooled effect"))
    paths.append(Path(((s.estimate, 0.0), (s.estimate, top)), colour, 0.8, name="Pooled effect"))
    foot = [f"{len(yi)} studies; effects on the {_scale_name(s)}."]
    if len(yi) < LEAST_FOR_FUNNEL:
        foot.append(f"Fewer than {LEAST_FOR_FUNNEL} studies: asymmetry cannot be judged from this plot.")
    foot.append("Asymmetry has other causes than publication bias.")
    return Chart(
        title=asked.title,
        x=_effect_scale(s, low, high),
        y=Scale("Standard error", 0.0, top, flipped=True),
        paths=_on_print(paths, s),
        dots=tuple(
            Dot(_printed(s, y), e, key=label) for y, e, label in zip(yi, se, _names(s, used), strict=True)
        ),
        foot=(*foot, *asked.footnotes),
        alt=_alt(f"Funnel plot of {len(yi)} studies, effect against standard error", s, foot),
        columns=("study", "estimate", "se"),
        rows=_rows(("study", "estimate", "se"), _names(s, used), [_printed(s, y) for y in yi], se),
        ground=_SHADES[3][0] if measure.null is not None else None,
    )


def _contours(null: float, top: float, reach: float) -> list[Path]:
    """Return the areas of P values around no effect, widest first so that each covers the last."""
    reach = reach * 4 + _Z[0.01] * top
    areas = [
        Path(
            ((null - reach, 0.0), (null + reach, 0.0), (null + reach, top), (null - reach, top)),
            fill=_SHADES[3][0],
            name=_SHADES[3][1],
        )
    ]
    for (shade, name), p in zip(reversed(_SHADES[:3]), (0.01, 0.05, 0.10), strict=True):
        wedge = ((null, 0.0), (null + _Z[p] * top, top), (null - _Z[p] * top, top))
        areas.append(Path(wedge, fill=shade, name=name))
    return areas


def baujat_plot(
    synthesis: Synthesis, *, style: str = "metareview", options: ForestOptions | None = None
) -> Plate:
    """Draw a Baujat plot (Baujat 2002, Stat Med 21:2641): who makes Q, and who moves the pooled effect."""
    return draw_chart(baujat_chart(synthesis, style_named(style), options), style, options)


def baujat_chart(synthesis: Synthesis, style: Style, options: ForestOptions | None = None) -> Chart:
    """Lay down what a Baujat plot shows; see :func:`baujat_plot`."""
    asked = options or ForestOptions()
    used, yi, se = _entered(synthesis)
    _need(yi, 3, "A Baujat plot")
    share, influence = baujat_values(yi, se)
    names = _names(synthesis, used)
    top = names[int(np.argmax(share))]
    foot = ("Both axes from inverse-variance weights of the common-effect model.",)
    return Chart(
        title=asked.title,
        x=Scale("Contribution to Q", 0.0, float(share.max()) * 1.12 or 1.0),
        y=Scale("Influence on the pooled effect", 0.0, float(influence.max()) * 1.12 or 1.0),
        paths=(),
        dots=tuple(Dot(float(a), float(b), label=n) for a, b, n in zip(share, influence, names, strict=True)),
        foot=(*foot, *asked.footnotes),
        alt=_alt(
            f"Baujat plot of {len(yi)} studies; {top} adds most to Q, {share.max():.3g} of {share.sum():.3g}",
            synthesis,
            foot,
        ),
        columns=("study", "q_share", "influence"),
        rows=_rows(("study", "q_share", "influence"), names, share, influence),
    )


def baujat_values(yi: FloatArray, se: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return each study's part of Q and its squared standardized influence (Baujat 2002, eq. 2 and 3).

    Parameters
    ----------
    yi, se
        ``(k,)`` on the analysis scale.

    Returns
    -------
    share, influence
        ``(k,)`` each: ``w (y - mu)^2``, and ``(mu - mu_without)^2 / var(mu_without)``.
    """
    w = 1 / se**2
    mu = float((w * yi).sum() / w.sum())
    without = ((w * yi).sum() - w * yi) / (w.sum() - w)
    return w * (yi - mu) ** 2, (mu - without) ** 2 * (w.sum() - w)


def labbe_plot(
    synthesis: Synthesis, *, style: str = "metareview", options: ForestOptions | None = None
) -> Plate:
    """Draw a L'Abbé plot (L'Abbé 1987, Ann Intern Med 107:224): risk in one arm against risk in the other."""
    return draw_chart(labbe_chart(synthesis, style_named(style), options), style, options)


def labbe_chart(synthesis: Synthesis, style: Style, options: ForestOptions | None = None) -> Chart:
    """Lay down what a L'Abbé plot shows; see :func:`labbe_plot`."""
    s, asked = synthesis, options or ForestOptions()
    data = s.effects.data
    if not all(n in data for n in ("ai", "n1i", "ci", "n2i")):
        raise FigureError(
            "A L'Abbé plot needs events and totals of two arms; these effects were not made from them."
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = data["ai"] / data["n1i"], data["ci"] / data["n2i"]
    known = np.isfinite(first) & np.isfinite(second)
    _need(first[known], 1, "A L'Abbé plot")
    names = tuple(np.array(s.effects.labels, dtype=object)[known])
    first, second, people = first[known], second[known], (data["n1i"] + data["n2i"])[known]
    radii = 0.7 + 2.3 * np.sqrt(people / people.max())
    paths = [Path(((0.0, 0.0), (1.0, 1.0)), style.palette.grid, 0.8, _SOLID, name="Equal risks")]
    curve = _labbe_curve(s)
    if curve:
        paths.append(
            Path(
                curve,
                style.palette.diamond,
                0.9,
                _DASHED,
                name=f"Pooled {s.effects.measure.label.casefold()}",
            )
        )
    lower = int((first < second).sum())
    foot = ("The area of a circle grows with the participants of the study.",)
    high = min(1.0, max(float(first.max()), float(second.max())) * 1.15 + 0.02)
    dots = zip(second, first, radii, names, strict=True)
    return Chart(
        title=asked.title,
        x=Scale(f"Risk, {asked.arms[1]}", -0.03 * high, high),
        y=Scale(f"Risk, {asked.arms[0]}", -0.03 * high, high),
        paths=tuple(paths),
        dots=tuple(Dot(float(a), float(b), float(r), label=n) for a, b, r, n in dots),
        foot=(*foot, *asked.footnotes),
        alt=_alt(
            f"L'Abbé plot of {len(names)} studies; risk with {asked.arms[0]} is lower in {lower}",
            s,
            foot,
        ),
        columns=("study", "risk_1", "risk_2", "participants"),
        rows=_rows(("study", "risk_1", "risk_2", "participants"), names, first, second, people),
        height_share=0.85,
    )


def _labbe_curve(synthesis: Synthesis) -> tuple[Point, ...]:
    """Return the risks that the pooled effect implies; nothing for measures that imply none."""
    of = _IMPLIED.get(synthesis.effects.measure.code)
    if of is None or not synthesis.pooled:
        return ()
    effect = float(synthesis.effects.measure.back(synthesis.estimate))
    points = ((float(p), of(float(p), effect)) for p in np.linspace(0.0, 1.0, 101))
    return tuple((p, q) for p, q in points if 0 <= q <= 1)


_IMPLIED: dict[str, Callable[[float, float], float]] = {
    "RR": lambda p, e: p * e,
    "OR": lambda p, e: p * e / (1 - p + p * e),
    "PETO": lambda p, e: p * e / (1 - p + p * e),
    "RD": lambda p, e: p + e,
}


def radial_plot(
    synthesis: Synthesis, *, style: str = "metareview", options: ForestOptions | None = None
) -> Plate:
    """Draw a radial plot (Galbraith 1988, Stat Med 7:889): z against precision, the effect as a slope."""
    return draw_chart(radial_chart(synthesis, style_named(style), options), style, options)


def radial_chart(synthesis: Synthesis, style: Style, options: ForestOptions | None = None) -> Chart:
    """Lay down what a radial plot shows; see :func:`radial_plot`."""
    s, asked = synthesis, options or ForestOptions()
    used, yi, se = _entered(s)
    _need(yi, 2, "A radial plot")
    precision, z = 1 / se, yi / se
    w = 1 / se**2
    slope = float((w * yi).sum() / w.sum())
    end = float(precision.max()) * 1.08
    low, high = _spread([*z, slope * end - 2, slope * end + 2, -2.0, 2.0])
    dark, grid = style.palette.diamond, style.palette.grid
    band = ((0.0, -2.0), (end, slope * end - 2), (end, slope * end + 2), (0.0, 2.0))
    paths = (
        Path(band, fill="#e4e8ee", name="± 2 around the pooled effect"),
        Path(((0.0, 0.0), (end, slope * end)), dark, 0.9, name="Pooled effect (common)"),
        Path(
            ((0.0, 0.0), (end, 0.0)),
            grid,
            0.7,
            _DASHED,
            name="No effect" if s.effects.measure.null == 0 else "Effect of 0",
        ),
    )
    outside = int((np.abs(z - slope * precision) > 2).sum())
    foot = (
        "A line from the origin through a study has the study's effect as its slope, read at the right edge.",
    )
    return Chart(
        title=asked.title,
        x=Scale("Precision, 1/SE", 0.0, end),
        y=Scale("z = effect/SE", low, high),
        paths=paths,
        dots=tuple(
            Dot(float(a), float(b), key=n) for a, b, n in zip(precision, z, _names(s, used), strict=True)
        ),
        foot=(*foot, *asked.footnotes),
        alt=_alt(
            f"Radial plot of {len(yi)} studies; {outside} lie outside the band",
            s,
            foot,
        ),
        columns=("study", "precision", "z"),
        rows=_rows(("study", "precision", "z"), _names(s, used), precision, z),
        marks=_radial_marks(s, end, low, high),
    )


def _radial_marks(synthesis: Synthesis, end: float, low: float, high: float) -> tuple[tuple[Point, str], ...]:
    """Return the effects that the right edge reads, at round numbers of the printed scale."""
    from metareview.figures.axis import round_ticks, tick_label

    ends = sorted(_printed(synthesis, v / end) for v in (low, high))
    log = synthesis.effects.measure.scale == "log"

    def height(effect: float) -> float:
        return (math.log(effect) if log else effect) * end

    def fits(ticks: Sequence[float]) -> bool:
        places = [height(t) for t in ticks]
        return all(b - a > (high - low) / 14 for a, b in pairwise(places))

    if not log and synthesis.effects.measure.scale != "identity":
        return ()
    ticks = round_ticks(ends[0], ends[1], log=log, fits=fits, most=9)
    return tuple(((end, height(t)), tick_label(t)) for t in ticks)


def drapery_plot(
    synthesis: Synthesis, *, style: str = "metareview", options: ForestOptions | None = None
) -> Plate:
    """Draw a drapery plot (Rücker and Schwarzer 2021, Res Synth Methods 12:308): P values of all effects."""
    return draw_chart(drapery_chart(synthesis, style_named(style), options), style, options)


def drapery_chart(synthesis: Synthesis, style: Style, options: ForestOptions | None = None) -> Chart:
    """Lay down what a drapery plot shows; see :func:`drapery_plot`."""
    s, asked = synthesis, options or ForestOptions()
    used, yi, se = _entered(s)
    _need(yi, 1, "A drapery plot")
    reach = 2.2 * np.minimum(se, 2 * np.median(se))
    low, high = _spread([*(yi - reach), *(yi + reach)])
    foot = (
        "A curve gives the two-sided P value (normal) of every effect; where it crosses 0.05 are the ends "
        "of the 95% interval.",
    )
    return Chart(
        title=asked.title,
        x=_effect_scale(s, low, high),
        y=Scale("P value", 0.0, 1.0, ticks=(0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 1.0)),
        paths=_on_print(_drapery_paths(s, style, low, high), s),
        dots=(),
        foot=(*foot, *asked.footnotes),
        alt=_alt(f"Drapery plot: P value curves of {len(yi)} studies and of the pooled effect", s, foot),
        columns=("study", "estimate", "se"),
        rows=_rows(("study", "estimate", "se"), _names(s, used), [_printed(s, y) for y in yi], se),
    )


def _drapery_paths(s: Synthesis, style: Style, low: float, high: float) -> list[Path]:
    """Return the curves of the studies and of the pooled effect, the prediction interval and no effect."""
    from scipy.special import ndtr

    grid = np.linspace(low, high, 301)

    def curve(at: float, error: float) -> tuple[Point, ...]:
        p = 2 * ndtr(-np.abs(grid - at) / error)
        peak = [(at, 1.0)] if low < at < high else []
        return tuple(sorted([*zip(grid.tolist(), p.tolist(), strict=True), *peak]))

    palette, (_, yi, se) = style.palette, _entered(s)
    paths = [
        Path(curve(float(y), float(e)), palette.grid, 0.5, name="Study") for y, e in zip(yi, se, strict=True)
    ]
    if s.pooled:
        paths.append(Path(curve(s.estimate, s.se), palette.diamond, 1.6, name="Pooled effect (normal)"))
    if s.prediction is not None:
        span = ((s.prediction.low, 0.05), (s.prediction.high, 0.05))
        name = f"{s.prediction.level * 100:g}% prediction interval"
        paths.append(Path(span, palette.prediction, 1.8, name=name))
    null = s.effects.measure.null
    if null is not None:
        paths.append(Path(((null, 0.0), (null, 1.0)), palette.text, 0.6, _DASHED, name="No effect"))
    return paths


def _entered(synthesis: Synthesis) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return which studies can be drawn, with their effects and standard errors on the analysis scale."""
    effects = synthesis.effects
    used = np.asarray(effects.estimable, dtype=float)
    return used, effects.yi[effects.estimable], np.sqrt(effects.vi[effects.estimable])


def _need(values: FloatArray, least: int, figure: str) -> None:
    if len(values) < least:
        raise FigureError(
            f"{figure} needs {least} or more studies with an estimate; there are {len(values)}."
        )


def _names(synthesis: Synthesis, used: FloatArray) -> tuple[str, ...]:
    return tuple(n for n, u in zip(synthesis.effects.labels, used, strict=True) if u)


def _printed(synthesis: Synthesis, value: float) -> float:
    return float(synthesis.effects.measure.back(value))


def _on_print(paths: Sequence[Path], synthesis: Synthesis) -> tuple[Path, ...]:
    """Bring paths whose first coordinate is an effect from the analysis scale to the printed one."""
    straight = synthesis.effects.measure.scale in {"log", "identity"}

    def printed(path: Path) -> Path:
        points = path.points if straight else tuple(_dense(path.points, closed=path.fill is not None))
        return replace(path, points=tuple((_printed(synthesis, x), y) for x, y in points))

    return tuple(map(printed, paths))


def _dense(points: tuple[Point, ...], *, closed: bool) -> Iterator[Point]:
    """Put points between those of a path, as what is straight on the analysis scale bends when printed."""
    ring = (*points, points[0]) if closed else points
    for (x0, y0), (x1, y1) in pairwise(ring):
        for share in np.linspace(0.0, 1.0, 25):
            yield float(x0 + share * (x1 - x0)), float(y0 + share * (y1 - y0))


def _effect_scale(synthesis: Synthesis, low: float, high: float) -> Scale:
    measure = synthesis.effects.measure
    log = measure.scale == "log"
    title = f"{measure.axis or measure.label}{', log scale' if log else ''}"
    return Scale(title, _printed(synthesis, low), _printed(synthesis, high), log)


def _scale_name(synthesis: Synthesis) -> str:
    return {"log": "log scale", "identity": "scale of the measure"}.get(
        synthesis.effects.measure.scale, "printed scale"
    )


def _spread(values: Sequence[float]) -> tuple[float, float]:
    low, high = float(np.min(values)), float(np.max(values))
    pad = 0.05 * (high - low) or 0.5
    return low - pad, high + pad


def _alt(what: str, synthesis: Synthesis, foot: Sequence[str]) -> str:
    measure = synthesis.effects.measure
    pooled = (
        f" Pooled {measure.label.casefold()} {_printed(synthesis, synthesis.estimate):.3g}."
        if synthesis.pooled
        else ""
    )
    return " ".join([f"{what}.{pooled}", *foot])


def _rows(columns: Sequence[str], *values: Sequence[object] | FloatArray) -> tuple[dict[str, object], ...]:
    def plain(value: object) -> object:
        return float(f"{value:.10g}") if isinstance(value, float) else value

    return tuple(dict(zip(columns, map(plain, row), strict=True)) for row in zip(*values, strict=True))
