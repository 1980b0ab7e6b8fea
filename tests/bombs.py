"""Archives and documents that are small and mean harm: each is made here, none lies in the repository."""

from __future__ import annotations

import gzip
import io
import random
import re
import struct
import zipfile

from metareview.extraction.columns import SHEETS
from metareview.extraction.grids import Grid
from metareview.extraction.workbook import workbook_bytes
from metareview.protocol import parse_protocol, starter_text

PLAN = parse_protocol(starter_text("x"), "x.toml")
ROW = {"row": "r1", "study": "A", "outcome": "death", "arm": "drug", "n": "10"}
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
RESULTS = "xl/worksheets/sheet3.xml"
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
LAUGHS = f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]>'
QUADRATIC = f'<!DOCTYPE x [<!ENTITY big "{"a" * 10_000}">]>'


def workbook():
    """Give a workbook that is sound."""
    grids = {name: Grid(kind, kind.names, ()) for name, kind in SHEETS.items()}
    grids["results"] = Grid(SHEETS["results"], SHEETS["results"].names, (ROW,))
    return workbook_bytes(grids, PLAN)


def with_parts(**changed):
    """Give a workbook with parts changed or added; ``__`` stands for ``/``, a function changes a part."""
    with zipfile.ZipFile(io.BytesIO(workbook())) as old:
        members = {info.filename: old.read(info) for info in old.infolist()}
    for name, data in changed.items():
        path = name.replace("__", "/").replace("_xml", ".xml")
        members[path] = data(members[path]) if callable(data) else data
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for path, data in members.items():
            new.writestr(path, data)
    return out.getvalue()


def results(change):
    return with_parts(xl__worksheets__sheet3_xml=change)


def rows(more):
    """Put XML behind the rows of the results."""
    return results(lambda raw: raw.replace(b"</sheetData>", more + b"</sheetData>"))


def behind(more):
    """Put XML behind the table of the results."""
    return results(lambda raw: raw.replace(b"</sheetData>", b"</sheetData>" + more))


