"""Ids of studies: made once, as people write them, and bound to the reports of the study ever after."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from metareview.extraction.grids import Cells, Grids, split_many
from metareview.extraction.joining import united
from metareview.extraction.leaving import cells_of
from metareview.extraction.template import Included
from metareview.names import name_fault

_LONGEST = 40
_PLAIN = ("AE", "ae", "OE", "oe", "O", "o", "L", "l", "D", "d", "D", "d", "Th", "th", "ss", "i")
_SPELLED = str.maketrans(
    {
        **dict(zip("ÆæŒœØøŁłĐđÐðÞþßı", _PLAIN, strict=True)),
        **dict.fromkeys("‐‑–—−", "-"),
        **dict.fromkeys("'’ʼ`´", ""),
    }
)
_WORD = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")
# what tells a group of authors from a person, and is no part of its name
_GROUP = re.compile(
    r"cent(?:re|er)s?|collaborat\w*|committee|consortium|cooperative|coordinat\w*|groups?|initiative"
    r"|investigators?|members|network|officers|registry|research\w*|steering|stud(?:y|ies)|teams?"
    r"|trial(?:s|ists)?|writing",
    re.IGNORECASE,
)
_UNITED = ("reports", "registry", "status")
_SMALL = re.compile(r"an?|and|at|behalf|by|for|from|in|of|on|or|the|to|with", re.IGNORECASE)


def with_ids(
    included: Sequence[Included], ours: Grids, base: Grids, removed: Sequence[Cells]
) -> list[Included]:
    """Give every included study its id: the one its reports had before, or a new one that nobody has.

    Parameters
    ----------
    included
        What screening let in; the id that one brings along is only a proposal.
    ours, base
        The sheets as they stand, and as they were last generated.
    removed
        The rows of ``removed.csv``: a study that returns gets its id back, no other gets it.
    """
    former = [cells_of(row) or {} for row in removed if row["sheet"] == "studies"]
    rows = [*ours["studies"].rows, *base["studies"].rows, *former]
    bound: dict[str, str] = {}
    for row in rows:
        for report in split_many(row.get("reports", "")):
            bound.setdefault(report.casefold(), row.get("study", ""))
    known = [_bound_id(one, bound) for one in included]
    unreported = {row.get("study", "") for row in rows} - set(bound.values())
    taken = {name.casefold() for name in (*(row.get("study", "") for row in rows), *known)}
    named = list(_named(zip(included, known, strict=True), unreported, taken))
    return list(_joined(named, ours, base))


def _bound_id(one: Included, bound: Mapping[str, str]) -> str:
    return next((bound[r.casefold()] for r in one.reports if r.casefold() in bound), "")


def _named(
    included: Iterable[tuple[Included, str]], unreported: set[str], taken: set[str]
) -> Iterator[Included]:
    """Give each study the id it had; else that of a row which names no report; else a new one."""
    for one, known in included:
        wanted = next(_proposals(one))
        if known or wanted in unreported:
            yield replace(one, study=known or wanted)
            continue
        name = next(name for name in _proposals(one) if name.casefold() not in taken)
        taken.add(name.casefold())
        yield replace(one, study=name)


def _proposals(one: Included) -> Iterator[str]:
    """Propose ids, the best first: name and year, then with a letter, then the record's own id."""
    if one.study:
        yield from _numbered(one.study, "", letters=True)
    stem = name_stem(one.author) if one.author else _title_stem(one)
    if stem and not name_fault(stem):
        yield from _numbered(stem, one.year, letters=bool(one.year))
    own = re.sub(r"[^A-Za-z0-9]+", "-", one.record or one.label).strip("-")[:60]
    yield from _numbered(own or "study", "", letters=False)


def _numbered(stem: str, year: str, *, letters: bool) -> Iterator[str]:
    name = f"{stem}-{year}" if year and stem[-1].isdigit() else stem + year
    yield name
    further = "bcdefghijklmnopqrstuvwxyz" if letters else ""
    yield from (name + letter for letter in further)
    yield from (f"{name}-{n}" for n in range(2 + len(further), 100_000))


