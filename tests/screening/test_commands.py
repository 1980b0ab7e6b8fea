"""The commands as a reviewer types them: in a pipe, at a terminal, killed and taken up again."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metareview.cli import commands as cli
from metareview.cli import one_line_per_problem
from metareview.screening import read_log
from metareview.screening.decision import COLUMNS
from tests.screening.reviews import NAME, make_review

METAREVIEW = [sys.executable, "-m", "metareview"]


@pytest.fixture
def review(tmp_path, monkeypatch):
    make_review(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words, keys=""):
    """Run a command in this process with one key a line on its input."""

    def main():
        with one_line_per_problem():
            cli(list(words), prog_name="metareview", standalone_mode=False)

    runner = CliRunner()
    with runner.isolation(input="".join(f"{key}\n" for key in keys)) as (out, err, _):
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code
        return code, out.getvalue().decode(), err.getvalue().decode()


def decided(root, who="AB", stage="abstract"):
    return {
        r: d.verdict for r, d in read_log(root / "screened" / NAME / f"{who}.csv").standing(stage).items()
    }


def test_keys_from_a_pipe_decide_and_the_end_of_the_input_stops(review):
    code, out, _ = run("screen", NAME, "--as", "AB", keys="ieu")
    assert code == 0
    assert decided(review) == {"pmid:1": "include", "pmid:2": "exclude", "pmid:3": "unclear"}
    assert "3 of 6 decided; 3 left. Kept in screened/small/AB.csv." in out
    assert "\x1b" not in out


def test_reading_goes_on_where_it_was_left(review):
    run("screen", NAME, "--as", "AB", keys="iiq")
    _, out, _ = run("screen", NAME, "--as", "AB", keys="e")
    assert "2 of 6 decided" in out
    assert decided(review)["pmid:3"] == "exclude"


def test_undo_takes_the_last_decision_back_even_one_of_an_earlier_sitting(review):
    run("screen", NAME, "--as", "AB", keys="ie")
    run("screen", NAME, "--as", "AB", keys="b")
    assert decided(review) == {"pmid:1": "include"}
    run("screen", NAME, "--as", "AB", keys="bbie")
    assert decided(review) == {"pmid:1": "include", "pmid:2": "exclude"}
    rows = (review / "screened" / NAME / "AB.csv").read_text().splitlines()
    assert rows[0] == ",".join(COLUMNS)
    assert sum(",withdrawn," in row for row in rows) == 2


def test_undo_with_nothing_decided_says_so(review):
    _, out, _ = run("screen", NAME, "--as", "AB", keys="b")
    assert "There is nothing to take back." in out


def test_a_number_excludes_for_that_reason_and_a_note_is_kept(review):
    run("screen", NAME, "--as", "AB", keys=["n", "children only", "1", "s", "i"])
    made = read_log(review / "screened" / NAME / "AB.csv").decisions
    assert (made[0].verdict, made[0].reason, made[0].note) == ("exclude", "population", "children only")
    assert (made[1].record, made[1].note) == ("pmid:3", "")


def test_skipped_records_come_last(review):
    run("screen", NAME, "--as", "AB", keys="siiiiie")
    assert list(decided(review).items())[-1] == ("pmid:1", "exclude")


def test_full_text_needs_a_reason_and_takes_only_what_both_sent_on(review):
    run("screen", NAME, "--as", "AB", keys="iiieee")
    run("screen", NAME, "--as", "CD", keys="iueiee")
    _, out, _ = run("screen", NAME, "--stage", "full-text", "--as", "AB", keys=["e", "z", "e", "3", "x"])
    assert "nothing was kept" in out
    assert decided(review, stage="full text") == {"pmid:1": "exclude", "pmid:2": "not-retrieved"}


def test_reports_are_not_retrieved_at_the_abstract_stage(review):
    _, out, _ = run("screen", NAME, "--as", "AB", keys="x")
    assert "Reports are retrieved at the full-text stage." in out


def test_conflicts_are_listed_settled_and_gone(review):
    run("screen", NAME, "--as", "AB", keys="iiieee")
    run("screen", NAME, "--as", "CD", keys="iieeee")
    code, out, _ = run("screen", "conflicts", NAME)
    assert "pmid:3 at stage abstract: AB: include; CD: exclude." in out
    assert "1 in conflict" in out
    _, out, _ = run("screen", "settle", NAME, "--as", "AB and CD", keys="e")
    assert "AB: include" in out and "CD: exclude" in out
    assert json.loads(run("screen", "conflicts", NAME, "--json")[1]) == []
    (agreed,) = read_log(review / "screened" / NAME / "consensus.csv").decisions
    assert (agreed.reviewer, agreed.verdict) == ("AB and CD", "exclude")
    assert code == 0


def test_a_reviewer_does_not_see_what_another_decided(review):
    run("screen", NAME, "--as", "AB", keys=["n", "my secret thought", "i"])
    _, out, _ = run("screen", NAME, "--as", "CD", keys="")
    assert "secret" not in out
    assert "AB" not in out


def test_agreement_is_printed_and_given_as_json(review):
    run("screen", NAME, "--as", "AB", keys="iiieee")
    run("screen", NAME, "--as", "CD", keys="iieeee")
    _, out, _ = run("screen", "agreement", NAME)
    assert "AB and CD, abstract: 6 records judged by both" in out
    assert re.search(r"Cohen's kappa +0\.67", out)
    found = json.loads(run("screen", "agreement", NAME, "--json")[1])
    assert found["pairs"][0]["kappa"]["value"] == pytest.approx(2 / 3)


def test_agreement_with_one_reviewer_says_that_two_are_needed(review):
    run("screen", NAME, "--as", "AB", keys="i")
    assert "Agreement needs two reviewers" in run("screen", "agreement", NAME)[1]


def test_status_counts_what_is_agreed_and_what_waits(review):
    run("screen", NAME, "--as", "AB", keys="ie")
    found = json.loads(run("screen", "status", NAME, "--json")[1])
    assert found["abstract"] == {
        "due": 6,
        "states": {"agreed": 2, "conflict": 0, "waiting": 4},
        "reviewers": {"AB": 2},
    }


def test_stopping_is_refused_until_the_test_allows_it_and_can_be_taken_back(tmp_path, monkeypatch):
    make_review(tmp_path, n=400)
    monkeypatch.chdir(tmp_path)
    run("screen", NAME, "--as", "AB", keys="i" * 10 + "e" * 20)
    code, _, err = run("screen", "stop", NAME, "--as", "AB")
    assert code == 1
    assert "Reading must go on" in err
    run("screen", NAME, "--as", "AB", keys="e" * 365)
    code, out, _ = run("screen", "stop", NAME, "--as", "AB")
    assert (code, "5 unread records are entered as removed by automation" in out) == (0, True)
    counts = json.loads(run("flow", NAME, "--draft", "--json")[1])["databases"]
    assert (counts["automation"], counts["screened"]) == (5, 395)
    assert "5 records are to be read again" in run("screen", "stop", NAME, "--as", "AB", "--undo")[1]


def test_prioritised_reading_shows_every_record_once(review):
    run("screen", NAME, "--as", "AB", "--prioritise", keys="ieieie")
    assert len(decided(review)) == 6


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["screen", "smal", "--as", "AB"], 'did you mean "small"?'),
        (["screen", NAME, "--as", "../AB"], "cannot name a reviewer"),
        (["screen", "agreement", NAME, "--level", "95"], "a fraction such as 0.95 would be right"),
        (["screen", "simulate", "none.csv"], "none.csv does not exist"),
        (["flow", NAME], "pmid:1, pmid:2, pmid:3, pmid:4, pmid:5, pmid:6 are awaiting screening"),
        (["flow", NAME, "--draft", "-o", "flow.doc"], "its name must end in .svg, .pdf, .png"),
        (["screen", "import", NAME, "none.csv", "--from", "asreview"], "say it with --as NAME"),
        (["screen", "import", NAME, "x", "--from", "rayyan", "--name", "AB"], "THEIRS=OURS would be right"),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_code_1(review, words, says):
    code, _, err = run(*words)
    assert code == 1
    assert err.startswith("error: ")
    assert says in err
    assert "Traceback" not in err


KEYS = st.text(st.sampled_from("ieuxbnst?q1279 é²\x1b"), max_size=20)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(KEYS, st.sampled_from(["abstract", "full-text"]))
def test_no_keys_crash_the_screener(review, keys, stage):
    code, _, err = run("screen", NAME, "--stage", stage, "--as", "AB", keys=keys)
    assert (code, err) == (0, "")


def test_a_review_without_records_says_how_to_get_them(review):
    (review / "searched" / NAME / "records.csv").unlink()
    assert "`metareview search small`" in run("screen", NAME, "--as", "AB")[2]


def test_votes_go_to_rayyan_and_back(review):
    run("screen", NAME, "--as", "AB", keys="ieuiee")
    before = decided(review)
    code, out, _ = run("screen", "export", NAME, "--to", "rayyan", "-o", "rayyan.csv")
    assert (code, "6 records are in rayyan.csv" in out) == (0, True)
    assert "0 decisions added" in run("screen", "import", NAME, "rayyan.csv", "--from", "rayyan")[1]
    (review / "screened" / NAME / "AB.csv").unlink()
    assert "6 decisions added (6 by AB)" in run("screen", "import", NAME, "rayyan.csv", "--from", "rayyan")[1]
    assert decided(review) == before


def test_the_flow_is_drawn_and_written_from_a_screened_review(review):
    run("screen", NAME, "--as", "AB", keys="iiieee")
    run("screen", NAME, "--stage", "full-text", "--as", "AB", keys=["i", "e", "3", "x"])
    code, out, _ = run("flow", NAME, "-o", "flow.svg", "--csv", "PRISMA.csv", "--appendix", "searches.txt")
    assert code == 0
    assert "     6  databases and registers: records screened" in out
    assert "Records screened" in (review / "flow.svg").read_text()
    assert "records_screened" in (review / "PRISMA.csv").read_text()
    assert "PubMed (databases), search pubmed-2026-11-24" in (review / "searches.txt").read_text()


def test_a_draft_is_counted_without_studies_while_the_sheets_are_empty(review):
    run("extract", NAME)
    run("screen", NAME, "--as", "AB", keys="ieeeee")
    run("screen", NAME, "--stage", "full-text", "--as", "AB", keys="i")
    code, _, err = run("flow", NAME)
    assert (code, "studies.csv has a header and no rows" in err) == (1, True)
    code, out, err = run("flow", NAME, "--draft")
    assert code == 0
    assert "draft: extracted/small/studies.csv has a header and no rows" in err
    assert "studies are not counted" in out


class Terminal:
    """A process under a pseudo-terminal, as a reviewer's."""

    def __init__(self, cwd, *words, term="xterm-256color"):
        self.master, slave = pty.openpty()
        env = {**os.environ, "TERM": term, "COLUMNS": "100", "LINES": "40"}
        self.process = subprocess.Popen(
            [*METAREVIEW, *words], cwd=cwd, env=env, stdin=slave, stdout=slave, stderr=slave, close_fds=True
        )
        os.close(slave)
        self.seen = ""

    def expect(self, pattern, seconds=120):
        """Read until the pattern appears behind what was met before."""
        end = time.monotonic() + seconds
        while not (found := re.search(pattern, self.seen)):
            ready, _, _ = select.select([self.master], [], [], 0.1)
            if ready:
                self.seen += os.read(self.master, 65536).decode("utf-8", "replace")
            assert time.monotonic() < end, f"waited for {pattern!r} in {self.seen[-500:]!r}"
        self.seen = self.seen[found.end() :]
        return found[0]

    def press(self, keys):
        os.write(self.master, keys.encode())

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)


