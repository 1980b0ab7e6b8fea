"""``results.md``: one true sentence per analysis, with its caveats."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import metareview
from metareview.report.drawing import LEFT_OUT
from metareview.report.markdown import code, escape, folder_link
from metareview.report.phrases import result_sentence

if TYPE_CHECKING:
    from metareview.review import Answer, Review


def results_text(review: Review, answers: Sequence[Answer]) -> str:
    """Write the results of a review in Markdown."""
    return "\n".join(_lines(review, answers)) + "\n"


def _lines(review: Review, answers: Sequence[Answer]) -> Iterator[str]:
    protocol, name = review.protocol, review.name
    yield f"# {escape(f'{protocol.title}: results')}"
    yield ""
    yield (
        f"Made by metareview {metareview.__version__} from {code(f'protocols/{name}.toml')} and "
        f"{code(f'extracted/{name}/')}; not edited by hand. "
        f"Registration: {escape(protocol.registration)}. CI is the confidence interval of the mean effect; "
        "the prediction interval is for the effect in a new setting."
    )
    yield ""
    yield " ".join([escape(review.describe_extraction()), *_doubts(review)])
    for answer in answers:
        yield ""
        yield from _section(answer, review)


def _doubts(review: Review) -> Iterator[str]:
    unanswered = review.open_warnings()
    if unanswered:
        what = "warning" if len(unanswered) == 1 else "warnings"
        yield (
            f"{len(unanswered)} {what} of the sheets are not answered: "
            f"see {code(f'metareview check {review.name}')}."
        )


def _section(answer: Answer, review: Review) -> Iterator[str]:
    analysis, protocol = answer.planned.analysis, review.protocol
    yield f"{'###' if answer.planned.parent else '##'} {escape(analysis.title)}"
    yield ""
    yield escape(result_sentence(answer, protocol))
    caveats = [*_caveats(answer)]
    if caveats:
        yield ""
        yield from (f"- {escape(caveat)}" for caveat in caveats)
    yield ""
    left_out = (review.place.output / answer.planned.id / LEFT_OUT).is_file()
    yield f"{'Data' if left_out else 'Forest plot and data'}: {folder_link(f'{answer.planned.id}/')}"


def _caveats(answer: Answer) -> Iterator[str]:
    synthesis = answer.synthesis
    if synthesis is None:
        yield from (
            f"{left.study.label} is left out: {left.reason.rstrip('.')}." for left in answer.chosen.left_out
        )
        return
    yield from synthesis.notes
    for label, notes in zip(synthesis.effects.labels, synthesis.effects.study_notes, strict=True):
        if notes:
            yield f"{label}: {' '.join(notes)}"
    if answer.subgroups is not None:
        yield from answer.subgroups.notes
    for one in answer.agreements:
        if not one.agrees:
            yield (
                f"The second engine ({one.engine} {one.version}) disagrees on {one.quantity}: "
                f"{one.theirs:.10g} against {one.ours:.10g}."
            )