def name_stem(author: str) -> str:
    """Return what a study is called by its first author: a person's name, or what a group calls its trial.

    ``""`` when most of the name has no Latin letters.

    >>> name_stem("Zhao"), name_stem("CRASH-3 trial collaborators"), name_stem("van der Berg")
    ('Zhao', 'CRASH3', 'van-der-Berg')
    >>> name_stem("Diabetes Control and Complications Trial Research Group"), name_stem("王")
    ('DiabetesControlComplications', '')
    """
    words = _latin_words(author)
    if not any(_GROUP.fullmatch(word) for word in words):
        return _tidy("-".join(words))
    own = [word for word in words if not (_GROUP.fullmatch(word) or _SMALL.fullmatch(word))]
    return _tidy(_acronym(own) or _run_together(own)) or _tidy(_run_together(words))


def _title_stem(one: Included) -> str:
    """Name a study without authors by its registry number, else by the first words of its label."""
    registry = split_many(one.registry)
    if registry:
        return _tidy("-".join(_latin_words(registry[0])))
    words = _latin_words(one.label.removesuffix(one.year))
    return _tidy(_run_together([word for word in words if not _SMALL.fullmatch(word)]))


def _latin_words(text: str) -> list[str]:
    """Return the words of a text in plain letters; none when more was lost than kept."""
    apart = unicodedata.normalize("NFKD", text.translate(_SPELLED))
    kept = "".join(c for c in apart if not unicodedata.combining(c))
    lost = sum(c.isalnum() and not c.isascii() for c in kept)
    words = _WORD.findall(kept)
    return words if lost <= sum(map(len, words)) else []


def _acronym(words: Sequence[str]) -> str:
    """Return the first word that is an acronym or holds a number, with a number that follows it.

    >>> _acronym(["GBD", "2019"]), _acronym(["Heart", "CHECKMATE-214"]), _acronym(["Heart"])
    ('GBD2019', 'CHECKMATE-214', '')
    """
    for place, word in enumerate(words):
        if sum(c.isupper() for c in word) > 1 or any(c.isdigit() for c in word):
            following = words[place + 1 : place + 2]
            return word + "".join(following if following and following[0].isdigit() else ())
    return ""


def _run_together(words: Sequence[str]) -> str:
    return "".join(word[0].upper() + word[1:] for word in words[:3])


def _tidy(stem: str) -> str:
    """Write a number without the hyphen before it, as in CRASH3."""
    return re.sub(r"(?<=[A-Za-z])-(?=\d)", "", stem)[:_LONGEST].rstrip("-")


def _joined(included: Sequence[Included], ours: Grids, base: Grids) -> Iterator[Included]:
    """Let several included reports of one study be one row of it."""
    together: dict[str, list[Included]] = {}
    for one in included:
        together.setdefault(one.study, []).append(one)
    mine, generated = ours["studies"].by_id(), base["studies"].by_id()
    for name, reports in together.items():
        if len(reports) == 1:
            yield reports[0]
        else:
            yield _one_of(reports, mine.get(name, {}), generated.get(name, {}))


def _one_of(several: Sequence[Included], mine: Cells, generated: Cells) -> Included:
    """Take the report that leads the row, with what the others add to it."""
    known = split_many(generated.get("reports", ""))
    ordered = sorted(several, key=lambda one: _place(one, known))
    told = {column: united(column, [one.cells()[column] for one in ordered]) for column in _UNITED}
    for column in ("reports", "registry"):  # what the row says already, in its own order, stays
        if set(split_many(told[column])) <= set(split_many(mine.get(column, ""))):
            told[column] = generated.get(column, "") or told[column]
    return replace(
        ordered[0],
        reports=tuple(split_many(told["reports"])),
        registry=told["registry"],
        status=told["status"],
        numbers=tuple(dict.fromkeys(number for one in ordered for number in one.numbers)),
    )


def _place(one: Included, known: Sequence[str]) -> int:
    """Say how early a row names a report of a study."""
    return min((known.index(report) for report in one.reports if report in known), default=len(known))
