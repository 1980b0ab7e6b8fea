"""Decision files: only added to, safe when a process is killed, refused with line and value."""

import os
import signal
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metareview.errors import FileError, ScreeningError
from metareview.screening import Decision, append_decision, append_decisions, read_log, read_logs
from metareview.screening.decision import COLUMNS, VERDICTS
from metareview.tables import clean

HEADER = ",".join(COLUMNS)


def decision(record="r1", verdict="include", *, stage="abstract", reviewer="AB", **more):
    when = more.pop("when", "2026-11-24T10:15:00Z")
    return Decision(record=record, stage=stage, reviewer=reviewer, verdict=verdict, when=when, **more)


def test_a_decision_comes_back_as_it_went_in(tmp_path):
    made = decision(
        verdict="exclude", stage="full text", reason="design", note='says "no", twice', seconds=2.5
    )
    append_decision(tmp_path, made)
    assert read_log(tmp_path / "AB.csv").decisions == (made,)


def test_the_file_has_the_columns_that_the_docs_name(tmp_path):
    append_decision(tmp_path, decision())
    assert (tmp_path / "AB.csv").read_text().splitlines() == [
        "record_id,stage,reviewer,decision,reason,note,seconds,date",
        "r1,abstract,AB,include,,,,2026-11-24T10:15:00Z",
    ]


def test_a_later_row_supersedes_and_a_withdrawn_one_leaves_nothing(tmp_path):
    append_decision(tmp_path, decision("r1", "include"))
    append_decision(tmp_path, decision("r1", "exclude"))
    append_decision(tmp_path, decision("r2", "include"))
    append_decision(tmp_path, decision("r2", "withdrawn"))
    log = read_log(tmp_path / "AB.csv")
    assert len(log.decisions) == 4
    assert {r: d.verdict for r, d in log.standing("abstract").items()} == {"r1": "exclude"}


def test_each_reviewer_has_a_file_and_the_consensus_is_read_last(tmp_path):
    append_decision(tmp_path, decision(reviewer="zoe"))
    append_decision(tmp_path, decision(reviewer="AB"))
    append_decision(tmp_path, decision(reviewer="AB and zoe"), owner="consensus")
    assert [log.reviewer for log in read_logs(tmp_path)] == ["AB", "zoe", "consensus"]


def test_a_folder_that_is_not_there_holds_no_decisions(tmp_path):
    assert read_logs(tmp_path / "none") == ()


def test_many_decisions_are_added_all_or_none(tmp_path):
    with pytest.raises(ScreeningError, match="r2: decision is"):
        append_decisions(tmp_path, [decision("r1"), decision("r2", "perhaps")], owner="AB")
    assert not (tmp_path / "AB.csv").exists()


@pytest.mark.parametrize("owner", ["", "../AB", "a/b", "consensus", "Consensus", "previous", ".ab", "x" * 70])
def test_a_name_that_cannot_be_a_file_is_refused(tmp_path, owner):
    with pytest.raises(ScreeningError):
        append_decision(tmp_path, decision(reviewer=owner))
    assert list(tmp_path.iterdir()) == []


def test_nobody_writes_in_another_reviewers_file(tmp_path):
    with pytest.raises(ScreeningError, match='only "AB" writes this file'):
        append_decision(tmp_path, decision(reviewer="CD"), owner="AB")


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("r1,abstrct,AB,include,,,,2026-11-24", 'AB.csv:2: stage is "abstrct"; did you mean "abstract"?'),
        ("r1,abstract,AB,yes,,,,2026-11-24", 'AB.csv:2: decision is "yes" at stage abstract'),
        ("r1,abstract,AB,not-retrieved,,,,2026-11-24", 'decision is "not-retrieved" at stage abstract'),
        ("r1,full text,AB,exclude,,,,2026-11-24", "needs one primary reason"),
        ("r1,full text,AB,exclude,wether,,,2026-11-24", 'reason is "wether"; Allowed: design, population'),
        ("r1,abstract,AB,include,design,,,2026-11-24", "only an exclusion has a reason"),
        ("r1,abstract,CD,include,,,,2026-11-24", 'reviewer is "CD"; only "AB" writes this file'),
        (",abstract,AB,include,,,,2026-11-24", "record_id is empty"),
        ("r1,abstract,AB,include,,,soon,2026-11-24", 'seconds is "soon"'),
        (
            "r1,abstract,AB,include,,,,24.11.2026\nr2,abstract,AB,include,,,,2026-11-24",
            'date is "24.11.2026"',
        ),
        ("r1,before screening,AB,exclude,,,,2026-11-24", "a record removed before screening needs one"),
    ],
)
def test_a_fault_is_told_with_file_line_column_and_value(tmp_path, row, says):
    (tmp_path / "AB.csv").write_text(f"{HEADER}\n{row}\n")
    with pytest.raises(ScreeningError) as caught:
        read_logs(tmp_path, reasons=["design", "population"])
    assert says in str(caught.value)


