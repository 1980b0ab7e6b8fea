import pytest

from metareview.errors import MetareviewError
from metareview.review import Review
from tests.small_review import ARMS, CONTRASTS, PROTOCOL, RESULTS, lay_out


@pytest.fixture
def review(tmp_path):
    return Review("small", lay_out(tmp_path))


def entered(review, analysis):
    return {one.study.study: one for one in review.chosen(review.find(analysis)).entered}


def left_out(review, analysis):
    return {one.study.study: one.reason for one in review.chosen(review.find(analysis)).left_out}


def test_the_first_time_point_of_the_plan_is_taken(review):
    assert entered(review, "death")["A"].numbers == {"ai": 10, "n1i": 100, "ci": 20, "n2i": 100}


def test_arms_of_one_role_are_added_up_and_said_to_be(review):
    beta = entered(review, "death")["B"]
    assert beta.numbers == {"ai": 10, "n1i": 100, "ci": 15, "n2i": 100}
    assert beta.notes == (
        'Counts of "Low dose" and "High dose" derived from a printed percentage.',
        'The arms "Low dose" and "High dose" were combined.',
    )


def test_inferred_counts_enter_only_where_the_plan_lets_them(review):
    assert "C" not in entered(review, "death")
    assert "inferred, which this analysis does not take" in left_out(review, "death")["C"]
    inferred = entered(review, "death/inferred")["C"]
    assert inferred.notes == ('Counts of "Placebo" inferred, not seen in the report.',)


def test_an_overlapping_study_is_left_out_with_its_reason(review):
    assert left_out(review, "death")["D"] == "The same patients as Alpha 2001"


def test_numbers_that_fit_equally_well_are_a_question_not_a_choice(tmp_path):
    twice = RESULTS + RESULTS.splitlines()[1].replace("r1,", "r12,").replace("ITT", "PP") + "\n"
    twice += RESULTS.splitlines()[2].replace("r2,", "r13,").replace("ITT", "PP") + "\n"
    with pytest.raises(MetareviewError, match="study A has 2 sets of numbers that fit"):
        Review("small", lay_out(tmp_path, results=twice)).check()


def test_an_arm_without_its_counterpart_does_not_enter(tmp_path):
    lines = [line for line in RESULTS.splitlines() if not line.startswith(("r2,", "r4,"))]
    review = Review("small", lay_out(tmp_path, results="\n".join(lines)))
    assert "do not hold the numbers of every arm" in left_out(review, "death")["A"]


def test_a_contrast_of_other_arms_is_not_this_comparison(tmp_path):
    turned = CONTRASTS.replace("drug,placebo,HR", "placebo,drug,HR")
    assert entered(Review("small", lay_out(tmp_path, contrasts=turned)), "relapse") == {}


def test_a_study_of_one_design_does_not_enter_an_analysis_of_another(tmp_path):
    plan = PROTOCOL.replace('id = "death"\ntitle', 'id = "death"\ndesigns = ["single-arm"]\ntitle')
    assert entered(Review("small", lay_out(tmp_path, protocol=plan)), "death") == {}


def test_several_means_of_one_role_are_combined_by_the_handbooks_formula(tmp_path):
    results = (
        "row,study,outcome,timepoint,population,arm,n,mean,sd,basis\n"
        "r1,B,death,day 28,ITT,low,10,2,1,reported\nr2,B,death,day 28,ITT,high,10,4,1,reported\n"
        "r3,B,death,day 28,ITT,placebo,20,1,1,reported\n"
    )
    review = Review("small", lay_out(tmp_path, protocol=CONTINUOUS, results=results))
    numbers = entered(review, "death")["B"].numbers
    assert (numbers["m1i"], numbers["n1i"]) == (3, 20)
    assert numbers["sd1i"] == pytest.approx(((9 + 9 + 20) / 19) ** 0.5)


def test_the_arms_sheet_says_the_role(tmp_path):
    swapped = ARMS.replace("A,drug,Drug,drug", "A,drug,Drug,placebo").replace(
        "A,placebo,Placebo,placebo", "A,placebo,Placebo,drug"
    )
    review = Review("small", lay_out(tmp_path, arms=swapped))
    assert entered(review, "death")["A"].numbers["ai"] == 20


CONTINUOUS = PROTOCOL.replace('kind = "binary"', 'kind = "continuous"').replace(
    'measure = "RR"', 'measure = "MD"'
)
CONTINUOUS = CONTINUOUS.replace(
    '[[analyses.sensitivity]]\nid = "mh"\ntitle = "Death, Mantel-Haenszel"\nmodel = "mh"', ""
)


def test_a_standard_error_or_quartiles_become_a_standard_deviation_and_are_said_to(tmp_path):
    results = (
        "row,study,outcome,timepoint,population,arm,n,mean,sd,se,median,q1,q3,basis\n"
        "r1,A,death,day 28,ITT,drug,25,2,,0.2,,,,reported\n"
        "r2,A,death,day 28,ITT,placebo,40,,,,10,8,12,reported\n"
    )
    one = entered(Review("small", lay_out(tmp_path, protocol=CONTINUOUS, results=results)), "death")["A"]
    assert one.numbers["sd1i"] == pytest.approx(1)
    assert one.numbers["m2i"] == pytest.approx(10)
    assert one.notes[0].startswith("Arm drug: SD derived")
    assert one.notes[1].startswith("Arm placebo: mean and SD derived")


def test_a_lopsided_printed_interval_is_said_beside_the_one_shown(review):
    (note,) = entered(review, "relapse")["A"].notes
    assert note.startswith("The report prints the interval 0.48 to 0.95")
