import os
import subprocess
import sys

import pytest
from faults import killed_at

from metareview import disk, files
from metareview.errors import FileError
from metareview.files import append_whole, decode, files_in, is_there, read_text, remove, write_atomically
from metareview.locks import locked


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_text_is_read_in_the_encodings_that_office_programs_write(tmp_path, encoding):
    path = tmp_path / "a.csv"
    path.write_bytes("study\nMüller 2020\n".encode(encoding))
    assert read_text(path) == "study\nMüller 2020\n"


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(FileError, match="not text in an encoding"):
        decode(b"PK\x03\x04\x00\x00\x81\x8d", "x.csv")


def test_a_folder_and_a_missing_file_are_said(tmp_path):
    with pytest.raises(FileError, match="is a folder"):
        read_text(tmp_path)
    with pytest.raises(FileError, match="does not exist"):
        read_text(tmp_path / "none.csv")


def test_writing_the_same_again_writes_nothing(tmp_path):
    path = tmp_path / "deep" / "a.txt"
    assert write_atomically(path, "one")
    before = path.stat().st_mtime_ns
    assert not write_atomically(path, "one")
    assert path.stat().st_mtime_ns == before
    assert write_atomically(path, "two")
    assert [p.name for p in path.parent.iterdir()] == ["a.txt"]


