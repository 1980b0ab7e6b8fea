import pytest

from metareview.errors import MetareviewError, ProtocolError
from metareview.review import Review
from tests.small_review import PROTOCOL, RESULTS, lay_out


def problems(tmp_path, **files):
    with pytest.raises(MetareviewError) as caught:
        Review("small", lay_out(tmp_path, **files)).check()
    return caught.value.problems


def test_a_good_review_passes(tmp_path):
    Review("small", lay_out(tmp_path)).check()


def test_a_missing_protocol_names_its_neighbours(tmp_path):
    lay_out(tmp_path)
    with pytest.raises(ProtocolError, match='did you mean "small"'):
        Review("smal", tmp_path)


def test_two_reviews_that_differ_only_by_capitals_are_refused(tmp_path):
    protocols = lay_out(tmp_path) / "protocols"
    (protocols / "Small.toml").write_text(PROTOCOL)
    if len(list(protocols.iterdir())) == 1:
        pytest.skip("this disk takes the two for one")
    with pytest.raises(ProtocolError, match='the reviews "small" and "Small" differ only by capitals'):
        Review("small", tmp_path)


@pytest.mark.parametrize("room", ["searched", "screened", "extracted", "output"])
def test_a_folder_that_differs_by_capitals_is_not_left_unread(tmp_path, room):
    lay_out(tmp_path)
    folder = tmp_path / room
    folder.mkdir(exist_ok=True)
    if room == "extracted":
        (folder / "small").rename(folder / "Small")
    else:
        (folder / "Small").mkdir()
    if (folder / "small").exists():
        pytest.skip("this disk takes the two for one")
    with pytest.raises(ProtocolError, match=rf"mv {room}/Small {room}/small"):
        Review("small", tmp_path)


@pytest.mark.parametrize(
    ("was", "is_", "says"),
    [
        ('measure = "RR"', 'measure = "RRR"', 'has measure "RRR"; did you mean "RR"?'),
        ('measure = "RR"', 'measure = "MD"', 'does not fit outcome "death" (binary)'),
        ('measure = "RR"', 'measure = "PLO"', "compares 2 arms; PLO needs 1."),
        ('model = "mh"', 'model = "bayes"\nprior = "half-norml(0.5)"', 'did you mean "half-normal"'),
        ('model = "mh"', 'model = "hm"', 'has model "hm"'),
        ('measure = "HR"', 'measure = "HR"\npolicy = "cochran"', 'did you mean "cochrane"'),
        ('measure = "RR"', 'measure = "RR"\nci = "hskj"', 'did you mean "hksj"'),
        ('measure = "RR"', 'measure = "RR"\ntau2 = "RELM"', 'did you mean "REML"'),
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_refused(tmp_path, was, is_, says):
    found = problems(tmp_path, protocol=PROTOCOL.replace(was, is_, 1))
    assert any(says in problem for problem in found), found


def test_faults_of_plan_and_sheets_come_at_once(tmp_path):
    bad_plan = PROTOCOL.replace('measure = "RR"', 'measure = "RRR"')
    bad_sheet = RESULTS.replace("drug,100,10,,", "drug,100,140,,")
    found = problems(tmp_path, protocol=bad_plan, results=bad_sheet)
    assert any("RRR" in problem for problem in found)
    assert any('events is "140"; it cannot exceed n (100)' in problem for problem in found)


def test_what_the_radar_finds_impossible_stops_the_review(tmp_path):
    cause = (
        'id = "cause"\nlabel = "Death of the disease"\nkind = "binary"\nwithin = "death"\nbetter = "lower"\n'
    )
    plan = PROTOCOL.replace('id = "relapse"\nlabel', cause + '\n[[outcomes]]\nid = "relapse"\nlabel', 1)
    more = "r12,A,cause,day 28,ITT,drug,100,11,,reported,pmid:1,Table 2,11/100,AB,2026-01-02,\n"
    assert any("r12" in p or ":13:" in p for p in problems(tmp_path, protocol=plan, results=RESULTS + more))
