"""From records, duplicates and decisions to the flow diagram: where each record ended, then counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from metareview.errors import ScreeningError
from metareview.screening.decision import (
    ABSTRACT,
    AUTOMATION,
    BEFORE,
    CONSENSUS,
    EXCLUDE,
    FULL_TEXT,
    NOT_RETRIEVED,
    Reason,
)
from metareview.screening.flow import KINDS, MAIN_KINDS, Column, Count, Flow, Previous
from metareview.screening.log import DecisionLog
from metareview.screening.verdicts import AGREED, Verdict, reach_verdicts
from metareview.search import Record
from metareview.search.ledger import SearchRun

REMOVED, AWAITING_SCREENING, EXCLUDED = "removed", "awaiting screening", "excluded"
LOST, AWAITING_ASSESSMENT, REPORT_EXCLUDED, INCLUDED = (
    "not retrieved",
    "awaiting assessment",
    "report excluded",
    "included",
)
_LISTED = 20


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a search or import looked.

    Attributes
    ----------
    kind : how it was searched, as ``method`` in ``searches.csv`` says: ``databases``, ``registers`` …
    name : as the diagram prints it: ``PubMed``, ``ClinicalTrials.gov``
    """

    kind: str
    name: str

    def __post_init__(self) -> None:
        """Refuse a kind that the diagram has no box for."""
        if self.kind not in KINDS:
            raise ScreeningError(f'"{self.kind}" is no way of searching; there are {", ".join(KINDS)}.')


def origins_of(runs: Iterable[SearchRun]) -> dict[str, Origin]:
    """Say where each search of a review looked, by the search's name."""
    return {run.id: Origin(run.method, run.database or run.platform or run.id) for run in runs}


@dataclass(frozen=True, slots=True)
class Placement:
    """Where one record ended: the last box it is in.

    Attributes
    ----------
    record : its id, after duplicates were removed
    main : whether it is in the column of databases and registers
    box : ``removed``, ``awaiting screening``, ``excluded``, ``not retrieved``, ``awaiting assessment``,
        ``report excluded`` or ``included``
    reason : the id of the reason, where one was given
    screened : whether it was screened on title and abstract (a record of other methods may not be)
    """

    record: str
    main: bool
    box: str
    reason: str = ""
    screened: bool = True


@dataclass(frozen=True, kw_only=True)
class Identified:
    """What the searches gave: records, which of them are one work, and where each was found.

    Attributes
    ----------
    records : every record, duplicates included
    duplicates : dropped record → kept record
    origins : name of a search, as in ``Record.source`` → where it looked
    """

    records: Sequence[Record]
    duplicates: Mapping[str, str] = field(default_factory=dict)
    origins: Mapping[str, Origin] = field(default_factory=dict)

    def kept(self, record: str) -> str:
        """Follow a dropped record to the one that was kept."""
        seen: dict[str, None] = {}
        while record in self.duplicates and record not in self._kept:
            seen[record] = None
            record = self.duplicates[record]
            if record in seen:
                raise ScreeningError(
                    f"{', '.join(sorted(seen))} are duplicates of each other; one must be kept."
                )
        kept = self._kept.get(record, record)
        self._kept.update(dict.fromkeys(seen, kept))
        return kept

    @cached_property
    def _kept(self) -> dict[str, str]:
        return {}

    def unique(self) -> list[Record]:
        """Give the records that are left when duplicates are removed."""
        return [record for record in self.records if record.id not in self.duplicates]

    def hits(self) -> dict[str, set[tuple[str, Origin]]]:
        """Give per kept record each record and origin that it stands for."""
        return self._hits

    @cached_property
    def _hits(self) -> dict[str, set[tuple[str, Origin]]]:
        hits: dict[str, set[tuple[str, Origin]]] = {}
        for record in self.records:
            found = {(record.id, self.origins[source]) for source in record.source}
            hits.setdefault(self.kept(record.id), set()).update(found)
        return hits


def place_records(
    identified: Identified, logs: Sequence[DecisionLog], *, needed: int | None = None
) -> list[Placement]:
    """Say where every record ended.

    Parameters
    ----------
    identified
        What the searches gave.
    logs
        Every reviewer's file and the consensus.
    needed
        How many reviewers must judge each record; see :func:`reach_verdicts`.

    Returns
    -------
    list of Placement
        One per record that is left when duplicates are removed, in the records' order.

    Raises
    ------
    ScreeningError
        When a source has no origin, or decisions contradict each other or the records: all of them.
    """
    problems = [*_source_faults(identified), *_stray_decisions(identified, logs)]
    if problems:
        raise ScreeningError(problems)
    hits = identified.hits()
    ids = [record.id for record in identified.unique()]
    before = reach_verdicts(logs, ids, stage=BEFORE, needed=1)
    abstract = reach_verdicts(logs, ids, stage=ABSTRACT, needed=needed)
    full = reach_verdicts(logs, ids, stage=FULL_TEXT, needed=needed)
    places: list[Placement] = []
    contradictions: list[str] = []
    for record in ids:
        main = any(origin.kind in MAIN_KINDS for _, origin in hits[record])
        places.append(_place(main, before[record], abstract[record], full[record]))
        contradictions += _contradictions(places[-1], before[record], abstract[record], full[record])
    if contradictions:
        raise ScreeningError(contradictions)
    return places


