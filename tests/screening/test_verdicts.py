"""Who must agree on what before a record moves."""

import pytest

from metareview.screening import Decision, DecisionLog, reach_verdicts
from metareview.screening.verdicts import describe_conflict


def log(who, *said, stage="abstract"):
    """Make a log of decisions on ``r1``, ``r2`` …; ``exclude/design`` names a reason."""
    made = []
    for i, words in enumerate(said, 1):
        verdict, _, reason = words.partition("/")
        if verdict:
            made.append(
                Decision(
                    record=f"r{i}",
                    stage=stage,
                    reviewer=who,
                    verdict=verdict,
                    reason=reason,
                    when="2026-11-24",
                )
            )
    return DecisionLog(who, tuple(made))


def verdict_of(*logs, stage="abstract", needed=None):
    return reach_verdicts(logs, ["r1"], stage=stage, needed=needed)["r1"]


@pytest.mark.parametrize(
    ("first", "second", "state", "verdict"),
    [
        ("include", "include", "agreed", "include"),
        ("include", "unclear", "agreed", "include"),
        ("unclear", "unclear", "agreed", "unclear"),
        ("exclude", "exclude/design", "agreed", "exclude"),
        ("exclude", "unclear", "conflict", ""),
        ("exclude", "include", "conflict", ""),
        ("exclude", "", "agreed", "exclude"),
    ],
)
def test_abstracts_that_are_unclear_go_on(first, second, state, verdict):
    found = verdict_of(log("AB", first), log("CD", second))
    assert (found.state, found.verdict) == (state, verdict)


@pytest.mark.parametrize(
    ("first", "second", "state"),
    [
        ("include", "include", "agreed"),
        ("exclude/design", "exclude/design", "agreed"),
        ("exclude/design", "exclude/population", "conflict"),
        ("unclear", "unclear", "conflict"),
        ("not-retrieved", "not-retrieved", "agreed"),
        ("not-retrieved", "include", "conflict"),
    ],
)
def test_at_full_text_verdict_and_primary_reason_must_be_the_same(first, second, state):
    found = verdict_of(
        log("AB", first, stage="full text"), log("CD", second, stage="full text"), stage="full text"
    )
    assert found.state == state
    assert found.forward is (first == second == "include")


def test_a_second_reviewer_is_waited_for_once_two_work():
    logs = (log("AB", "include", "include"), log("CD", "", "include"))
    assert [v.state for v in reach_verdicts(logs, ["r1", "r2"], stage="abstract").values()] == [
        "waiting",
        "agreed",
    ]
    assert verdict_of(*logs, needed=1).state == "agreed"


def test_three_reviewers_agree_only_when_all_who_judged_do():
    logs = (log("AB", "include"), log("CD", "include"), log("EF", "exclude"))
    assert verdict_of(*logs).state == "conflict"
    assert verdict_of(*logs[:2], log("EF", "")).state == "agreed"


def test_a_consensus_settles_a_conflict_and_keeps_every_vote():
    found = verdict_of(log("AB", "include"), log("CD", "exclude"), log("consensus", "exclude/design"))
    assert (found.state, found.verdict, found.reason) == ("agreed", "exclude", "design")
    assert [d.verdict for d in found.decisions] == ["include", "exclude", "exclude"]


def test_a_consensus_that_is_unclear_settles_nothing_at_full_text():
    assert verdict_of(log("consensus", "unclear", stage="full text"), stage="full text").state == "conflict"


def test_nobody_has_said_anything_yet():
    assert verdict_of().state == "waiting"


def test_a_conflict_is_told_with_everyones_words():
    found = verdict_of(
        log("AB", "include", stage="full text"),
        log("CD", "exclude/design", stage="full text"),
        stage="full text",
    )
    assert describe_conflict(found) == "r1 at stage full text: AB: include; CD: exclude (design)."
