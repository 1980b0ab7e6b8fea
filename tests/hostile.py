"""Strings that programs stumble over, and a review that holds one of them in every field."""

import json
import re

from metareview.characters import storable
from metareview.search import Record, write_records
from metareview.search.ledger import SearchRun, write_searches
from metareview.tables import write_table
from tests.small_review import PROTOCOL, SHEETS, lay_out
from tests.whole_review import CRITERIA

STRINGS = {
    "formula": '=HYPERLINK("http://127.0.0.1/","x")',
    "formula of another kind": "+1+cmd|' /C calc'!A0",
    "formula at": "@SUM(1+1)*cmd",
    "formula minus": "-2+3+cmd|'x'",
    "colours": "\x1b[31mred\x1b[0m\x1b]0;title\x07\x9b1m",
    "turned writing": "\u202egnp.exe\u2069\u200f",
    "NUL": "a\0b",
    "half a character": "a\udcffb",
    "very long": "word" * 500,
    "script": "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><svg/onload=alert(1)>",
    "Markdown": "[x](javascript:alert(1)) ![y](http://127.0.0.1/) **b** `c` <b>d</b> [bold]e[/bold]",
    "a path": "../../../outside",
    "a device": "CON",
    "a shell": "$(touch outside) `touch outside`; touch outside & | > outside",
    "quotes": 'a"b\'c;d,e\tf|g\\h""',
    "line breaks": "a\nb\r\nc\rd\u2028e\x85f\x0bg\nER  - \n\nTY  - JOUR\nTI  - smuggled\nER  - \n",
    "emoji": "👩‍⚕️🏳️‍🌈 e\u0301\u0302\u0303\u0304 Z\u0351\u036b",
    "Arabic": "مرحبا بالعالم ١٢٣ שלום",
    "nothing to see": "a\u200bb\ufeffc\u200dd\u00ade",
    "LaTeX": "$\\frac{1}{0}$ \\input{/etc/passwd} $x_{1 \\undefined $ } @article{x, title={y}}",
    "formats": "%s %n %(x)s {} {0.__class__} {{x}} ${y}",
    "SQL": "'; DROP TABLE studies; --",
    "regular expression": "((a+)+)+$[.*?\\(",
}
PLAN = PROTOCOL.split("[[analyses.sensitivity]]", 1)[0].replace("[[arms]]", CRITERIA + "\n[[arms]]", 1)
TEXTS = ("A small review", "none", "Adults", "Drug", "Placebo", "Death", "Children", "drug AND placebo")
FREE = {
    "studies": ("label", "design", "registry", "exclude", "note"),
    "arms": ("label", "note"),
    "results": ("location", "quote", "extractor", "note"),
    "contrasts": (),
    "judgements": (),
}


def plan_with(text):
    """Return the plan with a text at the end of each of its texts."""
    keys = "title|registration|population|intervention|comparator|outcomes|label|include|exclude|query"
    texts = "|".join(map(re.escape, TEXTS))
    return re.sub(
        rf'^({keys}) = "({texts})"',
        lambda m: f"{m[1]} = {json.dumps(text, ensure_ascii=False)}" if m[1] != "registration" else m[0],
        PLAN,
        flags=re.MULTILINE,
    )


def sheets_with(text):
    """Return the sheets with a text in each free cell, as they are stored; labels stay apart."""
    import csv
    import io

    found = {}
    for name, sheet in SHEETS.items():
        reader = csv.DictReader(io.StringIO(sheet))
        rows = list(reader)
        for number, row in enumerate(rows):
            for column in FREE[name]:
                if column in row and not (column == "exclude" and number):
                    row[column] = f"{text} {number}" if column == "label" else text
            if name == "studies":
                row["exclude"] = text if number == 3 else ""
        found[name] = write_table(reader.fieldnames, rows)
    return found


def lay_out_hostile(root, text):
    """Write a review that holds the text wherever people or services write one."""
    kept = storable(text)
    lay_out(root, protocol=plan_with(kept), **sheets_with(text))
    searched = root / "searched" / "small"
    searched.mkdir(parents=True)
    write_records(searched / "records.csv", [_record(n, text) for n in range(1, 7)])
    run = SearchRun("pubmed-2026-11-24", "databases", text, text, text, text, text, records=6, note=text)
    write_searches(searched / "searches.csv", [run])
    return root


def _record(number, text):
    return Record(
        id=f"pmid:{number}",
        pmid=str(number),
        title=f"{text} {number}",
        abstract=text,
        authors=(f"{storable(text) or 'x'}, A",),
        journal=text,
        year=2000 + number,
        source=("pubmed-2026-11-24",),
    )
