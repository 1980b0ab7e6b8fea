"""Decisions on full disks, under kill -9, in two windows, by hostile names: what was acknowledged is kept."""

import errno
import mmap
import os
import re
import resource
import shutil
import subprocess
import sys
import unicodedata

import pytest
from faults import every_kill
from hypothesis import given
from hypothesis import strategies as st

from metareview.errors import FileError, MetareviewError, ScreeningError
from metareview.screening import (
    Decision,
    append_decision,
    append_decisions,
    append_votes,
    read_log,
    read_logs,
)
from metareview.screening.decision import COLUMNS, VERDICTS, stored
from metareview.screening.log import log_path
from metareview.screening.presence import present
from metareview.screening.sitting import DecidedElsewhereError, Desk, Sitting
from metareview.search import Record
from tests.screening.reviews import NAME, make_review
from tests.screening.test_commands import METAREVIEW, decided, run

RECORDS = [Record(id=f"r{i}", title=f"Trial {i}") for i in range(4)]
TEXT = st.text(st.characters(), max_size=12) | st.sampled_from(
    [
        "\x1b[D",
        "2026-11-24",
        "a,2026-11-24",
        '"',
        '"a\n2026-11-24',
        "=1+1",
        "'=1",
        "\r\n",
        "\u2028",
        "\x1a",
        " ",
    ]
)


def decision(record="r1", verdict="include", *, reviewer="AB", **more):
    more = {"stage": "abstract", "when": "2026-11-24T10:15:00Z"} | more
    return Decision(record=record, verdict=verdict, reviewer=reviewer, **more)


@st.composite
def hostile(draw):
    stage = draw(st.sampled_from(["abstract", "full text"]))
    verdict = draw(st.sampled_from(VERDICTS[stage]))
    return decision(
        draw(TEXT),
        verdict,
        stage=stage,
        reviewer=draw(st.sampled_from(["AB", " ab ", "Ab\x1b[D"])),
        reason=draw(TEXT) if verdict == "exclude" else "",
        note=draw(TEXT),
        seconds=draw(st.none() | st.floats()),
    )


@given(st.lists(hostile(), max_size=4), st.booleans())
def test_whatever_is_added_is_read_back_as_it_is_stored(tmp_path_factory, made, together):
    folder, kept = tmp_path_factory.mktemp("log"), []
    for batch in [made] if together else [[one] for one in made]:
        try:
            append_decisions(folder, batch, owner="AB")
        except ScreeningError:
            continue
        kept += batch
    logs = read_logs(folder)
    found = [d for log in logs for d in log.decisions]
    assert [unspelled(d) for d in found] == [unspelled(stored(d)) for d in kept]
    assert all(log.notes == () for log in logs)


def unspelled(decision):
    return (
        decision.record,
        decision.stage,
        decision.verdict,
        decision.reason,
        decision.note,
        decision.seconds,
    )


@given(hostile(), TEXT)
def test_whoever_agreed_the_consensus_can_be_read(tmp_path_factory, made, who):
    folder = tmp_path_factory.mktemp("log")
    try:
        append_decision(folder, stored(Decision(**{**as_dict(made), "reviewer": who})), owner="consensus")
    except ScreeningError:
        assert read_logs(folder) == ()
        return
    (log,) = read_logs(folder)
    assert len(log.decisions) == 1


def as_dict(decision):
    return {name: getattr(decision, name) for name in decision.__slots__}


@given(st.lists(hostile(), min_size=1, max_size=3), st.data())
def test_a_file_cut_inside_any_text_is_read_and_added_to(tmp_path_factory, made, data):
    folder = tmp_path_factory.mktemp("log")
    good = decision("first")
    append_decision(folder, good)
    for one in made:
        try:
            append_decision(folder, one, owner="AB")
        except ScreeningError:
            return
    path = folder / "AB.csv"
    raw = path.read_bytes()
    path.write_bytes(raw[: data.draw(st.integers(raw.index(b"\n", raw.index(b"\n") + 1) + 1, len(raw)))])
    kept = read_log(path).decisions
    append_decision(folder, decision("last"))
    assert [d.record for d in read_log(path).decisions] == [*(d.record for d in kept), "last"]
    assert kept[0] == good


