"""The client against a faithful stand-in: every fault outlived or told, nothing lost, nothing leaked."""

import time
from dataclasses import replace
from datetime import date

import pytest
from eutils import QUICK_FAULTS, SLOW_FAULTS, StandIn, corpus
from lxml import etree

from metareview.errors import SearchError
from metareview.search.entrez import Access, Client, Patience
from metareview.search.entrez.batches import fetch_batches
from metareview.search.entrez.client import pause_before, worded_by_biopython
from metareview.search.entrez.ids import FIRST_DAY, LAST_DAY, Hits, Slice, collect_ids, read_hits
from metareview.search.entrez.limiter import WITH_KEY, WITHOUT_KEY, Limiter, limiter_for
from metareview.search.entrez.links import ask_links
from metareview.search.entrez.replies import ReplyError

# patience with a busy machine, and as little as a server that is slow on purpose calls for
PATIENT = Patience(silence=30, attempt=120, rate=0, tries=5, total=600, first=0.01, longest=0.02)
QUICK = replace(PATIENT, silence=0.4, attempt=2.0, rate=1e5, tries=20)


def client_of(service, *, key="", patience=PATIENT, gap=0.0):
    return Client(Access("a@example.org", key, service.url, patience, gap))


def all_ids(client, query="cells"):
    def ask(part):
        return client.ask("esearch", part.params(query), "eSearchResult", read_hits).value

    return collect_ids(ask, lambda: None)


@pytest.fixture(scope="module")
def many():
    with StandIn(corpus(25_000, busy_day=10_500)) as service:
        yield service


@pytest.fixture
def few():
    with StandIn(corpus(450)) as service:
        yield service


def test_a_small_search_is_one_question(few):
    found = all_ids(client_of(few))
    assert set(map(int, found.ids)) == set(few.articles)
    assert few.programs() == ["esearch"]


def test_ids_beyond_the_window_are_all_found_even_on_a_day_that_overflows(many):
    found = all_ids(client_of(many))
    assert set(map(int, found.ids)) == set(many.articles)
    assert list(found.ids) == sorted(found.ids, key=int)
    assert sum(n for _, n in found.slices) == 25_000
    assert any(name.count("-") == 3 for name, _ in found.slices), "the busy day was cut by PMID"


def test_slices_tile_the_days():
    low, high = Slice((date(2020, 1, 1), date(2020, 1, 2))).halves()
    assert (low.days, high.days) == ((date(2020, 1, 1),) * 2, (date(2020, 1, 2),) * 2)
    assert [half.pmids for half in low.halves()] == [(1, 50_000_000), (50_000_001, 99_999_999)]


def test_an_index_that_never_agrees_with_its_count_fails_aloud(few):
    real = few.matching
    few.matching = lambda asked: real(asked) if "mindate" not in asked else real(asked)[1:]
    few.articles = corpus(10_050)
    with pytest.raises(SearchError, match="do not agree"):
        all_ids(client_of(few))


def test_an_id_that_stands_in_two_slices_is_not_counted_twice():
    ids = tuple(map(str, range(1, 10_001)))

    def ask(part):
        if part.days is None or part.days == (FIRST_DAY, LAST_DAY):
            return Hits(10_000, ids[:9_999])
        return Hits(5_000, ids[:5_000])  # both halves answer the same, and their counts add up

    with pytest.raises(SearchError, match="5000 different ids, and a count of 10000"):
        collect_ids(ask, lambda: None)


@pytest.mark.parametrize("fault", [*QUICK_FAULTS, *SLOW_FAULTS])
def test_a_fault_that_passes_is_outlived(few, fault, tmp_path):
    client = client_of(few, patience=QUICK if fault in SLOW_FAULTS else PATIENT)
    few.faults.append(fault)
    found = all_ids(client)
    assert set(map(int, found.ids)) == set(few.articles)
    few.faults.append(fault)
    returned = fetch_batches(client, found.ids, tmp_path, lambda n: None)
    assert returned == set(found.ids)


@pytest.mark.parametrize("fault", ["blocked", "redirect"])
def test_a_block_is_told_at_once_and_not_asked_again(few, fault):
    few.faults.extend([fault] * 3)
    with pytest.raises(SearchError, match="blocked this address"):
        all_ids(client_of(few))
    assert len(few.asked) == 1


