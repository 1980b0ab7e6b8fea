"""A fault at every file operation of every command that writes: nothing is lost, torn or left over.

`make test` tries a sample on two commands; `make test-slow` every operation of every command.
"""

import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from eutils import StandIn, corpus
from reliability.injection import Trial, fill_the_disk, kill, race, refuse, rival
from reliability.scenes import SCENES, SEARCH

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks, and looks into /proc")
EVERY = pytest.mark.parametrize("name", [*SCENES, "search"])
TWO = pytest.mark.parametrize("name", ["import", "extract again"])
SAMPLE = 6


@pytest.fixture
def folder(tmp_path):
    """A folder in memory where there is one: flushing to a disk some hundred thousand times takes long."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as made:
        yield Path(made)


@pytest.fixture
def trial(name, folder):
    """The command on its review; a search asks a stand-in for PubMed on this machine."""
    if name != "search":
        yield Trial(folder, SCENES[name])
        return
    with StandIn(corpus(3)) as service:
        access = {
            "METAREVIEW_EUTILS_URL": service.url,
            "NCBI_EMAIL": "a@example.org",
            "NCBI_API_KEY": "good-key",
        }
        yield Trial(folder, replace(SEARCH, environment=access))


def say(count, counts):
    counts(tried=count.tried, lost=len(count.lost))
    assert count.tried
    assert count.lost == []


@TWO
def test_the_run_after_a_kill_ends_as_if_there_had_been_none(trial):
    assert kill(trial, SAMPLE).lost == []


@TWO
def test_a_full_disk_is_an_error_and_nothing_is_half_written(trial):
    assert fill_the_disk(trial, SAMPLE).lost == []


@pytest.mark.parametrize("name", ["search"])
def test_an_operation_that_is_refused_is_one_error_and_the_next_run_completes(trial):
    assert refuse(trial, 4 * SAMPLE).lost == []


@TWO
def test_what_a_person_saves_while_a_command_runs_is_kept(trial):
    assert race(trial, SAMPLE).lost == []


@TWO
def test_of_two_processes_at_once_one_is_told(trial):
    assert rival(trial, SAMPLE).lost == []


@pytest.mark.slow
@EVERY
def test_a_kill_at_every_file_operation(trial, counts):
    say(kill(trial), counts)


@pytest.mark.slow
@EVERY
def test_a_full_disk_at_every_write(trial, counts):
    say(fill_the_disk(trial), counts)


@pytest.mark.slow
@EVERY
def test_a_refusal_at_every_operation(trial, counts):
    say(refuse(trial), counts)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, scene in SCENES.items() if scene.edits] + ["search"])
def test_a_persons_save_in_every_gap(trial, counts):
    say(race(trial), counts)


@pytest.mark.slow
@EVERY
def test_two_processes_at_every_operation(trial, counts):
    say(rival(trial), counts)
