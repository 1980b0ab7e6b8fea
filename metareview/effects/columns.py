"""Columns as people name them: found under metafor's names or ours, read as numbers, checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metareview.effects.model import Columns, FloatArray
from metareview.errors import EffectError
from metareview.tables import clean, number

LABEL_COLUMNS = ("study", "slab")
_ANY = {"se": "sei", "ci.lb": "ci_low", "ci.ub": "ci_high"}
# kind of measure -> our names -> metafor's; by kind, because metafor has one name for several things
# (``mi`` is non-events, a mean, items or predictors, ``ti`` a time or a t)
NAMES: Mapping[str, Mapping[str, str]] = {
    "binary": {
        "events_1": "ai",
        "nonevents_1": "bi",
        "total_1": "n1i",
        "events_2": "ci",
        "nonevents_2": "di",
        "total_2": "n2i",
        "events": "xi",
        "nonevents": "mi",
        "total": "ni",
        **_ANY,
    },
    "continuous": {
        "mean_1": "m1i",
        "sd_1": "sd1i",
        "total_1": "n1i",
        "mean_2": "m2i",
        "sd_2": "sd2i",
        "total_2": "n2i",
        "t": "ti",
        "p": "pi",
        "mean_post": "m1i",
        "mean_pre": "m2i",
        "sd_pre": "sd1i",
        "sd_post": "sd2i",
        "sd_change": "sddi",
        "correlation": "ri",
        "mean": "mi",
        "sd": "sdi",
        "total": "ni",
        **_ANY,
    },
    "rate": {
        "events_1": "x1i",
        "time_1": "t1i",
        "events_2": "x2i",
        "time_2": "t2i",
        "events": "xi",
        "time": "ti",
        **_ANY,
    },
    "correlation": {"correlation": "ri", "t": "ti", "predictors": "mi", "total": "ni", **_ANY},
    "reliability": {"alpha": "ai", "items": "mi", "total": "ni", **_ANY},
    "contrast": {
        "o_minus_e": "oe",
        "p": "logrank_p",
        "events": "xi",
        "events_1": "ai",
        "events_2": "ci",
        "total_1": "n1i",
        "total_2": "n2i",
        **_ANY,
    },
}
_UNKNOWN = frozenset({"", "na", "nan", "n/a", "null", "none", "."})
_SIZES = (
    *("ai", "bi", "ci", "di", "n1i", "n2i", "x1i", "x2i", "t1i", "t2i"),
    *("xi", "ni", "sd1i", "sd2i", "sdi", "sddi"),
)
_NEVER_NEGATIVE = dict.fromkeys(_SIZES, (0.0, np.inf, "it cannot be below 0"))
_R = {"ri": (-1.0, 1.0, "a correlation lies between -1 and 1")}
# kind of measure -> column -> lowest and highest value, and what to say of others
_LIMITS: Mapping[str, Mapping[str, tuple[float, float, str]]] = {
    "binary": {**_NEVER_NEGATIVE, "mi": _NEVER_NEGATIVE["xi"]},
    "rate": {**_NEVER_NEGATIVE, "ti": _NEVER_NEGATIVE["t1i"]},
    "continuous": {**_NEVER_NEGATIVE, **_R},
    "correlation": {**_NEVER_NEGATIVE, **_R, "mi": _NEVER_NEGATIVE["xi"]},
    "reliability": {
        "ai": (-np.inf, 1.0, "a coefficient of reliability cannot exceed 1"),
        "mi": _NEVER_NEGATIVE["xi"],
        "ni": _NEVER_NEGATIVE["ni"],
    },
    "contrast": _NEVER_NEGATIVE,
}


def where(condition: Any) -> list[int]:
    """Give the places of the studies for which a condition, ``(k,)``, holds."""
    return [int(i) for i in np.flatnonzero(condition)]


@dataclass(frozen=True, slots=True)
class Reading:
    """Columns read for one measure.

    Attributes
    ----------
    columns : metafor's names -> ``(k,)`` numbers, NaN where missing
    called : metafor's names -> the names they were given under
    texts : columns of words a measure reads (``direction``, ``scale``), ``(k,)`` each
    labels : ``(k,)`` study labels
    moderators : every other column
    faults : a sentence per cell that is no number; it stands as missing in ``columns``
    """

    columns: Columns
    called: Mapping[str, str]
    texts: Mapping[str, tuple[str, ...]]
    labels: tuple[str, ...]
    moderators: Mapping[str, Sequence[Any]]
    faults: tuple[str, ...] = ()

    def name(self, column: str) -> str:
        """Say how the reader called a column."""
        return self.called.get(column, column)

    def place(self, row: int) -> str:
        """Say which row is meant, as a reader counts (the header is no row)."""
        return f"row {row + 1} ({self.labels[row]})"


def read_columns(
    given: Mapping[str, Any],
    accepted: Iterable[str],
    *,
    kind: str,
    words: Iterable[str] = (),
    labels: Sequence[str] | None = None,
) -> Reading:
    """Find, read and check the columns a measure may use.

    Parameters
    ----------
    given
        Column names -> ``(k,)`` values, as :func:`as_mapping` gives them.
    accepted
        The columns the measure may use, under metafor's names.
    kind
        Kind of the measure, which says what our names mean.
    words
        Those that hold words.
    labels
        ``(k,)`` study labels in place of a column ``study`` or ``slab``.

    Raises
    ------
    EffectError
        All columns of another length, and names given twice.
    """
    words = set(words)
    found, called, problems = _match(given, set(accepted) | words, NAMES[kind])
    k = _length(given, problems)
    names = _labels(given, labels, k, problems)
    if problems:  # of its shape; the cells cannot be told apart
        raise EffectError(problems)
    faults: list[str] = []
    columns: dict[str, FloatArray] = {}
    texts: dict[str, tuple[str, ...]] = {}
    for name, values in found.items():
        if name in words:
            texts[name] = tuple(_text(v) for v in values)
        else:
            columns[name] = _numbers(values, called[name], names, faults)
    used = {*called.values(), *LABEL_COLUMNS}
    moderators = {str(n): _kept(v) for n, v in given.items() if n not in used}
    return Reading(columns, called, texts, names, moderators, tuple(faults))


def as_mapping(data: Any) -> dict[str, Any]:
    """Take a DataFrame's or a mapping's columns, ``(k,)`` values each.

    Raises
    ------
    EffectError
        When it is neither, or a column is a single value.
    """
    if not (hasattr(data, "keys") and hasattr(data, "__getitem__")):
        raise EffectError(
            f"the data are a {type(data).__name__}; a DataFrame or a mapping of columns is needed."
        )
    given = {str(name): data[name] for name in data.keys()}  # noqa: SIM118 - a DataFrame's keys
    scalars = [n for n, v in given.items() if isinstance(v, str) or not hasattr(v, "__len__")]
    if scalars:
        raise EffectError(
            [f'column "{n}" is a single value; one value per study is needed.' for n in scalars]
        )
    return {name: _values(column) for name, column in given.items()}


def _values(column: Any) -> Any:
    """Take a column's values without its index, so that they are counted by place."""
    return column.to_numpy() if hasattr(column, "to_numpy") else column


