"""Parts and wholes: subsets, subgroups and totals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from metareview.extraction.checks.ledger import Ledger
from metareview.extraction.finding import Finding
from metareview.extraction.rows import TOTAL, Result

SUBGROUP = "subgroup:"


def subsets_over_totals(ledger: Ledger) -> Iterator[Finding]:
    """Find outcomes with more events than the outcome that contains them (complete over overall response)."""
    rows = {_place(row): row for row in ledger.sheets.results}
    for row in ledger.sheets.results:
        outcome = ledger.outcomes.get(row.outcome)
        if outcome is None or not outcome.within:
            continue
        whole = rows.get((row.study, outcome.within, row.timepoint, row.population, row.arm))
        if whole is None or row.events is None or whole.events is None:
            continue
        if row.events > whole.events and (row.n == whole.n or row.n is None):
            why = (
                f"{ledger.outcomes[outcome.within].label} contains it and has {whole.events} events "
                f"(line {whole.line})"
            )
            yield ledger.doubt("subset-over-total", row, "events", why, level="error")


def _place(row: Result) -> tuple[str, str, str, str, str]:
    return row.study, row.outcome, row.timepoint, row.population, row.arm


def subgroup_sums(ledger: Ledger) -> Iterator[Finding]:
    """Find subgroups that together have more, or other, than the whole arm."""
    wholes: dict[tuple[str, ...], list[Result]] = {}
    parts: dict[tuple[str, ...], list[Result]] = {}
    for row in ledger.sheets.results:
        where = row.study, row.outcome, row.timepoint, row.arm
        if row.population.startswith(SUBGROUP):
            variable = row.population.removeprefix(SUBGROUP).split("=")[0].strip()
            parts.setdefault((*where, variable), []).append(row)
        else:
            wholes.setdefault(where, []).append(row)
    for place, rows in parts.items():
        known = [r for r in rows if r.n is not None and r.events is not None]
        candidates = [w for w in wholes.get(place[:-1], []) if w.n is not None and w.events is not None]
        if len(known) > 1 and candidates:
            yield from _sum_doubt(ledger, known, candidates)


def _sum_doubt(ledger: Ledger, parts: Sequence[Result], wholes: Sequence[Result]) -> Iterator[Finding]:
    n, events = sum(r.n or 0 for r in parts), sum(r.events or 0 for r in parts)
    fits = [w for w in wholes if n <= (w.n or 0) and events <= (w.events or 0)]
    if not fits:
        whole = wholes[0]
        why = f"its {len(parts)} subgroups have {events}/{n} together, the whole arm {whole.events}/{whole.n}"
        yield ledger.doubt("subgroup-sum", whole, "events", why, level="error")
    elif all(n == w.n and events != w.events for w in fits):
        why = f"its {len(parts)} subgroups have {events} together, with the same n"
        yield ledger.doubt("subgroup-sum", fits[0], "events", why)


def total_sums(ledger: Ledger) -> Iterator[Finding]:
    """Find totals that the arms do not add up to."""
    arms_of: dict[str, set[str]] = {}
    for arm in ledger.sheets.arms:
        arms_of.setdefault(arm.study, set()).add(arm.arm)
    for row in ledger.sheets.results:
        if row.arm != TOTAL:
            continue
        parts = ledger.comparisons.get((row.study, row.outcome, row.timepoint, row.population), [])
        if {p.arm for p in parts} != arms_of.get(row.study):
            continue
        for column in ("n", "events"):
            total, known = getattr(row, column), [getattr(p, column) for p in parts]
            if total is not None and None not in known and sum(known) != total:
                why = f"the arms add up to {sum(known)} ({' + '.join(map(str, known))})"
                yield ledger.doubt("total-sum", row, column, why)


def missing_participants(ledger: Ledger) -> Iterator[Finding]:
    """Note arms in which more than a fifth of those allocated were not analysed."""
    allocated = {(arm.study, arm.arm): arm.n_allocated for arm in ledger.sheets.arms}
    for row in ledger.sheets.results:
        whole = allocated.get((row.study, row.arm))
        subset = row.population.startswith(SUBGROUP) or row.population.casefold().startswith("with ")
        if whole and row.n is not None and row.n < 0.8 * whole and not subset:
            why = f"{whole} were allocated to the arm; more than a fifth is missing"
            yield ledger.doubt("n-missing", row, "n", why, level="note")
