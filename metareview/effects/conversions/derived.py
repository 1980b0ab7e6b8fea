"""What a conversion gives: values that nobody reported, with the method that made them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from metareview.errors import EffectError

Value = float | int | tuple[float, ...] | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Derived:
    """Values derived from what was reported.

    Attributes
    ----------
    values : name -> value, in the units of what was given
    method : how, in one clause
    citation : the paper and equation, or the section of the Cochrane Handbook
    note : what a reader must know of them; empty when nothing

    Examples
    --------
    >>> d = Derived({"sd": 5.0}, "standard error times root n", "Cochrane Handbook 6.5.2.2")
    >>> d.value, d["sd"]
    (5.0, 5.0)
    """

    values: Mapping[str, Value]
    method: str
    citation: str
    note: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", MappingProxyType(dict(self.values)))

    def __getitem__(self, name: str) -> Value:
        return self.values[name]

    @property
    def value(self) -> Value:
        """The first value."""
        return next(iter(self.values.values()))

    def number(self, name: str) -> float:
        """Give a value that is one number."""
        value = self.values[name]
        assert not isinstance(value, tuple)
        return float(value)

    def as_dict(self) -> dict[str, object]:
        """Give it as plain data, for JSON."""
        values = {n: list(v) if isinstance(v, tuple) else v for n, v in self.values.items()}
        return {
            "derived": True,
            "values": values,
            "method": self.method,
            "citation": self.citation,
            "note": self.note,
        }

    def __str__(self) -> str:
        listed = ", ".join(f"{name} = {_shown(value)}" for name, value in self.values.items())
        return f"{listed} (derived: {self.method}; {self.citation}).{' ' + self.note if self.note else ''}"


def _shown(value: Value) -> str:
    if isinstance(value, tuple):
        return " or ".join(_shown(v) for v in value)
    return f"{value:.6g}"


def refuse(problems: Iterable[str]) -> None:
    """Raise all problems at once, if there are any.

    Raises
    ------
    EffectError
        When there is a problem.
    """
    found = tuple(problems)
    if found:
        raise EffectError(found)


def positive(**given: float | None) -> list[str]:
    """Name what must be above 0 and is not; None is no fault."""
    return [
        f"{name} is {value:g}; it must be above 0."
        for name, value in given.items()
        if value is not None and not (value > 0 and math.isfinite(value))
    ]


def finite(**given: float | None) -> list[str]:
    """Name what must be a number and is not; None is no fault."""
    return [
        f"{name} is {value}; a finite number is needed."
        for name, value in given.items()
        if value is not None and not math.isfinite(value)
    ]


def between(low: float, high: float, **given: float | None) -> list[str]:
    """Name what must lie strictly between two values and does not; None is no fault."""
    return [
        f"{name} is {value:g}; it must lie between {low:g} and {high:g}."
        for name, value in given.items()
        if value is not None and not low < value < high
    ]


def one_length(**given: Sequence[float] | None) -> list[str]:
    """Name series of another length than the first; None is no fault."""
    lengths = {name: len(values) for name, values in given.items() if values is not None}
    first, k = next(iter(lengths.items()))
    return [f"{name} has {n} values; {first} has {k}." for name, n in lengths.items() if n != k]
