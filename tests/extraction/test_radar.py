# ruff: noqa: E501
"""Each check finds its fault, and finds nothing in clean sheets."""

import pytest

from metareview.extraction import CHECKS, check_sheets, open_findings, read_sheets, survey


def look(review):
    sheets = read_sheets(review.write(), review.protocol)
    return check_sheets(sheets, review.protocol)


def codes(review):
    return {f.check for f in look(review)}


PAIN = {
    "outcome": "pain",
    "timepoint": "1 year",
    "population": "ITT",
    "basis": "reported",
    "report": "x",
    "location": "t",
}
WEIGHT = PAIN | {"outcome": "weight"}
EFFECT = {
    "study": "B2", "outcome": "survival", "timepoint": "5 years", "population": "ITT", "arm_1": "d", "arm_2": "c",
    "measure": "HR", "scale": "natural", "basis": "reported", "report": "x", "location": "t",
}  # fmt: skip


def means(review, *arms, **shared):
    for k, (study, arm, n, mean, sd) in enumerate(arms):
        review.add("results", row=f"m{k}", study=study, arm=arm, n=n, mean=mean, sd=sd, **(WEIGHT | shared))
    return review


def test_clean_sheets_have_no_finding(small):
    assert look(small) == ()


def test_every_code_is_one_row_with_a_sentence():
    listed = [check.code for check in CHECKS]
    assert len(listed) == len(set(listed))
    assert all(check.says.endswith(".") for check in CHECKS)


@pytest.mark.parametrize(
    ("sheet", "old", "new", "check"),
    [
        ("results", ",11.4,", ",11.9,", "percent-events"),
        ("results", ",11.4,", ",0.114,", "percent-fraction"),
        ("results", "0.03,reported", "0.003,reported", "p-numbers"),
        ("results", "14/123 (11.4%)", "14/132 (11.4%)", "quote"),
        ("results", "14/123 (11.4%)", "14/123 (11.8%)", "quote"),
        ("results", "Table 2,14", ",14", "source-missing"),
        ("results", "30 days,ITT,d,123", "30,ITT,d,123", "timepoint-unit"),
        ("results", "30 days,ITT,d,123", "03-Apr,ITT,d,123", "date-made"),
        ("results", "30 days,ITT,d,123", "30 days,NA,d,123", "nothing-word"),
        ("studies", "NCT00000002", "NCT00000001", "same-registry"),
        ("studies", "pmid:2", "pmid:1", "same-report"),
        ("studies", "pmid:1,,", "pmid:1,retracted,", "report-withdrawn"),
        ("studies", "pmid:1,,", "pmid:1,corrected,", "report-corrected"),
        ("arms", "A1,d,Drug,drug,125", "A1,d,Drug,drug,225", "n-missing"),
        ("contrasts", "0.68,0.48,0.95,0.95,,0.024", "0.68,0.48,0.95,0.95,,0.24", "ci-p"),
        ("contrasts", "0.68,0.48,0.95,0.95", "0.68,0.28,0.95,0.95", "ci-asymmetric"),
        ("contrasts", "0.68,0.48,0.95,0.95", "0.68,0.43,0.95,0.95", "quote"),
        ("contrasts", "0.68,0.48,0.95,0.95,,0.024", "0.68,0.48,0.95,0.9,,0.024", "ci-level"),
        ("contrasts", "0.95,0.95,,0.024", "0.95,0.95,0.35,0.024", "se-ci"),
        ("contrasts", "0.95,0.95,,0.024", "0.95,0.95,0.0303,0.024", "se-is-variance"),
    ],
)
def test_a_spoilt_cell_is_found(small, sheet, old, new, check):
    assert check in codes(small.change(sheet, old, new))


def test_a_percentage_that_no_count_prints_is_found(small):
    small.change("results", "d,123,14,,,,11.4", "d,123,,,,,11.9").change("results", "14/123 (11.4%)", "")
    (finding,) = [f for f in look(small) if f.check == "percent-grim"]
    assert "no whole number of 123 prints it" in str(finding)