def test_a_file_with_an_arrow_key_in_it_is_read_with_a_note_and_added_to(tmp_path):
    path = tmp_path / "AB.csv"
    path.write_bytes(f"{','.join(COLUMNS)}\nr1,abstract,AB,include,,see\x1b[D p 3,,2026-11-24\n".encode())
    log = read_log(path)
    assert (log.decisions[0].note, "control characters" in log.notes[0]) == ("see p 3", True)
    append_decision(tmp_path, decision("r2"))
    assert [d.record for d in read_log(path).decisions] == ["r1", "r2"]


def test_a_note_that_no_table_could_be_read_with_is_refused(tmp_path):
    with pytest.raises(ScreeningError, match="note has 200,000 characters; at most 100,000 are kept"):
        append_decision(tmp_path, decision(note="x" * 200_000))
    append_decision(tmp_path, decision(note="x" * 100_000))
    assert len(read_log(tmp_path / "AB.csv").decisions) == 1


# a disk that is full, a process that is killed


@pytest.fixture
def review(tmp_path, monkeypatch):
    make_review(tmp_path, n=12)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def full_after(room):
    """Write as a disk does that has room for so many bytes more."""
    real = os.write

    def write(descriptor, raw):
        nonlocal room
        if descriptor > 2:
            raw = memoryview(raw)[:room]
            if not raw:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            room -= len(raw)
        return real(descriptor, raw)

    return write


@pytest.mark.parametrize("room", [0, 30, 100, 150, 250, 400])
def test_a_full_disk_stops_reading_and_loses_nothing(review, monkeypatch, room):
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full_after(room))
        code, out, err = run("screen", NAME, "--as", "AB", keys="ieieieieieie")
    told = re.findall(r"^(include|exclude): ", out, re.MULTILINE)
    assert code == 1
    assert "AB.csv cannot be written: No space left on device; nothing was added to it." in err
    path = review / "screened" / NAME / "AB.csv"
    kept = [d.verdict for d in read_log(path).decisions] if path.exists() else []
    assert (kept, len(kept) < 12) == (told, True)
    run("screen", NAME, "--as", "AB", keys="i" * 12)
    assert len(decided(review)) == 12


@pytest.mark.slow
def test_a_file_that_may_not_grow_loses_no_decision_it_acknowledged(tmp_path):
    """The system itself refuses, in a process of its own, at many sizes; reading goes on behind it."""
    make_review(tmp_path, n=200)
    path = tmp_path / "screened" / NAME / "AB.csv"
    acknowledged = runs = 0
    for room in range(97, 9_000, 1_100):
        done = subprocess.run(
            [*METAREVIEW, "screen", NAME, "--as", "AB"],
            cwd=tmp_path,
            input="i\n" * 200,
            capture_output=True,
            check=False,
            text=True,
            preexec_fn=lambda room=room: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
        )
        kept = len(read_log(path).decisions) if path.exists() else 0
        acknowledged += done.stdout.count("include: ")
        assert (acknowledged, done.returncode) == (kept, 1), done.stderr
        assert "cannot be written" in done.stderr
        runs += 1
    print(f"{runs} full disks: {acknowledged} decisions acknowledged, {kept} kept")  # noqa: T201
    assert kept > 100


def test_a_kill_at_any_file_operation_loses_no_decision_that_was_acknowledged(tmp_path):
    folder, acknowledged = tmp_path / "screened", mmap.mmap(-1, 1)

    def prepare():
        shutil.rmtree(folder, ignore_errors=True)
        acknowledged[0] = 0

    def work():
        sitting = Sitting(Desk(folder, "abstract", "AB"), RECORDS)
        for record in RECORDS[:3]:
            sitting.decide(record, "include", note="a note, of some length")
            acknowledged[0] += 1

    def look(n):
        again = Sitting(Desk(folder, "abstract", "AB"), RECORDS)
        assert acknowledged[0] <= len(again.standing) <= acknowledged[0] + 1
        again.decide(RECORDS[3], "exclude")
        assert list(Sitting(again.desk, RECORDS).standing) == [*again.standing]
        assert not list(folder.glob(".metareview-*"))

    assert every_kill(prepare, work, look) > 20


def votes():
    people = [decision(f"r{i}", reviewer=who) for who in ("CD", "AB") for i in range(2)]
    return [*people, decision("r0", "exclude", reviewer="cd", stage="full text", reason="design")]


