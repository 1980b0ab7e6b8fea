"""A review by its name: its files, its checks, its answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from metareview.effects import MEASURES
from metareview.errors import MetareviewError, did_you_mean
from metareview.extraction import check_sheets, describe_extraction, open_findings, read_sheets
from metareview.protocol import Protocol, read_protocol
from metareview.readings import Readings, watching
from metareview.review.answering import POOLED_BY_POLICY, Answer, Overrides, Planned, answer
from metareview.review.checking import plan_problems, sheet_problems
from metareview.review.choosing import Chosen, choose
from metareview.review.freshness import Inputs, inputs_of
from metareview.review.place import find_review

if TYPE_CHECKING:
    from metareview.extraction import Sheets
    from metareview.protocol import Analysis
    from metareview.synthesis import Synthesis


class Review:
    """A review of the project that the current folder (or ``root``) holds.

    Examples
    --------
    ::

        review = Review("msc-sr-agvhd")
        review.check()
        for analysis, synthesis in review.run():
            print(analysis.title, synthesis)
    """

    def __init__(self, name: str, root: str | Path | None = None) -> None:
        self.place = find_review(name, None if root is None else Path(root))
        self.readings = Readings()

    @property
    def name(self) -> str:
        """The review's name, that of its files."""
        return self.place.name

    @cached_property
    def protocol(self) -> Protocol:
        """The plan; reading it refuses what cannot be a plan."""
        with self._noting():
            return read_protocol(self.place.protocol)

    @cached_property
    def sheets(self) -> Sheets:
        """The extraction sheets; reading them refuses all their faults at once."""
        plan = self.protocol
        with self._noting():
            return read_sheets(self.place.sheets, plan)

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """Keep the digest of what is read, so that an answer can say from which bytes it was made."""
        with watching() as readings:
            yield
        for path, digest in readings.digests.items():
            self.readings.note(path, digest)

    def check(self) -> None:
        """Refuse, all at once, what the plan, the sheets and both together have of faults.

        Raises
        ------
        MetareviewError
            One sentence per fault.
        """
        problems = [*plan_problems(self.protocol, self.place.protocol)]
        try:
            sheets = self.sheets
        except MetareviewError as error:
            raise MetareviewError([*problems, *error.problems]) from None
        if not problems:
            problems += sheet_problems(self.protocol, sheets)
        if problems:
            raise MetareviewError(problems)

    def open_warnings(self) -> tuple[str, ...]:
        """Give the warnings of the sheets that nobody has answered."""
        return tuple(str(found) for found in open_findings(check_sheets(self.sheets, self.protocol)))

    def describe_extraction(self) -> str:
        """Say in a sentence how many people read the numbers out."""
        return describe_extraction(self.sheets)

    @cached_property
    def planned(self) -> tuple[Planned, ...]:
        """Every planned analysis, each followed by its sensitivity analyses."""
        return tuple(
            Planned(merged.id, merged, analysis.id if sensitivity else "")
            for analysis in self.protocol.analyses
            for merged, sensitivity in analysis.with_sensitivity()
        )

    def find(self, name: str) -> Planned:
        """Return a planned analysis by its id.

        Raises
        ------
        MetareviewError
            When none has that id.
        """
        found = next((planned for planned in self.planned if planned.id == name), None)
        if found is None:
            ids = [planned.id for planned in self.planned]
            raise MetareviewError(
                f'{self.place.protocol} plans no analysis "{name}"; {did_you_mean(name, ids)}'
            )
        return found

    def chosen(self, planned: Planned) -> Chosen:
        """Choose the rows of the sheets that a planned analysis is made from."""
        return choose(planned.analysis, self.sheets, MEASURES[planned.analysis.measure])

    def beside(self, planned: Planned) -> tuple[Planned, ...]:
        """Give the sensitivity analyses that fit a model of another family to the very same numbers."""
        rows = [entered.rows for entered in self.chosen(planned).entered]
        return tuple(
            other
            for other in self.planned
            if other.parent == planned.id
            and other.analysis.model not in POOLED_BY_POLICY
            and other.analysis.measure == planned.analysis.measure
            and [entered.rows for entered in self.chosen(other).entered] == rows
        )

    def inputs(self, planned: Planned, *, overrides: Overrides | None = None) -> Inputs:
        """Give everything an analysis's output is made from, by source and by cell."""
        return inputs_of(
            planned,
            self.chosen(planned),
            self.protocol,
            overrides=overrides or Overrides(),
            beside=self.beside(planned),
        )

    def answer(self, planned: Planned | str, *, overrides: Overrides | None = None) -> Answer:
        """Answer one planned analysis from the sheets."""
        asked = self.find(planned) if isinstance(planned, str) else planned
        return answer(asked, self.sheets, overrides=overrides)

    def run(self, *, overrides: Overrides | None = None) -> Iterator[tuple[Analysis, Synthesis]]:
        """Check, then answer every planned analysis that any study has numbers for.

        Yields
        ------
        tuple of (Analysis, Synthesis)
            In the protocol's order, sensitivity analyses after the analysis they belong to.
        """
        self.check()
        for planned in self.planned:
            found = answer(planned, self.sheets, overrides=overrides)
            if found.synthesis is not None:
                yield planned.analysis, found.synthesis
