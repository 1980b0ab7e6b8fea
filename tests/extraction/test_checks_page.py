"""docs/checks.md says what the code does, and what the benchmark measured."""

import re
from pathlib import Path

from metareview.extraction.checks.page import checks_table, main, with_block

PAGE = Path("docs/checks.md")


def test_the_table_of_checks_is_current():
    text = PAGE.read_text("utf-8")
    assert with_block(text, "checks", checks_table()) == text


def test_a_page_that_is_behind_is_brought_up_to_date(tmp_path):
    page = tmp_path / "checks.md"
    page.write_text("before <!-- checks -->\nold\n<!-- /checks --> after", "utf-8")
    main(page)
    text = page.read_text("utf-8")
    assert text.startswith("before ")
    assert text.endswith(" after")
    assert "`percent-grim`" in text


def test_the_benchmark_reaches_what_it_aims_at():
    """Recall of 0.95 for errors, and fewer than one false alarm per 200 clean rows, in 1,000 runs."""
    text = PAGE.read_text("utf-8")
    assert "1,000 runs" in text
    rows = re.findall(r"^\| ([^|]+) \| (error|warning) \| (\d+) \| (\d+) \| ([\d.]+) \|", text, re.MULTILINE)
    errors = [float(recall) for name, level, *_, recall in rows if level == "error"]
    assert len(errors) > 20
    assert min(errors) >= 0.95
    false = re.search(r"([\d.]+) per 200 rows", text)
    assert float(false[1]) < 1
