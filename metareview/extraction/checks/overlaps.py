"""The same people twice: overlapping studies, pasted numbers, a control arm used again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from metareview.extraction.checks.ledger import Ledger
from metareview.extraction.finding import Finding
from metareview.extraction.rows import Contrast, Result, Study

_REGISTRY = re.compile(
    r"NCT\d{8}|ISRCTN\d{8}|ChiCTR[-\w]{0,40}\d|ACTRN\d{14}|EudraCT\s*\d{4}-\d{6}-\d{2}|UMIN\d{9}|CTRI/[\d/]+",
    re.I,
)
# counts from which two outcomes of a study hardly share all their figures by chance
_TELLING_EVENTS = 10
_SHARED_AUTHORS = 3
# how many studies of a centre, and of an author, are held against a study one by one
_NAMED = 5
_PER_AUTHOR = 20


def same_registry(ledger: Ledger) -> Iterator[Finding]:
    """Find studies that bear one registry number and both enter."""
    yield from _shared(
        ledger, "same-registry", "registry", lambda s: set(_REGISTRY.findall(s.registry.upper()))
    )


def same_reports(ledger: Ledger) -> Iterator[Finding]:
    """Find studies that share a report and both enter."""
    yield from _shared(ledger, "same-report", "reports", lambda s: set(s.reports))


def _shared(
    ledger: Ledger, check: str, column: str, marks_of: Callable[[Study], set[str]]
) -> Iterator[Finding]:
    seen: dict[str, Study] = {}
    for study in ledger.sheets.studies:
        for mark in sorted(marks_of(study)) if not study.exclude else ():
            if mark in seen:
                why = f"{seen[mark].study} has {mark} too: the same people may be counted twice"
                right = "Exclude one of the two, or answer why they are different people"
                yield ledger.doubt(check, study, column, why, right=right)
            seen.setdefault(mark, study)


def same_centres(ledger: Ledger) -> Iterator[Finding]:
    """Find studies of one centre with overlapping years of recruitment, or with many shared authors.

    It reads the characteristics ``centre``, ``recruited_from``, ``recruited_to`` and ``authors``.
    """
    kept = [s for s in ledger.sheets.studies if not s.exclude]
    yield from _shared_years(ledger, [s for s in kept if s.column("centre") and all(_years(s))])
    yield from _shared_authors(ledger, kept)


def _shared_years(ledger: Ledger, studies: Sequence[Study]) -> Iterator[Finding]:
    earlier: dict[str, dict[tuple[str, str], list[Study]]] = {}
    for two in studies:
        spans = earlier.setdefault(two.column("centre").casefold(), {})
        first, last = _years(two)
        meeting = [ones for (begin, end), ones in spans.items() if begin <= last and first <= end]
        near = sorted((one for ones in meeting for one in ones[:_NAMED]), key=lambda one: one.line)[:_NAMED]
        for one in near:
            why = f"{one.study} recruited there in the same years"
            yield ledger.doubt("same-centre", two, "centre", why)
        yield from _further(ledger, "same-centre", two, "centre", sum(map(len, meeting)) - len(near))
        spans.setdefault((first, last), []).append(two)


def _further(ledger: Ledger, check: str, study: Study, column: str, count: int) -> Iterator[Finding]:
    """Count the studies that are not named, so that a centre of thousands does not fill the screen."""
    if count:
        yield ledger.doubt(check, study, column, f"so did {count} more studies of the sheet")


def _years(study: Study) -> tuple[str, str]:
    return study.column("recruited_from")[:4], study.column("recruited_to")[:4]


def _shared_authors(ledger: Ledger, studies: Sequence[Study]) -> Iterator[Finding]:
    earlier: dict[str, list[int]] = {}
    told: set[str] = set()
    for place, two in enumerate(studies):
        names = _authors(two)
        counts = Counter(one for name in names for one in earlier.get(name, ()))
        for one in sorted(one for one, n in counts.items() if n >= _SHARED_AUTHORS):
            shared = sorted(_authors(studies[one]) & names)
            why = f"{studies[one].study} shares {len(shared)} authors with it ({', '.join(shared[:4])})"
            yield ledger.doubt("shared-authors", two, "authors", why, level="note")
        full = [name for name in sorted(names) if len(earlier.get(name, ())) == _PER_AUTHOR]
        for name in (name for name in full if name not in told):
            why = f"{name} wrote more than {_PER_AUTHOR} studies; authors are compared in the first"
            yield ledger.doubt("shared-authors", two, "authors", why, level="note")
        told.update(full)
        for name in names - told:
            earlier.setdefault(name, []).append(place)


def _authors(study: Study) -> set[str]:
    return {name.strip().casefold() for name in study.column("authors").split(";") if name.strip()}


def pasted_results(ledger: Ledger) -> Iterator[Finding]:
    """Find two studies with the same counts in every arm of an outcome they share."""
    seen: dict[tuple[object, ...], Result] = {}
    excluded = {s.study for s in ledger.sheets.studies if s.exclude}
    for (study, outcome, _, _), rows in ledger.comparisons.items():
        known = [r for r in rows if r.n and r.events is not None]
        if study in excluded or len(known) < 2 or len(known) != len(rows):
            continue
        figures = (outcome, *sorted((ledger.sheets.role(r.study, r.arm), r.n, r.events) for r in known))
        earlier = seen.setdefault(figures, rows[0])
        if earlier.study != study:
            why = f"{earlier.study} (line {earlier.line}) has the same counts in every arm: one may be pasted"
            yield ledger.doubt("same-results", rows[0], "study", why)


def repeated_counts(ledger: Ledger) -> Iterator[Finding]:
    """Note two outcomes of one study with the same counts in both arms."""
    seen: dict[tuple[object, ...], Result] = {}
    for one, two in ledger.pairs():
        if min(one.events or 0, two.events or 0) < _TELLING_EVENTS:
            continue
        figures = (one.study, one.timepoint, one.population, one.n, one.events, two.n, two.events)
        earlier = seen.setdefault(figures, one)
        if earlier.outcome != one.outcome:
            why = f"{earlier.outcome} (line {earlier.line}) has the same counts in both arms"
            yield ledger.doubt("same-counts", one, "events", why, level="note")


def shared_controls(ledger: Ledger) -> Iterator[Finding]:
    """Find a control arm that two reported effects of one analysis compare with."""
    groups: dict[tuple[str, ...], list[Contrast]] = {}
    for row in ledger.sheets.contrasts:
        where = (row.study, row.outcome, row.timepoint, row.population, row.arm_2, row.measure)
        groups.setdefault(where, []).append(row)
    for rows in groups.values():
        yield from _repeats(ledger, rows)


def _repeats(ledger: Ledger, rows: Sequence[Contrast]) -> Iterator[Finding]:
    for row in rows[1:]:
        why = (
            f'the same control is compared with "{rows[0].arm_1}" (line {rows[0].line}): '
            "its participants would be counted twice"
        )
        right = "Combine the arms or split the control (metareview convert)"
        yield ledger.doubt("control-twice", row, "arm_2", why, right=right)


def withdrawn_reports(ledger: Ledger) -> Iterator[Finding]:
    """Find studies whose report was retracted or questioned, and note corrected ones."""
    for study in ledger.sheets.studies:
        if study.status in ("retracted", "expression of concern") and not study.exclude:
            why = "the study enters syntheses all the same"
            yield ledger.doubt(
                "report-withdrawn", study, "status", why, right="Exclude it, or answer why it stays"
            )
        elif study.status == "corrected":
            why = "check that the numbers are those of the corrected report"
            yield ledger.doubt("report-corrected", study, "status", why, level="note")
