"""One reviewer at work at one stage: what comes next, and what was decided, kept at once on the disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from metareview.errors import ScreeningError
from metareview.files import file_status, is_there
from metareview.screening.decision import (
    ABSTRACT,
    BEFORE,
    EXCLUDE,
    INCLUDE,
    UNCLEAR,
    WITHDRAWN,
    Decision,
    now,
)
from metareview.screening.log import DecisionLog, add_decisions, checked, log_path, read_log, writing
from metareview.screening.prioritise import Ranker
from metareview.screening.stopping import RecallTest, recall_test
from metareview.screening.verdicts import AGREED, CONFLICT, Verdict, reach_verdicts
from metareview.search import Record

RANK_EVERY = 10


class DecidedElsewhereError(ScreeningError):
    """The record was decided in another window of the same reviewer since it was shown."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Who decides what, and where it is kept.

    Attributes
    ----------
    folder : ``screened/REVIEW``
    stage : ``abstract`` or ``full text``
    reviewer : who decides; in a consensus, who agreed
    owner : whose file takes the decisions: the reviewer's, or ``consensus``
    """

    folder: Path
    stage: str
    reviewer: str
    owner: str = ""

    @property
    def path(self) -> Path:
        """The file that takes the decisions."""
        return log_path(self.folder, self.owner or self.reviewer)

    @property
    def log(self) -> DecisionLog:
        """The decisions kept so far; nobody else's are looked at."""
        path = self.path
        return read_log(path) if is_there(path) else DecisionLog(path.stem)

    def state(self) -> tuple[int, ...]:
        """Return what changes when anybody adds to the file."""
        found = file_status(self.path)
        return () if found is None else (found.st_ino, found.st_size, found.st_mtime_ns)


def due_records(records: Sequence[Record], logs: Sequence[DecisionLog], *, stage: str) -> list[Record]:
    """Give the records that come up at a stage.

    At the abstract stage all that were not removed before; at full text those that the reviewers
    agreed to send on. An abstract still in conflict or waiting for a second reviewer is not due.
    """
    ids = [record.id for record in records]
    removed = reach_verdicts(logs, ids, stage=BEFORE, needed=1)
    left = [record for record in records if removed[record.id].state != AGREED]
    if stage == ABSTRACT:
        return left
    forward = reach_verdicts(logs, ids, stage=ABSTRACT)
    return [record for record in left if forward[record.id].forward]


def conflicts(logs: Sequence[DecisionLog], records: Sequence[Record], *, stage: str) -> list[Verdict]:
    """Give the records that reviewers who both judged them do not agree on."""
    verdicts = reach_verdicts(logs, [record.id for record in records], stage=stage)
    return [verdict for verdict in verdicts.values() if verdict.state == CONFLICT]


class Sitting:
    """A reviewer's reading of one stage; every decision is on the disk before the next record is shown.

    Parameters
    ----------
    desk
        Who decides what.
    records
        Those that come up, in their order.
    prioritise
        Whether a learner orders what is unread.
    """

    def __init__(self, desk: Desk, records: Sequence[Record], *, prioritise: bool = False) -> None:
        self.desk = desk
        self.notes: tuple[str, ...] = ()
        self._records = {record.id: record for record in records}
        self._made: list[Decision] = []
        self._state: tuple[int, ...] = ()
        self._reread()
        self._ranker = Ranker(records) if prioritise else None
        self._skipped: list[str] = []
        self._queue: list[str] = []
        self._since_ranked = RANK_EVERY

    def _reread(self) -> None:
        """Read the file again where another window, or a person, changed it."""
        state = self.desk.state()
        if state != self._state:
            log = self.desk.log
            self.notes, self._state = log.notes, state
            self._made = [
                d for d in log.decisions if d.stage == self.desk.stage and d.record in self._records
            ]

    @property
    def standing(self) -> Mapping[str, Decision]:
        """The decisions that stand, by record, in the order in which they were first made."""
        latest = {d.record: d for d in self._made}
        return {record: d for record, d in latest.items() if d.verdict != WITHDRAWN}

    @property
    def prioritised(self) -> bool:
        """Whether a learner orders what is unread."""
        return self._ranker is not None

    @property
    def total(self) -> int:
        """How many records come up."""
        return len(self._records)

    def next(self) -> Record | None:
        """Give the record to be read now; skipped ones come last; ``None`` when all are decided."""
        self._reread()
        self._refresh_queue()
        decided = self.standing
        for names in (self._queue, self._skipped):
            for name in names:
                if name not in decided and (names is self._skipped or name not in self._skipped):
                    return self._records[name]
        return None

    def _refresh_queue(self) -> None:
        if self._ranker is None:
            self._queue = self._queue or list(self._records)
        elif self._since_ranked >= RANK_EVERY:
            self._queue = [record.id for record in self._ranker.order(self._relevant())]
            self._since_ranked = 0

    def _relevant(self) -> dict[str, bool]:
        return {record: d.verdict in (INCLUDE, UNCLEAR) for record, d in self.standing.items()}

    def decide(
        self, record: Record, verdict: str, *, reason: str = "", note: str = "", seconds: float | None = None
    ) -> Decision:
        """Keep a decision; it is on the disk when this returns.

        Raises
        ------
        DecidedElsewhereError
            When another window of the same reviewer decided on the record since it was shown.
        """
        decision = Decision(
            record=record.id,
            stage=self.desk.stage,
            reviewer=self.desk.reviewer,
            verdict=verdict,
            reason=reason,
            note=note,
            when=now(),
            seconds=seconds,
        )
        owner = self.desk.owner or self.desk.reviewer
        (made,) = checked([decision], owner)
        with writing(self.desk.folder):
            self._refuse_if_decided_elsewhere(record)
            add_decisions(self.desk.folder, [made], owner=owner)
            self._state = self.desk.state()
        self._made.append(made)
        self._since_ranked += 1 if verdict == EXCLUDE else RANK_EVERY
        return made

    def _refuse_if_decided_elsewhere(self, record: Record) -> None:
        before = self.standing.get(record.id)
        self._reread()
        found = self.standing.get(record.id)
        if found != before:
            says = "taken back" if found is None else f"decided ({found.verdict})"
            raise DecidedElsewhereError(
                f"{record.label or record.id} was {says} in another window meanwhile; that stands."
            )

    def undo(self) -> Record | None:
        """Take the last decision back, by adding a row that withdraws it; the record comes up next."""
        self._reread()
        standing = self.standing
        last = next((d for d in reversed(self._made) if standing.get(d.record) is d), None)
        if last is None:
            return None
        record = self._records[last.record]
        self.decide(record, WITHDRAWN)
        self._queue = [record.id, *(name for name in self._queue if name != record.id)]
        self._skipped = [name for name in self._skipped if name != record.id]
        self._since_ranked = 0
        return record

    def skip(self, record: Record) -> None:
        """Put a record off until the others are read."""
        self._skipped = [*(name for name in self._skipped if name != record.id), record.id]

    def recall(self) -> RecallTest:
        """Test whether enough of the relevant records were found; see :func:`recall_test`."""
        return recall_test(list(self._relevant().values()), total=self.total)
