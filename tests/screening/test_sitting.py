"""One reviewer's sitting, and what comes up at a stage."""

from hypothesis import given
from hypothesis import strategies as st

from metareview.screening import Decision, DecisionLog, read_log
from metareview.screening.highlight import find_words, question_words
from metareview.screening.sitting import Desk, Sitting, due_records
from metareview.search import Record

RECORDS = [Record(id=f"r{i}", title=f"Stromal cells {i}" if i % 3 == 0 else f"Sleep {i}") for i in range(9)]


def begin(folder, **more):
    return Sitting(Desk(folder, "abstract", "AB"), RECORDS, **more)


def log(who, stage="abstract", **verdicts):
    return DecisionLog(
        who,
        tuple(
            Decision(record=r, stage=stage, reviewer=who, verdict=v, reason="automation", when="2026-11-24")
            for r, v in verdicts.items()
        ),
    )


STEPS = st.lists(st.sampled_from(["include", "exclude", "unclear", "undo", "skip"]), max_size=25)


@given(STEPS, st.booleans())
def test_whatever_is_pressed_the_file_says_what_stands(tmp_path_factory, steps, reopened):
    folder = tmp_path_factory.mktemp("screened")
    sitting, stack, skipped = begin(folder), [], 0
    for step in steps:
        record = sitting.next()
        if step == "undo":
            undone = sitting.undo()
            assert (undone.id if undone else None) == (stack.pop()[0] if stack else None)
        elif record is None:
            break
        elif step == "skip":
            sitting.skip(record)
            skipped += 1
        else:
            sitting.decide(record, step)
            stack.append((record.id, step))
        if reopened:
            sitting = begin(folder)
    kept = {r: d.verdict for r, d in sitting.standing.items()}
    assert kept == dict(stack)
    if (folder / "AB.csv").exists():
        on_disk = read_log(folder / "AB.csv").standing("abstract")
        assert {r: d.verdict for r, d in on_disk.items()} == dict(stack)


def test_every_record_comes_up_once_in_the_order_given(tmp_path):
    sitting, seen = begin(tmp_path), []
    while (record := sitting.next()) is not None:
        seen.append(record.id)
        sitting.decide(record, "exclude")
    assert seen == [r.id for r in RECORDS]


def test_skipped_records_come_up_when_the_others_are_done(tmp_path):
    sitting = begin(tmp_path)
    first = sitting.next()
    sitting.skip(first)
    for _ in range(8):
        sitting.decide(sitting.next(), "exclude")
    assert sitting.next() is first
    sitting.skip(first)
    assert sitting.next() is first


def test_a_learner_brings_what_resembles_the_included_to_the_front(tmp_path):
    sitting = begin(tmp_path, prioritise=True)
    sitting.decide(RECORDS[0], "include")
    sitting.decide(RECORDS[1], "exclude")
    sitting.decide(RECORDS[2], "exclude")
    order = []
    for _ in range(2):
        record = sitting.next()
        order.append(record.id)
        sitting.decide(record, "include")
    assert order == ["r3", "r6"]


def test_ten_exclusions_make_the_learner_rank_anew(tmp_path):
    titles = ["stromal cells", *["sleep diet"] * 30, *["stromal cells"] * 5]
    records = [Record(id=f"r{i}", title=title) for i, title in enumerate(titles)]
    sitting = Sitting(Desk(tmp_path, "abstract", "AB"), records, prioritise=True)
    sitting.decide(sitting.next(), "include")
    seen = []
    for _ in range(10):
        record = sitting.next()
        seen.append(record.title)
        sitting.decide(record, "exclude")
    assert seen == ["sleep diet"] * 10
    assert sitting.next().title == "stromal cells"


def test_the_recall_test_takes_records_in_the_order_they_were_read(tmp_path):
    sitting = begin(tmp_path)
    for verdict in ("include", "unclear", "exclude"):
        sitting.decide(sitting.next(), verdict)
    found = sitting.recall()
    assert (found.read, found.relevant, found.total) == (3, 2, 9)


def test_full_text_begins_with_what_was_sent_on_and_not_removed():
    logs = [
        log("AB", r0="include", r1="unclear", r2="exclude", r3="include"),
        log("CD", r0="include", r1="include", r2="exclude"),
        log("EF", stage="before screening", r8="exclude"),
    ]
    assert [r.id for r in due_records(RECORDS, logs, stage="full text")] == ["r0", "r1"]
    assert "r8" not in [r.id for r in due_records(RECORDS, logs, stage="abstract")]


def test_words_of_the_question_are_found_in_any_form():
    words = question_words({"population": "Patients with acute GVHD", "intervention": "Stromal cells, GVHD"})
    assert words["gvhd"] == "population"
    assert "patient" not in words
    text = "STROMAL cell therapy; acutely ill, acute-phase; acute."
    assert [text[a:b] for a, b, _ in find_words(text, words)] == ["STROMAL", "cell", "acute"]


@given(st.text(max_size=60), st.text(max_size=60))
def test_marks_never_overlap_or_leave_the_text(question, text):
    end = 0
    for start, stop, _ in find_words(text, question_words({"population": question})):
        assert end <= start < stop <= len(text)
        end = stop
