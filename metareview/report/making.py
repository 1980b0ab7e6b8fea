"""Make the output of a review: what is stale, nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from metareview.errors import FileError, MetareviewError
from metareview.files import write_atomically
from metareview.locks import locked
from metareview.report.answers import write_answer
from metareview.report.drawing import with_figure_note
from metareview.report.record import (
    Made,
    hashes,
    own_outputs,
    read_made,
    refuse_misplaced,
    remove_left_over,
    sources_of,
    write_made,
)
from metareview.report.results import results_text
from metareview.report.standing import compare_output
from metareview.report.summary import summary_csv, summary_row
from metareview.review import Overrides
from metareview.review.answering import confirmed
from metareview.review.freshness import fingerprint

if TYPE_CHECKING:
    from metareview.review import Answer, Planned, Review

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Run:
    """What a run did.

    Attributes
    ----------
    made : the analyses that were made anew
    total : of how many
    kept : files of a former run that somebody changed, and that therefore stay
    """

    made: tuple[str, ...]
    total: int
    kept: tuple[Path, ...] = ()


def make_output(
    review: Review, *, overrides: Overrides | None = None, progress: Progress | None = None
) -> Run:
    """Check a review, then make every output that is stale.

    Parameters
    ----------
    review
        The review.
    overrides
        Options in place of the plan's and the policy's choices; they are written into the output.
    progress
        Called with what is being done (an analysis's title), how many are done, and of how many.

    Raises
    ------
    MetareviewError
        Every fault of protocol and sheets; nothing is written then.
    """
    asked = overrides or Overrides()
    tell = progress or _silent
    tell("Checking", 0, 0)
    review.check()
    answers = _answers(review, asked, tell)
    refuse_misplaced(review.place.output, answers)
    _refuse_changed(review)
    with locked(review.place.output):
        return _make(review, answers, asked, tell)


def _silent(stage: str, done: int, total: int) -> None:
    """Say nothing, where nobody asked."""


def _answers(review: Review, asked: Overrides, tell: Progress) -> dict[str, Answer]:
    answers: dict[str, Answer] = {}
    for planned in review.planned:
        tell("Pooling", len(answers), len(review.planned))
        answers[planned.id] = _answer(review, planned, asked)
    return answers


def _refuse_changed(review: Review) -> None:
    """Refuse to answer from sheets that are not the ones on the disk any more."""
    changed = review.readings.changed()
    if changed:
        raise FileError(
            f"{os.path.relpath(path)} was changed while pooling; run `metareview pool {review.name}` again."
            for path in changed
        )


def _answer(review: Review, planned: Planned, overrides: Overrides) -> Answer:
    try:
        return confirmed(review.answer(planned, overrides=overrides))
    except MetareviewError as error:
        raise type(error)(f'analysis "{planned.id}": {problem}' for problem in error.problems) from None


def _make(review: Review, answers: Mapping[str, Answer], overrides: Overrides, tell: Progress) -> Run:
    folder, before = review.place.output, read_made(review.place.output)
    keys: dict[str, str] = {}
    outputs: dict[str, str] = {}
    fresh: list[str] = []
    for number, planned in enumerate(review.planned):
        found = compare_output(review, planned, overrides, before)
        keys[planned.id] = fingerprint(found.inputs)
        own = own_outputs(before, planned.id)
        if found.reasons:
            tell(planned.analysis.title, number, len(review.planned))
            beside = [answers[other.id] for other in review.beside(planned)]
            own = hashes(folder, write_answer(review, answers[planned.id], beside, found.inputs))
            fresh.append(planned.id)
        outputs |= own
    told = [with_figure_note(folder / name, answer) for name, answer in answers.items()]
    outputs |= hashes(folder, _write_review(review, told))
    now = Made(sources_of(review.place, overrides, review.readings.digests), keys, outputs)
    _refuse_changed(review)
    kept = remove_left_over(folder, before, now)
    write_made(folder, now)
    return Run(tuple(fresh), len(review.planned), kept)


def _write_review(review: Review, answers: Sequence[Answer]) -> tuple[Path, ...]:
    folder = review.place.output
    rows = [summary_row(answer, review.protocol) for answer in answers]
    texts = {
        folder / "summary.csv": summary_csv(rows),
        folder / "results.md": results_text(review, answers),
    }
    for path, text in texts.items():
        write_atomically(path, text)
    return tuple(texts)
