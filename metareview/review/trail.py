"""The trail of a number: from the estimate to the page it was read on.

estimate → model and the reasons of its choices → studies with weights → the numbers of each effect →
cells (file and line) → report, place and quote → record → search that found it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Any

from metareview.errors import MetareviewError, did_you_mean
from metareview.search.catalogue import read_records
from metareview.synthesis.wording import number, per_cent, sentence

if TYPE_CHECKING:
    from metareview.extraction import Contrast, Result
    from metareview.review.answering import Answer
    from metareview.review.choosing import Entered
    from metareview.review.hall import Review
    from metareview.search.record import Record

CELLS = (
    "n", "events", "mean", "sd", "se", "median", "q1", "q3", "time", "percent", "r", "estimate",
    "ci_low", "ci_high", "level", "o_minus_e", "variance", "p",
)  # fmt: skip

# how a reader would type the formula of a measure into a calculator; others name their columns only
WORKED = {
    "RR": "log(({ai:g} / {n1i:g}) / ({ci:g} / {n2i:g}))",
    "OR": "log(({ai:g} / ({n1i:g} - {ai:g})) / ({ci:g} / ({n2i:g} - {ci:g})))",
    "RD": "{ai:g} / {n1i:g} - {ci:g} / {n2i:g}",
    "PLO": "log({xi:g} / ({ni:g} - {xi:g}))",
    "PR": "{xi:g} / {ni:g}",
    "MD": "{m1i:g} - {m2i:g}",
    "IRR": "log(({x1i:g} / {t1i:g}) / ({x2i:g} / {t2i:g}))",
    "HR": "log({estimate:g})",
}


@dataclass(frozen=True)
class Step:
    """One step of a trail, and the steps it rests on.

    Attributes
    ----------
    kind : ``estimate``, ``choice``, ``study``, ``effect``, ``cell``, ``report``, ``record``, ``left out``
    text : the step in words
    facts : the same as data
    rests_on : the steps below it
    """

    kind: str
    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    rests_on: tuple[Step, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Give the trail as plain data."""
        below = [step.as_dict() for step in self.rests_on]
        return {"kind": self.kind, "text": self.text, **self.facts, "rests_on": below}


def trail_of(review: Review, analysis: str, *, study: str = "") -> Step:
    """Follow an analysis, or one study of it, back to its sources.

    Parameters
    ----------
    review
        The review.
    analysis
        The id of a planned analysis, ``response`` or ``response/odds-ratio``.
    study
        A study's id or label; all studies when empty.

    Raises
    ------
    MetareviewError
        When the analysis is not planned or the study is not part of it.
    """
    answer = review.answer(analysis)
    records = _records(review)
    if answer.synthesis is None:
        return Step(
            "estimate", "No study has numbers that this analysis may take.", {}, tuple(_left_out(answer))
        )
    places = _places(answer, study)
    steps = [_study(review, answer, place, records) for place in places]
    top = f"{answer.planned.analysis.title}: {sentence(answer.synthesis)}"
    choices = [] if study else [*_choices(answer)]
    left = [] if study else [*_left_out(answer)]
    return Step("estimate", top, {"analysis": analysis}, (*choices, *steps, *left))


def _records(review: Review) -> dict[str, Record]:
    path = review.place.searched / "records.csv"
    if not path.is_file():
        return {}
    found: dict[str, Record] = {}
    for record in read_records(path):
        for name in (record.id, f"pmid:{record.pmid}", f"doi:{record.doi}", *record.registry):
            found.setdefault(name, record)
    return found


def _places(answer: Answer, study: str) -> list[int]:
    entered = answer.chosen.entered
    if not study:
        return list(range(len(entered)))
    found = [i for i, one in enumerate(entered) if study in (one.study.study, one.study.label)]
    if not found:
        ids = [one.study.study for one in entered]
        raise MetareviewError(
            f'study "{study}" is not part of analysis "{answer.planned.id}"; {did_you_mean(study, ids)}'
        )
    return found


def _choices(answer: Answer) -> Iterator[Step]:
    assert answer.synthesis is not None
    method = answer.synthesis.method
    for choice in method.choices:
        by = "asked for" if choice.overridden else f"policy {method.policy}"
        cited = f" [{choice.citation}]" if choice.citation else ""
        text = f"{choice.what} = {choice.value} ({by}): {choice.reason}{cited}"
        yield Step("choice", text, {"what": choice.what, "value": choice.value, "by": by})


