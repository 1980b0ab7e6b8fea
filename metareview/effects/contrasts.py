"""Effects as they were reported: an estimate with its variance, standard error, interval or test.

Each study uses the first of these it has: ``yi`` with ``vi``, ``sei`` or an interval (all on the
analysis scale); ``estimate`` with an interval or ``se`` (the estimate and interval as printed, the
standard error on the analysis scale); for a hazard ratio also O-E with its variance, and the
log-rank P value with the number of events.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from metareview.effects.columns import Reading, where
from metareview.effects.model import FloatArray, Measure

Mask = NDArray[np.bool_]
ANALYSED = ("yi", "vi", "sei")
REPORTED = ("estimate", "ci_low", "ci_high", "ci_level", "sei")
LOGRANK = ("oe", "oe_v", "logrank_p", "xi", "ai", "ci", "n1i", "n2i")
WORDS = ("scale", "direction")
SIGNS = {
    "-1": -1.0,
    "lower": -1.0,
    "negative": -1.0,
    "<1": -1.0,
    "1": 1.0,
    "+1": 1.0,
    "higher": 1.0,
    "positive": 1.0,
    ">1": 1.0,
}
_SCALES = ("", "natural", "log", "analysis")
_OFF_CENTRE = 0.15


@dataclass(frozen=True, eq=False)
class Contrasts:
    """What was reported, on the analysis scale, ``(k,)`` each.

    Attributes
    ----------
    yi, vi : NaN where nothing usable was reported
    how : where each came from: an index of ``ROUTES``, -1 where nothing
    off_centre : where the estimate lies in its interval, 0 at the low end and 1 at the high one, if
        that is far from the middle; NaN elsewhere
    """

    yi: FloatArray
    vi: FloatArray
    how: NDArray[np.intp]
    off_centre: FloatArray


ROUTES = (
    "its estimate and variance",
    "its estimate and standard error",
    "its estimate and confidence interval",
    "its reported estimate and confidence interval",
    "its reported estimate and standard error",
    "O − E and its variance (Parmar 1998)",
    "the log-rank P value and the number of events (Parmar 1998; Tierney 2007)",
)
NOTED = (5, 6)


def reported_effects(reading: Reading, measure: Measure, level: float) -> Contrasts:
    """Take each study's effect from the first route it has numbers for.

    Parameters
    ----------
    reading
        The columns as read; what is missing is NaN.
    measure
        Its ``forward`` brings printed values to the analysis scale.
    level
        Level of the intervals, where ``ci_level`` does not say.
    """
    k = len(reading.labels)
    column = {n: reading.columns.get(n, np.full(k, np.nan)) for n in (*ANALYSED, *REPORTED, *LOGRANK)}
    analysed = _analysed(reading)
    with np.errstate(all="ignore"):
        routes = _routes(reading, measure, column, level, analysed)
        usable = np.array([np.isfinite(y) & np.isfinite(v) for y, v in routes])
        how = np.where(usable.any(axis=0), usable.argmax(axis=0), -1)
        pick = np.maximum(how, 0), np.arange(k)
        yi = np.where(how >= 0, np.array([y for y, _ in routes])[pick], np.nan)
        vi = np.where(how >= 0, np.array([v for _, v in routes])[pick], np.nan)
        low, high = _interval(measure, column, analysed | (how == 2))
        place = (yi - low) / (high - low)
    far = np.isin(how, (2, 3)) & (np.abs(place - 0.5) > _OFF_CENTRE / 2)
    return Contrasts(yi, vi, how, np.where(far, place, np.nan))


def _routes(
    reading: Reading, measure: Measure, c: dict[str, FloatArray], level: float, analysed: Mask
) -> list[tuple[FloatArray, FloatArray]]:
    """Give every route's ``yi`` and ``vi``, in the order of :data:`ROUTES`."""
    estimate = _forward(measure, c["estimate"], analysed)
    squared = c["sei"] ** 2
    routes = [(c["yi"], c["vi"]), (c["yi"], squared)]
    for y, same_scale in ((c["yi"], np.ones_like(analysed)), (estimate, analysed)):
        routes.append((y, _variance(*_interval(measure, c, same_scale), _level(c, level))))
    routes.append((estimate, squared))
    return routes + (_logrank_routes(reading, c) if measure.code == "HR" else [])


def _analysed(reading: Reading) -> Mask:
    """Say where ``estimate`` and interval are on the analysis scale already."""
    words = reading.texts.get("scale")
    if words is None:
        return np.zeros(len(reading.labels), dtype=bool)
    return np.array([w.casefold() in ("log", "analysis") for w in words], dtype=bool)


def _forward(measure: Measure, values: FloatArray, analysed: Mask) -> FloatArray:
    return np.asarray(np.where(analysed, values, measure.forward(values)), dtype=float)


def _interval(measure: Measure, c: dict[str, FloatArray], same_scale: Mask) -> tuple[FloatArray, FloatArray]:
    """Bring an interval to the analysis scale, where an efficacy's low end is the ratio's high one."""
    ends = _forward(measure, c["ci_low"], same_scale), _forward(measure, c["ci_high"], same_scale)
    return np.minimum(*ends), np.maximum(*ends)


