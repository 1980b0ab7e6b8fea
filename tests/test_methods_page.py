"""docs/methods.md names functions, codes and tests that exist, and leaves out no option there is."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from metareview.synthesis.asymmetry import TESTS
from metareview.synthesis.intervals import INTERVALS
from metareview.synthesis.policy import POLICIES
from metareview.synthesis.prediction import PREDICTIONS
from metareview.synthesis.tau2 import ESTIMATORS
from metareview.synthesis.tau2_intervals import TAU2_INTERVALS

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "methods.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.split("|")[1:-1]]
    for line in PAGE.splitlines()
    if line.startswith("| ") and "---" not in line and not line.startswith("| what ")
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_function_of_a_row_exists(row):
    path = row[2].strip("`")
    module, name = f"metareview.{path}".rsplit(".", 1)
    assert callable(getattr(import_module(module), name))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_test_of_a_row_exists(row):
    file, name = row[4].strip("`").split("::")
    assert re.search(rf"^def {name}\(", (ROOT / "tests" / file).read_text("utf-8"), re.MULTILINE)


def test_every_option_there_is_has_its_row():
    named = set(re.findall(r"`([^`]+)`", " ".join(row[0] for row in ROWS)))
    codes = [*ESTIMATORS, *INTERVALS, *TAU2_INTERVALS, *PREDICTIONS, *POLICIES, *TESTS]
    assert [code for code in codes if code not in named | {"none", "ci"}] == []