def test_swapped_arms_are_named(small):
    small.change("results", "d,123,14,,,,11.4", "d,123,14,,,,21.7").change("results", "14/123 (11.4%)", "")
    (finding,) = [f for f in look(small) if f.check == "percent-events"]
    assert 'It is the percentage of arm "c"' in str(finding)


def test_more_of_a_subset_than_of_the_whole_is_an_error(small):
    small.add(
        "results",
        row="x",
        study="A1",
        outcome="heart-death",
        timepoint="30 days",
        population="ITT",
        arm="d",
        n=123,
        events=15,
        basis="reported",
    )
    (finding,) = [f for f in look(small) if f.check == "subset-over-total"]
    assert finding.level == "error"


def test_subgroups_with_more_than_the_whole_are_an_error(small):
    for k, (level, events) in enumerate([("men", 9), ("women", 7)]):
        small.add(
            "results",
            row=f"x{k}",
            study="A1",
            outcome="death",
            timepoint="30 days",
            arm="d",
            n=60,
            population=f"subgroup: sex={level}",
            events=events,
            basis="reported",
        )
    assert ("subgroup-sum", "error") in {(f.check, f.level) for f in look(small)}


def test_subgroups_with_other_than_the_whole_are_a_warning(small):
    for k, (level, n, events) in enumerate([("men", 63, 6), ("women", 60, 7)]):
        small.add(
            "results",
            row=f"x{k}",
            study="A1",
            outcome="death",
            timepoint="30 days",
            arm="d",
            n=n,
            population=f"subgroup: sex={level}",
            events=events,
            basis="reported",
        )
    assert ("subgroup-sum", "warning") in {(f.check, f.level) for f in look(small)}


def test_a_total_that_the_arms_do_not_add_up_to_is_found(small):
    small.add(
        "results",
        row="x",
        study="A1",
        outcome="death",
        timepoint="30 days",
        population="ITT",
        arm="total",
        n=243,
        events=41,
        basis="reported",
    )
    assert "total-sum" in codes(small)


@pytest.mark.parametrize(
    ("mean", "n", "found"), [(3.48, 25, False), (3.49, 25, True), (5.19, 28, True), (5.18, 28, False)]
)
def test_grim(small, mean, n, found):
    """Brown & Heathers 2017: a mean of 5.19 of 28 whole numbers cannot be."""
    small.add("results", row="x", study="A1", arm="d", n=n, mean=mean, **PAIN)
    assert ("mean-grim" in codes(small)) == found


@pytest.mark.parametrize(("sd", "found"), [(1.50, True), (1.58, False), (1.30, True), (1.87, False)])
def test_grimmer_against_every_sample_of_five(small, sd, found):
    """The SDs that five whole numbers from 0 to 10 with mean 3.00 can have, by counting them all."""
    from itertools import combinations_with_replacement
    from statistics import stdev

    possible = {round(stdev(s), 2) for s in combinations_with_replacement(range(11), 5) if sum(s) == 15}
    assert (sd not in possible) == found
    small.add("results", row="x", study="A1", arm="d", n=5, mean="3.00", sd=f"{sd:.2f}", **PAIN)
    assert ("sd-grimmer" in codes(small)) == found


@pytest.mark.parametrize(("sd", "found"), [("0.51", False), ("0.30", True)])
def test_debit(small, sd, found):
    plan = small.protocol.model_copy(
        update={
            "outcomes": (
                *small.protocol.outcomes,
                small.protocol.outcome("pain").model_copy(update={"id": "yes", "scale_max": 1.0}),
            )
        }
    )
    small.protocol = plan
    small.add(
        "results", row="x", study="A1", arm="d", n=20, mean="0.50", sd=sd, **(PAIN | {"outcome": "yes"})
    )
    assert ("sd-debit" in codes(small)) == found


