import pytest

from metareview.report.phrases import effect_text, p_value, result_sentence
from metareview.review import Review
from tests.small_review import PROTOCOL, lay_out


@pytest.fixture
def review(tmp_path):
    return Review("small", lay_out(tmp_path))


def said(review, analysis):
    return result_sentence(review.answer(analysis), review.protocol)


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.0004, "P < .001"), (0.0067, "P = .007"), (0.049, "P = .049"), (0.051, "P = .051"), (0.124, "P = .12"),
     (0.9951, "P > .99")],
)  # fmt: skip
def test_p_values_are_written_as_journals_do_and_never_rounded_across_the_line(p, text):
    assert p_value(p) == text


def test_a_pooled_answer_says_what_was_pooled_how_and_what_the_interval_means(review):
    sentence = said(review, "death")
    assert sentence.startswith("2 studies with 400 participants: risk ratio 0.57 (95% CI 0.34 to 0.96)")
    assert "for Drug v Placebo" in sentence
    assert sentence.endswith("(random effects, REML, Wald interval); the interval excludes no effect.")


def test_one_study_is_shown_and_not_pooled(review):
    sentence = said(review, "relapse")
    assert sentence.startswith(
        "One study (Alpha 2001) reports this; it is shown, not pooled: hazard ratio 0.68"
    )
    assert "P " not in sentence


def test_the_table_text_is_short(review):
    assert effect_text(review.answer("death").synthesis) == "RR 0.57 (0.34 to 0.96), P = .03"


def test_a_bayesian_answer_is_a_posterior_and_has_no_p_value(tmp_path):
    plan = PROTOCOL.replace('model = "mh"', 'model = "bayes"\nprior = "half-normal(0.5)"')
    sentence = said(Review("small", lay_out(tmp_path, protocol=plan)), "death/mh")
    assert (
        "the posterior median of the risk ratio for Drug v Placebo is 0.57 (95% credible interval" in sentence
    )
    assert "the probability that Drug is better than Placebo is" in sentence
    assert "P =" not in sentence