def test_tries_come_to_an_end_and_the_last_fault_is_named(few):
    few.faults.extend(["503"] * 20)
    with pytest.raises(
        SearchError, match=r"no whole answer to esearch in 5 attempts.*HTTP 503, Service Unavailable"
    ):
        all_ids(client_of(few))
    assert len(few.asked) == PATIENT.tries


def test_a_dribbling_server_is_given_up_in_time(few):
    few.faults.extend(["dribble"] * 2)
    patience = replace(PATIENT, attempt=0.5, tries=2)
    with pytest.raises(SearchError, match=r"within 0\.5 seconds"):
        all_ids(client_of(few, patience=patience))


def test_a_slow_reply_is_given_up_by_its_rate(few):
    few.faults.extend(["dribble"] * 2)
    patience = replace(PATIENT, silence=1, rate=1000, tries=2)
    with pytest.raises(SearchError, match=r"only \d+ bytes"):
        all_ids(client_of(few, patience=patience))


@pytest.mark.parametrize(
    ("faults", "says"),
    [
        ([], "the reply is larger than 0 MiB"),
        (["packed"] * 2, "the packed reply is refused: it unpacks to more"),
    ],
)
def test_a_reply_that_is_too_large_is_given_up(few, faults, says, monkeypatch):
    monkeypatch.setattr("metareview.search.entrez.transport.MAX_REPLY", 4_000)
    few.faults.extend(faults)
    with pytest.raises(SearchError, match=says):
        all_ids(client_of(few))
    assert len(few.asked) == 2


def test_pages_of_ids_come_to_an_end(monkeypatch):
    """A service that always has more, and whose counts always agree, is not asked for ever."""
    monkeypatch.setattr("metareview.search.entrez.ids._MOST_PAGES", 50)
    asked = []

    def ask(part):
        asked.append(part)
        first, last = part.days or (FIRST_DAY, LAST_DAY)
        low, high = part.pmids or (1, 99_999_999)
        return Hits(((last - first).days + 1) * (high - low + 1), ())

    with pytest.raises(SearchError, match="goes on after 50 pages"):
        collect_ids(ask, lambda: None)
    assert len(asked) <= 102


@pytest.mark.parametrize("count", ["9" * 5_000, "²", "-1", "1e3", "", " ", "１"])
def test_a_count_that_cannot_be_is_no_answer(count):
    element = etree.fromstring(f"<eSearchResult><Count>{count}</Count></eSearchResult>")
    with pytest.raises(ReplyError, match="without a count"):
        read_hits(element)


def test_retry_after_is_waited_for(few):
    few.faults.append("429")
    slow = Patience(tries=2, first=0.0001)
    started = time.monotonic()
    all_ids(client_of(few, patience=slow))
    assert time.monotonic() - started >= 0.05


def test_pauses_double_up_to_a_cap():
    patience = Patience(first=1, longest=6)
    pauses = [pause_before(n, patience) for n in range(1, 8)]
    assert all(0.5 * w <= p <= w for p, w in zip(pauses, [1, 2, 4, 6, 6, 6, 6], strict=True))


def test_every_request_is_a_post_that_says_who_asks(few, tmp_path):
    client = client_of(few, key="good-key")
    found = all_ids(client)
    fetch_batches(client, found.ids[:3], tmp_path, lambda n: None)
    ask_links(client, "similar", found.ids[:2])
    assert few.bad_manners == []
    assert all(
        asked["email"] == ["a@example.org"] and asked["tool"] == ["metareview"] for _, asked in few.asked
    )
    assert all(asked["api_key"] == ["good-key"] for _, asked in few.asked)


def test_a_wrong_key_is_told_without_showing_it(few):
    with pytest.raises(SearchError) as error:
        all_ids(client_of(few, key="s3cret"))
    assert "API key is not valid" in str(error.value)
    assert "s3cret" not in str(error.value)
    assert "s3cret" not in repr(client_of(few, key="s3cret").access)


