"""What a printed number can stand for: every value that its digits round to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import ceil, floor

_DIGITS = re.compile(r"(\d*+)[.,]?(\d*+)(?:[eE]([+-]?\d+))?")
# binary fractions miss decimal ones by a few units in the last place
_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class Printed:
    """A number with the digits it was printed with.

    Attributes
    ----------
    value : the number
    decimals : digits after the point
    bound : ``<`` for a P value printed as ``<0.001``, else empty
    """

    value: float
    decimals: int
    bound: str = ""

    @property
    def half(self) -> float:
        """Half a unit of the last printed digit."""
        return 0.5 * 10.0**-self.decimals

    @property
    def low(self) -> float:
        """The smallest value that prints like this."""
        return 0.0 if self.bound else self.value - self.half - _SLACK

    @property
    def high(self) -> float:
        """The largest value that prints like this."""
        return self.value if self.bound else self.value + self.half + _SLACK

    def fits(self, value: float) -> bool:
        """Say whether a value prints like this, rounded up or down at the half."""
        return self.low <= value <= self.high


def read_printed(text: str, value: float | None) -> Printed | None:
    """Take a cell's digits together with its value; ``None`` for an empty cell.

    >>> read_printed("58.3", 58.3).fits(95 / 163 * 100)
    True
    """
    if value is None:
        return None
    found = _DIGITS.search(text.lstrip("<≤ +-−"))
    decimals = len(found[2]) - int(found[3] or 0) if found else 0
    return Printed(value, max(decimals, 0), "<" if text[:1] in "<≤" and text else "")


def counts_printing(percent: Printed, n: int) -> range:
    """Give every count of ``n`` that prints as this percentage.

    Brown & Heathers 2017 (GRIM), for percentages of whole numbers of people.

    >>> list(counts_printing(Printed(58.3, 1), 163)), list(counts_printing(Printed(44.5, 1), 313))
    ([95], [])
    """
    first = max(0, ceil(percent.low / 100 * n))
    return range(first, min(n, floor(percent.high / 100 * n)) + 1)
