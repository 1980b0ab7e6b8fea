"""What the cells of one row allow each other: events within n, an estimate within its interval."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from metareview.extraction.drafts import Draft, Drafts
from metareview.extraction.finding import Finding
from metareview.protocol import Outcome, Protocol

RATIOS = frozenset({"RR", "OR", "HR", "IRR", "PETO", "ROM", "DOR", "VE"})
_UNBOUND_POPULATIONS = ("safety", "as treated", "as-treated")
_NUMBERS = (
    "n", "events", "mean", "sd", "se", "median", "q1", "q3", "min", "max", "time", "percent",
    "r", "tp", "fp", "fn", "tn", "estimate", "ci_low", "ci_high", "o_minus_e", "variance",
)  # fmt: skip
_NO_REASONS = frozenset({"no", "none", "n", "na", "n/a", "0", "false", "keep", "include", "included", "-"})
_ASCENDING = ("min", "q1", "median", "q3", "max")


def limit_findings(drafts: Drafts, protocol: Protocol) -> Iterator[Finding]:
    """Find what cannot be within a row."""
    outcomes = {o.id: o for o in protocol.outcomes}
    allocated = {d.key("study", "arm"): d.values["n_allocated"] for d in drafts["arms"]}
    for draft in drafts["studies"]:
        if draft.cells.get("exclude", "").casefold() in _NO_REASONS:
            why = "any word here keeps the study out; give the reason, or leave the cell empty to keep it in"
            yield draft.finding("exclude-word", "exclude", why)
    for draft in drafts["results"]:
        outcome = outcomes.get(draft.cells.get("outcome", ""))
        yield from _counts(draft, outcome, allocated.get(draft.key("study", "arm")))
        yield from _order(draft)
        yield from _scale(draft, outcome)
        yield from _basis(draft)
    for draft in drafts["contrasts"]:
        yield from _interval(draft)
        yield from _ratio(draft)
        yield from _arms(draft)
        yield from _basis(draft)


def _counts(draft: Draft, outcome: Outcome | None, allocated: int | None) -> Iterator[Finding]:
    n, events = draft.values["n"], draft.values["events"]
    if n == 0:
        yield draft.finding("n-zero", "n", "an arm of nobody cannot be analysed")
    of_people = outcome is None or outcome.kind != "rate"
    if of_people and n and events is not None and events > n:
        yield draft.finding("events-over-n", "events", f"it cannot exceed n ({n})")
    population = draft.cells.get("population", "").casefold()
    if n and allocated and n > allocated and not population.startswith(_UNBOUND_POPULATIONS):
        why = f"it cannot exceed the number allocated to the arm ({allocated})"
        yield draft.finding("n-over-allocated", "n", why)
    r = draft.values["r"]
    if r is not None and abs(r) > 1:
        yield draft.finding("r-range", "r", "a correlation lies between -1 and 1")


def _order(draft: Draft) -> Iterator[Finding]:
    """Quantiles ascend, and the mean lies between the smallest and the largest value."""
    given = [(name, draft.values[name]) for name in _ASCENDING if draft.values[name] is not None]
    for (low_name, low), (name, value) in pairwise(given):
        if value < low:
            yield draft.finding("quantile-order", name, f"it cannot be below {low_name} ({low:g})")
    mean, low, high = (draft.values[name] for name in ("mean", "min", "max"))
    if mean is not None and ((low is not None and mean < low) or (high is not None and mean > high)):
        yield draft.finding("mean-range", "mean", "it must lie between min and max")


def _scale(draft: Draft, outcome: Outcome | None) -> Iterator[Finding]:
    """Values of a scale with limits stay inside them; changes may span twice the width."""
    if outcome is None or outcome.scale_min is None or outcome.scale_max is None:
        return
    low, high = outcome.scale_min, outcome.scale_max
    if draft.values["change"] == "change":
        low, high = low - high, high - low
    for name in ("mean", *_ASCENDING):
        value = draft.values[name]
        if value is not None and not low <= value <= high:
            yield draft.finding("scale-range", name, f"{outcome.label} lies between {low:g} and {high:g}")


def _basis(draft: Draft) -> Iterator[Finding]:
    told = any(draft.values.get(name) is not None for name in _NUMBERS)
    if told and not draft.cells.get("basis") and "basis" not in draft.faulty:
        why = "a row with numbers says how they came about: reported, derived or inferred"
        yield draft.finding("basis-missing", "basis", why)


def _interval(draft: Draft) -> Iterator[Finding]:
    estimate, low, high = (draft.values[name] for name in ("estimate", "ci_low", "ci_high"))
    if low is not None and high is not None and low > high:
        yield draft.finding("ci-order", "ci_low", f"it cannot exceed ci_high ({high:g})")
    elif estimate is not None and _outside(estimate, low, high):
        shown = f"{_shown(low)} to {_shown(high)}"
        yield draft.finding("ci-estimate", "estimate", f"its interval ({shown}) does not hold it")


def _outside(value: float, low: float | None, high: float | None) -> bool:
    return (low is not None and value < low) or (high is not None and value > high)


def _shown(value: float | None) -> str:
    return "?" if value is None else f"{value:g}"


def _ratio(draft: Draft) -> Iterator[Finding]:
    if draft.cells.get("measure") not in RATIOS or draft.cells.get("scale") == "log":
        return
    for name in ("estimate", "ci_low", "ci_high"):
        value = draft.values[name]
        if value is not None and (value < 0 or (value == 0 and name == "estimate")):
            why = "a ratio is greater than 0; when it is a logarithm, say so in the column scale"
            yield draft.finding("ratio-negative", name, why)


def _arms(draft: Draft) -> Iterator[Finding]:
    if draft.cells.get("arm_1") and draft.cells.get("arm_1") == draft.cells.get("arm_2"):
        yield draft.finding("arms-same", "arm_2", "an arm cannot be compared with itself")
