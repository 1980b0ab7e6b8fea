"""The commands search, import and dedupe, as a person or a program calls them."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from eutils import StandIn, corpus

from metareview.cli import commands
from metareview.errors import MetareviewError
from metareview.search.catalogue import read_records
from metareview.search.ledger import read_searches

EXPORTS = Path(__file__).parents[1] / "data" / "exports"
PROTOCOLS = Path(__file__).parents[2] / "protocols"


@pytest.fixture
def run(tmp_path):
    def call(*words, **environment):
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("NCBI_", "METAREVIEW_"))}
        return subprocess.run(
            [sys.executable, "-m", "metareview", *map(str, words)],
            cwd=tmp_path,
            env=clean | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return call


def test_a_planned_search_runs_from_the_protocol(run, tmp_path):
    (tmp_path / "protocols").symlink_to(PROTOCOLS)
    with StandIn(corpus(250), limited=True) as service:
        access = {
            "METAREVIEW_EUTILS_URL": service.url,
            "NCBI_EMAIL": "a@example.org",
            "NCBI_API_KEY": "good-key",
        }
        first = run("search", "msc-sr-agvhd", **access)
        assert first.returncode == 0, first.stderr
        assert "250 hits, 250 records" in first.stdout
        assert "Embase, CENTRAL cannot be searched from here" in first.stderr
        again = run("search", "msc-sr-agvhd", "--since", "last", "--json", **access)
        (told,) = json.loads(again.stdout)
        assert (told["search"]["hits"], told["added"], told["changes"]) == (250, 0, [])
        assert service.bad_manners == []
        assert "good-key" not in first.stdout + first.stderr + again.stdout + again.stderr


def test_links_are_followed(run, tmp_path):
    with StandIn(corpus(5)) as service:
        one, two = sorted(service.articles)[:2]
        service.links = {("pubmed_pubmed_citedin", one): (two,)}
        access = {"METAREVIEW_EUTILS_URL": service.url, "NCBI_EMAIL": "a@example.org"}
        done = run("search", "x", "--cited-by", one, **access)
        assert "1 hits, 1 records" in done.stdout, done.stderr
        refused = run("search", "x", one, **access)
        assert refused.returncode == 2


def test_what_a_search_needs_is_said_in_one_line(run):
    done = run("search", "x", "--query", "cells[mh]")
    assert (done.returncode, done.stdout) == (1, "")
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["warning", "error"]
    assert "NCBI_EMAIL" in done.stderr


def test_a_query_with_grave_faults_is_not_sent(run):
    with StandIn(corpus(5)) as service:
        access = {"METAREVIEW_EUTILS_URL": service.url, "NCBI_EMAIL": "a@example.org"}
        done = run("search", "x", "--query", "a[foo] and (b", **access)
        assert done.returncode == 1
        assert done.stderr.count("error:") == 4
        assert service.asked == []
        forced = run("search", "x", "--query", "a[foo]", "--force", **access)
        assert forced.returncode == 0, forced.stderr
        assert "no field [foo]" in forced.stderr
        assert len(service.asked) == 2


def test_a_query_can_be_linted_without_a_network(run):
    done = run("search", "x", "--query", "a[foo]", "--lint")
    assert (done.returncode, done.stdout) == (0, "2 findings; nothing was sent.\n")
    assert "fault: pubmed: character 2: PubMed has no field [foo]" in done.stderr


def test_imports_are_counted_in_words_and_in_json(run, tmp_path):
    done = run("import", "x", EXPORTS / "faulty.ris", EXPORTS / "scopus.csv")
    assert done.returncode == 0, done.stderr
    assert "6 records in the file, 4 imported as faulty-" in done.stdout
    assert "2 not read and listed" in done.stdout
    assert "faulty.ris:16: not a record" in done.stderr
    told = json.loads(run("import", "x", EXPORTS / "wos.txt", "--json").stdout)
    assert (told[0]["in_file"], told[0]["imported"], told[0]["added"]) == (2, 2, 2)
    assert run("import", "x", EXPORTS / "wos.txt").returncode == 1
    assert "records, " in run("dedupe", "x").stdout
    assert (
        (tmp_path / "searched" / "x" / "duplicates.csv").read_text().startswith("kept,dropped,decision,why\n")
    )


def test_an_import_is_corrected_and_taken_back(run, tmp_path):
    (tmp_path / "export.ris").write_bytes((EXPORTS / "faulty.ris").read_bytes())
    done = run("import", "x", "export.ris", "--date", "2026-11-20")
    assert "--rename-database export-2026-11-20 NAME` corrects it" in done.stderr
    renamed = run("import", "x", "--rename-database", "export-2026-11-20", "CINAHL")
    assert renamed.stdout == "export-2026-11-20 is of CINAHL now (was export): 4 records.\n", renamed.stderr
    undone = run("import", "x", "--undo", "export-2026-11-20")
    assert "4 records left the review" in undone.stdout, undone.stderr
    back = undone.stdout.splitlines()[-1].removeprefix("To bring it back: metareview ")
    again = run(*shlex.split(back))
    assert "(RIS, CINAHL): 6 records in the file, 4 imported" in again.stdout, again.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("--undo", "a", "export.ris"),
        ("--undo", "a", "--rename-database", "a", "b"),
        ("--undo", "a", "--platform", "Ovid"),
        (),
    ],
)
def test_imports_that_cannot_be_meant_are_errors_of_usage(run, words):
    done = run("import", "x", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "FILES" in done.stderr


@pytest.mark.parametrize("name", ["../escaped", "CON", "-x", "Small", "smal"])
def test_a_name_that_no_review_can_have_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    Path("searched/small").mkdir(parents=True)
    search = ["search", "--query", "cells[mh]", "--email", "a@example.org", "--", name]
    for words in (search, ["import", "--", name, str(EXPORTS / "wos.txt")], ["dedupe", "--", name]):
        done = CliRunner().invoke(commands, words)
        assert isinstance(done.exception, MetareviewError), words
    assert [p.as_posix() for p in Path().rglob("*")] == ["searched", "searched/small"]


@pytest.mark.skipif(os.name != "posix", reason="such names are made here")
def test_what_no_table_keeps_never_reaches_one(run, tmp_path):
    hostile = "a\x1b[D\x01\u202e=b\rc"
    names = [hostile + ".ris", "\udcff.ris", ".ris", "=1+1.ris", "con.ris", "x" * 240 + ".ris"]
    for n, name in enumerate(names):
        text = f"TY  - JOUR\nTI  - Work {n}\nAN  - {n}\nER  - \n"
        (tmp_path / name).write_text(text)
    done = run("import", "x", "--", *names)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    words = ("--query", hostile, "--platform", hostile, "--database", hostile)
    done = run("import", "x", EXPORTS / "faulty.ris", *words, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)[0]["search"]
    (row,) = [r for r in read_searches(tmp_path / "searched/x/searches.csv") if r.id == told["id"]]
    assert (row.query, row.database) == (told["query"], told["database"])
    assert len(read_records(tmp_path / "searched/x/records.csv")) == 6 + 4
    assert run("dedupe", "x").returncode == 0
    again = run("import", "x", EXPORTS / "faulty.ris", *words, "--force", "--json")
    assert (json.loads(again.stdout)[0]["known"], again.stderr.count("Traceback")) == (4, 0)
    for path in (tmp_path / "searched" / "x").rglob("*"):
        assert path.name.isprintable()


def test_duplicates_of_files_are_written(run, tmp_path):
    words = ("dedupe", EXPORTS / "pubmed.nbib", EXPORTS / "ovid_embase.ris", EXPORTS / "wos.txt")
    done = run(*words, "-o", "unique.ris", "--duplicates", "duplicates.csv")
    assert done.returncode == 0, done.stderr
    assert "6 records, 4 works: 2 dropped" in done.stdout
    rows = (tmp_path / "duplicates.csv").read_text("utf-8").splitlines()
    assert rows[0] == "kept,dropped,decision,why"
    assert len(rows) == 3
    assert rows[1].startswith("pubmed.nbib:1,ovid_embase.ris:1,same,")
    assert (tmp_path / "unique.ris").read_text("utf-8").count("TY  - ") == 4


def test_a_word_that_is_neither_file_nor_review_is_told(run):
    done = run("dedupe", "nothing", "nowhere.ris")
    assert done.returncode == 1
    assert done.stderr.count("neither a file nor a review") == 2


@pytest.mark.parametrize("verb", ["search", "import", "dedupe"])
def test_every_command_has_help_with_an_example(run, verb):
    done = run(verb, "--help")
    assert f"metareview {verb} " in done.stdout.split("Example")[1]
