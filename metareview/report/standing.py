"""Which outputs still stand: each is compared with what it would be made from now.

``pool`` and ``status`` both ask here, so that what the one calls stale the other makes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metareview.errors import FileError
from metareview.files import read_text
from metareview.report.record import Made, is_fresh, is_whole, own_outputs, read_made
from metareview.review import Overrides
from metareview.review.freshness import Inputs, differences, fingerprint

if TYPE_CHECKING:
    from pathlib import Path

    from metareview.review import Planned, Review

WHOLE = "results.md"


@dataclass(frozen=True)
class Standing:
    """How one analysis's output stands.

    Attributes
    ----------
    inputs : what it would be made from now
    reasons : why it is stale; none where it stands
    """

    inputs: Inputs
    reasons: tuple[str, ...]


def standing_of(review: Review) -> dict[str, list[str]]:
    """Return for each planned analysis, and for the files of the whole review, why it is stale.

    An analysis that stands has no reasons. The files of the whole review are called ``results.md``.
    """
    review.check()
    overrides, made = Overrides(), read_made(review.place.output)
    found = {p.id: list(compare_output(review, p, overrides, made).reasons) for p in review.planned}
    return found | {WHOLE: _of_whole(review, overrides, any(found.values()))}


def compare_output(review: Review, planned: Planned, overrides: Overrides, made: Made) -> Standing:
    """Compare one analysis's output with what it would be made from now."""
    folder, now = review.place.output, review.inputs(planned, overrides=overrides)
    then = _inputs(folder / planned.id / "inputs.json")
    if then is None or planned.id not in made.analyses:
        return Standing(now, ("it has not been made",))
    reasons = tuple(differences(then, now))
    same = made.analyses[planned.id] == fingerprint(now)
    if not reasons and not (same and is_whole(folder, own_outputs(made, planned.id))):
        reasons = ("a file of it is missing or was changed by hand",)
    return Standing(now, reasons)


def _of_whole(review: Review, overrides: Overrides, any_stale: bool) -> list[str]:
    if is_fresh(review.place, overrides):
        return []
    if any_stale:
        return ["an analysis in it is stale"]
    return ["the protocol, a sheet or the program was changed, or a file is missing or was changed by hand"]


def _inputs(path: Path) -> Inputs | None:
    try:
        found: Inputs = json.loads(read_text(path))
    except (FileError, ValueError, RecursionError):
        return None
    return found