def test_the_allowance_is_kept_without_a_429(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with StandIn(corpus(5), limited=True) as service:
        client = client_of(service, gap=None)
        for _ in range(5):
            all_ids(client)
        assert service.bad_manners == []
        assert len(service.asked) == 5


def test_one_limiter_serves_a_host_and_key():
    assert limiter_for("h", "k") is limiter_for("h", "k")
    assert limiter_for("h", "k") is not limiter_for("h", "")
    assert (limiter_for("h", "k").gap, limiter_for("h", "").gap) == (WITH_KEY, WITHOUT_KEY)


def test_a_limiter_lets_one_through_at_a_time():
    limiter = Limiter(0.02)
    started = time.monotonic()
    for _ in range(5):
        with limiter.turn():
            pass
    assert time.monotonic() - started >= 0.08


def test_an_omission_that_passes_is_asked_for_again_and_one_that_stays_is_told(few, tmp_path):
    found = all_ids(client_of(few))
    few.hidden = {int(found.ids[7])}
    few.faults.append("fewer")
    returned = fetch_batches(client_of(few), found.ids, tmp_path, lambda n: None)
    assert set(found.ids) - returned == {found.ids[7]}


def test_batches_on_the_disk_are_not_asked_for_again(few, tmp_path):
    found = all_ids(client_of(few))
    fetch_batches(client_of(few), found.ids, tmp_path, lambda n: None)
    few.asked.clear()
    (tmp_path / "00002.xml.gz").write_bytes(b"half of a file")
    assert fetch_batches(client_of(few), found.ids, tmp_path, lambda n: None) == set(found.ids)
    assert [asked["id"][0].split(",")[0] for _, asked in few.asked] == [found.ids[200]]


def test_links_are_kept_apart_and_itself_left_out(few):
    few.links = {("pubmed_pubmed", 5): (5, 9, 8), ("pubmed_pubmed_citedin", 6): (7,)}
    answers = ask_links(client_of(few), "similar", ["5", "6"]).value
    assert [(a.pmid, a.ids, a.known) for a in answers] == [("5", ("9", "8"), True), ("6", (), False)]
    assert ask_links(client_of(few), "cited-by", ["6"]).value[0].ids == ("7",)


def test_words_that_are_no_pmid_are_refused_before_anything_is_sent(few):
    with pytest.raises(SearchError) as error:
        ask_links(client_of(few), "similar", ["0", "x", "5"])
    assert len(error.value.problems) == 2
    assert few.asked == []


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://eutils.ncbi.nlm.nih.gov/", "plain http"),
        ("ftp://x/", "no plain web address"),
        ("eutils", "no plain web address"),
        ("http://127.0.0.1.example.org/", "plain http"),
    ],
)
def test_an_address_that_would_send_the_key_in_the_clear_is_refused(monkeypatch, url, says):
    monkeypatch.setenv("METAREVIEW_EUTILS_URL", url)
    with pytest.raises(SearchError, match=says):
        Access.from_environment("a@example.org")


def test_access_reads_the_environment_and_blank_is_unset(monkeypatch):
    monkeypatch.setenv("NCBI_API_KEY", "  ")
    monkeypatch.setenv("NCBI_EMAIL", "a@example.org")
    monkeypatch.delenv("METAREVIEW_EUTILS_URL", raising=False)
    access = Access.from_environment()
    assert (access.key, access.email, access.url.startswith("https://eutils.ncbi")) == (
        "",
        "a@example.org",
        True,
    )
    monkeypatch.delenv("NCBI_EMAIL")
    with pytest.raises(SearchError, match="NCBI_EMAIL"):
        Access.from_environment()


def test_biopython_words_the_request():
    request = worded_by_biopython("efetch", {"db": "pubmed", "id": ["1", "2"], "email": "a@b.c"})
    assert "id=1%2C2" in request.full_url
    from Bio import Entrez

    assert Entrez._open.__name__ == "_open", "what was put in its place is taken back"


def test_a_server_that_is_not_there_is_told(unused_port):
    access = Access("a@example.org", url=f"http://127.0.0.1:{unused_port}/", patience=QUICK, gap=0.0)
    with pytest.raises(SearchError, match="it was refused"):
        all_ids(Client(access))


@pytest.fixture
def unused_port():
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