def test_an_sd_that_the_scale_does_not_allow_is_an_error(small):
    small.add("results", row="x", study="A1", arm="d", n=20, mean=5, sd=6, **PAIN)
    assert ("sd-range", "error") in {(f.check, f.level) for f in look(small)}


FOUR = [("A1", "d", 100, 50, 10), ("A1", "c", 100, 52, 11), ("B2", "d", 60, 51, 9), ("B2", "c", 60, 49, 10)]


def test_ordinary_spreads_are_not_doubted(small):
    assert look(means(small, *FOUR)) == ()


def test_a_standard_error_typed_as_an_sd_is_found(small):
    assert "sd-is-se" in codes(means(small, *FOUR[:3], ("B2", "c", 60, 49, 1.3)))


def test_an_sd_typed_as_a_standard_error_is_found(small):
    means(small, *FOUR[:3])
    small.add("results", row="x", study="B2", arm="c", n=60, mean=49, se=10, **WEIGHT)
    assert "se-is-sd" in codes(small)


def test_a_standard_error_and_an_sd_that_do_not_belong_together_are_found(small):
    small.add("results", row="x", study="A1", arm="d", n=100, mean=50, sd=10, se=2, **WEIGHT)
    assert "se-sd" in codes(small)


def test_arms_that_lie_impossibly_far_apart_are_found(small):
    assert "smd-large" in codes(means(small, ("A1", "d", 50, 90, 10), ("A1", "c", 50, 50, 10)))


@pytest.mark.parametrize(("p", "found"), [("0.19", False), ("0.019", True)])
def test_p_values_of_means(small, p, found):
    """Student's t of 50 (10) and 52 (11), 100 each, gives 0.18 (R 4.2.2: t.test on summary values)."""
    assert ("p-numbers" in codes(means(small, *FOUR[:2], p=p))) == found


def test_a_test_that_the_paper_names_is_the_one_recomputed(small):
    small.add(
        "results",
        row="x0",
        study="B2",
        outcome="death",
        timepoint="1 year",
        population="ITT",
        arm="d",
        n=10,
        events=1,
        p="0.02",
        test="Fisher exact",
        basis="reported",
        report="x",
        location="t",
    )
    small.add(
        "results",
        row="x1",
        study="B2",
        outcome="death",
        timepoint="1 year",
        population="ITT",
        arm="c",
        n=10,
        events=6,
        basis="reported",
        report="x",
        location="t",
    )
    (finding,) = [f for f in look(small) if f.check == "p-numbers"]
    assert "fisher 0.057" in str(finding)
    small.change("results", "Fisher exact", "chi-square")
    assert "p-numbers" not in codes(small)


@pytest.mark.parametrize(
    ("cells", "check"),
    [
        ({"estimate": -0.39, "ci_low": -0.73, "ci_high": -0.05, "scale": "log"}, None),
        ({"estimate": 1.68, "ci_low": 1.05, "ci_high": 2.70, "scale": "log"}, "scale-mixed"),
        ({"estimate": 0.39, "ci_low": 0.05, "ci_high": 0.73}, "scale-mixed"),
        ({"estimate": 0.5, "o_minus_e": -8, "variance": 12}, None),
        ({"estimate": 2.0, "o_minus_e": -8, "variance": 12}, "hr-logrank"),
    ],
)
def test_scales_and_log_rank(small, cells, check):
    found = codes(small.add("contrasts", row="x", **(EFFECT | cells)))
    assert found == ({check} if check else set())


def counts(review, one, two):
    for k, (arm, n, events) in enumerate([("d", *one), ("c", *two)]):
        review.add(
            "results",
            row=f"k{k}",
            study="B2",
            outcome="death",
            timepoint="5 years",
            population="ITT",
            arm=arm,
            n=n,
            events=events,
            basis="reported",
            report="x",
            location="t",
        )
    return review