def test_all_faults_of_all_files_are_told_at_once(tmp_path):
    (tmp_path / "AB.csv").write_text(
        f"{HEADER}\nr1,x,AB,include,,,,2026-11-24\nr2,y,AB,include,,,,2026-11-24\n"
    )
    (tmp_path / "CD.csv").write_text("record_id,stage\nr1,abstract\n")
    with pytest.raises(ScreeningError) as caught:
        read_logs(tmp_path)
    assert len(caught.value.problems) == 5


def test_an_empty_file_holds_no_decisions(tmp_path):
    (tmp_path / "AB.csv").write_text("")
    assert read_log(tmp_path / "AB.csv").decisions == ()


def test_a_file_saved_by_a_spreadsheet_with_semicolons_is_read_but_not_added_to(tmp_path):
    path = tmp_path / "AB.csv"
    path.write_text(f"\ufeff{HEADER}\nr1,abstract,AB,include,,,,2026-11-24".replace(",", ";"))
    assert len(read_log(path).decisions) == 1
    with pytest.raises(FileError, match="rows can only be added to a file with record_id,stage"):
        append_decision(tmp_path, decision("r2"))


def test_a_file_in_another_encoding_is_not_added_to(tmp_path):
    path = tmp_path / "AB.csv"
    path.write_bytes(f"{HEADER}\nr1,abstract,AB,include,,né,,2026-11-24\n".encode("cp1252"))
    with pytest.raises(FileError, match="save it as UTF-8"):
        append_decision(tmp_path, decision("r2"))


def test_a_whole_last_row_without_a_line_break_counts_and_can_be_followed(tmp_path):
    path = tmp_path / "AB.csv"
    path.write_text(f"{HEADER}\nr1,abstract,AB,include,,,,2026-11-24")
    assert len(read_log(path).decisions) == 1
    append_decision(tmp_path, decision("r2"))
    assert [d.record for d in read_log(path).decisions] == ["r1", "r2"]


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=20).map(
    clean
)


@st.composite
def decisions(draw):
    stage = draw(st.sampled_from(["abstract", "full text"]))
    verdict = draw(st.sampled_from(VERDICTS[stage]))
    return decision(
        draw(TEXT.filter(bool)),
        verdict,
        stage=stage,
        reason=draw(TEXT.filter(bool)) if verdict == "exclude" else "",
        note=" ".join(draw(TEXT).split()),
    )


@given(st.lists(decisions(), min_size=1, max_size=4), st.data())
def test_a_file_cut_anywhere_loses_at_most_the_row_being_written(tmp_path_factory, made, data):
    folder = tmp_path_factory.mktemp("log")
    append_decisions(folder, made, owner="AB")
    path = folder / "AB.csv"
    raw = path.read_bytes()
    cut = data.draw(st.integers(0, len(raw)))
    path.write_bytes(raw[:cut])
    whole = raw[:cut].count(b"\n") - 1
    log = read_log(path)
    assert list(log.decisions[: max(whole, 0)]) == made[: max(whole, 0)]
    assert len(log.decisions) <= max(whole, 0) + 1
    if len(log.decisions) > max(whole, 0):
        assert log.decisions[-1].record == made[whole].record
        assert log.decisions[-1].verdict == made[whole].verdict
    append_decision(folder, made[-1])
    again = read_log(path)
    assert again.notes == ()
    assert again.decisions == (*log.decisions, made[-1])


def test_a_cut_row_is_said_with_its_line(tmp_path):
    path = tmp_path / "AB.csv"
    path.write_text(f"{HEADER}\nr1,abstract,AB,include,,,,2026-11-24\nr2,abstract,AB,excl")
    assert "AB.csv:3: the last row is cut off" in read_log(path).notes[0]


WRITER = """
import sys
from metareview.screening import Decision, append_decision
for i in range(100000):
    append_decision(sys.argv[1], Decision(record=f"r{i}", stage="abstract", reviewer="AB", verdict="include",
                                          when="2026-11-24T10:15:00Z"))
    print(i, flush=True)
"""


def test_a_killed_process_loses_no_decision_that_it_acknowledged(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    for _ in range(30):
        process.stdout.readline()
    os.kill(process.pid, signal.SIGKILL)
    acknowledged = 30 + len(process.stdout.read().splitlines())
    process.wait()
    process.stdout.close()
    found = [d.record for d in read_log(tmp_path / "AB.csv").decisions]
    assert found == [f"r{i}" for i in range(len(found))]
    assert len(found) >= acknowledged
