"""Reading records at the terminal, one key each; what is decided is on the disk before the next is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from time import monotonic
from typing import TYPE_CHECKING

import click

from metareview.characters import printable, storable
from metareview.cli.keys import single_keys
from metareview.cli.terminal import console, plain, say
from metareview.errors import ScreeningError
from metareview.names import person_key
from metareview.review.place import find_review
from metareview.review.screened import ScreeningDesk
from metareview.screening import Decision, append_decisions
from metareview.screening.decision import (
    ABSTRACT,
    AUTOMATION,
    BEFORE,
    CONSENSUS,
    EXCLUDE,
    FULL_TEXT,
    INCLUDE,
    NOT_RETRIEVED,
    UNCLEAR,
    WITHDRAWN,
    Reason,
    now,
)
from metareview.screening.highlight import find_words, question_words
from metareview.screening.log import check_reviewer, log_path
from metareview.screening.presence import present
from metareview.screening.sitting import DecidedElsewhereError, Desk, Sitting, conflicts, due_records

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from metareview.protocol import PICO
    from metareview.search import Record

COLOURS = {
    "population": "bold cyan",
    "intervention": "bold green",
    "comparator": "bold yellow",
    "outcomes": "bold magenta",
}
KEYS = {
    "i": "include",
    "e": "exclude",
    "u": "unclear",
    "x": "not retrieved",
    "b": "back (undo)",
    "n": "note",
    "s": "skip",
    "t": "test whether to stop",
    "?": "keys",
    "q": "quit",
}
DIGITS = tuple("123456789")
STAGE = click.option(
    "--stage",
    type=click.Choice(["abstract", "full-text"]),
    default="abstract",
    show_default=True,
    help="Which stage.",
)
AS = click.option("--as", "reviewer", required=True, metavar="NAME", help="Who decides: initials or a name.")


@contextmanager
def seated(desk: ScreeningDesk, stage: str, reviewer: str, owner: str = "") -> Iterator[Desk]:
    """Return a reviewer's desk; report how the name is spelled here, and who else is at work under it."""
    folder = desk.place.screened
    if not owner:
        check_reviewer(reviewer)
    path = log_path(folder, owner or reviewer)
    name = storable(reviewer if owner else path.stem)
    if not owner and name != storable(reviewer):
        say(f'note: "{printable(reviewer)}" is {name} here; decisions are kept in {path}.', err=True)
    with present(folder, path.stem) as alone:
        if not alone:
            say(
                f"note: {path} is being added to in another window; what is decided there is not asked here "
                "again.",
                err=True,
            )
        yield Desk(folder, stage, name, owner)


def stage_named(option: str) -> str:
    """Give the stage as decisions keep it."""
    return option.replace("-", " ")


@click.command()
@click.argument("review")
@STAGE
@AS
@click.option(
    "--prioritise",
    is_flag=True,
    help="Let a learner put the likely relevant first (extra: metareview[screen]); it excludes nothing.",
)
def read(review: str, stage: str, reviewer: str, prioritise: bool) -> None:
    """Read the records of REVIEW one by one and decide with single keys.

    Keys: i include, e exclude, 1-9 exclude for the reason of that number, u unclear, x report not
    retrieved (full text), b back (undo), n note, s skip, t test whether to stop, ? keys, q quit.
    Without a terminal, each line of the input is one key.

    Each decision is added to screened/REVIEW/NAME.csv at once; reading goes on where it was left. Other
    reviewers' decisions are not shown.

    \b
    Example:
      metareview screen msc-sr-agvhd --stage abstract --as AB --prioritise
    """
    desk = ScreeningDesk(find_review(review))
    named = stage_named(stage)
    due = due_records(desk.identified.unique(), desk.logs, stage=named)
    with seated(desk, named, reviewer) as seat, _open_screen(desk.protocol.pico) as screen:
        Reading(Sitting(seat, due, prioritise=prioritise), desk.reasons, screen).run()


@click.command()
@click.argument("review")
@STAGE
@click.option("--as", "reviewer", required=True, metavar="NAMES", help='Who agreed, for example "AB and CD".')
def settle(review: str, stage: str, reviewer: str) -> None:
    """Settle the conflicts of REVIEW: shows who said what, and keeps the consensus.

    \b
    Example:
      metareview screen settle msc-sr-agvhd --stage full-text --as "AB and CD"
    """
    desk = ScreeningDesk(find_review(review))
    named = stage_named(stage)
    due = {r.id: r for r in due_records(desk.identified.unique(), desk.logs, stage=named)}
    open_ = {v.record: v.decisions for v in conflicts(desk.logs, list(due.values()), stage=named)}
    if person_key(storable(reviewer)) in ("", CONSENSUS):
        raise ScreeningError(f'--as is "{reviewer}"; the names of those who agreed would be right.')
    with seated(desk, named, reviewer, CONSENSUS) as seat, _open_screen(desk.protocol.pico, open_) as screen:
        Reading(Sitting(seat, [due[record] for record in open_]), desk.reasons, screen).run()