def _match(
    given: Mapping[str, Any], accepted: set[str], ours: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str], list[str]]:
    found: dict[str, Any] = {}
    called: dict[str, str] = {}
    problems = []
    for name, values in given.items():
        target = next((n for n in (name, ours.get(name)) if n in accepted), None)
        if target is None:
            continue
        if target in found:
            problems.append(f'columns "{called[target]}" and "{name}" both hold {target}; keep one of them.')
        found[target], called[target] = values, name
    return found, called, problems


def _length(given: Mapping[str, Any], problems: list[str]) -> int:
    lengths = {name: len(values) for name, values in given.items()}
    if not lengths:
        problems.append("the data have no columns.")
        return 0
    k = next(iter(lengths.values()))
    first = next(iter(lengths))
    problems += [
        f'column "{name}" has {n} values; column "{first}" has {k}.' for name, n in lengths.items() if n != k
    ]
    return k


def _labels(
    given: Mapping[str, Any], labels: Sequence[str] | None, k: int, problems: list[str]
) -> tuple[str, ...]:
    columns = [given[c] for c in LABEL_COLUMNS if c in given]
    values = labels if labels is not None else columns[0] if columns else None
    if values is None:
        return tuple(f"Study {i}" for i in range(1, k + 1))
    if len(values) != k:
        problems.append(f"there are {len(values)} labels for {k} studies.")
        values = [""] * k
    return tuple(_text(v) or f"Study {i}" for i, v in enumerate(values, 1))


