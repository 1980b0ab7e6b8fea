"""The output of a review: made whole, made once, made the same."""

import json
import shutil

import pytest

from metareview.errors import MetareviewError
from metareview.report.making import make_output
from metareview.report.record import is_fresh
from metareview.report.standing import standing_of
from metareview.review import Overrides, Review
from tests.small_review import PROTOCOL, RESULTS, lay_out

FORMS = ("svg", "pdf", "png", "html", "alt.txt", "data.csv")
FILES = {*(f"forest.{form}" for form in FORMS), "studies.csv", "summary.json", "inputs.json"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = lay_out(tmp_path_factory.mktemp("made"))
    make_output(Review("small", root))
    return root


@pytest.fixture
def root(made, tmp_path):
    shutil.copytree(made, tmp_path / "copy")
    return tmp_path / "copy"


def output(root):
    folder = root / "output" / "small"
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def summary(root, analysis):
    return json.loads((root / "output" / "small" / analysis / "summary.json").read_text("utf-8"))


def test_every_analysis_has_its_files(made):
    names = set(output(made))
    for analysis in ("death", "death/inferred", "death/mh", "relapse"):
        assert {f"{analysis}/{name}" for name in FILES} <= names
    assert {"summary.csv", "results.md", "made.json"} <= names


def test_a_second_run_does_nothing(root):
    review = Review("small", root)
    assert is_fresh(review.place, Overrides())
    assert make_output(review).made == ()


def test_the_same_inputs_give_the_same_bytes(made, tmp_path):
    again = lay_out(tmp_path)
    make_output(Review("small", again))
    assert output(again) == output(made)


def test_a_changed_cell_makes_only_what_depends_on_it(root):
    lay_out(root, results=RESULTS.replace("placebo,60,9,,inferred", "placebo,60,8,,inferred"))
    review = Review("small", root)
    standing = standing_of(review)
    assert standing["death/inferred"] == ['results.csv r9: events was "9", is "8"']
    assert standing["death"] == []
    assert make_output(review).made == ("death/inferred",)


def test_a_row_put_in_above_does_not_make_anything_again(root):
    lines = RESULTS.splitlines()
    moved = "\n".join([lines[0], lines[-1], *lines[1:-1]]) + "\n"
    lay_out(root, results=moved)
    assert make_output(Review("small", root)).made == ()


def test_an_output_changed_by_hand_is_made_again(root):
    (root / "output" / "small" / "death" / "studies.csv").write_text("0.05", "utf-8")
    review = Review("small", root)
    assert standing_of(review)["death"] == ["a file of it is missing or was changed by hand"]
    assert make_output(review).made == ("death",)


def test_an_analysis_taken_out_of_the_plan_leaves_no_files(root):
    plan = PROTOCOL.replace(
        '[[analyses.sensitivity]]\nid = "mh"\ntitle = "Death, Mantel-Haenszel"\nmodel = "mh"', ""
    )
    lay_out(root, protocol=plan)
    make_output(Review("small", root))
    assert not (root / "output" / "small" / "death" / "mh").exists()


def test_an_override_is_written_into_the_output(root):
    make_output(Review("small", root), overrides=Overrides(ci="hksj"))
    found = summary(root, "death")
    assert found["overrides"] == {"ci": "hksj"}
    assert found["synthesis"]["method"]["ci"] == "hksj"
    assert any(c["overridden"] for c in found["synthesis"]["method"]["choices"])
    assert "ci = hksj" in (root / "output" / "small" / "results.md").read_text("utf-8")


def test_both_engines_agree_and_the_summary_says_so(made):
    found = summary(made, "death")["second_engine"]
    assert found
    assert all(one["agrees"] for one in found)


def test_a_faulty_sheet_writes_nothing(root):
    before = output(root)
    lay_out(root, results=RESULTS.replace("drug,100,10,,", "drug,100,140,,"))
    with pytest.raises(MetareviewError, match="cannot exceed n"):
        make_output(Review("small", root))
    assert output(root) == before


def test_an_analysis_without_numbers_says_so(root):
    lay_out(root, contrasts="row,study,outcome,timepoint,population,arm_1,arm_2,measure,estimate\n")
    make_output(Review("small", root))
    assert summary(root, "relapse")["synthesis"] is None
    assert "nothing is pooled" in (root / "output" / "small" / "results.md").read_text("utf-8")
    assert not (root / "output" / "small" / "relapse" / "forest.svg").exists()


def test_no_output_bears_a_date_or_a_path(made):
    for name, raw in output(made).items():
        if not name.endswith((".png", ".pdf")):
            assert str(made) not in raw.decode("utf-8"), name


def test_a_posterior_brings_its_curves_and_the_answer_under_other_priors(root):
    lay_out(root, protocol=PROTOCOL.replace('model = "mh"', 'model = "bayes"\nprior = "half-normal(0.5)"'))
    make_output(Review("small", root))
    folder = root / "output" / "small" / "death" / "mh"
    curves = json.loads((folder / "posterior.json").read_text("utf-8"))
    assert len(curves["effect"]) == len(curves["mu"]) > 100
    priors = (folder / "priors.csv").read_text("utf-8").splitlines()
    assert priors[1].startswith("half-normal(0.5),0.57")
    assert len(priors) > 3


def test_the_results_say_that_data_were_extracted_once_and_that_warnings_are_open(root):
    text = (root / "output" / "small" / "results.md").read_text("utf-8")
    assert "rows were extracted once, without a second independent extraction" in text
    lay_out(root, results=RESULTS.replace("low,50,6,12,derived", "low,50,6,13,derived"))
    make_output(Review("small", root))
    assert "of the sheets" in (root / "output" / "small" / "results.md").read_text("utf-8")


def test_a_sheet_saved_while_pooling_is_never_taken_for_pooled(root):
    sheet = root / "extracted" / "small" / "results.csv"
    changed = RESULTS.replace("drug,100,10,,", "drug,100,11,,")
    (root / "output" / "small" / "made.json").unlink()

    def save(stage, *_):
        if stage != "Checking":  # once the sheets are read
            sheet.write_text(changed, "utf-8")

    with pytest.raises(
        MetareviewError, match=r"results\.csv was changed while pooling; run `metareview pool"
    ):
        make_output(Review("small", root), progress=save)
    assert "death" in make_output(Review("small", root)).made
    assert is_fresh(Review("small", root).place, Overrides())
    assert not any(standing_of(Review("small", root)).values())


def test_status_calls_stale_what_pool_makes_also_when_only_a_title_changed(root):
    lay_out(root, protocol=PROTOCOL.replace("A small review", "Another title"))
    standing = standing_of(Review("small", root))
    assert standing["death"] == []
    assert standing["results.md"]
    make_output(Review("small", root))
    assert not any(standing_of(Review("small", root)).values())


@pytest.mark.parametrize("name", ["../../../victim", "/etc/victim", "death/../../x", "a\\..\\x", ".."])
def test_a_record_from_somebody_else_deletes_no_file_outside_the_output(root, name):
    path = root / "output" / "small" / "made.json"
    record = json.loads(path.read_text("utf-8"))
    record["outputs"][name] = "0" * 64
    path.write_text(json.dumps(record), "utf-8")
    lay_out(root, results=RESULTS.replace("drug,100,10,,", "drug,100,11,,"))
    before = output(root)
    with pytest.raises(MetareviewError, match=r"no file of .*; remove .*made\.json"):
        make_output(Review("small", root))
    assert output(root) == before


def test_a_left_over_file_that_somebody_changed_stays_and_is_named(root):
    mine = root / "output" / "small" / "death" / "mh" / "studies.csv"
    mine.write_text("my notes", "utf-8")
    start = PROTOCOL.index('[[analyses.sensitivity]]\nid = "mh"')
    end = PROTOCOL.index("[[analyses]]", start)
    lay_out(root, protocol=PROTOCOL[:start] + PROTOCOL[end:])
    assert make_output(Review("small", root)).kept == (mine,)
    assert mine.read_text("utf-8") == "my notes"
    assert not (mine.parent / "forest.svg").exists()


@pytest.mark.parametrize("place", ["output", "output/small", "output/small/death", "output/small/results.md"])
def test_nothing_is_written_through_a_link_in_the_output(root, place):
    target = root / "elsewhere"
    (root / place).rename(target)
    (root / place).symlink_to(target)
    before = {p: p.read_bytes() for p in [target, *target.rglob("*")] if p.is_file()}
    lay_out(root, results=RESULTS.replace("drug,100,10,,", "drug,100,11,,"))
    with pytest.raises(MetareviewError, match="is a link"):
        make_output(Review("small", root))
    assert {p: p.read_bytes() for p in before} == before


def test_a_folder_where_a_file_belongs_is_refused_before_anything_is_written(root):
    folder = root / "output" / "small"
    places = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    places.remove(".lock")
    for place in places:
        (folder / place).unlink()
        (folder / place).mkdir()
    with pytest.raises(MetareviewError) as caught:
        make_output(Review("small", root))
    assert {"made.json", "summary.csv", "results.md", "death/forest.png"} < set(places)
    said = "is a folder; a file is written under this name. Move the folder away."
    assert caught.value.problems == tuple(f"{folder / place} {said}" for place in places)
    assert output(root) == {".lock": b""}


def test_a_file_where_the_folder_of_an_analysis_belongs_is_refused_before_anything_is_written(root):
    place = root / "output" / "small" / "relapse"
    shutil.rmtree(place)
    place.write_text("my notes", "utf-8")
    before = output(root)
    with pytest.raises(MetareviewError, match="is a file; the folder of an analysis is needed here"):
        make_output(Review("small", root))
    assert output(root) == before


def test_a_line_in_the_record_of_changes_makes_no_output_stale(root):
    (root / "extracted" / "small" / "changes.csv").write_text("when,who,sheet,row,column,old,new\n", "utf-8")
    assert is_fresh(Review("small", root).place, Overrides())
