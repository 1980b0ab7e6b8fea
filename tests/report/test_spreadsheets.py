"""The tables of an answer, as a spreadsheet opens them and as they are read back."""

import io

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from metareview.report.answers import frame_csv
from metareview.report.summary import COLUMNS, summary_csv
from metareview.tables import parse_table


def test_a_title_that_a_spreadsheet_would_run_is_guarded_and_read_back():
    text = summary_csv([{"analysis": "a", "title": "=1+1", "estimate": -0.5, "result": "-0.5 (-1 to 0)"}])
    cells = dict(zip(COLUMNS, text.splitlines()[1].split(","), strict=True))
    assert (cells["title"], cells["estimate"], cells["result"]) == ("'=1+1", "-0.5", "-0.5 (-1 to 0)")
    assert parse_table(text, "summary.csv").rows[0].cells["title"] == "=1+1"


@given(st.lists(st.tuples(st.floats(allow_infinity=False), st.integers()), min_size=1))
def test_numbers_are_written_with_the_digits_that_pandas_gives_them(rows):
    frame = pd.DataFrame(rows, columns=["estimate", "n"])
    out = io.StringIO(newline="")
    frame.to_csv(out, index=False, lineterminator="\n")
    assert frame_csv(frame) == out.getvalue()
