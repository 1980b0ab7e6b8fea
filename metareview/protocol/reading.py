"""From a TOML file to a plan, or to one sentence for each of its faults."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from metareview.characters import has_control
from metareview.errors import FileError, ProtocolError, did_you_mean
from metareview.files import read_text
from metareview.names import ID, name_fault
from metareview.protocol.plan import Protocol

_KINDS_OF_VALUE = {
    "string_type": "a text is needed",
    "float_type": "a number is needed",
    "bool_type": "true or false is needed, without quotes",
    "tuple_type": "a list is needed: [ … ]",
    "dict_type": 'a table is needed: { study = "reason" }',
    "model_type": "a table of keys is needed here",
    "string_too_short": "it must not be empty",
    "too_short": "it must name at least one",
    "too_long": "it can name two at most",
    "greater_than": "a fraction between 0.5 and 1 is needed, such as 0.95",
    "less_than": "a fraction between 0.5 and 1 is needed, such as 0.95",
    "string_pattern_mismatch": (
        "an id is made of letters, digits, dots, dashes and underscores and starts with a letter or digit"
    ),
    "date_type": "a date is needed, such as 2026-11-24, without quotes",
    "date_from_datetime_parsing": "a date is needed, such as 2026-11-24",
}
OUTPUT_NAMES = frozenset(
    [
        "summary.csv",
        "results.md",
        "made.json",
        "studies.csv",
        "summary.json",
        "inputs.json",
        "posterior.json",
        "priors.csv",
    ]
)
_LONGEST, _DEEPEST = 4_000_000, 100
_TOO_DEEP = "its tables are nested too deeply; a protocol has three levels at most."
_DOTTED = re.compile(r"(?<![\w\"'-])[\w\"'-]++(?:\s*+\.\s*+[\w\"'-]++){100,}")
_ENDLESS = re.compile(r"\d{4000}")
_LISTED = ("criteria", "searches", "arms", "outcomes", "analyses", "amendments", "sensitivity")


def read_protocol(path: str | Path) -> Protocol:
    """Read ``protocols/x.toml``.

    Raises
    ------
    ProtocolError
        All faults at once, each naming file, part, key and value, and what would be right.
    """
    try:
        text = read_text(path)
    except FileError as error:
        raise ProtocolError(error.problems) from None
    return parse_protocol(text, path)


def parse_protocol(text: str, path: str | Path) -> Protocol:
    """Read the text of a protocol; ``path`` is what messages call it."""
    raw = _tables_of(text.removeprefix("\ufeff"), path)
    problems: list[str] = []
    plan = None
    try:
        plan = Protocol.model_validate(raw)
    except ValidationError as error:
        problems = [f"{path}: {_sentence(fault, raw)}" for fault in error.errors() if not _echo(fault)]
    problems += [f"{path}: {fault}" for fault in (*_reference_faults(raw), *_control_faults(raw))]
    if problems or plan is None:
        raise ProtocolError(dict.fromkeys(problems))
    return plan


def _tables_of(text: str, path: str | Path) -> dict[str, Any]:
    """Read TOML; what would keep its reader busy for hours is refused before."""
    if len(text) > _LONGEST:
        raise ProtocolError(f"{path} has {len(text):,} characters; no protocol has more than {_LONGEST:,}.")
    for number, line in enumerate(text.splitlines(), 1):
        if line.count(".") >= _DEEPEST and _DOTTED.search(line):
            raise ProtocolError(f"{path}:{number}: {_TOO_DEEP}")
        if _ENDLESS.search(line):
            raise ProtocolError(
                f"{path}:{number}: a number has more than 4,000 digits; a shorter one is needed."
            )
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ProtocolError(f"{path}: {_TOO_DEEP}") from None
    except ValueError as error:
        raise ProtocolError(f"{path} is not valid TOML: {error}.") from None


def _echo(fault: ErrorDetails) -> bool:
    """Say whether a fault only repeats another: a list whose members failed, a second branch of a union."""
    short = fault["type"] == "too_short" and bool(fault["input"])
    return short or (fault["type"] == "float_type" and "tau2" in fault["loc"])


def _sentence(fault: ErrorDetails, raw: Mapping[str, Any]) -> str:
    """Put one fault of the shape into words."""
    place, key = _place(fault["loc"], raw)
    where = f"{place}: " if place else ""
    kind, value = fault["type"], fault["input"]
    if kind == "missing":
        return f'{where}key "{key}" is missing.'
    if kind == "extra_forbidden":
        return f'{where}key "{key}" is not known; {did_you_mean(key, _known_keys(fault["loc"]))}'
    shown = f'"{value}"' if isinstance(value, str) else str(value)
    if kind == "literal_error":
        return f"{where}{key} is {shown}; {did_you_mean(str(value), _allowed(fault))}"
    wanted = "a text or a number is needed" if key == "tau2" else _KINDS_OF_VALUE.get(kind, fault["msg"])
    return f"{where}{key} is {shown}; {wanted}."


def _place(loc: Sequence[int | str], raw: Mapping[str, Any]) -> tuple[str, str]:
    """Name the part a fault lies in, by ids where there are any, and the key itself."""
    node: Any = raw
    parts: list[str] = []
    key = ""
    for step in loc:
        if isinstance(step, int) and key in _LISTED:
            node = _step(node, step)
            name = node.get("id") if isinstance(node, Mapping) else None
            parts.append(f'{key} "{name}"' if isinstance(name, str) else f"{key} {step + 1}")
            key = ""
        elif isinstance(step, int):
            key = f"{key} (number {step + 1})"
        elif isinstance(node, Mapping) and (step in node or not key):
            parts += [key] if key else []
            node, key = node.get(step), step
    if parts and not key:
        return ", ".join(parts[:-1]), parts[-1]
    return ", ".join(parts), key


def _step(node: Any, step: int) -> Any:
    return node[step] if isinstance(node, list) and step < len(node) else None


def _known_keys(loc: Sequence[int | str]) -> list[str]:
    """List the keys of the part that a fault lies in."""
    model: type[BaseModel] = Protocol
    for step in loc[:-1]:
        if isinstance(step, str) and step in model.model_fields:
            model = _model_within(model.model_fields[step].annotation) or model
    return list(model.model_fields)


def _model_within(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for part in get_args(annotation) if (m := _model_within(part))), None)


def _allowed(fault: ErrorDetails) -> list[str]:
    expected = str(fault.get("ctx", {}).get("expected", ""))
    return [word.strip().strip("'") for word in expected.replace(" or ", ", ").split(",") if word.strip()]


def _reference_faults(raw: Mapping[str, Any]) -> Iterator[str]:
    """Find ids given twice and names that nothing bears, whatever else is wrong with the plan."""
    for key in ("criteria", "arms", "outcomes", "analyses"):
        yield from _repeated(key, _tables(raw, key))
    yield from _folder_faults("analyses", _tables(raw, "analyses"))
    outcomes, arms = _ids(raw, "outcomes"), _ids(raw, "arms")
    for outcome in _tables(raw, "outcomes"):
        within = outcome.get("within")
        if isinstance(within, str) and within and within not in outcomes:
            yield f'outcomes "{outcome.get("id")}": within names "{within}"; {did_you_mean(within, outcomes)}'
    for n, analysis in enumerate(_tables(raw, "analyses"), 1):
        name = f'analyses "{analysis.get("id", n)}"'
        yield from _unknown(name, analysis, outcomes, arms)
        parts = _tables(analysis, "sensitivity")
        yield from (f"{name}, {fault}" for fault in _repeated("sensitivity", parts))
        yield from (f"{name}, {fault}" for fault in _folder_faults("sensitivity", parts))
        for m, part in enumerate(parts, 1):
            yield from _unknown(f'{name}, sensitivity "{part.get("id", m)}"', part, outcomes, arms)


def _control_faults(found: Any, key: str = "") -> Iterator[str]:
    """Find texts with control characters, which TOML can spell and no table keeps."""
    if isinstance(found, Mapping):
        for name, value in found.items():
            yield from _control_faults(value, f"{key}.{name}".lstrip("."))
    elif isinstance(found, list):
        for number, value in enumerate(found, 1):
            yield from _control_faults(value, f"{key} {number}")
    elif isinstance(found, str) and has_control(found):
        yield f'{key} is "{found}"; it holds a control character, which no table keeps. Remove it.'


def _tables(raw: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    found = raw.get(key)
    return [table for table in found if isinstance(table, dict)] if isinstance(found, list) else []


def _ids(raw: Mapping[str, Any], key: str) -> list[str]:
    return [table["id"] for table in _tables(raw, key) if isinstance(table.get("id"), str)]


def _repeated(key: str, tables: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    counts = Counter(t["id"] for t in tables if isinstance(t.get("id"), str))
    for name, times in counts.items():
        if times > 1:
            yield f'{key}: the id "{name}" is given {times} times; every id must be its own.'


def _folder_faults(key: str, tables: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Find ids that cannot name a folder of the output on every system."""
    names = [t["id"] for t in tables if isinstance(t.get("id"), str)]
    first: dict[str, str] = {}
    for name in names:
        fault = name_fault(name) if re.fullmatch(ID, name) else ""
        twin = first.setdefault(name.casefold(), name)
        if name in OUTPUT_NAMES or name.startswith("forest."):
            fault = "it is the name of a file that pooling writes"
        if fault:
            yield f'{key} "{name}": the id cannot name a folder; {fault}.'
        if twin != name:
            yield f'{key} "{name}": the id differs from "{twin}" only by capitals; choose another.'


def _unknown(
    name: str, settings: Mapping[str, Any], outcomes: Sequence[str], arms: Sequence[str]
) -> Iterator[str]:
    for key, what, allowed in (("outcomes", "outcome", outcomes), ("compare", "arm", arms)):
        found = settings.get(key)
        for word in found if isinstance(found, list) else []:
            if isinstance(word, str) and word not in allowed:
                yield f'{name}: {key} names the {what} "{word}"; {did_you_mean(word, allowed)}'
    compare = settings.get("compare")
    if isinstance(compare, list) and len(compare) == 2 and compare[0] == compare[1]:
        yield f'{name}: compare names "{compare[0]}" twice; two different arms are needed, or one alone.'
