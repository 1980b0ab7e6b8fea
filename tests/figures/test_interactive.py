import importlib.util
import json
import re
from pathlib import Path

import numpy as np
import pytest

from metareview.figures import ForestOptions
from metareview.figures.interactive import interactive_forest


def _module():
    path = Path(__file__).parent / "chromium.py"
    spec = importlib.util.spec_from_file_location("chromium", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


chromium = _module()
needs_chromium = pytest.mark.skipif(
    chromium.PROGRAM is None, reason="Chromium is not on this machine (Debian: apt install chromium)"
)


@pytest.fixture(scope="module")
def page_file(tmp_path_factory, bcg):
    options = ForestOptions(
        title="Tuberculosis <script>alert(1)</script>",
        arms=("BCG", "No vaccine"),
        sources={"Aronson 1948": "results.csv:3: table 1 (reported); results.csv:4: table 2 (derived)"},
    )
    path = tmp_path_factory.mktemp("page") / "forest.html"
    path.write_text(interactive_forest(bcg, options=options), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    found = chromium.Chromium(tmp_path_factory.mktemp("profile"))
    yield found
    found.close()


def middle_of(browser, number):
    box = browser.run(
        f"(() => {{ const b = visible()[{number}].querySelector('.hit').getBoundingClientRect();"
        " return [b.left + b.width / 2, b.top + b.height / 2]; })()"
    )
    return box[0], box[1]


def test_the_page_asks_for_nothing_from_the_network(page_file):
    text = page_file.read_text("utf-8")
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", text)
    assert "default-src 'none'" in text


def test_text_of_others_cannot_become_markup(page_file):
    text = page_file.read_text("utf-8")
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_a_label_cannot_end_the_script_it_is_handed_to(synthesis_of):
    page = interactive_forest(synthesis_of([0.1], [0.1], ["A</script><b>"]))
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])
    assert data[0]["label"] == "A</script><b>"


def test_the_page_holds_each_study_with_its_numbers(page_file, bcg):
    text = page_file.read_text("utf-8")
    data = json.loads(re.search(r'id="data">(.*?)</script>', text, re.S)[1])
    studies = [row for row in data if row["kind"] == "study"]
    assert [row["label"] for row in studies] == list(bcg.effects.labels)
    assert ["BCG Events/total", "4/123"] in studies[0]["facts"]
    assert studies[0]["sources"] == ["results.csv:3: table 1 (reported)", "results.csv:4: table 2 (derived)"]


def test_a_study_that_is_not_estimable_can_be_reached_too(synthesis_of):
    page = interactive_forest(synthesis_of([0.1, np.nan], [0.1, np.nan], ["A", "B"]))
    assert page.count('data-row="1"') == 2


@needs_chromium
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_its_window(browser, page_file, width):
    browser.open(page_file, width=width)
    assert browser.run("document.documentElement.scrollWidth") <= width
    assert browser.run("visible().length") == 15
    smallest = browser.run(
        "Math.min(...[...document.querySelectorAll('svg text')].filter(t => t.getClientRects().length)"
        ".map(t => t.getBoundingClientRect().height))"
    )
    assert smallest >= 7
    assert browser.run("getComputedStyle(document.querySelector('.wide')).display") == (
        "block" if width > 700 else "none"
    )


@needs_chromium
@pytest.mark.parametrize("width", [1280, 390])
def test_pointing_at_a_study_shows_its_numbers(browser, page_file, width):
    browser.open(page_file, width=width)
    browser.point(*middle_of(browser, 0))
    assert browser.run("tip.hidden") is False
    said = browser.run("tip.textContent")
    assert said.startswith("Aronson 1948")
    assert "0.41 (0.13 to 1.26)" in said
    left, right = browser.run(
        "(() => { const b = tip.getBoundingClientRect(); return [b.left, b.right]; })()"
    )
    assert 0 <= left < right <= width
    browser.point(5, 5)
    assert browser.run("tip.hidden") is True


@needs_chromium
@pytest.mark.parametrize("width", [1280, 390])
def test_clicking_a_study_shows_where_it_was_read(browser, page_file, width):
    browser.open(page_file, width=width)
    browser.click(*middle_of(browser, 0))
    assert browser.run("panel.hidden") is False
    said = browser.run("panel.innerText")
    assert "results.csv:3: table 1 (reported)" in said
    assert "results.csv:4: table 2 (derived)" in said
    browser.click(*middle_of(browser, 1))
    assert "no source was handed to this figure" in browser.run("panel.innerText")
    assert browser.run("document.querySelectorAll('[aria-expanded=true]').length") == 1


@needs_chromium
def test_the_keyboard_reaches_everything(browser, page_file):
    browser.open(page_file, width=1280)
    browser.press("Tab")
    assert browser.run("document.activeElement.dataset.row") == "0"
    browser.press("ArrowDown")
    browser.press("ArrowDown")
    browser.press("ArrowUp")
    assert browser.run("document.activeElement.dataset.row") == "1"
    assert browser.run("tip.textContent").startswith("Ferguson")
    browser.press("Enter")
    assert "Ferguson" in browser.run("panel.innerText")
    browser.press("Escape")
    assert browser.run("panel.hidden") is True
    assert browser.run("document.activeElement.dataset.row") == "1"


@needs_chromium
def test_the_page_runs_without_errors_and_without_requests(browser, page_file):
    browser.open(page_file, width=1280)
    browser.click(*middle_of(browser, 3))
    requests = [
        e["params"]["request"]["url"] for e in browser.events if e["method"] == "Network.requestWillBeSent"
    ]
    assert [url for url in requests if not url.startswith("file:")] == []
    assert [e for e in browser.events if e["method"] == "Runtime.exceptionThrown"] == []
    assert browser.breaches() == []


@needs_chromium
@pytest.mark.parametrize(
    "smuggled",
    [
        "<script>window.ran = 1</script>",
        '<img src="x:" onerror="window.ran = 1">',
        '<svg onload="window.ran = 1"></svg>',
        "<style>body { color: red }</style>",
        '<p style="color: red">x</p>',
        '<img src="https://example.org/x.png">',
        '<iframe srcdoc="<script>parent.ran = 1</script>"></iframe>',
    ],
)
def test_what_is_smuggled_into_the_page_does_nothing(browser, page_file, tmp_path, smuggled):
    path = tmp_path / "smuggled.html"
    path.write_text(page_file.read_text("utf-8").replace("<main>", f"<main>{smuggled}"), "utf-8")
    browser.open(path, width=1280)
    browser.click(*middle_of(browser, 0))
    assert browser.run("panel.hidden") is False, "the page's own script runs"
    assert browser.run("typeof window.ran") == "undefined"
    assert browser.run("getComputedStyle(document.body).color") == "rgb(17, 24, 39)"
    assert browser.breaches() != []
