"""A stand-in for NCBI's E-utilities on loopback: its limits, its texts, its ways of failing.

Run by hand for the tutorial: ``python tests/eutils.py --port 8765 --records 300``.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import json
import random
import re
import socket
import struct
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

WINDOW = 9_999
TOO_FAR = (
    "Search Backend failed: Exception:\n'retstart' cannot be larger than 9998. For PubMed, ESearch can only "
    "retrieve the first 9,999 records matching the query. To obtain more than 9,999 PubMed records, consider "
    "using EDirect that contains additional logic to batch PubMed search results automatically so that an "
    "arbitrary number can be retrieved. For details see https://www.ncbi.nlm.nih.gov/books/NBK25499/"
)
XML = '<?xml version="1.0" encoding="UTF-8" ?>\n'
SEARCH_TYPE = (
    '<!DOCTYPE eSearchResult PUBLIC "-//NLM//DTD esearch 20060628//EN" '
    '"https://eutils.ncbi.nlm.nih.gov/eutils/dtd/20060628/esearch.dtd">\n'
)
FETCH_TYPE = (
    '<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025//EN" '
    '"https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">\n'
)
LINK_TYPE = (
    '<!DOCTYPE eLinkResult PUBLIC "-//NLM//DTD elink 20101123//EN" '
    '"https://eutils.ncbi.nlm.nih.gov/eutils/dtd/20101123/elink.dtd">\n'
)
BLOCKED = (
    "<!DOCTYPE html><html><head><title>NCBI - WWW Error Blocked Diagnostic</title></head><body></body></html>"
)
DIAGNOSTIC = (
    "<html><head><title>NCBI/eutils202 - WWW Error 500 Diagnostic</title></head><body>Error</body></html>"
)
UID_RANGE = re.compile(r"^\((.*)\) AND (\d+):(\d+)\[uid\]$", re.DOTALL)


@dataclass(frozen=True)
class Article:
    """One article that the stand-in holds."""

    pmid: int
    entered: date
    title: str
    types: tuple[str, ...] = ("Journal Article",)
    notices: tuple[tuple[str, int], ...] = ()

    @functools.cache  # noqa: B019 - as many as the stand-in holds
    def xml(self) -> str:
        words = f"Mesenchymal stromal cells in {self.pmid % 97} patients, <i>in vivo</i> &amp; P &lt; 0.05."
        return "".join(
            (
                f'<PubmedArticle><MedlineCitation Status="MEDLINE"><PMID Version="1">{self.pmid}</PMID>',
                f"<Article><Journal><JournalIssue><Volume>{self.pmid % 40}</Volume>",
                f"<PubDate><Year>{self.entered.year}</Year></PubDate></JournalIssue>",
                "<Title>Journal of Generated Trials</Title></Journal>",
                f"<ArticleTitle>{escape(self.title)}</ArticleTitle>",
                f"<Abstract><AbstractText>{words}</AbstractText></Abstract>",
                f'<AuthorList><Author ValidYN="Y"><LastName>Name{self.pmid % 991}</LastName>',
                "<ForeName>Ann</ForeName></Author></AuthorList><Language>eng</Language><PublicationTypeList>",
                *(f"<PublicationType>{t}</PublicationType>" for t in self.types),
                "</PublicationTypeList></Article><CommentsCorrectionsList>",
                *(self._notice(kind, pmid) for kind, pmid in self.notices),
                "</CommentsCorrectionsList></MedlineCitation><PubmedData><ArticleIdList>",
                f'<ArticleId IdType="pubmed">{self.pmid}</ArticleId>',
                f'<ArticleId IdType="doi">10.5555/gen.{self.pmid}</ArticleId></ArticleIdList>',
                f'<ReferenceList><Reference><ArticleIdList><ArticleId IdType="doi">10.5555/c.{self.pmid}',
                "</ArticleId></ArticleIdList></Reference></ReferenceList></PubmedData></PubmedArticle>",
            )
        )

    @staticmethod
    def _notice(kind: str, pmid: int) -> str:
        source = f'<RefSource>J Gen</RefSource><PMID Version="1">{pmid}</PMID>'
        return f'<CommentsCorrections RefType="{kind}">{source}</CommentsCorrections>'


def corpus(size: int, *, seed: int = 1, first: int = 30_000_001, busy_day: int = 0) -> dict[int, Article]:
    """Make articles; ``busy_day`` of them were entered on one day."""
    draw = random.Random(seed)
    made = {}
    for place in range(size):
        pmid = first + place * 3
        entered = (
            date(2010, 5, 5)
            if place < busy_day
            else date(1990, 1, 1) + timedelta(days=draw.randrange(12_000))
        )
        made[pmid] = Article(pmid, entered, f"Trial {pmid} of cells for graft-versus-host disease")
    return made


@dataclass
class StandIn:
    """The service: what it holds, how it misbehaves, what it was asked."""

    articles: dict[int, Article]
    answers: dict[str, frozenset[int]] = field(default_factory=dict)
    links: dict[tuple[str, int], tuple[int, ...]] = field(default_factory=dict)
    faults: deque[str] = field(default_factory=deque)
    hidden: set[int] = field(default_factory=set)
    keys: frozenset[str] = frozenset({"good-key"})
    limited: bool = False
    asked: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)
    bad_manners: list[str] = field(default_factory=list)
    delay: float = 0.0
    packed: bytes = b""

    def __enter__(self) -> StandIn:
        self._lock = threading.Lock()
        self._times: dict[str, deque[float]] = {}
        self._histories: list[list[int]] = []
        stand_in = self

        class Handler(_Handler):
            service = stand_in

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._server.handle_error = lambda *_: None  # clients that hang up are part of the trial
        self.url = f"http://127.0.0.1:{self._server.server_port}/entrez/eutils/"
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def programs(self) -> list[str]:
        return [program for program, _ in self.asked]

    def over_the_limit(self, key: str) -> int:
        """Count this request; return how many came within the second when that is too many."""
        now, allowed = time.monotonic(), 10 if key else 3
        with self._lock:
            times = self._times.setdefault(key, deque())
            while times and now - times[0] >= 1.0:
                times.popleft()
            times.append(now)
            return len(times) if len(times) > allowed else 0

    def matching(self, asked: dict[str, list[str]]) -> list[int]:
        term = asked["term"][0]
        low, high = 0, 10**9
        while cut := UID_RANGE.match(term):
            term, low, high = cut[1], max(low, int(cut[2])), min(high, int(cut[3]))
        held = self.answers.get(term)
        pmids = self.articles if held is None else held & set(self.articles)
        days = [asked.get(k, [""])[0] for k in ("mindate", "maxdate")]
        if all(days) and asked.get("datetype") == ["edat"]:
            first, last = (date(*map(int, day.split("/"))) for day in days)
            pmids = [p for p in pmids if first <= self.articles[p].entered <= last]
        return sorted((p for p in pmids if low <= p <= high), reverse=True)

    def esearch(self, asked: dict[str, list[str]]) -> tuple[int, str]:
        if asked.get("db") != ["pubmed"]:
            return 200, _search_error(f"Invalid db name specified: {asked.get('db', [''])[0]}")
        if not asked.get("term", [""])[0].strip():
            return 200, _search_error("Empty term and query_key - nothing todo")
        if asked["term"][0].count("(") != asked["term"][0].count(")"):
            return 200, _search_error("Search Backend failed: syntax error")
        start, most = (int(asked.get(k, [d])[0]) for k, d in (("retstart", "0"), ("retmax", "20")))
        if start >= WINDOW:
            return 200, _search_error(TOO_FAR)
        pmids = self.matching(asked)
        if asked.get("rettype") == ["count"]:
            return 200, f"{XML}{SEARCH_TYPE}<eSearchResult><Count>{len(pmids)}</Count></eSearchResult>"
        served = pmids[start : min(start + most, WINDOW)]
        warnings = "" if pmids else "<OutputMessage>No items found.</OutputMessage>"
        if most > WINDOW:
            warnings += (
                "<OutputMessage>Restrictions achieved. start and count adjusted to "
                f"{start}, {WINDOW - start}</OutputMessage>"
            )
        return 200, self._search_result(asked, pmids, start, served, warnings)

    def _search_result(self, asked, pmids, start, served, warnings) -> str:
        history = ""
        if asked.get("usehistory") == ["y"]:
            self._histories.append(pmids)
            history = f"<QueryKey>{len(self._histories)}</QueryKey><WebEnv>MCID_stand_in</WebEnv>"
        term = escape(asked["term"][0])
        if "mindate" in asked:
            term = f"({term}) AND {asked['mindate'][0]}:{asked['maxdate'][0]}[Date - Entry]"
        unknown = "".join(f"<PhraseNotFound>{w}</PhraseNotFound>" for w in ("xyzzy",) if w in term)
        ids = "".join(f"<Id>{p}</Id>\n" for p in served)
        return (
            f"{XML}{SEARCH_TYPE}<eSearchResult><Count>{len(pmids)}</Count><RetMax>{len(served)}</RetMax>"
            f"<RetStart>{start}</RetStart>{history}<IdList>\n{ids}</IdList><TranslationSet/>"
            f"<QueryTranslation>{term}</QueryTranslation>"
            + (f"<ErrorList>{unknown}</ErrorList>" if unknown else "")
            + (f"<WarningList>{warnings}</WarningList>" if warnings else "")
            + "</eSearchResult>"
        )

    def efetch(self, asked: dict[str, list[str]]) -> tuple[int, str]:
        if "WebEnv" in asked:
            return self._fetch_history(asked)
        ids = [i for i in asked.get("id", [""])[0].split(",") if re.fullmatch(r"[1-9]\d*", i)]
        if not ids:
            return 400, _fetch_error("ID list is empty! Possibly it has no correct IDs.")
        return 200, self.records(dict.fromkeys(map(int, ids)))

    def _fetch_history(self, asked: dict[str, list[str]]) -> tuple[int, str]:
        key, start = int(asked.get("query_key", ["1"])[0]), int(asked.get("retstart", ["0"])[0])
        if key > len(self._histories):
            return 400, _fetch_error(f"Unable to obtain query #{key}")
        if start >= WINDOW:
            return 400, _fetch_error(
                "Search backend cannot retrieve history data. Reason: Exception:\n" + TOO_FAR
            )
        most = int(asked.get("retmax", ["20"])[0])
        return 200, self.records(self._histories[key - 1][start : min(start + most, WINDOW)])

    def records(self, pmids) -> str:
        held = "".join(self.articles[p].xml() for p in pmids if p in self.articles and p not in self.hidden)
        return f"{XML}{FETCH_TYPE}<PubmedArticleSet>{held}</PubmedArticleSet>"

    def elink(self, asked: dict[str, list[str]]) -> tuple[int, str]:
        name = asked["linkname"][0]
        sets = "".join(self._link_set(name, int(pmid)) for pmid in asked["id"])
        return 200, f"{XML}{LINK_TYPE}<eLinkResult>{sets}</eLinkResult>"

    def _link_set(self, name: str, pmid: int) -> str:
        held = self.links.get((name, pmid))
        inner = "".join(f"<Link><Id>{p}</Id></Link>" for p in held or ())
        listed = (
            f"<LinkSetDb><DbTo>pubmed</DbTo><LinkName>{name}</LinkName>{inner}</LinkSetDb>" if held else ""
        )
        return f"<LinkSet><DbFrom>pubmed</DbFrom><IdList><Id>{pmid}</Id></IdList>{listed}</LinkSet>"


def _search_error(text: str) -> str:
    return f"{XML}{SEARCH_TYPE}<eSearchResult><ERROR>{escape(text)}</ERROR></eSearchResult>"


def _fetch_error(text: str) -> str:
    return f"{XML}<eFetchResult>\n<ERROR>{escape(text)}</ERROR>\n</eFetchResult>"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    service: StandIn

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._answer(parse_qs(urlsplit(self.path).query, keep_blank_values=True))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        self._answer(parse_qs(body, keep_blank_values=True))

    def _answer(self, asked: dict[str, list[str]]) -> None:
        program = urlsplit(self.path).path.rsplit("/", 1)[1].removesuffix(".fcgi")
        self.service.asked.append((program, asked))
        self._watch_manners(asked)
        time.sleep(self.service.delay)
        if self.service.packed:
            return self._send_packed(self.service.packed)
        fault = self.service.faults.popleft() if self.service.faults else ""
        if fault:
            return self._fail(fault, program, asked)
        key = asked.get("api_key", [None])[0]
        if key is not None and key not in self.service.keys:
            said = {"error": "API key invalid", "api-key": key, "type": "invalid", "status": "unknown"}
            return self._send(400, json.dumps(said).encode(), kind="application/json")
        too_many = self.service.over_the_limit(key or "") if self.service.limited else 0
        if too_many:
            return self._too_many(too_many, key)
        status, text = getattr(self.service, program)(asked)
        return self._send(status, text.encode())

    def _watch_manners(self, asked: dict[str, list[str]]) -> None:
        wrong = self.service.bad_manners
        if self.command != "POST":
            wrong.append(f"asked by {self.command}")
        if "api_key" in self.path:
            wrong.append("the key stands in the address")
        wrong.extend(f"no {word}" for word in ("tool", "email") if not asked.get(word, [""])[0])

    def _too_many(self, count: int, key: str | None) -> None:
        limit = "10" if key else "3"
        said = {
            "error": "API rate limit exceeded",
            "api-key": key or "127.0.0.1",
            "count": str(count),
            "limit": limit,
        }
        self.service.bad_manners.append("too many requests")
        self._send(429, json.dumps(said).encode(), kind="application/json", pause="1")

    def _send(
        self, status: int, body: bytes, *, kind: str = "text/xml; charset=UTF-8", pause: str = ""
    ) -> None:
        self.send_response(status)
        self.send_header("Server", "Finatra")
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        if pause:
            self.send_header("Retry-After", pause)
        self.end_headers()
        for start in range(0, len(body), 16_384):
            part = body[start : start + 16_384]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        self.wfile.write(b"0\r\n\r\n")

    def _fail(self, fault: str, program: str, asked: dict[str, list[str]]) -> None:
        self.close_connection = True
        getattr(self, f"_fail_{fault.replace('-', '_')}")(program, asked)

    def _good(self, program: str, asked: dict[str, list[str]]) -> bytes:
        return getattr(self.service, program)(asked)[1].encode()

    def _fail_429(self, *_: object) -> None:
        said = b'{"error":"API rate limit exceeded","api-key":"127.0.0.1","count":"4","limit":"3"}'
        self._send(429, said, kind="application/json", pause="0.05")

    def _fail_500(self, *_: object) -> None:
        self._send(500, DIAGNOSTIC.encode(), kind="text/html")

    def _fail_503(self, *_: object) -> None:
        self._send(503, b"<html><body>Service Unavailable</body></html>", kind="text/html")

    def _fail_page(self, *_: object) -> None:
        self._send(200, b"<html><body>PubMed is under maintenance.</body></html>", kind="text/html")

    def _fail_blocked(self, *_: object) -> None:
        self._send(200, BLOCKED.encode(), kind="text/html")

    def _fail_redirect(self, *_: object) -> None:
        self.send_response(302)
        self.send_header("Location", "https://misuse.ncbi.nlm.nih.gov/error/abuse.shtml")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _fail_json(self, *_: object) -> None:
        said = (
            b'{"header":{"type":"esearch"},"esearchresult":{"ERROR":"Search Backend failed: Exception:\nx"}}'
        )
        self._send(200, said, kind="application/json")

    def _fail_empty(self, *_: object) -> None:
        self._send(200, b"")

    def _fail_error(self, program: str, asked: object) -> None:
        root = "eSearchResult" if program == "esearch" else "eFetchResult"
        self._send(
            200, f"{XML}<{root}><ERROR>Unable to open connection to #PMQuerySrv</ERROR></{root}>".encode()
        )

    def _fail_error_400(self, *_: object) -> None:
        self._send(
            400,
            b" Error: External viewer error: Empty Response. Bytes read: 0 Status: Timeout",
            kind="text/plain",
        )

    def _fail_packed(self, program: str, asked: dict[str, list[str]]) -> None:
        """Send a good reply as some proxies repack it."""
        self._send_packed(gzip.compress(self._good(program, asked)))

    def _send_packed(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _fail_cut(self, program: str, asked: dict[str, list[str]]) -> None:
        body = self._good(program, asked)
        self._send(200, body[: len(body) * 2 // 3])

    def _fail_short(self, program: str, asked: dict[str, list[str]]) -> None:
        body = self._good(program, asked)
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2])

    def _fail_chunk(self, program: str, asked: dict[str, list[str]]) -> None:
        body = self._good(program, asked)
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"%x\r\n%s" % (len(body), body[: len(body) // 2]))

    def _fail_close(self, *_: object) -> None:
        self.connection.shutdown(socket.SHUT_RDWR)

    def _fail_reset(self, *_: object) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.wfile.flush()
        self.connection.close()

    def _fail_stall(self, *_: object) -> None:
        time.sleep(1.5)

    def _fail_dribble(self, program: str, asked: dict[str, list[str]]) -> None:
        body = self._good(program, asked)
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            for place in range(200):
                self.wfile.write(body[place : place + 1])
                self.wfile.flush()
                time.sleep(0.05)
        except OSError:
            pass

    def _fail_fewer(self, program: str, asked: dict[str, list[str]]) -> None:
        """Leave something out, in good XML."""
        body = self._good(program, asked).decode()
        if program == "esearch":
            body = re.sub(r"<Id>\d+</Id>\n", "", body, count=1)
        else:
            body = re.sub(r"<PubmedArticle>.*?</PubmedArticle>", "", body, count=1, flags=re.DOTALL)
        self._send(200, body.encode())

    def _fail_other(self, program: str, asked: dict[str, list[str]]) -> None:
        """Answer what somebody else asked."""
        if program == "efetch":
            stranger = Article(77, date(2000, 1, 1), "Somebody else's")
            self._send(200, f"{XML}<PubmedArticleSet>{stranger.xml()}</PubmedArticleSet>".encode())
        else:
            self._send(200, f"{XML}<eInfoResult/>".encode())


QUICK_FAULTS = (
    "429 500 503 page json empty error error-400 cut short chunk close reset fewer other".split()  # noqa: SIM905
)
SLOW_FAULTS = ["stall", "dribble", "packed"]


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="A stand-in for NCBI's E-utilities on this machine.")
    parser.add_argument("--records", type=int, default=300)
    given = parser.parse_args()
    with StandIn(corpus(given.records), limited=True) as service:
        print(f"export METAREVIEW_EUTILS_URL={service.url}", flush=True)  # noqa: T201
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
