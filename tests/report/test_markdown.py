"""Words of people become words of a page: whatever they hold, a renderer shows them and nothing else."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from metareview.characters import printable
from metareview.report.making import make_output
from metareview.report.markdown import code, escape, folder_link
from metareview.review import Review
from tests.small_review import PROTOCOL, lay_out

RENDERER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
HOSTILE = (
    "<script>alert(1)</script>", '<img src=x onerror="alert(1)">', "<!-- hidden", "<?php", "</p>",
    "[x](javascript:alert(1))", "![x](http://a/b.png)", "<javascript:alert(1)>", r"\[x](javascript:alert(1))",
    "[x]: javascript:alert(1)", "[x][y]", "&lt;b&gt; &#60;i>", "`code`", "```", "~~~ sh", "~~gone~~",
    "# heading", "heading ##", "> quoted", "- item", "+ item", "* item", "1. item", "12345) item", "---",
    "===", "- - -", "***", "*a* __b__ _c_", "| a | b |", "    indented", "a\n\n# b", "a\r- b", "a\\",
    "\\\\[x](y)",
    "a\x1b[31mb", "12\u202e34", "{: onclick=alert(1)}", "{{ site.x }}", "$x$", "a<b", "[ ] done",
)  # fmt: skip
ORDINARY = (
    "P < .001; tau2 = 0.00918; I2 = 36% (random effects, REML)", "-0.07 to 0.40",
    "Smith & Jones 2020 (NCT01)",
    "x > 5 and y <5%", "2 * 3 = 6", "row_id stays", "3 studies with 1,406 participants: RR 0.5", "+0.5", "#",
    "Ödön’s “trial” – 5 μg/m²",
)  # fmt: skip
SIGNS = st.text(alphabet="<>&#;[]()`*_~\\|!{}$-+=.:1a \n\t", max_size=30)


class Shown(HTMLParser):
    """The elements and the words of a rendered page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.words = [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.words += data

    def handle_comment(self, data):
        raise AssertionError(data)


def plain(text):
    """Give what a reader should see: one line, with what cannot be seen spelled out."""
    return " ".join(printable(re.sub("[\n\r\v\f\x85\u2028\u2029]", " ", text)).split())


def assert_shown(text):
    for before, tags in (("", ["p"]), ("## ", ["h2"]), ("- ", ["ul", "li"]), ("| a |\n|---|\n| ", None)):
        page = Shown(RENDERER.render(before + escape(text) + (" |" if tags is None else "")))
        assert page.tags == (tags or ["table", "thead", "tr", "th", "tbody", "tr", "td"])
        assert plain(page.words).removeprefix("" if tags else "a ") == plain(text)


@pytest.mark.parametrize("text", [*HOSTILE, *ORDINARY[:-1]])
def test_words_are_shown_as_they_are_written(text):
    assert_shown(text)


@given(SIGNS.filter(str.strip) | st.text(st.characters(), min_size=1).filter(plain))
@example("0.\x1f")
def test_no_text_becomes_markup(text):
    assert_shown(text)


@pytest.mark.parametrize("text", [t for t in ORDINARY if t != "#"])
def test_ordinary_text_stays_byte_for_byte(text):
    assert escape(text) == text


@given(st.text(alphabet="`a *\\<", min_size=1).filter(lambda t: t.strip(" `")))
def test_code_is_shown_as_it_is_written(text):
    page = Shown(RENDERER.render(f"x {code(text)}"))
    assert page.tags == ["p", "code"]
    assert plain(page.words) == plain(f"x {text}")


def test_a_link_leads_to_the_folder_it_names():
    assert folder_link("death/mh/") == "[`death/mh/`](death/mh/)"
    assert 'href="a%20%29%20b/"' in RENDERER.render(folder_link("a ) b/"))


def test_a_hostile_review_writes_no_markup_into_its_results(tmp_path):
    bad = "<img src=x onerror=alert(1)>[x](javascript:alert(1))"
    plan = PROTOCOL
    for text in ('"A small review"', '"none"', '"Drug"\nrole', '"Placebo"\nrole', '"Death"\noutcomes'):
        plan = plan.replace(text, text.replace('"', f'"{bad} ', 1))
    calm = lay_out(tmp_path / "calm")
    root = lay_out(tmp_path / "hostile", protocol=plan)
    for path in root.glob("extracted/small/studies.csv"):
        path.write_text(path.read_text("utf-8").replace("Alpha 2001", f"{bad} 2001"), "utf-8")
    pages = []
    for place in (calm, root):
        make_output(Review("small", place))
        pages.append(RENDERER.render((place / "output" / "small" / "results.md").read_text("utf-8")))
    assert pages[1].count("&lt;img src=x onerror=alert(1)&gt;[x](javascript:alert(1))") >= 8
    assert Shown(pages[1]).tags == Shown(pages[0]).tags
