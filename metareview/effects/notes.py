"""What a reader must know of each study: what was corrected, derived, or cannot be estimated."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from metareview.effects.columns import Reading, where
from metareview.effects.model import Columns, FloatArray, Measure
from metareview.effects.zerocells import Treated

_NAMED = 5


@dataclass
class Notes:
    """Sentences gathered per study and for all of them."""

    studies: dict[int, list[str]] = field(default_factory=dict)
    all: list[str] = field(default_factory=list)

    def add(self, rows: Iterable[int], sentence: Callable[[int], str] | str) -> None:
        """Give each of these studies a sentence."""
        for i in rows:
            text = sentence if isinstance(sentence, str) else sentence(int(i))
            self.studies.setdefault(int(i), []).append(text)

    def per_study(self, k: int) -> tuple[tuple[str, ...], ...]:
        """Give the sentences of every study, in order."""
        return tuple(tuple(self.studies.get(i, ())) for i in range(k))


def _count(n: int) -> str:
    return f"{n} study" if n == 1 else f"{n} studies"


def say_what_was_treated(row: Measure, columns: Columns, treated: Treated, notes: Notes) -> None:
    """Say which studies were corrected for zero cells, and which say nothing."""
    corrected, dropped = where(treated.corrected), where(treated.dropped)
    cells = "each cell" if row.cells in ("table", "events") else "each count of events"
    notes.add(corrected, f"{treated.how} was added to {cells}{treated.why}.")
    if corrected:
        notes.all.append(f"{treated.how} was added to {cells} of {_count(len(corrected))}{treated.which}.")
    events = ("ai", "ci") if row.cells == "table" else ("x1i", "x2i")
    notes.add(dropped, lambda i: _silent(columns[events[0]][i] == 0))
    if dropped:
        verb = "is" if len(dropped) == 1 else "are"
        notes.all.append(
            f"{_count(len(dropped))} with no events, or with nothing but events, in both arms {verb} "
            f"not estimable as {row.label[0].lower()}{row.label[1:]}."
        )


def _silent(without_events: bool) -> str:
    what = "no events occurred in either arm" if without_events else "everybody had the event in both arms"
    return f"Not estimable: {what}."


def say_why_not(
    row: Measure, reading: Reading, columns: Columns, effect: tuple[FloatArray, FloatArray], notes: Notes
) -> tuple[FloatArray, FloatArray]:
    """Blank what is not finite, and give every study without a usable effect its reason."""
    yi, vi = effect
    lost = ~(np.isfinite(yi) & np.isfinite(vi))
    unsaid = [i for i in where(lost) if not _said(notes, i)]
    notes.add(unsaid, lambda i: f"Not estimable: {_reason(row, reading, columns, i)}.")
    weightless = where(~lost & ~(vi > 0))
    notes.add(weightless, lambda i: f"Its sampling variance is {vi[i]:g}, so that it cannot be weighted.")
    if unsaid or weightless:
        _name_them(reading, [*unsaid, *weightless], notes)
    return np.where(lost, np.nan, yi), np.where(lost, np.nan, vi)


def _said(notes: Notes, i: int) -> bool:
    return any(text.startswith("Not estimable") for text in notes.studies.get(i, ()))


def _name_them(reading: Reading, rows: list[int], notes: Notes) -> None:
    names = [reading.labels[i] for i in sorted(rows)]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    verb = "is" if len(names) == 1 else "are"
    notes.all.append(f"{_count(len(names))} {verb} not estimable: {', '.join(names[:_NAMED])}{more}.")


def _reason(row: Measure, reading: Reading, columns: Columns, i: int) -> str:
    if row.kind == "contrast":
        return "no estimate with a variance, a standard error or a confidence interval was given"
    absent = [reading.name(n) for n in row.needs if np.isnan(columns[n][i])]
    if absent:
        return f"{', '.join(absent)} {'is' if len(absent) == 1 else 'are'} missing"
    empty = [
        reading.name(n)
        for n in row.needs
        if n in ("ni", "n1i", "n2i", "ti", "t1i", "t2i") and columns[n][i] == 0
    ]
    if empty:
        return f"{', '.join(empty)} {'is' if len(empty) == 1 else 'are'} 0"
    return row.undefined or "the formula has no value for these numbers"
