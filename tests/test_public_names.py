"""What ``import metareview`` gives, and what it costs."""

import subprocess
import sys

import pytest

import metareview

HEAVY = (
    "pandas",
    "scipy.stats",
    "scipy.optimize",
    "statsmodels",
    "pymare",
    "matplotlib",
    "forestplot",
    "sklearn",
)


def loaded_by(code):
    script = f"{code}\nimport sys\nprint(*[m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize("name", metareview.__all__)
def test_every_public_name_is_there(name):
    assert getattr(metareview, name) is not None


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'pol'"):
        _ = metareview.pol


def test_importing_metareview_loads_nothing_heavy():
    assert loaded_by("import metareview") == []


def test_effects_and_synthesis_load_nothing_heavy():
    code = (
        "import metareview as mr\nmr.pool(mr.effect_sizes({'yi': [1, 2, 4], 'vi': [1, 2, 1]}, measure='GEN'))"
    )
    assert loaded_by(code) == []
