"""Edits of a protocol's text: ids changed where they stand; every other character stays.

Each place of the text where an id may stand is marked, the marked text is read as TOML, and a place is
changed only when its mark turned up where an id belongs. Words in comments, titles and notes stay.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from metareview.errors import ProtocolError

Kind = Literal["study", "outcome", "arm"]
# the list of the protocol that defines an id, and the list of an analysis that names it
_DEFINED = {"outcome": "outcomes", "arm": "arms"}
_NAMED = {"outcome": "outcomes", "arm": "compare"}
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_VALUE = r"""(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Edited:
    """A text after its edits, and how many places of it changed."""

    text: str
    places: int


@dataclass(frozen=True, slots=True)
class Exclusion:
    """One ``exclude`` table: the analysis (or ``analysis/sensitivity``) it is of, its reasons by study."""

    analysis: str
    reasons: Mapping[str, str]
    place: Place = ()


def rename_in_plan(text: str, path: str | Path, kind: Kind, old: str, new: str) -> Edited:
    """Change an id wherever a protocol defines or names it.

    Parameters
    ----------
    text, path
        The protocol, and what messages call it.
    kind
        ``study``, ``outcome`` or ``arm`` (the planned one).

    Raises
    ------
    ProtocolError
        When the text is no TOML, or writes the id in a way that cannot be edited safely.
    """
    plan = _read(text, path)
    places = set(_places(plan, kind, old))
    return _edit(text, path, {place: (old, new) for place in places}) if places else Edited(text, 0)


def read_exclusions(text: str, path: str | Path) -> list[Exclusion]:
    """Return every ``exclude`` table that keeps a study out."""
    plan = _read(text, path)
    return [
        Exclusion(name, dict(settings["exclude"]), (*place, "exclude"))
        for name, place, settings in _settings(plan)
        if isinstance(settings.get("exclude"), dict) and settings["exclude"]
    ]


def edit_exclusions(text: str, path: str | Path, change: Callable[[Exclusion], Mapping[str, str]]) -> Edited:
    """Rename and drop entries of the ``exclude`` tables.

    Parameters
    ----------
    change
        Given a table, returns the new name of each study whose entry is to change: ``""`` to drop it.
    """
    wanted: dict[Place, tuple[str, str]] = {}
    for found in read_exclusions(text, path):
        wanted |= {(*found.place, old): (old, new) for old, new in change(found).items()}
    return _edit(text, path, wanted) if wanted else Edited(text, 0)


def _read(text: str, path: str | Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text.removeprefix("\ufeff").replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ProtocolError(f"{path} is not valid TOML: {error}.") from None


def _places(plan: Mapping[str, Any], kind: Kind, name: str) -> Iterator[Place]:
    """Say where an id stands: paths into the plan; of a key the path ends in the key itself."""
    for _, place, settings in _settings(plan):
        if kind == "study":
            yield from ((*place, "exclude", name) for _ in range(name in _table(settings.get("exclude"))))
        else:
            listed = settings.get(_NAMED[kind])
            words = listed if isinstance(listed, list) else []
            yield from ((*place, _NAMED[kind], n) for n, word in enumerate(words) if word == name)
    yield from () if kind == "study" else _definitions(plan, kind, name)


def _definitions(plan: Mapping[str, Any], kind: Kind, name: str) -> Iterator[Place]:
    for n, table in _tables(plan, _DEFINED[kind]):
        for key in ("id", "within") if kind == "outcome" else ("id",):
            if table.get(key) == name:
                yield (_DEFINED[kind], n, key)


def _settings(plan: Mapping[str, Any]) -> Iterator[tuple[str, Place, Mapping[str, Any]]]:
    """Give every analysis and sensitivity analysis, with its id and its place."""
    for n, analysis in _tables(plan, "analyses"):
        name = str(analysis.get("id", ""))
        yield name, ("analyses", n), analysis
        for m, part in _tables(analysis, "sensitivity"):
            yield f"{name}/{part.get('id', '')}", ("analyses", n, "sensitivity", m), part


def _tables(node: Mapping[str, Any], name: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    found = node.get(name)
    for n, table in enumerate(found if isinstance(found, list) else ()):
        if isinstance(table, dict):
            yield n, table


def _table(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, dict) else {}


def _edit(text: str, path: str | Path, wanted: Mapping[Place, tuple[str, str]]) -> Edited:
    """Change the ids that stand at these places, and make sure that nothing else changed."""
    spots = _spots(text, {old for old, _ in wanted.values()})
    at = _found_at(text, spots)
    edited, end = [], len(text)
    for number in reversed(range(len(spots))):
        place = at.get(number, ())
        if place in wanted:
            start, stop, replacement = _replacement(text, spots[number], wanted[place][1])
            edited += [text[stop:end], replacement]
            end = start
    result = text[:end] + "".join(reversed(edited))
    if _read_or_none(result) != _changed(_read(text, path), wanted):
        names = ", ".join(sorted({f'"{old}"' for old, _ in wanted.values()}))
        raise ProtocolError(
            f"{path} writes {names} in a way that cannot be edited safely; write it there as one plain word "
            'in quotes, or as a plain key with its reason in "…", and run the command again.'
        )
    return Edited(result, len(wanted))


def _spots(text: str, names: set[str]) -> list[tuple[int, int]]:
    """Find where a name stands alone: between quotes, or as a bare key."""
    either = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    alone = re.compile(rf"""(?<=["'])(?:{either})(?=["'])|(?<![\w"'-])(?:{either})(?=[ \t]*=)""")
    return [match.span() for match in alone.finditer(text)]


def _found_at(text: str, spots: Sequence[tuple[int, int]]) -> dict[int, Place]:
    """Mark every spot, read the text, and say where in the plan each mark came out."""
    stem = "mark"
    while stem in text:
        stem += "k"
    marked, end = [], 0
    for number, (start, stop) in enumerate(spots):
        marked += [text[end:start], f"{stem}-{number}-"]
        end = stop
    plan = _read_or_none("".join(marked) + text[end:])
    sign = re.compile(rf"{stem}-(\d+)-")
    return dict(_marks(plan, sign, spots, text)) if plan is not None else {}


def _marks(
    node: Any, sign: re.Pattern[str], spots: Sequence[tuple[int, int]], text: str, place: Place = ()
) -> Iterator[tuple[int, Place]]:
    if isinstance(node, str):
        found = sign.fullmatch(node)
        if found:
            yield int(found[1]), place
    elif isinstance(node, list):
        for n, item in enumerate(node):
            yield from _marks(item, sign, spots, text, (*place, n))
    elif isinstance(node, dict):
        for key, item in node.items():
            found = sign.fullmatch(key)
            name = text[slice(*spots[int(found[1])])] if found else key
            if found:
                yield int(found[1]), (*place, name)
            yield from _marks(item, sign, spots, text, (*place, name))


def _replacement(text: str, spot: tuple[int, int], new: str) -> tuple[int, int, str]:
    """Say which characters go, and what comes in their place."""
    start, stop = spot
    if new:
        quoted = start and text[start - 1] in "\"'"
        return start, stop, new if quoted or _BARE.fullmatch(new) else f'"{new}"'
    return (*_entry(text, start, stop), "")


def _entry(text: str, start: int, stop: int) -> tuple[int, int]:
    """Give the extent of a whole entry ``key = "reason"``: its line, or its share of a table in braces."""
    if text[start - 1] in "\"'":
        start, stop = start - 1, stop + 1
    value = re.compile(rf"[ \t]*=[ \t]*{_VALUE}").match(text, stop)
    end = value.end() if value else stop
    line = text.rfind("\n", 0, start) + 1
    rest = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\r?\n|$)").match(text, end)
    if rest and not text[line:start].replace("exclude.", "").strip():
        return line, rest.end()
    comma = re.compile(r"[ \t]*,[ \t]*").match(text, end)
    if comma:
        return start, comma.end()
    before = re.compile(r",[ \t]*$").search(text[line:start])
    return (line + before.start() if before else start), end


def _read_or_none(text: str) -> dict[str, Any] | None:
    try:
        return _read(text, "")
    except ProtocolError:
        return None


def _changed(plan: dict[str, Any], wanted: Mapping[Place, tuple[str, str]]) -> dict[str, Any]:
    """Return the plan as it is to read afterwards."""
    for place, (old, new) in sorted(wanted.items(), key=lambda item: bool(item[1][1])):  # dropped ones first
        node: Any = plan
        for step in place[:-1]:
            node = node[step]
        if isinstance(node, dict) and place[-1] == old and place[-2] == "exclude":
            reason = node.pop(old)
            if new:
                node[new] = reason
        else:
            node[place[-1]] = new
    return plan
