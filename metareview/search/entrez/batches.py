"""Records by explicit ids, a batch at a time, each reply kept on the disk before the next is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from lxml import etree

from metareview.search.entrez.client import Client
from metareview.search.entrez.replies import ReplyError
from metareview.search.entrez.shelf import kept_or_asked

SIZE = 200  # keeps a repeated request cheap; NCBI would allow more
AGAIN = 3  # how often to ask again for what was left out
_RECORDS = ("PubmedArticle/MedlineCitation/PMID", "PubmedBookArticle/BookDocument/PMID")


def read_pmids(element: etree._Element, asked: frozenset[str]) -> tuple[str, ...]:
    """Return the PMIDs of a ``PubmedArticleSet``, deleted ones left out.

    Raises
    ------
    ReplyError
        When it answers for records that were not asked for: somebody else's reply.
    """
    found = tuple((e.text or "").strip() for path in _RECORDS for e in element.iterfind(path))
    strange = set(found) - asked
    if strange:
        raise ReplyError(f"record {min(strange)}, which was not asked for", passing=True)
    return tuple(dict.fromkeys(found))


def fetch_batches(client: Client, ids: Sequence[str], folder: Path, tell: Callable[[int], None]) -> set[str]:
    """Fetch the records of some ids into ``folder``, one compressed reply per batch.

    A batch that is there already is not asked for again. Ids that the service left out are asked
    for by themselves, up to three times more: ``efetch`` answers by omission, and an omission may pass.

    Parameters
    ----------
    client
        Whom to ask.
    ids
        The PMIDs, each once, in an order that stays the same.
    folder
        Where the replies go, as received.
    tell
        Told how many ids were dealt with, after every batch.

    Returns
    -------
    set of str
        The PMIDs that came back.
    """
    returned: set[str] = set()
    for path, batch in _batches(folder, "", ids):
        returned.update(_batch(client, path, batch))
        tell(len(batch))
    for again in range(1, AGAIN + 1):
        missing = [i for i in ids if i not in returned]
        for path, batch in _batches(folder, f"again-{again}-", missing):
            returned.update(_batch(client, path, batch))
    return returned


def _batches(folder: Path, prefix: str, ids: Sequence[str]) -> Iterator[tuple[Path, Sequence[str]]]:
    for number, start in enumerate(range(0, len(ids), SIZE), 1):
        yield folder / f"{prefix}{number:05d}.xml.gz", ids[start : start + SIZE]


def _batch(client: Client, path: Path, batch: Sequence[str]) -> tuple[str, ...]:
    asked = frozenset(batch)
    params = {"db": "pubmed", "id": list(batch), "retmode": "xml"}

    def read(element: etree._Element) -> tuple[str, ...]:
        return read_pmids(element, asked)

    return kept_or_asked(path, read, lambda: client.ask("efetch", params, "PubmedArticleSet", read))