def flood(size):
    """Give text that unpacks to ``size`` bytes and is packed no better than a sheet of numbers."""
    block = random.Random(1).randbytes(2_000).hex().encode()
    return b"".join(b"<t>%s</t>" % block for _ in range(size // len(block) + 1))


def overlapping():
    """Let all parts of a workbook share the bytes of the largest."""
    raw = bytearray(workbook())
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        start = archive.start_dir
    heads, at = [], start
    while raw[at : at + 4] == b"PK\x01\x02":
        heads.append(at)
        at += 46 + sum(struct.unpack_from("<HHH", raw, at + 28))
    for head in heads:
        struct.pack_into("<I", raw, head + 42, 0)
    return bytes(raw)


def lying():
    """Let a part of 200 MiB say that it has one byte."""
    raw = bytearray(with_parts(xl__extra_xml=b"<a>" + b" " * (200 << 20) + b"</a>"))
    head = raw.rindex(b"xl/extra.xml") - 46
    struct.pack_into("<I", raw, head + 24, 1)
    return bytes(raw)


def numbered(pattern, count):
    """Repeat XML with a number in it, so that it is packed no better than real cells."""
    return "".join([pattern % n for n in range(count)]).encode()


def strings(count):
    return with_parts(
        xl__sharedStrings_xml=f"<sst {MAIN}>".encode() + numbered("<si><t>%d</t></si>", count) + b"</sst>"
    )


def styles(count):
    return with_parts(
        xl__styles_xml=lambda raw: raw.replace(
            b"</cellXfs>", numbered('<xf fontId="%d"/>', count) + b"</cellXfs>"
        )
    )


def cells(count):
    return rows(numbered(f"<row>{'<c><v>%d</v></c>' * 100}</row>".replace("%d", "7", 99), count // 100))


def nested(depth, inside=b""):
    return b"<a>" * depth + inside + b"</a>" * depth


PACKED_TWICE = gzip.compress(gzip.compress(b"<a/>"))

# name: (what makes it, what is said; "" where the file is read without harm)
WORKBOOKS = {
    "many parts": (lambda: with_parts(**{f"p{n}": b"" for n in range(60_000)}), "more than 2,000 parts"),
    "unpacks to too much": (
        lambda: with_parts(xl__extra_xml=flood(600 << 20)),
        "unpacks to more than 256 MiB",
    ),
    "packed too well": (lambda: with_parts(xl__extra=b"0" * (200 << 20)), "more than 300 times its size"),
    "a lying size": (lying, "damaged, or not an .xlsx file"),
    "a zip in a zip": (lambda: with_parts(xl__extra=workbook()), "is packed again inside it"),
    "a gzip in a zip": (lambda: with_parts(xl__extra_xml=PACKED_TWICE), "is packed again inside it"),
    "overlapping parts": (overlapping, "lie over one another"),
    "a declared size": (
        lambda: results(lambda raw: re.sub(b'(<dimension ref=)"[^"]*"', rb'\1"A1:XFD1048576"', raw)),
        "",
    ),
    "a far cell": (lambda: rows(b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'), "column 16,384"),
    "a far row": (lambda: rows(b'<row r="99999999999"><c><v>1</v></c></row>'), "a row beyond 1,048,576"),
    "shared strings": (lambda: strings(7_000_000), "more than 3,000,000 cells"),
    "one merged cell": (
        lambda: behind(b'<mergeCells count="1"><mergeCell ref="A3:XFD1048576"/></mergeCells>'),
        "",
    ),
    "merged cells": (
        lambda: behind(
            b"<mergeCells>" + numbered('<mergeCell ref="A3:XFD%d"/>', 4_000_000) + b"</mergeCells>"
        ),
        "more than 3,000,000 cells",
    ),
    "rows times columns": (lambda: cells(4_000_000), "more than 3,000,000 cells"),
    "a wide row": (
        lambda: rows(b"<row>" + b"<c/>" * 2_000_000 + b"</row>"),
        "a row of more than 16,384 cells",
    ),
    "formats": (lambda: styles(2_000_000), "more than 250,000 formats"),
    "one long text": (lambda: rows(b"<!--" + b"-a" * (2 << 20) + b"-->"), "a text of more than 1 MiB"),
    "deep": (lambda: rows(nested(1_000_000)), "nested more than 64 deep"),
    "entities": (lambda: with_parts(xl__x_xml=f"{LAUGHS}<x>&l9;</x>".encode()), "declares a document type"),
    "entities in UTF-16": (
        lambda: with_parts(xl__x_xml=f"{LAUGHS}<x>&l9;</x>".encode("utf-16")),
        "declares a document type",
    ),
}
_REFERENCES = "&big;" * 200_000
EXPORTS = {
    "entities": (
        lambda: f"{LAUGHS}<xml><records><record>&l9;</record></records></xml>",
        "declares XML entities",
    ),
    "entities in an attribute": (
        lambda: f'{LAUGHS}<xml><records><record a="&l9;"></record></records></xml>',
        "XML",
    ),
    "quadratic": (
        lambda: f"{QUADRATIC}<xml><records><record><t>{_REFERENCES}</t></record></records></xml>",
        "declares XML entities",
    ),
    "quadratic in an attribute": (
        lambda: f'{QUADRATIC}<xml><records><record a="{_REFERENCES}"/></records></xml>',
        "XML",
    ),
    "deep": (
        lambda: f"<xml><records><record>{nested(1_000_000).decode()}</record></records></xml>",
        "broken",
    ),
    "PubMed, entities": (
        lambda: f"{LAUGHS}<PubmedArticleSet><PubmedArticle>&l9;</PubmedArticle></PubmedArticleSet>",
        "declares XML entities",
    ),
    "PubMed, quadratic in an attribute": (
        lambda: f'{QUADRATIC}<PubmedArticleSet><PubmedArticle a="{_REFERENCES}"/></PubmedArticleSet>',
        "XML",
    ),
    "PubMed, deep": (
        lambda: (
            f"<PubmedArticleSet><PubmedArticle>{nested(1_000_000).decode()}</PubmedArticle>"
            "</PubmedArticleSet>"
        ),
        "broken",
    ),
}
REPLIES = {
    "packed too well": (lambda: gzip.compress(b" " * (600 << 20), 1), "unpacks to more than 128 MiB"),
    "packed twice": (lambda: PACKED_TWICE, "packed twice"),
    "cut short": (lambda: PACKED_TWICE[:-9], "damaged"),
    "many elements": (
        lambda: gzip.compress(b"<eSearchResult>" + numbered("<a>%d</a>", 4_000_000) + b"</eSearchResult>", 1),
        "more than 4,000,000 marks",
    ),
    "entities": (
        lambda: gzip.compress(f"{LAUGHS}<eSearchResult>&l9;</eSearchResult>".encode()),
        "XML that",
    ),
    "quadratic in an attribute": (
        lambda: gzip.compress(f'{QUADRATIC}<eSearchResult a="{_REFERENCES}"/>'.encode()),
        "XML",
    ),
    "deep": (lambda: gzip.compress(nested(1_000_000)), "XML that is not whole"),
}
