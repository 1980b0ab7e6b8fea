"""The policy of a page names exactly what stands in it; nothing else of a page can run, load or colour."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from metareview.figures import ForestOptions
from metareview.figures.document import html_document
from metareview.figures.interactive import interactive_forest
from metareview.figures.style import NAMES

HOSTILE = (
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<svg/onload=alert(1)>",
    "' onmouseover='alert(1)",
    "<!-- --><style>*{display:none}</style>",
    "]]><a href=javascript:alert(1)>x</a>",
    "&lt;script&gt;",
    "$title ${data} {0}",
)


class Page(HTMLParser):
    """What a browser would run, load or obey of a page."""

    def __init__(self, text):
        super().__init__()
        self.policy, self.held, self.tags, self.attributes = "", {"style": [], "script": []}, [], []
        self._inside = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"]
        runs = tag == "style" or (tag == "script" and given.get("type") != "application/json")
        self._inside = tag if runs else None
        if runs:
            self.held[tag].append("")

    def handle_data(self, data):
        if self._inside:
            self.held[self._inside][-1] += data

    def handle_endtag(self, tag):
        self._inside = None

    def hashes(self, kind):
        sums = (hashlib.sha256(text.encode()).digest() for text in self.held[kind])
        return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in sums]


def assert_closed(text):
    """Hold a page's policy against the hashes of what it holds, and look for what no hash covers."""
    page = Page(text)
    policy = dict(part.split(" ", 1) for part in page.policy.split("; "))
    assert policy.pop("style-src").split() == page.hashes("style")
    assert policy.pop("script-src").split() == page.hashes("script")
    assert policy == {"default-src": "'none'", "base-uri": "'none'", "form-action": "'none'"}
    unsafe = [a for a in page.attributes if a[1] in {"style", "src", "href"} or a[1].startswith("on")]
    assert unsafe == []
    return page


@pytest.mark.parametrize("style", NAMES)
def test_the_policy_of_a_forest_plot_names_what_stands_in_it(bcg, style):
    page = assert_closed(interactive_forest(bcg, style=style))
    assert [len(page.held[kind]) for kind in ("style", "script")] == [1, 1]


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_stay_words_in_every_field(synthesis_of, words):
    plain = interactive_forest(synthesis_of([0.1, 0.2], [0.1, 0.1], ["A", "B"]))
    options = ForestOptions(
        title=words,
        subtitle=words,
        arms=(words, words),
        favours=(words, words),
        sources={words: words},
        footnotes=(words,),
    )
    text = interactive_forest(synthesis_of([0.1, 0.2], [0.1, 0.1], [words, "B"]), options=options)
    assert set(assert_closed(text).tags) <= {*Page(plain).tags, "polygon"}


def test_a_style_or_script_that_would_end_itself_is_refused():
    for kind, text in (("styles", "a</STYLE >"), ("scripts", "'</script>'"), ("scripts", "'<!--'")):
        with pytest.raises(ValueError, match="may not hold what ends it"):
            html_document("x", "", **{kind: (text,)})


def test_line_ends_are_hashed_as_a_browser_reads_them():
    text = html_document("x", "<p>x</p>", styles=("a {}\r\n",), scripts=("1;\r2;\r\n",))
    assert "\r" not in text
    assert_closed(text)


def test_data_cannot_end_its_element():
    text = html_document("x", "", styles=("",), scripts=("",), data={"held": ["</script><b>", "<!--"]})
    assert re.search(r'id="held">\["\\u003c/script>\\u003cb>", "\\u003c!--"\]</script>', text)
    assert "b" not in assert_closed(text).tags
