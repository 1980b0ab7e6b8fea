"""What a reply of E-utilities is worth: good, to be asked again, or a refusal that stays one.

E-utilities say most of their errors with status 200, some that pass with status 400, and send
pages of HTML and lines of JSON where XML was asked for; so a reply is judged by what it holds.
"""

from __future__ import annotations

import json
import re
import time
from email.utils import parsedate_to_datetime
from html import unescape
from urllib.parse import urlsplit

from lxml import etree

from metareview.search.entrez.transport import Reply

_PASSING_STATUS = frozenset({408, 425, 429})
_BLOCKED = re.compile(r"Blocked Diagnostic|misuse\.ncbi", re.IGNORECASE)
_FINAL = re.compile(
    r"Empty term|Invalid db name|cannot be larger than 9998|ID list is empty|API key invalid"
    r"|Unable to obtain query|Too many UIDs|Invalid uid|Unsupported .*?(mode|type)",
    re.IGNORECASE,
)
_PASSING_400 = re.compile(
    r"External viewer error|Empty Response|Status: Timeout|cannot get document summary|Error occurred"
    r"|Unable to open connection|Couldn't resolve|Search Backend failed: Database|rate limit|temporar"
    r"|try again",
    re.IGNORECASE,
)
_DEFAULT_PAUSE = 2.0
_QUOTED = 300
_MARKS = 4_000_000  # a tree of so many is half a gibibyte; two hundred records have a tenth


class ReplyError(Exception):
    """Why a reply is no answer.

    Parameters
    ----------
    says
        Half a sentence for the person who waits.
    passing
        Whether asking again may help.
    pause
        Seconds that the server asked for, 0 if it did not say.
    tries
        How many attempts it is worth, 0 for as many as there are.
    """

    def __init__(self, says: str, passing: bool, pause: float = 0.0, tries: int = 0) -> None:
        super().__init__(says)
        self.says, self.passing, self.pause, self.tries = says, passing, pause, tries


def answer(reply: Reply, root: str) -> etree._Element:
    """Return the XML of a reply.

    Parameters
    ----------
    reply
        As the transport gave it.
    root
        The name of the root element that a good answer has.

    Raises
    ------
    ReplyError
        When it is anything else.
    """
    text = reply.body[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    _check_status(reply, text)
    if not text:
        raise ReplyError("an empty reply", passing=True)
    if text.startswith(b"{"):
        raise _json_fault(reply.body, reply)
    if re.match(rb"<(!doctype\s+)?html", text, re.IGNORECASE):
        raise _page_fault(text)
    return _element(reply.body, root)


def _check_status(reply: Reply, text: bytes) -> None:
    status = reply.status
    if status == 200:
        return
    if 300 <= status < 400:
        raise _redirect_fault(reply)
    if status in _PASSING_STATUS or status >= 500:
        pause = retry_after(reply.headers.get("retry-after", ""))
        says = "too many requests" if status == 429 else _gist(text)
        raise ReplyError(
            f"HTTP {status}, {says}", passing=True, pause=pause or (status == 429) * _DEFAULT_PAUSE
        )
    if text.startswith(b"{"):
        raise _json_fault(reply.body, reply)
    says = _gist(text)
    passing = status == 400 and bool(_PASSING_400.search(says)) and not _FINAL.search(says)
    if _BLOCKED.search(says):
        raise _blocked()
    raise ReplyError(f"HTTP {status}, {says}", passing=passing)


def _redirect_fault(reply: Reply) -> ReplyError:
    host = urlsplit(reply.headers.get("location", "")).hostname or "another address"
    if _BLOCKED.search(host):
        return _blocked()
    return ReplyError(
        f"HTTP {reply.status}, sent on to {host}, which is not followed (a log-in page of the network?)",
        passing=False,
    )


def retry_after(value: str) -> float:
    """Read ``Retry-After``: seconds or a date; 0 when it says nothing.

    >>> retry_after("2"), retry_after("soon")
    (2.0, 0.0)
    """
    value = value.strip()
    if re.fullmatch(r"\d+(\.\d+)?", value):
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError):
        return 0.0


def _json_fault(body: bytes, reply: Reply) -> ReplyError:
    try:  # NCBI puts raw line ends inside strings
        held = json.loads(body.decode("utf-8", "replace"), strict=False)
    except ValueError:
        return ReplyError("JSON cut short in place of XML", passing=True)
    says = str(held.get("error", "")) or "JSON in place of XML"
    if "rate limit" in says:
        pause = retry_after(reply.headers.get("retry-after", "")) or _DEFAULT_PAUSE
        return ReplyError("too many requests", passing=True, pause=pause)
    if "API key invalid" in says:
        return ReplyError(
            "the API key is not valid; set NCBI_API_KEY to a key of your NCBI account, or unset it", False
        )
    return ReplyError(says[:_QUOTED], passing=not _FINAL.search(says))


def _page_fault(text: bytes) -> ReplyError:
    says = _gist(text)
    if _BLOCKED.search(text.decode("utf-8", "replace")):
        return _blocked()
    return ReplyError(f"a web page in place of XML ({says})", passing=True)


def _blocked() -> ReplyError:
    return ReplyError(
        "NCBI has blocked this address for asking too fast; wait, set NCBI_EMAIL and NCBI_API_KEY, and write "
        "to eutilities@ncbi.nlm.nih.gov if the block stays",
        passing=False,
    )


def _gist(raw: bytes) -> str:
    """Give the words of an error page or text in one short line."""
    text = raw.decode("utf-8", "replace")
    _, _, behind = text.partition("<title>" if "<title>" in text else "<TITLE>")
    title = re.match(r"(.*?)</title>", behind, re.IGNORECASE | re.DOTALL)
    words = title[1] if title else re.sub(r"<[^<>]*>", " ", text)
    return " ".join(unescape(words).split())[:_QUOTED] or "no text"


def _element(body: bytes, root: str) -> etree._Element:
    element = parsed(body)
    said = (
        " ".join(" ".join(e.itertext()) for e in element.iter("ERROR"))
        if element.tag != "PubmedArticleSet"
        else ""
    )
    said = " ".join(said.split())
    if said:
        raise ReplyError(said[:_QUOTED], passing=not _FINAL.search(said))
    if element.tag != root:
        raise ReplyError(f"<{element.tag}> in place of <{root}>", passing=True)
    return element


def parsed(body: bytes) -> etree._Element:
    """Parse the XML of a reply; nothing outside of it is loaded, and no entity of its own is resolved.

    Raises
    ------
    ReplyError
        When it is not whole, declares entities, or has more marks than a reply to one question can have.
    """
    if body.count(b"<") > _MARKS:
        raise ReplyError(f"XML of more than {_MARKS:,} marks", passing=True, tries=2)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        element = etree.fromstring(body.lstrip(), parser)
    except etree.XMLSyntaxError:
        raise ReplyError("XML that is not whole", passing=True) from None
    declared = element.getroottree().docinfo.internalDTD
    if declared is not None and any(True for _ in declared.iterentities()):
        raise ReplyError("XML that declares entities", passing=True, tries=2)
    return element
