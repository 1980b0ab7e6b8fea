"""Which outputs still stand: each is held against what it would be made from now."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from metareview.errors import FileError
from metareview.files import read_text
from metareview.report.record import is_whole, own_outputs, read_made
from metareview.review import Overrides
from metareview.review.freshness import Inputs, differences

if TYPE_CHECKING:
    from pathlib import Path

    from metareview.review import Review


def standing_of(review: Review) -> dict[str, list[str]]:
    """Give for each planned analysis why its output is stale; nothing where it stands."""
    review.check()
    return {planned.id: _reasons(review, planned.id) for planned in review.planned}


def _reasons(review: Review, analysis: str) -> list[str]:
    folder = review.place.output
    then = _inputs(folder / analysis / "inputs.json")
    if then is None:
        return ["it has not been made"]
    now = review.inputs(review.find(analysis), overrides=Overrides())
    reasons = list(differences(then, now))
    if not reasons and not is_whole(folder, own_outputs(read_made(folder), analysis)):
        reasons = ["a file of it is missing or was changed by hand"]
    return reasons


def _inputs(path: Path) -> Inputs | None:
    try:
        found: Inputs = json.loads(read_text(path))
    except (FileError, ValueError):
        return None
    return found
