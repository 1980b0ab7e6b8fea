"""Decisions to and from ASReview, Rayyan and Covidence, with every reviewer's vote."""

from metareview.screening.exchange.asreview import read_asreview, write_asreview
from metareview.screening.exchange.covidence import read_covidence, write_covidence
from metareview.screening.exchange.rayyan import read_rayyan, write_rayyan
from metareview.screening.exchange.votes import Imported, Mapped

__all__ = [
    "Imported",
    "Mapped",
    "read_asreview",
    "read_covidence",
    "read_rayyan",
    "write_asreview",
    "write_covidence",
    "write_rayyan",
]
