"""A search from question to table: complete, dated, taken up where it was cut, compared with the last."""

import hashlib
import json
import os
import random
import re
import shutil
from dataclasses import replace
from functools import partial

import eutils
import pytest
from eutils import QUICK_FAULTS, StandIn, corpus
from faults import every_kill, killed_at

from metareview.errors import FileError, SearchError
from metareview.journal import is_unsettled
from metareview.locks import locked
from metareview.search.capsule import damage, read_manifest
from metareview.search.catalogue import read_records
from metareview.search.entrez import Access, Patience, batches, ids
from metareview.search.ledger import read_searches
from metareview.search.plan import Plan, link_plan
from metareview.search.run import run_search

# no pauses between attempts, and patience with a busy machine: none of the faults here is a slow answer
QUICK = Patience(silence=30, attempt=120, rate=0, tries=4, total=600, first=0.002, longest=0.01)
PLAN = Plan("cells[tiab]")


def access_to(service, patience=QUICK):
    return Access("a@example.org", "", service.url, patience, gap=0.0)


def files_of(folder):
    """Give everything that a search leaves but the times of day."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in ("manifest.json", "searches.csv", ".lock")
    }


@pytest.fixture
def service():
    with StandIn(corpus(450)) as made:
        yield made


def test_a_search_leaves_records_replies_and_a_row_for_prisma_s(service, tmp_path):
    service.hidden = {30_000_001}
    outcome = run_search(tmp_path, PLAN, access_to(service))
    records = read_records(tmp_path / "records.csv")
    assert [r.id for r in records] == [f"pmid:{p}" for p in sorted(service.articles) if p != 30_000_001]
    assert outcome.not_returned == ("30000001",)
    assert records[0].doi == "10.5555/gen.30000004", "its own DOI, not that of a work it cites"
    assert records[0].abstract == "Mesenchymal stromal cells in 38 patients, in vivo & P < 0.05."
    (row,) = read_searches(tmp_path / "searches.csv")
    assert (row.hits, row.records, row.not_returned, row.query) == (450, 449, 1, "cells[tiab]")
    assert row.translation == "cells[tiab]"
    assert hashlib.sha256((tmp_path / row.file / "SHA256SUMS").read_bytes()).hexdigest() == row.sha256
    assert (tmp_path / row.file / "not_returned.txt").read_text() == "30000001\n"
    assert damage(tmp_path / row.file) == []


def test_a_changed_reply_is_noticed(service, tmp_path):
    place = tmp_path / run_search(tmp_path, PLAN, access_to(service)).run.file
    (place / "records" / "00001.xml.gz").write_bytes(b"x")
    (place / "records" / "00002.xml.gz").unlink()
    assert [p.split(" ")[1:3] for p in damage(place)] == [["was", "changed"], ["is", "missing;"]]


@pytest.mark.parametrize(
    "line", ["{sum}  ../../../victim", "{sum}  /etc/hostname", "{sum}", "no sum at all", "{sum}  ids/../x"]
)
def test_a_list_of_sums_from_somebody_else_names_no_file_outside(service, tmp_path, line):
    place = tmp_path / run_search(tmp_path, PLAN, access_to(service)).run.file
    with (place / "SHA256SUMS").open("a") as sums:
        sums.write(line.format(sum="0" * 64) + "\n")
    (says,) = damage(place)
    assert "is no sum of a received file" in says


@pytest.mark.parametrize("hits", [450, 10_400])
def test_an_id_that_a_reply_names_twice_is_one_hit_and_is_told(tmp_path, monkeypatch, hits):
    with StandIn(corpus(hits)) as service:
        answer = service.esearch

        def repeat(asked):
            code, text = answer(asked)
            return code, re.sub(r"<Id>(\d+)</Id>\n", r"<Id>\1</Id>\n<Id>\1</Id>\n", text, count=1)

        monkeypatch.setattr(service, "esearch", repeat)
        outcome = run_search(tmp_path, PLAN, access_to(service))
    assert (outcome.run.hits, outcome.run.records) == (hits, hits)
    ids = (tmp_path / outcome.run.file / "ids.txt").read_text().split()
    assert len(ids) == len(set(ids)) == hits
    assert any("names PMID" in w and "2 times" in w for w in outcome.warnings)
    assert "2 times" in outcome.run.note


def test_a_manifest_from_somebody_else_is_no_run_to_take_up(service, tmp_path):
    place = tmp_path / run_search(tmp_path, PLAN, access_to(service)).run.file
    for begun in ("yesterday", "2026-01-01", None, 5):
        held = {"state": "begun", "term": PLAN.term, "service": service.url, "begun": begun}
        (place / "manifest.json").write_text(json.dumps(held))
        assert run_search(tmp_path, PLAN, access_to(service)).run.id != place.name


@pytest.mark.parametrize("name", ["records.csv", "searches.csv"])
def test_a_table_on_a_share_that_is_not_mounted_is_not_begun_anew(service, tmp_path, name):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / name).symlink_to(tmp_path / "share" / name)
    with pytest.raises(FileError, match="is a link to"):
        run_search(tmp_path / "x", PLAN, access_to(service))
    (tmp_path / "share").mkdir()
    (tmp_path / "share" / name).write_text("id,method\n" if name == "searches.csv" else "id\n")
    run_search(tmp_path / "x", PLAN, access_to(service))
    assert (tmp_path / "x" / name).is_symlink()
    assert (tmp_path / "share" / name).read_text().count("\n") > 1


def test_no_key_stands_in_any_file(service, tmp_path):
    run_search(tmp_path, PLAN, replace(access_to(service), key="good-key"))
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and b"good-key" in p.read_bytes()]


def test_running_again_adds_a_dated_search_and_says_what_changed(service, tmp_path):
    first = run_search(tmp_path, PLAN, access_to(service))
    assert first.changes is None
    gone, retracted, corrected, renamed = sorted(service.articles)[:4]
    del service.articles[gone]
    old = service.articles
    old[retracted] = replace(
        old[retracted], notices=(("RetractionIn", 99),), types=("Retracted Publication",)
    )
    old[corrected] = replace(old[corrected], notices=(("ErratumIn", 98),))
    old[renamed] = replace(old[renamed], title="Another title")
    service.articles |= corpus(2, first=40_000_001)
    again = run_search(tmp_path, PLAN, access_to(service), since="last")
    told = {(c.kind, c.record, c.detail if c.kind not in ("new", "gone") else "") for c in again.changes}
    assert told == {
        ("gone", f"pmid:{gone}", ""),
        ("new", "pmid:40000001", ""),
        ("new", "pmid:40000004", ""),
        ("retracted", f"pmid:{retracted}", "RetractionIn:99"),
        ("changed", f"pmid:{retracted}", "types"),
        ("corrected", f"pmid:{corrected}", "ErratumIn:98"),
        ("changed", f"pmid:{renamed}", "title"),
    }
    assert again.added == 2
    assert again.retracted == (f"pmid:{retracted}",)
    records = {r.id: r for r in read_records(tmp_path / "records.csv")}
    assert len(records) == 452, "a record that is gone stays in the table"
    assert records[f"pmid:{gone}"].source == (first.run.id,)
    assert records[f"pmid:{renamed}"].source == (first.run.id, again.run.id)
    assert [r.id for r in read_searches(tmp_path / "searches.csv")] == [first.run.id, again.run.id]
    listed = (tmp_path / again.run.file / "changes.csv").read_text("utf-8").splitlines()
    assert len(listed) == len(told) + 1


def test_since_needs_an_earlier_search(service, tmp_path):
    with pytest.raises(SearchError, match="no earlier search"):
        run_search(tmp_path, PLAN, access_to(service), since="last")
    run_search(tmp_path, PLAN, access_to(service))
    with pytest.raises(SearchError, match=r"there are: pubmed-\d{4}"):
        run_search(tmp_path, PLAN, access_to(service), since="1999-01-01")


def test_linked_records_come_as_citation_searching(service, tmp_path):
    one, two, three = sorted(service.articles)[:3]
    service.links = {("pubmed_pubmed_citedin", one): (two, three)}
    outcome = run_search(tmp_path, link_plan("cited-by", (str(one), str(two))), access_to(service))
    assert [r.pmid for r in read_records(tmp_path / "records.csv")] == [str(three)], (
        "what was asked about is left out"
    )
    (row,) = read_searches(tmp_path / "searches.csv")
    assert (row.method, row.query) == ("citation searching", f"cited-by {one} {two}")
    assert any(str(two) in w and "does not mean" in w for w in outcome.warnings)


def test_an_empty_answer_is_an_answer(service, tmp_path):
    service.answers["nothing"] = frozenset()
    outcome = run_search(tmp_path, Plan("nothing"), access_to(service))
    assert (outcome.run.hits, outcome.run.records) == (0, 0)
    assert "PubMed says: No items found." in outcome.warnings
    assert read_records(tmp_path / "records.csv") == []


def test_two_processes_do_not_write_one_folder(service, tmp_path):
    with locked(tmp_path), pytest.raises(FileError, match="another metareview process"):
        run_search(tmp_path, PLAN, access_to(service))


def test_a_run_that_failed_is_taken_up_and_asks_only_for_what_is_not_there(service, tmp_path):
    service.faults.extend(["", ""] + ["503"] * 20)
    with pytest.raises(SearchError, match="run the same command again"):
        run_search(tmp_path, PLAN, access_to(service))
    assert not (tmp_path / "records.csv").exists()
    service.faults.clear()
    service.asked.clear()
    outcome = run_search(tmp_path, PLAN, access_to(service))
    assert service.programs() == ["efetch", "efetch"]
    assert outcome.run.id.endswith(read_manifest(tmp_path / outcome.run.file)["begun"][:10])


def test_a_run_that_was_killed_with_all_of_it_in_the_journal_is_entered_once(service, tmp_path):
    first = run_search(tmp_path / "x", PLAN, access_to(service))
    shutil.copytree(tmp_path / "x", tmp_path / "before")
    service.articles |= corpus(2, first=40_000_001)
    calm = run_search(tmp_path / "x", PLAN, access_to(service))
    entered = 0

    def prepare():
        shutil.rmtree(tmp_path / "x")
        shutil.copytree(tmp_path / "before", tmp_path / "x")

    def look(n):
        nonlocal entered
        if not is_unsettled(tmp_path / "x"):
            return
        service.asked.clear()
        outcome = run_search(tmp_path / "x", PLAN, access_to(service))
        assert service.asked == []
        when = {"date": calm.run.date, "sha256": calm.run.sha256}
        assert replace(outcome, run=replace(outcome.run, **when), asked=True) == calm
        assert [r.id for r in read_searches(tmp_path / "x" / "searches.csv")] == [first.run.id, calm.run.id]
        entered += 1

    every_kill(prepare, lambda: run_search(tmp_path / "x", PLAN, access_to(service)), look)
    assert entered > 5
    assert run_search(tmp_path / "x", PLAN, access_to(service)).run.id.endswith("-3"), "as ever"


def test_a_kept_reply_that_is_damaged_is_asked_for_again(service, tmp_path):
    service.faults.extend([""] + ["503"] * 20)
    with pytest.raises(SearchError):
        run_search(tmp_path, PLAN, access_to(service))
    service.faults.clear()
    (reply,) = tmp_path.glob("*/ids/whole.xml.gz")
    reply.write_bytes(b"damaged")
    assert run_search(tmp_path, PLAN, access_to(service)).run.records == 450


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
@pytest.mark.parametrize("name", ["ids/whole.xml.gz", "records/00009.xml.gz"])
def test_a_pipe_among_the_kept_replies_is_refused_and_not_waited_for(service, tmp_path, name):
    place = tmp_path / run_search(tmp_path, PLAN, access_to(service)).run.file
    (place / "manifest.json").write_text(json.dumps(read_manifest(place) | {"state": "begun"}))
    (place / name).unlink(missing_ok=True)
    os.mkfifo(place / name)
    with pytest.raises(FileError, match="is a pipe or a device"):
        run_search(tmp_path, PLAN, access_to(service))


def test_a_count_that_changes_between_two_pages_is_asked_for_again(tmp_path, monkeypatch):
    with StandIn(corpus(10_400)) as service:
        answer = service.esearch

        def grow(asked):
            if len(service.asked) == 2:
                service.articles |= corpus(1, first=50_000_001)
            return answer(asked)

        monkeypatch.setattr(service, "esearch", grow)
        assert run_search(tmp_path, PLAN, access_to(service)).run.records == 10_401


def test_an_unfinished_run_of_another_query_is_left_alone(service, tmp_path):
    service.faults.extend([""] + ["503"] * 20)
    with pytest.raises(SearchError):
        run_search(tmp_path, PLAN, access_to(service))
    service.faults.clear()
    assert run_search(tmp_path, Plan("other"), access_to(service)).run.id.endswith("-2")


def test_a_run_that_is_killed_again_and_again_is_taken_up_until_it_equals_a_calm_one(tmp_path):
    kills = (10, 14, 18, 22, 26)  # file operations until each
    with StandIn(corpus(1_600)) as service:
        run_search(tmp_path / "calm", PLAN, access_to(service))
        service.asked.clear()
        search = partial(run_search, tmp_path / "storm", PLAN, access_to(service))
        assert all([killed_at(n, search) for n in kills])
        search()
        asked = [tuple(q["id"]) for program, q in service.asked if program == "efetch"]
    assert files_of(tmp_path / "storm") == files_of(tmp_path / "calm")
    assert len(asked) <= 8 + len(kills), "what was there was not asked for again"


def storm(service, folder, seed):
    """Search through random faults, with aborts, until complete; return the number of runs it took."""
    draw = random.Random(seed)
    for runs in range(1, 200):
        share = draw.choice([0.02, 0.1, 0.3, 0.6])
        service.faults.extend(draw.choice(QUICK_FAULTS) if draw.random() < share else "" for _ in range(400))
        cut = draw.randrange(3, 300)

        def tell(stage, done, total, cut=cut):
            if len(service.asked) > cut:
                raise KeyboardInterrupt

        try:
            run_search(folder, PLAN, access_to(service), tell=tell)
        except (SearchError, KeyboardInterrupt) as error:
            assert isinstance(error, KeyboardInterrupt) or error.problems
        else:
            return runs
        finally:
            service.faults.clear()
            service.asked.clear()
    raise AssertionError("the storm never ended")


def storms(articles, tmp_path, schedules):
    """Hold what every storm leaves against a calm run; return how many runs they took."""
    runs = 0
    with StandIn(articles) as service:
        run_search(tmp_path / "calm", PLAN, access_to(service))
        service.asked.clear()
        calm = files_of(tmp_path / "calm")
        for seed in range(schedules):
            folder = tmp_path / str(seed)
            runs += storm(service, folder, seed)
            left = files_of(folder)
            if any("again-" in name for name in left):
                # one reply had left a record out, which was asked for again: other replies, the same records
                made = [n for n in calm if not n.endswith((".xml.gz", "SHA256SUMS"))]
                assert {n: left[n] for n in made} == {n: calm[n] for n in made}, seed
            else:
                assert left == calm, seed
            shutil.rmtree(folder)
    return runs


def test_a_storm_of_faults_ends_complete_and_equal_to_a_calm_run(tmp_path):
    storms(corpus(10_400), tmp_path, 2)


@pytest.mark.slow
def test_storms_over_twenty_five_thousand_hits(tmp_path, counts):
    schedules = int(os.environ.get("METAREVIEW_STORMS", "4"))
    runs = storms(corpus(25_000, busy_day=10_200), tmp_path, schedules)
    counts(tried=schedules, runs=runs, lost=0)


@pytest.mark.slow
def test_two_hundred_storms_over_as_many_slices_of_a_smaller_window(tmp_path, monkeypatch, counts):
    # a hundredth of PubMed's window and of a batch: as many requests as for 25,000 hits, in little time
    for module in (ids, eutils):
        monkeypatch.setattr(module, "WINDOW", 99)
    monkeypatch.setattr(batches, "SIZE", 2)
    runs = storms(corpus(250, busy_day=102), tmp_path, 200)
    counts(tried=200, runs=runs, lost=0)