@click.command()
@click.argument("review")
@AS
@click.option("--target", default=0.95, show_default=True, help="Recall to be reached, a fraction.")
@click.option("--undo", is_flag=True, help="Take an earlier stop back, so that reading can go on.")
def stop(review: str, reviewer: str, target: float, undo: bool) -> None:
    """Stop reading abstracts of REVIEW where the test says that enough was found.

    Refused unless P < 0.05 for recall below the target. Every unread record is then entered as removed
    before screening by automation, as PRISMA 2020 counts it.

    \b
    Example:
      metareview screen stop msc-sr-agvhd --as AB --target 0.95
    """
    desk = ScreeningDesk(find_review(review))
    with seated(desk, BEFORE if undo else ABSTRACT, reviewer) as seat:
        say(_take_back(seat) if undo else _stop_reading(desk, seat, target))


def _stop_reading(desk: ScreeningDesk, seat: Desk, target: float) -> str:
    from metareview.screening.stopping import recall_test

    due = due_records(desk.identified.unique(), desk.logs, stage=ABSTRACT)
    sitting = Sitting(seat, due)
    labels = [d.verdict != EXCLUDE for d in sitting.standing.values()]
    test = recall_test(labels, total=sitting.total, target=target)
    if test.p >= 0.05:
        raise ScreeningError(f"{test} Reading must go on: P must be below 0.05.")
    seen = {d.record for log in desk.logs for d in log.standing(ABSTRACT).values()}
    unread = [record.id for record in due if record.id not in seen]
    made = [_removed(record, seat.reviewer, str(test)) for record in unread]
    append_decisions(seat.folder, made, owner=seat.reviewer)
    return f"{test} {len(unread)} unread records are entered as removed by automation."


def _take_back(seat: Desk) -> str:
    stopped = [d for d in seat.log.standing(BEFORE).values() if d.reason == AUTOMATION]
    made = [replace(d, verdict=WITHDRAWN, reason="", note="", when=now()) for d in stopped]
    append_decisions(seat.folder, made, owner=seat.reviewer)
    return f"{len(made)} records are to be read again."


def _removed(record: str, reviewer: str, why: str) -> Decision:
    return Decision(
        record=record,
        stage=BEFORE,
        reviewer=reviewer,
        verdict=EXCLUDE,
        reason=AUTOMATION,
        note=f"unread when reading stopped: {why}",
        when=now(),
    )


@dataclass(frozen=True)
class Screen:
    """Where records are shown, and how keys and notes are asked for.

    Attributes
    ----------
    console : rich's, plain where there is no terminal
    key : gives the next key, ``q`` when there are no more
    line : gives a line of text
    words : the question's words → the part they belong to
    votes : in a consensus, what the reviewers said of each record
    """

    console: Console
    key: Callable[[], str]
    line: Callable[[str], str]
    words: dict[str, str]
    votes: dict[str, tuple[Decision, ...]]

    def show(self, record: Record, heading: str) -> None:
        """Show a record, the question's words marked."""
        if self.console.is_terminal and not self.console.is_dumb_terminal:
            self.console.clear()
        self.console.print(heading, style="dim")
        self.console.print(self.marked(record.title or "(no title)"), style="bold")
        where = ", ".join(x for x in (record.label, record.journal, *record.types, record.id) if x)
        self.console.print(where, style="dim")
        self.console.print()
        self.console.print(self.marked(record.abstract or "(no abstract)"))
        for vote in self.votes.get(record.id, ()):
            said = " ".join(x for x in (vote.verdict, vote.reason, vote.note) if x)
            self.console.print(f"{vote.reviewer}: {said}", style="yellow")
        self.console.print()

    def marked(self, text: str) -> Text:
        """Colour the question's words."""
        marked = plain(text)
        for start, end, part in find_words(marked.plain, self.words):
            marked.stylize(COLOURS[part], start, end)
        return marked

    def say(self, text: str) -> None:
        """Print a line."""
        self.console.print(text)


@contextmanager
def _open_screen(pico: PICO, votes: dict[str, tuple[Decision, ...]] | None = None) -> Iterator[Screen]:
    words = question_words({part: getattr(pico, part) for part in COLOURS})
    with single_keys() as (key, line):
        yield Screen(console(), key, line, words, votes or {})


