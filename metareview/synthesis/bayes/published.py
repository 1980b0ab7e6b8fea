"""The published priors for heterogeneity, by type of outcome and of comparison."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from metareview.errors import SynthesisError, did_you_mean

_FOLDER = Path(__file__).parent.parent / "priors"
_GENERAL = "general"
_COMPARATORS = ("pharmacological", "non-pharmacological", "placebo / control")
_SHORT = {"placebo": _COMPARATORS[2], "control": _COMPARATORS[2], "placebo/control": _COMPARATORS[2]}


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """One row of a published table: a distribution for ``log tau2``.

    Attributes
    ----------
    outcome, comparison, area : what it is for
    tau2_location, tau2_scale : of log tau2; half of each for log tau
    df : of the t distribution; None for the normal
    """

    outcome: str
    comparison: tuple[str, str]
    area: str
    tau2_location: float
    tau2_scale: float
    df: float | None

    @property
    def written(self) -> str:
        """Name the row as a specification does."""
        parts = [self.outcome, " vs ".join(self.comparison), *([self.area] if self.area else [])]
        return ", ".join(parts)


@cache
def published_rows(name: str) -> tuple[PublishedRow, ...]:
    """Return every row of ``turner2015`` or ``rhodes2015``."""
    with (_FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            PublishedRow(
                row["outcome"],
                (row["comparator_1"], row["comparator_2"]),
                row["area"],
                float(row["tau2_location"]),
                float(row["tau2_scale"]),
                float(row["df"]) if row["df"] else None,
            )
            for row in csv.DictReader(file)
        )


def published_prior(name: str, given: Sequence[str]) -> PublishedRow:
    """Find the row for an outcome, a comparison and, for Rhodes, an area of medicine.

    Parameters
    ----------
    name
        ``turner2015`` or ``rhodes2015``.
    given
        Outcome, comparison and area (other, unless given); nothing at all stands for outcomes and
        comparisons in general.

    Raises
    ------
    SynthesisError
        When the table has no such outcome, comparison or area, naming what it has.
    """
    rows = published_rows(name)
    areas = sorted({row.area for row in rows if row.area})
    if len(given) > (3 if areas else 2):
        wanted = "outcome, comparison, area" if areas else "outcome, comparison"
        raise SynthesisError(f"prior is {name}({', '.join(given)}); it takes {wanted}.")
    outcomes = list(dict.fromkeys(row.outcome for row in rows))
    outcome = _pick(name, "outcome", given[0], outcomes) if given else _GENERAL
    if outcome != _GENERAL and len(given) < 2:
        raise SynthesisError(
            f"prior {name}({outcome}) needs the comparison too: write {name}({outcome}, A vs B) with A and B "
            f"two of {', '.join(_COMPARATORS)}."
        )
    pair = _comparison(name, given[1]) if len(given) > 1 else (_COMPARATORS[0], _COMPARATORS[2])
    area = _pick(name, "area", given[2], areas) if len(given) > 2 else ("other" if areas else "")
    for row in rows:
        if row.outcome == outcome and set(row.comparison) == set(pair) and row.area == area:
            return row
    raise SynthesisError(
        f"prior {name} has no row for {outcome} and {' vs '.join(pair)}; it has comparisons "
        + ", ".join(sorted({" vs ".join(r.comparison) for r in rows if r.outcome == outcome}))
        + "."
    )


def _pick(name: str, what: str, word: str, allowed: Sequence[str]) -> str:
    """Take the one entry that is meant: the whole of it, one of its parts, or a piece only it has."""
    wanted = _plain(word)
    ways: tuple[Callable[[str], bool], ...] = (
        lambda entry: _plain(entry) == wanted,
        lambda entry: wanted in [_plain(part) for part in re.split(r" / | and |[()]", entry)],
        lambda entry: wanted in _plain(entry),
    )
    for way in ways:
        found = [entry for entry in allowed if wanted and way(entry)]
        if len(found) == 1:
            return found[0]
        if found:
            raise SynthesisError(
                f'prior {name}: {what} "{word}" may be {" or ".join(found)}; write more of it.'
            )
    raise SynthesisError(f'prior {name}: {what} is "{word}"; {did_you_mean(word, allowed)}')


def _comparison(name: str, text: str) -> tuple[str, str]:
    sides = re.split(r" (?:vs\.?|versus) ", " ".join(text.split()), flags=re.IGNORECASE)
    if len(sides) != 2:
        raise SynthesisError(
            f'prior {name}: comparison is "{text}"; write two of {", ".join(_COMPARATORS)} with "vs" between.'
        )
    one, other = (_comparator(name, side) for side in sides)
    return one, other


def _comparator(name: str, word: str) -> str:
    plain = _plain(word)
    for entry in _COMPARATORS:
        if _plain(entry) == plain:
            return entry
    if plain in _SHORT:
        return _SHORT[plain]
    raise SynthesisError(f'prior {name}: comparator is "{word}"; {did_you_mean(word, _COMPARATORS)}')


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
