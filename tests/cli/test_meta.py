"""``metareview meta``: what goes in, what comes out, and what is refused in one sentence."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from metareview.cli import main
from metareview.cli.meta import pool_table
from metareview.effects import effect_sizes
from metareview.synthesis import as_dict, pool

DATASETS = Path(__file__).parent.parent / "reference" / "datasets"
BCG = str(DATASETS / "bcg.csv")
TRIALS = (
    "study,events_1,total_1,events_2,total_2,year,risk\n"
    "A,12,100,20,100,2001,low\nB,8,90,15,95,1999,high\nC,5,60,9,58,2010,low\n"
)


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command; return exit code, standard output, standard error."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["metareview", "meta", *arguments])
        with pytest.raises(SystemExit) as stopped:
            main()
        said = capsys.readouterr()
        return stopped.value.code or 0, said.out, said.err

    return call


@pytest.fixture
def table(tmp_path):
    def write(text, name="trials.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return str(path)

    return write


def answer_of(run, *arguments):
    code, out, err = run(*arguments, "--json", "-")
    assert (code, err) == (0, "")
    return json.loads(out)


def test_the_sentence_the_studies_and_the_reasons_are_printed(run):
    code, out, _ = run(BCG, "--measure", "RR")
    assert code == 0
    assert "Risk ratio 0.49 (95% CI 0.33 to 0.73); 95% PI 0.14 to 1.76" in out
    assert "Aronson 1948" in out
    assert "tau2 = REML" in out


def test_json_on_the_standard_output_is_the_library_s_answer_and_nothing_else(run):
    found = answer_of(run, BCG, "--measure", "RR")
    bcg = effect_sizes({c: v for c, v in columns(BCG).items()}, measure="RR")
    assert found == json.loads(json.dumps(as_dict(pool(bcg))))


def columns(path):
    import csv

    rows = list(csv.DictReader(Path(path).read_text("utf-8").splitlines()))
    return {name: [row[name] for row in rows] for name in rows[0]}


def test_the_numbers_are_metafor_s(run):
    found = answer_of(run, BCG, "--measure", "RR")
    assert found["estimate"] == pytest.approx(-0.71453234)
    assert found["tau2"] == pytest.approx(0.31324326)
    assert found["tau2_ci"] == pytest.approx([0.11971836, 1.11147908])
    assert found["ci"] == pytest.approx([-1.10844372, -0.32062097])
    assert found["prediction"] == pytest.approx([-1.99601697, 0.56695227])


def test_options_reach_the_synthesis_and_are_recorded_as_overrides(run):
    found = answer_of(
        run, BCG, "--measure", "RR", "--tau2", "dl", "--ci", "wald", "--pi", "t(k-2)", "--level", "0.9"
    )
    method = found["method"]
    assert (method["tau2"], method["ci"], method["prediction"], method["level"]) == (
        "DL",
        "wald",
        "t(k-2)",
        0.9,
    )
    assert {c["what"] for c in method["choices"] if c["overridden"]} == {"tau2", "ci", "prediction"}
    assert any("DL" in note for note in found["notes"])


def test_a_number_as_tau2_is_tau2(run):
    assert answer_of(run, BCG, "--measure", "RR", "--tau2", "0.2")["tau2"] == 0.2


def test_blocks_are_there_only_when_they_are_asked_for(run):
    extra = {"subgroups", "leave_one_out", "cumulative", "influence", "bias", "trim_fill"}
    assert not extra & set(answer_of(run, BCG, "--measure", "RR"))
    found = answer_of(
        run, BCG, "--measure", "RR", "--subgroup", "alloc", "--leave-one-out", "--cumulative", "year",
        "--influence", "--bias", "--trim-fill", "L0",
    )  # fmt: skip
    assert extra <= set(found)
    assert len(found["leave_one_out"]["fits"]) == 13
    assert [g["label"] for g in found["subgroups"]["groups"]] == ["random", "alternate", "systematic"]
    assert found["bias"]["test"] == "peters"
    assert found["trim_fill"]["k0"] == 1


def test_all_of_it_is_printed_for_people(run):
    code, out, _ = run(
        BCG, "--measure", "OR", "--subgroup", "alloc", "--common-tau2", "--planned", "--leave-one-out",
        "--cumulative", "precision", "--influence", "--bias", "--trim-fill", "R0",
    )  # fmt: skip
    assert code == 0
    for text in (
        "Subgroups by alloc: Q =", "planned before the data were seen", "share one tau2", "Without one study",
        "Up to, by precision", "DFFITS", "Harbord's test: t (df = 11) = -1.256", "Trim and fill",
    ):  # fmt: skip
        assert text in out


def test_a_protocol_less_subgroup_says_that_planning_is_not_known(run):
    assert (
        "not said whether"
        in answer_of(run, BCG, "--measure", "RR", "--subgroup", "alloc")["subgroups"]["notes"][0]
    )


def test_zero_cells_follow_the_options(run, table):
    path = table("study,ai,n1i,ci,n2i\nA,0,50,5,50\nB,3,60,9,60\nC,0,40,0,40\n")
    half = answer_of(run, path, "--measure", "OR")
    quarter = answer_of(run, path, "--measure", "OR", "--add", "0.25", "--to", "all", "--keep00")
    assert half["k"] == 2
    assert quarter["k"] == 3
    assert half["studies"][0]["yi"] != quarter["studies"][0]["yi"]
    assert "0.25" in " ".join(quarter["notes"])


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_any_separator_is_read(run, table, separator):
    found = answer_of(run, table(TRIALS.replace(",", separator)), "--measure", "RR")
    assert found["k"] == 3


def test_a_mark_decimal_commas_and_trailing_blanks_are_read(run, table):
    text = "\ufeffstudy;yi;vi;;\nA;0,25;0,04;;\nB ; −0,5;0,09 ;;\n\n"
    found = answer_of(run, table(text), "--measure", "GEN")
    assert [s["yi"] for s in found["studies"]] == [0.25, -0.5]
    assert found["studies"][1]["study"] == "B"


def test_our_names_and_metafor_s_give_the_same(run, table):
    theirs = TRIALS.replace("events_1,total_1,events_2,total_2", "ai,n1i,ci,n2i")
    one = answer_of(run, table(TRIALS), "--measure", "RR")
    other = answer_of(run, table(theirs, "theirs.csv"), "--measure", "RR")
    assert one == other


def test_the_standard_input_is_a_file_too(run, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TRIALS.encode())))
    assert answer_of(run, "-", "--measure", "RR")["k"] == 3


def test_json_goes_to_a_file_and_the_text_to_the_terminal(run, tmp_path):
    target = tmp_path / "result.json"
    code, out, _ = run(BCG, "--measure", "RR", "--json", str(target))
    assert code == 0
    assert "Risk ratio 0.49" in out
    assert json.loads(target.read_text("utf-8"))["k"] == 13


def test_a_figure_is_drawn(run, tmp_path):
    target = tmp_path / "forest.svg"
    code, _, _ = run(BCG, "--measure", "RR", "-o", str(target))
    assert code == 0
    assert target.read_text("utf-8").lstrip().startswith("<?xml")


def test_a_model_for_sparse_data_can_be_asked_for(run):
    found = answer_of(run, BCG, "--measure", "OR", "--model", "mh", "--leave-one-out")
    assert found["method"]["model"] == "mh"
    assert found["estimate"] == pytest.approx(-0.47341099)
    assert len(found["leave_one_out"]["fits"]) == 13


def test_a_new_setting_can_be_asked_about(run):
    found = answer_of(run, BCG, "--measure", "RR", "--below", "0.8", "--above", "1")["new_settings"]
    assert [(f["side"], f["threshold"]) for f in found] == [("below", 0.8), ("above", 1.0)]
    assert 0 < found[1]["probability"] < 1 - found[0]["probability"] < 1


def test_a_second_engine_can_be_asked_to_agree(run):
    found = answer_of(run, BCG, "--measure", "RR", "--check-engine")["engines"]
    assert {"estimate", "se", "tau2"} <= {a["quantity"] for a in found}
    assert all(a["agrees"] and a["engine"] == "pymare" for a in found)


def test_where_no_engine_has_the_model_it_is_said(run):
    code, out, _ = run(BCG, "--measure", "OR", "--model", "mh", "--check-engine")
    assert code == 0
    assert "No second engine has this model" in out


REFUSED = {
    "a number cell with words": (
        "study,ai,n1i,ci,n2i\nA,1,10,2,10\nB,many,10,2,10\n", "RR",
        ['trials.csv:3: ai is "many"; a number is needed'],
    ),
    "more events than people": (
        "study,events_1,total_1,events_2,total_2\nA,140,123,2,10\n", "RR",
        ["trials.csv:2: events_1 is 140; it cannot exceed total_1 (123)."],
    ),
    "two faults at once": (
        "study,ai,n1i,ci,n2i\nA,-1,10,2,10\nB,1,10,x,10\nC,1,10,20,10\n", "RR", ['trials.csv:3: ci is "x"'],
    ),
    "columns of another measure": (
        "study,m1i,sd1i,n1i\nA,1,2,3\n", "RR", ["RR needs the columns", "missing:"],
    ),
    "an interval without its estimate": (
        "study,estimate,ci_low,ci_high\nA,2.0,0.5,1.5\n", "HR", ["trials.csv:2:"],
    ),
    "a header alone": ("study,ai,n1i,ci,n2i\n", "RR", ["no studies"]),
    "nothing": ("", "RR", ["is empty"]),
    "a merged header": ("study,,ai\nA,1,2\n", "RR", ["has no name"]),
    "a row too wide": ("study,yi,vi\nA,1,2,3\n", "GEN", ["trials.csv:2: the row has 4 cells"]),
    "a variance of zero": ("study,yi,vi\nA,1,0\nB,1,0.1\n", "GEN", ["trials.csv:2:", "vi"]),
    "no study with an estimate": ("study,ai,n1i,ci,n2i\nA,0,10,0,10\n", "RR", ["cannot be pooled"]),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_bad_tables_get_sentences_and_nothing_is_written(run, table, tmp_path, case):
    text, measure, sentences = REFUSED[case]
    target = tmp_path / "result.json"
    code, out, err = run(
        table(text), "--measure", measure, "--json", str(target), "-o", str(tmp_path / "f.svg")
    )
    assert code == 1
    assert out == ""
    for sentence in sentences:
        assert sentence in err
    assert all(line.startswith("error: ") for line in err.splitlines())
    assert [p.name for p in tmp_path.iterdir()] == ["trials.csv"]


def test_every_fault_of_the_table_is_named_at_once(run, table):
    text = "study,ai,n1i,ci,n2i\nA,-1,10,2,10\nB,11,10,2,10\nC,1,10,20,10\nD,many,10,x,10\n"
    _, _, err = run(table(text), "--measure", "RR")
    lines = [part.split(": ")[1].rsplit(":", 1)[1] for part in err.splitlines()]
    assert lines == ["2", "3", "4", "5", "5"]


UNFIT = {
    "an unknown measure": (["--measure", "RRR"], "RR"),
    "an unknown estimator": (["--measure", "RR", "--tau2", "REMML"], 'did you mean "REML"'),
    "an unknown interval": (["--measure", "RR", "--ci", "hskj"], 'did you mean "hksj"'),
    "an unknown policy": (["--measure", "RR", "--policy", "cochran"], 'did you mean "cochrane"'),
    "a level in per cent": (["--measure", "RR", "--level", "95"], "fraction"),
    "an unknown model": (["--measure", "RR", "--model", "mhh"], 'did you mean "mh"'),
    "an interval for a model without a choice": (
        ["--measure", "OR", "--model", "mh", "--ci", "hksj"],
        "--ci",
    ),
    "a prior without its model": (["--measure", "RR", "--prior", "half-normal(0.5)"], "--model bayes"),
    "a prior for mu without its model": (["--measure", "RR", "--mu-prior", "normal(0, 1)"], "--model bayes"),
    "an order without a mixed model": (["--measure", "RR", "--order", "7"], "mixed models"),
    "an order the model has not": (["--measure", "OR", "--model", "mh", "--order", "7"], "no such option"),
    "an unknown subgroup": (["--measure", "RR", "--subgroup", "aloc"], 'did you mean "alloc"'),
    "an unknown column to accumulate by": (
        ["--measure", "RR", "--cumulative", "yaer"],
        'did you mean "year"',
    ),
    "an unknown test": (["--measure", "RR", "--bias-test", "egr"], "egger"),
    "a common tau2 without subgroups": (["--measure", "RR", "--common-tau2"], "belongs to --subgroup"),
    "planning without subgroups": (["--measure", "RR", "--post-hoc"], "belongs to --subgroup"),
    "a side without trim and fill": (["--measure", "RR", "--side", "left"], "belongs to --trim-fill"),
    "force without a test": (["--measure", "RR", "--force"], "belongs to --bias"),
    "an unknown style": (["--measure", "RR", "-o", "f.svg", "--style", "jamma"], "jama"),
}


@pytest.mark.parametrize("case", UNFIT)
def test_options_that_do_not_fit_are_refused_with_what_would(run, case):
    arguments, sentence = UNFIT[case]
    code, out, err = run(BCG, *arguments)
    assert (code, out) == (1, "")
    assert sentence in err


def test_all_that_cannot_be_made_is_refused_at_once(run):
    code, _, err = run(BCG, "--measure", "RR", "--subgroup", "x", "--cumulative", "y", "--bias-test", "z")
    assert code == 1
    assert len(err.splitlines()) == 3


def test_asymmetry_is_refused_under_ten_studies_unless_forced(run):
    few = str(DATASETS / "collins1985b.csv")
    code, _, err = run(few, "--measure", "OR", "--bias")
    assert code == 1
    assert "--force" in err
    assert answer_of(run, few, "--measure", "OR", "--bias", "--force")["bias"]["overridden"]


@pytest.mark.parametrize("path", ["missing.csv", "."])
def test_a_missing_file_or_a_folder_is_one_sentence(run, path):
    code, _, err = run(path, "--measure", "RR")
    assert code == 1
    assert err.count("\n") == 1


def test_a_usage_error_is_exit_code_two(run):
    assert run(BCG)[0] == 2


def test_the_help_has_an_example_of_each_family(run):
    _, out, _ = run("--help")
    for text in ("--tau2 PM", "--policy revman5", "--add 0.25", "--model mh", "--prior", "--common-tau2",
                 "--leave-one-out", "--bias", "--json -", "-o forest.svg"):  # fmt: skip
        assert text in out.split("Examples:")[1]


def test_every_option_is_explained():
    assert all(option.help for option in pool_table.params if option.name not in ("file",))


def test_a_default_run_loads_no_heavy_package():
    heavy = ("pandas", "scipy.stats", "scipy.optimize", "matplotlib", "pymare", "statsmodels", "sympy")
    code = (
        "import sys; sys.argv = ['metareview', 'meta', sys.argv[1], '--measure', 'RR']\n"
        "from metareview.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, BCG],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "120"},
    )
    assert done.stdout.splitlines()[-1] == "[]"
