# ruff: noqa: E501
"""The newcomer's path with real LibreOffice: new review, sheets, a workbook edited there, back, check, pool."""

import copy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from lxml import etree

from metareview.extraction import check_sheets, read_sheets
from metareview.extraction.template import Included
from metareview.extraction.updating import Signature, bring_back, update_sheets
from metareview.protocol import read_protocol, write_starter

OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0"
TEXT = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
SIGNED = Signature("AB", "2026-01-02 03:04")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice (soffice) is not installed"),
]


def convert(path, to, folder):
    """Let LibreOffice open a file and save it in another format."""
    profile = f"-env:UserInstallation=file://{folder}/profile"
    command = ["soffice", profile, "--headless", "--convert-to", to, "--outdir", str(folder), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=600)
    return folder / f"{Path(path).stem}.{to}"


def cells_of(row):
    """Give a row's cells one by one; LibreOffice writes equal neighbours once, with a count."""
    repeated = f"{{{TABLE}}}number-columns-repeated"
    for cell in list(row):
        times = min(int(cell.get(repeated, "1")), 60)
        if repeated in cell.attrib:
            del cell.attrib[repeated]
        for _ in range(times - 1):
            cell.addnext(copy.deepcopy(cell))
    return list(row)


def text_of(cell):
    return "".join("".join(p.itertext()) for p in cell.findall(f"{{{TEXT}}}p"))


def type_into(cell, text):
    for child in list(cell):
        cell.remove(child)
    cell.set(f"{{{OFFICE}}}value-type", "string")
    etree.SubElement(cell, f"{{{TEXT}}}p").text = text


def edit(fods, entries):
    """Type into cells of the tab ``results``, by row id and column."""
    tree = etree.parse(fods)
    (tab,) = [t for t in tree.iter(f"{{{TABLE}}}table") if t.get(f"{{{TABLE}}}name") == "results"]
    rows = [cells_of(row) for row in tab.iter(f"{{{TABLE}}}table-row")][:20]
    at = {text_of(cell): place for place, cell in enumerate(rows[0])}
    for row in rows[1:]:
        for column, text in entries.get(text_of(row[at["row"]]), {}).items():
            type_into(row[at[column]], text)
    tree.write(fods, xml_declaration=True, encoding="UTF-8")


@pytest.fixture
def review(tmp_path):
    plan = read_protocol(write_starter("bcg", tmp_path / "protocols"))
    folder = tmp_path / "extracted" / "bcg"
    update_sheets(
        folder,
        plan,
        [Included("Aronson1948", "Aronson 1948"), Included("Ferguson1949", "Ferguson 1949")],
        SIGNED,
    )
    return tmp_path, folder, plan


def test_a_workbook_that_libreoffice_only_saved_again_changes_nothing(review):
    root, folder, plan = review
    saved = convert(folder / "extraction.xlsx", "ods", root / "office")
    again = convert(saved, "xlsx", root / "office")
    update = bring_back(folder, plan, again, SIGNED)
    assert (update.changes, update.removed) == ((), ())


def test_from_a_new_review_through_libreoffice_to_a_pooled_estimate(review):
    root, folder, plan = review
    fods = convert(folder / "extraction.xlsx", "fods", root / "office")
    counts = {"r001": ("123", "4"), "r002": ("139", "11"), "r005": ("306", "6"), "r006": ("303", "29")}
    edit(
        fods,
        {
            row: {
                "n": n,
                "events": e,
                "basis": "reported",
                "report": "pmid:8309034",
                "location": "Table 1",
                "quote": "3-4 \u2212 0,5",
            }
            for row, (n, e) in counts.items()
        },
    )
    workbook = convert(fods, "xlsx", root / "office")
    update = bring_back(folder, plan, workbook, SIGNED)
    assert len(update.changes) == 4 * 6
    sheets = read_sheets(folder, plan)
    death = [r for r in sheets.results if r.outcome == "death"]
    assert [(r.n, r.events) for r in death] == [(int(n), int(e)) for n, e in counts.values()]
    assert {r.quote for r in death} == {"3-4 \u2212 0,5"}
    assert [f for f in check_sheets(sheets, plan) if f.level != "note"] == []
    pooled = subprocess.run(
        [sys.executable, "-m", "metareview", "pool", "bcg"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    # R 4.2.2, metafor 3.8-1: rma(measure="RR", ai=c(4,6), n1i=c(123,306), ci=c(11,29), n2i=c(139,303))
    assert "RR 0.27 (0.13 to 0.53)" in pooled.stdout


def test_a_date_that_libreoffice_made_of_a_number_is_refused(review):
    from openpyxl import load_workbook

    from metareview.errors import ExtractionError

    root, folder, plan = review
    book = load_workbook(folder / "extraction.xlsx")
    cell = book["results"]["G2"]
    cell.number_format = "General"
    cell.value = "=DATE(2024,4,3)"
    book.save(root / "dated.xlsx")
    calculated = convert(convert(root / "dated.xlsx", "ods", root / "office"), "xlsx", root / "office")
    with pytest.raises(ExtractionError, match="cell G2: n is"):
        bring_back(folder, plan, calculated, SIGNED)
