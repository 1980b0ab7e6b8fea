"""How the families of tagged files write their lines, as tables.

A table reads: field of a record, then the tags that hold it; ``journal2`` is asked when
``journal`` is empty.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


def _tags(table: str) -> dict[str, str]:
    rows = (row.split() for row in table.split(";"))
    return {tag: row[0] for row in rows for tag in row[1:]}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one family of files writes its lines.

    Attributes
    ----------
    name : as people call the format
    line : a line that begins a field: groups ``tag`` and ``value``
    begins : tags that begin a record
    ends : tags that end one, none where the next beginning does
    fields : tag → field of a record
    database : where such files come from, ``""`` when the file must say it
    again : tags that begin a record after a blank line, when the current one has them already
    outside : tags that stand outside of records
    """

    name: str
    line: re.Pattern[str]
    begins: frozenset[str]
    ends: frozenset[str]
    fields: dict[str, str]
    database: str = ""
    again: frozenset[str] = frozenset()
    outside: frozenset[str] = frozenset({"EF"})


RIS = Dialect(
    "RIS",
    re.compile(r"^\s{0,3}(?P<tag>[A-Z][A-Z0-9]) {1,3}-[ \t]?(?P<value>.*)$"),
    begins=frozenset({"TY"}),
    ends=frozenset({"ER"}),
    fields=_tags(
        """type_code TY; title TI T1 CT; book BT; original_title TT; abstract AB N2; authors AU A1;
        year PY Y1; published DA; journal JF; journal2 T2 JO; journal3 JA J2 J1; volume VL; issue
        IS; first_page SP; last_page EP; article_number C7; doi DO; accession AN; label ID; database
        DB; provider DP; keywords KW; languages LA; issn SN; url UR LK L1 L2; types M3; pmid PM;
        notes N1 C1 C2 C3 C4 C5 C6 C8 M1 M2 U1 U2 CN XR"""
    ),
)
MEDLINE = Dialect(
    "MEDLINE",
    re.compile(r"^(?P<tag>[A-Z][A-Z0-9]{1,3}) {0,2}- ?(?P<value>.*)$"),
    begins=frozenset({"PMID", "UI", "VN", "OWN"}),
    ends=frozenset(),
    fields=_tags(
        """pmid PMID; accession UI AN; title TI; original_title TT; book BTI; abstract AB; abstract2 OAB;
        authors FAU; authors2 AU; collectives CN; published DP; journal JT; journal2 TA; citation
        SO; volume VI; issue IP; first_page PG; doi_or_other LID AID; doi DO; pmcid PMC; types PT;
        languages LA LG; keywords MH OT; registry SI; issn IS; year YR; database DB;
        link:RetractionIn RIN; link:RetractionOf ROF; link:ErratumIn EIN; link:ErratumFor EFR;
        link:CorrectedandRepublishedIn CRI; link:CorrectedandRepublishedFrom CRF;
        link:ExpressionOfConcernIn ECI; link:ExpressionOfConcernFor ECF; link:UpdateIn UIN;
        link:UpdateOf UOF; link:CommentIn CIN; link:CommentOn CON; link:PartialRetractionIn PRIN;
        link:RepublishedIn RPI; link:RepublishedFrom RPF"""
    ),
    database="PubMed",
    again=frozenset({"OWN", "STAT", "TI", "DP"}),
)
WEB_OF_SCIENCE = Dialect(
    "Web of Science",
    re.compile(r"^(?P<tag>[A-Z][A-Z0-9])(?= |$) ?(?P<value>.*)$"),
    begins=frozenset({"PT"}),
    ends=frozenset({"ER"}),
    fields=_tags(
        """title TI; abstract AB; authors AF; authors2 AU; collectives CA; year PY; published PD;
        journal SO; journal3 J9; volume VL; issue IS; first_page BP; last_page EP; article_number
        AR; doi DI; accession UT; pmid PM; types DT; languages LA; keywords DE ID; issn SN"""
    ),
    database="Web of Science",
)
COCHRANE = Dialect(
    "Cochrane",
    re.compile(r"^(?P<tag>(?:[A-Z]{2}|DOI)(?=:)|Record(?= #\d+ of \d+)):?\s?(?P<value>.*)$"),
    begins=frozenset({"Record"}),
    ends=frozenset(),
    fields=_tags(
        """accession ID; title TI; abstract AB; authors AU; journal SO; year YR; volume VL; issue NO;
        first_page PG; notes PM XR; doi DOI; types PT; keywords KY; url US; languages LA"""
    ),
    database="CENTRAL",
)
REFER = Dialect(
    "EndNote tagged (Refer)",
    re.compile(r"^%(?P<tag>\S) ?(?P<value>.*)$"),
    begins=frozenset({"0"}),
    ends=frozenset(),
    fields=_tags(
        """types 0; title T; abstract X; authors A; year D; published 8; journal J; journal2 B; volume
        V; issue N; first_page P; doi R; accession M; url U; keywords K; languages G; issn @;
        database W; notes Z"""
    ),
)
DIALECTS = (RIS, MEDLINE, WEB_OF_SCIENCE, COCHRANE, REFER)