def _text(value: Any) -> str:
    """Give a cell's text; a year or number that became 2004.0 is written 2004."""
    if value is None or type(value).__name__ in ("NAType", "NaTType") or value != value:  # noqa: PLR0124
        return ""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        value = int(value)
    return clean(str(value))


def _numbers(values: Any, name: str, labels: Sequence[str], problems: list[str]) -> FloatArray:
    array = np.asarray(values)
    if array.ndim != 1:
        problems.append(f'column "{name}" has {array.ndim} dimensions; one value per study is needed.')
        return np.full(len(labels), np.nan)
    if array.dtype.kind in "iufb":
        numbers = array.astype(float)
    else:
        cells = [_number(v) for v in array.tolist()]
        problems += [
            f'row {i} ({label}): {name} is "{_text(value)}"; {cell}.'
            for i, (label, value, cell) in enumerate(zip(labels, array.tolist(), cells, strict=False), 1)
            if isinstance(cell, str)
        ]
        numbers = np.array([np.nan if isinstance(c, str) else c for c in cells], dtype=float)
    problems += [
        f"row {i + 1} ({labels[i]}): {name} is {numbers[i]}; a finite number is needed, or an empty cell."
        for i in where(np.isinf(numbers))
        if i < len(labels)
    ]
    return np.where(np.isinf(numbers), np.nan, numbers)


def _number(value: Any) -> float | str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    text = _text(value)
    return float("nan") if text.casefold() in _UNKNOWN else number(text)


def _kept(values: Any) -> tuple[Any, ...]:
    """Keep a moderator as it is, numbers as Python's own."""
    return tuple(values.tolist() if hasattr(values, "tolist") else values)


def impossible(reading: Reading, kind: str) -> Iterator[str]:
    """Name every count, size, standard deviation or coefficient that cannot be, for a kind of measure."""
    for name, (low, high, sentence) in _LIMITS[kind].items():
        values = reading.columns.get(name)
        if values is not None:
            for i in where((values < low) | (values > high)):
                yield f"{reading.place(i)}: {reading.name(name)} is {values[i]:g}; {sentence}."
    if kind == "reliability":
        return
    for part, whole in (("ai", "n1i"), ("ci", "n2i"), ("bi", "n1i"), ("di", "n2i"), ("xi", "ni")):
        yield from _exceeding(reading, part, whole)
    for parts, whole in ((("ai", "bi"), "n1i"), (("ci", "di"), "n2i")):
        yield from _not_adding_up(reading, parts, whole)


def _exceeding(reading: Reading, part: str, whole: str) -> Iterator[str]:
    a, n = reading.columns.get(part), reading.columns.get(whole)
    if a is None or n is None:
        return
    for i in where(a > n):
        yield (
            f"{reading.place(i)}: {reading.name(part)} is {a[i]:g}; "
            f"it cannot exceed {reading.name(whole)} ({n[i]:g})."
        )


def _not_adding_up(reading: Reading, parts: tuple[str, str], whole: str) -> Iterator[str]:
    a, b, n = (reading.columns.get(name) for name in (*parts, whole))
    if a is None or b is None or n is None:
        return
    for i in where(np.abs(a + b - n) > 1e-9 * np.abs(n)):
        yield (
            f"{reading.place(i)}: {reading.name(parts[0])} and {reading.name(parts[1])} are {a[i]:g} and "
            f"{b[i]:g}; they must add up to {reading.name(whole)} ({n[i]:g})."
        )
