"""Keys: no row twice, and every name that a row uses is defined in another sheet or in the protocol."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from metareview.errors import did_you_mean
from metareview.extraction.drafts import Draft, Drafts
from metareview.extraction.finding import Finding
from metareview.extraction.rows import TOTAL
from metareview.protocol import Protocol

_MANY = 12


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
    for draft in rows:
        name = draft.cells.get(column, "")
        if name and name not in allowed:
            yield draft.finding("key-unknown", column, f"{where} does not define it; {_hint(name, allowed)}")


def _unknown_arms(drafts: Drafts) -> Iterator[Finding]:
    arms: dict[str, list[str]] = {}
    for draft in drafts["arms"]:
        arms.setdefault(draft.cells.get("study", ""), []).append(draft.cells.get("arm", ""))
    for name, columns in (("results", ("arm",)), ("contrasts", ("arm_1", "arm_2"))):
        for draft in drafts[name] if arms else []:
            for column in columns:
                arm, own = draft.cells.get(column, ""), arms.get(draft.cells.get("study", ""), [])
                if arm not in ("", TOTAL, *own):
                    why = f"arms.csv has no such arm of this study; {_hint(arm, own)}"
                    yield draft.finding("key-unknown", column, why)


def _hint(name: str, allowed: Sequence[str]) -> str:
    """Name the nearest word; list them all only while the list is short."""
    said = did_you_mean(name, allowed)
    if len(allowed) <= _MANY:
        return said
    near = said.split(" Allowed:")[0]
    return near if near.startswith("did you") else f"it defines {len(allowed)} others"
