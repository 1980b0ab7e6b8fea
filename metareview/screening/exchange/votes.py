"""What the three programs' files have in common: rows, votes inside notes, and whose record a row is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from metareview.errors import ScreeningError
from metareview.screening.decision import (
    ABSTRACT,
    CONSENSUS,
    EXCLUDE,
    FULL_TEXT,
    INCLUDE,
    UNCLEAR,
    Decision,
    Reason,
    decision_faults,
    now,
    reviewer_fault,
    stored,
)
from metareview.screening.export_text import read_export
from metareview.screening.log import DecisionLog
from metareview.search import Record
from metareview.search.record import clean_doi, clean_pmid, find_year
from metareview.tables import parse_table

WORDS = {INCLUDE: "Included", EXCLUDE: "Excluded", UNCLEAR: "Maybe"}
_OLD_WORDS = {"true": INCLUDE, "false": EXCLUDE}
_VERDICTS = {word.casefold(): verdict for verdict, word in WORDS.items()} | _OLD_WORDS
_PAIR = re.compile(r'(?<!\\)"((?:[^"\\]|\\.)*+)"\s*+=>\s*+"?(\w+)"?')
_TAG = re.compile(r"([A-Z][A-Z0-9])  ?- ?(.*)")
RIS_NAMES = {"TI": "title", "T1": "title", "DO": "doi", "PY": "year", "Y1": "year", "N1": "notes"}


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file of another program said.

    Attributes
    ----------
    decisions : one per reviewer and record
    unmatched : rows that are no record of the review, each with its line and title
    notes : what a reader must know
    """

    decisions: tuple[Decision, ...]
    unmatched: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mapped:
    """How another program's words become ours.

    Attributes
    ----------
    stage : ``abstract`` or ``full text``
    reasons : the protocol's criteria
    names : their name of a reviewer → ours
    words : their wording of a reason → the id of a criterion
    """

    stage: str = ABSTRACT
    reasons: Sequence[Reason] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)

    def reviewer(self, name: str) -> str:
        """Give our name of a reviewer."""
        return self.names.get(name, name)

    def reason(self, words: str) -> str:
        """Give the id of a reason, or ``""`` where none is meant."""
        known = {words.casefold(): r.id for r in self.reasons for words in (r.label, r.id)}
        known |= {wording.casefold(): name for wording, name in self.words.items()}
        return known.get(words.casefold(), "")


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a file, whatever its form: the line it starts on and its fields by lower-case name."""

    line: int
    fields: Mapping[str, str]

    def get(self, *names: str) -> str:
        """Give the first field that holds anything."""
        return next((self.fields[n] for n in names if self.fields.get(n)), "")


def read_entries(path: str | Path) -> list[Entry]:
    """Read a CSV or RIS file of another program, its stray control characters left out."""
    text = read_export(path)
    if _TAG.match(text.lstrip()):
        return list(_tagged(text))
    table = parse_table(text, path)
    return [Entry(row.line, {name.casefold(): cell for name, cell in row.cells.items()}) for row in table]


def _tagged(text: str) -> Iterator[Entry]:
    """Read RIS: a record begins with ``TY`` and ends with ``ER``, or where the next one begins."""
    start, fields = 1, dict[str, str]()
    for number, line in enumerate(text.splitlines(), 1):
        found = _TAG.match(line)
        if not found:
            continue
        tag, value = found[1], found[2].strip()
        if tag in ("TY", "ER") and fields:
            yield Entry(start, fields)
            fields = {}
        start = number if tag == "TY" else start
        if tag in RIS_NAMES and value:
            name = RIS_NAMES[tag]
            fields[name] = f"{fields[name]} | {value}" if name == "notes" and name in fields else value
    if fields:
        yield Entry(start, fields)


class Finder:
    """Finds which record of the review a row of another program is: by id, PMID, DOI, or title and year."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._known: dict[tuple[str, str], str] = {}
        for record in records:
            for key in self._keys(record.id, record.pmid, record.doi, record.title, record.year):
                # what two records share tells neither of them
                self._known[key] = "" if self._known.get(key, record.id) != record.id else record.id

    @staticmethod
    def _keys(name: str, pmid: str, doi: str, title: str, year: int | None) -> Iterator[tuple[str, str]]:
        words = "".join(c for c in title.casefold() if c.isalnum())
        for kind, value in (
            ("id", name),
            ("pmid", pmid),
            ("doi", doi.lower()),
            ("title and year", f"{words}{year}" if words and year else ""),
            ("title", words),
        ):
            if value:
                yield kind, value

    def find(self, entry: Entry) -> str:
        """Give the record's id, or ``""``."""
        keys = self._keys(
            entry.get("metareview_id", "key", "ref"),
            clean_pmid(entry.get("pubmed_id", "pmid", "accession number")),
            clean_doi(entry.get("doi")),
            entry.get("title", "primary_title"),
            find_year(entry.get("year", "published year", "date")),
        )
        return next((self._known[key] for key in keys if self._known.get(key)), "")


