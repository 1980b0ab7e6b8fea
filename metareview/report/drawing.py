"""The forest plot of an answer: drawn, or left out with a sentence that stands beside the numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from metareview.errors import FigureError
from metareview.figures import (
    ForestOptions,
    forest_plot,
    interactive_forest,
    save_figure,
    write_companions,
)
from metareview.files import read_text, remove, write_atomically

if TYPE_CHECKING:
    from metareview.review import Answer, Review

LEFT_OUT = "forest.txt"


def draw_forest(review: Review, folder: Path, answer: Answer, options: ForestOptions) -> tuple[Path, ...]:
    """Draw an answer as picture and web page, or write into ``forest.txt`` why that is left out.

    A figure that cannot be drawn never stops the numbers.

    Returns
    -------
    tuple of Path
        The files.
    """
    note = folder / LEFT_OUT
    if answer.synthesis is None:
        return ()
    undrawn = review.undrawn.get(answer.planned.id)
    if undrawn:
        return _leave_out(note, f"{undrawn}. {_way_out(review.name, answer.planned.id)}")
    try:
        files = _draw(folder, answer, options)
    except FigureError as error:
        return _leave_out(note, " ".join(error.problems))
    remove(note)
    return files


def _draw(folder: Path, answer: Answer, options: ForestOptions) -> tuple[Path, ...]:
    assert answer.synthesis is not None
    figure = forest_plot(answer.synthesis, options=options)
    files = save_figure(figure, folder / "forest")  # first, as it may be refused: then nothing is written
    page = folder / "forest.html"
    write_atomically(page, interactive_forest(answer.synthesis, options=options))
    return (*files, *write_companions(figure, folder / "forest"), page)


def _leave_out(note: Path, why: str) -> tuple[Path, ...]:
    write_atomically(note, f"The forest plot is left out: {why}\n")
    return (note,)


def _way_out(review: str, analysis: str) -> str:
    command = f"metareview plot {review} forest {analysis} -o forest.pdf --page-height 280"
    return f"`{command}` draws it over pages."


def with_figure_note(folder: Path, answer: Answer) -> Answer:
    """Add to an answer's notes why its folder holds no forest plot, where it says so."""
    path = folder / LEFT_OUT
    if answer.synthesis is None or not path.is_file():
        return answer
    notes = (*answer.synthesis.notes, read_text(path).strip())
    return replace(answer, synthesis=replace(answer.synthesis, notes=notes))
