"""One cell: from its text to a value, or to half a sentence about what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from metareview.extraction.columns import Column
from metareview.tables import number

NOTHING_WORDS = frozenset(
    {"na", "n/a", "nr", "nd", "none", "null", "nan", "-", "--", "?", "not reported", "#n/a"}
)
EMPTY_HINT = "leave the cell empty when it is not reported"


class Fault(str):
    """What is wrong with a cell, to follow ``events is "…"; ``."""

    __slots__ = ()


def read_cell(text: str, column: Column, *, decimal_comma: bool) -> Any:
    """Return a cell's value (``None`` when empty), or a :class:`Fault`.

    >>> from metareview.extraction.columns import RESULTS
    >>> read_cell("12.5", RESULTS.column("n"), decimal_comma=False)
    'a whole number is needed here'
    """
    if column.kind in _TEXTS:
        return _TEXTS[column.kind](text, column)
    if not text:
        return None
    if text.casefold() in NOTHING_WORDS:
        return Fault(f"a number is needed here; {EMPTY_HINT}")
    bare = text.lstrip("<≤ ") if column.kind == "p" else text
    value = number(bare, decimal_comma=decimal_comma)
    return Fault(value) if isinstance(value, str) else _NUMBERS[column.kind](value)


def _text(text: str, column: Column) -> str | Fault:
    return text


def _key(text: str, column: Column) -> str | Fault:
    return text or Fault(f"it must not be empty. {column.says}")


def _many(text: str, column: Column) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip())


def _choice(text: str, column: Column) -> str | Fault:
    if text in ("", *column.allowed):
        return text
    return Fault(f"allowed are {', '.join(column.allowed)}, or an empty cell")


def _date(text: str, column: Column) -> str | Fault:
    if not text:
        return ""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        try:
            date.fromisoformat(text)
            return text
        except ValueError:
            return Fault("there is no such day")
    return Fault("a date is written year-month-day, such as 2026-11-24")


def _count(value: float) -> int | Fault:
    if value < 0:
        return Fault("it cannot be negative")
    return int(value) if value == int(value) else Fault("a whole number is needed here")


def _positive(value: float) -> float | Fault:
    return value if value > 0 else Fault("it must be greater than 0")


def _percent(value: float) -> float | Fault:
    return value if 0 <= value <= 100 else Fault("a percentage lies between 0 and 100")


def _p(value: float) -> float | Fault:
    return value if 0 <= value <= 1 else Fault("a P value lies between 0 and 1")


def _level(value: float) -> float | Fault:
    if 50 < value < 100:
        return Fault(f"a level is a fraction; write {value / 100:g}")
    return value if 0.5 < value < 1 else Fault("a level is a fraction between 0.5 and 1, such as 0.95")


def _year(value: float) -> int | Fault:
    return (
        int(value)
        if 1800 <= value <= 2100 and value == int(value)
        else Fault("a year is needed, such as 2024")
    )


def _number(value: float) -> float:
    return value


_TEXTS: dict[str, Callable[[str, Column], Any]] = {
    "text": _text,
    "key": _key,
    "many": _many,
    "choice": _choice,
    "date": _date,
}
_NUMBERS: dict[str, Callable[[float], Any]] = {
    "count": _count,
    "number": _number,
    "positive": _positive,
    "percent": _percent,
    "p": _p,
    "level": _level,
    "year": _year,
}
