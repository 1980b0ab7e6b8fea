"""Judging records: decisions, agreement, and the PRISMA 2020 flow that follows from them."""

from metareview.screening.counting import (
    Identified,
    Origin,
    Placement,
    count_flow,
    origins_of,
    place_records,
    require_complete,
)
from metareview.screening.decision import Decision, Reason
from metareview.screening.flow import Column, Count, Flow, Previous
from metareview.screening.log import (
    DecisionLog,
    append_decision,
    append_decisions,
    append_votes,
    read_log,
    read_logs,
)
from metareview.screening.verdicts import Verdict, reach_verdicts

__all__ = [
    "Column",
    "Count",
    "Decision",
    "DecisionLog",
    "Flow",
    "Identified",
    "Origin",
    "Placement",
    "Previous",
    "Reason",
    "Verdict",
    "append_decision",
    "append_decisions",
    "append_votes",
    "count_flow",
    "origins_of",
    "place_records",
    "reach_verdicts",
    "read_log",
    "read_logs",
    "require_complete",
]
