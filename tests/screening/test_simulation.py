"""Ranking and its measures on records that are made up, and the published check value."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metareview.errors import ScreeningError
from metareview.screening.prioritise import rank_records
from metareview.screening.simulation import measure_order, read_labelled, simulate_screening
from metareview.search import Record

WORDS = [
    "cell",
    "graft",
    "donor",
    "trial",
    "sleep",
    "diet",
    "heart",
    "lung",
    "bone",
    "skin",
    "dose",
    "risk",
    "care",
    "pain",
    "test",
]


SIGNAL = ["stromal", "mesenchymal", "refractory", "steroid", "infusion"]


def labelled(n=120, relevant=12, seed=3):
    """Make texts of common words; the relevant ones hold most of the signal's words, others few."""
    random = np.random.default_rng(seed)
    labels = [int(i < relevant) for i in range(n)]
    random.shuffle(labels)
    texts = []
    for label in labels:
        signal = [word for word in SIGNAL if random.random() < (0.8 if label else 0.1)]
        texts.append(" ".join([*random.choice(WORDS, 12), *signal]))
    return texts, labels


def test_the_measures_of_a_known_order():
    ranks = {1, 2, 3, 6, 10, 21, 41, 61, 100, 300}
    found = measure_order([int(rank in ranks) for rank in range(1, 1001)])
    assert (found.k95, found.records, found.relevant) == (300, 1000, 10)
    assert found.wss95 == pytest.approx(0.65)
    assert found.atd == pytest.approx(0.0545)
    assert found.rrf10 == pytest.approx(0.9)


@given(st.lists(st.integers(0, 1), min_size=2, max_size=200).filter(any))
def test_the_best_order_is_never_beaten(labels):
    best, worst = measure_order(sorted(labels, reverse=True)), measure_order(sorted(labels))
    found = measure_order(labels)
    assert worst.wss95 <= found.wss95 <= best.wss95
    assert best.atd <= found.atd <= worst.atd
    assert worst.rrf10 <= found.rrf10 <= best.rrf10


def test_twenty_relevant_records_need_nineteen_for_95_per_cent():
    assert measure_order([1] * 20).k95 == 19


def test_nothing_relevant_has_no_measure():
    with pytest.raises(ScreeningError, match="no record is relevant"):
        measure_order([0, 0])


def test_ranking_saves_reading_and_the_same_seed_gives_the_same_order():
    texts, labels = labelled()
    first, second = (simulate_screening(texts, labels, seeds=(1, 2)) for _ in range(2))
    assert first == second
    assert first.mean("wss95") > 0.2
    assert first.mean("atd") < 0.3
    low, high = first.spread("wss95")
    assert low <= first.mean("wss95") <= high


def test_progress_reaches_the_end():
    texts, labels = labelled(40, 6)
    told = []
    simulate_screening(texts, labels, seeds=(0, 1), tell=lambda done, of: told.append((done, of)))
    assert told[-1] == (80, 80)
    assert told == sorted(told)


@pytest.mark.parametrize("labels", [[0, 0, 0], [1, 1, 1]])
def test_a_simulation_needs_both_verdicts(labels):
    with pytest.raises(ScreeningError, match="a simulation needs relevant and irrelevant ones"):
        simulate_screening(["a b", "c d", "e f"], labels)


def records_of(texts):
    return [Record(id=f"r{i}", title=text) for i, text in enumerate(texts)]


def test_ranking_puts_what_resembles_the_relevant_first_and_loses_nothing():
    texts, labels = labelled()
    records = records_of(texts)
    read = {f"r{i}": bool(labels[i]) for i in range(40)}
    ranked = rank_records(records, read)
    assert sorted(r.id for r in ranked) == sorted(r.id for r in records[40:])
    unread = [labels[int(r.id[1:])] for r in ranked]
    assert measure_order(unread).atd < 0.3


@pytest.mark.parametrize("read", [{}, {"r0": True}, {"r0": False, "r1": False}])
def test_with_nothing_to_learn_from_the_order_stays(read):
    records = records_of(["a b", "c d", "e f"])
    assert rank_records(records, read) == [r for r in records if r.id not in read]


def test_records_without_words_are_said(tmp_path):
    with pytest.raises(ScreeningError, match="hold no words"):
        rank_records(records_of(["", "", ""]), {"r0": True, "r1": False})


def test_labelled_files_are_read_with_a_stray_control_character(tmp_path):
    path = tmp_path / "set.csv"
    path.write_text("record_id,title,abstract,label_included\n1,A\x02 b,x,1\n2,C,y,0\n")
    assert read_labelled(path) == (["A b x", "C y"], [1, 0])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("title,x\na,1\n", "there is no column label_included or included"),
        ("doi,included\na,1\n", "there is no column title or abstract"),
        ("title,included\na,yes\nb,2\n", r'set.csv:2: included is "yes"; 1 or 0'),
    ],
)
def test_files_that_cannot_be_simulated_are_refused(tmp_path, text, says):
    path = tmp_path / "set.csv"
    path.write_text(text)
    with pytest.raises(ScreeningError, match=says):
        read_labelled(path)