def test_a_failed_write_leaves_the_old_file_whole(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    write_atomically(path, "old")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(FileError, match="cannot be written"):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_second_writer_is_told_to_wait_and_a_dead_one_leaves_no_lock(tmp_path):
    code = f"from metareview.locks import locked\nwith locked({str(tmp_path)!r}): pass"
    with locked(tmp_path):
        second = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert "is being written by another metareview process" in second.stderr
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_new_files_have_the_rights_that_the_umask_leaves_and_old_ones_keep_theirs(tmp_path):
    before = os.umask(0o007)
    try:
        write_atomically(tmp_path / "new.txt", "new")
    finally:
        os.umask(before)
    assert (tmp_path / "new.txt").stat().st_mode & 0o777 == 0o660
    (tmp_path / "new.txt").chmod(0o604)
    write_atomically(tmp_path / "new.txt", "again")
    assert (tmp_path / "new.txt").stat().st_mode & 0o777 == 0o604


def test_a_link_is_written_through_and_one_that_leads_nowhere_is_refused(tmp_path):
    (tmp_path / "share").mkdir()
    (tmp_path / "share" / "a.csv").write_text("old")
    (tmp_path / "a.csv").symlink_to(tmp_path / "share" / "a.csv")
    write_atomically(tmp_path / "a.csv", "new")
    assert (tmp_path / "a.csv").is_symlink()
    assert (tmp_path / "share" / "a.csv").read_text() == "new"
    (tmp_path / "share").rename(tmp_path / "unmounted")
    for use in (is_there, read_text, lambda path: write_atomically(path, "lost")):
        with pytest.raises(FileError, match=r"is a link to .*, which is not there"):
            use(tmp_path / "a.csv")


def test_a_link_on_the_way_that_leads_nowhere_is_not_taken_for_an_empty_folder(tmp_path):
    (tmp_path / "x").symlink_to(tmp_path / "share")
    for use in (lambda: is_there(tmp_path / "x" / "a.csv"), lambda: files_in(tmp_path / "x", "*.csv")):
        with pytest.raises(FileError, match="which is not there"):
            use()


def test_a_pipe_is_refused_and_nobody_waits_for_it(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(FileError, match="is a pipe or a device"):
        read_text(tmp_path / "pipe.csv")
    with pytest.raises(FileError, match="is a pipe or a device"):
        write_atomically(tmp_path / "pipe.csv", "x")


@pytest.mark.parametrize("name", ["a\0b", "n" * 300, "no\udcffname"])
def test_a_name_that_no_file_can_have_is_said(tmp_path, name):
    with pytest.raises(FileError):
        read_text(tmp_path / name)


def test_what_a_killed_process_left_half_written_goes_and_nothing_else(tmp_path):
    (tmp_path / "within").mkdir()
    for name in (".metareview-00.tmp", ".metareview-notes.txt", "other.tmp", "within/.metareview-01.tmp"):
        (tmp_path / name).write_text("half")
    with locked(tmp_path):
        pass
    left = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*"))
    assert left == [".lock", ".metareview-notes.txt", "other.tmp", "within"]


def test_it_goes_too_when_the_file_beside_it_stands_already_as_it_is_to_be(tmp_path):
    (tmp_path / "forest.svg").write_text("whole")
    (tmp_path / ".metareview-00.tmp").write_text("what stood there before")
    assert not write_atomically(tmp_path / "forest.svg", "whole")
    assert [p.name for p in tmp_path.iterdir()] == ["forest.svg"]


def test_a_folder_of_the_same_relative_name_is_another_one(tmp_path, monkeypatch):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / ".metareview-00.tmp").write_text("half")
        monkeypatch.chdir(tmp_path / name)
        write_atomically("forest.svg", "whole")
        assert [p.name for p in (tmp_path / name).iterdir()] == ["forest.svg"]


def test_a_save_at_the_very_last_moment_is_not_written_over(tmp_path, monkeypatch):
    path = tmp_path / "results.csv"
    path.write_text("as read")
    looked = disk.replace_if

    def save_then_replace(new, path, fits):
        path.write_text("a person's")
        return looked(new, path, lambda there: there == path or fits(there))

    monkeypatch.setattr(files, "replace_if", save_then_replace)
    with pytest.raises(FileError, match="was changed while"), locked(tmp_path):
        read_text(path)
        write_atomically(path, "ours")
    assert path.read_text() == "a person's"


def save_exchange_then(monkeypatch, name, then):
    """Let somebody save a file in the moment before two files change places; then something happens."""
    real, saved = disk._rename, []

    def exchange(one, other, how):
        if saved and other.name == name:
            return then()
        if other.name == name:
            saved.append(other.write_text("a person's"))
        return real(one, other, how)

    monkeypatch.setattr(disk, "_rename", exchange)


def write_what_was_read(path):
    with locked(path.parent):
        read_text(path)
        write_atomically(path, "ours")


@pytest.mark.skipif(sys.platform != "linux", reason="forks, and lets files change places")
@pytest.mark.parametrize("beside", ["a person's, in another file", "ours"])
def test_a_save_in_the_moment_of_a_write_comes_back_when_the_process_dies_before_it_is_put_back(
    tmp_path, monkeypatch, beside
):
    path = tmp_path / "results.csv"
    path.write_text("as read")
    (tmp_path / "another.csv").write_text(beside)
    with monkeypatch.context() as patched:
        save_exchange_then(patched, path.name, lambda: os._exit(137))
        assert killed_at(0, lambda: write_what_was_read(path))
    assert path.read_text() == "ours", "the process died between the two exchanges"
    with locked(tmp_path):
        pass
    held = {p.name: p.read_text() for p in tmp_path.iterdir() if p.name != ".lock"}
    assert held == {"results.csv": "a person's", "another.csv": beside}


@pytest.mark.skipif(sys.platform != "linux", reason="forks, and lets files change places")
@pytest.mark.parametrize("later", ["saved once more", None])
def test_a_save_that_cannot_go_back_is_kept_beside_and_told(tmp_path, monkeypatch, later):
    path = tmp_path / "results.csv"
    path.write_text("as read")
    with monkeypatch.context() as patched:
        save_exchange_then(patched, path.name, lambda: os._exit(137))
        assert killed_at(0, lambda: write_what_was_read(path))
    path.unlink()
    if later:
        path.write_text(later)
    with pytest.warns(UserWarning, match=r"that save is kept as .*\.saved-"), locked(tmp_path):
        pass
    held = {p.name.partition("saved-")[0]: p.read_text() for p in tmp_path.iterdir() if p.name != ".lock"}
    assert held == ({"results.csv.": "a person's", path.name: later} if later else {"file.": "a person's"})


@pytest.mark.skipif(sys.platform != "linux", reason="lets files change places")
def test_a_save_in_the_moment_of_a_write_comes_back_when_the_second_exchange_is_refused(
    tmp_path, monkeypatch
):
    path = tmp_path / "results.csv"
    path.write_text("as read")
    save_exchange_then(monkeypatch, path.name, lambda: False)
    with pytest.raises(FileError, match="was changed while"):
        write_what_was_read(path)
    assert path.read_text() == "a person's"
    assert not list(tmp_path.glob(".metareview-*"))


def test_a_lock_that_is_no_file_is_said(tmp_path):
    (tmp_path / ".lock").mkdir()
    with pytest.raises(FileError, match=r"\.lock"), locked(tmp_path):
        pass


def test_an_addition_that_the_disk_takes_only_in_part_is_taken_back(tmp_path, monkeypatch):
    path = tmp_path / "log.csv"
    append_whole(path, lambda before: (len(before), b"one\n"))
    real = os.write
    took = []

    def write(descriptor, raw):
        if took and took.append(1) is None and len(took) == 2:
            raise OSError(28, "No space left on device")
        took.append(1)
        return real(descriptor, bytes(raw)[:2])

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(FileError, match="No space left on device; nothing was added"):
        append_whole(path, lambda before: (len(before), b"two\n"))
    assert path.read_bytes() == b"one\n"


def test_a_file_that_somebody_changed_since_it_was_read_is_not_removed(tmp_path):
    (tmp_path / "old.csv").write_text("as read")
    with pytest.raises(FileError, match="was changed while"), locked(tmp_path):
        read_text(tmp_path / "old.csv")
        (tmp_path / "old.csv").write_text("a person's")
        remove(tmp_path / "old.csv")
    assert (tmp_path / "old.csv").read_text() == "a person's"
