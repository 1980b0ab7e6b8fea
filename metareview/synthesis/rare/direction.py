"""When the counts of all studies together push an odds or rate ratio to infinity."""

from __future__ import annotations

from math import inf, isnan, nan

from metareview.synthesis.rare.counts import TwoArms


def endless(arms: TwoArms) -> float | None:
    """Return the infinity a ratio rises to, NaN when nothing bears on it, None when it is finite.

    It is infinite, for models in which studies share one distribution of risks, when an arm has no
    event in any study, or nothing but events.
    """
    none = not arms.x1.sum(), not arms.x2.sum()
    full = (
        arms.binary and bool((arms.x1 == arms.n1).all()),
        arms.binary and bool((arms.x2 == arms.n2).all()),
    )
    down, up = none[0] or full[1], none[1] or full[0]
    if not arms.x1.size or all(none) or all(full):
        return nan
    return -inf if down else inf if up else None


def endless_sentence(direction: float) -> str:
    """Say why there is no estimate."""
    if isnan(direction):
        return "No study bears on the ratio: in each, both arms have no event or only events."
    arm, other = ("first", "second") if direction < 0 else ("second", "first")
    return (
        f"The likelihood has no finite maximum: over all studies the {arm} arm has no event, or the {other} "
        "arm nothing but events, so that the estimate is infinite and has no standard error."
    )