def _place(main: bool, before: Verdict, abstract: Verdict, full: Verdict) -> Placement:
    record = abstract.record
    if before.state == AGREED:
        return Placement(record, main, REMOVED, before.reason, screened=False)
    # a report found by other methods may be read without its record having been screened
    direct = not main and not abstract.decisions and bool(full.decisions)
    if not direct and abstract.state != AGREED:
        return Placement(record, main, AWAITING_SCREENING, screened=False)
    if not direct and not abstract.forward:
        return Placement(record, main, EXCLUDED, abstract.reason)
    box = _full_text_box(full)
    return Placement(record, main, box, full.reason if box == REPORT_EXCLUDED else "", screened=not direct)


def _full_text_box(full: Verdict) -> str:
    if full.state != AGREED:
        return AWAITING_ASSESSMENT
    return {EXCLUDE: REPORT_EXCLUDED, NOT_RETRIEVED: LOST}.get(full.verdict, INCLUDED)


def _source_faults(identified: Identified) -> Iterator[str]:
    for record in identified.records:
        if not record.source:
            yield f"{record.id} names no source; every record comes from a search or import."
        for source in record.source:
            if source not in identified.origins:
                yield (
                    f'{record.id} comes from "{source}", which no row of searches.csv describes; '
                    "the flow diagram needs to know where it looked."
                )
    known = {record.id for record in identified.records}
    for dropped, kept in identified.duplicates.items():
        for name in (dropped, kept):
            if name not in known:
                yield f"{name} is named as a duplicate but is not among the records."


def _stray_decisions(identified: Identified, logs: Sequence[DecisionLog]) -> Iterator[str]:
    known = {record.id for record in identified.records}
    for log in logs:
        standing = {d.record for stage in (BEFORE, ABSTRACT, FULL_TEXT) for d in log.standing(stage).values()}
        for record in sorted(standing - known):
            yield f'{log.reviewer} decided on "{record}", which is not among the records.'
        for record in sorted((standing & known) & set(identified.duplicates)):
            yield (
                f"{log.reviewer} decided on {record}, which was removed as a duplicate of "
                f"{identified.kept(record)}; decide on that one."
            )


def _contradictions(place: Placement, before: Verdict, abstract: Verdict, full: Verdict) -> Iterator[str]:
    if before.state == AGREED and (abstract.decisions or full.decisions):
        yield f"{place.record} was removed before screening, yet was screened; withdraw one of the two."
    elif place.box == EXCLUDED and full.decisions:
        yield f"{place.record} was excluded on its abstract, yet has a full-text decision; withdraw one."
    elif place.box == AWAITING_SCREENING and full.decisions:
        yield f"{place.record} has a full-text decision but no agreed verdict on its abstract."


def count_flow(
    identified: Identified,
    logs: Sequence[DecisionLog],
    *,
    studies: Mapping[str, Collection[str]] | None = None,
    previous: Mapping[str, Collection[str]] | None = None,
    reasons: Iterable[Reason] = (),
    synthesised: int | None = None,
    places: Sequence[Placement] | None = None,
) -> Flow:
    """Count a PRISMA 2020 flow diagram (Page MJ et al. BMJ 2021;372:n71, figure 1).

    Parameters
    ----------
    identified, logs
        What the searches gave; every reviewer's file and the consensus.
    studies, previous
        Study → its reports (record ids), of this version and of the previous one; ``None`` while
        reports are not linked to studies, and in a new review.
    reasons
        The criteria, for the labels of reasons.
    synthesised
        How many studies entered a meta-analysis.
    places
        What :func:`place_records` gave, when it was asked before.

    Returns
    -------
    Flow
        Complete or not: ``Flow.unfinished`` says how many verdicts are still missing.

    Raises
    ------
    ScreeningError
        When anything is in two boxes or in none: the records are listed.
    """
    places = place_records(identified, logs) if places is None else places
    labels = {reason.id: str(reason) for reason in reasons}
    included = {identified.kept(p.record) for p in places if p.box == INCLUDED}
    new, added = _link_reports(identified, included, studies, previous or {})
    main, other = (_column(identified, places, labels, main=side) for side in (True, False))
    return Flow(
        databases=main,
        other=other if other.records else None,
        previous=_previous(previous),
        new_studies=None if studies is None else len(new),
        new_reports=len(included) - added,
        added_reports=added,
        synthesised=synthesised,
        notes=tuple(_notes(main, other, logs, studies)),
    )


def _previous(previous: Mapping[str, Collection[str]] | None) -> Previous | None:
    if previous is None:
        return None
    return Previous(len(previous), sum(map(len, previous.values())))


