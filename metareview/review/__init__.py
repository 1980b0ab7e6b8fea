"""The hall: knows where the files of a review lie, and hands each stage's yield on."""

from metareview.review.answering import Answer, Overrides, Planned
from metareview.review.choosing import Chosen, Entered, LeftOut
from metareview.review.hall import Review
from metareview.review.place import Place, find_review

__all__ = ["Answer", "Chosen", "Entered", "LeftOut", "Overrides", "Place", "Planned", "Review", "find_review"]
