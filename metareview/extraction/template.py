"""The rows that a protocol asks for: every study, outcome, time point and arm, to be filled in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from metareview.extraction.columns import SHEETS
from metareview.extraction.grids import Cells, Grid, Grids, split_many
from metareview.extraction.identities import new_ids
from metareview.protocol import Outcome, Protocol

Slot = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Included:
    """A study that screening let in, as its records name it.

    Attributes
    ----------
    study : its id; empty when it is still to be given one
    label, year, registry, reports, status : its cells of ``studies.csv``
    author, record : what an id is made from: the family name or group that leads the authors, and the
        id of the record
    numbers : registry numbers by which its reports may be linked with others, printed in them or listed
    """

    study: str
    label: str
    year: str = ""
    registry: str = ""
    reports: tuple[str, ...] = ()
    status: str = ""
    author: str = ""
    record: str = ""
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
    known = studies_standing(studies, ours["studies"], base["studies"])
    arms = Grid(SHEETS["arms"], SHEETS["arms"].names, tuple(_arm_rows(protocol, known, ours, base)))
    grids = {"studies": studies, "arms": arms, "judgements": base["judgements"]}
    standing = arms_standing(arms, ours["arms"], base["arms"])
    for name, slots in (
        ("results", list(_result_slots(protocol, known, standing))),
        ("contrasts", list(_contrast_slots(protocol, known, standing))),
    ):
        grids[name] = _fill(name, slots, ours[name], base[name], retired)
    return grids


def left_ids(asked: Grid, base: Grid) -> set[str]:
    """Return what was generated before and is not asked for any more, by identity."""
    return set(base.by_id()) - set(asked.by_id())


def studies_standing(asked: Grid, ours: Grid, base: Grid) -> dict[str, Cells]:
    """Give the studies that will stand in the sheets: asked for and not deleted, and people's own."""
    left, generated = left_ids(asked, base), base.by_id()
    own = {name: row for name, row in ours.by_id().items() if name and name not in left}
    new = {name: row for name, row in asked.by_id().items() if name not in generated}
    return new | own


def arms_standing(asked: Grid, ours: Grid, base: Grid) -> dict[str, dict[str, str]]:
    """Give the arms that will stand in the sheets, with their roles, by study."""
    left, generated = left_ids(asked, base), base.by_id()
    new = [row for name, row in asked.by_id().items() if name not in generated]
    own = [row for name, row in ours.by_id().items() if name not in left]
    found: dict[str, dict[str, str]] = {}
    for row in (*new, *own):
        found.setdefault(row.get("study", ""), {})[row.get("arm", "")] = row.get("role", "")
    return found


def _study_rows(included: Sequence[Included], ours: Grids, base: Grids) -> Iterator[Cells]:
    """Give the included studies that are new, or that were generated before."""
    generated = base["studies"].by_id()
    reported = {r for row in ours["studies"].rows for r in split_many(row.get("reports", ""))}
    own = ours["studies"].by_id()
    for study in included:
        if study.study in generated or (study.study not in own and not reported & set(study.reports)):
            yield study.cells()


def _arm_rows(protocol: Protocol, known: Mapping[str, Cells], ours: Grids, base: Grids) -> Iterator[Cells]:
    """Give the planned arms of studies that had theirs from the protocol, or have none."""
    generated, have = _by_study(base["arms"]), _by_study(ours["arms"])
    for study in known:
        if study in generated or study not in have:
            yield from _arms_of(study, protocol, have.get(study, []), generated.get(study, []))


def _by_study(grid: Grid) -> dict[str, list[Cells]]:
    found: dict[str, list[Cells]] = {}
    for row in grid.rows:
        found.setdefault(row.get("study", ""), []).append(row)
    return found


def _arms_of(
    study: str, protocol: Protocol, have: Sequence[Cells], generated: Sequence[Cells]
) -> Iterator[Cells]:
    """Give the arms of one study; one that people gave a planned role answers for it, whatever its id."""
    planned = {arm.id for arm in protocol.arms}
    before = {row["arm"]: row for row in generated}
    answered = {row.get("role", "") for row in have}
    for arm in protocol.arms:
        if arm.id in before or arm.id not in answered:
            yield {"study": study, "arm": arm.id, "label": arm.label, "role": arm.id}
    for row in have:
        name, role = row.get("arm", ""), row.get("role", "")
        if name in before and name not in planned and role in planned:
            yield {**before[name], "role": role}


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
    """Give every slot its row: the one generated before, none when the sheet answers it, or a new one.

    A generated row whose keys people changed answers where it stands now.
    """
    kind, columns = SHEETS[name], _SLOT_COLUMNS[name]
    generated = {_slot(row, columns): row for row in base.rows}
    moved = _moved(ours, base, columns)
    answered = _answered(ours, base, columns)
    gone = Grid(kind, kind.names, tuple({"row": row} for row in retired))
    fresh = new_ids(kind, (ours, base, gone))
    given = {generated[slot]["row"] for slot in slots if slot in generated}
    rows: list[Cells] = []
    for slot in slots:
        cells = dict(zip(columns, slot, strict=True))
        if slot in generated:
            rows.append(generated[slot])
        elif slot in moved:
            rows += [{"row": moved[slot], **cells}] if moved[slot] not in given else []
        elif slot[:2] + slot[3:] not in answered:
            rows.append({"row": next(fresh), **cells})
    return Grid(kind, kind.names, tuple(rows))


def _slot(row: Cells, columns: Sequence[str]) -> Slot:
    return tuple(row.get(c, "") for c in columns)


def _moved(ours: Grid, base: Grid, columns: Sequence[str]) -> dict[Slot, str]:
    """Give the generated rows whose keys people changed, by where they stand now."""
    generated = base.by_id()
    found: dict[Slot, str] = {}
    for row in ours.rows:
        before = generated.get(row.get("row", ""))
        if before is not None and _slot(row, columns) != _slot(before, columns):
            found.setdefault(_slot(row, columns), row.get("row", ""))
    return found


def _answered(ours: Grid, base: Grid, columns: Sequence[str]) -> set[Slot]:
    """Say what people's own rows answer, at whatever time point: a slot without its time point."""
    generated = base.by_id()
    slots = (_slot(row, columns) for row in ours.rows if row.get("row", "") not in generated)
    return {slot[:2] + slot[3:] for slot in slots}
