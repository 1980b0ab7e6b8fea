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
from metareview.review.checking import plan_problems
from metareview.review.choosing import Chosen, choose
from metareview.review.freshness import Inputs, inputs_of
from metareview.review.place import find_review

if TYPE_CHECKING:
    from metareview.extraction import Finding, Sheets
    from metareview.protocol import Analysis
    from metareview.synthesis import Synthesis

MOST_ON_A_PAGE = 250
"""The studies of the longest forest plot that is drawn without being asked for; it is a metre tall."""
MOST_DRAWN = 3000
"""The studies in all the forest plots that pooling draws: about a minute's work."""


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
            _ = self.sheets
        except MetareviewError as error:
            raise MetareviewError([*problems, *error.problems]) from None
        if not problems:
            problems += [str(found) for found in self.findings if found.level == "error"]
            problems += [says for planned in self.planned for says in self.chosen(planned).problems]
        if problems:
            raise MetareviewError(problems)

    def open_warnings(self) -> tuple[str, ...]:
        """Give the warnings of the sheets that nobody has answered."""
        return tuple(str(found) for found in open_findings(self.findings))

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What the error radar finds in the sheets."""
        return check_sheets(self.sheets, self.protocol)

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
        found = self._by_id.get(name)
        if found is None:
            ids = [planned.id for planned in self.planned]
            raise MetareviewError(
                f'{self.place.protocol} plans no analysis "{name}"; {did_you_mean(name, ids)}'
            )
        return found

    def chosen(self, planned: Planned) -> Chosen:
        """Choose the rows of the sheets that a planned analysis is made from."""
        held = self._chosen.get(planned.id)
        if held is None or held[0] is not planned.analysis:
            analysis = planned.analysis
            held = self._chosen[planned.id] = (
                analysis,
                choose(analysis, self.sheets, MEASURES[analysis.measure]),
            )
        return held[1]

    @cached_property
    def _chosen(self) -> dict[str, tuple[Analysis, Chosen]]:
        return {}

    @cached_property
    def _by_id(self) -> dict[str, Planned]:
        return {planned.id: planned for planned in self.planned}

    @cached_property
    def _sensitivity(self) -> dict[str, list[Planned]]:
        found: dict[str, list[Planned]] = {}
        for planned in self.planned:
            found.setdefault(planned.parent, []).append(planned)
        return found

    def beside(self, planned: Planned) -> tuple[Planned, ...]:
        """Give the sensitivity analyses that fit a model of another family to the very same numbers."""
        rows = [entered.rows for entered in self.chosen(planned).entered]
        return tuple(
            other
            for other in self._sensitivity.get(planned.id, ())
            if other.analysis.model not in POOLED_BY_POLICY
            and other.analysis.measure == planned.analysis.measure
            and [entered.rows for entered in self.chosen(other).entered] == rows
        )

    def inputs(self, planned: Planned, *, overrides: Overrides | None = None) -> Inputs:
        """Give everything an analysis's output is made from, by source and by cell."""
        found = inputs_of(
            planned,
            self.chosen(planned),
            self.protocol,
            overrides=overrides or Overrides(),
            beside=self.beside(planned),
        )
        undrawn = self.undrawn.get(planned.id)
        return {**found, "forest plot": {"left out": undrawn}} if undrawn else found

    @cached_property
    def undrawn(self) -> dict[str, str]:
        """Why an analysis gets no forest plot unasked: it, or those before it, hold too many studies."""
        found: dict[str, str] = {}
        drawn = 0
        for planned in self.planned:
            studies = len(self.chosen(planned).entered)
            if studies > MOST_ON_A_PAGE:
                found[planned.id] = f"its {studies:,} studies are more than the {MOST_ON_A_PAGE} of one page"
            elif drawn + studies > MOST_DRAWN:
                found[planned.id] = f"the plots before it hold the {MOST_DRAWN:,} studies that pooling draws"
            else:
                drawn += studies
        return found

    def answer(self, planned: Planned | str, *, overrides: Overrides | None = None) -> Answer:
        """Answer one planned analysis from the sheets."""
        asked = self.find(planned) if isinstance(planned, str) else planned
        return answer(asked, self.chosen(asked), overrides=overrides)

    def run(self, *, overrides: Overrides | None = None) -> Iterator[tuple[Analysis, Synthesis]]:
        """Check, then answer every planned analysis that any study has numbers for.

        Yields
        ------
        tuple of (Analysis, Synthesis)
            In the protocol's order, sensitivity analyses after the analysis they belong to.
        """
        self.check()
        for planned in self.planned:
            found = self.answer(planned, overrides=overrides)
            if found.synthesis is not None:
                yield planned.analysis, found.synthesis