@pytest.mark.parametrize(
    ("measure", "estimate", "check"),
    [
        ("RR", 0.5, None),
        ("RR", 2.0, "arms-reversed"),
        ("RR", 0.7, "effect-counts"),
        ("OR", 0.44, None),
        ("RD", -0.1, None),
    ],
)
def test_effects_are_recomputed_from_counts(small, measure, estimate, check):
    counts(small, (60, 6), (60, 12))
    small.add(
        "contrasts", row="x", **(EFFECT | {"outcome": "death", "measure": measure, "estimate": estimate})
    )
    assert codes(small) == ({check} if check else set())


def test_a_hazard_ratio_against_its_incidences_is_found(small):
    for k, (arm, percent) in enumerate([("d", 60), ("c", 40)]):
        small.add(
            "results",
            row=f"k{k}",
            study="A1",
            outcome="survival",
            timepoint="2-year cumulative incidence",
            population="ITT",
            arm=arm,
            n=100,
            percent=percent,
            basis="reported",
            report="x",
            location="t",
        )
    assert "direction" in codes(small)


def test_the_same_counts_in_two_studies_are_found(small):
    small.change("results", "ITT,d,60,3", "ITT,d,60,3").change(
        "arms", "B2,d,Drug,drug,60", "B2,d,Drug,drug,200"
    )
    small.change("arms", "B2,c,Placebo,control,60", "B2,c,Placebo,control,200")
    small.change("results", "ITT,d,60,3", "ITT,d,123,14").change("results", "ITT,c,60,5", "ITT,c,120,26")
    assert "same-results" in codes(small)


def test_a_control_arm_used_twice_is_found(small):
    small.add("arms", study="B2", arm="e", label="Higher dose", role="drug")
    for k, arm in enumerate("de"):
        small.add("contrasts", row=f"x{k}", **(EFFECT | {"arm_1": arm, "estimate": 0.8}))
    assert "control-twice" in codes(small)


def test_studies_of_one_centre_in_the_same_years_are_found(small):
    small.texts["studies"] = (
        "study,label,centre,recruited_from,recruited_to,authors\n"
        "A1,Alpha,Oslo,1999,2001,Alpha A; Berg B; Dahl D\nB2,Beta,Oslo,2000-05,2003,Beta B; Alpha A; Berg B; Dahl D\n"
    )
    assert {"same-centre", "shared-authors"} <= codes(small)


def test_an_excluded_study_does_not_overlap(small):
    small.change("studies", "NCT00000002", "NCT00000001").change(
        "studies", "pmid:2,,", "pmid:2,,part of Alpha 2001"
    )
    assert "same-registry" not in codes(small)


def test_an_answer_in_the_sheet_is_kept_with_the_warning(small):
    small.change("results", ",11.4,", ",11.9,").change(
        "results",
        "14/123 (11.4%),2026-01-02,",
        "14/123 (11.9%),2026-01-02,percent-events: printed so; ci-p: no",
    )
    findings = {f.check: f for f in look(small)}
    assert findings["percent-events"].answer == "printed so"
    assert findings["answer-idle"].level == "note"
    assert open_findings(findings.values()) == ()


def test_an_answer_to_a_check_that_does_not_exist_is_a_warning(small):
    small.change("results", "14/123 (11.4%),2026-01-02,", "14/123 (11.4%),2026-01-02,percent-evnts: so")
    assert "answer-unknown" in codes(small)


def test_an_error_cannot_be_answered(small):
    small.add(
        "results",
        row="x",
        study="A1",
        outcome="heart-death",
        timepoint="30 days",
        population="ITT",
        arm="d",
        n=123,
        events=15,
        basis="reported",
        checked="subset-over-total: printed so",
    )
    (finding,) = [f for f in look(small) if f.check == "subset-over-total"]
    assert finding.answer == ""


def test_errors_of_reading_come_as_findings_with_their_place(small):
    reading = survey(small.change("results", "d,123,14", "d,123,140").write(), small.protocol)
    (finding,) = reading.errors
    assert (finding.check, finding.line, finding.column, finding.value) == (
        "events-over-n",
        2,
        "events",
        "140",
    )
    assert reading.sheets is None
