"""What an output was made from, so that it can be told whether it still stands.

Every analysis records the cells it was made from, its settings, and the code and libraries that made
it. An output is stale when any of these differs now; the difference names the cell.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import metareview

if TYPE_CHECKING:
    from metareview.protocol import Protocol
    from metareview.review.answering import Overrides, Planned
    from metareview.review.choosing import Chosen

Inputs = dict[str, dict[str, str]]

_LIBRARIES = ("numpy", "scipy", "matplotlib", "forestplot", "pymare", "statsmodels")
_PLACE_ONLY = {"file", "line"}


@cache
def made_with() -> dict[str, str]:
    """Say which code and libraries make the outputs: versions, and a hash of the package's files."""
    package = Path(metareview.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(p for p in package.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
        digest.update(path.relative_to(package).as_posix().encode())
        digest.update(path.read_bytes())
    libraries = {name: version(name) for name in _LIBRARIES}
    return {"metareview": metareview.__version__, "code": digest.hexdigest()[:16], **libraries}


def inputs_of(
    planned: Planned,
    chosen: Chosen,
    protocol: Protocol,
    *,
    overrides: Overrides,
    beside: Sequence[Planned] = (),
) -> Inputs:
    """Give everything an answer is made from, by source and by cell.

    Parameters
    ----------
    planned, chosen
        The analysis, and the rows it is made from.
    protocol
        For the outcomes and arms that the analysis names.
    overrides
        What the user put in place of the plan's choices.
    beside
        Analyses whose answers are drawn on the same figure.
    """
    found: Inputs = {
        "settings": _texts(planned.analysis.model_dump(mode="json", exclude={"sensitivity"})),
        "overrides": overrides.given(),
        "made with": made_with(),
    }
    for other in beside:
        found[f"settings of {other.id}"] = _texts(other.analysis.model_dump(mode="json"))
    named = {*planned.analysis.outcomes, *planned.analysis.compare}
    parts = {**{o.id: o for o in protocol.outcomes}, **{a.id: a for a in protocol.arms}}
    for name in sorted(named & parts.keys()):
        found[f"protocol {name}"] = _texts(parts[name].model_dump(mode="json"))
    for entered in chosen.entered:
        found[f"studies.csv {entered.study.study}"] = _cells(entered.study)
        for row in entered.rows:
            found[f"{Path(row.file).name} {row.row}"] = _cells(row)
    for left in chosen.left_out:
        found[f"left out {left.study.study}"] = {"reason": left.reason}
    return found


def _cells(row: Any) -> dict[str, str]:
    names = (field.name for field in fields(row) if field.name not in _PLACE_ONLY)
    return _texts({name: getattr(row, name) for name in names})


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
        for name, value in values.items()
        if value not in (None, "", [], (), {})
    }


def fingerprint(inputs: Any) -> str:
    """Give one hash for all inputs."""
    return hashlib.sha256(json.dumps(inputs, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def differences(then: Inputs, now: Inputs) -> Iterator[str]:
    """Say cell by cell what changed since an output was made."""
    for source in sorted(then.keys() | now.keys()):
        old, new = then.get(source), now.get(source)
        if old is None:
            yield f"{source} is new"
        elif new is None:
            yield f"{source} is gone"
        else:
            yield from _changed_cells(source, old, new)


def _changed_cells(source: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(old.keys() | new.keys()):
        was, now = old.get(name, ""), new.get(name, "")
        if was != now:
            yield f'{source}: {name} was "{was}", is "{now}"'
