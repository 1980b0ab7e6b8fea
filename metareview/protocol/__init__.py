"""The protocol: what was planned, before and after the data were seen."""

from metareview.protocol.plan import (
    PICO,
    Amendment,
    Analysis,
    Criterion,
    Outcome,
    PlannedArm,
    Protocol,
    Search,
    Sensitivity,
)
from metareview.protocol.reading import parse_protocol, read_protocol
from metareview.protocol.starter import starter_text, write_starter

__all__ = [
    "PICO",
    "Amendment",
    "Analysis",
    "Criterion",
    "Outcome",
    "PlannedArm",
    "Protocol",
    "Search",
    "Sensitivity",
    "parse_protocol",
    "read_protocol",
    "starter_text",
    "write_starter",
]