class Reading:
    """The loop: show, take a key, keep.

    Parameters
    ----------
    sitting
        What comes up and where decisions go.
    reasons
        The criteria, numbered on the screen.
    screen
        Where records are shown.
    """

    def __init__(self, sitting: Sitting, reasons: Sequence[Reason], screen: Screen) -> None:
        self.sitting, self.reasons, self.screen = sitting, tuple(reasons), screen
        self._note = ""

    def run(self) -> None:
        """Read until all is decided or the reviewer stops."""
        for note in self.sitting.notes:
            say(f"note: {note}", err=True)
        while (record := self._next()) is not None:
            started = monotonic()
            self.screen.show(record, self._heading())
            if not self._decide(record, started):
                break
        self._close()

    def _next(self) -> Record | None:
        """Give the next record; where a learner ranks first, say so while it does."""
        if not self.sitting.prioritised:
            return self.sitting.next()
        with console(err=True).status("ranking what is unread …"):
            return self.sitting.next()

    def _heading(self) -> str:
        done = len(self.sitting.standing)
        return (
            f"{self.sitting.desk.stage}, {self.sitting.desk.reviewer}: {done} of {self.sitting.total} decided"
        )

    def _decide(self, record: Record, started: float) -> bool:
        """Take keys until the record is decided or put off; say whether to go on."""
        self._note = ""
        while True:
            self.screen.say(self._menu())
            key = self.screen.key()
            if key in ("q", "Q", "\x03", "\x04"):
                return False
            if self._act(key, record, started):
                return True

    def _act(self, key: str, record: Record, started: float) -> bool:
        """Do what a key says; return whether the next record is to be shown."""
        if reason := self._numbered_reason(key):
            return self._keep(record, EXCLUDE, started, reason)
        verdict = {"i": INCLUDE, "e": EXCLUDE, "u": UNCLEAR, "x": NOT_RETRIEVED}.get(key.lower(), "")
        if verdict:
            return self._verdict(record, verdict, started)
        return self._other(key.lower(), record)

    def _verdict(self, record: Record, verdict: str, started: float) -> bool:
        full = self.sitting.desk.stage == FULL_TEXT
        if verdict == NOT_RETRIEVED and not full:
            self.screen.say("Reports are retrieved at the full-text stage.")
            return False
        reason = self._ask_reason() if verdict == EXCLUDE and full else ""
        if verdict == EXCLUDE and full and not reason:
            self.screen.say("An exclusion at full text needs one reason; nothing was kept.")
            return False
        return self._keep(record, verdict, started, reason)

    def _keep(self, record: Record, verdict: str, started: float, reason: str = "") -> bool:
        seconds = round(monotonic() - started, 1)
        try:
            self.sitting.decide(record, verdict, reason=reason, note=self._note, seconds=seconds)
        except DecidedElsewhereError as error:
            self.screen.say(str(error))
            return True
        self.screen.say(f"{verdict}{f' ({reason})' if reason else ''}: {record.label}")
        return True

    def _ask_reason(self) -> str:
        for line in _numbered(self.reasons):
            self.screen.say(line)
        self.screen.say("Which reason? (number)")
        key = self.screen.key()
        return self._numbered_reason(key)

    def _numbered_reason(self, key: str) -> str:
        chosen = int(key) if key in DIGITS else 0
        return self.reasons[chosen - 1].id if 0 < chosen <= len(self.reasons) else ""

    def _other(self, key: str, record: Record) -> bool:
        if key == "s":
            self.sitting.skip(record)
            return True
        if key == "b":
            return self._take_back()
        if key == "n":
            self._note = " ".join(storable(self.screen.line("note: ")).split())
        elif key == "t":
            self._say_test()
        elif key == "?":
            self._say_keys()
        elif not key.isspace():
            self.screen.say(f"{printable(key)} is none of the keys; nothing was kept. ? lists them.")
        return False

    def _take_back(self) -> bool:
        try:
            undone = self.sitting.undo()
        except DecidedElsewhereError as error:
            self.screen.say(str(error))
            return True
        self.screen.say(f"taken back: {undone.label}" if undone else "There is nothing to take back.")
        return undone is not None

    def _say_test(self) -> None:
        test = self.sitting.recall()
        self.screen.say(" ".join((str(test), *test.notes)))

    def _say_keys(self) -> None:
        for key, meaning in KEYS.items():
            self.screen.say(f"{key}  {meaning}")
        for line in _numbered(self.reasons):
            self.screen.say(line)

    def _menu(self) -> str:
        full = self.sitting.desk.stage == FULL_TEXT
        keys = [k for k in KEYS if full or k != "x"]
        note = f"  note: {self._note}" if self._note else ""
        return " ".join(f"[{k}] {KEYS[k]}" for k in keys) + note

    def _close(self) -> None:
        done, total = len(self.sitting.standing), self.sitting.total
        self.screen.say(f"{done} of {total} decided; {total - done} left. Kept in {self._file()}.")

    def _file(self) -> str:
        return str(self.sitting.desk.path)


def _numbered(reasons: Iterable[Reason]) -> list[str]:
    return [f"{n}  {reason.id}: {reason.text or reason.label}" for n, reason in enumerate(reasons, 1)]
