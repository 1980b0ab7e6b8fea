"""The rows that a protocol asks for: every study, outcome, time point and arm, to be filled in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from metareview.extraction.columns import SHEETS
from metareview.extraction.grids import Cells, Grid, Grids
from metareview.extraction.identities import new_ids
from metareview.protocol import Outcome, Protocol

Slot = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Included:
    """A study that screening let in, as its records name it.

    Attributes
    ----------
    numbers : registry numbers by which its reports may be linked with others, printed in them or listed
    """

    study: str
    label: str
    year: str = ""
    registry: str = ""
    reports: tuple[str, ...] = ()
    status: str = ""
    numbers: tuple[str, ...] = ()

    def cells(self) -> dict[str, str]:
        """Give its row of ``studies.csv``."""
        return {
            "study": self.study,
            "label": self.label,
            "year": self.year,
            "registry": self.registry,
            "reports": "; ".join(self.reports),
            "status": self.status,
        }


def expected_grids(
    protocol: Protocol, included: Sequence[Included], ours: Grids, base: Grids, retired: Iterable[str] = ()
) -> Grids:
    """Give the sheets that protocol and screening ask for now.

    Parameters
    ----------
    protocol
        Says which outcomes, time points and arms.
    included
        The studies that screening let in.
    ours
        The sheets as they stand; what they hold already is not asked for again.
    base
        The rows that were generated last; those still asked for keep their ids.
    retired
        Row ids that once were and must not return.
    """
    studies = Grid(SHEETS["studies"], SHEETS["studies"].names, tuple(_study_rows(included, ours, base)))
    left = set(base["studies"].by_id()) - set(studies.by_id())
    own = [row for row in ours["studies"].rows if row["study"] not in left]
    known = {row["study"]: row for row in (*studies.rows, *own)}
    arms = Grid(SHEETS["arms"], SHEETS["arms"].names, tuple(_arm_rows(protocol, known, ours, base)))
    grids = {"studies": studies, "arms": arms, "judgements": base["judgements"]}
    everyone = _arms_of(arms.rows) | _arms_of(ours["arms"].rows)
    for name, slots in (
        ("results", list(_result_slots(protocol, known, everyone))),
        ("contrasts", list(_contrast_slots(protocol, known, everyone))),
    ):
        grids[name] = _fill(name, slots, ours[name], base[name], retired)
    return grids


def _study_rows(included: Sequence[Included], ours: Grids, base: Grids) -> Iterator[Cells]:
    """Give the included studies that are new, or that were generated before."""
    generated = base["studies"].by_id()
    reported = {r for row in ours["studies"].rows for r in _split(row.get("reports", ""))}
    own = {row["study"] for row in ours["studies"].rows}
    for study in included:
        if study.study in generated or (study.study not in own and not reported & set(study.reports)):
            yield study.cells()


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]


def _arm_rows(protocol: Protocol, known: Mapping[str, Cells], ours: Grids, base: Grids) -> Iterator[Cells]:
    """Give the arms of studies whose arms the code made; one that was renamed keeps its name."""
    generated: dict[str, dict[str, list[str]]] = {}
    for row in base["arms"].rows:
        generated.setdefault(row["study"], {}).setdefault(row.get("role", ""), []).append(row["arm"])
    have = {row["study"] for row in ours["arms"].rows}
    for study in known:
        if study in generated or study not in have:
            for arm in protocol.arms:
                for name in generated.get(study, {}).get(arm.id, [arm.id]):
                    yield {"study": study, "arm": name, "label": arm.label, "role": arm.id}


def _arms_of(rows: Sequence[Cells]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        found.setdefault(row["study"], {})[row["arm"]] = row.get("role", "")
    return found


def asked_outcomes(protocol: Protocol, design: str) -> Iterator[Outcome]:
    """Give the outcomes that some analysis wants of a study of this design (all of them when none plans)."""
    wanted: set[str] = set()
    for analysis in protocol.analyses:
        for merged, _ in analysis.with_sensitivity():
            if not merged.designs or not design or design in merged.designs:
                wanted.update(merged.outcomes)
    for outcome in protocol.outcomes:
        if outcome.id in wanted or (not protocol.analyses and outcome.domain != "baseline"):
            yield outcome


def _result_slots(
    protocol: Protocol, known: Mapping[str, Cells], arms: Mapping[str, Mapping[str, str]]
) -> Iterator[Slot]:
    for study, row in known.items():
        for outcome in asked_outcomes(protocol, row.get("design", "")) if not row.get("exclude") else ():
            if outcome.kind != "contrast":
                for timepoint in outcome.timepoints or ("",):
                    yield from ((study, outcome.id, timepoint, arm) for arm in arms.get(study, ()))


def _contrast_slots(
    protocol: Protocol, known: Mapping[str, Cells], arms: Mapping[str, Mapping[str, str]]
) -> Iterator[Slot]:
    """Give the reported effects wanted: the arms compared by the analyses, each outcome with its measure."""
    wanted = {
        (name, analysis.measure, analysis.compare)
        for analysis in protocol.analyses
        for name in analysis.outcomes
        if protocol.outcome(name).kind == "contrast" and len(analysis.compare) == 2
    }
    for study, row in known.items():
        own = arms.get(study, {})
        for name, measure, (one, two) in sorted(wanted) if not row.get("exclude") else ():
            for timepoint in protocol.outcome(name).timepoints or ("",):
                for first in (a for a, role in own.items() if role == one):
                    for second in (a for a, role in own.items() if role == two):
                        yield study, name, timepoint, first, second, measure


_SLOT_COLUMNS = {
    "results": ("study", "outcome", "timepoint", "arm"),
    "contrasts": ("study", "outcome", "timepoint", "arm_1", "arm_2", "measure"),
}


def _fill(name: str, slots: Sequence[Slot], ours: Grid, base: Grid, retired: Iterable[str]) -> Grid:
    """Give every slot its row: the one generated before, none when the sheet answers it, or a new one."""
    kind, columns = SHEETS[name], _SLOT_COLUMNS[name]
    generated = {tuple(row.get(c, "") for c in columns): row for row in base.rows}
    answered = _answered(ours, base, columns)
    gone = Grid(kind, kind.names, tuple({"row": row} for row in retired))
    fresh = new_ids(kind, (ours, base, gone))
    rows: list[Cells] = []
    for slot in slots:
        if slot in generated:
            rows.append(generated[slot])
        elif slot[:2] + slot[3:] not in answered:
            rows.append({"row": next(fresh), **dict(zip(columns, slot, strict=True))})
    return Grid(kind, kind.names, tuple(rows))


def _answered(ours: Grid, base: Grid, columns: tuple[str, ...]) -> set[Slot]:
    """Say what people's own rows answer, at whatever time point: a slot without its time point."""
    generated = base.by_id()
    own = [row for row in ours.rows if row.get("row", "") not in generated]
    slots = (tuple(row.get(c, "") for c in columns) for row in own)
    return {slot[:2] + slot[3:] for slot in slots}
