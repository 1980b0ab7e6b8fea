"""Percentages against counts: what no whole number prints, and what this one does not."""

from __future__ import annotations

from collections.abc import Iterator

from metareview.extraction.checks.ledger import Ledger, listed
from metareview.extraction.finding import Finding
from metareview.extraction.printed import Printed, counts_printing
from metareview.extraction.rows import Result

# beyond this many participants a percentage with one decimal fits some count whatever it is
_TELLING = 10_000


def impossible_percentages(ledger: Ledger) -> Iterator[Finding]:
    """Find percentages that no count of n prints (GRIM for counts)."""
    for row in ledger.sheets.results:
        percent = ledger.digits(row, "percent")
        if percent is None or not _of_people(ledger, row) or row.events is not None:
            continue
        if row.n and row.n < _TELLING and not counts_printing(percent, row.n):
            yield ledger.doubt(
                "percent-grim",
                row,
                "percent",
                f"no whole number of {row.n} prints it",
                right=_nearest(percent, row.n),
            )


def _nearest(percent: Printed, n: int) -> str:
    below = int(percent.value / 100 * n)
    shown = " and ".join(
        f"{k}/{n} is {100 * k / n:.{percent.decimals}f}" for k in (below, below + 1) if 0 <= k <= n
    )
    return f"{shown}; the denominator may be another"


def disagreeing_percentages(ledger: Ledger) -> Iterator[Finding]:
    """Find percentages that events and n do not print."""
    others = {id(a): b for pair in ledger.pairs() for a, b in (pair, pair[::-1])}
    for row in ledger.sheets.results:
        percent = ledger.digits(row, "percent")
        if percent is None or row.events is None or not row.n or not _of_people(ledger, row):
            continue
        if not percent.fits(100 * row.events / row.n):
            yield _disagreement(ledger, row, percent, others.get(id(row)))


def _disagreement(ledger: Ledger, row: Result, percent: Printed, other: Result | None) -> Finding:
    n = row.n or 1
    share = 100 * (row.events or 0) / n
    why = f"{row.events}/{n} is {share:.{max(percent.decimals, 1)}f}%"
    if abs(percent.value * 100 - share) < 1 and percent.value <= 1:
        return ledger.doubt("percent-fraction", row, "percent", f"it looks like a fraction; {why}")
    fitting = counts_printing(percent, n) if n < _TELLING else range(0)
    right = f"Counts of {n} that print it: {listed(fitting)}" if fitting else f"No count of {n} prints it"
    if other and other.events is not None and other.n and percent.fits(100 * other.events / other.n):
        right = f'It is the percentage of arm "{other.arm}": the arms may be swapped'
    return ledger.doubt("percent-events", row, "percent", why, right=right)


def _of_people(ledger: Ledger, row: Result) -> bool:
    """Say whether the percentage is a share of participants; incidences and survival are not."""
    outcome = ledger.outcomes.get(row.outcome)
    return outcome is not None and outcome.kind == "binary"
