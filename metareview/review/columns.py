"""From typed rows to the columns that a measure is computed from, under metafor's names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import exp, log
from typing import TYPE_CHECKING

from metareview.review.deriving import moments_of

if TYPE_CHECKING:
    from metareview.effects import Measure
    from metareview.extraction import Contrast, Result

# (kind, arms) -> the columns of each arm: what the sheet calls it, what metafor calls it
ARM_COLUMNS: dict[tuple[str, int], tuple[dict[str, str], ...]] = {
    ("binary", 1): ({"events": "xi", "n": "ni"},),
    ("binary", 2): ({"events": "ai", "n": "n1i"}, {"events": "ci", "n": "n2i"}),
    ("continuous", 1): ({"mean": "mi", "sd": "sdi", "n": "ni"},),
    ("continuous", 2): (
        {"mean": "m1i", "sd": "sd1i", "n": "n1i"},
        {"mean": "m2i", "sd": "sd2i", "n": "n2i"},
    ),
    ("rate", 1): ({"events": "xi", "time": "ti"},),
    ("rate", 2): ({"events": "x1i", "time": "t1i"}, {"events": "x2i", "time": "t2i"}),
}
CONTRAST_COLUMNS = {
    "estimate": "estimate",
    "ci_low": "ci_low",
    "ci_high": "ci_high",
    "level": "ci_level",
    "se": "se",
    "o_minus_e": "oe",
    "variance": "oe_v",
    "scale": "scale",
}
_ENOUGH = ({"estimate", "ci_low", "ci_high"}, {"estimate", "se"}, {"oe", "oe_v"})
Numbers = dict[str, float | str]


def arm_numbers(rows: Sequence[Sequence[Result]], measure: Measure) -> Numbers:
    """Give a study's columns from the rows of each arm compared; empty when any is missing.

    Parameters
    ----------
    rows
        One sequence per arm of the comparison; several rows in one are combined
        (Cochrane Handbook 6.5.2.10 and 23.3.4).
    measure
        Its kind and number of arms say which columns are needed.
    """
    wanted = ARM_COLUMNS.get((measure.kind, measure.arms), ())
    if len(wanted) != len(rows) or not all(rows):
        return {}
    numbers: Numbers = {}
    for names, arm in zip(wanted, rows, strict=True):
        found = _combined([_values(row, list(names)) for row in arm])
        if any(value is None for value in found.values()):
            return {}
        numbers |= {names[name]: float(value) for name, value in found.items() if value is not None}
    return numbers


def _values(row: Result, names: Sequence[str]) -> dict[str, float | None]:
    given = moments_of(row) if "mean" in names else row
    return {name: getattr(given if name in ("mean", "sd") else row, name) for name in names}


def _combined(arms: list[dict[str, float | None]]) -> dict[str, float | None]:
    """Combine the arms of one role: counts and times add up, means and SDs by the Handbook's formula."""
    if len(arms) == 1:
        return arms[0]
    whole = [{name: value for name, value in arm.items() if value is not None} for arm in arms]
    if any(len(have) < len(arm) for have, arm in zip(whole, arms, strict=True)):
        return dict.fromkeys(arms[0])
    if "mean" in arms[0]:
        return _combined_means(whole)
    return {name: sum(arm[name] for arm in whole) for name in arms[0]}


def _combined_means(arms: list[dict[str, float]]) -> dict[str, float | None]:
    from metareview.effects.conversions import combine_arms

    derived = combine_arms(*([arm[name] for arm in arms] for name in ("n", "mean", "sd")))
    return {name: float(derived[name]) for name in ("n", "mean", "sd")}  # type: ignore[arg-type]


def contrast_numbers(row: Contrast) -> Numbers:
    """Give the columns of one reported contrast; empty when it has no estimate with a spread."""
    found = {name: getattr(row, column) for column, name in CONTRAST_COLUMNS.items()}
    numbers: Numbers = {name: value for name, value in found.items() if value is not None}
    return numbers if any(need <= numbers.keys() for need in _ENOUGH) else {}


def printed_interval_note(row: Contrast, level: float) -> Iterator[str]:
    """Say of a reported interval that rounding made lopsided how the report prints it.

    Pooling needs an interval that is symmetric on the analysis scale; the one made so can differ from the
    printed one in its last digit.
    """
    if row.ci_low is None or row.ci_high is None or row.scale != "natural":
        return
    if row.level is not None and abs(row.level - level) > 1e-9:
        yield f"The report prints a {100 * row.level:g}% interval, {row.ci_low:g} to {row.ci_high:g}."
    elif row.estimate is not None and row.estimate > 0 and row.ci_low > 0:
        half = log(row.ci_high / row.ci_low) / 2
        remade = [row.estimate * exp(-half), row.estimate * exp(half)]
        if [f"{end:.2f}" for end in remade] != [f"{row.ci_low:.2f}", f"{row.ci_high:.2f}"]:
            yield (
                f"The report prints the interval {row.ci_low:g} to {row.ci_high:g}; the one shown is made "
                "symmetric on the log scale, as pooling needs."
            )
