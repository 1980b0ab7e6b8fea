import json
import os
import shutil
from pathlib import Path

import pytest
from faults import every_kill, killed_at

from metareview import disk
from metareview.errors import FileError
from metareview.files import is_there, read_text, remove, write_atomically
from metareview.journal import all_or_none
from metareview.locks import locked


@pytest.fixture
def home(tmp_path):
    return tmp_path / "extracted" / "x"


def set_up(home):
    shutil.rmtree(home.parent.parent / "extracted", ignore_errors=True)
    write_atomically(home / "a.csv", "a before")
    write_atomically(home / "gone.csv", "gone before")


def change(home):
    with locked(home), all_or_none(home):
        write_atomically(home / "a.csv", "a after")
        write_atomically(home / "deep" / "new.csv", "new after")
        remove(home / "gone.csv")


def state(home):
    return {
        p.relative_to(home).as_posix(): p.read_text()
        for p in sorted(home.rglob("*"))
        if p.is_file() and p.name != ".lock"
    }


BEFORE = {"a.csv": "a before", "gone.csv": "gone before"}
AFTER = {"a.csv": "a after", "deep/new.csv": "new after"}


def settle(home):
    with locked(home):
        pass


def test_all_of_the_writes_are_made_or_none_wherever_the_process_is_killed(home):
    found = []

    def look(n):
        settle(home)
        found.append(state(home))
        change(home)
        assert state(home) == AFTER

    kills = every_kill(lambda: set_up(home), lambda: change(home), look)
    assert all(s in (BEFORE, AFTER) for s in found)
    assert BEFORE in found and AFTER in found and kills > 20


def test_what_a_person_saved_after_a_kill_stays_and_the_command_is_taken_back(home):
    told = 0

    def look(n):
        nonlocal told
        (home / "a.csv").write_text("a person's")
        try:
            settle(home)
        except FileError as error:
            told += 1
            assert "your change stays" in str(error)
        assert state(home) == {"a.csv": "a person's", "gone.csv": "gone before"} or (
            state(home) == AFTER | {"a.csv": "a person's"}
        )

    every_kill(lambda: set_up(home), lambda: change(home), look)
    assert told


@pytest.mark.parametrize("name", ["a.csv", "deep/new.csv"])
def test_an_edit_of_what_was_written_before_the_kill_stays_and_the_rest_is_carried_out(home, name):
    edited = 0

    def look(n):
        nonlocal edited
        if state(home).get(name) != AFTER[name]:
            return
        edited += 1
        (home / "saved").write_text("after, edited")
        (home / "saved").replace(home / name)
        settle(home)
        assert state(home) == AFTER | {name: "after, edited"}

    every_kill(lambda: set_up(home), lambda: change(home), look)
    assert edited


@pytest.mark.parametrize("name", ["a.csv", "gone.csv"])
def test_a_save_while_the_command_runs_refuses_all_of_it(home, name):
    set_up(home)
    with pytest.raises(FileError, match="was changed while"), locked(home), all_or_none(home):
        write_atomically(home / "deep" / "new.csv", "new")
        remove(home / "gone.csv")
        read_text(home / "a.csv")
        write_atomically(home / "a.csv", "a after")
        (home / name).write_text("a person's")
    assert state(home) == BEFORE | {name: "a person's"}


def test_a_disk_that_is_full_at_any_write_leaves_all_as_it_was(home, monkeypatch):
    real, done = os.write, 0
    for full in range(1, 12):
        set_up(home)
        done = 0

        def write(descriptor, raw, full=full):
            nonlocal done
            done += 1
            if done >= full:
                raise OSError(28, "No space left on device")
            return real(descriptor, raw[:3])

        with monkeypatch.context() as patched:
            patched.setattr(os, "write", write)
            try:
                change(home)
            except FileError as error:
                assert "No space left" in str(error)
            else:
                assert done < full
        settle(home)
        assert state(home) == BEFORE


def test_reads_inside_see_what_waits_to_be_written(home):
    set_up(home)
    with locked(home), all_or_none(home):
        write_atomically(home / "a.csv", "a after")
        remove(home / "gone.csv")
        assert (read_text(home / "a.csv"), is_there(home / "gone.csv")) == ("a after", False)
        assert state(home) == BEFORE


@pytest.mark.parametrize("path", ["../../../victim", "/victim", "../y/a.csv", "../../protocols/y.toml"])
def test_a_journal_from_somebody_else_changes_no_file_outside_the_review(home, path):
    victim = home.parent.parent / "victim"
    write_atomically(victim, "precious")
    write_atomically(home / ".journal" / "0.new", "evil")
    entry = {"path": path, "before": "", "after": "0" * 64}
    write_atomically(home / ".journal" / "entries.json", json.dumps([entry]))
    with pytest.raises(FileError, match="no file of this review"):
        settle(home)
    assert victim.read_text() == "precious"


def test_files_of_a_review_in_several_rooms_are_written_together(home):
    set_up(home)
    protocol = home.parent.parent / "protocols" / "x.toml"
    with locked(home), all_or_none(home):
        write_atomically(protocol, "plan")
        write_atomically(home.parent.parent / "screened" / "x" / "AB.csv", "decisions")
    assert protocol.read_text() == "plan"


def test_a_save_at_the_moment_of_a_write_is_put_back_when_the_process_dies_right_then(home, monkeypatch):
    set_up(home)
    real = disk._rename

    def save_exchange_and_die(one, other, how):
        if other.name == "a.csv":
            other.write_text("a person's")
            real(one, other, how)
            os._exit(137)
        return real(one, other, how)

    monkeypatch.setattr(disk, "_rename", save_exchange_and_die)
    assert killed_at(0, lambda: change(home))
    monkeypatch.undo()
    with pytest.raises(FileError, match="your change stays"):
        settle(home)
    assert state(home) == BEFORE | {"a.csv": "a person's"}


def test_a_save_at_that_moment_on_another_disk_is_put_back_too(home, monkeypatch, tmp_path_factory):
    set_up(home)
    share = tmp_path_factory.mktemp("share") / "a.csv"
    share.write_text("a before")
    (home / "a.csv").unlink()
    (home / "a.csv").symlink_to(share)
    real, stat = disk._rename, os.stat

    def save_exchange_and_die(one, other, how):
        if other == share and share.read_text() == "a before":
            share.write_text("a person's")
            real(one, other, how)
            os._exit(137)
        return real(one, other, how)

    def on_two_disks(path, **words):
        found = stat(path, **words)
        there = Path(os.fsdecode(path)) == share.parent if isinstance(path, str | os.PathLike) else False
        return os.stat_result((*found[:2], found.st_dev + 1, *found[3:])) if there else found

    monkeypatch.setattr(disk, "_rename", save_exchange_and_die)
    monkeypatch.setattr(os, "stat", on_two_disks)
    assert killed_at(0, lambda: change(home))
    monkeypatch.undo()
    assert share.read_text() == "a after"
    with pytest.raises(FileError, match="your change stays"):
        settle(home)
    assert share.read_text() == "a person's"