def test_votes_of_several_reviewers_are_added_to_all_files_or_to_none_wherever_it_is_killed(tmp_path):
    folder, found = tmp_path / "screened", []

    def prepare():
        shutil.rmtree(folder, ignore_errors=True)
        append_decision(folder, decision("r0"))

    def look(n):
        append_decision(folder, decision("r9", reviewer="GH"))  # settles what was left
        found.append({log.reviewer: len(log.decisions) for log in read_logs(folder) if log.reviewer != "GH"})
        append_votes(folder, votes())
        assert sum(len(log.decisions) for log in read_logs(folder)) == 6

    kills = every_kill(prepare, lambda: append_votes(folder, votes()), look)
    assert all(counts in ({"AB": 1}, {"AB": 2, "CD": 3}) for counts in found)
    assert {"AB": 1} in found and {"AB": 2, "CD": 3} in found and kills > 20


def test_two_windows_that_save_at_the_same_moment_both_keep_all(tmp_path):
    children = []
    for side in "ab":
        child = os.fork()
        if child == 0:
            try:
                for i in range(25):
                    append_decision(tmp_path, decision(f"{side}{i}"))
                os._exit(0)
            except BaseException:
                os._exit(1)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0]
    kept = [d.record for d in read_log(tmp_path / "AB.csv").decisions]
    assert sorted(kept) == sorted(f"{side}{i}" for side in "ab" for i in range(25))


# one person, one file


@pytest.mark.parametrize("name", ["ab", " AB ", "Ab"])
def test_a_name_in_other_capitals_is_the_same_reviewer(review, name):
    run("screen", NAME, "--as", "AB", keys="i")
    code, out, err = run("screen", NAME, "--as", name, keys="e")
    assert (code, "Kept in screened/small/AB.csv" in out) == (0, True)
    assert err.count("is AB here") == (name.strip() != "AB")
    assert [path.name for path in (review / "screened" / NAME).glob("*.csv")] == ["AB.csv"]
    assert decided(review) == {"pmid:1": "include", "pmid:2": "exclude"}


def test_a_name_is_the_same_however_its_letters_are_composed(tmp_path):
    append_decision(tmp_path, decision("r1", reviewer="Zoé"))
    (tmp_path / "Zoé.csv").rename(tmp_path / unicodedata.normalize("NFD", "Zoé.csv"))
    append_decision(tmp_path, decision("r2", reviewer="zoé"))
    (log,) = read_logs(tmp_path)
    assert (log.reviewer, [d.reviewer for d in log.decisions]) == ("Zoé", ["Zoé", "Zoé"])


@pytest.mark.parametrize("other", ["ab.csv", "AB .csv", "AB.CSV"])
def test_two_files_of_one_person_are_refused_until_they_are_joined(tmp_path, other):
    append_decision(tmp_path, decision("r1"))
    row = f"{','.join(COLUMNS)}\nr2,abstract,{other[:2]},include,,,,2026-11-25\n"
    (tmp_path / other).write_text(row)
    with pytest.raises(ScreeningError, match="one reviewer's, as capitals") as caught:
        read_logs(tmp_path)
    assert "put all rows into" in str(caught.value)
    with pytest.raises(ScreeningError, match="one reviewer's"):
        append_decision(tmp_path, decision("r3"))
    with (tmp_path / "AB.csv").open("a") as file:
        file.write(row.split("\n", 1)[1])
    (tmp_path / other).unlink()
    assert [d.record for d in read_logs(tmp_path)[0].decisions] == ["r1", "r2"]


@pytest.mark.parametrize(
    "name", ["CON", "nul.x", "AB.", "a/b", "a\\b", "AB\nCD", "\u202eAB", "-x", "consensus"]
)
def test_a_name_that_cannot_name_a_file_is_refused_with_nothing_written(review, name):
    code, _, err = run("screen", NAME, "--as", name, keys="i")
    assert (code, err.startswith("error: "), "cannot name a reviewer" in err) == (1, True, True)
    assert not (review / "screened").exists()


def test_votes_under_two_spellings_of_one_name_must_agree(tmp_path):
    both = [decision("r1"), decision("r1", "exclude", reviewer="ab")]
    with pytest.raises(ScreeningError, match='r1: "AB" says include and "ab" says exclude'):
        append_votes(tmp_path, both)
    assert read_logs(tmp_path) == ()
    assert append_votes(tmp_path, [decision("r1"), decision("r2", reviewer="ab")]) == {"AB": 2}


def test_an_export_of_somebody_who_decided_nothing_is_refused(review):
    run("screen", NAME, "--as", "AB", keys="i")
    words = ["screen", "export", NAME, "--to", "asreview", "-o", "out.csv", "--as"]
    code, _, err = run(*words, "AC")
    assert (code, "who has no decisions; Allowed: AB." in err, (review / "out.csv").exists()) == (
        1,
        True,
        False,
    )
    assert run(*words, "ab")[0] == 0
    assert "pmid:1" in (review / "out.csv").read_text()


