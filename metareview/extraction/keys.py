"""Keys: no row twice, and every name that a row uses is defined in another sheet or in the protocol."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from metareview.errors import Hints
from metareview.extraction.drafts import Draft, Drafts
from metareview.extraction.finding import Finding
from metareview.extraction.rows import TOTAL
from metareview.protocol import Protocol


def key_findings(drafts: Drafts, protocol: Protocol) -> Iterator[Finding]:
    """Find rows that stand twice and names that nothing bears."""
    for rows in drafts.values():
        yield from _row_ids_twice(rows)
        yield from _keys_twice(rows)
    studies = [d.cells.get("study", "") for d in drafts["studies"]]
    if drafts["studies"]:
        for name in ("arms", "results", "contrasts", "judgements"):
            yield from _unknown(drafts[name], "study", studies, "studies.csv")
    yield from _unknown_arms(drafts)
    outcomes = [o.id for o in protocol.outcomes]
    for name in ("results", "contrasts", "judgements"):
        yield from _unknown(drafts[name], "outcome", outcomes, "the protocol")
    yield from _unknown(drafts["arms"], "role", [a.id for a in protocol.arms], "the protocol")


def _row_ids_twice(rows: Sequence[Draft]) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for draft in rows:
        name = draft.cells.get("row", "")
        if name and name in seen:
            why = f"line {seen[name]} has that id already; every row needs its own"
            yield draft.finding("key-twice", "row", why)
        seen.setdefault(name, draft.line)


def _keys_twice(rows: Sequence[Draft]) -> Iterator[Finding]:
    seen: dict[tuple[str, ...], int] = {}
    for draft in rows:
        key = draft.key(*draft.kind.key)
        if key in seen:
            named = ", ".join(f'{n} "{v}"' for n, v in zip(draft.kind.key, key, strict=True) if v)
            why = f"the row says again what line {seen[key]} says: {named}. Keep one of the two"
            yield Finding("key-twice", "error", draft.file, draft.line, "", "", why)
        seen.setdefault(key, draft.line)


def _unknown(rows: Sequence[Draft], column: str, allowed: Sequence[str], where: str) -> Iterator[Finding]:
    known, hint = set(allowed), Hints(allowed)
    for draft in rows:
        name = draft.cells.get(column, "")
        if name and name not in known:
            yield draft.finding("key-unknown", column, f"{where} does not define it; {hint.of(name)}")


def _unknown_arms(drafts: Drafts) -> Iterator[Finding]:
    arms: dict[str, dict[str, None]] = {}
    for draft in drafts["arms"]:
        arms.setdefault(draft.cells.get("study", ""), {})[draft.cells.get("arm", "")] = None
    hints = {study: Hints(list(own)) for study, own in arms.items()}
    for name, columns in (("results", ("arm",)), ("contrasts", ("arm_1", "arm_2"))):
        for draft in drafts[name] if arms else []:
            for column in columns:
                study, arm = draft.cells.get("study", ""), draft.cells.get(column, "")
                if arm and arm != TOTAL and arm not in arms.get(study, ()):
                    hint = hints.get(study, Hints([])).of(arm)
                    why = f"arms.csv has no such arm of this study; {hint}"
                    yield draft.finding("key-unknown", column, why)
