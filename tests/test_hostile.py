"""Hostile strings in every field, through every command, to every kind of output."""

import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from defusedxml import ElementTree
from openpyxl import load_workbook

from metareview.characters import printable
from tests.hostile import STRINGS, lay_out_hostile
from tests.whole_review import call

NUMBER = r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?"
NUMBERS = re.compile(rf"{NUMBER}( to {NUMBER}| \({NUMBER} to {NUMBER}\))?")
KEYS = "n\n{text}\ni\nn\n{text}\ne\ni\ni\ni\nu\nq\n"
TABLE = "study,ai,n1i,ci,n2i,g\n{a},1,10,3,10,{c}\n{b},2,20,5,21,{c}\n"
# a text is never a reason for these to refuse; a name, a date or a query may be
NEVER_REFUSE = {"pool", "dedupe", "flow"}


def commands(text):
    """Give every command that shows, stores or writes the text."""
    yield (
        "import",
        "small",
        "e.ris",
        "--query",
        text,
        "--platform",
        text,
        "--database",
        text,
        "--date",
        "2026-01-02",
    )
    yield "import", "small", "e.ris", "--method", text
    yield "check", "small"
    yield "check", "small", "--json"
    yield "screen", "small", "--as", "AB"
    yield "screen", "small", "--as", text
    yield "screen", "agreement", "small"
    yield "screen", "conflicts", "small"
    for program in ("rayyan", "covidence", "asreview"):
        yield "screen", "export", "small", "--to", program, "--as", "AB", "-o", f"{program}.csv"
    yield "flow", "small", "--draft", "-o", "flow.svg", "--csv", "prisma.csv", "--appendix", "searches.txt"
    yield "flow", "small", "--draft", "--json"
    for form in ("ris", "bib", "csv"):
        yield "dedupe", "small", "-o", f"unique.{form}", "--duplicates", "d.csv", "--studies", "s.csv"
    yield "dedupe", "small", "--json"
    yield "extract", "small", "--as", text
    yield "pool", "small"
    yield "pool", "small", "--json"
    yield "explain", "small", "death"
    yield "explain", "small", "death", "--json"
    yield "explain", "small", "--", text
    yield "status", "small"
    yield (
        "plot",
        "small",
        "forest",
        "death",
        "--title",
        text,
        "--footnote",
        text,
        "-o",
        "p.svg",
        "-o",
        "p.html",
    )
    yield "plot", "small", "flow", "-o", "flow2.svg"
    yield (
        "meta",
        "t.csv",
        "--measure",
        "RR",
        "--subgroup",
        "g",
        "--leave-one-out",
        "-o",
        "m.svg",
        "--json",
        "m.json",
    )
    yield "search", "small", "--lint", "--force"
    yield "search", "small", "--lint", "--query", text
    yield "new", "--", text


def run_all(root, text):
    """Run every command; give what each came to."""
    label = text.replace("\0", "").encode("utf-8", "replace").decode()
    rows = [
        {"study": f"{label} {n}", "ai": n, "n1i": 10 * n, "ci": 3, "n2i": 11 * n, "g": label} for n in (1, 2)
    ]
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    Path("t.csv").write_text(out.getvalue(), "utf-8")
    record = f"TY  - JOUR\nTI  - {label}\nAU  - {label}\nAB  - {label}\nPY  - 2001\nER  - \n"
    Path("e.ris").write_text(record, "utf-8")
    given = KEYS.format(text=text).encode("utf-8", "surrogatepass")
    for words in commands(text):
        yield words, call(*words, given=given)


def hold_shown(words, done):
    """Hold what a terminal was shown."""
    lacking = "No font on this machine has the character" in done.err
    assert done.code in ({0} if words[0] in NEVER_REFUSE and not lacking else {0, 1}), (words, done)
    assert "fault of its own" not in done.err, (words, done.err)
    for said in (done.out, done.err):
        assert printable(said) == said, words
    if "--json" in words and "m.json" not in words and done.code == 0:
        json.loads(done.out)


class Page(HTMLParser):
    """Count the tags of a page, and note what would run."""

    def __init__(self):
        super().__init__()
        self.tags, self.runs = [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.runs += [name for name, _ in attributes if name.startswith("on")]
        self.runs += [value for _, value in attributes if (value or "").strip().startswith("javascript:")]


def hold_files(root):
    """Hold every file that was written; return how many there are."""
    held = {
        ".svg": _hold_svg,
        ".html": _hold_page,
        ".csv": _hold_csv,
        ".xlsx": _hold_workbook,
        ".md": _hold_markdown,
    }
    paths = [
        path for path in sorted(root.rglob("*")) if path.is_file() and path.name not in ("t.csv", "e.ris")
    ]
    for path in paths:
        held.get(path.suffix, lambda _: None)(path)
        if path.suffix == ".json":
            json.loads(path.read_text("utf-8"))
    return len(paths)


def _hold_svg(path):
    for element in ElementTree.parse(path).iter():
        name = element.tag.rpartition("}")[2]
        assert name not in ("script", "foreignObject", "img"), path
        assert not [a for a in element.attrib if a.rpartition("}")[2].startswith("on")], path
        assert not [
            v for v in element.attrib.values() if v.strip().startswith(("javascript:", "http://127"))
        ], path


def _hold_page(path):
    page = Page()
    page.feed(path.read_text("utf-8"))
    assert page.runs == [], path
    assert page.tags.count("script") == 2, path
    assert not {"img", "b", "iframe", "object", "a"} & set(page.tags), path


def _hold_csv(path):
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.reader(file, strict=True):
            for cell in row:
                assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")) or NUMBERS.fullmatch(cell), (
                    path,
                    cell,
                )


def _hold_workbook(path):
    book = load_workbook(path)
    for sheet in book:
        assert [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"] == [], path


def _hold_markdown(path):
    text = re.sub(r"`[^`]*`", "", path.read_text("utf-8"))
    assert not re.search(r"(?<!\\)<[A-Za-z/!?]", text), path
    assert not re.search(r"(?<!\\)\]\(javascript:", text), path


def hold(root, name, monkeypatch):
    """Run a string through everything; return how many commands and files there were."""
    text = STRINGS[name]
    lay_out_hostile(root / "in" / "review", text)
    monkeypatch.chdir(root / "in" / "review")
    ran = [hold_shown(words, done) for words, done in run_all(Path(), text)]
    written = hold_files(Path())
    assert [path.name for path in root.iterdir()] == ["in"]
    assert [path.name for path in (root / "in").iterdir()] == ["review"]
    assert not Path("outside").exists()
    works = json.loads(call("dedupe", "small", "--json").out)["works"]
    for form in ("ris", "bib", "csv"):
        assert json.loads(call("dedupe", f"unique.{form}", "--json").out)["records"] == works, form
    return len(ran), written


@pytest.mark.parametrize("name", ["script"])
def test_a_hostile_string_stays_a_string_everywhere(tmp_path, monkeypatch, name):
    hold(tmp_path, name, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("name", STRINGS)
def test_every_hostile_string_stays_a_string_everywhere(tmp_path, monkeypatch, name, record_property):
    ran, written = hold(tmp_path, name, monkeypatch)
    record_property("commands", ran)
    record_property("files", written)