# the same reviewer in two windows


def test_a_second_window_of_a_reviewer_is_told_so_and_the_file_goes_with_the_sitting(review):
    folder = review / "screened" / NAME
    with present(folder, "AB") as alone:
        assert alone
        _, _, err = run("screen", NAME, "--as", "ab", keys="")
        assert "is being added to in another window" in err
        assert run("screen", NAME, "--as", "CD", keys="")[2] == ""
    assert run("screen", NAME, "--as", "AB", keys="")[2] == ""
    assert not (review / "screened").joinpath(NAME).exists()


def test_a_window_that_was_killed_holds_nobody_off(tmp_path):
    child = os.fork()
    if child == 0:
        with present(tmp_path, "AB"):
            os._exit(137)
    os.waitpid(child, 0)
    assert (tmp_path / ".ab.sitting").exists()
    with present(tmp_path, "AB") as alone:
        assert alone
    assert list(tmp_path.iterdir()) == []


def test_what_one_window_decides_is_not_asked_or_decided_again_in_the_other(tmp_path):
    desk = Desk(tmp_path, "abstract", "AB")
    one, two = Sitting(desk, RECORDS), Sitting(desk, RECORDS)
    one.decide(one.next(), "include")
    assert two.next().id == "r1"
    shown = one.next()
    two.decide(two.next(), "exclude")
    with pytest.raises(DecidedElsewhereError, match=r"decided \(exclude\) in another window"):
        one.decide(shown, "include")
    assert one.next().id == two.next().id == "r2"
    assert {r: d.verdict for r, d in read_log(desk.path).standing("abstract").items()} == {
        "r0": "include",
        "r1": "exclude",
    }
    assert len(read_log(desk.path).decisions) == 2


# links, folders


def test_a_link_that_leads_nowhere_is_refused_and_never_means_no_decisions(review):
    folder = review / "screened" / NAME
    folder.mkdir(parents=True)
    (folder / "AB.csv").symlink_to(review / "share" / "AB.csv")
    for words in (["screen", NAME, "--as", "AB"], ["screen", "status", NAME], ["flow", NAME, "--draft"]):
        code, _, err = run(*words, keys="i")
        assert (code, "is a link to" in err and "mount the share" in err) == (1, True)
    assert (folder / "AB.csv").is_symlink()


def test_decisions_are_written_through_a_link(tmp_path):
    (tmp_path / "share").mkdir()
    folder = tmp_path / "screened"
    append_decision(folder, decision("r1"))
    shutil.move(folder / "AB.csv", tmp_path / "share" / "AB.csv")
    (folder / "AB.csv").symlink_to(tmp_path / "share" / "AB.csv")
    append_decision(folder, decision("r2"))
    append_decisions(folder, [decision("r3"), decision("r4")], owner="AB")
    assert (folder / "AB.csv").is_symlink()
    assert [d.record for d in read_log(tmp_path / "share" / "AB.csv").decisions] == ["r1", "r2", "r3", "r4"]


@pytest.mark.parametrize("name", ["caveats.txt", "previous.csv"])
def test_what_is_written_beside_the_decisions_is_not_passed_over_when_it_is_a_dead_link(review, name):
    run("screen", NAME, "--as", "AB", keys="e" * 12)
    (review / "screened" / NAME / name).symlink_to(review / "gone")
    code, _, err = run("flow", NAME, "--draft")
    assert (code, f"{name} is a link to" in err) == (1, True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read any folder")
def test_a_folder_that_may_not_be_read_is_refused(tmp_path):
    append_decision(tmp_path / "x", decision())
    (tmp_path / "x").chmod(0)
    try:
        with pytest.raises(MetareviewError):
            read_logs(tmp_path / "x")
    finally:
        (tmp_path / "x").chmod(0o755)


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "x").write_text("")
    with pytest.raises(FileError, match="a folder is needed here"):
        read_logs(tmp_path / "x")
    with pytest.raises(FileError, match="a folder is needed here"):
        log_path(tmp_path / "x", "AB")


def test_keys_that_are_no_text_or_no_keys_are_told(review):
    done = subprocess.run(
        [sys.executable, "-m", "metareview", "screen", NAME, "--as", "AB"],
        input=b"\xff\n\xc2\xb2\ni\n",
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"is none of the keys" in done.stdout
    assert decided(review) == {"pmid:1": "include"}
