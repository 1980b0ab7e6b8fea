import pytest
from hypothesis import given
from hypothesis import strategies as st

from metareview.errors import FigureError
from metareview.figures.fonts import MM_PER_POINT, font_notes, text_width, wrap_text

TEXTS = st.text("abc defg-hij/ klm éüß 0123456789", max_size=120)


def test_digits_are_as_wide_as_those_of_arial_and_all_alike():
    widths = {text_width(d, 100) for d in "0123456789"}
    assert len(widths) == 1
    assert widths.pop() / (100 * MM_PER_POINT) == pytest.approx(0.556, abs=1e-3)


@given(text=TEXTS, width=st.floats(5, 80), size=st.floats(4, 12))
def test_lines_fit_and_nothing_but_blanks_is_lost(text, width, size):
    lines = wrap_text(text, width, size)
    assert all(text_width(line, size) <= width + 1e-6 for line in lines if len(line) > 1)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_a_number_is_not_broken_at_its_thousands_separator():
    assert wrap_text("screened (n = 1,543)", 14, 7.5)[-1].endswith("1,543)")


def test_a_no_break_space_holds_words_together():
    assert wrap_text("I² = 92%".replace(" ", "\u00a0"), 6, 8)[0] != "I²"


def test_accents_greek_cyrillic_hebrew_and_arabic_need_no_font_of_the_machine():
    assert font_notes(["Ğüçlü Żółć", "τ² ≥ 0", "Иванов", "מחקר", "دراسة"]) == ()


def test_a_character_that_no_font_has_is_refused_with_the_way_out():
    with pytest.raises(FigureError, match=r"No font on this machine has the character .*fonts-noto"):
        text_width("\U000f0000", 8)


def test_chinese_is_drawn_with_a_named_font_or_refused():
    try:
        notes = font_notes(["中文研究"])
    except FigureError as error:
        assert "CJK UNIFIED IDEOGRAPH" in str(error)
    else:
        assert notes[0].startswith("Some characters are drawn with the font")
        assert len(wrap_text("造血干细胞移植后移植物抗宿主病", 20, 8)) > 1
