"""EndNote's XML: text wrapped in styles, lists broken by carriage returns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

from lxml import etree

from metareview.search.formats.entry import Entry
from metareview.search.formats.fields import Values, record_entry
from metareview.search.formats.pubmed_xml import refuse_entities, xml_fault

_PATHS = {
    "title": "titles/title",
    "original_title": "titles/translated-title",
    "journal": "periodical/full-title",
    "journal2": "titles/secondary-title",
    "journal3": "periodical/abbr-1",
    "abstract": "abstract",
    "authors": "contributors/authors/author",
    "year": "dates/year",
    "published": "dates/pub-dates/date",
    "volume": "volume",
    "issue": "number",
    "first_page": "pages",
    "doi": "electronic-resource-num",
    "accession": "accession-num",
    "issn": "isbn",
    "languages": "language",
    "keywords": "keywords/keyword",
    "url": "urls//url",
    "database": "remote-database-name",
    "provider": "remote-database-provider",
    "notes": "notes",
    "pmcid": "custom2",
    "types": "work-type",
}


def read_endnote_xml(stream: IO[bytes], name: str) -> Iterator[Entry]:
    """Read the records of an EndNote XML file, one at a time.

    Raises
    ------
    FormatError
        When the file is not whole XML, or declares entities.
    """
    events = etree.iterparse(
        stream,
        events=("end",),
        tag="record",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
    )
    try:
        for _, element in events:
            refuse_entities(element, name)
            yield _entry(element)
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        raise xml_fault(error, name) from None


def _entry(element: Any) -> Entry:
    values: Values = {}
    for field, path in _PATHS.items():
        held = ["".join(e.itertext()).replace("\r", "\n") for e in element.iterfind(path)]
        values[field] = [text for text in held if text.strip()]
    kind = element.find("ref-type")
    if kind is not None and not values["types"]:
        values["types"] = [kind.get("name", "")]
    return record_entry(element.sourceline or 0, values)