@pytest.fixture
def terminal(review):
    opened = []

    def open_(*words, **more):
        opened.append(Terminal(review, *words, **more))
        return opened[-1]

    yield open_
    for one in opened:
        one.close()


def test_single_keys_work_at_a_terminal_with_the_questions_words_in_colour(terminal, review):
    screen = terminal("screen", NAME, "--as", "AB")
    screen.expect(r"\x1b\[1;\d+mDrug\x1b\[0m|\x1b\[1;[\d;]*mcondition")
    screen.expect(r"\[q\] quit")
    screen.press("i")
    screen.expect(r"1 of 6 decided")
    screen.expect(r"\[q\] quit")
    screen.press("e")
    screen.expect(r"2 of 6 decided")
    screen.expect(r"\[q\] quit")
    screen.press("b")
    screen.expect(r"1 of 6 decided")
    screen.expect(r"\[q\] quit")
    screen.press("q")
    screen.expect("1 of 6 decided; 5 left")
    assert screen.process.wait(120) == 0
    assert decided(review) == {"pmid:1": "include"}


def test_an_arrow_key_leaves_no_trace_in_a_note_and_swallows_no_key_behind_it(terminal, review):
    screen = terminal("screen", NAME, "--as", "AB")
    screen.expect(r"\[q\] quit")
    screen.press("\x1b[D\x1bOAn")
    for _ in range(2):
        screen.expect("an arrow or function key is none of the keys")
    screen.expect("note: ")
    screen.press("adults\x1b[D\x1b[3~ only\n")
    screen.expect(r"note: adults only")
    screen.press("zi")
    screen.expect("z is none of the keys; nothing was kept")
    screen.expect(r"1 of 6 decided")
    screen.press("q")
    assert screen.process.wait(120) == 0
    (made,) = read_log(review / "screened" / NAME / "AB.csv").decisions
    assert (made.verdict, made.note) == ("include", "adults only")
    assert run("screen", "status", NAME)[0] == run("flow", NAME, "--draft")[0] == 0


def test_a_dumb_terminal_gets_plain_text(terminal, review):
    screen = terminal("screen", NAME, "--as", "AB", term="dumb")
    screen.expect(r"trial 1")
    screen.expect(r"\[q\] quit")
    assert "\x1b" not in screen.seen
    screen.press("i")
    screen.expect("1 of 6 decided")
    screen.press("\x04")
    assert screen.process.wait(120) == 0
    assert decided(review) == {"pmid:1": "include"}


def test_a_killed_screener_has_kept_every_decision_it_confirmed(terminal, review):
    screen = terminal("screen", NAME, "--as", "AB")
    for n in range(3):
        screen.expect(rf"{n} of 6 decided")
        screen.expect(r"\[q\] quit")
        screen.press("i")
    screen.expect("3 of 6 decided")
    screen.process.send_signal(signal.SIGKILL)
    screen.process.wait()
    assert len(decided(review)) == 3
    again = terminal("screen", NAME, "--as", "AB")
    again.expect("3 of 6 decided")
    again.expect(r"trial 4")
