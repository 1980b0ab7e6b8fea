import re
from pathlib import Path

import pytest

from metareview.figures import NAMES

DOCS = Path(__file__).parent.parent.parent / "docs"
PICTURES = re.findall(r"!\[([^\]]+)\]\(images/([^)]+)\)", (DOCS / "gallery.md").read_text("utf-8"))


def test_the_gallery_shows_every_preset_in_both_widths():
    files = {file for _, file in PICTURES}
    assert {f"{name}-{size}.svg" for name in NAMES for size in ("full", "narrow")} <= files


@pytest.mark.parametrize(("words", "file"), PICTURES, ids=[file for _, file in PICTURES])
def test_each_picture_of_the_gallery_is_there_with_its_words(words, file):
    svg = (DOCS / "images" / file).read_text("utf-8")
    assert "<desc>" in svg
    assert len(words) > 10


def test_no_picture_is_left_over():
    shown = {file for _, file in PICTURES}
    assert {p.name for p in (DOCS / "images").glob("*.svg")} == shown