def _link_reports(
    identified: Identified,
    included: set[str],
    studies: Mapping[str, Collection[str]] | None,
    previous: Mapping[str, Collection[str]],
) -> tuple[set[str], int]:
    """Give the studies that are new, and how many reports belong to studies included before."""
    if studies is None:
        return set(), 0
    old = {report for reports in previous.values() for report in reports}
    owner: dict[str, str] = {}
    problems = []
    for study, reports in studies.items():
        for report in map(identified.kept, reports):
            if owner.setdefault(report, study) != study:
                problems.append(f"{report} is a report of both {owner[report]} and {study}.")
            if report not in included and report not in old:
                problems.append(
                    f"{report} is a report of {study} but was not included; its full-text decision must."
                )
    problems += [
        f"{report} was included but is a report of no study; name its study in the sheets."
        for report in sorted(included - set(owner))
    ]
    if problems:
        raise ScreeningError(problems)
    added = sum(owner[report] in previous for report in included)
    return {owner[report] for report in included} - set(previous), added


def _column(
    identified: Identified, places: Sequence[Placement], labels: Mapping[str, str], *, main: bool
) -> Column:
    mine = [p for p in places if p.main is main]
    hits = [(record, o) for found in identified.hits().values() for record, o in found]
    own_hits = Counter(o for _, o in hits if (o.kind in MAIN_KINDS) is main)
    boxes = Counter(p.box for p in mine)
    removed = _reasons((p for p in mine if p.box == REMOVED), {AUTOMATION: AUTOMATION})
    automation = sum(c.n for c in removed if c.label == AUTOMATION)
    sought = sum(p.box in (LOST, AWAITING_ASSESSMENT, REPORT_EXCLUDED, INCLUDED) for p in mine)
    return Column(
        name="databases and registers" if main else "other methods",
        identified=tuple(
            Count(o.name, n, o.kind)
            for o, n in sorted(own_hits.items(), key=lambda item: (KINDS.index(item[0].kind), item[0].name))
        ),
        duplicates=own_hits.total() - len(mine),
        automation=automation,
        removed=tuple(c for c in removed if c.label != AUTOMATION),
        screened=sum(p.screened for p in mine),
        excluded=boxes[EXCLUDED],
        awaiting_screening=boxes[AWAITING_SCREENING],
        direct=sum(not p.screened for p in mine) - boxes[REMOVED] - boxes[AWAITING_SCREENING],
        sought=sought,
        not_retrieved=boxes[LOST],
        awaiting_assessment=boxes[AWAITING_ASSESSMENT],
        assessed=boxes[REPORT_EXCLUDED] + boxes[INCLUDED],
        excluded_reports=_reasons((p for p in mine if p.box == REPORT_EXCLUDED), labels),
        included=boxes[INCLUDED],
    )


def _reasons(places: Iterable[Placement], labels: Mapping[str, str]) -> tuple[Count, ...]:
    """Count reasons, the most frequent first, equal ones by name."""
    counts = Counter(labels.get(p.reason, p.reason) for p in places)
    return tuple(Count(label, n) for label, n in sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _notes(
    main: Column,
    other: Column,
    logs: Sequence[DecisionLog],
    studies: Mapping[str, Collection[str]] | None,
) -> Iterator[str]:
    yield from (note for log in logs for note in log.notes)
    alone = {stage: _alone(logs, stage) for stage in (ABSTRACT, FULL_TEXT)}
    for who in dict.fromkeys(filter(None, alone.values())):
        stages = " and ".join(stage for stage in alone if alone[stage] == who)
        yield (
            f"One reviewer ({who}) screened at the {stages} stage: single screening misses more eligible "
            "records than two independent reviewers do."
        )
    if not main.of_kind("databases"):
        yield "No bibliographic database was searched for the records counted here."
    if other.excluded or other.duplicates or other.removed or other.automation:
        yield (
            "Records identified by other methods were also screened or removed as duplicates; the PRISMA "
            "2020 template has no box for that, so one is added here to keep the counts whole."
        )
    if studies is None:
        yield "Reports are not yet linked to studies, so studies are not counted."


def _alone(logs: Sequence[DecisionLog], stage: str) -> str:
    """Name the only reviewer of a stage, if there is only one."""
    people = [log.reviewer for log in logs if log.standing(stage) and log.reviewer != CONSENSUS]
    return people[0] if len(people) == 1 else ""


def require_complete(places: Iterable[Placement]) -> None:
    """Refuse a diagram that is final in looks only.

    Raises
    ------
    ScreeningError
        When records or reports still wait for a verdict: they are listed.
    """
    waiting: dict[str, list[str]] = {}
    for place in places:
        if place.box in (AWAITING_SCREENING, AWAITING_ASSESSMENT):
            waiting.setdefault(place.box, []).append(place.record)
    if waiting:
        raise ScreeningError(f"{_listed(records)} {box}." for box, records in waiting.items())


def _listed(records: Sequence[str], say: Callable[[int], str] = "{} more".format) -> str:
    shown = ", ".join(records[:_LISTED])
    more = f", and {say(len(records) - _LISTED)}" if len(records) > _LISTED else ""
    return f"{shown}{more} {'is' if len(records) == 1 else 'are'}"
