"""What a figure shows, in words, for those who cannot see it."""

from __future__ import annotations

from metareview.figures.table import ForestTable, Row

_SPOKEN_STUDIES = 12


def describe_forest(table: ForestTable) -> str:
    """Say what a forest plot shows: each study while there are few, the answer, the caveats."""
    studies = [r for r in table.rows if r.kind == "study"]
    answers = [r for r in table.rows if r.kind in {"pooled", "alternative", "prediction"}]
    lines = [f"Forest plot{f' of {table.title}' if table.title else ''}: {_count(studies)}."]
    if len(studies) <= _SPOKEN_STUDIES:
        lines += [_spoken(r) for r in studies]
    else:
        lines.append(_range(studies))
    lines += [_spoken(r) for r in answers]
    lines += [f"{r.label}." for r in table.rows if r.kind == "text"]
    lines += [words for _, words in table.foot]
    return " ".join(line for line in lines if line)


def _count(studies: list[Row]) -> str:
    return "1 study" if len(studies) == 1 else f"{len(studies)} studies"


def _spoken(row: Row) -> str:
    said = row.cells.get("effect", "") or _numbers(row)
    return f"{row.label}: {said}." if said else f"{row.label}."


def _numbers(row: Row) -> str:
    if row.effect is None:
        return ""
    at, low, high = row.effect
    return f"{at:.3g} ({low:.3g} to {high:.3g})"


def _range(studies: list[Row]) -> str:
    known = [r.effect[0] for r in studies if r.effect]
    return f"Estimates run from {min(known):.3g} to {max(known):.3g}." if known else "None is estimable."