def _level(c: dict[str, FloatArray], level: float) -> FloatArray:
    return np.where(np.isnan(c["ci_level"]), level, c["ci_level"])


def _variance(low: FloatArray, high: FloatArray, level: FloatArray) -> FloatArray:
    return np.asarray(((high - low) / (2 * ndtri((1 + level) / 2))) ** 2, dtype=float)


def _logrank_routes(reading: Reading, c: dict[str, FloatArray]) -> list[tuple[FloatArray, FloatArray]]:
    information = logrank_information(c)
    z = -ndtri(c["logrank_p"] / 2) * signs(reading)
    return [(c["oe"] / c["oe_v"], 1 / c["oe_v"]), (z / np.sqrt(information), 1 / information)]


def signs(reading: Reading) -> FloatArray:
    """Give the direction that each study's ``direction`` names: -1, 1, or NaN."""
    words = reading.texts.get("direction", ("",) * len(reading.labels))
    return np.array([SIGNS.get(w.casefold(), np.nan) for w in words], dtype=float)


def logrank_information(c: dict[str, FloatArray]) -> FloatArray:
    """Variance of O-E from events, by what is known of the arms (Tierney 2007, methods 7 to 9).

    Events of both arms, O1 O2/O; else all events and the sizes of the arms, O n1 n2/(n1 + n2)^2;
    else all events of arms of equal size, O/4.
    """
    events = np.where(np.isnan(c["xi"]), c["ai"] + c["ci"], c["xi"])
    sized = events * c["n1i"] * c["n2i"] / (c["n1i"] + c["n2i"]) ** 2
    best = c["ai"] * c["ci"] / (c["ai"] + c["ci"])
    found = np.where(np.isnan(best), np.where(np.isnan(sized), events / 4, sized), best)
    return np.asarray(np.where(found > 0, found, np.nan), dtype=float)


def contrast_faults(reading: Reading, measure: Measure) -> Iterator[str]:
    """Name every reported effect that cannot be."""
    yield from _not_positive(reading, "vi", "variance")
    yield from _not_positive(reading, "sei", "standard error")
    yield from _not_positive(reading, "oe_v", "variance")
    yield from _levels(reading)
    yield from _p_values(reading)
    yield from _words(reading)
    for centre in ("estimate", "yi"):
        yield from _outside(reading, centre)
    yield from _off_scale(reading, measure)


def _not_positive(reading: Reading, name: str, what: str) -> Iterator[str]:
    values = reading.columns.get(name)
    if values is not None:
        for i in where(values <= 0):
            yield f"{reading.place(i)}: {reading.name(name)} is {values[i]:g}; a {what} must be above 0."


def _levels(reading: Reading) -> Iterator[str]:
    values = reading.columns.get("ci_level")
    if values is not None:
        for i in where((values <= 0) | (values >= 1)):
            yield (
                f"{reading.place(i)}: {reading.name('ci_level')} is {values[i]:g}; "
                "write the level as a fraction, such as 0.95."
            )


def _p_values(reading: Reading) -> Iterator[str]:
    for name in ("logrank_p", "pi"):
        values = reading.columns.get(name)
        if values is not None:
            for i in where((values <= 0) | (values > 1)):
                yield (
                    f"{reading.place(i)}: {reading.name(name)} is {values[i]:g}; "
                    "a two-sided P value lies above 0 and is at most 1."
                )


def _words(reading: Reading) -> Iterator[str]:
    for i, word in enumerate(reading.texts.get("direction", ())):
        if word and word.casefold() not in SIGNS:
            yield f'{reading.place(i)}: direction is "{word}"; it must be lower or higher (or -1 or 1).'
    for i, word in enumerate(reading.texts.get("scale", ())):
        if word.casefold() not in _SCALES:
            yield f'{reading.place(i)}: scale is "{word}"; it must be natural or log.'


def _outside(reading: Reading, centre: str) -> Iterator[str]:
    parts = [reading.columns.get(n) for n in (centre, "ci_low", "ci_high")]
    y, low, high = parts
    if y is None or low is None or high is None or (centre == "yi" and "estimate" in reading.columns):
        return
    for i in where((low > y) | (y > high) | (low >= high)):
        yield (
            f"{reading.place(i)}: {reading.name(centre)} is {y[i]:g}; "
            f"its confidence interval {low[i]:g} to {high[i]:g} must hold it."
        )


def _off_scale(reading: Reading, measure: Measure) -> Iterator[str]:
    """Name printed values that the analysis scale has no place for, such as a ratio of 0."""
    if "estimate" not in reading.columns or not measure.takes_printed:
        return
    natural = ~_analysed(reading)
    for name in ("estimate", "ci_low", "ci_high"):
        values = reading.columns.get(name)
        if values is None:
            continue
        with np.errstate(all="ignore"):
            lost = natural & np.isfinite(values) & ~np.isfinite(measure.forward(values))
        for i in where(lost):
            yield (
                f"{reading.place(i)}: {reading.name(name)} is {values[i]:g}; "
                f"a {measure.label.lower()} of that size has no place on the {measure.scale} scale."
            )
