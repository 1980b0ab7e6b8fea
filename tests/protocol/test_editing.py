"""An id changes in a protocol where it is an id; comments, layout and words stay."""

import difflib
import tomllib

import pytest

from metareview.errors import ProtocolError
from metareview.protocol.editing import edit_exclusions, read_exclusions, rename_in_plan

PLAN = '''\
title = "Zhao"  # Zhao, "Zhao", Zhao = "x"
[[outcomes]]
id = "death" # first
within = "pain"
[[analyses]]
id = "pain" # an analysis, not the outcome
outcomes = [
  "death", # one
  'pain',  # "pain" too
]
compare = ["drug", "control"]
exclude.Zhao = "x" # dotted
exclude.B = "y"
note = """
Zhao = "a", pain "pain"
"""

[[analyses]]
id = "b"
exclude = { Zhao = "x", "B.1" = "y, z" } # braces
compare = ["drug"]
[[analyses]]
id = "c"
[analyses.exclude]
# why
"Zhao" = "x"  # tail
B = "y"
[[analyses.sensitivity]]
id = "s"
exclude = {Zhao='q'}
[[outcomes]]
id = "pain" # second
[[arms]]
id = "drug"
'''


def changed(text, before=PLAN):
    lines = difflib.unified_diff(before.splitlines(), text.splitlines(), lineterm="", n=0)
    return [line[1:] for line in lines if line.startswith("+") and not line.startswith("+++")]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("kind", "old", "new", "lines"),
    [
        ("outcome", "pain", "hurt", ['within = "hurt"', "  'hurt',  # \"pain\" too", 'id = "hurt" # second']),
        ("arm", "drug", "v-1", ['compare = ["v-1", "control"]', 'compare = ["v-1"]', 'id = "v-1"']),
        (
            "study",
            "Zhao",
            "X.1",
            [
                'exclude."X.1" = "x" # dotted',
                'exclude = { "X.1" = "x", "B.1" = "y, z" } # braces',
                '"X.1" = "x"  # tail',
                "exclude = {\"X.1\"='q'}",
            ],
        ),
        ("study", "Nobody", "X", []),
    ],
)
def test_an_id_changes_where_it_is_one_and_nowhere_else(kind, old, new, lines, end):
    edited = rename_in_plan(PLAN.replace("\n", end), "x.toml", kind, old, new)
    assert changed(edited.text.replace(end, "\n")) == lines
    assert edited.places == len(lines)
    back = rename_in_plan(edited.text, "x.toml", kind, new, old).text
    assert tomllib.loads(back) == tomllib.loads(PLAN)


def test_an_entry_of_an_exclude_table_leaves_with_its_comma_or_line():
    edited = edit_exclusions(
        PLAN, "x.toml", lambda found: {n: "" for n in found.reasons if n.startswith("B")}
    )
    assert [dict(f.reasons) for f in read_exclusions(edited.text, "x.toml")] == [
        {"Zhao": "x"}, {"Zhao": "x"}, {"Zhao": "x"}, {"Zhao": "q"},
    ]  # fmt: skip
    assert changed(edited.text) == ['exclude = { Zhao = "x" } # braces']


def test_a_text_that_writes_the_id_in_an_odd_way_is_left_alone_with_a_sentence():
    odd = PLAN.replace("'pain'", '"p\\u0061in"')
    with pytest.raises(ProtocolError, match="in a way that cannot be edited safely"):
        rename_in_plan(odd, "x.toml", "outcome", "pain", "hurt")