def quoted(votes: Mapping[str, str]) -> str:
    """Write votes as Rayyan does: ``{"Ann"=>"Included", "Bo"=>"Excluded"}``."""
    pairs = (f'"{_escape(name)}"=>"{WORDS[verdict]}"' for name, verdict in votes.items() if verdict in WORDS)
    return "{" + ", ".join(pairs) + "}"


def _escape(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"')


def unquoted(text: str) -> dict[str, str]:
    r"""Read what :func:`quoted` writes; words that are no verdict are passed over.

    >>> unquoted('{"Ann"=>"Included", "Bo \\"B\\""=>"Maybe"}')
    {'Ann': 'include', 'Bo "B"': 'unclear'}
    """
    found = ((re.sub(r"\\(.)", r"\1", name), word.casefold()) for name, word in _PAIR.findall(text))
    return {name: _VERDICTS[word] for name, word in found if word in _VERDICTS}


Votes = Mapping[str, Mapping[str, Decision]]


def standing_votes(logs: Sequence[DecisionLog], stage: str) -> Votes:
    """Give record → reviewer → vote at a stage; a consensus is no vote."""
    votes: dict[str, dict[str, Decision]] = {}
    for log in logs:
        if log.reviewer != CONSENSUS:
            for record, decision in log.standing(stage).items():
                votes.setdefault(record, {})[log.reviewer] = decision
    return votes


def gather_decisions(
    path: str | Path, votes: Iterable[tuple[Entry, Decision]], finder: Finder, reasons: Sequence[Reason]
) -> Imported:
    """Give decisions their records; refuse those that cannot be, all at once.

    Raises
    ------
    ScreeningError
        When a decision lacks its reason or a reviewer's name cannot name a file.
    """
    decisions, unmatched, problems = [], dict[str, None](), []
    allowed = [reason.id for reason in reasons] or None
    for entry, decision in votes:
        record = finder.find(entry)
        if not record:
            unmatched[f'{path}:{entry.line}: "{entry.get("title", "primary_title")}"'] = None
            continue
        made = _with_record(decision, record)
        decisions.append(made)
        problems += [f"{path}:{entry.line}: {fault}" for fault in _faults(made, allowed)]
    if problems:
        raise ScreeningError(dict.fromkeys(problems))
    return Imported(tuple(decisions), tuple(unmatched))


def _with_record(decision: Decision, record: str) -> Decision:
    return stored(replace(decision, record=record, when=decision.when or now()))


def _faults(decision: Decision, allowed: Sequence[str] | None) -> Iterator[str]:
    yield from decision_faults(decision, allowed)
    fault = reviewer_fault(decision.reviewer)
    if fault:
        yield (
            f'reviewer "{decision.reviewer}" cannot name a file, {fault}; give another name, as in '
            f'--name "{decision.reviewer}=AB".'
        )


def settle_reason(verdict: str, words: str, mapped: Mapped) -> tuple[str, str]:
    """Turn another program's wording of reasons into one criterion and what is left for the note.

    At full text the first reason that is a criterion is the primary one.
    """
    given = [w.strip() for w in re.split(r"[,;]", words) if w.strip()]
    if verdict != EXCLUDE or not given:
        return "", ""
    whole = mapped.reason(words.strip())
    if whole:
        return whole, ""
    found = [mapped.reason(w) for w in given]
    primary = next((r for r in found if r), "")
    if not primary and mapped.stage == FULL_TEXT and not mapped.reasons:
        primary = given[0]
    rest = [w for w, r in zip(given, found, strict=True) if (r or w) != primary]
    return primary, f"reasons given: {', '.join(rest)}" if rest else ""