def _left_out(answer: Answer) -> Iterator[Step]:
    for one in answer.chosen.left_out:
        text = f"{one.study.label} is left out: {one.reason}"
        yield Step(
            "left out", text, {"study": one.study.study, "file": one.study.file, "line": one.study.line}
        )


def _study(review: Review, answer: Answer, place: int, records: Mapping[str, Record]) -> Step:
    synthesis = answer.synthesis
    assert synthesis is not None
    entered = answer.chosen.entered[place]
    weight = float(synthesis.weights[place])
    notes = " ".join(synthesis.effects.study_notes[place])
    text = f"{entered.study.label}: weight {per_cent(round(weight, 3))}" + (f". {notes}" if notes else "")
    facts = {
        "study": entered.study.study,
        "weight": weight,
        "file": entered.study.file,
        "line": entered.study.line,
    }
    cells = tuple(_cells(review, row, records) for row in entered.rows)
    return Step("study", text, facts, (_effect(answer, entered, place, cells),))


def _effect(answer: Answer, entered: Entered, place: int, cells: tuple[Step, ...]) -> Step:
    """Say an effect with the numbers in its formula."""
    assert answer.synthesis is not None
    effects = answer.synthesis.effects
    yi, vi = float(effects.yi[place]), float(effects.vi[place])
    printed = float(effects.measure.back(yi)) if isfinite(yi) else yi
    formula = worked(effects.measure.code, entered.numbers)
    text = (
        f"{effects.measure.label} {number(printed, 0.1)}: yi = {formula}{yi:.6g}, vi = {vi:.6g} on the "
        f"{effects.measure.scale} scale, from {_given(entered.numbers)} [{effects.measure.citation}]"
    )
    facts = {
        "measure": effects.measure.code,
        "yi": _finite(yi),
        "vi": _finite(vi),
        "numbers": dict(entered.numbers),
    }
    return Step("effect", text, facts, cells)


def worked(code: str, numbers: Mapping[str, float | str]) -> str:
    """Write a measure's formula with a study's numbers in it, up to the equals sign.

    Empty where the formula is too long for a line, or a zero cell was treated before it.

    >>> worked("RR", {"ai": 54.0, "n1i": 65.0, "ci": 36.0, "n2i": 65.0})
    'log((54 / 65) / (36 / 65)) = '
    """
    form = WORKED.get(code)
    counts = [numbers.get(name) for name in ("ai", "ci", "xi", "x1i", "x2i")]
    if form is None or 0 in counts or numbers.get("scale") == "log":
        return ""
    try:
        return f"{form.format(**numbers)} = "
    except KeyError:
        return ""


def _given(numbers: Mapping[str, float | str]) -> str:
    return ", ".join(
        f"{name} = {value:g}" if isinstance(value, float) else f"{name} = {value}"
        for name, value in numbers.items()
    )


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None


def _cells(review: Review, row: Result | Contrast, records: Mapping[str, Record]) -> Step:
    printed = {name: review.sheets.text(row, name) for name in CELLS}
    shown = {name: text for name, text in printed.items() if text}
    arm = getattr(row, "arm", "") or f"{getattr(row, 'arm_1', '')} v {getattr(row, 'arm_2', '')}"
    listed = ", ".join(f"{name} {text}" for name, text in shown.items())
    about = f"arm {arm}, {row.outcome}, {row.timepoint}, {row.population}"
    text = f"{row.file}:{row.line} ({row.row}), {about}: {listed}"
    facts = {
        "file": row.file,
        "line": row.line,
        "row": row.row,
        "arm": arm,
        "cells": shown,
        "basis": row.basis,
    }
    return Step("cell", text, facts, (_report(row, records),))


def _report(row: Result | Contrast, records: Mapping[str, Record]) -> Step:
    quote = f', which reads "{row.quote}"' if row.quote else ""
    text = (
        f"{row.basis}, read in {row.report or 'no report named'}, {row.location or 'no place named'}{quote}"
    )
    facts = {
        "report": row.report,
        "location": row.location,
        "quote": row.quote,
        "extractor": row.extractor,
        "date": row.date,
    }
    record = records.get(row.report)
    return Step("report", text, facts, (_record(record),) if record else ())


def _record(record: Record) -> Step:
    found_by = ", ".join(record.source) or "not recorded"
    who = f"{record.label}, " if record.authors else ""
    text = f"{who}{record.title}. {record.journal} {record.year or ''} ({record.id}); found by: {found_by}"
    return Step("record", text, {"record": record.id, "source": list(record.source)})
