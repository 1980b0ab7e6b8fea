"""What a sheet holds in place of mean and standard deviation, made into them and said to be so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metareview.effects.conversions import Derived, mean_sd_from_quantiles, sd_from_se

if TYPE_CHECKING:
    from metareview.extraction import Result


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean and standard deviation of one row, and the note that tells how they were derived."""

    mean: float | None
    sd: float | None
    note: str = ""


def moments_of(row: Result) -> Moments:
    """Give a row's mean and SD: as printed, else from the standard error, else from the quantiles.

    The range alone is not used (Cochrane Handbook 6.5.2.6).
    """
    if row.n is None or (row.mean is not None and row.sd is not None):
        return Moments(row.mean, row.sd)
    if row.mean is not None and row.se is not None:
        found = sd_from_se(row.se, row.n)
        return Moments(row.mean, _number(found, "sd"), _note(row, "SD", found))
    if row.median is not None and row.q1 is not None and row.q3 is not None:
        found = mean_sd_from_quantiles(
            n=row.n, median=row.median, q1=row.q1, q3=row.q3, low=row.min, high=row.max
        )
        return Moments(_number(found, "mean"), _number(found, "sd"), _note(row, "mean and SD", found))
    return Moments(row.mean, row.sd)


def derivation_notes(rows: tuple[Result, ...]) -> Iterator[str]:
    """Say of each row whose mean or SD is not the printed one how it came about."""
    for row in rows:
        note = moments_of(row).note
        if note:
            yield note


def _number(found: Derived, name: str) -> float:
    value = found[name]
    assert isinstance(value, int | float)
    return float(value)


def _note(row: Result, what: str, found: Derived) -> str:
    caveat = f" {found.note}" if found.note else ""
    return f"Arm {row.arm}: {what} derived, {found.method} ({found.citation}).{caveat}"
